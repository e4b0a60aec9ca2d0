//! Station: what an article is compared by: its terms, names, numbers, title and a sketch of its text.

pub mod ahead;
pub mod boilerplate;
pub mod calendar;
pub mod concepts;
pub mod endings;
pub mod figures;
mod front;
pub mod language;
pub mod lexicon;
pub mod numerals;
mod renamed;
pub mod sketch;
pub mod spelling;
pub mod stem;
pub mod unspaced;
pub mod words;

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::features::calendar::{Date, Sense};
use crate::features::concepts::{Concept, Concepts, Meaning};
use crate::features::figures::Figure;
use crate::features::front::Front;
use crate::features::lexicon::{Lexicon, Rarity};
use crate::features::sketch::Sketch;
use crate::features::stem::Stem;
use crate::features::words::{Kind, Word};

/// The words of an article, cleaned of markup.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its title, plain.
    pub title: &'a str,
    /// Its text, plain.
    pub text: &'a str,
    /// Its language, declared or detected (`en`, `de`, …). Without one it is read as English: that is what most feeds that
    /// do not say are in, and the names and numbers of any other language survive it.
    pub lang: Option<&'a str>,
}

/// How much of an article is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Words of the title that are read.
    pub title_words_max: usize,
    /// Words of the text that are read, counted from its start.
    pub lead_words_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { title_words_max: 64, lead_words_max: 120 }
    }
}

/// A word, number or name of an article: everything with the same stem is one term.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// xxh3 of the stem, 32 bits: what is compared, and stored.
    pub hash: u32,
    /// How rare it is in general.
    pub rarity: Rarity,
    /// How often it stands in the title; capped at `Term::COUNT_MAX`.
    pub in_title: u8,
    /// How often it stands in the lead; capped likewise.
    pub in_lead: u8,
    /// What it is.
    pub class: Class,
    /// Whether the first sentence of the text holds it.
    pub in_opening: bool,
    /// Whether it stands in front in the title: in the first name there, or where there is none, among the first words.
    pub in_front: bool,
    /// Whether the title holds it in its kicker and not behind it.
    pub in_kicker: bool,
    /// Where in `Features::words` its word stands.
    spelled: Spelled,
}

/// A piece of `Features::words`, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spelled {
    start: u32,
    end: u32,
}

impl Term {
    /// Beyond this a repetition says nothing more.
    pub const COUNT_MAX: u8 = 15;

    /// A term that stands nowhere yet.
    fn of(hash: u32) -> Term {
        Term {
            hash,
            rarity: Rarity::UNKNOWN,
            in_title: 0,
            in_lead: 0,
            class: Class::Word,
            in_opening: false,
            in_front: false,
            in_kicker: false,
            spelled: Spelled::default(),
        }
    }

    fn add_one(&mut self, place: Place) {
        self.in_opening |= place == Place::Lead { opening: true };
        if let Place::Title { in_kicker, .. } = place {
            self.in_kicker = in_kicker && (self.in_kicker || self.in_title == 0);
        }
        let count = if matches!(place, Place::Lead { .. }) { &mut self.in_lead } else { &mut self.in_title };
        *count = (*count + 1).min(Term::COUNT_MAX);
    }
}

/// What a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A plain word.
    Word,
    /// A word that is, or is part of, a proper name.
    Name,
    /// Two words of one name that stand side by side; it counts as evidence between names, not as a word of the text.
    Pair,
    /// A number.
    Number,
    /// What another text may write in place of one of its words: a part of a compound, the letters of a name. It weighs half, and
    /// gives way where the text holds the word itself.
    Part,
    /// A date or a part of one (`Date::of_hash` says which). It makes no two texts alike, but it may be compared.
    Date,
}

/// What an article is compared by. It is made anywhere (it knows nothing of other articles) and used once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Its terms by hash, each once.
    pub terms: Vec<Term>,
    /// The terms' words, one behind the other: a string for each would cost more than all else that is known of them.
    words: String,
    /// The title, lower-case words divided by one space: near-equal titles are compared letter by letter.
    pub title_key: String,
    /// How many words of the text were read; 0 for an entry that is a title alone.
    pub lead_words: usize,
    /// 32 bits of the words of the text's first sentence, in their order; 0 where there are too few to be told by.
    pub opening: u32,
    /// The numbers of the title and of the text's first sentence with the words beside them.
    pub figures: Vec<Figure>,
    /// Whether its title says nothing but what is printed again and again: "Morning briefing: Friday".
    pub is_rubric: bool,
    /// What its words say, whichever words those are: each concept once, in their order.
    pub concepts: Vec<Concept>,
    /// A sketch of the text's wording; none where the text is too short to be called a copy of anything.
    pub sketch: Option<Sketch>,
}

impl Features {
    /// The word of one of its terms as readers know it, as it stood where it came first.
    pub fn word(&self, term: &Term) -> &str {
        self.words.get(term.spelled.start as usize..term.spelled.end as usize).unwrap_or_default()
    }
}

/// Makes an article's features. Pure: equal words give equal features.
pub fn of(subject: &Subject<'_>, lexicon: &Lexicon, params: &Params) -> Features {
    let lang = subject.lang.unwrap_or("en");
    let title = spelling::of_text(words::prefix(subject.title, params.title_words_max), lang);
    let lead = spelling::of_text(words::prefix(subject.text, params.lead_words_max), lang);
    let mut gathered = Gathered::of(lang, lexicon);
    let mut title_key = String::new();
    let shouting = words::is_title_case(&title);
    let kicker_end = title.as_ptr() as usize + words::kicker(&title).len();
    let mut numbers = figures::Reader::of(&title);
    words::read(&title, params.title_words_max, |word| {
        words::push_key(&mut title_key, &word);
        let stem = stem::of(&word, lang, lexicon);
        numbers.add(&word, stem);
        let in_kicker = (word.text.as_ptr() as usize) < kicker_end;
        gathered.add(&word, stem, Place::Title { shouting, in_kicker });
    });
    gathered.end_of_title(Place::Title { shouting, in_kicker: false });
    let mut figures = numbers.figures();
    let mut shingles = sketch::Builder::default();
    let mut numbers = figures::Reader::of(&lead);
    let mut wording = sketch::Sentence::default();
    let opening_end = lead.as_ptr() as usize + words::opening(&lead).len();
    words::read(&lead, params.lead_words_max, |word| {
        let stem = stem::of(&word, lang, lexicon);
        let opening = (word.text.as_ptr() as usize) < opening_end;
        if opening {
            numbers.add(&word, stem);
            wording.add(stem.hash);
        }
        shingles.add(stem.hash);
        gathered.add(&word, stem, Place::Lead { opening });
    });
    figures.extend(numbers.figures());
    let (lead_words, sketch, opening) = (shingles.words(), shingles.build(), wording.hash());
    gathered.end_of_part(Place::Lead { opening: false });
    let (concepts, is_rubric) = (gathered.concepts(), gathered.title.is_rubric());
    let (terms, words) = gathered.terms();
    Features { lead_words, sketch, terms, words, title_key, figures, is_rubric, concepts, opening }
}

/// Letters of an abbreviation; two are the initials of too many people.
const INITIALS_MIN: usize = 3;
const INITIALS_MAX: usize = 5;
/// How rare the letters of a name may be: most names are never abbreviated.
const INITIALS_RARITY_MAX: Rarity = Rarity(56);

/// Small words inside of names, which abbreviations leave out.
fn joins_names(word: &str) -> bool {
    matches!(
        word,
        "of" | "for" | "and" | "the" | "de" | "des" | "du" | "für" | "der" | "la" | "del" | "di" | "do" | "da" | "van"
    )
}

/// Whether it is the second word of most Portuguese weekdays.
fn ends_weekday(word: &Word<'_>) -> bool {
    word.text.eq_ignore_ascii_case("feira")
}

/// Whether a hyphen and nothing else stands between a word and the next.
fn is_hyphened(last: &str, next: &Word<'_>) -> bool {
    let end = last.as_bytes().as_ptr_range().end;
    next.text.as_ptr() as usize == end as usize + 1 && !next.follows_directly
}

/// Dates are common, whichever they are.
const DATE_RARITY: Rarity = Rarity(0);

/// Where a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Title { shouting: bool, in_kicker: bool },
    Lead { opening: bool },
}

/// The terms found so far, the name that the last word may be continuing, and a word that the next one may make a date.
struct Gathered<'a> {
    lang: &'a str,
    lexicon: &'a Lexicon,
    terms: Vec<Term>,
    /// Where each stands, by its hash.
    places: HashMap<u32, usize, FixedState>,
    words: String,
    open_name: Option<(Stem, &'a str)>,
    front: Front,
    waiting: Option<(Word<'a>, Stem, Place)>,
    /// The date that the last word was, or the last part of one.
    last_date: Option<Date>,
    last_word: &'a str,
    /// The last pair of letters, until it is known what follows.
    pair: Option<Held<'a>>,
    /// The first letters of the words with capitals that stand together.
    initials: String,
    concepts: Vec<Concept>,
    title: Title,
    /// The last words, the last of them first, which the next one may complete to an expression.
    said: [Option<Said<'a>>; SAID_MAX],
}

/// What is known of a title: words of a rubric, and words that tell anything else.
#[derive(Clone, Copy, Debug, Default)]
struct Title {
    of_rubric: u8,
    telling: u8,
}

impl Title {
    fn is_rubric(self) -> bool {
        self.of_rubric > 0 && self.telling == 0
    }

    fn add(&mut self, meaning: Meaning, rarity: Rarity) {
        // "Two people killed today": a common word that says a deed tells something.
        if Concepts::builtin().is_rubric(meaning) {
            self.of_rubric = self.of_rubric.saturating_add(1);
        } else if !rarity.is_everyday() || !meaning.is_silent() {
            self.telling = self.telling.saturating_add(1);
        }
    }
}

/// Words of an expression before its last: two small ones may stand behind the first ("photo of the day").
const SAID_MAX: usize = 3;

/// A word that may begin an expression, or stand inside of one.
#[derive(Clone, Copy)]
struct Said<'a> {
    word: Word<'a>,
    stem: Stem,
    /// What was known before it.
    concepts: usize,
    title: Title,
}

impl Said<'_> {
    /// Whether it may stand inside of an expression: "pulled from shelves".
    fn is_small(&self) -> bool {
        self.stem.rarity.is_everyday() && self.stem.meaning.is_silent()
    }
}

/// A pair of letters where it stands.
struct Held<'a> {
    word: Word<'a>,
    stem: Stem,
    place: Place,
    /// Whether it overlaps a pair before it that is known.
    behind_known: bool,
}

impl<'a> Gathered<'a> {
    fn of(lang: &'a str, lexicon: &'a Lexicon) -> Gathered<'a> {
        Gathered {
            lang,
            lexicon,
            terms: Vec::with_capacity(128),
            places: HashMap::with_capacity_and_hasher(128, FixedState::default()),
            words: String::with_capacity(1_024),
            open_name: None,
            front: Front::default(),
            waiting: None,
            last_date: None,
            last_word: "",
            pair: None,
            initials: String::new(),
            concepts: Vec::with_capacity(32),
            title: Title::default(),
            said: [None; SAID_MAX],
        }
    }

    /// Adds a word; of letters without spaces the pair before this one, as soon as it is known what stands on its other side. A pair
    /// that nobody knows beside one that is known is where two words meet ("科技发布" holds "技发") and says nothing that they do not say.
    fn add(&mut self, word: &Word<'a>, stem: Stem, place: Place) {
        let behind = self.pair.as_ref().filter(|held| words::overlap(&held.word, word));
        let behind_known = behind.is_some_and(|held| !held.stem.unheard);
        let next_known = behind.is_some() && !stem.unheard;
        self.end_of_pair(next_known);
        if word.kind == Kind::Gram {
            self.pair = Some(Held { word: *word, stem, place, behind_known });
        } else {
            self.add_word(word, stem, place);
        }
    }

    fn end_of_pair(&mut self, next_known: bool) {
        if let Some(Held { word, stem, place, behind_known }) = self.pair.take()
            && !(stem.unheard && (behind_known || next_known))
        {
            self.add_word(&word, stem, place);
        }
    }

    fn add_word(&mut self, word: &Word<'a>, stem: Stem, place: Place) {
        let last_date = self.last_date.take();
        let last_word = std::mem::replace(&mut self.last_word, word.text);
        if let Some((waiting, waiting_stem, waiting_place)) = self.waiting.take() {
            match (waiting_stem.sense, stem.sense) {
                (Sense::DayNumber(day), Sense::Date(Date::Month(month)) | Sense::Maybe(Date::Month(month))) => {
                    return self.date(Date::Day { month, day }, place, word);
                }
                (Sense::DayNumber(_), _) if calendar::joins_day_and_month(word.text) => {
                    self.waiting = Some((waiting, waiting_stem, waiting_place));
                    return self.plain(word, stem, place);
                }
                (Sense::Maybe(Date::Month(month)), Sense::DayNumber(day)) => {
                    return self.date(Date::Day { month, day }, place, word);
                }
                (Sense::Maybe(date), Sense::DayNumber(_) | Sense::Date(_)) => self.date(date, waiting_place, &waiting),
                (Sense::Maybe(date), _) if ends_weekday(word) => {
                    return self.date(date, waiting_place, &waiting);
                }
                _ => self.plain(&waiting, waiting_stem, waiting_place),
            }
        }
        match (stem.sense, last_date) {
            (Sense::DayNumber(day) | Sense::Date(Date::Day { month: 0, day }), Some(Date::Month(month))) => {
                self.date(Date::Day { month, day }, place, word);
            }
            (_, Some(Date::Weekday(_))) if ends_weekday(word) && is_hyphened(last_word, word) => {} // "desta quinta-feira"
            (Sense::Date(date), _) => self.date(date, place, word),
            (Sense::Maybe(date), _) if calendar::leads_to_a_date(last_word) => self.date(date, place, word),
            (Sense::Maybe(_) | Sense::DayNumber(_), _) => self.waiting = Some((*word, stem, place)),
            (Sense::None | Sense::Number, _) => self.plain(word, stem, place),
        }
    }

    fn date(&mut self, date: Date, place: Place, word: &Word<'a>) {
        self.last_date = Some(date);
        self.open_name = None;
        self.said = [None; SAID_MAX];
        self.count((date.hash(), DATE_RARITY), Class::Date, place, [word.text, ""]);
    }

    fn plain(&mut self, word: &Word<'a>, stem: Stem, place: Place) {
        let named = is_name(word, stem, place, self.lang);
        self.continue_initials(word, stem, place);
        let class = match word.kind {
            Kind::Number => Class::Number,
            Kind::Plain if stem.sense == Sense::Number => Class::Number,
            Kind::Plain | Kind::Gram if named => Class::Name,
            Kind::Plain | Kind::Gram => Class::Word,
        };
        if let Place::Title { .. } = place {
            self.front.add(word, stem, named);
        }
        self.count((stem.hash, stem.rarity), class, place, [word.text, ""]);
        for part in stem::parts(word.text, stem, self.lang, self.lexicon).into_iter().flatten() {
            self.count_part(part, place, word.text);
            if stem.meaning.is_none() {
                self.say(Concepts::builtin().of_word(self.lang, part.0), place);
            }
        }
        self.say_word(word, stem, place, class == Class::Word);
        let previous = self.open_name.take();
        if !named {
            return;
        }
        if let (Some((first, text)), true) = (previous, word.follows_directly) {
            let pair = stem::of_two(first.hash, stem.hash);
            self.count((pair, first.rarity.with(stem.rarity)), Class::Pair, place, [text, word.text]);
        }
        self.open_name = Some((stem, word.text));
    }

    /// Notes what a word says, or an expression that ends with it: then its first word said nothing of its own.
    fn say_word(&mut self, word: &Word<'a>, stem: Stem, place: Place, is_word: bool) {
        if let Some((said, meaning)) = self.expression(word, stem) {
            if matches!(place, Place::Title { .. }) {
                let is_rubric = Concepts::builtin().is_rubric(meaning);
                self.title = if is_rubric { said.title } else { self.title };
                self.title.add(meaning, stem.rarity);
                if is_rubric {
                    return;
                }
            }
            // "Step down" is no step, and "not guilty" not guilty; a "plan rejected" is a rejection all the same.
            if stem.rarity.is_everyday() {
                self.concepts.truncate(said.concepts);
            }
            self.say(meaning, place);
            if said.stem.rarity.is_everyday() {
                return;
            }
        }
        self.said.rotate_right(1);
        self.said[0] = Some(Said { word: *word, stem, concepts: self.concepts.len(), title: self.title });
        if matches!(place, Place::Title { .. }) && word.kind != Kind::Number {
            self.title.add(stem.meaning, stem.rarity);
        }
        if is_word {
            self.say(stem.meaning, place);
        }
    }

    /// The expression that a word completes, by its first word, and what it says. Nothing but small words (and common numbers) may stand
    /// between the two. An expression ends what came before it, and so does whatever parts two words, a date too.
    fn expression(&mut self, word: &Word<'a>, stem: Stem) -> Option<(Said<'a>, Meaning)> {
        if !self.said[0].is_some_and(|last| word.follows_directly || words::overlap(&last.word, word)) {
            self.said = [None; SAID_MAX];
        }
        for at in 0..SAID_MAX {
            let said = self.said[at]?;
            if said.stem.meaning.begins {
                let meaning = Concepts::builtin().of_words(self.lang, said.stem.hash, stem.hash);
                if !meaning.is_none() {
                    self.said = [None; SAID_MAX];
                    return Some((said, meaning));
                }
            }
            if !said.is_small() {
                break;
            }
        }
        None
    }

    /// Notes concepts.
    fn say(&mut self, meaning: Meaning, place: Place) {
        let in_head = place != Place::Lead { opening: false };
        self.concepts.extend(Concepts::builtin().concepts(meaning).map(|concept| Concept { in_head, ..concept }));
    }

    /// Each concept once.
    fn concepts(&mut self) -> Vec<Concept> {
        let mut concepts = std::mem::take(&mut self.concepts);
        concepts.sort_unstable_by_key(|concept| (concept.id, !concept.in_head, Reverse(concept.quarters)));
        concepts.dedup_by_key(|concept| concept.id);
        concepts.shrink_to_fit();
        concepts
    }

    /// Counts a term, spelled in one word or two.
    fn count(&mut self, (hash, rarity): (u32, Rarity), class: Class, place: Place, spelled: [&str; 2]) {
        let (at, is_new) = self.place_of(hash);
        if is_new || self.terms[at].class == Class::Part {
            let spelled = self.spell(spelled);
            self.terms[at] = Term { class, rarity, spelled, ..Term::of(hash) };
        }
        let term = &mut self.terms[at];
        term.add_one(place);
        if term.class == Class::Word {
            term.class = class; // once seen as a name, a name
        }
    }

    /// Counts what another text may write for a word, unless this text writes it too.
    fn count_part(&mut self, (hash, rarity): (u32, Rarity), place: Place, word: &str) {
        let (at, is_new) = self.place_of(hash);
        if is_new {
            let spelled = self.spell([word, ""]);
            self.terms[at] = Term { class: Class::Part, rarity, spelled, ..Term::of(hash) };
        }
        if self.terms[at].class == Class::Part {
            self.terms[at].add_one(place);
        }
    }

    /// Where a term stands, and whether it has just come.
    fn place_of(&mut self, hash: u32) -> (usize, bool) {
        let terms = &mut self.terms;
        let known = terms.len();
        let at = *self.places.entry(hash).or_insert_with(|| {
            terms.push(Term::of(hash));
            known
        });
        (at, at == known)
    }

    /// Writes a word down, or two with a space between.
    fn spell(&mut self, [first, second]: [&str; 2]) -> Spelled {
        let start = self.words.len() as u32;
        self.words.push_str(first);
        if !second.is_empty() {
            self.words.push(' ');
            self.words.push_str(second);
        }
        Spelled { start, end: self.words.len() as u32 }
    }

    /// "European Central Bank" may be the ECB of another text.
    fn continue_initials(&mut self, word: &Word<'a>, stem: Stem, place: Place) {
        let telling = match place {
            Place::Title { shouting, .. } => !shouting,
            Place::Lead { .. } => true,
        };
        let is_part = telling
            && word.kind == Kind::Plain
            && word.is_capitalised()
            && !(word.starts_sentence && stem.rarity.is_everyday());
        if !self.initials.is_empty() && word.follows_directly && !is_part && joins_names(word.text) {
            return;
        }
        if !is_part || !word.follows_directly || word.starts_sentence {
            self.end_initials(place);
        }
        if is_part && word.text.len() > 1 {
            self.initials.extend(word.text.chars().take(1));
        }
    }

    /// The letters of the whole run, and of its beginning: "European Central Bank President" is no name.
    fn end_initials(&mut self, place: Place) {
        let letters = self.initials.chars().count();
        let whole = (INITIALS_MIN + 1..=INITIALS_MAX).contains(&letters).then_some(letters);
        for count in (letters >= INITIALS_MIN).then_some(INITIALS_MIN).into_iter().chain(whole) {
            let end = self.initials.char_indices().nth(count).map_or(self.initials.len(), |(at, _)| at);
            let text = self.initials[..end].to_owned();
            let word = Word { text: &text, kind: Kind::Plain, starts_sentence: false, follows_directly: false };
            let stem = stem::of(&word, self.lang, self.lexicon);
            self.count_part((stem.hash, stem.rarity.min(INITIALS_RARITY_MAX)), place, &text);
        }
        self.initials.clear();
    }

    /// Neither a name nor a date runs on from the title into the text.
    fn end_of_title(&mut self, place: Place) {
        self.end_of_part(place);
        for hash in std::mem::take(&mut self.front).terms() {
            if let Some(at) = self.places.get(&hash) {
                self.terms[*at].in_front = true;
            }
        }
    }

    fn end_of_part(&mut self, place: Place) {
        self.end_of_pair(false);
        if let Some((word, stem, place)) = self.waiting.take() {
            self.plain(&word, stem, place);
        }
        self.end_initials(place);
        self.open_name = None;
        self.said = [None; SAID_MAX];
        self.last_date = None;
        self.last_word = "";
    }

    /// The terms by hash, and their words.
    fn terms(mut self) -> (Vec<Term>, String) {
        self.terms.sort_unstable_by_key(|term| term.hash);
        self.terms.shrink_to_fit();
        self.words.shrink_to_fit();
        (self.terms, self.words)
    }
}

/// How rare a pair of letters must be that may belong to a name: two common letters meet everywhere.
const NAME_PAIR_RARITY_MIN: Rarity = Rarity(72);

/// A capital inside a sentence makes a name; where everything is capitalised, all nouns are or a sentence starts, the lexicon is asked.
/// Where letters have no capitals, what no dictionary holds is one.
fn is_name(word: &Word<'_>, stem: Stem, place: Place, lang: &str) -> bool {
    if word.kind == Kind::Gram {
        return stem.unheard && stem.rarity >= NAME_PAIR_RARITY_MIN;
    }
    if word.kind != Kind::Plain || !word.is_capitalised() {
        return false;
    }
    let telling = match place {
        _ if stem::writes_nouns_as_names(lang) => false,
        Place::Title { shouting, .. } => !shouting && !word.starts_sentence,
        Place::Lead { .. } => !word.starts_sentence,
    };
    (telling && !stem.rarity.is_everyday()) || stem.proper || stem.unheard
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(title: &str, text: &str) -> Features {
        of(&Subject { title, text, lang: Some("en") }, Lexicon::builtin(), &Params::default())
    }

    fn words_of(features: &Features, class: Class) -> Vec<&str> {
        let mut words: Vec<&str> =
            features.terms.iter().filter(|term| term.class == class).map(|term| features.word(term)).collect();
        words.sort_unstable();
        words
    }

    #[test]
    fn a_rubric_says_nothing_of_the_day() {
        let is_rubric = |title: &str, lang: &str| {
            let subject = Subject { title, text: "", lang: Some(lang) };
            of(&subject, Lexicon::builtin(), &Params::default()).is_rubric
        };
        for (lang, titles) in [
            ("ar", ["عناوين الصحف اليوم", "موجز الأنباء"]),
            ("de", ["Presseschau am Donnerstag", "Der Tag im Überblick"]),
            ("el", ["Τα πρωτοσέλιδα των εφημερίδων", "Το δελτίο της ημέρας"]),
            ("en", ["Morning briefing: Friday", "In pictures: the week ahead"]),
            ("en", ["What you need to know this Monday", "News in brief"]),
            ("es", ["Titulares del viernes", "Las claves del día"]),
            ("fr", ["Revue de presse du 4 mai", "L'essentiel de l'actualité"]),
            ("he", ["כותרות העיתונים", "תמונת היום"]),
            ("hi", ["आज की सुर्खियां", "मुख्य समाचार"]),
            ("it", ["Rassegna stampa di oggi", "Le prime pagine dei giornali"]),
            ("ja", ["今日のニュース一覧", "朝刊ヘッドライン"]),
            ("ko", ["아침 뉴스 브리핑", "오늘의 운세"]),
            ("nl", ["Het nieuwsoverzicht van dinsdag", "De foto van de dag"]),
            ("pt", ["Resumo do dia", "As manchetes desta quinta-feira"]),
            ("ru", ["Главное за день", "Итоги недели"]),
            ("th", ["สรุปข่าววันนี้", "ดวงวันนี้"]),
            ("tr", ["Günün özeti", "Gazete manşetleri"]),
            ("zh", ["今日要闻", "早报"]),
        ] {
            for title in titles {
                assert!(is_rubric(title, lang), "{lang}: {title}");
            }
        }
        for title in [
            "Friday briefing: Halvorsen resigns",
            "Minister cancels briefing",
            "Two people killed today",
            "Morning briefing: not guilty",
            "Halvorsen",
            "What now?",
            "",
        ] {
            assert!(!is_rubric(title, "en"), "{title}");
        }
        for (lang, title) in [
            ("de", "Heute zwei Tote"),
            ("es", "Dos muertos hoy"),
            ("fr", "Deux morts aujourd'hui"),
            ("it", "Donna uccisa oggi"),
            ("ja", "今日の地震"),
            ("ru", "Сегодня взрыв"),
            ("th", "แผ่นดินไหววันนี้"),
            ("zh", "今日地震"),
        ] {
            assert!(!is_rubric(title, lang), "{lang}: {title}");
        }
    }

    #[test]
    fn two_words_may_say_what_neither_does() {
        let said = |title: &str| features(title, "").concepts.iter().map(|concept| concept.id).collect::<Vec<_>>();
        let resign = said("resign");
        let acquit = said("acquit");
        assert!(!resign.is_empty());
        assert!(said("Mayor steps down").iter().any(|concept| resign.contains(concept)));
        assert!(!said("Mayor steps into the rain").iter().any(|concept| resign.contains(concept)));
        // A name is no deed, and one small word may stand between two.
        let recall = said("recall");
        assert!(said("Kettles pulled from shelves").iter().any(|concept| recall.contains(concept)));
        assert!(said("Kettles pulled from all the shelves").iter().any(|concept| recall.contains(concept)));
        for parted in ["Kettles pulled from some of the shelves", "Rope pulled, shelves fall", "Pulled Monday shelves"]
        {
            assert!(!said(parted).iter().any(|concept| recall.contains(concept)), "{parted}");
        }
        assert!(!said("The harbour of Acquit opens at noon").iter().any(|concept| acquit.contains(concept)));
    }

    #[test]
    fn in_german_a_capital_makes_no_name_and_an_unheard_word_or_a_known_name_does() {
        let text =
            "In Leutzenau hat ein Hund am Abend einen Einbrecher in einer Bäckerei gestellt, sagte Merkel in Berlin.";
        let subject = Subject { title: "Einbrecher auf frischer Tat ertappt", text, lang: Some("de") };
        let found = of(&subject, Lexicon::builtin(), &Params::default());
        assert_eq!(words_of(&found, Class::Name), ["Berlin", "Leutzenau", "Merkel"]);
    }

    #[test]
    fn in_scripts_without_spaces_pairs_across_two_words_are_left_out_and_unheard_ones_are_names() {
        let words = |class: Class, lang: &str, title: &str| {
            let found = of(&Subject { title, text: "", lang: Some(lang) }, Lexicon::builtin(), &Params::default());
            words_of(&found, class).join(" ")
        };
        assert_eq!(words(Class::Word, "zh", "新华科技成立公司"), "公司 成立 新华 科技");
        assert_eq!(words(Class::Name, "zh", "公司在芦岭发布"), "在芦 芦岭");
        assert_eq!(words(Class::Name, "ja", "鍬霧町で火災"), "鍬霧 霧町");
        assert_eq!(words(Class::Name, "lo", "ປະເທດລາວ"), "");
    }

    #[test]
    fn inflections_are_one_term() {
        let found = features("Mayor closes bridge", "The bridges were closed. Closing the bridge took an hour.");
        let bridge = found.terms.iter().find(|term| found.word(term) == "bridge").expect("the title says bridge");
        assert_eq!((bridge.in_title, bridge.in_lead), (1, 2));
    }

    #[test]
    fn names_are_capitals_inside_sentences() {
        let found = features("Quake near Lisbon", "Officials in Porto Santo said Maria Alves was safe.");
        assert_eq!(words_of(&found, Class::Pair), ["Maria Alves", "Porto Santo"]);
        assert!(words_of(&found, Class::Name).contains(&"Lisbon"));
        assert!(!words_of(&found, Class::Name).contains(&"Officials"));
    }

    #[test]
    fn a_shouting_title_makes_no_names_of_plain_words() {
        let found = features("Mayor Closes Old Bridge After Heavy Rain In Lisbon", "");
        assert!(!words_of(&found, Class::Name).contains(&"Bridge"), "{:?}", words_of(&found, Class::Name));
        assert!(words_of(&found, Class::Name).contains(&"Lisbon"));
    }

    #[test]
    fn numbers_are_written_one_way() {
        assert_eq!(
            words_of(&features("1,250 jobs", "some 1250 jobs, 3.5 percent, the 4th time"), Class::Number),
            ["1,250", "3.5", "4th"]
        );
    }

    #[test]
    fn dates_are_neither_names_nor_numbers() {
        let cases: [(&str, &str, &[Date]); 12] = [
            ("en", "Trial opens Tuesday", &[Date::Weekday(1)]),
            ("en", "Vote set for May 12, says Theresa May", &[Date::Day { month: 5, day: 12 }]),
            ("en", "Closed since March 2026", &[Date::Month(3), Date::Year(2026)]),
            ("en", "Mayor says 12 may lose jobs", &[]),
            ("de", "Am 3. Mai wird gewählt", &[Date::Day { month: 5, day: 3 }]),
            ("es", "Abre el 12 de mayo", &[Date::Day { month: 5, day: 12 }]),
            ("pt", "Abre na segunda-feira", &[Date::Weekday(0)]),
            ("pt", "Abre nesta quinta-feira", &[Date::Weekday(3)]),
            ("ja", "5月12日に再開", &[Date::Month(5), Date::Day { month: 5, day: 12 }]),
            ("ko", "5월 12일 수요일 재개", &[Date::Month(5), Date::Day { month: 5, day: 12 }, Date::Weekday(2)]),
            ("zh", "市长星期三宣布", &[Date::Weekday(2)]),
            ("ja", "水曜日に会議", &[Date::Weekday(2)]),
        ];
        for (lang, title, expected) in cases {
            let subject = Subject { title, text: "", lang: Some(lang) };
            let found = of(&subject, Lexicon::builtin(), &Params::default());
            let mut dates: Vec<Date> = found.terms.iter().filter_map(|term| Date::of_hash(term.hash)).collect();
            let mut expected = expected.to_vec();
            dates.sort_unstable();
            expected.sort_unstable();
            assert_eq!(dates, expected, "{title}");
            assert!(!words_of(&found, Class::Word).contains(&"feira"), "{title}: it is of the day's name");
        }
        let fair = Subject { title: "No sábado, feira de ciências", text: "", lang: Some("pt") };
        let fair = of(&fair, Lexicon::builtin(), &Params::default());
        assert!(words_of(&fair, Class::Word).contains(&"feira"), "a fair");
    }

    #[test]
    fn an_abbreviation_meets_the_letters_of_the_name() {
        let parts = |title: &str| {
            let found = features(title, "");
            words_of(&found, Class::Part).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(parts("Rates stay, says European Central Bank president"), ["ECB"]);
        assert_eq!(
            parts("experts at the World Health Organization Regional Office will meet again on malaria this autumn"),
            ["WHO", "WHORO"]
        );
        assert_eq!(parts("fears rise again today at the Centers for Disease Control"), ["CDC"]);
        assert_eq!(parts("Maria Alves speaks in Porto Santo"), Vec::<String>::new());
        assert_eq!(parts("Mayor Closes Old Bridge After Heavy Rain"), Vec::<String>::new());
        let hash = |title: &str, class: Class| {
            features(title, "").terms.into_iter().find(|term| term.class == class).map(|term| term.hash)
        };
        let short = hash("rates stay at ECB", Class::Name);
        assert!(short.is_some());
        assert_eq!(short, hash("rates stay, says European Central Bank", Class::Part));
    }

    #[test]
    fn a_compound_has_parts_unless_the_text_names_them() {
        let of_title =
            |title| of(&Subject { title, text: "", lang: Some("de") }, Lexicon::builtin(), &Params::default());
        let class_of =
            |found: &Features, hash: u32| found.terms.iter().find(|term| term.hash == hash).map(|term| term.class);
        let price = of_title("Der Preis");
        let price = price.terms.iter().find(|term| price.word(term) == "Preis").expect("it stands there").hash;
        assert_eq!(class_of(&of_title("Der Strompreis steigt"), price), Some(Class::Part));
        assert_ne!(class_of(&of_title("Der Strompreis steigt, der Preis auch"), price), Some(Class::Part));
        assert_ne!(class_of(&of_title("Der Preis steigt, der Strompreis auch"), price), Some(Class::Part));
        assert_eq!(class_of(&of_title("Der Strom fällt aus"), price), None);
    }

    #[test]
    fn scripts_without_spaces_are_read_as_pairs_of_letters() {
        let found =
            of(&Subject { title: "東京で地震", text: "", lang: Some("ja") }, Lexicon::builtin(), &Params::default());
        assert_eq!(words_of(&found, Class::Word), ["地震", "東京"]);
    }

    #[test]
    fn heads_are_the_title_and_the_first_sentence() {
        let found = features(
            "Council shuts Porto Santo pool",
            "The council of Porto Santo voted on Monday to shut the municipal pool for a year. Swimmers protested loudly.",
        );
        let marked = |of: fn(&Term) -> bool| -> Vec<&str> {
            let mut words: Vec<&str> =
                found.terms.iter().filter(|term| of(term)).map(|term| found.word(term)).collect();
            words.sort_unstable();
            words
        };
        assert_eq!(marked(|term| term.in_front), ["Porto", "Santo"]);
        assert!(marked(|term| term.in_opening).contains(&"municipal"));
        assert!(!marked(|term| term.in_opening).contains(&"Swimmers"));
        let nameless = features("storm floods cellars overnight", "");
        assert_eq!(nameless.terms.iter().filter(|term| term.in_front).count(), 2);
    }

    #[test]
    fn only_the_lead_is_read() {
        let long = "word ".repeat(100_000);
        assert_eq!(features("t", &long).lead_words, Params::default().lead_words_max);
    }

    #[test]
    fn an_empty_entry_has_no_features() {
        assert_eq!(features("", ""), Features::default());
    }
}
