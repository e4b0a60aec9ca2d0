//! What becomes of entries over several polls: stored once, revised, shared by feeds, never lost.

use serde_json::Value;

use crate::binary::{Home, articles, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, DAY, Entry, rss};

fn serve(origin: &Origin, path: &str, entries: &[Entry<'_>]) -> String {
    origin.serve(path, Answer::new(200, rss(&format!("Outlet {}", path.trim_start_matches('/')), entries)));
    origin.url(path)
}

fn stored(home: &Home) -> Vec<Value> {
    home.clusters().iter().flat_map(articles).cloned().collect()
}

fn only(home: &Home) -> Value {
    let stored = stored(home);
    assert_eq!(stored.len(), 1, "{stored:?}");
    stored[0].clone()
}

#[test]
fn an_edited_entry_is_a_revision_of_the_same_article_and_its_old_words_are_kept() {
    let (origin, home) = (Origin::start(), Home::new());
    let url = serve(&origin, "/lamp", &[DAM]);
    home.good(&["fetch", &url]);
    let first = only(&home);
    assert_eq!((&first["revision"], text(&first, "title")), (&Value::from(1), DAM.title));

    let unchanged = home.good(&["fetch", &url]);
    assert!(unchanged.stderr.contains("0 articles new, 0 clusters new"), "{}", unchanged.stderr);
    assert_eq!(only(&home), first);

    let edited = Entry { title: "Orveth dam breached: all 3,400 people are safe", text: "Everybody is safe.", ..DAM };
    serve(&origin, "/lamp", &[edited]);
    let ran = home.good(&["fetch", &url]);
    assert!(ran.stderr.contains("0 articles new, 1 revised"), "{}", ran.stderr);
    let second = only(&home);
    assert_eq!(second["id"], first["id"]);
    assert_eq!((&second["revision"], text(&second, "title")), (&Value::from(2), edited.title));
    let cluster = text(&home.clusters()[0], "id").to_owned();
    let shown = home.good(&["show", &cluster, "--format", "json"]).stdout;
    assert!(shown.contains(DAM.title) && shown.contains("Marta Hollin"), "the old words are shown: {shown}");
    // The index follows: the new words are found, the old ones no more.
    assert!(home.good(&["search", "everybody"]).stdout.contains(edited.title));
    assert!(!home.good(&["search", "Hollin"]).stdout.contains(edited.title));

    // An entry that leaves its feed stays stored; one that lost its text says nothing new.
    serve(&origin, "/lamp", &[Entry { text: "", ..edited }]);
    home.good(&["fetch", &url]);
    assert_eq!(text(&only(&home), "text"), edited.text);
    serve(&origin, "/lamp", &[BREAD]);
    home.good(&["fetch", &url]);
    assert_eq!(stored(&home).len(), 2);
}

#[test]
fn one_article_in_two_feeds_is_stored_once_and_says_so() {
    let (origin, home) = (Origin::start(), Home::new());
    let world = serve(&origin, "/world", &[DAM]);
    let front = serve(&origin, "/front", &[Entry { guid: "front-1", text: "The Orveth dam broke.", ..DAM }, BREAD]);
    home.good(&["fetch", &world]);
    home.good(&["fetch", &front]);
    home.good(&["fetch", &front, &world]);
    let stored = stored(&home);
    assert_eq!(stored.len(), 2);
    let dam = stored.iter().find(|article| text(article, "title") == DAM.title).expect("the dam");
    assert_eq!((text(dam, "feed"), &dam["also_in"]), (world.as_str(), &Value::from(vec![front.clone()])));
    assert_eq!(dam["revision"], 1, "the shorter text of the other feed revises nothing");
    // Both feeds find it.
    for feed in [&world, &front] {
        assert!(home.good(&["clusters", "--feed", feed]).stdout.contains("Orveth"), "{feed}");
    }
}

#[test]
fn one_guid_in_two_feeds_or_one_link_for_all_entries_does_not_make_them_one() {
    let (origin, home) = (Origin::start(), Home::new());
    let first = serve(&origin, "/a", &[Entry { guid: "1", ..DAM }]);
    let second = serve(&origin, "/b", &[Entry { guid: "1", ..BREAD }]);
    let one_link = "https://board.example/";
    let third = serve(
        &origin,
        "/c",
        &[
            Entry { guid: "", link: one_link, title: "Pool closed on Monday", text: "It is cleaned.", ..BREAD },
            Entry { guid: "", link: one_link, title: "Library open late", text: "Until ten.", ..BREAD },
        ],
    );
    home.good(&["fetch", &first, &second, &third]);
    let count = stored(&home).len();
    assert_eq!(count, 4, "two feeds' numbers are not one article, nor are two titles behind one link");
    home.good(&["fetch", "--all"]);
    assert_eq!(stored(&home).len(), count, "asking again stores nothing new");
    assert!(stored(&home).iter().all(|article| article["revision"] == 1));
}

#[test]
fn a_feed_that_is_not_to_be_grouped_gives_clusters_that_nothing_joins() {
    let origin = Origin::start();
    let alone = serve(&origin, "/alone", &[DAM]);
    let other = serve(&origin, "/other", &[DAM_TOLD_AGAIN]);
    let third = serve(&origin, "/third", &[Entry { guid: "3", link: "https://third.example/3", ..DAM_TOLD_AGAIN }]);
    let home = Home::with_config(&format!(
        "[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{alone}\"\ncluster = false\n"
    ));
    home.good(&["fetch", &alone]);
    home.good(&["fetch", &other]);
    home.good(&["fetch", &third]);
    let clusters = home.clusters();
    let sizes: Vec<usize> = clusters.iter().map(|cluster| articles(cluster).len()).collect();
    assert_eq!(clusters.len(), 2, "{sizes:?}");
    let single = clusters.iter().find(|cluster| articles(cluster).len() == 1).expect("one is by itself");
    assert_eq!(text(&articles(single)[0], "feed"), alone);
    home.good(&["rebuild"]);
    assert_eq!(home.clusters().len(), 2);
}

#[test]
fn an_aggregators_entry_keeps_its_own_outlet_and_the_config_names_the_rest() {
    let origin = Origin::start();
    let feed = serve(&origin, "/gather", &[Entry { source: "Kellbruck Courier", ..DAM }, BREAD]);
    let home = Home::with_config(&format!(
        "[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{feed}\"\noutlet = \"The Gatherer\"\ntags = [\"flood\"]\n"
    ));
    home.good(&["fetch"]);
    let outlet = |title: &str| {
        let stored = stored(&home);
        let article = stored.iter().find(|article| text(article, "title") == title).expect("it is stored");
        text(article, "outlet").to_owned()
    };
    assert_eq!((outlet(DAM.title), outlet(BREAD.title)), ("Kellbruck Courier".to_owned(), "The Gatherer".to_owned()));
    assert_eq!(home.clusters()[0]["tags"], Value::from(vec!["flood"]));
}

#[test]
fn what_has_no_date_or_a_future_one_is_dated_when_it_was_seen_and_keeps_that() {
    let (origin, home) = (Origin::start(), Home::new());
    let entries = [
        Entry { guid: "none", link: "", title: "An entry without a date", published: "", ..BREAD },
        Entry { guid: "odd", link: "", title: "An entry with an odd date", published: "soon", ..BREAD },
        Entry {
            guid: "far",
            link: "",
            title: "An entry of the future",
            published: "Sun, 13 Feb 2095 10:00:00 GMT",
            ..BREAD
        },
        Entry { guid: "good", link: "", title: "An entry with a date", published: DAY, ..BREAD },
    ];
    let url = serve(&origin, "/dates", &entries);
    home.good(&["fetch", &url]);
    let first = stored(&home);
    for article in &first {
        let doubt = match text(article, "title") {
            "An entry with a date" => Value::Null,
            "An entry of the future" => Value::from("future"),
            _ => Value::from("missing"),
        };
        assert_eq!(article["date_doubt"], doubt, "{article}");
        assert_eq!(article["published"] == article["seen"], !doubt.is_null(), "{article}");
    }
    home.good(&["fetch", &url]);
    assert_eq!(stored(&home), first, "no poll moves a date that stands in");
}
