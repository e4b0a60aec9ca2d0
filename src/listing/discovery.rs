//! Station: the feeds that a page has, as a table, rows and JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::listing::Style;
use crate::listing::json::{Layout, document};
use crate::listing::page::{BOLD, DIM, PLAIN, Page};
use crate::listing::plain::{ago, fit, headline, line, link, utc, width};
use crate::listing::sheet::{Sheet, exact, time, words};

/// What a search for feeds came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The page that was asked for.
    pub page: String,
    /// The feeds that were found and read, likeliest first.
    pub feeds: Vec<Found>,
    /// What looked like a feed and was none, in the order of asking.
    pub tried: Vec<Tried>,
}

/// A feed that was found, asked for and read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its URL: the one to add.
    pub url: String,
    /// What it calls itself, else what the page calls it; may be empty.
    pub title: String,
    /// `RSS`, `Atom`, `RDF` or `JSON Feed`.
    pub kind: &'static str,
    /// How many entries it holds.
    pub entries: usize,
    /// When its newest entry was published, as far as its dates can be used.
    pub newest: Option<Timestamp>,
    /// How it was found.
    pub by: By,
}

/// What was asked for and is no feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its URL.
    pub url: String,
    /// How it was come by.
    pub by: By,
    /// Why it is none, in one line.
    pub why: String,
}

/// How a feed was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The address that was given is the feed itself.
    Itself,
    /// The page names it in its head.
    Link,
    /// The site keeps its feeds by a rule.
    Rule,
    /// A link of the page's body looks like it.
    Anchor,
    /// It lies where feeds lie by custom.
    Path,
}

impl By {
    fn words(self) -> &'static str {
        match self {
            By::Itself => "this is the feed itself",
            By::Link => "named by the page",
            By::Rule => "by a rule of its site",
            By::Anchor => "linked from the page",
            By::Path => "at a usual address",
        }
    }

    fn word(self) -> &'static str {
        match self {
            By::Itself => "itself",
            By::Link => "link",
            By::Rule => "rule",
            By::Anchor => "anchor",
            By::Path => "path",
        }
    }
}

/// A feed's title, its URL, and what it holds.
pub fn table(discovery: &Discovery, style: &Style) -> String {
    let mut page = Page::of(style);
    for feed in &discovery.feeds {
        let kind = format!("{}  ", feed.kind);
        page.line(&[(BOLD, &fit(&headline(&feed.title), page.columns))]);
        page.line(&[(PLAIN, "  "), (PLAIN, &link(&feed.url).unwrap_or_else(|| line(&feed.url)))]);
        let newest = feed.newest.map(|newest| format!(", newest {}", ago(newest, style))).unwrap_or_default();
        let about = format!("{}{newest} · {}", count_of_entries(feed.entries), feed.by.words());
        let room = page.columns.saturating_sub(2 + width(&kind));
        page.line(&[(PLAIN, "  "), (PLAIN, &kind), (DIM, &fit(&about, room))]);
    }
    page.out
}

/// `1 entry`, `30 entries`.
pub fn count_of_entries(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

/// URL, title, kind, entries, newest entry, how it was found.
pub fn sheet(discovery: &Discovery) -> Sheet {
    let row = |feed: &Found| {
        vec![
            words(&feed.url),
            words(&feed.title),
            exact(feed.kind),
            exact(feed.entries),
            time(feed.newest),
            exact(feed.by.word()),
        ]
    };
    Sheet {
        columns: vec!["url", "title", "kind", "entries", "newest", "found_by"],
        rows: discovery.feeds.iter().map(row).collect(),
    }
}

/// `newsfold.discovery/1`.
pub fn json(discovery: &Discovery, now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        page: &'a str,
        feeds: Vec<FoundShape<'a>>,
        tried: Vec<TriedShape<'a>>,
    }
    #[derive(Serialize)]
    struct TriedShape<'a> {
        url: &'a str,
        found_by: By,
        why: &'a str,
    }
    let tried = discovery.tried.iter().map(|tried| TriedShape { url: &tried.url, found_by: tried.by, why: &tried.why });
    let shape = Document {
        schema: "newsfold.discovery/1",
        generated: utc(now),
        page: &discovery.page,
        feeds: discovery.feeds.iter().map(FoundShape::of).collect(),
        tried: tried.collect(),
    };
    document(&shape, Layout::Indented)
}

/// One feed object a line.
pub fn json_by_line(discovery: &Discovery) -> String {
    discovery.feeds.iter().map(|feed| document(&FoundShape::of(feed), Layout::OneLine)).collect()
}

#[derive(Serialize)]
struct FoundShape<'a> {
    url: &'a str,
    title: Option<&'a str>,
    kind: &'static str,
    entries: usize,
    newest: Option<String>,
    found_by: By,
}

impl<'a> FoundShape<'a> {
    fn of(feed: &'a Found) -> FoundShape<'a> {
        FoundShape {
            url: &feed.url,
            title: Some(feed.title.as_str()).filter(|title| !title.is_empty()),
            kind: feed.kind,
            entries: feed.entries,
            newest: feed.newest.map(utc),
            found_by: feed.by,
        }
    }
}
