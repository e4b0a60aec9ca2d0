//! Station: what the names of elements mean, in any dialect, under any prefix and spelling.

use std::borrow::Cow;

use crate::parse::tags::{Tag, local};

/// Whose vocabulary an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// RSS, Atom and CDF of any version, and names that belong to nobody.
    Feed,
    /// Dublin Core: elements and terms.
    Dublin,
    /// `content:encoded`.
    Content,
    /// Media RSS.
    Media,
    /// Podcasts.
    Itunes,
    /// `sy:updatePeriod`.
    Pace,
    /// XHTML.
    Xhtml,
    /// Anything else.
    Other,
}

/// What a namespace's URI names, in part, and what that is. Old and misspelled ones count as what they mean.
const SPACES: &[(&str, Space)] = &[
    ("purl.org/dc/", Space::Dublin),
    ("purl.org/rss/1.0/modules/content", Space::Content),
    ("purl.org/rss/1.0/modules/syndication", Space::Pace),
    ("purl.org/rss/1.0/modules/", Space::Other),
    ("search.yahoo.com/mrss", Space::Media),
    ("itunes.com/", Space::Itunes),
    ("w3.org/1999/xhtml", Space::Xhtml),
    ("w3.org/2005/atom", Space::Feed),
    ("purl.org/atom/ns", Space::Feed),
    ("purl.org/rss/", Space::Feed),
    ("purl.org/net/rss", Space::Feed),
    ("netscape.com/rdf/simple", Space::Feed),
    ("backend.userland.com/rss", Space::Feed),
    ("blogs.law.harvard.edu/tech/rss", Space::Feed),
];

/// What a prefix means that nobody has declared.
const PREFIXES: &[(&str, Space)] = &[
    ("dc", Space::Dublin),
    ("dcterms", Space::Dublin),
    ("content", Space::Content),
    ("media", Space::Media),
    ("itunes", Space::Itunes),
    ("sy", Space::Pace),
    ("xhtml", Space::Xhtml),
    ("atom", Space::Feed),
    ("rss", Space::Feed),
];

/// Declarations that are kept at a time; none of the captured feeds has more than 40.
const DECLARATIONS_MAX: usize = 128;

/// The namespaces in scope.
#[derive(Debug, Default)]
pub(crate) struct Scope<'a> {
    /// At which depth, which prefix, what.
    declared: Vec<(usize, &'a str, Space)>,
}

impl<'a> Scope<'a> {
    /// Notes what a tag declares that opens at this depth; that the root declares for its own name is a feed's, whatever it is.
    pub(crate) fn open(&mut self, tag: &Tag<'a>, depth: usize) {
        let own = tag.name.split_once(':').map_or("", |(prefix, _)| prefix);
        for (name, uri) in tag.attributes() {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => rest.trim_start_matches(':'),
                None => continue,
            };
            let known = space(uri);
            // A default that nobody knows is taken for the feed's own: publishers misspell it.
            let unknown = if prefix.is_empty() || (depth == 0 && prefix == own) { Space::Feed } else { Space::Other };
            if self.declared.len() < DECLARATIONS_MAX {
                self.declared.push((depth, prefix, known.unwrap_or(unknown)));
            }
        }
    }

    /// Forgets what was declared deeper than `depth`.
    pub(crate) fn close_to(&mut self, depth: usize) {
        while self.declared.last().is_some_and(|(declared, ..)| *declared >= depth) {
            self.declared.pop();
        }
    }

    /// Whose vocabulary a name belongs to.
    pub(crate) fn of(&self, name: &str) -> Space {
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        if let Some((.., space)) = self.declared.iter().rev().find(|(_, declared, _)| *declared == prefix) {
            return *space;
        }
        if prefix.is_empty() {
            return Space::Feed;
        }
        PREFIXES.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix)).map_or(Space::Other, |(_, space)| *space)
    }
}

fn space(uri: &str) -> Option<Space> {
    let uri = uri.to_ascii_lowercase();
    SPACES.iter().find(|(part, _)| uri.contains(part)).map(|(_, space)| *space)
}

/// What an element says of an entry or of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Title,
    Link,
    Guid,
    Summary,
    Content,
    Published,
    Updated,
    Created,
    Author,
    Category,
    Lang,
    /// The publisher of an aggregator's entry, or a feed inside of it that is one.
    Source,
    Enclosure,
    /// `media:content`.
    Media,
    /// A picture: its address in `url` or `href`.
    Picture,
    /// The address behind a feed proxy's.
    Origin,
    /// A number that feed-rs breaks down over if it is too long.
    Duration,
    /// Minutes (`ttl`).
    Ttl,
    Period,
    Frequency,
    SkipHours,
    SkipDays,
    /// A person of the feed.
    Person,
}

/// What an element means inside of an entry, and its rank: a field of a higher rank replaces one of a lower.
pub(crate) fn of_entry(space: Space, name: &str) -> Option<(Field, u8)> {
    let name = lower(local(name));
    Some(match (space, name.as_ref()) {
        (Space::Feed, "title") => (Field::Title, 3),
        (Space::Dublin, "title") => (Field::Title, 2),
        (Space::Media | Space::Itunes, "title") => (Field::Title, 1),
        (Space::Feed, "link") => (Field::Link, 1),
        (_, "origlink") => (Field::Origin, 1),
        (Space::Feed, "guid" | "id") => (Field::Guid, 1),
        (Space::Feed, "description") => (Field::Summary, 5),
        (Space::Feed, "summary" | "abstract") => (Field::Summary, 4),
        (Space::Dublin, "description" | "abstract") => (Field::Summary, 3),
        (Space::Itunes, "summary") => (Field::Summary, 2),
        (Space::Media, "description") => (Field::Summary, 1),
        (Space::Content, "encoded") => (Field::Content, 3),
        (Space::Feed, "content" | "encoded") => (Field::Content, 2),
        (Space::Xhtml, "body" | "div") | (Space::Feed, "fullitem" | "body") => (Field::Content, 1),
        (Space::Feed, "pubdate" | "published" | "issued") => (Field::Published, 3),
        (Space::Dublin, "issued") => (Field::Published, 2),
        (Space::Dublin | Space::Feed, "date") => (Field::Published, 1),
        (Space::Feed, "updated" | "modified" | "lastmod") => (Field::Updated, 2),
        (Space::Dublin, "modified") => (Field::Updated, 1),
        (Space::Feed | Space::Dublin, "created") => (Field::Created, 1),
        (Space::Feed, "author") | (Space::Dublin, "creator") => (Field::Author, 2),
        (Space::Itunes, "author") => (Field::Author, 1),
        (Space::Feed, "category") | (Space::Dublin, "subject") => (Field::Category, 1),
        (Space::Dublin, "language") | (Space::Feed, "language") => (Field::Lang, 1),
        (Space::Feed, "source") => (Field::Source, 1),
        (Space::Feed, "enclosure") => (Field::Enclosure, 1),
        (Space::Media, "content") => (Field::Media, 1),
        (Space::Media, "thumbnail") => (Field::Picture, 2),
        (Space::Itunes, "image") => (Field::Picture, 1),
        (Space::Itunes, "duration") => (Field::Duration, 1),
        _ => return None,
    })
}

/// What an element means at the top of a feed, with its rank as for entries.
pub(crate) fn of_feed(space: Space, name: &str) -> Option<(Field, u8)> {
    let name = lower(local(name));
    Some(match (space, name.as_ref()) {
        (Space::Feed, "title") => (Field::Title, 2),
        (Space::Dublin, "title") => (Field::Title, 1),
        (Space::Feed, "link") => (Field::Link, 1),
        (Space::Feed | Space::Dublin, "language") => (Field::Lang, 1),
        (Space::Feed, "ttl") => (Field::Ttl, 1),
        (Space::Pace, "updateperiod") => (Field::Period, 1),
        (Space::Pace, "updatefrequency") => (Field::Frequency, 1),
        (Space::Feed, "skiphours") => (Field::SkipHours, 1),
        (Space::Feed, "skipdays") => (Field::SkipDays, 1),
        (Space::Feed, "author" | "managingeditor" | "webmaster") => (Field::Person, 1),
        (Space::Dublin, "creator") | (Space::Itunes, "author" | "owner") => (Field::Person, 1),
        _ => return None,
    })
}

/// A name in lower case, which most names are in.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Whether an element is an entry.
pub(crate) fn is_entry(space: Space, name: &str) -> bool {
    let local = local(name);
    space == Space::Feed && (local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry"))
}

/// Whether an element is a root, or what RSS puts between its root and its entries.
pub(crate) fn is_feed(space: Space, name: &str) -> bool {
    let name = local(name);
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    is("rdf") || (space == Space::Feed && (is("rss") || is("feed") || is("channel")))
}

/// Whether an element of HTML never has an end tag.
pub(crate) fn is_void(name: &str) -> bool {
    ["br", "img", "hr", "wbr", "area", "col", "embed", "param", "input"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}
