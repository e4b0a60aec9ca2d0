//! Station: numbers with the word they stand beside: "stage 3" says which one, "12 dead" says how many.
//!
//! Most languages write a number behind the word where it tells things of one kind apart (*stage 3, étape 3, тур 3*), and before
//! it where it counts them (*3 stages*). Ordinals stand before it and tell apart (*3rd stage, 3. Etappe, 第3回*).

use crate::features::calendar::Sense;
use crate::features::lexicon::Rarity;
use crate::features::stem::{self, Stem};
use crate::features::words::{Kind, Word};

/// A number and the word beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The term of the word beside it; the last bit says whether the number tells which one (1) or how many (0).
    pub beside: u32,
    /// The number's term.
    pub number: u32,
    /// The number; 0 where it is not written in digits.
    pub value: f32,
}

impl Figure {
    fn of(beside: u32, tells_which: bool, number: Number) -> Figure {
        Figure { beside: (beside & !1) | u32::from(tells_which), number: number.hash, value: number.value }
    }

    /// Whether it tells one thing from others of its kind; else it counts things.
    pub fn tells_which(&self) -> bool {
        self.beside & 1 == 1
    }
}

/// Figures kept of a title, and again of a text's first sentence.
const FIGURES_MAX: usize = 4;
/// A word of more articles than this share's (one in ten) is no word that a number belongs to: "in 2026", "12 of".
const BESIDE_MIN: Rarity = Rarity(18);

#[derive(Clone, Copy)]
struct Number {
    hash: u32,
    value: f32,
    is_ordinal: bool,
    /// Whether it may be one by the point behind it.
    is_short: bool,
}

/// Reads figures from a text's words.
pub struct Reader<'a> {
    text: &'a str,
    end: usize,
    word: Option<(u32, bool)>,
    number: Option<Number>,
    found: Vec<Figure>,
}

impl<'a> Reader<'a> {
    /// A reader of the words of this text.
    pub fn of(text: &'a str) -> Reader<'a> {
        Reader { text, end: 0, word: None, number: None, found: Vec::new() }
    }

    /// The next word, which lies in the text.
    pub fn add(&mut self, word: &Word<'_>, stem: Stem) {
        let start = word.text.as_ptr() as usize - self.text.as_ptr() as usize;
        // Grams overlap; whatever the gap, a figure is only read where there is a number.
        let gap = self.text.get(self.end..start).unwrap_or("");
        self.end = start + word.text.len();
        let (before, number) = (self.word.take(), self.number.take());
        if matches!(stem.sense, Sense::Date(_) | Sense::Maybe(_)) {
            return; // "12 May" counts no mays
        }
        if word.kind == Kind::Number {
            let follows_ordinal_sign = before.is_some_and(|(_, is_sign)| is_sign) && gap.is_empty();
            let number = Number {
                hash: stem.hash,
                value: stem::text(word.text, Kind::Number, "").parse().unwrap_or(0.0),
                is_ordinal: follows_ordinal_sign || word.text.ends_with(char::is_alphabetic),
                is_short: word.text.len() <= 2,
            };
            let is_beside = matches!(gap, "" | " " | "-" | " #" | " Nr. " | ". ");
            if let (Some((beside, false)), true, false) = (before, is_beside, number.is_ordinal) {
                self.keep(Figure::of(beside, true, number));
            }
            self.number = Some(number);
            return;
        }
        if let Some(number) = number
            && stem.rarity >= BESIDE_MIN
        {
            let is_ordinal = number.is_ordinal || (number.is_short && gap == ". ");
            if is_ordinal || matches!(gap, "" | " " | "-") {
                self.keep(Figure::of(first_letter_of_gram(word, stem), is_ordinal, number));
            }
        }
        if stem.rarity >= BESIDE_MIN {
            self.word = Some(last_letter_of_gram(word, stem));
        }
    }

    fn keep(&mut self, figure: Figure) {
        if self.found.len() < FIGURES_MAX && !self.found.contains(&figure) {
            self.found.push(figure);
        }
    }

    /// The figures, in the order they stood.
    pub fn figures(self) -> Vec<Figure> {
        self.found
    }
}

/// In a script without spaces it is the one letter beside the number that says what is counted.
fn first_letter_of_gram(word: &Word<'_>, stem: Stem) -> u32 {
    match (word.kind, word.text.chars().next()) {
        (Kind::Gram, Some(letter)) => u32::from(letter).wrapping_mul(0x9E37_79B1),
        _ => stem.hash,
    }
}

/// The word before a number, and whether it only makes an ordinal of it (第, 제).
fn last_letter_of_gram(word: &Word<'_>, stem: Stem) -> (u32, bool) {
    match (word.kind, word.text.chars().next_back()) {
        (Kind::Gram, Some(letter)) => (u32::from(letter).wrapping_mul(0x9E37_79B1), matches!(letter, '第' | '제')),
        _ => (stem.hash, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::lexicon::Lexicon;
    use crate::features::words;

    fn figures(text: &str, lang: &str) -> Vec<Figure> {
        let mut reader = Reader::of(text);
        words::read(text, 100, |word| reader.add(&word, stem::of(&word, lang, Lexicon::builtin())));
        reader.figures()
    }

    #[test]
    fn numbers_tell_which_or_how_many() {
        type Case = (&'static str, &'static str, &'static [(bool, f32)]);
        let cases: [Case; 9] = [
            ("Halvorsen wins stage 3", "en", &[(true, 3.0)]),
            ("Fire leaves 12 dead", "en", &[(true, 12.0), (false, 12.0)]),
            ("1,250 jobs", "en", &[(false, 1_250.0)]),
            ("The 3rd test", "en", &[(true, 3.0)]),
            ("Die 3. Etappe", "de", &[(true, 3.0)]),
            ("第3回大会", "ja", &[(true, 3.0)]),
            ("地震で12人死亡", "ja", &[(false, 12.0)]),
            ("In the year of 2026, and of more", "en", &[]),
            ("No figure at all", "en", &[]),
        ];
        for (text, lang, expected) in cases {
            let found: Vec<(bool, f32)> =
                figures(text, lang).iter().map(|figure| (figure.tells_which(), figure.value)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_number_before_or_behind_its_word_tells_the_same() {
        let [behind, ordinal, other] = ["stage 3", "3rd stage", "stage 4"].map(|text| figures(text, "en")[0]);
        assert_eq!(behind, ordinal);
        assert_eq!(behind.beside, other.beside);
        assert_ne!(behind.number, other.number);
    }
}
