//! Station: the nouns every module speaks of; it imports nothing of ours and computes nothing.

use std::borrow::Cow;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

/// A feed's row number in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FeedId(pub i64);

/// An article's place in the ground log: the sequence number under which it was first stored, so that smaller means earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArticleId(pub i64);

/// A cluster is numbered by the article that founded it, once; the number never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClusterId(pub ArticleId);

/// The public, stable id of an article (`a` and ten letters or digits). Its founder's code with a `c` in front is a cluster's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Code(pub String);

impl Code {
    /// The public id of the cluster that the article of this code founded.
    pub fn of_cluster(&self) -> Code {
        Code(format!("c{}", &self.0[1..]))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a feed is known by when it is asked again: opaque, kept byte for byte (RFC 9110, 8.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag` header as it came, quotes and `W/` included.
    pub etag: Option<String>,
    /// The `Last-Modified` header as it came.
    pub last_modified: Option<String>,
}

/// Where a feed was made known, which says who may remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The config file names it.
    Config,
    /// `feeds add`, `feeds import` or `fetch URL` brought it.
    Command,
}

/// How a feed is doing, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Never asked yet.
    #[default]
    New,
    /// The last answer brought entries.
    Ok,
    /// The last answer was 304 (or the file had not changed).
    NotModified,
    /// The feed was read and holds no entries.
    Empty,
    /// The feed was read and none of its entries has a date that can be used.
    Undated,
    /// No answer, or one that says "not now": DNS, connection, timeout, 5xx, 404.
    Unreachable,
    /// The server asked for a pause (429, or 503 with Retry-After).
    Throttled,
    /// An answer that is no feed, or a broken one.
    Unreadable,
    /// Our own policy refused the address.
    Refused,
    /// 410: it stays stored and is not asked again.
    Gone,
    /// Reading its document ended the process again and again: that document is not read any more.
    Quarantined,
}

impl Health {
    /// The word that people and programs read.
    pub fn word(self) -> &'static str {
        match self {
            Health::New => "new",
            Health::Ok => "ok",
            Health::NotModified => "not-modified",
            Health::Empty => "empty",
            Health::Undated => "undated",
            Health::Unreachable => "unreachable",
            Health::Throttled => "throttled",
            Health::Unreadable => "unreadable",
            Health::Refused => "refused",
            Health::Gone => "gone",
            Health::Quarantined => "quarantined",
        }
    }

    /// Whether a person may have to look.
    pub fn is_trouble(self) -> bool {
        use Health::{Gone, Quarantined, Refused, Throttled, Unreachable, Unreadable};
        matches!(self, Unreachable | Throttled | Unreadable | Refused | Gone | Quarantined)
    }
}

/// Which rung of the ladder read a feed: the first that brought its entries. Each one up trusts the bytes less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// As it came.
    #[default]
    Plain,
    /// Its bytes were not UTF-8, or not what they said they were, and were transcoded.
    Transcoded,
    /// Its markup was repaired: bare ampersands, HTML entities, control characters, old namespaces, a root inside another document.
    Mended,
    /// Its entries were read one by one, and those beyond repair left out.
    Salvaged,
    /// The lenient reader found more in it than any stricter one.
    Lenient,
}

impl Rung {
    /// The word that people and programs read.
    pub fn word(self) -> &'static str {
        match self {
            Rung::Plain => "plain",
            Rung::Transcoded => "transcoded",
            Rung::Mended => "mended",
            Rung::Salvaged => "salvaged",
            Rung::Lenient => "lenient",
        }
    }
}

/// What a feed itself says of how often it may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// How long it may be kept, in seconds (`ttl`).
    pub ttl_seconds: Option<u64>,
    /// How often it changes, in seconds (`sy:updatePeriod` divided by `sy:updateFrequency`).
    pub period_seconds: Option<u64>,
    /// Hours of the day in UTC in which it need not be asked (`skipHours`); bit 0 is midnight to one.
    pub skip_hours: u32,
    /// Days of the week in UTC in which it need not be asked (`skipDays`); bit 0 is Monday.
    pub skip_days: u8,
}

/// A file that comes with an entry: a podcast's sound, a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Its address, as it stood in the feed or resolved.
    pub url: String,
    /// Its media type, as the feed says.
    pub media_type: Option<String>,
    /// Its size in bytes, as the feed says.
    pub bytes: Option<u64>,
}

/// A feed's word, not yet believed, that it lives elsewhere for good (301, 308).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moving {
    /// Where it says it lives, with the user's credentials where these may go along.
    pub to: String,
    /// When it first said so.
    pub since: Timestamp,
    /// How many good answers in a row came by this redirect.
    pub times: u32,
}

/// The host of a URL as courtesy counts hosts: its name, with the port where that is an unusual one and so another server's;
/// `None` for a file.
pub fn host_of(url: &Url) -> Option<String> {
    let name = url.host_str()?;
    Some(match url.port() {
        None | Some(80 | 443) => name.to_owned(),
        Some(port) => format!("{name}:{port}"),
    })
}

/// A pause that a host keeps, with all of its feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostPause {
    /// No feed of the host is asked before.
    pub until: Timestamp,
    /// Whether the server named the time (`Retry-After`), which even `--all` obeys; else it only said "too many requests".
    pub wished: bool,
}

/// What polling has taught us of a feed; it changes with every answer, in the transaction of that answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedState {
    /// What to send back with the next request.
    pub validators: Validators,
    /// How the last attempt went.
    pub health: Health,
    /// One line about the last trouble, for people.
    pub detail: Option<String>,
    /// Not asked before this moment; a feed without one is due.
    pub next_due: Option<Timestamp>,
    /// The server's own wish (Retry-After), which even `--all` obeys.
    pub not_before: Option<Timestamp>,
    /// When it was last asked.
    pub last_attempt: Option<Timestamp>,
    /// When it last answered with a feed or 304.
    pub last_success: Option<Timestamp>,
    /// When it last brought an article we had not.
    pub last_new: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// The learned pause between two requests, in seconds; 0 while nothing is known.
    pub interval_seconds: u64,
    /// The pause after the last failure, in seconds; 0 after a good answer.
    pub pause_seconds: u64,
    /// Until when asking again is useless, by the last good answer's `max-age` or `Expires`.
    pub fresh_until: Option<Timestamp>,
    /// How long it takes until three of four entries are replaced, in seconds, by the dates of the last document.
    pub turnover_seconds: Option<u64>,
    /// What the feed itself says of how often it may be asked.
    pub pace: Pace,
    /// Which rung of the ladder read it last.
    pub rung: Rung,
    /// The URL that gave the last good answer, without credentials: the validators are its own, and sent to no other.
    pub answered_url: Option<String>,
    /// The fingerprint of the last document that was read, by which a document that came again is known unread.
    pub body_hash: Option<String>,
    /// When the feed last came whole (200), or was last asked to.
    pub whole_at: Option<Timestamp>,
    /// The address it says it has moved to, while that is not yet believed.
    pub moving: Option<Moving>,
    /// The address it has moved to, which is asked in place of its URL.
    pub moved_to: Option<String>,
    /// The feed that its redirects lead to as well; only that one is polled.
    pub same_as: Option<FeedId>,
    /// Good answers so far, 304 among them.
    pub answers: u64,
    /// How many of them brought an article we had not.
    pub answers_with_news: u64,
    /// The pause that its host keeps just now. It belongs to the host: it is filled in when a feed is read from the store, and
    /// not stored with the feed.
    pub host_pause: Option<HostPause>,
}

/// A feed: a URL we poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// The row number.
    pub id: FeedId,
    /// The URL as configured: `http(s)://…` or `file:///…`.
    pub url: String,
    /// The publisher as the user names it.
    pub outlet: Option<String>,
    /// The publisher's name made from what the feed says, once it was read.
    pub outlet_found: Option<String>,
    /// The user's tags.
    pub tags: Vec<String>,
    /// A fixed interval in place of the learned one.
    pub interval: Option<SignedDuration>,
    /// Whether its articles may be grouped.
    pub cluster: bool,
    /// Higher is preferred as a cluster's representative.
    pub priority: i32,
    /// Whether its articles can be read by subscribers alone.
    pub paywalled: bool,
    /// Whether it may lead into private networks and to this machine, whatever holds for the others.
    pub allow_private: bool,
    /// Who named it.
    pub origin: Origin,
    /// Whether it is still named by the config or by command; an inactive feed keeps its articles and is not asked.
    pub active: bool,
    /// When it was added.
    pub added: Timestamp,
    /// The feed's own title.
    pub title: Option<String>,
    /// The site it belongs to.
    pub site: Option<String>,
    /// What polling has taught us.
    pub state: FeedState,
}

impl Feed {
    /// The outlet's name: the user's, else the one found, else the URL.
    pub fn outlet_name(&self) -> &str {
        self.outlet.as_deref().or(self.outlet_found.as_deref()).unwrap_or(&self.url)
    }

    /// The address that is asked: where the feed has moved to, else its URL.
    pub fn asked_url(&self) -> &str {
        self.state.moved_to.as_deref().unwrap_or(&self.url)
    }

    /// The host of that address; `None` for a file.
    pub fn host(&self) -> Option<String> {
        host_of(&Url::parse(self.asked_url()).ok()?)
    }
}

/// A document, as it is recognised when it comes again: whose it is and what its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Document {
    /// The feed that answered with it.
    pub feed: FeedId,
    /// A hash of the body, decompressed.
    pub body_hash: u64,
}

/// A document during whose reading the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suspect {
    /// The document.
    pub document: Document,
    /// How often in a row.
    pub deaths: u32,
}

/// A feed as a user asks for it, before the store has numbered it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedWish {
    /// The URL: http, https or file.
    pub url: String,
    /// The publisher, when the user names it.
    pub outlet: Option<String>,
    /// Tags, in the user's order.
    pub tags: Vec<String>,
    /// A fixed interval in place of the learned one.
    pub interval: Option<SignedDuration>,
    /// Whether its articles may be grouped.
    pub cluster: bool,
    /// Higher is preferred as a cluster's representative.
    pub priority: i32,
    /// Whether its articles can be read by subscribers alone.
    pub paywalled: bool,
    /// Whether it may lead into private networks and to this machine, whatever holds for the others.
    pub allow_private: bool,
}

impl FeedWish {
    /// A wish with nothing but a URL.
    pub fn of_url(url: impl Into<String>) -> FeedWish {
        FeedWish {
            url: url.into(),
            outlet: None,
            tags: Vec::new(),
            interval: None,
            cluster: true,
            priority: 0,
            paywalled: false,
            allow_private: false,
        }
    }
}

/// What a feed said of one article: HTML not yet cleaned, links not yet resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The publisher's own id (`guid`, `atom:id`, JSON Feed `id`), trimmed, never made up.
    pub guid: Option<String>,
    /// The link to the article, as it stood in the feed or resolved against `xml:base`.
    pub link: Option<String>,
    /// The title, HTML or text.
    pub title: Option<String>,
    /// The short text, HTML or text.
    pub summary: Option<String>,
    /// The long text, HTML or text.
    pub content: Option<String>,
    /// When it was published, as the feed says.
    pub published: Option<Timestamp>,
    /// When it was last changed, as the feed says.
    pub updated: Option<Timestamp>,
    /// The authors' names.
    pub authors: Vec<String>,
    /// The feed's categories for it.
    pub categories: Vec<String>,
    /// The language the entry or its feed declares.
    pub lang: Option<String>,
    /// The publisher an aggregator names for it (`<source>`).
    pub source: Option<String>,
    /// A picture named outside the text (`media:thumbnail`, an image enclosure).
    pub image: Option<String>,
    /// The files that come with it, in the feed's order.
    pub enclosures: Vec<Enclosure>,
}

/// A whole feed, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedFeed {
    /// The feed's own title, not yet cleaned.
    pub title: Option<String>,
    /// The site the feed belongs to.
    pub site: Option<String>,
    /// The language it declares.
    pub lang: Option<String>,
    /// How often the feed says it may be asked.
    pub pace: Pace,
    /// Which rung of the ladder read it.
    pub rung: Rung,
    /// Whether the document ends before its root does: the rest of it may be still to come.
    pub is_torn: bool,
    /// Its entries, in the feed's order.
    pub entries: Vec<Entry>,
    /// What was wrong and could be lived with, one line each.
    pub warnings: Vec<String>,
}

/// How an article is recognised when its feed is read again: unique within its feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArticleKey(pub String);

/// The rules by which an entry is recognised, strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// By the publisher's own id.
    #[default]
    Guid,
    /// By its link.
    Link,
    /// By its title and date.
    Title,
    /// By its title and text.
    Text,
}

/// A key as a number: what of an article outlives everything else. Unique within its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The key's rule.
    pub rule: Rule,
    /// The key's hash, which its rule is part of.
    pub hash: i64,
}

/// How far a feed's keys are believed: guids that change from one reading to the next are no ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The strongest rule that is believed.
    pub rule: Rule,
    /// Documents in a row that spoke against it.
    pub strikes: u8,
}

/// Why an article's `published` is not what its feed said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateDoubt {
    /// The feed gave no date that could be read: the time it was first seen stands in.
    Missing,
    /// The feed's date lay in the future: the time it was first seen stands in.
    Future,
}

/// An entry cleaned and keyed, not stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The first key that tells it from the other entries of its document; its public id is made of it.
    pub key: ArticleKey,
    /// All keys by which it will be recognised, strongest first; never empty.
    pub marks: Vec<Mark>,
    /// The sentences of its text that its feed puts under other entries too, each as `features::boilerplate::mark` has it.
    pub repeated: Vec<u32>,
    /// A sketch of its text, by which a new title over the same text is noticed; `None` for a short text.
    pub sketch: Option<i64>,
    /// The link for readers: http or https only.
    pub url: Option<String>,
    /// The same link in the one spelling that is compared.
    pub canonical: Option<String>,
    /// The title, plain text, one line.
    pub title: String,
    /// The text, plain, paragraphs divided by one empty line.
    pub text: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Whose voice it speaks with (`wire:ap`, `site:example.org`); `None` where only its outlet's name can tell.
    pub voice: Option<String>,
    /// Its language (`en`, `de`, …), lower case, primary subtag only: declared, or told by its document's words.
    pub lang: Option<String>,
    /// When it was published; `None` where the feed gives no usable date.
    pub published: Option<Timestamp>,
    /// Why `published` is `None`.
    pub date_doubt: Option<DateDoubt>,
    /// The publisher an aggregator names for it.
    pub source: Option<String>,
    /// A picture's URL.
    pub image: Option<String>,
    /// http(s) links of the text, in order, each once.
    pub links: Vec<String>,
    /// The feed's categories for it.
    pub categories: Vec<String>,
    /// The files that come with it: http(s) only.
    pub enclosures: Vec<Enclosure>,
}

/// An article: stored, with its current revision's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Article {
    /// Its place in the log.
    pub id: ArticleId,
    /// Its public id.
    pub code: Code,
    /// The feed that brought it first.
    pub feed: FeedId,
    /// That feed's URL.
    pub feed_url: String,
    /// URLs of the other feeds that carried it.
    pub also_in: Vec<String>,
    /// The publisher.
    pub outlet: String,
    /// The link for readers.
    pub url: Option<String>,
    /// Title, plain.
    pub title: String,
    /// Text, plain.
    pub text: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Whose voice it speaks with: see [`Draft::voice`].
    pub voice: Option<String>,
    /// Its language, declared or detected.
    pub lang: Option<String>,
    /// When it was published (UTC).
    pub published: Timestamp,
    /// Why `published` is not the feed's word.
    pub date_doubt: Option<DateDoubt>,
    /// When it was first stored.
    pub seen: Timestamp,
    /// When its current revision was stored.
    pub revised: Timestamp,
    /// A picture's URL.
    pub image: Option<String>,
    /// Links of its text.
    pub links: Vec<String>,
    /// Its feed's categories for it.
    pub categories: Vec<String>,
    /// The files that come with it.
    pub enclosures: Vec<Enclosure>,
    /// Whether it was published before its feed was added: it is no news, however new it is here.
    pub backlog: bool,
    /// Its feed's tags.
    pub tags: Vec<String>,
    /// 1 for an article that never changed.
    pub revision: u32,
    /// Its feed's priority.
    pub priority: i32,
    /// Whether its feed's articles can be read by subscribers alone.
    pub paywalled: bool,
}

/// An older version of an article's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// 1 is the first.
    pub number: u32,
    /// When it was stored.
    pub seen: Timestamp,
    /// The title it had.
    pub title: String,
    /// The text it had.
    pub text: String,
}

/// How an article came into its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It is the first of its story.
    Founded,
    /// The clusterer found it alike.
    Joined,
    /// Its cluster was merged into this one.
    Merged,
    /// Its cluster was split off from another.
    Split,
    /// A person said so.
    Corrected,
}

/// One piece of evidence for a membership.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its name: `title`, `text`, `names`, `numbers`, `hours`, …
    pub what: Cow<'static, str>,
    /// What was measured, 0 to 1 unless the name says otherwise.
    pub value: f64,
    /// Its contribution to the decision in log-odds: above 0 speaks for, below 0 against.
    pub weight: f64,
    /// The words, names or numbers that both sides share, rarest first.
    #[serde(default, skip_serializing_if = "WordList::is_empty")]
    pub shared: WordList,
}

/// Words in their order, in one piece of memory: a reason names dozens, and one is made for every article. In JSON an array of strings.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WordList {
    /// Each with a line break behind it; none holds one.
    text: String,
}

/// Bytes that a few words take.
const WORDS_USUALLY: usize = 96;

impl WordList {
    /// Adds one behind the others.
    pub fn push(&mut self, word: &str) {
        if self.text.is_empty() {
            self.text.reserve(WORDS_USUALLY);
        }
        word.split('\n').for_each(|piece| self.text.push_str(piece));
        self.text.push('\n');
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator('\n')
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Debug for WordList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<T: AsRef<str>> FromIterator<T> for WordList {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> WordList {
        let mut gathered = WordList::default();
        words.into_iter().for_each(|word| gathered.push(word.as_ref()));
        gathered
    }
}

impl Serialize for WordList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for WordList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WordList, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// The next best cluster for an article, and why it was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunnerUp {
    /// That cluster.
    pub cluster: ClusterId,
    /// How probable it was.
    pub probability: f64,
    /// The evidence, as for the cluster taken.
    pub because: Vec<Evidence>,
}

/// An article of the clusterer's window as the store remembers it: what is needed to go on as if nothing had ever stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    /// The article.
    pub article: ArticleId,
    /// Its cluster as it stands now.
    pub cluster: ClusterId,
    /// When it was published.
    pub published: Timestamp,
    /// When it was first stored.
    pub seen: Timestamp,
    /// The clusterer's own bytes.
    pub memory: Vec<u8>,
}

/// Why an article is where it is: everything that was weighed, as it was when it was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// In what way it came in.
    pub how: How,
    /// How sure: of a join, the probability that it belongs; of a founding, that it belongs nowhere else.
    pub probability: f64,
    /// What was weighed, strongest contribution first; empty where there was nothing to compare with.
    pub because: Vec<Evidence>,
    /// The member it resembles most.
    pub nearest: Option<ArticleId>,
    /// Hours between its publication and the nearest member's.
    pub hours_apart: Option<f64>,
    /// The next best cluster.
    pub runner_up: Option<RunnerUp>,
}

/// What a person's correction says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// `ones` and `others` report one story.
    Merge,
    /// `ones` are a story of their own and leave the cluster, where `others` stay.
    Split,
    /// `ones` and `others` are never in one cluster; where they are, `others` leave.
    Apart,
    /// An earlier correction holds no more, and what it moved goes back.
    Undo,
}

/// A person's correction, as it stands in the ground log: it names articles, never clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Its number, by which it is undone; they count up from 1.
    pub number: i64,
    /// When it was made.
    pub made: Timestamp,
    /// What it says.
    pub ruling: Ruling,
    /// The articles of one side; of an undoing none.
    pub ones: Vec<ArticleId>,
    /// The articles of the other side; of an undoing none.
    pub others: Vec<ArticleId>,
    /// The number of the correction that it undoes.
    pub undoes: Option<i64>,
    /// Its place in the ground log, once the writer has obeyed it.
    pub seq: Option<i64>,
}

/// An article in its cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The article.
    pub article: Article,
    /// Why it is here.
    pub joined: Reason,
    /// The member whose text it repeats.
    pub copy_of: Option<Code>,
}

/// A cluster: the articles that report one story.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its number.
    pub id: ClusterId,
    /// Its public id.
    pub code: Code,
    /// Its articles by publication, earliest first; never empty.
    pub members: Vec<Member>,
}

/// A cluster's row: enough to know that it cannot come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its number.
    pub id: ClusterId,
    /// When its newest article was published.
    pub last_published: Timestamp,
    /// When its newest article was stored.
    pub last_seen: Timestamp,
    /// How many articles there are.
    pub article_count: usize,
}

/// What the order of clusters asks of one article: everything but its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The article.
    pub article: ArticleId,
    /// The publisher.
    pub outlet: String,
    /// Whose voice it speaks with: see [`Draft::voice`].
    pub voice: Option<String>,
    /// When it was published.
    pub published: Timestamp,
    /// When it was first stored.
    pub seen: Timestamp,
    /// Its feed's priority.
    pub priority: i32,
    /// The member whose text it repeats.
    pub copy_of: Option<ArticleId>,
}

/// A cluster as far as its order asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Its number.
    pub id: ClusterId,
    /// Its articles, in no order; never empty.
    pub reports: Vec<Report>,
}

/// What a cluster's articles come to. Worked out in one place (`rank::facts`), so that every table, page and export says the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Where in `Cluster::members` the article stands that speaks for the cluster.
    pub representative: usize,
    /// The representative's title; empty where no article has one.
    pub headline: String,
    /// The beginning of the representative's text, cut at a sentence; empty where it has no text.
    pub summary: String,
    /// The language most of its articles are in.
    pub lang: Option<String>,
    /// The tags of all its articles, most common first.
    pub tags: Vec<String>,
    /// The outlets, each once, in the order in which they came to the story.
    pub outlets: Vec<String>,
    /// How many articles there are.
    pub article_count: usize,
    /// How many outlets speak in words of their own: a copy speaks with the voice of what it copies.
    pub independent_count: usize,
    /// When the story's first article was published.
    pub first_published: Timestamp,
    /// When its newest article was published.
    pub last_published: Timestamp,
    /// When its first article was stored.
    pub first_seen: Timestamp,
    /// When an article or a revision was last stored.
    pub updated: Timestamp,
}

impl Facts {
    /// How many outlets report the story.
    pub fn outlet_count(&self) -> usize {
        self.outlets.len()
    }
}

/// A cluster with its facts and its place in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// The cluster.
    pub cluster: Cluster,
    /// What its articles come to.
    pub facts: Facts,
    /// Its rank at the moment it was asked for: higher comes first; finite, and below 0 for what is old.
    pub rank: f64,
}

impl Ranked {
    /// The article that speaks for the cluster.
    pub fn representative(&self) -> &Member {
        self.cluster.members.get(self.facts.representative).expect("facts are of this cluster, and no cluster is empty")
    }
}

/// An edition whose content is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptEdition {
    /// The digest's name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Covers what came after this moment …
    pub from: Timestamp,
    /// … up to this one.
    pub until: Timestamp,
    /// How many stories it told.
    pub stories: usize,
    /// The name of its format.
    pub format: String,
    /// How long its content is.
    pub bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusual_port_is_another_server() {
        let cases = [
            ("https://news.example/a", Some("news.example")),
            ("http://news.example:443/a", Some("news.example")),
            ("http://NEWS.example:8080/a", Some("news.example:8080")),
            ("http://[::1]:81/", Some("[::1]:81")),
            ("file:///a.xml", None),
        ];
        for (url, expected) in cases {
            assert_eq!(host_of(&Url::parse(url).unwrap()).as_deref(), expected, "{url}");
        }
    }
}
