//! Learns `src/cluster/weights.tsv` from a labelled stream, and says by cross-validation over stories what they are worth.
//!
//! usage: cargo run --release --example train -- STREAM.jsonl [--folds 5] [--out src/cluster/weights.tsv] [--set KEY=VALUE]
//! Without `--out` nothing is written. `--folds 0` skips the cross-validation; `--check` scores the built-in weights and learns nothing.

mod fit;
mod lookalikes;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use newsfold::cluster::Clusterer;
use newsfold::cluster::change::follow;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::model::ClusterId;
use newsfold::score;

use crate::fit::Row;
use crate::stream::Labelled;

/// What a made-up article's row counts, against 1 for a row of the stream.
const MADE_WEIGHT: f64 = 0.5;
/// After how many articles of the whole stream one is made up, and of a young database.
const WHOLE_EVERY: usize = 2;
const YOUNG_EVERY: usize = 1;
/// Stories of a young database.
const YOUNG_STORIES: u32 = 6;
/// What its rows count.
const YOUNG_WEIGHT: f64 = 0.3;

struct Arguments {
    stream: String,
    folds: usize,
    out: Option<String>,
    check: bool,
    params: Params,
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    let stream = stream::load(&arguments.stream, &arguments.params)?;
    if arguments.check {
        report("built-in weights", &stream, &[run(&stream, &arguments.params, &Weights::builtin())]);
        return Ok(());
    }
    let started = Instant::now();
    let rows = rows(&stream, &arguments.params);
    println!(
        "{} rows, {} of them joins, {} made up ({:.0} s)",
        rows.len(),
        rows.iter().filter(|row| row.joins).count(),
        rows.iter().filter(|row| row.made).count(),
        started.elapsed().as_secs_f64()
    );
    if arguments.folds > 1 {
        cross_validate(&stream, &rows, &arguments);
    }
    let weights = fit::fit(&rows);
    report("trained on all of it", &stream, &[run(&stream, &arguments.params, &weights)]);
    if let Some(out) = &arguments.out {
        let head = "# Log-odds by value, learned by `examples/train` (docs/why/clustering.md). Made by machine: do not edit.\n";
        std::fs::write(out, format!("{head}{}", weights.to_text())).with_context(|| format!("cannot write `{out}`"))?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments> {
    let mut given = std::env::args().skip(1);
    let stream =
        given.next().context("say which stream: STREAM.jsonl [--folds N] [--out FILE] [--check] [--set KEY=VALUE]")?;
    let mut arguments = Arguments { stream, folds: 5, out: None, check: false, params: Params::default() };
    while let Some(flag) = given.next() {
        let mut value = || given.next().with_context(|| format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--folds" => arguments.folds = value()?.parse().context("`--folds` needs a number")?,
            "--out" => arguments.out = Some(value()?),
            "--check" => arguments.check = true,
            "--set" => {
                let setting = value()?;
                let (key, value) = setting.split_once('=').context("`--set` needs KEY=VALUE")?;
                arguments.params.set(key, value)?;
            }
            _ => bail!("there is no `{flag}`"),
        }
    }
    Ok(arguments)
}

/// What the clusterer would have seen had it never been wrong, in one long stream and in many young databases of a few stories
/// each, where there is little else to compare with.
fn rows(stream: &[Labelled], params: &Params) -> Vec<Row> {
    let whole: Vec<&Labelled> = stream.iter().collect();
    let mut rows = rows_of(&whole, &mut lookalikes::Maker::new(params, WHOLE_EVERY), params);
    let mut young = lookalikes::Maker::new(params, YOUNG_EVERY);
    let stories = stream.iter().map(|labelled| labelled.story).max().unwrap_or(0);
    for first in (0..=stories).step_by(YOUNG_STORIES as usize) {
        let part: Vec<&Labelled> =
            stream.iter().filter(|labelled| (first..first + YOUNG_STORIES).contains(&labelled.story)).collect();
        rows.extend(
            rows_of(&part, &mut young, params).into_iter().map(|row| Row { weight: row.weight * YOUNG_WEIGHT, ..row }),
        );
    }
    rows
}

/// Every article against its candidates, then put where it belongs; between articles come made-up ones.
fn rows_of(stream: &[&Labelled], maker: &mut lookalikes::Maker<'_>, params: &Params) -> Vec<Row> {
    let mut clusterer = Clusterer::new(params.clone(), Weights::builtin());
    let mut founders: BTreeMap<u32, ClusterId> = BTreeMap::new();
    let mut story_of: BTreeMap<ClusterId, u32> = BTreeMap::new();
    let mut rows = Vec::new();
    for (index, labelled) in stream.iter().enumerate() {
        for candidate in clusterer.consider(&labelled.arrival()) {
            let other = story_of[&candidate.cluster];
            let stories = [labelled.story, other];
            let joins = labelled.story == other;
            rows.push(Row { values: candidate.measured.values, joins, weight: 1.0, stories, made: false });
        }
        let cluster = *founders.entry(labelled.story).or_insert(ClusterId(labelled.id));
        story_of.insert(cluster, labelled.story);
        clusterer.place(labelled.arrival(), cluster);
        let Some(made) = maker.make(stream, index) else { continue };
        for candidate in clusterer.consider(&made.arrival(labelled)) {
            if story_of[&candidate.cluster] == made.story {
                let (values, joins) = (candidate.measured.values, made.belongs);
                rows.push(Row { values, joins, weight: MADE_WEIGHT, stories: [made.story; 2], made: true });
            }
        }
    }
    rows
}

fn run(stream: &[Labelled], params: &Params, weights: &Weights) -> Vec<i64> {
    let mut clusterer = Clusterer::new(params.clone(), weights.clone());
    let (mut assigned, mut took) = (BTreeMap::new(), Vec::new());
    for labelled in stream {
        let arrival = labelled.arrival();
        let started = Instant::now();
        let assignment = clusterer.assign(arrival);
        took.push(started.elapsed().as_secs_f64() * 1e6);
        assigned.insert(assignment.article, assignment.cluster);
        follow(&assignment.changes, &mut assigned);
    }
    let seconds = took.iter().sum::<f64>() / 1e6;
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "  assign: {:.0}/s, p50 {:.0} us, p99 {:.0} us, {} in the window",
        took.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        clusterer.len()
    );
    assigned.into_values().map(|cluster| cluster.0.0).collect()
}

/// Runs the whole stream once per fold, with weights that never saw the fold's stories, on either side of a comparison.
fn cross_validate(stream: &[Labelled], rows: &[Row], arguments: &Arguments) {
    let folds = u32::try_from(arguments.folds).unwrap_or(u32::MAX);
    let runs: Vec<Vec<i64>> = (0..folds)
        .map(|fold| {
            let seen: Vec<Row> = rows
                .iter()
                .filter(|row| row.stories.iter().all(|story| fold_of(*story, folds) != fold))
                .cloned()
                .collect();
            run(stream, &arguments.params, &fit::fit(&seen))
        })
        .collect();
    report("cross-validated", stream, &runs);
}

fn fold_of(story: u32, folds: u32) -> u32 {
    (story.wrapping_mul(0x9E37_79B1) >> 16) % folds
}

/// Scores runs, one per fold, in two ways. `fold only` looks at the fold's articles and at nothing else, so that a stranger from
/// another fold in a cluster goes unnoticed; `whole` counts such strangers as the mistakes they are, and is always the lower.
fn report(name: &str, stream: &[Labelled], runs: &[Vec<i64>]) {
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
struct Sum {
    articles: f64,
    precision: f64,
    recall: f64,
    both: f64,
    clustered: f64,
    labelled: f64,
}

impl Sum {
    fn over(stream: &[Labelled], runs: &[Vec<i64>], wanted: impl Fn(&Labelled) -> bool) -> Sum {
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

impl std::fmt::Display for Sum {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let f1 = |p: f64, r: f64| 2.0 * p * r / (p + r).max(f64::MIN_POSITIVE);
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
