//! Conductor: owns the store and the clusterer; one batch is one transaction.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::cluster::params::Params as ClusterParams;
use crate::cluster::weights::Weights;
use crate::cluster::{Arrival, Clusterer, Remembered};
use crate::features::ahead::Ahead;
use crate::features::lexicon::Lexicon;
use crate::features::{self, Subject, language};
use crate::identify;
use crate::model::{ArticleId, ClusterId, Draft, Feed, Health};
use crate::prepare::Prepared;
use crate::schedule::{self, Outcome, Told};
use crate::store::{Batch, FeedFacts, Founding, Known, NewArticle, Placed, Store, StoreError};

/// How many articles `rebuild` and a renewal of memories read at a time.
const PAGE_ARTICLES: usize = 1_000;
/// How far the window moves before memories that left it are dropped.
const FORGET_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What one feed answered, ready to be stored.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The feed, as it was when it was asked.
    pub feed: Feed,
    /// What came of it.
    pub answer: Answer,
}

/// What came of asking a feed.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was read.
    Read {
        /// What it holds.
        prepared: Prepared,
        /// What the answer says for the next time.
        told: Told,
    },
    /// It has not changed.
    NotModified {
        /// What the answer says for the next time.
        told: Told,
    },
    /// It could not be had, or not be read.
    Failed {
        /// In one word.
        health: Health,
        /// In one line.
        detail: String,
        /// Whether asking again soon may help.
        transient: bool,
        /// For how long the server asks us not to come back.
        retry_after: Option<Duration>,
    },
}

impl Answer {
    /// How many entries it brings, by which batches are bounded.
    pub fn entries(&self) -> usize {
        match self {
            Answer::Read { prepared, .. } => prepared.drafts.len(),
            _ => 0,
        }
    }

    /// What the schedule makes of it, once it is known how many of its articles were new.
    pub fn outcome(&self, articles_new: usize) -> Outcome {
        match self {
            Answer::Read { prepared, told } => {
                Outcome::Read { entries: prepared.entries, articles_new, told: told.clone() }
            }
            Answer::NotModified { told } => Outcome::NotModified { told: told.clone() },
            Answer::Failed { health, detail, transient, retry_after } => Outcome::Failed {
                health: *health,
                detail: detail.clone(),
                transient: *transient,
                retry_after: *retry_after,
            },
        }
    }
}

/// What became of one feed's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedReport {
    /// The feed's URL.
    pub url: String,
    /// Its state in one word.
    pub health: Health,
    /// The trouble, in one line.
    pub detail: Option<String>,
    /// Entries it held.
    pub entries: usize,
    /// Articles that were new.
    pub articles_new: usize,
    /// Articles that had new words.
    pub articles_revised: usize,
    /// Articles that founded a cluster.
    pub clusters_new: usize,
    /// What was wrong with it and could be lived with.
    pub warnings: Vec<String>,
}

/// One archived article with its publisher, for `eval`.
#[derive(Clone, Debug)]
pub struct Archived {
    /// The feed that stands for its outlet.
    pub feed: Feed,
    /// The article.
    pub draft: Draft,
    /// When it would have been seen.
    pub seen: Timestamp,
}

/// The settings of the stations that the writer calls.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// When feeds are asked again.
    pub schedule: schedule::Params,
    /// How articles are grouped.
    pub cluster: ClusterParams,
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

enum Stored {
    New(ArticleId, ClusterId),
    Revised(ArticleId),
    Known(ArticleId),
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
    }

    /// Stores archived articles in one transaction, each as seen at its own time, and says where each belongs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn archive(&mut self, articles: &[Archived]) -> Result<Vec<ClusterId>, StoreError> {
        self.in_one_batch(true, |batch, desk| {
            let place = |article: &Archived| {
                let feed = &article.feed;
                match store(batch, desk, feed, feed.outlet_name(), (&article.draft, article.seen))? {
                    Stored::New(_, cluster) => Ok(cluster),
                    Stored::Revised(known) | Stored::Known(known) => batch.cluster_of(known),
                }
            };
            articles.iter().map(place).collect()
        })
    }

    /// Begins to note how long each assignment takes.
    pub fn note_assign_times(&mut self) {
        self.assign_times = Some(Vec::new());
    }

    /// The times noted so far, in the order of arrival.
    pub fn assign_times(&self) -> &[Duration] {
        self.assign_times.as_deref().unwrap_or_default()
    }

    /// Brings the full-text index nearer to the articles, in one transaction; says whether some are left.
    ///
    /// # Errors
    /// When the file cannot be written; the next call goes on from there.
    pub fn index_some(&mut self) -> Result<bool, StoreError> {
        Ok(self.store.index(PAGE_ARTICLES)? == PAGE_ARTICLES)
    }

    /// Drops memories that have left the window, once an hour of the log; says how many.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self) -> Result<usize, StoreError> {
        let Some(start) = self.window_start()? else { return Ok(0) };
        if self.forgotten_until.is_some_and(|until| start.duration_since(until) < FORGET_EVERY) {
            return Ok(0);
        }
        self.forgotten_until = Some(start);
        self.store.drop_memories(start)
    }

    /// Everything derived as text: see [`Store::dump`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dump(&self) -> Result<String, StoreError> {
        self.store.dump(self.window_start()?.unwrap_or(Timestamp::MIN))
    }

    /// Drops everything derived and remakes it from the stored articles, in the log's order; `placed` hears how many are done.
    ///
    /// # Errors
    /// When the file cannot be written; the old clusters stand then.
    pub fn rebuild(&mut self, mut placed: impl FnMut(usize)) -> Result<usize, StoreError> {
        self.clusterer = None;
        let mut clusterer = Clusterer::new(self.params.cluster.clone(), Weights::builtin());
        let mut count = 0;
        self.store.remake(|batch| {
            let mut after = ArticleId(0);
            loop {
                let page = batch.foundings(after, PAGE_ARTICLES)?;
                let Some(last) = page.last() else { return Ok(()) };
                after = last.id;
                let mut desk = Desk { clusterer: Some(&mut clusterer), ahead: None, assign_times: None };
                for founding in &page {
                    assign(batch, &mut desk, founding)?;
                }
                count += page.len();
                placed(count);
            }
        })?;
        self.clusterer = Some(clusterer);
        self.store.forget_index()?;
        while self.index_some()? {}
        Ok(count)
    }

    /// Runs `work` in one transaction. If it fails, the clusterer is set aside: what it learned from the lost batch must go. Work
    /// that places nothing, as of a pass where nothing has changed, does not wait until the window is read back.
    fn in_one_batch<T>(
        &mut self,
        places: bool,
        work: impl FnOnce(&mut Batch<'_>, &mut Desk<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
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
        let mut desk = Desk { clusterer: clusterer.as_mut(), ahead: None, assign_times: self.assign_times.as_mut() };
        let result = work(&mut batch, &mut desk)?;
        batch.commit()?;
        self.clusterer = clusterer;
        Ok(result)
    }

    /// The moment from which articles must be remembered; `None` where there are none.
    fn window_start(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.store.last_seen()?.map(|last_seen| self.params.cluster.window_start(last_seen)))
    }

    /// The clusterer as the store remembers it.
    fn restored(&mut self) -> Result<Clusterer, StoreError> {
        let (params, weights) = (self.params.cluster.clone(), Weights::builtin());
        let Some(start) = self.window_start()? else { return Ok(Clusterer::new(params, weights)) };
        let memories = self.store.memories(start)?;
        let remembered = memories.into_iter().map(|stored| Remembered {
            article: stored.article,
            cluster: stored.cluster,
            published: stored.published,
            seen: stored.seen,
            outlet: stored.outlet,
            memory: stored.memory,
        });
        match Clusterer::restore(params, weights, remembered) {
            Ok(clusterer) => Ok(clusterer),
            Err(error) => {
                tracing::info!("making the window's features again: {error}");
                self.renewed(start)
            }
        }
    }

    /// The clusterer with every article of the window counted in anew where it already is; memories of another version are
    /// replaced on the way.
    fn renewed(&mut self, start: Timestamp) -> Result<Clusterer, StoreError> {
        let mut clusterer = Clusterer::new(self.params.cluster.clone(), Weights::builtin());
        let mut batch = self.store.batch()?;
        for (founding, cluster) in batch.window(start)? {
            let memory = clusterer.place(arrival(&founding, &clusterer, None), cluster);
            batch.remember(founding.id, &memory)?;
        }
        batch.commit()?;
        Ok(clusterer)
    }
}

/// The clusterer at work, with a watch beside it where somebody wants to know how fast it is.
struct Desk<'a> {
    /// Where the work places articles.
    clusterer: Option<&'a mut Clusterer>,
    /// Features of the document at hand that were made before.
    ahead: Option<&'a Ahead>,
    assign_times: Option<&'a mut Vec<Duration>>,
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
        health: Health::Ok,
        detail: None,
        entries: intake.answer.entries(),
        articles_new: 0,
        articles_revised: 0,
        clusters_new: 0,
        warnings: Vec::new(),
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
        };
        for draft in &prepared.drafts {
            match store(batch, &mut desk, feed, outlet, (draft, at.now))? {
                Stored::New(article, cluster) => {
                    report.articles_new += 1;
                    report.clusters_new += usize::from(cluster.0 == article);
                }
                Stored::Revised(_) => report.articles_revised += 1,
                Stored::Known(_) => {}
            }
        }
    }
    let state = schedule::next(feed, &intake.answer.outcome(report.articles_new), at.now, at.salt, at.schedule);
    batch.set_feed(feed.id, &state, &facts)?;
    report.health = state.health;
    report.detail = state.detail;
    Ok(report)
}

/// Stores one draft: as a new article in its cluster, as a revision, or not at all when nothing about it is new.
fn store(
    batch: &mut Batch<'_>,
    desk: &mut Desk<'_>,
    feed: &Feed,
    outlet: &str,
    (draft, seen): (&Draft, Timestamp),
) -> Result<Stored, StoreError> {
    if let Some(known) = batch.known(feed.id, &draft.key)? {
        return Ok(if is_revision(feed, draft, &known) {
            batch.revise(known.id, draft, seen)?;
            Stored::Revised(known.id)
        } else {
            Stored::Known(known.id)
        });
    }
    let elsewhere = draft.canonical.as_deref().map(|canonical| batch.known_elsewhere(feed.id, canonical, &draft.title));
    if let Some(known) = elsewhere.transpose()?.flatten() {
        batch.add_appearance(feed.id, &draft.key, known.id)?;
        return Ok(Stored::Known(known.id));
    }
    let mut attempt = 0;
    let mut code = identify::code(&feed.url, &draft.key, attempt);
    while batch.is_taken(&code)? {
        attempt += 1;
        code = identify::code(&feed.url, &draft.key, attempt);
    }
    let known_lang = desk.ahead.and_then(|ahead| ahead.language(draft));
    let lang = known_lang.unwrap_or_else(|| language::language(&draft.title, &draft.text, draft.lang.as_deref()));
    let outlet = draft.source.as_deref().unwrap_or(outlet);
    let published = draft.published.unwrap_or(seen);
    let article = NewArticle { draft, feed: feed.id, outlet, lang: lang.as_deref(), published, seen };
    let id = batch.add_article(&article, &code)?;
    batch.add_appearance(feed.id, &draft.key, id)?;
    let founding = Founding {
        id,
        title: draft.title.clone(),
        text: draft.text.clone(),
        outlet: outlet.to_owned(),
        lang,
        published,
        seen,
        may_group: feed.cluster,
        dated: draft.date_doubt.is_none(),
    };
    let cluster = assign(batch, desk, &founding)?;
    Ok(Stored::New(id, cluster))
}

/// Only the feed that brought an article may change it, or two feeds that cut one text at different lengths would change it back
/// and forth at every poll; and an entry that lost its text says nothing new.
fn is_revision(feed: &Feed, draft: &Draft, known: &Known) -> bool {
    let changed = draft.title != known.title || draft.text != known.text;
    changed && known.feed == feed.id && (known.text.is_empty() || !draft.text.is_empty())
}

/// Asks the clusterer where an article belongs, and stores what it says.
fn assign(batch: &mut Batch<'_>, desk: &mut Desk<'_>, founding: &Founding) -> Result<ClusterId, StoreError> {
    let clusterer = desk.clusterer.as_deref_mut().expect("work that places articles has said so");
    let arrival = arrival(founding, clusterer, desk.ahead);
    let began = Instant::now();
    let assignment = clusterer.assign(arrival);
    if let Some(times) = &mut desk.assign_times {
        times.push(began.elapsed());
    }
    batch.place(&Placed {
        article: assignment.article,
        cluster: assignment.cluster,
        reason: &assignment.reason,
        copy_of: assignment.copy_of,
        memory: &assignment.memory,
        published: founding.published,
        seen: founding.seen,
    })?;
    Ok(assignment.cluster)
}

fn arrival<'a>(founding: &'a Founding, clusterer: &Clusterer, ahead: Option<&'a Ahead>) -> Arrival<'a> {
    let params = &clusterer.params().features;
    let subject = Subject { title: &founding.title, text: &founding.text, lang: founding.lang.as_deref() };
    Arrival {
        id: founding.id,
        published: founding.published,
        seen: founding.seen,
        outlet: &founding.outlet,
        dated: founding.dated,
        alone: !founding.may_group,
        features: ahead
            .and_then(|ahead| ahead.features(&subject, params))
            .map_or_else(|| Cow::Owned(features::of(&subject, Lexicon::builtin(), params)), Cow::Borrowed),
    }
}
