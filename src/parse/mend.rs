//! Station: repairs that make a feed readable for the strict parser which its publisher broke.

use std::borrow::Cow;

use crate::parse::dangers::{address_around, has_address_beside_letters, is_person};
use crate::parse::lenient::{BASE_BYTES_MAX, Look};
use crate::parse::tags::{Mark, Marks, Tag, local, reference, unescaped};

/// A whole document mended: from its root on, with the names that the strict parser knows.
pub(crate) fn whole(text: &str, look: &Look) -> String {
    let root = look.root.unwrap_or_default();
    markup(root_alone(text, root), look.is_old_atom)
}

/// A part of a feed with its markup mended: its root, its references, and what feed-rs breaks down over.
///
/// Document types, comments and processing instructions are left out.
pub(crate) fn markup(text: &str, is_old_atom: bool) -> String {
    let mut mending = Mending { out: String::with_capacity(text.len() + 256), is_old_atom, is_person: false };
    for mark in Marks::of(text) {
        match mark {
            Mark::Start(tag) => mending.start(&tag),
            Mark::End { name, .. } => mending.end(name),
            Mark::Text(text) => mending.text(text),
            Mark::Cdata(text) => mending.cdata(text),
            Mark::Instruction { .. } => {}
        }
    }
    mending.out
}

/// The part of a document from its root on to the last end tag of it: what stands around, such as a page that a feed was
/// pasted into, is not the feed's.
fn root_alone<'a>(text: &'a str, root: &str) -> &'a str {
    let Some(start) = text.find(root).filter(|_| !root.is_empty()) else { return text };
    let name_end = root[1..].find(|letter: char| letter.is_ascii_whitespace() || matches!(letter, '>' | '/'));
    let end_tag = format!("</{}", &root[1..name_end.map_or(root.len(), |end| end + 1)]);
    let end = text.rfind(&end_tag).and_then(|at| Some(at + text[at..].find('>')? + 1));
    &text[start..end.filter(|end| *end > start).unwrap_or(text.len())]
}

/// The root's tag as feed-rs knows it: a version of RSS, and namespaces as they are spelled today.
fn root(tag: &Tag) -> String {
    let (name, namespace, version) = match tag.local().to_ascii_lowercase().as_str() {
        "rss" => ("rss", "", " version=\"2.0\""),
        "rdf" => ("rdf:RDF", " xmlns=\"http://purl.org/rss/1.0/\"", ""),
        _ => ("feed", " xmlns=\"http://www.w3.org/2005/Atom\"", ""),
    };
    let mut out = format!("<{name}{namespace}{version}");
    for (name, value) in tag.attributes() {
        if !matches!(name, "xmlns" | "version") {
            attribute(&mut out, name, value);
        }
    }
    out.push_str(if tag.is_empty { "/>" } else { ">" });
    out
}

/// The prefixes that a root declares, in a tag of our own.
pub(crate) fn prefixes(out: &mut String, root: &Tag) {
    for (name, value) in root.attributes() {
        if (name.starts_with("xmlns:") || name == "xml:base") && value.len() <= BASE_BYTES_MAX {
            attribute(out, name, value);
        }
    }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    if name == "xml:base" && value.len() > BASE_BYTES_MAX {
        return;
    }
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-.".contains(&byte) || byte >= 0x80);
    if is_name {
        out.push_str(&format!(" {name}=\""));
        escape(out, value, true);
        out.push('"');
    }
}

/// References that a text may have before it is written without any: quick-xml takes 300 ns for each.
const REFERENCES_MAX: usize = 64;

/// One pass over XML, copying what is well and rewriting what is not.
struct Mending {
    out: String,
    is_old_atom: bool,
    /// The text is a person's: addresses in it are set apart.
    is_person: bool,
}

impl Mending {
    fn start(&mut self, tag: &Tag) {
        let local = tag.local();
        self.is_person = is_person(local);
        if ["rss", "feed", "rdf"].iter().any(|root| local.eq_ignore_ascii_case(root)) {
            self.out.push_str(&root(tag));
            return;
        }
        let is_media = tag.name.starts_with("media:");
        if is_media && tag.is_empty && (local == "description" || local == "title") {
            // feed-rs gives up the whole feed over it.
            return;
        }
        self.out.push('<');
        self.out.push_str(self.renamed(tag.name));
        let is_text =
            matches!(local, "title" | "summary" | "subtitle" | "tagline" | "rights" | "content" | "description");
        for (name, value) in tag.attributes() {
            let is_known = !is_text || name != "type" || is_known_type(value, is_media);
            let is_time = is_media && matches!(name, "time" | "start" | "end");
            let is_source = tag.name == "content" && name == "src" && !tag.is_empty;
            if !is_time && !is_source {
                attribute(&mut self.out, name, if is_known { value } else { "html" });
            }
        }
        self.out.push_str(if tag.is_empty { "/>" } else { ">" });
    }

    fn end(&mut self, name: &str) {
        self.is_person = false;
        self.out.push_str("</");
        self.out.push_str(match local(name).to_ascii_lowercase().as_str() {
            "rss" => "rss",
            "rdf" => "rdf:RDF",
            "feed" => "feed",
            _ => self.renamed(name),
        });
        self.out.push('>');
    }

    /// The name that feed-rs knows an element by.
    fn renamed<'a>(&self, name: &'a str) -> &'a str {
        match (self.is_old_atom, name) {
            (true, "modified") => "updated",
            (true, "issued" | "created") => "published",
            (true, "tagline") => "subtitle",
            (_, "itunes:duration") => "itunes:unread",
            _ => name,
        }
    }

    fn text(&mut self, text: &str) {
        if self.is_person && text.contains('@') {
            // A no-break space may be written as a reference.
            let text = unescaped(text);
            escape(&mut self.out, &with_addresses_apart(&text), false);
        } else if text.bytes().filter(|byte| matches!(byte, b'&' | b'<')).count() > REFERENCES_MAX {
            self.cdata(&unescaped(text).replace("]]>", "]]]]><![CDATA[>"));
        } else {
            escape(&mut self.out, text, false);
        }
    }

    fn cdata(&mut self, text: &str) {
        let text = if self.is_person { with_addresses_apart(text) } else { Cow::Borrowed(text) };
        self.out.push_str("<![CDATA[");
        self.out.push_str(&text);
        self.out.push_str("]]>");
    }
}

/// Whether feed-rs knows the type of a text; all others are read as HTML, which is what they hold.
fn is_known_type(kind: &str, is_media: bool) -> bool {
    if is_media { matches!(kind, "plain" | "html") } else { matches!(kind, "text" | "html" | "xhtml" | "text/html") }
}

/// Text with an `&` and a `<` that begin nothing escaped, and numbers that only Windows has as what they mean.
fn escape(out: &mut String, text: &str, is_attribute: bool) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '"']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match rest.as_bytes()[0] {
            b'<' => {
                out.push_str("&lt;");
                1
            }
            b'"' => {
                out.push_str(if is_attribute { "&quot;" } else { "\"" });
                1
            }
            _ => reference_in_xml(out, rest),
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
}

/// Writes the reference that `text` begins with as XML may have it; answers how many bytes it has.
fn reference_in_xml(out: &mut String, text: &str) -> usize {
    if let Some((character, length)) = reference(text) {
        match character {
            '&' | '<' | '>' | '"' | '\'' => out.push_str(&text[..length]),
            other => out.push(other),
        }
        return length;
    }
    let name = text[1..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    let is_entity = name > 0 && text.as_bytes().get(1 + name) == Some(&b';');
    out.push_str(if is_entity { "&" } else { "&amp;" });
    1
}

/// Addresses with a blank on either side where a character that is not ASCII touches them.
fn with_addresses_apart(text: &str) -> Cow<'_, str> {
    if !has_address_beside_letters(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    for (at, _) in text.match_indices('@') {
        let (start, end) = address_around(text.as_bytes(), at);
        if start >= copied {
            out.push_str(&text[copied..start]);
            out.push(' ');
            out.push_str(&text[start..end]);
            out.push(' ');
            copied = end;
        }
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}
