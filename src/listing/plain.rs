//! Station: words made safe for a line of text, measured in terminal columns, and the phrases every table shares.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use url::Url;

use crate::model::Facts;

/// One safe line: white space of every kind becomes one space, and whatever could steer a terminal, turn the direction of
/// writing or hide (control characters, bidirectional overrides, invisible characters) is left out. The joiners that Indic
/// scripts, Persian and emoji need stay.
pub fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !safe.is_empty() && !safe.ends_with(' ') {
                safe.push(' ');
            }
        } else if !is_unsafe(c) {
            safe.push(c);
        }
    }
    safe.truncate(safe.trim_end().len());
    safe
}

/// Whether a character has no business in a line of text: Unicode's `Cc`, the bidirectional controls (UAX #9), zero-width
/// and deprecated format characters, the tag block, and non-characters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(u32::from(c) & 0xfffe, 0xfffe)
}

/// How many columns a safe line takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A safe line of at most so many columns, its end replaced by an ellipsis where it is longer.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = head(text, columns.saturating_sub(1)).trim_end().to_owned();
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The longest beginning that takes no more than so many columns; never half of a combined character or a joined emoji.
fn head(text: &str, columns: usize) -> &str {
    let mut end = 0;
    let mut used = 0;
    for (start, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        end = start + c.len_utf8();
    }
    // A selector can widen the character before it, and a cut behind a joiner would leave it joining the ellipsis.
    while width(&text[..end]) > columns || text[..end].ends_with(['\u{200d}', '\u{200c}']) {
        end = text[..end].char_indices().next_back().map_or(0, |(start, _)| start);
    }
    &text[..end]
}

/// Filled up with spaces to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Broken into lines of at most so many columns: at spaces where there are any, inside a word only where it alone is too
/// long, and never inside a link.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!current.is_empty());
        if width(&current) + gap + width(word) <= columns {
            if gap == 1 {
                current.push(' ');
            }
            current.push_str(word);
            continue;
        }
        let mut rest = word;
        if !is_unspaced(word) && !current.is_empty() {
            lines.push(std::mem::take(&mut current));
        } else if gap == 1 {
            current.push(' ');
        }
        while !word.starts_with("http") && width(&current) + width(rest) > columns {
            let mut taken = head(rest, columns.saturating_sub(width(&current))).len();
            if taken == 0 && current.is_empty() {
                taken = rest.chars().next().map_or(rest.len(), char::len_utf8);
            }
            taken = without_dangling(rest, taken);
            current.push_str(&rest[..taken]);
            rest = &rest[taken..];
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
        }
        current.push_str(rest);
    }
    if !current.is_empty() {
        lines.push(current);
    }
    lines
}

/// Parts set one after the other, a mark between them, each kept whole on its line where it fits.
pub fn pack(parts: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(last) if width(last) + 3 + width(part) <= columns => last.push_str(&format!(" · {part}")),
            _ => lines.extend(wrap(part, columns)),
        }
    }
    lines
}

/// Whether a word is a run of a script that sets no spaces, where a line may break between any two characters.
fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
}

/// A little less, so that the next line does not begin with the punctuation that belongs to this one (Japanese *kinsoku*).
fn without_dangling(text: &str, taken: usize) -> usize {
    let closes = |c: char| "、。，．！？」』）】〉》ーっゃゅょッャュョ".contains(c);
    if !text[taken..].starts_with(closes) {
        return taken;
    }
    let shorter = text[..taken].char_indices().next_back().map_or(taken, |(start, _)| start);
    if shorter == 0 { taken } else { shorter }
}

/// An http or https link in its one safe spelling (hosts in ASCII, spaces and controls encoded); `None` for any other.
pub fn link(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let mut safe = String::with_capacity(url.len());
    for c in parsed.as_str().chars() {
        match c {
            '<' | '>' | '"' | '\'' | '`' | '\\' | '^' | '{' | '|' | '}' | ' ' => {
                safe.push_str(&format!("%{:02X}", u32::from(c)))
            }
            c if is_unsafe(c) => {}
            c => safe.push(c),
        }
    }
    Some(safe)
}

/// `7 articles`, `1 article`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `7 articles, 5 outlets, 2 independent`; the independent voices only where they are not the outlets.
pub fn coverage(facts: &Facts) -> String {
    let mut words = format!("{}, {}", count(facts.article_count, "article"), count(facts.outlet_count(), "outlet"));
    if facts.independent_count != facts.outlet_count() {
        words.push_str(&format!(", {} independent", facts.independent_count));
    }
    words
}

/// A probability for people: `97 %`. It says neither 0 nor 100 of what is not certain.
pub fn percent(probability: f64) -> String {
    let percent = probability.clamp(0.0, 1.0) * 100.0;
    match percent.round() as u8 {
        0 if percent > 0.0 => "under 1 %".to_owned(),
        100 if percent < 100.0 => "over 99 %".to_owned(),
        whole => format!("{whole} %"),
    }
}

/// How long before `now` (or after it) something is: `just now`, `5 min ago`, `3 h ago`, `2 d ago`, `in 20 min`; a date where
/// more than four weeks lie between.
pub fn ago(at: Timestamp, style: &crate::listing::Style) -> String {
    let seconds = style.now.as_second().saturating_sub(at.as_second());
    match (seconds.unsigned_abs(), seconds >= 0) {
        (0..60, true) => "just now".to_owned(),
        (0..60, false) => "any moment".to_owned(),
        (apart, _) if apart >= 28 * 86_400 => date(at, &style.zone),
        (apart, true) => format!("{} ago", span(apart)),
        (apart, false) => format!("in {}", span(apart)),
    }
}

/// A length of time in its largest fitting unit, rounded: `45 s`, `5 min`, `14 h`, `3 d`. Hours go up to two days.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_570 => format!("{} min", (seconds + 30) / 60),
        3_570..171_000 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", seconds.saturating_add(43_200) / 86_400),
    }
}

/// UTC, RFC 3339, whole seconds: `2026-02-13T15:00:00Z`.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Local date and time: `2026-02-13 15:00`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Local date: `2026-02-13`.
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// The name of a thing, or what stands in for it where it has none.
pub fn headline(title: &str) -> String {
    let title = line(title);
    if title.is_empty() { "(no title)".to_owned() } else { title }
}

/// As many names as fit into so many columns: `The Verge, GIGAZINE and 3 more`; at least one.
pub fn names(names: &[String], columns: usize) -> String {
    let names: Vec<String> = names.iter().map(|name| line(name)).collect();
    let listed = |shown: usize| match names.len() - shown {
        0 => names.join(", "),
        hidden => format!("{} and {hidden} more", names[..shown].join(", ")),
    };
    let shown = (1..=names.len().min(columns / 2)).rev().find(|&shown| width(&listed(shown)) <= columns);
    fit(&listed(shown.unwrap_or(names.len().min(1))), columns)
}
