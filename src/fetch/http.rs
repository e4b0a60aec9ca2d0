//! Door: feeds over HTTP, one polite request at a time: conditional, bounded in time and size, and to public addresses only.
//!
//! Redirects are followed here and not by the HTTP client, which would take validators and headers along, send a
//! `Referer`, and not ask anybody whether the address at the other end may be asked.

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use crate::fetch::error::{Cause, FetchError};
use crate::fetch::law::{self, TimeHeaders};
use crate::fetch::policy::{self, NotPublic, redact};
use crate::fetch::trace::Exchange;
use crate::fetch::trail::Trail;
use crate::fetch::{Answer, Fetch, Gate, Open, Params, Place, Request, Response, enter, place, trace};
use crate::model::{Validators, host_of};

/// Feeds first, in every dialect we read, then whatever the server has: many serve feeds under another name.
const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, \
                      application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5";

/// Feeds over HTTP. Holds the pool of connections.
#[derive(Debug)]
pub struct HttpFetch {
    client: reqwest::Client,
    /// For the feeds that may lead into private networks, made when the first of them is asked. Its connections are its
    /// own, so that no other feed is answered over one of them.
    private: OnceLock<reqwest::Client>,
    params: Params,
}

impl HttpFetch {
    /// A client with these limits; an error names the setting that cannot be used.
    pub fn new(params: Params) -> Result<HttpFetch, FetchError> {
        HttpFetch::over(params, System)
    }

    /// The same, with somebody's word for what names stand for.
    fn over<L: Lookup>(params: Params, lookup: L) -> Result<HttpFetch, FetchError> {
        let params = params.checked()?;
        Ok(HttpFetch { client: client(&params, lookup)?, private: OnceLock::new(), params })
    }

    /// Asks for a web address and goes where it is sent, until something else than a redirect answers. The deadline is for all
    /// of it, but for the time in which others have their turn.
    pub(crate) async fn fetch_url<G: Gate>(
        &self,
        request: &Request,
        url: Url,
        gate: &G,
        now: Timestamp,
    ) -> Result<Response, FetchError> {
        self.walk(request, &mut Trail::new(url), gate, now).await
    }

    /// Asks for a web address as `fetch_url` does, every gate being open, and tells every request that was sent.
    pub(crate) async fn trace_url(
        &self,
        request: &Request,
        url: Url,
        now: Timestamp,
    ) -> (Vec<Exchange>, Result<Response, FetchError>) {
        let mut trail = Trail::new(url);
        trail.log = Some(Vec::new());
        let response = self.walk(request, &mut trail, &Open, now).await;
        (trail.log.unwrap_or_default(), response)
    }

    async fn walk<G: Gate>(
        &self,
        request: &Request,
        trail: &mut Trail,
        gate: &G,
        now: Timestamp,
    ) -> Result<Response, FetchError> {
        let started = Instant::now();
        let after = self.params.timeout;
        let mut left = after;
        loop {
            // One turn at a time: who held one host's while waiting for another's could wait for ever.
            let _turn = enter(gate, trail.url()).await?;
            let began = Instant::now();
            let step = tokio::time::timeout(left, self.step(request, trail, (started, now))).await;
            let Ok(step) = step else {
                return Err(FetchError::Timeout { url: redact(&request.url), what: "timed out", after });
            };
            if let Some(mut response) = step? {
                response.answer_mut().elapsed = (after - left) + began.elapsed();
                return Ok(response);
            }
            left = left.saturating_sub(began.elapsed());
        }
    }

    /// Asks the trail's last stop; `None` where it redirects, and the trail has gone on.
    async fn step(
        &self,
        request: &Request,
        trail: &mut Trail,
        times: (Instant, Timestamp),
    ) -> Result<Option<Response>, FetchError> {
        let answered = self.ask(request, trail).await?;
        let status = answered.status().as_u16();
        match status {
            301 | 302 | 303 | 307 | 308 => {
                let location = text_of(answered.headers(), header::LOCATION);
                trail.follow(status, location.as_deref(), self.params.redirects_max)?;
                Ok(None)
            }
            // 203 is a 200 that a proxy has touched (RFC 9110, 15.3.4).
            200 | 203 => self.fetched(answered, trail, times).await.map(Some),
            304 if has_validators_for(request, trail) => {
                let mut answer = answer_of(&answered, trail, times);
                answer.validators = law::after_not_modified(&request.validators, answer.validators);
                Ok(Some(Response::NotModified(answer)))
            }
            410 if !trail.is_permanent() => {
                Err(FetchError::GoneForNow { url: redact(&request.url), target: redact(trail.url().as_str()) })
            }
            304 => Err(FetchError::NotModifiedUnasked { url: redact(trail.url().as_str()) }),
            _ => {
                let (began, now) = times;
                let retry_after = law::pause(status, &times_of(answered.headers()), at(now, began));
                let host = host_of(trail.url()).unwrap_or_default();
                Err(FetchError::Status { url: redact(trail.url().as_str()), host, status, retry_after })
            }
        }
    }

    /// One request to the trail's last stop, if policy lets us.
    async fn ask(&self, request: &Request, trail: &mut Trail) -> Result<reqwest::Response, FetchError> {
        let url = &trail.url().clone();
        if !self.params.allow_private_addresses && !request.allow_private {
            policy::host(url).map_err(|reason| FetchError::Refused { url: redact(url.as_str()), reason })?;
        }
        let headers = headers_of(request, trail)?;
        if let Some(log) = &mut trail.log {
            let sent = trace::sent(&headers, request, &self.params.user_agent);
            log.push(Exchange { url: redact(url.as_str()), sent, ..Exchange::default() });
        }
        let began = Instant::now();
        let answered = self.client_for(request)?.get(url.clone()).headers(headers).send().await;
        if let (Some(exchange), Ok(answered)) = (trail.log.as_mut().and_then(|log| log.last_mut()), &answered) {
            exchange.status = Some(answered.status().as_u16());
            exchange.received = trace::received(answered.headers());
            exchange.elapsed = began.elapsed();
        }
        answered.map_err(|error| trouble(error, url, self.params.connect_timeout))
    }

    /// The client whose eyes on addresses fit the request.
    fn client_for(&self, request: &Request) -> Result<&reqwest::Client, FetchError> {
        if self.params.allow_private_addresses || !request.allow_private {
            return Ok(&self.client);
        }
        if let Some(client) = self.private.get() {
            return Ok(client);
        }
        let made = client(&Params { allow_private_addresses: true, ..self.params.clone() }, System)?;
        Ok(self.private.get_or_init(|| made))
    }

    /// The whole body of a success.
    async fn fetched(
        &self,
        mut answered: reqwest::Response,
        trail: &Trail,
        times: (Instant, Timestamp),
    ) -> Result<Response, FetchError> {
        let shown = redact(trail.url().as_str());
        let encoding = encoding_left(answered.headers());
        if let Encoding::Unknown(encoding) = encoding {
            return Err(FetchError::Encoding { url: shown, encoding });
        }
        let content_type = text_of(answered.headers(), header::CONTENT_TYPE);
        let body = self.body(&mut answered, trail.url()).await?;
        let body = if body.starts_with(GZIP_MAGIC) || encoding == Encoding::Gzip {
            inflate(&body, self.params.body_bytes_max, &shown)?
        } else {
            body
        };
        if body.trim_ascii().is_empty() {
            return Err(FetchError::Empty { url: shown });
        }
        let answer = answer_of(&answered, trail, times);
        Ok(Response::Fetched { answer, body: Bytes::from(body), content_type })
    }

    /// Reads the body chunk by chunk, as decompressed, and stops at the limit: a few kilobytes may hold gigabytes.
    async fn body(&self, answered: &mut reqwest::Response, url: &Url) -> Result<Vec<u8>, FetchError> {
        let body_bytes_max = self.params.body_bytes_max;
        let too_large = || FetchError::TooLarge { url: redact(url.as_str()), body_bytes_max };
        // Known only where nothing is compressed; a lie is found out below.
        let announced = answered.content_length().map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > body_bytes_max {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answered.chunk().await.map_err(|error| trouble_in_body(error, url))? {
            if body.len() + chunk.len() > body_bytes_max {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl Fetch for HttpFetch {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        match place(&request.url)? {
            Place::Web(url) => self.fetch_url(request, url, &Open, now).await,
            Place::File(_) => Err(FetchError::scheme(&request.url, "file")),
        }
    }
}

/// The client: no redirects, no `Referer`, no cookies, no proxy but ours, our own eyes on every address.
fn client<L: Lookup>(params: &Params, lookup: L) -> Result<reqwest::Client, FetchError> {
    install_tls();
    // Asked of the header type itself, so that an error can name the setting.
    let user_agent = HeaderValue::from_str(&params.user_agent).map_err(|_| FetchError::Setting {
        key: "user_agent",
        value: params.user_agent.clone(),
        wanted: "one line of visible characters",
    })?;
    let proxy = params.proxy.as_deref().map(proxy).transpose()?;
    let resolver = Public {
        lookup,
        proxy_host: proxy.as_ref().and_then(|(_, host)| host.clone()),
        allow_private_addresses: params.allow_private_addresses,
    };
    let builder = move || {
        let builder = reqwest::Client::builder()
            .user_agent(user_agent.clone())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(params.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(15)) // a feed's next poll is minutes away; its neighbours' are not
            .pool_max_idle_per_host(2)
            .dns_resolver(resolver.clone())
            .no_proxy();
        match &proxy {
            Some((proxy, _)) => builder.proxy(proxy.clone()),
            None => builder,
        }
    };
    // The machine's own roots first, which know a company's. A bare container has none, and the client then cannot be
    // made at all: the web's usual roots stand in.
    builder()
        .build()
        .or_else(|_| builder().tls_certs_only(usual_roots()).build())
        .map_err(|error| FetchError::Client(Cause::of(error)))
}

/// The proxy and its host's name.
fn proxy(text: &str) -> Result<(reqwest::Proxy, Option<String>), FetchError> {
    let refused = || FetchError::Setting { key: "proxy", value: redact(text), wanted: "a URL like `http://host:port`" };
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(refused)?;
    let host = url.host_str().map(str::to_owned);
    Ok((reqwest::Proxy::all(url).map_err(|_| refused())?, host))
}

/// Makes ring the process's TLS provider, once: the client's own choice is left open at build time.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error says that somebody else in the process has chosen before us; any provider will do.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// Mozilla's roots, as carried inside the binary.
fn usual_roots() -> Vec<reqwest::Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|root| reqwest::Certificate::from_der(root).ok())
        .collect()
}

/// What a name stands for at this moment.
trait Lookup: Clone + Send + Sync + 'static {
    fn addresses(&self, name: String) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// The system's own word.
#[derive(Clone, Debug)]
struct System;

impl Lookup for System {
    async fn addresses(&self, name: String) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.collect())
    }
}

/// A resolver of names that gives out public addresses only. As the connection is made to these very addresses, a name
/// that changes its mind between check and use gains nothing. It is not asked for hosts that are addresses themselves.
#[derive(Clone, Debug)]
struct Public<L> {
    lookup: L,
    /// The proxy is where the user wants it.
    proxy_host: Option<String>,
    allow_private_addresses: bool,
}

impl<L: Lookup> Resolve for Public<L> {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let any = self.allow_private_addresses || self.proxy_host.as_deref() == Some(&name);
        let lookup = self.lookup.clone();
        Box::pin(async move {
            let mut found = lookup.addresses(name).await?;
            if !any {
                let refused = found.iter().find_map(|address| policy::address(address.ip()).err());
                found.retain(|address| policy::address(address.ip()).is_ok());
                if let (true, Some(refused)) = (found.is_empty(), refused) {
                    return Err(refused.into());
                }
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What is sent beside the user agent and the encodings that can be undone.
fn headers_of(request: &Request, trail: &Trail) -> Result<HeaderMap, FetchError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
    if trail.kept_origin() {
        for (name, value) in &request.headers {
            let refused = || FetchError::Header { url: redact(&request.url), name: name.clone() };
            let parsed_name: HeaderName = name.parse().map_err(|_| refused())?;
            headers.insert(parsed_name, HeaderValue::from_str(value).map_err(|_| refused())?);
        }
    }
    let is_theirs = has_validators_for(request, trail);
    let validators = [
        (header::IF_NONE_MATCH, &request.validators.etag),
        (header::IF_MODIFIED_SINCE, &request.validators.last_modified),
    ];
    for (name, value) in validators {
        headers.remove(&name);
        // One that came over the wire can go back; one that was damaged in the database is better not sent.
        let value = value.as_deref().and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let (true, Some(value)) = (is_theirs, value) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

/// Whether validators may be sent to the trail's last stop: they belong to one URL, and mean nothing to another (RFC 9110,
/// 8.8).
fn has_validators_for(request: &Request, trail: &Trail) -> bool {
    let is_theirs = match &request.validators_url {
        None => trail.redirects().is_empty(),
        Some(url) => policy::without_credentials(trail.url()).as_str() == url,
    };
    is_theirs && request.validators != Validators::default()
}

/// All that an answer says beside its body.
fn answer_of(answered: &reqwest::Response, trail: &Trail, (began, now): (Instant, Timestamp)) -> Answer {
    let headers = answered.headers();
    let validators =
        Validators { etag: text_of(headers, header::ETAG), last_modified: text_of(headers, header::LAST_MODIFIED) };
    Answer {
        validators,
        final_url: policy::without_credentials(trail.url()),
        moved_permanently_to: trail.moved_permanently_to().cloned(),
        fresh_for: law::fresh_for(&times_of(headers), at(now, began)),
        status: answered.status().as_u16(),
        elapsed: began.elapsed(),
        redirects: trail.redirects().to_vec(),
    }
}

/// The moment it is now, `now` having been when we began.
fn at(now: Timestamp, began: Instant) -> Timestamp {
    let elapsed = SignedDuration::try_from(began.elapsed()).unwrap_or_default();
    now.checked_add(elapsed).unwrap_or(now)
}

/// The headers that speak of time.
fn times_of(headers: &HeaderMap) -> TimeHeaders {
    let lines = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let cache_control = lines.collect::<Vec<_>>().join(", ");
    TimeHeaders {
        cache_control: (!cache_control.is_empty()).then_some(cache_control),
        expires: text_of(headers, header::EXPIRES),
        date: text_of(headers, header::DATE),
        age: text_of(headers, header::AGE),
        retry_after: text_of(headers, header::RETRY_AFTER),
    }
}

/// A header's value byte for byte; `None` where it is absent, empty, or cannot be kept as text.
fn text_of(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = std::str::from_utf8(headers.get(name)?.as_bytes()).ok()?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// What a gzip stream starts with (RFC 1952, 2.3.1), deflate being its only method; no feed does.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];

/// What is left of `Content-Encoding` once the client has undone `gzip`, `br`, `zstd` or `deflate`, each alone and in
/// lower case.
#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    /// Nothing is left to undo.
    Identity,
    /// gzip by its old name or in other letters, which mean the same (RFC 9110, 8.4.1.3).
    Gzip,
    /// Anything else, several at once among them.
    Unknown(String),
}

fn encoding_left(headers: &HeaderMap) -> Encoding {
    let lines = headers.get_all(header::CONTENT_ENCODING).iter();
    // Escaped, for it may be shown on a terminal.
    let lines: Vec<String> = lines.map(|line| line.as_bytes().trim_ascii().escape_ascii().to_string()).collect();
    match lines.join(", ").to_ascii_lowercase().as_str() {
        "" | "identity" => Encoding::Identity,
        "gzip" | "x-gzip" => Encoding::Gzip,
        other => Encoding::Unknown(other.to_owned()),
    }
}

/// Undoes gzip that the client did not: under another spelling, or without a word about it.
fn inflate(body: &[u8], body_bytes_max: usize, shown: &str) -> Result<Vec<u8>, FetchError> {
    let limit = u64::try_from(body_bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut inflated = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(body).take(limit).read_to_end(&mut inflated);
    if let Err(error) = read {
        return Err(FetchError::Decoding { url: shown.to_owned(), source: Cause::of(error) });
    }
    if inflated.len() > body_bytes_max {
        return Err(FetchError::TooLarge { url: shown.to_owned(), body_bytes_max });
    }
    Ok(inflated)
}

/// Which trouble it was that kept an answer from coming.
fn trouble(error: reqwest::Error, url: &Url, connect_timeout: Duration) -> FetchError {
    let shown = redact(url.as_str());
    if let Some(reason) = causes(&error).find_map(|cause| cause.downcast_ref::<NotPublic>()) {
        return FetchError::Refused { url: shown, reason: *reason };
    }
    if error.is_timeout() {
        return FetchError::Timeout { url: shown, what: "connecting timed out", after: connect_timeout };
    }
    let is_tls = causes(&error).any(|cause| cause.is::<rustls::Error>());
    let (is_dns, is_connect) = (error.is_dns(), error.is_connect());
    let source = Cause::of(error.without_url());
    match (is_tls, is_dns, is_connect) {
        (true, ..) => FetchError::Tls { url: shown, source },
        (_, true, _) => FetchError::Dns { url: shown, host: url.host_str().unwrap_or_default().to_owned(), source },
        (_, _, true) => FetchError::Connect { url: shown, source },
        _ => FetchError::Broken { url: shown, source },
    }
}

/// Which trouble it was that kept the body from coming whole. An I/O error at the very top is the decompressor's: the
/// connection's own errors come wrapped.
fn trouble_in_body(error: reqwest::Error, url: &Url) -> FetchError {
    let decompressor = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let url = redact(url.as_str());
    let source = Cause::of(error.without_url());
    match decompressor {
        None | Some(io::ErrorKind::UnexpectedEof) => FetchError::Truncated { url, source },
        Some(_) => FetchError::Decoding { url, source },
    }
}

/// The error's causes, nearest first. An I/O error that carries another error hides it from the chain, telling that one's
/// own source as its own: here it is told too.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| {
        let carried = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match carried {
            Some(carried) => Some(carried as &(dyn Error + 'static)),
            None => (*cause).source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Says these things in turn, and remembers which names it was asked for.
    #[derive(Clone, Default)]
    struct Fickle {
        words: Arc<Mutex<VecDeque<Vec<&'static str>>>>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Lookup for Fickle {
        async fn addresses(&self, name: String) -> io::Result<Vec<SocketAddr>> {
            self.asked.lock().unwrap().push(name);
            let words = self.words.lock().unwrap().pop_front().unwrap_or_default();
            Ok(words.into_iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect())
        }
    }

    fn fickle<const N: usize>(words: [&[&'static str]; N]) -> Fickle {
        let words = words.iter().map(|addresses| addresses.to_vec()).collect();
        Fickle { words: Arc::new(Mutex::new(words)), ..Fickle::default() }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    /// Rebinding: a name is harmless when it is checked and leads home when it is used.
    #[test]
    fn a_name_that_changes_its_mind_gains_nothing() {
        let given = |lookup: &Fickle| {
            let public = Public { lookup: lookup.clone(), proxy_host: None, allow_private_addresses: false };
            let found = run(public.resolve("feed.example".parse().unwrap()));
            found
                .map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        let lookup = fickle([
            &["1.1.1.1"],
            &["127.0.0.1"],
            &["10.0.0.1", "1.1.1.1", "::1"],
            &["fd00::1", "169.254.169.254"],
            &["::ffff:10.0.0.1"],
        ]);
        assert_eq!(given(&lookup), Ok(vec!["1.1.1.1".to_owned()]));
        assert_eq!(given(&lookup), Err("`127.0.0.1` is a loopback address".to_owned()));
        assert_eq!(given(&lookup), Ok(vec!["1.1.1.1".to_owned()]), "of both kinds, the public ones");
        assert_eq!(given(&lookup), Err("`fd00::1` is a private address".to_owned()));
        assert_eq!(given(&lookup), Err("`::ffff:10.0.0.1` is a private address".to_owned()));

        // What was given is what is connected to: there is no second look-up behind this one's back.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://feed.example:{}/feed", listener.local_addr().unwrap().port());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<rss/>").unwrap();
            read > 0
        });
        let ask = |params: Params, lookup: &Fickle| {
            let fetch = HttpFetch::over(params, lookup.clone()).unwrap();
            run(async { fetch.fetch(&Request::of_url(&url), Timestamp::UNIX_EPOCH).await })
        };
        let refused = fickle([&["127.0.0.1"]]);
        assert!(matches!(ask(Params::default(), &refused), Err(FetchError::Refused { .. })));
        let allowed = fickle([&["127.0.0.1"], &["192.0.2.1"]]);
        assert!(ask(Params { allow_private_addresses: true, ..Params::default() }, &allowed).is_ok());
        assert_eq!(*allowed.asked.lock().unwrap(), ["feed.example"]);
        assert!(server.join().unwrap(), "the one connection was the allowed one's");
    }
}
