//! Station: articles in sets that are put together and taken apart, and who is elsewhere for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ArticleId, ClusterId};

/// Clusters by number, each with its articles. A cluster's number is its first article's.
pub type Clusters = BTreeMap<ClusterId, BTreeSet<ArticleId>>;

/// An article that changes its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The article.
    pub article: ArticleId,
    /// Where it was.
    pub from: ClusterId,
    /// Where it goes.
    pub to: ClusterId,
}

/// Clusters that change. Each goes by its first article at any time, so whoever joins or leaves may give all others of it another number.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    sets: Clusters,
    places: BTreeMap<ArticleId, ClusterId>,
    /// Where those were that changed their number, before they first did.
    were: BTreeMap<ArticleId, ClusterId>,
}

impl Sets {
    /// These clusters, of which nothing has moved yet.
    pub fn of(clusters: &Clusters) -> Sets {
        let mut sets = Sets::default();
        clusters.values().for_each(|articles| sets.put(articles.clone()));
        sets
    }

    /// Where an article is, if it is here at all.
    pub fn place(&self, article: ArticleId) -> Option<ClusterId> {
        self.places.get(&article).copied()
    }

    /// All articles of the set in which this one is.
    pub fn around(&self, article: ArticleId) -> BTreeSet<ArticleId> {
        self.place(article).and_then(|place| self.sets.get(&place)).cloned().unwrap_or_default()
    }

    /// Brings a new article, which came after all that are here, into the set of another one, or where that is not here into a set of its
    /// own.
    pub fn enter(&mut self, article: ArticleId, beside: ArticleId) {
        let place = self.place(beside).unwrap_or(ClusterId(article));
        self.sets.entry(place).or_default().insert(article);
        self.places.insert(article, place);
    }

    /// Makes one set of these articles, as far as they are here; whoever was with one of them and is not named stays behind.
    pub fn take(&mut self, mut taken: BTreeSet<ArticleId>) {
        let mut left = Clusters::new();
        taken.retain(|article| {
            let Some(place) = self.place(*article) else { return false };
            let set = left.entry(place).or_insert_with(|| self.sets.remove(&place).unwrap_or_default());
            set.remove(article)
        });
        left.into_values().for_each(|set| self.put(set));
        self.put(taken);
    }

    /// Who is elsewhere than when this was last asked, in the order of articles.
    pub fn moves(&mut self) -> Vec<Move> {
        let were = std::mem::take(&mut self.were).into_iter();
        let moves = were.map(|(article, from)| Move { article, from, to: self.places[&article] });
        moves.filter(|moved| moved.from != moved.to).collect()
    }

    fn put(&mut self, set: BTreeSet<ArticleId>) {
        let Some(place) = set.first().copied().map(ClusterId) else { return };
        for article in &set {
            if let Some(was) = self.places.insert(*article, place).filter(|was| *was != place) {
                self.were.entry(*article).or_insert(was);
            }
        }
        self.sets.insert(place, set);
    }
}
