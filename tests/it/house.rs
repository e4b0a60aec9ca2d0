//! The shape of the code, held: who may name whom, who owns which outside word, what no file may hold.

use std::fs;
use std::path::{Path, PathBuf};

/// From roof to ground; a module names only modules on lower floors, and never one on its own.
const FLOORS: &[&[&str]] = &[
    &["main", "lib"],
    &["app"],
    &["daemon"],
    &["ingest"],
    &["writer", "desk"],
    &["config", "cluster", "prepare", "serve", "digest", "opml", "news", "diagnosis"],
    &[
        "features",
        "store",
        "fetch",
        "schedule",
        "rank",
        "parse",
        "identify",
        "clock",
        "listing",
        "score",
        "taste",
        "quarantine",
        "mail",
        "cell",
        "meter",
    ],
    &["model", "clean", "dates", "lookup", "cli"],
];

const STATIONS: &[&str] = &[
    "clean",
    "cluster",
    "dates",
    "diagnosis",
    "digest",
    "features",
    "identify",
    "listing",
    "lookup",
    "meter",
    "model",
    "news",
    "opml",
    "parse",
    "prepare",
    "rank",
    "schedule",
    "score",
    "taste",
];

/// Each outside crate with a job, and the modules that may name it.
const OWNERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("reqwest", &["fetch"]),
    ("rustls", &["fetch"]),
    ("flate2", &["fetch"]),
    ("webpki_root_certs", &["fetch"]),
    ("feed_rs", &["parse"]),
    ("chrono", &["parse"]),
    ("encoding_rs", &["parse", "opml"]),
    ("chardetng", &["parse"]),
    ("scraper", &["clean"]),
    ("html5ever", &["clean"]),
    // The nearest valid key and a near-equal title are one question; asking one library beats owning two answers.
    ("strsim", &["cluster", "config"]),
    ("psl", &["identify"]),
    ("xxhash_rust", &["identify", "features", "cluster", "fetch", "store", "quarantine", "mail"]),
    ("unicode_segmentation", &["features"]),
    ("unicode_normalization", &["features", "lookup"]),
    ("rust_stemmers", &["features"]),
    ("whichlang", &["features"]),
    ("foldhash", &["features", "cluster"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("indicatif", &["cli"]),
    ("terminal_size", &["cli"]),
    ("anstream", &["cli"]),
    ("anstyle", &["cli", "listing"]),
    ("unicode_width", &["listing", "digest"]),
    ("toml", &["config"]),
    ("etcetera", &["config"]),
    ("quick_xml", &["opml"]),
    ("minijinja", &["digest"]),
    ("zip", &["digest"]),
    ("axum", &["serve"]),
    ("hyper", &["serve"]),
    ("hyper_util", &["serve"]),
    ("sd_notify", &["clock"]),
    ("anyhow", &["app", "main"]),
    ("tracing_subscriber", &["app"]),
    ("tracing", &["app", "daemon", "desk", "ingest", "writer", "fetch", "serve"]),
    ("lettre", &["mail"]),
    // Limits of a process, and room on a volume: two calls of one small library.
    ("rustix", &["cell", "store"]),
    ("cronexpr", &["schedule"]),
    // The whole of an attempt to hand over a mail has one deadline, which only what can be dropped at any point keeps.
    ("tokio", &["app", "daemon", "ingest", "writer", "fetch", "serve", "mail", "main"]),
    ("tokio_util", &["app", "daemon", "ingest", "serve"]),
];

/// Words that no station may hold, and why.
const IMPURE: &[(&str, &str)] = &[
    ("std::fs", "disk"),
    ("std::net::Tcp", "network"),
    ("std::env", "environment"),
    ("Instant::now", "clock"),
    ("async fn", "async"),
    ("println!", "output"),
];

#[test]
fn the_house_stands() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    files.retain(|path| !is_for_tests(path));
    files.sort();
    assert!(files.len() > 20, "the walk found the source");
    let mut faults: Vec<String> = files.iter().flat_map(|path| faults(&source, path)).collect();
    for module in modules(&source) {
        if floor(&module).is_none() {
            faults.push(format!("src: module `{module}` is on no floor of the table in tests/it/house.rs"));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn faults(source: &Path, path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a source file can be read");
    let name = path.strip_prefix(source).expect("it lies there").display().to_string();
    let module = name.split(['/', '.']).next().expect("a file has a name").to_owned();
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(format!("src/{name}: {what}"));

    let first = text.lines().next().unwrap_or_default();
    if !["//! Station: ", "//! Door: ", "//! Conductor: "].iter().any(|kind| first.starts_with(kind)) {
        fault(format!("its first line must say Station, Door or Conductor and its one job, not `{first}`"));
    }
    for banned in ["utils", "helpers", "common", "manager", "service", "handler"] {
        if name.split(['/', '.']).any(|part| part == banned) {
            fault(format!("no module is called `{banned}`"));
        }
    }
    let code: String = shipped(&text)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    for named in after(&code, "crate::") {
        let lower = floor(&named) > floor(&module);
        if named != module && floor(&named).is_some() && !lower {
            fault(format!("names `crate::{named}`, which is not on a lower floor"));
        }
    }
    for (word, owners) in OWNERS {
        if names(&code, word) && !owners.contains(&module.as_str()) {
            fault(format!("names `{word}`, which belongs to {}", owners.join(", ")));
        }
    }
    if STATIONS.contains(&module.as_str()) {
        for (word, what) in IMPURE {
            if code.contains(word) {
                fault(format!("a station holds `{word}`: {what}"));
            }
        }
    }
    if code.contains("super::") || code.contains("::*;") {
        fault("imports are written in full: no `super::`, no globs".to_owned());
    }
    if !["app", "config"].contains(&module.as_str()) && code.contains("crate::config") {
        fault("the config is named only in config and app; others get their part of it".to_owned());
    }
    let sql = ["SELECT ", "INSERT ", "DELETE FROM ", "CREATE TABLE "];
    if module != "store" && sql.iter().any(|verb| code.contains(verb)) {
        fault("SQL is written in store and nowhere else".to_owned());
    }
    faults
}

/// Whether the module above declares this file for tests only.
fn is_for_tests(path: &Path) -> bool {
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name");
    let above = fs::read_to_string(path.with_file_name("mod.rs")).unwrap_or_default();
    ["", "pub "].iter().any(|public| above.contains(&format!("#[cfg(test)]\n{public}mod {name};")))
}

/// A file without its tests, which always come last.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The words that stand right after each `prefix`.
fn after(code: &str, prefix: &str) -> Vec<String> {
    let word = |rest: &str| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    code.match_indices(prefix).map(|(at, _)| word(&code[at + prefix.len()..])).collect()
}

/// Whether a path in the code begins with `word`.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let behind = &code[at + word.len()..];
        let whole = !before.is_alphanumeric()
            && before != '_'
            && before != ':'
            && before != '`'
            && before != '"'
            && before != '.';
        whole && behind.starts_with("::")
    })
}

fn modules(source: &Path) -> Vec<String> {
    let lib = fs::read_to_string(source.join("lib.rs")).expect("src/lib.rs can be read");
    after(&lib, "pub mod ")
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the source can be read") {
        let path = entry.expect("an entry of it too").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
