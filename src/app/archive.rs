//! Conductor: `eval`: an archive through the very pipeline of `run`, in a throw-away database, scored when it is labelled.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure};
use crate::cli::terminal::Progress;
use crate::cli::{EvalArgs, Exit, View};
use crate::listing::json::{Layout, document};
use crate::model::{ArticleId, ClusterId, Entry, Feed, FeedWish};
use crate::score::{self, Prf};
use crate::store::Store;
use crate::writer::{Archived, Writer};
use crate::{clock, prepare};

/// How many articles one transaction takes.
const BATCH_ARTICLES: usize = 2_000;

/// One line of an archive.
#[derive(Clone, Debug, Deserialize)]
struct Line {
    id: serde_json::Value,
    #[serde(default)]
    outlet: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    published: Option<Timestamp>,
    #[serde(default)]
    lang: Option<String>,
    /// The gold label; the pipeline never sees it.
    #[serde(default)]
    story: Option<serde_json::Value>,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Figures {
    articles: usize,
    clusters: usize,
    seconds: f64,
    articles_per_second: f64,
    assign_us: Percentiles,
    peak_rss_mb: Option<f64>,
    #[serde(flatten)]
    scores: Option<Scores>,
}

#[derive(Debug, Serialize)]
struct Percentiles {
    p50: f64,
    p99: f64,
}

#[derive(Debug, Serialize)]
struct Scores {
    labelled: usize,
    bcubed: Prf,
    pairwise: Prf,
    nmi: f64,
    ari: f64,
}

/// Clusters an archive and says how well and how fast.
///
/// # Errors
/// When the file cannot be read, or a line of it is not an article.
pub fn eval(context: &Context, args: &EvalArgs) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let mut params = context.writer_params()?;
    for (key, value) in &args.settings {
        params.cluster.set(key, value).map_err(Failure::misused)?;
    }
    let began = Instant::now();
    let lines = read(&args.file)?;
    let store = Store::in_memory(0, context.now)?;
    let mut writer = Writer::new(store, params)?;
    let progress = context.progress(lines.len(), "articles");
    writer.note_assign_times();
    let clusters = replay(&mut writer, &lines, &progress)?;
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let mut distinct: Vec<ClusterId> = clusters.clone();
    distinct.sort();
    distinct.dedup();
    let mut assigned = writer.assign_times().to_vec();
    assigned.sort();
    let figures = Figures {
        articles: lines.len(),
        clusters: distinct.len(),
        seconds: round(seconds, 3),
        articles_per_second: round(lines.len() as f64 / seconds.max(1e-9), 1),
        assign_us: Percentiles { p50: percentile(&assigned, 50), p99: percentile(&assigned, 99) },
        peak_rss_mb: clock::peak_memory_bytes().map(|bytes| round(bytes as f64 / 1e6, 1)),
        scores: scores(&lines, &clusters),
    };
    if let Some(path) = &args.assignments {
        write(path, &lines, &clusters)?;
    }
    match args.view {
        View::Json => context.print(&document(&figures, Layout::Indented)),
        View::Text => context.print(&told(&figures)),
    }
}

fn read(path: &Path) -> Result<Vec<Line>, Failure> {
    let cannot = || format!("cannot read `{}`", path.display());
    let file = BufReader::new(File::open(path).with_context(cannot)?);
    let mut lines = Vec::new();
    for (number, line) in file.lines().enumerate() {
        let line = line.with_context(cannot)?;
        if line.trim().is_empty() {
            continue;
        }
        let parsed = serde_json::from_str(&line);
        lines.push(
            parsed
                .with_context(|| format!("`{}` line {}: not an article of an archive", path.display(), number + 1))?,
        );
    }
    if lines.is_empty() {
        return Err(anyhow!("`{}` holds no articles: one JSON object a line is wanted", path.display()).into());
    }
    Ok(lines)
}

/// Sends every line through the pipeline in the order of time, each seen when it was published; gives the cluster of each line,
/// in the order of lines.
fn replay(writer: &mut Writer, lines: &[Line], progress: &Progress) -> Result<Vec<ClusterId>, Failure> {
    let feeds = outlets(writer, lines)?;
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|place| lines[*place].published);
    let mut articles: Vec<Option<ArticleId>> = vec![None; lines.len()];
    let params = prepare::Params::default();
    let mut seen = Timestamp::UNIX_EPOCH;
    for places in order.chunks(BATCH_ARTICLES) {
        let mut batch = Vec::with_capacity(places.len());
        for place in places {
            let line = &lines[*place];
            seen = line.published.unwrap_or(seen);
            let feed = feeds[line.outlet.as_deref().unwrap_or_default()].clone();
            let draft =
                prepare::draft(entry(line), &prepare::Context { base: None, site: None, now: seen, params: &params });
            batch.push(Archived { feed, draft, seen });
        }
        for (place, article) in places.iter().zip(writer.archive(&batch)?) {
            articles[*place] = Some(article);
        }
        progress.advance(places.len());
    }
    let clusters: BTreeMap<ArticleId, ClusterId> = writer.store().places()?.into_iter().collect();
    Ok(articles.into_iter().map(|article| clusters[&article.expect("every line was stored")]).collect())
}

/// One feed stands for each outlet.
fn outlets(writer: &mut Writer, lines: &[Line]) -> Result<BTreeMap<String, Feed>, Failure> {
    let mut feeds = BTreeMap::new();
    for line in lines {
        let outlet = line.outlet.clone().unwrap_or_default();
        if feeds.contains_key(&outlet) {
            continue;
        }
        let url = format!("archive:{}", feeds.len() + 1);
        let wish = FeedWish { outlet: Some(outlet.clone()), ..FeedWish::of_url(&url) };
        writer.store().add_feed(&wish, Timestamp::UNIX_EPOCH)?;
        let feed = writer.store().feed(&url)?.expect("it was just added");
        feeds.insert(outlet, feed);
    }
    Ok(feeds)
}

/// An archived line as a feed would have said it. Its id is its guid: no two lines are one article.
fn entry(line: &Line) -> Entry {
    Entry {
        guid: Some(text(&line.id)),
        link: line.url.clone(),
        title: line.title.clone(),
        summary: line.summary.clone(),
        content: line.content.clone(),
        published: line.published,
        lang: line.lang.clone(),
        ..Entry::default()
    }
}

fn scores(lines: &[Line], clusters: &[ClusterId]) -> Option<Scores> {
    let labelled: Vec<(String, ClusterId)> = lines
        .iter()
        .zip(clusters)
        .filter_map(|(line, cluster)| Some((label(line.story.as_ref()?)?, *cluster)))
        .collect();
    if labelled.is_empty() {
        return None;
    }
    let gold: Vec<&str> = labelled.iter().map(|(story, _)| story.as_str()).collect();
    let assigned: Vec<ClusterId> = labelled.iter().map(|(_, cluster)| *cluster).collect();
    let score::Scores { bcubed, pairwise, nmi, ari } = score::score(&gold, &assigned);
    Some(Scores { labelled: labelled.len(), bcubed, pairwise, nmi, ari })
}

fn label(story: &serde_json::Value) -> Option<String> {
    match story {
        serde_json::Value::Null => None,
        value => Some(text(value)).filter(|label| !label.is_empty()),
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn write(path: &Path, lines: &[Line], clusters: &[ClusterId]) -> Result<(), Failure> {
    let cannot = || format!("cannot write `{}`", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
    for (line, cluster) in lines.iter().zip(clusters) {
        let id = text(&line.id).replace(['\t', '\n', '\r'], " ");
        writeln!(file, "{id}\tc{}", cluster.0.0).with_context(cannot)?;
    }
    Ok(file.flush().with_context(cannot)?)
}

fn told(figures: &Figures) -> String {
    let memory = figures.peak_rss_mb.map_or_else(String::new, |peak| format!(", {peak:.0} MB at most"));
    let mut text = format!(
        "{} articles in {} clusters\n{:.1} s, {:.0} articles/s, assign p50 {:.0} µs, p99 {:.0} µs{memory}\n",
        figures.articles,
        figures.clusters,
        figures.seconds,
        figures.articles_per_second,
        figures.assign_us.p50,
        figures.assign_us.p99,
    );
    match &figures.scores {
        None => text.push_str("no labels, so no scores\n"),
        Some(scores) => {
            for (name, prf) in [("BCubed", &scores.bcubed), ("pairwise", &scores.pairwise)] {
                text.push_str(&format!("{name:<9} precision {:.4}  recall {:.4}  F1 {:.4}\n", prf.p, prf.r, prf.f1));
            }
            text.push_str(&format!("NMI {:.4}  ARI {:.4}\n", scores.nmi, scores.ari));
        }
    }
    text
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(0.0, |duration| round(duration.as_secs_f64() * 1e6, 1))
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
