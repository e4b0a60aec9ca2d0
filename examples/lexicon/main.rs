//! Remakes `src/features/lexicon.bin` from word counts: see `docs/why/lexicon.md` for the sources, their files and their licences.
//!
//! usage: cargo run --release --example lexicon -- FOLDER [OUT]
//! FOLDER holds the sources' files, named as they come.

mod sources;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use newsfold::features::lexicon::{Lexicon, Rarity};
use newsfold::features::stem;

use crate::sources::{Counted, Uses};

/// Words of a lead of ordinary length. Words come in bursts (a word seen once is likely seen again in the same text), so that the
/// words of a lead are worth fewer independent draws.
const LEAD_DRAWS: f64 = 60.0;
/// A table of which every word commoner than `Rarity::UNCOUNTED` is kept.
const ALL: usize = usize::MAX;
/// Entries kept of a language's table, commonest first.
const KEPT_MAX: [(&str, usize); 21] = [
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
    ("ja", 40_000),
    ("th", 30_000),
    ("tr", 60_000),
    ("he", ALL),
    ("hi", ALL),
    ("ko", ALL),
];
/// The share of articles assumed for a language's listed commonest words, where nobody has counted them.
const STOPWORD_SHARE: f64 = 0.15;
/// Words that their source counts as two ("de" and "el"), beside all with an apostrophe ("did" and "n't").
const COUNTED_IN_PIECES: [(&str, &str); 3] = [("en", "cannot"), ("es", "al"), ("es", "del")];
/// A word is a proper name if at least this share of its uses has a capital.
const PROPER_SHARE_MIN: f64 = 0.72;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("say where the word counts are: FOLDER [OUT]")?;
    let out = arguments.next().unwrap_or_else(|| "src/features/lexicon.bin".to_owned());
    let folder = Path::new(&folder);
    let mut table: BTreeMap<u32, u8> = BTreeMap::new();
    let mut numbers = BTreeMap::new();
    for lang in ["el", "es", "de", "en"] {
        let counted = sources::probabilities(folder, lang, &mut numbers)?;
        add(&mut table, lang, counted);
    }
    add(&mut table, stem::NUMBERS, numbers);
    let mut tokens = sources::tokens(folder)?;
    for lang in ["ar", "eu", "fa", "fr", "it", "lv", "nl", "pt", "ru"] {
        let mut counted = sources::counts(folder, lang)?;
        for (stem, of_tokens) in tokens.remove(lang).unwrap_or_default() {
            let uses = counted.entry(stem).or_default();
            uses.all = uses.all.max(of_tokens.all);
        }
        add(&mut table, lang, counted);
    }
    add(&mut table, "zh", sources::chinese(folder)?);
    add(&mut table, "ja", sources::japanese(folder)?);
    add(&mut table, "th", sources::thai(folder)?);
    add(&mut table, "tr", sources::turkish(folder)?);
    for (lang, counted) in tokens {
        add(&mut table, lang, counted);
    }
    add_stopwords(&mut table, folder)?;
    let mut bytes: Vec<u8> = table.keys().flat_map(|key| key.to_le_bytes()).collect();
    bytes.extend(table.values());
    std::fs::write(&out, &bytes).with_context(|| format!("cannot write `{out}`"))?;
    println!("{out}: {} words, {} bytes", table.len(), bytes.len());
    Ok(())
}

/// Every language's commonest words. Where words were counted in talk, the listed ones are made common if they are not; where they were
/// counted in news, those are that the count lacks, or has only in pieces.
fn add_stopwords(table: &mut BTreeMap<u32, u8>, folder: &Path) -> Result<()> {
    let lists: BTreeMap<String, Vec<String>> = sources::read(&folder.join("stopwords-iso.json"))?;
    let common = Rarity::of_share(STOPWORD_SHARE).0;
    for (lang, list) in &lists {
        let is_counted_in_news = Lexicon::COUNTED.contains(&(lang, Rarity::UNKNOWN));
        for word in list {
            sources::read_entry(word, 1, lang, |stem, _, _| {
                let is_in_pieces = stem.contains('\'') || COUNTED_IN_PIECES.contains(&(lang, word));
                let most = match is_counted_in_news {
                    false => Rarity::EVERYDAY_MAX.0,
                    true if is_in_pieces => common,
                    true => u8::MAX,
                };
                let value = table.entry(Lexicon::key(lang, &stem)).or_insert(common);
                *value = (*value).min(most);
            });
        }
    }
    Ok(())
}

fn add(table: &mut BTreeMap<u32, u8>, lang: &str, counted: Counted) {
    let kept_max = KEPT_MAX.iter().find(|(of, _)| *of == lang).map_or(0, |(_, max)| *max);
    let mut stems: Vec<(String, Uses)> = counted.into_iter().collect();
    stems.sort_by(|left, right| right.1.all.total_cmp(&left.1.all).then_with(|| left.0.cmp(&right.0)));
    println!(
        "{lang}: {} stems, {} kept, rarest {:.2} nats",
        stems.len(),
        kept_max.min(stems.len()),
        stems[..kept_max.min(stems.len())].last().map_or(0.0, |(_, uses)| -share(uses.all).ln())
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
