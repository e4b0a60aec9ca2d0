//! Pairs of articles that labelled streams hold too few of: look-alikes (two events that resemble each other) and twins (one event,
//! told so that it does not resemble itself). They are made by rule and by chance from affairs (`en.txt`, `others.txt`) and names
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
}

impl Stock {
    /// Reads the affairs and the names.
    pub fn load() -> Result<Stock> {
        let mut affairs = grammar::read(include_str!("en.txt"))?;
        affairs.extend(grammar::read(include_str!("others.txt"))?);
        for affair in &affairs {
            for act in &affair.acts {
                let complete = !act.lines('T').is_empty() && !act.lines('L').is_empty();
                ensure!(complete, "`{}` of `{}` needs a headline and a first sentence", act.name, affair.name);
            }
        }
        let colour = include_str!("colour.txt").lines().filter(|line| !line.starts_with('#'));
        let colour = colour.filter_map(|line| line.split_once(' '));
        let colour = colour.map(|(lang, sentence)| (lang.to_owned(), sentence.to_owned())).collect();
        Ok(Stock { affairs, names: Names::read(include_str!("names.txt"))?, colour })
    }

    /// Makes a pair of a family whose first article is published at `at`. `None` where the dice gave an affair that cannot have one.
    pub fn pair(&self, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
        families::pair(self, family, at, chance)
    }

    /// A sentence that one report alone has, with names that no other has.
    fn colour(&self, lang: &str, chance: &mut Chance) -> Option<String> {
        let among: Vec<&str> =
            self.colour.iter().filter(|(held, _)| held == lang).map(|(_, sentence)| sentence.as_str()).collect();
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

    /// One of the affairs: of three pairs two are in English, as most labelled streams are.
    fn affair(&self, chance: &mut Chance, fits: impl Fn(&Affair) -> bool) -> Option<&Affair> {
        let english = chance.percent(66);
        let among: Vec<&Affair> =
            self.affairs.iter().filter(|affair| (affair.lang == "en") == english && fits(affair)).collect();
        chance.pick(&among).copied()
    }
}
