//! Station: the limits of clustering, each with its unit in its name.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::features;

/// The limits of clustering. `Default` is what the binary ships; `set` changes one by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// How much of an article is looked at.
    pub features: features::Params,
    /// An article leaves the window this many hours after it was seen; a cluster leaves with its last article.
    pub window_hours: u32,
    /// The probability from which an article joins its best candidate.
    pub join_probability: f64,
    /// The probability from which a cluster that an article did not join is remembered for a second look.
    pub second_look_probability: f64,
    /// Members that speak for their cluster when two clusters are compared; with 0 there is no second look.
    pub second_look_members: usize,
    /// The probability from which two clusters are made one.
    pub merge_probability: f64,
    /// What the log-odds of a merge must exceed that by, for each time that the smaller cluster is e times as large as one article:
    /// of two that found articles of their own, each without the other, few are one.
    pub merge_size_odds: f64,
    /// The probability up to which a part of a cluster is let go.
    pub split_probability: f64,
    /// Articles of a cluster within the window up to which its parts are looked at: that costs the square of their number.
    pub split_articles_max: usize,
    /// The probability from which two clusters that are apart are related.
    pub related_probability: f64,
    /// Clusters that are proposed per article.
    pub candidates_max: usize,
    /// How many of them are measured.
    pub measured_max: usize,
    /// The share of the first's nearness below which a proposed cluster is not measured.
    pub measured_share: f64,
    /// The article's rarest terms that are looked up.
    pub query_terms_max: usize,
    /// An article's rarest terms by which it can be found.
    pub index_terms_max: usize,
    /// How many articles' worth of word counts the lexicon is taken for: the window's own counts outweigh it from there on.
    pub lexicon_articles: u32,
    /// Articles read per term looked up, latest first.
    pub postings_read_max: usize,
    /// Members of a candidate that the article is compared with, latest first.
    pub exemplars_max: usize,
    /// Articles of one cluster within the window; a full one takes no more.
    pub cluster_articles_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            features: features::Params::default(),
            window_hours: 168,
            join_probability: 0.52,
            second_look_probability: 0.3,
            second_look_members: 4,
            merge_probability: 0.65,
            merge_size_odds: 1.5,
            split_probability: 0.3,
            split_articles_max: 128,
            related_probability: 0.1,
            candidates_max: 8,
            measured_max: 4,
            measured_share: 0.6,
            query_terms_max: 20,
            index_terms_max: 40,
            lexicon_articles: 2_000,
            postings_read_max: 128,
            exemplars_max: 4,
            cluster_articles_max: 2_000,
        }
    }
}

/// What is wrong with a setting.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParamsError {
    /// There is no such setting.
    #[error("there is no cluster setting `{key}`; there are {}", KEYS.join(", "))]
    UnknownKey {
        /// The key given.
        key: String,
    },
    /// The value does not fit the setting.
    #[error("cluster setting `{key}` cannot be `{value}`: it must be {wanted}")]
    BadValue {
        /// The key given.
        key: String,
        /// The value given.
        value: String,
        /// What it must be.
        wanted: &'static str,
    },
}

/// The names `Params::set` knows.
pub const KEYS: [&str; 19] = [
    "window_hours",
    "join_probability",
    "second_look_probability",
    "second_look_members",
    "merge_probability",
    "merge_size_odds",
    "split_probability",
    "split_articles_max",
    "related_probability",
    "candidates_max",
    "measured_max",
    "measured_share",
    "query_terms_max",
    "index_terms_max",
    "lexicon_articles",
    "postings_read_max",
    "exemplars_max",
    "cluster_articles_max",
    "lead_words_max",
];

impl Params {
    /// Sets one limit by its name, as `eval --set` and the config's `[cluster]` section do.
    ///
    /// # Errors
    /// When there is no such setting, or the value does not fit it; nothing is changed then.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParamsError> {
        match key {
            "window_hours" => self.window_hours = within(key, value, 1..=8_760, "hours from 1 to 8760")?,
            "join_probability" => self.join_probability = probability(key, value)?,
            "second_look_probability" => self.second_look_probability = probability(key, value)?,
            "second_look_members" => self.second_look_members = within(key, value, 0..=64, "a number from 0 to 64")?,
            "merge_probability" => self.merge_probability = probability(key, value)?,
            "merge_size_odds" => self.merge_size_odds = within(key, value, 0.0..=20.0, "log-odds from 0 to 20")?,
            "split_probability" => self.split_probability = probability(key, value)?,
            "split_articles_max" => {
                self.split_articles_max = within(key, value, 0..=1_024, "a number from 0 to 1024")?;
            }
            "related_probability" => self.related_probability = probability(key, value)?,
            "candidates_max" => self.candidates_max = within(key, value, 1..=256, "a number from 1 to 256")?,
            "measured_max" => self.measured_max = within(key, value, 1..=256, "a number from 1 to 256")?,
            "measured_share" => self.measured_share = within(key, value, 0.0..=1.0, "a share from 0 to 1")?,
            "query_terms_max" => self.query_terms_max = within(key, value, 1..=256, "a number from 1 to 256")?,
            "index_terms_max" => self.index_terms_max = within(key, value, 1..=256, "a number from 1 to 256")?,
            "lexicon_articles" => {
                self.lexicon_articles = within(key, value, 0..=1_000_000, "a number from 0 to 1000000")?
            }
            "postings_read_max" => self.postings_read_max = within(key, value, 1..=65_536, "a number from 1 to 65536")?,
            "exemplars_max" => self.exemplars_max = within(key, value, 1..=256, "a number from 1 to 256")?,
            "cluster_articles_max" => {
                self.cluster_articles_max = within(key, value, 1..=100_000, "a number from 1 to 100000")?;
            }
            "lead_words_max" => {
                self.features.lead_words_max = within(key, value, 0..=2_000, "a number from 0 to 2000")?
            }
            _ => return Err(ParamsError::UnknownKey { key: key.to_owned() }),
        }
        Ok(())
    }

    /// The moment from which articles must be remembered when the latest was seen at `latest_seen`: what was seen at it or before
    /// has left the window.
    pub fn window_start(&self, latest_seen: Timestamp) -> Timestamp {
        latest_seen.saturating_sub(SignedDuration::from_hours(i64::from(self.window_hours))).unwrap_or(Timestamp::MIN)
    }
}

fn within<T>(key: &str, value: &str, range: std::ops::RangeInclusive<T>, wanted: &'static str) -> Result<T, ParamsError>
where
    T: std::str::FromStr + PartialOrd,
{
    let bad = || ParamsError::BadValue { key: key.to_owned(), value: value.to_owned(), wanted };
    let number = value.parse().map_err(|_| bad())?;
    if range.contains(&number) { Ok(number) } else { Err(bad()) }
}

fn probability(key: &str, value: &str) -> Result<f64, ParamsError> {
    within(key, value, 0.01..=0.99, "a probability from 0.01 to 0.99")
}
