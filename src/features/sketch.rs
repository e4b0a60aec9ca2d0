//! Station: a small sketch of a text's wording, from which a copy is told without keeping the text.

/// Bins of a sketch.
const BINS: usize = 64;
/// Words of a text from which a copy can be told.
const WORDS_MIN: usize = 30;
/// An empty bin.
const EMPTY: u16 = u16::MAX;

/// One-permutation MinHash (Li, Owen and Zhang 2012) over runs of three words: 64 bins of 16 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    bins: [u16; BINS],
    words: u16,
}

impl Sketch {
    /// Its size when stored.
    pub const BYTES: usize = 2 * BINS + 2;

    /// The share of the shorter text's wording that the longer one repeats, estimated from the sketches: 0 to 1.
    pub fn contained(&self, other: &Sketch) -> f64 {
        let (mut equal, mut filled) = (0_u16, 0_u16);
        for (left, right) in self.bins.iter().zip(&other.bins) {
            equal += u16::from((left == right) & (*left != EMPTY));
            filled += u16::from((*left != EMPTY) | (*right != EMPTY));
        }
        if filled == 0 {
            return 0.0;
        }
        let jaccard = f64::from(equal) / f64::from(filled);
        let (left, right) = (f64::from(self.words), f64::from(other.words));
        (jaccard * (left + right) / (1.0 + jaccard) / left.min(right).max(1.0)).min(1.0)
    }

    /// A value of each piece of memory that it lies in.
    pub(crate) fn touch(&self) -> u16 {
        self.bins[0] ^ self.bins[BINS / 2] ^ self.words
    }

    /// The sketch as bytes of a fixed length.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bins.iter().chain([&self.words]).flat_map(|bin| bin.to_le_bytes()).collect()
    }

    /// The sketch of those bytes; `None` for another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        if bytes.len() != Sketch::BYTES {
            return None;
        }
        let mut values = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let mut bins = [EMPTY; BINS];
        for bin in &mut bins {
            *bin = values.next()?;
        }
        Some(Sketch { bins, words: values.next()? })
    }
}

/// Takes a text's terms in order.
#[derive(Debug)]
pub struct Builder {
    bins: [u16; BINS],
    words: usize,
    last: [u32; 2],
}

impl Default for Builder {
    fn default() -> Builder {
        Builder { bins: [EMPTY; BINS], words: 0, last: [0; 2] }
    }
}

impl Builder {
    /// The next word of the text, by the hash of its term.
    pub fn add(&mut self, hash: u32) {
        self.words += 1;
        if self.words >= 3 {
            let mixed = mix(u64::from(self.last[0]), u64::from(self.last[1]), u64::from(hash));
            let bin = &mut self.bins[(mixed as usize) % BINS];
            *bin = (*bin).min(((mixed >> 40) as u16).min(EMPTY - 1));
        }
        self.last = [self.last[1], hash];
    }

    /// Words taken.
    pub fn words(&self) -> usize {
        self.words
    }

    /// The sketch, where there were words enough.
    pub fn build(self) -> Option<Sketch> {
        let words = u16::try_from(self.words).unwrap_or(u16::MAX);
        (self.words >= WORDS_MIN).then_some(Sketch { bins: self.bins, words })
    }
}

/// Words of a sentence from which it can be told again: "Good morning." says nothing of where it is from.
const SENTENCE_WORDS_MIN: usize = 6;

/// Takes a sentence's terms in order, to say whether another says the same in the same words.
#[derive(Debug, Default)]
pub struct Sentence {
    words: usize,
    mixed: u64,
}

impl Sentence {
    /// The next word, by the hash of its term.
    pub fn add(&mut self, hash: u32) {
        self.words += 1;
        self.mixed = mix(self.mixed, u64::from(hash), self.words as u64);
    }

    /// 32 bits of it, 0 where it has too few words.
    pub fn hash(&self) -> u32 {
        if self.words >= SENTENCE_WORDS_MIN { (self.mixed >> 32) as u32 } else { 0 }
    }
}

/// Three words to 64 well-mixed bits (the finaliser of SplitMix64, Steele et al. 2014).
fn mix(first: u64, second: u64, third: u64) -> u64 {
    let mut bits = first ^ second.rotate_left(21) ^ third.rotate_left(42);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sketch(words: impl Iterator<Item = u32>) -> Option<Sketch> {
        let mut builder = Builder::default();
        words.for_each(|word| builder.add(word.wrapping_mul(0x9E37_79B1)));
        builder.build()
    }

    #[test]
    fn a_copy_is_contained_and_a_stranger_is_not() {
        let text = sketch(0..100).expect("long enough");
        let edited = sketch((0..100).map(|word| if word == 50 { 7_777 } else { word })).expect("long enough");
        let cut = sketch(0..60).expect("long enough");
        let stranger = sketch(500..600).expect("long enough");
        assert_eq!(text.contained(&text), 1.0);
        assert!(text.contained(&edited) > 0.8);
        assert!(text.contained(&cut) > 0.8, "{}", text.contained(&cut));
        assert!(text.contained(&stranger) < 0.1);
    }

    #[test]
    fn sentences_are_told_by_their_words_in_order() {
        let hash = |words: &[u32]| {
            let mut sentence = Sentence::default();
            words.iter().for_each(|word| sentence.add(*word));
            sentence.hash()
        };
        assert_ne!(hash(&[1, 2, 3, 4, 5, 6]), 0);
        assert_ne!(hash(&[1, 2, 3, 4, 5, 6]), hash(&[1, 2, 3, 4, 6, 5]));
        assert_eq!(hash(&[1, 2, 3, 4, 5]), 0);
    }

    #[test]
    fn a_short_text_has_no_sketch() {
        assert_eq!(sketch(0..29), None);
    }

    #[test]
    fn bytes_and_back() {
        let text = sketch(0..40).expect("long enough");
        assert_eq!(Sketch::from_bytes(&text.to_bytes()), Some(text));
        assert_eq!(Sketch::from_bytes(&[0; 5]), None);
    }
}
