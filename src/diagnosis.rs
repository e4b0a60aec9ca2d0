//! Station: what is wrong with an installation and what a person can do about it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::listing::plain::{bytes, count, span};
use crate::model::{Feed, Health, Origin};
use crate::store::{Damage, Disk, Forecast, OutboxState, Unsound};

/// A feed that fails for so long will not come back by itself.
const FAILING_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A feed that was never read gets so long.
const NEVER_READ_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// A feed that answers and brings nothing new for so long may have ended.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(24 * 90);
/// No feed is due less often: if none was asked for so long, nobody asks.
const IDLE_AFTER: SignedDuration = SignedDuration::from_hours(48);
/// Days to a full volume that want a person, and that are worth a word.
const FULL_SOON_DAYS: f64 = 30.0;
const FULL_SOME_DAY_DAYS: f64 = 730.0;
/// A log that is larger is not emptied: somebody reads one state for very long.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// Free room that is worth a word: this share of the file, in per cent, if it is more than the bytes below.
const SPARE_PERCENT: u64 = 30;
const SPARE_BYTES_MIN: u64 = 64 << 20;
/// What a volume should have left, however small the database is: its log alone may grow as large.
const FREE_BYTES_MIN: u64 = 64 << 20;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It needs a person.
    Fault,
    /// It is worth knowing.
    Note,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub weight: Weight,
    /// What it is about: config, database, feeds, service, mail or disk.
    pub area: &'static str,
    /// Which feed, file or setting; `None` where it is the whole.
    pub subject: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
}

impl Finding {
    fn new(weight: Weight, area: &'static str, what: String, advice: &str) -> Finding {
        Finding { weight, area, subject: None, what, advice: advice.to_owned() }
    }

    /// Something that cannot even be looked at.
    pub fn fault(area: &'static str, what: String, advice: &str) -> Finding {
        Finding::new(Weight::Fault, area, what, advice)
    }

    /// Something worth knowing.
    pub fn note(area: &'static str, what: String, advice: &str) -> Finding {
        Finding::new(Weight::Note, area, what, advice)
    }
}

/// What to do about each fault of the database.
pub fn of_database(unsound: &[Unsound]) -> Vec<Finding> {
    let advice = |damage| match damage {
        Damage::File => {
            "stop newsfold, keep a copy of the file and its -wal, and `newsfold restore` the last good backup; check the disk"
        }
        Damage::Ground => {
            "`newsfold restore` the last good backup; please report it, for no fault of a disk does this alone"
        }
        Damage::Derived => "`newsfold rebuild --all` remakes it from the articles",
        Damage::Index => "`newsfold rebuild` fills the index anew",
    };
    let finding = |fault: &Unsound| Finding::fault("database", fault.what.clone(), advice(fault.damage));
    unsound.iter().map(finding).collect()
}

/// What to do about feeds, in the order given; removed ones are nobody's trouble. `shown` makes an address fit to be shown.
pub fn of_feeds(feeds: &[Feed], now: Timestamp, shown: impl Fn(&str) -> String) -> Vec<Finding> {
    let mut findings = Vec::new();
    for feed in feeds.iter().filter(|feed| feed.active) {
        let found = trouble(feed, now).or_else(|| odd(feed, now, &shown));
        findings.extend(found.map(|finding| Finding { subject: Some(shown(&feed.url)), ..finding }));
    }
    findings
}

/// What a feed cannot get out of by itself.
fn trouble(feed: &Feed, now: Timestamp) -> Option<Finding> {
    let state = &feed.state;
    let detail = state.detail.clone().unwrap_or_else(|| state.health.word().to_owned());
    let advice = match state.health {
        Health::Gone => {
            "its publisher says that it is gone for good: remove it, or look for a new one with `newsfold feeds discover`"
        }
        Health::Quarantined if feed.origin == Origin::Config => {
            "please report this feed; taking it out of the config, a reload, and putting it back have it read once more"
        }
        Health::Quarantined => "please report this feed; `newsfold feeds remove` and `add` have it read once more",
        Health::Refused => "if you trust the address, set `allow_private_addresses` for this feed",
        Health::Unreachable | Health::Unreadable | Health::Throttled => {
            let (since, patience) = match state.last_success {
                Some(success) => (success, FAILING_AFTER),
                None => (feed.added, NEVER_READ_AFTER),
            };
            let failing = now.duration_since(since);
            if state.last_attempt.is_none() || failing < patience {
                return None;
            }
            let since = span(failing.as_secs().unsigned_abs());
            let what = if state.last_success.is_some() {
                format!("has not answered well for {since}: {detail}")
            } else {
                format!("was never read, for {since}: {detail}")
            };
            let advice = "`newsfold feeds check URL` shows what it answers, `newsfold feeds discover` finds another";
            return Some(Finding::fault("feeds", what, advice));
        }
        Health::New | Health::Ok | Health::NotModified | Health::Empty | Health::Undated => return None,
    };
    Some(Finding::fault("feeds", detail, advice))
}

/// What goes on and could be better.
fn odd(feed: &Feed, now: Timestamp, shown: &impl Fn(&str) -> String) -> Option<Finding> {
    let state = &feed.state;
    if let Some(moved) = &state.moved_to {
        let what = format!("has moved to `{}`, where it is asked", shown(moved));
        return Some(Finding::note("feeds", what, "write the new address into the config when it suits you"));
    }
    if state.same_as.is_some() {
        let what = state.detail.clone().unwrap_or_else(|| "is the same feed as another one".to_owned());
        return Some(Finding::note("feeds", what, "one of the two can be removed"));
    }
    let silent = now.duration_since(state.last_new.unwrap_or(feed.added));
    let is_heard = state.last_success.is_some_and(|success| now.duration_since(success) < FAILING_AFTER);
    (is_heard && silent >= SILENT_AFTER).then(|| {
        let what = format!("answers, and has brought nothing new for {}", span(silent.as_secs().unsigned_abs()));
        Finding::note("feeds", what, "it may have ended: look at its site")
    })
}

/// Whether anybody asks the feeds at all.
pub fn of_service(feeds: &[Feed], is_running: bool, now: Timestamp) -> Vec<Finding> {
    let active = || feeds.iter().filter(|feed| feed.active);
    let mut findings = Vec::new();
    let last = active().filter_map(|feed| feed.state.last_attempt).max();
    let idle = last.or_else(|| active().map(|feed| feed.added).min()).map(|last| now.duration_since(last));
    // All of them may have asked for a long pause, or be gone for good.
    let is_overdue = |feed: &Feed| {
        let due = feed.state.next_due.unwrap_or(feed.added);
        feed.state.health != Health::Gone && now.duration_since(due) >= IDLE_AFTER
    };
    if let Some(idle) = idle.filter(|idle| *idle >= IDLE_AFTER && active().any(is_overdue)) {
        let what = format!("no feed was asked for {}", span(idle.as_secs().unsigned_abs()));
        let advice = if is_running {
            "the service is alive and asks nobody: look at its log, and whether the clock is right"
        } else {
            "start the service (`newsfold run`), or `newsfold fetch` from a timer"
        };
        findings.push(Finding::fault("service", what, advice));
    }
    if let Some(ahead) =
        last.map(|last| last.duration_since(now)).filter(|ahead| *ahead >= SignedDuration::from_hours(1))
    {
        let what = format!("a feed was asked {} in the future", span(ahead.as_secs().unsigned_abs()));
        findings.push(Finding::fault("service", what, "set the clock: it was ahead then, or is behind now"));
    }
    findings
}

/// What becomes of mail.
pub fn of_mail(outbox: &OutboxState, has_server: bool, now: Timestamp) -> Vec<Finding> {
    let said = outbox.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    let mut findings = Vec::new();
    if outbox.given_up > 0 {
        let what = format!("{} given up{said}", verbed(outbox.given_up, "was", "were"));
        // What is known for a week is either mended or not to be mended.
        let is_news = outbox.given_up_last.is_none_or(|last| now.duration_since(last) < FAILING_AFTER);
        let weight = if is_news { Weight::Fault } else { Weight::Note };
        let advice = "check the address and [mail]; what it said is kept with its digest";
        findings.push(Finding::new(weight, "mail", what, advice));
    }
    if outbox.waiting > 0 && !has_server {
        let what = format!("{} for a server", verbed(outbox.waiting, "waits", "wait"));
        findings.push(Finding::fault("mail", what, "name one with `smtp` in [mail]"));
    } else if outbox.waiting > 0 && outbox.trouble.is_some() {
        let what = format!("{} to be sent again{said}", verbed(outbox.waiting, "waits", "wait"));
        findings.push(Finding::note("mail", what, "it is tried by itself, for five days; check [mail] if it goes on"));
    }
    findings
}

fn verbed(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number, "mail"), if number == 1 { one } else { many })
}

/// What becomes of the disk.
pub fn of_disk(disk: &Disk, forecast: Option<&Forecast>, is_pruned: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let advice = if is_pruned {
        "shorten [retention], or move the database to a larger volume"
    } else {
        "let [retention] prune what is old, or move the database to a larger volume"
    };
    let free = disk.volume_free_bytes.unwrap_or(u64::MAX);
    if free < FREE_BYTES_MIN {
        let what = format!("only {} are free on the volume of the database", bytes(free));
        findings.push(Finding::fault("disk", what, advice));
    }
    if let Some(days) = forecast.and_then(|forecast| forecast.full_in_days).filter(|days| *days < FULL_SOME_DAY_DAYS) {
        let weight = if days < FULL_SOON_DAYS { Weight::Fault } else { Weight::Note };
        let what = format!("the volume of the database is full in {days:.0} days, if it goes on like this");
        findings.push(Finding::new(weight, "disk", what, advice));
    }
    if disk.log_bytes > LOG_BYTES_MAX {
        let what = format!("the write-ahead log takes {}", bytes(disk.log_bytes));
        let advice = "a program reads the database for very long and keeps it from being emptied: end that";
        findings.push(Finding::note("disk", what, advice));
    }
    if disk.spare_bytes > SPARE_BYTES_MIN && disk.spare_bytes > disk.file_bytes / 100 * SPARE_PERCENT {
        let what = format!("{} of {} are free inside of the database", bytes(disk.spare_bytes), bytes(disk.file_bytes));
        let advice = "it is used for what comes next; `newsfold prune --vacuum` gives it back to the disk";
        findings.push(Finding::note("disk", what, advice));
    }
    findings
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::diagnosis::{Finding, Weight, of_disk, of_feeds, of_mail, of_service};
    use crate::model::{Feed, FeedId, FeedState, Health, Origin};
    use crate::store::{Disk, OutboxState};

    const NOW: &str = "2026-06-30T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn feed(state: FeedState) -> Feed {
        Feed {
            id: FeedId(1),
            url: "https://a.example/feed".into(),
            outlet: None,
            outlet_found: None,
            tags: Vec::new(),
            interval: None,
            cluster: true,
            priority: 0,
            paywalled: false,
            allow_private: false,
            origin: Origin::Command,
            active: true,
            added: at("2026-01-01T00:00:00Z"),
            title: None,
            site: None,
            state,
        }
    }

    fn told(findings: &[Finding]) -> Vec<(Weight, &str)> {
        findings.iter().map(|finding| (finding.weight, finding.what.as_str())).collect()
    }

    #[test]
    fn a_feed_needs_a_person_when_it_cannot_get_well_by_itself() {
        let check = |state: FeedState, expected: &[(Weight, &str)]| {
            let found = of_feeds(&[feed(state.clone())], at(NOW), str::to_owned);
            assert_eq!(told(&found), expected, "{state:?}");
            assert!(found.iter().all(|finding| finding.subject.as_deref() == Some("https://a.example/feed")));
        };
        let state = |health, last_success: &str, last_new: &str| FeedState {
            health,
            detail: Some("it said no".into()),
            last_attempt: Some(at(NOW)),
            last_success: (!last_success.is_empty()).then(|| at(last_success)),
            last_new: (!last_new.is_empty()).then(|| at(last_new)),
            ..FeedState::default()
        };
        check(state(Health::Ok, NOW, NOW), &[]);
        check(state(Health::Unreachable, "2026-06-29T12:00:00Z", NOW), &[]);
        check(
            state(Health::Unreachable, "2026-06-20T12:00:00Z", NOW),
            &[(Weight::Fault, "has not answered well for 10 d: it said no")],
        );
        check(state(Health::Unreadable, "", ""), &[(Weight::Fault, "was never read, for 181 d: it said no")]);
        check(state(Health::Gone, NOW, NOW), &[(Weight::Fault, "it said no")]);
        check(state(Health::Quarantined, NOW, NOW), &[(Weight::Fault, "it said no")]);
        check(
            state(Health::NotModified, NOW, "2026-02-01T12:00:00Z"),
            &[(Weight::Note, "answers, and has brought nothing new for 149 d")],
        );
        let moved = FeedState { moved_to: Some("https://b.example/".into()), ..state(Health::Ok, NOW, NOW) };
        check(moved, &[(Weight::Note, "has moved to `https://b.example/`, where it is asked")]);
        let removed = Feed { active: false, ..feed(state(Health::Gone, NOW, NOW)) };
        assert_eq!(of_feeds(&[removed], at(NOW), str::to_owned), []);
    }

    #[test]
    fn nobody_asking_is_told_and_so_is_a_clock_that_was_ahead() {
        let asked = |when: &str| feed(FeedState { last_attempt: Some(at(when)), ..FeedState::default() });
        let check = |feeds: &[Feed], expected: &[&str]| {
            let found = of_service(feeds, false, at(NOW));
            assert_eq!(found.iter().map(|finding| finding.what.as_str()).collect::<Vec<_>>(), expected);
        };
        check(&[], &[]);
        check(&[asked("2026-06-30T11:00:00Z")], &[]);
        check(&[asked("2026-06-20T12:00:00Z"), asked("2026-06-25T12:00:00Z")], &["no feed was asked for 5 d"]);
        let told_to_wait = Feed {
            state: FeedState { next_due: Some(at("2026-07-01T12:00:00Z")), ..asked("2026-06-25T12:00:00Z").state },
            ..asked(NOW)
        };
        check(&[told_to_wait], &[]);
        check(&[asked("2026-07-05T12:00:00Z")], &["a feed was asked 5 d in the future"]);
    }

    #[test]
    fn mail_that_waits_and_a_disk_that_fills_up() {
        let outbox = |waiting, given_up, trouble: &str| OutboxState {
            waiting,
            given_up,
            given_up_last: (given_up > 0).then(|| at("2026-06-25T12:00:00Z")),
            trouble: (!trouble.is_empty()).then(|| trouble.to_owned()),
        };
        assert_eq!(of_mail(&outbox(2, 0, ""), true, at(NOW)), []);
        assert_eq!(told(&of_mail(&outbox(2, 0, ""), false, at(NOW))), [(Weight::Fault, "2 mails wait for a server")]);
        let expected =
            [(Weight::Fault, "1 mail was given up: 550 no"), (Weight::Note, "1 mail waits to be sent again: 550 no")];
        assert_eq!(told(&of_mail(&outbox(1, 1, "550 no"), true, at(NOW))), expected);
        let later = of_mail(&outbox(0, 1, "550 no"), true, at("2026-07-03T12:00:00Z"));
        assert_eq!(told(&later), [(Weight::Note, "1 mail was given up: 550 no")], "known for a week");

        let disk = Disk {
            file_bytes: 1 << 30,
            spare_bytes: 0,
            log_bytes: 0,
            volume_free_bytes: Some(10 << 30),
            articles: 1_000_000,
            articles_per_day: Some(1_000.0),
        };
        let check = |disk: &Disk, expected: &[(Weight, &str)]| {
            assert_eq!(told(&of_disk(disk, disk.forecast(None).as_ref(), false)), expected);
        };
        check(&disk, &[]);
        let fast = Disk { articles_per_day: Some(100_000.0), ..disk.clone() };
        let full = "the volume of the database is full in 100 days, if it goes on like this";
        check(&fast, &[(Weight::Note, full)]);
        let tight = Disk { volume_free_bytes: Some(1 << 20), ..fast };
        let free = "only 1.0 MiB are free on the volume of the database";
        check(
            &tight,
            &[
                (Weight::Fault, free),
                (Weight::Fault, "the volume of the database is full in 0 days, if it goes on like this"),
            ],
        );
        let tiny = Disk { file_bytes: 4 << 20, articles: 1_000, volume_free_bytes: Some(432 << 10), ..disk.clone() };
        let free = "only 432.0 KiB are free on the volume of the database";
        check(&Disk { articles_per_day: None, ..tiny }, &[(Weight::Fault, free)]);
        let spare = Disk { spare_bytes: 1 << 29, log_bytes: 1 << 29, ..disk };
        let expected = [
            (Weight::Note, "the write-ahead log takes 512.0 MiB"),
            (Weight::Note, "512.0 MiB of 1.0 GiB are free inside of the database"),
        ];
        check(&spare, &expected);
    }
}
