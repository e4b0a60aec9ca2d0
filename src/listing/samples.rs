//! Station: sample clusters in our own words, and the comparison with expected outputs, for the tests of listings and digests.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::listing::check::{Because, Came, Check, Exchange, Next, Read};
use crate::listing::discovery::{By, Discovery, Found, Tried};
use crate::listing::plain::coverage;
use crate::listing::{Rival, Style, Why};
use crate::model::{
    Article, ArticleId, Cluster, ClusterId, Code, Evidence, Facts, Feed, FeedId, FeedState, Health, How, KeptEdition,
    Member, Moving, Origin, Pace, Ranked, Reason, Rung, RunnerUp, Validators,
};

/// A moment the samples share.
pub fn at(time: &str) -> Timestamp {
    time.parse().expect("samples name moments in RFC 3339")
}

/// A reader an hour east of Greenwich, on the afternoon of 13 February.
pub fn style(width: u16) -> Style {
    Style { width: Some(width), color: false, zone: zone(), now: at("2026-02-13T15:00:00Z") }
}

/// An hour east of Greenwich.
pub fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(1))
}

/// An article of the samples; what it does not name is filled in.
pub struct Sketch {
    /// Its number, which also makes its code.
    pub id: i64,
    /// Its outlet, which also makes its feed.
    pub outlet: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Its text.
    pub text: &'static str,
    /// When it was published.
    pub published: &'static str,
    /// How it came in.
    pub how: How,
    /// Which member it copies.
    pub copy_of: Option<i64>,
    /// Its tags.
    pub tags: &'static [&'static str],
}

fn code(id: i64) -> Code {
    Code(format!("a{id:0>10}"))
}

fn slug(outlet: &str) -> String {
    outlet.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

/// The member a sketch stands for.
pub fn member(sketch: &Sketch) -> Member {
    let site = slug(sketch.outlet);
    let published = at(sketch.published);
    let because = match sketch.how {
        How::Founded => Vec::new(),
        _ => vec![
            evidence("title", 0.62, 2.105, &["plate readers", "lindbrook"]),
            evidence("names", 0.5, 1.25, &["lindbrook", "okonjo"]),
            evidence("numbers", 0.0, 0.0, &[]),
            evidence("hours", 0.4, -0.31, &[]),
        ],
    };
    Member {
        article: Article {
            id: ArticleId(sketch.id),
            code: code(sketch.id),
            feed: FeedId(1),
            feed_url: format!("https://{site}.example/feed.xml"),
            also_in: Vec::new(),
            outlet: sketch.outlet.to_owned(),
            url: Some(format!("https://{site}.example/news/{}", sketch.id)),
            title: sketch.title.to_owned(),
            text: sketch.text.to_owned(),
            author: None,
            voice: None,
            lang: Some("en".to_owned()),
            published,
            date_doubt: None,
            seen: published + jiff::SignedDuration::from_mins(7),
            revised: published + jiff::SignedDuration::from_mins(7),
            image: None,
            links: Vec::new(),
            categories: Vec::new(),
            enclosures: Vec::new(),
            backlog: false,
            tags: sketch.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            revision: 1,
            priority: 0,
            paywalled: false,
        },
        joined: Reason {
            how: sketch.how,
            probability: if sketch.how == How::Founded { 0.89 } else { 0.968 },
            because,
            nearest: None,
            hours_apart: None,
            runner_up: None,
        },
        copy_of: sketch.copy_of.map(code),
    }
}

/// A piece of evidence.
pub fn evidence(what: &str, value: f64, weight: f64, shared: &[&str]) -> Evidence {
    Evidence { what: what.to_owned().into(), value, weight, shared: shared.iter().collect() }
}

/// Clusters as they come ranked. Facts are told here by hand, because a listing must print what it is given.
pub fn clusters() -> Vec<Ranked> {
    vec![town(), harvest(), hostile(), old()]
}

/// One story, five articles, four outlets, two of them with words of their own, the last one a correction.
pub fn town() -> Ranked {
    let tags: &[&str] = &["tech", "privacy"];
    let text =
        "Lindbrook will switch off its plate readers after a night of protest.\n\nThe council voted nine to two.";
    let sketch =
        |id, outlet, title, published, how, copy_of| Sketch { id, outlet, title, text, published, how, copy_of, tags };
    let mut members = vec![
        member(&sketch(
            101,
            "Lindbrook Courier",
            "Lindbrook switches off its plate readers",
            "2026-02-12T21:05:00Z",
            How::Founded,
            None,
        )),
        member(&sketch(
            102,
            "Northern Wire",
            "Town ends plate-reader contract after protest",
            "2026-02-12T22:40:00Z",
            How::Joined,
            None,
        )),
        member(&sketch(
            103,
            "The Daily Quill",
            "Town ends plate-reader contract after protest",
            "2026-02-13T05:30:00Z",
            How::Joined,
            Some(102),
        )),
        member(&sketch(
            104,
            "Kanal Sieben",
            "Kleinstadt schaltet Kennzeichen-Kameras ab",
            "2026-02-13T08:15:00Z",
            How::Corrected,
            None,
        )),
        member(&sketch(
            105,
            "The Daily Quill",
            "What the plate readers of Lindbrook saw",
            "2026-02-13T11:50:00Z",
            How::Joined,
            None,
        )),
    ];
    members[0].article.revision = 2;
    members[3].article.lang = Some("de".to_owned());
    members[4].joined.runner_up = Some(RunnerUp {
        cluster: ClusterId(ArticleId(401)),
        probability: 0.108,
        because: vec![
            evidence("hours", 0.02, -1.4, &[]),
            evidence("title", 0.21, 0.62, &["plate readers"]),
            evidence("names", 0.0, -0.35, &[]),
        ],
    });
    ranked(
        members,
        3.117,
        0,
        "Lindbrook will switch off its plate readers after a night of protest. The council voted nine to two.",
    )
}

/// A story of one outlet in a script without spaces, with wide characters and an emoji of several characters.
pub fn harvest() -> Ranked {
    let title = "みかんの収穫量が過去最多に、農協「箱が足りない」と悲鳴👩\u{200d}🌾段ボール工場は夜通し稼働、隣県からも応援のトラックが続々と到着";
    let text = "みかんの収穫量が過去最多となった。農協は箱の確保を急いでいる。";
    let sketch = Sketch {
        id: 201,
        outlet: "みなと新聞",
        title,
        text,
        published: "2026-02-13T12:00:00Z",
        how: How::Founded,
        copy_of: None,
        tags: &[],
    };
    let mut member = member(&sketch);
    member.article.lang = Some("ja".to_owned());
    member.article.url = Some("https://minato.example/news/201".to_owned());
    ranked(vec![member], -0.25, 0, text)
}

/// Titles, texts, names and links that try to be more than words.
pub fn hostile() -> Ranked {
    let sketch = |id, outlet, title, text| Sketch {
        id,
        outlet,
        title,
        text,
        published: "2026-02-13T03:00:00Z",
        how: if id == 301 { How::Founded } else { How::Joined },
        copy_of: None,
        tags: &["tech", "=1+1"],
    };
    let text = "<img src=x onerror=alert(1)> *bold* `code` [a](javascript:alert(1)) &lt;b&gt; \u{1b}]0;owned\u{7}\u{9b}31m \u{202e}txt.exe";
    let mut members = vec![
        member(&sketch(
            301,
            "=HYPERLINK(\"http://evil.example\")",
            "<script>alert(1)</script> \u{1b}[31mred\u{1b}[0m | # [x](http://evil.example) __init__\nfake\trow",
            text,
        )),
        member(&sketch(
            302,
            "Eve & \u{202e}Sons <b>",
            "@SUM(1,2)\",\"more\r\n\u{9b}2J ![i](http://evil.example/i.png) &copy; ~~gone~~",
            text,
        )),
    ];
    members[0].article.url = Some("https://evil.example/a_(b)?q=<script>\"'|x&copy;[y]\u{202e}".to_owned());
    members[1].article.url = Some("javascript:alert(1)".to_owned());
    members[1].article.also_in = vec!["https://evil.example/other.xml".to_owned()];
    ranked(members, -0.75, 0, text)
}

/// A story of the year before, about which a later one could have been mistaken.
pub fn old() -> Ranked {
    let sketch = |id, outlet, title, published, how| Sketch {
        id,
        outlet,
        title,
        text: "Lindbrook signed for forty plate readers.",
        published,
        how,
        copy_of: None,
        tags: &["tech"],
    };
    let members = vec![
        member(&sketch(
            401,
            "Lindbrook Courier",
            "Lindbrook signs for forty plate readers",
            "2025-10-02T09:00:00Z",
            How::Founded,
        )),
        member(&sketch(402, "Northern Wire", "A town buys forty plate readers", "2025-10-02T11:30:00Z", How::Joined)),
    ];
    ranked(members, -267.5, 0, "Lindbrook signed for forty plate readers.")
}

fn ranked(members: Vec<Member>, rank: f64, representative: usize, summary: &str) -> Ranked {
    let articles = || members.iter().map(|member| &member.article);
    let mut outlets: Vec<String> = Vec::new();
    for article in articles() {
        if !outlets.contains(&article.outlet) {
            outlets.push(article.outlet.clone());
        }
    }
    let copies = members.iter().filter(|member| member.copy_of.is_some()).count();
    let speaker = &members[representative].article;
    let facts = Facts {
        representative,
        headline: speaker.title.clone(),
        summary: summary.to_owned(),
        lang: speaker.lang.clone(),
        tags: speaker.tags.clone(),
        article_count: members.len(),
        independent_count: outlets.len() - copies,
        outlets,
        first_published: articles().map(|article| article.published).min().expect("samples are never empty"),
        last_published: articles().map(|article| article.published).max().expect("samples are never empty"),
        first_seen: articles().map(|article| article.seen).min().expect("samples are never empty"),
        updated: articles().map(|article| article.revised).max().expect("samples are never empty"),
    };
    assert!(coverage(&facts).contains("outlet"));
    let id = ClusterId(members[0].article.id);
    Ranked { cluster: Cluster { id, code: members[0].article.code.of_cluster(), members }, facts, rank }
}

/// Why a member is in its cluster; its runner-up is the old story.
pub fn why(ranked: Ranked, place: usize) -> Why {
    let member = ranked.cluster.members[place].clone();
    let old = old();
    let rival = member.joined.runner_up.is_some().then_some(Rival {
        id: old.cluster.id,
        code: old.cluster.code,
        headline: old.facts.headline,
    });
    Why { member, ranked, rival, correction: None, is_grouped: true }
}

/// Feeds in good health and in trouble.
pub fn feeds() -> Vec<Feed> {
    let feed = |id, url: &str, outlet: &str, health, detail: Option<&str>, failures| Feed {
        id: FeedId(id),
        url: url.to_owned(),
        outlet: Some(outlet.to_owned()),
        outlet_found: None,
        tags: vec!["tech".to_owned()],
        interval: None,
        cluster: true,
        priority: 0,
        paywalled: false,
        allow_private: false,
        origin: Origin::Config,
        active: true,
        added: at("2026-01-01T00:00:00Z"),
        title: None,
        site: None,
        state: FeedState {
            health,
            detail: detail.map(str::to_owned),
            next_due: Some(at("2026-02-13T15:25:00Z")),
            last_attempt: Some(at("2026-02-13T14:55:00Z")),
            last_success: Some(at("2026-02-13T14:55:00Z")),
            last_new: Some(at("2026-02-13T11:57:00Z")),
            failures,
            interval_seconds: 1_800,
            ..FeedState::default()
        },
    };
    let mut feeds = vec![
        feed(1, "https://lindbrookcourier.example/feed.xml", "Lindbrook Courier", Health::Ok, None, 0),
        feed(2, "https://minato.example/rss", "みなと新聞", Health::NotModified, None, 0),
        feed(3, "https://old.example/rss", "The Old Lantern", Health::Gone, Some("410 Gone"), 1),
        feed(
            4,
            "https://evil.example/\u{1b}[2J",
            "=Eve\u{202e} | Sons",
            Health::Unreadable,
            Some("not a feed:\tan HTML page\nwith `<script>`"),
            4,
        ),
        feed(5, "file:///srv/archive.xml", "Archive", Health::New, None, 0),
    ];
    feeds[4].state = FeedState::default();
    feeds[4].origin = Origin::Command;
    let mut held = vec![
        feed(6, "https://quill.example/atom", "The Daily Quill", Health::Ok, None, 0),
        feed(7, "https://wire.example/feed", "Northern Wire", Health::NotModified, None, 0),
        feed(8, "https://wire.example/sport", "Northern Wire", Health::Throttled, Some("429 Too Many Requests"), 2),
    ];
    held[0].state.rung = Rung::Mended;
    held[0].interval = Some(jiff::SignedDuration::from_mins(20));
    held[0].cluster = false;
    held[1].state.moving =
        Some(Moving { to: "https://www.wire.example/feed".to_owned(), since: at("2026-02-11T09:00:00Z"), times: 5 });
    held[2].state.not_before = Some(at("2026-02-13T16:30:00Z"));
    feeds.extend(held);
    feeds
}

/// The feeds of a page, one of them hostile.
pub fn discovery() -> Discovery {
    let found = |url: &str, title: &str, kind, by| Found {
        url: url.to_owned(),
        title: title.to_owned(),
        kind,
        entries: 30,
        newest: Some(at("2026-02-13T11:57:00Z")),
        by,
    };
    let evil = "https://evil.example/\u{1b}[2J';x'";
    Discovery {
        page: "https://quill.example/".to_owned(),
        feeds: vec![
            found("https://quill.example/rss", "The Daily Quill", "RSS", By::Link),
            Found { entries: 1, newest: None, ..found(evil, "=\u{202e}Eve | <b>\nfake", "Atom", By::Anchor) },
        ],
        tried: vec![Tried {
            url: "https://quill.example/feed".to_owned(),
            by: By::Path,
            why: "cannot fetch `https://quill.example/feed`: the server answered 404 Not Found".to_owned(),
        }],
    }
}

/// Two editions of a digest and one of another, whose name is hostile.
pub fn editions() -> Vec<KeptEdition> {
    let edition = |name: &str, number, stories, format: &str| KeptEdition {
        name: name.to_owned(),
        number,
        from: at("2026-02-12T06:00:00Z"),
        until: at("2026-02-13T06:00:00Z"),
        stories,
        format: format.to_owned(),
        bytes: 12_345,
    };
    vec![
        edition("=\u{202e}Eve | <b>\nfake", 1, 1, "epub"),
        edition("morning", 12, 20, "html"),
        edition("morning", 9, 7, "text"),
    ]
}

/// A feed that was asked by way of a redirect and read with trouble, and a page in place of a feed.
pub fn checks() -> [Check; 2] {
    [check(), check_of_page()]
}

fn check() -> Check {
    let stored = feeds().swap_remove(6);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let sent =
        vec![header("accept", "application/rss+xml"), header("if-none-match", "\"old\""), header("x-key", "***")];
    let exchanges = vec![
        Exchange {
            url: "https://wire.example/feed".to_owned(),
            sent: sent.clone(),
            status: Some((301, "301 Moved Permanently".to_owned())),
            received: vec![header("location", "https://www.wire.example/feed")],
            milliseconds: 12,
        },
        Exchange {
            url: "https://www.wire.example/feed".to_owned(),
            sent: sent[..1].to_vec(),
            status: Some((200, "200 OK".to_owned())),
            received: vec![header("cache-control", "max-age=300"), header("etag", "\"n\u{1b}[2Jew\"")],
            milliseconds: 48,
        },
    ];
    let read = Read {
        kind: Some("RSS"),
        rung: Rung::Mended,
        title: Some("Northern Wire\u{202e}".to_owned()),
        site: Some("https://wire.example/".to_owned()),
        outlet: "Northern Wire".to_owned(),
        entries: 12,
        undated: 2,
        unmet: Some(3),
        newest: Some((at("2026-02-13T11:57:00Z"), "Town ends plate-reader contract after protest".to_owned())),
        pace: Pace { ttl_seconds: Some(3_600), period_seconds: Some(7_200), skip_hours: 0b11, skip_days: 0b110_0000 },
        warnings: vec!["2 of 14 entries\tcould not be read".to_owned()],
    };
    let because = |why: &str, until| Because { why: why.to_owned(), until: Some(at(until)) };
    Check {
        feed: "https://wire.example/feed".to_owned(),
        shown: "https://wire.example/feed".to_owned(),
        stored: Some(stored),
        exchanges,
        came: Some(Came {
            url: "https://www.wire.example/feed".to_owned(),
            moved_to: Some("https://www.wire.example/feed".to_owned()),
            content_type: Some("application/rss+xml".to_owned()),
            bytes: Some(48_213),
            wire_bytes: Some(9_127),
            validators: Validators { etag: Some("\"new\"".to_owned()), last_modified: None },
            fresh_seconds: Some(300),
            milliseconds: 61,
        }),
        read: Some(read),
        health: Health::Ok,
        trouble: None,
        offered: Vec::new(),
        next: Next {
            due: Some(at("2026-02-13T17:00:00Z")),
            because: vec![
                because("the feed's `sy:updatePeriod`, 2h", "2026-02-13T17:00:00Z"),
                because("the feed's `ttl`, 1h", "2026-02-13T16:00:00Z"),
                because("the interval learned from its news, 30m", "2026-02-13T15:31:00Z"),
            ],
            conditions: vec![header("if-none-match", "\"new\"")],
        },
    }
}

fn check_of_page() -> Check {
    Check {
        feed: "https://me:pw@quill.example/".to_owned(),
        shown: "https://***@quill.example/".to_owned(),
        stored: None,
        exchanges: vec![Exchange {
            url: "https://***@quill.example/".to_owned(),
            status: Some((200, "200 OK".to_owned())),
            ..Exchange::default()
        }],
        came: Some(Came { bytes: Some(7), wire_bytes: Some(7), ..Came::default() }),
        read: None,
        health: Health::Unreadable,
        trouble: Some("this is an HTML page, not a feed: `<b>\u{1b}[2J`".to_owned()),
        offered: vec!["https://quill.example/rss".to_owned()],
        next: Next { due: None, because: vec![], conditions: vec![] },
    }
}

/// Compares an output with the file that holds what it should be; `UPDATE_EXPECTED=1` writes the file instead.
pub fn check_expected(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/expected/reading").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        return fs::write(&path, actual).expect("the folder of expected outputs can be written");
    }
    let expected = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read `{}`: {error}; UPDATE_EXPECTED=1 writes it", path.display()));
    if expected == actual {
        return;
    }
    let (mut old, mut new) = (expected.lines(), actual.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (expected, actual) = (old.next(), new.next());
        if expected != actual {
            panic!(
                "`{name}`, line {number}:\n  expected {expected:?}\n  but is   {actual:?}\nUPDATE_EXPECTED=1 accepts what is"
            );
        }
        assert!(expected.is_some(), "`{name}` differs in how its lines end");
    }
}
