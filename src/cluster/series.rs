//! Station: whether two titles name different numbers of one series: stage 2 and stage 3, episode 12 and episode 13.
//!
//! Such titles share nearly all that is rare about them (the race, the riders, the podcast's name) and tell different stories.
//! Mere numbers will not do as a sign: a toll that grows from 12 to 17 is one story. What tells a series is the word beside the
//! number, so the words are listed. A word that is not listed costs precision in that series; one too many would cost stories.

/// Words that count things which come one after the other, in lower case: English, German, French, Spanish, Italian,
/// Portuguese, Dutch.
const WORDS: &[&str] = &[
    "aflevering",
    "ausgabe",
    "bulletin",
    "capítulo",
    "chapter",
    "crossword",
    "dag",
    "day",
    "deel",
    "dia",
    "día",
    "draw",
    "edition",
    "edición",
    "episode",
    "episodio",
    "episódio",
    "etappe",
    "etapa",
    "folge",
    "game",
    "gameweek",
    "giornata",
    "giorno",
    "heat",
    "issue",
    "jornada",
    "journée",
    "jour",
    "kapitel",
    "leg",
    "lot",
    "match",
    "matchday",
    "no",
    "nr",
    "number",
    "numéro",
    "número",
    "paket",
    "package",
    "part",
    "parte",
    "partie",
    "phase",
    "puntata",
    "puzzle",
    "quiz",
    "race",
    "rodada",
    "ronde",
    "round",
    "runde",
    "saison",
    "season",
    "semaine",
    "semana",
    "session",
    "settimana",
    "spieltag",
    "staffel",
    "stage",
    "stagione",
    "tag",
    "tappa",
    "teil",
    "temporada",
    "test",
    "tour",
    "tranche",
    "vol",
    "volume",
    "week",
    "woche",
    "épisode",
    "étape",
];

/// The series that a title counts in, with its numbers; mostly none.
#[derive(Debug)]
pub struct Series<'a>(Vec<(&'a str, u32)>);

impl<'a> Series<'a> {
    /// Those of a title: lower-case words divided by one space.
    pub fn of(title: &'a str) -> Series<'a> {
        Series(counted(title))
    }

    /// Whether another title counts in one of these series and agrees on no number of it.
    pub fn is_apart(&self, other: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let other = counted(other);
        self.0.iter().any(|(word, _)| {
            let theirs = || other.iter().filter(|(held, _)| held == word).map(|(_, number)| *number);
            let ours = |number: u32| self.0.contains(&(*word, number));
            theirs().next().is_some() && !theirs().any(ours)
        })
    }
}

/// Each series that a title counts in, with its number: `stage 2`, `3rd test`, `q3`.
fn counted(title: &str) -> Vec<(&str, u32)> {
    // Most titles are done with here: nothing is counted without a digit.
    if !title.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let words: Vec<&str> = title.split(' ').collect();
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        if WORDS.contains(word) {
            let behind = words.get(place + 1).and_then(|next| number(next));
            // `3rd test`, `3. Etappe`: only where no number follows, or `race 2 day 3` would count twice.
            let before = || place.checked_sub(1).and_then(|place| number(words[place]));
            found.extend(behind.or_else(before).map(|number| (*word, number)));
        } else if let Some(quarter) =
            word.strip_prefix('q').and_then(number).filter(|quarter| (1..=4).contains(quarter))
        {
            found.push(("q", quarter));
        }
    }
    found
}

fn number(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_series_are_told_apart_and_other_numbers_are_not() {
        let check = |left: &str, right: &str, expected: bool| {
            assert_eq!(Series::of(left).is_apart(right), expected, "{left} / {right}");
            assert_eq!(Series::of(right).is_apart(left), expected, "{right} / {left}");
        };
        check("two bays stage 2 sprint", "two bays stage 3 climb", true);
        check("two bays stage 2 sprint", "stage 2 goes to brusco", false);
        check("quake kills 12", "quake kills 17", false);
        check("deep field episode 12", "deep field episode 13", true);
        check("3rd test drawn", "2nd test won", true);
        check("farrow profit falls in q3", "farrow profit falls in q4", true);
        check("days 1 to 3", "day 2", false);
        check("day 2 of talks", "talks go on", false);
        check("week 5 and week 6 in pictures", "week 6 in pictures", false);
        check("bunch sprint in stage", "stage 3", false);
        check("3 etappe an weber", "2 etappe an klein", true);
        check("", "stage 3", false);
    }
}
