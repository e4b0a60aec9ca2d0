//! Fetching over real HTTP, from an origin that is polite, sloppy or hostile, and from files.

use std::io::Write;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use newsfold::fetch::error::{FetchError, one_line};
use newsfold::fetch::{Answer as Got, Fetch, Fetcher, Params, Request, Response};
use newsfold::model::{Health, Validators};

use crate::origin::{Answer, Origin};

const FEED: &str = "<rss version=\"2.0\"><channel><title>The Harbour Post</title></channel></rss>";
const RSS: &str = "application/rss+xml";

fn now() -> Timestamp {
    "2026-02-13T12:00:00Z".parse().unwrap()
}

/// Limits for tests: loopback is allowed, and nobody waits long.
fn params() -> Params {
    Params { allow_private_addresses: true, timeout: Duration::from_secs(5), ..Params::default() }
}

fn fetch_with(params: Params, request: &Request) -> Result<Response, FetchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { Fetcher::new(params)?.fetch(request, now()).await })
}

fn fetch(request: &Request) -> Result<Response, FetchError> {
    fetch_with(params(), request)
}

/// Asks for a URL without conditions.
fn get(url: String) -> Result<Response, FetchError> {
    fetch(&Request::of_url(url))
}

/// The answer and body of a response that must have one.
fn whole(response: Result<Response, FetchError>) -> (Got, Bytes) {
    match response {
        Ok(Response::Fetched { answer, body, .. }) => (answer, body),
        other => panic!("not a whole feed: {other:?}"),
    }
}

/// Serves one answer at `/feed`, asks for it, and tells the error in one line.
fn trouble(answer: Answer) -> (FetchError, String) {
    trouble_with(params(), answer)
}

fn trouble_with(params: Params, answer: Answer) -> (FetchError, String) {
    let origin = Origin::start();
    origin.serve("/feed", answer);
    let error = fetch_with(params, &Request::of_url(origin.url("/feed"))).expect_err("this must fail");
    let line = one_line(&error).replace(&origin.address().to_string(), "ORIGIN");
    (error, line)
}

fn validators(etag: Option<&str>, last_modified: Option<&str>) -> Validators {
    Validators { etag: etag.map(str::to_owned), last_modified: last_modified.map(str::to_owned) }
}

#[test]
fn a_feed_comes_with_all_that_is_known_of_it() {
    let origin = Origin::start();
    let answer = Answer::feed(FEED, "text/html; charset=utf-8").header("Cache-Control", "max-age=7200");
    origin.serve("/feed", answer);
    let Ok(Response::Fetched { answer, body, content_type }) = get(origin.url("/feed")) else { panic!("no feed") };
    assert_eq!((body, content_type.as_deref()), (Bytes::from(FEED), Some("text/html; charset=utf-8")));
    assert_eq!((answer.status, answer.final_url.as_str()), (200, origin.url("/feed").as_str()));
    assert_eq!((answer.fresh_for, answer.moved_permanently_to), (Some(Duration::from_secs(7200)), None));
    assert!(answer.redirects.is_empty() && answer.elapsed < Duration::from_secs(5));
    assert!(answer.elapsed <= origin.requests("/feed")[0].at.elapsed() + Duration::from_secs(1));
}

#[test]
fn a_request_says_who_asks_and_nothing_that_is_not_needed() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::feed(FEED, RSS).header("Set-Cookie", "id=1"));
    origin.serve("/old", Answer::redirect(302, "/feed").header("Set-Cookie", "id=1"));
    whole(get(origin.url("/old?page=1")));
    whole(get(origin.url("/feed")));
    for seen in origin.all_requests() {
        assert_eq!(seen.method, "GET");
        assert!(seen.header("user-agent").unwrap().starts_with("newsfold/"), "{seen:?}");
        assert!(seen.header("accept").unwrap().contains("application/atom+xml"), "{seen:?}");
        let mut names: Vec<String> = seen.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        let mut encodings: Vec<&str> = seen.header("accept-encoding").unwrap().split(',').map(str::trim).collect();
        encodings.sort_unstable();
        assert_eq!(encodings, ["br", "deflate", "gzip", "zstd"]);
    }
    assert_eq!(origin.requests("/old")[0].path, "/old?page=1");
}

#[test]
fn validators_go_back_byte_for_byte() {
    let cases = [
        validators(Some("\"abc\""), Some("Fri, 13 Feb 2026 11:00:00 GMT")),
        validators(Some("W/\"abc\""), None),
        validators(None, Some("Fri, 13 Feb 2026 11:00:00 GMT")),
        validators(Some("unquoted"), Some("yesterday, or so")),
        validators(Some("\"a\\\"b, W/'c'\""), Some("Thu, 01 Jan 1970 00:00:00 GMT")),
        validators(Some("\"\""), None),
        validators(Some("\"zwölf-gzip\""), None),
    ];
    for expected in cases {
        let origin = Origin::start();
        let mut answer = Answer::new(200, FEED).conditional();
        if let Some(etag) = &expected.etag {
            answer = answer.header("ETag", etag);
        }
        if let Some(date) = &expected.last_modified {
            answer = answer.header("Last-Modified", date);
        }
        origin.serve("/feed", answer);
        let (first, _) = whole(get(origin.url("/feed")));
        assert_eq!(first.validators, expected);
        let again = Request { url: origin.url("/feed"), validators: first.validators, ..Request::default() };
        let Ok(Response::NotModified(second)) = fetch(&again) else { panic!("{expected:?} was not recognised") };
        assert_eq!((second.validators, second.status), (expected.clone(), 304));
        let seen = &origin.requests("/feed")[1];
        assert_eq!(seen.header("if-none-match"), expected.etag.as_deref());
        assert_eq!(seen.header("if-modified-since"), expected.last_modified.as_deref());
    }
}

#[test]
fn a_304_renews_what_it_carries_and_a_200_replaces_all() {
    let origin = Origin::start();
    let known = validators(Some("\"1\""), Some("then"));
    let request = Request { url: origin.url("/feed"), validators: known, ..Request::default() };
    origin.serve_in_turn(
        "/feed",
        [
            Answer::status(304).header("ETag", "\"2\"").header("Cache-Control", "max-age=60"),
            Answer::status(304),
            Answer::new(200, FEED).header("Last-Modified", "now"),
            Answer::new(200, FEED),
        ],
    );
    let expected = [
        (304, validators(Some("\"2\""), Some("then")), Some(60)),
        (304, validators(Some("\"1\""), Some("then")), None),
        (200, validators(None, Some("now")), None),
        (200, Validators::default(), None),
    ];
    for (status, validators, fresh_seconds) in expected {
        let response = fetch(&request).unwrap();
        let answer = response.answer();
        assert_eq!((answer.status, &answer.validators), (status, &validators));
        assert_eq!(answer.fresh_for, fresh_seconds.map(Duration::from_secs));
    }
}

#[test]
fn redirects_are_followed_and_only_permanent_ones_move_a_feed() {
    for (status, is_permanent) in [(301, true), (302, false), (303, false), (307, false), (308, true)] {
        let origin = Origin::start();
        origin.serve("/old/feed", Answer::redirect(status, "../new/feed#top"));
        origin.serve("/new/feed", Answer::feed(FEED, RSS));
        let request = Request {
            url: origin.url("/old/feed"),
            validators: validators(Some("\"old\""), Some("then")),
            headers: vec![("Authorization".into(), "Bearer of-news".into())],
            ..Request::default()
        };
        let (answer, _) = whole(fetch(&request));
        assert_eq!(answer.final_url.as_str(), origin.url("/new/feed"));
        assert_eq!(answer.moved_permanently_to.is_some(), is_permanent, "{status}");
        assert_eq!((answer.redirects.len(), answer.redirects[0].status), (1, status));
        assert!(answer.validators.etag.is_some(), "they are of the URL that answered, which is named with them");
        let first = &origin.requests("/old/feed")[0];
        assert_eq!((first.header("if-none-match"), first.header("if-modified-since")), (Some("\"old\""), Some("then")));
        // A validator belongs to one URL; the user's header to one origin, which this still is.
        let second = &origin.requests("/new/feed")[0];
        assert_eq!((second.header("if-none-match"), second.header("if-modified-since")), (None, None));
        assert_eq!((second.header("authorization"), second.header("referer")), (Some("Bearer of-news"), None));
    }
}

#[test]
fn nothing_of_the_user_reaches_another_origin() {
    let (one, other) = (Origin::start(), Origin::start());
    one.serve("/feed", Answer::redirect(302, &other.url("/hop")));
    other.serve("/hop", Answer::redirect(302, &one.url("/back")));
    one.serve("/back", Answer::feed(FEED, RSS));
    let request = Request {
        url: one.url("/feed").replace("http://", "http://me:pw@"),
        validators: validators(Some("\"old\""), None),
        headers: vec![("X-Key".into(), "secret".into()), ("Cookie".into(), "id=1".into())],
        ..Request::default()
    };
    let (answer, _) = whole(fetch(&request));
    assert_eq!(answer.final_url.as_str(), one.url("/back"));
    let first = &one.requests("/feed")[0];
    assert_eq!((first.header("authorization"), first.header("x-key")), (Some("Basic bWU6cHc="), Some("secret")));
    for seen in [&other.requests("/hop")[0], &one.requests("/back")[0]] {
        for name in ["authorization", "x-key", "cookie", "referer", "if-none-match"] {
            assert_eq!(seen.header(name), None, "{name} of {seen:?}");
        }
    }
}

#[test]
fn redirects_that_end_nowhere_name_every_stop() {
    let origin = Origin::start();
    origin.serve("/a", Answer::redirect(302, "/b"));
    origin.serve("/b", Answer::redirect(301, "/a#again"));
    let line = one_line(&get(origin.url("/a")).unwrap_err()).replace(&origin.url(""), "");
    assert_eq!(line, "cannot fetch `/a`: its redirects go in a circle: `/a` -> `/b` -> `/a`");
    for hop in 0..7 {
        origin.serve(&format!("/{hop}"), Answer::redirect(302, &format!("/{}", hop + 1)));
    }
    origin.serve("/7", Answer::feed(FEED, RSS));
    let line = one_line(&get(origin.url("/1")).unwrap_err()).replace(&origin.url(""), "");
    assert_eq!(line, "cannot fetch `/1`: more than 5 redirects: `/1` -> `/2` -> `/3` -> `/4` -> `/5` -> `/6` -> `/7`");
    whole(get(origin.url("/2")));
    for target in ["file:///etc/passwd", "ftp://example.com/", "gopher://example.com/", "data:text/xml,<rss/>"] {
        let (error, line) = trouble(Answer::redirect(302, target));
        assert!(line.contains("only `http:` and `https:` are followed"), "{line}");
        assert_eq!(error.health(), Health::Refused);
    }
    let (_, line) = trouble(Answer::status(302));
    assert_eq!(line, "cannot fetch `http://ORIGIN/feed`: the server answered 302 Found without a usable `Location`");
}

#[test]
fn compressed_bodies_are_undone() {
    for (encoding, body) in compressed(FEED.as_bytes()) {
        let origin = Origin::start();
        origin.serve("/feed", Answer::new(200, body).header("Content-Encoding", encoding));
        assert_eq!(whole(get(origin.url("/feed"))).1, FEED, "{encoding}");
    }
    // gzip under its old name, in capitals, and without a word.
    let gzip = compressed(FEED.as_bytes()).remove(0).1;
    for header in [Some("x-gzip"), Some("GZIP"), Some("identity"), None] {
        let origin = Origin::start();
        let answer = Answer::new(200, gzip.clone());
        origin.serve("/feed", header.map_or(answer.clone(), |header| answer.header("Content-Encoding", header)));
        assert_eq!(whole(get(origin.url("/feed"))).1, FEED, "{header:?}");
    }
}

#[test]
fn a_body_that_is_not_what_its_encoding_says_is_an_error() {
    for encoding in ["gzip", "br", "zstd", "deflate", "x-gzip"] {
        let (error, line) = trouble(Answer::new(200, FEED).header("Content-Encoding", encoding));
        assert!(matches!(error, FetchError::Decoding { .. } | FetchError::Truncated { .. }), "{encoding}: {line}");
        assert_eq!(error.health(), Health::Unreadable);
    }
    let gzip = compressed(FEED.as_bytes()).remove(0).1;
    for encoding in ["gzip, gzip", "compress", "aes128gcm"] {
        let (_, line) = trouble(Answer::new(200, gzip.clone()).header("Content-Encoding", encoding));
        assert_eq!(
            line,
            format!("cannot fetch `http://ORIGIN/feed`: its `Content-Encoding` `{encoding}` is not known")
        );
    }
    for (encoding, body) in compressed(FEED.as_bytes()) {
        let cut = body[..body.len() - 5].to_vec();
        let (error, line) = trouble(Answer::new(200, cut).header("Content-Encoding", encoding));
        assert!(matches!(error, FetchError::Decoding { .. } | FetchError::Truncated { .. }), "{encoding}: {line}");
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let megabyte = vec![b' '; 1 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..512 {
        gzip.write_all(&megabyte).unwrap();
    }
    let gzip = gzip.finish().unwrap();
    let mut bombs = vec![("gzip", gzip.clone()), ("x-gzip", gzip)];
    let spaces = vec![b' '; 64 << 20];
    bombs.extend(compressed(&spaces).into_iter().skip(1));
    for (encoding, bomb) in bombs {
        let began = Instant::now();
        let (error, line) = trouble(Answer::new(200, bomb).header("Content-Encoding", encoding));
        assert!(matches!(error, FetchError::TooLarge { .. }), "{encoding}: {line}");
        assert_eq!(line, "cannot fetch `http://ORIGIN/feed`: it is larger than 8 MiB (`[fetch] body_max`)");
        assert!(began.elapsed() < Duration::from_secs(3), "{encoding} took {:?}", began.elapsed());
    }
}

#[test]
fn the_limit_of_a_body_is_exact_however_it_is_announced() {
    let limit = FEED.len();
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{limit:x}\r\n{FEED}\r\n0\r\n\r\n");
    let to_the_end = format!("HTTP/1.1 200 OK\r\n\r\n{FEED}");
    let announced = |bytes: &str| Answer::new(200, FEED).header("Content-Length", bytes).then_hang();
    let cases = [
        (limit, Answer::new(200, FEED), true),
        (limit - 1, Answer::new(200, FEED), false),
        (limit, Answer::raw(chunked.clone()), true),
        (limit - 1, Answer::raw(chunked), false),
        (limit, Answer::raw(to_the_end.clone()), true),
        (limit - 1, Answer::raw(to_the_end), false),
        // Refused for what it announces, before it is read.
        (limit, announced("99999999999"), false),
    ];
    for (body_bytes_max, answer, is_fetched) in cases {
        let origin = Origin::start();
        origin.serve("/feed", answer.clone());
        let response = fetch_with(Params { body_bytes_max, ..params() }, &Request::of_url(origin.url("/feed")));
        match response {
            Ok(_) => assert!(is_fetched, "{answer:?}"),
            Err(error) => assert!(!is_fetched && matches!(error, FetchError::TooLarge { .. }), "{error} {answer:?}"),
        }
    }
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{FEED}", FEED.len() + 9);
    let cases = [
        Answer::new(200, FEED).header("Content-Length", "9999").then_close(),
        Answer::new(200, FEED).header("Content-Length", "9999").then_reset(),
        Answer::raw(chunked),
        Answer::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\nzz\r\n"),
    ];
    for answer in cases {
        let (error, line) = trouble(answer);
        assert!(line.starts_with("cannot fetch `http://ORIGIN/feed`: it breaks off before its end"), "{line}");
        assert!(error.is_transient() && error.health() == Health::Unreadable);
    }
}

#[test]
fn an_answer_cut_anywhere_is_never_taken_for_a_whole_one() {
    let whole_answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{FEED}", FEED.len());
    let origin = Origin::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fetcher = Fetcher::new(params()).unwrap();
    for cut in 0..whole_answer.len() {
        let part = Answer::raw(&whole_answer.as_bytes()[..cut]);
        origin.serve("/feed", if cut % 2 == 0 { part } else { part.then_reset() });
        let error = runtime.block_on(fetcher.fetch(&Request::of_url(origin.url("/feed")), now())).unwrap_err();
        assert!(error.is_transient(), "cut at {cut}: {}", one_line(&error));
    }
    origin.serve("/feed", Answer::raw(whole_answer));
    whole(runtime.block_on(fetcher.fetch(&Request::of_url(origin.url("/feed")), now())));
}

#[test]
fn the_deadline_is_for_the_whole_answer() {
    let slow = Params { timeout: Duration::from_millis(300), ..params() };
    let long = vec![b'x'; 10_000];
    let cases = [
        Answer::silence(),
        Answer::new(200, "").header("Content-Length", "99").then_hang(),
        // Never silent for long: a limit on each read would wait for hours.
        Answer::new(200, long).drip(1, Duration::from_millis(20)),
        Answer::redirect(302, "/feed?2").drip(1, Duration::from_millis(20)),
    ];
    for answer in cases {
        let began = Instant::now();
        let (error, line) = trouble_with(slow.clone(), answer);
        assert_eq!(line, "cannot fetch `http://ORIGIN/feed`: timed out after 300 ms");
        assert!(error.is_transient() && error.health() == Health::Unreachable);
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_status_that_brings_no_feed_is_named_and_its_pause_kept() {
    let cases = [
        (Answer::status(404), "404 Not Found", None),
        (Answer::status(410), "410 Gone", None),
        (Answer::status(403), "403 Forbidden", None),
        (Answer::new(500, FEED), "500 Internal Server Error", None),
        (Answer::status(204), "204 No Content", None),
        (Answer::new(206, FEED), "206 Partial Content", None),
        (Answer::status(429), "429 Too Many Requests", None),
        (
            Answer::status(429).header("Retry-After", "120"),
            "429 Too Many Requests and asks for a pause of 120 s",
            Some(120),
        ),
        (Answer::status(429).header("Retry-After", "soon"), "429 Too Many Requests", None),
        (
            Answer::status(429).header("Cache-Control", "max-age=60"),
            "429 Too Many Requests and asks for a pause of 60 s",
            Some(60),
        ),
        (
            Answer::status(503)
                .header("Date", "Fri, 13 Feb 2026 12:00:00 GMT")
                .header("Retry-After", "Fri, 13 Feb 2026 13:00:00 GMT"),
            "503 Service Unavailable and asks for a pause of 3600 s",
            Some(3600),
        ),
    ];
    for (answer, expected, pause_seconds) in cases {
        let (error, line) = trouble(answer);
        assert_eq!(line, format!("cannot fetch `http://ORIGIN/feed`: the server answered {expected}"));
        assert_eq!(error.retry_after(), pause_seconds.map(Duration::from_secs));
    }
    // Without the server's own time, a date is read against the time of asking.
    let dated = Answer::status(503).header("Retry-After", "Fri, 13 Feb 2026 13:00:00 GMT");
    let pause = trouble(dated).0.retry_after().unwrap();
    assert!(pause >= Duration::from_secs(3590) && pause <= Duration::from_secs(3600), "{pause:?}");
}

#[test]
fn sloppy_servers_are_understood() {
    let length = FEED.len();
    let cases = [
        format!("HTTP/1.0 200 OK\r\n\r\n{FEED}"),
        format!("HTTP/1.1 200\r\ncontent-length:{length}\r\n\r\n{FEED}"),
        format!("HTTP/1.1 200 OK\nContent-Length: {length}\n\n{FEED}"),
        format!("HTTP/1.1 200 \u{e9}\r\nX-Name: \u{e9}\r\nContent-Length: {length}\r\n\r\n{FEED}"),
        format!(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{FEED}"
        ),
        format!("HTTP/1.1 203 Touched\r\nContent-Length: {length}\r\nContent-Length: {length}\r\n\r\n{FEED}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{FEED}and more than was announced"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:X};a=b\r\n{FEED}\r\n0\r\nX: y\r\n\r\n"),
    ];
    for raw in cases {
        let origin = Origin::start();
        origin.serve("/feed", Answer::raw(raw.clone()));
        assert_eq!(whole(get(origin.url("/feed"))).1, FEED, "{raw}");
    }
}

#[test]
fn an_answer_of_nothing_is_no_empty_feed() {
    for answer in
        [Answer::new(200, ""), Answer::new(200, " \r\n\t"), Answer::new(200, "").header("Content-Encoding", "gzip")]
    {
        let (error, line) = trouble(answer);
        assert_eq!(line, "cannot fetch `http://ORIGIN/feed`: it is empty");
        assert_eq!(error.health(), Health::Unreadable);
    }
    let (error, line) = trouble(Answer::status(304));
    assert!(line.ends_with("304 Not Modified although nothing was known of the feed yet"), "{line}");
    assert!(error.is_transient());
}

#[test]
fn an_answer_that_is_not_http_is_an_error() {
    let cases = [
        Answer::raw("SSH-2.0-OpenSSH_9.2\r\n"),
        Answer::raw(""),
        Answer::raw("").then_reset(),
        Answer::raw("HTTP/1.1 200"),
        Answer::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{FEED}")),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        Answer::raw(format!("HTTP/1.1 200 OK\r\n{}\r\n{FEED}", "X: y\r\n".repeat(10_000))),
        Answer::raw(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n{FEED}", "y".repeat(1 << 20))),
    ];
    for answer in cases {
        let (error, line) = trouble(answer);
        assert!(line.starts_with("cannot fetch `http://ORIGIN/feed`: no HTTP answer: "), "{line}");
        assert!(error.is_transient() && error.health() == Health::Unreachable);
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_systems_word() {
    let address = Origin::start().address();
    let line = one_line(&get(format!("http://{address}/feed")).unwrap_err());
    assert_eq!(line, format!("cannot fetch `http://{address}/feed`: cannot connect: connection refused"));
    // A label of 64 letters is no name: the system says so without asking the network.
    let host = format!("{}.invalid", "a".repeat(64));
    let error = get(format!("http://{host}/feed?token=abc")).unwrap_err();
    assert!(matches!(error, FetchError::Dns { .. }) && error.is_transient());
    let line = one_line(&error);
    let expected = format!("cannot fetch `http://{host}/feed?token=***`: cannot find the address of `{host}`: ");
    assert!(line.starts_with(&expected) && !format!("{error:?}").contains("abc"), "{line} {error:?}");
}

#[test]
fn a_connection_that_is_not_secure_is_named() {
    // An HTTP server where HTTPS is expected: it answers the handshake in plain words.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the client has had enough: closing with its words unread would reset the connection.
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    });
    let error = get(format!("https://{address}/feed")).unwrap_err();
    server.join().unwrap();
    let line = one_line(&error);
    assert!(matches!(error, FetchError::Tls { .. }) && !error.is_transient(), "{line}");
    let expected = format!("cannot fetch `https://{address}/feed`: the secure connection failed: ");
    assert!(line.starts_with(&expected), "{line}");
}

#[test]
fn https_is_spoken_only_with_whom_the_system_trusts() {
    // Whom the system trusts is read from the environment, so the trusting half runs in a process of its own.
    const CHILD: &str = "NEWSFOLD_TEST_TRUSTED_URL";
    if let Ok(url) = std::env::var(CHILD) {
        whole(get(url));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args([std::ffi::OsStr::new("-keyout"), key.as_os_str(), "-out".as_ref(), certificate.as_os_str()])
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        println!("skipped: no openssl here to make a certificate");
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/feed", listener.local_addr().unwrap().port());
    let trusted = certificate.clone();
    let server = std::thread::spawn(move || {
        serve_tls(&listener, &key, &certificate);
        serve_tls(&listener, &key, &certificate);
    });
    let error = get(url.clone()).unwrap_err();
    let line = one_line(&error);
    let expected = format!("cannot fetch `{url}`: the secure connection failed: invalid peer certificate: ");
    assert!(line.starts_with(&expected) && !error.is_transient(), "{line}");
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fetching::https_is_spoken_only_with_whom_the_system_trusts"])
        .envs([(CHILD, std::ffi::OsStr::new(&url)), ("SSL_CERT_FILE", trusted.as_os_str())])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && told.contains("1 passed"), "{told}");
    server.join().unwrap();
}

#[test]
fn private_addresses_are_refused_before_anything_is_sent() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::feed(FEED, RSS));
    let port = origin.address().port();
    let public = Params { allow_private_addresses: false, ..params() };
    let hosts =
        ["127.0.0.1", "127.1", "2130706433", "0x7F.0.0.1", "0.0.0.0", "localhost", "[::1]", "[::ffff:127.0.0.1]"];
    for host in
        hosts.into_iter().chain(["10.0.0.1", "169.254.169.254", "[64:ff9b::a00:1]", "[fd00::1]", "[2002:a00:1::]"])
    {
        let request = Request::of_url(format!("http://{host}:{port}/feed"));
        let error = fetch_with(public.clone(), &request).expect_err(host);
        assert!(matches!(error, FetchError::Refused { .. }), "{host}: {}", one_line(&error));
        assert!(
            one_line(&error)
                .ends_with("; set `allow_private_addresses = true` for this feed or in `[fetch]` to allow it")
        );
        assert!(error.health() == Health::Refused && !error.is_transient());
    }
    assert!(origin.all_requests().is_empty());
}

#[test]
fn with_a_proxy_all_goes_through_it_and_addresses_are_still_judged() {
    let proxy = Origin::start();
    proxy.serve("http://feeds.example/feed", Answer::feed(FEED, RSS));
    proxy.serve("http://moved.example/feed", Answer::redirect(302, "http://192.168.0.1/feed"));
    // Where the proxy itself stands is the user's affair.
    for url in [proxy.url("/"), proxy.url("/").replace("127.0.0.1", "localhost")] {
        let through = Params { proxy: Some(url), allow_private_addresses: false, ..params() };
        whole(fetch_with(through.clone(), &Request::of_url("http://feeds.example/feed")));
        let error = fetch_with(through, &Request::of_url("http://moved.example/feed")).unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{}", one_line(&error));
    }
    assert_eq!(proxy.all_requests().len(), 4);
}

#[test]
fn the_users_headers_are_sent_and_bad_ones_named_without_their_value() {
    let origin = Origin::start();
    origin.serve("/feed", Answer::feed(FEED, RSS));
    let with = |name: &str, value: &str| Request {
        url: origin.url("/feed"),
        headers: vec![(name.into(), value.into())],
        ..Request::default()
    };
    whole(fetch(&with("User-Agent", "my own")));
    whole(fetch(&with("If-None-Match", "*")));
    let seen = origin.requests("/feed");
    assert_eq!((seen[0].header("user-agent"), seen[1].header("if-none-match")), (Some("my own"), None));
    for (name, value) in [("X-Key", "secret\r\nX: y"), ("X Key", "secret")] {
        let line = one_line(&fetch(&with(name, value)).unwrap_err());
        assert!(line.contains(&format!("header `{name}`")) && !line.contains("secret"), "{line}");
    }
}

#[test]
fn many_feeds_share_one_fetcher() {
    const FEEDS: usize = 500;
    let origin = Origin::start();
    for number in 0..FEEDS {
        origin.serve(&format!("/{number}"), Answer::feed(format!("{FEED}<!-- {number} -->"), RSS));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let fetcher = std::sync::Arc::new(Fetcher::new(params()).unwrap());
        let slots = std::sync::Arc::new(tokio::sync::Semaphore::new(32));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..FEEDS {
            let request = Request::of_url(origin.url(&format!("/{number}")));
            let (fetcher, slots) = (fetcher.clone(), slots.clone());
            tasks.spawn(async move {
                let _slot = slots.acquire_owned().await.unwrap();
                whole(fetcher.fetch(&request, now()).await).1.ends_with(format!("{number} -->").as_bytes())
            });
        }
        assert!(tasks.join_all().await.into_iter().all(|is_own| is_own));
    });
    println!("{FEEDS} feeds, 32 at a time: {:?}", began.elapsed());
    assert_eq!(origin.all_requests().len(), FEEDS);
}

#[test]
fn files_are_read_with_the_same_limits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my feed.xml");
    std::fs::write(&path, FEED).unwrap();
    let url = format!("file://{}", path.display()).replace(' ', "%20");
    let (answer, body) = whole(get(url.clone()));
    assert_eq!((body, answer.final_url.as_str()), (Bytes::from(FEED), url.as_str()));
    // By path or URL, an unchanged file is not read twice; touching it changes nothing, writing does.
    std::fs::write(&path, FEED).unwrap();
    let again = Request { url: path.display().to_string(), validators: answer.validators, ..Request::default() };
    assert!(matches!(fetch(&again), Ok(Response::NotModified(_))));
    std::fs::write(&path, FEED.replace("Post", "Mail")).unwrap();
    whole(fetch(&again));
    let small = Params { body_bytes_max: FEED.len() - 1, ..params() };
    assert!(matches!(fetch_with(small, &again), Err(FetchError::TooLarge { .. })));
    std::fs::write(&path, "\n").unwrap();
    assert!(matches!(fetch(&again), Err(FetchError::Empty { .. })));
    let missing = one_line(&get(folder.path().join("none.xml").display().to_string()).unwrap_err());
    assert!(missing.contains("none.xml`: there is no such file"), "{missing}");
    let typo = one_line(&get("example.com/feed".into()).unwrap_err());
    assert!(typo.ends_with("(a web address starts with `https://`)"), "{typo}");
}

#[test]
fn what_is_no_regular_file_is_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    let mut paths = vec![folder.path().to_path_buf(), "/dev/zero".into()];
    match made {
        Ok(status) if status.success() => paths.push(pipe),
        _ => println!("skipped: no mkfifo here"),
    }
    for path in paths {
        let error = get(path.display().to_string()).unwrap_err();
        assert!(matches!(error, FetchError::FileKind { .. }), "{}", one_line(&error));
    }
}

/// Answers one connection with a feed over TLS, unless the client breaks off.
fn serve_tls(listener: &std::net::TcpListener, key: &std::path::Path, certificate: &std::path::Path) {
    use rustls::pki_types::pem::PemObject;
    let certificate = rustls::pki_types::CertificateDer::from_pem_file(certificate).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let mut connection = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut stream);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{FEED}", FEED.len());
    stream.write_all(answer.as_bytes()).and_then(|()| stream.flush()).unwrap_or_default();
    // Until the client closes: closing with its words unread would reset the connection.
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
}

/// The body in every encoding that is asked for, gzip first.
fn compressed(body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let fast = flate2::Compression::fast();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), fast);
    gzip.write_all(body).unwrap();
    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), fast);
    deflate.write_all(body).unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 1, 22).write_all(body).unwrap();
    let zstd = zstd::stream::encode_all(body, 1).unwrap();
    vec![("gzip", gzip.finish().unwrap()), ("deflate", deflate.finish().unwrap()), ("br", brotli), ("zstd", zstd)]
}
