//! Station: one linear look over a feed's bytes before a parser may see them: nesting, attributes, entries, cuts.

use crate::parse::{Hints, ParseError};

/// What the scan holds a feed to.
pub(crate) struct Scan {
    entries_max: usize,
    depth_max: usize,
    attributes_max: usize,
}

impl Scan {
    pub(crate) fn of(hints: &Hints) -> Scan {
        Scan { entries_max: hints.entries_max, depth_max: hints.depth_max, attributes_max: hints.attributes_max }
    }
}

/// What feed-rs does not tell of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Aside {
    /// The publisher that an aggregator names (`<source>` of RSS, the title of Atom's).
    pub source: Option<String>,
    /// The identifier of an RDF item (`rdf:about`).
    pub about: Option<String>,
}

/// A feed's bytes, safe to parse.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// The bytes, cut behind the last entry that is read.
    pub bytes: Vec<u8>,
    /// Entries in them.
    pub entries: usize,
    /// Entries that were cut off.
    pub dropped: Option<usize>,
    /// One per entry, in order.
    pub asides: Vec<Aside>,
    /// Where markup first did not fit: the byte of an end tag without its start, or the end of a truncated document.
    pub fault: Option<usize>,
}

/// Bytes at the front of a document in which a feed's root must begin.
const ROOT_BYTES_MAX: usize = 64 * 1024;

/// Where an RSS, Atom or RDF root, or a bare Atom entry, begins near the front.
pub(crate) fn feed_root(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    let front = &body[..body.len().min(ROOT_BYTES_MAX)];
    while let Some(found) = find(&front[at..], b"<") {
        let open = at + found;
        let name = local_name(&front[open + 1..]);
        if [b"rss".as_slice(), b"feed", b"rdf", b"entry"].iter().any(|root| name.eq_ignore_ascii_case(root)) {
            return Some(open);
        }
        at = open + 1;
    }
    None
}

/// Whether the document says at once that it is a page for people.
pub(crate) fn begins_as_html(body: &[u8]) -> bool {
    let front = body[..body.len().min(16)].to_ascii_lowercase();
    front.starts_with(b"<!doctype html") || front.starts_with(b"<html")
}

/// Whether the document has the marks of a page for people near its front.
pub(crate) fn looks_like_html(start: &[u8]) -> bool {
    let front = start[..start.len().min(2048)].to_ascii_lowercase();
    [b"<!doctype html".as_slice(), b"<html", b"<script", b"<meta"].iter().any(|mark| find(&front, mark).is_some())
}

/// Looks over XML.
///
/// # Errors
/// `TooDeep` (977 nested `media:group` overflow a thread's stack in feed-rs, and no panic is raised) and
/// `TooManyAttributes`.
pub(crate) fn xml(body: &[u8], scan: &Scan) -> Result<Scanned, ParseError> {
    let mut reader = XmlScan { body, scan, open: Vec::new(), scanned: Scanned::default(), cut_at: None, text_from: 0 };
    let mut at = 0;
    while let Some(found) = find(&body[at..], b"<") {
        at = reader.step(at + found)?;
    }
    if reader.cut_at.is_none() && !reader.open.is_empty() {
        reader.scanned.fault.get_or_insert(body.len());
    }
    Ok(reader.finish())
}

struct XmlScan<'a> {
    body: &'a [u8],
    scan: &'a Scan,
    /// Names of the open elements.
    open: Vec<&'a [u8]>,
    scanned: Scanned,
    /// Where the first entry too many begins, and what has to be closed there.
    cut_at: Option<(usize, Vec<&'a [u8]>)>,
    /// Where the text of the innermost element begins.
    text_from: usize,
}

/// End tags that do not fit are answered by this many open elements at most: more would take quadratic time.
const MISFITS_LOOKED_AT: usize = 64;

impl<'a> XmlScan<'a> {
    fn step(&mut self, open: usize) -> Result<usize, ParseError> {
        let rest = &self.body[open..];
        let end_after = |mark: &[u8]| find(rest, mark).map_or(self.body.len(), |end| open + end + mark.len());
        if rest.starts_with(b"<!--") {
            return Ok(end_after(b"-->"));
        }
        if rest.starts_with(b"<![CDATA[") {
            return Ok(end_after(b"]]>"));
        }
        if rest.starts_with(b"<?") {
            return Ok(end_after(b"?>"));
        }
        if rest.starts_with(b"<!") {
            return Ok(end_after(b">"));
        }
        if rest.starts_with(b"</") {
            let name = whole_name(&rest[2..]);
            self.close(open, name);
            return Ok(end_after(b">"));
        }
        self.start(open)
    }

    fn start(&mut self, open: usize) -> Result<usize, ParseError> {
        let name = whole_name(&self.body[open + 1..]);
        if name.is_empty() {
            return Ok(open + 1);
        }
        let Some((end, is_empty)) = self.tag_end(open + 1 + name.len())? else { return Ok(self.body.len()) };
        if self.is_entry(name) {
            if self.scanned.entries >= self.scan.entries_max {
                self.cut_at.get_or_insert_with(|| (open, self.open.clone()));
                *self.scanned.dropped.get_or_insert(0) += 1;
            } else {
                self.scanned.entries += 1;
                self.scanned.asides.push(Aside { about: about(&self.body[open..end]), source: None });
            }
        }
        if !is_empty {
            self.open.push(name);
            self.text_from = end;
            if self.open.len() > self.scan.depth_max {
                return Err(ParseError::TooDeep { depth_max: self.scan.depth_max });
            }
        }
        Ok(end)
    }

    /// An `item` or `entry` where a feed has them: not one inside of an entry's XHTML.
    fn is_entry(&self, name: &[u8]) -> bool {
        let local = local_name(name);
        (local == b"item" || local == b"entry") && self.open.len() <= 2
    }

    /// Where the start tag ends, and whether it is an empty element; counts attributes on the way.
    fn tag_end(&self, from: usize) -> Result<Option<(usize, bool)>, ParseError> {
        let mut quote = None;
        let mut attributes = 0;
        for (offset, &byte) in self.body[from..].iter().enumerate() {
            match (quote, byte) {
                (Some(open), _) if byte == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    attributes += 1;
                    if attributes > self.scan.attributes_max {
                        return Err(ParseError::TooManyAttributes { attributes_max: self.scan.attributes_max });
                    }
                }
                (None, b'>') => {
                    let end = from + offset;
                    return Ok(Some((end + 1, self.body[end - 1] == b'/')));
                }
                (None, _) => {}
            }
        }
        Ok(None)
    }

    fn close(&mut self, at: usize, name: &'a [u8]) {
        if self.open.last() == Some(&name) {
            self.note_source(at, name);
            self.open.pop();
            return;
        }
        self.scanned.fault.get_or_insert(at);
        let looked_at = self.open.len().saturating_sub(MISFITS_LOOKED_AT);
        if let Some(found) = self.open[looked_at..].iter().rposition(|open| *open == name) {
            self.open.truncate(looked_at + found);
        }
    }

    /// Keeps `item/source` and `entry/source/title`.
    fn note_source(&mut self, end: usize, name: &[u8]) {
        let parent =
            |up: usize| self.open.len().checked_sub(up + 1).map_or(b"".as_slice(), |at| local_name(self.open[at]));
        let is_rss = name == b"source" && parent(1) == b"item";
        let is_atom = local_name(name) == b"title" && parent(1) == b"source" && parent(2) == b"entry";
        if (is_rss || is_atom)
            && self.cut_at.is_none()
            && let Some(aside) = self.scanned.asides.last_mut()
        {
            let text = String::from_utf8_lossy(&self.body[self.text_from.min(end)..end]);
            let text = text.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
            aside.source = Some(unescaped(text)).filter(|source| !source.is_empty());
        }
    }

    fn finish(mut self) -> Scanned {
        self.scanned.bytes = match self.cut_at {
            None => self.body.to_vec(),
            Some((at, open)) => {
                let mut bytes = self.body[..at].to_vec();
                for name in open.iter().rev() {
                    bytes.extend_from_slice(b"</");
                    bytes.extend_from_slice(name);
                    bytes.push(b'>');
                }
                bytes
            }
        };
        self.scanned
    }
}

/// The five entities of XML, once: what remains is HTML, as in any other text of a feed.
fn unescaped(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    plain.replace("&amp;", "&")
}

fn about(tag: &[u8]) -> Option<String> {
    let at = find(tag, b"rdf:about")? + b"rdf:about".len();
    let rest = tag[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    let end = rest.iter().position(|byte| byte == quote)?;
    let value = unescaped(String::from_utf8_lossy(&rest[..end]).trim());
    Some(value).filter(|value| !value.is_empty())
}

/// Looks over JSON: cuts the array `items` of the top level behind its last entry that is read.
pub(crate) fn json(body: &[u8], entries_max: usize) -> Scanned {
    let mut scanned = Scanned::default();
    let mut depth = 0usize;
    let mut is_in_items = false;
    let mut last_key: &[u8] = b"";
    let mut cut = None;
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'"' => {
                let end = string_end(body, at);
                if depth == 1 {
                    last_key = &body[at..end.min(body.len())];
                }
                at = end;
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                is_in_items |= depth == 2 && body[at] == b'[' && last_key == b"\"items\"";
                if is_in_items && depth == 3 {
                    scanned.entries += 1;
                    if scanned.entries == entries_max + 1 {
                        cut = Some((at, body.len()));
                    }
                }
            }
            b']' | b'}' => {
                if is_in_items && depth == 2 {
                    is_in_items = false;
                    cut = cut.map(|(from, _)| (from, at));
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    scanned.bytes = body.to_vec();
    if let Some((from, to)) = cut {
        let head = body[..from].trim_ascii_end();
        scanned.bytes = [head.strip_suffix(b",").unwrap_or(head), &body[to..]].concat();
        scanned.dropped = Some(scanned.entries - entries_max);
        scanned.entries = entries_max;
    }
    scanned
}

/// Where the string that begins at `from` ends, after its closing quote.
fn string_end(body: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < body.len() {
        match body[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

/// Where `needle` first stands in `bytes`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == first) {
        if bytes[at + found..].starts_with(needle) {
            return Some(at + found);
        }
        at += found + 1;
    }
    None
}

/// The name that a tag's bytes (after `<` or `</`) begin with; empty where it is none.
pub(crate) fn whole_name(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<' | b'='));
    let name = &bytes[..end.unwrap_or(bytes.len())];
    let is_name = name.first().is_some_and(|&byte| byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80);
    if is_name { name } else { b"" }
}

/// That name without its prefix.
pub(crate) fn local_name(bytes: &[u8]) -> &[u8] {
    let name = whole_name(bytes);
    name.iter().position(|&byte| byte == b':').map_or(name, |colon| &name[colon + 1..])
}
