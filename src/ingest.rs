//! Conductor: due feeds to fetch to prepare to the writer.
//!
//! Downloads run side by side, bounded as a whole and per host; what they bring flows through one channel to the writer,
//! which gathers it into small batches. Nothing here waits for a feed that is slow: it has its own deadline.

mod gate;
mod outage;
pub mod trial;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::features;
use crate::fetch::error::{FetchError, one_line};
use crate::fetch::policy::same_origin;
use crate::fetch::{self, Fetch, Request, Response, fingerprint, is_loopback};
use crate::ingest::gate::{Doors, Visit};
use crate::ingest::outage::Outage;
use crate::meter::Meter;
use crate::model::{Document, Feed, Health, HostPause, Validators};
use crate::prepare::{self, Asked, Prepared};
use crate::quarantine::{self, Watch};
use crate::schedule::{self, Told};
use crate::store::{Leave, StoreError};
use crate::writer::{Answer, FeedReport, Intake, Prune, Reach, Retention, Step, Writer};

/// What the time is. A function, for a pass takes its time; a test gives one by which days pass at once.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The limits of ingest.
#[derive(Clone, Debug)]
pub struct Params {
    /// Downloads under way at once.
    pub downloads_max: usize,
    /// Of these, to one host.
    pub downloads_per_host_max: usize,
    /// Between the starts of two downloads from one host; loopback hosts have none.
    pub host_spacing: Duration,
    /// Whether loopback hosts have it all the same.
    pub spaces_loopback: bool,
    /// The longest `Retry-After` of a host that is obeyed.
    pub retry_after_max: Duration,
    /// How long a host is left alone that says "too many requests" (429) and not for how long (NetNewsWire: 10 min).
    pub throttle_pause: Duration,
    /// Articles that one batch gathers before it is written.
    pub batch_articles_max: usize,
    /// How long a batch waits for more before it is written.
    pub batch_wait: Duration,
    /// How long a batch that cannot be written (locked, full) is tried again before its pass fails; a service goes on trying.
    pub retry_for: Duration,
    /// Limits of reading a feed.
    pub prepare: prepare::Params,
    /// Extra request headers per feed URL.
    pub headers: BTreeMap<String, Vec<(String, String)>>,
    /// Who watches over the reading, so that a document that ends the process is known to the next one.
    pub watch: Arc<Watch>,
    /// The program that tries a document which a process died over, before it is read here; `None` where nobody does.
    pub trial: Option<PathBuf>,
    /// How long things are kept; whoever prunes by hand says for ever.
    pub retention: Retention,
    /// Where it is counted what was asked, and what came.
    pub meter: Arc<Meter>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            downloads_max: 16,
            downloads_per_host_max: 2,
            host_spacing: Duration::from_secs(1),
            spaces_loopback: false,
            retry_after_max: schedule::Params::default().retry_after_max,
            throttle_pause: Duration::from_secs(600),
            batch_articles_max: 1_000,
            batch_wait: Duration::from_millis(50),
            retry_for: Duration::from_secs(60),
            prepare: prepare::Params::default(),
            headers: BTreeMap::new(),
            watch: Arc::default(),
            trial: None,
            retention: Retention::default(),
            meter: Arc::default(),
        }
    }
}

/// Why an ingest ended before its work was done.
#[derive(Debug, Error)]
pub enum IngestError {
    /// A batch could not be written. What was in it is asked for again: due times and validators went with it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer's thread ended by a fault of our own.
    #[error("the writer stopped by a fault of newsfold's own; please report it")]
    Fault(#[source] JoinError),
}

/// How an ingest ended.
#[derive(Debug)]
pub enum Finished {
    /// All that was asked and not stopped is stored.
    Whole(Writer),
    /// Part of it could not be stored; the writer can go on.
    Part(Writer, StoreError),
    /// The writer's thread ended by a fault of our own.
    Fault(JoinError),
}

impl Finished {
    /// The writer.
    ///
    /// # Errors
    /// When not everything is stored.
    pub fn whole(self) -> Result<Writer, IngestError> {
        match self {
            Finished::Whole(writer) => Ok(writer),
            Finished::Part(_, error) => Err(error.into()),
            Finished::Fault(fault) => Err(IngestError::Fault(fault)),
        }
    }
}

/// A running ingest: feeds go in by [`Ingest::ask`], reports come out by [`Ingest::report`], the writer by [`Ingest::finish`].
pub struct Ingest<F> {
    downloads: Arc<Downloads<F>>,
    under_way: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
    errands: mpsc::Sender<Errand>,
    reports: mpsc::UnboundedReceiver<FeedReport>,
    leave: Leave,
    writing: JoinHandle<(Writer, Result<(), StoreError>)>,
}

struct Downloads<F> {
    fetch: F,
    params: Params,
    now: Now,
    stop: CancellationToken,
    doors: Doors,
}

impl<F: Fetch + Send + Sync + 'static> Ingest<F> {
    /// Starts the writer's task; `stop` ends downloads at once and the writer after what it holds.
    pub fn start(
        mut writer: Writer,
        fetch: F,
        params: Params,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        stop: CancellationToken,
    ) -> Ingest<F> {
        let now: Now = Arc::new(now);
        // A short channel: downloads wait when the writer is behind, so memory stays bounded by what is under way.
        let (errands, arriving) = mpsc::channel(params.downloads_max.max(1));
        let (told, reports) = mpsc::unbounded_channel();
        let limits = params.clone();
        // What an earlier ingest broke off is not under way any more.
        params.meter.under_way.set(0);
        params.meter.queue.set(0);
        let pauses = writer.store().host_pauses().unwrap_or_else(|error| {
            tracing::warn!("cannot tell which hosts keep a pause: {}", one_line(&error));
            BTreeMap::new()
        });
        let doors = Doors::new(&params, &pauses, Arc::clone(&now));
        let leave = writer.leave();
        let under_way = Arc::new(AtomicUsize::new(0));
        let (stopping, clock, waited_for) = (stop.clone(), Arc::clone(&now), Arc::clone(&under_way));
        let writing = tokio::task::spawn_blocking(move || {
            let outage = Outage::default();
            let (unindexed, indexed) = (INDEX_PIECE_ARTICLES, std::time::Instant::now());
            let mut write = Write {
                log_bytes: 0,
                writer,
                arriving,
                told,
                limits,
                now: clock,
                stop: stopping,
                waited_for,
                outage,
                unindexed,
                indexed,
                pruning: None,
                looked_for_old: None,
            };
            let outcome = write.all();
            write.limits.meter.writer.rest();
            (write.writer, outcome)
        });
        let downloads = Downloads { fetch, params, now, stop, doors };
        Ingest { downloads: Arc::new(downloads), under_way, tasks: JoinSet::new(), errands, reports, leave, writing }
    }

    /// Asks a feed; its report comes when its answer is stored.
    pub fn ask(&mut self, feed: Feed) {
        let (downloads, errands) = (Arc::clone(&self.downloads), self.errands.clone());
        // Ended tasks are taken out here, or a daemon would gather them for years.
        while self.tasks.try_join_next().is_some() {}
        self.under_way.fetch_add(1, Ordering::Relaxed);
        downloads.params.meter.under_way.add(1);
        self.tasks.spawn(async move {
            let stop = downloads.stop.clone();
            // It lasts until the writer's channel has taken the answer.
            let visit = downloads.doors.visit();
            let (answer, reach) = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                came = downloads.answer(&feed, &visit) => came,
            };
            let meter = &downloads.params.meter;
            meter.fetches.add(answer.word(), 1);
            meter.queue.add(1);
            // The writer is gone only after an error that it reports itself.
            if errands.send(Errand::Answer(Box::new(Intake { feed, answer, reach }))).await.is_err() {
                tracing::debug!("an answer came after the writer had stopped");
            }
        });
    }

    /// Has the writer obey what people have asked for; where it has its hands full it will do so anyway.
    pub fn obey(&self) {
        if let Err(error) = self.errands.try_send(Errand::Corrections) {
            tracing::debug!("corrections wait for the next batch: {error}");
        }
    }

    /// What ends the writer in the middle of its batch, which is rolled back: for a process that must end and has no time left.
    pub fn leave(&self) -> Leave {
        self.leave.clone()
    }

    /// The next report; `None` when the writer has stopped.
    pub async fn report(&mut self) -> Option<FeedReport> {
        self.reports.recv().await
    }

    /// Waits until all that was asked is stored and the index has caught up, and hands the writer back; `heard` gets the reports
    /// that nobody fetched.
    pub async fn finish(mut self, mut heard: impl FnMut(FeedReport)) -> Finished {
        // The writer ends when the last sender is gone.
        drop(self.errands);
        while let Some(report) = self.reports.recv().await {
            heard(report);
        }
        // Downloads that outlive the writer are for nobody: a publisher is not asked for what nothing can store.
        self.tasks.shutdown().await;
        match self.writing.await {
            Ok((writer, Ok(()))) => Finished::Whole(writer),
            Ok((writer, Err(error))) => Finished::Part(writer, error),
            Err(fault) => Finished::Fault(fault),
        }
    }
}

/// What asking one feed came to.
#[derive(Debug)]
pub struct Looked {
    /// What came over the wire.
    pub response: Result<Response, FetchError>,
    /// What it comes to.
    pub answer: Answer,
}

impl Looked {
    /// Whether a person may have to look.
    pub fn is_trouble(&self) -> bool {
        matches!(self.answer, Answer::Failed { .. })
    }
}

/// Fetches and reads one feed without storing anything.
pub async fn look<F: Fetch>(fetch: &F, feed: &Feed, params: &Params, now: Timestamp) -> Looked {
    let response = fetch.fetch(&request(feed, params, now), now).await;
    judge(feed, response, params, now).await
}

/// Reads what came of asking a feed.
pub async fn judge(feed: &Feed, response: Result<Response, FetchError>, params: &Params, now: Timestamp) -> Looked {
    let answer = match &response {
        Ok(response) => read(feed, response.clone(), params, now).await,
        Err(error) => failed(error),
    };
    Looked { response, answer }
}

/// What is asked of a feed: where, with what it was known by, and the user's headers.
pub fn request(feed: &Feed, params: &Params, now: Timestamp) -> Request {
    let url = feed.asked_url();
    // A feed that has moved to another origin takes none of the user's headers along.
    let is_same_origin = feed.state.moved_to.is_none()
        || matches!((Url::parse(&feed.url), Url::parse(url)), (Ok(own), Ok(asked)) if same_origin(&own, &asked));
    let headers = params.headers.get(&feed.url).filter(|_| is_same_origin);
    Request {
        url: url.to_owned(),
        validators: if schedule::asks_whole(feed, now) { Validators::default() } else { feed.state.validators.clone() },
        validators_url: feed.state.answered_url.clone(),
        headers: headers.cloned().unwrap_or_default(),
        allow_private: feed.allow_private,
    }
}

impl<F: Fetch + Sync> Downloads<F> {
    /// Asks a feed when its host and the whole have room, and reads what comes. The room is kept for as long as the visit.
    async fn answer(&self, feed: &Feed, visit: &Visit<'_>) -> (Answer, Reach) {
        let now = (self.now)();
        let response = self.fetch.fetch_in_turn(&request(feed, &self.params, now), visit, now).await;
        // One that never had its turn was not asked.
        if let Some(began) = visit.began() {
            self.params.meter.fetch_seconds.observe(began.elapsed());
        }
        if let Ok(Response::Fetched { body, .. }) = &response {
            self.params.meter.body_bytes.add(body.len());
        }
        let reach = self.reach(feed, &response, now);
        let answer = match response {
            // It may have waited long for its turn.
            Ok(response) => read(feed, response, &self.params, (self.now)()).await,
            Err(error) => failed(&error),
        };
        (answer, reach)
    }

    /// What this tells of hosts and the network. A host that wants a pause has it from here on, before it is stored.
    fn reach(&self, feed: &Feed, response: &Result<Response, FetchError>, began: Timestamp) -> Reach {
        let throttled = response.as_ref().err().and_then(|error| Some((error, error.throttling_host()?)));
        if let Some((error, host)) = throttled {
            let wish = error.retry_after().map(|wish| wish.min(self.params.retry_after_max));
            let until = (self.now)().saturating_add(wish.unwrap_or(self.params.throttle_pause));
            let pause = HostPause { until: until.unwrap_or(Timestamp::MAX), wished: wish.is_some() };
            self.doors.pause(host, pause.until);
            return Reach::Throttled { host: host.to_owned(), pause };
        }
        // Of the network, this machine itself says nothing.
        let asked = Url::parse(feed.asked_url()).ok().filter(|url| !is_loopback(url));
        let Some(host) = asked.and_then(|url| url.host_str().map(str::to_owned)) else { return Reach::Itself };
        match response {
            Err(error) if error.is_silence() => Reach::Silent { host, began },
            Err(error) if error.is_answer() => Reach::Answered { host },
            Err(_) => Reach::Itself,
            Ok(_) => Reach::Answered { host },
        }
    }
}

/// What a response comes to. Reading is work, so it is done where work may take its time and a panic reaches nobody else.
async fn read(feed: &Feed, response: Response, params: &Params, now: Timestamp) -> Answer {
    let watch = Arc::clone(&params.watch);
    let (answer, body, content_type) = match response {
        Response::NotModified(answer) => {
            watch.forget(feed.id);
            return Answer::NotModified { told: told(&answer) };
        }
        Response::Fetched { answer, body, content_type } => (answer, body, content_type),
    };
    let body_hash = fingerprint(&body, &how_read(&answer, content_type.as_deref(), &params.prepare));
    let told = Told { body_hash: Some(body_hash), ..told(&answer) };
    // What was read before says nothing new, whatever its validators say.
    if told.body_hash == feed.state.body_hash {
        watch.forget(feed.id);
        return Answer::NotModified { told };
    }
    let asked = Asked { feed_url: feed.url.clone(), final_url: answer.final_url, content_type };
    // A feed that was quarantined and is new again was added anew, to be read.
    if feed.state.health == Health::New && watch.is_quarantined(feed.id) {
        watch.forget(feed.id);
    }
    // Of a feed that was never read, everything is new; of others, an entry or two.
    let ahead = feed.state.last_success.is_none().then(features::Params::default);
    let (id, limits) = (feed.id, prepare::Params { ahead, ..params.prepare.clone() });
    let trial = params.trial.clone();
    let prepared = tokio::task::spawn_blocking(move || {
        let document = Document { feed: id, body_hash: quarantine::hash(&body) };
        // What reading needs is made under no document's mark, or a process that is killed in its first moment accuses the innocent.
        prepare::made_ready(now);
        let tried = || {
            let held = trial.as_deref().map(|program| trial::hold(program, &body, &asked, now, limits.entries_max));
            held.unwrap_or(Ok(())).map_err(|error| error.to_string())
        };
        watch.read(document, tried, || prepare::drafts(&body, &asked, now, &limits))
    });
    let failed = |health, detail, transient| Answer::Failed { health, detail, transient, retry_after: None };
    let unreadable = |detail| failed(Health::Unreadable, detail, true);
    match prepared.await {
        Ok(Ok(Ok(prepared))) => {
            let turnover = turnover(&prepared, now);
            let told = if prepared.is_torn { unkept(told, feed) } else { told };
            Answer::Read { told: Told { pace: prepared.pace, rung: prepared.rung, turnover, ..told }, prepared }
        }
        Ok(Ok(Err(error))) => unreadable(one_line(&error)),
        Ok(Err(quarantined)) => failed(Health::Quarantined, one_line(&quarantined), false),
        Err(_) => unreadable("reading it failed by a fault of newsfold's own; please report this feed".to_owned()),
    }
}

/// All that bears on how a document is read, beside its bytes: another version may find more in it.
fn how_read(answer: &fetch::Answer, content_type: Option<&str>, params: &prepare::Params) -> String {
    let (version, entries_max) = (env!("CARGO_PKG_VERSION"), params.entries_max);
    format!("{version} {entries_max} {} {}", answer.final_url, content_type.unwrap_or_default())
}

/// What is told with a document that was cut off: what is kept to ask with stays as it was, or its rest would never be sent.
fn unkept(told: Told, feed: &Feed) -> Told {
    Told {
        validators: feed.state.validators.clone(),
        answered_url: feed.state.answered_url.clone(),
        body_hash: feed.state.body_hash.clone(),
        ..told
    }
}

/// In which time three of four entries of the document are replaced, if its publisher goes on as it did.
fn turnover(prepared: &Prepared, now: Timestamp) -> Option<Duration> {
    let mut dates: Vec<Timestamp> = prepared.drafts.iter().filter_map(|draft| draft.published).collect();
    dates.sort_unstable();
    let oldest_but_a_quarter = *dates.get(dates.len() / 4)?;
    Duration::try_from(now.duration_since(oldest_but_a_quarter)).ok()
}

fn told(answer: &fetch::Answer) -> Told {
    Told {
        validators: answer.validators.clone(),
        answered_url: Some(answer.final_url.to_string()),
        moved_to: answer.moved_permanently_to.as_ref().map(Url::to_string),
        fresh_for: answer.fresh_for,
        ..Told::default()
    }
}

fn failed(error: &FetchError) -> Answer {
    if let FetchError::Paused { until, .. } = error {
        return Answer::Postponed { until: *until, detail: one_line(error) };
    }
    Answer::Failed {
        health: error.health(),
        detail: one_line(error),
        transient: error.is_transient(),
        retry_after: error.retry_after(),
    }
}

/// What the writer is sent.
enum Errand {
    /// An answer to store.
    Answer(Box<Intake>),
    /// People have asked for corrections.
    Corrections,
}

/// The writer's side of the channel.
struct Write {
    writer: Writer,
    arriving: mpsc::Receiver<Errand>,
    told: mpsc::UnboundedSender<FeedReport>,
    limits: Params,
    now: Now,
    stop: CancellationToken,
    /// Answers that are still to come.
    waited_for: Arc<AtomicUsize>,
    outage: Outage,
    /// Articles written that the index does not hold yet, and since when.
    unindexed: usize,
    indexed: std::time::Instant,
    /// What is being pruned, and when it was last looked for.
    pruning: Option<Prune>,
    looked_for_old: Option<std::time::Instant>,
    /// How long the write-ahead log was when it was last seen to be too long, in bytes.
    log_bytes: u64,
}

/// While answers are still to come, the index waits until it is this many articles behind: what it takes in at once it need not merge
/// later.
const INDEX_PIECE_ARTICLES: usize = 4_000;
/// It waits no longer than this: a feed that hangs must not keep the others from being found.
const INDEX_WAIT: Duration = Duration::from_secs(2);
/// How often it looks for what is older than it is to be kept: things are kept for days.
const PRUNE_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// From how many bytes on a write-ahead log that cannot be emptied is told of.
const LOG_BYTES_TOLD: u64 = 256 << 20;

impl Write {
    /// Writes batches until every sender is gone; the index catches up whenever nothing waits, and first with what an earlier
    /// process left undone.
    fn all(&mut self) -> Result<(), StoreError> {
        self.catch_up()?;
        loop {
            self.limits.meter.writer.rest();
            let Some(errand) = self.arriving.blocking_recv() else { break };
            self.beat();
            let Errand::Answer(first) = errand else {
                let obeyed = self.insist("corrections", Writer::obey)?;
                tracing::debug!(corrections = obeyed, "obeyed");
                continue;
            };
            let batch = self.gather(*first);
            let now = Arc::clone(&self.now);
            let what = format!("{} answers", batch.len());
            let meter = Arc::clone(&self.limits.meter);
            let timed = |writer: &mut Writer| {
                let began = std::time::Instant::now();
                writer.apply(&batch, now()).inspect(|_| meter.batch_seconds.observe(began.elapsed()))
            };
            for report in self.insist(&what, timed)? {
                self.unindexed += report.articles_new + report.articles_revised;
                // Whoever stopped listening does not want to know.
                drop(self.told.send(report));
            }
            self.forgive(&batch);
            let is_behind = self.unindexed >= INDEX_PIECE_ARTICLES || self.indexed.elapsed() >= INDEX_WAIT;
            if is_behind || self.waited_for.load(Ordering::Relaxed) == 0 {
                self.catch_up()?;
            }
        }
        // Asked for while the last answers were written.
        if !self.stop.is_cancelled() && self.writer.store().is_correction_pending()? {
            self.insist("corrections", Writer::obey)?;
        }
        self.catch_up()
    }

    /// Says that the writer gets on: at every step that may take its time, or it counts as stuck.
    fn beat(&self) {
        self.limits.meter.writer.beat(std::time::Instant::now());
    }

    /// Takes back what was held against feeds while the network was down, as soon as that is known.
    fn forgive(&mut self, batch: &[Intake]) {
        let waited_for = self.waited_for.fetch_sub(batch.len(), Ordering::Relaxed) - batch.len();
        self.limits.meter.under_way.take(batch.len());
        self.limits.meter.queue.take(batch.len());
        let now = (self.now)();
        for intake in batch {
            self.outage.hear(intake, now);
        }
        let blameless = self.outage.blameless(waited_for == 0);
        if blameless.is_empty() {
            return;
        }
        self.beat();
        tracing::warn!(feeds = blameless.len(), "the network is down: no host answers, and no feed is blamed");
        // They stand as failed then, which is no loss of news.
        if let Err(error) = self.writer.forgive(&blameless, (self.now)()) {
            tracing::warn!("cannot store that the network was down: {}", one_line(&error));
        }
    }

    /// Brings the index up to date for as long as no answer waits and nobody wants us to end. It has a watermark, so whatever
    /// is left, for these reasons or because the file is locked or full just now, comes with a later turn.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        while self.arriving.is_empty() && !self.stop.is_cancelled() {
            self.beat();
            match self.writer.index_some().and_then(|more| Ok(more || self.writer.forget()? > 0)) {
                Ok(true) => {}
                Ok(false) => {
                    self.beat();
                    (self.unindexed, self.indexed) = (0, std::time::Instant::now());
                    self.shrink_log();
                    self.prune();
                    return Ok(());
                }
                Err(error) if error.is_transient() => {
                    tracing::warn!("the index will catch up later: {}", one_line(&error));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Gives up what is older than it is to be kept, for as long as no answer waits; a later turn goes on with it. That it cannot is no
    /// reason to store nothing any more.
    fn prune(&mut self) {
        let is_time = self.looked_for_old.is_none_or(|looked| looked.elapsed() >= PRUNE_EVERY);
        match self.prune_while_idle(is_time) {
            Ok(()) => {}
            Err(error) if error.is_transient() => tracing::warn!("will prune later: {}", one_line(&error)),
            // Whoever ends it knows that; the next service goes on with it.
            Err(StoreError::GivenUp) => tracing::debug!("a step of a prune was given up: newsfold was told to end"),
            Err(error) => {
                self.pruning = None;
                tracing::error!("cannot prune what is old; `newsfold doctor` may say why: {}", one_line(&error));
            }
        }
    }

    fn prune_while_idle(&mut self, is_time: bool) -> Result<(), StoreError> {
        if self.pruning.is_none() && is_time {
            self.beat();
            self.looked_for_old = Some(std::time::Instant::now());
            self.pruning = self.writer.prune_when_due(&self.limits.retention, (self.now)())?;
        }
        while let Some(prune) = self.pruning.as_mut().filter(|_| self.arriving.is_empty() && !self.stop.is_cancelled())
        {
            // It may go on for hours, and whoever watches is to see that it gets on.
            self.limits.meter.writer.beat(std::time::Instant::now());
            if self.writer.prune_some(prune)? == Step::More {
                continue;
            }
            let pruned = prune.pruned;
            self.pruning = None;
            if pruned.articles + pruned.revisions + pruned.editions + pruned.letters > 0 {
                let (articles, revisions, editions) = (pruned.articles, pruned.revisions, pruned.editions);
                tracing::info!(articles, revisions, editions, letters = pruned.letters, "pruned");
            }
        }
        Ok(())
    }

    /// Empties the write-ahead log when a burst is over. One that a reader holds on to is told of, and again when it has doubled.
    fn shrink_log(&mut self) {
        match self.writer.store().shrink_log() {
            Ok(bytes) if bytes >= LOG_BYTES_TOLD.max(2 * self.log_bytes) => {
                self.log_bytes = bytes;
                tracing::warn!(
                    mebibytes = bytes >> 20,
                    "somebody has been reading one state of the database for long, so that its write-ahead log grows: a list that \
                     waits in a pager, or another program; it shrinks when they are done"
                );
            }
            Ok(bytes) if bytes < LOG_BYTES_TOLD => self.log_bytes = 0,
            Ok(_) => {}
            Err(error) => tracing::warn!("cannot empty the write-ahead log: {}", one_line(&error)),
        }
    }

    /// A batch: what has arrived, and what arrives within a moment, up to a limit of articles.
    fn gather(&mut self, first: Intake) -> Vec<Intake> {
        let mut articles = first.answer.entries();
        let mut batch = vec![first];
        let until = std::time::Instant::now() + self.limits.batch_wait;
        while articles < self.limits.batch_articles_max {
            match self.arriving.try_recv() {
                Ok(Errand::Answer(next)) => {
                    articles += next.answer.entries();
                    batch.push(*next);
                }
                // Every batch obeys them first.
                Ok(Errand::Corrections) => {}
                Err(mpsc::error::TryRecvError::Disconnected) => break,
                Err(mpsc::error::TryRecvError::Empty) if std::time::Instant::now() >= until => break,
                Err(mpsc::error::TryRecvError::Empty) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        batch
    }

    /// Has something written, again and again while the cause of its failing may pass.
    fn insist<T>(
        &mut self,
        what: &str,
        mut write: impl FnMut(&mut Writer) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let began = std::time::Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            self.beat();
            match write(&mut self.writer) {
                Err(error)
                    if error.is_transient() && began.elapsed() < self.limits.retry_for && !self.stop.is_cancelled() =>
                {
                    self.limits.meter.write_failures.add(1);
                    tracing::warn!("will try again to store {what}: {}", one_line(&error));
                    self.wait(pause);
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                done => return done,
            }
        }
    }

    /// Waits so long, or until somebody wants us to end.
    fn wait(&self, pause: Duration) {
        let until = std::time::Instant::now() + pause;
        while std::time::Instant::now() < until && !self.stop.is_cancelled() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
