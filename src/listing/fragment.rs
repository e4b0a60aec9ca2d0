//! Station: the piece of a text in which what was searched for stands, with the matches marked.

use crate::listing::Piece;
use crate::lookup::{folded, is_unspaced, words};

/// Characters of a fragment before its first match.
const BEFORE_CHARS: usize = 60;
/// Characters of a fragment in all.
const FRAGMENT_CHARS: usize = 220;

/// What a query looks for, ready to be found in many texts.
#[derive(Clone, Debug)]
pub struct Sought(Vec<Wanted>);

/// A word of a query, or a run of letters that stand side by side where a script sets no spaces.
#[derive(Clone, Debug)]
struct Wanted {
    words: Vec<String>,
    /// Whether the last of them is the beginning of a word.
    open: bool,
}

impl Sought {
    /// The words that a query looks for: not its operators, its column names, or what it wants to be absent.
    pub fn of(query: &str) -> Sought {
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut refused = false;
        let mut run_end = None;
        for (begin, end) in words(query) {
            let (word, rest) = (&query[begin..end], &query[end..]);
            let goes_on = run_end.take() == Some(begin);
            if word.starts_with(is_unspaced) {
                run_end = Some(end);
            }
            match word {
                "AND" | "OR" | "NEAR" => {}
                "NOT" => refused = true,
                _ if rest.trim_start().starts_with(':') => {}
                // What is absent may be a run: it is absent to its end.
                _ if std::mem::take(&mut refused) => refused = run_end.is_some() && rest.starts_with(is_unspaced),
                _ => {
                    let open = rest.trim_start_matches('"').starts_with('*');
                    match wanted.last_mut().filter(|_| goes_on && word.starts_with(is_unspaced)) {
                        Some(run) => {
                            run.words.push(folded(word));
                            run.open = open;
                        }
                        None => wanted.push(Wanted { words: vec![folded(word)], open }),
                    }
                }
            }
        }
        Sought(wanted)
    }

    /// How many words of a text, from its first one on, are a match; 0 where none is.
    fn matching(&self, text: &str, words: &[(usize, usize)]) -> usize {
        let is_same = |want: &Wanted, place: usize| {
            let word = words.get(place).map(|&(begin, end)| folded(&text[begin..end])).unwrap_or_default();
            let sought = &want.words[place];
            word == *sought || (want.open && place + 1 == want.words.len() && word.starts_with(sought.as_str()))
        };
        let fits = |want: &&Wanted| (0..want.words.len()).all(|place| is_same(want, place));
        self.0.iter().filter(fits).map(|want| want.words.len()).max().unwrap_or(0)
    }
}

/// The fragment of `text` around the first thing that is sought; empty where the text holds nothing of it (the match is in the
/// title). Upper and lower case and accents are as alike here as they are to the index.
pub fn fragment(text: &str, sought: &Sought) -> Vec<Piece> {
    let words: Vec<(usize, usize)> = words(text).collect();
    let Some(first) = (0..words.len()).find(|&place| sought.matching(text, &words[place..]) > 0) else {
        return Vec::new();
    };
    let chars_between = |begin: usize, end: usize| text[begin..end].chars().count();
    let from = words[..first].iter().rev().take_while(|word| chars_between(word.0, words[first].0) <= BEFORE_CHARS);
    let from = from.last().map_or(words[first].0, |word| word.0);
    let until = words[first..].iter().take_while(|word| chars_between(from, word.1) <= FRAGMENT_CHARS).last();
    // Behind the last word nothing but its full stop is left.
    let end_of = |word: &(usize, usize)| if words.last() == Some(word) { text.trim_end().len() } else { word.1 };
    let until = until.map_or(words[first].1, end_of);

    let mut pieces = Vec::new();
    let mut around = if from > 0 { "…".to_owned() } else { String::new() };
    let (mut reached, mut place) = (from, first);
    while let Some(&(begin, end)) = words.get(place).filter(|word| word.1 <= until) {
        let long = sought.matching(text, &words[place..]);
        let end = words.get(place + long.max(1) - 1).map_or(end, |word| word.1);
        place += long.max(1);
        if long == 0 {
            continue;
        }
        around.push_str(&text[reached..begin]);
        if !around.is_empty() {
            pieces.push(Piece::Around(std::mem::take(&mut around)));
        }
        pieces.push(Piece::Match(text[begin..end].to_owned()));
        reached = end;
    }
    let until = until.max(reached);
    around.push_str(&text[reached..until]);
    if until < text.trim_end().len() {
        around.push('…');
    }
    if !around.is_empty() {
        pieces.push(Piece::Around(around));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_stands_around_its_first_match_and_marks_every_match() {
        let check = |text: &str, query: &str, expected: &str| {
            let shown: String = fragment(text, &Sought::of(query))
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
        check("昨日、東京で地震がありました。震度5。", "地震", "昨日、東京で[地震]がありました。震度5。");
        check("昨日、東京で地震がありました。", "東京 地震*", "昨日、[東京]で[地震]がありました。");
        check("地震と津波の地図", "地 NOT 津波", "[地]震と津波の[地]図");
        check("สวัสดีที่นี่", "ที่นี่", "สวัสดี[ที่นี่]");
        check("Η Ελλάδα νίκησε", "ελλαδα", "Η [Ελλάδα] νίκησε");
        let long = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown: String = fragment(&long, &Sought::of("needle")).iter().map(Piece::text).collect();
        assert!(shown.starts_with("…hay") && shown.ends_with("straw…") && shown.chars().count() < 230, "{shown}");
    }
}
