//! Station: when a digest with a schedule is due.
//!
//! A schedule names times of the clock on the wall: `daily 07:00`, `weekdays 06:30`, `mondays 18:00`, `hourly`, or a crontab
//! expression of five fields. Each such time is one moment: one that the clocks leap over in spring is as much later as they leap
//! (02:30 is 03:30), one that comes twice in autumn is the first of the two. So a digest is due once for every time that the
//! schedule names, whatever the clocks do, and never twice; two times that fall on one moment are one.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// The forms of a schedule, for an error.
pub const FORMS: &str = "write \"daily 07:00\", \"weekdays 06:30\", \"mondays 18:00\", \"hourly\" or a crontab expression such as \
    \"0 7 * * 1-5\"";
/// Clocks leap at most by this: a whole day, where a country moves to the other side of the date line.
const LEAP_MAX: SignedDuration = SignedDuration::from_hours(26);
/// Times of a schedule that are looked at for one answer: more than a day of minutes on either side of a leap.
const LOOKED_AT_MAX: usize = 5_000;

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimetableError {
    /// None of the accepted forms.
    #[error("`{0}` is no schedule: {FORMS}")]
    Form(String),
    /// Neither a schedule's form nor a crontab expression.
    #[error("`{text}` is no crontab expression ({why}): {FORMS}")]
    Crontab {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// It names no time in four years.
    #[error("`{0}` names no time that ever comes")]
    Never(String),
}

/// The times at which something is due, in a time zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// As it was written.
    text: String,
    /// Times of the wall clock, told as if they were UTC.
    times: cronexpr::Crontab,
    zone: TimeZone,
}

/// Two are alike when they were written alike: what was written makes the rest.
impl PartialEq for Timetable {
    fn eq(&self, other: &Timetable) -> bool {
        self.text == other.text && self.zone == other.zone
    }
}

impl Timetable {
    /// Reads a schedule, whose times are those of `zone`.
    ///
    /// # Errors
    /// When it is none, or names no time that ever comes.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Timetable, TimetableError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let crontab = match words.as_slice() {
            [word] if word.eq_ignore_ascii_case("hourly") => "0 * * * *".to_owned(),
            [days, time] => {
                let days = days_of_week(&days.to_lowercase()).ok_or_else(|| TimetableError::Form(text.to_owned()))?;
                let (hour, minute) = clock(time).ok_or_else(|| TimetableError::Form(text.to_owned()))?;
                format!("{minute} {hour} * * {days}")
            }
            [_, _, _, _, _] => words.join(" "),
            _ => return Err(TimetableError::Form(text.to_owned())),
        };
        let times = cronexpr::Crontab::from_str(&format!("{crontab} UTC")).map_err(|error| {
            let why = error.to_string();
            // What the crate says spans lines and points into the text; its last line says what is wrong.
            let why = why.lines().last().unwrap_or_default().trim().trim_start_matches(['^', ' ']).to_owned();
            TimetableError::Crontab { text: text.to_owned(), why }
        })?;
        let timetable = Timetable { text: text.to_owned(), times, zone };
        match timetable.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(timetable),
            None => Err(TimetableError::Never(text.to_owned())),
        }
    }

    /// The schedule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone whose clocks it goes by.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first moment after this one at which it is due; `None` at the end of the calendar.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        // Clocks that leapt forward a while ago make times of before the leap due after it.
        let before_leap = self.zone.to_offset(moment.checked_sub(LEAP_MAX).ok()?);
        let offset = self.zone.to_offset(moment).min(before_leap);
        let mut wall = as_utc(offset.to_datetime(moment))?;
        let mut best: Option<Timestamp> = None;
        for _ in 0..LOOKED_AT_MAX {
            let next = self.times.find_next(wall).ok()?.timestamp();
            wall = next;
            if best.is_some_and(|best| self.is_beyond(next, best)) {
                break;
            }
            let Some(due) = self.moment(next) else { break };
            if due > moment && best.is_none_or(|best| due < best) {
                best = Some(due);
            }
        }
        best
    }

    /// Whether no time of the wall clock from this one on can be an earlier moment than `best`.
    fn is_beyond(&self, wall: Timestamp, best: Timestamp) -> bool {
        let after = best.checked_add(LEAP_MAX).unwrap_or(Timestamp::MAX);
        let before = best.checked_sub(LEAP_MAX).unwrap_or(Timestamp::MIN);
        let offsets = [before, best, after].map(|moment| self.zone.to_offset(moment));
        let largest = offsets.into_iter().max().map_or(0, |offset| offset.seconds());
        wall.checked_sub(SignedDuration::from_secs(i64::from(largest))).is_ok_and(|moment| moment >= best)
    }

    /// Whether it is due more than once on some day of its zone.
    pub fn is_more_than_daily(&self) -> bool {
        /// The days of the busiest month, and of a year's months: what repeats within a day does so on one of its first days.
        const LOOKED_AT: usize = 64;
        let mut last = Timestamp::UNIX_EPOCH;
        let mut day = None;
        for _ in 0..LOOKED_AT {
            let Some(next) = self.next_after(last) else { return false };
            let of_next = self.zone.to_datetime(next).date();
            if day == Some(of_next) {
                return true;
            }
            (last, day) = (next, Some(of_next));
        }
        false
    }

    /// The moment of a time of the wall clock.
    fn moment(&self, wall: Timestamp) -> Option<Timestamp> {
        let civil = TimeZone::UTC.to_datetime(wall);
        let zoned = self.zone.to_ambiguous_zoned(civil).disambiguate(Disambiguation::Compatible).ok()?;
        Some(zoned.timestamp())
    }
}

fn as_utc(civil: DateTime) -> Option<Timestamp> {
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn days_of_week(word: &str) -> Option<&'static str> {
    Some(match word {
        "daily" => "*",
        "weekdays" => "1-5",
        "weekends" => "6,0",
        "mondays" => "1",
        "tuesdays" => "2",
        "wednesdays" => "3",
        "thursdays" => "4",
        "fridays" => "5",
        "saturdays" => "6",
        "sundays" => "0",
        _ => return None,
    })
}

/// `07:00` or `7:05`.
fn clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>, most: u8| {
        let is_number = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number <= most)
    };
    Some((number(hour, 1..=2, 23)?, number(minute, 2..=2, 59)?))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use crate::schedule::timetable::{Timetable, TimetableError};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn timetable(text: &str, zone: &str) -> Timetable {
        Timetable::parse(text, TimeZone::get(zone).unwrap()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn due(timetable: &Timetable, from: &str, count: usize) -> Vec<String> {
        let mut moment = at(from);
        let mut due = Vec::new();
        for _ in 0..count {
            moment = timetable.next_after(moment).unwrap();
            due.push(moment.to_string());
        }
        due
    }

    #[test]
    fn every_form_names_its_times() {
        // 13 February 2026 is a Friday.
        let check = |text: &str, expected: [&str; 3]| {
            assert_eq!(due(&timetable(text, "UTC"), "2026-02-13T07:00:00Z", 3), expected, "{text}");
        };
        check("daily 07:00", ["2026-02-14T07:00:00Z", "2026-02-15T07:00:00Z", "2026-02-16T07:00:00Z"]);
        check("Daily  7:05", ["2026-02-13T07:05:00Z", "2026-02-14T07:05:00Z", "2026-02-15T07:05:00Z"]);
        check("weekdays 06:30", ["2026-02-16T06:30:00Z", "2026-02-17T06:30:00Z", "2026-02-18T06:30:00Z"]);
        check("weekends 23:59", ["2026-02-14T23:59:00Z", "2026-02-15T23:59:00Z", "2026-02-21T23:59:00Z"]);
        check("mondays 18:00", ["2026-02-16T18:00:00Z", "2026-02-23T18:00:00Z", "2026-03-02T18:00:00Z"]);
        check("hourly", ["2026-02-13T08:00:00Z", "2026-02-13T09:00:00Z", "2026-02-13T10:00:00Z"]);
        check("0 7,19 * * *", ["2026-02-13T19:00:00Z", "2026-02-14T07:00:00Z", "2026-02-14T19:00:00Z"]);
        check("0 7 29 2 *", ["2028-02-29T07:00:00Z", "2032-02-29T07:00:00Z", "2036-02-29T07:00:00Z"]);
        check("15 6 * * MON-FRI", ["2026-02-16T06:15:00Z", "2026-02-17T06:15:00Z", "2026-02-18T06:15:00Z"]);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_the_accepted_forms() {
        for text in
            ["", "daily", "07:00", "daily 24:00", "daily 7:5", "daily 7", "always 07:00", "0 7 * *", "0 7 * * * *"]
        {
            let error = Timetable::parse(text, TimeZone::UTC).unwrap_err();
            assert!(matches!(error, TimetableError::Form(_)) && error.to_string().contains("daily 07:00"), "{error}");
        }
        for text in ["60 7 * * *", "0 7 * * moon", "a b c d e"] {
            let error = Timetable::parse(text, TimeZone::UTC).unwrap_err();
            assert!(matches!(error, TimetableError::Crontab { .. }), "{error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
        }
        assert_eq!(Timetable::parse("0 7 31 2 *", TimeZone::UTC), Err(TimetableError::Never("0 7 31 2 *".to_owned())));
    }

    #[test]
    fn a_time_that_the_clocks_leap_over_is_due_once_and_later() {
        // Berlin's clocks leapt from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
        let daily = timetable("daily 02:30", "Europe/Berlin");
        let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(due(&daily, "2026-03-27T12:00:00Z", 3), expected);
        // Two times that fall on one moment are one, and the order is that of time.
        let halves = timetable("0,30 2,3 * * *", "Europe/Berlin");
        let expected = ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z"];
        assert_eq!(due(&halves, "2026-03-28T12:00:00Z", 3), expected);
    }

    #[test]
    fn a_time_that_comes_twice_is_due_the_first_time_alone() {
        // They went back from 03:00 to 02:00 on 25 October 2026, at 01:00 UTC.
        let daily = timetable("daily 02:30", "Europe/Berlin");
        let expected = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(due(&daily, "2026-10-23T12:00:00Z", 3), expected);
        for between in ["2026-10-25T00:30:00Z", "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"]
        {
            assert_eq!(due(&daily, between, 1), ["2026-10-26T01:30:00Z"], "{between}");
        }
    }

    #[test]
    fn a_day_that_never_was_makes_one_digest_with_the_next() {
        // Samoa went from 29 to 31 December 2011.
        let daily = timetable("daily 07:00", "Pacific/Apia");
        let expected = ["2011-12-29T17:00:00Z", "2011-12-30T17:00:00Z", "2011-12-31T17:00:00Z"];
        assert_eq!(due(&daily, "2011-12-28T18:00:00Z", 3), expected);
    }

    proptest! {
        /// Walking from one moment to the next meets each time of the wall clock at its moment, and nothing else.
        #[test]
        fn each_time_of_a_day_is_one_moment(day in 0_i64..3_000, minute in 0_i64..1_440, zone in 0_usize..6) {
            let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "America/Santiago"];
            let zone = TimeZone::get(zones[zone]).unwrap();
            let text = format!("daily {:02}:{:02}", minute / 60, minute % 60);
            let timetable = Timetable::parse(&text, zone.clone()).unwrap();
            let start = at("2019-01-01T00:00:00Z") + SignedDuration::from_hours(24 * day);
            let first = timetable.next_after(start).unwrap();
            let second = timetable.next_after(first).unwrap();
            prop_assert!(start < first && first < second);
            let pause = second.duration_since(first);
            prop_assert!(pause >= SignedDuration::from_hours(22) && pause <= SignedDuration::from_hours(26), "{pause}");
            // Whatever lies between two of them, the next is the second.
            let between = first + SignedDuration::from_secs(pause.as_secs() / 2);
            prop_assert_eq!(timetable.next_after(between), Some(second));
            prop_assert_eq!(timetable.next_after(second - SignedDuration::from_nanos(1)), Some(second));
        }
    }
}
