//! Station: what two articles mean, whichever words they use: concepts (`features/concepts.rs`) that their heads share, lack or
//! contradict.

use std::cmp::Ordering;

use crate::cluster::document::{Document, ratio};
use crate::features::concepts::{Concept, Concepts};

/// How the concepts of two heads stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meant {
    /// The cosine of the heads' concepts.
    pub alike: f32,
    /// How much the concepts tell that both heads hold.
    pub shared: f32,
    /// The share of each head's concepts that the other article holds anywhere; of both, the lesser and the greater.
    pub told: [f32; 2],
    /// How much the concepts tell that each head holds and the other article lacks; of both, the lesser.
    pub lacked: f32,
    /// What is done, without who or what is there.
    pub deeds: Deeds,
    /// How much the strongest of these tells that is the opposite of one of the other head's.
    pub opposed: f32,
    /// Whether both heads hold any.
    pub known: bool,
}

/// How the deeds of two heads stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Deeds {
    /// How much those tell that both heads hold.
    pub shared: f32,
    /// The share of each head's that the other article lacks; of both, the lesser. 0 where one head has none.
    pub lacked_share: f32,
    /// How much those tell that each head holds and the other article lacks; of both, the lesser.
    pub lacked: f32,
}

/// One head's concepts: how much those tell that the other article holds, and those that it lacks.
#[derive(Clone, Copy, Default)]
struct Side {
    known: f32,
    lacked: f32,
    squares: f32,
    /// Of what is done alone.
    deeds_known: f32,
    deeds_lacked: f32,
    /// What is lacked, in the order of concepts.
    concepts: [u16; LACKED_MAX],
    count: usize,
}

/// Concepts that are lacked and looked at; few heads hold more.
const LACKED_MAX: usize = 16;

impl Side {
    fn all(&self) -> f32 {
        self.known + self.lacked
    }

    fn deeds_lacked_share(&self) -> f32 {
        ratio(self.deeds_lacked, self.deeds_known + self.deeds_lacked)
    }

    /// Counts a concept that the other article holds, if it stands in the head.
    fn know(&mut self, concept: Concept) {
        let tells = if concept.in_head { concept.tells() } else { 0.0 };
        self.known += tells;
        self.deeds_known += if Concepts::builtin().is_deed(concept.id) { tells } else { 0.0 };
        self.squares += tells * tells;
    }

    /// Counts one that the other article lacks.
    fn lack(&mut self, concept: Concept) {
        if !concept.in_head {
            return;
        }
        let tells = concept.tells();
        self.lacked += tells;
        self.deeds_lacked += if Concepts::builtin().is_deed(concept.id) { tells } else { 0.0 };
        self.squares += tells * tells;
        if let Some(place) = self.concepts.get_mut(self.count) {
            *place = concept.packed();
            self.count += 1;
        }
    }

    fn concepts(&self) -> impl Iterator<Item = Concept> {
        self.concepts[..self.count].iter().copied().map(Concept::of_packed)
    }

    /// How much the strongest of what is lacked tells that contradicts what the other lacks.
    fn opposed(&self, other: &Side) -> f32 {
        let table = Concepts::builtin();
        let mut strongest = 0.0_f32;
        for ours in self.concepts() {
            for opposite in table.opposites(ours.id) {
                let theirs = other.concepts().find(|theirs| theirs.id == opposite);
                strongest = strongest.max(theirs.map_or(0.0, |theirs| ours.tells().min(theirs.tells())));
            }
        }
        strongest
    }
}

/// Compares the concepts of two articles.
pub fn meant(left: &Document, right: &Document) -> Meant {
    let [mut ours, mut theirs] = [Side::default(); 2];
    let (mut product, mut shared, mut shared_deeds) = (0.0_f32, 0.0_f32, 0.0_f32);
    let (mut i, mut j) = (0, 0);
    while let (Some(one), Some(other)) = (left.concepts.get(i), right.concepts.get(j)) {
        match one.id.cmp(&other.id) {
            Ordering::Less => ours.lack(*one),
            Ordering::Greater => theirs.lack(*other),
            Ordering::Equal => {
                ours.know(*one);
                theirs.know(*other);
                if one.in_head && other.in_head {
                    product += one.tells() * other.tells();
                    let tells = one.tells().min(other.tells());
                    shared += tells;
                    shared_deeds += if Concepts::builtin().is_deed(one.id) { tells } else { 0.0 };
                }
            }
        }
        i += usize::from(one.id <= other.id);
        j += usize::from(other.id <= one.id);
    }
    left.concepts[i..].iter().for_each(|concept| ours.lack(*concept));
    right.concepts[j..].iter().for_each(|concept| theirs.lack(*concept));
    let told = [ratio(ours.known, ours.all()), ratio(theirs.known, theirs.all())];
    Meant {
        alike: ratio(product, (ours.squares * theirs.squares).sqrt()),
        shared,
        told: [told[0].min(told[1]), told[0].max(told[1])],
        lacked: ours.lacked.min(theirs.lacked),
        deeds: Deeds {
            shared: shared_deeds,
            lacked_share: ours.deeds_lacked_share().min(theirs.deeds_lacked_share()),
            lacked: ours.deeds_lacked.min(theirs.deeds_lacked),
        },
        opposed: ours.opposed(&theirs),
        known: ours.all() > 0.0 && theirs.all() > 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::document::Times;
    use crate::features::lexicon::Lexicon;
    use crate::features::{self, Params, Subject};
    use crate::model::ArticleId;

    fn document(title: &str) -> Document {
        let subject = Subject { title, text: "", lang: Some("en") };
        let features = features::of(&subject, Lexicon::builtin(), &Params::default());
        let rarities = features.terms.iter().map(|term| -term.rarity.share().ln());
        let times = Times { published: 0, seen: 0, dated: true };
        Document::of(ArticleId(1), times, &features, rarities)
    }

    fn compared(left: &str, right: &str) -> Meant {
        let (left, right) = (document(left), document(right));
        let found = meant(&left, &right);
        assert_eq!(found, meant(&right, &left), "both ways: {left:?} / {right:?}");
        found
    }

    #[test]
    fn one_deed_in_other_words_is_one() {
        for (left, right) in [
            ("Halvorsen quits", "Halvorsen steps down"),
            ("Chapel robbed", "Burglars raid the chapel"),
            ("Ferry runs aground", "Ferry stuck on a sandbank after running aground"),
            ("Blaze guts chapel", "Chapel engulfed by flames"),
        ] {
            let found = compared(left, right);
            assert!(found.shared > 0.0 && found.opposed == 0.0, "{left} / {right}: {found:?}");
        }
    }

    #[test]
    fn other_deeds_are_lacked_and_contrary_ones_opposed() {
        let other = compared("Halvorsen resigns", "Halvorsen marries");
        assert!(other.deeds.lacked > 0.0 && other.deeds.lacked_share == 1.0 && other.opposed == 0.0, "{other:?}");
        for (left, right) in [
            ("Court acquits Halvorsen", "Halvorsen convicted"),
            ("Bank raises rates", "Bank lowers rates"),
            ("Jury finds Halvorsen not guilty", "Jury finds Halvorsen guilty"),
        ] {
            let found = compared(left, right);
            assert!(found.opposed > 0.0, "{left} / {right}: {found:?}");
        }
    }

    #[test]
    fn who_is_there_is_no_deed() {
        let found = compared("Teenager rescued", "Boy rescued by the lifeboat");
        assert!(found.deeds.shared > 0.0 && found.deeds.lacked == 0.0, "{found:?}");
    }

    #[test]
    fn nothing_is_known_of_what_says_nothing() {
        assert_eq!(compared("Qwolde", "Zarvenne").told, [0.0; 2]);
        assert!(!compared("Qwolde", "Halvorsen resigns").known);
    }
}
