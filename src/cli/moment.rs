//! Door: what people mean by `24h`, `7d`, `2026-02-12` or `1h 30m`.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanFieldwise, SpanRelativeTo, Timestamp};

/// A moment as people name it. It becomes a [`Timestamp`] once it is known when and where "now" is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So long ago: `24h`, `7d`, `2 weeks`. Days and longer are the calendar's, hours and shorter the clock's.
    Ago(SpanFieldwise),
    /// A time of the local clock: `2026-02-12T08:30`; a date alone is its first moment.
    Local(DateTime),
    /// A moment that is the same everywhere: RFC 3339.
    At(Timestamp),
}

/// The forms of a moment, for an error.
pub const FORMS: &str = "write how long ago (24h, 7d), a date (2026-02-12) or RFC 3339 (2026-02-12T08:30:00Z)";

/// Why a text names no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// None of the accepted forms.
    #[error("`{0}` is no time: {FORMS}")]
    Form(String),
    /// The calendar does not reach so far.
    #[error("`{0}` is too far from now")]
    Range(String),
}

impl FromStr for When {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<When, MomentError> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(When::At(timestamp));
        }
        if let Ok(local) = text.parse::<DateTime>() {
            return Ok(When::Local(local));
        }
        match text.parse::<Span>() {
            // jiff reads `3 days ago` as minus three days; without that word, a minus is a mistake.
            Ok(span) if !span.is_negative() || text.ends_with("ago") => Ok(When::Ago(span.abs().fieldwise())),
            _ => Err(MomentError::Form(text.to_owned())),
        }
    }
}

impl When {
    /// The moment, for somebody in `zone` at `now`.
    ///
    /// # Errors
    /// When the calendar does not reach so far.
    pub fn timestamp(&self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, MomentError> {
        match self {
            When::At(timestamp) => Ok(*timestamp),
            When::Local(local) => local
                .to_zoned(zone.clone())
                .map(|zoned| zoned.timestamp())
                .map_err(|_| MomentError::Range(local.to_string())),
            When::Ago(span) => now
                .to_zoned(zone.clone())
                .checked_sub(span.0)
                .map(|zoned| zoned.timestamp())
                .map_err(|_| MomentError::Range(format!("{:#}", span.0))),
        }
    }
}

/// A length of time with its unit: `20s`, `15m`, `1h 30m`, `2d`; a day is 24 hours. `None` for anything else, for what is
/// negative, and for months and years, whose length depends on the calendar.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.trim().parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!length.is_negative()).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_how_long_ago_or_a_date_or_rfc_3339() {
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().unwrap();
        // Berlin's clocks went forward on this day at 01:00 UTC.
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let check = |text: &str, expected: &str| {
            let when: When = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(when.timestamp(now, &zone).unwrap().to_string(), expected, "{text}");
        };
        check("24h", "2026-03-28T12:00:00Z");
        check("1d", "2026-03-28T13:00:00Z");
        check("7d", "2026-03-22T13:00:00Z");
        check("90m", "2026-03-29T10:30:00Z");
        check("2 weeks", "2026-03-15T13:00:00Z");
        check("3 days ago", "2026-03-26T13:00:00Z");
        check("2026-02-12", "2026-02-11T23:00:00Z");
        check("2026-02-12T08:30", "2026-02-12T07:30:00Z");
        check("2026-02-12 08:30:15", "2026-02-12T07:30:15Z");
        check("2026-02-12T08:30:00Z", "2026-02-12T08:30:00Z");
        check("2026-02-12T08:30:00+05:30", "2026-02-12T03:00:00Z");
        check(" 2026-02-12T08:30:00Z ", "2026-02-12T08:30:00Z");
    }

    #[test]
    fn what_is_no_moment_is_refused_with_the_accepted_forms() {
        for text in ["", "soon", "24", "2026", "2026-02-30", "2026-13-01", "-24h", "12/02/2026"] {
            let error = text.parse::<When>().expect_err(text);
            assert!(error.to_string().contains("24h"), "{text}: {error}");
        }
        let long_ago: When = "15000y".parse().unwrap();
        let error = long_ago.timestamp(Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap_err();
        assert_eq!(error, MomentError::Range("15000y".into()));
    }

    #[test]
    fn a_duration_has_a_unit() {
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(duration(text), expected.map(SignedDuration::from_secs), "{text}");
        };
        check("20s", Some(20));
        check("15m", Some(900));
        check("1h 30m", Some(5400));
        check("2d", Some(172_800));
        check("1 week", Some(604_800));
        check("0s", Some(0));
        check("20", None);
        check("-5m", None);
        check("5m ago", None);
        check("1mo", None);
        check("1y", None);
        check("", None);
    }
}
