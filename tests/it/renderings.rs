//! What attackers write into feeds, through the whole program into every rendering, and each rendering read as its reader's
//! program reads it (S7, S8, S9).

use std::fs;
use std::io::Read as _;

use serde_json::Value;

use crate::binary::{Home, articles, shared, text};
use crate::markup::{markdown_faults, page_faults, tags, unsafe_characters, xml_faults};
use crate::mutate::files;
use crate::origin::{Answer, Origin};
use crate::payloads::lists;
use crate::samples::{BREAD, DAY, Entry, rss};

const CONFIG: &str = "[fetch]\nallow_private_addresses = true\nper_host = 8\n";

fn escaped(text: &str) -> String {
    // What XML cannot hold cannot come in XML.
    let possible =
        |letter: &char| *letter >= ' ' && !matches!(letter, '\u{fffe}' | '\u{ffff}') || matches!(letter, '\n' | '\t');
    let text: String = text.chars().filter(possible).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An RSS item with the payload in every place, escaped so many times.
fn item(payload: &str, id: &str, times: usize) -> String {
    let mut value = payload.to_owned();
    for _ in 0..times {
        value = escaped(&value);
    }
    format!(
        "<item><title>{value}</title><link>{value}</link><guid>{value}{id}</guid><description>{value} {id}</description><author>{value}</author>\
         <dc:creator>{value}</dc:creator><category>{value}</category><source url=\"{value}\">{value}</source><pubDate>{DAY}</pubDate>\
         <enclosure url=\"{value}\" type=\"image/png\" length=\"1\"/><content:encoded>{value} {id} {value}</content:encoded></item>"
    )
}

fn rss_of(payload: &str, number: usize) -> String {
    let value = escaped(payload);
    let cdata = payload.replace("]]>", "]]&gt;").replace(|letter: char| letter < ' ' && letter != '\n', "");
    format!(
        "<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel>\
         <title>{value}</title><link>{value}</link><language>{value}</language>{}{}\
         <item><title><![CDATA[{cdata}]]></title><description><![CDATA[{cdata} c{number}]]></description><guid>c{number}</guid></item></channel></rss>",
        item(payload, &format!("o{number}"), 1),
        item(payload, &format!("t{number}"), 2),
    )
}

fn atom_of(payloads: &[String]) -> String {
    let entry = |payload: &String| {
        let value = escaped(payload);
        format!(
            "<entry><title type=\"html\">{value}</title><id>{value}</id><link href=\"{value}\"/><author><name>{value}</name></author>\
             <category term=\"{value}\"/><summary type=\"html\">{value}</summary><content type=\"text\">{value}</content></entry>"
        )
    };
    let entries: String = payloads.iter().map(entry).collect();
    format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title type=\"html\">{}</title>{entries}</feed>",
        escaped(&payloads[0])
    )
}

fn json_of(payloads: &[String]) -> String {
    let entry = |payload: &String| {
        serde_json::json!({"id": payload, "url": payload, "title": payload, "content_html": payload, "summary": payload, "image": payload,
            "tags": [payload], "authors": [{"name": payload, "url": payload}]})
    };
    let entries: Vec<Value> = payloads.iter().map(entry).collect();
    serde_json::json!({"version": "https://jsonfeed.org/version/1.1", "title": payloads[0], "home_page_url": payloads[0], "items": entries}).to_string()
}

/// Every text in a JSON value.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(values) => values.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

/// Reads a rendering as a browser, a Markdown renderer, a program or a terminal would.
fn assert_harmless(args: &[&str], shown: &str) {
    let what = args.join(" ");
    // Rows of a sheet end as RFC 4180 wants it.
    let plain = shown.replace("\r\n", "\n");
    assert_eq!(tags(&plain), Vec::<String>::new(), "{what}");
    assert_eq!(unsafe_characters(&plain), Vec::<String>::new(), "{what}");
    if args.contains(&"markdown") {
        assert_eq!(markdown_faults(&plain), Vec::<String>::new(), "{what}");
    }
    if args.contains(&"json") || args.contains(&"jsonl") {
        for line in if args.contains(&"jsonl") { plain.lines().collect() } else { vec![plain.as_str()] } {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}"));
            let mut found = Vec::new();
            strings(&value, &mut found);
            for text in found {
                assert!(tags(text).is_empty() && unsafe_characters(text).is_empty(), "{what}: {text:?}");
            }
        }
    }
    if args.contains(&"csv") {
        let formula = |line: &str| line.starts_with(['=', '+', '@']) || line.contains(",=") || line.contains(",\"=");
        assert_eq!(plain.lines().find(|line| formula(line)), None, "{what}");
    }
}

/// Serves every payload in every dialect; gives the config that names the feeds.
fn serve_all(origin: &Origin, payloads: &[String]) -> String {
    let mut config = CONFIG.to_owned();
    let mut serve = |path: &str, body: String| {
        origin.serve(path, Answer::new(200, body));
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", origin.url(path)));
    };
    for (number, payload) in payloads.iter().enumerate() {
        serve(&format!("/rss/{number}"), rss_of(payload, number));
    }
    for (number, some) in payloads.chunks(25).enumerate() {
        serve(&format!("/atom/{number}"), atom_of(some));
        serve(&format!("/json/{number}"), json_of(some));
    }
    if let Some(folder) = shared("feeds/feedparser/tests/wellformed/sanitize") {
        for (number, path) in files(&folder).iter().enumerate() {
            origin.serve(&format!("/sanitize/{number}"), Answer::new(200, fs::read(path).expect("it can be read")));
            config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", origin.url(&format!("/sanitize/{number}"))));
        }
    }
    config
}

/// The digest of all that is stored, in every format.
fn assert_digests_harmless(home: &Home) {
    for format in ["text", "markdown", "json", "html", "atom"] {
        let args = ["digest", "--since", "2000-01-01", "--top", "10000", "--format", format];
        let shown = home.good(&args).stdout;
        match format {
            "html" => assert_eq!(page_faults(&shown), Vec::<String>::new()),
            "atom" => assert_eq!(xml_faults(&shown), Vec::<String>::new()),
            _ => assert_harmless(&args, &shown),
        }
        assert_eq!(unsafe_characters(&shown), Vec::<String>::new(), "{format}");
    }
    home.good(&["digest", "--since", "2000-01-01", "--top", "10000", "--format", "epub", "--out", "book.epub"]);
    let mut book = zip::ZipArchive::new(fs::File::open(home.path("book.epub")).unwrap()).unwrap();
    for place in 0..book.len() {
        let mut page = String::new();
        book.by_index(place).unwrap().read_to_string(&mut page).unwrap();
        assert_eq!(unsafe_characters(&page), Vec::<String>::new());
        if page.starts_with("<?xml") {
            assert_eq!(xml_faults(&page), Vec::<String>::new());
        }
    }
}

#[test]
fn no_payload_is_markup_in_the_store_or_in_any_rendering() {
    let (origin, payloads) = (Origin::start(), lists());
    let config = serve_all(&origin, &payloads);
    let home = Home::with_config(&config);
    let ran = home.run(&["fetch", "-v"]);
    assert!(matches!(ran.code, Some(0 | 3)), "{}", ran.stderr);
    assert_eq!(unsafe_characters(&ran.stderr), Vec::<String>::new());
    println!("{} payloads: {}", payloads.len(), ran.stderr.lines().last().unwrap_or_default());

    let all = ["--since", "2000-01-01", "--limit", "100000"];
    for format in ["json", "jsonl", "csv", "markdown", "table"] {
        let args = [&["clusters", "--format", format, "--color", "never"], &all[..]].concat();
        assert_harmless(&args, &home.good(&args).stdout);
    }
    let clusters = home.json(&[&["clusters", "--format", "json"], &all[..]].concat());
    let clusters = clusters["clusters"].as_array().expect("a list");
    let stored: usize = clusters.iter().map(|cluster| articles(cluster).len()).sum();
    assert!(stored >= 2 * payloads.len(), "{stored} articles");
    println!("{stored} articles in {} clusters", clusters.len());
    for article in clusters.iter().flat_map(articles) {
        for url in
            [&article["url"], &article["image"]].into_iter().chain(article["links"].as_array().into_iter().flatten())
        {
            assert!(
                url.as_str().is_none_or(|url| url.starts_with("http://") || url.starts_with("https://")),
                "{article}"
            );
        }
    }
    assert_digests_harmless(&home);
    for args in
        [&["feeds", "list"][..], &["feeds", "list", "--format", "json"], &["status"], &["status", "--format", "json"]]
    {
        assert_harmless(args, &home.good(args).stdout);
    }
    for query in ["alert", "script OR img", "xss"] {
        for format in ["table", "json", "markdown", "csv"] {
            let args = ["search", query, "--format", format];
            assert_harmless(&args, &home.good(&args).stdout);
        }
    }
    // Some of each size: large clusters hold most of the copies.
    for cluster in clusters.iter().step_by(clusters.len() / 8 + 1) {
        let (id, article) = (text(cluster, "id"), text(&articles(cluster)[0], "id"));
        for format in ["text", "json"] {
            for args in [["show", id, "--format", format], ["why", article, "--format", format]] {
                assert_harmless(&args, &home.good(&args).stdout);
            }
        }
    }
    let list = home.good(&["feeds", "export", "-"]).stdout;
    assert_eq!(unsafe_characters(&list), Vec::<String>::new());
    let read =
        newsfold::opml::read(list.as_bytes(), &newsfold::opml::Params::default()).expect("our own list can be read");
    assert!(read.feeds.len() >= payloads.len() && read.warnings.is_empty(), "{:?}", read.warnings);
}

/// Addresses that run something or open a file, as written by people who know what filters look for.
const ADDRESSES: &[&str] = &[
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java&#10;script:alert(1)",
    "&#106;avascript:alert(1)",
    "javascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "\u{a0}javascript:alert(1)",
    "javascript://e.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "DATA:image/svg+xml,<svg/>",
    "vbscript:msgbox(1)",
    "vb\nscript:x",
    "file:///etc/passwd",
    "FILE:/etc/passwd",
    "//javascript:alert(1)",
    "feed:javascript:alert(1)",
    "view-source:javascript:alert(1)",
    "blob:https://e.example/1",
    "about:blank",
    "intent://x#Intent;end",
    "mailto:a@e.example",
    "tel:1",
    "ftp://e.example/",
    "ws://e.example/",
    "jar:https://e.example!/",
];

#[test]
fn only_http_and_https_become_links_however_they_are_spelled() {
    let origin = Origin::start();
    let mut config = CONFIG.to_owned();
    for (number, address) in ADDRESSES.iter().enumerate() {
        let (value, twice) = (
            escaped(address),
            escaped(&format!("<p>Words w{number} <a href=\"{address}\">x</a> <img src=\"{address}\"></p>")),
        );
        let body = format!(
            "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>T{number}</title>\
             <link>{value}</link><image><url>{value}</url><link>{value}</link></image><item><title>One {number}</title><link>{value}</link><guid isPermaLink=\"true\">{value}</guid>\
             <description>{twice}</description><enclosure url=\"{value}\" type=\"image/png\" length=\"1\"/><media:thumbnail url=\"{value}\"/>\
             <atom:link href=\"{value}\"/><comments>{value}</comments></item></channel></rss>"
        );
        origin.serve(&format!("/rss/{number}"), Answer::new(200, body));
        let json = serde_json::json!({"version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": address, "items": [{"id": address,
            "url": address, "external_url": address, "image": address, "title": format!("Two {number}"), "content_html": format!("<a href='{address}'>x</a> j{number}"),
            "attachments": [{"url": address, "mime_type": "image/png"}]}]});
        origin.serve(&format!("/json/{number}"), Answer::new(200, json.to_string()));
        for kind in ["rss", "json"] {
            config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", origin.url(&format!("/{kind}/{number}"))));
        }
    }
    let home = Home::with_config(&config);
    home.good(&["fetch"]);
    let clusters = home.clusters();
    let found: Vec<&Value> = clusters.iter().flat_map(articles).collect();
    assert_eq!(found.len(), 2 * ADDRESSES.len());
    // Whatever of it is a link leads to http or https; a relative one leads to the feed's own host.
    for article in found {
        let links = article["links"].as_array().expect("a list");
        for url in [&article["url"], &article["image"]].into_iter().chain(links).filter_map(Value::as_str) {
            let parsed = url::Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert!(matches!(parsed.scheme(), "http" | "https"), "{article}");
        }
    }
    let page = home.good(&["digest", "--since", "2000-01-01", "--format", "html"]).stdout;
    assert_eq!(page_faults(&page), Vec::<String>::new());
    for args in
        [&["clusters", "--format", "markdown"][..], &["digest", "--since", "2000-01-01", "--format", "markdown"]]
    {
        assert_eq!(markdown_faults(&home.good(args).stdout), Vec::<String>::new());
    }
    let list = home.good(&["feeds", "export", "-"]).stdout;
    let pages = list.match_indices("htmlUrl=\"").map(|(at, mark)| &list[at + mark.len()..]);
    assert!(pages.into_iter().all(|page| page.starts_with("http://") || page.starts_with("https://")), "{list}");
}

#[test]
fn errors_of_a_feed_are_one_clean_line_whatever_it_says() {
    let (origin, home) = (Origin::start(), Home::new());
    let evil = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}5m\u{202e}x\u{2066}\u{200b}\u{0}\r\n";
    let head = "\u{9b}5m\u{202e}x\u{2066}";
    let cases = [
        Answer::new(200, format!("<!DOCTYPE html><html><head><title>Log {evil} in</title></head></html>")),
        Answer::new(200, format!("{evil} no feed {evil}")),
        Answer::new(200, format!("<rss version='2.0'><channel><title>{evil}</title><item><{evil}>")),
        Answer::new(200, format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{{\"{evil}\":]}}")),
        Answer::new(200, format!("<?xml version='1.0' encoding='{head}'?><rss><{head}>")),
        Answer::redirect(302, &format!("http://{head}.example:99999/")),
        Answer::redirect(302, &format!("javascript:{head}")),
        Answer::new(200, rss("L", &[BREAD])).header("Content-Encoding", head),
        Answer::new(200, rss("L", &[BREAD]))
            .header("ETag", &format!("\"{head}\""))
            .header("Content-Type", head)
            .header("Last-Modified", head),
        Answer::new(200, rss("L", &[Entry { title: "t\u{85}\u{2028}\u{2029}t", ..BREAD }])),
        Answer::status(500).header("Retry-After", head),
    ];
    let mut args = vec!["fetch".to_owned()];
    for (number, answer) in cases.into_iter().enumerate() {
        origin.serve(&format!("/{number}"), answer);
        args.push(origin.url(&format!("/{number}")));
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let urls = &args[1..];
    let commands: Vec<Vec<&str>> = vec![
        [&["fetch", "-vv"], urls].concat(),
        [&["--log-format", "json", "fetch", "-vv"], urls].concat(),
        [&["feeds", "check"], urls].concat(),
        [&["feeds", "check", "--format", "json"], urls].concat(),
        vec!["feeds", "discover", urls[0]],
        vec!["feeds", "list"],
        vec!["feeds", "list", "--format", "json"],
        vec!["fetch", "--all", "--dry-run"],
        vec!["status"],
    ];
    for args in commands {
        let ran = home.run(&args);
        assert!(ran.code.is_some(), "{args:?}");
        for shown in [&ran.stdout, &ran.stderr] {
            assert_eq!(unsafe_characters(shown), Vec::<String>::new(), "{args:?}\n{shown}");
        }
    }
}
