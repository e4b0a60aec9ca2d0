//! Station: what still reads as a tag after entities were decoded once, taken out of a plain text.

use crate::clean::characters::head;
use crate::clean::elements::is_known;

/// Bytes that a tag may have; what is longer is prose between two signs.
const TAG_BYTES_MAX: usize = 2000;

/// `text` without anything that a browser would read as a tag.
///
/// Markup that was escaped once too often (`&lt;b&gt;` in HTML) reads as a tag after its one decoding. A stored text must
/// hold none, so that no careless sink can be made to render it: a tag of HTML goes; any other `<` that would open one
/// (`<jane@example.com>`, `Vec<T>`) gets a space behind it and keeps its words. One pass is enough, since a `>` closes
/// the nearest `<` of what is left so far (`<<b>b>` goes as a whole), and the spaces come last.
pub(crate) fn without_tags(text: &str) -> String {
    if !text.contains('<') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut opens: Vec<usize> = Vec::new();
    for character in text.chars() {
        out.push(character);
        if character == '<' {
            opens.push(out.len() - 1);
        } else if character == '>'
            && let Some(open) = opens.pop()
            && is_tag(&out[open..])
        {
            out.truncate(open);
        }
    }
    spaced(&out)
}

/// Whether `text`, from `<` to `>`, is a tag, a comment or a declaration and not an aside in a text.
fn is_tag(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) else { return false };
    if text.len() > TAG_BYTES_MAX {
        return false;
    }
    if inner.starts_with(['!', '?']) {
        return true;
    }
    let name = inner.strip_prefix('/').unwrap_or(inner);
    let name = head(name, NAME_BYTES_MAX);
    is_known(name.split(|character: char| character.is_whitespace() || character == '/').next().unwrap_or_default())
}

/// Bytes of a name that are looked at: no element of HTML has a longer one.
const NAME_BYTES_MAX: usize = 24;

fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('<') {
        let (before, after) = rest.split_at(found + 1);
        out.push_str(before);
        if after.starts_with(|character: char| character.is_ascii_alphabetic() || matches!(character, '/' | '!' | '?'))
        {
            out.push(' ');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use crate::clean::markup::without_tags;

    #[test]
    fn tags_go_and_other_signs_stay() {
        let check = |text: &str, expected: &str| assert_eq!(without_tags(text), expected, "{text}");
        check("no sign", "no sign");
        check("1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
        check("I <3 you", "I <3 you");
        check("the <b>bold</b> one", "the bold one");
        check("<<b>b>", "");
        check("<scr<script>ipt>alert(1)</script>", "alert(1)");
        check("<img src=x onerror=alert(1)>", "");
        check("<IMG\nSRC=x>", "");
        check("<!-- a --> b", " b");
        check("Jane <jane@example.com>", "Jane < jane@example.com>");
        check("Vec<T>", "Vec< T>");
        check("open <b and no end", "open < b and no end");
    }
}
