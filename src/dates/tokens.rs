//! Station: the text of a date, cut into numbers, words and marks.

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Whether nothing stands between it and the piece before.
    pub(crate) is_glued: bool,
}

/// What a piece of the text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Decimal digits of any script.
    Number(Number),
    /// Letters, and what belongs to them.
    Word {
        /// The word in lower case.
        lower: String,
        /// Whether it was written in capitals, as zones are.
        is_capital: bool,
    },
    /// One of `: . , / + -`; other spellings of these come as the plain one.
    Mark(char),
}

/// Digits that stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// What they say; `u64::MAX` where that is more than fits.
    pub(crate) value: u64,
    /// How many there are: `05` is not `5`.
    pub(crate) digits: usize,
}

/// The pieces of a text, or `None` where it holds what no date does.
///
/// White space, quotes, invisible characters and comments (in brackets, RFC 5322, 3.2.2) are not pieces: they only part them.
pub(crate) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut is_glued = false;
    while let Some(first) = rest.chars().next() {
        let length = if digit(first).is_some() {
            digits(rest)
        } else if is_letter(first) {
            letters(rest, is_glued && matches!(tokens.last(), Some(Token { kind: Kind::Number(_), .. })))
        } else if is_opening(first) {
            comment(rest)
        } else {
            first.len_utf8()
        };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        let kind = match first {
            _ if digit(first).is_some() => Kind::Number(number(piece)),
            _ if is_letter(first) => word(piece),
            _ if is_opening(first) || is_blank(first) => {
                is_glued = false;
                continue;
            }
            _ => Kind::Mark(mark(first)?),
        };
        tokens.push(Token { kind, is_glued });
        is_glued = true;
    }
    Some(tokens)
}

fn digits(text: &str) -> usize {
    text.find(|character| digit(character).is_none()).unwrap_or(text.len())
}

/// The bytes of a word. Behind a number a sign such as `年` is a word of its own, whatever follows it.
fn letters(text: &str, is_behind_number: bool) -> usize {
    let first = text.chars().next().filter(|first| is_behind_number && UNITS.contains(*first));
    match first {
        Some(unit) => unit.len_utf8(),
        None => text.find(|character| !is_letter(character)).unwrap_or(text.len()),
    }
}

/// Signs of East Asia that say what the number before them counts.
const UNITS: &str = "年月日号號時时點点分秒년월일시분초";

/// The bytes of a comment, up to its end; one that never ends takes the rest. A backslash hides a bracket.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut is_hidden = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_hidden => is_hidden = false,
            '\\' => is_hidden = true,
            _ if is_opening(character) => depth += 1,
            ')' | ']' | '）' | '】' => {
                depth -= 1;
                if depth == 0 {
                    return at + character.len_utf8();
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn is_opening(character: char) -> bool {
    matches!(character, '(' | '[' | '（' | '【')
}

fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '"' | '\'' | '’' | '“' | '”' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

fn is_letter(character: char) -> bool {
    // Marks that are part of a letter in Indic, Hebrew and Arabic script, and accents that stand apart; names of zones hold `_`.
    character.is_alphabetic()
        || matches!(character, '_' | '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{93c}' | '\u{94d}')
}

fn mark(character: char) -> Option<char> {
    match character {
        ':' | '：' => Some(':'),
        '.' | '．' | '。' => Some('.'),
        ',' | '，' | '、' | '،' | ';' | '|' | '·' | '•' => Some(','),
        '/' | '／' => Some('/'),
        '+' | '＋' => Some('+'),
        '-' | '‐' | '‑' | '–' | '—' | '−' | '－' => Some('-'),
        _ => None,
    }
}

/// The zeros of the scripts in whose digits news is dated; the other nine follow each.
const ZEROS: [char; 6] = ['0', '٠', '۰', '०', '০', '０'];

fn digit(character: char) -> Option<u64> {
    let code = u32::from(character);
    ZEROS.iter().find_map(|zero| code.checked_sub(u32::from(*zero)).filter(|value| *value < 10)).map(u64::from)
}

fn number(digits: &str) -> Number {
    let values = digits.chars().filter_map(digit);
    let value = values.fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(digit));
    Number { value, digits: digits.chars().count() }
}

fn word(letters: &str) -> Kind {
    Kind::Word { lower: letters.to_lowercase(), is_capital: letters.chars().all(char::is_uppercase) }
}
