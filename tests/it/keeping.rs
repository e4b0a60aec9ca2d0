//! The file through the years: backups while others write, restores, and what `doctor` finds.

use std::fs;
use std::io::{Seek, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::SignedDuration;
use newsfold::store::{RoleLock, Store};
use rusqlite::Connection;

use crate::binary::{Home, text};
use crate::origin::{Answer, Origin};
use crate::rebuild::{intakes, open, rounds, start};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, rss};

fn count(path: &Path, sql: &str) -> usize {
    let other = Connection::open(path).expect("a connection");
    other.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it can be counted").try_into().expect("a count")
}

fn dump(path: &Path) -> String {
    open(path).dump().expect("a dump")
}

/// Files of a folder whose name begins so.
fn names(home: &Home, beginning: &str) -> Vec<String> {
    let folder = home.path("");
    let names = fs::read_dir(folder).expect("the home").map(|entry| entry.expect("a file").file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.starts_with(beginning));
    names.sort();
    names
}

/// A home whose database holds three articles in two clusters.
fn stored() -> (Home, Origin) {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    let home = Home::new();
    home.good(&["feeds", "add", "--no-check", &origin.url("/lamp"), &origin.url("/beacon")]);
    home.good(&["fetch"]);
    (home, origin)
}

#[test]
fn backups_that_are_made_while_a_writer_stores_are_each_one_state_and_the_last_restores_to_the_same_dump() {
    let home = Home::new();
    let database = home.path("newsfold.db");
    let mut writer = open(&database);
    let (stop, batches) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (stopping, done) = (Arc::clone(&stop), Arc::clone(&batches));
    let writing = std::thread::spawn(move || {
        let round = rounds().remove(0).1;
        let mut tag = 0_i64;
        while !stopping.load(Ordering::Relaxed) {
            tag += 1;
            for (url, prepared) in &round {
                let mut prepared = prepared.clone();
                for draft in &mut prepared.drafts {
                    draft.key.0.push_str(&format!("-{tag}"));
                    draft.marks.iter_mut().for_each(|mark| mark.hash ^= tag << 9);
                    draft.canonical = None;
                }
                let intakes = intakes(&mut writer, &vec![(url.clone(), prepared)]);
                writer.apply(&intakes, start() + SignedDuration::from_mins(tag)).expect("nobody keeps it from writing");
                while writer.index_some().expect("nor the index") {}
                done.fetch_add(1, Ordering::Relaxed);
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
    });
    let wait = |more: usize| {
        let from = batches.load(Ordering::Relaxed);
        while batches.load(Ordering::Relaxed) < from + more && !writing.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    let mut held = Vec::new();
    for number in 0..4 {
        wait(3);
        let name = format!("{number}.bak");
        let said = home.good(&["backup", &name]).stderr;
        assert!(said.contains("checked"), "{said}");
        let copy = home.path(&name);
        assert_eq!(Store::at_rest(&copy).expect("it is one file").unsound().expect("it can be read"), []);
        let articles = count(&copy, "SELECT count(*) FROM articles");
        assert_eq!(articles, count(&copy, "SELECT max(id) FROM articles"), "the beginning of the log, without a gap");
        held.push(articles);
    }
    stop.store(true, Ordering::Relaxed);
    writing.join().expect("the writer ended well");
    assert!(held.is_sorted() && held[0] < held[3], "{held:?}");
    assert_eq!(names(&home, "").iter().filter(|name| name.ends_with(".part")).count(), 0);

    home.good(&["backup", "last.bak"]);
    let before = dump(&database);
    // What is stored after a backup is not in it, and stays beside it after a restore.
    Connection::open(&database).expect("a connection").execute_batch("UPDATE memberships SET reason = '{}'").expect("");
    let said = home.good(&["restore", "last.bak"]).stderr;
    assert_eq!(dump(&database), before);
    let kept = names(&home, "newsfold.db.before-");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(said.contains(&kept[0]), "{said}");
    assert_eq!(count(&home.path(&kept[0]), "SELECT count(*) FROM memberships WHERE reason <> '{}'"), 0);
    assert_eq!(count(&database, "SELECT count(*) FROM memberships WHERE reason = '{}'"), 0);
}

#[test]
fn a_backup_takes_nobodys_file_and_leaves_nothing_half_done() {
    let (home, _origin) = stored();
    let check = |args: &[&str], code: i32, said: &str| {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
    };
    fs::write(home.path("taken"), "mine").expect("a file");
    check(&["backup", "taken"], 2, "is already there");
    check(&["backup", "taken", "--force"], 2, "something else than a database of newsfold's");
    check(&["backup", "newsfold.db-wal", "--force"], 2, "is a file of the database");
    check(&["backup", "newsfold.db", "--force"], 2, "is the database itself");
    check(&["backup", "nowhere/n.bak"], 1, "cannot write");
    check(&["backup", "."], 1, "is a folder");
    check(&["--db", "none.db", "backup", "n.bak"], 1, "there is no database");
    assert_eq!(fs::read(home.path("taken")).expect("it is there"), b"mine");
    home.good(&["backup", "n.bak"]);
    // What a killed one left, and an earlier backup.
    let half = fs::read(home.path("n.bak")).expect("a backup");
    fs::write(home.path("n.bak.part"), &half[..half.len() / 2]).expect("a file");
    home.good(&["backup", "n.bak", "--force"]);
    assert_eq!(count(&home.path("n.bak"), "SELECT count(*) FROM articles"), 3);
    // Another service's.
    fs::copy(home.path("n.bak"), home.path("live.db")).expect("a copy");
    let role = RoleLock::take(&home.path("live.db"), "run").expect("the role is free");
    check(&["backup", "live.db", "--force"], 2, "`newsfold run`");
    drop(role);
    assert_eq!(names(&home, "").iter().filter(|name| name.contains(".part") || name.starts_with("none")).count(), 0);
}

#[test]
fn a_restore_refuses_what_would_lose_something_and_leaves_all_as_it_was() {
    let (home, _origin) = stored();
    let database = home.path("newsfold.db");
    home.good(&["backup", "good.bak"]);
    let before = dump(&database);
    let check = |file: &str, said: &str| {
        let ran = home.run(&["restore", file]);
        assert!(ran.code == Some(1) || ran.code == Some(2), "{file}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{file}: {}", ran.stderr);
        assert!(names(&home, "newsfold.db.before-").is_empty(), "{file}");
        assert_eq!(dump(&database), before, "{file}");
    };
    check("none.bak", "there is no file");
    check("newsfold.db", "is the database itself");
    fs::write(home.path("text"), "not a database, but longer than a header".repeat(40)).expect("a file");
    check("text", "is not a database");
    let good = fs::read(home.path("good.bak")).expect("a backup");
    fs::write(home.path("short"), &good[..good.len() / 2]).expect("a file");
    check("short", "cut it short");
    let mut flipped = good.clone();
    for at in (8_192..flipped.len()).step_by(511) {
        flipped[at] ^= 0x55;
    }
    fs::write(home.path("flipped"), &flipped).expect("a file");
    check("flipped", "damaged");
    for (name, sql, said) in [
        ("newer", "PRAGMA user_version = 9999", "newer newsfold"),
        ("other", "PRAGMA application_id = 1", "not one of newsfold's"),
        ("uncounted", "UPDATE clusters SET article_count = 7", "do not count what they hold"),
    ] {
        fs::copy(home.path("good.bak"), home.path(name)).expect("a copy");
        Connection::open(home.path(name)).expect("a connection").execute_batch(sql).expect("it is changed");
        check(name, said);
    }
    fs::copy(home.path("good.bak"), home.path("logged")).expect("a copy");
    fs::write(home.path("logged-wal"), "x").expect("a log");
    check("logged", "has a log beside it");
    let lock = RoleLock::take(&database, "run").expect("the role is free");
    check("good.bak", "`newsfold run`");
    drop(lock);
    // Somebody who only looks would see one file's words through the other's log.
    let reader = Store::reader(&database).expect("a reader");
    reader.feeds().expect("it reads");
    check("good.bak", "open; end it");
    drop(reader);

    // A log that its process left behind belongs to the old database.
    killed(&database, "UPDATE memberships SET reason = '{}'");
    home.good(&["restore", "good.bak"]);
    assert_eq!(dump(&database), before);
    let kept = names(&home, "newsfold.db.before-");
    assert_eq!(count(&home.path(&kept[0]), "SELECT count(*) FROM memberships WHERE reason = '{}'"), 3);

    // Where there is none, and where what is there is none.
    home.good(&["--db", "new.db", "restore", "good.bak"]);
    assert_eq!(dump(&home.path("new.db")), before);
    fs::write(home.path("broken.db"), "no database at all, ".repeat(99)).expect("a file");
    home.good(&["--db", "broken.db", "restore", "good.bak"]);
    assert_eq!(dump(&home.path("broken.db")), before);
    assert_eq!(names(&home, "broken.db.before-").len(), 1);
}

/// What a process that was killed left of the database: the log holds what the file does not.
fn killed(database: &Path, sql: &str) {
    let path = |end: &str| with_ending(database, end);
    let other = Connection::open(database).expect("a connection");
    other.execute_batch(&format!("PRAGMA journal_mode = WAL; {sql}")).expect("it is changed");
    let left = ["", "-wal"].map(|end| (end, fs::read(path(end)).expect("a file")));
    drop(other);
    left.iter().for_each(|(end, bytes)| fs::write(path(end), bytes).expect("a file"));
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[test]
fn who_has_the_database_open_twice_keeps_its_locks_and_its_log() {
    let (home, origin) = stored();
    let database = home.path("newsfold.db");
    home.good(&["backup", "good.bak"]);
    // As a service has it: one that writes, one that answers `/metrics`, one for a digest that comes and goes.
    let mut writer = Store::open(&database, 1, jiff::Timestamp::UNIX_EPOCH).expect("it opens");
    let reader = Store::reader(&database).expect("it opens again");
    drop(Store::open(&database, 1, jiff::Timestamp::UNIX_EPOCH).expect("and again"));
    drop(RoleLock::take(&database, "run").expect("the role is free"));
    // The system's own list, where it has one; asking another way would open the file.
    match fs::read_to_string("/proc/locks") {
        Ok(locks) => {
            let file = format!(":{} ", fs::metadata(&database).expect("it is there").ino());
            let held = locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&file));
            assert!(held, "what SQLite has open is locked by nobody");
        }
        Err(_) => println!("skipped in part: the system lists no locks"),
    }
    home.good(&["feeds", "add", "--no-check", &origin.url("/bell")]);
    let wish = newsfold::model::FeedWish::of_url("https://late.example/");
    writer.add_feed(&wish, jiff::Timestamp::UNIX_EPOCH).expect("it writes");
    assert!(with_ending(&database, "-wal").exists(), "the log of a database in use was removed");
    for feeds in [reader.feeds().expect("it reads"), writer.feeds().expect("it reads")] {
        assert_eq!(feeds.len(), 4, "what others wrote is seen");
    }
    // Whoever wants it alone asks for the locks, and would take the log away where there are none.
    let ran = home.run(&["restore", "good.bak"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("open; end it"), "{}", ran.stderr);
    drop((writer, reader));
    assert!(home.good(&["feeds", "list"]).stdout.contains("late.example"), "what was acknowledged stays");
}

#[test]
fn a_restore_reads_no_log_of_another_history_and_overlooks_none() {
    let (home, _origin) = stored();
    let database = home.path("newsfold.db");
    home.good(&["backup", "good.bak"]);
    let before = dump(&database);
    // The file is gone, and the log of a killed process is not.
    killed(&database, "UPDATE memberships SET reason = '{}'");
    let log = fs::read(with_ending(&database, "-wal")).expect("a log");
    fs::remove_file(&database).expect("it goes");
    let said = home.good(&["restore", "good.bak"]).stderr;
    assert_eq!(dump(&database), before);
    let kept = names(&home, "newsfold.db.before-");
    assert!(kept.len() == 1 && kept[0].ends_with("-wal") && said.contains(&kept[0]), "{kept:?}: {said}");
    assert_eq!(fs::read(home.path(&kept[0])).expect("it is kept"), log);

    // A copy that was taken by hand with its log, by a link that stands elsewhere.
    fs::create_dir(home.path("other")).expect("a folder");
    let taken = home.path("other/n.db");
    fs::copy(home.path("good.bak"), &taken).expect("a copy");
    killed(&taken, "UPDATE memberships SET reason = '{}'");
    std::os::unix::fs::symlink(&taken, home.path("link.bak")).expect("a link");
    let ran = home.run(&["restore", "link.bak"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("has a log beside it"), "{}", ran.stderr);

    // An emptied one that somebody still reads, which SQLite must not be asked about: it would remove the log.
    let reader = Store::reader(&taken).expect("a reader");
    reader.feeds().expect("it reads");
    // Whoever closes a file lets go of all locks that its process has of it.
    let emptied = fs::File::options().write(true).open(&taken).expect("the file");
    emptied.set_len(0).expect("it is emptied");
    let log = fs::read(with_ending(&taken, "-wal")).expect("a log");
    let ran = home.run(&["--db", "other/n.db", "restore", "good.bak"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("open; end it"), "{}", ran.stderr);
    assert_eq!(fs::read(with_ending(&taken, "-wal")).expect("a log"), log);
    drop((reader, emptied));

    // Where nothing can be restored nothing is made.
    assert_eq!(home.run(&["--db", "none.db", "restore", "nothing.bak"]).code, Some(1));
    assert!(names(&home, "none").is_empty());
}

#[test]
fn what_another_user_left_and_a_folder_that_cannot_be_synced_keep_nobody_from_working() {
    let (home, _origin) = stored();
    let database = home.path("newsfold.db");
    let user = 4_321;
    let folder = home.path("");
    for entry in fs::read_dir(&folder).expect("the home").map(|entry| entry.expect("a file").path()) {
        if chown(&entry, Some(user), Some(user)).is_err() {
            println!("skipped: only root can give files away");
            return;
        }
    }
    chown(&folder, Some(user), Some(user)).expect("the folder too");
    // As a restore by root left it that made it anew.
    let lock = home.path("newsfold.db.lock");
    fs::write(&lock, "restore 1\n").expect("a lock");
    chown(&lock, Some(0), Some(0)).expect("root's");
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).expect("others may read it");
    let as_user = |args: &[&str]| home.command(args).uid(user).gid(user).output();
    let Ok(rebuilt) = as_user(&["rebuild"]) else {
        println!("skipped: another user cannot reach the binary");
        return;
    };
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    assert!(fs::read_to_string(&lock).expect("it can be read").starts_with("rebuild "));
    let held = RoleLock::take(&database, "run").expect("the role is free");
    let refused = as_user(&["rebuild"]).expect("it starts");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`newsfold run`"));
    drop(held);

    // A folder that may be written and not read cannot be synced: the file is there all the same, and that is no failure.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o300)).expect("it may not be read");
    for (args, made) in [(["backup", "n.bak"], "n.bak"), (["restore", "n.bak"], "newsfold.db")] {
        let ran = as_user(&args).expect("it starts");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && said.contains("its folder cannot be synced"), "{said}");
        assert_eq!(count(&home.path(made), "SELECT count(*) FROM articles"), 3);
        assert_eq!(args[0] == "restore", said.contains("what was there is kept as"), "{said}");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it goes away with its home");
}

/// Each damage as SQL, and the area, the finding and the advice that `doctor` has for it.
const DAMAGES: &[(&str, &str, &str, &str)] = &[
    ("DELETE FROM memberships WHERE article = 3", "database", "articles in no cluster: 1", "rebuild --all"),
    (
        "UPDATE clusters SET article_count = 9 WHERE id = 1",
        "database",
        "clusters that do not count what they hold: 1",
        "rebuild --all",
    ),
    ("UPDATE clusters SET last_seen = 0", "database", "clusters that do not count what they hold: 2", "rebuild --all"),
    (
        "INSERT INTO relations VALUES (1, 99, 0.5)",
        "database",
        "relations with founders that are not there: 1",
        "rebuild --all",
    ),
    (
        "DELETE FROM search WHERE rowid = 2",
        "database",
        "articles missing from the full-text index: 1",
        "`newsfold rebuild` fills",
    ),
    (
        "DELETE FROM articles WHERE id = 2",
        "database",
        "articles in the full-text index that are not stored: 1",
        "`newsfold rebuild` fills",
    ),
    ("DELETE FROM articles WHERE id = 2", "database", "that refer to rows of `articles`", "rebuild --all"),
    ("INSERT INTO former_clusters VALUES (99)", "database", "ids of former clusters that lead nowhere: 1", "restore"),
    (
        "UPDATE meta SET value = 1 WHERE key = 'last_seq'",
        "database",
        "a place in the log that was not given out yet: 2",
        "restore",
    ),
    ("DELETE FROM feeds WHERE id = 1", "database", "rows of `articles` that refer to rows of `feeds`", "restore"),
    ("UPDATE feeds SET health = 'gone', detail = 'it is gone (410)'", "feeds", "it is gone", "remove it"),
    ("UPDATE feeds SET last_attempt = 0, next_due = 0", "service", "no feed was asked for", "newsfold run"),
    (
        "INSERT INTO mails VALUES (1, 'm', 's', x'74'); \
         INSERT INTO outbox VALUES (1, 1, 'r', 0, 0, 0, NULL, NULL, 0)",
        "mail",
        "1 mail waits for a server",
        "smtp",
    ),
    ("PRAGMA user_version = 9999", "database", "newer newsfold", "nothing is lost"),
];

/// `ill.db` is a good database in which `sql` was done.
fn made_ill(home: &Home, sql: &str) {
    fs::copy(home.path("good.bak"), home.path("ill.db")).expect("a copy");
    let other = Connection::open(home.path("ill.db")).expect("a connection");
    other.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).expect(sql);
}

#[test]
fn doctor_says_nothing_of_what_is_well_and_names_every_damage_and_what_to_do() {
    let (home, _origin) = stored();
    let well = home.json(&["doctor", "--format", "json"]);
    assert_eq!(well["is_well"], true, "{well}");
    let told = well["findings"].as_array().expect("a list");
    assert!(told.iter().all(|finding| text(finding, "area") == "config"), "{well}");
    assert!(home.good(&["doctor"]).stdout.ends_with("nothing needs you\n"));
    home.good(&["backup", "good.bak"]);
    for (sql, area, what, advice) in DAMAGES {
        made_ill(&home, sql);
        let ran = home.run(&["--db", "ill.db", "doctor"]);
        assert_eq!(ran.code, Some(1), "{sql}: {}", ran.stdout);
        let line =
            ran.stdout.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{sql}: {}", ran.stdout));
        assert!(line.starts_with(&format!("FAULT {area}: ")) && line.contains(advice), "{sql}: {line}");
        assert!(ran.stdout.ends_with("something needs you\n"));
    }
}

#[test]
fn what_doctor_says_that_a_rebuild_mends_it_mends() {
    let (home, _origin) = stored();
    home.good(&["backup", "good.bak"]);
    made_ill(
        &home,
        "DELETE FROM memories; DELETE FROM memberships WHERE article = 3; UPDATE clusters SET last_seen = 0",
    );
    assert_eq!(home.run(&["--db", "ill.db", "doctor"]).code, Some(1));
    home.good(&["--db", "ill.db", "rebuild", "--all"]);
    home.good(&["--db", "ill.db", "doctor"]);
    made_ill(&home, "DELETE FROM search WHERE rowid = 2");
    home.good(&["--db", "ill.db", "rebuild"]);
    home.good(&["--db", "ill.db", "doctor"]);
}

#[test]
fn doctor_looks_at_files_that_are_no_database_any_more_and_changes_none_of_them() {
    let (home, _origin) = stored();
    home.good(&["backup", "good.bak"]);
    let good = fs::read(home.path("good.bak")).expect("a backup");
    let check = |bytes: &[u8], said: &str| {
        fs::write(home.path("ill.db"), bytes).expect("a file");
        let ran = home.run(&["--db", "ill.db", "doctor"]);
        assert_eq!(ran.code, Some(1), "{said}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("FAULT database: ") && ran.stdout.contains(said), "{said}: {}", ran.stdout);
        assert_eq!(fs::read(home.path("ill.db")).expect("it is there").len(), bytes.len(), "{said}");
    };
    check(&"no database at all, ".repeat(99).into_bytes(), "is not a database");
    check(&good[..good.len() / 2], "database");
    check(&good[..5_000], "database");
    // The page of one table: its root is found by its name, so that the test says which it was.
    let page = count(&home.path("good.bak"), "SELECT rootpage FROM sqlite_schema WHERE name = 'articles'");
    let mut file = fs::File::options().write(true).open(home.path("good.bak")).expect("the file");
    file.seek(SeekFrom::Start(u64::try_from(page - 1).expect("small") * 4_096)).expect("it is that long");
    file.write_all(&[0x5a; 600]).expect("it is damaged");
    drop(file);
    check(&fs::read(home.path("good.bak")).expect("it is there"), "restore");

    let none = home.good(&["--db", "none.db", "doctor"]).stdout;
    assert!(none.contains("there is no database at"), "{none}");
    assert!(names(&home, "none").is_empty());
    fs::write(home.path("bad.toml"), "[fetch]\ntimeuot = \"5s\"\n").expect("a config");
    let ran = home.run(&["--config", "bad.toml", "doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("FAULT config: ") && ran.stdout.contains("`timeout`"), "{}", ran.stdout);
}

#[test]
fn a_clock_that_leapt_lately_is_not_believed_unless_a_person_does() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    let retention = "[retention]\narticles = \"20d\"\nclusters = \"20d\"\n[fetch]\nallow_private_addresses = true\n";
    let home = Home::with_config(&format!("{retention}[[feeds]]\nurl = \"{}\"\n", origin.url("/lamp")));
    home.good(&["fetch"]);
    let other = Connection::open(home.path("newsfold.db")).expect("a connection");
    let long_ago = "UPDATE articles SET seen = seen - 40 * 86400000 WHERE id = 1;
        UPDATE clusters SET last_seen = last_seen - 40 * 86400000 WHERE id = 1";
    other.execute_batch(long_ago).expect("time goes by");
    drop(other);
    let articles = || count(&home.path("newsfold.db"), "SELECT count(*) FROM articles");
    let ran = home.run(&["prune"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the clock leapt from ") && ran.stderr.contains("prune --force"), "{}", ran.stderr);
    assert_eq!(articles(), 2);
    assert!(home.good(&["prune", "--dry-run"]).stdout.starts_with("1 article in 1 cluster\n"));
    home.good(&["prune", "--force"]);
    assert_eq!(articles(), 1);
}

#[test]
fn a_database_named_without_its_config_keeps_the_feeds_of_that_config() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    let feed = format!("[[feeds]]\nurl = \"{}\"\n", origin.url("/lamp"));
    let home = Home::with_config(&format!("[fetch]\nallow_private_addresses = true\n{feed}"));
    home.good(&["fetch"]);
    let active = || count(&home.path("newsfold.db"), "SELECT count(*) FROM feeds WHERE active");
    assert_eq!(active(), 1);
    fs::rename(home.path("config.toml"), home.path("config.elsewhere")).expect("it is moved");
    home.good(&["--db", "newsfold.db", "rebuild"]);
    assert_eq!(active(), 1);
    fs::write(home.path("config.toml"), "").expect("a config without feeds");
    home.good(&["rebuild"]);
    assert_eq!(active(), 0, "a config that names none takes it out");
}
