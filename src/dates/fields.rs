//! Station: the pieces of a date's text to what each of them says.

use crate::dates::names::{self, Half, Named, Unit, Weekdays};
use crate::dates::tokens::{Kind, Number, Token};
use crate::dates::zones::{self, Zone};

/// What a text says of a moment, before anybody asks whether such a moment exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields {
    /// The numbers of the date, at most three, in their order.
    pub(crate) numbers: Vec<Part>,
    /// The month that a word names, from 1.
    pub(crate) month: Option<i8>,
    /// Week of the year and day of the week, from 1.
    pub(crate) week: Option<(u64, u64)>,
    /// The days of the week that words may mean.
    pub(crate) weekdays: Weekdays,
    /// The time of day.
    pub(crate) clock: Option<Clock>,
    /// Where that time is kept.
    pub(crate) zone: Option<Zone>,
}

/// A number of the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The number.
    pub(crate) number: Number,
    /// The mark between it and what stands before it; a blank where there is none.
    pub(crate) mark: char,
    /// What it is, where a word behind it says so.
    pub(crate) unit: Option<Unit>,
}

/// A time of day as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Hours.
    pub(crate) hour: u64,
    /// Minutes.
    pub(crate) minute: u64,
    /// Seconds.
    pub(crate) second: u64,
    /// Nanoseconds.
    pub(crate) nanosecond: i32,
    /// Which half of the day the hours are of.
    pub(crate) half: Option<Half>,
}

/// What the pieces say, or `None` where one of them has no place in a date, or two contradict each other.
pub(crate) fn fields(tokens: &[Token]) -> Option<Fields> {
    // A sign in front makes the year a negative one.
    if matches!(tokens.first()?.kind, Kind::Mark('-' | '+')) {
        return None;
    }
    let mut reading =
        Reading { tokens, at: 0, mark: ' ', half: None, doubtful: Weekdays::default(), fields: Fields::default() };
    while let Some(token) = tokens.get(reading.at) {
        match &token.kind {
            Kind::Number(number) => reading.number(*number)?,
            Kind::Word { lower, is_capital } => reading.word(lower, *is_capital)?,
            Kind::Mark(mark) => reading.mark(*mark)?,
        }
    }
    let Reading { half, mut fields, .. } = reading;
    if let (Some(clock), Some(half)) = (&mut fields.clock, half) {
        clock.half = Some(half);
    }
    Some(fields)
}

/// A walk over the pieces. Every step moves on by at least one.
struct Reading<'a> {
    tokens: &'a [Token],
    /// The piece that is looked at.
    at: usize,
    /// The last mark of the date's part.
    mark: char,
    /// A half of the day that was named before its clock.
    half: Option<Half>,
    /// What the word that named the month means if it is no month (`mar` is March and Tuesday in five languages).
    doubtful: Weekdays,
    fields: Fields,
}

impl Reading<'_> {
    fn kind(&self, ahead: usize) -> Option<&Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn number_at(&self, ahead: usize) -> Option<Number> {
        match self.kind(ahead) {
            Some(Kind::Number(number)) => Some(*number),
            _ => None,
        }
    }

    fn word_at(&self, ahead: usize) -> Option<&str> {
        match self.kind(ahead) {
            Some(Kind::Word { lower, .. }) => Some(lower),
            _ => None,
        }
    }

    fn has_mark(&self, ahead: usize, mark: char) -> bool {
        self.kind(ahead) == Some(&Kind::Mark(mark))
    }

    fn is_glued(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.is_glued)
    }

    /// Whether day, month and year are all there.
    fn has_day(&self) -> bool {
        let fields = &self.fields;
        let is_ordinal = |part: &Part| part.number.digits == 3;
        fields.week.is_some()
            || fields.numbers.len() + usize::from(fields.month.is_some()) == 3
            || fields.numbers.get(1).is_some_and(is_ordinal)
    }

    fn number(&mut self, number: Number) -> Option<()> {
        if self.fields.clock.is_none()
            && let Some((clock, length)) = self.clock(number)
        {
            self.at += length;
            self.fields.clock = Some(clock);
            self.half_behind_clock();
            return Some(());
        }
        if let Some(length) = self.compact(number) {
            self.at += length;
            return Some(());
        }
        let mut part = Part { number, mark: self.mark, unit: None };
        self.mark = ' ';
        self.at += 1;
        if let Some(word) = self.word_at(0) {
            let date_unit = |unit: &Unit| matches!(unit, Unit::Year | Unit::Month | Unit::Day);
            part.unit = names::unit(word).filter(date_unit);
            if part.unit.is_some() || (self.is_glued(0) && names::is_ordinal_ending(word)) {
                self.at += 1;
            }
        }
        self.fields.numbers.push(part);
        (self.fields.numbers.len() <= 3).then_some(())
    }

    /// A time of day that begins with `number`, and how many pieces it takes.
    fn clock(&self, number: Number) -> Option<(Clock, usize)> {
        let is_behind_t =
            self.at > 0 && matches!(&self.tokens[self.at - 1].kind, Kind::Word { lower, .. } if lower == "t");
        if number.digits > 2 {
            return if is_behind_t { self.basic_clock(number) } else { None };
        }
        let has_more = self.number_at(2).is_some_and(|next| next.digits <= 2);
        // Points stand in dates too: in a clock they are looked for only where the date is whole.
        let is_dotted = self.has_mark(1, '.') && self.is_glued(1) && self.is_glued(2) && self.has_day();
        if has_more && self.has_mark(1, ':') {
            return Some(self.divided_clock(number, ':'));
        }
        if has_more && is_dotted {
            return Some(self.divided_clock(number, '.'));
        }
        let hour = Clock { hour: number.value, ..Clock::default() };
        if self.word_at(1).and_then(names::unit) == Some(Unit::Hour) {
            return Some(self.worded_clock(number));
        }
        // `9 pm`; what East Asia says stands before its hour, and so behind the day.
        let has_half = self.half_at(1).is_some() && self.word_at(1).is_some_and(str::is_ascii);
        let is_hour = is_behind_t || (number.value <= 12 && has_half);
        is_hour.then_some((hour, 1))
    }

    /// `1428`, `142805` and `14` behind a `T`.
    fn basic_clock(&self, number: Number) -> Option<(Clock, usize)> {
        let (hour, minute, second) = match number.digits {
            4 => (number.value / 100, number.value % 100, 0),
            6 => (number.value / 10_000, number.value / 100 % 100, number.value % 100),
            _ => return None,
        };
        let (nanosecond, length) = self.fraction(1);
        Some((Clock { hour, minute, second, nanosecond, half: None }, 1 + length))
    }

    /// `14:28`, `14:28:05` and `14:28:05.25`, with `:` or another mark.
    fn divided_clock(&self, hour: Number, mark: char) -> (Clock, usize) {
        let minute = self.number_at(2).map_or(0, |minute| minute.value);
        let clock = Clock { hour: hour.value, minute, ..Clock::default() };
        match self.number_at(4).filter(|second| self.has_mark(3, mark) && second.digits <= 2) {
            Some(second) => {
                let (nanosecond, length) = self.fraction(5);
                (Clock { second: second.value, nanosecond, ..clock }, 5 + length)
            }
            None => (clock, 3),
        }
    }

    /// `14h28`, `14 Uhr`, `14時28分5秒`. A number that may belong to the date is not taken for minutes.
    fn worded_clock(&self, hour: Number) -> (Clock, usize) {
        let mut clock = Clock { hour: hour.value, ..Clock::default() };
        let mut length = 2;
        for (field, unit) in [(&mut clock.minute, Unit::Minute), (&mut clock.second, Unit::Second)] {
            let Some(number) = self.number_at(length).filter(|number| number.digits <= 2) else { break };
            let is_named = self.word_at(length + 1).and_then(names::unit) == Some(unit);
            let is_bare = unit == Unit::Minute && (self.is_glued(length) || self.has_day());
            if !is_named && !is_bare {
                break;
            }
            *field = number.value;
            length += if is_named { 2 } else { 1 };
        }
        (clock, length)
    }

    /// Nanoseconds of `.25` or `,25`, and how many pieces it takes.
    fn fraction(&self, ahead: usize) -> (i32, usize) {
        let is_point = (self.has_mark(ahead, '.') || self.has_mark(ahead, ','))
            && self.is_glued(ahead)
            && self.is_glued(ahead + 1);
        match self.number_at(ahead + 1).filter(|_| is_point) {
            Some(number) => (nanoseconds(number), 2),
            None => (0, 0),
        }
    }

    /// `pm`, `p.m.`: which half, and how many pieces it takes.
    fn half_at(&self, ahead: usize) -> Option<(Half, usize)> {
        let has_points = self.has_mark(ahead + 1, '.') && self.word_at(ahead + 2) == Some("m");
        match self.word_at(ahead)? {
            "a" if has_points => Some((Half::Morning, 3)),
            "p" if has_points => Some((Half::Afternoon, 3)),
            word => names::half(word).map(|half| (half, 1)),
        }
    }

    /// An hour above 12 needs no `am`, which then is the German "on the".
    fn half_behind_clock(&mut self) {
        let Some((half, length)) = self.half_at(0) else { return };
        self.at += length;
        if let Some(clock) = &mut self.fields.clock
            && (half == Half::Afternoon || clock.hour <= 12)
        {
            clock.half = Some(half);
        }
    }

    /// Dates and moments written as one number: `20200110`, `2020010`, `202001101428`, `20200110142805`; how many pieces
    /// were taken.
    fn compact(&mut self, number: Number) -> Option<usize> {
        let is_alone = self.fields.numbers.is_empty() && self.fields.month.is_none();
        let (value, clock) = match number.digits {
            7 | 8 => (number.value, None),
            12 => (number.value / 10_000, Some((number.value % 10_000 * 100, 6))),
            14 => (number.value / 1_000_000, Some((number.value % 1_000_000, 6))),
            _ => return None,
        };
        if !is_alone || (clock.is_some() && self.fields.clock.is_some()) {
            return None;
        }
        let part = |value: u64, digits: usize| Part { number: Number { value, digits }, mark: '-', unit: None };
        self.fields.numbers = if number.digits == 7 {
            vec![part(value / 1000, 4), part(value % 1000, 3)]
        } else {
            vec![part(value / 10_000, 4), part(value / 100 % 100, 2), part(value % 100, 2)]
        };
        let Some((value, digits)) = clock else { return Some(1) };
        let (clock, length) = self.basic_clock(Number { value, digits })?;
        self.fields.clock = Some(clock);
        Some(length)
    }

    fn word(&mut self, word: &str, is_capital: bool) -> Option<()> {
        // Behind a clock short words are zones first: `PT` is not the Polish Friday there, nor `AT` the English "at".
        if self.fields.clock.is_some() && self.zone(word, is_capital) {
            return Some(());
        }
        let Named { month, weekdays } = names::named(word);
        if let Some(month) = month {
            self.at += 1;
            return self.month(month, weekdays);
        }
        if !weekdays.is_empty() {
            self.at += 1;
            self.fields.weekdays = self.fields.weekdays.and(weekdays);
            return Some(());
        }
        if word == "w" || word == "t" {
            let is_known = if word == "w" { self.week() } else { self.number_at(1).map(|_| 1) };
            self.at += is_known?;
            return Some(());
        }
        if names::is_filler(word) {
            self.at += 1;
            return Some(());
        }
        if let Some(half) = names::half(word) {
            self.at += 1;
            self.half = Some(half);
            return Some(());
        }
        if self.zone(word, is_capital) {
            return Some(());
        }
        // Nobody knows all zones. One that is written as one, where one stands, is read as UTC, like one that is missing.
        let is_unknown_zone = is_capital && (2..=5).contains(&word.len());
        if !is_unknown_zone || self.fields.clock.is_none() || self.fields.zone.is_some() {
            return None;
        }
        self.at += 1;
        self.fields.zone = Some(zones::UTC);
        Some(())
    }

    fn month(&mut self, month: i8, weekdays: Weekdays) -> Option<()> {
        match self.fields.month {
            None => (self.fields.month, self.doubtful) = (Some(month), weekdays),
            Some(_) if !self.doubtful.is_empty() => {
                self.fields.weekdays = self.fields.weekdays.and(self.doubtful);
                (self.fields.month, self.doubtful) = (Some(month), weekdays);
            }
            Some(_) if !weekdays.is_empty() => self.fields.weekdays = self.fields.weekdays.and(weekdays),
            Some(_) => return None,
        }
        Some(())
    }

    /// `W05`, `W05-3` and `W053` behind a year; how many pieces it takes.
    fn week(&mut self) -> Option<usize> {
        let number = self.number_at(1)?;
        let day = self.number_at(3).filter(|day| day.digits == 1 && self.has_mark(2, '-'));
        let (week, length) = match (number.digits, day) {
            (3, _) => ((number.value / 10, number.value % 10), 2),
            (2, Some(day)) => ((number.value, day.value), 4),
            (2, None) => ((number.value, 1), 2),
            _ => return None,
        };
        self.fields.week = Some(week);
        Some(length)
    }

    /// Takes a zone's name, with what belongs to it: `EST`, `Europe/Brussels`, `GMT+2`; whether it is one.
    ///
    /// A distance in figures counts before a name, and a name behind a name says the same again. Short names are zones in
    /// capitals alone, and behind a clock (but for `z`): `r` is the Polish "of the year". `h` is "hours" before it is Hotel.
    fn zone(&mut self, word: &str, is_capital: bool) -> bool {
        let is_short = word.len() <= 2 && word != "z";
        if word == "h" || (is_short && !(is_capital && self.fields.clock.is_some())) {
            return false;
        }
        let mut path = word.to_owned();
        let mut length = 1;
        while let Some(part) = self.word_at(length + 1).filter(|_| self.has_mark(length, '/')) {
            path = format!("{path}/{part}");
            length += 2;
        }
        let zone =
            if length == 1 { zones::abbreviation(word) } else { Some(zones::place(&path).unwrap_or(zones::UTC)) };
        let Some(zone) = zone else { return false };
        self.at += length;
        if self.fields.zone.is_none() {
            let is_signed = self.has_mark(0, '+') || self.has_mark(0, '-');
            let offset = if is_signed { self.offset() } else { None };
            self.fields.zone = Some(offset.unwrap_or(zone));
        }
        true
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        let may_be_zone = self.fields.zone.is_none()
            && (mark == '+' || (mark == '-' && self.fields.clock.is_some() && self.number_at(1).is_some()));
        if may_be_zone && let Some(zone) = self.offset() {
            self.fields.zone = Some(zone);
            return Some(());
        }
        // `10/Oct/2000:13:55:36` is how web servers write it.
        let is_known = mark != '+' && (mark != ':' || (self.has_day() && self.fields.clock.is_none()));
        self.at += 1;
        self.mark = mark;
        is_known.then_some(())
    }

    /// Takes `+0200`, `+02:00`, `+2`: a sign and a number. One that no place keeps (`+3000`) says as much as none.
    ///
    /// A `-` also stands between a time and a date: it is a sign only where the date is whole, or where it is glued to what can
    /// be nothing else.
    fn offset(&mut self) -> Option<Zone> {
        let is_negative = self.has_mark(0, '-');
        let number = self.number_at(1)?;
        let minutes_behind = self.number_at(3).filter(|minutes| self.has_mark(2, ':') && minutes.digits <= 2);
        let is_sure = self.is_glued(1) && (number.digits == 4 || minutes_behind.is_some());
        if is_negative && !self.has_day() && !is_sure {
            return None;
        }
        let (hours, minutes, length) = match (number.digits, minutes_behind) {
            (1 | 2, Some(minutes)) => (number.value, minutes.value, 4),
            (1 | 2, None) => (number.value, 0, 2),
            (3 | 4, _) => (number.value / 100, number.value % 100, 2),
            _ => return None,
        };
        self.at += length;
        // Some write seconds too, and they are nought.
        if minutes_behind.is_some()
            && self.has_mark(0, ':')
            && self.number_at(1).is_some_and(|second| second.value == 0)
        {
            self.at += 2;
        }
        if hours >= 24 || minutes >= 60 {
            return Some(zones::UTC);
        }
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Some(Zone::Fixed(if is_negative { -seconds } else { seconds }))
    }
}

/// A fraction of a second; what stands behind the ninth digit is left out.
fn nanoseconds(number: Number) -> i32 {
    let digits = u32::try_from(number.digits).unwrap_or(u32::MAX);
    let value = match digits {
        0..=9 => number.value * 10_u64.pow(9 - digits),
        10..=19 => number.value / 10_u64.pow(digits - 9),
        _ => 0,
    };
    i32::try_from(value).unwrap_or(0)
}
