//! What publishers with bad intentions send: it reaches neither the terminal nor the neighbours.

use std::fs;

use crate::binary::{Home, articles, shared};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, Entry, rss};

#[test]
fn control_characters_markup_and_formulas_reach_no_terminal_page_or_sheet() {
    let (origin, home) = (Origin::start(), Home::new());
    // XML 1.0 cannot hold ESC, so it comes by HTML's character references and in JSON.
    let title = "Sale \u{9b}31m red &amp;#27;[2J \u{202e}drawkcab [click](javascript:alert) <img src=x onerror=alert(1)> | =1+2";
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"Evil \\u001b]0;owned\\u0007 Times\",\"items\":[{{\"id\":\"1\",\
         \"url\":\"https://evil.example/1\",\"title\":\"\\u001b[31mRed\\u001b[0m alert {}\",\"content_html\":\"<script>alert(1)</script><p>Text \\u001b[2J \\u0000 here</p>\",\
         \"tags\":[\"\\u001b[1m\"],\"authors\":[{{\"name\":\"\\u001b[5mBlink\"}}]}}]}}",
        title.replace('"', "")
    );
    origin.serve("/rss", Answer::new(200, rss("The \u{9b}5mLamp", &[Entry { title, text: title, ..DAM }])));
    origin.serve("/json", Answer::new(200, json).header("Content-Type", "application/feed+json"));
    origin.serve("/500\u{61}", Answer::status(500).header("Server", "evil"));
    let ran = home.good(&["fetch", "-vv", &origin.url("/rss"), &origin.url("/json")]);
    assert_clean("fetch", &ran.stderr);
    let clusters = home.clusters();
    assert_eq!(clusters.iter().map(|cluster| articles(cluster).len()).sum::<usize>(), 2, "{}", ran.stderr);
    let id = clusters[0]["id"].as_str().expect("an id").to_owned();
    let article = clusters[0]["articles"][0]["id"].as_str().expect("an id").to_owned();
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        for color in ["never", "always"] {
            let shown = home.good(&["clusters", "--format", format, "--color", color]).stdout;
            // Our own colours may be there; theirs may not.
            let ours = if color == "always" { plain(&shown) } else { shown };
            // Rows of a sheet end as RFC 4180 wants it.
            assert_clean(format, &ours.replace("\r\n", "\n"));
            if format == "markdown" {
                assert!(!ours.contains("<img") && !ours.contains("](javascript"), "{ours}");
            }
        }
    }
    let commands = [
        &["clusters"][..],
        &["show", &id],
        &["why", &article],
        &["search", "alert OR red"],
        &["digest"],
        &["digest", "--format", "markdown"],
        &["feeds", "list"],
        &["feeds", "list", "--format", "json"],
        &["feeds", "export", "-"],
        &["feeds", "check"],
    ];
    for args in commands {
        let shown = home.good(args).stdout;
        assert_clean(&args.join(" "), &shown);
        if args.contains(&"markdown") {
            assert!(!shown.contains("<img") && !shown.contains("](javascript"), "{shown}");
        }
    }
    let sheet = home.good(&["clusters", "--format", "csv"]).stdout;
    assert!(sheet.lines().all(|line| !line.starts_with('=')), "{sheet}");
}

/// No control character but the line break and the tab, and none of those that turn the direction of text.
fn assert_clean(what: &str, shown: &str) {
    let bad = |letter: &char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(letter)
    };
    let found: Vec<String> = shown.chars().filter(bad).map(|letter| letter.escape_unicode().to_string()).collect();
    assert!(found.is_empty(), "{what} shows {found:?}:\n{shown}");
}

/// Without the colours that we set ourselves.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        let end = after.find('m').expect("a colour ends");
        assert!(after[..end].chars().all(|letter| letter.is_ascii_digit() || letter == ';'), "{text}");
        rest = &after[end + 1..];
    }
    plain + rest
}

#[test]
fn documents_that_break_parsers_are_a_line_each_and_the_good_feed_is_stored() {
    let (origin, home) = (Origin::start(), Home::new());
    origin.serve("/good", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    let nested = |name: &str, depth: usize| {
        let (open, close) = (format!("<{name}>").repeat(depth), format!("</{name}>").repeat(depth));
        let xmlns =
            "xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"";
        let entry = format!("<item><title>Nested</title><link>https://deep.example/1</link>{open}{close}</item>");
        format!("<rss version=\"2.0\" {xmlns}><channel><title>Deep</title>{entry}</channel></rss>").into_bytes()
    };
    bodies.push(nested("media:group", 1_000));
    bodies.push(nested("media:content", 20_000));
    bodies.push(rss("Deep", &[Entry { text: &"<div>".repeat(50_000), ..BREAD }]).into_bytes());
    bodies.push(b"<!DOCTYPE rss [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]><rss><channel><title>&b;</title></channel></rss>".to_vec());
    bodies.push(br#"<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&x;</title><item><title>&x;</title></item></channel></rss>"#.to_vec());
    if let Some(folder) = shared("security/feed-rs-panics") {
        let mut paths: Vec<_> =
            fs::read_dir(folder).expect("it can be read").map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        bodies.extend(paths.iter().map(|path| fs::read(path).expect("it can be read")));
    }
    let mut args = vec!["fetch".to_owned()];
    for (number, body) in bodies.iter().enumerate() {
        let path = format!("/{number}");
        origin.serve(&path, Answer::new(200, body.clone()));
        args.push(origin.url(&path));
    }
    args.push(origin.url("/good"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = home.run(&args);
    assert!(matches!(ran.code, Some(0 | 3)), "{:?}: {}", ran.code, ran.stderr);
    assert!(!ran.stderr.contains("overflow"), "{}", ran.stderr);
    let stored = home.good(&["clusters", "--format", "json"]).stdout;
    assert!(stored.contains(DAM.title) && stored.contains(BREAD.title));
    assert!(!stored.contains("root:") && !stored.contains("/bin/"), "no file of ours is read into an entry");
    // The panic was contained: a second pass works as the first.
    assert!(matches!(home.run(&["fetch", "--all"]).code, Some(0 | 3)));
}

#[test]
fn huge_answers_are_bounded_and_said_to_be_so() {
    let origin = Origin::start();
    let home = Home::with_config(
        "[fetch]\nallow_private_addresses = true\nbody_max = \"4 MiB\"\nentries_max = 300\nper_host = 8\n",
    );
    let titles: Vec<String> = (0..1_000).map(|number| format!("Entry number {number}")).collect();
    let entries: Vec<Entry<'_>> =
        titles.iter().map(|title| Entry { guid: title, title, link: "", text: "Short.", ..BREAD }).collect();
    origin.serve("/many", Answer::new(200, rss("Many", &entries)));
    let million = "<item/>".repeat(500_000);
    origin.serve(
        "/elements",
        Answer::new(200, format!("<rss version=\"2.0\"><channel><title>Elements</title>{million}</channel></rss>")),
    );
    origin.serve("/huge", Answer::new(200, vec![b' '; 6 << 20]));
    let bomb = zstd::bulk::compress(&vec![b' '; 64 << 20], 3).expect("it can be compressed");
    origin.serve("/bomb", Answer::new(200, bomb).header("Content-Encoding", "zstd"));
    origin.serve("/good", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    let urls = ["/many", "/elements", "/huge", "/bomb", "/good"].map(|path| origin.url(path));
    let mut args = vec!["fetch"];
    args.extend(urls.iter().map(String::as_str));
    let ran = home.run(&args);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    for path in ["/huge", "/bomb"] {
        let line = ran
            .stderr
            .lines()
            .find(|line| line.contains(&origin.url(path)) && !line.ends_with("feeds"))
            .expect("a line a trouble");
        let size = ["4 MiB", "4.0 MiB", "4194304", "4.2 MB", "4 194 304"].iter().any(|size| line.contains(size));
        assert!(size && line.contains("body_max"), "it says what is too large and where that is set: {line}");
    }
    let stored = home.json(&["status", "--format", "json"])["articles"].as_u64().expect("a count");
    assert!((301..=601).contains(&stored), "{stored} articles of two feeds cut at 300 entries and a good one");
}
