//! A person's corrections: obeyed at once, by every later article and by a rebuild, undone, and taken to another database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use newsfold::cluster::params::Params as ClusterParams;
use newsfold::model::{ArticleId, Cluster, ClusterId, FeedWish, Ruling};
use newsfold::store::{Query, Store, Wanted};
use newsfold::writer::{Archived, Params, Writer};
use newsfold::{clock, prepare};
use serde_json::Value;

use crate::binary::{Home, articles, text};

/// A home that has read our news day.
fn news_day() -> Home {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let mut config = String::new();
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("a file").path()).collect();
    names.sort();
    for path in names {
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", path.display()));
    }
    let home = Home::with_config(&config);
    home.good(&["fetch", "-q"]);
    home
}

/// Which articles are in which cluster, by public id.
fn places(home: &Home) -> BTreeMap<String, BTreeSet<String>> {
    let ids = |cluster: &Value| articles(cluster).iter().map(|article| text(article, "id").to_owned()).collect();
    home.clusters().iter().map(|cluster| (text(cluster, "id").to_owned(), ids(cluster))).collect()
}

/// The largest cluster, and another one with two articles or more.
fn two_large(home: &Home) -> [String; 2] {
    let mut places: Vec<_> = places(home).into_iter().collect();
    places.sort_by_key(|(id, articles)| (std::cmp::Reverse(articles.len()), id.clone()));
    assert!(places[1].1.len() > 1, "the day has two stories");
    [places[0].0.clone(), places[1].0.clone()]
}

#[test]
fn a_merge_holds_and_is_taken_back_with_every_reason_as_it_was() {
    let home = news_day();
    let all = |home: &Home| {
        let mut clusters = home.json(&["clusters", "--format", "json", "--sort", "size"])["clusters"].take();
        for cluster in clusters.as_array_mut().expect("a list") {
            // It falls with time.
            cluster["rank"].take();
        }
        clusters
    };
    let before = all(&home);
    let was = places(&home);
    let [one, other] = two_large(&home);
    let told = home.json(&["merge", &one, &other, "--format", "json"]);
    assert_eq!((text(&told, "schema"), &told["number"]), ("newsfold.correction/1", &Value::from(1)));
    assert_eq!(told["clusters"].as_array().map(Vec::len), Some(1));
    let is = places(&home);
    assert_eq!(is.len() + 1, was.len());
    let both: BTreeSet<String> = was[&one].union(&was[&other]).cloned().collect();
    for id in [&one, &other] {
        let shown = home.json(&["show", id, "--format", "json"]);
        let ids: BTreeSet<String> = articles(&shown).iter().map(|article| text(article, "id").to_owned()).collect();
        assert_eq!(ids, both, "both ids lead to it");
    }
    let moved = told["moved"].as_array().expect("a list");
    let why = home.good(&["why", moved[0].as_str().expect("an id")]).stdout;
    assert!(
        why.contains("a person put it here (correction 1, merge, of ") && why.contains("`newsfold undo 1`"),
        "{why}"
    );
    home.good(&["rebuild", "-q"]);
    assert_eq!(places(&home), is, "a rebuild obeys");
    let pair = [format!("a{}", &one[1..]), format!("a{}", &other[1..])];
    let both = home.good(&["why", &pair[0], &pair[1]]).stdout;
    assert!(both.contains("a person holds them together (correction 1, merge"), "{both}");
    let undone = home.good(&["undo"]).stdout;
    assert!(undone.starts_with("correction 1 holds no more (merge of "), "{undone}");
    assert_eq!(all(&home), before);
    home.good(&["rebuild", "-q"]);
    assert_eq!(all(&home), before);
    assert!(home.run(&["undo"]).stderr.contains("there is no correction to undo"));
    assert!(home.run(&["undo", "1"]).stderr.contains("correction 1 is undone already"));
}

#[test]
fn a_split_leaves_under_its_own_id_and_what_is_wrong_is_said() {
    let home = news_day();
    let [one, other] = two_large(&home);
    let was = places(&home);
    let story: Vec<&String> = was[&one].iter().collect();
    let founder = format!("a{}", &one[1..]);
    let leaving: Vec<&String> = story.iter().copied().filter(|id| **id != founder).take(2).collect();
    home.good(&["split", leaving[0], leaving[1]]);
    let is = places(&home);
    let part = is.values().find(|articles| articles.contains(leaving[0])).expect("it is somewhere");
    assert_eq!(part.iter().collect::<BTreeSet<_>>(), leaving.iter().copied().collect());
    assert_eq!(is[&one].len() + 2, was[&one].len());
    // The founder leaves: the cluster's number is its own, so the rest goes under another.
    home.good(&["undo"]);
    assert_eq!(places(&home), was);
    home.good(&["split", &founder]);
    assert_eq!(places(&home)[&one], [founder.clone()].into());
    let why = home.good(&["why", &founder]).stdout;
    assert!(
        why.contains("first of its story") && why.contains("a person spoke of it, too (correction 3, split"),
        "{why}"
    );
    home.good(&["undo"]);
    assert_eq!(places(&home), was);

    let fails = |args: &[&str], code: i32, expected: &str| {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    };
    let all: Vec<&str> = std::iter::once("split").chain(was[&other].iter().map(String::as_str)).collect();
    fails(&all, 1, "nothing would stay");
    fails(&["split", &founder, was[&other].first().expect("an article")], 1, "of 2 clusters");
    fails(&["split", &one], 1, "an article's begins with `a`");
    fails(&["merge", &one, &founder], 1, "one cluster already");
    fails(&["apart", &founder, &founder], 1, "nothing could be apart");
    fails(&["undo", "99"], 1, "no correction 99");
    fails(&["merge", &one], 2, "2 values");
    assert_eq!(home.json(&["corrections", "--format", "json"])["corrections"].as_array().map(Vec::len), Some(4));
}

#[test]
fn corrections_are_taken_to_another_database() {
    let (home, another) = (news_day(), Home::with_config(""));
    for name in ["newsfold.db", "newsfold.db-wal"] {
        // Which of two articles came first is chance, so both begin with one database.
        if home.path(name).exists() {
            fs::copy(home.path(name), another.path(name)).expect("the database is copied");
        }
    }
    let [one, other] = two_large(&home);
    let story = places(&home)[&one].clone();
    // Whose feed answered first is chance: it may be the last one of all.
    let founder = format!("a{}", &one[1..]);
    let another_of_it = story.iter().rfind(|id| **id != founder).expect("articles");
    home.good(&["apart", &founder, another_of_it]);
    home.good(&["merge", &one, &other]);
    home.good(&["undo"]);
    home.good(&["merge", &other, &one]);
    let expected = places(&home);
    let file = home.path("corrections.jsonl").display().to_string();
    home.good(&["corrections", "export", &file]);
    assert_ne!(places(&another), expected);
    let told = another.good(&["corrections", "import", &file]).stderr;
    assert!(told.contains("2 corrections added, 0 already there"), "{told}");
    assert_eq!(places(&another), expected);
    let again = another.good(&["corrections", "import", &file]).stderr;
    assert!(again.contains("0 corrections added, 2 already there"), "{again}");
    let empty = Home::with_config("");
    empty.good(&["feeds", "list"]);
    let ran = empty.run(&["corrections", "import", &file]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 left out, for their articles are not stored here"), "{}", ran.stderr);
    fs::write(&file, "{\"ruling\":\"dance\"}\n").expect("a file is written");
    let ran = empty.run(&["corrections", "import", &file]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("line 1 is no correction"), "{}", ran.stderr);
    // All of a list or nothing: its first line is good.
    let exported = home.good(&["corrections", "export"]).stdout;
    let good = exported.lines().next().expect("a line").replace("\"number\":1", "\"number\":9");
    fs::write(&file, format!("{good}\n{good}\n{{\n")).expect("a file is written");
    let third = Home::with_config("");
    fs::copy(home.path("newsfold.db"), third.path("newsfold.db")).expect("the database is copied");
    let before = third.good(&["corrections"]).stdout;
    assert_eq!(third.run(&["corrections", "import", &file]).code, Some(2));
    assert_eq!(third.good(&["corrections"]).stdout, before);
}

/// A stream of stories that are told again and again in nearly the same words, so that the clusterer would merge what a person keeps
/// apart and split what a person holds together, if it were let.
pub struct Stream {
    pub writer: Writer,
    /// The hour in which the last article came.
    pub next: i64,
}

/// A clusterer that merges and splits whatever it may.
pub const RESTLESS: [(&str, &str); 3] =
    [("second_look_probability", "0.1"), ("merge_probability", "0.3"), ("split_probability", "0.95")];

impl Stream {
    fn open(path: &Path) -> Stream {
        Stream::open_with(path, &RESTLESS)
    }

    pub fn open_with(path: &Path, settings: &[(&str, &str)]) -> Stream {
        let mut params = ClusterParams::default();
        for (key, value) in settings {
            params.set(key, value).expect("a setting");
        }
        let store = Store::open(path, 7, Timestamp::UNIX_EPOCH).expect("the database opens");
        let params = Params { cluster: params, ..Params::default() };
        Stream { writer: Writer::new(store, params).expect("it is ours"), next: 0 }
    }

    /// Another article of a story; so many hours after the one before.
    pub fn tell(&mut self, title: &str, text: &str, hours: i64) -> ArticleId {
        self.next += hours;
        let url = format!("https://outlet{}.example/feed", self.next % 5);
        self.writer.store().add_feed(&FeedWish::of_url(&url), Timestamp::UNIX_EPOCH).expect("a feed is added");
        let feed = self.writer.store().feed(&url).expect("feeds are read").expect("it was just added");
        let seen: Timestamp = "2026-02-14T08:00:00Z".parse().expect("a moment");
        let seen = seen + SignedDuration::from_hours(self.next);
        let entry = newsfold::model::Entry {
            guid: Some(format!("{}-{title}", self.next)),
            title: Some(title.to_owned()),
            summary: Some(text.to_owned()),
            published: Some(seen),
            lang: Some("en".to_owned()),
            ..newsfold::model::Entry::default()
        };
        let params = prepare::Params::default();
        let context = prepare::Context { base: None, site: None, now: seen, params: &params };
        let draft = prepare::draft(entry, &context);
        self.writer.archive(&[Archived { feed, draft, seen, ahead: None }]).expect("it is stored")[0]
    }

    pub fn correct(&mut self, ruling: Ruling, ones: &[ArticleId], others: &[ArticleId]) -> i64 {
        let wanted = Wanted { ruling, ones: ones.to_vec(), others: others.to_vec(), undoes: None };
        self.writer.store().add_correction(&wanted, clock::now()).expect("it is noted").expect("it is new")
    }

    fn cluster_of(&mut self, article: ArticleId) -> ClusterId {
        self.writer.store().places_of(&[article]).expect("places are read")[&article]
    }

    fn clusters(&mut self) -> Vec<Cluster> {
        self.writer.store().clusters(&Query::default()).expect("clusters are read")
    }
}

pub const DAM: [&str; 3] = [
    "The Ardley dam above Kelmscott broke on Monday night after three days of rain, and 4,000 people left their homes.",
    "After three days of rain the dam at Ardley gave way on Monday night; Kelmscott's 4,000 people were told to leave.",
    "Kelmscott was emptied on Monday night when the Ardley dam broke after days of heavy rain.",
];

#[test]
fn no_later_article_brings_together_what_a_person_keeps_apart_nor_parts_what_a_person_holds_together() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut stream = Stream::open(&folder.path().join("n.db"));
    let told: Vec<ArticleId> = (0..3).map(|at| stream.tell("Ardley dam breaks above Kelmscott", DAM[at], 1)).collect();
    let strange = stream.tell(
        "Tallow bakery wins the Penmarsh bread prize",
        "A rye loaf of Tallow's bakery won at Penmarsh fair.",
        1,
    );
    assert_eq!(stream.cluster_of(told[2]), stream.cluster_of(told[0]), "one story by itself");
    // The third report is another story, a person says, and the bakery belongs to the dam.
    stream.correct(Ruling::Split, &told[2..], &told[..2]);
    stream.correct(Ruling::Merge, &told[..2], &[strange]);
    assert_eq!(stream.writer.obey().expect("they are obeyed"), 2);
    for at in 0..40 {
        stream.tell("Ardley dam breaks above Kelmscott", DAM[at % 3], 3);
        assert_ne!(stream.cluster_of(told[2]), stream.cluster_of(told[0]), "after {at} more");
        assert_eq!(stream.cluster_of(strange), stream.cluster_of(told[0]), "after {at} more");
    }
    // Ten days on, when the window holds none of those that were named.
    for at in 0..6 {
        stream.tell("Ardley dam breaks above Kelmscott", DAM[at % 3], 40);
        assert_ne!(stream.cluster_of(told[2]), stream.cluster_of(told[0]), "ten days on");
    }
    let sizes: Vec<usize> = stream.clusters().iter().map(|cluster| cluster.members.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 50, "{sizes:?}");
}

#[test]
fn a_rebuild_obeys_each_correction_in_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Two processes that take turns, and one that never stops, hear of the same at the same places.
    let paths = ["turns.db", "one.db"].map(|name| folder.path().join(name));
    let mut dumps = Vec::new();
    for (path, restarts) in [(&paths[0], true), (&paths[1], false)] {
        let mut stream = Stream::open(path);
        let mut told = Vec::new();
        for at in 0..60_usize {
            if restarts && at % 7 == 3 {
                let next = stream.next;
                stream = Stream::open(path);
                stream.next = next;
            }
            let title = ["Ardley dam breaks above Kelmscott", "Kelmscott told to leave as Ardley dam breaks"][at % 2];
            told.push(stream.tell(title, DAM[at % 3], 5));
            told.push(stream.tell(
                &format!("Penmarsh council votes on harbour toll {}", at / 20),
                "The council of Penmarsh votes on Tuesday on a toll for the harbour, after a long quarrel.",
                1,
            ));
            let number = match at {
                10 => stream.correct(Ruling::Split, &told[6..9], &told[..4]),
                20 => stream.correct(Ruling::Merge, &told[1..2], &told[2..3]),
                30 => stream.correct(Ruling::Apart, &told[50..52], &told[20..24]),
                45 => {
                    let wanted = Wanted { ruling: Ruling::Undo, ones: vec![], others: vec![], undoes: Some(2) };
                    let noted = stream.writer.store().add_correction(&wanted, clock::now()).expect("it is noted");
                    noted.expect("it is new")
                }
                _ => continue,
            };
            assert!(number > 0);
        }
        let online = stream.writer.dump().expect("a dump");
        assert!(online.contains("\"how\":\"corrected\"") && online.contains("\nmoved\t"), "{online}");
        let placed = stream.writer.rebuild(|_| {}).expect("it is rebuilt");
        assert_eq!(placed, 120);
        assert_eq!(stream.writer.dump().expect("a dump"), online, "restarts: {restarts}");
        // What stands at the end is obeyed, too, with no article after it.
        stream.correct(Ruling::Merge, &told[..1], &told[1..2]);
        stream.writer.obey().expect("it is obeyed");
        let online = stream.writer.dump().expect("a dump");
        stream.writer.rebuild(|_| {}).expect("it is rebuilt");
        assert_eq!(stream.writer.dump().expect("a dump"), online);
        dumps.push(online);
    }
    assert_eq!(dumps[0], dumps[1], "restarts leave no trace");
}
