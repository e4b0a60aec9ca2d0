//! The order of arrival: articles of one stream, shuffled inside six hours, come together as they did before.

use std::borrow::Cow;
use std::path::Path;
use std::{fs, thread};

use jiff::{SignedDuration, Timestamp};
use newsfold::cluster::change::{Change, Places};
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::cluster::{Arrival, Clusterer};
use newsfold::features::lexicon::Lexicon;
use newsfold::features::{self, Features, Subject};
use newsfold::model::ArticleId;
use newsfold::score::score;
use serde_json::Value;

use crate::binary::{shared, text};

/// How far an article may come late.
const LATE_SECONDS: u64 = 6 * 3_600;
/// How well the partitions agree in the mean of eight shufflings (one alone is right to 0.004), at least (adjusted Rand index).
const ARI_MIN: f64 = 0.985;

/// Where each article is in the end, and in how many articles a later one changed that.
struct Outcome {
    clusters: Vec<i64>,
    moved: usize,
}

fn run(stream: &[(Timestamp, Features)], late: impl Fn(usize) -> u64) -> Outcome {
    let seen = |place: usize| stream[place].0 + SignedDuration::from_secs(late(place).cast_signed());
    let mut order: Vec<usize> = (0..stream.len()).collect();
    order.sort_by_key(|place| seen(*place));
    let mut clusterer = Clusterer::new(Params::default(), Weights::builtin());
    let mut places = Places::default();
    let mut moved = 0;
    for (id, place) in (1..).zip(&order) {
        let (published, features) = &stream[*place];
        let found = clusterer.assign(Arrival {
            id: ArticleId(id),
            published: *published,
            dated: true,
            seen: seen(*place),
            outlet: "",
            alone: false,
            features: Cow::Borrowed(features),
        });
        places.push(found.cluster);
        for change in &found.changes {
            moved += match change {
                Change::Merged { from, .. } => places.clusters().filter(|cluster| cluster == from).count(),
                Change::Split { articles, .. } => articles.len(),
                Change::Related { .. } => 0,
            };
            places.follow(std::slice::from_ref(change));
        }
    }
    let mut placed: Vec<(usize, i64)> = order.into_iter().zip(places.clusters().map(|cluster| cluster.0.0)).collect();
    placed.sort_unstable();
    Outcome { clusters: placed.into_iter().map(|(_, cluster)| cluster).collect(), moved }
}

/// The stream, each article with its features.
fn stream(path: &Path) -> Vec<(Timestamp, Features)> {
    let lines = fs::read_to_string(path).expect("the stream can be read");
    lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).expect("an object");
            let (title, summary, lang) = (text(&line, "title"), text(&line, "summary"), text(&line, "lang"));
            let subject = Subject { title, text: summary, lang: Some(lang) };
            let published = text(&line, "published").parse().expect("a moment");
            (published, features::of(&subject, Lexicon::builtin(), &features::Params::default()))
        })
        .collect()
}

#[test]
fn articles_that_come_in_another_order_come_together_all_the_same() {
    let Some(path) = shared("data/stories-dev.jsonl") else { return };
    let stream = stream(&path);
    let drawn = |seed: u64, place: usize| {
        let mixed = (place as u64 ^ seed << 32).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
    };
    let stream = &stream;
    let [straight, shuffled @ ..] = thread::scope(|scope| {
        [0, 1, 2, 3, 4, 5, 6, 7, 8]
            .map(|seed| {
                let late = move |place| if seed == 0 { 0 } else { drawn(seed, place) % LATE_SECONDS };
                scope.spawn(move || run(stream, late))
            })
            .map(|run| run.join().expect("a run ends well"))
    });
    let agreement = shuffled.map(|shuffled| {
        let ari = score(&straight.clusters, &shuffled.clusters).ari;
        println!(
            "{} articles shuffled: ARI {ari:.4}; {} and {} changed their cluster later",
            stream.len(),
            straight.moved,
            shuffled.moved
        );
        assert_ne!(straight.clusters, shuffled.clusters, "the order was another one");
        ari
    });
    let mean = agreement.iter().sum::<f64>() / agreement.len() as f64;
    assert!(mean >= ARI_MIN, "{mean:.4}");
}
