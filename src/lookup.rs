//! Station: what a word is to a search: how texts and queries are written so that each finds the other, whatever the script.
//!
//! The index takes letters, digits and marks between two separators for one word, whatever their case, and takes the accents off
//! Latin letters. Chinese, Japanese and Thai put no separators between words, and Korean none between a word and its particle: a
//! whole sentence would be one word. Here each letter of such a script becomes a word of its own, in the index and in queries
//! alike, and a run of them in a query becomes a phrase; so `地震` is found wherever the two stand side by side.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Whether a letter belongs to a script whose words are not divided by spaces, or (Korean) carry their particles.
pub fn is_unspaced(letter: char) -> bool {
    letter >= '\u{e00}'
        && matches!(u32::from(letter),
            0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x3005..=0x3007 | 0x3040..=0x30FF
            | 0x3105..=0x318F | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF
            | 0xF900..=0xFAFF | 0xFF66..=0xFFDC | 0x20000..=0x3FFFF)
        && is_word(letter)
}

/// Whether a character can stand in a word.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || is_combining_mark(letter)
}

/// Where words begin and end, in bytes; of a script without spaces each letter, with the marks upon it, is a word.
pub fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut letters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while letters.next_if(|(_, letter)| !is_word(*letter)).is_some() {}
        let (begin, first) = letters.next()?;
        let goes_on = |letter: char| match is_unspaced(first) {
            true => is_combining_mark(letter),
            false => is_word(letter) && (is_combining_mark(letter) || !is_unspaced(letter)),
        };
        while letters.next_if(|(_, letter)| goes_on(*letter)).is_some() {}
        Some((begin, letters.peek().map_or(text.len(), |(end, _)| *end)))
    })
}

/// A word as it is compared: lower case, without the accents of Latin and Greek letters, `ё` as `е`. Marks of other scripts are
/// letters in all but name and stay.
pub fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars() {
        match letter {
            'ё' | 'Ё' => folded.push('е'),
            '\u{400}'..='\u{52f}' => folded.extend(letter.to_lowercase()),
            wide if is_wide(wide) => folded.push(narrow(wide).to_ascii_lowercase()),
            _ => folded
                .extend(std::iter::once(letter).nfd().filter(|part| !is_accent(*part)).flat_map(char::to_lowercase)),
        }
    }
    // A sigma at the end of a word is written otherwise and is no other letter.
    if folded.contains('ς') { folded.replace('ς', "σ") } else { folded }
}

/// Whether a letter or digit is one of ASCII's, as wide as a Chinese one.
fn is_wide(letter: char) -> bool {
    matches!(letter, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ')
}

/// `Ｇ` as `G`.
fn narrow(letter: char) -> char {
    char::from_u32(u32::from(letter) - (u32::from('Ａ') - u32::from('A'))).unwrap_or(letter)
}

fn is_accent(mark: char) -> bool {
    matches!(mark, '\u{300}'..='\u{36f}')
}

/// A text as it goes into the index: scripts without spaces letter by letter, and what the index would not fold by itself (Greek
/// accents, `ё`) folded. Most texts pass as they are.
pub fn indexed(text: &str) -> Cow<'_, str> {
    match text.char_indices().find(|(_, letter)| is_rewritten(*letter)) {
        None => Cow::Borrowed(text),
        Some((first, _)) => {
            let mut out = String::with_capacity(text.len() + text.len() / 2);
            out.push_str(&text[..first]);
            spell(&text[first..], &mut out);
            Cow::Owned(out)
        }
    }
}

fn is_rewritten(letter: char) -> bool {
    match letter {
        '\0'..='\u{36f}' => false,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' | 'ё' | 'Ё' => true,
        _ => is_wide(letter) || is_unspaced(letter),
    }
}

fn spell(text: &str, out: &mut String) {
    let mut is_after_unspaced = false;
    for letter in text.chars() {
        match letter {
            mark if is_combining_mark(mark) => out.push(mark),
            letter if is_unspaced(letter) => {
                if !out.ends_with([' ', '\n']) && !out.is_empty() {
                    out.push(' ');
                }
                out.push(letter);
                is_after_unspaced = true;
                continue;
            }
            letter => {
                if is_after_unspaced && is_word(letter) {
                    out.push(' ');
                }
                if is_rewritten(letter) {
                    out.push_str(&folded(letter.encode_utf8(&mut [0; 4])));
                } else {
                    out.push(letter);
                }
            }
        }
        is_after_unspaced &= is_combining_mark(letter);
    }
}

/// A query in FTS5's language, its words written as [`indexed`] writes them. A run of letters without spaces becomes a phrase; what
/// stands in quotation marks stays one. Operators, column names, parentheses and stars keep their meaning.
pub fn query(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    let mut rest = words;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => quoted_end(rest),
            // The space of Chinese and Japanese keyboards divides as any other.
            first if first.is_whitespace() => first.len_utf8(),
            first if is_bare(first) => word_end(rest),
            first => first.len_utf8(),
        };
        let (part, behind) = rest.split_at(end);
        rest = behind;
        if first.is_whitespace() {
            out.push(' ');
        } else if first == '"' {
            let closed = if part.len() > 1 && part.ends_with('"') { &part[1..part.len() - 1] } else { &part[1..] };
            out.push_str(&format!("\"{}{}", indexed(closed), &part[1 + closed.len()..]));
        } else if is_bare(first) {
            match indexed(part) {
                spelt if !spelt.trim().chars().all(is_bare) => out.push_str(&format!("\"{}\"", spelt.trim())),
                spelt => out.push_str(&spelt),
            }
        } else if is_meant(first, rest, &out) {
            out.push(first);
        } else {
            out.push(' ');
        }
    }
    out
}

/// Behind a word: `e-bike`, `don't`, `U.S` and `3.1` are one each.
fn word_end(text: &str) -> usize {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let is_followed = letters.peek().is_some_and(|(_, next)| is_bare(*next));
        let joins = is_followed && "-'./&@".contains(letter);
        if !is_bare(letter) && !joins {
            return at;
        }
    }
    text.len()
}

/// Whether a sign is one of the query language: `before` is what was written so far, `behind` what follows. Any other divides words, as in
/// a text.
fn is_meant(sign: char, behind: &str, before: &str) -> bool {
    match sign {
        '(' | ')' | '*' | ':' | '^' | '{' | '}' => true,
        '-' => before.is_empty() || before.ends_with([' ', ':', '(']),
        // Between two phrases.
        '+' => before.ends_with(' ') && behind.starts_with(' '),
        // NEAR(one two, 10)
        ',' => before.contains("NEAR(") && behind.trim_start().starts_with(|next: char| next.is_ascii_digit()),
        _ => false,
    }
}

/// Whether FTS5 takes a character for part of a word that needs no quotation marks.
fn is_bare(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || (!letter.is_ascii() && !letter.is_whitespace())
}

/// Behind the quotation mark that ends a string; a doubled one stands for itself. The whole rest, where none does.
pub fn quoted_end(text: &str) -> usize {
    let mut at = 1;
    while let Some(mark) = text[at..].find('"') {
        at += mark + 1;
        if !text[at..].starts_with('"') {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn letters_without_spaces_are_words_of_their_own() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<&str> = words(text).map(|(begin, end)| &text[begin..end]).collect();
            assert_eq!(found, expected, "{text}");
            let spelt = indexed(text);
            let again: Vec<String> = words(&spelt).map(|(begin, end)| folded(&spelt[begin..end])).collect();
            assert_eq!(again, expected.iter().map(|word| folded(word)).collect::<Vec<_>>(), "indexed: {text}");
        };
        check("東京で地震、5人", &["東", "京", "で", "地", "震", "5", "人"]);
        check("iPhone発売 now", &["iPhone", "発", "売", "now"]);
        check("ที่นี่ดี", &["ที่", "นี่", "ดี"]);
        check("지진이 났다", &["지", "진", "이", "났", "다"]);
        check("हिन्दी भाषा", &["हिन्दी", "भाषा"]);
        check("Harbour-side, 3rd_try", &["Harbour", "side", "3rd", "try"]);
        check("ガールズ・バンド", &["ガ", "ー", "ル", "ズ", "バ", "ン", "ド"]);
        check("", &[]);
    }

    #[test]
    fn what_people_type_is_a_query_and_operators_keep_their_meaning() {
        let check = |typed: &str, expected: &str| assert_eq!(query(typed), expected, "{typed}");
        check("e-bike", "\"e-bike\"");
        check("don't l'eau", "\"don't\" \"l'eau\"");
        check("U.S. 3.1", "\"U.S\"  \"3.1\"");
        check("storm, coast; what? C++", "storm  coast  what  C  ");
        check("a@b.example/c", "\"a@b.example/c\"");
        check("title:storm AND (wind* OR ^gale) NOT \"e-bike\"", "title:storm AND (wind* OR ^gale) NOT \"e-bike\"");
        check("NEAR(storm coast, 5)", "NEAR(storm coast, 5)");
        check("-title:storm", "-title:storm");
        check("one + two", "one + two");
    }

    #[test]
    fn case_and_accents_make_no_other_word() {
        let check = |word: &str, expected: &str| assert_eq!(folded(word), expected, "{word}");
        check("HARBOUR", "harbour");
        check("Über", "uber");
        check("Phở", "pho");
        check("Ελλάδας", "ελλαδασ");
        check("Королёв", "королев");
        check("Йод", "йод");
        check("Ｇ７サミット", "g7サミット");
        check("が", folded("か\u{3099}").as_str());
        assert_ne!(folded("が"), folded("か"));
        assert_ne!(folded("ที่"), folded("ที"));
    }

    #[test]
    fn most_texts_are_indexed_without_a_copy() {
        for text in ["", "The ferry burned.", "Über den “Fluss” — so weit", "Новости дня"] {
            assert!(matches!(indexed(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn a_query_keeps_its_grammar() {
        let check = |words: &str, expected: &str| assert_eq!(query(words), expected, "{words}");
        check("ferry OR harb*", "ferry OR harb*");
        check("地震", "\"地 震\"");
        check("地", "地");
        check("地震*", "\"地 震\"*");
        check("title:地震 NOT 津波", "title:\"地 震\" NOT \"津 波\"");
        check("\"東京 地震\" AND fire", "\"東 京 地 震\" AND fire");
        check("東京　地震", "\"東 京\" \"地 震\"");
        check("NEAR(地震 \"津波\", 5)", "NEAR(\"地 震\" \"津 波\", 5)");
        check("iPhone発売", "\"iPhone 発 売\"");
        check("\"a \"\"b\"\" 地震\"", "\"a \"\"b\"\" 地 震\"");
        check("\"open 地", "\"open 地");
        check("Ελλάδα", "ελλαδα");
        check("Ｇ７", "g7");
        check("\"Ｇ７＂ x\"", "\"g7＂ x\"");
    }

    proptest! {
        #[test]
        fn words_are_whole_and_in_order(text in any::<String>()) {
            let mut reached = 0;
            for (begin, end) in words(&text) {
                prop_assert!(reached <= begin && begin < end);
                prop_assert!(text[begin..end].chars().all(is_word));
                prop_assert!(!text[reached..begin].chars().any(is_word));
                reached = end;
            }
            prop_assert!(!text[reached..].chars().any(is_word));
        }

        #[test]
        fn what_is_indexed_is_found_by_the_same_words(text in "[a-zß-öéёΆ-ώ地震東京がที่지진  ,。]{0,40}") {
            let spelt = indexed(&text);
            let of = |text: &str| words(text).map(|(begin, end)| folded(&text[begin..end])).collect::<Vec<_>>();
            prop_assert_eq!(of(&text), of(&spelt));
        }
    }
}
