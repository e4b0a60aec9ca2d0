//! Station: comma-separated values by RFC 4180, safe to open in a spreadsheet.

use crate::listing::sheet::{Cell, Sheet};

/// A header line, then a line for each row; lines end with CR LF.
pub fn rows(sheet: &Sheet) -> String {
    let mut out = String::new();
    record(&mut out, sheet.columns.iter().copied());
    out + &records(sheet)
}

/// The rows alone, for a sheet that goes on.
pub fn records(sheet: &Sheet) -> String {
    let mut out = String::new();
    for row in &sheet.rows {
        let cells: Vec<String> = row.iter().map(guarded).collect();
        record(&mut out, cells.iter().map(String::as_str));
    }
    out
}

fn record<'a>(out: &mut String, fields: impl Iterator<Item = &'a str>) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains([',', '"', '\r', '\n']) || field.starts_with(' ') || field.ends_with(' ') {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}

/// Words that begin like a formula get an apostrophe in front, which spreadsheets take for "this is text" (OWASP, "CSV
/// injection"; the full-width signs because some locales read them alike). Numbers of our own stay numbers, negative ones too.
fn guarded(cell: &Cell) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    match cell {
        Cell::Words(text) if text.trim_start_matches(['"', '\'', ' ']).starts_with(FORMULA) => format!("'{text}"),
        cell => cell.text().to_owned(),
    }
}
