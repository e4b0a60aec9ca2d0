//! Station: the order of clusters, the article that speaks for each, and the facts every output shares.
//!
//! # The formula
//!
//! Every article adds to its cluster what it is worth at its publication, and that worth halves with every half-life. The
//! score is the binary logarithm of the sum, so that one more point means twice as much going on:
//!
//! ```text
//! score = log2( Σ over voices  Σ k = 0, 1, …  repeat^k × 2^(published_k / half-life) )  +  priority
//! rank  = score − now / half-life
//! ```
//!
//! * A *voice* is an outlet; a copy speaks with the voice of what it copies. Of one voice the newest own article counts whole
//!   (`k = 0`), the next by `repeat`, and so on, copies last. However much one voice says, with the usual `repeat` of a half
//!   it stays below two voices; that is all that size alone can add.
//! * Freshness and velocity need no terms of their own: many voices within an hour add up, the same many over a week do not,
//!   and one late article adds itself without making the whole story young again.
//! * Each point of feed priority (the highest among the articles) doubles the sum.
//! * `now` moves every cluster by the same amount. Two clusters therefore change places only when one of them gets an article,
//!   never because time passed, and a reader who pages through a list meets no story twice.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;

use crate::model::{Cluster, Code, Facts, Member, Ranked};

/// How clusters are weighed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// After how long an article is worth half.
    pub half_life_minutes: NonZeroU32,
    /// What each further article of one voice is worth, in percent of the one before it; 1 to 100.
    pub repeat_percent: u8,
    /// Feed priorities beyond this, above or below zero, count as this.
    pub priority_max: u8,
    /// The longest summary, in characters.
    pub summary_chars_max: usize,
}

impl Default for Params {
    /// Twelve hours let the morning's stories stand beside the evening's; what was big yesterday needs four times the voices.
    fn default() -> Params {
        Params {
            half_life_minutes: const { NonZeroU32::new(12 * 60).expect("twelve hours are more than none") },
            repeat_percent: 50,
            priority_max: 8,
            summary_chars_max: 280,
        }
    }
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The highest rank.
    #[default]
    Rank,
    /// The newest article.
    New,
    /// The most articles, then the most outlets.
    Size,
    /// The story that was seen first most recently.
    FirstSeen,
}

/// The clusters in order, each with its facts and its rank at `now`. Ties go to the smaller id, so the order is always the same.
pub fn order(clusters: Vec<Cluster>, sort: Sort, now: Timestamp, params: &Params) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = clusters.into_iter().map(|cluster| ranked(cluster, now, params)).collect();
    ranked.sort_by(|one, other| {
        let (a, b) = (&one.facts, &other.facts);
        let best_first = match sort {
            Sort::Rank => other.rank.total_cmp(&one.rank),
            Sort::New => b.last_published.cmp(&a.last_published),
            Sort::Size => (b.article_count, b.outlet_count()).cmp(&(a.article_count, a.outlet_count())),
            Sort::FirstSeen => b.first_seen.cmp(&a.first_seen),
        };
        best_first.then(one.cluster.id.cmp(&other.cluster.id))
    });
    ranked
}

/// One cluster with its facts and its rank at `now`.
pub fn ranked(cluster: Cluster, now: Timestamp, params: &Params) -> Ranked {
    let facts = facts(&cluster, params);
    let rank = score(&cluster, params) - half_lives(now, params);
    Ranked { cluster, facts, rank }
}

/// The cluster's score by the formula at the top of this file: it changes only when the cluster does.
pub fn score(cluster: &Cluster, params: &Params) -> f64 {
    let repeat = f64::from(params.repeat_percent.clamp(1, 100)) / 100.0;
    let mut worths: Vec<f64> = Vec::with_capacity(cluster.members.len());
    for members in by_voice(cluster).values_mut() {
        members.sort_by_key(|member| {
            (member.copy_of.is_some(), std::cmp::Reverse(member.article.published), member.article.id)
        });
        let mut discount = 0.0;
        for member in members {
            worths.push(half_lives(member.article.published, params) + discount);
            discount += repeat.log2();
        }
    }
    let bound = i32::from(params.priority_max);
    let priority = cluster.members.iter().map(|member| member.article.priority).max().unwrap_or(0).clamp(-bound, bound);
    log2_of_sum(worths) + f64::from(priority)
}

/// What the cluster's articles come to.
pub fn facts(cluster: &Cluster, params: &Params) -> Facts {
    let representative = representative(cluster);
    let articles = || cluster.members.iter().map(|member| &member.article);
    let speaker = cluster.members.get(representative).map(|member| &member.article);
    let mut outlets: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for article in articles() {
        if known.insert(article.outlet.as_str()) {
            outlets.push(article.outlet.clone());
        }
    }
    let langs = by_frequency(articles().filter_map(|article| article.lang.as_deref()));
    Facts {
        representative,
        headline: speaker.map(|article| article.title.clone()).unwrap_or_default(),
        summary: speaker
            .map(|article| lead(&article.text, &article.title, params.summary_chars_max))
            .unwrap_or_default(),
        lang: langs.into_iter().next(),
        tags: by_frequency(articles().flat_map(|article| article.tags.iter().map(String::as_str))),
        article_count: cluster.members.len(),
        independent_count: by_voice(cluster).len().min(outlets.len()),
        outlets,
        first_published: articles().map(|article| article.published).min().unwrap_or_default(),
        last_published: articles().map(|article| article.published).max().unwrap_or_default(),
        first_seen: articles().map(|article| article.seen).min().unwrap_or_default(),
        updated: articles().map(|article| article.seen.max(article.revised)).max().unwrap_or_default(),
    }
}

/// Which article speaks for the cluster, as its place in `members`.
///
/// One with a title; then the highest feed priority; then a complete text: three quarters of the longest will do, and beyond
/// 2,000 characters every text is complete, so that a few words more win nothing; then the earliest, then the smallest id.
pub fn representative(cluster: &Cluster) -> usize {
    let chars = |member: &Member| member.article.text.chars().take(COMPLETE_CHARS).count();
    let standing = |member: &Member| (!member.article.title.trim().is_empty(), member.article.priority);
    let Some(best) = cluster.members.iter().map(standing).max() else { return 0 };
    let longest = cluster.members.iter().filter(|member| standing(member) == best).map(chars).max().unwrap_or(0);
    let eligible = |member: &Member| standing(member) == best && chars(member) * 4 >= longest * 3;
    let candidates = cluster.members.iter().enumerate().filter(|(_, member)| eligible(member));
    candidates.min_by_key(|(_, member)| (member.article.published, member.article.id)).map_or(0, |(place, _)| place)
}

/// From here on a text counts as complete: some 350 words, where a news report has said what happened.
const COMPLETE_CHARS: usize = 2_000;

/// A copy of a copy of a copy … is followed this far.
const COPY_STEPS_MAX: usize = 16;

/// Who speaks in an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Voice<'a> {
    /// The outlet, in its own words.
    Outlet(&'a str),
    /// An article that is not (or no more) in the cluster, repeated by one that is.
    Copied(&'a Code),
}

fn by_voice(cluster: &Cluster) -> BTreeMap<Voice<'_>, Vec<&Member>> {
    let by_code: BTreeMap<&Code, &Member> =
        cluster.members.iter().map(|member| (&member.article.code, member)).collect();
    let mut voices: BTreeMap<Voice<'_>, Vec<&Member>> = BTreeMap::new();
    for member in &cluster.members {
        voices.entry(voice(member, &by_code)).or_default().push(member);
    }
    voices
}

fn voice<'a>(member: &'a Member, by_code: &BTreeMap<&Code, &'a Member>) -> Voice<'a> {
    let mut at = member;
    for _ in 0..COPY_STEPS_MAX {
        let Some(code) = &at.copy_of else { break };
        match by_code.get(code) {
            Some(original) => at = original,
            None => return Voice::Copied(code),
        }
    }
    Voice::Outlet(&at.article.outlet)
}

/// Half-lives since 1970: some forty thousand, which leaves an `f64` eleven digits after the point.
fn half_lives(at: Timestamp, params: &Params) -> f64 {
    at.as_second() as f64 / (f64::from(params.half_life_minutes.get()) * 60.0)
}

/// log2 of the sum of 2^x, taken relative to the largest so that nothing overflows; largest first so that the sum is the same
/// in whatever order the articles come.
fn log2_of_sum(mut exponents: Vec<f64>) -> f64 {
    exponents.sort_by(|one, other| other.total_cmp(one));
    let Some(&largest) = exponents.first() else { return 0.0 };
    largest + exponents.iter().map(|exponent| (exponent - largest).exp2()).sum::<f64>().log2()
}

/// Each word once, most frequent first, then by the alphabet.
fn by_frequency<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut words: Vec<(&str, usize)> = counts.into_iter().collect();
    words.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    words.into_iter().map(|(word, _)| word.to_owned()).collect()
}

/// As many whole sentences from the beginning of a text as fit, a first paragraph that only repeats the title left out. Where
/// not even the first sentence fits it ends at a word, with an ellipsis.
fn lead(text: &str, title: &str, chars_max: usize) -> String {
    let title = bare(title);
    let paragraphs = text.split("\n\n").map(one_line).filter(|paragraph| !paragraph.is_empty());
    let mut lead: Vec<char> = Vec::new();
    let mut good = 0;
    for paragraph in
        paragraphs.enumerate().skip_while(|(place, words)| *place == 0 && bare(words) == title).map(|(_, words)| words)
    {
        if !lead.is_empty() {
            lead.push(' ');
        }
        let start = lead.len();
        lead.extend(paragraph.chars());
        let fits = lead.len().min(chars_max);
        let Some(end) = (start + 1..=fits).rev().find(|&end| sentence_ends(&lead[start..], end - start)) else { break };
        good = end;
        if good < lead.len() {
            break;
        }
    }
    if good == 0 { cut_at_word(&lead, chars_max) } else { lead[..good].iter().collect() }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The letters and digits of a line, lower case: what two spellings of one title have in common.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a sentence ends right before `end`; a paragraph ends one, whatever it closes with.
fn sentence_ends(paragraph: &[char], end: usize) -> bool {
    if end == paragraph.len() {
        return true;
    }
    let closes = |c: &char| matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』' | '）');
    let Some(last) = paragraph[..end].iter().rposition(|c| !closes(c)) else { return false };
    match paragraph[last] {
        '。' | '！' | '？' | '｡' => !closes(&paragraph[end]),
        '!' | '?' | '…' | '।' | '؟' | '۔' => paragraph[end] == ' ',
        '.' => paragraph[end] == ' ' && !abbreviates(&paragraph[..last]) && starts_sentence(&paragraph[end..]),
        _ => false,
    }
}

fn starts_sentence(rest: &[char]) -> bool {
    rest.iter().find(|c| c.is_alphanumeric()).is_none_or(|c| !c.is_lowercase())
}

/// Words whose full stop ends no sentence, in the languages where news abbreviates most.
const ABBREVIATIONS: [&str; 32] = [
    "mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "inc", "ltd", "corp", "co", "jr", "sr", "gen", "sen", "rep",
    "gov", "lt", "col", "approx", "bzw", "ca", "nr", "jan", "feb", "aug", "sept", "oct", "nov", "dec", "mme",
];

/// Whether the full stop after these characters belongs to an abbreviation: `Dr.`, an initial, the end of `U.S.`.
fn abbreviates(before: &[char]) -> bool {
    let start = before.iter().rposition(|c| !c.is_alphabetic()).map_or(0, |place| place + 1);
    let word: String = before[start..].iter().flat_map(|c| c.to_lowercase()).collect();
    before.len() - start == 1 || ABBREVIATIONS.contains(&word.as_str())
}

fn cut_at_word(text: &[char], chars_max: usize) -> String {
    if text.len() <= chars_max {
        return text.iter().collect();
    }
    let room = &text[..chars_max.saturating_sub(1)];
    let end = room.iter().rposition(|&c| c == ' ').filter(|&space| space * 2 >= room.len()).unwrap_or(room.len());
    let kept: String = room[..end].iter().collect();
    format!("{}…", kept.trim_end_matches(|c: char| c == ' ' || c == ',' || c == ';' || c == ':'))
}
