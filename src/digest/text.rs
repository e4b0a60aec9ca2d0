//! Station: a digest as plain text for a mail or a terminal: what its template can do with lines.

use jiff::tz::TimeZone;
use minijinja::Environment;
use minijinja::value::Value;

use crate::digest::Digest;
use crate::digest::template::{self, Form};
use crate::digest::view::DigestView;
use crate::listing::plain::{line, pack, width, wrap};

/// The built-in template.
pub const TEMPLATE: &str = include_str!("templates/digest.txt");

/// No text is narrower: below, every word would stand alone.
const COLUMNS_MIN: usize = 24;

/// The digest in lines of at most so many columns (a link alone may be longer: it is never broken).
pub fn render(digest: &Digest, zone: &TimeZone, columns: usize) -> String {
    template::built_in(&DigestView::of(digest, zone), Form::Text { columns })
}

/// What a text template has beside the usual filters: `wrap(first, rest)` breaks words into lines, each behind an indent; `pack(indent)`
/// sets parts one after the other, a mark between them; `underline(with)` draws a line as long as the words.
pub fn add_filters(environment: &mut Environment<'static>, columns: usize) {
    let columns = columns.max(COLUMNS_MIN);
    environment.add_filter("wrap", move |words: &str, first: Option<String>, rest: Option<String>| {
        let (first, rest) = (first.unwrap_or_default(), rest.unwrap_or_default());
        let room = columns.saturating_sub(width(&first).max(width(&rest)));
        behind(&wrap(&line(words), room), &first, &rest)
    });
    environment.add_filter("pack", move |parts: Vec<Option<String>>, indent: Option<String>| {
        let indent = indent.unwrap_or_default();
        let parts: Vec<String> =
            parts.iter().flatten().map(|part| line(part)).filter(|part| !part.is_empty()).collect();
        behind(&pack(&parts, columns.saturating_sub(width(&indent))), &indent, &indent)
    });
    environment.add_filter("underline", move |words: &str, with: &str| {
        let longest = wrap(&line(words), columns).iter().map(|words| width(words)).max().unwrap_or(0);
        Value::from_safe_string(line(with).repeat(longest))
    });
}

fn behind(lines: &[String], first: &str, rest: &str) -> Value {
    let indents = std::iter::once(first).chain(std::iter::repeat(rest));
    let lines: Vec<String> =
        indents.zip(lines).map(|(indent, words)| format!("{}{words}", template::plain(indent))).collect();
    Value::from_safe_string(lines.join("\n"))
}
