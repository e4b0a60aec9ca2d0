//! What is old goes, whole clusters at a time, and nothing that stays is any different for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::FetchError;
use newsfold::fetch::{Fetch, Request, Response};
use newsfold::ingest::{self, Ingest};
use newsfold::meter::Meter;
use newsfold::model::{ArticleId, ClusterId, Ruling};
use newsfold::store::{Store, Wanted};
use newsfold::writer::{Pruned, Retention, Step, Writer};
use tokio_util::sync::CancellationToken;

use crate::binary::Home;
use crate::origin::{Answer, Origin};
use crate::rebuild::{Round, intakes, open, rounds, start, sum};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, rss};

fn after(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

fn days(days: i64) -> Option<SignedDuration> {
    Some(SignedDuration::from_hours(24 * days))
}

fn kept(days_kept: i64) -> Retention {
    Retention { articles: days(days_kept), clusters: days(days_kept), revisions: days(days_kept), editions: None }
}

/// The first half of every feed of a round once more, as other articles so many hours later.
fn told_again(round: &Round, tag: i64, hours: i64) -> Round {
    let mut again = round.clone();
    for (_, prepared) in &mut again {
        prepared.drafts.truncate(prepared.drafts.len() / 2 + 1);
        for draft in &mut prepared.drafts {
            draft.key.0.push_str(&format!("-{tag}"));
            draft.marks.iter_mut().for_each(|mark| mark.hash ^= tag << 7);
            draft.canonical = None;
            draft.published = draft.published.map(|published| published + SignedDuration::from_hours(hours));
        }
    }
    again
}

fn store_round(writer: &mut Writer, round: &Round, now: Timestamp) -> usize {
    let intakes = intakes(writer, round);
    let new = sum(&writer.apply(&intakes, now).expect("a batch is stored"), |report| report.articles_new);
    while writer.index_some().expect("the index is written") {}
    writer.forget().expect("memories are dropped");
    new
}

fn prune(writer: &mut Writer, retention: &Retention, now: Timestamp) -> Pruned {
    let mut prune = writer.prune(retention, now).expect("it begins");
    while writer.prune_some(&mut prune).expect("it goes on") == Step::More {}
    prune.pruned
}

fn correct(writer: &mut Writer, ruling: Ruling, ones: &[ArticleId], others: &[ArticleId], undoes: Option<i64>) -> i64 {
    let wanted = Wanted { ruling, ones: ones.to_vec(), others: others.to_vec(), undoes };
    let number = writer.store().add_correction(&wanted, start()).expect("it is noted").expect("it is new");
    writer.obey().expect("it is obeyed");
    number
}

fn sound(writer: &mut Writer, when: &str) {
    assert_eq!(writer.store().unsound().expect("it can be checked"), [], "{when}");
}

/// Where each article is and why, by article.
fn lines(dump: &str) -> BTreeMap<String, String> {
    let article = |line: &str| {
        let mut cells: Vec<&str> = line.split('\t').collect();
        // Whose words it repeats may be gone.
        cells.remove(3);
        (cells[0].to_owned(), cells.join("\t"))
    };
    dump.lines().filter(|line| line.starts_with('a')).map(article).collect()
}

fn rebuilt(writer: &mut Writer, when: &str) -> usize {
    let before = writer.dump().expect("a dump");
    let placed = writer.rebuild(|_| ()).expect("it is rebuilt");
    let after = writer.dump().expect("a dump");
    let first = before.lines().zip(after.lines()).find(|(before, after)| before != after);
    assert_eq!(first, None, "{when}");
    assert_eq!(before.len(), after.len(), "{when}");
    sound(writer, when);
    placed
}

fn number(path: &Path, sql: &str) -> i64 {
    let other = rusqlite::Connection::open(path).expect("a second connection");
    other.query_row(sql, [], |row| row.get(0)).expect("it can be counted")
}

/// The tenth and the thirtieth cluster of two articles or more that were stored first.
fn two_old(writer: &mut Writer) -> [ArticleId; 2] {
    let places = writer.store().places().expect("places");
    let mut sizes: BTreeMap<ClusterId, usize> = BTreeMap::new();
    places.iter().for_each(|(_, cluster)| *sizes.entry(*cluster).or_default() += 1);
    let shared: Vec<ClusterId> = sizes.into_iter().filter(|(_, size)| *size > 1).map(|(cluster, _)| cluster).collect();
    [shared[2].0, shared[5].0]
}

#[test]
fn a_prune_takes_whole_clusters_and_neither_later_decisions_nor_a_rebuild_know_it_happened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, control) = (folder.path().join("n.db"), folder.path().join("control.db"));
    let (mut writer, mut control) = (open(&path), open(&control));
    let (mut undone, mut corrected) = (0, ArticleId(0));
    for writer in [&mut writer, &mut control] {
        for (now, round) in &rounds() {
            store_round(writer, round, *now);
        }
        let [one, other] = two_old(writer);
        undone = correct(writer, Ruling::Merge, &[one], &[other], None);
        corrected = other;
    }
    let all: BTreeSet<String> = lines(&writer.dump().expect("a dump")).into_keys().collect();
    let corrected_code = control.store().names_of(&[corrected]).expect("names").remove(0).0.0;

    // Nine days at ten days after the beginning: what was seen at the beginning alone goes.
    let pruned = prune(&mut writer, &kept(9), after(240));
    assert!(pruned.articles > 30 && pruned.revisions > 0, "{pruned:?}");
    sound(&mut writer, "pruned");
    let left: BTreeSet<String> = lines(&writer.dump().expect("a dump")).into_keys().collect();
    assert_eq!(left.len(), all.len() - pruned.articles);
    assert!(left.contains(&corrected_code), "what a correction names stays");
    assert_eq!(rebuilt(&mut writer, "pruned"), 0, "nothing came since");
    assert_eq!(prune(&mut writer, &kept(9), after(240)), Pruned::default());

    // What comes then merges and splits clusters that were settled, and a person has a word as well.
    let round = rounds().remove(2).1;
    for (step, hours) in [(1, 262), (2, 345)] {
        for writer in [&mut writer, &mut control] {
            assert!(store_round(writer, &told_again(&round, step, hours - 240), after(hours)) > 50);
        }
    }
    for writer in [&mut writer, &mut control] {
        correct(writer, Ruling::Undo, &[], &[], Some(undone));
    }
    for table in ["settled_memberships", "settled_relations"] {
        assert!(number(&path, &format!("SELECT count(*) FROM {table}")) > 0, "{table}: the test tests something");
    }
    let undisturbed = lines(&control.dump().expect("a dump"));
    for (article, line) in lines(&writer.dump().expect("a dump")) {
        assert_eq!(Some(&line), undisturbed.get(&article), "it is as if nothing had gone");
    }
    assert!(rebuilt(&mut writer, "gone on") > 100);
    // By a process of its own, too.
    drop(writer);
    let mut writer = open(&path);
    assert!(rebuilt(&mut writer, "restarted") > 100);

    // Eighteen days after the beginning all of the first ten go, but for what is corrected; then all is placed among what is left.
    assert!(store_round(&mut writer, &told_again(&round, 3, 192), after(432)) > 50);
    let pruned = prune(&mut writer, &kept(7), after(432));
    assert!(pruned.articles > 100, "{pruned:?}");
    rebuilt(&mut writer, "pruned again");
    writer.unsettle().expect("it is given up");
    let places = writer.store().places().expect("places").len();
    assert_eq!(writer.rebuild(|_| ()).expect("it is rebuilt"), places);
    rebuilt(&mut writer, "placed anew");
}

#[test]
fn settled_memories_of_another_version_are_made_again_and_places_stay() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    for (now, round) in &rounds() {
        store_round(&mut writer, round, *now);
    }
    prune(&mut writer, &kept(9), after(240));
    let places = writer.store().places().expect("places");
    let other = rusqlite::Connection::open(&path).expect("a second connection");
    other.execute_batch("UPDATE settled_memories SET memory = x'00'").expect("they are damaged");
    assert_eq!(writer.rebuild(|_| ()).expect("it is rebuilt"), 0);
    assert_eq!(writer.store().places().expect("places"), places);
    sound(&mut writer, "renewed");
}

#[test]
fn earlier_words_go_by_themselves_and_the_window_keeps_its_first_ones() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    for (now, round) in &rounds() {
        store_round(&mut writer, round, *now);
    }
    let revisions = || number(&path, "SELECT count(*) FROM revisions");
    let before = revisions();
    let retention = Retention { revisions: days(1), ..Retention::default() };
    let pruned = prune(&mut writer, &retention, after(240));
    // All of them were stored before the window.
    assert!(before >= 10 && pruned.articles == 0, "{before} {pruned:?}");
    assert_eq!((pruned.revisions, revisions()), (usize::try_from(before).expect("a count"), 0));
    rebuilt(&mut writer, "words gone");
    // An edit within the window keeps the first words, by which a rebuild places the article.
    let mut round = rounds().remove(2).1;
    round[0].1.drafts[0].title.push_str(" (again)");
    store_round(&mut writer, &round, after(241));
    assert_eq!((revisions(), prune(&mut writer, &retention, after(242)).revisions), (1, 0));
}

#[test]
fn a_service_prunes_in_steps_and_not_while_its_clock_may_be_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    let rounds = rounds();
    store_round(&mut writer, &rounds[0].1, after(0));
    store_round(&mut writer, &rounds[2].1, after(24 * 20));
    let expired = |writer: &mut Writer, retention: &Retention, now| {
        let mut articles = 0;
        if let Some(mut prune) = writer.prune_when_due(retention, now).expect("it looks") {
            while writer.prune_some(&mut prune).expect("it goes on") == Step::More {}
            articles = prune.pruned.articles;
        }
        articles
    };
    let now = after(24 * 20);
    assert_eq!(expired(&mut writer, &Retention::default(), now), 0, "for ever");
    assert_eq!(expired(&mut writer, &kept(20), now), 0, "not a day older than it is kept");
    assert_eq!(expired(&mut writer, &kept(19), now), 0, "a day older, and that is the step");
    assert!(expired(&mut writer, &kept(18), now) > 50);

    // A clock that is a year ahead when one batch is stored takes nothing before a week has gone by.
    let last = |writer: &mut Writer| writer.store().last_seen().expect("it is read").expect("there is one");
    store_round(&mut writer, &told_again(&rounds[2].1, 9, 0), after(24 * 385));
    let now = last(&mut writer);
    assert_eq!(expired(&mut writer, &kept(18), now), 0, "the clock leapt");
    store_round(&mut writer, &told_again(&rounds[2].1, 10, 0), after(24 * 393));
    assert!(expired(&mut writer, &kept(18), after(24 * 393)) > 50, "it has gone on from there");

    // One that was ahead and is set right again hinders nothing, and takes nothing that is new.
    store_round(&mut writer, &told_again(&rounds[2].1, 11, 0), after(24 * 800));
    store_round(&mut writer, &told_again(&rounds[2].1, 12, 0), after(24 * 420));
    let newer = format!("SELECT count(*) FROM articles WHERE seen >= {}", after(24 * 402).as_millisecond());
    let before = number(&path, &newer);
    let gone = expired(&mut writer, &kept(18), after(24 * 420));
    assert!(gone > 50 && before > 50 && number(&path, &newer) == before, "{gone}, {before}");
}

/// A web that nobody is asked in.
struct Nobody;

impl Fetch for Nobody {
    async fn fetch(&self, _: &Request, _: Timestamp) -> Result<Response, FetchError> {
        std::future::pending().await
    }
}

#[test]
fn a_service_that_prunes_says_at_every_step_that_it_gets_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    let rounds = rounds();
    for tag in 1..=12 {
        store_round(&mut writer, &told_again(&rounds[1].1, tag, 48 * tag), after(0));
    }
    // Less than a leap of the clock.
    store_round(&mut writer, &rounds[2].1, after(24 * 25));
    let old = format!("SELECT count(*) FROM articles WHERE seen = {}", after(0).as_millisecond());
    let stored = number(&path, &old);
    assert!(stored > 200, "{stored} articles");
    let meter = Arc::new(Meter::default());
    let params = ingest::Params { retention: kept(10), meter: Arc::clone(&meter), ..ingest::Params::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let beats = runtime.block_on(async {
        let stop = CancellationToken::new();
        let ingest = Ingest::start(writer, Nobody, params, || after(24 * 25), stop.clone());
        let (began, mut beats) = (Instant::now(), Vec::new());
        while number(&path, &old) > 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "it prunes");
            // A step stands for when it began.
            let now = Instant::now();
            let step = now - meter.writer.silence(now);
            if step != now && beats.last() != Some(&step) {
                beats.push(step);
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        stop.cancel();
        ingest.finish(|_| ()).await.whole().expect("it ends in order");
        beats.len()
    });
    assert!(beats >= 4, "{beats} steps were told of");
}

#[test]
fn what_was_pruned_and_still_stands_in_its_feed_never_comes_back_and_what_it_said_is_gone() {
    let origin = Origin::start();
    let config = "[fetch]\nallow_private_addresses = true\n[retention]\narticles = \"30d\"\nclusters = \"30d\"\n";
    let home = Home::with_config(config);
    let (lamp, beacon) = (origin.url("/lamp"), origin.url("/beacon"));
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    home.good(&["fetch", &lamp, &beacon]);
    let database = home.path("newsfold.db");
    let old = |days: i64| {
        let other = rusqlite::Connection::open(&database).expect("a second connection");
        let earlier = format!(
            "UPDATE articles SET seen = seen - 86400000 * {days}; UPDATE clusters SET last_seen = last_seen - 86400000 * {days}"
        );
        other.execute_batch(&earlier).expect("time passes");
    };
    // Forty days later another story, which counts as the present.
    old(40);
    let told = home.good(&["prune", "--dry-run"]).stdout;
    assert!(told.starts_with("0 articles in 0 clusters"), "counted from the newest article: {told}");
    let news = crate::samples::Entry { guid: "mill", title: "Old mill of Varn turns again after a century", ..BREAD };
    let news =
        crate::samples::Entry { link: "https://lamp.example/mill", text: "The wheel was rebuilt by hand.", ..news };
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD, news]), "application/rss+xml"));
    home.good(&["fetch", "--all"]);
    let told = home.good(&["prune", "--dry-run"]).stdout;
    assert!(told.starts_with("3 articles in 2 clusters"), "{told}");
    assert_eq!(home.clusters().len(), 3, "a dry run takes nothing");
    let id = home.clusters().iter().map(|cluster| crate::binary::text(cluster, "id").to_owned()).collect::<Vec<_>>();
    let said = home.good(&["prune", "--force"]).stderr;
    assert!(said.contains("pruned 3 articles"), "{said}");
    assert_eq!(home.clusters().len(), 1);
    assert_eq!(id.iter().filter(|id| home.run(&["show", id]).code == Some(0)).count(), 1);
    assert!(home.json(&["search", "Kellbruck", "--format", "json"])["clusters"].as_array().expect("a list").is_empty());
    // The feeds are read again, whole, as if they had new validators.
    for feed in [&lamp, &beacon] {
        let other = rusqlite::Connection::open(&database).expect("a second connection");
        other.execute("UPDATE feeds SET body_hash = NULL, etag = NULL WHERE url = ?1", [feed]).expect("it forgets");
    }
    home.good(&["fetch", "--all"]);
    assert_eq!(home.clusters().len(), 1, "what still stands in its feed is not new");
    let vacuumed = home.good(&["prune", "--vacuum"]).stderr;
    assert!(vacuumed.contains("nothing is old enough"), "{vacuumed}");
    let mut store = Store::open(&database, 1, start()).expect("it opens");
    assert_eq!(store.unsound().expect("it can be checked"), []);
    assert_eq!(store.give_back(10, 0).expect("it looks"), 0, "all free room is gone");
}

#[test]
fn a_running_service_prunes_and_says_so_and_a_second_hand_is_told_who_does() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("Beacon", &[BREAD]), "application/rss+xml"));
    let config = "[fetch]\nallow_private_addresses = true\n[retention]\narticles = \"10d\"\n";
    let home = Home::with_config(config);
    home.good(&["fetch", &origin.url("/lamp")]);
    let other = rusqlite::Connection::open(home.path("newsfold.db")).expect("a second connection");
    // Twelve days: less than a leap of the clock.
    let earlier =
        "UPDATE articles SET seen = seen - 86400000 * 12; UPDATE clusters SET last_seen = last_seen - 86400000 * 12";
    other.execute_batch(earlier).expect("time passes");
    home.good(&["fetch", &origin.url("/beacon")]);
    let mut service = home.spawn(&["run"]);
    let began = std::time::Instant::now();
    let articles = || number(&home.path("newsfold.db"), "SELECT count(*) FROM articles");
    while articles() > 1 && began.elapsed() < std::time::Duration::from_secs(30) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let refused = home.run(&["prune"]);
    let stopped = std::process::Command::new("kill").arg(service.id().to_string()).status().expect("`kill` starts");
    let ended = service.wait().expect("it ends");
    let mut log = String::new();
    std::io::Read::read_to_string(&mut service.stderr.take().expect("its log"), &mut log).expect("its log is text");
    assert!(stopped.success() && ended.success(), "{log}");
    assert_eq!(articles(), 1, "{log}");
    assert!(log.contains("pruned articles=1"), "{log}");
    assert!(refused.code == Some(1) && refused.stderr.contains("`newsfold run`"), "{}", refused.stderr);
    assert_eq!(home.clusters().len(), 1);
}

#[test]
fn a_rebuild_after_a_prune_knows_where_the_window_began_anew_since() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("n.db");
    let mut writer = open(&path);
    let rounds = rounds();
    for (now, round) in &rounds {
        store_round(&mut writer, round, *now);
    }
    assert!(prune(&mut writer, &kept(9), after(240)).articles > 0);
    // The clock was years ahead for one batch, and was set right.
    store_round(&mut writer, &told_again(&rounds[0].1, 1, 240), after(24 * 365 * 12));
    assert!(store_round(&mut writer, &told_again(&rounds[0].1, 2, 264), after(264)) > 5);
    store_round(&mut writer, &told_again(&rounds[0].1, 5, 265), after(265));
    assert!(number(&path, "SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun'") > 0);
    assert!(rebuilt(&mut writer, "the window began anew after the prune") > 0);
    // It began anew before the next one, and does so again.
    assert!(prune(&mut writer, &kept(9), after(24 * 30)).articles > 0);
    store_round(&mut writer, &told_again(&rounds[0].1, 3, 280), after(24 * 365 * 12));
    store_round(&mut writer, &told_again(&rounds[0].1, 4, 290), after(290));
    rebuilt(&mut writer, "nobody believes yet that the clock was ahead");
    store_round(&mut writer, &told_again(&rounds[0].1, 6, 291), after(291));
    rebuilt(&mut writer, "the window began anew before the prune and after it");
}
