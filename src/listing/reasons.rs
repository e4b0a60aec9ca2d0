//! Station: stored reasons put into sentences; nothing is weighed again.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::listing::corrections::word;
use crate::listing::plain::{count, fit, headline, line, moment, percent, span};
use crate::listing::sheet::rounded;
use crate::listing::{Between, Detail, Pair, Style, Why};
use crate::model::{Correction, Evidence, How, Ranked, Reason, Ruling};

/// An answer to "why", ready to be laid out: every string is one safe line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is said in words.
    pub sentences: Vec<String>,
    /// What was weighed, where everything is to be told.
    pub balances: Vec<Balance>,
}

/// The evidence for one membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Of which article and cluster.
    pub title: String,
    /// The pieces, strongest first as they were stored.
    pub parts: Vec<Part>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its contribution with its sign: `+2.10` speaks for, `-0.80` against.
    pub weight: String,
    /// Its name.
    pub what: String,
    /// What was measured.
    pub value: String,
    /// What both sides share, rarest first.
    pub shared: String,
    /// To which side it leans: `Greater` for, `Less` against, `Equal` to neither.
    pub leaning: Ordering,
}

/// How many columns a title takes inside a sentence.
const TITLE_COLUMNS_MAX: usize = 60;

/// How many shared words a sentence names.
const SHARED_MAX: usize = 4;

/// How many pieces of evidence a sentence names; a balance has all of them.
const PIECES_MAX: usize = 3;

/// Why one article is where it is.
pub fn of_one(why: &Why, detail: Detail, style: &Style) -> Account {
    let place = match why.ranked.facts.article_count {
        1 => format!("{} is alone in {}", named(why), why.ranked.cluster.code),
        _ => format!("{} is in {}", named(why), cluster_named(&why.ranked)),
    };
    let mut sentences = vec![format!("{place}{}", since_words(since(why), style)), because(why, style)];
    if detail == Detail::Full {
        sentences.extend(nearest(why));
    }
    Account { sentences, balances: balances(&[why], detail) }
}

/// Why two articles are together or apart: what was decided of them when they came; what measuring one against the other's cluster
/// gives today only where nothing was decided of the two, or where all is to be told.
pub fn of_both(both: [&Why; 2], pair: Pair<'_>, detail: Detail, style: &Style) -> Account {
    let [one, other] = both;
    let are_together = one.ranked.cluster.id == other.ranked.cluster.id;
    let place = if are_together {
        format!("together in {}{}", cluster_named(&one.ranked), since_words(together_since(both), style))
    } else {
        format!("apart: {} and {}", cluster_named(&one.ranked), cluster_named(&other.ranked))
    };
    let told = |why: &Why| format!("{}: {}", named(why), because(why, style));
    let decided: Vec<String> = if are_together {
        // That one of them was the first says nothing of the other.
        let tells = |why: &&Why| detail == Detail::Full || why.member.joined.how != How::Founded;
        both.into_iter().filter(tells).map(told).collect()
    } else {
        let refused = |why: &Why, other: &Why| apart(why, other).map(|apart| format!("{}: {apart}", named(why)));
        [refused(one, other), refused(other, one)].into_iter().flatten().collect()
    };
    let measured = pair.between.and_then(|between| measured(both, between));
    let measured = measured.filter(|_| decided.is_empty() || detail == Detail::Full);
    let mut sentences = vec![place];
    sentences.extend(pair.correction.map(|correction| held(correction, style)));
    if decided.is_empty() && measured.is_none() {
        sentences.extend(both.map(|why| format!("{}; the other was not its next best", told(why))));
    }
    sentences.extend(decided);
    sentences.extend(measured);
    Account { sentences, balances: balances(&both, detail) }
}

/// `measured today: “Ring drops Flock” (The Verge) against c7f… alone, 23 %, less than the 55 % that a join needs; for it: title (+1.20);
/// against it: hours (-2.00)`.
fn measured(both: [&Why; 2], between: &Between) -> Option<String> {
    let later = both.into_iter().find(|why| why.member.article.id == between.article)?;
    let cluster = both.into_iter().find(|why| why.ranked.cluster.id == between.cluster)?;
    let Reason { probability, because, .. } = &between.reason;
    let verdict = if *probability >= between.needed { "enough for" } else { "less than" };
    let needed = match between.too_far {
        Some(seconds) => format!("and published {} apart, longer than the window", span(seconds)),
        None => format!("{verdict} the {} that a join needs", percent(between.needed)),
    };
    let mut parts = vec![format!(
        "measured today: {} against {} alone, {}, {needed}",
        named(later),
        cluster.ranked.cluster.code,
        percent(*probability),
    )];
    parts.extend(shares(because));
    parts.extend(names_of(because, |part| part.weight > 0.0).map(|names| format!("for it: {names}")));
    parts.extend(names_of(because, |part| part.weight < 0.0).map(|names| format!("against it: {names}")));
    Some(parts.join("; "))
}

/// Since when two articles are in one cluster: since the later came; `None` where one of them was brought by a merge, a split
/// or a correction, whose time the reason does not tell.
pub fn together_since([one, other]: [&Why; 2]) -> Option<Timestamp> {
    Some(since(one)?.max(since(other)?))
}

fn since(why: &Why) -> Option<Timestamp> {
    matches!(why.member.joined.how, How::Founded | How::Joined).then_some(why.member.article.seen)
}

fn since_words(since: Option<Timestamp>, style: &Style) -> String {
    since.map(|since| format!(", stored {}", moment(since, &style.zone))).unwrap_or_default()
}

/// `most like “Town ends contract” (Northern Wire), 7 h apart`. What came with others was measured together with them: there it is
/// said of them all.
fn nearest(why: &Why) -> Option<String> {
    let reason = &why.member.joined;
    let whose = match reason.how {
        How::Merged | How::Split => "of the articles it came with, the likest was like",
        How::Founded | How::Joined | How::Corrected => "most like",
    };
    let nearest = why.ranked.cluster.members.iter().find(|member| Some(member.article.id) == reason.nearest)?;
    let apart =
        reason.hours_apart.map(|hours| format!(", {} apart", span((hours.abs() * 3_600.0) as u64))).unwrap_or_default();
    Some(format!("{whose} {} ({}){apart}", quoted(&nearest.article.title), line(&nearest.article.outlet)))
}

/// `“Ring drops Flock” (The Verge)`.
fn named(why: &Why) -> String {
    let article = &why.member.article;
    format!("{} ({})", quoted(&article.title), line(&article.outlet))
}

/// `c7f3k2m9qd “Ring drops Flock”`.
fn cluster_named(ranked: &Ranked) -> String {
    format!("{} {}", ranked.cluster.code, quoted(&ranked.facts.headline))
}

fn quoted(title: &str) -> String {
    format!("“{}”", fit(&headline(title), TITLE_COLUMNS_MAX))
}

/// The reason in one line: `shares "flock safety", "ring"; 3 outlets within 14 h; 97 % sure; next best “…”, 11 %`.
fn because(why: &Why, style: &Style) -> String {
    let decided = decided(why, style);
    match &why.correction {
        // Named by a person, and where it was all the same.
        Some(correction) if why.member.joined.how != How::Corrected => {
            format!("{decided}; a person spoke of it, too {}", cited(correction, style))
        }
        _ => decided,
    }
}

/// What was decided of it.
fn decided(why: &Why, style: &Style) -> String {
    let reason = &why.member.joined;
    let mut parts = Vec::new();
    match reason.how {
        How::Founded => return founded(why),
        How::Joined => {}
        How::Merged => parts.push("came with a cluster that was merged into this one".to_owned()),
        How::Split => return split_off(why),
        How::Corrected => parts.push(corrected(why, style)),
    }
    parts.extend(why.member.copy_of.as_ref().map(|original| format!("repeats the text of {original}")));
    parts.extend(shares(&reason.because));
    parts.extend(extent(why));
    if reason.how != How::Corrected {
        parts.push(format!("{} sure", percent(reason.probability)));
    }
    parts.extend(names_of(&reason.because, speaks_against).map(|names| format!("against it: {names}")));
    parts.extend(next_best(why).map(|next| format!("next best {next}")));
    parts.join("; ")
}

/// `a person keeps them apart (correction 7, split, of …; …)`.
fn held(correction: &Correction, style: &Style) -> String {
    let how = if correction.ruling == Ruling::Merge { "holds them together" } else { "keeps them apart" };
    format!("a person {how} {}", cited(correction, style))
}

/// `a person put it here (correction 7, merge, of 14 Feb 2026, 09:30; …)`.
fn corrected(why: &Why, style: &Style) -> String {
    match &why.correction {
        Some(correction) => format!("a person put it here {}", cited(correction, style)),
        None => "a person's correction put it here".to_owned(),
    }
}

fn cited(Correction { number, ruling, made, .. }: &Correction, style: &Style) -> String {
    let takes_back = match ruling {
        Ruling::Undo => String::new(),
        _ => format!("; `newsfold undo {number}` takes it back"),
    };
    format!("(correction {number}, {}, of {}{takes_back})", word(*ruling), moment(*made, &style.zone))
}

fn founded(why: &Why) -> String {
    match next_best(why) {
        Some(next) => format!("first of its story; the nearest other was {next}"),
        None if !why.is_grouped => "its feed is stored and never grouped (`cluster = false`)".to_owned(),
        None => "first of its story; nothing stored was near enough to be weighed".to_owned(),
    }
}

/// What stands in `because` is what spoke against staying where it was.
fn split_off(why: &Why) -> String {
    let against = names_of(&why.member.joined.because, speaks_against);
    let against = against.map(|names| format!("; against it: {names}")).unwrap_or_default();
    match next_best(why) {
        Some(next) => format!("split off from another cluster with its part; staying there was {next}{against}"),
        None => "split off from another cluster with its part".to_owned(),
    }
}

/// `“Headline”, 11 %` of the runner-up.
fn next_best(why: &Why) -> Option<String> {
    let runner_up = why.member.joined.runner_up.as_ref()?;
    // What was the next best may have become one with its cluster.
    if why.rival.as_ref().is_some_and(|rival| rival.id == why.ranked.cluster.id) {
        return None;
    }
    let name =
        why.rival.as_ref().map_or_else(|| "a cluster no longer stored".to_owned(), |rival| quoted(&rival.headline));
    Some(format!("{name}, {}", percent(runner_up.probability)))
}

/// The words that spoke for it, each once: names before numbers before mere words, for a name tells a person most; and no word
/// that a name already holds.
fn shares(because: &[Evidence]) -> Option<String> {
    let telling = |part: &Evidence| match part.what.as_ref() {
        "names" => 0,
        "numbers" => 1,
        "title" => 2,
        _ => 3,
    };
    let mut parts: Vec<&Evidence> = because.iter().filter(|part| part.weight > 0.0).collect();
    parts.sort_by_key(|part| telling(part));
    let mut shared: Vec<String> = Vec::new();
    for word in parts.iter().flat_map(|part| part.shared.iter()) {
        let word = fit(&line(word), TITLE_COLUMNS_MAX);
        let lower = word.to_lowercase();
        if !shared
            .iter()
            .any(|known| known.to_lowercase().split(' ').any(|part| part == lower) || known.to_lowercase() == lower)
        {
            shared.push(word);
        }
    }
    for word in &mut shared {
        *word = format!("\"{word}\"");
    }
    shared.truncate(SHARED_MAX);
    (!shared.is_empty()).then(|| format!("shares {}", shared.join(", ")))
}

/// `3 outlets within 14 h`, of the cluster as it is today.
fn extent(why: &Why) -> Option<String> {
    let facts = &why.ranked.facts;
    let who = match facts.outlet_count() {
        1 => count(facts.article_count, "article"),
        outlets => count(outlets, "outlet"),
    };
    let seconds = facts.last_published.as_second().saturating_sub(facts.first_published.as_second());
    (facts.article_count > 1).then(|| format!("{who} within {}", span(seconds.unsigned_abs().max(60))))
}

/// Why an article did not come to the other's cluster, where that was decided: it was its next best.
fn apart(why: &Why, other: &Why) -> Option<String> {
    let runner_up = why.member.joined.runner_up.as_ref()?;
    if why.rival.as_ref()?.id != other.ranked.cluster.id {
        return None;
    }
    let mut parts =
        vec![format!("{} was its next best, {}", other.ranked.cluster.code, percent(runner_up.probability))];
    parts.extend(names_of(&runner_up.because, is_missing).map(|names| format!("nothing in common: {names}")));
    parts.extend(
        names_of(&runner_up.because, |part| speaks_against(part) && !is_missing(part))
            .map(|names| format!("against it: {names}")),
    );
    parts.extend(names_of(&runner_up.because, |part| part.weight > 0.0).map(|names| format!("for it: {names}")));
    Some(parts.join("; "))
}

/// The prior speaks against every join alike: that two articles tell one story is rare. It is no news about these two.
fn speaks_against(part: &Evidence) -> bool {
    part.weight < 0.0 && part.what != "prior"
}

fn is_missing(part: &Evidence) -> bool {
    part.weight <= 0.0 && part.value <= 0.0 && part.what != "prior"
}

/// `hours (-1.20), names (-0.40)` of the weightiest pieces that are meant; a piece too light for two digits is not worth a word.
fn names_of(because: &[Evidence], meant: impl Fn(&Evidence) -> bool) -> Option<String> {
    let named = |part: &Evidence| format!("{} ({})", line(&part.what), signed(part.weight));
    let names: Vec<String> =
        because.iter().filter(|part| meant(part) && part.weight.abs() >= 0.005).take(PIECES_MAX).map(named).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn balances(reasons: &[&Why], detail: Detail) -> Vec<Balance> {
    if detail == Detail::Brief {
        return Vec::new();
    }
    let mut balances = Vec::new();
    for why in reasons {
        let reason = &why.member.joined;
        let of = |cluster: String, because: &[Evidence]| Balance {
            title: format!("{} in {cluster}", why.member.article.code),
            parts: because.iter().map(part).collect(),
        };
        // What a founding article refused is its runner-up, and stands there.
        if !reason.because.is_empty() && !matches!(reason.how, How::Founded | How::Split) {
            balances
                .push(of(format!("{}, {}", cluster_named(&why.ranked), percent(reason.probability)), &reason.because));
        }
        if let Some(runner_up) = &reason.runner_up {
            let rival = why.rival.as_ref().map(|rival| format!("{} {}", rival.code, quoted(&rival.headline)));
            let rival = rival.unwrap_or_else(|| "a cluster no longer stored".to_owned());
            balances.push(of(format!("{rival}, {}", percent(runner_up.probability)), &runner_up.because));
        }
    }
    balances
}

fn part(part: &Evidence) -> Part {
    let shared: Vec<String> = part.shared.iter().map(line).collect();
    Part {
        weight: signed(part.weight),
        what: line(&part.what),
        value: rounded(part.value).to_string(),
        shared: shared.join(", "),
        leaning: part.weight.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
    }
}

fn signed(weight: f64) -> String {
    format!("{:+.2}", weight + 0.0)
}
