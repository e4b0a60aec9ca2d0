//! `run`, killed with SIGKILL at seeded moments, again and again, while an origin serves feeds that change: nothing that was acknowledged
//! is lost, nothing is there twice, nobody is asked early, and what is derived is what a rebuild makes.
//!
//! 20 rounds; 200 with `SLOW_TESTS=1`. A round that fails names its seed; `TEST_SEED=… cargo test --test it kill::` begins with it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use newsfold::clock;

use crate::binary::{Home, is_slow_wanted};
use crate::daemon::Service;
use crate::origin::{Answer, Origin};
use crate::samples::{Entry, rss};
use crate::sound::{self, Dice, Image, all, told};

const FEEDS: u64 = 8;
/// Entries of a document; the other feeds keep all they ever had.
const ENTRIES_MAX: usize = 12;

/// One state of a feed, as the origin has it.
struct Edition {
    etag: String,
    links: Vec<String>,
}

/// A feed and every document that the origin will serve for it, one a request, the last for ever.
struct Feed {
    path: String,
    editions: Vec<Edition>,
    keeps_all: bool,
}

/// Entries that come, change and go.
fn write(dice: &mut Dice, number: u64, requests: usize, origin: &Origin) -> Feed {
    let (path, outlet, keeps_all) = (format!("/feed{number}"), format!("Outlet {number}"), number.is_multiple_of(2));
    let mut entries: Vec<(u64, String, String)> = Vec::new();
    let (mut editions, mut answers, mut last) = (Vec::new(), Vec::new(), 0);
    for request in 0..requests {
        if request == 0 || dice.happens(60) {
            for _ in 0..=dice.below(2) {
                last += 1;
                let (title, text) = told(last / 2 + dice.below(3), number, last);
                entries.insert(0, (last, title, text));
            }
            if dice.happens(30) {
                let at = usize::try_from(dice.below(entries.len() as u64)).unwrap();
                entries[at].2.push_str(" This report was corrected.");
            }
            if !keeps_all {
                entries.truncate(ENTRIES_MAX);
            }
        }
        let guids: Vec<String> = entries.iter().map(|(entry, ..)| format!("{number}-{entry}")).collect();
        let links: Vec<String> =
            entries.iter().map(|(entry, ..)| format!("https://outlet{number}.example/report/{entry}")).collect();
        let listed: Vec<Entry<'_>> = entries
            .iter()
            .zip(guids.iter().zip(&links))
            .map(|((_, title, text), (guid, link))| Entry { guid, link, title, text, ..Entry::default() })
            .collect();
        let answer = Answer::feed(rss(&outlet, &listed), "application/rss+xml");
        editions.push(Edition { etag: answer.own("ETag").expect("a feed has one").to_owned(), links });
        // Some come slowly, so that a kill meets them on their way.
        answers.push(if dice.happens(30) { answer.drip(900, Duration::from_millis(40)) } else { answer });
    }
    origin.serve_in_turn(&path, answers);
    Feed { path, editions, keeps_all }
}

/// What a process that was killed left behind.
struct Left {
    /// The links of each feed's articles, by the feed's URL.
    stored: BTreeMap<String, BTreeSet<String>>,
    /// The validators of each feed, and when it is due, in milliseconds since 1970.
    known: BTreeMap<String, (Option<String>, Option<i64>)>,
}

fn left(image: &Image, when: &str) -> Left {
    let connection = image.connection();
    let mut left = Left { stored: BTreeMap::new(), known: BTreeMap::new() };
    if all(&connection, "SELECT name FROM sqlite_schema WHERE name = 'outbox'").unwrap().is_empty() {
        // It died before all of the tables stood.
        return left;
    }
    let faults = sound::faults(&connection);
    assert!(faults.is_empty(), "{when}: {faults:#?}");
    let twice = all(&connection, "SELECT url FROM articles GROUP BY url HAVING count(*) > 1").unwrap();
    assert!(twice.is_empty(), "{when}: there twice: {twice:?}");
    let quarantined = all(&connection, "SELECT url FROM feeds WHERE health = 'quarantined'").unwrap();
    assert!(quarantined.is_empty(), "{when}: quarantined: {quarantined:?}");
    let mut feeds = connection.prepare("SELECT url, etag, next_due FROM feeds").unwrap();
    let mut rows = feeds.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        left.known.insert(row.get(0).unwrap(), (row.get(1).unwrap(), row.get(2).unwrap()));
    }
    let mut articles = connection.prepare("SELECT f.url, a.url FROM articles a JOIN feeds f ON f.id = a.feed").unwrap();
    let mut rows = articles.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        left.stored.entry(row.get(0).unwrap()).or_default().insert(row.get(1).unwrap());
    }
    left
}

/// How many new articles each feed's lines of a JSON log say were stored.
fn told_stored(log: &str) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for line in log.lines() {
        // The last one may be half a line.
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let fields = &line["fields"];
        if fields["message"] == "stored" {
            let feed = fields["feed"].as_str().expect("it names the feed").to_owned();
            *told.entry(feed).or_default() += usize::try_from(fields["new"].as_u64().expect("a number")).unwrap();
        }
    }
    told
}

/// From when on a life is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Start,
    Request,
}

struct Supervisor {
    origin: Origin,
    feeds: Vec<Feed>,
    home: Home,
    /// New articles that the log said were stored, by feed, over all rounds.
    acknowledged: BTreeMap<String, usize>,
    before: Left,
    /// One moment by both clocks.
    begun: (Instant, Timestamp),
}

impl Supervisor {
    fn new(dice: &mut Dice, requests: usize) -> Supervisor {
        let origin = Origin::start();
        let feeds: Vec<Feed> = (0..FEEDS).map(|number| write(dice, number, requests, &origin)).collect();
        // One that is never due again: asked once, whatever is killed.
        let (title, text) = told(1, 99, 1);
        let calm =
            [Entry { guid: "calm", link: "https://calm.example/1", title: &title, text: &text, ..Entry::default() }];
        origin.serve("/calm", Answer::feed(rss("Calm", &calm), "application/rss+xml"));
        let mut config = "[fetch]\nallow_private_addresses = true\nper_host = 16\n".to_owned();
        for feed in &feeds {
            config.push_str(&format!("[[feeds]]\nurl = \"{}\"\ninterval = \"1s\"\n", origin.url(&feed.path)));
        }
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\ninterval = \"6h\"\n", origin.url("/calm")));
        Supervisor {
            home: Home::with_config(&config),
            origin,
            feeds,
            acknowledged: BTreeMap::new(),
            before: Left { stored: BTreeMap::new(), known: BTreeMap::new() },
            begun: (Instant::now(), clock::now()),
        }
    }

    /// Milliseconds since 1970 of a moment.
    fn wall(&self, at: Instant) -> i64 {
        let since = SignedDuration::try_from(at.duration_since(self.begun.0)).unwrap();
        (self.begun.1 + since).as_millisecond()
    }

    /// Runs it for so long, from its start or from its first request on, kills it, and compares what is left with what was served.
    fn round(&mut self, life: Duration, from: From, when: &str) {
        let began = Instant::now();
        let asked = self.origin.all_requests().len();
        let mut service = Service::start(&self.home, &["--log-format", "json", "run"]);
        if from == From::Request {
            service.until("it asks", || self.origin.all_requests().len() > asked);
        }
        let until = Instant::now() + life;
        while Instant::now() < until {
            service.assert_alive(when);
            std::thread::sleep(Duration::from_millis(2));
        }
        service.signal("KILL");
        service.end(Duration::from_secs(10));
        let log = service.log();
        drop(service);
        assert!(!log.contains("\"ERROR\"") && !log.contains("panicked"), "{when}:\n{log}");
        for (feed, count) in told_stored(&log) {
            *self.acknowledged.entry(feed).or_default() += count;
        }
        let image = Image::of(&self.home.path("newsfold.db"));
        let left = left(&image, when);
        self.compare(&left, began, when);
        self.before = left;
    }

    fn compare(&self, left: &Left, began: Instant, when: &str) {
        let nothing = BTreeSet::new();
        for feed in &self.feeds {
            let url = self.origin.url(&feed.path);
            let stored = left.stored.get(&url).unwrap_or(&nothing);
            let gone: Vec<_> = self.before.stored.get(&url).unwrap_or(&nothing).difference(stored).collect();
            assert!(gone.is_empty(), "{when}: {url} has lost {gone:?}");
            let acknowledged = self.acknowledged.get(&url).copied().unwrap_or(0);
            assert!(stored.len() >= acknowledged, "{when}: {url}: {acknowledged} told, {} there", stored.len());
            // What the file knows the feed by, and what the origin was ever told, is of documents that are stored whole.
            let asked = self.origin.requests(&feed.path);
            let sent = asked.iter().filter_map(|seen| seen.header("if-none-match").map(str::to_owned));
            let known = left.known.get(&url).and_then(|(etag, _)| etag.clone());
            for etag in sent.chain(known).collect::<BTreeSet<String>>() {
                let edition = feed.editions.iter().find(|edition| edition.etag == etag);
                let links = &edition.unwrap_or_else(|| panic!("{when}: {url} never had {etag}")).links;
                let missing: Vec<_> = links.iter().filter(|link| !stored.contains(*link)).collect();
                assert!(missing.is_empty(), "{when}: {url}: {etag} is known, and these are not stored: {missing:?}");
            }
            let served: BTreeSet<&String> = feed.editions[..asked.len().min(feed.editions.len())]
                .iter()
                .flat_map(|edition| &edition.links)
                .collect();
            assert!(stored.iter().all(|link| served.contains(link)), "{when}: {url} holds what was never served");
            if let Some((_, Some(due))) = self.before.known.get(&url)
                && let Some(first) = asked.iter().find(|seen| seen.at >= began)
            {
                let early = due - self.wall(first.at);
                assert!(early <= 5, "{when}: {url} was asked {early} ms before it was due");
            }
        }
    }

    /// Lives on in peace until the origin's last documents are known, and ends in order.
    fn settle(&self, when: &str) {
        let mut service = Service::start(&self.home, &["run"]);
        // Before it listens for signals, one ends it as it ends everybody.
        let log = self.home.path("log");
        service.until("it is up", || std::fs::read_to_string(&log).is_ok_and(|log| log.contains("ready")));
        for feed in &self.feeds {
            let last = &feed.editions.last().expect("a feed has documents").etag;
            service.until("the last documents are known", || {
                self.origin.requests(&feed.path).iter().any(|seen| seen.header("if-none-match") == Some(last))
            });
        }
        service.signal("TERM");
        assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{when}: {}", service.log());
        let calm = self.origin.requests("/calm").len();
        let left = left(&Image::of(&self.home.path("newsfold.db")), when);
        for feed in &self.feeds {
            let stored = &left.stored[&self.origin.url(&feed.path)];
            let last = &feed.editions.last().expect("a feed has documents").links;
            assert!(last.iter().all(|link| stored.contains(link)), "{when}: {}", feed.path);
            assert!(!feed.keeps_all || stored.len() == last.len(), "{when}: {}", feed.path);
        }
        assert!(calm <= 1 + self.before_calm(), "{when}: the calm feed was asked {calm} times");
        assert!(!self.home.path("newsfold.db-wal").exists(), "{when}: an orderly end leaves no log");
        sound::assert_sound(&self.home.path("newsfold.db"), when);
    }

    /// How often the calm feed may have been asked in vain: its answer was on its way when the process was killed.
    fn before_calm(&self) -> usize {
        let asked = self.origin.requests("/calm");
        let again = asked.iter().filter(|seen| seen.header("if-none-match").is_some()).count();
        assert_eq!(again, 0, "once its answer is stored it is not due");
        asked.len() - 1
    }
}

#[test]
fn killed_at_seeded_moments_it_loses_nothing_doubles_nothing_and_asks_nobody_early() {
    let rounds = if is_slow_wanted() { 200 } else { 20 };
    let seed = sound::seed(20_260_213);
    let mut dice = Dice(seed);
    let mut supervisor = Supervisor::new(&mut dice, rounds * 3 / 5);
    for round in 0..rounds {
        // How long a start takes depends on the machine; most of them are to be killed at work.
        let from = if dice.happens(25) { From::Start } else { From::Request };
        let life = Duration::from_millis(if from == From::Start { 10 + dice.below(400) } else { dice.below(1_100) });
        let when = format!("TEST_SEED={seed}, round {round}, killed {life:?} after its {from:?}");
        supervisor.round(life, from, &when);
        if round % 10 == 9 {
            sound::assert_sound(&supervisor.home.path("newsfold.db"), &when);
        }
    }
    let stored: usize = supervisor.before.stored.values().map(BTreeSet::len).sum();
    let asked = supervisor.origin.all_requests().len();
    supervisor.settle(&format!("TEST_SEED={seed}, at the end"));
    println!("{rounds} kills, {asked} requests, {stored} articles");
    assert!(
        asked > rounds && stored > rounds / 2,
        "it lived long enough to be killed at work: {asked} requests, {stored} articles"
    );
}
