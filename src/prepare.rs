//! Station: a feed's bytes to drafts, cleaned and keyed.

mod encoding;
mod repeated;

use std::collections::HashSet;
use std::sync::Once;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::clean::{self, Cleaned, Cut};
use crate::features;
use crate::features::ahead::Ahead;
use crate::features::language::{self, Told};
use crate::identify::voice::{self, Credits};
use crate::identify::{self, Canonical, Keyed, Keys, likeness};
use crate::model::{ArticleKey, DateDoubt, Draft, Enclosure, Entry, Pace, Rung};
use crate::parse::{self, Hints, ParseError};

/// How much is taken from a feed, and what is believed of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Limits of cleaning.
    pub clean: clean::Limits,
    /// Entries that are read of one document.
    pub entries_max: usize,
    /// Elements inside of elements in a document.
    pub depth_max: usize,
    /// Attributes of one element in a document.
    pub attributes_max: usize,
    /// Categories that an entry keeps.
    pub categories_max: usize,
    /// Enclosures that an entry keeps.
    pub enclosures_max: usize,
    /// Characters of a name: author, category, `<source>`.
    pub name_chars_max: usize,
    /// Characters of a title that is made of the text's first words.
    pub made_title_chars_max: usize,
    /// Seconds by which a publisher's clock may be ahead of ours before its date is doubted.
    pub ahead_seconds_max: i64,
    /// Dates before this moment are no dates of news: a publisher's 1970 means "none".
    pub oldest: Timestamp,
    /// Whether the drafts' features are made here already, and how.
    pub ahead: Option<features::Params>,
}

impl Default for Params {
    fn default() -> Params {
        let hints = Hints::default();
        Params {
            clean: clean::Limits::default(),
            entries_max: hints.entries_max,
            depth_max: hints.depth_max,
            attributes_max: hints.attributes_max,
            categories_max: 20,
            enclosures_max: 20,
            name_chars_max: 200,
            made_title_chars_max: 80,
            ahead_seconds_max: 600,
            oldest: Timestamp::constant(631_152_000, 0), // 1990-01-01T00:00:00Z
            ahead: None,
        }
    }
}

/// Whose bytes they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The feed's URL as configured.
    pub feed_url: String,
    /// Where the bytes came from in the end; relative links are resolved against it.
    pub final_url: Url,
    /// The answer's `Content-Type`.
    pub content_type: Option<String>,
}

/// A feed's document, ready for the writer.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The feed's own title, plain.
    pub title: Option<String>,
    /// The site it belongs to: an http(s) address.
    pub site: Option<String>,
    /// The publisher's name, made of title and site.
    pub outlet: String,
    /// How often the feed says it may be asked.
    pub pace: Pace,
    /// Which rung of the ladder read it.
    pub rung: Rung,
    /// Whether the document ends before its root does: what it was sent with must not be kept, or the rest of it never comes.
    pub is_torn: bool,
    /// Its entries, each key once, in the feed's order.
    pub drafts: Vec<Draft>,
    /// Their features, if they were wanted.
    pub ahead: Option<Box<Ahead>>,
    /// Entries read, duplicates included.
    pub entries: usize,
    /// How many of the drafts have no date that can be used.
    pub undated: usize,
    /// What was wrong and could be lived with, one line each.
    pub warnings: Vec<String>,
}

/// Reads a document and prepares every entry of it.
///
/// # Errors
/// Where the bytes are no feed, or none that can be read. No entry of a feed that can be read is lost: what an entry lacks
/// is made up from what it has.
pub fn drafts(body: &[u8], asked: &Asked, now: Timestamp, params: &Params) -> Result<Prepared, ParseError> {
    let hints = Hints {
        content_type: asked.content_type.clone(),
        base: Some(asked.final_url.clone()),
        entries_max: params.entries_max,
        depth_max: params.depth_max,
        attributes_max: params.attributes_max,
    };
    let mut feed = parse::feed(body, &hints)?;
    let decoded = encoding::repair(&mut feed);
    let site = feed.site.and_then(|site| identify::canonical(&site, Some(&asked.final_url)));
    let context = Context { base: Some(&asked.final_url), site: site.as_ref(), now, params };
    let entries = feed.entries.len();
    feed.entries.retain(says_something);
    let said = feed.entries.len();
    let cleaned: Vec<Keyless> = feed.entries.into_iter().map(|entry| keyless(entry, &context)).collect();
    let mut warnings = feed.warnings;
    if decoded > 0 {
        warnings.push(format!("the text of {decoded} entries was encoded twice and was repaired"));
    }
    let cut = cleaned.iter().filter(|one| one.is_cut).count();
    if cut > 0 {
        warnings.push(format!("{cut} texts were longer than is kept and were cut"));
    }
    let mut drafts = keyed(cleaned);
    settle_languages(&mut drafts);
    repeated::note(&mut drafts);
    if said < entries {
        warnings.push(format!("{} entries say nothing at all", entries - said));
    }
    if drafts.len() < said {
        warnings.push(format!("{} entries stand in the feed twice", said - drafts.len()));
    }
    let title = feed.title.map(|title| clean::title(&title, &params.clean)).filter(|title| !title.is_empty());
    let undated = drafts.iter().filter(|draft| draft.published.is_none()).count();
    let site = site.map(|site| site.url);
    // A feed read from a file has no site of its own but the one it names.
    let outlet = identify::outlet_name(title.as_deref(), site.as_deref(), &asked.feed_url);
    let ahead = params.ahead.clone().map(|wanted| Box::new(Ahead::of(&drafts, wanted)));
    Ok(Prepared {
        title,
        site,
        outlet,
        pace: feed.pace,
        rung: feed.rung,
        is_torn: feed.is_torn,
        drafts,
        ahead,
        entries,
        undated,
        warnings,
    })
}

/// Makes the tables that reading, cleaning and comparing look things up in, once for a process, by reading a document of our own: that
/// takes longer than many a document does.
pub fn made_ready(now: Timestamp) {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        let url = "https://example.com/";
        let asked =
            Asked { feed_url: url.to_owned(), final_url: Url::parse(url).expect("it is a URL"), content_type: None };
        let params = Params { ahead: Some(features::Params::default()), ..Params::default() };
        let read = drafts(READY.as_bytes(), &asked, now, &params);
        debug_assert!(read.is_ok_and(|prepared| prepared.drafts.len() == 1), "it is a feed with an entry");
    });
}

/// A feed with an entry that has something for every reader of it.
const READY: &str = "<rss version=\"2.0\"><channel><title>The Lamp</title><link>https://example.com/</link><item>\
    <title>Twelve apprentices open a bakery in Kellbruck</title><link>https://example.com/1</link><guid>1</guid>\
    <pubDate>Fri, 13 Feb 2026 12:00:00 GMT</pubDate><description>&lt;p&gt;Twelve apprentices opened a bakery on Friday, \
    Marta Hollin said. It is the &lt;b&gt;first&lt;/b&gt; in the town for years.&lt;/p&gt;</description></item></channel></rss>";

/// Whether there is anything in an entry that an article could be made of: publishers leave empty elements behind.
fn says_something(entry: &Entry) -> bool {
    let words = [&entry.title, &entry.summary, &entry.content, &entry.link, &entry.guid];
    words.iter().any(|words| words.is_some()) || !entry.enclosures.is_empty()
}

/// What an entry is prepared against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What relative links are resolved against.
    pub base: Option<&'a Url>,
    /// The page that the feed belongs to: where an entry's link leads there, it tells no entry from another.
    pub site: Option<&'a Canonical>,
    /// The time at which it was read.
    pub now: Timestamp,
    /// Limits.
    pub params: &'a Params,
}

/// One entry alone, through the very code that prepares a feed's: for archives that have no document around it.
pub fn draft(mut entry: Entry, context: &Context) -> Draft {
    encoding::repair_entry(&mut entry);
    let mut drafts = keyed(vec![keyless(entry, context)]);
    settle_languages(&mut drafts);
    drafts.pop().expect("one entry makes one draft")
}

/// Gives every draft of a document its language.
fn settle_languages(drafts: &mut [Draft]) {
    let entries: Vec<Told<'_>> = drafts
        .iter()
        .map(|draft| Told { title: &draft.title, text: &draft.text, declared: draft.lang.as_deref() })
        .collect();
    let langs = language::of_document(&entries);
    for (draft, lang) in drafts.iter_mut().zip(langs) {
        draft.lang = lang;
    }
}

/// A draft without its key, and what its key is made of.
struct Keyless {
    draft: Draft,
    guid: Option<String>,
    /// The link's compared spelling, where it may tell the entry from others.
    link: Option<String>,
    is_cut: bool,
}

/// Gives every draft its key, and drops those whose key an earlier one has.
fn keyed(cleaned: Vec<Keyless>) -> Vec<Draft> {
    let entries: Vec<Keyed> = cleaned
        .iter()
        .map(|one| Keyed {
            guid: one.guid.as_deref(),
            link: one.link.as_deref(),
            title: &one.draft.title,
            published: one.draft.published,
            text: &one.draft.text,
        })
        .collect();
    let keys = identify::keys(&entries);
    let mut met: HashSet<ArticleKey> = HashSet::new();
    let drafts = cleaned.into_iter().zip(keys).map(|(one, Keys { key, marks })| Draft { key, marks, ..one.draft });
    drafts.filter(|draft| met.insert(draft.key.clone())).collect()
}

fn keyless(entry: Entry, context: &Context) -> Keyless {
    let params = context.params;
    let link = link(&entry, context.base);
    // Links of a text are relative to its own page.
    let page = link.as_ref().and_then(|link| Url::parse(&link.url).ok());
    let base = page.as_ref().or(context.base);
    let cleaned = article_text(entry.summary.as_deref(), entry.content.as_deref(), &params.clean);
    let (published, date_doubt) = dated(&entry, context);
    let title = entry.title.as_deref().map(|title| clean::title(title, &params.clean)).unwrap_or_default();
    let credits = Credits {
        authors: &entry.authors,
        byline: cleaned.byline.as_deref(),
        text: &cleaned.text,
        url: link.as_ref().map(|link| link.url.as_str()),
    };
    let voice = voice::voice(&credits);
    let image = entry.image.as_deref().or(cleaned.image.as_deref()).and_then(|image| identify::resolve(image, base));
    let draft = Draft {
        key: ArticleKey(String::new()),
        marks: Vec::new(),
        repeated: Vec::new(),
        sketch: likeness::sketch(&cleaned.text),
        title: filled(title).unwrap_or_else(|| made_title(&cleaned.text, link.as_ref(), params.made_title_chars_max)),
        author: author(&entry.authors, params)
            .or_else(|| cleaned.byline.clone().map(|name| without_affiliation(&name))),
        voice,
        lang: entry.lang.as_deref().and_then(primary_subtag),
        published,
        date_doubt,
        source: entry.source.as_deref().and_then(|source| name(source, params)),
        image: image.map(String::from),
        links: resolved(&cleaned.links, base),
        categories: categories(&entry.categories, params),
        enclosures: enclosures(&entry.enclosures, base, params.enclosures_max),
        url: link.as_ref().map(|link| link.url.clone()),
        canonical: link.as_ref().map(|link| link.key.clone()),
        text: cleaned.text,
    };
    let is_cut = cleaned.cut.iter().any(|cut| matches!(cut, Cut::Limit(_)));
    let link = link.map(|link| link.key).filter(|link| context.site.is_none_or(|site| site.key != *link));
    Keyless { draft, guid: entry.guid, link, is_cut }
}

/// The link of an entry. A proxy's address tells nothing and passes away: an address in the guid is better.
fn link(entry: &Entry, base: Option<&Url>) -> Option<Canonical> {
    let is_plain = |link: &Canonical| Url::parse(&link.url).is_ok_and(|url| !identify::is_proxy(&url));
    let link = entry.link.as_deref().and_then(|link| identify::canonical(link, base));
    if link.as_ref().is_some_and(is_plain) {
        return link;
    }
    // Only a whole address: a guid is no relative link.
    let of_guid = entry.guid.as_deref().and_then(|guid| identify::canonical(guid, None));
    of_guid.filter(|link| is_plain(link) && !link.is_front_page()).or(link)
}

/// The files of an entry that a reader could fetch, each once.
fn enclosures(found: &[Enclosure], base: Option<&Url>, enclosures_max: usize) -> Vec<Enclosure> {
    let mut met = HashSet::new();
    let resolved = found.iter().filter_map(|enclosure| {
        let url = String::from(identify::resolve(&enclosure.url, base)?);
        let media_type = enclosure.media_type.as_deref().map(str::trim).filter(|kind| is_media_type(kind));
        Some(Enclosure { url, media_type: media_type.map(str::to_ascii_lowercase), bytes: enclosure.bytes })
    });
    resolved.filter(|enclosure| met.insert(enclosure.url.clone())).take(enclosures_max).collect()
}

/// `audio/mpeg` and nothing that could be anything else.
fn is_media_type(kind: &str) -> bool {
    kind.len() <= 100
        && kind.contains('/')
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-._".contains(&byte))
}

/// The text of an entry: its content, or its summary where that says more (a content that is only a picture says nothing).
/// Links, picture and byline come from both, the chosen one first.
pub fn article_text(summary: Option<&str>, content: Option<&str>, limits: &clean::Limits) -> Cleaned {
    let summary = summary.map(|html| clean::text(html, limits));
    let content = content.map(|html| clean::text(html, limits));
    let (mut chosen, other) = match (content, summary) {
        (Some(content), Some(summary)) if summary.text.len() > content.text.len() => (summary, content),
        (Some(content), Some(summary)) => (content, summary),
        (one, other) => return one.or(other).unwrap_or_default(),
    };
    let met: HashSet<String> = chosen.links.iter().cloned().collect();
    chosen.links.extend(other.links.into_iter().filter(|link| !met.contains(link)));
    chosen.links.truncate(limits.links_max);
    chosen.image = chosen.image.or(other.image);
    chosen.byline = chosen.byline.or(other.byline);
    chosen
}

fn dated(entry: &Entry, context: &Context) -> (Option<Timestamp>, Option<DateDoubt>) {
    let is_dated = |date: &Timestamp| *date >= context.params.oldest;
    let Some(date) = entry.published.filter(is_dated).or(entry.updated.filter(is_dated)) else {
        return (None, Some(DateDoubt::Missing));
    };
    let ahead = SignedDuration::from_secs(context.params.ahead_seconds_max);
    if date.duration_since(context.now) > ahead { (None, Some(DateDoubt::Future)) } else { (Some(date), None) }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A title for an entry that has none: its first words, else the last part of its address in words.
fn made_title(text: &str, link: Option<&Canonical>, chars_max: usize) -> String {
    let first_line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let slug = || link.and_then(|link| slug_words(&link.url)).unwrap_or_default();
    let words = filled(first_line.trim().to_owned()).unwrap_or_else(slug);
    if words.is_empty() { "(untitled)".to_owned() } else { shortened(&words, chars_max) }
}

/// At most `chars_max` characters of a line, cut between words, with "…" where something was cut.
fn shortened(line: &str, chars_max: usize) -> String {
    let Some((end, _)) = line.char_indices().nth(chars_max) else { return line.to_owned() };
    let room = line[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    // A text without blanks (Japanese, Chinese) is cut where it must be.
    let cut = line[..room].rfind(char::is_whitespace).filter(|&at| at > room / 2).unwrap_or(room);
    format!("{}…", line[..cut].trim_end_matches(|character: char| !character.is_alphanumeric()))
}

/// "…/2026/02/ferry-sinks-off-harbour.html" is "ferry sinks off harbour".
fn slug_words(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let part = url.path_segments()?.rev().find(|part| part.chars().any(char::is_alphabetic))?.to_owned();
    let stem = part.rsplit_once('.').map_or(part.as_str(), |(stem, _)| stem);
    let words = stem.split(['-', '_', '+', '.']).filter(|word| !word.is_empty() && !word.contains('%'));
    filled(words.collect::<Vec<_>>().join(" "))
}

/// The authors' names, each once, joined by commas.
fn author(authors: &[String], params: &Params) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for author in authors {
        if let Some(name) = name(author, params).and_then(|name| person(&name))
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    let joined: String = names.join(", ").chars().take(params.name_chars_max).collect();
    filled(joined)
}

/// The name in "jane@example.com (Jane)", "Jane <jane@example.com>" or "By Jane"; an address alone is nobody's name.
fn person(text: &str) -> Option<String> {
    let words = text.split_whitespace().filter(|word| !word.contains('@'));
    let joined = words.collect::<Vec<_>>().join(" ");
    let bare = joined.trim_matches(|character: char| character.is_whitespace() || "()[]<>,;:".contains(character));
    let bare = bare.strip_prefix("By ").or_else(|| bare.strip_prefix("by ")).unwrap_or(bare);
    let is_name = bare.chars().any(char::is_alphabetic)
        && !matches!(bare.to_ascii_lowercase().as_str(), "admin" | "noreply" | "unknown" | "null");
    is_name.then(|| bare.to_owned())
}

/// "Dana Fields, CNN" is "Dana Fields": wire services set their own name behind the author's.
fn without_affiliation(byline: &str) -> String {
    match byline.rsplit_once(", ") {
        Some((names, desk)) if desk.chars().all(|letter| letter.is_uppercase() || letter == ' ') => names.to_owned(),
        _ => byline.to_owned(),
    }
}

fn name(html: &str, params: &Params) -> Option<String> {
    let name = clean::title(html, &params.clean);
    filled(name.chars().take(params.name_chars_max).collect::<String>().trim().to_owned())
}

fn categories(categories: &[String], params: &Params) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    // Past three times what is kept nobody looks for another spelling.
    for category in categories.iter().take(params.categories_max * 3) {
        if let Some(name) = name(category, params)
            && !kept.iter().any(|met| met.eq_ignore_ascii_case(&name))
        {
            kept.push(name);
        }
    }
    kept.truncate(params.categories_max);
    kept
}

/// `en` of `en-GB` or `EN_us`; `None` for what is no language tag.
fn primary_subtag(lang: &str) -> Option<String> {
    let primary = lang.trim().split(['-', '_', ',', ';', ' ']).next().unwrap_or_default().to_ascii_lowercase();
    ((2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(primary)
}

fn resolved(links: &[String], base: Option<&Url>) -> Vec<String> {
    let mut met = HashSet::new();
    let links = links.iter().filter_map(|link| identify::resolve(link, base)).map(String::from);
    links.filter(|link| met.insert(link.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use jiff::Timestamp;
    use url::Url;

    use crate::features::lexicon::Lexicon;
    use crate::features::{self, Subject};
    use crate::model::{DateDoubt, Draft, Entry};
    use crate::prepare::{Asked, Context, Params, Prepared, draft, drafts};

    fn now() -> Timestamp {
        "2026-02-13T12:00:00Z".parse().unwrap()
    }

    fn prepared(body: &str) -> Prepared {
        prepared_bytes(body.as_bytes())
    }

    fn prepared_bytes(body: &[u8]) -> Prepared {
        let final_url = Url::parse("https://www.harbour.example/feeds/all.xml").unwrap();
        let asked = Asked { feed_url: final_url.to_string(), final_url, content_type: None };
        drafts(body, &asked, now(), &Params::default()).unwrap()
    }

    fn one(entry: Entry) -> Draft {
        let base = Url::parse("https://www.harbour.example/").unwrap();
        draft(entry, &Context { base: Some(&base), site: None, now: now(), params: &Params::default() })
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_entry_that_says_nothing_is_counted_and_makes_no_article() {
        let prepared = prepared(
            "<rss version='2.0'><channel><item><title>One</title></item><item/><item> </item></channel></rss>",
        );
        assert_eq!((prepared.entries, prepared.drafts.len()), (3, 1));
        assert!(
            prepared.warnings.iter().any(|warning| warning == "2 entries say nothing at all"),
            "{:?}",
            prepared.warnings
        );
    }

    #[test]
    fn a_feed_becomes_drafts() {
        let feed = prepared(
            r#"<rss version="2.0"><channel><title>Harbour Post - World</title><link>/</link><ttl>30</ttl><language>en-GB</language>
            <item><guid>7</guid><title>Ferry &amp;amp; bridge</title><link>/a?utm_source=rss</link>
            <description>&lt;p&gt;It sank.&lt;/p&gt;</description><author>jane@harbour.example (Jane Doe)</author>
            <category> Sea </category><category>sea</category><pubDate>Thu, 12 Feb 2026 23:00:00 GMT</pubDate></item>
            <item><guid>7</guid><title>Ferry &amp;amp; bridge</title><link>/a</link></item>
            <item><source url="https://other.example/feed">Other &amp;amp; Sons</source><description>Nothing but words here.</description></item>
            </channel></rss>"#,
        );
        assert_eq!((feed.outlet.as_str(), feed.pace.ttl_seconds, feed.entries), ("Harbour Post", Some(1800), 3));
        assert_eq!(feed.site.as_deref(), Some("https://www.harbour.example/"));
        let [first, second] = feed.drafts.as_slice() else { panic!("{:?}", feed.drafts) };
        assert_eq!(
            (first.key.0.as_str(), first.title.as_str(), first.text.as_str()),
            ("g:7", "Ferry & bridge", "It sank.")
        );
        assert_eq!(first.url.as_deref(), Some("https://www.harbour.example/a"));
        assert_eq!((first.author.as_deref(), first.lang.as_deref()), (Some("Jane Doe"), Some("en")));
        assert_eq!(first.categories, ["Sea"]);
        assert_eq!(first.published, "2026-02-12T23:00:00Z".parse().ok());
        assert_eq!(
            (second.title.as_str(), second.source.as_deref()),
            ("Nothing but words here.", Some("Other & Sons"))
        );
        assert_eq!((second.published, second.date_doubt), (None, Some(DateDoubt::Missing)));
    }

    #[test]
    fn a_date_is_believed_unless_it_cannot_be() {
        let check = |date: &str, expected: Option<DateDoubt>| {
            let draft = one(Entry { published: date.parse().ok(), ..Entry::default() });
            assert_eq!((draft.date_doubt, draft.published.is_none()), (expected, expected.is_some()), "{date}");
        };
        check("2026-02-13T11:00:00Z", None);
        check("2026-02-13T12:10:00Z", None);
        check("2026-02-13T12:10:01Z", Some(DateDoubt::Future));
        // The noughts of Unix, .NET, spreadsheets and DOS; nothing older than feeds is a date of news.
        for nought in ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1899-12-30T00:00:00Z", "1980-01-01T00:00:00Z"] {
            check(nought, Some(DateDoubt::Missing));
        }
        check("1989-12-31T23:59:59Z", Some(DateDoubt::Missing));
        check("1990-01-01T00:00:00Z", None);
        check("never", Some(DateDoubt::Missing));
        let updated = Entry { updated: "2026-02-01T00:00:00Z".parse().ok(), ..Entry::default() };
        assert_eq!(one(updated.clone()).date_doubt, None);
        let nought = Entry { published: "1970-01-01T00:00:00Z".parse().ok(), ..updated.clone() };
        assert_eq!(one(nought).published, updated.updated);
    }

    #[test]
    fn an_entry_without_a_title_is_named_all_the_same() {
        let check = |entry: Entry, expected: &str| assert_eq!(one(entry).title, expected);
        check(Entry { summary: some("<p>Short news.</p><p>More</p>"), ..Entry::default() }, "Short news.");
        let long = "The harbour authority said on Friday that the ferry, which sank in the night, will be raised within a week.";
        let expected = "The harbour authority said on Friday that the ferry, which sank in the night…";
        check(Entry { summary: some(long), ..Entry::default() }, expected);
        check(
            Entry { link: some("/2026/02/ferry-sinks-off-harbour.html"), ..Entry::default() },
            "ferry sinks off harbour",
        );
        check(Entry::default(), "(untitled)");
    }

    #[test]
    fn the_text_that_says_more_is_taken() {
        let check = |summary: &str, content: &str, expected: &str| {
            assert_eq!(
                one(Entry { summary: some(summary), content: some(content), ..Entry::default() }).text,
                expected
            );
        };
        check("Short.", "<p>Much longer text.</p>", "Much longer text.");
        check("A summary.", "<p><img src='a.jpg'></p>", "A summary.");
        let draft = one(Entry {
            summary: some("Words."),
            content: some("<img src='/a.jpg'>"),
            link: some("https://e.org/x/"),
            ..Entry::default()
        });
        assert_eq!(draft.image.as_deref(), Some("https://e.org/a.jpg"));
    }

    #[test]
    fn authors_are_people() {
        let check = |authors: &[&str], expected: Option<&str>| {
            let authors = authors.iter().map(|author| (*author).to_owned()).collect();
            assert_eq!(one(Entry { authors, ..Entry::default() }).author.as_deref(), expected);
        };
        check(&["jane@example.com (Jane)"], Some("Jane"));
        check(&["Jane", "Jane", "By Tom"], Some("Jane, Tom"));
        check(&["jane@example.com"], None);
        check(&[""], None);
        let wire =
            one(Entry { summary: some("<p>By Dana P. Fields, CNN</p><p>(CNN) — It sank.</p>"), ..Entry::default() });
        assert_eq!((wire.author.as_deref(), wire.text.as_str()), (Some("Dana P. Fields"), "(CNN) — It sank."));
    }

    #[test]
    fn links_are_http_and_resolved() {
        let html = "<a href='/x'>x</a> <a href='javascript:alert(1)'>y</a> <a href='https://e.org/x#1'>z</a> <a href='/x'>again</a> words";
        let draft = one(Entry { summary: some(html), link: some("https://e.org/a/b"), ..Entry::default() });
        assert_eq!(draft.links, ["https://e.org/x", "https://e.org/x#1"]);
    }

    /// The three items that the project started from, as the feeds of their kinds carry them.
    #[test]
    fn the_first_three_stories_come_out_clean() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds");
        let read = |name: &str| std::fs::read_to_string(seeds.join(name)).ok();
        let names = ["000_e377fa2c47045bd5.txt", "001_d832bda37cf96221.txt", "002_523269c2cb95ebdf.txt"];
        let [Some(html), Some(translated), Some(wire)] = names.map(read) else {
            println!("skipped: {} is not there", seeds.display());
            return;
        };
        let section = |name: &str| html.split(name).nth(1).unwrap().split("\n---").next().unwrap().trim().to_owned();
        let (title, summary, content) = (html.lines().next().unwrap(), section("## Summary"), section("## Content"));
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let atom = format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>The Verge</title><entry><title type='html'>{}</title><id>1</id>\
             <summary type='html'>{}</summary><content type='html'>{}</content></entry></feed>",
            escaped(title.trim_start_matches("# ")),
            escaped(&summary),
            escaped(&content),
        );
        let split = |text: &str| text.split_once('\n').map(|(title, text)| (escaped(title), escaped(text))).unwrap();
        let (title, text) = split(&translated);
        let rdf = format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel><title>GIGAZINE</title>\
             </channel><item rdf:about='https://gigazine.net/1'><title>{title}</title><link>https://gigazine.net/1</link>\
             <description>{text}</description></item></rdf:RDF>"
        );
        let (title, text) = split(&wire);
        let rss = format!(
            "<rss version='2.0'><channel><title>CNN</title><item><title>{title}</title><description>{text}</description></item></channel></rss>"
        );
        let found: Vec<Draft> = [atom, rdf, rss].iter().map(|body| prepared(body).drafts.remove(0)).collect();
        for draft in &found {
            println!("=== {} | {:?} | {:?}\n{}\n", draft.title, draft.author, draft.links, draft.text);
            for foul in [
                "<",
                "&#",
                "&amp;",
                "http",
                "Read the full story",
                "Posted by",
                "- GIGAZINE",
                "| The Verge",
                "The Ring Blog",
                "Getty",
                "CNN-Wire",
                "rights reserved",
                "By Jordan",
            ] {
                assert!(!draft.text.contains(foul), "{foul} in {}", draft.text);
            }
            assert!(!draft.text.contains("\n\n\n") && draft.text.trim() == draft.text);
        }
        assert!(found[0].text.starts_with("Following intense") && found[0].text.ends_with("sent to Flock Safet …"));
        assert!(
            found[1].text.starts_with("Amazon's security brand") && found[1].text.ends_with("safety, and privacy.'")
        );
        assert_eq!(found[2].author.as_deref(), Some("Jordan D. Brown"));
        assert!(
            found[2].text.starts_with("(CNN) — Ring, the Amazon-owned") && found[2].text.ends_with("get over that.”")
        );
        // Every line of the wire story but its title, its byline and the two of its tail.
        assert_eq!(found[2].text.split("\n\n").count(), wire.lines().count() - 4);
    }

    #[test]
    fn what_a_feed_repeats_is_noted() {
        let entry =
            |title: &str, text: &str| format!("<item><title>{title}</title><description>{text}</description></item>");
        let long = "The council of the harbour town said on Monday that the old bridge would be closed for the whole of the summer while \
            workers renew its bearings, its rails and its lamps.";
        let plea = "Support our newsroom with a gift.";
        let entries = [
            entry("Bridge", &format!("{long} {plea}")),
            entry("Bridge, again", &format!("{long} {plea}")),
            entry("Ferry", &format!("It sank. {plea}")),
            entry("Frost", &format!("It is cold. {plea}")),
            entry("Rain", "It pours."),
        ];
        let feed = |entries: &[String]| {
            let body = format!("<rss version='2.0'><channel><title>t</title>{}</channel></rss>", entries.concat());
            prepared_bytes(body.as_bytes()).drafts.into_iter().map(|draft| draft.repeated).collect::<Vec<_>>()
        };
        let marks = vec![features::boilerplate::mark(plea).unwrap()];
        let none = Vec::new();
        // The two on the bridge are one text, so that only three entries hold the plea, and its own sentence is nobody's slogan.
        assert_eq!(feed(&entries), [marks.clone(), marks.clone(), marks.clone(), marks, none]);
        assert!(feed(&entries[..3]).iter().all(Vec::is_empty));
    }

    #[test]
    fn features_made_ahead_are_those_that_would_be_made() {
        let body = "<rss version='2.0'><channel><title>t</title>\
            <item><title>Bridge closes</title><description>The council said that the harbour bridge would be closed for the whole of \
            the summer.</description></item><item><title>Bridge opens</title></item></channel></rss>";
        let asked = Asked {
            feed_url: "https://e.org/f".into(),
            final_url: "https://e.org/f".parse().unwrap(),
            content_type: None,
        };
        let wanted = features::Params::default();
        let params = Params { ahead: Some(wanted.clone()), ..Params::default() };
        let prepared = drafts(body.as_bytes(), &asked, Timestamp::UNIX_EPOCH, &params).unwrap();
        for (draft, lang) in prepared.drafts.iter().zip([Some("en"), None]) {
            let subject = Subject { title: &draft.title, text: &draft.text, lang };
            let made = features::of(&subject, Lexicon::builtin(), &wanted);
            let ahead = prepared.ahead.as_ref().unwrap();
            assert_eq!(ahead.features(&subject, &wanted), Some(&made));
            assert_eq!(draft.lang.as_deref(), lang);
            // Other words, another language or another setting are another matter.
            assert_eq!(ahead.features(&Subject { text: "else", ..subject }, &wanted), None);
            assert_eq!(ahead.features(&Subject { lang: Some("fr"), ..subject }, &wanted), None);
            let shorter = features::Params { lead_words_max: 3, ..wanted.clone() };
            assert_eq!(ahead.features(&subject, &shorter), None);
        }
    }

    /// Every capture of a live feed: each entry has a draft or is a duplicate, no key twice, no markup, same keys again.
    #[test]
    fn captures_become_plain_drafts_and_the_same_ones_again() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/feeds");
        let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
            println!("skipped: {} is not there", folder.display());
            return;
        };
        let (mut drafts, mut duplicates) = (0, 0);
        for row in manifest.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
            let Ok(body) = std::fs::read(folder.join(row[0])) else { continue };
            if row[6] != "yes" || body.starts_with(&[0x1f, 0x8b]) {
                continue;
            }
            let again = prepared_bytes(&body);
            let feed = prepared_bytes(&body);
            assert_eq!(feed, again);
            duplicates += feed.entries - feed.drafts.len();
            drafts += feed.drafts.len();
            if feed.entries > feed.drafts.len() {
                println!("{}: {:?}", row[0], feed.warnings);
            }
            let keys: HashSet<_> = feed.drafts.iter().map(|draft| &draft.key).collect();
            assert_eq!(keys.len(), feed.drafts.len());
            for draft in &feed.drafts {
                assert!(!draft.title.is_empty() && !draft.title.contains('\n'));
                for text in [&draft.title, &draft.text] {
                    let is_tag =
                        |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
                    assert!(!text.split('<').skip(1).any(is_tag), "{}: {text}", row[0]);
                }
            }
        }
        println!("{drafts} drafts, {duplicates} duplicates");
    }
}
