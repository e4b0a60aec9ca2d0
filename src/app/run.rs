//! Conductor: `run`: the background service.

use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure, block_on};
use crate::app::orders;
use crate::cli::Exit;
use crate::daemon::{self, Digests, Ended, Signals};
use crate::fetch::error::one_line;
use crate::quarantine::Vigil;
use crate::store::{RoleLock, Store, StoreError};
use crate::writer::Writer;
use crate::{clock, ingest};

/// Between two attempts to open the database, or to write what a reload brought.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Polls every feed when it is due until SIGTERM or SIGINT; SIGHUP reads the config again.
///
/// # Errors
/// When it cannot start, or the database fails for good.
pub fn run(mut context: Context) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::INFO);
    block_on(async {
        // From here on, so that whoever stops us while the database is made or brought up to date sees an orderly end as well.
        let mut signals = Signals::listen().map_err(anyhow::Error::from)?;
        let Some(Started { lock: _lock, mut writer, vigil, feeds }) = started(&context, &mut signals).await? else {
            tracing::info!("stopped");
            return Ok(Exit::Done);
        };
        loop {
            let active = writer.store().feeds()?.iter().filter(|feed| feed.active).count();
            tracing::info!(database = %context.config.database.display(), feeds = active, "ready");
            if active == 0 {
                tracing::warn!(
                    "there are no feeds yet; `newsfold init` writes a config with some, `newsfold feeds add URL` adds one"
                );
            }
            if context.config.fetch.contact.is_none() && context.config.fetch.user_agent.is_none() {
                tracing::info!("publishers cannot tell whom to ask about these requests; `[fetch] contact` tells them");
            }
            let is_mailed =
                context.config.digests.iter().any(|digest| digest.schedule.is_some() && !digest.mail.is_empty());
            if is_mailed && context.config.mail.smtp.is_none() {
                tracing::warn!(
                    "digests are to be mailed and there is no server: they wait until `[mail] smtp` names one"
                );
            }
            let ended = daemon::run(writer, &feeds, context.fetcher()?, &params(&context, &vigil)?, &mut signals).await;
            match ended.map_err(anyhow::Error::from)? {
                Ended::Stopped(_) | Ended::Abandoned => {
                    tracing::info!("stopped");
                    return Ok(Exit::Done);
                }
                Ended::Reload(returned) => writer = returned,
            }
            context = reloaded(context, &vigil);
            writer.set_params(context.writer_params()?);
            if told_feeds(&mut writer, &context, &mut signals).await? == Told::Stopped {
                tracing::info!("stopped");
                return Ok(Exit::Done);
            }
        }
    })?
}

/// What a service stands on.
struct Started {
    lock: RoleLock,
    writer: Writer,
    vigil: Vigil,
    feeds: Store,
}

/// Opens the database, and waits for as long as it is locked or the disk full, as it does later on; `None` when it is told to end.
async fn started(context: &Context, signals: &mut Signals) -> Result<Option<Started>, Failure> {
    loop {
        let shared = context.clone();
        let open = move || {
            let (lock, mut writer) = shared.writer("run")?;
            let vigil = shared.vigil(writer.store())?;
            let feeds = shared.reader()?;
            Ok::<_, Failure>(Started { lock, writer, vigil, feeds })
        };
        // A new schema over many articles is work that takes its time; what it has not committed goes with the process.
        let opened = tokio::select! {
            opened = tokio::task::spawn_blocking(open) => opened.map_err(anyhow::Error::from)?,
            () = signals.stop() => return Ok(None),
        };
        match opened {
            Ok(started) => return Ok(Some(started)),
            Err(failure) if failure.store().is_some_and(StoreError::is_transient) => {
                tracing::warn!("will try again to open the database: {}", one_line(failure.error.as_ref()));
            }
            Err(failure) => return Err(failure),
        }
        tokio::select! {
            () = signals.stop() => return Ok(None),
            () = tokio::time::sleep(RETRY_PAUSE) => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    Stopped,
}

/// Tells the database the feeds of the config, and waits for as long as the file is locked or the disk full.
async fn told_feeds(writer: &mut Writer, context: &Context, signals: &mut Signals) -> Result<Told, Failure> {
    loop {
        match writer.store().sync_feeds(&context.wishes(), clock::now()) {
            Ok(()) => return Ok(Told::Done),
            Err(error) if error.is_transient() => {
                tracing::warn!("will try again to take over the feeds of the config: {}", one_line(&error));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = signals.stop() => return Ok(Told::Stopped),
            () = tokio::time::sleep(RETRY_PAUSE) => {}
        }
    }
}

fn params(context: &Context, vigil: &Vigil) -> Result<daemon::Params, Failure> {
    let usual = daemon::Params::default();
    // A service waits for as long as the file is locked or the disk full: ending would lose what it holds, and bring nothing back.
    let (watch, retention) = (vigil.watch(), context.retention());
    let ingest = ingest::Params { retry_for: Duration::MAX, watch, retention, ..context.ingest_params() };
    // A service manager that watches must hear of us in time.
    let tick = clock::watchdog_interval().map_or(usual.tick, |interval| interval.min(usual.tick));
    let server = context.config.mail.smtp.as_ref().map(|_| orders::server(context)).transpose()?;
    let digests = Digests { database: context.config.database.clone(), orders: orders::scheduled(context), server };
    Ok(daemon::Params { tick, schedule: context.schedule_params()?, ingest, digests: Some(digests), ..usual })
}

/// The context with the config read again; a broken config changes nothing.
fn reloaded(context: Context, vigil: &Vigil) -> Context {
    let fresh = Context::load(context.global.clone(), context.terminal);
    let usable = fresh.and_then(|fresh| {
        fresh.fetcher()?;
        params(&fresh, vigil)?;
        Ok(fresh)
    });
    match usable {
        Ok(fresh) if fresh.config.database != context.config.database => {
            tracing::error!("the config was not taken over: another database needs a restart");
            context
        }
        Ok(fresh) => {
            tracing::info!("config read again");
            fresh
        }
        Err(failure) => {
            tracing::error!("the config was not taken over: {}", one_line(failure.error.as_ref()));
            context
        }
    }
}
