//! Station: when a story was reported, in counts for a chart.

use jiff::Timestamp;

use crate::model::Member;

/// How many bars a chart has at most.
const BARS_MAX: i64 = 24;
/// The widths a bar may have, in seconds: what people count time in. Beyond the last one it doubles.
const STEPS_SECONDS: [i64; 10] = [900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];

/// A story's coverage over time, from its first article to its last. An article without a date of its own counts only where none
/// has one: the moment it was found says nothing of when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// When the first article it counts was published.
    pub first: Timestamp,
    /// When the last one was.
    pub last: Timestamp,
    /// Where the first bar begins: a whole multiple of its width (UTC).
    pub from: Timestamp,
    /// How wide a bar is, in seconds.
    pub step_seconds: i64,
    /// The bars, 1 to 24, the first and the last one never empty.
    pub bars: Vec<Bar>,
}

/// What was published within one bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    /// Articles in words of their own.
    pub own: u32,
    /// Articles that repeat another's words.
    pub copies: u32,
}

impl Bar {
    /// Both together.
    pub fn total(self) -> u64 {
        u64::from(self.own) + u64::from(self.copies)
    }
}

impl Coverage {
    /// The coverage by a cluster's articles, in whatever order; `None` where there is none.
    pub fn of(members: &[Member]) -> Option<Coverage> {
        let any_dated = members.iter().any(|member| member.article.date_doubt.is_none());
        let counted = || members.iter().filter(|member| !any_dated || member.article.date_doubt.is_none());
        let moments = || counted().map(|member| member.article.published);
        let ends = (moments().min()?, moments().max()?);
        let (first, last) = (ends.0.as_second(), ends.1.as_second());
        let bars = |step: i64| last.div_euclid(step) - first.div_euclid(step) + 1;
        let widest = STEPS_SECONDS[STEPS_SECONDS.len() - 1];
        let doubled = std::iter::successors(Some(widest * 2), |step| step.checked_mul(2));
        let step = STEPS_SECONDS.into_iter().chain(doubled).find(|&step| bars(step) <= BARS_MAX).unwrap_or(widest);
        let start = first.div_euclid(step);
        let mut coverage = Coverage {
            first: ends.0,
            last: ends.1,
            from: Timestamp::from_second(start * step).unwrap_or(Timestamp::MIN),
            step_seconds: step,
            bars: vec![Bar::default(); usize::try_from(bars(step)).unwrap_or(1)],
        };
        for member in counted() {
            let place = member.article.published.as_second().div_euclid(step) - start;
            let bar = usize::try_from(place).ok().and_then(|place| coverage.bars.get_mut(place));
            if let Some(bar) = bar {
                let count = if member.copy_of.is_some() { &mut bar.copies } else { &mut bar.own };
                *count = count.saturating_add(1);
            }
        }
        Some(coverage)
    }

    /// How many articles it counts.
    pub fn articles(&self) -> u64 {
        self.bars.iter().map(|bar| bar.total()).sum()
    }

    /// The highest bar.
    pub fn peak(&self) -> u64 {
        self.bars.iter().map(|bar| bar.total()).max().unwrap_or(0)
    }

    /// Whether a picture of it says more than the two moments at its ends: three articles in two bars.
    pub fn is_worth_a_chart(&self) -> bool {
        self.bars.len() > 1 && self.articles() > 2
    }
}

#[cfg(test)]
mod tests {
    use crate::digest::coverage::{Bar, Coverage};
    use crate::listing::samples::{at, town};
    use crate::model::{DateDoubt, Member};

    fn members(moments: &[&str]) -> Vec<Member> {
        let pattern = town().cluster.members.swap_remove(0);
        let member = |moment: &&str| {
            let mut member = pattern.clone();
            member.article.published = at(moment);
            member
        };
        moments.iter().map(member).collect()
    }

    #[test]
    fn bars_are_as_wide_as_people_count_and_never_more_than_24() {
        let check = |moments: &[&str], from: &str, step: i64, totals: &[u64]| {
            let coverage = Coverage::of(&members(moments)).unwrap();
            let bars: Vec<u64> = coverage.bars.iter().map(|bar| bar.total()).collect();
            assert_eq!((coverage.from, coverage.step_seconds, bars), (at(from), step, totals.to_vec()), "{moments:?}");
        };
        check(&["2026-02-12T21:05:00Z"], "2026-02-12T21:00:00Z", 900, &[1]);
        check(
            &["2026-02-12T21:14:59Z", "2026-02-12T21:05:00Z", "2026-02-12T21:31:00Z"],
            "2026-02-12T21:00:00Z",
            900,
            &[2, 0, 1],
        );
        let day = ["2026-02-12T00:00:00Z", "2026-02-12T23:59:59Z"];
        check(&day, "2026-02-12T00:00:00Z", 3_600, &[[1].as_slice(), &[0; 22], &[1]].concat());
        check(
            &["2026-02-12T00:00:00Z", "2026-02-13T00:00:00Z"],
            "2026-02-12T00:00:00Z",
            7_200,
            &[[1].as_slice(), &[0; 11], &[1]].concat(),
        );
        // Far apart and before 1970: the width doubles, nothing overflows.
        let ages = Coverage::of(&members(&["-009999-02-02T00:00:00Z", "9999-12-30T00:00:00Z"])).unwrap();
        assert!(ages.bars.len() <= 24 && ages.bars.iter().map(|bar| bar.total()).sum::<u64>() == 2, "{ages:?}");
        assert_eq!(Coverage::of(&[]), None);
    }

    #[test]
    fn when_an_undated_article_was_found_says_nothing_of_when_it_was_written() {
        let mut members = members(&["2026-02-12T21:05:00Z", "2026-02-12T22:05:00Z", "2026-11-23T06:53:00Z"]);
        members[2].article.date_doubt = Some(DateDoubt::Missing);
        let coverage = Coverage::of(&members).unwrap();
        assert_eq!((coverage.articles(), coverage.last), (2, at("2026-02-12T22:05:00Z")));
        let alone = Coverage::of(&members[2..]).unwrap();
        assert_eq!((alone.articles(), alone.first), (1, at("2026-11-23T06:53:00Z")));
    }

    #[test]
    fn copies_are_counted_apart() {
        let coverage = Coverage::of(&town().cluster.members).unwrap();
        assert_eq!(coverage.bars.iter().map(|bar| bar.copies).sum::<u32>(), 1);
        assert_eq!(coverage.bars.first(), Some(&Bar { own: 1, copies: 0 }));
        assert_eq!((coverage.peak(), coverage.is_worth_a_chart()), (1, true));
    }
}
