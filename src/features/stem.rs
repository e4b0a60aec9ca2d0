//! Station: a word's term: its stem as a hash, and what the lexicon knows of it. Stemming is slow, so words met before are remembered.

use std::borrow::Cow;
use std::cell::RefCell;

use rust_stemmers::{Algorithm, Stemmer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::features::calendar::{self, Sense};
use crate::features::concepts::{Concepts, Meaning};
use crate::features::lexicon::{Lexicon, Rarity};
use crate::features::words::{Kind, Word};
use crate::features::{endings, numerals, renamed, spelling};

/// Whether a language writes every noun with a capital, so that a capital tells no name.
pub(crate) fn writes_nouns_as_names(lang: &str) -> bool {
    matches!(lang, "de" | "lb")
}

/// What a word comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stem {
    /// xxh3 of the stem, 32 bits, the same in every language: names cross borders.
    pub hash: u32,
    /// How rare the stem is in its language.
    pub rarity: Rarity,
    /// Whether the lexicon knows it as a proper name.
    pub proper: bool,
    /// Whether the lexicon counts the words of its language and lacks this one: a name, or a rare word indeed. Of letters without
    /// spaces, whether it lacks this pair.
    pub unheard: bool,
    /// What it may say of the calendar.
    pub sense: Sense,
    /// The concepts that it says.
    pub meaning: Meaning,
}

/// Words remembered per thread. A direct-mapped table: a newcomer takes the place of what stood there, so it never grows.
const REMEMBERED_MAX: usize = 1 << 15;

thread_local! {
    /// A memo of a pure function, so that it leaves no trace in results.
    static REMEMBERED: RefCell<Vec<(u64, Option<Stem>)>> = RefCell::new(vec![(0, None); REMEMBERED_MAX]);
}

/// The term of a word in a language.
pub fn of(word: &Word<'_>, lang: &str, lexicon: &Lexicon) -> Stem {
    let key = xxh3_64_with_seed(word.text.as_bytes(), xxh3_64(lang.as_bytes()));
    REMEMBERED.with_borrow_mut(|remembered| {
        let (held_key, held) = &mut remembered[(key as usize) & (REMEMBERED_MAX - 1)];
        if let (Some(stem), true) = (*held, *held_key == key) {
            return stem;
        }
        let stem = made(word, lang, lexicon);
        (*held_key, *held) = (key, Some(stem));
        stem
    })
}

thread_local! {
    /// The same for one bit, beside the others: a text without a language asks for each word in fifteen of them.
    static EVERYDAY: RefCell<Vec<u64>> = RefCell::new(vec![0; REMEMBERED_MAX]);
}

/// A plain word that is asked for in one language after another.
#[derive(Debug)]
pub struct Asked<'a> {
    word: &'a str,
    lower: String,
    hash: u64,
}

impl<'a> Asked<'a> {
    /// A plain word of a text.
    pub fn of(word: &'a str) -> Asked<'a> {
        Asked { word, lower: spelling::lower(word, ""), hash: xxh3_64(word.as_bytes()) }
    }

    /// Whether it is among the commonest words of a language.
    pub fn is_everyday(&self, lang: &str, lexicon: &Lexicon) -> bool {
        // The last bit is the answer, and no key is 0, as an empty place is.
        let key = (self.hash ^ xxh3_64(lang.as_bytes()) | 2) & !1;
        EVERYDAY.with_borrow_mut(|remembered| {
            let held = &mut remembered[(key >> 32) as usize & (REMEMBERED_MAX - 1)];
            if *held & !1 != key {
                let stem = plain(self.word, &self.lower, lang);
                *held = key | u64::from(lexicon.is_everyday(lang, &stem));
            }
            *held & 1 == 1
        })
    }
}

fn made(word: &Word<'_>, lang: &str, lexicon: &Lexicon) -> Stem {
    match word.kind {
        Kind::Number => number_stem(&number(word.text), None, lexicon),
        Kind::Gram => gram_stem(word.text, lang, lexicon),
        Kind::Plain => {
            let lower = spelling::lower(word.text, lang);
            match numerals::of_word(word.text, &lower, lang) {
                Some(digits) => number_stem(digits, Some(Sense::Number), lexicon),
                None => plain_stem(word.text, &lower, lang, lexicon),
            }
        }
    }
}

fn number_stem(digits: &str, sense: Option<Sense>, lexicon: &Lexicon) -> Stem {
    let (rarity, proper) = lexicon.look_up(NUMBERS, digits);
    let sense = sense.unwrap_or_else(|| calendar::of_number(digits));
    Stem { hash: hash(digits), rarity, proper, unheard: rarity.is_unknown(), sense, meaning: Meaning::default() }
}

fn gram_stem(gram: &str, lang: &str, lexicon: &Lexicon) -> Stem {
    let found = lexicon.listed(lang, gram);
    let (rarity, proper) = found.unwrap_or_else(|| lexicon.unlisted_gram(lang, gram));
    let (hash, sense) = (hash(gram), Sense::None);
    let meaning = Concepts::builtin().of_word(lang, hash);
    Stem { hash, rarity, proper, unheard: found.is_none(), sense, meaning }
}

fn plain_stem(word: &str, lower: &str, lang: &str, lexicon: &Lexicon) -> Stem {
    let stem = plain(word, lower, lang);
    let found = lexicon.listed(lang, &stem);
    let listed = found.is_some();
    let (rarity, mut proper) = found.unwrap_or_else(|| Lexicon::unlisted(lang));
    let unheard = !listed && lexicon.counts(lang);
    // Names cross borders, and only English ones are listed as such.
    proper |= !Lexicon::KNOWS_NAMES.contains(&lang) && !listed && lexicon.look_up("en", &stem).1;
    let sense = calendar::of_word(word, lower, lang);
    let hash = match (country(word), is_abbreviation(word) && listed && !proper) {
        // "WHO" is not "who".
        (None, true) => {
            let (hash, meaning) = (hash(&format!("{stem}.")), Meaning::default());
            return Stem { hash, rarity: Rarity::UNCOUNTED, proper: true, unheard, sense, meaning };
        }
        (None, false) if proper || unheard => spelling::sound(&stem).map_or_else(|| hash(&stem), |sound| hash(&sound)),
        _ => hash(&stem),
    };
    // Its term stays as its own language spells it, so that it is one with the same word in a compound.
    let proper = proper || (writes_nouns_as_names(lang) && listed && lexicon.is_english_name(&stem, rarity));
    let mut meaning = Concepts::builtin().of_word(lang, hash);
    if let (Some(root), true) = (korean_root(&stem, lang), meaning.is_none()) {
        meaning = Concepts::builtin().of_word(lang, self::hash(root));
    }
    Stem { hash, rarity, proper, unheard, sense, meaning }
}

/// The first two syllables of a Korean word, which mostly say what the endings behind them conjugate: 발표했다, 발표하기로.
fn korean_root<'a>(stem: &'a str, lang: &str) -> Option<&'a str> {
    let end = stem.char_indices().nth(2).map(|(at, _)| at).filter(|_| lang == "ko")?;
    Some(&stem[..end])
}

/// Whether a word is the letters of a name: two to five capitals.
pub fn is_abbreviation(word: &str) -> bool {
    let letters = word.bytes().filter(|letter| *letter != b'.').count();
    (2..=5).contains(&letters) && word.bytes().all(|letter| letter.is_ascii_uppercase() || letter == b'.')
}

/// The parts of a compound, each a term: "Gaspreis" is also a "Gas" and a "Preis".
pub type Parts = Option<[(u32, Rarity); 2]>;

/// Bytes of a word that may be a compound, and letters of each of its parts. Every division is tried, so what is longer than any
/// real word must not be: 3,700 letters a took most of a second.
const COMPOUND_BYTES: std::ops::RangeInclusive<usize> = 8..=80;
const PART_LETTERS_MIN: usize = 3;
/// A word that is commoner is told by itself.
const COMPOUND_RARITY_MIN: Rarity = Rarity(56);
/// Short parts must be common words, or any syllable would be one.
const SHORT_PART_RARITY_MAX: Rarity = Rarity(76);
/// Longer parts must be known well enough.
const PART_RARITY_MAX: Rarity = Rarity(92);
/// Compounds remembered per thread.
const COMPOUNDS_MAX: usize = 1 << 12;

thread_local! {
    static COMPOUNDS: RefCell<Vec<(u64, Parts)>> = const { RefCell::new(Vec::new()) };
}

/// The two words a long and rare word is made of, in languages that write them as one; `None` where it cannot be told.
pub fn parts(word: &str, stem: Stem, lang: &str, lexicon: &Lexicon) -> Parts {
    if lang == "ko" {
        return halves(endings::stripped(word, lang));
    }
    if !matches!(lang, "de" | "nl")
        || !COMPOUND_BYTES.contains(&word.len())
        || stem.rarity < COMPOUND_RARITY_MIN
        || stem.proper
    {
        return None;
    }
    let key = xxh3_64_with_seed(word.as_bytes(), xxh3_64(lang.as_bytes()));
    COMPOUNDS.with_borrow_mut(|remembered| {
        remembered.resize(COMPOUNDS_MAX, (0, None));
        let (held_key, held) = &mut remembered[(key as usize) & (COMPOUNDS_MAX - 1)];
        if *held_key != key {
            (*held_key, *held) = (key, divided(&spelling::lower(word, lang), lang, lexicon));
        }
        *held
    })
}

/// Four syllables of Korean mostly are two words of two, which others write apart: 한국은행, 한국 은행.
fn halves(stem: &str) -> Parts {
    let syllables: Vec<usize> = stem.char_indices().map(|(at, _)| at).collect();
    let is_word = (4..=6).contains(&syllables.len()) && stem.chars().all(|letter| ('가'..='힣').contains(&letter));
    is_word.then(|| {
        let (head, tail) = (&stem[..syllables[2]], &stem[syllables[syllables.len() - 2]..]);
        [(hash(head), Rarity::UNCOUNTED), (hash(tail), Rarity::UNCOUNTED)]
    })
}

/// The division whose rarer part is the commonest.
fn divided(lower: &str, lang: &str, lexicon: &Lexicon) -> Parts {
    let starts = lower.char_indices().map(|(at, _)| at).skip(PART_LETTERS_MIN);
    let mut best: Option<(Rarity, [(u32, Rarity); 2])> = None;
    for at in starts.filter(|at| lower[*at..].chars().count() >= PART_LETTERS_MIN) {
        let (head, tail) = lower.split_at(at);
        let Some(tail) = part(tail, lang, lexicon) else { continue };
        // What joins the two is no part of either: "Einigung-s-werk".
        let joints = ["", "s", "es", "n", "en", "er"].iter().filter_map(|joint| head.strip_suffix(joint));
        let Some(head) = joints.filter_map(|head| part(head, lang, lexicon)).min_by_key(|part| part.1) else {
            continue;
        };
        let rarer = head.1.max(tail.1);
        if best.is_none_or(|(held, _)| rarer < held) {
            best = Some((rarer, [head, tail]));
        }
    }
    best.map(|(_, parts)| parts)
}

fn part(word: &str, lang: &str, lexicon: &Lexicon) -> Option<(u32, Rarity)> {
    let letters = word.chars().count();
    if letters < PART_LETTERS_MIN {
        return None;
    }
    let stem = stemmed(word, lang);
    let (rarity, _) = lexicon.listed(lang, &stem)?;
    let most = if letters <= 4 { SHORT_PART_RARITY_MAX } else { PART_RARITY_MAX };
    (!rarity.is_everyday() && rarity <= most).then(|| (hash(&stem), rarity))
}

/// The lexicon's table of numbers, which are the same in every language.
pub const NUMBERS: &str = "0";

/// The 32 bits that stand for a stem.
pub fn hash(stem: &str) -> u32 {
    (xxh3_64(stem.as_bytes()) >> 32) as u32
}

/// The 32 bits that stand for two stems side by side, in this order.
pub fn of_two(first: u32, second: u32) -> u32 {
    first.rotate_left(7) ^ second.wrapping_mul(0x9E37_79B1)
}

/// A word's stem, spelled out: what the lexicon is made of.
pub fn text(word: &str, kind: Kind, lang: &str) -> String {
    match kind {
        Kind::Gram => word.to_owned(),
        Kind::Number => number(word),
        Kind::Plain => plain(word, &spelling::lower(word, lang), lang),
    }
}

fn plain(word: &str, lower: &str, lang: &str) -> String {
    if let Some(country) = country(word) {
        return country.to_owned();
    }
    if lower.contains('.') && lower.split('.').all(|letter| letter.chars().count() <= 1) {
        return lower.replace('.', ""); // "u.n" is "un"
    }
    stemmed(renamed::today(word, lower).unwrap_or(without_elision(lower, lang)), lang)
}

/// The countries whose names are written as words are.
fn country(word: &str) -> Option<&'static str> {
    match word {
        "US" | "U.S" | "USA" | "U.S.A" => Some("usa"),
        "UK" | "U.K" => Some("uk"),
        _ => None,
    }
}

/// "l'eau" is "eau", "dell'acqua" is "acqua".
fn without_elision<'a>(lower: &'a str, lang: &str) -> &'a str {
    match (lower.split_once('\''), lang) {
        (Some((elided, rest)), "fr" | "it" | "ca") if elided.len() <= 4 && !rest.is_empty() => rest,
        _ => lower,
    }
}

fn stemmed(lower: &str, lang: &str) -> String {
    let base = spelling::before_stemming(lower, lang);
    let stem = match algorithm(lang) {
        Some(algorithm) => Stemmer::create(algorithm).stem(&base),
        None => Cow::Borrowed(endings::stripped(&base, lang)),
    };
    spelling::of_stem(stem, lang)
}

/// One spelling for one number: no thousands separators, Western digits, no ordinal ending.
fn number(word: &str) -> String {
    let western: String = word.chars().map(western_digit).collect::<String>().to_lowercase();
    let plain = ["st", "nd", "rd", "th"].iter().find_map(|ending| western.strip_suffix(ending)).unwrap_or(&western);
    let groups: Vec<&str> = plain.split([',', '.', '\'']).collect();
    if groups.len() > 1
        && !groups[0].is_empty()
        && groups[0].len() <= 3
        && groups[1..].iter().all(|group| group.len() == 3)
    {
        return groups.concat();
    }
    plain.replace(',', ".")
}

fn western_digit(letter: char) -> char {
    let base = match letter as u32 {
        0x0660..=0x0669 => 0x0660,
        0x06F0..=0x06F9 => 0x06F0,
        0x0966..=0x096F => 0x0966,
        0x09E6..=0x09EF => 0x09E6,
        _ => return letter,
    };
    char::from_digit(letter as u32 - base, 10).unwrap_or(letter)
}

fn algorithm(lang: &str) -> Option<Algorithm> {
    Some(match lang {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "nl" => Algorithm::Dutch,
        "en" => Algorithm::English,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "no" | "nb" | "nn" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "es" => Algorithm::Spanish,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        let cases = [
            ("Partnerships", Kind::Plain, "en", "partnership"),
            ("Häuser", Kind::Plain, "de", "haus"),
            ("l’eau", Kind::Plain, "fr", "eau"),
            ("1,250", Kind::Number, "en", "1250"),
            ("1.250", Kind::Number, "de", "1250"),
            ("3,5", Kind::Number, "de", "3.5"),
            ("28th", Kind::Number, "en", "28"),
            ("٢٠٢٦", Kind::Number, "ar", "2026"),
            ("U.S", Kind::Plain, "en", "usa"),
            ("us", Kind::Plain, "en", "us"),
            ("地震", Kind::Gram, "ja", "地震"),
            ("Łódź", Kind::Plain, "pl", "lodz"),
            ("U.N", Kind::Plain, "en", "un"),
        ];
        for (word, kind, lang, expected) in cases {
            assert_eq!(text(word, kind, lang), expected, "{word} ({lang})");
        }
    }

    fn term(word: &str, lang: &str) -> u32 {
        let text = spelling::of_text(Cow::Borrowed(word), lang);
        let mut found = Vec::new();
        crate::features::words::read(&text, 10, |word| found.push(of(&word, lang, Lexicon::builtin()).hash));
        found.into_iter().fold(0, |all, hash| all ^ hash)
    }

    #[test]
    fn one_word_in_two_spellings_is_one_term() {
        let cases = [
            ("en", "colour", "color"),
            ("en", "labour", "labor"),
            ("en", "organised", "organized"),
            ("en", "Centre", "center"),
            ("en", "analysed", "analyzed"),
            ("en", "defence", "defense"),
            ("en", "travelling", "traveling"),
            ("en", "Kyiv", "Kiev"),
            ("en", "Mumbai", "Bombay"),
            ("de", "Charkiw", "Charkow"),
            ("es", "Beijing", "Pekín"),
            ("en", "Zelenskyy", "Zelensky"),
            ("en", "Müller", "Mueller"),
            ("en", "Sao Paulo", "São Paulo"),
            ("en", "U.N.", "UN"),
            ("en", "NATO", "Nato"),
            ("de", "Müller", "Mueller"),
            ("de", "Straße", "Strasse"),
            ("de", "Köln", "Koeln"),
            ("da", "Aarhus", "Århus"),
            ("no", "Tromsoe", "Tromsø"),
            ("fr", "l’élection", "élections"),
            ("fr", "Ecole", "École"),
            ("tr", "İstanbul'da", "Istanbul"),
            ("ru", "королёв", "королев"),
            ("sr", "Београд", "Beograd"),
            ("sr", "скупштина", "skupštinu"),
            ("uz", "Ўзбекистон", "O‘zbekiston"),
            ("uz", "Тошкентда", "Toshkent"),
            ("zh", "臺灣總統", "台湾总统"),
            ("ja", "コンピューター", "コンピュータ"),
            ("ja", "ヴァイオリン", "バイオリン"),
            ("ko", "대통령이", "대통령은"),
            ("ar", "أحمد", "احمد"),
            ("he", "בירושלים", "ירושלים"),
            ("hi", "चुनावों", "चुनाव"),
            ("el", "Αθήνα", "ΑΘΗΝΑ"),
            ("pl", "Warszawie", "Warszawa"),
            ("uk", "Харкові", "Харкова"),
            ("en", "three", "3"),
            ("en", "third", "3rd"),
            ("de", "dritte", "3"),
            ("en", "II", "2"),
        ];
        for (lang, left, right) in cases {
            assert_eq!(term(left, lang), term(right, lang), "{left} {right} ({lang})");
        }
    }

    #[test]
    fn other_words_stay_other_terms() {
        let cases = [
            ("en", "hour", "hor"),
            ("en", "promise", "promiz"),
            ("en", "WHO", "who"),
            ("en", "AIDS", "aids"),
            ("en", "Marlow", "Marley"),
            ("en", "Hansen", "Hanson"),
            ("en", "one", "1"),
            ("de", "Kuchen", "Kirchen"),
            ("de", "neue", "nu"),
            ("ru", "мука", "мика"),
            ("zh", "北京", "南京"),
            ("ko", "서울", "부산"),
            ("he", "חיפה", "אילת"),
            ("sr", "Ниш", "Нови"),
            ("tr", "İzmir", "Ankara"),
        ];
        for (lang, left, right) in cases {
            assert_ne!(term(left, lang), term(right, lang), "{left} {right} ({lang})");
        }
    }

    #[test]
    fn compounds_have_parts() {
        let lexicon = Lexicon::builtin();
        fn of_word(text: &str) -> Word<'_> {
            Word { text, kind: Kind::Plain, starts_sentence: false, follows_directly: false }
        }
        let check = |compound: &str, expected: Option<[&str; 2]>| {
            let stem = of(&of_word(compound), "de", lexicon);
            let found = parts(compound, stem, "de", lexicon).map(|parts| parts.map(|(hash, _)| hash));
            let expected = expected.map(|words| words.map(|word| of(&of_word(word), "de", lexicon).hash));
            assert_eq!(found, expected, "{compound}");
        };
        check("Strompreis", Some(["Strom", "Preis"]));
        check("Hochwasserschutz", Some(["Hochwasser", "Schutz"]));
        check("Wahlergebnis", Some(["Wahl", "Ergebnis"]));
        check("Haus", None);
        let half = |text: &str| (of(&of_word(text), "ko", lexicon).hash, Rarity::UNCOUNTED);
        let bank = of_word("한국은행은");
        assert_eq!(parts(bank.text, of(&bank, "ko", lexicon), "ko", lexicon), Some([half("한국"), half("은행")]));
        assert_eq!(parts("서울에서", of(&of_word("서울에서"), "ko", lexicon), "ko", lexicon), None);
        check("Zyxwvutsrq", None);
        check(&"preis".repeat(2_000), None);
    }
}
