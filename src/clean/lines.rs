//! Station: lines around a text that are not of it: link lines, bare addresses, a byline at its head.

use crate::clean::Cut;
use crate::clean::blocks::{Block, Form};
use crate::clean::lines_of;

/// Lines that are nothing but a URL, and the title line over each, go; the URLs are kept in `links`.
///
/// GIGAZINE sets the pages it cites so: the cited page's title in a line, its address in the next. Where a text does that,
/// lines that end in an outlet's name (`… - GIGAZINE`) are link lines too, though their address was lost on the way.
pub(crate) fn cut_link_lines(blocks: &mut Vec<Block>, links: &mut Vec<String>, cut: &mut Vec<Cut>) {
    let are_links: Vec<bool> = blocks.iter().map(Block::is_link).collect();
    if !are_links.contains(&true) && !blocks.iter().flat_map(lines_of).any(is_url) {
        return;
    }
    let lines: Vec<Line> = blocks
        .iter()
        .enumerate()
        .flat_map(|(block, of)| {
            lines_of(of).map(move |text| Line { block, text: text.to_owned(), is_url: is_url(text) })
        })
        .collect();
    let is_title = |line: &Line| !line.is_url && blocks[line.block].form != Form::Heading && is_title(&line.text);
    let mut goes: Vec<bool> = lines.iter().map(|line| line.is_url).collect();
    for (index, pair) in lines.windows(2).enumerate() {
        goes[index] |= pair[1].is_url && is_title(&pair[0]);
    }
    let cites = lines.iter().zip(&goes).any(|(line, goes)| *goes && !line.is_url);
    for (line, goes) in lines.iter().zip(&mut goes) {
        *goes |= (cites || are_links[line.block]) && is_title(line) && names_its_outlet(&line.text);
    }
    if goes.iter().all(|&goes| goes) {
        // A text of nothing but link lines is what the publisher had to say; its addresses are no words all the same.
        goes = lines.iter().map(|line| line.is_url).collect();
    }
    links.extend(lines.iter().filter(|line| line.is_url).map(|line| line.text.trim().to_owned()));
    if goes.contains(&true) {
        remove(blocks, &lines, &goes, cut);
    }
}

/// A line of a paragraph.
struct Line {
    /// The paragraph's index.
    block: usize,
    text: String,
    is_url: bool,
}

/// Link lines that are reported one by one.
const CUTS_MAX: usize = 50;

/// Takes the lines that go out of their paragraphs; `lines` is in the paragraphs' order.
fn remove(blocks: &mut Vec<Block>, lines: &[Line], goes: &[bool], cut: &mut Vec<Cut>) {
    let mut at = 0;
    for of_block in lines.chunk_by(|one, next| one.block == next.block) {
        let goes = &goes[at..at + of_block.len()];
        at += of_block.len();
        if goes.contains(&true) {
            let stays = of_block.iter().zip(goes).filter(|(_, goes)| !**goes).map(|(line, _)| line.text.as_str());
            let block = &mut blocks[of_block[0].block];
            block.text = stays.collect::<Vec<_>>().join("\n");
            block.last_link = None;
        }
    }
    let gone = lines.iter().zip(goes).filter(|(_, goes)| **goes);
    cut.extend(gone.take(CUTS_MAX).map(|(line, _)| Cut::Line(line.text.clone())));
    blocks.retain(|block| !block.text.trim().is_empty());
}

fn is_url(line: &str) -> bool {
    let line = line.trim();
    let rest = ["https://", "http://"].iter().find_map(|scheme| line.strip_prefix(scheme));
    rest.is_some_and(|rest| rest.contains('.') && !rest.contains(char::is_whitespace))
}

/// Characters that a cited page's title may have.
const TITLE_CHARS_MAX: usize = 250;

/// Whether a line may be a page's title: it is short and does not end as a sentence does.
fn is_title(line: &str) -> bool {
    let line = line.trim();
    line.chars().nth(TITLE_CHARS_MAX).is_none()
        && !line.ends_with(['.', '!', '?', ':', ';', ',', '。', '！', '？', '：', '、', '”', '"', '」', '…'])
}

/// Words that an outlet's name at the end of a page's title may have.
const OUTLET_WORDS_MAX: usize = 5;

fn names_its_outlet(line: &str) -> bool {
    let outlet = [" - ", " | ", " – ", " — "].iter().filter_map(|mark| line.rsplit_once(mark)).next();
    outlet.is_some_and(|(title, outlet)| {
        let starts_as_a_name =
            outlet.chars().next().is_some_and(|first| !first.is_lowercase() && first.is_alphanumeric());
        title.split_whitespace().count() > 1
            && outlet.split_whitespace().count() <= OUTLET_WORDS_MAX
            && starts_as_a_name
    })
}

/// Takes a line that says who wrote the text from its first two paragraphs: "By Jordan D. Brown, CNN".
pub(crate) fn cut_byline(blocks: &mut Vec<Block>) -> Option<String> {
    if blocks.len() < 2 {
        return None;
    }
    let (at, name) = blocks.iter().take(2).enumerate().find_map(|(at, block)| Some((at, byline(&block.text)?)))?;
    blocks.remove(at);
    Some(name)
}

/// How a byline begins, in the languages whose wire services set one.
const BYLINE_WORDS: &[&str] = &["By ", "BY ", "by ", "Von ", "Par ", "Por ", "Door ", "Di ", "Av "];

/// Words that no name has; they are what makes "By the Numbers" a heading.
const NOT_A_NAME: &[&str] =
    &["The", "A", "An", "Das", "Der", "Die", "Den", "Le", "La", "Les", "El", "Los", "Las", "Il", "Our"];

/// Words that join names, or stand inside of one.
const NAME_JOINTS: &[&str] = &[
    "and", "und", "et", "y", "e", "en", "och", "de", "del", "della", "di", "da", "dos", "van", "von", "der", "den",
    "la", "le", "bin", "al", "for", "at", "of", "with", "&",
];

const BYLINE_WORDS_MAX: usize = 14;

fn byline(text: &str) -> Option<String> {
    let name = BYLINE_WORDS.iter().find_map(|word| text.strip_prefix(word))?.trim();
    let words: Vec<&str> = name.split_whitespace().collect();
    let is_name_word = |word: &&str| {
        let bare = word.trim_matches(|character: char| !character.is_alphanumeric());
        let is_capital = bare.chars().next().is_some_and(char::is_uppercase);
        (is_capital && !NOT_A_NAME.contains(&bare)) || NAME_JOINTS.contains(word)
    };
    let is_sentence = name.ends_with(['.', '!', '?', ':', ';']) && !name.ends_with("Jr.");
    let is_name = (2..=BYLINE_WORDS_MAX).contains(&words.len())
        && words.iter().all(is_name_word)
        && !name.contains('\n')
        && !name.chars().any(|character| character.is_ascii_digit());
    let begins_with_a_name = words.first().is_some_and(|word| word.starts_with(char::is_uppercase));
    (is_name && begins_with_a_name && !is_sentence).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::clean::lines::{byline, names_its_outlet};

    #[test]
    fn bylines_are_names() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(byline(text).as_deref(), expected, "{text}");
        check("By Dana P. Fields, CNN", Some("Dana P. Fields, CNN"));
        check("By Ana Sousa and Jan de Vries", Some("Ana Sousa and Jan de Vries"));
        check("Von Karla Muster und Tom Beispiel", Some("Karla Muster und Tom Beispiel"));
        check("By the Numbers", None);
        check("By The Numbers", None);
        check("By Friday the river had risen.", None);
        check("By 2030 Every Bus Is Electric", None);
        check("Bystanders Saw It", None);
    }

    #[test]
    fn a_cited_page_names_its_outlet() {
        let check = |line: &str, expected: bool| assert_eq!(names_its_outlet(line), expected, "{line}");
        check("Bridge reopens after a year - The Harbour Post", true);
        check("Bridge reopens | Harbour", true);
        check("He paused - and then he left", false);
        check("A plain line", false);
    }
}
