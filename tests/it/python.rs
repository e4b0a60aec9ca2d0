//! As much of Python's literals as the expectations of feedparser's test suite use.

/// An equality: fields of entries, and what each must be.
pub struct Expected {
    /// The entry's place and the field's name.
    pub fields: Vec<(usize, String)>,
    pub value: Value,
}

/// A value that is expected.
#[derive(Debug)]
pub enum Value {
    Text(String),
    /// A `struct_time`, as RFC 3339 in UTC.
    Moment(String),
}

impl Expected {
    /// Reads `entries[0]['title'] == entries[1]['title'] == 'a' 'b' + "c"`; `None` where it is anything else.
    pub fn parse(text: &str) -> Option<Expected> {
        let mut reader = Reader { rest: text };
        let mut fields = vec![reader.field()?];
        reader.sign("==")?;
        while let Some(field) = reader.field() {
            fields.push(field);
            reader.sign("==")?;
        }
        let value = reader.value()?;
        reader.rest.trim().is_empty().then_some(Expected { fields, value })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn sign(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(sign)?;
        Some(())
    }

    /// `entries[0]['title']` or `entries[0].title`.
    fn field(&mut self) -> Option<(usize, String)> {
        let rest = self.rest.trim_start().strip_prefix("entries[")?;
        let (at, rest) = rest.split_once(']')?;
        let mut reader = Reader { rest };
        let name = if let Some(rest) = rest.strip_prefix('.') {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
            reader.rest = &rest[end..];
            rest[..end].to_owned()
        } else {
            reader.sign("[")?;
            let name = reader.string()?;
            reader.sign("]")?;
            name
        };
        let at = at.parse().ok()?;
        self.rest = reader.rest;
        Some((at, name))
    }

    fn value(&mut self) -> Option<Value> {
        if self.rest.trim_start().starts_with('(') {
            return self.moment().map(Value::Moment);
        }
        let mut text = self.string()?;
        loop {
            let _ = self.sign("+");
            match self.string() {
                Some(more) => text.push_str(&more),
                None => return Some(Value::Text(text)),
            }
        }
    }

    /// `(2003, 12, 31, 10, 14, 55, 2, 365, 0)`: the first six count.
    fn moment(&mut self) -> Option<String> {
        self.sign("(")?;
        let (numbers, rest) = self.rest.split_once(')')?;
        self.rest = rest;
        let numbers: Vec<u32> = numbers.split(',').map(|number| number.trim().parse().ok()).collect::<Option<_>>()?;
        let [year, month, day, hour, minute, second, ..] = numbers.as_slice() else { return None };
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
    }

    /// A string in either kind of quotes, with Python's escapes.
    fn string(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        let rest = rest.strip_prefix('u').unwrap_or(rest);
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let mut text = String::new();
        let mut letters = rest[1..].char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                _ if letter == quote => {
                    self.rest = &rest[1 + at + 1..];
                    return Some(text);
                }
                '\\' => text.push(escape(&mut letters)?),
                _ => text.push(letter),
            }
        }
        None
    }
}

/// The character behind a backslash.
fn escape(letters: &mut std::str::CharIndices) -> Option<char> {
    let digits = match letters.next()?.1 {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let number: String = letters.by_ref().take(digits).map(|(_, digit)| digit).collect();
    u32::from_str_radix(&number, 16).ok().and_then(char::from_u32)
}

#[test]
fn literals_are_read() {
    let check = |text: &str, expected: &str| {
        let read = Expected::parse(text).map(|read| format!("{:?} {:?}", read.fields, read.value));
        assert_eq!(read.unwrap_or_default(), expected, "{text}");
    };
    check("entries[0]['title'] == u'a\\xe9\\u2013' + \"b\"", "[(0, \"title\")] Text(\"aé–b\")");
    check("entries[0].link == entries[1]['link'] == 'x'", "[(0, \"link\"), (1, \"link\")] Text(\"x\")");
    check(
        "entries[0]['updated_parsed'] == (2003, 12, 31, 10, 14, 55, 2, 365, 0)",
        "[(0, \"updated_parsed\")] Moment(\"2003-12-31T10:14:55Z\")",
    );
    check("entries[0]['links'][0]['href'] == 'x'", "");
    check("feed['title'] == 'x'", "");
}
