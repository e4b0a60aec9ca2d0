//! Conductor: `status`, `rebuild` and `init`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{self, Context, Failure};
use crate::app::doctor::Outlook;
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, Global, InitArgs, Place, View};
use crate::config;
use crate::listing::json::{Layout, document};
use crate::listing::plain::{ago, bytes, count, span};
use crate::listing::{self, Style};
use crate::schedule;
use crate::store::{RoleLock, Store};

/// What `status` knows.
#[derive(Debug, Serialize)]
struct Status {
    schema: &'static str,
    generated: Timestamp,
    /// Who holds the role lock.
    daemon: Option<Daemon>,
    database: String,
    file_bytes: u64,
    /// Size of the write-ahead log.
    log_bytes: u64,
    volume_free_bytes: Option<u64>,
    /// `None` while it is too early to tell.
    bytes_per_day: Option<u64>,
    full_in_days: Option<u64>,
    last_pass: Option<Timestamp>,
    last_success: Option<Timestamp>,
    /// When the next feed is due, or since when one has been.
    next_pass: Option<Timestamp>,
    feeds: usize,
    feeds_by_health: BTreeMap<&'static str, usize>,
    articles: u64,
    articles_last_day: u64,
    clusters: u64,
    clusters_shared: u64,
    clusters_last_day: u64,
    outbox: Outbox,
}

/// The mail that is not sent, each recipient's by itself.
#[derive(Debug, Serialize)]
struct Outbox {
    waiting: usize,
    given_up: usize,
    /// What was last said of one of them.
    trouble: Option<String>,
}

#[derive(Debug, Serialize)]
struct Daemon {
    command: String,
    process: u32,
}

/// Says whether the daemon is alive, when feeds were last asked, how they are, and how much is stored.
///
/// # Errors
/// When there is no database.
pub fn status(context: &Context, view: View) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let day_ago = context.now.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(context.now);
    let totals = store.totals(day_ago)?;
    let feeds: Vec<_> = store.feeds()?.into_iter().filter(|feed| feed.active).collect();
    let mut feeds_by_health: BTreeMap<_, usize> = BTreeMap::new();
    for feed in &feeds {
        *feeds_by_health.entry(feed.state.health.word()).or_default() += 1;
    }
    let outbox = store.outbox()?;
    let schedule = context.schedule_params()?;
    let holder = RoleLock::holder(&context.config.database);
    let disk = store.disk(&context.config.database, context.now, context.kept_days())?;
    let outlook = disk.forecast(context.kept_days()).map(|forecast| Outlook::of(&forecast));
    let status = Status {
        schema: "newsfold.status/1",
        generated: context.now,
        daemon: holder.map(|holder| Daemon { command: holder.command, process: holder.process }),
        database: context.config.database.display().to_string(),
        file_bytes: disk.file_bytes,
        log_bytes: disk.log_bytes,
        volume_free_bytes: disk.volume_free_bytes,
        bytes_per_day: outlook.as_ref().map(|outlook| outlook.bytes_per_day),
        full_in_days: outlook.as_ref().and_then(|outlook| outlook.full_in_days),
        last_pass: feeds.iter().filter_map(|feed| feed.state.last_attempt).max(),
        last_success: feeds.iter().filter_map(|feed| feed.state.last_success).max(),
        next_pass: schedule::due_since(&feeds, context.now, &schedule)
            .or_else(|| schedule::next_wake(&feeds, context.now, &schedule)),
        feeds: feeds.len(),
        feeds_by_health,
        articles: totals.articles,
        articles_last_day: totals.articles_since,
        clusters: totals.clusters,
        clusters_shared: totals.clusters_shared,
        clusters_last_day: totals.clusters_since,
        outbox: Outbox { waiting: outbox.waiting, given_up: outbox.given_up, trouble: outbox.trouble },
    };
    match view {
        View::Json => context.print(&document(&status, Layout::Indented)),
        View::Text => {
            let style = context.style();
            context.print(&listing::pairs(&told(&status, &style), context.format(view), &style))
        }
    }
}

fn told(status: &Status, style: &Style) -> [(&'static str, String); 10] {
    let when = |moment: Option<Timestamp>| moment.map_or_else(|| "never".to_owned(), |moment| ago(moment, style));
    let states: Vec<String> = status.feeds_by_health.iter().map(|(word, number)| format!("{number} {word}")).collect();
    let feeds = if states.is_empty() { "none".to_owned() } else { format!("{} ({})", status.feeds, states.join(", ")) };
    let daemon = match &status.daemon {
        Some(daemon) => format!("`newsfold {}` is working (process {})", daemon.command, daemon.process),
        None => "not running".to_owned(),
    };
    [
        ("daemon", daemon),
        ("database", status.database.clone()),
        ("size", size(status)),
        ("last pass", when(status.last_pass)),
        ("last success", when(status.last_success)),
        ("next pass", next(status.next_pass, style)),
        ("feeds", feeds),
        ("articles", format!("{}, {} in the last 24 h", status.articles, status.articles_last_day)),
        (
            "clusters",
            format!(
                "{}, {} of more than one article, {} with news in the last 24 h",
                status.clusters, status.clusters_shared, status.clusters_last_day
            ),
        ),
        ("outbox", mail(&status.outbox)),
    ]
}

/// `1.2 GiB, log 4.0 MiB; 20.3 GiB free, grows by 12.0 MiB a day`.
fn size(status: &Status) -> String {
    let mut told = format!("{}, log {}", bytes(status.file_bytes), bytes(status.log_bytes));
    if let Some(free) = status.volume_free_bytes {
        told.push_str(&format!("; {} free", bytes(free)));
    }
    if let Some(growth) = status.bytes_per_day {
        told.push_str(&format!(", grows by {} a day", bytes(growth)));
    }
    if let Some(days) = status.full_in_days {
        told.push_str(&format!(", full in {days} days"));
    }
    told
}

fn next(moment: Option<Timestamp>, style: &Style) -> String {
    match moment {
        None => "never".to_owned(),
        Some(moment) if moment > style.now => ago(moment, style),
        Some(moment) => match style.now.as_second().abs_diff(moment.as_second()) {
            0..60 => "now".to_owned(),
            late => format!("due for {}", span(late)),
        },
    }
}

fn mail(outbox: &Outbox) -> String {
    let mut parts = Vec::new();
    match outbox.waiting {
        0 => {}
        1 => parts.push("1 waits".to_owned()),
        waiting => parts.push(format!("{waiting} wait")),
    }
    if outbox.given_up > 0 {
        parts.push(format!("{} given up", outbox.given_up));
    }
    parts.extend(outbox.trouble.iter().cloned());
    if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") }
}

/// Drops everything derived and remakes it from the stored articles; with `all` also what was settled when articles were pruned.
///
/// # Errors
/// When there is no database, or another process is working on it.
pub fn rebuild(context: &Context, all: bool) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let totals = Store::reader(&context.config.database)?.totals(context.now)?;
    let (_lock, mut writer) = context.writer("rebuild")?;
    if all {
        writer.unsettle()?;
    }
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
