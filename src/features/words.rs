//! Station: a text's words by Unicode's rules, in one spelling, with what their place says of them.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::features::calendar;
use crate::features::unspaced::{self, is_unspaced};

/// What a word is by its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters.
    Plain,
    /// Begins with a digit.
    Number,
    /// Two neighbouring letters of a script that puts no spaces between words (or one that stands alone).
    Gram,
}

/// A word where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// As it is written, without a possessive ending.
    pub text: &'a str,
    /// What it is by its letters.
    pub kind: Kind,
    /// Whether a sentence, a quotation or a heading begins with it, so that its capital says nothing.
    pub starts_sentence: bool,
    /// Whether nothing but a space divides it from the word before.
    pub follows_directly: bool,
}

impl Word<'_> {
    /// Whether it begins with a capital.
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Whether two words of one text share letters, as neighbouring pairs do.
pub fn overlap(one: &Word<'_>, next: &Word<'_>) -> bool {
    let (one, next) = (one.text.as_bytes().as_ptr_range(), next.text.as_ptr());
    one.contains(&next)
}

/// Bytes of text per word to be read: generous for prose, and a bound for text without spaces.
const WORD_BYTES_MAX: usize = 16;

/// As much of a text as may hold `words_max` words, in Unicode's compatibility form (NFKC): one spelling for one letter.
pub fn prefix(text: &str, words_max: usize) -> Cow<'_, str> {
    let end = text.floor_char_boundary(words_max.saturating_mul(WORD_BYTES_MAX));
    let text = &text[..end];
    if text.chars().all(is_settled) { Cow::Borrowed(text) } else { Cow::Owned(settled(text)) }
}

/// Whether NFKC leaves a letter as it is, whatever stands before it: nearly all that texts are made of.
fn is_settled(letter: char) -> bool {
    matches!(letter,
        '\0'..='\u{9F}' | 'À'..='ı' | 'Ĵ'..='ľ' | 'Ł'..='ň' | 'Ŋ'..='ž'
        | 'Α'..='Ρ' | 'Σ'..='ώ' | 'Ѐ'..='ѿ' | 'א'..='ת' | 'ء'..='غ' | 'ف'..='ي'
        | '‐' | '–' | '—' | '‘' | '’' | '“' | '”' | '„' | '«' | '»' | '。' | '、' | '「' | '」'
        | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '一'..='鿿' | '가'..='힣')
}

/// A text in NFKC. What is settled is copied; the rest is brought into form together with the letter before it, which it may join.
fn settled(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if is_settled(letter) {
            written.push(letter);
            continue;
        }
        let unsettled: Vec<char> = written
            .pop()
            .into_iter()
            .chain([letter])
            .chain(std::iter::from_fn(|| letters.next_if(|c| !is_settled(*c))))
            .collect();
        written.extend(unsettled.into_iter().nfkc());
    }
    written
}

/// The words of a text by Unicode's rules, and where they stand. No word goes on behind a space, so each piece between two is read
/// by itself: most hold ASCII alone, which has a shorter way.
fn word_indices(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let pieces = text.split(' ').map(move |piece| (piece.as_ptr() as usize - text.as_ptr() as usize, piece));
    pieces.flat_map(|(start, piece)| piece.unicode_word_indices().map(move |(at, word)| (start + at, word)))
}

/// Bytes before which a first sentence does not end ("Jan. 5", a dateline, a byline), and after which it is taken for ended.
const OPENING_BYTES: std::ops::Range<usize> = 40..400;

/// A text's first sentence, where most reports say what happened.
pub fn opening(text: &str) -> &str {
    let text = &text[..text.floor_char_boundary(OPENING_BYTES.end)];
    let start = text.ceil_char_boundary(OPENING_BYTES.start);
    let mut letters = text[start..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let is_end = match letter {
            '。' | '！' | '？' | '।' | '\n' => true,
            '.' | '!' | '?' | '…' | '؟' => {
                letters.peek().is_none_or(|(_, next)| !next.is_alphanumeric() && *next != ',')
            }
            _ => false,
        };
        if is_end {
            return &text[..start + at];
        }
    }
    text
}

/// Letters of a kicker, and bytes of a title behind one.
const KICKER_LETTERS_MAX: usize = 40;
const BEHIND_KICKER_MIN: usize = 8;

/// What stands before the colon of a title, and names what it belongs to: a contest, a place, a running story ("Winter Games: …").
/// Empty where there is none.
pub fn kicker(title: &str) -> &str {
    let colon = title.char_indices().take(KICKER_LETTERS_MAX + 1).find(|(_, letter)| matches!(letter, ':' | '：'));
    let Some((end, sign)) = colon else { return "" };
    let rest = &title[end + sign.len_utf8()..];
    // Times and results ("2:1") have no space behind it; where words have none, neither has a kicker.
    let is_apart = sign == '：' || rest.starts_with(' ') || rest.chars().next().is_some_and(is_unspaced);
    if is_apart && rest.trim().len() >= BEHIND_KICKER_MIN { &title[..end] } else { "" }
}

/// Gives the words of a text, at most `words_max`, in order.
pub fn read<'a>(text: &'a str, words_max: usize, mut each: impl FnMut(Word<'a>)) {
    let mut given = 0;
    let mut run: Option<(usize, usize)> = None;
    let mut starts_sentence = true;
    let mut previous_end = 0;
    for (mut start, mut raw) in word_indices(text) {
        if given >= words_max {
            return;
        }
        if start < previous_end {
            // The unit of a date was read with its number.
            let Some(rest) = text.get(previous_end..start + raw.len()).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            (start, raw) = (previous_end, rest);
        }
        let between = &text[previous_end..start];
        starts_sentence |= between.contains(ends_sentence);
        let mut end = start + raw.len();
        if raw.chars().next().is_some_and(is_unspaced) {
            run = match run {
                Some((from, to)) if to == start => Some((from, end)),
                Some((from, to)) => {
                    given += unspaced::split(&text[from..to], &mut each);
                    Some((start, end))
                }
                None => Some((start, end)),
            };
        } else {
            if let Some((from, to)) = run.take() {
                given += unspaced::split(&text[from..to], &mut each);
            }
            let word = without_possessive(raw);
            let is_number = word.starts_with(char::is_numeric);
            let unit = text[end..].chars().next().filter(|unit| is_number && calendar::is_unit(*unit));
            end += unit.map_or(0, char::len_utf8);
            let word = if unit.is_some() { &text[start..end] } else { word };
            let kind = if is_number { Kind::Number } else { Kind::Plain };
            each(Word { text: word, kind, starts_sentence, follows_directly: between == " " });
            given += 1;
        }
        starts_sentence = false;
        previous_end = end;
    }
    if let Some((from, to)) = run {
        unspaced::split(&text[from..to], &mut each);
    }
}

/// Whether a title writes nearly every word with a capital, so that its capitals say nothing.
pub fn is_title_case(title: &str) -> bool {
    let (mut long, mut capitalised) = (0_usize, 0_usize);
    for word in word_indices(title)
        .map(|(_, word)| word)
        .filter(|word| word.len() >= 4 && word.starts_with(char::is_alphabetic))
    {
        long += 1;
        capitalised += usize::from(word.starts_with(char::is_uppercase));
    }
    long >= 3 && capitalised * 10 >= long * 7
}

/// Adds a word to a title's key: lower case, one space between words. Neighbouring grams overlap, so each adds its first letter.
pub fn push_key(key: &mut String, word: &Word<'_>) {
    if word.kind == Kind::Gram {
        key.extend(word.text.chars().next());
        return;
    }
    if !key.is_empty() {
        key.push(' ');
    }
    key.extend(word.text.chars().flat_map(char::to_lowercase));
}

fn ends_sentence(letter: char) -> bool {
    matches!(letter, '.' | '!' | '?' | '\n' | '"' | '“' | '”' | '„' | '«' | '»' | ':' | '…' | '|' | '–' | '—')
}

fn without_possessive(word: &str) -> &str {
    ["'s", "’s", "'S", "’S"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_kicker_stands_before_a_colon_and_is_short() {
        for (title, expected) in [
            ("Winter Games: Norrgard wins gold", "Winter Games"),
            ("省篮球联赛：柳溪队客场胜海门队", "省篮球联赛"),
            ("Port Lassen beat Ferris 2:1 at home", ""),
            ("Bridge closed | The Harbour Post", ""),
            ("Live:", ""),
            ("Minister says what everybody in the whole country knew already: taxes rise", ""),
        ] {
            assert_eq!(kicker(title), expected, "{title}");
        }
    }

    fn all(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        read(text, 1_000, |word| words.push(word.text));
        words
    }

    #[test]
    fn words_of_many_scripts() {
        let cases: [(&str, &[&str]); 8] = [
            ("The mayor’s plan, re-read.", &["The", "mayor", "plan", "re", "read"]),
            ("1,250 jobs", &["1,250", "jobs"]),
            ("地震", &["地震"]),
            ("東京で 地震", &["東京", "地震"]),
            ("서울 지진", &["서울", "지진"]),
            ("Ζημιές στην Αθήνα", &["Ζημιές", "στην", "Αθήνα"]),
            ("زلزال في القاهرة", &["زلزال", "في", "القاهرة"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(text), expected, "{text}");
        }
    }

    #[test]
    fn full_width_letters_are_folded() {
        assert_eq!(prefix("Ｆｏｌｄ １２", 10), "Fold 12");
    }

    #[test]
    fn settled_letters_stay_as_they_are() {
        use unicode_normalization::{IsNormalized, is_nfkc_quick};
        let settled: Vec<char> = ('\0'..=char::MAX).filter(|letter| is_settled(*letter)).collect();
        assert!(settled.len() > 30_000);
        for letter in settled {
            assert_eq!(is_nfkc_quick(std::iter::once(letter)), IsNormalized::Yes, "{letter:?}");
        }
    }

    /// Letters of every kind that rules about words and forms speak of.
    const LETTERS: &str = "aZ9 _-.,;:'’\"“…\u{A0}\u{AD}\u{200D}\u{301}\u{308}eéﬁ½Ωά\u{1F70}йи\u{306}אشّ港がか\u{3099}ｶﾞ각\u{1100}\u{1161}\u{11A8}ก็🇦🇧👍🏽\n\t\u{2028}";

    proptest! {
        #[test]
        fn words_are_those_of_unicode(text in proptest::collection::vec(proptest::sample::select(LETTERS.chars().collect::<Vec<_>>()), 0..40)) {
            let text: String = text.into_iter().collect();
            // A mark that stands behind a space is taken for a word with the space: here it is one without.
            let expected = text.unicode_word_indices().map(|(at, word)| {
                let bare = word.trim_start_matches(' ');
                (at + word.len() - bare.len(), bare)
            });
            prop_assert!(word_indices(&text).eq(expected), "{:?}", text);
        }

        #[test]
        fn forms_are_those_of_unicode(text in proptest::collection::vec(proptest::sample::select(LETTERS.chars().collect::<Vec<_>>()), 0..40)) {
            let text: String = text.into_iter().collect();
            prop_assert_eq!(prefix(&text, 1_000), text.nfkc().collect::<String>());
        }
    }

    #[test]
    fn place_is_told() {
        let mut starts = Vec::new();
        read("Rain fell. Rivers rose in Graz", 100, |word| {
            if word.starts_sentence {
                starts.push(word.text);
            }
        });
        assert_eq!(starts, ["Rain", "Rivers"]);
    }

    #[test]
    fn openings_are_first_sentences() {
        let first = "The harbour bridge of Brusco stays shut until the 3.5 tonne beam is mended";
        assert_eq!(opening(&format!("{first}. It had cracked.")), first);
        assert_eq!(opening(&format!("{first}\nIt had cracked.")), first);
        assert_eq!(opening("Too short. To end here."), "Too short. To end here.");
        assert_eq!(opening(&"港".repeat(500)).chars().count(), 133);
        assert_eq!(opening(""), "");
    }

    #[test]
    fn title_case_is_seen() {
        assert!(is_title_case("Mayor Closes Bridge After Storm"));
        assert!(!is_title_case("Mayor closes bridge in Lisbon after storm"));
        assert!(!is_title_case("Lisbon bridge"));
    }
}
