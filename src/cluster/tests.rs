//! Station: what the clusterer promises, tried on stories of our own words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::cluster::between::{Placed, between};
use crate::cluster::change::follow;
use crate::cluster::params::Params;
use crate::cluster::weights::{Weights, probability};
use crate::cluster::{Arrival, Assignment, Clusterer, Recalled, RestoreError};
use crate::features::lexicon::Lexicon;
use crate::features::{self, Subject};
use crate::model::{ArticleId, ClusterId, Evidence, How, Remembered};

/// An article of a test: when it was published, its title, its text.
type Told<'a> = (&'a str, &'a str, &'a str);

fn time(text: &str) -> Timestamp {
    text.parse().expect("tests write their times well")
}

fn arrival<'a>(id: i64, (published, title, text): Told<'_>) -> Arrival<'a> {
    let subject = Subject { title, text, lang: Some("en") };
    let features = Cow::Owned(features::of(&subject, Lexicon::builtin(), &features::Params::default()));
    Arrival {
        id: ArticleId(id),
        published: time(published),
        seen: time(published),
        dated: true,
        outlet: "",
        alone: false,
        features,
    }
}

fn clusterer() -> Clusterer {
    Clusterer::new(Params::default(), Weights::builtin())
}

/// What a new, empty database makes of these articles, in this order.
fn assigned(told: &[Told<'_>]) -> Vec<Assignment> {
    let mut clusterer = clusterer();
    told.iter().enumerate().map(|(id, told)| clusterer.assign(arrival(id as i64 + 1, *told))).collect()
}

fn clusters(told: &[Told<'_>]) -> Vec<i64> {
    let mut clusters = BTreeMap::new();
    for assignment in assigned(told) {
        clusters.insert(assignment.article, assignment.cluster);
        follow(&assignment.changes, &mut clusters);
    }
    clusters.into_values().map(|cluster| cluster.0.0).collect()
}

const CAMERAS: [Told<'_>; 3] = [
    (
        "2026-02-12T23:00:00Z",
        "Ring scraps its partnership with Flock Safety after an outcry over surveillance",
        "Ring will not be linking its doorbell cameras to Flock Safety after all. Faced with weeks of protest over the \
         planned integration with the surveillance company, which sells its systems to police departments, the camera \
         maker said that a review had shown the work would take far more time and money than foreseen. No footage of any \
         customer was ever passed to Flock Safety, it added, since the integration had not started.",
    ),
    (
        "2026-02-13T04:10:00Z",
        "Amazon Ring quits partnership with Flock Safety after surveillance outcry",
        "Ring, the security brand of Amazon, is ending its partnership with the security company Flock Safety, it \
         announced. The partnership was made public in October 2025, and ever since Ring has drawn the anger of people \
         who oppose a surveillance society. Flock Safety runs licence plate cameras for thousands of towns. In recent \
         years it has been criticised after reports that Immigration and Customs Enforcement (ICE) had been given access \
         to its cameras. Under the plan, police using the software of Flock Safety could have asked Ring owners nearby \
         for video through a feature called Community Requests. Some owners vowed to smash their doorbells, and called \
         on others to do the same. Ring answered that it has no tie to ICE and shares no video with it. After a \
         comprehensive review both firms decided together to cancel the integration, the company said; as it had never \
         been switched on, no video was sent.",
    ),
    (
        "2026-02-13T15:45:00Z",
        "Amazon’s Ring scraps disputed partnership with tech firm Flock amid privacy worries",
        "Ring, the maker of video doorbells that belongs to Amazon, has called off its partnership with the technology \
         firm Flock Safety, it said on Thursday. The end comes after weeks of outrage, made louder by an advertisement \
         shown during the Super Bowl for a tool that looks for lost dogs, in which many saw a tool for mass surveillance. \
         Flock, whose cameras read licence plates, was to be part of Community Requests, through which police ask for \
         footage. The decision was mutual, a spokesman of Flock said. An outlet had reported last year that Flock was \
         used in searches for immigration authorities, which the firm disputes. A post that said ICE could look through \
         Ring cameras was seen two million times last month; it was false, Ring said.",
    ),
];

#[test]
fn one_story_of_three_outlets_is_one_cluster_in_an_empty_database() {
    assert_eq!(clusters(&CAMERAS), [1, 1, 1]);
    let reversed: Vec<Told<'_>> = CAMERAS.iter().rev().copied().collect();
    assert_eq!(clusters(&reversed), [1, 1, 1], "whoever comes first");
}

/// Entries without dates are stored under the time they were first seen, here nine months after the story.
#[test]
fn a_story_is_one_cluster_although_some_of_its_articles_have_no_date() {
    let late = "2026-11-22T15:00:00Z";
    for undated in [[false, true, true], [true, false, true], [true, true, false], [false, false, true]] {
        let mut clusterer = Clusterer::new(Params::default(), Weights::builtin());
        let clusters = CAMERAS[..3].iter().zip(undated).zip(1..).map(|((told, undated), id)| {
            let mut arrival = arrival(id, *told);
            arrival.seen = time(late);
            if undated {
                (arrival.published, arrival.dated) = (time(late), false);
            }
            clusterer.assign(arrival).cluster
        });
        assert_eq!(clusters.collect::<Vec<_>>(), [ClusterId(ArticleId(1)); 3], "{undated:?}");
    }
}

#[test]
fn one_story_is_one_cluster_by_its_titles_alone() {
    let titles: Vec<Told<'_>> = CAMERAS.iter().map(|(published, title, _)| (*published, *title, "")).collect();
    assert_eq!(clusters(&titles), [1, 1, 1]);
}

#[test]
fn neighbours_stay_out() {
    let neighbours: [Told<'_>; 6] = [
        (
            "2025-10-16T16:00:00Z",
            "Ring announces partnership with Flock Safety",
            "Ring will work with Flock Safety, the maker of licence plate readers, so that police who use its software can \
             ask owners of Ring doorbells for video. The partnership was announced on Thursday and starts next year.",
        ),
        (
            "2026-02-13T09:00:00Z",
            "Amazon to spend $200 billion on data centers this year",
            "Amazon said it would raise its capital spending to $200 billion in 2026, mostly for data centers and chips, \
             and its shares fell by eight percent in late trading.",
        ),
        (
            "2026-02-13T10:00:00Z",
            "Magnitude 6.1 earthquake strikes off northern Japan",
            "An earthquake of magnitude 6.1 struck off the coast of Hokkaido on Friday morning. No tsunami warning was \
             issued, and there were no reports of damage.",
        ),
        (
            "2026-02-13T11:00:00Z",
            "Magnitude 5.4 earthquake strikes southern Peru",
            "An earthquake of magnitude 5.4 struck near Arequipa in southern Peru on Friday. There were no reports of \
             damage, and no tsunami warning was issued.",
        ),
        (
            "2026-02-05T13:35:00Z",
            "US weekly jobless claims rise to 231,000",
            "The number of Americans who filed new claims for unemployment benefits rose last week by 22,000 to 231,000, \
             the Labor Department said on Thursday. Economists had expected 212,000.",
        ),
        (
            "2026-02-12T13:35:00Z",
            "US weekly jobless claims fall to 227,000",
            "The number of Americans who filed new claims for unemployment benefits fell last week by 4,000 to 227,000, \
             the Labor Department said on Thursday. Economists had expected 222,000.",
        ),
    ];
    let mut told: Vec<Told<'_>> = neighbours.iter().chain(&CAMERAS).copied().collect();
    told.sort_by_key(|told| told.0);
    let found = assigned(&told);
    let of_story = |title: &str| CAMERAS.iter().any(|camera| camera.1 == title);
    let founder = told.iter().position(|told| of_story(told.1)).expect("the story is there") as i64 + 1;
    for (told, assignment) in told.iter().zip(&found) {
        let expected = if of_story(told.1) { founder } else { assignment.article.0 };
        let reason = &assignment.reason;
        assert_eq!(
            assignment.cluster.0.0, expected,
            "`{}` {:.3} because {:?}",
            told.1, reason.probability, reason.because
        );
    }
}

#[test]
fn late_and_early_copies_of_one_template_stay_apart() {
    let pairs: [[Told<'_>; 2]; 5] = [
        [
            (
                "2026-03-02T07:00:00Z",
                "Two dead after bus crash near Leeds",
                "Two people died and nine were hurt when a bus left the road near Leeds early on Monday, West Yorkshire Police said.",
            ),
            (
                "2026-03-03T18:00:00Z",
                "Two dead after bus crash near Cardiff",
                "Two people died and seven were hurt when a bus left the road near Cardiff on Tuesday, South Wales Police said.",
            ),
        ],
        [
            (
                "2026-03-02T07:00:00Z",
                "Northwind raises 40 million dollars for its battery plant",
                "Northwind, a maker of batteries, has raised 40 million dollars from investors led by Halden Capital to build a plant in Oulu.",
            ),
            (
                "2026-03-03T07:00:00Z",
                "Brightleaf raises 25 million dollars for its greenhouse robots",
                "Brightleaf, a maker of robots, has raised 25 million dollars from investors led by Sorrel Partners to sell them in Spain.",
            ),
        ],
        [
            (
                "2026-03-02T07:00:00Z",
                "Weather for Monday: rain in the west",
                "Rain spreads from the west on Monday with winds of up to 40 miles an hour, the forecasters say.",
            ),
            (
                "2026-03-03T07:00:00Z",
                "Weather for Tuesday: sun in the east",
                "Sun breaks through from the east on Tuesday with temperatures of up to 14 degrees, the forecasters say.",
            ),
        ],
        [
            (
                "2026-03-02T20:00:00Z",
                "Rovers beat Albion 2-1 to reach the final",
                "Rovers reached the final of the cup with a 2-1 win over Albion thanks to a late goal by Keane.",
            ),
            (
                "2026-03-03T20:00:00Z",
                "United beat Athletic 3-0 to reach the final",
                "United reached the final of the cup with a 3-0 win over Athletic thanks to two goals by Moreno.",
            ),
        ],
        [
            (
                "2026-03-02T07:00:00Z",
                "Halvorsen profit rises 12% in first quarter",
                "Halvorsen, the shipping group, said its first-quarter profit rose 12% to 310 million crowns on higher freight rates.",
            ),
            (
                "2026-03-02T09:00:00Z",
                "Lindqvist profit falls 8% in first quarter",
                "Lindqvist, the furniture group, said its first-quarter profit fell 8% to 95 million crowns on weaker demand.",
            ),
        ],
    ];
    for pair in pairs {
        let found = assigned(&pair);
        assert_eq!(found[1].reason.how, How::Founded, "`{}` {:?}", pair[1].1, found[1].reason);
    }
}

#[test]
fn one_title_of_two_dates_is_two_events() {
    let check = |first: &str, second: &str, one: bool| {
        let found = clusters(&[("2026-02-12T06:00:00Z", first, ""), ("2026-02-12T08:00:00Z", second, "")]);
        assert_eq!(found[0] == found[1], one, "{first} / {second}");
    };
    check("Harbour briefing from Dunmore: Thursday", "Harbour briefing from Dunmore: Friday", false);
    check("Dunmore harbour budget for 2025", "Dunmore harbour budget for 2026", false);
    check("Dunmore harbour closes on 12 May", "Dunmore harbour closes on 13 May", false);
    check("Dunmore harbour closes on Thursday", "Dunmore harbour closes on 12 February", true);
    check("Dunmore harbour closes on Thursday", "Dunmore harbour closes on Thursday", true);
}

#[test]
fn copies_and_other_words_of_one_story_join() {
    let text = "The old harbour bridge of Trelawny will be closed for six weeks from Monday, the county council said. Engineers \
        found cracks in two of its piers during an inspection in January. Buses will go round by Penmarth, which adds about \
        twenty minutes, and a ferry for walkers will leave every half hour.";
    let twins: [(Told<'_>, bool); 3] = [
        (("2026-03-02T09:00:00Z", "Harbour bridge in Trelawny closes for six weeks", text), true),
        (("2026-03-02T12:00:00Z", "Cracked piers shut Trelawny bridge", text), true),
        (
            (
                "2026-03-02T18:00:00Z",
                "Trelawny bridge to close after cracks are found",
                "Drivers in Trelawny face detours from Monday when the harbour bridge shuts for repairs. Cracks were found in \
                 its piers, the council says, and the work is to last six weeks.",
            ),
            false,
        ),
    ];
    let mut clusterer = clusterer();
    clusterer.assign(arrival(1, ("2026-03-02T08:00:00Z", "Trelawny bridge to close for six weeks", text)));
    for (id, (told, copy)) in (2..).zip(twins) {
        let assignment = clusterer.assign(arrival(id, told));
        assert_eq!(assignment.cluster, ClusterId(ArticleId(1)), "`{}` {:?}", told.1, assignment.reason);
        assert_eq!(assignment.copy_of.is_some(), copy, "`{}`", told.1);
    }
}

#[test]
fn weights_add_up_to_the_probability() {
    for assignment in assigned(&CAMERAS).iter().skip(1) {
        let sum = |because: &[Evidence]| because.iter().map(|evidence| evidence.weight).sum::<f64>();
        assert!((probability(sum(&assignment.reason.because)) - assignment.reason.probability).abs() < 1e-9);
        if let Some(runner_up) = &assignment.reason.runner_up {
            assert!((probability(sum(&runner_up.because)) - runner_up.probability).abs() < 1e-9);
        }
    }
}

#[test]
fn a_reason_shows_the_words_both_sides_share() {
    let reason = &assigned(&CAMERAS)[1].reason;
    let shared = |part: &str| reason.because.iter().find(|evidence| evidence.what == part).map(|e| e.shared.clone());
    let title = shared("title").expect("titles were compared");
    assert!(["Flock", "surveillance"].iter().all(|word| title.iter().any(|held| held == *word)), "{title:?}");
    assert!(shared("names").expect("names were compared").iter().any(|name| name == "Flock Safety"));
    assert_eq!((reason.how, reason.nearest), (How::Joined, Some(ArticleId(1))));
    assert!((reason.hours_apart.expect("there is a nearest") - 5.1667).abs() < 0.001);
}

#[test]
fn only_the_nearest_are_measured() {
    let mut clusterer = clusterer();
    // Each is in a cluster of its own, whatever it says.
    for (id, told) in (1..).zip(CAMERAS) {
        clusterer.place(arrival(id, told), ClusterId(ArticleId(id)));
    }
    let mut measured = |max: &str, share: &str| {
        clusterer.params.set("measured_max", max).expect("a setting");
        clusterer.params.set("measured_share", share).expect("a setting");
        let found = clusterer.consider(&arrival(9, CAMERAS[0]));
        found.iter().map(|candidate| candidate.cluster.0.0).collect::<Vec<_>>()
    };
    assert_eq!(measured("8", "0").len(), 3);
    assert_eq!(measured("2", "0").len(), 2);
    assert_eq!(measured("8", "1"), [1], "nothing is as near as the article itself");
}

#[test]
fn a_large_cluster_hides_no_other() {
    let mut clusterer = clusterer();
    clusterer.params.set("measured_share", "0").expect("a setting");
    for id in 1..=200 {
        clusterer.place(arrival(id, CAMERAS[0]), ClusterId(ArticleId(1)));
    }
    clusterer.place(arrival(201, CAMERAS[1]), ClusterId(ArticleId(201)));
    let found = |clusterer: &mut Clusterer| {
        let found = clusterer.consider(&arrival(300, CAMERAS[0]));
        found.iter().map(|candidate| candidate.cluster.0.0).collect::<Vec<_>>()
    };
    assert_eq!(found(&mut clusterer), [1, 201]);
    clusterer.params.set("cluster_articles_max", "200").expect("a setting");
    assert_eq!(found(&mut clusterer), [201], "the large one is full");
}

#[test]
fn a_founder_says_what_it_was_compared_with() {
    let reason = &assigned(&[
        ("2026-03-02T07:00:00Z", "Storm floods Graz", "Rain flooded cellars in Graz on Monday."),
        ("2026-03-02T09:00:00Z", "Graz opera names new director", "The opera of Graz has a new director from May."),
    ])[1]
        .reason;
    let refused = reason.runner_up.as_ref().expect("it was compared");
    assert_eq!((reason.how, refused.cluster), (How::Founded, ClusterId(ArticleId(1))));
    assert!((reason.probability - (1.0 - refused.probability)).abs() < 1e-12);
    assert_eq!(reason.because, refused.because);
}

#[test]
fn nothing_joins_an_article_that_is_to_stay_alone() {
    let mut clusterer = clusterer();
    let mut alone = arrival(1, CAMERAS[0]);
    alone.alone = true;
    assert_eq!(clusterer.assign(alone).cluster, ClusterId(ArticleId(1)));
    assert_eq!(clusterer.assign(arrival(2, CAMERAS[1])).cluster, ClusterId(ArticleId(2)));
    let mut alone = arrival(3, CAMERAS[2]);
    alone.alone = true;
    assert_eq!(clusterer.assign(alone).cluster, ClusterId(ArticleId(3)));
}

#[test]
fn an_article_seen_late_attaches_by_its_publication() {
    let mut clusterer = clusterer();
    clusterer.assign(arrival(1, CAMERAS[0]));
    let mut late = arrival(2, CAMERAS[1]);
    late.seen = time("2026-02-18T12:00:00Z");
    assert_eq!(clusterer.assign(late).cluster, ClusterId(ArticleId(1)));
}

#[test]
fn what_was_published_long_apart_stays_apart_and_can_still_be_asked_about() {
    let mut clusterer = clusterer();
    let days = jiff::SignedDuration::from_hours(24 * 120);
    let (mut old, mut new) = (arrival(1, CAMERAS[0]), arrival(2, CAMERAS[1]));
    // A backlog: both are seen at once.
    new.published = old.published + days;
    (old.seen, new.seen) = (new.published, new.published);
    clusterer.assign(old.clone());
    assert_eq!(clusterer.assign(new.clone()).cluster, ClusterId(ArticleId(2)));
    let [old, new] = [old, new].map(|arrival| Placed { arrival, memory: Vec::new() });
    let found = between(clusterer.params(), Weights::builtin(), &[old], &new).expect("they are measured");
    assert!(found.too_far.is_some_and(|seconds| seconds > 119 * 86_400), "{found:?}");
    assert!(found.reason.because.iter().any(|part| part.what == "title" && !part.shared.is_empty()), "{found:?}");
}

#[test]
fn clusters_leave_the_window_by_when_they_were_seen() {
    let mut clusterer = clusterer();
    clusterer.assign(arrival(1, CAMERAS[0]));
    let hours = i64::from(clusterer.params().window_hours);
    let mut just_in = arrival(2, CAMERAS[1]);
    just_in.seen =
        CAMERAS[0].0.parse::<Timestamp>().expect("well formed") + jiff::SignedDuration::from_hours(hours - 1);
    assert_eq!(clusterer.assign(just_in).cluster, ClusterId(ArticleId(1)));
    let mut gone = arrival(3, CAMERAS[2]);
    gone.seen = time("2026-08-01T00:00:00Z");
    assert_eq!(clusterer.assign(gone).cluster, ClusterId(ArticleId(3)));
    assert_eq!(clusterer.len(), 1);
}

#[test]
fn a_full_cluster_takes_no_more() {
    let mut params = Params::default();
    params.set("cluster_articles_max", "2").expect("a setting");
    let mut clusterer = Clusterer::new(params, Weights::builtin());
    let found: Vec<i64> =
        (1..).zip(CAMERAS).map(|(id, told)| clusterer.assign(arrival(id, told)).cluster.0.0).collect();
    assert_eq!(found, [1, 1, 3]);
}

/// A stream of made-up stories: words, names and numbers drawn by rule, some of them told again, out of order and by copies.
fn stream(count: i64) -> Vec<Arrival<'static>> {
    let mut state = 11_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let start = time("2026-01-01T00:00:00Z").as_second();
    (1..=count)
        .map(|id| {
            let story = (id as u64 / 6) * 3 + draw(4);
            let word = |k: u64| format!("w{}", (story * 31 + k * 7) % 900);
            let title = format!("Korin{} {} {} {}", story % 97, word(1), word(2), word(draw(5)));
            let text: Vec<String> = (0..40).map(|k| word(k + draw(3))).collect();
            let published = start + id * 1_800 - draw(7_200) as i64;
            let seen = start + id * 1_800 - if draw(20) == 0 { 90_000 } else { draw(60) as i64 };
            let stamp = |second| Timestamp::from_second(second).expect("within range");
            let subject = Subject { title: &title, text: &text.join(" "), lang: Some("en") };
            let features = Cow::Owned(features::of(&subject, Lexicon::builtin(), &features::Params::default()));
            let alone = draw(25) == 0;
            Arrival {
                id: ArticleId(id),
                published: stamp(published),
                seen: stamp(seen),
                dated: draw(10) != 0,
                outlet: "",
                alone,
                features,
            }
        })
        .collect()
}

#[test]
fn a_restart_anywhere_changes_nothing() {
    let mut params = Params::default();
    params.set("window_hours", "36").expect("a setting");
    params.set("postings_read_max", "8").expect("a setting");
    let stream = stream(300);
    let mut whole = Clusterer::new(params.clone(), Weights::builtin());
    let unbroken: Vec<Assignment> = stream.iter().map(|arrival| whole.assign(arrival.clone())).collect();
    assert!(unbroken.iter().any(|assignment| assignment.reason.how == How::Joined));
    assert!(unbroken.iter().any(|assignment| assignment.reason.how == How::Founded));
    assert!(whole.len() < 100, "the window lets go");
    let mut clusters = BTreeMap::new();
    for (cut, (arrival, assignment)) in (1..).zip(stream.iter().zip(&unbroken)) {
        clusters.insert(arrival.id, assignment.cluster);
        follow(&assignment.changes, &mut clusters);
        if cut % 13 != 0 {
            continue;
        }
        let latest = stream[..cut].iter().map(|arrival| arrival.seen).max().expect("there is one");
        let start = params.window_start(latest);
        let window = stream[..cut].iter().zip(&unbroken).filter(|(arrival, _)| arrival.seen > start);
        let window = window.map(|(arrival, assignment)| Remembered {
            article: arrival.id,
            cluster: clusters[&arrival.id],
            published: arrival.published,
            seen: arrival.seen,
            memory: assignment.memory.clone(),
        });
        let window = window.map(|remembered| Recalled::of(&remembered));
        let mut restored = Clusterer::restore(params.clone(), Weights::builtin(), window).expect("sound memories");
        for (arrival, expected) in stream[cut..].iter().zip(&unbroken[cut..]) {
            assert_eq!(&restored.assign(arrival.clone()), expected, "restored after {cut}");
        }
    }
}

#[test]
fn a_placed_article_is_as_good_as_an_assigned_one() {
    let mut assigned = clusterer();
    let mut placed = clusterer();
    let first = assigned.assign(arrival(1, CAMERAS[0]));
    assert_eq!(placed.place(arrival(1, CAMERAS[0]), first.cluster), first.memory);
    assert_eq!(placed.assign(arrival(2, CAMERAS[1])), assigned.assign(arrival(2, CAMERAS[1])));
}

#[test]
fn a_memory_that_cannot_be_read_is_named() {
    let sound = clusterer().assign(arrival(1, CAMERAS[0])).memory;
    let cases: [(Vec<u8>, RestoreError); 4] = [
        (Vec::new(), RestoreError::Damaged { article: 7 }),
        (vec![99, 0, 0], RestoreError::Version { article: 7, found: 99, expected: sound[0] }),
        (sound[..sound.len() - 3].to_vec(), RestoreError::Damaged { article: 7 }),
        (sound[..4].to_vec(), RestoreError::Damaged { article: 7 }),
    ];
    for (memory, expected) in cases {
        let remembered = Remembered {
            article: ArticleId(7),
            cluster: ClusterId(ArticleId(7)),
            published: time(CAMERAS[0].0),
            seen: time(CAMERAS[0].0),
            memory,
        };
        let found = Clusterer::restore(Params::default(), Weights::builtin(), [Recalled::of(&remembered)].into_iter());
        assert_eq!(found.map(|_| ()), Err(expected));
    }
}

#[test]
fn settings() {
    let mut params = Params::default();
    for (key, value) in [("window_hours", "24"), ("join_probability", "0.7"), ("lead_words_max", "80")] {
        assert_eq!(params.set(key, value), Ok(()), "{key}");
    }
    assert_eq!((params.window_hours, params.join_probability, params.features.lead_words_max), (24, 0.7, 80));
    for (key, value, said) in [
        ("window", "24", "there is no cluster setting `window`"),
        ("window_hours", "0", "cluster setting `window_hours` cannot be `0`"),
        ("join_probability", "NaN", "cluster setting `join_probability` cannot be `NaN`"),
        ("candidates_max", "-1", "cluster setting `candidates_max` cannot be `-1`"),
    ] {
        let found = params.set(key, value).expect_err("a bad setting").to_string();
        assert!(found.starts_with(said), "{found}");
    }
    for key in crate::cluster::params::KEYS {
        assert!(!matches!(params.set(key, "1"), Err(crate::cluster::params::ParamsError::UnknownKey { .. })), "{key}");
    }
}

#[test]
fn the_seeds_are_one_cluster_in_any_order() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/seeds");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: there is no `{folder}`");
        return;
    };
    let mut files: Vec<std::path::PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).expect("a readable seed")).collect();
    let times = ["2026-02-12T23:00:00Z", "2026-02-13T06:00:00Z", "2026-02-13T17:00:00Z"];
    let seeds: Vec<Told<'_>> = texts
        .iter()
        .zip(times)
        .filter_map(|(text, time)| {
            text.split_once('\n').map(|(title, text)| (time, title.trim_start_matches("# "), text))
        })
        .collect();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(clusters(&order.map(|index| seeds[index])), [1, 1, 1], "{order:?}");
    }
}
