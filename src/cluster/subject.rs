//! Station: an article made ready to be compared with many others: what depends on it alone is worked out once.

use std::cell::{OnceCell, RefCell};

use crate::cluster::document::{Common, Document, FACETS, Held, LANES, Lanes, Resemblance, scaled};
use crate::cluster::letters::Letters;
use crate::cluster::series::Series;

/// An article that is being measured.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The article.
    pub document: &'a Document,
    /// The series its title counts in.
    pub series: Series<'a>,
    /// Its terms' weights, in the order of its terms.
    weights: Vec<Lanes>,
    /// What makes shares of them.
    scales: Lanes,
    places: Places,
    letters: OnceCell<Letters<'a>>,
    /// Room for what it shares with two others, used again for each candidate.
    room: RefCell<[Shared; 2]>,
}

impl<'a> Subject<'a> {
    /// Makes an article ready.
    pub fn of(document: &'a Document) -> Subject<'a> {
        Subject {
            document,
            series: Series::of(&document.title_key),
            weights: document.terms.iter().map(|term| term.lanes()).collect(),
            scales: document.scales(),
            places: Places::of(&document.terms),
            letters: OnceCell::new(),
            room: RefCell::new(std::array::from_fn(|_| Shared(Vec::with_capacity(SHARED_USUALLY)))),
        }
    }

    /// Room for what it shares with two others; to be given back (`give_back`), so that the next need not ask for memory.
    pub fn room(&self) -> [Shared; 2] {
        self.room.take()
    }

    /// Takes that room back.
    pub fn give_back(&self, room: [Shared; 2]) {
        self.room.replace(room);
    }

    /// How it resembles another article. What both hold is left in `shared`.
    pub fn compare(&self, other: &Document, shared: &mut Shared) -> Resemblance {
        self.find_shared(other, shared);
        let mut common = Common::default();
        for (ours, theirs) in shared.places() {
            let held = other.terms[theirs];
            common.add((self.document.terms[ours], &self.weights[ours]), (held, &held.lanes()));
        }
        common.resemblance(self.document, other)
    }

    /// `compare`, and the products of both articles' shares on the way: what `document::products` adds up.
    pub fn compare_and_multiply(
        &self,
        other: &Document,
        shared: &mut Shared,
        products: &mut [i64; FACETS],
    ) -> Resemblance {
        self.find_shared(other, shared);
        let (mut common, mut found) = (Common::default(), [0_i32; LANES]);
        let scales = other.scales();
        for (ours, theirs) in shared.places() {
            let held = other.terms[theirs];
            let lanes = held.lanes();
            common.add((self.document.terms[ours], &self.weights[ours]), (held, &lanes));
            let (ours, theirs) = (scaled(&self.weights[ours], &self.scales), scaled(&lanes, &scales));
            for lane in 0..LANES {
                // Vectors of one length: their product is at most `SHARE_STEPS` squared, and a rounding for each term.
                found[lane] += ours[lane] * theirs[lane];
            }
        }
        for (product, found) in products.iter_mut().zip(found) {
            *product += i64::from(found);
        }
        common.resemblance(self.document, other)
    }

    fn find_shared(&self, other: &Document, shared: &mut Shared) {
        shared.0.clear();
        for (theirs, held) in other.terms.iter().enumerate() {
            if let Some(ours) = self.places.of_term(held.hash, &self.document.terms) {
                shared.0.push((ours as u16, theirs as u16));
            }
        }
    }

    /// How alike the titles are letter by letter: `letters` says how.
    pub fn letters(&self, other: &Document) -> f64 {
        self.letters.get_or_init(|| Letters::of(&self.document.title_key)).alike(&other.title_key)
    }
}

/// Terms that an article shares with another, in the order of their hashes: the place in the one and in the other.
#[derive(Clone, Debug, Default)]
pub struct Shared(Vec<(u16, u16)>);

/// Terms that two articles share, or fewer, but for copies.
pub(crate) const SHARED_USUALLY: usize = 64;

impl Shared {
    /// The places, ours and theirs; both rise.
    #[inline]
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|(ours, theirs)| (usize::from(*ours), usize::from(*theirs)))
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
