//! Conductor: what is handed to the writer of each feed, and what it reports.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Feed, Health, HostPause};
use crate::prepare::Prepared;
use crate::schedule::{Outcome, Told};

/// What one feed answered, ready to be stored.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The feed, as it was when it was asked.
    pub feed: Feed,
    /// What came of it.
    pub answer: Answer,
    /// What it tells of the feed's host.
    pub reach: Reach,
}

/// What asking one feed tells of its host and of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nothing that concerns other feeds.
    #[default]
    Itself,
    /// A server of the wide network answered something.
    Answered {
        /// The host that was asked.
        host: String,
    },
    /// Nothing at all came from a host of the wide network.
    Silent {
        /// The host that was asked.
        host: String,
        /// When asking began.
        began: Timestamp,
    },
    /// A host wants to be asked less, by all of its feeds.
    Throttled {
        /// The host, as courtesy counts hosts.
        host: String,
        /// Its pause.
        pause: HostPause,
    },
}

/// What came of asking a feed.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was read.
    Read {
        /// What it holds.
        prepared: Prepared,
        /// What the answer says for the next time.
        told: Told,
    },
    /// It has not changed.
    NotModified {
        /// What the answer says for the next time.
        told: Told,
    },
    /// It could not be had, or not be read.
    Failed {
        /// In one word.
        health: Health,
        /// In one line.
        detail: String,
        /// Whether asking again soon may help.
        transient: bool,
        /// For how long the server asks us not to come back.
        retry_after: Option<Duration>,
    },
    /// It was not asked after all, because a host on its way keeps a pause.
    Postponed {
        /// The end of the pause.
        until: Timestamp,
        /// In one line.
        detail: String,
    },
}

impl Answer {
    /// How many entries it brings, by which batches are bounded.
    pub fn entries(&self) -> usize {
        match self {
            Answer::Read { prepared, .. } => prepared.drafts.len(),
            _ => 0,
        }
    }

    /// What came of it in one word, as it is counted.
    pub fn word(&self) -> &'static str {
        match self {
            Answer::Read { .. } => "read",
            Answer::NotModified { .. } => "not-modified",
            Answer::Postponed { .. } => "postponed",
            Answer::Failed { health, .. } => health.word(),
        }
    }

    /// Whether a document came of which the process did not die; that it had not changed says the same of the last one.
    pub(crate) fn is_of_a_document(&self) -> bool {
        match self {
            Answer::Read { .. } | Answer::NotModified { .. } => true,
            Answer::Failed { health, .. } => *health == Health::Unreadable,
            Answer::Postponed { .. } => false,
        }
    }

    /// What the schedule makes of it, once it is known how many of its articles were new.
    pub fn outcome(&self, articles_new: usize) -> Outcome {
        match self {
            Answer::Read { prepared, told } => {
                let undated =
                    if prepared.undated == prepared.drafts.len() { prepared.entries } else { prepared.undated };
                Outcome::Read { entries: prepared.entries, undated, articles_new, told: told.clone() }
            }
            Answer::NotModified { told } => Outcome::NotModified { told: told.clone() },
            Answer::Failed { health, detail, transient, retry_after } => Outcome::Failed {
                health: *health,
                detail: detail.clone(),
                transient: *transient,
                retry_after: *retry_after,
            },
            Answer::Postponed { until, .. } => Outcome::Postponed { until: *until },
        }
    }
}

/// What became of one feed's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedReport {
    /// The feed's URL.
    pub url: String,
    /// Its state before, in one word.
    pub health_before: Health,
    /// Whether its trouble is the one it had before.
    pub is_as_before: bool,
    /// Its state in one word.
    pub health: Health,
    /// The trouble, in one line.
    pub detail: Option<String>,
    /// Entries it held.
    pub entries: usize,
    /// Articles that were new.
    pub articles_new: usize,
    /// Those among them that were published before the feed was added, and so are no news.
    pub articles_backlog: usize,
    /// Articles that had new words.
    pub articles_revised: usize,
    /// Articles that founded a cluster.
    pub clusters_new: usize,
    /// What was wrong with it and could be lived with.
    pub warnings: Vec<String>,
    /// Until when it was put off without being asked, because its host keeps a pause.
    pub postponed: Option<Timestamp>,
}
