//! Station: what two articles tell apart: who and what stands in the head of each, and how much of it the other knows.
//!
//! The event stands in an article's *head*: its title and the first sentence of its text. Two reports of one event may share few
//! words, but what one head says the other report mostly knows. Two events in one frame (a template, a place, an actor, a paragraph
//! of background) share much, and each head has what the other article lacks altogether.

use crate::cluster::document::{Document, Held, ratio};
use crate::cluster::subject::Shared;
use crate::features::Class;

/// Rarity (in nats) that tells nothing, and from which on a term is no more telling: one article in 400 holds it, or none ever did. A
/// name that is new to the stream is as rare as can be and still only one name.
const TELLING: std::ops::RangeInclusive<f32> = 2.0..=6.0;

/// How much a term tells, from 0 to 4. What another text may write for a word is met there, and missed by nobody.
fn telling(term: Held) -> f32 {
    if term.class() == Class::Part {
        return 0.0;
    }
    term.rarity().min(*TELLING.end()) - term.rarity().min(*TELLING.start())
}

/// Classes of terms, as `Head::masses` counts them.
const CLASSES: usize = 4;

fn index(class: Class) -> usize {
    match class {
        Class::Word | Class::Date | Class::Part => 0, // the last two weigh nothing
        Class::Name => 1,
        Class::Number => 2,
        Class::Pair => 3,
    }
}

const DEEDS: usize = 0;
const NAMES: usize = 1;
const NUMBERS: usize = 2;
const PAIRS: usize = 3;

/// What an article's head weighs: sums of how much its terms tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Head {
    /// By class.
    masses: [f32; CLASSES],
    /// Of the title: words, and names.
    titles: [f32; 2],
    /// Of the title's front.
    front: f32,
    /// Of the title's kicker, and of what the title says beside it.
    kicker: f32,
    rest: f32,
    /// Of the first sentence, what the title does not say.
    beyond: f32,
    /// The squares of words, of names and of numbers.
    squares: [f32; 3],
}

impl Head {
    /// The head of an article with these terms.
    pub fn of(terms: &[Held]) -> Head {
        let mut head = Head::default();
        for term in terms {
            head.add(*term, telling(*term));
        }
        head
    }

    /// Counts a term, if it stands in the head.
    fn add(&mut self, term: Held, tells: f32) {
        if !term.in_head() {
            return;
        }
        let class = index(term.class());
        self.masses[class] += tells;
        if class == PAIRS {
            return;
        }
        self.squares[class] += tells * tells;
        if term.in_title() && class < self.titles.len() {
            self.titles[class] += tells;
        }
        if term.in_front() {
            self.front += tells;
        }
        if term.in_kicker() {
            self.kicker += tells;
        } else if term.in_title() {
            self.rest += tells;
        }
        if !term.in_title() {
            self.beyond += tells;
        }
    }

    fn length(&self) -> f32 {
        self.squares.iter().sum::<f32>().sqrt()
    }

    /// All but pairs, whose words count already.
    fn mass(&self) -> f32 {
        self.masses[DEEDS] + self.masses[NAMES] + self.masses[NUMBERS]
    }
}

/// What two articles tell apart, and what they tell both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contrast {
    /// The cosine of the heads, of their words alone, and of their names alone.
    pub heads: [f32; 3],
    /// How much the words tell that both articles hold and one of the heads, and how much the names.
    pub in_heads: [f32; 2],
    /// How much of each title the other article lacks, words and names: the lesser.
    pub title_lacked: f32,
    /// The share of a head that the other article tells anywhere; of both, the lesser and the greater.
    pub told: [f32; 2],
    /// The share of what both tell that stands in neither head.
    pub background: f32,
    /// Names of each head that the other article lacks: the lesser mass, and the lesser share.
    pub names_lacked: [f32; 2],
    /// Words of each head that the other article lacks, likewise.
    pub deeds_lacked: [f32; 2],
    /// Names of two words, likewise: the share alone.
    pub pairs_lacked: f32,
    /// The share of the names of a head that the other article tells; of both, the greater.
    pub names_told: f32,
    /// The same of words.
    pub deeds_told: f32,
    /// The share of each title's front that the other article lacks; of both, the lesser.
    pub front_lacked: f32,
    /// The share of the weightier kicker that both titles have as theirs; 0 where one has none.
    pub kicker: f32,
    /// The share of what each title says beside its kicker that the other article lacks; of both, the lesser.
    pub rest_lacked: f32,
    /// How much the strongest but one of the shared terms tells.
    pub second: f32,
    /// How much the shared words tell, and the shared names.
    pub shared: [f32; 2],
    /// How much the words tell that both titles hold.
    pub title_worth: f32,
    /// The share of a first sentence, without what its title says, that the other article tells; of both, the greater. 1 where one
    /// has nothing there.
    pub beyond_told: f32,
}

/// Compares two articles' heads in one pass over the terms they share, as `Subject::compare` found them.
pub fn contrast(left: &Document, right: &Document, shared_terms: &Shared) -> Contrast {
    // What is known of each head in the other article.
    let mut known = [Head::default(); 2];
    let (mut heads, mut in_heads) = ([0.0_f32; 3], [0.0_f32; 3]);
    let (mut all, mut title_worth) = (0.0_f32, 0.0_f32);
    let (mut first, mut second) = (0.0_f32, 0.0_f32);
    let (mut shared, mut kicker) = ([0.0_f32; CLASSES], 0.0_f32);
    for (our, their) in shared_terms.places() {
        let (a, b) = (left.terms[our], right.terms[their]);
        let (ours, theirs) = (telling(a), telling(b));
        known[0].add(a, ours);
        known[1].add(b, theirs);
        let tells = ours.min(theirs);
        let class = index(a.class());
        shared[class] += tells;
        if class == PAIRS {
            continue;
        }
        all += tells;
        second = second.max(tells.min(first));
        first = first.max(tells);
        if a.in_head() || b.in_head() {
            in_heads[class] += tells;
        }
        if a.in_head() && b.in_head() {
            heads[class] += ours * theirs;
        }
        if a.in_title() && b.in_title() {
            title_worth += tells;
        }
        if a.in_kicker() && b.in_kicker() {
            kicker += tells;
        }
    }
    let [ours, theirs] = [Sided { all: left.head, known: known[0] }, Sided { all: right.head, known: known[1] }];
    let told = [ours.told(Head::mass), theirs.told(Head::mass)];
    let beyond = |head: &Head| head.beyond;
    let cosine = |class: usize| ratio(heads[class], (left.head.squares[class] * right.head.squares[class]).sqrt());
    Contrast {
        heads: [ratio(heads.iter().sum(), left.head.length() * right.head.length()), cosine(DEEDS), cosine(NAMES)],
        in_heads: [in_heads[DEEDS], in_heads[NAMES]],
        title_lacked: lacked(&ours, &theirs, |head| head.titles[DEEDS] + head.titles[NAMES])[0],
        told: [told[0].min(told[1]), told[0].max(told[1])],
        background: if all > 0.0 { 1.0 - ratio(in_heads.iter().sum(), all) } else { 0.0 },
        names_lacked: lacked(&ours, &theirs, |head| head.masses[NAMES]),
        deeds_lacked: lacked(&ours, &theirs, |head| head.masses[DEEDS]),
        pairs_lacked: lacked(&ours, &theirs, |head| head.masses[PAIRS])[1],
        names_told: ours.told(|head| head.masses[NAMES]).max(theirs.told(|head| head.masses[NAMES])),
        deeds_told: ours.told(|head| head.masses[DEEDS]).max(theirs.told(|head| head.masses[DEEDS])),
        front_lacked: lacked(&ours, &theirs, |head| head.front)[1],
        kicker: ratio(kicker, left.head.kicker.max(right.head.kicker)),
        rest_lacked: lacked(&ours, &theirs, |head| head.rest)[1],
        second,
        shared: [shared[DEEDS], shared[NAMES]],
        title_worth,
        beyond_told: if left.head.beyond > 0.0 && right.head.beyond > 0.0 {
            ours.told(beyond).max(theirs.told(beyond))
        } else {
            1.0
        },
    }
}

/// One side's head: all of it, and what the other article knows of it.
struct Sided {
    all: Head,
    known: Head,
}

impl Sided {
    fn told(&self, of: impl Fn(&Head) -> f32) -> f32 {
        ratio(of(&self.known), of(&self.all))
    }

    /// Mass and share of what the other article does not know.
    fn lacked(&self, of: impl Fn(&Head) -> f32) -> (f32, f32) {
        let (all, known) = (of(&self.all), of(&self.known));
        ((all - known).max(0.0), if all > 0.0 { 1.0 - ratio(known, all) } else { 0.0 })
    }
}

/// Only what each side has and the other lacks is a contradiction: the lesser mass and the lesser share.
fn lacked(ours: &Sided, theirs: &Sided, of: impl Fn(&Head) -> f32 + Copy) -> [f32; 2] {
    let (ours, theirs) = (ours.lacked(of), theirs.lacked(of));
    [ours.0.min(theirs.0), ours.1.min(theirs.1)]
}

/// How the numbers of two heads stand to each other that stand beside one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Both give the same number.
    pub agree: bool,
    /// Each tells another one apart: stage 2 and stage 3.
    pub which_apart: bool,
    /// Each counts another number, neither of which the other article gives.
    pub many_apart: bool,
    /// Of those that count, the later article counts more, and not many times more: 12 dead, then 17.
    pub grown: bool,
}

/// A count that grows by more than this factor is another count.
const GROWN_MAX: f32 = 4.0;

/// Compares the figures of two articles.
pub fn figures(left: &Document, right: &Document) -> Figures {
    let mut found = Figures::default();
    for ours in &left.figures {
        let theirs = || right.figures.iter().filter(|theirs| theirs.beside == ours.beside);
        if theirs().any(|theirs| theirs.number == ours.number) {
            found.agree = true;
            continue;
        }
        let Some(theirs) = theirs().next() else { continue };
        if right.term(ours.number).is_some() || left.term(theirs.number).is_some() {
            continue;
        }
        if ours.tells_which() {
            found.which_apart = true;
            continue;
        }
        found.many_apart = true;
        let is_later = left.published >= right.published;
        let (earlier, later) = if is_later { (theirs, ours) } else { (ours, theirs) };
        found.grown |= earlier.value < later.value && later.value <= GROWN_MAX * earlier.value;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::document::Times;
    use crate::cluster::subject;
    use crate::features::lexicon::Lexicon;
    use crate::features::{self, Params, Subject};
    use crate::model::ArticleId;

    fn document(title: &str, text: &str, published: i64) -> Document {
        let subject = Subject { title, text, lang: Some("en") };
        let features = features::of(&subject, Lexicon::builtin(), &Params::default());
        let rarities = features.terms.iter().map(|term| -term.rarity.share().ln());
        Document::of(ArticleId(1), Times { published, seen: published, dated: true }, &features, rarities)
    }

    fn compared(left: &Document, right: &Document) -> Contrast {
        let mut shared = Shared::default();
        subject::Subject::of(left).compare(right, &mut shared);
        contrast(left, right, &shared)
    }

    #[test]
    fn the_subject_that_is_exchanged_is_seen() {
        let left = document("Halvorsen quits as mayor of Brusco", "", 0);
        let right = document("Okonkwo quits as mayor of Telmarra", "", 0);
        let same = document("Mayor of Brusco resigns: Halvorsen goes after nine years", "", 0);
        let (apart, together) = (compared(&left, &right), compared(&left, &same));
        assert_eq!(apart.front_lacked, 1.0);
        assert_eq!(apart.names_lacked[1], 1.0);
        assert!(apart.deeds_told > 0.9, "{apart:?}");
        assert_eq!(together.front_lacked, 0.0);
        assert_eq!(together.names_lacked, [0.0; 2]);
    }

    #[test]
    fn background_stands_in_neither_head() {
        let background =
            "The Corvane refinery employs 900 people and has stood idle since the spring flood of the Tamsel river.";
        let left = document(
            "Strike ends",
            &format!("Dockers returned to their cranes on Friday after nine nights out. {background}"),
            0,
        );
        let right = document(
            "Choir wins",
            &format!("A choir of pensioners took the first prize of the festival. {background}"),
            0,
        );
        let found = compared(&left, &right);
        assert!(found.background > 0.9, "{found:?}");
        assert!(found.told[1] < 0.2, "{found:?}");
        assert!(found.beyond_told < 0.2, "{found:?}");
    }

    #[test]
    fn it_says_the_same_both_ways() {
        let left = document("Ferry Aurelia runs aground off Brusco", "Divers search the wreck of the ferry.", 0);
        let right = document("Aurelia sinks", "The ferry Aurelia ran aground near Telmarra.", 3_600);
        assert_eq!(compared(&left, &right), compared(&right, &left));
        assert_eq!(figures(&left, &right), figures(&right, &left));
    }

    #[test]
    fn numbers_beside_one_word() {
        let check = |left: &str, right: &str, expected: Figures| {
            let (left, right) = (document(left, "", 0), document(right, "", 3_600));
            assert_eq!(figures(&left, &right), expected, "{} / {}", left.title_key, right.title_key);
            let swapped = figures(&right, &left);
            assert_eq!(swapped, expected, "swapped: {} / {}", left.title_key, right.title_key);
        };
        let nothing = Figures::default();
        check("Stage 2 goes to Brusco", "Halvorsen wins stage 3", Figures { which_apart: true, ..nothing });
        check("Halvorsen wins 2nd stage", "Stage 2 goes to Halvorsen", Figures { agree: true, ..nothing });
        check(
            "Quake: 12 villagers dead",
            "Quake: 17 villagers dead",
            Figures { many_apart: true, grown: true, ..nothing },
        );
        check(
            "Firm hires 90 welders",
            "Firm hires 20 welders",
            Figures { many_apart: true, which_apart: true, ..nothing },
        );
        check("Firm hires 90 welders", "Firm closes 3 quarries", nothing);
    }
}
