//! Station: the hours and days in which a feed says it need not be asked (`skipHours`, `skipDays`; both in GMT).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::Pace;

/// Every hour of the day.
const ALL_HOURS: u32 = (1 << 24) - 1;
/// Every day of the week.
const ALL_DAYS: u8 = (1 << 7) - 1;
const HOUR_SECONDS: i64 = 3600;

/// The first moment from `moment` on that a feed does not skip; `None` where `moment` is one itself. A feed that skips every
/// hour or every day says nothing, for obeyed it would be lost.
pub fn open_from(pace: &Pace, moment: Timestamp) -> Option<Timestamp> {
    let hours = if pace.skip_hours & ALL_HOURS == ALL_HOURS { 0 } else { pace.skip_hours };
    let days = if pace.skip_days & ALL_DAYS == ALL_DAYS { 0 } else { pace.skip_days };
    if hours == 0 && days == 0 {
        return None;
    }
    let is_skipped = |moment: Timestamp| {
        let zoned = moment.to_zoned(TimeZone::UTC);
        let (hour, day) = (zoned.hour().unsigned_abs(), zoned.weekday().to_monday_zero_offset().unsigned_abs());
        hours >> hour & 1 == 1 || days >> day & 1 == 1
    };
    if !is_skipped(moment) {
        return None;
    }
    // A week has every hour of every day, so one of its hours is open.
    let this_hour = moment.as_second().div_euclid(HOUR_SECONDS);
    let starts = (1..=7 * 24).filter_map(|later| Timestamp::from_second((this_hour + later) * HOUR_SECONDS).ok());
    starts.into_iter().find(|start| !is_skipped(*start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_hours_and_days_are_counted_in_gmt() {
        // 2026-02-13 is a Friday.
        let at_night = 0b11 << 22 | 0b11_1111;
        let weekend = 0b110_0000;
        let cases = [
            (0, 0, "2026-02-13T12:30:00Z", None),
            (at_night, 0, "2026-02-13T12:30:00Z", None),
            (at_night, 0, "2026-02-13T22:00:00Z", Some("2026-02-14T06:00:00Z")),
            (at_night, 0, "2026-02-14T05:59:59.999Z", Some("2026-02-14T06:00:00Z")),
            (at_night, 0, "2026-02-14T06:00:00Z", None),
            (at_night, 0, "2026-02-13T21:59:59Z", None),
            (0, weekend, "2026-02-13T23:59:59Z", None),
            (0, weekend, "2026-02-14T00:00:00Z", Some("2026-02-16T00:00:00Z")),
            (at_night, weekend, "2026-02-13T22:30:00Z", Some("2026-02-16T06:00:00Z")),
            // Who skips everything says nothing.
            (ALL_HOURS, 0, "2026-02-13T12:30:00Z", None),
            (u32::MAX, u8::MAX, "2026-02-13T12:30:00Z", None),
            (ALL_HOURS, weekend, "2026-02-14T00:00:00Z", Some("2026-02-16T00:00:00Z")),
            // One hour of one day a week.
            (ALL_HOURS ^ 1, ALL_DAYS ^ 1, "2026-02-16T01:00:00Z", Some("2026-02-23T00:00:00Z")),
        ];
        for (skip_hours, skip_days, moment, expected) in cases {
            let pace = Pace { skip_hours, skip_days, ..Pace::default() };
            let expected = expected.map(|moment| moment.parse::<Timestamp>().unwrap());
            assert_eq!(open_from(&pace, moment.parse().unwrap()), expected, "{skip_hours:b} {skip_days:b} {moment}");
        }
        let pace = Pace { skip_hours: 1, ..Pace::default() };
        assert_eq!(open_from(&pace, Timestamp::MAX), None);
        assert!(open_from(&pace, Timestamp::MIN).is_none_or(|start| start > Timestamp::MIN));
    }
}
