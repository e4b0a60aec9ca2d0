//! Station: bytes of a feed to entries and warnings.

mod charset;
mod contain;
mod dangers;
pub mod dialect;
mod json;
mod lenient;
mod links;
mod mapping;
mod mend;
mod page;
mod strict;
mod tags;

use std::borrow::Cow;

use thiserror::Error;
use url::Url;

use crate::model::{Entry, ParsedFeed, Rung};
use crate::parse::lenient::Look;

pub use crate::parse::contain::{contained, is_containing};
pub use crate::parse::page::PageKind;

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

impl Hints {
    /// What links are relative to, unless it is so long that copying it for each of them would cost too much.
    pub(crate) fn near_base(&self) -> Option<&Url> {
        self.base.as_ref().filter(|base| !base.cannot_be_a_base() && base.as_str().len() <= lenient::BASE_BYTES_MAX)
    }
}

/// Why no feed came out of the bytes. Each message says what was found and what to do.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ParseError {
    /// No bytes, or nothing but white space.
    #[error("the answer is empty: try again later, or check the feed's address in a browser")]
    Empty,
    /// A page for people.
    #[error("this is {}, not a feed: `{title}` ({})", kind.words(), advice(*kind, feeds))]
    Html {
        /// The page's title; `untitled` where it has none.
        title: String,
        /// What kind of page it is.
        kind: PageKind,
        /// The feeds that the page names, five at most.
        feeds: Vec<Url>,
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

/// What to do about a page that came in place of a feed.
fn advice(kind: PageKind, feeds: &[Url]) -> String {
    if !feeds.is_empty() {
        let feeds: Vec<String> = feeds.iter().map(|feed| format!("`{}`", page::shown(feed))).collect();
        return format!("it names these feeds: {}", feeds.join(", "));
    }
    match kind {
        PageKind::Login => "the feed is for subscribers: see whether the outlet has one with a key in its address",
        PageKind::Consent => "open the address in a browser: the outlet may have moved its feed",
        PageKind::BotCheck => "the outlet keeps programs out: ask it to let feed readers in",
        PageKind::Fault => "try again later, or look for the feed's new address: `newsfold feeds discover URL`",
        PageKind::Plain => "the feed may have moved: `newsfold feeds discover URL` finds the feeds of a page",
    }
    .to_owned()
}

/// Reads a feed of any dialect.
///
/// The bytes become text (`charset`); the lenient reader looks over it, which guards what follows and tells how many entries
/// there are. Then they climb a ladder: the strict parser reads the text as it is, then mended, then entry by entry, and
/// each rung is tried only where the one before brought fewer entries. An entry that no rung of the strict parser brings is
/// taken as the lenient reader found it. A document whose text holds entries is never an empty feed.
///
/// # Errors
/// See `ParseError`; an empty feed is none.
pub fn feed(body: &[u8], hints: &Hints) -> Result<ParsedFeed, ParseError> {
    let decoded = charset::decoded(body, hints.content_type.as_deref());
    let text = document(&decoded.text);
    let mut feed = match sniff(text, hints)? {
        Kind::Xml => xml(text, hints)?,
        Kind::Json => json::feed(text, hints)?,
    };
    if decoded.is_transcoded && feed.rung == Rung::Plain {
        feed.rung = Rung::Transcoded;
    }
    feed.warnings.extend(told(feed.rung));
    if feed.is_torn {
        feed.warnings.push("it was cut off: the rest of it is asked for again".to_owned());
    }
    Ok(feed)
}

/// What a user is told of a rung.
fn told(rung: Rung) -> Option<String> {
    let told = match rung {
        Rung::Plain | Rung::Transcoded => return None,
        Rung::Mended => "its markup was mended before it could be read",
        Rung::Salvaged => "its markup is broken: its entries were read one by one",
        Rung::Lenient => "its markup is broken or strange: only the lenient reader could read it",
    };
    Some(told.to_owned())
}

/// The document without white space and junk in front, and without its declaration, which after decoding speaks no truth.
fn document(text: &str) -> &str {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
    let text = match text.find('<') {
        Some(open) if !text.starts_with(['<', '{']) && feed_root(&text[open..]).is_some() => &text[open..],
        _ => text,
    };
    let is_declared = text.strip_prefix("<?").is_some_and(dangers::is_declaration);
    let behind = if is_declared { text.split_once("?>").map(|(_, behind)| behind) } else { None };
    behind.unwrap_or(text).trim_start()
}

enum Kind {
    Xml,
    Json,
}

/// Characters of the start of an answer that an error shows.
const START_CHARS_MAX: usize = 60;

fn sniff(text: &str, hints: &Hints) -> Result<Kind, ParseError> {
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    if text.starts_with('{') && (text.contains("jsonfeed.org/version") || text.contains("\"items\"")) {
        return Ok(Kind::Json);
    }
    if feed_root(text).is_some() {
        return Ok(Kind::Xml);
    }
    if looks_like_html(text) {
        return Err(html(text, hints));
    }
    let visible = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    Err(ParseError::NotAFeed { start: visible.take(START_CHARS_MAX).collect::<String>().trim().to_owned() })
}

/// Bytes at the front of a document in which a feed's root must begin.
const ROOT_BYTES_MAX: usize = 64 * 1024;

/// Where the root of a feed, or a bare Atom entry, begins near the front.
fn feed_root(text: &str) -> Option<usize> {
    let roots = ["rss", "feed", "rdf", "entry", "channel"];
    let mut opens = text.match_indices('<').map(|(open, _)| open).take_while(|open| *open < ROOT_BYTES_MAX);
    opens.find(|open| {
        let name =
            text[open + 1..].split(|letter: char| letter.is_ascii_whitespace() || matches!(letter, '>' | '/' | '<'));
        let name = tags::local(name.into_iter().next().unwrap_or_default());
        roots.iter().any(|root| name.eq_ignore_ascii_case(root))
    })
}

/// Whether a document has the marks of a page for people near its front.
fn looks_like_html(text: &str) -> bool {
    let front: String = text.chars().take(2048).collect::<String>().to_ascii_lowercase();
    ["<!doctype html", "<html", "<script", "<meta"].iter().any(|mark| front.contains(mark))
}

/// Whether a document says at once that it is a page for people.
fn begins_as_html(text: &str) -> bool {
    let front: String = text.chars().take(16).collect::<String>().to_ascii_lowercase();
    front.starts_with("<!doctype html") || front.starts_with("<html")
}

fn html(text: &str, hints: &Hints) -> ParseError {
    let page::Page { title, kind, feeds } = page::read(text, hints.base.as_ref());
    ParseError::Html { title, kind, feeds }
}

fn xml(text: &str, hints: &Hints) -> Result<ParsedFeed, ParseError> {
    let look = lenient::look(text, hints)?;
    let whole = cut(text, &look);
    let mut best: Option<ParsedFeed> = None;
    let mut first_error = None;
    let is_plain = !look.is_dangerous && !look.is_odd && !begins_as_html(text);
    let plain = is_plain.then(|| (Rung::Plain, strict::read(&whole, hints)));
    let mended = || (Rung::Mended, strict::read(&mend::whole(&whole, &look), hints));
    for (rung, read) in plain.into_iter().chain(std::iter::once_with(mended)) {
        match read {
            Ok(raw) if raw.entries.len() >= look.entries.len() => {
                let feed = mapping::feed(raw, &look);
                best = Some(ParsedFeed { rung, ..feed });
                break;
            }
            Ok(_) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let mut feed = match best {
        Some(feed) => feed,
        None if look.entries.is_empty() => return Err(unread(first_error, &look, text, hints)),
        None => one_by_one(text, &look, hints),
    };
    if begins_as_html(text) && feed.entries.is_empty() {
        // Pictures inside of pages hold RDF.
        return Err(html(text, hints));
    }
    if look.dropped > 0 {
        feed.warnings.push(left_out(look.dropped, feed.entries.len()));
    }
    Ok(feed)
}

/// The entries read one by one, each by the strict parser if it can.
fn one_by_one(text: &str, look: &Look, hints: &Hints) -> ParsedFeed {
    let mut feed = mapping::head(look);
    let mut strictly_read = 0;
    let lang = feed.lang.clone();
    let alone = strict::Alone::of(look);
    let entries =
        look.entries.iter().enumerate().map(|(at, found)| match alone.read(at, &text[found.span.clone()], hints) {
            Some(raw) => {
                strictly_read += 1;
                mapping::entry(raw, Some(found), look.is_old_atom, lang.as_deref())
            }
            None => Entry { lang: found.lang().or_else(|| lang.clone()), ..found.entry() },
        });
    feed.entries = entries.collect();
    feed.rung = if strictly_read > 0 { Rung::Salvaged } else { Rung::Lenient };
    feed
}

/// The document up to the last entry that is read, and closed there.
fn cut<'a>(text: &'a str, look: &Look) -> Cow<'a, str> {
    let Some((at, open)) = &look.cut else { return Cow::Borrowed(text) };
    let mut cut = text[..*at].to_owned();
    for name in open.iter().rev() {
        cut.push_str(&format!("</{name}>"));
    }
    Cow::Owned(cut)
}

/// Why a document without entries could not be read; a page for people is one, though it speaks of feeds.
fn unread(error: Option<ParseError>, look: &Look, text: &str, hints: &Hints) -> ParseError {
    match error {
        _ if begins_as_html(text) => html(text, hints),
        Some(ParseError::Broken { message, line: None }) => {
            ParseError::Broken { message, line: look.fault.map(|at| line_at(text, at)) }
        }
        Some(error) => error,
        None => ParseError::Broken { message: "no entry could be read".to_owned(), line: None },
    }
}

/// The line of a byte, from 1.
fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// The warning about entries that were not read.
fn left_out(dropped: usize, read: usize) -> String {
    format!("{dropped} entries beyond the first {read} were left out (`entries_max`)")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use url::Url;

    use crate::model::Rung;
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
        check("<rss version='2.0'><chan><it/></chan>", "broken near line 1");
        check("{\"version\":\"https://jsonfeed.org/version/1\",\n\"items\":[{]}", "near line 2");
    }

    #[test]
    fn a_feed_without_entries_is_one_and_a_feed_with_entries_is_never_empty() {
        assert_eq!(feed(rss("").as_bytes(), &hints()).unwrap().entries.len(), 0);
        let check = |body: &str, titles: &[&str], rung: Rung| {
            let feed = feed(body.as_bytes(), &hints()).unwrap_or_else(|error| panic!("{error}: {body}"));
            let found: Vec<_> = feed.entries.iter().map(|entry| entry.title.as_deref().unwrap_or_default()).collect();
            assert_eq!((found.as_slice(), feed.rung), (titles, rung), "{body}");
        };
        check("<f:feed xmlns:f='urn:x'><f:entry><f:title>x</f:title></f:entry></f:feed>", &["x"], Rung::Lenient);
        check(&rss("<item><title>x</item>\n<item><title>y</title></item>"), &["x", "y"], Rung::Salvaged);
        check("<rss version='2.0'><chan><item/></chan></rss>", &[""], Rung::Salvaged);
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
}
