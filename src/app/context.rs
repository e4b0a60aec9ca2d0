//! Conductor: what every command stands on: the config, the terminal, the database, the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tracing_subscriber::filter::LevelFilter;

use crate::app::log;
use crate::cli::terminal::{Progress, Terminal};
use crate::cli::{Exit, Global, ListFormat, Place, View};
use crate::cluster::params::Params as ClusterParams;
use crate::config::{self, Config};
use crate::daemon::DaemonError;
use crate::fetch::policy::redact;
use crate::fetch::{self, Fetcher};
use crate::ingest::{self, IngestError};
use crate::listing::{Format, Style};
use crate::model::{Feed, FeedId, FeedState, FeedWish, Origin};
use crate::quarantine::{self, DEATHS_MAX, Quarantined, Vigil};
use crate::schedule;
use crate::store::{self, RoleLock, Store, StoreError};
use crate::taste::Taste;
use crate::writer::{self, Retention, Writer};
use crate::{cell, clock, prepare, rank};

/// A command that could not do it, with the exit code that says how.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: anyhow::Error,
    /// `Misused` where the user must ask differently, `Failed` otherwise.
    pub exit: Exit,
}

impl Failure {
    /// What the store said, where it was the store.
    pub fn store(&self) -> Option<&StoreError> {
        let of_daemon = || self.error.downcast_ref::<DaemonError>().and_then(DaemonError::store);
        let of_ingest = || match self.error.downcast_ref::<IngestError>() {
            Some(IngestError::Store(error)) => Some(error),
            _ => None,
        };
        self.error.downcast_ref::<StoreError>().or_else(of_daemon).or_else(of_ingest)
    }

    /// The same, and where it says what is wrong with a database, with which.
    pub fn of_database(self, database: &Path) -> Failure {
        if !self.store().is_some_and(StoreError::names_no_file) {
            return self;
        }
        Failure { error: self.error.context(format!("`{}`", database.display())), exit: self.exit }
    }

    /// The user asked for what cannot be.
    pub fn misused(error: impl Into<anyhow::Error>) -> Failure {
        Failure { error: error.into(), exit: Exit::Misused }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure { error, exit: Exit::Failed }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let exit = if error.is_usage() { Exit::Misused } else { Exit::Failed };
        Failure { error: error.into(), exit }
    }
}

/// What every command stands on.
#[derive(Clone, Debug)]
pub struct Context {
    /// The options that every command takes.
    pub global: Global,
    /// The streams.
    pub terminal: Terminal,
    /// The settings.
    pub config: Config,
    /// Where they were read from.
    pub config_path: Option<PathBuf>,
    /// The time when the command began.
    pub now: Timestamp,
}

impl Context {
    /// Reads the config.
    ///
    /// # Errors
    /// When it is wrong; exit code 2.
    pub fn load(global: Global, terminal: Terminal) -> Result<Context, Failure> {
        let folder = std::env::current_dir().context("cannot tell the current folder")?;
        let loaded = config::load(global.config.as_deref(), &folder, std::env::vars_os()).map_err(Failure::misused)?;
        let mut config = loaded.config;
        if let Some(database) = &global.database {
            config.database = folder.join(database);
        }
        Ok(Context { global, terminal, config, config_path: loaded.path, now: clock::now() })
    }

    /// Starts the log on stderr; `usual` is what is said without -q and -v.
    pub fn start_log(&self, usual: LevelFilter) {
        let level = match (self.global.quiet, self.global.verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => usual,
            (false, 1) => LevelFilter::DEBUG.max(usual),
            (false, _) => LevelFilter::TRACE,
        };
        log::start(level, self.global.log_format, &self.terminal);
    }

    /// The database, for reading.
    ///
    /// # Errors
    /// When there is none yet, or it is not ours.
    pub fn reader(&self) -> Result<Store, StoreError> {
        Store::reader(&self.config.database)
    }

    /// The database, for adding rows beside a running daemon; it is made where there is none. The config's feeds are not told
    /// to it: they are the word of whoever holds the role, and this command may have been given another config. While somebody holds it,
    /// a database of an older schema stays as it is: whoever wrote it does not know the new one. While one is restored, it is waited for.
    ///
    /// # Errors
    /// When it cannot be opened or written.
    pub fn store(&self) -> Result<Store, StoreError> {
        let database = &self.config.database;
        if let Some(holder) = RoleLock::holder(database)
            && matches!(Store::reader(database), Err(StoreError::Older { .. }))
        {
            return Err(StoreError::Held { database: database.clone(), holder });
        }
        Store::open_beside(database, clock::salt(), self.now)
    }

    /// The writer, with the role lock that lets it write clusters; the database knows the config's feeds from here on.
    ///
    /// # Errors
    /// When the database cannot be opened, or another process holds the role; then it is named.
    pub fn writer(&self, command: &str) -> Result<(RoleLock, Writer), Failure> {
        // Before the file is opened, which brings it up to date: never under the feet of an older newsfold that is at work.
        let lock = RoleLock::take(&self.config.database, command)?;
        Ok((lock, self.writer_of_holder()?))
    }

    /// The writer, for a process that holds the role already; the config's feeds are told to the database.
    ///
    /// # Errors
    /// When the database cannot be opened or written.
    pub fn writer_of_holder(&self) -> Result<Writer, Failure> {
        let params = self.writer_params()?;
        let mut store = Store::open(&self.config.database, clock::salt(), self.now)?;
        // Where no config was found nothing was said of feeds: whoever names the database alone takes none out of it.
        if self.config_path.is_some() {
            store.sync_feeds(&self.wishes(), self.now)?;
        }
        Ok(Writer::new(store, params)?)
    }

    /// Begins to watch over the reading of documents, for whoever holds the role. What an earlier process was reading when it died
    /// is suspect from now on; what was suspect too often is quarantined.
    ///
    /// # Errors
    /// When the database cannot be read or written, or the marks of an earlier process cannot be read.
    pub fn vigil(&self, store: &mut Store) -> Result<Vigil, Failure> {
        let path = store::beside(&self.config.database, "reading");
        let died = quarantine::left_behind(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        store.count_deaths(&died, self.now)?;
        let suspects = store.suspects()?;
        for suspect in suspects.iter().filter(|suspect| died.contains(&suspect.document)) {
            let feed = store.feeds()?.into_iter().find(|feed| feed.id == suspect.document.feed);
            let url = feed.map(|feed| redact(&feed.url)).unwrap_or_default();
            if suspect.deaths >= DEATHS_MAX {
                store.quarantine(suspect.document.feed, &Quarantined::Deaths.to_string())?;
                tracing::error!(feed = url, "{}", Quarantined::Deaths);
            } else {
                tracing::warn!(
                    feed = url,
                    "newsfold died while it read this feed's document: it is tried in a process of its own, then read alone"
                );
            }
        }
        let (vigil, error) = Vigil::begin(&path, &suspects);
        if let Some(error) = error {
            let path = path.display();
            tracing::warn!(
                "cannot keep `{path}` ({error}): until the next start no document that ends newsfold is found out"
            );
        }
        Ok(vigil)
    }

    /// Every feed as the holder of the role would know it with this config, removed ones among them; looking writes nothing and
    /// makes no file. A feed that the database has not met yet has a number below 0.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn known_feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let mut feeds = match self.reader() {
            Ok(store) => store.feeds()?,
            Err(StoreError::Missing { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        for feed in &mut feeds {
            feed.active &= feed.origin == Origin::Command;
        }
        for (wish, number) in self.wishes().into_iter().zip(1_i64..) {
            match feeds.iter_mut().find(|feed| feed.url == wish.url) {
                Some(feed) => {
                    feed.outlet = wish.outlet;
                    feed.tags = wish.tags;
                    feed.interval = wish.interval;
                    feed.cluster = wish.cluster;
                    feed.priority = wish.priority;
                    feed.paywalled = wish.paywalled;
                    feed.allow_private = wish.allow_private;
                    feed.origin = Origin::Config;
                    feed.active = true;
                }
                None => feeds.push(Feed { id: FeedId(-number), ..imagined(wish, Origin::Config, self.now) }),
            }
        }
        Ok(feeds)
    }

    /// The feeds that the config names.
    pub fn wishes(&self) -> Vec<FeedWish> {
        self.config.feeds.iter().map(|feed| feed.wish.clone()).collect()
    }

    /// The chokepoint for all fetching.
    ///
    /// # Errors
    /// When a setting cannot be kept.
    pub fn fetcher(&self) -> Result<Fetcher, Failure> {
        Fetcher::new(self.fetch_params()).map_err(Failure::misused)
    }

    fn fetch_params(&self) -> fetch::Params {
        let section = &self.config.fetch;
        let usual = fetch::Params::default();
        fetch::Params {
            user_agent: section.user_agent.clone().unwrap_or_else(|| fetch::user_agent(section.contact.as_deref())),
            timeout: section.timeout.unsigned_abs(),
            body_bytes_max: usize::try_from(section.body_bytes_max).unwrap_or(usize::MAX),
            allow_private_addresses: section.allow_private_addresses,
            proxy: section.proxy.as_ref().map(|proxy| proxy.reveal().to_owned()),
            ..usual
        }
    }

    /// The bounds of the schedule.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub fn schedule_params(&self) -> Result<schedule::Params, Failure> {
        let params = schedule::Params {
            interval_min: self.config.fetch.interval_min.unsigned_abs(),
            interval_max: self.config.fetch.interval_max.unsigned_abs(),
            ..schedule::Params::default()
        };
        params.checked().map_err(Failure::misused)
    }

    /// The limits of ingest.
    pub fn ingest_params(&self) -> ingest::Params {
        let section = &self.config.fetch;
        let headers = self.config.feeds.iter().filter(|feed| !feed.headers.is_empty()).map(|feed| {
            let pairs = feed.headers.iter().map(|header| (header.name.clone(), header.value.reveal().to_owned()));
            (feed.wish.url.clone(), pairs.collect())
        });
        ingest::Params {
            downloads_max: section.concurrency,
            downloads_per_host_max: section.per_host,
            host_spacing: section.per_host_spacing.unsigned_abs(),
            prepare: prepare::Params { entries_max: section.entries_max, ..prepare::Params::default() },
            headers: headers.collect::<BTreeMap<_, _>>(),
            trial: cell::own_program().ok(),
            ..ingest::Params::default()
        }
    }

    /// How articles are grouped.
    pub fn cluster_params(&self) -> ClusterParams {
        let cluster = &self.config.cluster;
        ClusterParams {
            window_hours: cluster.window_hours,
            join_probability: cluster.join_probability,
            merge_probability: cluster.merge_probability,
            split_probability: cluster.split_probability,
            related_probability: cluster.related_probability,
            cluster_articles_max: cluster.cluster_articles_max,
            ..ClusterParams::default()
        }
    }

    /// How long things are kept.
    pub fn retention(&self) -> Retention {
        let section = &self.config.retention;
        Retention {
            articles: section.articles,
            clusters: section.clusters,
            revisions: section.revisions,
            editions: section.editions,
        }
    }

    /// For how many days articles are kept, where none of them is kept for ever.
    pub fn kept_days(&self) -> Option<f64> {
        let Retention { articles: Some(articles), clusters: Some(clusters), .. } = self.retention() else {
            return None;
        };
        Some(articles.max(clusters).as_secs_f64() / 86_400.0)
    }

    /// The settings of the writer's stations.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub fn writer_params(&self) -> Result<writer::Params, Failure> {
        Ok(writer::Params {
            schedule: self.schedule_params()?,
            cluster: self.cluster_params(),
            ..writer::Params::default()
        })
    }

    /// How answers are laid out for whoever reads them.
    pub fn style(&self) -> Style {
        Style { width: self.terminal.width, color: self.terminal.color, zone: self.global.zone.clone(), now: self.now }
    }

    /// A table for a person at a terminal, plain lines for a pipe, JSON where it is asked for.
    pub fn format(&self, view: View) -> Format {
        match view {
            View::Json => Format::Json,
            View::Text if self.terminal.is_terminal_stdout => Format::Table,
            View::Text => Format::Lines,
        }
    }

    /// The form that was asked for; else a table for a person at a terminal, and plain lines for a pipe.
    pub fn list_format(&self, asked: Option<ListFormat>) -> Format {
        match asked {
            Some(ListFormat::Table) => Format::Table,
            Some(ListFormat::Json) => Format::Json,
            Some(ListFormat::Jsonl) => Format::Jsonl,
            Some(ListFormat::Csv) => Format::Csv,
            Some(ListFormat::Markdown) => Format::Markdown,
            None if self.terminal.is_terminal_stdout => Format::Table,
            None => Format::Lines,
        }
    }

    /// How clusters are weighed, and who speaks for them.
    pub fn rank_params(&self) -> rank::Params {
        rank::Params { representative: self.config.reading.representative.clone(), ..rank::Params::default() }
    }

    /// What the config mutes and keeps.
    pub fn taste(&self) -> Taste {
        Taste::new(&self.config.reading.mute, &self.config.reading.keep)
    }

    /// Writes a part of the data to stdout; says whether anybody is there to read the next.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn pour(&self, text: &str) -> Result<bool, Failure> {
        Ok(self.terminal.pour(text).context("cannot write to standard output")?)
    }

    /// Writes data to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn print(&self, text: &str) -> Result<Exit, Failure> {
        print(&self.terminal, text)
    }

    /// Writes bytes to stdout as they are; says whether all of them were taken, which they are not where the reader goes.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<bool, Failure> {
        Ok(self.terminal.print_bytes(bytes).context("cannot write to standard output")?)
    }

    /// Writes bytes to a file or to stdout; says whether all of them were taken.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_bytes(&self, place: &Place, bytes: &[u8]) -> Result<bool, Failure> {
        match place {
            Place::Standard => self.print_bytes(bytes),
            Place::File(path) => {
                std::fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
                Ok(true)
            }
        }
    }

    /// Writes data to a file or to stdout.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, place: &Place, text: &str) -> Result<Exit, Failure> {
        match place {
            Place::Standard => self.print(text),
            Place::File(_) => self.write_bytes(place, text.as_bytes()).map(|_| Exit::Done),
        }
    }

    /// Says a line to the person who watches, unless asked to be quiet.
    pub fn tell(&self, line: &str) {
        if !self.global.quiet {
            self.terminal.tell(&format!("{}\n", crate::listing::plain::line(line)));
        }
    }

    /// A progress bar for long work.
    pub fn progress(&self, total: usize, what: &str) -> Progress {
        if self.global.quiet {
            Progress::hidden(self.terminal)
        } else {
            self.terminal.progress(u64::try_from(total).unwrap_or(u64::MAX), what)
        }
    }
}

/// Writes data to stdout.
///
/// # Errors
/// When stdout cannot be written.
pub fn print(terminal: &Terminal, text: &str) -> Result<Exit, Failure> {
    terminal.print(text).context("cannot write to standard output")?;
    Ok(Exit::Done)
}

/// A feed that was never asked, for a look that leaves no trace.
pub fn imagined(wish: FeedWish, origin: Origin, now: Timestamp) -> Feed {
    Feed {
        id: FeedId(0),
        url: wish.url,
        outlet: wish.outlet,
        outlet_found: None,
        tags: wish.tags,
        interval: wish.interval,
        cluster: wish.cluster,
        priority: wish.priority,
        paywalled: wish.paywalled,
        allow_private: wish.allow_private,
        origin,
        active: true,
        added: now,
        title: None,
        site: None,
        state: FeedState::default(),
    }
}

/// Runs one command's asynchronous work.
///
/// # Errors
/// When the operating system gives us no threads.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the asynchronous runtime")?;
    let done = runtime.block_on(work);
    // Name look-ups that hang may hold a thread; nothing they could bring is wanted any more.
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(done)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::cli::LogFormat;
    use crate::cli::terminal::ColorMode;

    /// Two defaults for one setting would drift apart: the file's would win, and nobody would know.
    #[test]
    fn a_config_without_a_word_gives_every_station_its_own_defaults() {
        let global = Global {
            config: None,
            database: None,
            quiet: false,
            verbose: 0,
            log_format: LogFormat::Text,
            color: ColorMode::Never,
            zone: TimeZone::UTC,
        };
        let context = Context {
            global,
            terminal: Terminal::detect(ColorMode::Never),
            config: Config::default(),
            config_path: None,
            now: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(context.cluster_params(), ClusterParams::default());
        assert_eq!(context.schedule_params().unwrap(), schedule::Params::default());
        // Only a program can have itself try documents.
        let (ours, usual) = (ingest::Params { trial: None, ..context.ingest_params() }, ingest::Params::default());
        assert_eq!(format!("{ours:?}"), format!("{usual:?}"));
        assert_eq!(context.fetch_params(), fetch::Params::default());
    }
}
