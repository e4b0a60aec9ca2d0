//! A large labelled stream for `newsfold eval`, out of a small one: copies of its stories in other words, moved to other hours.
//!
//! usage: cargo run --release --example bigstream -- COUNT OUT.jsonl [--from STREAM.jsonl] [--days N] [--seed N]
//!
//! Copy 0 is the stream itself. In every other copy each name and number and most words are replaced by made-up ones, the same
//! for the whole copy, so that an article's rare words are shared within its story and nowhere else; the commonest words and some
//! of the others stay, so that copies are news of one language. Endings stay too, or a copy would lose what stemming finds. Every
//! story begins at an hour of its own within the days, and its articles keep their distances. Without a stream, stories of made-up
//! words are told one to five times each.
//!
//! It is a function of its arguments: the same ones give the same bytes. Memory holds the small stream and sixteen bytes an article.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const SYLLABLES: [&str; 24] = [
    "ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis", "vel", "kan",
    "dor", "phi", "sha", "bru", "cle", "fen",
];
/// Endings that a replaced word keeps, the longer ones first.
const ENDINGS: [&str; 6] = ["ing", "ers", "ed", "es", "er", "s"];
/// The commonest words, which every copy keeps.
const COMMON: usize = 400;
/// Of a hundred other plain words, so many stay.
const KEPT_PERCENT: u64 = 30;
/// Ordinary words of made-up stories.
const VOCABULARY: f64 = 20_000.0;

#[derive(Deserialize)]
struct Told {
    id: String,
    #[serde(default)]
    outlet: String,
    title: String,
    #[serde(default)]
    summary: String,
    published: Timestamp,
    lang: Option<String>,
    story: String,
    #[serde(default)]
    set: String,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    outlet: &'a str,
    url: String,
    title: String,
    summary: String,
    published: Timestamp,
    lang: &'a str,
    story: String,
    set: &'a str,
}

/// SplitMix64's finaliser (Steele et al. 2014): well-mixed bits of a number.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// FNV-1a: enough to tell words apart, and the same on every machine.
fn hashed(seed: u64, word: &str) -> u64 {
    let bits = word
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |bits, byte| (bits ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    mixed(bits ^ mixed(seed))
}

fn made_up(mut bits: u64, syllables: u64) -> String {
    let mut word = String::new();
    for _ in 0..syllables {
        word.push_str(SYLLABLES[(bits % 24) as usize]);
        bits /= 24;
    }
    word
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A stream and the copies of it.
struct Copies {
    told: Vec<Told>,
    /// The common words.
    common: HashSet<String>,
    /// Words that stand somewhere with a small first letter: what is not here is a name.
    plain: HashSet<String>,
    seed: u64,
}

impl Copies {
    fn load(path: &str, seed: u64) -> Result<Copies> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
        let mut told: Vec<Told> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = serde_json::from_str(line);
            told.push(line.with_context(|| format!("line {} of `{path}` is no labelled article", number + 1))?);
        }
        if told.is_empty() {
            bail!("`{path}` holds no articles");
        }
        let mut counts: HashMap<String, usize> = HashMap::new();
        for word in told.iter().flat_map(|told| words(&told.title).chain(words(&told.summary))) {
            if word.chars().all(char::is_lowercase) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
        let mut by_count: Vec<(&String, &usize)> = counts.iter().collect();
        by_count.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let common = by_count.iter().take(COMMON).map(|(word, _)| (*word).clone()).collect();
        Ok(Copies { told, common, plain: counts.into_keys().collect(), seed })
    }

    /// A text in the words of a copy.
    fn reworded(&self, text: &str, copy: u64) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 4);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is = if first.is_alphabetic() {
                char::is_alphabetic as fn(char) -> bool
            } else if first.is_ascii_digit() {
                |letter: char| letter.is_ascii_digit()
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            };
            let end = rest.find(|letter| !is(letter)).unwrap_or(rest.len());
            let word = &rest[..end];
            rest = &rest[end..];
            if first.is_ascii_digit() {
                self.renumber(word, copy, &mut out);
            } else {
                self.reword(word, copy, &mut out);
            }
        }
        out
    }

    fn reword(&self, word: &str, copy: u64, out: &mut String) {
        let lower = word.to_lowercase();
        if lower.chars().nth(1).is_none() || self.common.contains(&lower) {
            return out.push_str(word);
        }
        let ending = ENDINGS.iter().find(|ending| lower.len() >= ending.len() + 4 && lower.ends_with(**ending));
        let ending = ending.copied().unwrap_or_default();
        let stem = &lower[..lower.len() - ending.len()];
        if self.plain.contains(&lower) && hashed(self.seed ^ copy, stem) % 100 < KEPT_PERCENT {
            return out.push_str(word);
        }
        let bits = hashed(mixed(self.seed ^ copy), stem);
        let made = made_up(bits / 3, 2 + bits % 3);
        if word.chars().all(char::is_uppercase) {
            out.push_str(&(made + ending).to_uppercase());
        } else if word.starts_with(char::is_uppercase) {
            out.push_str(&(capital(&made) + ending));
        } else {
            out.push_str(&(made + ending));
        }
    }

    /// As many digits, others; a year stays one, and no number begins with 0.
    fn renumber(&self, digits: &str, copy: u64, out: &mut String) {
        let mut bits = hashed(mixed(self.seed ^ copy), digits);
        if digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20")) {
            return out.push_str(digits);
        }
        for place in 0..digits.len() {
            let digit = if place == 0 { 1 + bits % 9 } else { bits % 10 };
            out.push(char::from_digit(digit as u32, 10).expect("a remainder of ten"));
            bits = mixed(bits);
        }
    }

    fn line(&self, copy: u64, place: usize, published: Timestamp) -> Line<'_> {
        let told = &self.told[place];
        let reworded = |text: &str| if copy == 0 { text.to_owned() } else { self.reworded(text, copy) };
        Line {
            id: format!("{copy}:{}", told.id),
            outlet: &told.outlet,
            url: format!("https://news.example/{copy}/{place}"),
            title: reworded(&told.title),
            summary: reworded(&told.summary),
            published,
            lang: told.lang.as_deref().unwrap_or("en"),
            story: format!("{copy}:{}", told.story),
            set: &told.set,
        }
    }

    /// When each article of the first copies is published, in seconds after the first, with its copy and its place.
    fn times(&self, count: usize, span: u64) -> Vec<(u32, u32, u32)> {
        let start = self.told.iter().map(|told| told.published).min().expect("there is one");
        let mut times = Vec::with_capacity(count);
        for (number, place) in (0..count).map(|number| (number / self.told.len(), number % self.told.len())) {
            let told = &self.told[place];
            let after = told.published.duration_since(start).as_secs().unsigned_abs();
            let shift = if number == 0 { 0 } else { hashed(self.seed.wrapping_add(number as u64), &told.story) % span };
            times.push((((after + shift) % span) as u32, number as u32, place as u32));
        }
        times
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.chars().nth(1).is_some())
}

/// A made-up story's article: its own words and names among ordinary ones.
fn invented(seed: u64, story: u64, telling: u64, published: Timestamp) -> Line<'static> {
    let mut bits = mixed(seed ^ mixed(story * 8 + telling));
    let mut below = |below: u64| {
        bits = mixed(bits);
        bits % below
    };
    let own = |k: u64| made_up(mixed(seed ^ mixed(story * 64 + k)), 3);
    let name = |k: u64| capital(&own(40 + k));
    let ordinary = |below: &mut dyn FnMut(u64) -> u64| {
        let rank = VOCABULARY.powf(below(1 << 20) as f64 / f64::from(1 << 20)) as u64;
        made_up(mixed(rank), 1 + rank.ilog2().min(12) as u64 / 4)
    };
    let title = format!(
        "{} {} {} {} in {}",
        name(below(3)),
        own(below(6)),
        ordinary(&mut below),
        own(below(6)),
        name(3 + below(2))
    );
    let mut summary = String::new();
    for place in 0..60 + below(60) {
        let word = match below(10) {
            0..=1 => own(below(12)),
            2 => name(below(5)),
            _ => ordinary(&mut below),
        };
        summary.push_str(if place == 0 { "" } else { [" ", " ", " ", " ", ". "][below(5) as usize] });
        summary.push_str(&word);
    }
    Line {
        id: format!("{story}-{telling}"),
        outlet: ["North", "South", "East", "West", "Middle"][telling as usize % 5],
        url: format!("https://news.example/{story}/{telling}"),
        title,
        summary,
        published,
        lang: "en",
        story: story.to_string(),
        set: "invented",
    }
}

/// When each article of made-up stories is published, with its story and which telling of it it is.
fn invented_times(seed: u64, count: usize, span: u64) -> Vec<(u32, u32, u32)> {
    let mut times = Vec::with_capacity(count);
    for story in 0.. {
        let start = mixed(seed ^ story) % span;
        for telling in 0..1 + mixed(seed ^ !story) % 5 {
            let after = mixed(seed ^ mixed(story * 8 + telling + 1)) % (telling * 10_800 + 1);
            times.push((((start + after) % span) as u32, story as u32, telling as u32));
            if times.len() == count {
                return times;
            }
        }
    }
    times
}

fn main() -> Result<()> {
    let (mut plain, mut from, mut days, mut seed) = (Vec::new(), None, 60_u64, 1_u64);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("`{argument}` wants a value"));
        match argument.as_str() {
            "--from" => from = Some(value()?),
            "--days" => days = value()?.parse().context("--days is a number")?,
            "--seed" => seed = value()?.parse().context("--seed is a number")?,
            _ => plain.push(argument),
        }
    }
    let [count, out] = plain.as_slice() else { bail!("say how many articles, and where they go: COUNT OUT.jsonl") };
    let count: usize = count.parse().context("COUNT is a number")?;
    let span = days.clamp(1, 10_000) * 86_400;
    let copies = from.map(|path| Copies::load(&path, seed)).transpose()?;
    let mut times = match &copies {
        Some(copies) => copies.times(count, span),
        None => invented_times(seed, count, span),
    };
    times.sort_unstable();
    let start = "2026-01-05T00:00:00Z".parse::<Timestamp>().expect("a moment").as_second();
    let mut file = BufWriter::new(File::create(out).with_context(|| format!("cannot write `{out}`"))?);
    for (after, number, place) in times {
        let published = Timestamp::from_second(start + i64::from(after)).context("too many days")?;
        let line = match &copies {
            Some(copies) => copies.line(u64::from(number), place as usize, published),
            None => invented(seed, u64::from(number), u64::from(place), published),
        };
        serde_json::to_writer(&mut file, &line)?;
        file.write_all(b"\n")?;
    }
    file.flush().with_context(|| format!("cannot write `{out}`"))
}
