//! Conductor: `run`: the background service.

use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure, block_on};
use crate::app::orders;
use crate::cli::Exit;
use crate::daemon::{self, Digests, Ended, Signals};
use crate::fetch::error::one_line;
use crate::meter::Meter;
use crate::quarantine::Vigil;
use crate::serve::{self, Bound, Door, Watched};
use crate::store::{RoleLock, Store, StoreError};
use crate::writer::{self, Writer};
use crate::{clock, ingest};

/// Between two attempts to open the database, or to write what a reload brought.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Polls every feed when it is due until SIGTERM or SIGINT; SIGHUP reads the config again.
///
/// # Errors
/// When it cannot start, or the database fails for good.
pub fn run(context: Context) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::INFO);
    let meter = Arc::new(Meter::default());
    let silence_max = daemon::Params::default().writer_silence_max;
    let watched = Arc::new(Watched::new(Arc::clone(&meter), context.config.database.clone(), silence_max));
    block_on(async {
        // From here on, so that whoever stops us while the database is made or brought up to date sees an orderly end as well.
        let mut signals = Signals::listen().map_err(anyhow::Error::from)?;
        let Some(Started { lock: _lock, mut writer, vigil, feeds }) = started(&context, &mut signals).await? else {
            tracing::info!("stopped");
            return Ok(Exit::Done);
        };
        let mut service = Service { context, vigil, meter, watched, door: None };
        let wanted = service.listener(&service.context).await?;
        service.open(wanted)?;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), database = %service.context.config.database.display(), "starting");
        writer.set_params(service.writer_params(&service.context)?);
        loop {
            let active = writer.store().feeds()?.iter().filter(|feed| feed.active).count();
            advise(&service.context, active);
            let params = service.params(&service.context)?;
            let ended = daemon::run(writer, &feeds, service.context.fetcher()?, &params, &mut signals).await;
            writer = match ended.map_err(anyhow::Error::from)? {
                Ended::Stopped(_) | Ended::Abandoned => return service.stopped().await,
                Ended::Reload(returned) => returned,
            };
            service.reload().await;
            writer.set_params(service.writer_params(&service.context)?);
            if told_feeds(&mut writer, &service.context, &mut signals).await? == Told::Stopped {
                return service.stopped().await;
            }
        }
    })?
}

/// What a person should know of the config before the work begins.
fn advise(context: &Context, active: usize) {
    if active == 0 {
        tracing::warn!(
            "there are no feeds yet; `newsfold init` writes a config with some, `newsfold feeds add URL` adds one"
        );
    }
    if context.config.fetch.contact.is_none() && context.config.fetch.user_agent.is_none() {
        tracing::info!("publishers cannot tell whom to ask about these requests; `[fetch] contact` tells them");
    }
    let is_mailed = context.config.digests.iter().any(|digest| digest.schedule.is_some() && !digest.mail.is_empty());
    if is_mailed && context.config.mail.smtp.is_none() {
        tracing::warn!("digests are to be mailed and there is no server: they wait until `[mail] smtp` names one");
    }
}

/// What lasts while the service runs, and outlives a reload.
struct Service {
    context: Context,
    vigil: Vigil,
    meter: Arc<Meter>,
    watched: Arc<Watched>,
    door: Option<Door>,
}

/// What a config wants to listen on.
enum Listener {
    /// Nothing.
    None,
    /// The address that it listens on already.
    Same,
    /// This one.
    Other(Bound),
}

impl Service {
    /// Takes the address that a config wants, if it is not ours already.
    async fn listener(&self, context: &Context) -> Result<Listener, Failure> {
        // A token that cannot be read must not open what it was to guard.
        context.config.serve.token().map_err(Failure::misused)?;
        let Some(address) = context.config.serve.listen else { return Ok(Listener::None) };
        if self.door.is_some() && self.context.config.serve.listen == Some(address) {
            return Ok(Listener::Same);
        }
        Ok(Listener::Other(Bound::to(address).await.map_err(anyhow::Error::from)?))
    }

    /// Answers where the config of the context wants it; gives the door back that is closed by that.
    fn open(&mut self, wanted: Listener) -> Result<Option<Door>, Failure> {
        let token = self.context.config.serve.token().map_err(Failure::misused)?;
        let token = token.map(|token| token.reveal().to_owned());
        let address = match &wanted {
            Listener::None => return Ok(self.door.take()),
            Listener::Same => self.door.as_ref().map(Door::address),
            Listener::Other(bound) => Some(bound.address()),
        };
        let open = address.filter(|address| !address.ip().to_canonical().is_loopback() && token.is_none());
        if let Some(address) = open {
            tracing::warn!(
                "whoever reaches `{address}` can read the metrics: `[serve] token_file` names a file with a token to ask for"
            );
        }
        let Listener::Other(bound) = wanted else {
            if let Some(door) = &self.door {
                door.set_token(token);
            }
            return Ok(None);
        };
        let address = bound.address();
        tracing::info!(address = %format!("http://{address}"), "listening");
        Ok(self.door.replace(bound.open(Arc::clone(&self.watched), token, serve::Params::default())))
    }

    /// Reads the config again; a broken one changes nothing, and one whose address is taken neither.
    async fn reload(&mut self) {
        match self.reloaded().await {
            Ok(()) => {
                self.meter.reloads.add("taken", 1);
                tracing::info!("config read again");
            }
            Err(failure) => {
                self.meter.reloads.add("refused", 1);
                tracing::error!("the config was not taken over: {}", one_line(failure.error.as_ref()));
            }
        }
    }

    async fn reloaded(&mut self) -> Result<(), Failure> {
        let fresh = Context::load(self.context.global.clone(), self.context.terminal)?;
        if fresh.config.database != self.context.config.database {
            return Err(anyhow::anyhow!("another database needs a restart").into());
        }
        fresh.fetcher()?;
        self.params(&fresh)?;
        self.writer_params(&fresh)?;
        let wanted = self.listener(&fresh).await?;
        self.context = fresh;
        if let Some(door) = self.open(wanted)? {
            door.close().await;
        }
        Ok(())
    }

    /// All is stored: nobody is answered any more.
    async fn stopped(self) -> Result<Exit, Failure> {
        if let Some(door) = self.door {
            door.close().await;
        }
        tracing::info!("stopped");
        Ok(Exit::Done)
    }

    fn writer_params(&self, context: &Context) -> Result<writer::Params, Failure> {
        Ok(writer::Params { meter: Arc::clone(&self.meter), ..context.writer_params()? })
    }

    fn params(&self, context: &Context) -> Result<daemon::Params, Failure> {
        let usual = daemon::Params::default();
        // A service waits for as long as the file is locked or the disk full: ending would lose what it holds, and bring nothing back.
        let (watch, retention) = (self.vigil.watch(), context.retention());
        let ingest = ingest::Params { retry_for: Duration::MAX, watch, retention, ..context.ingest_params() };
        // A service manager that watches must hear of us in time.
        let tick = clock::watchdog_interval().map_or(usual.tick, |interval| interval.min(usual.tick));
        let server = context.config.mail.smtp.as_ref().map(|_| orders::server(context)).transpose()?;
        let digests = Digests { database: context.config.database.clone(), orders: orders::scheduled(context), server };
        let (schedule, meter) = (context.schedule_params()?, Arc::clone(&self.meter));
        Ok(daemon::Params { tick, schedule, ingest, digests: Some(digests), meter, ..usual })
    }
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
