//! A document that ends the process: tried by the next one where it can end nobody, read alone, and left unread once it is proved (S13).

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use newsfold::quarantine::DEATHS_MAX;

use crate::binary::{Home, Ran, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, Entry, rss};

const PATIENCE: Duration = Duration::from_secs(60);

/// A feed that takes half a second or so to read, and holds this many entries.
const HEAVY_ENTRIES: usize = 100;

fn heavy(outlet: &str) -> Answer {
    let words = "<p>The <b>harbour</b> light &amp; the bell were out of order.</p>".repeat(100);
    let titles: Vec<String> = (0..HEAVY_ENTRIES).map(|number| format!("{outlet}, entry {number}")).collect();
    let entries: Vec<Entry<'_>> =
        titles.iter().map(|title| Entry { guid: title, title, link: "", text: &words, ..BREAD }).collect();
    Answer::new(200, rss(outlet, &entries))
}

fn light() -> Answer {
    Answer::new(200, rss("The Lamp", &[DAM]))
}

/// The feeds whose documents are being read right now, as the file of marks has them.
fn read_now(home: &Home) -> Vec<i64> {
    let text = fs::read_to_string(home.path("newsfold.db.reading")).unwrap_or_default();
    let marks = text.lines().skip(1).filter_map(|line| line.trim().split_once(' '));
    marks.map(|(feed, _)| feed.parse().expect("a mark begins with a feed's number")).collect()
}

/// Starts a pass and waits until this holds of the documents that are being read.
fn start_until(home: &Home, args: &[&str], mut holds: impl FnMut(&[i64]) -> bool) -> Child {
    // Marks of the process before are no marks of this one.
    let written = || fs::metadata(home.path("newsfold.db.reading")).and_then(|file| file.modified()).ok();
    let before = written();
    let mut child = home.spawn(args);
    let began = Instant::now();
    while written() == before || !holds(&read_now(home)) {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended too soon");
        assert!(began.elapsed() < PATIENCE, "never seen");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// Kills a pass as soon as this holds, as the system kills what eats its memory.
fn kill_when(home: &Home, args: &[&str], holds: impl FnMut(&[i64]) -> bool) {
    let mut child = start_until(home, args, holds);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// What `feeds list` says of the feed.
fn health(home: &Home, url: &str) -> String {
    let listed = home.json(&["feeds", "list", "--format", "json"]);
    let feeds = listed["feeds"].as_array().expect("a list of feeds");
    let feed = feeds.iter().find(|feed| text(feed, "url") == url).expect("the feed is listed");
    text(feed, "health").to_owned()
}

fn assert_quarantined(ran: &Ran) {
    assert!(ran.stderr.contains("quarantined") && ran.stderr.contains("feeds remove"), "{}", ran.stderr);
}

fn articles(home: &Home) -> u64 {
    home.json(&["status", "--format", "json"])["articles"].as_u64().expect("a count")
}

#[test]
fn a_document_that_ended_the_process_again_and_again_is_not_read_until_it_changes() {
    let (origin, home) = (Origin::start(), Home::new());
    let url = origin.url("/feed");
    origin.serve("/feed", heavy("Heavy"));
    let fetch = ["fetch", url.as_str()];
    for _ in 0..DEATHS_MAX {
        kill_when(&home, &fetch, |reading| !reading.is_empty());
    }
    let ran = home.run(&fetch);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_quarantined(&ran);
    assert_eq!(health(&home, &url), "quarantined");
    // Asked for by name or with all, it stays unread.
    assert_quarantined(&home.run(&["fetch", "--all"]));
    let checked = home.run(&["feeds", "check", &url]);
    assert!(checked.code == Some(1) && checked.stdout.contains("quarantined"), "{}", checked.stdout);
    assert_eq!(articles(&home), 0);

    origin.serve("/feed", light());
    home.good(&fetch);
    assert_eq!((health(&home, &url).as_str(), articles(&home)), ("ok", 1));
    // Another document was read in between, so the first one may try again.
    origin.serve("/feed", heavy("Heavy"));
    home.good(&fetch);
    assert_eq!(articles(&home), 1 + u64::try_from(HEAVY_ENTRIES).expect("it is small"));
    assert!(!home.path("newsfold.db.reading").exists());
}

#[test]
fn those_that_may_have_caused_a_death_are_read_alone_and_nobody_stays_accused_for_having_been_there() {
    let (origin, home) = (Origin::start(), Home::new());
    let urls = ["/one", "/other", "/light"].map(|path| origin.url(path));
    origin.serve("/one", heavy("One"));
    origin.serve("/other", heavy("Other"));
    origin.serve("/light", light());
    let fetch = ["fetch", &urls[0], &urls[1], &urls[2]];
    kill_when(&home, &fetch, |reading| reading.contains(&1) && reading.contains(&2));
    let mut most = 0;
    kill_when(&home, &fetch, |reading| {
        if reading.iter().any(|feed| [1, 2].contains(feed)) {
            most = most.max(reading.len());
        }
        reading.contains(&1)
    });
    assert_eq!(most, 1, "a suspect is read alone");
    let ran = home.good(&fetch);
    assert!(ran.stderr.contains("tried in a process of its own"), "{}", ran.stderr);
    let heavy = u64::try_from(HEAVY_ENTRIES).expect("it is small");
    assert_eq!(articles(&home), 1 + 2 * heavy, "{}", ran.stderr);
}

#[test]
fn deaths_elsewhere_and_orderly_ends_never_count() {
    let (origin, home) = (Origin::start(), Home::new());
    let url = origin.url("/feed");
    let fetch = ["fetch", url.as_str()];
    // While it is on its way.
    origin.serve("/feed", light().drip(20, Duration::from_millis(50)));
    for asked in 1..=2 {
        let mut child = home.spawn(&fetch);
        let began = Instant::now();
        while origin.requests("/feed").len() < asked {
            assert!(began.elapsed() < PATIENCE, "it was never asked");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    // Told to end while it is being read.
    origin.serve("/feed", heavy("Heavy"));
    for _ in 0..2 {
        let mut child = start_until(&home, &fetch, |reading| !reading.is_empty());
        let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(told.expect("`kill` starts").success());
        child.wait().expect("it ends");
        assert!(!home.path("newsfold.db.reading").exists());
    }
    // Once while it is read, then the server is ill, then once more: a failure to get it is no success and no other document.
    kill_when(&home, &fetch, |reading| !reading.is_empty());
    assert_ne!(home.run(&["feeds", "list"]).stdout, "");
    let ran = home.good(&fetch);
    assert!(ran.stderr.contains("read alone"), "{}", ran.stderr);
    assert_eq!(health(&home, &url), "ok");
}

/// A real death, where the parser still goes deep enough: elements inside of elements, read on a small stack.
#[test]
fn a_stack_that_overflows_is_such_a_death() {
    let (origin, home) = (Origin::start(), Home::new());
    let (open, close) = ("<media:group>".repeat(250), "</media:group>".repeat(250));
    let deep = format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Deep</title><item><title>One</title>\
         {open}{close}</item></channel></rss>"
    );
    origin.serve("/deep", Answer::new(200, deep));
    origin.serve("/light", light());
    let [deep, light] = ["/deep", "/light"].map(|path| origin.url(path));
    let fetch = |args: &[&str], stack: &str| {
        let args = [&["fetch"], args].concat();
        home.command(&args).env("RUST_MIN_STACK", stack).output().expect("the binary starts")
    };
    let stacks = ["400000", "300000", "200000", "150000", "100000"];
    let too_small =
        |stack: &&&str| fetch(&[&light], stack).status.success() && fetch(&[&deep], stack).status.code().is_none();
    let Some(stack) = stacks.iter().find(too_small) else {
        println!("skipped: no stack is too small for this document and large enough for others");
        return;
    };
    // One death is enough: the process that tries it dies of it too, and the other feed is none the worse for it.
    let ran = fetch(&[&deep, &light], stack);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(
        said.contains("and so did a process that was to try it (it needs more memory") && said.contains("feeds remove")
    );
    assert_eq!((health(&home, &deep).as_str(), articles(&home)), ("quarantined", 1));
    // It stays so, and is tried again as often as it is asked; where it does no harm any more it is read.
    let again = fetch(&["--all"], stack);
    assert_eq!(again.status.code(), Some(3), "{}", String::from_utf8_lossy(&again.stderr));
    home.good(&["feeds", "remove", &deep]);
    home.good(&["feeds", "add", &deep]);
    home.good(&["fetch", &deep]);
    assert_eq!((health(&home, &deep).as_str(), articles(&home)), ("undated", 2));
}
