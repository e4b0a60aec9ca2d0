//! Files that are not what they should be: not a database, another program's, cut, with bits flipped, of a newer schema, that may not be
//! written, without their log or with a foreign one. Each is refused with what, where and what to do, or read rightly; none is
//! written over.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use jiff::Timestamp;
use newsfold::store::{Query, Store, StoreError};
use newsfold::writer::{Params, Writer};

use crate::binary::{Home, is_slow_wanted};
use crate::samples::{Entry, rss};
use crate::sound::{self, Dice, Image, all, told};

fn now() -> Timestamp {
    "2026-02-13T12:00:00Z".parse().unwrap()
}

/// A database with some articles, and with a log that was not emptied.
struct Sample {
    file: Vec<u8>,
    log: Vec<u8>,
    /// The same at rest.
    whole: Vec<u8>,
}

fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let home = Home::bare();
        let path = home.path("newsfold.db");
        let fetch = |feed: u64| {
            let said: Vec<(String, String)> = (0..20).map(|entry| told(entry, feed, feed * 100 + entry)).collect();
            let guids: Vec<String> = (0..20).map(|entry| format!("{feed}-{entry}")).collect();
            let entries: Vec<Entry<'_>> = said
                .iter()
                .zip(&guids)
                .map(|((title, text), guid)| Entry { guid, title, text, ..Entry::default() })
                .collect();
            let file = home.path(&format!("feed{feed}.xml"));
            fs::write(&file, rss(&format!("Outlet {feed}"), &entries)).unwrap();
            home.good(&["fetch", &file.display().to_string()]);
        };
        fetch(0);
        let file = fs::read(&path).unwrap();
        // Whoever still reads keeps the log from being emptied at the end of the others.
        let reader = rusqlite::Connection::open(&path).unwrap();
        reader.query_row("SELECT count(*) FROM articles", [], |_| Ok(())).unwrap();
        reader.execute_batch("BEGIN; SELECT 1 FROM articles").unwrap();
        (1..4).for_each(fetch);
        let log = fs::read(home.path("newsfold.db-wal")).unwrap();
        assert!(log.len() > 100_000, "{} bytes of log", log.len());
        assert_eq!(fs::read(&path).unwrap(), file, "nothing has left the log");
        reader.execute_batch("COMMIT").unwrap();
        reader.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        Sample { file, log, whole: fs::read(&path).unwrap() }
    })
}

/// Everything a reader can ask.
fn read_all(path: &Path) -> Result<String, StoreError> {
    let store = Store::reader(path)?;
    let clusters = store.clusters(&Query::default())?;
    let (feeds, totals) = (store.feeds()?, store.totals(now())?);
    let found = store.matches("report", 100)?;
    Ok(format!("{clusters:?}{feeds:?}{totals:?}{found:?}"))
}

/// What a writer does at its start and in every batch.
fn write_some(path: &Path) -> Result<(), StoreError> {
    let store = Store::open(path, 1, now())?;
    let mut writer = Writer::new(store, Params::default())?;
    let feeds = writer.store().feeds()?;
    writer.forgive(&feeds, now())?;
    writer.obey()?;
    while writer.index_some()? {}
    writer.forget()?;
    writer.dump()?;
    Ok(())
}

/// What a person is told.
fn is_clear(error: &StoreError) -> bool {
    let text = error.to_string();
    let says_what = [
        "damaged",
        "not a database",
        "not one of newsfold's",
        "newer newsfold",
        "older newsfold",
        "is empty",
        "no database",
        "cut it short",
    ];
    says_what.iter().any(|words| text.contains(words))
}

/// Reads and writes a damaged file: it panics nowhere, says clearly what is wrong, and what is refused at the door is not touched.
fn check(file: &[u8], log: Option<&[u8]>, what: &str) -> Result<String, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let (path, log_path) = (folder.path().join("n.db"), folder.path().join("n.db-wal"));
    let lay = || {
        fs::write(&path, file).unwrap();
        match log {
            Some(log) => fs::write(&log_path, log).unwrap(),
            None => fs::remove_file(&log_path).unwrap_or_default(),
        }
        fs::remove_file(folder.path().join("n.db-shm")).unwrap_or_default();
    };
    lay();
    let read = catch_unwind(AssertUnwindSafe(|| read_all(&path))).unwrap_or_else(|_| panic!("{what}: reading panics"));
    lay();
    let written =
        catch_unwind(AssertUnwindSafe(|| write_some(&path))).unwrap_or_else(|_| panic!("{what}: writing panics"));
    for refused in [read.as_ref().err(), written.as_ref().err()].into_iter().flatten() {
        assert!(is_clear(refused) || matches!(refused, StoreError::Sqlite(_)), "{what}: {refused}");
    }
    lay();
    if let Err(refused) = Store::open(&path, 1, now()) {
        assert!(is_clear(&refused), "{what}: {refused}");
        // A log that is still whole may have been moved into the file: that is what it is for.
        assert!(log.is_some() || fs::read(&path).unwrap() == file, "{what}: it was written over: {refused}");
    }
    read
}

#[test]
fn a_file_cut_at_any_length_is_refused_and_left_as_it_is() {
    let whole = &sample().whole;
    let mut lengths =
        vec![1, 15, 16, 17, 99, 100, 511, 512, 1023, 4095, 4096, 4097, whole.len() - 1, whole.len() - 4096];
    let mut dice = Dice(sound::seed(1));
    let more = if is_slow_wanted() { 2_000 } else { 40 };
    lengths.extend((0..more).map(|_| usize::try_from(dice.below(whole.len() as u64 - 1)).unwrap() + 1));
    for length in lengths {
        let read = check(&whole[..length], None, &format!("cut to {length} of {} bytes", whole.len()));
        let Err(refused) = read else { panic!("{length} of {} bytes are read as if they were all", whole.len()) };
        assert!(is_clear(&refused), "{length}: {refused}");
    }
    // Of one that lost everything, what its log still holds must not be thrown away.
    let refused = check(&[], Some(&sample().log), "emptied").unwrap_err();
    assert!(refused.to_string().contains("something emptied the database"), "{refused}");
    let refused = check(b"a letter to a friend, which is no database at all", None, "a letter").unwrap_err();
    assert!(refused.to_string().contains("not a database"), "{refused}");
}

#[test]
fn bits_that_flipped_anywhere_cause_no_panic_and_what_is_refused_is_left_as_it_is() {
    let whole = &sample().whole;
    check(whole, None, "nothing").expect("it is whole");
    let seed = sound::seed(2);
    let mut dice = Dice(seed);
    let (mut refused, mut seen, mut flips) = (0, 0, 0);
    for round in 0..if is_slow_wanted() { 4_000 } else { 60 } {
        let mut damaged = whole.clone();
        // Some all over the file, some where they hurt: in the header, and in the heads of pages.
        let place = match round % 3 {
            0 => dice.below(damaged.len() as u64),
            1 => dice.below(100),
            _ => dice.below(damaged.len() as u64 / 4096) * 4096 + dice.below(200),
        };
        let place = usize::try_from(place).unwrap();
        damaged[place] ^= 1 << dice.below(8);
        flips += 1;
        let read = check(&damaged, None, &format!("TEST_SEED={seed}, round {round}: a bit of byte {place}"));
        refused += usize::from(read.is_err());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("n.db"), &damaged).unwrap();
        let connection = rusqlite::Connection::open(folder.path().join("n.db")).unwrap();
        seen += usize::from(all(&connection, "PRAGMA integrity_check").map_or(true, |told| told != ["ok"]));
    }
    println!("of {flips} flips {refused} were refused by a reader, {seen} are seen by integrity_check");
    assert!(refused > 0 && seen > 0);
}

#[test]
fn a_log_cut_or_changed_anywhere_gives_an_earlier_state_whole() {
    let Sample { file, log, .. } = sample();
    let seed = sound::seed(3);
    let mut dice = Dice(seed);
    let counts = |connection: &rusqlite::Connection| {
        all(connection, "SELECT count(*) FROM articles").unwrap()[0].parse::<usize>().unwrap()
    };
    let mut states = std::collections::BTreeSet::new();
    for round in 0..if is_slow_wanted() { 1_000 } else { 40 } {
        let mut tail = log.clone();
        // A power cut: what was not synced is gone, or is there in part, from some place on.
        let place = usize::try_from(dice.below(log.len() as u64)).unwrap();
        match round % 3 {
            0 => tail.truncate(place),
            1 => tail[place..].iter_mut().for_each(|byte| *byte = 0),
            _ => tail[place] ^= 1 << dice.below(8),
        }
        let when = format!("TEST_SEED={seed}, round {round}, place {place} of {}", log.len());
        check(file, Some(&tail), &when).unwrap_or_else(|error| panic!("{when}: {error}"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        fs::write(&path, file).unwrap();
        fs::write(folder.path().join("n.db-wal"), &tail).unwrap();
        let image = Image::of(&path);
        let connection = image.connection();
        let faults = sound::faults(&connection);
        assert!(faults.is_empty(), "{when}: {faults:#?}");
        let half = "SELECT url FROM feeds WHERE body_hash IS NOT NULL AND (SELECT count(*) FROM articles WHERE feed = feeds.id) <> 20";
        assert!(all(&connection, half).unwrap().is_empty(), "{when}: a feed is known and its articles are not there");
        states.insert(counts(&connection));
    }
    assert!(states.len() > 2 && states.iter().all(|count| count % 20 == 0), "{states:?}");
    // Without its log it is what it was before.
    check(file, None, "without its log").expect("it is an earlier state");
    // With one that is none, too.
    check(file, Some(&[7; 5_000]), "with rubbish for a log").expect("it is an earlier state");
}

#[test]
fn a_person_is_told_what_is_wrong_where_and_what_to_do() {
    let home = Home::new();
    let path = home.path("newsfold.db");
    let whole = &sample().whole;
    let with = |change: fn(&mut Vec<u8>)| {
        let mut file = whole.clone();
        change(&mut file);
        file
    };
    let newer = with(|file| file[60..64].copy_from_slice(&99_u32.to_be_bytes()));
    let older = with(|file| file[60..64].copy_from_slice(&4_u32.to_be_bytes()));
    let foreign = with(|file| file[68..72].copy_from_slice(&7_u32.to_be_bytes()));
    let cut = with(|file| file.truncate(50_000));
    let torn = with(|file| file[4096..60_000].fill(0xA5));
    let text = b"Dear database, how are you? I am fine.".to_vec();
    let cases = [
        ("newer", newer, "upgrade newsfold"),
        ("foreign", foreign, "name another file with --db"),
        ("cut", cut, "Restore a backup"),
        ("torn", torn, "restore a backup"),
        ("text", text, "name another file with --db"),
    ];
    for (what, file, advice) in cases {
        for command in [&["clusters"] as &[&str], &["status"], &["fetch"], &["run"], &["rebuild"], &["feeds", "list"]] {
            fs::write(&path, &file).unwrap();
            let ran = home.run(command);
            assert_eq!(ran.code, Some(1), "{what}: {command:?}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("newsfold.db`") && ran.stderr.contains(advice),
                "{what}: {command:?}: {}",
                ran.stderr
            );
            assert_eq!(fs::read(&path).unwrap(), file, "{what}: {command:?}: it was written over");
        }
    }
    // A reader never brings a file up to date, and says who does.
    fs::write(&path, &older).unwrap();
    let ran = home.run(&["clusters"]);
    assert!(
        ran.code == Some(1) && ran.stderr.contains("older newsfold") && ran.stderr.contains("newsfold run"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read(&path).unwrap(), older);
    // Nor does anybody while another process is at work on it, which does not know the new tables.
    let _held = newsfold::store::RoleLock::take(&path, "run").unwrap();
    for command in [&["fetch"] as &[&str], &["run"], &["feeds", "add", "--no-check", "https://a.example/feed"]] {
        let ran = home.run(command);
        let is_told = ran.stderr.contains("`newsfold run` (process") || ran.stderr.contains("started anew");
        assert!(ran.code == Some(1) && is_told, "{command:?}: {}", ran.stderr);
        assert_eq!(fs::read(&path).unwrap(), older, "{command:?}");
    }
}

#[test]
fn what_may_not_be_written_is_read_and_a_writer_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let path = home.path("newsfold.db");
    fs::write(&path, &sample().whole).unwrap();
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let folder = path.parent().unwrap().to_owned();
    // To the one who may do all nothing is forbidden: another user asks in his place.
    let is_root = fs::read_to_string("/proc/self/status").unwrap().lines().any(|line| line.starts_with("Uid:\t0"));
    let run = |args: &[&str]| {
        let plain = home.command(args);
        let mut command = Command::new(if is_root { "/usr/bin/setpriv" } else { "/usr/bin/env" });
        if is_root {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        command.arg(plain.get_program()).args(plain.get_args()).current_dir(&folder);
        command.output().map(|output| (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    mode(&folder, 0o755);
    if !run(&["--version"]).is_ok_and(|(code, _)| code == Some(0)) {
        println!("skipped: nobody else may run the binary here");
        return;
    }
    for (folder_mode, file_mode) in [(0o555, 0o444), (0o777, 0o444)] {
        mode(&path, file_mode);
        mode(&folder, folder_mode);
        let (code, told) = run(&["clusters"]).unwrap();
        assert_eq!(code, Some(0), "{folder_mode:o}: {told}");
        for command in ["fetch", "run"] {
            let (code, told) = run(&[command]).unwrap();
            assert_eq!(code, Some(1), "{command} {folder_mode:o}: {told}");
            let is_told =
                told.contains("must belong to the user") || told.contains("newsfold.db.lock`: permission denied");
            assert!(is_told && told.contains("newsfold.db"), "{command} {folder_mode:o}: {told}");
        }
        assert_eq!(fs::read(&path).unwrap(), sample().whole);
    }
    mode(&folder, 0o755);
}
