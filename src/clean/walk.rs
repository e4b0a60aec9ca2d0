//! Station: entry HTML to paragraphs, token by token, in linear time and without a tree.

use std::cell::RefCell;

use html5ever::Attribute;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
};

use crate::clean::blocks::{Draft, Newlines};
use crate::clean::characters::head;
use crate::clean::elements::{Role, holds_the_article, makes_lines, names_furniture, role};
use crate::clean::guard::{Bounds, tame};

/// How the walk treats what it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// Whether classes and ids may name furniture.
    pub classes: bool,
    /// Whether elements (`figure`, `aside`, …) may be furniture.
    pub elements: bool,
    /// Which elements hold raw text.
    pub raw: Raw,
    /// How newlines count.
    pub newlines: Newlines,
    /// Links that are kept.
    pub links_max: usize,
    /// Bytes that are looked at.
    pub html_bytes_max: usize,
    /// Attributes of a tag that are looked at.
    pub attributes_max: usize,
}

/// Which elements hold raw text, where `<` begins no tag until their own end tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raw {
    /// As in HTML.
    AsInHtml,
    /// Scripts and styles only: another one had no end tag and would swallow the rest of the article.
    ScriptsOnly,
    /// None: in a title, `<script>` without an end is a word.
    Nothing,
}

/// What a walk found.
#[derive(Default)]
pub(crate) struct Walked {
    /// Paragraphs and links.
    pub draft: Draft,
    /// The first picture that is one.
    pub image: Option<String>,
    /// Names of the furniture that went, each once.
    pub cut: Vec<String>,
    /// Whether any tag made lines.
    pub makes_lines: bool,
    /// The element whose raw text had no end.
    pub unfinished: Option<String>,
}

/// Walks through `html`.
pub(crate) fn walk(html: &str, way: Way) -> Walked {
    let is_raw: fn(&str) -> bool = match way.raw {
        Raw::AsInHtml => |name| role(name) == Role::Raw,
        Raw::ScriptsOnly => |name| matches!(name, "script" | "style"),
        Raw::Nothing => |_| false,
    };
    if !html.contains(['<', '&', '\r', '\0']) {
        // Nothing in it is for a tokenizer, which would hand it over as it is.
        let mut walk = Walk::new(way, is_raw);
        walk.main.push_text(head(html, way.html_bytes_max), way.newlines);
        return walk.finish();
    }
    let bounds = Bounds { html_bytes_max: way.html_bytes_max, attributes_max: way.attributes_max, is_raw };
    let html = tame(html, bounds);
    let sink = Sink(RefCell::new(Walk::new(way, is_raw)));
    let tokenizer = Tokenizer::new(sink, Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&html));
    // Neither scripts nor encodings are reported by the sink, so one call consumes everything.
    match tokenizer.feed(&input) {
        html5ever::TokenizerResult::Done => tokenizer.end(),
        html5ever::TokenizerResult::Script(()) | html5ever::TokenizerResult::EncodingIndicator(_) => {}
    }
    tokenizer.sink.0.into_inner().finish()
}

/// Furniture that is open: what is in it goes when its end tag comes, and stays when none ever does.
struct Furniture {
    name: String,
    /// Open elements of this name, itself included.
    open: usize,
    /// Named by a class and not by its element: it may turn out to be the article.
    is_guess: bool,
    /// A picture in it may be the entry's.
    may_hold_image: bool,
    draft: Draft,
    /// What it holds of another kind than words in a row: tables and quotations are no captions.
    holds_matter: bool,
    label: String,
}

/// Furniture inside of furniture that is tracked by itself; deeper ones go with what they are in.
const FURNITURE_DEPTH_MAX: usize = 16;

/// Prose beyond this many bytes is no share widget and no caption, whatever its class says.
const WIDGET_PROSE_BYTES_MAX: usize = 1000;

/// Kinds of furniture that are reported.
const CUTS_MAX: usize = 20;

struct Walk {
    way: Way,
    is_raw: fn(&str) -> bool,
    main: Draft,
    furniture: Vec<Furniture>,
    /// The element whose raw text is being read.
    raw: Option<String>,
    walked: Walked,
}

struct Sink(RefCell<Walk>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut walk = self.0.borrow_mut();
        match token {
            CharacterTokens(text) if walk.raw.is_none() => {
                let newlines = walk.way.newlines;
                walk.draft().push_text(&text, newlines);
            }
            TagToken(tag) if tag.kind == StartTag => return walk.start(&tag),
            TagToken(tag) if tag.kind == EndTag => walk.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Walk {
    fn new(way: Way, is_raw: fn(&str) -> bool) -> Walk {
        Walk { way, is_raw, main: Draft::default(), furniture: Vec::new(), raw: None, walked: Walked::default() }
    }

    /// Where text goes at this moment.
    fn draft(&mut self) -> &mut Draft {
        self.furniture.last_mut().map_or(&mut self.main, |furniture| &mut furniture.draft)
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
        let role = role(name);
        self.walked.makes_lines |= makes_lines(role);
        if makes_lines(role) {
            self.close_open_paragraph();
        }
        if role == Role::Raw && (self.is_raw)(name) {
            // `<iframe …/>` is how XHTML writes it; HTML would read on to an end tag that never comes.
            if tag.self_closing {
                return TokenSinkResult::Continue;
            }
            self.note_cut(name);
            self.raw = Some(name.to_owned());
            let kind = if matches!(name, "title" | "textarea") { RawKind::Rcdata } else { RawKind::Rawtext };
            return TokenSinkResult::RawData(kind);
        }
        if let Some(open) = self.furniture.iter_mut().rev().find(|furniture| furniture.name == name) {
            open.open += 1;
        } else if !tag.self_closing && self.open_furniture(tag, role) {
            return TokenSinkResult::Continue;
        }
        self.start_element(tag, role);
        TokenSinkResult::Continue
    }

    /// A paragraph ends where a block begins (HTML Standard, 13.1.2.4), also one that is furniture.
    fn close_open_paragraph(&mut self) {
        if self.furniture.last().is_some_and(|furniture| furniture.name == "p" && furniture.open == 1) {
            self.close_furniture(self.furniture.len() - 1);
        }
    }

    fn open_furniture(&mut self, tag: &Tag, role: Role) -> bool {
        if self.furniture.len() >= FURNITURE_DEPTH_MAX || matches!(role, Role::Void | Role::Image | Role::Break) {
            return false;
        }
        let name = &*tag.name;
        let by_element =
            self.way.elements && matches!(role, Role::Furniture | Role::Raw) && self.way.raw != Raw::Nothing;
        let class = if by_element { None } else { self.furniture_class(tag) };
        if !by_element && class.is_none() {
            return false;
        }
        self.walked.makes_lines |= matches!(name, "figure" | "aside" | "form" | "nav");
        if makes_lines(role) || matches!(name, "figure" | "figcaption" | "aside" | "form" | "nav" | "dialog") {
            self.draft().end_block();
        }
        self.furniture.push(Furniture {
            name: name.to_owned(),
            open: 1,
            is_guess: !by_element,
            may_hold_image: matches!(name, "figure" | "picture" | "noscript")
                || class.as_deref().is_some_and(|class| class.contains("caption")),
            draft: Draft::default(),
            holds_matter: false,
            label: class.map_or_else(|| name.to_owned(), |class| format!("{name}.{class}")),
        });
        true
    }

    /// The class or id by which the element is furniture.
    fn furniture_class(&self, tag: &Tag) -> Option<String> {
        if !self.way.classes || holds_the_article(&tag.name) {
            return None;
        }
        if attribute(&tag.attrs, "hidden").is_some() {
            return Some("hidden".to_owned());
        }
        let is_hidden = |style: &str| {
            let style: String = style.chars().filter(|character| !character.is_whitespace()).collect();
            style.to_ascii_lowercase().contains("display:none")
        };
        if attribute(&tag.attrs, "style").is_some_and(is_hidden) {
            return Some("hidden".to_owned());
        }
        ["class", "id"].into_iter().find_map(|kind| {
            let value = attribute(&tag.attrs, kind)?;
            names_furniture(value).then(|| value.split_ascii_whitespace().next().unwrap_or_default().to_owned())
        })
    }

    fn start_element(&mut self, tag: &Tag, role: Role) {
        if matches!(role, Role::Cell | Role::Quote | Role::Verbatim)
            && let Some(furniture) = self.furniture.iter_mut().find(|furniture| furniture.name == "figure")
        {
            furniture.holds_matter = true;
        }
        let links_max = self.way.links_max;
        match role {
            Role::Block => self.draft().block(),
            Role::Heading => self.draft().heading(true),
            Role::Verbatim => self.draft().verbatim(true),
            Role::Quote => self.draft().quote(true),
            Role::List => self.draft().list(true, &*tag.name == "ol"),
            Role::Item => self.draft().item(true),
            Role::Row => self.draft().row(true),
            Role::Cell => self.draft().cell(),
            Role::Break => self.draft().break_line(),
            Role::Link => self.draft().begin_link(attribute(&tag.attrs, "href"), links_max),
            Role::ShortQuote => self.draft().push_text("“", Newlines::Space),
            Role::Image => self.image(tag),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if self.raw.take().is_some() {
            return;
        }
        let role = role(name);
        if let Some(index) = self.furniture.iter().rposition(|furniture| furniture.name == name) {
            self.furniture[index].open -= 1;
            if self.furniture[index].open == 0 {
                self.close_furniture(index);
                return;
            }
        }
        match role {
            Role::Block => self.draft().block(),
            Role::Heading => self.draft().heading(false),
            Role::Verbatim => self.draft().verbatim(false),
            Role::Quote => self.draft().quote(false),
            Role::List => self.draft().list(false, false),
            Role::Item => self.draft().item(false),
            Role::Row => self.draft().row(false),
            Role::Link => self.draft().end_link(),
            Role::ShortQuote => self.draft().push_text("”", Newlines::Space),
            _ => {}
        }
    }

    /// The furniture at `index` ends, and with it what was opened inside of it and never closed.
    fn close_furniture(&mut self, index: usize) {
        let mut inner = self.furniture.split_off(index);
        let mut furniture = inner.swap_remove(0);
        let is_article = furniture.is_guess && furniture.draft.prose_bytes() > WIDGET_PROSE_BYTES_MAX;
        if is_article || furniture.holds_matter {
            furniture.draft.finish();
            self.draft().append(furniture.draft);
        } else {
            self.note_cut(&furniture.label);
        }
    }

    fn note_cut(&mut self, label: &str) {
        if self.walked.cut.len() < CUTS_MAX && !self.walked.cut.iter().any(|cut| cut == label) {
            self.walked.cut.push(label.to_owned());
        }
    }

    fn image(&mut self, tag: &Tag) {
        if self.walked.image.is_some() || self.furniture.iter().any(|furniture| !furniture.may_hold_image) {
            return;
        }
        // Counting pixels and emoji are no pictures of the article.
        let is_dot = ["width", "height"].iter().any(|side| {
            attribute(&tag.attrs, side).and_then(|value| value.trim().parse::<u32>().ok()).is_some_and(|side| side <= 3)
        });
        let class = attribute(&tag.attrs, "class").unwrap_or_default();
        if is_dot || class.contains("emoji") || class.contains("smiley") {
            return;
        }
        let named = ["src", "data-src", "data-lazy-src", "data-original"];
        let source = named.iter().filter_map(|name| attribute(&tag.attrs, name)).map(str::trim);
        self.walked.image = source.filter(|url| !url.is_empty() && !url.starts_with("data:")).map(str::to_owned).next();
    }

    fn finish(mut self) -> Walked {
        // Furniture without an end holds the rest of the article as likely as not: its words stay.
        for furniture in std::mem::take(&mut self.furniture) {
            self.main.append(furniture.draft);
        }
        self.main.finish();
        self.walked.unfinished = self.raw.take();
        self.walked.draft = self.main;
        self.walked
    }
}

fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}
