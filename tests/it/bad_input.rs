//! Every bad input gives one clear line that names the thing and what to do, the right exit code, and loses nothing stored.

use std::fs;

use crate::binary::Home;
use crate::origin::{Answer, Origin};

const FEED: &str = r#"<rss version="2.0"><channel><title>The Lamp</title><link>https://lamp.example/</link>
<item><title>Harbour light repaired</title><link>https://lamp.example/1</link><guid>1</guid><description>It shines again.</description></item>
</channel></rss>"#;

/// Runs it, expects this exit code, and one line on stderr with these words.
fn check(home: &Home, args: &[&str], code: i32, words: &[&str]) {
    let ran = home.run(args);
    assert_eq!(ran.code, Some(code), "newsfold {args:?}\n{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "newsfold {args:?} does not say `{word}`:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_feed_in_trouble_is_a_line_and_leaves_what_is_stored_alone() {
    let origin = Origin::start();
    let home = Home::new();
    let url = origin.url("/feed");
    origin.serve("/feed", Answer::feed(FEED, "application/rss+xml"));
    home.good(&["fetch", &url]);
    let stored = home.clusters();
    let html = "<!DOCTYPE html><html><head><title>Please log in</title></head><body><p>Who are you?</p></body></html>";
    let cases: [(Answer, &[&str]); 7] = [
        (Answer::status(404), &["404"]),
        (Answer::status(500), &["500"]),
        (Answer::new(200, html), &["HTML", "Please log in"]),
        (Answer::new(200, ""), &["empty"]),
        (Answer::new(200, &FEED.as_bytes()[..40]), &["unreadable", "broken"]),
        (Answer::new(200, "just words"), &["unreadable"]),
        (Answer::status(410), &["gone", "410"]),
    ];
    for (answer, words) in cases {
        origin.serve("/feed", answer);
        check(&home, &["fetch", &url], 1, &[words, &[url.as_str()]].concat());
        assert_eq!(home.clusters()[0]["articles"], stored[0]["articles"]);
    }
    check(&home, &["fetch", "http://127.0.0.1:1/feed"], 1, &["127.0.0.1:1", "unreachable"]);
    check(&home, &["fetch", "no-such-file.xml"], 1, &["no-such-file.xml"]);
    assert_eq!(home.clusters().len(), 1);
}

#[test]
fn a_document_that_is_cut_off_brings_what_it_holds_and_is_asked_for_again() {
    let origin = Origin::start();
    let home = Home::new();
    let url = origin.url("/feed");
    let news = FEED.replace(
        "<item>",
        "<item><title>Tide tables are late</title><link>https://lamp.example/2</link><guid>2</guid></item>\n<item>",
    );
    let torn = &news[..news.find("again").unwrap()];
    origin.serve("/feed", Answer::new(200, torn).header("ETag", "\"torn\""));
    let fetched = home.good(&["fetch", &url]);
    assert!(fetched.stderr.contains("2 articles new"), "{}", fetched.stderr);
    origin.serve("/feed", Answer::new(200, news.as_str()).header("ETag", "\"whole\""));
    home.good(&["fetch", &url]);
    home.good(&["fetch", &url]);
    let sent: Vec<_> =
        origin.requests("/feed").iter().map(|seen| seen.header("if-none-match").map(str::to_owned)).collect();
    assert_eq!(sent, [None, None, Some("\"whole\"".to_owned())]);
}

#[test]
fn one_feeds_trouble_never_stops_another_and_the_exit_code_says_so() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/good", Answer::feed(FEED, "application/rss+xml"));
    origin.serve("/bad", Answer::status(500));
    check(&home, &["fetch", &origin.url("/bad"), &origin.url("/good")], 3, &["500", "1 read", "1 in trouble"]);
    assert_eq!(home.clusters().len(), 1);
}

#[test]
fn an_address_on_this_machine_is_refused_unless_the_config_allows_it() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::feed(FEED, "application/rss+xml"));
    let home = Home::bare();
    check(&home, &["fetch", &origin.url("/feed")], 1, &["allow_private_addresses", "refused"]);
    assert!(origin.all_requests().is_empty());
}

#[test]
fn wrong_usage_and_wrong_config_name_the_word_and_the_nearest_right_one() {
    let home = Home::new();
    check(&home, &["clutsers"], 2, &["clutsers", "clusters"]);
    check(&home, &["clusters", "--since", "yesterdayish"], 2, &["yesterdayish", "24h"]);
    check(&home, &["clusters", "--frobnicate"], 2, &["--frobnicate"]);
    check(&home, &["--config", "nowhere.toml", "clusters"], 2, &["nowhere.toml"]);
    fs::write(home.path("wrong.toml"), "database = \"n.db\"\n[fetch]\nintervall_min = \"5m\"\n").unwrap();
    check(&home, &["--config", "wrong.toml", "clusters"], 2, &["wrong.toml:3", "intervall_min", "interval_min"]);
    fs::write(home.path("wrong.toml"), "[fetch]\ntimeout = \"soon\"\n").unwrap();
    check(&home, &["--config", "wrong.toml", "clusters"], 2, &["wrong.toml:2", "timeout"]);
    fs::write(home.path("wrong.toml"), "[fetch\n").unwrap();
    check(&home, &["--config", "wrong.toml", "clusters"], 2, &["wrong.toml:1"]);
}

#[test]
fn a_database_that_is_missing_or_not_ours_is_named_and_left_as_it_is() {
    let home = Home::new();
    check(&home, &["clusters"], 1, &["newsfold.db", "newsfold fetch"]);
    check(&home, &["--db", "no/such/folder/n.db", "fetch", "--all"], 1, &["no/such/folder", "does not exist"]);
    fs::write(home.path("letter.db"), "Dear reader, this is no database, but it is long enough to look like a file.")
        .unwrap();
    check(&home, &["--db", "letter.db", "fetch", "--all"], 1, &["letter.db", "not a database"]);
    check(&home, &["--db", "letter.db", "clusters"], 1, &["letter.db", "not a database"]);
    assert!(fs::read_to_string(home.path("letter.db")).unwrap().starts_with("Dear reader"));
    let other = home.path("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    drop(connection);
    let bytes = fs::read(&other).unwrap();
    check(&home, &["--db", "other.db", "fetch", "--all"], 1, &["other.db", "not one of newsfold's"]);
    check(&home, &["--db", "other.db", "clusters"], 1, &["other.db", "not one of newsfold's"]);
    assert_eq!(fs::read(&other).unwrap(), bytes);
}

#[test]
fn a_broken_search_and_an_unknown_id_are_clear() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/feed", Answer::feed(FEED, "application/rss+xml"));
    home.good(&["fetch", &origin.url("/feed")]);
    check(&home, &["search", "AND AND ("], 2, &["AND AND ("]);
    check(&home, &["search", "..."], 2, &["..."]);
    check(&home, &["show", "czzzz"], 1, &["czzzz", "newsfold clusters"]);
    check(&home, &["why", "azzzz"], 1, &["azzzz"]);
    fs::write(home.path("archive.jsonl"), "{\"id\": 1, \"title\": \"One\"}\nnot json\n").unwrap();
    check(&home, &["eval", "archive.jsonl"], 1, &["archive.jsonl", "line 2"]);
    check(&home, &["eval", "absent.jsonl"], 1, &["absent.jsonl"]);
}
