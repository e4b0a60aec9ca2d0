//! What is derived is a function of the log: remade, restarted or cut into other batches, it comes out the same.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use newsfold::model::FeedWish;
use newsfold::prepare::{self, Asked, Prepared};
use newsfold::schedule::Told;
use newsfold::store::Store;
use newsfold::writer::{Answer, FeedReport, Intake, Params, Reach, Writer};

/// What every fixture feed answers: `(URL, answer)`.
pub type Round = Vec<(String, Prepared)>;

pub fn start() -> Timestamp {
    "2026-02-14T08:00:00Z".parse().expect("a moment")
}

/// Three polls of the news day, days apart: half of the entries, then all and a few of them edited, then late ones after ten days,
/// when the window has moved on.
pub fn rounds() -> Vec<(Timestamp, Round)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let mut names: Vec<PathBuf> =
        fs::read_dir(folder).expect("the fixtures are there").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    let (mut early, mut whole, mut late) = (Vec::new(), Vec::new(), Vec::new());
    for path in names {
        let url = format!("https://{}/feed", path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name"));
        let asked = Asked { feed_url: url.clone(), final_url: url.parse().expect("a URL"), content_type: None };
        let body = fs::read(&path).expect("a fixture can be read");
        let all = prepare::drafts(&body, &asked, start(), &prepare::Params::default()).expect("a fixture is a feed");
        let mut half = all.clone();
        half.drafts.truncate(all.drafts.len() / 2);
        let mut edited = all.clone();
        edited.drafts[0].title.push_str(" (corrected)");
        edited.drafts[0].text.push_str("\n\nAn earlier version of this text named another town.");
        let mut again = all.clone();
        for draft in &mut again.drafts {
            draft.key.0.push_str("-again");
            draft.marks.iter_mut().for_each(|mark| mark.hash ^= 1);
            draft.canonical = None;
            draft.published = draft.published.map(|published| published + SignedDuration::from_hours(240));
        }
        early.push((url.clone(), half));
        whole.push((url.clone(), edited));
        late.push((url, again));
    }
    let after = |hours| start() + SignedDuration::from_hours(hours);
    vec![(start(), early), (after(30), whole), (after(240), late)]
}

/// With a second look that merges and splits more than it should: a news day alone holds few clusters that need it.
pub fn open(path: &Path) -> Writer {
    let mut params = Params::default();
    for (key, value) in
        [("second_look_probability", "0.1"), ("merge_probability", "0.3"), ("split_probability", "0.95")]
    {
        params.cluster.set(key, value).expect("a setting");
    }
    Writer::new(Store::open(path, 7, start()).expect("the database opens"), params).expect("it is ours")
}

pub fn intakes(writer: &mut Writer, round: &Round) -> Vec<Intake> {
    let intake = |(url, prepared): &(String, Prepared)| {
        writer.store().add_feed(&FeedWish::of_url(url), start()).expect("a feed is added");
        let feed = writer.store().feed(url).expect("feeds are read").expect("it was just added");
        Intake {
            feed,
            answer: Answer::Read { prepared: prepared.clone(), told: Told::default() },
            reach: Reach::Itself,
        }
    };
    round.iter().map(intake).collect()
}

pub fn sum(reports: &[FeedReport], count: impl Fn(&FeedReport) -> usize) -> usize {
    reports.iter().map(count).sum()
}

#[test]
fn a_rebuild_equals_what_was_built_online_whatever_the_batches_and_restarts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("whole.db");
    let mut revised = 0;
    for (now, round) in &rounds() {
        // Each round by a new process.
        let mut writer = open(&path);
        let intakes = intakes(&mut writer, round);
        revised += sum(&writer.apply(&intakes, *now).expect("a batch is stored"), |report| report.articles_revised);
        while writer.index_some().expect("the index is written") {}
        writer.forget().expect("memories are dropped");
    }
    assert!(revised >= 10, "{revised} revised");
    let mut writer = open(&path);
    let online = writer.dump().expect("a dump");
    let articles = online.lines().filter(|line| line.starts_with('a')).count();
    assert!(articles > 150, "{articles} articles");
    for what in ["\"how\":\"joined\"", "\"how\":\"merged\"", "\"how\":\"split\"", "\nrelated\t", "\nformer\t"] {
        assert!(online.contains(what), "{what}");
    }

    // One process, an answer a batch.
    let mut single = open(&folder.path().join("single.db"));
    for (now, round) in &rounds() {
        for intake in intakes(&mut single, round) {
            single.apply(&[intake], *now).expect("a batch is stored");
        }
    }
    assert_eq!(single.dump().expect("a dump"), online, "batch borders and restarts leave no trace");

    let mut placed = 0;
    let rebuilt = writer.rebuild(|done| placed = done).expect("it is rebuilt");
    assert_eq!((rebuilt, placed), (articles, articles));
    assert_eq!(writer.dump().expect("a dump"), online);
    // The index stands again, with the words of today.
    assert!(!writer.store().matches("corrected", 100).expect("a search").articles.is_empty());
    // And life goes on from there as if nothing had been.
    let next = intakes(&mut writer, &rounds()[2].1);
    let reports = writer.apply(&next, start() + SignedDuration::from_hours(241)).expect("a batch is stored");
    assert_eq!(sum(&reports, |report| report.articles_new + report.articles_revised), 0);
}

#[test]
fn a_transaction_that_fails_midway_leaves_no_trace_and_the_same_batch_goes_in_later() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, control) = (folder.path().join("n.db"), folder.path().join("control.db"));
    let rounds = rounds();
    let (mut writer, mut control) = (open(&path), open(&control));
    let other = rusqlite::Connection::open(&path).expect("a second connection");
    for (now, round) in &rounds {
        let intakes = intakes(&mut writer, round);
        let before = writer.dump().expect("a dump");
        other
            .execute_batch(
                "CREATE TRIGGER trouble BEFORE UPDATE ON feeds WHEN new.id = 12 BEGIN SELECT raise(ABORT, 'no'); END",
            )
            .expect("a trigger is made");
        writer.apply(&intakes, *now).expect_err("the twelfth feed cannot be written");
        assert_eq!(writer.dump().expect("a dump"), before, "nothing of the batch is there");
        other.execute_batch("DROP TRIGGER trouble").expect("the trigger goes");
        writer.apply(&intakes, *now).expect("the same batch is stored");
        let same = self::intakes(&mut control, round);
        control.apply(&same, *now).expect("a batch is stored");
        assert_eq!(
            writer.dump().expect("a dump"),
            control.dump().expect("a dump"),
            "and it is as if nothing had failed"
        );
    }
}

#[test]
fn another_processs_transaction_is_waited_for_and_memories_do_not_grow_for_ever() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    let rounds = rounds();
    let first = intakes(&mut writer, &rounds[0].1);
    let other = rusqlite::Connection::open(&path).expect("a second connection");
    other.execute_batch("BEGIN EXCLUSIVE").expect("it is locked");
    let release = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        other.execute_batch("COMMIT").expect("it is let go");
        other
    });
    let stored = sum(&writer.apply(&first, rounds[0].0).expect("it waited"), |report| report.articles_new);
    let other = release.join().expect("the other connection ended well");
    let count = |table: &str| -> usize {
        let sql = format!("SELECT count(*) FROM {table}");
        other.query_row(&sql, [], |row| row.get::<_, i64>(0)).expect("it can be counted").try_into().expect("a count")
    };
    assert_eq!((count("articles"), count("memories")), (stored, stored));
    assert_eq!(writer.forget().expect("nothing to drop"), 0);
    let third = intakes(&mut writer, &rounds[2].1);
    let late = sum(&writer.apply(&third, rounds[2].0).expect("a batch is stored"), |report| report.articles_new);
    assert_eq!(
        writer.forget().expect("memories are dropped"),
        stored,
        "ten days later the first are out of the window"
    );
    assert_eq!((count("articles"), count("memories")), (stored + late, late));
    assert_eq!(writer.forget().expect("nothing to drop"), 0);
}

#[test]
fn a_clock_that_was_years_ahead_for_a_day_does_not_end_the_grouping() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, control) = (folder.path().join("n.db"), folder.path().join("control.db"));
    let rounds = rounds();
    let years = SignedDuration::from_hours(24 * 365 * 12);
    // Early by a clock that is years ahead, then the rest by one that was set right, days apart, so that the window moves on.
    let hours = SignedDuration::from_hours;
    // Who comes first by it is not believed yet, and shows that the others are right.
    let mut first = rounds[1].1.clone();
    first.truncate(2);
    let rounds = [&rounds[0].1, &rounds[1].1, &rounds[2].1, &first];
    let log = [(start(), 0), (start() + years, 2), (start() + hours(30), 3), (start() + hours(31), 1)];
    let mut whole = open(&control);
    for (number, (now, round)) in log.iter().enumerate() {
        // One that is restarted before each, and one that is not.
        let mut restarted = open(&path);
        for writer in [&mut restarted, &mut whole] {
            let intakes = intakes(writer, rounds[*round]);
            let reports = writer.apply(&intakes, *now).expect("a batch is stored");
            assert!(sum(&reports, |report| report.articles_new) > if *round == 3 { 2 } else { 50 }, "round {number}");
            writer.forget().expect("memories are dropped");
        }
        assert_eq!(restarted.dump().expect("a dump"), whole.dump().expect("a dump"), "round {number}");
    }
    let other = rusqlite::Connection::open(&path).expect("a second connection");
    let count = |sql: &str| other.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it can be counted");
    let last_round = "SELECT coalesce(max(value), -1) FROM meta WHERE key = 'window_begun'";
    assert!(count(last_round) > 0, "the window began anew");
    let joined = "SELECT count(*) FROM memberships WHERE article >= (SELECT value FROM meta WHERE key = 'window_begun')
        AND article <> cluster";
    assert!(count(joined) > 5, "what came after it is grouped: {}", count(joined));
    assert_eq!(
        count("SELECT count(*) FROM memories WHERE article < (SELECT value FROM meta WHERE key = 'window_begun')"),
        0
    );
    let online = whole.dump().expect("a dump");
    whole.rebuild(|_| {}).expect("it is rebuilt");
    assert_eq!(whole.dump().expect("a dump"), online);
}

#[test]
fn a_clock_that_is_behind_for_a_while_leaves_the_window_and_decides_as_if_it_had_never_been_restarted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, control) = (folder.path().join("n.db"), folder.path().join("control.db"));
    let rounds = rounds();
    let (minutes, hours) = (SignedDuration::from_mins, SignedDuration::from_hours);
    // The whole day in parts. The machine starts twice without a clock of its own, nine days and then years back, and each time is set
    // right by the network.
    let part = |from: usize| rounds[1].1.iter().skip(from).step_by(5).cloned().collect::<Round>();
    let parts: Vec<Round> = (0..5).map(part).collect();
    let log = [
        (start() + hours(24), &rounds[0].1),
        (start() - hours(9 * 24), &parts[0]),
        (start() - hours(9 * 24) + minutes(50), &parts[1]),
        (start() + hours(25), &parts[2]),
        (start() - hours(8_000), &parts[3]),
        (start() + hours(26), &parts[4]),
    ];
    let mut whole = open(&control);
    let mut held = Vec::new();
    for (number, (now, round)) in log.iter().enumerate() {
        let mut restarted = open(&path);
        for writer in [&mut restarted, &mut whole] {
            let intakes = intakes(writer, round);
            writer.apply(&intakes, *now).expect("a batch is stored");
            writer.forget().expect("memories are dropped");
        }
        assert_eq!(restarted.dump().expect("a dump"), whole.dump().expect("a dump"), "part {number}");
        held.push(whole.window_articles());
    }
    assert!(held[0] > 50 && held[5] > held[0], "the window was kept: {held:?}");
    let other = rusqlite::Connection::open(&path).expect("a second connection");
    let count = |sql: &str| other.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it can be counted");
    assert_eq!(count("SELECT count(*) FROM meta WHERE key = 'window_begun'"), 0, "it never began anew");
    let behind = start().as_millisecond() - 1;
    let joined = format!(
        "SELECT count(*) FROM memberships m JOIN articles a ON a.id = m.article
         WHERE a.seen < {behind} AND m.cluster <> m.article"
    );
    assert!(count(&joined) > 2, "what came meanwhile joined the stories of the window: {}", count(&joined));
    let online = whole.dump().expect("a dump");
    whole.rebuild(|_| {}).expect("it is rebuilt");
    assert_eq!(whole.dump().expect("a dump"), online);
}

#[test]
fn memories_that_cannot_be_read_or_are_gone_are_made_again_and_no_cluster_changes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rounds = rounds();
    let damage = [
        "UPDATE memories SET memory = x'00'",
        "UPDATE memories SET memory = substr(memory, 1, 3) WHERE article % 3 = 0",
        "DELETE FROM memories WHERE article % 2 = 0",
    ];
    for (number, sql) in damage.iter().enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        let mut writer = open(&path);
        let first = intakes(&mut writer, &rounds[0].1);
        writer.apply(&first, rounds[0].0).expect("a batch is stored");
        let places = |writer: &Writer| -> Vec<String> {
            let dump = writer.dump().expect("a dump");
            dump.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" ")).collect()
        };
        let before = places(&writer);
        drop(writer);
        let other = rusqlite::Connection::open(&path).expect("a second connection");
        other.execute_batch(sql).expect("memories are damaged");
        let mut writer = open(&path);
        let second = intakes(&mut writer, &rounds[1].1);
        let reports = writer.apply(&second, rounds[1].0).expect("a batch is stored");
        assert!(sum(&reports, |report| report.articles_new) > 50, "{sql}");
        let after = places(&writer);
        assert!(before.iter().all(|line| after.contains(line)), "{sql}");
        let missing: i64 = other
            .query_row("SELECT count(*) FROM articles WHERE id NOT IN (SELECT article FROM memories)", [], |row| {
                row.get(0)
            })
            .expect("it can be counted");
        assert_eq!(missing, 0, "{sql}");
    }
}
