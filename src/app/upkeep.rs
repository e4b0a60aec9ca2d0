//! Conductor: `status`, `rebuild` and `init`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jiff::SignedDuration;
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{self, Context, Failure};
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, Global, InitArgs, Place, View};
use crate::config;
use crate::listing;
use crate::listing::plain::{ago, count};
use crate::store::{RoleLock, Store};

/// Says whether the daemon is alive, when feeds were last asked, how they are, and how much is stored.
///
/// # Errors
/// When there is no database.
pub fn status(context: &Context, view: View) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let day_ago = context.now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(context.now);
    let totals = store.totals(day_ago)?;
    let feeds: Vec<_> = store.feeds()?.into_iter().filter(|feed| feed.active).collect();
    let mut states: BTreeMap<_, usize> = BTreeMap::new();
    for feed in &feeds {
        *states.entry(feed.state.health).or_default() += 1;
    }
    let states: Vec<String> = states.iter().map(|(health, number)| format!("{number} {}", health.word())).collect();
    let style = context.style();
    let last = |moment: Option<jiff::Timestamp>| match (moment, view) {
        (None, _) => "never".to_owned(),
        (Some(moment), View::Json) => moment.to_string(),
        (Some(moment), View::Text) => ago(moment, &style),
    };
    let daemon = match RoleLock::holder(&context.config.database) {
        Some(holder) => format!("`newsfold {}` is working (process {})", holder.command, holder.process),
        None => "not running".to_owned(),
    };
    let pairs = [
        ("daemon", daemon),
        ("database", context.config.database.display().to_string()),
        ("size", format!("{:.1} MiB", totals.file_bytes as f64 / f64::from(1 << 20))),
        ("last pass", last(feeds.iter().filter_map(|feed| feed.state.last_attempt).max())),
        ("last success", last(feeds.iter().filter_map(|feed| feed.state.last_success).max())),
        ("feeds", format!("{} ({})", feeds.len(), states.join(", "))),
        ("articles", format!("{}, {} in the last 24 h", totals.articles, totals.articles_since)),
        (
            "clusters",
            format!(
                "{}, {} of more than one article, {} with news in the last 24 h",
                totals.clusters, totals.clusters_shared, totals.clusters_since
            ),
        ),
    ];
    context.print(&listing::pairs(&pairs, context.format(view), &context.style()))
}

/// Drops everything derived and remakes it from the stored articles.
///
/// # Errors
/// When there is no database, or another process is working on it.
pub fn rebuild(context: &Context) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let totals = Store::reader(&context.config.database)?.totals(context.now)?;
    let (_lock, mut writer) = context.writer("rebuild")?;
    let articles = usize::try_from(totals.articles).unwrap_or(usize::MAX);
    let progress = context.progress(articles, "articles");
    let mut told = 0;
    let placed = writer.rebuild(|done| {
        progress.advance(done - told);
        told = done;
    })?;
    progress.finish();
    let clusters = writer.store().totals(context.now)?.clusters;
    context.tell(&format!("{} placed anew in {clusters} clusters", count(placed, "article")));
    Ok(Exit::Done)
}

/// Writes the starter config. It needs no config and no database.
///
/// # Errors
/// When the file is already there, or cannot be written.
pub fn init(args: &InitArgs, global: &Global, terminal: &Terminal) -> Result<Exit, Failure> {
    let path = match &args.to {
        Some(Place::Standard) => return context::print(terminal, config::STARTER),
        Some(Place::File(path)) => path.clone(),
        None => global.config.clone().unwrap_or_else(|| PathBuf::from("config.toml")),
    };
    write_new(&path, args.force)?;
    if !global.quiet {
        terminal.tell(&format!(
            "wrote `{}`; `newsfold fetch` asks its feeds, `newsfold run` goes on asking them\n",
            path.display()
        ));
    }
    Ok(Exit::Done)
}

fn write_new(path: &Path, force: bool) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if !force {
        options.create_new(true);
    }
    match options.open(path) {
        Ok(mut file) => Ok(file
            .write_all(config::STARTER.as_bytes())
            .with_context(|| format!("cannot write `{}`", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(anyhow!("`{}` is already there; --force writes over it", path.display()).into())
        }
        Err(error) => Err(anyhow::Error::from(error).context(format!("cannot write `{}`", path.display())).into()),
    }
}
