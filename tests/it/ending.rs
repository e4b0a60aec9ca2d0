//! SIGTERM and SIGINT at the worst moments: in the middle of a transaction that takes long, while another process holds the file, in a
//! rebuild. The end comes within five seconds, in order, and nothing is stored by halves. And what holds others up: locks and readers.

use std::time::{Duration, Instant};

use crate::binary::{Home, is_slow_wanted};
use crate::daemon::Service;
use crate::origin::{Answer, Origin};
use crate::samples::{Entry, rss};
use crate::sound::{assert_sound, told};

/// A feed with so many reports, each with as many bytes of text more.
fn feed(count: u64, more: usize) -> Answer {
    let said: Vec<(String, String)> = (0..count).map(|number| told(number / 3, number, number)).collect();
    let said: Vec<(String, String)> =
        said.into_iter().map(|(title, text)| (title, text + &" and so it went on".repeat(more / 18))).collect();
    let guids: Vec<String> = (0..count).map(|number| format!("report-{number}")).collect();
    let entries: Vec<Entry<'_>> =
        said.iter().zip(&guids).map(|((title, text), guid)| Entry { guid, title, text, ..Entry::default() }).collect();
    Answer::feed(rss("The Archive", &entries), "application/rss+xml")
}

fn home(origin: &Origin, interval: &str) -> Home {
    Home::with_config(&format!(
        "[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{}\"\ninterval = \"{interval}\"\n",
        origin.url("/feed")
    ))
}

fn count(home: &Home, what: &str) -> i64 {
    let connection = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap_or(0)
}

/// Whether somebody is in the middle of writing, and has been for so many hundredths of a second.
fn is_writing(home: &Home, long: usize) -> bool {
    let Ok(connection) = rusqlite::Connection::open(home.path("newsfold.db")) else { return false };
    connection.busy_timeout(Duration::ZERO).unwrap();
    (0..long).all(|_| {
        std::thread::sleep(Duration::from_millis(10));
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_err()
    })
}

#[test]
fn a_stop_in_the_middle_of_a_transaction_that_takes_long_rolls_it_back_within_five_seconds() {
    let origin = Origin::start();
    // In the long run it takes longer than a stop may; in the short one the batch may just be done in time.
    let reports = if is_slow_wanted() { 4_000 } else { 700 };
    origin.serve("/feed", feed(reports, 0));
    for (command, signal, codes) in [("run", "TERM", [Some(0), Some(0)]), ("fetch", "INT", [Some(1), Some(0)])] {
        let home = home(&origin, "6h");
        let asked = origin.requests("/feed").len();
        let mut service = Service::start(&home, &[command]);
        service.until("it asks", || origin.requests("/feed").len() > asked);
        service.until("it writes", || is_writing(&home, 15));
        let began = Instant::now();
        service.signal(signal);
        let code = service.end(Duration::from_secs(6)).code();
        let (took, log) = (began.elapsed(), service.log());
        assert!(codes.contains(&code), "{command}: {code:?} {log}");
        assert!(took < Duration::from_secs(5), "{command}: {took:?}");
        // It may just have been done, on a machine that is faster than its stop is patient.
        let stored = count(&home, "articles");
        assert!(stored == 0 || stored == i64::try_from(reports).unwrap(), "{command}: {stored} articles");
        if stored == 0 {
            assert_eq!(
                count(&home, "feeds WHERE body_hash IS NOT NULL"),
                0,
                "{command}: what is not stored is not known"
            );
            assert!(log.contains("given up") || log.contains("too long"), "{command}: {log}");
        }
        assert!(!home.path("newsfold.db.reading").exists(), "an orderly end accuses no document");
    }
}

#[test]
fn a_stop_while_another_process_holds_the_file_is_in_order_and_so_is_a_start() {
    let origin = Origin::start();
    origin.serve("/feed", feed(3, 0));
    let home = home(&origin, "6h");
    home.good(&["feeds", "add", "--no-check", "https://elsewhere.example/feed"]);
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Before it is up.
    let mut service = Service::start(&home, &["run"]);
    std::thread::sleep(Duration::from_millis(400));
    let began = Instant::now();
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    assert!(began.elapsed() < Duration::from_secs(2), "there is nothing to wait for");
    // It waits for the file, and for its answer's place in it, without asking again.
    let mut service = Service::start(&home, &["run"]);
    std::thread::sleep(Duration::from_millis(300));
    other.execute_batch("COMMIT").unwrap();
    service.until("it asks", || !origin.requests("/feed").is_empty());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let held = if is_slow_wanted() { Duration::from_secs(75) } else { Duration::from_millis(500) };
    std::thread::sleep(held);
    service.assert_alive("while the file is held");
    other.execute_batch("COMMIT").unwrap();
    service.until("it is stored", || count(&home, "articles") == 3);
    assert_eq!(origin.requests("/feed").len(), 1, "the answer was kept: {}", service.log());
    // In the middle of its wait: the answer is let go, and asked for again.
    origin.serve("/feed", feed(5, 0));
    home.good(&["feeds", "remove", "https://elsewhere.example/feed"]);
    other.execute_batch("UPDATE feeds SET next_due = 0; BEGIN IMMEDIATE").unwrap();
    service.until("it asks again", || origin.requests("/feed").len() == 2);
    std::thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    service.signal("INT");
    assert_eq!(service.end(Duration::from_secs(6)).code(), Some(0), "{}", service.log());
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&home, "articles"), 3);
    home.good(&["fetch"]);
    assert_eq!(count(&home, "articles"), 5);
    assert_sound(&home.path("newsfold.db"), "at the end");
}

#[test]
fn a_stop_in_the_middle_of_a_prune_is_no_error() {
    let origin = Origin::start();
    origin.serve("/feed", feed(6, 0));
    let home = home(&origin, "6h");
    home.good(&["fetch"]);
    let config = std::fs::read_to_string(home.path("config.toml")).unwrap();
    std::fs::write(home.path("config.toml"), config + "[retention]\narticles = \"10d\"\nclusters = \"10d\"\n").unwrap();
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    // One new article keeps the time, the others are old; and to take one away never ends.
    other
        .execute_batch(
            "UPDATE articles SET seen = seen - 20 * 86400000 WHERE id < (SELECT max(id) FROM articles);
             UPDATE clusters SET last_seen = (SELECT max(seen) FROM articles a JOIN memberships m ON m.article = a.id
                WHERE m.cluster = clusters.id);
             CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
             CREATE TRIGGER slow BEFORE DELETE ON articles BEGIN SELECT count(*) FROM endless; END;",
        )
        .unwrap();
    drop(other);
    let mut service = Service::start(&home, &["run"]);
    service.until("it prunes", || is_writing(&home, 15));
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(6)).code(), Some(0), "{}", service.log());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    assert_eq!(count(&home, "articles"), 6);
}

#[test]
fn a_rebuild_that_is_stopped_leaves_the_clusters_that_stood() {
    let origin = Origin::start();
    origin.serve("/feed", feed(900, 0));
    let home = home(&origin, "6h");
    home.good(&["fetch"]);
    let dump = || {
        let image = crate::sound::Image::of(&home.path("newsfold.db"));
        crate::sound::all(
            &image.connection(),
            "SELECT article || ' ' || cluster || ' ' || reason FROM memberships ORDER BY article",
        )
        .unwrap()
    };
    let before = dump();
    for signal in ["TERM", "KILL"] {
        let mut service = Service::start(&home, &["rebuild"]);
        service.until("it rebuilds", || is_writing(&home, 4));
        service.signal(signal);
        let code = service.end(Duration::from_secs(5)).code();
        assert_ne!(code, Some(0), "what was not done is not said to be");
        assert_eq!(dump(), before, "{signal}");
    }
    assert_sound(&home.path("newsfold.db"), "after both");
}

#[test]
fn a_long_reader_keeps_the_log_and_when_it_is_done_the_log_shrinks() {
    let origin = Origin::start();
    origin.serve_in_turn("/feed", (2..40).map(|count| feed(count, 0)));
    let home = home(&origin, "1s");
    let mut service = Service::start(&home, &["run"]);
    service.until("the first are stored", || count(&home, "articles") >= 2);
    let reader = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let articles = || reader.query_row("SELECT count(*) FROM articles", [], |row| row.get::<_, i64>(0)).unwrap();
    let seen = articles();
    // A burst: more than the log is to keep at rest.
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other.busy_timeout(Duration::from_secs(10)).unwrap();
    for place in 0..12 {
        other
            .execute(
                "INSERT INTO views (command, name, place, at) VALUES ('test', zeroblob(1000000) || ?1, 0, 0)",
                [place],
            )
            .unwrap();
    }
    let log = || std::fs::metadata(home.path("newsfold.db-wal")).map_or(0, |log| log.len());
    service.until("more is stored", || count(&home, "articles") > seen + 1);
    assert!(log() > 8 << 20, "it holds what was written since: {} bytes", log());
    assert_eq!(articles(), seen, "the reader has its one state");
    reader.execute_batch("COMMIT").unwrap();
    service.until("the log shrinks", || log() <= 8 << 20);
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
}
