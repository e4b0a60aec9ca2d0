//! Station: bytes of a feed to entries and warnings.

pub mod dialect;
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
    let is_json_feed = |mark: &[u8]| start.starts_with(b"{") && scan::find(start, mark).is_some();
    if is_json_feed(b"jsonfeed.org/version") || is_json_feed(b"\"items\"") {
        return Ok(Kind::Json);
    }
    if scan::feed_root(body).is_some() {
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

/// The error with the place the scan found; a page for people is one, though it speaks of feeds.
fn named(error: ParseError, scanned: &Scanned, body: &[u8]) -> ParseError {
    match error {
        ParseError::Broken { .. } if scan::begins_as_html(body) => ParseError::Html { title: html_title(body) },
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use url::Url;

    use crate::parse::{Hints, ParseError, feed};

    fn hints() -> Hints {
        Hints { base: Url::parse("https://www.harbour.example/feed").ok(), ..Hints::default() }
    }

    fn rss(items: &str) -> String {
        format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>")
    }

    #[test]
    fn each_dialect_is_read() {
        let check = |body: &str, guid: Option<&str>, link: &str| {
            let feed = feed(body.as_bytes(), &hints()).unwrap_or_else(|error| panic!("{error}: {body}"));
            let entry = &feed.entries[0];
            let found = (feed.entries.len(), entry.guid.as_deref(), entry.link.as_deref(), entry.title.as_deref());
            assert_eq!(found, (1, guid, Some(link), Some("One")), "{body}");
        };
        check(
            &rss("<item><title>One</title><link>/1</link><guid>7</guid></item>"),
            Some("7"),
            "https://www.harbour.example/1",
        );
        check(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>7</id><title>One</title><link rel='self' href='/s'/>\
             <link rel='enclosure' href='/e.mp3'/><link href='/1'/></entry></feed>",
            Some("7"),
            "https://www.harbour.example/1",
        );
        check(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel/>\
             <item rdf:about='https://e.org/a&amp;b'><title>One</title><link>https://e.org/1</link></item></rdf:RDF>",
            Some("https://e.org/a&b"),
            "https://e.org/1",
        );
        check(
            r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"7","title":"One","url":"https://e.org/1","attachments":
               [{"url":"https://e.org/a.mp3","mime_type":"audio/mpeg"}]}]}"#,
            Some("7"),
            "https://e.org/1",
        );
    }

    #[test]
    fn what_the_parser_would_make_up_or_leave_out_is_set_right() {
        let first = |item: &str| feed(rss(item).as_bytes(), &hints()).unwrap().entries.remove(0);
        assert_eq!(first("<item><title>x</title></item>").guid, None, "no id is made up");
        let permalink = first("<item><guid>https://e.org/p</guid></item>");
        assert_eq!(permalink.link.as_deref(), Some("https://e.org/p"), "a guid that is an address is a link");
        let sourced =
            first("<item><title>x</title><source url='https://e.org'><![CDATA[Other Outlet]]></source></item>");
        assert_eq!(sourced.source.as_deref(), Some("Other Outlet"));
        let pictured =
            first("<item><title>x</title><enclosure url='https://e.org/a.jpg' type='image/jpeg' length='1'/></item>");
        assert_eq!(pictured.image.as_deref(), Some("https://e.org/a.jpg"));
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title><source><title>Planet</title></source></entry></feed>";
        assert_eq!(feed(atom.as_bytes(), &hints()).unwrap().entries[0].source.as_deref(), Some("Planet"));
        let video = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'><entry><title>x</title>\
                     <media:group><media:content url='https://e.org/v' type='video/mp4'/><media:thumbnail url='https://e.org/t.jpg'/>\
                     <media:description>Said here.</media:description></media:group></entry></feed>";
        let video = feed(video.as_bytes(), &hints()).unwrap().entries.remove(0);
        assert_eq!(
            (video.summary.as_deref(), video.image.as_deref()),
            (Some("Said here."), Some("https://e.org/t.jpg"))
        );
    }

    #[test]
    fn what_is_no_feed_is_named() {
        let check = |body: &str, expected: &str| {
            let error = feed(body.as_bytes(), &hints()).expect_err(body).to_string();
            assert!(error.contains(expected), "{error}: expected {expected}");
        };
        check(" \n ", "is empty");
        check(
            "<!DOCTYPE html><html><head><title>Log &amp; in</title></head></html>",
            "HTML page, not a feed: `Log & in`",
        );
        check("404 page not found", "begins with `404 page not found`");
        check("{\"error\": \"gone\"}", "not a feed: it begins with `{");
        check("<opml version='2.0'><body/></opml>", "not a feed: it begins with `<opml");
        check(&rss("<item><title>x</item>\n<item></item>"), "broken near line 1");
        check("<rss version='2.0'><chan><item/></chan></rss>", "broken");
        check("{\"version\":\"https://jsonfeed.org/version/1\",\n\"items\":[{]}", "near line 2");
    }

    #[test]
    fn an_empty_feed_is_a_feed_and_unread_entries_are_an_error() {
        assert_eq!(feed(rss("").as_bytes(), &hints()).unwrap().entries.len(), 0);
        let foreign = "<f:feed xmlns:f='urn:x'><f:entry><f:title>x</f:title></f:entry></f:feed>";
        let error = feed(foreign.as_bytes(), &hints()).unwrap_err().to_string();
        assert!(error.contains("holds 1 entries that could not be read"), "{error}");
    }

    #[test]
    fn broken_feeds_are_mended() {
        let check = |body: &[u8], title: &str| {
            let feed =
                feed(body, &hints()).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)));
            assert_eq!(feed.entries[0].title.as_deref(), Some(title), "{}", String::from_utf8_lossy(body));
        };
        check(rss("<item><title>A & B</title></item>").as_bytes(), "A & B");
        check(rss("<item><title>A &eacute; B</title></item>").as_bytes(), "A &eacute; B");
        check(rss("<item><title>A &#0; B</title></item>").as_bytes(), "A &#0; B");
        check(b"<rss><channel><item><title>One</title></item></channel></rss>", "One");
        check(b"<rss version='0.93'><channel><item><title>One</title></item></channel></rss>", "One");
        check(b"<rss version='2.0' xmlns='http://backend.userland.com/rss2'><channel><item><title>One</title></item></channel></rss>", "One");
        check(b"<feed xmlns='http://purl.org/atom/ns#'><entry><title>One</title><issued>2004-01-01T00:00:00Z</issued></entry></feed>", "One");
        check(
            b"junk <?xml version='1.0'?><rss version='2.0'><channel><item><title>One</title></item></channel></rss>",
            "One",
        );
        check(b"<rss version='2.0'><channel><item><title>caf\xe9 \x96 \x80</title></item></channel></rss>", "café – €");
        let wide: Vec<u8> = rss("<item><title>One</title></item>").encode_utf16().flat_map(u16::to_be_bytes).collect();
        check(&wide, "One");
        check(br#"{"version":"http://jsonfeed.org/version/1","items":[{"id":7,"title":"One","tags":"a"}]}"#, "One");
    }

    #[test]
    fn limits_hold_before_the_parser_sees_anything() {
        let nested = |depth: usize| {
            rss(&format!("<item><title>x</title>{}{}</item>", "<a>".repeat(depth), "</a>".repeat(depth)))
        };
        assert!(feed(nested(253).as_bytes(), &hints()).is_ok());
        assert_eq!(feed(nested(254).as_bytes(), &hints()), Err(ParseError::TooDeep { depth_max: 256 }));
        let attributes = |count: usize| {
            let list: String = (0..count).map(|at| format!(" a{at}=''")).collect();
            rss(&format!("<item{list}><title>x</title></item>"))
        };
        assert!(feed(attributes(1024).as_bytes(), &hints()).is_ok());
        assert_eq!(
            feed(attributes(1025).as_bytes(), &hints()),
            Err(ParseError::TooManyAttributes { attributes_max: 1024 })
        );
        let five = rss(&"<item><title>x</title></item>".repeat(5));
        let json = r#"{"version":"https://jsonfeed.org/version/1","title":"[{","items":[{"id":"1","tags":["a"]},{"id":"2"},{"id":"3"}]}"#;
        for (body, entries) in [(five.as_str(), 5), (json, 3)] {
            let all = feed(body.as_bytes(), &Hints { entries_max: entries, ..hints() }).unwrap();
            assert_eq!((all.entries.len(), all.warnings.len()), (entries, 0));
            let some = feed(body.as_bytes(), &Hints { entries_max: 2, ..hints() }).unwrap();
            assert_eq!(some.entries.len(), 2);
            assert!(
                some.warnings[0].contains(&format!("{} entries beyond the first 2", entries - 2)),
                "{:?}",
                some.warnings
            );
        }
    }

    #[test]
    fn what_crashed_the_parser_is_read() {
        let check = |item: &str| assert_eq!(feed(rss(item).as_bytes(), &hints()).unwrap().entries.len(), 1, "{item}");
        check("<item><author>Jane\u{a0}jane@example.com</author></item>");
        check("<item><author>foo@example.com（山田）</author></item>");
        check(
            "<item><itunes:duration xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>99999999999999999999</itunes:duration></item>",
        );
        check("<item><description>a<?xml version='1.0' encoding='utf-16'?>b</description></item>");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/security/feed-rs-panics");
        let Ok(files) = std::fs::read_dir(&folder) else {
            println!("skipped: {} is not there", folder.display());
            return;
        };
        for file in files {
            let path = file.unwrap().path();
            match feed(&std::fs::read(&path).unwrap(), &hints()) {
                Ok(feed) => assert!(!feed.entries.is_empty(), "{}", path.display()),
                Err(error) => assert_eq!(error, ParseError::TooDeep { depth_max: 256 }, "{}", path.display()),
            }
        }
    }

    /// Captures of live feeds that must come out with entries; two of the 107 are gzip bodies, which `fetch` inflates.
    #[test]
    fn captures_of_live_feeds_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/feeds");
        let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
            println!("skipped: {} is not there", folder.display());
            return;
        };
        let mut unread = Vec::new();
        let (mut files, mut entries, mut expected) = (0, 0, 0);
        for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
            let Ok(body) = std::fs::read(folder.join(row[0])) else { continue };
            if row[6] != "yes" || body.starts_with(&[0x1f, 0x8b]) {
                continue;
            }
            files += 1;
            expected += row[9].parse::<usize>().unwrap_or(0).max(row[11].parse().unwrap_or(0));
            match feed(&body, &hints()) {
                Ok(feed) => {
                    let most = row[9].parse::<usize>().unwrap_or(0).max(row[11].parse().unwrap_or(0));
                    if feed.entries.len() < most {
                        println!("{}: {} of {most} {:?}", row[0], feed.entries.len(), feed.warnings);
                    }
                    entries += feed.entries.len();
                }
                Err(error) => unread.push(format!("{}: {error}", row[0])),
            }
        }
        println!("{} of {files} captures read, {entries} of {expected} entries", files - unread.len());
        assert!(unread.is_empty(), "{unread:#?}");
        assert!(entries + 20 >= expected, "{entries} of {expected} entries");
    }
}
