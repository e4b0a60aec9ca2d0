//! How good clusters are: scores of runs over a labelled stream, and what came of made pairs.

use std::collections::{BTreeMap, BTreeSet};

use newsfold::cluster::weights::{Scale, Weights, probability};
use newsfold::score;

use crate::fit::Row;
use crate::made::{FAMILIES, Family};
use crate::rows::Outcome;
use crate::stream::Labelled;

/// The fold of a story.
pub fn fold_of(story: u32, folds: u32) -> u32 {
    (story.wrapping_mul(0x9E37_79B1) >> 16) % folds
}

/// The fold of a family of made pairs.
pub fn fold_of_family(family: Family, folds: u32) -> u32 {
    FAMILIES.iter().position(|(held, _)| *held == family).unwrap_or_default() as u32 % folds
}

/// How much weights are surprised by rows that they never saw: sums of `-weight × ln(the chance given to what was so)`, and of weights,
/// for rows of the stream, of made look-alikes and of made twins (against all that these met). A row counts in each fold that left it
/// out. It moves with every row where the scores of runs move with the few
/// that are decided otherwise, so it tells small changes from chance.
#[derive(Clone, Copy, Default)]
pub struct Surprises([[f64; 2]; 3]);

impl Surprises {
    /// That of weights by rows.
    pub fn of(rows: &[Row], weights: Weights) -> Surprises {
        let mut sums = [[0.0; 2]; 3];
        let scale = Scale::of(weights);
        for row in rows {
            let chance = probability(scale.by_part(&row.values).iter().sum());
            let given = if row.joins { chance } else { 1.0 - chance };
            let [surprise, weight] = &mut sums[row.made.map_or(0, |family| 1 + usize::from(family.is_twin()))];
            *surprise -= row.weight * given.max(1e-9).ln();
            *weight += row.weight;
        }
        Surprises(sums)
    }

    /// Both together.
    pub fn with(mut self, other: Surprises) -> Surprises {
        self.0.iter_mut().flatten().zip(other.0.iter().flatten()).for_each(|(sum, more)| *sum += more);
        self
    }
}

impl std::fmt::Display for Surprises {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [stream, look_alikes, twins] = self.0.map(|[surprise, weight]| 1_000.0 * surprise / weight.max(1e-9));
        write!(
            formatter,
            "surprise in thousandths of a nat: stream {stream:.2} look-alikes {look_alikes:.1} twins {twins:.1}"
        )
    }
}

/// The shares of look-alikes that are merged and of twins that are found.
pub fn shares(outcomes: &[Outcome]) -> [f64; 2] {
    [false, true].map(|twins| {
        let [together, pairs] = count(outcomes, |outcome| outcome.family.is_twin() == twins);
        together as f64 / pairs.max(1) as f64
    })
}

/// Of some pairs, how many are together, and how many there are.
fn count(outcomes: &[Outcome], wanted: impl Fn(&Outcome) -> bool) -> [usize; 2] {
    let of_interest = || outcomes.iter().filter(|outcome| wanted(outcome));
    [of_interest().filter(|outcome| outcome.together).count(), of_interest().count()]
}

/// Prints what came of made pairs, by family and by language.
pub fn tell_pairs(name: &str, outcomes: &[Outcome]) {
    println!("{name}: made pairs that are together");
    for (family, name) in &FAMILIES {
        let kind = if family.is_twin() { "twins" } else { "look-alikes" };
        let [together, pairs] = count(outcomes, |outcome| outcome.family == *family);
        println!("  {kind:12} {name:20} {together:4} of {pairs:4}");
    }
    let languages: BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.lang.as_str()).collect();
    for lang in languages {
        let [merged, found] = [false, true].map(|twins| {
            let [together, pairs] =
                count(outcomes, |outcome| outcome.lang == lang && outcome.family.is_twin() == twins);
            format!("{together:4} of {pairs:4}")
        });
        println!("  {lang:12} look-alikes {merged}, twins {found}");
    }
    let [merged, found] = shares(outcomes);
    println!("  look-alikes merged {:.1} %, twins found {:.1} %", 100.0 * merged, 100.0 * found);
}

/// Scores runs, one per fold, in two ways. `fold only` looks at the fold's articles and at nothing else, so that a stranger from
/// another fold in a cluster goes unnoticed; `whole` counts such strangers as the mistakes they are, and is always the lower.
pub fn report(name: &str, stream: &[Labelled], runs: &[Vec<i64>]) {
    let folds = runs.len() as u32;
    let sets: BTreeSet<&str> = stream.iter().map(|labelled| labelled.set.as_str()).collect();
    println!("{name}");
    println!("  {:12} {}", "whole", Sum::over(stream, runs, |_| true));
    for set in sets {
        println!("  {set:12} {}", Sum::over(stream, runs, |labelled| labelled.set == set));
    }
    if folds < 2 {
        return;
    }
    for (fold, run) in (0..folds).zip(runs) {
        let (gold, assigned): (Vec<u32>, Vec<i64>) = stream
            .iter()
            .zip(run)
            .filter(|(labelled, _)| fold_of(labelled.story, folds) == fold)
            .map(|(labelled, cluster)| (labelled.story, *cluster))
            .unzip();
        let scores = score::score(&gold, &assigned);
        println!(
            "  {:12} BCubed P {:.4} R {:.4} F1 {:.4}  pairwise P {:.4} R {:.4} F1 {:.4}",
            format!("fold {fold} only"),
            scores.bcubed.p,
            scores.bcubed.r,
            scores.bcubed.f1,
            scores.pairwise.p,
            scores.pairwise.r,
            scores.pairwise.f1
        );
    }
}

/// BCubed and pairwise sums over the articles of interest, each scored in the run of its fold against every article there is.
#[derive(Default)]
pub struct Sum {
    articles: f64,
    precision: f64,
    recall: f64,
    both: f64,
    clustered: f64,
    labelled: f64,
}

impl Sum {
    pub fn over(stream: &[Labelled], runs: &[Vec<i64>], wanted: impl Fn(&Labelled) -> bool) -> Sum {
        let folds = runs.len() as u32;
        let mut sum = Sum::default();
        for (fold, run) in (0..folds).zip(runs) {
            let stories = counts(stream.iter().map(|labelled| labelled.story));
            let clusters = counts(run.iter().copied());
            let cells = counts(stream.iter().zip(run).map(|(labelled, cluster)| (labelled.story, *cluster)));
            for (labelled, cluster) in stream.iter().zip(run) {
                if (folds > 1 && fold_of(labelled.story, folds) != fold) || !wanted(labelled) {
                    continue;
                }
                let (both, story) = (cells[&(labelled.story, *cluster)], stories[&labelled.story]);
                sum.articles += 1.0;
                sum.precision += both / clusters[cluster];
                sum.recall += both / story;
                sum.both += both - 1.0;
                sum.clustered += clusters[cluster] - 1.0;
                sum.labelled += story - 1.0;
            }
        }
        sum
    }
}

fn f1(p: f64, r: f64) -> f64 {
    2.0 * p * r / (p + r).max(f64::MIN_POSITIVE)
}

impl Sum {
    /// The share of an article's neighbours that belong with it, the share of those it belongs with that are there (means over
    /// articles), and their harmonic mean.
    pub fn bcubed_f1(&self) -> f64 {
        f1(self.precision / self.articles, self.recall / self.articles)
    }

    pub fn pairwise_precision(&self) -> f64 {
        self.both / self.clustered.max(1.0)
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (p, r) = (self.precision / self.articles, self.recall / self.articles);
        let (pair_p, pair_r) = (self.both / self.clustered.max(1.0), self.both / self.labelled.max(1.0));
        write!(
            formatter,
            "BCubed P {p:.4} R {r:.4} F1 {:.4}  pairwise P {pair_p:.4} R {pair_r:.4} F1 {:.4}  ({} articles)",
            f1(p, r),
            f1(pair_p, pair_r),
            self.articles
        )
    }
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0.0) += 1.0;
    }
    counts
}
