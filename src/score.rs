//! Station: how well a clustering agrees with labels: BCubed, pairwise, NMI and ARI.

use std::collections::BTreeMap;

use serde::Serialize;

/// Precision, recall and their harmonic mean, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prf {
    /// Of what was put together, the share that belongs together.
    pub p: f64,
    /// Of what belongs together, the share that was put together.
    pub r: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl Prf {
    fn of(p: f64, r: f64) -> Prf {
        Prf { p, r, f1: if p + r > 0.0 { 2.0 * p * r / (p + r) } else { 0.0 } }
    }
}

/// How far a clustering agrees with labels, by four measures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Averaged over articles (Bagga and Baldwin 1998): every article counts once, however large its story.
    pub bcubed: Prf,
    /// Counted over pairs of articles: large stories weigh by the square of their size.
    pub pairwise: Prf,
    /// Normalised mutual information, by the arithmetic mean of both entropies.
    pub nmi: f64,
    /// The adjusted Rand index: 0 for chance, 1 for equal partitions.
    pub ari: f64,
}

/// Scores the clusters `assigned` against the stories `gold`, article by article: the two run in step, and only labelled
/// articles belong in them. Both are names, of any type that can be ordered.
///
/// With no articles at all every score is 1, as nothing was done wrong. Articles beyond the shorter slice are not scored.
pub fn score<G: Ord, A: Ord>(gold: &[G], assigned: &[A]) -> Scores {
    let pairs: Vec<(&G, &A)> = gold.iter().zip(assigned).collect();
    let cells = counts(pairs.iter().copied());
    let stories = counts(pairs.iter().map(|pair| pair.0));
    let clusters = counts(pairs.iter().map(|pair| pair.1));
    let articles = pairs.len() as f64;
    if pairs.is_empty() {
        let perfect = Prf::of(1.0, 1.0);
        return Scores { bcubed: perfect, pairwise: perfect, nmi: 1.0, ari: 1.0 };
    }
    let square_share = |count: f64, whole: f64| count * count / whole;
    let precision = cells.iter().map(|((_, cluster), n)| square_share(*n, clusters[cluster])).sum::<f64>() / articles;
    let recall = cells.iter().map(|((story, _), n)| square_share(*n, stories[story])).sum::<f64>() / articles;
    let information = cells
        .iter()
        .map(|((story, cluster), n)| n / articles * (n * articles / (stories[story] * clusters[cluster])).ln())
        .sum::<f64>();
    let entropies = entropy(stories.values(), articles) + entropy(clusters.values(), articles);
    let together = Together {
        both: pairs_of(cells.values()),
        story: pairs_of(stories.values()),
        cluster: pairs_of(clusters.values()),
        all: articles * (articles - 1.0) / 2.0,
    };
    Scores {
        bcubed: Prf::of(precision, recall),
        pairwise: together.prf(),
        nmi: if entropies == 0.0 { 1.0 } else { information / (entropies / 2.0) },
        ari: together.adjusted_rand(),
    }
}

/// How many pairs of articles are together: in gold and clustering, in either, and how many there are.
struct Together {
    both: f64,
    story: f64,
    cluster: f64,
    all: f64,
}

impl Together {
    fn prf(&self) -> Prf {
        let share = |of: f64| if of > 0.0 { self.both / of } else { 1.0 };
        Prf::of(share(self.cluster), share(self.story))
    }

    fn adjusted_rand(&self) -> f64 {
        let chance = if self.all > 0.0 { self.cluster * self.story / self.all } else { 0.0 };
        let best = (self.cluster + self.story) / 2.0;
        if best == chance { 1.0 } else { (self.both - chance) / (best - chance) }
    }
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0.0) += 1.0;
    }
    counts
}

fn pairs_of<'a>(counts: impl Iterator<Item = &'a f64>) -> f64 {
    counts.map(|count| count * (count - 1.0) / 2.0).sum()
}

fn entropy<'a>(counts: impl Iterator<Item = &'a f64>, articles: f64) -> f64 {
    -counts.map(|count| count / articles * (count / articles).ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    /// Gold, assigned, and what an independent scorer says: BCubed P and R, pairwise P and R, NMI, ARI.
    #[test]
    fn agrees_with_an_independent_scorer() {
        let cases: [(&str, &str, [f64; 6]); 6] = [
            ("aabb", "xxyy", [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            ("aabb", "xxxx", [0.5, 1.0, 1.0 / 3.0, 1.0, 0.0, 0.0]),
            ("aabb", "wxyz", [1.0, 0.5, 1.0, 0.0, 2.0 / 3.0, 0.0]),
            ("abcd", "wxyz", [1.0; 6]),
            ("a", "x", [1.0; 6]),
            ("aaab", "xxyy", [0.75, 2.0 / 3.0, 0.5, 1.0 / 3.0, 0.343_711_018_158_209_5, 0.0]),
        ];
        for (gold, assigned, expected) in cases {
            let gold: Vec<char> = gold.chars().collect();
            let assigned: Vec<char> = assigned.chars().collect();
            let scores = score(&gold, &assigned);
            let found =
                [scores.bcubed.p, scores.bcubed.r, scores.pairwise.p, scores.pairwise.r, scores.nmi, scores.ari];
            for (found_one, expected_one) in found.iter().zip(expected) {
                assert!(close(*found_one, expected_one), "{gold:?} {assigned:?}: {found:?} is not {expected:?}");
            }
        }
    }

    /// A partition drawn by rule, of 500 articles; the figures are an independent scorer's.
    #[test]
    fn agrees_on_a_larger_partition() {
        let gold: Vec<usize> = (0..500).map(|i| (i * i * 7 + i) % 61).collect();
        let assigned: Vec<usize> =
            gold.iter().enumerate().map(|(i, story)| (story * 3 + i * 13 % 7 / 5 * 17) % 53).collect();
        let scores = score(&gold, &assigned);
        let found = [
            scores.bcubed.p,
            scores.bcubed.r,
            scores.bcubed.f1,
            scores.pairwise.p,
            scores.pairwise.r,
            scores.nmi,
            scores.ari,
        ];
        let expected = [
            0.7117242689313901,
            0.5954705882352942,
            0.6484279933605464,
            0.596539412249382,
            0.5685863874345549,
            0.8522134360428563,
            0.569357134376141,
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(close(found, expected), "{found} is not {expected}");
        }
    }

    #[test]
    fn nothing_to_score_is_no_mistake() {
        let scores = score::<u32, u32>(&[], &[]);
        assert_eq!(scores.bcubed.f1, 1.0);
        assert_eq!(scores.ari, 1.0);
    }
}
