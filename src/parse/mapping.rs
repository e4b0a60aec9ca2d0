//! Station: feed-rs's model to ours.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use feed_rs::model::{Content, Feed, Link, LinkTarget, MediaObject, Person, Text};
use jiff::Timestamp;

use crate::model::{Entry, ParsedFeed};
use crate::parse::lenient::{Address, Found, Look};

/// A whole feed, with what the lenient reader knows beside it.
pub(crate) fn feed(raw: Feed, look: &Look) -> ParsedFeed {
    // Where one reader found more entries than the other, nobody can say which are the same.
    let are_whole = raw.entries.len() == look.entries.len();
    let mut feed = head(look);
    feed.title = words(raw.title).or(feed.title);
    feed.site = link(&raw.links).or(feed.site);
    feed.lang = filled(raw.language).or(feed.lang);
    let lang = feed.lang.as_deref();
    let entries = raw.entries.into_iter().enumerate();
    feed.entries = entries
        .map(|(at, raw)| entry(raw, look.entries.get(at).filter(|_| are_whole), look.is_old_atom, lang))
        .collect();
    feed
}

/// A feed as the lenient reader found it, without its entries.
pub(crate) fn head(look: &Look) -> ParsedFeed {
    ParsedFeed {
        title: look.title.as_ref().and_then(|title| title.words.text()),
        site: look.site.as_ref().map(Address::resolved),
        lang: look.lang.clone().map(Cow::into_owned),
        pace: look.pace,
        is_torn: look.is_torn,
        ..ParsedFeed::default()
    }
}

/// An entry, with what the lenient reader found of the same.
pub(crate) fn entry(
    raw: feed_rs::model::Entry,
    found: Option<&Found>,
    is_old_atom: bool,
    feed_lang: Option<&str>,
) -> Entry {
    let guid = filled(Some(raw.id));
    let is_permalink = |guid: &&String| guid.starts_with("http://") || guid.starts_with("https://");
    let summary = words(raw.summary);
    let content = raw.content.and_then(body);
    let description = || raw.media.iter().find_map(|media| words(media.description.clone()));
    let summary = if summary.is_none() && content.is_none() { description() } else { summary };
    let title = words(raw.title).or_else(|| raw.media.iter().find_map(|media| words(media.title.clone())));
    let categories = raw.categories.into_iter();
    let mut entry = Entry {
        image: image(&raw.media, &raw.links),
        link: link(&raw.links).or_else(|| guid.as_ref().filter(is_permalink).filter(|_| found.is_none()).cloned()),
        guid,
        title,
        summary,
        content,
        published: moment(raw.published),
        // feed-rs gives RSS the date of publication for that of change.
        updated: moment(raw.updated.filter(|updated| found.is_none() || raw.published != Some(*updated))),
        authors: raw.authors.into_iter().filter_map(name).collect(),
        categories: categories.filter_map(|category| filled(category.label).or(filled(Some(category.term)))).collect(),
        lang: filled(raw.language),
        source: filled(raw.source),
        enclosures: Vec::new(),
    };
    if let Some(found) = found {
        if is_old_atom {
            // feed-rs does not know how Atom 0.3 says what its texts are.
            entry = Entry { title: None, summary: None, content: None, ..entry };
        }
        found.fill(&mut entry);
    }
    entry.lang = entry.lang.or_else(|| feed_lang.map(str::to_owned));
    entry
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
    let kind = content.content_type.to_string();
    let holds_words = main == "text" || kind.contains("xml") || kind.contains("html");
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

fn moment(date: Option<DateTime<Utc>>) -> Option<Timestamp> {
    let date = date?;
    // A leap second has more nanoseconds than a second; jiff knows none.
    Timestamp::new(date.timestamp(), i32::try_from(date.timestamp_subsec_nanos().min(999_999_999)).unwrap_or(0)).ok()
}
