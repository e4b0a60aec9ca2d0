//! Conductor: owns the store and the clusterer; one batch is one transaction.

mod answer;
mod document;
mod draft;
mod obey;
mod prune;

use std::mem::replace;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::cluster::params::Params as ClusterParams;
use crate::cluster::weights::Weights;
use crate::cluster::{Clusterer, Recalled, RestoreError, between};
use crate::features::ahead::Ahead;
use crate::fetch::policy::redact;
use crate::meter::Meter;
use crate::model::{ArticleId, Correction, Draft, Feed, FeedState, Health, Remembered, Rule, Trust};
use crate::schedule;
use crate::store::{Batch, FeedFacts, Founding, Leave, Store, StoreError};
use crate::writer::document::Document;
use crate::writer::draft::{Bringer, Desk, Stored, Tally, arrival, assign, store};

pub use crate::writer::answer::{Answer, FeedReport, Intake, Reach};
pub use crate::writer::prune::{Prune, Pruned, Retention, Step, doubtful_leap};

/// How many articles `rebuild` and a renewal of memories read at a time.
const PAGE_ARTICLES: usize = 1_000;
/// How many articles the index takes in at a time.
const INDEX_ARTICLES: usize = 4_000;
/// How many memories are handed at a time to whoever counts them in, and how many such lots may wait.
const RECALLED_TOGETHER: usize = 256;
const RECALLED_AHEAD: usize = 8;
/// How far the window moves before memories that left it are dropped.
const FORGET_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// One archived article with its publisher, for `eval`.
#[derive(Clone, Debug)]
pub struct Archived {
    /// The feed that stands for its outlet.
    pub feed: Feed,
    /// The article.
    pub draft: Draft,
    /// When it would have been seen.
    pub seen: Timestamp,
    /// Its features, if they were made before.
    pub ahead: Option<Ahead>,
}

/// The settings of the stations that the writer calls.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// When feeds are asked again.
    pub schedule: schedule::Params,
    /// How articles are grouped.
    pub cluster: ClusterParams,
    /// Where it is counted what was written, and how long it took.
    pub meter: Arc<Meter>,
}

/// The one owner of the store and the clusterer.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    /// `None` until it is needed, and again after a batch that failed: then what it remembers is read back from the store.
    clusterer: Option<Clusterer>,
    params: Params,
    salt: u64,
    /// How long each assignment took, where somebody wants to know; a daemon would gather them for years.
    assign_times: Option<Vec<Duration>>,
    /// Where the window began when memories were last dropped.
    forgotten_until: Option<Timestamp>,
}

impl Writer {
    /// A writer over an open store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(store: Store, params: Params) -> Result<Writer, StoreError> {
        let salt = store.salt()?;
        Ok(Writer { store, clusterer: None, params, salt, assign_times: None, forgotten_until: None })
    }

    /// The store, for reading and for the feeds' own rows.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Takes other settings from the next batch on.
    pub fn set_params(&mut self, params: Params) {
        if params.cluster != self.params.cluster {
            self.clusterer = None;
        }
        self.params = params;
    }

    /// Stores a batch of answers in one transaction: articles, revisions, memberships, validators and due times, all or none.
    ///
    /// # Errors
    /// When the file cannot be written; nothing of the batch is stored then, and the same batch can be applied again.
    pub fn apply(&mut self, intakes: &[Intake], now: Timestamp) -> Result<Vec<FeedReport>, StoreError> {
        let salt = self.salt;
        let schedule = self.params.schedule.clone();
        let places = intakes.iter().any(|intake| intake.answer.entries() > 0);
        self.in_one_batch(places, |batch, desk| {
            intakes.iter().map(|intake| take_in(batch, desk, intake, &At { now, salt, schedule: &schedule })).collect()
        })
        .map(|(_, reports)| self.counted(reports))
    }

    /// Counts what these reports of a batch that is stored say.
    fn counted(&self, reports: Vec<FeedReport>) -> Vec<FeedReport> {
        let entries = &self.params.meter.entries;
        for report in &reports {
            let news = report.articles_new + report.articles_revised;
            entries.add("new", report.articles_new);
            entries.add("revised", report.articles_revised);
            entries.add("known", report.entries.saturating_sub(news));
        }
        reports
    }

    /// Reads the window back, if nobody did so before, so that the first article need not wait for it; says how many articles it holds.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_window(&mut self) -> Result<usize, StoreError> {
        if self.clusterer.is_none() {
            self.params.meter.writer.beat(Instant::now());
            let restored = self.restored();
            self.params.meter.writer.rest();
            self.clusterer = Some(restored?);
        }
        self.params.meter.window_articles.set(self.window_articles());
        Ok(self.window_articles())
    }

    /// Stores archived articles in one transaction, each as seen at its own time, and says under which number each stands. Where each
    /// belongs is said by [`Store::places`] at the end: later ones may merge and split clusters.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn archive(&mut self, articles: &[Archived]) -> Result<Vec<ArticleId>, StoreError> {
        self.in_one_batch(true, |batch, desk| {
            let place = |article: &Archived| {
                let (feed, drafts) = (&article.feed, std::slice::from_ref(&article.draft));
                let bringer = Bringer { feed, outlet: feed.outlet_name(), trust: Trust::default() };
                // No document stands around it, so its keys alone can tell.
                let Document { verdicts, mut present, .. } =
                    document::recognised(batch, feed.id, drafts, bringer.trust)?;
                let verdict = verdicts.into_iter().next().expect("a verdict for every draft");
                let mut desk = desk.with(article.ahead.as_ref());
                match store(batch, &mut desk, bringer, (&article.draft, verdict, article.seen), &mut present)? {
                    Stored::New { article, .. } | Stored::Revised(article) | Stored::Known(article) => Ok(article),
                    Stored::Buried => unreachable!("nothing is buried in an archive"),
                }
            };
            articles.iter().map(place).collect()
        })
        .map(|(_, stored)| stored)
    }

    /// Takes back that these feeds, each as it was before it failed, are to blame: the network was down.
    ///
    /// # Errors
    /// When the file cannot be written; then the failures count.
    pub fn forgive(&mut self, feeds: &[Feed], now: Timestamp) -> Result<(), StoreError> {
        let mut batch = self.store.batch()?;
        for feed in feeds {
            let state = schedule::forgiven(feed, now, self.salt, &self.params.schedule);
            batch.set_feed(feed.id, &state, &FeedFacts::default())?;
        }
        batch.commit()
    }

    /// Obeys what people have asked for since: merges, splits, bans, undoings. Every batch does so first; this is for when none comes. Says
    /// how many there were.
    ///
    /// # Errors
    /// When the file cannot be written; nothing of them is done then.
    pub fn obey(&mut self) -> Result<usize, StoreError> {
        self.in_one_batch(false, |_, _| Ok(())).map(|(obeyed, ())| obeyed)
    }

    /// What ends from another thread whatever the writer is at, rolled back as if it had never begun: for a process that must end and has
    /// no time left.
    pub fn leave(&self) -> Leave {
        self.store.leave()
    }

    /// Begins to note how long each assignment takes.
    pub fn note_assign_times(&mut self) {
        self.assign_times = Some(Vec::new());
    }

    /// The times noted so far, in the order of arrival.
    pub fn assign_times(&self) -> &[Duration] {
        self.assign_times.as_deref().unwrap_or_default()
    }

    /// How many articles the window holds.
    pub fn window_articles(&self) -> usize {
        self.clusterer.as_ref().map_or(0, Clusterer::len)
    }

    /// Brings the full-text index nearer to the articles, in one transaction; says whether some are left.
    ///
    /// # Errors
    /// When the file cannot be written; the next call goes on from there.
    pub fn index_some(&mut self) -> Result<bool, StoreError> {
        Ok(self.store.index(INDEX_ARTICLES)? == INDEX_ARTICLES)
    }

    /// Drops memories that have left the window, once an hour of the log; says how many.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self) -> Result<usize, StoreError> {
        let Some(start) = self.window_start()? else { return Ok(0) };
        // A clock that was ahead once and is no more must not keep this from being done.
        let since = self.forgotten_until.map(|until| start.duration_since(until));
        if since.is_some_and(|since| (SignedDuration::ZERO..FORGET_EVERY).contains(&since)) {
            return Ok(0);
        }
        self.forgotten_until = Some(start);
        self.store.drop_memories(start)
    }

    /// Gives articles up: what they said is removed, what they were known by stays, so that they never come back as new. Says how many;
    /// see [`Batch::bury`].
    ///
    /// # Errors
    /// When the file cannot be written; nothing is removed then.
    pub fn bury(&mut self, articles: &[ArticleId]) -> Result<usize, StoreError> {
        // What the clusterer remembers of them must go as well.
        self.clusterer = None;
        let mut batch = self.store.batch()?;
        let buried = batch.bury(articles)?;
        batch.commit()?;
        Ok(buried)
    }

    /// Everything derived as text: see [`Store::dump`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dump(&self) -> Result<String, StoreError> {
        self.store.dump(self.window_start()?.unwrap_or(Timestamp::MIN))
    }

    /// Drops everything derived and remakes it from the stored articles, in the log's order; `placed` hears how many are done. What was
    /// settled when articles were pruned stays as it was settled: it was placed among neighbours that are gone.
    ///
    /// # Errors
    /// When the file cannot be written; the old clusters stand then.
    pub fn rebuild(&mut self, mut placed: impl FnMut(usize)) -> Result<usize, StoreError> {
        self.obey()?;
        self.clusterer = None;
        let params = self.params.clone();
        let mut clusterer = Clusterer::new(params.cluster.clone(), Weights::builtin());
        let (mut count, mut tally, meter) = (0, Tally::default(), Arc::clone(&params.meter));
        self.store.remake(|batch, border| {
            let mut after = border.unwrap_or(ArticleId(0));
            let mut standing = Vec::new();
            if border.is_some() {
                standing = batch.standing_corrections(after.0)?;
                clusterer = settled(batch, &params, after)?;
                clusterer.rule(obey::rulings_in(batch, &standing)?);
            }
            let corrections = batch.obeyed_corrections()?.into_iter();
            let is_later = |correction: &Correction| correction.seq.is_some_and(|seq| seq > after.0);
            let mut corrections = corrections.filter(is_later).collect::<Vec<_>>().into_iter().peekable();
            loop {
                let page = batch.foundings(after, PAGE_ARTICLES)?;
                for founding in &page {
                    obey::again(batch, &mut clusterer, &mut corrections, &mut standing, founding.id.0)?;
                    let mut desk = Desk {
                        clusterer: Some(&mut clusterer),
                        ahead: None,
                        assign_times: None,
                        meter: &meter,
                        tally: &mut tally,
                    };
                    assign(batch, &mut desk, founding)?;
                }
                let Some(last) = page.last() else {
                    return obey::again(batch, &mut clusterer, &mut corrections, &mut standing, i64::MAX);
                };
                after = last.id;
                count += page.len();
                placed(count);
            }
        })?;
        self.clusterer = Some(clusterer);
        self.store.forget_index()?;
        while self.index_some()? {}
        Ok(count)
    }

    /// Gives up what was settled when articles were pruned, so that the next rebuild places everything that is left anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn unsettle(&mut self) -> Result<(), StoreError> {
        let mut batch = self.store.batch()?;
        batch.unsettle()?;
        batch.commit()
    }

    /// Obeys what people asked for, then runs `work`, all in one transaction; gives how many corrections there were, and what `work` gave. If it fails, the clusterer is set aside: what it learned from the lost batch must go. Work
    /// that places nothing, as of a pass where nothing has changed, does not wait until the window is read back.
    fn in_one_batch<T>(
        &mut self,
        places: bool,
        work: impl FnOnce(&mut Batch<'_>, &mut Desk<'_>) -> Result<T, StoreError>,
    ) -> Result<(usize, T), StoreError> {
        let mut clusterer = match self.clusterer.take() {
            None if places => Some(self.restored()?),
            held => held,
        };
        let mut batch = match self.store.batch() {
            Ok(batch) => batch,
            Err(error) => {
                // Nothing was learned from a batch that never began, so nothing has to be read back.
                self.clusterer = clusterer;
                return Err(error);
            }
        };
        let (meter, mut tally) = (Arc::clone(&self.params.meter), Tally::default());
        let mut desk = Desk {
            clusterer: clusterer.as_mut(),
            ahead: None,
            assign_times: self.assign_times.as_mut(),
            meter: &meter,
            tally: &mut tally,
        };
        let obeyed = obey::pending(&mut batch, desk.clusterer.as_deref_mut())?;
        let result = work(&mut batch, &mut desk)?;
        batch.commit()?;
        self.clusterer = clusterer;
        // Only what is stored counts: the same batch comes again when it was not.
        tally.count(&meter);
        meter.corrections.add(obeyed);
        meter.window_articles.set(self.window_articles());
        Ok((obeyed, result))
    }

    /// The moment from which articles must be remembered; `None` where there are none.
    fn window_start(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.store.latest_seen()?.map(|latest_seen| self.params.cluster.window_start(latest_seen)))
    }

    /// The clusterer as the store remembers it.
    fn restored(&mut self) -> Result<Clusterer, StoreError> {
        let params = self.params.cluster.clone();
        let Some(start) = self.window_start()? else { return Ok(Clusterer::new(params, Weights::builtin())) };
        let (leave, meter) = (self.store.leave(), &self.params.meter);
        let is_let = || {
            meter.writer.beat(Instant::now());
            !leave.is_wanted()
        };
        match recalled(params, |take| self.store.memories(start, |remembered| is_let() && take(remembered)))? {
            // It may be a part of the window.
            _ if leave.is_wanted() => Err(StoreError::GivenUp),
            Ok(mut clusterer) => {
                clusterer.rule(obey::rulings(&self.store)?);
                clusterer.set_behind_since(self.store.behind_since(start)?);
                Ok(clusterer)
            }
            Err(error) => {
                tracing::info!("making the window's features again: {error}");
                self.renewed(start)
            }
        }
    }

    /// [`renewed`] in a transaction of its own.
    fn renewed(&mut self, start: Timestamp) -> Result<Clusterer, StoreError> {
        let mut batch = self.store.batch()?;
        let mut clusterer = renewed(&mut batch, &self.params, start)?;
        batch.commit()?;
        clusterer.rule(obey::rulings(&self.store)?);
        clusterer.set_behind_since(self.store.behind_since(start)?);
        Ok(clusterer)
    }
}

/// The clusterer as the memories tell it that `read` hands over. They are read here and counted in on another thread.
fn recalled(
    params: ClusterParams,
    read: impl FnOnce(&mut dyn FnMut(Remembered) -> bool) -> Result<(), StoreError>,
) -> Result<Result<Clusterer, RestoreError>, StoreError> {
    let (sender, receiver) = sync_channel::<Vec<Result<Recalled, RestoreError>>>(RECALLED_AHEAD);
    thread::scope(|scope| {
        let counting =
            scope.spawn(move || Clusterer::restore(params, Weights::builtin(), receiver.into_iter().flatten()));
        let mut some = Vec::with_capacity(RECALLED_TOGETHER);
        let read = read(&mut |remembered| {
            some.push(Recalled::of(&remembered));
            // Whoever counts takes no more where it met one that cannot be read.
            some.len() < RECALLED_TOGETHER
                || sender.send(replace(&mut some, Vec::with_capacity(RECALLED_TOGETHER))).is_ok()
        });
        // Nobody takes it where counting has ended already.
        let _ended = sender.send(some);
        drop(sender);
        let restored = counting.join().unwrap_or_else(|panic| resume_unwind(panic));
        read.map(|()| restored)
    })
}

/// The clusterer with every article of the window counted in anew where it already is; memories of another version are replaced on
/// the way.
fn renewed(batch: &mut Batch<'_>, params: &Params, start: Timestamp) -> Result<Clusterer, StoreError> {
    let mut clusterer = Clusterer::new(params.cluster.clone(), Weights::builtin());
    for (founding, cluster) in batch.window(start)? {
        params.meter.writer.beat(Instant::now());
        let memory = clusterer.place(arrival(&founding, &clusterer.params().features, None), cluster);
        batch.remember(founding.id, &memory)?;
    }
    Ok(clusterer)
}

/// The clusterer as it was when all up to this place was settled; the store stands there again.
fn settled(batch: &mut Batch<'_>, params: &Params, border: ArticleId) -> Result<Clusterer, StoreError> {
    let Some(latest_seen) = batch.latest_seen_until(border)? else {
        return Ok(Clusterer::new(params.cluster.clone(), Weights::builtin()));
    };
    let start = params.cluster.window_start(latest_seen);
    let mut clusterer = match recalled(params.cluster.clone(), |take| batch.memories(start, take))? {
        Ok(clusterer) => clusterer,
        // Another version's, or the window was smaller then.
        Err(_) => renewed(batch, params, start)?,
    };
    clusterer.set_behind_since(batch.behind_since_until(start, border)?);
    Ok(clusterer)
}

/// What speaks for an article being of one story with others, and what against, each as first stored and with its memory: see
/// [`between::between`].
pub fn between(
    params: &ClusterParams,
    others: &[(Founding, Vec<u8>)],
    article: &(Founding, Vec<u8>),
) -> Option<between::Between> {
    let placed = |(founding, memory)| between::Placed {
        arrival: arrival(founding, &params.features, None),
        memory: Vec::clone(memory),
    };
    let others: Vec<between::Placed<'_>> = others.iter().map(|(founding, memory)| placed((founding, memory))).collect();
    between::between(params, Weights::builtin(), &others, &placed((&article.0, &article.1)))
}

/// What holds for a whole batch.
struct At<'a> {
    now: Timestamp,
    salt: u64,
    schedule: &'a schedule::Params,
}

/// Stores one feed's answer.
fn take_in(batch: &mut Batch<'_>, desk: &mut Desk<'_>, intake: &Intake, at: &At<'_>) -> Result<FeedReport, StoreError> {
    let feed = &intake.feed;
    let mut report = FeedReport {
        url: feed.url.clone(),
        health_before: feed.state.health,
        is_as_before: false,
        health: Health::Ok,
        detail: None,
        entries: intake.answer.entries(),
        articles_new: 0,
        articles_backlog: 0,
        articles_revised: 0,
        clusters_new: 0,
        warnings: Vec::new(),
        postponed: None,
    };
    let mut facts = FeedFacts::default();
    if let Answer::Read { prepared, .. } = &intake.answer {
        facts = FeedFacts {
            title: prepared.title.clone(),
            site: prepared.site.clone(),
            // A name once given stays: feeds put counts and slogans into their titles, and outlets must not multiply by that.
            outlet_found: Some(feed.outlet_found.clone().unwrap_or_else(|| prepared.outlet.clone())),
        };
        report.warnings.clone_from(&prepared.warnings);
        let outlet = feed.outlet.as_deref().or(facts.outlet_found.as_deref()).unwrap_or(&feed.url);
        let mut desk = Desk {
            clusterer: desk.clusterer.as_deref_mut(),
            ahead: prepared.ahead.as_deref(),
            assign_times: desk.assign_times.as_deref_mut(),
            meter: desk.meter,
            tally: &mut *desk.tally,
        };
        let past = batch.past(feed.id)?;
        let mut document = document::read(batch, feed.id, &prepared.drafts, past, at.now)?;
        let bringer = Bringer { feed, outlet, trust: document.trust };
        for (draft, verdict) in prepared.drafts.iter().zip(document.verdicts) {
            match store(batch, &mut desk, bringer, (draft, verdict, at.now), &mut document.present)? {
                Stored::New { article, cluster, backlog } => {
                    report.articles_new += 1;
                    report.articles_backlog += usize::from(backlog);
                    report.clusters_new += usize::from(cluster.0 == article);
                }
                Stored::Revised(_) => report.articles_revised += 1,
                Stored::Known(_) | Stored::Buried => {}
            }
        }
        if document.trust != past.trust {
            batch.set_trust(feed.id, document.trust)?;
        }
        report.warnings.extend(distrusted(document.trust.rule));
    }
    if intake.answer.is_of_a_document() {
        batch.forget_deaths(feed.id)?;
    }
    if let Reach::Throttled { host, pause } = &intake.reach {
        batch.pause_host(host, *pause, at.now)?;
    }
    let mut state = schedule::next(feed, &intake.answer.outcome(report.articles_new), at.now, at.salt, at.schedule);
    if let Answer::Read { .. } = &intake.answer {
        state = without_twin(batch, feed, state, at)?;
    }
    batch.set_feed(feed.id, &state, &facts)?;
    report.health = state.health;
    // What is said of one trouble may differ from time to time; what is said of a feed that is well is one thing.
    let is_same_trouble = state.health.is_trouble() || state.detail == feed.state.detail;
    report.is_as_before = state.health == feed.state.health && is_same_trouble;
    report.detail = state.detail;
    if let Answer::Postponed { until, detail } = &intake.answer {
        report.postponed = Some(*until);
        report.detail = Some(detail.clone());
    }
    Ok(report)
}

/// Two feeds that one document answers are not both polled: the one whose own URL it is goes on, else the one that was first.
fn without_twin(batch: &mut Batch<'_>, feed: &Feed, state: FeedState, at: &At<'_>) -> Result<FeedState, StoreError> {
    let Some(answered_url) = &state.answered_url else { return Ok(state) };
    let Some(twin) = batch.twin(feed.id, answered_url)? else {
        return Ok(schedule::same_as(feed, state, None, at.salt, at.schedule));
    };
    let own = |feed: &Feed| feed.asked_url() == answered_url;
    let flag = |feed: &Feed, state, other: &Feed| {
        let mut state = schedule::same_as(feed, state, Some(other.id), at.salt, at.schedule);
        state.detail = Some(format!("it is the same feed as `{}`, which alone is asked", redact(&other.url)));
        state
    };
    if own(feed) && !own(&twin) {
        let other = flag(&twin, twin.state.clone(), feed);
        batch.set_feed(twin.id, &other, &FeedFacts::default())?;
        return Ok(schedule::same_as(feed, state, None, at.salt, at.schedule));
    }
    Ok(flag(feed, state, &twin))
}

/// What a user should know of a feed whose keys are not believed.
fn distrusted(rule: Rule) -> Option<String> {
    let (changing, by) = match rule {
        Rule::Guid => return None,
        Rule::Link => ("guids", "links"),
        Rule::Title => ("guids and links", "titles and dates"),
        Rule::Text => ("guids, links and dates", "titles and texts"),
    };
    Some(format!("its {changing} change from one reading to the next; its articles are recognised by their {by}"))
}
