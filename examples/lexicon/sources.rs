//! Words and how often each is used, as others counted them: one function for each kind of source.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use newsfold::features::unspaced;
use newsfold::features::words::{self, Kind};
use newsfold::features::{spelling, stem};

/// How often a stem is used: shares of all words.
#[derive(Clone, Copy, Default)]
pub struct Uses {
    pub all: f64,
    pub capital: f64,
}

/// Words of a source's entry that are read: entries are single words, some of which divide.
const WORDS_MAX: usize = 8;

/// A language's stems.
pub type Counted = BTreeMap<String, Uses>;

/// Reads an entry as articles are read, as many words of it as are wanted: the stem of each, what it is, and whether it has a capital.
pub fn read_entry(entry: &str, words_max: usize, lang: &str, mut each: impl FnMut(String, Kind, bool)) {
    let normal = spelling::of_text(words::prefix(entry, words_max), lang);
    words::read(&normal, words_max, |word| {
        each(stem::text(word.text, word.kind, lang), word.kind, word.is_capitalised())
    });
}

/// `LANG_lexeme_prob.json`: word to natural logarithm of its share. A language's numbers go to `numbers`, from English alone (the largest
/// count).
pub fn probabilities(folder: &Path, lang: &str, numbers: &mut Counted) -> Result<Counted> {
    let logarithms: BTreeMap<String, f64> = read(&folder.join(format!("{lang}_lexeme_prob.json")))?;
    let mut counted = Counted::new();
    for (token, logarithm) in &logarithms {
        read_entry(token, WORDS_MAX, lang, |stem, kind, capital| {
            let uses = match kind {
                Kind::Number if lang == "en" => numbers.entry(stem).or_default(),
                Kind::Number => return,
                Kind::Plain | Kind::Gram => counted.entry(stem).or_default(),
            };
            uses.all += logarithm.exp();
            uses.capital += if capital { logarithm.exp() } else { 0.0 };
        });
    }
    Ok(counted)
}

/// `LANG.json`: word in lower case to its count.
pub fn counts(folder: &Path, lang: &str) -> Result<Counted> {
    let counts: BTreeMap<String, f64> = read(&folder.join(format!("{lang}.json")))?;
    let total: f64 = counts.values().sum();
    Ok(plain(counts.iter().map(|(word, count)| (word.as_str(), count / total)), lang))
}

/// Words between spaces and their shares.
fn plain<'a>(shares: impl Iterator<Item = (&'a str, f64)>, lang: &str) -> Counted {
    let mut counted = Counted::new();
    for (word, share) in shares {
        read_entry(word, WORDS_MAX, lang, |stem, kind, _| {
            if kind == Kind::Plain {
                counted.entry(stem).or_default().all += share;
            }
        });
    }
    counted
}

/// `dict.txt` of Chinese: word, count and class.
pub fn chinese(folder: &Path) -> Result<Counted> {
    let dictionary = text(&folder.join("dict.txt"))?;
    let fields = dictionary.lines().map(|line| line.split(' '));
    let counts = fields.filter_map(|mut fields| Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?)));
    Ok(pairs(counts, "zh"))
}

/// `tnc_freq.txt` of Thai: word and count.
pub fn thai(folder: &Path) -> Result<Counted> {
    let dictionary = text(&folder.join("tnc_freq.txt"))?;
    let fields = dictionary.lines().filter_map(|line| line.split_once('\t'));
    let counts = fields.filter_map(|(word, count)| Some((word.to_owned(), count.trim().parse().ok()?)));
    Ok(pairs(counts, "th"))
}

/// Cost of a word in the Japanese dictionary that makes it e times rarer, and the cost below which it tells of grammar.
const COST_PER_NAT: f64 = 700.0;
const COST_MIN: f64 = 2_000.0;

/// `entries_compact0.py` to `…9.py` of Japanese: word, two classes and its cost, the logarithm of how rare it is.
pub fn japanese(folder: &Path) -> Result<Counted> {
    let mut costs: BTreeMap<String, f64> = BTreeMap::new();
    for number in 0..10 {
        let path = folder.join(format!("entries_compact{number}.py"));
        for entry in text(&path)?.split("(u'").skip(1) {
            let fields = entry.split_once(')').and_then(|(fields, _)| fields.split_once("',"));
            let found =
                fields.and_then(|(word, rest)| Some((word, rest.rsplit(',').next()?.trim().parse::<f64>().ok()?)));
            let (word, cost) = found.with_context(|| format!("`{}` is not as expected", path.display()))?;
            let least = costs.entry(unescaped(word)).or_insert(f64::INFINITY);
            *least = least.min(cost);
        }
    }
    Ok(pairs(costs.into_iter().map(|(word, cost)| (word, (-cost.max(COST_MIN) / COST_PER_NAT).exp())), "ja"))
}

/// `\u5730` is a letter.
fn unescaped(word: &str) -> String {
    let mut parts = word.split("\\u");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(4).unwrap_or((part, ""));
        plain.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        plain.push_str(rest);
    }
    plain
}

/// Of words that stand side by side without spaces: the pairs of letters that are inside of them, and the letters, of which other pairs
/// are made.
fn pairs(counts: impl Iterator<Item = (String, f64)>, lang: &str) -> Counted {
    let mut counted = Counted::new();
    let mut total = 0.0;
    for (word, count) in counts.filter(|(word, _)| word.chars().all(unspaced::is_unspaced)) {
        let mut add = |stem: &str| counted.entry(stem.to_owned()).or_default().all += count;
        let normal = spelling::of_text(words::prefix(&word, WORDS_MAX), lang);
        words::read(&normal, WORDS_MAX, |part| {
            let units = unspaced::units(part.text);
            match part.kind {
                Kind::Gram if units.len() == 1 => (),
                _ => add(&stem::text(part.text, part.kind, lang)),
            }
        });
        let units = unspaced::units(&normal);
        total += count * units.len() as f64;
        units.into_iter().for_each(add);
    }
    counted.values_mut().for_each(|uses| uses.all /= total);
    counted
}

/// `lm-unigram.slm` of Turkish, a language model of single words: a head, the logarithms there are, which of them each word has, and the words.
/// `lexicon.csv` says which words are names alone.
pub fn turkish(folder: &Path) -> Result<Counted> {
    let path = folder.join("lm-unigram.slm");
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let words = unigrams(&mut bytes.as_slice()).with_context(|| format!("`{}` is not as expected", path.display()))?;
    let total: f64 = words.iter().map(|(_, share)| share).sum();
    let mut counted = plain(words.iter().map(|(word, share)| (word.as_str(), share / total)), "tr");
    let roots = text(&folder.join("lexicon.csv"))?;
    let mut is_name: BTreeMap<String, bool> = BTreeMap::new();
    for root in roots.lines() {
        let fields: Vec<&str> = root.split('\t').collect();
        let [_, word, root, class, second, ..] = fields.as_slice() else { continue };
        let name = *class == "Noun" && *second == "Prop";
        // A rare word that is cut down to a name takes nothing from the name.
        read_entry(word, WORDS_MAX, "tr", |stem, _, _| {
            if name || stem == *root {
                *is_name.entry(stem).or_insert(true) &= name;
            }
        });
    }
    for (stem, uses) in &mut counted {
        uses.capital = if is_name.get(stem) == Some(&true) { uses.all } else { 0.0 };
    }
    Ok(counted)
}

fn unigrams(bytes: &mut &[u8]) -> Option<Vec<(String, f64)>> {
    let (_version, _kind) = (integer(bytes)?, integer(bytes)?);
    let base = f64::from_be_bytes(*take(bytes, 8)?.first_chunk()?);
    let (_order, _words) = (integer(bytes)?, integer(bytes)?);
    let ranks = integer(bytes)?;
    let logarithms = take(bytes, 8 * ranks)?.as_chunks::<8>().0.iter().map(|eight| f64::from_be_bytes(*eight));
    let shares: Vec<f64> = logarithms.map(|logarithm| base.powf(logarithm)).collect();
    let [count, mark_bytes, rank_bytes, rest_bytes] = [(); 4].map(|()| integer(bytes));
    let (mark_bytes, rank_bytes) = (mark_bytes?, rank_bytes?);
    let block = mark_bytes + rank_bytes + rest_bytes?;
    let rank = |block: &[u8]| number(&block[mark_bytes..][..rank_bytes]);
    let ranks: Vec<usize> = take(bytes, count? * block)?.chunks_exact(block).map(rank).collect();
    let words = integer(bytes)?;
    let word = |rank: &usize| {
        let length = number(take(bytes, 2)?);
        Some((String::from_utf8(take(bytes, length)?.to_vec()).ok()?, *shares.get(*rank)?))
    };
    ranks.get(..words)?.iter().map(word).collect()
}

fn integer(bytes: &mut &[u8]) -> Option<usize> {
    Some(number(take(bytes, 4)?))
}

/// Numbers stand with their highest byte first.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Languages whose script tells them in a vocabulary of all languages: the script, and letters that the language does not use.
const OF_SCRIPT: [(&str, std::ops::RangeInclusive<char>, &str); 5] = [
    ("ar", '\u{0600}'..='\u{06FF}', "پچژگکیہھںٹڈڑے"),
    ("he", '\u{0590}'..='\u{05FF}', ""),
    ("hi", '\u{0900}'..='\u{097F}', ""),
    ("ko", '가'..='힣', ""),
    ("ru", 'Ѐ'..='ӿ', "іїєґўђћјљњџқғүұһөәңѓќѕ"),
];
/// How fast tokens grow rarer: the share of a token goes down with its rank to this power (measured on tokens that are words of Spanish
/// and German, whose shares are known).
const RANK_POWER: f64 = 1.4;
/// What share of a text the tokens that are whole words make up (Greek, Spanish, German: 0.33 to 0.52).
const TOKENS_SHARE: f64 = 0.4;
/// A smaller vocabulary comes as far in as many fewer ranks.
const SMALLER_BY: f64 = 1.3;

/// `o200k_base.tiktoken` and `tekken_240911.json`, the vocabularies of two tokenizers: a common word is a token, and the commoner the
/// earlier it became one. How common is not told, so its rank stands for it.
pub fn tokens(folder: &Path) -> Result<BTreeMap<&'static str, Counted>> {
    let mut ranks: BTreeMap<String, f64> = BTreeMap::new();
    let mut add = |token: &str, rank: f64| {
        if let Some(word) = token.strip_prefix(' ').filter(|word| word.chars().nth(1).is_some()) {
            let least = ranks.entry(word.to_owned()).or_insert(f64::INFINITY);
            *least = least.min(rank);
        }
    };
    for line in text(&folder.join("o200k_base.tiktoken"))?.lines() {
        let (token, rank) = line.split_once(' ').context("`o200k_base.tiktoken` is not as expected")?;
        if let Ok(token) = String::from_utf8(BASE64_STANDARD.decode(token)?) {
            add(&token, rank.parse()?);
        }
    }
    let tekken: Tekken = read(&folder.join("tekken_240911.json"))?;
    for token in tekken.vocab {
        if let Some(text) = token.token_str {
            add(&text, token.rank * SMALLER_BY);
        }
    }
    Ok(OF_SCRIPT.map(|(lang, script, foreign)| (lang, of_script(&ranks, lang, &script, foreign))).into())
}

/// The part of a vocabulary's file that is read.
#[derive(serde::Deserialize)]
struct Tekken {
    vocab: Vec<Token>,
}

#[derive(serde::Deserialize)]
struct Token {
    rank: f64,
    token_str: Option<String>,
}

fn of_script(
    ranks: &BTreeMap<String, f64>,
    lang: &str,
    script: &std::ops::RangeInclusive<char>,
    foreign: &str,
) -> Counted {
    let belongs = |word: &str| {
        word.chars().all(|letter| script.contains(&letter))
            && !word.to_lowercase().contains(|letter| foreign.contains(letter))
    };
    let words = || {
        ranks
            .iter()
            .filter(|(word, _)| belongs(word))
            .map(|(word, rank)| (word.as_str(), (1.0 + rank).powf(-RANK_POWER)))
    };
    let total: f64 = words().map(|(_, weight)| weight).sum();
    plain(words().map(|(word, weight)| (word, TOKENS_SHARE * weight / total)), lang)
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not the JSON expected", path.display()))
}
