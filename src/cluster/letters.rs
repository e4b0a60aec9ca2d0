//! Station: how alike two titles are letter by letter.

/// A title's neighbouring letters, for its Dice coefficient with other titles (Dice 1945, Sørensen 1948). It says what
/// `strsim::sorensen_dice` says, to the last bit, which would count this title's pairs anew for every other one.
#[derive(Debug)]
pub struct Letters<'a> {
    title: &'a str,
    /// Bytes of the title without white space.
    bytes: usize,
    /// Its pairs of letters, each once, and how often it stands there.
    pairs: Vec<(u64, u16)>,
    /// One more than a place in `pairs`, or 0. A pair stands at its hash, or behind it where others were first.
    slots: Vec<u16>,
}

impl<'a> Letters<'a> {
    /// Those of a title.
    pub fn of(title: &'a str) -> Letters<'a> {
        let slots = vec![0; (2 * title.len()).next_power_of_two()];
        let mut letters = Letters {
            title,
            bytes: dense(title).map(char::len_utf8).sum(),
            pairs: Vec::with_capacity(title.len()),
            slots,
        };
        for pair in pairs(title) {
            let slot = letters.slot(pair);
            match usize::from(letters.slots[slot]) {
                0 => {
                    letters.pairs.push((pair, 1));
                    letters.slots[slot] = letters.pairs.len() as u16;
                }
                place => letters.pairs[place - 1].1 += 1,
            }
        }
        letters
    }

    /// Where a pair stands, or the empty slot where it would: there are twice as many as pairs.
    fn slot(&self, pair: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = (pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize & mask;
        while self.slots[slot] != 0 && self.pairs[usize::from(self.slots[slot]) - 1].0 != pair {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// The share of both titles' pairs that they have in common: 0 to 1.
    pub fn alike(&self, other: &str) -> f64 {
        if dense(self.title).eq(dense(other)) {
            return 1.0;
        }
        let bytes = (self.bytes, dense(other).map(char::len_utf8).sum::<usize>());
        if bytes.0 < 2 || bytes.1 < 2 {
            return 0.0;
        }
        let mut left: Vec<u16> = self.pairs.iter().map(|(_, count)| *count).collect();
        let mut both = 0_usize;
        for pair in pairs(other) {
            if let Some(left) = usize::from(self.slots[self.slot(pair)]).checked_sub(1).map(|place| &mut left[place]) {
                both += usize::from(*left > 0);
                *left = left.saturating_sub(1);
            }
        }
        (2 * both) as f64 / (bytes.0 + bytes.1 - 2) as f64
    }
}

/// A title's letters without white space.
fn dense(title: &str) -> impl Iterator<Item = char> {
    title.chars().filter(|letter| !letter.is_whitespace())
}

/// Two neighbouring letters each.
fn pairs(title: &str) -> impl Iterator<Item = u64> {
    dense(title).zip(dense(title).skip(1)).map(|(a, b)| u64::from(a) << 32 | u64::from(b))
}

#[cfg(test)]
mod tests {
    use crate::cluster::letters::Letters;

    #[test]
    fn it_says_what_strsim_says() {
        let titles = [
            "",
            "a",
            "é",
            "aa aa aa",
            "aaa",
            "mayor closes bridge",
            "mayor re-opens the bridge",
            "bridge closes mayor",
            "地震 東京",
            "東京で地震",
            "wahl in köln",
            "wahlen in köln und bonn",
        ];
        for left in titles {
            for right in titles {
                let found = Letters::of(left).alike(right);
                assert_eq!(found.to_bits(), strsim::sorensen_dice(left, right).to_bits(), "{left} / {right}");
            }
        }
    }
}
