//! Conductor: whether it is the network that is down, and not the feeds.
//!
//! It says so when several hosts in a row gave no sign of life and none answered in between. Their failures were stored like any
//! other, and are taken back then.

use std::collections::BTreeSet;

use crate::model::Feed;
use crate::writer::{Intake, Reach};

/// How many different hosts must be silent, where so many are known. Two dead ones in a row are met every day.
const HOSTS_MIN: usize = 3;

/// What was heard since a host last answered.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    silent: BTreeSet<String>,
    known: BTreeSet<String>,
    blamed: Vec<Feed>,
}

impl Outage {
    /// Takes in what one feed's request told.
    pub(crate) fn hear(&mut self, intake: &Intake) {
        match &intake.reach {
            Reach::Answered { host } | Reach::Throttled { host, .. } => {
                self.known.insert(host.clone());
                self.silent.clear();
                self.blamed.clear();
            }
            Reach::Silent { host } => {
                self.known.insert(host.clone());
                self.silent.insert(host.clone());
                self.blamed.push(intake.feed.clone());
            }
            Reach::Itself => {}
        }
    }

    /// The feeds that failed for nothing but the network, each as it was before; none while that is not sure. `is_idle` says
    /// that no request is under way whose answer could still prove the network alive.
    pub(crate) fn blameless(&mut self, is_idle: bool) -> Vec<Feed> {
        let wanted = HOSTS_MIN.min(self.known.len()).max(2);
        if is_idle && self.silent.len() >= wanted { std::mem::take(&mut self.blamed) } else { Vec::new() }
    }
}
