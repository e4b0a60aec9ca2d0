//! Station: what attackers write into feeds, in every place of a story and in every format, each read again by a parser that is not ours.
//!
//! A digest of payloads must have the very skeleton of the same digest of harmless words: the same elements, attributes and blocks in
//! the same order. Whatever a payload adds, closes or opens would show.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use pulldown_cmark::{Event as Markdown, Options, Parser, Tag};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use scraper::{Html, Node};

use crate::digest::coverage::Coverage;
use crate::digest::{AlsoCovered, Digest, Edition, News, Params, Story, atom, build, epub, html, json, markdown, text};
use crate::listing::plain::{is_unsafe, line, link};
use crate::listing::samples::{at, town, zone};

/// One of each kind, for when no list is beside the checkout.
const OWN: &[&str] = &[
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title></h3></a><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "x onmouseover=alert(1)",
    "]]><script>alert(1)</script><![CDATA[",
    "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>&y;",
    "&lt;script&gt; &#60;b&#62; &amp;lt;i&amp;gt; &#x0;",
    "javascript:alert(1)",
    "https://e.example/\"><script>alert(1)</script>",
    "https://e.example/) [x](javascript:alert(1)",
    "![x](https://e.example/x.png) [y]: https://e.example",
    "Look here!",
    "# heading\n\n- list\n\n1. one\n\n---\n\n```\ncode",
    "1. one",
    "    indented",
    "| a | b |\n| - | - |",
    "{{ 7 * 7 }}{% for x in y %}{% raw %}{# x #}",
    "\u{1b}[31m\u{9b}5m\u{0}\u{202e}\u{2066}\u{200b}\u{feff}\u{fffe}\u{85}\u{2028}x",
    "\\",
    "a\\",
    "`",
    "-->",
    "",
];

/// Ours, and where they lie beside the checkout DOMPurify's, OWASP's and the naughty strings.
fn payloads() -> Vec<String> {
    let mut payloads: Vec<String> = OWN.iter().map(|payload| (*payload).to_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/security");
    for name in ["dompurify/expect.json", "owasp/xss_filter_evasion.json", "blns/blns.json"] {
        let Ok(list) = fs::read_to_string(folder.join(name)) else {
            println!("skipped: no payloads at `{}`", folder.join(name).display());
            continue;
        };
        let values: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
        payloads
            .extend(values.iter().filter_map(|value| value.as_str().or(value["payload"].as_str()).map(str::to_owned)));
    }
    payloads
}

/// A digest that says each of the words in every place where a story's words stand.
fn digest(words: &[String], url: impl Fn(&str) -> Option<String>) -> Digest {
    let edition = Edition {
        name: "daily".to_owned(),
        title: words[0].clone(),
        from: at("2026-02-12T06:00:00Z"),
        until: at("2026-02-13T15:00:00Z"),
        generated: at("2026-02-13T15:00:02Z"),
        told: [(town().cluster.id, at("2026-02-11T06:00:00Z"))].into(),
        news: [(town().cluster.id, Vec::new())].into(),
    };
    let pattern = build(vec![town()], &edition, &Params::default());
    // A number keeps sections apart, whatever is left of the words.
    let story = |(number, word): (usize, &String)| Story {
        headline: word.clone(),
        url: url(word),
        url_outlet: Some(word.clone()),
        outlet: word.clone(),
        summary: word.clone(),
        text: vec![word.clone(), word.clone()],
        tags: vec![word.clone()],
        section: Some(format!("{word} {number}")),
        also: vec![AlsoCovered { outlet: word.clone(), title: word.clone(), url: url(word), copy: true }],
        news: vec![News { outlet: word.clone(), title: word.clone(), url: url(word), published: edition.until }],
        ..pattern.stories[0].clone()
    };
    Digest { stories: words.iter().enumerate().map(story).collect(), ..pattern }
}

/// The harmless twin of a digest: a word where there is one, a link where there is one.
fn twins(payloads: &[String]) -> [Digest; 2] {
    let harmless = |payload: &String| match (line(payload).is_empty(), link(payload)) {
        (true, _) => String::new(),
        (false, None) => "word".to_owned(),
        (false, Some(_)) => "wordlink".to_owned(),
    };
    let harmless: Vec<String> = payloads.iter().map(harmless).collect();
    let to_link = |word: &str| word.ends_with("link").then(|| "https://ok.example/".to_owned());
    [digest(payloads, |payload| Some(payload.to_owned())), digest(&harmless, to_link)]
}

/// Elements and attribute names, as a browser builds them; every fault beside.
fn html_skeleton(page: &str) -> Vec<String> {
    let document = Html::parse_document(page);
    let mut skeleton = Vec::new();
    for node in document.tree.root().descendants() {
        match node.value() {
            Node::Element(element) => {
                let mut attributes: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
                attributes.sort_unstable();
                skeleton.push(format!("{} {}", element.name(), attributes.join(" ")));
                for (name, value) in element.attrs() {
                    let is_web = value.starts_with("http://") || value.starts_with("https://");
                    assert!(!name.starts_with("on") && name != "style" && name != "src", "{name}={value:?}");
                    assert!(name != "href" || is_web, "{name}={value:?}");
                }
                let banned = ["img", "script", "iframe", "object", "form", "input", "video", "audio", "base", "link"];
                assert!(!banned.contains(&element.name()), "{}", element.name());
            }
            Node::Comment(comment) => skeleton.push(format!("comment {comment:?}")),
            _ => {}
        }
    }
    skeleton
}

/// Elements and attribute names of well-formed XML.
fn xml_skeleton(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let mut skeleton = Vec::new();
    let element = |element: &BytesStart<'_>| {
        let attributes = element.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let name = attribute.key.as_ref().to_owned();
            let value = attribute.value.into_owned();
            let local = |value: &str| value.starts_with("story-") || value == "contents.xhtml" || value == "book.css";
            let is_web = value.starts_with("http://") || value.starts_with("https://");
            assert!(name != "href" || is_web || local(&value), "{name}={value:?}");
            name
        });
        format!("{} {}", element.name().as_ref(), attributes.collect::<Vec<_>>().join(" "))
    };
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {document}")) {
            Event::Start(start) => skeleton.push(element(&start)),
            Event::Empty(start) => skeleton.push(format!("{}/", element(&start))),
            Event::End(end) => skeleton.push(format!("/{}", end.name().as_ref())),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let is_ours = ["amp", "lt", "gt", "quot", "#39", "#96", "#61"].contains(&name);
                assert!(is_ours, "&{name};");
            }
            Event::Text(_) => {}
            Event::Decl(_) => skeleton.push("declaration".to_owned()),
            Event::DocType(_) => skeleton.push("doctype".to_owned()),
            Event::Eof => return skeleton,
            other => panic!("{other:?} in {document}"),
        }
    }
}

/// Blocks and spans, as another program reads the Markdown.
fn markdown_skeleton(document: &str) -> Vec<String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES;
    let mut skeleton = Vec::new();
    for event in Parser::new_ext(document, options) {
        match event {
            Markdown::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("http://") || dest_url.starts_with("https://"), "{dest_url}");
                skeleton.push("link".to_owned());
            }
            Markdown::Start(tag) => skeleton.push(format!("{tag:?}")),
            Markdown::End(tag) => skeleton.push(format!("/{tag:?}")),
            Markdown::Text(_) => {}
            other => skeleton.push(format!("{other:?}")),
        }
    }
    skeleton
}

/// The files of a book, by name.
fn files(book: &[u8]) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let count = archive.len();
    let read = |place: usize| {
        let mut file = archive.by_index(place).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        (file.name().unwrap().into_owned(), text)
    };
    (0..count).map(read).collect()
}

fn assert_clean(format: &str, document: &str) {
    let found: Vec<char> = document.chars().filter(|&c| c != '\n' && is_unsafe(c)).collect();
    assert!(found.is_empty(), "{format}: {found:?}");
}

fn assert_same(format: &str, [one, other]: [Vec<String>; 2], payloads: &[String]) {
    let apart = one.iter().zip(&other).position(|(one, other)| one != other).unwrap_or(one.len().min(other.len()));
    let around = |skeleton: &[String]| {
        skeleton[apart.saturating_sub(8).min(skeleton.len())..(apart + 3).min(skeleton.len())].join("\n  ")
    };
    assert!(one == other, "{format}:\n  {}\nin place of\n  {}\nof {payloads:#?}", around(&one), around(&other));
}

#[test]
fn no_payload_changes_the_skeleton_of_any_format() {
    let payloads = payloads();
    for some in payloads.chunks(50) {
        let [hostile, harmless] = twins(some);
        let both = |render: fn(&Digest) -> String| {
            let hostile = render(&hostile);
            assert_clean("a format", &hostile);
            [hostile, render(&harmless)]
        };
        assert_same("HTML", both(|digest| html(digest, &zone())).map(|page| html_skeleton(&page)), some);
        assert_same("Atom", both(|digest| atom(digest, &zone())).map(|feed| xml_skeleton(&feed)), some);
        assert_same("Markdown", both(|digest| markdown(digest, &zone())).map(|words| markdown_skeleton(&words)), some);
        both(|digest| text(digest, &zone(), 76));
        let [one, _] = both(json);
        serde_json::from_str::<serde_json::Value>(&one).unwrap();
        for ((name, hostile), (_, harmless)) in
            files(&epub(&hostile, &zone())).iter().zip(&files(&epub(&harmless, &zone())))
        {
            assert_clean(name, hostile);
            if !name.ends_with(".css") && name != "mimetype" {
                assert_same(name, [xml_skeleton(hostile), xml_skeleton(harmless)], some);
            }
        }
    }
    println!("{} payloads", payloads.len());
}

/// The page as a real browser has built it, scripts and all, and written it down again: what its parser makes of bytes is what counts in
/// the end. The page's own rule against scripts is taken out, so that a script would run.
fn as_chromium_reads(page: &str, folder: &Path) -> String {
    let rule =
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    assert!(page.contains(rule));
    let file = folder.join("page.html");
    fs::write(&file, page.replace(rule, "")).unwrap();
    let output = std::process::Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_real_browser_finds_nothing_but_words_in_a_page_of_payloads() {
    let is_there =
        std::process::Command::new("chromium").arg("--version").output().is_ok_and(|ran| ran.status.success());
    if !is_there {
        return println!("skipped: there is no `chromium` that starts");
    }
    let folder = tempfile::tempdir().unwrap();
    let payloads = payloads();
    let [hostile, harmless] = twins(&payloads).map(|digest| html(&digest, &zone()));
    // That a script would run is seen by one in the harmless page, which takes itself away and leaves a mark.
    let acting = "</main><script>document.currentScript.replaceWith(document.createElement('hr'))</script>";
    let [hostile, harmless] =
        [hostile, harmless.replace("</main>", acting)].map(|page| as_chromium_reads(&page, folder.path()));
    let mut expected = html_skeleton(&harmless);
    let before = expected.len();
    expected.retain(|element| element != "hr ");
    assert_eq!(expected.len() + 1, before, "the script ran");
    assert_same("HTML", [html_skeleton(&hostile), expected], &[]);
}

#[test]
fn a_book_is_laid_out_as_readers_expect() {
    let [digest, _] = twins(&["Bridge shut".to_owned(), "https://e.example/a".to_owned()]);
    let book = epub(&digest, &zone());
    // OCF 3.3, 4.2.3: the type is the first file, stored, without an extra field, so that it stands at byte 38.
    assert_eq!(&book[..4], b"PK\x03\x04");
    assert_eq!(
        (&book[8..10], &book[28..30], &book[30..58]),
        (&[0, 0][..], &[0, 0][..], &b"mimetypeapplication/epub+zip"[..])
    );
    let files = files(&book);
    let text = |name: &str| &files.iter().find(|(known, _)| known == name).unwrap().1;
    let package = text("EPUB/package.opf");
    // Every file of the book is in the manifest once, and every page in the spine once.
    let mut listed: Vec<&str> =
        package.match_indices(" href=\"").map(|(at, mark)| &package[at + mark.len()..]).collect();
    listed.iter_mut().for_each(|rest| *rest = rest.split('"').next().unwrap());
    let expected: Vec<&str> =
        files.iter().filter_map(|(name, _)| name.strip_prefix("EPUB/")).filter(|name| *name != "package.opf").collect();
    assert_eq!(listed, expected);
    assert_eq!(package.matches("<itemref ").count(), 3);
    assert_eq!(package.matches("properties=\"nav\"").count(), 1);
    for needed in [
        "<dc:identifier id=\"edition\">tag:newsfold,2026:digest/daily/2026-02-13T15:00:00Z<",
        "<dc:title>Bridge shut, 13 February 2026<",
        "<dc:language>en<",
    ] {
        assert!(package.contains(needed), "{needed} in {package}");
    }
    assert!(package.contains("<meta property=\"dcterms:modified\">2026-02-13T15:00:02Z<"));
    // A page with a picture says so, and the table of contents leads to every page.
    let pages = files.iter().filter(|(name, _)| name.starts_with("EPUB/story-"));
    for (name, page) in pages {
        let name = name.strip_prefix("EPUB/").unwrap();
        let says = package.lines().any(|line| line.contains(name) && line.contains("properties=\"svg\""));
        assert_eq!(page.contains("<svg"), says, "{name}");
        assert!(text("EPUB/contents.xhtml").contains(&format!("<a href=\"{name}\">")));
    }
    assert_eq!(book, epub(&digest, &zone()), "equal digests make equal bytes");
}

#[test]
fn a_language_that_is_none_leaves_no_attribute() {
    let [mut digest, _] = twins(&["Bridge shut".to_owned()]);
    digest.stories[0].headline_lang = Some("en\" onload=\"alert(1)".to_owned());
    digest.stories[0].coverage = Coverage::of(&[]);
    let page = html(&digest, &zone());
    html_skeleton(&page);
    assert!(page.contains("<h3>") && !page.contains("alert"), "{page}");
    assert!(!atom(&digest, &zone()).contains("alert"));
}
