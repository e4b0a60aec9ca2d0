//! Station: clusters, articles and reasons as tables, lines, JSON, CSV and Markdown.
//!
//! Each format has a file of its own and escapes for its own sink. Nothing is decided here: facts, order and reasons arrive
//! finished, and what is printed is what was decided.

pub mod check;
pub mod corrections;
pub mod csv;
pub mod discovery;
pub mod editions;
pub mod feeds;
pub mod fragment;
pub mod json;
pub mod layout;
pub mod lines;
pub mod markdown;
mod page;
pub mod plain;
pub mod reasons;
#[cfg(test)]
pub mod samples;
pub mod sheet;
pub mod sought;
pub mod table;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::listing::discovery::Discovery;
use crate::model::{ArticleId, ClusterId, Code, Correction, Feed, Member, Ranked, Reason, Revision};

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
    /// Clusters that share much with it and are apart, the nearest first.
    pub related: Vec<Related>,
    /// The article that broke the story, where its feed's word for its date can be had.
    pub broken_by: Option<ArticleId>,
}

/// One change of an article: what it said before and since.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<'a> {
    /// When the new version was stored.
    pub at: Timestamp,
    /// The title before.
    pub before: &'a str,
    /// The title since.
    pub after: &'a str,
}

impl Shown {
    /// The changes of an article, first to last.
    pub fn changes<'a>(&'a self, member: &'a Member) -> Vec<Change<'a>> {
        let article = &member.article;
        let of_article = self.revisions.iter().filter(|(id, _)| *id == article.id);
        let revisions: Vec<&Revision> = of_article.flat_map(|(_, revisions)| revisions).collect();
        let next = |place: usize| revisions.get(place + 1).map(|next| (next.seen, next.title.as_str()));
        let change = |(place, revision): (usize, &&'a Revision)| {
            let (at, after) = next(place).unwrap_or((article.revised, article.title.as_str()));
            Change { at, before: &revision.title, after }
        };
        revisions.iter().enumerate().map(change).collect()
    }

    /// The outlet of the member that an article repeats.
    pub fn copied(&self, member: &Member) -> Option<&str> {
        let original = member.copy_of.as_ref()?;
        let members = &self.ranked.cluster.members;
        members.iter().find(|other| other.article.code == *original).map(|other| other.article.outlet.as_str())
    }
}

/// A cluster that is related with the one shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    /// The other.
    pub cluster: Rival,
    /// How probable it was, at the best, that the two are one.
    pub probability: f64,
    /// When its first article was published.
    pub first_published: Timestamp,
    /// Whether that was before the first article of the one shown.
    pub is_earlier: bool,
}

impl Related {
    /// The word for when it began.
    pub fn when(&self) -> &'static str {
        if self.is_earlier { "earlier" } else { "later" }
    }
}

/// An article measured against another's cluster, as if it came when only that was there.
#[derive(Clone, Debug, PartialEq)]
pub struct Between {
    /// The article that came later.
    pub article: ArticleId,
    /// The cluster of the other, without the article.
    pub cluster: ClusterId,
    /// What was found.
    pub reason: Reason,
    /// The probability that a join needs.
    pub needed: f64,
    /// The time in seconds between the publication of the article and that of the nearest other, where that alone keeps them apart.
    pub too_far: Option<u64>,
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
    /// The last correction that stands and names it, or else the one that put it there.
    pub correction: Option<Correction>,
    /// Whether articles of its feed are grouped at all.
    pub is_grouped: bool,
}

/// What is known of two articles beside the reason of each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pair<'a> {
    /// The one measured against the other's cluster.
    pub between: Option<&'a Between>,
    /// The correction that holds them together or apart.
    pub correction: Option<&'a Correction>,
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
    /// How many articles match, of those that were weighed.
    pub match_count: usize,
    /// Whether more match than were weighed: then these are the newest, newest first, and not the best.
    pub newest_only: bool,
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
    let mut pages = Pages::new(format, style);
    let told = pages.page(clusters);
    told + &pages.end()
}

/// A list of clusters told page by page, so that a long one is never held whole: the pages and the end, one after the other, are
/// the list.
#[derive(Clone, Debug)]
pub struct Pages<'style> {
    format: Format,
    style: &'style Style,
    /// Clusters told so far.
    told: usize,
}

impl Pages<'_> {
    /// A list that has not begun.
    pub fn new(format: Format, style: &Style) -> Pages<'_> {
        Pages { format, style, told: 0 }
    }

    /// The next clusters.
    pub fn page(&mut self, clusters: &[Ranked]) -> String {
        if clusters.is_empty() {
            return String::new();
        }
        let is_first = self.told == 0;
        self.told += clusters.len();
        match self.format {
            Format::Table => table::clusters(clusters, self.style),
            Format::Lines => lines::rows(&sheet::clusters_short(clusters)),
            Format::Json if is_first => json::clusters_begin(self.style.now) + &json::clusters_page(clusters, ""),
            Format::Json => json::clusters_page(clusters, ","),
            Format::Jsonl => json::clusters_by_line(clusters),
            Format::Csv if is_first => csv::rows(&sheet::clusters(clusters)),
            Format::Csv => csv::records(&sheet::clusters(clusters)),
            Format::Markdown if is_first => markdown::clusters(clusters, self.style),
            Format::Markdown => format!("\n{}", markdown::clusters(clusters, self.style)),
        }
    }

    /// What stands behind the last page.
    pub fn end(self) -> String {
        match (self.format, self.told) {
            (Format::Table, 0) => "No clusters.\n".to_owned(),
            (Format::Json, 0) => format!("{}]\n}}\n", json::clusters_begin(self.style.now)),
            (Format::Json, _) => "\n  ]\n}\n".to_owned(),
            (Format::Csv, 0) => csv::rows(&sheet::clusters(&[])),
            _ => String::new(),
        }
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
pub fn why_both(both: [&Why; 2], pair: Pair<'_>, detail: Detail, format: Format, style: &Style) -> String {
    match format {
        Format::Table => table::reasons(&reasons::of_both(both, pair, detail, style), style),
        Format::Lines => lines::reasons(&reasons::of_both(both, pair, detail, style)),
        Format::Json => json::why_both(both, pair, style.now, json::Layout::Indented),
        Format::Jsonl => json::why_both(both, pair, style.now, json::Layout::OneLine),
        Format::Csv => csv::rows(&sheet::evidence(&both)),
        Format::Markdown => markdown::reasons(&reasons::of_both(both, pair, detail, style)),
    }
}

/// What a search found, cluster by cluster (`search`), schema `newsfold.search/1`.
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
        Format::Table => feeds::table(feeds, style),
        Format::Lines => lines::rows(&sheet::feeds_short(feeds)),
        Format::Json => json::feeds(feeds, style.now),
        Format::Jsonl => json::feeds_by_line(feeds, style.now),
        Format::Csv => csv::rows(&sheet::feeds(feeds, style.now)),
        Format::Markdown => markdown::table(&sheet::feeds_short(feeds)),
    }
}

/// The feeds of a page (`feeds discover`), schema `newsfold.discovery/1`, in the order given.
pub fn discovery(discovery: &Discovery, format: Format, style: &Style) -> String {
    match format {
        Format::Table => discovery::table(discovery, style),
        Format::Lines => lines::rows(&discovery::sheet(discovery)),
        Format::Json => discovery::json(discovery, style.now),
        Format::Jsonl => discovery::json_by_line(discovery),
        Format::Csv => csv::rows(&discovery::sheet(discovery)),
        Format::Markdown => markdown::table(&discovery::sheet(discovery)),
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

#[cfg(test)]
mod tests {
    use crate::listing::check::Check;
    use crate::listing::json::Layout;
    use crate::listing::plain::{is_unsafe, width};
    use crate::listing::samples::{
        check_expected, checks, clusters, discovery, editions, feeds, hostile, old, style, town, why,
    };
    use crate::listing::{
        Between, Detail, Format, Found, Hit, Pages, Pair, Piece, Related, Rival, Search, Shown, Style, Why,
    };
    use crate::model::{ArticleId, ClusterId, Correction, How, Reason, Revision, Ruling, RunnerUp};

    const FORMATS: [(Format, &str); 6] = [
        (Format::Table, "table.txt"),
        (Format::Lines, "lines.txt"),
        (Format::Json, "json"),
        (Format::Jsonl, "jsonl"),
        (Format::Csv, "csv"),
        (Format::Markdown, "md"),
    ];

    fn shown() -> Shown {
        let revision = Revision {
            number: 1,
            seen: crate::listing::samples::at("2026-02-12T21:12:00Z"),
            title: "Lindbrook to vote on plate readers".to_owned(),
            text: "The council votes tonight.".to_owned(),
        };
        let old = old();
        let cluster = Rival { id: old.cluster.id, code: old.cluster.code, headline: old.facts.headline };
        let first_published = old.facts.first_published;
        let related = vec![Related { cluster, probability: 0.314_159, first_published, is_earlier: true }];
        let revisions = vec![(ArticleId(101), vec![revision])];
        Shown { ranked: town(), revisions, related, broken_by: Some(ArticleId(101)) }
    }

    fn found() -> Search {
        let around = |words: &str| Piece::Around(words.to_owned());
        let snippet = vec![
            around("… will switch off its "),
            Piece::Match("plate readers".to_owned()),
            around(" after a night …"),
        ];
        let hits = vec![Hit { article: ArticleId(101), snippet }, Hit { article: ArticleId(105), snippet: Vec::new() }];
        let evil =
            vec![around("\u{1b}[2J<b>"), Piece::Match("*x*\u{202e}".to_owned()), around("\n| [y](javascript:z)")];
        let hostile_hits =
            vec![Hit { article: ArticleId(302), snippet: evil }, Hit { article: ArticleId(999), snippet: Vec::new() }];
        let found = vec![Found { ranked: town(), hits }, Found { ranked: hostile(), hits: hostile_hits }];
        Search { query: "\"plate readers\"".to_owned(), match_count: 4, newest_only: false, found }
    }

    /// A check has two forms: one for people and one for programs.
    fn explained(format: Format, style: &Style) -> Vec<(&'static str, String)> {
        let told = |check: &Check| match format {
            Format::Json => Some(crate::listing::check::json(check, style.now, Layout::Indented)),
            Format::Jsonl => Some(crate::listing::check::json(check, style.now, Layout::OneLine)),
            Format::Table => Some(crate::listing::check::text(check, style)),
            _ => None,
        };
        let both = ["check", "check-page"].into_iter().zip(checks());
        both.filter_map(|(name, check)| Some((name, told(&check)?))).collect()
    }

    /// Every output in one format, under the name of its expected file.
    fn outputs(format: Format, style: &Style) -> Vec<(&'static str, String)> {
        let (joined, founded, apart) = (why(town(), 4), why(town(), 0), why(old(), 0));
        let mut outputs = explained(format, style);
        let runner_up = joined.member.joined.runner_up.clone().expect("the sample refused one");
        let between = Between {
            article: joined.member.article.id,
            cluster: apart.ranked.cluster.id,
            reason: Reason {
                probability: runner_up.probability,
                because: runner_up.because,
                runner_up: None,
                ..joined.member.joined.clone()
            },
            needed: 0.55,
            too_far: None,
        };
        // Neither was ever the next best of the other.
        let stranger = Why { rival: None, ..joined.clone() };
        let too_far = Between { too_far: Some(120 * 86_400), ..between.clone() };
        outputs.extend([
            ("clusters", crate::listing::clusters(&clusters(), format, style)),
            ("show", crate::listing::show(&shown(), format, style)),
            (
                "show-hostile",
                crate::listing::show(
                    &Shown { ranked: hostile(), revisions: Vec::new(), related: Vec::new(), broken_by: None },
                    format,
                    style,
                ),
            ),
            ("why", crate::listing::why(&joined, Detail::Brief, format, style)),
            ("why-full", crate::listing::why(&joined, Detail::Full, format, style)),
            (
                "why-together",
                crate::listing::why_both([&founded, &joined], Pair::default(), Detail::Brief, format, style),
            ),
            ("why-apart", crate::listing::why_both([&joined, &apart], Pair::default(), Detail::Full, format, style)),
            (
                "why-apart-measured",
                crate::listing::why_both(
                    [&stranger, &apart],
                    Pair { between: Some(&between), correction: None },
                    Detail::Brief,
                    format,
                    style,
                ),
            ),
            (
                "why-apart-too-far",
                crate::listing::why_both(
                    [&stranger, &apart],
                    Pair { between: Some(&too_far), correction: None },
                    Detail::Brief,
                    format,
                    style,
                ),
            ),
            ("search", crate::listing::search(&found(), format, style)),
            ("feeds", crate::listing::feeds(&feeds(), format, style)),
            ("discovery", crate::listing::discovery(&discovery(), format, style)),
            ("editions", crate::listing::editions::editions(&editions(), format, style)),
            (
                "pairs",
                crate::listing::pairs(
                    &[("daemon", "running since 3 d".to_owned()), ("disk", "12 MiB \u{1b}[2J".to_owned())],
                    format,
                    style,
                ),
            ),
        ]);
        outputs
    }

    #[test]
    fn every_output_in_every_format_is_as_expected() {
        for (format, ending) in FORMATS {
            for (name, output) in outputs(format, &style(80)) {
                // Programs are told everything in any case: there the two answers are one.
                if name == "why-full" && !matches!(format, Format::Table | Format::Lines | Format::Markdown) {
                    continue;
                }
                check_expected(&format!("{name}.{ending}"), &output);
            }
        }
    }

    #[test]
    fn tables_fit_terminals_of_every_width_and_colour_changes_no_width() {
        for columns in [1, 24, 40, 60, 71, 72, 80, 120, 300] {
            let colored = Style { color: true, ..style(columns) };
            let inked = outputs(Format::Table, &colored);
            for ((name, output), (_, inked)) in outputs(Format::Table, &style(columns)).iter().zip(inked) {
                for line in output.lines() {
                    // A link is never broken.
                    let is_link = line.split_whitespace().any(|word| word.starts_with("http"));
                    assert!(
                        is_link || width(line) <= usize::from(columns).max(40),
                        "{name} at {columns}: {} columns in {line:?}",
                        width(line)
                    );
                    assert!(!line.ends_with(' '), "{name} at {columns}: a space ends {line:?}");
                }
                assert_eq!(*output, without_ink(&inked), "{name} at {columns}");
                if matches!(*name, "clusters" | "feeds") && (columns == 60 || columns == 120) {
                    check_expected(&format!("{name}-{columns}.table.txt"), output);
                }
                if matches!(*name, "clusters" | "check") && columns == 80 {
                    check_expected(&format!("{name}-color.table.txt"), &inked);
                }
            }
        }
    }

    /// The select-graphic-rendition sequences that colours are made of, taken out again.
    fn without_ink(text: &str) -> String {
        let mut pieces = text.split("\u{1b}[");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| text + piece.split_once('m').expect("colours end with m").1)
    }

    #[test]
    fn nothing_from_a_feed_can_steer_a_terminal() {
        for (format, ending) in FORMATS {
            for (name, output) in outputs(format, &style(80)) {
                let kept = |c: &char| !matches!((c, format), ('\n', _) | ('\t', Format::Lines) | ('\r', Format::Csv));
                let found: Vec<char> = output.chars().filter(kept).filter(|c| is_unsafe(*c)).collect();
                assert!(found.is_empty(), "{name}.{ending}: {found:?}");
            }
        }
    }

    #[test]
    fn a_row_of_lines_and_of_csv_reads_back_as_it_was_meant() {
        let lines = crate::listing::clusters(&clusters(), Format::Lines, &style(80));
        assert_eq!(lines.lines().map(|line| line.split('\t').count()).collect::<Vec<_>>(), [5, 5, 5, 5]);
        for (name, output) in outputs(Format::Csv, &style(80)) {
            let records = read_csv(&output);
            let columns = records[0].len();
            for record in &records {
                assert_eq!(record.len(), columns, "{name}: {record:?}");
                let formula = |field: &String| {
                    field.starts_with(['=', '+', '@', '\t', '\r'])
                        || (field.starts_with('-') && field.parse::<f64>().is_err())
                };
                assert!(!record.iter().any(formula), "{name}: {record:?}");
            }
        }
    }

    /// RFC 4180, read strictly: CR LF ends a record, and a quote stands only around a field or doubled inside one.
    fn read_csv(text: &str) -> Vec<Vec<String>> {
        let mut records = vec![vec![String::new()]];
        let (mut quoted, mut chars) = (false, text.chars().peekable());
        while let Some(c) = chars.next() {
            let record = records.last_mut().unwrap();
            match (c, quoted) {
                ('"', true) if chars.next_if_eq(&'"').is_some() => record.last_mut().unwrap().push('"'),
                ('"', _) => quoted = !quoted,
                (',', false) => record.push(String::new()),
                ('\r', false) => {
                    assert_eq!(chars.next(), Some('\n'));
                    records.push(vec![String::new()]);
                }
                (c, _) => record.last_mut().unwrap().push(c),
            }
        }
        assert!(!quoted && records.pop() == Some(vec![String::new()]));
        records
    }

    #[test]
    fn json_reads_back_with_every_key_of_the_contract_and_every_character() {
        let document: serde_json::Value =
            serde_json::from_str(&crate::listing::clusters(&clusters(), Format::Json, &style(80))).unwrap();
        assert_eq!(document["schema"], "newsfold.clusters/1");
        assert_eq!(document["generated"], "2026-02-13T15:00:00Z");
        let cluster = &document["clusters"][2];
        let keys = "id headline summary lang rank first_published last_published first_seen updated article_count outlet_count independent_count tags representative articles";
        assert!(keys.split(' ').all(|key| !cluster[key].is_null()), "{cluster}");
        let article = cluster["articles"][0].as_object().unwrap();
        let keys = "id title url outlet feed also_in author published seen lang text image links date_doubt revision copy_of joined";
        assert!(keys.split(' ').all(|key| article.contains_key(key)), "{article:?}");
        assert_eq!(
            article["text"],
            hostile().cluster.members[0].article.text,
            "an escape reads back as what it stands for"
        );
        let because = &document["clusters"][0]["articles"][1]["joined"]["because"][0];
        assert_eq!(
            (&because["what"], &because["weight"], &because["shared"][1]),
            (&"title".into(), &2.105.into(), &"lindbrook".into())
        );
        let by_line = crate::listing::clusters(&clusters(), Format::Jsonl, &style(80));
        for (line, cluster) in by_line.lines().zip(document["clusters"].as_array().unwrap()) {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).unwrap(), *cluster);
        }
        for (name, output) in outputs(Format::Json, &style(80)) {
            assert!(serde_json::from_str::<serde_json::Value>(&output).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_list_told_in_pages_is_the_list() {
        for (format, ending) in FORMATS {
            let (all, style) = (clusters(), style(80));
            let whole = crate::listing::clusters(&all, format, &style);
            for size in [1, 2, 3] {
                let mut pages = Pages::new(format, &style);
                let told: String = all.chunks(size).map(|page| pages.page(page)).collect();
                assert_eq!(told + &pages.page(&[]) + &pages.end(), whole, "{ending} in pages of {size}");
            }
        }
        // What serde would make of the whole document is what the pages make of it.
        let text = crate::listing::clusters(&clusters(), Format::Json, &style(80));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["clusters"].as_array().unwrap().len(), clusters().len());
    }

    #[test]
    fn no_cluster_is_an_answer_in_every_format() {
        let empty = |format| crate::listing::clusters(&[], format, &style(80));
        assert_eq!(empty(Format::Table), "No clusters.\n");
        assert_eq!(
            (empty(Format::Lines), empty(Format::Jsonl), empty(Format::Markdown)),
            (String::new(), String::new(), String::new())
        );
        assert_eq!(empty(Format::Csv).lines().count(), 1);
        assert!(empty(Format::Json).contains("\"clusters\": []"));
    }

    #[test]
    fn a_reason_without_a_rival_or_evidence_is_told_all_the_same() {
        let told = |how, runner_up: Option<RunnerUp>, place, is_grouped| {
            let mut why = why(town(), place);
            why.member.joined.how = how;
            why.member.joined.runner_up = runner_up;
            why.member.joined.because.clear();
            why.rival = None;
            why.is_grouped = is_grouped;
            crate::listing::reasons::of_one(&why, Detail::Full, &style(80)).sentences.pop().unwrap()
        };
        let sentences = |how, runner_up, place| told(how, runner_up, place, true);
        assert_eq!(told(How::Founded, None, 0, false), "its feed is stored and never grouped (`cluster = false`)");
        let forgotten = || Some(RunnerUp { cluster: ClusterId(ArticleId(9)), probability: 0.004, because: Vec::new() });
        assert_eq!(
            sentences(How::Founded, None, 0),
            "first of its story; nothing stored was near enough to be weighed"
        );
        assert_eq!(
            sentences(How::Founded, forgotten(), 0),
            "first of its story; the nearest other was a cluster no longer stored, under 1 %"
        );
        assert_eq!(sentences(How::Joined, None, 1), "4 outlets within 15 h; 97 % sure");
        assert_eq!(sentences(How::Corrected, None, 3), "a person's correction put it here; 4 outlets within 15 h");
        let mut why = why(town(), 3);
        why.member.joined.how = How::Corrected;
        why.member.joined.because.clear();
        why.member.joined.runner_up = None;
        why.correction = Some(Correction {
            number: 7,
            made: "2026-02-14T09:30:00Z".parse().unwrap(),
            ruling: Ruling::Merge,
            ones: Vec::new(),
            others: Vec::new(),
            undoes: None,
            seq: Some(9),
        });
        assert_eq!(
            crate::listing::reasons::of_one(&why, Detail::Full, &style(80)).sentences.pop().unwrap(),
            "a person put it here (correction 7, merge, of 2026-02-14 10:30; `newsfold undo 7` takes it back); 4 outlets within 15 h"
        );
    }
}
