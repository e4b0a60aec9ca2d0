//! Station: the terms of the window by hash: how many articles hold each, and which are indexed by it.

use crate::cluster::postings::Postings;

/// A term of the window: how many articles hold it, and those that are indexed by it in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    hash: u32,
    /// How many articles hold it; 0 marks an empty slot.
    pub(crate) articles: u32,
    /// The articles that are found by it.
    pub(crate) postings: Postings,
}

/// A hash table in one piece, with linear probing. An article looks each of its terms up when it comes and again when it leaves,
/// and nearly every look goes to memory that no cache holds: so each is one, where a general table needs two. Keys are hashes
/// already, and what leaves closes its gap, so the table is a function of what it holds and how large it has been.
#[derive(Debug)]
pub(crate) struct Terms {
    slots: Vec<Entry>,
    /// 32 less the logarithm of the number of slots.
    shift: u32,
    held: usize,
}

/// Slots of an empty table, as a power of two.
const BITS_MIN: u32 = 6;

impl Default for Terms {
    fn default() -> Terms {
        Terms { slots: empty(BITS_MIN), shift: u32::BITS - BITS_MIN, held: 0 }
    }
}

fn empty(bits: u32) -> Vec<Entry> {
    std::iter::repeat_with(Entry::default).take(1 << bits).collect()
}

impl Terms {
    /// How many terms it holds.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    /// A term, if an article holds it.
    #[inline]
    pub(crate) fn get(&self, hash: u32) -> Option<&Entry> {
        let slot = self.find(hash);
        (self.slots[slot].articles > 0).then(|| &self.slots[slot])
    }

    /// A term that is held by one article more.
    pub(crate) fn count(&mut self, hash: u32) -> &mut Entry {
        // Half full at most before it grows: a look then meets one or two slots.
        if (self.held + 1) * 5 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.find(hash);
        let entry = &mut self.slots[slot];
        if entry.articles == 0 {
            entry.hash = hash;
            self.held += 1;
        }
        entry.articles += 1;
        entry
    }

    /// Counts a term for one article less; `from` sees it first.
    pub(crate) fn discount(&mut self, hash: u32, from: impl FnOnce(&mut Postings)) {
        let slot = self.find(hash);
        let entry = &mut self.slots[slot];
        if entry.articles == 0 {
            return;
        }
        from(&mut entry.postings);
        entry.articles -= 1;
        if entry.articles == 0 {
            self.held -= 1;
            self.close(slot);
        }
    }

    /// Where a term stands, or the empty slot where it would.
    #[inline]
    fn find(&self, hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.home(hash);
        while self.slots[slot].articles > 0 && self.slots[slot].hash != hash {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Where a term stands if nothing else does (Fibonacci hashing: Knuth, vol. 3, 6.4).
    #[inline]
    fn home(&self, hash: u32) -> usize {
        (hash.wrapping_mul(0x9E37_79B1) >> self.shift) as usize
    }

    /// Empties a slot and moves up those behind it that a look would no longer find (Knuth's algorithm R).
    fn close(&mut self, mut gap: usize) {
        let mask = self.slots.len() - 1;
        let mut slot = gap;
        loop {
            slot = (slot + 1) & mask;
            if self.slots[slot].articles == 0 {
                break;
            }
            let home = self.home(self.slots[slot].hash);
            if slot.wrapping_sub(home) & mask >= slot.wrapping_sub(gap) & mask {
                self.slots.swap(gap, slot);
                gap = slot;
            }
        }
        self.slots[gap] = Entry::default();
    }

    fn grow(&mut self) {
        let bits = u32::BITS - self.shift + 1;
        let old = std::mem::replace(&mut self.slots, empty(bits));
        self.shift -= 1;
        for entry in old {
            if entry.articles > 0 {
                let slot = self.find(entry.hash);
                self.slots[slot] = entry;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::cluster::terms::{Entry, Terms};

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() <= 24);
    }

    #[test]
    fn terms_are_counted_as_in_a_map() {
        let (mut terms, mut map) = (Terms::default(), BTreeMap::<u32, u32>::new());
        let mut draw = 1_u32;
        for step in 0..60_000_u32 {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // A few terms again and again, and neighbours in the table: hashes whose homes lie side by side.
            let hash = (draw >> 18) % 3_000 + (draw & 3) * 0x4000_0000;
            if step % 5 < if step < 30_000 { 3 } else { 2 } {
                terms.count(hash).postings.push(step);
                *map.entry(hash).or_default() += 1;
            } else {
                terms.discount(hash, |postings| postings.take_out(0));
                if let Some(count) = map.get_mut(&hash) {
                    *count -= 1;
                    if *count == 0 {
                        map.remove(&hash);
                    }
                }
            }
        }
        assert!(map.len() > 500, "{}", map.len());
        assert_eq!(terms.len(), map.len());
        for hash in (0..3_000).flat_map(|low| (0..4).map(move |high| low + high * 0x4000_0000)) {
            assert_eq!(terms.get(hash).map_or(0, |entry| entry.articles), map.get(&hash).copied().unwrap_or(0));
        }
    }
}
