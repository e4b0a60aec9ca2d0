//! Politeness, case by case: bodies, whole, packed, cut and empty. The table of all cases stands in `politeness`.

use std::io::Write;
use std::time::{Duration, Instant};

use newsfold::model::{Health, Validators};

use crate::origin::Answer;
use crate::rig::{Rig, hours};
use crate::samples::{BREAD, DAM, Entry, rss};

fn good(entries: &[Entry<'_>], etag: &str) -> Answer {
    Answer::new(200, rss("The Lamp", entries)).header("ETag", etag).conditional()
}

#[test]
fn p29_only_what_can_be_undone_is_asked_for_and_a_false_encoding_is_an_error() {
    let document = rss("The Lamp", &[DAM]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(document.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    twice.write_all(&gzip).unwrap();
    let twice = twice.finish().unwrap();
    let encoded = |body: &[u8], encoding: &str| Answer::new(200, body).header("Content-Encoding", encoding);
    let cases = [
        ("/right", encoded(&gzip, "gzip"), true),
        ("/plain", encoded(document.as_bytes(), "identity"), true),
        ("/false", encoded(document.as_bytes(), "gzip"), false),
        ("/false-br", encoded(document.as_bytes(), "br"), false),
        ("/unknown", encoded(&gzip, "compress"), false),
        ("/doubled", encoded(&twice, "gzip, gzip"), false),
        ("/doubled-br", encoded(&gzip, "br, gzip"), false),
    ];
    let mut rig = Rig::new();
    for (path, answer, _) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    rig.pass();
    for (path, _, is_good) in cases {
        let expected = if is_good { Health::Ok } else { Health::Unreadable };
        assert_eq!(rig.health(path), expected, "{path}: {:?}", rig.feed(path).state.detail);
        let accepted = rig.sent(path, "accept-encoding").remove(0).unwrap_or_default();
        let mut accepted: Vec<&str> = accepted.split(',').map(str::trim).collect();
        accepted.sort_unstable();
        assert_eq!(accepted, ["br", "deflate", "gzip", "zstd"]);
    }
    assert_eq!(rig.titles(), [DAM.title]);
}

#[test]
fn p30_a_body_is_read_up_to_its_cap_however_it_is_packed() {
    let mut rig = Rig::new();
    rig.fetch.body_bytes_max = 100_000;
    let spaces = vec![b' '; 4 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&spaces).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 1, 22).write_all(&spaces).unwrap();
    let zstd = zstd::stream::encode_all(&spaces[..], 1).unwrap();
    let encoded = |body: Vec<u8>, encoding: &str| Answer::new(200, body).header("Content-Encoding", encoding);
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..3 {
        chunked.extend_from_slice(format!("{:x}\r\n", 50_000).as_bytes());
        chunked.extend_from_slice(&spaces[..50_000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let cases = [
        ("/announced", Answer::new(200, "<rss").header("Content-Length", "100001").then_hang()),
        ("/long", Answer::new(200, spaces)),
        ("/chunked", Answer::raw(chunked)),
        ("/gzip", encoded(gzip, "gzip")),
        ("/br", encoded(brotli, "br")),
        ("/zstd", encoded(zstd, "zstd")),
    ];
    for (path, answer) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    let began = Instant::now();
    rig.pass();
    assert!(began.elapsed() < Duration::from_secs(4), "nothing is waited for that is too large anyway");
    for (path, _) in cases {
        let state = rig.feed(path).state;
        assert_eq!(state.health, Health::Unreadable, "{path}");
        assert!(state.detail.is_some_and(|detail| detail.contains("is larger than")), "{path}");
    }
}

#[test]
fn p31_one_deadline_holds_for_the_whole_answer() {
    let mut rig = Rig::new();
    rig.fetch.timeout = Duration::from_millis(400);
    let document = rss("The Lamp", &[DAM]);
    let slow_hop = Answer::redirect(302, "/hop2").drip(20, Duration::from_millis(80));
    let cases = [
        ("/silent", Answer::silence()),
        ("/headers", Answer::new(200, "").header("Content-Length", "999").then_hang()),
        ("/trickle", Answer::new(200, document).drip(1, Duration::from_millis(25))),
        // Each hop is in time, and all of them are not.
        ("/hop1", slow_hop),
    ];
    rig.origin.serve("/hop2", Answer::redirect(302, "/hop3").drip(20, Duration::from_millis(80)));
    rig.origin.serve("/hop3", good(&[DAM], "\"1\""));
    for (path, answer) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    rig.ingest.downloads_per_host_max = 8;
    let began = Instant::now();
    rig.pass();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for (path, _) in cases {
        let state = rig.feed(path).state;
        assert_eq!((state.health, state.failures), (Health::Unreachable, 1), "{path}");
        assert!(state.detail.is_some_and(|detail| detail.contains("timed out after 400 ms")), "{path}");
    }
}

#[test]
fn p32_a_body_that_ends_early_changes_nothing() {
    let document = rss("The Lamp", &[DAM, BREAD]);
    let half = document.as_bytes()[..document.len() / 2].to_vec();
    let announced = || Answer::new(200, half.clone()).header("Content-Length", "9999").header("ETag", "\"half\"");
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nETag: \"half\"\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{document}",
        document.len() + 5
    );
    for ending in [announced().then_close(), announced().then_reset(), Answer::raw(chunked)] {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", ending);
        rig.wait(hours(2));
        rig.pass();
        let state = rig.feed("/feed").state;
        assert_eq!((state.health, state.failures), (Health::Unreadable, 1));
        assert_eq!((state.validators.etag.as_deref(), rig.titles()), (Some("\"1\""), vec![DAM.title.to_owned()]));
    }
}

#[test]
fn p33_an_answer_of_nothing_empties_no_feed() {
    let nothings = [
        Answer::new(200, ""),
        Answer::new(200, " \r\n\t"),
        Answer::status(204),
        Answer::new(206, rss("The Lamp", &[BREAD])),
    ];
    for nothing in nothings {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", nothing.clone().header("ETag", "\"nothing\""));
        rig.wait(hours(2));
        rig.pass();
        let state = rig.feed("/feed").state;
        assert_eq!((state.health, state.failures), (Health::Unreadable, 1), "{nothing:?}");
        assert_eq!((state.validators.etag.as_deref(), rig.titles()), (Some("\"1\""), vec![DAM.title.to_owned()]));
        assert!(state.interval_seconds > 0 && state.last_new.is_some());
    }
    // A 304 to who asked for the whole.
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", Answer::status(304).header("ETag", "\"1\""));
    rig.pass();
    let state = rig.feed("/feed").state;
    assert_eq!((state.health, state.validators), (Health::Unreadable, Validators::default()));
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.live(hours(1));
    assert_eq!(rig.titles(), [DAM.title]);
    // An empty feed is a feed, whose articles stay.
    rig.origin.serve("/feed", good(&[], "\"empty\""));
    rig.live(hours(3));
    assert_eq!((rig.feed("/feed").state.validators.etag.as_deref(), rig.titles().len()), (Some("\"empty\""), 1));
}

#[test]
fn p37_a_feed_by_another_content_type_is_a_feed() {
    let types = ["text/plain", "text/html", "application/octet-stream", "image/png", "", "nonsense; charset"];
    let mut rig = Rig::new();
    for (number, content_type) in types.iter().enumerate() {
        let title = format!("Notice {number} of the harbour office");
        let document = rss("The Lamp", &[Entry { guid: "", link: "", title: &title, ..BREAD }]);
        let path = format!("/{number}");
        rig.origin.serve(&path, Answer::new(200, document).header("Content-Type", content_type));
        rig.add(&rig.origin.url(&path));
    }
    rig.pass();
    assert_eq!(rig.titles().len(), types.len());
    assert!(rig.feeds().iter().all(|feed| feed.state.health == Health::Ok));
}

#[test]
fn p38_the_headers_charset_goes_first_unless_the_bytes_are_utf_8() {
    let title = "Bäckerei an der Brücke öffnet";
    let declared = |charset: &str| {
        let entry = Entry { guid: charset, link: "", title, text: "Früh um fünf.", ..BREAD };
        rss("The Lamp", &[entry]).replace("version=\"1.0\"?", &format!("version=\"1.0\" encoding=\"{charset}\"?"))
    };
    let latin = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect::<Vec<u8>>();
    let cases: [(&str, Vec<u8>, &str); 4] = [
        ("/header", latin(&declared("utf-8")), "text/xml; charset=iso-8859-1"),
        ("/declaration", latin(&declared("iso-8859-1")), "text/xml"),
        // What is UTF-8 throughout is nothing else, whoever says so.
        ("/bytes", declared("us-ascii").into_bytes(), "text/xml; charset=iso-8859-1"),
        ("/both", declared("iso-8859-1").into_bytes(), "application/rss+xml; charset=utf-8"),
    ];
    for (path, body, content_type) in cases {
        let mut rig = Rig::with(path);
        rig.origin.serve(path, Answer::new(200, body).header("Content-Type", content_type));
        rig.pass();
        assert_eq!(rig.titles(), [title], "{path}");
    }
}
