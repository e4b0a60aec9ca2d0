//! Station: how alike two titles are letter by letter.

/// A title's neighbouring letters, for its Dice coefficient with other titles (Dice 1945, Sørensen 1948). It says what
/// `strsim::sorensen_dice` says, to the last bit, which would count this title's pairs anew for every other one.
#[derive(Debug)]
pub struct Letters {
    /// The title without white space.
    dense: String,
    /// Its pairs of letters, sorted; each as often as it stands there.
    pairs: Vec<u64>,
}

impl Letters {
    /// Those of a title.
    pub fn of(title: &str) -> Letters {
        let dense: String = title.chars().filter(|letter| !letter.is_whitespace()).collect();
        let mut pairs: Vec<u64> =
            dense.chars().zip(dense.chars().skip(1)).map(|(a, b)| u64::from(a) << 32 | u64::from(b)).collect();
        pairs.sort_unstable();
        Letters { dense, pairs }
    }

    /// The share of both titles' pairs that they have in common: 0 to 1.
    pub fn alike(&self, other: &Letters) -> f64 {
        if self.dense == other.dense {
            return 1.0;
        }
        let bytes = (self.dense.len(), other.dense.len());
        if bytes.0 < 2 || bytes.1 < 2 {
            return 0.0;
        }
        let (mut i, mut j, mut both) = (0, 0, 0_usize);
        while i < self.pairs.len() && j < other.pairs.len() {
            let (a, b) = (self.pairs[i], other.pairs[j]);
            both += usize::from(a == b);
            i += usize::from(a <= b);
            j += usize::from(b <= a);
        }
        (2 * both) as f64 / (bytes.0 + bytes.1 - 2) as f64
    }
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
                let found = Letters::of(left).alike(&Letters::of(right));
                assert_eq!(found.to_bits(), strsim::sorensen_dice(left, right).to_bits(), "{left} / {right}");
            }
        }
    }
}
