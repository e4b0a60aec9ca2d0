//! Station: which cluster an article belongs to, and why.

pub mod params;
pub mod weights;

use jiff::Timestamp;
use thiserror::Error;

use crate::cluster::params::Params;
use crate::cluster::weights::Weights;
use crate::features::Features;
use crate::features::lexicon::Lexicon;
use crate::model::{ArticleId, ClusterId, How, Reason};

/// An article that has been stored and asks for its cluster.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// Its place in the log; arrivals come in the order of their ids.
    pub id: ArticleId,
    /// When it was published; scores compare it with the members' publication times.
    pub published: Timestamp,
    /// When it was first stored; the window is counted in it.
    pub seen: Timestamp,
    /// The publisher.
    pub outlet: &'a str,
    /// Whether its feed is not to be grouped: it founds a cluster that nothing joins.
    pub alone: bool,
    /// What it is compared by.
    pub features: Features,
}

/// Where an article belongs, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The article.
    pub article: ArticleId,
    /// Its cluster, which it may have founded.
    pub cluster: ClusterId,
    /// Why it is there.
    pub reason: Reason,
    /// What `Clusterer::restore` needs of it: opaque, to be stored with the article for as long as it is in the window.
    pub memory: Vec<u8>,
    /// The member whose text it repeats, verbatim or lightly edited.
    pub copy_of: Option<ArticleId>,
}

/// An article of the window as the store remembers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The article.
    pub article: ArticleId,
    /// Its cluster as it stands now.
    pub cluster: ClusterId,
    /// When it was published.
    pub published: Timestamp,
    /// When it was first stored.
    pub seen: Timestamp,
    /// The publisher.
    pub outlet: String,
    /// The bytes of its `Assignment`.
    pub memory: Vec<u8>,
}

/// Why a window cannot be restored.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RestoreError {
    /// Another version of newsfold wrote it.
    #[error(
        "the memory of article `{article}` is of version `{found}`, not `{expected}`: its features must be made again"
    )]
    Version {
        /// The article's number.
        article: i64,
        /// The version found.
        found: u8,
        /// The version that can be read.
        expected: u8,
    },
    /// It is damaged.
    #[error("the memory of article `{article}` is damaged: its features must be made again")]
    Damaged {
        /// The article's number.
        article: i64,
    },
}

/// The articles of the window in their clusters, ready to say where the next one belongs.
///
/// It is a function of its arrivals: the same arrivals in the same order give the same result, wherever it was restored in between.
#[derive(Debug)]
pub struct Clusterer {
    params: Params,
}

impl Clusterer {
    /// An empty window.
    pub fn new(params: Params, _weights: Weights, _lexicon: &'static Lexicon) -> Clusterer {
        Clusterer { params }
    }

    /// The window as the store remembers it, in the order of ids: every article with `seen` after `Params::window_start` of the
    /// latest `seen` stored. More does no harm.
    ///
    /// # Errors
    /// When a memory cannot be read; `place` makes it again from the article's words.
    pub fn restore(
        params: Params,
        weights: Weights,
        lexicon: &'static Lexicon,
        window: impl Iterator<Item = Remembered>,
    ) -> Result<Clusterer, RestoreError> {
        let clusterer = Clusterer::new(params, weights, lexicon);
        for _remembered in window {}
        Ok(clusterer)
    }

    /// Says where an article belongs, and counts it in.
    pub fn assign(&mut self, arrival: Arrival<'_>) -> Assignment {
        let reason = Reason {
            how: How::Founded,
            probability: 1.0,
            because: Vec::new(),
            nearest: None,
            hours_apart: None,
            runner_up: None,
        };
        Assignment { article: arrival.id, cluster: ClusterId(arrival.id), reason, memory: Vec::new(), copy_of: None }
    }

    /// Counts an article into a cluster that is already known, and gives its memory: for corrections, for training, and for
    /// articles whose memory another version wrote.
    pub fn place(&mut self, _arrival: Arrival<'_>, _cluster: ClusterId) -> Vec<u8> {
        Vec::new()
    }

    /// Its limits.
    pub fn params(&self) -> &Params {
        &self.params
    }
}
