//! Station: the lenient reader's cases.

use std::path::Path;

use crate::model::{Entry, Pace};
use crate::parse::lenient::look;
use crate::parse::{Hints, ParseError, charset, document, mapping, strict};

/// What an entry says, in the order of its fields, those that it lacks left out.
fn told(entry: &Entry) -> String {
    let one = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={value}"));
    let date = |date: Option<jiff::Timestamp>| date.map(|date| date.to_string());
    let many = |name: &str, values: &[String]| (!values.is_empty()).then(|| format!("{name}={}", values.join("+")));
    let files: Vec<String> = entry.enclosures.iter().map(|file| file.url.clone()).collect();
    let fields = [
        one("guid", &entry.guid),
        one("link", &entry.link),
        one("title", &entry.title),
        one("summary", &entry.summary),
        one("content", &entry.content),
        one("published", &date(entry.published)),
        one("updated", &date(entry.updated)),
        many("authors", &entry.authors),
        many("categories", &entry.categories),
        one("lang", &entry.lang),
        one("source", &entry.source),
        one("image", &entry.image),
        many("files", &files),
    ];
    fields.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The entries of a document, one a line.
fn read(text: &str) -> String {
    let look = look(text, &Hints::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
    look.entries.iter().map(|found| told(&found.entry())).collect::<Vec<_>>().join("\n")
}

fn check(text: &str, expected: &str) {
    assert_eq!(read(text), expected, "{text}");
}

fn check_rss(items: &str, expected: &str) {
    check(&format!("<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"), expected);
}

fn check_atom(entry: &str, expected: &str) {
    check(
        &format!("<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry>{entry}</entry></feed>"),
        expected,
    );
}

#[test]
fn old_and_strange_dialects_are_read() {
    let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'";
    check(
        &format!("{rdf} xmlns='http://purl.org/rss/1.0/'><item rdf:about='urn:1'><title>a</title></item></rdf:RDF>"),
        "guid=urn:1 title=a",
    );
    check(
        &format!(
            "{rdf} xmlns='http://my.netscape.com/rdf/simple/0.9/'><channel><item><title>a</title></item></channel></rdf:RDF>"
        ),
        "title=a",
    );
    check(
        &format!("{rdf} xmlns:r='http://purl.org/rss/1.0/'><r:item><r:title>a</r:title></r:item></rdf:RDF>"),
        "title=a",
    );
    check(
        "<Channel xmlns='http://purl.org/net/rss1.1#'><items rdf:parseType='Collection'><item><title>a</title></item></items></Channel>",
        "title=a",
    );
    check(
        "<CHANNEL HREF='/c'><ITEM HREF='/i' LASTMOD='2026-02-13T10:00Z'><TITLE>a</TITLE><ABSTRACT>b</ABSTRACT></ITEM></CHANNEL>",
        "link=/i title=a summary=b updated=2026-02-13T10:00:00Z",
    );
    check(
        "<feed xmlns='http://purl.org/atom/ns#'><entry><title mode='base64'>RmVycnk=</title><issued>2026-02-13T10:00:00Z</issued><modified>2026-02-14T10:00:00Z</modified></entry></feed>",
        "title=Ferry published=2026-02-13T10:00:00Z updated=2026-02-14T10:00:00Z",
    );
    check("<f:feed xmlns:f='urn:x'><f:entry><f:title>a</f:title></f:entry></f:feed>", "title=a");
    check(
        "<rss><channel><item><dc:title>a</dc:title><x:title>b</x:title><media:title>c</media:title></item></channel></rss>",
        "title=a",
    );
}

#[test]
fn broken_markup_costs_no_entry() {
    check_rss("<item><title>a<link>/1</link></item><item><title>b</title></item>", "link=/1 title=a\ntitle=b");
    check_rss("<item><title>a</title><item><title>b</title></item>", "title=a\ntitle=b");
    check_rss("<item><title>a</b></title></wrong><guid>1</guid></item>", "guid=1 title=a");
    check_rss(
        "<item><description>one<br>two <b>three</description><guid>1</guid></item>",
        "guid=1 summary=one<br>two <b>three",
    );
    check_rss(
        "<item><description>one <pubDate>2026-02-13T10:00:00Z</pubDate></item>",
        "summary=one published=2026-02-13T10:00:00Z",
    );
    check_rss("<item><title>a</title><item/></item>", "\ntitle=a");
    check_rss("<item><title>a & b &eacute; &#150; &lt;i&gt;</title></item>", "title=a & b &eacute; – <i>");
    check(
        "<rss><channel><item><guid>1</guid><title>a</title></item><item><guid>2</guid><descri",
        "guid=1 title=a\nguid=2",
    );
    check("<rss><channel><item><guid>1</guid></item><item><title>tor", "guid=1");
    check("<rss><channel><item><title><![CDATA[a", "title=a");
    check(&format!("<rss><channel>{}<item><title>a</title></item>", "<x>".repeat(100)), "title=a");
}

#[test]
fn every_field_is_read_where_it_belongs() {
    check_rss(
        "<image><title>no</title></image><item><image><title>no</title></image><title>a</title></item>",
        "title=a",
    );
    check_rss(
        "<item><link>/1</link><guid isPermaLink='false'>https://e.org/g</guid></item>",
        "guid=https://e.org/g link=/1",
    );
    check_rss("<item><guid isPermaLink='false'>https://e.org/g</guid></item>", "guid=https://e.org/g");
    check_rss("<item><guid>https://e.org/g</guid></item>", "guid=https://e.org/g link=https://e.org/g");
    check_rss(
        "<item><link>https://proxy.example/1</link><feedburner:origLink>https://e.org/1</feedburner:origLink></item>",
        "link=https://e.org/1",
    );
    check_rss(
        "<item><atom:link rel='self' href='/s'/><link>/1</link><author>a@e.org (Ann)</author><dc:creator>Bob</dc:creator></item>",
        "link=/1 authors=a@e.org (Ann)+Bob",
    );
    check_rss(
        "<item><description>s</description><content:encoded><![CDATA[<p>c</p>]]></content:encoded><source url='/x'>Other</source></item>",
        "summary=s content=<p>c</p> source=Other",
    );
    check_rss(
        "<item><category>a</category><dc:subject>b</dc:subject><dc:language>fr</dc:language><enclosure url='/a.mp3' type='audio/mpeg' length='7'/></item>",
        "categories=a+b lang=fr files=/a.mp3",
    );
    check_rss(
        "<item><media:group><media:title>t</media:title><media:content url='/v.mp4' type='video/mp4'><media:thumbnail url='/t.jpg'/></media:content></media:group></item>",
        "title=t image=/t.jpg files=/v.mp4",
    );
    check_rss(
        "<item><pubDate>Fri, 13 Feb 2026 10:00:00 GMT</pubDate><dc:date>2026-01-01T00:00:00Z</dc:date><dcterms:modified>2026-02-14T00:00:00Z</dcterms:modified></item>",
        "published=2026-02-13T10:00:00Z updated=2026-02-14T00:00:00Z",
    );
    check_atom(
        "<link rel='self' href='/s'/><link rel='enclosure' href='/e.mp3' length='x'/><link type='text/html' href='/1'/><link href='/2'/>",
        "link=/1 files=/e.mp3",
    );
    check_atom(
        "<author><name>Ann</name><email>a@e.org</email></author><author>Bob</author><category term='t' label='L'/>",
        "authors=Ann categories=L",
    );
    check_atom(
        "<source><id>no</id><title>Planet</title><updated>2020-01-01T00:00:00Z</updated></source><id>1</id>",
        "guid=1 source=Planet",
    );
    check_atom(
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>a <b>b</b> &lt; <![CDATA[<i>]]></div></content>",
        "content=a <b>b</b> &lt; &lt;i>",
    );
    check_atom(
        "<content type='image/png'>iVBORw0KGgo=</content><summary type='html'>&lt;b&gt;x&lt;/b&gt;</summary>",
        "summary=<b>x</b>",
    );
}

#[test]
fn links_are_relative_to_what_each_level_says() {
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://e.org/a/' xml:lang='de'><entry xml:base='b/'><link href='1'/>\
        <summary xml:base='s/' type='html'>&lt;img src='p.jpg'&gt;</summary><content type='html'>&lt;a href=\"x\"&gt;</content></entry></feed>";
    check(
        atom,
        "link=https://e.org/a/b/1 summary=<img src='https://e.org/a/b/s/p.jpg'> content=<a href=\"https://e.org/a/b/x\"> lang=de",
    );
    // RSS says nothing of links in texts: what they are relative to is left to who knows the page.
    check_rss(
        "<item><link>1</link><description>&lt;a href='x'&gt;</description></item>",
        "link=1 summary=<a href='x'>",
    );
}

#[test]
fn a_feed_says_how_often_it_may_be_asked() {
    let pace = |elements: &str| {
        look(&format!("<rss><channel>{elements}<item/></channel></rss>"), &Hints::default()).unwrap().pace
    };
    let none = Pace::default();
    assert_eq!(pace("<ttl>60</ttl>"), Pace { ttl_seconds: Some(3600), ..none });
    assert_eq!(pace("<ttl>soon</ttl><sy:updatePeriod>x</sy:updatePeriod>"), Pace { period_seconds: None, ..none });
    assert_eq!(
        pace("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>"),
        Pace { period_seconds: Some(1800), ..none }
    );
    assert_eq!(pace("<sy:updateFrequency>4</sy:updateFrequency>"), Pace { period_seconds: Some(21_600), ..none });
    assert_eq!(
        pace("<skipHours><hour>0</hour><hour>24</hour><hour>23</hour><hour>25</hour></skipHours>"),
        Pace { skip_hours: 1 | 1 << 23, ..none }
    );
    assert_eq!(
        pace("<skipDays><day>Monday</day><day>sunday</day><day>x</day></skipDays>"),
        Pace { skip_days: 0b100_0001, ..none }
    );
}

#[test]
fn depth_attributes_and_entries_have_limits() {
    let deep = |depth: usize| look(&"<a>".repeat(depth), &Hints::default()).err();
    assert_eq!(deep(256), None);
    assert_eq!(deep(257), Some(ParseError::TooDeep { depth_max: 256 }));
    let hints = Hints { entries_max: 2, ..Hints::default() };
    let text = format!("<rss><channel>{}</channel></rss>", "<item><title>a</title></item>".repeat(5));
    let look = look(&text, &hints).unwrap();
    assert_eq!((look.entries.len(), look.dropped, look.cut.unwrap().1), (2, 3, vec!["rss", "channel"]));
}

fn same(a: &Option<String>, b: &Option<String>) -> bool {
    let squeezed =
        |text: &Option<String>| text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    squeezed(a) == squeezed(b)
}

/// On documents that the strict parser reads as they are, the lenient one finds the same.
#[test]
fn the_lenient_reader_agrees_with_the_strict_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/feeds");
    let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let hints = Hints::default();
    let mut counts = [(0, 0); 7];
    let names = ["guid", "link", "title", "summary", "content", "published", "updated"];
    for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
        let Ok(body) = std::fs::read(folder.join(row[0])) else { continue };
        let decoded = charset::decoded(&body, None);
        let text = document(&decoded.text);
        let Ok(look) = look(text, &hints) else { continue };
        if text.starts_with('{') || look.entries.is_empty() || look.is_dangerous || look.is_odd {
            continue;
        }
        let Ok(raw) = strict::read(text, &hints) else { continue };
        if raw.entries.len() != look.entries.len() {
            continue;
        }
        for (raw, found) in raw.entries.into_iter().zip(&look.entries) {
            let strict: Entry = mapping::entry(raw, None, false, None);
            let lenient = found.entry();
            let date = |date: Option<jiff::Timestamp>| date.map(|date| date.to_string());
            let pairs = [
                (strict.guid, lenient.guid),
                (strict.link, lenient.link),
                (strict.title, lenient.title),
                (strict.summary, lenient.summary),
                (strict.content, lenient.content),
                (date(strict.published), date(lenient.published)),
                (date(strict.updated), date(lenient.updated.or(lenient.published))),
            ];
            for (at, (strict, lenient)) in pairs.iter().enumerate() {
                counts[at].1 += 1;
                if same(strict, lenient) {
                    counts[at].0 += 1;
                } else {
                    let cut =
                        |text: &Option<String>| text.as_ref().map(|text| text.chars().take(140).collect::<String>());
                    println!("{} {}: strict {:?} lenient {:?}", row[0], names[at], cut(strict), cut(lenient));
                }
            }
        }
    }
    // Where they differ, feed-rs mostly has nothing, or only the text up to the first element that nobody escaped; it takes
    // identifiers that say they are no addresses for links, and makes no use of the address behind a proxy's.
    let least = [96.0, 95.0, 99.0, 98.5, 93.0, 99.0, 96.0];
    for ((name, (same, all)), least) in names.iter().zip(counts).zip(least) {
        let percent = 100.0 * f64::from(same) / f64::from(all);
        println!("{name}: {same} of {all} agree ({percent:.1} %)");
        assert!(all > 3_000 && percent >= least, "{name}: {percent:.1} %");
    }
}
