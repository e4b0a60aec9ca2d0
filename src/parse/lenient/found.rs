//! Station: what the lenient reader found, kept as slices of the document until somebody wants it.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use url::Url;

use crate::dates;
use crate::model::{Enclosure, Entry, Pace};
use crate::parse::links::{absolute, escaped, resolved};
use crate::parse::tags::unescaped;

/// One piece of an element's text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Piece<'a> {
    /// With references to resolve.
    Escaped(&'a str),
    /// As it is: CDATA, or markup that is part of the text.
    Plain(&'a str),
    /// Text in the midst of markup, all of whose characters mean themselves.
    Literal(&'a str),
}

/// The text of an element, not yet put together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words<'a> {
    pub first: Option<Piece<'a>>,
    pub more: Vec<Piece<'a>>,
    /// Whether it is base64 of the text.
    pub is_base64: bool,
    /// Whether elements stand in it.
    pub has_markup: bool,
}

impl<'a> Words<'a> {
    pub(crate) fn of(piece: Piece<'a>) -> Words<'a> {
        Words { first: Some(piece), ..Words::default() }
    }

    pub(crate) fn push(&mut self, piece: Piece<'a>) {
        match self.first {
            None => self.first = Some(piece),
            Some(_) => self.more.push(piece),
        }
    }

    /// Whether nothing but white space was said.
    pub(crate) fn is_blank(&self) -> bool {
        let is_blank = |piece: &Piece| {
            let (Piece::Escaped(text) | Piece::Plain(text) | Piece::Literal(text)) = piece;
            text.trim().is_empty()
        };
        self.first.iter().chain(&self.more).all(is_blank)
    }

    /// The text, trimmed, its references resolved once; `None` where it is empty.
    pub(crate) fn text(&self) -> Option<String> {
        let mut text = String::new();
        for piece in self.first.iter().chain(&self.more) {
            match piece {
                Piece::Escaped(escaped) => text.push_str(&unescaped(escaped)),
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Literal(literal) => text.push_str(&escaped(literal)),
            }
        }
        if self.is_base64 {
            text = base64(&text)?;
        }
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| if trimmed.len() == text.len() { text.clone() } else { trimmed.to_owned() })
    }
}

/// What base64 stands for, where that is text (RFC 4648, 4). White space is passed over, and what follows the padding.
fn base64(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for letter in encoded.bytes().filter(|letter| !letter.is_ascii_whitespace()).take_while(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

/// A field's words with the rank of the element that said them, and what its links are relative to.
#[derive(Clone, Debug)]
pub(crate) struct Said<'a> {
    pub words: Words<'a>,
    pub rank: u8,
    pub base: Option<Rc<Url>>,
}

/// An address, and what it is relative to.
#[derive(Clone, Debug)]
pub(crate) struct Address<'a> {
    pub href: Cow<'a, str>,
    pub base: Option<Rc<Url>>,
    pub rank: u8,
}

impl Address<'_> {
    pub(crate) fn resolved(&self) -> String {
        resolved(&self.href, self.base.as_deref())
    }
}

/// An entry as it was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found<'a> {
    /// Where it stands in the document.
    pub span: Range<usize>,
    /// Whether its end tag came.
    pub is_whole: bool,
    /// Whether relative links in its texts are relative to the feed: Atom says so (RFC 4287, 2), RSS only with `xml:base`.
    pub has_base: bool,
    pub title: Option<Said<'a>>,
    pub summary: Option<Said<'a>>,
    pub content: Option<Said<'a>>,
    pub guid: Option<Said<'a>>,
    /// Whether the guid says that it is no address.
    pub is_permalink: bool,
    /// The identifier of an RDF item.
    pub about: Option<Cow<'a, str>>,
    pub link: Option<Address<'a>>,
    pub published: Option<Said<'a>>,
    pub updated: Option<Said<'a>>,
    pub created: Option<Said<'a>>,
    pub lang: Option<Cow<'a, str>>,
    pub authors: Vec<Said<'a>>,
    pub categories: Vec<Cow<'a, str>>,
    pub source: Option<Words<'a>>,
    pub picture: Option<Address<'a>>,
    pub enclosures: Vec<(Address<'a>, Enclosure)>,
}

impl Found<'_> {
    /// Everything that it says, as an entry.
    pub(crate) fn entry(&self) -> Entry {
        let mut entry = Entry::default();
        self.fill(&mut entry);
        entry
    }

    /// Gives `entry` what it lacks.
    pub(crate) fn fill(&self, entry: &mut Entry) {
        let said = |said: &Option<Said>| said.as_ref().and_then(|said| said.words.text());
        let dated = |said: &Option<Said>| said.as_ref().and_then(|said| dates::read(&said.words.text()?));
        entry.guid = entry.guid.take().or_else(|| self.guid());
        entry.link = self.link(entry.guid.as_deref()).or(entry.link.take());
        let fields =
            [(&mut entry.title, &self.title), (&mut entry.summary, &self.summary), (&mut entry.content, &self.content)];
        for (text, found) in fields {
            // feed-rs takes base64 for text, even a picture's, and stops at the first element that nobody escaped.
            if text.is_none() || found.as_ref().is_some_and(|found| found.words.is_base64 || found.words.has_markup) {
                *text = said(found);
            }
        }
        entry.updated = entry.updated.or_else(|| dated(&self.updated));
        entry.published = entry.published.or_else(|| dated(&self.published)).or_else(|| dated(&self.created));
        if entry.authors.is_empty() {
            let best = self.authors.iter().map(|author| author.rank).max();
            let authors = self.authors.iter().filter(|author| Some(author.rank) == best);
            entry.authors = authors.filter_map(|author| author.words.text()).collect();
        }
        if entry.categories.is_empty() {
            entry.categories = self.categories.iter().map(|category| category.clone().into_owned()).collect();
        }
        entry.lang = entry.lang.take().or_else(|| self.lang());
        entry.source = self.source.as_ref().and_then(Words::text).or(entry.source.take());
        entry.enclosures = self.enclosures();
        entry.image = entry.image.take().or_else(|| self.image(&entry.enclosures));
        if self.has_base {
            let fields = [
                (&mut entry.title, &self.title),
                (&mut entry.summary, &self.summary),
                (&mut entry.content, &self.content),
            ];
            for (text, said) in fields {
                if let (Some(html), Some(base)) = (text.as_mut(), said.as_ref().and_then(|said| said.base.as_deref()))
                    && let Cow::Owned(with_links) = absolute(html, base)
                {
                    *html = with_links;
                }
            }
        }
    }

    /// The language that it declares.
    pub(crate) fn lang(&self) -> Option<String> {
        self.lang.clone().map(Cow::into_owned)
    }

    fn guid(&self) -> Option<String> {
        self.guid.as_ref().and_then(|guid| guid.words.text()).or_else(|| self.about.clone().map(Cow::into_owned))
    }

    /// The link to the page: the entry's own, else its guid where that is one.
    fn link(&self, guid: Option<&str>) -> Option<String> {
        let is_address =
            |guid: &&str| self.is_permalink && (guid.starts_with("http://") || guid.starts_with("https://"));
        self.link.as_ref().map(Address::resolved).or_else(|| guid.filter(is_address).map(str::to_owned))
    }

    fn enclosures(&self) -> Vec<Enclosure> {
        let mut enclosures: Vec<Enclosure> = Vec::new();
        for (address, enclosure) in &self.enclosures {
            let url = address.resolved();
            if !enclosures.iter().any(|met| met.url == url) {
                enclosures.push(Enclosure { url, ..enclosure.clone() });
            }
        }
        enclosures
    }

    /// A picture: an enclosed one, else a thumbnail.
    fn image(&self, enclosures: &[Enclosure]) -> Option<String> {
        let is_image =
            |enclosure: &&Enclosure| enclosure.media_type.as_deref().is_some_and(|kind| kind.starts_with("image"));
        let enclosed = enclosures.iter().find(is_image).map(|enclosure| enclosure.url.clone());
        enclosed.or_else(|| self.picture.as_ref().map(Address::resolved))
    }
}

/// What the lenient reader found.
#[derive(Debug, Default)]
pub(crate) struct Look<'a> {
    /// The root's tag.
    pub root: Option<&'a str>,
    /// Whether the root is Atom's.
    pub is_atom: bool,
    /// Whether it is that of Atom 0.3, whose elements have other names and other ways to say what their text is.
    pub is_old_atom: bool,
    pub title: Option<Said<'a>>,
    pub site: Option<Address<'a>>,
    pub lang: Option<Cow<'a, str>>,
    pub pace: Pace,
    /// The entries, in order.
    pub entries: Vec<Found<'a>>,
    /// How many entries beyond the limit were left out.
    pub dropped: usize,
    /// Where the first of them begins, and the elements that are open there.
    pub cut: Option<(usize, Vec<&'a str>)>,
    /// Where markup first did not fit: the byte of an end tag without its start, or the end of a truncated document.
    pub fault: Option<usize>,
    /// Whether the document ends before its root does.
    pub is_torn: bool,
    /// Whether feed-rs 3.0.0 would panic over it.
    pub is_dangerous: bool,
    /// Whether feed-rs would read it wrong: numbers of characters that only Windows has.
    pub is_odd: bool,
}

#[cfg(test)]
mod tests {
    use crate::parse::lenient::found::base64;

    #[test]
    fn base64_is_decoded_where_it_is_text() {
        assert_eq!(base64("RXhh bXBs\nZSE=").as_deref(), Some("Example!"));
        assert_eq!(base64("RXhhbXBsZQ==").as_deref(), Some("Example"));
        assert_eq!(base64("/////w=="), None);
        assert_eq!(base64("<p>"), None);
    }
}
