//! Door: the table of everything that can be set, which the file, the environment and the errors read.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::SignedDuration;
use url::Url;

use crate::config::digests;
use crate::config::given::Given;
use crate::config::{Config, Secret, reading};
use crate::mail::{Address, Server};

/// One setting.
pub(crate) struct Setting {
    /// The section of the file it stands in; empty for the top of the file.
    pub(crate) section: &'static str,
    /// Its key.
    pub(crate) key: &'static str,
    /// Whether its value may not be shown and may be read from a file that `…_FILE` names.
    pub(crate) is_secret: bool,
    /// Puts a value where it belongs, or says what it must be.
    pub(crate) set: fn(&mut Config, Given<'_>) -> Result<(), String>,
}

/// The key of the feeds: an array of tables, which the table below does not hold.
pub(crate) const FEEDS: &str = "feeds";

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTES_10: SignedDuration = SignedDuration::from_mins(10);
/// No interval is longer: a feed that is asked less than once a month is forgotten.
pub(crate) const INTERVAL_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);
/// No interval is shorter, whatever the user wants.
pub(crate) const INTERVAL_MIN: SignedDuration = SECOND;

/// Nothing is kept for less than a day, or said to be for more than a century.
const TERM_MIN: SignedDuration = SignedDuration::from_hours(24);
const TERM_MAX: SignedDuration = SignedDuration::from_hours(24 * 36_525);

/// Every setting, in the order of `config.toml`.
pub(crate) const SETTINGS: &[Setting] = &[
    plain("", "database", |config, given| {
        config.database = PathBuf::from(given.words()?);
        Ok(())
    }),
    plain("fetch", "user_agent", |config, given| put(&mut config.fetch.user_agent, user_agent(given))),
    plain("fetch", "contact", |config, given| put(&mut config.fetch.contact, contact(given))),
    plain("fetch", "timeout", |config, given| put(&mut config.fetch.timeout, given.duration(SECOND..=MINUTES_10))),
    plain("fetch", "body_max", |config, given| put(&mut config.fetch.body_bytes_max, given.size(1_024..=1 << 28))),
    plain("fetch", "entries_max", |config, given| put(&mut config.fetch.entries_max, number(given, 100_000))),
    plain("fetch", "concurrency", |config, given| put(&mut config.fetch.concurrency, number(given, 1_024))),
    plain("fetch", "per_host", |config, given| put(&mut config.fetch.per_host, number(given, 64))),
    plain("fetch", "per_host_spacing", |config, given| {
        put(&mut config.fetch.per_host_spacing, given.duration(SignedDuration::ZERO..=MINUTES_10))
    }),
    plain("fetch", "interval_min", |config, given| {
        put(&mut config.fetch.interval_min, given.duration(INTERVAL_MIN..=INTERVAL_MAX))
    }),
    plain("fetch", "interval_max", |config, given| {
        put(&mut config.fetch.interval_max, given.duration(INTERVAL_MIN..=INTERVAL_MAX))
    }),
    plain("fetch", "allow_private_addresses", |config, given| {
        put(&mut config.fetch.allow_private_addresses, given.switch())
    }),
    Setting {
        section: "fetch",
        key: "proxy",
        is_secret: true,
        set: |config, given| put(&mut config.fetch.proxy, proxy(given)),
    },
    plain("cluster", "window_hours", |config, given| put(&mut config.cluster.window_hours, given.integer(1..=8_760))),
    plain("cluster", "join_probability", |config, given| put(&mut config.cluster.join_probability, probability(given))),
    plain("cluster", "merge_probability", |config, given| {
        put(&mut config.cluster.merge_probability, probability(given))
    }),
    plain("cluster", "split_probability", |config, given| {
        put(&mut config.cluster.split_probability, probability(given))
    }),
    plain("cluster", "related_probability", |config, given| {
        put(&mut config.cluster.related_probability, probability(given))
    }),
    plain("cluster", "cluster_articles_max", |config, given| {
        put(&mut config.cluster.cluster_articles_max, number(given, 100_000))
    }),
    plain("retention", "articles", |config, given| {
        put(&mut config.retention.articles, given.term(TERM_MIN..=TERM_MAX))
    }),
    plain("retention", "clusters", |config, given| {
        put(&mut config.retention.clusters, given.term(TERM_MIN..=TERM_MAX))
    }),
    plain("retention", "revisions", |config, given| {
        put(&mut config.retention.revisions, given.term(TERM_MIN..=TERM_MAX))
    }),
    plain("retention", "editions", |config, given| {
        put(&mut config.retention.editions, given.term(TERM_MIN..=TERM_MAX))
    }),
    plain("reading", "representative", |config, given| {
        put(&mut config.reading.representative, reading::representative(given))
    }),
    plain("reading", "mute", |config, given| put(&mut config.reading.mute, reading::marks(given))),
    plain("reading", "keep", |config, given| put(&mut config.reading.keep, reading::marks(given))),
    plain("serve", "listen", |config, given| put(&mut config.serve.listen, listen(given))),
    plain("serve", "token_file", |config, given| put(&mut config.serve.token_file, path(given))),
    Setting {
        section: "mail",
        key: "smtp",
        is_secret: true,
        set: |config, given| put(&mut config.mail.smtp, smtp(given)),
    },
    Setting {
        section: "mail",
        key: "password",
        is_secret: true,
        set: |config, given| put(&mut config.mail.password, password(given)),
    },
    plain("mail", "password_file", |config, given| put(&mut config.mail.password_file, path(given))),
    plain("mail", "from", |config, given| put(&mut config.mail.from, sender(given))),
    plain("mail", "to", |config, given| put(&mut config.mail.to, digests::addresses(given))),
];

const fn plain(
    section: &'static str,
    key: &'static str,
    set: fn(&mut Config, Given<'_>) -> Result<(), String>,
) -> Setting {
    Setting { section, key, is_secret: false, set }
}

impl Setting {
    /// Its name in an error: `timeout` in `[fetch]`.
    pub(crate) fn name(&self) -> String {
        name(self.key, self.section)
    }

    /// The environment variable that sets it.
    pub(crate) fn variable(&self) -> String {
        let joint = if self.section.is_empty() { "" } else { "_" };
        format!("NEWSFOLD_{}{joint}{}", self.section, self.key).to_uppercase()
    }
}

/// A key and its section as errors name them.
pub(crate) fn name(key: &str, section: &str) -> String {
    match section {
        "" => format!("`{key}`"),
        FEEDS => format!("`{key}` in [[{FEEDS}]]"),
        section => format!("`{key}` in [{section}]"),
    }
}

/// The setting of that name.
pub(crate) fn find(section: &str, key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.section == section && setting.key == key)
}

/// The keys of a section, in order; none if there is no such section.
pub(crate) fn keys(section: &str) -> Vec<&'static str> {
    SETTINGS.iter().filter(|setting| setting.section == section).map(|setting| setting.key).collect()
}

/// The names of the sections, in order.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = SETTINGS.iter().map(|setting| setting.section).collect();
    sections.dedup();
    sections.retain(|section| !section.is_empty());
    sections
}

/// What holds between settings. Each fault names the setting to change.
pub(crate) fn contradictions(config: &Config) -> Vec<(&'static Setting, String)> {
    let fetch = &config.fetch;
    let mut faults = Vec::new();
    if fetch.interval_min > fetch.interval_max {
        let setting = find("fetch", "interval_min").expect("the table has it");
        let (least, most) = (fetch.interval_min, fetch.interval_max);
        faults.push((setting, format!("must not be longer than `interval_max`: {least:#} is longer than {most:#}")));
    }
    let cluster = &config.cluster;
    if cluster.split_probability >= cluster.merge_probability {
        // What leaves a cluster would be merged with it again.
        let setting = find("cluster", "split_probability").expect("the table has it");
        let (split, merge) = (cluster.split_probability, cluster.merge_probability);
        faults.push((setting, format!("must be less than `merge_probability`: {split} is not less than {merge}")));
    }
    faults
}

/// The candidate that was probably meant; the first of several equally near ones.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let near = |candidate: &&str| {
        let letters = candidate.chars().count();
        let most = 1 + letters / 4;
        // So many letters more or less are as many mistakes; and to compare a key of a megabyte would take its time.
        if length.abs_diff(letters) > most {
            return None;
        }
        let distance = strsim::damerau_levenshtein(&typed, &candidate.to_lowercase());
        (distance <= most).then_some(distance)
    };
    let ranked = candidates.into_iter().filter_map(|candidate| Some((near(&candidate)?, candidate)));
    ranked.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Text that may stand in a header: printable ASCII (RFC 9110, 5.5, without its obsolete part).
pub(crate) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte) || byte == b'\t')
}

/// Puts a value in its place, if it is one.
pub(crate) fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

fn path(given: Given<'_>) -> Result<Option<PathBuf>, String> {
    given.text().map(|path| Some(PathBuf::from(path)).filter(|_| !path.is_empty()))
}

/// An address and a port; names are not looked up, but for the one that always stands for this machine.
fn listen(given: Given<'_>) -> Result<Option<SocketAddr>, String> {
    let text = given.text()?;
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    match address.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(address) => Ok(Some(address)),
        Err(_) => {
            Err(format!("must be an address and a port such as \"127.0.0.1:8480\" or \"[::1]:8480\", not {given}"))
        }
    }
}

fn number(given: Given<'_>, most: usize) -> Result<usize, String> {
    given.integer(1..=most)
}

fn probability(given: Given<'_>) -> Result<f64, String> {
    given.fraction(0.01..=0.99)
}

fn user_agent(given: Given<'_>) -> Result<Option<String>, String> {
    match given.text()? {
        "" => Ok(None),
        text if is_header_value(text) => Ok(Some(text.to_owned())),
        _ => Err(format!("must be printable ASCII, not {given}")),
    }
}

/// An address at which somebody can be asked, for a comment of the user agent: without brackets, which would end that.
fn contact(given: Given<'_>) -> Result<Option<String>, String> {
    let text = given.text()?;
    let is_address = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"));
    match text {
        "" => Ok(None),
        _ if is_address && is_header_value(text) && !text.contains(['(', ')', '\\']) => Ok(Some(text.to_owned())),
        _ => Err(format!(
            "must be a URL such as \"https://example.org/about\" or \"mailto:me@example.org\", not {given}"
        )),
    }
}

/// Its value is never shown: somebody may have written a password into it.
fn smtp(given: Given<'_>) -> Result<Option<Server>, String> {
    let wanted = || "must be a URL such as \"smtps://me@mail.example.org\"".to_owned();
    match given.text().map_err(|_| wanted())? {
        "" => Ok(None),
        text => Server::parse(text).map(Some).map_err(|error| format!("{}: {error}", wanted())),
    }
}

fn password(given: Given<'_>) -> Result<Option<Secret>, String> {
    let text = given.text().map_err(|_| "must be text in quotation marks".to_owned())?;
    Ok(Some(Secret(text.to_owned())).filter(|_| !text.is_empty()))
}

fn sender(given: Given<'_>) -> Result<Option<Address>, String> {
    match given.text()? {
        "" => Ok(None),
        text => Address::parse(text).map(Some).map_err(|error| format!("is wrong: {error}")),
    }
}

/// Its value is never shown: it may hold a password.
fn proxy(given: Given<'_>) -> Result<Option<Secret>, String> {
    let wanted = || "must be a URL such as \"http://proxy.example:3128\"".to_owned();
    let text = given.text().map_err(|_| wanted())?;
    if text.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(text).map_err(|_| wanted())?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    is_usable.then(|| Some(Secret(text.to_owned()))).ok_or_else(wanted)
}
