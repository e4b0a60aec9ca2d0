//! What a reader has seen, as the commands keep it: `--new`, `dismiss`, `digest --catch-up`, mail, and the service's own digests.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use newsfold::clock;
use newsfold::store::Store;
use serde_json::Value;

use crate::binary::{Home, Ran, text};
use crate::origin::{Answer, Origin};
use crate::post_office::{Fault, Letter, PostOffice};
use crate::samples::{BREAD, DAM, Entry, rss};

/// A home with a feed that was added a while ago, so that what it brings is news.
struct Scene {
    home: Home,
    origin: Origin,
    more: usize,
}

const TURN: Entry<'static> = Entry {
    title: "Orveth dam breach: 15 dead found in Kellbruck, engineer Joost Varga arrested",
    text: "Rescue teams found 15 dead in Kellbruck after the Orveth dam breach. Police arrested the engineer Joost Varga.",
    ..DAM
};

impl Scene {
    fn new(config: &str) -> Scene {
        let home = Home::with_config(&format!("[fetch]\nallow_private_addresses = true\n{config}"));
        Scene { home, origin: Origin::start(), more: 0 }
    }

    /// A feed of an outlet of its own brings an entry that is published now.
    fn report(&mut self, entry: Entry<'_>) {
        self.more += 1;
        let path = format!("/{}", self.more);
        self.home.good(&["feeds", "add", "--no-check", &self.origin.url(&path)]);
        // A feed's dates are whole seconds, and a few seconds ahead are believed.
        let published = rfc2822(clock::now() + SignedDuration::from_secs(5));
        let guid = format!("guid-{}", self.more);
        let link = format!("https://outlet{}.example/{}", self.more, self.more);
        let entry = Entry { guid: &guid, link: &link, published: &published, ..entry };
        self.origin.serve(&path, Answer::new(200, rss(&format!("Outlet {}", self.more), &[entry])));
        self.home.good(&["fetch", &self.origin.url(&path)]);
    }

    fn titles(&self, args: &[&str]) -> Vec<String> {
        let ran = self.home.good(&[args, &["--format", "jsonl"]].concat());
        let lines = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is an object"));
        lines.map(|cluster| text(&cluster, "headline").to_owned()).collect()
    }

    /// Runs it with a stdout of another kind.
    fn run_into(&self, args: &[&str], stdout: Stdio) -> Ran {
        let output = self.home.command(args).stdout(stdout).stderr(Stdio::piped()).output().expect("the binary starts");
        let stderr = String::from_utf8(output.stderr).expect("stderr is UTF-8");
        Ran { code: output.status.code(), stdout: String::new(), stderr }
    }

    fn edition(&self, args: &[&str]) -> Value {
        self.home.json(&[&["digest", "--catch-up", "--format", "json"], args].concat())
    }
}

fn rfc2822(moment: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&moment.to_zoned(TimeZone::UTC)).expect("a date")
}

/// A pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    Stdio::from(writer)
}

fn full_disk() -> Stdio {
    Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full"))
}

fn stories(edition: &Value) -> Vec<(String, bool)> {
    let stories = edition["stories"].as_array().expect("a list of stories").iter();
    stories.map(|story| (text(story, "headline").to_owned(), !story["update_of"].is_null())).collect()
}

#[test]
fn new_is_what_came_since_the_list_was_last_shown_whole() {
    let mut scene = Scene::new("");
    scene.report(BREAD);
    let new = ["clusters", "--new"];
    // Nothing that was not shown counts as shown.
    let full = scene.run_into(&new, full_disk());
    assert_eq!(full.code, Some(1), "{}", full.stderr);
    let cut = scene.run_into(&new, closed_pipe());
    assert_eq!(cut.code, Some(0), "a closed pipe is success: {}", cut.stderr);
    assert_eq!(scene.titles(&new), [BREAD.title]);
    assert_eq!(scene.titles(&new), [""; 0]);
    assert_eq!(scene.titles(&["clusters", "--new", "--name", "somebody else"]), [BREAD.title]);
    assert_eq!(scene.titles(&["search", "sourdough", "--new"]), [BREAD.title], "each command has its own");
    assert_eq!(scene.titles(&["search", "sourdough", "--new"]), [""; 0]);
    assert_eq!(scene.titles(&["search", "apprentices", "--new"]), [BREAD.title], "other words are another list");
    assert_eq!(scene.titles(&["clusters"]), [BREAD.title], "and nothing is hidden from whoever does not ask for it");

    // A copy brings nothing new; a report that says something new does.
    scene.report(DAM);
    assert_eq!(scene.titles(&new), [DAM.title]);
    scene.report(DAM);
    assert_eq!(scene.titles(&new), [""; 0], "a copy");
    scene.report(TURN);
    assert_eq!(scene.titles(&new).len(), 1, "a turn");

    // What the limit leaves out comes next time.
    let limited = ["clusters", "--new", "--name", "few", "--limit", "1"];
    let (first, second) = (scene.titles(&limited), scene.titles(&limited));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(scene.titles(&limited), [""; 0]);
}

#[test]
fn what_a_filter_hides_does_not_count_as_shown() {
    let mut scene = Scene::new("");
    scene.report(BREAD);
    scene.report(DAM);
    assert_eq!(scene.titles(&["clusters", "--new", "--outlet", "outlet 1"]), [BREAD.title], "whatever the case");
    assert_eq!(scene.titles(&["clusters", "--new", "--outlet", "Outlet 1"]), [""; 0], "it is the same list");
    assert_eq!(scene.titles(&["clusters", "--new", "--query", "Orveth"]), [DAM.title], "another filter, another list");
    assert_eq!(scene.titles(&["clusters", "--new"]).len(), 2, "nothing is lost");
    assert_eq!(scene.titles(&["clusters", "--new"]), [""; 0]);

    // A story that a copy brings into a list is new to that list, and to no other.
    let wide = ["clusters", "--new", "--min-outlets", "2"];
    assert_eq!(scene.titles(&wide), [""; 0]);
    scene.report(DAM);
    assert_eq!(scene.titles(&["clusters", "--new"]), [""; 0], "a copy");
    assert_eq!(scene.titles(&wide), [DAM.title]);
    assert_eq!(scene.titles(&wide), [""; 0]);
    assert_eq!(scene.titles(&["clusters", "--new", "--outlet", "Outlet 3"]), [DAM.title], "its first look");
    scene.report(BREAD);
    assert_eq!(scene.titles(&wide), [BREAD.title], "it has two outlets now");
}

#[test]
fn what_the_index_does_not_hold_yet_was_not_shown() {
    let mut scene = Scene::new("");
    scene.report(BREAD);
    scene.report(DAM);
    // The index came as far as the first of them.
    let mut store = Store::open(&scene.home.path("newsfold.db"), 0, clock::now()).expect("the database");
    store.forget_index().expect("it is emptied");
    assert_eq!(store.index(1).expect("it is written"), 1);
    let lists = [
        ["clusters", "--new", "--query", "orveth"].as_slice(),
        &["search", "orveth", "--new"],
        &["digest", "--new", "--query", "orveth"],
    ];
    let shown = |list: &[&str]| match list[0] {
        "digest" => stories(&scene.home.json(&[list, &["--format", "json"]].concat())).len(),
        _ => scene.titles(list).len(),
    };
    for list in lists {
        assert_eq!(shown(list), 0, "{list:?}");
    }
    store.index(9).expect("it is written");
    for list in lists {
        assert_eq!([shown(list), shown(list)], [1, 0], "{list:?}");
    }
}

#[test]
fn backlog_that_the_index_does_not_hold_yet_was_not_shown() {
    let scene = Scene::new("");
    scene.origin.serve("/old", Answer::new(200, rss("The Lamp", &[BREAD, DAM])));
    scene.home.good(&["fetch", &scene.origin.url("/old")]);
    let mut store = Store::open(&scene.home.path("newsfold.db"), 0, clock::now()).expect("the database");
    store.forget_index().expect("it is emptied");
    assert_eq!(store.index(1).expect("it is written"), 1);
    let new = ["clusters", "--new", "--since", "2025-01-01", "--query", "orveth OR sourdough"];
    let first = scene.titles(&new);
    store.index(9).expect("it is written");
    let second = scene.titles(&new);
    assert!(first.len() == 1 && second.len() == 1 && first != second, "{first:?}, {second:?}");
    assert_eq!(scene.titles(&new), [""; 0]);
}

#[test]
fn backlog_is_never_new_and_always_there() {
    let scene = Scene::new("");
    scene.origin.serve("/old", Answer::new(200, rss("The Lamp", &[BREAD, DAM])));
    scene.home.good(&["fetch", &scene.origin.url("/old")]);
    assert_eq!(scene.titles(&["clusters", "--new"]), [""; 0]);
    assert_eq!(scene.edition(&[])["counts"]["stories"], 0);
    assert_eq!(scene.titles(&["clusters", "--since", "2025-01-01"]).len(), 2);
    let reaching = scene.edition(&["--name", "reaching", "--since", "2025-01-01"]);
    assert_eq!((&reaching["counts"]["stories"], text(&reaching, "from")), (&Value::from(2), "2025-01-01T00:00:00Z"));
}

#[test]
fn backlog_that_a_first_look_showed_is_known_to_its_list() {
    let mut scene = Scene::new("");
    let ago = |hours| rfc2822(clock::now() - SignedDuration::from_hours(hours));
    let (yesterday, lately) = (ago(30), ago(1));
    let old = [Entry { published: &lately, ..BREAD }, Entry { published: &yesterday, ..DAM }];
    scene.origin.serve("/old", Answer::new(200, rss("The Lamp", &old)));
    scene.home.good(&["fetch", &scene.origin.url("/old")]);
    let new = ["clusters", "--new", "--since", "24h"];
    assert_eq!(scene.titles(&new), [BREAD.title], "who says since when wants backlog too");
    assert_eq!(scene.titles(&new), [""; 0]);
    scene.report(BREAD);
    assert_eq!(scene.titles(&new), [""; 0], "a copy of what was shown");
    scene.report(DAM);
    assert_eq!(scene.titles(&["clusters"]).len(), 2, "each copy is with what it copies");
    assert_eq!(scene.titles(&new), [DAM.title], "a copy of what was too old to be shown");
    assert_eq!(scene.titles(&new), [""; 0]);
    scene.report(TURN);
    assert_eq!(scene.titles(&new).len(), 1, "a turn");
}

#[test]
fn a_story_that_is_found_by_its_second_report_is_new_to_the_search() {
    let mut scene = Scene::new("");
    scene.report(DAM);
    let new = ["search", "ferries", "--new"];
    assert_eq!(scene.titles(&new), [""; 0]);
    let more = format!("{} The ferries stay where they are.", DAM.text);
    scene.report(Entry { text: &more, ..DAM });
    assert_eq!(scene.titles(&["clusters"]), [DAM.title], "it is one story");
    assert_eq!(scene.titles(&["clusters", "--new", "--name", "later"]).len(), 1);
    assert_eq!(scene.titles(&new), [DAM.title]);
    assert_eq!(scene.titles(&new), [""; 0]);
    scene.report(Entry { text: &more, ..DAM });
    assert_eq!(scene.titles(&new), [""; 0], "a copy");
}

#[test]
fn who_wants_to_see_what_is_muted_has_another_list() {
    let mut scene = Scene::new("[reading.mute]\nwords = [\"orveth\"]\n");
    scene.report(BREAD);
    scene.report(DAM);
    let new = ["clusters", "--new", "--format", "jsonl"];
    let muted = scene.home.good(&new);
    assert!(muted.stderr.contains("1 cluster muted") && muted.stdout.lines().count() == 1, "{}", muted.stderr);
    let unmuted = ["clusters", "--new", "--unmuted"];
    assert_eq!(scene.titles(&unmuted).len(), 2, "as the line on stderr promises");
    assert_eq!(scene.titles(&unmuted), [""; 0]);
    assert_eq!(scene.titles(&["search", "orveth", "--new"]), [""; 0]);
    assert_eq!(scene.titles(&["search", "orveth", "--new", "--unmuted"]), [DAM.title]);
}

#[test]
fn a_mail_of_what_is_new_is_sent_only_where_there_is_any() {
    let office = PostOffice::open();
    let mail =
        format!("[mail]\nsmtp = \"{}\"\nfrom = \"News <news@example.org>\"\nto = [\"me@example.org\"]\n", office.url());
    let mut scene = Scene::new(&mail);
    scene.report(DAM);
    let new = ["digest", "--new", "--mail", "--name", "morning"];
    assert!(scene.home.good(&new).stderr.contains("sent to me@example.org"));
    let none = scene.home.good(&new).stderr;
    assert!(none.contains("nothing new for `morning`: no mail is sent"), "{none}");
    assert_eq!(office.taken().len(), 1);
    scene.report(BREAD);
    scene.home.good(&new);
    assert_eq!(office.taken().len(), 2);
}

#[test]
fn a_digest_has_its_own_zone_and_a_kept_edition_its_own_name() {
    let mut scene = Scene::new("[digest.far]\nzone = \"Pacific/Kiritimati\"\n");
    scene.report(DAM);
    for covers in [["--top", "9"].as_slice(), &["--catch-up"]] {
        let typed = ["digest", "--name", "far", "--since", "2025-02-13", "--format", "json"];
        let digest = scene.home.json(&[&typed, covers].concat());
        assert_eq!(text(&digest, "from"), "2025-02-12T10:00:00Z", "{covers:?}");
    }
    let kept = &scene.home.json(&["editions", "--format", "json"])["editions"][0];
    let until: Timestamp = text(kept, "until").parse().expect("a moment");
    let day = (until + SignedDuration::from_hours(14)).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    scene.home.good(&["digest", "--name", "far", "--edition", "1", "--out", "{name}-{number}-{date}.json"]);
    let file = fs::read(scene.home.path(&format!("far-1-{day}.json"))).expect("the braces are filled in");
    assert_eq!(stories(&serde_json::from_slice(&file).expect("JSON")).len(), 1);
}

#[test]
fn a_dismissed_cluster_is_hidden_until_it_has_news() {
    let mut scene = Scene::new("");
    scene.report(BREAD);
    scene.report(DAM);
    let id =
        text(&scene.home.json(&["clusters", "--query", "Orveth", "--format", "json"])["clusters"][0], "id").to_owned();
    let ran = scene.home.good(&["dismiss", &id]);
    assert!(ran.stderr.contains("1 cluster dismissed until there is news"), "{}", ran.stderr);
    assert_eq!(scene.titles(&["clusters"]), [BREAD.title]);
    assert_eq!(scene.titles(&["clusters", "--new"]), [BREAD.title]);
    assert_eq!(scene.titles(&["clusters", "--dismissed"]), [DAM.title]);
    assert!(!scene.home.good(&["digest"]).stdout.contains("Orveth"));
    assert!(scene.home.good(&["search", "Orveth"]).stdout.contains("Orveth"), "who looks for it finds it");
    scene.report(DAM);
    assert_eq!(scene.titles(&["clusters"]), [BREAD.title], "a copy does not bring it back");
    scene.home.good(&["dismiss", "--undo", &id]);
    assert_eq!(scene.titles(&["clusters"]).len(), 2);
    scene.home.good(&["dismiss", &id]);
    scene.report(TURN);
    assert_eq!(scene.titles(&["clusters"]).len(), 2, "news does");
    assert_eq!(scene.titles(&["clusters", "--dismissed"]), [""; 0]);
    let none = scene.home.run(&["dismiss", "c0000"]);
    assert_eq!(none.code, Some(1), "{}", none.stderr);
}

#[test]
fn an_edition_covers_all_since_the_last_one_once() {
    let mut scene = Scene::new("");
    scene.report(BREAD);
    let catch_up = ["digest", "--catch-up"];
    assert_eq!(scene.run_into(&catch_up, full_disk()).code, Some(1));
    let cut = scene.run_into(&catch_up, closed_pipe());
    assert!(cut.code == Some(0) && cut.stderr.contains("it does not count"), "{}", cut.stderr);
    let failed = scene.home.run(&["digest", "--catch-up", "--out", "missing/today.txt"]);
    assert!(failed.code == Some(1) && failed.stderr.contains("missing/today.txt"), "{}", failed.stderr);

    let first = scene.edition(&[]);
    assert_eq!(stories(&first), [(BREAD.title.to_owned(), false)]);
    let second = scene.home.good(&["digest", "--catch-up", "--format", "json"]);
    assert!(second.stderr.contains("nothing new for `newsfold` since"), "{}", second.stderr);
    let second: Value = serde_json::from_str(&second.stdout).expect("JSON");
    assert_eq!((stories(&second), text(&second, "from")), (Vec::new(), text(&first, "until")));

    scene.report(DAM);
    scene.home.good(&["digest", "--catch-up", "--out", "today.html", "--format", "html"]);
    let page = fs::read_to_string(scene.home.path("today.html")).expect("it was written");
    assert!(page.contains("Orveth") && !page.contains("sourdough"), "{page}");
    let empty = scene.home.good(&["digest", "--catch-up", "--out", "today.html", "--format", "html"]).stderr;
    assert!(empty.contains("stays as it is"), "{empty}");
    assert_eq!(
        fs::read_to_string(scene.home.path("today.html")).expect("it is there"),
        page,
        "an empty one takes no place"
    );
    let later = scene.home.run(&["digest", "--catch-up", "--name", "later", "--since", "2200-01-01"]);
    assert!(later.code == Some(1) || later.code == Some(2), "{}", later.stderr);
    assert!(later.stderr.contains("no digest can begin later than now"), "{}", later.stderr);
    scene.report(TURN);
    let update = scene.edition(&[]);
    assert_eq!(stories(&update).iter().map(|(_, is_update)| *is_update).collect::<Vec<_>>(), [true]);
    let text = scene.home.good(&["digest", "--catch-up", "--name", "other"]).stdout;
    assert!(text.contains("Orveth") && text.contains("sourdough") && !text.contains("Update"), "{text}");
    let misused = scene.home.run(&["digest", "--catch-up", "--until", "1h"]);
    assert_eq!(misused.code, Some(2), "{}", misused.stderr);
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_a_whole_edition_or_none() {
    let mut scene = Scene::new("");
    for (round, entry) in [BREAD, DAM, TURN].into_iter().enumerate() {
        scene.report(entry);
        for pause in 0..14 {
            let mut child = scene.home.spawn(&["digest", "--catch-up", "--format", "json", "--out", "e{number}.json"]);
            std::thread::sleep(Duration::from_millis(6 * pause + u64::try_from(round).expect("three of them")));
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }
    scene.home.good(&["digest", "--catch-up", "--format", "json", "--out", "e{number}.json"]);
    let database = rusqlite::Connection::open(scene.home.path("newsfold.db")).expect("the database");
    let mut rows = database
        .prepare("SELECT number, stories, covers_from, covers_until FROM editions ORDER BY number")
        .expect("a query");
    let editions: Vec<(i64, i64, i64, i64)> = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("numbers");
    let mut told = Vec::new();
    for (number, count, ..) in &editions {
        let file = fs::read(scene.home.path(&format!("e{number}.json"))).expect("each edition has its file");
        let edition: Value = serde_json::from_slice(&file).expect("and it is whole");
        assert_eq!(i64::try_from(stories(&edition).len()), Ok(*count));
        told.extend(stories(&edition));
    }
    assert!(editions.windows(2).all(|pair| pair[0].3 == pair[1].2), "windows follow each other: {editions:?}");
    let first = told.iter().filter(|(_, is_update)| !is_update).count();
    assert!(first == 2 && told.len() <= 3, "two stories, once each, and one turn: {told:?}");
}

#[test]
fn a_digest_is_mailed_and_what_the_server_does_not_take_waits() {
    let office = PostOffice::open();
    let mail =
        format!("[mail]\nsmtp = \"{}\"\nfrom = \"News <news@example.org>\"\nto = [\"me@example.org\"]\n", office.url());
    let mut scene = Scene::new(&mail);
    scene.report(DAM);
    let printed = scene.home.good(&["digest", "--format", "email"]).stdout;
    let letter = Letter::read(&printed.replace("\r\n", "\n").replace('\n', "\r\n"));
    assert_eq!((letter.header("From"), letter.header("To")), ("News <news@example.org>", "me@example.org"));
    assert!(letter.part("text/plain").contains("Orveth") && letter.part("text/html").contains("Orveth"), "{printed}");

    office.fail(&[Fault::Message]);
    let failed = scene.home.run(&["digest", "--catch-up", "--mail", "--name", "morning"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("it stays in the outbox") && failed.stdout.is_empty(), "{}", failed.stderr);
    assert!(scene.home.good(&["status"]).stdout.contains("1 waits"), "status tells");
    // The edition is recorded, so the next is empty; the mail is tried again when its pause is over.
    assert_eq!(scene.edition(&["--name", "morning"])["counts"]["stories"], 0);
    assert!(office.taken().is_empty());
    let database = rusqlite::Connection::open(scene.home.path("newsfold.db")).expect("the database");
    database.execute("UPDATE outbox SET next_attempt = 0", []).expect("the pause is over");
    let sent = scene.home.good(&["digest", "--mail", "--name", "morning"]);
    assert_eq!(
        sent.stderr.matches("sent to me@example.org").count(),
        2,
        "its own mail and the one that waited: {}",
        sent.stderr
    );
    let taken = office.taken();
    let identity = |place: usize| Letter::read(&taken[place].message).header("Message-ID").to_owned();
    assert!(taken.len() == 2 && identity(0) != identity(1), "two mails");
    assert!(scene.home.good(&["status"]).stdout.contains("outbox\tempty"), "status tells");

    // One's own template makes its part of the mail.
    fs::write(scene.home.path("own.html"), "<p>{{ digest.title }} by hand</p>").expect("a template is written");
    let own = ["digest", "--mail", "--name", "own", "--format", "html", "--template", "own.html"];
    scene.home.good(&own);
    let letter = Letter::read(&office.taken().last().expect("it was sent").message);
    assert!(letter.part("text/html").contains("<p>own by hand</p>"), "{}", letter.part("text/html"));

    let none = Scene::new("").home.run(&["digest", "--mail"]);
    assert!(none.code == Some(2) && none.stderr.contains("[mail]"), "{}", none.stderr);
}

#[test]
fn the_service_makes_and_mails_what_is_due() {
    let office = PostOffice::open();
    let config = format!(
        "[mail]\nsmtp = \"{}\"\nfrom = \"news@example.org\"\n\
         [digest.morning]\nschedule = \"daily 07:00\"\nzone = \"Asia/Tokyo\"\nformat = \"markdown\"\nout = \"{{name}}-{{number}}.md\"\n\
         mail = [\"me@example.org\"]\n[digest.by-hand]\nformat = \"html\"\n",
        office.url()
    );
    let mut scene = Scene::new(&config);
    scene.report(DAM);
    // By hand, a digest's own settings hold, but only an edition goes where they say.
    let page = scene.home.good(&["digest", "--name", "by-hand"]).stdout;
    assert!(page.starts_with("<!DOCTYPE html>") || page.starts_with("<!doctype html>"), "{page}");
    assert!(scene.home.good(&["digest", "--name", "morning"]).stdout.contains("Orveth"));
    assert!(!scene.home.path("morning-1.md").exists() && office.taken().is_empty());

    // Its time has come since it is known: two days ago.
    let database = rusqlite::Connection::open(scene.home.path("newsfold.db")).expect("the database");
    let known = clock::now().as_millisecond() - 48 * 3_600_000;
    database.execute("INSERT INTO timetables VALUES ('morning', ?1)", [known]).expect("it is written");
    let mut service = scene.home.spawn(&["run"]);
    let began = Instant::now();
    while office.taken().is_empty() && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(50));
    }
    let stop = std::process::Command::new("kill").args(["-TERM", &service.id().to_string()]).status();
    assert!(stop.expect("`kill` starts").success());
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
    let taken = office.taken();
    assert_eq!(taken.len(), 1);
    assert!(Letter::read(&taken[0].message).part("text/plain").contains("Orveth"));
    let file = fs::read_to_string(scene.home.path("morning-1.md")).expect("it was written");
    assert!(file.contains("Orveth"), "{file}");
    let editions: i64 = database.query_row("SELECT count(*) FROM editions", [], |row| row.get(0)).expect("a count");
    assert_eq!(editions, 1, "the missed days are in one edition");
}

#[test]
fn an_edition_is_printed_again_as_it_was_and_the_list_says_which_are_kept() {
    let mut scene = Scene::new("[digest.morning]\nformat = \"markdown\"\n");
    scene.report(DAM);
    let none = scene.home.good(&["editions"]);
    assert!(none.stdout.is_empty() && none.stderr.contains("--catch-up"), "{}", none.stderr);
    let first = scene.home.good(&["digest", "--catch-up", "--name", "morning"]).stdout;
    assert!(first.contains("Orveth"), "{first}");
    let since = scene.home.good(&["digest", "--catch-up", "--name", "morning", "--since", "1h"]);
    assert!(
        since.stderr.contains("--since is for the first edition; number 2 begins where the last one ended"),
        "{}",
        since.stderr
    );
    scene.report(BREAD);
    let third = scene.home.good(&[
        "digest",
        "--catch-up",
        "--name",
        "morning",
        "--format",
        "text",
        "--out",
        "{name}-{number}.txt",
    ]);
    assert!(third.stderr.contains("wrote `morning-3.txt`"), "{}", third.stderr);

    let edition = |number: &str| scene.home.run(&["digest", "--name", "morning", "--edition", number]);
    assert_eq!(edition("1").stdout, first);
    assert_eq!(edition("3").stdout, fs::read_to_string(scene.home.path("morning-3.txt")).expect("a file"));
    let refused = |number: &str, why: &str| {
        let ran = edition(number);
        assert!(ran.code == Some(1) && ran.stderr.contains(why), "{}", ran.stderr);
    };
    refused("2", "number 2 of `morning` is not kept: it told nothing");
    refused("4", "the last edition of `morning` is number 3");
    let other = scene.home.run(&["digest", "--edition", "1"]);
    assert!(other.stderr.contains("there is no edition of a digest `newsfold`"), "{}", other.stderr);
    assert_eq!(scene.home.run(&["digest", "--edition", "1", "--format", "html"]).code, Some(2));
    let list = scene.home.json(&["editions", "--format", "json"]);
    let kept: Vec<(u64, &str)> = list["editions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|edition| (edition["number"].as_u64().expect("a number"), text(edition, "format")))
        .collect();
    assert_eq!(kept, [(3, "text"), (1, "markdown")]);
    let lines = scene.home.good(&["editions", "--name", "morning"]).stdout;
    assert_eq!(lines.lines().count(), 2, "{lines}");
}

#[test]
fn each_fault_of_a_config_is_told_on_a_line_of_its_own() {
    let home = Home::with_config("[digest.a]\nschedule = \"now and then\"\nout = \"{day}\"\n");
    let ran = home.run(&["clusters"]);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!((ran.code, lines.len()), (Some(2), 2), "{}", ran.stderr);
    assert!(
        lines[0].starts_with("newsfold: config.toml:2:12: ") && lines[1].starts_with("newsfold: config.toml:3:7: ")
    );
}

#[test]
fn braces_in_a_files_name_mean_the_same_by_hand() {
    let mut scene = Scene::new("");
    scene.report(DAM);
    scene.home.good(&["digest", "--name", "a/b", "--since", "1h", "--out", "{name}-{date}.txt"]);
    let day = clock::now().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let yesterday =
        (clock::now() - SignedDuration::from_mins(5)).to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let is_there = |day: &str| scene.home.path(&format!("a_b-{day}.txt")).exists();
    assert!(is_there(&day) || is_there(&yesterday));
    let first = scene.home.good(&["digest", "--catch-up", "--out", "{date}.txt"]).stderr;
    scene.report(BREAD);
    let second = scene.home.good(&["digest", "--catch-up", "--out", "{date}.txt"]).stderr;
    assert!(!first.contains("was there before"), "{first}");
    assert!(second.contains("was there before; `newsfold editions`") || day != yesterday, "{second}");
    let numbered = scene.home.run(&["digest", "--out", "{number}.txt"]);
    assert!(numbered.code == Some(2) && numbered.stderr.contains("`--catch-up` makes one"), "{}", numbered.stderr);
    let unknown = scene.home.run(&["digest", "--catch-up", "--out", "{day}.txt"]);
    assert!(
        unknown.code == Some(2) && unknown.stderr.contains("{date}, {time}, {name}, {number}"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn the_settings_of_a_name_hold_by_hand_as_well_its_beginning_too() {
    let mut scene = Scene::new("[digest.late]\nsince = \"1h\"\n[digest.whole]\n");
    let old = "Fri, 13 Feb 2026 09:00:00 GMT";
    scene.origin.serve("/old", Answer::new(200, rss("Old Post", &[Entry { published: old, ..BREAD }])));
    scene.home.good(&["feeds", "add", "--no-check", &scene.origin.url("/old")]);
    scene.home.good(&["fetch", &scene.origin.url("/old")]);
    scene.report(DAM);
    let printed = |args: &[&str]| scene.home.good(&[&["digest"], args].concat()).stdout;
    let whole = printed(&["--name", "whole"]);
    assert!(whole.contains("Orveth") && whole.contains("sourdough"), "{whole}");
    let late = printed(&["--name", "late"]);
    assert!(late.contains("Orveth") && !late.contains("sourdough"), "{late}");
    assert!(printed(&["--name", "late", "--since", "2026-01-01"]).contains("sourdough"));
}

/// What is new, and the mail that brings it, are remembered together: a mail that cannot be put into the outbox moves nothing.
#[test]
fn what_is_new_is_mailed_once_and_marked_with_the_mail_or_not_at_all() {
    let office = PostOffice::open();
    let mail = format!("[mail]\nsmtp = \"{}\"\nfrom = \"news@example.org\"\nto = \"me@example.org\"\n", office.url());
    let mut scene = Scene::new(&mail);
    scene.report(DAM);
    let database = rusqlite::Connection::open(scene.home.path("newsfold.db")).expect("the database");
    let full = "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no room'); END";
    database.execute_batch(full).expect("a trigger");
    let failed = scene.home.run(&["digest", "--new", "--mail"]);
    assert!(failed.code == Some(1) && office.taken().is_empty(), "{}", failed.stderr);
    database.execute_batch("DROP TRIGGER full").expect("it goes");
    scene.home.good(&["digest", "--new", "--mail"]);
    assert_eq!(office.taken().len(), 1);
    assert!(Letter::read(&office.taken()[0].message).part("text/plain").contains("Orveth"));
    let again = scene.home.good(&["digest", "--new"]).stdout;
    assert!(!again.contains("Orveth"), "{again}");
}

#[test]
fn mail_goes_over_tls_to_a_server_that_proves_who_it_is_and_to_no_other() {
    let office = PostOffice::open_with_tls();
    let config = |host: &str, port: &str| {
        format!("[mail]\nsmtp = \"smtps://{host}:{port}\"\nfrom = \"news@example.org\"\nto = \"me@example.org\"\n")
    };
    let authority = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls/authority.pem");
    let mailed = |config: String, trusted: Option<&std::path::Path>| {
        let mut scene = Scene::new(&config);
        scene.report(DAM);
        let mut command = scene.home.command(&["digest", "--catch-up", "--mail"]);
        if let Some(trusted) = trusted {
            command.env("SSL_CERT_FILE", trusted);
        }
        let output = command.output().expect("the binary starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("stderr is UTF-8"))
    };
    let (code, said) = mailed(config("localhost", office.port()), Some(&authority));
    assert!(code == Some(0) && office.taken().len() == 1, "{said}");
    assert!(Letter::read(&office.taken()[0].message).part("text/plain").contains("Orveth"));

    let refused = |said: &(Option<i32>, String), why: &str| {
        assert!(said.0 == Some(1) && said.1.lines().count() <= 3, "{}", said.1);
        assert!(
            said.1.contains("(connecting)") && said.1.contains(why) && said.1.contains("it stays in the outbox"),
            "{}",
            said.1
        );
    };
    refused(
        &mailed(config("localhost", office.port()), None),
        "nobody whom this machine trusts has signed its certificate",
    );
    // The certificate is of another name.
    refused(&mailed(config("127.0.0.1", office.port()), Some(&authority)), "its certificate is another host's");
    let plain = PostOffice::open();
    refused(&mailed(config("localhost", plain.port()), Some(&authority)), "it does not speak TLS at this port");
    assert_eq!((office.taken().len(), plain.taken().len()), (1, 0));
}

/// A server that takes connections and never says a word.
#[test]
fn digests_do_not_wait_for_mail_and_a_stop_waits_for_neither() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = silent.local_addr().expect("it has one");
    let config = format!(
        "[mail]\nsmtp = \"smtp://{address}\"\nfrom = \"news@example.org\"\nto = \"me@example.org\"\n\
         [digest.first]\nschedule = \"daily 07:00\"\nmail = \"me@example.org\"\nout = \"first.txt\"\n\
         [digest.second]\nschedule = \"daily 07:00\"\nout = \"second.txt\"\n"
    );
    let mut scene = Scene::new(&config);
    scene.report(DAM);
    let database = rusqlite::Connection::open(scene.home.path("newsfold.db")).expect("the database");
    let known = clock::now().as_millisecond() - 48 * 3_600_000;
    let is_due = |name: &str| {
        let sql = "INSERT INTO timetables VALUES (?1, ?2) ON CONFLICT DO UPDATE SET since = excluded.since";
        database.execute(sql, (name, known)).expect("it is written");
    };
    is_due("first");
    let mut service = scene.home.spawn(&["run"]);
    let began = Instant::now();
    let wait_for = |what: &dyn Fn() -> bool| {
        while !what() && began.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(50));
        }
        what()
    };
    let waits = "SELECT count(*) FROM outbox WHERE attempts = 0 AND next_attempt > since";
    let is_under_way = || database.query_row(waits, [], |row| row.get::<_, i64>(0)).expect("a count") == 1;
    assert!(wait_for(&is_under_way), "the mail is being sent");
    is_due("second");
    assert!(wait_for(&|| scene.home.path("second.txt").exists()), "the second one is made meanwhile");
    assert!(is_under_way() && scene.home.path("first.txt").exists());
    let stop = std::process::Command::new("kill").args(["-TERM", &service.id().to_string()]).status();
    assert!(stop.expect("`kill` starts").success());
    let stopped = Instant::now();
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
    assert!(stopped.elapsed() < Duration::from_secs(10), "{:?}", stopped.elapsed());
}
