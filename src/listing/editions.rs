//! Station: the editions of digests that are kept, as a table, rows and JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::listing::json::{Layout, document};
use crate::listing::page::{BOLD, DIM, PLAIN, Page};
use crate::listing::plain::{fit, headline, moment, utc, width};
use crate::listing::sheet::{Sheet, exact, time, words};
use crate::listing::{Format, Style, csv, lines, markdown};
use crate::model::KeptEdition;

/// The editions that are kept (`editions`), schema `newsfold.editions/1`, in the order given.
pub fn editions(editions: &[KeptEdition], format: Format, style: &Style) -> String {
    match format {
        Format::Table => table(editions, style),
        Format::Lines => lines::rows(&sheet(editions)),
        Format::Json => json(editions, style.now),
        Format::Jsonl => editions.iter().map(|edition| document(&Shape::of(edition), Layout::OneLine)).collect(),
        Format::Csv => csv::rows(&sheet(editions)),
        Format::Markdown => markdown::table(&sheet(editions)),
    }
}

/// Under each digest's name its editions: number, when it was made, what it told, in what form.
fn table(editions: &[KeptEdition], style: &Style) -> String {
    let mut page = Page::of(style);
    let digits = editions.iter().map(|edition| edition.number.to_string().len()).max().unwrap_or(1);
    let mut name = None;
    for edition in editions {
        if name != Some(&edition.name) {
            page.line(&[(BOLD, &fit(&headline(&edition.name), page.columns))]);
            name = Some(&edition.name);
        }
        let number = format!("  {:>digits$}  ", edition.number);
        let stories = if edition.stories == 1 { "1 story".to_owned() } else { format!("{} stories", edition.stories) };
        let about = format!("{} · {stories} · {}", moment(edition.until, &style.zone), edition.format);
        let room = page.columns.saturating_sub(width(&number));
        page.line(&[(PLAIN, &number), (DIM, &fit(&about, room))]);
    }
    page.out
}

fn sheet(editions: &[KeptEdition]) -> Sheet {
    let row = |edition: &KeptEdition| {
        vec![
            words(&edition.name),
            exact(edition.number),
            time(Some(edition.from)),
            time(Some(edition.until)),
            exact(edition.stories),
            words(&edition.format),
            exact(edition.bytes),
        ]
    };
    Sheet {
        columns: vec!["name", "number", "from", "until", "stories", "format", "bytes"],
        rows: editions.iter().map(row).collect(),
    }
}

fn json(editions: &[KeptEdition], now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        editions: Vec<Shape<'a>>,
    }
    let shape = Document {
        schema: "newsfold.editions/1",
        generated: utc(now),
        editions: editions.iter().map(Shape::of).collect(),
    };
    document(&shape, Layout::Indented)
}

#[derive(Serialize)]
struct Shape<'a> {
    name: &'a str,
    number: u32,
    from: String,
    until: String,
    stories: usize,
    format: &'a str,
    bytes: usize,
}

impl<'a> Shape<'a> {
    fn of(edition: &'a KeptEdition) -> Shape<'a> {
        Shape {
            name: &edition.name,
            number: edition.number,
            from: utc(edition.from),
            until: utc(edition.until),
            stories: edition.stories,
            format: &edition.format,
            bytes: edition.bytes,
        }
    }
}
