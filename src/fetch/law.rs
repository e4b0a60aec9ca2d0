//! Station: the law of HTTP caching, as far as a reader of feeds is bound by it: what an answer lets us ask, and when.
//!
//! Everything here is a function of header texts and of the moment the answer came. Malformed values are ignored, never
//! guessed at: a broken header must not make us silent for a year, nor impolite.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Validators;

/// The most seconds a header can say: "if a cache receives a delta-seconds value greater than the greatest integer it can
/// represent, […] the cache MUST consider the value to be 2147483648" (RFC 9111, 1.2.2).
pub const DELTA_SECONDS_MAX: u64 = 1 << 31;

/// The headers of one answer that speak of time, as texts; several lines of one name are joined by a comma
/// (RFC 9110, 5.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeHeaders {
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Expires`.
    pub expires: Option<String>,
    /// `Date`: the server's own clock when it answered.
    pub date: Option<String>,
    /// `Age`: the seconds the answer has spent in caches.
    pub age: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

/// How much longer the answer stays fresh, so that asking again before would be useless; `None` where the server does
/// not say, says that it is stale already, or wants every use checked (RFC 9111, 4.2).
///
/// `max-age` wins over `Expires` (5.3), `no-cache` and `no-store` over both (5.2.2.4, 5.2.2.5), the time spent in
/// caches is taken off (4.2.3). `s-maxage` is for shared caches (5.2.2.10), which we are not.
pub fn fresh_for(headers: &TimeHeaders, received: Timestamp) -> Option<Duration> {
    let lifetime = match directives(headers) {
        Directives { forbids_reuse: true, .. } => return None,
        // A present but unreadable max-age is "invalid freshness information": treated as stale (RFC 9111, 4.2.1).
        Directives { max_age: Some(text), .. } => delta_seconds(text)?,
        Directives { max_age: None, .. } => {
            // What is no date, `0` above all, means that it has expired already (RFC 9111, 5.3).
            let expires = http_date(headers.expires.as_deref()?, received)?;
            seconds_between(served_at(headers, received), expires)?
        }
    };
    let age = headers.age.as_deref().and_then(delta_seconds).unwrap_or(0);
    lifetime.checked_sub(age).filter(|left| *left > 0).map(Duration::from_secs)
}

/// The pause the server asks for with `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3); `None` where it is
/// absent, unreadable, negative, zero or past. A date is read against the server's own `Date` where it sent one, so that
/// neither clock has to be right.
pub fn retry_after(headers: &TimeHeaders, received: Timestamp) -> Option<Duration> {
    let text = headers.retry_after.as_deref()?;
    let seconds = match delta_seconds(text) {
        Some(seconds) => seconds,
        None => seconds_between(served_at(headers, received), http_date(text, received)?)?,
    };
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

/// The pause that follows an answer which is no success: `Retry-After`; without one, a 429 is as fresh as its headers
/// say, for asking again within its `max-age` would only fetch the same refusal (RFC 9111, 4.2).
pub fn pause(status: u16, headers: &TimeHeaders, received: Timestamp) -> Option<Duration> {
    retry_after(headers, received).or_else(|| if status == 429 { fresh_for(headers, received) } else { None })
}

/// What to send with the next request once a 304 came: what the answer carries replaces what was sent, the rest stands
/// (RFC 9111, 3.2 and 4.3.4). A 200 is no such case: its own validators are the only ones (RFC 9110, 8.8).
pub fn after_not_modified(sent: &Validators, answered: Validators) -> Validators {
    Validators {
        etag: answered.etag.or_else(|| sent.etag.clone()),
        last_modified: answered.last_modified.or_else(|| sent.last_modified.clone()),
    }
}

/// A date of HTTP in any of its three forms (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The day's name is not checked; `received` settles
/// the century of two-digit years: "a timestamp that appears to be more than 50 years in the future" is in the past.
pub fn http_date(text: &str, received: Timestamp) -> Option<Timestamp> {
    let words: Vec<&str> = text.split([' ', '\t', ',']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [_, day, month, year, time, "GMT" | "UTC"] if year.len() == 4 => civil(&[year, month, day], time),
        [_, date, time, "GMT" | "UTC"] => {
            let (day, rest) = date.split_once('-')?;
            let (month, year) = rest.split_once('-')?;
            let year: i16 = number(year, 2)?;
            let this_year = received.to_zoned(TimeZone::UTC).year();
            let same_century = this_year - this_year % 100 + year;
            let year = if same_century > this_year + 50 { same_century - 100 } else { same_century };
            civil(&[&year.to_string(), month, day], time)
        }
        [_, month, day, time, year] if year.len() == 4 => civil(&[year, month, day], time),
        _ => None,
    }
}

/// The directives of `Cache-Control` that matter to us.
struct Directives<'a> {
    /// The value of the first `max-age`, quotes removed.
    max_age: Option<&'a str>,
    /// Whether `no-cache` or `no-store` stands there. `no-cache="field"` names fields only (RFC 9111, 5.2.2.4) and does
    /// not count.
    forbids_reuse: bool,
}

/// Reads `Cache-Control`: names are case-insensitive (RFC 9111, 5.2), the first of two equal directives counts (4.2.1).
fn directives(headers: &TimeHeaders) -> Directives<'_> {
    let mut found = Directives { max_age: None, forbids_reuse: false };
    for directive in headers.cache_control.as_deref().unwrap_or_default().split(',') {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (directive.trim(), None),
        };
        if name.eq_ignore_ascii_case("max-age") {
            found.max_age = found.max_age.or(Some(value.unwrap_or_default()));
        } else if value.is_none() && ["no-cache", "no-store"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
            found.forbids_reuse = true;
        }
    }
    found
}

/// When the answer left the server: its `Date`, else the moment it came (RFC 9110, 6.6.1).
fn served_at(headers: &TimeHeaders, received: Timestamp) -> Timestamp {
    headers.date.as_deref().and_then(|text| http_date(text, received)).unwrap_or(received)
}

/// Digits only (RFC 9111, 1.2.2): no sign, no fraction; too many of them are the greatest value.
fn delta_seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(DELTA_SECONDS_MAX).min(DELTA_SECONDS_MAX))
}

/// Whole seconds from one moment to a later one.
fn seconds_between(start: Timestamp, end: Timestamp) -> Option<u64> {
    u64::try_from(end.as_second() - start.as_second()).ok().map(|seconds| seconds.min(DELTA_SECONDS_MAX))
}

/// A moment from year, month's name and day, and `08:49:37`; all in UTC.
fn civil(date: &[&str; 3], time: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [year, month, day] = date;
    let month = 1 + MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let mut clock = time.split(':');
    let (hour, minute, second) = (number(clock.next()?, 2)?, number(clock.next()?, 2)?, number(clock.next()?, 2)?);
    // A leap second is written as 60 (RFC 9110, 5.6.7); our clock has none.
    let second: i8 = if second == 60 { 59 } else { second };
    let month = i8::try_from(month).ok()?;
    let civil = DateTime::new(number(year, 4)?, month, number(day, 2)?, hour, minute, second, 0).ok()?;
    let moment = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    clock.next().is_none().then_some(moment)
}

/// A number of at most so many digits, and nothing but digits.
fn number<N: std::str::FromStr>(text: &str, digits_max: usize) -> Option<N> {
    let is_number = (1..=digits_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: &str = "2026-02-13T12:00:00Z";

    fn received() -> Timestamp {
        RECEIVED.parse().unwrap()
    }

    /// Headers written as `name: value` lines.
    fn headers(lines: &[&str]) -> TimeHeaders {
        let mut headers = TimeHeaders::default();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            let field = match name {
                "Cache-Control" => &mut headers.cache_control,
                "Expires" => &mut headers.expires,
                "Date" => &mut headers.date,
                "Age" => &mut headers.age,
                "Retry-After" => &mut headers.retry_after,
                other => panic!("`{other}` says nothing of time"),
            };
            *field = Some(value.to_owned());
        }
        headers
    }

    #[test]
    fn freshness_is_read_as_the_rfc_has_it() {
        let cases: &[(&[&str], Option<u64>)] = &[
            (&[], None),
            (&["Cache-Control: max-age=7200"], Some(7200)),
            (&["Cache-Control: public, MAX-AGE=7200, must-revalidate"], Some(7200)),
            (&["Cache-Control: max-age=\"600\""], Some(600)),
            (&["Cache-Control: max-age=60, max-age=600"], Some(60)),
            (&["Cache-Control: s-maxage=600"], None),
            (&["Cache-Control: s-maxage=600, max-age=60"], Some(60)),
            (&["Cache-Control: max-age=0"], None),
            (&["Cache-Control: max-age=-5"], None),
            (&["Cache-Control: max-age=soon"], None),
            (&["Cache-Control: max-age"], None),
            (&["Cache-Control: max-age=1.5"], None),
            (&["Cache-Control: max-age=99999999999999999999"], Some(DELTA_SECONDS_MAX)),
            (&["Cache-Control: no-cache, max-age=600"], None),
            (&["Cache-Control: max-age=600, No-Store"], None),
            (&["Cache-Control: no-cache=\"set-cookie\", max-age=600"], Some(600)),
            (&["Cache-Control: max-age=600", "Age: 200"], Some(400)),
            (&["Cache-Control: max-age=600", "Age: 600"], None),
            (&["Cache-Control: max-age=600", "Age: 9000"], None),
            (&["Cache-Control: max-age=600", "Age: old"], Some(600)),
            // Expires counts from the server's own clock, or from ours where it tells no time.
            (&["Expires: Fri, 13 Feb 2026 13:00:00 GMT"], Some(3600)),
            (&["Expires: Fri, 13 Feb 2026 13:00:00 GMT", "Date: Fri, 13 Feb 2026 12:30:00 GMT"], Some(1800)),
            (&["Expires: Fri, 13 Feb 2026 13:00:00 GMT", "Date: yesterday"], Some(3600)),
            (&["Expires: Fri, 13 Feb 2026 11:00:00 GMT"], None),
            (&["Expires: 0"], None),
            (&["Expires: -1"], None),
            (&["Expires: Thu, 19 Nov 1981 08:52:00 GMT"], None),
            (&["Expires: Fri, 13 Feb 2026 13:00:00 GMT", "Cache-Control: max-age=60"], Some(60)),
            (&["Expires: Fri, 13 Feb 2026 13:00:00 GMT", "Cache-Control: max-age=0"], None),
        ];
        for (lines, expected) in cases {
            let found = fresh_for(&headers(lines), received());
            assert_eq!(found, expected.map(Duration::from_secs), "{lines:?}");
        }
    }

    #[test]
    fn a_wish_for_a_pause_is_seconds_or_a_date() {
        let cases: &[(&[&str], Option<u64>)] = &[
            (&[], None),
            (&["Retry-After: 120"], Some(120)),
            (&["Retry-After:  120 "], Some(120)),
            (&["Retry-After: 0"], None),
            (&["Retry-After: -120"], None),
            (&["Retry-After: +120"], None),
            (&["Retry-After: 1e3"], None),
            (&["Retry-After: later"], None),
            (&["Retry-After: "], None),
            (&["Retry-After: 1000000000000"], Some(DELTA_SECONDS_MAX)),
            (&["Retry-After: Fri, 13 Feb 2026 12:10:00 GMT"], Some(600)),
            (&["Retry-After: Fri, 13 Feb 2026 12:10:00 GMT", "Date: Fri, 13 Feb 2026 12:09:00 GMT"], Some(60)),
            (&["Retry-After: Fri, 13 Feb 2026 11:00:00 GMT"], None),
            (&["Retry-After: Friday"], None),
        ];
        for (lines, expected) in cases {
            let found = retry_after(&headers(lines), received());
            assert_eq!(found, expected.map(Duration::from_secs), "{lines:?}");
        }
    }

    #[test]
    fn only_a_429_pauses_for_its_max_age() {
        let kept = headers(&["Cache-Control: max-age=172800"]);
        assert_eq!(pause(429, &kept, received()), Some(Duration::from_secs(172_800)));
        assert_eq!(pause(404, &kept, received()), None);
        let both = headers(&["Cache-Control: max-age=172800", "Retry-After: 60"]);
        assert_eq!(pause(429, &both, received()), Some(Duration::from_secs(60)));
        assert_eq!(pause(500, &both, received()), Some(Duration::from_secs(60)));
    }

    #[test]
    fn dates_of_all_three_forms_are_read() {
        let cases = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("Sun Nov  6 08:49:37 1994", Some("1994-11-06T08:49:37Z")),
            ("Mon, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("Sun, 6 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("Saturday, 06-Nov-76 08:49:37 GMT", Some("2076-11-06T08:49:37Z")),
            ("Saturday, 06-Nov-77 08:49:37 GMT", Some("1977-11-06T08:49:37Z")),
            ("Sat, 31 Dec 2016 23:59:60 GMT", Some("2016-12-31T23:59:59Z")),
            ("Sun, 06 Nov 1994 08:49:37 PST", None),
            ("Sun, 31 Feb 2026 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37:00 GMT", None),
            ("Sun, 06 Nov 19940 08:49:37 GMT", None),
            ("1994-11-06T08:49:37Z", None),
            ("0", None),
            ("", None),
            ("Sunday, 06-Nov-é4 08:49:37 GMT", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|moment| moment.parse::<Timestamp>().unwrap());
            assert_eq!(http_date(text, received()), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_brings_us_down(text in "\\PC{0,40}", digits in "[0-9a-zA-Z:, -]{0,40}") {
            for text in [text, digits] {
                let some = || Some(text.clone());
                let headers = TimeHeaders {
                    cache_control: some(), expires: some(), date: some(), age: some(), retry_after: some(),
                };
                let longest = Duration::from_secs(DELTA_SECONDS_MAX);
                assert!(fresh_for(&headers, received()).is_none_or(|fresh| fresh <= longest));
                assert!(pause(429, &headers, received()).is_none_or(|pause| pause <= longest));
            }
        }
    }

    #[test]
    fn a_304_replaces_only_what_it_carries() {
        let sent = Validators { etag: Some("\"a\"".into()), last_modified: Some("long ago".into()) };
        assert_eq!(after_not_modified(&sent, Validators::default()), sent);
        let newer = Validators { etag: Some("W/\"b\"".into()), last_modified: None };
        let expected = Validators { etag: Some("W/\"b\"".into()), last_modified: Some("long ago".into()) };
        assert_eq!(after_not_modified(&sent, newer), expected);
    }
}
