//! Station: what a newcomer changes about clusters that were there before it.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::HashMap;

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

/// Applies changes to a record of which article is where, each time looking at all of it: what [`Places`] is held to.
#[cfg(test)]
pub(crate) fn follow(changes: &[Change], clusters: &mut BTreeMap<ArticleId, ClusterId>) {
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

/// Which article is in which cluster, kept up through changes without looking at every article; the store has a record of its own.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The bundle that each article came into, by its number less one.
    bundles_of: Vec<u32>,
    /// Of each bundle the one that it went over into (itself while it is a cluster), and the cluster it is.
    bundles: Vec<(u32, ClusterId)>,
    /// The bundle of every cluster that there is.
    live: HashMap<ClusterId, u32>,
}

impl Places {
    /// Counts an article into a cluster; articles come in the order of their numbers, which begin with 1 and leave none out.
    pub fn push(&mut self, cluster: ClusterId) {
        let bundle = self.bundle_of(cluster);
        self.bundles_of.push(bundle);
    }

    /// Applies what a newcomer changed.
    pub fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Merged { from, into, .. } => {
                    let into = self.bundle_of(*into);
                    if let Some(from) = self.live.remove(from) {
                        self.bundles[from as usize].0 = into;
                    }
                }
                Change::Split { into, articles, .. } => {
                    let into = self.bundle_of(*into);
                    for article in articles {
                        self.bundles_of[index(*article)] = into;
                    }
                }
                Change::Related { .. } => {}
            }
        }
    }

    /// The cluster of every article, in their order.
    pub fn clusters(&self) -> impl Iterator<Item = ClusterId> + '_ {
        self.bundles_of.iter().map(|bundle| {
            let mut at = *bundle;
            while self.bundles[at as usize].0 != at {
                at = self.bundles[at as usize].0;
            }
            self.bundles[at as usize].1
        })
    }

    fn bundle_of(&mut self, cluster: ClusterId) -> u32 {
        let next = self.bundles.len() as u32;
        let bundle = *self.live.entry(cluster).or_insert(next);
        if bundle == next {
            self.bundles.push((next, cluster));
        }
        bundle
    }
}

fn index(article: ArticleId) -> usize {
    usize::try_from(article.0 - 1).expect("articles are numbered from 1")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::cluster::change::{Change, Places, follow};
    use crate::model::{ArticleId, ClusterId, How, Reason};

    #[test]
    fn a_long_record_says_what_a_short_one_says() {
        let cluster = |number: i64| ClusterId(ArticleId(number));
        let reason = Reason {
            how: How::Joined,
            probability: 1.0,
            because: Vec::new(),
            nearest: None,
            hours_apart: None,
            runner_up: None,
        };
        let (mut short, mut long, mut draw) = (BTreeMap::new(), Places::default(), 7_u64);
        let mut below = |bound: usize| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) as usize % bound
        };
        for number in 1..=600_i64 {
            let clusters: Vec<ClusterId> = short.values().copied().collect();
            let joined =
                if clusters.is_empty() || below(2) == 0 { cluster(number) } else { clusters[below(clusters.len())] };
            short.insert(ArticleId(number), joined);
            long.push(joined);
            let (one, other) = (joined, *clusters.get(below(clusters.len() + 1)).unwrap_or(&joined));
            let change = match below(4) {
                0 if one != other => {
                    Change::Merged { from: one.max(other), into: one.min(other), reason: reason.clone() }
                }
                1 => {
                    let members: Vec<ArticleId> =
                        short.iter().filter(|(_, cluster)| **cluster == one).map(|(article, _)| *article).collect();
                    let Some((_, leaving)) = members.split_first().filter(|(_, leaving)| !leaving.is_empty()) else {
                        continue;
                    };
                    let articles = leaving[below(leaving.len())..].to_vec();
                    Change::Split { from: one, into: ClusterId(articles[0]), articles, reason: reason.clone() }
                }
                _ => continue,
            };
            follow(std::slice::from_ref(&change), &mut short);
            long.follow(&[change]);
        }
        assert_eq!(long.clusters().collect::<Vec<_>>(), short.values().copied().collect::<Vec<_>>());
    }
}
