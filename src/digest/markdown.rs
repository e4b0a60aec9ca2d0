//! Station: a digest as Markdown without raw HTML: what its template can do with links.

use jiff::tz::TimeZone;
use minijinja::Environment;
use minijinja::value::Value;

use crate::digest::Digest;
use crate::digest::template::{self, Form};
use crate::digest::view::DigestView;
use crate::listing::markdown::{anchor, text};

/// The built-in template.
pub const TEMPLATE: &str = include_str!("templates/digest.md");

/// The digest: a heading, a section for each tag, a smaller heading for each story.
pub fn render(digest: &Digest, zone: &TimeZone) -> String {
    template::built_in(&DigestView::of(digest, zone), Form::Markdown)
}

/// What a Markdown template has beside the usual: `link(words, url)`, which is only words where there is no http(s) URL.
pub fn add_functions(environment: &mut Environment<'static>) {
    environment.add_function("link", |words: &str, url: Option<String>| {
        Value::from_safe_string(anchor(words, url.as_deref()))
    });
}

/// Words that read exactly as they are; the spaces at their ends stay, where a template puts words together. An exclamation mark
/// at the end would make a picture of a link that follows.
pub fn escaped(words: &str) -> String {
    let inner = words.trim();
    let Some(start) = words.find(inner).filter(|_| !inner.is_empty()) else { return template::plain(words) };
    let (before, behind) = (&words[..start], &words[start + inner.len()..]);
    let inner = text(inner);
    let inner = inner.strip_suffix('!').map_or_else(|| inner.clone(), |rest| format!("{rest}\\!"));
    format!("{}{inner}{}", template::plain(before), template::plain(behind))
}
