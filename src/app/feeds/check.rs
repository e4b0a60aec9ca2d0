//! Conductor: `feeds check`: asks a feed as the service would, stores nothing, and explains all of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use crate::app::context::{Context, Failure, block_on, imagined};
use crate::app::feeds::{Courtesy, known, wish_of};
use crate::cli::{Asking, Exit, View};
use crate::fetch::error::{one_line, status_in_words};
use crate::fetch::policy::redact;
use crate::fetch::{Fetcher, Response, trace};
use crate::ingest::{self, Looked};
use crate::listing::check::{Because, Came, Check, Exchange, Next, Read};
use crate::listing::json::Layout;
use crate::listing::{self, Style};
use crate::model::{Feed, FeedState, FeedWish, Health, Origin, Validators};
use crate::parse::dialect;
use crate::prepare::Prepared;
use crate::quarantine::Watch;
use crate::schedule::{self, LeftOut};
use crate::store::{Store, StoreError};
use crate::writer::Answer;
use crate::{clean, clock};

/// How many feeds of a page that came in place of a feed are told.
const OFFERED_MAX: usize = 10;

/// Fetches feeds and explains what was asked, what came, how it was read, and what will be asked next. A feed that is known
/// is asked as the service would ask it, with what it was known by; one whose server asked for a pause is not asked.
///
/// # Errors
/// When a feed is no URL; a feed in trouble is exit code 1.
pub fn check(context: &Context, urls: &[String], how: Asking, view: View) -> Result<Exit, Failure> {
    let known = known(context)?;
    let mut asked: Vec<(Feed, bool)> = Vec::new();
    for url in urls {
        let wish = FeedWish { allow_private: how.allow_private, ..wish_of(url)? };
        let stored = known.iter().find(|feed| feed.url == wish.url || redact(&feed.url) == wish.url).cloned();
        let is_stored = stored.is_some();
        asked.push((stored.unwrap_or_else(|| imagined(wish, Origin::Command, context.now)), is_stored));
    }
    if urls.is_empty() {
        asked = known.into_iter().map(|feed| (feed, true)).collect();
    }
    if asked.is_empty() {
        return Err(anyhow!("there are no feeds yet: name one, or add some with `newsfold feeds add URL`").into());
    }
    let layout = if asked.len() == 1 { Layout::Indented } else { Layout::OneLine };
    let fetcher = context.fetcher()?;
    let store = match context.reader() {
        Ok(store) => Some(store),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    // A document that ended others is not read here either.
    let suspects = store.as_ref().map(Store::suspects).transpose()?.unwrap_or_default();
    let inquiry = Inquiry {
        whole: how.whole,
        fetcher: &fetcher,
        ingest: ingest::Params { watch: Arc::new(Watch::over(&suspects)), ..context.ingest_params() },
        schedule: context.schedule_params()?,
        store,
    };
    block_on(async {
        let mut exit = Exit::Done;
        let mut courtesy = Courtesy::of(context);
        for (place, (feed, is_stored)) in asked.iter().enumerate() {
            courtesy.wait(&feed.url).await;
            let check = inquiry.look(feed, *is_stored).await?;
            if check.health.is_trouble() {
                exit = Exit::Failed;
            }
            // Times count from this very moment: a check of many feeds takes a while.
            let style = Style { now: clock::now(), ..context.style() };
            context.print(&match view {
                View::Json => listing::check::json(&check, style.now, layout),
                View::Text if place == 0 => listing::check::text(&check, &style),
                View::Text => format!("\n{}", listing::check::text(&check, &style)),
            })?;
        }
        Ok(exit)
    })?
}

/// What a look at a feed needs.
struct Inquiry<'a> {
    whole: bool,
    fetcher: &'a Fetcher,
    ingest: ingest::Params,
    schedule: schedule::Params,
    store: Option<Store>,
}

impl Inquiry<'_> {
    async fn look(&self, feed: &Feed, is_stored: bool) -> Result<Check, Failure> {
        let now = clock::now();
        let mut check = Check {
            feed: feed.url.clone(),
            shown: redact(&feed.url),
            stored: is_stored.then(|| feed.clone()),
            exchanges: Vec::new(),
            came: None,
            read: None,
            health: feed.state.health,
            trouble: feed.state.detail.clone(),
            offered: Vec::new(),
            next: Next::default(),
        };
        let salt = self.store.as_ref().map(Store::salt).transpose()?.unwrap_or_default();
        if let Some(LeftOut::Paused(_)) = schedule::left_out(feed, now, &self.schedule) {
            check.health = Health::Throttled;
            check.trouble = Some("its server asked for a pause, so it was not asked now".to_owned());
            check.next = next(&schedule::explain(feed, now, salt, &self.schedule), &feed.state.validators);
            return Ok(check);
        }
        let mut request = ingest::request(feed, &self.ingest, now);
        if self.whole {
            request.validators = Validators::default();
        }
        let (exchanges, response) = self.fetcher.trace(&request, now).await;
        // What was read before is read again, for it is to be shown.
        let unread = Feed { state: FeedState { body_hash: None, ..feed.state.clone() }, ..feed.clone() };
        let looked = ingest::judge(&unread, response, &self.ingest, now).await;
        check.exchanges = exchanges.into_iter().map(told).collect();
        check.came = looked.response.as_ref().ok().map(|response| came(response, &check.exchanges));
        check.read = self.read(feed, is_stored, &looked)?;
        check.offered = offered(&looked);
        let unmet = check.read.as_ref().map_or(0, |read| read.unmet.unwrap_or(read.entries));
        let state = schedule::next(feed, &looked.answer.outcome(unmet), now, salt, &self.schedule);
        check.health = state.health;
        check.trouble = looked.response.as_ref().err().map(|error| one_line(error)).or_else(|| state.detail.clone());
        let after = Feed { state, ..feed.clone() };
        check.next = next(&schedule::explain(&after, now, salt, &self.schedule), &after.state.validators);
        Ok(check)
    }

    fn read(&self, feed: &Feed, is_stored: bool, looked: &Looked) -> Result<Option<Read>, Failure> {
        let (Answer::Read { prepared, .. }, Ok(Response::Fetched { body, .. })) = (&looked.answer, &looked.response)
        else {
            return Ok(None);
        };
        let unmet = match &self.store {
            Some(store) if is_stored => Some(store.count_unmet(feed.id, &prepared.drafts)?),
            _ => None,
        };
        let kind = dialect::of(body).map(dialect::Dialect::word);
        Ok(Some(reading(prepared, kind, unmet)))
    }
}

fn reading(prepared: &Prepared, kind: Option<&'static str>, unmet: Option<usize>) -> Read {
    let dated = prepared.drafts.iter().filter_map(|draft| Some((draft.published?, draft.title.clone())));
    Read {
        kind,
        rung: prepared.rung,
        title: prepared.title.clone(),
        site: prepared.site.clone(),
        outlet: prepared.outlet.clone(),
        entries: prepared.entries,
        undated: prepared.drafts.iter().filter(|draft| draft.published.is_none()).count(),
        unmet,
        newest: dated.max_by_key(|(at, _)| *at),
        pace: prepared.pace,
        warnings: prepared.warnings.clone(),
    }
}

fn told(exchange: trace::Exchange) -> Exchange {
    Exchange {
        url: exchange.url,
        sent: exchange.sent,
        status: exchange.status.map(|status| (status, status_in_words(status))),
        received: exchange.received,
        milliseconds: milliseconds(exchange.elapsed),
    }
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn came(response: &Response, exchanges: &[Exchange]) -> Came {
    let answer = response.answer();
    let (bytes, content_type) = match response {
        Response::Fetched { body, content_type, .. } => (Some(body.len()), content_type.clone()),
        Response::NotModified(_) => (None, None),
    };
    let length = |(name, value): &(String, String)| (name == "content-length").then(|| value.parse().ok())?;
    Came {
        url: redact(answer.final_url.as_str()),
        moved_to: answer.moved_permanently_to.as_ref().map(|url| redact(url.as_str())),
        content_type,
        bytes,
        wire_bytes: exchanges.last().and_then(|last| last.received.iter().find_map(length)).filter(|_| bytes.is_some()),
        validators: answer.validators.clone(),
        fresh_seconds: answer.fresh_for.map(|fresh| fresh.as_secs()),
        milliseconds: milliseconds(answer.elapsed),
    }
}

/// The feeds that a page names which came in place of a feed.
fn offered(looked: &Looked) -> Vec<String> {
    let (Answer::Failed { .. }, Ok(Response::Fetched { answer, body, .. })) = (&looked.answer, &looked.response) else {
        return Vec::new();
    };
    let links = clean::feed_links(&String::from_utf8_lossy(body), &answer.final_url, &clean::Limits::default());
    links.into_iter().take(OFFERED_MAX).map(|link| link.url.to_string()).collect()
}

fn next(next: &schedule::Next, validators: &Validators) -> Next {
    let because = |cause: &schedule::Cause| Because { why: cause.rule.to_string(), until: cause.until };
    Next { due: next.at, because: next.because.iter().map(because).collect(), conditions: conditions(validators) }
}

/// What the next request will be conditional on.
fn conditions(validators: &Validators) -> Vec<(String, String)> {
    let headers = [("if-none-match", &validators.etag), ("if-modified-since", &validators.last_modified)];
    headers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect()
}
