//! Station: the front of a title: who or what it is about, told by its first name, or by its first words where it has none.

use crate::features::stem::Stem;
use crate::features::words::{Kind, Word};

/// Words of a title without names that count as its front; of a script without spaces, pairs of letters.
const WORDS: usize = 2;
const GRAMS: usize = 4;

/// The front of a title, as far as it has been read.
#[derive(Debug, Default)]
pub struct Front {
    first: Vec<u32>,
    name: Vec<u32>,
    is_closed: bool,
}

impl Front {
    /// The next word of the title, and whether it is of a name.
    pub fn add(&mut self, word: &Word<'_>, stem: Stem, named: bool) {
        let first_max = if word.kind == Kind::Gram { GRAMS } else { WORDS };
        if self.first.len() < first_max && !stem.rarity.is_everyday() && word.kind != Kind::Number {
            self.first.push(stem.hash);
        }
        let runs_on = named && word.follows_directly;
        if !self.name.is_empty() && !runs_on {
            self.is_closed = true;
        }
        if named && !self.is_closed {
            self.name.push(stem.hash);
        }
    }

    /// The terms of the front.
    pub fn terms(self) -> Vec<u32> {
        if self.name.is_empty() { self.first } else { self.name }
    }
}
