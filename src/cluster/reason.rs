//! Station: why an article is where it is, in named parts whose weights add up to the decision.

use std::cmp::Reverse;

use crate::cluster::Candidate;
use crate::cluster::document::{Document, Held};
use crate::cluster::measures::{COUNT, Part, SHOWN};
use crate::cluster::subject::SHARED_USUALLY;
use crate::cluster::weights::probability;
use crate::cluster::window::Window;
use crate::features::{Class, Features, Term};
use crate::model::{ClusterId, Evidence, How, Reason, RunnerUp, WordList};

/// Shared words shown with a piece of evidence.
const SHARED_MAX: usize = 8;

/// What words a reason can be told in.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The newcomer's features, which still hold its words; of older articles only numbers are left.
    pub features: &'a Features,
    /// The window, before anything is moved.
    pub window: &'a Window,
}

/// A member of one cluster, measured against another.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The member.
    pub subject: Document,
    /// The other cluster, and what was found.
    pub candidate: Candidate,
}

/// The reason for joining the first candidate, or for founding a cluster in spite of it.
pub fn reason(candidates: &[Candidate], joins: bool, article: &Document, words: &Words<'_>) -> Reason {
    let best = candidates.first();
    let refused = if joins { candidates.get(1) } else { best };
    let chance = best.map_or(0.0, Candidate::probability);
    let evidence = |candidate: &Candidate| {
        let told = words.told_by_both(candidate);
        let values = &candidate.measured.values;
        evidence(values, candidate.worths, |part| shared(part, &told, words.features))
    };
    Reason {
        how: if joins { How::Joined } else { How::Founded },
        probability: if joins { chance } else { 1.0 - chance },
        because: best.map(evidence).unwrap_or_default(),
        nearest: best.map(|best| best.measured.nearest),
        hours_apart: best.and_then(|best| hours_apart(article, best)),
        runner_up: refused.map(|refused| RunnerUp {
            cluster: refused.cluster,
            probability: refused.probability(),
            because: evidence(refused),
        }),
    }
}

/// The reason for two clusters to be one, or for a part to have left `left`: the mean of what several members gave.
pub fn between(how: How, compared: &[Compared], left: Option<ClusterId>, words: &Words<'_>) -> Reason {
    let count = compared.len().max(1) as f64;
    let (mut values, mut weights) = ([0.0; COUNT], [0.0; Part::ALL.len()]);
    for Compared { candidate, .. } in compared {
        for (sum, value) in values.iter_mut().zip(candidate.measured.values) {
            *sum += value / count;
        }
        for (sum, weight) in weights.iter_mut().zip(candidate.worths) {
            *sum += weight / count;
        }
    }
    let best = compared.iter().reduce(|a, b| if b.candidate.log_odds > a.candidate.log_odds { b } else { a });
    let mut told = best.map(|best| words.told_by_both(&best.candidate)).unwrap_or_default();
    told.retain(|(term, _)| best.is_some_and(|best| best.subject.term(term.hash).is_some()));
    let because = evidence(&values, weights, |part| shared(part, &told, words.features));
    let chance = probability(because.iter().map(|part| part.weight).sum());
    Reason {
        how,
        probability: if left.is_some() { 1.0 - chance } else { chance },
        because: because.clone(),
        nearest: best.map(|best| best.candidate.measured.nearest),
        hours_apart: best.and_then(|best| hours_apart(&best.subject, &best.candidate)),
        runner_up: left.map(|cluster| RunnerUp { cluster, probability: chance, because }),
    }
}

fn hours_apart(article: &Document, candidate: &Candidate) -> Option<f64> {
    Some(candidate.measured.nearest_published?.abs_diff(article.published) as f64 / 3_600.0)
}

/// The evidence by parts, the weightiest first.
fn evidence(
    values: &[f64; COUNT],
    weights: [f64; Part::ALL.len()],
    shared: impl Fn(Part) -> WordList,
) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::with_capacity(Part::ALL.len());
    let weighed = Part::ALL.iter().zip(weights).filter(|(_, weight)| *weight != 0.0);
    evidence.extend(weighed.map(|(part, weight)| Evidence {
        what: part.name().into(),
        value: SHOWN[*part as usize].map_or(1.0, |measure| values[measure]),
        weight,
        shared: shared(*part),
    }));
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.what.cmp(&b.what)));
    evidence
}

impl Words<'_> {
    fn nearest(&self, candidate: &Candidate) -> Option<&Document> {
        let group = self.window.group(self.window.slot_of(candidate.cluster)?)?;
        self.window.latest(group, group.articles()).find(|member| member.article == candidate.measured.nearest)
    }

    /// The newcomer's words that the candidate's nearest member holds too, as it holds them; the rarest first.
    fn told_by_both(&self, candidate: &Candidate) -> Vec<(&Term, Held)> {
        let Some(other) = self.nearest(candidate) else { return Vec::new() };
        let mut theirs = other.terms.iter().peekable();
        let mut held = |term: &&Term| {
            while theirs.next_if(|their| their.hash < term.hash).is_some() {}
            theirs.next_if(|their| their.hash == term.hash)
        };
        let mut told = Vec::with_capacity(SHARED_USUALLY);
        told.extend(self.features.terms.iter().filter_map(|term| Some((term, *held(&term)?))));
        told.sort_unstable_by_key(|(term, held)| (Reverse(held.steps()), term.hash));
        told
    }
}

/// Of the words that both hold, the rarest first, those that belong to this part.
fn shared(part: Part, told: &[(&Term, Held)], features: &Features) -> WordList {
    let belongs: fn(&Term) -> bool = match part {
        Part::Title => |term| term.in_title > 0 && !matches!(term.class, Class::Pair | Class::Date),
        Part::Text => |term| term.class == Class::Word,
        Part::Names => |term| matches!(term.class, Class::Name | Class::Pair),
        Part::Numbers => |term| term.class == Class::Number,
        _ => return WordList::default(),
    };
    let fits = |(term, held): &&(&Term, Held)| belongs(term) && (part != Part::Title || held.in_title());
    told.iter().filter(fits).take(SHARED_MAX).map(|(term, _)| features.word(term)).collect()
}
