//! Days of polling in a moment: schedule, ingest and store as the service runs them, under a clock that the test moves.
//!
//! Every pass opens the database anew, as after a restart, asks what is due at the clock's time, and closes it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::FetchError;
use newsfold::fetch::{Fetch, Fetcher, Gate, Params as FetchParams, Request, Response};
use newsfold::ingest::{self, Ingest, IngestError};
use newsfold::model::{Feed, FeedWish, Health};
use newsfold::schedule;
use newsfold::store::Store;
use newsfold::writer::{FeedReport, Params as WriterParams, Writer};
use tokio_util::sync::CancellationToken;

use crate::origin::{Origin, Seen};

/// The salt of the rig's database, from which its jitter comes.
pub const SALT: u64 = 7;

/// A machine with a database and a clock, and an origin beside it.
pub struct Rig {
    pub origin: Origin,
    pub fetch: FetchParams,
    pub ingest: ingest::Params,
    pub schedule: schedule::Params,
    folder: tempfile::TempDir,
    clock: Arc<Mutex<Timestamp>>,
    asked: Vec<(Timestamp, Seen)>,
    runtime: tokio::runtime::Runtime,
    fetcher: Option<(FetchParams, Arc<Fetcher>)>,
}

/// A fetcher that outlives a pass: reading the system's root certificates takes longer than a pass does.
struct Shared(Arc<Fetcher>);

impl Fetch for Shared {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        self.0.fetch(request, now).await
    }

    async fn fetch_in_turn<G: Gate>(
        &self,
        request: &Request,
        gate: &G,
        now: Timestamp,
    ) -> Result<Response, FetchError> {
        self.0.fetch_in_turn(request, gate, now).await
    }
}

/// A request and the clock's time at which it was made.
pub type Asked = (Timestamp, Seen);

pub fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

pub fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

impl Rig {
    /// Friday noon, and nothing known yet.
    pub fn new() -> Rig {
        let fetch =
            FetchParams { allow_private_addresses: true, timeout: Duration::from_secs(5), ..FetchParams::default() };
        Rig {
            origin: Origin::start(),
            fetch,
            ingest: ingest::Params { batch_wait: Duration::ZERO, ..ingest::Params::default() },
            schedule: schedule::Params::default(),
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(Mutex::new("2026-02-13T12:00:00Z".parse().unwrap())),
            asked: Vec::new(),
            runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
            fetcher: None,
        }
    }

    /// A rig with the feed of this path.
    pub fn with(path: &str) -> Rig {
        let rig = Rig::new();
        rig.add(&rig.origin.url(path));
        rig
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("newsfold.db")
    }

    pub fn store(&self) -> Store {
        Store::open(&self.database(), SALT, self.now()).unwrap()
    }

    pub fn writer(&self) -> Writer {
        let params = WriterParams { schedule: self.schedule.clone(), ..WriterParams::default() };
        Writer::new(self.store(), params).unwrap()
    }

    pub fn add(&self, url: &str) {
        assert!(self.store().add_feed(&FeedWish::of_url(url), self.now()).unwrap(), "{url} is new");
    }

    pub fn feeds(&self) -> Vec<Feed> {
        self.store().feeds().unwrap()
    }

    /// The feed of this path, or of this URL.
    pub fn feed(&self, path: &str) -> Feed {
        let url = if path.starts_with('/') { self.origin.url(path) } else { path.to_owned() };
        self.store().feed(&url).unwrap().expect("the feed was added")
    }

    /// How long the feed of this path has to wait from now on.
    pub fn wait_of(&self, path: &str) -> SignedDuration {
        let next = schedule::explain(&self.feed(path), self.now(), SALT, &self.schedule);
        next.at.expect("it is asked again").duration_since(self.now())
    }

    pub fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    pub fn set_clock(&self, now: Timestamp) {
        *self.clock.lock().unwrap() = now;
    }

    pub fn wait(&self, pause: SignedDuration) {
        self.set_clock(self.now().checked_add(pause).unwrap());
    }

    /// Stored articles, by title.
    pub fn titles(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.database()).unwrap();
        let mut statement = connection.prepare("SELECT title FROM articles ORDER BY title").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Asks what is due now.
    pub fn pass(&mut self) -> Vec<FeedReport> {
        self.try_pass().unwrap()
    }

    pub fn try_pass(&mut self) -> Result<Vec<FeedReport>, IngestError> {
        let fetcher = self.fetcher();
        self.pass_with(fetcher, false)
    }

    /// Asks all feeds, as `fetch --all` does.
    pub fn pass_all(&mut self) -> Vec<FeedReport> {
        let fetcher = self.fetcher();
        self.pass_with(fetcher, true).unwrap()
    }

    fn fetcher(&mut self) -> Shared {
        let current = self.fetcher.take().filter(|(params, _)| *params == self.fetch);
        let made = || (self.fetch.clone(), Arc::new(Fetcher::new(self.fetch.clone()).unwrap()));
        let (params, fetcher) = current.unwrap_or_else(made);
        self.fetcher = Some((params, Arc::clone(&fetcher)));
        Shared(fetcher)
    }

    /// Asks what is due now, or all feeds, by other means than the network.
    pub fn pass_with<F: Fetch + Send + Sync + 'static>(
        &mut self,
        fetch: F,
        all: bool,
    ) -> Result<Vec<FeedReport>, IngestError> {
        let feeds = self.feeds();
        let due = if all {
            schedule::due_anyway(&feeds, self.now(), &self.schedule).0
        } else {
            schedule::due(&feeds, self.now(), &self.schedule)
        };
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let writer = self.writer();
        let clock = Arc::clone(&self.clock);
        let params = self.ingest.clone();
        let mut reports = Vec::new();
        let finished = self.runtime.block_on(async {
            let now = move || *clock.lock().unwrap();
            let mut ingest = Ingest::start(writer, fetch, params, now, CancellationToken::new());
            for id in due {
                ingest.ask(feeds.iter().find(|feed| feed.id == id).unwrap().clone());
            }
            ingest.finish(|report| reports.push(report)).await
        });
        let new = self.origin.all_requests().split_off(self.asked.len());
        let at = self.now();
        self.asked.extend(new.into_iter().map(|seen| (at, seen)));
        finished.whole()?;
        Ok(reports)
    }

    /// Lives on for so long: sleeps until the next feed is due, asks what is, and again.
    pub fn live(&mut self, time: SignedDuration) {
        let end = self.now().checked_add(time).unwrap();
        for _ in 0..5_000 {
            let wake = schedule::next_wake(&self.feeds(), self.now(), &self.schedule);
            let Some(wake) = wake.filter(|wake| *wake <= end) else {
                self.set_clock(end);
                return;
            };
            self.set_clock(wake.max(self.now()));
            let asked = self.pass().len();
            assert!(asked > 0 || wake > self.now(), "it woke for nothing at {wake}");
        }
        panic!("it never sleeps");
    }

    /// The requests for a path so far, each with its time.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let is_asked = |seen: &Seen| seen.path == path || seen.path.split('?').next() == Some(path);
        self.asked.iter().filter(|(_, seen)| is_asked(seen)).cloned().collect()
    }

    pub fn health(&self, path: &str) -> Health {
        self.feed(path).state.health
    }

    /// What the requests for a path had as this header, in order.
    pub fn sent(&self, path: &str, header: &str) -> Vec<Option<String>> {
        self.asked(path).iter().map(|(_, seen)| seen.header(header).map(str::to_owned)).collect()
    }

    /// The distinct names of the headers that were ever sent.
    pub fn header_names(&self) -> BTreeSet<String> {
        let headers = self.asked.iter().flat_map(|(_, seen)| &seen.headers);
        headers.map(|(name, _)| name.to_ascii_lowercase()).collect()
    }
}
