//! Articles of the stream altered by rule, so that they look like another and report something else: real prose with other numbers or
//! names, or another article's prose with these names. (`made` tells events of its own.)

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use newsfold::cluster::Arrival;
use newsfold::cluster::params::Params;
use newsfold::features::lexicon::Lexicon;
use newsfold::features::words::{self, Kind};
use newsfold::features::{self, Class, Features, Subject};
use newsfold::model::ArticleId;

use crate::chance::Chance;
use crate::stream::Labelled;

/// How many of the articles before may be imitated: about two weeks of the stream.
const REACH_ARTICLES: u64 = 1_400;

/// An article made from others.
pub struct Made {
    features: Features,
    /// The story it imitates.
    pub story: u32,
    /// Whether it belongs to that story.
    pub belongs: bool,
}

impl Made {
    /// It arrives with the article of the stream after which it was made.
    pub fn arrival<'a>(&'a self, with: &Labelled) -> Arrival<'a> {
        let published: Timestamp = with.published;
        let features = Cow::Borrowed(&self.features);
        Arrival { id: ArticleId(i64::MAX), published, seen: published, dated: true, outlet: "", alone: false, features }
    }
}

/// What a look-alike changes.
#[derive(Clone, Copy)]
enum Rule {
    /// Other numbers: the weekly figure.
    Numbers,
    /// Other names: the same thing elsewhere, or to somebody else.
    Names,
    /// Both.
    NamesAndNumbers,
    /// Only the names that stand in the title: one template, another place.
    TitleNames,
    /// The names stay and everything else is another article's: one actor's many acts.
    OtherAct,
    /// Nothing but some sentences fewer: a copy, which does belong to the story.
    Copy,
}

const RULES: [Rule; 6] =
    [Rule::Numbers, Rule::Names, Rule::NamesAndNumbers, Rule::TitleNames, Rule::OtherAct, Rule::Copy];

/// Makes articles, always the same ones for the same stream.
pub struct Maker<'a> {
    params: &'a Params,
    every: usize,
    chance: Chance,
}

impl<'a> Maker<'a> {
    /// A maker that makes one after `every` articles.
    pub fn new(params: &'a Params, every: usize) -> Maker<'a> {
        Maker { params, every, chance: Chance::new(7) }
    }

    fn next(&mut self, below: u64) -> u64 {
        self.chance.next() % below.max(1)
    }

    /// An article in the image of one up to this, if it is time for one.
    pub fn make(&mut self, stream: &[&Labelled], index: usize) -> Option<Made> {
        if !index.is_multiple_of(self.every) {
            return None;
        }
        let reach = if self.next(2) == 0 { 120 } else { REACH_ARTICLES };
        let model = stream[index - self.next(reach.min(index as u64 + 1)) as usize];
        let other = stream[self.next(stream.len() as u64) as usize];
        let rule = RULES[self.next(RULES.len() as u64) as usize];
        let (title, text) = match rule {
            Rule::Copy => (model.title.clone(), model.text.clone()),
            Rule::OtherAct => self.renamed(other, model, |_, class| class == Class::Name),
            Rule::Numbers => self.renamed(model, other, |_, class| class == Class::Number),
            Rule::Names => self.renamed(model, other, |_, class| class == Class::Name),
            Rule::NamesAndNumbers => {
                self.renamed(model, other, |_, class| matches!(class, Class::Name | Class::Number))
            }
            Rule::TitleNames => self.renamed(model, other, |in_title, class| in_title && class == Class::Name),
        };
        let belongs = matches!(rule, Rule::Copy);
        let is_itself = title == model.title && !belongs;
        if is_itself || (!belongs && other.story == model.story) {
            return None; // it had nothing to change
        }
        let text = if self.next(4) == 0 { String::new() } else { self.thinned(&text) };
        let subject = Subject { title: &title, text: &text, lang: model.lang.as_deref() };
        let features = features::of(&subject, Lexicon::builtin(), &self.params.features);
        Some(Made { features, story: model.story, belongs })
    }

    /// An article's words with some replaced, each always by the same: names by another article's names, numbers by other numbers.
    fn renamed(&mut self, of: &Labelled, donor: &Labelled, wanted: impl Fn(bool, Class) -> bool) -> (String, String) {
        let names: Vec<&str> = donor
            .features
            .terms
            .iter()
            .filter(|term| term.class == Class::Name)
            .map(|term| donor.features.word(term))
            .collect();
        let mut swaps: BTreeMap<String, String> = BTreeMap::new();
        for term in &of.features.terms {
            if !wanted(term.in_title > 0, term.class) {
                continue;
            }
            let replacement = match term.class {
                Class::Number => self.number(of.features.word(term)),
                _ if names.is_empty() => continue,
                _ => names[self.next(names.len() as u64) as usize].to_owned(),
            };
            swaps.insert(of.features.word(term).to_lowercase(), replacement);
        }
        (rewritten(&of.title, &swaps), rewritten(&of.text, &swaps))
    }

    /// Another number of the same length.
    fn number(&mut self, word: &str) -> String {
        let mut changed = String::new();
        for letter in word.chars() {
            match letter.to_digit(10) {
                Some(digit) => changed.extend(char::from_digit((digit + 1 + self.next(8) as u32) % 10, 10)),
                None => changed.push(letter),
            }
        }
        changed
    }

    /// Some sentences fewer, as no two reports say all the same.
    fn thinned(&mut self, text: &str) -> String {
        text.split_inclusive(". ").filter(|_| self.next(3) > 0).collect()
    }
}

fn rewritten(text: &str, swaps: &BTreeMap<String, String>) -> String {
    let mut written = String::new();
    let mut done = 0;
    words::read(text, usize::MAX, |word| {
        let start = word.text.as_ptr() as usize - text.as_ptr() as usize;
        if let (Some(swap), true) = (swaps.get(&word.text.to_lowercase()), word.kind != Kind::Gram) {
            written.push_str(&text[done..start]);
            written.push_str(swap);
            done = start + word.text.len();
        }
    });
    written.push_str(&text[done..]);
    written
}
