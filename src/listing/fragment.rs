//! Station: the piece of a text in which what was searched for stands, with the matches marked.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::listing::Piece;

/// Characters of a fragment before its first match.
const BEFORE_CHARS: usize = 60;
/// Characters of a fragment in all.
const FRAGMENT_CHARS: usize = 220;

/// The fragment of `text` around the first word that `query` looks for; empty where the text holds none of them (the match is in
/// the title). Upper and lower case and accents are as alike here as they are to the index.
pub fn fragment(text: &str, query: &str) -> Vec<Piece> {
    let wanted = wanted(query);
    let words = words(text);
    let is_match = |&(begin, end): &(usize, usize)| {
        let word = folded(&text[begin..end]);
        wanted.iter().any(|want| if want.open { word.starts_with(&want.word) } else { word == want.word })
    };
    let Some(first) = words.iter().position(is_match) else { return Vec::new() };
    let chars_between = |begin: usize, end: usize| text[begin..end].chars().count();
    let from = words[..first].iter().rev().take_while(|word| chars_between(word.0, words[first].0) <= BEFORE_CHARS);
    let from = from.last().map_or(words[first].0, |word| word.0);
    let until = words[first..].iter().take_while(|word| chars_between(from, word.1) <= FRAGMENT_CHARS).last();
    // Behind the last word nothing but its full stop is left.
    let end_of = |word: &(usize, usize)| if words.last() == Some(word) { text.trim_end().len() } else { word.1 };
    let until = until.map_or(words[first].1, end_of);

    let mut pieces = Vec::new();
    let mut around = if from > 0 { "…".to_owned() } else { String::new() };
    let mut reached = from;
    for &(begin, end) in words.iter().filter(|word| word.0 >= from && word.1 <= until).filter(|word| is_match(word)) {
        around.push_str(&text[reached..begin]);
        if !around.is_empty() {
            pieces.push(Piece::Around(std::mem::take(&mut around)));
        }
        pieces.push(Piece::Match(text[begin..end].to_owned()));
        reached = end;
    }
    around.push_str(&text[reached..until]);
    if until < text.trim_end().len() {
        around.push('…');
    }
    if !around.is_empty() {
        pieces.push(Piece::Around(around));
    }
    pieces
}

/// A word of a query: whole, or the beginning of one.
struct Wanted {
    word: String,
    open: bool,
}

/// The words that a query looks for: not its operators, its column names, or what it wants to be absent.
fn wanted(query: &str) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let mut refused = false;
    for (begin, end) in words(query) {
        let (word, rest) = (&query[begin..end], &query[end..]);
        match word {
            "AND" | "OR" | "NEAR" => {}
            "NOT" => refused = true,
            _ if rest.trim_start().starts_with(':') => {}
            _ if std::mem::take(&mut refused) => {}
            _ => wanted.push(Wanted { word: folded(word), open: rest.trim_start_matches('"').starts_with('*') }),
        }
    }
    wanted
}

/// Where words begin and end, in bytes.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut begin = None;
    for (place, letter) in text.char_indices() {
        let inside = letter.is_alphanumeric() || is_combining_mark(letter);
        match (inside, begin) {
            (true, None) => begin = Some(place),
            (false, Some(start)) => {
                words.push((start, place));
                begin = None;
            }
            _ => {}
        }
    }
    words.extend(begin.map(|start| (start, text.len())));
    words
}

fn folded(word: &str) -> String {
    word.nfd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_stands_around_its_first_match_and_marks_every_match() {
        let check = |text: &str, query: &str, expected: &str| {
            let shown: String = fragment(text, query)
                .iter()
                .map(|piece| match piece {
                    Piece::Around(words) => words.clone(),
                    Piece::Match(words) => format!("[{words}]"),
                })
                .collect();
            assert_eq!(shown, expected, "`{query}` in `{text}`");
        };
        check("The ferry burned. A ferry sank.", "ferry", "The [ferry] burned. A [ferry] sank.");
        check("Über den Fluss", "uber", "[Über] den Fluss");
        check("Harbours and harbour walls", "harb*", "[Harbours] and [harbour] walls");
        check("Harbours and harbour walls", "harb", "");
        check("One two three", "title:two OR \"three one\"", "[One] [two] [three]");
        check("One two three", "one NOT two", "[One] two three");
        check("", "one", "");
        let long = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown: String = fragment(&long, "needle").iter().map(Piece::text).collect();
        assert!(shown.starts_with("…hay") && shown.ends_with("straw…") && shown.chars().count() < 230, "{shown}");
    }
}
