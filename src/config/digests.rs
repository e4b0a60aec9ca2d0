//! Door: `[digest.NAME]`: the digests that have a name, and perhaps a schedule.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::DigestFormat;
use crate::cli::moment::When;
use crate::cli::places;
use crate::config::given::{Given, shown};
use crate::config::settings::{nearest, put};
use crate::mail::Address;
use crate::schedule::timetable::Timetable;

/// The section of the file that holds them.
pub(crate) const DIGEST: &str = "digest";
/// Every key that a digest takes.
pub(crate) const KEYS: &[&str] =
    &["schedule", "zone", "since", "format", "template", "top", "tags", "sections", "min_outlets", "out", "mail"];
/// Digests of one config file.
pub(crate) const DIGESTS_MAX: usize = 100;

const NAME_CHARS_MAX: usize = 64;
const STORIES_MAX: usize = 1_000;
const TAGS_MAX: usize = 32;
const RECIPIENTS_MAX: usize = 100;

/// One `[digest.NAME]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestSection {
    /// Its name.
    pub name: String,
    /// When it is made, as written; it is a schedule. `None` for one that is only made by hand.
    pub schedule: Option<String>,
    /// The zone of its schedule and of the times in it; `None` is that of the command.
    pub zone: Option<TimeZone>,
    /// Where the first one begins; `None` is when the database was made.
    pub since: Option<When>,
    /// In what form.
    pub format: DigestFormat,
    /// The template in place of the built-in one; absolute.
    pub template: Option<PathBuf>,
    /// The tags that get a section each, in this order; none means that each story's most common tag makes one.
    pub sections: Vec<String>,
    /// How many stories; `None` is the usual number.
    pub top: Option<usize>,
    /// One of these tags; none means any.
    pub tags: Vec<String>,
    /// At least so many outlets.
    pub min_outlets: usize,
    /// The file it is written to, absolute, with `{date}` and its like still in it.
    pub out: Option<PathBuf>,
    /// Whom it is mailed to; empty means nobody.
    pub mail: Vec<Address>,
}

/// A `[digest.NAME]` table, read.
pub(crate) struct DigestTable {
    /// What could be read of it.
    pub(crate) digest: DigestSection,
    /// What is wrong, each with the byte where it stands.
    pub(crate) faults: Vec<(usize, String)>,
    /// Where its `out` stands.
    pub(crate) out_offset: Option<usize>,
}

impl DigestSection {
    /// The file it is written to, as far as that is the same for all of its editions.
    pub(crate) fn file(&self) -> Option<String> {
        self.out.as_ref().map(|out| places::with_name(&out.to_string_lossy(), &self.name))
    }

    /// Whether its file names a day, and nothing that tells the editions of one day apart.
    fn loses_editions(&self, timetable: &Timetable) -> bool {
        let file = self.file().unwrap_or_default();
        let has = |place: &str| file.contains(place);
        has("{date}") && !has("{time}") && !has("{number}") && timetable.is_more_than_daily()
    }
}

impl DigestTable {
    /// Reads the table; a relative path starts at `home`.
    pub(crate) fn read(name: &Spanned<impl AsRef<str>>, table: &DeTable<'_>, home: &Path) -> DigestTable {
        let digest = DigestSection {
            name: name.get_ref().as_ref().to_owned(),
            schedule: None,
            zone: None,
            since: None,
            format: DigestFormat::default(),
            template: None,
            sections: Vec::new(),
            top: None,
            tags: Vec::new(),
            min_outlets: 1,
            out: None,
            mail: Vec::new(),
        };
        let mut read = DigestTable { digest, faults: Vec::new(), out_offset: None };
        if !is_name(&read.digest.name) {
            let wanted = format!("a digest's name is one line of at most {NAME_CHARS_MAX} characters");
            read.faults.push((name.span().start, wanted));
        }
        let (mut schedule, mut out) = (None, None);
        for (key, value) in table {
            let called = || format!("`{}` in [{DIGEST}.{}]", shown(key.get_ref()), shown(name.get_ref().as_ref()));
            let fault = match read.set(key.get_ref(), value, home) {
                Some(Ok(())) => {
                    if key.get_ref() == "schedule" {
                        schedule = Some((value.span().start, called()));
                    }
                    if key.get_ref() == "out" {
                        out = Some((value.span().start, called()));
                    }
                    continue;
                }
                Some(Err(message)) => (value.span().start, format!("{} {message}", called())),
                None => (key.span().start, unknown(key.get_ref(), &called())),
            };
            read.faults.push(fault);
        }
        read.out_offset = out.as_ref().map(|(offset, _)| *offset);
        // Its zone may stand behind it.
        if let (Some((offset, called)), Some(text)) = (schedule, &read.digest.schedule) {
            let zone = read.digest.zone.clone().unwrap_or(TimeZone::UTC);
            match Timetable::parse(text, zone) {
                Err(error) => read.faults.push((offset, format!("{called} is wrong: {error}"))),
                Ok(timetable) if read.digest.loses_editions(&timetable) => {
                    let (offset, called) = out.clone().unwrap_or((offset, called));
                    let why = "has {date}, and `schedule` comes more than once a day, so that a later edition would take the place of an \
                               earlier one: write {date}-{time} or {number}";
                    read.faults.push((offset, format!("{called} {why}")));
                }
                Ok(_) => {}
            }
        }
        read
    }

    /// Sets one key, or says what its value must be; `None` if there is no such key.
    fn set(&mut self, key: &str, value: &Spanned<DeValue<'_>>, home: &Path) -> Option<Result<(), String>> {
        let given = Given::of_toml(value.get_ref());
        let digest = &mut self.digest;
        Some(match key {
            "schedule" => put(&mut digest.schedule, given.words().map(|text| Some(text.to_owned()))),
            "zone" => put(&mut digest.zone, zone(given).map(Some)),
            "since" => put(&mut digest.since, since(given).map(Some)),
            "format" => put(&mut digest.format, format(given)),
            "template" => put(&mut digest.template, given.words().map(|text| Some(home.join(text)))),
            "sections" => put(&mut digest.sections, given.texts(TAGS_MAX)),
            "top" => put(&mut digest.top, given.integer(1..=STORIES_MAX).map(Some)),
            "tags" => put(&mut digest.tags, given.texts(TAGS_MAX)),
            "min_outlets" => put(&mut digest.min_outlets, given.integer(1..=STORIES_MAX)),
            "out" => put(&mut digest.out, given.words().and_then(|text| out(text, home)).map(Some)),
            "mail" => put(&mut digest.mail, addresses(given)),
            _ => return None,
        })
    }
}

fn is_name(name: &str) -> bool {
    let is_short = name.chars().count() <= NAME_CHARS_MAX;
    is_short && !name.trim().is_empty() && name.trim() == name && !name.contains(char::is_control)
}

fn unknown(key: &str, called: &str) -> String {
    match nearest(key, KEYS.iter().copied()) {
        Some(meant) => format!("unknown key {called}; did you mean `{meant}`?"),
        None => format!("unknown key {called}; there are {}", KEYS.join(", ")),
    }
}

fn zone(given: Given<'_>) -> Result<TimeZone, String> {
    TimeZone::get(given.words()?).map_err(|_| format!("must be a time zone such as \"Europe/Berlin\", not {given}"))
}

fn since(given: Given<'_>) -> Result<When, String> {
    given.words()?.parse().map_err(|error: crate::cli::moment::MomentError| format!("is wrong: {error}"))
}

fn format(given: Given<'_>) -> Result<DigestFormat, String> {
    let wanted = || DigestFormat::ALL.map(DigestFormat::word).join("\", \"");
    let word = given.words()?;
    let format = DigestFormat::ALL.into_iter().find(|format| format.word() == word);
    format.ok_or_else(|| format!("must be one of \"{}\", not {given}", wanted()))
}

/// A path in which only what is known stands in braces.
fn out(text: &str, home: &Path) -> Result<PathBuf, String> {
    places::check(text)?;
    Ok(home.join(text))
}

/// Mail addresses, each once.
pub(crate) fn addresses(given: Given<'_>) -> Result<Vec<Address>, String> {
    let read = |text: &String| Address::parse(text).map_err(|error| format!("is wrong: {error}"));
    // One address may be written without brackets.
    if let Given::Text(_) = given {
        return Ok(vec![read(&given.words()?.to_owned())?]);
    }
    let mut addresses: Vec<Address> = Vec::new();
    for address in given.texts(RECIPIENTS_MAX)?.iter().map(read) {
        let address = address?;
        if !addresses.iter().any(|known| known.is_same_mailbox(&address)) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
