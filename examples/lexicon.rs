//! Remakes `src/features/lexicon.bin` from word counts: see `docs/why/lexicon.md` for the sources and their licences.
//!
//! usage: cargo run --release --example lexicon -- FOLDER [OUT]
//! FOLDER holds `en_lexeme_prob.json` (de, es, el likewise: word to natural logarithm of its probability) and
//! `stopwords-iso.json` (language to its commonest words).

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use newsfold::features::lexicon::{Lexicon, Rarity};
use newsfold::features::stem;
use newsfold::features::words::{self, Kind};

/// Words of a lead of ordinary length. Words come in bursts (a word seen once is likely seen again in the same text), so that the
/// words of a lead are worth fewer independent draws.
const LEAD_DRAWS: f64 = 60.0;
/// Entries kept of a language's table, commonest first.
const KEPT_MAX: [(&str, usize); 5] =
    [("en", 80_000), ("de", 70_000), ("es", 50_000), ("el", 30_000), (stem::NUMBERS, 5_000)];
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
    add_stopwords(&mut table, folder)?;
    let mut numbers = BTreeMap::new();
    for lang in ["el", "es", "de", "en"] {
        let counted = counted(folder, lang, &mut numbers)?;
        add(&mut table, lang, counted);
    }
    add(&mut table, stem::NUMBERS, numbers);
    let mut bytes: Vec<u8> = table.keys().flat_map(|key| key.to_le_bytes()).collect();
    bytes.extend(table.values());
    std::fs::write(&out, &bytes).with_context(|| format!("cannot write `{out}`"))?;
    println!("{out}: {} words, {} bytes", table.len(), bytes.len());
    Ok(())
}

/// Every language's commonest words.
fn add_stopwords(table: &mut BTreeMap<u32, u8>, folder: &Path) -> Result<()> {
    let lists: BTreeMap<String, Vec<String>> = read(&folder.join("stopwords-iso.json"))?;
    for (lang, list) in lists.iter().filter(|(lang, _)| !Lexicon::COUNTED.contains(&lang.as_str())) {
        for word in list {
            words::read(word, 1, |word| {
                let stem = stem::text(word.text, word.kind, lang);
                table.insert(Lexicon::key(lang, &stem), Rarity::of_share(STOPWORD_SHARE).0);
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
        let normal = words::prefix(token, 8);
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

fn add(table: &mut BTreeMap<u32, u8>, lang: &str, counted: BTreeMap<String, Uses>) {
    let kept_max = KEPT_MAX.iter().find(|(of, _)| *of == lang).map_or(0, |(_, max)| *max);
    let mut stems: Vec<(String, Uses)> = counted.into_iter().collect();
    stems.sort_by(|left, right| right.1.all.total_cmp(&left.1.all).then_with(|| left.0.cmp(&right.0)));
    println!(
        "{lang}: {} stems, {} kept, least {:.2}",
        stems.len(),
        kept_max.min(stems.len()),
        stems.get(kept_max.min(stems.len()) - 1).map_or(0.0, |(_, uses)| uses.all.ln())
    );
    for (stem, uses) in stems.into_iter().take(kept_max).rev() {
        let share = 1.0 - (1.0 - uses.all).powf(LEAD_DRAWS);
        // German writes every noun with a capital.
        let proper = lang != "de" && uses.capital >= PROPER_SHARE_MIN * uses.all;
        let value = Rarity::of_share(share).0 | if proper { Lexicon::PROPER } else { 0 };
        table.insert(Lexicon::key(lang, &stem), value);
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not the JSON expected", path.display()))
}
