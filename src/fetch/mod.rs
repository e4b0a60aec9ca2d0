//! Door: bytes of a feed over HTTP or from a file, through one chokepoint.
//!
//! `Fetcher` is what everybody calls. It sends web addresses to `HttpFetch` and files to `FileFetch`, and no other scheme
//! anywhere. Nothing here retries or waits: a feed's retry is its next poll, and `schedule` says when that is.

pub mod error;
pub mod file;
pub mod http;
pub mod law;
pub mod policy;
pub mod trace;
pub mod trail;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use url::Url;

use crate::fetch::error::FetchError;
use crate::fetch::file::FileFetch;
use crate::fetch::http::HttpFetch;
use crate::fetch::trace::Exchange;
use crate::fetch::trail::Redirect;
use crate::model::{Validators, host_of};

/// How feeds are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// What we call ourselves; [`user_agent`] makes it.
    pub user_agent: String,
    /// The deadline of one request as a whole: names, connections, redirects and every byte of the body.
    pub timeout: Duration,
    /// The deadline for opening one connection, within `timeout`.
    pub connect_timeout: Duration,
    /// The largest body, counted after decompression.
    pub body_bytes_max: usize,
    /// The most redirects in a row.
    pub redirects_max: usize,
    /// Whether addresses off the public internet may be asked: loopback, home and company networks.
    pub allow_private_addresses: bool,
    /// The URL of a proxy for all requests. It resolves names itself, so names are no longer judged here; addresses still
    /// are. The environment (`HTTP_PROXY` and its like) is not read.
    pub proxy: Option<String>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            user_agent: user_agent(None),
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            body_bytes_max: 8 * 1024 * 1024,
            redirects_max: 5,
            allow_private_addresses: false,
            proxy: None,
        }
    }
}

/// How we call ourselves: `name/version (+URL)`, where somebody gave an address at which a server's owner can ask who sends
/// these requests and why. Without one we say what we are, and make no address up.
pub fn user_agent(contact: Option<&str>) -> String {
    let comment = contact.map_or_else(|| "feed reader".to_owned(), |contact| format!("+{contact}"));
    format!("{}/{} ({comment})", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}

impl Params {
    /// The same parameters, once every limit is one that can be kept; else the setting that is not, by its name in the
    /// config file. What only the HTTP client can judge (the user agent's letters, the proxy's URL) it judges later.
    pub fn checked(self) -> Result<Params, FetchError> {
        let refuse = |key, value: String, wanted| Err(FetchError::Setting { key, value, wanted });
        if self.timeout.is_zero() || self.timeout > Duration::from_secs(3600) {
            return refuse("timeout", format!("{:?}", self.timeout), "a time above 0 and at most 1 h");
        }
        if self.connect_timeout.is_zero() {
            return refuse("connect_timeout", format!("{:?}", self.connect_timeout), "a time above 0");
        }
        if self.body_bytes_max == 0 {
            return refuse("body_max", "0".to_owned(), "at least one byte");
        }
        if self.redirects_max > 20 {
            return refuse("redirects_max", self.redirects_max.to_string(), "at most 20");
        }
        Ok(self)
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The feed's URL, or the path of a file (a relative one is resolved by the caller).
    pub url: String,
    /// What the feed was known by when it was last read; empty for an unconditional request.
    pub validators: Validators,
    /// The URL that gave them, without credentials: they are sent to it alone, at whichever hop it comes. `None` where it is
    /// `url` itself.
    pub validators_url: Option<String>,
    /// The user's own headers for this feed: sent to its origin only. They replace ours of the same name, except for
    /// validators.
    pub headers: Vec<(String, String)>,
    /// Whether this feed may lead into private networks and to this machine, at every redirect too, though
    /// [`Params::allow_private_addresses`] says no.
    pub allow_private: bool,
}

impl Request {
    /// An unconditional request for a URL or path.
    pub fn of_url(url: impl Into<String>) -> Request {
        Request { url: url.into(), ..Request::default() }
    }
}

/// What came back, when nothing went wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// The feed is as it was.
    NotModified(Answer),
    /// The feed, whole.
    Fetched {
        /// What is known of the answer.
        answer: Answer,
        /// Its bytes, decompressed, never blank.
        body: Bytes,
        /// The `Content-Type` header as it came.
        content_type: Option<String>,
    },
}

impl Response {
    /// What is known of the answer, in either case.
    pub fn answer(&self) -> &Answer {
        match self {
            Response::NotModified(answer) | Response::Fetched { answer, .. } => answer,
        }
    }

    fn answer_mut(&mut self) -> &mut Answer {
        match self {
            Response::NotModified(answer) | Response::Fetched { answer, .. } => answer,
        }
    }
}

/// What is known of an answer beside its body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What to send with the next request, to be stored as it is (and only together with the articles of this answer, and
    /// with `final_url`, whose validators they are).
    pub validators: Validators,
    /// The URL that answered in the end, without credentials: the base of the feed's relative links.
    pub final_url: Url,
    /// Where the feed says it lives from now on (301, 308), with the user's credentials if it is of the same origin.
    /// Believe it only after it has been said for days: captive portals say it too.
    pub moved_permanently_to: Option<Url>,
    /// How long the server says that asking again is useless (`Cache-Control`, `Expires`).
    pub fresh_for: Option<Duration>,
    /// The status code; a file is 200, or 304 when unchanged.
    pub status: u16,
    /// How long it took, body included.
    pub elapsed: Duration,
    /// The redirects that were followed, in order.
    pub redirects: Vec<Redirect>,
}

/// Getting one feed.
pub trait Fetch {
    /// Asks once. `now` is the time of asking, by which dates in the answer are read. Dropping the future breaks off.
    fn fetch(&self, request: &Request, now: Timestamp) -> impl Future<Output = Result<Response, FetchError>> + Send;

    /// Asks once, with a turn at every host that has to do with it: the one of the URL, and those it redirects to. Waiting for
    /// a turn does not count against the deadline.
    fn fetch_in_turn<G: Gate>(
        &self,
        request: &Request,
        gate: &G,
        now: Timestamp,
    ) -> impl Future<Output = Result<Response, FetchError>> + Send
    where
        Self: Sync,
    {
        async move {
            let _turn = match Url::parse(&request.url) {
                Ok(url) => Some(enter(gate, &url).await?),
                Err(_) => None,
            };
            self.fetch(request, now).await
        }
    }
}

/// Who keeps order at the doors of hosts.
pub trait Gate: Sync {
    /// A turn at a host; it ends when this is dropped.
    type Turn: Send;

    /// Waits for a turn at the host of this URL; the end of the host's pause where it keeps one.
    fn enter(&self, url: &Url) -> impl Future<Output = Result<Self::Turn, Timestamp>> + Send;
}

/// A turn, or the error that says why there is none.
async fn enter<G: Gate>(gate: &G, url: &Url) -> Result<G::Turn, FetchError> {
    gate.enter(url).await.map_err(|until| FetchError::Paused {
        url: policy::redact(url.as_str()),
        host: host_of(url).unwrap_or_default(),
        until,
    })
}

/// Whether the URL is of this machine itself, which no courtesy protects from anything and which says nothing of the network.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A document's fingerprint, with all that bears on how it is read, by an algorithm that never changes, for it is stored.
pub fn fingerprint(body: &[u8], how: &str) -> String {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(how.as_bytes());
    hasher.update(&[0]);
    hasher.update(body);
    format!("{:032x}", hasher.digest128())
}

/// The chokepoint: every feed, whatever its scheme, is fetched through one of these. Cheap to share behind an `Arc`; it
/// keeps connections open for a while, so make one and keep it.
#[derive(Debug)]
pub struct Fetcher {
    http: HttpFetch,
    file: FileFetch,
}

impl Fetcher {
    /// A fetcher with these limits; an error names the setting that cannot be used.
    pub fn new(params: Params) -> Result<Fetcher, FetchError> {
        let params = params.checked()?;
        Ok(Fetcher { file: FileFetch::new(&params), http: HttpFetch::new(params)? })
    }
}

impl Fetcher {
    /// Asks once, as [`Fetch::fetch`] does, and tells every request that was sent on the way; for a file there is none.
    pub async fn trace(&self, request: &Request, now: Timestamp) -> (Vec<Exchange>, Result<Response, FetchError>) {
        match place(&request.url) {
            Ok(Place::Web(url)) => self.http.trace_url(request, url, now).await,
            Ok(Place::File(path)) => (Vec::new(), self.file.fetch_path(request, path).await),
            Err(error) => (Vec::new(), Err(error)),
        }
    }
}

impl Fetch for Fetcher {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        match place(&request.url)? {
            Place::Web(url) => self.http.fetch_url(request, url, &Open, now).await,
            Place::File(path) => self.file.fetch_path(request, path).await,
        }
    }

    async fn fetch_in_turn<G: Gate>(
        &self,
        request: &Request,
        gate: &G,
        now: Timestamp,
    ) -> Result<Response, FetchError> {
        match place(&request.url)? {
            Place::Web(url) => self.http.fetch_url(request, url, gate, now).await,
            Place::File(path) => self.file.fetch_path(request, path).await,
        }
    }
}

/// A gate that is always open.
struct Open;

impl Gate for Open {
    type Turn = ();

    async fn enter(&self, _url: &Url) -> Result<(), Timestamp> {
        Ok(())
    }
}

/// Where a feed is to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `http` or `https`.
    Web(Url),
    /// A file, from a path or a `file:` URL.
    File(PathBuf),
}

/// Where the feed named so is to be had: what has no scheme is a path. Any scheme but `http`, `https` and `file` is refused.
pub fn place(text: &str) -> Result<Place, FetchError> {
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) => match url.scheme() {
            "http" | "https" => Ok(Place::Web(url)),
            "file" => url.to_file_path().map(Place::File).map_err(|()| FetchError::FileHost { url: text.to_owned() }),
            scheme => Err(FetchError::scheme(text, scheme)),
        },
        Err(url::ParseError::RelativeUrlWithoutBase) if !text.is_empty() => Ok(Place::File(PathBuf::from(text))),
        Err(source) => Err(FetchError::Url { url: policy::redact(text), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_an_address_to_ask_at() {
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(user_agent(None), format!("newsfold/{version} (feed reader)"));
        let contact = "https://lamp.example/bot";
        assert_eq!(user_agent(Some(contact)), format!("newsfold/{version} (+https://lamp.example/bot)"));
    }

    #[test]
    fn a_fingerprint_is_of_the_document_and_of_how_it_is_read() {
        // Stored years ago, it must still be right.
        assert_eq!(fingerprint(b"", ""), fingerprint(b"", ""));
        let all = [fingerprint(b"ab", ""), fingerprint(b"b", "a"), fingerprint(b"a", "b"), fingerprint(b"", "ab")];
        let distinct: std::collections::BTreeSet<&String> = all.iter().collect();
        assert_eq!((distinct.len(), all[0].len()), (4, 32));
    }

    #[test]
    fn a_feed_is_a_web_address_or_a_file_and_nothing_else() {
        let cases = [
            ("https://example.com/feed", Some("https://example.com/feed")),
            (" HTTP://EXAMPLE.com ", Some("http://example.com/")),
            ("file:///var/feeds/a%20b.xml", Some("/var/feeds/a b.xml")),
            ("file://localhost/a.xml", Some("/a.xml")),
            ("file://elsewhere/a.xml", None),
            ("/var/feeds/a.xml", Some("/var/feeds/a.xml")),
            ("feeds/a.xml", Some("feeds/a.xml")),
            ("ftp://example.com/feed", None),
            ("gopher://example.com/", None),
            ("data:text/xml,<rss/>", None),
            ("feed://example.com/", None),
            ("javascript:alert(1)", None),
            ("https://", None),
            ("http://[::1", None),
            ("http://999.999.999.999/", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = place(text).ok().map(|place| match place {
                Place::Web(url) => url.to_string(),
                Place::File(path) => path.display().to_string(),
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_limit_that_cannot_be_kept_is_named() {
        let good = Params::default();
        assert_eq!(good.clone().checked().unwrap(), good);
        let bad = [
            (Params { timeout: Duration::ZERO, ..good.clone() }, "timeout"),
            (Params { timeout: Duration::from_secs(3601), ..good.clone() }, "timeout"),
            (Params { connect_timeout: Duration::ZERO, ..good.clone() }, "connect_timeout"),
            (Params { body_bytes_max: 0, ..good.clone() }, "body_max"),
            (Params { redirects_max: 21, ..good.clone() }, "redirects_max"),
            (Params { proxy: Some("no proxy".into()), ..good.clone() }, "proxy"),
            (Params { user_agent: "line\nbreak".into(), ..good }, "user_agent"),
        ];
        for (params, key) in bad {
            let message = Fetcher::new(params).unwrap_err().to_string();
            assert!(message.contains(&format!("`[fetch] {key}`")), "{message}");
        }
    }
}
