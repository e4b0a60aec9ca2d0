//! Station: one feed explained: what was asked, what came, how it was read, and what will be asked next and why.

use anstyle::Style as Ink;
use jiff::Timestamp;
use serde::Serialize;

use crate::listing::Style;
use crate::listing::discovery::count_of_entries;
use crate::listing::feeds::words;
use crate::listing::json::{Layout, document};
use crate::listing::page::{BAD, BOLD, DIM, GOOD, PLAIN, Page};
use crate::listing::plain::{ago, count, date, fit, headline, line, moment, span, utc, wrap};
use crate::model::{Feed, Health, Pace, Rung, Validators};

/// All that was learned of a feed by asking it once. Every text in it may come from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The feed's URL as configured.
    pub feed: String,
    /// The same without what opens something, for people.
    pub shown: String,
    /// The feed as it is stored; `None` for one that is not among the feeds.
    pub stored: Option<Feed>,
    /// Every request, in order; none for a file.
    pub exchanges: Vec<Exchange>,
    /// What came; `None` where nothing did.
    pub came: Option<Came>,
    /// How it was read; `None` where it was not, or had not changed.
    pub read: Option<Read>,
    /// How the feed is doing after this.
    pub health: Health,
    /// What is wrong, in one line.
    pub trouble: Option<String>,
    /// Feeds that the page names which came in place of the feed.
    pub offered: Vec<String>,
    /// What will be asked next.
    pub next: Next,
}

/// One request and the head of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The URL, redacted.
    pub url: String,
    /// The headers that were sent.
    pub sent: Vec<(String, String)>,
    /// The status that answered, and its name: `404 Not Found`.
    pub status: Option<(u16, String)>,
    /// The answer's headers that matter.
    pub received: Vec<(String, String)>,
    /// How long the head took.
    pub milliseconds: u64,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// The URL that answered in the end, redacted.
    pub url: String,
    /// Where the feed says that it has moved for good, redacted.
    pub moved_to: Option<String>,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// Bytes of the body, decompressed; `None` where none came (304).
    pub bytes: Option<usize>,
    /// Bytes on the wire, where the answer said so.
    pub wire_bytes: Option<usize>,
    /// What it will be known by.
    pub validators: Validators,
    /// For how many seconds asking again is useless, by the answer's headers.
    pub fresh_seconds: Option<u64>,
    /// How long it took as a whole.
    pub milliseconds: u64,
}

/// A feed that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// `RSS`, `Atom`, `RDF` or `JSON Feed`.
    pub kind: Option<&'static str>,
    /// Which rung of the ladder read it.
    pub rung: Rung,
    /// Its title.
    pub title: Option<String>,
    /// Its site.
    pub site: Option<String>,
    /// Its outlet.
    pub outlet: String,
    /// Its entries.
    pub entries: usize,
    /// How many of them have no date that can be used.
    pub undated: usize,
    /// How many of them are not stored yet; `None` where nobody looked.
    pub unmet: Option<usize>,
    /// The newest entry: when it was published, and its title.
    pub newest: Option<(Timestamp, String)>,
    /// How often the feed says it may be asked.
    pub pace: Pace,
    /// What was wrong and could be lived with.
    pub warnings: Vec<String>,
}

/// The next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// Not before this moment; `None` where it is never asked again.
    pub due: Option<Timestamp>,
    /// All that has a say in it, what decides first.
    pub because: Vec<Because>,
    /// What it will be conditional on: names and values of headers.
    pub conditions: Vec<(String, String)>,
}

/// One thing that has a say in when a feed is asked next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// What, as a phrase.
    pub why: String,
    /// Until when it forbids asking, where it names a time.
    pub until: Option<Timestamp>,
}

/// Columns of the names on the left.
const NAMES: usize = 17;

/// The feed for a person.
pub fn text(check: &Check, style: &Style) -> String {
    let mut page = Page::of(style);
    for words in wrap(&line(&check.shown), page.columns) {
        page.line(&[(BOLD, &words)]);
    }
    verdict(check, style, &mut page);
    asked(check, &mut page);
    came(check, &mut page);
    if let Some(read) = &check.read {
        reading(read, style, &mut page);
    }
    next(check, style, &mut page);
    page.out
}

/// In one line each: how it does, what is wrong, and what is known of it.
fn verdict(check: &Check, style: &Style, page: &mut Page) {
    let trouble = check.trouble.as_deref().map(line).unwrap_or_default();
    let ink = if check.health.is_trouble() { BAD } else { GOOD };
    let said =
        if trouble.is_empty() { words(check.health).to_owned() } else { format!("{}: {trouble}", words(check.health)) };
    for words in wrap(&said, page.columns) {
        page.line(&[(ink, &words)]);
    }
    if !check.offered.is_empty() {
        page.line(&[(PLAIN, "It names these feeds:")]);
        for url in &check.offered {
            page.line(&[(PLAIN, "  "), (BOLD, &line(url))]);
        }
    }
    let known = match &check.stored {
        None => "not among the feeds: asked as if for the first time".to_owned(),
        Some(feed) => {
            let state = &feed.state;
            let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| ago(at, style));
            let mut known = format!(
                "among the feeds since {}; answered {}, brought news {}",
                date(feed.added, &style.zone),
                when(state.last_success),
                when(state.last_new)
            );
            if state.failures > 0 {
                known.push_str(&format!("; {} in a row before this", count(state.failures as usize, "failure")));
            }
            known
        }
    };
    for words in wrap(&known, page.columns) {
        page.line(&[(DIM, &words)]);
    }
}

/// Every request with its headers; those that are the same at the next stop are not told twice.
fn asked(check: &Check, page: &mut Page) {
    page.section("Asked");
    if check.exchanges.is_empty() {
        page.line(&[(PLAIN, "  "), (DIM, "nothing over the network")]);
    }
    let mut before: &[(String, String)] = &[];
    for exchange in &check.exchanges {
        for words in wrap(&format!("GET {}", line(&exchange.url)), page.columns - 2) {
            page.line(&[(PLAIN, "  "), (PLAIN, &words)]);
        }
        for (name, value) in exchange.sent.iter().filter(|header| !before.contains(header)) {
            page.pair(NAMES, name, (PLAIN, &line(value)));
        }
        for (name, _) in before.iter().filter(|(name, _)| !exchange.sent.iter().any(|(sent, _)| sent == name)) {
            page.pair(NAMES, name, (DIM, "not sent on to there"));
        }
        before = &exchange.sent;
        let answer = match &exchange.status {
            Some((status, words)) => {
                let ink = if *status < 400 { GOOD } else { BAD };
                let to = exchange.received.iter().find(|(name, _)| name == "location");
                let to = to.filter(|_| (300..400).contains(status)).map(|(_, to)| format!(", to {}", line(to)));
                (ink, format!("{words}{} ({} ms)", to.unwrap_or_default(), exchange.milliseconds))
            }
            None => (BAD, "no answer".to_owned()),
        };
        page.pair(NAMES, "answered", (answer.0, &answer.1));
    }
}

/// The answer: its size, and the headers of it that decide something.
fn came(check: &Check, page: &mut Page) {
    page.section("Came");
    if let Some(last) = check.exchanges.last() {
        for (name, value) in &last.received {
            page.pair(NAMES, name, (PLAIN, &line(value)));
        }
    }
    let Some(came) = &check.came else {
        page.line(&[(PLAIN, "  "), (DIM, "nothing that could be read")]);
        return;
    };
    if check.exchanges.len() > 1 {
        page.pair(NAMES, "from", (PLAIN, &line(&came.url)));
    }
    if let Some(to) = &came.moved_to {
        page.pair(NAMES, "moved for good to", (PLAIN, &line(to)));
    }
    let bytes = match (came.bytes, came.wire_bytes) {
        (None, _) => "none: it has not changed (`--whole` asks for it whole)".to_owned(),
        (Some(bytes), Some(wire)) if wire != bytes => format!("{}, {} on the wire", grouped(bytes), grouped(wire)),
        (Some(bytes), Some(_)) => format!("{}, not compressed", grouped(bytes)),
        (Some(bytes), None) => grouped(bytes),
    };
    page.pair(NAMES, "bytes", (PLAIN, &format!("{bytes} ({} ms)", came.milliseconds)));
}

/// What was found in the document.
fn reading(read: &Read, style: &Style, page: &mut Page) {
    page.section("Read");
    let kind = read.kind.unwrap_or("feed");
    let rung = match read.rung {
        Rung::Plain => (PLAIN, format!("{kind}, as it came")),
        rung => (BOLD, format!("{kind}, {}: {}", rung.word(), rung_in_words(rung))),
    };
    page.pair(NAMES, "as", (rung.0, &rung.1));
    let mut pair = |name: &str, value: (Ink, &str)| page.pair(NAMES, name, value);
    if let Some(title) = &read.title {
        pair("title", (PLAIN, &line(title)));
    }
    if let Some(site) = &read.site {
        pair("site", (PLAIN, &line(site)));
    }
    pair("outlet", (PLAIN, &line(&read.outlet)));
    let mut entries = count_of_entries(read.entries);
    if let Some(unmet) = read.unmet {
        entries.push_str(&format!(", {unmet} not stored yet"));
    }
    pair("entries", (PLAIN, &entries));
    if read.undated > 0 {
        let ink = if read.undated == read.entries { BAD } else { PLAIN };
        pair("undated", (ink, &format!("{} of them have no date that can be used", read.undated)));
    }
    if let Some((at, title)) = &read.newest {
        pair("newest", (PLAIN, &format!("{}, {}: {}", moment(*at, &style.zone), ago(*at, style), headline(title))));
    }
    for (name, value) in paces(&read.pace) {
        pair(name, (PLAIN, &value));
    }
    for warning in &read.warnings {
        pair("warning", (BOLD, &line(warning)));
    }
}

/// What the rung says of the bytes.
fn rung_in_words(rung: Rung) -> &'static str {
    match rung {
        Rung::Plain => "nothing was done to it",
        Rung::Transcoded => "its encoding was not what it said, or not UTF-8",
        Rung::Mended => "its markup was repaired first",
        Rung::Salvaged => "its entries were read one by one, those beyond repair left out",
        Rung::Lenient => "only the most lenient reader found its entries",
    }
}

/// What a feed asks of those who ask it.
fn paces(pace: &Pace) -> Vec<(&'static str, String)> {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let mut paces = Vec::new();
    if let Some(ttl) = pace.ttl_seconds {
        paces.push(("ttl", format!("may be kept for {}", span(ttl))));
    }
    if let Some(period) = pace.period_seconds {
        paces.push(("sy:updatePeriod", format!("changes every {}", span(period))));
    }
    if pace.skip_hours != 0 {
        let hours: Vec<String> =
            (0..24).filter(|hour| pace.skip_hours & (1 << hour) != 0).map(|hour| format!("{hour}")).collect();
        paces.push(("skipHours", format!("{} (UTC)", hours.join(", "))));
    }
    if pace.skip_days != 0 {
        let days = DAYS.iter().enumerate().filter(|(day, _)| pace.skip_days & (1 << day) != 0).map(|(_, name)| *name);
        paces.push(("skipDays", days.collect::<Vec<_>>().join(", ")));
    }
    paces
}

/// When it is asked next, why then, and with what.
fn next(check: &Check, style: &Style, page: &mut Page) {
    let next = &check.next;
    page.section("Next");
    let stored = check.stored.is_some();
    let when = match next.due {
        None => "never".to_owned(),
        Some(due) if due <= style.now => "now: it is due".to_owned(),
        Some(due) => format!("{} ({})", ago(due, style), moment(due, &style.zone)),
    };
    page.pair(NAMES, if stored { "due" } else { "would be due" }, (BOLD, &when));
    for (place, because) in next.because.iter().enumerate() {
        let until = because.until.filter(|_| place > 0).map(|until| format!(", until {}", moment(until, &style.zone)));
        let words = format!("{}{}", line(&because.why), until.unwrap_or_default());
        page.pair(NAMES, ["because of", "and before that", ""][place.min(2)], (PLAIN, &words));
    }
    if next.due.is_some() {
        for (name, value) in &next.conditions {
            page.pair(NAMES, name, (PLAIN, &line(value)));
        }
        if next.conditions.is_empty() && check.read.is_some() && !check.exchanges.is_empty() {
            page.pair(NAMES, "asked", (PLAIN, "whole, since it gives nothing to know it by"));
        }
    }
    if check.stored.is_some() {
        let note = "nothing of this was stored; the schedule is as it was";
        page.line(&[(PLAIN, "  "), (DIM, &fit(note, page.columns - 2))]);
    }
}

/// `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `newsfold.feed-check/1`.
pub fn json(check: &Check, now: Timestamp, layout: Layout) -> String {
    document(&CheckShape::of(check, now), layout)
}

#[derive(Serialize)]
struct CheckShape<'a> {
    schema: &'static str,
    generated: String,
    feed: &'a str,
    known: bool,
    trouble: bool,
    health: &'static str,
    detail: Option<&'a str>,
    feeds_offered: &'a [String],
    asked: Vec<ExchangeShape<'a>>,
    came: Option<CameShape<'a>>,
    read: Option<ReadShape<'a>>,
    next: NextShape<'a>,
}

#[derive(Serialize)]
struct HeaderShape<'a> {
    name: &'a str,
    value: &'a str,
}

fn headers(pairs: &[(String, String)]) -> Vec<HeaderShape<'_>> {
    pairs.iter().map(|(name, value)| HeaderShape { name, value }).collect()
}

#[derive(Serialize)]
struct ExchangeShape<'a> {
    method: &'static str,
    url: &'a str,
    headers: Vec<HeaderShape<'a>>,
    status: Option<u16>,
    received: Vec<HeaderShape<'a>>,
    milliseconds: u64,
}

#[derive(Serialize)]
struct CameShape<'a> {
    url: &'a str,
    moved_permanently_to: Option<&'a str>,
    content_type: Option<&'a str>,
    bytes: Option<usize>,
    wire_bytes: Option<usize>,
    etag: Option<&'a str>,
    last_modified: Option<&'a str>,
    fresh_seconds: Option<u64>,
    milliseconds: u64,
}

#[derive(Serialize)]
struct ReadShape<'a> {
    kind: Option<&'static str>,
    rung: &'static str,
    title: Option<&'a str>,
    site: Option<&'a str>,
    outlet: &'a str,
    entries: usize,
    undated: usize,
    not_stored_yet: Option<usize>,
    newest: Option<NewestShape<'a>>,
    pace: &'a Pace,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct NewestShape<'a> {
    published: String,
    title: &'a str,
}

#[derive(Serialize)]
struct NextShape<'a> {
    due: Option<String>,
    because: Vec<BecauseShape<'a>>,
    headers: Vec<HeaderShape<'a>>,
}

#[derive(Serialize)]
struct BecauseShape<'a> {
    why: &'a str,
    until: Option<String>,
}

impl<'a> CheckShape<'a> {
    fn of(check: &'a Check, now: Timestamp) -> CheckShape<'a> {
        let exchange = |exchange: &'a Exchange| ExchangeShape {
            method: "GET",
            url: &exchange.url,
            headers: headers(&exchange.sent),
            status: exchange.status.as_ref().map(|(status, _)| *status),
            received: headers(&exchange.received),
            milliseconds: exchange.milliseconds,
        };
        let because = |one: &'a Because| BecauseShape { why: &one.why, until: one.until.map(utc) };
        CheckShape {
            schema: "newsfold.feed-check/1",
            generated: utc(now),
            feed: &check.feed,
            known: check.stored.is_some(),
            trouble: check.health.is_trouble(),
            health: check.health.word(),
            detail: check.trouble.as_deref(),
            feeds_offered: &check.offered,
            asked: check.exchanges.iter().map(exchange).collect(),
            came: check.came.as_ref().map(CameShape::of),
            read: check.read.as_ref().map(ReadShape::of),
            next: NextShape {
                due: check.next.due.map(utc),
                because: check.next.because.iter().map(because).collect(),
                headers: headers(&check.next.conditions),
            },
        }
    }
}

impl<'a> CameShape<'a> {
    fn of(came: &'a Came) -> CameShape<'a> {
        CameShape {
            url: &came.url,
            moved_permanently_to: came.moved_to.as_deref(),
            content_type: came.content_type.as_deref(),
            bytes: came.bytes,
            wire_bytes: came.wire_bytes,
            etag: came.validators.etag.as_deref(),
            last_modified: came.validators.last_modified.as_deref(),
            fresh_seconds: came.fresh_seconds,
            milliseconds: came.milliseconds,
        }
    }
}

impl<'a> ReadShape<'a> {
    fn of(read: &'a Read) -> ReadShape<'a> {
        ReadShape {
            kind: read.kind,
            rung: read.rung.word(),
            title: read.title.as_deref(),
            site: read.site.as_deref(),
            outlet: &read.outlet,
            entries: read.entries,
            undated: read.undated,
            not_stored_yet: read.unmet,
            newest: read.newest.as_ref().map(|(at, title)| NewestShape { published: utc(*at), title }),
            pace: &read.pace,
            warnings: &read.warnings,
        }
    }
}
