//! Station: lines around a text that are not of it: link lines, bare addresses, a byline at its head.

use crate::clean::Cut;
use crate::clean::blocks::{Block, Form};
use crate::clean::lines_of;

/// Lines that are nothing but a URL, and the title line over each, go; the URLs are kept in `links`.
///
/// GIGAZINE sets the pages it cites so: the cited page's title in a line, its address in the next. Where a text does that,
/// lines that end in an outlet's name (`… - GIGAZINE`) are link lines too, though their address was lost on the way.
pub(crate) fn cut_link_lines(blocks: &mut Vec<Block>, links: &mut Vec<String>, cut: &mut Vec<Cut>) {
    let lines: Vec<(usize, String)> = blocks
        .iter()
        .enumerate()
        .flat_map(|(at, block)| lines_of(block).map(move |line| (at, line.to_owned())))
        .collect();
    let is_url: Vec<bool> = lines.iter().map(|(_, line)| is_url(line)).collect();
    let mut goes = is_url.clone();
    for index in 1..lines.len() {
        let title = index - 1;
        if is_url[index] && !is_url[title] && is_title(&blocks[lines[title].0], &lines[title].1) {
            goes[title] = true;
        }
    }
    let cites = goes != is_url;
    for (index, (at, line)) in lines.iter().enumerate() {
        goes[index] |= names_its_outlet(line) && (cites || blocks[*at].is_link()) && is_title(&blocks[*at], line);
    }
    if goes.iter().all(|&goes| goes) {
        // A text of nothing but link lines is what the publisher had to say; its addresses are no words all the same.
        goes.clone_from(&is_url);
    }
    links.extend(lines.iter().zip(&is_url).filter(|(_, is_url)| **is_url).map(|((_, line), _)| line.trim().to_owned()));
    remove(blocks, &lines, &goes, cut);
}

fn remove(blocks: &mut Vec<Block>, lines: &[(usize, String)], goes: &[bool], cut: &mut Vec<Cut>) {
    if !goes.contains(&true) {
        return;
    }
    for (at, block) in blocks.iter_mut().enumerate() {
        let of_block = || lines.iter().zip(goes).filter(|((owner, _), _)| *owner == at);
        if of_block().any(|(_, goes)| *goes) {
            let stays: Vec<&str> = of_block().filter(|(_, goes)| !**goes).map(|((_, line), _)| line.as_str()).collect();
            block.text = stays.join("\n");
            block.last_link = None;
        }
    }
    cut.extend(lines.iter().zip(goes).filter(|(_, goes)| **goes).map(|((_, line), _)| Cut::Line(line.clone())));
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
fn is_title(block: &Block, line: &str) -> bool {
    let line = line.trim();
    block.form != Form::Heading
        && line.chars().count() <= TITLE_CHARS_MAX
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
