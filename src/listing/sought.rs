//! Station: what a query looks for, told apart from its operators, so that it can be marked where it stands.

use crate::lookup::{folded, query, quoted_end, words};

/// What a query looks for, ready to be found in many texts.
#[derive(Clone, Debug)]
pub struct Sought(Vec<Phrase>);

/// Which field of an article a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Its title.
    Title,
    /// Its text.
    Text,
}

/// Words that are looked for side by side.
#[derive(Clone, Debug, Default)]
struct Phrase {
    words: Vec<String>,
    /// Whether the last of them is the beginning of a word.
    open: bool,
    /// Whether nothing may stand before it.
    initial: bool,
    fields: Fields,
}

/// In which fields something is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fields {
    title: bool,
    text: bool,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields { title: true, text: true }
    }
}

impl Fields {
    fn both(self, other: Fields) -> Fields {
        Fields { title: self.title && other.title, text: self.text && other.text }
    }
}

/// What holds between two parentheses.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    fields: Fields,
    /// What follows is to be absent.
    is_refused: bool,
    /// So it was when the parenthesis opened.
    is_refused_whole: bool,
}

/// A piece of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'query> {
    /// A word that stands by itself.
    Bare(&'query str),
    /// What stands between quotation marks.
    Quoted(&'query str),
    /// A sign of the query language.
    Sign(char),
}

impl Sought {
    /// The phrases that a query looks for: not its operators, its field names, or what it wants to be absent.
    pub fn of(typed: &str) -> Sought {
        let spelt = query(typed);
        let tokens = tokens(&spelt);
        let mut reading = Reading::default();
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            place += reading.take(*token, &tokens[place + 1..]);
        }
        Sought(reading.phrases)
    }

    /// How many words of a text, from place `at` of its words on, are a match in this field; 0 where none is.
    pub fn matching(&self, text: &str, words: &[(usize, usize)], at: usize, field: Field) -> usize {
        let here = &words[at..];
        let is_same = |phrase: &Phrase, place: usize| {
            let word = here.get(place).map(|&(begin, end)| folded(&text[begin..end])).unwrap_or_default();
            let sought = &phrase.words[place];
            word == *sought || (phrase.open && place + 1 == phrase.words.len() && word.starts_with(sought.as_str()))
        };
        let fits = |phrase: &&Phrase| {
            (if field == Field::Title { phrase.fields.title } else { phrase.fields.text })
                && !(phrase.initial && at > 0)
                && (0..phrase.words.len()).all(|place| is_same(phrase, place))
        };
        self.0.iter().filter(fits).map(|phrase| phrase.words.len()).max().unwrap_or(0)
    }
}

/// What was read of a query so far.
#[derive(Debug, Default)]
struct Reading {
    phrases: Vec<Phrase>,
    frame: Frame,
    outer: Vec<Frame>,
    /// The fields that the next phrase or parenthesis is bound to.
    bound: Option<Fields>,
    /// Whether the next phrase goes on where the last one ended, must stand first, is refused or not.
    joins: bool,
    initial: bool,
    /// Whether the last phrase was looked for and not refused.
    is_open: bool,
}

impl Reading {
    /// Reads one token, `rest` being what follows; says how many were read.
    fn take(&mut self, token: Token<'_>, rest: &[Token<'_>]) -> usize {
        let opens = rest.first() == Some(&Token::Sign('('));
        match token {
            Token::Bare("AND" | "OR") => self.frame.is_refused = self.frame.is_refused_whole,
            Token::Bare("NOT") => self.frame.is_refused = true,
            Token::Bare("NEAR") if opens => {}
            Token::Bare(name) if rest.first() == Some(&Token::Sign(':')) => {
                self.bound = Some(named(&[name]));
                return 2;
            }
            Token::Sign(sign @ ('{' | '-')) => return self.fields(sign, rest),
            Token::Bare(text) | Token::Quoted(text) => self.phrase(text),
            Token::Sign('(') => {
                self.outer.push(self.frame);
                let fields = self.frame.fields.both(self.bound.take().unwrap_or_default());
                self.frame = Frame { fields, is_refused_whole: self.frame.is_refused, ..self.frame };
            }
            Token::Sign(')') => self.frame = self.outer.pop().unwrap_or_default(),
            Token::Sign('^') => self.initial = true,
            Token::Sign('+') => self.joins = true,
            Token::Sign('*') => {
                if let Some(last) = self.phrases.last_mut().filter(|_| self.is_open) {
                    last.open = true;
                }
            }
            // How near is a number and no word.
            Token::Sign(',') => return 2,
            Token::Sign(_) => {}
        }
        1
    }

    /// `title:`, `-title:`, `{title text}:` and `-{title}:`.
    fn fields(&mut self, first: char, rest: &[Token<'_>]) -> usize {
        let Some(colon) = rest.iter().position(|token| *token == Token::Sign(':')) else { return 1 };
        let names: Vec<&str> = rest[..colon]
            .iter()
            .filter_map(|token| match token {
                Token::Bare(name) | Token::Quoted(name) => Some(*name),
                Token::Sign(_) => None,
            })
            .collect();
        let fields = named(&names);
        let is_without = first == '-';
        self.bound = Some(if is_without { Fields { title: !fields.title, text: !fields.text } } else { fields });
        colon + 2
    }

    fn phrase(&mut self, text: &str) {
        let joins = std::mem::take(&mut self.joins);
        let initial = std::mem::take(&mut self.initial);
        let fields = self.bound.take().unwrap_or_default().both(self.frame.fields);
        let found: Vec<String> = words(text).map(|(begin, end)| folded(&text[begin..end])).collect();
        if joins {
            if let Some(last) = self.phrases.last_mut().filter(|_| self.is_open) {
                last.words.extend(found);
            }
            return;
        }
        self.is_open = !self.frame.is_refused && !found.is_empty();
        if self.is_open {
            self.phrases.push(Phrase { words: found, open: false, initial, fields });
        }
    }
}

/// The fields of these names, upper and lower case alike.
fn named(names: &[&str]) -> Fields {
    let has = |field: &str| names.iter().any(|name| name.eq_ignore_ascii_case(field));
    Fields { title: has("title"), text: has("text") }
}

/// The tokens of a query in FTS5's language.
fn tokens(query: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_sign = |letter: char| letter.is_ascii() && !letter.is_ascii_alphanumeric() && letter != '_';
        let end = if first == '"' {
            quoted_end(rest)
        } else if is_sign(first) {
            first.len_utf8()
        } else {
            rest.find(|letter: char| is_sign(letter) || letter.is_whitespace()).unwrap_or(rest.len())
        };
        let (token, behind) = rest.split_at(end);
        tokens.push(match first {
            '"' => Token::Quoted(token),
            sign if is_sign(sign) => Token::Sign(sign),
            _ => Token::Bare(token),
        });
        rest = behind.trim_start();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sought_is_told_from_the_language_of_queries() {
        let check = |typed: &str, expected: &[&str]| {
            let told: Vec<String> = Sought::of(typed)
                .0
                .iter()
                .map(|phrase| {
                    let fields = match (phrase.fields.title, phrase.fields.text) {
                        (true, true) => "",
                        (true, false) => "title:",
                        (false, true) => "text:",
                        (false, false) => "nowhere:",
                    };
                    let initial = if phrase.initial { "^" } else { "" };
                    let open = if phrase.open { "*" } else { "" };
                    format!("{fields}{initial}{}{open}", phrase.words.join(" "))
                })
                .collect();
            assert_eq!(told, expected, "{typed}");
        };
        check("Storm coast", &["storm", "coast"]);
        check("\"storm coast\"", &["storm coast"]);
        check("storm + coast*", &["storm coast*"]);
        check("e-bike*", &["e bike*"]);
        check("3rd_try", &["3rd try"]);
        check("one AND two OR three", &["one", "two", "three"]);
        check("one NOT two AND three", &["one", "three"]);
        check("one NOT two three", &["one"]);
        check("one NOT (two OR three) OR four", &["one", "four"]);
        check("one NOT (two OR (three)) four", &["one"]);
        check("(one NOT two) OR three", &["one", "three"]);
        check("one NOT \"two three\"*", &["one"]);
        check("NEAR(storm \"long coast\", 12)", &["storm", "long coast"]);
        check("near coast", &["near", "coast"]);
        check("title:storm coast", &["title:storm", "coast"]);
        check("title : (storm OR coast) wind", &["title:storm", "title:coast", "wind"]);
        check("-title:storm", &["text:storm"]);
        check("{title text} : storm", &["storm"]);
        check("- {text} : storm", &["title:storm"]);
        check("text:(title:storm)", &["nowhere:storm"]);
        check("^storm ^ \"coast\"", &["^storm", "^coast"]);
        check("东京地震 NOT 津波", &["东 京 地 震"]);
        check("((", &[]);
        check("))) storm", &["storm"]);
        check("-", &[]);
        check("storm ,", &["storm"]);
    }
}
