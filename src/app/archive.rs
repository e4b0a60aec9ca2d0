//! Conductor: `eval`: an archive through the very code that `run` cleans and clusters with, scored when it is labelled.

mod lines;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;
use tracing_subscriber::filter::LevelFilter;

use crate::app::archive::lines::{Archive, Line, plain};

use crate::app::context::{Context, Failure};
use crate::cli::terminal::Progress;
use crate::cli::{EvalArgs, Exit, View};
use crate::cluster::change::Places;
use crate::cluster::weights::Weights;
use crate::cluster::{Arrival, Clusterer};
use crate::features::ahead::Ahead;
use crate::features::lexicon::Lexicon;
use crate::features::{self, Features, Subject, boilerplate};
use crate::listing::json::{Layout, document};
use crate::model::{ArticleId, ClusterId, Draft, Entry, Feed, FeedWish};
use crate::score::{self, Prf};
use crate::store::Store;
use crate::writer::{self, Archived, Writer};
use crate::{clock, prepare};

/// How many articles one transaction takes. Each writes most pages of the indexes whose keys are random: of 2,000 it takes a tenth longer.
const BATCH_ARTICLES: usize = 8_000;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Figures {
    articles: usize,
    clusters: usize,
    seconds: f64,
    articles_per_second: f64,
    assign_us: Percentiles,
    /// The most articles that the window held at once.
    window_articles_max: usize,
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
    let archive = Archive::open(&args.file)?;
    let progress = context.progress(archive.len(), "articles");
    let replayed = if args.stored {
        stored(&archive, params, context.now, &progress)?
    } else {
        replay(&archive, params, &progress)?
    };
    progress.finish();
    let seconds = began.elapsed().as_secs_f64();
    let Replayed { clusters, mut assign_times, window_articles_max } = replayed;
    let mut distinct: Vec<ClusterId> = clusters.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assign_times.sort_unstable();
    let figures = Figures {
        articles: archive.len(),
        clusters: distinct.len(),
        seconds: round(seconds, 3),
        articles_per_second: round(archive.len() as f64 / seconds.max(1e-9), 1),
        assign_us: Percentiles { p50: percentile(&assign_times, 50), p99: percentile(&assign_times, 99) },
        window_articles_max,
        peak_rss_mb: clock::peak_memory_bytes().map(|bytes| round(bytes as f64 / 1e6, 1)),
        scores: scores(&archive, &clusters),
    };
    if let Some(path) = &args.assignments {
        write(path, &archive, &clusters)?;
    }
    match args.view {
        View::Json => context.print(&document(&figures, Layout::Indented)),
        View::Text => context.print(&told(&figures)),
    }
}

/// What came of an archive.
struct Replayed {
    /// The cluster of each line, in the order of lines.
    clusters: Vec<ClusterId>,
    /// How long each assignment took, in nanoseconds.
    assign_times: Vec<u32>,
    window_articles_max: usize,
}

/// A line, made ready for the clusterer.
struct Ready {
    published: Timestamp,
    dated: bool,
    outlet: String,
    features: Features,
}

/// Clusters every line in the order of time, each seen when it was published, beside the threads that read and clean the next ones.
/// Nothing is stored, and no line is taken for another one's article.
fn replay(archive: &Archive, params: writer::Params, progress: &Progress) -> Result<Replayed, Failure> {
    let order = archive.by_time();
    let features = params.cluster.features.clone();
    let mut clusterer = Clusterer::new(params.cluster, Weights::builtin());
    let mut places = Places::default();
    let mut replayed = Replayed {
        clusters: vec![ClusterId(ArticleId(0)); archive.len()],
        assign_times: Vec::with_capacity(archive.len()),
        window_articles_max: 0,
    };
    let mut last = ArticleId(0);
    archive.each(
        &order,
        |line, seen| ready(line, seen, &features),
        |piece, made| {
            for ((_, seen), ready) in piece.iter().zip(made) {
                last.0 += 1;
                let arrival = Arrival {
                    id: last,
                    published: ready.published,
                    dated: ready.dated,
                    seen: *seen,
                    outlet: &ready.outlet,
                    alone: false,
                    features: Cow::Owned(ready.features),
                };
                let began = Instant::now();
                let assignment = clusterer.assign(arrival);
                replayed.assign_times.push(nanoseconds(began.elapsed()));
                places.push(assignment.cluster);
                places.follow(&assignment.changes);
            }
            replayed.window_articles_max = replayed.window_articles_max.max(clusterer.len());
            progress.advance(piece.len());
            Ok(())
        },
    )?;
    for ((place, _), cluster) in order.iter().zip(places.clusters()) {
        replayed.clusters[*place as usize] = cluster;
    }
    Ok(replayed)
}

fn ready(line: Line, seen: Timestamp, params: &features::Params) -> Ready {
    let outlet = line.outlet.clone().unwrap_or_default();
    let draft = drafted(&line, seen);
    let text = boilerplate::without(&draft.text, &draft.repeated);
    let subject = Subject { title: &draft.title, text: &text, lang: draft.lang.as_deref() };
    Ready {
        features: features::of(&subject, Lexicon::builtin(), params),
        published: draft.published.unwrap_or(seen),
        dated: draft.date_doubt.is_none(),
        outlet: draft.source.unwrap_or(outlet),
    }
}

fn drafted(line: &Line, seen: Timestamp) -> Draft {
    let params = prepare::Params::default();
    prepare::draft(entry(line), &prepare::Context { base: None, site: None, now: seen, params: &params })
}

/// The same through a throw-away database, indexed for search, as `run` would store it: a link that two outlets share is one article.
fn stored(archive: &Archive, params: writer::Params, now: Timestamp, progress: &Progress) -> Result<Replayed, Failure> {
    let order = archive.by_time();
    let features = params.cluster.features.clone();
    let mut writer = Writer::new(Store::in_memory(0, now)?, params)?;
    writer.note_assign_times();
    let mut feeds = BTreeMap::new();
    let mut articles = vec![ArticleId(0); archive.len()];
    let mut waiting: Vec<(u32, Archived)> = Vec::new();
    let mut window_articles_max = 0;
    let mut store = |waiting: &mut Vec<(u32, Archived)>, writer: &mut Writer| -> Result<(), Failure> {
        let (places, batch): (Vec<u32>, Vec<Archived>) = waiting.drain(..).unzip();
        for (place, article) in places.iter().zip(writer.archive(&batch)?) {
            articles[*place as usize] = article;
        }
        window_articles_max = window_articles_max.max(writer.window_articles());
        progress.advance(places.len());
        Ok(())
    };
    archive.each(
        &order,
        |line, seen| {
            let draft = drafted(&line, seen);
            let ahead = Ahead::of(std::slice::from_ref(&draft), features.clone());
            (line.outlet.unwrap_or_default(), draft, ahead)
        },
        |piece, made| {
            for ((place, seen), (outlet, draft, ahead)) in piece.iter().zip(made) {
                let feed = feed_of(&mut writer, &mut feeds, outlet)?;
                waiting.push((*place, Archived { feed, draft, seen: *seen, ahead: Some(ahead) }));
            }
            if waiting.len() >= BATCH_ARTICLES { store(&mut waiting, &mut writer) } else { Ok(()) }
        },
    )?;
    store(&mut waiting, &mut writer)?;
    while writer.index_some()? {}
    let places: BTreeMap<ArticleId, ClusterId> = writer.store().places()?.into_iter().collect();
    let clusters = articles.iter().map(|article| places[article]).collect();
    let assign_times = writer.assign_times().iter().map(|time| nanoseconds(*time)).collect();
    Ok(Replayed { clusters, assign_times, window_articles_max })
}

/// One feed stands for each outlet.
fn feed_of(writer: &mut Writer, feeds: &mut BTreeMap<String, Feed>, outlet: String) -> Result<Feed, Failure> {
    if let Some(feed) = feeds.get(&outlet) {
        return Ok(feed.clone());
    }
    let url = format!("archive:{}", feeds.len() + 1);
    let wish = FeedWish { outlet: Some(outlet.clone()), ..FeedWish::of_url(&url) };
    writer.store().add_feed(&wish, Timestamp::UNIX_EPOCH)?;
    let feed = writer.store().feed(&url)?.expect("it was just added");
    feeds.insert(outlet, feed.clone());
    Ok(feed)
}

/// An archived line as a feed would have said it. Its id is its guid: no two lines are one article.
fn entry(line: &Line) -> Entry {
    Entry {
        guid: Some(plain(&line.id)),
        link: line.url.clone(),
        title: line.title.clone(),
        summary: line.summary.clone(),
        content: line.content.clone(),
        published: line.published,
        lang: line.lang.clone(),
        ..Entry::default()
    }
}

fn scores(archive: &Archive, clusters: &[ClusterId]) -> Option<Scores> {
    let labelled = clusters.iter().enumerate().filter_map(|(place, cluster)| Some((archive.story(place)?, *cluster)));
    let (gold, assigned): (Vec<u32>, Vec<ClusterId>) = labelled.unzip();
    if gold.is_empty() {
        return None;
    }
    let score::Scores { bcubed, pairwise, nmi, ari } = score::score(&gold, &assigned);
    Some(Scores { labelled: gold.len(), bcubed, pairwise, nmi, ari })
}

fn write(path: &Path, archive: &Archive, clusters: &[ClusterId]) -> Result<(), Failure> {
    let cannot = || format!("cannot write `{}`", path.display());
    let mut file = BufWriter::new(File::create(path).with_context(cannot)?);
    let lines: Vec<(u32, Timestamp)> = (0..archive.len() as u32).map(|place| (place, Timestamp::UNIX_EPOCH)).collect();
    archive.each(
        &lines,
        |line, _| plain(&line.id).replace(['\t', '\n', '\r'], " "),
        |piece, ids| {
            for ((place, _), id) in piece.iter().zip(ids) {
                writeln!(file, "{id}\tc{}", clusters[*place as usize].0.0).with_context(cannot)?;
            }
            Ok(())
        },
    )?;
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

/// In microseconds, of nanoseconds.
fn percentile(sorted: &[u32], percent: usize) -> f64 {
    let place = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(place).map_or(0.0, |time| round(f64::from(*time) / 1e3, 1))
}

fn nanoseconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}
