//! The rows that weights are learned from: articles measured against the clusters they met, had the clusterer never been wrong.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use jiff::Timestamp;
use newsfold::cluster::Clusterer;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::model::ClusterId;

use crate::chance::Chance;
use crate::fit::Row;
use crate::lookalikes;
use crate::made::{FAMILIES, Family, Stock};
use crate::stream::{Labelled, Partner};

/// What rows count, against 1 for a row of the stream.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// A row of a young database.
    pub young: f64,
    /// A row of the stream with half of its articles without their texts.
    pub bare: f64,
    /// An article of the stream altered by rule.
    pub altered: f64,
    /// A made look-alike against its partner, and a made twin.
    pub look_alike: f64,
    pub twin: f64,
    /// A made article against a cluster that is not its partner's.
    pub stranger: f64,
    /// How often the stream is walked with made pairs in it.
    pub walks: usize,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts { young: 0.3, bare: 0.3, altered: 0.5, look_alike: 0.2, twin: 0.33, stranger: 0.026, walks: 48 }
    }
}

impl Counts {
    /// Sets one of them by its name.
    pub fn set(&mut self, key: &str, value: f64) -> Result<()> {
        match key {
            "young" => self.young = value,
            "bare" => self.bare = value,
            "altered" => self.altered = value,
            "look_alike" => self.look_alike = value,
            "twin" => self.twin = value,
            "stranger" => self.stranger = value,
            "walks" => self.walks = value as usize,
            _ => bail!("no kind of row is called `{key}`"),
        }
        Ok(())
    }
}

/// After how many articles of the whole stream one is altered, and of a young database.
const WHOLE_EVERY: usize = 2;
const YOUNG_EVERY: usize = 1;
/// Stories of a young database.
const YOUNG_STORIES: u32 = 6;
/// Pairs of each family in one walk of the stream: about one made article among ten.
const PAIRS_PER_WALK: usize = 12;
/// Young databases with made pairs in them; how many articles of the stream one begins with at most, and its pairs.
const YOUNG_MADE: usize = 240;
const YOUNG_ARTICLES_MAX: usize = 120;
const YOUNG_PAIRS: usize = 6;

/// All rows: of one long stream, with all texts and with half of them, and of many young databases of a few stories each, where there is little else to compare with; of
/// articles altered by rule; and of made pairs in both surroundings.
pub fn all(stream: &[Labelled], stock: &Stock, params: &Params, counts: &Counts) -> Vec<Row> {
    let whole: Vec<&Labelled> = stream.iter().collect();
    let mut rows = of_stream(&whole, Some(&mut lookalikes::Maker::new(params, WHOLE_EVERY)), params, counts);
    let mut young = lookalikes::Maker::new(params, YOUNG_EVERY);
    for part in parts(&whole) {
        let found = of_stream(&part, Some(&mut young), params, counts);
        rows.extend(found.into_iter().map(|row| Row { weight: row.weight * counts.young, ..row }));
    }
    rows.extend(of_bare(stream, params, counts));
    for walk in 0..counts.walks {
        let made = pairs(&whole, stock, params, PAIRS_PER_WALK, 100 + walk as u64);
        rows.extend(of_pairs(&among(&whole, &made), params, counts));
    }
    for (surroundings, made) in young_databases(stream, stock, params) {
        rows.extend(of_pairs(&among(&surroundings, &made), params, counts));
    }
    rows
}

/// The stream with half of its articles without their texts, and the same in young databases: real titles, told by bare feeds.
fn of_bare(stream: &[Labelled], params: &Params, counts: &Counts) -> Vec<Row> {
    let mut chance = Chance::new(13);
    let bare: Vec<Labelled> = stream.iter().map(|labelled| labelled.bare(params)).collect();
    let mixed: Vec<&Labelled> =
        stream.iter().zip(&bare).map(|pair| if chance.below(2) == 0 { pair.0 } else { pair.1 }).collect();
    let mut rows = of_stream(&mixed, None, params, counts);
    for part in parts(&mixed) {
        let found = of_stream(&part, None, params, counts);
        rows.extend(found.into_iter().map(|row| Row { weight: row.weight * counts.young, ..row }));
    }
    rows.iter_mut().for_each(|row| row.weight *= counts.bare);
    rows
}

/// A stream in young databases of a few stories each.
fn parts<'a>(stream: &[&'a Labelled]) -> Vec<Vec<&'a Labelled>> {
    let stories = stream.iter().map(|labelled| labelled.story).max().unwrap_or(0);
    let part = |first: u32| {
        let is_in = |labelled: &&&Labelled| (first..first + YOUNG_STORIES).contains(&labelled.story);
        stream.iter().filter(is_in).copied().collect()
    };
    (0..=stories).step_by(YOUNG_STORIES as usize).map(part).collect()
}

/// Every article against its candidates, then put where it belongs; between articles come altered ones.
fn of_stream(
    stream: &[&Labelled],
    mut maker: Option<&mut lookalikes::Maker<'_>>,
    params: &Params,
    counts: &Counts,
) -> Vec<Row> {
    let mut walk = Walk::new(params);
    let mut rows = Vec::new();
    for (index, labelled) in stream.iter().enumerate() {
        for (values, story) in walk.consider(labelled) {
            let (joins, stories) = (labelled.story == story, [labelled.story, story]);
            rows.push(Row { values, joins, weight: 1.0, stories, made: None });
        }
        walk.place(labelled);
        let Some(made) = maker.as_mut().and_then(|maker| maker.make(stream, index)) else { continue };
        for candidate in walk.clusterer.consider(&made.arrival(labelled)) {
            if walk.story_of[&candidate.cluster] == made.story {
                let (values, joins, weight) = (candidate.measured.values, made.belongs, counts.altered);
                rows.push(Row { values, joins, weight, stories: [made.story; 2], made: None });
            }
        }
    }
    rows
}

/// Made articles against their candidates, among the articles of a stream.
fn of_pairs(articles: &[&Labelled], params: &Params, counts: &Counts) -> Vec<Row> {
    let mut walk = Walk::new(params);
    let mut rows = Vec::new();
    for labelled in articles {
        if let Some(partner) = &labelled.partner {
            for (values, story) in walk.consider(labelled) {
                let (joins, stories) = (labelled.story == story, [labelled.story, story]);
                let weight = match partner.story == Some(story) {
                    true if joins => counts.twin,
                    true => counts.look_alike,
                    false => counts.stranger,
                };
                rows.push(Row { values, joins, weight, stories, made: Some(partner.family) });
            }
        }
        walk.place(labelled);
    }
    rows
}

/// A clusterer that is never wrong.
struct Walk {
    clusterer: Clusterer,
    founders: BTreeMap<u32, ClusterId>,
    story_of: BTreeMap<ClusterId, u32>,
}

impl Walk {
    fn new(params: &Params) -> Walk {
        // What would not be measured teaches too: there are few enough rows that come near to a join.
        let all = Params { measured_max: params.candidates_max, measured_share: 0.0, ..params.clone() };
        let clusterer = Clusterer::new(all, Weights::builtin());
        Walk { clusterer, founders: BTreeMap::new(), story_of: BTreeMap::new() }
    }

    /// What is measured between an article and each candidate, and whose story that is.
    fn consider(&mut self, labelled: &Labelled) -> Vec<([f64; newsfold::cluster::measures::COUNT], u32)> {
        let candidates = self.clusterer.consider(&labelled.arrival());
        candidates.into_iter().map(|found| (found.measured.values, self.story_of[&found.cluster])).collect()
    }

    fn place(&mut self, labelled: &Labelled) {
        let cluster = *self.founders.entry(labelled.story).or_insert(ClusterId(labelled.id));
        self.story_of.insert(cluster, labelled.story);
        self.clusterer.place(labelled.arrival(), cluster);
    }
}

/// The first story of what is made; stories of a stream are counted from 0.
pub const MADE_STORIES: u32 = 1 << 30;

/// As many pairs of each family, at chance times of a stream.
pub fn pairs(surroundings: &[&Labelled], stock: &Stock, params: &Params, each: usize, seed: u64) -> Vec<Labelled> {
    let mut chance = Chance::new(seed);
    let mut made = Vec::new();
    for (family, _) in FAMILIES {
        for _ in 0..each {
            push_pair(&mut made, surroundings, (stock, family), params, &mut chance);
        }
    }
    made
}

fn push_pair(
    made: &mut Vec<Labelled>,
    surroundings: &[&Labelled],
    (stock, family): (&Stock, Family),
    params: &Params,
    chance: &mut Chance,
) {
    // An outlet's clock runs on beside the stream's: the pair begins some minutes after an article of it.
    let Some(at) = chance.pick(surroundings).map(|labelled| labelled.published) else { return };
    let at: Timestamp = at + jiff::SignedDuration::from_secs(chance.below(3_600) as i64);
    // Some throws of the dice give no pair.
    let Some(pair) = (0..8).find_map(|_| stock.pair(family, at, chance)) else { return };
    let story = MADE_STORIES + made.len() as u32;
    for (place, article) in pair.articles.into_iter().enumerate() {
        let own = if family.is_twin() || place == 0 { story } else { story + 1 };
        let partner = Partner { family, own, story: (place == 1).then_some(story) };
        let id = i64::from(MADE_STORIES) + made.len() as i64;
        made.push(Labelled::made(id, article, &pair.lang, partner, params));
    }
}

/// Small databases: a few articles of the stream that follow each other, and some pairs.
fn young_databases<'a>(
    stream: &'a [Labelled],
    stock: &Stock,
    params: &Params,
) -> Vec<(Vec<&'a Labelled>, Vec<Labelled>)> {
    let mut chance = Chance::new(11);
    (0..YOUNG_MADE)
        .map(|_| {
            let count = 1 + chance.below(YOUNG_ARTICLES_MAX);
            let start = chance.below(stream.len().saturating_sub(count));
            let surroundings: Vec<&Labelled> = stream[start..start + count].iter().collect();
            let mut made = Vec::new();
            for _ in 0..YOUNG_PAIRS {
                let (family, _) = FAMILIES[chance.below(FAMILIES.len())];
                push_pair(&mut made, &surroundings, (stock, family), params, &mut chance);
            }
            (surroundings, made)
        })
        .collect()
}

/// Two lists in the order of their publication.
pub fn among<'a>(stream: &[&'a Labelled], made: &'a [Labelled]) -> Vec<&'a Labelled> {
    let mut articles: Vec<&Labelled> = stream.iter().copied().chain(made).collect();
    articles.sort_by_key(|labelled| labelled.published);
    articles
}

/// What a made pair came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub family: Family,
    pub lang: String,
    pub together: bool,
}

/// Clusters made pairs among a stream's articles, and says of each whether it is together.
pub fn outcomes(articles: &[&Labelled], params: &Params, weights: &Weights) -> Vec<Outcome> {
    let mut clusterer = Clusterer::new(params.clone(), weights.clone());
    let mut outcomes = Vec::new();
    let mut cluster_of: BTreeMap<i64, ClusterId> = BTreeMap::new();
    for labelled in articles {
        let cluster = clusterer.assign(labelled.arrival()).cluster;
        let Some(partner) = &labelled.partner else { continue };
        cluster_of.insert(labelled.id.0, cluster);
        if partner.story.is_some() {
            // Its partner was made just before it.
            let together = cluster_of.get(&(labelled.id.0 - 1)) == Some(&cluster);
            let lang = labelled.lang.clone().unwrap_or_default();
            outcomes.push(Outcome { family: partner.family, lang, together });
        }
    }
    outcomes
}
