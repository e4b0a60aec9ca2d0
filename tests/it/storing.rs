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
        Entry { guid: "two", link: "", title: "An entry with a date that is two", published: "03/04/2026", ..BREAD },
        Entry { guid: "nought", link: "", title: "An entry of 1970", published: "1970-01-01T00:00:00Z", ..BREAD },
        Entry {
            guid: "old",
            link: "",
            title: "An entry of long ago",
            published: "mar. 4 mars 2003, 15h30 CET",
            ..BREAD
        },
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
            "An entry of long ago" => {
                assert_eq!(text(article, "published"), "2003-03-04T14:30:00Z");
                Value::Null
            }
            "An entry of the future" => Value::from("future"),
            _ => Value::from("missing"),
        };
        assert_eq!(article["date_doubt"], doubt, "{article}");
        assert_eq!(article["published"] == article["seen"], !doubt.is_null(), "{article}");
    }
    home.good(&["fetch", &url]);
    assert_eq!(stored(&home), first, "no poll moves a date that stands in");
}

#[test]
fn a_pass_whose_answers_cannot_be_stored_ends_at_once_says_why_and_the_next_one_makes_up_for_it() {
    let (origin, home) = (Origin::start(), Home::new());
    let urls: Vec<String> =
        ["/a", "/b"].map(|path| serve(&origin, path, &[Entry { guid: path, link: "", title: path, ..BREAD }])).into();
    home.good(&["feeds", "add", &urls[0], &urls[1]]);
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER trouble BEFORE INSERT ON memberships BEGIN SELECT raise(ABORT, 'trouble here'); END",
        )
        .unwrap();
    // The feed that never answers would hold the pass for its whole timeout.
    origin.serve("/silence", Answer::silence());
    let began = std::time::Instant::now();
    let ran = home.run(&["fetch", &origin.url("/silence"), &urls[0], &urls[1]]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("trouble here"), "{}", ran.stderr);
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "nothing is waited for that nobody can store");
    assert!(stored(&home).is_empty());
    other.execute_batch("DROP TRIGGER trouble").unwrap();
    home.good(&["feeds", "remove", &origin.url("/silence")]);
    let ran = home.good(&["fetch"]);
    assert!(ran.stderr.contains("2 articles new"), "they are due still: {}", ran.stderr);
}

#[test]
fn an_interrupted_pass_keeps_what_it_has_and_says_what_is_missing() {
    let (origin, home) = (Origin::start(), Home::new());
    let url = serve(&origin, "/quick", &[BREAD]);
    let database = home.path("newsfold.db");
    origin.serve("/silence", Answer::silence());
    let child = home.spawn(&["fetch", &origin.url("/silence"), &url]);
    let is_stored = || {
        let Ok(connection) = rusqlite::Connection::open(&database) else { return false };
        connection
            .query_row("SELECT count(*) FROM articles", [], |row| row.get::<_, i64>(0))
            .is_ok_and(|count| count == 1)
    };
    let began = std::time::Instant::now();
    while !is_stored() {
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "the quick feed is never stored");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("`kill` starts").success());
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("1 read") && said.contains("1 interrupted") && said.contains("1 article new"), "{said}");
    assert_eq!(text(&only(&home), "title"), BREAD.title);
}
