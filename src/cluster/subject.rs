//! Station: an article made ready to be compared with many others: what depends on it alone is worked out once.

use crate::cluster::centroid::squares;
use crate::cluster::document::{Common, Document, FACETS, Held, LANES, Lanes, Resemblance, Share, Steps, scaled};
use crate::cluster::series::Series;

/// An article that is being measured.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The article.
    pub document: &'a Document,
    /// Its terms' shares, in the order of its terms.
    pub shares: Vec<Share>,
    /// The squared length of its shares, by facet.
    pub squares: [i64; FACETS],
    /// The series its title counts in.
    pub series: Series<'a>,
    /// Its terms' weights, in the order of its terms.
    weights: Vec<Lanes>,
    places: Places,
}

impl<'a> Subject<'a> {
    /// Makes an article ready.
    pub fn of(document: &'a Document) -> Subject<'a> {
        let shares: Vec<Share> = document.shares().collect();
        Subject {
            document,
            squares: squares(&shares),
            shares,
            series: Series::of(&document.title_key),
            weights: document.terms.iter().map(|term| term.lanes()).collect(),
            places: Places::of(&document.terms),
        }
    }

    /// What `document::compare` says of the article and another one, bit for bit, several times sooner.
    pub fn compare(&self, other: &Document) -> Resemblance {
        let mut common = Common::default();
        self.each_shared(other, |place, theirs| {
            common.add((self.document.terms[place], &self.weights[place]), (theirs, &theirs.lanes()));
        });
        common.resemblance(self.document, other)
    }

    /// `compare`, and the products of both articles' shares on the way: what `document::products` adds up.
    pub fn compare_and_multiply(&self, other: &Document, products: &mut [i64; FACETS]) -> Resemblance {
        let (mut common, mut found) = (Common::default(), [0_i32; LANES]);
        let scales = other.scales();
        self.each_shared(other, |place, theirs| {
            let lanes = theirs.lanes();
            common.add((self.document.terms[place], &self.weights[place]), (theirs, &lanes));
            let (ours, theirs): (&Steps, Steps) = (&self.shares[place].shares, scaled(&lanes, &scales));
            for lane in 0..LANES {
                // Vectors of one length: their product is at most `SHARE_STEPS` squared, and a rounding for each term.
                found[lane] += ours[lane] * theirs[lane];
            }
        });
        for (product, found) in products.iter_mut().zip(found) {
            *product += i64::from(found);
        }
        common.resemblance(self.document, other)
    }

    /// Gives the terms that another article shares, in the order of their hashes: the place of each among the article's own, and
    /// as the other holds it.
    #[inline]
    pub fn each_shared(&self, other: &Document, mut each: impl FnMut(usize, Held)) {
        for theirs in &other.terms {
            if let Some(place) = self.places.of_term(theirs.hash, &self.document.terms) {
                each(place, *theirs);
            }
        }
    }
}

/// Where an article's terms stand, by hash: most terms of another article are not among them, which one look tells.
#[derive(Debug)]
struct Places {
    /// One more than a place, or 0. A term stands at its hash, or behind it where others were first.
    slots: Vec<u16>,
    mask: usize,
}

/// Slots for each term: few enough to stay in the nearest cache, and so many that seven looks in eight meet an empty one.
const SLOTS_PER_TERM: usize = 8;

impl Places {
    fn of(terms: &[Held]) -> Places {
        let size = (terms.len() * SLOTS_PER_TERM).next_power_of_two();
        let (mut slots, mask) = (vec![0_u16; size], size - 1);
        // Terms beyond what a slot can name cannot be: an article's words are bounded.
        for (place, term) in terms.iter().take(usize::from(u16::MAX) - 1).enumerate() {
            let mut slot = term.hash as usize & mask;
            while slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            slots[slot] = place as u16 + 1;
        }
        Places { slots, mask }
    }

    #[inline]
    fn of_term(&self, hash: u32, terms: &[Held]) -> Option<usize> {
        let mut slot = hash as usize & self.mask;
        loop {
            let place = usize::from(self.slots[slot]).checked_sub(1)?;
            if terms[place].hash == hash {
                return Some(place);
            }
            slot = (slot + 1) & self.mask;
        }
    }
}
