//! Station: when a feed's word that it has moved for good is believed.
//!
//! A permanent redirect that is obeyed at once is a gift to every captive portal, expired domain and slip of a server's owner;
//! one that is never obeyed asks the old address for ever, which is rude. So the new address must have been named the same
//! way by several good answers over days, and each of these must have been a feed.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Feed, FeedState, Moving};

/// How many good answers must have come by the redirect.
const TIMES_MIN: u32 = 3;
/// How long they must have spoken of it.
const SINCE_MIN: SignedDuration = SignedDuration::from_hours(48);
/// After how many failures in a row the new address is given up: the next request goes to the feed's own URL, and follows
/// whatever redirect is there then.
const FAILURES_MAX: u32 = 4;

/// The state after a good answer that says the feed lives at `to` for good, or says nothing of the kind.
pub(crate) fn after_answer(mut state: FeedState, feed: &Feed, to: Option<&str>, now: Timestamp) -> FeedState {
    let to = to.filter(|to| *to != feed.asked_url() && !loses_encryption(feed.asked_url(), to));
    let Some(to) = to else {
        state.moving = None;
        return state;
    };
    let moving = match state.moving.take() {
        Some(moving) if moving.to == to && moving.since <= now => {
            Moving { times: moving.times.saturating_add(1), ..moving }
        }
        _ => Moving { to: to.to_owned(), since: now, times: 1 },
    };
    if moving.times >= TIMES_MIN && now.duration_since(moving.since) >= SINCE_MIN {
        // Back to where the config has it is no move.
        state.moved_to = Some(moving.to).filter(|to| *to != feed.url);
    } else {
        state.moving = Some(moving);
    }
    state
}

/// The state after one more failure.
pub(crate) fn after_failure(mut state: FeedState) -> FeedState {
    if state.failures >= FAILURES_MAX {
        state.moved_to = None;
    }
    state
}

/// From `https` to `http`: that is followed, for the feed is there, and never made permanent.
fn loses_encryption(from: &str, to: &str) -> bool {
    let is_encrypted = |url: &str| url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
    is_encrypted(from) && !is_encrypted(to)
}
