//! Weeks of service in seconds, in a world made from a seed: the engine polls, stores, clusters and indexes as it does in earnest, under
//! a clock that the test moves, and is restarted, stopped by errors, set back by power cuts, corrected and pruned meanwhile.
//! After every step all that must hold is looked at. A world that fails names its seed, and `TEST_SEED=…` makes it again, step for step.
//!
//! A few worlds; 300 with `SLOW_TESTS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsfold::ingest::{self, Finished, Ingest};
use newsfold::model::{ArticleId, FeedWish, Ruling};
use newsfold::schedule;
use newsfold::store::{Store, Wanted};
use newsfold::writer::{Params, Writer};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::binary::is_slow_wanted;
use crate::sound::{self, Dice, Image, all};
use crate::world::World;

const STEPS: usize = 30;

/// What happens to the engine in a step, beside its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Peace,
    /// It is ended in order, and started again.
    Restart,
    /// A statement of its transaction fails, and the pass with it.
    Error,
    /// The power is cut: what was not synced is gone, from some place of the log on.
    PowerCut,
    /// A person merges, splits or bars.
    Correction,
    /// Articles are given up.
    Burial,
    /// The clock is set back, or jumps ahead.
    Clock,
}

const FATES: [Fate; 12] = [
    Fate::Peace,
    Fate::Peace,
    Fate::Peace,
    Fate::Peace,
    Fate::Restart,
    Fate::Restart,
    Fate::Error,
    Fate::PowerCut,
    Fate::Correction,
    Fate::Correction,
    Fate::Burial,
    Fate::Clock,
];

struct Life {
    world: World,
    dice: Dice,
    folder: TempDir,
    clock: Arc<Mutex<Timestamp>>,
    writer: Option<Writer>,
    /// Keeps the log from being emptied when the engine is not there.
    beside: Option<Connection>,
    runtime: tokio::runtime::Runtime,
    /// Reports that were given up; they must not come back.
    buried: BTreeMap<u64, Vec<String>>,
    /// Whether articles are given up in this world: then what is derived is not what a rebuild makes of what is left.
    buries: bool,
    story: Vec<String>,
    /// By how much the clock is to be set back.
    ahead: SignedDuration,
}

impl Life {
    fn new(seed: u64) -> Life {
        let world = World::new(seed, 8);
        let folder = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-02-13T12:00:00Z".parse().unwrap();
        let mut life = Life {
            dice: Dice(seed),
            folder,
            clock: Arc::new(Mutex::new(start)),
            writer: None,
            beside: None,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            buried: BTreeMap::new(),
            buries: seed.is_multiple_of(3),
            story: Vec::new(),
            ahead: SignedDuration::ZERO,
            world,
        };
        for url in life.world.urls() {
            let now = life.now();
            life.writer().store().add_feed(&FeedWish::of_url(&url), now).unwrap();
        }
        life.beside = Some(life.connection());
        life
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("n.db")
    }

    fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    /// A connection that has looked at the file, and so is counted among those that use it.
    fn connection(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.query_row("SELECT count(*) FROM feeds", [], |_| Ok(())).unwrap();
        connection
    }

    fn beside(&self) -> &Connection {
        self.beside.as_ref().expect("it is there but for the moment of a power cut")
    }

    fn writer(&mut self) -> &mut Writer {
        let (path, now) = (self.path(), self.now());
        self.writer.get_or_insert_with(|| {
            Writer::new(Store::open(&path, 7, now).expect("the database opens"), Params::default()).expect("it is ours")
        })
    }

    fn ids(&self, sql: &str) -> Vec<ArticleId> {
        let ids = all(self.beside(), sql).unwrap();
        ids.iter().map(|id| ArticleId(id.parse().unwrap())).collect()
    }

    /// Asks what is due, as the service does; says whether it could be stored.
    fn pass(&mut self) -> bool {
        let (now, clock, world) = (self.now(), Arc::clone(&self.clock), self.world.clone());
        let feeds = self.writer().store().feeds().unwrap();
        let due = schedule::due(&feeds, now, &schedule::Params::default());
        let writer = self.writer.take().unwrap();
        // One at a time, so that answers come in one order.
        let params = ingest::Params {
            downloads_max: 1,
            host_spacing: Duration::ZERO,
            batch_wait: Duration::ZERO,
            // Each by itself: else it would be chance which of them fail together.
            batch_articles_max: 0,
            retry_for: Duration::ZERO,
            ..ingest::Params::default()
        };
        let finished = self.runtime.block_on(async {
            let now = move || *clock.lock().unwrap();
            let mut ingest = Ingest::start(writer, world, params, now, CancellationToken::new());
            for id in due {
                ingest.ask(feeds.iter().find(|feed| feed.id == id).unwrap().clone());
            }
            ingest.finish(drop).await
        });
        match finished {
            Finished::Whole(writer) => self.writer = Some(writer),
            Finished::Part(writer, error) => {
                assert!(error.to_string().contains("as the test wants"), "{error}");
                self.writer = Some(writer);
                return false;
            }
            Finished::Fault(fault) => panic!("{fault}"),
        }
        true
    }

    /// Time goes on, the world with it, and then something happens.
    fn step(&mut self) {
        if !self.ahead.is_zero() && self.dice.happens(60) {
            let right = self.now() - std::mem::take(&mut self.ahead);
            *self.clock.lock().unwrap() = right;
            self.world.forget_pauses();
        }
        let feeds = self.writer().store().feeds().unwrap();
        let wake = schedule::next_wake(&feeds, self.now(), &schedule::Params::default()).unwrap_or(self.now());
        assert!(wake.duration_since(self.now()) <= SignedDuration::from_hours(8 * 24), "it sleeps until {wake}");
        let pause = SignedDuration::from_mins(30 + i64::try_from(self.dice.below(14 * 60)).unwrap());
        let next = wake.max(self.now()) + pause;
        *self.clock.lock().unwrap() = next;
        self.world.live(next);
        let fate = *self.dice.one(&FATES);
        self.story.push(format!("{next} {fate:?}"));
        match fate {
            Fate::Peace => {}
            Fate::Restart => self.writer = None,
            Fate::Error => return self.fail(),
            Fate::PowerCut => return self.lose_power(),
            Fate::Correction => self.correct(),
            Fate::Burial => self.bury(),
            Fate::Clock => {
                let hours = [-30, -2, 2, 24 * 40][usize::try_from(self.dice.below(4)).unwrap()];
                *self.clock.lock().unwrap() = next + SignedDuration::from_hours(hours);
                // A long way ahead it is only until somebody notices.
                self.ahead = SignedDuration::from_hours(if hours > 24 { hours } else { 0 });
                self.world.forget_pauses();
            }
        }
        self.world.served();
        assert!(self.pass(), "nothing hinders it");
        self.assert_stored();
    }

    fn fail(&mut self) {
        let (table, among) =
            [("memberships", 3), ("marks", 7), ("feeds", 4)][usize::try_from(self.dice.below(3)).unwrap()];
        let event = if table == "feeds" { "UPDATE" } else { "INSERT" };
        let before = self.writer().dump().unwrap();
        self.beside()
            .execute_batch(
                &format!(
                    "CREATE TRIGGER trouble BEFORE {event} ON {table} WHEN new.rowid % {among} = 1
                 BEGIN SELECT raise(ABORT, 'as the test wants'); END"
                )
                .replace(
                    "new.rowid",
                    match table {
                        "memberships" => "new.article",
                        "marks" => "abs(new.mark)",
                        _ => "new.id",
                    },
                ),
            )
            .unwrap();
        let served_before = self.writer().store().last_seen().unwrap();
        let pauses = self.world.pauses();
        let is_stored = self.pass();
        self.beside().execute_batch("DROP TRIGGER trouble").unwrap();
        if !is_stored {
            self.world.take_back(&pauses);
        }
        if !is_stored && self.writer().store().last_seen().unwrap() == served_before {
            assert_eq!(self.writer().dump().unwrap(), before, "what failed left nothing");
        }
    }

    /// Ends it, and lays in place of its file what a power cut may have left: the file as it was, and the log up to some commit.
    fn lose_power(&mut self) {
        let pauses = self.world.pauses();
        // What was moved from the log into the file was synced before, and cannot be lost: so the log begins here.
        self.writer().store().checkpoint().unwrap();
        let file = fs::read(self.path()).unwrap();
        self.pass();
        let image = Image::of(&self.path());
        let was_moved = fs::read(image.path()).unwrap() != file;
        self.writer = None;
        self.beside = None;
        let log = fs::read(format!("{}-wal", image.path().display())).unwrap_or_default();
        // Index and articles take turns by chance, so the states are told apart by what was asked and stored.
        let mut states: Vec<(String, usize)> = Vec::new();
        for end in commits(&log) {
            let left = tempfile::tempdir().unwrap();
            fs::copy(image.path(), left.path().join("n.db")).unwrap();
            fs::write(left.path().join("n.db-wal"), &log[..end]).unwrap();
            let connection = Connection::open(left.path().join("n.db")).unwrap();
            let told =
                "SELECT group_concat(id || ' ' || coalesce(last_attempt, '') || health || (SELECT value FROM meta
                WHERE key = 'last_seq')) FROM feeds";
            let state = all(&connection, told).map_or_else(|error| error.to_string(), |rows| rows.concat());
            match states.last_mut() {
                Some((known, last)) if *known == state => *last = end,
                _ => states.push((state, end)),
            }
        }
        states.retain(|_| !was_moved);
        if let Some((_, end)) = states.get(usize::try_from(self.dice.below(states.len() as u64 + 1)).unwrap()) {
            fs::copy(image.path(), self.path()).unwrap();
            fs::write(self.folder.path().join("n.db-wal"), &log[..*end]).unwrap();
            fs::remove_file(self.folder.path().join("n.db-shm")).unwrap_or_default();
            self.world.take_back(&pauses);
        }
        self.beside = Some(self.connection());
        let there = self.numbers();
        self.buried.retain(|number, _| !there.contains_key(number));
    }

    fn correct(&mut self) {
        let places = all(self.beside(), "SELECT id FROM clusters ORDER BY id").unwrap();
        let corrections = all(self.beside(), "SELECT number FROM corrections ORDER BY number").unwrap();
        if places.len() < 4 {
            return;
        }
        let (one, other) = (self.dice.one(&places).clone(), self.dice.one(&places).clone());
        let members = |life: &Life, cluster: &str| {
            life.ids(&format!("SELECT article FROM memberships WHERE cluster = {cluster} ORDER BY article"))
        };
        let (ones, others) = (members(self, &one), members(self, &other));
        let undone = corrections.last().and_then(|number| number.parse().ok());
        let wanted = match self.dice.below(4) {
            0 if undone.is_some() => {
                Wanted { ruling: Ruling::Undo, ones: Vec::new(), others: Vec::new(), undoes: undone }
            }
            1 if ones.len() > 1 => {
                let (left, right) = ones.split_at(ones.len() / 2);
                Wanted { ruling: Ruling::Split, ones: right.to_vec(), others: left.to_vec(), undoes: None }
            }
            2 if one != other => Wanted { ruling: Ruling::Apart, ones, others, undoes: None },
            _ if one != other => Wanted { ruling: Ruling::Merge, ones, others, undoes: None },
            _ => return,
        };
        let now = self.now();
        self.writer().store().add_correction(&wanted, now).unwrap();
    }

    fn bury(&mut self) {
        let ids = self.ids("SELECT id FROM articles ORDER BY id");
        if !self.buries || ids.len() < 20 {
            return;
        }
        let chosen: Vec<ArticleId> =
            (0..5).map(|_| *self.dice.one(&ids)).collect::<BTreeSet<_>>().into_iter().collect();
        let before = self.numbers();
        self.writer().bury(&chosen).unwrap();
        let after = self.numbers();
        self.buried.extend(before.into_iter().filter(|(number, _)| !after.contains_key(number)));
    }

    /// The feeds and how often each report is stored, by its number, which stands in its title.
    fn numbers(&self) -> BTreeMap<u64, Vec<String>> {
        let sql = "SELECT f.url || ' ' || a.title FROM articles a JOIN feeds f ON f.id = a.feed";
        let mut numbers: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for line in all(self.beside(), sql).unwrap() {
            let (url, title) = line.split_once(' ').unwrap();
            if let Some(number) = number(title) {
                numbers.entry(number).or_default().push(url.to_owned());
            }
        }
        numbers
    }

    fn titles(&self) -> BTreeSet<String> {
        all(self.beside(), "SELECT title FROM articles UNION SELECT title FROM revisions")
            .unwrap()
            .into_iter()
            .collect()
    }

    /// What each feed is known by.
    fn known(&self) -> Vec<(String, String)> {
        let sql = "SELECT url || ' ' || coalesce(etag, last_modified) FROM feeds WHERE coalesce(etag, last_modified) IS NOT NULL";
        let lines = all(self.beside(), sql).unwrap();
        lines
            .iter()
            .map(|line| line.split_once(' ').map(|(url, tag)| (url.to_owned(), tag.to_owned())).unwrap())
            .collect()
    }

    /// Every report of every whole document that was sent in this step is stored, under the title that it had.
    fn assert_stored(&self) {
        let titles = self.titles();
        for served in self.world.served() {
            let is_missing = |title: &&String| {
                !titles.contains(*title) && !number(title).is_some_and(|number| self.buried.contains_key(&number))
            };
            let missing: Vec<_> = served.titles.iter().filter(is_missing).collect();
            assert!(missing.is_empty(), "{} sent these, and they are not stored: {missing:?}", served.url);
        }
    }

    /// What holds after every step, whatever happened in it.
    fn assert_sound(&mut self) {
        // By a new connection: FTS5's integrity check goes by what its own connection knew of the index before others wrote to it.
        let faults = sound::faults(&self.connection());
        assert!(faults.is_empty(), "{faults:#?}");
        let titles = self.titles();
        for (url, known_by) in self.known() {
            let document = self.world.document(&url, &known_by).unwrap_or_else(|| panic!("{url} never had {known_by}"));
            let is_missing = |title: &&String| {
                !titles.contains(*title) && !number(title).is_some_and(|number| self.buried.contains_key(&number))
            };
            let missing: Vec<_> = document.iter().filter(is_missing).collect();
            assert!(missing.is_empty(), "{url} is known by {known_by}, and these are not stored: {missing:?}");
        }
        for (number, urls) in self.numbers() {
            // Another feed that carries it as well, and that nobody knew to do so, may bring it.
            let is_back = |url: &String| {
                self.buried.get(&number).is_some_and(|urls| urls.contains(url)) && self.world.is_honest(url)
            };
            assert!(
                !urls.iter().any(is_back) || self.world.was_halved(number),
                "report {number} was given up and is back in {urls:?}"
            );
            let distinct: BTreeSet<&String> = urls.iter().collect();
            let is_twice = urls.len() > distinct.len()
                && !self.world.was_halved(number)
                && urls.iter().all(|url| self.world.is_told_apart(url));
            let rows = format!("SELECT id || ' ' || seen || ' ' || published || ' ' || url || ' ' || title || ' ' || text FROM articles
                WHERE title LIKE '%(report {number})'");
            assert!(!is_twice, "report {number} is there twice: {:#?}", all(self.beside(), &rows));
        }
        if !self.buries && self.dice.happens(12) {
            assert_eq!(sound::remade(&Image::of(&self.path())), "", "a rebuild differs");
        }
    }

    /// All that a world came to.
    fn outcome(&mut self) -> String {
        let rows = all(
            self.beside(),
            "SELECT id || code || title || text || seen || revision || feed FROM articles ORDER BY id",
        );
        format!("{}\n{}", self.writer().dump().unwrap(), rows.unwrap().join("\n"))
    }
}

/// Where in a write-ahead log each transaction ends (<https://www.sqlite.org/fileformat2.html#walformat>).
fn commits(log: &[u8]) -> Vec<usize> {
    let frame = 24 + 4096;
    let ends = (1..=log.len().saturating_sub(32) / frame).map(|count| 32 + count * frame);
    // The head of a transaction's last frame tells how many pages the file has then.
    ends.filter(|end| log[end - frame + 4..end - frame + 8] != [0; 4]).collect()
}

/// The number that stands in a title; none in one that was cut off.
fn number(title: &str) -> Option<u64> {
    title.rsplit_once("(report ")?.1.strip_suffix(')')?.parse().ok()
}

/// Lives through a world; gives what it came to, and how many articles and requests that were.
fn live(seed: u64, steps: usize) -> (String, usize, usize) {
    let mut life = Life::new(seed);
    for step in 0..steps {
        let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            life.step();
            life.assert_sound();
        }));
        if let Err(panic) = lived {
            eprintln!("TEST_SEED={seed} fails at step {step}:\n{}", life.story.join("\n"));
            std::panic::resume_unwind(panic);
        }
    }
    (life.outcome(), life.numbers().len(), life.world.requests())
}

#[test]
fn whatever_feeds_do_and_whatever_befalls_the_engine_nothing_is_lost_or_doubled() {
    let first = sound::seed(1);
    let worlds = match (std::env::var_os("TEST_SEED"), is_slow_wanted()) {
        (Some(_), _) => 1,
        (None, true) => 300,
        (None, false) => 2,
    };
    let (mut articles, mut requests) = (0, 0);
    for seed in first..first + worlds {
        let (_, of_these, asked) = live(seed, STEPS);
        articles += of_these;
        requests += asked;
    }
    println!("{worlds} worlds, {requests} requests, {articles} articles");
    assert!(articles > 60 * usize::try_from(worlds).unwrap(), "{articles} articles");
}

#[test]
fn a_world_is_the_same_whenever_its_seed_is() {
    let ((one, ..), (other, ..)) = (live(5, 15), live(5, 15));
    // Not as one assertion: they are long.
    let differs = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert_eq!((differs, one.len()), (None, other.len()));
}
