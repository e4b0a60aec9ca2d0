//! One article about one case: a headline and as much text as feeds bring.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::chance::Chance;
use crate::made::grammar::{Act, Affair};
use crate::made::names::Value;

/// One thing that happened: an affair's act, and what its slots are filled with.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub affair: &'a Affair,
    pub act: usize,
    pub values: BTreeMap<String, Value>,
    /// When it happened.
    pub at: Timestamp,
}

impl Case<'_> {
    pub fn act(&self) -> &Act {
        &self.affair.acts[self.act]
    }
}

/// How much an article says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    Bare,
    Sentence,
    Lead,
    Report,
    /// A report that comes to its point late.
    Feature,
}

/// How a case is told. The same choices over two cases give one template twice.
#[derive(Clone, Debug)]
pub struct Manner {
    /// The letter of the wanted headline; `T` where the act has none of these.
    pub headline: char,
    pub length: Length,
    pub other_spelling: bool,
    /// Which of two halves of the further sentences it takes; all of them without one.
    pub half: Option<usize>,
    /// Sentences that only this telling has: other reporters ask other people.
    pub colour: Vec<String>,
    /// Whether the affair's background closes the text.
    pub background: bool,
    /// Decides which wordings are taken.
    pub wordings: Chance,
}

impl Manner {
    /// This headline and this length, and nothing further.
    pub fn of(headline: char, length: Length, wordings: Chance) -> Manner {
        Manner { headline, length, other_spelling: false, half: None, colour: Vec::new(), background: false, wordings }
    }
}

/// An article's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    pub title: String,
    pub text: String,
}

/// Which headline and which first sentence a manner takes of an act: drawn before anything else, so that equal chances take equal
/// wordings whatever the slots hold.
pub fn choices(act: &Act, manner: &Manner) -> (usize, usize) {
    let mut chance = manner.wordings.clone();
    (chance.below(headlines(act, manner).len()), chance.below(act.lines('L').len()))
}

fn headlines<'a>(act: &'a Act, manner: &Manner) -> &'a [String] {
    match act.lines(manner.headline) {
        [] => act.lines('T'),
        lines => lines,
    }
}

/// Tells a case.
pub fn tell(case: &Case<'_>, manner: &Manner) -> Telling {
    let act = case.act();
    let mut chance = manner.wordings.clone();
    let headlines = headlines(act, manner);
    let (headline, lead) = (chance.below(headlines.len()), chance.below(act.lines('L').len()));
    let mut order: Vec<usize> = (0..act.lines('D').len()).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, chance.below(place + 1));
    }
    let mut fill = |line: &str| filled(line, case, manner.other_spelling, &mut chance);
    let title = fill(&headlines[headline]);
    let mut sentences = vec![fill(&act.lines('L')[lead])];
    let wanted = match manner.length {
        Length::Bare | Length::Sentence => 0,
        Length::Lead => 1 + headline % 2,
        Length::Report | Length::Feature => 4,
    };
    if let Some(half) = manner.half {
        order = (0..order.len()).filter(|detail| detail % 2 == half).collect();
    }
    sentences.extend(order.iter().take(wanted).map(|detail| fill(&act.lines('D')[*detail])));
    if matches!(manner.length, Length::Lead | Length::Report | Length::Feature) {
        sentences.extend(manner.colour.iter().cloned());
    }
    if manner.length == Length::Feature {
        sentences.rotate_left(1);
    }
    if let Some(background) = case.affair.backgrounds.first().filter(|_| manner.background) {
        sentences.push(format!("\n\n{}", fill(background)));
    }
    let text = if manner.length == Length::Bare { String::new() } else { sentences.join(" ") };
    Telling { title, text }
}

/// A wording with its choices made and its slots filled.
fn filled(line: &str, case: &Case<'_>, other_spelling: bool, chance: &mut Chance) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['{', '[']) {
        text.push_str(&rest[..at]);
        let close = if rest[at..].starts_with('{') { '}' } else { ']' };
        let end = at + rest[at..].find(close).unwrap_or(rest.len() - at - 1);
        let inside = &rest[at + 1..end];
        if close == ']' {
            let choices: Vec<&str> = inside.split('|').collect();
            text.push_str(choices[chance.below(choices.len())]);
            rest = &rest[end + 1..];
            continue;
        }
        text.push_str(&slot(inside, case, other_spelling));
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    // A choice may hold slots: fill what it brought.
    if text.contains('{') { filled(&text, case, other_spelling, chance) } else { capitalised(&text) }
}

fn slot(name: &str, case: &Case<'_>, other_spelling: bool) -> String {
    if name == "day" {
        return day(&case.affair.lang, case.at);
    }
    let (name, form) = name.split_once('.').unwrap_or((name, ""));
    let Some(value) = case.values.get(name) else { return format!("({name}?)") };
    match form {
        "last" => value.last[usize::from(other_spelling)].clone(),
        "th" => ordinal(value.number().unwrap_or_default()),
        _ if other_spelling => value.other.clone(),
        _ => value.usual.clone(),
    }
}

fn ordinal(number: u32) -> String {
    const WORDS: [&str; 8] = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
    let word = number.checked_sub(1).and_then(|place| WORDS.get(place as usize));
    word.map_or_else(|| format!("{number}th"), |word| (*word).to_owned())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// The day of the week as a language names it, or the day of the month where that is what news gives.
fn day(lang: &str, at: Timestamp) -> String {
    let date = at.to_zoned(TimeZone::UTC).date();
    let names: [&str; 7] = match lang {
        "de" => ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
        "fr" => ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
        "es" => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        "it" => ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
        "pt" => ["na segunda", "na terça", "na quarta", "na quinta", "na sexta", "no sábado", "no domingo"],
        "el" => ["τη Δευτέρα", "την Τρίτη", "την Τετάρτη", "την Πέμπτη", "την Παρασκευή", "το Σάββατο", "την Κυριακή"],
        "he" => ["ביום שני", "ביום שלישי", "ביום רביעי", "ביום חמישי", "ביום שישי", "בשבת", "ביום ראשון"],
        "hi" => ["सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार", "रविवार"],
        "ru" => ["в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье"],
        "th" => ["วันจันทร์", "วันอังคาร", "วันพุธ", "วันพฤหัสบดี", "วันศุกร์", "วันเสาร์", "วันอาทิตย์"],
        "tr" => ["pazartesi", "salı", "çarşamba", "perşembe", "cuma", "cumartesi", "pazar"],
        "ar" => ["الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"],
        "ja" | "zh" => return format!("{}日", date.day()),
        "ko" => return format!("{}일", date.day()),
        _ => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    };
    names[Weekday::to_monday_zero_offset(date.weekday()) as usize].to_owned()
}
