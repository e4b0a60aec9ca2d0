//! Station: repairs the texts of a feed that was encoded twice.

use crate::clean::encoding::{Evidence, repaired};
use crate::model::{Entry, ParsedFeed};

/// How often a text may have been encoded once too much.
const ROUNDS_MAX: usize = 3;

/// Decodes the texts of a feed that was encoded twice, and those of single entries that were; says how many entries changed.
///
/// What was encoded together is judged together: first the document, as that is the surest, then each entry, since a planet or a
/// moved archive has both kinds. Guids and links are left as they are: they are names and not words.
pub(crate) fn repair(feed: &mut ParsedFeed) -> usize {
    let mut changed = vec![false; feed.entries.len()];
    for _ in 0..ROUNDS_MAX {
        let each: Vec<Evidence> = feed.entries.iter().map(|entry| Evidence::of(texts(entry))).collect();
        let title = Evidence::of(feed.title.as_deref());
        let is_whole = each.iter().fold(title, |sum, one| sum.and(*one)).is_sure_of_document();
        let mut is_done = true;
        if let Some(title) = feed.title.as_mut().filter(|_| is_whole) {
            is_done &= !repair_text(title);
        }
        for ((entry, evidence), changed) in feed.entries.iter_mut().zip(each).zip(&mut changed) {
            if (is_whole || evidence.is_sure_of_entry()) && repair_texts(entry) {
                *changed = true;
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    changed.iter().filter(|changed| **changed).count()
}

/// As `repair`, for an entry that stands alone.
pub(crate) fn repair_entry(entry: &mut Entry) {
    for _ in 0..ROUNDS_MAX {
        if !Evidence::of(texts(entry)).is_sure_of_entry() || !repair_texts(entry) {
            break;
        }
    }
}

/// Whether any text changed.
fn repair_texts(entry: &mut Entry) -> bool {
    let mut is_changed = false;
    for text in texts_mut(entry) {
        is_changed |= repair_text(text);
    }
    is_changed
}

fn repair_text(text: &mut String) -> bool {
    let decoded = repaired(text);
    let is_other = decoded != text.as_str();
    if is_other {
        *text = decoded.into_owned();
    }
    is_other
}

fn texts(entry: &Entry) -> impl Iterator<Item = &str> {
    let single = [&entry.title, &entry.summary, &entry.content, &entry.source].into_iter().flatten();
    single.chain(&entry.authors).chain(&entry.categories).map(String::as_str)
}

fn texts_mut(entry: &mut Entry) -> impl Iterator<Item = &mut String> {
    let single = [&mut entry.title, &mut entry.summary, &mut entry.content, &mut entry.source].into_iter().flatten();
    single.chain(&mut entry.authors).chain(&mut entry.categories)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::clean::encoding::Evidence;
    use crate::model::{Entry, ParsedFeed};
    use crate::parse::{self, Hints};
    use crate::prepare::encoding::{repair, repair_entry, texts};

    fn feed(titles: &[&str]) -> ParsedFeed {
        let items: String = titles.iter().map(|title| format!("<item><title>{title}</title></item>")).collect();
        let body = format!("<rss version='2.0'><channel><title>Le Quai</title>{items}</channel></rss>");
        parse::feed(body.as_bytes(), &Hints::default()).unwrap()
    }

    fn titles(feed: &ParsedFeed) -> Vec<&str> {
        feed.entries.iter().filter_map(|entry| entry.title.as_deref()).collect()
    }

    #[test]
    fn what_was_encoded_together_is_repaired_together() {
        let check = |before: &[&str], changed: usize, after: &[&str]| {
            let mut feed = feed(before);
            assert_eq!((repair(&mut feed), titles(&feed)), (changed, after.to_vec()));
        };
        // A whole document, in which one character each is evidence enough, and what lost its last byte too.
        check(
            &["La marÃ©e monte", "Lâ€™Ã©cluse fermÃ©e", "Ã quai", "Vent"],
            3,
            &["La marée monte", "L’écluse fermée", "à quai", "Vent"],
        );
        // Thrice.
        check(&["La marÃƒÂ©e monte Ã\u{192}Â  Brest", "cafÃƒÂ©"], 2, &["La marée monte à  Brest", "café"]);
        // One entry of many, with a mark that somebody added behind.
        check(
            &["Élections à Évreux", "The tideâ\u{80}\u{99}s height â\u{80}\u{94} again…", "L’été"],
            1,
            &["Élections à Évreux", "The tide’s height — again…", "L’été"],
        );
        // Good text, and text that speaks of bad.
        let good = ["« La marée »", "L’été publié\u{a0}»", "Das „Maß“", "How é became Ã©"];
        check(&good, 0, &good);
        check(&["plain", "words"], 0, &["plain", "words"]);
    }

    #[test]
    fn every_text_of_an_entry_is_repaired_and_no_name() {
        let some = |text: &str| Some(text.to_owned());
        let mut entry = Entry {
            guid: some("marÃ©e"),
            link: some("https://quai.example/marÃ©e"),
            title: some("MarÃ©e"),
            summary: some("<p>Ã‰tÃ©</p>"),
            content: some("<p>lâ€™eau</p>"),
            authors: vec!["RenÃ©e".to_owned()],
            categories: vec!["RÃ©gion".to_owned()],
            source: some("LittorÃ¢l"),
            ..Entry::default()
        };
        repair_entry(&mut entry);
        let found: Vec<&str> = texts(&entry).collect();
        assert_eq!(found, ["Marée", "<p>Été</p>", "<p>l’eau</p>", "Littorâl", "Renée", "Région"]);
        assert_eq!((entry.guid, entry.link), (some("marÃ©e"), some("https://quai.example/marÃ©e")));
    }

    /// A capture whose crawler did it, with no-break spaces that became blanks.
    #[test]
    fn a_capture_that_was_encoded_twice_is_repaired() {
        let name = "../shared/feeds/simplepie/tests/data/feed_rss-2.0_for_file_mock.xml";
        let Ok(body) = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)) else {
            println!("skipped: {name} is not there");
            return;
        };
        let mut feed = parse::feed(&body, &Hints::default()).unwrap();
        let broken = |feed: &ParsedFeed| {
            let is_broken = |text: &&str| Evidence::of([*text]).broken > 0 || text.contains(['Â', 'Ã', 'â']);
            feed.entries.iter().flat_map(texts).filter(is_broken).count()
        };
        let before = broken(&feed);
        let changed = repair(&mut feed);
        println!("{before} broken texts in {changed} entries, {} after", broken(&feed));
        assert!(before > 10, "{before}");
        assert_eq!(broken(&feed), 0);
    }
}
