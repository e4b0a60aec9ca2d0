//! Learns `src/cluster/weights.tsv` from a labelled stream and from made pairs, and says by cross-validation what they are worth.
//!
//! usage: cargo run --release --example train -- STREAM.jsonl [--folds 5] [--out src/cluster/weights.tsv] [--set KEY=VALUE]
//! Without `--out` nothing is written. `--folds 0` skips the cross-validation; `--check` scores the built-in weights and learns nothing;
//! `--without hours,front_lacked` learns as if these were not measured; `--show 3` prints three made pairs of each family; `--count KEY=VALUE` sets what a kind of row counts (`rows::Counts`).

mod chance;
mod figures;
mod fit;
mod lookalikes;
mod made;
mod rows;
mod stream;

use std::time::Instant;

use anyhow::{Context, Result, bail};
use newsfold::cluster::Clusterer;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;

use crate::chance::Chance;
use crate::figures::{fold_of, fold_of_family, report, tell_pairs};
use crate::fit::Row;
use crate::made::{FAMILIES, Stock};
use crate::rows::{Counts, Outcome};
use crate::stream::Labelled;

/// Of how many made pairs of each family it is said what came of them, and their seed: no row comes of them.
const TRIED_EACH: usize = 24;
const TRIED_SEED: u64 = 5;

struct Arguments {
    stream: String,
    folds: usize,
    out: Option<String>,
    check: bool,
    show: usize,
    without: Vec<String>,
    params: Params,
    counts: Counts,
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    let stock = Stock::load()?;
    if arguments.show > 0 {
        show(&stock, arguments.show);
        return Ok(());
    }
    let stream = stream::load(&arguments.stream, &arguments.params)?;
    let whole: Vec<&Labelled> = stream.iter().collect();
    let tried = rows::pairs(&whole, &stock, &arguments.params, TRIED_EACH, TRIED_SEED);
    let trial = rows::among(&whole, &tried);
    if arguments.check {
        let weights = Weights::builtin();
        report("built-in weights", &stream, &[run(&stream, &arguments.params, &weights)]);
        tell_pairs("built-in weights", &rows::outcomes(&trial, &arguments.params, &weights)?);
        return Ok(());
    }
    let started = Instant::now();
    let mut rows = rows::all(&stream, &stock, &arguments.params, &arguments.counts);
    for name in &arguments.without {
        let index = newsfold::cluster::measures::index_of(name);
        rows.iter_mut().for_each(|row| row.values[index] = 0.0);
    }
    println!(
        "{} rows, {} of them joins, {} made up ({:.0} s)",
        rows.len(),
        rows.iter().filter(|row| row.joins).count(),
        rows.iter().filter(|row| row.made.is_some()).count(),
        started.elapsed().as_secs_f64()
    );
    if arguments.folds > 1 {
        cross_validate(&stream, &trial, &rows, &arguments)?;
    }
    let Some(out) = &arguments.out else { return Ok(()) };
    let weights = fit::fit(&rows);
    report("trained on all of it", &stream, &[run(&stream, &arguments.params, &weights)]);
    let head =
        "# Log-odds by value, learned by `examples/train` (docs/why/clustering.md). Made by machine: do not edit.\n";
    std::fs::write(out, format!("{head}{}", weights.to_text())).with_context(|| format!("cannot write `{out}`"))
}

fn arguments() -> Result<Arguments> {
    let mut given = std::env::args().skip(1);
    let stream =
        given.next().context("say which stream: STREAM.jsonl [--folds N] [--out FILE] [--check] [--set KEY=VALUE]")?;
    let (params, counts) = (Params::default(), Counts::default());
    let mut arguments =
        Arguments { stream, folds: 5, out: None, check: false, show: 0, without: Vec::new(), params, counts };
    while let Some(flag) = given.next() {
        let mut value = || given.next().with_context(|| format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--folds" => arguments.folds = value()?.parse().context("`--folds` needs a number")?,
            "--out" => arguments.out = Some(value()?),
            "--without" => arguments.without = value()?.split(',').map(str::to_owned).collect(),
            "--check" => arguments.check = true,
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
    let (mut assigned, mut took) = (Vec::new(), Vec::new());
    for labelled in stream {
        let arrival = labelled.arrival();
        let started = Instant::now();
        assigned.push(clusterer.assign(arrival).cluster.0.0);
        took.push(started.elapsed().as_secs_f64() * 1e6);
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
    assigned
}

/// Runs the whole stream once per fold, with weights that never saw the fold's stories, on either side of a comparison, nor made pairs
/// of the fold's families; with these it clusters the made pairs of those families.
fn cross_validate(stream: &[Labelled], trial: &[&Labelled], rows: &[Row], arguments: &Arguments) -> Result<()> {
    let folds = u32::try_from(arguments.folds).unwrap_or(u32::MAX);
    let mut runs = Vec::new();
    let mut outcomes = vec![Outcome::default(); FAMILIES.len()];
    for fold in 0..folds {
        let is_held_out = |row: &Row| {
            row.stories.iter().any(|story| *story < rows::MADE_STORIES && fold_of(*story, folds) == fold)
                || row.made.is_some_and(|family| fold_of_family(family, folds) == fold)
        };
        let seen: Vec<Row> = rows.iter().filter(|row| !is_held_out(row)).cloned().collect();
        let weights = fit::fit(&seen);
        runs.push(run(stream, &arguments.params, &weights));
        let found = rows::outcomes(trial, &arguments.params, &weights)?;
        for ((outcome, found), (family, _)) in outcomes.iter_mut().zip(found).zip(FAMILIES) {
            if fold_of_family(family, folds) == fold {
                *outcome = found;
            }
        }
    }
    report("cross-validated", stream, &runs);
    tell_pairs("cross-validated over families", &outcomes);
    Ok(())
}
