//! Conductor: owns the store and the clusterer; one batch is one transaction.

mod document;

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::cluster::params::Params as ClusterParams;
use crate::cluster::weights::Weights;
use crate::cluster::{Arrival, Clusterer, Remembered};
use crate::features::ahead::Ahead;
use crate::features::lexicon::Lexicon;
use crate::features::{self, Subject, language};
use crate::fetch::policy::redact;
use crate::identify::{self, recognise};
use crate::model::{ArticleId, ClusterId, Draft, Feed, FeedState, Health, HostPause, Rule, Trust};
use crate::prepare::Prepared;
use crate::schedule::{self, Outcome, Told};
use crate::store::{Batch, FeedFacts, Founding, Known, NewArticle, Placed, Store, StoreError};
use crate::writer::document::{Document, Verdict, believed, said_by, said_in};

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
    /// What it tells of the feed's host.
    pub reach: Reach,
}

/// What asking one feed tells of its host and of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nothing that concerns other feeds.
    #[default]
    Itself,
    /// A server of the wide network answered something.
    Answered {
        /// The host that was asked.
        host: String,
    },
    /// Nothing at all came from a host of the wide network.
    Silent {
        /// The host that was asked.
        host: String,
        /// When asking began.
        began: Timestamp,
    },
    /// A host wants to be asked less, by all of its feeds.
    Throttled {
        /// The host, as courtesy counts hosts.
        host: String,
        /// Its pause.
        pause: HostPause,
    },
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
    /// It was not asked after all, because a host on its way keeps a pause.
    Postponed {
        /// The end of the pause.
        until: Timestamp,
        /// In one line.
        detail: String,
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

    /// Whether a document came of which the process did not die; that it had not changed says the same of the last one.
    fn is_of_a_document(&self) -> bool {
        match self {
            Answer::Read { .. } | Answer::NotModified { .. } => true,
            Answer::Failed { health, .. } => *health == Health::Unreadable,
            Answer::Postponed { .. } => false,
        }
    }

    /// What the schedule makes of it, once it is known how many of its articles were new.
    pub fn outcome(&self, articles_new: usize) -> Outcome {
        match self {
            Answer::Read { prepared, told } => {
                let undated =
                    if prepared.undated == prepared.drafts.len() { prepared.entries } else { prepared.undated };
                Outcome::Read { entries: prepared.entries, undated, articles_new, told: told.clone() }
            }
            Answer::NotModified { told } => Outcome::NotModified { told: told.clone() },
            Answer::Failed { health, detail, transient, retry_after } => Outcome::Failed {
                health: *health,
                detail: detail.clone(),
                transient: *transient,
                retry_after: *retry_after,
            },
            Answer::Postponed { until, .. } => Outcome::Postponed { until: *until },
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
    /// Those among them that were published before the feed was added, and so are no news.
    pub articles_backlog: usize,
    /// Articles that had new words.
    pub articles_revised: usize,
    /// Articles that founded a cluster.
    pub clusters_new: usize,
    /// What was wrong with it and could be lived with.
    pub warnings: Vec<String>,
    /// Until when it was put off without being asked, because its host keeps a pause.
    pub postponed: Option<Timestamp>,
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

/// What became of a draft.
enum Stored {
    New { article: ArticleId, cluster: ClusterId, backlog: bool },
    Revised(ArticleId),
    Known(ArticleId),
    Buried,
}

/// The feed that brings drafts.
#[derive(Clone, Copy)]
struct Bringer<'a> {
    feed: &'a Feed,
    /// Its outlet's name.
    outlet: &'a str,
    /// What is believed of its keys.
    trust: Trust,
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
                let (feed, drafts) = (&article.feed, std::slice::from_ref(&article.draft));
                let bringer = Bringer { feed, outlet: feed.outlet_name(), trust: Trust::default() };
                // No document stands around it, so its keys alone can tell.
                let Document { verdicts, mut present, .. } =
                    document::recognised(batch, feed.id, drafts, bringer.trust)?;
                let verdict = verdicts.into_iter().next().expect("a verdict for every draft");
                match store(batch, desk, bringer, (&article.draft, verdict, article.seen), &mut present)? {
                    Stored::New { cluster, .. } => Ok(cluster),
                    Stored::Revised(known) | Stored::Known(known) => batch.cluster_of(known),
                    Stored::Buried => unreachable!("nothing is buried in an archive"),
                }
            };
            articles.iter().map(place).collect()
        })
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

/// Stores one draft: as a new article in its cluster, as a revision, or not at all when nothing about it is new. `present` are the
/// articles that its document holds.
fn store(
    batch: &mut Batch<'_>,
    desk: &mut Desk<'_>,
    bringer: Bringer<'_>,
    (draft, verdict, seen): (&Draft, Verdict, Timestamp),
    present: &mut HashSet<ArticleId>,
) -> Result<Stored, StoreError> {
    match verdict {
        Verdict::Buried => Ok(Stored::Buried),
        Verdict::Known { known, again: true, .. } => Ok(Stored::Known(known.id)),
        Verdict::Known { known, moved, again: false } => renew(batch, bringer, draft, (&known, moved), seen),
        Verdict::New => match elsewhere(batch, bringer.feed, draft, present)? {
            Some(article) => {
                present.insert(article);
                batch.add_appearance(bringer.feed.id, article)?;
                for mark in believed(draft, bringer.trust) {
                    batch.set_mark(bringer.feed.id, mark, article)?;
                }
                Ok(Stored::Known(article))
            }
            None => add(batch, desk, bringer, draft, seen),
        },
    }
}

/// Stores what is new about an article that is known: words, link, keys.
fn renew(
    batch: &mut Batch<'_>,
    bringer: Bringer<'_>,
    draft: &Draft,
    (known, moved): (&Known, bool),
    seen: Timestamp,
) -> Result<Stored, StoreError> {
    let is_revised = is_revision(bringer.feed, draft, known);
    // A link that changes at every poll would be written at every poll.
    let is_relinked = draft.canonical.is_some() && draft.url != known.url && bringer.trust.rule <= Rule::Link;
    if is_revised {
        batch.revise(known.id, draft, seen)?;
    } else if is_relinked && known.feed == bringer.feed.id {
        batch.relink(known.id, draft)?;
    }
    if moved || is_revised {
        for mark in believed(draft, bringer.trust) {
            batch.add_mark(bringer.feed.id, mark, known.id)?;
        }
    }
    Ok(if is_revised { Stored::Revised(known.id) } else { Stored::Known(known.id) })
}

/// The article of another feed that the draft is, unless the document holds it already.
fn elsewhere(
    batch: &Batch<'_>,
    feed: &Feed,
    draft: &Draft,
    present: &HashSet<ArticleId>,
) -> Result<Option<ArticleId>, StoreError> {
    let Some(canonical) = &draft.canonical else { return Ok(None) };
    for other in batch.elsewhere(feed.id, canonical)? {
        let homes = [(feed.url.as_str(), feed.site.as_deref()), (other.feed_url.as_str(), other.feed_site.as_deref())];
        let is_one_site = recognise::is_one_site(draft.url.as_deref().unwrap_or_default(), homes);
        let is_same = recognise::is_same_elsewhere(is_one_site, &said_by(draft), &said_in(&other.known));
        if is_same && !present.contains(&other.known.id) {
            return Ok(Some(other.known.id));
        }
    }
    Ok(None)
}

/// Stores a draft as a new article and asks where it belongs.
fn add(
    batch: &mut Batch<'_>,
    desk: &mut Desk<'_>,
    Bringer { feed, outlet, trust }: Bringer<'_>,
    draft: &Draft,
    seen: Timestamp,
) -> Result<Stored, StoreError> {
    let mut attempt = 0;
    let mut code = identify::code(&feed.url, &draft.key, attempt);
    while batch.is_taken(&code)? {
        attempt += 1;
        code = identify::code(&feed.url, &draft.key, attempt);
    }
    let lang = language::language(&draft.title, &draft.text, draft.lang.as_deref());
    let outlet = draft.source.as_deref().unwrap_or(outlet);
    let published = draft.published.unwrap_or(seen);
    // Of what has no date only the first reading of its feed can say that it was there before.
    let backlog = draft.published.map_or(feed.state.last_success.is_none(), |published| published < feed.added);
    let article = NewArticle { draft, feed: feed.id, outlet, lang: lang.as_deref(), published, seen, backlog };
    let id = batch.add_article(&article, &code)?;
    for mark in believed(draft, trust) {
        batch.set_mark(feed.id, mark, id)?;
    }
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
    Ok(Stored::New { article: id, cluster, backlog })
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
