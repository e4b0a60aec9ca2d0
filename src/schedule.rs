//! Station: which feeds are due, and when each is asked next.
//!
//! Three things decide when a feed is asked again, and the latest of them wins:
//!
//! * **its interval**, the user's or one learned from how often it brings something new. It is halved by an answer with
//!   news and grows by a quarter with every answer without, so that it settles where about one answer in four brings
//!   news (½ᵖ·1.25¹⁻ᵖ = 1 at p = 0.24): news is found early, and three of four requests cost a 304. An answer in which
//!   every entry is new has perhaps outrun us, and sends the interval to its floor. Each time chance, the same for the
//!   same feed and moment, makes it up to a tenth shorter or longer, so that feeds asked together drift apart;
//! * **what the server and the feed say**: `max-age` or `Expires`, `ttl`, `sy:updatePeriod`, `skipHours`, `skipDays`; and a
//!   feed without validators, which is sent whole each time, is asked once a day, or as often as it takes to miss nothing;
//! * **trouble**: a pause that doubles with every failure in a row, or `Retry-After`, which binds the whole host.
//!
//! [`explain()`] tells for any feed which of them it was.

mod calendar;
mod dice;
mod explain;
mod moves;
pub mod timetable;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Feed, FeedId, FeedState, Health, Pace, Rung, Validators};
use crate::schedule::dice::Dice;
pub use crate::schedule::explain::{Cause, Next, Rule, explain};
use crate::schedule::explain::{TWIN_INTERVAL, causes};

/// The bounds of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// No feed is asked more often of our own accord; a feed's own `interval` may be shorter.
    pub interval_min: Duration,
    /// No feed is asked less often of our own accord, and no pause after failures is longer.
    pub interval_max: Duration,
    /// The longest `max-age` or `ttl` that is obeyed: one of a year would lose the feed.
    pub fresh_max: Duration,
    /// The longest `Retry-After` that is obeyed.
    pub retry_after_max: Duration,
}

impl Default for Params {
    fn default() -> Params {
        const HOUR: u64 = 3600;
        Params {
            interval_min: Duration::from_secs(HOUR / 4),
            interval_max: Duration::from_secs(24 * HOUR),
            fresh_max: Duration::from_secs(24 * HOUR),
            retry_after_max: Duration::from_secs(7 * 24 * HOUR),
        }
    }
}

/// How many times `interval_min` a feed is first asked again after, before anything is learned (1 h).
const FIRST_FACTOR: u32 = 4;
/// A feed without validators is sent whole each time: once a day is what a site's owner bears (rachelbythebay.com, on feed
/// readers' behaviour), but for one that would lose articles by it.
const UNVALIDATED_MAX: Duration = Duration::from_secs(24 * 3600);
/// How many times `interval_min` that is at least (1 h).
const UNVALIDATED_FACTOR: u32 = 4;
/// How many times `interval_min` the first pause after a lasting trouble (401, 403, 404, …) takes (4 h: some servers
/// answer 404 for hours of each day and mean nothing by it).
const LASTING_FACTOR: u32 = 16;
/// After so long of nothing but 304, up to twice as long by chance, a feed is asked for whole once: some servers answer 304
/// for ever (NetNewsWire drops its validators after 8 days for these).
const REFETCH_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// Hosts, with all below them, that count unconditional requests and asked not to be sent any: they are always believed.
/// (NetNewsWire excepts the same two.)
const REFETCH_NEVER: [&str; 2] = ["rachelbythebay.com", "openrss.org"];

/// Why parameters cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// A floor of nothing would ask without end.
    #[error("`[fetch] interval_min` is 0: it must be above 0")]
    FloorZero,
    /// The ceiling lies under the floor.
    #[error("`[fetch] interval_max` is {max:?} and `interval_min` is {min:?}: the first must not be the smaller")]
    CeilingUnderFloor {
        /// `interval_max`.
        max: Duration,
        /// `interval_min`.
        min: Duration,
    },
    /// A ceiling so high that a feed is lost for good.
    #[error("`[fetch] interval_max` is {0:?}: it must be at most 366 days")]
    CeilingTooHigh(Duration),
}

impl Params {
    /// The same parameters, if they can be kept.
    pub fn checked(self) -> Result<Params, ParamsError> {
        let (min, max) = (self.interval_min, self.interval_max);
        if min.is_zero() {
            return Err(ParamsError::FloorZero);
        }
        if max < min {
            return Err(ParamsError::CeilingUnderFloor { max, min });
        }
        if max > Duration::from_secs(366 * 24 * 3600) {
            return Err(ParamsError::CeilingTooHigh(max));
        }
        Ok(self)
    }

    /// So many floors, but never above the ceiling.
    fn floors(&self, factor: u32) -> Duration {
        self.interval_min.saturating_mul(factor).min(self.interval_max)
    }
}

/// What came of asking a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A feed was read, and what it brought is stored.
    Read {
        /// How many entries it held.
        entries: usize,
        /// How many of them had no date that can be used.
        undated: usize,
        /// How many of them we had not.
        articles_new: usize,
        /// What the answer says for the next time.
        told: Told,
    },
    /// The feed is as it was.
    NotModified {
        /// What the answer says for the next time; its `read` is not looked at.
        told: Told,
    },
    /// No feed was read: nothing came, or what came is no feed. What was stored before, validators included, stays, so
    /// that a body which could not be read is sent again.
    Failed {
        /// How the feed is doing.
        health: Health,
        /// One line for people.
        detail: String,
        /// Whether asking again soon may help; `false` waits long at once.
        transient: bool,
        /// The pause the server asks for.
        retry_after: Option<Duration>,
    },
    /// It was not asked after all: a host that it lives at, or that it redirects to, keeps a pause until then.
    Postponed {
        /// The end of the pause.
        until: Timestamp,
    },
}

/// What a good answer says for the next time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// What to send back, replacing what was stored.
    pub validators: Validators,
    /// The URL that answered, without credentials, whose validators these are.
    pub answered_url: Option<String>,
    /// Where the feed says it lives from now on (301, 308).
    pub moved_to: Option<String>,
    /// How long asking again is useless, by `Cache-Control` or `Expires`.
    pub fresh_for: Option<Duration>,
    /// The fingerprint of the document, where one came.
    pub body_hash: Option<String>,
    /// What the feed itself says of how often it may be asked, where it was read.
    pub pace: Pace,
    /// Which rung of the ladder read it, where it was read.
    pub rung: Rung,
    /// In which time three of four of its entries are replaced, by their dates, where it was read and they have any.
    pub turnover: Option<Duration>,
}

/// Why a feed is not asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// Neither the config nor a command names it any more.
    Inactive,
    /// It answered 410 Gone.
    Gone,
    /// Its server asked for a pause until then, of it or of its whole host.
    Paused(Timestamp),
    /// Its redirects lead to that feed, which is asked in its place.
    SameAs(FeedId),
    /// It is due then.
    NotDue(Timestamp),
}

/// The feeds to ask now: active, not gone, not paused, and due. A feed that was never asked is due. Longest overdue
/// first, those never asked before all others, ties by id.
pub fn due(feeds: &[Feed], now: Timestamp, params: &Params) -> Vec<FeedId> {
    in_order(feeds.iter().filter(|feed| left_out(feed, now, params).is_none()).collect())
}

/// The feeds to ask when somebody says so (`fetch --all`, `fetch URL`), and those that are left out all the same, with
/// the reason, by id: due times, and so backoff, `max-age` and `skipHours`, are set aside; 410 and `Retry-After` are not.
pub fn due_anyway(feeds: &[Feed], now: Timestamp, params: &Params) -> (Vec<FeedId>, Vec<(FeedId, LeftOut)>) {
    let mut asked = Vec::new();
    let mut spared = Vec::new();
    for feed in feeds {
        match left_out(feed, now, params) {
            None | Some(LeftOut::NotDue(_)) => asked.push(feed),
            Some(reason) => spared.push((feed.id, reason)),
        }
    }
    spared.sort_by_key(|(id, _)| *id);
    (in_order(asked), spared)
}

/// Why a feed is not asked now; `None` for one that is due.
///
/// A time that lies further ahead than any this module sets was written under a clock that has since been set back, and
/// counts as past: a machine that once believed in 2038 is not silent until then. Where a clock was set back by less, a feed
/// would be silent for as long: `set_back` sees to that.
pub fn left_out(feed: &Feed, now: Timestamp, params: &Params) -> Option<LeftOut> {
    let state = &feed.state;
    if !feed.active {
        return Some(LeftOut::Inactive);
    }
    if state.health == Health::Gone {
        return Some(LeftOut::Gone);
    }
    let is_ahead = |moment: &Timestamp, horizon| *moment > now && *moment <= later(now, horizon);
    if let Some(until) = state.not_before.filter(|until| is_ahead(until, params.retry_after_max)) {
        return Some(LeftOut::Paused(until));
    }
    if let Some(pause) = state.host_pause.filter(|pause| is_ahead(&pause.until, params.retry_after_max)) {
        return Some(if pause.wished { LeftOut::Paused(pause.until) } else { LeftOut::NotDue(pause.until) });
    }
    let due = state.next_due.map(|due| set_back(due, state.last_attempt, now));
    let Some(due) = due.filter(|due| is_ahead(due, horizon(feed, params))) else {
        // Overdue, for the machine was off: the hours that its feed skips are skipped all the same.
        let is_known = state.next_due.is_some() && state.last_success.is_some();
        return calendar::open_from(&state.pace, now).filter(|_| is_known).map(LeftOut::NotDue);
    };
    Some(state.same_as.map_or(LeftOut::NotDue(due), LeftOut::SameAs))
}

/// A clock is never set by less than this for a reason that matters here.
const SET_BACK_MIN: Duration = Duration::from_secs(60);

/// When a feed is due that was last asked at a moment which lies ahead of us, because the clock has been set back since; the due
/// time itself where it was not.
///
/// How long ago that was nobody can tell, so it counts as so many whole rounds earlier that it lies behind us. A round is the
/// feed's wait and an eighth: one feed in nine is due at once and the others within their wait, spread as their last times were,
/// so that a clock which is put right sends no burst of requests.
fn set_back(due: Timestamp, asked: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let Some(asked) = asked.filter(|asked| *asked > later(now, SET_BACK_MIN)) else { return due };
    let wait = due.duration_since(asked).as_millis().max(1);
    let (round, ahead) = (wait + wait / 8 + 1, asked.duration_since(now).as_millis());
    let rounds = (ahead + round - 1) / round;
    let back = i64::try_from(rounds * round).unwrap_or(i64::MAX);
    due.checked_sub(SignedDuration::from_millis(back)).unwrap_or(now)
}

/// The furthest ahead that this module sets a due time.
fn horizon(feed: &Feed, params: &Params) -> Duration {
    let interval = params.interval_max.max(params.fresh_max).max(own_interval(feed).unwrap_or_default());
    let state = &feed.state;
    let interval = if state.same_as.is_some() { interval.max(TWIN_INTERVAL) } else { interval };
    let is_skipping = state.pace.skip_hours != 0 || state.pace.skip_days != 0;
    let skipped = if is_skipping { Duration::from_secs(7 * 24 * 3600) } else { Duration::ZERO };
    interval.saturating_add(interval / 10).saturating_add(skipped)
}

/// When the next feed may be asked: how long a daemon with nothing to do can sleep. `now` itself where one is due; `None`
/// where none ever will be.
pub fn next_wake(feeds: &[Feed], now: Timestamp, params: &Params) -> Option<Timestamp> {
    let wakes = feeds.iter().filter_map(|feed| match left_out(feed, now, params) {
        None => Some(now),
        Some(LeftOut::NotDue(due)) => Some(due),
        // It may be due later still, which waking up will show.
        Some(LeftOut::Paused(until)) => Some(until),
        Some(LeftOut::SameAs(_)) => feed.state.next_due,
        Some(LeftOut::Inactive | LeftOut::Gone) => None,
    });
    wakes.min()
}

/// Since when the longest overdue of these feeds has been due; `None` where none is. One that was never asked is due since it was added.
pub fn due_since(feeds: &[Feed], now: Timestamp, params: &Params) -> Option<Timestamp> {
    let due = feeds.iter().filter(|feed| left_out(feed, now, params).is_none());
    due.map(|feed| feed.state.next_due.unwrap_or(feed.added).min(now)).min()
}

/// What polling has taught us of a feed once an answer came (or none did): a function of its arguments alone. `salt` is
/// the database's own.
pub fn next(feed: &Feed, outcome: &Outcome, now: Timestamp, salt: u64, params: &Params) -> FeedState {
    let mut state = match outcome {
        Outcome::Read { entries, undated, articles_new, told } => {
            let mut state = answered(feed, told, now, params);
            state.interval_seconds = learned(feed, now, params, News::of(*entries, *articles_new)).as_secs();
            state.health = match entries {
                0 => Health::Empty,
                _ if undated >= entries => Health::Undated,
                _ => Health::Ok,
            };
            state.body_hash.clone_from(&told.body_hash);
            state.pace = told.pace;
            state.rung = told.rung;
            // Without dates, one full of news has perhaps outrun us, and one without any is not as fast as it was.
            state.turnover_seconds = match told.turnover {
                None if *articles_new > 0 && articles_new >= entries && feed.state.last_success.is_some() => Some(0),
                None => feed.state.turnover_seconds.filter(|_| *articles_new > 0),
                turnover => turnover.map(|turnover| turnover.as_secs()),
            };
            if *articles_new > 0 {
                state.last_new = Some(now);
                state.answers_with_news += 1;
            }
            state
        }
        Outcome::NotModified { told } => {
            let mut state = answered(feed, told, now, params);
            state.interval_seconds = learned(feed, now, params, News::None).as_secs();
            state.health = Health::NotModified;
            state
        }
        Outcome::Failed { health, detail, transient, retry_after } => {
            let mut state = failed(feed, now, salt, *transient, params);
            state.health = *health;
            state.detail = Some(detail.clone());
            let wish = retry_after.filter(|wish| !wish.is_zero()).map(|wish| wish.min(params.retry_after_max));
            state.not_before = wish.map(|wish| later(now, wish));
            state
        }
        Outcome::Postponed { until } => {
            let furthest = later(now, params.retry_after_max);
            // One from under a clock that was since set back does not stand.
            let known = feed.state.not_before.filter(|known| *known <= furthest);
            return FeedState { not_before: known.max(Some((*until).min(furthest))), ..feed.state.clone() };
        }
    };
    state.next_due = due_of(feed, &state, salt, params);
    state
}

/// The same feed's state once it is known whether another feed of ours is what its redirects lead to.
pub fn same_as(feed: &Feed, state: FeedState, twin: Option<FeedId>, salt: u64, params: &Params) -> FeedState {
    let mut state = FeedState { same_as: twin, ..state };
    state.next_due = due_of(feed, &state, salt, params);
    state
}

/// The state of a feed that could not be asked because the network was down: its failure is not counted, and it is asked
/// again soon, spread over as long again so that the network's return is not met by all feeds at once.
pub fn forgiven(feed: &Feed, now: Timestamp, salt: u64, params: &Params) -> FeedState {
    let dice = Dice { salt, feed: feed.id };
    let soon = params.interval_min + dice.part(params.interval_min, now.as_second().unsigned_abs());
    let due = later(now, soon.max(own_interval(feed).unwrap_or_default()));
    FeedState {
        health: Health::Unreachable,
        detail: Some("no host could be reached: the network was down, and the feed is not blamed".to_owned()),
        next_due: Some(due),
        last_attempt: Some(now),
        ..feed.state.clone()
    }
}

/// Whether the feed is to be asked for whole although we know its validators, because nothing but 304 has come for a week or
/// two: see `REFETCH_AFTER` and `REFETCH_NEVER`.
pub fn asks_whole(feed: &Feed, now: Timestamp) -> bool {
    let state = &feed.state;
    let Some(whole_at) = state.whole_at.filter(|_| state.validators != Validators::default()) else { return false };
    let dice = Dice { salt: 0, feed: feed.id };
    let after = REFETCH_AFTER + dice.part(REFETCH_AFTER, whole_at.as_second().unsigned_abs());
    now > later(whole_at, after) && !REFETCH_NEVER.iter().any(|host| is_at(feed.asked_url(), host))
}

/// Whether a URL is at this host or one below it.
fn is_at(url: &str, host: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    url.host_str().and_then(|own| own.strip_suffix(host)).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The latest of all that forbids asking; `None` for a feed that is not asked again.
fn due_of(feed: &Feed, state: &FeedState, salt: u64, params: &Params) -> Option<Timestamp> {
    let causes = causes(feed, state, salt, params);
    causes.iter().filter_map(|cause| cause.until).max().filter(|_| state.health != Health::Gone)
}

/// How much of an answer was news.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    Some,
    All,
}

impl News {
    fn of(entries: usize, articles_new: usize) -> News {
        match articles_new {
            0 => News::None,
            new if new >= entries => News::All,
            _ => News::Some,
        }
    }
}

/// The state after any good answer, but for what is particular to it.
fn answered(feed: &Feed, told: &Told, now: Timestamp, params: &Params) -> FeedState {
    let before = &feed.state;
    let came_whole = told.body_hash.is_some() || before.whole_at.is_none() || asks_whole(feed, now);
    let state = FeedState {
        validators: told.validators.clone(),
        answered_url: told.answered_url.clone(),
        detail: None,
        not_before: None,
        last_attempt: Some(now),
        last_success: Some(now),
        failures: 0,
        pause_seconds: 0,
        fresh_until: told.fresh_for.map(|fresh| later(now, fresh.min(params.fresh_max))),
        whole_at: if came_whole { Some(now) } else { before.whole_at },
        // Where its redirects lead elsewhere by now, it is a feed of its own again.
        same_as: before.same_as.filter(|_| told.answered_url == before.answered_url),
        answers: before.answers + 1,
        ..before.clone()
    };
    moves::after_answer(state, feed, told.moved_to.as_deref(), now)
}

/// The state after one more failure, but for what is particular to it.
fn failed(feed: &Feed, now: Timestamp, salt: u64, is_transient: bool, params: &Params) -> FeedState {
    let dice = Dice { salt, feed: feed.id };
    let failures = feed.state.failures.saturating_add(1);
    let first = if is_transient { params.interval_min } else { params.floors(LASTING_FACTOR) };
    let doubled = first.saturating_mul(1 << (failures - 1).min(31)).min(params.interval_max);
    let pause = dice.vary(doubled, u64::from(failures)).max(own_interval(feed).unwrap_or(params.interval_min));
    let state = FeedState {
        last_attempt: Some(now),
        failures,
        // Never less than a second, which is the unit.
        pause_seconds: pause.as_secs().max(1),
        whole_at: if asks_whole(feed, now) { Some(now) } else { feed.state.whole_at },
        ..feed.state.clone()
    };
    moves::after_failure(state)
}

/// The learned interval after an answer: see the head of this file. Asked before half of its interval has passed, a feed
/// without news teaches nothing.
fn learned(feed: &Feed, now: Timestamp, params: &Params, news: News) -> Duration {
    let state = &feed.state;
    let before = Duration::from_secs(state.interval_seconds);
    let is_first = state.last_success.is_none() || before.is_zero();
    let waited = state.last_success.map(|last| now.duration_since(last)).unwrap_or_default();
    let waited = Duration::try_from(waited).unwrap_or_default();
    let after = match news {
        _ if is_first => params.floors(FIRST_FACTOR),
        News::All => params.interval_min,
        News::Some => before / 2,
        News::None if waited < before / 2 => before,
        News::None => before.saturating_add(before / 4),
    };
    // In whole seconds, and never none: 0 would mean that nothing is known.
    after.clamp(params.interval_min, params.interval_max).max(Duration::from_secs(1))
}

/// The least pause between two requests for a feed that is sent whole each time; `None` for one that has validators.
pub(crate) fn unvalidated_floor(state: &FeedState, params: &Params) -> Option<Duration> {
    if state.validators != Validators::default() {
        return None;
    }
    // By its dates, a day may bring more than the feed holds: then once a day would lose articles.
    let turnover = state.turnover_seconds.map_or(UNVALIDATED_MAX, Duration::from_secs);
    Some(
        turnover
            .clamp(params.floors(UNVALIDATED_FACTOR), UNVALIDATED_MAX.max(params.floors(UNVALIDATED_FACTOR)))
            .min(params.interval_max),
    )
}

/// The feed's own interval, where the user set one; less than a second counts as one.
pub(crate) fn own_interval(feed: &Feed) -> Option<Duration> {
    let own = Duration::try_from(feed.interval?).unwrap_or_default();
    Some(own.max(Duration::from_secs(1)))
}

/// Those never asked first, then by due time, then by id.
fn in_order(mut feeds: Vec<&Feed>) -> Vec<FeedId> {
    feeds.sort_by_key(|feed| (feed.state.next_due, feed.id));
    feeds.into_iter().map(|feed| feed.id).collect()
}

/// So much later; the end of time where it would be beyond.
pub(crate) fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostPause, Origin};

    const NOW: &str = "2026-02-13T12:00:00Z";
    const HOUR: Duration = Duration::from_secs(3600);
    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn feed(id: i64, state: FeedState) -> Feed {
        Feed {
            id: FeedId(id),
            url: "https://example.com/feed".into(),
            outlet: None,
            outlet_found: None,
            tags: Vec::new(),
            interval: None,
            cluster: true,
            priority: 0,
            paywalled: false,
            allow_private: false,
            origin: Origin::Config,
            active: true,
            added: now(),
            title: None,
            site: None,
            state,
        }
    }

    /// A feed that answered one learned interval ago.
    fn known(interval: Duration) -> Feed {
        let last = now().checked_sub(SignedDuration::try_from(interval).unwrap()).unwrap();
        let state = FeedState {
            validators: validators("\"old\""),
            last_attempt: Some(last),
            last_success: Some(last),
            interval_seconds: interval.as_secs(),
            ..FeedState::default()
        };
        feed(1, state)
    }

    fn validators(etag: &str) -> Validators {
        Validators { etag: Some(etag.into()), last_modified: None }
    }

    fn told() -> Told {
        Told { validators: validators("\"new\""), ..Told::default() }
    }

    fn read(entries: usize, articles_new: usize) -> Outcome {
        Outcome::Read { entries, undated: 0, articles_new, told: told() }
    }

    fn failed(health: Health, transient: bool, retry_after: Option<Duration>) -> Outcome {
        Outcome::Failed { health, detail: "no answer".into(), transient, retry_after }
    }

    fn after(feed: &Feed, outcome: &Outcome) -> FeedState {
        next(feed, outcome, now(), 7, &Params::default())
    }

    /// The pause until the next request.
    fn pause(state: &FeedState) -> Duration {
        Duration::try_from(state.next_due.unwrap().duration_since(now())).unwrap()
    }

    fn is_about(found: Duration, expected: Duration) -> bool {
        found >= expected * 9 / 10 && found <= expected * 11 / 10
    }

    #[test]
    fn the_interval_follows_the_news() {
        let cases = [
            (Duration::ZERO, read(20, 20), HOUR),
            (2 * HOUR, read(20, 3), HOUR),
            (2 * HOUR, read(20, 20), 15 * MINUTE),
            (2 * HOUR, read(20, 0), 150 * MINUTE),
            (2 * HOUR, read(0, 0), 150 * MINUTE),
            (2 * HOUR, Outcome::NotModified { told: told() }, 150 * MINUTE),
            (20 * MINUTE, read(20, 3), 15 * MINUTE),
            (23 * HOUR, Outcome::NotModified { told: told() }, 24 * HOUR),
        ];
        for (before, outcome, expected) in cases {
            let state = after(&known(before), &outcome);
            assert_eq!(Duration::from_secs(state.interval_seconds), expected, "{before:?} {outcome:?}");
            assert!(is_about(pause(&state), expected), "{:?} for {expected:?}", pause(&state));
            assert!(pause(&state) >= Params::default().interval_min);
        }
    }

    #[test]
    fn a_feed_that_was_read_says_how_it_is() {
        let cases = [(3, 0, Health::Ok), (3, 2, Health::Ok), (3, 3, Health::Undated), (0, 0, Health::Empty)];
        for (entries, undated, expected) in cases {
            let outcome = Outcome::Read { entries, undated, articles_new: 0, told: told() };
            assert_eq!(after(&known(HOUR), &outcome).health, expected, "{entries} {undated}");
        }
    }

    #[test]
    fn a_feed_asked_early_without_news_teaches_nothing() {
        let mut feed = known(2 * HOUR);
        feed.state.last_success = Some(now());
        let state = after(&feed, &Outcome::NotModified { told: told() });
        assert_eq!(state.interval_seconds, 7200);
    }

    #[test]
    fn a_feed_is_asked_as_often_as_it_publishes_deserves() {
        // A feed with one new entry every so often, asked for thirty days; requests a day, once settled.
        let check = |every: Duration, fewest: usize, most: usize| {
            let params = Params::default();
            let mut feed = feed(1, FeedState::default());
            let (mut moment, mut published, mut asked) = (now(), 0, 0);
            let end = later(now(), 30 * 24 * HOUR);
            while moment < end {
                let so_far =
                    usize::try_from(moment.duration_since(now()).as_secs()).unwrap() / every.as_secs() as usize;
                let outcome = if so_far > published { read(20, (so_far - published).min(20)) } else { read(20, 0) };
                published = so_far;
                feed.state = next(&feed, &outcome, moment, 7, &params);
                moment = feed.state.next_due.unwrap();
                asked += 1;
            }
            assert!((fewest..=most).contains(&(asked / 30)), "every {every:?}: {} a day", asked / 30);
        };
        check(5 * MINUTE, 85, 97);
        check(2 * HOUR, 36, 60);
        check(24 * HOUR, 3, 7);
        check(29 * 24 * HOUR, 1, 1);
    }

    fn pace(ttl_seconds: Option<u64>, period_seconds: Option<u64>) -> Told {
        Told { pace: Pace { ttl_seconds, period_seconds, ..Pace::default() }, ..told() }
    }

    #[test]
    fn what_the_server_says_is_never_undercut_and_never_too_long() {
        let (two_hours, year) = (7200, 365 * 24 * 3600);
        let fresh = |seconds| Told { fresh_for: Some(Duration::from_secs(seconds)), ..told() };
        let cases = [
            (fresh(two_hours), 2 * HOUR),
            (pace(Some(two_hours), None), 2 * HOUR),
            (pace(None, Some(two_hours)), 2 * HOUR),
            (pace(Some(60), Some(60)), 15 * MINUTE),
            (pace(Some(two_hours), Some(2 * two_hours)), 4 * HOUR),
            (fresh(year), 24 * HOUR),
            (pace(Some(year), None), 24 * HOUR),
            (pace(None, Some(year)), 24 * HOUR),
            // Nothing but news in an answer without dates: once a day would lose some.
            (Told { validators: Validators::default(), ..told() }, HOUR),
        ];
        for (told, expected) in cases {
            let outcome = Outcome::Read { entries: 20, undated: 0, articles_new: 20, told };
            for id in 0..50 {
                let mut feed = known(30 * MINUTE);
                feed.id = FeedId(id);
                let found = pause(&after(&feed, &outcome));
                assert!(found >= expected && found <= expected * 11 / 10, "{found:?} for {outcome:?}");
            }
        }
        // A 304 does not repeat the feed's ttl, and need not.
        let mut feed = known(30 * MINUTE);
        feed.state = after(
            &feed,
            &Outcome::Read { entries: 20, undated: 0, articles_new: 3, told: pace(Some(two_hours), None) },
        );
        let state = after(&feed, &Outcome::NotModified { told: told() });
        assert_eq!((state.interval_seconds, pause(&state)), (900, 2 * HOUR));
        feed.state = state;
        let state = after(&feed, &read(20, 0));
        assert!(pause(&state) < HOUR, "a feed that says it no more is believed");
    }

    #[test]
    fn a_feed_without_validators_is_sent_whole_once_a_day_or_as_often_as_it_takes_to_miss_nothing() {
        let whole = |turnover: Option<Duration>| Told { validators: Validators::default(), turnover, ..told() };
        let cases = [
            (whole(Some(400 * HOUR)), 3, 24 * HOUR),
            (whole(Some(5 * HOUR)), 3, 5 * HOUR),
            (whole(Some(MINUTE)), 3, HOUR),
            (whole(None), 3, 24 * HOUR),
            (whole(None), 20, HOUR),
        ];
        for (told, articles_new, expected) in cases {
            let outcome = Outcome::Read { entries: 20, undated: 0, articles_new, told };
            assert_eq!(pause(&after(&known(15 * MINUTE), &outcome)), expected, "{outcome:?}");
        }
        // The user's own interval is the user's own business, and so is a lower ceiling.
        let mut feed = known(HOUR);
        feed.interval = Some(SignedDuration::from_hours(2));
        let found = pause(&after(&feed, &Outcome::NotModified { told: whole(None) }));
        assert!(is_about(found, 2 * HOUR), "{found:?}");
        let params = Params { interval_max: 2 * HOUR, ..Params::default() };
        let state = next(&known(HOUR), &Outcome::NotModified { told: whole(None) }, now(), 7, &params);
        assert_eq!(pause(&state), 2 * HOUR);
    }

    #[test]
    fn hours_and_days_that_a_feed_skips_are_skipped_but_by_those_who_ask_for_all() {
        // It is Friday noon in Greenwich.
        let afternoon = Pace { skip_hours: 0b11_1111 << 12, ..Pace::default() };
        let told = Told { pace: afternoon, ..told() };
        let mut feed = known(2 * HOUR);
        feed.state = after(&feed, &Outcome::Read { entries: 20, undated: 0, articles_new: 3, told });
        let found = pause(&feed.state);
        assert!(found >= 6 * HOUR && found <= 6 * HOUR + 10 * MINUTE, "{found:?}");
        let params = Params::default();
        let at_two = later(now(), 2 * HOUR);
        assert!(matches!(left_out(&feed, at_two, &params), Some(LeftOut::NotDue(_))));
        assert_eq!(due_anyway(std::slice::from_ref(&feed), at_two, &params).0, [FeedId(1)]);
        // A day later, the machine having been off: due, and not at that hour.
        let next_day = later(now(), 25 * HOUR);
        assert_eq!(left_out(&feed, next_day, &params), Some(LeftOut::NotDue(later(now(), 30 * HOUR))));
        assert_eq!(left_out(&feed, later(now(), 31 * HOUR), &params), None);
    }

    #[test]
    fn the_users_interval_replaces_the_learned_one_but_not_the_servers_word() {
        let mut feed = known(6 * HOUR);
        feed.interval = Some(SignedDuration::from_mins(5));
        let found = pause(&after(&feed, &read(20, 0)));
        assert!(found >= 5 * MINUTE && found <= 6 * MINUTE, "{found:?}");
        let told = Told { fresh_for: Some(HOUR), ..told() };
        assert_eq!(pause(&after(&feed, &Outcome::NotModified { told })), HOUR);
        feed.interval = Some(SignedDuration::from_hours(7 * 24));
        let state = after(&feed, &failed(Health::Unreachable, true, None));
        assert!(pause(&state) >= 7 * 24 * HOUR);
        feed.state = state;
        assert!(matches!(left_out(&feed, now(), &Params::default()), Some(LeftOut::NotDue(_))));
    }

    #[test]
    fn pauses_double_with_failures_and_end_with_success() {
        let mut feed = known(HOUR);
        let mut pauses = Vec::new();
        for failures in 1..=40 {
            feed.state = after(&feed, &failed(Health::Unreachable, true, None));
            assert_eq!(feed.state.failures, failures);
            pauses.push(pause(&feed.state));
        }
        for (found, expected) in pauses.iter().zip([15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]) {
            assert!(is_about(*found, expected), "{found:?} for {expected:?}");
        }
        assert!(pauses.iter().skip(7).all(|found| is_about(*found, 24 * HOUR)));
        // Nothing that was known is lost by failing.
        assert_eq!(feed.state.validators, validators("\"old\""));
        assert_eq!((feed.state.interval_seconds, feed.state.last_success), (3600, known(HOUR).state.last_success));
        let state = after(&feed, &Outcome::NotModified { told: told() });
        assert_eq!((state.failures, state.detail, state.validators), (0, None, validators("\"new\"")));
    }

    #[test]
    fn lasting_trouble_waits_long_at_once_and_gone_is_never_asked_again() {
        let state = after(&known(HOUR), &failed(Health::Unreachable, false, None));
        assert!(is_about(pause(&state), 4 * HOUR));
        let gone = feed(1, after(&known(HOUR), &failed(Health::Gone, false, None)));
        let params = Params::default();
        assert_eq!(left_out(&gone, later(now(), 1000 * 24 * HOUR), &params), Some(LeftOut::Gone));
        assert_eq!(due_anyway(&[gone], now(), &params), (vec![], vec![(FeedId(1), LeftOut::Gone)]));
    }

    #[test]
    fn a_servers_wish_for_a_pause_binds_even_those_who_ask_for_all() {
        let params = Params::default();
        let wishes = [(2 * HOUR, Some(2 * HOUR)), (30 * 24 * HOUR, Some(7 * 24 * HOUR)), (Duration::ZERO, None)];
        for (wish, expected) in wishes {
            let state = after(&known(HOUR), &failed(Health::Throttled, true, Some(wish)));
            let until = expected.map(|pause| later(now(), pause));
            assert_eq!(state.not_before, until);
            let (asked, spared) = due_anyway(&[feed(1, state)], now(), &params);
            match until {
                Some(until) => assert_eq!((asked, spared), (vec![], vec![(FeedId(1), LeftOut::Paused(until))])),
                None => assert_eq!((asked, spared), (vec![FeedId(1)], vec![])),
            }
        }
    }

    #[test]
    fn due_feeds_come_longest_overdue_first() {
        let at = |seconds: i64| Some(now().checked_add(SignedDuration::from_secs(seconds)).unwrap());
        let due_at = |id, next_due| feed(id, FeedState { next_due, ..FeedState::default() });
        let inactive = Feed { active: false, ..due_at(9, at(-60)) };
        let feeds = [
            due_at(1, at(60)),
            due_at(2, at(-60)),
            due_at(4, at(0)),
            due_at(3, at(0)),
            due_at(5, at(-120)),
            due_at(6, None),
            inactive,
        ];
        let params = Params::default();
        assert_eq!(due(&feeds, now(), &params), [6, 5, 2, 3, 4].map(FeedId));
        assert_eq!(due_anyway(&feeds, now(), &params).0, [6, 5, 2, 3, 4, 1].map(FeedId));
        assert_eq!(due_anyway(&feeds, now(), &params).1, [(FeedId(9), LeftOut::Inactive)]);
        assert_eq!(next_wake(&feeds, now(), &params), Some(now()));
        assert_eq!(next_wake(&feeds[..1], now(), &params), at(60));
        assert_eq!(next_wake(&feeds[6..], now(), &params), None);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_no_feed_waiting_for_it_and_sends_no_burst() {
        let later = |moment: Timestamp, wait: Duration| moment.checked_add(wait).unwrap();
        // Asked at different moments of one hour, each an hour apart from its next.
        let feeds: Vec<Feed> = (0..90)
            .map(|number| {
                let asked = now().checked_sub(SignedDuration::from_secs(40 * number)).unwrap();
                let state =
                    FeedState { last_attempt: Some(asked), next_due: Some(later(asked, HOUR)), ..FeedState::default() };
                feed(number, state)
            })
            .collect();
        let params = Params::default();
        let due_at = |at: Timestamp| due(&feeds, at, &params).len();
        assert_eq!((due_at(now()), due_at(later(now(), HOUR))), (0, 90));
        for days in [1, 3, 4_000] {
            let back = now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
            assert!(due_at(back) <= 20, "{} at once after {days} days", due_at(back));
            let mut waits: Vec<i64> = (0..=60).map(|minute| due_at(later(back, MINUTE * minute)) as i64).collect();
            waits.dedup();
            assert!(waits.len() > 20, "they are spread over the hour: {waits:?}");
            // Each is met within its own wait, by whoever looks often enough.
            for feed in &feeds {
                let one = std::slice::from_ref(feed);
                let met = (0..=60).any(|minute| !due(one, later(back, MINUTE * minute), &params).is_empty());
                assert!(met, "{:?}", feed.state.last_attempt);
                let wake = next_wake(one, back, &params).expect("it is asked again");
                assert!(wake <= later(back, HOUR), "a daemon sleeps no longer than that: {wake}");
            }
        }
        // A second or two is what time servers do.
        let nudged = now().checked_sub(SignedDuration::from_secs(30)).unwrap();
        assert_eq!(left_out(&feeds[0], nudged, &params), Some(LeftOut::NotDue(later(now(), HOUR))));
    }

    #[test]
    fn a_time_set_under_a_wrong_clock_does_not_silence_a_feed() {
        let params = Params::default();
        let far = "2038-01-19T03:14:08Z".parse().ok();
        assert_eq!(left_out(&feed(1, FeedState { next_due: far, ..FeedState::default() }), now(), &params), None);
        assert_eq!(left_out(&feed(1, FeedState { not_before: far, ..FeedState::default() }), now(), &params), None);
        // The clock jumps ahead: everything is due once, nothing twice.
        let mut feed = known(HOUR);
        feed.state = after(&feed, &read(20, 0));
        let ahead = later(now(), 24 * HOUR);
        assert_eq!(due(std::slice::from_ref(&feed), ahead, &params), [FeedId(1)]);
        feed.state = next(&feed, &read(20, 0), ahead, 7, &params);
        assert_eq!(due(std::slice::from_ref(&feed), ahead, &params), []);
    }

    #[test]
    fn feeds_asked_together_drift_apart_the_same_way_each_time() {
        let pauses = |salt| -> Vec<Duration> {
            let asked = (0..500).map(|id| Feed { id: FeedId(id), ..known(4 * HOUR) });
            asked.map(|feed| pause(&next(&feed, &read(20, 0), now(), salt, &Params::default()))).collect()
        };
        let found = pauses(1);
        assert_eq!(found, pauses(1));
        assert_ne!(found, pauses(2));
        // 500 feeds over an hour (5 h ± 10 %): no minute gets more than a few times its share of 8.
        let mut minutes: Vec<u64> = found.iter().map(|pause| pause.as_secs() / 60).collect();
        minutes.sort_unstable();
        assert!(minutes.chunk_by(|one, other| one == other).all(|minute| minute.len() <= 25));
        assert!(minutes[499] - minutes[0] > 50);
    }

    #[test]
    fn an_explanation_names_every_voice_and_the_one_that_decides_first() {
        let params = Params::default();
        let told_all = Told {
            fresh_for: Some(2 * HOUR),
            pace: Pace { ttl_seconds: Some(3 * 3600), period_seconds: Some(3600), ..Pace::default() },
            ..told()
        };
        let read_all = Outcome::Read { entries: 20, undated: 0, articles_new: 3, told: told_all };
        let skipping = Told { pace: Pace { skip_hours: 0b11_1111 << 12, ..Pace::default() }, ..told() };
        let not_validated = Outcome::NotModified { told: Told { validators: Validators::default(), ..told() } };
        let cases: [(Option<Outcome>, &[&str]); 8] = [
            (None, &["it was never asked"]),
            (Some(read(20, 3)), &["learned from its news, 1h"]),
            (
                Some(read_all),
                &["`ttl`, 3h", "`max-age` or `Expires`", "learned from its news, 1h", "`sy:updatePeriod`, 1h"],
            ),
            (
                Some(not_validated),
                &["no validators and is sent whole each time, so every 24h", "learned from its news"],
            ),
            (
                Some(Outcome::Read { entries: 20, undated: 0, articles_new: 3, told: skipping }),
                &["`skipHours` and `skipDays`", "learned from its news, 1h"],
            ),
            (Some(failed(Health::Unreachable, true, None)), &["the pause after failure 1 in a row, 1"]),
            (
                Some(failed(Health::Throttled, true, Some(2 * HOUR))),
                &["the server's `Retry-After`", "the pause after failure 1"],
            ),
            (Some(failed(Health::Gone, false, None)), &["gone for good (410)"]),
        ];
        for (outcome, expected) in cases {
            let mut feed = feed(1, FeedState::default());
            if let Some(outcome) = &outcome {
                feed = known(2 * HOUR);
                feed.state = after(&feed, outcome);
            }
            let found = explain(&feed, now(), 7, &params);
            let words: Vec<String> = found.because.iter().map(|cause| cause.rule.to_string()).collect();
            let same =
                words.len() == expected.len() && words.iter().zip(expected).all(|(one, other)| one.contains(other));
            assert!(same, "{words:?}, not {expected:?}");
            let due = feed.state.next_due.max(feed.state.not_before);
            let at = if outcome.is_none() { Some(now()) } else { due };
            assert_eq!(found.at, at, "{outcome:?}");
            assert_eq!(found.because[0].until, due, "{outcome:?}");
        }
    }

    #[test]
    fn an_explanation_does_not_talk_away_what_is_stored() {
        let params = Params::default();
        let mut feed = known(HOUR);
        feed.state = after(&feed, &read(20, 0));
        let pause = HostPause { until: later(now(), 3 * HOUR), wished: true };
        feed.state.host_pause = Some(pause);
        let found = explain(&feed, now(), 7, &params);
        assert_eq!((found.at, &found.because[0].rule), (Some(pause.until), &Rule::HostPause));
        // Stored under another setting, or in milliseconds.
        feed.state.host_pause = None;
        let stored = later(feed.state.next_due.unwrap(), HOUR);
        feed.state.next_due = Some(stored);
        let found = explain(&feed, now(), 7, &params);
        assert_eq!((found.at, &found.because[0].rule), (Some(stored), &Rule::Stored));
        feed.state = after(&known(HOUR), &read(20, 0));
        feed.state.next_due = Timestamp::from_millisecond(feed.state.next_due.unwrap().as_millisecond()).ok();
        let found = explain(&feed, now(), 7, &params);
        assert_eq!(found.because[0].rule, Rule::Interval(Duration::from_secs(4500)));
        feed.active = false;
        assert_eq!(explain(&feed, now(), 7, &params).at, None);
    }

    #[test]
    fn bounds_that_cannot_be_kept_are_refused() {
        let good = Params::default();
        assert_eq!(good.clone().checked().as_ref(), Ok(&good));
        assert_eq!(Params { interval_min: Duration::ZERO, ..good.clone() }.checked(), Err(ParamsError::FloorZero));
        let under = Params { interval_max: MINUTE, ..good.clone() }.checked();
        assert_eq!(under, Err(ParamsError::CeilingUnderFloor { max: MINUTE, min: 15 * MINUTE }));
        assert!(Params { interval_max: 400 * 24 * HOUR, ..good }.checked().is_err());
    }
}
