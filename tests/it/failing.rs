//! "Fail at the Nth operation, for N = 1 until nothing fails": every write, sync and truncation of the database fails once, for a while,
//! or for good, or is the process's last; and the disk is full. What is told is clear, nothing is stored by halves, and all is there
//! when the trouble is over.
//!
//! It wants `strace`, and for a full disk the right to mount a small one; without them it skips with a line. A few N for each kind of
//! trouble; every N with `SLOW_TESTS=1`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::binary::{Home, Ran, is_slow_wanted};
use crate::daemon::Service;
use crate::samples::{Entry, rss};
use crate::sound::{self, Image, all, told};

const STRACE: &str = "/usr/bin/strace";
/// All by which SQLite changes a file.
const CALLS: [&str; 4] = ["pwrite64", "fsync", "fdatasync", "ftruncate"];

fn has_strace() -> bool {
    let has =
        Command::new(STRACE).args(["-qq", "-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success());
    if !has {
        println!("skipped: there is no strace that may trace");
    }
    has
}

/// A home with three feeds in files, and the titles that they hold.
fn home() -> (Home, BTreeSet<String>) {
    let home = Home::bare();
    let mut config = String::new();
    let mut titles = BTreeSet::new();
    for feed in 0..3 {
        let said: Vec<(String, String)> = (0..6).map(|entry| told(entry, feed, feed * 100 + entry)).collect();
        let guids: Vec<String> = (0..6).map(|entry| format!("{feed}-{entry}")).collect();
        let entries: Vec<Entry<'_>> = said
            .iter()
            .zip(&guids)
            .map(|((title, text), guid)| Entry { guid, title, text, ..Entry::default() })
            .collect();
        let path = home.path(&format!("feed{feed}.xml"));
        fs::write(&path, rss(&format!("Outlet {feed}"), &entries)).unwrap();
        config.push_str(&format!("[[feeds]]\nurl = \"file://{}\"\n", path.display()));
        titles.extend(said.into_iter().map(|(title, _)| title));
    }
    fs::write(home.path("config.toml"), config).unwrap();
    (home, titles)
}

/// The same command, traced, with what is to happen to its calls.
fn traced(command: &Command, trace: &Path, injections: &[String]) -> Command {
    let mut traced = Command::new(STRACE);
    traced.args(["-f", "-qq", "-o"]).arg(trace).arg("-e").arg(format!("trace={}", CALLS.join(",")));
    for injection in injections {
        traced.arg("-e").arg(format!("inject={injection}"));
    }
    traced.arg(command.get_program()).args(command.get_args());
    traced.current_dir(command.get_current_dir().expect("a home has a folder")).env_clear().stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        value.map(|value| traced.env(name, value));
    }
    traced
}

fn run(home: &Home, args: &[&str], trace: &Path, injection: &str) -> Ran {
    let output = traced(&home.command(args), trace, &[injection.to_owned()]).output().expect("strace starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

fn is_injected(trace: &Path) -> bool {
    let text = String::from_utf8_lossy(&fs::read(trace).unwrap_or_default()).into_owned();
    text.contains("(INJECTED)") || text.contains("killed by SIGKILL")
}

/// The most calls of this name that one thread made.
fn calls(trace: &Path, name: &str) -> usize {
    let text = String::from_utf8_lossy(&fs::read(trace).expect("strace wrote its trace")).into_owned();
    let mut by_thread = std::collections::BTreeMap::new();
    for line in text.lines().filter(|line| line.contains(&format!(" {name}("))) {
        *by_thread.entry(line.split(' ').next().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    by_thread.into_values().max().unwrap_or(0)
}

/// Every N up to the last and one more, or so many of them, spread with the first and the last among them.
fn chosen(last: usize, few: usize) -> Vec<usize> {
    if is_slow_wanted() || last <= few {
        return (1..=last + 1).collect();
    }
    (0..few).map(|step| 1 + step * (last - 1) / (few - 1)).collect()
}

/// What is there is whole, and a pass in peace brings the rest, once.
fn assert_heals(home: &Home, database: &str, titles: &BTreeSet<String>, when: &str) {
    let path = home.path(database);
    if path.exists() {
        let image = Image::of(&path);
        let connection = image.connection();
        if !all(&connection, "SELECT name FROM sqlite_schema WHERE name = 'outbox'").unwrap().is_empty() {
            let faults = sound::faults(&connection);
            assert!(faults.is_empty(), "{when}: {faults:#?}");
            let half = "SELECT url FROM feeds WHERE body_hash IS NOT NULL
                AND (SELECT count(*) FROM articles WHERE feed = feeds.id) <> 6";
            assert!(all(&connection, half).unwrap().is_empty(), "{when}: a feed is known and not stored");
        }
    }
    let ran = home.run(&["--db", database, "fetch", "--all"]);
    assert_eq!(ran.code, Some(0), "{when}: {}", ran.stderr);
    let stored = all(&Image::of(&path).connection(), "SELECT title FROM articles").unwrap();
    assert_eq!((stored.len(), &stored.into_iter().collect::<BTreeSet<_>>()), (titles.len(), titles), "{when}");
}

/// A database that was at work before: its feeds are known, its schema stands, and nothing is stored yet.
fn prepared(home: &Home, to: &str) -> PathBuf {
    if !home.path("prepared.db").exists() {
        home.good(&["--db", "prepared.db", "feeds", "add", "--no-check", "https://elsewhere.example/feed"]);
        home.good(&["--db", "prepared.db", "feeds", "remove", "https://elsewhere.example/feed"]);
    }
    fs::copy(home.path("prepared.db"), home.path(to)).unwrap();
    home.path(to)
}

#[test]
fn whatever_operation_fails_once_or_is_the_last_nothing_is_stored_by_halves() {
    if !has_strace() {
        return;
    }
    let (home, titles) = home();
    let trace = home.path("trace");
    let mut tried = 0;
    for is_new in [true, false] {
        let whole = format!("whole-{is_new}.db");
        if !is_new {
            prepared(&home, &whole);
        }
        assert_eq!(run(&home, &["--db", &whole, "fetch"], &trace, "chdir:error=EIO:when=60000").code, Some(0));
        let counts = CALLS.map(|call| (call, calls(&trace, call)));
        for (call, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            let few = if call == "pwrite64" { 3 } else { 2 };
            let hows = ["error=ENOSPC", "error=EIO", "signal=SIGKILL"];
            for (turn, nth) in chosen(count, few).into_iter().enumerate() {
                // All of them in the long run; in the short one they take turns.
                for how in hows.iter().skip(if is_slow_wanted() { 0 } else { turn % 3 }).step_by(if is_slow_wanted() {
                    1
                } else {
                    3
                }) {
                    let database = format!("{is_new}-{call}-{how}-{nth}.db");
                    if !is_new {
                        prepared(&home, &database);
                    }
                    let when =
                        format!("{call}:{how}:when={nth}, {}", if is_new { "a new database" } else { "a database" });
                    let ran = run(&home, &["--db", &database, "fetch"], &trace, &format!("{call}:{how}:when={nth}"));
                    match ran.code {
                        Some(0) => {}
                        Some(1) => {
                            let is_clear = ["the disk cannot be used", "cannot keep", "cannot open"];
                            let names = ran.stderr.contains(&database);
                            assert!(
                                names && is_clear.iter().any(|words| ran.stderr.contains(words)),
                                "{when}: {}",
                                ran.stderr
                            );
                        }
                        // strace ends as what it traces did.
                        None if how.starts_with("signal") => {}
                        other => panic!("{when}: {other:?} {}", ran.stderr),
                    }
                    // How answers fall into batches differs from run to run, and with it how much is written in the end.
                    assert!(nth * 4 > count * 3 || is_injected(&trace), "{when}: it never came to that");
                    assert_heals(&home, &database, &titles, &when);
                    tried += 1;
                }
            }
        }
        println!("{counts:?} in one thread of {}", if is_new { "a first pass" } else { "a pass" });
    }
    println!("{tried} operations failed");
}

/// The process that strace watches.
fn watched(service: &Service<'_>) -> Option<String> {
    let strace = service.process();
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).ok()?;
    children.split_whitespace().next().map(str::to_owned)
}

fn terminate(service: &Service<'_>) {
    let process = watched(service).expect("strace has a child");
    let sent = Command::new("kill").args(["-TERM", &process]).status();
    assert!(sent.expect("`kill` starts").success());
}

fn stored(database: &Path) -> usize {
    let Ok(connection) = rusqlite::Connection::open(database) else { return 0 };
    connection
        .query_row("SELECT count(*) FROM articles", [], |row| row.get::<_, i64>(0))
        .map_or(0, |count| count as usize)
}

/// More writes than a first pass over a few entries may take.
const FIRST_MAX: usize = 400;

#[test]
fn trouble_that_lasts_is_told_and_outlived_and_a_stop_meanwhile_is_in_order() {
    if !has_strace() {
        return;
    }
    let (home, titles) = home();
    let trace = home.path("trace");
    let (lasts, usual) = (["pwrite64:error=ENOSPC:when=", "pwrite64:error=EIO:when="], [30]);
    let starts: Vec<usize> = if is_slow_wanted() { (1..=FIRST_MAX).collect() } else { usual.to_vec() };
    for (number, first) in starts.into_iter().enumerate() {
        let injection = lasts[number % 2];
        // For a while: it goes on by itself, in the same process.
        let database = prepared(&home, "while.db");
        let command = home.command(&["--db", "while.db", "run"]);
        let inject = format!("{injection}{first}..{}", first + 2);
        let mut service = Service::spawn(&home, traced(&command, &trace, std::slice::from_ref(&inject)));
        service.until(&format!("all is stored with {inject}"), || stored(&database) == titles.len());
        terminate(&service);
        assert_eq!(service.end(Duration::from_secs(6)).code(), Some(0), "{inject}: {}", service.log());
        assert_heals(&home, "while.db", &titles, &inject);
        if !is_injected(&trace) {
            // So many writes it does not need: that is all there are.
            assert!(is_slow_wanted() && first > 60, "{inject}: it never came to that");
            return;
        }

        // For good: it says so, waits, and ends in order when it is told to.
        prepared(&home, "good.db");
        let command = home.command(&["--db", "good.db", "run"]);
        let inject = format!("{injection}{first}+");
        let mut service = Service::spawn(&home, traced(&command, &trace, std::slice::from_ref(&inject)));
        service.until(&format!("it says what is wrong with {inject}"), || true);
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_secs(10) && !service.log().contains("the disk cannot be used") {
            std::thread::sleep(Duration::from_millis(20));
        }
        terminate(&service);
        assert_eq!(service.end(Duration::from_secs(6)).code(), Some(0), "{inject}: {}", service.log());
        assert!(service.log().contains("the disk cannot be used"), "{inject}: {}", service.log());
        assert_heals(&home, "good.db", &titles, &inject);
        for file in ["while.db", "good.db"] {
            for ending in ["", "-wal", "-shm", ".lock", ".reading"] {
                fs::remove_file(home.path(&format!("{file}{ending}"))).unwrap_or_default();
            }
        }
    }
}

/// A disk of its own, of so many KiB; it is unmounted with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: PathBuf, kibibytes: usize) -> Option<Disk> {
        fs::create_dir_all(&folder).unwrap();
        let size = format!("size={kibibytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "newsfold-test"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("skipped: no disk may be mounted here");
            return None;
        }
        Some(Disk(folder))
    }

    fn grow(&self, kibibytes: usize) {
        let grown = Command::new("mount").args(["-o", &format!("remount,size={kibibytes}k")]).arg(&self.0).status();
        assert!(grown.expect("`mount` starts").success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a service that was killed a moment ago may still hold it.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_is_waited_for_wherever_it_ran_full() {
    let (home, titles) = home();
    // Pages that there is room for, up to what the work needs.
    let sizes: Vec<usize> = if is_slow_wanted() { (4..900).step_by(8).collect() } else { vec![60, 300] };
    for kibibytes in sizes {
        let Some(disk) = Disk::mount(home.path("disk"), kibibytes) else { return };
        let database = disk.0.join("n.db");
        let name = database.display().to_string();
        let mut service = Service::spawn(&home, home.command(&["--db", &name, "run"]));
        let began = std::time::Instant::now();
        let told = |service: &Service<'_>| service.log().contains("the disk cannot be used");
        while began.elapsed() < Duration::from_secs(15) && !told(&service) && stored(&database) < titles.len() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let had_trouble = told(&service);
        assert!(had_trouble || kibibytes > 440, "{kibibytes} KiB would be enough\n{}", service.log());
        disk.grow(16 << 10);
        service.until("there is room again and all is stored", || stored(&database) == titles.len());
        service.signal("TERM");
        assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{kibibytes} KiB: {}", service.log());
        assert_heals(&home, &name, &titles, &format!("{kibibytes} KiB"));
        sound::assert_sound(&database, &format!("{kibibytes} KiB"));
    }
}
