//! Documents and answers made to exhaust whoever reads them: bounded time and memory, a line each, and the good feeds on time (S5, S6).

use std::fs;
use std::io::Write;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::binary::{Home, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, Entry, rss};

/// The deadline of a request in these tests.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Memory that the binary may have used at its peak. Built for tests it needs a few tens of megabytes for itself.
const PEAK_BYTES_MAX: u64 = 400 << 20;

/// Waits for the end of a process; gives what it said on stderr and the most memory it ever used.
fn watched(mut child: Child) -> (String, u64) {
    let mut stderr = child.stderr.take().expect("it is piped");
    let said = std::thread::spawn(move || {
        let mut said = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("it is UTF-8");
        said
    });
    let mut peak = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        peak = peak.max(peak_bytes(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    let status = child.wait().expect("it has ended");
    let said = said.join().expect("it is read");
    assert!(status.code().is_some(), "it died by {status}\n{said}");
    (said, peak)
}

/// The high-water mark of a process's memory, where the system tells.
fn peak_bytes(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    let entry = format!("<item><title>Nested</title>{}{}</item>", open.repeat(depth), close.repeat(depth));
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>Deep</title>{entry}</channel></rss>"
    )
}

/// Hostile answers, and the word by which each is named; an empty one for what is read within limits.
fn hostile() -> Vec<(&'static str, Answer, &'static str)> {
    let megabytes = |count: usize| vec![b' '; count << 20];
    let zstd = zstd::bulk::compress(&megabytes(256), 1).expect("it can be compressed");
    let once = gzip(&megabytes(64));
    let attributes: String = (0..100_000).map(|number| format!(" a{number}='x'")).collect();
    let laughs: String =
        (1..10).map(|at| format!("<!ENTITY l{at} \"{}\">", format!("&l{};", at - 1).repeat(10))).collect();
    let laughs =
        format!("<!DOCTYPE rss [<!ENTITY l0 \"lol\">{laughs}]>{}", rss("L", &[BREAD]).replace("Baker", "&l9;"));
    let long = "The harbour light & the bell. ".repeat(18_070);
    let xml = |body: String| Answer::new(200, body);
    vec![
        ("gzip", Answer::new(200, once.clone()).header("Content-Encoding", "gzip"), "body_max"),
        ("nested gzip", Answer::new(200, gzip(&once)).header("Content-Encoding", "gzip"), "body_max"),
        ("nested gzip, thrice", Answer::new(200, gzip(&gzip(&once))).header("Content-Encoding", "gzip"), "unreadable"),
        ("zstd", Answer::new(200, zstd).header("Content-Encoding", "zstd"), "body_max"),
        ("too large", Answer::new(200, megabytes(3)), "body_max"),
        (
            "a million entries",
            xml(format!("<rss version=\"2.0\"><channel><title>M</title>{}</channel></rss>", "<item/>".repeat(280_000))),
            "",
        ),
        (
            "a million JSON entries",
            xml(format!(
                "{{\"version\":\"https://jsonfeed.org/version/1\",\"title\":\"J\",\"items\":[{}{{}}]}}",
                "{},".repeat(600_000)
            )),
            "",
        ),
        ("a long body", xml(rss("Long", &[Entry { text: &long, ..BREAD }])), ""),
        (
            "attributes",
            xml(format!("<rss version=\"2.0\"><channel><item{attributes}><title>x</title></item></channel></rss>")),
            "attributes",
        ),
        ("depth", xml(nested("<a>", "</a>", 250_000)), "inside of each other"),
        ("depth of groups", xml(nested("<media:group>", "</media:group>", 5_000)), "inside of each other"),
        (
            "depth of JSON",
            xml(format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}", "[".repeat(1_000_000))),
            "unreadable",
        ),
        ("entities", xml(laughs), ""),
        ("an open quotation mark", xml(format!("<rss version=\"{}", "x".repeat(2_000_000))), "unreadable"),
        ("a word without end", xml(format!("<rss version=\"2.0\"><channel><title>{}", "x".repeat(2_000_000))), ""),
        ("silence", Answer::silence(), "timed out"),
        ("a slow body", Answer::new(200, rss("Slow", &[DAM])).drip(1, Duration::from_millis(250)), "timed out"),
        (
            "headers without end",
            Answer::raw(format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(200_000)))
                .drip(600, Duration::from_millis(100)),
            "unreachable",
        ),
        (
            "one header without end",
            Answer::raw(format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(2_000_000))),
            "unreachable",
        ),
    ]
}

#[test]
fn one_hostile_feed_of_each_kind_keeps_no_good_one_waiting() {
    const GOOD: usize = 99;
    let (good, bad) = (Origin::start(), Origin::start());
    let mut config = format!(
        "[fetch]\nallow_private_addresses = true\ntimeout = \"{}s\"\nbody_max = \"2 MiB\"\nper_host = 8\nentries_max = 300\n",
        TIMEOUT.as_secs()
    );
    let kinds = hostile();
    for number in 0..GOOD {
        let path = format!("/{number}");
        let link = format!("https://lamp.example/{number}");
        let entry = Entry { guid: &link, link: &link, ..DAM };
        good.serve(&path, Answer::new(200, rss("The Lamp", &[entry])));
        // The hostile ones stand first and between.
        if let Some((_, answer, _)) = kinds.get(number) {
            bad.serve(&path, answer.clone());
            config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", bad.url(&path).replace("127.0.0.1", "localhost")));
        }
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", good.url(&path)));
    }
    let home = Home::with_config(&config);
    let began = Instant::now();
    let (said, peak) = watched(home.spawn(&["fetch"]));
    println!("{:?}, at most {} MiB", began.elapsed(), peak >> 20);
    let asked = good.all_requests();
    assert_eq!(asked.len(), GOOD);
    let last = asked.iter().map(|seen| seen.at.duration_since(began)).max().expect("there are some");
    println!("the last good one was asked after {last:?}");
    assert!(last < TIMEOUT, "a good feed waited for a bad one: {last:?}");
    assert!(peak < PEAK_BYTES_MAX, "{} MiB", peak >> 20);
    let listed = home.json(&["feeds", "list", "--format", "json"]);
    let feeds = listed["feeds"].as_array().expect("a list");
    assert_eq!(
        feeds.iter().filter(|feed| text(feed, "url").contains("127.0.0.1") && text(feed, "health") == "ok").count(),
        GOOD
    );
    for (number, (kind, _, word)) in kinds.iter().enumerate() {
        let url = bad.url(&format!("/{number}")).replace("127.0.0.1", "localhost");
        let line = said.lines().find(|line| line.starts_with(&format!("{url}: "))).unwrap_or_default();
        println!("{kind}: {line}");
        assert!(
            if word.is_empty() { line.is_empty() || line.contains("unreadable") } else { line.contains(word) },
            "{kind}: {line}"
        );
    }
}

/// A pipe that nobody writes into: whoever opens it waits for ever.
fn pipe(home: &Home) -> Option<String> {
    let path = home.path("pipe");
    let made = Command::new("mkfifo").arg(&path).status();
    made.is_ok_and(|made| made.success()).then(|| path.display().to_string())
}

#[test]
fn entities_are_neither_fetched_nor_opened_nor_expanded() {
    let (origin, home) = (Origin::start(), Home::new());
    let Some(pipe) = pipe(&home) else {
        println!("skipped: no mkfifo here");
        return;
    };
    fs::write(home.path("secret"), "the secret words").expect("it can be written");
    let secret = home.path("secret").display().to_string();
    let outside = origin.url("/outside.dtd");
    let doctypes = [
        format!("<!DOCTYPE rss [<!ENTITY x SYSTEM \"file://{pipe}\">]>"),
        format!("<!DOCTYPE rss [<!ENTITY x SYSTEM \"file://{secret}\">]>"),
        format!("<!DOCTYPE rss [<!ENTITY x PUBLIC \"-//a//b\" \"{secret}\">]>"),
        format!("<!DOCTYPE rss [<!ENTITY x SYSTEM \"{outside}\">]>"),
        format!("<!DOCTYPE rss SYSTEM \"{outside}\">"),
        format!("<!DOCTYPE rss [<!ENTITY % p SYSTEM \"{outside}\"> %p; <!ENTITY x \"y\">]>"),
        format!("<!DOCTYPE rss PUBLIC \"-//a//b\" \"file://{pipe}\">"),
        format!("<?xml-stylesheet type=\"text/xsl\" href=\"{outside}\"?>"),
        format!("<!DOCTYPE rss [<!ENTITY a \"{}\"><!ENTITY x \"{}\">]>", "a".repeat(1_000), "&a;".repeat(1_000)),
    ];
    let mut args = vec!["fetch".to_owned()];
    for (number, doctype) in doctypes.iter().enumerate() {
        let path = format!("/{number}");
        let include = format!("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{outside}\"/>");
        let feed = rss("E", &[Entry { text: "Words &x; end", ..BREAD }]);
        let body = feed
            .replace("<?xml version=\"1.0\"?>", doctype)
            .replace("&amp;x;", "&x;")
            .replace("<item>", &format!("{include}<item>"));
        assert!(body.contains("&x;"));
        origin.serve(&path, Answer::new(200, body));
        args.push(origin.url(&path));
    }
    origin.serve("/outside.dtd", Answer::new(200, "<!ENTITY x \"from outside\">"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (said, peak) = watched(home.spawn(&args));
    assert!(peak < PEAK_BYTES_MAX, "{} MiB", peak >> 20);
    assert_eq!(origin.requests("/outside.dtd").len(), 0, "{said}");
    let stored = home.good(&["clusters", "--format", "json"]).stdout;
    for word in ["secret words", "from outside", &"a".repeat(1_000)] {
        assert!(!stored.contains(word), "`{word}` came in");
    }
    assert!(stored.contains("Baker"), "the feeds themselves are read: {said}");
}
