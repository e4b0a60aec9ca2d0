//! Conductor: puts very many clusters in order and takes of them what a digest has room for, with no more than a page of them in memory.

use jiff::Timestamp;

use crate::desk::Order;
use crate::digest::Room;
use crate::model::{Brief, ClusterId, Ranked};
use crate::rank::leaders::Leaders;
use crate::rank::{self, Sort};
use crate::store::{Store, StoreError};

/// How many clusters are read at a time where any number may have to be looked at: what a process holds of their texts does not grow with the
/// library.
pub const PAGE_CLUSTERS: usize = 200;

/// What a digest has room for of the clusters that are offered to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Picked {
    /// Those that it has room for, best first.
    pub clusters: Vec<Ranked>,
    /// Those that it has none for, best first.
    pub left_out: Vec<ClusterId>,
    /// Of the newest articles of all that were offered the one that was published first; `None` where nothing was offered.
    pub earliest: Option<Timestamp>,
}

/// The clusters in order: cluster for cluster that of [`rank::order`], without a word of their texts.
///
/// # Errors
/// When the database cannot be read.
pub fn in_order(
    store: &Store,
    clusters: &[ClusterId],
    sort: Sort,
    now: Timestamp,
    params: &rank::Params,
) -> Result<Vec<ClusterId>, StoreError> {
    // All of them are wanted, so no priority makes a difference to what may enter.
    let mut leaders = Leaders::new(sort, usize::MAX, 0, now, params);
    for page in clusters.chunks(PAGE_CLUSTERS) {
        store.briefs(page)?.iter().for_each(|brief| leaders.offer(brief));
    }
    Ok(leaders.in_order())
}

/// Takes what the digest has room for, best first, and reads no other cluster's texts. Whoever wants it to be of one state of the file
/// holds that.
///
/// # Errors
/// When the database cannot be read.
pub fn pick(store: &Store, offered: &[ClusterId], order: &Order, now: Timestamp) -> Result<Picked, StoreError> {
    let ordered = in_order(store, offered, order.sort, now, &order.rank)?;
    let mut room = Room::of(&order.params);
    let (mut picked, mut left_out, mut earliest) = (Vec::new(), Vec::new(), None);
    for page in ordered.chunks(PAGE_CLUSTERS) {
        for brief in store.briefs(page)? {
            let newest = brief.reports.iter().map(|report| report.published).max();
            earliest = newest.into_iter().chain(earliest).min();
            if room.takes(sole_outlet(&brief)) { picked.push(brief.id) } else { left_out.push(brief.id) }
        }
    }
    let ranked = |cluster| rank::ranked(cluster, now, &order.rank);
    Ok(Picked { clusters: store.load(&picked)?.into_iter().map(ranked).collect(), left_out, earliest })
}

/// The outlet that has a story alone.
fn sole_outlet(brief: &Brief) -> Option<&str> {
    let outlet = brief.reports.first()?.outlet.as_str();
    brief.reports.iter().all(|report| report.outlet == outlet).then_some(outlet)
}
