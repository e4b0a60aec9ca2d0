//! Station: when a feed is asked next and why, as data and in words.
//!
//! The reasons are those that the due time was computed from, not a second opinion: [`causes`] is what `next` calls.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Feed, FeedId, FeedState, Health};
use crate::schedule::dice::Dice;
use crate::schedule::{LeftOut, Params, calendar, later, left_out, own_interval, unvalidated_floor};

/// Feeds that may be asked again from the start of an hour on come within so much of it.
const SPREAD_AFTER_SKIP: Duration = Duration::from_secs(600);
/// How often a feed that is the same as another is looked at, for its redirect may have gone.
pub(crate) const TWIN_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);

/// When a feed is asked next, and all that has a say in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The moment; `None` for a feed that is not asked again. It is past or now for one that is due.
    pub at: Option<Timestamp>,
    /// What has a say, the one that decides first. Never empty.
    pub because: Vec<Cause>,
}

/// One thing that has a say in when a feed is asked next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What.
    pub rule: Rule,
    /// Until when it forbids asking; `None` where it always does, or where it forbids nothing.
    pub until: Option<Timestamp>,
}

/// Why a feed is not asked before some moment. Printed, it is a phrase like ``the server's `max-age` or `Expires` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It was never asked, so nothing forbids it.
    NeverAsked,
    /// Neither the config nor a command names it any more.
    Inactive,
    /// It answered 410 Gone.
    Gone,
    /// The learned interval, before chance makes it up to a tenth shorter or longer.
    Interval(Duration),
    /// The interval that the user set.
    OwnInterval(Duration),
    /// It has no validators and is sent whole each time.
    Unvalidated(Duration),
    /// `max-age` or `Expires` of the last good answer.
    Fresh,
    /// The feed's `ttl`.
    Ttl(Duration),
    /// The feed's `sy:updatePeriod` and `sy:updateFrequency`.
    Period(Duration),
    /// `skipHours` and `skipDays` of the feed.
    Skip,
    /// The pause after failures.
    Backoff {
        /// Failures in a row.
        failures: u32,
        /// The pause.
        pause: Duration,
    },
    /// `Retry-After` of the feed's own last answer.
    RetryAfter,
    /// Its host asked for a pause, whichever feed it answered so.
    HostPause,
    /// Its redirects lead to another feed of ours.
    SameAs(FeedId),
    /// A due time that was stored for another reason: under other settings, or because the network or another host was down.
    Stored,
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::NeverAsked => write!(formatter, "it was never asked"),
            Rule::Inactive => write!(formatter, "it was removed"),
            Rule::Gone => write!(formatter, "its publisher said that it is gone for good (410)"),
            Rule::Interval(interval) => write!(formatter, "the interval learned from its news, {}", words(*interval)),
            Rule::OwnInterval(interval) => write!(formatter, "the `interval` set for it, {}", words(*interval)),
            Rule::Unvalidated(floor) => {
                write!(
                    formatter,
                    "it has no validators and is sent whole each time, so every {} at most",
                    words(*floor)
                )
            }
            Rule::Fresh => write!(formatter, "the server's `max-age` or `Expires`"),
            Rule::Ttl(ttl) => write!(formatter, "the feed's `ttl`, {}", words(*ttl)),
            Rule::Period(period) => write!(formatter, "the feed's `sy:updatePeriod`, {}", words(*period)),
            Rule::Skip => write!(formatter, "the feed's `skipHours` and `skipDays`"),
            Rule::Backoff { failures, pause } => {
                write!(formatter, "the pause after failure {failures} in a row, {}", words(*pause))
            }
            Rule::RetryAfter => write!(formatter, "the server's `Retry-After`"),
            Rule::HostPause => write!(formatter, "a pause of its whole host"),
            Rule::SameAs(_) => write!(formatter, "its redirects lead to another feed, which is asked in its place"),
            Rule::Stored => write!(formatter, "the due time that is stored"),
        }
    }
}

/// `1h 15m`, in whole seconds.
fn words(duration: Duration) -> String {
    let duration = SignedDuration::from_secs(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX));
    format!("{duration:#}")
}

/// When this feed is asked next, and why. `salt` is the database's own ([`crate::store::Store::salt`]).
pub fn explain(feed: &Feed, now: Timestamp, salt: u64, params: &Params) -> Next {
    let state = &feed.state;
    let never = |rule| Next { at: None, because: vec![Cause { rule, until: None }] };
    match left_out(feed, now, params) {
        Some(LeftOut::Inactive) => return never(Rule::Inactive),
        Some(LeftOut::Gone) => return never(Rule::Gone),
        _ => {}
    }
    let mut because = causes(feed, state, salt, params);
    let known = because.iter().filter_map(|cause| cause.until).max();
    // Stored in milliseconds, so a little less than what it was computed as.
    let is_explained =
        |due: Timestamp| known.is_some_and(|known| known.duration_since(due).unsigned_abs() < Duration::from_secs(1));
    if let Some(due) = state.next_due.filter(|due| !is_explained(*due)) {
        because.retain(|cause| cause.until.is_some_and(|until| until <= due));
        because.push(Cause { rule: Rule::Stored, until: Some(due) });
    }
    let pauses = [(Rule::RetryAfter, state.not_before), (Rule::HostPause, state.host_pause.map(|pause| pause.until))];
    because.extend(pauses.into_iter().filter_map(|(rule, until)| Some(Cause { rule, until: Some(until?) })));
    if because.is_empty() {
        because.push(Cause { rule: Rule::NeverAsked, until: None });
    }
    // Stable: of two that end together the one that is told first stays first.
    because.sort_by_key(|cause| std::cmp::Reverse(cause.until));
    Next { at: Some(because[0].until.unwrap_or(now)), because }
}

/// All that has a say in when a feed with this state is due, pauses by the server's wish aside; nothing for one that was
/// never asked.
pub(crate) fn causes(feed: &Feed, state: &FeedState, salt: u64, params: &Params) -> Vec<Cause> {
    let Some(asked) = state.last_attempt else { return Vec::new() };
    let dice = Dice { salt, feed: feed.id };
    let throw = asked.as_second().unsigned_abs();
    let after = |rule, pause| Cause { rule, until: Some(later(asked, pause)) };
    let own = own_interval(feed);
    let mut causes = Vec::new();
    if let Some(own) = own {
        causes.push(after(Rule::OwnInterval(own), dice.vary(own, throw).max(own)));
    }
    if state.failures > 0 {
        let pause = Duration::from_secs(state.pause_seconds);
        causes.push(after(Rule::Backoff { failures: state.failures, pause }, pause));
    } else {
        if own.is_none() {
            let learned = Duration::from_secs(state.interval_seconds);
            causes.push(after(Rule::Interval(learned), dice.vary(learned, throw).max(params.interval_min)));
            causes.extend(unvalidated_floor(state, params).map(|floor| after(Rule::Unvalidated(floor), floor)));
        }
        let told = |seconds: Option<u64>| Some(Duration::from_secs(seconds?).min(params.fresh_max));
        causes.extend(told(state.pace.ttl_seconds).map(|ttl| after(Rule::Ttl(ttl), ttl)));
        causes.extend(told(state.pace.period_seconds).map(|period| after(Rule::Period(period), period)));
        causes.extend(state.fresh_until.map(|until| Cause { rule: Rule::Fresh, until: Some(until) }));
        causes.extend(state.same_as.map(|twin| after(Rule::SameAs(twin), TWIN_INTERVAL)));
    }
    if state.health != Health::Gone
        && let Some(latest) = causes.iter().filter_map(|cause| cause.until).max()
        && let Some(open) = calendar::open_from(&state.pace, latest)
    {
        let until = later(open, dice.part(SPREAD_AFTER_SKIP, throw));
        causes.push(Cause { rule: Rule::Skip, until: Some(until) });
    }
    causes
}
