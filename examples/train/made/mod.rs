//! Pairs of articles that labelled streams hold too few of: look-alikes (two events that resemble each other) and twins (one event,
//! told so that it does not resemble itself). They are made by rule and by chance from affairs (`affairs/`, a file for each language) and names
//! (`names.txt`), always the same ones for one seed. They train and never test: what tests is written by hand (`fixtures/traps`).

mod families;
mod grammar;
mod names;
mod telling;

use anyhow::{Result, ensure};
use jiff::Timestamp;

pub use crate::made::families::{FAMILIES, Family};

use crate::chance::Chance;
use crate::made::grammar::{Affair, Kind};
use crate::made::names::Names;

/// What can happen, by language.
const AFFAIRS: [&str; 16] = [
    include_str!("affairs/ar.txt"),
    include_str!("affairs/de.txt"),
    include_str!("affairs/el.txt"),
    include_str!("affairs/en.txt"),
    include_str!("affairs/es.txt"),
    include_str!("affairs/fr.txt"),
    include_str!("affairs/he.txt"),
    include_str!("affairs/hi.txt"),
    include_str!("affairs/it.txt"),
    include_str!("affairs/ja.txt"),
    include_str!("affairs/ko.txt"),
    include_str!("affairs/pt.txt"),
    include_str!("affairs/ru.txt"),
    include_str!("affairs/th.txt"),
    include_str!("affairs/tr.txt"),
    include_str!("affairs/zh.txt"),
];

/// Of a hundred pairs, how many are in English.
const ENGLISH_PERCENT: usize = 60;

/// An article that was made up.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    pub title: String,
    /// Empty where a feed would bring a title alone.
    pub text: String,
    pub published: Timestamp,
}

/// Two articles, the earlier first.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub family: Family,
    pub lang: String,
    pub articles: [Article; 2],
}

/// What pairs are made of.
#[derive(Debug)]
pub struct Stock {
    affairs: Vec<Affair>,
    names: Names,
    /// Sentences that any report may add, by language.
    colour: Vec<(String, String)>,
    /// Titles that are printed again and again over other texts, by language.
    rubrics: Vec<(String, String)>,
}

impl Stock {
    /// Reads the affairs and the names.
    pub fn load() -> Result<Stock> {
        let mut affairs = Vec::new();
        for text in AFFAIRS {
            affairs.extend(grammar::read(text)?);
        }
        for affair in &affairs {
            for act in &affair.acts {
                let complete = !act.lines('T').is_empty() && !act.lines('L').is_empty();
                ensure!(complete, "`{}` of `{}` needs a headline and a first sentence", act.name, affair.name);
            }
        }
        let (colour, rubrics) = (by_language(include_str!("colour.txt")), by_language(include_str!("rubrics.txt")));
        Ok(Stock { affairs, names: Names::read(include_str!("names.txt"))?, colour, rubrics })
    }

    /// Makes a pair of a family whose first article is published at `at`. `None` where the dice gave an affair that cannot have one.
    pub fn pair(&self, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
        families::pair(self, family, at, chance)
    }

    /// A sentence that one report alone has, with names that no other has.
    fn colour(&self, lang: &str, chance: &mut Chance) -> Option<String> {
        let among = of_language(&self.colour, lang);
        let mut sentence = (*chance.pick(&among)?).to_owned();
        let kinds = [
            ("{who}", Kind::Person),
            ("{other}", Kind::Person),
            ("{place}", Kind::Place),
            ("{firm}", Kind::Firm),
            ("{age}", Kind::Number(18, 90)),
            ("{number}", Kind::Number(2, 90)),
            ("{year}", Kind::Number(10, 99)),
        ];
        for (slot, kind) in kinds.iter().filter(|(slot, _)| among.iter().any(|line| line.contains(slot))) {
            sentence = sentence.replace(slot, &self.names.draw_kind(lang, kind, chance).usual);
        }
        Some(sentence)
    }

    /// One of the affairs: of five pairs three are in English.
    fn affair(&self, chance: &mut Chance, fits: impl Fn(&Affair) -> bool) -> Option<&Affair> {
        let english = chance.percent(ENGLISH_PERCENT);
        let among: Vec<&Affair> =
            self.affairs.iter().filter(|affair| (affair.lang == "en") == english && fits(affair)).collect();
        chance.pick(&among).copied()
    }
}

/// Lines of a language and what it says.
fn by_language(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    lines.map(|(lang, said)| (lang.to_owned(), said.to_owned())).collect()
}

fn of_language<'a>(lines: &'a [(String, String)], lang: &str) -> Vec<&'a str> {
    lines.iter().filter(|(held, _)| held == lang).map(|(_, said)| said.as_str()).collect()
}
