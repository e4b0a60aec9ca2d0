//! Station: concepts, which are what several words say: who "quits", "resigns" or "steps down" does one thing, and a court that
//! acquits does not convict.
//!
//! The table is `concepts.bin`, made by `examples/concepts` out of a list of words for each language, which people can read and mend.

use crate::features::lexicon::Lexicon;
use crate::features::stem;

/// A concept by its place in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConceptId(pub u16);

impl ConceptId {
    /// What titles say that are printed again and again over other texts: "Morning briefing".
    pub const RUBRIC: ConceptId = ConceptId(0);
}

/// A concept that an article tells, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concept {
    /// Which.
    pub id: ConceptId,
    /// How much its word tells, in quarters of a nat, up to 15: the less, the commoner the word is and the more else it may say.
    pub quarters: u8,
    /// Whether the title or the first sentence of the text tells it.
    pub in_head: bool,
}

impl Concept {
    /// How many there can be.
    pub const COUNT_MAX: usize = 1 << 11;
    /// The greatest of `quarters`.
    pub const QUARTERS_MAX: u8 = 15;

    /// How much its word tells, from 0 to 4.
    pub fn tells(self) -> f32 {
        f32::from(self.quarters) / 4.0
    }

    /// The same in two bytes.
    pub fn packed(self) -> u16 {
        self.id.0 << 5 | u16::from(self.quarters) << 1 | u16::from(self.in_head)
    }

    /// The concept of two bytes.
    pub fn of_packed(packed: u16) -> Concept {
        let quarters = (packed >> 1) as u8 & Concept::QUARTERS_MAX;
        Concept { id: ConceptId(packed >> 5), quarters, in_head: packed & 1 == 1 }
    }
}

/// What one word says: nothing, a few concepts, or the beginning of an expression of two words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    first: u32,
    count: u8,
    /// Whether some expression begins with it.
    pub begins: bool,
}

impl Meaning {
    /// Whether the table does not hold the word at all.
    pub fn is_none(self) -> bool {
        self == Meaning::default()
    }

    /// Whether the word says nothing by itself, though an expression may begin with it.
    pub fn is_silent(self) -> bool {
        self.count == 0
    }
}

/// Which words of a language say which concepts.
#[derive(Debug)]
pub struct Concepts {
    /// How many say what is done; those behind them say who or what is there.
    deeds: u16,
    /// Where each one's opposites begin.
    starts: &'static [u8],
    opposites: &'static [u8],
    keys: &'static [u8],
    values: &'static [u8],
}

/// Bytes before the table: how many concepts, deeds, opposites and words there are.
const HEAD_BYTES: usize = 16;

impl Concepts {
    /// The value of a word with which expressions begin, beside those of what it says alone: it is greater than any of these.
    pub const BEGINS: u16 = u16::MAX;

    /// The table that the binary carries.
    pub fn builtin() -> &'static Concepts {
        static BUILTIN: Concepts = Concepts::over(include_bytes!("concepts.bin"));
        &BUILTIN
    }

    const fn over(bytes: &'static [u8]) -> Concepts {
        let (head, rest) = bytes.split_at(HEAD_BYTES);
        let (concepts, deeds) = (number(head, 0), number(head, 4) as u16);
        let (opposites, words) = (number(head, 8), number(head, 12));
        let (starts, rest) = rest.split_at(2 * (concepts + 1));
        let (opposites, rest) = rest.split_at(2 * opposites);
        let (keys, values) = rest.split_at(4 * words);
        assert!(values.len() == 2 * words, "a value of two bytes belongs to each word");
        Concepts { deeds, starts, opposites, keys, values }
    }

    /// The key of a term in a language: a term's hash is one in all of them, and what its word says is not.
    pub fn key(lang: &str, term: u32) -> u32 {
        Lexicon::key_of_bytes(lang, &term.to_le_bytes())
    }

    /// The key of two terms side by side.
    pub fn key_of_words(lang: &str, first: u32, second: u32) -> u32 {
        Concepts::key(lang, stem::of_two(first, second))
    }

    /// How many concepts there are.
    pub fn len(&self) -> usize {
        self.starts.len() / 2 - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a word of this term says in a language.
    pub fn of_word(&self, lang: &str, term: u32) -> Meaning {
        self.find(Concepts::key(lang, term))
    }

    /// What two words say that stand side by side.
    pub fn of_words(&self, lang: &str, first: u32, second: u32) -> Meaning {
        self.find(Concepts::key_of_words(lang, first, second))
    }

    fn find(&self, wanted: u32) -> Meaning {
        let key = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| self.keys[4 * at + byte]));
        let (mut low, mut high) = (0, self.keys.len() / 4);
        while low < high {
            let middle = low.midpoint(high);
            if key(middle) < wanted { low = middle + 1 } else { high = middle }
        }
        let mut found = Meaning::default();
        let first = low as u32;
        while low < self.keys.len() / 4 && key(low) == wanted {
            // The mark is the greatest of values, so it stands behind what the word says.
            match self.value(low) {
                Concepts::BEGINS => found.begins = true,
                _ => (found.first, found.count) = (first, found.count + 1),
            }
            low += 1;
        }
        found
    }

    fn value(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.values[2 * at], self.values[2 * at + 1]])
    }

    /// The concepts of a meaning, without rubrics.
    pub fn concepts(&self, meaning: Meaning) -> impl Iterator<Item = Concept> + '_ {
        let first = meaning.first as usize;
        let found = (first..first + usize::from(meaning.count)).map(|at| Concept::of_packed(self.value(at)));
        found.filter(|concept| concept.id != ConceptId::RUBRIC)
    }

    /// Whether a concept says what is done.
    pub fn is_deed(&self, concept: ConceptId) -> bool {
        concept.0 < self.deeds
    }

    /// Whether a meaning is that of a rubric.
    pub fn is_rubric(&self, meaning: Meaning) -> bool {
        // Its number is the least, so it stands first.
        meaning.count > 0 && Concept::of_packed(self.value(meaning.first as usize)).id == ConceptId::RUBRIC
    }

    /// The concepts that would contradict it.
    pub fn opposites(&self, concept: ConceptId) -> impl Iterator<Item = ConceptId> + '_ {
        let pair = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[2 * at], bytes[2 * at + 1]]);
        let at = usize::from(concept.0).min(self.len().saturating_sub(1));
        let (start, end) = (pair(self.starts, at), pair(self.starts, at + 1));
        (start..end).map(move |at| ConceptId(pair(self.opposites, usize::from(at))))
    }
}

const fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}
