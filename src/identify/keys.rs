//! Station: the keys of the entries of one document, and the public ids made of them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::identify::canonical;
use crate::model::{ArticleKey, Code, Mark, Rule};

/// What an entry is known by, before its keys are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keyed<'a> {
    /// The publisher's id.
    pub guid: Option<&'a str>,
    /// The link's compared spelling (`Canonical::key`).
    pub link: Option<&'a str>,
    /// The cleaned title.
    pub title: &'a str,
    /// When the feed says it was published.
    pub published: Option<Timestamp>,
    /// The cleaned text.
    pub text: &'a str,
}

/// What an entry is recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The first key of the ladder that tells; the public id is made of it.
    pub key: ArticleKey,
    /// All keys that tell, as numbers, strongest first; `key` is one of them. Never empty.
    pub marks: Vec<Mark>,
}

/// The keys of every entry of one document: guid (`g:`), link (`u:`), title and date (`t:`), hash of title and text (`h:`).
///
/// A guid that several entries share while they differ in link or title ("N/A" for every entry has been seen) tells nothing, and
/// a link that entries of other titles share no more: then the next rule down counts. A front page tells nothing in either place.
/// Entries that agree in all that is theirs share a key, and the later is a duplicate; so do entries that differ in their guids
/// alone. A key depends on the entries beside it only where they collide.
pub fn keys(entries: &[Keyed]) -> Vec<Keys> {
    let rules: [fn(&Keyed) -> Option<String>; 4] = [by_guid, by_link, by_title, |entry| Some(by_text(entry))];
    let ladder: Vec<Vec<Option<String>>> = rules.iter().map(|rule| entries.iter().map(rule).collect()).collect();
    let mut keys: Vec<Option<&str>> = vec![None; entries.len()];
    for candidates in &ladder {
        let open: Vec<Option<&str>> = candidates
            .iter()
            .zip(&keys)
            .map(|(candidate, key)| candidate.as_deref().filter(|_| key.is_none()))
            .collect();
        let ambiguous = ambiguous(entries, &open);
        for (key, candidate) in keys.iter_mut().zip(open) {
            *key = key.or(candidate.filter(|candidate| !ambiguous.contains(candidate)));
        }
    }
    let by_text = &ladder[ladder.len() - 1];
    let mut keys: Vec<&str> = keys
        .into_iter()
        .zip(by_text)
        .map(|(key, text)| key.or(text.as_deref()).expect("everything has a hash"))
        .collect();
    unite_repeated(entries, &mut keys);
    let marks = marks(&ladder, &keys);
    keys.iter().zip(marks).map(|(key, marks)| Keys { key: ArticleKey((*key).to_owned()), marks }).collect()
}

/// Gives an entry that repeats an earlier one in everything but its guid that one's key.
fn unite_repeated(entries: &[Keyed], keys: &mut [&str]) {
    let mut first: HashMap<(&str, &str, &str, Option<Timestamp>), usize> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let Some(link) = entry.link else { continue };
        let met = *first.entry((link, entry.title, entry.text, entry.published)).or_insert(at);
        keys[at] = keys[met];
    }
}

/// For every entry those keys of the ladder that no entry of another key shares.
fn marks(ladder: &[Vec<Option<String>>], keys: &[&str]) -> Vec<Vec<Mark>> {
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); keys.len()];
    for (rule, candidates) in [Rule::Guid, Rule::Link, Rule::Title, Rule::Text].into_iter().zip(ladder) {
        let mut owners: HashMap<&str, Option<&str>> = HashMap::new();
        for (candidate, key) in candidates.iter().zip(keys) {
            let Some(candidate) = candidate else { continue };
            let owner = owners.entry(candidate).or_insert(Some(key));
            *owner = owner.filter(|owner| owner == key);
        }
        for ((marks, candidate), key) in marks.iter_mut().zip(candidates).zip(keys) {
            // The key itself always counts, even where it is a last resort that two entries share.
            let tells = |candidate: &&String| candidate == key || owners.get(candidate.as_str()) == Some(&Some(*key));
            marks.extend(candidate.as_ref().filter(tells).map(|candidate| mark(rule, candidate)));
        }
    }
    marks
}

/// A key as a number. It is stored, so the hash never changes.
fn mark(rule: Rule, key: &str) -> Mark {
    Mark { rule, hash: xxh3_64(key.as_bytes()).cast_signed() }
}

/// Entries of one guid that agree in title and date are one if they agree in a text of so many bytes too; "See our photos" under a
/// guid that all share is not enough.
const PRINTED_AGAIN_BYTES_MIN: usize = 60;

/// The candidates that entries share which are not the same article.
fn ambiguous<'a>(entries: &[Keyed], candidates: &[Option<&'a str>]) -> HashSet<&'a str> {
    let mut first: HashMap<&str, &Keyed> = HashMap::new();
    let mut ambiguous = HashSet::new();
    for (entry, candidate) in entries.iter().zip(candidates) {
        let Some(candidate) = candidate else { continue };
        let met = first.entry(candidate).or_insert(entry);
        let says_else = met.text != entry.text
            && match candidate.as_bytes()[0] {
                // Without an id, one page and one title may be every day's ("Morning briefing"), unless the date is one too.
                b'u' => met.published.is_none() || met.published != entry.published,
                // Without id and link, a title and a date are the same for two short notices of one minute.
                b't' => true,
                _ => false,
            };
        // A link that is made for each visit differs though the entry is the same, printed twice.
        let is_printed_again = candidate.as_bytes()[0] == b'g'
            && met.published == entry.published
            && met.text == entry.text
            && entry.text.len() >= PRINTED_AGAIN_BYTES_MIN;
        let leads_elsewhere = met.link != entry.link && !is_printed_again;
        if leads_elsewhere || met.title != entry.title || says_else {
            ambiguous.insert(*candidate);
        }
    }
    ambiguous
}

fn by_guid(entry: &Keyed) -> Option<String> {
    let guid = entry.guid.map(str::trim).filter(|guid| !guid.is_empty())?;
    let is_front_page =
        guid.starts_with("http") && canonical::canonical(guid, None).is_some_and(|it| it.is_front_page());
    (!is_front_page).then(|| bounded("g:", guid))
}

fn by_link(entry: &Keyed) -> Option<String> {
    entry.link.filter(|link| !canonical::is_front_page(link)).map(|link| bounded("u:", link))
}

fn by_title(entry: &Keyed) -> Option<String> {
    let published = entry.published.filter(|_| !entry.title.is_empty())?;
    Some(bounded("t:", &format!("{published} {}", entry.title)))
}

/// Only what is said counts, so that it holds when guid, link and date change at every poll.
fn by_text(entry: &Keyed) -> String {
    format!("h:{:032x}", xxh3_128([entry.title, entry.text].join("\u{1f}").as_bytes()))
}

/// Bytes of a key; a longer one is cut and told apart by its hash.
const KEY_BYTES_MAX: usize = 200;

fn bounded(prefix: &str, value: &str) -> String {
    if value.len() <= KEY_BYTES_MAX {
        return format!("{prefix}{value}");
    }
    let head = &value[..value.floor_char_boundary(KEY_BYTES_MAX - 40)];
    format!("{prefix}{head}~{:032x}", xxh3_128(value.as_bytes()))
}

/// Crockford's base 32: no letter that is taken for a digit (i, l, o) or makes a word of it (u).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The public id of the article with this key in this feed: `a` and ten letters or digits, the same in every database.
///
/// `attempt` is 0; where another article has that id already (one in 10^15 / articles, or a guid that its feed gave twice), the store
/// asks with 1, and so on.
pub fn code(feed_url: &str, key: &ArticleKey, attempt: u32) -> Code {
    let hash = xxh3_64(format!("{feed_url}\u{1f}{}\u{1f}{attempt}", key.0).as_bytes());
    let letters = (0..10u32).map(|place| char::from(ALPHABET[(hash >> (place * 5) & 31) as usize]));
    Code(std::iter::once('a').chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use crate::identify::keys::{Keyed, Keys, code, keys};
    use crate::model::{ArticleKey, Rule};

    fn words(keys: &[Keys]) -> Vec<&str> {
        keys.iter().map(|keys| keys.key.0.as_str()).collect()
    }

    fn rules(keys: &Keys) -> Vec<Rule> {
        keys.marks.iter().map(|mark| mark.rule).collect()
    }

    #[test]
    fn an_entry_is_known_by_the_first_rule_that_tells() {
        let date = Some("2026-02-12T23:00:00Z".parse().unwrap());
        let full = Keyed { guid: Some("id-1"), link: Some("e.org/1"), title: "One", published: date, text: "text" };
        let check = |entry: Keyed, prefix: &str, marks: &[Rule]| {
            let keys = keys(&[entry]).remove(0);
            assert!(keys.key.0.starts_with(prefix), "{keys:?} does not begin with {prefix}");
            assert_eq!(rules(&keys), marks, "{keys:?}");
        };
        use Rule::{Guid, Link, Text, Title};
        check(full, "g:id-1", &[Guid, Link, Title, Text]);
        check(Keyed { guid: None, ..full }, "u:e.org/1", &[Link, Title, Text]);
        check(Keyed { guid: Some(" "), link: None, ..full }, "t:2026-02-12T23:00:00Z One", &[Title, Text]);
        check(Keyed { guid: None, link: None, published: None, ..full }, "h:", &[Text]);
        check(Keyed::default(), "h:", &[Text]);
        // A front page is nobody's address, and nobody's id.
        check(Keyed { guid: Some("https://www.e.org/"), link: Some("e.org"), ..full }, "t:", &[Title, Text]);
        let long = "x".repeat(10_000);
        assert!(keys(&[Keyed { guid: Some(&long), ..full }])[0].key.0.len() < 256);
    }

    #[test]
    fn a_guid_or_link_that_is_the_same_for_all_tells_nothing() {
        let one = Keyed { guid: Some("N/A"), link: Some("e.org/1"), title: "One", ..Keyed::default() };
        let two = Keyed { link: Some("e.org/2"), title: "Two", ..one };
        let found = keys(&[one, two, one]);
        assert_eq!(words(&found), ["u:e.org/1", "u:e.org/2", "u:e.org/1"]);
        assert!(found.iter().all(|keys| rules(keys) == [Rule::Link, Rule::Text]), "{found:?}");
        let shop = Keyed { guid: None, link: Some("e.org/shop"), title: "One", ..Keyed::default() };
        let other = Keyed { title: "Two", ..shop };
        let found = keys(&[shop, other]);
        assert!(found[0].key != found[1].key && found.iter().all(|keys| rules(keys) == [Rule::Text]), "{found:?}");
    }

    #[test]
    fn one_page_and_one_title_for_every_day_loses_no_entry() {
        let day = |number: u8| format!("2026-02-{number:02}T06:00:00Z").parse().ok();
        let first = Keyed {
            link: Some("e.org/briefing"),
            title: "Briefing",
            text: "Rain.",
            published: day(1),
            ..Keyed::default()
        };
        let second = Keyed { text: "Sun.", published: day(2), ..first };
        let found = keys(&[first, second]);
        assert_ne!(found[0].key, found[1].key);
        let undated = |entry: Keyed<'static>| Keyed { published: None, ..entry };
        let found = keys(&[undated(first), undated(second)]);
        assert_ne!(found[0].key, found[1].key);
        // With guids of their own they are two, and the page they share marks neither.
        let found = keys(&[Keyed { guid: Some("1"), ..first }, Keyed { guid: Some("2"), ..second }]);
        assert_eq!(words(&found), ["g:1", "g:2"]);
        assert!(found.iter().all(|keys| rules(keys) == [Rule::Guid, Rule::Title, Rule::Text]), "{found:?}");
    }

    #[test]
    fn an_entry_listed_twice_under_two_guids_is_one() {
        let one =
            Keyed { guid: Some("e.org/1#0"), link: Some("e.org/1"), title: "One", text: "Rain.", ..Keyed::default() };
        let twice = Keyed { guid: Some("e.org/1#1"), ..one };
        assert_eq!(words(&keys(&[one, twice])), ["g:e.org/1#0", "g:e.org/1#0"]);
        assert_eq!(words(&keys(&[one, Keyed { text: "Sun.", ..twice }])), ["g:e.org/1#0", "g:e.org/1#1"]);
    }

    #[test]
    fn an_entry_printed_twice_with_links_made_for_each_visit_is_one() {
        let published = Some("2026-02-12T23:00:00Z".parse().unwrap());
        let text = "It rained all day, and in the evening the river stood in the lower streets.";
        let link = Some("e.org/1?visit=7");
        let one = Keyed { guid: Some("id-1"), link, title: "One", text, published };
        let again = Keyed { link: Some("e.org/1?visit=8"), ..one };
        assert_eq!(words(&keys(&[one, again])), ["g:id-1", "g:id-1"]);
        // Where less agrees, the guid may be everybody's.
        let check = |one: Keyed, other: Keyed| assert!(words(&keys(&[one, other]))[0].starts_with("u:"), "{other:?}");
        check(one, Keyed { text: "It was dry.", ..again });
        check(Keyed { text: "Rain.", ..one }, Keyed { text: "Rain.", ..again });
        check(one, Keyed { published: None, ..again });
    }

    #[test]
    fn ids_are_short_and_the_same_everywhere() {
        let key = ArticleKey("g:1".to_owned());
        let first = code("https://e.org/feed", &key, 0);
        assert_eq!(first, code("https://e.org/feed", &key, 0));
        assert_ne!(first, code("https://e.org/feed", &key, 1));
        assert!(
            first.0.len() == 11
                && first.0.starts_with('a')
                && first.0.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }
}
