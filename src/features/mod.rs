//! Station: what an article is compared by: its terms, names, numbers, title and a sketch of its text.

pub mod ahead;
pub mod boilerplate;
pub mod language;
pub mod lexicon;
pub mod sketch;
pub mod stem;
pub mod words;

use std::collections::BTreeMap;

use crate::features::lexicon::{Lexicon, Rarity};
use crate::features::sketch::Sketch;
use crate::features::stem::Stem;
use crate::features::words::{Kind, Word};

/// The words of an article, cleaned of markup.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its title, plain.
    pub title: &'a str,
    /// Its text, plain.
    pub text: &'a str,
    /// Its language, declared or detected (`en`, `de`, …). Without one it is read as English: that is what most feeds that
    /// do not say are in, and the names and numbers of any other language survive it.
    pub lang: Option<&'a str>,
}

/// How much of an article is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Words of the title that are read.
    pub title_words_max: usize,
    /// Words of the text that are read, counted from its start.
    pub lead_words_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { title_words_max: 64, lead_words_max: 120 }
    }
}

/// A word, number or name of an article: everything with the same stem is one term.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// xxh3 of the stem, 32 bits: what is compared, and stored.
    pub hash: u32,
    /// How rare it is in general.
    pub rarity: Rarity,
    /// How often it stands in the title; capped at `Term::COUNT_MAX`.
    pub in_title: u8,
    /// How often it stands in the lead; capped likewise.
    pub in_lead: u8,
    /// What it is.
    pub class: Class,
    /// The word as readers know it, as it stood where it came first.
    pub word: String,
}

impl Term {
    /// Beyond this a repetition says nothing more.
    pub const COUNT_MAX: u8 = 15;
}

/// What a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A plain word.
    Word,
    /// A word that is, or is part of, a proper name.
    Name,
    /// Two words of one name that stand side by side; it counts as evidence between names, not as a word of the text.
    Pair,
    /// A number.
    Number,
}

/// What an article is compared by. It is made anywhere (it knows nothing of other articles) and used once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Its terms by hash, each once.
    pub terms: Vec<Term>,
    /// The title, lower-case words divided by one space: near-equal titles are compared letter by letter.
    pub title_key: String,
    /// How many words of the text were read; 0 for an entry that is a title alone.
    pub lead_words: usize,
    /// A sketch of the text's wording; none where the text is too short to be called a copy of anything.
    pub sketch: Option<Sketch>,
}

/// Makes an article's features. Pure: equal words give equal features.
pub fn of(subject: &Subject<'_>, lexicon: &Lexicon, params: &Params) -> Features {
    let lang = subject.lang.unwrap_or("en");
    let title = words::prefix(subject.title, params.title_words_max);
    let lead = words::prefix(subject.text, params.lead_words_max);
    let mut gathered = Gathered::default();
    let mut title_key = String::new();
    let shouting = words::is_title_case(&title);
    words::read(&title, params.title_words_max, |word| {
        words::push_key(&mut title_key, &word);
        gathered.add(&word, stem::of(&word, lang, lexicon), Place::Title { shouting });
    });
    gathered.end_of_part();
    let mut shingles = sketch::Builder::default();
    words::read(&lead, params.lead_words_max, |word| {
        let stem = stem::of(&word, lang, lexicon);
        shingles.add(stem.hash);
        gathered.add(&word, stem, Place::Lead);
    });
    Features { lead_words: shingles.words(), sketch: shingles.build(), terms: gathered.terms(), title_key }
}

/// Where a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Title { shouting: bool },
    Lead,
}

/// The terms found so far, and the name that the last word may be continuing.
#[derive(Default)]
struct Gathered<'a> {
    terms: BTreeMap<u32, Term>,
    open_name: Option<(Stem, &'a str)>,
}

impl<'a> Gathered<'a> {
    fn add(&mut self, word: &Word<'a>, stem: Stem, place: Place) {
        let named = is_name(word, stem, place);
        let class = match word.kind {
            Kind::Number => Class::Number,
            Kind::Plain | Kind::Gram if named => Class::Name,
            Kind::Plain | Kind::Gram => Class::Word,
        };
        self.count((stem.hash, stem.rarity), class, place, || word.text.to_owned());
        let previous = self.open_name.take();
        if !named {
            return;
        }
        if let (Some((first, text)), true) = (previous, word.follows_directly) {
            let pair = first.hash.rotate_left(7) ^ stem.hash.wrapping_mul(0x9E37_79B1);
            self.count((pair, first.rarity.with(stem.rarity)), Class::Pair, place, || format!("{text} {}", word.text));
        }
        self.open_name = Some((stem, word.text));
    }

    fn count(&mut self, (hash, rarity): (u32, Rarity), class: Class, place: Place, word: impl FnOnce() -> String) {
        let term = self.terms.entry(hash).or_insert_with(|| Term {
            hash,
            rarity,
            in_title: 0,
            in_lead: 0,
            class,
            word: word(),
        });
        let count = if place == Place::Lead { &mut term.in_lead } else { &mut term.in_title };
        *count = (*count + 1).min(Term::COUNT_MAX);
        if term.class == Class::Word {
            term.class = class; // once seen as a name, a name
        }
    }

    /// A name does not run on from the title into the text.
    fn end_of_part(&mut self) {
        self.open_name = None;
    }

    fn terms(self) -> Vec<Term> {
        self.terms.into_values().collect()
    }
}

/// A capital inside a sentence makes a name; where everything is capitalised or a sentence starts, the lexicon is asked.
fn is_name(word: &Word<'_>, stem: Stem, place: Place) -> bool {
    if word.kind != Kind::Plain || !word.is_capitalised() {
        return false;
    }
    let telling = match place {
        Place::Title { shouting } => !shouting && !word.starts_sentence,
        Place::Lead => !word.starts_sentence,
    };
    (telling && !stem.rarity.is_everyday()) || stem.proper || stem.rarity.is_unknown()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(title: &str, text: &str) -> Features {
        of(&Subject { title, text, lang: Some("en") }, Lexicon::builtin(), &Params::default())
    }

    fn words_of(features: &Features, class: Class) -> Vec<&str> {
        let mut words: Vec<&str> =
            features.terms.iter().filter(|term| term.class == class).map(|term| term.word.as_str()).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn inflections_are_one_term() {
        let found = features("Mayor closes bridge", "The bridges were closed. Closing the bridge took an hour.");
        let bridge = found.terms.iter().find(|term| term.word == "bridge").expect("the title says bridge");
        assert_eq!((bridge.in_title, bridge.in_lead), (1, 2));
    }

    #[test]
    fn names_are_capitals_inside_sentences() {
        let found = features("Quake near Lisbon", "Officials in Porto Santo said Maria Alves was safe.");
        assert_eq!(words_of(&found, Class::Pair), ["Maria Alves", "Porto Santo"]);
        assert!(words_of(&found, Class::Name).contains(&"Lisbon"));
        assert!(!words_of(&found, Class::Name).contains(&"Officials"));
    }

    #[test]
    fn a_shouting_title_makes_no_names_of_plain_words() {
        let found = features("Mayor Closes Old Bridge After Heavy Rain In Lisbon", "");
        assert!(!words_of(&found, Class::Name).contains(&"Bridge"), "{:?}", words_of(&found, Class::Name));
        assert!(words_of(&found, Class::Name).contains(&"Lisbon"));
    }

    #[test]
    fn numbers_are_written_one_way() {
        assert_eq!(
            words_of(&features("1,250 jobs", "some 1250 jobs, 3.5 percent, the 4th time"), Class::Number),
            ["1,250", "3.5", "4th"]
        );
    }

    #[test]
    fn scripts_without_spaces_are_read_as_pairs_of_letters() {
        let found =
            of(&Subject { title: "東京で地震", text: "", lang: Some("ja") }, Lexicon::builtin(), &Params::default());
        let mut words: Vec<&str> = found.terms.iter().map(|term| term.word.as_str()).collect();
        words.sort_unstable();
        assert_eq!(
            words,
            ["京で", "地震", "で地", "東京"]
                .map(|word| word)
                .iter()
                .copied()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn only_the_lead_is_read() {
        let long = "word ".repeat(100_000);
        assert_eq!(features("t", &long).lead_words, Params::default().lead_words_max);
    }

    #[test]
    fn an_empty_entry_has_no_features() {
        assert_eq!(features("", ""), Features::default());
    }
}
