//! Station: the stops of one request, from the URL that was asked for to the one that answers.

use url::Url;

use crate::fetch::error::FetchError;
use crate::fetch::policy::{redact, redirect_target, same_origin};
use crate::fetch::trace::Exchange;

/// One redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led.
    pub to: Url,
}

/// The stops so far.
#[derive(Clone, Debug)]
pub struct Trail {
    start: Url,
    redirects: Vec<Redirect>,
    left_origin: bool,
    /// Every request that was sent, where somebody wants to know.
    pub(crate) log: Option<Vec<Exchange>>,
}

impl Trail {
    /// A trail that has not left its start.
    pub fn new(mut start: Url) -> Trail {
        start.set_fragment(None);
        Trail { start, redirects: Vec::new(), left_origin: false, log: None }
    }

    /// The URL to ask now.
    pub fn url(&self) -> &Url {
        self.redirects.last().map_or(&self.start, |redirect| &redirect.to)
    }

    /// The redirects followed, in order.
    pub fn redirects(&self) -> &[Redirect] {
        &self.redirects
    }

    /// Whether the user's headers and credentials may be sent: never to another origin, nor after a visit to one.
    pub fn kept_origin(&self) -> bool {
        !self.left_origin
    }

    /// Where a redirect with this status leads, if it may be followed.
    pub fn follow(&mut self, status: u16, location: Option<&str>, redirects_max: usize) -> Result<(), FetchError> {
        let nowhere = || FetchError::RedirectNowhere { url: redact(self.url().as_str()), status };
        let location = location.filter(|text| !text.trim().is_empty()).ok_or_else(nowhere)?;
        let target = redirect_target(self.url(), location).map_err(|_| nowhere())?;
        let start = || redact(self.start.as_str());
        if !matches!(target.scheme(), "http" | "https") {
            return Err(FetchError::RedirectScheme { url: start(), target: redact(target.as_str()) });
        }
        if self.stops().any(|stop| *stop == target) {
            return Err(FetchError::RedirectLoop { url: start(), chain: self.chain(&target) });
        }
        if self.redirects.len() >= redirects_max {
            return Err(FetchError::TooManyRedirects { url: start(), redirects_max, chain: self.chain(&target) });
        }
        self.left_origin |= !same_origin(&self.start, &target);
        self.redirects.push(Redirect { status, to: target });
        Ok(())
    }

    /// Whether only permanent redirects led to the last stop, if any did.
    pub fn is_permanent(&self) -> bool {
        self.redirects.iter().all(|redirect| matches!(redirect.status, 301 | 308))
    }

    /// Where the feed has moved for good: the last stop that only permanent redirects led to.
    pub fn moved_permanently_to(&self) -> Option<&Url> {
        let permanent = self.redirects.iter().take_while(|redirect| matches!(redirect.status, 301 | 308));
        permanent.last().map(|redirect| &redirect.to)
    }

    fn stops(&self) -> impl Iterator<Item = &Url> {
        std::iter::once(&self.start).chain(self.redirects.iter().map(|redirect| &redirect.to))
    }

    fn chain(&self, target: &Url) -> String {
        let stops: Vec<String> =
            self.stops().chain([target]).map(|stop| format!("`{}`", redact(stop.as_str()))).collect();
        stops.join(" -> ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(steps: &[(u16, &str)]) -> Result<Trail, FetchError> {
        let mut trail = Trail::new(Url::parse("https://example.com/feed#top").unwrap());
        for (status, location) in steps {
            trail.follow(*status, Some(location), 3)?;
        }
        Ok(trail)
    }

    #[test]
    fn a_feed_has_moved_as_far_as_only_permanent_redirects_lead() {
        let check = |steps: &[(u16, &str)], expected: Option<&str>| {
            let trail = follow(steps).unwrap();
            assert_eq!(trail.moved_permanently_to().map(Url::as_str), expected, "{steps:?}");
        };
        check(&[], None);
        check(&[(301, "/a")], Some("https://example.com/a"));
        check(&[(308, "/a"), (301, "/b")], Some("https://example.com/b"));
        check(&[(301, "/a"), (302, "/b")], Some("https://example.com/a"));
        check(&[(302, "/a"), (301, "/b")], None);
        check(&[(307, "/a")], None);
    }

    #[test]
    fn an_origin_once_left_is_not_trusted_again() {
        assert!(follow(&[(302, "/a")]).unwrap().kept_origin());
        assert!(!follow(&[(302, "http://example.com/a")]).unwrap().kept_origin());
        assert!(!follow(&[(302, "https://example.org/a"), (302, "https://example.com/b")]).unwrap().kept_origin());
    }

    #[test]
    fn redirects_that_lead_nowhere_say_so() {
        let cases: &[(&[(u16, &str)], &str)] = &[
            (&[(302, "")], "without a usable `Location`"),
            (&[(302, "https://")], "without a usable `Location`"),
            (&[(302, "file:///etc/passwd")], "redirects to `file:///etc/passwd`"),
            (&[(302, "data:text/xml,a")], "only `http:` and `https:` are followed"),
            (
                &[(302, "/a"), (302, "/feed#again")],
                "`https://example.com/feed` -> `https://example.com/a` -> `https://example.com/feed`",
            ),
            (&[(302, "/feed")], "in a circle"),
            (&[(302, "/a"), (302, "/b"), (302, "/c"), (302, "/d")], "more than 3 redirects"),
            (&[(302, "https://me:pw@example.org/a?token=1"), (302, "ftp://x/?key=1")], "ftp://x/?key=***"),
        ];
        for (steps, expected) in cases {
            let message = follow(steps).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
