//! Station: in which of the dialects a feed speaks, by its first element.

/// A family of feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RSS 0.9x and 2.0.
    Rss,
    /// Atom.
    Atom,
    /// RSS 0.90 and 1.0, which are RDF.
    Rdf,
    /// JSON Feed.
    Json,
}

impl Dialect {
    /// The word that people and programs read.
    pub fn word(self) -> &'static str {
        match self {
            Dialect::Rss => "RSS",
            Dialect::Atom => "Atom",
            Dialect::Rdf => "RDF",
            Dialect::Json => "JSON Feed",
        }
    }
}

/// Bytes within which a feed's root stands, comments and style sheets in front of it included.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The dialect of bytes that are known to be a feed; `None` where their beginning does not tell. Bytes of two or four to a
/// letter are told as well: of them only the letters are looked at.
pub fn of(body: &[u8]) -> Option<Dialect> {
    let head: Vec<u8> = body[..body.len().min(HEAD_BYTES_MAX)].iter().copied().filter(|&byte| byte != 0).collect();
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && byte.is_ascii())?;
    if *first == b'{' {
        return Some(Dialect::Json);
    }
    let mut at = 0;
    while let Some(found) = head[at..].iter().position(|&byte| byte == b'<') {
        let open = at + found + 1;
        if head[open..].starts_with(b"!--") {
            at = open + 3 + head[open + 3..].windows(3).position(|end| end == b"-->")?;
            continue;
        }
        let name =
            head[open..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_'));
        let name: Vec<u8> = name.map(u8::to_ascii_lowercase).collect();
        match name.rsplit(|&byte| byte == b':').next().unwrap_or_default() {
            b"rss" => return Some(Dialect::Rss),
            b"feed" => return Some(Dialect::Atom),
            b"rdf" => return Some(Dialect::Rdf),
            _ => at = open,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::parse::dialect::{Dialect, of};

    #[test]
    fn the_first_element_names_the_dialect() {
        let check = |body: &[u8], expected: Option<Dialect>| assert_eq!(of(body), expected, "{body:?}");
        check(b"<?xml version='1.0'?><rss version='2.0'><channel/></rss>", Some(Dialect::Rss));
        check(b"\xef\xbb\xbf <!-- <feed> --><?xml-stylesheet href='a'?><RSS>", Some(Dialect::Rss));
        check(b"<feed xmlns='http://www.w3.org/2005/Atom'>", Some(Dialect::Atom));
        check(b"<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'>", Some(Dialect::Atom));
        check(b"<!DOCTYPE rdf><rdf:RDF xmlns='http://purl.org/rss/1.0/'>", Some(Dialect::Rdf));
        check(b"<html><body><rss>", Some(Dialect::Rss));
        check(b" {\"version\": \"https://jsonfeed.org/version/1.1\"}", Some(Dialect::Json));
        check(b"<\0r\0s\0s\0>\0", Some(Dialect::Rss));
        check(b"<!-- never ends <rss>", None);
        check(b"<html>", None);
        check(b"", None);
    }
}
