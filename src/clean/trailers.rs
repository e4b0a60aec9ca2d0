//! Station: what feeds put behind a text that is not of it: "Read more", syndication lines, wire tails, photo credits.

#[rustfmt::skip] // lists of words are read by line, not by column
mod words;

use crate::clean::Cut;
use crate::clean::blocks::{Block, Form};
use crate::clean::trailers::words::{
    AGENCIES, CREDIT_LABELS, FIRM_OPENINGS, FRAMES, LINK_OPENINGS, RELATED, RIGHTS, RIGHTS_OPENINGS, WHOLE, WIRES,
};

/// Takes trailers off the end of a text, and photo credits out of it.
///
/// A rule must match a whole paragraph, a paragraph's last line, its last sentence, its closing parenthesis or its last
/// link: prose that merely contains "read more" stays.
pub(crate) fn cut(blocks: &mut Vec<Block>, cuts: &mut Vec<Cut>) {
    cut_credits(blocks, cuts);
    for _ in 0..ROUNDS_MAX {
        if !cut_related_links(blocks, cuts) && !cut_last(blocks, cuts) {
            break;
        }
    }
    if let Some(last) = blocks.last_mut().filter(|last| last.form != Form::Verbatim) {
        last.text = with_plain_ellipsis(&last.text);
    }
}

/// Trailers behind one another; no feed was seen with more than five.
const ROUNDS_MAX: usize = 12;

/// A credit between paragraphs must name an agency; the first and the last paragraph need only begin as one.
fn cut_credits(blocks: &mut Vec<Block>, cuts: &mut Vec<Cut>) {
    let last = blocks.len().saturating_sub(1);
    let mut at = 0;
    blocks.retain(|block| {
        let is_edge = at == 0 || at == last;
        at += 1;
        let goes = last > 0 && block.form != Form::Verbatim && is_credit(&block.text, is_edge);
        if goes {
            cuts.push(Cut::Line(block.text.clone()));
        }
        !goes
    });
}

/// A heading like "Related articles" with nothing but links under it.
fn cut_related_links(blocks: &mut Vec<Block>, cuts: &mut Vec<Cut>) -> bool {
    let links = blocks.iter().rev().take_while(|block| block.is_link()).count();
    let Some(heading) = blocks.len().checked_sub(links + 1) else { return false };
    if links == 0 || !RELATED.contains(&bare(&fold(&blocks[heading].text))) {
        return false;
    }
    cuts.extend(blocks.drain(heading..).map(|block| Cut::Line(block.text)));
    true
}

/// Cuts one trailer off the last paragraph; answers whether there was one.
fn cut_last(blocks: &mut Vec<Block>, cuts: &mut Vec<Cut>) -> bool {
    let Some(last) = blocks.last_mut().filter(|last| last.form != Form::Verbatim) else { return false };
    if is_trailer(&last.text, last.is_link()) {
        cuts.extend(blocks.pop().map(|block| Cut::Line(block.text)));
        return true;
    }
    let is_item = matches!(last.form, Form::Item | Form::Row);
    let tail = tails(last).into_iter().find(|&(start, is_link)| {
        let tail = &last.text[start..];
        !is_item && start > 0 && (is_trailer(tail, is_link) || is_credit(tail, false))
    });
    let Some((start, _)) = tail else { return false };
    cuts.push(Cut::Line(last.text[start..].trim().to_owned()));
    last.text.truncate(start);
    last.text.truncate(last.text.trim_end_matches([' ', '\n', '|', '·', '-', '–', '—']).len());
    last.last_link = None;
    if last.text.is_empty() {
        blocks.pop();
    }
    true
}

/// Where a tail of the paragraph may begin, and whether it is a link.
fn tails(block: &Block) -> Vec<(usize, bool)> {
    // No trailer is longer, so a tail begins in these bytes or is none.
    let from = block.text.ceil_char_boundary(block.text.len().saturating_sub(TRAILER_CHARS_MAX * 4));
    let text = &block.text[from..];
    let mut tails = Vec::new();
    let in_text = |start: usize| start.checked_sub(from).filter(|&start| text.is_char_boundary(start));
    if let Some(start) = block.last_link.and_then(in_text) {
        tails.push((start, true));
    }
    if let Some(line) = text.rfind('\n') {
        tails.push((line + 1, false));
    }
    if text.ends_with([')', '）'])
        && let Some(open) = text.rfind(['(', '（'])
    {
        tails.push((open, false));
    }
    tails.extend(last_sentence(text).map(|start| (start, false)));
    tails.extend(last_framed_sentence(text).map(|start| (start, false)));
    tails.into_iter().map(|(start, is_link)| (from + start, is_link)).collect()
}

/// Where the last sentence begins, if others stand before it.
fn last_sentence(text: &str) -> Option<usize> {
    let body = text.trim_end_matches(|character: char| !character.is_alphanumeric());
    let mut start = None;
    let mut characters = body.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let after = at + character.len_utf8();
        let is_end = match character {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' | '…' | ']' | ')' | '"' | '”' | '»' => {
                let is_followed = characters.peek().is_some_and(|(_, next)| next.is_whitespace());
                is_followed && !(character == '.' && is_abbreviated(&body[..at]))
            }
            _ => false,
        };
        if is_end {
            start = Some(after);
        }
    }
    start
}

/// Whether the full stop after `text` is an initial's or an abbreviation's: "A. Person", "St. Louis".
fn is_abbreviated(text: &str) -> bool {
    let word = text.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    is_initial || ["mr", "mrs", "ms", "dr", "st", "jr", "sr", "inc", "vs", "no"].contains(&word.to_lowercase().as_str())
}

/// Where the last sentence begins that opens as a syndication line does. Its title may hold several sentences.
fn last_framed_sentence(text: &str) -> Option<usize> {
    let mut is_start = false;
    let starts = text.char_indices().filter(|(_, character)| {
        let was_start = is_start;
        let is_end = ['.', '!', '?', '…', ']', ')', '"', '”', '»', '。', '\n'].contains(character);
        is_start = is_end || (was_start && character.is_whitespace());
        was_start && character.is_alphabetic()
    });
    starts.map(|(at, _)| at).filter(|&at| FRAMES.iter().any(|(opening, _)| begins_with(&text[at..], opening))).last()
}

/// Compared letter by letter, because folding may move bytes.
fn begins_with(text: &str, folded_opening: &str) -> bool {
    let mut folded = text.chars().flat_map(char::to_lowercase).map(plain_mark);
    folded_opening.chars().all(|expected| folded.next() == Some(expected))
}

/// Characters that a trailer may have.
const TRAILER_CHARS_MAX: usize = 400;

/// Words that may follow where a trailer's opening is beyond doubt, and where a link or an arrow must vouch for it.
const FIRM_WORDS_MAX: usize = 14;
const LINK_WORDS_MAX: usize = 30;

fn is_trailer(text: &str, is_link: bool) -> bool {
    if text.chars().nth(TRAILER_CHARS_MAX).is_some() {
        return false;
    }
    let folded = fold(text);
    let bare = bare(&folded);
    if bare.is_empty() || WHOLE.contains(&bare) || is_wire(&folded, bare) {
        return true;
    }
    let opens = |openings: &[&str], words_max: usize| {
        openings.iter().filter_map(|opening| bare.strip_prefix(opening)).any(|rest| is_one_phrase(rest, words_max))
    };
    let is_vouched = is_link || folded.ends_with(['→', '»', '›', '>', ']', '…']);
    opens(FIRM_OPENINGS, FIRM_WORDS_MAX)
        || (is_vouched && opens(LINK_OPENINGS, LINK_WORDS_MAX))
        || FRAMES.iter().any(|(opening, middle)| {
            let rest = bare.strip_prefix(opening).and_then(|rest| rest.split_once(middle));
            rest.is_some() && is_capital_after(text, opening)
        })
}

/// Whether what follows `opening` begins as a title does: "The post office appeared first on a list" is no trailer.
fn is_capital_after(text: &str, opening: &str) -> bool {
    let words = text.trim_start_matches(|character: char| !character.is_alphanumeric());
    !words.chars().nth(opening.chars().count()).is_some_and(char::is_lowercase)
}

/// Whether `rest` is a name or a title and no further sentence follows.
fn is_one_phrase(rest: &str, words_max: usize) -> bool {
    rest.split_whitespace().count() <= words_max && last_sentence(rest).is_none()
}

/// Lines of wire services: who reported and edited, and whose rights they are.
fn is_wire(folded: &str, bare: &str) -> bool {
    let credits_desk = WIRES.iter().any(|opening| bare.starts_with(opening))
        && (folded.starts_with('(') || folded.contains("editing by") || folded.contains("; "));
    let claims = RIGHTS_OPENINGS.iter().any(|opening| folded.starts_with(opening));
    let is_claim = RIGHTS.iter().any(|right| bare == *right || (claims && folded.contains(right)));
    let has_year = folded.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() == 4);
    let is_mark = folded.starts_with(['©', '™']) && folded.split_whitespace().count() <= 20;
    credits_desk || is_claim || is_mark || (claims && has_year && folded.split_whitespace().count() <= 20)
}

/// Characters that a photo credit may have; and one that names no agency.
const CREDIT_CHARS_MAX: usize = 160;
const SHORT_CREDIT_CHARS_MAX: usize = 60;

fn is_credit(text: &str, is_edge: bool) -> bool {
    if text.chars().nth(CREDIT_CHARS_MAX).is_some() {
        return false;
    }
    let folded = fold(text);
    let opened = folded.trim_start_matches(['(', '[', '（', '［', ' ']);
    let Some((label, rest)) = CREDIT_LABELS.iter().find_map(|label| Some((label, opened.strip_prefix(label)?))) else {
        return false;
    };
    if last_sentence(rest).is_some() {
        return false;
    }
    let names_agency = rest.contains(['/', '©']) || AGENCIES.iter().any(|agency| has_word(rest, agency));
    names_agency || (is_edge && label.ends_with([':', '：']) && text.chars().count() <= SHORT_CREDIT_CHARS_MAX)
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}

/// Lower case, one kind of apostrophe and dash, single spaces and none before a colon.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.is_ascii() {
            folded.extend(word.chars().map(|letter| plain_mark(letter.to_ascii_lowercase())));
        } else {
            folded.extend(word.chars().flat_map(char::to_lowercase).map(plain_mark));
        }
    }
    if folded.contains(" :") {
        folded = folded.replace(" :", ":");
    }
    if folded.contains("...") {
        folded = folded.replace("...", "…");
    }
    folded
}

fn plain_mark(character: char) -> char {
    match character {
        '’' | '‘' | '`' => '\'',
        '–' | '—' | '‑' => '-',
        '“' | '”' | '„' | '«' | '»' => '"',
        _ => character,
    }
}

/// The words of a folded line without the marks around them.
fn bare(folded: &str) -> &str {
    folded.trim_matches(|character: char| !character.is_alphanumeric())
}

/// "[…]" at the end says that the feed broke off; "…" says the same in a reader's text.
fn with_plain_ellipsis(text: &str) -> String {
    let broken =
        ["[…]", "[...]", "(…)", "(...)", "[ … ]", "[&hellip;]"].iter().find_map(|mark| text.strip_suffix(mark));
    match broken {
        Some(rest) => format!("{} …", rest.trim_end().trim_end_matches('…').trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::clean::blocks::Block;
    use crate::clean::trailers::{cut, is_credit, is_trailer};

    #[test]
    fn trailers_are_known_in_many_languages_and_prose_is_not() {
        let check = |text: &str, expected: bool| assert_eq!(is_trailer(text, false), expected, "{text}");
        for trailer in [
            "Read the full story at The Verge.",
            "Read more…",
            "Continue reading →",
            "Keep reading",
            "[…]",
            "(more…)",
            "Comments",
            "View the full article",
            "Related: Ferry fares rise again",
            "See also: Ten bridges that moved",
            "The post Ferry fares rise. Again appeared first on Harbour Post.",
            "in Note, Posted by some_one",
            "The-CNN-Wire",
            "™ & © 2026 Wire Company, Inc. All rights reserved.",
            "All rights reserved.",
            "(Reporting by Ann Lee in Oslo; Editing by Bo Ek)",
            "© AFP",
            "Weiterlesen",
            "Lesen Sie auch: Fähre fährt nicht",
            "Der Beitrag Fähre fährt nicht erschien zuerst auf Hafenblatt.",
            "Lire la suite…",
            "À lire aussi : le pont rouvre",
            "Leer más",
            "La entrada El puente se publicó primero en Puerto.",
            "Continua a leggere",
            "Leia mais",
            "Lees verder »",
            "Czytaj więcej",
            "Läs mer",
            "Читать далее",
            "続きを読む",
        ] {
            check(trailer, true);
        }
        for prose in [
            "Continue reading habits formed in childhood, and you will read for life.",
            "People read more in winter.",
            "Read more books, the minister said, and watch less television.",
            "Related companies were not affected.",
            "Comments by the mayor caused an outcry.",
            "The post office in the harbour appeared first on the list of closures.",
            "Copyright law has not changed since.",
            "Reporting by three newspapers led to the inquiry.",
        ] {
            check(prose, false);
        }
    }

    #[test]
    fn credits_name_an_agency_or_stand_at_an_edge() {
        let check =
            |text: &str, is_edge: bool, expected: bool| assert_eq!(is_credit(text, is_edge), expected, "{text}");
        check("Image: A. Person / Getty Images", false, true);
        check("Photo by A. Person/AP", false, true);
        check("Foto: picture alliance", false, true);
        check("Picture: Jo Example", true, true);
        check("Picture: Jo Example", false, false);
        check("Photo editors met on Monday in Getty's office.", true, false);
        check("Image matters more than policy, he said.", true, false);
    }

    #[test]
    fn tails_of_the_last_paragraph_go() {
        let check = |text: &str, expected: &str| {
            let mut blocks = vec![Block { text: text.to_owned(), ..Block::default() }];
            cut(&mut blocks, &mut Vec::new());
            assert_eq!(blocks.first().map_or("", |block| block.text.as_str()), expected, "{text}");
        };
        check("The ferry sank. Read more", "The ferry sank.");
        check("The ferry sank …\nRead the full story at The Verge.", "The ferry sank …");
        check("The ferry sank. (Reporting by Ann Lee; Editing by Bo Ek)", "The ferry sank.");
        check("The ferry sank. The post The ferry. It sank appeared first on Harbour.", "The ferry sank.");
        check("The ferry sank and all were saved [...]", "The ferry sank and all were saved …");
        check("フェリーが沈んだ。続きを読む", "フェリーが沈んだ。");
        check("He did not know where to read more", "He did not know where to read more");
        check("A warning (see below).", "A warning (see below).");
    }
}
