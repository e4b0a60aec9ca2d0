//! Politeness, case by case: hosts, redirects, refusals. The table of all cases stands in `politeness`.

use std::time::Duration;

use newsfold::fetch::user_agent;
use newsfold::model::{Feed, FeedWish, Health};
use newsfold::schedule;

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
    // Where only a temporary redirect leads to what is gone, the feed itself is not.
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", Answer::redirect(302, "/today"));
    rig.origin.serve("/today", Answer::status(410));
    rig.pass();
    assert_eq!((rig.health("/feed"), rig.wait_of("/feed") > hours(3)), (Health::Unreachable, true));
    rig.origin.serve("/feed", Answer::redirect(301, "/today"));
    rig.wait(days(1));
    rig.pass();
    assert_eq!(rig.health("/feed"), Health::Gone);
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
