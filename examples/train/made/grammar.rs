//! Affairs that news can be made of, as the files in `affairs` tell them.
//!
//! `affair NAME LANG MARKS…` begins one; `slot NAME KIND …` names what differs from case to case; `act NAME [not NAME]` begins a thing
//! that happens in it (perhaps one that excludes another), followed by its wordings, one a line after a letter: `T` a headline, `F` the
//! headline of the first minutes, `?` a question, `Q` a quotation, `G` a headline that would fit a hundred cases, `L` a first sentence,
//! `D` a further one. `B` is background that belongs to the whole affair. `{slot}` is filled in, `[one|another]` is chosen.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// Something that news is made of, and what can happen in it.
#[derive(Debug)]
pub struct Affair {
    pub name: String,
    pub lang: String,
    marks: Vec<String>,
    pub slots: Vec<(String, Kind)>,
    pub acts: Vec<Act>,
    pub backgrounds: Vec<String>,
}

/// What fills a slot.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Person,
    First,
    Place,
    Country,
    Firm,
    Club,
    School,
    Title,
    Code,
    Month,
    Quarter,
    Number(u32, u32),
    Decimal(u32, u32),
    /// A number that later reports may raise.
    Grow(u32, u32),
    /// A number that counts what comes one after the other.
    Serial(u32, u32),
    Pick(Vec<String>),
}

impl Kind {
    pub fn is_figure(&self) -> bool {
        matches!(self, Kind::Number(..) | Kind::Decimal(..) | Kind::Grow(..))
    }

    pub fn is_place(&self) -> bool {
        matches!(self, Kind::Place | Kind::Country | Kind::School)
    }

    pub fn is_body(&self) -> bool {
        matches!(self, Kind::Firm | Kind::Club | Kind::Title)
    }
}

/// One thing that happens.
#[derive(Debug)]
pub struct Act {
    pub name: String,
    pub opposite: Option<String>,
    lines: BTreeMap<char, Vec<String>>,
}

impl Act {
    /// Its wordings of a kind.
    pub fn lines(&self, kind: char) -> &[String] {
        self.lines.get(&kind).map_or(&[], Vec::as_slice)
    }
}

impl Affair {
    pub fn is(&self, mark: &str) -> bool {
        self.marks.iter().any(|held| held == mark)
    }

    pub fn kind(&self, slot: &str) -> Option<&Kind> {
        self.slots.iter().find(|(name, _)| name == slot).map(|(_, kind)| kind)
    }
}

/// Reads affairs.
pub fn read(text: &str) -> Result<Vec<Affair>> {
    let mut affairs: Vec<Affair> = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with("# "));
    for (number, line) in lines {
        read_line(line, &mut affairs).with_context(|| format!("line {}: `{line}`", number + 1))?;
    }
    Ok(affairs)
}

fn read_line(line: &str, affairs: &mut Vec<Affair>) -> Result<()> {
    let (head, rest) = line.split_once(' ').context("there is only one word")?;
    if head == "affair" {
        let mut words = rest.split(' ').map(str::to_owned);
        let (name, lang) = (words.next().unwrap_or_default(), words.next().context("it needs a language")?);
        let marks = words.collect();
        affairs.push(Affair { name, lang, marks, slots: Vec::new(), acts: Vec::new(), backgrounds: Vec::new() });
        return Ok(());
    }
    let affair = affairs.last_mut().context("no affair has begun")?;
    match head {
        "slot" => {
            let (name, kind) = rest.split_once(' ').context("a slot needs a kind")?;
            affair.slots.push((name.to_owned(), kind_of(kind)?));
        }
        "act" => {
            let (name, opposite) = match rest.split_once(" not ") {
                Some((name, opposite)) => (name, Some(opposite.to_owned())),
                None => (rest, None),
            };
            affair.acts.push(Act { name: name.to_owned(), opposite, lines: BTreeMap::new() });
        }
        "B" => affair.backgrounds.push(rest.to_owned()),
        "T" | "F" | "?" | "Q" | "G" | "L" | "D" => {
            let act = affair.acts.last_mut().context("no act has begun")?;
            act.lines.entry(head.chars().next().unwrap_or_default()).or_default().push(rest.to_owned());
        }
        _ => bail!("`{head}` is nothing"),
    }
    Ok(())
}

fn kind_of(text: &str) -> Result<Kind> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let range = || -> Result<(u32, u32)> {
        let (least, most) = rest.split_once(' ').context("it needs the least and the most")?;
        Ok((least.parse()?, most.parse()?))
    };
    Ok(match kind {
        "person" => Kind::Person,
        "first" => Kind::First,
        "place" => Kind::Place,
        "country" => Kind::Country,
        "firm" => Kind::Firm,
        "club" => Kind::Club,
        "school" => Kind::School,
        "title" => Kind::Title,
        "code" => Kind::Code,
        "month" => Kind::Month,
        "quarter" => Kind::Quarter,
        "number" => range().map(|(least, most)| Kind::Number(least, most))?,
        "decimal" => range().map(|(least, most)| Kind::Decimal(least, most))?,
        "grow" => range().map(|(least, most)| Kind::Grow(least, most))?,
        "serial" => range().map(|(least, most)| Kind::Serial(least, most))?,
        "pick" => Kind::Pick(rest.split(" | ").map(str::to_owned).collect()),
        _ => bail!("no slot is filled by `{kind}`"),
    })
}
