//! Station: the second look: what a newcomer says of the clusters that were there before it. Those that turn out to be one are
//! merged, a part that turns out to be another story leaves, and what shares much but is apart is related.

use crate::cluster::change::Change;
use crate::cluster::document::Document;
use crate::cluster::measures::{self, Subject};
use crate::cluster::reason::{self, Compared};
use crate::cluster::split;
use crate::cluster::weights::{odds, probability};
use crate::cluster::{Candidate, Clusterer};
use crate::features::Features;
use crate::model::{ClusterId, How};

/// Other clusters that are measured against the one that has grown: of the newcomer's candidates, and of founders that wait for it.
const CANDIDATES_MAX: usize = 4;
const WAITING_MAX: usize = 4;
/// Latest members of a cluster that are asked who waits for them.
const ASKED_MAX: usize = 64;
/// Clusters one newcomer is related with.
const RELATED_MAX: usize = 2;
/// Fewer articles have no parts: of two, which were joined for good reasons, none can be the odd one.
const SPLIT_ARTICLES_MIN: usize = 3;
/// Up to so many articles a cluster is looked at whenever it grows, then whenever it has grown by a third or a half.
const SPLIT_ALWAYS_MAX: usize = 8;
/// Parts with a higher mean cosine are not measured: on the development stream next to none of them came apart, and most clusters
/// are spared the measuring.
const SPLIT_LINK_MAX: f64 = 0.25;

impl Clusterer {
    /// Looks again at the cluster that has just taken an article: `others` are the article's other candidates, the best first.
    pub(crate) fn look_again(&mut self, joined: ClusterId, others: &[Candidate], features: &Features) -> Vec<Change> {
        if self.params.second_look_members == 0 {
            return Vec::new();
        }
        let mut changes = Vec::new();
        let mut grown = joined;
        for other in self.neighbours(grown, others) {
            if let Some((into, merged)) = self.merged(grown, other, features) {
                grown = into;
                self.rulings.follow(&merged);
                changes.push(merged);
            }
        }
        if let Some((split, related)) = self.split(grown, features) {
            self.rulings.follow(&split);
            changes.push(split);
            changes.extend(related);
        }
        changes
    }

    /// Who may be one with the cluster that has grown: what the newcomer might have joined as well, and who waits for a member.
    fn neighbours(&self, grown: ClusterId, others: &[Candidate]) -> Vec<ClusterId> {
        let floor = self.params.second_look_probability;
        let near = others.iter().filter(|other| other.probability() >= floor).map(|other| other.cluster);
        let mut neighbours: Vec<ClusterId> = near.take(CANDIDATES_MAX).collect();
        let Some(group) = self.window.slot_of(grown).and_then(|slot| self.window.group(slot)) else {
            return neighbours;
        };
        let neighbours_max = neighbours.len() + WAITING_MAX;
        for member in self.window.latest(group, ASKED_MAX) {
            for founder in self.waiting.at(member.article, self.window_start()) {
                // A founder that is elsewhere by now has had its second look.
                let own = ClusterId(founder);
                if neighbours.len() < neighbours_max && own != grown && !neighbours.contains(&own) {
                    neighbours.push(own);
                }
            }
        }
        neighbours
    }

    /// Makes two clusters one, if it is probable enough that they are; gives the one that is left.
    fn merged(&mut self, one: ClusterId, other: ClusterId, features: &Features) -> Option<(ClusterId, Change)> {
        let (ones, others) = (self.articles(one)?, self.articles(other)?);
        if one == other || ones + others > self.params.cluster_articles_max || self.rulings.separate(one, other) {
            return None;
        }
        // Whose first members say clearly no need not all be asked: most pairs are done with here.
        let needed = odds(self.params.merge_probability) + self.params.merge_size_odds * (ones.min(others) as f64).ln();
        let compared = self.compared(one, other, self.params.related_probability.min(probability(needed)))?;
        if mean_log_odds(&compared) < needed {
            return None;
        }
        let (into, from) = (one.min(other), one.max(other));
        let reason = reason::between(How::Merged, &compared, None, &self.words(features));
        let places = self.places(from)?;
        self.window.regroup(&places, into);
        Some((into, Change::Merged { from, into, reason }))
    }

    /// Lets the loosest part of a cluster leave, if it would not be taken in today; what shares much with the rest stays related.
    fn split(&mut self, cluster: ClusterId, features: &Features) -> Option<(Change, Option<Change>)> {
        let articles = self.articles(cluster)?;
        if !is_looked_at(articles) || articles > self.params.split_articles_max {
            return None;
        }
        let places = self.places(cluster)?;
        let documents: Vec<&Document> = places.iter().filter_map(|place| self.window.document(*place)).collect();
        let parts = split::loosest(&documents).filter(|parts| parts.link <= SPLIT_LINK_MAX)?;
        // The founder is the first of all and never leaves; when it has left the window, the larger part is the cluster.
        let founder_is_here = documents.first()?.article == cluster.0;
        let second_leaves = founder_is_here || parts.second.len() <= parts.first.len();
        let leaving = if second_leaves { parts.second } else { parts.first };
        let articles: Vec<_> = leaving.iter().map(|place| documents[*place].article).collect();
        if self.rulings.bind(cluster, &articles) {
            return None;
        }
        let leaving: Vec<u32> = leaving.into_iter().map(|place| places[place]).collect();
        let into = ClusterId(*articles.first()?);
        self.window.regroup(&leaving, into);
        let compared = self.compared(cluster, into, 0.0).unwrap_or_default();
        let chance = chance(&compared);
        if compared.is_empty() || chance > self.params.split_probability {
            self.window.regroup(&leaving, cluster);
            return None;
        }
        let reason = reason::between(How::Split, &compared, Some(cluster), &self.words(features));
        let related = (chance >= self.params.related_probability).then_some(Change::Related {
            one: cluster,
            other: into,
            probability: chance,
        });
        Some((Change::Split { from: cluster, into, articles, reason }, related))
    }

    /// Measures members of the smaller of two clusters against the larger, each as if its own were not there, until they make it less
    /// probable than `enough` that the two are one.
    fn compared(&mut self, one: ClusterId, other: ClusterId, enough: f64) -> Option<Vec<Compared>> {
        let is_smaller = (self.articles(one)?, one) <= (self.articles(other)?, other);
        let (small, large) = if is_smaller { (one, other) } else { (other, one) };
        let group = self.window.group(self.window.slot_of(small)?)?;
        let subjects: Vec<Document> = self.window.latest(group, self.params.second_look_members).cloned().collect();
        let mut compared = Vec::with_capacity(subjects.len());
        for subject in subjects {
            compared.push(self.compared_one(subject, small, large)?);
            if chance(&compared) < enough {
                break;
            }
        }
        Some(compared)
    }

    fn compared_one(&mut self, subject: Document, own: ClusterId, other: ClusterId) -> Option<Compared> {
        let mut proposed = self.window.candidates(&subject, &self.params);
        proposed.retain(|proposed| proposed.cluster != own);
        let group = self.window.group(self.window.slot_of(other)?)?;
        let mut measured = measures::measure(&Subject::of(&subject), group, &self.window, &self.params)?;
        if measured.is_too_far(&self.params) {
            return None;
        }
        measures::set_rivals(&mut measured, other, &proposed, self.window.articles());
        Some(Compared { subject, candidate: Candidate::of(other, measured, &self.weights) })
    }

    /// Which clusters the newcomer's shares much with and is apart from.
    pub(crate) fn related(&self, own: ClusterId, candidates: &[Candidate]) -> Vec<Change> {
        let is_related = |candidate: &&Candidate| {
            candidate.cluster != own
                && candidate.probability() >= self.params.related_probability
                && self.window.slot_of(candidate.cluster).is_some()
        };
        let related = |candidate: &Candidate| Change::Related {
            one: own.min(candidate.cluster),
            other: own.max(candidate.cluster),
            probability: candidate.probability(),
        };
        candidates.iter().filter(is_related).take(RELATED_MAX).map(related).collect()
    }

    fn articles(&self, cluster: ClusterId) -> Option<usize> {
        Some(self.window.group(self.window.slot_of(cluster)?)?.articles())
    }

    fn places(&self, cluster: ClusterId) -> Option<Vec<u32>> {
        Some(self.window.places(self.window.group(self.window.slot_of(cluster)?)?).collect())
    }
}

/// How probable it is that two clusters are one: the mean of the log-odds that were found.
fn chance(compared: &[Compared]) -> f64 {
    probability(mean_log_odds(compared))
}

/// How much speaks for two clusters being one, by what was found for each member.
fn mean_log_odds(compared: &[Compared]) -> f64 {
    compared.iter().map(|compared| compared.candidate.log_odds).sum::<f64>() / compared.len() as f64
}

/// Whether a cluster of so many articles is looked at: every small one, then 12, 16, 24, 32, 48 and so on, so that what it costs
/// stays in proportion to its growth.
fn is_looked_at(articles: usize) -> bool {
    let is_step = articles.is_power_of_two() || (articles.is_multiple_of(3) && (articles / 3).is_power_of_two());
    articles >= SPLIT_ARTICLES_MIN && (articles <= SPLIT_ALWAYS_MAX || is_step)
}

#[cfg(test)]
mod tests;
