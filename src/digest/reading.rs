//! Station: how long a text takes to read.

use std::num::NonZeroU32;

use crate::digest::Params;

/// What there is to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Words between spaces.
    pub words: u32,
    /// Characters of scripts that set no spaces.
    pub characters: u32,
}

impl Load {
    /// What a text holds. A run of a spaced script counts as one word, each character of an unspaced one for itself, so a text
    /// that mixes both is counted right.
    pub fn of(text: &str) -> Load {
        let mut load = Load::default();
        for run in text.split_whitespace() {
            let mut in_word = false;
            for c in run.chars().filter(|c| c.is_alphanumeric()) {
                if is_unspaced(c) {
                    load.characters = load.characters.saturating_add(1);
                    in_word = false;
                } else if !in_word {
                    load.words = load.words.saturating_add(1);
                    in_word = true;
                }
            }
        }
        load
    }

    /// Both together.
    pub fn and(self, other: Load) -> Load {
        Load {
            words: self.words.saturating_add(other.words),
            characters: self.characters.saturating_add(other.characters),
        }
    }

    /// Whole minutes, begun ones counted: 0 only where there is nothing to read.
    pub fn minutes(self, params: &Params) -> u32 {
        let seconds = |number: u32, pace: NonZeroU32| u64::from(number) * 60 / u64::from(pace.get());
        let all = seconds(self.words, params.words_per_minute) + seconds(self.characters, params.characters_per_minute);
        let begun = if self == Load::default() { 0 } else { all.max(1).div_ceil(60) };
        u32::try_from(begun).unwrap_or(u32::MAX)
    }
}

/// Whether a character belongs to a script that sets no spaces between words: Chinese, Japanese, Thai, Lao, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}')
        || matches!(c, '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use crate::digest::Params;
    use crate::digest::reading::Load;

    #[test]
    fn words_and_characters_are_counted_each_where_they_are_what_is_read() {
        let check = |text: &str, words: u32, characters: u32| {
            assert_eq!(Load::of(text), Load { words, characters }, "{text:?}");
        };
        check("", 0, 0);
        check(" - … – ", 0, 0);
        check("The well-known bridge is shut.", 5, 0);
        check("橋は閉鎖された。", 0, 7);
        check("JR東日本は3月に", 2, 6);
        check("สะพานปิด", 0, 8);
        check("다리가 닫혔다", 2, 0);
    }

    #[test]
    fn minutes_are_counted_when_they_have_begun() {
        let check = |words: u32, characters: u32, expected: u32| {
            assert_eq!(Load { words, characters }.minutes(&Params::default()), expected, "{words} {characters}");
        };
        check(0, 0, 0);
        check(1, 0, 1);
        check(230, 0, 1);
        check(240, 0, 2);
        check(0, 500, 1);
        check(230, 500, 2);
        check(u32::MAX, u32::MAX, 27_263_706);
    }
}
