//! Station: what feed-rs 3.0.0 breaks down over. A panic, though contained, is printed by the hook of the process; so the
//! causes that are known are kept from it.

use crate::parse::tags::{Tag, local, unescaped};

/// Whether a processing instruction is an XML declaration; quick-xml panics over the second of a document.
pub(crate) fn is_declaration(instruction: &str) -> bool {
    instruction.strip_prefix("xml").is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_whitespace()))
}

/// Elements whose text feed-rs takes apart into a name and an e-mail address.
const PERSONS: &[&str] = &["author", "managingeditor", "webmaster", "creator", "name"];

/// Whether the text of an element that feed-rs looks into would make it panic.
pub(crate) fn is_dangerous_text(element: &str, text: &str, is_escaped: bool) -> bool {
    let element = local(element);
    if element.eq_ignore_ascii_case("duration") {
        return is_endless(text);
    }
    is_person(element) && {
        let text = if is_escaped { unescaped(text) } else { text.into() };
        has_address_beside_letters(text.as_bytes())
    }
}

/// Whether the element of this name (without a prefix) holds a person.
pub(crate) fn is_person(element: &str) -> bool {
    PERSONS.iter().any(|person| element.eq_ignore_ascii_case(person))
}

/// Whether a tag of Media RSS names a time that no 64 bits hold.
pub(crate) fn has_endless_time(tag: &Tag) -> bool {
    let is_timed = ["thumbnail", "text"].iter().any(|name| tag.local().eq_ignore_ascii_case(name));
    is_timed && ["time", "start", "end"].iter().any(|name| tag.value(name).is_some_and(|time| is_endless(&time)))
}

/// Digits of a time that is one: eleven are three thousand years in seconds.
const TIME_DIGITS_MAX: usize = 12;

/// A number that no 64 bits hold, or in digits that are not ASCII, which feed-rs takes for digits and cannot read.
fn is_endless(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() > TIME_DIGITS_MAX
        || number.bytes().any(|byte| byte >= 0x80 || byte == b'&')
}

/// An e-mail address beside a character that is not ASCII: feed-rs cuts the name beside it by bytes.
pub(crate) fn has_address_beside_letters(text: &[u8]) -> bool {
    text.iter().enumerate().filter(|(_, byte)| **byte == b'@').any(|(at, _)| {
        let (start, end) = address_around(text, at);
        start.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|byte| *byte >= 0x80)
            || text.get(end).is_some_and(|byte| *byte >= 0x80)
    })
}

/// Bytes that an address has on each side of its `@` at most: enough for any, and a bound on the search.
const ADDRESS_BYTES_MAX: usize = 256;

/// Where the address around the `@` at `at` begins and ends.
pub(crate) fn address_around(text: &[u8], at: usize) -> (usize, usize) {
    let is_of_address = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-:".contains(byte);
    let before = text[..at].iter().rev().take(ADDRESS_BYTES_MAX).take_while(|byte| is_of_address(byte)).count();
    let after = text[at + 1..].iter().take(ADDRESS_BYTES_MAX).take_while(|byte| is_of_address(byte)).count();
    (at - before, at + 1 + after)
}

#[cfg(test)]
mod tests {
    use crate::parse::dangers::{is_dangerous_text, is_declaration};

    #[test]
    fn what_would_panic_is_known_and_nothing_else() {
        let check = |element: &str, text: &str, expected: bool| {
            assert_eq!(is_dangerous_text(element, text, true), expected, "{element}: {text}");
        };
        check("author", "Jane\u{a0}jane@example.com", true);
        check("author", "Jane&#160;jane@example.com", true);
        check("dc:creator", "jane@example.com（山田）", true);
        check("author", "jane@example.com (Jürgen)", false);
        check("author", "Jürgen", false);
        check("title", "Jane\u{a0}jane@example.com", false);
        check("itunes:duration", "99999999999999999999", true);
        check("itunes:duration", "١٢", true);
        check("itunes:duration", "1:02:03", false);
        assert!(is_declaration("xml version='1.0'") && !is_declaration("xml-stylesheet href='a'"));
    }
}
