//! Station: an article as the window holds it: weighed terms, comparable with another's, and their compact bytes.

use jiff::Timestamp;

use crate::features::calendar::Date;
use crate::features::sketch::Sketch;
use crate::features::{Class, Features, Term};
use crate::model::ArticleId;

/// The sides from which two articles are compared.
pub const FACETS: usize = 5;
/// Terms of the title.
pub const TITLE: usize = 0;
/// Terms of the lead.
pub const LEAD: usize = 1;
/// Terms of both, the title's counted twice.
pub const ALL: usize = 2;
/// Names, and words that make one name together.
pub const NAMES: usize = 3;
/// Words of both that are neither names nor numbers: what was done, whoever did it.
pub const ACTS: usize = 4;

/// The first byte of every memory. It changes with the form of the bytes and with the meaning of any of them.
pub const VERSION: u8 = 2;

/// Steps of a stored rarity per nat: fixed point, so that what was stored equals what was computed.
const RARITY_STEPS: f64 = 2_048.0;
/// Letters of a title's key that are kept.
const TITLE_KEY_BYTES_MAX: usize = 160;

/// One term of an article, eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The term.
    pub hash: u32,
    rarity: u16,
    counts: u8,
    class: u8,
}

impl Held {
    fn of(term: &Term, rarity: f64) -> Held {
        let class = match term.class {
            Class::Word => 0,
            Class::Name => 1,
            Class::Pair => 2,
            Class::Number => 3,
            Class::Date => 4,
            Class::Part => 5,
        };
        // A date is compared and never weighed.
        let rarity = if term.class == Class::Date { 0.0 } else { rarity };
        let rarity = (rarity * RARITY_STEPS).round().clamp(0.0, f64::from(u16::MAX)) as u16;
        let counts = (term.in_title.min(Term::COUNT_MAX) << 4) | term.in_lead.min(Term::COUNT_MAX);
        Held { hash: term.hash, rarity, counts, class }
    }

    /// How rare the term was when its article came (inverse document frequency, in nats).
    pub fn rarity(self) -> f32 {
        f32::from(self.rarity) / RARITY_STEPS as f32
    }

    /// Whether the title holds it.
    pub fn in_title(self) -> bool {
        self.counts >> 4 > 0
    }

    /// What it is.
    pub fn class(self) -> Class {
        match self.class {
            0 => Class::Word,
            1 => Class::Name,
            2 => Class::Pair,
            3 => Class::Number,
            4 => Class::Date,
            _ => Class::Part,
        }
    }

    /// The date it is.
    pub fn date(self) -> Option<Date> {
        Date::of_hash(self.hash).filter(|_| self.class() == Class::Date)
    }

    /// The class among which it stands where titles contradict each other: the briefing of Monday and that of Tuesday, the cup of
    /// 2025 and that of 2026.
    fn tells_apart_as(self) -> Class {
        match self.date() {
            Some(Date::Weekday(_) | Date::Month(_)) => Class::Name,
            Some(Date::Day { .. } | Date::Year(_)) => Class::Number,
            None => self.class(),
        }
    }

    /// Its weight from every side, not yet divided by the article's length: damped count times rarity.
    pub fn weights(self) -> [f32; FACETS] {
        let (title, lead) = (usize::from(self.counts >> 4), usize::from(self.counts & 15));
        let rarity = self.rarity();
        match self.class() {
            Class::Pair => [0.0, 0.0, 0.0, damped(title + lead) * rarity, 0.0],
            Class::Part => {
                let half = 0.5 * rarity;
                [damped(title) * half, damped(lead) * half, damped(2 * title + lead) * half, 0.0, 0.0]
            }
            class => {
                let all = damped(2 * title + lead) * rarity;
                let named = if class == Class::Name { damped(title + lead) * rarity } else { 0.0 };
                let act = if class == Class::Word { all } else { 0.0 };
                [damped(title) * rarity, damped(lead) * rarity, all, named, act]
            }
        }
    }
}

impl Held {
    /// Its weights as shares of its article's length.
    fn shares(self, scales: &[f32; FACETS]) -> [i32; FACETS] {
        let mut shares = [0; FACETS];
        for ((share, weight), scale) in shares.iter_mut().zip(self.weights()).zip(scales) {
            *share = (weight * scale + 0.5) as i32;
        }
        shares
    }
}

/// Adds the products of an article's shares with those of `of`, by facet.
pub fn products(article: &[Share], of: &Document, found: &mut [i64; FACETS]) {
    let scales = of.scales();
    let (mut i, mut j) = (0, 0);
    while i < article.len() && j < of.terms.len() {
        let (ours, theirs) = (article[i], of.terms[j]);
        if ours.hash == theirs.hash {
            for ((found, ours), theirs) in found.iter_mut().zip(ours.shares).zip(theirs.shares(&scales)) {
                *found += i64::from(ours) * i64::from(theirs);
            }
        }
        i += usize::from(ours.hash <= theirs.hash);
        j += usize::from(theirs.hash <= ours.hash);
    }
}

/// 1 + ln(count), 0 for none.
fn damped(count: usize) -> f32 {
    /// 1 + ln(n) for n from 0 (which is 0) to 45, the largest count there can be.
    const DAMPED: [f32; 46] = [
        0.0, 1.0, 1.693_147, 2.098_612, 2.386_294, 2.609_438, 2.791_76, 2.945_91, 3.079_442, 3.197_225, 3.302_585,
        3.397_895, 3.484_907, 3.564_949, 3.639_057, 3.708_05, 3.772_589, 3.833_213, 3.890_372, 3.944_439, 3.995_732,
        4.044_522, 4.091_043, 4.135_494, 4.178_054, 4.218_876, 4.258_096, 4.295_837, 4.332_205, 4.367_296, 4.401_197,
        4.433_987, 4.465_736, 4.496_508, 4.526_361, 4.555_348, 4.583_519, 4.610_918, 4.637_586, 4.663_562, 4.688_88,
        4.713_572, 4.737_67, 4.761_2, 4.784_19, 4.806_662,
    ];
    DAMPED[count.min(DAMPED.len() - 1)]
}

/// An article of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The article.
    pub article: ArticleId,
    /// When it was published, in seconds.
    pub published: i64,
    /// When it was first stored, in seconds.
    pub seen: i64,
    /// Whether `published` is its feed's word.
    pub dated: bool,
    /// Its terms by hash.
    pub terms: Box<[Held]>,
    /// Its title for comparing letter by letter.
    pub title_key: Box<str>,
    /// Its wording.
    pub sketch: Option<Box<Sketch>>,
    /// Words of its text that were read.
    pub lead_words: u16,
    /// The length of its vector from every side.
    norms: [f32; FACETS],
    /// The summed rarity of its title's terms.
    title_mass: f32,
}

/// When an article was published and stored, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was published.
    pub published: i64,
    /// When it was first stored.
    pub seen: i64,
    /// Whether `published` is its feed's word.
    pub dated: bool,
}

impl Times {
    /// Whole seconds: what is finer decides nothing.
    pub fn of(published: Timestamp, seen: Timestamp, dated: bool) -> Times {
        Times { published: published.as_second(), seen: seen.as_second(), dated }
    }
}

/// Bits of a memory's second byte.
const SKETCHED: u8 = 1;
const UNDATED: u8 = 2;

impl Document {
    /// Weighs an article's features; `rarity` says how rare a term is just now, in nats.
    pub fn of(article: ArticleId, times: Times, features: &Features, rarity: impl Fn(&Term) -> f64) -> Document {
        let terms = features.terms.iter().map(|term| Held::of(term, rarity(term))).collect();
        let end = features.title_key.floor_char_boundary(TITLE_KEY_BYTES_MAX);
        let mut document = Document {
            article,
            published: times.published,
            seen: times.seen,
            dated: times.dated,
            terms,
            title_key: features.title_key[..end].into(),
            sketch: features.sketch.clone().map(Box::new),
            lead_words: u16::try_from(features.lead_words).unwrap_or(u16::MAX),
            norms: [0.0; FACETS],
            title_mass: 0.0,
        };
        document.measure();
        document
    }

    /// What follows from the stored values, computed the same way after a restart.
    fn measure(&mut self) {
        let mut squares = [0.0_f32; FACETS];
        for term in &self.terms {
            for (square, weight) in squares.iter_mut().zip(term.weights()) {
                *square += weight * weight;
            }
        }
        self.norms = squares.map(f32::sqrt);
        self.title_mass = self.terms.iter().filter(|term| term.in_title()).map(|term| term.rarity()).sum();
    }

    /// Its terms' weights as shares of its length, in fixed point: what clusters sum up.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        let scales = self.scales();
        self.terms.iter().map(move |term| Share { hash: term.hash, shares: term.shares(&scales) })
    }

    /// What makes shares of its weights.
    fn scales(&self) -> [f32; FACETS] {
        self.norms.map(|norm| if norm > 0.0 { SHARE_STEPS / norm } else { 0.0 })
    }

    /// The length of its vector of all terms.
    pub fn length(&self) -> f32 {
        self.norms[ALL]
    }

    /// Whether it has terms on this side.
    pub fn has(&self, facet: usize) -> bool {
        self.norms[facet] > 0.0
    }

    /// The dates of its title.
    fn title_dates(&self) -> impl Iterator<Item = Date> {
        let start = self.terms.partition_point(|term| term.hash < Date::HASHES.start);
        let dates = self.terms[start..].iter().take_while(|term| term.hash < Date::HASHES.end);
        dates.filter(|term| term.in_title()).filter_map(|term| term.date())
    }

    /// The terms of its title that are no dates.
    fn title_words(&self) -> impl Iterator<Item = u32> {
        self.terms.iter().filter(|term| term.in_title() && term.class() != Class::Date).map(|term| term.hash)
    }

    /// The term of this hash, if it is here.
    pub fn term(&self, hash: u32) -> Option<Held> {
        self.terms.binary_search_by_key(&hash, |term| term.hash).ok().map(|index| self.terms[index])
    }

    /// Its memory: everything that `recall` needs beside the article's row.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sketch = self.sketch.as_ref().map(|sketch| sketch.to_bytes()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(8 + self.terms.len() * 8 + self.title_key.len() + sketch.len());
        let marks = if self.sketch.is_some() { SKETCHED } else { 0 } | if self.dated { 0 } else { UNDATED };
        bytes.extend([VERSION, marks, self.title_key.len() as u8]);
        bytes.extend(self.lead_words.to_le_bytes());
        bytes.extend(self.title_key.as_bytes());
        bytes.extend(sketch);
        for term in &self.terms {
            bytes.extend(term.hash.to_le_bytes());
            bytes.extend(term.rarity.to_le_bytes());
            bytes.extend([term.counts, term.class]);
        }
        bytes
    }

    /// The article of this memory; `None` where the bytes are damaged.
    pub fn recall(article: ArticleId, times: Times, bytes: &[u8]) -> Option<Document> {
        let (head, rest) = bytes.split_at_checked(5)?;
        let (title_key, rest) = rest.split_at_checked(usize::from(head[2]))?;
        let sketched = if head[1] & SKETCHED != 0 { Sketch::BYTES } else { 0 };
        let (sketch, rest) = rest.split_at_checked(sketched)?;
        let terms: Box<[Held]> = rest.chunks_exact(8).map(held).collect();
        let sound = head[0] == VERSION && rest.len().is_multiple_of(8);
        if !sound || !terms.is_sorted_by(|left, right| left.hash < right.hash) {
            return None;
        }
        let mut document = Document {
            article,
            published: times.published,
            seen: times.seen,
            dated: head[1] & UNDATED == 0,
            terms,
            title_key: std::str::from_utf8(title_key).ok()?.into(),
            sketch: if sketched > 0 { Some(Box::new(Sketch::from_bytes(sketch)?)) } else { None },
            lead_words: u16::from_le_bytes([head[3], head[4]]),
            norms: [0.0; FACETS],
            title_mass: 0.0,
        };
        document.measure();
        Some(document)
    }
}

fn held(bytes: &[u8]) -> Held {
    Held {
        hash: u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        rarity: u16::from_le_bytes([bytes[4], bytes[5]]),
        counts: bytes[6],
        class: bytes[7],
    }
}

/// What a term is of its article, from every side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The term.
    pub hash: u32,
    /// Its part of the article's length, by facet, in steps.
    pub shares: [i32; FACETS],
}

/// Steps of a share: sums of them are exact, and do not depend on the order in which articles came and went.
pub const SHARE_STEPS: f32 = 4_096.0;

/// How two articles resemble each other, each value from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resemblance {
    /// Cosines, by facet.
    pub cosines: [f32; FACETS],
    /// The summed rarity of the telling words that both hold, in nats.
    pub mass: f32,
    /// The share of the lighter title that the other title holds.
    pub title_contained: f32,
    /// The share of a title that the other article holds anywhere; of both titles, the better.
    pub title_told: f32,
}

/// Compares two articles in one pass over their terms.
pub fn compare(left: &Document, right: &Document) -> Resemblance {
    let mut products = [0.0_f32; FACETS];
    let (mut titles, mut left_told, mut right_told, mut mass) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    each_shared(&left.terms, &right.terms, |a, b| {
        let (a_weights, b_weights) = (a.weights(), b.weights());
        for facet in 0..FACETS {
            products[facet] += a_weights[facet] * b_weights[facet];
        }
        let (a_rarity, b_rarity) = (a.rarity(), b.rarity());
        mass += (a_rarity.min(b_rarity) - 2.0).max(0.0);
        if a.in_title() {
            left_told += a_rarity;
            if b.in_title() {
                titles += a_rarity.min(b_rarity);
            }
        }
        if b.in_title() {
            right_told += b_rarity;
        }
    });
    let mut cosines = [0.0; FACETS];
    for (facet, cosine) in cosines.iter_mut().enumerate() {
        *cosine = ratio(products[facet], left.norms[facet] * right.norms[facet]);
    }
    Resemblance {
        cosines,
        mass,
        title_contained: ratio(titles, left.title_mass.min(right.title_mass)),
        title_told: ratio(left_told, left.title_mass).max(ratio(right_told, right.title_mass)),
    }
}

fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
}

/// Gives the terms that both sides hold.
pub fn each_shared(left: &[Held], right: &[Held], mut each: impl FnMut(Held, Held)) {
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        let (a, b) = (left[i], right[j]);
        if a.hash == b.hash {
            each(a, b);
        }
        i += usize::from(a.hash <= b.hash);
        j += usize::from(b.hash <= a.hash);
    }
}

/// What two articles say that the other does not, each value from 0 (no conflict) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Conflict {
    /// Each title has names that the other article lacks altogether.
    pub names: f32,
    /// Each title has numbers that the other article lacks altogether.
    pub title_numbers: f32,
    /// Both texts have numbers, and share few.
    pub numbers: f32,
    /// The share of the fewer numbers that both sides hold.
    pub numbers_shared: f32,
}

/// Weighs what each side says and the other does not.
pub fn conflict(left: &Document, right: &Document) -> Conflict {
    let (left_names, right_names) = (lacked(left, right, Class::Name), lacked(right, left, Class::Name));
    let (left_title, right_title) = (lacked(left, right, Class::Number), lacked(right, left, Class::Number));
    let (mut ours, mut both) = (0.0, 0.0);
    for term in left.terms.iter().filter(|term| term.class() == Class::Number) {
        ours += term.rarity();
        both += right.term(term.hash).map_or(0.0, |other| other.rarity().min(term.rarity()));
    }
    let theirs: f32 = right.terms.iter().filter(|term| term.class() == Class::Number).map(|term| term.rarity()).sum();
    let shared = ratio(both, ours.min(theirs));
    Conflict {
        names: mutual(left_names, right_names),
        title_numbers: mutual(left_title, right_title),
        numbers: if ours > 0.0 && theirs > 0.0 { 1.0 - shared } else { 0.0 },
        numbers_shared: shared,
    }
}

/// Whether two titles are one but for their dates, which disagree: the briefing of Thursday and that of Friday, the budget of 2025 and
/// that of 2026.
pub fn is_of_another_date(left: &Document, right: &Document) -> bool {
    let alike = |a: &Date, b: &Date| std::mem::discriminant(a) == std::mem::discriminant(b);
    let of_one_kind = left.title_dates().any(|date| right.title_dates().any(|other| alike(&date, &other)));
    of_one_kind
        && !left.title_dates().any(|date| right.title_dates().any(|other| date == other))
        && left.title_words().eq(right.title_words())
}

/// Rarity of this class in one title: what the other article lacks, and all.
fn lacked(of: &Document, other: &Document, class: Class) -> (f32, f32) {
    let (mut lacked, mut all) = (0.0, 0.0);
    for term in of.terms.iter().filter(|term| term.in_title() && term.tells_apart_as() == class) {
        let told = if term.class() == Class::Date { DATE_TOLD } else { term.rarity() };
        all += told;
        if other.term(term.hash).is_none() {
            lacked += told;
        }
    }
    (lacked, all)
}

/// What a date of a title weighs against one that the other article lacks, in nats: about as much as a common name.
const DATE_TOLD: f32 = 4.0;

/// Only what both sides have, and the other lacks, is a contradiction.
fn mutual(left: (f32, f32), right: (f32, f32)) -> f32 {
    ratio(left.0.min(right.0), left.1.min(right.1))
}
