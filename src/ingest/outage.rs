//! Conductor: whether it is the network that is down, and not the feeds.
//!
//! It says so when several hosts in a row gave no sign of life, and none has given one since a good while before. Their failures
//! were stored like any other, and are taken back then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Feed, FeedId};
use crate::writer::{Intake, Reach};

/// How many different hosts must be silent, where so many are known. Two dead ones in a row are met every day.
const HOSTS_MIN: usize = 3;
/// A network that brought an answer so short a time before is not taken for dead: in every pass the dead hosts are heard of
/// last, when their deadlines have passed.
const ALIVE_FOR: SignedDuration = SignedDuration::from_secs(60);

/// What was heard since a host last answered.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    alive_at: Option<Timestamp>,
    silent: BTreeSet<String>,
    known: BTreeSet<String>,
    /// Each as it was before the first of its failures.
    blamed: BTreeMap<FeedId, Feed>,
}

impl Outage {
    /// Takes in what one feed's request told, now.
    pub(crate) fn hear(&mut self, intake: &Intake, now: Timestamp) {
        match &intake.reach {
            Reach::Answered { host } | Reach::Throttled { host, .. } => {
                self.known.insert(host.clone());
                self.alive_at = Some(now);
                self.silent.clear();
                self.blamed.clear();
            }
            Reach::Silent { host, began } => {
                self.known.insert(host.clone());
                if self.alive_at.is_none_or(|alive| began.duration_since(alive) > ALIVE_FOR) {
                    self.silent.insert(host.clone());
                    self.blamed.entry(intake.feed.id).or_insert_with(|| intake.feed.clone());
                }
            }
            Reach::Itself => {}
        }
    }

    /// The feeds that failed for nothing but the network, each as it was before; none while that is not sure. `is_idle` says
    /// that no request is under way whose answer could still prove the network alive.
    pub(crate) fn blameless(&mut self, is_idle: bool) -> Vec<Feed> {
        let wanted = HOSTS_MIN.min(self.known.len()).max(2);
        let is_sure = is_idle && self.silent.len() >= wanted;
        if is_sure { std::mem::take(&mut self.blamed).into_values().collect() } else { Vec::new() }
    }
}
