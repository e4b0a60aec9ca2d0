//! Station: markup read tag by tag in one linear pass: nothing has to close, nest or be declared.

use std::borrow::Cow;

/// One piece of a document. Comments and document types are passed over; none of their entities is ever resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark<'a> {
    /// A start tag, or an empty element.
    Start(Tag<'a>),
    /// An end tag: its name, and where it begins and ends.
    End { name: &'a str, at: usize, end: usize },
    /// Text with its references as they stand.
    Text(&'a str),
    /// The inside of a CDATA section.
    Cdata(&'a str),
    /// A processing instruction; the XML declaration is one.
    Instruction { text: &'a str, at: usize },
}

/// A start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// Its name with its prefix.
    pub name: &'a str,
    /// What stands between its name and its end: attributes, quotes and all.
    pub inside: &'a str,
    /// The tag as it stands, from `<` on.
    pub whole: &'a str,
    /// Whether it ends with `/>`.
    pub is_empty: bool,
    /// Where it begins.
    pub at: usize,
}

impl<'a> Tag<'a> {
    /// The name without its prefix.
    pub(crate) fn local(&self) -> &'a str {
        local(self.name)
    }

    /// Its attributes in order: names, and values with their references as they stand.
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes { rest: self.inside }
    }

    /// The value of an attribute (its case does not matter), its references resolved, trimmed; `None` where it is empty.
    pub(crate) fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.attributes().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        let value = match unescaped(value.trim()) {
            Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
            Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
        };
        (!value.is_empty()).then_some(value)
    }
}

/// A name without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// The attributes of a tag.
pub(crate) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        loop {
            let rest = self.rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '/');
            let name_end = rest.find(|letter: char| letter.is_ascii_whitespace() || letter == '=')?;
            let (name, rest) = rest.split_at(name_end);
            let Some(value) = rest.trim_ascii_start().strip_prefix('=') else {
                // A name without a value.
                self.rest = rest;
                continue;
            };
            let value = value.trim_ascii_start();
            let (value, rest) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(|letter: char| letter.is_ascii_whitespace()).unwrap_or(value.len())),
            };
            self.rest = rest;
            return Some((name, value));
        }
    }
}

/// Tags whose quotes never close before the quotes of all later ones are distrusted: each costs a search to the end.
const BROKEN_TAGS_MAX: usize = 8;

/// A document's marks, in order.
pub(crate) struct Marks<'a> {
    text: &'a str,
    at: usize,
    broken_tags: usize,
}

impl<'a> Marks<'a> {
    pub(crate) fn of(text: &'a str) -> Marks<'a> {
        Marks { text, at: 0, broken_tags: 0 }
    }

    /// Everything up to `end`, and goes on behind it.
    fn take_to(&mut self, end: usize) -> &'a str {
        let taken = &self.text[self.at..end];
        self.at = end;
        taken
    }

    /// Goes on behind `mark`, or at the end of the document where it does not come; answers what stood before it.
    fn take_behind(&mut self, skipped: usize, mark: &str) -> &'a str {
        let from = self.at + skipped;
        let found = self.text[from..].find(mark);
        self.at = found.map_or(self.text.len(), |found| from + found + mark.len());
        &self.text[from..found.map_or(self.text.len(), |found| from + found)]
    }

    fn start(&mut self) -> Mark<'a> {
        let at = self.at;
        let name = name(&self.text[at + 1..]);
        let name_end = at + 1 + name.len();
        let end = self.tag_end(name_end);
        let whole = self.take_to(end);
        let inside = self.text[name_end..end].trim_end_matches('>');
        let is_empty = inside.ends_with('/');
        Mark::Start(Tag { name, inside: inside.strip_suffix('/').unwrap_or(inside), whole, is_empty, at })
    }

    /// Where the tag whose name ended at `from` ends; a tag that is cut short ends where the next one begins.
    fn tag_end(&mut self, from: usize) -> usize {
        let mut quote = None;
        let trusts_quotes = self.broken_tags < BROKEN_TAGS_MAX;
        let bytes = self.text.as_bytes();
        for (at, &byte) in bytes.iter().enumerate().skip(from) {
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') if trusts_quotes => quote = Some(byte),
                (None, b'>') => return at + 1,
                (None, b'<') => return at,
                (None, _) => {}
            }
        }
        self.broken_tags += 1;
        self.text[from..].find('>').map_or(self.text.len(), |found| from + found + 1)
    }

    fn end(&mut self) -> Mark<'a> {
        let at = self.at;
        let name = name(&self.text[at + 2..]);
        let from = at + 2 + name.len();
        let bytes = self.text.as_bytes();
        let found = bytes[from..].iter().position(|byte| matches!(byte, b'>' | b'<')).map(|found| from + found);
        self.at = found.map_or(bytes.len(), |found| if bytes[found] == b'>' { found + 1 } else { found });
        Mark::End { name, at, end: self.at }
    }

    fn doctype(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.find('>').unwrap_or(rest.len());
        if rest[..end].contains('[') {
            self.take_behind(0, "]");
        }
        self.take_behind(0, ">");
    }
}

impl<'a> Iterator for Marks<'a> {
    type Item = Mark<'a>;

    fn next(&mut self) -> Option<Mark<'a>> {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = rest.find('<').map_or(self.text.len(), |found| self.at + found);
                return Some(Mark::Text(self.take_to(end)));
            }
            match rest.as_bytes().get(1) {
                Some(b'!') if rest.starts_with("<![CDATA[") => {
                    return Some(Mark::Cdata(self.take_behind("<![CDATA[".len(), "]]>")));
                }
                Some(b'!') if rest.starts_with("<!--") => {
                    self.take_behind("<!--".len(), "-->");
                }
                Some(b'!') => self.doctype(),
                Some(b'?') => {
                    let at = self.at;
                    return Some(Mark::Instruction { text: self.take_behind(2, "?>"), at });
                }
                Some(b'/') if !name(&rest[2..]).is_empty() => return Some(self.end()),
                Some(_) if !name(&rest[1..]).is_empty() => return Some(self.start()),
                // Something else than a tag: characters of the text, of which the last may begin a tag.
                _ => {
                    let run = rest.bytes().take_while(|byte| *byte == b'<').count();
                    return Some(Mark::Text(self.take_to(self.at + run.max(2) - 1)));
                }
            }
        }
    }
}

/// The name that a text begins with; empty where it begins with none.
fn name(text: &str) -> &str {
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80;
    if !text.bytes().next().is_some_and(is_first) {
        return "";
    }
    let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'<' | b'=' | b'"' | b'\'');
    &text[..text.bytes().position(ends).unwrap_or(text.len())]
}

/// Bytes that a reference may have between `&` and `;`.
const REFERENCE_BYTES_MAX: usize = 32;

/// What `&` stands for at the beginning of `text`, and how many bytes its reference has; `None` for all but XML's five
/// entities and numbers of characters. HTML's entities stay: what a feed says is HTML, and is read as such later.
pub(crate) fn reference(text: &str) -> Option<(char, usize)> {
    let name = referred(text)?;
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => match number(name)? {
            // Unicode has no use for these, and HTML reads them as Windows-1252.
            number @ 0x80..=0x9f => WINDOWS_1252.chars().nth(usize::try_from(number - 0x80).ok()?)?,
            number => char::from_u32(number).filter(|&character| is_allowed(character))?,
        },
    };
    Some((character, name.len() + 2))
}

/// Whether `text` begins with the number of a character that only Windows has.
pub(crate) fn is_of_windows(text: &str) -> bool {
    referred(text).and_then(number).is_some_and(|number| (0x80..=0x9f).contains(&number))
}

/// What stands between `&` and `;` at the beginning of `text`.
fn referred(text: &str) -> Option<&str> {
    let name = text.get(1..)?;
    let end = name.bytes().take(REFERENCE_BYTES_MAX).position(|byte| !byte.is_ascii_alphanumeric() && byte != b'#')?;
    name[end..].starts_with(';').then(|| &name[..end])
}

/// The number of a character: `#8211` or `#x2013`.
fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('#')?;
    match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// Whether XML 1.0 allows the character.
pub(crate) fn is_allowed(character: char) -> bool {
    character >= ' ' || matches!(character, '\t' | '\n' | '\r')
}

/// The characters that Windows-1252 has where Latin-1 has control characters (WHATWG Encoding, index windows-1252).
const WINDOWS_1252: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

/// A text with its references resolved once.
pub(crate) fn unescaped(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut at = first;
    while at < text.len() {
        let rest = &text[at..];
        match reference(rest) {
            Some((character, length)) => {
                out.push(character);
                at += length;
            }
            None => {
                out.push('&');
                at += 1;
            }
        }
        let plain = text[at..].find('&').unwrap_or(text.len() - at);
        out.push_str(&text[at..at + plain]);
        at += plain;
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use crate::parse::tags::{Mark, Marks, unescaped};

    /// Marks in a short notation: `+name`, `+name/`, `-name`, `"text"`, `[cdata]`, `?instruction`.
    fn told(text: &str) -> String {
        let marks = Marks::of(text).map(|mark| match mark {
            Mark::Start(tag) => {
                let attributes: String = tag.attributes().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("+{}{attributes}{}", tag.name, if tag.is_empty { "/" } else { "" })
            }
            Mark::End { name, .. } => format!("-{name}"),
            Mark::Text(text) => format!("\"{text}\""),
            Mark::Cdata(text) => format!("[{text}]"),
            Mark::Instruction { text, .. } => format!("?{text}"),
        });
        marks.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn markup_is_told_apart_whatever_it_is() {
        let check = |text: &str, expected: &str| assert_eq!(told(text), expected, "{text}");
        check("<a b='1' c = \"2>\">x</a >", "+a b=1 c=2> \"x\" -a");
        check("<br/><e:f g=1 h/>", "+br/ +e:f g=1/");
        check("1 < 2 <3 </> <é>", "\"1 \" \"<\" \" 2 \" \"<\" \"3 \" \"<\" \"/> \" +é");
        check("<<<a><<", "\"<<\" +a \"<\" \"<\"");
        check("<!-- <a> --><?xml v?><![CDATA[<b>]]>", "?xml v [<b>]");
        check("<!DOCTYPE r [<!ENTITY a \"<item>\">]><r>", "+r");
        check("<!DOCTYPE r><r>", "+r");
        check("<a href=\"x>one</a> two", "+a href=x \"one\" -a \" two\"");
        check("<a <b>x</a<c>", "+a +b \"x\" -a +c");
        check("<![CDATA[never ends", "[never ends]");
        check("<!-- never ends", "");
        check("<a", "+a");
        check("<a b", "+a");
    }

    #[test]
    fn references_are_resolved_once() {
        let check = |text: &str, expected: &str| assert_eq!(unescaped(text), expected, "{text}");
        check("a &amp;lt; b &lt;i&gt; &quot;&apos;", "a &lt; b <i> \"'");
        check("&#8211;&#x2013;&#150;&#X41;", "–––A");
        check("&eacute; & &; &#0; &#xFFFFFFFF; &", "&eacute; & &; &#0; &#xFFFFFFFF; &");
    }

    #[test]
    fn quotes_without_end_take_linear_time() {
        let hostile = "<a b=\"c' ".repeat(50_000);
        assert!(Marks::of(&hostile).count() < 200_000);
        let hostile = "<a b='>".repeat(50_001);
        assert!(Marks::of(&hostile).count() < 200_000);
    }
}
