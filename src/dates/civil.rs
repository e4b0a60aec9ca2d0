//! Station: what a date's text says to the one moment it means.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};

use crate::dates::fields::{Clock, Fields, Part};
use crate::dates::names::{Half, Unit};
use crate::dates::tokens::Number;
use crate::dates::zones;

/// The moment, or `None` where there is no such moment, or more than one.
pub(crate) fn moment(fields: &Fields) -> Option<Timestamp> {
    let date = date(fields)?;
    let Some(clock) = fields.clock else {
        return at(date.to_datetime(Time::midnight()), fields);
    };
    let hour = hour(&clock)?;
    let is_end_of_day = (hour, clock.minute, clock.second, clock.nanosecond) == (24, 0, 0, 0);
    if is_end_of_day {
        return at(date.tomorrow().ok()?.to_datetime(Time::midnight()), fields);
    }
    // The 60 of a leap second is the second after 59, as POSIX counts; the 61 of C's old calendar is one more.
    let leap = clock.second.checked_sub(59).filter(|leap| *leap <= 2).unwrap_or(0);
    let second = i8::try_from(clock.second - leap).ok()?;
    let time = Time::new(hour, i8::try_from(clock.minute).ok()?, second, clock.nanosecond).ok()?;
    at(date.to_datetime(time), fields)?.checked_add(std::time::Duration::from_secs(leap)).ok()
}

fn at(local: DateTime, fields: &Fields) -> Option<Timestamp> {
    fields.zone.unwrap_or(zones::UTC).offset_at(local)?.to_timestamp(local).ok()
}

/// The hour of the day. `12 am` begins the day; an hour above 12 needs no half.
fn hour(clock: &Clock) -> Option<i8> {
    let hour = i8::try_from(clock.hour).ok()?;
    match clock.half {
        Some(Half::Morning) if hour == 12 => Some(0),
        Some(Half::Morning) => (hour < 12).then_some(hour),
        Some(Half::Afternoon) if hour < 12 => Some(hour + 12),
        Some(Half::Afternoon) => (hour < 24).then_some(hour),
        None => Some(hour),
    }
}

fn date(fields: &Fields) -> Option<Date> {
    let has_clock = fields.clock.is_some();
    let numbers = fields.numbers.as_slice();
    if numbers.iter().any(|part| part.unit.is_some()) {
        return by_units(fields);
    }
    match (fields.week, fields.month, numbers) {
        (Some(week), None, [year]) => week_date(year.number, week),
        (None, Some(month), [one, two]) => by_month(month, one.number, two.number),
        (None, Some(month), [year]) if !has_clock => ymd(full_year(year.number)?, i64::from(month), 1),
        (None, None, [one, two, three]) => by_order([one, two, three], fields),
        (None, None, [one, two]) => by_two(one.number, two.number, has_clock),
        (None, None, [year]) if !has_clock => ymd(full_year(year.number).filter(|year| *year >= 1000)?, 1, 1),
        _ => None,
    }
}

/// `2020年1月10日`: every number says what it is.
fn by_units(fields: &Fields) -> Option<Date> {
    let of_unit = |unit: Unit| {
        let mut found = fields.numbers.iter().filter(|part| part.unit == Some(unit));
        let number = found.next().map(|part| part.number);
        found.next().is_none().then_some(number)
    };
    let (year, month, day) = (of_unit(Unit::Year)??, of_unit(Unit::Month)?, of_unit(Unit::Day)?);
    let units = 1 + usize::from(month.is_some()) + usize::from(day.is_some());
    let is_whole = day.is_some() || fields.clock.is_none();
    let is_gapless = month.is_some() || day.is_none();
    if units != fields.numbers.len() || fields.month.is_some() || !is_whole || !is_gapless {
        return None;
    }
    ymd(full_year(year)?, month.map_or(Some(1), small)?, day.map_or(Some(1), small)?)
}

/// `10 Jan 2020`, `Jan 10, 2020`, `2020 Jan 10`, `10-Jan-20`: of two short numbers the first is the day, as in RFC 822, unless it
/// cannot be one.
fn by_month(month: i8, one: Number, two: Number) -> Option<Date> {
    let is_year = |number: Number| number.digits > 2 || number.value > 31;
    let (day, year) = if is_year(one) && !is_year(two) { (two, one) } else { (one, two) };
    ymd(any_year(year)?, i64::from(month), small(day)?)
}

/// Three numbers and no name: the order tells which is which.
///
/// A year of four digits in front is followed by month and day. Behind, it leaves two orders, of which points (`10.01.2020`) tell
/// one: who writes points writes the day first. Otherwise both are tried, and a text that still has two readings is asked for
/// its day of the week. If that does not help, nobody can know.
fn by_order([one, two, three]: [&Part; 3], fields: &Fields) -> Option<Date> {
    let [first, second, third] = [one.number, two.number, three.number];
    if first.digits == 4 {
        return ymd(full_year(first)?, small(second)?, small(third)?);
    }
    let year = if third.digits == 4 { full_year(third) } else { short_year(third) };
    let marks = (two.mark, three.mark);
    let day_first = || ymd(year?, small(second)?, small(first)?);
    let month_first = || ymd(year?, small(first)?, small(second)?);
    // The short form of an old ISO 8601 (`03-12-31`), which hyphens leave possible.
    let year_first = || ymd(short_year(first)?, small(second)?, small(third)?);
    let may_be_year_first = marks == ('-', '-') && third.digits == 2;
    let mut dates = vec![day_first()];
    if marks != ('.', '.') {
        dates.push(month_first());
    }
    if may_be_year_first {
        dates.push(year_first());
    }
    only_one(dates.into_iter().flatten().collect(), fields)
}

/// The date that all readings agree on, or the only one on a named day of the week.
fn only_one(mut dates: Vec<Date>, fields: &Fields) -> Option<Date> {
    dates.sort_unstable();
    dates.dedup();
    if dates.len() > 1 {
        dates.retain(|date| fields.weekdays.contains(date.weekday()));
    }
    match dates.as_slice() {
        [date] => Some(*date),
        _ => None,
    }
}

/// `2020-010` is a day of the year; `2020-01` and `01/2020` are months, which begin with their first day.
fn by_two(one: Number, two: Number, has_clock: bool) -> Option<Date> {
    if one.digits == 4 && two.digits == 3 {
        let new_year = ymd(full_year(one)?, 1, 1)?;
        let days = i32::try_from(two.value).ok()?.checked_sub(1).filter(|days| *days >= 0)?;
        let date = new_year.checked_add(jiff::Span::new().days(days)).ok()?;
        return (date.year() == new_year.year()).then_some(date);
    }
    let (year, month) = if one.digits == 4 { (one, two) } else { (two, one) };
    if has_clock || month.digits > 2 {
        return None;
    }
    ymd(full_year(year)?, small(month)?, 1)
}

fn week_date(year: Number, (week, day): (u64, u64)) -> Option<Date> {
    let year = i16::try_from(full_year(year)?).ok()?;
    let weekday = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
    Some(ISOWeekDate::new(year, i8::try_from(week).ok()?, weekday).ok()?.date())
}

fn ymd(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A month or a day; `05` and `005` are 5.
fn small(number: Number) -> Option<i64> {
    i64::try_from(number.value).ok().filter(|value| (1..=31).contains(value))
}

/// A year of four digits, from 1 on.
fn full_year(number: Number) -> Option<i64> {
    i64::try_from(number.value).ok().filter(|value| number.digits == 4 && *value > 0)
}

/// A year of two digits, by the rule of RFC 2822, 4.3.
fn short_year(number: Number) -> Option<i64> {
    let value = i64::try_from(number.value).ok().filter(|_| number.digits == 2)?;
    Some(if value < 50 { 2000 + value } else { 1900 + value })
}

/// A year of two, three or four digits; three are years since 1900, also by RFC 2822.
fn any_year(number: Number) -> Option<i64> {
    match number.digits {
        3 => i64::try_from(number.value).ok().map(|value| 1900 + value),
        2 => short_year(number),
        _ => full_year(number),
    }
}
