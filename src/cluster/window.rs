//! Station: the articles of the window: their clusters, their terms' frequencies, and an index that proposes candidates.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use foldhash::fast::FixedState;

use crate::cluster::centroid::Centroid;
use crate::cluster::document::{ALL, Document, FACETS, Held, Share};
use crate::cluster::params::Params;
use crate::cluster::postings::{Postings, Slot, take_out};
use crate::features::Class;
use crate::model::{ArticleId, ClusterId};

/// A term that is more common than this when its article comes (in nats) proposes nothing.
const INDEXED_RARITY_MIN: f32 = 1.5;

/// Clusters whose best article shares less than this (the cosine over the terms that were looked up) are not worth measuring.
const PROPOSED_COSINE_MIN: f32 = 0.05;

/// A term of the window: how many articles hold it, and those that are indexed by it in the order they came.
#[derive(Debug, Default)]
struct Entry {
    articles: u32,
    postings: Postings,
}

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

    /// The mean of its members' publication times, in seconds.
    pub fn published_mean(&self) -> f64 {
        self.published_sum as f64 / self.members.len().max(1) as f64
    }
}

/// What a search needs of an article.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    group: Slot,
    /// One over the length of its vector.
    scale: f32,
}

/// Scores by place, emptied after every use, so that a search costs what it finds and not what there is.
#[derive(Debug, Default)]
struct Tally {
    scores: Vec<f32>,
    touched: Vec<Slot>,
}

impl Tally {
    fn add(&mut self, slot: Slot, score: f32) {
        let index = slot as usize;
        if index >= self.scores.len() {
            self.scores.resize(index + 1, 0.0);
        }
        if self.scores[index] == 0.0 {
            self.touched.push(slot);
        }
        self.scores[index] += score;
    }

    fn raise(&mut self, slot: Slot, score: f32) {
        let held = self.scores.get(slot as usize).copied().unwrap_or(0.0);
        if score > held {
            self.add(slot, score - held);
        }
    }

    fn drain(&mut self, mut each: impl FnMut(Slot, f32)) {
        for slot in self.touched.drain(..) {
            each(slot, std::mem::take(&mut self.scores[slot as usize]));
        }
    }
}

/// The articles of the window. A function of which articles it holds, in which order they came, and of their clusters.
#[derive(Debug, Default)]
pub struct Window {
    documents: Vec<Option<Document>>,
    /// Beside each document what a search needs of it, packed: a search meets thousands.
    places: Vec<Place>,
    free_documents: Vec<Slot>,
    groups: Vec<Option<Group>>,
    free_groups: Vec<Slot>,
    group_of: HashMap<ClusterId, Slot, FixedState>,
    entries: HashMap<u32, Entry, FixedState>,
    /// Who leaves next: by `seen`, then by id.
    leaving: BinaryHeap<Reverse<(i64, ArticleId, Slot)>>,
    articles: usize,
    article_tally: Tally,
    group_tally: Tally,
}

impl Window {
    /// How many articles it holds.
    pub fn articles(&self) -> usize {
        self.articles
    }

    /// How many of its articles hold a term.
    pub fn articles_with(&self, hash: u32) -> u32 {
        self.entries.get(&hash).map_or(0, |entry| entry.articles)
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

    /// The cosines of an article with the sum of a cluster's members, by facet, where there are two or more of them.
    pub fn sums(&self, group: &Group, article: &[Share]) -> Option<[f32; FACETS]> {
        (group.members.len() > 1)
            .then(|| group.centroid.cosines(article, documents_at(&self.documents, &group.members)))
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
    pub fn candidates(&mut self, document: &Document, params: &Params) -> Vec<u32> {
        for term in telling_terms(document, params.query_terms_max) {
            let Some(entry) = self.entries.get(&term.hash) else { continue };
            let weight = term.weights()[ALL];
            for slot in entry.postings.latest(params.postings_read_max) {
                self.article_tally.add(slot, weight * weight);
            }
        }
        let (places, group_tally) = (&self.places, &mut self.group_tally);
        self.article_tally.drain(|slot, score| {
            let Place { group, scale } = places[slot as usize];
            group_tally.raise(group, score * scale);
        });
        let mut found: Vec<(f32, ClusterId, Slot)> = Vec::new();
        let groups = &self.groups;
        let score_min = PROPOSED_COSINE_MIN * document.length();
        self.group_tally.drain(|slot, score| {
            if let Some(group) = &groups[slot as usize]
                && group.members.len() < params.cluster_articles_max
                && score >= score_min
            {
                found.push((score, group.id, slot));
            }
        });
        let best_first =
            |a: &(f32, ClusterId, Slot), b: &(f32, ClusterId, Slot)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if found.len() > params.candidates_max {
            found.select_nth_unstable_by(params.candidates_max, best_first);
            found.truncate(params.candidates_max);
        }
        found.sort_unstable_by(best_first);
        found.into_iter().map(|(_, _, slot)| slot).collect()
    }

    /// Counts an article into a cluster, new or known.
    pub fn add(&mut self, document: Document, cluster: ClusterId, params: &Params) {
        let group = self.group_slot(cluster);
        let slot = place(&mut self.documents, &mut self.free_documents);
        self.places.resize(self.documents.len(), Place::default());
        self.places[slot as usize] = Place { group, scale: 1.0 / document.length().max(f32::MIN_POSITIVE) };
        for term in &document.terms {
            self.entries.entry(term.hash).or_default().articles += 1;
        }
        for term in telling_terms(&document, params.index_terms_max) {
            self.entries.entry(term.hash).or_default().postings.push(slot);
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
            let old = self.places[*slot as usize].group;
            let Some(document) = self.documents[*slot as usize].take() else { continue };
            self.leave(*slot, &document, old);
            self.documents[*slot as usize] = Some(document);
            self.places[*slot as usize].group = group;
            self.join(*slot, group);
        }
    }

    /// Lets go of every article that was seen at `start` or before.
    pub fn forget_until(&mut self, start: i64, params: &Params) {
        while let Some(Reverse((seen, _, slot))) = self.leaving.peek().copied() {
            if seen > start {
                return;
            }
            self.leaving.pop();
            self.forget(slot, params);
        }
    }

    fn forget(&mut self, slot: Slot, params: &Params) {
        let Some(document) = self.documents[slot as usize].take() else { return };
        let group = self.places[slot as usize].group;
        for term in telling_terms(&document, params.index_terms_max) {
            if let Some(entry) = self.entries.get_mut(&term.hash) {
                entry.postings.take_out(slot);
            }
        }
        for term in &document.terms {
            if let Some(entry) = self.entries.get_mut(&term.hash) {
                entry.articles -= 1;
                if entry.articles == 0 {
                    self.entries.remove(&term.hash);
                }
            }
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

fn documents_at<'a>(
    documents: &'a [Option<Document>],
    slots: &'a VecDeque<Slot>,
) -> impl Iterator<Item = &'a Document> + Clone {
    slots.iter().filter_map(|slot| documents[*slot as usize].as_ref())
}

/// The terms that say most of an article, the weightiest first; the same whenever it is asked.
fn telling_terms(document: &Document, count_max: usize) -> Vec<Held> {
    let mut terms: Vec<(f32, Held)> = document
        .terms
        .iter()
        .filter(|term| term.class() != Class::Pair && term.rarity() >= INDEXED_RARITY_MIN)
        .map(|term| (term.weights()[ALL], *term))
        .collect();
    let weightiest = |a: &(f32, Held), b: &(f32, Held)| b.0.total_cmp(&a.0).then(a.1.hash.cmp(&b.1.hash));
    if terms.len() > count_max {
        terms.select_nth_unstable_by(count_max, weightiest);
        terms.truncate(count_max);
    }
    terms.sort_unstable_by(weightiest);
    terms.into_iter().map(|(_, term)| term).collect()
}

/// A free place in a table.
fn place<T>(table: &mut Vec<Option<T>>, free: &mut Vec<Slot>) -> Slot {
    free.pop().unwrap_or_else(|| {
        table.push(None);
        (table.len() - 1) as Slot
    })
}
