//! Station: the piece of a text in which what was searched for stands, with the matches marked.

use crate::listing::Piece;
use crate::listing::sought::{Field, Sought};
use crate::lookup::words;

/// Characters of a fragment before its first match.
const BEFORE_CHARS: usize = 60;
/// Characters of a fragment in all.
const FRAGMENT_CHARS: usize = 220;

/// The fragment of an article's text around the first thing that is sought; empty where the text holds nothing of it (the match is
/// in the title). Upper and lower case and accents are as alike here as they are to the index.
pub fn fragment(text: &str, sought: &Sought) -> Vec<Piece> {
    let words: Vec<(usize, usize)> = words(text).collect();
    let Some(first) = (0..words.len()).find(|&place| sought.matching(text, &words, place, Field::Text) > 0) else {
        return Vec::new();
    };
    let chars_between = |begin: usize, end: usize| text[begin..end].chars().count();
    let from = words[..first].iter().rev().take_while(|word| chars_between(word.0, words[first].0) <= BEFORE_CHARS);
    let from = from.last().map_or(words[first].0, |word| word.0);
    let until = words[first..].iter().take_while(|word| chars_between(from, word.1) <= FRAGMENT_CHARS).last();
    // Behind the last word nothing but its full stop is left.
    let end_of = |word: &(usize, usize)| if words.last() == Some(word) { text.trim_end().len() } else { word.1 };
    let until = until.map_or(words[first].1, end_of);
    // A run without a space is one word, however long it is, and so is what stands behind the last one.
    let most = text[from..].char_indices().nth(FRAGMENT_CHARS).map_or(text.len(), |(chars, _)| from + chars);

    let mut marking = Marking { most, ..Marking::new(text, from) };
    if from > 0 {
        marking.around.push('…');
    }
    marking.mark(&words, first, until.min(most), (sought, Field::Text));
    if marking.reached < text.trim_end().len() {
        marking.around.push('…');
    }
    marking.done()
}

/// A whole title with what is sought marked in it.
pub fn marked(title: &str, sought: &Sought) -> Vec<Piece> {
    let words: Vec<(usize, usize)> = words(title).collect();
    let mut marking = Marking::new(title, 0);
    marking.mark(&words, 0, title.len(), (sought, Field::Title));
    marking.done()
}

/// A text cut into pieces.
struct Marking<'text> {
    text: &'text str,
    pieces: Vec<Piece>,
    /// What stands between the last match and `reached`.
    around: String,
    reached: usize,
    /// Nothing behind it is told, matches included.
    most: usize,
}

impl<'text> Marking<'text> {
    fn new(text: &'text str, from: usize) -> Marking<'text> {
        Marking { text, pieces: Vec::new(), around: String::new(), reached: from, most: text.len() }
    }

    /// Goes on to `until`, from the word at `place` on; a match that begins before it is marked to its end.
    fn mark(&mut self, words: &[(usize, usize)], mut place: usize, until: usize, (sought, field): (&Sought, Field)) {
        while let Some(&(begin, _)) = words.get(place).filter(|word| word.0 < until) {
            let long = sought.matching(self.text, words, place, field);
            let matching = &words[place..(place + long).min(words.len())];
            place += long.max(1);
            if long > 0 {
                self.go_on(begin);
                self.pass();
                // A phrase ends with its last word that is told whole; one word alone is cut.
                let end = matching.iter().rev().find(|word| word.1 <= self.most).map_or(self.most, |word| word.1);
                self.pieces.push(Piece::Match(self.text[begin..end].to_owned()));
                self.reached = end;
            }
        }
        self.go_on(until.max(self.reached));
    }

    fn go_on(&mut self, to: usize) {
        self.around.push_str(&self.text[self.reached..to]);
        self.reached = to;
    }

    fn pass(&mut self) {
        if !self.around.is_empty() {
            self.pieces.push(Piece::Around(std::mem::take(&mut self.around)));
        }
    }

    fn done(mut self) -> Vec<Piece> {
        self.pass();
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[Piece]) -> String {
        let told = pieces.iter().map(|piece| match piece {
            Piece::Around(words) => words.clone(),
            Piece::Match(words) => format!("[{words}]"),
        });
        told.collect()
    }

    #[test]
    fn a_title_is_told_whole_with_its_matches_marked() {
        let check = |title: &str, query: &str, expected: &str| {
            assert_eq!(told(&marked(title, &Sought::of(query))), expected, "`{query}` in `{title}`");
        };
        check("“Ferry” sinks off Marlow!", "ferry", "“[Ferry]” sinks off Marlow!");
        check("Ferry sinks", "text:ferry sinks", "Ferry [sinks]");
        check("Ferry of ferries", "^ferry*", "[Ferry] of ferries");
        check("Ｇ７ leaders", "g7", "[Ｇ７] leaders");
        check("", "ferry", "");
    }

    #[test]
    fn a_fragment_stands_around_its_first_match_and_marks_every_match() {
        let check = |text: &str, query: &str, expected: &str| {
            let shown = told(&fragment(text, &Sought::of(query)));
            assert_eq!(shown, expected, "`{query}` in `{text}`");
        };
        check("The ferry burned. A ferry sank.", "ferry", "The [ferry] burned. A [ferry] sank.");
        check("Über den Fluss", "uber", "[Über] den Fluss");
        check("Harbours and harbour walls", "harb*", "[Harbours] and [harbour] walls");
        check("Harbours and harbour walls", "harb", "");
        check("One two three", "title:two OR text:three", "One two [three]");
        check("One two three", "\"three one\" OR \"one two\"", "[One two] three");
        check("One two three two", "NEAR(three two, 1)", "One [two] [three] [two]");
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

    #[test]
    fn a_fragment_is_short_however_long_a_word_is() {
        let check = |text: &str, query: &str, expected: &str| {
            let shown = told(&fragment(text, &Sought::of(query)));
            assert_eq!(shown, expected, "`{query}`");
        };
        let run = "ö".repeat(90_000);
        let cut = |chars: usize| "ö".repeat(chars);
        check(&run, "ö*", &format!("[{}]…", cut(220)));
        check(&format!("A {run}"), "o*", &format!("A [{}]…", cut(218)));
        check(&format!("{run} a"), "a", "…[a]");
        check(&format!("A {run}"), "a", "[A]…");
        check(&format!("A{}", "!".repeat(90_000)), "a", &format!("[A]{}…", "!".repeat(219)));
        check(&format!("One two {run}"), "one + two + o*", "[One two]…");
    }
}
