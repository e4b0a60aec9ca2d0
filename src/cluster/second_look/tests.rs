//! Station: what the second look promises, on made-up words and plain weights, so that no learning moves it.
#![expect(clippy::single_range_in_vec_init, reason = "an article of one range of words is meant")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::cluster::change::{Change, follow};
use crate::cluster::params::Params;
use crate::cluster::weights::{Weights, probability};
use crate::cluster::{Arrival, Assignment, Clusterer, Recalled};
use crate::features::lexicon::Lexicon;
use crate::features::{self, Subject};
use crate::model::{ArticleId, ClusterId, Evidence, How, Reason, Remembered};

/// The words of an article, as ranges of numbers: articles resemble each other as far as their ranges overlap.
type Words<'a> = &'a [std::ops::Range<u8>];

/// Ten words in common of twenty are about 70 %, six are 25 %; and, in the second, a cluster of several attracts more.
const WEIGHTS: &str = "prior\t-4\nall_best\t0:0 1:10";
const ATTRACTING: &str = "prior\t-4\nall_best\t0:0 1:10\nsize\t0:0 0.6:3";

fn arrival(id: i64, words: Words<'_>, hour: i64) -> Arrival<'static> {
    let word = |number: u8| {
        ["ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis"]
            .map(|syllable| [syllable, "vek"].concat())[usize::from(number % 16)]
        .clone()
            + ["am", "el", "ir", "on", "ul", "ast", "ent", "irk"][usize::from(number / 16 % 8)]
    };
    let title: Vec<String> = words.iter().cloned().flatten().map(word).collect();
    let subject = Subject { title: &title.join(" "), text: "", lang: None };
    let features = features::of(&subject, Lexicon::builtin(), &features::Params::default());
    let time = Timestamp::from_second(1_770_000_000 + hour * 3_600).expect("this century");
    Arrival {
        id: ArticleId(id),
        published: time,
        seen: time,
        dated: true,
        outlet: "",
        alone: false,
        features: Cow::Owned(features),
    }
}

fn clusterer(weights: &str) -> Clusterer {
    Clusterer::new(Params::default(), Weights::parse(weights).expect("well formed"))
}

/// The assignments of articles that come an hour after each other, and where each is in the end.
fn told(weights: &str, articles: &[Words<'_>]) -> (Vec<Assignment>, Vec<i64>) {
    let mut clusterer = clusterer(weights);
    let mut clusters = BTreeMap::new();
    let mut assignments = Vec::new();
    for (id, words) in (1..).zip(articles) {
        let assignment = clusterer.assign(arrival(id, words, id));
        clusters.insert(assignment.article, assignment.cluster);
        follow(&assignment.changes, &mut clusters);
        assignments.push(assignment);
    }
    (assignments, clusters.into_values().map(|cluster| cluster.0.0).collect())
}

fn sum(because: &[Evidence]) -> f64 {
    because.iter().map(|part| part.weight).sum()
}

const BRIDGED: &[Words<'_>] = &[&[0..20], &[14..34], &[4..14, 20..30]];

#[test]
fn two_clusters_that_one_article_belongs_to_become_one() {
    let (assignments, places) = told(WEIGHTS, BRIDGED);
    assert_eq!(places, [1, 1, 1]);
    assert_eq!(assignments[1].cluster, ClusterId(ArticleId(2)), "the second founded a cluster");
    let [Change::Merged { from, into, reason }] = assignments[2].changes.as_slice() else {
        panic!("{:?}", assignments[2].changes)
    };
    assert_eq!((from.0.0, into.0.0), (2, 1), "the older keeps its id");
    assert_eq!((reason.how, reason.nearest, reason.hours_apart), (How::Merged, Some(ArticleId(3)), Some(2.0)));
    assert!((probability(sum(&reason.because)) - reason.probability).abs() < 1e-9, "{reason:?}");
    let shared = &reason.because.iter().find(|part| part.what == "text").expect("a text").shared;
    assert!(!shared.is_empty(), "{reason:?}");
}

#[test]
fn a_merge_needs_more_than_a_join_does() {
    let mut clusterer = clusterer(WEIGHTS);
    clusterer.params.set("merge_probability", "0.8").expect("a setting");
    let found: Vec<Assignment> =
        (1..).zip(BRIDGED).map(|(id, words)| clusterer.assign(arrival(id, words, id))).collect();
    assert_eq!(found[2].reason.how, How::Joined);
    assert!(!found.iter().any(|found| found.changes.iter().any(|change| matches!(change, Change::Merged { .. }))));
}

#[test]
fn two_clusters_of_several_articles_need_more_than_two_founders_do() {
    let merges = |setting: Option<&str>, articles: &[Words<'_>]| {
        let mut clusterer = clusterer(WEIGHTS);
        if let Some(setting) = setting {
            clusterer.params.set("merge_size_odds", setting).expect("a setting");
        }
        let changes = (1..).zip(articles).flat_map(|(id, words)| clusterer.assign(arrival(id, words, id)).changes);
        changes.filter(|change| matches!(change, Change::Merged { .. })).count()
    };
    const TWICE: &[Words<'_>] = &[&[0..20], &[0..20], &[14..34], &[14..34], &[4..14, 20..30]];
    assert_eq!(merges(None, BRIDGED), 1);
    assert_eq!(merges(None, TWICE), 0);
    assert_eq!(merges(Some("0"), TWICE), 1);
}

#[test]
fn without_a_second_look_the_first_stays() {
    let mut clusterer = clusterer(WEIGHTS);
    clusterer.params.set("second_look_members", "0").expect("a setting");
    for (id, words) in (1..).zip(BRIDGED) {
        let changes = clusterer.assign(arrival(id, words, id)).changes;
        assert!(changes.iter().all(|change| matches!(change, Change::Related { .. })), "{changes:?}");
    }
}

#[test]
fn a_founder_that_nearly_joined_comes_over_when_the_cluster_grows() {
    // The third has nothing in common with the second, which waits for the first.
    let (assignments, places) = told(ATTRACTING, &[&[0..20], &[13..33], &[0..10, 60..70]]);
    assert_eq!(places, [1, 1, 1]);
    let merged = |change: &Change| matches!(change, Change::Merged { from: ClusterId(ArticleId(2)), .. });
    assert!(assignments[2].changes.iter().any(merged), "{:?}", assignments[2].changes);
    // Three words in common are not near enough to wait.
    let (_, places) = told(ATTRACTING, &[&[0..20], &[17..37], &[0..10, 60..70]]);
    assert_eq!(places, [1, 2, 1]);
}

const CHAIN: &[Words<'_>] = &[&[0..20], &[10..30], &[20..40], &[30..50]];

#[test]
fn a_chain_is_taken_apart_and_the_founder_stays() {
    let (assignments, places) = told(WEIGHTS, CHAIN);
    assert_eq!(assignments[3].cluster, ClusterId(ArticleId(1)), "each link held");
    assert_eq!(places, [1, 1, 3, 3]);
    let Some(Change::Split { from, into, articles, reason }) = assignments[3].changes.first() else {
        panic!("{:?}", assignments[3].changes)
    };
    assert_eq!((from.0.0, into.0.0), (1, 3));
    assert_eq!(articles, &[ArticleId(3), ArticleId(4)]);
    let Reason { how, probability: sure, because, runner_up, .. } = reason;
    let refused = runner_up.as_ref().expect("what they left");
    assert_eq!((*how, refused.cluster, because), (How::Split, *from, &refused.because));
    assert!((1.0 - probability(sum(because)) - sure).abs() < 1e-9);
    assert!((sure + refused.probability - 1.0).abs() < 1e-9);
    assert_eq!(
        assignments[3].changes[1],
        Change::Related { one: *from, other: *into, probability: refused.probability }
    );
}

#[test]
fn a_cluster_whose_founder_has_left_the_window_keeps_its_larger_part() {
    let mut clusterer = clusterer(WEIGHTS);
    clusterer.params.set("window_hours", "24").expect("a setting");
    // Two of the first story, the founder long ago; then three by way of a fourth.
    let articles: [(Words<'_>, i64); 5] =
        [(&[0..20], 0), (&[0..20], 20), (&[10..30], 30), (&[20..40], 31), (&[20..40], 32)];
    let mut clusters = BTreeMap::new();
    for (id, (words, hour)) in (1..).zip(articles) {
        let assignment = clusterer.assign(arrival(id, words, hour));
        clusters.insert(assignment.article, assignment.cluster);
        follow(&assignment.changes, &mut clusters);
    }
    let places: Vec<i64> = clusters.into_values().map(|cluster| cluster.0.0).collect();
    assert!(places[0] == 1 && places[4] == 1 && places[3] == 1, "{places:?}");
}

#[test]
fn clusters_that_share_much_and_are_apart_are_related() {
    let (assignments, places) = told(WEIGHTS, &[&[0..20], &[15..35]]);
    assert_eq!(places, [1, 2]);
    let [Change::Related { one, other, probability }] = assignments[1].changes.as_slice() else {
        panic!("{:?}", assignments[1].changes)
    };
    assert_eq!((one.0.0, other.0.0), (1, 2));
    assert!((0.1..0.5).contains(probability), "{probability}");
    assert!(told(WEIGHTS, &[&[0..20], &[19..39]]).0[1].changes.is_empty());
}

#[test]
fn a_full_cluster_is_not_merged() {
    let mut clusterer = clusterer(WEIGHTS);
    clusterer.params.set("cluster_articles_max", "2").expect("a setting");
    for (id, words) in (1..).zip(BRIDGED) {
        let changes = clusterer.assign(arrival(id, words, id)).changes;
        assert!(!changes.iter().any(|change| matches!(change, Change::Merged { .. })), "{changes:?}");
    }
}

/// Stories that pass into each other, so that clusters are bridged, chained and waited for all the time.
fn stream(count: i64) -> Vec<Arrival<'static>> {
    let mut state = 5_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % below) as u8
    };
    (1..=count)
        .map(|id| {
            let first = ((id * 4) % 80) as u8 + draw(26);
            arrival(id, &[first..first + 16 + draw(5)], id - i64::from(draw(3)))
        })
        .collect()
}

#[test]
fn a_restart_between_any_two_articles_changes_nothing() {
    let mut params = Params::default();
    params.set("window_hours", "30").expect("a setting");
    // Busier than it is by default, so that every kind of change comes often.
    for (key, value) in
        [("second_look_probability", "0.1"), ("merge_probability", "0.58"), ("split_probability", "0.4")]
    {
        params.set(key, value).expect("a setting");
    }
    let weights = Weights::parse(WEIGHTS).expect("well formed");
    let stream = stream(160);
    let mut whole = Clusterer::new(params.clone(), weights.clone());
    let unbroken: Vec<Assignment> = stream.iter().map(|arrival| whole.assign(arrival.clone())).collect();
    let count =
        |kind: fn(&Change) -> bool| unbroken.iter().flat_map(|a| &a.changes).filter(|change| kind(change)).count();
    let counts = [
        count(|change| matches!(change, Change::Merged { .. })),
        count(|change| matches!(change, Change::Split { .. })),
        count(|change| matches!(change, Change::Related { .. })),
        unbroken.iter().filter(|assignment| assignment.memory.last().is_some_and(|waits| *waits > 0)).count(),
    ];
    assert!(counts.iter().all(|count| *count >= 4), "merges, splits, relations and waiting founders: {counts:?}");
    let mut clusters = BTreeMap::new();
    for (cut, (arrival, assignment)) in (1..).zip(stream.iter().zip(&unbroken)) {
        clusters.insert(arrival.id, assignment.cluster);
        follow(&assignment.changes, &mut clusters);
        let latest = stream[..cut].iter().map(|arrival| arrival.seen).max().expect("there is one");
        let start = params.window_start(latest);
        let window = stream[..cut].iter().zip(&unbroken).filter(|(arrival, _)| arrival.seen > start);
        let window = window.map(|(arrival, assignment)| Remembered {
            article: arrival.id,
            cluster: clusters[&arrival.id],
            published: arrival.published,
            seen: arrival.seen,
            memory: assignment.memory.clone(),
        });
        let window = window.map(|remembered| Recalled::of(&remembered));
        let mut restored = Clusterer::restore(params.clone(), weights.clone(), window).expect("sound memories");
        for (arrival, expected) in stream[cut..].iter().zip(&unbroken[cut..]).take(24) {
            assert_eq!(&restored.assign(arrival.clone()), expected, "restored after {cut}");
        }
    }
}
