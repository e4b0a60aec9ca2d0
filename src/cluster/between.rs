//! Station: two articles asked about: what speaks for their being one story, and what against.

use crate::cluster::document::{self, Document, Times};
use crate::cluster::measures::{self, Subject};
use crate::cluster::params::Params;
use crate::cluster::weights::Weights;
use crate::cluster::{Arrival, Candidate, Clusterer, reason, waiting};
use crate::model::{ClusterId, Reason};

/// An article that was placed long ago.
#[derive(Clone, Debug)]
pub struct Placed<'a> {
    /// What it said when it came.
    pub arrival: Arrival<'a>,
    /// The bytes of its `Assignment`, which hold how rare its words were then; empty where they are gone.
    pub memory: Vec<u8>,
}

/// What speaks for an article being of one story with others, and what against.
#[derive(Clone, Debug, PartialEq)]
pub struct Between {
    /// What was found.
    pub reason: Reason,
    /// The time in seconds between its publication and the nearest of theirs, where that alone keeps them apart.
    pub too_far: Option<u64>,
}

/// Measures an article as if it came when only these others were there, in the order of their ids. What it would have met
/// besides is left out, so that the answer is about these articles alone and may differ from what was decided. `None` where
/// there are no others.
pub fn between(params: &Params, weights: Weights, others: &[Placed<'_>], article: &Placed<'_>) -> Option<Between> {
    let cluster = ClusterId(others.first()?.arrival.id);
    let mut clusterer = Clusterer::new(params.clone(), weights);
    for other in others {
        let document = clusterer.document_of(other);
        clusterer.window.add(document, cluster, params);
    }
    let document = clusterer.document_of(article);
    let group = clusterer.window.group(clusterer.window.slot_of(cluster)?)?;
    let mut measured = measures::measure(&Subject::of(&document), group, &clusterer.window, params)?;
    // As in an empty database: nothing is known of rivals.
    measures::set_rivals(&mut measured, cluster, &[], 0);
    let candidate = Candidate::of(cluster, measured, &clusterer.weights);
    let too_far = candidate.measured.published_gap.filter(|_| candidate.measured.is_too_far(params));
    let reason = reason::reason(&[candidate], true, &document, &clusterer.words(&article.arrival.features));
    Some(Between { reason, too_far })
}

impl Clusterer {
    fn document_of(&self, placed: &Placed<'_>) -> Document {
        let arrival = &placed.arrival;
        let remembered = placed.memory.first() == Some(&document::VERSION);
        let recalled = remembered.then(|| waiting::taken(&placed.memory)).flatten().and_then(|(memory, _)| {
            Document::recall(arrival.id, Times::of(arrival.published, arrival.seen, arrival.dated), memory)
        });
        recalled.unwrap_or_else(|| self.document(arrival))
    }
}
