//! Station: feeds and how they are doing, as a table for a terminal.

use std::collections::BTreeMap;

use anstyle::Style as Ink;
use jiff::Timestamp;

use crate::listing::Style;
use crate::listing::page::{BAD, BOLD, DIM, GOOD, PLAIN, Page};
use crate::listing::plain::{ago, count, date, fit, line, moment, pad, span, width, wrap};
use crate::listing::sheet::{interval_seconds, origin};
use crate::model::{Feed, Health, Rung};

/// From here on a feed takes one line, its URL at the end; below, the URL has a line of its own.
const WIDE_COLUMNS: usize = 112;

/// Columns of an outlet's name.
const OUTLET_COLUMNS_MAX: usize = 28;

/// Feeds in the order given, what troubles each under it, and at the end how many are in which state.
pub fn table(feeds: &[Feed], style: &Style) -> String {
    if feeds.is_empty() {
        return "No feeds.\n".to_owned();
    }
    let mut page = Page::of(style);
    if page.columns >= WIDE_COLUMNS {
        wide(feeds, style, &mut page)
    } else {
        narrow(feeds, style, &mut page)
    }
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for feed in feeds {
        // How a feed was read is no state of its own.
        let state = state(feed, style.now);
        *states.entry(state.split(',').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let mut states: Vec<(String, usize)> = states.into_iter().collect();
    states.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let states: Vec<String> = states.into_iter().map(|(state, number)| format!("{number} {state}")).collect();
    let total = format!("{}: {}", count(feeds.len(), "feed"), states.join(", "));
    page.out.push('\n');
    for words in wrap(&total, page.columns) {
        page.line(&[(DIM, &words)]);
    }
    page.out
}

/// A line each for how it does, and one for its URL and settings.
fn narrow(feeds: &[Feed], style: &Style, page: &mut Page) {
    let states = columns(feeds.iter().map(|feed| state(feed, style.now)), "state", 24);
    // What was seen goes first where room is short.
    let seen = match page.columns {
        0..52 => 0,
        52..66 => 1,
        _ => 2,
    };
    let room = page.columns.saturating_sub(states + 14 + 12 * seen);
    let outlets = columns(feeds.iter().map(outlet), "outlet", room.clamp(6, OUTLET_COLUMNS_MAX));
    let rest = |known: [&str; 2], next: &str| {
        let known: String = known[..seen].iter().map(|when| format!("{}  ", pad(when, 10))).collect();
        format!("  {known}{next}")
    };
    let head = format!("{}  {}{}", pad("outlet", outlets), pad("state", states), rest(["answered", "new"], "next"));
    page.line(&[(DIM, &head)]);
    for feed in feeds {
        let name = pad(&fit(&outlet(feed), outlets), outlets);
        let rest = rest([&when(feed.state.last_success, style), &when(feed.state.last_new, style)], &next(feed, style));
        let state = pad(&fit(&state(feed, style.now), states), states);
        page.line(&[(BOLD, &name), (PLAIN, "  "), (ink(feed, style.now), &state), (PLAIN, &rest)]);
        page.line(&[(DIM, &fit(&format!("  {}", about(feed)), page.columns))]);
        troubles(feed, style, page);
    }
}

/// A line each for everything.
fn wide(feeds: &[Feed], style: &Style, page: &mut Page) {
    let cells = |feed: &Feed| {
        [
            fit(&outlet(feed), OUTLET_COLUMNS_MAX),
            state(feed, style.now),
            when(feed.state.last_success, style),
            when(feed.state.last_new, style),
            every(feed),
            next(feed, style),
            feed.state.failures.to_string(),
        ]
    };
    let names = ["outlet", "state", "answered", "new", "every", "next", "failed"];
    let rows: Vec<[String; 7]> = feeds.iter().map(cells).collect();
    let widths: Vec<usize> = (0..names.len())
        .map(|place| rows.iter().map(|row| width(&row[place])).chain([width(names[place])]).max().unwrap_or(0))
        .collect();
    let row = |cells: &[String]| -> Vec<String> {
        cells.iter().zip(&widths).map(|(cell, width)| format!("{}  ", pad(cell, *width))).collect()
    };
    page.line(&[(DIM, &format!("{}feed", row(&names.map(str::to_owned)).concat()))]);
    let room = page.columns.saturating_sub(widths.iter().map(|width| width + 2).sum());
    for (feed, cells) in feeds.iter().zip(&rows) {
        let cells = row(cells);
        let failed = if feed.state.failures > 0 { BAD } else { DIM };
        // The usual scheme is left out, where every column counts.
        let url = line(feed.url.strip_prefix("https://").unwrap_or(&feed.url));
        page.line(&[
            (BOLD, &cells[0]),
            (ink(feed, style.now), &cells[1]),
            (PLAIN, &cells[2..6].concat()),
            (failed, &cells[6]),
            (DIM, &fit(&url, room.max(8))),
        ]);
        troubles(feed, style, page);
    }
}

/// The most columns that any of these takes, within a bound.
fn columns(words: impl Iterator<Item = String>, head: &str, columns_max: usize) -> usize {
    words.map(|words| width(&words)).chain([width(head)]).max().unwrap_or(0).min(columns_max)
}

/// The outlet's name; of a feed that was never read, its host or its file.
fn outlet(feed: &Feed) -> String {
    let name = feed.outlet_name();
    let host = feed.host().filter(|_| name == feed.url);
    let file = name.strip_prefix("file://").and_then(|path| path.rsplit('/').next());
    line(host.as_deref().or(file).unwrap_or(name))
}

/// How a feed is doing, in words: its health, unless it is held back by something that health does not tell.
pub fn state(feed: &Feed, now: Timestamp) -> String {
    let state = &feed.state;
    if paused_until(feed).is_some_and(|until| until > now) && state.health != Health::Gone {
        return "throttled".to_owned();
    }
    let said = words(state.health);
    match (&state.same_as, &state.moving, state.rung) {
        _ if state.health.is_trouble() => said.to_owned(),
        (Some(_), ..) => "same as another".to_owned(),
        (_, Some(_), _) => "redirect pending".to_owned(),
        (.., Rung::Plain) => said.to_owned(),
        (.., rung) => format!("{said}, {}", rung.word()),
    }
}

/// A state for people; programs get `Health::word`.
pub fn words(health: Health) -> &'static str {
    match health {
        Health::New => "never started",
        Health::NotModified => "not modified",
        Health::Undated => "all undated",
        other => other.word(),
    }
}

/// The end of the pause that the feed's server, or another of its host, asked for.
pub fn paused_until(feed: &Feed) -> Option<Timestamp> {
    feed.state.not_before.max(feed.state.host_pause.map(|pause| pause.until))
}

fn ink(feed: &Feed, now: Timestamp) -> Ink {
    match feed.state.health {
        health if health.is_trouble() => BAD,
        _ if paused_until(feed).is_some_and(|until| until > now) => BAD,
        Health::Ok | Health::NotModified => GOOD,
        _ => PLAIN,
    }
}

fn when(at: Option<Timestamp>, style: &Style) -> String {
    at.map_or_else(|| "never".to_owned(), |at| ago(at, style))
}

/// When a feed is asked again: `in 25 min`, `due`, `never`.
pub fn next(feed: &Feed, style: &Style) -> String {
    let state = &feed.state;
    match (feed.active, state.health, state.next_due.max(paused_until(feed))) {
        (false, _, _) => "removed".to_owned(),
        (_, Health::Gone, _) => "never".to_owned(),
        (_, _, Some(due)) if due > style.now => ago(due, style),
        _ => "due".to_owned(),
    }
}

/// What troubles a feed, and for how long it may not be asked.
fn troubles(feed: &Feed, style: &Style, page: &mut Page) {
    let state = &feed.state;
    let mut troubles = Vec::new();
    if let Some(until) = paused_until(feed).filter(|until| *until > style.now) {
        let whose = if Some(until) == state.not_before { "its server" } else { "its host, for another feed," };
        troubles.push(format!("{whose} asked for a pause until {}", moment(until, &style.zone)));
    }
    if state.health.is_trouble() {
        let detail = state.detail.as_deref().map(line).unwrap_or_default();
        troubles.push(match state.failures {
            0 | 1 => detail,
            failures => format!("{detail} ({failures} times in a row)").trim_start().to_owned(),
        });
    }
    for trouble in troubles {
        for words in wrap(&trouble, page.columns - 2) {
            page.line(&[(PLAIN, "  "), (BAD, &words)]);
        }
    }
    if let Some(moving) = &state.moving {
        let (to, times, since) =
            (line(&moving.to), count(moving.times as usize, "time"), date(moving.since, &style.zone));
        let note = format!(
            "it says that it has moved to {to} ({times} since {since}); once it has said so for days, this is believed"
        );
        for words in wrap(&note, page.columns - 2) {
            page.line(&[(PLAIN, "  "), (PLAIN, &words)]);
        }
    }
}

/// `30 min`; with `fixed` where the user set it, and empty while nothing is known.
fn every(feed: &Feed) -> String {
    match (interval_seconds(feed), feed.interval) {
        (0, _) => String::new(),
        (seconds, None) => span(seconds),
        (seconds, Some(_)) => format!("{} fixed", span(seconds)),
    }
}

/// `https://… · every 30 min · tech · config`.
fn about(feed: &Feed) -> String {
    let mut words = vec![line(&feed.url)];
    let every = every(feed);
    if !every.is_empty() {
        words.push(format!("every {every}"));
    }
    words.extend(feed.state.moved_to.iter().map(|to| format!("asked at {}", line(to))));
    words.extend(feed.tags.iter().map(|tag| line(tag)));
    if !feed.cluster {
        words.push("not grouped".to_owned());
    }
    if feed.paywalled {
        words.push("paywalled".to_owned());
    }
    if feed.allow_private {
        words.push("private networks allowed".to_owned());
    }
    words.push(origin(feed.origin).to_owned());
    words.join(" · ")
}
