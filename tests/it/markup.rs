//! What a reader's program would make of our output: tags for a browser, links and raw HTML for a Markdown renderer.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer};
use pulldown_cmark::{Event as Markdown, Options, Parser, Tag};
use quick_xml::events::Event;
use scraper::Html;

/// The tags that a browser sees in a text, with their attributes.
pub fn tags(text: &str) -> Vec<String> {
    #[derive(Default)]
    struct Sink(RefCell<Vec<String>>);
    impl TokenSink for Sink {
        type Handle = ();
        fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
            if let TagToken(tag) = token {
                let attributes: Vec<&str> = tag.attrs.iter().map(|attribute| &*attribute.name.local).collect();
                self.0.borrow_mut().push(format!("{} {}", tag.name, attributes.join(" ")).trim_end().to_owned());
            }
            TokenSinkResult::Continue
        }
    }
    let tokenizer = Tokenizer::new(Sink::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(text));
    let _done = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

/// What a Markdown text must not hold: raw HTML, pictures, and links that lead elsewhere than to http and https.
pub fn markdown_faults(text: &str) -> Vec<String> {
    let fault = |event: Markdown<'_>| match event {
        Markdown::Html(html) | Markdown::InlineHtml(html) => Some(format!("raw HTML `{html}`")),
        Markdown::Start(Tag::Image { dest_url, .. }) => Some(format!("a picture `{dest_url}`")),
        Markdown::Start(Tag::Link { dest_url, .. }) => {
            let is_web = dest_url.starts_with("http://") || dest_url.starts_with("https://");
            (!is_web).then(|| format!("a link to `{dest_url}`"))
        }
        _ => None,
    };
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(fault).collect()
}

/// What an HTML page must not hold: an element or an attribute that is not one of ours, one that fetches or acts, a link that leads
/// elsewhere than to http and https.
pub fn page_faults(page: &str) -> Vec<String> {
    const ELEMENTS: &str = "html head meta title style body div header main section article h1 h2 h3 p span bdi time a ul li br footer svg rect path";
    const ATTRIBUTES: &str = "aria-label aria-labelledby charset class content d datetime dir fill height href http-equiv id lang name \
         rel role stroke title viewBox width x xmlns y";
    let (elements, attributes): (Vec<&str>, Vec<&str>) =
        (ELEMENTS.split_whitespace().collect(), ATTRIBUTES.split_whitespace().collect());
    let mut faults = Vec::new();
    for element in Html::parse_document(page).tree.nodes().filter_map(|node| node.value().as_element()) {
        if !elements.contains(&element.name()) {
            faults.push(format!("an element `{}`", element.name()));
        }
        for (name, value) in element.attrs() {
            let is_web = value.starts_with("http://") || value.starts_with("https://");
            if !attributes.contains(&name)
                || (name == "href" && !is_web)
                || (name == "http-equiv" && value != "Content-Security-Policy")
            {
                faults.push(format!("an attribute `{name}={value}`"));
            }
        }
    }
    faults
}

/// What an XML document of ours must not hold: what is not well-formed, an element that acts, a link that leads elsewhere than to http
/// and https (or to another file of the same book).
pub fn xml_faults(document: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(document);
    let mut faults = Vec::new();
    loop {
        let (name, attributes) = match reader.read_event() {
            Err(error) => return vec![error.to_string()],
            Ok(Event::Eof) => return faults,
            Ok(Event::Start(element) | Event::Empty(element)) => {
                let attributes: Vec<_> = element.attributes().map(|attribute| attribute.unwrap()).collect();
                let pairs = attributes.iter().map(|pair| (pair.key.as_ref().to_owned(), pair.value.to_string()));
                (element.name().as_ref().to_owned(), pairs.collect::<Vec<(String, String)>>())
            }
            Ok(_) => continue,
        };
        if ["script", "img", "iframe", "object", "form", "input", "video", "audio", "base", "style"]
            .contains(&name.as_str())
        {
            faults.push(format!("an element `{name}`"));
        }
        for (name, value) in attributes {
            let is_safe = ["http://", "https://", "story-", "contents.xhtml", "book.css"]
                .iter()
                .any(|start| value.starts_with(start));
            if name.starts_with("on") || name == "style" || (name == "href" && !is_safe) {
                faults.push(format!("an attribute `{name}={value}`"));
            }
        }
    }
}

/// Characters that no output may hold: controls but line break and tab, those that turn the direction of text, and those that
/// nobody sees.
pub fn unsafe_characters(text: &str) -> Vec<String> {
    let bad = |letter: &char| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().filter(bad).map(|letter| letter.escape_unicode().to_string()).collect()
}

#[test]
fn the_watch_sees_what_it_watches_for() {
    assert_eq!(tags("a < b <img src=x onerror=y> </b>"), ["img src onerror", "b"]);
    assert_eq!(tags("1 < 2, a<3 and &lt;b&gt;"), Vec::<String>::new());
    let faults = markdown_faults("<b>x</b> ![a](b) [c](javascript:d) [e](https://f.example) <script>g</script>");
    assert_eq!(faults.len(), 6, "{faults:?}");
    let page = "<p>x<img src=x onerror=y><a href=javascript:z>z</a><script>a</script><a href='https://b.example'>b</a>";
    assert_eq!(page_faults(page).len(), 5, "{:?}", page_faults(page));
    assert_eq!(xml_faults("<a href='javascript:x' onclick='y'><script/>&amp;</a>").len(), 3);
    assert_eq!(xml_faults("<a><b></a>").len(), 1);
    assert_eq!(unsafe_characters("a\u{1b}[31m\n\t\u{202e}\u{9b}é"), ["\\u{1b}", "\\u{202e}", "\\u{9b}"]);
}
