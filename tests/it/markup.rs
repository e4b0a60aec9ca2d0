//! What a reader's program would make of our output: tags for a browser, links and raw HTML for a Markdown renderer.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer};
use pulldown_cmark::{Event, Options, Parser, Tag};

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
    let fault = |event: Event<'_>| match event {
        Event::Html(html) | Event::InlineHtml(html) => Some(format!("raw HTML `{html}`")),
        Event::Start(Tag::Image { dest_url, .. }) => Some(format!("a picture `{dest_url}`")),
        Event::Start(Tag::Link { dest_url, .. }) => {
            let is_web = dest_url.starts_with("http://") || dest_url.starts_with("https://");
            (!is_web).then(|| format!("a link to `{dest_url}`"))
        }
        _ => None,
    };
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(fault).collect()
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
    assert_eq!(unsafe_characters("a\u{1b}[31m\n\t\u{202e}\u{9b}é"), ["\\u{1b}", "\\u{202e}", "\\u{9b}"]);
}
