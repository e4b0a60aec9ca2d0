//! Station: how alike two titles or two texts are, as far as identity asks: not whether they tell one story, but whether one was made
//! of the other by editing.

use std::collections::{BTreeSet, HashSet};

/// Words of a text that are looked at.
const WORDS_MAX: usize = 2_000;
/// Words of a text that its sketch is made of.
const SKETCH_WORDS_MAX: usize = 400;
/// A text of fewer words ("Read more on our site") may be any article's.
const WORDS_MIN: usize = 20;
/// Words that stand in a row in a shingle.
const SHINGLE_WORDS: usize = 3;

/// From here on one text was made of the other: the smaller shares so many of its rows of words with the larger.
const EDITED: f64 = 0.6;
/// From here on two texts are nearly identical: the share of their rows of words that is common. One word changed in a text of
/// thirty leaves 0.8.
const IDENTICAL: f64 = 0.8;
/// From here on one title was made of the other: the share of their words that is common.
const RETOUCHED: f64 = 0.6;

/// Whether the titles share most of their words.
pub fn titles_agree(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (mut one, mut other) = (words(one, WORDS_MAX), words(other, WORDS_MAX));
    let total = one.len() + other.len();
    one.sort_unstable();
    other.sort_unstable();
    let mut common = 0;
    let mut rest = other.as_slice();
    for word in &one {
        let at = rest.partition_point(|other| other < word);
        rest = &rest[at..];
        if rest.first() == Some(word) {
            common += 1;
            rest = &rest[1..];
        }
    }
    total > 0 && share(2 * common, total) >= RETOUCHED
}

/// Whether one text was made of the other by editing, cutting or going on; `None` where one says nothing.
pub fn texts_agree(one: &str, other: &str) -> Option<bool> {
    let (one, other) = (shingles(one), shingles(other));
    let smaller = one.len().min(other.len());
    (smaller > 0).then(|| share(one.intersection(&other).count(), smaller) >= EDITED)
}

/// Whether the texts are long enough to be one article's own, and nearly identical.
pub fn texts_equal(one: &str, other: &str) -> bool {
    if !is_long(one) || !is_long(other) {
        return false;
    }
    let (one, other) = (shingles(one), shingles(other));
    let common = one.intersection(&other).count();
    share(common, one.len() + other.len() - common) >= IDENTICAL
}

/// Whether a text is long enough to be one article's own.
pub fn is_long(text: &str) -> bool {
    words(text, WORDS_MIN).len() >= WORDS_MIN
}

/// Whether each names a number, a day or a month that the other does not: part 1 and part 2, Monday's weather and Tuesday's. A toll
/// that was added is no contradiction.
pub fn contradict(one: &str, other: &str) -> bool {
    let (one, other) = (counting_words(one), counting_words(other));
    !one.is_subset(&other) && !other.is_subset(&one)
}

/// Four times the smallest of the text's shingles, each under another order, of 16 bits each: texts of which nine in ten shingles
/// are common agree in one of the four in all but one of ten thousand cases, others in one of sixteen thousand. `None` for a short
/// text. It is stored, so its making never changes.
pub fn sketch(text: &str) -> Option<i64> {
    let words = words(text, SKETCH_WORDS_MAX);
    if words.len() < WORDS_MIN {
        return None;
    }
    let mut least = [u64::MAX; 4];
    for shingle in words.windows(SHINGLE_WORDS).map(mixed) {
        for (order, least) in (1u64..).zip(&mut least) {
            *least = (*least).min(scattered(shingle ^ order.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        }
    }
    // The low bits: the high ones of what is smallest are all alike.
    let sketch = least.iter().fold(0u64, |sketch, least| sketch << 16 | (least & 0xffff));
    Some(sketch.cast_signed())
}

/// Whether two sketches may be those of nearly identical texts.
pub fn sketches_meet(one: i64, other: i64) -> bool {
    let differing = (one ^ other).cast_unsigned();
    (0..4).any(|lane| differing >> (lane * 16) & 0xffff == 0)
}

fn share(part: usize, whole: usize) -> f64 {
    // Counts of words are far below 2^52.
    #[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
    let share = part as f64 / whole.max(1) as f64;
    share
}

/// The first words as numbers, upper and lower case alike. A letter of a script that sets no blanks counts as a word.
fn words(text: &str, words_max: usize) -> Vec<u64> {
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    let mut words = Vec::new();
    let mut word = START;
    for letter in text.chars() {
        if words.len() >= words_max {
            return words;
        }
        let stands_alone = sets_no_blanks(letter);
        if (!letter.is_alphanumeric() || stands_alone) && word != START {
            words.push(word);
            word = START;
        }
        if letter.is_alphanumeric() {
            let mut add = |lower: char| word = (word ^ u64::from(u32::from(lower))).wrapping_mul(0x0100_0000_01b3);
            if letter.is_ascii() {
                add(letter.to_ascii_lowercase())
            } else {
                letter.to_lowercase().for_each(add)
            }
            if stands_alone {
                words.push(word);
                word = START;
            }
        }
    }
    if word != START && words.len() < words_max {
        words.push(word);
    }
    words
}

/// Kana, Han, Thai, Lao, Khmer and Burmese.
fn sets_no_blanks(letter: char) -> bool {
    matches!(u32::from(letter), 0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

/// Every row of words of a text; of a text shorter than a row, all of it.
fn shingles(text: &str) -> HashSet<u64> {
    let words = words(text, WORDS_MAX);
    match words.len() {
        0 => HashSet::new(),
        few if few < SHINGLE_WORDS => HashSet::from([mixed(&words)]),
        _ => words.windows(SHINGLE_WORDS).map(mixed).collect(),
    }
}

fn mixed(words: &[u64]) -> u64 {
    words.iter().fold(0, |hash, word| scattered(hash.rotate_left(21) ^ word))
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
fn scattered(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// Everything in a text that counts or dates, in lower case.
fn counting_words(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words
        .filter_map(|word| {
            let has_digit = word.chars().any(char::is_numeric);
            // A word of more bytes than the longest of the list is none of them.
            let lower = (has_digit || word.len() <= 12).then(|| word.to_lowercase())?;
            (has_digit || COUNTING.contains(&lower.as_str())).then_some(lower)
        })
        .collect()
}

/// Days, months and the numbers of parts, in lower case: English, German, French, Spanish, Italian, Dutch.
#[rustfmt::skip]
const COUNTING: &[&str] = &[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "first", "second", "third", "fourth", "fifth", "sixth", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "morning", "afternoon", "evening", "today", "tomorrow", "tonight",
    "montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag",
    "januar", "februar", "märz", "mai", "juni", "juli", "oktober", "dezember", "morgen", "abend", "heute",
    "erste", "zweite", "dritte", "vierte", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn",
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
    "janvier", "février", "mars", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    "lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo",
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica",
    "gennaio", "febbraio", "aprile", "maggio", "giugno", "luglio", "settembre", "ottobre", "dicembre",
    "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag",
    "januari", "februari", "maart", "mei", "augustus",
];

#[cfg(test)]
mod tests {
    use crate::identify::likeness::{contradict, sketch, sketches_meet, texts_agree, texts_equal, titles_agree};

    const FERRY: &str = "The ferry Alvine sank off the harbour of Lindbrook in the night to Friday. All of the passengers were brought \
        ashore by fishermen, the harbour master said, and nobody is missing. Divers will look for the cause next week.";

    #[test]
    fn titles_of_one_article_share_most_of_their_words() {
        let check =
            |one: &str, other: &str, expected: bool| assert_eq!(titles_agree(one, other), expected, "{one} / {other}");
        check("Ferry sinks off harbour", "Ferry sinks off harbour, all safe", true);
        check("Ferry sinks off harbour", "FERRY SINKS OFF HARBOUR!", true);
        check("Ferry sinks off harbour", "What we know about the Alvine", false);
        check("港のフェリーが沈没", "港のフェリーが沈没、全員無事", true);
        check("港のフェリーが沈没", "小麦の価格が上昇", false);
        check("", "", true);
        check("", "Ferry", false);
    }

    #[test]
    fn a_text_that_was_edited_cut_or_goes_on_is_the_same() {
        let check = |other: &str, agree: Option<bool>, equal: bool| {
            assert_eq!((texts_agree(FERRY, other), texts_equal(FERRY, other)), (agree, equal), "{other}");
            assert_eq!((texts_agree(other, FERRY), texts_equal(other, FERRY)), (agree, equal), "{other}");
        };
        check(FERRY, Some(true), true);
        check(&FERRY.replace("next week", "on Monday"), Some(true), true);
        check(&FERRY[..90], Some(true), false);
        check(
            &format!("{FERRY} {} {}", FERRY.to_uppercase(), "The Alvine was built in the yard of Orveth."),
            Some(true),
            false,
        );
        check("", None, false);
        check(
            "Bakers of Lindbrook opened a school for sourdough in the old mill, and twelve apprentices begin there in the spring of this year.",
            Some(false),
            false,
        );
    }

    #[test]
    fn sketches_of_nearly_identical_texts_meet_and_others_do_not() {
        let ferry = sketch(FERRY).unwrap();
        for edited in [
            FERRY.replace("next week", "soon"),
            FERRY.replace("All of", "Nearly all of"),
            format!("{FERRY} More follows."),
        ] {
            assert!(texts_equal(FERRY, &edited) && sketches_meet(ferry, sketch(&edited).unwrap()), "{edited}");
        }
        let others = (0..300).filter(|number| {
            let text: String = (0..40).map(|word| format!("word{} ", (number * 41 + word * word) % 9_973)).collect();
            sketches_meet(ferry, sketch(&text).unwrap())
        });
        assert!(others.count() <= 1);
        assert_eq!(sketch("Read more on our site."), None);
    }

    #[test]
    fn parts_and_days_contradict_and_an_added_number_does_not() {
        let check =
            |one: &str, other: &str, expected: bool| assert_eq!(contradict(one, other), expected, "{one} / {other}");
        check("The siege, part 1", "The siege, part 2", true);
        check("The siege, part II", "The siege, part III", true);
        check("Weather for Monday", "Weather for Tuesday", true);
        check("Das Wetter am 12. Februar", "Das Wetter am 13. Februar", true);
        check("Ferry sinks", "Ferry sinks, 12 hurt", false);
        check("Ferry sinks, 12 hurt", "Ferry with 12 hurt sinks off Lindbrook", false);
    }
}
