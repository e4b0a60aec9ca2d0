//! Conductor: `prune`, `backup` and `restore`.

use std::path::Path;

use anyhow::anyhow;
use jiff::Timestamp;
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure};
use crate::cli::terminal::Progress;
use crate::cli::{Exit, PruneArgs};
use crate::listing::plain::{bytes, count, utc};
use crate::store::{self, BackedUp, Copied, CopyError, Expired, Force, RESTORE, Restored, RoleLock, Store, Tidied};
use crate::writer::{self, Pruned, Retention, Step};

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Failure {
        let exit = if error.is_usage() { Exit::Misused } else { Exit::Failed };
        Failure { error: error.into(), exit }
    }
}

/// Applies retention now, or says what that would take.
///
/// # Errors
/// When there is no database, or another process is working on it: a service prunes by itself.
pub fn prune(context: &Context, args: PruneArgs) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let retention = context.retention();
    // Before the role is asked for: a file that is not there is not made.
    let reader = context.reader()?;
    let cutoffs = retention.cutoffs(&context.cluster_params(), reader.last_seen()?, context.now);
    let expired = reader.expired(&cutoffs)?;
    if args.dry_run {
        return context.print(&would_go(&expired, &retention));
    }
    let is_risky = expired.articles + expired.revisions > 0 && !args.force;
    if let Some((before, after)) = writer::doubtful_leap(&reader)?.filter(|_| is_risky) {
        return Err(Failure::from(anyhow!(
            "nothing is pruned: the clock leapt from {} to {} between two articles and may be wrong; if it is right, `newsfold prune --force` prunes",
            utc(before),
            utc(after)
        )));
    }
    drop(reader);
    let (_lock, mut writer) = context.writer("prune")?;
    let before = writer.store().disk(&context.config.database, context.now, None)?;
    if args.vacuum {
        room_to_compact(context, before.file_bytes, before.volume_free_bytes)?;
    }
    let progress = context.progress(usize::try_from(expired.articles).unwrap_or(usize::MAX), "articles");
    let mut prune = writer.prune(&retention, context.now)?;
    let mut told = 0;
    while writer.prune_some(&mut prune)? == Step::More {
        progress.advance(prune.pruned.articles - told);
        told = prune.pruned.articles;
    }
    progress.finish();
    if args.vacuum {
        writer.store().compact()?;
    } else {
        writer.store().checkpoint()?;
    }
    let after = writer.store().disk(&context.config.database, context.now, None)?;
    context.tell(&went(&prune.pruned, &retention));
    context.tell(&format!(
        "the database takes {} (before: {}), of which {} are free for what comes next",
        bytes(after.file_bytes),
        bytes(before.file_bytes),
        bytes(after.spare_bytes)
    ));
    Ok(Exit::Done)
}

fn would_go(expired: &Expired, retention: &Retention) -> String {
    let mut told = String::new();
    if *retention == (Retention { editions: retention.editions, ..Retention::default() }) {
        told.push_str("no article: [retention] keeps articles, clusters and revisions for ever\n");
    } else {
        let (articles, clusters) = (number(expired.articles), number(expired.clusters));
        told.push_str(&format!("{} in {}\n", count(articles, "article"), count(clusters, "cluster")));
        told.push_str(&format!("{} of articles that stay\n", count(number(expired.revisions), "earlier version")));
    }
    let Tidied { editions, letters } = expired.tidied;
    if editions + letters > 0 {
        told.push_str(&format!("what is left of {}, {}\n", count(editions, "edition"), count(letters, "mail")));
    }
    if expired.clusters_kept > 0 {
        told.push_str(&format!("(not {} that corrections name)\n", count(number(expired.clusters_kept), "cluster")));
    }
    told
}

fn went(pruned: &Pruned, retention: &Retention) -> String {
    let Pruned { articles, revisions, editions, letters, .. } = *pruned;
    let parts = [(articles, "article"), (revisions, "earlier version"), (editions, "edition"), (letters, "mail")];
    let parts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(*number, what)).collect();
    match (parts.is_empty(), retention.articles.or(retention.clusters)) {
        (false, _) => format!("pruned {}", parts.join(", ")),
        (true, Some(_)) => "nothing is old enough to go".to_owned(),
        (true, None) => "nothing went: [retention] keeps articles and clusters for ever".to_owned(),
    }
}

/// SQLite writes the file anew where it keeps what is temporary, which may be the same volume, and then into its log.
fn room_to_compact(context: &Context, file_bytes: u64, free: Option<u64>) -> Result<(), Failure> {
    let needed = file_bytes.saturating_mul(2);
    match free.filter(|free| *free < needed) {
        Some(free) => Err(CopyError::NoRoom { path: context.config.database.clone(), needed, free }.into()),
        None => Ok(()),
    }
}

/// Writes a checked copy of the database as it is now, whoever writes to it meanwhile.
///
/// # Errors
/// When there is no database, no room, or a file of that name that may not be replaced.
pub fn backup(context: &Context, to: &Path, force: bool) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let store = context.reader()?;
    let force = if force { Force::Yes } else { Force::No };
    let (progress, mut told) = (context.progress(100, "copying, per cent"), 0);
    let copied = store.back_up(&context.config.database, to, force, |done, all| tell(&progress, &mut told, done, all));
    progress.finish();
    let BackedUp { copied, unsynced } = copied?;
    warn(unsynced);
    context.tell(&format!("`{}` holds {}, checked", to.display(), holds(&copied)));
    Ok(Exit::Done)
}

/// Puts a copy in the place of the database, which is kept beside it.
///
/// # Errors
/// When the copy is damaged or of a newer newsfold, or another process has the database open.
pub fn restore(context: &Context, from: &Path) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let database = &context.config.database;
    // Before the role is asked for: where nothing can be restored, no lock file is made.
    drop(Store::at_rest(from)?);
    // What is there may be a database no more: that is what a backup is for.
    let _lock = RoleLock::take_of_any(database, RESTORE)?;
    let (progress, mut told) = (context.progress(100, "copying, per cent"), 0);
    let restored = store::restore(from, database, context.now, |done, all| tell(&progress, &mut told, done, all));
    progress.finish();
    let Restored { copied, kept, unsynced } = restored?;
    warn(unsynced);
    if !kept.is_empty() {
        let kept: Vec<String> = kept.iter().map(|path| format!("`{}`", path.display())).collect();
        context.tell(&format!("what was there is kept as {}", kept.join(", ")));
    }
    // An older copy is brought up to date here, where somebody watches, and not at the next start of a service.
    let found = Store::open(database, crate::clock::salt(), context.now)?.articles()?;
    if found != copied.articles {
        return Err(CopyError::Unlike { path: database.clone(), found, expected: copied.articles }.into());
    }
    context.tell(&format!("`{}` again holds {}", database.display(), holds(&copied)));
    Ok(Exit::Done)
}

/// Says what went wrong after the work was done.
fn warn(error: Option<CopyError>) {
    if let Some(error) = error {
        tracing::warn!("{:#}", anyhow::Error::from(error));
    }
}

fn tell(progress: &Progress, told: &mut usize, done: usize, all: usize) {
    let percent = done * 100 / all.max(1);
    progress.advance(percent.saturating_sub(*told));
    *told = percent.max(*told);
}

fn holds(copied: &Copied) -> String {
    let articles = count(usize::try_from(copied.articles).unwrap_or_default(), "article");
    let until = copied.last_seen.map(|seen: Timestamp| format!(", the last of {}", utc(seen)));
    format!("{articles}{}, {}", until.unwrap_or_default(), bytes(copied.bytes))
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
