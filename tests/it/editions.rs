//! Editions of a digest over weeks of days that go wrong: every story is told once, comes back only with news, and no window has a
//! hole, whatever crashes between rendering, recording and sending.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use newsfold::cli::DigestFormat;
use newsfold::desk::outbox::{self, Postman};
use newsfold::desk::{self, Delivery, Desk, DeskError, Due, Order, Post, print};
use newsfold::digest::Params as DigestParams;
use newsfold::mail::{self, Address, Server};
use newsfold::model::{ArticleId, Cluster, FeedWish};
use newsfold::news::{self, Backlog};
use newsfold::prepare::{self, Asked};
use newsfold::rank::Sort;
use newsfold::schedule::Told;
use newsfold::schedule::timetable::Timetable;
use newsfold::store::{Attempt, Found, Query, Recorded, Store};
use newsfold::taste::Taste;
use newsfold::writer::{Answer, Intake, Params, Reach, Writer};
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::Home;
use crate::post_office::{Fault, Letter, PostOffice};
use crate::samples::{Entry, rss};

/// What outlets write of one event: they share its names, so that they are one cluster.
struct Event {
    title: &'static str,
    text: &'static str,
    /// Another outlet's words for the same.
    again: &'static str,
    again_text: &'static str,
    /// What came of it.
    turn: &'static str,
    turn_text: &'static str,
}

const EVENTS: &[Event] = &[
    Event {
        title: "Orveth dam breached after record rain, 3,400 people evacuated from Kellbruck",
        text: "The Orveth dam above the town of Kellbruck broke on Thursday morning after days of record rain. Rescue teams led by \
               Marta Hollin brought 3,400 people out of Kellbruck before the water came.",
        again: "Record rain breaches Orveth dam, 3,400 people evacuated from Kellbruck",
        again_text: "The Orveth dam broke after record rain. Rescue teams brought 3,400 people out of the town of Kellbruck, Marta Hollin \
                     said.",
        turn: "Orveth dam breach: 15 dead found in Kellbruck, engineer Joost Varga arrested",
        turn_text: "Rescue teams found 15 dead in Kellbruck after the Orveth dam breach. Police arrested the engineer Joost Varga.",
    },
    Event {
        title: "Lunar lander Pelikan touches down near Shackleton crater",
        text: "The lunar lander Pelikan touched down near the Shackleton crater on Tuesday, mission director Ines Okafor said. It \
               carries a drill of 40 kilograms.",
        again: "Lander Pelikan touches down on the moon near Shackleton crater",
        again_text: "Pelikan, a lunar lander with a drill of 40 kilograms, touched down near the Shackleton crater, said Ines Okafor.",
        turn: "Pelikan lander: drill at Shackleton crater finds ice at 7 metres, Bruno Attar says",
        turn_text: "The drill of the lander Pelikan near the Shackleton crater found ice at 7 metres, scientist Bruno Attar said.",
    },
    Event {
        title: "Brennholm ferry workers strike over night shifts, 22 crossings cancelled",
        text: "Ferry workers in Brennholm went on strike over night shifts on Monday. The operator Nordlinie cancelled 22 crossings, its \
               speaker Tilda Rask said.",
        again: "Strike of ferry workers in Brennholm: Nordlinie cancels 22 crossings",
        again_text: "Nordlinie cancelled 22 crossings in Brennholm, because ferry workers are on strike over night shifts, Tilda Rask said.",
        turn: "Brennholm ferry strike ends: Nordlinie and workers agree on 6 percent, mediator Oskar Lindt says",
        turn_text: "The ferry workers' strike in Brennholm is over. Nordlinie pays 6 percent more for night shifts, mediator Oskar Lindt said.",
    },
    Event {
        title: "Sorrel wins chess title in Tavira after a queen sacrifice in game 11",
        text: "Aline Sorrel won the chess title in Tavira with a queen sacrifice in game 11 against Dmitri Halvorsen on Sunday.",
        again: "Chess: Aline Sorrel takes the title in Tavira, queen sacrifice in game 11",
        again_text: "A queen sacrifice in game 11 against Dmitri Halvorsen brought Aline Sorrel the chess title in Tavira.",
        turn: "Chess title in Tavira: Halvorsen protests over Sorrel's clock, arbiter Mina Castellano fines him 900",
        turn_text: "Dmitri Halvorsen protested against the chess title of Aline Sorrel in Tavira. Arbiter Mina Castellano fined him 900.",
    },
    Event {
        title: "Vineyards of Castelmora lose half of the grape harvest to hail",
        text: "Hail destroyed half of the grape harvest in the vineyards of Castelmora on Wednesday, winegrower Paola Ferrant said.",
        again: "Hail destroys half of Castelmora's grape harvest",
        again_text: "The vineyards of Castelmora lost half of their grape harvest to hail, said the winegrower Paola Ferrant.",
        turn: "Castelmora hail: minister Rui Salgado promises winegrowers 12 million for the lost harvest",
        turn_text: "Minister Rui Salgado promised the winegrowers of Castelmora 12 million for the grape harvest lost to hail.",
    },
];

/// A machine whose clock the test moves.
struct Machine {
    folder: TempDir,
    now: Timestamp,
    number: usize,
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

impl Machine {
    fn start(now: &str) -> Machine {
        Machine { folder: tempfile::tempdir().unwrap(), now: at(now), number: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn store(&self) -> Store {
        Store::open(&self.path("n.db"), 7, self.now).unwrap()
    }

    fn wait(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
    }

    /// An outlet's feed brings one entry, which is an hour old.
    fn report(&mut self, outlet: &str, title: &str, text: &str) {
        self.number += 1;
        let published = self.now - SignedDuration::from_hours(1);
        let published = jiff::fmt::rfc2822::to_string(&published.to_zoned(TimeZone::UTC)).unwrap();
        let guid = format!("{outlet}-{}", self.number);
        let link = format!("https://{}.example/{}", outlet.to_lowercase(), self.number);
        let entry = Entry { guid: &guid, link: &link, title, text, published: &published, source: "" };
        let url = format!("https://{}.example/feed", outlet.to_lowercase());
        let mut writer = Writer::new(self.store(), Params::default()).unwrap();
        let added = self.now - SignedDuration::from_hours(24 * 400);
        writer.store().add_feed(&FeedWish::of_url(&url), added).unwrap();
        let feed = writer.store().feed(&url).unwrap().unwrap();
        let asked = Asked { feed_url: url.clone(), final_url: url.parse().unwrap(), content_type: None };
        let document = rss(outlet, &[entry]);
        let prepared = prepare::drafts(document.as_bytes(), &asked, self.now, &prepare::Params::default()).unwrap();
        let answer = Answer::Read { prepared, told: Told::default() };
        writer.apply(&[Intake { feed, answer, reach: Reach::default() }], self.now).unwrap();
    }

    fn clusters(&self) -> Vec<Cluster> {
        self.store().clusters(&Query::default()).unwrap()
    }
}

fn order(name: &str) -> Order {
    Order {
        name: name.to_owned(),
        query: Query::default(),
        taste: Taste::default(),
        rank: newsfold::rank::Params::default(),
        first_since: None,
        sort: Sort::Rank,
        params: DigestParams { stories_max: 500, own_stories_per_outlet_max: 500, ..DigestParams::default() },
        format: DigestFormat::Json,
        template: None,
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        out: None,
        post: None,
        letterhead: None,
        timetable: None,
    }
}

fn mailed(name: &str) -> Order {
    let address = |text: &str| Address::parse(text).unwrap();
    let post =
        Post { from: address("News <news@example.org>"), to: vec![address("a@example.org"), address("b@example.org")] };
    Order { post: Some(post), ..order(name) }
}

/// The stories of an edition: id, and whether it is an update.
fn stories(body: &[u8]) -> Vec<(String, bool)> {
    let digest: Value = serde_json::from_slice(body).unwrap();
    let stories = digest["stories"].as_array().unwrap().iter();
    stories.map(|story| (story["id"].as_str().unwrap().to_owned(), !story["update_of"].is_null())).collect()
}

fn make(machine: &Machine, order: &Order) -> Vec<(String, bool)> {
    stories(desk::make(&mut machine.store(), order, machine.now).unwrap().body())
}

#[test]
fn a_story_is_told_once_and_comes_back_with_news_and_for_nothing_else() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let (order, event) = (order("morning"), &EVENTS[0]);
    machine.wait(60);
    machine.report("Lamp", event.title, event.text);
    machine.wait(60);
    let first = make(&machine, &order);
    assert_eq!(first.len(), 1);
    let id = first[0].0.clone();
    assert!(!first[0].1);
    assert_eq!(make(&machine, &order), [], "a second one right after it is empty");

    machine.wait(60);
    machine.report("Beacon", event.title, event.text);
    assert_eq!(make(&machine, &order), [], "a copy is no news");
    machine.wait(60);
    machine.report("Courier", event.again, event.again_text);
    assert_eq!(make(&machine, &order), [], "nor are other words for the same");
    machine.wait(60);
    machine.report("Herald", event.turn, event.turn_text);
    assert_eq!(machine.clusters().len(), 1, "all of it is one story");
    assert_eq!(make(&machine, &order), [(id.clone(), true)]);
    machine.wait(60);
    machine.report("Gazette", event.turn, event.turn_text);
    assert_eq!(make(&machine, &order), [], "the turn is known now");

    // Another digest has other readers: it tells the story as new.
    assert_eq!(make(&machine, &self::order("evening")), [(id, false)]);
}

#[test]
fn a_dismissed_story_is_told_again_when_it_has_news() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let (order, event) = (order("morning"), &EVENTS[1]);
    machine.wait(60);
    machine.report("Lamp", event.title, event.text);
    let cluster = machine.clusters().remove(0);
    machine.store().dismiss(&[cluster.id], machine.now).unwrap();
    assert_eq!(make(&machine, &order), []);
    machine.wait(60);
    machine.report("Beacon", event.again, event.again_text);
    assert_eq!(make(&machine, &order), []);
    machine.wait(60);
    machine.report("Herald", event.turn, event.turn_text);
    assert_eq!(make(&machine, &order), [(cluster.code.0, false)]);
}

fn with_room_for(stories: usize, order: Order) -> Order {
    Order { params: DigestParams { stories_max: stories, ..order.params.clone() }, ..order }
}

#[test]
fn what_there_was_no_room_for_competes_in_the_next_edition_and_for_a_day() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let (small, all) = (with_room_for(1, order("morning")), order("evening"));
    for event in &EVENTS[..4] {
        machine.wait(60);
        machine.report("Lamp", event.title, event.text);
    }
    let composed = desk::make(&mut machine.store(), &small, machine.now).unwrap();
    assert_eq!((composed.digest.counts.stories, composed.digest.counts.left_out), (1, 3));
    let mut told = stories(composed.body());
    assert_eq!(make(&machine, &all).len(), 4);

    // Nothing else happens: what was passed over is what there is, one after the other, and each once.
    machine.wait(60);
    told.extend(make(&machine, &small));
    assert_eq!(make(&machine, &all), [], "who was told everything has nothing to come");
    machine.wait(30 * 60);
    told.extend(make(&machine, &small));
    let ids: BTreeSet<&String> = told.iter().map(|(id, _)| id).collect();
    assert_eq!((told.len(), ids.len()), (3, 3), "the next edition tells it, however late it comes: {told:?}");
    assert!(told.iter().all(|(_, is_update)| !is_update), "{told:?}");

    // Passed over thrice, and a day old: it comes when it moves; even a copy is news to who never heard of it.
    machine.wait(60);
    assert_eq!(make(&machine, &small), []);
    let left = machine.clusters().into_iter().find(|cluster| !ids.contains(&cluster.code.0)).unwrap();
    let title = &left.members[0].article.title;
    let event = EVENTS.iter().find(|event| event.title == title).unwrap();
    machine.report("Herald", event.title, event.text);
    assert_eq!(make(&machine, &small), [(left.code.0, false)]);
    assert_eq!(make(&machine, &small), []);
}

#[test]
fn what_was_hidden_and_is_shown_again_comes_in_the_next_edition() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    for event in &EVENTS[..2] {
        machine.wait(60);
        machine.report("Lamp", event.title, event.text);
    }
    let muted = newsfold::taste::Marks { words: vec!["Orveth".to_owned()], ..Default::default() };
    let muting = Order { taste: Taste::new(&muted, &Default::default()), ..order("morning") };
    let clusters = machine.clusters();
    let code = |place: usize| clusters[place].code.0.clone();
    let dam = usize::from(clusters[0].members[0].article.title != EVENTS[0].title);
    machine.store().dismiss(&[clusters[1 - dam].id], machine.now).unwrap();
    assert_eq!(make(&machine, &muting), []);
    machine.wait(60);
    assert_eq!(make(&machine, &order("morning")), [(code(dam), false)], "it is muted no more");
    machine.store().undismiss(&[clusters[1 - dam].id]).unwrap();
    machine.wait(60);
    assert_eq!(make(&machine, &order("morning")), [(code(1 - dam), false)]);
    assert_eq!(make(&machine, &order("morning")), []);
}

#[test]
fn what_was_backlog_is_told_only_when_it_is_asked_for() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let plain = order("morning");
    for event in &EVENTS[..2] {
        machine.wait(60);
        machine.report("Lamp", event.title, event.text);
    }
    assert_eq!(make(&machine, &plain).len(), 2);
    // A feed that was added just now brings what it had before: nobody is told, unless the first edition reaches back.
    let url = "https://late.example/feed";
    machine.store().add_feed(&FeedWish::of_url(url), machine.now).unwrap();
    machine.report("Late", EVENTS[2].title, EVENTS[2].text);
    let backlog =
        machine.clusters().iter().flat_map(|cluster| &cluster.members).filter(|member| member.article.backlog).count();
    assert_eq!(backlog, 1);
    assert_eq!(make(&machine, &plain), []);
    let reaching = |since: &str| Order { first_since: Some(since.parse().unwrap()), ..order(since) };
    assert_eq!(make(&machine, &reaching("2h")).len(), 3, "what has an article of the last two hours, backlog among it");
    assert_eq!(make(&machine, &order("other")).len(), 2);
    assert_eq!(make(&machine, &with_room_for(1, reaching("3h"))).len(), 1);
    let carried = make(&machine, &reaching("3h"));
    assert!(carried.len() <= 2, "backlog that the first one had no room for stays backlog: {carried:?}");
}

/// A clock that ran years ahead when an edition was made stops nothing once it is right again.
#[test]
fn what_the_index_does_not_hold_yet_is_in_the_next_edition_of_a_search() {
    let mut machine = Machine::start("2026-03-02T07:00:00Z");
    let words =
        |words: &str| Order { query: Query { words: Some(words.to_owned()), ..Query::default() }, ..order(words) };
    machine.report("Lamp", EVENTS[0].title, EVENTS[0].text);
    machine.report("Beacon", EVENTS[1].title, EVENTS[1].text);
    // The index came as far as the first of them.
    machine.store().forget_index().unwrap();
    assert_eq!(machine.store().index(1).unwrap(), 1);
    let told: Vec<_> = machine.clusters().into_iter().map(|cluster| [(cluster.code.0, false)]).collect();
    machine.wait(10);
    assert_eq!(make(&machine, &words("orveth OR pelikan")), told[0]);
    assert_eq!(make(&machine, &words("pelikan")), []);
    machine.store().index(9).unwrap();
    // Longer than what an edition had no room for competes.
    machine.wait(3 * 24 * 60);
    assert_eq!(make(&machine, &words("orveth OR pelikan")), told[1]);
    assert_eq!(make(&machine, &words("pelikan")), told[1]);
    machine.wait(10);
    assert_eq!(make(&machine, &words("pelikan")), []);
}

#[test]
fn an_edition_of_the_future_is_followed_by_one_of_today() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let daily = Timetable::parse("daily 07:00", TimeZone::UTC).unwrap();
    let order = Order { timetable: Some(daily), ..order("morning") };
    let due = |machine: &Machine| desk::due(&mut machine.store(), &order, machine.now).unwrap();
    assert_eq!(due(&machine), Due::At(at("2026-02-10T07:00:00Z")));
    machine.report("Lamp", EVENTS[0].title, EVENTS[0].text);
    let right = machine.now;
    machine.now = at("2031-02-10T07:00:01Z");
    assert_eq!(make(&machine, &order).len(), 1);
    machine.now = right + SignedDuration::from_mins(30);
    machine.report("Lamp", EVENTS[1].title, EVENTS[1].text);
    assert_eq!(due(&machine), Due::Now);
    let composed = desk::make(&mut machine.store(), &order, machine.now).unwrap();
    assert_eq!(
        (composed.digest.counts.stories, composed.edition.until),
        (1, machine.now),
        "nothing twice, nothing lost"
    );
    assert_eq!(due(&machine), Due::At(at("2026-02-10T07:00:00Z")));
    // One that is put back by a moment behind an edition makes no second one.
    machine.now = at("2026-02-10T07:00:01Z");
    make(&machine, &order);
    machine.wait(-5);
    assert_eq!(due(&machine), Due::At(at("2026-02-11T07:00:00Z")));
}

#[test]
fn windows_follow_each_other_without_a_hole_and_a_missed_day_is_in_the_next() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let order = order("morning");
    machine.store();
    let mut until = machine.now;
    for days in [1, 1, 3, 1] {
        machine.wait(days * 24 * 60);
        let composed = desk::make(&mut machine.store(), &order, machine.now).unwrap();
        assert_eq!((composed.edition.from, composed.edition.until), (until, machine.now));
        until = machine.now;
    }
    // A clock that is set back is believed: the window is empty, and dated by it.
    machine.wait(-600);
    let composed = desk::make(&mut machine.store(), &order, machine.now).unwrap();
    assert_eq!((composed.edition.from, composed.edition.until), (machine.now, machine.now));
}

#[test]
fn what_cannot_be_written_is_not_recorded_and_half_a_file_is_never_seen() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    machine.wait(60);
    machine.report("Lamp", EVENTS[0].title, EVENTS[0].text);
    let into = |name: &str| Order { out: Some(machine.path(name)), ..order("morning") };
    let mut store = machine.store();
    let error = desk::make(&mut store, &into("missing/{date}.json"), machine.now).unwrap_err();
    assert!(matches!(error, DeskError::File { .. }), "{error}");
    std::fs::create_dir(machine.path("folder")).unwrap();
    assert!(desk::make(&mut store, &into("folder"), machine.now).is_err());
    assert_eq!(store.last_edition("morning").unwrap(), None);

    // A crash between the file and the record leaves a file that is made anew.
    let lost = desk::compose(&store, &order("morning"), machine.now).unwrap();
    let recorded = store.record(&lost.edition, || {
        std::fs::write(machine.path("b.json"), "the first attempt")?;
        Err(std::io::Error::other("the machine stops here"))
    });
    assert!(matches!(recorded.unwrap(), Recorded::NotHandedOver(_)));
    let again = desk::compose(&store, &order("morning"), machine.now).unwrap();
    assert_eq!(again, lost, "the next edition is the same");
    assert_eq!(store.last_edition("morning").unwrap(), None);

    // Two at once: the second finds that it was overtaken, and leaves the first one's file alone.
    let first = desk::compose(&store, &order("morning"), machine.now).unwrap();
    let second = desk::compose(&store, &order("morning"), machine.now).unwrap();
    let delivery = Delivery::File(machine.path("a.json"));
    desk::record(&mut store, &first, &delivery).unwrap();
    std::fs::write(machine.path("a.json"), "the reader's own").unwrap();
    let error = desk::record(&mut store, &second, &delivery).unwrap_err();
    assert!(matches!(error, DeskError::Overtaken(_)), "{error}");
    assert_eq!(std::fs::read_to_string(machine.path("a.json")).unwrap(), "the reader's own");
    let left: Vec<String> = std::fs::read_dir(machine.folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("part"))
        .collect();
    assert_eq!(left, [""; 0], "no part of a file is left");

    let named = desk::file_of(&PathBuf::from("{name}/{date}-{time}-{number}.txt"), &order("ü /x"), &first.edition);
    assert_eq!(named, PathBuf::from("ü__x/2026-02-10-0700-1.txt"), "Berlin's date and time");
}

#[test]
fn a_schedule_is_due_once_for_every_time_and_once_for_many_missed_ones() {
    let mut machine = Machine::start("2026-03-26T12:00:00Z");
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let nightly = Order { timetable: Some(Timetable::parse("daily 02:30", zone).unwrap()), ..order("nightly") };
    let due = |machine: &Machine| desk::due(&mut machine.store(), &nightly, machine.now).unwrap();
    assert_eq!(due(&machine), Due::At(at("2026-03-27T01:30:00Z")), "it is not due for times before it was known");
    // Every quarter of an hour for four nights, in one of which 02:30 does not exist.
    let mut made = Vec::new();
    let mut run = |machine: &mut Machine, until: &str| {
        while machine.now < at(until) {
            machine.wait(15);
            if due(machine) == Due::Now {
                desk::make(&mut machine.store(), &nightly, machine.now).unwrap();
                made.push(machine.now.to_string());
            }
        }
        std::mem::take(&mut made)
    };
    let expected = ["2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"];
    assert_eq!(run(&mut machine, "2026-03-30T12:00:00Z"), expected);
    // The machine sleeps for three nights: one edition makes up for them, and then it goes on.
    machine.now = at("2026-04-02T08:00:00Z");
    assert_eq!(run(&mut machine, "2026-04-03T06:00:00Z"), ["2026-04-02T08:15:00Z", "2026-04-03T00:30:00Z"]);
    // And in the night in which 02:30 comes twice, it is made once.
    machine.now = at("2026-10-24T12:00:00Z");
    desk::make(&mut machine.store(), &nightly, machine.now).unwrap();
    assert_eq!(run(&mut machine, "2026-10-26T12:00:00Z"), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
}

#[test]
fn a_mail_is_sent_until_it_is_taken_and_comes_with_one_identity_however_often() {
    let office = PostOffice::open();
    let server = Server::parse(&office.url()).unwrap();
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    machine.wait(60);
    machine.report("Lamp", "Größe: 5 < 7 & <b>bold</b> at Orveth\r\nBcc: all@example.org", EVENTS[0].text);
    let order = Order { format: DigestFormat::Text, ..mailed("Größe\r\nX-Evil: 1") };
    desk::make(&mut machine.store(), &order, machine.now).unwrap();
    assert!(office.taken().is_empty(), "nothing is sent before it is recorded");

    use Fault::{Busy, Data, HalfOfMessage, Message, NoFarewell, NoGreeting, Recipient, Sender, TakenInSilence};
    let faults =
        [NoGreeting, Busy, Sender, Recipient, Data, HalfOfMessage, Message, TakenInSilence, NoFarewell, Fault::None];
    office.fail(&faults);
    let mut pauses: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for _ in 0..100 {
        let Some(next) = machine.store().next_mail().unwrap() else { break };
        let from = machine.now;
        machine.now = next.max(machine.now);
        let mut store = machine.store();
        let mail = store.take_mail(machine.now, outbox::attempt_ends(machine.now)).unwrap().unwrap();
        outbox::send(&mut store, &server, &mail, || machine.now).unwrap();
        pauses.entry(mail.recipient).or_default().push(machine.now.duration_since(from).as_mins());
    }
    let taken = office.taken();
    let of = |recipient: &str| taken.iter().filter(|mail| mail.recipients == [recipient]).count();
    assert_eq!(
        (of("a@example.org") + of("b@example.org"), taken.len()),
        (3, 3),
        "one that was taken in silence came twice"
    );
    assert!(of("a@example.org") >= 1 && of("b@example.org") >= 1);
    let identities: BTreeSet<String> =
        taken.iter().map(|mail| Letter::read(&mail.message).header("Message-ID").to_owned()).collect();
    assert_eq!(identities.len(), 1, "{identities:?}");
    assert!(taken.iter().all(|mail| mail.message == taken[0].message && mail.sender == "news@example.org"));
    assert_eq!(machine.store().outbox().unwrap().waiting, 0);

    let letter = Letter::read(&taken[0].message);
    let names: Vec<&str> = letter.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["From", "Subject", "Date", "Message-ID", "Auto-Submitted", "To", "MIME-Version", "Content-Type"];
    assert_eq!(names.iter().collect::<BTreeSet<_>>(), expected.iter().collect(), "and no header more");
    assert_eq!(names.len(), expected.len());
    assert_eq!(letter.header("To"), "a@example.org, b@example.org");
    assert_eq!(letter.header("Date"), "Tue, 10 Feb 2026 06:00:00 +0000");
    let kinds: Vec<&str> = letter.parts.iter().map(|(kind, _)| kind.split(';').next().unwrap()).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    let (text, html) = (letter.part("text/plain"), letter.part("text/html"));
    assert!(text.contains("Größe") && text.contains("Marta Hollin"), "{text}");
    assert!(html.contains("Größe") && !html.contains("<b>bold"), "{html}");
}

#[test]
fn mails_that_are_no_editions_have_numbers_that_never_come_again() {
    let moment = at("2026-02-10T05:00:00Z");
    // In 32 bits the milliseconds come round after 50 days.
    let later = moment + SignedDuration::from_millis(1 << 32);
    let identity =
        |moment| mail::identity("morning", print::number_of(moment), 7, &Address::parse(mail::NOBODY).unwrap());
    assert_eq!(identity(moment), identity(moment));
    assert_ne!(identity(moment), identity(later));
}

#[test]
fn pauses_grow_and_only_what_is_refused_for_days_is_given_up() {
    let mut store = Store::in_memory(7, at("2026-02-10T05:00:00Z")).unwrap();
    let start = at("2026-02-10T05:00:00Z");
    store
        .post(&newsfold::store::Letter {
            message_id: "<1@example.org>".to_owned(),
            sender: "news@example.org".to_owned(),
            recipients: vec!["a@example.org".to_owned()],
            message: b"x".to_vec(),
            next_attempt: start,
        })
        .unwrap();
    let refused = |is_permanent| {
        Err(mail::MailError::Refused {
            server: "mail.example:25".to_owned(),
            why: "no".to_owned(),
            step: mail::Step::Sending,
            is_permanent,
            is_of_server: false,
        })
    };
    let mut mail = store.take_mail(start, start).unwrap().unwrap();
    let mut pauses = Vec::new();
    for attempts in 0..12 {
        mail.attempts = attempts;
        match outbox::attempt(&mail, &refused(true), start) {
            Attempt::Failed { again, .. } => pauses.push(again.duration_since(start).as_mins()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
    let day = |days: i64| start + SignedDuration::from_hours(24 * days);
    assert!(matches!(outbox::attempt(&mail, &refused(true), day(4)), Attempt::Failed { .. }));
    assert!(matches!(outbox::attempt(&mail, &refused(true), day(5)), Attempt::GivenUp { .. }));
    assert!(
        matches!(outbox::attempt(&mail, &refused(false), day(500)), Attempt::Failed { .. }),
        "a server that is down may come back"
    );
}

/// A row of numbers that look like chance and are the same every time (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What goes wrong with an edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    None,
    BeforeRecord,
    BeforeSend,
    BeforeMark,
    WholeDay,
}

/// Four weeks of mornings; every event is reported, copied, retold and takes a turn on days that the dice choose.
#[test]
fn weeks_that_go_wrong_tell_every_story_once() {
    for seed in 1..=4 {
        simulate(seed);
    }
}

struct Weeks {
    machine: Machine,
    dice: Dice,
    office: PostOffice,
    order: Order,
    /// What each edition told, in order.
    editions: Vec<Vec<(String, bool)>>,
    /// How far in the log each story was known when it was last told.
    places: BTreeMap<String, ArticleId>,
    until: Timestamp,
    crashes: BTreeMap<String, usize>,
}

fn simulate(seed: u64) {
    let machine = Machine::start("2026-03-16T12:00:00Z");
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let order = Order { timetable: Some(Timetable::parse("daily 02:30", zone).unwrap()), ..mailed("morning") };
    desk::due(&mut machine.store(), &order, machine.now).unwrap();
    let mut weeks = Weeks {
        dice: Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        office: PostOffice::open(),
        order,
        editions: Vec::new(),
        places: BTreeMap::new(),
        until: machine.now,
        crashes: BTreeMap::new(),
        machine,
    };
    // What is still to be reported: event, which of its reports, by whom. Its first report comes first.
    let outlets = ["Lamp", "Beacon", "Courier", "Herald", "Gazette", "Mirror", "Record"];
    let mut script: Vec<(usize, usize, &str)> = Vec::new();
    for event in 0..EVENTS.len() {
        for (report, outlet) in [(0, 0), (0, 1), (1, 2), (2, 3), (2, 4), (1, 5), (0, 6)] {
            script.push((event, report, outlets[outlet]));
        }
    }
    script.reverse();
    for _day in 0..20 {
        for _ in 0..=weeks.dice.roll(3) {
            weeks.machine.wait(37);
            if let Some((event, report, outlet)) = script.pop() {
                let event = &EVENTS[event];
                let said = [(event.title, event.text), (event.again, event.again_text), (event.turn, event.turn_text)];
                weeks.machine.report(outlet, said[report].0, said[report].1);
            }
        }
        weeks.night();
    }
    weeks.check(seed);
}

impl Weeks {
    /// Until the next noon, a quarter of an hour at a time.
    fn night(&mut self) {
        let noon = {
            let today = self.machine.now.to_zoned(TimeZone::UTC).date().tomorrow().unwrap();
            today.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
        };
        let mut crash = match self.dice.roll(6) {
            0 => Crash::BeforeRecord,
            1 => Crash::BeforeSend,
            2 => Crash::BeforeMark,
            3 => Crash::WholeDay,
            _ => Crash::None,
        };
        *self.crashes.entry(format!("{crash:?}")).or_default() += 1;
        if crash == Crash::WholeDay {
            self.machine.now = noon;
            return;
        }
        while self.machine.now < noon {
            self.machine.wait(15);
            let mut store = self.machine.store();
            if desk::due(&mut store, &self.order, self.machine.now).unwrap() == Due::Now {
                if crash == Crash::BeforeRecord {
                    desk::compose(&store, &self.order, self.machine.now).unwrap();
                    crash = Crash::None;
                    continue;
                }
                self.edition(&mut store);
            }
            if crash != Crash::BeforeSend {
                self.send(&mut store, &mut crash);
            }
        }
    }

    fn edition(&mut self, store: &mut Store) {
        let made = desk::make(store, &self.order, self.machine.now).unwrap();
        assert_eq!(
            (made.edition.from, made.edition.until),
            (self.until, self.machine.now),
            "windows follow each other"
        );
        self.until = made.edition.until;
        let stories = stories(made.body());
        for (id, is_update) in &stories {
            let before = self.places.insert(id.clone(), made.edition.place);
            if let (true, Some(before)) = (is_update, before) {
                self.check_update(id, before);
            }
        }
        self.editions.push(stories);
    }

    /// An update has a turn that its readers did not know, or three reports more in words of their own.
    fn check_update(&self, id: &str, before: ArticleId) {
        let clusters = self.machine.clusters();
        let cluster = clusters.iter().find(|cluster| cluster.code.0 == id).unwrap();
        let fresh = || cluster.members.iter().filter(|member| member.article.id > before && member.copy_of.is_none());
        let is_turn = |title: &str| EVENTS.iter().any(|event| event.turn == title);
        let titles: Vec<&str> = fresh().map(|member| member.article.title.as_str()).collect();
        assert!(titles.iter().any(|title| is_turn(title)) || titles.len() >= 3, "{id} came back for {titles:?}");
    }

    fn send(&mut self, store: &mut Store, crash: &mut Crash) {
        let server = Server::parse(&self.office.url()).unwrap();
        let now = self.machine.now;
        while let Some(mail) = store.take_mail(now, outbox::attempt_ends(now)).unwrap() {
            if *crash == Crash::BeforeMark {
                // The server has it, and nobody wrote that down.
                mail::send(&server, &mail.sender, &mail.recipient, &mail.message).unwrap();
                *crash = Crash::None;
                return;
            }
            outbox::send(store, &server, &mail, || now).unwrap().outcome.unwrap();
        }
    }

    fn check(&mut self, seed: u64) {
        // The last day's: nothing is left over.
        self.machine.wait(24 * 60);
        let mut store = self.machine.store();
        self.edition(&mut store);
        self.send(&mut store, &mut Crash::None);
        let clusters = self.machine.clusters();
        let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut updates: BTreeMap<&str, usize> = BTreeMap::new();
        for (id, is_update) in self.editions.iter().flatten() {
            *if *is_update { &mut updates } else { &mut firsts }.entry(id).or_default() += 1;
        }
        let ids: BTreeSet<&str> = clusters.iter().map(|cluster| cluster.code.0.as_str()).collect();
        // A cluster that went up in another was told as both, and its id leads there.
        let now = |id: &str| match store.cluster_of_code(id).unwrap() {
            Found::One(now) => clusters.iter().find(|cluster| cluster.id == now).unwrap().code.0.as_str(),
            other => panic!("seed {seed}: {id} leads to {other:?}"),
        };
        let told: BTreeSet<&str> = firsts.keys().map(|id| now(id)).collect();
        assert_eq!(told, ids, "seed {seed}: every story was told");
        assert!(firsts.values().all(|times| *times == 1), "seed {seed}: and once: {firsts:?}");
        assert!(updates.values().all(|times| *times <= 2), "seed {seed}: a turn, and many more voices: {updates:?}");
        let turns = EVENTS.iter().map(|event| event.turn).filter(|turn| {
            clusters.iter().any(|cluster| cluster.members.iter().any(|member| member.article.title == *turn))
        });
        assert_eq!(turns.count(), EVENTS.len(), "seed {seed}: all of the script was reported");
        self.check_mail(seed);
    }

    fn check_mail(&self, seed: u64) {
        let taken = self.office.taken();
        let with_stories = self.editions.iter().filter(|edition| !edition.is_empty()).count();
        for recipient in ["a@example.org", "b@example.org"] {
            let mine = taken.iter().filter(|mail| mail.recipients == [recipient]);
            let identities: BTreeSet<String> =
                mine.map(|mail| Letter::read(&mail.message).header("Message-ID").to_owned()).collect();
            assert_eq!(identities.len(), with_stories, "seed {seed}: each edition came to {recipient}");
        }
        let twice = taken.len() - 2 * with_stories;
        let crashed = self.crashes.get("BeforeMark").copied().unwrap_or_default();
        assert!(twice <= crashed, "seed {seed}: {twice} came twice after {crashed} crashes");
        assert_eq!(self.machine.store().outbox().unwrap().waiting, 0);
    }
}

#[test]
fn a_desk_makes_what_is_due_and_one_digests_trouble_holds_up_no_other() {
    let office = PostOffice::open();
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    let hourly = || Some(Timetable::parse("hourly", TimeZone::UTC).unwrap());
    let broken = Order { out: Some(machine.path("missing/x.json")), timetable: hourly(), ..order("a broken one") };
    let good = Order { timetable: hourly(), ..mailed("good") };
    let mut desk = Desk::new(vec![broken, good]);
    let mut round = |machine: &Machine| {
        let now = machine.now;
        desk.round(&mut machine.store(), move || now, || false)
    };
    let mut postman = Postman::new(Server::parse(&office.url()).unwrap());
    assert_eq!(round(&machine), Some(at("2026-02-10T06:00:00Z")));
    machine.wait(30);
    machine.report("Lamp", EVENTS[0].title, EVENTS[0].text);
    machine.wait(31);
    assert_eq!(round(&machine), Some(at("2026-02-10T06:02:00Z")), "the broken one is tried again");
    assert!(office.taken().is_empty(), "who makes digests does not wait for who sends them");
    let now = machine.now;
    assert_eq!(postman.round(&mut machine.store(), || now, || false).unwrap(), None);
    assert_eq!(office.taken().len(), 2, "the good one came to both readers");
    assert_eq!(round(&machine), Some(at("2026-02-10T06:02:00Z")), "and nothing is made twice");
    let store = machine.store();
    assert_eq!(store.last_edition("a broken one").unwrap(), None);
    assert_eq!(store.last_edition("good").unwrap().map(|last| (last.number, last.place)), Some((1, ArticleId(1))));
    std::fs::create_dir(machine.path("missing")).unwrap();
    machine.wait(2);
    assert_eq!(round(&machine), Some(at("2026-02-10T07:00:00Z")));
    assert!(machine.path("missing/x.json").exists());
}

/// A template that never ends, one that eats up the memory and one that overflows the stack: each costs its own edition and nothing else.
#[test]
fn a_template_that_runs_away_costs_one_edition_and_ends() {
    let mut machine = Machine::start("2026-02-10T05:00:00Z");
    machine.store();
    machine.wait(30);
    machine.report("Lamp", EVENTS[0].title, EVENTS[0].text);
    let grow = |times: u32, by: &str, then: &str| {
        format!(
            "{{% set it = namespace(x=['a']) %}}{{% for i in range({times}) %}}{{% set it.x = {by} %}}{{% endfor %}}{then}"
        )
    };
    let printed = |source: &str| {
        let own = desk::OwnTemplate {
            name: "own.html".to_owned(),
            source: source.to_owned(),
            program: PathBuf::from(env!("CARGO_BIN_EXE_newsfold")),
        };
        let order = Order { template: Some(own), format: DigestFormat::Html, ..order("own") };
        let composed = desk::compose(&machine.store(), &order, machine.now);
        composed.map(|composed| String::from_utf8(composed.body().to_vec()).unwrap()).map_err(|error| error.to_string())
    };
    assert_eq!(printed("<p>{{ digest.story_count }}</p>").as_deref(), Ok("<p>1</p>"));
    assert_eq!(
        printed("{{ digest.titel }}").unwrap_err(),
        "template `own.html`, line 1: undefined value: `digest.titel` is undefined"
    );
    let late = printed(&grow(62, "it.x + it.x", "{{ it.x|length }}{{ it.x }}")).unwrap_err();
    assert_eq!(late, "template `own.html`: it did not end within 5 s");
    let large = printed(&grow(27, "it.x + it.x", "{{ '' ~ it.x }}")).unwrap_err();
    assert!(large.contains("needs more memory than 51") || large.contains("did not end"), "{large}");
    let deep = printed(&grow(90_000, "[[[[[[[[it.x]]]]]]]]", "{{ it.x|length }}")).unwrap_err();
    assert!(deep.contains("or calls itself without end"), "{deep}");

    // In a service, the others are made. (Any error of a template will do here: they are all one kind.)
    let runaway = desk::OwnTemplate {
        name: "own.html".to_owned(),
        source: "{{ 'x' * 1000000000 }}".to_owned(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_newsfold")),
    };
    let hourly = || Some(Timetable::parse("hourly", TimeZone::UTC).unwrap());
    let bad = Order { template: Some(runaway), format: DigestFormat::Html, timetable: hourly(), ..order("bad") };
    let mut desk = Desk::new(vec![bad, Order { timetable: hourly(), ..order("good") }]);
    let mut round = |machine: &Machine| {
        let now = machine.now;
        desk.round(&mut machine.store(), move || now, || false)
    };
    round(&machine);
    machine.wait(31);
    // Tried again after a minute, and then ever later: it would cost seconds of the processor each time.
    for (pause, again) in [(0, "06:02"), (1, "06:04"), (2, "06:08")] {
        machine.wait(pause);
        assert_eq!(round(&machine), Some(at(&format!("2026-02-10T{again}:00Z"))));
    }
    let last = |name: &str| machine.store().last_edition(name).unwrap().map(|last| last.number);
    assert_eq!((last("bad"), last("good")), (None, Some(1)));
}

#[test]
fn a_server_that_lets_nobody_in_is_asked_by_one_mail_and_then_left_alone() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let start = at("2026-02-10T05:00:00Z");
    let mut store = Store::in_memory(7, start).unwrap();
    let recipients: Vec<String> = (0..40).map(|number| format!("{number}@example.org")).collect();
    let message = b"Subject: x\r\n\r\nx".to_vec();
    let (message_id, sender) = ("<1@example.org>".to_owned(), "news@example.org".to_owned());
    store.post(&newsfold::store::Letter { message_id, sender, recipients, message, next_attempt: start }).unwrap();
    let minute = |minutes: i64| start + SignedDuration::from_mins(minutes);
    let mut postman = Postman::new(Server::parse(&format!("smtp://{closed}")).unwrap());
    let mut round = |store: &mut Store, now: Timestamp| postman.round(store, || now, || false).unwrap();
    assert_eq!(round(&mut store, minute(0)), Some(minute(1)));
    assert_eq!(round(&mut store, minute(0)), Some(minute(1)));
    let failed = |store: &Store| {
        let state = store.outbox().unwrap();
        (state.waiting, state.trouble.unwrap_or_default())
    };
    let (waiting, trouble) = failed(&store);
    assert_eq!(waiting, 40);
    assert!(trouble.starts_with(&format!("`{closed}` did not take the mail (connecting): ")), "{trouble}");
    // Each later attempt is of one mail as well, after two minutes, four, eight …
    assert_eq!(round(&mut store, minute(1)), Some(minute(3)));
    assert_eq!(round(&mut store, minute(3)), Some(minute(7)));
    assert_eq!(round(&mut store, minute(7)), Some(minute(15)));
    assert_eq!(round(&mut store, minute(15)), Some(minute(30)));
    // It opens: all of them go out in one round.
    let office = PostOffice::open();
    let mut postman = Postman::new(Server::parse(&office.url()).unwrap());
    // One that is refused is nobody else's trouble.
    office.fail(&[Fault::Recipient]);
    assert!(postman.round(&mut store, || minute(60), || false).unwrap().is_some());
    assert_eq!((office.taken().len(), failed(&store).0), (39, 1));
}

/// The rule of news on reports that were not written for it: each of the sample day against all that its cluster held before.
#[test]
fn on_the_sample_day_turns_are_news_and_retellings_are_not() {
    let home = Home::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let feeds: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path().display().to_string()).collect();
    let mut args = vec!["fetch"];
    args.extend(feeds.iter().map(String::as_str));
    home.run(&args);
    let store = Store::reader(&home.path("newsfold.db")).unwrap();
    let (mut later, mut told) = (0, Vec::new());
    for cluster in store.clusters(&Query::default()).unwrap() {
        for place in 1..cluster.members.len() {
            let members = cluster.members[..=place].to_vec();
            let last = members[place].article.clone();
            let is_copy = members[place].copy_of.is_some();
            later += usize::from(!is_copy);
            let standing = news::standing(&Cluster { members, ..cluster.clone() }, Backlog::Counts, |article| {
                article.id != last.id
            });
            assert!(!is_copy || !standing.is_news(), "{}", last.title);
            told.push((last.title, standing.is_news()));
        }
    }
    let is_news = |part: &str| -> Vec<bool> {
        told.iter().filter(|(title, _)| title.contains(part)).map(|(_, is_news)| *is_news).collect()
    };
    for turn in [
        "Death toll from Peru earthquake rises to 17",
        "Fliegerbombe entschärft",
        "all 214 passengers safe after dawn rescue",
        "Jutland counts fallen trees",
        "Former Orrelby plant manager cleared",
        "Villages cut off after quake",
    ] {
        assert_eq!(is_news(turn), [true], "{turn}");
    }
    for again in [
        "At least 12 dead in Peru earthquake",
        "Ottilie: one dead and 46,000 homes dark",
        "Comet probe Petrel makes contact",
        "de ses nouvelles après sept mois",
        "Couriers will not get keys",
        "Inside Drop is dropped",
        "Fennick and Parcelline call off Inside Drop after tenants revolt - The Junction",
        "Tarnmouth 2-1 Calder City",
    ] {
        assert_eq!(is_news(again), [false], "{again}");
    }
    // What docs/editions.md says of it.
    let news = told.iter().filter(|(_, is_news)| *is_news).count();
    println!("{news} of {later} later reports in words of their own are news");
    assert!((40..=80).contains(&later) && (12..=25).contains(&news), "{news} of {later}");
}
