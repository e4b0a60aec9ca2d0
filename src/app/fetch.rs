//! Conductor: `fetch`: one pass over the feeds, with a line per trouble and a summary.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;

use crate::app::context::{Context, Failure, block_on, imagined};
use crate::app::feeds::wish_of;
use crate::cli::terminal::Progress;
use crate::cli::{Exit, FetchArgs};
use crate::clock;
use crate::daemon::Signals;
use crate::fetch::Fetch;
use crate::fetch::policy::redact;
use crate::ingest::{self, Ingest, IngestError, trial};
use crate::listing::plain::{count, line};
use crate::model::{Feed, FeedId, Origin};
use crate::schedule::{self, LeftOut};
use crate::writer::{FeedReport, Writer};

/// How long after SIGTERM or SIGINT a batch that is not yet stored is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3);

/// Asks the feeds that are due, or those that are named, or all.
///
/// # Errors
/// When nothing can be stored; a feed's own trouble is a line and an exit code.
pub fn fetch(context: &Context, args: &FetchArgs) -> Result<Exit, Failure> {
    context.start_log(LevelFilter::WARN);
    let schedule = context.schedule_params()?;
    if args.dry_run {
        let chosen = choose(context, args, &named_dry(context, &args.feeds)?, &schedule)?;
        return context.print(&plan(context, &chosen, &schedule));
    }
    let (_lock, mut writer) = context.writer("fetch")?;
    // Before the feeds are read: it may say of some that they are quarantined.
    let vigil = context.vigil(writer.store())?;
    let named = name(context, writer.store(), &args.feeds)?;
    let chosen = choose(context, args, &named, &schedule)?;
    let refused = chosen.left_out.iter().filter(|(_, why)| !matches!(why, LeftOut::NotDue(_) | LeftOut::Inactive));
    let mut left_out = 0;
    for (feed, why) in refused {
        left_out += usize::from(!args.feeds.is_empty());
        context.tell(&format!("{}: not asked: {}", redact(&feed.url), reason(context, why)));
    }
    if chosen.asked.is_empty() && left_out > 0 {
        return Ok(Exit::Failed);
    }
    let fetcher = context.fetcher()?;
    let progress = context.progress(chosen.asked.len(), "feeds");
    let params = ingest::Params { watch: vigil.watch(), ..context.ingest_params() };
    let pass = Pass { params, progress: progress.clone(), now: clock::now };
    let total = chosen.asked.len();
    let (tally, outcome) = block_on(pass.run(writer, fetcher, chosen.asked))?;
    progress.finish();
    context.tell(&tally.summary(total));
    outcome.map_err(anyhow::Error::from)?;
    Ok(match tally.exit(total) {
        Exit::Done if left_out > 0 => Exit::Partly,
        exit => exit,
    })
}

/// The other end of a trial: this process is the cell in which a suspect document is read.
///
/// # Errors
/// When nobody asks for anything.
pub fn in_cell() -> Result<Exit, Failure> {
    trial::work(std::io::stdin().lock())
        .context("this command is for newsfold itself: it reads its work from stdin")?;
    Ok(Exit::Done)
}

/// Which feeds are asked, and which are not and why.
struct Chosen {
    asked: Vec<Feed>,
    left_out: Vec<(Feed, LeftOut)>,
}

/// Resolves the feeds that were named; one that is new becomes known by this.
fn name(context: &Context, store: &mut crate::store::Store, names: &[String]) -> Result<Vec<Feed>, Failure> {
    let mut named = Vec::new();
    for text in names {
        let wish = wish_of(text)?;
        let active = store.feed(&wish.url)?.is_some_and(|feed| feed.active);
        if !active {
            store.add_feed(&wish, context.now)?;
            context.tell(&format!("{}: added to the feeds", redact(&wish.url)));
        }
        named.extend(store.feed(&wish.url)?);
    }
    if names.is_empty() {
        named = store.feeds()?;
    }
    Ok(named)
}

/// The feeds that were named, for a dry run: nothing is added, and a feed that is new would be asked.
fn named_dry(context: &Context, names: &[String]) -> Result<Vec<Feed>, Failure> {
    let known = context.known_feeds()?;
    if names.is_empty() {
        return Ok(known);
    }
    let mut named = Vec::new();
    for (text, number) in names.iter().zip(0_i64..) {
        let wish = wish_of(text)?;
        let found = known.iter().find(|feed| feed.url == wish.url).cloned();
        let new = || Feed { id: FeedId(i64::MIN + number), ..imagined(wish, Origin::Command, context.now) };
        let mut feed = found.unwrap_or_else(new);
        feed.active = true;
        named.push(feed);
    }
    Ok(named)
}

fn choose(context: &Context, args: &FetchArgs, feeds: &[Feed], params: &schedule::Params) -> Result<Chosen, Failure> {
    let (ids, left_out) = if args.all || !args.feeds.is_empty() {
        schedule::due_anyway(feeds, context.now, params)
    } else {
        let out = |feed: &Feed| schedule::left_out(feed, context.now, params).map(|why| (feed.id, why));
        (schedule::due(feeds, context.now, params), feeds.iter().filter_map(out).collect())
    };
    if feeds.iter().all(|feed| !feed.active) {
        let error = anyhow::anyhow!(
            "there are no feeds yet; `newsfold init` writes a config with some, `newsfold feeds add URL` adds one"
        );
        return Err(error.into());
    }
    let find = |id: FeedId| feeds.iter().find(|feed| feed.id == id).cloned();
    Ok(Chosen {
        asked: ids.into_iter().filter_map(find).collect(),
        left_out: left_out.into_iter().filter_map(|(id, why)| Some((find(id)?, why))).collect(),
    })
}

/// What would be asked, a line a feed.
fn plan(context: &Context, chosen: &Chosen, params: &schedule::Params) -> String {
    // By the salt the due times were computed; without a database there are none.
    let salt = context.reader().and_then(|store| store.salt()).unwrap_or_default();
    let rule = |feed: &Feed| schedule::explain(feed, context.now, salt, params).because[0].rule.to_string();
    let ingest = context.ingest_params();
    let mut plan = String::new();
    for feed in &chosen.asked {
        let request = ingest::request(feed, &ingest, context.now);
        let known = &request.validators;
        let validators = [("If-None-Match", &known.etag), ("If-Modified-Since", &known.last_modified)];
        let conditions: Vec<String> =
            validators.iter().filter_map(|(header, value)| Some(format!("{header}: {}", value.as_ref()?))).collect();
        let mut how = if conditions.is_empty() {
            "whole".to_owned()
        } else {
            format!("only if changed, {}", conditions.join(", "))
        };
        if request.url != feed.url {
            how.push_str(&format!(", at {}", redact(&request.url)));
        }
        let why = match feed.state.next_due {
            None => "never asked before".to_owned(),
            Some(due) if due > context.now => {
                format!("named or --all, though not due before {}: {}", moment(context, due), rule(feed))
            }
            Some(due) => format!("due since {}: {}", moment(context, due), rule(feed)),
        };
        writeln!(plan, "ask\t{}\t{}\t{}", redact(&feed.url), line(&how), why).expect("a string takes everything");
    }
    for (feed, why) in &chosen.left_out {
        let why = match why {
            LeftOut::NotDue(_) => format!("{}: {}", reason(context, why), rule(feed)),
            _ => reason(context, why),
        };
        writeln!(plan, "leave\t{}\t\t{why}", redact(&feed.url)).expect("a string takes everything");
    }
    plan
}

fn reason(context: &Context, why: &LeftOut) -> String {
    match why {
        LeftOut::Inactive => "removed".to_owned(),
        LeftOut::Gone => {
            "its publisher said that it is gone for good (410); `newsfold feeds remove` and then `feeds add` ask anew"
                .to_owned()
        }
        LeftOut::Paused(until) => format!("its server asked for a pause until {}", moment(context, *until)),
        LeftOut::NotDue(until) => format!("not due before {}", moment(context, *until)),
        LeftOut::SameAs(_) => "its redirects lead to another of the feeds, which is asked in its place".to_owned(),
    }
}

fn moment(context: &Context, moment: Timestamp) -> String {
    moment.to_zoned(context.global.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// One pass over some feeds.
pub struct Pass {
    /// The limits of ingest.
    pub params: ingest::Params,
    /// Where troubles are told.
    pub progress: Progress,
    /// What the time is.
    pub now: fn() -> Timestamp,
}

/// What a pass came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Feeds that were read.
    pub read: usize,
    /// Feeds that had not changed.
    pub not_modified: usize,
    /// Feeds in trouble.
    pub failed: usize,
    /// Feeds that were not asked, because their host keeps a pause.
    pub postponed: usize,
    /// Articles stored.
    pub articles_new: usize,
    /// Articles with new words.
    pub articles_revised: usize,
    /// Clusters founded.
    pub clusters_new: usize,
}

impl Pass {
    /// Asks the feeds; SIGINT and SIGTERM end it after what is already there.
    pub async fn run<F>(self, writer: Writer, fetch: F, feeds: Vec<Feed>) -> (Tally, Result<(), IngestError>)
    where
        F: Fetch + Send + Sync + 'static,
    {
        let stop = CancellationToken::new();
        let mut ingest = Ingest::start(writer, fetch, self.params, self.now, stop.clone());
        let leave = ingest.leave();
        for feed in feeds {
            ingest.ask(feed);
        }
        let signalled = tokio::spawn(async move {
            if let Ok(mut signals) = Signals::listen() {
                signals.stop().await;
                stop.cancel();
                tokio::time::sleep(GIVE_UP_AFTER).await;
                leave.now();
            }
        });
        let mut tally = Tally::default();
        let progress = self.progress;
        let finished = ingest.finish(|report| tally.hear(&report, &progress)).await;
        signalled.abort();
        (tally, finished.whole().map(drop))
    }
}

impl Tally {
    fn hear(&mut self, report: &FeedReport, progress: &Progress) {
        use crate::model::Health;
        progress.tick();
        match report.health {
            _ if report.postponed.is_some() => {
                self.postponed += 1;
                let detail = report.detail.as_deref().unwrap_or("its host keeps a pause");
                progress.say(&line(&format!("{}: {detail}", redact(&report.url))));
            }
            Health::NotModified => self.not_modified += 1,
            health if health.is_trouble() => {
                self.failed += 1;
                let detail = report.detail.as_deref().unwrap_or("no reason given");
                progress.say(&line(&format!("{}: {}: {detail}", redact(&report.url), health.word())));
            }
            _ => self.read += 1,
        }
        tracing::debug!(
            feed = redact(&report.url),
            entries = report.entries,
            new = report.articles_new,
            revised = report.articles_revised,
            "{}",
            report.health.word()
        );
        for warning in &report.warnings {
            tracing::debug!(feed = redact(&report.url), "{warning}");
        }
        self.articles_new += report.articles_new;
        self.articles_revised += report.articles_revised;
        self.clusters_new += report.clusters_new;
    }

    /// The pass in one line.
    pub fn summary(&self, asked: usize) -> String {
        if asked == 0 {
            return "no feed was asked; `newsfold fetch --dry-run` says when each is due".to_owned();
        }
        let mut summary =
            format!("{} asked: {} read, {} not modified", count(asked, "feed"), self.read, self.not_modified);
        if self.failed > 0 {
            summary.push_str(&format!(", {} in trouble", self.failed));
        }
        if self.postponed > 0 {
            summary.push_str(&format!(", {} put off", self.postponed));
        }
        let unanswered = asked.saturating_sub(self.read + self.not_modified + self.failed + self.postponed);
        if unanswered > 0 {
            summary.push_str(&format!(", {unanswered} interrupted"));
        }
        summary.push_str(&format!("; {} new", count(self.articles_new, "article")));
        if self.articles_revised > 0 {
            summary.push_str(&format!(", {} revised", self.articles_revised));
        }
        summary.push_str(&format!(", {} new", count(self.clusters_new, "cluster")));
        summary
    }

    /// Done when every feed answered, in part when some did, failed when none did.
    pub fn exit(&self, asked: usize) -> Exit {
        match (self.read + self.not_modified, self.failed) {
            _ if asked == 0 => Exit::Done,
            (0, _) => Exit::Failed,
            (good, _) if good < asked => Exit::Partly,
            _ => Exit::Done,
        }
    }
}
