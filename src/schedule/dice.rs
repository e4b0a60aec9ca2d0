//! Station: chance that always falls the same: what spreads feeds over time, computed from the database's salt.

use std::time::Duration;

use crate::model::FeedId;

/// Intervals and pauses vary by a tenth each way.
const JITTER_PER_MILLE: u64 = 100;

/// The chance of one feed in one database: the same throw always falls the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    /// The database's own.
    pub(crate) salt: u64,
    /// The feed.
    pub(crate) feed: FeedId,
}

impl Dice {
    /// The duration, up to a tenth shorter or longer.
    pub(crate) fn vary(self, duration: Duration, throw: u64) -> Duration {
        per_mille(duration, 1000 - JITTER_PER_MILLE + self.seed(throw) % (2 * JITTER_PER_MILLE + 1))
    }

    /// A part of the duration: none of it, all of it, or anything between.
    pub(crate) fn part(self, duration: Duration, throw: u64) -> Duration {
        per_mille(duration, self.seed(throw) % 1001)
    }

    fn seed(self, throw: u64) -> u64 {
        mix(mix(self.salt ^ self.feed.0.unsigned_abs()) ^ throw)
    }
}

fn per_mille(duration: Duration, per_mille: u64) -> Duration {
    let nanoseconds = duration.as_nanos() * u128::from(per_mille) / 1000;
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// Spreads a number over all 64 bits: the output step of SplitMix64 (Steele, Lea, Flood, 2014).
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
