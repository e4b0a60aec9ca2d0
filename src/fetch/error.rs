//! Station: what can go wrong while a feed is fetched, and what each trouble means for the next request.
//!
//! URLs inside are redacted when the error is made, so that no message, log line or debug print can leak a key.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use jiff::Timestamp;

use crate::fetch::policy::{NotPublic, redact};
use crate::model::Health;

/// Why a feed could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A setting that cannot be used.
    #[error("`[fetch] {key}` is `{value}`: it must be {wanted}")]
    Setting {
        /// Its name in the config file.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// The HTTP client could not be made at all.
    #[error("cannot set up HTTPS")]
    Client(#[source] Cause),
    /// What should be a URL is none.
    #[error("`{url}` is not a URL")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// A scheme that is not fetched.
    #[error("cannot fetch `{url}`: only `http:`, `https:` and `file:` are fetched, not `{scheme}:`")]
    Scheme {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// A redirect to a scheme that is not followed.
    #[error("cannot fetch `{url}`: it redirects to `{target}`, and only `http:` and `https:` are followed")]
    RedirectScheme {
        /// The URL that was asked.
        url: String,
        /// Where it leads.
        target: String,
    },
    /// A header of the user's that cannot be sent; its value is not shown, for it may be a password.
    #[error("cannot fetch `{url}`: its header `{name}` has a name or value that HTTP does not allow")]
    Header {
        /// The feed's URL.
        url: String,
        /// The header's name.
        name: String,
    },
    /// Our own policy refuses the address.
    #[error(
        "cannot fetch `{url}`: {reason}; set `allow_private_addresses = true` for this feed or in `[fetch]` to allow it"
    )]
    Refused {
        /// The URL: the one asked for, or one it redirects to.
        url: String,
        /// The address and its kind.
        reason: NotPublic,
    },
    /// The host's name has no address.
    #[error("cannot fetch `{url}`: cannot find the address of `{host}`")]
    Dns {
        /// The URL.
        url: String,
        /// The name.
        host: String,
        /// What the resolver said.
        source: Cause,
    },
    /// No connection.
    #[error("cannot fetch `{url}`: cannot connect")]
    Connect {
        /// The URL.
        url: String,
        /// What the system said.
        source: Cause,
    },
    /// No secure connection.
    #[error("cannot fetch `{url}`: the secure connection failed")]
    Tls {
        /// The URL.
        url: String,
        /// What is wrong with the certificate or the handshake.
        source: Cause,
    },
    /// A deadline passed.
    #[error("cannot fetch `{url}`: {what} after {}", in_words(*.after))]
    Timeout {
        /// The URL that was asked for.
        url: String,
        /// `timed out`, or what did.
        what: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// The connection ended, or spoke nonsense, before an answer had come.
    #[error("cannot fetch `{url}`: no HTTP answer")]
    Broken {
        /// The URL.
        url: String,
        /// What happened.
        source: Cause,
    },
    /// A status that brings no feed.
    #[error("cannot fetch `{url}`: the server answered {}{}", status_in_words(*.status), pause_in_words(*.retry_after))]
    Status {
        /// The URL that answered.
        url: String,
        /// Its host, as courtesy counts hosts.
        host: String,
        /// The status code.
        status: u16,
        /// The pause the server asks for.
        retry_after: Option<Duration>,
    },
    /// 410 from where a temporary redirect led: that place is gone, and the feed itself may lead elsewhere tomorrow.
    #[error("cannot fetch `{url}`: it redirects to `{target}` for now, where the server answered 410 Gone")]
    GoneForNow {
        /// The URL that was asked for.
        url: String,
        /// The URL that answered.
        target: String,
    },
    /// A host on the way keeps a pause that it asked for before; nothing was sent to it.
    #[error("`{url}` was not asked: its host `{host}` keeps a pause until {until:.0}")]
    Paused {
        /// The URL that would have been asked.
        url: String,
        /// Its host.
        host: String,
        /// The end of the pause.
        until: Timestamp,
    },
    /// A 304 to a request that had nothing to compare with.
    #[error("cannot fetch `{url}`: the server answered 304 Not Modified although nothing was known of the feed yet")]
    NotModifiedUnasked {
        /// The URL that answered.
        url: String,
    },
    /// A redirect that leads nowhere.
    #[error("cannot fetch `{url}`: the server answered {} without a usable `Location`", status_in_words(*.status))]
    RedirectNowhere {
        /// The URL that answered.
        url: String,
        /// The status code.
        status: u16,
    },
    /// Redirects in a circle.
    #[error("cannot fetch `{url}`: its redirects go in a circle: {chain}")]
    RedirectLoop {
        /// The URL that was asked for.
        url: String,
        /// Every stop, by arrows.
        chain: String,
    },
    /// Too many redirects.
    #[error("cannot fetch `{url}`: more than {redirects_max} redirects: {chain}")]
    TooManyRedirects {
        /// The URL that was asked for.
        url: String,
        /// The limit.
        redirects_max: usize,
        /// Every stop, by arrows.
        chain: String,
    },
    /// A body above the limit.
    #[error("cannot fetch `{url}`: it is larger than {} (`[fetch] body_max`)", bytes_in_words(*.body_bytes_max))]
    TooLarge {
        /// The URL or path.
        url: String,
        /// The limit.
        body_bytes_max: usize,
    },
    /// A body of nothing, or of white space.
    #[error("cannot fetch `{url}`: it is empty")]
    Empty {
        /// The URL or path.
        url: String,
    },
    /// The body ended early.
    #[error("cannot fetch `{url}`: it breaks off before its end")]
    Truncated {
        /// The URL.
        url: String,
        /// What happened.
        source: Cause,
    },
    /// The body is not what its `Content-Encoding` says.
    #[error("cannot fetch `{url}`: its compression cannot be undone")]
    Decoding {
        /// The URL.
        url: String,
        /// What is wrong.
        source: Cause,
    },
    /// A `Content-Encoding` that was not asked for.
    #[error("cannot fetch `{url}`: its `Content-Encoding` `{encoding}` is not known")]
    Encoding {
        /// The URL.
        url: String,
        /// The header's value.
        encoding: String,
    },
    /// A `file:` URL of another machine.
    #[error("cannot read `{url}`: a file URL starts with `file:///`")]
    FileHost {
        /// The URL.
        url: String,
    },
    /// No such file.
    #[error("cannot read `{path}`: there is no such file (a web address starts with `https://`)")]
    FileMissing {
        /// The path.
        path: String,
    },
    /// A directory, a device, a pipe.
    #[error("cannot read `{path}`: it is not a regular file")]
    FileKind {
        /// The path.
        path: String,
    },
    /// The system would not let us.
    #[error("cannot read `{path}`")]
    File {
        /// The path.
        path: String,
        /// What it said.
        source: io::Error,
    },
}

impl FetchError {
    /// The refusal of a scheme.
    pub(crate) fn scheme(url: &str, scheme: &str) -> FetchError {
        FetchError::Scheme { url: redact(url), scheme: scheme.to_owned() }
    }

    /// Whether the same request may well succeed a little later. What is not transient is not hopeless either: pages come
    /// back, settings are changed; it is only not worth asking again soon.
    pub fn is_transient(&self) -> bool {
        match self {
            FetchError::Dns { .. }
            | FetchError::Connect { .. }
            | FetchError::Timeout { .. }
            | FetchError::Broken { .. }
            | FetchError::Empty { .. }
            | FetchError::Truncated { .. }
            | FetchError::Decoding { .. }
            | FetchError::NotModifiedUnasked { .. }
            | FetchError::Paused { .. }
            | FetchError::FileMissing { .. }
            | FetchError::File { .. } => true,
            // 202: being made; 408: too slow; 421, 425: ask on another connection.
            FetchError::Status { status, .. } => matches!(status, 202 | 408 | 421 | 425 | 429 | 500..=599),
            FetchError::Setting { .. }
            | FetchError::Client(_)
            | FetchError::Url { .. }
            | FetchError::Scheme { .. }
            | FetchError::RedirectScheme { .. }
            | FetchError::Header { .. }
            | FetchError::Refused { .. }
            | FetchError::Tls { .. }
            | FetchError::GoneForNow { .. }
            | FetchError::RedirectNowhere { .. }
            | FetchError::RedirectLoop { .. }
            | FetchError::TooManyRedirects { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Encoding { .. }
            | FetchError::FileHost { .. }
            | FetchError::FileKind { .. } => false,
        }
    }

    /// The pause the server asks for, as it said it: up to 68 years. `schedule` bounds it.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            FetchError::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The host that wants to be asked less, whichever feed it answers: it said 429, or 503 with a time to come back
    /// (RFC 9110, 15.6.4; RFC 6585, 4).
    pub fn throttling_host(&self) -> Option<&str> {
        match self {
            FetchError::Status { host, status: 429, .. }
            | FetchError::Status { host, status: 503, retry_after: Some(_), .. } => Some(host),
            _ => None,
        }
    }

    /// Whether nothing at all came from the other end, as when the network is down.
    pub fn is_silence(&self) -> bool {
        matches!(self, FetchError::Dns { .. } | FetchError::Connect { .. } | FetchError::Timeout { .. })
    }

    /// Whether a server spoke, if only to say no, or to say it badly.
    pub fn is_answer(&self) -> bool {
        use FetchError::{
            Broken, Decoding, Empty, Encoding, GoneForNow, NotModifiedUnasked, RedirectLoop, RedirectNowhere,
            RedirectScheme, Status, Tls, TooLarge, TooManyRedirects, Truncated,
        };
        let (Broken { .. }
        | Decoding { .. }
        | Empty { .. }
        | Encoding { .. }
        | GoneForNow { .. }
        | NotModifiedUnasked { .. }
        | RedirectLoop { .. }
        | RedirectNowhere { .. }
        | RedirectScheme { .. }
        | Status { .. }
        | Tls { .. }
        | TooLarge { .. }
        | TooManyRedirects { .. }
        | Truncated { .. }) = self
        else {
            return false;
        };
        true
    }

    /// How a feed with this trouble is doing.
    pub fn health(&self) -> Health {
        match self {
            FetchError::Status { status: 410, .. } => Health::Gone,
            FetchError::Status { status: 429, .. } | FetchError::Paused { .. } => Health::Throttled,
            FetchError::Status { status: 503, retry_after: Some(_), .. } => Health::Throttled,
            // 2xx and 3xx that bring nothing are answers, only broken ones.
            FetchError::Status { status: 200..=399, .. }
            | FetchError::NotModifiedUnasked { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Empty { .. }
            | FetchError::Truncated { .. }
            | FetchError::Decoding { .. }
            | FetchError::Encoding { .. }
            | FetchError::FileKind { .. } => Health::Unreadable,
            FetchError::Url { .. }
            | FetchError::Scheme { .. }
            | FetchError::RedirectScheme { .. }
            | FetchError::Header { .. }
            | FetchError::Refused { .. }
            | FetchError::FileHost { .. }
            | FetchError::Setting { .. } => Health::Refused,
            FetchError::Client(_)
            | FetchError::Dns { .. }
            | FetchError::Connect { .. }
            | FetchError::Tls { .. }
            | FetchError::Timeout { .. }
            | FetchError::Broken { .. }
            | FetchError::Status { .. }
            | FetchError::GoneForNow { .. }
            | FetchError::RedirectNowhere { .. }
            | FetchError::RedirectLoop { .. }
            | FetchError::TooManyRedirects { .. }
            | FetchError::FileMissing { .. }
            | FetchError::File { .. } => Health::Unreachable,
        }
    }
}

/// The root of a chain of causes, told in one short phrase. The layers between (`error sending request`, `client error
/// (Connect)`, …) tell a reader nothing; they are kept for the debug print.
#[derive(Debug)]
pub struct Cause {
    phrase: String,
    #[expect(dead_code, reason = "read by the debug print alone")]
    chain: Box<dyn Error + Send + Sync>,
}

impl Cause {
    /// The root of this chain.
    pub fn of(chain: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
        let chain = chain.into();
        let mut root: &dyn Error = chain.as_ref();
        while let Some(deeper) = root.source() {
            root = deeper;
        }
        Cause { phrase: phrase(&root.to_string()), chain }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.phrase)
    }
}

impl Error for Cause {}

/// An error with its causes in one line, each thing said once: `cannot fetch `https://…`: cannot connect: connection
/// refused`.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let text = phrase(&deeper.to_string());
        if !line.to_lowercase().contains(&text.to_lowercase()) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = deeper.source();
    }
    line.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A system's or crate's message in our manner: `Connection refused (os error 111)` is `connection refused`.
fn phrase(message: &str) -> String {
    let message = message.trim().trim_start_matches("failed to lookup address information: ");
    let message = match message.rfind(" (os error ") {
        Some(end) if message.ends_with(')') => &message[..end],
        _ => message,
    };
    let mut letters = message.chars();
    match (letters.next(), letters.clone().next()) {
        // Not `HTTP` or `UnknownIssuer`'s like: only a word that starts a sentence.
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    }
}

/// `20 s`, `300 ms`, `2 h`.
fn in_words(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (0, milliseconds) => format!("{milliseconds} ms"),
        (seconds, _) if seconds >= 7200 => format!("{} h", seconds.div_ceil(3600)),
        (seconds, 0) => format!("{seconds} s"),
        (seconds, milliseconds) => format!("{seconds}.{milliseconds:03} s"),
    }
}

/// `8 MiB`, `64 KiB`, `1000 bytes`.
fn bytes_in_words(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    match bytes {
        _ if bytes >= MIB && bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ if bytes >= KIB && bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}

/// `404 Not Found`: the statuses a feed's reader meets, by their names (RFC 9110, 15).
pub fn status_in_words(status: u16) -> String {
    let name = match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        410 => "Gone",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        425 => "Too Early",
        429 => "Too Many Requests",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {name}")
}

/// ` and asks for a pause of 2 h`, or nothing.
fn pause_in_words(pause: Option<Duration>) -> String {
    pause.map(|pause| format!(" and asks for a pause of {}", in_words(pause))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, pause_seconds: Option<u64>) -> FetchError {
        let retry_after = pause_seconds.map(Duration::from_secs);
        FetchError::Status { url: "https://example.com/feed".into(), host: "example.com".into(), status, retry_after }
    }

    #[test]
    fn every_status_says_what_it_means_for_the_feed() {
        let cases = [
            (202, None, true, Health::Unreadable),
            (204, None, false, Health::Unreadable),
            (206, None, false, Health::Unreadable),
            (401, None, false, Health::Unreachable),
            (403, None, false, Health::Unreachable),
            (404, None, false, Health::Unreachable),
            (410, None, false, Health::Gone),
            (429, None, true, Health::Throttled),
            (429, Some(60), true, Health::Throttled),
            (500, None, true, Health::Unreachable),
            (503, None, true, Health::Unreachable),
            (503, Some(60), true, Health::Throttled),
            (520, None, true, Health::Unreachable),
        ];
        for (code, pause, transient, health) in cases {
            let error = status(code, pause);
            assert_eq!((error.is_transient(), error.health()), (transient, health), "{code}");
            assert_eq!(error.retry_after(), pause.map(Duration::from_secs));
        }
    }

    #[test]
    fn messages_name_thing_value_and_remedy() {
        let url = || "https://example.com/feed".to_owned();
        let cases = [
            (
                FetchError::Timeout { url: url(), what: "timed out", after: Duration::from_secs(20) },
                "cannot fetch `https://example.com/feed`: timed out after 20 s",
            ),
            (status(404, None), "cannot fetch `https://example.com/feed`: the server answered 404 Not Found"),
            (
                status(503, Some(90)),
                "cannot fetch `https://example.com/feed`: the server answered 503 Service Unavailable and asks for a pause of 90 s",
            ),
            (status(599, None), "cannot fetch `https://example.com/feed`: the server answered 599"),
            (
                FetchError::TooLarge { url: url(), body_bytes_max: 8 << 20 },
                "cannot fetch `https://example.com/feed`: it is larger than 8 MiB (`[fetch] body_max`)",
            ),
            (
                FetchError::Refused {
                    url: url(),
                    reason: crate::fetch::policy::address("10.0.0.1".parse().unwrap()).unwrap_err(),
                },
                "cannot fetch `https://example.com/feed`: `10.0.0.1` is a private address; set `allow_private_addresses = true` for this feed or in `[fetch]` to allow it",
            ),
        ];
        for (error, expected) in cases {
            assert_eq!(one_line(&error), expected);
        }
    }

    #[test]
    fn one_line_says_each_thing_once() {
        let refused = io::Error::from_raw_os_error(111);
        let error = FetchError::Connect { url: "http://example.com/".into(), source: Cause::of(refused) };
        assert_eq!(one_line(&error), "cannot fetch `http://example.com/`: cannot connect: connection refused");
        let denied = io::Error::from_raw_os_error(13);
        let error = FetchError::File { path: "/feed.xml".into(), source: denied };
        assert_eq!(one_line(&error), "cannot read `/feed.xml`: permission denied");
        let error = FetchError::Url { url: "http://".into(), source: url::ParseError::EmptyHost };
        assert_eq!(one_line(&error), "`http://` is not a URL: empty host");
    }
}
