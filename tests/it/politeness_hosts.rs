//! Politeness, case by case: hosts, redirects, refusals and bodies. The table of all cases stands in `politeness`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::{Cause, FetchError};
use newsfold::fetch::{Answer as Got, Fetch, Request, Response, user_agent};
use newsfold::model::{Feed, FeedWish, Health, Validators};
use newsfold::schedule;
use url::Url;

use crate::origin::{Answer, Origin};
use crate::rig::{Rig, days, hours, minutes};
use crate::samples::{BREAD, DAM, Entry, rss};

fn good(entries: &[Entry<'_>], etag: &str) -> Answer {
    Answer::new(200, rss("The Lamp", entries)).header("ETag", etag).conditional()
}

#[test]
fn p16_a_host_that_is_asked_too_much_is_left_alone_by_all_of_its_feeds() {
    let mut rig = Rig::new();
    rig.ingest.downloads_per_host_max = 1;
    let other = Origin::start_at("127.0.0.2:0");
    other.serve("/feed", good(&[BREAD], "\"1\""));
    for path in ["/a", "/b", "/c"] {
        rig.origin.serve(path, Answer::status(429).header("Retry-After", "14400"));
        rig.add(&rig.origin.url(path));
    }
    rig.add(&other.url("/feed"));
    // One asks, and the two that wait for their turn are not asked any more: in this very pass, and in those after it.
    let reports = rig.pass();
    assert_eq!(reports.len(), 4);
    assert_eq!(reports.iter().filter(|report| report.postponed.is_some()).count(), 2);
    assert_eq!((rig.origin.all_requests().len(), other.all_requests().len()), (1, 1));
    for path in ["/a", "/b", "/c"] {
        assert_eq!(rig.wait_of(path), hours(4), "{path}");
    }
    let states: Vec<u32> = ["/a", "/b", "/c"].map(|path| rig.feed(path).state.failures).into();
    assert_eq!(states.iter().sum::<u32>(), 1, "two of them have done nothing: {states:?}");
    // A feed that is added meanwhile waits too, as does one elsewhere that redirects to this host.
    rig.origin.serve("/new", good(&[DAM], "\"1\""));
    rig.add(&rig.origin.url("/new"));
    other.serve("/moved", Answer::redirect(302, &rig.origin.url("/new")));
    rig.add(&other.url("/moved"));
    rig.wait(minutes(239));
    assert_eq!(rig.pass_all().iter().filter(|report| report.postponed.is_none()).count(), 1);
    assert_eq!((rig.origin.all_requests().len(), rig.feed(&other.url("/moved")).state.failures), (1, 0));
    assert_eq!(other.requests("/moved").len(), 1);
    for _ in 0..5 {
        rig.pass();
    }
    assert_eq!(other.requests("/moved").len(), 1, "it waits for the other host's pause");
    // When it is over, all is as it was.
    for path in ["/a", "/b", "/c"] {
        rig.origin.serve(path, good(&[DAM], "\"1\""));
    }
    rig.wait(minutes(1));
    rig.pass();
    assert_eq!(rig.origin.all_requests().len(), 1 + 3 + 2);
    assert!(["/a", "/b", "/c", "/new"].iter().all(|path| rig.health(path) == Health::Ok));
}

#[test]
fn p16_a_429_that_names_no_time_pauses_its_host_for_minutes() {
    let mut rig = Rig::with("/busy");
    rig.ingest.downloads_per_host_max = 1;
    rig.origin.serve("/busy", Answer::status(429));
    rig.origin.serve("/calm", good(&[DAM], "\"1\""));
    rig.pass();
    rig.add(&rig.origin.url("/calm"));
    assert_eq!((rig.pass().len(), rig.wait_of("/calm")), (0, minutes(10)));
    rig.wait(minutes(10));
    assert_eq!(rig.pass().len(), 1);
    assert_eq!((rig.health("/calm"), rig.asked("/busy").len()), (Health::Ok, 1));
}

/// A network of the mind: hosts that answer one feed each, or do not.
#[derive(Clone, Default)]
struct Network {
    /// What is wrong with a host, by name; the others answer.
    troubles: Arc<Mutex<BTreeMap<String, &'static str>>>,
    asked: Arc<Mutex<Vec<(Timestamp, String)>>>,
    under_way: Arc<AtomicUsize>,
    most_under_way: Arc<AtomicUsize>,
}

impl Network {
    fn trouble(&self, host: &str, what: &'static str) {
        self.troubles.lock().unwrap().insert(host.to_owned(), what);
    }

    fn heal(&self) {
        self.troubles.lock().unwrap().clear();
    }
}

impl Fetch for Network {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        let url: Url = request.url.parse().unwrap();
        let host = url.host_str().unwrap().to_owned();
        self.asked.lock().unwrap().push((now, request.url.clone()));
        let count = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_under_way.fetch_max(count, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let shown = request.url.clone();
        let source = || Cause::of(std::io::Error::other("nobody there"));
        match self.troubles.lock().unwrap().get(&host).copied() {
            Some("dns") => return Err(FetchError::Dns { url: shown, host, source: source() }),
            Some("connect") => return Err(FetchError::Connect { url: shown, source: source() }),
            Some("timeout") => {
                return Err(FetchError::Timeout { url: shown, what: "timed out", after: Duration::from_secs(20) });
            }
            Some(other) => panic!("`{other}` is no trouble of this network"),
            None => {}
        }
        let answer = Got {
            validators: Validators { etag: Some("\"1\"".into()), last_modified: None },
            final_url: url,
            moved_permanently_to: None,
            fresh_for: None,
            status: 200,
            elapsed: Duration::ZERO,
            redirects: Vec::new(),
        };
        if request.validators.etag.is_some() {
            return Ok(Response::NotModified(answer));
        }
        let guid = request.url.as_str();
        let body = rss("The Lamp", &[Entry { guid, link: "", title: guid, ..DAM }]);
        Ok(Response::Fetched { answer, body: Bytes::from(body), content_type: None })
    }
}

#[test]
fn p17_trouble_is_met_with_growing_pauses_and_forgotten_with_success() {
    let troubles: [(&str, Answer); 4] = [
        ("500", Answer::status(500)),
        ("timeout", Answer::silence()),
        ("reset", Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss").then_reset()),
        ("close", Answer::raw("")),
    ];
    for (what, trouble) in troubles {
        let mut rig = Rig::with("/feed");
        rig.fetch.timeout = Duration::from_millis(150);
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", trouble);
        rig.wait(hours(2));
        let mut waits = Vec::new();
        for failures in 1..=9 {
            rig.pass();
            assert_eq!(rig.feed("/feed").state.failures, failures, "{what}");
            assert!(rig.health("/feed").is_trouble());
            waits.push(rig.wait_of("/feed"));
            rig.wait(rig.wait_of("/feed"));
        }
        // A quarter of an hour, doubled each time, up to a day; each up to a tenth more or less.
        for (wait, expected) in waits.iter().zip([15, 30, 60, 120, 240, 480, 960, 1440, 1440]) {
            let (least, most) = (minutes(expected) * 9 / 10, minutes(expected) * 11 / 10);
            assert!(
                *wait >= least.max(minutes(15)) && *wait <= most.max(minutes(15)),
                "{what}: {wait:#} for {expected} min"
            );
        }
        assert!(waits.iter().any(|wait| wait.as_secs() % 900 != 0), "chance spreads them: {waits:?}");
        assert_eq!(rig.titles(), [DAM.title], "no article is lost by it");
        rig.origin.serve("/feed", good(&[DAM, BREAD], "\"2\""));
        rig.pass();
        assert_eq!((rig.feed("/feed").state.failures, rig.health("/feed")), (0, Health::Ok), "{what}");
        assert_eq!(rig.titles().len(), 2);
        assert!(rig.wait_of("/feed") < hours(3));
    }
    // A name without an address, while other hosts answer.
    let mut rig = Rig::new();
    let network = Network::default();
    network.trouble("dead.example", "dns");
    for host in ["dead", "a", "b", "c"] {
        rig.add(&format!("https://{host}.example/feed"));
    }
    for failures in 1..=6 {
        rig.pass_with(network.clone(), false).unwrap();
        assert_eq!(rig.feed("https://dead.example/feed").state.failures, failures);
        rig.wait(days(2));
    }
}

#[test]
fn p18_a_network_that_is_down_is_held_against_no_feed() {
    let mut rig = Rig::new();
    rig.ingest.host_spacing = Duration::ZERO;
    let hosts: Vec<String> = (0..60).map(|number| format!("host{number}.example")).collect();
    for host in &hosts {
        rig.add(&format!("https://{host}/feed"));
    }
    let network = Network::default();
    rig.pass_with(network.clone(), false).unwrap();
    assert!(rig.feeds().iter().all(|feed| feed.state.health == Health::Ok));
    rig.wait(days(1));
    for (number, host) in hosts.iter().enumerate() {
        network.trouble(host, ["dns", "connect", "timeout"][number % 3]);
    }
    let before: Vec<u64> = rig.feeds().iter().map(|feed| feed.state.interval_seconds).collect();
    // Down for half a day, with passes all the while.
    for _ in 0..72 {
        rig.pass_with(network.clone(), false).unwrap();
        for feed in rig.feeds() {
            assert_eq!(feed.state.failures, 0, "{}", feed.url);
            assert!(feed.state.detail.as_deref().unwrap_or_default().contains("the network was down"));
        }
        rig.wait(minutes(10));
    }
    let during = network.asked.lock().unwrap().len();
    assert!(during < 60 * 60, "{during} requests into the void: each waits a quarter of an hour at least");
    // It is back: every feed answers as if nothing had been, and they do not come all at once.
    network.heal();
    network.asked.lock().unwrap().clear();
    for _ in 0..32 {
        rig.pass_with(network.clone(), false).unwrap();
        rig.wait(minutes(1));
    }
    let asked = network.asked.lock().unwrap().clone();
    let mut per_minute: BTreeMap<Timestamp, usize> = BTreeMap::new();
    for (at, _) in &asked {
        *per_minute.entry(*at).or_default() += 1;
    }
    assert_eq!(
        asked.iter().map(|(_, url)| url).collect::<BTreeSet<_>>().len(),
        60,
        "all are asked within half an hour"
    );
    assert!(per_minute.values().all(|count| *count <= 30), "{per_minute:?}");
    let feeds = rig.feeds();
    assert!(feeds.iter().all(|feed| feed.state.health == Health::NotModified && feed.state.detail.is_none()));
    assert!(feeds.iter().zip(before).all(|(feed, before)| feed.state.interval_seconds >= before));
    // When one host answers, the others' silence is their own.
    for host in &hosts[1..] {
        network.trouble(host, "connect");
    }
    rig.wait(days(2));
    rig.pass_with(network.clone(), false).unwrap();
    let failed = rig.feeds().iter().filter(|feed| feed.state.failures == 1).count();
    assert!(failed >= 50, "the hosts that failed before it answered count: {failed}");
}

#[test]
fn p19_a_move_is_believed_after_it_was_said_for_days() {
    for status in [301, 308] {
        let mut rig = Rig::with("/old");
        rig.origin.serve("/old", good(&[BREAD], "\"old\""));
        rig.pass();
        let before = rig.feed("/old");
        rig.origin.serve("/old", Answer::redirect(status, "/new"));
        rig.origin.serve("/new", good(&[BREAD, DAM], "\"new\""));
        rig.wait(hours(2));
        rig.pass();
        assert_eq!(rig.titles().len(), 2, "it is followed at once");
        rig.live(hours(46));
        assert_eq!(rig.feed("/old").state.moved_to, None, "and not yet believed");
        assert!(rig.feed("/old").state.moving.is_some_and(|moving| moving.times > 3));
        rig.live(days(2));
        let feed = rig.feed("/old");
        assert_eq!(feed.state.moved_to.as_deref(), Some(rig.origin.url("/new").as_str()), "{status}");
        // From here on the old address is left alone, and the feed is the one it was.
        let asked = (rig.asked("/old").len(), rig.asked("/new").len());
        rig.live(days(3));
        assert_eq!(rig.asked("/old").len(), asked.0);
        assert!(rig.asked("/new").len() > asked.1 + 2);
        assert_eq!((feed.id, &feed.url, feed.added), (before.id, &before.url, before.added));
        assert_eq!(rig.titles().len(), 2);
        // The config still names it by the old address.
        rig.store().sync_feeds(&[FeedWish::of_url(before.url.clone())], rig.now()).unwrap();
        assert_eq!(rig.feeds().len(), 1);
        assert_eq!(rig.feed("/old").state.moved_to, feed.state.moved_to);
        // An address that is dead for long was no good advice: the feed's own URL is asked again.
        rig.origin.serve("/new", Answer::status(500));
        rig.origin.serve("/old", good(&[BREAD], "\"back\""));
        rig.live(days(3));
        assert_eq!((rig.feed("/old").state.moved_to, rig.health("/old").is_trouble()), (None, false));
    }
}

#[test]
fn p19_a_move_that_changes_begins_anew_and_one_back_is_none() {
    let mut rig = Rig::with("/old");
    rig.origin.serve("/one", good(&[BREAD], "\"1\""));
    rig.origin.serve("/two", good(&[BREAD], "\"2\""));
    // Every other answer names another address, for ten days.
    for round in 0..20 {
        rig.origin.serve("/old", Answer::redirect(301, if round % 2 == 0 { "/one" } else { "/two" }));
        rig.wait(hours(12));
        rig.pass_all();
        assert!(rig.feed("/old").state.moving.is_some_and(|moving| moving.times == 1));
    }
    // A direct answer in between, too, begins it anew.
    for round in 0..20 {
        let direct = round % 3 == 0;
        rig.origin.serve("/old", if direct { good(&[BREAD], "\"0\"") } else { Answer::redirect(301, "/one") });
        rig.wait(hours(24));
        rig.pass_all();
    }
    assert_eq!(rig.feed("/old").state.moved_to, None);
    // There, and back again after a year.
    rig.origin.serve("/old", Answer::redirect(301, "/one"));
    rig.live(days(5));
    assert!(rig.feed("/old").state.moved_to.is_some());
    rig.origin.serve("/one", Answer::redirect(301, "/old"));
    rig.origin.serve("/old", good(&[BREAD, DAM], "\"3\""));
    rig.live(days(5));
    assert_eq!(rig.feed("/old").state.moved_to, None);
    assert_eq!(rig.titles().len(), 2);
}

#[test]
fn p20_a_move_to_what_is_no_feed_is_never_believed() {
    let portal = Origin::start_at("127.0.0.3:0");
    portal.serve("/login", Answer::new(200, "<!DOCTYPE html><title>Welcome to our network</title><p>Pay here."));
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.pass();
    rig.origin.serve("/feed", Answer::redirect(301, &portal.url("/login")));
    rig.live(days(9));
    assert!(portal.requests("/login").len() > 8);
    let state = rig.feed("/feed").state;
    assert_eq!((state.moved_to, state.moving, state.health), (None, None, Health::Unreadable));
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"2\""));
    rig.live(days(2));
    assert_eq!((rig.health("/feed").is_trouble(), rig.titles().len()), (false, 2));
}

#[test]
fn p21_a_temporary_redirect_moves_nothing() {
    for status in [302, 303, 307] {
        let mut rig = Rig::with("/old");
        rig.origin.serve("/old", Answer::redirect(status, "/new"));
        rig.origin.serve("/new", good(&[DAM], "\"1\""));
        rig.live(days(9));
        let state = rig.feed("/old").state;
        assert_eq!((state.moved_to, state.moving), (None, None), "{status}");
        assert_eq!(rig.asked("/old").len(), rig.asked("/new").len());
        assert_eq!(rig.titles(), [DAM.title]);
    }
}

#[test]
fn p22_validators_stay_with_their_url_and_credentials_with_their_origin() {
    let other = Origin::start_at("127.0.0.2:0");
    let mut rig = Rig::with("/a");
    let url = rig.origin.url("/a");
    rig.ingest.headers.insert(url, vec![("Authorization".into(), "Bearer of-news".into())]);
    rig.origin.serve("/a", good(&[DAM], "\"of a\"").header("Last-Modified", "when a was made"));
    rig.pass();
    rig.origin.serve("/a", Answer::redirect(302, &other.url("/b")));
    other.serve("/b", good(&[DAM, BREAD], "\"of b\""));
    for _ in 0..2 {
        rig.wait(hours(3));
        rig.pass();
    }
    assert_eq!(rig.health("/a"), Health::NotModified, "a feed behind a redirect gets its 304");
    let etag = |value: &str| Some(value.to_owned());
    assert_eq!(rig.sent("/a", "if-none-match"), [None, etag("\"of a\""), None]);
    assert_eq!(rig.sent("/a", "authorization"), vec![etag("Bearer of-news"); 3]);
    let at_other = other.requests("/b");
    assert_eq!([0, 1].map(|asked| at_other[asked].header("if-none-match")), [None, Some("\"of b\"")]);
    for seen in at_other {
        for name in ["authorization", "referer", "cookie", "if-modified-since"] {
            assert_eq!(seen.header(name), None, "{name}");
        }
    }
    // The way back: what b gave is not sent to a.
    rig.origin.serve("/a", good(&[DAM], "\"of a\""));
    rig.wait(hours(6));
    rig.pass();
    assert_eq!(rig.sent("/a", "if-none-match").pop().flatten(), None);
    assert_eq!(rig.feed("/a").state.validators.etag, etag("\"of a\""));
    // Moved for good, the feed leaves the user's headers behind.
    rig.origin.serve("/a", Answer::redirect(301, &other.url("/b")));
    rig.live(days(9));
    assert!(rig.feed("/a").state.moved_to.is_some());
    assert!(other.all_requests().iter().all(|seen| seen.header("authorization").is_none()));
}

#[test]
fn p23_redirects_that_lead_nowhere_are_errors_that_name_it() {
    let mut rig = Rig::new();
    let elsewhere = Origin::start_at("127.0.0.2:0");
    rig.origin.serve("/loop", Answer::redirect(301, "/loop2"));
    rig.origin.serve("/loop2", Answer::redirect(301, "/loop"));
    for hop in 0..20 {
        rig.origin.serve(&format!("/hop{hop}"), Answer::redirect(302, &format!("/hop{}", hop + 1)));
    }
    let cases = [
        ("/loop", "", "in a circle"),
        ("/hop0", "", "more than 5 redirects"),
        ("/file", "file:///etc/passwd", "only `http:` and `https:` are followed"),
        ("/ftp", "ftp://127.0.0.2/feed", "only `http:` and `https:` are followed"),
        ("/gopher", "gopher://127.0.0.2/", "only `http:` and `https:` are followed"),
        ("/data", "data:text/xml,<rss/>", "only `http:` and `https:` are followed"),
        ("/nowhere", "https://", "without a usable `Location`"),
    ];
    for (path, target, _) in cases {
        if !target.is_empty() {
            rig.origin.serve(path, Answer::redirect(302, target));
        }
        rig.add(&rig.origin.url(path));
    }
    rig.pass();
    for (path, _, expected) in cases {
        let feed = rig.feed(path);
        assert!(feed.state.health.is_trouble(), "{path}");
        let detail = feed.state.detail.unwrap_or_default();
        assert!(detail.contains(expected), "{path}: {detail}");
        assert!(rig.wait_of(path) >= hours(3), "it is not asked again soon");
    }
    assert_eq!((elsewhere.all_requests().len(), rig.titles().len()), (0, 0));
    assert_eq!(rig.origin.all_requests().len(), 2 + 6 + 5);
}

#[test]
fn p24_of_two_feeds_that_are_one_only_one_is_polled() {
    let mut rig = Rig::new();
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"1\""));
    for path in ["/one", "/two"] {
        rig.origin.serve(path, Answer::redirect(301, "/feed"));
        rig.add(&rig.origin.url(path));
    }
    rig.pass();
    let flagged =
        |rig: &Rig| -> Vec<Feed> { rig.feeds().into_iter().filter(|feed| feed.state.same_as.is_some()).collect() };
    let [second] = flagged(&rig).try_into().expect("one of them stands back");
    assert!(second.state.detail.as_deref().unwrap_or_default().contains("the same feed as"), "{second:?}");
    let path = second.url.rsplit('/').next().map(|name| format!("/{name}")).unwrap();
    let asked = rig.asked(&path).len();
    rig.live(days(6));
    assert_eq!(rig.pass_all().len(), 1);
    assert_eq!(rig.asked(&path).len(), asked, "it is not polled");
    assert_eq!(rig.titles().len(), 2);
    let total = rig.asked("/feed").len();
    assert!(total < 60, "{total} requests in six days, as for one feed");
    // It is looked at once a week, and is its own again once it leads elsewhere,
    rig.origin.serve(&path, good(&[Entry { guid: "x", link: "", title: "A feed of its own", ..DAM }], "\"2\""));
    rig.live(days(8));
    assert_eq!(rig.feed(&path).state.same_as, None);
    assert!(rig.titles().contains(&"A feed of its own".to_owned()));
}

#[test]
fn p24_a_feed_of_its_own_url_goes_before_one_that_is_led_to_it() {
    let mut rig = Rig::new();
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"1\""));
    rig.origin.serve("/led", Answer::redirect(302, "/feed"));
    for path in ["/led", "/feed"] {
        rig.add(&rig.origin.url(path));
        rig.pass();
    }
    assert_eq!(rig.feed("/feed").state.same_as, None);
    assert_eq!(rig.feed("/led").state.same_as, Some(rig.feed("/feed").id));
    assert_eq!(rig.titles().len(), 2);
    // Once that one is removed, there is no reason to stand back.
    rig.store().remove_feed(&rig.origin.url("/feed")).unwrap();
    assert_eq!(rig.feed("/led").state.same_as, None);
    assert_eq!((rig.pass().len(), rig.health("/led").is_trouble()), (1, false));
}

#[test]
fn p25_a_feed_that_is_gone_is_not_asked_again_and_keeps_its_articles() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.pass();
    rig.origin.serve("/feed", Answer::status(410));
    rig.wait(hours(2));
    let report = rig.pass().remove(0);
    assert!(report.detail.is_some_and(|detail| detail.contains("410 Gone")));
    let feed = rig.feed("/feed");
    assert_eq!((feed.state.health, feed.state.next_due), (Health::Gone, None));
    assert_eq!(schedule::next_wake(&rig.feeds(), rig.now(), &rig.schedule), None);
    for _ in 0..10 {
        rig.wait(days(30));
        assert_eq!((rig.pass().len(), rig.pass_all().len()), (0, 0));
    }
    assert_eq!(rig.titles(), [DAM.title]);
    // Another of its feeds that stood back for it is asked in its place.
    let mut rig = Rig::new();
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.origin.serve("/other", Answer::redirect(302, "/feed"));
    for path in ["/feed", "/other"] {
        rig.add(&rig.origin.url(path));
        rig.pass();
    }
    assert!(rig.feed("/other").state.same_as.is_some());
    rig.origin.serve("/feed", Answer::status(410));
    rig.wait(days(1));
    rig.pass();
    assert_eq!((rig.health("/feed"), rig.feed("/other").state.same_as), (Health::Gone, None));
}

#[test]
fn p26_a_feed_that_is_refused_waits_long_and_is_not_removed() {
    for status in [401, 403, 404] {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", Answer::status(status));
        rig.wait(hours(2));
        rig.pass();
        assert!(rig.wait_of("/feed") >= minutes(216), "four hours, a tenth less at most: {:#}", rig.wait_of("/feed"));
        let before = rig.asked("/feed").len();
        rig.live(days(30));
        let asked = rig.asked("/feed").len() - before;
        assert!((20..=36).contains(&asked), "{status}: {asked} requests in a month");
        let feed = rig.feed("/feed");
        assert!(feed.active && feed.state.health == Health::Unreachable, "{feed:?}");
        rig.origin.serve("/feed", good(&[DAM, BREAD], "\"2\""));
        rig.live(days(2));
        assert_eq!((rig.health("/feed").is_trouble(), rig.titles().len()), (false, 2), "it came back");
    }
}

#[test]
fn p27_no_cookie_is_ever_sent_back() {
    let mut rig = Rig::with("/feed");
    let cookie = |answer: Answer| answer.header("Set-Cookie", "id=1; Path=/").header("Set-Cookie", "b=2");
    rig.origin.serve("/feed", cookie(Answer::redirect(302, "/there")));
    rig.origin.serve("/there", cookie(good(&[DAM], "\"1\"")));
    rig.live(days(1));
    assert!(rig.asked("/there").len() > 5);
    assert!(!rig.header_names().contains("cookie"));
}

#[test]
fn p28_a_request_carries_a_name_and_an_address_and_nothing_that_is_not_needed() {
    let mut rig = Rig::with("/feed?page=1");
    rig.fetch.user_agent = user_agent(Some("https://lamp.example/bot"));
    rig.origin.serve("/feed?page=1", Answer::redirect(302, "/there"));
    rig.origin.serve("/there", good(&[DAM], "\"1\"").header("Last-Modified", "then"));
    rig.live(days(1));
    let expected = ["accept", "accept-encoding", "host", "if-modified-since", "if-none-match", "user-agent"];
    assert_eq!(rig.header_names().iter().map(String::as_str).collect::<Vec<_>>(), expected);
    for path in ["/feed", "/there"] {
        for (_, seen) in rig.asked(path) {
            assert_eq!(seen.path, if path == "/feed" { "/feed?page=1" } else { "/there" });
            let version = env!("CARGO_PKG_VERSION");
            assert_eq!(
                seen.header("user-agent"),
                Some(format!("newsfold/{version} (+https://lamp.example/bot)").as_str())
            );
        }
    }
}

#[test]
fn p29_only_what_can_be_undone_is_asked_for_and_a_false_encoding_is_an_error() {
    let document = rss("The Lamp", &[DAM]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(document.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    twice.write_all(&gzip).unwrap();
    let twice = twice.finish().unwrap();
    let encoded = |body: &[u8], encoding: &str| Answer::new(200, body).header("Content-Encoding", encoding);
    let cases = [
        ("/right", encoded(&gzip, "gzip"), true),
        ("/plain", encoded(document.as_bytes(), "identity"), true),
        ("/false", encoded(document.as_bytes(), "gzip"), false),
        ("/false-br", encoded(document.as_bytes(), "br"), false),
        ("/unknown", encoded(&gzip, "compress"), false),
        ("/doubled", encoded(&twice, "gzip, gzip"), false),
        ("/doubled-br", encoded(&gzip, "br, gzip"), false),
    ];
    let mut rig = Rig::new();
    for (path, answer, _) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    rig.pass();
    for (path, _, is_good) in cases {
        let expected = if is_good { Health::Ok } else { Health::Unreadable };
        assert_eq!(rig.health(path), expected, "{path}: {:?}", rig.feed(path).state.detail);
        let accepted = rig.sent(path, "accept-encoding").remove(0).unwrap_or_default();
        let mut accepted: Vec<&str> = accepted.split(',').map(str::trim).collect();
        accepted.sort_unstable();
        assert_eq!(accepted, ["br", "deflate", "gzip", "zstd"]);
    }
    assert_eq!(rig.titles(), [DAM.title]);
}

#[test]
fn p30_a_body_is_read_up_to_its_cap_however_it_is_packed() {
    let mut rig = Rig::new();
    rig.fetch.body_bytes_max = 100_000;
    let spaces = vec![b' '; 4 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&spaces).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 1, 22).write_all(&spaces).unwrap();
    let zstd = zstd::stream::encode_all(&spaces[..], 1).unwrap();
    let encoded = |body: Vec<u8>, encoding: &str| Answer::new(200, body).header("Content-Encoding", encoding);
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..3 {
        chunked.extend_from_slice(format!("{:x}\r\n", 50_000).as_bytes());
        chunked.extend_from_slice(&spaces[..50_000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let cases = [
        ("/announced", Answer::new(200, "<rss").header("Content-Length", "100001").then_hang()),
        ("/long", Answer::new(200, spaces)),
        ("/chunked", Answer::raw(chunked)),
        ("/gzip", encoded(gzip, "gzip")),
        ("/br", encoded(brotli, "br")),
        ("/zstd", encoded(zstd, "zstd")),
    ];
    for (path, answer) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    let began = Instant::now();
    rig.pass();
    assert!(began.elapsed() < Duration::from_secs(4), "nothing is waited for that is too large anyway");
    for (path, _) in cases {
        let state = rig.feed(path).state;
        assert_eq!(state.health, Health::Unreadable, "{path}");
        assert!(state.detail.is_some_and(|detail| detail.contains("is larger than")), "{path}");
    }
}

#[test]
fn p31_one_deadline_holds_for_the_whole_answer() {
    let mut rig = Rig::new();
    rig.fetch.timeout = Duration::from_millis(400);
    let document = rss("The Lamp", &[DAM]);
    let slow_hop = Answer::redirect(302, "/hop2").drip(20, Duration::from_millis(80));
    let cases = [
        ("/silent", Answer::silence()),
        ("/headers", Answer::new(200, "").header("Content-Length", "999").then_hang()),
        ("/trickle", Answer::new(200, document).drip(1, Duration::from_millis(25))),
        // Each hop is in time, and all of them are not.
        ("/hop1", slow_hop),
    ];
    rig.origin.serve("/hop2", Answer::redirect(302, "/hop3").drip(20, Duration::from_millis(80)));
    rig.origin.serve("/hop3", good(&[DAM], "\"1\""));
    for (path, answer) in &cases {
        rig.origin.serve(path, answer.clone());
        rig.add(&rig.origin.url(path));
    }
    rig.ingest.downloads_per_host_max = 8;
    let began = Instant::now();
    rig.pass();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for (path, _) in cases {
        let state = rig.feed(path).state;
        assert_eq!((state.health, state.failures), (Health::Unreachable, 1), "{path}");
        assert!(state.detail.is_some_and(|detail| detail.contains("timed out after 400 ms")), "{path}");
    }
}

#[test]
fn p32_a_body_that_ends_early_changes_nothing() {
    let document = rss("The Lamp", &[DAM, BREAD]);
    let half = document.as_bytes()[..document.len() / 2].to_vec();
    let announced = || Answer::new(200, half.clone()).header("Content-Length", "9999").header("ETag", "\"half\"");
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nETag: \"half\"\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{document}",
        document.len() + 5
    );
    for ending in [announced().then_close(), announced().then_reset(), Answer::raw(chunked)] {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", ending);
        rig.wait(hours(2));
        rig.pass();
        let state = rig.feed("/feed").state;
        assert_eq!((state.health, state.failures), (Health::Unreadable, 1));
        assert_eq!((state.validators.etag.as_deref(), rig.titles()), (Some("\"1\""), vec![DAM.title.to_owned()]));
    }
}

#[test]
fn p33_an_answer_of_nothing_empties_no_feed() {
    let nothings = [
        Answer::new(200, ""),
        Answer::new(200, " \r\n\t"),
        Answer::status(204),
        Answer::new(206, rss("The Lamp", &[BREAD])),
    ];
    for nothing in nothings {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.pass();
        rig.origin.serve("/feed", nothing.clone().header("ETag", "\"nothing\""));
        rig.wait(hours(2));
        rig.pass();
        let state = rig.feed("/feed").state;
        assert_eq!((state.health, state.failures), (Health::Unreadable, 1), "{nothing:?}");
        assert_eq!((state.validators.etag.as_deref(), rig.titles()), (Some("\"1\""), vec![DAM.title.to_owned()]));
        assert!(state.interval_seconds > 0 && state.last_new.is_some());
    }
    // A 304 to who asked for the whole.
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", Answer::status(304).header("ETag", "\"1\""));
    rig.pass();
    let state = rig.feed("/feed").state;
    assert_eq!((state.health, state.validators), (Health::Unreadable, Validators::default()));
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.live(hours(1));
    assert_eq!(rig.titles(), [DAM.title]);
    // An empty feed is a feed, whose articles stay.
    rig.origin.serve("/feed", good(&[], "\"empty\""));
    rig.live(hours(3));
    assert_eq!((rig.feed("/feed").state.validators.etag.as_deref(), rig.titles().len()), (Some("\"empty\""), 1));
}

#[test]
fn p34_one_host_gets_few_requests_at_once_and_spaced() {
    let mut rig = Rig::new();
    rig.ingest.spaces_loopback = true;
    rig.ingest.host_spacing = Duration::from_millis(60);
    let other = Origin::start_at("127.0.0.2:0");
    let body = rss("The Lamp", &[DAM]);
    let took = Duration::from_millis(200);
    let slow = || Answer::new(200, body.clone()).header("ETag", "\"1\"").drip(body.len() / 2 + 200, took);
    for number in 0..8 {
        rig.origin.serve(&format!("/{number}"), slow());
        rig.add(&rig.origin.url(&format!("/{number}")));
    }
    // Feeds of another host that lead to this one take their turn here like its own.
    for number in 4..8 {
        other.serve(&format!("/{number}"), Answer::redirect(302, &rig.origin.url(&format!("/{number}?led"))));
        rig.add(&other.url(&format!("/{number}")));
    }
    rig.pass();
    let requests = rig.origin.all_requests();
    assert_eq!((requests.len(), other.all_requests().len()), (12, 4));
    // Of two starts the first may be held up on a busy machine; of six, not all of them.
    for six in requests.windows(6) {
        let apart = six[5].at - six[0].at;
        assert!(apart >= Duration::from_millis(60 * 5 / 2), "{apart:?} between six starts");
    }
    let at_once = |seen: &crate::origin::Seen| {
        requests.iter().filter(|other| other.at >= seen.at && other.at < seen.at + took).count()
    };
    assert!(requests.iter().map(at_once).max() <= Some(2), "two connections at most");
}

#[test]
fn p35_five_hundred_feeds_due_at_once_are_bounded_and_drift_apart() {
    let mut rig = Rig::new();
    let mut wishes: Vec<FeedWish> = Vec::new();
    for number in 0..500 {
        wishes.push(FeedWish::of_url(format!("https://host{}.example/feed{number}", number % 100)));
    }
    rig.store().sync_feeds(&wishes, rig.now()).unwrap();
    rig.ingest.host_spacing = Duration::ZERO;
    let network = Network::default();
    let began = Instant::now();
    assert_eq!(rig.pass_with(network.clone(), false).unwrap().len(), 500);
    assert!(network.most_under_way.load(Ordering::SeqCst) <= rig.ingest.downloads_max);
    println!("500 feeds in {:?}", began.elapsed());
    // They were asked in one moment; the next time they come over twelve minutes, and later over hours.
    let spread = |rig: &Rig| {
        let mut due: Vec<i64> = rig.feeds().iter().map(|feed| feed.state.next_due.unwrap().as_second() / 60).collect();
        due.sort_unstable();
        let most = due.chunk_by(|one, other| one == other).map(<[i64]>::len).max().unwrap();
        (due[499] - due[0], most)
    };
    let (width, most) = spread(&rig);
    assert!(width >= 11 && most <= 70, "{width} min, {most} in one of them");
    for _ in 0..24 {
        rig.wait(hours(1));
        rig.pass_with(network.clone(), false).unwrap();
    }
    let (width, most) = spread(&rig);
    assert!(width >= 120 && most <= 25, "{width} min, {most} in one of them");
}

#[test]
fn p36_a_clock_that_jumps_brings_no_burst_and_no_year_of_silence() {
    let jumps = [days(365), days(3650), hours(5), -hours(5), -days(365)];
    for jump in jumps {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\""));
        rig.origin.serve("/busy", Answer::status(429).header("Retry-After", "3600"));
        rig.live(days(1));
        let before = rig.asked("/feed").len();
        rig.wait(jump);
        // As often as somebody looks, it is asked once.
        for _ in 0..10 {
            rig.pass();
        }
        let asked = rig.asked("/feed").len() - before;
        assert!(asked <= 1, "{jump:#}: {asked}");
        // It goes on by itself, within a day and a tenth and what the jump was.
        let silent = jump.unsigned_abs().min(Duration::from_secs(26 * 3600));
        rig.live(days(2) + SignedDuration::try_from(silent).unwrap());
        assert!(rig.asked("/feed").len() > before + asked, "{jump:#}: it is silent");
        // And back to where the clock was right.
        let before = rig.asked("/feed").len();
        rig.wait(-jump);
        for _ in 0..10 {
            rig.pass();
        }
        assert!(rig.asked("/feed").len() <= before + 1, "{jump:#} and back");
        rig.live(days(3));
        assert!(rig.asked("/feed").len() > before + 1, "{jump:#} and back: it is silent");
    }
    // Nor does a pause that was asked for under a wrong clock last until that time comes.
    let mut rig = Rig::with("/busy");
    rig.wait(days(3650));
    rig.origin.serve("/busy", Answer::status(429).header("Retry-After", "3600"));
    rig.pass();
    rig.wait(-days(3650));
    rig.origin.serve("/busy", good(&[DAM], "\"1\""));
    rig.live(hours(1));
    assert_eq!(rig.titles(), [DAM.title]);
}

#[test]
fn p37_a_feed_by_another_content_type_is_a_feed() {
    let types = ["text/plain", "text/html", "application/octet-stream", "image/png", "", "nonsense; charset"];
    let mut rig = Rig::new();
    for (number, content_type) in types.iter().enumerate() {
        let title = format!("Notice {number} of the harbour office");
        let document = rss("The Lamp", &[Entry { guid: "", link: "", title: &title, ..BREAD }]);
        let path = format!("/{number}");
        rig.origin.serve(&path, Answer::new(200, document).header("Content-Type", content_type));
        rig.add(&rig.origin.url(&path));
    }
    rig.pass();
    assert_eq!(rig.titles().len(), types.len());
    assert!(rig.feeds().iter().all(|feed| feed.state.health == Health::Ok));
}

#[test]
fn p38_the_headers_charset_goes_first_unless_the_bytes_are_utf_8() {
    let title = "Bäckerei an der Brücke öffnet";
    let declared = |charset: &str| {
        let entry = Entry { guid: charset, link: "", title, text: "Früh um fünf.", ..BREAD };
        rss("The Lamp", &[entry]).replace("version=\"1.0\"?", &format!("version=\"1.0\" encoding=\"{charset}\"?"))
    };
    let latin = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect::<Vec<u8>>();
    let cases: [(&str, Vec<u8>, &str); 2] = [
        ("/header", latin(&declared("utf-8")), "text/xml; charset=iso-8859-1"),
        ("/declaration", latin(&declared("iso-8859-1")), "text/xml"),
    ];
    for (path, body, content_type) in cases {
        let mut rig = Rig::with(path);
        rig.origin.serve(path, Answer::new(200, body).header("Content-Type", content_type));
        rig.pass();
        assert_eq!(rig.titles(), [title], "{path}");
    }
}

/// The columns by which rachelbythebay.com scores feed readers, over a month of everything at once.
#[test]
fn a_month_of_polling_scores_as_a_site_owner_would_have_it() {
    let mut rig = Rig::new();
    let titles: Vec<String> = (0..40).map(|number| format!("Notice {number:02} of the harbour office")).collect();
    for (path, every) in [("/daily", 1), ("/weekly", 7), ("/still", 100)] {
        rig.add(&rig.origin.url(path));
        for day in 0..30 {
            let newest = 1 + day / every;
            let entry = |title: &String| format!("{path}{title}");
            let texts: Vec<String> = titles[..newest].iter().rev().map(entry).collect();
            let told: Vec<Entry<'_>> =
                texts.iter().map(|title| Entry { guid: title, link: "", title, ..BREAD }).collect();
            if day % every == 0 {
                rig.origin.serve(
                    path,
                    good(&told, &format!("\"{path} {day}\"")).header("Last-Modified", &format!("day {day}")),
                );
            }
            if path == "/still" {
                rig.live(days(1));
            }
        }
    }
    for path in ["/daily", "/weekly", "/still"] {
        let asked = rig.asked(path);
        let unconditional = asked.iter().filter(|(_, seen)| seen.header("if-none-match").is_none());
        assert!(unconditional.count() <= 4, "{path}: the first, and one in a week or two");
        assert!(asked.windows(2).all(|pair| pair[1].0.duration_since(pair[0].0) >= minutes(15)), "{path}: early");
        for (_, seen) in &asked {
            let sent = (seen.header("if-none-match"), seen.header("if-modified-since"));
            let (Some(etag), Some(date)) = sent else { continue };
            let day = date.strip_prefix("day ").expect("a date that the server gave");
            assert_eq!(etag, format!("\"{path} {day}\""), "they belong together");
        }
    }
    let expected = ["accept", "accept-encoding", "host", "if-modified-since", "if-none-match", "user-agent"];
    assert_eq!(rig.header_names().iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
