//! Station: numeric references that name the halves of a character.

use std::borrow::Cow;

/// The HTML with each pair of references to a character's halves in UTF-16 (`&#55357;&#56832;`) replaced by the character (`😀`).
///
/// Programs that count in UTF-16 write such pairs for emoji. Neither XML nor HTML knows them: a browser shows two boxes.
pub(crate) fn joined(html: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(start) = html[at..].find("&#").map(|found| at + found) {
        at = start + 2;
        if let Some((character, length)) = pair(&html[start..]) {
            out.push_str(&html[copied..start]);
            out.push(character);
            copied = start + length;
            at = copied;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[copied..]);
    Cow::Owned(out)
}

/// The character of the two references that the text begins with, and their bytes.
fn pair(text: &str) -> Option<(char, usize)> {
    let (high, first) = half(text)?;
    let (low, second) = half(&text[first..])?;
    let character = char::decode_utf16([high, low]).next()?.ok()?;
    // Two references to whole characters are none of ours.
    (u32::from(character) > 0xffff).then_some((character, first + second))
}

/// The 16 bits of the reference that the text begins with, and its bytes.
fn half(text: &str) -> Option<(u16, usize)> {
    let body = text.strip_prefix("&#")?;
    // No half has more than five digits.
    let end = body.bytes().take(7).position(|byte| byte == b';')?;
    let value = match body[..end].strip_prefix(['x', 'X']) {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => body[..end].parse(),
    };
    Some((value.ok()?, 2 + end + 1))
}

#[cfg(test)]
mod tests {
    use crate::clean::references::joined;

    #[test]
    fn halves_become_characters_and_all_else_stays() {
        let check = |html: &str, expected: &str| assert_eq!(joined(html), expected, "{html}");
        check("a &#55357;&#56832; b &#xD83D;&#Xde00;&#8217;", "a 😀 b 😀&#8217;");
        check("&#55357;&#55357;&#56832;", "&#55357;😀");
        for other in [
            "",
            "&#",
            "&#;",
            "&#55357;",
            "&#56832;&#55357;",
            "&#55357; &#56832;",
            "&#65;&#66;",
            "&#xé;",
            "&#1234567890;",
            "&#+5;&#x+5;",
            "&#é日本;",
        ] {
            check(other, other);
        }
    }
}
