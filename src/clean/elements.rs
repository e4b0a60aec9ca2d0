//! Station: what an HTML element means to a reader's text: a block, a break, nothing, or furniture that goes.

/// What the walk does with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// No border: its text joins its neighbours'.
    Inline,
    /// Begins and ends a paragraph.
    Block,
    /// A block that says what a paragraph is.
    Heading,
    /// `pre` and its kind: white space is kept.
    Verbatim,
    /// A quotation.
    Quote,
    /// An ordered or unordered list.
    List,
    /// A list's entry.
    Item,
    /// A table's row.
    Row,
    /// A table's cell.
    Cell,
    /// `br`.
    Break,
    /// Has neither text nor end tag.
    Void,
    /// A picture.
    Image,
    /// A link.
    Link,
    /// A short quotation.
    ShortQuote,
    /// Goes, with everything in it.
    Furniture,
    /// Goes; and the tokenizer must read its content as raw text, where `<` begins no tag.
    Raw,
}

/// The role of the element `name` (lower case, as the tokenizer gives it).
pub(crate) fn role(name: &str) -> Role {
    match name {
        "p" | "div" | "address" | "article" | "body" | "center" | "dd" | "details" | "dir" | "dl" | "dt"
        | "fieldset" | "footer" | "header" | "hgroup" | "hr" | "html" | "head" | "main" | "section" | "summary"
        | "table" | "tbody" | "tfoot" | "thead" | "caption" => Role::Block,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Role::Heading,
        "pre" | "listing" => Role::Verbatim,
        "blockquote" => Role::Quote,
        "ul" | "ol" | "menu" => Role::List,
        "li" => Role::Item,
        "tr" => Role::Row,
        "td" | "th" => Role::Cell,
        "br" => Role::Break,
        "img" => Role::Image,
        "a" => Role::Link,
        "q" => Role::ShortQuote,
        "area" | "base" | "basefont" | "bgsound" | "col" | "embed" | "frame" | "input" | "keygen" | "link" | "meta"
        | "param" | "source" | "track" | "wbr" => Role::Void,
        "figure" | "figcaption" | "picture" | "video" | "audio" | "svg" | "math" | "object" | "applet" | "form"
        | "button" | "select" | "datalist" | "nav" | "aside" | "template" | "dialog" | "canvas" | "map" | "noindex" => {
            Role::Furniture
        }
        "script" | "style" | "iframe" | "noscript" | "noembed" | "noframes" | "textarea" | "title" | "xmp" => Role::Raw,
        _ => Role::Inline,
    }
}

/// Whether the tag makes lines: a text that has none of these takes its line ends from its newlines.
pub(crate) fn makes_lines(role: Role) -> bool {
    matches!(
        role,
        Role::Block
            | Role::Heading
            | Role::Verbatim
            | Role::Quote
            | Role::List
            | Role::Item
            | Role::Row
            | Role::Cell
            | Role::Break
    )
}

/// Elements that hold the article itself, whatever their class says: `post_class()` of WordPress writes the slugs of an
/// article's tags and categories there (`tag-social`, `category-newsletter`).
pub(crate) fn holds_the_article(name: &str) -> bool {
    matches!(name, "html" | "body" | "main" | "article")
}

/// Words of a class or an id (divided at `-` and `_`) that only furniture has.
const FURNITURE_WORDS: &[&str] = &[
    "addthis",
    "addtoany",
    "adsbygoogle",
    "advert",
    "advertisement",
    "advertising",
    "breadcrumbs",
    "caption",
    "copyright",
    "credit",
    "credits",
    "feedflare",
    "jetpack-relatedposts",
    "newsletter",
    "outbrain",
    "paywall",
    "promo",
    "related",
    "relatedposts",
    "share",
    "sharebar",
    "sharedaddy",
    "sharethis",
    "sharing",
    "social",
    "sponsor",
    "sponsored",
    "taboola",
    "yarpp",
];

/// Whole classes or ids that only furniture has; their words alone would be too common.
const FURNITURE_NAMES: &[&str] = &[
    "ad",
    "ads",
    "a2a_kit",
    "comments-link",
    "jp-relatedposts",
    "mc_embed_signup",
    "more-link-wrap",
    "post-tags",
    "post-views",
    "print-link",
    "pullquote",
    "screen-reader-text",
    "sd-sharing-enabled",
    "sr-only",
    "tag-links",
    "visually-hidden",
    "wp-block-buttons",
    "wp-block-pullquote",
    "wp-caption-text",
];

/// Whether a `class` or `id` names furniture. `has-caption` and the slugs of tags and categories do not.
pub(crate) fn names_furniture(value: &str) -> bool {
    value.split_ascii_whitespace().take(NAMES_PER_ELEMENT_MAX).any(|name| {
        let name = name.to_ascii_lowercase();
        if ["tag-", "category-", "has-", "no-", "is-", "js-"].iter().any(|prefix| name.starts_with(prefix)) {
            return FURNITURE_NAMES.contains(&name.as_str());
        }
        FURNITURE_NAMES.contains(&name.as_str()) || name.split(['-', '_']).any(|word| FURNITURE_WORDS.contains(&word))
    })
}

/// Classes beyond this many say nothing a reader could miss, and must not cost time.
const NAMES_PER_ELEMENT_MAX: usize = 32;

/// Names of HTML's elements and of the foreign ones that payloads use, sorted: a `<b>` that stands in a text after its
/// entities were decoded is markup that was escaped once too often; a `<T>` or `<jane@example.com>` is not.
pub(crate) fn is_known(name: &str) -> bool {
    KNOWN.binary_search(&name.to_ascii_lowercase().as_str()).is_ok()
}

const KNOWN: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "animate",
    "annotation-xml",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "bgsound",
    "big",
    "blink",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "circle",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "defs",
    "del",
    "desc",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "foreignobject",
    "form",
    "frame",
    "frameset",
    "g",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "iframe",
    "image",
    "img",
    "input",
    "ins",
    "isindex",
    "kbd",
    "keygen",
    "label",
    "layer",
    "legend",
    "li",
    "link",
    "listing",
    "main",
    "map",
    "mark",
    "marquee",
    "math",
    "menu",
    "meta",
    "meter",
    "mglyph",
    "mi",
    "mn",
    "mo",
    "ms",
    "mtext",
    "nav",
    "nobr",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "path",
    "picture",
    "plaintext",
    "pre",
    "progress",
    "q",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "script",
    "section",
    "select",
    "set",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "template",
    "text",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "use",
    "var",
    "video",
    "wbr",
    "xml",
    "xmp",
    "xss",
];

#[cfg(test)]
mod tests {
    use crate::clean::elements::{KNOWN, names_furniture};

    #[test]
    fn known_names_are_sorted_for_the_search() {
        assert!(KNOWN.is_sorted());
    }

    #[test]
    fn classes_name_furniture_by_whole_words() {
        let check = |class: &str, expected: bool| assert_eq!(names_furniture(class), expected, "{class}");
        check("wp-caption-text", true);
        check("sharedaddy sd-sharing-enabled", true);
        check("c-social-buttons", true);
        check("Image_Credit", true);
        check("jp-relatedposts", true);
        check("entry-content", false);
        check("socialist-party", false);
        check("post tag-social category-newsletter", false);
        check("article-image has-caption", false);
        check("shared-heritage", false);
    }
}
