//! Station: bytes of a feed to entries and warnings.

mod mapping;
mod mend;
mod scan;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;
use url::Url;

use crate::clean;
use crate::model::ParsedFeed;
use crate::parse::scan::{Scan, Scanned};

/// What is known of the bytes beside themselves, and how much of them is read.
#[derive(Clone, Debug)]
pub struct Hints {
    /// The answer's `Content-Type`, as it came.
    pub content_type: Option<String>,
    /// Where the bytes came from, after redirects: relative links are resolved against it.
    pub base: Option<Url>,
    /// Entries that are read; later ones are left out with a warning.
    pub entries_max: usize,
    /// Elements inside of elements.
    pub depth_max: usize,
    /// Attributes of one element.
    pub attributes_max: usize,
}

impl Default for Hints {
    fn default() -> Hints {
        Hints { content_type: None, base: None, entries_max: 5000, depth_max: 256, attributes_max: 1024 }
    }
}

/// Why no feed came out of the bytes. Each message says what was found and what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// No bytes, or nothing but white space.
    #[error("the answer is empty: try again later, or check the feed's address in a browser")]
    Empty,
    /// A page for people.
    #[error(
        "this is an HTML page, not a feed: `{title}` (a login, a consent question, or the feed has moved: \
         `newsfold feeds discover URL` finds the feeds of a page)"
    )]
    Html {
        /// The page's title; `untitled` where it has none.
        title: String,
    },
    /// Neither XML with a feed's root nor JSON Feed.
    #[error("this is not a feed: it begins with `{start}` (expected RSS, Atom, RDF or JSON Feed; check the address)")]
    NotAFeed {
        /// The first characters.
        start: String,
    },
    /// A feed that cannot be read.
    #[error("this feed is broken{}: {message} (a feed validator shows the place; the publisher must mend it)", place(*line))]
    Broken {
        /// What is wrong.
        message: String,
        /// The line it was noticed in, from 1, where it is known.
        line: Option<usize>,
    },
    /// Elements inside of elements without end, as no feed has them.
    #[error("this feed is hostile or broken: more than `{depth_max}` elements inside of each other; it is not read")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// An element with attributes without end, as no feed has them.
    #[error("this feed is hostile or broken: an element has more than `{attributes_max}` attributes; it is not read")]
    TooManyAttributes {
        /// The limit.
        attributes_max: usize,
    },
    /// The parser broke down over it.
    #[error("the feed parser broke down over this feed (`{message}`): please report its address")]
    Panicked {
        /// What the parser said.
        message: String,
    },
}

fn place(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" near line {line}"))
}

/// Reads a feed of any dialect.
///
/// The bytes climb a ladder: first as they came, then mended. The first rung that brings entries is taken; if none does,
/// the first rung's answer stands. A feed whose bytes hold entries of which none could be read is an error and not an
/// empty feed.
///
/// # Errors
/// See `ParseError`; an empty feed is none.
pub fn feed(body: &[u8], hints: &Hints) -> Result<ParsedFeed, ParseError> {
    let body = mend::to_ascii_kin(body);
    let body = mend::without_junk_in_front(&body);
    let scanned = match sniff(body)? {
        Kind::Xml => scan::xml(body, &Scan::of(hints))?,
        Kind::Json => scan::json(body, hints.entries_max),
    };
    let mut first_error = None;
    for rung in LADDER {
        let Some(bytes) = (rung.mend)(&scanned.bytes) else { continue };
        match attempt(&bytes, hints) {
            Ok(raw) if !raw.entries.is_empty() || scanned.entries == 0 => return Ok(finish(raw, &scanned, rung)),
            Ok(_) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.map_or_else(|| unread(&scanned), |error| named(error, &scanned, body)))
}

/// One way to read the bytes.
struct Rung {
    /// How it is told in a warning; empty for the bytes as they came.
    name: &'static str,
    /// The bytes to read, or `None` where this rung has nothing to offer.
    mend: for<'a> fn(&'a [u8]) -> Option<Cow<'a, [u8]>>,
}

const LADDER: &[Rung] = &[
    Rung { name: "", mend: mend::unless_it_would_panic },
    Rung { name: "its markup was mended before it could be read", mend: mend::markup },
];

enum Kind {
    Xml,
    Json,
}

/// Characters of the start of an answer that an error shows.
const START_CHARS_MAX: usize = 60;

fn sniff(body: &[u8]) -> Result<Kind, ParseError> {
    let start = body.trim_ascii_start();
    if start.is_empty() {
        return Err(ParseError::Empty);
    }
    if start.starts_with(b"{") {
        return Ok(Kind::Json);
    }
    if scan::has_feed_root(body) {
        return Ok(Kind::Xml);
    }
    if scan::looks_like_html(start) {
        return Err(ParseError::Html { title: html_title(body) });
    }
    Err(ParseError::NotAFeed { start: shown_start(start) })
}

fn shown_start(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(START_CHARS_MAX * 4)]).into_owned();
    let visible = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    visible.take(START_CHARS_MAX).collect::<String>().trim().to_owned()
}

fn html_title(body: &[u8]) -> String {
    let page = String::from_utf8_lossy(body);
    let lower = page.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(clean::title(&page[start..end], &clean::Limits::default()))
    });
    title.filter(|title| !title.is_empty()).unwrap_or_else(|| "untitled".to_owned())
}

/// Lets feed-rs read, and contains its panics.
///
/// Its panics are known (names beside addresses, durations of twenty digits, a second XML declaration) and are mended
/// away before, since a panic, though contained, is printed by the hook of the process, and a station sets no hook. For
/// the unknown ones, the parser owns everything it works on and is dropped with it, so nothing half-done survives.
fn attempt(bytes: &[u8], hints: &Hints) -> Result<feed_rs::model::Feed, ParseError> {
    let base = hints.base.as_ref().filter(|base| !base.cannot_be_a_base());
    let read = AssertUnwindSafe(|| {
        let parser = feed_rs::parser::Builder::new()
            .base_uri(base.map(Url::as_str))
            .sanitize_content(false)
            // feed-rs makes up an id where there is none, at random if need be: an empty one says that there is none.
            .id_generator(|_, _, _| String::new())
            .build();
        parser.parse(bytes)
    });
    match catch_unwind(read) {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(error)) => Err(ParseError::Broken { message: error.to_string(), line: line_of(&error, bytes) }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let message = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            Err(ParseError::Panicked { message: message.to_owned() })
        }
    }
}

/// The line of an error, where feed-rs names the byte.
fn line_of(error: &feed_rs::parser::ParseFeedError, bytes: &[u8]) -> Option<usize> {
    use feed_rs::parser::{ParseErrorKind, ParseFeedError};
    match error {
        ParseFeedError::JsonSerde(error) => Some(error.line()),
        ParseFeedError::ParseError(
            ParseErrorKind::UnknownMimeType { position, .. }
            | ParseErrorKind::MissingContent { position, .. }
            | ParseErrorKind::UnknownEnumVariant { position, .. }
            | ParseErrorKind::IllegalState { position, .. },
        ) => usize::try_from(*position).ok().map(|at| line_at(bytes, at)),
        _ => None,
    }
}

fn line_at(bytes: &[u8], at: usize) -> usize {
    bytes[..at.min(bytes.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// The error with the place the scan found, and a feed's root told from other XML.
fn named(error: ParseError, scanned: &Scanned, body: &[u8]) -> ParseError {
    match error {
        ParseError::Broken { message, line: None } => {
            ParseError::Broken { message, line: scanned.fault.map(|at| line_at(body, at)) }
        }
        other => other,
    }
}

fn unread(scanned: &Scanned) -> ParseError {
    let message = format!("it holds {} entries that could not be read", scanned.entries);
    ParseError::Broken { message, line: None }
}

fn finish(raw: feed_rs::model::Feed, scanned: &Scanned, rung: &Rung) -> ParsedFeed {
    let mut feed = mapping::feed(raw, &scanned.asides);
    if let Some(dropped) = scanned.dropped {
        feed.warnings
            .push(format!("{dropped} entries beyond the first {} were left out (`entries_max`)", scanned.entries));
    }
    if !rung.name.is_empty() {
        feed.warnings.push(rung.name.to_owned());
    }
    if feed.entries.len() < scanned.entries {
        feed.warnings.push(format!(
            "{} of {} entries could not be read",
            scanned.entries - feed.entries.len(),
            scanned.entries
        ));
    }
    feed
}
