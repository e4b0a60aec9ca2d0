//! Station: which sentences of a document's entries are its feed's and not theirs.

use std::collections::HashMap;

use crate::features::boilerplate::{mark, sentences};
use crate::identify::likeness;
use crate::model::Draft;

/// In so many entries a sentence stands that is the feed's: a slogan, a plea, the background of an affair that it tells every day.
const ENTRIES_MIN: usize = 3;
/// Sentences of a text that are looked at, from either end of what is read for features.
const SENTENCES_MAX: usize = 64;

/// Notes with every draft which of its sentences the feed repeats. Entries whose texts are nearly the same (an article that is
/// published anew whenever it grows) count as one.
pub(crate) fn note(drafts: &mut [Draft]) {
    let mut holders: HashMap<u32, Vec<usize>> = HashMap::new();
    for (at, draft) in drafts.iter().enumerate() {
        for mark in sentences(&draft.text).take(SENTENCES_MAX).filter_map(mark) {
            let holders = holders.entry(mark).or_default();
            if holders.last() != Some(&at) {
                holders.push(at);
            }
        }
    }
    let is_repeated = |held_by: &[usize]| {
        let mut apart: Vec<usize> = Vec::new();
        for &at in held_by {
            if !apart.iter().any(|other| is_one_text(&drafts[at], &drafts[*other])) {
                apart.push(at);
            }
            if apart.len() == ENTRIES_MIN {
                return true;
            }
        }
        false
    };
    holders.retain(|_, held_by| held_by.len() >= ENTRIES_MIN && is_repeated(held_by));
    if holders.is_empty() {
        return;
    }
    for draft in drafts {
        let mut marks: Vec<u32> = sentences(&draft.text).take(SENTENCES_MAX).filter_map(mark).collect();
        marks.retain(|mark| holders.contains_key(mark));
        marks.sort_unstable();
        marks.dedup();
        draft.repeated = marks;
    }
}

fn is_one_text(one: &Draft, other: &Draft) -> bool {
    let may_meet = one.sketch.zip(other.sketch).is_some_and(|(one, other)| likeness::sketches_meet(one, other));
    one.text == other.text || may_meet && likeness::texts_equal(&one.text, &other.text)
}
