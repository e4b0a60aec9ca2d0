//! Station: lists of feeds as OPML, read and written.
//!
//! Every reader exports OPML a little differently, so it is read leniently (OPML 1.0 to 2.0, attributes in any case, bare
//! `&`, any encoding); what is written follows <http://opml.org/spec2.opml>, and what only newsfold knows of a feed stands
//! in attributes of a namespace of its own, as that page wants it.
//!
//! A list is somebody else's input: it may hold anything, and must cost no more time and memory than its bytes. It can set
//! how feeds are kept, but it cannot open private networks, nor make newsfold ask a site every second.

use std::borrow::Cow;
use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use jiff::SignedDuration;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use url::Url;

use crate::fetch::policy::redact;

/// Characters of a wrong address that a warning repeats.
const ADDRESS_SHOWN_CHARS_MAX: usize = 80;

/// The namespace of our own attributes, and its prefix: a list that we did not write and that uses another one is not ours.
const OWN_PREFIX: &str = "newsfold:";
const NAMESPACE: &str = "urn:x-newsfold:opml";

/// Bytes of the longest character reference that is understood: `#x10FFFF` with leading zeros to spare.
const REFERENCE_BYTES_MAX: usize = 12;

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
    /// The shortest interval that a list may set.
    pub interval_min: SignedDuration,
    /// The longest interval that a list may set.
    pub interval_max: SignedDuration,
    /// Priorities reach so far to both sides.
    pub priority_max: i32,
    /// Whether `file:` URLs are feeds: somebody else's list has no business with the files of this machine.
    pub files: bool,
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
            interval_min: SignedDuration::from_mins(1),
            interval_max: SignedDuration::from_hours(24 * 30),
            priority_max: 1_000,
            files: false,
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
    /// What newsfold knows of it beside: its own attributes, which other readers pass over.
    pub own: Own,
}

/// A feed's settings that OPML has no word for; `None` where the list says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The publisher as the user names it (`newsfold:outlet`).
    pub outlet: Option<String>,
    /// A fixed interval, such as `30m` (`newsfold:interval`).
    pub interval: Option<SignedDuration>,
    /// Whether its articles may be grouped, `true` or `false` (`newsfold:cluster`).
    pub cluster: Option<bool>,
    /// Higher is preferred as a cluster's representative (`newsfold:priority`).
    pub priority: Option<i32>,
    /// Whether its articles can be read by subscribers alone, `true` or `false` (`newsfold:paywalled`).
    pub paywalled: Option<bool>,
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
    /// How many named a feed that stood in the list before; it took over their tags.
    pub duplicates: usize,
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
    let has_own = feeds.iter().any(|feed| feed.own != Own::default());
    write_document(&mut writer, &folders, has_own).expect("a vector takes every write");
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
        let own = said.own(self.params);
        let title = said.title.or(said.text).map(|title| cut(&title, self.params.text_chars_max));
        let title = title.filter(|title| !title.is_empty());
        let Some(address) = said.feed else {
            return Ok(title);
        };
        match feed_url(&address, self.params) {
            Ok(url) => {
                // A reader that knows no title writes the URL.
                let title = title.filter(|title| *title != url);
                let site = said.site.filter(|site| Url::parse(site).is_ok_and(|url| is_web(&url)));
                self.keep(Outline { url, title, tags: self.tags(said.category.as_deref()), site, own })?;
            }
            Err(why) => {
                self.outlines.left_out += 1;
                if self.outlines.warnings.len() < self.params.warnings_max {
                    let shown = cut(&redact(&address), ADDRESS_SHOWN_CHARS_MAX);
                    self.outlines.warnings.push(format!("left out `{shown}`: {why}"));
                }
            }
        }
        Ok(None)
    }

    fn keep(&mut self, outline: Outline) -> Result<(), OpmlError> {
        let same = Url::parse(&outline.url).map_or_else(|_| outline.url.clone(), String::from);
        if let Some(place) = self.places.get(&same) {
            self.outlines.duplicates += 1;
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
    outlet: Option<String>,
    interval: Option<String>,
    cluster: Option<String>,
    priority: Option<String>,
    paywalled: Option<String>,
}

impl Said {
    fn of(tag: &BytesStart<'_>) -> Said {
        let mut said = Said::default();
        for attribute in tag.html_attributes().with_checks(false).flatten() {
            let key = attribute.key.as_ref().to_ascii_lowercase();
            let local = key.rsplit_once(':').map_or(key.as_str(), |(_, local)| local);
            let name = if key.starts_with(OWN_PREFIX) { key.as_str() } else { local };
            let place = match name {
                "newsfold:outlet" => &mut said.outlet,
                "newsfold:interval" => &mut said.interval,
                "newsfold:cluster" => &mut said.cluster,
                "newsfold:priority" => &mut said.priority,
                "newsfold:paywalled" => &mut said.paywalled,
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

    /// Our own attributes; what one of them cannot mean is as if it were not there.
    fn own(&self, params: &Params) -> Own {
        let intervals = params.interval_min..=params.interval_max;
        let interval = self.interval.as_deref().and_then(|text| text.parse().ok());
        let priority = self.priority.as_deref().and_then(|text| text.parse().ok());
        Own {
            outlet: self.outlet.as_deref().map(|name| cut(name, params.text_chars_max)).filter(|name| !name.is_empty()),
            interval: interval.filter(|interval| intervals.contains(interval)),
            cluster: self.cluster.as_deref().and_then(|text| text.parse().ok()),
            priority: priority.filter(|priority: &i32| priority.unsigned_abs() <= params.priority_max.unsigned_abs()),
            paywalled: self.paywalled.as_deref().and_then(|text| text.parse().ok()),
        }
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
fn feed_url(address: &str, params: &Params) -> Result<String, String> {
    if address.len() > params.url_bytes_max {
        return Err(format!("longer than {} bytes", params.url_bytes_max));
    }
    if address.contains(char::is_control) {
        return Err("it holds control characters".to_owned());
    }
    let bare = address.strip_prefix("feed:").unwrap_or(address);
    let address = if bare.starts_with("//") { format!("http:{bare}") } else { bare.to_owned() };
    match Url::parse(&address) {
        Ok(url) if is_web(&url) || (url.scheme() == "file" && params.files) => Ok(address),
        Ok(url) if url.scheme() == "file" => Err("a file of this machine (`--allow-files` takes it)".to_owned()),
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

/// What its mark or its zero bytes show, then UTF-8 where the bytes are valid as such, then what it declares, then the code
/// page of old Windows, which has a character for almost every byte.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode_with_bom_removal(bytes).0;
    }
    match bytes {
        [b'<', 0, ..] => return UTF_16LE.decode_without_bom_handling(bytes).0,
        [0, b'<', ..] => return UTF_16BE.decode_without_bom_handling(bytes).0,
        _ => {}
    }
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => declared(bytes).unwrap_or(WINDOWS_1252).decode_without_bom_handling(bytes).0,
    }
}

/// The encoding that the XML declaration names, if its bytes can be in it: these are neither UTF-16, whose declaration
/// could not be read so, nor UTF-8.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(256)]).into_owned();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let label = value.get(1..)?.split(['"', '\'']).next()?;
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| encoding.is_single_byte() || !encoding.name().starts_with("UTF"))
}

/// The five entities of XML and the numeric ones. All others, declared ones too, stay as they are: nothing a file declares
/// is ever expanded; so does a bare `&`.
fn unescaped(raw: &str) -> String {
    let mut text = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        // Looked for nearby alone: millions of `&` without a `;` would cost a search to the end each.
        let end = after.bytes().take(REFERENCE_BYTES_MAX).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((character(&after[..end])?, &after[end + 1..])));
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
    has_own: bool,
) -> Result<(), std::io::Error> {
    let mut root = BytesStart::new("opml").with_attributes([("version", "2.0")]);
    if has_own {
        root.push_attribute(("xmlns:newsfold", NAMESPACE));
    }
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(root))?;
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
    let own = &feed.own;
    let pairs = [
        ("newsfold:outlet", own.outlet.as_deref().map(legal)),
        ("newsfold:interval", own.interval.map(|interval| format!("{interval:#}"))),
        ("newsfold:cluster", own.cluster.map(|cluster| cluster.to_string())),
        ("newsfold:priority", own.priority.map(|priority| priority.to_string())),
        ("newsfold:paywalled", own.paywalled.map(|paywalled| paywalled.to_string())),
    ];
    for (name, value) in pairs {
        if let Some(value) = value {
            element.push_attribute((name, value.as_str()));
        }
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
            own: Own::default(),
        }
    }

    fn body(outlines: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><opml version=\"1.1\"><head><title>x</title></head><body>{outlines}</body></opml>"
        )
    }

    /// With the files of this machine, as `--allow-files` reads it.
    fn read_all(text: &str) -> Outlines {
        let params = Params { files: true, ..Params::default() };
        read(text.as_bytes(), &params).unwrap_or_else(|error| panic!("{text}: {error}"))
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
        let thrice = r#"<outline xmlUrl="https://a.example/"/>"#.repeat(3);
        assert_eq!((read_all(&body(&thrice)).feeds.len(), read_all(&body(&thrice)).duplicates), (1, 2));
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
            let text = body(&format!(r#"<outline xmlUrl="{address}"/><outline xmlUrl="https://b.example/"/>"#));
            let list = read(text.as_bytes(), &Params::default()).unwrap();
            assert_eq!(list.feeds, [outline("https://b.example/", "", &[])], "{address}");
            assert!(list.warnings.len() == 1 && list.warnings[0].contains(expected), "{address}: {:?}", list.warnings);
        };
        check("javascript:alert(1)", "left out `javascript:alert(1)`: a feed cannot be fetched over `javascript`");
        check("data:text/xml,x", "over `data`");
        check("file:///etc/hostname", "a file of this machine (`--allow-files` takes it)");
        check("feed:javascript:alert(1)", "over `javascript`");
        check("/feed.xml", "relative URL");
        check("ftp://me:pw@a.example/feed", "left out `ftp://***@a.example/feed`");
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
        let (big_bare, little_bare) = (big[2..].to_vec(), little[2..].to_vec());
        for bytes in [text.clone().into_bytes(), with_mark, big, little, big_bare, little_bare, latin] {
            assert_eq!(read(&bytes, &Params::default()).unwrap().feeds, expected);
        }
        let check = |label: &str, name: &[u8], expected: &str| {
            let head = format!(
                "<?xml version='1.0' encoding='{label}'?><opml><body><outline xmlUrl='https://a.example/' text='"
            );
            let bytes = [head.as_bytes(), name, b"'/></body></opml>"].concat();
            assert_eq!(read(&bytes, &Params::default()).unwrap().feeds[0].title.as_deref(), Some(expected), "{label}");
        };
        check("ISO-8859-1", b"Gr\xf6\xdfe", "Größe");
        check("windows-1251", b"\xcd\xee\xe2\xee\xf1\xf2\xe8", "Новости");
        check("Shift_JIS", b"\x90V\x95\xb7", "新聞");
        check("utf-8", b"Gr\xf6\xdfe", "Größe");
        check("utf-16", b"Gr\xf6\xdfe", "Größe");
        check("iso-8859-1", "Größe".as_bytes(), "Größe");
        check("no-such-thing", b"Gr\xf6\xdfe", "Größe");
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

    #[test]
    fn what_only_newsfold_knows_travels_in_attributes_of_its_own() {
        let own = Own {
            outlet: Some("The \"A\" & Co".into()),
            interval: Some(SignedDuration::from_mins(90)),
            cluster: Some(false),
            priority: Some(-3),
            paywalled: Some(true),
        };
        let feed = Outline { own, ..outline("https://a.example/feed", "A", &["tech"]) };
        let text = write(&[feed.clone(), outline("https://b.example/feed", "B", &[])]);
        assert!(text.contains("xmlns:newsfold=") && text.contains(r#"newsfold:interval="1h 30m""#), "{text}");
        let mut read = read_all(&text).feeds;
        read.sort_by(|left, right| left.url.cmp(&right.url));
        assert_eq!(read, [feed, outline("https://b.example/feed", "B", &[])], "{text}");

        let check = |attributes: &str, expected: Own| {
            let list = read_all(&body(&format!("<outline xmlUrl='https://a.example/' {attributes}/>")));
            assert_eq!(list.feeds[0].own, expected, "{attributes}");
        };
        check(
            "newsfold:interval='1s' newsfold:priority='1001' newsfold:cluster='maybe' newsfold:outlet=' '",
            Own::default(),
        );
        check("newsfold:interval='-1h' newsfold:priority='99999999999'", Own::default());
        check("newsfold:interval='99999d'", Own::default());
        check("newsfold:allow_private_addresses='true' other:interval='2h'", Own::default());
        check("NEWSFOLD:Priority='7'", Own { priority: Some(7), ..Own::default() });
        check("newsfold:interval='PT2H'", Own { interval: Some(SignedDuration::from_hours(2)), ..Own::default() });
    }

    /// S12: the time for a list grows with its bytes and no faster, whatever they are. Twice as many bytes may take three
    /// times as long and not four, measured where it takes long enough to be measured.
    #[test]
    fn hostile_lists_take_linear_time() {
        let one = |many: usize| -> Vec<(&str, String)> {
            vec![
                (
                    "bare ampersands",
                    body(&format!("<outline text='{}' xmlUrl='https://a.example/'/>", "&".repeat(many))),
                ),
                ("entities", body(&format!("<outline text='{}'/>", "&b;&#x26;".repeat(many / 9)))),
                ("a long word", body(&format!("<outline text='{}'/>", "x".repeat(many)))),
                (
                    "categories",
                    body(&format!("<outline xmlUrl='https://a.example/' category='{}'/>", "a,".repeat(many / 2))),
                ),
                ("attributes", body(&format!("<outline {}/>", "a='' ".repeat(many / 5)))),
                ("outlines", body(&"<outline/>".repeat(many / 10))),
                ("left out", body(&"<outline xmlUrl='javascript:1'/>".repeat(many / 32))),
                ("the same", body(&"<outline xmlUrl='https://a.example/'/>".repeat(many / 38))),
                (
                    "declared entities",
                    format!("<!DOCTYPE opml [{}]><opml/>", "<!ENTITY a \"&b;&b;\">".repeat(many / 22)),
                ),
                ("an open tag", format!("<opml><body><outline text='{}", "x<".repeat(many / 2))),
                ("open brackets", body(&"<".repeat(many))),
                ("comments", body(&"<!-- -->".repeat(many / 8))),
            ]
        };
        for ((what, short), (_, long)) in one(25_000).into_iter().zip(one(200_000)) {
            let time = |text: &str| {
                let began = std::time::Instant::now();
                drop(read(text.as_bytes(), &Params::default()));
                began.elapsed().as_secs_f64()
            };
            // The fastest of ten: what disturbs a run can only make it slower.
            let best = |text: &str| (0..10).map(|_| time(text)).fold(f64::INFINITY, f64::min);
            let (short, long) = (best(&short), best(&long));
            // Eight times as much takes eight times as long, and sixty-four where the square of it counts.
            assert!(long < 0.05 || long < short * 24.0, "{what}: {short} s, then {long} s");
        }
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
                ..Outline::default()
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
