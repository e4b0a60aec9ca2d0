//! Station: a reader of our own for feeds in any dialect of XML, well formed or not, in one linear pass and without a tree.
//!
//! It looks at every document first. So it guards the strict parser (nesting, attributes, number of entries, what would make
//! it panic), tells what that parser leaves out, and how many entries there are to be found; and where nothing stricter
//! finds them all, what it found stands.

mod fields;
mod found;
mod names;

use std::borrow::Cow;
use std::rc::Rc;

use url::Url;

use crate::parse::lenient::names::{Field, Scope, Space};
use crate::parse::tags::{Mark, Marks, Tag, is_of_windows, local};
use crate::parse::{Hints, ParseError, dangers};

pub(crate) use crate::parse::lenient::found::{Address, Found, Look, Piece, Said, Words};

/// Looks over a document.
///
/// # Errors
/// `TooDeep` (977 nested `media:group` overflow a thread's stack in feed-rs, and no panic is raised) and `TooManyAttributes`.
pub(crate) fn look<'a>(text: &'a str, hints: &Hints) -> Result<Look<'a>, ParseError> {
    let mut reader = Reader {
        text,
        hints,
        open: Vec::new(),
        scope: Scope::default(),
        bases: hints.near_base().map(|base| (0, Rc::new(base.clone()))).into_iter().collect(),
        given_bases: usize::from(hints.near_base().is_some()),
        has_bases: false,
        langs: Vec::new(),
        frames: Vec::new(),
        entry: None,
        period: None,
        frequency: None,
        look: Look::default(),
    };
    let mut marks = Marks::of(text);
    while let Some(mark) = marks.next() {
        match mark {
            Mark::Start(tag) => reader.start(&tag)?,
            Mark::End { name, at, end } => reader.end(name, at, end),
            Mark::Text(text) => reader.text(text, Piece::Escaped(text)),
            Mark::Cdata(text) => reader.text(text, Piece::Plain(text)),
            Mark::Instruction { text, .. } => reader.look.is_dangerous |= dangers::is_declaration(text),
        }
        if reader.look.cut.is_some() {
            reader.look.dropped = 1 + rest_of_entries(marks);
            break;
        }
    }
    Ok(reader.finish())
}

/// How many entries begin among these marks.
fn rest_of_entries(marks: Marks) -> usize {
    let is_entry = |mark: &Mark| matches!(mark, Mark::Start(tag) if names::is_entry(Space::Feed, tag.name));
    marks.filter(is_entry).count()
}

/// An element that means something, while it is open.
struct Frame<'a> {
    kind: Kind<'a>,
    name: &'a str,
    /// How many elements are open with it.
    depth: usize,
}

enum Kind<'a> {
    /// A root or a channel.
    Feed,
    /// An entry.
    Entry,
    /// An element that only holds others which mean what they would mean outside of it.
    Clear,
    /// A field, whose text is gathered.
    Field(Gathered<'a>),
}

/// A field's text while it is gathered.
struct Gathered<'a> {
    field: Field,
    rank: u8,
    words: Words<'a>,
    /// Whether elements inside of it are part of its text.
    markup: Markup,
    /// Whether it is the feed's and no entry's.
    is_feeds: bool,
    /// Whether an element inside of it has said what it means.
    is_said: bool,
}

/// What elements inside of a field are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Markup {
    /// No part of its text.
    No,
    /// Part of its text as soon as one comes: a publisher forgot to escape them.
    Loose,
    /// Part of its text, since one came.
    Come,
    /// Its text is XHTML.
    Declared,
    /// Its text is XHTML inside of a `div` that is no part of it (RFC 4287, 3.1.1.3); how many elements are open with the `div`.
    Wrapped(usize),
}

struct Reader<'a, 'h> {
    text: &'a str,
    hints: &'h Hints,
    /// Names of the open elements.
    open: Vec<&'a str>,
    scope: Scope<'a>,
    /// What relative links are relative to, and from which depth on.
    bases: Vec<(usize, Rc<Url>)>,
    /// How many of them the document did not declare.
    given_bases: usize,
    /// Whether the document has declared one.
    has_bases: bool,
    langs: Vec<(usize, Cow<'a, str>)>,
    frames: Vec<Frame<'a>>,
    entry: Option<Found<'a>>,
    /// Seconds of `sy:updatePeriod`, and `sy:updateFrequency`.
    period: Option<u64>,
    frequency: Option<u64>,
    look: Look<'a>,
}

/// Bytes that the address may have which links are relative to: it is copied for each of them.
pub(crate) const BASE_BYTES_MAX: usize = 1024;

/// End tags that do not fit are answered by this many open elements at most: more would take quadratic time.
const MISFITS_LOOKED_AT: usize = 64;

impl<'a> Reader<'a, '_> {
    fn start(&mut self, tag: &Tag<'a>) -> Result<(), ParseError> {
        self.guard(tag)?;
        let depth = self.open.len();
        if !tag.inside.is_empty() && tag.inside.contains("xml") {
            self.scope.open(tag, depth);
            self.note_base_and_lang(tag, depth);
        }
        let space = self.scope.of(tag.name);
        self.look.is_dangerous |= dangers::has_endless_time(tag);
        self.close_what_was_forgotten(space, tag);
        let is_closed = tag.is_empty || (self.is_in_markup() && names::is_void(tag.name));
        let opens = !is_closed;
        if opens {
            self.open.push(tag.name);
        }
        let is_open_field = matches!(self.frames.last(), Some(Frame { kind: Kind::Field(_), .. }));
        if is_open_field && !self.is_entry_outside_of_markup(space, tag) {
            self.inner(tag, space);
        } else if names::is_entry(space, tag.name) {
            self.begin_entry(tag);
        } else if self.is_child_of_frame(opens) {
            self.child(tag, space);
        }
        if !opens {
            self.forget_deeper_than(depth);
        }
        Ok(())
    }

    /// # Errors
    /// Where the tag goes beyond what a feed may have.
    fn guard(&self, tag: &Tag) -> Result<(), ParseError> {
        let (depth_max, attributes_max) = (self.hints.depth_max, self.hints.attributes_max);
        if self.open.len() >= depth_max {
            return Err(ParseError::TooDeep { depth_max });
        }
        // An attribute has four bytes at least: a blank, a letter, `=` and a quote.
        if tag.inside.len() / 4 > attributes_max && tag.attributes().nth(attributes_max).is_some() {
            return Err(ParseError::TooManyAttributes { attributes_max });
        }
        Ok(())
    }

    fn note_base_and_lang(&mut self, tag: &Tag<'a>, depth: usize) {
        if let Some(base) = tag.value("xml:base") {
            self.has_bases = true;
            if base.len() > BASE_BYTES_MAX {
                // feed-rs copies it for every element.
                self.look.is_odd = true;
                return;
            }
            let outer = self.bases.last().map(|(_, base)| base);
            let joined = outer.map_or_else(|| Url::parse(&base), |outer| outer.join(&base));
            if let Ok(base) = joined {
                self.bases.push((depth, Rc::new(base)));
            }
        }
        if let Some(lang) = tag.value("xml:lang") {
            self.langs.push((depth, lang));
        }
    }

    fn forget_deeper_than(&mut self, depth: usize) {
        self.scope.close_to(depth);
        while self.bases.len() > self.given_bases && self.bases.last().is_some_and(|(declared, _)| *declared >= depth) {
            self.bases.pop();
        }
        while self.langs.last().is_some_and(|(declared, _)| *declared >= depth) {
            self.langs.pop();
        }
    }

    fn base(&self) -> Option<Rc<Url>> {
        self.bases.last().map(|(_, base)| Rc::clone(base))
    }

    fn is_in_markup(&self) -> bool {
        matches!(&self.frames.last(), Some(Frame { kind: Kind::Field(gathered), .. }) if gathered.markup != Markup::No)
    }

    /// Whether the tag is an entry's, and stands where no markup of a text can be meant.
    fn is_entry_outside_of_markup(&self, space: Space, tag: &Tag) -> bool {
        let is_declared = matches!(
            self.frames.last(),
            Some(Frame { kind: Kind::Field(Gathered { markup: Markup::Declared | Markup::Wrapped(_), .. }), .. })
        );
        names::is_entry(space, tag.name) && !is_declared
    }

    /// Closes fields whose end tag was forgotten, where a tag begins that cannot be inside of them.
    fn close_what_was_forgotten(&mut self, space: Space, tag: &Tag<'a>) {
        let Some(Frame { kind: Kind::Field(gathered), .. }) = self.frames.last() else { return };
        let is_in_source = self
            .frames
            .iter()
            .any(|frame| matches!(&frame.kind, Kind::Field(Gathered { field: Field::Source | Field::Person, .. })));
        if space != Space::Feed || is_in_source || matches!(gathered.markup, Markup::Declared | Markup::Wrapped(_)) {
            return;
        }
        let is_one_of = |names: &[&str]| names.iter().any(|name| local(tag.name).eq_ignore_ascii_case(name));
        let is_never_inside = is_one_of(&["guid", "pubdate", "enclosure"]);
        let is_not_inside_a_line = is_one_of(&["link", "description", "author", "category"]);
        let is_line = !matches!(gathered.field, Field::Summary | Field::Content);
        let is_other = names::of_entry(space, tag.name).is_some_and(|(field, _)| field != gathered.field);
        if is_other && (is_never_inside || (is_line && is_not_inside_a_line)) {
            self.close_frames_from(self.frames.len() - 1, tag.at);
        }
    }

    /// Whether the element that just began stands directly inside of one that means something.
    fn is_child_of_frame(&self, opens: bool) -> bool {
        let outside = self.open.len() - usize::from(opens);
        self.frames.last().map_or(outside == 0 || self.look.root.is_none(), |frame| frame.depth == outside)
    }

    /// An element inside of a field.
    fn inner(&mut self, tag: &Tag<'a>, space: Space) {
        let depth = self.open.len();
        let Some(Frame { kind: Kind::Field(gathered), name, .. }) = self.frames.last_mut() else { return };
        let is = |name: &str| local(tag.name).eq_ignore_ascii_case(name);
        match (gathered.field, gathered.markup) {
            (Field::Author, _) if is("name") => self.gather(tag, Field::Author, 3, Markup::No),
            (Field::Author, _) if is("uri") || is("url") || is("email") => self.open_clear(tag),
            (Field::Source, _) if is("title") => self.gather(tag, Field::Source, 2, Markup::Loose),
            (Field::SkipHours | Field::SkipDays, _) => {}
            (_, Markup::No) => {}
            (_, Markup::Declared)
                if gathered.words.is_blank()
                    && is("div")
                    && !tag.is_empty
                    && space != Space::Other
                    && !name.is_empty() =>
            {
                gathered.markup = Markup::Wrapped(depth);
                gathered.words.has_markup = true;
            }
            (_, markup) => {
                if markup == Markup::Loose {
                    gathered.markup = Markup::Come;
                }
                push_tag(&mut gathered.words, tag);
            }
        }
    }

    fn end(&mut self, name: &'a str, at: usize, end: usize) {
        let fits = self.open.last().is_some_and(|open| *open == name);
        if !fits {
            self.look.fault.get_or_insert(at);
        }
        let looked_at = self.open.len().saturating_sub(MISFITS_LOOKED_AT);
        let is_it = |open: &&str| open.eq_ignore_ascii_case(name);
        let found = self.open[looked_at..].iter().rposition(is_it).map(|found| looked_at + found);
        let innermost = self.frames.last().map_or(0, |frame| frame.depth);
        match found {
            Some(found) if found >= innermost => {
                self.end_inner(name, found);
                self.open.truncate(found);
                self.forget_deeper_than(found);
            }
            _ => {
                if let Some(frame) = self.frames.iter().rposition(|frame| frame.name.eq_ignore_ascii_case(name)) {
                    if let (Kind::Entry, Some(entry)) = (&self.frames[frame].kind, &mut self.entry) {
                        entry.is_whole = true;
                    }
                    self.close_frames_from(frame, end);
                }
            }
        }
    }

    /// The end of an element inside of a field.
    fn end_inner(&mut self, name: &'a str, found: usize) {
        let Some(Frame { kind: Kind::Field(gathered), .. }) = self.frames.last_mut() else { return };
        match gathered.markup {
            Markup::Wrapped(depth) if depth == found + 1 => {}
            Markup::Come | Markup::Declared | Markup::Wrapped(_) => {
                for part in ["</", local(name), ">"] {
                    gathered.words.push(Piece::Plain(part));
                }
            }
            Markup::No | Markup::Loose => {}
        }
    }

    fn text(&mut self, text: &'a str, piece: Piece<'a>) {
        if text.contains('@') || self.open.last().is_some_and(|name| name.ends_with("duration")) {
            let name = self.open.last().copied().unwrap_or_default();
            self.look.is_dangerous |= dangers::is_dangerous_text(name, text, matches!(piece, Piece::Escaped(_)));
        }
        let Some(Frame { kind: Kind::Field(gathered), depth, .. }) = self.frames.last_mut() else { return };
        let is_escaped = matches!(piece, Piece::Escaped(_));
        // A search for one byte is many times faster than one for two.
        if is_escaped && text.contains('#') {
            self.look.is_odd |= text.match_indices("&#").any(|(at, _)| is_of_windows(&text[at..]));
        }
        match gathered.field {
            Field::SkipHours | Field::SkipDays => {
                fields::skip(&mut self.look.pace, gathered.field, text);
                return;
            }
            // What stands beside the name of an author, or the title of a source, is not it.
            Field::Author | Field::Source if gathered.is_said || self.open.len() > *depth => return,
            _ => {}
        }
        let piece = match gathered.markup {
            Markup::Declared | Markup::Wrapped(_) if !is_escaped => Piece::Literal(text),
            Markup::Come | Markup::Declared | Markup::Wrapped(_) => Piece::Plain(text),
            Markup::No | Markup::Loose if is_escaped && text.trim_ascii().is_empty() => return,
            Markup::No | Markup::Loose => piece,
        };
        gathered.words.push(piece);
    }

    fn open_clear(&mut self, tag: &Tag<'a>) {
        if !tag.is_empty {
            self.frames.push(Frame { kind: Kind::Clear, name: tag.name, depth: self.open.len() });
        }
    }

    fn gather(&mut self, tag: &Tag<'a>, field: Field, rank: u8, markup: Markup) {
        if tag.is_empty {
            return;
        }
        let words = Words { is_base64: fields::is_base64(tag, field), ..Words::default() };
        let is_feeds = self.entry.is_none();
        let gathered = Gathered { field, rank, words, markup, is_feeds, is_said: false };
        self.frames.push(Frame { kind: Kind::Field(gathered), name: tag.name, depth: self.open.len() });
    }

    /// Closes frames from this one on; the document goes on at `end`.
    fn close_frames_from(&mut self, first: usize, end: usize) {
        while self.frames.len() > first {
            let Some(frame) = self.frames.pop() else { return };
            match frame.kind {
                Kind::Field(gathered) => self.keep(gathered),
                Kind::Entry => self.end_entry(end),
                Kind::Feed | Kind::Clear => {}
            }
            let outside = frame.depth.saturating_sub(1);
            self.open.truncate(outside);
            self.forget_deeper_than(outside);
        }
    }

    fn begin_entry(&mut self, tag: &Tag<'a>) {
        let is_inside_of_another = self.entry.is_some() && tag.is_empty;
        if !is_inside_of_another {
            self.end_what_is_open(tag);
        }
        if self.look.entries.len() >= self.hints.entries_max {
            let outside = self.open.len() - usize::from(!tag.is_empty);
            self.look.cut = Some((tag.at, self.open[..outside].to_vec()));
            return;
        }
        if is_inside_of_another {
            // It says nothing, and is counted.
            let span = tag.at..tag.at + tag.whole.len();
            self.look.entries.push(Found { span, is_whole: true, ..Found::default() });
            return;
        }
        if self.look.root.is_none() {
            self.root(tag, true);
        }
        let mut entry = fields::begun(tag, self.look.is_atom || self.has_bases, self.base());
        entry.lang = self.langs.last().map(|(_, lang)| lang.clone());
        self.entry = Some(entry);
        if tag.is_empty {
            self.end_entry(tag.at + tag.whole.len());
        } else {
            self.frames.push(Frame { kind: Kind::Entry, name: tag.name, depth: self.open.len() });
        }
    }

    /// Ends the entry before, or a field of the feed, whose end tag was forgotten; this entry's start tag is open already.
    fn end_what_is_open(&mut self, tag: &Tag<'a>) {
        let is_open = |frame: &Frame| matches!(frame.kind, Kind::Entry | Kind::Field(_));
        if let Some(first) = self.frames.iter().position(is_open) {
            let own = if tag.is_empty { None } else { self.open.pop() };
            self.close_frames_from(first, tag.at);
            self.open.extend(own);
        }
    }

    fn end_entry(&mut self, end: usize) {
        if let Some(mut entry) = self.entry.take() {
            entry.span.end = end;
            self.look.entries.push(entry);
        }
    }

    fn finish(mut self) -> Look<'a> {
        if self.look.cut.is_none() && !self.open.is_empty() {
            self.look.fault.get_or_insert(self.text.len());
        }
        let is_open = |frame: &Frame| matches!(frame.kind, Kind::Feed | Kind::Entry);
        self.look.is_torn = self.look.cut.is_none() && self.frames.iter().any(is_open);
        self.close_frames_from(0, self.text.len());
        // A last entry that was cut off before it said what it is known by would come back as another one.
        let is_torn = |entry: &Found| !entry.is_whole && entry.guid.is_none() && entry.link.is_none();
        if self.look.entries.len() > 1
            && self.look.entries.last().is_some_and(|last| last.span.end == self.text.len() && is_torn(last))
        {
            self.look.entries.pop();
        }
        self.look
    }
}

/// A tag as it is in HTML: without a prefix, and without namespaces.
fn push_tag<'a>(words: &mut Words<'a>, tag: &Tag<'a>) {
    words.has_markup = true;
    if !tag.name.contains(':') && !tag.inside.contains("xmlns") {
        words.push(Piece::Plain(tag.whole));
        return;
    }
    for part in ["<", tag.local()] {
        words.push(Piece::Plain(part));
    }
    for (name, value) in tag.attributes().filter(|(name, _)| !name.starts_with("xmlns")) {
        let quote = if value.contains('"') { "'" } else { "\"" };
        for part in [" ", name, "=", quote, value, quote] {
            words.push(Piece::Plain(part));
        }
    }
    words.push(Piece::Plain(if tag.is_empty { "/>" } else { ">" }));
}

#[cfg(test)]
mod tests;
