//! The families of look-alikes and twins, and how each makes a pair.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::chance::Chance;
use crate::made::grammar::{Affair, Kind};
use crate::made::names::Value;
use crate::made::telling::{self, Case, Length, Manner, Telling, tell};
use crate::made::{Article, Pair, Stock, of_language};

/// A rule by which pairs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    // Look-alikes: two events.
    Places,
    Persons,
    Bodies,
    Figures,
    Serial,
    Acts,
    Opposites,
    OneActor,
    OneActorOneDeed,
    OneBeat,
    OnePlace,
    Siblings,
    EqualTitles,
    Rubrics,
    Background,
    Formats,
    // Twins: one event.
    OtherWords,
    BareTitles,
    TitleAndText,
    BriefAndFeature,
    FullReports,
    NameVariants,
    WireCopies,
    GrowingFigures,
    Spellings,
    QuoteAndFact,
    Questions,
    FollowUps,
}

/// All families, and the names that reports show.
pub const FAMILIES: [(Family, &str); 28] = [
    (Family::Places, "places"),
    (Family::Persons, "persons"),
    (Family::Bodies, "firms-clubs-titles"),
    (Family::Figures, "figures"),
    (Family::Serial, "serial"),
    (Family::Acts, "acts-of-one-affair"),
    (Family::Opposites, "opposites"),
    (Family::OneActor, "one-actor"),
    (Family::OneActorOneDeed, "one-actor-one-deed"),
    (Family::OneBeat, "one-beat"),
    (Family::OnePlace, "one-place"),
    (Family::Siblings, "siblings"),
    (Family::EqualTitles, "equal-titles"),
    (Family::Rubrics, "rubrics"),
    (Family::Background, "background"),
    (Family::Formats, "formats"),
    (Family::OtherWords, "other-words"),
    (Family::BareTitles, "bare-titles"),
    (Family::TitleAndText, "title-and-text"),
    (Family::BriefAndFeature, "brief-and-feature"),
    (Family::FullReports, "full-reports"),
    (Family::NameVariants, "name-variants"),
    (Family::WireCopies, "wire-copies"),
    (Family::GrowingFigures, "growing-figures"),
    (Family::Spellings, "spellings"),
    (Family::QuoteAndFact, "quote-and-fact"),
    (Family::Questions, "questions"),
    (Family::FollowUps, "follow-ups"),
];

impl Family {
    /// Whether its pairs are one event.
    pub fn is_twin(self) -> bool {
        self >= Family::OtherWords
    }
}

/// Two cases, and whether they are told in one template.
struct Cases<'a> {
    cases: [Case<'a>; 2],
    headline: char,
    background: bool,
}

pub fn pair(stock: &Stock, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
    match family {
        Family::Rubrics => rubric(stock, at, chance),
        _ if family.is_twin() => twins(stock, family, at, chance),
        _ => look_alikes(stock, family, at, chance),
    }
}

// ---- look-alikes ----

fn look_alikes(stock: &Stock, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
    let second_at = at + gap_apart(family, chance);
    let Cases { cases: [first, mut second], headline, background } = two_cases(stock, family, at, chance)?;
    second.at = second_at;
    let mut manners = manners_apart(&first, &second, headline, background, chance);
    colour(stock, &first.affair.lang, &mut manners, chance);
    let tellings = [tell(&first, &manners[0]), tell(&second, &manners[1])];
    let told_apart =
        second.act != first.act || second.affair.name != first.affair.name || is_told_apart(&first, &second, &tellings);
    told_apart.then(|| finished(family, &first.affair.lang, tellings, [at, second_at]))
}

/// One title over two texts that have nothing to do with each other: a column, or a headline that fits a hundred cases.
fn rubric(stock: &Stock, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
    let affair = stock.affair(chance, |_| true)?;
    let others: Vec<&Affair> =
        stock.affairs.iter().filter(|other| other.lang == affair.lang && other.name != affair.name).collect();
    let other = chance.pick(&others)?;
    let title = (*chance.pick(&of_language(&stock.rubrics, &affair.lang))?).to_owned();
    let second_at = at + gap_apart(Family::Rubrics, chance);
    let mut drawn = |affair, at| {
        let case = case(stock, affair, chance.below(affair.acts.len()), at, chance)?;
        let length = [Length::Sentence, Length::Sentence, Length::Lead, Length::Report][chance.below(4)];
        Some((case, Manner::of('T', length, Chance::new(chance.next()))))
    };
    let [(first, one), (second, two)] = [drawn(affair, at)?, drawn(other, second_at)?];
    let mut manners = [one, two];
    colour(stock, &affair.lang, &mut manners, chance);
    let told = |case, manner| Telling { title: title.clone(), ..tell(case, manner) };
    let tellings = [told(&first, &manners[0]), told(&second, &manners[1])];
    Some(finished(Family::Rubrics, &affair.lang, tellings, [at, second_at]))
}

/// Whether a reader can tell two cases of one act apart: each telling gives a name or a number where the other gives another one. A
/// toll does not count, because tolls grow.
fn is_told_apart(first: &Case<'_>, second: &Case<'_>, tellings: &[Telling; 2]) -> bool {
    let says = |telling: &Telling, value: &Value| {
        [&value.usual, &value.last[0]].iter().any(|form| {
            let holds = |text: &str| text.to_lowercase().contains(&form.to_lowercase());
            holds(&telling.title) || holds(&telling.text)
        })
    };
    first.affair.slots.iter().filter(|(_, kind)| !matches!(kind, Kind::Grow(..))).any(|(name, _)| {
        let (Some(one), Some(other)) = (first.values.get(name), second.values.get(name)) else { return false };
        one.last != other.last && says(&tellings[0], one) && says(&tellings[1], other)
    })
}

/// How the two are told: in one template, or each in its own way, at lengths as feeds bring them.
fn manners_apart(
    first: &Case<'_>,
    second: &Case<'_>,
    headline: char,
    background: bool,
    chance: &mut Chance,
) -> [Manner; 2] {
    let wordings = Chance::new(chance.next());
    let same_act = std::ptr::eq(first.act(), second.act());
    let template = same_act && chance.percent(45);
    let mut length = length(chance);
    if length == Length::Bare && (background || headline == 'G') {
        length = Length::Lead;
    }
    let one = Manner { background, ..Manner::of(headline, length, wordings) };
    let mut other = one.clone();
    if !template {
        other.wordings = Chance::new(chance.next());
        if chance.percent(50) && !background && headline != 'G' {
            other.length = self::length(chance);
        }
    }
    if headline == 'G' {
        other.wordings = one.wordings.clone(); // the very same title
    }
    [one, other]
}

fn two_cases<'a>(stock: &'a Stock, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Cases<'a>> {
    let affair = stock.affair(chance, |affair| fits(family, affair))?;
    let first = case(stock, affair, chance.below(affair.acts.len()), at, chance)?;
    let mut second = first.clone();
    let (mut headline, mut background) = ('T', false);
    match family {
        Family::Places => redraw(stock, &mut second, chance, |kind, _, dice| {
            kind.is_place() || *kind == Kind::Person || (figure(kind) && dice.percent(70))
        }),
        Family::Persons => redraw(stock, &mut second, chance, |kind, _, dice| match kind {
            Kind::Person | Kind::First => true,
            Kind::Place => dice.percent(60),
            kind => !kind.is_place() && dice.percent(if figure(kind) { 70 } else { 30 }),
        }),
        Family::Bodies => redraw(stock, &mut second, chance, |kind, _, dice| {
            kind.is_body() || *kind == Kind::Person || (figure(kind) && dice.percent(70))
        }),
        Family::Figures => redraw(stock, &mut second, chance, |kind, _, _| {
            kind.is_figure() || matches!(kind, Kind::Month | Kind::Quarter | Kind::Serial(..))
        }),
        Family::Serial => redraw(stock, &mut second, chance, |kind, place, dice| match kind {
            Kind::Serial(..) => true,
            Kind::Number(..) | Kind::Decimal(..) | Kind::Person | Kind::Place | Kind::Code => dice.percent(75),
            Kind::Pick(_) => place > 0 && dice.percent(60),
            _ => false,
        }),
        Family::Acts | Family::Background => {
            second.act = other_act(affair, first.act, chance)?;
            redraw(stock, &mut second, chance, |kind, _, dice| kind.is_figure() && dice.percent(30));
            background = family == Family::Background;
        }
        Family::Opposites => second.act = opposite(affair, first.act)?,
        Family::OneActor | Family::OneBeat => return shared_actor(stock, family, first, at, chance),
        Family::OneActorOneDeed => {
            let actor = affair.slots.iter().position(|(_, kind)| is_actor(kind))?;
            let lasting = lasting(affair);
            redraw(stock, &mut second, chance, |kind, place, _| {
                place != actor && !(matches!(kind, Kind::Person) && lasting[place])
            });
            if chance.percent(30) {
                second.act = chance.below(affair.acts.len());
            }
        }
        Family::OnePlace => {
            let lasting = lasting(affair);
            redraw(stock, &mut second, chance, |kind, place, dice| {
                !kind.is_place() && (!lasting[place] || dice.percent(40))
            });
        }
        Family::Siblings => {
            let kept = affair.slots.iter().position(|(_, kind)| kind.is_place());
            redraw(stock, &mut second, chance, |_, place, _| place != 0 && Some(place) != kept);
        }
        Family::EqualTitles | Family::Formats => {
            headline = if family == Family::EqualTitles || chance.percent(40) { 'G' } else { 'T' };
            second.act = chance.below(affair.acts.len());
            redraw(stock, &mut second, chance, |kind, place, dice| {
                family == Family::EqualTitles || !(kind.is_place() || place == 0) || dice.percent(20)
            });
        }
        _ => return None,
    }
    let differs = second.act != first.act || second.values != first.values;
    differs.then_some(Cases { cases: [first, second], headline, background })
}

/// Two different affairs with one actor, or with one place and the same people who speak for it.
fn shared_actor<'a>(
    stock: &'a Stock,
    family: Family,
    first: Case<'a>,
    at: Timestamp,
    chance: &mut Chance,
) -> Option<Cases<'a>> {
    let affair = first.affair;
    let beat = family == Family::OneBeat;
    let shared = |other: &Affair| {
        affair.slots.iter().any(|(name, kind)| {
            let fits = if beat { matches!(name.as_str(), "police" | "mayor") } else { is_actor(kind) };
            fits && other.kind(name) == Some(kind)
        }) && (!beat || other.kind("place") == Some(&Kind::Place))
    };
    let others: Vec<&Affair> = stock
        .affairs
        .iter()
        .filter(|other| other.name != affair.name && other.lang == affair.lang && shared(other))
        .collect();
    let other = chance.pick(&others)?;
    let mut second = case(stock, other, chance.below(other.acts.len()), at, chance)?;
    for (name, value) in &mut second.values {
        let kind = other.kind(name);
        let keeps = kind.is_some_and(|kind| is_actor(kind) || kind.is_place());
        if keeps
            && affair.kind(name) == kind
            && let Some(held) = first.values.get(name)
        {
            *value = held.clone();
        }
    }
    Some(Cases { cases: [first, second], headline: 'T', background: false })
}

fn fits(family: Family, affair: &Affair) -> bool {
    let has = |wanted: fn(&Kind) -> bool| affair.slots.iter().any(|(_, kind)| wanted(kind));
    let periodic = affair.is("periodic") || affair.is("format");
    match family {
        Family::Places => has(Kind::is_place),
        Family::Persons => has(|kind| matches!(kind, Kind::Person)) && !periodic,
        Family::Bodies => has(Kind::is_body),
        Family::Figures => affair.is("periodic"),
        Family::Serial => has(|kind| matches!(kind, Kind::Serial(..))),
        Family::Acts => affair.acts.len() > 1 && !affair.is("format"),
        Family::Opposites => affair.acts.iter().any(|act| act.opposite.is_some()),
        Family::OneActor | Family::OneActorOneDeed => has(is_actor) && !affair.is("format"),
        Family::OneBeat => affair.kind("place").is_some(),
        Family::OnePlace => has(Kind::is_place) && !periodic,
        Family::Siblings => affair.is("sibling"),
        Family::EqualTitles => affair.acts.iter().any(|act| !act.lines('G').is_empty()) && !affair.is("format"),
        Family::Background => !affair.backgrounds.is_empty(),
        Family::Formats => affair.is("format"),
        _ => true,
    }
}

fn is_actor(kind: &Kind) -> bool {
    matches!(kind, Kind::Person | Kind::Country) || kind.is_body()
}

/// Which slots name people who speak again and again: the police, the judge, the mayor.
fn lasting(affair: &Affair) -> Vec<bool> {
    const ROLES: [&str; 8] = ["police", "judge", "mayor", "governor", "boss", "coach", "head", "minister"];
    affair.slots.iter().map(|(name, _)| ROLES.contains(&name.as_str())).collect()
}

fn figure(kind: &Kind) -> bool {
    kind.is_figure() || matches!(kind, Kind::Code)
}

fn other_act(affair: &Affair, act: usize, chance: &mut Chance) -> Option<usize> {
    (affair.acts.len() > 1).then(|| (act + 1 + chance.below(affair.acts.len() - 1)) % affair.acts.len())
}

fn opposite(affair: &Affair, act: usize) -> Option<usize> {
    let wanted = affair.acts[act].opposite.as_ref()?;
    affair.acts.iter().position(|held| held.name == *wanted)
}

fn case<'a>(stock: &Stock, affair: &'a Affair, act: usize, at: Timestamp, chance: &mut Chance) -> Option<Case<'a>> {
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for (name, _) in &affair.slots {
        let value = stock.names.draw(affair, name, chance).ok()?;
        // Two people of one case, or its two towns, are two.
        let value = if values.values().any(|held| *held == value) {
            stock.names.draw(affair, name, chance).ok()?
        } else {
            value
        };
        values.insert(name.clone(), value);
    }
    Some(Case { affair, act, values, at })
}

/// Fills the wanted slots anew: by kind, place in the affair's list, and chance.
fn redraw(
    stock: &Stock,
    case: &mut Case<'_>,
    chance: &mut Chance,
    mut wanted: impl FnMut(&Kind, usize, &mut Chance) -> bool,
) {
    let affair = case.affair;
    for (place, (name, kind)) in affair.slots.iter().enumerate() {
        if !wanted(kind, place, chance) {
            continue;
        }
        let held = case.values.get(name).cloned();
        for _ in 0..4 {
            let Ok(value) = stock.names.draw(affair, name, chance) else { return };
            if Some(&value) != held.as_ref() {
                case.values.insert(name.clone(), value);
                break;
            }
        }
    }
}

/// How long after the first the second look-alike is published: what is periodic comes a day or a week later, siblings within hours.
fn gap_apart(family: Family, chance: &mut Chance) -> SignedDuration {
    let minutes =
        |least: u32, most: u32, chance: &mut Chance| SignedDuration::from_mins(i64::from(chance.between(least, most)));
    let days = |chance: &mut Chance| {
        SignedDuration::from_hours(24 * i64::from(chance.between(1, 6))) + minutes(0, 200, chance)
    };
    match (family, chance.below(10)) {
        (Family::Formats, 0..8) | (Family::Rubrics, 0..4) => SignedDuration::from_hours(24) + minutes(0, 90, chance),
        (Family::Figures | Family::Serial, 0..5) => days(chance),
        (Family::Siblings, 0..8) => minutes(2, 600, chance),
        (Family::Acts | Family::Opposites | Family::Background, 0..4) => days(chance),
        (_, 0..5) => minutes(3, 360, chance),
        (_, 5..8) => minutes(360, 1_500, chance),
        _ => days(chance),
    }
}

// ---- twins ----

fn twins(stock: &Stock, family: Family, at: Timestamp, chance: &mut Chance) -> Option<Pair> {
    let affair = stock.affair(chance, |affair| twin_fits(family, affair))?;
    let acts: Vec<usize> = (0..affair.acts.len()).filter(|act| act_fits(family, affair, *act)).collect();
    let act = *chance.pick(&acts)?;
    let first = case(stock, affair, act, at, chance)?;
    let mut second = first.clone();
    if family == Family::GrowingFigures || (matches!(family, Family::FollowUps) && chance.percent(40)) {
        grow(&mut second, chance);
    }
    let second_at = at + gap_within(family, chance);
    let mut manners = manners_together(family, chance);
    colour(stock, &affair.lang, &mut manners, chance);
    let mut tellings = [tell(&first, &manners[0]), tell(&second, &manners[1])];
    // Two tellings are two: other wordings are drawn until they are.
    let (act, mut other) = (first.act(), manners[1].clone());
    let once = telling::choices(act, &manners[0]);
    for _ in 0..12 {
        let again = telling::choices(act, &other);
        if (again.0 != once.0 || tellings[0].title != tellings[1].title)
            && (again.1 != once.1 || act.lines('L').len() == 1)
        {
            break;
        }
        other.wordings = Chance::new(chance.next());
        tellings[1] = tell(&second, &other);
    }
    match family {
        Family::WireCopies => tellings[1].text = copied(&tellings[0].text, chance),
        Family::Spellings => {
            tellings[1] = Telling {
                title: respelled(&tellings[1].title, &affair.lang),
                text: respelled(&tellings[1].text, &affair.lang),
            }
        }
        _ => {}
    }
    if family != Family::BareTitles && chance.percent(50) {
        tellings.reverse();
    }
    let differ = tellings[0] != tellings[1] && (tellings[0].title != tellings[1].title || !tellings[0].text.is_empty());
    differ.then(|| finished(family, &affair.lang, tellings, [at, second_at]))
}

fn twin_fits(family: Family, affair: &Affair) -> bool {
    !affair.is("format") && (0..affair.acts.len()).any(|act| act_fits(family, affair, act))
}

fn act_fits(family: Family, affair: &Affair, act: usize) -> bool {
    let act = &affair.acts[act];
    match family {
        Family::QuoteAndFact => !act.lines('Q').is_empty(),
        Family::Questions => !act.lines('?').is_empty(),
        Family::FollowUps => !act.lines('F').is_empty(),
        Family::GrowingFigures => {
            let grows = |(name, kind): &(String, Kind)| {
                matches!(kind, Kind::Grow(..))
                    && act.lines('L').iter().all(|line| line.contains(&format!("{{{name}}}")))
            };
            affair.slots.iter().any(grows)
        }
        Family::BareTitles | Family::TitleAndText | Family::WireCopies => act.lines('T').len() > 1,
        _ => act.lines('T').len() > 1 && act.lines('L').len() > 1,
    }
}

fn manners_together(family: Family, chance: &mut Chance) -> [Manner; 2] {
    let mut manner = |headline: char, length: Length| Manner::of(headline, length, Chance::new(chance.next()));
    let plain = |chance: &mut Chance| [Length::Sentence, Length::Lead, Length::Lead, Length::Report][chance.below(4)];
    let (mut one, mut other) = match family {
        Family::BareTitles => (manner('T', Length::Bare), manner('T', Length::Bare)),
        Family::TitleAndText => (manner('T', Length::Bare), manner('T', Length::Lead)),
        Family::BriefAndFeature => (manner('T', Length::Sentence), manner('T', Length::Feature)),
        Family::FullReports | Family::WireCopies => (manner('T', Length::Report), manner('T', Length::Report)),
        Family::QuoteAndFact => (manner('Q', Length::Lead), manner('T', Length::Lead)),
        Family::Questions => (manner('?', Length::Lead), manner('T', Length::Lead)),
        Family::FollowUps => (manner('F', Length::Bare), manner('T', Length::Lead)),
        _ => (manner('T', Length::Lead), manner('T', Length::Lead)),
    };
    match family {
        Family::BareTitles
        | Family::TitleAndText
        | Family::BriefAndFeature
        | Family::FullReports
        | Family::WireCopies => {
            let background = chance.percent(25) && family == Family::FullReports;
            (one.background, other.background) = (background, background && chance.percent(50));
        }
        Family::FollowUps => {
            one.length = if chance.percent(40) { Length::Bare } else { Length::Sentence };
            other.length = plain(chance);
        }
        _ => {
            (one.length, other.length) =
                if chance.percent(15) { (Length::Bare, plain(chance)) } else { (plain(chance), plain(chance)) }
        }
    }
    // Two reporters mostly find out different things.
    if !matches!(family, Family::WireCopies) && chance.percent(60) {
        (one.half, other.half) = (Some(0), Some(1));
    }
    other.other_spelling = matches!(family, Family::NameVariants | Family::Spellings);
    [one, other]
}

/// Later figures are larger.
fn grow(case: &mut Case<'_>, chance: &mut Chance) {
    for (name, kind) in &case.affair.slots {
        if matches!(kind, Kind::Grow(..))
            && let Some(value) = case.values.get_mut(name)
            && let Some(number) = value.number()
        {
            *value = Value::of_number(number + 1 + chance.below(number.max(2) as usize) as u32);
        }
    }
}

/// A copy: whole, cut behind, or cut in its midst, often under a dateline.
fn copied(text: &str, chance: &mut Chance) -> String {
    let stop = ["。", "। "].into_iter().find(|stop| text.contains(stop)).unwrap_or(". ");
    let sentences: Vec<&str> = text.split_inclusive(stop).collect();
    let cut = chance.below(3);
    let dropped = if sentences.len() > 2 { 1 + chance.below(sentences.len() - 1) } else { usize::MAX };
    let kept: String = sentences
        .iter()
        .enumerate()
        .filter(|(place, _)| match cut {
            0 => true,
            1 => *place < sentences.len().div_ceil(2),
            _ => *place != dropped,
        })
        .map(|(_, sentence)| *sentence)
        .collect();
    let dateline = ["", "(Wire) — ", "By our own staff. ", ""][chance.below(4)];
    format!("{dateline}{}", kept.trim_end())
}

/// American for British, letters without marks for letters with them.
fn respelled(text: &str, lang: &str) -> String {
    const AMERICAN: [(&str, &str); 12] = [
        ("centre", "center"),
        ("entre of", "enter of"),
        ("harbour", "harbor"),
        ("Harbour", "Harbor"),
        ("labour", "labor"),
        ("Labour", "Labor"),
        ("defence", "defense"),
        ("programme", "program"),
        ("kilometres", "kilometers"),
        ("metres", "meters"),
        ("mould", "mold"),
        ("favour", "favor"),
    ];
    const PLAIN: [(&str, &str); 12] = [
        ("é", "e"),
        ("è", "e"),
        ("á", "a"),
        ("í", "i"),
        ("ó", "o"),
        ("ú", "u"),
        ("ñ", "n"),
        ("ã", "a"),
        ("ç", "c"),
        ("ü", "u"),
        ("ş", "s"),
        ("ğ", "g"),
    ];
    const GERMAN: [(&str, &str); 4] = [("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")];
    let table: &[(&str, &str)] = match lang {
        "en" => &AMERICAN,
        "de" => &GERMAN,
        _ => &PLAIN,
    };
    table.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// One event is told within hours; only wires and features come the day after.
fn gap_within(family: Family, chance: &mut Chance) -> SignedDuration {
    let (least, most) = match (family, chance.below(10)) {
        (Family::FollowUps, _) => (20, 480),
        (_, 0..6) => (1, 300),
        (_, 6..9) => (300, 1_300),
        _ => (1_300, 2_600),
    };
    SignedDuration::from_mins(i64::from(chance.between(least, most)))
}

// ---- both ----

/// Gives each telling sentences of its own, or none.
fn colour(stock: &Stock, lang: &str, manners: &mut [Manner; 2], chance: &mut Chance) {
    for manner in manners {
        let count = match manner.length {
            Length::Bare | Length::Sentence => 0,
            Length::Lead => chance.below(2),
            Length::Report | Length::Feature => chance.below(if lang == "en" { 3 } else { 2 }),
        };
        manner.colour = (0..count).filter_map(|_| stock.colour(lang, chance)).collect();
    }
}

/// Lengths as feeds bring them.
fn length(chance: &mut Chance) -> Length {
    match chance.below(100) {
        0..25 => Length::Bare,
        25..45 => Length::Sentence,
        45..80 => Length::Lead,
        _ => Length::Report,
    }
}

fn finished(family: Family, lang: &str, tellings: [Telling; 2], at: [Timestamp; 2]) -> Pair {
    let [first, second] = tellings;
    let article =
        |telling: Telling, published: Timestamp| Article { title: telling.title, text: telling.text, published };
    Pair { family, lang: lang.to_owned(), articles: [article(first, at[0]), article(second, at[1])] }
}
