//! Documents and texts of 256 KB in the shapes that cost readers the most: bounded CPU time, and four times the bytes at most a few
//! times the time.

use std::fmt::Write as _;
use std::time::Duration;

use newsfold::clean;
use newsfold::parse;
use url::Url;

use crate::fuzz::cpu_time;

/// CPU time for 256 KB as shipped; a build without optimisation is given six times as much.
const CPU_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 250 });
const BYTES: usize = 256 * 1024;

/// A shape by its name: made of about so many bytes.
type Shape = (&'static str, fn(usize) -> String);

fn numbered(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(bytes);
    let mut number = 0;
    while text.len() < bytes {
        text.push_str(&piece(number));
        number += 1;
    }
    text
}

fn filled(bytes: usize, piece: &str) -> String {
    piece.repeat(bytes / piece.len())
}

fn rss(inside: &str) -> String {
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>t</title>{inside}</channel></rss>"
    )
}

fn entry(inside: &str) -> String {
    rss(&format!("<item><title>x</title>{inside}</item>"))
}

/// What may lie in a document around its texts.
const DOCUMENTS: &[Shape] = &[
    ("signs", |bytes| entry(&filled(bytes, "<"))),
    ("signs in front", |bytes| filled(bytes, "<") + &entry("")),
    ("ampersands", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "&")))),
    ("references", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "&#38;&eacute;&x")))),
    ("a long reference", |bytes| entry(&format!("<description>&{};</description>", filled(bytes, "a")))),
    ("references without end", |bytes| {
        entry(&format!("<description>{}</description>", filled(bytes, "&aaaaaaaaaaaaaaaaaaaaaaaa ")))
    }),
    ("at signs", |bytes| entry(&format!("<author>{}</author>", filled(bytes, "é@")))),
    ("addresses", |bytes| entry(&filled(bytes, "<author>J\u{a0}j@e.example\u{a0}(x)</author>"))),
    ("one long address", |bytes| entry(&format!("<author>\u{a0}{}@e\u{a0}</author>", filled(bytes, "a")))),
    ("CDATA", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "<![CDATA[a]]>")))),
    ("CDATA in CDATA", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "<![CDATA[")))),
    ("ends of CDATA", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "]]>")))),
    ("comments", |bytes| entry(&filled(bytes, "<!---->"))),
    ("comments without end", |bytes| entry(&filled(bytes, "<!--"))),
    ("instructions", |bytes| entry(&filled(bytes, "<?a b?>"))),
    ("instructions without end", |bytes| entry(&filled(bytes, "<?xml "))),
    ("declarations", |bytes| entry(&filled(bytes, "<?xml version='1.0'?>"))),
    ("doctypes", |bytes| filled(bytes, "<!DOCTYPE rss>") + &entry("")),
    ("a doctype of entities", |bytes| {
        format!("<!DOCTYPE rss [{}]>{}", numbered(bytes, |at| format!("<!ENTITY e{at} \"x\">")), entry(""))
    }),
    ("a doctype without end", |bytes| format!("<!DOCTYPE rss [{}{}", filled(bytes, "[<!"), entry(""))),
    ("namespaces", |bytes| entry(&numbered(bytes, |at| format!("<a{at}:b xmlns:a{at}=\"u:{at}\"/>")))),
    ("namespaces of one element", |bytes| {
        rss(&format!(
            "<item{}><title>x</title></item>",
            numbered(bytes.min(16_000), |at| format!(" xmlns:a{at}=\"u:{at}\""))
        ))
    }),
    ("attributes below the limit", |bytes| {
        rss(&numbered(bytes, |_| {
            format!(
                "<item{}/>",
                (0..1_000).fold(String::new(), |mut all, at| {
                    write!(all, " a{at}=''").unwrap();
                    all
                })
            )
        }))
    }),
    ("a long attribute", |bytes| entry(&format!("<enclosure url=\"{}\"/>", filled(bytes, "a")))),
    ("an attribute without end", |bytes| entry(&format!("<enclosure url=\"{}", filled(bytes, "a")))),
    ("tags without end", |bytes| entry(&filled(bytes, "<a "))),
    ("start tags", |bytes| entry(&filled(bytes, "<a></a>"))),
    ("start tags that nobody closes", |bytes| entry(&filled(bytes, "<a>"))),
    ("end tags", |bytes| entry(&filled(bytes, "</a>"))),
    ("tags that cross", |bytes| entry(&filled(bytes, "<a><b></a></b>"))),
    ("as deep as may be, again and again", |bytes| {
        rss(&filled(bytes, &format!("<item>{}{}</item>", "<media:group>".repeat(120), "</media:group>".repeat(120))))
    }),
    ("XHTML as deep as may be", |bytes| {
        let nest = "<div>".repeat(120) + &"</div>".repeat(120);
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>{}</div></content></entry></feed>",
            filled(bytes, &nest)
        )
    }),
    ("empty entries", |bytes| rss(&filled(bytes, "<item/>"))),
    ("entries", |bytes| rss(&filled(bytes, "<item><title>x</title><link>https://e.example/x</link></item>"))),
    ("entries that nobody closes", |bytes| rss(&filled(bytes, "<item><title>x</title>"))),
    ("entries in entries", |bytes| rss(&(filled(bytes.min(5_000), "<item>") + &filled(bytes, "<title>x</title>")))),
    ("entries with a bad one each", |bytes| {
        rss(&filled(bytes, "<item><title>x</title></item><item><media:description/><title>y</item>"))
    }),
    ("titles", |bytes| entry(&filled(bytes, "<title>x</title>"))),
    ("categories", |bytes| entry(&numbered(bytes, |at| format!("<category>c{at}</category>")))),
    ("links", |bytes| {
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title>{}</entry></feed>",
            numbered(bytes, |at| format!("<link href='/{at}'/>"))
        )
    }),
    ("bad dates", |bytes| entry(&format!("<pubDate>{}</pubDate>", filled(bytes, "1 Jan 2026 ")))),
    ("a long number", |bytes| {
        entry(&format!(
            "<itunes:duration>{}</itunes:duration><pubDate>{}</pubDate>",
            filled(bytes / 2, "9"),
            filled(bytes / 2, "9")
        ))
    }),
    ("long names", |bytes| entry(&format!("<{0}>x</{0}>", filled(bytes / 2, "a")))),
    ("colons", |bytes| entry(&format!("<{0}>x</{0}>", filled(bytes / 2, "a:")))),
    ("roots", |bytes| filled(bytes, "<rss version='2.0'>")),
    ("feeds in feeds", |bytes| filled(bytes, "<feed xmlns='http://purl.org/atom/ns#'><entry>")),
    ("not UTF-8", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "\u{fffd}é")))),
    ("controls", |bytes| entry(&format!("<description>{}</description>", filled(bytes, "\u{1}\u{8}")))),
    ("JSON brackets", |bytes| {
        format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}", filled(bytes, "["))
    }),
    ("JSON entries", |bytes| {
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1\",\"title\":\"t\",\"items\":[{}{{}}]}}",
            filled(bytes, "{\"id\":\"1\"},")
        )
    }),
    ("JSON keys", |bytes| {
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[],{}\"title\":\"t\"}}",
            numbered(bytes, |at| format!("\"k{at}\":0,"))
        )
    }),
    ("JSON escapes", |bytes| {
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{{\"id\":\"1\",\"title\":\"{}\"}}]}}",
            filled(bytes, "\\u00e9")
        )
    }),
    ("an HTML page", |bytes| format!("<!DOCTYPE html><html><head><title>{}</title>", filled(bytes, "<title>"))),
];

/// What may lie in the HTML of one entry, beside what `clean` tries of its own.
const TEXTS: &[Shape] = &[
    ("signs", |bytes| filled(bytes, "<")),
    ("closing signs", |bytes| filled(bytes, ">")),
    ("escaped signs", |bytes| filled(bytes, "&lt;") + ">"),
    ("escaped pairs", |bytes| filled(bytes, "&lt;b&gt;")),
    ("long references", |bytes| filled(bytes, "&CounterClockwiseContourIntegral")),
    ("numeric references", |bytes| filled(bytes, "&#99999999999;&#x0;")),
    ("tables in tables", |bytes| filled(bytes, "<table><tr><td>")),
    ("cells", |bytes| format!("<table><tr>{}", filled(bytes, "<td>x"))),
    ("lists in lists", |bytes| filled(bytes, "<ol><li>x")),
    ("quotations in quotations", |bytes| filled(bytes, "<blockquote>x")),
    ("quotations", |bytes| filled(bytes, "<blockquote><p>x</p></blockquote>")),
    ("one quotation of many paragraphs", |bytes| format!("<blockquote>{}</blockquote>", filled(bytes, "<p>x</p>"))),
    ("figures in figures", |bytes| filled(bytes, "<figure>x")),
    ("different furniture", |bytes| {
        numbered(bytes, |at| {
            ["<nav>x", "<aside>x", "<form>x", "<svg>x", "<button>x", "<div class=share>x"][at % 6].to_owned()
        })
    }),
    ("furniture that ends the other way", |bytes| {
        filled(bytes / 2, "<nav><aside>") + &filled(bytes / 2, "</nav>x</aside>")
    }),
    ("pre in pre", |bytes| filled(bytes, "<pre>x\n")),
    ("a long pre", |bytes| format!("<pre>{}</pre>", filled(bytes, "x \n\t"))),
    ("scripts", |bytes| filled(bytes, "<script>x</script>")),
    ("scripts without end", |bytes| filled(bytes, "<script><!--")),
    ("raw elements without end", |bytes| filled(bytes, "<textarea><iframe><title>")),
    ("plaintext", |bytes| format!("<plaintext>{}", filled(bytes, "<b>"))),
    ("links without end", |bytes| filled(bytes, "<a href=x>")),
    ("links", |bytes| numbered(bytes, |at| format!("<a href='https://e.example/{at}'>x</a> "))),
    ("pictures", |bytes| filled(bytes, "<img src='data:x' width=1>")),
    ("classes", |bytes| format!("<p class='{}'>x</p>", filled(bytes, "share-x "))),
    ("paragraphs with classes", |bytes| filled(bytes, "<p class='a b c d-share e'>x</p>")),
    ("breaks", |bytes| filled(bytes, "x<br>")),
    ("spaces", |bytes| filled(bytes, " ")),
    ("no-break spaces", |bytes| filled(bytes, "&nbsp;\u{a0}")),
    ("unseen characters", |bytes| filled(bytes, "\u{200b}\u{202e}\u{ad}")),
    ("joiners", |bytes| filled(bytes, "\u{645}\u{200c}")),
    ("combining marks", |bytes| filled(bytes, "e\u{301}\u{302}")),
    ("sentences", |bytes| filled(bytes, "A. B! C? (D) [E] ")),
    ("frames of syndication", |bytes| filled(bytes, "The post A appeared first on B. ")),
    ("endless openings", |bytes| filled(bytes, "The post ")),
    ("read more", |bytes| filled(bytes, "<p>Read more</p>")),
    ("credits", |bytes| filled(bytes, "<p>Photo: A/Getty</p>")),
    ("parentheses", |bytes| filled(bytes, "(") + &filled(8, ")")),
    ("addresses alone", |bytes| filled(bytes, "https://e.example/x\n")),
    ("addresses on one line", |bytes| filled(bytes, "https://e.example/x ")),
    ("titles over addresses", |bytes| filled(bytes, "A title - Outlet\nhttps://e.example/\n")),
    ("bylines", |bytes| format!("By {}", filled(bytes, "Ann Lee "))),
    ("one word", |bytes| filled(bytes, "x")),
    ("marks", |bytes| filled(bytes, "…»”|·—")),
    ("empty lines", |bytes| filled(bytes, "\n \n")),
    ("doctypes", |bytes| filled(bytes, "<!DOCTYPE a [")),
    ("CDATA", |bytes| filled(bytes, "<![CDATA[x")),
    ("broken comments", |bytes| filled(bytes, "<!--><!-->x")),
    ("attributes", |bytes| format!("<p {}>x", numbered(bytes, |at| format!("a{at} ")))),
    ("attributes of many tags", |bytes| filled(bytes, "<p a b c d e f g h i j k l m n>x")),
    ("quotes in attributes", |bytes| filled(bytes, "<p a='\"' b=\"'\">x")),
    ("foreign names", |bytes| numbered(bytes, |at| format!("<x{at}-y>"))),
    ("zeros", |bytes| filled(bytes, "\u{0}")),
];

/// CPU time of the work.
fn took(work: impl Fn()) -> Duration {
    let began = cpu_time();
    work();
    began.and_then(|began| cpu_time()?.checked_sub(began)).unwrap_or_default()
}

/// What is wrong with the time that four times the bytes took.
fn fault(of_quarter: Duration, of_whole: Duration) -> Option<String> {
    if of_whole > CPU_MAX {
        return Some(format!("{of_whole:?}"));
    }
    // Quadratic is sixteen times. Short times say nothing.
    let is_steep = of_whole > Duration::from_millis(40) && of_whole > of_quarter * 9;
    is_steep.then(|| format!("{of_quarter:?}, then {of_whole:?} for four times the bytes"))
}

fn check(what: &str, shapes: &[Shape], work: impl Fn(&str)) {
    let mut faults = Vec::new();
    let mut slowest = Vec::new();
    for (name, make) in shapes {
        let (quarter, whole) = (make(BYTES / 4), make(BYTES));
        assert!(whole.len() <= BYTES * 2, "{name} has {} bytes", whole.len());
        let (mut of_quarter, mut of_whole) = (took(|| work(&quarter)), took(|| work(&whole)));
        // A busy machine makes single times long: what is slow is slow again.
        for _ in 0..4 {
            if fault(of_quarter, of_whole).is_some() {
                of_whole = of_whole.min(took(|| work(&whole)));
                of_quarter = of_quarter.min(took(|| work(&quarter)));
            }
        }
        slowest.push((of_whole, *name));
        faults.extend(fault(of_quarter, of_whole).map(|fault| format!("{name}: {fault}")));
    }
    slowest.sort_by(|one, other| other.cmp(one));
    println!("{what}, {} shapes; slowest: {:?}", shapes.len(), &slowest[..slowest.len().min(12)]);
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[test]
fn reading_a_document_of_any_shape_is_linear_and_quick() {
    let base = Url::parse("https://e.example/feed").ok();
    let hints = parse::Hints { base, ..parse::Hints::default() };
    check("reading", DOCUMENTS, |body| drop(parse::feed(body.as_bytes(), &hints)));
}

#[test]
fn cleaning_a_text_of_any_shape_is_linear_and_quick() {
    let limits = clean::Limits::default();
    check("text", TEXTS, |html| drop(clean::text(html, &limits)));
    check("title", TEXTS, |html| drop(clean::title(html, &limits)));
}
