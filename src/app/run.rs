//! Conductor: `run`: the background service.

use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure, block_on};
use crate::app::orders;
use crate::cli::Exit;
use crate::daemon::{self, Digests, Ended, Signals};
use crate::fetch::error::one_line;
use crate::quarantine::Vigil;
use crate::writer::Writer;
use crate::{clock, ingest};

/// Between two attempts to write what a reload brought.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Polls every feed when it is due until SIGTERM or SIGINT; SIGHUP reads the config again.
///
/// # Errors
/// When it cannot start, or the database fails for good.
pub fn run(mut context: Context) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::INFO);
    let (_lock, mut writer) = context.writer("run")?;
    let vigil = context.vigil(writer.store())?;
    let feeds = context.reader()?;
    block_on(async {
        let mut signals = Signals::listen().map_err(anyhow::Error::from)?;
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
                Ended::Stopped(_) => {
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
