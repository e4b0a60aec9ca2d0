//! Station: bytes in any encoding to text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A document as text: without a byte order mark, and without characters that XML forbids.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'a> {
    /// The text; borrowed where the bytes were UTF-8 and clean.
    pub text: Cow<'a, str>,
    /// Whether the bytes were something else than UTF-8.
    pub is_transcoded: bool,
}

/// The text of a document.
///
/// A byte order mark decides, or the pattern of zeros that markup leaves in UTF-16 and UTF-32. Else bytes that are UTF-8,
/// and show it, are UTF-8, whatever they are labelled: text in another encoding is never so by chance. Else the labels
/// are believed if the bytes bear them out, that of HTTP first (RFC 7303), then the XML declaration's; what nobody has
/// named is detected. What cannot be decoded becomes U+FFFD, and control characters become blanks.
pub(crate) fn decoded<'a>(body: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    let (text, is_transcoded) = transcoded(body, content_type);
    let text = match text {
        Cow::Borrowed(text) => without_control(text),
        Cow::Owned(text) => Cow::Owned(without_control(&text).into_owned()),
    };
    Decoded { text, is_transcoded }
}

fn transcoded<'a>(body: &'a [u8], content_type: Option<&str>) -> (Cow<'a, str>, bool) {
    match body {
        [0, 0, 0xfe, 0xff, rest @ ..] | rest @ [0, 0, 0, b'<', ..] => return (utf_32(rest, u32::from_be_bytes), true),
        [0xff, 0xfe, 0, 0, rest @ ..] | rest @ [b'<', 0, 0, 0, ..] => return (utf_32(rest, u32::from_le_bytes), true),
        [0xfe, 0xff, rest @ ..] | rest @ [0, b'<' | b'{', ..] => return (lossy(rest, UTF_16BE), true),
        [0xff, 0xfe, rest @ ..] | rest @ [b'<' | b'{', 0, ..] => return (lossy(rest, UTF_16LE), true),
        _ => {}
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let labels = [content_type.and_then(of_content_type), of_declaration(body)];
    let mut labels = labels.into_iter().flatten();
    if let Ok(text) = std::str::from_utf8(body) {
        // ASCII shows nothing: encodings that shift by escapes (ISO-2022-JP) look like it.
        let hides_in_ascii = |label: &&'static Encoding| !label.is_ascii_compatible() && body.contains(&0x1b);
        return match labels.find(hides_in_ascii).filter(|_| body.is_ascii()) {
            Some(label) => (lossy(body, label), true),
            None => (Cow::Borrowed(text), false),
        };
    }
    for label in labels.filter(|&label| label != UTF_8 && label.is_ascii_compatible()) {
        if let Some(text) = label.decode_without_bom_handling_and_without_replacement(body) {
            return (text, true);
        }
    }
    if is_mostly_utf_8(body) {
        return (String::from_utf8_lossy(body), true);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample(body), true);
    (lossy(body, detector.guess(None, Utf8Detection::Deny)), true)
}

/// UTF-8 with a fault here and there (a text cut inside of a character), and not another encoding.
fn is_mostly_utf_8(body: &[u8]) -> bool {
    let (mut letters, mut faults) = (0, 0);
    for chunk in body.utf8_chunks() {
        // Continuation bytes: one at least of every letter that is not ASCII.
        letters += chunk.valid().bytes().filter(|byte| (0x80..0xc0).contains(byte)).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    letters > faults * 2
}

/// Bytes that the detector looks at. It takes 270 ns for each, and knows by then.
const SAMPLE_BYTES_MAX: usize = 32 * 1024;

/// The part of a document that shows its encoding: from a little before its first letter that is not ASCII.
fn sample(body: &[u8]) -> &[u8] {
    let first = body.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let rest = &body[first.saturating_sub(256)..];
    &rest[..rest.len().min(SAMPLE_BYTES_MAX)]
}

fn lossy<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    encoding.decode_without_bom_handling(bytes).0
}

/// encoding_rs knows no UTF-32, for no page of the web may be in it.
fn utf_32<'a>(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Cow<'a, str> {
    let units = bytes.as_chunks::<4>().0.iter().map(|four| unit(*four));
    Cow::Owned(units.map(|unit| char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The encoding that a `Content-Type` names.
fn of_content_type(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Encoding::for_label(value.trim().trim_matches(['"', '\'']).as_bytes())
}

/// Bytes in which an XML declaration must end.
const DECLARATION_BYTES_MAX: usize = 512;

/// The encoding that an XML declaration names.
fn of_declaration(body: &[u8]) -> Option<&'static Encoding> {
    let front = String::from_utf8_lossy(&body[..body.len().min(DECLARATION_BYTES_MAX)]);
    let (declaration, _) = front.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Encoding::for_label(value[1..].split(quote).next()?.trim().as_bytes())
}

/// Blanks in place of control characters, which XML does not allow and nobody means.
fn without_control(text: &str) -> Cow<'_, str> {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // A fold over all bytes is many times faster than a search that stops.
    if !text.bytes().fold(false, |found, byte| found | is_control(byte)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars().map(|letter| if letter.is_ascii() && is_control(letter as u8) { ' ' } else { letter }).collect(),
    )
}

#[cfg(test)]
mod tests {
    use crate::parse::charset::decoded;

    #[test]
    fn bytes_become_text_by_mark_label_or_look() {
        let check = |body: &[u8], content_type: Option<&str>, expected: &str| {
            let found = decoded(body, content_type);
            assert_eq!(found.text, expected, "{body:?} {content_type:?}");
        };
        let latin_1 = Some("text/xml; charset=ISO-8859-1");
        check(b"<a>caf\xc3\xa9</a>", None, "<a>café</a>");
        check(b"\xef\xbb\xbf<a>caf\xc3\xa9</a>", latin_1, "<a>café</a>");
        check(b"<a>caf\xc3\xa9</a>", latin_1, "<a>café</a>");
        check(b"<a>caf\xe9 \x96</a>", latin_1, "<a>café –</a>");
        check(
            b"<a>\xef\xf0\xe8\xe2\xe5\xf2</a>",
            Some("application/rss+xml; charset=\"windows-1251\""),
            "<a>привет</a>",
        );
        let declared = "<?xml version='1.0' encoding='koi8-r'?><a>".as_bytes();
        let body = [declared, b"\xd0\xd2\xc9\xd7\xc5\xd4</a>"].concat();
        check(&body, None, "<?xml version='1.0' encoding='koi8-r'?><a>привет</a>");
        // Nobody says: the detector knows Cyrillic when it sees enough of it.
        let undeclared: Vec<u8> = [b"<a>".as_slice(), &b"\xef\xf0\xe8\xe2\xe5\xf2 \xec\xe8\xf0 ".repeat(20)].concat();
        assert!(decoded(&undeclared, None).text.contains("привет мир"));
        check(
            b"<a>Les caf\xc3\xa9s \xc3\xa0 c\xc3\xb4t\xc3\xa9 \xe9</a>",
            Some("text/xml; charset=utf-8"),
            "<a>Les cafés à côté \u{fffd}</a>",
        );
        check(b"<a>\x1b$B$3$s\x1b(B</a>", Some("text/xml; charset=iso-2022-jp"), "<a>こん</a>");
        check(b"<a>\x00\x0b\x1f\t</a>", None, "<a>   \t</a>");
    }

    #[test]
    fn wide_encodings_are_known_by_mark_and_by_pattern() {
        let text = "<a>é\u{1f600}</a>";
        let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let wider =
            |order: fn(u32) -> [u8; 4]| text.chars().flat_map(|letter| order(u32::from(letter))).collect::<Vec<u8>>();
        let marked = |mark: &[u8], body: Vec<u8>| [mark, &body].concat();
        for body in [
            wide(u16::to_be_bytes),
            wide(u16::to_le_bytes),
            marked(b"\xfe\xff", wide(u16::to_be_bytes)),
            marked(b"\xff\xfe", wide(u16::to_le_bytes)),
            wider(u32::to_be_bytes),
            wider(u32::to_le_bytes),
            marked(b"\x00\x00\xfe\xff", wider(u32::to_be_bytes)),
            marked(b"\xff\xfe\x00\x00", wider(u32::to_le_bytes)),
        ] {
            let found = decoded(&body, Some("text/xml; charset=utf-8"));
            assert_eq!((found.text.as_ref(), found.is_transcoded), (text, true), "{body:?}");
        }
        for body in [b"".as_slice(), b"<", b"\xff\xfe", b"\xfe\xff\x00", b"\x00\x00\xfe\xff\x00"] {
            assert!(decoded(body, None).text.len() < 4);
        }
    }
}
