//! Remakes `src/features/lexicon.bin` from word counts: see `docs/why/lexicon.md` for the sources and their licences.
//!
//! usage: cargo run --release --example lexicon -- FOLDER [OUT]
//! FOLDER holds `en_lexeme_prob.json` (de, es, el likewise: word to natural logarithm of its probability), `fr.json` (ar, eu, fa,
//! it, lv, nl, pt, ru likewise: word to its count), `dict.txt` (Chinese word, count and class) and `stopwords-iso.json` (language
//! to its commonest words).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use newsfold::features::lexicon::{Lexicon, Rarity};
use newsfold::features::unspaced::is_unspaced;
use newsfold::features::words::{self, Kind};
use newsfold::features::{spelling, stem};

/// Words of a lead of ordinary length. Words come in bursts (a word seen once is likely seen again in the same text), so that the
/// words of a lead are worth fewer independent draws.
const LEAD_DRAWS: f64 = 60.0;
/// Entries kept of a language's table, commonest first.
const KEPT_MAX: [(&str, usize); 15] = [
    ("en", 80_000),
    ("de", 70_000),
    ("es", 50_000),
    ("el", 30_000),
    (stem::NUMBERS, 5_000),
    ("fr", 25_000),
    ("it", 25_000),
    ("nl", 25_000),
    ("pt", 25_000),
    ("ru", 25_000),
    ("ar", 15_000),
    ("eu", 10_000),
    ("fa", 10_000),
    ("lv", 15_000),
    ("zh", 40_000),
];
/// The share of articles assumed for a language's listed commonest words, where nobody has counted them.
const STOPWORD_SHARE: f64 = 0.15;
/// A word is a proper name if at least this share of its uses has a capital.
const PROPER_SHARE_MIN: f64 = 0.72;

#[derive(Clone, Copy, Default)]
struct Uses {
    all: f64,
    capital: f64,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("say where the word counts are: FOLDER [OUT]")?;
    let out = arguments.next().unwrap_or_else(|| "src/features/lexicon.bin".to_owned());
    let folder = Path::new(&folder);
    let mut table: BTreeMap<u32, u8> = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    for lang in ["el", "es", "de", "en"] {
        let counted = counted(folder, lang, &mut numbers)?;
        add(&mut table, lang, counted);
    }
    add(&mut table, stem::NUMBERS, numbers);
    for lang in ["ar", "eu", "fa", "fr", "it", "lv", "nl", "pt", "ru"] {
        add(&mut table, lang, subtitled(folder, lang)?);
    }
    let chinese = chinese(folder)?;
    add(&mut table, "zh", chinese);
    add_stopwords(&mut table, folder)?;
    let mut bytes: Vec<u8> = table.keys().flat_map(|key| key.to_le_bytes()).collect();
    bytes.extend(table.values());
    std::fs::write(&out, &bytes).with_context(|| format!("cannot write `{out}`"))?;
    println!("{out}: {} words, {} bytes", table.len(), bytes.len());
    Ok(())
}

/// Every language's commonest words. Where words were counted in talk, the listed ones are made common if they are not.
fn add_stopwords(table: &mut BTreeMap<u32, u8>, folder: &Path) -> Result<()> {
    let lists: BTreeMap<String, Vec<String>> = read(&folder.join("stopwords-iso.json"))?;
    let is_counted_in_news = |lang: &str| Lexicon::COUNTED.contains(&(lang, Rarity::UNKNOWN));
    for (lang, list) in lists.iter().filter(|(lang, _)| !is_counted_in_news(lang)) {
        for word in list {
            let normal = spelling::of_text(words::prefix(word, 1), lang);
            words::read(&normal, 1, |word| {
                let stem = stem::text(word.text, word.kind, lang);
                let value = table.entry(Lexicon::key(lang, &stem)).or_insert(Rarity::of_share(STOPWORD_SHARE).0);
                *value = (*value).min(Rarity::EVERYDAY_MAX.0);
            });
        }
    }
    Ok(())
}

/// The probabilities of a language's stems; its numbers go to `numbers`, from English alone (the largest count).
fn counted(folder: &Path, lang: &str, numbers: &mut BTreeMap<String, Uses>) -> Result<BTreeMap<String, Uses>> {
    let probabilities: BTreeMap<String, f64> = read(&folder.join(format!("{lang}_lexeme_prob.json")))?;
    let mut counted: BTreeMap<String, Uses> = BTreeMap::new();
    for (token, logarithm) in &probabilities {
        let mut found = Vec::new();
        let normal = spelling::of_text(words::prefix(token, 8), lang);
        words::read(&normal, 8, |word| {
            found.push((stem::text(word.text, word.kind, lang), word.kind, word.is_capitalised()))
        });
        for (stem, kind, capital) in found {
            let uses = match kind {
                Kind::Number if lang == "en" => numbers.entry(stem).or_default(),
                Kind::Number => continue,
                Kind::Plain | Kind::Gram => counted.entry(stem).or_default(),
            };
            uses.all += logarithm.exp();
            uses.capital += if capital { logarithm.exp() } else { 0.0 };
        }
    }
    Ok(counted)
}

/// The probabilities of a language's stems by counts of words in lower case, which say nothing of names.
fn subtitled(folder: &Path, lang: &str) -> Result<BTreeMap<String, Uses>> {
    let counts: BTreeMap<String, f64> = read(&folder.join(format!("{lang}.json")))?;
    let total: f64 = counts.values().sum();
    let mut counted: BTreeMap<String, Uses> = BTreeMap::new();
    for (token, count) in &counts {
        let normal = spelling::of_text(words::prefix(token, 8), lang);
        words::read(&normal, 8, |word| {
            if word.kind == Kind::Plain {
                counted.entry(stem::text(word.text, word.kind, lang)).or_default().all += count / total;
            }
        });
    }
    Ok(counted)
}

/// The probabilities of Chinese characters, and of their pairs inside of words.
fn chinese(folder: &Path) -> Result<BTreeMap<String, Uses>> {
    let path = folder.join("dict.txt");
    let dictionary = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut counted: BTreeMap<String, Uses> = BTreeMap::new();
    let mut total = 0.0;
    for line in dictionary.lines() {
        let mut fields = line.split(' ');
        let (Some(word), Some(count)) = (fields.next(), fields.next().and_then(|count| count.parse::<f64>().ok()))
        else {
            continue;
        };
        let letters: Vec<char> = word.chars().collect();
        if !letters.iter().all(|letter| is_unspaced(*letter)) {
            continue;
        }
        total += count * letters.len() as f64;
        for letter in &letters {
            counted.entry(letter.to_string()).or_default().all += count;
        }
        for pair in letters.windows(2) {
            counted.entry(pair.iter().collect()).or_default().all += count;
        }
    }
    counted.values_mut().for_each(|uses| uses.all /= total);
    Ok(counted)
}

fn add(table: &mut BTreeMap<u32, u8>, lang: &str, counted: BTreeMap<String, Uses>) {
    let kept_max = KEPT_MAX.iter().find(|(of, _)| *of == lang).map_or(0, |(_, max)| *max);
    let mut stems: Vec<(String, Uses)> = counted.into_iter().collect();
    stems.sort_by(|left, right| right.1.all.total_cmp(&left.1.all).then_with(|| left.0.cmp(&right.0)));
    println!(
        "{lang}: {} stems, {} kept, rarest {:.2} nats",
        stems.len(),
        kept_max.min(stems.len()),
        stems.get(kept_max.min(stems.len()) - 1).map_or(0.0, |(_, uses)| -share(uses.all).ln())
    );
    let rarest = Lexicon::COUNTED.iter().find(|(of, _)| *of == lang).map_or(Rarity::UNKNOWN, |(_, missing)| *missing);
    for (stem, uses) in stems.into_iter().take(kept_max).rev() {
        // German writes every noun with a capital.
        let proper = lang != "de" && uses.capital >= PROPER_SHARE_MIN * uses.all;
        let rarity = Rarity::of_share(share(uses.all));
        if rarity >= rarest {
            continue; // as if it were missing
        }
        let value = rarity.0 | if proper { Lexicon::PROPER } else { 0 };
        table.insert(Lexicon::key(lang, &stem), value);
    }
}

/// The share of articles that hold a word of this probability.
fn share(probability: f64) -> f64 {
    1.0 - (1.0 - probability).powf(LEAD_DRAWS)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not the JSON expected", path.display()))
}
