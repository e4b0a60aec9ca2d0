//! Station: what an article is compared by: its terms, names and numbers.

pub mod language;
pub mod lexicon;

use crate::features::lexicon::Lexicon;

/// The words of an article, cleaned of markup.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its title, plain.
    pub title: &'a str,
    /// Its text, plain.
    pub text: &'a str,
    /// Its language, declared or detected (`en`, `de`, …); without one nothing is stemmed.
    pub lang: Option<&'a str>,
}

/// How much of an article is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Words of the text that are read, counted from its start.
    pub lead_words_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { lead_words_max: 200 }
    }
}

/// What an article is compared by. It is made anywhere (it knows nothing of other articles) and used once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {}

/// Makes an article's features. Pure: equal words give equal features.
pub fn of(_subject: &Subject<'_>, _lexicon: &Lexicon, _params: &Params) -> Features {
    Features {}
}
