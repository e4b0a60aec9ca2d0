//! Station: one spelling for what is written in several: alphabets, accents, vowel points, endings of two shores, names in transcription.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text in the one spelling that its words are read in: one alphabet for languages with two, no vowel points, no stress marks.
pub fn of_text<'a>(text: Cow<'a, str>, lang: &str) -> Cow<'a, str> {
    if text.is_ascii() {
        return if is_all_capitals(&text) { Cow::Owned(capitalised(&text)) } else { text };
    }
    let text = match lang {
        "zh" | "yue" => each_letter(text, |letter, written| written.push(simplified(letter))),
        "sr" | "bs" | "sh" | "hr" => each_letter(text, serbian),
        "uz" => Cow::Owned(uzbek(&text)),
        "ru" | "uk" | "be" | "bg" | "mk" => each_letter(text, |letter, written| match letter {
            'ё' => written.push('е'),
            'Ё' => written.push('Е'),
            '\u{0301}' => {}
            _ => written.push(letter),
        }),
        "ar" | "fa" | "ur" => each_letter(text, |letter, written| match letter {
            '\u{064B}'..='\u{0652}' | '\u{0670}' | '\u{0640}' => {}
            'ي' | 'ى' if lang != "ar" => written.push('ی'),
            'ك' if lang != "ar" => written.push('ک'),
            _ => written.push(letter),
        }),
        "he" | "yi" => each_letter(text, |letter, written| match letter {
            '\u{05BE}' => written.push('-'),
            '\u{0591}'..='\u{05C7}' => {}
            _ => written.push(letter),
        }),
        "hi" | "mr" | "ne" => each_letter(text, |letter, written| match letter {
            '\u{093C}' | '\u{200C}' | '\u{200D}' => {}
            '\u{0901}' => written.push('\u{0902}'),
            _ => written.push(letter),
        }),
        _ => text,
    };
    if is_all_capitals(&text) { Cow::Owned(capitalised(&text)) } else { text }
}

fn each_letter<'a>(text: Cow<'a, str>, write: impl Fn(char, &mut String)) -> Cow<'a, str> {
    let mut written = String::with_capacity(text.len());
    text.chars().for_each(|letter| write(letter, &mut written));
    if written == *text { text } else { Cow::Owned(written) }
}

/// Whether a line shouts: every letter a capital, and too many of them for an abbreviation.
fn is_all_capitals(text: &str) -> bool {
    let mut capitals = 0;
    for letter in text.chars().filter(|letter| letter.is_alphabetic()) {
        if !letter.is_uppercase() {
            return false;
        }
        capitals += 1;
    }
    capitals >= 12
}

/// A shouting line as a headline with capitals: its words are not abbreviations.
fn capitalised(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            written.extend(letter.to_lowercase())
        } else {
            written.push(letter)
        }
        inside = letter.is_alphanumeric() || matches!(letter, '\'' | '’' | '.');
    }
    written
}

/// A word in lower case, by the rules of its language: Turkish has an i without a dot.
pub fn lower(word: &str, lang: &str) -> String {
    let lower = match lang {
        "tr" | "az" if word.contains(['I', 'İ']) => word.replace('I', "ı").replace('İ', "i").to_lowercase(),
        _ => word.to_lowercase(),
    };
    if lower.contains(['’', 'ʼ', '‘', 'ʻ']) { lower.replace(['’', 'ʼ', '‘', 'ʻ'], "'") } else { lower }
}

/// What the stemmer should see: British words in American spelling, Turkish names without what follows the apostrophe.
pub fn before_stemming<'a>(lower: &'a str, lang: &str) -> Cow<'a, str> {
    match lang {
        "en" => american(lower),
        "tr" => Cow::Borrowed(lower.split_once('\'').map_or(lower, |(name, _)| name)),
        _ => Cow::Borrowed(lower),
    }
}

/// A stem without accents, in the one form of what two spellings write.
pub fn of_stem(stem: Cow<'_, str>, lang: &str) -> String {
    let plain = if stem.is_ascii() { stem.into_owned() } else { without_accents(&stem, lang) };
    match lang {
        "de" => without_digraphs(plain, true),
        "da" | "no" | "nb" | "nn" | "sv" => without_digraphs(plain, false),
        _ => plain,
    }
}

fn without_accents(stem: &str, lang: &str) -> String {
    let mut plain = String::with_capacity(stem.len());
    for letter in stem.chars() {
        match letter {
            'a'..='z' | '0'..='9' | '\'' => plain.push(letter),
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push_str(if matches!(lang, "sr" | "bs" | "sh" | "hr") { "dj" } else { "d" }),
            'ð' => plain.push('d'),
            'þ' => plain.push_str("th"),
            'ı' => plain.push('i'),
            'ə' => plain.push('e'),
            'ς' => plain.push('σ'),
            'ґ' => plain.push('г'),
            'ة' => plain.push('ه'),
            'ى' | 'ئ' => plain.push('ي'),
            'أ' | 'إ' | 'آ' | 'ٱ' => plain.push('ا'),
            'ؤ' => plain.push('و'),
            '\u{0080}'..='\u{03FF}' | '\u{1E00}'..='\u{1FFF}' => {
                plain.extend(std::iter::once(letter).nfd().filter(|part| !is_combining_mark(*part)));
            }
            _ if is_katakana(letter) => push_katakana(&mut plain, letter),
            _ => plain.push(letter),
        }
    }
    plain
}

fn is_katakana(letter: char) -> bool {
    ('\u{30A0}'..='\u{30FF}').contains(&letter)
}

/// "コンピューター" is "コンピュータ", "ヴァイオリン" is "バイオリン".
fn push_katakana(plain: &mut String, letter: char) {
    let small = match (letter, plain.ends_with('ヴ')) {
        ('ァ', true) => 'バ',
        ('ィ', true) => 'ビ',
        ('ェ', true) => 'ベ',
        ('ォ', true) => 'ボ',
        ('ー', _) => return,
        _ => return plain.push(letter),
    };
    plain.pop();
    plain.push(small);
}

/// German "ue", Danish "oe" and "aa" as the one letter they stand for, which has lost its dots by now.
fn without_digraphs(plain: String, german: bool) -> String {
    if !plain.contains("ae") && !plain.contains("oe") && !plain.contains("ue") && !plain.contains("aa") {
        return plain;
    }
    let mut written = String::with_capacity(plain.len());
    let mut letters = plain.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, letter)) = letters.next() {
        written.push(letter);
        let next = letters.peek().map(|(_, next)| *next);
        // "Israel", "Michael": two syllables.
        let syllables = letter == 'a' && matches!(&plain[at + letter.len_utf8()..], "el" | "els" | "eli" | "elis");
        let folds = match (letter, next) {
            ('a' | 'o', Some('e')) => !syllables,
            ('u', Some('e')) => german && !matches!(before, 'a' | 'e' | 'q'),
            ('a', Some('a')) => !german,
            _ => false,
        };
        if folds {
            letters.next();
        }
        before = letter;
    }
    written
}

/// A name as it sounds, so that most transcriptions of it agree: "Kiev" and "Kyiv", "Zelensky" and "Zelenskyy", "Qaddafi" and
/// "Kadafi". `None` where it is not in plain Latin letters or too short to be told by its sound. It is coarse, and meant for names and unknown words only.
pub fn sound(stem: &str) -> Option<String> {
    if stem.len() < 4 || !stem.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return None;
    }
    let letters = stem.as_bytes();
    let mut sound = String::with_capacity(stem.len());
    let (mut at, mut in_vowels) = (0, false);
    while at < letters.len() {
        let rest = &letters[at..];
        let next = rest.get(1).copied().unwrap_or(b' ');
        let (written, read): (&str, usize) = match (rest[0], next) {
            (b'o', b'u' | b'o') => ("u", 2),
            (b'a', _) => ("a", 1),
            (b'e', _) => ("e", 1),
            (b'i' | b'y' | b'j', _) => ("i", 1),
            (b'o', _) => ("o", 1),
            (b'u', _) => ("u", 1),
            (b't', b's') if rest.starts_with(b"tsch") => ("c", 4),
            (b't', b'c') if rest.starts_with(b"tch") => ("c", 3),
            (b's', b'c') if rest.starts_with(b"sch") => ("x", 3),
            (b's', b'h') => ("x", 2),
            (b'c', b'h') => ("c", 2),
            (b'c', b'k') | (b'k', b'h') => ("k", 2),
            (b'c', b'e' | b'i' | b'y') => ("s", 1),
            (b'c' | b'q', _) => ("k", 1),
            (b'p', b'h') => ("f", 2),
            (b'g' | b'd' | b't' | b'b', b'h') => (&stem[at..=at], 2),
            (b'w', _) => ("v", 1),
            (b'x', _) => ("ks", 1),
            _ => (&stem[at..=at], 1),
        };
        at += read;
        let is_vowel = matches!(written, "a" | "e" | "i" | "o" | "u");
        // One vowel speaks for a run of them, one consonant for two of a kind.
        if !(is_vowel && in_vowels) && (is_vowel || !sound.ends_with(written)) {
            sound.push_str(written);
        }
        in_vowels = is_vowel;
    }
    (sound != stem).then_some(sound)
}

/// Bases in which British English writes "our" and American "or".
const OUR: [&str; 33] = [
    "ardour",
    "armour",
    "behaviour",
    "candour",
    "clamour",
    "colour",
    "demeanour",
    "discolour",
    "dishonour",
    "endeavour",
    "favour",
    "fervour",
    "flavour",
    "glamour",
    "harbour",
    "honour",
    "humour",
    "labour",
    "misdemeanour",
    "neighbour",
    "odour",
    "parlour",
    "rancour",
    "rigour",
    "rumour",
    "saviour",
    "savour",
    "splendour",
    "tumour",
    "valour",
    "vapour",
    "vigour",
    "watercolour",
];

/// What stands before "ise" in words that America writes so too.
const ISE: [&str; 52] = [
    "adv", "apprais", "appra", "appr", "ar", "bra", "bru", "cha", "chem", "circumc", "compr", "comprom", "conc", "cru",
    "dem", "desp", "dev", "disgu", "enterpr", "exc", "exerc", "expert", "franch", "gu", "impr", "improv", "inc", "lia",
    "likew", "mala", "marqu", "merchand", "no", "otherw", "parad", "po", "porpo", "pra", "prec", "prem", "prom", "ra",
    "repr", "rev", "sunr", "superv", "surm", "surpr", "telev", "tort", "treat", "upra",
];

/// Words that differ otherwise: British, American.
const OTHERWISE: [(&str, &str); 66] = [
    ("acknowledgement", "acknowledgment"),
    ("aeroplane", "airplane"),
    ("ageing", "aging"),
    ("aluminium", "aluminum"),
    ("anaemi", "anemi"),
    ("anaesth", "anesth"),
    ("analogue", "analog"),
    ("archaeolog", "archeolog"),
    ("calibre", "caliber"),
    ("catalogue", "catalog"),
    ("centimetre", "centimeter"),
    ("centre", "center"),
    ("cosy", "cozy"),
    ("defence", "defense"),
    ("dialogue", "dialog"),
    ("diarrhoea", "diarrhea"),
    ("draught", "draft"),
    ("encyclopaedia", "encyclopedia"),
    ("enrolment", "enrollment"),
    ("fibre", "fiber"),
    ("foetus", "fetus"),
    ("foetal", "fetal"),
    ("fuelled", "fueled"),
    ("fuelling", "fueling"),
    ("fulfil", "fulfill"),
    ("grey", "gray"),
    ("gynaecolog", "gynecolog"),
    ("haemo", "hemo"),
    ("instalment", "installment"),
    ("jewellery", "jewelry"),
    ("judgement", "judgment"),
    ("kerb", "curb"),
    ("kilometre", "kilometer"),
    ("leukaemia", "leukemia"),
    ("licence", "license"),
    ("litre", "liter"),
    ("louvre", "louver"),
    ("lustre", "luster"),
    ("manoeuv", "maneuv"),
    ("meagre", "meager"),
    ("metre", "meter"),
    ("millimetre", "millimeter"),
    ("mould", "mold"),
    ("moustache", "mustache"),
    ("mum", "mom"),
    ("oesophag", "esophag"),
    ("oestrogen", "estrogen"),
    ("offence", "offense"),
    ("orthopaedic", "orthopedic"),
    ("paediatric", "pediatric"),
    ("plough", "plow"),
    ("practise", "practice"),
    ("pretence", "pretense"),
    ("programme", "program"),
    ("pyjama", "pajama"),
    ("sabre", "saber"),
    ("sceptic", "skeptic"),
    ("skilful", "skillful"),
    ("sombre", "somber"),
    ("spectre", "specter"),
    ("sulphur", "sulfur"),
    ("theatre", "theater"),
    ("tyre", "tire"),
    ("wilful", "willful"),
    ("whisky", "whiskey"),
    ("yoghurt", "yogurt"),
];

/// An English word in lower case in American spelling.
fn american(word: &str) -> Cow<'_, str> {
    if word.len() < 4 && word != "mum" {
        return Cow::Borrowed(word);
    }
    // Two bytes tell most words from all of these, and every word that is met for the first time comes here.
    let begins_so = |base: &str| base.as_bytes()[..2] == word.as_bytes()[..2];
    if let Some(base) = OUR.iter().find(|base| begins_so(base) && word.starts_with(**base)) {
        return Cow::Owned(format!("{}or{}", &base[..base.len() - 3], &word[base.len()..]));
    }
    if let Some((british, american)) =
        OTHERWISE.iter().find(|(british, _)| begins_so(british) && is_form_of(word, british))
    {
        return Cow::Owned(format!("{american}{}", joined(american, &word[british.len()..])));
    }
    if let Some((base, rest)) = word.split_once("isation") {
        return Cow::Owned(format!("{base}ization{rest}"));
    }
    for ending in ["ise", "ised", "ises", "ising", "iser", "isers"] {
        if let Some(base) = word.strip_suffix(ending)
            && base.len() >= 3
            && !ISE.contains(&base)
        {
            return Cow::Owned(format!("{base}iz{}", &ending[2..]));
        }
    }
    for ending in ["lyse", "lysed", "lysing"] {
        if let Some(base) = word.strip_suffix(ending) {
            return Cow::Owned(format!("{base}lyz{}", &ending[3..]));
        }
    }
    Cow::Borrowed(word)
}

/// Whether a word is a British base with an ending, or a longer word of that base where the base is long enough to be no other's.
fn is_form_of(word: &str, british: &str) -> bool {
    word.strip_prefix(british).is_some_and(|rest| {
        matches!(rest, "" | "s" | "d" | "r" | "ed" | "ing" | "led" | "ling" | "ment" | "ments") || british.len() >= 5
    })
}

/// "centred" is "center" and "ed".
fn joined<'a>(american: &str, ending: &'a str) -> &'a str {
    match ending {
        "d" if american.ends_with("er") => "ed",
        "led" if american.ends_with("ll") => "ed",
        "ling" if american.ends_with("ll") => "ing",
        _ => ending,
    }
}

/// Traditional characters, each followed by the simplified one: from Unicode's Unihan database (kSimplifiedVariant).
const HANZI: &str = include_str!("hanzi.txt");

fn simplified(letter: char) -> char {
    static TABLE: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
        let letters: Vec<char> = HANZI.chars().filter(|letter| !letter.is_ascii()).collect();
        let mut table: Vec<(char, char)> = letters.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        table.sort_unstable();
        table
    });
    TABLE.binary_search_by_key(&letter, |pair| pair.0).map_or(letter, |found| TABLE[found].1)
}

/// Serbian Cyrillic letters in Latin; others stay.
fn serbian(letter: char, written: &mut String) {
    let latin = match letter.to_lowercase().next().unwrap_or(letter) {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' => "g",
        'д' => "d",
        'ђ' => "đ",
        'е' => "e",
        'ж' => "ž",
        'з' => "z",
        'и' => "i",
        'ј' => "j",
        'к' => "k",
        'л' => "l",
        'љ' => "lj",
        'м' => "m",
        'н' => "n",
        'њ' => "nj",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'ћ' => "ć",
        'у' => "u",
        'ф' => "f",
        'х' => "h",
        'ц' => "c",
        'ч' => "č",
        'џ' => "dž",
        'ш' => "š",
        _ => return written.push(letter),
    };
    push_cased(written, latin, letter.is_uppercase());
}

fn push_cased(written: &mut String, latin: &str, capital: bool) {
    let mut letters = latin.chars();
    if let (Some(first), true) = (letters.next(), capital) {
        written.extend(first.to_uppercase());
        written.push_str(letters.as_str());
    } else {
        written.push_str(latin);
    }
}

/// Uzbek in Latin letters without the signs that nobody types alike: "Ўзбекистон", "Oʻzbekiston" and "O'zbekiston" are one.
fn uzbek(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        let lower = letter.to_lowercase().next().unwrap_or(letter);
        let opens = !before.is_alphabetic() || "аеёиоуўэюя".contains(before);
        let latin = match lower {
            'а' => "a",
            'б' => "b",
            'в' => "v",
            'г' | 'ғ' => "g",
            'д' => "d",
            'е' if opens => "ye",
            'е' | 'э' => "e",
            'ё' => "yo",
            'ж' => "j",
            'з' => "z",
            'и' => "i",
            'й' => "y",
            'к' => "k",
            'қ' => "q",
            'л' => "l",
            'м' => "m",
            'н' => "n",
            'о' | 'ў' => "o",
            'п' => "p",
            'р' => "r",
            'с' => "s",
            'т' => "t",
            'у' => "u",
            'ф' => "f",
            'х' => "x",
            'ҳ' => "h",
            'ц' if before.is_alphabetic() => "ts",
            'ц' => "s",
            'ч' => "ch",
            'ш' => "sh",
            'ю' => "yu",
            'я' => "ya",
            'ъ' | 'ь' | 'ʻ' | 'ʼ' => "",
            '‘' | '’' | '\'' | '`' if before.is_alphabetic() => "",
            _ => {
                written.push(letter);
                before = lower;
                continue;
            }
        };
        push_cased(&mut written, latin, letter.is_uppercase());
        before = lower;
    }
    written
}
