//! Door: the text of a config file, read strictly: every fault is found and placed.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::config::digests::{DIGEST, DIGESTS_MAX, DigestTable};
use crate::config::error::{ConfigError, Fault};
use crate::config::feeds::FeedTable;
use crate::config::given::{Given, shown};
use crate::config::settings::{FEEDS, SETTINGS, contradictions, find, keys, name, nearest, sections};
use crate::config::{Config, FeedSection};

/// Feeds of one config file.
const FEEDS_MAX: usize = 100_000;
/// Faults that are told; a file with more is not a config.
const FAULTS_MAX: usize = 20;

/// Reads the text of a config file; `database` stays as it was written.
pub(crate) fn read(text: &str, file: &Path, home: &Path) -> Result<Config, ConfigError> {
    let mut reader = Reader { text, file, home, config: Config::default(), faults: Vec::new() };
    match DeTable::parse(text) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => reader.fault(error.span().map_or(0, |span| span.start), error.message().to_owned()),
    }
    if reader.faults.is_empty() {
        return Ok(reader.config);
    }
    reader.faults.sort_by_key(|(offset, _)| *offset);
    let first = reader.faults.iter().take(FAULTS_MAX);
    let placed = first.map(|(offset, message)| Fault { place: reader.place(*offset), message: message.clone() });
    Err(ConfigError::Wrong(placed.collect()))
}

/// A file that is being read.
struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
    home: &'a Path,
    config: Config,
    /// What is wrong, each with the byte where it stands.
    faults: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        let mut places = BTreeMap::new();
        for (key, value) in document {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (FEEDS, DeValue::Array(feeds)) => self.feeds(feeds),
                (FEEDS, _) => self.fault(key.span().start, format!("feeds are written as [[{FEEDS}]], once for each")),
                (DIGEST, DeValue::Table(digests)) => self.digests(digests),
                (DIGEST, _) => {
                    self.fault(key.span().start, format!("digests are written as [{DIGEST}.NAME], once for each"));
                }
                (section, DeValue::Table(table)) if sections().contains(&section) => {
                    for (key, value) in table {
                        places.insert((section, key.get_ref().as_ref()), key.span().start);
                        self.setting(section, key, value);
                    }
                }
                (section, _) if sections().contains(&section) => {
                    let message = format!("`{section}` is a section: write [{section}] on a line of its own");
                    self.fault(key.span().start, message);
                }
                _ => self.setting("", key, value),
            }
        }
        if self.faults.is_empty() {
            for (setting, message) in contradictions(&self.config) {
                let offset = places.get(&(setting.section, setting.key)).copied().unwrap_or_default();
                self.fault(offset, format!("{} {message}", setting.name()));
            }
        }
    }

    fn setting(&mut self, section: &str, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let Some(setting) = find(section, key.get_ref()) else {
            let is_table = value.get_ref().is_table();
            return self.fault(key.span().start, unknown(key.get_ref(), section, is_table));
        };
        if let Err(message) = (setting.set)(&mut self.config, Given::of_toml(value.get_ref())) {
            self.fault(value.span().start, format!("{} {message}", setting.name()));
        }
    }

    fn digests(&mut self, digests: &DeTable<'_>) {
        for (name, digest) in digests {
            let DeValue::Table(table) = digest.get_ref() else {
                self.fault(name.span().start, format!("digests are written as [{DIGEST}.NAME], once for each"));
                continue;
            };
            let read = DigestTable::read(name, table, self.home);
            for (offset, message) in read.faults {
                self.fault(offset, message);
            }
            if self.config.digests.len() == DIGESTS_MAX {
                return self.fault(name.span().start, format!("more than {DIGESTS_MAX} digests"));
            }
            let same = self
                .config
                .digests
                .iter()
                .find(|known| read.digest.out.is_some() && known.file() == read.digest.file());
            if let Some(same) = same {
                let [one, other] = [&same.name, &read.digest.name].map(|name| shown(name));
                let why = format!(
                    "`out` of [{DIGEST}.{other}] is that of [{DIGEST}.{one}] too, and each would take the other's place: {{name}} in it \
                     tells them apart"
                );
                self.fault(read.out_offset.unwrap_or(name.span().start), why);
            }
            self.config.digests.push(read.digest);
        }
        self.config.digests.sort_by(|one, other| one.name.cmp(&other.name));
    }

    fn feeds(&mut self, feeds: &[Spanned<DeValue<'_>>]) {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        if let Some(first_beyond) = feeds.get(FEEDS_MAX) {
            return self.fault(first_beyond.span().start, format!("more than {FEEDS_MAX} feeds"));
        }
        for feed in feeds {
            let Some((feed, offset)) = self.feed(feed) else { continue };
            // Two spellings of one URL are one feed.
            let same = url::Url::parse(&feed.wish.url).map_or_else(|_| feed.wish.url.clone(), String::from);
            match places.get(&same) {
                Some(first) => {
                    let first = self.position(*first).0;
                    self.fault(offset, format!("feed `{}` stands here twice: first in line {first}", feed.wish.url));
                }
                None => {
                    places.insert(same, offset);
                    self.config.feeds.push(feed);
                }
            }
        }
    }

    /// A feed with a URL that can be used, and where that stands.
    fn feed(&mut self, feed: &Spanned<DeValue<'_>>) -> Option<(FeedSection, usize)> {
        let DeValue::Table(table) = feed.get_ref() else {
            self.fault(feed.span().start, format!("feeds are written as [[{FEEDS}]], once for each"));
            return None;
        };
        let read = FeedTable::read(table, self.home);
        for (offset, message) in read.faults {
            self.fault(offset, message);
        }
        if read.url_offset.is_none() {
            self.fault(feed.span().start, "a feed needs a `url`".to_owned());
        }
        let offset = read.url_offset?;
        Some((read.feed, offset)).filter(|(feed, _)| !feed.wish.url.is_empty())
    }

    fn fault(&mut self, offset: usize, message: String) {
        self.faults.push((offset, message));
    }

    /// `config.toml:12:1`.
    fn place(&self, offset: usize) -> String {
        let (line, column) = self.position(offset);
        format!("{}:{line}:{column}", self.file.display())
    }

    /// Line and column, both from 1; columns count characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// What to say of a key that does not exist: what was probably meant, else where it belongs, else what there is.
fn unknown(key: &str, section: &str, is_table: bool) -> String {
    let key = &*shown(key);
    let mut known = keys(section);
    if section.is_empty() {
        known.extend(sections());
        known.extend([DIGEST, FEEDS]);
    }
    let called = if is_table { format!("section [{key}]") } else { format!("key {}", name(key, section)) };
    if let Some(meant) = nearest(key, known.iter().copied()) {
        return format!("unknown {called}; did you mean `{meant}`?");
    }
    let elsewhere = SETTINGS.iter().find(|setting| setting.key == key && setting.section != section);
    match elsewhere {
        Some(setting) if setting.section.is_empty() => {
            format!("unknown {called}; `{key}` belongs at the top of the file, before the first section")
        }
        Some(setting) => format!("unknown {called}; it belongs in [{}]", setting.section),
        None => format!("unknown {called}; there are {}", known.join(", ")),
    }
}
