//! Station: one row a line, a tab between fields, for `cut`, `awk` and `while read`.

use crate::listing::reasons::Account;
use crate::listing::sheet::Sheet;

/// The rows without a header. Cells are single lines without tabs already, so that no field can forge a row.
pub fn rows(sheet: &Sheet) -> String {
    let mut out = String::new();
    for row in &sheet.rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                out.push('\t');
            }
            out.push_str(cell.text());
        }
        out.push('\n');
    }
    out
}

/// Reasons as unbroken lines: the sentences, then the evidence with tabs between weight, name, value and shared words.
pub fn reasons(account: &Account) -> String {
    let mut out = String::new();
    for sentence in &account.sentences {
        out.push_str(sentence);
        out.push('\n');
    }
    for balance in &account.balances {
        out.push_str(&balance.title);
        out.push('\n');
        for part in &balance.parts {
            out.push_str(&format!("{}\t{}\t{}\t{}\n", part.weight, part.what, part.value, part.shared));
        }
    }
    out
}
