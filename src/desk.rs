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

mod file;
pub mod outbox;
pub mod pick;
pub mod press;
pub mod print;

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::cell::CellError;
use crate::cli::DigestFormat;
use crate::cli::moment::{MomentError, When};
use crate::desk::file::{Beside, Places};
use crate::desk::outbox::{after, pause};
use crate::desk::pick::{PAGE_CLUSTERS, Picked};
use crate::digest::template::TemplateError;
use crate::digest::{self, Digest, Edition, Params};
use crate::fetch::error::one_line;
use crate::mail::{Address, MailError};
use crate::model::{Article, ArticleId, Cluster, ClusterId, KeptEdition, Ranked};
use crate::news::{self, Backlog, Standing};
use crate::rank::{self, Sort};
use crate::schedule::timetable::Timetable;
use crate::store::{LastEdition, NewEdition, Query, Recorded, Store, StoreError};
use crate::taste::Taste;

/// An edition that could not be made is tried again after a minute, two, four … up to this.
const AGAIN_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);
/// What an edition had no room for competes in those that follow for so long, and in the next one in any case.
const ROOM_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// A clock that is put back by less makes no digest come twice; the next one is late by no more than that.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(1);
/// However long the window of the last one was: a first edition may cover years.
const ROOM_WITHIN_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

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
    /// The program that renders it in a cell: newsfold itself.
    pub program: PathBuf,
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
    /// No process can be started for the template.
    #[error(transparent)]
    Cell(CellError),
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
    /// A panic, contained: the edition is tried again like any other that failed, and the other digests are made.
    #[error("making it failed by a fault of newsfold's own ({0}); please report it")]
    Fault(String),
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
    let Gathered { window, chosen, picked } = gather(store, order, now)?;
    let members = members(&picked.clusters);
    let (name, generated) = (order.name.clone(), now);
    let (told, news) = (chosen.told, chosen.news);
    let edition =
        Edition { title: name.clone(), name: name.clone(), from: window.from, until: now, generated, told, news };
    let mut digest = digest::build(picked.clusters, &edition, &order.params);
    digest.counts.left_out += picked.left_out.len();
    let told = digest.stories.iter().filter_map(|story| members.get(&story.id.0)).flatten().copied().collect();
    let letter = print::letter(store, order, &digest, window.number.into())?;
    let content = print::render(store, order, &digest, window.number.into())?;
    let edition = NewEdition {
        name,
        number: window.number,
        from: window.from,
        until: now,
        made: now,
        place: chosen.place,
        stories: digest.stories.len(),
        told,
        format: order.format.word().to_owned(),
        content,
        letter,
    };
    Ok(Composed { digest, edition })
}

/// What an edition is made of.
struct Gathered {
    window: Window,
    chosen: Chosen,
    picked: Picked,
}

/// Reads all that an edition is made of, of one state of the file, which is let go of before anything is rendered.
fn gather(store: &Store, order: &Order, now: Timestamp) -> Result<Gathered, DeskError> {
    let _one_state = store.hold()?;
    let window = Window::next(store, order, now)?;
    let chosen = Chosen::read(store, order, &window)?;
    let picked = pick::pick(store, &chosen.clusters, order, now)?;
    Ok(Gathered { window, chosen, picked })
}

/// What an edition covers.
#[derive(Clone, Debug)]
struct Window {
    /// The edition's number.
    number: u32,
    /// The beginning of its time.
    from: Timestamp,
    /// The place in the log behind which it begins.
    place: ArticleId,
    /// Only what was published since then, where its order says so.
    since: Option<Timestamp>,
    backlog: Backlog,
    /// Since when a story that nobody was told of competes.
    room_since: Option<Timestamp>,
}

impl Window {
    fn next(store: &Store, order: &Order, now: Timestamp) -> Result<Window, DeskError> {
        let last = store.last_edition(&order.name)?;
        let since = match &last {
            Some(_) => None,
            None => order.first_since.as_ref().map(|when| when.timestamp(now, &order.zone)).transpose()?,
        };
        if let Some(since) = since.filter(|since| *since > now) {
            return Err(DeskError::Future(since));
        }
        let (number, from, place) = match &last {
            // Where a clock ran ahead of itself, the one that holds now is right: the next window begins and ends by it.
            Some(last) => (last.number + 1, last.until.min(now), last.place),
            None => (1, since.map_or_else(|| store.created(), Ok)?.min(now), ArticleId(0)),
        };
        let backlog = if since.is_some() { Backlog::Counts } else { Backlog::IsNone };
        Ok(Window { number, from, place, since, backlog, room_since: last.as_ref().map(room_since) })
    }

    /// Whether an article is new enough to bring in a story that nobody was told of.
    fn holds(&self, article: &Article) -> bool {
        let is_in_time = article.id > self.place || self.room_since.is_some_and(|since| article.seen > since);
        is_in_time && (self.backlog == Backlog::Counts || !article.backlog)
    }
}

/// Since when a story that nobody was told of competes for a place: what the last edition had no room for, or what was hidden then, gets
/// another chance in the next one, and in all of a day. Not longer: what was passed over for so long is old, and moves if it is not.
fn room_since(last: &LastEdition) -> Timestamp {
    let window = last.until.duration_since(last.from);
    let room = window.min(ROOM_WITHIN_MAX).max(ROOM_WITHIN);
    last.until.checked_sub(room).unwrap_or(last.until)
}

/// The articles of each cluster, by its code.
fn members(ranked: &[Ranked]) -> BTreeMap<String, Vec<ArticleId>> {
    let articles = |ranked: &Ranked| ranked.cluster.members.iter().map(|member| member.article.id).collect();
    ranked.iter().map(|ranked| (ranked.cluster.code.0.clone(), articles(ranked))).collect()
}

/// The clusters that an edition is offered: those that are told for the first time, which takes an article that is new enough, or have
/// news.
#[derive(Clone, Debug)]
struct Chosen {
    /// The place in the log up to which there are no others.
    place: ArticleId,
    clusters: Vec<ClusterId>,
    /// When those were told that have news.
    told: BTreeMap<ClusterId, Timestamp>,
    /// The articles that are their news.
    news: BTreeMap<ClusterId, Vec<ArticleId>>,
}

impl Chosen {
    /// The first edition of a name looks at all that is stored: so no more than a page of it is in memory.
    fn read(store: &Store, order: &Order, window: &Window) -> Result<Chosen, DeskError> {
        let reaches_back = window.room_since.map(|since| store.place_at(since)).transpose()?;
        let looked_at = reaches_back.map_or(window.place, |place| place.min(window.place));
        let query = Query { since: window.since, until: None, ..order.query.clone() };
        let mut arrivals = store.arrivals(&query, looked_at, &[])?;
        if query.words.is_some() {
            // What the index does not hold yet cannot have been found.
            arrivals.place = arrivals.place.min(store.indexed_until()?).max(window.place);
        }
        let dismissed = store.dismissed()?;
        let (clusters, told, news) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        let mut chosen = Chosen { place: arrivals.place, clusters, told, news };
        for page in arrivals.clusters.chunks(PAGE_CLUSTERS) {
            let mut clusters = store.load(page)?;
            clusters.retain(|cluster| order.taste.wants(cluster) && !news::is_hidden(cluster, &dismissed));
            let articles = clusters.iter().flat_map(|cluster| &cluster.members).map(|member| member.article.id);
            let told = store.told(&order.name, articles)?;
            for cluster in &clusters {
                chosen.offer(cluster, window, &told);
            }
        }
        Ok(chosen)
    }

    /// Takes a cluster, if there is anything to tell of it to readers who were told of these articles at these times.
    fn offer(&mut self, cluster: &Cluster, window: &Window, told: &BTreeMap<ArticleId, Timestamp>) {
        match news::standing(cluster, window.backlog, |article| told.contains_key(&article.id)) {
            Standing::Nothing => return,
            Standing::Unheard if !cluster.members.iter().any(|member| window.holds(&member.article)) => return,
            Standing::Unheard => {}
            Standing::Update(news) => {
                let when = cluster.members.iter().filter_map(|member| told.get(&member.article.id)).max();
                self.told.extend(when.map(|when| (cluster.id, *when)));
                self.news.insert(cluster.id, news.named());
            }
        }
        self.clusters.push(cluster.id);
    }
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
    let number = Some(edition.number);
    file::filled(out, &Places { name: &order.name, number, until: edition.until, zone: &order.zone })
}

/// The file of an edition that is kept: the places in its name filled in as they were, or would have been, when it was made.
pub fn file_of_kept(out: &Path, kept: &KeptEdition, zone: &TimeZone) -> PathBuf {
    file::filled(out, &Places { name: &kept.name, number: Some(kept.number), until: kept.until, zone })
}

/// The file of a digest that is no edition, and so has no number.
pub fn file_of_export(out: &Path, order: &Order, until: Timestamp) -> PathBuf {
    file::filled(out, &Places { name: &order.name, number: None, until, zone: &order.zone })
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
    let last = match store.last_edition(&order.name)? {
        // It was made while the clock ran ahead, and a time of the schedule would be missed until then. The next one puts it right.
        Some(last)
            if last.until.duration_since(now) > AHEAD_MAX
                && timetable.next_after(now).is_some_and(|next| next <= last.until) =>
        {
            return Ok(Due::Now);
        }
        last => last.map_or(known, |last| last.until.max(known)),
    };
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

/// The desk of a service: its orders, and what lately went wrong.
#[derive(Debug, Default)]
pub struct Desk {
    /// The digests that have a schedule.
    pub orders: Vec<Order>,
    /// By name: how often in a row no edition could be made, and when the next attempt is.
    troubles: BTreeMap<String, (u32, Timestamp)>,
}

impl Desk {
    /// A desk with orders.
    pub fn new(orders: Vec<Order>) -> Desk {
        Desk { orders, troubles: BTreeMap::new() }
    }

    /// Makes what is due, one after the other. Says when something is due next, as far as that is known. One order's trouble holds up
    /// no other.
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
            let trouble = self.troubles.get(&order.name).copied();
            if let Some((_, again)) = trouble.filter(|(_, again)| *again > now()) {
                wait_for(again);
                continue;
            }
            let outcome = contained(|| {
                due(store, order, now()).and_then(|due| match due {
                    Due::Now => make(store, order, now()).map(Some),
                    Due::At(moment) => {
                        wait_for(moment);
                        Ok(None)
                    }
                    Due::Never => Ok(None),
                })
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
                    let failures = trouble.map_or(0, |(failures, _)| failures);
                    let again = after(now(), pause(failures, AGAIN_AFTER_MAX));
                    self.troubles.insert(order.name.clone(), (failures + 1, again));
                    wait_for(again);
                }
            }
        }
        next
    }
}

/// Does the work of one order; a panic in it is this order's trouble. What a transaction had written then is rolled back.
fn contained<T>(work: impl FnOnce() -> Result<T, DeskError>) -> Result<T, DeskError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(DeskError::Fault(told.unwrap_or("a panic without a word").to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_panic_over_one_order_is_its_trouble_and_the_others_are_made() {
        let now: Timestamp = "2026-02-13T12:00:00Z".parse().unwrap();
        let mut store = Store::in_memory(1, now).unwrap();
        let order = |name: &str| Order {
            name: name.to_owned(),
            query: Query::default(),
            taste: Taste::default(),
            rank: rank::Params::default(),
            first_since: None,
            sort: Sort::default(),
            params: Params::default(),
            format: DigestFormat::Text,
            template: None,
            zone: TimeZone::UTC,
            out: None,
            post: None,
            letterhead: None,
            timetable: Some(Timetable::parse("* * * * *", TimeZone::UTC).unwrap()),
        };
        let mut desk = Desk::new(vec![order("ill"), order("well")]);
        let after = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        // The schedules are new to the database, and due a minute later.
        desk.round(&mut store, || now, || false);
        let asked = Cell::new(0);
        let breaking = || {
            asked.set(asked.get() + 1);
            assert_ne!(asked.get(), 1, "the first order meets it");
            after(61)
        };
        let next = desk.round(&mut store, breaking, || false);
        assert!(store.last_edition("well").unwrap().is_some(), "the second order was made");
        assert!(store.last_edition("ill").unwrap().is_none());
        assert!(next.is_some_and(|next| next > after(61)), "{next:?}");
        // It is tried again like any other that failed, and not before.
        desk.round(&mut store, || after(62), || false);
        assert!(store.last_edition("ill").unwrap().is_none(), "a minute has not passed");
        desk.round(&mut store, || after(61 + 3_600), || false);
        assert!(store.last_edition("ill").unwrap().is_some());
    }
}
