//! Station: why an article is where it is, in named parts whose weights add up to the decision.

use crate::cluster::Candidate;
use crate::cluster::document::Document;
use crate::cluster::measures::{Part, index_of};
use crate::cluster::weights::Weights;
use crate::cluster::window::Window;
use crate::features::{Class, Features, Term};
use crate::model::{Evidence, How, Reason, RunnerUp};

/// Shared words shown with a piece of evidence.
const SHARED_MAX: usize = 8;

/// What words a reason can be told in.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The article's features, which still hold its words.
    pub features: &'a Features,
    /// When it was published, in seconds.
    pub published: i64,
    /// The window, before the article is counted in.
    pub window: &'a Window,
    /// What each measure weighs.
    pub weights: &'a Weights,
}

/// The reason for joining the first candidate, or for founding a cluster in spite of it.
pub fn reason(candidates: &[Candidate], joins: bool, words: &Words<'_>) -> Reason {
    let best = candidates.first();
    let refused = if joins { candidates.get(1) } else { best };
    let nearest = best.map(|best| &best.measured);
    let chance = best.map_or(0.0, Candidate::probability);
    Reason {
        how: if joins { How::Joined } else { How::Founded },
        probability: if joins { chance } else { 1.0 - chance },
        because: best.map(|best| evidence(best, words)).unwrap_or_default(),
        nearest: nearest.map(|measured| measured.nearest),
        hours_apart: nearest
            .and_then(|measured| measured.nearest_published)
            .map(|published| published.abs_diff(words.published) as f64 / 3_600.0),
        runner_up: refused.map(|refused| RunnerUp {
            cluster: refused.cluster,
            probability: refused.probability(),
            because: evidence(refused, words),
        }),
    }
}

/// A candidate's evidence by parts, the weightiest first; the weights add up to its log-odds.
fn evidence(candidate: &Candidate, words: &Words<'_>) -> Vec<Evidence> {
    let values = &candidate.measured.values;
    let weights = words.weights.by_part(values);
    let nearest = words.nearest(candidate);
    let mut evidence: Vec<Evidence> = Part::ALL
        .iter()
        .zip(weights)
        .filter(|(_, weight)| *weight != 0.0)
        .map(|(part, weight)| Evidence {
            what: part.name().to_owned(),
            value: part.shown().map_or(1.0, |measure| values[index_of(measure)]),
            weight,
            shared: nearest.map(|nearest| words.shared(*part, nearest)).unwrap_or_default(),
        })
        .collect();
    evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.what.cmp(&b.what)));
    evidence
}

impl Words<'_> {
    fn nearest(&self, candidate: &Candidate) -> Option<&Document> {
        let group = self.window.group(self.window.slot_of(candidate.cluster)?)?;
        self.window.latest(group, group.articles()).find(|member| member.article == candidate.measured.nearest)
    }

    /// The article's words that the other shares and that belong to this part, rarest first.
    fn shared(&self, part: Part, other: &Document) -> Vec<String> {
        let belongs: fn(&Term) -> bool = match part {
            Part::Title => |term| term.in_title > 0 && !matches!(term.class, Class::Pair | Class::Date),
            Part::Text => |term| term.class == Class::Word,
            Part::Names => |term| matches!(term.class, Class::Name | Class::Pair),
            Part::Numbers => |term| term.class == Class::Number,
            _ => return Vec::new(),
        };
        let mut shared: Vec<(f32, &Term)> = self
            .features
            .terms
            .iter()
            .filter(|term| belongs(term))
            .filter_map(|term| other.term(term.hash).map(|held| (held, term)))
            .filter(|(held, _)| part != Part::Title || held.in_title())
            .map(|(held, term)| (held.rarity(), term))
            .collect();
        shared.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.hash.cmp(&b.1.hash)));
        shared.truncate(SHARED_MAX);
        shared.into_iter().map(|(_, term)| term.word.clone()).collect()
    }
}
