//! Who is who over several readings of a feed: what was changed is one article, what is another stays another, nothing is lost.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use newsfold::model::{Article, FeedWish};
use newsfold::prepare::{self, Asked};
use newsfold::schedule::Told;
use newsfold::store::{Query, Store};
use newsfold::writer::{Answer, FeedReport, Intake, Params, Reach, Writer};
use tempfile::TempDir;

use crate::samples::{BREAD, DAM, Entry, rss};

const FEED: &str = "https://lamp.example/feed";

/// The moment at which every script begins: an hour after the samples were published.
fn start() -> Timestamp {
    "2025-02-13T11:00:00Z".parse().expect("a moment")
}

fn hours(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

/// A date as RFC 822 wants it, so many hours after the start.
fn date(after: i64) -> String {
    jiff::fmt::rfc2822::to_string(&hours(after).to_zoned(jiff::tz::TimeZone::UTC)).expect("a date")
}

/// A database that feeds are read into.
struct Scene {
    folder: TempDir,
    writer: Writer,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(&folder.path().join("n.db"), 7, start()).expect("the database opens");
        Scene { writer: Writer::new(store, Params::default()).expect("it is ours"), folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("n.db")
    }

    /// Reads a feed, so many hours after the start.
    fn read(&mut self, url: &str, after: i64, entries: &[Entry<'_>]) -> FeedReport {
        self.read_document(url, after, &rss("The Lamp", entries))
    }

    fn read_document(&mut self, url: &str, after: i64, document: &str) -> FeedReport {
        let intake = self.intake(url, after, document);
        self.writer.apply(&[intake], hours(after)).expect("a batch is stored").remove(0)
    }

    fn intake(&mut self, url: &str, after: i64, document: &str) -> Intake {
        self.writer.store().add_feed(&FeedWish::of_url(url), start()).expect("a feed is added");
        let feed = self.writer.store().feed(url).expect("feeds are read").expect("it was just added");
        let asked = Asked { feed_url: url.to_owned(), final_url: url.parse().expect("a URL"), content_type: None };
        let params = prepare::Params::default();
        let prepared = prepare::drafts(document.as_bytes(), &asked, hours(after), &params).expect("it is a feed");
        Intake { feed, answer: Answer::Read { prepared, told: Told::default() }, reach: Reach::default() }
    }

    /// Every stored article, in the order of their coming.
    fn articles(&mut self) -> Vec<Article> {
        let clusters = self.writer.store().clusters(&Query::default()).expect("clusters are read");
        let mut articles: Vec<Article> =
            clusters.into_iter().flat_map(|cluster| cluster.members).map(|member| member.article).collect();
        articles.sort_by_key(|article| article.id);
        articles
    }

    fn count(&self, table: &str) -> i64 {
        let other = rusqlite::Connection::open(self.path()).expect("a second connection");
        other.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("it can be counted")
    }
}

/// Reads the versions of one feed, each with the hour of its reading, and compares title and revision of every article.
fn check(script: &[(i64, &[Entry<'_>])], expected: &[(&str, u32)]) {
    let mut scene = Scene::new();
    for (after, entries) in script {
        scene.read(FEED, *after, entries);
    }
    let last = script.last().expect("a script has a version");
    let again = scene.read(FEED, last.0, last.1);
    assert_eq!((again.articles_new, again.articles_revised), (0, 0), "read once more, nothing is new: {script:?}");
    let articles = scene.articles();
    let found: Vec<(&str, u32)> = articles.iter().map(|article| (article.title.as_str(), article.revision)).collect();
    assert_eq!(found, expected, "{script:?}");
}

/// The dam's article, retitled by its outlet: other guid, other link, a word of the text changed.
const DAM_RETITLED: Entry<'static> = Entry {
    guid: "dam-b",
    link: "https://lamp.example/how-kellbruck-was-saved",
    title: "How a whole town was saved from the flood",
    text: "The Orveth dam above the town of Kellbruck broke on Thursday morning after three days of heavy rain. Rescue teams \
           led by Marta Hollin brought 3,400 people out of Kellbruck before the water came, the region's governor said.",
    ..DAM
};

#[test]
fn an_edited_entry_is_the_same_article() {
    let edited = Entry { title: "All safe after the breach", text: "Everybody is safe.", ..DAM };
    check(&[(0, &[DAM]), (1, &[edited])], &[(edited.title, 2)]);
    check(&[(0, &[DAM]), (1, &[Entry { link: "https://lamp.example/dam-breached", ..DAM }])], &[(DAM.title, 1)]);
    // A feed without guids has its links, one without links its titles and dates.
    let bare = |entry: Entry<'static>| Entry { guid: "", ..entry };
    check(&[(0, &[bare(DAM)]), (1, &[bare(edited)])], &[(edited.title, 2)]);
    let barest = |entry: Entry<'static>| Entry { link: "", ..bare(entry) };
    let longer = Entry { text: "More of it.", ..DAM };
    check(&[(0, &[barest(DAM)]), (1, &[barest(longer)])], &[(DAM.title, 2)]);
}

#[test]
fn what_leaves_its_feed_or_changes_its_place_is_neither_lost_nor_new() {
    check(&[(0, &[DAM, BREAD]), (1, &[BREAD]), (2, &[BREAD, DAM])], &[(DAM.title, 1), (BREAD.title, 1)]);
}

#[test]
fn a_corrected_link_is_the_readers_and_is_no_revision() {
    let mut scene = Scene::new();
    scene.read(FEED, 0, &[Entry { link: "http://lamp.example/dam", ..DAM }]);
    scene.read(FEED, 1, &[Entry { link: "https://lamp.example/orveth-dam", ..DAM }]);
    let article = scene.articles().remove(0);
    assert_eq!((article.url.as_deref(), article.revision), (Some("https://lamp.example/orveth-dam"), 1));
}

#[test]
fn a_new_guid_over_the_same_link_and_words_is_the_same_article() {
    let https = |entry: Entry<'static>| match entry.guid {
        "dam" => Entry { guid: "https://lamp.example/?p=1", link: "https://lamp.example/dam", ..entry },
        _ => Entry { guid: "https://lamp.example/?p=2", link: "https://lamp.example/bread", ..entry },
    };
    let http = |entry: Entry<'static>| match entry.guid {
        "dam" => Entry { guid: "http://lamp.example/?p=1", link: "http://lamp.example/dam", ..entry },
        _ => Entry { guid: "http://lamp.example/?p=2", link: "http://lamp.example/bread", ..entry },
    };
    let both = [(DAM.title, 1), (BREAD.title, 1)];
    check(&[(0, &[http(DAM), http(BREAD)]), (1, &[https(DAM), https(BREAD)])], &both);
    // A month later as well: this is no matter of time.
    check(&[(0, &[http(DAM), http(BREAD)]), (720, &[https(DAM), https(BREAD)])], &both);
    // From no guids to guids and back.
    let bare = |entry: Entry<'static>| Entry { guid: "", ..entry };
    check(&[(0, &[bare(DAM), bare(BREAD)]), (1, &[DAM, BREAD]), (2, &[bare(DAM), bare(BREAD)])], &both);
    // Another system behind the site: other guids, other links, the same titles, dates and texts.
    let moved = |entry: Entry<'static>, link: &'static str| Entry { guid: link, link, ..entry };
    let news = [moved(DAM, "https://news.lamp.example/a/10017"), moved(BREAD, "https://news.lamp.example/a/10018")];
    check(&[(0, &[DAM, BREAD]), (720, &news)], &both);
    // And one that is only edited under its new guid.
    let edited = Entry { guid: "dam#1", title: "Orveth dam breached after record rain, 4,100 people evacuated", ..DAM };
    check(&[(0, &[DAM]), (1, &[edited])], &[(edited.title, 2)]);
}

#[test]
fn a_guid_that_is_given_to_another_article_makes_two() {
    let later = date(30);
    let bread = Entry { guid: DAM.guid, published: &later, ..BREAD };
    check(&[(0, &[DAM]), (31, &[bread])], &[(DAM.title, 1), (BREAD.title, 1)]);
    // Places in the list as guids: at every reading all of them wander down by one.
    let numbered = |entry: Entry<'static>, guid: &'static str| Entry { guid, ..entry };
    let third =
        Entry { link: "https://lamp.example/mill", title: "Old mill turns again", text: "Wheat is milled.", ..BREAD };
    check(
        &[
            (0, &[numbered(BREAD, "1")]),
            (1, &[numbered(DAM, "1"), numbered(BREAD, "2")]),
            (2, &[numbered(third, "1"), numbered(DAM, "2"), numbered(BREAD, "3")]),
        ],
        &[(BREAD.title, 1), (DAM.title, 1), (third.title, 1)],
    );
}

#[test]
fn one_guid_for_all_entries_loses_none_of_them() {
    let same = |entry: Entry<'static>| Entry { guid: "N/A", ..entry };
    check(&[(0, &[same(BREAD)]), (1, &[same(DAM), same(BREAD)])], &[(BREAD.title, 1), (DAM.title, 1)]);
}

#[test]
fn guids_that_change_at_every_reading_make_nothing_new_and_are_believed_no_more() {
    let mut scene = Scene::new();
    let mut reports = Vec::new();
    let mut marks = Vec::new();
    for reading in 0..8 {
        let guids = [format!("{reading}-a"), format!("{reading}-b")];
        let entries = [Entry { guid: &guids[0], ..DAM }, Entry { guid: &guids[1], ..BREAD }];
        reports.push(scene.read(FEED, reading, &entries));
        marks.push(scene.count("marks"));
    }
    assert_eq!(scene.articles().len(), 2);
    assert!(reports[1..].iter().all(|report| report.articles_new == 0 && report.articles_revised == 0));
    assert!(reports[1].warnings.is_empty(), "once is a change of system: {:?}", reports[1].warnings);
    let warning = reports[7].warnings.join("; ");
    assert!(warning.contains("guids change") && warning.contains("by their links"), "{warning}");
    assert_eq!(marks[4..], [marks[4]; 4], "and nothing grows with every reading");
    // What is new is new still, and what is edited is revised.
    let edited = Entry { guid: "9-a", title: "Orveth dam: all safe", ..DAM };
    let other = Entry {
        guid: "9-c",
        link: "https://lamp.example/mill",
        title: "Old mill turns again",
        text: "At last.",
        ..BREAD
    };
    let report = scene.read(FEED, 9, &[other, edited]);
    assert_eq!((report.articles_new, report.articles_revised), (1, 1));
}

#[test]
fn guids_and_links_that_change_at_every_reading_leave_titles_and_dates() {
    let mut scene = Scene::new();
    let mut last = Vec::new();
    for reading in 0..10 {
        let links = ["a", "b"].map(|name| format!("https://lamp.example/go/{reading}{name}"));
        let entries =
            [Entry { guid: &links[0], link: &links[0], ..DAM }, Entry { guid: &links[1], link: &links[1], ..BREAD }];
        // Days apart, so that no short window helps.
        last = scene.read(FEED, reading * 72, &entries).warnings;
    }
    assert_eq!(scene.articles().len(), 2);
    assert!(last.join("; ").contains("by their titles and dates"), "{last:?}");
    // Not even dates: what they say is left.
    let mut scene = Scene::new();
    for reading in 0..10 {
        let now = date(reading * 3);
        scene.read(
            FEED,
            reading * 3,
            &[DAM, BREAD].map(|entry| Entry { guid: "", link: "", published: &now, ..entry }),
        );
    }
    assert_eq!(scene.articles().len(), 2);
}

#[test]
fn a_retitled_article_with_a_new_guid_and_link_is_the_same_inside_two_days() {
    check(&[(0, &[DAM, BREAD]), (5, &[DAM_RETITLED, BREAD])], &[(DAM_RETITLED.title, 2), (BREAD.title, 1)]);
    check(&[(0, &[DAM]), (49, &[DAM_RETITLED])], &[(DAM.title, 1), (DAM_RETITLED.title, 1)]);
    let mut scene = Scene::new();
    scene.read(FEED, 0, &[DAM]);
    scene.read(FEED, 3, &[DAM_RETITLED]);
    let article = scene.articles().remove(0);
    let old = scene.writer.store().revisions(article.id).expect("revisions are read");
    assert_eq!(old.iter().map(|old| old.title.as_str()).collect::<Vec<_>>(), [DAM.title], "the old title is kept");
    // Whichever of its keys it has the next time, it is known.
    assert_eq!(scene.read(FEED, 4, &[Entry { guid: DAM.guid, ..DAM_RETITLED }]).articles_new, 0);
}

#[test]
fn what_only_looks_like_another_article_stays_one_of_its_own() {
    let apart = |first: Entry<'_>, second: Entry<'_>| {
        check(&[(0, &[first]), (3, &[second])], &[(first.title, 1), (second.title, 1)]);
    };
    let part = |number: &'static str, guid: &'static str, link: &'static str| Entry {
        guid,
        link,
        title: number,
        text: "In this series we follow the rescue teams of Kellbruck through the week after the flood and hear from those who \
               lost their homes, their shops and their fields.",
        ..DAM
    };
    // A series whose parts share their introduction.
    apart(
        part("The flood, part 1", "s1", "https://lamp.example/flood-1"),
        part("The flood, part 2", "s2", "https://lamp.example/flood-2"),
    );
    // Two days' weather out of one template.
    let weather = |day: &'static str, text: &'static str| Entry { guid: day, link: "", title: day, text, ..DAM };
    apart(
        weather(
            "The weather today",
            "Sunny spells in the north with 12 degrees, light rain in the south with 9 degrees, and a \
                 fresh wind from the west that will ease towards the evening.",
        ),
        weather(
            "The weather now",
            "Sunny spells in the north with 14 degrees, light rain in the south with 9 degrees, and a \
                 fresh wind from the west that will ease towards the evening.",
        ),
    );
    // Entries of a live page: one link, each with a guid of its own.
    let live = |guid: &'static str, title: &'static str, text: &'static str| Entry {
        guid,
        title,
        text,
        link: "https://lamp.example/live/flood",
        ..DAM
    };
    apart(
        live("l1", "Live: bridge closed", "The bridge over the Orveth has been closed to all traffic."),
        live("l2", "Live: school opens as shelter", "Cots for two hundred people stand in the sports hall."),
    );
    // The same introduction over two stories that the feed shows side by side.
    let first = part("Marta's week", "w1", "https://lamp.example/week-marta");
    let second = part("The baker's week", "w2", "https://lamp.example/week-baker");
    check(&[(0, &[first]), (3, &[second, first])], &[(first.title, 1), (second.title, 1)]);
    let third = part("The nurse's week", "w3", "https://lamp.example/week-nurse");
    check(
        &[(0, &[first]), (1, &[second, first]), (2, &[third])],
        &[(first.title, 1), (second.title, 1), (third.title, 1)],
    );
    // A short text is nobody's own.
    let short = Entry { text: "Read the whole story on our site.", ..DAM };
    apart(short, Entry { text: short.text, ..DAM_RETITLED });
}

#[test]
fn one_page_and_one_title_for_every_day_is_an_article_a_day() {
    let (second, third) = (date(24), date(48));
    let page = "https://lamp.example/briefing";
    let day =
        |published, text| Entry { link: page, title: "The morning briefing", text, published, ..Entry::default() };
    let days = [
        day(DAM.published, "The dam broke and everybody was brought out in time."),
        day(&second, "The governor comes to look at the damage, and bread is given out."),
        day(&third, "The water falls, and the first shops of Kellbruck open again."),
    ];
    // A real day's title says nothing; but with guids or without, alone in the feed or together, each is one.
    let alone: Vec<(i64, &[Entry<'_>])> =
        days.iter().enumerate().map(|(at, day)| (at as i64 * 24, std::slice::from_ref(day))).collect();
    let expected = [("The morning briefing", 1); 3];
    let numbered: Vec<Entry<'_>> = days.iter().zip(["1", "2", "3"]).map(|(day, guid)| Entry { guid, ..*day }).collect();
    let numbered_alone: Vec<(i64, &[Entry<'_>])> =
        numbered.iter().enumerate().map(|(at, day)| (at as i64 * 24, std::slice::from_ref(day))).collect();
    check(&numbered_alone, &expected);
    check(&[(48, &numbered)], &expected);
    check(&[(48, &days)], &expected);
    // Without guids the page is all there is: its words of a day are a revision, not lost.
    let mut scene = Scene::new();
    for (after, entries) in alone {
        scene.read(FEED, after, entries);
    }
    let kept: usize = scene.articles().iter().map(|article| article.revision as usize).sum();
    assert_eq!(kept, 3);
}

#[test]
fn one_article_in_several_feeds_is_one_however_its_link_is_dressed() {
    let plain = "https://www.lamp.example/2025/02/orveth-dam-breached";
    for dressed in [
        "http://lamp.example/2025/02/orveth-dam-breached/?utm_source=rss&utm_medium=feed",
        "https://m.lamp.example/2025/02/orveth-dam-breached",
        "https://www.lamp.example/2025/02/orveth-dam-breached/amp/",
        "https://www-lamp-example.cdn.ampproject.org/c/s/www.lamp.example/2025/02/orveth-dam-breached",
        "https://www.google.com/url?rct=j&url=https://www.lamp.example/2025/02/orveth-dam-breached&ct=ga",
        "https://www.lamp.example:443/2025/02/./orveth%2Ddam-breached#comments",
    ] {
        let mut scene = Scene::new();
        // Both in one batch, as a pass brings them.
        let first = scene.intake(FEED, 0, &rss("The Lamp", &[Entry { link: plain, ..DAM }]));
        let other = "https://reader.example/all";
        let entry = Entry { link: dressed, guid: "r-1", text: "The Orveth dam broke.", ..DAM };
        let second = scene.intake(other, 0, &rss("All news", &[entry, BREAD]));
        scene.writer.apply(&[first, second], hours(0)).expect("a batch is stored");
        let articles = scene.articles();
        assert_eq!(articles.len(), 2, "{dressed}");
        assert_eq!(
            (articles[0].also_in.as_slice(), articles[0].url.as_deref()),
            ([other.to_owned()].as_slice(), Some(plain))
        );
        let report = scene.read(other, 1, &[entry, BREAD]);
        assert_eq!((report.articles_new, report.articles_revised), (0, 0), "{dressed}");
    }
}

#[test]
fn two_titles_over_one_link_are_one_article_of_one_outlet_and_two_of_an_aggregator() {
    let mut scene = Scene::new();
    scene.read(FEED, 0, &[DAM]);
    let own = Entry { guid: "front-1", title: "Dam breaks, thousands flee", text: "Live from the valley.", ..DAM };
    scene.read("https://lamp.example/front", 0, &[own]);
    assert_eq!(scene.articles().len(), 1, "one outlet's two titles for one page");
    let aggregator = Entry { guid: "x-1", title: "Is your dam next? A discussion", text: "312 comments", ..DAM };
    scene.read("https://gather.example/all", 0, &[aggregator]);
    let articles = scene.articles();
    assert_eq!(articles.len(), 2, "an aggregator's own words are its own article");
    let retouched =
        Entry { guid: "y-1", title: "Orveth dam breached after record rain; 3,400 people evacuated", ..DAM };
    scene.read("https://hub.example/all", 0, &[retouched]);
    assert_eq!(scene.articles().len(), 2, "nearly the same title over the same link is the same article");
    // A front page is nobody's article.
    let mut scene = Scene::new();
    scene.read(FEED, 0, &[Entry { link: "https://lamp.example/", ..DAM }]);
    scene.read("https://lamp.example/front", 0, &[Entry { link: "https://lamp.example/", ..BREAD }]);
    assert_eq!(scene.articles().len(), 2);
}

#[test]
fn a_buried_article_never_comes_back_as_new() {
    let mut scene = Scene::new();
    scene.read(FEED, 0, &[DAM, BREAD]);
    scene.read("https://reader.example/all", 0, &[Entry { guid: "r-1", ..DAM }]);
    while scene.writer.index_some().expect("the index is written") {}
    let dam = scene.articles().remove(0);
    assert_eq!(scene.writer.bury(&[dam.id]).expect("it is buried"), 1);
    assert_eq!(scene.writer.bury(&[dam.id]).expect("it is buried already"), 0);
    let titles = |scene: &mut Scene| scene.articles().into_iter().map(|article| article.title).collect::<Vec<_>>();
    assert_eq!(titles(&mut scene), [BREAD.title]);
    assert!(scene.writer.store().matches("Orveth", 10).expect("a search").articles.is_empty());
    for (url, entry) in [(FEED, DAM), ("https://reader.example/all", Entry { guid: "r-1", ..DAM })] {
        let report = scene.read(url, 900, &[entry, Entry { title: "Baker's guild: school opens", ..BREAD }]);
        assert_eq!(report.articles_new, 0, "the dam is buried, and the bread is known by its link: {url}");
    }
    // Under a new guid, or edited, it is still the one that was buried.
    for entry in [Entry { guid: "dam-2", ..DAM }, Entry { title: "Dam of Orveth: one year on", ..DAM }] {
        assert_eq!(scene.read(FEED, 901, &[entry]).articles_new, 0, "{entry:?}");
    }
    // But a guid alone may be given to another article.
    let published = date(900);
    let mill = Entry {
        guid: DAM.guid,
        link: "https://lamp.example/mill",
        title: "Old mill turns again",
        published: &published,
        ..BREAD
    };
    assert_eq!(scene.read(FEED, 902, &[mill]).articles_new, 1);
    assert_eq!(scene.read(FEED, 903, &[mill]).articles_new, 0);
}

#[test]
fn a_founder_is_buried_with_the_last_of_its_cluster_and_the_rest_can_be_rebuilt() {
    let mut scene = Scene::new();
    let told_again = crate::samples::DAM_TOLD_AGAIN;
    scene.read(FEED, 0, &[DAM]);
    scene.read("https://beacon.example/feed", 1, &[told_again]);
    let articles = scene.articles();
    assert_eq!(scene.count("clusters"), 1, "they report one story");
    assert_eq!(scene.writer.bury(&[articles[0].id]).expect("the founder stays"), 0);
    assert_eq!(scene.writer.bury(&[articles[1].id]).expect("the other goes"), 1);
    let cluster = scene
        .writer
        .store()
        .clusters(&Query { articles_min: 1, ..Query::default() })
        .expect("clusters are read")
        .remove(0);
    assert_eq!(cluster.members.len(), 1);
    let before = scene.writer.dump().expect("a dump");
    scene.writer.rebuild(|_| ()).expect("it is rebuilt");
    assert_eq!(scene.writer.dump().expect("a dump").lines().count(), before.lines().count());
    assert_eq!(scene.writer.bury(&[articles[0].id]).expect("nothing needs it"), 1);
    assert_eq!((scene.count("articles"), scene.count("clusters"), scene.count("search")), (0, 0, 0));
    scene.read("https://beacon.example/feed", 2, &[told_again, BREAD]);
    assert_eq!(scene.articles().len(), 1, "life goes on");
}

#[test]
fn what_was_published_before_its_feed_was_added_is_backlog() {
    let mut scene = Scene::new();
    let (later, undated) = (date(1), Entry { guid: "u1", link: "", title: "Without a date", published: "", ..BREAD });
    let fresh = Entry { guid: "f", link: "https://lamp.example/f", title: "Fresh", published: &later, ..BREAD };
    let first = scene.read(FEED, 2, &[DAM, undated, fresh]);
    assert_eq!((first.articles_new, first.articles_backlog), (3, 2));
    // From the second reading on, what has no date was not there before; an older date still says that it was.
    let late = Entry { guid: "u2", title: "Undated, too", text: "Another one.", ..undated };
    let older = Entry { guid: "o", link: "https://lamp.example/o", title: "Older", text: "From the archive.", ..BREAD };
    let second = scene.read(FEED, 3, &[older, late, DAM, undated, fresh]);
    assert_eq!((second.articles_new, second.articles_backlog), (2, 1));
    let marked: Vec<(String, bool)> = scene.articles().into_iter().map(|it| (it.title, it.backlog)).collect();
    let expected = [(DAM.title, true), (undated.title, true), ("Fresh", false), ("Older", true), (late.title, false)];
    assert_eq!(marked, expected.map(|(title, backlog)| (title.to_owned(), backlog)));
}

#[test]
fn an_article_without_a_date_keeps_the_moment_it_was_first_seen() {
    let mut scene = Scene::new();
    let undated = Entry { published: "", ..DAM };
    scene.read(FEED, 0, &[undated]);
    scene.read(FEED, 7, &[Entry { title: "Orveth dam: all are safe", ..undated }]);
    let article = scene.articles().remove(0);
    assert_eq!((article.revision, article.published, article.seen), (2, start(), start()));
}

#[test]
fn enclosures_categories_and_language_are_kept_with_the_article() {
    let mut scene = Scene::new();
    let intake = |scene: &mut Scene, enclosures: &[(&str, Option<&str>, Option<u64>)]| {
        let mut intake = scene.intake(FEED, 0, &rss("The Lamp", &[DAM]));
        let Answer::Read { prepared, .. } = &mut intake.answer else { panic!("it was read") };
        prepared.drafts[0].enclosures = enclosures
            .iter()
            .map(|(url, kind, bytes)| newsfold::model::Enclosure {
                url: (*url).to_owned(),
                media_type: kind.map(str::to_owned),
                bytes: *bytes,
            })
            .collect();
        prepared.drafts[0].categories = vec!["Floods".to_owned()];
        intake
    };
    let sound = ("https://lamp.example/dam.mp3", Some("audio/mpeg"), Some(1_234_567));
    let first = intake(&mut scene, &[sound]);
    scene.writer.apply(&[first], hours(0)).expect("a batch is stored");
    let article = scene.articles().remove(0);
    assert_eq!((article.enclosures[0].url.as_str(), article.enclosures[0].bytes), (sound.0, sound.2));
    assert_eq!(
        (article.categories.as_slice(), article.lang.as_deref()),
        (["Floods".to_owned()].as_slice(), Some("en"))
    );
}
