//! Conductor: `feeds`: which feeds there are, and what one of them answers.

pub mod exchange;

use anyhow::{Context as _, anyhow};

use crate::app::context::{Context, Failure, block_on, imagined};
use crate::cli::{Exit, FeedsAddArgs, View};
use crate::config;
use crate::fetch::error::one_line;
use crate::fetch::policy::redact;
use crate::fetch::{Fetch, Request, Response};
use crate::listing::plain::{count, line};
use crate::listing::{self, Format};
use crate::model::{Feed, FeedWish, Origin};
use crate::writer::Answer;
use crate::{clean, clock, ingest, parse, schedule};

/// A feed as it is typed: a URL or a path.
///
/// # Errors
/// When it is neither.
pub fn wish_of(text: &str) -> Result<FeedWish, Failure> {
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    Ok(FeedWish::of_url(config::feed_url(text, &folder).map_err(Failure::misused)?))
}

/// Lists every feed that is asked, and how it is doing.
///
/// # Errors
/// When the database cannot be read.
pub fn list(context: &Context, view: View) -> Result<Exit, Failure> {
    let feeds = known(context)?;
    context.print(&listing::feeds(&feeds, context.format(view), &context.style()))
}

/// Adds feeds to the database; a running daemon asks them at its next tick.
///
/// # Errors
/// When one is no URL, or the database cannot be written.
pub fn add(context: &Context, args: &FeedsAddArgs) -> Result<Exit, Failure> {
    let wishes = args.urls.iter().map(|url| wish_of(url)).collect::<Result<Vec<_>, _>>()?;
    let known = known(context)?;
    let mut store = context.store()?;
    for wish in wishes {
        let before = known.iter().find(|feed| feed.url == wish.url);
        let wish = wished(args, before, wish.url);
        let said = match before {
            None if store.add_feed(&wish, context.now)? => "added",
            Some(feed) if feed.origin == Origin::Config => "already there; its settings are the config file's",
            Some(feed) if settings(feed) != wish => {
                store.change_feed(&wish, context.now)?;
                "already there; its settings were changed"
            }
            _ => "already there",
        };
        context.tell(&format!("{}: {said}", redact(&wish.url)));
    }
    Ok(Exit::Done)
}

/// A feed with the settings that were typed, and where nothing was typed, with those it had.
fn wished(args: &FeedsAddArgs, before: Option<&Feed>, url: String) -> FeedWish {
    let had = before.map_or_else(|| FeedWish::of_url(&url), settings);
    FeedWish {
        url,
        outlet: args.outlet.clone().or(had.outlet),
        tags: if args.tags.is_empty() { had.tags } else { args.tags.clone() },
        interval: args.interval.or(had.interval),
        cluster: args.cluster && had.cluster,
        priority: if args.priority == 0 { had.priority } else { args.priority },
        allow_private: args.allow_private || had.allow_private,
    }
}

fn settings(feed: &Feed) -> FeedWish {
    FeedWish {
        url: feed.url.clone(),
        outlet: feed.outlet.clone(),
        tags: feed.tags.clone(),
        interval: feed.interval,
        cluster: feed.cluster,
        priority: feed.priority,
        allow_private: feed.allow_private,
    }
}

/// Stops asking feeds; their articles stay. A feed of the config file belongs to it.
///
/// # Errors
/// When one is not there, or is the config's.
pub fn remove(context: &Context, urls: &[String]) -> Result<Exit, Failure> {
    let known = known(context)?;
    for text in urls {
        let url = wish_of(text)?.url;
        match known.iter().find(|feed| feed.url == url) {
            None => return Err(anyhow!("there is no feed `{}`; `newsfold feeds list` lists them", redact(&url)).into()),
            Some(feed) if feed.origin == Origin::Config => {
                let path =
                    context.config_path.as_ref().map_or_else(String::new, |path| format!(" `{}`", path.display()));
                return Err(anyhow!("`{}` belongs to the config file{path}; take it out there", redact(&url)).into());
            }
            Some(_) => {
                context.store()?.remove_feed(&url)?;
                context.tell(&format!("{}: removed; its articles stay", redact(&url)));
            }
        }
    }
    Ok(Exit::Done)
}

/// Fetches feeds and explains what came, storing nothing.
///
/// # Errors
/// When a feed is no URL; a feed in trouble is exit code 1.
pub fn check(context: &Context, urls: &[String], view: View) -> Result<Exit, Failure> {
    let wishes = match urls {
        [] => known(context)?.iter().map(|feed| FeedWish::of_url(&feed.url)).collect(),
        _ => urls.iter().map(|url| wish_of(url)).collect::<Result<Vec<_>, _>>()?,
    };
    let (fetcher, params, schedule) = (context.fetcher()?, context.ingest_params(), context.schedule_params()?);
    let mut exit = Exit::Done;
    for wish in wishes {
        let feed = imagined(wish, Origin::Command, context.now);
        let looked = block_on(ingest::look(&fetcher, &feed, &params, clock::now()))?;
        if looked.is_trouble() {
            exit = Exit::Failed;
        }
        let pairs = explained(context, &feed, &looked, &schedule);
        let pairs: Vec<(&str, String)> = pairs.iter().map(|(name, value)| (*name, value.clone())).collect();
        let format = if view == View::Json { Format::Jsonl } else { Format::Table };
        context.print(&listing::pairs(&pairs, format, &context.style()))?;
        if view == View::Text {
            context.print("\n")?;
        }
    }
    Ok(exit)
}

/// Finds the feeds that a page names, or the page itself where it is one.
///
/// # Errors
/// When the page cannot be had or names none.
pub fn discover(context: &Context, url: &str) -> Result<Exit, Failure> {
    let wish = wish_of(url)?;
    let fetcher = context.fetcher()?;
    let request = Request::of_url(&wish.url);
    let response = block_on(fetcher.fetch(&request, context.now))?.map_err(anyhow::Error::from)?;
    let Response::Fetched { answer, body, .. } = response else { return Ok(Exit::Done) };
    let found = clean::feed_links(&String::from_utf8_lossy(&body), &answer.final_url, &clean::Limits::default());
    if found.is_empty() && parse::feed(&body, &parse::Hints::default()).is_ok() {
        return context.print(&format!("{}\t\n", answer.final_url));
    }
    if found.is_empty() {
        return Err(anyhow!("`{}` is no feed and names none", redact(&wish.url)).into());
    }
    let lines: String =
        found.iter().map(|feed| format!("{}\t{}\n", line(feed.url.as_str()), line(&feed.title))).collect();
    context.print(&lines)
}

/// The feeds that are asked.
fn known(context: &Context) -> Result<Vec<Feed>, Failure> {
    let mut feeds = context.known_feeds()?;
    feeds.retain(|feed| feed.active);
    Ok(feeds)
}

/// What was asked, what came, what will be asked next.
fn explained(
    context: &Context,
    feed: &Feed,
    looked: &ingest::Looked,
    schedule: &schedule::Params,
) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("feed", redact(&feed.url))];
    if let Ok(response) = &looked.response {
        let answer = response.answer();
        pairs.push(("status", answer.status.to_string()));
        pairs.push(("took", format!("{} ms", answer.elapsed.as_millis())));
        for redirect in &answer.redirects {
            pairs.push(("redirect", format!("{} {}", redirect.status, redact(redirect.to.as_str()))));
        }
        if let Response::Fetched { body, content_type, .. } = response {
            pairs.push(("type", content_type.clone().unwrap_or_else(|| "not said".to_owned())));
            pairs.push(("bytes", body.len().to_string()));
        }
        pairs.push(("etag", answer.validators.etag.clone().unwrap_or_else(|| "none".to_owned())));
        pairs.push(("last modified", answer.validators.last_modified.clone().unwrap_or_else(|| "none".to_owned())));
    }
    if let Answer::Read { prepared, .. } = &looked.answer {
        pairs.push(("title", prepared.title.clone().unwrap_or_else(|| "none".to_owned())));
        pairs.push(("outlet", prepared.outlet.clone()));
        pairs.push(("entries", prepared.entries.to_string()));
        let doubts = prepared.drafts.iter().filter(|draft| draft.published.is_none()).count();
        if doubts > 0 {
            pairs.push(("without a usable date", doubts.to_string()));
        }
        pairs.extend(prepared.warnings.iter().map(|warning| ("warning", warning.clone())));
    }
    let outcome = looked.answer.outcome(0);
    let state = schedule::next(feed, &outcome, context.now, 0, schedule);
    pairs.push(("health", state.health.word().to_owned()));
    if let Err(error) = &looked.response {
        pairs.push(("trouble", one_line(error)));
    } else if let Some(detail) = &state.detail {
        pairs.push(("trouble", detail.clone()));
    }
    if let Some(due) = state.next_due {
        let local = due.to_zoned(context.global.zone.clone());
        pairs.push(("next due", local.strftime("%Y-%m-%d %H:%M %Z").to_string()));
    }
    pairs
}
