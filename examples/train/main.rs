//! Learns `src/cluster/weights.tsv` from a labelled stream and from made pairs, and says by cross-validation what they are worth.
//!
//! usage: cargo run --release --example train -- STREAM.jsonl [--folds 5] [--out src/cluster/weights.tsv] [--set KEY=VALUE]
//! Without `--out` nothing is written. `--folds 0` skips the cross-validation; `--check` scores the built-in weights and learns nothing;
//! `--surprise` says how much left-out rows surprise what is learned without them, and stops there; `--show 3` prints three made pairs of
//! each family; `--count KEY=VALUE` sets what a kind of row counts (`rows::Counts`), `--fit KEY=VALUE` how stiff curves are (`fit::Taste`).

mod chance;
mod figures;
mod fit;
mod lookalikes;
mod made;
mod rows;
mod stream;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use newsfold::cluster::Clusterer;
use newsfold::cluster::change::Places;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;

use crate::chance::Chance;
use crate::figures::{Sum, Surprises, fold_of, fold_of_family, report, tell_pairs};
use crate::fit::{Row, Taste};
use crate::made::{FAMILIES, Stock};
use crate::rows::{Counts, Outcome};
use crate::stream::Labelled;

/// Of how many made pairs of each family it is said what came of them in a trial, and the trials' seeds: no row comes of them.
const TRIED_EACH: usize = 24;
const TRIED_SEEDS: std::ops::RangeInclusive<u64> = 5..=8;
/// Folds that are learned at once.
const THREADS: usize = 2;
/// What is added to the set `join_probability` to see what another one would give.
const SWEEP: [f64; 5] = [-0.05, 0.0, 0.02, 0.04, 0.1];

struct Arguments {
    stream: String,
    folds: usize,
    out: Option<String>,
    check: bool,
    surprise: bool,
    show: usize,
    params: Params,
    counts: Counts,
    taste: Taste,
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    let stock = Stock::load()?;
    if arguments.show > 0 {
        show(&stock, arguments.show);
        return Ok(());
    }
    ensure!(!arguments.surprise || arguments.folds > 1, "`--surprise` is told by two folds or more");
    let stream = stream::load(&arguments.stream, &arguments.params)?;
    let whole: Vec<&Labelled> = stream.iter().collect();
    let tried: Vec<Vec<Labelled>> =
        TRIED_SEEDS.map(|seed| rows::pairs(&whole, &stock, &arguments.params, TRIED_EACH, seed)).collect();
    let trials: Vec<Vec<&Labelled>> = tried.iter().map(|tried| rows::among(&whole, tried)).collect();
    if arguments.check {
        let weights = Weights::builtin();
        report("built-in weights", &stream, &[run(&stream, &arguments.params, &weights)]);
        tell_pairs("built-in weights", &outcomes(&trials, &arguments.params, &weights));
        return Ok(());
    }
    let started = Instant::now();
    let rows = rows::all(&stream, &stock, &arguments.params, &arguments.counts);
    println!(
        "{} rows, {} of them joins, {} made up ({:.0} s)",
        rows.len(),
        rows.iter().filter(|row| row.joins).count(),
        rows.iter().filter(|row| row.made.is_some()).count(),
        started.elapsed().as_secs_f64()
    );
    let figures = if arguments.folds > 1 {
        let (weights, surprises) = learn_without_folds(&rows, &arguments);
        println!("{surprises}");
        if arguments.surprise {
            return Ok(());
        }
        Some(cross_validate(&stream, &trials, &weights, &arguments)?)
    } else {
        None
    };
    let Some(out) = &arguments.out else { return Ok(()) };
    let weights = fit::fit(&rows, &arguments.taste);
    report("trained on all of it", &stream, &[run(&stream, &arguments.params, &weights)]);
    let mut text = String::from(
        "# Log-odds by value, learned by `examples/train` (docs/why/clustering.md). Made by machine: do not edit.\n",
    );
    if let Some(figures) = figures {
        text.push_str(&format!("# cross-validated: {figures}\n"));
    }
    text.push_str(&weights.to_text());
    std::fs::write(out, text).with_context(|| format!("cannot write `{out}`"))
}

fn arguments() -> Result<Arguments> {
    let mut given = std::env::args().skip(1);
    let stream =
        given.next().context("say which stream: STREAM.jsonl [--folds N] [--out FILE] [--check] [--set KEY=VALUE]")?;
    let (params, counts, taste) = (Params::default(), Counts::default(), Taste::default());
    let mut arguments =
        Arguments { stream, folds: 5, out: None, check: false, surprise: false, show: 0, params, counts, taste };
    while let Some(flag) = given.next() {
        let mut value = || given.next().with_context(|| format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--folds" => arguments.folds = value()?.parse().context("`--folds` needs a number")?,
            "--out" => arguments.out = Some(value()?),
            "--check" => arguments.check = true,
            "--surprise" => arguments.surprise = true,
            "--show" => arguments.show = value()?.parse().context("`--show` needs a number")?,
            "--set" => {
                let setting = value()?;
                let (key, value) = setting.split_once('=').context("`--set` needs KEY=VALUE")?;
                arguments.params.set(key, value)?;
            }
            "--count" => {
                let setting = value()?;
                let (key, value) = setting.split_once('=').context("`--count` needs KEY=VALUE")?;
                arguments.counts.set(key, value.parse().context("`--count` needs a number")?)?;
            }
            "--fit" => {
                let setting = value()?;
                let (key, value) = setting.split_once('=').context("`--fit` needs KEY=VALUE")?;
                arguments.taste.set(key, value.parse().context("`--fit` needs a number")?)?;
            }
            _ => bail!("there is no `{flag}`"),
        }
    }
    Ok(arguments)
}

fn show(stock: &Stock, count: usize) {
    let mut chance = Chance::new(1);
    let at = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(490_000);
    for (family, name) in FAMILIES {
        let mut shown = 0;
        while shown < count {
            let Some(pair) = stock.pair(family, at, &mut chance) else { continue };
            shown += 1;
            println!("{name} ({})", pair.lang);
            for article in &pair.articles {
                println!("  {} | {} | {}", article.published, article.title, article.text.replace('\n', " "));
            }
        }
    }
}

fn run(stream: &[Labelled], params: &Params, weights: &Weights) -> Vec<i64> {
    let mut clusterer = Clusterer::new(params.clone(), weights.clone());
    let mut places = Places::default();
    for labelled in stream {
        let assignment = clusterer.assign(labelled.arrival());
        places.push(assignment.cluster);
        places.follow(&assignment.changes);
    }
    places.clusters().map(|cluster| cluster.0.0).collect()
}

/// What comes of made pairs in several trials.
fn outcomes(trials: &[Vec<&Labelled>], params: &Params, weights: &Weights) -> Vec<Outcome> {
    trials.iter().flat_map(|trial| rows::outcomes(trial, params, weights)).collect()
}

/// What cross-validation says of weights; a test pins it.
struct Figures {
    join_probability: f64,
    bcubed_f1: f64,
    pairwise_precision: f64,
    /// Shares of the made pairs of families that the weights never saw.
    merged: f64,
    found: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Figures { join_probability, bcubed_f1, pairwise_precision, merged, found } = self;
        write!(
            formatter,
            "join_probability {join_probability:.2} bcubed_f1 {bcubed_f1:.4} pairwise_precision {pairwise_precision:.4} \
             look_alikes_merged {merged:.4} twins_found {found:.4}"
        )
    }
}

/// Learns weights once per fold that never saw the fold's stories, on either side of a comparison, nor made pairs of the fold's
/// families; and how much these surprise them.
fn learn_without_folds(rows: &[Row], arguments: &Arguments) -> (Vec<Weights>, Surprises) {
    let folds = u32::try_from(arguments.folds).unwrap_or(u32::MAX);
    let is_held_out = |row: &Row, fold: u32| {
        row.stories.iter().any(|story| *story < rows::MADE_STORIES && fold_of(*story, folds) == fold)
            || row.made.is_some_and(|family| fold_of_family(family, folds) == fold)
    };
    let learned = side_by_side(folds, |fold| {
        let (held_out, seen): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(|row| is_held_out(row, fold));
        let weights = fit::fit(&seen, &arguments.taste);
        let surprises = Surprises::of(&held_out, weights.clone());
        (weights, surprises)
    });
    let (weights, surprises): (Vec<Weights>, Vec<Surprises>) = learned.into_iter().unzip();
    (weights, surprises.into_iter().fold(Surprises::default(), Surprises::with))
}

/// With the weights of each fold clusters the whole stream, and made pairs of the families that they never saw, and scores what they
/// never saw alone.
fn cross_validate(
    stream: &[Labelled],
    trials: &[Vec<&Labelled>],
    weights: &[Weights],
    arguments: &Arguments,
) -> Result<Figures> {
    let folds = u32::try_from(weights.len()).unwrap_or(u32::MAX);
    let mut given = None;
    for change in SWEEP {
        let mut params = arguments.params.clone();
        params.join_probability += change;
        let tried = side_by_side(folds, |fold| {
            let weights = &weights[fold as usize];
            let mut found = outcomes(trials, &params, weights);
            found.retain(|outcome| fold_of_family(outcome.family, folds) == fold);
            (run(stream, &params, weights), found)
        });
        let (runs, found): (Vec<Vec<i64>>, Vec<Vec<Outcome>>) = tried.into_iter().unzip();
        let outcomes = found.concat();
        let sum = Sum::over(stream, &runs, |_| true);
        let [merged, found] = figures::shares(&outcomes);
        let (join_probability, bcubed_f1) = (params.join_probability, sum.bcubed_f1());
        let pairwise_precision = sum.pairwise_precision();
        let figures = Figures { join_probability, bcubed_f1, pairwise_precision, merged, found };
        println!("{figures}");
        if change == 0.0 {
            report("cross-validated", stream, &runs);
            tell_pairs("cross-validated over families", &outcomes);
            given = Some(figures);
        }
    }
    given.context("the sweep leaves out the set probability")
}

/// Does something for every fold, as many at once as there are threads; in the order of the folds.
fn side_by_side<T: Send>(folds: u32, work: impl Fn(u32) -> T + Sync) -> Vec<T> {
    let next = AtomicU32::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let fold = next.fetch_add(1, Ordering::Relaxed);
                    if fold >= folds {
                        return;
                    }
                    let result = work(fold);
                    done.lock().expect("no fold panics with the lock held").push((fold, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no fold panicked");
    done.sort_by_key(|(fold, _)| *fold);
    done.into_iter().map(|(_, result)| result).collect()
}
