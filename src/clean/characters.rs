//! Station: characters that a plain text may hold, and what becomes of the others.

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It stays.
    Stays,
    /// It is white space of some kind.
    Space,
    /// It is seen by no reader and may harm a terminal, a log or a comparison.
    Goes,
}

/// The fate of `character`; `before` gives the last character that stayed.
pub(crate) fn fate(character: char, before: impl Fn() -> Option<char>) -> Fate {
    if character == ' ' || character > ' ' && character < '\u{7f}' {
        return if character == ' ' { Fate::Space } else { Fate::Stays };
    }
    match character {
        _ if character.is_whitespace() => Fate::Space,
        _ if character.is_control() => Fate::Goes,
        // The joiners are part of the spelling in Persian and the Indic scripts, and of some emoji.
        '\u{200c}' | '\u{200d}' if before().is_some_and(is_joined_script) => Fate::Stays,
        // Soft hyphen, grapheme joiner, Arabic letter mark, Mongolian separators.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}'
        // Zero-width and directional characters, invisible operators, isolates.
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Byte order mark, interlinear annotations, tags, noncharacters.
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}' => Fate::Goes,
        _ => Fate::Stays,
    }
}

fn is_joined_script(character: char) -> bool {
    matches!(character, '\u{600}'..='\u{dff}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// The longest head of `text` with at most `bytes_max` bytes that ends between two characters.
pub(crate) fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use crate::clean::characters::{Fate, fate};

    #[test]
    fn invisible_characters_go_and_every_space_is_one_kind() {
        let check = |character: char, before: Option<char>, expected: Fate| {
            assert_eq!(fate(character, || before), expected, "{character:?} after {before:?}");
        };
        check('a', None, Fate::Stays);
        check('\u{a0}', Some('a'), Fate::Space);
        check('\u{3000}', Some('あ'), Fate::Space);
        check('\u{85}', Some('a'), Fate::Space);
        check('\u{1b}', Some('a'), Fate::Goes);
        check('\u{9b}', Some('a'), Fate::Goes);
        check('\u{202e}', Some('a'), Fate::Goes);
        check('\u{ad}', Some('a'), Fate::Goes);
        check('\u{200d}', Some('a'), Fate::Goes);
        check('\u{200c}', Some('\u{645}'), Fate::Stays);
        check('\u{200d}', Some('👩'), Fate::Stays);
    }
}
