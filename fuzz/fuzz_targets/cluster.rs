//! Texts, a line each, in any order: each is in one cluster, which one of them founded before.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use newsfold::cluster::params::Params;
use newsfold::cluster::weights::Weights;
use newsfold::cluster::{Arrival, Clusterer};
use newsfold::features::lexicon::Lexicon;
use newsfold::features::{self, Subject, language};
use newsfold::model::ArticleId;

fuzz_target!(|text: &str| {
    let mut clusterer = Clusterer::new(Params::default(), Weights::builtin());
    let mut founders = BTreeSet::new();
    let seen = "2026-02-13T12:00:00Z".parse().expect("it is a moment");
    for (line, number) in text.lines().zip(1_i64..) {
        let (title, text) = line.split_once('\t').unwrap_or((line, line));
        let lang = language::language(title, text, None);
        let subject = Subject { title, text, lang: lang.as_deref() };
        let features = features::of(&subject, Lexicon::builtin(), &features::Params::default());
        let id = ArticleId(number);
        let arrival = Arrival { id, published: seen, dated: true, seen, outlet: "a", alone: false, features };
        let assigned = clusterer.assign(arrival);
        if assigned.cluster.0 == id {
            founders.insert(id);
        }
        assert!(founders.contains(&assigned.cluster.0));
        assert!((0.0..=1.0).contains(&assigned.reason.probability));
    }
});
