//! Station: the sum of a cluster's members, exact, so that a member that leaves takes away just what it brought.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::cluster::document::{Document, FACETS, SHARE_STEPS, Share, products};

/// Members up to which the sum is not kept but made of them whenever it is asked for. A window has tens of thousands of small
/// clusters, whose sums would take more room than its articles; and to walk along a few members costs less than to look every
/// term up. As many as `Params::exemplars_max` are compared one by one anyway, and give their sum by the way.
const UNKEPT_MAX: usize = 4;

/// The sum of some articles' vectors from every side, each brought to one length first, in fixed point.
#[derive(Clone, Debug, Default)]
pub struct Centroid {
    /// The squared length of the sum, by facet.
    squares: [i64; FACETS],
    /// The sum by term; kept of more than `UNKEPT_MAX` members.
    sums: Option<Box<Sums>>,
}

type Sums = HashMap<u32, [i32; FACETS], FixedState>;

impl Centroid {
    /// Adds an article to those that are members already.
    pub fn add<'a>(&mut self, document: &Document, members: impl Iterator<Item = &'a Document> + Clone) {
        let common = self.products(document, members.clone());
        for (facet, own) in squares(document).into_iter().enumerate() {
            self.squares[facet] += 2 * common[facet] + own;
        }
        if self.sums.is_none() && members.clone().count() >= UNKEPT_MAX {
            let mut sums = Sums::default();
            members.for_each(|member| count(&mut sums, member.shares(), 1));
            self.sums = Some(Box::new(sums));
        }
        if let Some(sums) = &mut self.sums {
            count(sums, document.shares(), 1);
        }
    }

    /// Takes an article away again from these members, who stay.
    pub fn remove<'a>(&mut self, document: &Document, members: impl Iterator<Item = &'a Document> + Clone) {
        if let Some(sums) = &mut self.sums {
            count(sums, document.shares(), -1);
        }
        let common = self.products(document, members.clone());
        for (facet, own) in squares(document).into_iter().enumerate() {
            self.squares[facet] -= 2 * common[facet] + own;
        }
        if members.count() <= UNKEPT_MAX {
            self.sums = None;
        }
    }

    /// Whether the sum is kept, and need not be made of the members.
    pub fn is_kept(&self) -> bool {
        self.sums.is_some()
    }

    /// The cosines of the sum with an article, by facet, from what `products` says.
    pub fn cosines(&self, article: &Document, products: &[i64; FACETS]) -> [f32; FACETS] {
        let (own, mut cosines) = (squares(article), [0.0; FACETS]);
        for (facet, cosine) in cosines.iter_mut().enumerate() {
            let lengths = (self.squares[facet] as f64).sqrt() * (own[facet] as f64).sqrt();
            *cosine = if lengths > 0.0 { (products[facet] as f64 / lengths).min(1.0) as f32 } else { 0.0 };
        }
        cosines
    }

    /// The products of the sum of these members with an article, by facet: the same whole numbers whether the sum is kept or not.
    pub fn products<'a>(&self, article: &Document, members: impl Iterator<Item = &'a Document>) -> [i64; FACETS] {
        let mut found = [0_i64; FACETS];
        let Some(sums) = &self.sums else {
            for member in members {
                products(article, member, &mut found);
            }
            return found;
        };
        for Share { hash, shares } in article.shares() {
            if let Some(sums) = sums.get(&hash) {
                for facet in 0..FACETS {
                    found[facet] += i64::from(sums[facet]) * i64::from(shares[facet]);
                }
            }
        }
        found
    }
}

/// The squared length of an article's shares, by facet. They were brought to one length, so that but for roundings it is the same for
/// all.
fn squares(article: &Document) -> [i64; FACETS] {
    const ONE: i64 = (SHARE_STEPS * SHARE_STEPS) as i64;
    std::array::from_fn(|facet| if article.has(facet) { ONE } else { 0 })
}

fn count(sums: &mut Sums, shares: impl Iterator<Item = Share>, sign: i32) {
    for Share { hash, shares } in shares {
        let held = sums.entry(hash).or_default();
        for (sum, share) in held.iter_mut().zip(shares) {
            *sum += share * sign;
        }
        if *held == [0; FACETS] {
            sums.remove(&hash);
        }
    }
}
