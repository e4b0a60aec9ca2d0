//! Station: a person's corrections: what one has done, and the log of them, as sentences, a table, rows and JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::listing::json::{Layout, document};
use crate::listing::page::{BOLD, DIM, PLAIN, Page};
use crate::listing::plain::{count, fit, headline, moment, pad, utc, width};
use crate::listing::sheet::{Sheet, exact, time, words};
use crate::listing::{Format, Style, csv, lines, markdown};
use crate::model::{Code, Correction, Ruling};

/// A correction with what it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Corrected {
    /// The correction.
    pub correction: Correction,
    /// The articles of its one side, as far as they are stored.
    pub ones: Vec<Named>,
    /// The articles of its other side, as far as they are stored.
    pub others: Vec<Named>,
    /// The articles that it moved, once it is obeyed.
    pub moved: Vec<Named>,
    /// The number of the correction that undid it.
    pub undone_by: Option<i64>,
}

/// An article by id and title.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its public id.
    pub id: Code,
    /// Its title.
    pub title: String,
}

/// A cluster that a correction left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Its public id.
    pub id: Code,
    /// Its headline.
    pub headline: String,
    /// How many articles it holds.
    pub articles: usize,
}

#[derive(Serialize)]
struct CorrectionShape<'a> {
    schema: &'static str,
    number: i64,
    made: String,
    ruling: Ruling,
    articles: Vec<&'a Code>,
    others: Vec<&'a Code>,
    undoes: Option<i64>,
    undone_by: Option<i64>,
    obeyed: bool,
    moved: Vec<&'a Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clusters: Option<Vec<&'a Code>>,
}

fn shape<'a>(corrected: &'a Corrected, left: Option<&'a [Left]>) -> CorrectionShape<'a> {
    let codes = |named: &'a [Named]| named.iter().map(|named| &named.id).collect();
    CorrectionShape {
        schema: "newsfold.correction/1",
        number: corrected.correction.number,
        made: utc(corrected.correction.made),
        ruling: corrected.correction.ruling,
        articles: codes(&corrected.ones),
        others: codes(&corrected.others),
        undoes: corrected.correction.undoes,
        undone_by: corrected.undone_by,
        obeyed: corrected.correction.seq.is_some(),
        moved: codes(&corrected.moved),
        clusters: left.map(|left| left.iter().map(|left| &left.id).collect()),
    }
}

/// What a correction has done (`merge`, `split`, `apart`, `undo`), schema `newsfold.correction/1`: `left` are the clusters in which the
/// articles that it names are now, `undone` what it took back.
pub fn told(corrected: &Corrected, left: &[Left], undone: Option<&Corrected>, format: Format, style: &Style) -> String {
    match format {
        Format::Json => document(&shape(corrected, Some(left)), Layout::Indented),
        Format::Jsonl => document(&shape(corrected, Some(left)), Layout::OneLine),
        Format::Table | Format::Lines | Format::Csv | Format::Markdown => sentences(corrected, left, undone, style),
    }
}

fn sentences(corrected: &Corrected, left: &[Left], undone: Option<&Corrected>, style: &Style) -> String {
    let correction = &corrected.correction;
    let number = correction.number;
    if correction.seq.is_none() {
        return format!("noted as correction {number}; it is obeyed with the next batch\n");
    }
    let gone = count(corrected.moved.len(), "article");
    let first = match (correction.ruling, corrected.moved.is_empty()) {
        (Ruling::Merge, false) => "one story from now on:".to_owned(),
        (Ruling::Merge, true) => "they are together already, and no later article parts them:".to_owned(),
        (Ruling::Split | Ruling::Apart, false) => "stories of their own from now on:".to_owned(),
        (Ruling::Split | Ruling::Apart, true) => {
            "they are apart already, and no later article brings them together:".to_owned()
        }
        (Ruling::Undo, _) => {
            let what = undone.map(|undone| format!(" ({})", named(undone, style))).unwrap_or_default();
            format!("correction {} holds no more{what}; {gone} went back:", correction.undoes.unwrap_or_default())
        }
    };
    let mut out = format!("{first}\n");
    for Left { id, headline: title, articles } in left {
        out.push_str(&format!("  {id}  “{}”, {}\n", fit(&headline(title), 60), count(*articles, "article")));
    }
    if correction.ruling != Ruling::Undo {
        out.push_str(&format!("correction {number}; `newsfold undo {number}` takes it back\n"));
    }
    out
}

/// `merge of 12 Feb 2026, 15:04`.
fn named(corrected: &Corrected, style: &Style) -> String {
    format!("{} of {}", word(corrected.correction.ruling), moment(corrected.correction.made, &style.zone))
}

/// A ruling as it is typed.
pub(crate) fn word(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Merge => "merge",
        Ruling::Split => "split",
        Ruling::Apart => "apart",
        Ruling::Undo => "undo",
    }
}

/// The log of corrections (`corrections`), schema `newsfold.corrections/1`, in the order in which they were made.
pub fn log(corrections: &[Corrected], format: Format, style: &Style) -> String {
    match format {
        Format::Table => table(corrections, style),
        Format::Lines => lines::rows(&sheet(corrections)),
        Format::Json => json(corrections, style.now),
        Format::Jsonl => json_by_line(corrections),
        Format::Csv => csv::rows(&sheet(corrections)),
        Format::Markdown => markdown::table(&sheet(corrections)),
    }
}

/// One correction a line, as `corrections export` writes and `corrections import` reads them.
pub fn json_by_line(corrections: &[Corrected]) -> String {
    corrections.iter().map(|corrected| document(&shape(corrected, None), Layout::OneLine)).collect()
}

fn json(corrections: &[Corrected], now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Log<'a> {
        schema: &'static str,
        generated: String,
        corrections: Vec<CorrectionShape<'a>>,
    }
    let corrections = corrections.iter().map(|corrected| shape(corrected, None)).collect();
    document(&Log { schema: "newsfold.corrections/1", generated: utc(now), corrections }, Layout::Indented)
}

fn table(corrections: &[Corrected], style: &Style) -> String {
    if corrections.is_empty() {
        return "No corrections.\n".to_owned();
    }
    let mut page = Page::of(style);
    for corrected in corrections {
        let correction = &corrected.correction;
        let about = state(corrected).map_or_else(String::new, |state| format!("  {state}"));
        page.line(&[
            (BOLD, &pad(&correction.number.to_string(), 4)),
            (PLAIN, &pad(word(correction.ruling), 7)),
            (DIM, &moment(correction.made, &style.zone)),
            (PLAIN, &about),
        ]);
        for side in [&corrected.ones, &corrected.others] {
            let Some(first) = side.first() else { continue };
            let more = if side.len() > 1 { format!(" and {} more", side.len() - 1) } else { String::new() };
            let room = page.columns.saturating_sub(6 + width(&first.id.0) + width(&more));
            let title = fit(&headline(&first.title), room.max(8));
            page.line(&[(PLAIN, "    "), (DIM, &first.id.0), (PLAIN, "  "), (PLAIN, &title), (DIM, &more)]);
        }
    }
    page.out
}

/// What is to be known of one beside what it says.
fn state(corrected: &Corrected) -> Option<String> {
    let correction = &corrected.correction;
    match (correction.undoes, corrected.undone_by, correction.seq) {
        (Some(undone), _, _) => Some(format!("of {undone}")),
        (_, Some(undoing), _) => Some(format!("undone by {undoing}")),
        (_, _, None) => Some("waits for the next batch".to_owned()),
        _ => None,
    }
}

fn sheet(corrections: &[Corrected]) -> Sheet {
    let ids = |named: &[Named]| named.iter().map(|named| named.id.0.as_str()).collect::<Vec<_>>().join(" ");
    let row = |corrected: &Corrected| {
        let correction = &corrected.correction;
        vec![
            exact(correction.number),
            time(Some(correction.made)),
            exact(word(correction.ruling)),
            words(&ids(&corrected.ones)),
            words(&ids(&corrected.others)),
            exact(correction.undoes.map(|undone| undone.to_string()).unwrap_or_default()),
            exact(corrected.undone_by.map(|undoing| undoing.to_string()).unwrap_or_default()),
            exact(correction.seq.is_some()),
        ]
    };
    Sheet {
        columns: vec!["number", "made", "ruling", "articles", "others", "undoes", "undone_by", "obeyed"],
        rows: corrections.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use crate::listing::corrections::{Corrected, Left, Named, log, told};
    use crate::listing::{Format, Style};
    use crate::model::{ArticleId, Code, Correction, Ruling};

    fn corrected(ruling: Ruling, seq: Option<i64>, moved: usize) -> Corrected {
        let named = |id: &str, title: &str| Named { id: Code(id.to_owned()), title: title.to_owned() };
        let all = [named("a1bc", "Dam breaks\u{202e}"), named("a2bc", "Dam\nbroken")];
        Corrected {
            correction: Correction {
                number: 7,
                made: Timestamp::from_second(1_770_984_000).unwrap(),
                ruling,
                ones: vec![ArticleId(1)],
                others: vec![ArticleId(2)],
                undoes: (ruling == Ruling::Undo).then_some(5),
                seq,
            },
            ones: if ruling == Ruling::Undo { vec![] } else { vec![all[0].clone()] },
            others: if ruling == Ruling::Undo { vec![] } else { vec![all[1].clone()] },
            moved: all[..moved].to_vec(),
            undone_by: None,
        }
    }

    fn style() -> Style {
        Style {
            width: Some(60),
            color: false,
            zone: TimeZone::UTC,
            now: Timestamp::from_second(1_770_990_000).unwrap(),
        }
    }

    #[test]
    fn a_correction_says_what_came_of_it_and_how_it_is_taken_back() {
        let left = [Left { id: Code("c1bc".to_owned()), headline: "Dam breaks".to_owned(), articles: 5 }];
        let check = |corrected: &Corrected, expected: &str| {
            assert_eq!(told(corrected, &left, None, Format::Lines, &style()), expected);
        };
        let tail = "  c1bc  “Dam breaks”, 5 articles\ncorrection 7; `newsfold undo 7` takes it back\n";
        check(&corrected(Ruling::Merge, Some(9), 1), &format!("one story from now on:\n{tail}"));
        check(
            &corrected(Ruling::Apart, Some(9), 0),
            &format!("they are apart already, and no later article brings them together:\n{tail}"),
        );
        check(
            &corrected(Ruling::Undo, Some(9), 2),
            "correction 5 holds no more; 2 articles went back:\n  c1bc  “Dam breaks”, 5 articles\n",
        );
        check(&corrected(Ruling::Split, None, 0), "noted as correction 7; it is obeyed with the next batch\n");
    }

    #[test]
    fn the_log_is_told_in_every_form() {
        let mut undone = corrected(Ruling::Split, Some(9), 1);
        undone.undone_by = Some(8);
        let all = [undone, corrected(Ruling::Undo, None, 0)];
        let table = "7   split  2026-02-13 12:00  undone by 8\n    a1bc  Dam breaks\n    a2bc  Dam broken\n7   undo   2026-02-13 12:00  of 5\n";
        assert_eq!(log(&all, Format::Table, &style()), table);
        let line = "7\t2026-02-13T12:00:00Z\tsplit\ta1bc\ta2bc\t\t8\ttrue\n";
        assert!(log(&all, Format::Lines, &style()).starts_with(line));
        let json = "{\"schema\":\"newsfold.correction/1\",\"number\":7,\"made\":\"2026-02-13T12:00:00Z\",\"ruling\":\"split\",\
             \"articles\":[\"a1bc\"],\"others\":[\"a2bc\"],\"undoes\":null,\"undone_by\":8,\"obeyed\":true,\"moved\":[\"a1bc\"]}\n";
        assert!(log(&all, Format::Jsonl, &style()).starts_with(json), "{}", log(&all, Format::Jsonl, &style()));
        assert!(log(&all, Format::Json, &style()).contains("\"schema\": \"newsfold.corrections/1\""));
    }
}
