//! A made-up world of publishers, a function of its seed: they publish, edit, retitle, reorder, repeat and withdraw, and some of them
//! lie: guids that change or are all one, dates that are missing, false or change, 304 for days, pages and halves of documents in place
//! of feeds, pauses, moves. It keeps its own list of what it said to whom, and breaks off the test when it is asked against its word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::FetchError;
use newsfold::fetch::{Answer, Fetch, Request, Response};
use newsfold::model::Validators;

use crate::samples::{Entry, rss};
use crate::sound::{Dice, told};

/// Entries of a document.
const ENTRIES_MAX: usize = 15;
/// Stories that are told at a time; new ones take the place of old ones.
const STORIES: u64 = 12;
/// What a document ends with, behind its last entry.
const DOCUMENT_END: &str = "</channel></rss>";
/// How a report's other title begins.
const RETITLED: &str = "Seen again, ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    Honest,
    NoGuid,
    OneGuid,
    GuidsChange,
    LinksChange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dates {
    Honest,
    Missing,
    Ahead,
    Shifting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conditions {
    Etag,
    LastModified,
    Ignored,
    /// 304 for days to whoever sends any.
    Stuck,
}

const KEYS: [Keys; 7] =
    [Keys::Honest, Keys::Honest, Keys::Honest, Keys::NoGuid, Keys::OneGuid, Keys::GuidsChange, Keys::LinksChange];
const DATES: [Dates; 6] = [Dates::Honest, Dates::Honest, Dates::Honest, Dates::Missing, Dates::Ahead, Dates::Shifting];
const CONDITIONS: [Conditions; 5] =
    [Conditions::Etag, Conditions::Etag, Conditions::LastModified, Conditions::Ignored, Conditions::Stuck];

#[derive(Clone, Debug)]
struct Report {
    number: u64,
    link: String,
    title: String,
    text: String,
    published: Timestamp,
    is_changed: bool,
}

/// A publisher's feed.
#[derive(Debug)]
struct Publisher {
    number: u64,
    keys: Keys,
    dates: Dates,
    conditions: Conditions,
    /// Of a hundred answers, how many are trouble.
    trouble: u64,
    reports: Vec<Report>,
    withdrawn: Vec<Report>,
    /// The document's version.
    version: u64,
    moves_at: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    is_gone: bool,
}

/// A document that was sent.
#[derive(Clone, Debug)]
pub struct Served {
    /// The feed's first URL.
    pub url: String,
    /// Its titles.
    pub titles: Vec<String>,
}

#[derive(Debug)]
struct State {
    seed: u64,
    dice: Dice,
    publishers: Vec<Publisher>,
    next_report: u64,
    first_story: u64,
    /// Whole documents since somebody last asked for them.
    served: Vec<Served>,
    /// Each feed's documents, by what they may be known by.
    known: BTreeMap<(String, String), BTreeSet<String>>,
    requests: usize,
    /// Reports in whose middle a document broke off.
    halved: BTreeSet<u64>,
}

/// The world; what the engine fetches from.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub fn new(seed: u64, publishers: u64) -> World {
        let mut dice = Dice(seed ^ 0x5EED);
        let publishers = (0..publishers)
            .map(|number| Publisher {
                number,
                // The first ones are as they should be.
                keys: if number < 3 { Keys::Honest } else { *dice.one(&KEYS) },
                dates: if number < 3 { Dates::Honest } else { *dice.one(&DATES) },
                conditions: *dice.one(&CONDITIONS),
                trouble: *dice.one(&[0, 5, 20, 60]),
                reports: Vec::new(),
                withdrawn: Vec::new(),
                version: 0,
                moves_at: None,
                paused_until: None,
                is_gone: false,
            })
            .collect();
        World(Arc::new(Mutex::new(State {
            seed,
            dice,
            publishers,
            next_report: 1,
            first_story: 1,
            served: Vec::new(),
            known: BTreeMap::new(),
            requests: 0,
            halved: BTreeSet::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked in the world but to end the test")
    }

    pub fn urls(&self) -> Vec<String> {
        self.state().publishers.iter().map(|publisher| home(publisher.number)).collect()
    }

    /// Whole documents that were sent since the last call.
    pub fn served(&self) -> Vec<Served> {
        std::mem::take(&mut self.state().served)
    }

    /// The titles of the document that a feed may be known by this.
    pub fn document(&self, url: &str, known_by: &str) -> Option<BTreeSet<String>> {
        self.state().known.get(&(url.to_owned(), known_by.to_owned())).cloned()
    }

    /// Whether the feed has keys by which every report of it is one article, whatever else it does.
    pub fn is_told_apart(&self, url: &str) -> bool {
        self.state().publishers.iter().any(|publisher| {
            home(publisher.number) == url && matches!(publisher.keys, Keys::Honest | Keys::NoGuid | Keys::LinksChange)
        })
    }

    /// Whether a document broke off in the middle of this report, so that a part of it may be stored under another key.
    pub fn was_halved(&self, number: u64) -> bool {
        self.state().halved.contains(&number)
    }

    /// Whether the feed's guids and links stay what they are.
    pub fn is_honest(&self, url: &str) -> bool {
        self.state().publishers.iter().any(|publisher| home(publisher.number) == url && publisher.keys == Keys::Honest)
    }

    /// The clock was set: what was asked for by the old one says nothing.
    pub fn forget_pauses(&self) {
        for publisher in self.state().publishers.iter_mut().filter(|publisher| !publisher.is_gone) {
            publisher.paused_until = None;
        }
    }

    /// What publishers asked for: pauses. For [`World::take_back`].
    pub fn pauses(&self) -> Vec<Option<Timestamp>> {
        self.state().publishers.iter().map(|publisher| publisher.paused_until).collect()
    }

    /// What they asked for since was lost with the answers that said so.
    pub fn take_back(&self, pauses: &[Option<Timestamp>]) {
        for (publisher, pause) in self.state().publishers.iter_mut().zip(pauses) {
            publisher.paused_until = *pause;
        }
    }

    pub fn requests(&self) -> usize {
        self.state().requests
    }

    /// Time goes by until `now`.
    pub fn live(&self, now: Timestamp) {
        let state = &mut *self.state();
        let dice = &mut state.dice;
        if dice.happens(30) {
            state.first_story += 1;
        }
        for at in 0..state.publishers.len() {
            let publisher = &mut state.publishers[at];
            let before = publisher.version;
            if dice.happens(55) {
                for _ in 0..=dice.below(2) {
                    let number = state.next_report;
                    state.next_report += 1;
                    publisher.publish(state.first_story + dice.below(STORIES), number, now);
                }
            }
            publisher.live(dice, now);
            // Some print what another one printed, under its link and title: the first one, for what a feed's article is called is that
            // feed's word alone, and it may not have been asked again since it gave it another title.
            let latest = publisher.reports.first();
            let has_copy = dice.happens(10) && before < publisher.version;
            if has_copy && latest.is_some_and(|report| !report.title.starts_with(RETITLED)) {
                // Neither changes it from then on: only the feed that was read first may revise what both carry.
                let number = publisher.reports[0].number;
                let same = publisher.reports.iter_mut().chain(&mut publisher.withdrawn);
                same.filter(|report| report.number == number).for_each(|report| report.is_changed = true);
                let copied = publisher.reports[0].clone();
                let other = usize::try_from(dice.below(state.publishers.len() as u64)).expect("it is small");
                let other = &mut state.publishers[other];
                let mut had = other.reports.iter().chain(&other.withdrawn);
                if had.all(|report| report.number != copied.number) {
                    other.add(copied);
                }
            }
        }
    }
}

fn home(number: u64) -> String {
    format!("https://outlet{number}.example/feed")
}

fn new_home(number: u64) -> String {
    format!("https://outlet{number}.example/feed/moved")
}

fn date(moment: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&moment.to_zoned(jiff::tz::TimeZone::UTC)).expect("a date")
}

impl Publisher {
    fn publish(&mut self, story: u64, number: u64, now: Timestamp) {
        let (title, text) = told(story, self.number, number);
        let link = format!("https://outlet{}.example/report/{number}", self.number);
        self.add(Report { number, link, title, text, published: now, is_changed: false });
    }

    fn add(&mut self, report: Report) {
        self.version += 1;
        self.reports.insert(0, report);
        self.reports.truncate(ENTRIES_MAX);
    }

    /// What it does to what is published.
    fn live(&mut self, dice: &mut Dice, now: Timestamp) {
        if let Some(at) = self.reports.len().checked_sub(1).map(|last| dice.below(last as u64 + 1)) {
            let at = usize::try_from(at).expect("it is small");
            let (number, is_changed) = (self.reports[at].number, self.reports[at].is_changed);
            // Printed twice, it is changed twice: two versions side by side would be two articles.
            let same = self.reports.iter_mut().chain(&mut self.withdrawn).filter(|report| report.number == number);
            match dice.below(12) {
                0 if !is_changed => same.for_each(|report| {
                    report.text.push_str(" This report was corrected since.");
                    report.is_changed = true;
                }),
                1 if !is_changed => same.for_each(|report| {
                    report.title = format!("{RETITLED}{}", report.title);
                    report.is_changed = true;
                }),
                2 => self.reports.reverse(),
                3 => {
                    let withdrawn = self.reports.remove(at);
                    self.withdrawn.push(withdrawn);
                }
                4 => {
                    if let Some(back) = self.withdrawn.pop() {
                        self.reports.push(back);
                    }
                }
                5 => {
                    let again = self.reports[at].clone();
                    self.reports.push(again);
                }
                _ => self.version -= 1,
            }
            self.version += 1;
        }
        if self.moves_at.is_none() && dice.happens(2) {
            self.moves_at = Some(now);
        }
        if !self.is_gone && dice.below(2_000) == 0 {
            self.is_gone = true;
        }
    }

    /// What comes in place of its feed, and the report in whose middle a document breaks off.
    fn trouble(
        &mut self,
        dice: &mut Dice,
        asked: &str,
        now: Timestamp,
        answer: Answer,
    ) -> (Result<Response, FetchError>, Option<u64>) {
        let status = |status, retry_after| FetchError::Status {
            url: asked.to_owned(),
            host: format!("outlet{}.example", self.number),
            status,
            retry_after,
        };
        let error = match dice.below(6) {
            0 => status(500, None),
            1 => {
                let pause = Duration::from_secs(3_600 * (1 + dice.below(20)));
                let error = status(429, Some(pause));
                self.paused_until = Some(now + pause);
                error
            }
            2 => FetchError::Timeout { url: asked.to_owned(), what: "timed out", after: Duration::from_secs(20) },
            3 => {
                let page = "<!DOCTYPE html><html><head><title>Back soon</title></head><body>We are busy.</body></html>";
                return (Ok(fetched(answer, page.into())), None);
            }
            4 => {
                let mut half = self.document(dice, now);
                let cut = usize::try_from(dice.below(half.len() as u64)).expect("it is small");
                // Without a bracket at its very end it would be whole: all of it is there.
                half.truncate(cut.min(half.len().saturating_sub(DOCUMENT_END.len())).max(1));
                // In whose middle it ends; its keys may be what is missing.
                let last = half.matches("(report ").count().checked_sub(1);
                let halved = last.and_then(|last| self.reports.get(last)).map(|report| report.number);
                let validators = Validators { etag: Some("\"half\"".to_owned()), last_modified: None };
                return (Ok(fetched(Answer { validators, ..answer }, half)), halved);
            }
            _ => status(404, None),
        };
        (Err(error), None)
    }

    fn document(&self, dice: &mut Dice, now: Timestamp) -> String {
        let cells: Vec<(String, String, String)> = self
            .reports
            .iter()
            .map(|report| {
                let guid = match self.keys {
                    Keys::Honest | Keys::LinksChange => format!("report-{}", report.number),
                    Keys::NoGuid => String::new(),
                    Keys::OneGuid => "the-one".to_owned(),
                    Keys::GuidsChange => format!("{}-{}", report.number, dice.below(1 << 40)),
                };
                let link = match self.keys {
                    Keys::LinksChange => format!("{}?visit={}", report.link, dice.below(1 << 30)),
                    _ => report.link.clone(),
                };
                let published = match self.dates {
                    Dates::Honest => date(report.published),
                    Dates::Missing => String::new(),
                    Dates::Ahead => date(report.published + SignedDuration::from_hours(24 * 400)),
                    Dates::Shifting => date(now),
                };
                (guid, link, published)
            })
            .collect();
        let entries: Vec<Entry<'_>> = self
            .reports
            .iter()
            .zip(&cells)
            .map(|(report, (guid, link, published))| Entry {
                guid,
                link,
                title: &report.title,
                text: &report.text,
                published,
                source: "",
            })
            .collect();
        rss(&format!("Outlet {}", self.number), &entries)
    }
}

impl State {
    fn answer(&mut self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        self.requests += 1;
        let is_new_home = request.url.ends_with("/moved");
        let publisher = self
            .publishers
            .iter_mut()
            .find(|publisher| [home(publisher.number), new_home(publisher.number)].contains(&request.url))
            .expect("only what was named is asked");
        // The same at the same moment, however often it is asked: whether an answer that nobody could store was fetched at all is chance.
        let dice = &mut Dice(self.seed ^ (publisher.number << 48) ^ now.as_millisecond().cast_unsigned());
        let url = home(publisher.number);
        assert!(
            !publisher.is_gone || publisher.paused_until != Some(Timestamp::MAX),
            "{url} said that it is gone, and is asked again"
        );
        assert!(
            publisher.paused_until.is_none_or(|until| now >= until),
            "{url} asked for a pause and is asked at {now}"
        );
        let status = |status, retry_after| FetchError::Status {
            url: request.url.clone(),
            host: format!("outlet{}.example", publisher.number),
            status,
            retry_after,
        };
        if publisher.is_gone {
            // For ever: whoever comes back is caught above.
            publisher.paused_until = Some(Timestamp::MAX);
            return Err(status(410, None));
        }
        let has_moved = publisher.moves_at.is_some();
        assert!(!is_new_home || has_moved, "{url} has not moved");
        let final_url = if has_moved { new_home(publisher.number) } else { url.clone() };
        let answer = |validators| Answer {
            validators,
            final_url: final_url.parse().expect("a URL"),
            moved_permanently_to: (has_moved && !is_new_home).then(|| final_url.parse().expect("a URL")),
            fresh_for: None,
            status: 200,
            elapsed: Duration::ZERO,
            redirects: Vec::new(),
        };
        if dice.happens(publisher.trouble) {
            let (answered, halved) = publisher.trouble(dice, &request.url, now, answer(Validators::default()));
            self.halved.extend(halved);
            return answered;
        }
        let tag = format!("\"{}-{}\"", publisher.number, publisher.version);
        let validators = match publisher.conditions {
            Conditions::Ignored => Validators::default(),
            Conditions::LastModified => Validators { etag: None, last_modified: Some(tag.clone()) },
            Conditions::Etag | Conditions::Stuck => Validators { etag: Some(tag.clone()), last_modified: None },
        };
        let sent = &request.validators;
        let is_known = *sent != Validators::default() && *sent == validators;
        let is_lied_to = publisher.conditions == Conditions::Stuck && sent.etag.is_some();
        if publisher.conditions != Conditions::Ignored && (is_known || is_lied_to) {
            let mut kept = answer(sent.clone());
            kept.status = 304;
            return Ok(Response::NotModified(kept));
        }
        let body = publisher.document(dice, now);
        let titles: Vec<String> = publisher.reports.iter().map(|report| report.title.clone()).collect();
        self.known.entry((url.clone(), tag)).or_default().extend(titles.iter().cloned());
        self.served.push(Served { url, titles });
        Ok(fetched(answer(validators), body))
    }
}

fn fetched(answer: Answer, body: String) -> Response {
    Response::Fetched { answer, body: body.into(), content_type: Some("application/rss+xml".to_owned()) }
}

impl Fetch for World {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        self.state().answer(request, now)
    }
}
