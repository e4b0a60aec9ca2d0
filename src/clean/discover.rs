//! Station: the feeds that a page names in its head, and the links of its body that look as if they led to one.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
};
use scraper::{Html, Selector};
use url::Url;

use crate::clean::characters::head;
use crate::clean::guard::{Bounds, tame};
use crate::clean::{FoundFeed, Limits, title};

/// Bytes of a page's head that are read. A head full of inline scripts and styles has been seen with 300 kB.
const HEAD_BYTES_MAX: usize = 1024 * 1024;

/// Media types by which a page says that a link leads to a feed.
const FEED_TYPES: &[&str] = &[
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
    // JSON Feed 1.0 told its authors to write it.
    "application/json",
    "application/xml",
    "text/xml",
    "application/rss",
    "application/atom",
];

/// The feeds of the page, in its order, each once.
pub(crate) fn feed_links(html: &str, base: &Url, limits: &Limits) -> Vec<FoundFeed> {
    let Some(head) = guarded_head(html, limits) else { return Vec::new() };
    let page = Html::parse_document(&head);
    let select = |css: &str| Selector::parse(css).expect("a selector of our own is well formed");
    let base = page
        .select(&select("base[href]"))
        .find_map(|element| base.join(element.value().attr("href")?).ok())
        .unwrap_or_else(|| base.clone());
    let mut found: Vec<FoundFeed> = Vec::new();
    for element in page.select(&select("link[rel][href]")) {
        let value = |name: &str| element.value().attr(name).unwrap_or_default();
        let is_feed = is_feed_link(value("rel"), value("type"), value("href"));
        if let Some(url) = address(&base, value("href"))
            && is_feed
            && !found.iter().any(|feed| feed.url == url)
            && found.len() < limits.links_max
        {
            found.push(FoundFeed { url, title: title(value("title"), limits) });
        }
    }
    found
}

/// Whether a `<link>` says that it leads to a feed: an `alternate` of a feed's type, or `rel="feed"`.
fn is_feed_link(rel: &str, media_type: &str, href: &str) -> bool {
    let rels: Vec<String> = rel.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_type = FEED_TYPES.contains(&media_type.as_str());
    // WordPress names its API by this type on every page.
    let is_api = media_type == "application/json" && href.contains("/wp-json");
    let has = |wanted: &str| rels.iter().any(|rel| rel == wanted);
    (has("alternate") && is_type && !is_api) || (has("feed") && (is_type || media_type.is_empty()))
}

/// A link, resolved, if it leads where feeds are fetched.
fn address(base: &Url, href: &str) -> Option<Url> {
    let mut url = base.join(href.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "file"))?;
    // One address, however its pieces are called.
    url.set_fragment(None);
    // A page of the web has no business with the files of this machine.
    (url.scheme() != "file" || base.scheme() == "file").then_some(url)
}

/// Links of the body that are kept for judging; a page of links has been seen with some thousands.
const ANCHORS_MAX: usize = 2_000;

/// Characters of a link's words that are looked at.
const WORDS_BYTES_MAX: usize = 120;

/// Readers and networks: links to them offer to subscribe there, and lead to no feed.
const NO_HOSTS: &[&str] = &[
    "feedly.com",
    "inoreader.com",
    "newsblur.com",
    "theoldreader.com",
    "netvibes.com",
    "facebook.com",
    "twitter.com",
    "x.com",
    "podcasts.apple.com",
];

/// The links of a page's body that look like feeds, likeliest first, each once: `<link>`s that stand in the wrong place, and
/// anchors whose type, address or words say so. Linear in the length of the page, which is read without a tree.
pub(crate) fn feed_anchors(html: &str, base: &Url, limits: &Limits) -> Vec<FoundFeed> {
    let bounds = Bounds { html_bytes_max: limits.html_bytes_max, attributes_max: limits.attributes_max, is_raw };
    let html = tame(html, bounds);
    let tokenizer = Tokenizer::new(Anchors::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&html));
    // Neither scripts nor encodings are reported by the sink, so one call consumes everything.
    match tokenizer.feed(&input) {
        html5ever::TokenizerResult::Done => tokenizer.end(),
        html5ever::TokenizerResult::Script(()) | html5ever::TokenizerResult::EncodingIndicator(_) => {}
    }
    let seen = tokenizer.sink.0.into_inner();
    let base = seen.base.and_then(|href| base.join(&href).ok()).unwrap_or_else(|| base.clone());
    let mut judged: Vec<(u8, FoundFeed)> = Vec::new();
    for anchor in seen.anchors {
        let Some(url) = address(&base, &anchor.href) else { continue };
        let likeliness = anchor.likeliness(&url, &base);
        if likeliness > 0 && !judged.iter().any(|(_, found)| found.url == url) {
            judged.push((likeliness, FoundFeed { url, title: title(anchor.words.trim(), limits) }));
        }
    }
    // Stable: among equals, the order of the page.
    judged.sort_by_key(|(likeliness, _)| std::cmp::Reverse(*likeliness));
    judged.truncate(limits.links_max);
    judged.into_iter().map(|(_, found)| found).collect()
}

/// Elements whose content is no markup.
fn is_raw(name: &str) -> bool {
    matches!(name, "script" | "style" | "title" | "noscript" | "textarea" | "iframe" | "xmp" | "noembed" | "noframes")
}

/// A link of the page, and what it says of itself.
#[derive(Default)]
struct Anchor {
    href: String,
    rel: String,
    media_type: String,
    words: String,
}

/// What the tokenizer has seen.
#[derive(Default)]
struct Seen {
    base: Option<String>,
    anchors: Vec<Anchor>,
    /// The last anchor is open, and words belong to it.
    is_open: bool,
}

#[derive(Default)]
struct Anchors(RefCell<Seen>);

impl TokenSink for Anchors {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut seen = self.0.borrow_mut();
        match token {
            CharacterTokens(text) => seen.say(&text),
            TagToken(tag) if tag.kind == StartTag => {
                seen.start(&tag);
                if is_raw(&tag.name) && !tag.self_closing {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            TagToken(tag) if tag.kind == EndTag && &*tag.name == "a" => seen.is_open = false,
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Seen {
    fn start(&mut self, tag: &Tag) {
        let value = |name: &str| {
            let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
        };
        match &*tag.name {
            "base" if self.base.is_none() => self.base = Some(value("href")).filter(|href| !href.is_empty()),
            "a" | "area" | "link" if self.anchors.len() < ANCHORS_MAX => {
                let (rel, media_type) = (value("rel"), value("type"));
                self.is_open = &*tag.name == "a";
                // A style sheet is no link of the page.
                if &*tag.name != "link" || is_feed_link(&rel, &media_type, &value("href")) {
                    self.anchors.push(Anchor { href: value("href"), rel, media_type, words: value("title") });
                    self.say(" ");
                }
            }
            // An icon's words.
            "img" => self.say(&value("alt")),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if let (true, Some(anchor)) = (self.is_open, self.anchors.last_mut()) {
            let room = WORDS_BYTES_MAX.saturating_sub(anchor.words.len());
            anchor.words.push_str(head(text, room));
        }
    }
}

impl Anchor {
    /// How likely it leads to a feed; 0 for what does not look so.
    fn likeliness(&self, url: &Url, base: &Url) -> u8 {
        let host = url.host_str().unwrap_or_default();
        if NO_HOSTS.iter().any(|no| host == *no || host.strip_suffix(no).is_some_and(|front| front.ends_with('.'))) {
            return 0;
        }
        let words = self.words.to_ascii_lowercase();
        let speaks =
            words.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "rss" | "atom" | "feed" | "feeds"));
        let is_at_home = url.host_str() == base.host_str();
        let likeliness = match (is_feed_link(&self.rel, &self.media_type, &self.href), names_a_feed(url)) {
            (true, _) => 8,
            (_, true) if speaks => 6,
            (_, true) => 4,
            // Words alone may speak of animals, or of the page that lists the feeds.
            _ if speaks && is_at_home => 2,
            _ => 0,
        };
        // Comments are seldom what is wanted.
        let is_of_comments = words.contains("comment") || url.path().contains("comment");
        if likeliness > 0 && is_of_comments { 1 } else { likeliness }
    }
}

/// Whether an address itself speaks of a feed: a part of its path, or what comes after the point of the last one.
fn names_a_feed(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    let is_word = |word: &str| matches!(word, "rss" | "rss2" | "atom" | "rdf" | "feed" | "feeds");
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let of_path = parts.any(|part| match part.rsplit_once('.') {
        Some((_, "rss" | "atom" | "rdf")) => true,
        Some((stem, "xml" | "json" | "php" | "aspx")) => stem.split(['-', '_', '.']).any(is_word),
        Some(_) => false,
        None => is_word(part),
    });
    let of_query = url.query_pairs().any(|(key, value)| {
        let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
        matches!(value.as_str(), "rss" | "rss2" | "atom") || (is_word(&key) && value.is_empty())
    });
    of_path || of_query
}

/// The page up to its body, if a tree may be made of it: scraper's tree takes time quadratic in the nesting.
fn guarded_head(html: &str, limits: &Limits) -> Option<String> {
    let html = head(html, HEAD_BYTES_MAX);
    let bytes = html.as_bytes();
    let body = (0..bytes.len().saturating_sub(4)).find(|&at| {
        bytes[at..at + 5].eq_ignore_ascii_case(b"<body")
            && bytes.get(at + 5).is_none_or(|after| !after.is_ascii_alphanumeric() && *after != b'-')
    });
    let bounds = Bounds { html_bytes_max: HEAD_BYTES_MAX, attributes_max: limits.attributes_max, is_raw };
    let head = tame(&html[..body.unwrap_or(html.len())], bounds).into_owned();
    (nesting(&head) <= limits.depth_max).then_some(head)
}

/// An upper bound for the nesting of the tree: start tags that no end tag has answered, the most at any place.
fn nesting(html: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for (at, _) in html.match_indices('<') {
        let rest = &html[at + 1..];
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_void(rest) {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

fn is_void(tag: &str) -> bool {
    let name = tag.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default();
    ["meta", "link", "base", "img", "br", "hr", "input"].iter().any(|void| name.eq_ignore_ascii_case(void))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::clean::{Limits, feed_anchors, feed_links};

    fn found(html: &str) -> Vec<String> {
        let base = Url::parse("https://www.example.org/news/").unwrap();
        let feeds = feed_links(html, &base, &Limits::default());
        feeds.iter().map(|feed| format!("{} {}", feed.url, feed.title)).collect()
    }

    #[test]
    fn a_page_names_its_feeds() {
        let html = r#"<html><head><title>News</title>
            <link rel="stylesheet" href="a.css"><link rel=alternate hreflang=de href="/de/">
            <link rel="alternate" type="application/rss+xml" title="All &amp; more" href="/rss.xml">
            <LINK REL="feed Alternate" TYPE="application/atom+xml; charset=utf-8" HREF="atom.xml">
            <link rel="alternate" type="application/rss+xml" href="/rss.xml">
            <link rel="alternate" type="application/json" href="/wp-json/1">
            <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
            </head><body><link rel="alternate" type="application/rss+xml" href="/comments.xml"></body>"#;
        let expected = ["https://www.example.org/rss.xml All & more", "https://www.example.org/news/atom.xml "];
        assert_eq!(found(html), expected);
    }

    #[test]
    fn every_way_to_name_a_feed_in_a_head_is_known() {
        let check = |attributes: &str, is_found: bool| {
            assert_eq!(found(&format!("<link {attributes} href=/f>")).len(), usize::from(is_found), "{attributes}");
        };
        check("rel=alternate type=application/rdf+xml", true);
        check("rel=alternate type=application/feed+json", true);
        check("rel=alternate type=application/json", true);
        check("rel='ALTERNATE home' type='Application/RSS+XML;charset=utf-8'", true);
        check("rel=feed", true);
        check("rel=feed type=text/html", false);
        check("rel=alternate", false);
        check("rel=alternate type=application/json+oembed", false);
        check("rel=stylesheet type=text/xml", false);
        assert!(
            found("<link rel=alternate type=application/json href=https://a.example/wp-json/wp/v2/pages/2>").is_empty()
        );
        assert!(found("<link rel=alternate type=text/xml href=file:///etc/passwd>").is_empty());
    }

    #[test]
    fn links_of_the_body_that_look_like_feeds_are_found_likeliest_first() {
        let base = Url::parse("https://www.example.org/news/").unwrap();
        let found = |html: &str| -> Vec<String> {
            let feeds = feed_anchors(html, &base, &Limits::default());
            feeds.iter().map(|feed| format!("{} {}", feed.url, feed.title)).collect()
        };
        let html = r##"<head><base href="/b/"><title><a href="/rss.xml">no</a></title></head><body>
            <a href="about">About</a> <a href="/comments/feed">Comments feed</a> <a href="list">All our feeds</a>
            <a href="https://feedly.com/i/subscription/feed/x">RSS in a reader</a>
            <a href="https://elsewhere.example/cattle">Feed for cows</a> <a href="javascript:rss()">RSS</a>
            <a href="/world.xml">World</a> <a href="?format=rss">all</a> <a href="top.rss#x"><img alt="RSS"></a> <a href="top.rss#y">again</a>
            <link rel="alternate" type="application/atom+xml" title="Late" href="late"><script>"<a href=/feed>RSS</a>"</script>
            <a href="mailto:rss@example.org">RSS</a></body>"##;
        let expected = [
            "https://www.example.org/b/late Late",
            "https://www.example.org/b/top.rss RSS",
            "https://www.example.org/b/?format=rss all",
            "https://www.example.org/b/list All our feeds",
            "https://www.example.org/comments/feed Comments feed",
        ];
        assert_eq!(found(html), expected);
        for address in [
            "/feed",
            "/feeds/",
            "/a/rss",
            "/index.rdf",
            "/atom.xml",
            "/feed.json",
            "/news-rss.xml",
            "/?feed=rss2",
            "/?rss",
        ] {
            assert_eq!(found(&format!("<a href='{address}'>x</a>")).len(), 1, "{address}");
        }
        for address in ["/feedback", "/rssi.xml", "/atomic", "/grass.html", "/a.xml", "/newsfeed-about", "/?q=feed"] {
            assert_eq!(found(&format!("<a href='{address}'>x</a>")), Vec::<String>::new(), "{address}");
        }
        assert!(found(&"<a href=/feed>".repeat(100_000)).len() == 1);
        assert!(found(&(0..10_000).map(|number| format!("<a href=/{number}/feed>")).collect::<String>()).len() <= 200);
    }

    #[test]
    fn a_base_element_counts() {
        let html = "<base href='https://cdn.example.net/x/'><link rel=alternate type=text/xml href=feed>";
        assert_eq!(found(html), ["https://cdn.example.net/x/feed "]);
    }

    #[test]
    fn a_tree_is_never_made_of_hostile_nesting() {
        assert_eq!(found(&"<div>".repeat(100_000)), Vec::<String>::new());
    }
}
