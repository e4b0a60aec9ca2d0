//! Station: answers as plain rows, from which lines, CSV and Markdown tables are made.

use jiff::Timestamp;

use crate::listing::plain::{headline, line, utc};
use crate::listing::{Piece, Search, Why};
use crate::model::{Evidence, Feed, How, Member, Origin, Ranked};

/// Rows under named columns; every row has a cell for every column.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The columns' names.
    pub columns: Vec<&'static str>,
    /// The rows, best first.
    pub rows: Vec<Vec<Cell>>,
}

/// One field of a row, already one safe line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Words that came from outside: a spreadsheet must not take them for a formula.
    Words(String),
    /// Numbers, times and ids of our own making.
    Exact(String),
}

impl Cell {
    /// What stands in it.
    pub fn text(&self) -> &str {
        match self {
            Cell::Words(text) | Cell::Exact(text) => text,
        }
    }
}

/// Words from outside, as one safe line.
pub(crate) fn words(text: &str) -> Cell {
    Cell::Words(line(text))
}

fn optional(text: Option<&str>) -> Cell {
    words(text.unwrap_or_default())
}

/// A value of our own making.
pub(crate) fn exact(value: impl ToString) -> Cell {
    Cell::Exact(value.to_string())
}

/// A moment in UTC; empty for none.
pub(crate) fn time(at: Option<Timestamp>) -> Cell {
    Cell::Exact(at.map(utc).unwrap_or_default())
}

/// Id, articles, outlets, newest publication, headline.
pub fn clusters_short(clusters: &[Ranked]) -> Sheet {
    let row = |ranked: &Ranked| {
        let facts = &ranked.facts;
        vec![
            exact(&ranked.cluster.code),
            exact(facts.article_count),
            exact(facts.outlet_count()),
            time(Some(facts.last_published)),
            Cell::Words(headline(&facts.headline)),
        ]
    };
    Sheet {
        columns: vec!["id", "articles", "outlets", "last_published", "headline"],
        rows: clusters.iter().map(row).collect(),
    }
}

/// Everything of a cluster but its articles, under the names the JSON uses.
pub fn clusters(clusters: &[Ranked]) -> Sheet {
    let columns = vec![
        "id",
        "headline",
        "summary",
        "lang",
        "rank",
        "first_published",
        "last_published",
        "first_seen",
        "updated",
        "article_count",
        "outlet_count",
        "independent_count",
        "tags",
        "outlets",
        "representative",
        "url",
    ];
    let row = |ranked: &Ranked| {
        let facts = &ranked.facts;
        let speaker = &ranked.representative().article;
        vec![
            exact(&ranked.cluster.code),
            words(&facts.headline),
            words(&facts.summary),
            optional(facts.lang.as_deref()),
            exact(rounded(ranked.rank)),
            time(Some(facts.first_published)),
            time(Some(facts.last_published)),
            time(Some(facts.first_seen)),
            time(Some(facts.updated)),
            exact(facts.article_count),
            exact(facts.outlet_count()),
            exact(facts.independent_count),
            words(&facts.tags.join("; ")),
            words(&facts.outlets.join("; ")),
            exact(&speaker.code),
            optional(speaker.url.as_deref()),
        ]
    };
    Sheet { columns, rows: clusters.iter().map(row).collect() }
}

/// The articles of a cluster: id, publication, outlet, how it joined, how sure, what it copies, revision, URL, title.
pub fn articles(ranked: &Ranked) -> Sheet {
    let columns = vec!["id", "published", "outlet", "joined", "probability", "copy_of", "revision", "url", "title"];
    let row = |member: &Member| {
        let article = &member.article;
        vec![
            exact(&article.code),
            time(Some(article.published)),
            words(&article.outlet),
            exact(how(member.joined.how)),
            exact(rounded(member.joined.probability)),
            exact(member.copy_of.as_ref().map(ToString::to_string).unwrap_or_default()),
            exact(article.revision),
            optional(article.url.as_deref()),
            Cell::Words(headline(&article.title)),
        ]
    };
    Sheet { columns, rows: ranked.cluster.members.iter().map(row).collect() }
}

/// The stored evidence of one or two articles, a piece a row.
pub fn evidence(reasons: &[&Why]) -> Sheet {
    let mut rows = Vec::new();
    for why in reasons {
        let of_cluster = |cluster: Cell, because: &[Evidence]| -> Vec<Vec<Cell>> {
            let row = |part: &Evidence| {
                let numbers = [exact(rounded(part.value)), exact(rounded(part.weight))];
                let [value, weight] = numbers;
                vec![
                    exact(&why.member.article.code),
                    cluster.clone(),
                    words(&part.what),
                    value,
                    weight,
                    words(&part.shared.iter().collect::<Vec<_>>().join("; ")),
                ]
            };
            because.iter().map(row).collect()
        };
        let reason = &why.member.joined;
        rows.extend(of_cluster(exact(&why.ranked.cluster.code), &reason.because));
        if let Some(runner_up) = &reason.runner_up {
            let named = why.rival.as_ref().map(|rival| rival.code.to_string()).unwrap_or_default();
            rows.extend(of_cluster(exact(named), &runner_up.because));
        }
    }
    Sheet { columns: vec!["article", "cluster", "what", "value", "weight", "shared"], rows }
}

/// The articles a search found: cluster, article, publication, outlet, title, fragment.
pub fn hits(search: &Search) -> Sheet {
    let mut rows = Vec::new();
    for found in &search.found {
        for (hit, member) in found.articles() {
            let article = &member.article;
            rows.push(vec![
                exact(&found.ranked.cluster.code),
                exact(&article.code),
                time(Some(article.published)),
                words(&article.outlet),
                Cell::Words(headline(&article.title)),
                words(&hit.snippet.iter().map(Piece::text).collect::<String>()),
            ]);
        }
    }
    Sheet { columns: vec!["cluster", "article", "published", "outlet", "title", "snippet"], rows }
}

/// Feeds for a quick look: URL, outlet, health, last success, last new article, next time due, failures.
pub fn feeds_short(feeds: &[Feed]) -> Sheet {
    let row = |feed: &Feed| {
        let state = &feed.state;
        vec![
            words(&feed.url),
            words(feed.outlet_name()),
            exact(state.health.word()),
            time(state.last_success),
            time(state.last_new),
            time(state.next_due),
            exact(state.failures),
        ]
    };
    let columns = vec!["url", "outlet", "health", "last_success", "last_new", "next_due", "failures"];
    Sheet { columns, rows: feeds.iter().map(row).collect() }
}

/// Feeds with all that is known of them.
pub fn feeds(feeds: &[Feed], now: Timestamp) -> Sheet {
    let mut sheet = feeds_short(feeds);
    sheet.columns.extend([
        "interval_seconds",
        "detail",
        "tags",
        "origin",
        "active",
        "state",
        "rung",
        "not_before",
        "moved_to",
    ]);
    for (row, feed) in sheet.rows.iter_mut().zip(feeds) {
        row.extend([
            exact(interval_seconds(feed)),
            optional(feed.state.detail.as_deref()),
            words(&feed.tags.join("; ")),
            exact(origin(feed.origin)),
            exact(feed.active),
            words(&crate::listing::feeds::state(feed, now)),
            exact(feed.state.rung.word()),
            time(crate::listing::feeds::paused_until(feed)),
            optional(feed.state.moved_to.as_deref()),
        ]);
    }
    sheet
}

/// Names and values.
pub fn pairs(pairs: &[(&str, String)]) -> Sheet {
    Sheet {
        columns: vec!["name", "value"],
        rows: pairs.iter().map(|(name, value)| vec![words(name), words(value)]).collect(),
    }
}

/// The pause between two requests: the user's, else the learned one; 0 while nothing is known.
pub fn interval_seconds(feed: &Feed) -> u64 {
    let wished = feed.interval.map(|interval| interval.as_secs().unsigned_abs());
    wished.unwrap_or(feed.state.interval_seconds)
}

/// The word for how an article came in.
pub fn how(how: How) -> &'static str {
    match how {
        How::Founded => "founded",
        How::Joined => "joined",
        How::Merged => "merged",
        How::Split => "split",
        How::Corrected => "corrected",
    }
}

/// The word for where a feed was named.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Config => "config",
        Origin::Command => "command",
    }
}

/// Three digits after the point, and never the "-0" that a spreadsheet would show.
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0 + 0.0
}
