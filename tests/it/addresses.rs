//! Whom a request may reach, at the first hop and at every other, whatever the address looks like (S1, S3, S4).

use std::process::Command;

use crate::binary::Home;
use crate::origin::{Answer, Origin};
use crate::samples::{DAM, rss};

/// Private networks in every spelling that a URL knows, and in every form that carries IPv4 in IPv6.
const PRIVATE: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7F.0.0.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "１２７.０.０.１",
    "localhost",
    "localhost.",
    "a.localhost",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[::a00:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a00:1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b:1::1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2002:a00:1::]",
    "[fc00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
];

/// A home that asks nobody on its own network, but through this proxy: where a proxy stands is its user's affair, so it can send
/// a request anywhere without leaving this machine.
fn behind(proxy: &Origin) -> Home {
    Home::with_config(&format!("[fetch]\nproxy = \"{}\"\n", proxy.url("")))
}

#[test]
fn every_form_of_a_private_address_is_refused_at_every_hop() {
    let proxy = Origin::start();
    let home = behind(&proxy);
    let mut args = vec!["fetch".to_owned()];
    for (number, host) in PRIVATE.iter().enumerate() {
        let (first, second) =
            (format!("http://feed{number}.example/feed"), format!("http://moved{number}.example/feed"));
        proxy.serve(&first, Answer::redirect(302, &second));
        proxy.serve(&second, Answer::redirect(301, &format!("http://{host}:8080/feed")));
        args.push(first);
        args.push(format!("http://{host}:8080/direct"));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = home.run(&args);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let refused = ran
        .stderr
        .lines()
        .filter(|line| line.contains(": refused: ") && line.contains("allow_private_addresses"))
        .count();
    // Several spellings of one address are one feed when they are asked for directly.
    let direct = ran.stderr.lines().filter(|line| line.contains("/direct: added")).count();
    assert!(direct > 20, "{}", ran.stderr);
    assert_eq!(refused, PRIVATE.len() + direct, "{}", ran.stderr);
    let mut asked: Vec<String> = proxy.all_requests().iter().map(|seen| seen.path.clone()).collect();
    asked.sort();
    assert_eq!(asked.len(), 2 * PRIVATE.len(), "{asked:?}");
    assert!(asked.iter().all(|url| url.contains(".example/feed")), "{asked:?}");
}

#[test]
fn no_scheme_but_http_is_followed_at_any_hop() {
    let origin = Origin::start();
    let home = Home::new();
    std::fs::write(home.path("secret.xml"), rss("Secret", &[DAM])).expect("it can be written");
    let file = format!("file://{}", home.path("secret.xml").display());
    let schemes = [
        file.as_str(),
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "data:text/xml,<rss/>",
        "javascript:alert(1)",
        "FILE:/etc/passwd",
    ];
    let mut args = vec!["fetch".to_owned()];
    for (number, target) in schemes.iter().enumerate() {
        origin.serve(&format!("/{number}"), Answer::redirect(302, &format!("/{number}/on")));
        origin.serve(&format!("/{number}/on"), Answer::redirect(307, target));
        args.push(origin.url(&format!("/{number}")));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = home.run(&args);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let named = ran.stderr.lines().filter(|line| line.contains("only `http:` and `https:` are followed")).count();
    assert_eq!(named, schemes.len(), "{}", ran.stderr);
    assert_eq!(home.json(&["status", "--format", "json"])["articles"], 0);
    for scheme in
        ["ftp://a.example/", "gopher://a.example/", "data:text/xml,<rss/>", "javascript:alert(1)", "feed://a.example/"]
    {
        assert_eq!(home.run(&["fetch", scheme]).code, Some(2), "{scheme}");
    }
}

/// The environment's proxies are not asked: what a service is started with must not decide who sees its feeds. `[fetch] proxy` does.
#[test]
fn proxies_of_the_environment_are_not_asked() {
    let (origin, proxy) = (Origin::start(), Origin::start());
    origin.serve("/feed", Answer::new(200, rss("The Lamp", &[DAM])));
    let home = Home::new();
    let mut command: Command = home.command(&["fetch", &origin.url("/feed")]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, proxy.url(""));
    }
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((origin.requests("/feed").len(), proxy.all_requests().len()), (1, 0));
}
