//! Station: an article as the window holds it: weighed terms, comparable with another's, and their compact bytes.

use jiff::Timestamp;

use crate::cluster::conflict::Sayings;
use crate::cluster::contrast::Head;
use crate::cluster::postings::LINE_BYTES;
use crate::features::calendar::Date;
use crate::features::concepts::Concept;
use crate::features::figures::Figure;
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
pub const VERSION: u8 = 8;

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
    /// Its class in the lowest bits, then where it stands.
    marks: u8,
}

/// The bits of `Held::marks`.
const CLASS: u8 = 7;
const CLASS_MAX: u8 = 5;
const IN_OPENING: u8 = 8;
const IN_FRONT: u8 = 16;
const IN_KICKER: u8 = 32;

impl Held {
    fn of(term: &Term, rarity: f64) -> Held {
        let class = match term.class {
            Class::Word => WORD as u8,
            Class::Name => NAME as u8,
            Class::Pair => PAIR as u8,
            Class::Number => 3,
            Class::Date => 4,
            Class::Part => 5,
        };
        // A date is compared and never weighed.
        let rarity = if term.class == Class::Date { 0.0 } else { rarity };
        let rarity = (rarity * RARITY_STEPS).round().clamp(0.0, f64::from(u16::MAX)) as u16;
        let counts = (term.in_title.min(Term::COUNT_MAX) << 4) | term.in_lead.min(Term::COUNT_MAX);
        let opening = if term.in_opening { IN_OPENING } else { 0 };
        let front = if term.in_front { IN_FRONT } else { 0 };
        let kicker = if term.in_kicker { IN_KICKER } else { 0 };
        Held { hash: term.hash, rarity, counts, marks: class | opening | front | kicker }
    }

    /// The same as `rarity`, in steps of `RARITY_STEPS` to a nat.
    pub(crate) fn steps(self) -> u16 {
        self.rarity
    }

    /// How rare the term was when its article came (inverse document frequency, in nats).
    pub fn rarity(self) -> f32 {
        f32::from(self.rarity) / RARITY_STEPS as f32
    }

    /// Whether the title holds it.
    pub fn in_title(self) -> bool {
        self.counts >> 4 > 0
    }

    /// Whether the first sentence of the text holds it.
    pub fn in_opening(self) -> bool {
        self.marks & IN_OPENING != 0
    }

    /// Whether it stands where the event is told: in the title or in the first sentence.
    pub fn in_head(self) -> bool {
        self.in_title() || self.in_opening()
    }

    /// Whether it is of the name that stands first in the title, or of the first words where there is none.
    pub fn in_front(self) -> bool {
        self.marks & IN_FRONT != 0
    }

    /// Whether the title holds it in its kicker and not behind it.
    pub fn in_kicker(self) -> bool {
        self.marks & IN_KICKER != 0
    }

    /// What it is.
    pub fn class(self) -> Class {
        match self.marks & CLASS {
            0 => Class::Word,
            1 => Class::Name,
            2 => Class::Pair,
            3 => Class::Number,
            4 => Class::Date,
            _ => Class::Part,
        }
    }

    /// Whether its article is found by it: a mark that the window sets and no memory holds.
    pub(crate) fn is_indexed(self) -> bool {
        self.marks & INDEXED != 0
    }

    /// Marks it as one by which its article is found.
    pub(crate) fn set_indexed(&mut self) {
        self.marks |= INDEXED;
    }

    /// The date it is.
    pub fn date(self) -> Option<Date> {
        Date::of_hash(self.hash).filter(|_| self.class() == Class::Date)
    }

    /// Its weight from every side, not yet divided by the article's length: damped count times rarity.
    pub fn weights(self) -> [f32; FACETS] {
        let lanes = self.lanes();
        std::array::from_fn(|facet| lanes[facet])
    }

    /// Its class among those that weigh anything: a date has no rarity, so that it may stand with the numbers.
    fn weighed_as(self) -> u8 {
        let class = self.marks & CLASS;
        class - u8::from(class > 3)
    }

    /// The same in a form that a processor weighs at once: facets, and zeros behind them.
    #[inline]
    pub(crate) fn lanes(self) -> Lanes {
        let factors = &FACTORS[(usize::from(self.weighed_as()) << 8) | usize::from(self.counts)];
        let rarity = self.rarity();
        factors.map(|factor| factor * rarity)
    }
}

/// A value by facet, filled up to what vector registers hold.
pub(crate) type Lanes = [f32; LANES];
/// The same in fixed point.
pub(crate) type Steps = [i32; LANES];
/// The facets, and as many zeros as make a power of two.
pub(crate) const LANES: usize = 8;

/// Weights as shares of their article's length.
pub(crate) fn scaled(weights: &Lanes, scales: &Lanes) -> Steps {
    std::array::from_fn(|lane| (weights[lane] * scales[lane] + 0.5) as i32)
}

/// What a term weighs from every side per nat of its rarity, by its class and its counts: all there are, because this is asked
/// for every term of every comparison.
static FACTORS: [Lanes; CLASSES << 8] = {
    let mut factors = [[0.0; LANES]; CLASSES << 8];
    let mut at = 0;
    while at < factors.len() {
        let (title, lead) = ((at >> 4) & 15, at & 15);
        match at >> 8 {
            PAIR => factors[at][NAMES] = damped(title + lead),
            PART => {
                factors[at][TITLE] = 0.5 * damped(title);
                factors[at][LEAD] = 0.5 * damped(lead);
                factors[at][ALL] = 0.5 * damped(2 * title + lead);
            }
            class => {
                let all = damped(2 * title + lead);
                factors[at][TITLE] = damped(title);
                factors[at][LEAD] = damped(lead);
                factors[at][ALL] = all;
                factors[at][NAMES] = if class == NAME { damped(title + lead) } else { 0.0 };
                factors[at][ACTS] = if class == WORD { all } else { 0.0 };
            }
        }
        at += 1;
    }
    factors
};

/// The bit beside them that says by which terms an article is found.
const INDEXED: u8 = 0x80;
/// Classes that weigh anything.
const CLASSES: usize = 5;
const WORD: usize = 0;
const NAME: usize = 1;
const PAIR: usize = 2;
/// A part of a compound, as it is weighed; it is stored as 5.
const PART: usize = 4;

/// Adds the products of an article's shares with those of another, by facet.
pub fn products(article: &Document, other: &Document, found: &mut [i64; FACETS]) {
    let scales = (article.scales(), other.scales());
    let (ours, theirs) = (&article.terms, &other.terms);
    let (mut i, mut j) = (0, 0);
    while i < ours.len() && j < theirs.len() {
        let (our, their) = (ours[i], theirs[j]);
        if our.hash == their.hash {
            let shares = (scaled(&our.lanes(), &scales.0), scaled(&their.lanes(), &scales.1));
            for ((found, ours), theirs) in found.iter_mut().zip(shares.0).zip(shares.1) {
                *found += i64::from(ours) * i64::from(theirs);
            }
        }
        i += usize::from(our.hash <= their.hash);
        j += usize::from(their.hash <= our.hash);
    }
}

/// 1 + ln(count), 0 for none.
const fn damped(count: usize) -> f32 {
    /// 1 + ln(n) for n from 0 (which is 0) to 45, the largest count there can be.
    const DAMPED: [f32; 46] = [
        0.0, 1.0, 1.693_147, 2.098_612, 2.386_294, 2.609_438, 2.791_76, 2.945_91, 3.079_442, 3.197_225, 3.302_585,
        3.397_895, 3.484_907, 3.564_949, 3.639_057, 3.708_05, 3.772_589, 3.833_213, 3.890_372, 3.944_439, 3.995_732,
        4.044_522, 4.091_043, 4.135_494, 4.178_054, 4.218_876, 4.258_096, 4.295_837, 4.332_205, 4.367_296, 4.401_197,
        4.433_987, 4.465_736, 4.496_508, 4.526_361, 4.555_348, 4.583_519, 4.610_918, 4.637_586, 4.663_562, 4.688_88,
        4.713_572, 4.737_67, 4.761_2, 4.784_19, 4.806_662,
    ];
    DAMPED[count]
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
    /// The numbers of its head with the words beside them.
    pub figures: Box<[Figure]>,
    /// Whether its title says nothing but what is printed again and again.
    pub is_rubric: bool,
    /// What its words say, by concept.
    pub concepts: Box<[Concept]>,
    /// Its first sentence, by its words; 0 for none.
    pub opening: u32,
    /// What its head weighs.
    pub head: Head,
    /// What its names and numbers weigh.
    pub(crate) sayings: Sayings,
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
const RUBRIC: u8 = 4;

impl Document {
    /// Weighs an article's features; `rarities` says how rare each of its terms is just now, in nats.
    pub fn of(article: ArticleId, times: Times, features: &Features, rarities: impl Iterator<Item = f64>) -> Document {
        let terms = features.terms.iter().zip(rarities).map(|(term, rarity)| Held::of(term, rarity)).collect();
        let end = features.title_key.floor_char_boundary(TITLE_KEY_BYTES_MAX);
        let mut document = Document {
            article,
            published: times.published,
            seen: times.seen,
            dated: times.dated,
            terms,
            title_key: features.title_key[..end].into(),
            figures: features.figures.iter().take(usize::from(u8::MAX)).copied().collect(),
            concepts: features.concepts.iter().take(usize::from(u8::MAX)).copied().collect(),
            opening: features.opening,
            is_rubric: features.is_rubric,
            head: Head::default(),
            sayings: Sayings::default(),
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
        let mut squares = [0.0_f32; LANES];
        for term in &self.terms {
            for (square, weight) in squares.iter_mut().zip(term.lanes()) {
                *square += weight * weight;
            }
        }
        self.norms = std::array::from_fn(|facet| squares[facet].sqrt());
        self.head = Head::of(&self.terms);
        self.sayings = Sayings::of(&self.terms);
        self.title_mass = self.terms.iter().filter(|term| term.in_title()).map(|term| term.rarity()).sum();
    }

    /// Its terms' weights as shares of its length, in fixed point: what clusters sum up.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        let scales = self.scales();
        self.terms.iter().map(move |term| Share { hash: term.hash, shares: scaled(&term.lanes(), &scales) })
    }

    /// What makes shares of its weights.
    pub(crate) fn scales(&self) -> Lanes {
        let mut scales = [0.0; LANES];
        for (scale, norm) in scales.iter_mut().zip(self.norms) {
            *scale = if norm > 0.0 { SHARE_STEPS / norm } else { 0.0 };
        }
        scales
    }

    /// A value of each piece of memory that is looked at when another article is measured against it.
    pub(crate) fn touch(&self) -> u32 {
        let terms = self.terms.iter().step_by(LINE_BYTES / size_of::<Held>()).fold(0, |sum, term| sum ^ term.hash);
        let title = self.title_key.as_bytes().iter().step_by(LINE_BYTES).fold(0, |sum, byte| sum ^ byte);
        let figure = self.figures.first().map_or(0, |figure| figure.beside);
        let sketch = self.sketch.as_ref().map_or(0, |sketch| sketch.touch());
        let concept = self.concepts.first().map_or(0, |concept| u32::from(concept.id.0));
        terms ^ u32::from(title) ^ figure ^ u32::from(sketch) ^ concept
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
        let mut bytes = Vec::with_capacity(
            HEAD_BYTES
                + 8 * self.terms.len()
                + FIGURE_BYTES * self.figures.len()
                + 2 * self.concepts.len()
                + self.title_key.len()
                + sketch.len()
                + ROOM_BYTES,
        );
        let mark = |is_set: bool, mark: u8| if is_set { mark } else { 0 };
        let marks = mark(self.sketch.is_some(), SKETCHED) | mark(!self.dated, UNDATED) | mark(self.is_rubric, RUBRIC);
        bytes.extend([VERSION, marks, self.title_key.len() as u8, self.figures.len() as u8]);
        bytes.extend(self.lead_words.to_le_bytes());
        bytes.extend(self.opening.to_le_bytes());
        bytes.push(self.concepts.len() as u8);
        bytes.extend(self.title_key.as_bytes());
        bytes.extend(sketch);
        for figure in &self.figures {
            bytes.extend(figure.beside.to_le_bytes());
            bytes.extend(figure.number.to_le_bytes());
            bytes.extend(figure.value.to_le_bytes());
        }
        for concept in &self.concepts {
            bytes.extend(concept.packed().to_le_bytes());
        }
        for term in &self.terms {
            let ([h0, h1, h2, h3], [r0, r1]) = (term.hash.to_le_bytes(), term.rarity.to_le_bytes());
            bytes.extend_from_slice(&[h0, h1, h2, h3, r0, r1, term.counts, term.marks & !INDEXED]);
        }
        bytes
    }

    /// The article of this memory; `None` where the bytes are damaged.
    pub fn recall(article: ArticleId, times: Times, bytes: &[u8]) -> Option<Document> {
        let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
        let (title_key, rest) = rest.split_at_checked(usize::from(head[2]))?;
        let sketched = if head[1] & SKETCHED != 0 { Sketch::BYTES } else { 0 };
        let (sketch, rest) = rest.split_at_checked(sketched)?;
        let (figures, rest) = rest.split_at_checked(FIGURE_BYTES * usize::from(head[3]))?;
        let (concepts, rest) = rest.split_at_checked(2 * usize::from(head[10]))?;
        let terms: Box<[Held]> = rest.chunks_exact(8).map(held).collect();
        let sound = head[0] == VERSION
            && rest.len().is_multiple_of(8)
            && rest.chunks_exact(8).all(|term| term[7] & CLASS <= CLASS_MAX);
        if !sound || !terms.is_sorted_by(|left, right| left.hash < right.hash) {
            return None;
        }
        let mut document = Document {
            article,
            published: times.published,
            seen: times.seen,
            dated: head[1] & UNDATED == 0,
            is_rubric: head[1] & RUBRIC != 0,
            terms,
            title_key: std::str::from_utf8(title_key).ok()?.into(),
            figures: figures.chunks_exact(FIGURE_BYTES).map(figure).collect(),
            concepts: concepts.chunks_exact(2).map(concept).collect(),
            opening: u32::from_le_bytes([head[6], head[7], head[8], head[9]]),
            head: Head::default(),
            sayings: Sayings::default(),
            sketch: if sketched > 0 { Some(Box::new(Sketch::from_bytes(sketch)?)) } else { None },
            lead_words: u16::from_le_bytes([head[4], head[5]]),
            norms: [0.0; FACETS],
            title_mass: 0.0,
        };
        document.measure();
        Some(document)
    }
}

/// Bytes before the title's key.
const HEAD_BYTES: usize = 11;
/// Room for what others write behind a memory.
const ROOM_BYTES: usize = 32;
/// Bytes of a stored figure.
const FIGURE_BYTES: usize = 12;

fn figure(bytes: &[u8]) -> Figure {
    let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    Figure {
        beside: u32::from_le_bytes(word(0)),
        number: u32::from_le_bytes(word(4)),
        value: f32::from_le_bytes(word(8)),
    }
}

fn concept(bytes: &[u8]) -> Concept {
    Concept::of_packed(u16::from_le_bytes([bytes[0], bytes[1]]))
}

fn held(bytes: &[u8]) -> Held {
    Held {
        hash: u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]),
        rarity: u16::from_le_bytes([bytes[4], bytes[5]]),
        counts: bytes[6],
        marks: bytes[7] & !INDEXED,
    }
}

/// What a term is of its article, from every side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The term.
    pub hash: u32,
    /// Its part of the article's length, by facet, in steps.
    pub shares: Steps,
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

/// What two articles share, summed up term by term.
#[derive(Default)]
pub(crate) struct Common {
    products: Lanes,
    titles: f32,
    left_told: f32,
    right_told: f32,
    mass: f32,
}

impl Common {
    /// Counts a term that both hold, as it stands in each and what it weighs there.
    #[inline]
    pub(crate) fn add(&mut self, (a, a_weights): (Held, &Lanes), (b, b_weights): (Held, &Lanes)) {
        for lane in 0..LANES {
            self.products[lane] += a_weights[lane] * b_weights[lane];
        }
        let (a_rarity, b_rarity) = (a.rarity(), b.rarity());
        let lesser = a_rarity.min(b_rarity);
        self.mass += (lesser - 2.0).max(0.0);
        // Sums of what is often nothing, without a branch that nobody can foretell.
        let (in_left, in_right) = (f32::from(u8::from(a.in_title())), f32::from(u8::from(b.in_title())));
        self.left_told += in_left * a_rarity;
        self.titles += in_left * in_right * lesser;
        self.right_told += in_right * b_rarity;
    }

    /// What the sums say of two articles.
    pub(crate) fn resemblance(&self, left: &Document, right: &Document) -> Resemblance {
        Resemblance {
            cosines: std::array::from_fn(|facet| ratio(self.products[facet], left.norms[facet] * right.norms[facet])),
            mass: self.mass,
            title_contained: ratio(self.titles, left.title_mass.min(right.title_mass)),
            title_told: ratio(self.left_told, left.title_mass).max(ratio(self.right_told, right.title_mass)),
        }
    }
}

/// A share, 0 of nothing.
pub(crate) fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
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
