//! Whom a pass asks, how many at once, with what headers: courtesy as a publisher sees it.

use std::time::Duration;

use crate::binary::Home;
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, rss};

fn feed() -> Answer {
    Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml")
}

/// Fetches eight slow feeds under this config; gives the most that were under way at once, by the requests' times.
fn most_at_once(fetch: &str) -> usize {
    let origin = Origin::start();
    let took = Duration::from_millis(200);
    let mut config = format!("[fetch]\nallow_private_addresses = true\n{fetch}\n");
    for number in 0..8 {
        let path = format!("/{number}");
        let body = rss("The Lamp", &[BREAD]);
        let bytes = body.len() / 2 + 200;
        origin.serve(&path, Answer::new(200, body).drip(bytes, took));
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", origin.url(&path)));
    }
    let home = Home::with_config(&config);
    home.good(&["fetch"]);
    let requests = origin.all_requests();
    assert_eq!(requests.len(), 8);
    let within = |index: usize| requests[index..].iter().filter(|seen| seen.at < requests[index].at + took).count();
    (0..8).map(within).max().expect("there are eight")
}

#[test]
fn downloads_are_bounded_as_a_whole_and_per_host() {
    assert_eq!(most_at_once("per_host = 2"), 2);
    assert_eq!(most_at_once("per_host = 8\nconcurrency = 3"), 3);
    assert!(most_at_once("per_host = 8") > 3, "the bounds are what held them back");
}

#[test]
fn a_feed_is_asked_when_it_is_due_or_named_and_never_against_its_servers_word() {
    // The pause is its whole host's, so the busy feed has one of its own.
    let (origin, other) = (Origin::start(), Origin::start());
    let home = Home::new();
    let at = |path: &str| if path == "/busy" { &other } else { &origin };
    let url = |path: &str| at(path).url(path);
    origin.serve("/feed", feed());
    other.serve("/busy", Answer::status(429).header("Retry-After", "3600"));
    origin.serve("/gone", Answer::status(410));
    home.run(&["fetch", &url("/feed"), &url("/busy"), &url("/gone")]);
    let asked = || ["/feed", "/busy", "/gone"].map(|path| at(path).requests(path).len());
    assert_eq!(asked(), [1, 1, 1]);

    let ran = home.good(&["fetch"]);
    assert!(ran.stderr.contains("no feed was asked"), "{}", ran.stderr);
    assert_eq!(asked(), [1, 1, 1], "none is due");

    let plan = home.good(&["fetch", "--all", "--dry-run"]).stdout;
    assert_eq!(asked(), [1, 1, 1], "a dry run asks nobody");
    let line = |path: &str| plan.lines().find(|line| line.contains(&url(path))).expect("a line a feed").to_owned();
    assert!(line("/feed").starts_with("ask\t") && line("/feed").contains("If-None-Match"), "{plan}");
    assert!(line("/busy").starts_with("leave\t") && line("/busy").contains("pause"), "{plan}");
    assert!(line("/gone").starts_with("leave\t") && line("/gone").contains("410"), "{plan}");

    let [feed_url, busy, gone] = ["/feed", "/busy", "/gone"].map(url);
    let named = [vec!["fetch", &busy, &gone], vec!["fetch", &feed_url, &gone]];
    for (args, code) in [vec!["fetch", "--all"]].into_iter().chain(named).zip([0, 1, 3]) {
        let ran = home.run(&args);
        assert_eq!(ran.code, Some(code), "what was named and not asked was not done: {args:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains("(410)"), "{}", ran.stderr);
    }
    assert_eq!(asked(), [3, 1, 1], "--all and names set due times aside, and nothing else");

    // Who adds a feed anew wants it asked, whatever it once said.
    home.good(&["feeds", "remove", &url("/gone")]);
    home.good(&["feeds", "add", "--no-check", &url("/gone"), "--tag", "back"]);
    origin.serve("/gone", feed());
    home.good(&["fetch", &url("/gone")]);
    assert_eq!(asked(), [3, 1, 2]);
}

#[test]
fn a_dry_run_adds_no_feed_and_makes_no_file() {
    let origin = Origin::start();
    let home = Home::new();
    let plan = home.good(&["fetch", "--dry-run", &origin.url("/new")]).stdout;
    assert!(plan.starts_with("ask\t") && plan.contains("never asked before"), "{plan}");
    assert!(!home.path("newsfold.db").exists());
    origin.serve("/feed", feed());
    home.good(&["fetch", &origin.url("/feed")]);
    home.good(&["fetch", "--dry-run", &origin.url("/new")]);
    assert!(!home.good(&["feeds", "list"]).stdout.contains("/new"));
}

#[test]
fn validators_are_kept_with_what_was_stored_and_never_from_a_body_that_could_not_be_read() {
    let origin = Origin::start();
    let home = Home::new();
    let url = origin.url("/feed");
    let good = || Answer::new(200, rss("The Lamp", &[DAM])).header("ETag", "\"one\"");
    origin.serve("/feed", good());
    home.good(&["fetch", &url]);
    origin.serve("/feed", Answer::new(200, "<rss><channel><oops").header("ETag", "\"broken\""));
    assert_eq!(home.run(&["fetch", &url]).code, Some(1));
    origin.serve("/feed", Answer::status(503).header("ETag", "\"ill\""));
    assert_eq!(home.run(&["fetch", &url]).code, Some(1));
    origin.serve(
        "/feed",
        Answer::new(200, rss("The Lamp", &[DAM, BREAD])).header("Last-Modified", "Thu, 13 Feb 2025 10:00:00 GMT"),
    );
    home.good(&["fetch", &url]);
    home.good(&["fetch", &url]);
    let sent: Vec<Option<String>> =
        origin.requests("/feed").iter().map(|seen| seen.header("if-none-match").map(str::to_owned)).collect();
    let one = Some("\"one\"".to_owned());
    assert_eq!(
        sent,
        [None, one.clone(), one.clone(), one, None],
        "a new answer's validators replace the old ones whole"
    );
    let last = origin.requests("/feed").pop().expect("there were five");
    assert_eq!(last.header("if-modified-since"), Some("Thu, 13 Feb 2025 10:00:00 GMT"));
}

#[test]
fn headers_of_the_config_go_to_their_feed_alone_and_are_shown_to_nobody() {
    let origin = Origin::start();
    origin.serve("/mine", feed());
    origin.serve("/other", feed());
    let home = Home::with_config(&format!(
        "[fetch]\nallow_private_addresses = true\nuser_agent = \"Lamplighter/1\"\n\
         [[feeds]]\nurl = \"{}\"\nheaders = {{ Authorization = \"Bearer s3cret\" }}\n[[feeds]]\nurl = \"{}\"\n",
        origin.url("/mine"),
        origin.url("/other")
    ));
    let ran = home.good(&["fetch", "-vv"]);
    assert_eq!(origin.requests("/mine")[0].header("authorization"), Some("Bearer s3cret"));
    assert_eq!(origin.requests("/other")[0].header("authorization"), None);
    assert_eq!(origin.requests("/other")[0].header("user-agent"), Some("Lamplighter/1"));
    assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
    for args in
        [&["feeds", "list", "--format", "json"][..], &["feeds", "export", "-"], &["fetch", "--all", "--dry-run"]]
    {
        assert!(!home.good(args).stdout.contains("s3cret"), "{args:?}");
    }
}

#[test]
fn a_feed_is_read_from_a_path_and_from_a_file_url() {
    let home = Home::new();
    std::fs::write(home.path("lamp.xml"), rss("The Lamp", &[DAM])).unwrap();
    home.good(&["fetch", "./lamp.xml"]);
    let url = home.clusters()[0]["articles"][0]["feed"].as_str().unwrap().to_owned();
    assert!(url.starts_with("file:///"), "{url}");
    let ran = home.good(&["fetch", &url]);
    assert!(ran.stderr.contains("1 not modified; 0 articles new"), "{}", ran.stderr);
}
