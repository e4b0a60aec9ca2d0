//! Conductor: `run`: the background service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure, block_on};
use crate::app::orders;
use crate::cli::Exit;
use crate::daemon::{self, Digests, Ended, Feeds, Signals};
use crate::fetch::error::one_line;
use crate::meter::Meter;
use crate::quarantine::Vigil;
use crate::serve::{self, Bound, Door, Watched};
use crate::store::{RoleLock, StoreError};
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
        // Before the port, which whoever holds the role may have: he is named, and not "another program".
        let _lock = RoleLock::take(&context.config.database, "run")?;
        let mut service = Service { context, meter, watched, door: None };
        // Before the database, which may be locked, or take its time to be brought up to date: a probe is to hear of that.
        let wanted = service.listener(&service.context.clone()).await?;
        service.open(wanted)?;
        let Some(started) = started(&service.context, &mut signals).await? else { return service.stopped().await };
        let Started { mut writer, vigil, feeds, mut active } = started;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), database = %service.context.config.database.display(), "starting");
        let mut params = service.params(&service.context, &vigil)?;
        loop {
            writer.set_params(service.writer_params(&service.context)?);
            advise(&service.context, active);
            let ended = daemon::run(writer, &feeds, service.context.fetcher()?, &params, &mut signals).await;
            writer = match ended.map_err(anyhow::Error::from)? {
                Ended::Stopped(_) | Ended::Abandoned => return service.stopped().await,
                Ended::Reload(returned) => returned,
            };
            service.reload(&vigil).await;
            params = service.params(&service.context, &vigil)?;
            match told_feeds(writer, &service.context, &params, &mut signals).await? {
                Some(told) => (writer, active) = told,
                None => return service.stopped().await,
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
    async fn listener(&mut self, wanted: &Context) -> Result<Listener, Failure> {
        // A token that cannot be read must not open what it was to guard.
        wanted.config.serve.token().map_err(Failure::misused)?;
        let Some(address) = wanted.config.serve.listen else { return Ok(Listener::None) };
        if self.door.is_some() && self.context.config.serve.listen == Some(address) {
            return Ok(Listener::Same);
        }
        match Bound::to(address).await {
            Ok(bound) => Ok(Listener::Other(bound)),
            Err(error) => match self.door.take_if(|own| error.is_in_use() && own.address().port() == address.port()) {
                Some(own) => self.moved(own, address).await,
                None => Err(anyhow::Error::from(error).into()),
            },
        }
    }

    /// Takes an address that our own door keeps from us, as `127.0.0.1` keeps `0.0.0.0` with the same port; where somebody else holds
    /// it as well, the door opens again where it was.
    async fn moved(&mut self, own: Door, address: SocketAddr) -> Result<Listener, Failure> {
        let was = own.address();
        own.close().await;
        match Bound::to(address).await {
            Ok(bound) => Ok(Listener::Other(bound)),
            Err(error) => {
                match Bound::to(was).await {
                    Ok(bound) => drop(self.open(Listener::Other(bound))?),
                    Err(lost) => tracing::error!("nobody is answered any more: {}", one_line(&lost)),
                }
                Err(anyhow::Error::from(error).into())
            }
        }
    }

    /// Answers where the config of the context wants it; gives the door back that is closed by that.
    fn open(&mut self, wanted: Listener) -> Result<Option<Door>, Failure> {
        self.watched.set_digests(self.context.config.digests.iter().map(|digest| digest.name.clone()));
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
    async fn reload(&mut self, vigil: &Vigil) {
        match self.reloaded(vigil).await {
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

    async fn reloaded(&mut self, vigil: &Vigil) -> Result<(), Failure> {
        let fresh = Context::load(self.context.global.clone(), self.context.terminal)?;
        if fresh.config.database != self.context.config.database {
            return Err(anyhow::anyhow!("another database needs a restart").into());
        }
        fresh.fetcher()?;
        self.params(&fresh, vigil)?;
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

    fn params(&self, context: &Context, vigil: &Vigil) -> Result<daemon::Params, Failure> {
        let usual = daemon::Params::default();
        // A service waits for as long as the file is locked or the disk full: ending would lose what it holds, and bring nothing back.
        let (watch, retention) = (vigil.watch(), context.retention());
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
    writer: Writer,
    vigil: Vigil,
    feeds: Feeds,
    /// How many feeds are asked.
    active: usize,
}

/// Opens the database, and waits for as long as it is locked or the disk full, as it does later on; `None` when it is told to end.
async fn started(context: &Context, signals: &mut Signals) -> Result<Option<Started>, Failure> {
    loop {
        let shared = context.clone();
        let open = move || {
            let mut writer = shared.writer_of_holder()?;
            let active = active(&mut writer)?;
            let vigil = shared.vigil(writer.store())?;
            let feeds = Feeds::new(shared.reader()?);
            Ok::<_, Failure>(Started { writer, vigil, feeds, active })
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

/// How many feeds are asked.
fn active(writer: &mut Writer) -> Result<usize, StoreError> {
    Ok(writer.store().feeds()?.iter().filter(|feed| feed.active).count())
}

/// Tells the database the feeds of the config, and waits for as long as the file is locked or the disk full; gives the writer back, and
/// how many feeds are asked. `None` when it is told to end meanwhile: nothing is held then that could be lost.
async fn told_feeds(
    mut writer: Writer,
    context: &Context,
    params: &daemon::Params,
    signals: &mut Signals,
) -> Result<Option<(Writer, usize)>, Failure> {
    let leave = writer.leave();
    loop {
        let wishes = context.wishes();
        params.meter.writer.beat(Instant::now());
        let telling = tokio::task::spawn_blocking(move || {
            let told = writer.store().sync_feeds(&wishes, clock::now()).and_then(|()| active(&mut writer));
            (writer, told)
        });
        let told = tokio::select! {
            told = daemon::attended(params, telling) => told,
            () = signals.stop() => {
                leave.now();
                return Ok(None);
            }
        };
        params.meter.writer.rest();
        let (returned, told) = told.map_err(anyhow::Error::from)?;
        writer = returned;
        match told {
            Ok(active) => return Ok(Some((writer, active))),
            Err(error) if error.is_transient() => {
                tracing::warn!("will try again to take over the feeds of the config: {}", one_line(&error));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = signals.stop() => return Ok(None),
            () = tokio::time::sleep(RETRY_PAUSE) => {}
        }
    }
}
