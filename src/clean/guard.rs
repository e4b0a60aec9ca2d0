//! Station: one linear pass over hostile or broken HTML, so that the tokenizer after it takes linear time and loses no text.

use std::borrow::Cow;

use crate::clean::characters::head;

/// What `tame` holds the input to.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of HTML that are looked at.
    pub html_bytes_max: usize,
    /// Attributes that a tag may have.
    pub attributes_max: usize,
    /// Which elements' content the tokenizer will read as raw text (lower-case name).
    pub is_raw: fn(&str) -> bool,
}

/// `html` as the tokenizer may have it: no longer than allowed, no tag with more attributes than allowed, no CDATA marks,
/// and neither tags nor comments that never end.
///
/// html5ever compares every attribute of a tag with all before it (100 000 attributes take 2.1 s), reads a CDATA mark
/// outside of SVG as a comment up to the next `>`, and drops everything from an unfinished tag or comment to the end of
/// the input. To know a tag from what only looks like one, this pass follows the same states as the tokenizer does
/// (HTML Standard, 13.2.5), but for the escapes inside scripts, which the walk does not turn on.
pub(crate) fn tame(html: &str, bounds: Bounds) -> Cow<'_, str> {
    let html = head(html, bounds.html_bytes_max);
    if html.contains("<![CDATA[") {
        let unmarked = html.replace("<![CDATA[", "").replace("]]>", "");
        return Cow::Owned(Taming::new(&unmarked, bounds).run().into_owned());
    }
    Taming::new(html, bounds).run()
}

/// Tags whose quotes never close, before the quotes of all later tags are distrusted: each costs a search to the end.
const BROKEN_TAGS_MAX: usize = 8;

struct Taming<'a> {
    html: &'a str,
    bounds: Bounds,
    /// How much of `html` is in `out`, as it was or rewritten.
    copied: usize,
    out: String,
    /// Where the last `>` stands: a tag that opens after it never ends.
    last_end: usize,
    broken_tags: usize,
    /// Once a comment was found to have no end, no later one has.
    comments_end: bool,
}

/// Where a tag ends (after its `>`), and where its first attribute too many begins.
struct TagSpan {
    end: usize,
    surplus: Option<usize>,
}

impl<'a> Taming<'a> {
    fn new(html: &'a str, bounds: Bounds) -> Taming<'a> {
        let last_end = html.rfind('>').unwrap_or(0);
        Taming { html, bounds, copied: 0, out: String::new(), last_end, broken_tags: 0, comments_end: true }
    }

    fn run(mut self) -> Cow<'a, str> {
        let mut at = 0;
        while let Some(found) = self.html[at..].find('<') {
            at = self.step(at + found);
        }
        if self.copied == 0 && self.out.is_empty() {
            return Cow::Borrowed(self.html);
        }
        self.out.push_str(&self.html[self.copied..]);
        Cow::Owned(self.out)
    }

    /// Looks at the `<` at `open`; answers where to go on.
    fn step(&mut self, open: usize) -> usize {
        let bytes = self.html.as_bytes();
        let second = bytes.get(open + 1).copied().unwrap_or(b' ');
        let third = bytes.get(open + 2).copied().unwrap_or(b' ');
        match second {
            b'!' if self.html[open..].starts_with("<!--") => self.comment(open),
            b'/' if third.is_ascii_alphabetic() => self.tag(open, open + 2),
            b'!' | b'?' | b'/' => self.bogus_comment(open),
            _ if second.is_ascii_alphabetic() => self.tag(open, open + 1),
            _ => open + 1,
        }
    }

    fn comment(&mut self, open: usize) -> usize {
        let end = if self.comments_end { comment_end(self.html.as_bytes(), open + 4) } else { None };
        end.unwrap_or_else(|| {
            self.comments_end = false;
            self.replace(open, open + 4, "");
            open + 4
        })
    }

    fn bogus_comment(&mut self, open: usize) -> usize {
        if self.last_end < open {
            return self.escape(open);
        }
        self.html[open..].find('>').map_or(self.html.len(), |end| open + end + 1)
    }

    fn tag(&mut self, open: usize, name_at: usize) -> usize {
        if self.last_end < open {
            return self.escape(open);
        }
        let bytes = self.html.as_bytes();
        let name_end = end_of(bytes, name_at, |byte| is_space(byte) || byte == b'/' || byte == b'>');
        let span = if self.broken_tags < BROKEN_TAGS_MAX {
            tag_span(bytes, name_end, self.bounds.attributes_max)
        } else {
            None
        };
        let end = match span {
            Some(TagSpan { end, surplus: None }) => end,
            Some(TagSpan { end, surplus: Some(surplus) }) => {
                self.replace(surplus, end, ">");
                end
            }
            None => {
                self.broken_tags += 1;
                let end = self.html[open..].find('>').map_or(self.html.len(), |end| open + end + 1);
                self.replace(name_end, end, ">");
                end
            }
        };
        let name = self.html[name_at..name_end].to_ascii_lowercase();
        let opens = name_at == open + 1 && !self.html[..end].ends_with("/>");
        if opens && (self.bounds.is_raw)(&name) { self.raw_text_end(end, &name) } else { end }
    }

    /// Where the end tag of the raw text that begins at `from` stands.
    fn raw_text_end(&self, from: usize, name: &str) -> usize {
        let bytes = self.html.as_bytes();
        let mut at = from;
        while let Some(found) = self.html[at..].find("</") {
            let name_at = at + found + 2;
            let name_end = name_at + name.len();
            let is_name = bytes.get(name_at..name_end).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()));
            if is_name && bytes.get(name_end).is_some_and(|&byte| is_space(byte) || byte == b'/' || byte == b'>') {
                return at + found;
            }
            at = name_at;
        }
        self.html.len()
    }

    fn escape(&mut self, open: usize) -> usize {
        self.replace(open, open + 1, "&lt;");
        open + 1
    }

    fn replace(&mut self, from: usize, to: usize, with: &str) {
        self.out.push_str(&self.html[self.copied..from]);
        self.out.push_str(with);
        self.copied = to;
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn end_of(bytes: &[u8], from: usize, ends: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|&byte| ends(byte)).map_or(bytes.len(), |found| from + found)
}

/// Where the comment whose content begins at `from` ends: after `-->` or `--!>`, or at once (`<!-->`, `<!--->`).
fn comment_end(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes[from..].starts_with(b">") {
        return Some(from + 1);
    }
    if bytes[from..].starts_with(b"->") {
        return Some(from + 2);
    }
    (from..bytes.len().saturating_sub(2)).find_map(|at| {
        let rest = &bytes[at..];
        if rest.starts_with(b"-->") {
            return Some(at + 3);
        }
        rest.starts_with(b"--!>").then_some(at + 4)
    })
}

/// The span of the tag whose name ended at `from`; `None` where it runs to the end of the input.
fn tag_span(bytes: &[u8], from: usize, attributes_max: usize) -> Option<TagSpan> {
    let mut at = from;
    let mut attributes = 0;
    let mut surplus = None;
    loop {
        at = end_of(bytes, at, |byte| !is_space(byte) && byte != b'/');
        if *bytes.get(at)? == b'>' {
            return Some(TagSpan { end: at + 1, surplus });
        }
        attributes += 1;
        if attributes > attributes_max && surplus.is_none() {
            surplus = Some(at);
        }
        at = attribute_end(bytes, at)?;
    }
}

/// Where the attribute whose name begins at `from` ends. A name may begin with `=`.
fn attribute_end(bytes: &[u8], from: usize) -> Option<usize> {
    let name_end = end_of(bytes, from + 1, |byte| is_space(byte) || matches!(byte, b'/' | b'>' | b'='));
    let sign = end_of(bytes, name_end, |byte| !is_space(byte));
    if *bytes.get(sign)? != b'=' {
        return Some(sign);
    }
    let value = end_of(bytes, sign + 1, |byte| !is_space(byte));
    match *bytes.get(value)? {
        b'>' => Some(value),
        quote @ (b'"' | b'\'') => {
            let end = end_of(bytes, value + 1, |byte| byte == quote);
            (end < bytes.len()).then_some(end + 1)
        }
        _ => Some(end_of(bytes, value, |byte| is_space(byte) || byte == b'>')),
    }
}

#[cfg(test)]
mod tests {
    use crate::clean::guard::{Bounds, tame};

    fn bounds() -> Bounds {
        Bounds { html_bytes_max: 1 << 20, attributes_max: 2, is_raw: |name| name == "script" }
    }

    #[test]
    fn what_would_hurt_the_tokenizer_is_rewritten_and_nothing_else() {
        let check = |html: &str, expected: &str| assert_eq!(tame(html, bounds()), expected, "{html}");
        check("<p class=a id=b>text</p>", "<p class=a id=b>text</p>");
        check("<p a b c d>text</p>", "<p a b >text</p>");
        check("<p a='>' b=\"c\" c=d/>text", "<p a='>' b=\"c\" >text");
        check("a <b and no end", "a &lt;b and no end");
        check("<a href=\"x>one</a> two", "<a>one</a> two");
        check("one <!-- two", "one  two");
        check("<!--><p a b c>x", "<!--><p a b >x");
        check("<!-- <p a b c> -->x", "<!-- <p a b c> -->x");
        check("<!-- a --!><p a b c>x", "<!-- a --!><p a b >x");
        check("<script>'<p a b c>'</SCRIPT ><p a b c>", "<script>'<p a b c>'</SCRIPT ><p a b >");
        check("<script><!--</script><p a b c>-->", "<script><!--</script><p a b >-->");
        check("<![CDATA[<p>one</p>]]>", "<p>one</p>");
        check("1 < 2 <3 </> <?x?>", "1 < 2 <3 </> <?x?>");
    }

    #[test]
    fn long_input_is_cut_between_characters() {
        assert_eq!(tame("aéb", Bounds { html_bytes_max: 2, ..bounds() }), "a");
    }
}
