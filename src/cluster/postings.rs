//! Station: which articles of the window are indexed by a term, in the order they came.

use std::collections::VecDeque;

/// A place in one of the window's tables. Places are used again and never show.
pub(crate) type Slot = u32;

/// Articles that are held without a list of their own.
const FEW: usize = 3;

/// The articles of one term. A window knows a million terms, of which most stand in an article or two.
#[derive(Debug)]
pub(crate) enum Postings {
    /// The first `count` of `slots`.
    Few {
        /// The articles.
        slots: [Slot; FEW],
        /// How many there are.
        count: u8,
    },
    /// More than `FEW`, now or earlier.
    #[expect(clippy::box_collection, reason = "in place it would double the room of every term, and few have a list")]
    Many(Box<VecDeque<Slot>>),
}

impl Default for Postings {
    fn default() -> Postings {
        Postings::Few { slots: [0; FEW], count: 0 }
    }
}

impl Postings {
    /// Adds an article behind the others.
    pub(crate) fn push(&mut self, slot: Slot) {
        match self {
            Postings::Few { slots, count } if usize::from(*count) < FEW => {
                slots[usize::from(*count)] = slot;
                *count += 1;
            }
            Postings::Few { slots, .. } => {
                *self = Postings::Many(Box::new(slots.iter().copied().chain([slot]).collect()));
            }
            Postings::Many(slots) => slots.push_back(slot),
        }
    }

    /// Takes an article out. Articles leave in about the order they came, so what is looked for stands near the front.
    pub(crate) fn take_out(&mut self, slot: Slot) {
        match self {
            Postings::Few { slots, count } => {
                let held = usize::from(*count);
                if let Some(index) = slots[..held].iter().position(|held| *held == slot) {
                    slots.copy_within(index + 1..held, index);
                    *count -= 1;
                }
            }
            Postings::Many(slots) => take_out(slots, slot),
        }
    }

    /// The latest articles, latest first.
    #[inline]
    pub(crate) fn latest(&self, count_max: usize) -> Latest<'_> {
        let (front, back) = match self {
            Postings::Few { slots, count } => (&slots[..usize::from(*count)], &[] as &[Slot]),
            Postings::Many(slots) => slots.as_slices(),
        };
        let back = &back[back.len().saturating_sub(count_max)..];
        let front = &front[front.len().saturating_sub(count_max - back.len())..];
        Latest { front, back }
    }
}

/// The latest articles of a term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latest<'a> {
    /// In the order they came, the earlier ones first.
    front: &'a [Slot],
    back: &'a [Slot],
}

impl<'a> Latest<'a> {
    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.front.len() + self.back.len()
    }

    /// Latest first.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Slot> + use<'a> {
        self.back.iter().rev().chain(self.front.iter().rev()).copied()
    }

    /// A value of each piece of memory that the list lies in.
    #[inline]
    pub(crate) fn touch(&self) -> u32 {
        let some =
            |slots: &[Slot]| slots.iter().step_by(LINE_BYTES / size_of::<Slot>()).fold(0, |sum, slot| sum ^ slot);
        some(self.front) ^ some(self.back)
    }
}

/// What a processor brings from memory at a time.
pub(crate) const LINE_BYTES: usize = 64;

/// Takes a place out of a list; it stands near the front.
pub(crate) fn take_out(slots: &mut VecDeque<Slot>, slot: Slot) {
    if let Some(index) = slots.iter().position(|held| *held == slot) {
        slots.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use crate::cluster::postings::Postings;

    fn given(postings: &Postings, count_max: usize) -> Vec<u32> {
        postings.latest(count_max).iter().collect()
    }

    #[test]
    fn postings_are_a_list_in_less_room() {
        assert!(size_of::<Postings>() <= 16);
        let (mut postings, mut list) = (Postings::default(), VecDeque::new());
        let check = |postings: &Postings, list: &VecDeque<u32>| {
            for count_max in [0, 2, 100] {
                let latest: Vec<u32> = list.iter().rev().take(count_max).copied().collect();
                assert_eq!(given(postings, count_max), latest);
            }
        };
        for slot in 0..40_u32 {
            postings.push(slot);
            list.push_back(slot);
            check(&postings, &list);
            if slot % 3 > 0 {
                let leaves = slot / 2;
                postings.take_out(leaves);
                list.retain(|held| *held != leaves);
                check(&postings, &list);
            }
        }
        (0..40).for_each(|slot| postings.take_out(slot));
        assert!(given(&postings, 100).is_empty());
    }
}
