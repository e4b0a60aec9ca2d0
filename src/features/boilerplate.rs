//! Station: sentences that a feed puts under many of its entries. They tell nothing of any story, so no feature is made of them.

use std::borrow::Cow;

use xxhash_rust::xxh3::xxh3_64;

/// Letters below which a sentence is too short to be told from any other.
const LETTERS_MIN: usize = 8;

/// A sentence as it is remembered: 32 bits of its letters, upper and lower case alike; numbers and marks do not count ("12 comments",
/// "3 comments"). `None` for one that is too short.
pub fn mark(sentence: &str) -> Option<u32> {
    let letters: String =
        sentence.chars().filter(|letter| letter.is_alphabetic()).flat_map(char::to_lowercase).collect();
    (letters.chars().take(LETTERS_MIN).count() == LETTERS_MIN).then(|| (xxh3_64(letters.as_bytes()) >> 32) as u32)
}

/// The sentences of a text, in order, with the blanks and line ends behind them: together they are the text. A point ends one only
/// before a blank.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut letters = rest.char_indices().peekable();
        while let Some((_, letter)) = letters.next() {
            let ends = match letter {
                '\n' | '。' | '！' | '？' | '।' => true,
                '.' | '!' | '?' | '…' | '؟' => letters.peek().is_none_or(|(_, next)| next.is_whitespace()),
                _ => false,
            };
            if ends {
                while letters.next_if(|(_, next)| next.is_whitespace()).is_some() {}
                break;
            }
        }
        let end = letters.peek().map_or(rest.len(), |(at, _)| *at);
        let (sentence, behind) = rest.split_at(end);
        rest = behind;
        Some(sentence)
    })
}

/// A text without these sentences. Where nothing else would be left, nothing is taken away.
pub fn without<'a>(text: &'a str, marks: &[u32]) -> Cow<'a, str> {
    if marks.is_empty() {
        return Cow::Borrowed(text);
    }
    let is_kept = |sentence: &&str| mark(sentence).is_none_or(|mark| !marks.contains(&mark));
    let kept: String = sentences(text).filter(is_kept).collect();
    if kept.len() == text.len() || !kept.chars().any(char::is_alphabetic) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use crate::features::boilerplate::{mark, sentences, without};

    #[test]
    fn sentences_are_the_whole_text() {
        let cases: [(&str, usize); 7] = [
            ("It sank. All 12.5 tonnes of it!  Why?\n\nNobody knows", 4),
            ("船が沈没した。原因は不明。", 2),
            ("नाव डूब गई। कारण पता नहीं।", 2),
            ("e.g. this one. ", 2),
            ("\n\n", 1),
            ("one", 1),
            ("", 0),
        ];
        for (text, count) in cases {
            assert_eq!(sentences(text).collect::<String>(), text);
            assert_eq!(sentences(text).count(), count, "{text}");
        }
    }

    #[test]
    fn what_a_feed_repeats_is_taken_out() {
        let marks: Vec<u32> =
            ["Follow us on all channels.", "Read the 12 comments"].iter().filter_map(|it| mark(it)).collect();
        let check = |text: &str, expected: &str| assert_eq!(without(text, &marks), expected);
        check("The ferry sank. Follow us on all channels.\n\nTwo died.", "The ferry sank. Two died.");
        check("The ferry sank.\nRead the 3 comments", "The ferry sank.\n");
        check("FOLLOW US on all channels!", "FOLLOW US on all channels!");
        check("The ferry sank.", "The ferry sank.");
        assert_eq!(mark("12 345."), None);
        assert_eq!(mark("Read on"), None);
    }
}
