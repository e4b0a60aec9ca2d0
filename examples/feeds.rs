//! Writes made-up news feeds for `benches/ingest.sh`: as many as asked for, always the same ones.
//!
//! usage: cargo run --release --example feeds -- FOLDER FEEDS [ENTRIES] [NEWEST, seconds since 1970]
//! Half are RSS 2.0, half Atom. Lengths are those measured on captured news feeds: half of the bodies have fewer than about 250
//! characters, one in twenty more than 6,500, and a feed is either short or full. Stories are told by one to many outlets, each in
//! words of its own; one telling in twelve is a wire's text, taken over word for word.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;

/// What holds English together; about half of the words of a text.
const COMMON: &[&str] = &[
    "the", "of", "and", "to", "in", "a", "that", "is", "was", "for", "on", "with", "as", "by", "at", "from", "it",
    "has", "be", "are", "have", "were", "which", "an", "this", "will", "their", "been", "who", "but", "its", "after",
    "not", "more", "than", "would", "last", "year", "about", "new", "people", "over", "when", "other", "could",
    "first", "also", "two", "years", "into",
];
/// Made-up words are made of these: 32 to the third power of them have at most three syllables.
const SYLLABLES: [&str; 32] = [
    "ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis", "vel", "kan",
    "dor", "phi", "sha", "bru", "cle", "fen", "nor", "pel", "ri", "sto", "tan", "wen", "ost", "ard",
];
/// Words that a language has; rank r is drawn about 1/r as often as the first.
const VOCABULARY: f64 = 30_000.0;
/// Words of a story's own begin here, so that no two stories share them.
const OWN_WORDS: u64 = 40_000;
/// Entries per story, on average.
const TELLINGS: u64 = 4;
/// Seconds over which a feed's entries are spread.
const SPREAD_SECONDS: u64 = 5 * 24 * 3_600;
/// The middle length of a body, in characters, and how far feeds and entries lie from it (as powers of e).
const BODY_CHARS: f64 = 250.0;
const SPREAD_OF_FEEDS: f64 = 1.75;
const SPREAD_OF_ENTRIES: f64 = 0.8;
const BODY_CHARS_MAX: f64 = 60_000.0;

/// A small generator of numbers (Knuth's MMIX constants): the same feeds on every machine.
struct Draw(u64);

impl Draw {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    /// From 0 to below 1.
    fn share(&mut self) -> f64 {
        self.below(1 << 24) as f64 / f64::from(1 << 24)
    }

    fn rank(&mut self, ranks: f64) -> u64 {
        ranks.powf(self.share()) as u64
    }

    /// About normal, around 0 and as wide as 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// What happened: a number from which its words are made.
struct Story(u64);

impl Story {
    /// A third of all entries tell what nobody else tells; of the rest, some stories are told by many outlets.
    fn draw(draw: &mut Draw, entries: u64) -> Story {
        let shared = (entries / (TELLINGS * 2)).max(1);
        match draw.below(3) {
            0 => Story(shared + draw.below(entries * 64)),
            1 => Story(draw.below(shared)),
            _ => Story((shared as f64 * draw.share().powi(2)) as u64),
        }
    }

    fn own(&self, k: u64) -> String {
        word(OWN_WORDS + self.0 * 17 + k)
    }

    fn name(&self, k: u64) -> String {
        capital(&self.own(12 + k % 4))
    }

    /// A figure that every telling repeats.
    fn number(&self) -> u64 {
        self.0 * 7_919 % 9_000 + 12
    }
}

fn word(mut number: u64) -> String {
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(number % 32) as usize]);
        number /= 32;
        if number == 0 {
            return word;
        }
    }
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_ascii_uppercase().to_string() + characters.as_str()).unwrap_or_default()
}

fn headline(story: &Story, draw: &mut Draw) -> String {
    let verb = COMMON[draw.below(COMMON.len() as u64) as usize];
    let (first, second) = (draw.below(4), draw.below(4));
    match draw.below(3) {
        0 => format!("{} {} {verb} {} in {}", story.name(first), story.own(0), story.own(1), story.name(second)),
        1 => format!("{}: {} {} {verb} {}", story.name(first), story.own(0), story.own(2), word(draw.rank(VOCABULARY))),
        _ => format!(
            "{} {verb} {} {}, says {}",
            capital(&story.own(1)),
            story.own(0),
            story.number(),
            story.name(second)
        ),
    }
}

/// Sentences until there are `chars` characters.
fn telling(story: &Story, chars: usize, draw: &mut Draw) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut length = 0;
    while length < chars {
        let words: Vec<String> = (0..8 + draw.below(18))
            .map(|_| match draw.below(20) {
                0..=8 => COMMON[draw.below(COMMON.len() as u64) as usize].to_owned(),
                9..=10 => story.own(draw.below(12)),
                11 => story.name(draw.below(4)),
                12 if draw.below(4) == 0 => story.number().to_string(),
                _ => word(draw.rank(VOCABULARY)),
            })
            .collect();
        let sentence = capital(&words.join(" ")) + ".";
        length += sentence.len() + 1;
        sentences.push(sentence);
    }
    sentences
}

/// A body as content systems write it: short ones are plain, longer ones have paragraphs, links and pictures.
fn html(story: &Story, chars: usize, draw: &mut Draw) -> String {
    let sentences = telling(story, chars, draw);
    if chars < 400 {
        return sentences.join(" ");
    }
    let mut html = String::new();
    if draw.below(2) == 0 {
        write!(html, "<figure><img src=\"/media/{}.jpg\" alt=\"{}\"/>", story.own(3), story.name(0)).expect("a string");
        writeln!(html, "<figcaption>{} &amp; {}</figcaption></figure>", story.name(0), story.name(1))
            .expect("a string");
    }
    for paragraph in sentences.chunks(3) {
        let text = paragraph.join(" ");
        let linked = format!("<a href=\"https://other.example/{}?utm_source=rss\">{}</a>", story.own(5), story.name(2));
        let text = text.replacen(&story.name(2), &linked, 1);
        writeln!(html, "<p>{}</p>", text.replacen(" and ", " <em>and</em>&nbsp;", 1)).expect("a string");
    }
    html
}

struct Entry {
    title: String,
    html: String,
    url: String,
    published: Timestamp,
}

/// An entry of about so many characters, told in a stream of `entries`.
fn entry((feed, number): (u64, u64), chars: usize, newest: i64, entries: u64, draw: &mut Draw) -> Entry {
    let story = Story::draw(draw, entries);
    // A wire's text is drawn from the story alone, so that every outlet that takes it over has the same words.
    let mut wire = Draw(story.0 ^ 0x5eed);
    let draws = if draw.below(12) == 0 { &mut wire } else { &mut *draw };
    let (title, html) = (headline(&story, draws), html(&story, chars, draws));
    let age = draw.below(SPREAD_SECONDS);
    let url = format!("https://outlet{feed}.example/2026/{}-{}-{number}.html", story.own(0), story.own(1));
    Entry { title, html, url, published: Timestamp::from_second(newest - age as i64).expect("this century") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn rss(feed: u64, entries: &[Entry]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\n<title>Outlet {feed}</title>\
         <link>https://outlet{feed}.example/</link><description>News of outlet {feed}</description>{}\n",
        // Every third feed leaves its language to be found out.
        if feed.is_multiple_of(3) { "" } else { "<language>en</language>" }
    );
    for entry in entries {
        let date = entry.published.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let (title, url) = (escaped(&entry.title), &entry.url);
        write!(xml, "<item><title>{title}</title><link>{url}</link><guid isPermaLink=\"true\">{url}</guid>")
            .expect("a string");
        write!(
            xml,
            "<pubDate>{date}</pubDate><dc:creator>{}</dc:creator><category>news</category>",
            capital(&word(feed))
        )
        .expect("a string");
        if entry.html.len() < 1_000 {
            writeln!(xml, "<description>{}</description></item>", escaped(&entry.html)).expect("a string");
        } else {
            let lead: String = entry.html.split("</p>").next().unwrap_or_default().chars().take(2_000).collect();
            write!(xml, "<description>{}</description>", escaped(&lead)).expect("a string");
            writeln!(xml, "<content:encoded><![CDATA[{}]]></content:encoded></item>", entry.html).expect("a string");
        }
    }
    xml + "</channel></rss>\n"
}

fn atom(feed: u64, newest: i64, entries: &[Entry]) -> String {
    let newest = Timestamp::from_second(newest).expect("this century");
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"{}>\n<title>Outlet \
         {feed}</title><id>tag:outlet{feed}.example,2026:feed</id><updated>{newest}</updated>\
         <link href=\"https://outlet{feed}.example/\"/>\n",
        if feed.is_multiple_of(3) { "" } else { " xml:lang=\"en\"" }
    );
    for entry in entries {
        let (title, url, date) = (escaped(&entry.title), &entry.url, entry.published);
        write!(xml, "<entry><title>{title}</title><link rel=\"alternate\" href=\"{url}\"/><id>{url}</id>")
            .expect("a string");
        write!(xml, "<published>{date}</published><updated>{date}</updated>").expect("a string");
        write!(xml, "<author><name>{}</name></author>", capital(&word(feed))).expect("a string");
        let element = if entry.html.len() < 1_000 { "summary" } else { "content" };
        writeln!(xml, "<{element} type=\"html\">{}</{element}></entry>", escaped(&entry.html)).expect("a string");
    }
    xml + "</feed>\n"
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("say where the feeds go: FOLDER FEEDS [ENTRIES] [NEWEST]")?;
    let feeds: u64 = arguments.next().context("say how many feeds")?.parse().context("FEEDS is a number")?;
    let per_feed: u64 = arguments.next().as_deref().unwrap_or("30").parse().context("ENTRIES is a number")?;
    let newest: i64 =
        arguments.next().as_deref().unwrap_or("1771000000").parse().context("NEWEST is a number of seconds")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    for feed in 1..=feeds {
        // Every feed is drawn for itself: the first 500 of 5,000 are not those of 500, but as like them as can be.
        let mut draw = Draw(feed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let middle = BODY_CHARS * (SPREAD_OF_FEEDS * draw.normal()).exp();
        let mut entries: Vec<Entry> = (0..per_feed)
            .map(|number| {
                let chars = (middle * (SPREAD_OF_ENTRIES * draw.normal()).exp()).clamp(40.0, BODY_CHARS_MAX);
                entry((feed, number), chars as usize, newest, feeds * per_feed, &mut draw)
            })
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.published));
        let xml = if feed % 2 == 0 { rss(feed, &entries) } else { atom(feed, newest, &entries) };
        let path = folder.join(format!("{feed:05}.xml"));
        std::fs::write(&path, xml).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}
