//! Station: the lenient reader's fields: what a tag says at once, and where a gathered text goes.

use std::borrow::Cow;
use std::rc::Rc;

use url::Url;

use crate::model::{Enclosure, Pace};
use crate::parse::lenient::found::Address;
use crate::parse::lenient::names::{self, Field, Space};
use crate::parse::lenient::{Found, Frame, Gathered, Kind, Markup, Piece, Reader, Said, Words};
use crate::parse::tags::{Tag, local};

/// Files and categories of one entry that are kept.
const LISTED_MAX: usize = 64;

impl<'a> Reader<'a, '_> {
    /// An element that stands directly inside of the feed or of an entry.
    pub(super) fn child(&mut self, tag: &Tag<'a>, space: Space) {
        if self.entry.is_some() {
            let is_group = space == Space::Media && local(tag.name).eq_ignore_ascii_case("group");
            match names::of_entry(space, tag.name) {
                Some((field, rank)) => self.entry_field(tag, field, rank),
                None if is_group => self.open_clear(tag),
                None => {}
            }
        } else if names::is_feed(space, tag.name) {
            self.feed(tag);
        } else if local(tag.name).eq_ignore_ascii_case("items") {
            self.open_clear(tag);
        } else if let Some((field, rank)) = names::of_feed(space, tag.name) {
            self.feed_field(tag, field, rank);
        }
    }

    fn feed(&mut self, tag: &Tag<'a>) {
        if self.look.root.is_none() {
            self.root(tag, local(tag.name).eq_ignore_ascii_case("feed"));
        }
        // CDF says in attributes what others say in elements.
        let (href, lang) = (tag.value("href"), self.langs.last().map(|(_, lang)| lang.clone()));
        if self.look.site.is_none() {
            self.look.site = href.map(|href| Address { href, base: self.base(), rank: 1 });
        }
        self.look.lang = self.look.lang.take().or(lang);
        if !tag.is_empty {
            self.frames.push(Frame { kind: Kind::Feed, name: tag.name, depth: self.open.len() });
        }
    }

    /// Notes what the root is.
    pub(super) fn root(&mut self, tag: &Tag<'a>, is_atom: bool) {
        self.look.root = Some(tag.whole);
        self.look.is_atom = is_atom;
        self.look.is_old_atom = is_atom && tag.whole.contains("purl.org/atom/ns#");
    }

    fn feed_field(&mut self, tag: &Tag<'a>, field: Field, rank: u8) {
        match field {
            Field::Link => {
                let address = self.page_address(tag);
                better(&mut self.look.site, address);
                if tag.value("href").is_none() {
                    self.gather(tag, field, rank, Markup::No);
                }
            }
            Field::Title => self.gather(tag, field, rank, markup_of(tag, self.look.is_atom)),
            _ => self.gather(tag, field, rank, Markup::No),
        }
    }

    fn entry_field(&mut self, tag: &Tag<'a>, field: Field, rank: u8) {
        let is_atom = self.look.is_atom;
        let address = |href: Option<Cow<'a, str>>| href.map(|href| Address { href, base: self.base(), rank });
        match field {
            Field::Link => self.link(tag),
            Field::Enclosure => {
                let address = address(tag.value("url").or_else(|| tag.value("href")));
                self.enclose(address, tag, "length");
            }
            Field::Media => {
                let address = address(tag.value("url"));
                self.enclose(address, tag, "fileSize");
                self.open_clear(tag);
            }
            Field::Picture => {
                let address = address(tag.value("url").or_else(|| tag.value("href")));
                if let Some(entry) = &mut self.entry {
                    better(&mut entry.picture, address);
                }
            }
            Field::Category => match tag.value("label").or_else(|| tag.value("term")) {
                Some(name) => self.categorise(name),
                None => self.gather(tag, field, rank, Markup::No),
            },
            Field::Guid => {
                let is_other = tag.value("isPermaLink").is_some_and(|value| value.eq_ignore_ascii_case("false"));
                if let Some(entry) = &mut self.entry {
                    entry.is_permalink = !is_other;
                }
                self.gather(tag, field, rank, Markup::No);
            }
            Field::Title | Field::Summary | Field::Content => self.gather(tag, field, rank, markup_of(tag, is_atom)),
            _ => self.gather(tag, field, rank, Markup::No),
        }
    }

    /// A link of an entry: to its page, or to a file that comes with it.
    fn link(&mut self, tag: &Tag<'a>) {
        let rel = tag.value("rel");
        let is = |name: &str| rel.as_ref().is_some_and(|rel| rel.eq_ignore_ascii_case(name));
        let href = tag.value("href");
        let has_href = href.is_some();
        if is("enclosure") {
            let address = href.map(|href| Address { href, base: self.base(), rank: 1 });
            self.enclose(address, tag, "length");
        } else {
            let address = self.page_address(tag);
            if let Some(entry) = &mut self.entry {
                better(&mut entry.link, address);
            }
        }
        if !has_href && (rel.is_none() || is("alternate")) {
            self.gather(tag, Field::Link, 1, Markup::No);
        }
    }

    /// The address of a page that a link names in its attributes; a page has a higher rank than another form of it.
    fn page_address(&self, tag: &Tag<'a>) -> Option<Address<'a>> {
        let href = tag.value("href")?;
        let is_alternate = tag.value("rel").is_none_or(|rel| rel.eq_ignore_ascii_case("alternate"));
        let kind = tag.value("type").unwrap_or_default().to_ascii_lowercase();
        let is_file = ["image/", "audio/", "video/", "application/rss", "application/atom", "application/json"]
            .iter()
            .any(|file| kind.starts_with(file));
        let rank = if kind.is_empty() || kind.contains("html") { 3 } else { 2 };
        (is_alternate && !is_file).then(|| Address { href, base: self.base(), rank })
    }

    fn enclose(&mut self, address: Option<Address<'a>>, tag: &Tag<'a>, size: &str) {
        if let (Some(entry), Some(address)) = (&mut self.entry, address)
            && entry.enclosures.len() < LISTED_MAX
        {
            let enclosure = Enclosure {
                url: String::new(),
                media_type: tag.value("type").map(Cow::into_owned),
                bytes: tag.value(size).and_then(|size| size.parse().ok()).filter(|bytes| *bytes > 0),
            };
            entry.enclosures.push((address, enclosure));
        }
    }

    fn categorise(&mut self, name: Cow<'a, str>) {
        if let Some(entry) = &mut self.entry
            && entry.categories.len() < LISTED_MAX
        {
            entry.categories.push(name);
        }
    }

    /// Puts a field's text where it belongs.
    pub(super) fn keep(&mut self, gathered: Gathered<'a>) {
        let Gathered { field, rank, words, is_feeds, is_said, .. } = gathered;
        if words.is_blank() {
            return;
        }
        let base = self.base();
        match (&mut self.entry, is_feeds) {
            (Some(entry), false) => {
                let outer = self.frames.last_mut().and_then(|frame| match &mut frame.kind {
                    Kind::Field(outer) => Some(outer),
                    _ => None,
                });
                if let Some(outer) = outer {
                    outer.is_said = true;
                }
                if !is_said {
                    keep_in_entry(entry, field, Said { words, rank, base });
                }
            }
            (_, true) => self.keep_in_feed(field, Said { words, rank, base }),
            (None, false) => {}
        }
    }

    fn keep_in_feed(&mut self, field: Field, said: Said<'a>) {
        let Some(text) = said.words.text() else { return };
        match field {
            Field::Title => better_said(&mut self.look.title, said),
            Field::Link => {
                better(&mut self.look.site, Some(Address { href: Cow::Owned(text), base: said.base, rank: 4 }))
            }
            Field::Lang => self.look.lang = Some(Cow::Owned(text)),
            Field::Ttl => {
                self.look.pace.ttl_seconds = text.parse::<u64>().ok().and_then(|minutes| minutes.checked_mul(60))
            }
            Field::Period | Field::Frequency => self.period(field, &text),
            _ => {}
        }
    }

    /// `sy:updatePeriod` is a day and `sy:updateFrequency` is 1 where they are not said.
    fn period(&mut self, field: Field, text: &str) {
        const DAY: u64 = 24 * 60 * 60;
        let pace = &mut self.look.pace;
        if field == Field::Frequency {
            self.frequency = text.parse().ok().filter(|times| *times > 0);
        } else {
            self.period = Some(match text.to_ascii_lowercase().as_str() {
                "hourly" => DAY / 24,
                "daily" => DAY,
                "weekly" => 7 * DAY,
                "monthly" => 30 * DAY,
                "yearly" => 365 * DAY,
                _ => return,
            });
        }
        pace.period_seconds = Some(self.period.unwrap_or(DAY) / self.frequency.unwrap_or(1));
    }
}

fn keep_in_entry<'a>(entry: &mut Found<'a>, field: Field, said: Said<'a>) {
    match field {
        Field::Title => better_said(&mut entry.title, said),
        Field::Summary => better_said(&mut entry.summary, said),
        Field::Content => better_said(&mut entry.content, said),
        Field::Guid => better_said(&mut entry.guid, said),
        Field::Published => better_said(&mut entry.published, said),
        Field::Updated => better_said(&mut entry.updated, said),
        Field::Created => better_said(&mut entry.created, said),
        Field::Link | Field::Origin => {
            let rank = if field == Field::Origin { 9 } else { 4 };
            let address = said.words.text().map(|href| Address { href: Cow::Owned(href), base: said.base, rank });
            better(&mut entry.link, address);
        }
        Field::Author if entry.authors.len() < LISTED_MAX => entry.authors.push(said),
        Field::Category if entry.categories.len() < LISTED_MAX => {
            entry.categories.extend(said.words.text().map(Cow::Owned))
        }
        Field::Lang => entry.lang = said.words.text().map(Cow::Owned),
        Field::Source => entry.source = Some(said.words),
        _ => {}
    }
}

/// Takes what is said, unless what is there has a higher rank: of two words for the same, the last counts.
fn better_said<'a>(field: &mut Option<Said<'a>>, said: Said<'a>) {
    if field.as_ref().is_none_or(|there| there.rank <= said.rank) {
        *field = Some(said);
    }
}

/// Takes an address, if there is none of its rank: of two links, the first counts.
fn better<'a>(field: &mut Option<Address<'a>>, address: Option<Address<'a>>) {
    if let Some(address) = address
        && field.as_ref().is_none_or(|there| there.rank < address.rank)
    {
        *field = Some(address);
    }
}

/// An entry with what its start tag says.
pub(super) fn begun<'a>(tag: &Tag<'a>, has_base: bool, base: Option<Rc<Url>>) -> Found<'a> {
    let about = tag.attributes().find(|(name, _)| local(name) == "about").and_then(|(name, _)| tag.value(name));
    let modified = tag.attributes().find(|(name, _)| name.eq_ignore_ascii_case("lastmod"));
    Found {
        span: tag.at..tag.at,
        has_base,
        is_permalink: true,
        about,
        link: tag.value("href").map(|href| Address { href, base, rank: 1 }),
        updated: modified.map(|(_, date)| Said { words: Words::of(Piece::Escaped(date)), rank: 1, base: None }),
        ..Found::default()
    }
}

/// Whether a field's text is base64: Atom 0.3 says so, Atom 1.0 means it by any type that is no text (RFC 4287, 4.1.3.3).
pub(super) fn is_base64(tag: &Tag, field: Field) -> bool {
    let is_text = matches!(field, Field::Title | Field::Summary | Field::Content);
    is_text
        && match tag.value("mode") {
            Some(mode) => mode.eq_ignore_ascii_case("base64"),
            None => tag.value("type").is_some_and(|kind| {
                let kind = kind.to_ascii_lowercase();
                kind.contains('/') && !kind.starts_with("text/") && !kind.contains("xml") && !kind.contains("html")
            }),
        }
}

/// What elements inside of a text are.
fn markup_of(tag: &Tag, is_atom: bool) -> Markup {
    if !is_atom || tag.inside.is_empty() {
        return Markup::Loose;
    }
    let kind = tag.value("type").unwrap_or_default().to_ascii_lowercase();
    match tag.value("mode") {
        Some(mode) if mode.eq_ignore_ascii_case("escaped") || mode.eq_ignore_ascii_case("base64") => Markup::Loose,
        _ if kind == "xhtml" => Markup::Declared,
        _ => Markup::Loose,
    }
}

/// Hours and days that a feed says to skip.
pub(super) fn skip(pace: &mut Pace, field: Field, text: &str) {
    let text = text.trim();
    if field == Field::SkipHours {
        // RSS 0.91 counts from 1 to 24, RSS 2.0 from 0 to 23.
        if let Ok(hour @ 0..=24) = text.parse::<u32>() {
            pace.skip_hours |= 1 << (hour % 24);
        }
    } else {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        if let Some(day) = days.iter().position(|day| text.eq_ignore_ascii_case(day)) {
            pace.skip_days |= 1 << day;
        }
    }
}
