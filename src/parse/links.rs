//! Station: text as HTML, and relative links of HTML made whole.

use std::borrow::Cow;

use url::Url;

use crate::parse::tags::unescaped;

/// An address as it stands, or made whole where it is relative and there is something to make it whole with.
pub(crate) fn resolved(href: &str, base: Option<&Url>) -> String {
    match (Url::parse(href), base) {
        (Err(url::ParseError::RelativeUrlWithoutBase), Some(base)) => {
            base.join(href).map_or_else(|_| href.to_owned(), String::from)
        }
        _ => href.to_owned(),
    }
}

/// A text all of whose characters mean themselves, as HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Attributes that hold an address; `srcset` holds several and is nobody's link.
const ADDRESSES: &[&str] = &["href", "src", "cite", "poster"];

/// Links of one text that are made whole; cleaning keeps a fifth of them.
const LINKS_MAX: usize = 1000;

/// HTML with its relative links made whole. What is not in quotes stays.
pub(crate) fn absolute<'a>(html: &'a str, base: &Url) -> Cow<'a, str> {
    let mut out = String::new();
    let (mut copied, mut made) = (0, 0);
    for (at, _) in html.match_indices('=') {
        if at < copied {
            continue;
        }
        if made == LINKS_MAX {
            break;
        }
        let Some((start, end)) = address_at(html, at) else { continue };
        let value = unescaped(html[start..end].trim());
        if !matches!(Url::parse(&value), Err(url::ParseError::RelativeUrlWithoutBase)) || value.starts_with('#') {
            continue;
        }
        if let Ok(whole) = base.join(&value) {
            out.push_str(&html[copied..start]);
            out.push_str(&whole.as_str().replace('&', "&amp;"));
            copied = end;
            made += 1;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[copied..]);
    Cow::Owned(out)
}

/// Bytes that an address may have: those of a longer one are no address, and are not searched for its end.
const ADDRESS_BYTES_MAX: usize = 8192;

/// Where the address stands, if the `=` at `at` gives one to an attribute.
fn address_at(html: &str, at: usize) -> Option<(usize, usize)> {
    let name = html[..at].trim_ascii_end();
    let is_name = |known: &str| {
        let start = name.len().checked_sub(known.len());
        start.is_some_and(|start| {
            let bytes = name.as_bytes();
            bytes[start..].eq_ignore_ascii_case(known.as_bytes())
                && start.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_whitespace())
        })
    };
    ADDRESSES.iter().find(|known| is_name(known))?;
    let rest = &html[at + 1..];
    let value = rest.trim_ascii_start();
    let quote = value.bytes().next().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let start = html.len() - value.len() + 1;
    let length = html.as_bytes()[start..].iter().take(ADDRESS_BYTES_MAX).position(|byte| *byte == quote)?;
    Some((start, start + length))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::parse::links::{absolute, resolved};

    #[test]
    fn relative_links_are_made_whole_and_others_stay() {
        let base = Url::parse("https://www.harbour.example/news/feed").unwrap();
        let check = |html: &str, expected: &str| assert_eq!(absolute(html, &base), expected, "{html}");
        check("<a href=\"/a?b=1&amp;c=2\">x</a>", "<a href=\"https://www.harbour.example/a?b=1&amp;c=2\">x</a>");
        check(
            "<img src='b.jpg'><img SRC = 'c.jpg'>",
            "<img src='https://www.harbour.example/news/b.jpg'><img SRC = 'https://www.harbour.example/news/c.jpg'>",
        );
        for kept in [
            "<a href='https://e.org/'>",
            "<a href='#note'>",
            "<a href='mailto:a@e.org'>",
            "<a href=/b>",
            "<a data-href='/b'>",
            "a = 'b' &= x",
            "<a href='/never",
        ] {
            check(kept, kept);
        }
        assert_eq!(resolved("../x", Some(&base)), "https://www.harbour.example/x");
        assert_eq!(resolved("../x", None), "../x");
        assert_eq!(resolved("tag:e.org,2026:1", Some(&base)), "tag:e.org,2026:1");
    }
}
