//! Conductor: `demo`: the whole main job on sample feeds, over loopback, into a database that is gone afterwards.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{self, Context, Failure, block_on};
use crate::app::digest;
use crate::app::fetch::Pass;
use crate::app::stored;
use crate::cli::moment::When;
use crate::cli::terminal::Terminal;
use crate::cli::{DigestArgs, Exit, Filter, Global, ListArgs, ListFormat, View};
use crate::config::Config;
use crate::model::FeedWish;
use crate::serve::{Sample, Samples};

macro_rules! sample {
    ($name:literal, $media_type:literal) => {
        Sample { name: $name, media_type: $media_type, body: include_bytes!(concat!("../../fixtures/feeds/", $name)) }
    };
}

/// The sample outlets.
const SAMPLES: &[Sample] = &[
    sample!("bramblestreet.rss", "application/rss+xml"),
    sample!("coastalradio.rss", "application/rss+xml"),
    sample!("dailyprospect.atom", "application/atom+xml"),
    sample!("gatherer.rss", "application/rss+xml"),
    sample!("gazettequais.rss", "application/rss+xml"),
    sample!("harbourpost.rss", "application/rss+xml"),
    sample!("junction.atom", "application/atom+xml"),
    sample!("kumonote.rdf", "application/rdf+xml"),
    sample!("ledgerloom.json", "application/feed+json"),
    sample!("lindenerbote.rss", "application/rss+xml"),
    sample!("meridianwire.rss", "application/rss+xml"),
    sample!("minatonippo.rdf", "application/rdf+xml"),
    sample!("northlight.rss", "application/rss+xml"),
    sample!("orbitfield.json", "application/feed+json"),
    sample!("parishbell.rss", "application/rss+xml"),
    sample!("rundblick.atom", "application/atom+xml"),
    sample!("touchline.rss", "application/rss+xml"),
];

/// How many clusters and stories are shown.
const SHOWN: usize = 8;

/// Serves the sample outlets, fetches, cleans, clusters and stores them, and shows what came of it.
///
/// # Errors
/// When there is no loopback port or no temporary folder to be had.
pub fn demo(view: View, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let folder = Folder::make()?;
    let mut config = Config { database: folder.path.join("demo.db"), ..Config::default() };
    config.fetch.allow_private_addresses = true;
    let context = Context { global: global.clone(), terminal, config, config_path: None, now: evening() };
    context.start_log(LevelFilter::WARN);
    fill(&context, view)?;
    if view == View::Json {
        let all = ListArgs { format: Some(ListFormat::Json), ..ListArgs::default() };
        return stored::clusters(&context, &all);
    }
    let heading = |text: &str| context::print(&terminal, &format!("\n\x1b[1m{text}\x1b[0m\n\n"));
    heading("newsfold clusters --min-outlets 2")?;
    let shared = Filter { outlets_min: 2, ..Filter::default() };
    let list =
        ListArgs { filter: shared.clone(), limit: Some(SHOWN), format: Some(ListFormat::Table), ..ListArgs::default() };
    stored::clusters(&context, &list)?;
    heading("newsfold digest --since 72h --min-outlets 2 --top 3")?;
    let since = context.now.checked_sub(SignedDuration::from_hours(72)).context("a day in 2026")?;
    let filter = Filter { since: Some(When::At(since)), ..shared };
    let args = DigestArgs { filter, top: Some(3), name: Some("The sample day".to_owned()), ..DigestArgs::default() };
    digest::digest(&context, &args)
}

/// The evening of the day that the samples tell of, so that "3 h ago" means what it says.
fn evening() -> Timestamp {
    Timestamp::constant(1_771_005_600, 0)
}

/// Runs one pass over the sample outlets.
fn fill(context: &Context, view: View) -> Result<(), Failure> {
    let (_lock, mut writer) = context.writer("demo")?;
    let fetcher = context.fetcher()?;
    let progress = context.progress(SAMPLES.len(), "sample feeds");
    let pass = Pass { params: context.ingest_params(), progress: progress.clone(), now: evening };
    let tally = block_on(async {
        let samples = Samples::start(SAMPLES).await.context("cannot listen on loopback")?;
        for sample in SAMPLES {
            writer.store().add_feed(&FeedWish::of_url(samples.url(sample)), context.now)?;
        }
        let feeds = writer.store().feeds()?;
        let (tally, outcome) = pass.run(writer, fetcher, feeds).await;
        outcome.map_err(anyhow::Error::from)?;
        Ok::<_, Failure>(tally)
    })??;
    progress.finish();
    if view == View::Text {
        context.tell(&format!("{} (sample outlets, served on loopback)", tally.summary(SAMPLES.len())));
    }
    Ok(())
}

/// A folder that is removed with this value.
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make() -> Result<Folder, Failure> {
        let path = std::env::temp_dir().join(format!("newsfold-demo-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make the folder `{}`", path.display()))?;
        Ok(Folder { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!("cannot remove `{}`: {error}", self.path.display());
        }
    }
}
