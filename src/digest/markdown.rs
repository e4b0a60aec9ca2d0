//! Station: a digest as Markdown without raw HTML.

use jiff::tz::TimeZone;

use crate::digest::text::tally;
use crate::digest::{AlsoCovered, Digest, Story};
use crate::listing::markdown::{anchor, destination, text};
use crate::listing::plain::{coverage, headline, moment};

/// The digest: a heading, a section for each tag, a smaller heading for each story.
pub fn render(digest: &Digest, zone: &TimeZone) -> String {
    let counts = tally(&digest.counts);
    let mut blocks = vec![
        format!("# {}", text(&headline(&digest.title))),
        format!("{}  \n{}", text(&digest.window(zone)), text(&counts)),
    ];
    let sections = digest.sections();
    for section in &sections {
        if sections.len() > 1 || section.tag.is_some() {
            blocks.push(format!("## {}", text(section.tag.unwrap_or("More"))));
        }
        for story in &section.stories {
            blocks.extend(story_blocks(story, zone));
        }
    }
    format!("{}\n", blocks.join("\n\n"))
}

fn story_blocks(story: &Story, zone: &TimeZone) -> Vec<String> {
    let update = if story.told.is_some() { "Update: " } else { "" };
    let about =
        format!("{} · {} · {}", text(&story.outlet), coverage(&story.facts), moment(story.facts.last_published, zone));
    let mut blocks = vec![format!("### {update}{}", anchor(&story.headline, story.url.as_deref())), about];
    if !story.summary.is_empty() {
        blocks.push(text(&story.summary));
    }
    if !story.also.is_empty() {
        let name = |other: &AlsoCovered| {
            let outlet = text(&other.outlet);
            let linked = other
                .url
                .as_deref()
                .and_then(destination)
                .map_or_else(|| outlet.clone(), |url| format!("[{outlet}]({url})"));
            format!("{linked}{}", if other.copy { " (copy)" } else { "" })
        };
        let names: Vec<String> = story.also.iter().map(name).collect();
        let more = if story.also_more > 0 { format!(" and {} more", story.also_more) } else { String::new() };
        blocks.push(format!("Also covered by: {}{more}", names.join(", ")));
    }
    blocks
}
