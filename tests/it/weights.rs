//! The built-in weights: how good they are, by figures that may only rise.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::binary::{Home, is_slow_wanted, shared};

/// What cross-validation said when the built-in weights were learned, least (or most) of all. `examples/train` writes its figures into
/// the head of the weights; who improves one raises its pin here. (They were set anew when the made pairs came to be in sixteen languages,
/// which the trial asks about as well: `docs/why/clustering.md`.)
const PINS: [(&str, Pin); 4] = [
    ("bcubed_f1", Pin::Least(0.939)),
    ("pairwise_precision", Pin::Least(0.9452)),
    ("look_alikes_merged", Pin::Most(0.16)),
    ("twins_found", Pin::Least(0.917)),
];

/// A floor or a ceiling.
enum Pin {
    Least(f64),
    Most(f64),
}

/// How far two runs of one training may lie apart: machines round sums differently.
const ROUNDING: f64 = 0.001;

#[test]
fn the_weights_were_cross_validated_no_worse_than_pinned() {
    let given = figures(&head());
    for (name, pin) in PINS {
        let figure = figure(&given, name);
        match pin {
            Pin::Least(least) => assert!(figure >= least, "{name} is {figure}, at least {least} is pinned"),
            Pin::Most(most) => assert!(figure <= most, "{name} is {figure}, at most {most} is pinned"),
        }
    }
}

/// The weights have seen the whole stream, so that what they give on it is at least what weights gave that had not.
#[test]
fn the_weights_do_on_the_stream_what_their_cross_validation_says() {
    let Some(stream) = shared("data/stories-dev.jsonl") else { return };
    let given = figures(&head());
    let home = Home::bare();
    let scores = home.json(&["eval", stream.to_str().expect("a plain path"), "--json"]);
    for (name, score) in [("bcubed_f1", &scores["bcubed"]["f1"]), ("pairwise_precision", &scores["pairwise"]["p"])] {
        let (score, least) = (score.as_f64().expect("a number"), figure(&given, name) - ROUNDING);
        assert!(score >= least, "{name} is {score} on the stream, and was {least} cross-validated");
    }
}

/// Learns everything again, which takes minutes: only with `SLOW_TESTS=1`.
#[test]
fn the_cross_validation_can_be_had_again() {
    if !is_slow_wanted() {
        println!("skipped: SLOW_TESTS is not 1");
        return;
    }
    let Some(stream) = shared("data/stories-dev.jsonl") else { return };
    let mut train = Command::new(env!("CARGO"));
    train.args(["run", "--quiet", "--release", "--example", "train", "--"]).arg(stream);
    let output = train.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let given = figures(&head());
    let line = format!("join_probability {:.2} ", figure(&given, "join_probability"));
    let again = figures(told.lines().find(|told| told.starts_with(&line)).expect("the trainer tells its figures"));
    for (name, value) in &given {
        let found = figure(&again, name);
        assert!((found - value).abs() <= ROUNDING, "{name} is {found}, and the weights say {value}");
    }
}

/// What the head of the weights says of their cross-validation.
fn head() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster/weights.tsv");
    let weights = fs::read_to_string(path).expect("the weights can be read");
    let line = weights.lines().find_map(|line| line.strip_prefix("# cross-validated: "));
    line.expect("the weights say how they were cross-validated").to_owned()
}

/// Names and numbers in turn.
fn figures(line: &str) -> Vec<(String, f64)> {
    let words: Vec<&str> = line.split(' ').collect();
    words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].parse().expect("a number after every name"))).collect()
}

fn figure(figures: &[(String, f64)], name: &str) -> f64 {
    figures.iter().find(|(held, _)| held == name).unwrap_or_else(|| panic!("there is no `{name}`")).1
}
