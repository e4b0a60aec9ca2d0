//! Station: what a running service counts, for whoever watches it.
//!
//! One [`Meter`] is made for a process and handed down to those who count: there is no global one. To count is to add to an atomic
//! number, so nobody waits for anybody, and a process whose meter nobody reads loses nothing by it. What the database can tell is
//! not counted here, for it would be forgotten at the next start.

pub mod exposition;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::meter::exposition::Exposition;

/// What can come of asking a feed: it was read, it was as before, it was put off, or the state it is left in by its failure
/// (`Health::word`).
const OUTCOMES: &[&str] =
    &["read", "not-modified", "postponed", "unreachable", "throttled", "unreadable", "refused", "gone", "quarantined"];
/// What an entry came to: an article that is new, one with new words, or one that was known as it is (or was given up before).
const ENTRIES: &[&str] = &["new", "revised", "known"];
/// How a new article came into its cluster (`How::Founded`, `How::Joined`).
const MEMBERSHIPS: &[&str] = &["founded", "joined"];
/// What a second look changed: two clusters became one, a part left its cluster, two clusters were found to be related.
const CHANGES: &[&str] = &["merged", "split", "related"];
/// Whether a config that was read again was taken over.
const RELOADS: &[&str] = &["taken", "refused"];

/// Seconds: an answer from the next room, and one that used up a usual deadline.
const FETCH_SECONDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0];
/// Seconds: a feed that waited for the next look, and one that waited for a day.
const LAG_SECONDS: &[f64] = &[1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];
/// Seconds: a median assignment takes a tenth of a millisecond.
const ASSIGN_SECONDS: &[f64] = &[0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.25];
/// Seconds: one answer with nothing new, and a thousand articles on a slow card.
const BATCH_SECONDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// All that is counted.
#[derive(Debug)]
pub struct Meter {
    /// What came of asking feeds.
    pub fetches: Family,
    /// From a feed's turn at its host to the last byte of its answer.
    pub fetch_seconds: Histogram,
    /// Bytes of documents, decompressed.
    pub body_bytes: Counter,
    /// How long after its due time a feed was asked.
    pub poll_lag_seconds: Histogram,
    /// Feeds that were asked and whose answer is not stored yet.
    pub under_way: Gauge,
    /// Answers that wait for the writer, or are just being written.
    pub queue: Gauge,
    /// Entries of documents that were stored, by what they came to.
    pub entries: Family,
    /// New articles, by how each came into its cluster.
    pub memberships: Family,
    /// What second looks changed.
    pub changes: Family,
    /// People's corrections that were obeyed.
    pub corrections: Counter,
    /// The time it took to say where one article belongs.
    pub assign_seconds: Histogram,
    /// The time one batch took, from its beginning to its commit.
    pub batch_seconds: Histogram,
    /// Attempts to write something that failed for a cause that may pass: locked, full, a disk in trouble.
    pub write_failures: Counter,
    /// Articles that the clusterer remembers.
    pub window_articles: Gauge,
    /// Configs that were read again.
    pub reloads: Family,
    /// When the polling loop last turned.
    pub turned: Moment,
    /// Whether the writer is alive.
    pub writer: Pulse,
    ready: AtomicBool,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter {
            fetches: Family::of(OUTCOMES),
            fetch_seconds: Histogram::of(FETCH_SECONDS),
            body_bytes: Counter::default(),
            poll_lag_seconds: Histogram::of(LAG_SECONDS),
            under_way: Gauge::default(),
            queue: Gauge::default(),
            entries: Family::of(ENTRIES),
            memberships: Family::of(MEMBERSHIPS),
            changes: Family::of(CHANGES),
            corrections: Counter::default(),
            assign_seconds: Histogram::of(ASSIGN_SECONDS),
            batch_seconds: Histogram::of(BATCH_SECONDS),
            write_failures: Counter::default(),
            window_articles: Gauge::default(),
            reloads: Family::of(RELOADS),
            turned: Moment::default(),
            writer: Pulse::default(),
            ready: AtomicBool::default(),
        }
    }
}

impl Meter {
    /// Says that the window is read and the first look for due feeds is done.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Whether that has been said.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Writes all of it down.
    pub fn write(&self, out: &mut Exposition) {
        self.write_asked(out);
        self.write_stored(out);
        out.counters(
            "newsfold_config_reloads_total",
            "Configs that were read again, by whether they were taken over.",
            "result",
            self.reloads.all(),
        );
        let ready = if self.is_ready() { 1.0 } else { 0.0 };
        out.gauge("newsfold_ready", "Whether the window is read and the first look for due feeds is done.", ready);
    }

    /// What feeds were asked, and what they said.
    fn write_asked(&self, out: &mut Exposition) {
        out.counters("newsfold_fetches_total", "Feeds asked, by what came of it.", "outcome", self.fetches.all());
        out.histogram(
            "newsfold_fetch_duration_seconds",
            "From a feed's turn at its host to the end of its answer.",
            &self.fetch_seconds,
        );
        out.counter("newsfold_fetch_body_bytes_total", "Bytes of documents, decompressed.", self.body_bytes.get());
        out.histogram(
            "newsfold_poll_lag_seconds",
            "How long after its due time a feed was asked.",
            &self.poll_lag_seconds,
        );
        out.gauge(
            "newsfold_feeds_under_way",
            "Feeds asked whose answer is not stored yet.",
            self.under_way.get() as f64,
        );
        if let Some(turned) = self.turned.get() {
            out.gauge(
                "newsfold_last_turn_timestamp_seconds",
                "When the polling loop last turned.",
                exposition::seconds(turned),
            );
        }
    }

    /// What became of it.
    fn write_stored(&self, out: &mut Exposition) {
        out.gauge(
            "newsfold_writer_queue_answers",
            "Answers that wait for the writer or are being written.",
            self.queue.get() as f64,
        );
        out.counters(
            "newsfold_entries_total",
            "Entries of stored documents, by what they came to.",
            "became",
            self.entries.all(),
        );
        out.counters(
            "newsfold_memberships_total",
            "New articles, by how each came into its cluster.",
            "how",
            self.memberships.all(),
        );
        out.counters(
            "newsfold_cluster_changes_total",
            "What second looks at clusters changed.",
            "change",
            self.changes.all(),
        );
        out.counter("newsfold_corrections_total", "Corrections of people that were obeyed.", self.corrections.get());
        out.histogram(
            "newsfold_assign_duration_seconds",
            "The time it took to say where one article belongs.",
            &self.assign_seconds,
        );
        out.histogram(
            "newsfold_batch_duration_seconds",
            "The time of one batch, from its beginning to its commit.",
            &self.batch_seconds,
        );
        out.counter(
            "newsfold_write_failures_total",
            "Writes that failed for a cause that may pass and were tried again.",
            self.write_failures.get(),
        );
        out.gauge(
            "newsfold_window_articles",
            "Articles that the clusterer remembers.",
            self.window_articles.get() as f64,
        );
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, number: usize) {
        self.0.fetch_add(number as u64, Ordering::Relaxed);
    }

    /// How much it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Adds to it.
    pub fn add(&self, number: usize) {
        self.0.fetch_add(signed(number), Ordering::Relaxed);
    }

    /// Takes away from it.
    pub fn take(&self, number: usize) {
        self.0.fetch_sub(signed(number), Ordering::Relaxed);
    }

    /// Makes it so much.
    pub fn set(&self, number: usize) {
        self.0.store(signed(number), Ordering::Relaxed);
    }

    /// How much it is.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A moment, or none yet.
#[derive(Debug)]
pub struct Moment(AtomicI64);

impl Default for Moment {
    fn default() -> Moment {
        Moment(AtomicI64::new(i64::MIN))
    }
}

impl Moment {
    /// Makes it this moment.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_millisecond(), Ordering::Relaxed);
    }

    /// The moment, if there was one.
    pub fn get(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).ok()
    }
}

/// Counters that differ by one word, all of which are known beforehand: whatever a publisher sends, there are never more of them.
#[derive(Debug)]
pub struct Family {
    words: &'static [&'static str],
    counters: Vec<Counter>,
}

impl Family {
    fn of(words: &'static [&'static str]) -> Family {
        Family { words, counters: words.iter().map(|_| Counter::default()).collect() }
    }

    /// Adds to the counter of that word; a word that has none is counted nowhere, which a test shows for those that there are.
    pub fn add(&self, word: &str, number: usize) {
        let place = self.words.iter().position(|known| *known == word);
        if let Some(counter) = place.and_then(|place| self.counters.get(place)) {
            counter.add(number);
        }
    }

    /// How much the counter of that word is; 0 for a word that has none.
    pub fn get(&self, word: &str) -> u64 {
        self.all().into_iter().find_map(|(known, count)| (known == word).then_some(count)).unwrap_or_default()
    }

    fn all(&self) -> Vec<(&'static str, u64)> {
        self.words.iter().copied().zip(self.counters.iter().map(Counter::get)).collect()
    }
}

/// How often something took how long.
#[derive(Debug)]
pub struct Histogram {
    /// Seconds, growing.
    bounds: &'static [f64],
    /// Those up to each bound and above the one before, and at last those above all bounds.
    counts: Vec<Counter>,
    nanoseconds: AtomicU64,
}

impl Histogram {
    fn of(bounds: &'static [f64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| Counter::default()).collect();
        Histogram { bounds, counts, nanoseconds: AtomicU64::default() }
    }

    /// Takes one in.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(counter) = self.counts.get(self.bounds.partition_point(|bound| *bound < seconds)) {
            counter.add(1);
        }
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// How many were taken in.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(Counter::get).sum()
    }

    fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// For each bound how many lay at or below it; the last is for all.
    fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut sum = 0;
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds
            .zip(&self.counts)
            .map(|(bound, counter)| {
                sum += counter.get();
                (bound, sum)
            })
            .collect()
    }
}

/// Whether somebody who works by steps still gets anywhere: he says so at every step, and when he rests.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    /// A step began at that moment.
    pub fn beat(&self, now: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// There is nothing to do.
    pub fn rest(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// For how long he has been at one step; nothing while he rests.
    pub fn silence(&self, now: Instant) -> Duration {
        let began = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Health, How};

    #[test]
    fn every_word_that_an_answer_or_a_membership_can_have_is_counted() {
        let health = [
            Health::New,
            Health::Ok,
            Health::NotModified,
            Health::Empty,
            Health::Undated,
            Health::Unreachable,
            Health::Throttled,
            Health::Unreadable,
            Health::Refused,
            Health::Gone,
            Health::Quarantined,
        ];
        for health in health.into_iter().filter(|health| health.is_trouble()) {
            assert!(OUTCOMES.contains(&health.word()), "{health:?}");
        }
        for how in [How::Founded, How::Joined] {
            let word = serde_json::to_value(how).unwrap();
            assert!(MEMBERSHIPS.contains(&word.as_str().unwrap()), "{how:?}");
        }
        let meter = Meter::default();
        meter.fetches.add("gone", 2);
        meter.fetches.add("no such word", 5);
        assert_eq!(meter.fetches.get("gone"), 2);
        assert_eq!(meter.fetches.all().iter().map(|(_, count)| count).sum::<u64>(), 2);
    }

    #[test]
    fn what_lies_on_a_bound_is_within_it_and_the_last_bucket_holds_all() {
        let histogram = Histogram::of(&[0.1, 1.0]);
        for milliseconds in [0, 99, 100, 101, 1_000, 1_001, 3_600_000] {
            histogram.observe(Duration::from_millis(milliseconds));
        }
        assert_eq!(histogram.cumulative(), [(0.1, 3), (1.0, 5), (f64::INFINITY, 7)]);
        assert_eq!(histogram.count(), 7);
        assert!((histogram.seconds() - 3602.301).abs() < 1e-9, "{}", histogram.seconds());
    }

    #[test]
    fn who_rests_is_not_silent_and_who_hangs_is() {
        let (pulse, began) = (Pulse::default(), Instant::now());
        let later = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(pulse.silence(later(1_000)), Duration::ZERO, "nothing has begun");
        pulse.beat(later(1_000));
        assert_eq!(pulse.silence(later(1_060)), Duration::from_secs(60));
        pulse.beat(later(1_070));
        assert_eq!(pulse.silence(later(1_080)), Duration::from_secs(10), "he got further");
        assert_eq!(pulse.silence(later(1_000)), Duration::ZERO, "nobody is silent for less than nothing");
        pulse.rest();
        assert_eq!(pulse.silence(later(9_999)), Duration::ZERO);
    }
}
