//! Station: the strict parser, its panics contained, and its entries read one by one where the whole does not go down.

use feed_rs::model::Feed;
use feed_rs::parser::{Builder, ParseErrorKind, ParseFeedError};
use url::Url;

use crate::dates;
use crate::parse::contain::contained;
use crate::parse::lenient::Look;
use crate::parse::tags::{Mark, Marks};
use crate::parse::{Hints, ParseError, line_at, mend};

/// Lets feed-rs read, and contains its panics.
///
/// What is known to make it panic is kept from it (`dangers`). For what is not known, the parser owns everything it works
/// on and is dropped with it, so nothing half-done survives.
///
/// # Errors
/// `Broken` and `Panicked`.
pub(crate) fn read(text: &str, hints: &Hints) -> Result<Feed, ParseError> {
    let base = hints.near_base();
    let read = || {
        let parser = Builder::new()
            .base_uri(base.map(Url::as_str))
            .sanitize_content(false)
            .timestamp_parser(moment)
            // feed-rs makes up an id where there is none, at random if need be: an empty one says that there is none.
            .id_generator(|_, _, _| String::new())
            .build();
        parser.parse(text.as_bytes())
    };
    match contained(read) {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(error)) => Err(ParseError::Broken { message: error.to_string(), line: line_of(&error, text) }),
        Err(message) => Err(ParseError::Panicked { message }),
    }
}

/// A date's moment, for feed-rs, which speaks in another library's words.
fn moment(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    let moment = dates::read(text)?;
    let nanos = u32::try_from(moment.subsec_nanosecond()).unwrap_or(0);
    chrono::DateTime::from_timestamp(moment.as_second(), nanos)
}

/// The line of an error, where feed-rs names the byte.
fn line_of(error: &ParseFeedError, text: &str) -> Option<usize> {
    match error {
        ParseFeedError::ParseError(
            ParseErrorKind::UnknownMimeType { position, .. }
            | ParseErrorKind::MissingContent { position, .. }
            | ParseErrorKind::UnknownEnumVariant { position, .. }
            | ParseErrorKind::IllegalState { position, .. },
        ) => usize::try_from(*position).ok().map(|at| line_at(text, at)),
        _ => None,
    }
}

/// Entries of a document that are read strictly one by one: each costs a parser of its own.
const ALONE_MAX: usize = 500;

/// What stands around an entry that is read alone.
pub(crate) struct Alone {
    is_old_atom: bool,
    /// A root of our own, with the prefixes that the document's own declares.
    atom: String,
    rss: String,
}

impl Alone {
    pub(crate) fn of(look: &Look) -> Alone {
        let mut prefixes = String::new();
        if let Some(Mark::Start(root)) = look.root.and_then(|root| Marks::of(root).next()) {
            mend::prefixes(&mut prefixes, &root);
        }
        Alone {
            is_old_atom: look.is_old_atom,
            atom: format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"{prefixes}>"),
            rss: format!("<rss version=\"2.0\"{prefixes}><channel>"),
        }
    }

    /// The entry at this place of a document, mended and read alone, so that no other can spoil it; `None` where it cannot be
    /// read.
    pub(crate) fn read(&self, at: usize, entry: &str, hints: &Hints) -> Option<feed_rs::model::Entry> {
        if at >= ALONE_MAX {
            return None;
        }
        let Some(Mark::Start(tag)) = Marks::of(entry).next() else { return None };
        let is_atom = tag.local().eq_ignore_ascii_case("entry");
        let (open, close) = if is_atom { (&self.atom, "</feed>") } else { (&self.rss, "</channel></rss>") };
        let mended = mend::markup(entry, self.is_old_atom);
        let alone = read(&[open, mended.as_str(), close].concat(), hints).ok()?;
        let mut entries = alone.entries.into_iter();
        entries.next().filter(|_| entries.next().is_none())
    }
}
