//! Station: a digest as templates see it: every word on one clean line, every link http(s), every phrase ready to print.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::Value;
use serde::{Deserialize, Serialize, Serializer};

use crate::digest::chart;
use crate::digest::coverage::Coverage;
use crate::digest::{AlsoCovered, Counts, Digest, News, Section, Story};
use crate::listing::plain::{count, coverage, date, headline, line, link, moment, span, utc};

/// The digest, the root of what a template can name (as `digest`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DigestView {
    /// A name for the digest that is the same in every edition (RFC 4151).
    pub urn: String,
    /// Its name.
    pub name: String,
    /// What stands on top.
    pub title: String,
    /// The last day it covers: `13 February 2026`.
    pub day: String,
    /// The window it covers, in words.
    pub window: String,
    /// What it holds, in words.
    pub tally: String,
    /// `4 min to read`; `None` where there is nothing to read.
    pub reading: Option<String>,
    /// The window begins after this (UTC, RFC 3339, as every `_utc`).
    pub from_utc: String,
    /// It ends here.
    pub until_utc: String,
    /// When it was made: `2026-02-13 15:00`.
    pub generated: String,
    /// The same in UTC.
    pub generated_utc: String,
    /// When a story of it last had news; the window's end where there is no story.
    pub news_utc: String,
    /// Stories in the digest.
    pub story_count: usize,
    /// Stories that the limits left out.
    pub left_out: usize,
    /// Its sections, in order.
    pub sections: Vec<SectionView>,
}

/// The stories under one heading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SectionView {
    /// The heading; `None` where there is only one section and nothing to tell it from.
    pub title: Option<String>,
    /// Its stories.
    pub stories: Vec<StoryView>,
}

/// One story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoryView {
    /// Its place in the digest as it is laid out, from 1.
    pub place: usize,
    /// The cluster's id.
    pub id: String,
    /// A name for the story that is the same in every edition and every digest (RFC 4151).
    pub urn: String,
    /// The headline; `(no title)` where there is none.
    pub headline: String,
    /// Its language, fit for `lang`.
    pub lang: Option<String>,
    /// Which way it is written: `ltr` or `rtl`.
    pub dir: Cow<'static, str>,
    /// Where it leads.
    pub url: Option<String>,
    /// The outlet that the link leads to, where it is another than `outlet`.
    pub url_outlet: Option<String>,
    /// The outlet whose headline it is.
    pub outlet: String,
    /// Its beginning; may be empty.
    pub summary: String,
    /// Its text by paragraphs, as far as it is there.
    pub text: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether an earlier edition told it.
    pub is_update: bool,
    /// When: `2026-02-13 15:00`.
    pub told: Option<String>,
    /// What is new in an update.
    pub news: Vec<NewsView>,
    /// How much more is new.
    pub news_more: usize,
    /// `5 articles, 4 outlets, 3 independent`.
    pub coverage: String,
    /// How many articles.
    pub article_count: usize,
    /// How many outlets.
    pub outlet_count: usize,
    /// How many of them in words of their own.
    pub independent_count: usize,
    /// `4 min`; `None` where the text is only a lead.
    pub reading: Option<String>,
    /// When its newest article was published: `2026-02-13 15:00`.
    pub published: String,
    /// The same for a page: `Fri 13 Feb, 15:00`.
    pub when: String,
    /// The same in UTC.
    pub published_utc: String,
    /// When its first article was published, in UTC.
    pub first_utc: String,
    /// When it last had news, in UTC.
    pub news_utc: String,
    /// The other outlets that report it.
    pub also: Vec<AlsoView>,
    /// How many more there are.
    pub also_more: usize,
    /// From its first article to its last: `Thu 12 Feb, 22:05 to Fri 13 Feb, 12:50`; `None` where a chart says nothing.
    pub span: Option<String>,
    /// The two ends of it.
    pub ends: Vec<String>,
    /// How long that is: `5 articles in 15 h`.
    pub over: Option<String>,
    /// Its coverage over time as a line of small bars.
    pub spark: Option<String>,
    /// Its coverage over time as SVG, made of numbers alone; safe as it is in HTML and XHTML.
    pub chart: Option<Svg>,
}

/// A picture of our own making. To a template it is safe as it is; to a program it is text, and stays a picture when it is read back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Svg(String);

impl Serialize for Svg {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

/// An article that makes an update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewsView {
    /// Its outlet.
    pub outlet: String,
    /// Its title.
    pub title: String,
    /// Which way the title is written.
    pub dir: Cow<'static, str>,
    /// Its link.
    pub url: Option<String>,
    /// When it was published: `2026-02-13 15:00`.
    pub published: String,
}

/// Another outlet's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlsoView {
    /// The outlet.
    pub outlet: String,
    /// Its title.
    pub title: String,
    /// Its link.
    pub url: Option<String>,
    /// Whether it repeats another's text.
    pub copy: bool,
}

impl DigestView {
    /// The digest, with its times in a zone.
    pub fn of(digest: &Digest, zone: &TimeZone) -> DigestView {
        let sections = digest.sections();
        let named = sections.len() > 1 || sections.first().is_some_and(|section| section.tag.is_some());
        let mut places = 1..;
        let mut section = |section: &Section<'_>| SectionView {
            title: named.then(|| section.tag.map_or_else(|| "More".to_owned(), headline)),
            stories: section
                .stories
                .iter()
                .zip(&mut places)
                .map(|(of, place)| story(of, place, digest, zone))
                .collect(),
        };
        let news_at = digest.stories.iter().map(|story| story.news_at).max();
        DigestView {
            urn: format!("tag:newsfold,2026:digest/{}", encoded(&digest.name)),
            name: headline(&digest.name),
            title: headline(&digest.title),
            day: digest.until.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string(),
            window: line(&digest.window(zone)),
            tally: tally(&digest.counts),
            reading: (digest.reading_minutes > 0).then(|| format!("{} min to read", digest.reading_minutes)),
            from_utc: utc(digest.from),
            until_utc: utc(digest.until),
            generated: moment(digest.generated, zone),
            generated_utc: utc(digest.generated),
            news_utc: utc(news_at.unwrap_or(digest.until)),
            story_count: digest.counts.stories,
            left_out: digest.counts.left_out,
            sections: sections.iter().map(&mut section).collect(),
        }
    }
}

/// `12 stories from 34 articles of 9 outlets; 3 more left out`.
pub fn tally(counts: &Counts) -> String {
    let stories = if counts.stories == 1 { "1 story".to_owned() } else { format!("{} stories", counts.stories) };
    let mut words = match counts.stories {
        0 => "Nothing new.".to_owned(),
        _ => format!("{stories} from {} of {}", count(counts.articles, "article"), count(counts.outlets, "outlet")),
    };
    if counts.left_out > 0 {
        words.push_str(&format!("; {} more left out", counts.left_out));
    }
    words
}

fn story(story: &Story, place: usize, digest: &Digest, zone: &TimeZone) -> StoryView {
    let facts = &story.facts;
    let when = |at: Timestamp| when(at, digest.until, zone);
    let chart = story.coverage.as_ref().filter(|coverage| coverage.is_worth_a_chart());
    let ends = chart.map(|coverage| ends(coverage, digest.until, zone)).unwrap_or_default();
    let span = chart.map(|_| ends.join(" to "));
    let over = chart.map(|coverage| over(coverage, facts.article_count));
    let label = format!("{}: {}", over.as_deref().unwrap_or_default(), span.as_deref().unwrap_or_default());
    let last = facts.last_published;
    StoryView {
        place,
        id: story.id.0.clone(),
        urn: format!("tag:newsfold,2026:cluster/{}", encoded(&story.id.0)),
        headline: headline(&story.headline),
        lang: story.headline_lang.as_deref().and_then(language),
        dir: direction(&story.headline, story.headline_lang.as_deref()).into(),
        url: story.url.as_deref().and_then(address),
        url_outlet: story.url_outlet.as_deref().map(headline),
        outlet: line(&story.outlet),
        summary: line(&story.summary),
        text: story.text.iter().map(|paragraph| line(paragraph)).filter(|paragraph| !paragraph.is_empty()).collect(),
        tags: story.tags.iter().map(|tag| line(tag)).collect(),
        is_update: story.told.is_some(),
        told: story.told.map(|told| moment(told, zone)),
        news: story.news.iter().map(|news| new(news, zone)).collect(),
        news_more: story.news_more,
        coverage: coverage(facts),
        article_count: facts.article_count,
        outlet_count: facts.outlet_count(),
        independent_count: facts.independent_count,
        reading: story.reading_minutes.map(|minutes| format!("{minutes} min")),
        published: moment(last, zone),
        when: when(last),
        published_utc: utc(last),
        first_utc: utc(facts.first_published),
        news_utc: utc(story.news_at),
        also: story.also.iter().map(also).collect(),
        also_more: story.also_more,
        span,
        ends,
        over,
        spark: chart.map(chart::spark),
        chart: chart.map(|coverage| Svg(chart::svg(coverage, &label))),
    }
}

/// `Thu 12 Feb, 22:05` and `Fri 13 Feb, 12:50`; of the later one only the time, where both are of one day.
fn ends(coverage: &Coverage, until: Timestamp, zone: &TimeZone) -> Vec<String> {
    let last = match date(coverage.first, zone) == date(coverage.last, zone) {
        true => coverage.last.to_zoned(zone.clone()).strftime("%H:%M").to_string(),
        false => when(coverage.last, until, zone),
    };
    vec![when(coverage.first, until, zone), last]
}

/// `5 articles in 15 h`, or `3 of 5 articles in 15 h` where some have no date.
fn over(coverage: &Coverage, articles: usize) -> String {
    let seconds = coverage.last.as_second().saturating_sub(coverage.first.as_second()).unsigned_abs();
    let counted = coverage.articles();
    let some = if counted < articles as u64 { format!("{counted} of ") } else { String::new() };
    format!("{some}{} in {}", count(articles, "article"), span(seconds))
}

fn new(news: &News, zone: &TimeZone) -> NewsView {
    NewsView {
        outlet: line(&news.outlet),
        title: headline(&news.title),
        dir: direction(&news.title, None).into(),
        url: news.url.as_deref().and_then(address),
        published: moment(news.published, zone),
    }
}

fn also(other: &AlsoCovered) -> AlsoView {
    AlsoView {
        outlet: headline(&other.outlet),
        title: headline(&other.title),
        url: other.url.as_deref().and_then(address),
        copy: other.copy,
    }
}

/// `Fri 13 Feb, 15:00`; with the year where it is not the digest's own.
fn when(at: Timestamp, until: Timestamp, zone: &TimeZone) -> String {
    let (at, until) = (at.to_zoned(zone.clone()), until.to_zoned(zone.clone()));
    at.strftime(if at.year() == until.year() { "%a %-d %b, %H:%M" } else { "%-d %b %Y, %H:%M" }).to_string()
}

/// A language tag that may stand in an attribute (BCP 47, as far as feeds use it).
fn language(lang: &str) -> Option<String> {
    let is_tag =
        lang.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    (is_tag && lang.len() <= 35).then(|| lang.to_owned())
}

/// Languages that are written from right to left.
const RTL_LANGUAGES: [&str; 13] = ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "nqo", "ps", "sd", "syr", "ug", "ur"];

/// Which way a line is written: by its language where it holds letters of such a script, else by its first letter (UAX #9, P2
/// and P3). A headline that begins with the name of a foreign broadcaster is still in its own language.
fn direction(text: &str, lang: Option<&str>) -> &'static str {
    let is_rtl = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}')
            || matches!(c, '\u{1e800}'..='\u{1efff}')
    };
    let primary = lang.and_then(|lang| lang.split('-').next()).unwrap_or_default();
    let rtl = match RTL_LANGUAGES.contains(&primary) {
        true => text.chars().any(is_rtl),
        false => text.chars().find(|c| c.is_alphabetic()).is_some_and(is_rtl),
    };
    if rtl { "rtl" } else { "ltr" }
}

/// An http(s) link as RFC 3986 wants it, which XML formats are held to: what browsers let pass (a `%` that spells nothing, brackets
/// behind the host, a second `#`) is spelled out.
fn address(url: &str) -> Option<String> {
    let url = link(url)?;
    let host_end = url.find("://").map_or(0, |scheme| scheme + 3);
    let path = url[host_end..].find(['/', '?', '#']).map_or(url.len(), |end| host_end + end);
    let mut safe = url[..path].to_owned();
    let mut in_fragment = false;
    for (place, c) in url[path..].char_indices().map(|(place, c)| (path + place, c)) {
        let spells =
            || url.as_bytes().get(place + 1..place + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        match c {
            '%' if !spells() => safe.push_str("%25"),
            '[' => safe.push_str("%5B"),
            ']' => safe.push_str("%5D"),
            '#' if in_fragment => safe.push_str("%23"),
            c => safe.push(c),
        }
        in_fragment |= c == '#';
    }
    Some(safe)
}

/// What may stand in a `tag:` URI as it is; all else is spelled by its bytes.
fn encoded(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => safe.push(char::from(byte)),
            other => safe.push_str(&format!("%{other:02X}")),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use crate::digest::view::{address, direction, encoded, language, when};
    use crate::listing::samples::{at, zone};

    #[test]
    fn a_line_is_written_the_way_of_its_language_or_of_its_first_letter() {
        let check =
            |text: &str, lang: Option<&str>, expected: &str| assert_eq!(direction(text, lang), expected, "{text:?}");
        check("Bridge shut", None, "ltr");
        check("إغلاق الجسر", None, "rtl");
        check("«2026: הגשר נסגר»", None, "rtl");
        check("BBC: הגשר נסגר", None, "ltr");
        check("BBC: הגשר נסגר", Some("he"), "rtl");
        check("The bridge is shut", Some("ar-EG"), "ltr");
        check("橋が閉鎖", Some("ja"), "ltr");
        check("", None, "ltr");
        check("ܓܫܪܐ", None, "rtl");
    }

    #[test]
    fn a_link_is_spelled_by_the_letter_of_the_law() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(address(url).as_deref(), expected, "{url:?}");
        check("https://e.example/a%20b?c=%E4%BD&d#e", Some("https://e.example/a%20b?c=%E4%BD&d#e"));
        check("http://a/%%30%3", Some("http://a/%25%30%253"));
        check("http://[::1]:81/a[b]?c[]=1#d#e", Some("http://[::1]:81/a%5Bb%5D?c%5B%5D=1#d%23e"));
        check("https://e.example?é=%", Some("https://e.example/?%C3%A9=%25"));
        check("javascript:alert(1)", None);
    }

    #[test]
    fn only_a_language_tag_is_one() {
        let check = |lang: &str, expected: Option<&str>| assert_eq!(language(lang).as_deref(), expected, "{lang:?}");
        check("en", Some("en"));
        check("zh-Hant", Some("zh-Hant"));
        check("en\" onload=\"x", None);
        check("", None);
        check("en-", None);
    }

    #[test]
    fn names_are_spelled_for_a_uri_and_times_for_people() {
        assert_eq!(encoded("morning paper/é"), "morning%20paper%2F%C3%A9");
        let until = at("2026-02-13T15:00:00Z");
        assert_eq!(when(at("2026-02-12T21:05:00Z"), until, &zone()), "Thu 12 Feb, 22:05");
        assert_eq!(when(at("2025-10-02T09:00:00Z"), until, &zone()), "2 Oct 2025, 10:00");
    }
}
