//! Station: paragraphs in the making: white space folded, lists and quotations marked, links counted.

use crate::clean::characters::{Fate, fate};

/// What a paragraph is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// Running text.
    #[default]
    Paragraph,
    /// A heading.
    Heading,
    /// An entry of a list, its mark and indent in front.
    Item,
    /// A row of a table, its cells divided by ` | `.
    Row,
    /// Text whose white space is its own.
    Verbatim,
}

/// One paragraph; its lines, if it has several, are divided by newlines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// What it says.
    pub text: String,
    /// What it is.
    pub form: Form,
    /// How many of its bytes are the text of links.
    pub linked_bytes: usize,
    /// Where its last link begins, if nothing but marks follow that link.
    pub last_link: Option<usize>,
}

impl Block {
    /// Whether it is nothing but a link, but for marks around it.
    pub fn is_link(&self) -> bool {
        if self.linked_bytes == 0 {
            return false;
        }
        let words =
            self.text.chars().filter(|character| character.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
        words > 0 && self.linked_bytes >= words
    }
}

/// Paragraphs divided by one empty line; the entries of a list and the rows of a table by a newline alone.
pub(crate) fn join(blocks: &[Block]) -> String {
    let mut text = String::with_capacity(blocks.iter().map(|block| block.text.len() + 2).sum());
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            let is_next_line = block.form == blocks[index - 1].form && matches!(block.form, Form::Item | Form::Row);
            text.push_str(if is_next_line { "\n" } else { "\n\n" });
        }
        text.push_str(&block.text);
    }
    text
}

/// How newlines of the source count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newlines {
    /// As in HTML: white space.
    Space,
    /// As in a text whose paragraphs are divided by empty lines: line ends.
    Line,
    /// As in a text with one paragraph a line.
    Paragraph,
}

/// Gathers text into blocks.
#[derive(Default)]
pub(crate) struct Draft {
    /// The finished paragraphs.
    pub blocks: Vec<Block>,
    /// `href`s of its links, as they came.
    pub links: Vec<String>,
    current: Block,
    /// White space was met since the last character.
    space: bool,
    /// Line breaks met since the last character.
    breaks: usize,
    /// Open `pre` elements.
    verbatim: usize,
    /// Open lists: the next number of an ordered one.
    lists: Vec<Option<u32>>,
    /// Open quotations: the block each began with.
    quotes: Vec<usize>,
    /// What goes in front of the next character: an item's mark.
    mark: String,
    form: Form,
    is_in_link: bool,
}

/// Lists inside of lists beyond this depth are not indented further.
const LISTS_MAX: usize = 16;

impl Draft {
    /// Adds text; `newlines` says what a line end in it means.
    pub fn push_text(&mut self, text: &str, newlines: Newlines) {
        let mut rest = text;
        while !rest.is_empty() {
            // Most of any text is words of ASCII, which stay as they are.
            let plain = rest.bytes().position(|byte| !byte.is_ascii_graphic()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(plain);
            self.push_word(word);
            let mut characters = behind.chars();
            if let Some(character) = characters.next() {
                self.push_odd(character, newlines);
            }
            rest = characters.as_str();
        }
    }

    /// Adds a character that may be no part of a plain text.
    fn push_odd(&mut self, character: char, newlines: Newlines) {
        match fate(character, || self.current.text.chars().next_back()) {
            Fate::Goes => {}
            Fate::Stays => self.push(character),
            Fate::Space if self.verbatim > 0 => self.push_verbatim_space(character),
            Fate::Space if character == '\n' || character == '\u{2028}' || character == '\u{2029}' => match newlines {
                Newlines::Space => self.space = true,
                Newlines::Line => self.break_line(),
                Newlines::Paragraph => self.end_block(),
            },
            Fate::Space => self.space = true,
        }
    }

    fn push_verbatim_space(&mut self, character: char) {
        self.begin();
        match character {
            '\n' => self.current.text.push('\n'),
            '\t' => self.current.text.push_str("    "),
            '\r' => {}
            _ => self.current.text.push(' '),
        }
    }

    /// A paragraph's first character settles what it is.
    fn begin(&mut self) {
        if self.current.text.is_empty() {
            self.current.form = if self.verbatim > 0 { Form::Verbatim } else { self.form };
            self.current.text.push_str(&std::mem::take(&mut self.mark));
        }
    }

    fn push(&mut self, character: char) {
        self.push_word(character.encode_utf8(&mut [0; 4]));
    }

    /// Adds characters that all stay.
    fn push_word(&mut self, word: &str) {
        if word.is_empty() {
            return;
        }
        if self.current.text.is_empty() {
            self.begin();
        } else if self.breaks > 0 {
            self.current.text.push('\n');
        } else if self.space {
            self.current.text.push(' ');
        }
        self.space = false;
        self.breaks = 0;
        if self.is_in_link {
            let words = word.chars().filter(|character| character.is_alphanumeric());
            self.current.linked_bytes += words.map(char::len_utf8).sum::<usize>();
        } else if self.current.last_link.is_some() && word.contains(char::is_alphanumeric) {
            self.current.last_link = None;
        }
        self.current.text.push_str(word);
    }

    /// A line end; the second in a row ends the paragraph.
    pub fn break_line(&mut self) {
        if self.verbatim > 0 {
            self.current.text.push('\n');
        } else if !self.current.text.is_empty() {
            self.breaks += 1;
            if self.breaks > 1 {
                self.end_block();
            }
        }
    }

    /// Ends the paragraph, if one was begun.
    pub fn end_block(&mut self) {
        self.space = false;
        self.breaks = 0;
        let mut block = std::mem::take(&mut self.current);
        if block.form == Form::Verbatim {
            block.text = trim_verbatim(&block.text);
        }
        if !block.text.trim().is_empty() {
            self.blocks.push(block);
        }
    }

    /// A heading begins or ends.
    pub fn heading(&mut self, begins: bool) {
        self.end_block();
        self.form = if begins { Form::Heading } else { Form::Paragraph };
    }

    /// A table's row begins or ends.
    pub fn row(&mut self, begins: bool) {
        self.end_block();
        self.form = if begins { Form::Row } else { Form::Paragraph };
    }

    /// A table's cell begins.
    pub fn cell(&mut self) {
        if !self.current.text.is_empty() {
            self.current.text.push_str(" |");
            self.space = true;
            self.breaks = 0;
        }
    }

    /// A `pre` begins or ends.
    pub fn verbatim(&mut self, begins: bool) {
        self.end_block();
        self.verbatim = if begins { self.verbatim + 1 } else { self.verbatim.saturating_sub(1) };
    }

    /// A list begins or ends.
    pub fn list(&mut self, begins: bool, is_ordered: bool) {
        self.end_block();
        self.form = Form::Paragraph;
        self.mark.clear();
        if !begins {
            self.lists.pop();
        } else if self.lists.len() < LISTS_MAX {
            self.lists.push(is_ordered.then_some(1));
        }
    }

    /// An entry of a list begins or ends.
    pub fn item(&mut self, begins: bool) {
        self.end_block();
        self.mark.clear();
        self.form = Form::Paragraph;
        if begins {
            self.form = Form::Item;
            self.mark = "  ".repeat(self.lists.len().saturating_sub(1));
            match self.lists.last_mut() {
                Some(Some(number)) => {
                    self.mark.push_str(&format!("{number}. "));
                    *number = number.saturating_add(1);
                }
                _ => self.mark.push_str("- "),
            }
        }
    }

    /// A block begins or ends. One that begins an entry of a list is the entry, whose mark still waits for its words.
    pub fn block(&mut self) {
        if self.form != Form::Item || self.mark.is_empty() {
            self.end_block();
        }
    }

    /// A quotation begins or ends.
    pub fn quote(&mut self, begins: bool) {
        self.end_block();
        if begins {
            self.quotes.push(self.blocks.len());
        } else if let Some(start) = self.quotes.pop()
            && self.quotes.is_empty()
        {
            enclose(&mut self.blocks[start..]);
        }
    }

    /// A link begins.
    pub fn begin_link(&mut self, href: Option<&str>, links_max: usize) {
        self.is_in_link = true;
        let start = self.current.text.len();
        self.current.last_link = Some(start);
        if let Some(href) = href.map(str::trim).filter(|href| !href.is_empty())
            && self.links.len() < links_max
        {
            self.links.push(href.to_owned());
        }
    }

    /// A link ends.
    pub fn end_link(&mut self) {
        self.is_in_link = false;
    }

    /// How many bytes of prose it holds: what is neither link nor mark.
    pub fn prose_bytes(&self) -> usize {
        let blocks = self.blocks.iter().chain([&self.current]);
        blocks.map(|block| block.text.len().saturating_sub(block.linked_bytes)).sum()
    }

    /// Takes in another draft's paragraphs, as paragraphs of their own.
    pub fn append(&mut self, mut other: Draft) {
        self.end_block();
        other.finish();
        self.blocks.append(&mut other.blocks);
        self.links.append(&mut other.links);
    }

    /// Ends whatever is open.
    pub fn finish(&mut self) {
        self.end_block();
        while !self.quotes.is_empty() {
            self.quote(false);
        }
    }
}

/// The text of a `pre` without its empty first and last lines and without blanks at line ends.
fn trim_verbatim(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    lines[first..last].join("\n")
}

/// A quotation set off by its block keeps its marks when the block is gone, unless it brings its own.
fn enclose(blocks: &mut [Block]) {
    let is_quoted = |text: &str| text.starts_with(['"', '“', '„', '«', '»', '‹', '‘', '‚', '「', '『', '\'']);
    let (Some(first), true) = (blocks.first(), blocks.iter().all(|block| block.form == Form::Paragraph)) else {
        return;
    };
    if is_quoted(&first.text) {
        return;
    }
    for block in blocks.iter_mut() {
        block.text.insert(0, '“');
        block.last_link = block.last_link.map(|start| start + '“'.len_utf8());
    }
    if let Some(last) = blocks.last_mut() {
        last.text.push('”');
    }
}
