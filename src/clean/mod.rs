//! Station: turns the HTML of entries and titles into plain text.

mod blocks;
mod characters;
mod discover;
mod elements;
pub mod encoding;
mod guard;
mod guess;
mod lines;
mod markup;
mod references;
mod trailers;
mod walk;

use std::collections::HashSet;

use url::Url;

use crate::clean::blocks::{Block, Form, Newlines, join};
use crate::clean::characters::head;
use crate::clean::markup::without_tags;
use crate::clean::walk::{Raw, Walked, Way, walk};

/// How much of an entry's HTML is looked at and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of HTML that are read; the rest is as if it were not there. The longest body of 5 395 captured entries has
    /// 542 132 characters.
    pub html_bytes_max: usize,
    /// Characters of text that are kept.
    pub text_chars_max: usize,
    /// Characters of a title that are kept.
    pub title_chars_max: usize,
    /// Nesting that a page's head may have before a tree is made of it.
    pub depth_max: usize,
    /// Attributes of one tag that are read.
    pub attributes_max: usize,
    /// Links that are kept.
    pub links_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            html_bytes_max: 2 * 1024 * 1024,
            text_chars_max: 200_000,
            title_chars_max: 500,
            depth_max: 128,
            attributes_max: 64,
            links_max: 200,
        }
    }
}

/// Something that was taken out of a text, or that made it shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// An element: its name, with the class or id that named it furniture.
    Element(String),
    /// A line that is not the article's: a trailer, a credit, a link line.
    Line(String),
    /// A limit that was reached, by its name in `Limits`.
    Limit(&'static str),
}

/// An entry's HTML as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Plain text: paragraphs divided by one empty line, no markup, entities decoded once.
    pub text: String,
    /// `href`s of the text's links and URLs that stood on lines of their own: raw, in order, each once.
    pub links: Vec<String>,
    /// The first picture, as its `src` stood there.
    pub image: Option<String>,
    /// Who wrote it, where the text began with a line that says so.
    pub byline: Option<String>,
    /// What was cut.
    pub cut: Vec<Cut>,
}

/// An entry's HTML, or plain text, as readable plain text.
///
/// Paragraphs, headings, lists, quotations, tables and `pre` stay readable; figures, captions, scripts, share widgets,
/// trailers and credits go. Entities are decoded exactly once, so cleaning its own output again is the same but for
/// entities that were escaped twice. Takes time linear in the length of `html`, whatever it holds.
pub fn text(html: &str, limits: &Limits) -> Cleaned {
    let html = &*references::joined(html);
    let mut walked = walk_text(html, limits);
    let mut cleaned = Cleaned { image: walked.image.take(), ..Cleaned::default() };
    cleaned.cut.extend(walked.cut.drain(..).map(Cut::Element));
    if html.len() > limits.html_bytes_max {
        cleaned.cut.push(Cut::Limit("html_bytes_max"));
    }
    let mut blocks = walked.draft.blocks;
    for block in blocks.iter_mut().filter(|block| block.text.contains('<')) {
        block.text = without_tags(&block.text);
        block.last_link = None;
    }
    blocks.retain(|block| !block.text.trim().is_empty());
    let mut links = walked.draft.links;
    lines::cut_link_lines(&mut blocks, &mut links, &mut cleaned.cut);
    cleaned.byline = lines::cut_byline(&mut blocks);
    trailers::cut(&mut blocks, &mut cleaned.cut);
    cleaned.text = bounded(join(&blocks), limits.text_chars_max, &mut cleaned.cut);
    cleaned.links = each_once(links, limits.links_max);
    cleaned
}

/// A title's HTML, or plain text, as one line of plain text.
pub fn title(html: &str, limits: &Limits) -> String {
    let html = &*references::joined(html);
    let way = Way { classes: false, raw: Raw::AsInHtml, newlines: Newlines::Space, ..way(limits) };
    let mut walked = walk(html, way);
    if walked.unfinished.is_some() || walked.draft.blocks.is_empty() {
        walked = walk(html, Way { raw: Raw::Nothing, elements: false, ..way });
    }
    let mut words = Vec::new();
    for block in &mut walked.draft.blocks {
        // A list's mark is no word of a title.
        let text = if block.form == Form::Item { block.text.trim_start_matches("- ") } else { &block.text };
        words.extend(without_tags(text).split_whitespace().map(str::to_owned));
    }
    bounded(words.join(" "), limits.title_chars_max, &mut Vec::new())
}

/// A feed that a page names in its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFeed {
    /// Its address, resolved.
    pub url: Url,
    /// What the page calls it; empty where it does not.
    pub title: String,
}

/// The feeds that the page `html`, fetched from `base`, names by `<link rel="alternate">`, in its order, each once.
pub fn feed_links(html: &str, base: &Url, limits: &Limits) -> Vec<FoundFeed> {
    discover::feed_links(html, base, limits)
}

/// The links of the page's body that look like feeds, likeliest first, each once. They are guesses.
pub fn feed_anchors(html: &str, base: &Url, limits: &Limits) -> Vec<FoundFeed> {
    discover::feed_anchors(html, base, limits)
}

/// Where the feeds of this page lie if its site is one of those that keep them by a rule. They are guesses.
pub fn feeds_by_rule(page: &Url) -> Vec<Url> {
    guess::by_rule(page)
}

/// Which of a page's feeds is meant by it, where that is clear; each is given by its URL, title and dialect.
pub fn best_feed(feeds: &[(&str, &str, &str)]) -> Option<usize> {
    guess::best(feeds)
}

/// Where the feeds of this page may lie by custom, likeliest first: `/feed`, `/rss.xml` and so on. They are guesses.
pub fn feeds_by_custom(page: &Url) -> Vec<Url> {
    guess::common(page)
}

fn way(limits: &Limits) -> Way {
    Way {
        classes: true,
        elements: true,
        raw: Raw::AsInHtml,
        newlines: Newlines::Space,
        links_max: limits.links_max,
        html_bytes_max: limits.html_bytes_max,
        attributes_max: limits.attributes_max,
    }
}

/// Walks at most five times, each time with one rule less, until words come out or nothing was cut.
fn walk_text(html: &str, limits: &Limits) -> Walked {
    let mut way = way(limits);
    let mut walked = walk(html, way);
    if walked.unfinished.as_deref().is_some_and(|name| !matches!(name, "script" | "style")) {
        way.raw = Raw::ScriptsOnly;
        walked = walk(html, way);
    }
    if !walked.makes_lines && html.trim().contains('\n') {
        way.newlines = if has_empty_line(html) { Newlines::Line } else { Newlines::Paragraph };
        walked = walk(html, way);
    }
    for weaker in [Way { classes: false, ..way }, Way { classes: false, elements: false, ..way }] {
        if !walked.draft.blocks.is_empty() || walked.cut.is_empty() {
            break;
        }
        let again = walk(html, weaker);
        walked = Walked { image: walked.image.or(again.image.clone()), ..again };
    }
    walked
}

/// Whether two newlines stand with nothing but blanks between them, inside of the text.
fn has_empty_line(text: &str) -> bool {
    text.trim().lines().any(|line| line.trim().is_empty())
}

fn bounded(text: String, chars_max: usize, cut: &mut Vec<Cut>) -> String {
    // No character is shorter than a byte, so most texts need no counting.
    if text.len() <= chars_max {
        return text;
    }
    match text.char_indices().nth(chars_max) {
        Some((bytes, _)) => {
            cut.push(Cut::Limit("text_chars_max"));
            head(&text, bytes).trim_end().to_owned()
        }
        None => text,
    }
}

fn each_once(links: Vec<String>, links_max: usize) -> Vec<String> {
    let mut met = HashSet::new();
    links.into_iter().filter(|link| met.insert(link.clone())).take(links_max).collect()
}

/// The lines of a paragraph that rules may look at: those of a `pre` are its own affair.
fn lines_of(block: &Block) -> impl Iterator<Item = &str> {
    block.text.lines().filter(move |_| block.form != Form::Verbatim)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use html5ever::tendril::StrTendril;
    use html5ever::tokenizer::{BufferQueue, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer};
    use proptest::prelude::*;

    use crate::clean::{Cut, Limits, text, title};

    fn cleaned(html: &str) -> String {
        text(html, &Limits::default()).text
    }

    /// How many tags a browser would see in a text.
    fn tags_in(text: &str) -> usize {
        struct Count(std::cell::Cell<usize>);
        impl TokenSink for Count {
            type Handle = ();
            fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
                self.0.set(self.0.get() + usize::from(matches!(token, TagToken(_))));
                TokenSinkResult::Continue
            }
        }
        let tokenizer = Tokenizer::new(Count(std::cell::Cell::new(0)), Default::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(text));
        let _done = tokenizer.feed(&input);
        tokenizer.end();
        tokenizer.sink.0.get()
    }

    fn assert_plain(text: &str, of: &str) {
        assert_eq!(tags_in(text), 0, "{text:?} of {of:?}");
        let is_foul = |character: char| {
            (character.is_control() && character != '\n') || "\u{202e}\u{200b}\u{feff}".contains(character)
        };
        assert!(!text.contains(is_foul), "{text:?} of {of:?}");
    }

    #[test]
    fn every_fixture_reads_as_it_should() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/html");
        let mut names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        names.retain(|path| path.extension().is_some_and(|ending| ending == "html"));
        names.sort();
        assert!(names.len() >= 12, "{names:?}");
        let mut report = String::new();
        for path in names {
            let html = std::fs::read_to_string(&path).unwrap();
            let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap_or_default();
            let found = cleaned(&html);
            if found != expected.trim_end() {
                write!(report, "== {}\n-- found\n{found}\n-- expected\n{expected}\n", path.display()).unwrap();
            }
        }
        assert!(report.is_empty(), "{report}");
    }

    #[test]
    fn small_things_are_right() {
        let check = |html: &str, expected: &str| assert_eq!(cleaned(html), expected, "{html}");
        check("", "");
        check("one<b>two</b> three", "onetwo three");
        check("<p>one</p><p>two</p>", "one\n\ntwo");
        check("one<br>two<br><br>three", "one\ntwo\n\nthree");
        check("&lt;p&gt;AT&amp;amp;T &nbsp; x&#8217;s", "AT&amp;T x’s");
        check("a\u{200b}b\u{ad}c\u{202e}d\u{7}e", "abcde");
        check("<q>so</q>", "“so”");
        check("<p>one<script>var a = '<p>';</script> two</p>", "one two");
        check("<p>one</p><iframe src='x'/><p>two</p>", "one\n\ntwo");
        check("<p>one</p><iframe src='x'><p>two</p>", "one\n\ntwo");
        check("<p>one</p><style>p { }", "one");
        check("<p>one</p><!-- two --><p>three</p>", "one\n\nthree");
        check("<p>one</p><!-- two <p>three</p>", "one\n\ntwo\n\nthree");
        check("<![CDATA[<p>one</p>]]>", "one");
        check("<aside>one <a>two</a></aside>", "one two");
        check("<div class=social>All of it</div>", "All of it");
        check("<figure><img src=a.jpg><figcaption>A caption</figcaption></figure>", "A caption");
        check("<p class=caption>cut<p>kept", "kept");
        check("<figure><table><tr><td>a<td>b</table><figcaption>c</figcaption></figure>", "a | b");
        check("one\ntwo", "one\n\ntwo");
        check("one\ntwo\n\nthree", "one\ntwo\n\nthree");
        check("5 < 6 <7 a<b c", "5 < 6 <7 a< b c");
    }

    #[test]
    fn a_long_text_in_a_class_of_furniture_is_the_article() {
        let prose = "The ferry had left the harbour at seven. ".repeat(30);
        let html = format!("<div class='related'><p>{prose}</p></div><p>End.</p>");
        assert!(cleaned(&html).starts_with("The ferry"));
    }

    #[test]
    fn links_and_pictures_are_told() {
        let html = "<img src='p.gif' width=1 height=1><figure><img data-src='/a.jpg' src='data:x'></figure>\
            <p><a href='/1'>one</a> <a href=' /2 '>two</a> <a href='/1'>again</a></p><div class=sharedaddy><a href='/share'>x</a></div>\
            <p>Page title - Outlet</p><p>https://e.org/3</p><p>End.</p>";
        let found = text(html, &Limits::default());
        assert_eq!(found.links, ["/1", "/2", "https://e.org/3"]);
        assert_eq!(found.image.as_deref(), Some("/a.jpg"));
        assert!(found.cut.contains(&Cut::Element("div.sharedaddy".to_owned())), "{:?}", found.cut);
    }

    #[test]
    fn limits_cut_and_say_so() {
        let limits = Limits { html_bytes_max: 20, text_chars_max: 5, links_max: 1, ..Limits::default() };
        let found = text("<p>äöüäöüä and much more</p>", &limits);
        assert_eq!(found.text, "äöüäö");
        assert_eq!(found.cut, [Cut::Limit("html_bytes_max"), Cut::Limit("text_chars_max")]);
        assert_eq!(text("<a href=a>x</a><a href=b>y</a>", &limits).links, ["a"]);
    }

    #[test]
    fn titles_are_one_plain_line() {
        let check = |html: &str, expected: &str| assert_eq!(title(html, &Limits::default()), expected, "{html}");
        check(" A <b>bold</b>\n title&nbsp;&amp; more ", "A bold title & more");
        check("How <script> tags work", "How tags work");
        check("Is a<b or not", "Is a< b or not");
        check("Apple&#8217;s <em>new</em> <img src=x onerror=alert(1)> phone", "Apple’s new phone");
        check("Read more", "Read more");
        check("<script>alert(1)</script>", "alert(1)");
        check("Ⅳ\u{202e}x\u{1b}[31m", "Ⅳx[31m");
        check("It&#146;s &#X2019;tis &copy 2026", "It’s ’tis © 2026");
        check("&#55357;&#56832; and &#xD83D;&#xDE00; and &#128512;", "😀 and 😀 and 😀");
        check("H<sub>2</sub>O &lt;em&gt;now&lt;/em&gt;<!-- x --> at 5 &gt; 3", "H2O now at 5 > 3");
    }

    #[test]
    fn payloads_leave_no_tag() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/security");
        let mut payloads = Vec::new();
        for file in ["dompurify/expect.json", "owasp/xss_filter_evasion.json", "blns/blns.json"] {
            let Ok(json) = std::fs::read_to_string(folder.join(file)) else {
                println!("skipped: {file} is not there");
                continue;
            };
            let values: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
            payloads.extend(
                values.iter().filter_map(|value| value.as_str().or(value["payload"].as_str()).map(str::to_owned)),
            );
        }
        println!("{} payloads", payloads.len());
        for payload in payloads {
            let escaped = payload.replace('&', "&amp;").replace('<', "&lt;");
            let twice = escaped.replace('&', "&amp;");
            for html in [payload, escaped, twice] {
                assert_plain(&cleaned(&html), &html);
                assert_plain(&title(&html, &Limits::default()), &html);
            }
        }
    }

    /// Twice the input takes about twice the time, whatever it holds.
    #[test]
    fn time_is_linear_in_hostile_input() {
        let attributes = |count: usize| (0..count).map(|at| format!(" a{at}=x")).collect::<String>();
        let cases: [(&str, &dyn Fn(usize) -> String); 18] = [
            ("url lines", &|size| "Title\nhttps://a.b\n".repeat(size / 18)),
            ("link lines", &|size| format!("<a>{}</a>", "A title - Name<br>".repeat(size / 18))),
            ("nested signs", &|size| format!("{}{}", "&lt;".repeat(500), "&gt;".repeat(500)).repeat(size / 4000)),
            ("credits", &|size| "<p>Photo: A / Getty</p>".repeat(size / 23)),
            ("nested div", &|size| "<div>".repeat(size / 5)),
            ("nested lists", &|size| "<ul><li>".repeat(size / 8)),
            ("ampersands", &|size| "&".repeat(size)),
            ("attributes", &|size| format!("<p{}>x", attributes(size / 9))),
            ("attributes with signs", &|size| format!("<p{}>x", " a='>'".repeat(size / 6))),
            ("attributes behind an odd comment", &|size| format!("<!--><p{}>x", attributes(size / 9))),
            ("attributes in a script", &|size| format!("<script><!--</script><p{}>-->", attributes(size / 9))),
            ("broken quotes", &|size| "<a x=\">\" ".repeat(size / 9)),
            ("unfinished comments", &|size| "<!--".repeat(size / 4)),
            ("open figures", &|size| "<figure><aside class=share>x".repeat(size / 28)),
            ("end tags", &|size| "<b></i>".repeat(size / 7)),
            ("signs", &|size| "&lt;b ".repeat(size / 6)),
            ("one word", &|size| "x".repeat(size)),
            ("links", &|size| (0..size / 18).map(|at| format!("<a href=/{at:06}>x</a>")).collect()),
        ];
        let took = |html: &str| {
            let started = Instant::now();
            std::hint::black_box(cleaned(html));
            started.elapsed()
        };
        for (name, make) in cases {
            // Attributes cost next to nothing while they are counted, and seconds when they are compared.
            let bytes = if name.starts_with("attributes") { 300_000 } else { 20_000 };
            let (half, whole) = (make(bytes), make(2 * bytes));
            // A busy machine stretches single runs, so each is tried until the fastest of both tell: what is linear soon does,
            // and what is quadratic never.
            let (mut best_half, mut best_whole) = (Duration::MAX, Duration::MAX);
            let is_linear = (0..20).any(|_| {
                best_half = best_half.min(took(&half));
                best_whole = best_whole.min(took(&whole));
                best_whole < best_half * 3 + Duration::from_millis(30)
            });
            assert!(is_linear, "{name}: {best_half:?}, then {best_whole:?}");
        }
    }

    proptest! {
        /// Text without markup takes a way of its own, past the tokenizer; a comment in front sends it through.
        #[test]
        fn plain_text_reads_as_if_it_were_html(plain in "([a-zA-Zäé日 .,!?:>\"'\n\t\u{200d}\u{feff}\u{600}\u{a0}-]|https://a\\.b/c|By | - |\n\n|\\.\\.\\.){0,40}") {
            // Behind a comment, empty lines at the head would be inside of the text.
            let plain = plain.trim_start();
            let marked = format!("<!-- -->{plain}");
            prop_assert_eq!(text(plain, &Limits::default()), text(&marked, &Limits::default()));
            prop_assert_eq!(title(plain, &Limits::default()), title(&marked, &Limits::default()));
        }
    }

    fn soup() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            3 => "[a-zA-Zäé日本 .,!?\n]{0,20}",
            2 => prop::sample::select(vec![
                "<p>", "</p>", "<div class=share>", "</div>", "<br>", "<ul><li>", "</li></ul>", "<figure>", "</figure>", "<blockquote>",
                "</blockquote>", "<pre>", "</pre>", "<a href='/x'>", "</a>", "<script>", "</script>", "<!--", "-->", "<table><tr><td>", "</table>",
                "&lt;", "&gt;", "&amp;", "&#0;", "<iframe>", "<", ">", "\"", "'", "[…]", "Read more", "https://e.org/x", "\n\n", "By Ann Lee", "\u{202e}",
                "\u{0}", "<![CDATA[", "]]>", "<svg/onload=x>", "&lt;b&gt;", "(", ")", "…", "<title>", "<textarea>", " - Outlet",
            ]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_input_becomes_plain_text(html in soup()) {
            assert_plain(&cleaned(&html), &html);
            let title = title(&html, &Limits::default());
            assert_plain(&title, &html);
            prop_assert!(!title.contains('\n'));
        }

        /// Words stay as they are when a clean text is cleaned again; entities escaped twice and further trailers apart.
        #[test]
        fn clean_prose_stays_as_it_is(html in "(<p>[a-z][a-z ,äö]{3,60}[.!?]</p>|<b>[a-z ]{3,9}</b>|[a-z]+<br>){1,12}") {
            let once = cleaned(&html);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&once), words(&cleaned(&once)));
        }
    }
}
