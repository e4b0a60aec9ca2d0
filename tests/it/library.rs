//! A large library: what is read of it, and what a process holds of it, for a list or a digest that covers all of it.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use newsfold::model::FeedWish;
use newsfold::store::Store;
use serde_json::Value;

use crate::binary::{Home, text};

/// Stories, each of one article of 20 kB: 80 MB in all.
const STORIES: u64 = 4_000;
/// What a process may hold at most, in kB: less than the texts with the program (26 MB) and its cache of pages (32 MB).
const RESIDENT_KB_MAX: u64 = 100_000;

/// A home whose database holds stories of the days before this one, none of them backlog, the last the newest.
fn home() -> Home {
    let home = Home::new();
    let path = home.path("newsfold.db");
    let made: Timestamp = "2025-02-13T12:00:00Z".parse().expect("a moment");
    let mut store = Store::open(&path, 7, made).expect("a database");
    store.add_feed(&FeedWish::of_url("https://lamp.example/feed"), made).expect("a feed");
    drop(store);
    let database = rusqlite::Connection::open(path).expect("the database");
    let written = database.execute_batch(&format!(
        "BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {STORIES})
            SELECT i, {} + i * 1000 AS at FROM n;
         INSERT INTO articles (id, code, feed, outlet, title, text, published, seen, links, categories, revision, changed, revised)
            SELECT i, printf('a%010d', i), (SELECT id FROM feeds), 'Outlet ' || (i % 400), 'Report ' || i,
                replace(hex(zeroblob(2000)), '00', 'ten bytes '), at, at, '[]', '[]', 1, i, at FROM n;
         INSERT INTO clusters SELECT i, at, at, at, 1 FROM n;
         INSERT INTO memberships (article, cluster, reason) SELECT i, i,
            '{{\"how\":\"founded\",\"probability\":1.0,\"because\":[],\"nearest\":null,\"hours_apart\":null,\"runner_up\":null}}' FROM n;
         UPDATE meta SET value = {STORIES} WHERE key = 'last_seq';
         COMMIT;",
        made.as_millisecond()
    ));
    written.expect("it is written");
    home
}

/// Runs it to its end; gives what it printed and the most it held resident, in kB.
fn watched(home: &Home, args: &[&str]) -> (String, u64) {
    let mut child = home.command(args).stdout(Stdio::piped()).spawn().expect("the binary starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        let told = fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let resident = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse().ok());
        most = resident.unwrap_or(0).max(most);
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("it has ended");
    assert!(output.status.success(), "{args:?}");
    (String::from_utf8(output.stdout).expect("stdout is UTF-8"), most)
}

#[test]
fn the_first_look_at_a_library_does_not_hold_it() {
    let home = home();
    let check = |args: &[&str]| {
        let (printed, most) = watched(&home, args);
        println!("newsfold {}: {} MB resident at most", args.join(" "), most / 1_000);
        assert!(most < RESIDENT_KB_MAX, "{args:?}: {most} kB");
        printed
    };
    check(&["digest", "--catch-up", "--format", "json", "--out", "first.json"]);
    let first = fs::read_to_string(home.path("first.json")).expect("it was written");
    let first: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!((&first["counts"]["stories"], &first["counts"]["left_out"]), (&50.into(), &(STORIES - 50).into()));
    let headlines = first["stories"].as_array().expect("a list").iter().map(|story| text(story, "headline").to_owned());
    let expected: Vec<String> = (0..50).map(|place| format!("Report {}", STORIES - place)).collect();
    assert_eq!(headlines.collect::<Vec<_>>(), expected, "best first");

    let printed = check(&["clusters", "--new", "--limit", "1", "--format", "jsonl"]);
    let story: Value = serde_json::from_str(&printed).expect("one line");
    assert_eq!(text(&story, "headline"), format!("Report {STORIES}"));
    check(&["digest", "--format", "json", "--out", "all.json"]);
}
