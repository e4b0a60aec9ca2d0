//! Door: one `[[feeds]]` table of the config file, and what people type for a feed.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use crate::config::given::{Given, shown};
use crate::config::settings::{FEEDS, INTERVAL_MAX, INTERVAL_MIN, is_header_value, name, nearest, put};
use crate::config::{FeedSection, Header, Secret};
use crate::fetch::policy::redact;
use crate::model::FeedWish;

/// Every key that a feed takes.
pub(crate) const KEYS: &[&str] =
    &["url", "outlet", "tags", "interval", "cluster", "priority", "paywalled", "headers", "allow_private_addresses"];

const URL_BYTES_MAX: usize = 4_096;
const OUTLET_CHARS_MAX: usize = 200;
const TAGS_MAX: usize = 32;
const TAG_CHARS_MAX: usize = 64;
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 8_192;
const PRIORITY_MAX: i32 = 1_000;

/// Headers that carry the conversation itself; newsfold alone can know their values.
const HEADERS_OF_OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "if-modified-since",
    "if-none-match",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a text names no feed. Texts are redacted when the error is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedUrlError {
    /// A scheme that we do not speak.
    #[error("`{0}` is no feed address: write http://…, https://…, file:///… or a path")]
    Scheme(String),
    /// It looks like a URL and is none.
    #[error("`{0}` is no URL: {1}")]
    Malformed(String, url::ParseError),
    /// It cannot be turned into a file URL.
    #[error("`{0}` is no file that a URL can name: write file:///… with the whole path")]
    File(String),
    /// Nothing was written.
    #[error("a feed's address must not be empty")]
    Empty,
    /// It would not be one line.
    #[error("a feed's address must not hold control characters")]
    Control,
    /// Longer than any address.
    #[error("a feed's address must not be longer than {URL_BYTES_MAX} bytes")]
    TooLong,
}

/// The URL that a person means: `http(s)` and `file` URLs as they are, anything without a scheme as a path that starts at
/// `folder`, which is absolute.
///
/// # Errors
/// When it is neither.
pub fn feed_url(text: &str, folder: &Path) -> Result<String, FeedUrlError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FeedUrlError::Empty);
    }
    if text.len() > URL_BYTES_MAX {
        return Err(FeedUrlError::TooLong);
    }
    // The URL standard drops tabs and newlines silently; we would store them.
    if text.contains(char::is_control) {
        return Err(FeedUrlError::Control);
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(text.to_owned()),
        Ok(url) if url.scheme() == "file" && url.to_file_path().is_ok() => Ok(text.to_owned()),
        Ok(url) if url.scheme() == "file" => Err(FeedUrlError::File(redact(text))),
        Ok(_) => Err(FeedUrlError::Scheme(redact(text))),
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            let url = Url::from_file_path(folder.join(text)).map_err(|()| FeedUrlError::File(redact(text)))?;
            // Parsing once more resolves `..`.
            Ok(Url::parse(url.as_str()).map_or_else(|_| url.to_string(), String::from))
        }
        Err(error) => Err(FeedUrlError::Malformed(redact(text), error)),
    }
}

/// A `[[feeds]]` table, read.
pub(crate) struct FeedTable {
    /// What could be read of it.
    pub(crate) feed: FeedSection,
    /// Where its URL stands in the text; `None` when it has none. The URL is empty when it is wrong.
    pub(crate) url_offset: Option<usize>,
    /// What is wrong, each with the byte where it stands.
    pub(crate) faults: Vec<(usize, String)>,
}

impl FeedTable {
    /// Reads the table; a relative path starts at `home`.
    pub(crate) fn read(table: &DeTable<'_>, home: &Path) -> FeedTable {
        let feed = FeedSection { wish: FeedWish::of_url(""), headers: Vec::new() };
        let mut read = FeedTable { feed, url_offset: None, faults: Vec::new() };
        for (key, value) in table {
            let fault = match read.set(key.get_ref(), value, home) {
                Some(Ok(())) => continue,
                Some(Err(message)) => (value.span().start, format!("{} {message}", name(key.get_ref(), FEEDS))),
                None => (key.span().start, unknown(key.get_ref())),
            };
            read.faults.push(fault);
        }
        read
    }

    /// Sets one key, or says what its value must be; `None` if there is no such key.
    fn set(&mut self, key: &str, value: &Spanned<DeValue<'_>>, home: &Path) -> Option<Result<(), String>> {
        let given = Given::of_toml(value.get_ref());
        let wish = &mut self.feed.wish;
        Some(match key {
            "url" => {
                // A URL that is wrong is not also a missing one.
                self.url_offset = Some(value.span().start);
                put(&mut wish.url, url(given, home))
            }
            "outlet" => put(&mut wish.outlet, outlet(given)),
            "tags" => put(&mut wish.tags, tags(value.get_ref())),
            "interval" => put(&mut wish.interval, given.duration(INTERVAL_MIN..=INTERVAL_MAX).map(Some)),
            "cluster" => put(&mut wish.cluster, given.switch()),
            "priority" => put(&mut wish.priority, given.integer(-PRIORITY_MAX..=PRIORITY_MAX)),
            "paywalled" => put(&mut wish.paywalled, given.switch()),
            "headers" => put(&mut self.feed.headers, headers(value.get_ref())),
            "allow_private_addresses" => put(&mut wish.allow_private, given.switch()),
            _ => return None,
        })
    }
}

fn url(given: Given<'_>, home: &Path) -> Result<String, String> {
    feed_url(given.text()?, home).map_err(|error| format!("is wrong: {error}"))
}

fn outlet(given: Given<'_>) -> Result<Option<String>, String> {
    Ok(Some(short(given.words()?, OUTLET_CHARS_MAX)?.to_owned()))
}

fn unknown(key: &str) -> String {
    let called = name(&shown(key), FEEDS);
    match nearest(key, KEYS.iter().copied()) {
        Some(meant) => format!("unknown key {called}; did you mean `{meant}`?"),
        None => format!("unknown key {called}; there are {}", KEYS.join(", ")),
    }
}

fn short(text: &str, chars_max: usize) -> Result<&str, String> {
    let is_short = text.chars().count() <= chars_max && !text.contains(char::is_control);
    is_short.then_some(text).ok_or_else(|| format!("must be one line of at most {chars_max} characters"))
}

/// The tags in the user's order, each once.
fn tags(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let wanted = || format!("must be a list of at most {TAGS_MAX} texts, such as [\"tech\", \"europe\"]");
    let list = value.as_array().filter(|list| list.len() <= TAGS_MAX).ok_or_else(wanted)?;
    let mut tags: Vec<String> = Vec::new();
    for tag in list.iter() {
        let tag = short(Given::of_toml(tag.get_ref()).words().map_err(|_| wanted())?, TAG_CHARS_MAX)?;
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(tags)
}

/// The headers in the order of their names. Values are never shown: they may be secret.
fn headers(value: &DeValue<'_>) -> Result<Vec<Header>, String> {
    let wanted = || format!("must be a table of at most {HEADERS_MAX} headers, such as {{ Authorization = \"…\" }}");
    let table = value.as_table().filter(|table| table.len() <= HEADERS_MAX).ok_or_else(wanted)?;
    table.iter().map(|(name, value)| header(name.get_ref(), value.get_ref())).collect()
}

fn header(name: &str, value: &DeValue<'_>) -> Result<Header, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > HEADER_BYTES_MAX || !name.bytes().all(is_token) {
        return Err(format!("cannot hold `{name}`: no header has such a name"));
    }
    if HEADERS_OF_OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("cannot hold `{name}`: newsfold sets it by itself"));
    }
    let text = value.as_str().map(str::trim).filter(|text| is_header_value(text) && text.len() <= HEADER_BYTES_MAX);
    let text = text.ok_or_else(|| format!("needs printable ASCII text for `{name}`"))?;
    Ok(Header { name: name.to_owned(), value: Secret(text.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_named_by_url_or_path() {
        let check = |text: &str, expected: &str| {
            assert_eq!(feed_url(text, Path::new("/home/reader")).as_deref(), Ok(expected), "{text}");
        };
        check("https://a.example/feed", "https://a.example/feed");
        check(" http://127.0.0.1:8080/feed.xml?x=1 ", "http://127.0.0.1:8080/feed.xml?x=1");
        check("HTTPS://A.example", "HTTPS://A.example");
        check("file:///tmp/a.xml", "file:///tmp/a.xml");
        check("/tmp/a b.xml", "file:///tmp/a%20b.xml");
        check("a.xml", "file:///home/reader/a.xml");
        check("./feeds/a.xml", "file:///home/reader/feeds/a.xml");
        check("../a.xml", "file:///home/a.xml");
    }

    #[test]
    fn what_names_no_feed_is_refused() {
        let check = |text: &str, expected: &str| {
            let error = feed_url(text, Path::new("/home/reader")).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("", "must not be empty");
        check("javascript:alert(1)", "write http://…");
        check("ftp://a.example/feed", "write http://…");
        check("localhost:8080/feed", "write http://…");
        check("feed://a.example/feed", "write http://…");
        check("https://a.exa\nmple/feed", "control characters");
        check("https://", "empty host");
        check("http://a.example:99999/", "port");
        check("https://me:pw@a.example:99999/?token=abc", "`https://***@a.example:99999/?token=***` is no URL");
        check("ftp://me:pw@a.example/", "`ftp://***@a.example/`");
        check("file://server/share.xml", "file:///…");
        check(&format!("https://a.example/{}", "x".repeat(URL_BYTES_MAX)), "longer than 4096");
    }
}
