//! Politeness, case by case: what a server says, and what it is asked after that. Here: validators and times.
//!
//! The cases are those of a survey of feed readers and of what site owners complain of. Every one has tests here, in
//! `politeness_hosts`, `politeness_network` or `politeness_bodies`; a test below holds this table against the code.
//!
//! | case | given | test |
//! |---|---|---|
//! | P1 | 200 with both validators | `p1_validators_go_back_byte_for_byte` |
//! | P2 | 200 with one of them | `p2_no_validator_is_made_up` |
//! | P3 | 200, same body, new ETag | `p3_a_new_etag_of_an_old_body_is_kept_and_stores_no_article` |
//! | P4 | 304 with new validators and max-age | `p4_a_304_renews_what_it_carries_and_touches_no_article` |
//! | P5 | 200, then 200 without validators | `p5_dropped_validators_are_dropped_and_the_feed_is_asked_once_a_day` |
//! | P6 | 200 with a body that is no feed | `p6_a_body_that_cannot_be_read_changes_neither_articles_nor_validators` |
//! | P7 | a crash between body and commit | `p7_validators_are_stored_with_the_articles_or_not_at_all` |
//! | P8 | restarts | `p8_restarts_ask_nobody_early_and_nothing_whole_twice` |
//! | P9 | max-age on 200 | `p9_max_age_is_waited_for` |
//! | P10 | max-age on 304 and 429 | `p10_max_age_counts_on_304_and_429_too` |
//! | P11 | Expires: future, 0, garbage, past | `p11_expires_is_obeyed_where_it_is_a_date_ahead` |
//! | P12 | max-age of a year | `p12_a_year_of_max_age_does_not_lose_the_feed` |
//! | P13 | ttl, sy:updatePeriod, skipHours, skipDays | `p13_the_feeds_own_pace_raises_the_interval_and_never_lowers_it` |
//! | P14 | 429 with every form of Retry-After | `p14_retry_after_is_obeyed_in_every_form_it_has` |
//! | P15 | 503 with Retry-After | `p15_a_503_with_retry_after_is_a_429` |
//! | P16 | 429 from one feed of a host | `p16_a_host_that_is_asked_too_much_is_left_alone_by_all_of_its_feeds` |
//! | P17 | 5xx, timeout, reset, no address | `p17_trouble_is_met_with_growing_pauses_and_forgotten_with_success` |
//! | P18 | no host can be reached | `p18_a_network_that_is_down_is_held_against_no_feed` |
//! | P19 | 301, 308 for days | `p19_a_move_is_believed_after_it_was_said_for_days` |
//! | P20 | 301 to what is no feed | `p20_a_move_to_what_is_no_feed_is_never_believed` |
//! | P21 | 302, 303, 307 | `p21_a_temporary_redirect_moves_nothing` |
//! | P22 | a redirect to another URL | `p22_validators_stay_with_their_url_and_credentials_with_their_origin` |
//! | P23 | redirect loops, chains, other schemes | `p23_redirects_that_lead_nowhere_are_errors_that_name_it` |
//! | P24 | two feeds redirect to one URL | `p24_of_two_feeds_that_are_one_only_one_is_polled` |
//! | P25 | 410 | `p25_a_feed_that_is_gone_is_not_asked_again_and_keeps_its_articles` |
//! | P26 | 404, 403, 401 | `p26_a_feed_that_is_refused_waits_long_and_is_not_removed` |
//! | P27 | Set-Cookie | `p27_no_cookie_is_ever_sent_back` |
//! | P28 | any answer | `p28_a_request_carries_a_name_and_an_address_and_nothing_that_is_not_needed` |
//! | P29 | Content-Encoding, right and wrong | `p29_only_what_can_be_undone_is_asked_for_and_a_false_encoding_is_an_error` |
//! | P30 | bodies over the cap, bombs | `p30_a_body_is_read_up_to_its_cap_however_it_is_packed` |
//! | P31 | silence, trickles | `p31_one_deadline_holds_for_the_whole_answer` |
//! | P32 | a body that ends early | `p32_a_body_that_ends_early_changes_nothing` |
//! | P33 | empty body, 204, 206, 304 unasked | `p33_an_answer_of_nothing_empties_no_feed` |
//! | P34 | many feeds on one host | `p34_one_host_gets_few_requests_at_once_and_spaced` |
//! | P35 | 500 feeds due at once | `p35_five_hundred_feeds_due_at_once_are_bounded_and_drift_apart` |
//! | P36 | the clock jumps | `p36_a_clock_that_jumps_brings_no_burst_and_no_year_of_silence` |
//! | P37 | a wrong Content-Type | `p37_a_feed_by_another_content_type_is_a_feed` |
//! | P38 | charset of header and declaration differ | `p38_the_headers_charset_goes_first_unless_the_bytes_are_utf_8` |
//! | P39 | 304 for ever | `p39_a_server_that_says_304_for_ever_is_asked_for_the_whole_once_in_a_while` |

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use newsfold::model::{Health, Pace, Validators};
use newsfold::prepare::{self, Asked};
use newsfold::schedule::{Rule, Told};
use newsfold::writer::{Answer as Came, Intake, Reach};

use crate::origin::Answer;
use crate::rig::{Rig, SALT, days, hours, minutes};
use crate::samples::{BREAD, DAM, Entry, rss};

/// The feed, with an ETag that it recognises.
fn good(entries: &[Entry<'_>], etag: &str) -> Answer {
    Answer::new(200, rss("The Lamp", entries)).header("ETag", etag).conditional()
}

/// Pauses vary by a tenth.
fn later_by_a_tenth(pause: SignedDuration) -> SignedDuration {
    pause + pause / 10
}

fn later(moment: Timestamp, pause: SignedDuration) -> Timestamp {
    moment.checked_add(pause).unwrap()
}

#[test]
fn every_case_has_its_test() {
    let files = [
        include_str!("politeness.rs"),
        include_str!("politeness_hosts.rs"),
        include_str!("politeness_network.rs"),
        include_str!("politeness_bodies.rs"),
    ];
    for case in 1..=39 {
        let start = format!("//! | P{case} | ");
        let row = files[0].lines().find(|line| line.starts_with(&start)).expect("a row a case");
        let name = row.rsplit('`').nth(1).expect("the row names a test");
        assert!(name.starts_with(&format!("p{case}_")), "{row}");
        let test = format!("#[test]\nfn {name}() {{");
        assert_eq!(files.iter().filter(|file| file.contains(&test)).count(), 1, "{name}");
    }
}

#[test]
fn p1_validators_go_back_byte_for_byte() {
    let pairs = [("\"abc\"", "Fri, 13 Feb 2026 11:00:00 GMT"), ("W/\"a, b\\\"c\"", "yesterday, or so"), ("bare", "0")];
    for (etag, last_modified) in pairs {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], etag).header("Last-Modified", last_modified));
        rig.pass();
        rig.wait(hours(2));
        rig.pass();
        assert_eq!(rig.health("/feed"), Health::NotModified);
        assert_eq!(rig.sent("/feed", "if-none-match"), [None, Some(etag.to_owned())]);
        assert_eq!(rig.sent("/feed", "if-modified-since"), [None, Some(last_modified.to_owned())]);
    }
}

#[test]
fn p2_no_validator_is_made_up() {
    let date = "Fri, 13 Feb 2026 11:00:00 GMT";
    for (header, value, sent, not_sent) in [
        ("ETag", "\"one\"", "if-none-match", "if-modified-since"),
        ("Last-Modified", date, "if-modified-since", "if-none-match"),
    ] {
        let mut rig = Rig::with("/feed");
        // Its entries have dates, and it answers one itself.
        let answer = Answer::new(200, rss("The Lamp", &[DAM])).header(header, value).header("Date", date);
        rig.origin.serve("/feed", answer);
        rig.pass();
        rig.live(days(2));
        let count = rig.asked("/feed").len();
        assert!(count > 3);
        assert_eq!(rig.sent("/feed", sent)[1..], vec![Some(value.to_owned()); count - 1]);
        assert_eq!(rig.sent("/feed", not_sent), vec![None; count]);
    }
}

#[test]
fn p3_a_new_etag_of_an_old_body_is_kept_and_stores_no_article() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve_in_turn("/feed", ["\"1\"", "\"2\"", "\"3\""].map(|etag| good(&[DAM, BREAD], etag)));
    for asked in 1..=3 {
        let report = rig.pass().remove(0);
        assert_eq!(report.articles_new, if asked == 1 { 2 } else { 0 });
        assert_eq!(report.articles_revised, 0);
        rig.wait(days(1));
    }
    assert_eq!(rig.sent("/feed", "if-none-match"), [None, Some("\"1\"".to_owned()), Some("\"2\"".to_owned())]);
    assert_eq!(rig.titles().len(), 2);
    assert_eq!(rig.feed("/feed").state.validators.etag.as_deref(), Some("\"3\""));
    // The same bytes under another charset are another document.
    let state = rig.feed("/feed").state;
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"4\"").header("Content-Type", "text/xml; charset=iso-8859-1"));
    rig.pass();
    assert_ne!(rig.feed("/feed").state.body_hash, state.body_hash);
    assert_eq!(rig.titles().len(), 2);
}

#[test]
fn p4_a_304_renews_what_it_carries_and_touches_no_article() {
    let mut rig = Rig::with("/feed");
    let date = "Fri, 13 Feb 2026 11:00:00 GMT";
    rig.origin.serve_in_turn(
        "/feed",
        [
            good(&[DAM], "\"1\""),
            Answer::status(304)
                .header("ETag", "\"2\"")
                .header("Last-Modified", date)
                .header("Cache-Control", "max-age=36000"),
            Answer::status(304),
        ],
    );
    rig.pass();
    let stored = rig.titles();
    rig.wait(hours(2));
    let report = rig.pass().remove(0);
    assert_eq!((report.health, report.articles_new, report.articles_revised), (Health::NotModified, 0, 0));
    assert_eq!(rig.wait_of("/feed"), hours(10));
    rig.wait(hours(10));
    rig.pass();
    assert_eq!(rig.sent("/feed", "if-none-match")[1..], [Some("\"1\"".to_owned()), Some("\"2\"".to_owned())]);
    assert_eq!(rig.sent("/feed", "if-modified-since")[1..], [None, Some(date.to_owned())]);
    assert_eq!(rig.titles(), stored);
    // What a 304 does not repeat stands.
    let validators = Validators { etag: Some("\"2\"".into()), last_modified: Some(date.into()) };
    assert_eq!(rig.feed("/feed").state.validators, validators);
}

#[test]
fn p5_dropped_validators_are_dropped_and_the_feed_is_asked_once_a_day() {
    let mut rig = Rig::with("/feed");
    let bare = |entries: &[Entry<'_>]| Answer::new(200, rss("The Lamp", entries));
    rig.origin.serve_in_turn("/feed", [good(&[DAM], "\"1\""), bare(&[DAM, BREAD]), bare(&[DAM]), bare(&[BREAD])]);
    rig.pass();
    rig.wait(hours(2));
    rig.pass();
    assert_eq!(rig.feed("/feed").state.validators, Validators::default());
    rig.live(days(20));
    let asked = rig.asked("/feed");
    assert!(asked.len() > 15, "{}", asked.len());
    assert!(asked[2..].iter().all(|(_, seen)| seen.header("if-none-match").is_none()));
    assert!(asked[1..].windows(2).all(|pair| pair[1].0.duration_since(pair[0].0) >= days(1)), "{asked:?}");
}

/// The one exception, for articles are not lost to politeness: 20 entries that are replaced within hours.
#[test]
fn p5_a_feed_that_a_day_would_outrun_is_asked_as_often_as_it_takes() {
    let mut rig = Rig::with("/feed");
    let titles: Vec<String> = (0..200).map(|number| format!("Notice {number:03} of the harbour office")).collect();
    let dates: Vec<String> = (0..200)
        .map(|number| later(rig.now(), minutes(15 * (number - 20))).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        .collect();
    let entry =
        |number: usize| Entry { guid: "", link: "", title: &titles[number], published: &dates[number], ..BREAD };
    // One every quarter of an hour, the last twenty of which are told: five hours' worth.
    for _ in 0..40 {
        let passed = rig.now().duration_since("2026-02-13T12:00:00Z".parse().unwrap()).as_mins();
        let newest = 20 + usize::try_from(passed / 15).unwrap();
        let told: Vec<Entry<'_>> = (newest - 20..newest).rev().map(entry).collect();
        rig.origin.serve("/feed", Answer::new(200, rss("The Harbour", &told)));
        rig.pass();
        rig.wait(hours(1));
    }
    let stored = rig.titles();
    let first = stored.first().expect("there are some").clone();
    assert!(stored.len() > 150, "{} since {first}", stored.len());
    assert_eq!(stored, titles[..stored.len()], "none was missed");
    let asked = rig.asked("/feed");
    assert!(asked.windows(2).all(|pair| pair[1].0.duration_since(pair[0].0) >= hours(3)), "{}", asked.len());
}

#[test]
fn p6_a_body_that_cannot_be_read_changes_neither_articles_nor_validators() {
    let whole = rss("The Lamp", &[DAM, BREAD]);
    let bodies = [
        Answer::new(200, "<!DOCTYPE html><html><title>Please log in</title><body>Who are you?</body></html>"),
        Answer::new(200, "so much noise"),
        Answer::new(200, &whole.as_bytes()[..40]),
        Answer::new(200, whole).header("Content-Length", "99999").then_close(),
    ];
    for body in bodies {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"good\"").header("Last-Modified", "then"));
        rig.pass();
        rig.wait(hours(2));
        rig.origin.serve("/feed", body.clone().header("ETag", "\"bad\"").header("Last-Modified", "now"));
        let report = rig.pass().remove(0);
        assert_eq!(report.health, Health::Unreadable, "{body:?}");
        assert_eq!(rig.titles(), [DAM.title]);
        rig.wait(hours(2));
        rig.pass();
        let etags = rig.sent("/feed", "if-none-match");
        assert_eq!(etags[1..], [Some("\"good\"".to_owned()), Some("\"good\"".to_owned())], "{body:?}");
        assert_eq!(rig.sent("/feed", "if-modified-since").pop().flatten().as_deref(), Some("then"));
    }
}

#[test]
fn p7_validators_are_stored_with_the_articles_or_not_at_all() {
    let mut rig = Rig::with("/feed");
    rig.ingest.retry_for = Duration::ZERO;
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.pass();
    rig.wait(hours(2));
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"2\""));
    // The transaction fails at its end, when articles and validators are written.
    for breaks in ["INSERT ON memberships", "UPDATE OF etag ON feeds"] {
        let trigger = format!("CREATE TRIGGER t BEFORE {breaks} BEGIN SELECT raise(ABORT, 'no more power'); END");
        rusqlite::Connection::open(rig.database()).unwrap().execute_batch(&trigger).unwrap();
        let error = rig.try_pass().unwrap_err();
        assert!(error.to_string().contains("no more power"), "{error}");
        rusqlite::Connection::open(rig.database()).unwrap().execute_batch("DROP TRIGGER t").unwrap();
        assert_eq!(rig.titles(), [DAM.title]);
        assert_eq!(rig.feed("/feed").state.validators.etag.as_deref(), Some("\"1\""));
    }
    // So the server sends it again.
    rig.pass();
    assert_eq!(rig.titles().len(), 2);
    assert_eq!(rig.feed("/feed").state.validators.etag.as_deref(), Some("\"2\""));
    assert_eq!(rig.sent("/feed", "if-none-match")[1..], vec![Some("\"1\"".to_owned()); 3]);
}

#[test]
fn p8_restarts_ask_nobody_early_and_nothing_whole_twice() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", good(&[DAM], "\"1\""));
    rig.origin.serve("/down", Answer::status(500));
    rig.add(&rig.origin.url("/down"));
    // Every pass of the rig is a restart: one a minute for a day.
    for _ in 0..24 * 60 {
        let due: Vec<Timestamp> = rig.feeds().iter().map(|feed| feed.state.next_due.unwrap_or(rig.now())).collect();
        let reports = rig.pass().len();
        assert_eq!(reports, due.iter().filter(|due| **due <= rig.now()).count());
        rig.wait(minutes(1));
    }
    let asked = rig.asked("/feed");
    assert!((8..30).contains(&asked.len()), "{}", asked.len());
    assert!(asked.windows(2).all(|pair| pair[1].0.duration_since(pair[0].0) >= minutes(15)));
    assert_eq!(rig.sent("/feed", "if-none-match").iter().filter(|sent| sent.is_none()).count(), 1);
    assert!((5..10).contains(&rig.asked("/down").len()), "{}", rig.asked("/down").len());
}

#[test]
fn p9_max_age_is_waited_for() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", good(&[DAM], "\"1\"").header("Cache-Control", "public, max-age=7200"));
    rig.pass();
    assert_eq!(rig.wait_of("/feed"), hours(2));
    assert_eq!(rig.feed("/feed").state.fresh_until, Some(later(rig.now(), hours(2))));
    rig.wait(SignedDuration::from_secs(7199));
    assert_eq!(rig.pass().len(), 0);
    rig.wait(SignedDuration::from_secs(1));
    assert_eq!(rig.pass().len(), 1);
    // Who asks by name is not bound by it.
    assert_eq!(rig.pass_all().len(), 1);
}

#[test]
fn p10_max_age_counts_on_304_and_429_too() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve_in_turn(
        "/feed",
        [
            good(&[DAM], "\"1\""),
            Answer::status(304).header("Cache-Control", "max-age=18000"),
            Answer::status(429).header("Cache-Control", "max-age=172800"),
        ],
    );
    rig.pass();
    rig.wait(hours(2));
    rig.pass();
    assert_eq!(rig.wait_of("/feed"), hours(5));
    rig.wait(hours(5));
    rig.pass();
    assert_eq!((rig.health("/feed"), rig.wait_of("/feed")), (Health::Throttled, days(2)));
    assert_eq!(rig.pass_all().len(), 0, "a pause that a server asks for binds everybody");
}

#[test]
fn p11_expires_is_obeyed_where_it_is_a_date_ahead() {
    let cases = [
        ("Fri, 13 Feb 2026 17:00:00 GMT", Some(hours(5))),
        ("Friday, 13-Feb-26 17:00:00 GMT", Some(hours(5))),
        ("0", None),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("Fri, 13 Feb 2026 11:00:00 GMT", None),
        ("Thu, 19 Nov 1981 08:52:00 GMT", None),
    ];
    for (expires, expected) in cases {
        let mut rig = Rig::with("/feed");
        rig.origin.serve("/feed", good(&[DAM], "\"1\"").header("Expires", expires));
        rig.pass();
        let wait = rig.wait_of("/feed");
        match expected {
            // The time the request took is taken off.
            Some(expected) => assert!(wait <= expected && wait > expected - minutes(1), "{expires}: {wait:#}"),
            None => assert!(wait >= minutes(54) && wait <= minutes(66), "the first interval is an hour: {wait:#}"),
        }
    }
}

#[test]
fn p12_a_year_of_max_age_does_not_lose_the_feed() {
    let year = "max-age=31536000";
    let mut rig = Rig::with("/feed");
    rig.origin.serve(
        "/feed",
        good(&[DAM], "\"1\"").header("Cache-Control", year).header("Expires", "Sat, 13 Feb 2027 12:00:00 GMT"),
    );
    rig.pass();
    assert_eq!(rig.wait_of("/feed"), days(1));
    rig.live(days(30));
    let count = rig.asked("/feed").len();
    assert!((28..=31).contains(&count), "{count} requests in thirty days");
}

#[test]
fn p13_the_feeds_own_pace_raises_the_interval_and_never_lowers_it() {
    // From the document itself.
    let mut rig = Rig::with("/feed");
    let document = rss("The Lamp", &[DAM]).replace("<channel>", "<channel><ttl>300</ttl>");
    rig.origin.serve("/feed", Answer::new(200, document.clone()).header("ETag", "\"1\"").conditional());
    rig.pass();
    assert_eq!(rig.wait_of("/feed"), hours(5));
    rig.wait(hours(5));
    rig.pass();
    assert_eq!(
        (rig.health("/feed"), rig.wait_of("/feed")),
        (Health::NotModified, hours(5)),
        "a 304 does not repeat it"
    );

    let syndication = "xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\"";
    let nights: String = (0..8).map(|hour| format!("<hour>{hour}</hour>")).collect();
    let said = [
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>".to_owned(), hours(6)),
        // It is noon; at eight in the evening the nights begin.
        (format!("<skipHours>{nights}</skipHours><ttl>720</ttl>"), hours(20)),
        ("<skipDays><day>Saturday</day><day>Sunday</day></skipDays><ttl>900</ttl>".to_owned(), hours(60)),
    ];
    for (words, wait) in said {
        let mut rig = Rig::with("/feed");
        let rss = rss("The Lamp", &[DAM]).replace("<channel>", &format!("<channel {syndication}>{words}"));
        rig.origin.serve("/feed", Answer::new(200, rss).header("ETag", "\"1\""));
        rig.pass();
        let waited = rig.wait_of("/feed");
        assert!(waited >= wait && waited <= later_by_a_tenth(wait), "{words}: {waited:#}");
    }

    // What any document may say.
    let weekend_and_nights = Pace { skip_hours: 0b1111_1111, skip_days: 0b110_0000, ..Pace::default() };
    let cases = [
        (Pace { ttl_seconds: Some(60), ..Pace::default() }, minutes(54), minutes(66)),
        (Pace { period_seconds: Some(1), ..Pace::default() }, minutes(54), minutes(66)),
        (Pace { period_seconds: Some(6 * 3600), ..Pace::default() }, hours(6), hours(6)),
        (Pace { period_seconds: Some(365 * 24 * 3600), ..Pace::default() }, days(1), days(1)),
        (Pace { skip_hours: 0b11 << 12, ..Pace::default() }, hours(2), minutes(130)),
        (Pace { skip_hours: u32::MAX, skip_days: u8::MAX, ..Pace::default() }, minutes(54), minutes(66)),
        // Friday itself, until Saturday begins.
        (Pace { skip_days: 0b1_0000, ..Pace::default() }, hours(12), minutes(12 * 60 + 10)),
    ];
    for (pace, at_least, at_most) in cases {
        let rig = Rig::with("/feed");
        tell(&rig, &document, pace);
        let wait = rig.wait_of("/feed");
        assert!(wait >= at_least && wait <= at_most, "{pace:?}: {wait:#}");
    }
    // No request in hours and days that are skipped, though the machine is asked to look every half hour.
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", Answer::status(304));
    tell(&rig, &document, weekend_and_nights);
    for _ in 0..14 * 48 {
        rig.pass();
        rig.wait(minutes(30));
    }
    let asked = rig.asked("/feed");
    assert!(asked.len() > 10, "{}", asked.len());
    for (at, _) in asked {
        let local = at.to_zoned(jiff::tz::TimeZone::UTC);
        assert!(local.hour() >= 8 && local.weekday().to_monday_zero_offset() < 5, "asked at {at}");
    }
}

/// Stores an answer whose document, once read, has this pace.
fn tell(rig: &Rig, document: &str, pace: Pace) {
    let feed = rig.feed("/feed");
    let asked = Asked { feed_url: feed.url.clone(), final_url: feed.url.parse().unwrap(), content_type: None };
    let mut prepared = prepare::drafts(document.as_bytes(), &asked, rig.now(), &prepare::Params::default()).unwrap();
    prepared.pace = pace;
    let validators = Validators { etag: Some("\"1\"".into()), last_modified: None };
    let told = Told { validators, pace, answered_url: Some(feed.url.clone()), ..Told::default() };
    let intake = Intake { feed, answer: Came::Read { prepared, told }, reach: Reach::Itself };
    rig.writer().apply(&[intake], rig.now()).unwrap();
}

#[test]
fn p14_retry_after_is_obeyed_in_every_form_it_has() {
    let cases = [
        (Some("7200"), Some(hours(2))),
        (Some("Fri, 13 Feb 2026 15:00:00 GMT"), Some(hours(3))),
        (Some("1000000000000"), Some(days(7))),
        (Some("Sat, 13 Feb 2094 15:00:00 GMT"), Some(days(7))),
        (None, None),
        (Some("soon"), None),
        (Some("-7200"), None),
        (Some("0"), None),
        (Some("Fri, 13 Feb 2026 11:00:00 GMT"), None),
    ];
    for (retry_after, expected) in cases {
        let mut rig = Rig::with("/feed");
        let answer = Answer::status(429);
        rig.origin.serve("/feed", retry_after.map_or(answer.clone(), |value| answer.header("Retry-After", value)));
        rig.pass();
        let feed = rig.feed("/feed");
        assert_eq!((feed.state.health, feed.state.failures), (Health::Throttled, 1));
        let wait = rig.wait_of("/feed");
        match expected {
            Some(expected) => assert!(wait <= expected && wait > expected - minutes(1), "{retry_after:?}: {wait:#}"),
            None => assert!(wait >= minutes(15) && wait <= minutes(17), "backoff, {retry_after:?}: {wait:#}"),
        }
        // Nobody asks within the pause, by name neither.
        rig.wait(wait - minutes(1));
        assert_eq!(rig.pass().len(), 0);
        if expected.is_some() {
            assert_eq!(rig.pass_all().len(), 0, "{retry_after:?}");
        }
        rig.wait(minutes(1));
        assert_eq!(rig.pass().len(), 1, "{retry_after:?}");
    }
}

#[test]
fn p15_a_503_with_retry_after_is_a_429() {
    let mut rig = Rig::with("/feed");
    rig.add(&rig.origin.url("/other"));
    rig.origin.serve("/feed", Answer::status(503).header("Retry-After", "10800"));
    rig.origin.serve("/other", Answer::status(503));
    rig.ingest.downloads_per_host_max = 1;
    let reports = rig.pass();
    assert_eq!((reports.len(), reports.iter().filter(|report| report.postponed.is_some()).count()), (2, 1));
    assert_eq!((rig.health("/feed"), rig.wait_of("/feed")), (Health::Throttled, hours(3)));
    assert_eq!(rig.wait_of("/other"), hours(3));
    rig.wait(minutes(179));
    assert_eq!((rig.pass().len(), rig.pass_all().len()), (0, 0));
    // Without a time to come back it is one feed's trouble.
    rig.wait(minutes(1));
    rig.origin.serve("/feed", Answer::status(503));
    assert_eq!(rig.pass().iter().filter(|report| report.postponed.is_some()).count(), 0);
    assert_eq!(rig.health("/feed"), Health::Unreachable);
}

#[test]
fn p39_a_server_that_says_304_for_ever_is_asked_for_the_whole_once_in_a_while() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve_in_turn("/feed", [good(&[DAM], "\"1\""), Answer::status(304)]);
    rig.pass();
    rig.live(days(6));
    let whole = |rig: &Rig| {
        let asked = rig.asked("/feed").into_iter().filter(|(_, seen)| seen.header("if-none-match").is_none());
        asked.map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert_eq!(whole(&rig).len(), 1);
    // What the server has been hiding, it gives to who asks for the whole.
    rig.origin.serve("/feed", good(&[DAM, BREAD], "\"2\"").conditional_on_anything());
    rig.live(days(60));
    let asked = whole(&rig);
    assert!((4..=9).contains(&asked.len()), "{asked:?}");
    for pair in asked.windows(2) {
        let apart = pair[1].duration_since(pair[0]);
        assert!(apart >= days(7) && apart <= days(16), "{apart:#}");
    }
    assert_eq!(rig.titles().len(), 2);
    // It is conditional in between, and those who asked not to be asked are believed.
    assert!(rig.asked("/feed").len() > 5 * asked.len());
    for (url, expected) in [
        ("https://news.example/feed", true),
        ("https://rachelbythebay.com/w/atom.xml", false),
        ("https://feeds.openrss.org/a", false),
        ("https://notopenrss.org/a", true),
    ] {
        let mut feed = rig.feed("/feed");
        feed.url = url.to_owned();
        assert_eq!(newsfold::schedule::asks_whole(&feed, later(rig.now(), days(15))), expected, "{url}");
    }
}

#[test]
fn an_explanation_says_what_decided() {
    let mut rig = Rig::with("/feed");
    rig.origin.serve("/feed", good(&[DAM], "\"1\"").header("Cache-Control", "max-age=7200"));
    rig.pass();
    let next = newsfold::schedule::explain(&rig.feed("/feed"), rig.now(), SALT, &rig.schedule);
    assert_eq!(next.at, Some(later(rig.now(), hours(2))));
    assert_eq!(next.because[0].rule, Rule::Fresh);
    assert!(matches!(next.because[1].rule, Rule::Interval(_)), "{next:?}");
}
