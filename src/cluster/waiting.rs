//! Station: founders that nearly joined a cluster, and wait for a second look when it grows.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::ArticleId;

/// Clusters that one founder waits for.
pub const WAITED_FOR_MAX: usize = 3;
/// Founders that are looked at again for one article, the latest first.
const WAITING_MAX: usize = 8;
/// Entries beyond twice those left by the last sweep, before it is swept again.
const SWEPT_LATE: usize = 1_024;

/// Founders by the article they were nearest to; its cluster, whatever it is called by now, is the one they wait for.
#[derive(Debug, Default)]
pub struct Waiting {
    by_nearest: HashMap<ArticleId, Vec<Founder>, FixedState>,
    entries: usize,
    swept: usize,
}

#[derive(Clone, Copy, Debug)]
struct Founder {
    article: ArticleId,
    /// When it was stored, in seconds: it waits for as long as it is in the window.
    seen: i64,
}

impl Waiting {
    /// Lets a founder, stored at `seen`, wait for the clusters of these articles.
    pub fn add(&mut self, article: ArticleId, seen: i64, nearest: &[ArticleId]) {
        for nearest in nearest {
            self.by_nearest.entry(*nearest).or_default().push(Founder { article, seen });
        }
        self.entries += nearest.len();
    }

    /// Who waits for the cluster of `member`, of those stored after `start`; the latest first, a few at most.
    pub fn at(&self, member: ArticleId, start: i64) -> impl Iterator<Item = ArticleId> + '_ {
        let founders = self.by_nearest.get(&member).into_iter().flatten().rev();
        founders.filter(move |founder| founder.seen > start).map(|founder| founder.article).take(WAITING_MAX)
    }

    /// Drops founders stored at `start` or before, from time to time; until then they are only passed over.
    pub fn forget_until(&mut self, start: i64) {
        if self.entries <= 2 * self.swept + SWEPT_LATE {
            return;
        }
        self.by_nearest.retain(|_, founders| {
            founders.retain(|founder| founder.seen > start);
            !founders.is_empty()
        });
        self.entries = self.by_nearest.values().map(Vec::len).sum();
        self.swept = self.entries;
    }
}

/// Writes down behind an article's memory whom it waits for.
pub fn append(nearest: &[ArticleId], memory: &mut Vec<u8>) {
    for article in nearest {
        memory.extend(article.0.to_le_bytes());
    }
    memory.push(nearest.len() as u8);
}

/// An article's own memory, and whom it waits for; `None` where the bytes are damaged.
pub fn taken(memory: &[u8]) -> Option<(&[u8], Vec<ArticleId>)> {
    let (count, rest) = memory.split_last()?;
    let count = usize::from(*count);
    let (memory, nearest) = rest.split_at_checked(rest.len().checked_sub(8 * count)?)?;
    let (numbers, _) = nearest.as_chunks::<8>();
    (count <= WAITED_FOR_MAX)
        .then(|| (memory, numbers.iter().map(|number| ArticleId(i64::from_le_bytes(*number))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn founders_wait_in_the_order_of_arrival_and_leave_with_the_window() {
        let mut waiting = Waiting::default();
        for id in 1..3_000 {
            waiting.add(ArticleId(id), id, &[ArticleId(-1), ArticleId(-1 - id)]);
            waiting.forget_until(id - 100);
            let found: Vec<i64> = waiting.at(ArticleId(-1), id - 100).map(|article| article.0).collect();
            let expected: Vec<i64> = (1..=id).rev().take(WAITING_MAX).collect();
            assert_eq!(found, expected);
            assert!(waiting.by_nearest.len() < 2_000, "what has left the window is dropped");
        }
        assert_eq!(waiting.at(ArticleId(-7), 2_900).count(), 0);
    }

    #[test]
    fn bytes_and_back() {
        for count in 0..=WAITED_FOR_MAX {
            let nearest: Vec<ArticleId> = (1..).map(|id| ArticleId(id << 33)).take(count).collect();
            let mut memory = b"memory".to_vec();
            append(&nearest, &mut memory);
            assert_eq!(taken(&memory), Some((b"memory".as_slice(), nearest)));
        }
        for damaged in [b"".as_slice(), b"\x01", b"1234567\x01", b"................................\x04"] {
            assert_eq!(taken(damaged), None, "{damaged:?}");
        }
    }
}
