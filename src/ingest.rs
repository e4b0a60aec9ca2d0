//! Conductor: due feeds to fetch to prepare to the writer.
//!
//! Downloads run side by side, bounded as a whole and per host; what they bring flows through one channel to the writer,
//! which gathers it into small batches. Nothing here waits for a feed that is slow: it has its own deadline.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::features;
use crate::fetch::error::{FetchError, one_line};
use crate::fetch::{self, Fetch, Request, Response};
use crate::model::{Feed, Health};
use crate::prepare::{self, Asked};
use crate::schedule::Told;
use crate::store::StoreError;
use crate::writer::{Answer, FeedReport, Intake, Writer};

/// The limits of ingest.
#[derive(Clone, Debug)]
pub struct Params {
    /// Downloads under way at once.
    pub downloads_max: usize,
    /// Of these, to one host.
    pub downloads_per_host_max: usize,
    /// Between the starts of two downloads from one host; loopback hosts have no pause.
    pub host_spacing: Duration,
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
}

impl Default for Params {
    fn default() -> Params {
        Params {
            downloads_max: 16,
            downloads_per_host_max: 2,
            host_spacing: Duration::from_secs(1),
            batch_articles_max: 1_000,
            batch_wait: Duration::from_millis(50),
            retry_for: Duration::from_secs(60),
            prepare: prepare::Params::default(),
            headers: BTreeMap::new(),
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
    tasks: JoinSet<()>,
    intakes: mpsc::Sender<Intake>,
    reports: mpsc::UnboundedReceiver<FeedReport>,
    writing: JoinHandle<(Writer, Result<(), StoreError>)>,
}

struct Downloads<F> {
    fetch: F,
    params: Params,
    now: fn() -> Timestamp,
    stop: CancellationToken,
    slots: Semaphore,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
}

/// The courtesy that one host is shown.
struct Host {
    slots: Semaphore,
    /// `None` where no pause is kept.
    next_start: Option<tokio::sync::Mutex<Instant>>,
}

impl<F: Fetch + Send + Sync + 'static> Ingest<F> {
    /// Starts the writer's task; `stop` ends downloads at once and the writer after what it holds.
    pub fn start(
        writer: Writer,
        fetch: F,
        params: Params,
        now: fn() -> Timestamp,
        stop: CancellationToken,
    ) -> Ingest<F> {
        // A short channel: downloads wait when the writer is behind, so memory stays bounded by what is under way.
        let (intakes, arriving) = mpsc::channel(params.downloads_max.max(1));
        let (told, reports) = mpsc::unbounded_channel();
        let limits = params.clone();
        let slots = Semaphore::new(params.downloads_max.max(1));
        let stopping = stop.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let mut write = Write { writer, arriving, told, limits, now, stop: stopping };
            let outcome = write.all();
            (write.writer, outcome)
        });
        let downloads = Downloads { fetch, params, now, stop, slots, hosts: Mutex::default() };
        Ingest { downloads: Arc::new(downloads), tasks: JoinSet::new(), intakes, reports, writing }
    }

    /// Asks a feed; its report comes when its answer is stored.
    pub fn ask(&mut self, feed: Feed) {
        let (downloads, intakes) = (Arc::clone(&self.downloads), self.intakes.clone());
        // Ended tasks are taken out here, or a daemon would gather them for years.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(async move {
            let stop = downloads.stop.clone();
            // The slot is kept until the writer's channel has taken the answer, so that what waits for the writer is bounded.
            let (answer, _slot) = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                came = downloads.answer(&feed) => came,
            };
            // The writer is gone only after an error that it reports itself.
            if intakes.send(Intake { feed, answer }).await.is_err() {
                tracing::debug!("an answer came after the writer had stopped");
            }
        });
    }

    /// The next report; `None` when the writer has stopped.
    pub async fn report(&mut self) -> Option<FeedReport> {
        self.reports.recv().await
    }

    /// Waits until all that was asked is stored and the index has caught up, and hands the writer back; `heard` gets the reports
    /// that nobody fetched.
    pub async fn finish(mut self, mut heard: impl FnMut(FeedReport)) -> Finished {
        // The writer ends when the last sender is gone.
        drop(self.intakes);
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
    let request = Request {
        url: feed.url.clone(),
        validators: feed.state.validators.clone(),
        headers: params.headers.get(&feed.url).cloned().unwrap_or_default(),
    };
    let response = fetch.fetch(&request, now).await;
    let answer = match &response {
        Ok(response) => read(feed, response.clone(), params.prepare.clone(), now).await,
        Err(error) => failed(error),
    };
    Looked { response, answer }
}

impl<F: Fetch> Downloads<F> {
    /// Asks a feed when its host and the whole have room, and reads what comes; with the slot it holds of the whole.
    async fn answer(&self, feed: &Feed) -> (Answer, SemaphorePermit<'_>) {
        let host = self.host(&feed.url);
        let mut held = None;
        if let Some(host) = &host {
            held = Some(host.slots.acquire().await.expect("these semaphores are never closed"));
            host.wait(self.params.host_spacing).await;
        }
        // After the host's room, so that feeds which wait for one slow host do not fill the slots of all others.
        let slot = self.slots.acquire().await.expect("these semaphores are never closed");
        let looked = look(&self.fetch, feed, &self.params, (self.now)()).await;
        drop(held);
        (looked.answer, slot)
    }

    fn host(&self, url: &str) -> Option<Arc<Host>> {
        let url = Url::parse(url).ok()?;
        let name = url.host_str()?.to_owned();
        let is_loopback = name == "localhost" || name == "[::1]" || name.starts_with("127.");
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = self.params.downloads_per_host_max.max(1);
        let host = hosts.entry(name).or_insert_with(|| {
            // Loopback is the user's own machine: a test or a local generator, which no pause protects from anything.
            let next_start = (!is_loopback).then(Instant::now);
            Arc::new(Host { slots: Semaphore::new(slots), next_start: next_start.map(tokio::sync::Mutex::new) })
        });
        Some(Arc::clone(host))
    }
}

impl Host {
    /// Waits until this host may be asked again.
    async fn wait(&self, spacing: Duration) {
        let Some(next_start) = &self.next_start else { return };
        let mut next = next_start.lock().await;
        tokio::time::sleep_until(*next).await;
        *next = Instant::now() + spacing;
    }
}

/// What a response comes to. Reading is work, so it is done where work may take its time and a panic reaches nobody else.
async fn read(feed: &Feed, response: Response, params: prepare::Params, now: Timestamp) -> Answer {
    let (answer, body, content_type) = match response {
        Response::NotModified(answer) => {
            return Answer::NotModified { told: told(&answer, None) };
        }
        Response::Fetched { answer, body, content_type } => (answer, body, content_type),
    };
    let asked = Asked { feed_url: feed.url.clone(), final_url: answer.final_url.clone(), content_type };
    // Of a feed that was never read, everything is new; of others, an entry or two.
    let ahead = feed.state.last_success.is_none().then(features::Params::default);
    let params = prepare::Params { ahead, ..params };
    let prepared = tokio::task::spawn_blocking(move || prepare::drafts(&body, &asked, now, &params)).await;
    let unreadable = |detail| Answer::Failed { health: Health::Unreadable, detail, transient: true, retry_after: None };
    match prepared {
        Ok(Ok(prepared)) => Answer::Read { told: told(&answer, prepared.pace.ttl_seconds), prepared },
        Ok(Err(error)) => unreadable(one_line(&error)),
        Err(_) => unreadable("reading it failed by a fault of newsfold's own; please report this feed".to_owned()),
    }
}

fn told(answer: &fetch::Answer, ttl_seconds: Option<u64>) -> Told {
    let ttl = ttl_seconds.map(Duration::from_secs);
    Told { validators: answer.validators.clone(), fresh_for: answer.fresh_for, ttl }
}

fn failed(error: &FetchError) -> Answer {
    Answer::Failed {
        health: error.health(),
        detail: one_line(error),
        transient: error.is_transient(),
        retry_after: error.retry_after(),
    }
}

/// The writer's side of the channel.
struct Write {
    writer: Writer,
    arriving: mpsc::Receiver<Intake>,
    told: mpsc::UnboundedSender<FeedReport>,
    limits: Params,
    now: fn() -> Timestamp,
    stop: CancellationToken,
}

impl Write {
    /// Writes batches until every sender is gone; the index catches up whenever nothing waits, and first with what an earlier
    /// process left undone.
    fn all(&mut self) -> Result<(), StoreError> {
        self.catch_up()?;
        while let Some(first) = self.arriving.blocking_recv() {
            let batch = self.gather(first);
            for report in self.apply(&batch)? {
                // Whoever stopped listening does not want to know.
                drop(self.told.send(report));
            }
            self.catch_up()?;
        }
        Ok(())
    }

    /// Brings the index up to date for as long as no answer waits and nobody wants us to end. It has a watermark, so whatever
    /// is left, for these reasons or because the file is locked or full just now, comes with a later turn.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        while self.arriving.is_empty() && !self.stop.is_cancelled() {
            match self.writer.index_some().and_then(|more| Ok(more || self.writer.forget()? > 0)) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) if error.is_transient() => {
                    tracing::warn!("the index will catch up later: {}", one_line(&error));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A batch: what has arrived, and what arrives within a moment, up to a limit of articles.
    fn gather(&mut self, first: Intake) -> Vec<Intake> {
        let mut articles = first.answer.entries();
        let mut batch = vec![first];
        let until = std::time::Instant::now() + self.limits.batch_wait;
        while articles < self.limits.batch_articles_max {
            match self.arriving.try_recv() {
                Ok(next) => {
                    articles += next.answer.entries();
                    batch.push(next);
                }
                Err(mpsc::error::TryRecvError::Disconnected) => break,
                Err(mpsc::error::TryRecvError::Empty) if std::time::Instant::now() >= until => break,
                Err(mpsc::error::TryRecvError::Empty) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        batch
    }

    /// Writes a batch, again and again while the cause may pass.
    fn apply(&mut self, batch: &[Intake]) -> Result<Vec<FeedReport>, StoreError> {
        let began = std::time::Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            match self.writer.apply(batch, (self.now)()) {
                Err(error)
                    if error.is_transient() && began.elapsed() < self.limits.retry_for && !self.stop.is_cancelled() =>
                {
                    tracing::warn!("will try again to store {} answers: {}", batch.len(), one_line(&error));
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
