//! Station: lists of feeds as OPML, read and written.
//!
//! Every reader exports OPML a little differently, so it is read leniently (OPML 1.0 to 2.0, attributes in any case, bare
//! `&`); what is written follows <http://opml.org/spec2.opml>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use url::Url;

/// Characters of a wrong address that a warning repeats.
const ADDRESS_SHOWN_CHARS_MAX: usize = 80;

/// The bounds of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// The largest file.
    pub bytes_max: usize,
    /// Elements within elements.
    pub depth_max: usize,
    /// Feeds of one file.
    pub feeds_max: usize,
    /// The longest URL.
    pub url_bytes_max: usize,
    /// Titles and tags are cut here.
    pub text_chars_max: usize,
    /// Tags of one feed.
    pub tags_max: usize,
    /// Warnings kept; all that is left out is counted.
    pub warnings_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            bytes_max: 32 * 1024 * 1024,
            depth_max: 64,
            feeds_max: 100_000,
            url_bytes_max: 4_096,
            text_chars_max: 200,
            tags_max: 32,
            warnings_max: 100,
        }
    }
}

/// A feed of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its URL: http, https or file.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
    /// Its tags: the folders it lies in, outermost first, then its categories; each once.
    pub tags: Vec<String>,
    /// The site it belongs to: http or https.
    pub site: Option<String>,
}

/// A list, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlines {
    /// The feeds in the file's order, each once.
    pub feeds: Vec<Outline>,
    /// What was wrong, one line each, the first ones only.
    pub warnings: Vec<String>,
    /// How many outlines were left out, because they name no feed that can be fetched.
    pub left_out: usize,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// Another kind of file.
    #[error("this is not OPML: it begins with <{0}>")]
    NotOpml(String),
    /// Not even XML.
    #[error("this is not OPML: it holds no element")]
    Empty,
    /// Broken before the first feed.
    #[error("this OPML is broken at byte {position}: {message}")]
    Broken {
        /// Where.
        position: u64,
        /// What the XML reader said.
        message: String,
    },
    /// Beyond a limit.
    #[error("this OPML has more than {limit} {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// Reads a list. Folders become tags, a feed in two folders is one feed with both, and what is no feed we can fetch is left
/// out with a warning. A file that breaks off keeps the feeds before the break.
///
/// # Errors
/// When it is not OPML, holds nothing that could be read, or exceeds a limit.
pub fn read(bytes: &[u8], params: &Params) -> Result<Outlines, OpmlError> {
    if bytes.len() > params.bytes_max {
        return Err(OpmlError::TooLarge { what: "bytes", limit: params.bytes_max });
    }
    let text = decoded(bytes);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    reader.config_mut().allow_dangling_amp = true;
    let mut list = List { params, folders: Vec::new(), outlines: Outlines::default(), places: BTreeMap::new() };
    let mut is_opml = false;
    loop {
        let event = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(error) => {
                let (position, message) = (reader.error_position(), error.to_string());
                if list.outlines.feeds.is_empty() {
                    return Err(OpmlError::Broken { position, message });
                }
                list.outlines.warnings.push(format!("broken at byte {position}: {message}; the rest was not read"));
                break;
            }
        };
        if let (Event::Start(tag) | Event::Empty(tag), false) = (&event, is_opml) {
            let name = tag.local_name().as_ref().to_owned();
            is_opml = name.eq_ignore_ascii_case("opml");
            if !is_opml {
                return Err(OpmlError::NotOpml(cut(&name, 40)));
            }
        }
        list.event(&event)?;
    }
    if is_opml { Ok(list.outlines) } else { Err(OpmlError::Empty) }
}

/// Writes a list: a folder for each first tag, in the order in which the tags first come; feeds without tags before them.
/// What is written reads as the same feeds, grouped by folder; of a tag that is not the first, `,` and `/` become spaces.
pub fn write(feeds: &[Outline]) -> String {
    let mut folders: Vec<(Option<&str>, Vec<&Outline>)> = vec![(None, Vec::new())];
    for feed in feeds {
        let name = feed.tags.first().map(String::as_str);
        match folders.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(feed),
            None => folders.push((name, vec![feed])),
        }
    }
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write_document(&mut writer, &folders).expect("a vector takes every write");
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    text
}

/// A list that is being read.
struct List<'a> {
    params: &'a Params,
    /// One for each open element: its name if it is a folder.
    folders: Vec<Option<String>>,
    outlines: Outlines,
    /// Where in `outlines` a URL stands.
    places: BTreeMap<String, usize>,
}

impl List<'_> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), OpmlError> {
        match event {
            Event::Start(tag) => {
                if self.folders.len() == self.params.depth_max {
                    return Err(OpmlError::TooLarge { what: "levels", limit: self.params.depth_max });
                }
                let folder = self.element(tag)?;
                self.folders.push(folder);
            }
            Event::Empty(tag) => {
                self.element(tag)?;
            }
            Event::End(_) => {
                self.folders.pop();
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes an element for what it is. The name of a folder comes back; a feed is kept.
    fn element(&mut self, tag: &BytesStart<'_>) -> Result<Option<String>, OpmlError> {
        if !tag.local_name().as_ref().eq_ignore_ascii_case("outline") {
            return Ok(None);
        }
        let said = Said::of(tag);
        let title = said.title.or(said.text).map(|title| cut(&title, self.params.text_chars_max));
        let title = title.filter(|title| !title.is_empty());
        let Some(address) = said.feed else {
            return Ok(title);
        };
        match feed_url(&address, self.params.url_bytes_max) {
            Ok(url) => {
                // A reader that knows no title writes the URL.
                let title = title.filter(|title| *title != url);
                let site = said.site.filter(|site| Url::parse(site).is_ok_and(|url| is_web(&url)));
                self.keep(Outline { url, title, tags: self.tags(said.category.as_deref()), site })?;
            }
            Err(why) => {
                self.outlines.left_out += 1;
                if self.outlines.warnings.len() < self.params.warnings_max {
                    let shown = cut(&address, ADDRESS_SHOWN_CHARS_MAX);
                    self.outlines.warnings.push(format!("left out `{shown}`: {why}"));
                }
            }
        }
        Ok(None)
    }

    fn keep(&mut self, outline: Outline) -> Result<(), OpmlError> {
        let same = Url::parse(&outline.url).map_or_else(|_| outline.url.clone(), String::from);
        if let Some(place) = self.places.get(&same) {
            let known = &mut self.outlines.feeds[*place];
            for tag in outline.tags {
                add(&mut known.tags, tag, self.params.tags_max);
            }
            return Ok(());
        }
        if self.outlines.feeds.len() == self.params.feeds_max {
            return Err(OpmlError::TooLarge { what: "feeds", limit: self.params.feeds_max });
        }
        self.places.insert(same, self.outlines.feeds.len());
        self.outlines.feeds.push(outline);
        Ok(())
    }

    /// The folders around, then the categories, which are comma-separated paths (`/News/Tech,europe`).
    fn tags(&self, category: Option<&str>) -> Vec<String> {
        let mut tags = Vec::new();
        let folders = self.folders.iter().flatten().map(String::as_str);
        for tag in folders.chain(category.unwrap_or_default().split([',', '/'])) {
            add(&mut tags, cut(tag, self.params.text_chars_max), self.params.tags_max);
        }
        tags
    }
}

/// What an outline says of itself.
#[derive(Default)]
struct Said {
    feed: Option<String>,
    title: Option<String>,
    text: Option<String>,
    site: Option<String>,
    category: Option<String>,
}

impl Said {
    fn of(tag: &BytesStart<'_>) -> Said {
        let mut said = Said::default();
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            let place = match attribute.key.local_name().as_ref().to_ascii_lowercase().as_str() {
                "xmlurl" => &mut said.feed,
                "title" => &mut said.title,
                "text" => &mut said.text,
                "htmlurl" => &mut said.site,
                "category" => &mut said.category,
                _ => continue,
            };
            let value = unescaped(&attribute.value);
            *place = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
        said
    }
}

fn add(tags: &mut Vec<String>, tag: String, tags_max: usize) {
    if !tag.is_empty() && tags.len() < tags_max && !tags.contains(&tag) {
        tags.push(tag);
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// The URL to poll. Older readers write `feed://…` for http and `feed:https://…`.
fn feed_url(address: &str, bytes_max: usize) -> Result<String, String> {
    if address.len() > bytes_max {
        return Err(format!("longer than {bytes_max} bytes"));
    }
    if address.contains(char::is_control) {
        return Err("it holds control characters".to_owned());
    }
    let bare = address.strip_prefix("feed:").unwrap_or(address);
    let address = if bare.starts_with("//") { format!("http:{bare}") } else { bare.to_owned() };
    match Url::parse(&address) {
        Ok(url) if is_web(&url) || url.scheme() == "file" => Ok(address),
        Ok(url) => Err(format!("a feed cannot be fetched over `{}`", url.scheme())),
        Err(error) => Err(error.to_string()),
    }
}

/// One line of at most so many characters.
fn cut(text: &str, chars_max: usize) -> String {
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    line.chars().take(chars_max).collect()
}

/// UTF-8, UTF-16 with its mark, and everything else as ISO-8859-1, in which no byte is wrong.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let latin1 = || bytes.iter().copied().map(char::from).collect();
            str::from_utf8(bytes).map_or_else(|_| Cow::Owned(latin1()), Cow::Borrowed)
        }
    }
}

/// The five entities of XML and the numeric ones. All others, declared ones too, stay as they are: nothing a file declares
/// is ever expanded; so does a bare `&`.
fn unescaped(raw: &str) -> String {
    let mut text = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let entity = after.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        match entity {
            Some((character, after)) => {
                text.push(character);
                rest = after;
            }
            None => {
                text.push('&');
                rest = after;
            }
        }
    }
    text.push_str(rest);
    text
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn write_document(
    writer: &mut Writer<Vec<u8>>,
    folders: &[(Option<&str>, Vec<&Outline>)],
) -> Result<(), std::io::Error> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new("opml").with_attributes([("version", "2.0")])))?;
    writer.write_event(Event::Start(BytesStart::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("title")))?;
    writer.write_event(Event::Text(BytesText::new("Feeds of newsfold")))?;
    writer.write_event(Event::End(BytesEnd::new("title")))?;
    writer.write_event(Event::End(BytesEnd::new("head")))?;
    writer.write_event(Event::Start(BytesStart::new("body")))?;
    for (folder, feeds) in folders {
        if let Some(name) = folder {
            let name = legal(name);
            let start = BytesStart::new("outline").with_attributes([("text", &*name), ("title", &*name)]);
            writer.write_event(Event::Start(start))?;
        }
        for feed in feeds {
            writer.write_event(Event::Empty(element(feed)))?;
        }
        if folder.is_some() {
            writer.write_event(Event::End(BytesEnd::new("outline")))?;
        }
    }
    writer.write_event(Event::End(BytesEnd::new("body")))?;
    writer.write_event(Event::End(BytesEnd::new("opml")))
}

fn element(feed: &Outline) -> BytesStart<'static> {
    let title = legal(feed.title.as_deref().unwrap_or(&feed.url));
    let mut element = BytesStart::new("outline");
    element.push_attribute(("type", "rss"));
    element.push_attribute(("text", &*title));
    element.push_attribute(("title", &*title));
    element.push_attribute(("xmlUrl", &*legal(&feed.url)));
    if let Some(site) = &feed.site {
        element.push_attribute(("htmlUrl", &*legal(site)));
    }
    // The first tag is the folder.
    let more: Vec<String> = feed.tags.iter().skip(1).map(|tag| legal(&tag.replace([',', '/'], " "))).collect();
    if !more.is_empty() {
        element.push_attribute(("category", more.join(",").as_str()));
    }
    element
}

/// Text that XML can hold: control characters become spaces.
fn legal(text: &str) -> String {
    text.replace(|character: char| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(url: &str, title: &str, tags: &[&str]) -> Outline {
        Outline {
            url: url.into(),
            title: Some(title.to_owned()).filter(|title| !title.is_empty()),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            site: None,
        }
    }

    fn body(outlines: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><opml version=\"1.1\"><head><title>x</title></head><body>{outlines}</body></opml>"
        )
    }

    fn read_all(text: &str) -> Outlines {
        read(text.as_bytes(), &Params::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn folders_and_categories_become_tags() {
        let check = |outlines: &str, expected: &[Outline]| {
            let list = read_all(&body(outlines));
            assert_eq!(list.feeds, expected, "{outlines}");
            assert_eq!(list.warnings, Vec::<String>::new());
        };
        check(r#"<outline text="A" xmlUrl="https://a.example/feed"/>"#, &[outline("https://a.example/feed", "A", &[])]);
        check(
            r#"<outline text="Tech"><outline title="Chips"><outline text="A" xmlUrl="https://a.example/feed"/></outline>
               <outline text="B" xmlUrl="https://b.example/feed"></outline></outline>
               <outline text="C" xmlUrl="https://c.example/feed" category="/News/Europe,daily"/>"#,
            &[
                outline("https://a.example/feed", "A", &["Tech", "Chips"]),
                outline("https://b.example/feed", "B", &["Tech"]),
                outline("https://c.example/feed", "C", &["News", "Europe", "daily"]),
            ],
        );
        check(
            r#"<outline text="One"><outline text="A" xmlUrl="https://a.example/feed"/></outline>
               <outline text="Two"><outline text="Again" xmlUrl="https://A.example/feed"/></outline>"#,
            &[outline("https://a.example/feed", "A", &["One", "Two"])],
        );
        check("", &[]);
    }

    #[test]
    fn every_dialect_is_read() {
        let check = |outline: &str, url: &str, title: Option<&str>| {
            let list = read_all(&body(outline));
            assert_eq!(list.feeds.len(), 1, "{outline}: {list:?}");
            assert_eq!((list.feeds[0].url.as_str(), list.feeds[0].title.as_deref()), (url, title), "{outline}");
        };
        check(r#"<outline TEXT="A" XMLURL="https://a.example/"/>"#, "https://a.example/", Some("A"));
        check(r#"<OUTLINE text='A' xmlurl='https://a.example/'/>"#, "https://a.example/", Some("A"));
        check(r#"<outline title="T" text="A" xmlUrl="https://a.example/"/>"#, "https://a.example/", Some("T"));
        check(r#"<outline text="" xmlUrl=" https://a.example/ "/>"#, "https://a.example/", None);
        check(r#"<outline xmlUrl="https://a.example/?a=1&amp;b=2"/>"#, "https://a.example/?a=1&b=2", None);
        check(r#"<outline xmlUrl="https://a.example/?a=1&b=2"/>"#, "https://a.example/?a=1&b=2", None);
        check(
            r#"<outline text="R&#38;D &#x2014; &quot;x&quot;" xmlUrl="https://a.example/"/>"#,
            "https://a.example/",
            Some("R&D — \"x\""),
        );
        check(
            r#"<outline text="caf&eacute; &amp;amp;" xmlUrl="https://a.example/"/>"#,
            "https://a.example/",
            Some("caf&eacute; &amp;"),
        );
        check(
            "<outline text=\"two\n  lines\" xmlUrl=\"https://a.example/\"/>",
            "https://a.example/",
            Some("two lines"),
        );
        check(r#"<outline xmlUrl="feed://a.example/rss"/>"#, "http://a.example/rss", None);
        check(r#"<outline xmlUrl="feed:https://a.example/rss"/>"#, "https://a.example/rss", None);
        check(r#"<outline xmlUrl="file:///srv/a.xml"/>"#, "file:///srv/a.xml", None);
    }

    #[test]
    fn a_site_is_kept_when_it_is_a_web_page() {
        let site = |html: &str| {
            read_all(&body(&format!(r#"<outline xmlUrl="https://a.example/feed" htmlUrl="{html}"/>"#))).feeds[0]
                .site
                .clone()
        };
        assert_eq!(site("https://a.example/").as_deref(), Some("https://a.example/"));
        assert_eq!(site("javascript:alert(1)"), None);
        assert_eq!(site(""), None);
    }

    #[test]
    fn what_cannot_be_fetched_is_left_out_with_a_warning() {
        let check = |address: &str, expected: &str| {
            let list =
                read_all(&body(&format!(r#"<outline xmlUrl="{address}"/><outline xmlUrl="https://b.example/"/>"#)));
            assert_eq!(list.feeds, [outline("https://b.example/", "", &[])], "{address}");
            assert!(list.warnings.len() == 1 && list.warnings[0].contains(expected), "{address}: {:?}", list.warnings);
        };
        check("javascript:alert(1)", "left out `javascript:alert(1)`: a feed cannot be fetched over `javascript`");
        check("data:text/xml,x", "over `data`");
        check("feed:javascript:alert(1)", "over `javascript`");
        check("/feed.xml", "relative URL");
        check("https://a.exa&#10;mple/", "control characters");
        check(&format!("https://a.example/{}", "x".repeat(5_000)), "longer than 4096 bytes");
    }

    #[test]
    fn entities_that_a_file_declares_are_never_expanded() {
        let text = "<?xml version=\"1.0\"?><!DOCTYPE opml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/hostname\">]>\
             <opml><body><outline text=\"&b;&f;\" xmlUrl=\"https://a.example/\"/></body></opml>";
        assert_eq!(read_all(text).feeds, [outline("https://a.example/", "&b;&f;", &[])]);
    }

    #[test]
    fn any_encoding_is_read() {
        let text = body(r#"<outline text="Größe" xmlUrl="https://a.example/"/>"#);
        let expected = [outline("https://a.example/", "Größe", &[])];
        let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let big: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let latin: Vec<u8> = text.chars().map(|character| u8::try_from(character).unwrap()).collect();
        for bytes in [text.clone().into_bytes(), with_mark, big, little, latin] {
            assert_eq!(read(&bytes, &Params::default()).unwrap().feeds, expected);
        }
    }

    #[test]
    fn a_broken_list_keeps_what_came_before() {
        let list = read_all("<opml><body><outline xmlUrl=\"https://a.example/\"/><outline xmlUrl=\"https://b");
        assert_eq!(list.feeds, [outline("https://a.example/", "", &[])]);
        assert!(list.warnings[0].contains("the rest was not read"), "{:?}", list.warnings);
        let unclosed = read_all("<opml><body><outline text=\"F\"><outline xmlUrl=\"https://a.example/\"></body>");
        assert_eq!(unclosed.feeds, [outline("https://a.example/", "", &["F"])]);
        let check = |text: &str, expected: &str| {
            let error = read(text.as_bytes(), &Params::default()).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "holds no element");
        check("just text", "holds no element");
        check("<!doctype html><html><body></body></html>", "begins with <html>");
        check("<rss version=\"2.0\"/>", "begins with <rss>");
        check("<opml><body><outline", "broken at byte");
    }

    #[test]
    fn limits_hold() {
        let params =
            Params { bytes_max: 400, depth_max: 4, feeds_max: 2, tags_max: 1, text_chars_max: 3, ..Params::default() };
        let feed = |name: &str| format!(r#"<outline text="{name}" xmlUrl="https://{name}.example/"/>"#);
        let check = |outlines: &str, expected: Result<usize, (&'static str, usize)>| {
            let found = read(body(outlines).as_bytes(), &params).map(|list| list.feeds.len());
            assert_eq!(found, expected.map_err(|(what, limit)| OpmlError::TooLarge { what, limit }), "{outlines}");
        };
        check(&(feed("a") + &feed("b")), Ok(2));
        check(&(feed("a") + &feed("b") + &feed("c")), Err(("feeds", 2)));
        check("<outline><outline></outline></outline>", Ok(0));
        check("<outline><outline><outline></outline></outline></outline>", Err(("levels", 4)));
        check(&" ".repeat(400), Err(("bytes", 400)));
        let few = Params { warnings_max: 2, ..params };
        let junk = read(body(&"<outline xmlUrl='x'/>".repeat(3)).as_bytes(), &few).unwrap();
        assert_eq!((junk.warnings.len(), junk.left_out), (2, 3));
        let list =
            read(body(&format!("<outline text=\"abcdef\">{}</outline>", feed("ghijkl"))).as_bytes(), &params).unwrap();
        assert_eq!(list.feeds, [outline("https://ghijkl.example/", "ghi", &["abc"])]);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let mut feeds = vec![
            outline("https://none.example/?a=1&b=<2>", "No \"tag\" & 'all'", &[]),
            outline("https://a.example/feed", "A < B", &["Tech & more", "chips", "europe"]),
            outline("https://c.example/feed", "C", &["Tech & more"]),
            outline("file:///srv/b.xml", "日本", &["world/asia, all"]),
            outline("https://untitled.example/feed", "", &["world/asia, all"]),
        ];
        feeds[1].site = Some("https://a.example/?x=1&y=2".into());
        let text = write(&feeds);
        assert_eq!(read_all(&text), Outlines { feeds, ..Outlines::default() }, "{text}");
        assert_eq!(read_all(&write(&[])), Outlines::default());
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_words_a_list_survives_being_written(
            words in proptest::collection::vec(("\\PC{0,12}", "[^,/]{0,12}", "\\PC{0,12}"), 0..6),
        ) {
            let feeds = words.into_iter().enumerate().map(|(number, (title, more, folder))| Outline {
                url: format!("https://a.example/{number}"),
                title: Some(title),
                tags: vec![folder, more],
                site: None,
            });
            // What was read once (cut, trimmed) stays the same from then on; only folders change the order.
            let by_url = |mut feeds: Vec<Outline>| {
                feeds.sort_by(|left, right| left.url.cmp(&right.url));
                feeds
            };
            let once = by_url(read_all(&write(&feeds.collect::<Vec<_>>())).feeds);
            let twice = by_url(read_all(&write(&once)).feeds);
            proptest::prop_assert_eq!(&once, &twice);
        }

        #[test]
        fn no_bytes_make_the_reader_fall(text in "[<>&;\"'=/a-z!\\[\\]-]{0,60}") {
            let bytes = body(&format!("<outline xmlUrl='https://a.example/'/><outline {text}")).into_bytes();
            proptest::prop_assert!(read(&bytes, &Params::default()).is_ok());
            drop(read(text.as_bytes(), &Params::default()));
        }
    }

    #[test]
    fn a_list_is_written_in_folders_that_other_readers_know() {
        let feeds = [
            outline("https://a.example/feed", "A\u{7}", &["tech", "x,y"]),
            outline("https://b.example/feed", "", &[]),
            outline("https://c.example/feed", "C", &["tech"]),
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head>
    <title>Feeds of newsfold</title>
  </head>
  <body>
    <outline type="rss" text="https://b.example/feed" title="https://b.example/feed" xmlUrl="https://b.example/feed"/>
    <outline text="tech" title="tech">
      <outline type="rss" text="A " title="A " xmlUrl="https://a.example/feed" category="x y"/>
      <outline type="rss" text="C" title="C" xmlUrl="https://c.example/feed"/>
    </outline>
  </body>
</opml>
"#;
        assert_eq!(write(&feeds), expected);
    }
}
