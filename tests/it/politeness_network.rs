//! Politeness, case by case: a network in trouble, many feeds at once, clocks that jump. The table of all cases stands in
//! `politeness`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::{Cause, FetchError};
use newsfold::fetch::{Answer as Got, Fetch, Request, Response};
use newsfold::model::{FeedWish, Health, Validators};
use url::Url;

use crate::origin::Answer;
use crate::rig::{Rig, days, hours, minutes};
use crate::samples::{BREAD, DAM, Entry, rss};

fn good(entries: &[Entry<'_>], etag: &str) -> Answer {
    Answer::new(200, rss("The Lamp", entries)).header("ETag", etag).conditional()
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
