//! What a reader sees: lists that read no more than they show, searches in every script, mutes and keeps, who speaks for a cluster.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use newsfold::rank::{self, Sort};
use newsfold::store::{Query, Store};
use serde_json::Value;

use crate::binary::{Home, articles, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, Entry, rss};
use crate::stories::serve_fixtures;

fn ids(clusters: &[Value]) -> Vec<&str> {
    clusters.iter().map(|cluster| text(cluster, "id")).collect()
}

fn list(home: &Home, args: &[&str]) -> Vec<Value> {
    let document = home.json(&[&["clusters", "--format", "json"], args].concat());
    document["clusters"].as_array().expect("a list").clone()
}

/// The codes of clusters in which a search finds something, best first.
fn found(home: &Home, words: &str) -> Vec<Value> {
    let document = home.json(&["search", words, "--format", "json"]);
    document["clusters"].as_array().expect("a list").clone()
}

#[test]
fn a_list_that_reads_what_it_shows_is_the_beginning_of_the_list_that_reads_all() {
    let origin = Origin::start();
    let home = Home::new();
    home.good(&[&["fetch"], &serve_fixtures(&origin).iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let store = Store::reader(&home.path("newsfold.db")).expect("a database");
    let since: Timestamp = "2026-02-12T12:00:00Z".parse().expect("a moment");
    for (word, sort) in
        [("rank", Sort::Rank), ("new", Sort::New), ("size", Sort::Size), ("first-seen", Sort::FirstSeen)]
    {
        for since in [None, Some(since)] {
            let query = Query { since, ..Query::default() };
            let clusters = store.clusters(&query).expect("they can be read");
            let order = rank::order(clusters, sort, since.unwrap_or_default(), &rank::Params::default());
            let order: Vec<&str> = order.iter().map(|ranked| ranked.cluster.code.0.as_str()).collect();
            assert!(order.len() > 20, "{} clusters", order.len());
            for limit in [1, 2, 7, 20, order.len(), order.len() + 5] {
                let limit_word = limit.to_string();
                let mut args = vec!["--sort", word, "--limit", &limit_word];
                args.extend(since.iter().flat_map(|_| ["--since", "2026-02-12T12:00:00Z"]));
                assert_eq!(ids(&list(&home, &args)), order[..limit.min(order.len())], "{args:?}");
            }
        }
    }
}

/// A reader takes what stands, at once, and a writer goes on as if nobody read.
#[test]
fn reading_waits_for_no_writer_and_holds_none_up() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    let home = Home::new();
    home.good(&["fetch", &origin.url("/lamp")]);
    let path = home.path("newsfold.db");
    let mut writer = Store::open(&path, 1, Timestamp::UNIX_EPOCH).expect("a database");
    let known = home.clusters();
    let batch = writer.batch().expect("nobody else writes");
    let began = Instant::now();
    assert_eq!(ids(&home.clusters()), ids(&known));
    home.good(&["show", text(&known[0], "id")]);
    assert_eq!(found(&home, "dam").len(), 1);
    home.good(&["why", text(&articles(&known[0])[0], "id")]);
    // Another process's transaction is waited for as long as ten seconds where something is to be written.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    batch.commit().expect("it can be written");

    let reader = Store::reader(&path).expect("a database");
    let held = reader.hold().expect("it can be read");
    assert_eq!(reader.outlines(&Query::default(), None, 10).expect("they can be read").len(), known.len());
    let began = Instant::now();
    home.good(&["feeds", "add", "--no-check", "http://127.0.0.1:1/x"]);
    writer.batch().expect("nobody else writes").commit().expect("it can be written");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert_eq!(reader.feeds().expect("they can be read").len(), 1, "the state that is held");
    drop(held);
    assert_eq!(reader.feeds().expect("they can be read").len(), 2);
}

const QUAKE: Entry<'static> = Entry {
    guid: "quake",
    link: "https://kumo.example/quake",
    title: "東京湾で地震、けが人なし",
    text: "木曜日の朝、東京湾を震源とする地震がありました。津波の心配はありません。iPhone発売は予定通りです。",
    published: "Thu, 13 Feb 2025 08:00:00 GMT",
    source: "",
};
const MAP: Entry<'static> = Entry {
    guid: "map",
    link: "https://kumo.example/map",
    title: "新しい地図が出版される",
    text: "震える手で描かれた地図です。",
    published: "Thu, 13 Feb 2025 07:00:00 GMT",
    source: "",
};
const THAI: Entry<'static> = Entry {
    guid: "thai",
    link: "https://kumo.example/thai",
    title: "ฝนตกหนักที่เชียงใหม่",
    text: "น้ำท่วมถนนหลายสาย",
    published: "Thu, 13 Feb 2025 06:00:00 GMT",
    source: "",
};
const GREEK: Entry<'static> = Entry {
    guid: "greek",
    link: "https://kumo.example/greek",
    title: "Η Ελλάδα άνοιξε τα σχολεία",
    text: "Übermut in Ñuñoa: la Crème vom Élan.",
    published: "Thu, 13 Feb 2025 05:00:00 GMT",
    source: "",
};

#[test]
fn a_search_finds_words_of_every_script_whatever_their_accents() {
    let origin = Origin::start();
    let feed = rss("Kumo", &[QUAKE, MAP, THAI, GREEK, DAM]);
    origin.serve("/kumo", Answer::feed(feed, "application/rss+xml"));
    let home = Home::new();
    home.good(&["fetch", &origin.url("/kumo")]);
    let check = |words: &str, expected: &[&Entry<'_>]| {
        let mut titles: Vec<String> =
            found(&home, words).iter().map(|found| text(found, "headline").to_owned()).collect();
        let mut expected: Vec<&str> = expected.iter().map(|entry| entry.title).collect();
        titles.sort();
        expected.sort_unstable();
        assert_eq!(titles, expected, "{words}");
    };
    check("地震", &[&QUAKE]);
    check("地", &[&QUAKE, &MAP]);
    check("震 地", &[&QUAKE, &MAP]);
    check("地震*", &[&QUAKE]);
    check("title:地震", &[&QUAKE]);
    check("title:津波", &[]);
    check("text:津波", &[&QUAKE]);
    check("\"東京湾で地震\"", &[&QUAKE]);
    check("\"地震で\"", &[]);
    check("地震 AND 津波", &[&QUAKE]);
    check("地震 OR 地図", &[&QUAKE, &MAP]);
    check("地 NOT 地震", &[&MAP]);
    check("東京　津波", &[&QUAKE]);
    check("iPhone", &[&QUAKE]);
    check("発売", &[&QUAKE]);
    check("NEAR(東京 震源, 9)", &[&QUAKE]);
    check("เชียงใหม่", &[&THAI]);
    check("ถนน", &[&THAI]);
    check("ελλαδα", &[&GREEK]);
    check("ΕΛΛΆΔΑ", &[&GREEK]);
    check("ubermut nunoa creme ELAN", &[&GREEK]);
    check("evacuat*", &[&DAM]);
    check("\"record rain\" NOT ferry", &[&DAM]);
    check("title:evacuated OR 地震", &[&DAM, &QUAKE]);

    let quake = &found(&home, "津波")[0]["hits"][0];
    assert_eq!(quake["matches"][0], "津波");
    assert!(text(quake, "snippet").contains("津波の心配"), "{quake}");
    for broken in ["\"open", "dam AND", "(dam", "nowhere:dam", "地震 AND", "*", "NEAR(", "。、"] {
        let ran = home.run(&["search", broken]);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.lines().count()), (Some(2), "", 1), "{broken}: {ran:?}");
        assert!(ran.stderr.contains(broken) && !ran.stderr.contains("fts5"), "{broken}: {}", ran.stderr);
        assert_eq!(home.run(&["clusters", "--query", broken]).code, Some(2), "{broken}");
    }
}

#[test]
fn a_search_says_how_much_there_is_and_obeys_every_filter() {
    let origin = Origin::start();
    let home = Home::new();
    home.good(&[&["fetch"], &serve_fixtures(&origin).iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let all = home.json(&["search", "the OR der OR la", "--format", "json"]);
    let clusters = all["clusters"].as_array().expect("a list");
    let hits: usize = clusters.iter().map(|cluster| cluster["hits"].as_array().expect("a list").len()).sum();
    assert_eq!((&all["match_count"], &all["newest_only"]), (&hits.into(), &false.into()));
    let some = home.json(&["search", "the OR der OR la", "--format", "json", "--limit", "3"]);
    assert_eq!(ids(some["clusters"].as_array().expect("a list")), ids(clusters)[..3]);
    let wide = home.json(&["search", "the OR der OR la", "--format", "json", "--min-outlets", "3"]);
    let wide = wide["clusters"].as_array().expect("a list").clone();
    let expected: Vec<&str> = ids(clusters)
        .into_iter()
        .zip(clusters)
        .filter(|(_, cluster)| cluster["outlet_count"].as_u64() >= Some(3))
        .map(|(id, _)| id)
        .collect();
    assert!(!wide.is_empty() && wide.len() < clusters.len());
    assert_eq!(ids(&wide), expected);
    let by_size = home.json(&["search", "the OR der OR la", "--format", "json", "--sort", "size"]);
    let sizes: Vec<Option<u64>> = by_size["clusters"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|cluster| cluster["article_count"].as_u64())
        .collect();
    assert!(sizes.len() == clusters.len() && sizes.is_sorted_by(|one, other| one >= other), "{sizes:?}");
}

#[test]
fn what_is_muted_is_left_out_of_lists_and_searches_and_told_and_nothing_is_lost() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN, QUAKE]), "application/rss+xml"));
    let config = |reading: &str| {
        format!(
            "[fetch]\nallow_private_addresses = true\n[reading]\n{reading}\n[[feeds]]\nurl = \"{}\"\ntags = [\"coast\"]\n\
             [[feeds]]\nurl = \"{}\"\n",
            origin.url("/lamp"),
            origin.url("/beacon")
        )
    };
    let home = Home::with_config(&config(""));
    home.good(&["fetch"]);
    let check = |reading: &str, shown: &[&str], muted: usize| {
        std::fs::write(home.path("config.toml"), config(reading)).expect("it can be written");
        let ran = home.good(&["clusters", "--format", "jsonl", "--sort", "new"]);
        let headlines: Vec<String> = ran
            .stdout
            .lines()
            .map(|line| text(&serde_json::from_str(line).expect("an object a line"), "headline").to_owned())
            .collect();
        assert_eq!(headlines.len(), shown.len(), "{reading}: {headlines:?}");
        assert!(
            headlines.iter().zip(shown).all(|(headline, word)| headline.contains(word)),
            "{reading}: {headlines:?}"
        );
        let told = ran.stderr.contains(&format!("{muted} cluster")) && ran.stderr.contains("--unmuted");
        assert_eq!(told, muted > 0, "{reading}: {}", ran.stderr);
        assert_eq!(list(&home, &["--unmuted"]).len(), 3, "{reading}");
        for limit in 1..=shown.len() {
            assert_eq!(list(&home, &["--sort", "new", "--limit", &limit.to_string()]).len(), limit, "{reading}");
        }
    };
    check("", &["rain", "sourdough", "地震"], 0);
    check("mute = { words = [\"sourdough\"] }", &["rain", "地震"], 1);
    check("mute = { words = [\"津波\", \"SOURDOUGH\"] }", &["rain"], 2);
    check("mute = { outlets = [\"the lamp\"] }", &["rain", "地震"], 1);
    check("mute = { tags = [\"coast\"] }", &["rain", "地震"], 1);
    check("mute = { outlets = [\"The Lamp\", \"The Beacon\"] }\nkeep = { words = [\"orveth\"] }", &["rain"], 2);
    std::fs::write(home.path("config.toml"), config("mute = { words = [\"sourdough\"] }")).expect("it can be written");
    assert!(found(&home, "apprentices").is_empty());
    assert!(home.good(&["search", "apprentices"]).stderr.contains("1 cluster muted"));
    assert_eq!(
        home.json(&["search", "apprentices", "--unmuted", "--format", "json"])["clusters"][0]["article_count"],
        1
    );
    assert!(!home.good(&["digest"]).stdout.contains("sourdough"));
    assert!(home.good(&["digest", "--unmuted"]).stdout.contains("sourdough"));

    for (reading, message) in [
        ("mute = [\"sport\"]", "must be a table"),
        ("mute = { wods = [] }", "did you mean `words`?"),
        ("mute = { words = \"sport\" }", "must be a list"),
        ("mute = { words = [\"…\"] }", "holds no word"),
        ("representative = [\"prioritty\"]", "did you mean \"priority\"?"),
        ("representative = \"open\"", "must be a list of \"priority\", \"open\", \"complete\", \"earliest\""),
    ] {
        std::fs::write(home.path("config.toml"), config(reading)).expect("it can be written");
        let ran = home.run(&["clusters"]);
        assert!(ran.code == Some(2) && ran.stderr.contains(message) && ran.stderr.contains("config.toml:4"), "{ran:?}");
    }
}

#[test]
fn who_speaks_for_a_cluster_is_the_readers_choice() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    let home = Home::new();
    home.good(&["fetch", &origin.url("/lamp"), &origin.url("/beacon")]);
    let headline = |expected: &str| {
        let clusters = list(&home, &["--min-outlets", "2"]);
        assert_eq!(clusters.len(), 1, "one story");
        assert_eq!(text(&clusters[0], "headline"), expected);
        let speaker = articles(&clusters[0]).iter().find(|article| article["id"] == clusters[0]["representative"]);
        assert_eq!(text(speaker.expect("a member"), "title"), expected);
        assert!(text(speaker.expect("a member"), "text").starts_with(text(&clusters[0], "summary")));
    };
    headline(DAM.title);
    home.good(&["feeds", "remove", &origin.url("/lamp")]);
    home.good(&["feeds", "add", "--no-check", "--paywalled", &origin.url("/lamp")]);
    headline(DAM_TOLD_AGAIN.title);
    assert!(home.good(&["feeds", "export", "-"]).stdout.contains("newsfold:paywalled=\"true\""));
    std::fs::write(home.path("config.toml"), "[reading]\nrepresentative = [\"earliest\"]\n")
        .expect("it can be written");
    headline(DAM.title);
    std::fs::write(home.path("config.toml"), "").expect("it can be written");
    headline(DAM_TOLD_AGAIN.title);
}
