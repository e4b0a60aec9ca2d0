//! Station: the one seam through which every date of a feed is read.

use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The moment that a feed's date names; `None` where it names none.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let in_utc = |local: DateTime| local.to_zoned(TimeZone::UTC).ok().as_ref().map(Zoned::timestamp);
    let of_mail = || {
        let text = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |rest| format!("{rest}GMT"));
        rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(&text).ok()
    };
    let of_day = || text.parse::<Date>().ok().and_then(|date| in_utc(date.at(0, 0, 0, 0)));
    let of_clock = || text.parse::<DateTime>().ok().and_then(in_utc);
    text.parse().ok().or_else(of_mail).or_else(of_clock).or_else(of_day)
}

/// The same for feed-rs, which speaks in another library's words.
pub(crate) fn read_for_feed_rs(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    let moment = read(text)?;
    let nanos = u32::try_from(moment.subsec_nanosecond()).unwrap_or(0);
    chrono::DateTime::from_timestamp(moment.as_second(), nanos)
}
