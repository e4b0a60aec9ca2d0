//! Station: the best of very many clusters, found without reading what cannot be among them.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use jiff::Timestamp;

use crate::model::{Brief, ClusterId, Outline};
use crate::rank::{Params, Sort, half_lives, score_of_brief};

/// A cluster's articles beyond this make it no better than this bound: 2^20, which no cluster reaches.
const ARTICLES_LOG2_MAX: f64 = 20.0;

/// What two ways to add up the same numbers may differ by, far below what any article adds.
const ROUNDING: f64 = 1e-6;

/// The best clusters among those offered. Outlines are offered newest article first; a cluster that may enter by its outline is
/// brought in brief. What comes out is the beginning of [`crate::rank::order`]'s answer, cluster for cluster.
#[derive(Clone, Debug)]
pub struct Leaders<'params> {
    sort: Sort,
    now: Timestamp,
    params: &'params Params,
    wanted: usize,
    priority_max: f64,
    kept: BinaryHeap<Standing>,
}

/// A cluster's place: greater comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// What the order compares, in turn: more comes first.
    merits: [i64; 2],
    id: ClusterId,
}

impl Ord for Standing {
    fn cmp(&self, other: &Standing) -> Ordering {
        other.merits.cmp(&self.merits).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Standing) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'params> Leaders<'params> {
    /// None yet, of `wanted` at most. No feed has a higher priority than `priority_max`.
    pub fn new(
        sort: Sort,
        wanted: usize,
        priority_max: i32,
        now: Timestamp,
        params: &'params Params,
    ) -> Leaders<'params> {
        let bound = i32::from(params.priority_max);
        let priority_max = f64::from(priority_max.clamp(-bound, bound));
        Leaders { sort, now, params, wanted, priority_max, kept: BinaryHeap::new() }
    }

    /// Whether a cluster may be among the best, by what its row says.
    pub fn may_enter(&self, outline: &Outline) -> bool {
        let Some(last) = self.last() else { return self.wanted > 0 };
        let most = match self.sort {
            Sort::Rank => {
                let articles = (outline.article_count.max(1) as f64).log2();
                self.rank_at_most(outline.last_published, articles)
            }
            Sort::New => outline.last_published.as_millisecond(),
            Sort::Size => i64::try_from(outline.article_count).unwrap_or(i64::MAX),
            Sort::FirstSeen => outline.last_seen.as_millisecond(),
        };
        most >= last.merits[0]
    }

    /// Whether any cluster may be among the best whose newest article was published at this moment or before.
    pub fn may_come(&self, published: Timestamp) -> bool {
        let Some(last) = self.last() else { return self.wanted > 0 };
        match self.sort {
            Sort::Rank => self.rank_at_most(published, ARTICLES_LOG2_MAX) >= last.merits[0],
            Sort::New => published.as_millisecond() >= last.merits[0],
            Sort::Size | Sort::FirstSeen => true,
        }
    }

    /// Takes a cluster in, if it is one of the best so far.
    pub fn offer(&mut self, brief: &Brief) {
        let reports = || brief.reports.iter();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let millisecond = |at: Option<Timestamp>| at.map_or(i64::MIN, Timestamp::as_millisecond);
        let merits = match self.sort {
            Sort::Rank => [sortable(score_of_brief(brief, self.params) - half_lives(self.now, self.params)), 0],
            Sort::New => [millisecond(reports().map(|report| report.published).max()), 0],
            Sort::Size => {
                let mut outlets: Vec<&str> = reports().map(|report| report.outlet.as_str()).collect();
                outlets.sort_unstable();
                outlets.dedup();
                [count(brief.reports.len()), count(outlets.len())]
            }
            Sort::FirstSeen => [millisecond(reports().map(|report| report.seen).min()), 0],
        };
        self.kept.push(Standing { merits, id: brief.id });
        if self.kept.len() > self.wanted {
            self.kept.pop();
        }
    }

    /// The best, in order.
    pub fn in_order(self) -> Vec<ClusterId> {
        self.kept.into_sorted_vec().into_iter().map(|standing| standing.id).collect()
    }

    /// The last of the best, once there are as many as are wanted.
    fn last(&self) -> Option<&Standing> {
        self.kept.peek().filter(|_| self.kept.len() >= self.wanted)
    }

    /// No sum of articles that are no newer is more than as many articles of that moment, each in a voice of its own.
    fn rank_at_most(&self, published: Timestamp, articles_log2: f64) -> i64 {
        let newest = half_lives(published, self.params) - half_lives(self.now, self.params);
        sortable(newest + articles_log2 + self.priority_max + ROUNDING)
    }
}

/// A number as bits that sort as `f64::total_cmp` does.
fn sortable(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::{Strategy, any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::model::{ArticleId, Report};

    const NOON: Timestamp = Timestamp::constant(1_770_984_000, 0);

    #[test]
    fn numbers_sort_as_they_are() {
        let numbers = [f64::NEG_INFINITY, -40_000.5, -1.0, -0.0, 0.0, 1e-9, 2.0, 40_000.0, f64::INFINITY];
        assert!(numbers.map(sortable).is_sorted_by(|one, other| one < other));
    }

    fn any_briefs() -> impl Strategy<Value = Vec<Brief>> {
        let report = (0..5_u8, 0..300_i64, -9..9_i32, prop::option::of(0..40_i64), 0..40_i64);
        prop::collection::vec(prop::collection::vec(report, 1..6), 0..40).prop_map(|clusters| {
            let mut id = 0;
            let mut report = |(outlet, hours, priority, copied, late): (u8, i64, i32, Option<i64>, i64)| {
                id += 1;
                let published = NOON - SignedDuration::from_hours(hours);
                Report {
                    article: ArticleId(id),
                    outlet: format!("outlet {outlet}"),
                    voice: (outlet > 2).then(|| format!("site:{}.example", outlet % 2)),
                    published,
                    seen: published + SignedDuration::from_hours(late),
                    priority,
                    copy_of: copied.map(ArticleId),
                }
            };
            let mut brief = |reports: Vec<_>| {
                let reports: Vec<Report> = reports.into_iter().map(&mut report).collect();
                Brief { id: ClusterId(reports[0].article), reports }
            };
            clusters.into_iter().map(&mut brief).collect()
        })
    }

    fn outline(brief: &Brief) -> Outline {
        Outline {
            id: brief.id,
            last_published: brief.reports.iter().map(|report| report.published).max().unwrap_or(NOON),
            last_seen: brief.reports.iter().map(|report| report.seen).max().unwrap_or(NOON),
            article_count: brief.reports.len(),
        }
    }

    proptest! {
        #[test]
        fn what_is_not_read_was_not_among_the_best(
            mut briefs in any_briefs(),
            wanted in 0..12_usize,
            sort in prop::sample::select(vec![Sort::Rank, Sort::New, Sort::Size, Sort::FirstSeen]),
            page in 1..5_usize,
            all_priorities in any::<bool>(),
        ) {
            let params = Params::default();
            let highest = briefs.iter().flat_map(|brief| &brief.reports).map(|report| report.priority).max();
            let priority_max = if all_priorities { highest.unwrap_or(0).max(0) } else { i32::MAX };
            briefs.sort_by_key(|brief| (std::cmp::Reverse(outline(brief).last_published), brief.id));
            let mut all = Leaders::new(sort, usize::MAX, priority_max, NOON, &params);
            briefs.iter().for_each(|brief| all.offer(brief));
            let mut best = Leaders::new(sort, wanted, priority_max, NOON, &params);
            for page in briefs.chunks(page) {
                if !best.may_come(outline(&page[0]).last_published) {
                    break;
                }
                let entering: Vec<&Brief> = page.iter().filter(|brief| best.may_enter(&outline(brief))).collect();
                entering.into_iter().for_each(|brief| best.offer(brief));
            }
            let mut expected = all.in_order();
            expected.truncate(wanted);
            prop_assert_eq!(best.in_order(), expected);
        }
    }
}
