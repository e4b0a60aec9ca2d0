//! Station: a digest as one HTML page, complete in itself, for a browser, a mail client and a printer.

use jiff::tz::TimeZone;

use crate::digest::Digest;
use crate::digest::template::{self, Form};
use crate::digest::view::DigestView;

/// The built-in template.
pub const TEMPLATE: &str = include_str!("templates/digest.html");

/// The digest: nothing in it is fetched from elsewhere, and nothing in it acts.
pub fn render(digest: &Digest, zone: &TimeZone) -> String {
    template::built_in(&DigestView::of(digest, zone), Form::Html)
}

/// Words that stay words in HTML and XML, as text and as an attribute's value. In one that a template forgot to put into quotation
/// marks, a space would end the value: so that no attribute can follow, the sign that would give it a value is escaped too.
pub fn escaped(words: &str) -> String {
    let spaced = words.contains(char::is_whitespace);
    let mut safe = String::with_capacity(words.len());
    for c in template::plain(words).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' | '`' => safe.push_str(&format!("&#{};", u32::from(c))),
            '=' if spaced => safe.push_str("&#61;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use crate::digest::html::escaped;

    #[test]
    fn words_stay_words() {
        let check = |words: &str, expected: &str| assert_eq!(escaped(words), expected, "{words:?}");
        check("AT&T <b>'s \"x\"`", "AT&amp;T &lt;b&gt;&#39;s &quot;x&quot;&#96;");
        check("&lt; &amp;", "&amp;lt; &amp;amp;");
        check("x onclick=alert(1)", "x onclick&#61;alert(1)");
        check("https://e.example/?a=1&b=2", "https://e.example/?a=1&amp;b=2");
        check("\u{0}\u{1b}[2J\u{202e}\u{fffe}a\u{85}", "[2Ja");
    }
}
