//! Station: lines on the way to a terminal, in its width and with its ink.

use std::fmt::Write;

use anstyle::{AnsiColor, Style as Ink};

use crate::listing::Style;
use crate::listing::plain::{pad, width, wrap};

pub(crate) const BOLD: Ink = Ink::new().bold();
pub(crate) const DIM: Ink = Ink::new().dimmed();
pub(crate) const PLAIN: Ink = Ink::new();
pub(crate) const GOOD: Ink = AnsiColor::Green.on_default();
pub(crate) const BAD: Ink = AnsiColor::Red.on_default();
pub(crate) const MATCH: Ink = AnsiColor::Yellow.on_default().bold();

/// What a width is taken for that nobody knows, and the least any width is taken for.
const COLUMNS_USUAL: u16 = 100;
const COLUMNS_MIN: usize = 40;

/// Lines on the way to a terminal.
pub(crate) struct Page {
    /// What is written so far.
    pub out: String,
    /// How wide a line may be.
    pub columns: usize,
    color: bool,
}

impl Page {
    /// An empty page for a terminal of this width.
    pub fn of(style: &Style) -> Page {
        Page {
            out: String::new(),
            columns: usize::from(style.width.unwrap_or(COLUMNS_USUAL)).max(COLUMNS_MIN),
            color: style.color,
        }
    }

    /// One line of inked words. Trailing spaces are left out, and so is ink on nothing.
    pub fn line(&mut self, words: &[(Ink, &str)]) {
        for (ink, words) in words.iter().filter(|(_, words)| !words.is_empty()) {
            let inked = self.color && *ink != PLAIN;
            let written = if inked { write!(self.out, "{ink}{words}{ink:#}") } else { write!(self.out, "{words}") };
            written.expect("a string takes whatever is written");
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// A heading with an empty line before it, where something stands before.
    pub fn section(&mut self, title: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.line(&[(BOLD, title)]);
    }

    /// A name and its value, which goes on under itself where it is long.
    pub fn pair(&mut self, names: usize, name: &str, value: (Ink, &str)) {
        let values = wrap(value.1, self.columns.saturating_sub(names + 4).max(12));
        for (place, words) in values.iter().enumerate() {
            let name = if place == 0 { name } else { "" };
            self.line(&[(PLAIN, "  "), (DIM, &pad(name, names.max(width(name)))), (PLAIN, "  "), (value.0, words)]);
        }
    }
}
