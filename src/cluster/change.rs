//! Station: what a newcomer changes about clusters that were there before it.

use std::collections::BTreeMap;

use crate::model::{ArticleId, ClusterId, Reason};

/// What a newcomer changed beside its own place; changes are meant in the order in which they are given.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Two clusters turned out to be one: all articles of the younger come to the older, those too that have left the window, and
    /// its id leads there from now on.
    Merged {
        /// The younger, which is no more.
        from: ClusterId,
        /// The older, which keeps its id.
        into: ClusterId,
        /// Why, for every article that comes over.
        reason: Reason,
    },
    /// A part of a cluster turned out to be another story.
    Split {
        /// The cluster that is left; it keeps its founder and its id.
        from: ClusterId,
        /// The new cluster, named after the first of the articles that leave.
        into: ClusterId,
        /// The articles that leave, in the order they came.
        articles: Vec<ArticleId>,
        /// Why they are apart from those that stay.
        reason: Reason,
    },
    /// Two clusters share much and are two: a running story, or siblings of one event.
    Related {
        /// The older.
        one: ClusterId,
        /// The younger.
        other: ClusterId,
        /// How probable it was, at the best, that an article of one belongs to the other.
        probability: f64,
    },
}

/// Applies changes to a record of which article is where, as the trainer and tests keep one; the store has its own.
pub fn follow(changes: &[Change], clusters: &mut BTreeMap<ArticleId, ClusterId>) {
    for change in changes {
        match change {
            Change::Merged { from, into, .. } => {
                clusters.values_mut().filter(|cluster| *cluster == from).for_each(|cluster| *cluster = *into);
            }
            Change::Split { into, articles, .. } => {
                clusters.extend(articles.iter().map(|article| (*article, *into)));
            }
            Change::Related { .. } => {}
        }
    }
}

/// Where an article is after these changes, that was in `cluster` before them.
pub fn place_after(changes: &[Change], article: ArticleId, mut cluster: ClusterId) -> ClusterId {
    for change in changes {
        match change {
            Change::Merged { from, into, .. } if *from == cluster => cluster = *into,
            Change::Split { into, articles, .. } if articles.contains(&article) => cluster = *into,
            Change::Merged { .. } | Change::Split { .. } | Change::Related { .. } => {}
        }
    }
    cluster
}
