//! Station: the sum of a cluster's members, exact, so that a member that leaves takes away just what it brought.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::cluster::document::{Document, FACETS, Share, products};
use crate::cluster::subject::Subject;

/// Members up to which the sum is not kept but made of them whenever it is asked for. A window has tens of thousands of small
/// clusters, whose sums would take more room than its articles; and to walk along a few members costs less than to look every
/// term up. As many as `Params::exemplars_max` are compared one by one anyway, and give their sum by the way.
const UNKEPT_MAX: usize = 6;

/// The sum of some articles' vectors from every side, each brought to one length first, in fixed point.
#[derive(Clone, Debug, Default)]
pub struct Centroid {
    /// The squared length of the sum, by facet; of two members or more.
    squares: [i64; FACETS],
    /// The sum by term; kept of more than `UNKEPT_MAX` members.
    sums: Option<Box<Sums>>,
}

type Sums = HashMap<u32, [i32; FACETS], FixedState>;

impl Centroid {
    /// Adds an article to those that are members already.
    pub fn add<'a>(&mut self, document: &Document, members: impl Iterator<Item = &'a Document> + Clone) {
        match members.clone().count() {
            // The length of a single article is not asked for: most clusters never have another.
            0 => return,
            1 => self.squares = members.clone().map(|member| squares(member.shares())).fold([0; FACETS], added),
            _ => {}
        }
        let shares: Vec<Share> = document.shares().collect();
        let common = self.products(&shares, members.clone());
        let own = squares(shares.iter().copied());
        for facet in 0..FACETS {
            self.squares[facet] += 2 * common[facet] + own[facet];
        }
        if self.sums.is_none() && members.clone().count() >= UNKEPT_MAX {
            let mut sums = Sums::default();
            members.for_each(|member| count(&mut sums, member.shares(), 1));
            self.sums = Some(Box::new(sums));
        }
        if let Some(sums) = &mut self.sums {
            count(sums, shares.into_iter(), 1);
        }
    }

    /// Takes an article away again from these members, who stay.
    pub fn remove<'a>(&mut self, document: &Document, members: impl Iterator<Item = &'a Document> + Clone) {
        let left = members.clone().count();
        if left <= 1 {
            *self = Centroid::default();
            return;
        }
        let shares: Vec<Share> = document.shares().collect();
        if let Some(sums) = &mut self.sums {
            count(sums, shares.iter().copied(), -1);
        }
        let common = self.products(&shares, members);
        let own = squares(shares.iter().copied());
        for facet in 0..FACETS {
            self.squares[facet] -= 2 * common[facet] + own[facet];
        }
        if left <= UNKEPT_MAX {
            self.sums = None;
        }
    }

    /// Whether the sum is kept, and need not be made of the members.
    pub fn is_kept(&self) -> bool {
        self.sums.is_some()
    }

    /// The products of the sum of these members with an article, by facet.
    pub fn products_with<'a>(
        &self,
        article: &Subject<'_>,
        members: impl Iterator<Item = &'a Document>,
    ) -> [i64; FACETS] {
        let shares: Vec<Share> = article.document.shares().collect();
        self.products(&shares, members)
    }

    /// The cosines of the sum with an article, by facet, from what `products_with` says.
    pub fn cosines(&self, article: &Subject<'_>, products: &[i64; FACETS]) -> [f32; FACETS] {
        let (own, mut cosines) = (article.squares(), [0.0; FACETS]);
        for (facet, cosine) in cosines.iter_mut().enumerate() {
            let lengths = (self.squares[facet] as f64).sqrt() * (own[facet] as f64).sqrt();
            *cosine = if lengths > 0.0 { (products[facet] as f64 / lengths) as f32 } else { 0.0 };
        }
        cosines
    }

    /// The products of the sum with an article, by facet: the same whole numbers whether the sum is kept or not.
    fn products<'a>(&self, article: &[Share], members: impl Iterator<Item = &'a Document>) -> [i64; FACETS] {
        let mut found = [0_i64; FACETS];
        let Some(sums) = &self.sums else {
            for member in members {
                products(article, member, &mut found);
            }
            return found;
        };
        for Share { hash, shares } in article {
            if let Some(sums) = sums.get(hash) {
                for facet in 0..FACETS {
                    found[facet] += i64::from(sums[facet]) * i64::from(shares[facet]);
                }
            }
        }
        found
    }
}

/// The squared length of an article's shares, by facet.
pub(crate) fn squares(article: impl Iterator<Item = Share>) -> [i64; FACETS] {
    let mut squares = [0_i64; FACETS];
    for Share { shares, .. } in article {
        for (square, share) in squares.iter_mut().zip(shares) {
            *square += i64::from(share) * i64::from(share);
        }
    }
    squares
}

fn added(left: [i64; FACETS], right: [i64; FACETS]) -> [i64; FACETS] {
    std::array::from_fn(|facet| left[facet] + right[facet])
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
