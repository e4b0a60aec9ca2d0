//! Learns `src/cluster/weights.tsv` from a labelled stream, and says by cross-validation what they are worth.
//!
//! usage: cargo run --release --example train -- STREAM.jsonl [--folds 5] [--out src/cluster/weights.tsv]

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use anyhow::{Context, Result};
use jiff::Timestamp;
use newsfold::cluster::measures::{COUNT, MEASURES};
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::cluster::{Arrival, Clusterer};
use newsfold::features::lexicon::Lexicon;
use newsfold::features::{self, Features, Subject};
use newsfold::model::{ArticleId, ClusterId};
use newsfold::score::{self, Scores};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    title: String,
    #[serde(default)]
    summary: String,
    published: Timestamp,
    outlet: String,
    lang: Option<String>,
    story: String,
    #[serde(default)]
    set: String,
}

struct Labelled {
    line: Line,
    features: Features,
    story: u32,
    fold: u32,
}

fn load(path: &str, params: &Params) -> Result<Vec<Labelled>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
    let mut stories: BTreeMap<String, u32> = BTreeMap::new();
    let mut out = Vec::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line)?;
        let next = stories.len() as u32;
        let story = *stories.entry(line.story.clone()).or_insert(next);
        let features = features::of(
            &Subject { title: &line.title, text: &line.summary, lang: line.lang.as_deref() },
            Lexicon::builtin(),
            &params.features,
        );
        out.push(Labelled { line, features, story, fold: 0 });
    }
    Ok(out)
}

fn arrival(index: usize, labelled: &Labelled) -> Arrival<'_> {
    Arrival {
        id: ArticleId(index as i64 + 1),
        published: labelled.line.published,
        seen: labelled.line.published,
        outlet: &labelled.line.outlet,
        alone: false,
        features: labelled.features.clone(),
    }
}

struct Row {
    values: [f64; COUNT],
    label: bool,
    story: u32,
    other: u32,
    article: usize,
}

fn rows(stream: &[Labelled], params: &Params) -> (Vec<Row>, usize) {
    let mut clusterer = Clusterer::new(params.clone(), Weights::builtin());
    let mut founder: BTreeMap<u32, ClusterId> = BTreeMap::new();
    let mut rows = Vec::new();
    let mut missed = 0;
    for (index, labelled) in stream.iter().enumerate() {
        let gold = founder.get(&labelled.story).copied();
        let found = clusterer.consider(&arrival(index, labelled));
        if gold.is_some_and(|gold| !found.iter().any(|candidate| candidate.cluster == gold)) {
            missed += 1;
        }
        for candidate in found {
            let other = stream[candidate.cluster.0.0 as usize - 1].story;
            rows.push(Row {
                values: candidate.measured.values,
                label: Some(candidate.cluster) == gold,
                story: labelled.story,
                other,
                article: index,
            });
        }
        let cluster = *founder.entry(labelled.story).or_insert(ClusterId(ArticleId(index as i64 + 1)));
        clusterer.place(arrival(index, labelled), cluster);
    }
    (rows, missed)
}

fn run(stream: &[Labelled], params: &Params, weights: &Weights) -> (Vec<i64>, f64, Vec<f64>) {
    let mut clusterer = Clusterer::new(params.clone(), weights.clone());
    let started = Instant::now();
    let mut took = Vec::new();
    let out = stream
        .iter()
        .enumerate()
        .map(|(index, labelled)| {
            let arrival = arrival(index, labelled);
            let t = Instant::now();
            let a = clusterer.assign(arrival).cluster.0.0;
            took.push(t.elapsed().as_secs_f64() * 1e6);
            a
        })
        .collect();
    took.sort_by(f64::total_cmp);
    (out, started.elapsed().as_secs_f64(), took)
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut params = Params::default();
    let mut out = None;
    let mut csv = None;
    let mut i = 1;
    let mut weights = Weights::builtin();
    while i + 1 < args.len() {
        match args[i].as_str() {
            "--set" => {
                let (k, v) = args[i + 1].split_once('=').context("KEY=VALUE")?;
                params.set(k, v)?;
            }
            "--rows" => csv = Some(args[i + 1].clone()),
            "--weights" => weights = Weights::parse(&std::fs::read_to_string(&args[i + 1])?)?,
            "--out" => out = Some(args[i + 1].clone()),
            _ => {}
        }
        i += 2;
    }
    let started = Instant::now();
    let stream = load(&args[0], &params)?;
    println!("features {:.1} us/article", started.elapsed().as_secs_f64() * 1e6 / stream.len() as f64);
    if let Some(csv) = csv {
        let (rows, missed) = rows(&stream, &params);
        println!("{} rows, {} positive, {missed} missed", rows.len(), rows.iter().filter(|r| r.label).count());
        let mut f = std::io::BufWriter::new(std::fs::File::create(csv)?);
        writeln!(f, "label,article,story,other,set,{}", MEASURES.map(|m| m.0).join(","))?;
        for r in rows {
            write!(f, "{},{},{},{},{}", u8::from(r.label), r.article, r.story, r.other, stream[r.article].line.set)?;
            for v in r.values {
                write!(f, ",{v:.5}")?;
            }
            writeln!(f)?;
        }
    }
    let (assigned, seconds, took) = run(&stream, &params, &weights);
    println!(
        "{:.0}/s p50 {:.1} p99 {:.1}",
        stream.len() as f64 / seconds,
        took[took.len() / 2],
        took[took.len() * 99 / 100]
    );
    let gold: Vec<u32> = stream.iter().map(|l| l.story).collect();
    show("all", &score::score(&gold, &assigned));
    if let Some(out) = out {
        let mut f = std::io::BufWriter::new(std::fs::File::create(out)?);
        for a in &assigned {
            writeln!(f, "{a}")?;
        }
    }
    Ok(())
}

fn show(name: &str, s: &Scores) {
    println!(
        "{name:8} B3 P {:.4} R {:.4} F {:.4} | pair P {:.4} R {:.4} F {:.4} | nmi {:.4} ari {:.4}",
        s.bcubed.p, s.bcubed.r, s.bcubed.f1, s.pairwise.p, s.pairwise.r, s.pairwise.f1, s.nmi, s.ari
    );
}
