//! Station: the requests of one question as they went out, and the heads of what answered them, for people to look at.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::fetch::Request;
use crate::fetch::policy::redact;

/// What the client writes into `Accept-Encoding`: what it can undo. A test holds it against what is sent.
const ACCEPT_ENCODING: &str = "zstd,gzip,deflate,br";

/// The headers of an answer that decide what becomes of a feed, or tell whose server it is.
const TELLING: &[HeaderName] = &[
    header::AGE,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    header::SERVER,
    header::VARY,
];

/// One request, and the head of what answered it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The URL that was asked, redacted.
    pub url: String,
    /// The headers that were sent, by name, but for `Host`; the values of the user's own are `***`.
    pub sent: Vec<(String, String)>,
    /// The status that answered; `None` where none did.
    pub status: Option<u16>,
    /// The answer's telling headers, by name.
    pub received: Vec<(String, String)>,
    /// How long the answer's head took.
    pub elapsed: Duration,
}

/// The headers of a request as they go out, those among them that the client adds.
pub(crate) fn sent(headers: &HeaderMap, request: &Request, user_agent: &str) -> Vec<(String, String)> {
    let is_users = |name: &HeaderName| {
        ![header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE].contains(name)
            && request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name.as_str()))
    };
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if is_users(name) { "***".to_owned() } else { visible(value) };
        (name.as_str().to_owned(), value)
    };
    let mut sent: Vec<_> = headers.iter().map(shown).collect();
    for (name, value) in [("user-agent", user_agent), ("accept-encoding", ACCEPT_ENCODING)] {
        if !headers.contains_key(name) {
            sent.push((name.to_owned(), value.to_owned()));
        }
    }
    sent.sort();
    sent
}

/// The telling headers of an answer.
pub(crate) fn received(headers: &HeaderMap) -> Vec<(String, String)> {
    let lines = TELLING.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name, value)));
    let shown = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if *name == header::LOCATION { redact(&visible(value)) } else { visible(value) };
        (name.as_str().to_owned(), value)
    };
    lines.map(shown).collect()
}

/// A header's value as text; bytes that are none are spelled out.
fn visible(value: &HeaderValue) -> String {
    let bytes = value.as_bytes();
    std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned)
}
