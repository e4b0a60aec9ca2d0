//! Station: a word's term: its stem as a hash, and what the lexicon knows of it. Stemming is slow, so words met before are remembered.

use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::features::calendar::{self, Sense};
use crate::features::lexicon::{Lexicon, Rarity};
use crate::features::words::{Kind, Word};

/// What a word comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stem {
    /// xxh3 of the stem, 32 bits, the same in every language: names cross borders.
    pub hash: u32,
    /// How rare the stem is in its language.
    pub rarity: Rarity,
    /// Whether the lexicon knows it as a proper name.
    pub proper: bool,
    /// What it may say of the calendar.
    pub sense: Sense,
}

/// Words remembered per thread. A direct-mapped table: a newcomer takes the place of what stood there, so it never grows.
const REMEMBERED_MAX: usize = 1 << 15;

thread_local! {
    /// A memo of a pure function, so that it leaves no trace in results.
    static REMEMBERED: RefCell<Vec<(u64, Option<Stem>)>> = RefCell::new(vec![(0, None); REMEMBERED_MAX]);
}

/// The term of a word in a language.
pub fn of(word: &Word<'_>, lang: &str, lexicon: &Lexicon) -> Stem {
    let key = xxh3_64_with_seed(word.text.as_bytes(), xxh3_64(lang.as_bytes()));
    REMEMBERED.with_borrow_mut(|remembered| {
        let (held_key, held) = &mut remembered[(key as usize) & (REMEMBERED_MAX - 1)];
        if let (Some(stem), true) = (*held, *held_key == key) {
            return stem;
        }
        let stem = made(word, lang, lexicon);
        (*held_key, *held) = (key, Some(stem));
        stem
    })
}

thread_local! {
    /// The same for one bit, beside the others: a text without a language asks for each word in fifteen of them.
    static EVERYDAY: RefCell<Vec<u64>> = RefCell::new(vec![0; REMEMBERED_MAX]);
}

/// A plain word that is asked for in one language after another.
#[derive(Debug)]
pub struct Asked<'a> {
    word: &'a str,
    lower: String,
    hash: u64,
}

impl<'a> Asked<'a> {
    /// A plain word of a text.
    pub fn of(word: &'a str) -> Asked<'a> {
        Asked { word, lower: lower(word), hash: xxh3_64(word.as_bytes()) }
    }

    /// Whether it is among the commonest words of a language.
    pub fn is_everyday(&self, lang: &str, lexicon: &Lexicon) -> bool {
        if let (None, None) = (algorithm(lang), country(self.word)) {
            return lexicon.is_everyday(lang, without_elision(&self.lower, lang));
        }
        // The last bit is the answer, and no key is 0, as an empty place is.
        let key = (self.hash ^ xxh3_64(lang.as_bytes()) | 2) & !1;
        EVERYDAY.with_borrow_mut(|remembered| {
            let held = &mut remembered[(key >> 32) as usize & (REMEMBERED_MAX - 1)];
            if *held & !1 != key {
                let stem = plain(self.word, &self.lower, lang);
                *held = key | u64::from(lexicon.is_everyday(lang, &stem));
            }
            *held & 1 == 1
        })
    }
}

fn made(word: &Word<'_>, lang: &str, lexicon: &Lexicon) -> Stem {
    let stem = text(word.text, word.kind, lang);
    let (rarity, proper) = match word.kind {
        Kind::Number => lexicon.look_up(NUMBERS, &stem),
        Kind::Plain | Kind::Gram => lexicon.look_up(lang, &stem),
    };
    let sense = match word.kind {
        Kind::Number => calendar::of_number(&stem),
        Kind::Plain => calendar::of_word(word.text, &lower(word.text), lang),
        Kind::Gram => Sense::None,
    };
    Stem { hash: hash(&stem), rarity, proper, sense }
}

/// The lexicon's table of numbers, which are the same in every language.
pub const NUMBERS: &str = "0";

/// The 32 bits that stand for a stem.
pub fn hash(stem: &str) -> u32 {
    (xxh3_64(stem.as_bytes()) >> 32) as u32
}

/// A word's stem, spelled out: what the lexicon is made of.
pub fn text(word: &str, kind: Kind, lang: &str) -> String {
    match kind {
        Kind::Gram => word.to_owned(),
        Kind::Number => number(word),
        Kind::Plain => plain(word, &lower(word), lang),
    }
}

fn plain(word: &str, lower: &str, lang: &str) -> String {
    country(word).map_or_else(|| stemmed(without_elision(lower, lang), lang), str::to_owned)
}

/// The countries whose names are written as words are.
fn country(word: &str) -> Option<&'static str> {
    match word {
        "US" | "U.S" | "USA" | "U.S.A" => Some("usa"),
        "UK" | "U.K" => Some("uk"),
        _ => None,
    }
}

fn lower(word: &str) -> String {
    let lower = word.to_lowercase();
    if lower.contains('’') { lower.replace('’', "'") } else { lower }
}

/// "l'eau" is "eau", "dell'acqua" is "acqua".
fn without_elision<'a>(lower: &'a str, lang: &str) -> &'a str {
    match (lower.split_once('\''), lang) {
        (Some((elided, rest)), "fr" | "it" | "ca") if elided.len() <= 4 && !rest.is_empty() => rest,
        _ => lower,
    }
}

fn stemmed(lower: &str, lang: &str) -> String {
    match algorithm(lang) {
        Some(algorithm) => Stemmer::create(algorithm).stem(lower).into_owned(),
        None => lower.to_owned(),
    }
}

/// One spelling for one number: no thousands separators, Western digits, no ordinal ending.
fn number(word: &str) -> String {
    let western: String = word.chars().map(western_digit).collect::<String>().to_lowercase();
    let plain = ["st", "nd", "rd", "th"].iter().find_map(|ending| western.strip_suffix(ending)).unwrap_or(&western);
    let groups: Vec<&str> = plain.split([',', '.', '\'']).collect();
    if groups.len() > 1
        && !groups[0].is_empty()
        && groups[0].len() <= 3
        && groups[1..].iter().all(|group| group.len() == 3)
    {
        return groups.concat();
    }
    plain.replace(',', ".")
}

fn western_digit(letter: char) -> char {
    let base = match letter as u32 {
        0x0660..=0x0669 => 0x0660,
        0x06F0..=0x06F9 => 0x06F0,
        0x0966..=0x096F => 0x0966,
        0x09E6..=0x09EF => 0x09E6,
        _ => return letter,
    };
    char::from_digit(letter as u32 - base, 10).unwrap_or(letter)
}

fn algorithm(lang: &str) -> Option<Algorithm> {
    Some(match lang {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "nl" => Algorithm::Dutch,
        "en" => Algorithm::English,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "no" | "nb" | "nn" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "es" => Algorithm::Spanish,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        let cases = [
            ("Partnerships", Kind::Plain, "en", "partnership"),
            ("Häuser", Kind::Plain, "de", "haus"),
            ("l’eau", Kind::Plain, "fr", "eau"),
            ("1,250", Kind::Number, "en", "1250"),
            ("1.250", Kind::Number, "de", "1250"),
            ("3,5", Kind::Number, "de", "3.5"),
            ("28th", Kind::Number, "en", "28"),
            ("٢٠٢٦", Kind::Number, "ar", "2026"),
            ("U.S", Kind::Plain, "en", "usa"),
            ("us", Kind::Plain, "en", "us"),
            ("地震", Kind::Gram, "ja", "地震"),
            ("Łódź", Kind::Plain, "pl", "łódź"),
        ];
        for (word, kind, lang, expected) in cases {
            assert_eq!(text(word, kind, lang), expected, "{word} ({lang})");
        }
    }
}
