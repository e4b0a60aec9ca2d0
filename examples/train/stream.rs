//! The labelled stream, as the clusterer sees it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::Timestamp;
use newsfold::cluster::Arrival;
use newsfold::cluster::params::Params;
use newsfold::features::lexicon::Lexicon;
use newsfold::features::{self, Features, Subject};
use newsfold::model::ArticleId;
use serde::Deserialize;

use crate::made::{Article, Family};

/// An article of the stream and its label.
pub struct Labelled {
    pub id: ArticleId,
    pub title: String,
    pub text: String,
    pub lang: Option<String>,
    pub published: Timestamp,
    pub features: Features,
    pub story: u32,
    pub set: String,
    /// For a made article, what it was made with.
    pub partner: Option<Partner>,
}

/// The pair that a made article belongs to.
#[derive(Clone, Debug)]
pub struct Partner {
    pub family: Family,
    /// The article's own story.
    pub own: u32,
    /// The story of the earlier article, on the later one of the two.
    pub story: Option<u32>,
}

impl Labelled {
    /// An article that was made up.
    pub fn made(id: i64, article: Article, lang: &str, partner: Partner, params: &Params) -> Labelled {
        let Article { title, text, published } = article;
        let subject = Subject { title: &title, text: &text, lang: Some(lang) };
        let features = features::of(&subject, Lexicon::builtin(), &params.features);
        let (id, lang, set) = (ArticleId(id), Some(lang.to_owned()), "made".to_owned());
        let story = partner.own;
        Labelled { id, title, text, lang, published, features, story, set, partner: Some(partner) }
    }

    /// The article without its text, as feeds of bare titles have it.
    pub fn bare(&self, params: &Params) -> Labelled {
        let subject = Subject { title: &self.title, text: "", lang: self.lang.as_deref() };
        let features = features::of(&subject, Lexicon::builtin(), &params.features);
        let (title, lang, set) = (self.title.clone(), self.lang.clone(), self.set.clone());
        Labelled { title, lang, set, features, text: String::new(), partner: self.partner.clone(), ..*self }
    }

    pub fn arrival(&self) -> Arrival<'_> {
        let features = Cow::Borrowed(&self.features);
        Arrival {
            id: self.id,
            published: self.published,
            seen: self.published,
            dated: true,
            outlet: "",
            alone: false,
            features,
        }
    }
}

#[derive(Deserialize)]
struct Line {
    title: String,
    #[serde(default)]
    summary: String,
    published: Timestamp,
    lang: Option<String>,
    story: String,
    #[serde(default)]
    set: String,
}

/// Reads a stream in `eval`'s format. Articles are numbered from 0 in the order of its lines, stories likewise.
pub fn load(path: &str, params: &Params) -> Result<Vec<Labelled>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{path}`"))?;
    let mut stories: BTreeMap<String, u32> = BTreeMap::new();
    let mut stream = Vec::new();
    let started = std::time::Instant::now();
    for (number, line) in text.lines().enumerate() {
        let line: Line = serde_json::from_str(line).with_context(|| format!("line {} of `{path}`", number + 1))?;
        let next = stories.len() as u32;
        let story = *stories.entry(line.story).or_insert(next);
        let subject = Subject { title: &line.title, text: &line.summary, lang: line.lang.as_deref() };
        let features = features::of(&subject, Lexicon::builtin(), &params.features);
        let id = ArticleId(number as i64 + 1);
        let Line { title, summary: text, lang, published, set, .. } = line;
        stream.push(Labelled { id, title, text, lang, published, features, story, set, partner: None });
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / stream.len().max(1) as f64;
    println!("{} articles read, {each:.0} us each", stream.len());
    Ok(stream)
}
