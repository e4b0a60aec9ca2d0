//! Station: the terms of the window by hash: how many articles hold each, and which are indexed by it.

use crate::cluster::postings::Postings;

/// A term of the window.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u32,
    /// How many articles hold it; 0 marks an empty slot.
    articles: u32,
}

/// A hash table with linear probing. An article looks each of its terms up when it comes and again when it leaves, and nearly every
/// look goes to memory that no cache holds: so each is one, where a general table needs two, and what all looks ask for stands apart
/// from what a few do. Keys are hashes already, and what leaves closes its gap, so the table is a function of what it holds and how
/// large it has been.
#[derive(Debug)]
pub(crate) struct Terms {
    slots: Vec<Entry>,
    /// The articles that are found by the term of each slot, in the order they came.
    postings: Vec<Postings>,
    /// 32 less the logarithm of the number of slots.
    shift: u32,
    held: usize,
}

/// Slots of an empty table, as a power of two.
const BITS_MIN: u32 = 6;

impl Default for Terms {
    fn default() -> Terms {
        Terms::with_bits(BITS_MIN)
    }
}

impl Terms {
    fn with_bits(bits: u32) -> Terms {
        let postings = std::iter::repeat_with(Postings::default).take(1 << bits).collect();
        Terms { slots: vec![Entry::default(); 1 << bits], postings, shift: u32::BITS - bits, held: 0 }
    }

    /// How many terms it holds.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    /// How many articles hold a term.
    #[inline]
    pub(crate) fn articles(&self, hash: u32) -> u32 {
        self.slots[self.find(hash)].articles
    }

    /// The articles that are found by a term.
    #[inline]
    pub(crate) fn postings(&self, hash: u32) -> Option<&Postings> {
        let slot = self.find(hash);
        (self.slots[slot].articles > 0).then(|| &self.postings[slot])
    }

    /// A value of each piece of memory where a term and the list of its articles begin.
    #[inline]
    pub(crate) fn touch(&self, hash: u32) -> u32 {
        match &self.postings[self.find(hash)] {
            Postings::Few { slots, .. } => slots[0],
            Postings::Many(slots) => slots.front().copied().unwrap_or(0),
        }
    }

    /// Counts a term for one article more, and gives the articles that are found by it.
    #[inline]
    pub(crate) fn count(&mut self, hash: u32) -> &mut Postings {
        // Three in five at most before it grows: a look then meets one or two slots.
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
        &mut self.postings[slot]
    }

    /// Counts a term for one article less; `from` sees those that are found by it first.
    pub(crate) fn discount(&mut self, hash: u32, from: impl FnOnce(&mut Postings)) {
        let slot = self.find(hash);
        let entry = &mut self.slots[slot];
        if entry.articles == 0 {
            return;
        }
        from(&mut self.postings[slot]);
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
                self.postings.swap(gap, slot);
                gap = slot;
            }
        }
        self.slots[gap] = Entry::default();
        self.postings[gap] = Postings::default();
    }

    fn grow(&mut self) {
        let mut grown = Terms::with_bits(u32::BITS - self.shift + 1);
        for (entry, postings) in self.slots.drain(..).zip(self.postings.drain(..)) {
            if entry.articles > 0 {
                let slot = grown.find(entry.hash);
                (grown.slots[slot], grown.postings[slot]) = (entry, postings);
            }
        }
        grown.held = self.held;
        *self = grown;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use crate::cluster::postings::Postings;
    use crate::cluster::terms::{Entry, Terms};

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<Entry>() + size_of::<Postings>() <= 24);
    }

    #[test]
    fn terms_are_counted_as_in_a_map() {
        let (mut terms, mut map) = (Terms::default(), BTreeMap::<u32, VecDeque<u32>>::new());
        let mut draw = 1_u32;
        for step in 0..60_000_u32 {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // A few terms again and again, and neighbours in the table: hashes whose homes lie side by side.
            let hash = (draw >> 18) % 3_000 + (draw & 3) * 0x4000_0000;
            if step % 5 < if step < 30_000 { 3 } else { 2 } {
                terms.count(hash).push(step);
                map.entry(hash).or_default().push_back(step);
            } else if let Some(steps) = map.get_mut(&hash) {
                let oldest = steps.pop_front().expect("none is left empty");
                terms.discount(hash, |postings| postings.take_out(oldest));
                if steps.is_empty() {
                    map.remove(&hash);
                }
            } else {
                terms.discount(hash, |_| panic!("no article holds it"));
            }
        }
        assert!(map.len() > 500, "{}", map.len());
        assert_eq!(terms.len(), map.len());
        for hash in (0..3_000).flat_map(|low| (0..4).map(move |high| low + high * 0x4000_0000)) {
            let expected: Vec<u32> = map.get(&hash).into_iter().flatten().rev().copied().collect();
            assert_eq!(terms.articles(hash) as usize, expected.len());
            let found: Vec<u32> =
                terms.postings(hash).map_or_else(Vec::new, |held| held.latest(usize::MAX).iter().collect());
            assert_eq!(found, expected);
        }
    }
}
