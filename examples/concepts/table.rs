//! The table of concepts out of lists of words.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use newsfold::features::concepts::{Concept, ConceptId, Concepts};
use newsfold::features::lexicon::{Lexicon, Rarity};
use newsfold::features::spelling;
use newsfold::features::stem::{self, Stem};
use newsfold::features::words::{self, Kind};

/// The lists by language. The first names all concepts and their opposites.
pub const SOURCES: [(&str, &str); 17] = [
    ("en", include_str!("en.txt")),
    ("ar", include_str!("ar.txt")),
    ("de", include_str!("de.txt")),
    ("el", include_str!("el.txt")),
    ("es", include_str!("es.txt")),
    ("fr", include_str!("fr.txt")),
    ("he", include_str!("he.txt")),
    ("hi", include_str!("hi.txt")),
    ("it", include_str!("it.txt")),
    ("ja", include_str!("ja.txt")),
    ("ko", include_str!("ko.txt")),
    ("nl", include_str!("nl.txt")),
    ("pt", include_str!("pt.txt")),
    ("ru", include_str!("ru.txt")),
    ("th", include_str!("th.txt")),
    ("tr", include_str!("tr.txt")),
    ("zh", include_str!("zh.txt")),
];

/// What stands in the first list between what is done and whom or what it is done to.
const THINGS: &str = "## persons and things";
/// The rarity, in nats, that tells nothing: that of terms (`contrast.rs`).
const TELLING_MIN: f64 = 2.0;

/// Makes the table of its sources: languages, each with its file's text. The first names all concepts and their opposites.
///
/// A line is `name !opposite: word, two words, …`.
///
/// # Errors
/// A line that is none, a name that the first file lacks or holds twice.
pub fn compile(sources: &[(&str, &str)]) -> Result<Vec<u8>> {
    let lexicon = Lexicon::builtin();
    let (_, first) = sources.first().context("there is no language")?;
    let mut ids: BTreeMap<&str, u16> = BTreeMap::new();
    for (at, line) in lines(first).enumerate() {
        let name = line?.name;
        ensure!(ids.insert(name, u16::try_from(at)?).is_none(), "`{name}` comes twice");
    }
    let deeds = lines(first.split(THINGS).next().unwrap_or_default()).count();
    ensure!(ids.get("rubric") == Some(&ConceptId::RUBRIC.0), "`rubric` comes first");
    ensure!(ids.len() < Concept::COUNT_MAX, "there are more concepts than {}", Concept::COUNT_MAX - 1);
    let mut opposites: Vec<Vec<u16>> = vec![Vec::new(); ids.len()];
    let mut words: BTreeMap<u32, (Rarity, Vec<u16>)> = BTreeMap::new();
    let mut begins: BTreeSet<u32> = BTreeSet::new();
    for (lang, text) in sources {
        for line in lines(text) {
            let line = line?;
            let id = *ids.get(line.name).with_context(|| format!("{lang}: no concept is called `{}`", line.name))?;
            for opposite in line.opposites {
                let other = *ids.get(opposite).with_context(|| format!("no concept is called `{opposite}`"))?;
                opposites[usize::from(id)].push(other);
                opposites[usize::from(other)].push(id);
            }
            for expression in line.words {
                let stems = read(expression, lang, lexicon);
                // A title of letters without spaces is a rubric if all its pairs are of rubrics, those too where two words meet.
                if id == ConceptId::RUBRIC.0 && stems.is_gram {
                    for stem in &stems.all {
                        say(&mut words, (Concepts::key(lang, stem.hash), stem.rarity), id);
                    }
                } else if let Some((key, begun, rarity)) = stems.key(lang) {
                    say(&mut words, (key, rarity), id);
                    begins.extend(begun);
                }
            }
        }
    }
    Ok(written(deeds, opposites, words, &begins))
}

fn written(
    deeds: usize,
    mut opposites: Vec<Vec<u16>>,
    mut words: BTreeMap<u32, (Rarity, Vec<u16>)>,
    begins: &BTreeSet<u32>,
) -> Vec<u8> {
    words.values_mut().map(|(_, ids)| ids).chain(&mut opposites).for_each(|ids| {
        ids.sort_unstable();
        ids.dedup();
    });
    let mut entries: Vec<(u32, u16)> = begins.iter().map(|key| (*key, Concepts::BEGINS)).collect();
    for (key, (rarity, ids)) in &words {
        let nats = -rarity.share().ln() - TELLING_MIN;
        // One of them is meant, mostly.
        let meanings = ids.iter().filter(|id| **id != ConceptId::RUBRIC.0).count().max(1);
        let quarters = (4.0 * nats / meanings as f64).round().clamp(0.0, f64::from(Concept::QUARTERS_MAX)) as u8;
        entries.extend(ids.iter().map(|id| (*key, Concept { id: ConceptId(*id), quarters, in_head: false }.packed())));
    }
    entries.sort_unstable();
    let counts = [opposites.len(), deeds, opposites.iter().map(Vec::len).sum(), entries.len()];
    let mut bytes: Vec<u8> = counts.iter().flat_map(|count| (*count as u32).to_le_bytes()).collect();
    let mut start = 0_u16;
    for ids in &opposites {
        bytes.extend(start.to_le_bytes());
        start += ids.len() as u16;
    }
    bytes.extend(start.to_le_bytes());
    bytes.extend(opposites.iter().flatten().flat_map(|id| id.to_le_bytes()));
    bytes.extend(entries.iter().flat_map(|(key, _)| key.to_le_bytes()));
    bytes.extend(entries.iter().flat_map(|(_, value)| value.to_le_bytes()));
    bytes
}

struct Line<'a> {
    name: &'a str,
    opposites: Vec<&'a str>,
    words: Vec<&'a str>,
}

/// The concepts of a file; empty lines and those with a `#` in front are none.
fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let Some((head, words)) = line.split_once(':') else { bail!("a line without `:`: `{line}`") };
        let mut head = head.split_whitespace();
        let name = head.next().with_context(|| format!("a line without a name: `{line}`"))?;
        let opposites = head.map(|name| name.trim_start_matches('!')).collect();
        let words = words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        Ok(Line { name, opposites, words })
    })
}

fn say(words: &mut BTreeMap<u32, (Rarity, Vec<u16>)>, (key, rarity): (u32, Rarity), id: u16) {
    words.entry(key).or_insert((rarity, Vec::new())).1.push(id);
}

/// The words of an expression, or the pairs of its letters.
struct Stems {
    all: Vec<Stem>,
    is_gram: bool,
}

fn read(expression: &str, lang: &str, lexicon: &Lexicon) -> Stems {
    let mut stems = Stems { all: Vec::new(), is_gram: false };
    let text = spelling::of_text(words::prefix(expression, WORDS_MAX), lang);
    words::read(&text, WORDS_MAX, |word| {
        stems.is_gram |= word.kind == Kind::Gram;
        stems.all.push(stem::of(&word, lang, lexicon));
    });
    stems
}

impl Stems {
    /// The key of the expression, that of its first word where it has two, and how rare it is; `None` for what is too common to say
    /// anything, or cannot be told by two words.
    fn key(&self, lang: &str) -> Option<(u32, Option<u32>, Rarity)> {
        match self.all[..] {
            [one] if -one.rarity.share().ln() > TELLING_MIN => Some((Concepts::key(lang, one.hash), None, one.rarity)),
            [one, two] => Some(pair(lang, one, two)),
            // A longer word of letters without spaces is told by its beginning.
            [one, two, ..] if self.is_gram => Some(pair(lang, one, two)),
            // "Hit-and-run": where it is read, small words may stand between.
            [one, ref between @ .., last] if between.iter().all(|stem| stem.rarity.is_everyday()) => {
                Some(pair(lang, one, last))
            }
            _ => None,
        }
    }
}

fn pair(lang: &str, one: Stem, two: Stem) -> (u32, Option<u32>, Rarity) {
    let key = Concepts::key_of_words(lang, one.hash, two.hash);
    (key, Some(Concepts::key(lang, one.hash)), one.rarity.with(two.rarity))
}

/// Words of an expression that are read.
const WORDS_MAX: usize = 8;
