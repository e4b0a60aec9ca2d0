//! Station: the days, months and years that two articles name, and whether they can be the same.

use jiff::Timestamp;
use jiff::civil;

use crate::cluster::document::{Document, Held};
use crate::features::calendar::Date;

/// How the dates of two heads stand to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// Both heads name one day.
    pub agree: bool,
    /// Both heads name days, and neither names one that the other article names anywhere.
    pub apart: bool,
    /// Both heads name months or years, and none that the other article names anywhere.
    pub periods_apart: bool,
}

/// Compares the dates of two articles.
pub fn days(left: &Document, right: &Document) -> Days {
    // Which Thursday is meant is known only where it is known when it was written.
    if !left.dated || !right.dated {
        return Days::default();
    }
    let (ours, theirs) = (dates(left), dates(right));
    if ours.is_empty() || theirs.is_empty() {
        return Days::default();
    }
    let (ours, theirs) = (named(left, ours), named(right, theirs));
    let in_head = |dates: &[Option<Named>], is_day: bool| {
        dates.iter().flatten().any(|date| date.in_head && date.is_day() == is_day)
    };
    let meets = |heads_only: bool, is_day: bool| {
        ours.iter().flatten().filter(|ours| ours.is_day() == is_day).any(|ours| {
            theirs.iter().flatten().any(|theirs| {
                let heads = usize::from(ours.in_head) + usize::from(theirs.in_head);
                heads > usize::from(heads_only) && ours.is_same(*theirs)
            })
        })
    };
    Days {
        agree: meets(true, true),
        apart: in_head(&ours, true) && in_head(&theirs, true) && !meets(false, true),
        periods_apart: in_head(&ours, false) && in_head(&theirs, false) && !meets(false, false),
    }
}

/// The dates among an article's terms: their hashes stand together.
fn dates(document: &Document) -> &[Held] {
    let start = document.terms.partition_point(|term| term.hash < Date::HASHES.start);
    let end = document.terms.partition_point(|term| term.hash < Date::HASHES.end);
    &document.terms[start..end]
}

/// A date as it was meant where it was written.
#[derive(Clone, Copy)]
struct Named {
    when: When,
    in_head: bool,
}

#[derive(Clone, Copy)]
enum When {
    /// Days since 1970. A weekday may be meant a week sooner or later than the nearest.
    Day {
        day: i32,
        is_weekday: bool,
    },
    Month(u8),
    Year(u16),
}

impl Named {
    fn is_day(self) -> bool {
        matches!(self.when, When::Day { .. })
    }

    fn is_same(self, other: Named) -> bool {
        match (self.when, other.when) {
            (When::Day { day: ours, is_weekday: one }, When::Day { day: theirs, is_weekday: other }) => {
                ours == theirs || ((one || other) && ours.abs_diff(theirs) == 7)
            }
            (When::Month(ours), When::Month(theirs)) => ours == theirs,
            (When::Year(ours), When::Year(theirs)) => ours == theirs,
            _ => false,
        }
    }
}

/// Dates of one article that are compared; few name more.
const DATES_MAX: usize = 8;

/// Resolves an article's dates: the nearest such day to when it was published.
fn named(document: &Document, dates: &[Held]) -> [Option<Named>; DATES_MAX] {
    let published = Timestamp::from_second(document.published).unwrap_or_default();
    let today = jiff::tz::Offset::UTC.to_datetime(published).date();
    let resolve = |term: &Held| {
        let when = match Date::of_hash(term.hash)? {
            Date::Weekday(weekday) => {
                let behind = (i32::from(today.weekday().to_monday_zero_offset()) - i32::from(weekday)).rem_euclid(7);
                let offset = if behind <= 3 { -behind } else { 7 - behind };
                When::Day { day: number(today) + offset, is_weekday: true }
            }
            Date::Day { month, day } => When::Day { day: nearest(today, month, day)?, is_weekday: false },
            Date::Month(month) => When::Month(month),
            Date::Year(year) => When::Year(year),
        };
        Some(Named { when, in_head: term.in_head() })
    };
    let mut named = [None; DATES_MAX];
    for (named, date) in named.iter_mut().zip(dates.iter().filter_map(resolve)) {
        *named = Some(date);
    }
    named
}

/// The day of this date that lies nearest; a month that is not named is this one or its neighbours.
fn nearest(today: civil::Date, month: u8, day: u8) -> Option<i32> {
    let candidates = (-1..=1_i16).filter_map(|step| {
        let (year, month) = match month {
            0 => {
                let months = today.year() * 12 + i16::from(today.month()) - 1 + step;
                (months / 12, (months % 12 + 1) as i8)
            }
            month => (today.year() + step, month as i8),
        };
        civil::Date::new(year, month, day as i8).ok().map(number)
    });
    candidates.min_by_key(|candidate| candidate.abs_diff(number(today)))
}

/// Days since 1970.
fn number(date: civil::Date) -> i32 {
    (date.duration_since(civil::date(1970, 1, 1)).as_hours() / 24) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::document::Times;
    use crate::features::lexicon::Lexicon;
    use crate::features::{self, Params, Subject};
    use crate::model::ArticleId;

    fn document(title: &str, lang: &str, published: &str) -> Document {
        let features =
            features::of(&Subject { title, text: "", lang: Some(lang) }, Lexicon::builtin(), &Params::default());
        let published = published.parse::<Timestamp>().expect("a moment");
        let times = Times::of(published, published, true);
        let rarities = features.terms.iter().map(|term| -term.rarity.share().ln());
        Document::of(ArticleId(1), times, &features, rarities)
    }

    #[test]
    fn dates_that_can_and_that_cannot_be_one() {
        let check = |left: (&str, &str, &str), right: (&str, &str, &str), expected: Days| {
            let (one, other) = (document(left.0, left.1, left.2), document(right.0, right.1, right.2));
            assert_eq!(days(&one, &other), expected, "{left:?} / {right:?}");
            assert_eq!(days(&other, &one), expected, "{right:?} / {left:?}");
        };
        let nothing = Days::default();
        let (agree, apart) = (Days { agree: true, ..nothing }, Days { apart: true, ..nothing });
        // 2 February 2026 is a Monday.
        let (monday, wednesday, next_week) = ("2026-02-02T12:00:00Z", "2026-02-04T12:00:00Z", "2026-02-11T12:00:00Z");
        check(("Vote on Friday", "en", monday), ("Freitag wird gewählt", "de", wednesday), agree);
        check(("Vote on Friday", "en", monday), ("Vote due on Thursday", "en", wednesday), apart);
        check(("Vote on Friday", "en", monday), ("Vote set for February 6", "en", wednesday), agree);
        check(("Vote on Friday", "en", monday), ("Vote set for February 20", "en", wednesday), apart);
        check(("Crash on Monday", "en", wednesday), ("Crash on Monday", "en", next_week), agree);
        check(
            ("Prices in January", "en", monday),
            ("Prices in December", "en", monday),
            Days { periods_apart: true, ..nothing },
        );
        check(("Vote on Friday", "en", monday), ("Vote soon", "en", wednesday), nothing);
        let mut undated = document("Vote due on Thursday", "en", wednesday);
        undated.dated = false;
        assert_eq!(days(&document("Vote on Friday", "en", monday), &undated), nothing, "which Thursday?");
    }

    #[test]
    fn numbers_of_days() {
        for (date, expected) in
            [((1970, 1, 1), 0), ((2000, 3, 1), 11_017), ((2026, 2, 2), 20_486), ((1969, 12, 31), -1)]
        {
            assert_eq!(number(civil::date(date.0, date.1, date.2)), expected, "{date:?}");
        }
    }
}
