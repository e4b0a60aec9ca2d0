//! The commands for feeds: listed, checked, found, added, carried as OPML; and private networks by the feed.

use serde_json::Value;

use crate::binary::{Home, text};
use crate::origin::{Answer, Origin};
use crate::samples::{DAM, DAM_TOLD_AGAIN, rss};

const RSS: &str = "application/rss+xml";

#[test]
fn private_networks_are_opened_feed_by_feed_at_redirects_too() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), RSS));
    origin.serve("/moved", Answer::redirect(302, "/beacon"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), RSS));
    let (lamp, moved, beacon) = (origin.url("/lamp"), origin.url("/moved"), origin.url("/beacon"));
    let home = Home::with_config(&format!(
        "[[feeds]]\nurl = \"{lamp}\"\nallow_private_addresses = true\n[[feeds]]\nurl = \"{beacon}\"\n"
    ));
    home.good(&["feeds", "add", &moved, "--allow-private"]);
    let feeds = home.json(&["feeds", "list", "--format", "json"]);
    let allowed = |url: &str| {
        let listed = feeds["feeds"].as_array().expect("a list").iter().find(|feed| feed["url"] == url);
        listed.expect("it is listed")["allow_private_addresses"].clone()
    };
    assert_eq!((allowed(&lamp), allowed(&moved), allowed(&beacon)), (true.into(), true.into(), false.into()));
    let asked = origin.requests("/beacon").len();

    let ran = home.run(&["fetch"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{beacon}: refused")), "{}", ran.stderr);
    assert!(ran.stderr.contains("`allow_private_addresses = true` for this feed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 feeds asked: 2 read"), "{}", ran.stderr);
    assert_eq!(origin.requests("/beacon").len(), asked + 1, "by way of the redirect alone");
}

/// A page with this head and body.
fn page(head: &str, body: &str) -> Answer {
    Answer::new(200, format!("<!doctype html><html><head><title>A site</title>{head}</head><body>{body}</body></html>"))
        .header("Content-Type", "text/html")
}

fn link(href: &str, title: &str) -> String {
    format!("<link rel=alternate type=application/rss+xml title='{title}' href='{href}'>")
}

fn atom(title: &str) -> Answer {
    let feed = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>{title}</title><id>urn:x</id><updated>2025-02-13T10:00:00Z</updated>\
         <entry><id>urn:x:1</id><title>One</title><updated>2025-02-13T10:00:00Z</updated><link href='https://lamp.example/1'/></entry></feed>"
    );
    Answer::feed(feed, "application/atom+xml")
}

/// URLs and ways of what `feeds discover` prints, and how it ended.
fn discovered(home: &Home, url: &str) -> (Vec<(String, String)>, Option<i32>) {
    let ran = home.run(&["feeds", "discover", url, "--format", "json"]);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(found["schema"], "newsfold.discovery/1");
    let feeds = found["feeds"].as_array().expect("a list").iter();
    (feeds.map(|feed| (text(feed, "url").to_owned(), text(feed, "found_by").to_owned())).collect(), ran.code)
}

#[test]
fn the_feeds_of_a_page_are_found_step_by_step_and_no_step_too_many() {
    let origin = Origin::start();
    let home = Home::new();
    let lamp = rss("The Lamp", &[DAM]);
    let check = |path: &str, expected: &[(&str, &str)], requests: usize| {
        let before = origin.all_requests().len();
        let (found, code) = discovered(&home, &origin.url(path));
        let expected: Vec<_> = expected.iter().map(|(path, by)| (origin.url(path), (*by).to_owned())).collect();
        assert_eq!((found, code), (expected.clone(), Some(i32::from(expected.is_empty()))), "{path}");
        assert_eq!(origin.all_requests().len() - before, requests, "{path}: {:?}", origin.all_requests());
    };
    origin.serve("/lamp", Answer::feed(lamp.clone(), RSS));
    check("/lamp", &[("/lamp", "itself")], 1);

    // In the head: each is asked for; what is none, or the same by another name, is left out.
    origin.serve("/again", Answer::redirect(302, "/lamp"));
    origin.serve("/atom", atom("The Lamp"));
    origin.serve("/none", page("", ""));
    let head = ["/lamp", "/again", "/atom", "/none", "/lamp#top"].map(|href| link(href, "x")).concat();
    origin.serve("/named", page(&head, "<a href=/other/feed>RSS</a>"));
    check("/named", &[("/lamp", "link"), ("/atom", "link")], 1 + 4 + 1);

    // In the body, where the head names none.
    origin.serve("/other/feed", Answer::feed(lamp.clone(), RSS));
    origin.serve(
        "/linked",
        page("", "<p><a href=/nothing/feed>feed</a> <a href=/other/feed>RSS</a> <a href=/lamp>The lamp</a>"),
    );
    check("/linked", &[("/other/feed", "anchor")], 1 + 2);

    // At a usual address, of the folder first; the search ends with the first.
    origin.serve("/blog/", page("", "nothing"));
    origin.serve("/blog/feed.xml", Answer::feed(lamp.clone(), RSS));
    origin.serve("/rss.xml", Answer::feed(lamp, RSS));
    check("/blog/", &[("/blog/feed.xml", "path")], 1 + 3);
    // The page itself may be gone.
    check("/no/such/page.html", &[("/rss.xml", "path")], 1 + 5 + 2);
}

#[test]
fn a_search_for_feeds_ends_where_there_are_none_and_where_it_is_unwelcome() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/", page("", ""));
    let ran = home.run(&["feeds", "discover", &origin.url("/")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("is no feed, and neither are the 9 addresses that were tried"), "{}", ran.stderr);

    // Too many requests: not one more.
    origin
        .serve("/busy", page(&(0..20).map(|number| link(&format!("/limited/{number}"), "x")).collect::<String>(), ""));
    origin.serve("/limited/0", Answer::status(429).header("Retry-After", "60"));
    let (found, code) = discovered(&home, &origin.url("/busy"));
    assert!(found.is_empty() && code == Some(1));
    assert_eq!(origin.requests("/limited/1").len(), 0);

    // A page that names thousands costs a bounded number of requests.
    let many: String = (0..5_000).map(|number| link(&format!("/many/{number}"), "x")).collect();
    origin.serve("/many", page(&many, &"<a href=/more/feed>RSS</a>".repeat(5_000)));
    let before = origin.all_requests().len();
    assert_eq!(discovered(&home, &origin.url("/many")).1, Some(1));
    assert!(origin.all_requests().len() - before <= 32, "{}", origin.all_requests().len() - before);

    // Nowhere off the public internet, whatever a page names.
    let home = Home::with_config("");
    let ran = home.run(&["feeds", "discover", &origin.url("/")]);
    assert!(ran.code == Some(1) && ran.stderr.contains("allow_private_addresses"), "{}", ran.stderr);
    origin.serve("/files", page("<link rel=alternate type=text/xml href='file:///etc/hostname'>", ""));
    assert_eq!(home.run(&["feeds", "discover", "--allow-private", &origin.url("/files")]).code, Some(1));
}

#[test]
fn adding_a_page_adds_its_feed_or_asks_which() {
    let origin = Origin::start();
    let home = Home::new();
    let urls = |home: &Home| -> Vec<String> {
        let feeds = home.json(&["feeds", "list", "--format", "json"]);
        feeds["feeds"].as_array().expect("a list").iter().map(|feed| text(feed, "url").to_owned()).collect()
    };
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), RSS));
    origin.serve("/comments", Answer::feed(rss("Comments on The Lamp", &[DAM]), RSS));
    origin.serve("/atom", atom("The Lamp"));
    origin.serve("/sport", atom("Sport by The Lamp"));
    origin.serve("/one", page(&(link("/comments", "Comments") + &link("/lamp", "") + &link("/atom", "")), ""));
    origin.serve("/two", page(&(link("/lamp", "News") + &link("/sport", "Sport")), ""));

    // One feed, in two dialects and with its comments: the first, with what was typed.
    let ran = home.good(&["feeds", "add", &origin.url("/one"), "--tag", "coast"]);
    assert!(
        ran.stderr.contains(&format!("{}: added (The Lamp, RSS, 1 entry), found at", origin.url("/lamp"))),
        "{}",
        ran.stderr
    );
    assert_eq!(urls(&home), [origin.url("/lamp")]);
    let listed = home.json(&["feeds", "list", "--format", "json"]);
    assert_eq!(listed["feeds"][0]["tags"], serde_json::json!(["coast"]));

    // Two: a choice.
    let ran = home.run(&["feeds", "add", &origin.url("/two")]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for path in ["/lamp", "/sport"] {
        assert!(ran.stderr.contains(&format!("newsfold feeds add '{}'", origin.url(path))), "{}", ran.stderr);
    }
    assert!(ran.stderr.contains("--all"), "{}", ran.stderr);
    assert_eq!(urls(&home).len(), 1);
    home.good(&["feeds", "add", "--all", &origin.url("/two")]);
    assert_eq!(urls(&home), [origin.url("/lamp"), origin.url("/sport")]);

    // What is no feed and has none is not added, unless one insists; what cannot be reached just now is.
    let ran = home.run(&["feeds", "add", &origin.url("/nothing"), &origin.url("/lamp")]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("not added") && ran.stderr.contains("--no-check"), "{}", ran.stderr);
    let asked = origin.all_requests().len();
    home.good(&["feeds", "add", "--no-check", &origin.url("/nothing")]);
    assert_eq!(origin.all_requests().len(), asked);
    origin.serve("/later", Answer::status(503));
    let ran = home.good(&["feeds", "add", &origin.url("/later")]);
    assert!(ran.stderr.contains("warning: ") && ran.stderr.contains("503"), "{}", ran.stderr);
    assert_eq!(urls(&home).len(), 4);
}

#[test]
fn what_a_page_offers_cannot_leave_its_quotation_marks() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/a", atom("One\u{1b}[2J\n; touch hacked"));
    origin.serve("/b';touch$IFS'hacked';'", atom("Two"));
    origin.serve("/b%27;touch$IFS%27hacked%27;%27", atom("Two"));
    let head =
        "<link rel=alternate type=text/xml href=/a><link rel=alternate type=text/xml href=\"/b';touch$IFS'hacked';'\">";
    origin.serve("/page", page(head, ""));
    let ran = home.run(&["feeds", "add", &origin.url("/page")]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    for line in ran.stderr.lines().filter(|line| line.starts_with("newsfold feeds add")) {
        let words = line.split(" # ").next().expect("a first part");
        assert_eq!(words.matches('\'').count(), 2, "{line}");
    }
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("newsfold feeds add")).count(), 2, "{}", ran.stderr);
}
