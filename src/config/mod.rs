//! Door: the config file and its environment.
//!
//! What a person may set stands in one table (`settings`); the file, the environment and the errors all read it. Every
//! value has a default, so that no file is needed; a file that is there is read strictly, because a setting that is
//! silently ignored is worse than an error.

mod digests;
mod environment;
mod error;
mod feeds;
mod file;
mod given;
mod reading;
mod settings;

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use jiff::SignedDuration;

pub use crate::config::digests::DigestSection;
use crate::config::environment::Environment;
pub use crate::config::error::{ConfigError, Fault};
pub use crate::config::feeds::{FeedUrlError, feed_url};
use crate::mail::{Address, Server};
use crate::model::FeedWish;
use crate::rank::Preference;
use crate::taste::Marks;

/// What `init` writes: every setting with its default and why, and real feeds to begin with.
pub const STARTER: &str = include_str!("../../config.toml");

/// The largest config file that is read: tens of thousands of feeds.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// All settings. The default is what holds without a config file.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The database file. [`load`] makes it absolute.
    pub database: PathBuf,
    /// How feeds are fetched.
    pub fetch: FetchSection,
    /// How articles are clustered.
    pub cluster: ClusterSection,
    /// How long things are kept.
    pub retention: RetentionSection,
    /// What a reader sees of clusters.
    pub reading: ReadingSection,
    /// How the service is watched.
    pub serve: ServeSection,
    /// How mail is sent.
    pub mail: MailSection,
    /// The digests that have a name, in the order of the names.
    pub digests: Vec<DigestSection>,
    /// The feeds, in the file's order.
    pub feeds: Vec<FeedSection>,
}

/// `[fetch]`: how feeds are fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchSection {
    /// How newsfold names itself to publishers; `None` is its own name and version.
    pub user_agent: Option<String>,
    /// Where publishers can ask who sends these requests and why; `None` gives no address.
    pub contact: Option<String>,
    /// How long one answer may take, from the first byte asked to the last read.
    pub timeout: SignedDuration,
    /// The largest body that is read, in bytes, counted after decompression.
    pub body_bytes_max: u64,
    /// Entries read of one answer, from its beginning.
    pub entries_max: usize,
    /// Downloads at the same time.
    pub concurrency: usize,
    /// Connections to one host at the same time.
    pub per_host: usize,
    /// The least time between two requests to one host; loopback has none.
    pub per_host_spacing: SignedDuration,
    /// The shortest learned interval between two polls of one feed.
    pub interval_min: SignedDuration,
    /// The longest learned interval.
    pub interval_max: SignedDuration,
    /// Whether feeds may point into private networks and to this machine.
    pub allow_private_addresses: bool,
    /// The proxy for http and https.
    pub proxy: Option<Secret>,
}

/// `[cluster]`: how articles are clustered.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSection {
    /// Hours that an article can gather others.
    pub window_hours: u32,
    /// The probability from which an article joins a cluster.
    pub join_probability: f64,
    /// The probability from which two clusters are made one.
    pub merge_probability: f64,
    /// The probability up to which a part of a cluster is let go.
    pub split_probability: f64,
    /// The probability from which two clusters that are apart are related.
    pub related_probability: f64,
    /// Articles of one cluster within the window; a full one takes no more.
    pub cluster_articles_max: usize,
}

/// `[retention]`: how long things are kept, counted from when they were seen; `None` is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionSection {
    /// Articles that are alone in their cluster.
    pub articles: Option<SignedDuration>,
    /// Clusters of more than one article, from the last one on.
    pub clusters: Option<SignedDuration>,
    /// Earlier words of articles.
    pub revisions: Option<SignedDuration>,
    /// What is left of editions and mails that were sent.
    pub editions: Option<SignedDuration>,
}

/// `[reading]`: what a reader sees of clusters. Nothing of it touches what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingSection {
    /// What makes an article speak for its cluster, the weightiest first.
    pub representative: Vec<Preference>,
    /// What a reader does not want to see.
    pub mute: Marks,
    /// What is shown although it is muted.
    pub keep: Marks,
}

/// `[serve]`: how the service is watched over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServeSection {
    /// Where it listens; without one it does not.
    pub listen: Option<SocketAddr>,
    /// The file that holds the token which what is private wants to see. [`load`] makes it absolute.
    pub token_file: Option<PathBuf>,
}

/// The shortest token: 16 characters of a random one are 64 bits at least.
const TOKEN_CHARS_MIN: usize = 16;

impl ServeSection {
    /// The token, read anew each time, so that it may change.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no token.
    pub fn token(&self) -> Result<Option<Secret>, ConfigError> {
        let Some(path) = &self.token_file else { return Ok(None) };
        let wrong = |message| ConfigError::Wrong(vec![Fault { place: "`token_file` in [serve]".to_owned(), message }]);
        let token = environment::read_secret(&path.to_string_lossy()).map_err(wrong)?;
        let is_token =
            token.reveal().len() >= TOKEN_CHARS_MIN && token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if !is_token {
            return Err(wrong(format!(
                "`{}` must hold one line of at least {TOKEN_CHARS_MIN} letters, digits and signs of ASCII, without spaces",
                path.display()
            )));
        }
        Ok(Some(token))
    }
}

/// `[mail]`: how mail is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MailSection {
    /// The server that takes it; without one nothing is sent.
    pub smtp: Option<Server>,
    /// The password of the server's user.
    pub password: Option<Secret>,
    /// The file that holds the password, where it does not stand in the config. [`load`] makes it absolute.
    pub password_file: Option<PathBuf>,
    /// Whom mail is from.
    pub from: Option<Address>,
    /// Whom it is for, where a digest does not say.
    pub to: Vec<Address>,
}

impl MailSection {
    /// The password: the one that is written, else that of the file. It is read anew each time, so that it may change.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn password(&self) -> Result<Option<Secret>, ConfigError> {
        let Some(path) = self.password_file.as_ref().filter(|_| self.password.is_none()) else {
            return Ok(self.password.clone());
        };
        let fault = |message| Fault { place: "`password_file` in [mail]".to_owned(), message };
        let secret = environment::read_secret(&path.to_string_lossy());
        secret.map(Some).map_err(|message| ConfigError::Wrong(vec![fault(message)]))
    }
}

/// One `[[feeds]]` entry.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedSection {
    /// What the user asks for; its `url` is ready to fetch.
    pub wish: FeedWish,
    /// Headers sent with every request for it, in the order of their names.
    pub headers: Vec<Header>,
}

/// A header of a request. Its value may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, as the user spells it: an HTTP token.
    pub name: String,
    /// The value: printable ASCII.
    pub value: Secret,
}

/// A text that must not reach a log: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The settings that hold, and where they came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file they were read from; `None` when there is none and the defaults hold.
    pub path: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            database: PathBuf::from("newsfold.db"),
            fetch: FetchSection::default(),
            cluster: ClusterSection::default(),
            retention: RetentionSection::default(),
            reading: ReadingSection::default(),
            serve: ServeSection::default(),
            mail: MailSection::default(),
            digests: Vec::new(),
            feeds: Vec::new(),
        }
    }
}

impl Default for FetchSection {
    fn default() -> FetchSection {
        FetchSection {
            user_agent: None,
            contact: None,
            timeout: SignedDuration::from_secs(20),
            body_bytes_max: 8 * 1024 * 1024,
            entries_max: 5_000,
            concurrency: 16,
            per_host: 2,
            per_host_spacing: SignedDuration::from_secs(1),
            interval_min: SignedDuration::from_mins(15),
            interval_max: SignedDuration::from_hours(24),
            allow_private_addresses: false,
            proxy: None,
        }
    }
}

impl Default for ClusterSection {
    fn default() -> ClusterSection {
        ClusterSection {
            window_hours: 168,
            join_probability: 0.52,
            merge_probability: 0.65,
            split_probability: 0.3,
            related_probability: 0.1,
            cluster_articles_max: 2_000,
        }
    }
}

impl Default for RetentionSection {
    /// Nothing that was said is given up unasked; what was sent and read is.
    fn default() -> RetentionSection {
        let editions = Some(SignedDuration::from_hours(24 * 90));
        RetentionSection { articles: None, clusters: None, revisions: None, editions }
    }
}

impl Default for ReadingSection {
    fn default() -> ReadingSection {
        ReadingSection { representative: Preference::ALL.to_vec(), mute: Marks::default(), keep: Marks::default() }
    }
}

/// Reads the settings: the file named by `explicit`, else by `NEWSFOLD_CONFIG`, else `config.toml` in `folder` (the current
/// one, absolute), else `newsfold/config.toml` among the user's config files, else none; then the environment on top.
///
/// A relative `database` starts at the folder of the config file; without a file, or from the environment, at `folder`.
/// A relative feed path starts at the folder of the config file. An empty variable counts as unset.
///
/// # Errors
/// When a file that was named is missing, a file cannot be read, or anything in it or in the environment is wrong; each
/// fault is named with its place.
pub fn load(
    explicit: Option<&Path>,
    folder: &Path,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Loaded, ConfigError> {
    let environment = Environment::of(environment);
    let Some(path) = find(explicit, folder, &environment) else {
        let mut config = Config::default();
        environment.apply(&mut config)?;
        config.start_paths_at(folder);
        return Ok(Loaded { config, path: None });
    };
    let text = read(&path).map_err(|error| environment.blame(error, explicit))?;
    let home = path.parent().unwrap_or(folder);
    let mut config = parse(&text, path.strip_prefix(folder).unwrap_or(&path), home)?;
    environment.apply(&mut config)?;
    config.start_paths_at(folder);
    Ok(Loaded { config, path: Some(path) })
}

impl Config {
    /// Makes the paths absolute that still are not.
    fn start_paths_at(&mut self, folder: &Path) {
        self.database = folder.join(&self.database);
        self.serve.token_file = self.serve.token_file.take().map(|path| folder.join(path));
        self.mail.password_file = self.mail.password_file.take().map(|path| folder.join(path));
    }
}

/// Reads the text of a config file. `name` is what errors call it; relative paths in it start at `home`.
///
/// # Errors
/// When anything in it is wrong: every fault, in the order of the file.
pub fn parse(text: &str, name: &Path, home: &Path) -> Result<Config, ConfigError> {
    let mut config = file::read(text, name, home)?;
    config.start_paths_at(home);
    Ok(config)
}

fn find(explicit: Option<&Path>, folder: &Path, environment: &Environment) -> Option<PathBuf> {
    let named = explicit.map(Path::to_owned).or_else(|| environment.path("NEWSFOLD_CONFIG"));
    if let Some(named) = named {
        return Some(folder.join(named));
    }
    // The XDG specification has relative paths ignored.
    let users = environment.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let users = users.or_else(|| Some(etcetera::choose_base_strategy().ok()?.config_dir()));
    let places = [Some(folder.join("config.toml")), users.map(|users| users.join("newsfold").join("config.toml"))];
    places.into_iter().flatten().find(|path| path.is_file())
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::of_io(path, source);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    String::from_utf8(bytes).map_err(|_| ConfigError::NotText { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HOME: &str = "/home/reader/news";

    fn read_text(text: &str) -> Result<Config, ConfigError> {
        parse(text, Path::new("config.toml"), Path::new(HOME))
    }

    fn faults(text: &str) -> Vec<String> {
        read_text(text).expect_err(text).to_string().lines().map(str::to_owned).collect()
    }

    /// The starter file with every setting's `#` taken away.
    fn uncommented() -> String {
        let setting =
            |line: &str| line.strip_prefix('#').filter(|rest| rest.starts_with(|next| next != ' ')).map(str::to_owned);
        let lines = STARTER.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_starter_file_shows_every_default() {
        let shown = read_text(&uncommented()).unwrap_or_else(|error| panic!("{error}"));
        let expected =
            Config { database: Path::new(HOME).join("newsfold.db"), feeds: shown.feeds.clone(), ..Config::default() };
        let expected = Config { digests: shown.digests.clone(), ..expected };
        assert_eq!(shown, expected);
        let example = &shown.digests[0];
        assert_eq!((example.name.as_str(), example.schedule.as_deref()), ("morning", Some("daily 07:00")));
        let example = &shown.feeds[0];
        let wish = FeedWish {
            outlet: example.wish.outlet.clone(),
            tags: example.wish.tags.clone(),
            interval: example.wish.interval,
            ..FeedWish::of_url("https://news.example/feed.xml")
        };
        assert_eq!(example.wish, wish, "what a feed's example shows of `cluster` and `priority` are the defaults");
    }

    #[test]
    fn the_starter_file_holds_every_setting_once_and_says_why() {
        let (settings_part, feeds_part) =
            STARTER.split_once("#[[feeds]]").expect("the example of a feed divides the file");
        let lines = |part: &'static str, keys: &mut dyn FnMut(&str, &str)| {
            let mut section = "";
            for line in part.lines() {
                let line = line.strip_prefix('#').unwrap_or(line);
                if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                    section = name;
                } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with(' ')) {
                    assert!(
                        section == "[feeds" || key == "url" || value.contains("  # ") || value.contains(" # "),
                        "why `{key}`?"
                    );
                    keys(section, key);
                }
            }
        };
        let mut shown = Vec::new();
        lines(settings_part, &mut |section, key| shown.push((section.to_owned(), key.to_owned())));
        let known: Vec<_> =
            settings::SETTINGS.iter().map(|setting| (setting.section.to_owned(), setting.key.to_owned())).collect();
        let (digest, shown): (Vec<_>, Vec<_>) =
            shown.into_iter().partition(|(section, _): &(String, String)| section.starts_with("digest."));
        assert_eq!(shown, known, "the file and the table of settings hold the same, in the same order");
        let digest: Vec<&str> = digest.iter().map(|(_, key)| key.as_str()).collect();
        assert_eq!(digest, digests::KEYS, "the example shows all that a digest takes");

        let mut shown = Vec::new();
        let example = feeds_part.split("\n\n").next().expect("a first part");
        lines(example, &mut |_, key| shown.push(key.to_owned()));
        assert_eq!(shown, feeds::KEYS, "the example shows all that a feed takes");
    }

    #[test]
    fn the_starter_file_reads_as_it_is() {
        let config = read_text(STARTER).unwrap_or_else(|error| panic!("{error}"));
        assert!(config.feeds.len() >= 40, "some forty to begin with");
        for feed in &config.feeds {
            assert!(
                feed.wish.url.starts_with("http") && feed.wish.outlet.is_some() && !feed.wish.tags.is_empty(),
                "{feed:?}"
            );
        }
        assert!(STARTER.lines().all(|line| line.chars().count() <= 100), "lines fit a window");
    }

    #[test]
    fn values_carry_their_units() {
        let config = read_text(
            r#"
            database = "../big.db"
            [fetch]
            user_agent = "reader/1.0"
            contact = "https://news.example/bot"
            timeout = "1m 30s"
            body_max = "500 kB"
            entries_max = 1
            per_host_spacing = "0s"
            interval_max = "2d"
            allow_private_addresses = true
            proxy = "http://user:pass@proxy.example:3128"
            [cluster]
            join_probability = 0.75
            window_hours = 48
            merge_probability = 0.8
            split_probability = 0.2
            related_probability = 0.15
            cluster_articles_max = 500
            [reading]
            representative = ["open", "earliest"]
            mute = { words = ["transfer window", "Lotto"], tags = ["sport"], languages = ["DE"] }
            keep = { outlets = ["The Harbour Post"] }
            "#,
        )
        .unwrap();
        assert_eq!(config.database, Path::new("/home/reader/news/../big.db"));
        assert_eq!(config.fetch.user_agent.as_deref(), Some("reader/1.0"));
        assert_eq!(config.fetch.contact.as_deref(), Some("https://news.example/bot"));
        assert_eq!(config.fetch.timeout, SignedDuration::from_secs(90));
        assert_eq!(config.fetch.body_bytes_max, 500_000);
        assert_eq!(config.fetch.entries_max, 1);
        assert_eq!(config.fetch.per_host_spacing, SignedDuration::ZERO);
        assert_eq!(config.fetch.interval_max, SignedDuration::from_hours(48));
        assert!(config.fetch.allow_private_addresses);
        assert_eq!(config.fetch.proxy.as_ref().map(Secret::reveal), Some("http://user:pass@proxy.example:3128"));
        let cluster = ClusterSection {
            window_hours: 48,
            join_probability: 0.75,
            merge_probability: 0.8,
            split_probability: 0.2,
            related_probability: 0.15,
            cluster_articles_max: 500,
        };
        assert_eq!(config.cluster, cluster);
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let reading = ReadingSection {
            representative: vec![Preference::Open, Preference::Earliest],
            mute: Marks {
                words: list(&["transfer window", "Lotto"]),
                tags: list(&["sport"]),
                languages: list(&["de"]),
                ..Marks::default()
            },
            keep: Marks { outlets: list(&["The Harbour Post"]), ..Marks::default() },
        };
        assert_eq!(config.reading, reading);
        assert!(!format!("{config:?}").contains(":pass"), "no secret in a log");
    }

    #[test]
    fn a_feed_is_what_the_file_says() {
        let config = read_text(
            r#"
            feeds = [{ url = "https://a.example/feed" }]
            "#,
        )
        .unwrap();
        assert_eq!(config.feeds[0].wish, FeedWish::of_url("https://a.example/feed"));
        let config = read_text(
            r#"
            [[feeds]]
            url = "archive/a.xml"
            outlet = " The Dispatch "
            tags = ["tech", "eu", "tech"]
            interval = "30m"
            cluster = false
            priority = -3
            paywalled = true
            headers = { X-Key = "hush", Authorization = "Bearer hush" }
            allow_private_addresses = true
            [[feeds]]
            url = "https://b.example/feed"
            "#,
        )
        .unwrap();
        let feed = &config.feeds[0];
        let wish = FeedWish {
            url: "file:///home/reader/news/archive/a.xml".into(),
            outlet: Some("The Dispatch".into()),
            tags: vec!["tech".into(), "eu".into()],
            interval: Some(SignedDuration::from_mins(30)),
            cluster: false,
            priority: -3,
            paywalled: true,
            allow_private: true,
        };
        assert_eq!(feed.wish, wish);
        let names: Vec<_> = feed.headers.iter().map(|header| (header.name.as_str(), header.value.reveal())).collect();
        assert_eq!(names, [("Authorization", "Bearer hush"), ("X-Key", "hush")]);
        assert!(!format!("{config:?}").contains("hush"), "no secret in a log");
        assert_eq!(config.feeds.len(), 2);
    }

    #[test]
    fn digests_have_names_and_mail_has_a_server() {
        let config = read_text(
            r#"
            [mail]
            smtp = "smtps://me@mail.example.org"
            password_file = "secret.txt"
            from = "News <news@example.org>"
            to = "me@example.org"
            [digest.morning]
            schedule = "0 7 * * 1-5"
            zone = "Europe/Berlin"
            since = "24h"
            format = "markdown"
            template = "mine.md"
            sections = ["eu"]
            top = 20
            tags = ["tech", "eu"]
            min_outlets = 2
            out = "digests/{date}-{number}.md"
            mail = ["a@example.org", "b@example.org"]
            [digest."böse Überraschung"]
            "#,
        )
        .unwrap_or_else(|error| panic!("{error}"));
        let server = config.mail.smtp.as_ref().map(ToString::to_string);
        assert_eq!(server.as_deref(), Some("mail.example.org:465"));
        assert_eq!(config.mail.password_file, Some(Path::new(HOME).join("secret.txt")));
        assert_eq!(config.mail.to.iter().map(Address::email).collect::<Vec<_>>(), ["me@example.org"]);
        let [odd, morning] = config.digests.as_slice() else { panic!("{:?}", config.digests) };
        let expected = DigestSection {
            name: "morning".to_owned(),
            schedule: Some("0 7 * * 1-5".to_owned()),
            zone: Some(jiff::tz::TimeZone::get("Europe/Berlin").unwrap()),
            since: Some("24h".parse().unwrap()),
            format: crate::cli::DigestFormat::Markdown,
            template: Some(Path::new(HOME).join("mine.md")),
            sections: vec!["eu".to_owned()],
            top: Some(20),
            tags: vec!["tech".to_owned(), "eu".to_owned()],
            min_outlets: 2,
            out: Some(Path::new(HOME).join("digests/{date}-{number}.md")),
            mail: ["a@example.org", "b@example.org"].map(|text| Address::parse(text).unwrap()).to_vec(),
        };
        assert_eq!(morning, &expected);
        assert_eq!((odd.name.as_str(), odd.schedule.as_ref()), ("böse Überraschung", None));
    }

    #[test]
    fn two_digests_do_not_take_each_others_place() {
        let one_fault = |text: &str| {
            let mut found = faults(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            found.remove(0)
        };
        let found =
            one_fault("[digest.b]\nout = \"day.html\"\n[digest.a]\nschedule = \"hourly\"\nout = \"day.html\"\n");
        let expected = "`out` of [digest.b] is that of [digest.a] too, and each would take the other's place: {name} in it tells them apart";
        assert!(found.contains("config.toml:") && found.ends_with(expected), "{found}");
        one_fault("[digest.\"a b\"]\nout = \"{name}\"\n[digest.a_b]\nout = \"{name}\"\n");
        read_text("[digest.a]\nout = \"{name}\"\n[digest.b]\nout = \"{name}\"\n[digest.c]\n[digest.d]\n").unwrap();

        let digest = |schedule: &str, out: &str| format!("[digest.a]\nschedule = \"{schedule}\"\nout = \"{out}\"\n");
        let found = one_fault(&digest("Hourly", "{date}.html"));
        assert!(
            found.starts_with("config.toml:3:7: `out` in [digest.a] has {date}, and `schedule` comes more"),
            "{found}"
        );
        assert!(found.ends_with("write {date}-{time} or {number}"), "{found}");
        one_fault(&digest("0 7,19 * * 1", "{name}/{date}"));
        for (schedule, out) in [
            ("hourly", "{date}-{time}.html"),
            ("hourly", "{number}"),
            ("hourly", "latest.html"),
            ("daily 07:00", "{date}.html"),
            ("0 7 29 2 *", "{date}.html"),
        ] {
            read_text(&digest(schedule, out)).unwrap_or_else(|error| panic!("{schedule}, {out}: {error}"));
        }
    }

    #[test]
    fn recipients_are_mailboxes_that_servers_take_and_each_stands_once() {
        let to = |list: &str| read_text(&format!("[mail]\nto = {list}")).unwrap().mail.to;
        let list = to(r#"["Me <me@Example.org>", "me@example.org", "ME@example.org", "you@example.org"]"#);
        assert_eq!(list.iter().map(Address::email).collect::<Vec<_>>(), ["me@Example.org", "you@example.org"]);
        assert_eq!(to(r#""me@zürich.example""#)[0].email(), "me@xn--zrich-kva.example");
        let found = faults(
            r#"[digest.a]
mail = ["jörg@example.org"]"#,
        );
        assert!(
            found[0].contains("`mail` in [digest.a] is wrong: `jörg@example.org` has letters before the `@`"),
            "{found:?}"
        );
    }

    #[test]
    fn digests_have_no_variables_and_who_sets_one_is_told() {
        let set = |name: &str| load_with(name).map(|_| ()).map_err(|error| error.to_string());
        let wrong = "is no setting: digests are written in the config file, as [digest.NAME]";
        for name in ["NEWSFOLD_DIGEST_MORNING_SCHEDULE", "NEWSFOLD_DIGEST_OUT", "NEWSFOLD_DIGEST_A_B_MIN_OUTLETS"] {
            assert!(
                set(name).is_err_and(|error| error.contains(name) && error.ends_with(wrong)),
                "{name}: {:?}",
                set(name)
            );
        }
        // What an orchestrator sets of a service that is called newsfold-digest.
        assert_eq!(set("NEWSFOLD_DIGEST_SERVICE_HOST"), Ok(()));
        assert_eq!(set("NEWSFOLD_DIGEST_PORT"), Ok(()));
    }

    fn load_with(variable: &str) -> Result<Loaded, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = (OsString::from("XDG_CONFIG_HOME"), folder.path().as_os_str().to_owned());
        load(None, folder.path(), [nowhere, (OsString::from(variable), OsString::from("1"))])
    }

    #[test]
    fn the_password_is_read_from_its_file_when_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let section = |text: &str| parse(text, Path::new("config.toml"), folder.path()).unwrap().mail;
        let of_file = section("[mail]\npassword_file = \"secret\"");
        assert!(
            of_file.password().unwrap_err().to_string().starts_with("`password_file` in [mail]: cannot read the file")
        );
        fs::write(folder.path().join("secret"), "hush\n").unwrap();
        assert_eq!(of_file.password().unwrap().as_ref().map(Secret::reveal), Some("hush"));
        let written = section("[mail]\npassword = \"hush\"");
        assert_eq!(written.password().unwrap().as_ref().map(Secret::reveal), Some("hush"));
        assert!(!format!("{written:?}").contains("hush"), "no secret in a log");
        assert_eq!(section("").password().unwrap(), None);
    }

    #[test]
    fn a_listener_is_an_address_with_a_port_and_its_token_is_long_enough() {
        let folder = tempfile::tempdir().unwrap();
        let section = |text: &str| parse(&format!("[serve]\n{text}"), Path::new("config.toml"), folder.path());
        for (given, listen) in [
            ("127.0.0.1:8480", Some("127.0.0.1:8480")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("[::1]:80", Some("[::1]:80")),
            ("0.0.0.0:8480", Some("0.0.0.0:8480")),
            ("", None),
        ] {
            let read = section(&format!("listen = \"{given}\"")).unwrap().serve;
            assert_eq!(read.listen, listen.map(|listen| listen.parse().unwrap()), "{given}");
        }
        for wrong in
            ["8480", "127.0.0.1", "localhost", "news.example.org:80", "http://127.0.0.1:8480", "127.0.0.1:99999"]
        {
            let fault = section(&format!("listen = \"{wrong}\"")).unwrap_err().to_string();
            assert!(fault.contains("config.toml:2") && fault.contains(wrong) && fault.contains("8480"), "{fault}");
        }
        let of_file = section("token_file = \"token\"").unwrap().serve;
        let told = |text: &str| {
            fs::write(folder.path().join("token"), text).unwrap();
            of_file.token()
        };
        assert_eq!(told("0123456789abcdef\n").unwrap().as_ref().map(Secret::reveal), Some("0123456789abcdef"));
        for wrong in ["", "0123456789abcde", "0123456789 abcdef", "0123456789abcdéf"] {
            let fault = told(wrong).unwrap_err().to_string();
            assert!(
                fault.starts_with("`token_file` in [serve]") && (wrong.is_empty() || !fault.contains(wrong)),
                "{fault}"
            );
        }
        fs::remove_file(folder.path().join("token")).unwrap();
        assert!(of_file.token().unwrap_err().to_string().contains("cannot read the file"));
        assert_eq!(section("").unwrap().serve.token().unwrap(), None);
    }

    #[test]
    fn a_fault_names_its_place_and_what_was_meant() {
        let check = |text: &str, expected: &str| assert_eq!(faults(text), [expected], "{text}");
        check(
            "[fetch]\nintervall_min = \"5m\"",
            "config.toml:2:1: unknown key `intervall_min` in [fetch]; did you mean `interval_min`?",
        );
        check("databse = \"a.db\"", "config.toml:1:1: unknown key `databse`; did you mean `database`?");
        check("[fetsch]\ntimeout = \"5s\"", "config.toml:1:2: unknown section [fetsch]; did you mean `fetch`?");
        check("timeout = \"5s\"", "config.toml:1:1: unknown key `timeout`; it belongs in [fetch]");
        check(
            "[cluster]\ndatabase = \"a.db\"",
            "config.toml:2:1: unknown key `database` in [cluster]; `database` belongs at the top of the file, before the first section",
        );
        check(
            "[cluster]\ncolour = 1",
            "config.toml:2:1: unknown key `colour` in [cluster]; there are window_hours, join_probability, \
             merge_probability, split_probability, related_probability, cluster_articles_max",
        );
        check(
            "[pages]\nfrom = \"a\"",
            "config.toml:1:2: unknown section [pages]; there are database, fetch, cluster, retention, reading, serve, mail, digest, feeds",
        );
        check("fetch = 1", "config.toml:1:1: `fetch` is a section: write [fetch] on a line of its own");
        check("[feeds]\nurl = \"a\"", "config.toml:1:2: feeds are written as [[feeds]], once for each");
        check(
            "[[feeds]]\nurl = \"https://a.example/\"\ntag = [\"a\"]",
            "config.toml:3:1: unknown key `tag` in [[feeds]]; did you mean `tags`?",
        );
    }

    #[test]
    fn a_wrong_value_is_told_what_it_must_be() {
        let check = |text: &str, expected: &str| {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(expected), "{text}: {}", found[0]);
        };
        let time = "must be a time with its unit, such as \"20s\", \"15m\" or \"1h 30m\"";
        check("[fetch]\ntimeout = 20", &format!("config.toml:2:11: `timeout` in [fetch] {time}, not `20`"));
        check("[fetch]\ntimeout = \"20\"", &format!("{time}, not `\"20\"`"));
        check("[fetch]\ntimeout = \"-20s\"", time);
        check("[fetch]\ntimeout = \"0s\"", "must be a time from 1s to 10m, not `\"0s\"`");
        check("[fetch]\ninterval_max = \"31d\"", "must be a time from 1s to 720h");
        check("[fetch]\nbody_max = 8", "must be a size with its unit, such as \"8 MiB\" or \"500 kB\", not `8`");
        check("[fetch]\nbody_max = \"1 GiB\"", "must be a size from 1024 to 268435456 bytes");
        check("[fetch]\nentries_max = 0", "must be a whole number from 1 to 100000, not `0`");
        check("[fetch]\nentries_max = \"5000\"", "must be a whole number from 1 to 100000, not `\"5000\"`");
        check("[fetch]\nper_host = -1", "must be a whole number from 1 to 64, not `-1`");
        check("[fetch]\nconcurrency = 99999999999999999999999", "must be a whole number from 1 to 1024");
        check("[fetch]\nallow_private_addresses = \"yes\"", "must be true or false, not `\"yes\"`");
        check("[fetch]\nuser_agent = \"a\\nb\"", "must be printable ASCII");
        check("[fetch]\ncontact = \"me, in the yard\"", "must be a URL such as \"https://example.org/about\"");
        check("[fetch]\ncontact = \"file:///etc/passwd\"", "or \"mailto:me@example.org\"");
        check("[fetch]\nproxy = \"socks5://a:1\"", "must be a URL such as \"http://proxy.example:3128\"");
        check("[cluster]\njoin_probability = 1", "must be a number from 0.01 to 0.99, not `1`");
        check("[cluster]\njoin_probability = nan", "must be a number from 0.01 to 0.99, not `NaN`");
        check(
            "[cluster]\nsplit_probability = 0.7",
            "`split_probability` in [cluster] must be less than `merge_probability`: 0.7 is not less than 0.65",
        );
        check("database = \"\"", "`database` must not be empty");
        check("database = 1979-05-27", "`database` must be text in quotation marks, not a datetime");
        check(
            "[fetch]\ninterval_min = \"2h\"\ninterval_max = \"1h\"",
            "config.toml:2:1: `interval_min` in [fetch] must not be longer than `interval_max`: 2h is longer than 1h",
        );
        check("[[feeds]]\noutlet = \"A\"", "config.toml:1:1: a feed needs a `url`");
        check(
            "[[feeds]]\nurl = \"ftp://a.example/\"",
            "config.toml:2:7: `url` in [[feeds]] is wrong: `ftp://a.example/` is no feed address",
        );
        check("[[feeds]]\nurl = \"https://a.example/\"\ntags = \"tech\"", "must be a list of at most 32 texts");
        check("[[feeds]]\nurl = \"https://a.example/\"\ninterval = \"0s\"", "must be a time from 1s");
        check("[[feeds]]\nurl = \"https://a.example/\"\nheaders = { Host = \"b\" }", "newsfold sets it by itself");
        check("[[feeds]]\nurl = \"https://a.example/\"\nheaders = { \"a b\" = \"c\" }", "no header has such a name");
        check(
            "[[feeds]]\nurl = \"https://a.example/\"\nheaders = { A = \"b\\r\\nC: d\" }",
            "needs printable ASCII text for `A`",
        );
        check("feeds = [1]", "feeds are written as [[feeds]], once for each");
        check("[fetch\n", "config.toml:1:");
        check("a = 1\na = 2", "config.toml:2:1: duplicate key");
    }

    #[test]
    fn a_wrong_digest_or_mail_server_is_told_what_it_must_be() {
        let check = |text: &str, expected: &str| {
            let found = faults(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(expected) && !found[0].contains("hush"), "{text}: {}", found[0]);
        };
        check("[mail]\nsmtp = \"mail.example.org\"", "config.toml:2:8: `smtp` in [mail] must be a URL such as");
        check("[mail]\nsmtp = \"smtps://me:hush@mail.example.org\"", "a password does not belong into `smtp`");
        check("[mail]\nfrom = \"a\"", "`from` in [mail] is wrong: `a` is no mail address");
        check("[mail]\nto = [\"a@example.org\", \"b\"]", "`to` in [mail] is wrong: `b` is no mail address");
        check("[mail]\nfrom = \"a@example.org\\r\\nBcc: b@example.org\"", "is no mail address");
        check("digest = 1", "config.toml:1:1: digests are written as [digest.NAME], once for each");
        check("[digest]\nschedule = \"daily 07:00\"", "digests are written as [digest.NAME]");
        check(
            "[digest.a]\nschedule = \"daily\"",
            "config.toml:2:12: `schedule` in [digest.a] is wrong: `daily` is no schedule",
        );
        check("[digest.a]\nschedule = \"61 7 * * *\"", "is no crontab expression");
        check("[digest.a]\nshedule = \"daily 07:00\"", "unknown key `shedule` in [digest.a]; did you mean `schedule`?");
        check("[digest.a]\nzone = \"Mars/Olympus\"", "must be a time zone such as \"Europe/Berlin\"");
        check("[digest.a]\nformat = \"doc\"", "must be one of \"text\", \"markdown\"");
        check(
            "[digest.a]\nout = \"{day}.html\"",
            "may hold {date}, {time}, {name}, {number} in braces and nothing else",
        );
        check("[digest.a]\nsince = \"soon\"", "`since` in [digest.a] is wrong: `soon` is no time");
        check("[digest.\"a\\nb\"]\ntop = 1", "a digest's name is one line");
    }

    #[test]
    fn a_feed_that_stands_twice_is_named_with_both_lines() {
        let text = "[[feeds]]\nurl = \"https://a.example\"\n\n[[feeds]]\nurl = \"https://A.example/\"\n";
        assert_eq!(faults(text), ["config.toml:5:7: feed `https://A.example/` stands here twice: first in line 2"]);
    }

    #[test]
    fn all_faults_are_told_at_once_in_the_order_of_the_file() {
        let found = faults("[fetch]\nzzz = 1\ntimeout = 5\n[cluster]\nwindow_hours = 0\n[[feeds]]\nurl = \"\"\n");
        let places: Vec<_> = found.iter().map(|fault| fault.split(':').nth(1).unwrap_or_default().to_owned()).collect();
        assert_eq!(places, ["2", "3", "5", "7"], "{found:?}");
        let wrong = "[[feeds]]\nurl = \"\"\n".repeat(2);
        assert_eq!(faults(&wrong).len(), 2, "two wrong URLs are not also the same feed");
        assert_eq!(faults(&"[[feeds]]\n".repeat(1_000)).len(), 20, "the first ones are enough");
        assert_eq!(faults("\"a\\nb\" = 1").len(), 1, "a key is shown on one line");
    }

    #[test]
    fn columns_count_characters() {
        assert!(faults("[fetch]\nproxy = \"ü\"\ntimeout = \"ü\" # ü\n")[0].starts_with("config.toml:2:9:"));
        assert!(
            faults("feeds = [{ outlet = \"ü\", urll = 1 }]").iter().any(|fault| fault.starts_with("config.toml:1:26:"))
        );
    }

    #[test]
    fn a_key_of_a_megabyte_is_refused_at_once() {
        let began = std::time::Instant::now();
        let faults = read_text(&format!("[fetch]\n{} = 1\n", "9".repeat(1 << 20))).unwrap_err().to_string();
        assert!(faults.contains("unknown key `999"), "{faults}");
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_fall(text in "[\\[\\]{}a-z_=\"'#., \n0-9ü-]{0,80}", section in "fetch|cluster|feeds", key in "timeout|url|tags|headers|proxy") {
            // A fault is an answer; a panic is not.
            let text = format!("[[{section}]]\n{key} = {text}\n[{section}]\n{key} = {text}");
            for text in [text.as_str(), text.split_once('\n').expect("it has lines").1] {
                if let Err(error) = read_text(text) {
                    proptest::prop_assert!(error.to_string().starts_with("config.toml:"));
                }
            }
        }
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    #[test]
    fn the_file_is_the_named_one_else_the_folders_else_the_users() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().join("here");
        let users = folder.path().join("users");
        fs::create_dir_all(users.join("newsfold")).unwrap();
        fs::create_dir_all(&here).unwrap();
        let users_name = users.to_str().unwrap();
        let found = |explicit: Option<&str>, more: &[(&str, &str)]| {
            let pairs = [&[("XDG_CONFIG_HOME", users_name)], more].concat();
            load(explicit.map(Path::new), &here, variables(&pairs)).unwrap()
        };
        let nothing = found(None, &[]);
        assert_eq!((nothing.path, nothing.config.database), (None, here.join("newsfold.db")));

        fs::write(users.join("newsfold/config.toml"), "").unwrap();
        let of_user = found(None, &[]);
        assert_eq!(of_user.path, Some(users.join("newsfold/config.toml")));
        assert_eq!(of_user.config.database, users.join("newsfold/newsfold.db"), "beside the config file");

        fs::write(here.join("config.toml"), "database = \"/var/lib/news.db\"").unwrap();
        let of_folder = found(None, &[]);
        assert_eq!(of_folder.path, Some(here.join("config.toml")));
        assert_eq!(of_folder.config.database, Path::new("/var/lib/news.db"));

        fs::write(here.join("env.toml"), "").unwrap();
        fs::write(here.join("named.toml"), "").unwrap();
        assert_eq!(found(None, &[("NEWSFOLD_CONFIG", "env.toml")]).path, Some(here.join("env.toml")));
        assert_eq!(found(Some("named.toml"), &[("NEWSFOLD_CONFIG", "env.toml")]).path, Some(here.join("named.toml")));
        assert_eq!(found(None, &[("NEWSFOLD_CONFIG", "")]).path, Some(here.join("config.toml")), "empty is unset");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, expected: &str| {
            let error = load(Some(Path::new(name)), folder.path(), []).expect_err(name).to_string();
            assert!(error.contains(expected) && error.contains(name), "{name}: {error}");
            assert_eq!(error.lines().count(), 1);
        };
        check("missing.toml", "there is no config file");
        let variable = variables(&[("NEWSFOLD_CONFIG", "missing.toml")]);
        let error = load(None, folder.path(), variable).expect_err("it is missing").to_string();
        assert!(error.starts_with("NEWSFOLD_CONFIG: there is no config file"), "{error}");
        fs::create_dir(folder.path().join("folder.toml")).unwrap();
        check("folder.toml", "cannot read the config file");
        fs::write(folder.path().join("binary.toml"), [0xff, 0xfe, 0x00]).unwrap();
        check("binary.toml", "is not UTF-8 text");
        fs::write(folder.path().join("bom.toml"), "\u{feff}[fetch]\ntimeout = \"5s\"\r\n").unwrap();
        let loaded = load(Some(Path::new("bom.toml")), folder.path(), []).unwrap();
        assert_eq!(loaded.config.fetch.timeout, SignedDuration::from_secs(5), "a byte order mark is no fault");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "database = \"file.db\"\n[fetch]\ntimeout = \"5s\"\n").unwrap();
        fs::write(folder.path().join("proxy.txt"), "http://me:hush@proxy.example:3128\n").unwrap();
        let secret = folder.path().join("proxy.txt");
        let loaded = load(
            None,
            folder.path(),
            variables(&[
                ("NEWSFOLD_DATABASE", "env.db"),
                ("NEWSFOLD_FETCH_TIMEOUT", "7s"),
                ("NEWSFOLD_FETCH_ENTRIES_MAX", "12"),
                ("NEWSFOLD_FETCH_ALLOW_PRIVATE_ADDRESSES", "true"),
                ("NEWSFOLD_FETCH_CONCURRENCY", ""),
                ("NEWSFOLD_FETCH_PROXY_FILE", secret.to_str().unwrap()),
                ("NEWSFOLD_CLUSTER_JOIN_PROBABILITY", "0.6"),
                ("NEWSFOLD_PORT", "tcp://10.0.0.1:8480"),
                ("NEWSFOLD_SERVICE_HOST", "10.0.0.1"),
                ("HOME", "/nowhere"),
            ]),
        )
        .unwrap();
        let config = loaded.config;
        assert_eq!(config.database, folder.path().join("env.db"));
        assert_eq!(config.fetch.timeout, SignedDuration::from_secs(7));
        assert_eq!((config.fetch.entries_max, config.fetch.concurrency), (12, 16));
        assert!(config.fetch.allow_private_addresses);
        assert_eq!(config.fetch.proxy.as_ref().map(Secret::reveal), Some("http://me:hush@proxy.example:3128"));
        assert!((config.cluster.join_probability - 0.6).abs() < 1e-9);
    }

    #[test]
    fn a_fault_in_the_environment_names_the_variable() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, value: &str, expected: &str| {
            let error = load(None, folder.path(), variables(&[(name, value)])).expect_err(name).to_string();
            assert!(error.starts_with(name) && error.contains(expected), "{error}");
            assert!(!error.contains("hush"), "{error}");
        };
        check("NEWSFOLD_FETCH_TIMEOUT", "20", "must be a time with its unit, such as \"20s\"");
        check("NEWSFOLD_FETCH_TIMEOUTT", "20s", "is no setting; did you mean NEWSFOLD_FETCH_TIMEOUT?");
        check("NEWSFOLD_FETCH_COLOUR", "x", "is no setting; the settings are NEWSFOLD_DATABASE");
        check("NEWSFOLD_DATABSE", "x", "did you mean NEWSFOLD_DATABASE?");
        check("NEWSFOLD_FETCH_INTERVAL_MIN", "2d", "must not be longer than `interval_max`");
        check("NEWSFOLD_FETCH_PROXY", "hush", "must be a URL");
        check("NEWSFOLD_FETCH_PROXY_FILE", "/nowhere/proxy", "cannot read the file `/nowhere/proxy`");
        check("NEWSFOLD_FETCH_TIMEOUT_FILE", "/nowhere", "is no setting");
        let twice = variables(&[("NEWSFOLD_FETCH_TIMEOUT", "x"), ("NEWSFOLD_FETCH_PER_HOST", "x")]);
        let error = load(None, folder.path(), twice).expect_err("both are wrong").to_string();
        assert_eq!(error.lines().count(), 2, "{error}");
    }
}
