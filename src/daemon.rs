//! Conductor: ticks, signals, waiting, readiness.

mod digests;
mod feeds;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::desk::Order;
use crate::fetch::Fetch;
use crate::fetch::error::one_line;
use crate::fetch::policy::redact;
use crate::ingest::{self, Finished, Ingest, IngestError, Now};
use crate::mail::Server;
use crate::meter::Meter;
use crate::model::{Feed, FeedId};
use crate::schedule;
use crate::store::{Leave, StoreError};
use crate::writer::{FeedReport, Writer};

pub use crate::daemon::feeds::Feeds;

/// How often it looks for corrections.
const CORRECTIONS_EVERY: Duration = Duration::from_millis(500);

/// Between two attempts to read the window.
const WINDOW_PAUSE: Duration = Duration::from_secs(1);
/// The shortest rest: whatever the schedule says, the loop must not spin.
const REST_MIN: Duration = Duration::from_millis(250);

/// The pace of the daemon.
#[derive(Clone)]
pub struct Params {
    /// How long it sleeps at most before it looks for due feeds; other processes may have added some.
    pub tick: Duration,
    /// How long it takes at most to store what it holds when it is told to end.
    pub stop_within: Duration,
    /// When feeds are due.
    pub schedule: schedule::Params,
    /// The limits of ingest.
    pub ingest: ingest::Params,
    /// Digests that are made when they are due.
    pub digests: Option<Digests>,
    /// What the time is.
    pub now: Now,
    /// Where it is counted what happens.
    pub meter: Arc<Meter>,
    /// For how long the writer may be at one step (an article, a commit, a page of the index) before it counts as stuck, and the
    /// service manager hears of us no more. A lock that another process holds is tried anew every ten seconds, which is a step.
    pub writer_silence_max: Duration,
}

/// The digests of a service.
#[derive(Clone, Debug)]
pub struct Digests {
    /// The database.
    pub database: PathBuf,
    /// What is made.
    pub orders: Vec<Order>,
    /// The server that takes mail; without one it waits in the outbox.
    pub server: Option<Server>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            tick: Duration::from_secs(5),
            stop_within: Duration::from_secs(4),
            schedule: schedule::Params::default(),
            ingest: ingest::Params::default(),
            digests: None,
            now: Arc::new(clock::now),
            meter: Arc::default(),
            writer_silence_max: Duration::from_secs(120),
        }
    }
}

/// Why the daemon had to end.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// The store cannot be read or closed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed for good while answers were being written.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The operating system gives us no signals.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
}

impl DaemonError {
    /// What the store said, where it was the store.
    pub fn store(&self) -> Option<&StoreError> {
        match self {
            DaemonError::Store(error) | DaemonError::Ingest(IngestError::Store(error)) => Some(error),
            DaemonError::Ingest(IngestError::Fault(_)) | DaemonError::Signals(_) => None,
        }
    }
}

/// Why it ended, and the writer for the next round.
#[derive(Debug)]
pub enum Ended {
    /// It was told to.
    Stopped(Writer),
    /// It was told to, and the writer is in the middle of something that cannot be waited for. It is not committed, so the end of the
    /// process takes it back.
    Abandoned,
    /// It was told to read its config again.
    Reload(Writer),
}

/// The signals a service lives by.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Stop,
    Reload,
}

impl Signals {
    /// Begins to listen, so that no signal is lost between two rounds.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen() -> Result<Signals, DaemonError> {
        let listen = |kind| signal(kind).map_err(DaemonError::Signals);
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits until somebody asks us to end.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    async fn wish(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }
}

/// Asks every feed when it is due, until a signal says otherwise. `feeds` reads beside the writer.
///
/// # Errors
/// When the store fails for good; what passes (a lock, a full disk) is waited for.
pub async fn run<F: Fetch + Send + Sync + 'static>(
    writer: Writer,
    feeds: &Feeds,
    fetch: F,
    params: &Params,
    signals: &mut Signals,
) -> Result<Ended, DaemonError> {
    let Some(writer) = window_read(writer, params, signals).await? else {
        tell(clock::notify_stopping());
        return Ok(Ended::Abandoned);
    };
    let stop = CancellationToken::new();
    let now = Arc::clone(&params.now);
    let limits = ingest::Params { meter: Arc::clone(&params.meter), ..params.ingest.clone() };
    let mut ingest = Ingest::start(writer, fetch, limits, move || now(), stop.clone());
    let digests = params.digests.clone().map(|wanted| digests::start(wanted, params.tick, stop.clone()));
    let wish = polled(&mut ingest, feeds, params, signals).await;
    stop.cancel();
    let ending = end(ingest, *wish.as_ref().unwrap_or(&Wish::Stop), params, signals);
    let digests_ending = async {
        if let Some(digests) = digests {
            digests.end().await;
        }
    };
    let (ended, ()) = tokio::join!(ending, digests_ending);
    wish?;
    ended
}

/// The loop: turns until somebody wishes something else. Nothing in it waits for the database or a disk by itself.
async fn polled<F: Fetch + Send + Sync + 'static>(
    ingest: &mut Ingest<F>,
    feeds: &Feeds,
    params: &Params,
    signals: &mut Signals,
) -> Result<Wish, DaemonError> {
    let mut under_way: BTreeSet<String> = BTreeSet::new();
    let mut manager = Manager::default();
    loop {
        let known = tokio::select! {
            wish = signals.wish() => return Ok(wish),
            known = feeds.known() => known?,
        };
        let standing = known.as_deref().map(Standing::of);
        let mut idle = known.unwrap_or_default();
        idle.retain(|feed| !under_way.contains(&feed.url));
        let asked = ask_due(ingest, &idle, params);
        idle.retain(|feed| !asked.contains(&feed.url));
        under_way.extend(asked);
        if let Some(standing) = standing {
            manager.hear(standing, params);
        }
        tokio::select! {
            wish = signals.wish() => return Ok(wish),
            () = rest(&idle, params) => {}
            () = asked_for(feeds) => ingest.obey(),
            ended = hear(ingest, &mut under_way) => match ended {
                Heard::Report => {}
                Heard::WriterStopped => return Ok(Wish::Stop),
            },
        }
    }
}

/// Waits for work that takes its time, and tells the service manager meanwhile that we live, for as long as the writer gets on.
pub async fn attended<T>(params: &Params, work: impl Future<Output = T>) -> T {
    // What is done at once is no news; and the loop's last word may be a tick old.
    let pause = (params.tick / 2).max(Duration::from_millis(1));
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + pause, pause);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => {
                if params.meter.writer.silence(Instant::now()) <= params.writer_silence_max {
                    tell(clock::notify_alive());
                }
            }
        }
    }
}

/// Reads the window, which may take seconds, before anything is promised; waits for as long as the file is locked. `None` where
/// somebody wants us to end meanwhile.
async fn window_read(
    mut writer: Writer,
    params: &Params,
    signals: &mut Signals,
) -> Result<Option<Writer>, DaemonError> {
    tell(clock::notify_status("reading the articles of the window"));
    let leave = writer.leave();
    loop {
        let reading = tokio::task::spawn_blocking(move || {
            let read = writer.read_window();
            (writer, read)
        });
        let read = tokio::select! {
            read = attended(params, reading) => read,
            // Nothing is held yet that could be lost.
            () = signals.stop() => {
                leave.now();
                return Ok(None);
            }
        };
        let (returned, read) = read.map_err(IngestError::Fault)?;
        writer = returned;
        match read {
            Ok(articles) => {
                tracing::debug!(articles, "the window is read");
                return Ok(Some(writer));
            }
            Err(error) if error.is_transient() => {
                tracing::warn!("will try again to read the window: {}", one_line(&error));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(WINDOW_PAUSE) => {}
            () = signals.stop() => return Ok(None),
        }
    }
}

/// How the feeds stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    active: usize,
    troubled: usize,
}

impl Standing {
    fn of(feeds: &[Feed]) -> Standing {
        let active = feeds.iter().filter(|feed| feed.active);
        let troubled = active.clone().filter(|feed| feed.state.health.is_trouble()).count();
        Standing { active: active.count(), troubled }
    }
}

/// What the service manager knows of us.
#[derive(Default)]
struct Manager {
    is_ready: bool,
    is_stuck: bool,
    is_out_of_reach: bool,
    told: Option<Standing>,
}

impl Manager {
    /// The database has just told its feeds, and the loop has turned. Only then, and while the writer gets on, is it told that we live.
    fn hear(&mut self, standing: Standing, params: &Params) {
        params.meter.turned.set((params.now)());
        let silence = params.meter.writer.silence(Instant::now());
        if silence > params.writer_silence_max {
            if !self.is_stuck {
                tracing::error!("the writer has been at one step for {} s: newsfold is stuck", silence.as_secs());
            }
            self.is_stuck = true;
            return;
        }
        self.is_stuck = false;
        if self.told != Some(standing) {
            let Standing { active, troubled } = standing;
            self.tell(clock::notify_status(&format!("{active} feeds, {troubled} of them in trouble")));
            self.told = Some(standing);
        }
        if !self.is_ready {
            self.is_ready = true;
            tracing::info!(feeds = standing.active, "ready");
            params.meter.set_ready();
            self.tell(clock::notify_ready());
        }
        self.tell(clock::notify_alive());
    }

    /// One that is told many times a minute is not complained of each time.
    fn tell(&mut self, told: io::Result<()>) {
        if self.is_out_of_reach && told.is_err() {
            return;
        }
        self.is_out_of_reach = told.is_err();
        tell(told);
    }
}

/// Lets what is there be stored. A reload takes the time it needs, unless somebody wants us to stop meanwhile.
async fn end<F: Fetch + Send + Sync + 'static>(
    ingest: Ingest<F>,
    mut wish: Wish,
    params: &Params,
    signals: &mut Signals,
) -> Result<Ended, DaemonError> {
    let leave = ingest.leave();
    let finishing = ingest.finish(|report| log(&report));
    tokio::pin!(finishing);
    let mut finished = None;
    if wish == Wish::Reload {
        tell(clock::notify_reloading());
        tokio::select! {
            done = attended(params, &mut finishing) => finished = Some(done),
            () = signals.stop() => wish = Wish::Stop,
        }
    }
    if wish == Wish::Stop {
        tell(clock::notify_stopping());
    }
    let until = tokio::time::Instant::now() + params.stop_within;
    let finished = match finished {
        Some(finished) => finished,
        None => match soon(finishing, &leave, params.stop_within).await {
            Some(done) => done,
            None => {
                tracing::warn!(
                    "what was under way is not stored and will be fetched again: it would have taken too long"
                );
                return Ok(Ended::Abandoned);
            }
        },
    };
    let writer = match finished {
        Finished::Part(writer, error) if error.is_transient() || matches!(error, StoreError::GivenUp) => {
            tracing::warn!("what was under way is fetched again, for it could not be stored: {}", one_line(&error));
            writer
        }
        finished => finished.whole()?,
    };
    Ok(match wish {
        Wish::Stop => tidied(writer, until).await,
        Wish::Reload => Ended::Reload(writer),
    })
}

/// Empties the write-ahead log. All is stored, so what cannot be done in time is left to the next start.
async fn tidied(mut writer: Writer, until: tokio::time::Instant) -> Ended {
    let leave = writer.leave();
    let tidying = tokio::task::spawn_blocking(move || {
        if let Err(error) = writer.store().checkpoint() {
            tracing::warn!("cannot empty the write-ahead log: {}", one_line(&error));
        }
        writer
    });
    match tokio::time::timeout_at(until, tidying).await {
        Ok(Ok(writer)) => Ended::Stopped(writer),
        Ok(Err(fault)) => {
            tracing::warn!("cannot empty the write-ahead log, by a fault of newsfold's own: {fault}");
            Ended::Abandoned
        }
        Err(_) => {
            leave.now();
            tracing::debug!("the write-ahead log is left to the next start");
            Ended::Abandoned
        }
    }
}

/// Waits for the writer's end; when three quarters of the time are over it is to give up its batch. `None` when it does not do even
/// that in time.
async fn soon(finishing: impl Future<Output = Finished>, leave: &Leave, within: Duration) -> Option<Finished> {
    let give_up_after = within * 3 / 4;
    tokio::pin!(finishing);
    if let Ok(finished) = tokio::time::timeout(give_up_after, &mut finishing).await {
        return Some(finished);
    }
    leave.now();
    tokio::time::timeout(within - give_up_after, finishing).await.ok()
}

/// A service manager that does not hear us is no reason to end.
fn tell(told: io::Result<()>) {
    if let Err(error) = told {
        tracing::warn!("cannot reach the service manager: {error}");
    }
}

enum Heard {
    Report,
    WriterStopped,
}

/// Asks every feed that is due; gives their URLs.
fn ask_due<F: Fetch + Send + Sync + 'static>(
    ingest: &mut Ingest<F>,
    idle: &[Feed],
    params: &Params,
) -> BTreeSet<String> {
    let numbered: BTreeMap<FeedId, &Feed> = idle.iter().map(|feed| (feed.id, feed)).collect();
    let now = (params.now)();
    let due = schedule::due(idle, now, &params.schedule);
    let due = due.iter().filter_map(|id| numbered.get(id).copied());
    due.map(|feed| {
        // One that was never asked is late by nothing.
        let late = feed.state.next_due.and_then(|due| Duration::try_from(now.duration_since(due)).ok());
        if let Some(late) = late {
            params.meter.poll_lag_seconds.observe(late);
        }
        ingest.ask(feed.clone());
        feed.url.clone()
    })
    .collect()
}

/// Sleeps until the next of these feeds is due, or a tick if that is sooner.
async fn rest(idle: &[Feed], params: &Params) {
    let now: Timestamp = (params.now)();
    let until_due = schedule::next_wake(idle, now, &params.schedule)
        .and_then(|due| Duration::try_from(due.duration_since(now)).ok())
        .unwrap_or(params.tick);
    tokio::time::sleep(until_due.clamp(REST_MIN.min(params.tick), params.tick)).await;
}

/// Waits until a person asks for a correction; they are not kept waiting for longer than a moment.
async fn asked_for(feeds: &Feeds) {
    loop {
        tokio::time::sleep(CORRECTIONS_EVERY).await;
        if feeds.is_correction_pending().await {
            return;
        }
    }
}

/// Takes every report that has come; returns when one has come and no other waits.
async fn hear<F: Fetch + Send + Sync + 'static>(ingest: &mut Ingest<F>, under_way: &mut BTreeSet<String>) -> Heard {
    // Gathered for a moment, so that five hundred reports do not mean five hundred looks at the feeds.
    let moment = tokio::time::sleep(Duration::from_millis(500));
    tokio::pin!(moment);
    let mut heard = false;
    loop {
        tokio::select! {
            report = ingest.report() => match report {
                Some(report) => {
                    log(&report);
                    under_way.remove(&report.url);
                    heard = true;
                }
                None => return Heard::WriterStopped,
            },
            () = &mut moment, if heard => return Heard::Report,
        }
    }
}

/// One line where something changed that a person may want to know: a feed got into trouble, into another one, or out of it. That it
/// goes on so, and that all is well, is for whoever asks (`-v`, `status`, the metrics).
fn log(report: &FeedReport) {
    let (url, health) = (redact(&report.url), report.health.word());
    let was_trouble = report.health_before.is_trouble();
    match &report.detail {
        // Its host was told of when it asked for the pause, and may have a hundred feeds.
        Some(detail) if report.postponed.is_some() => tracing::debug!(feed = url, "{detail}"),
        Some(detail) if report.is_as_before => tracing::debug!(feed = url, health, "{detail}"),
        Some(detail) => tracing::warn!(feed = url, health, "{detail}"),
        None if was_trouble && !report.health.is_trouble() => {
            tracing::info!(feed = url, was = report.health_before.word(), "is well again");
        }
        None => {}
    }
    if report.articles_new + report.articles_revised > 0 {
        tracing::debug!(
            feed = url,
            new = report.articles_new,
            revised = report.articles_revised,
            clusters_new = report.clusters_new,
            "stored"
        );
    }
    for warning in &report.warnings {
        tracing::debug!(feed = url, "{warning}");
    }
}
