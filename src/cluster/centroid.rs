//! Station: the sum of a cluster's members, exact, so that a member that leaves takes away just what it brought.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::cluster::document::{Document, FACETS, Share};

/// Sums of the members' shares by term, and the squares of their lengths. Integers: no order of coming and going changes them.
#[derive(Clone, Debug, Default)]
pub struct Centroid {
    sums: HashMap<u32, [i32; FACETS], FixedState>,
    squares: [i64; FACETS],
}

impl Centroid {
    /// Counts a member in.
    pub fn add(&mut self, document: &Document) {
        self.count(document, 1);
    }

    /// Counts a member out that was counted in.
    pub fn remove(&mut self, document: &Document) {
        self.count(document, -1);
    }

    fn count(&mut self, document: &Document, sign: i32) {
        for Share { hash, shares } in document.shares() {
            let sums = self.sums.entry(hash).or_default();
            for facet in 0..FACETS {
                let (sum, share) = (i64::from(sums[facet]), i64::from(shares[facet] * sign));
                self.squares[facet] += 2 * sum * share + share * share;
                sums[facet] += shares[facet] * sign;
            }
            if *sums == [0; FACETS] {
                self.sums.remove(&hash);
            }
        }
    }

    /// The cosines of an article, given by its shares, with the sums, by facet.
    pub fn cosines(&self, article: &[Share]) -> [f32; FACETS] {
        let mut products = [0_i64; FACETS];
        let mut own = [0_i64; FACETS];
        for Share { hash, shares } in article {
            let sums = self.sums.get(hash);
            for facet in 0..FACETS {
                let share = i64::from(shares[facet]);
                own[facet] += share * share;
                products[facet] += sums.map_or(0, |sums| i64::from(sums[facet]) * share);
            }
        }
        let mut cosines = [0.0; FACETS];
        for (facet, cosine) in cosines.iter_mut().enumerate() {
            let lengths = (self.squares[facet] as f64).sqrt() * (own[facet] as f64).sqrt();
            *cosine = if lengths > 0.0 { (products[facet] as f64 / lengths) as f32 } else { 0.0 };
        }
        cosines
    }
}
