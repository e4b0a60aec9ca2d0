//! Documents made hostile by chance: seeds, and changes whose chance is drawn from one number, so that any input can be made again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::shared;

/// The largest document that is made.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Numbers that look like chance: SplitMix64 (Steele, Lea, Flood, 2014).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64, number: u64) -> Dice {
        let mut dice = Dice(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// Small numbers often, large ones seldom.
    fn skewed(&mut self, end: usize) -> usize {
        let bits = self.below(end.max(1).ilog2() as usize + 1);
        self.below((1 << (bits + 1)).min(end.max(1)))
    }
}

/// Pieces that parsers trip over, put in as they are or many times over.
const PIECES: &[&str] = &[
    "<",
    ">",
    "&",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "--",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    "<?",
    "?>",
    "<!DOCTYPE rss [",
    "<!ENTITY a \"aaaaaaaa\">",
    "<!ENTITY b SYSTEM \"file:///etc/hostname\">",
    "&a;",
    "&b;",
    "%c;",
    "&#0;",
    "&#x1b;",
    "&#xD800;",
    "&#99999999999999999999;",
    "&nbsp;",
    "&amp;amp;lt;",
    "&notanentity;",
    "&#x9b;",
    "\u{0}",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{a0}",
    "\u{feff}",
    "\u{fffe}",
    "é",
    "日本",
    "\u{1f468}\u{200d}\u{1f469}",
    "<item>",
    "</item>",
    "<entry>",
    "</entry>",
    "<channel>",
    "</channel>",
    "<rss>",
    "</rss>",
    "<rss version=\"0.93\">",
    "<feed xmlns=\"http://purl.org/atom/ns#\">",
    "</feed>",
    "<title>",
    "</title>",
    "<title/>",
    "<description>",
    "<content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">",
    "<media:group>",
    "</media:group>",
    "<media:content>",
    "<media:description/>",
    "<itunes:category text=\"a\">",
    "<itunes:duration>99999999999999999999</itunes:duration>",
    "<author>Jane\u{a0}jane@example.com</author>",
    "<author>jane@example.com\u{ff1a}Jane</author>",
    "<pubDate>99 Foo 99999 99:99:99 +9999</pubDate>",
    "<pubDate>1707825600</pubDate>",
    "<guid isPermaLink=\"false\">",
    "<link rel=\"alternate\" href=\"",
    "<link>javascript:alert(1)</link>",
    "<enclosure url=\"\" length=\"-1\" type=\"a\"/>",
    "<source url=\"x\">",
    "<ttl>-1</ttl>",
    "<sy:updateFrequency>0</sy:updateFrequency>",
    "<div>",
    "</div>",
    "<ul><li>",
    "<table><tr><td>",
    "<script>",
    "</script>",
    "<style>",
    "<svg><math>",
    "<a href='",
    "<img src=x onerror=alert(1)>",
    "<plaintext>",
    "<textarea>",
    "<!--><p",
    "=\"",
    "='",
    " a=b",
    "\"",
    "'",
    "/",
    "/>",
    "\n",
    "\r\n",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"items\":[",
    "\"version\":\"https://jsonfeed.org/version/1\"",
    "\"\\ud800\"",
    "\\u0000",
    "1e999",
    "null",
    "xmlns:a=\"b\"",
    "xmlns=\"\"",
    "xml:base=\"http://[::1\"",
    "xml:lang=\"\"",
    "rdf:about=\"",
    "https://e.org/a?utm_source=b#c",
    "Fri, 13 Feb 2026 12:00:00 GMT",
    "2026-02-13T12:00:00Z",
];

/// Pairs that nest.
const NESTS: &[(&str, &str)] = &[
    ("<div>", "</div>"),
    ("<media:group>", "</media:group>"),
    ("<itunes:category text='a'>", "</itunes:category>"),
    ("<item>", "</item>"),
    ("<rss><channel>", "</channel></rss>"),
    ("&lt;div&gt;", "&lt;/div&gt;"),
    ("<![CDATA[", "]]>"),
    ("<a:b xmlns:a='c'>", "</a:b>"),
    ("[", "]"),
    ("{\"items\":[", "]}"),
    ("<blockquote>", "</blockquote>"),
    ("(", ")"),
];

/// One document, made of one seed or of several.
pub fn document(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.one_of(seeds).clone();
    for _ in 0..=dice.skewed(6) {
        change(&mut bytes, seeds, dice);
        bytes.truncate(BODY_BYTES_MAX);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(16) {
        0 | 1 => {
            for _ in 0..=dice.skewed(32) {
                let place = dice.below(bytes.len());
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << dice.below(8);
                }
            }
        }
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(..at)),
        4 => drop(bytes.drain(at..(at + dice.skewed(4096)).min(bytes.len()))),
        5 | 6 => put(bytes, at, dice.one_of(PIECES).as_bytes()),
        7 => {
            let piece = dice.one_of(PIECES);
            put(bytes, at, piece.repeat(dice.skewed(2_000)).as_bytes());
        }
        8 => {
            let (open, close) = dice.one_of(NESTS);
            let depth = dice.skewed(5_000);
            let to = (at + dice.skewed(4096)).min(bytes.len());
            put(bytes, to, close.repeat(depth).as_bytes());
            put(bytes, at, open.repeat(depth).as_bytes());
        }
        9 => {
            let other = dice.one_of(seeds);
            let from = dice.below(other.len());
            put(bytes, at, &other[from..(from + dice.skewed(8192)).min(other.len())]);
        }
        10 => {
            let range = bytes[at..(at + dice.skewed(8192)).min(bytes.len())].to_vec();
            let times = dice.skewed(64).min(BODY_BYTES_MAX / range.len().max(1));
            put(bytes, at, &range.repeat(times));
        }
        11 => {
            let count = dice.skewed(3_000);
            let list: String = (0..count).map(|number| format!(" a{number}='x'")).collect();
            put(bytes, at, list.as_bytes());
        }
        12 => recode(bytes, dice),
        13 => *bytes = swapped(bytes, dice),
        14 => {
            let long = [b'a', b'&', b'<', b' ', b'9', 0xff][dice.below(6)];
            put(bytes, at, &vec![long; dice.skewed(65_536)]);
        }
        _ => put(bytes, at, &[dice.next() as u8, dice.next() as u8]),
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let room = BODY_BYTES_MAX.saturating_sub(bytes.len());
    bytes.splice(at..at, piece[..piece.len().min(room)].iter().copied());
}

/// The same text in another encoding, or under another's name.
fn recode(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = match dice.below(6) {
        0 => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        1 => [&[0xff, 0xfe][..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat(),
        2 => text.chars().flat_map(|letter| (letter as u32).to_be_bytes()).collect(),
        3 => text.chars().map(|letter| letter as u8).collect(),
        4 => text.replace("UTF-8", "iso-8859-1").replace("utf-8", "utf-7").into_bytes(),
        _ => [b"<?xml version='1.0' encoding='shift_jis'?>", text.as_bytes()].concat(),
    };
}

/// One of its words in the place of another.
fn swapped(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text.split_inclusive(['<', '>', ' ', '"', '=']).collect();
    let (one, other) = (dice.below(words.len()), dice.below(words.len()));
    words.iter().enumerate().flat_map(|(at, word)| if at == one { words[other] } else { word }.bytes()).collect()
}

/// Our own feeds and pages, and what lies beside the checkout, in a fixed order.
pub fn seeds() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut paths = files(&fixtures.join("feeds"));
    paths.extend(files(&fixtures.join("html")));
    if let Some(folder) = shared("security/feed-rs-panics") {
        paths.extend(files(&folder));
    }
    if let Some(folder) = shared("feeds") {
        // Every 20th: many are alike.
        paths.extend(files(&folder).into_iter().step_by(20));
    }
    let mut seeds: Vec<Vec<u8>> = paths.iter().filter_map(|path| fs::read(path).ok()).collect();
    // A document that fills the limit by itself leaves no room for chance.
    seeds.retain(|seed| !seed.is_empty() && seed.len() <= 48 * 1024);
    seeds
}

/// All files under a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry of it too").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
