//! Station: feed-rs's model to ours.

use feed_rs::model::{Content, Feed, Link, LinkTarget, MediaObject, Person, Text};
use jiff::Timestamp;

use crate::model::{Entry, Pace, ParsedFeed, Rung};
use crate::parse::scan::Aside;

/// A whole feed; `asides` are what the scan saw of its entries, in their order.
pub(crate) fn feed(raw: Feed, asides: &[Aside]) -> ParsedFeed {
    // Entries that feed-rs left out shift all behind them: then nobody can say whose an aside is.
    let are_whole = raw.entries.len() == asides.len();
    let lang = filled(raw.language);
    let entries = raw.entries.into_iter().enumerate().map(|(at, entry)| {
        let aside = if are_whole { asides[at].clone() } else { Aside::default() };
        self::entry(entry, aside, lang.as_deref())
    });
    ParsedFeed {
        entries: entries.collect(),
        title: words(raw.title),
        site: link(&raw.links),
        lang,
        pace: Pace { ttl_seconds: raw.ttl.map(|minutes| u64::from(minutes) * 60), ..Pace::default() },
        rung: Rung::Plain,
        warnings: Vec::new(),
    }
}

fn entry(raw: feed_rs::model::Entry, aside: Aside, feed_lang: Option<&str>) -> Entry {
    let guid = filled(Some(raw.id)).or(aside.about);
    let is_permalink = |guid: &&String| guid.starts_with("http://") || guid.starts_with("https://");
    let link = link(&raw.links).or_else(|| guid.as_ref().filter(is_permalink).cloned());
    let summary = words(raw.summary);
    let content = raw.content.and_then(body);
    let description = || raw.media.iter().find_map(|media| words(media.description.clone()));
    let summary = if summary.is_none() && content.is_none() { description() } else { summary };
    Entry {
        image: image(&raw.media, &raw.links),
        guid,
        link,
        title: words(raw.title).or_else(|| raw.media.iter().find_map(|media| words(media.title.clone()))),
        summary,
        content,
        published: moment(raw.published.map(|date| (date.timestamp(), date.timestamp_subsec_nanos()))),
        updated: moment(raw.updated.map(|date| (date.timestamp(), date.timestamp_subsec_nanos()))),
        authors: raw.authors.into_iter().filter_map(name).collect(),
        categories: raw
            .categories
            .into_iter()
            .filter_map(|category| filled(category.label).or(filled(Some(category.term))))
            .collect(),
        lang: filled(raw.language).or_else(|| feed_lang.map(str::to_owned)),
        source: aside.source.or(filled(raw.source)),
        enclosures: Vec::new(),
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn words(text: Option<Text>) -> Option<String> {
    filled(text.map(|text| text.content))
}

fn body(content: Content) -> Option<String> {
    let main = content.content_type.ty().as_str().to_ascii_lowercase();
    // Content may be anything, a picture in base64 included; only what holds words is of use.
    let holds_words = main == "text" || content.content_type.to_string().contains("xml");
    filled(content.body).filter(|_| holds_words)
}

/// The link to the page: `alternate` before the unnamed, pages before files.
fn link(links: &[Link]) -> Option<String> {
    let is_page = |link: &&Link| {
        let is_file = link.media_type.as_deref().is_some_and(|kind| {
            ["image/", "audio/", "video/", "application/rss", "application/atom", "application/json"]
                .iter()
                .any(|file| kind.starts_with(file))
        });
        !is_file
            && !matches!(link.target, Some(LinkTarget::Comments | LinkTarget::CommentsFeed))
            && !link.href.trim().is_empty()
    };
    let of_rel = |rel: Option<&str>| links.iter().filter(is_page).find(|link| link.rel.as_deref() == rel);
    of_rel(Some("alternate")).or_else(|| of_rel(None)).map(|link| link.href.trim().to_owned())
}

/// A picture: one that is named as such, else a thumbnail, else an attached image.
fn image(media: &[MediaObject], links: &[Link]) -> Option<String> {
    let contents = media.iter().flat_map(|media| &media.content);
    let named = contents.filter_map(|content| {
        let url = content.url.as_ref()?;
        let is_image = match &content.content_type {
            Some(kind) => kind.ty().as_str().eq_ignore_ascii_case("image"),
            None => has_image_ending(url.path()),
        };
        is_image.then(|| url.to_string())
    });
    let thumbnails = media.iter().flat_map(|media| &media.thumbnails).map(|thumbnail| thumbnail.image.uri.clone());
    let attached = links
        .iter()
        .filter(|link| link.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/")))
        .map(|link| link.href.clone());
    named.chain(thumbnails).chain(attached).find(|url| !url.trim().is_empty())
}

fn has_image_ending(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    ["jpg", "jpeg", "png", "gif", "webp", "avif"].contains(&ending.as_str())
}

/// A person's name; an address stands in where there is no name.
fn name(person: Person) -> Option<String> {
    filled(person.name).or_else(|| filled(person.email))
}

fn moment(seconds_and_nanos: Option<(i64, u32)>) -> Option<Timestamp> {
    let (seconds, nanos) = seconds_and_nanos?;
    // A leap second has more nanoseconds than a second; jiff knows none.
    Timestamp::new(seconds, i32::try_from(nanos.min(999_999_999)).unwrap_or(0)).ok()
}
