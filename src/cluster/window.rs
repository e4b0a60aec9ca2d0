//! Station: the articles of the window: their clusters, their terms' frequencies, and an index that proposes candidates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::hint::black_box;

use foldhash::fast::FixedState;

use crate::cluster::centroid::Centroid;
use crate::cluster::document::{ALL, Document, FACETS, Held};
use crate::cluster::params::Params;
use crate::cluster::postings::{Slot, take_out};
use crate::cluster::terms::Terms;
use crate::features::Class;
use crate::model::{ArticleId, ClusterId};

/// A term that is more common than this when its article comes (in nats) proposes nothing.
const INDEXED_RARITY_MIN: f32 = 1.5;

/// Clusters whose best article shares less than this (`Proposed::nearness`) are not worth measuring.
pub(crate) const PROPOSED_COSINE_MIN: f32 = 0.05;

/// A cluster of the window.
#[derive(Debug)]
pub struct Group {
    /// Its id.
    pub id: ClusterId,
    /// Its articles in the window, in the order they came.
    members: VecDeque<Slot>,
    /// The sum of its members.
    centroid: Centroid,
    /// Sum of the members' publication times, in seconds.
    published_sum: i128,
}

impl Group {
    /// How many articles of the window it has.
    pub fn articles(&self) -> usize {
        self.members.len()
    }

    /// Whether the sum of its members has to be made by walking along them.
    pub fn is_summed_up_anew(&self) -> bool {
        !self.centroid.is_kept()
    }

    /// The mean of its members' publication times, in seconds.
    pub fn published_mean(&self) -> f64 {
        self.published_sum as f64 / self.members.len().max(1) as f64
    }
}

/// Scores by article, emptied after every use, so that a search costs what it finds and not what there is.
#[derive(Debug, Default)]
struct Tally {
    /// The score so far; 0 between searches. A search meets a thousand articles, so this is all it looks at.
    scores: Vec<f32>,
    /// One over the length of each article's vector.
    scales: Vec<f32>,
    /// The articles that score, and behind them room for those still to come.
    touched: Vec<Slot>,
    count: usize,
    /// Those that score enough, between searches room for those of the next.
    found: Vec<(f32, Slot)>,
}

impl Tally {
    /// Takes in an article with a vector of this length.
    fn set(&mut self, slot: Slot, length: f32) {
        let places = self.scores.len().max(slot as usize + 1);
        self.scores.resize(places, 0.0);
        self.scales.resize(places, 0.0);
        self.scales[slot as usize] = 1.0 / length.max(f32::MIN_POSITIVE);
    }

    /// Makes room for so many more articles that may be new to it.
    fn reserve(&mut self, articles: usize) {
        let places = self.touched.len().max(self.count + articles + 1);
        self.touched.resize(places, 0);
    }

    /// Adds to an article's score.
    #[inline]
    fn add(&mut self, slot: Slot, score: f32) {
        let held = &mut self.scores[slot as usize];
        // Every other article is new, in no order that a processor could foresee: so each is written down, and counted if it is.
        self.touched[self.count] = slot;
        self.count += usize::from(*held == 0.0);
        *held += score;
    }

    /// Gives each article's score over the length of its vector.
    fn drain(&mut self, mut each: impl FnMut(Slot, f32)) {
        for slot in &self.touched[..std::mem::take(&mut self.count)] {
            let score = std::mem::take(&mut self.scores[*slot as usize]);
            each(*slot, score * self.scales[*slot as usize]);
        }
    }
}

/// A cluster that may take an article.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposed {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its place in the window.
    pub slot: Slot,
    /// How much the article shares with the one of the cluster's that shares most, over the terms that were looked up: their cosine, if
    /// shared terms weigh the same in both.
    pub nearness: f32,
}

/// The articles of the window. A function of which articles it holds, in which order they came, and of their clusters.
#[derive(Debug, Default)]
pub struct Window {
    documents: Vec<Option<Document>>,
    /// The cluster of each document.
    homes: Vec<Slot>,
    free_documents: Vec<Slot>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<Slot>,
    group_of: HashMap<ClusterId, Slot, FixedState>,
    terms: Terms,
    /// Who leaves next: by `seen`, then by id.
    leaving: BinaryHeap<Reverse<(i64, ArticleId, Slot)>>,
    articles: usize,
    tally: Tally,
}

impl Window {
    /// How many articles it holds.
    pub fn articles(&self) -> usize {
        self.articles
    }

    /// How many of its articles hold a term.
    pub fn articles_with(&self, hash: u32) -> u32 {
        self.terms.articles(hash)
    }

    /// The cluster at a place that `candidates` gave.
    pub fn group(&self, slot: u32) -> Option<&Group> {
        self.groups.get(slot as usize).and_then(Option::as_ref)
    }

    /// A cluster's latest articles, latest first.
    pub fn latest<'a>(&'a self, group: &'a Group, count_max: usize) -> impl Iterator<Item = &'a Document> {
        group.members.iter().rev().take(count_max).filter_map(|slot| self.document(*slot))
    }

    /// A cluster's articles, in the order they came.
    pub fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Document> {
        group.members.iter().filter_map(|slot| self.document(*slot))
    }

    /// The cosines of an article with the sum of a cluster's members, by facet, where there are two or more of them. `products`
    /// are those of the article with every member, where they are known already.
    pub fn sums(&self, group: &Group, article: &Document, products: Option<&[i64; FACETS]>) -> Option<[f32; FACETS]> {
        if group.members.len() < 2 {
            return None;
        }
        let members = || documents_at(&self.documents, &group.members);
        let products = products.map_or_else(|| group.centroid.products(article, members()), |known| *known);
        Some(group.centroid.cosines(article, &products))
    }

    /// The place of a cluster, if it is in the window.
    pub fn slot_of(&self, cluster: ClusterId) -> Option<u32> {
        self.group_of.get(&cluster).copied()
    }

    /// The article at a place.
    pub fn document(&self, slot: Slot) -> Option<&Document> {
        self.documents.get(slot as usize).and_then(Option::as_ref)
    }

    /// Proposes clusters that may take an article: those with the articles that share most of its rarest terms, best first, at
    /// most `candidates_max`. It reads at most `query_terms_max` times `postings_read_max` postings, however large the window is.
    pub fn candidates(&mut self, document: &Document, params: &Params) -> Vec<Proposed> {
        let length = document.length().max(f32::MIN_POSITIVE);
        let mut near = self.near(document, params);
        let mut looked_at = NEAR_PER_CANDIDATE * params.candidates_max;
        loop {
            let proposed = self.clusters_of(best_of(&mut near, looked_at), length, params);
            if proposed.len() >= params.candidates_max || looked_at >= near.len() {
                self.tally.found = near;
                return proposed;
            }
            // One large cluster held most of them.
            looked_at *= NEAR_PER_CANDIDATE;
        }
    }

    /// The clusters of these articles that take more, the nearest first.
    fn clusters_of(&self, near: &[(f32, Slot)], length: f32, params: &Params) -> Vec<Proposed> {
        let mut proposed: Vec<Proposed> = Vec::with_capacity(params.candidates_max + 1);
        for (score, article) in near {
            let (slot, nearness) = (self.homes[*article as usize], score / length);
            // A cluster is as near as its best article. Of equals the elder comes first, so that no place in a table decides.
            if proposed.len() >= params.candidates_max && proposed.last().is_some_and(|last| nearness < last.nearness) {
                break;
            }
            if proposed.iter().all(|known| known.slot != slot)
                && let Some(group) = &self.groups[slot as usize]
                && group.members.len() < params.cluster_articles_max
            {
                proposed.push(Proposed { cluster: group.id, slot, nearness });
            }
        }
        proposed.sort_unstable_by(|a, b| b.nearness.total_cmp(&a.nearness).then(a.cluster.cmp(&b.cluster)));
        proposed.truncate(params.candidates_max);
        proposed
    }

    /// Finds the articles that share most of an article's rarest terms, with what they share over the length of their vectors.
    fn near(&mut self, document: &Document, params: &Params) -> Vec<(f32, Slot)> {
        // Nearly every step goes to memory that no cache holds. Where each is done for all terms before the next, a processor
        // waits for many at once.
        let terms = weightiest_first(document, params.query_terms_max);
        let mut found = Vec::with_capacity(params.query_terms_max.min(document.terms.len()));
        found.extend(terms.filter_map(|term| Some((term.weights()[ALL], self.terms.postings(term.hash)?))));
        let lists: Vec<_> = found
            .into_iter()
            .map(|(weight, postings)| (weight * weight, postings.latest(params.postings_read_max)))
            .collect();
        black_box(lists.iter().fold(0, |sum, (_, articles)| sum ^ articles.touch()));
        let tally = &mut self.tally;
        tally.reserve(lists.iter().map(|(_, articles)| articles.len()).sum());
        for (score, articles) in lists {
            articles.iter().for_each(|slot| tally.add(slot, score));
        }
        let score_min = PROPOSED_COSINE_MIN * document.length();
        // Most articles share one word that is not so rare, and are done with here.
        let mut near = std::mem::take(&mut self.tally.found);
        near.clear();
        self.tally.drain(|slot, score| {
            if score >= score_min {
                near.push((score, slot));
            }
        });
        near
    }

    /// Looks at what measuring these clusters looks at, and does nothing with it. It lies all over a memory that no cache holds, and a
    /// processor waits for many pieces at once where it asks for one after the other, and not where it works with each first.
    pub fn bring_near<'a>(&self, proposed: impl Iterator<Item = &'a Proposed>, members_max: usize) {
        let mut members: Vec<&Document> = Vec::with_capacity(MEMBERS_USUALLY);
        for group in proposed.filter_map(|near| self.group(near.slot)) {
            members.extend(self.latest(group, members_max));
        }
        // What a document is comes first, and what it holds, which is found by that, after all of them.
        black_box(members.iter().fold(0, |sum, member| sum ^ member.published ^ i64::from(member.lead_words)));
        black_box(members.iter().fold(0, |sum, member| sum ^ member.touch()));
    }

    /// The same for the terms by which an article is found.
    fn bring_near_terms(&self, document: &Document) {
        let indexed = document.terms.iter().filter(|term| term.is_indexed());
        black_box(indexed.fold(0, |sum, term| sum ^ self.terms.touch(term.hash)));
    }

    /// Counts an article into a cluster, new or known.
    pub fn add(&mut self, mut document: Document, cluster: ClusterId, params: &Params) {
        let group = self.group_slot(cluster);
        let slot = place(&mut self.documents, &mut self.free_documents);
        self.homes.resize(self.documents.len(), 0);
        self.tally.set(slot, document.length());
        self.homes[slot as usize] = group;
        mark_telling(&mut document.terms, params.index_terms_max);
        self.bring_near_terms(&document);
        for term in &document.terms {
            let postings = self.terms.count(term.hash);
            if term.is_indexed() {
                postings.push(slot);
            }
        }
        self.leaving.push(Reverse((document.seen, document.article, slot)));
        self.articles += 1;
        self.documents[slot as usize] = Some(document);
        self.join(slot, group);
    }

    fn group_slot(&mut self, cluster: ClusterId) -> Slot {
        if let Some(slot) = self.group_of.get(&cluster) {
            return *slot;
        }
        let slot = place(&mut self.groups, &mut self.free_groups);
        self.groups[slot as usize] =
            Some(Group { id: cluster, members: VecDeque::new(), centroid: Centroid::default(), published_sum: 0 });
        self.group_of.insert(cluster, slot);
        slot
    }

    fn join(&mut self, slot: Slot, group: Slot) {
        let Some(group) = &mut self.groups[group as usize] else { return };
        let documents = &self.documents;
        let Some(newcomer) = &documents[slot as usize] else { return };
        group.published_sum += i128::from(newcomer.published);
        group.centroid.add(newcomer, documents_at(documents, &group.members));
        let came_before = |member: &Slot| {
            documents[*member as usize].as_ref().is_some_and(|member| member.article < newcomer.article)
        };
        // Whoever has just come comes last; an article from another cluster goes where a restored window would have it.
        let place = if group.members.back().is_none_or(came_before) {
            group.members.len()
        } else {
            group.members.partition_point(came_before)
        };
        group.members.insert(place, slot);
    }

    /// The places of a cluster's articles, in the order they came.
    pub fn places<'a>(&'a self, group: &'a Group) -> impl DoubleEndedIterator<Item = Slot> + 'a {
        group.members.iter().copied()
    }

    /// Takes articles out of their clusters and into another, new or known; a cluster that is left empty is gone. What comes of it
    /// is what would have come had they been counted in there from the beginning.
    pub fn regroup(&mut self, articles: &[Slot], cluster: ClusterId) {
        let group = self.group_slot(cluster);
        for slot in articles {
            let old = self.homes[*slot as usize];
            let Some(document) = self.documents[*slot as usize].take() else { continue };
            self.leave(*slot, &document, old);
            self.documents[*slot as usize] = Some(document);
            self.homes[*slot as usize] = group;
            self.join(*slot, group);
        }
    }

    /// Lets go of every article that was seen at `start` or before.
    pub fn forget_until(&mut self, start: i64) {
        while let Some(Reverse((seen, _, slot))) = self.leaving.peek().copied() {
            if seen > start {
                return;
            }
            self.leaving.pop();
            self.forget(slot);
        }
    }

    fn forget(&mut self, slot: Slot) {
        let Some(document) = self.documents[slot as usize].take() else { return };
        let group = self.homes[slot as usize];
        self.bring_near_terms(&document);
        for term in &document.terms {
            self.terms.discount(term.hash, |postings| {
                if term.is_indexed() {
                    postings.take_out(slot);
                }
            });
        }
        self.leave(slot, &document, group);
        self.free_documents.push(slot);
        self.articles -= 1;
    }

    fn leave(&mut self, slot: Slot, document: &Document, group_slot: Slot) {
        let Some(group) = &mut self.groups[group_slot as usize] else { return };
        take_out(&mut group.members, slot);
        group.published_sum -= i128::from(document.published);
        if group.members.is_empty() {
            self.group_of.remove(&group.id);
            self.groups[group_slot as usize] = None;
            self.free_groups.push(group_slot);
        } else {
            group.centroid.remove(document, documents_at(&self.documents, &group.members));
        }
    }
}

/// Articles that a newcomer is compared with, or fewer.
const MEMBERS_USUALLY: usize = 16;

/// Near articles that are looked at for each cluster that is proposed: several may be of one. Where that does not do, as many times more.
const NEAR_PER_CANDIDATE: usize = 4;

/// The articles with the best scores, the best first: so many, and those that are as good as the last of them.
fn best_of(near: &mut [(f32, Slot)], count: usize) -> &[(f32, Slot)] {
    let best_first = |a: &(f32, Slot), b: &(f32, Slot)| b.0.total_cmp(&a.0);
    let mut end = near.len();
    if end > count {
        let (_, last, rest) = near.select_nth_unstable_by(count.saturating_sub(1), best_first);
        let least = last.0;
        // Those that are as good are brought to the front of the rest.
        let mut equals = 0;
        for place in 0..rest.len() {
            if rest[place].0 >= least {
                rest.swap(place, equals);
                equals += 1;
            }
        }
        end = end - rest.len() + equals;
    }
    near[..end].sort_unstable_by(best_first);
    &near[..end]
}

fn documents_at<'a>(
    documents: &'a [Option<Document>],
    slots: &'a VecDeque<Slot>,
) -> impl Iterator<Item = &'a Document> + Clone {
    slots.iter().filter_map(|slot| documents[*slot as usize].as_ref())
}

/// A term by what puts it in order, for finding the weightiest, and its place.
type Weighed = (u64, usize);

/// The weightiest terms of an article, by weight, hash and place: at most so many, in no order; the same whenever it is asked. Where
/// as many and more are marked already, they are among those.
fn telling(terms: &[Held], count_max: usize) -> Vec<Weighed> {
    let marked = terms.iter().filter(|term| term.is_indexed()).count();
    let is_among = |term: &Held| {
        if marked >= count_max {
            term.is_indexed()
        } else {
            term.class() != Class::Pair && term.rarity() >= INDEXED_RARITY_MIN
        }
    };
    let mut telling: Vec<Weighed> = Vec::with_capacity(terms.len());
    for (place, term) in terms.iter().enumerate() {
        if is_among(term) {
            telling.push((order(term), place));
        }
    }
    if telling.len() > count_max {
        telling.select_nth_unstable_by_key(count_max, |(order, _)| *order);
        telling.truncate(count_max);
    }
    telling
}

/// The weightiest first, then by hash, as one number: weights are never below 0, and the bits of such numbers rise with them.
fn order(term: &Held) -> u64 {
    u64::from(!term.weights()[ALL].to_bits()) << 32 | u64::from(term.hash)
}

/// The terms that say most of an article, the weightiest first.
fn weightiest_first(document: &Document, count_max: usize) -> impl Iterator<Item = Held> {
    let mut terms = telling(&document.terms, count_max);
    terms.sort_unstable_by_key(|(order, _)| *order);
    terms.into_iter().map(|(_, place)| document.terms[place])
}

/// Marks the terms by which an article can be found: the weightiest of all. Whether it was done before makes no difference.
pub(crate) fn mark_telling(terms: &mut [Held], count_max: usize) {
    if terms.iter().any(|term| term.is_indexed()) {
        return;
    }
    for (_, place) in telling(terms, count_max) {
        terms[place].set_indexed();
    }
}

/// A free place in a table.
fn place<T>(table: &mut Vec<Option<T>>, free: &mut Vec<Slot>) -> Slot {
    free.pop().unwrap_or_else(|| {
        table.push(None);
        (table.len() - 1) as Slot
    })
}
