//! Station: which cluster an article belongs to, and why.

pub mod between;
pub mod centroid;
pub mod change;
pub mod conflict;
pub mod contrast;
pub mod correct;
pub mod days;
pub mod document;
mod letters;
pub mod meant;
pub mod measures;

pub mod params;
mod postings;
pub mod reason;
pub mod replay;
pub mod rulings;
mod second_look;
mod series;
pub mod sets;
mod split;
pub mod subject;
mod terms;
mod waiting;
pub mod weights;
pub mod window;

use std::borrow::Cow;

use jiff::Timestamp;
use thiserror::Error;

use crate::cluster::change::Change;
use crate::cluster::document::{Document, Times};
use crate::cluster::measures::{Measured, Part, Subject};
use crate::cluster::params::Params;
use crate::cluster::reason::Words;
use crate::cluster::rulings::Rulings;
use crate::cluster::sets::Move;
use crate::cluster::waiting::Waiting;
use crate::cluster::weights::{Scale, Weights, probability};
use crate::cluster::window::Window;
use crate::features::{Features, Term};
use crate::model::{ArticleId, ClusterId, Reason, Remembered};

/// An article that has been stored and asks for its cluster.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Its place in the log; arrivals come in the order of their ids.
    pub id: ArticleId,
    /// When it was published; scores compare it with the members' publication times.
    pub published: Timestamp,
    /// Whether `published` is its feed's word; without one the time of storing stands in, which says little about the story.
    pub dated: bool,
    /// When it was first stored; the window is counted in it.
    pub seen: Timestamp,
    /// The publisher; not weighed yet.
    pub outlet: &'a str,
    /// Whether its feed is not to be grouped: it founds a cluster that nothing joins.
    pub alone: bool,
    /// What it is compared by.
    pub features: Cow<'a, Features>,
}

/// Where an article belongs, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The article.
    pub article: ArticleId,
    /// Its cluster, which it may have founded, before any of the `changes`.
    pub cluster: ClusterId,
    /// Why it is there.
    pub reason: Reason,
    /// What `Clusterer::restore` needs of it: opaque, to be stored with the article for as long as it is in the window.
    pub memory: Vec<u8>,
    /// The member whose text it repeats, verbatim or lightly edited.
    pub copy_of: Option<ArticleId>,
    /// What else changed because of it, in order.
    pub changes: Vec<Change>,
}

/// An article of the window as it is counted in again: a [`Remembered`] one whose memory was read, which needs nothing of others and may
/// be done beside the counting.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    article: ArticleId,
    cluster: ClusterId,
    times: Times,
    /// What was found in its memory: the article, and whom it waits for; nothing where it stands alone.
    held: Option<(Document, Vec<ArticleId>)>,
}

impl Recalled {
    /// Reads what is remembered of an article.
    ///
    /// # Errors
    /// When the memory cannot be read; `Clusterer::place` makes it again from the article's words.
    pub fn of(remembered: &Remembered) -> Result<Recalled, RestoreError> {
        let Remembered { article, cluster, memory, .. } = remembered;
        let damaged = || RestoreError::Damaged { article: article.0 };
        match memory.first() {
            Some(&document::VERSION) => {}
            Some(&found) => {
                return Err(RestoreError::Version { article: article.0, found, expected: document::VERSION });
            }
            None => return Err(damaged()),
        }
        let times = Times::of(remembered.published, remembered.seen, true);
        let mut recalled = Recalled { article: *article, cluster: *cluster, times, held: None };
        if *memory != ALONE {
            let (memory, nearest) = waiting::taken(memory).ok_or_else(damaged)?;
            recalled.held = Some((Document::recall(*article, times, memory).ok_or_else(damaged)?, nearest));
        }
        Ok(recalled)
    }
}

/// Why a window cannot be restored.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RestoreError {
    /// Another version of newsfold wrote it.
    #[error(
        "the memory of article `{article}` is of version `{found}`, not `{expected}`: its features must be made again"
    )]
    Version {
        /// The article's number.
        article: i64,
        /// The version found.
        found: u8,
        /// The version that can be read.
        expected: u8,
    },
    /// It is damaged.
    #[error("the memory of article `{article}` is damaged: its features must be made again")]
    Damaged {
        /// The article's number.
        article: i64,
    },
}

/// A candidate cluster and what was found of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The cluster.
    pub cluster: ClusterId,
    /// What was measured.
    pub measured: Measured,
    /// What the parts of a reason are worth, in log-odds.
    pub worths: [f64; Part::ALL.len()],
    /// The log-odds that the article belongs to it: their sum.
    pub log_odds: f64,
}

impl Candidate {
    fn of(cluster: ClusterId, measured: Measured, weights: &Scale) -> Candidate {
        let worths = weights.by_part(&measured.values);
        Candidate { cluster, measured, worths, log_odds: worths.iter().sum() }
    }

    /// The probability that the article belongs to it.
    pub fn probability(&self) -> f64 {
        probability(self.log_odds)
    }
}

/// From this share of the shorter text on, an article is a copy: verbatim, cut or lightly edited.
const COPY_CONTAINED_MIN: f64 = 0.8;

/// The articles of the window in their clusters, ready to say where the next one belongs.
///
/// It is a function of its arrivals: the same arrivals in the same order give the same result, wherever it was restored in between.
#[derive(Debug)]
pub struct Clusterer {
    params: Params,
    weights: Scale,
    window: Window,
    waiting: Waiting,
    /// What a person said that no decision may go against.
    rulings: Rulings,
    /// The latest `seen` of all arrivals since `begun`, in seconds: the window is counted from it, so that a clock set back does no harm.
    latest_seen: i64,
    /// The `seen` of the first of those arrivals, up to the last one, that came from before the window, in seconds.
    behind_since: Option<i64>,
    /// The arrival with which the window began anew, the last time that it did.
    begun: ArticleId,
}

impl Clusterer {
    /// An empty window.
    pub fn new(params: Params, weights: Weights) -> Clusterer {
        let weights = Scale::of(weights);
        Clusterer {
            params,
            weights,
            window: Window::default(),
            waiting: Waiting::default(),
            rulings: Rulings::default(),
            latest_seen: i64::MIN,
            behind_since: None,
            begun: ArticleId(0),
        }
    }

    /// The window as the store remembers it, in the order of ids: every article with `seen` after `Params::window_start` of the
    /// latest `seen` stored. More does no harm.
    ///
    /// # Errors
    /// The first that `window` gives.
    pub fn restore(
        params: Params,
        weights: Weights,
        window: impl Iterator<Item = Result<Recalled, RestoreError>>,
    ) -> Result<Clusterer, RestoreError> {
        let mut clusterer = Clusterer::new(params, weights);
        for recalled in window {
            let Recalled { article, cluster, times, held } = recalled?;
            clusterer.latest_seen = clusterer.latest_seen.max(times.seen);
            if let Some((document, nearest)) = held {
                clusterer.waiting.add(article, document.seen, &nearest);
                clusterer.window.add(document, cluster, &clusterer.params);
            }
        }
        clusterer.window.forget_until(clusterer.window_start());
        Ok(clusterer)
    }

    /// Says where an article belongs, and counts it in.
    pub fn assign(&mut self, arrival: Arrival<'_>) -> Assignment {
        self.advance(arrival.id, arrival.seen);
        let document = self.document(&arrival);
        if arrival.alone {
            return Assignment {
                article: arrival.id,
                cluster: ClusterId(arrival.id),
                reason: reason::reason(&[], false, &document, &self.words(&arrival.features)),
                memory: ALONE.to_vec(),
                copy_of: None,
                changes: Vec::new(),
            };
        }
        let candidates = self.candidates(&document);
        let joined = candidates.first().filter(|best| best.probability() >= self.params.join_probability);
        let copied = joined.and_then(|best| best.measured.wording).filter(|copied| copied.1 >= COPY_CONTAINED_MIN);
        let reason = reason::reason(&candidates, joined.is_some(), &document, &self.words(&arrival.features));
        let cluster = joined.map_or(ClusterId(arrival.id), |best| best.cluster);
        let nearest = if joined.is_none() { self.waited_for(&candidates) } else { Vec::new() };
        let others = &candidates[usize::from(joined.is_some())..];
        let memory = self.keep(document, cluster, &nearest);
        let mut changes = Vec::new();
        let mut own = cluster;
        if joined.is_some() {
            changes = self.look_again(cluster, others, &arrival.features);
            own = change::place_after(&changes, arrival.id, cluster);
        }
        changes.extend(self.related(own, others));
        let copy_of = copied.map(|copied| copied.0);
        Assignment { article: arrival.id, cluster, reason, memory, copy_of, changes }
    }

    /// Measures an article against its candidates, the most probable first, and leaves it out: what `assign` decides from, and
    /// what the trainer learns from.
    pub fn consider(&mut self, arrival: &Arrival<'_>) -> Vec<Candidate> {
        self.advance(arrival.id, arrival.seen);
        let document = self.document(arrival);
        self.candidates(&document)
    }

    /// Counts an article into a cluster that is already known, and gives its memory: for corrections, for training, and for
    /// articles whose memory another version wrote.
    pub fn place(&mut self, arrival: Arrival<'_>, cluster: ClusterId) -> Vec<u8> {
        self.advance(arrival.id, arrival.seen);
        if arrival.alone {
            return ALONE.to_vec();
        }
        let document = self.document(&arrival);
        self.keep(document, cluster, &[])
    }

    /// Brings articles elsewhere, as a person said. Articles that the window does not hold are the store's alone.
    pub fn regroup(&mut self, moves: &[Move]) {
        for Move { article, from, to } in moves {
            let place = self.window.slot_of(*from).and_then(|slot| self.window.group(slot)).and_then(|group| {
                let is_it = |slot: &u32| self.window.document(*slot).is_some_and(|held| held.article == *article);
                self.window.places(group).find(is_it)
            });
            if let Some(place) = place {
                self.window.regroup(&[place], *to);
            }
        }
    }

    /// Holds to what a person said from now on.
    pub fn rule(&mut self, rulings: Rulings) {
        self.rulings = rulings;
    }

    fn candidates(&mut self, document: &Document) -> Vec<Candidate> {
        let proposed = self.window.candidates(document, &self.params);
        let subject = Subject::of(document);
        let nearness_min = proposed.first().map_or(0.0, |first| first.nearness * self.params.measured_share as f32);
        let mut candidates: Vec<Candidate> = Vec::with_capacity(self.params.measured_max);
        let near = proposed.iter().filter(|proposed| proposed.nearness >= nearness_min);
        self.window.bring_near(near.clone().take(self.params.measured_max), self.params.exemplars_max);
        for near in near {
            let Some(group) = self.window.group(near.slot) else { continue };
            let measured = measures::measure(&subject, group, &self.window, &self.params);
            let Some(mut measured) = measured.filter(|measured| !measured.is_too_far(&self.params)) else { continue };
            measures::set_rivals(&mut measured, near.cluster, &proposed, self.window.articles());
            candidates.push(Candidate::of(near.cluster, measured, &self.weights));
            if candidates.len() == self.params.measured_max {
                break;
            }
        }
        candidates.sort_by(|a, b| b.log_odds.total_cmp(&a.log_odds).then(a.cluster.cmp(&b.cluster)));
        candidates
    }

    /// The articles whose clusters a founder nearly joined.
    fn waited_for(&self, candidates: &[Candidate]) -> Vec<ArticleId> {
        let floor = self.params.second_look_probability;
        let near = candidates.iter().filter(|candidate| candidate.probability() >= floor);
        near.take(waiting::WAITED_FOR_MAX).map(|candidate| candidate.measured.nearest).collect()
    }

    fn words<'a>(&'a self, features: &'a Features) -> Words<'a> {
        Words { features, window: &self.window }
    }

    fn keep(&mut self, document: Document, cluster: ClusterId, waited_for: &[ArticleId]) -> Vec<u8> {
        let mut memory = document.to_bytes();
        waiting::append(waited_for, &mut memory);
        if document.seen > self.window_start() {
            self.waiting.add(document.article, document.seen, waited_for);
            self.window.add(document, cluster, &self.params);
        }
        memory
    }

    /// Its limits.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The article with which the window began anew after a clock that was ahead, the last time that it did since it was restored: of
    /// those before it the window holds none.
    pub fn begun(&self) -> ArticleId {
        self.begun
    }

    /// How many articles the window holds.
    pub fn len(&self) -> usize {
        self.window.articles()
    }

    /// Whether the window is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says since when arrivals came from before the window, up to the last one, as the store remembers it: what a restored window cannot
    /// tell, for it holds none of them.
    pub fn set_behind_since(&mut self, since: Option<Timestamp>) {
        self.behind_since = since.map(Timestamp::as_second);
    }

    /// Moves the window on. An arrival from before its start says that a clock is wrong by more than a window: this one's, which is
    /// behind, as on a machine that starts without a clock of its own; or that of those before it, which was ahead. A clock that is behind
    /// is set right as soon as there is a network, and there is one where something arrives. So the window stays at first: it says where
    /// these belong, and does not keep them. Where they go on for so long that they must be right, it begins anew, for what came from
    /// ahead would keep it where it is until that day comes, and nothing would be grouped.
    fn advance(&mut self, id: ArticleId, seen: Timestamp) {
        let seen = seen.as_second();
        self.behind_since = (seen < self.window_start()).then(|| self.behind_since.unwrap_or(seen));
        let believed_after = BEHIND_MAX_SECONDS.min(i64::from(self.params.window_hours) * 3_600);
        if self.behind_since.is_some_and(|since| seen.saturating_sub(since) >= believed_after) {
            (self.window, self.waiting, self.behind_since) = (Window::default(), Waiting::default(), None);
            (self.latest_seen, self.begun) = (seen, id);
        }
        self.latest_seen = self.latest_seen.max(seen);
        let start = self.window_start();
        self.window.forget_until(start);
        self.waiting.forget_until(start);
    }

    fn window_start(&self) -> i64 {
        self.latest_seen.saturating_sub(i64::from(self.params.window_hours) * 3_600)
    }

    fn document(&self, arrival: &Arrival<'_>) -> Document {
        let times = Times::of(arrival.published, arrival.seen, arrival.dated);
        // All are counted before the first is weighed: a look into the table waits for memory, and many can wait at once.
        let terms = &arrival.features.terms;
        let counts: Vec<u32> = terms.iter().map(|term| self.window.articles_with(term.hash)).collect();
        let rarities = terms.iter().zip(counts).map(|(term, count)| self.rarity(term, count));
        let mut document = Document::of(arrival.id, times, &arrival.features, rarities);
        window::mark_telling(&mut document.terms, self.params.index_terms_max);
        document
    }

    /// How rare a term is just now: the lexicon's share, taken for the counts of so many articles, and the window's own counts.
    fn rarity(&self, term: &Term, count: u32) -> f64 {
        let lexicon = f64::from(self.params.lexicon_articles);
        let articles = lexicon + self.window.articles() as f64;
        let holding = lexicon * term.rarity.share() + f64::from(count);
        ((articles + 1.0) / (holding + 0.5)).ln().max(0.0)
    }
}

/// For how long a clock that went back by more than the window is taken to be wrong, by its own word: one that is set by the network is
/// right within minutes.
const BEHIND_MAX_SECONDS: i64 = 3_600;

/// The memory of an article that nothing joins.
const ALONE: [u8; 2] = [document::VERSION, u8::MAX];

#[cfg(test)]
mod tests;
