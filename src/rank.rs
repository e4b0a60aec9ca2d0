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
//! * A *voice* is an outlet, a family of outlets of one site, or a wire; a copy speaks with the voice of what it copies. Of one voice the newest own article counts whole
//!   (`k = 0`), the next by `repeat`, and so on, copies last. However much one voice says, with the usual `repeat` of a half
//!   it stays below two voices; that is all that size alone can add.
//! * Freshness and velocity need no terms of their own: many voices within an hour add up, the same many over a week do not,
//!   and one late article adds itself without making the whole story young again.
//! * Each point of feed priority (the highest among the articles) doubles the sum.
//! * `now` moves every cluster by the same amount. Two clusters therefore change places only when one of them gets an article,
//!   never because time passed, and a reader who pages through a list meets no story twice.

pub mod leaders;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;

use crate::model::{ArticleId, Brief, Cluster, Facts, Ranked};

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
    /// What makes an article speak for its cluster, the weightiest first.
    pub representative: Vec<Preference>,
}

/// What is asked of an article that is to speak for its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// The highest feed priority.
    Priority,
    /// One that everybody can read: not behind a paywall.
    Open,
    /// A complete text.
    Complete,
    /// The earliest publication.
    Earliest,
}

impl Preference {
    /// All there are, in the usual order.
    pub const ALL: [Preference; 4] =
        [Preference::Priority, Preference::Open, Preference::Complete, Preference::Earliest];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Preference::Priority => "priority",
            Preference::Open => "open",
            Preference::Complete => "complete",
            Preference::Earliest => "earliest",
        }
    }
}

impl Default for Params {
    /// Twelve hours let the morning's stories stand beside the evening's; what was big yesterday needs four times the voices.
    fn default() -> Params {
        Params {
            half_life_minutes: const { NonZeroU32::new(12 * 60).expect("twelve hours are more than none") },
            repeat_percent: 50,
            priority_max: 8,
            summary_chars_max: 280,
            representative: Preference::ALL.to_vec(),
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
    score_of(&told(cluster), params)
}

/// The very same score, of a cluster whose words were not read.
pub fn score_of_brief(brief: &Brief, params: &Params) -> f64 {
    score_of(&told_in_brief(brief), params)
}

fn score_of<K: Copy + Ord>(told: &[Told<'_, K>], params: &Params) -> f64 {
    let repeat = f64::from(params.repeat_percent.clamp(1, 100)) / 100.0;
    let mut worths: Vec<f64> = Vec::with_capacity(told.len());
    for members in by_voice(told).values_mut() {
        members.sort_by_key(|member| (member.copy_of.is_some(), std::cmp::Reverse(member.published), member.article));
        let mut discount = 0.0;
        for member in members {
            worths.push(half_lives(member.published, params) + discount);
            discount += repeat.log2();
        }
    }
    let bound = i32::from(params.priority_max);
    let priority = told.iter().map(|member| member.priority).max().unwrap_or(0).clamp(-bound, bound);
    log2_of_sum(worths) + f64::from(priority)
}

/// What the cluster's articles come to.
pub fn facts(cluster: &Cluster, params: &Params) -> Facts {
    let representative = representative(cluster, &params.representative);
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
        independent_count: by_voice(&told(cluster)).len().min(outlets.len()),
        outlets,
        first_published: articles().map(|article| article.published).min().unwrap_or_default(),
        last_published: articles().map(|article| article.published).max().unwrap_or_default(),
        first_seen: articles().map(|article| article.seen).min().unwrap_or_default(),
        updated: articles().map(|article| article.seen.max(article.revised)).max().unwrap_or_default(),
    }
}

/// Which article speaks for the cluster, as its place in `members`.
///
/// One with a title, before all else. Then each preference in turn leaves those that meet it best, and where it leaves none, all:
/// the highest feed priority; not paywalled; a complete text, for which three quarters of the longest will do, and beyond 2,000
/// characters every text is complete, so that a few words more win nothing; the earliest. Ties go to the smallest id.
pub fn representative(cluster: &Cluster, preferences: &[Preference]) -> usize {
    let articles = cluster.members.iter().map(|member| &member.article).enumerate();
    let mut left: Vec<_> = articles.clone().filter(|(_, article)| !article.title.trim().is_empty()).collect();
    if left.is_empty() {
        left = articles.collect();
    }
    for preference in preferences {
        if left.len() == 1 {
            break;
        }
        match preference {
            Preference::Priority => {
                let best = left.iter().map(|(_, article)| article.priority).max();
                left.retain(|(_, article)| Some(article.priority) == best);
            }
            Preference::Open if left.iter().any(|(_, article)| !article.paywalled) => {
                left.retain(|(_, article)| !article.paywalled);
            }
            Preference::Open => {}
            Preference::Complete => {
                let chars = |text: &str| text.chars().take(COMPLETE_CHARS).count();
                let longest = left.iter().map(|(_, article)| chars(&article.text)).max().unwrap_or(0);
                left.retain(|(_, article)| chars(&article.text) * 4 >= longest * 3);
            }
            Preference::Earliest => {
                let first = left.iter().map(|(_, article)| article.published).min();
                left.retain(|(_, article)| Some(article.published) == first);
            }
        }
    }
    left.iter().min_by_key(|(_, article)| article.id).map_or(0, |(place, _)| *place)
}

/// The article that broke the story, as its place in `members`: the earliest that repeats no other and whose date is its feed's word.
pub fn broken_by(cluster: &Cluster) -> Option<usize> {
    let own = cluster.members.iter().enumerate().filter(|(_, member)| member.copy_of.is_none());
    let dated = own.filter(|(_, member)| member.article.date_doubt.is_none());
    dated.min_by_key(|(_, member)| (member.article.published, member.article.id)).map(|(place, _)| place)
}

/// From here on a text counts as complete: some 350 words, where a news report has said what happened.
const COMPLETE_CHARS: usize = 2_000;

/// A copy of a copy of a copy … is followed this far.
const COPY_STEPS_MAX: usize = 16;

/// An article as far as voices and scores ask; `K` names articles.
#[derive(Clone, Copy, Debug)]
struct Told<'a, K> {
    name: K,
    copy_of: Option<K>,
    article: ArticleId,
    outlet: &'a str,
    voice: Option<&'a str>,
    published: Timestamp,
    priority: i32,
}

fn told(cluster: &Cluster) -> Vec<Told<'_, &str>> {
    let told = cluster.members.iter().map(|member| Told {
        name: member.article.code.0.as_str(),
        copy_of: member.copy_of.as_ref().map(|code| code.0.as_str()),
        article: member.article.id,
        outlet: &member.article.outlet,
        voice: member.article.voice.as_deref(),
        published: member.article.published,
        priority: member.article.priority,
    });
    told.collect()
}

/// In the order in which a cluster has its members.
fn told_in_brief(brief: &Brief) -> Vec<Told<'_, ArticleId>> {
    let told = brief.reports.iter().map(|report| Told {
        name: report.article,
        copy_of: report.copy_of,
        article: report.article,
        outlet: &report.outlet,
        voice: report.voice.as_deref(),
        published: report.published,
        priority: report.priority,
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|told| (told.published, told.article));
    told
}

/// Who speaks in an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Voice<'a, K> {
    /// A wire, whoever prints its report.
    Wire(&'a str),
    /// The outlet, in its own words; of outlets that share a site, the first.
    Outlet(&'a str),
    /// An article that is not (or no more) in the cluster, repeated by one that is.
    Copied(K),
}

fn by_voice<'a, 'b, K: Copy + Ord>(told: &'b [Told<'a, K>]) -> BTreeMap<Voice<'a, K>, Vec<&'b Told<'a, K>>> {
    let by_name: BTreeMap<K, &Told<'a, K>> = told.iter().map(|told| (told.name, told)).collect();
    let families = families(told);
    let mut voices: BTreeMap<Voice<'a, K>, Vec<&Told<'a, K>>> = BTreeMap::new();
    for told in told {
        voices.entry(voice(told, &by_name, &families)).or_default().push(told);
    }
    voices
}

/// For each outlet's name the first one of the cluster that publishes on the same site: "Harbour Post" and "Harbour Post Sport".
fn families<'a, K>(told: &[Told<'a, K>]) -> BTreeMap<&'a str, &'a str> {
    let mut of_outlet: BTreeMap<&str, &str> = BTreeMap::new();
    let mut of_site: BTreeMap<&str, &str> = BTreeMap::new();
    for told in told {
        let site = told.voice.filter(|voice| voice.starts_with("site:"));
        let met = of_outlet.get(told.outlet).or_else(|| of_site.get(site?)).copied();
        let first = met.unwrap_or(told.outlet);
        of_outlet.entry(told.outlet).or_insert(first);
        if let Some(site) = site {
            of_site.entry(site).or_insert(first);
        }
    }
    of_outlet
}

fn voice<'a, K: Copy + Ord>(
    told: &Told<'a, K>,
    by_name: &BTreeMap<K, &Told<'a, K>>,
    families: &BTreeMap<&'a str, &'a str>,
) -> Voice<'a, K> {
    let mut at = told;
    for _ in 0..COPY_STEPS_MAX {
        let Some(copied) = at.copy_of else { break };
        match by_name.get(&copied) {
            Some(original) => at = original,
            None => return Voice::Copied(copied),
        }
    }
    if let Some(wire) = at.voice.filter(|voice| voice.starts_with("wire:")) {
        return Voice::Wire(wire);
    }
    Voice::Outlet(families.get(at.outlet).copied().unwrap_or(at.outlet))
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
    let repeats_title = |words: &str| bare(words).eq(bare(title));
    let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty());
    let mut lead: Vec<char> = Vec::new();
    let mut good = 0;
    for (_, paragraph) in paragraphs.enumerate().skip_while(|(place, words)| *place == 0 && repeats_title(words)) {
        if !lead.is_empty() {
            lead.push(' ');
        }
        let start = lead.len();
        for word in paragraph.split_whitespace() {
            if lead.len() > start {
                lead.push(' ');
            }
            // However long a text is, no more of it is looked at than what its last sentence may be told by.
            lead.extend(word.chars().take(chars_max + LOOKED_AHEAD + 1));
            if lead.len() > chars_max + LOOKED_AHEAD {
                break;
            }
        }
        let fits = lead.len().min(chars_max);
        let Some(end) = (start + 1..=fits).rev().find(|&end| sentence_ends(&lead[start..], end - start)) else { break };
        good = end;
        if good < lead.len() {
            break;
        }
    }
    if good == 0 { cut_at_word(&lead, chars_max) } else { lead[..good].iter().collect() }
}

/// Characters behind the longest summary that say whether a sentence begins there.
const LOOKED_AHEAD: usize = 64;

/// The letters and digits of a line, lower case: what two spellings of one title have in common.
fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
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
    format!("{}…", kept.trim_end_matches([' ', ',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

    use crate::model::{Article, ArticleId, Cluster, ClusterId, Code, DateDoubt, FeedId, How, Member, Reason};
    use crate::rank::{Params, Preference, Sort, broken_by, facts, lead, order, ranked, representative, score};

    const NOON: Timestamp = Timestamp::constant(1_770_984_000, 0);

    /// An article of an outlet, so many hours before noon.
    fn member(id: i64, outlet: &str, hours_before: i64) -> Member {
        let published = NOON - SignedDuration::from_hours(hours_before);
        Member {
            article: Article {
                id: ArticleId(id),
                code: Code(format!("a{id}")),
                feed: FeedId(1),
                feed_url: String::new(),
                also_in: Vec::new(),
                outlet: outlet.to_owned(),
                url: None,
                title: format!("Title {id}"),
                text: "A bridge was closed.".to_owned(),
                author: None,
                voice: None,
                lang: Some("en".to_owned()),
                published,
                date_doubt: None,
                seen: published + SignedDuration::from_mins(5),
                revised: published + SignedDuration::from_mins(5),
                image: None,
                links: Vec::new(),
                categories: Vec::new(),
                enclosures: Vec::new(),
                backlog: false,
                tags: Vec::new(),
                revision: 1,
                priority: 0,
                paywalled: false,
            },
            joined: Reason {
                how: How::Joined,
                probability: 1.0,
                because: Vec::new(),
                nearest: None,
                hours_apart: None,
                runner_up: None,
            },
            copy_of: None,
        }
    }

    fn copy(id: i64, outlet: &str, hours_before: i64, of: i64) -> Member {
        Member { copy_of: Some(Code(format!("a{of}"))), ..member(id, outlet, hours_before) }
    }

    fn cluster(members: Vec<Member>) -> Cluster {
        let id = members[0].article.id;
        Cluster { id: ClusterId(id), code: Code(format!("c{}", id.0)), members }
    }

    fn rank_of(members: Vec<Member>) -> f64 {
        ranked(cluster(members), NOON, &Params::default()).rank
    }

    #[test]
    fn the_formula_gives_the_numbers_its_documentation_promises() {
        let check = |members: Vec<Member>, expected: f64| {
            let rank = rank_of(members);
            assert!((rank - expected).abs() < 1e-9, "{rank} is not {expected}");
        };
        check(vec![member(1, "A", 0)], 0.0);
        check(vec![member(1, "A", 12)], -1.0);
        check(vec![member(1, "A", 0), member(2, "B", 0)], 1.0);
        check(vec![member(1, "A", 0), member(2, "A", 0)], 1.5_f64.log2());
        check(vec![member(1, "A", 0), copy(2, "B", 0, 1)], 1.5_f64.log2());
        check(vec![member(1, "A", 0), copy(2, "B", 0, 9), copy(3, "C", 0, 9)], 2.5_f64.log2());
        let preferred = Member { article: Article { priority: 3, ..member(1, "A", 0).article }, ..member(1, "A", 0) };
        check(vec![preferred.clone()], 3.0);
        let shouting = Member { article: Article { priority: i32::MAX, ..preferred.article.clone() }, ..preferred };
        check(vec![shouting], 8.0);
    }

    #[test]
    fn a_newsroom_would_put_them_in_this_order() {
        let outlets = ["A", "B", "C", "D", "E", "F", "G", "H"];
        let many = |hours: i64, step: i64| {
            outlets
                .iter()
                .enumerate()
                .map(|(k, outlet)| member(k as i64 + 1, outlet, hours + step * k as i64))
                .collect()
        };
        let copies = (1..=8)
            .map(|id| if id == 1 { member(1, "A", 1) } else { copy(id, outlets[id as usize - 1], 1, 1) })
            .collect();
        let one_outlet = (1..=4).map(|id| member(id, "A", 1)).collect();
        let best_first: [(&str, Vec<Member>); 7] = [
            ("eight outlets within the hour", many(1, 0)),
            ("eight outlets over two days", many(1, 6)),
            ("three outlets", vec![member(1, "A", 1), member(2, "B", 1), member(3, "C", 2)]),
            ("one text that seven others copy", copies),
            ("four articles of one outlet", one_outlet),
            ("one article", vec![member(1, "A", 1)]),
            ("yesterday's one article", vec![member(1, "A", 25)]),
        ];
        let ranks: Vec<(&str, f64)> = best_first.into_iter().map(|(name, members)| (name, rank_of(members))).collect();
        assert!(ranks.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{ranks:?}");
    }

    #[test]
    fn a_late_article_does_not_make_an_old_story_young() {
        let old: Vec<Member> = (1..=8).map(|id| member(id, &format!("outlet {id}"), 72)).collect();
        let with_straggler = [old.clone(), vec![member(9, "late", 0)]].concat();
        assert!(rank_of(with_straggler.clone()) > rank_of(old));
        assert!(rank_of(with_straggler) < rank_of(vec![member(1, "A", 0), member(2, "B", 0)]));
    }

    #[test]
    fn each_order_puts_first_what_it_says_and_breaks_ties_by_id() {
        let clusters = || {
            vec![
                cluster(vec![member(7, "A", 2), member(8, "A", 30), member(9, "A", 30)]),
                cluster(vec![member(5, "A", 1)]),
                cluster(vec![member(3, "A", 3), member(4, "B", 3), member(6, "C", 3)]),
                cluster(vec![member(1, "A", 1)]),
            ]
        };
        let check = |sort, expected: [i64; 4]| {
            let ids: Vec<i64> =
                order(clusters(), sort, NOON, &Params::default()).iter().map(|ranked| ranked.cluster.id.0.0).collect();
            assert_eq!(ids, expected, "{sort:?}");
        };
        check(Sort::Rank, [3, 7, 1, 5]);
        check(Sort::New, [1, 5, 7, 3]);
        check(Sort::Size, [3, 7, 1, 5]);
        check(Sort::FirstSeen, [1, 5, 3, 7]);
    }

    #[test]
    fn the_representative_is_preferred_then_complete_then_first() {
        let with = |id, hours, priority, text: &str, title: &str| {
            let mut member = member(id, "A", hours);
            (member.article.priority, member.article.text, member.article.title) =
                (priority, text.to_owned(), title.to_owned());
            member
        };
        let check = |members: Vec<Member>, expected: usize| {
            assert_eq!(representative(&cluster(members), &Preference::ALL), expected);
        };
        let (brief, long, longer) = ("x".repeat(100), "x".repeat(900), "x".repeat(1_100));
        check(vec![with(1, 5, 0, &long, "t"), with(2, 4, 1, &brief, "t"), with(3, 3, 0, &longer, "t")], 1);
        check(vec![with(1, 5, 0, &brief, "t"), with(2, 4, 0, &long, "t"), with(3, 3, 0, &longer, "t")], 1);
        check(vec![with(1, 5, 0, &longer.repeat(2), "t"), with(2, 6, 0, &longer.repeat(50), "t")], 1);
        check(vec![with(2, 5, 0, &long, "t"), with(1, 5, 0, &long, "t")], 1);
        check(vec![with(1, 5, 9, &long, " "), with(2, 4, 0, "", "t")], 1);
    }

    #[test]
    fn the_representative_follows_the_policy_in_its_order() {
        use Preference::{Complete, Earliest, Open, Priority};
        let with = |id, hours, priority, paywalled, chars| {
            let mut member = member(id, "A", hours);
            (member.article.priority, member.article.paywalled) = (priority, paywalled);
            member.article.text = "x".repeat(chars);
            member
        };
        let members = vec![
            with(4, 9, 0, true, 500),
            with(3, 8, 0, false, 100),
            with(2, 7, 5, true, 900),
            with(1, 7, 0, false, 1_000),
        ];
        let check = |members: &[Member], policy: &[Preference], expected: i64| {
            let cluster = cluster(members.to_vec());
            let place = representative(&cluster, policy);
            assert_eq!(cluster.members[place].article.id.0, expected, "{policy:?}");
        };
        check(&members, &[Priority, Open, Complete, Earliest], 2);
        check(&members, &[Open, Complete, Earliest], 1);
        check(&members, &[Open, Earliest], 3);
        check(&members, &[Earliest], 4);
        check(&members, &[Complete], 1);
        check(&members, &[], 1);
        // Where all are paywalled, that decides nothing.
        check(&members[..1], &[Open], 4);
        check(&[members[0].clone(), members[2].clone()], &[Open, Earliest], 4);
    }

    #[test]
    fn whoever_came_first_in_words_of_its_own_broke_the_story() {
        let check = |members: Vec<Member>, expected: Option<usize>| assert_eq!(broken_by(&cluster(members)), expected);
        check(vec![copy(3, "C", 9, 2), member(1, "A", 8), member(2, "B", 9)], Some(2));
        check(vec![member(2, "B", 5), member(1, "A", 5)], Some(1));
        let mut undated = member(1, "A", 9);
        undated.article.date_doubt = Some(DateDoubt::Missing);
        check(vec![undated.clone(), member(2, "B", 5)], Some(1));
        check(vec![undated], None);
    }

    #[test]
    fn facts_are_counted_once_and_for_all() {
        let mut members =
            vec![member(1, "A", 9), member(2, "B", 8), copy(3, "C", 7, 2), copy(4, "D", 6, 3), member(5, "B", 5)];
        members[0].article.revised = NOON;
        for (member, tags) in
            members.iter_mut().zip([&["tech"][..], &["world", "tech"], &["world"], &["arts"], &["world"]])
        {
            member.article.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        }
        members[3].article.lang = Some("de".to_owned());
        let facts = facts(&cluster(members), &Params::default());
        assert_eq!((facts.article_count, facts.outlet_count(), facts.independent_count), (5, 4, 2));
        assert_eq!(
            (facts.outlets.join(" "), facts.tags.join(" ")),
            ("A B C D".to_owned(), "world tech arts".to_owned())
        );
        assert_eq!((facts.headline.as_str(), facts.lang.as_deref()), ("Title 1", Some("en")));
        assert_eq!(facts.first_published, NOON - SignedDuration::from_hours(9));
        assert_eq!(facts.last_published, NOON - SignedDuration::from_hours(5));
        assert_eq!(facts.first_seen, facts.first_published + SignedDuration::from_mins(5));
        assert_eq!(facts.updated, NOON);
        let circle = cluster(vec![copy(1, "A", 1, 2), copy(2, "B", 1, 1)]);
        assert_eq!(crate::rank::facts(&circle, &Params::default()).independent_count, 2, "copies in a circle end");
    }

    #[test]
    fn a_voice_is_a_wire_or_a_family_of_outlets() {
        let check = |voices: &[(&str, Option<&str>)], independent: usize| {
            let members = voices.iter().enumerate().map(|(at, (outlet, voice))| {
                let mut member = member(at as i64 + 1, outlet, 5);
                member.article.voice = voice.map(str::to_owned);
                member
            });
            let cluster = cluster(members.collect());
            assert_eq!(crate::rank::facts(&cluster, &Params::default()).independent_count, independent, "{voices:?}");
        };
        check(&[("A", None), ("B", None), ("B", None)], 2);
        check(&[("A", Some("wire:ap")), ("B", Some("wire:ap")), ("C", Some("site:c.example"))], 2);
        check(&[("Post", Some("site:p.example")), ("Post Sport", Some("site:p.example")), ("C", None)], 2);
        check(&[("Post", Some("site:p.example")), ("Post Sport", Some("site:p.example")), ("Post Sport", None)], 1);
        check(&[("A", Some("site:a.example")), ("A", Some("wire:ap"))], 1);
    }

    #[test]
    fn a_summary_is_whole_sentences_from_the_beginning() {
        let check = |text: &str, chars_max: usize, expected: &str| {
            assert_eq!(lead(text, "The bridge is shut", chars_max), expected, "{text:?}")
        };
        check("", 280, "");
        check("One. Two.", 280, "One. Two.");
        check("One thing happened. Two things did not.", 20, "One thing happened.");
        check("One thing happened. Two things did not.", 38, "One thing happened.");
        check("One thing happened. Two things did not.", 39, "One thing happened. Two things did not.");
        check("The bridge is shut\n\nOn Monday it closed.", 280, "On Monday it closed.");
        check("The bridge is shut", 280, "");
        check(
            "First paragraph.\n\nSecond paragraph\n\nThird, which is longer.",
            40,
            "First paragraph. Second paragraph",
        );
        check(
            "Dr. Okonjo of the U.S. Navy spoke to J. Ahn. She left.",
            46,
            "Dr. Okonjo of the U.S. Navy spoke to J. Ahn.",
        );
        check("It rose by 3.5 percent. Then it fell.", 30, "It rose by 3.5 percent.");
        check("“We are done.” The mayor left early today.", 20, "“We are done.”");
        check(
            "橋は月曜日に閉鎖された。「再開は未定だ。」市長は語った。",
            21,
            "橋は月曜日に閉鎖された。「再開は未定だ。」",
        );
        check("橋は月曜日に閉鎖された。「再開は未定だ。」市長は語った。", 20, "橋は月曜日に閉鎖された。");
        check("No stop in sight, and none to come for a while", 20, "No stop in sight…");
        check("Donaudampfschifffahrtsgesellschaft", 10, "Donaudamp…");
        check("Anything", 0, "…");
    }

    fn any_clusters() -> impl Strategy<Value = Vec<Cluster>> {
        let article = (0..4_u8, -2_000_000..2_000_000_i64, any::<i32>(), prop::option::of(0..40_i64));
        prop::collection::vec(prop::collection::vec(article, 1..6), 0..8).prop_map(|clusters| {
            let mut id = 0;
            let mut sketch = |(outlet, hours, priority, copied): (u8, i64, i32, Option<i64>)| {
                id += 1;
                let mut member = member(id, &format!("outlet {outlet}"), hours);
                member.article.priority = priority;
                member.copy_of = copied.map(|of| Code(format!("a{of}")));
                member
            };
            clusters.into_iter().map(|members| cluster(members.into_iter().map(&mut sketch).collect())).collect()
        })
    }

    proptest! {
        #[test]
        fn ranks_are_finite_and_time_alone_changes_no_order(clusters in any_clusters(), later in 0..4_000_000_i64) {
            let ids = |now| order(clusters.clone(), Sort::Rank, now, &Params::default()).into_iter().map(|ranked| {
                assert!(ranked.rank.is_finite());
                ranked.cluster.id
            }).collect::<Vec<_>>();
            prop_assert_eq!(ids(NOON), ids(NOON + SignedDuration::from_mins(later)));
        }

        #[test]
        fn news_never_lowers_a_score(clusters in any_clusters()) {
            for mut cluster in clusters {
                let before = score(&cluster, &Params::default());
                let newest = cluster.members.iter().map(|member| member.article.published).max().unwrap_or(NOON);
                let mut news = member(1_000, "outlet 1", 0);
                (news.article.published, news.article.priority) = (newest, i32::MIN);
                cluster.members.push(news);
                prop_assert!(score(&cluster, &Params::default()) >= before - 1e-9);
            }
        }

        #[test]
        fn a_summary_never_exceeds_its_bound_and_is_the_texts_own(text in "[A-Za-z.!?。 \n]{0,400}", chars_max in 1..300_usize) {
            let summary = lead(&text, "Title", chars_max);
            prop_assert!(summary.chars().count() <= chars_max);
            let bare = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert!(bare(&text).contains(summary.trim_end_matches('…')) || bare(&text).starts_with("Title"), "{:?}", summary);
        }
    }
}
