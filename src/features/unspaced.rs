//! Station: words of scripts that put no spaces between them, as far as they can be told without a dictionary.

use crate::features::calendar;
use crate::features::words::{Kind, Word};

/// What a stretch of such letters is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Chinese characters: pairs of neighbours.
    Han,
    /// Katakana: foreign names and words, each a stretch of its own.
    Katakana,
    /// Hiragana: endings and particles, which say nothing of the news.
    Hiragana,
    /// Hangul: words with their particles.
    Hangul,
    /// Thai, Lao, Khmer, Burmese: pairs of neighbouring clusters of letters.
    Clustered,
}

/// Thai, Lao, Khmer, Burmese, Chinese, Japanese, Korean: words are not divided by spaces, or (Korean) carry their particles.
pub fn is_unspaced(letter: char) -> bool {
    matches!(letter as u32,
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3130..=0x318F
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// The script of a letter; what is none of them goes on with the letter before.
fn script(letter: char) -> Option<Script> {
    match letter as u32 {
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF => Some(Script::Clustered),
        0x30A1..=0x30FF => Some(Script::Katakana),
        0x3041..=0x309F => Some(Script::Hiragana),
        0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => Some(Script::Hangul),
        0x3005 | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => Some(Script::Han),
        _ => None,
    }
}

/// Gives the words of a run of such letters; says how many.
pub fn split<'a>(run: &'a str, each: &mut impl FnMut(Word<'a>)) -> usize {
    let mut given = 0;
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let of = script(first);
        let end = rest.char_indices().find(|(_, letter)| script(*letter).is_some_and(|other| Some(other) != of));
        let (stretch, behind) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = behind;
        given += match of {
            Some(Script::Katakana) | Some(Script::Hangul) => whole(stretch, each),
            Some(Script::Hiragana) => 0,
            Some(Script::Han) => dated(stretch, each, &mut |part, each| pairs(part, letters(part), each)),
            Some(Script::Clustered) => dated(stretch, each, &mut |part, each| pairs(part, clusters(part), each)),
            None => pairs(stretch, letters(stretch), each),
        };
    }
    given
}

/// A stretch that is a word.
fn whole<'a>(stretch: &'a str, each: &mut impl FnMut(Word<'a>)) -> usize {
    each(word(stretch, Kind::Plain));
    1
}

fn word(text: &str, kind: Kind) -> Word<'_> {
    Word { text, kind, starts_sentence: false, follows_directly: false }
}

/// Days and months out of a stretch, and what is between them to `between`.
fn dated<'a, E: FnMut(Word<'a>)>(
    stretch: &'a str,
    each: &mut E,
    between: &mut impl FnMut(&'a str, &mut E) -> usize,
) -> usize {
    let (mut given, mut done, mut at) = (0, 0, 0);
    while at < stretch.len() {
        if let Some(length) = calendar::prefix_in_the_east(&stretch[at..]) {
            given += between(&stretch[done..at], each) + whole(&stretch[at..at + length], each);
            at += length;
            if stretch[at..].starts_with('日') {
                at += '日'.len_utf8();
            }
            done = at;
        } else {
            at += stretch[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    given + between(&stretch[done..], each)
}

/// Gives overlapping pairs of units, or the one that stands alone. `starts` are where the units begin.
fn pairs<'a>(stretch: &'a str, starts: Vec<usize>, each: &mut impl FnMut(Word<'a>)) -> usize {
    if starts.len() < 2 {
        if !stretch.is_empty() {
            each(word(stretch, Kind::Gram));
        }
        return starts.len();
    }
    for (index, start) in starts[..starts.len() - 1].iter().enumerate() {
        let end = starts.get(index + 2).copied().unwrap_or(stretch.len());
        each(word(&stretch[*start..end], Kind::Gram));
    }
    starts.len() - 1
}

/// What pairs are made of: the characters of Chinese, the clusters of Thai; none of what makes no pairs.
pub fn units(text: &str) -> Vec<&str> {
    let starts = match text.chars().next().and_then(script) {
        Some(Script::Clustered) => clusters(text),
        _ => letters(text),
    };
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    let units = starts.iter().zip(ends).map(|(start, end)| &text[*start..end]);
    units.filter(|unit| matches!(unit.chars().next().and_then(script), Some(Script::Han | Script::Clustered))).collect()
}

fn letters(stretch: &str) -> Vec<usize> {
    stretch.char_indices().map(|(at, _)| at).collect()
}

/// Where clusters begin: a consonant with the vowel written before it and the marks behind it (Theeramunkong et al. 2000, in short).
fn clusters(stretch: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut leading = false;
    for (at, letter) in stretch.char_indices() {
        let leads = matches!(letter, 'เ' | 'แ' | 'โ' | 'ใ' | 'ไ' | '\u{0EC0}'..='\u{0EC4}');
        let follows = matches!(letter as u32,
            0x0E30..=0x0E3A | 0x0E45..=0x0E4E | 0x0EB0..=0x0EBC | 0x0EC8..=0x0ECD | 0x102B..=0x103E | 0x17B4..=0x17D3);
        if !leading && !follows || starts.is_empty() {
            starts.push(at);
        }
        leading = leads;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_script_in_its_way() {
        let cases: [(&str, &[&str]); 10] = [
            ("地震", &["地震"]),
            ("東京で地震", &["東京", "地震"]),
            ("大地震", &["大地", "地震"]),
            ("サッカー代表", &["サッカー", "代表"]),
            ("水曜日に会議", &["水曜", "会議"]),
            ("市长星期三宣布", &["市长", "星期三", "宣布"]),
            ("서울에서", &["서울에서"]),
            ("코로나19", &["코로나19"]),
            ("ประเทศไทย", &["ประ", "ระเท", "เทศ", "ศไท", "ไทย"]),
            ("の", &[]),
        ];
        for (run, expected) in cases {
            let mut found = Vec::new();
            let given = split(run, &mut |word| found.push(word.text));
            assert_eq!((found.as_slice(), given), (expected, expected.len()), "{run}");
        }
    }
}
