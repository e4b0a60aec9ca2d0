//! Door: who may see what: the host that a request names, and the token that it shows.
//!
//! A page of anybody's site may send requests to this machine, and, once it has its own name resolved to 127.0.0.1 (DNS rebinding),
//! read the answers too. What gives it away is its name: a listener on loopback answers to those names alone that always stand for
//! this machine. Whoever reaches a listener from elsewhere is asked for the token instead, where there is one.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, StatusCode, Uri, Version, header};

/// What a door asks for.
#[derive(Clone, Default)]
pub(crate) struct Guard {
    /// Where it listens.
    pub(crate) address: Option<SocketAddr>,
    /// The token.
    pub(crate) token: Option<String>,
}

/// What anybody may ask who reaches us: it says nothing but whether we work.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// With which status.
    pub(crate) status: StatusCode,
    /// In one line.
    pub(crate) why: &'static str,
}

impl Guard {
    /// Lets a request in, or says why not.
    ///
    /// # Errors
    /// When it names another host, or does not show the token.
    pub(crate) fn admit(&self, uri: &Uri, version: Version, headers: &HeaderMap) -> Result<(), Refused> {
        if self.is_loopback() {
            return match host(uri, version, headers)? {
                Some(host) if !is_this_machine(host) => Err(Refused {
                    status: StatusCode::MISDIRECTED_REQUEST,
                    why: "this listener is for this machine alone, and the request names another host",
                }),
                _ => Ok(()),
            };
        }
        let Some(token) = &self.token else { return Ok(()) };
        if OPEN.contains(&uri.path()) || shown(headers).is_some_and(|shown| is_same(shown, token.as_bytes())) {
            return Ok(());
        }
        let why = "show the token of `[serve] token_file`: `Authorization: Bearer TOKEN`";
        Err(Refused { status: StatusCode::UNAUTHORIZED, why })
    }

    fn is_loopback(&self) -> bool {
        self.address.is_some_and(|address| address.ip().to_canonical().is_loopback())
    }
}

/// The host that a request is for. One of HTTP/1.0 need not say; whoever is meant to be kept out is a browser, which always does.
fn host<'a>(uri: &'a Uri, version: Version, headers: &'a HeaderMap) -> Result<Option<&'a str>, Refused> {
    let bad = |why| Refused { status: StatusCode::BAD_REQUEST, why };
    // The one in the request's line goes before the header (RFC 9112, 3.2.2).
    if let Some(authority) = uri.authority() {
        return Ok(Some(authority.as_str()));
    }
    let mut given = headers.get_all(header::HOST).iter();
    match (given.next(), given.next()) {
        (Some(host), None) => host.to_str().map(Some).map_err(|_| bad("the Host header cannot be read")),
        (Some(_), Some(_)) => Err(bad("there are two Host headers")),
        (None, _) if version < Version::HTTP_11 => Ok(None),
        (None, _) => Err(bad("there is no Host header")),
    }
}

/// Whether a host, with or without a port, always stands for this machine.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, port)) if port.is_empty() || is_port(port) => name,
            _ => return false,
        },
        None => match host.rfind(':') {
            Some(colon) if is_port(&host[colon..]) => &host[..colon],
            _ => host,
        },
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Compares without telling by its time how far the two are alike.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |found, (one, other)| found | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str, token: Option<&str>) -> Guard {
        Guard { address: Some(address.parse().unwrap()), token: token.map(str::to_owned) }
    }

    fn status(guard: &Guard, uri: &str, lines: &[(&'static str, &str)]) -> u16 {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let admitted = guard.admit(&uri.parse().unwrap(), Version::HTTP_11, &headers);
        admitted.map_or_else(|refused| refused.status.as_u16(), |()| 200)
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_answered() {
        for address in ["127.0.0.1:8480", "[::1]:8480", "127.0.0.2:1", "[::ffff:127.0.0.1]:8480"] {
            let guard = guard(address, Some("0123456789abcdef"));
            for (host, expected) in [
                ("127.0.0.1:8480", 200),
                ("127.0.0.1", 200),
                ("localhost", 200),
                ("LocalHost:8480", 200),
                ("[::1]:8480", 200),
                ("[::1]", 200),
                ("news.example:8480", 421),
                ("127.0.0.1.news.example", 421),
                ("localhost.news.example:8480", 421),
                ("news.example:127.0.0.1", 421),
                ("127.0.0.1:8480:8480", 421),
                ("10.0.0.1:8480", 421),
                ("[::1]evil", 421),
                ("", 421),
            ] {
                assert_eq!(status(&guard, "/metrics", &[("host", host)]), expected, "{address} {host}");
            }
            assert_eq!(status(&guard, "/metrics", &[]), 400);
            assert_eq!(status(&guard, "/metrics", &[("host", "localhost"), ("host", "news.example")]), 400);
            assert_eq!(status(&guard, "http://news.example/metrics", &[("host", "localhost")]), 421);
            let old = guard.admit(&"/metrics".parse().unwrap(), Version::HTTP_10, &HeaderMap::new());
            assert_eq!(old, Ok(()));
        }
    }

    #[test]
    fn from_elsewhere_the_token_is_asked_for_where_there_is_one() {
        let guarded = guard("192.0.2.7:8480", Some("0123456789abcdef"));
        let with = |line: &str| status(&guarded, "/metrics", &[("authorization", line)]);
        assert_eq!(with("Bearer 0123456789abcdef"), 200);
        assert_eq!(with("bearer 0123456789abcdef"), 200);
        for wrong in [
            "Bearer 0123456789abcdeF",
            "Bearer 0123456789abcde",
            "Bearer",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert_eq!(with(wrong), 401, "{wrong}");
        }
        assert_eq!(status(&guarded, "/metrics", &[]), 401);
        assert_eq!(status(&guarded, "/nowhere", &[]), 401, "not even what there is");
        assert_eq!(status(&guarded, "/healthz", &[]), 200);
        assert_eq!(status(&guarded, "/readyz", &[("host", "news.example")]), 200);
        assert_eq!(status(&guard("0.0.0.0:8480", None), "/metrics", &[("host", "news.example")]), 200);
        assert_eq!(status(&guard("0.0.0.0:8480", Some("0123456789abcdef")), "/metrics", &[("host", "localhost")]), 401);
    }
}
