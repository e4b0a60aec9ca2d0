//! Station: clusters, articles and reasons as tables, lines, JSON, CSV and Markdown.
//!
//! Each format has a file of its own and escapes for its own sink. Nothing is decided here: facts, order and reasons arrive
//! finished, and what is printed is what was decided.

pub mod csv;
pub mod json;
pub mod lines;
pub mod markdown;
pub mod plain;
pub mod reasons;
#[cfg(test)]
pub mod samples;
pub mod sheet;
pub mod table;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{ArticleId, ClusterId, Code, Feed, Member, Ranked, Revision};

/// How an answer is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal: fits its width, speaks of "3 h ago".
    Table,
    /// For `cut` and `awk`: no header, tabs between fields, one row a line, times in UTC.
    Lines,
    /// One JSON document with its `schema`.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// RFC 4180 with a header, safe to open in a spreadsheet.
    Csv,
    /// A list or table without raw HTML.
    Markdown,
}

/// For whom it is laid out.
#[derive(Clone, Debug)]
pub struct Style {
    /// Columns of the terminal; `None` where nothing tells.
    pub width: Option<u16>,
    /// Whether colours are wanted.
    pub color: bool,
    /// The zone of times for people.
    pub zone: TimeZone,
    /// The moment "3 h ago" counts from.
    pub now: Timestamp,
}

/// One cluster to be shown whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The cluster.
    pub ranked: Ranked,
    /// Earlier revisions of its articles, oldest first; articles that never changed need no row.
    pub revisions: Vec<(ArticleId, Vec<Revision>)>,
}

/// How much of a reason is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Two lines.
    #[default]
    Brief,
    /// Every piece of evidence with its weight.
    Full,
}

/// An article, its cluster, and what else is needed to tell why.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The article with its stored reason.
    pub member: Member,
    /// The cluster it is in, as it is today.
    pub ranked: Ranked,
    /// The runner-up of its reason, as it is today; `None` where there was none or it is no longer stored.
    pub rival: Option<Rival>,
}

/// A cluster named in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rival {
    /// Its number.
    pub id: ClusterId,
    /// Its public id.
    pub code: Code,
    /// Its headline.
    pub headline: String,
}

/// The answer to a search: clusters in the order in which they are to be read, each with its hits.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What was asked for.
    pub query: String,
    /// The clusters that hold hits.
    pub found: Vec<Found>,
}

/// A cluster with the articles in it that match.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The cluster.
    pub ranked: Ranked,
    /// Its hits, best first.
    pub hits: Vec<Hit>,
}

/// An article that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The article, a member of the cluster it stands under.
    pub article: ArticleId,
    /// The fragment of its text that matches, in pieces; may be empty.
    pub snippet: Vec<Piece>,
}

/// A piece of a matching fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What stands around the match.
    Around(String),
    /// What was looked for.
    Match(String),
}

impl Found {
    /// The hits with their articles.
    pub fn articles(&self) -> impl Iterator<Item = (&Hit, &Member)> {
        let member = |hit: &Hit| self.ranked.cluster.members.iter().find(|member| member.article.id == hit.article);
        self.hits.iter().filter_map(move |hit| member(hit).map(|member| (hit, member)))
    }
}

impl Piece {
    /// The words, whether they match or not.
    pub fn text(&self) -> &str {
        match self {
            Piece::Around(text) | Piece::Match(text) => text,
        }
    }

    /// The words if they match.
    pub fn matched(&self) -> Option<&str> {
        match self {
            Piece::Match(text) => Some(text),
            Piece::Around(_) => None,
        }
    }
}

/// A list of clusters (`clusters`), schema `newsfold.clusters/1`.
pub fn clusters(clusters: &[Ranked], format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::clusters(clusters, style),
        Format::Lines => lines::rows(&sheet::clusters_short(clusters)),
        Format::Json => json::clusters(clusters, style.now),
        Format::Jsonl => json::clusters_by_line(clusters),
        Format::Csv => csv::rows(&sheet::clusters(clusters)),
        Format::Markdown => markdown::clusters(clusters, style),
    }
}

/// One cluster with its articles in time order (`show`), schema `newsfold.cluster/1`.
pub fn show(shown: &Shown, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::show(shown, style),
        Format::Lines => lines::rows(&sheet::articles(&shown.ranked)),
        Format::Json => json::show(shown, style.now, json::Layout::Indented),
        Format::Jsonl => json::show(shown, style.now, json::Layout::OneLine),
        Format::Csv => csv::rows(&sheet::articles(&shown.ranked)),
        Format::Markdown => markdown::show(shown, style),
    }
}

/// Why an article is where it is (`why ARTICLE`), schema `newsfold.why/1`.
pub fn why(why: &Why, detail: Detail, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::reasons(&reasons::of_one(why, detail, style), style),
        Format::Lines => lines::reasons(&reasons::of_one(why, detail, style)),
        Format::Json => json::why(why, style.now, json::Layout::Indented),
        Format::Jsonl => json::why(why, style.now, json::Layout::OneLine),
        Format::Csv => csv::rows(&sheet::evidence(&[why])),
        Format::Markdown => markdown::reasons(&reasons::of_one(why, detail, style)),
    }
}

/// Why two articles are together or apart (`why ARTICLE OTHER`), schema `newsfold.why/1`.
pub fn why_both(both: [&Why; 2], detail: Detail, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::reasons(&reasons::of_both(both, detail, style), style),
        Format::Lines => lines::reasons(&reasons::of_both(both, detail, style)),
        Format::Json => json::why_both(both, style.now, json::Layout::Indented),
        Format::Jsonl => json::why_both(both, style.now, json::Layout::OneLine),
        Format::Csv => csv::rows(&sheet::evidence(&both)),
        Format::Markdown => markdown::reasons(&reasons::of_both(both, detail, style)),
    }
}

/// What a search found, grouped by cluster (`search`), schema `newsfold.search/1`.
pub fn search(search: &Search, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::search(search, style),
        Format::Lines => lines::rows(&sheet::hits(search)),
        Format::Json => json::search(search, style.now),
        Format::Jsonl => json::search_by_line(search),
        Format::Csv => csv::rows(&sheet::hits(search)),
        Format::Markdown => markdown::search(search, style),
    }
}

/// Feeds and how they are doing (`feeds list`), schema `newsfold.feeds/1`, in the order given.
pub fn feeds(feeds: &[Feed], format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::feeds(feeds, style),
        Format::Lines => lines::rows(&sheet::feeds_short(feeds)),
        Format::Json => json::feeds(feeds, style.now),
        Format::Jsonl => json::feeds_by_line(feeds),
        Format::Csv => csv::rows(&sheet::feeds(feeds)),
        Format::Markdown => markdown::table(&sheet::feeds_short(feeds)),
    }
}

/// Names and values, one a line: `status` and its like. JSON is one object of the same names, in their order.
pub fn pairs(pairs: &[(&str, String)], format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::pairs(pairs, style),
        Format::Lines => lines::rows(&sheet::pairs(pairs)),
        Format::Json => json::pairs(pairs, json::Layout::Indented),
        Format::Jsonl => json::pairs(pairs, json::Layout::OneLine),
        Format::Csv => csv::rows(&sheet::pairs(pairs)),
        Format::Markdown => markdown::table(&sheet::pairs(pairs)),
    }
}
