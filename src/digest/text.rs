//! Station: a digest as plain text for a mail or a terminal.

use jiff::tz::TimeZone;

use crate::digest::{Counts, Digest, Story};
use crate::listing::plain::{count, coverage, headline, line, link, moment, pack, width, wrap};

/// The digest in lines of at most so many columns (a link alone may be longer: it is never broken).
pub fn render(digest: &Digest, zone: &TimeZone, columns: usize) -> String {
    let columns = columns.max(24);
    let mut out = String::new();
    let title = wrap(&headline(&digest.title), columns);
    push(&mut out, "", &title);
    out.push_str(&"=".repeat(title.iter().map(|words| width(words)).max().unwrap_or(0)));
    out.push('\n');
    push(&mut out, "", &wrap(&digest.window(zone), columns));
    push(&mut out, "", &wrap(&tally(&digest.counts), columns));
    let sections = digest.sections();
    for section in &sections {
        if sections.len() > 1 || section.tag.is_some() {
            let name = line(section.tag.unwrap_or("More")).to_uppercase();
            out.push_str(&format!("\n\n{name}\n{}\n", "-".repeat(width(&name))));
        }
        for story in &section.stories {
            out.push('\n');
            push_story(&mut out, story, zone, columns);
        }
    }
    out
}

/// `12 stories from 34 articles of 9 outlets; 3 more left out`.
pub fn tally(counts: &Counts) -> String {
    let stories = if counts.stories == 1 { "1 story".to_owned() } else { format!("{} stories", counts.stories) };
    let mut words = match counts.stories {
        0 => "Nothing new.".to_owned(),
        _ => format!("{stories} from {} of {}", count(counts.articles, "article"), count(counts.outlets, "outlet")),
    };
    if counts.left_out > 0 {
        words.push_str(&format!("; {} more left out", counts.left_out));
    }
    words
}

/// `Also covered by: GIGAZINE, CNN (copy) and 3 more`.
fn also(story: &Story) -> String {
    let mut names: Vec<String> = Vec::new();
    for other in &story.also {
        names.push(format!("{}{}", line(&other.outlet), if other.copy { " (copy)" } else { "" }));
    }
    let more = if story.also_more > 0 { format!(" and {} more", story.also_more) } else { String::new() };
    format!("Also covered by: {}{more}", names.join(", "))
}

fn push_story(out: &mut String, story: &Story, zone: &TimeZone, columns: usize) {
    let update = if story.told.is_some() { "Update: " } else { "" };
    let heading = wrap(&format!("{update}{}", headline(&story.headline)), columns - 2);
    for (place, words) in heading.iter().enumerate() {
        out.push_str(&format!("{}{words}\n", if place == 0 { "* " } else { "  " }));
    }
    let about = [line(&story.outlet), coverage(&story.facts), moment(story.facts.last_published, zone)];
    push(out, "  ", &pack(&about, columns - 2));

    let summary = wrap(&line(&story.summary), columns - 2);
    if !summary.is_empty() {
        out.push('\n');
        push(out, "  ", &summary);
    }
    out.push('\n');
    if let Some(url) = story.url.as_deref().and_then(link) {
        out.push_str(&format!("  {url}\n"));
    }
    if !story.also.is_empty() {
        push(out, "  ", &wrap(&also(story), columns - 2));
    }
}

fn push(out: &mut String, indent: &str, lines: &[String]) {
    for words in lines {
        out.push_str(&format!("{indent}{words}\n"));
    }
}
