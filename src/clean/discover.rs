//! Station: the feeds that a page names in its head.

use scraper::{Html, Selector};
use url::Url;

use crate::clean::characters::head;
use crate::clean::guard::{Bounds, tame};
use crate::clean::{FoundFeed, Limits, title};

/// Bytes of a page's head that are read. A head full of inline scripts and styles has been seen with 300 kB.
const HEAD_BYTES_MAX: usize = 1024 * 1024;

/// Media types by which a page says that a link leads to a feed. Plain `application/json` is left out: WordPress names its
/// API so.
const FEED_TYPES: &[&str] = &[
    "application/rss+xml",
    "application/atom+xml",
    "application/rdf+xml",
    "application/feed+json",
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
        let value = |name: &str| element.value().attr(name).unwrap_or_default().trim();
        let is_alternate = value("rel").split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("alternate"));
        let media_type = value("type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let address = base.join(value("href")).ok().filter(|url| matches!(url.scheme(), "http" | "https" | "file"));
        if let Some(url) = address
            && is_alternate
            && FEED_TYPES.contains(&media_type.as_str())
            && !found.iter().any(|feed| feed.url == url)
            && found.len() < limits.links_max
        {
            found.push(FoundFeed { url, title: title(value("title"), limits) });
        }
    }
    found
}

/// The page up to its body, if a tree may be made of it: scraper's tree takes time quadratic in the nesting.
fn guarded_head(html: &str, limits: &Limits) -> Option<String> {
    let html = head(html, HEAD_BYTES_MAX);
    let bytes = html.as_bytes();
    let body = (0..bytes.len().saturating_sub(4)).find(|&at| {
        bytes[at..at + 5].eq_ignore_ascii_case(b"<body")
            && bytes.get(at + 5).is_none_or(|after| !after.is_ascii_alphanumeric() && *after != b'-')
    });
    let bounds = Bounds {
        html_bytes_max: HEAD_BYTES_MAX,
        attributes_max: limits.attributes_max,
        is_raw: |name| matches!(name, "script" | "style" | "title" | "noscript" | "textarea" | "iframe"),
    };
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

    use crate::clean::{Limits, feed_links};

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
    fn a_base_element_counts() {
        let html = "<base href='https://cdn.example.net/x/'><link rel=alternate type=text/xml href=feed>";
        assert_eq!(found(html), ["https://cdn.example.net/x/feed "]);
    }

    #[test]
    fn a_tree_is_never_made_of_hostile_nesting() {
        assert_eq!(found(&"<div>".repeat(100_000)), Vec::<String>::new());
    }
}
