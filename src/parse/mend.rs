//! Station: repairs that make a feed readable which its publisher broke.

use std::borrow::Cow;

use serde_json::Value;

use crate::parse::scan::{feed_root, find, local_name, whole_name};

/// UTF-16, with or without a byte order mark, as UTF-8 without its declaration; all else as it is.
///
/// Markup in every other encoding that feeds use is ASCII, which is all that a look over bytes needs. feed-rs panics on
/// UTF-16 with a declaration.
pub(crate) fn to_ascii_kin(body: &[u8]) -> Cow<'_, [u8]> {
    let (is_big, start) = match body {
        [0xfe, 0xff, ..] => (true, 2),
        [0xff, 0xfe, ..] => (false, 2),
        [0, b'<', 0, ..] => (true, 0),
        [b'<', 0, _, 0, ..] => (false, 0),
        _ => return Cow::Borrowed(body),
    };
    let units = body[start..].as_chunks::<2>().0.iter();
    let units = units.map(|pair| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let text = text.strip_prefix("<?xml").and_then(|rest| Some(rest.split_once("?>")?.1.to_owned())).unwrap_or(text);
    Cow::Owned(text.into_bytes())
}

/// The feed without a byte order mark, white space and whatever else stands before its root.
pub(crate) fn without_junk_in_front(body: &[u8]) -> &[u8] {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let start = body.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0).unwrap_or(body.len());
    let trimmed = &body[start..];
    let is_clear = trimmed.starts_with(b"<") || trimmed.starts_with(b"{");
    match trimmed.iter().position(|&byte| byte == b'<') {
        Some(open) if !is_clear && feed_root(&trimmed[open..]).is_some() => &trimmed[open..],
        _ => trimmed,
    }
}

/// The bytes as they came, unless they hold what feed-rs 3.0.0 is known to panic on.
pub(crate) fn unless_it_would_panic(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let second_declaration = bytes.get(1..).is_some_and(|rest| find(rest, b"<?xml ").is_some());
    (!second_declaration && !has_address_beside_letters(bytes) && !has_endless_number(bytes))
        .then_some(Cow::Borrowed(bytes))
}

/// An e-mail address beside a character that is not ASCII: feed-rs cuts the name beside it by bytes.
fn has_address_beside_letters(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'@').any(|(at, _)| {
        let (start, end) = address_around(bytes, at);
        start.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|byte| *byte >= 0x80)
            || bytes.get(end).is_some_and(|byte| *byte >= 0x80)
    })
}

/// Bytes that an address has on each side of its `@` at most: enough for any, and a bound on the search.
const ADDRESS_BYTES_MAX: usize = 256;

fn address_around(bytes: &[u8], at: usize) -> (usize, usize) {
    let is_of_address = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let before = bytes[..at].iter().rev().take(ADDRESS_BYTES_MAX).take_while(|byte| is_of_address(byte)).count();
    let after = bytes[at + 1..].iter().take(ADDRESS_BYTES_MAX).take_while(|byte| is_of_address(byte)).count();
    (at - before, at + 1 + after)
}

/// Bytes of a tag in which its end is looked for.
const TAG_BYTES_LOOKED_AT: usize = 512;

/// A number that no 64 bits hold, or one in digits that are not ASCII, where feed-rs reads a duration.
fn has_endless_number(bytes: &[u8]) -> bool {
    let durations = bytes.windows(8).enumerate().filter(|(_, window)| *window == b"duration");
    let after_durations = durations.map(|(at, _)| {
        let rest = &bytes[at + 8..];
        let end = rest.iter().take(TAG_BYTES_LOOKED_AT).position(|&byte| byte == b'>').map_or(0, |end| end + 1);
        &rest[end..]
    });
    let times = bytes.windows(5).enumerate().filter(|(_, window)| *window == b"time=");
    let after_times = times.map(|(at, _)| &bytes[(at + 6).min(bytes.len())..]);
    after_durations.chain(after_times).any(|rest| {
        let number = rest.iter().take_while(|byte| !b"<\"'>".contains(byte)).take(64);
        number.clone().filter(|byte| byte.is_ascii_digit()).count() > 12 || number.clone().any(|byte| *byte >= 0x80)
    })
}

/// The feed with its markup mended: encoding, declarations, root, references, and what feed-rs breaks down over.
pub(crate) fn markup(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    if bytes.starts_with(b"{") {
        return json(bytes).map(Cow::Owned);
    }
    let text = decoded(bytes);
    let mut mending =
        Mending { bytes: &text, out: Vec::with_capacity(text.len() + 256), is_atom_03: false, is_person: false };
    let root = feed_root(&text)?;
    if root > 0 && text.starts_with(b"<?xml ") {
        // The declaration was left because it names an encoding that the parser has to know.
        mending.out.extend_from_slice(&text[..find(&text, b"?>").map_or(0, |end| end + 2)]);
    }
    // What stands around the root, such as a page that a feed was pasted into, is not the feed's.
    let mut at = root;
    let end = root_end(&text, root);
    while at < end {
        at = mending.step(at);
    }
    Some(Cow::Owned(mending.out))
}

/// Where the last end tag of the root that begins at `root` ends; the end of the bytes where it has none.
fn root_end(bytes: &[u8], root: usize) -> usize {
    let end_tag = [b"</", whole_name(&bytes[root + 1..]), b">"].concat();
    let last = bytes.windows(end_tag.len()).rposition(|window| window == end_tag);
    last.map_or(bytes.len(), |at| at + end_tag.len())
}

/// Names by which a declaration says what UTF-8 or Windows-1252 hold anyway.
const PLAIN_ENCODINGS: &[&str] = &[
    "utf-8",
    "utf8",
    "us-ascii",
    "ascii",
    "iso-8859-1",
    "iso8859-1",
    "latin1",
    "windows-1252",
    "cp1252",
    "utf-16",
    "unicode",
];

/// The bytes as UTF-8 without a declaration, where they are UTF-8 or may be Windows-1252; as they are where the declaration
/// names another encoding, which feed-rs reads.
fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let declaration_end = if bytes.starts_with(b"<?xml") { find(bytes, b"?>").map_or(0, |end| end + 2) } else { 0 };
    let declaration = String::from_utf8_lossy(&bytes[..declaration_end]).to_ascii_lowercase();
    let encoding = declaration.split_once("encoding").map(|(_, rest)| rest.trim_start_matches(['=', ' ', '"', '\'']));
    let encoding = encoding.and_then(|rest| rest.split(['"', '\'']).next()).unwrap_or("utf-8").trim();
    if !PLAIN_ENCODINGS.contains(&encoding) {
        return Cow::Borrowed(bytes);
    }
    let rest = &bytes[declaration_end..];
    match std::str::from_utf8(rest) {
        Ok(_) => Cow::Borrowed(rest),
        Err(_) => Cow::Owned(rest.iter().map(|&byte| windows_1252(byte)).collect::<String>().into_bytes()),
    }
}

/// The characters that Windows-1252 has where Latin-1 has control characters (WHATWG Encoding, index windows-1252).
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

/// One pass over XML, copying what is well and rewriting what is not.
struct Mending<'a> {
    bytes: &'a [u8],
    out: Vec<u8>,
    /// The root names the namespace of Atom 0.3, whose elements for dates have other names.
    is_atom_03: bool,
    /// The text is a person's: addresses in it are set apart.
    is_person: bool,
}

impl Mending<'_> {
    fn step(&mut self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let end_after = |mark: &[u8]| find(rest, mark).map_or(rest.len(), |end| end + mark.len());
        if rest.starts_with(b"<?")
            || rest.starts_with(b"<!--")
            || rest.starts_with(b"<!DOCTYPE")
            || rest.starts_with(b"<!doctype")
        {
            let mark: &[u8] = if rest.starts_with(b"<?") {
                b"?>"
            } else if rest[1..].starts_with(b"!--") {
                b"-->"
            } else {
                b">"
            };
            return at + end_after(mark);
        }
        if rest.starts_with(b"<![CDATA[") {
            let end = end_after(b"]]>");
            self.text(&rest[..end], true);
            return at + end;
        }
        if rest.starts_with(b"<") {
            let end = tag_end(rest);
            self.tag(&rest[..end]);
            return at + end;
        }
        let end = rest.iter().position(|&byte| byte == b'<').unwrap_or(rest.len());
        self.text(&rest[..end], false);
        at + end
    }

    fn tag(&mut self, tag: &[u8]) {
        let is_end = tag.starts_with(b"</");
        let name = whole_name(tag.get(if is_end { 2 } else { 1 }..).unwrap_or_default());
        if name.is_empty() {
            self.out.extend_from_slice(b"&lt;");
            self.text(tag.get(1..).unwrap_or_default(), false);
            return;
        }
        let local = local_name(name);
        let is_root = [b"rss".as_slice(), b"feed", b"RDF"].contains(&local) && !is_end;
        self.is_person =
            !is_end && [b"author".as_slice(), b"managingEditor", b"webMaster", b"creator", b"name"].contains(&local);
        let is_empty_media =
            name.starts_with(b"media:") && tag.ends_with(b"/>") && (local == b"description" || local == b"title");
        if is_empty_media {
            return;
        }
        let text = String::from_utf8_lossy(tag).into_owned();
        let text = if is_root { self.root(&text, local) } else { text };
        let text = self.renamed(&text, name);
        let text = without_control(&text);
        self.out.extend_from_slice(with_escaped_ampersands(&text).as_bytes());
    }

    /// A root that feed-rs knows: a version of RSS, and namespaces as they are spelled today.
    fn root(&mut self, tag: &str, local: &[u8]) -> String {
        let namespace = attribute(tag, "xmlns");
        let replace_namespace = |with: &str| match &namespace {
            Some((start, end)) => format!("{}{with}{}", &tag[..*start], &tag[*end..]),
            None => tag.to_owned(),
        };
        match local {
            b"rss" => {
                let tag = replace_namespace("");
                let tag = match attribute(&tag, "version") {
                    Some((start, end)) => format!("{}{}", &tag[..start], &tag[end..]),
                    None => tag,
                };
                tag.replacen("rss", "rss version=\"2.0\"", 1)
            }
            b"RDF" => replace_namespace("xmlns=\"http://purl.org/rss/1.0/\""),
            _ => {
                self.is_atom_03 = tag.contains("purl.org/atom/ns#");
                replace_namespace("xmlns=\"http://www.w3.org/2005/Atom\"")
            }
        }
    }

    /// The tag under a name and with attributes that feed-rs can live with.
    fn renamed(&self, tag: &str, name: &[u8]) -> String {
        let new_name = match (self.is_atom_03, name) {
            (true, b"modified") => Some("updated"),
            (true, b"issued") => Some("published"),
            (true, b"tagline") => Some("subtitle"),
            (_, b"itunes:duration") => Some("itunes:unread"),
            _ => None,
        };
        let mut tag = match new_name {
            Some(new_name) => tag.replacen(&String::from_utf8_lossy(name).into_owned(), new_name, 1),
            None => tag.to_owned(),
        };
        if name.starts_with(b"media:") {
            for unread in [" time=", " start=", " end="] {
                tag = tag.replace(unread, " unread=");
            }
        } else if [b"title".as_slice(), b"summary", b"subtitle", b"tagline", b"rights", b"content"].contains(&name) {
            tag = with_known_type(&tag, name == b"content");
        }
        tag
    }

    fn text(&mut self, text: &[u8], is_cdata: bool) {
        let spaced = if self.is_person { with_addresses_apart(text) } else { Cow::Borrowed(text) };
        let kept: Vec<u8> = spaced.iter().copied().filter(|byte| *byte >= 0x20 || b"\t\n\r".contains(byte)).collect();
        if is_cdata {
            self.out.extend_from_slice(&kept);
        } else {
            escape_ampersands(&kept, &mut self.out);
        }
    }
}

/// Where the tag that `rest` begins with ends; a quote that never closes ends with the tag.
fn tag_end(rest: &[u8]) -> usize {
    let mut quote = None;
    for (at, &byte) in rest.iter().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            (None, b'<') if at > 0 => return at,
            _ => {}
        }
    }
    rest.iter().position(|&byte| byte == b'>').map_or(rest.len(), |end| end + 1)
}

/// Where the attribute `name="…"` stands in a tag.
fn attribute(tag: &str, name: &str) -> Option<(usize, usize)> {
    let start = tag
        .match_indices(name)
        .map(|(at, _)| at)
        .find(|&at| tag[..at].ends_with(char::is_whitespace) && tag[at + name.len()..].trim_start().starts_with('='))?;
    let open = start + tag[start..].find(['"', '\''])?;
    let quote = char::from(tag.as_bytes()[open]);
    let end = open + 1 + tag[open + 1..].find(quote)? + 1;
    Some((start, end))
}

/// Atom knows three types of text; all others are read as HTML, which is what they hold.
fn with_known_type(tag: &str, is_content: bool) -> String {
    let Some((start, end)) = attribute(tag, "type") else { return tag.to_owned() };
    let value = tag[start..end].split(['"', '\'']).nth(1).unwrap_or_default();
    let is_known = ["text", "html", "xhtml", "text/html"].contains(&value) || (is_content && value.contains("xml"));
    if is_known { tag.to_owned() } else { format!("{}type=\"html\"{}", &tag[..start], &tag[end..]) }
}

fn without_control(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_control() || "\t\n\r".contains(*character)).collect()
}

fn with_escaped_ampersands(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape_ampersands(text.as_bytes(), &mut out);
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Bytes that a reference may have between `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 32;

/// An `&` that begins no reference is a character.
fn escape_ampersands(text: &[u8], out: &mut Vec<u8>) {
    for (at, &byte) in text.iter().enumerate() {
        out.push(byte);
        if byte == b'&' && !is_reference(&text[at + 1..]) {
            out.extend_from_slice(b"amp;");
        }
    }
}

fn is_reference(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().take(REFERENCE_BYTES_MAX).position(|&byte| byte == b';') else { return false };
    let name = &rest[..end];
    match name {
        [b'#', b'x' | b'X', digits @ ..] => is_character(digits, 16),
        [b'#', digits @ ..] => is_character(digits, 10),
        _ => !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric),
    }
}

/// Whether a numeric reference names a character that XML may hold.
fn is_character(digits: &[u8], radix: u32) -> bool {
    let number = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, radix).ok());
    number.and_then(char::from_u32).is_some_and(|character| character >= ' ' || "\t\n\r".contains(character))
}

/// Addresses with a blank on either side where a character that is not ASCII touches them.
fn with_addresses_apart(text: &[u8]) -> Cow<'_, [u8]> {
    if !has_address_beside_letters(text) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut copied = 0;
    for at in text.iter().enumerate().filter(|(_, byte)| **byte == b'@').map(|(at, _)| at) {
        let (start, end) = address_around(text, at);
        if start >= copied {
            out.extend_from_slice(&text[copied..start]);
            out.push(b' ');
            out.extend_from_slice(&text[start..end]);
            out.push(b' ');
            copied = end;
        }
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// A JSON Feed with what feed-rs insists on: a title, the version's `https:`, tags in an array, attachments with a type.
fn json(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut feed: Value = serde_json::from_slice(bytes).ok()?;
    let version = feed.get("version").and_then(Value::as_str).unwrap_or("https://jsonfeed.org/version/1.1");
    let version = version.replacen("http://", "https://", 1);
    let fields = feed.as_object_mut()?;
    fields.insert("version".to_owned(), Value::from(version));
    if !fields.get("title").is_some_and(Value::is_string) {
        fields.insert("title".to_owned(), Value::from(""));
    }
    for item in fields.get_mut("items")?.as_array_mut()? {
        let Some(item) = item.as_object_mut() else { continue };
        if let Some(id) = item.get("id").filter(|id| id.is_number()) {
            let id = Value::from(id.to_string());
            item.insert("id".to_owned(), id);
        }
        if item.get("tags").is_some_and(|tags| !tags.is_array()) {
            item.remove("tags");
        }
        if let Some(attachments) = item.get_mut("attachments").and_then(Value::as_array_mut) {
            attachments.retain(|attachment| attachment.get("mime_type").is_some_and(Value::is_string));
        }
    }
    serde_json::to_vec(&feed).ok()
}
