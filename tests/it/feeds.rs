//! The commands for feeds: listed, checked, found, added, carried as OPML; and private networks by the feed.

use serde_json::Value;

use crate::binary::{Home, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, rss};

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

/// What `feeds check --format json` says, and how it ended.
fn checked(home: &Home, args: &[&str]) -> (Value, Option<i32>) {
    let ran = home.run(&[&["feeds", "check", "--format", "json"], args].concat());
    (serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}")), ran.code)
}

/// A header among those of an exchange.
fn header<'a>(headers: &'a Value, name: &str) -> Option<&'a str> {
    let mut pairs = headers.as_array().expect("a list").iter();
    pairs.find(|pair| pair["name"] == name).map(|pair| text(pair, "value"))
}

/// All that is listed of the feeds.
fn listed(home: &Home) -> Vec<Value> {
    home.json(&["feeds", "list", "--format", "json"])["feeds"].as_array().expect("a list").clone()
}

#[test]
fn a_check_tells_what_was_sent_and_what_came_and_stores_nothing() {
    let origin = Origin::start();
    let home = Home::new();
    let answer = |entries: &[_]| Answer::feed(rss("The Lamp", entries), RSS).header("Cache-Control", "max-age=7200");
    origin.serve("/lamp", answer(&[DAM]));
    let url = origin.url("/lamp");

    // An unknown feed is asked as if for the first time. What is told of the request is what was sent.
    let (check, code) = checked(&home, &[&url]);
    assert_eq!(
        (code, &check["known"], &check["trouble"], text(&check, "feed")),
        (Some(0), &false.into(), &false.into(), &url[..])
    );
    let seen = origin.requests("/lamp").remove(0);
    let mut sent: Vec<(String, String)> = seen
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| name != "host")
        .collect();
    sent.sort();
    let told = check["asked"][0]["headers"].as_array().expect("a list").iter();
    let told: Vec<_> = told.map(|pair| (text(pair, "name").to_owned(), text(pair, "value").to_owned())).collect();
    assert_eq!(told, sent);
    assert_eq!(check["came"]["bytes"], rss("The Lamp", &[DAM]).len());
    assert_eq!((&check["came"]["fresh_seconds"], &check["asked"][0]["status"]), (&7200.into(), &200.into()));
    assert_eq!((text(&check["read"], "kind"), text(&check["read"], "rung")), ("RSS", "plain"));
    assert_eq!(text(&check["read"]["newest"], "title"), DAM.title);
    assert!(check["next"]["because"].to_string().contains("max-age"), "{check}");
    assert_eq!(header(&check["next"]["headers"], "if-none-match"), text(&check["came"], "etag").into());
    assert!(!home.path("newsfold.db").exists());

    // A known one as the service would ask it.
    home.good(&["fetch", &url]);
    let before = listed(&home);
    let (check, code) = checked(&home, &[&url]);
    assert_eq!((code, &check["known"], text(&check, "health")), (Some(0), &true.into(), "not-modified"));
    assert_eq!(header(&check["asked"][0]["headers"], "if-none-match"), before[0]["etag"].as_str());
    assert_eq!((&check["asked"][0]["status"], &check["read"]), (&304.into(), &Value::Null));
    let (check, _) = checked(&home, &["--whole", &url]);
    assert_eq!(header(&check["asked"][0]["headers"], "if-none-match"), None);
    assert_eq!((&check["read"]["entries"], &check["read"]["not_stored_yet"]), (&1.into(), &0.into()));
    origin.serve("/lamp", answer(&[BREAD, DAM]));
    let (check, _) = checked(&home, &[&url]);
    assert_eq!((&check["read"]["entries"], &check["read"]["not_stored_yet"]), (&2.into(), &1.into()));
    assert_eq!(listed(&home), before, "nothing of it was stored");
    let shown = home.good(&["feeds", "check", &url]).stdout;
    assert!(shown.contains("2 entries, 1 not stored yet") && shown.contains("among the feeds since"), "{shown}");

    // All feeds, one object a line.
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM]), RSS));
    home.good(&["feeds", "add", "--no-check", &origin.url("/beacon")]);
    assert_eq!(home.good(&["feeds", "check", "--format", "json"]).stdout.lines().count(), 2);
}

#[test]
fn a_check_follows_redirects_and_shows_no_secret() {
    let (origin, other) = (Origin::start(), Origin::start());
    origin.serve("/old", Answer::redirect(301, &other.url("/new?token=hush")));
    other.serve("/new", Answer::feed(rss("The Lamp", &[DAM]), RSS));
    let url = origin.url("/old").replace("http://", "http://me:hush@");
    let home = Home::with_config(&format!(
        "[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{url}\"\nheaders = {{ X-Key = \"hush\" }}\n"
    ));
    let shown = home.good(&["feeds", "check"]).stdout;
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("301 Moved Permanently") && shown.contains("not sent on to there"), "{shown}");
    let (check, code) = checked(&home, &[&url]);
    assert_eq!((code, text(&check, "feed")), (Some(0), &url[..]), "programs get the address as it was configured");
    let asked = check["asked"].as_array().expect("a list");
    assert_eq!(
        (asked.len(), header(&asked[0]["headers"], "x-key"), header(&asked[1]["headers"], "x-key")),
        (2, Some("***"), None)
    );
    assert_eq!(check.to_string().matches("hush").count(), 1, "only there: {check}");
    assert_eq!(other.requests("/new")[0].header("x-key"), None);
}

#[test]
fn a_check_of_a_feed_in_trouble_says_which_and_ends_with_1() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/page", page(&link("/lamp", "News"), ""));
    let (check, code) = checked(&home, &[&origin.url("/page")]);
    assert_eq!((code, text(&check, "health")), (Some(1), "unreadable"));
    assert_eq!(check["feeds_offered"], serde_json::json!([origin.url("/lamp")]));
    let shown = home.run(&["feeds", "check", &origin.url("/page")]).stdout;
    assert!(shown.contains("HTML page") && shown.contains(&origin.url("/lamp")), "{shown}");
    let (check, code) = checked(&home, &[&origin.url("/nowhere")]);
    assert_eq!((code, &check["asked"][0]["status"], &check["came"]), (Some(1), &404.into(), &Value::Null));
    assert!(text(&check, "detail").contains("404 Not Found"), "{check}");
    let (check, code) = checked(&home, &["http://127.0.0.1:1/"]);
    assert_eq!((code, text(&check, "health"), &check["asked"][0]["status"]), (Some(1), "unreachable", &Value::Null));

    // While a server wants quiet, it has it.
    origin.serve("/busy", Answer::status(429).header("Retry-After", "1800"));
    let busy = origin.url("/busy");
    assert_eq!(home.run(&["fetch", &busy]).code, Some(1));
    let asked = origin.all_requests().len();
    let (check, code) = checked(&home, &[&busy]);
    assert_eq!((code, text(&check, "health"), origin.all_requests().len()), (Some(1), "throttled", asked));
    assert!(check["next"]["because"][0]["why"].to_string().contains("Retry-After"), "{check}");
}

#[test]
fn the_list_tells_each_state_and_hides_what_opens_something() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), RSS));
    origin.serve("/empty", Answer::feed(rss("Empty", &[]), RSS));
    origin.serve("/undated", Answer::feed(rss("Undated", &[crate::samples::Entry { published: "", ..DAM }]), RSS));
    origin.serve("/gone", Answer::status(410));
    origin.serve("/moved", Answer::redirect(301, "/beacon"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), RSS));
    let home = Home::new();
    let secret = origin.url("/lamp?token=hush");
    let paths = ["/empty", "/undated", "/gone", "/moved", "/nowhere"].map(|path| origin.url(path));
    let urls: Vec<&str> = paths.iter().map(String::as_str).chain([secret.as_str()]).collect();
    home.good(&[&["feeds", "add", "--no-check"], &urls[..]].concat());
    assert_eq!(home.run(&["fetch"]).code, Some(3));
    // The host of all of them asks for a pause.
    let busy = Origin::start();
    busy.serve("/busy", Answer::status(429).header("Retry-After", "1800"));
    home.good(&["feeds", "add", "--no-check", &busy.url("/busy"), &busy.url("/beside")]);
    home.run(&["fetch", &busy.url("/busy")]);
    home.good(&["feeds", "add", "--no-check", &origin.url("/new")]);

    let states: Vec<(String, String)> = listed(&home)
        .iter()
        .map(|feed| (text(feed, "url").rsplit('/').next().expect("a path").to_owned(), text(feed, "state").to_owned()))
        .collect();
    let expected = [
        ("empty", "empty"),
        ("undated", "all undated"),
        ("gone", "gone"),
        ("moved", "redirect pending"),
        ("nowhere", "unreachable"),
        ("lamp?token=hush", "ok"),
        ("busy", "throttled"),
        ("beside", "throttled"),
        ("new", "never started"),
    ];
    assert_eq!(states, expected.map(|(path, state)| (path.to_owned(), state.to_owned())));
    let table = home.good(&["feeds", "list", "--format", "table"]).stdout;
    for words in [
        "all undated",
        "redirect pending",
        "never started",
        "asked for a pause until",
        "for another feed",
        "moved to",
        "9 feeds: 2 throttled, ",
    ] {
        assert!(table.contains(words), "`{words}`: {table}");
    }
    let trouble = home.good(&["feeds", "list", "--trouble"]).stdout;
    assert_eq!(trouble.lines().count(), 3, "{trouble}");

    // Tables and Markdown are for eyes, the rest is for programs.
    for (format, shows) in [("table", false), ("markdown", false), ("json", true), ("jsonl", true), ("csv", true)] {
        let output = home.good(&["feeds", "list", "--format", format]).stdout;
        assert_eq!(output.contains("hush"), shows, "{format}: {output}");
    }
    assert!(home.good(&["feeds", "list"]).stdout.contains("hush"), "plain lines are for programs");
    let ran = home.good(&["feeds", "remove", &origin.url("/lamp?token=***")]);
    assert!(!ran.stderr.contains("hush") && listed(&home).len() == 8, "{}", ran.stderr);

    // The plan of a pass gives the same reasons.
    let plan = home.good(&["fetch", "--dry-run"]).stdout;
    let line = |path: &str| plan.lines().find(|line| line.contains(path)).unwrap_or_else(|| panic!("{path}: {plan}"));
    assert!(line("/new").starts_with("ask\t") && line("/new").contains("never asked before"), "{plan}");
    assert!(line("/empty").contains("not due before") && line("/empty").contains("the interval learned"), "{plan}");
    assert!(line("/busy").contains("asked for a pause until"), "{plan}");
}

/// Runs an import in a process whose memory is bounded.
fn import(home: &Home, list: &[u8], args: &str) -> (Option<i32>, String) {
    std::fs::write(home.path("list.opml"), list).expect("the list can be written");
    let script = format!("ulimit -v 1500000; exec {} feeds import {args} list.opml", env!("CARGO_BIN_EXE_newsfold"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(home.path("")).env_clear().env("HOME", home.path(""));
    let output = command.output().expect("a shell starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// S12: external entities, a million outlines, other schemes, nesting, other encodings.
#[test]
fn s12_a_hostile_list_does_no_harm_and_ends_soon() {
    let body = |inner: &str| format!("<opml version='2.0'><body>{inner}</body></opml>");
    let feed = |url: &str| format!("<outline text='x' xmlUrl='{url}'/>");
    let check = |what: &str, list: &[u8], code: i32, said: &str, urls: &[&str]| {
        let home = Home::new();
        let began = std::time::Instant::now();
        let (ended, told) = import(&home, list, "");
        assert_eq!(ended, Some(code), "{what}: {told}");
        assert!(told.contains(said), "{what}: {told}");
        assert!(!told.contains('\x1b'), "{what}: {told:?}");
        assert!(began.elapsed().as_secs() < 60, "{what}: {:?}", began.elapsed());
        let found: Vec<String> = listed(&home).iter().map(|feed| text(feed, "url").to_owned()).collect();
        assert_eq!(found, urls, "{what}");
    };
    let good = "https://a.example/feed";
    let entities = format!(
        "<!DOCTYPE opml [<!ENTITY a 'xxxxxxxxxx'><!ENTITY b '&a;&a;&a;&a;&a;&a;'><!ENTITY f SYSTEM 'file:///etc/hostname'>\
         <!ENTITY % p SYSTEM 'http://127.0.0.1:1/x'> %p;]>{}",
        body(&format!("<outline text='&b;&f;' xmlUrl='{good}'/>{}", feed("https://b.example/&f;")))
    );
    check("entities", entities.as_bytes(), 0, "2 feeds added", &[good, "https://b.example/&f;"]);
    check("a million outlines", body(&"<outline/>".repeat(1_000_000)).as_bytes(), 0, "0 feeds added", &[]);
    let many: String = (0..100_001).map(|number| feed(&format!("https://a.example/{number}"))).collect();
    check("too many feeds", body(&many).as_bytes(), 1, "more than 100000 feeds", &[]);
    check("the same feed", body(&feed(good).repeat(50_000)).as_bytes(), 0, "49999 more of the list", &[good]);
    let schemes = [
        "javascript:alert(1)",
        "data:text/xml,x",
        "file:///etc/passwd",
        "gopher://a.example/",
        "java&#9;script:1",
        "\u{1b}[2J",
    ];
    let schemes: String = schemes.map(feed).concat() + &feed(good);
    check("schemes", body(&schemes).as_bytes(), 0, "1 feed added, 0 already there; 6 left out", &[good]);
    check("only schemes", body(&feed("javascript:1")).as_bytes(), 1, "nothing in this list can be fetched", &[]);
    let deep = body(&("<outline text='x'>".repeat(1_000_000) + &feed(good)));
    check("nesting", deep.as_bytes(), 1, "more than 64 levels", &[]);
    check(
        "a huge attribute",
        body(&format!("<outline text='{}' xmlUrl='{good}'/>", "&x".repeat(2_000_000))).as_bytes(),
        0,
        "1 feed added",
        &[good],
    );
    check("too large", &vec![b' '; 33 << 20], 1, "more than 33554432 bytes", &[]);
    check("no list", b"\x00\xff\xfe\x1b[2J", 1, "not OPML", &[]);
    let utf16: Vec<u8> = body(&feed(good)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    check("UTF-16", &utf16, 0, "1 feed added", &[good]);
    // Neither opens a list private networks, nor does it make us ask every second.
    let home = Home::new();
    let greedy =
        "<outline xmlUrl='http://127.0.0.1:1/' newsfold:interval='1s' newsfold:allow_private_addresses='true'/>";
    assert_eq!(import(&home, body(greedy).as_bytes(), "").0, Some(0));
    let feed = listed(&home).remove(0);
    assert_eq!((&feed["interval_fixed_seconds"], &feed["allow_private_addresses"]), (&Value::Null, &false.into()));
}

#[test]
fn a_feeds_settings_go_out_and_come_in_again() {
    let home = Home::new();
    std::fs::write(home.path("a.xml"), rss("The Lamp", &[DAM])).expect("a feed can be written");
    let args = "--no-check --outlet Lamp --tag coast --tag sea --interval 45m --no-cluster --priority=-2 https://a.example/feed";
    home.good(&[&["feeds", "add"], &args.split(' ').collect::<Vec<_>>()[..]].concat());
    home.good(&["feeds", "add", "a.xml"]);
    let opml = home.good(&["feeds", "export"]).stdout;
    let fresh = Home::new();
    let (code, told) = import(&fresh, opml.as_bytes(), "");
    assert!(code == Some(0) && told.contains("1 feed added, 0 already there; 1 left out"), "{told}");
    assert!(told.contains("--allow-files"), "{told}");
    let (_, told) = import(&fresh, opml.as_bytes(), "--allow-files");
    assert!(told.contains("1 feed added, 1 already there"), "{told}");
    let settings = |home: &Home| -> Vec<Value> {
        let mut feeds = listed(home);
        feeds.sort_by_key(|feed| text(feed, "url").to_owned());
        let keys = ["url", "outlet", "tags", "interval_fixed_seconds", "cluster", "priority"];
        feeds.iter().map(|feed| keys.iter().map(|key| feed[*key].clone()).collect()).collect()
    };
    assert_eq!(settings(&fresh), settings(&home));
    assert_eq!(
        settings(&fresh)[1],
        serde_json::json!(["https://a.example/feed", "Lamp", ["coast", "sea"], 2700, false, -2])
    );
}
