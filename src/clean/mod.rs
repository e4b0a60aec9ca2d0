//! Station: turns the HTML of entries and titles into plain text.

mod blocks;
mod characters;
mod discover;
mod elements;
mod guard;
mod lines;
mod markup;
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
    let mut walked = walk_text(html, limits);
    let mut cleaned = Cleaned { image: walked.image.take(), ..Cleaned::default() };
    cleaned.cut.extend(walked.cut.drain(..).map(Cut::Element));
    if html.len() > limits.html_bytes_max {
        cleaned.cut.push(Cut::Limit("html_bytes_max"));
    }
    let mut blocks = walked.draft.blocks;
    for block in &mut blocks {
        block.text = without_tags(&block.text);
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

/// Walks at most five times, each time with one rule less, until words come out.
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
        if !walked.draft.blocks.is_empty() {
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
            cut.push(Cut::Limit("chars_max"));
            head(&text, bytes).trim_end().to_owned()
        }
        None => text,
    }
}

fn each_once(links: Vec<String>, links_max: usize) -> Vec<String> {
    let mut met = HashSet::new();
    links.into_iter().filter(|link| met.insert(link.clone())).take(links_max).collect()
}

/// The words of `blocks`, for rules that look at lines.
fn lines_of(block: &Block) -> impl Iterator<Item = &str> {
    block.text.lines().filter(move |_| block.form != Form::Verbatim)
}
