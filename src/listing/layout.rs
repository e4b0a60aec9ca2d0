//! Station: how JSON is set: in lines or in one, and without a character that could steer a terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::listing::plain::is_unsafe;

/// How a document is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Two spaces a level.
    Indented,
    /// One line.
    OneLine,
}

/// A value as JSON, a newline at its end. Characters that could steer a terminal are written as escapes, which read back as what they
/// stand for.
pub fn document(value: &impl Serialize, layout: Layout) -> String {
    let mut out = String::new();
    append(&mut out, value, layout, 0);
    out.push('\n');
    out
}

/// Writes a value behind what there is, as it is set `depth` levels within another.
pub fn append(out: &mut String, value: &impl Serialize, layout: Layout, depth: usize) {
    // Beside it and not in it: what stands there already would be looked through again with every value that is added.
    let mut bytes = Vec::new();
    let setting = Setting { layout, depth, holds: false };
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, setting))
        .expect("texts, numbers, lists and maps with text keys always serialise");
    out.push_str(str::from_utf8(&bytes).expect("JSON is UTF-8"));
}

/// Where a document is while it is set.
struct Setting {
    layout: Layout,
    depth: usize,
    /// Whether the list or map that is open holds anything yet.
    holds: bool,
}

impl Setting {
    fn line<W: Write + ?Sized>(&self, writer: &mut W) -> io::Result<()> {
        const SPACES: &[u8] = &[b' '; 32];
        if self.layout == Layout::OneLine {
            return Ok(());
        }
        writer.write_all(b"\n")?;
        let mut left = 2 * self.depth;
        while left > 0 {
            let some = left.min(SPACES.len());
            writer.write_all(&SPACES[..some])?;
            left -= some;
        }
        Ok(())
    }

    fn open<W: Write + ?Sized>(&mut self, writer: &mut W, sign: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.holds = false;
        writer.write_all(sign)
    }

    fn close<W: Write + ?Sized>(&mut self, writer: &mut W, sign: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.holds {
            self.line(writer)?;
        }
        writer.write_all(sign)
    }

    fn next<W: Write + ?Sized>(&self, writer: &mut W, is_first: bool) -> io::Result<()> {
        if !is_first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }
}

impl Formatter for Setting {
    fn begin_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }

    fn end_array_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.holds = true;
        Ok(())
    }

    fn begin_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.next(writer, first)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.layout == Layout::OneLine { b":" } else { b": " })
    }

    fn end_object_value<W: Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.holds = true;
        Ok(())
    }

    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut copied = 0;
        let mut reached = 0;
        // Most of a document is plain ASCII, which is passed over byte by byte.
        let is_plain = |byte: &u8| (b' '..=b'~').contains(byte);
        while let Some(plain) = fragment.as_bytes()[reached..].iter().position(|byte| !is_plain(byte)) {
            let place = reached + plain;
            let Some(c) = fragment[place..].chars().next() else { break };
            reached = place + c.len_utf8();
            if is_unsafe(c) {
                writer.write_all(&fragment.as_bytes()[copied..place])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
                copied = reached;
            }
        }
        writer.write_all(&fragment.as_bytes()[copied..])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_document_is_set_as_serde_sets_it() {
        for value in [json!([]), json!({}), json!([[], {}, [1, [2]], {"a": {}, "b": [null, "x\n\"\\\t"]}]), json!("é")]
        {
            let set = |layout| document(&value, layout).trim_end().to_owned();
            assert_eq!(set(Layout::OneLine), serde_json::to_string(&value).unwrap());
            assert_eq!(set(Layout::Indented), serde_json::to_string_pretty(&value).unwrap());
        }
        let mut out = "[".to_owned();
        append(&mut out, &json!({"a": [1]}), Layout::Indented, 1);
        assert_eq!(out, "[{\n    \"a\": [\n      1\n    ]\n  }");
    }

    proptest! {
        #[test]
        fn whatever_a_text_holds_reads_back_and_steers_nothing(
            text in any::<String>(),
            key in "[\u{0}-\u{9f}\u{2028}-\u{202e}\u{10ffff}a]{0,8}",
            numbers in prop::collection::vec(any::<i64>(), 0..4),
        ) {
            let value = json!({ key: [text, numbers] });
            for layout in [Layout::OneLine, Layout::Indented] {
                let told = document(&value, layout);
                prop_assert_eq!(&serde_json::from_str::<Value>(&told).unwrap(), &value);
                prop_assert_eq!(told.chars().find(|c| *c != '\n' && is_unsafe(*c)), None);
            }
        }
    }
}
