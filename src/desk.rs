//! Conductor: the desk where editions are made: what came since the last one is read, rendered, recorded and delivered.
//!
//! # What holds
//!
//! An edition's content, the end of its window, what it told and its mail are recorded in one transaction, or none of them is. What is
//! rendered is rendered before that transaction, what is sent is sent after it: nothing waits for a network or a pipe while others
//! wait to write. So
//!
//! * a crash before the transaction leaves no trace, and the next edition covers the same window;
//! * a file is complete beside its place before the transaction, and renamed within it: a crash between the two leaves a file that
//!   the next edition makes anew;
//! * a mail is in the outbox from the transaction on, with an identity of its own: it is sent until a server has taken it, and a crash
//!   between that and the mark sends it a second time, as the same mail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::cli::DigestFormat;
use crate::cli::moment::{MomentError, When};
use crate::digest::template::{Form, Template, TemplateError};
use crate::digest::{self, Digest, Edition, Format, Params};
use crate::fetch::error::one_line;
use crate::mail::{self, Address, MailError, Parts, Server};
use crate::model::{Article, ArticleId, Cluster, ClusterId, Ranked};
use crate::news::{self, Backlog, Standing};
use crate::rank::{self, Sort};
use crate::schedule::timetable::Timetable;
use crate::store::{Attempt, Letter, NewEdition, Query, Recorded, Store, StoreError, Waiting};
use crate::taste::Taste;

/// The width of a text digest in columns: what every mail client and terminal shows unbroken.
const TEXT_COLUMNS: usize = 76;
/// How long an attempt to hand over a mail keeps others from it: longer than a server can make it last.
const ATTEMPT: SignedDuration = SignedDuration::from_mins(15);
/// The pause after a failed attempt doubles from the first to the longest.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_mins(1);
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A mail that the server refuses for good is given up after so long: mailboxes are full and settings wrong for days (RFC 5321,
/// 4.5.4.1).
const REFUSED_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);
/// After an edition could not be made it is tried again after so long.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Mails sent in one round: a full outbox must not keep editions from being made.
const MAILS_A_ROUND: usize = 50;

/// A digest as it is ordered: under a name, with a selection, a form and places to bring it to.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its name, which its editions go by.
    pub name: String,
    /// Which clusters, whenever they came.
    pub query: Query,
    /// What its readers do not want to see.
    pub taste: Taste,
    /// How clusters are weighed, and who speaks for them.
    pub rank: rank::Params,
    /// Where the first edition begins; `None` means when the database was made.
    pub first_since: Option<When>,
    /// In what order.
    pub sort: Sort,
    /// How much.
    pub params: Params,
    /// In what form.
    pub format: DigestFormat,
    /// The template in place of the built-in one.
    pub template: Option<OwnTemplate>,
    /// The zone of its times.
    pub zone: TimeZone,
    /// The file it is written to, with `{date}`, `{time}`, `{name}` and `{number}` still in it.
    pub out: Option<PathBuf>,
    /// Whom it is mailed to.
    pub post: Option<Post>,
    /// From whom and to whom a mail is that is only printed.
    pub letterhead: Option<Post>,
    /// When it is due; `None` for one that is only made by hand.
    pub timetable: Option<Timetable>,
}

/// A template of the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnTemplate {
    /// What errors call it.
    pub name: String,
    /// Its text.
    pub source: String,
}

/// From whom and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The sender.
    pub from: Address,
    /// The recipients.
    pub to: Vec<Address>,
}

/// Why an edition was not made.
#[derive(Debug, Error)]
pub enum DeskError {
    /// The database cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first edition cannot begin there.
    #[error(transparent)]
    Moment(#[from] MomentError),
    /// The first edition would begin in time to come, and all others after it.
    #[error("`since` is {0}, and no digest can begin later than now")]
    Future(Timestamp),
    /// The template is at fault.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The mail cannot be made.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Two at once.
    #[error("another process has just made an edition of `{0}`: nothing was recorded of this one")]
    Overtaken(String),
}

/// An edition that is rendered and not yet recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed {
    /// What it says.
    pub digest: Digest,
    /// What is to be recorded.
    pub edition: NewEdition,
}

impl Composed {
    /// What was rendered.
    pub fn body(&self) -> &[u8] {
        &self.edition.content
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.digest.stories.is_empty()
    }
}

/// Reads and renders the next edition: all that came since the last one of its name, each story that was not told before, or has
/// news since. Writes nothing.
///
/// # Errors
/// When the database cannot be read, or the order cannot be kept.
pub fn compose(store: &Store, order: &Order, now: Timestamp) -> Result<Composed, DeskError> {
    let last = store.last_edition(&order.name)?;
    let since = match &last {
        Some(_) => None,
        None => order.first_since.as_ref().map(|when| when.timestamp(now, &order.zone)).transpose()?,
    };
    if let Some(since) = since.filter(|since| *since > now) {
        return Err(DeskError::Future(since));
    }
    let backlog = if since.is_some() { Backlog::Counts } else { Backlog::IsNone };
    let (number, from, place) = match &last {
        Some(last) => (last.number + 1, last.until, last.place),
        None => (1, since.map_or_else(|| store.created(), Ok)?, ArticleId(0)),
    };
    // A clock that was set back makes an empty window, never one that ends before it begins.
    let until = now.max(from);
    let arrivals = store.arrivals(&Query { since, until: None, ..order.query.clone() }, place, &[])?;
    let mut told = Told::read(store, &order.name, &arrivals.clusters)?;
    let mut chosen = Vec::new();
    for cluster in arrivals.clusters {
        if order.taste.wants(&cluster) && told.tells(&cluster, place, backlog) {
            chosen.push(cluster);
        }
    }
    let ranked = rank::order(chosen, order.sort, now, &order.rank);
    let members = members(&ranked);
    let (name, generated) = (order.name.clone(), now);
    let edition =
        Edition { title: name.clone(), name: name.clone(), from, until, generated, told: told.when, news: told.news };
    let digest = digest::build(ranked, &edition, &order.params);
    let told = digest.stories.iter().filter_map(|story| members.get(&story.id.0)).flatten().copied().collect();
    let letter = letter(store, order, &digest, number)?;
    let content = render(store, order, &digest, number)?;
    let edition = NewEdition {
        name,
        number,
        from,
        until,
        made: now,
        place: arrivals.place,
        stories: digest.stories.len(),
        told,
        format: order.format.word().to_owned(),
        content,
        letter,
    };
    Ok(Composed { digest, edition })
}

/// The articles of each cluster, by its code.
fn members(ranked: &[Ranked]) -> BTreeMap<String, Vec<ArticleId>> {
    let articles = |ranked: &Ranked| ranked.cluster.members.iter().map(|member| member.article.id).collect();
    ranked.iter().map(|ranked| (ranked.cluster.code.0.clone(), articles(ranked))).collect()
}

/// What earlier editions told, what was dismissed, and what is found to be news on the way.
struct Told {
    articles: BTreeMap<ArticleId, Timestamp>,
    dismissed: BTreeSet<ArticleId>,
    when: BTreeMap<ClusterId, Timestamp>,
    news: BTreeMap<ClusterId, Vec<ArticleId>>,
}

impl Told {
    fn read(store: &Store, name: &str, clusters: &[Cluster]) -> Result<Told, DeskError> {
        let ids = clusters.iter().flat_map(|cluster| &cluster.members).map(|member| member.article.id);
        let (articles, dismissed) = (store.told(name, ids)?, store.dismissed()?);
        Ok(Told { articles, dismissed, when: BTreeMap::new(), news: BTreeMap::new() })
    }

    /// Whether a cluster that gained an article behind `place` is told: for the first time, or because it has news.
    fn tells(&mut self, cluster: &Cluster, place: ArticleId, backlog: Backlog) -> bool {
        let knows = |article: &Article| self.articles.contains_key(&article.id);
        if news::is_hidden(cluster, &self.dismissed) {
            return false;
        }
        match news::standing(cluster, backlog, knows) {
            Standing::Nothing => false,
            // What a limit or a filter left out before is told when it moves again.
            Standing::Unheard => cluster
                .members
                .iter()
                .map(|member| &member.article)
                .any(|article| article.id > place && (backlog == Backlog::Counts || !article.backlog)),
            Standing::Update(news) => {
                let when = cluster.members.iter().filter_map(|member| self.articles.get(&member.article.id)).max();
                self.when.extend(when.map(|when| (cluster.id, *when)));
                self.news.insert(cluster.id, news.named());
                true
            }
        }
    }
}

/// The number of a mail that is no edition's: the millisecond in which it was made, in as many bits as there are.
pub fn number_of(now: Timestamp) -> u32 {
    (now.as_millisecond() & i64::from(u32::MAX)).try_into().unwrap_or_default()
}

/// What a format that was asked for means; `None` for a mail, which is made of two.
pub fn format(asked: DigestFormat) -> Option<Format> {
    Some(match asked {
        DigestFormat::Text => Format::Written(Form::Text { columns: TEXT_COLUMNS }),
        DigestFormat::Markdown => Format::Written(Form::Markdown),
        DigestFormat::Html => Format::Written(Form::Html),
        DigestFormat::Atom => Format::Written(Form::Atom),
        DigestFormat::Json => Format::Json,
        DigestFormat::Epub => Format::Epub,
        DigestFormat::Email => return None,
    })
}

/// The digest in the order's form.
///
/// # Errors
/// When the template is at fault, or it makes no mail.
pub fn render(store: &Store, order: &Order, digest: &Digest, number: u32) -> Result<Vec<u8>, DeskError> {
    let template = order.template.as_ref().map(|own| Template { name: &own.name, source: &own.source });
    match (format(order.format), &template) {
        (Some(format), _) => Ok(digest::render(digest, &order.zone, format, template)?),
        (None, Some(template)) => Err(TemplateError::no_such_format(template.name).into()),
        (None, None) => {
            let nobody = Post { from: Address::parse(mail::NOBODY)?, to: Vec::new() };
            let post = order.post.as_ref().or(order.letterhead.as_ref()).unwrap_or(&nobody);
            let identity = mail::identity(&order.name, number, store.salt()?, &post.from);
            message(order, digest, &identity, &post.from, &post.to)
        }
    }
}

/// The digest as a letter to whom the order mails it; `None` where it mails it to nobody.
///
/// # Errors
/// When it makes no mail.
pub fn letter(store: &Store, order: &Order, digest: &Digest, number: u32) -> Result<Option<Letter>, DeskError> {
    let Some(post) = &order.post else { return Ok(None) };
    let identity = mail::identity(&order.name, number, store.salt()?, &post.from);
    Ok(Some(Letter {
        message: message(order, digest, &identity, &post.from, &post.to)?,
        message_id: identity,
        sender: post.from.email(),
        recipients: post.to.iter().map(Address::email).collect(),
        next_attempt: digest.generated,
    }))
}

/// The digest as a mail.
fn message(
    order: &Order,
    digest: &Digest,
    identity: &str,
    from: &Address,
    to: &[Address],
) -> Result<Vec<u8>, DeskError> {
    let day = digest.until.to_zoned(order.zone.clone()).strftime("%-d %B %Y");
    let stories = match digest.stories.len() {
        0 => "nothing new".to_owned(),
        1 => "1 story".to_owned(),
        count => format!("{count} stories"),
    };
    let subject = format!("{}, {day}: {stories}", digest.title);
    let text = match written(order, digest, DigestFormat::Text)? {
        Some(own) => own,
        None => digest::text(digest, &order.zone, TEXT_COLUMNS),
    };
    let html = match written(order, digest, DigestFormat::Html)? {
        Some(own) => own,
        None => digest::html(digest, &order.zone),
    };
    let parts = Parts { from, to, subject: &subject, date: digest.generated, identity, text: &text, html: Some(&html) };
    Ok(mail::compose(&parts)?)
}

/// What the order's own template makes of a digest, where it is one of this format.
fn written(order: &Order, digest: &Digest, wanted: DigestFormat) -> Result<Option<String>, DeskError> {
    let (Some(own), Some(format)) = (order.template.as_ref().filter(|_| order.format == wanted), format(wanted)) else {
        return Ok(None);
    };
    let template = Template { name: &own.name, source: &own.source };
    let made = digest::render(digest, &order.zone, format, Some(template))?;
    Ok(Some(String::from_utf8_lossy(&made).into_owned()))
}

/// Where an edition goes that is being recorded.
#[derive(Debug)]
pub enum Delivery {
    /// Nowhere, or it has been there.
    None,
    /// To a file.
    File(PathBuf),
}

/// Records an edition, and puts its file in place with it; gives the number of its letter.
///
/// # Errors
/// When it could not be recorded, or its file not be written: then nothing is.
pub fn record(store: &mut Store, composed: &Composed, delivery: &Delivery) -> Result<Option<i64>, DeskError> {
    let recorded = match delivery {
        Delivery::None => store.record(&composed.edition, || Ok(()))?,
        Delivery::File(path) => {
            let failed = |source| DeskError::File { path: path.clone(), source };
            let file = Beside::write(path, composed.body()).map_err(failed)?;
            store.record(&composed.edition, || file.put())?
        }
    };
    match (recorded, delivery) {
        (Recorded::Done(letter), _) => Ok(letter),
        (Recorded::Overtaken, _) => Err(DeskError::Overtaken(composed.edition.name.clone())),
        (Recorded::NotHandedOver(source), Delivery::File(path)) => Err(DeskError::File { path: path.clone(), source }),
        (Recorded::NotHandedOver(source), Delivery::None) => Err(DeskError::File { path: PathBuf::new(), source }),
    }
}

/// The file of an edition: the places in the order's name for it filled in.
pub fn file_of(out: &Path, order: &Order, edition: &NewEdition) -> PathBuf {
    let until = edition.until.to_zoned(order.zone.clone());
    // A name comes from the config and may hold whatever a file's name may not.
    let name: String = order.name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let filled = out.to_string_lossy();
    let filled = filled.replace("{date}", &until.strftime("%Y-%m-%d").to_string());
    let filled = filled.replace("{time}", &until.strftime("%H%M").to_string());
    PathBuf::from(filled.replace("{name}", &name).replace("{number}", &edition.number.to_string()))
}

/// A file that is complete, and stands beside the place where it is wanted.
struct Beside {
    written: PathBuf,
    wanted: PathBuf,
    is_put: std::cell::Cell<bool>,
}

impl Beside {
    /// Writes it down to the disk.
    fn write(path: &Path, content: &[u8]) -> io::Result<Beside> {
        // A link stays one: what it leads to is replaced.
        let wanted = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_plain = fs::metadata(&wanted).map_or(true, |there| there.is_file());
        let name = wanted.file_name().filter(|_| is_plain).ok_or_else(|| io::Error::other("it is no plain file"))?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}.part", std::process::id()));
        let beside = Beside { written: wanted.with_file_name(beside), wanted, is_put: std::cell::Cell::new(false) };
        let mut file = File::create(&beside.written)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(beside)
    }

    /// Puts it where it is wanted, at once and whole.
    fn put(&self) -> io::Result<()> {
        fs::rename(&self.written, &self.wanted)?;
        self.is_put.set(true);
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_put.get() {
            // What cannot be removed is a file that nobody reads.
            drop(fs::remove_file(&self.written));
        }
    }
}

/// When an order is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Now: a time of its schedule has passed since its last edition.
    Now,
    /// At this moment.
    At(Timestamp),
    /// Never: it has no schedule.
    Never,
}

/// When an order is due. However many of its times have passed since its last edition, it is due once: that edition covers them all.
///
/// # Errors
/// When the database cannot be read, or a new schedule not be written down.
pub fn due(store: &mut Store, order: &Order, now: Timestamp) -> Result<Due, DeskError> {
    let Some(timetable) = &order.timetable else { return Ok(Due::Never) };
    let known = store.scheduled_since(&order.name, now)?;
    let last = store.last_edition(&order.name)?.map_or(known, |last| last.until.max(known));
    Ok(match timetable.next_after(last) {
        Some(next) if next <= now => Due::Now,
        Some(next) => Due::At(next),
        None => Due::Never,
    })
}

/// Makes an edition and brings it where the order says. One without a story is recorded and brought nowhere.
///
/// # Errors
/// When it could not be made; nothing is recorded then.
pub fn make(store: &mut Store, order: &Order, now: Timestamp) -> Result<Composed, DeskError> {
    let mut composed = compose(store, order, now)?;
    let delivery = match &order.out {
        Some(out) if !composed.is_empty() => Delivery::File(file_of(out, order, &composed.edition)),
        _ => Delivery::None,
    };
    if composed.is_empty() {
        composed.edition.letter = None;
    }
    record(store, &composed, &delivery)?;
    Ok(composed)
}

/// What a mail's attempt came to.
#[derive(Debug)]
pub struct Sent {
    /// Whom it was for.
    pub recipient: String,
    /// Whether the server took it.
    pub outcome: Result<(), MailError>,
}

/// Hands one mail over that was taken from the outbox, and writes down how that ended.
///
/// # Errors
/// When that cannot be written down: then it is sent again later, as the same mail.
pub fn send(store: &mut Store, server: &Server, mail: &Waiting, now: Timestamp) -> Result<Sent, StoreError> {
    let outcome = mail::send(server, &mail.sender, &mail.recipient, &mail.message);
    store.mark_mail(mail.id, &attempt(mail, &outcome, now), now)?;
    Ok(Sent { recipient: mail.recipient.clone(), outcome })
}

/// What follows from an attempt: pauses double from a minute to six hours; what is refused for good is given up after five days.
pub fn attempt(mail: &Waiting, outcome: &Result<(), MailError>, now: Timestamp) -> Attempt {
    let Err(error) = outcome else { return Attempt::Sent };
    let why = one_line(error);
    if error.is_permanent() && now.duration_since(mail.since) >= REFUSED_MAX {
        return Attempt::GivenUp { why };
    }
    let doubled = 2_i32.saturating_pow(mail.attempts.min(20));
    let pause = PAUSE_FIRST.checked_mul(doubled).map_or(PAUSE_MAX, |pause| pause.min(PAUSE_MAX));
    Attempt::Failed { again: now.checked_add(pause).unwrap_or(now), why }
}

/// Until when somebody who takes a mail keeps others from it.
pub fn attempt_ends(now: Timestamp) -> Timestamp {
    now.checked_add(ATTEMPT).unwrap_or(now)
}

/// The desk of a service: its orders, its server, and what lately went wrong.
#[derive(Debug, Default)]
pub struct Desk {
    /// The digests that have a schedule.
    pub orders: Vec<Order>,
    /// The server that takes mail; without one it waits.
    pub server: Option<Server>,
    troubles: BTreeMap<String, Timestamp>,
}

impl Desk {
    /// A desk with orders and perhaps a server.
    pub fn new(orders: Vec<Order>, server: Option<Server>) -> Desk {
        Desk { orders, server, troubles: BTreeMap::new() }
    }

    /// Makes what is due, one after the other, and then sends what waits. Says when something is due next, as far as that is known.
    /// One order's trouble holds up no other.
    pub fn round(
        &mut self,
        store: &mut Store,
        now: impl Fn() -> Timestamp,
        stopped: impl Fn() -> bool,
    ) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        let mut wait_for = |moment: Timestamp| next = Some(next.map_or(moment, |next| next.min(moment)));
        for order in &self.orders {
            if stopped() {
                return None;
            }
            if let Some(again) = self.troubles.get(&order.name).filter(|again| **again > now()) {
                wait_for(*again);
                continue;
            }
            let outcome = due(store, order, now()).and_then(|due| match due {
                Due::Now => make(store, order, now()).map(Some),
                Due::At(moment) => {
                    wait_for(moment);
                    Ok(None)
                }
                Due::Never => Ok(None),
            });
            self.troubles.remove(&order.name);
            match outcome {
                Ok(None) => {}
                Ok(Some(made)) => {
                    let (number, stories) = (made.edition.number, made.edition.stories);
                    tracing::info!(digest = order.name, number, stories, "made an edition");
                }
                Err(error) => {
                    tracing::error!(digest = order.name, "no edition was made: {}", one_line(&error));
                    let again = now().checked_add(AGAIN_AFTER).unwrap_or(now());
                    self.troubles.insert(order.name.clone(), again);
                    wait_for(again);
                }
            }
        }
        match self.empty_outbox(store, &now, &stopped) {
            Ok(Some(moment)) => wait_for(moment),
            Ok(None) => {}
            Err(error) => tracing::warn!("will look at the outbox again: {}", one_line(&error)),
        }
        next
    }

    /// Sends what is due; says when the next mail is.
    fn empty_outbox(
        &self,
        store: &mut Store,
        now: &impl Fn() -> Timestamp,
        stopped: &impl Fn() -> bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        let Some(server) = &self.server else { return Ok(None) };
        for _ in 0..MAILS_A_ROUND {
            if stopped() {
                break;
            }
            let Some(mail) = store.take_mail(now(), attempt_ends(now()))? else { break };
            let sent = send(store, server, &mail, now())?;
            match sent.outcome {
                Ok(()) => tracing::info!(to = sent.recipient, "sent a digest"),
                Err(error) => {
                    tracing::warn!(to = sent.recipient, attempts = mail.attempts + 1, "{}", one_line(&error));
                }
            }
        }
        store.next_mail()
    }
}
