//! Station: JSON Feed (versions 1 and 1.1), and whatever calls itself so.
//!
//! feed-rs refuses the whole feed where a title, a media type or the `https:` of the version is missing, so it is read value
//! by value here: a field that is not what it should be is as if it were not there.

use serde_json::{Map, Value};

use crate::dates;
use crate::model::{Enclosure, Entry, ParsedFeed, Rung};
use crate::parse::links::{escaped, resolved};
use crate::parse::{Hints, ParseError};

/// Reads a JSON Feed; where the document is torn or broken, each of its items for itself.
///
/// # Errors
/// `Broken`, where no item can be read.
pub(crate) fn feed(text: &str, hints: &Hints) -> Result<ParsedFeed, ParseError> {
    let spans = spans(text, hints.entries_max);
    let (head, tail) = spans.outside(text);
    let items: Vec<Option<Value>> =
        spans.items.iter().map(|&(start, end)| serde_json::from_str(&text[start..end]).ok()).collect();
    let mut is_torn = false;
    let (rung, fields) = match serde_json::from_str::<Map<String, Value>>(&[head, tail].concat()) {
        Ok(fields) => (if items.iter().all(Option::is_some) { Rung::Plain } else { Rung::Salvaged }, fields),
        Err(error) if items.iter().flatten().next().is_none() => {
            return Err(ParseError::Broken { message: error.to_string(), line: Some(error.line()) });
        }
        Err(error) => {
            is_torn = error.is_eof();
            (Rung::Salvaged, serde_json::from_str(&format!("{head}]}}")).unwrap_or_default())
        }
    };
    let read: Vec<&Map<String, Value>> = items.iter().flatten().filter_map(Value::as_object).collect();
    if read.is_empty() && !items.is_empty() {
        let (start, end) = spans.items[0];
        let error = serde_json::from_str::<Value>(&text[start..end]).err();
        let message = error.map_or_else(|| "its items are no objects".to_owned(), |error| error.to_string());
        return Err(ParseError::Broken { message, line: Some(crate::parse::line_at(text, start)) });
    }
    let mut feed = ParsedFeed {
        title: string(&fields, "title"),
        site: string(&fields, "home_page_url"),
        lang: string(&fields, "language"),
        rung,
        is_torn,
        ..ParsedFeed::default()
    };
    feed.entries = read.iter().map(|item| entry(item, &fields, feed.lang.as_deref(), hints)).collect();
    if spans.dropped > 0 {
        feed.warnings.push(crate::parse::left_out(spans.dropped, feed.entries.len()));
    }
    if read.len() < items.len() {
        feed.warnings.push(format!("{} of {} entries could not be read", items.len() - read.len(), items.len()));
    }
    Ok(feed)
}

fn entry(item: &Map<String, Value>, feed: &Map<String, Value>, lang: Option<&str>, hints: &Hints) -> Entry {
    let guid = string(item, "id");
    let address = |name: &str| string(item, name).map(|url| resolved(&url, hints.base.as_ref()));
    let is_address = |guid: &&String| guid.starts_with("http://") || guid.starts_with("https://");
    let link = address("url").or_else(|| guid.as_ref().filter(is_address).cloned()).or_else(|| address("external_url"));
    let dated = |name: &str| string(item, name).and_then(|date| dates::read(&date));
    let enclosures = enclosures(item, hints);
    let is_image =
        |enclosure: &&Enclosure| enclosure.media_type.as_deref().is_some_and(|kind| kind.starts_with("image/"));
    let attached = enclosures.iter().find(is_image).map(|enclosure| enclosure.url.clone());
    let mut authors = authors(item);
    if authors.is_empty() {
        authors = self::authors(feed);
    }
    Entry {
        link,
        title: string(item, "title"),
        summary: string(item, "summary"),
        content: string(item, "content_html").or_else(|| string(item, "content_text").map(|text| escaped(&text))),
        published: dated("date_published"),
        updated: dated("date_modified"),
        authors,
        categories: tags(item),
        lang: string(item, "language").or_else(|| lang.map(str::to_owned)),
        source: None,
        image: address("image").or_else(|| address("banner_image")).or(attached),
        enclosures,
        guid,
    }
}

/// The value as text: a string that is not empty, or a number or truth value in its place.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn string(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(text)
}

/// The objects of a field that holds one or several.
fn objects<'a>(object: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    let values = match object.get(name) {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter().filter_map(Value::as_object).take(LISTED_MAX)
}

/// Files, tags and authors of one item that are kept.
const LISTED_MAX: usize = 64;

fn authors(object: &Map<String, Value>) -> Vec<String> {
    let names = objects(object, "authors").chain(objects(object, "author")).filter_map(|author| string(author, "name"));
    let mut authors: Vec<String> = Vec::new();
    for name in names {
        if !authors.contains(&name) {
            authors.push(name);
        }
    }
    authors.extend(string(object, "author").filter(|_| object.get("author").is_some_and(Value::is_string)));
    authors
}

fn tags(item: &Map<String, Value>) -> Vec<String> {
    match item.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(text).take(LISTED_MAX).collect(),
        Some(Value::String(tags)) => {
            tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).take(LISTED_MAX).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn enclosures(item: &Map<String, Value>, hints: &Hints) -> Vec<Enclosure> {
    let attachments = objects(item, "attachments").filter_map(|attachment| {
        Some(Enclosure {
            url: resolved(&string(attachment, "url")?, hints.base.as_ref()),
            media_type: string(attachment, "mime_type"),
            bytes: attachment.get("size_in_bytes").and_then(Value::as_u64),
        })
    });
    attachments.collect()
}

/// Where the items of a feed stand.
#[derive(Debug, Default)]
struct Spans {
    items: Vec<(usize, usize)>,
    /// How many beyond the limit were left out.
    dropped: usize,
    /// Where the inside of the array of items begins and ends; both are the end where it has none.
    array: (usize, usize),
}

impl Spans {
    /// The document before and behind the items.
    fn outside<'a>(&self, text: &'a str) -> (&'a str, &'a str) {
        (&text[..self.array.0], &text[self.array.1..])
    }
}

/// Finds the items by one look over the document: strings and brackets are all that counts.
fn spans(text: &str, entries_max: usize) -> Spans {
    let body = text.as_bytes();
    let mut spans = Spans { array: (body.len(), body.len()), ..Spans::default() };
    let (mut depth, mut is_in_items, mut item) = (0usize, false, None);
    let mut last_key: &[u8] = b"";
    let mut at = 0;
    while at < body.len() {
        match body[at] {
            b'"' => {
                let end = string_end(body, at);
                if depth == 1 {
                    last_key = &body[at..end.min(body.len())];
                }
                at = end;
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                if depth == 2 && body[at] == b'[' && last_key == b"\"items\"" && spans.items.is_empty() {
                    is_in_items = true;
                    spans.array = (at + 1, body.len());
                } else if is_in_items && depth == 3 {
                    item = Some(at);
                }
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if let Some(start) = item.filter(|_| depth == 2) {
                    spans.push(start, at + 1, entries_max);
                    item = None;
                } else if is_in_items && depth == 1 {
                    is_in_items = false;
                    spans.array.1 = at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    spans
}

impl Spans {
    fn push(&mut self, start: usize, end: usize, entries_max: usize) {
        if self.items.len() < entries_max {
            self.items.push((start, end));
        } else {
            self.dropped += 1;
        }
    }
}

/// Where the string that begins at `from` ends, after its closing quote.
fn string_end(body: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < body.len() {
        match body[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use crate::model::{Enclosure, Rung};
    use crate::parse::Hints;
    use crate::parse::json::feed;

    #[test]
    fn every_field_is_read_whatever_its_type() {
        let text = r#"{"version": "http://jsonfeed.org/version/1", "home_page_url": "https://e.org/", "language": "fr",
            "author": {"name": "Jeanne"}, "items": [{"id": 7, "external_url": "https://e.org/1", "title": "Un",
            "content_text": "1 < 2 & 3", "tags": "a, b", "banner_image": "https://e.org/b.png", "date_published": "2026-02-13T10:00:00+01:00",
            "date_modified": 5, "attachments": [{"url": "https://e.org/a.mp3", "size_in_bytes": 9}, {"mime_type": "audio/mpeg"}]},
            {"id": "https://e.org/2", "authors": [{"name": "Ann"}, {}, 3], "title": null, "content_html": "<p>x</p>", "language": "de"}]}"#;
        let feed = feed(text, &Hints::default()).unwrap();
        assert_eq!((feed.rung, feed.title, feed.site.as_deref()), (Rung::Plain, None, Some("https://e.org/")));
        let [first, second] = feed.entries.as_slice() else { panic!("{:?}", feed.entries) };
        assert_eq!((first.guid.as_deref(), first.link.as_deref()), (Some("7"), Some("https://e.org/1")));
        assert_eq!(
            (first.content.as_deref(), first.categories.join("+")),
            (Some("1 &lt; 2 &amp; 3"), "a+b".to_owned())
        );
        assert_eq!((first.authors.join("+"), first.lang.as_deref()), ("Jeanne".to_owned(), Some("fr")));
        assert_eq!(first.published.unwrap().to_string(), "2026-02-13T09:00:00Z");
        assert_eq!(first.image.as_deref(), Some("https://e.org/b.png"));
        let enclosure = Enclosure { url: "https://e.org/a.mp3".into(), media_type: None, bytes: Some(9) };
        assert_eq!(first.enclosures, [enclosure]);
        assert_eq!(
            (second.link.as_deref(), second.authors.join("+"), second.lang.as_deref()),
            (Some("https://e.org/2"), "Ann".to_owned(), Some("de"))
        );
    }

    #[test]
    fn a_broken_item_does_not_lose_the_others() {
        let check = |text: &str, titles: &[&str]| {
            let feed = feed(text, &Hints::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
            let found: Vec<_> = feed.entries.iter().filter_map(|entry| entry.title.as_deref()).collect();
            assert_eq!((found.as_slice(), feed.rung), (titles, Rung::Salvaged), "{text}");
        };
        check(r#"{"title":"t","items":[{"title":"a"},{"title":bad},{"title":"c"}]}"#, &["a", "c"]);
        check(r#"{"title":"t","items":[{"title":"a"},{"title":"b"},{"tit"#, &["a", "b"]);
        check(r#"{"title":"t","items":[{"title":"a"},"#, &["a"]);
    }
}
