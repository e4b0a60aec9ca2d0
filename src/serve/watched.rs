//! Door: what is said of the running service: whether it lives, whether it is ready, and its metrics.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::clock;
use crate::fetch::error::one_line;
use crate::meter::Meter;
use crate::meter::exposition::{Exposition, seconds};
use crate::store::{self, Census, Opened, Store, StoreError};

/// How long the database has for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// However many ask, the database is looked at once in this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A service that can be watched.
#[derive(Debug)]
pub struct Watched {
    meter: Arc<Meter>,
    database: PathBuf,
    /// For how long the writer may be at one step before it counts as stuck.
    writer_silence_max: Duration,
    /// The digests that are told of: those of the config. In the database there may be any number, made by hand.
    digests: std::sync::Mutex<BTreeSet<String>>,
    view: Mutex<View>,
}

/// What came of a look, with the connection where that can be used again.
type Look = (Option<Store>, Result<Census, StoreError>);

/// The way to the database, and what was last seen there.
#[derive(Debug, Default)]
struct View {
    store: Option<Store>,
    /// The file that was seen first, as a running service keeps to it.
    opened: Option<Opened>,
    /// A look that has not come back yet; there is never a second one beside it. It stands here until it has, for whoever waits for it
    /// may go away meanwhile.
    looking: Option<JoinHandle<Look>>,
    seen: Option<(Instant, Result<Census, String>)>,
}

impl Watched {
    /// The service that counts by this meter and keeps this database.
    pub fn new(meter: Arc<Meter>, database: PathBuf, writer_silence_max: Duration) -> Watched {
        Watched { meter, database, writer_silence_max, digests: std::sync::Mutex::default(), view: Mutex::default() }
    }

    /// Tells of these digests from now on, and of no other.
    pub fn set_digests(&self, names: impl IntoIterator<Item = String>) {
        *self.digests.lock().unwrap_or_else(PoisonError::into_inner) = names.into_iter().collect();
    }

    /// Whether the process and its writer live, and the database answers.
    ///
    /// # Errors
    /// Says in one line what does not.
    pub(crate) async fn health(&self) -> Result<(), String> {
        let silence = self.meter.writer.silence(Instant::now());
        if silence > self.writer_silence_max {
            return Err(format!("the writer has been at one step for {} s", silence.as_secs()));
        }
        self.census().await.map(drop)
    }

    /// Whether it does what it is for: it lives, the window is read, and it has looked for due feeds once.
    ///
    /// # Errors
    /// Says in one line what is missing.
    pub(crate) async fn readiness(&self) -> Result<(), String> {
        if !self.meter.is_ready() {
            return Err("the window is still being read".to_owned());
        }
        self.health().await
    }

    /// Everything that can be said in numbers. What the database does not answer is left out, and `newsfold_up` says so.
    pub(crate) async fn metrics(&self) -> String {
        let mut out = Exposition::default();
        let schema = store::schema_version().to_string();
        let build = [("version", env!("CARGO_PKG_VERSION")), ("schema", schema.as_str())];
        out.info("newsfold_build_info", "Which newsfold this is.", &build);
        let census = self.census().await;
        let healthy = census.is_ok() && self.meter.writer.silence(Instant::now()) <= self.writer_silence_max;
        out.gauge("newsfold_up", "Whether the writer lives and the database answers.", f64::from(u8::from(healthy)));
        self.meter.write(&mut out);
        let silence = self.meter.writer.silence(Instant::now()).as_secs_f64();
        out.gauge("newsfold_writer_silence_seconds", "For how long the writer has been at one step.", silence);
        if let Ok(census) = census {
            stored(&mut out, &census);
            let digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner).clone();
            made(&mut out, &census, &digests);
        }
        let (log_bytes, free_bytes) = store::room(&self.database);
        out.gauge("newsfold_wal_bytes", "Size of the write-ahead log.", log_bytes as f64);
        if let Some(free_bytes) = free_bytes {
            out.gauge("newsfold_volume_free_bytes", "What is left of the database's volume.", free_bytes as f64);
        }
        process(&mut out);
        out.into_text()
    }

    /// What the database says of itself, not older than a second. One that hangs is waited for by one thread, however many ask.
    async fn census(&self) -> Result<Census, String> {
        let hangs = || format!("the database has not answered within {} s", ANSWER_WITHIN.as_secs());
        let Ok(mut view) = tokio::time::timeout(ANSWER_WITHIN, self.view.lock()).await else { return Err(hangs()) };
        if let Some((_, seen)) = view.seen.as_ref().filter(|(at, _)| at.elapsed() < LOOK_EVERY) {
            return seen.clone();
        }
        let View { store, opened, looking, .. } = &mut *view;
        let look = looking.get_or_insert_with(|| {
            let (store, opened, path) = (store.take(), opened.clone(), self.database.clone());
            tokio::task::spawn_blocking(move || look(store, opened.as_ref(), &path))
        });
        let Ok(looked) = tokio::time::timeout(ANSWER_WITHIN, look).await else {
            view.seen = Some((Instant::now(), Err(hangs())));
            return Err(hangs());
        };
        view.looking = None;
        let seen = match looked {
            Ok((store, census)) => {
                view.opened = view.opened.take().or_else(|| store.as_ref().and_then(Store::opened).cloned());
                view.store = store;
                census.map_err(|error| one_line(&error))
            }
            Err(fault) => Err(format!("looking at the database failed by a fault of newsfold's own: {fault}")),
        };
        view.seen = Some((Instant::now(), seen.clone()));
        seen
    }
}

/// Looks, with the connection of before where that was of use, and at no other file than the one that was opened.
fn look(store: Option<Store>, opened: Option<&Opened>, path: &Path) -> Look {
    if let Err(error) = opened.map_or(Ok(()), Opened::in_place) {
        return (None, Err(error));
    }
    match store.map_or_else(|| Store::reader(path), Ok) {
        Ok(store) => match store.census() {
            Ok(census) => (Some(store), Ok(census)),
            Err(error) => (None, Err(error)),
        },
        Err(error) => (None, Err(error)),
    }
}

fn stored(out: &mut Exposition, census: &Census) {
    let feeds = census.feeds.iter().map(|(state, count)| (*state, *count as f64));
    out.gauges("newsfold_feeds", "Feeds that are asked, by the state their last answer left them in.", "state", feeds);
    let mut gauge = |name: &str, help: &str, value: u64| out.gauge(name, help, value as f64);
    gauge("newsfold_feeds_inactive", "Feeds that are stored and not asked any more.", census.feeds_inactive);
    gauge("newsfold_articles", "Articles stored.", census.articles);
    gauge("newsfold_clusters", "Clusters.", census.clusters);
    gauge("newsfold_clusters_shared", "Clusters of more than one article.", census.clusters_shared);
    gauge(
        "newsfold_index_behind_articles",
        "Articles that the full-text index does not know as they are.",
        census.index_behind,
    );
    gauge("newsfold_corrections_waiting", "Corrections that are not obeyed yet.", census.corrections_waiting);
    let suspects = "Documents during whose reading the process died, not read to their end since.";
    gauge("newsfold_suspect_documents", suspects, census.suspects);
    gauge("newsfold_mail_waiting", "Mail that is not sent yet, each recipient's by itself.", census.mail_waiting);
    gauge("newsfold_mail_given_up", "Mail that was given up.", census.mail_given_up);
    gauge("newsfold_database_bytes", "Size of the database file, its write-ahead log not counted.", census.file_bytes);
    gauge("newsfold_database_free_bytes", "Bytes of it that hold nothing and are used again.", census.free_bytes);
    if let Some(moment) = census.last_success {
        let help = "When a feed last answered well: no alarm but this one sees a service that does nothing.";
        out.gauge("newsfold_last_success_timestamp_seconds", help, seconds(moment));
    }
    if let Some(moment) = census.last_attempt {
        out.gauge("newsfold_last_attempt_timestamp_seconds", "When a feed was last asked.", seconds(moment));
    }
}

/// The editions of these digests.
fn made(out: &mut Exposition, census: &Census, digests: &BTreeSet<String>) {
    let editions = || census.editions.iter().filter(|(name, _)| digests.contains(*name));
    if editions().next().is_some() {
        let made = editions().map(|(name, (count, _))| (name.as_str(), *count as f64));
        out.gauges("newsfold_editions", "Editions of a digest that are on record.", "digest", made);
        let last = editions().map(|(name, (_, made))| (name.as_str(), seconds(*made)));
        let help = "When the last edition of a digest was made.";
        out.gauges("newsfold_edition_timestamp_seconds", help, "digest", last);
    }
}

/// What every process that is watched tells, under the names they all use.
fn process(out: &mut Exposition) {
    let Some(process) = clock::process() else { return };
    out.gauge("process_resident_memory_bytes", "Memory in use.", process.resident_bytes as f64);
    out.gauge("process_virtual_memory_bytes", "Memory that was asked for.", process.virtual_bytes as f64);
    let help = "Time of processors used.";
    out.seconds_total("process_cpu_seconds_total", help, process.cpu.as_secs_f64());
    out.gauge("process_threads", "Threads.", process.threads as f64);
    if let Some(open) = process.open_files {
        out.gauge("process_open_fds", "Open files and sockets.", open as f64);
    }
    if let Some(started) = process.started {
        out.gauge("process_start_time_seconds", "When the process began.", seconds(started));
    }
}
