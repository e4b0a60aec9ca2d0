//! Station: Markdown without raw HTML: everything from outside is escaped, and links lead to http and https alone.

use crate::listing::fragment::marked;
use crate::listing::plain::{coverage, date, headline, line, link, moment, percent};
use crate::listing::reasons::Account;
use crate::listing::sheet::{Sheet, how};
use crate::listing::sought::Sought;
use crate::listing::{Piece, Search, Shown, Style};
use crate::model::{How, Member, Ranked};

/// A list of clusters.
pub fn clusters(clusters: &[Ranked], style: &Style) -> String {
    let mut out = String::new();
    for ranked in clusters {
        let facts = &ranked.facts;
        out.push_str(&format!(
            "- **{}**\n  {}\n",
            anchor(&facts.headline, ranked.representative().article.url.as_deref()),
            meta(ranked, style)
        ));
        if !facts.summary.is_empty() {
            out.push_str(&format!("\n  {}\n", text(&facts.summary)));
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// One cluster with its articles.
pub fn show(shown: &Shown, style: &Style) -> String {
    let ranked = &shown.ranked;
    let mut out = format!("# {}\n\n{}\n\n", text(&headline(&ranked.facts.headline)), meta(ranked, style));
    if !ranked.facts.summary.is_empty() {
        out.push_str(&format!("{}\n\n", text(&ranked.facts.summary)));
    }
    for member in &ranked.cluster.members {
        let article = &member.article;
        let (when, name) = (moment(article.published, &style.zone), anchor(&article.title, article.url.as_deref()));
        let mut part = vec![standing(member)];
        if shown.broken_by == Some(article.id) {
            part.insert(0, "broke it".to_owned());
        }
        out.push_str(&format!(
            "- {when}, {}: {name} ({}, `{}`)\n",
            text(&article.outlet),
            part.join(", "),
            article.code
        ));
        for change in shown.changes(member) {
            let when = moment(change.at, &style.zone);
            out.push_str(&match change.before == change.after {
                true => format!("  - {when}: other words under the same title\n"),
                false => {
                    format!("  - {when}: “{}” → “{}”\n", text(&headline(change.before)), text(&headline(change.after)))
                }
            });
        }
    }
    if !shown.related.is_empty() {
        out.push_str("\nRelated:\n\n");
    }
    for related in &shown.related {
        let (when, began) = (related.when(), date(related.first_published, &style.zone));
        let name = text(&headline(&related.cluster.headline));
        out.push_str(&format!("- {when}, {began}: {name} (`{}`)\n", related.cluster.code));
    }
    out
}

/// What a search found.
pub fn search(search: &Search, style: &Style) -> String {
    let sought = Sought::of(&search.query);
    let mut out = String::new();
    for found in &search.found {
        let ranked = &found.ranked;
        let name = anchor(&ranked.facts.headline, ranked.representative().article.url.as_deref());
        out.push_str(&format!("- **{name}**\n  {}\n", meta(ranked, style)));
        for (hit, member) in found.articles() {
            let article = &member.article;
            out.push_str(&format!(
                "  - {}: {}\n",
                text(&article.outlet),
                linked(fragment(&marked(&headline(&article.title), &sought)), article.url.as_deref())
            ));
            if !hit.snippet.is_empty() {
                out.push_str(&format!("    {}\n", fragment(&hit.snippet)));
            }
        }
    }
    out
}

/// Reasons: a paragraph for each sentence, a table for each balance.
pub fn reasons(account: &Account) -> String {
    let mut blocks: Vec<String> = account.sentences.iter().map(|sentence| text(sentence)).collect();
    for balance in &account.balances {
        let mut block =
            format!("**{}**\n\n| weight | what | value | shared |\n| --: | :-- | --: | :-- |", text(&balance.title));
        for part in &balance.parts {
            block.push_str(&format!(
                "\n| {} | {} | {} | {} |",
                part.weight,
                text(&part.what),
                part.value,
                text(&part.shared)
            ));
        }
        blocks.push(block);
    }
    format!("{}\n", blocks.join("\n\n"))
}

/// Rows as a table (GitHub's extension, which most renderers know).
pub fn table(sheet: &Sheet) -> String {
    let mut out = format!(
        "| {} |\n|{}\n",
        sheet.columns.iter().map(|name| text(name)).collect::<Vec<_>>().join(" | "),
        " --- |".repeat(sheet.columns.len())
    );
    for row in &sheet.rows {
        let cells: Vec<String> = row.iter().map(|cell| text(cell.text())).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

/// Words from outside as Markdown text that reads exactly as they do (CommonMark 0.31, 2.4 and 2.5): one line; what could
/// begin emphasis, code, a link, an entity, a tag, a table cell or, at the start of a line, a block is escaped.
pub fn text(words: &str) -> String {
    let words = line(words);
    let mut safe = String::with_capacity(words.len());
    let digits = words.bytes().take_while(u8::is_ascii_digit).count();
    for (place, c) in words.char_indices() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' if names_entity(&words[place + 1..]) => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' => safe.extend(['\\', c]),
            // Behind a bracket it would make a link, were the bracket not escaped: no reader need look twice.
            '(' if words[..place].ends_with(']') => safe.push_str("\\("),
            '_' if !inside_word(&words, place) => safe.extend(['\\', c]),
            '#' | '+' | '-' | '=' if place == 0 => safe.extend(['\\', c]),
            '.' | ')' if place > 0 && place == digits => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// A title as a link, or as mere words where there is no http(s) URL.
pub fn anchor(title: &str, url: Option<&str>) -> String {
    linked(text(&headline(title)), url)
}

/// Markdown as the words of a link.
fn linked(words: String, url: Option<&str>) -> String {
    match url.and_then(destination) {
        Some(url) => format!("[{words}]({url})"),
        None => words,
    }
}

/// A URL as a link's destination: no parenthesis or bracket that could end it early, no `&name;` that would be decoded.
pub fn destination(url: &str) -> Option<String> {
    let url = link(url)?;
    let mut safe = String::with_capacity(url.len());
    for (place, c) in url.char_indices() {
        match c {
            '(' | ')' | '[' | ']' | '*' | '~' => safe.push_str(&format!("%{:02X}", u32::from(c))),
            '&' if names_entity(&url[place + 1..]) => safe.push_str("%26"),
            c => safe.push(c),
        }
    }
    Some(safe)
}

/// Whether what follows an ampersand would make it a character reference.
fn names_entity(rest: &str) -> bool {
    let name = rest.strip_prefix('#').unwrap_or(rest);
    let end = name.bytes().position(|byte| !byte.is_ascii_alphanumeric());
    end.is_some_and(|end| end > 0 && name.as_bytes()[end] == b';')
}

/// Underscores between letters or digits never begin emphasis.
fn inside_word(words: &str, place: usize) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    is_word(words[..place].chars().next_back()) && is_word(words[place + 1..].chars().next())
}

/// `3 articles, 3 outlets · 2026-02-13 10:05 · c7f3k2m9qd`.
fn meta(ranked: &Ranked, style: &Style) -> String {
    let facts = &ranked.facts;
    format!("{} · {} · `{}`", coverage(facts), moment(facts.last_published, &style.zone), ranked.cluster.code)
}

/// `joined, 97 % sure`, `first of its story`, `copy of a123`.
fn standing(member: &Member) -> String {
    let joined = &member.joined;
    let mut words = match joined.how {
        How::Founded => "first of its story".to_owned(),
        How::Corrected => "corrected".to_owned(),
        other => format!("{}, {} sure", how(other), percent(joined.probability)),
    };
    if let Some(original) = &member.copy_of {
        words.push_str(&format!(", copy of {original}"));
    }
    words
}

fn fragment(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Around(words) => spaced(words, text),
        Piece::Match(words) => spaced(words, |words| format!("**{}**", text(words))),
    };
    pieces.iter().map(piece).collect::<String>().trim().to_owned()
}

/// Escapes the words and keeps one space at either end, where pieces meet.
fn spaced(words: &str, escape: impl Fn(&str) -> String) -> String {
    let inner = words.trim();
    if inner.is_empty() {
        return " ".to_owned();
    }
    let space = |is: bool| if is { " " } else { "" };
    format!(
        "{}{}{}",
        space(words.starts_with(char::is_whitespace)),
        escape(inner),
        space(words.ends_with(char::is_whitespace))
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::listing::markdown::{anchor, destination, text};
    use crate::listing::plain::{is_unsafe, line};

    #[test]
    fn words_read_as_they_are_and_mean_nothing_more() {
        let check = |words: &str, expected: &str| assert_eq!(text(words), expected, "{words:?}");
        check("Plain words, 3.5 % (really) - and so on.", "Plain words, 3.5 % (really) - and so on.");
        check("<b>bold</b> & <!-- gone -->", "&lt;b&gt;bold&lt;/b&gt; & &lt;!-- gone --&gt;");
        check("*a* _b_ `c` ~~d~~ snake_case", "\\*a\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~ snake_case");
        check("[a](javascript:x) ![b][c]", "\\[a\\]\\(javascript:x) !\\[b\\]\\[c\\]");
        check("&copy; &#60; &#x3c; AT&T; R&D", "&amp;copy; &amp;#60; &amp;#x3c; AT&amp;T; R&D");
        check("# no heading", "\\# no heading");
        check("1. no list", "1\\. no list");
        check("2026) no list", "2026\\) no list");
        check("- no list", "\\- no list");
        check("+ no list", "\\+ no list");
        check("===", "\\===");
        check("> no quotation", "&gt; no quotation");
        check("a | b \\| c", "a \\| b \\\\\\| c");
        check("two\n\nparagraphs\u{1b}[2J", "two paragraphs\\[2J");
    }

    #[test]
    fn links_end_where_they_should() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(destination(url).as_deref(), expected, "{url:?}");
        check("https://example.org/a_(b)", Some("https://example.org/a_%28b%29"));
        check("https://example.org/?a=1&lt;=2&b", Some("https://example.org/?a=1%26lt;=2&b"));
        check("https://example.org/ \"title\"", Some("https://example.org/%20%22title%22"));
        check("javascript:alert(1)", None);
        assert_eq!(anchor("A [b]", Some("https://example.org/")), "[A \\[b\\]](https://example.org/)");
        assert_eq!(anchor("", Some("ftp://example.org/")), "(no title)");
    }

    #[test]
    fn no_known_payload_leaves_a_tag_or_a_control_character() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/security");
        let mut files: Vec<_> = ["blns", "dompurify", "owasp"]
            .iter()
            .filter_map(|name| fs::read_dir(folder.join(name)).ok())
            .flatten()
            .flatten()
            .collect();
        files.sort_by_key(fs::DirEntry::path);
        if files.is_empty() {
            return println!("skipped: no payloads at `{}`", folder.display());
        }
        let mut seen = 0;
        for file in files {
            for payload in String::from_utf8_lossy(&fs::read(file.path()).unwrap_or_default()).lines() {
                let escaped = text(payload);
                assert!(
                    !escaped.contains(['<', '>']) && !escaped.chars().any(is_unsafe),
                    "{payload:?} became {escaped:?}"
                );
                let read_back =
                    escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('\\', "");
                assert_eq!(read_back, line(payload).replace('\\', ""), "{payload:?}");
                seen += 1;
            }
        }
        assert!(seen > 0);
    }
}
