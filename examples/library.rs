//! A database of very many articles, to time what reads it: made-up words, feeds and stories in the shape of real ones, written straight
//! through `store`, clustered by dice and not by likeness.
//!
//! usage: cargo run --release --example library -- COUNT FILE.db [--days N] [--seed N]
//!
//! The last article is of now, the first of so many days ago (default 365). Of a hundred articles some forty join a story of the two
//! days before, so that sizes have a long tail; one in seven of these repeats another's text. A reason has the parts that real
//! ones have, a text some fifty words. One word stands in every hundredth word's place as often as its name says: `rare` in one
//! article of 5,000, `common` in one of 51, `everywhere` in one of three; `common story` is a phrase where both stand. The file is
//! indexed for search. It is a function of its arguments and of the time of the last article.

use std::collections::VecDeque;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use newsfold::model::{
    ArticleId, ArticleKey, ClusterId, Code, Draft, Evidence, FeedId, FeedWish, How, Mark, Reason, Rule, RunnerUp,
};
use newsfold::store::{NewArticle, Placed, Store};
use newsfold::{clock, store};

const FEEDS: u64 = 800;
/// Articles of one transaction.
const BATCH: u64 = 5_000;
const SYLLABLES: [&str; 24] = [
    "ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis", "vel", "kan",
    "dor", "phi", "sha", "bru", "cle", "fen",
];

/// SplitMix64's finaliser (Steele et al. 2014): well-mixed bits of a number.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Dice that fall the same way every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = mixed(self.0);
        self.0 % below
    }
}

fn made_up(mut bits: u64, syllables: u64) -> String {
    let mut word = String::new();
    for _ in 0..syllables {
        word.push_str(SYLLABLES[(bits % 24) as usize]);
        bits /= 24;
    }
    word
}

/// A word of the language: the commoner, the shorter (Zipf).
fn ordinary(dice: &mut Dice) -> String {
    let rank = 60_000_f64.powf(dice.below(1 << 20) as f64 / f64::from(1 << 20)) as u64;
    made_up(mixed(rank), 1 + u64::from(rank.ilog2().min(12)) / 4)
}

/// Title and text of an article about a story, which has words of its own.
fn told(dice: &mut Dice, story: u64, number: u64) -> (String, String) {
    let own = |k: u64| made_up(mixed(story * 64 + k), 3);
    let mut title = String::new();
    for _ in 0..4 {
        title.push_str(&format!("{} {} ", ordinary(dice), own(dice.below(6))));
    }
    let mut text = String::new();
    for place in 0..40 + dice.below(30) {
        let word = match dice.below(10) {
            0..=1 => own(dice.below(12)),
            _ => ordinary(dice),
        };
        text.push_str(if place == 0 { "" } else { [" ", " ", " ", " ", ". "][dice.below(5) as usize] });
        text.push_str(&word);
    }
    for (word, every) in [("rare", 5_000), ("common", 51), ("everywhere", 3)] {
        if mixed(number ^ every).is_multiple_of(every) {
            text.push_str(&format!(". {word} story"));
        }
    }
    (title.trim_end().to_owned(), text + ".")
}

fn reason(dice: &mut Dice, nearest: Option<(ArticleId, ClusterId)>) -> Reason {
    let parts = ["title", "text", "names", "numbers", "hours", "wording", "heads", "rivals", "size", "prior"];
    let mut evidence = || -> Vec<Evidence> {
        let part = |(place, what): (usize, &&'static str)| Evidence {
            what: (*what).into(),
            value: dice.below(1_000) as f64 / 1_000.0,
            weight: dice.below(6_000) as f64 / 1_000.0 - 2.0,
            shared: (0..if place < 3 { 3 } else { 0 }).map(|_| ordinary(dice)).collect(),
        };
        parts.iter().enumerate().map(part).collect()
    };
    let because = if nearest.is_some() { evidence() } else { Vec::new() };
    let runner_up = Some(RunnerUp {
        cluster: nearest.map_or(ClusterId(ArticleId(1)), |near| near.1),
        probability: 0.2,
        because: evidence(),
    });
    Reason {
        how: if nearest.is_some() { How::Joined } else { How::Founded },
        probability: 0.9,
        because,
        nearest: nearest.map(|near| near.0),
        hours_apart: nearest.map(|_| 3.5),
        runner_up,
    }
}

fn draft(dice: &mut Dice, number: u64, story: u64, published: Timestamp) -> Draft {
    let (title, text) = told(dice, story, number);
    let outlet = number % FEEDS;
    let url = format!("https://outlet{outlet}.example/news/{number}");
    Draft {
        key: ArticleKey(format!("g:{number}")),
        marks: vec![Mark { rule: Rule::Guid, hash: mixed(number).cast_signed() }],
        repeated: Vec::new(),
        sketch: Some(mixed(story).cast_signed()),
        canonical: url.strip_prefix("https://").map(str::to_owned),
        url: Some(url),
        title,
        text,
        author: None,
        voice: Some(if dice.below(20) == 0 { "wire:ap".to_owned() } else { format!("site:outlet{outlet}.example") }),
        lang: Some("en".to_owned()),
        published: Some(published),
        date_doubt: None,
        source: None,
        image: None,
        links: Vec::new(),
        categories: Vec::new(),
        enclosures: Vec::new(),
    }
}

fn fill(store: &mut Store, count: u64, days: u64, seed: u64, now: Timestamp) -> Result<(), store::StoreError> {
    let mut dice = Dice(seed);
    let apart = SignedDuration::from_millis((days * 86_400_000 / count).max(1).cast_signed());
    let begin = now - apart * i32::try_from(count).unwrap_or(i32::MAX);
    let two_days = (2 * count / days).max(1);
    // The article and the cluster of what may still be joined.
    let mut recent: VecDeque<(ArticleId, ClusterId)> = VecDeque::new();
    let mut number = 0;
    while number < count {
        let mut batch = store.batch()?;
        for _ in 0..BATCH.min(count - number) {
            number += 1;
            let seen = begin + apart * i32::try_from(number).unwrap_or(i32::MAX);
            let published = seen - SignedDuration::from_mins(dice.below(90).cast_signed());
            let joins = !recent.is_empty() && dice.below(100) < 42;
            let nearest = joins.then(|| recent[dice.below(recent.len() as u64) as usize]);
            let story = nearest.map_or(number, |near| near.1.0.0.unsigned_abs());
            let draft = draft(&mut dice, number, story, published);
            let feed = FeedId((number % FEEDS + 1).cast_signed());
            let outlet = format!("Outlet {}", number % FEEDS);
            let lang = draft.lang.as_deref();
            let new = NewArticle { draft: &draft, feed, outlet: &outlet, lang, published, seen, backlog: false };
            let code = Code(format!("a{:0>10}", base36(mixed(number ^ seed) % 36_u64.pow(10))));
            let article = batch.add_article(&new, &code)?;
            batch.set_mark(feed, draft.marks[0], article)?;
            let cluster = nearest.map_or(ClusterId(article), |near| near.1);
            batch.place(&Placed {
                article,
                cluster,
                reason: &reason(&mut dice, nearest),
                copy_of: nearest.filter(|_| dice.below(7) == 0).map(|near| near.0),
                memory: &[],
                published,
                seen,
            })?;
            recent.push_back((article, cluster));
            if recent.len() as u64 > two_days {
                recent.pop_front();
            }
        }
        batch.commit()?;
    }
    while store.index(20_000)? > 0 {}
    store.checkpoint()
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit((number % 36) as u32, 36).expect("a remainder of 36"));
        number /= 36;
    }
    digits.iter().rev().collect()
}

fn main() -> Result<()> {
    let (mut plain, mut days, mut seed) = (Vec::new(), 365_u64, 1_u64);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("`{argument}` wants a value"));
        match argument.as_str() {
            "--days" => days = value()?.parse().context("--days is a number")?,
            "--seed" => seed = value()?.parse().context("--seed is a number")?,
            _ => plain.push(argument),
        }
    }
    let [count, file] = plain.as_slice() else { bail!("say how many articles, and where they go: COUNT FILE.db") };
    let count: u64 = count.parse().context("COUNT is a number")?;
    let now = clock::now();
    let mut store = Store::open(std::path::Path::new(file), 1, now)?;
    for feed in 0..FEEDS {
        let wish = FeedWish {
            outlet: Some(format!("Outlet {feed}")),
            tags: vec![["world", "tech", "sport"][(feed % 3) as usize].to_owned()],
            ..FeedWish::of_url(format!("https://outlet{feed}.example/feed"))
        };
        store.add_feed(&wish, Timestamp::UNIX_EPOCH)?;
    }
    fill(&mut store, count, days.max(1), seed, now).with_context(|| format!("cannot fill `{file}`"))
}
