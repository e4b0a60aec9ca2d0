//! How long one article takes to be assigned, in windows of different sizes: the time must not grow with them.
//!
//! usage: cargo bench --bench assign

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::cluster::{Arrival, Clusterer};
use newsfold::features::lexicon::Lexicon;
use newsfold::features::{self, Subject};
use newsfold::model::ArticleId;

/// Articles that are assigned in one measurement.
const MEASURED: usize = 200;
const SYLLABLES: [&str; 16] =
    ["ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis"];

/// Draws words as texts do: few are common, most are rare.
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    /// Rank r is drawn about 1/r as often as the first.
    fn rank(&mut self, ranks: f64) -> u64 {
        ranks.powf(self.below(1 << 20) as f64 / f64::from(1 << 20)) as u64
    }
}

fn word(mut number: u64) -> String {
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(number % 16) as usize]);
        number /= 16;
        if number == 0 {
            return word;
        }
    }
}

/// An article of a made-up story: stories have words and names of their own, and are told about three times each.
fn arrival(id: i64, draw: &mut Draw) -> Arrival<'static> {
    let story = (id as u64 / 3).saturating_sub(draw.below(200));
    let own = |k: u64| word(100_000 + story * 13 + k);
    let name = |k: u64| {
        let name = own(50 + k);
        format!("{}{}", name[..1].to_uppercase(), &name[1..])
    };
    let title = format!("{} {} {} {} in {}", name(0), own(1), word(draw.rank(20_000.0)), own(2), name(1));
    let text: Vec<String> = (0..80)
        .map(|_| match draw.below(10) {
            0..=1 => own(draw.below(12)),
            2 => name(draw.below(4)),
            _ => word(draw.rank(20_000.0)),
        })
        .collect();
    let subject = Subject { title: &title, text: &text.join(" "), lang: Some("en") };
    let features = Cow::Owned(features::of(&subject, Lexicon::builtin(), &features::Params::default()));
    let time = Timestamp::from_second(1_767_225_600 + id * 5).expect("this century");
    Arrival { id: ArticleId(id), published: time, seen: time, dated: true, outlet: "", alone: false, features }
}

fn assign(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assign");
    group.sample_size(20);
    for size in [1_000_i64, 10_000, 100_000] {
        let mut draw = Draw(1);
        let mut clusterer = Clusterer::new(Params::default(), Weights::builtin());
        (0..size).for_each(|id| drop(clusterer.assign(arrival(id, &mut draw))));
        let mut next = size;
        group.throughput(criterion::Throughput::Elements(MEASURED as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || {
                    next += MEASURED as i64;
                    (next..).take(MEASURED).map(|id| arrival(id, &mut draw)).collect::<Vec<_>>()
                },
                |arrivals| arrivals.into_iter().for_each(|arrival| drop(black_box(clusterer.assign(arrival)))),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let mut draw = Draw(2);
    let text: Vec<String> = (0..120).map(|_| word(draw.rank(20_000.0))).collect();
    let text = text.join(" ");
    let subject = Subject { title: "Harbour bridge in Trelawny closes for six weeks", text: &text, lang: Some("en") };
    let params = features::Params::default();
    criterion.bench_function("features", |bencher| {
        bencher.iter(|| features::of(black_box(&subject), Lexicon::builtin(), &params));
    });
}

criterion_group!(benches, read, assign);
criterion_main!(benches);
