//! Station: how rare words are in general, so that a new database with seven articles knows it too.

use std::sync::{LazyLock, OnceLock};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::features::unspaced;

/// How rare a term is: the share of articles that hold it, on a logarithmic scale in steps of an eighth of a nat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rarity(pub u8);

impl Rarity {
    /// Steps per factor of e.
    pub const STEPS: f64 = 8.0;
    /// A word that a large table does not hold.
    pub const UNKNOWN: Rarity = Rarity(127);
    /// A word of a language of which only the commonest words are known, or whose words were counted in talk and not in news: what
    /// is rare there ("inflation") may be common here.
    pub const UNCOUNTED: Rarity = Rarity(56);

    /// The rarest of the everyday words: about one article in fifty holds it.
    pub const EVERYDAY_MAX: Rarity = Rarity(31);

    /// The rarity of what this share of articles holds.
    pub fn of_share(share: f64) -> Rarity {
        let steps = -share.max(f64::MIN_POSITIVE).ln() * Rarity::STEPS;
        Rarity(steps.round().clamp(0.0, f64::from(Rarity::UNKNOWN.0 - 1)) as u8)
    }

    /// The share of articles that hold it.
    pub fn share(self) -> f64 {
        static SHARES: LazyLock<[f64; 256]> =
            LazyLock::new(|| std::array::from_fn(|steps| (-(steps as f64) / Rarity::STEPS).exp()));
        SHARES[usize::from(self.0)]
    }

    /// Whether more than about one article in fifty holds it: "monday", "new", "people".
    pub fn is_everyday(self) -> bool {
        self <= Rarity::EVERYDAY_MAX
    }

    /// Whether no table holds it.
    pub fn is_unknown(self) -> bool {
        self == Rarity::UNKNOWN
    }

    /// Of two words side by side: rarer than either, less rare than chance would have it.
    pub fn with(self, other: Rarity) -> Rarity {
        Rarity(self.0.max(other.0).saturating_add(self.0.min(other.0) / 4).min(Rarity::UNKNOWN.0))
    }
}

/// Background shares of stemmed words by language.
///
/// The table is a file made by `examples/lexicon.rs`: a count, that many sorted 32-bit keys, and a byte for each: seven bits of
/// rarity, and one for proper names. Languages with a large table, of which a missing word is known to be rare, stand in its head.
#[derive(Debug)]
pub struct Lexicon {
    /// Which upper halves of keys an everyday word has: a bit each, so that most words are known not to be one at once.
    everyday: OnceLock<Box<[u64]>>,
    /// Where the keys of each upper half begin: a handful, for keys are hashes.
    starts: OnceLock<Box<[u32]>>,
    keys: &'static [u8],
    values: &'static [u8],
}

impl Lexicon {
    /// The lexicon that the binary carries.
    pub fn builtin() -> &'static Lexicon {
        static BUILTIN: Lexicon = Lexicon::over(include_bytes!("lexicon.bin"));
        &BUILTIN
    }

    /// Languages of which the table holds so many words that a missing one is rare, and how rare it is taken to be.
    pub const COUNTED: [(&'static str, Rarity); 18] = [
        ("en", Rarity::UNKNOWN),
        ("de", Rarity::UNKNOWN),
        ("es", Rarity::UNKNOWN),
        ("el", Rarity::UNKNOWN),
        ("0", Rarity::UNKNOWN),
        ("ar", Rarity::UNCOUNTED),
        ("eu", Rarity::UNCOUNTED),
        ("fa", Rarity::UNCOUNTED),
        ("fr", Rarity::UNCOUNTED),
        ("it", Rarity::UNCOUNTED),
        ("lv", Rarity::UNCOUNTED),
        ("nl", Rarity::UNCOUNTED),
        ("pt", Rarity::UNCOUNTED),
        ("ru", Rarity::UNCOUNTED),
        ("tr", Rarity::UNKNOWN),
        ("he", Rarity::UNCOUNTED),
        ("hi", Rarity::UNCOUNTED),
        ("ko", Rarity::UNCOUNTED),
    ];

    /// Languages whose tables tell proper names; elsewhere English ones are asked.
    pub const KNOWS_NAMES: [&'static str; 4] = ["en", "es", "el", "tr"];

    /// Two characters side by side, where only the share of each is known: steps that two independent draws are rarer than the two
    /// shares together (the logarithm of a lead's draws).
    const GRAM_STEPS: u8 = 33;

    /// A name of another language is not many times commoner in this one, else it is a word of its own: Berlin is a name in German, and
    /// "Wahl" (election), a surname in English, is none. In steps.
    const COMMONER_STEPS: u8 = 36;

    /// The bit of a value that marks a proper name.
    pub const PROPER: u8 = 0x80;

    const fn over(bytes: &'static [u8]) -> Lexicon {
        let entries = bytes.len() / 5;
        assert!(bytes.len() == entries * 5, "a lexicon is keys of four bytes, then values of one");
        let (keys, values) = bytes.split_at(entries * 4);
        Lexicon { everyday: OnceLock::new(), starts: OnceLock::new(), keys, values }
    }

    /// How rare a stem is in a language, and whether it is known as a proper name.
    pub fn look_up(&self, lang: &str, stem: &str) -> (Rarity, bool) {
        self.listed(lang, stem).unwrap_or_else(|| Lexicon::unlisted(lang))
    }

    /// Whether English knows a word of another language, which holds it as so rare, as a proper name.
    pub fn is_english_name(&self, stem: &str, rarity: Rarity) -> bool {
        let english = self.listed("en", stem).filter(|(_, is_name)| *is_name);
        english.is_some_and(|(english, _)| english.0 <= rarity.0.saturating_add(Lexicon::COMMONER_STEPS))
    }

    /// What is said of a stem that the table does not hold.
    pub fn unlisted(lang: &str) -> (Rarity, bool) {
        (Lexicon::missing(lang).unwrap_or(Rarity::UNCOUNTED), false)
    }

    /// What is said of a stem that the table holds.
    pub fn listed(&self, lang: &str, stem: &str) -> Option<(Rarity, bool)> {
        let value = self.value(Lexicon::key(lang, stem))?;
        Some((Rarity(value & !Lexicon::PROPER), value & Lexicon::PROPER != 0))
    }

    /// Languages of whose pairs of letters the commonest are counted.
    const COUNTS_PAIRS: [&'static str; 3] = ["zh", "ja", "th"];

    /// What is said of a pair of letters, in a language without spaces, that the table does not hold. Where the commonest pairs are
    /// counted, another is as rare as its two letters make it.
    pub fn unlisted_gram(&self, lang: &str, gram: &str) -> (Rarity, bool) {
        let units = unspaced::units(gram);
        let (true, [first, second]) = (Lexicon::COUNTS_PAIRS.contains(&lang), units.as_slice()) else {
            return Lexicon::unlisted(lang);
        };
        let mut steps = Lexicon::GRAM_STEPS;
        for letter in [first, second] {
            let of_letter = self.value(Lexicon::key(lang, letter));
            steps = steps.saturating_add(of_letter.unwrap_or(Rarity::UNCOUNTED.0));
        }
        (Rarity(steps.min(Rarity::UNKNOWN.0 - 1)), false)
    }

    /// Whether a language's words are counted so well that one which is not listed is rare indeed.
    pub fn counts(&self, lang: &str) -> bool {
        Lexicon::missing(lang) == Some(Rarity::UNKNOWN)
    }

    fn missing(lang: &str) -> Option<Rarity> {
        Lexicon::COUNTED.iter().find(|(counted, _)| *counted == lang).map(|(_, rarity)| *rarity)
    }

    /// Whether a stem is among a language's commonest: what `look_up` says, told sooner.
    pub fn is_everyday(&self, lang: &str, stem: &str) -> bool {
        let everyday = self.everyday.get_or_init(|| self.everyday_halves());
        let key = Lexicon::key(lang, stem);
        let half = (key >> 16) as usize;
        everyday[half / 64] >> (half % 64) & 1 == 1
            && self.value(key).is_some_and(|value| Rarity(value & !Lexicon::PROPER).is_everyday())
    }

    fn everyday_halves(&self) -> Box<[u64]> {
        let mut halves = vec![0_u64; (1 << 16) / 64];
        for (key, value) in self.keys.chunks_exact(4).zip(self.values) {
            if Rarity(value & !Lexicon::PROPER).is_everyday() {
                let half = usize::from(u16::from_le_bytes([key[2], key[3]]));
                halves[half / 64] |= 1 << (half % 64);
            }
        }
        halves.into()
    }

    /// How many words it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The key of anything that means one thing in one language and another in the next.
    pub(crate) fn key_of_bytes(lang: &str, bytes: &[u8]) -> u32 {
        let lang = lang.bytes().fold(0, |lang, byte| (lang << 8) | u64::from(byte));
        // With a small seed xxh3 hashes up to three bytes as if their last byte were another one: English words would be Spanish ones.
        let seed = lang.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (xxh3_64_with_seed(bytes, seed) >> 32) as u32
    }

    /// The key of a stem in a language.
    pub fn key(lang: &str, stem: &str) -> u32 {
        Lexicon::key_of_bytes(lang, stem.as_bytes())
    }

    fn value(&self, key: u32) -> Option<u8> {
        let starts = self.starts.get_or_init(|| self.starts_of_halves());
        let half = (key >> 16) as usize;
        let (start, end) = (starts[half] as usize, starts[half + 1] as usize);
        let at = self.keys[4 * start..4 * end].chunks_exact(4).position(|bytes| bytes == key.to_le_bytes())?;
        Some(self.values[start + at])
    }

    /// Where the keys of each upper half begin, and where the last end.
    fn starts_of_halves(&self) -> Box<[u32]> {
        let mut starts = vec![0_u32; (1 << 16) + 1];
        for key in self.keys.chunks_exact(4) {
            starts[usize::from(u16::from_le_bytes([key[2], key[3]])) + 1] += 1;
        }
        for half in 1..starts.len() {
            starts[half] += starts[half - 1];
        }
        starts.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_common_and_names_are_names() {
        let lexicon = Lexicon::builtin();
        let rarity = |lang, stem| lexicon.look_up(lang, stem).0;
        assert!(rarity("en", "the") < rarity("en", "polic"));
        assert!(rarity("en", "polic") < rarity("en", "surveil"));
        assert!(rarity("en", "surveil") < rarity("en", "zyxwvut"));
        assert!(rarity("de", "und").is_everyday());
        assert!(rarity("fr", "le").is_everyday());
        assert!(rarity("ru", "человек") < rarity("ru", "правительств"));
        assert!(rarity("cs", "je").is_everyday());
        // What sources lack or count in pieces, and short words of languages whose codes are alike.
        assert!(["con", "una", "del", "las"].iter().all(|word| rarity("es", word).is_everyday()));
        assert!(rarity("el", "η").is_everyday());
        assert!(rarity("en", "t") > rarity("en", "the"), "a letter is no word though contractions end with it");
        assert!(["the", "didn't", "cannot"].iter().all(|word| rarity("en", word).is_everyday()));
        assert!(lexicon.look_up("en", "london").1);
        assert!(!lexicon.look_up("en", "bridg").1);
    }

    #[test]
    fn pairs_are_counted_or_made_of_their_letters() {
        let lexicon = Lexicon::builtin();
        let rarity = |lang, gram| lexicon.listed(lang, gram).unwrap_or_else(|| lexicon.unlisted_gram(lang, gram)).0;
        assert!(rarity("zh", "中国") < rarity("zh", "地震"));
        assert!(rarity("zh", "的是") < rarity("zh", "霾鳞"));
        assert!(rarity("ja", "東京") < rarity("ja", "地震"));
        assert!(rarity("ja", "地震") < rarity("ja", "鱗霾"));
        assert!(rarity("th", "ประ") < rarity("th", "ฆฮ"));
        assert_eq!(rarity("lo", "ປະ"), Rarity::UNCOUNTED);
    }

    #[test]
    fn words_of_many_languages_are_counted() {
        let lexicon = Lexicon::builtin();
        let rarity = |lang, stem| lexicon.look_up(lang, stem).0;
        let cases = [
            ("tr", "haber", "sikke"),
            ("ru", "суд", "краситель"),
            ("ko", "사람", "해녀"),
            ("he", "ישראל", "קטנוע"),
            ("hi", "सरकार", "खंडहर"),
            ("ar", "مدين", "دهان"),
        ];
        for (lang, common, rare) in cases {
            assert!(rarity(lang, common) < rarity(lang, rare), "{lang}: {common}, {rare}");
        }
        assert!(lexicon.look_up("tr", "istanbul").1, "a name");
    }

    #[test]
    fn everyday_words_are_told_without_the_table() {
        let lexicon = Lexicon::builtin();
        let stems = ["the", "polic", "und", "les", "para", "και", "zyxwvut", "london", "", "og", "je"];
        let mut everyday = 0;
        for lang in ["en", "de", "fr", "es", "el", "da", "cs", "xx"] {
            for stem in stems {
                assert_eq!(
                    lexicon.is_everyday(lang, stem),
                    lexicon.look_up(lang, stem).0.is_everyday(),
                    "{stem} ({lang})"
                );
                everyday += u32::from(lexicon.is_everyday(lang, stem));
            }
        }
        assert!(everyday >= 5, "{everyday}");
    }

    #[test]
    fn short_words_have_keys_of_their_own_in_each_language() {
        let langs = ["en", "es", "el", "eu", "et", "de", "da", "fr", "fi", "0"];
        let words = || ('a'..='z').flat_map(|last| [format!("{last}"), format!("e{last}"), format!("co{last}")]);
        let keys: std::collections::BTreeSet<u32> =
            langs.iter().flat_map(|lang| words().map(|word| Lexicon::key(lang, &word))).collect();
        assert_eq!(keys.len(), langs.len() * words().count());
    }

    #[test]
    fn the_table_is_small_and_sorted() {
        let lexicon = Lexicon::builtin();
        assert!(lexicon.len() * 5 <= 3_000_000, "{} bytes", lexicon.len() * 5);
        let keys: Vec<u32> =
            lexicon.keys.chunks_exact(4).map(|k| u32::from_le_bytes([k[0], k[1], k[2], k[3]])).collect();
        assert!(keys.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn shares_and_steps() {
        for steps in [0, 8, 56, 126] {
            assert_eq!(Rarity::of_share(Rarity(steps).share()), Rarity(steps));
        }
    }
}
