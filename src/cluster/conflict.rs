//! Station: names and numbers that each of two articles gives and the other lacks.

use crate::cluster::document::{Document, Held};
use crate::cluster::subject::Shared;
use crate::features::Class;

/// What two articles say that the other does not, each value from 0 (no conflict) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conflict {
    /// Each title has names that the other article lacks altogether.
    pub names: f64,
    /// Each title has numbers that the other article lacks altogether.
    pub title_numbers: f64,
    /// Both texts have numbers, and share few.
    pub numbers: f64,
    /// The share of the fewer numbers that both sides hold.
    pub numbers_shared: f64,
}

/// The rarity of some names and numbers, in steps: whole numbers, so that what is taken away leaves just the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sayings {
    title_names: u32,
    title_numbers: u32,
    numbers: u32,
}

impl Sayings {
    /// Those of an article with these terms.
    pub(crate) fn of(terms: &[Held]) -> Sayings {
        let mut sayings = Sayings::default();
        for term in terms {
            sayings.add(*term);
        }
        sayings
    }

    #[inline]
    fn add(&mut self, term: Held) {
        let rarity = u32::from(term.steps());
        let in_title = rarity * u32::from(term.in_title());
        let (name, number) = (u32::from(term.class() == Class::Name), u32::from(term.class() == Class::Number));
        self.title_names += name * in_title;
        self.title_numbers += number * in_title;
        self.numbers += number * rarity;
    }
}

/// Weighs what each side says and the other does not, by the terms they share: what `Subject::compare` left of the two.
pub fn conflict(left: &Document, right: &Document, shared: &Shared) -> Conflict {
    let (mut ours, mut theirs) = (Sayings::default(), Sayings::default());
    let mut both = 0;
    for (our, their) in shared.places() {
        let (our, their) = (left.terms[our], right.terms[their]);
        ours.add(our);
        theirs.add(their);
        both += u32::from(our.class() == Class::Number) * u32::from(our.steps().min(their.steps()));
    }
    let lacked = |of: fn(&Sayings) -> u32| mutual((of(&left.sayings), of(&ours)), (of(&right.sayings), of(&theirs)));
    let least = left.sayings.numbers.min(right.sayings.numbers);
    let numbers_shared = ratio(both, least);
    Conflict {
        names: lacked(|sayings| sayings.title_names),
        title_numbers: lacked(|sayings| sayings.title_numbers),
        numbers: if least > 0 { 1.0 - numbers_shared } else { 0.0 },
        numbers_shared,
    }
}

/// Only what both sides have, and the other lacks, is a contradiction; of each side, all of it and what the other knows.
fn mutual(left: (u32, u32), right: (u32, u32)) -> f64 {
    ratio((left.0 - left.1).min(right.0 - right.1), left.0.min(right.0))
}

/// A share, 0 of nothing.
fn ratio(part: u32, whole: u32) -> f64 {
    if whole > 0 { (f64::from(part) / f64::from(whole)).min(1.0) } else { 0.0 }
}
