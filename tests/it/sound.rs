//! What must hold of a database whatever happened to it. Every test of durability ends here.

use std::fs;
use std::path::{Path, PathBuf};

use newsfold::store::Store;
use newsfold::writer::{Params, Writer};
use rusqlite::Connection;
use tempfile::TempDir;

/// What a query must find nothing of, and what it would be.
const FAULTS: &[(&str, &str)] = &[
    ("an article is in no cluster", "SELECT id FROM articles WHERE id NOT IN (SELECT article FROM memberships)"),
    ("a cluster has no article", "SELECT id FROM clusters WHERE id NOT IN (SELECT cluster FROM memberships)"),
    (
        "a cluster does not have the number of its first article",
        "SELECT cluster FROM memberships GROUP BY cluster HAVING min(article) <> cluster",
    ),
    (
        "a cluster's row is not the sum of its articles",
        "SELECT c.id FROM clusters c JOIN memberships m ON m.cluster = c.id JOIN articles a ON a.id = m.article GROUP BY c.id
         HAVING c.article_count <> count(*) OR c.first_published <> min(a.published)
             OR c.last_published <> max(a.published) OR c.last_seen <> max(a.seen)",
    ),
    (
        "a cluster that is no more stands, or leads nowhere",
        "SELECT id FROM former_clusters WHERE id IN (SELECT id FROM clusters) OR id NOT IN (SELECT article FROM memberships)",
    ),
    (
        "a relation is with a founder that is not there, or in no order",
        "SELECT one FROM relations WHERE one >= other OR one NOT IN (SELECT article FROM memberships)
            OR other NOT IN (SELECT article FROM memberships)",
    ),
    (
        "an article's earlier words are not all there",
        "SELECT a.id FROM articles a LEFT JOIN revisions r ON r.article = a.id GROUP BY a.id
         HAVING count(r.number) <> a.revision - 1 OR coalesce(max(r.number), 0) <> a.revision - 1",
    ),
    (
        "a place in the log is taken twice",
        "SELECT seq FROM (SELECT changed AS seq FROM articles UNION ALL SELECT seq FROM revisions
            UNION ALL SELECT seq FROM corrections WHERE seq IS NOT NULL) GROUP BY seq HAVING count(*) > 1",
    ),
    (
        "the log's end lies before a place in it",
        "SELECT value FROM meta WHERE key = 'last_seq' AND (value < (SELECT coalesce(max(changed), 0) FROM articles)
            OR value < (SELECT coalesce(max(seq), 0) FROM corrections))",
    ),
    (
        // One that was buried keeps its number for good.
        "a mark names an article that never was",
        "SELECT mark FROM marks WHERE article > (SELECT value FROM meta WHERE key = 'last_seq')",
    ),
    ("an article is known by no mark", "SELECT id FROM articles WHERE id NOT IN (SELECT article FROM marks WHERE article IS NOT NULL)"),
    (
        "a feed has validators and never answered well",
        "SELECT id FROM feeds WHERE (etag IS NOT NULL OR last_modified IS NOT NULL OR body_hash IS NOT NULL) AND last_success IS NULL",
    ),
    (
        "the index holds another number of articles than it says",
        "SELECT 1 WHERE (SELECT count(*) FROM search_docsize)
            < (SELECT count(*) FROM articles WHERE changed <= (SELECT value FROM meta WHERE key = 'indexed_seq'))
            OR (SELECT count(*) FROM search_docsize WHERE id NOT IN (SELECT id FROM articles)) > 0",
    ),
];

/// A copy of a database as a process that died this moment would leave it; looking at it changes nothing of the one it is of.
pub struct Image {
    folder: TempDir,
}

impl Image {
    /// Takes it. Nobody may be writing.
    pub fn of(database: &Path) -> Image {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["", "-wal"] {
            let name = format!("{}{ending}", database.display());
            if Path::new(&name).exists() {
                fs::copy(&name, folder.path().join(format!("n.db{ending}"))).unwrap();
            }
        }
        Image { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("n.db")
    }

    pub fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

/// Every fault of the database that can be seen in the file alone.
pub fn faults(connection: &Connection) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, sql: &str| match all(connection, sql) {
        Ok(rows) if rows.is_empty() || rows == ["ok"] => {}
        Ok(rows) => faults.push(format!("{what}: {} (of {})", rows[..rows.len().min(5)].join(", "), rows.len())),
        Err(error) => faults.push(format!("{what}: cannot be asked: {error}")),
    };
    check("integrity", "PRAGMA integrity_check");
    check("foreign keys", "PRAGMA foreign_key_check");
    check("the index", "INSERT INTO search (search) VALUES ('integrity-check')");
    for (what, sql) in FAULTS {
        check(what, sql);
    }
    faults
}

/// Nothing is wrong with the database, and remaking what is derived changes nothing. It is looked at as a copy.
pub fn assert_sound(database: &Path, when: &str) {
    let image = Image::of(database);
    let faults = faults(&image.connection());
    assert!(faults.is_empty(), "{when}: {faults:#?}");
    assert_eq!(remade(&image), "", "{when}: a rebuild differs");
}

/// What is derived, before and after it is remade; empty where that is the same.
pub fn remade(image: &Image) -> String {
    let store = Store::open(&image.path(), 0, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
    let mut writer = Writer::new(store, Params::default()).unwrap();
    let online = writer.dump().unwrap();
    writer.rebuild(|_| {}).unwrap();
    let rebuilt = writer.dump().unwrap();
    let differs = online.lines().zip(rebuilt.lines()).find(|(one, other)| one != other);
    match differs {
        None if online.len() == rebuilt.len() => String::new(),
        None => format!("{} lines, and {} rebuilt", online.lines().count(), rebuilt.lines().count()),
        Some((one, other)) => format!("{one}\n{other}"),
    }
}

/// The first column of every row, as text.
pub fn all(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        });
    }
    Ok(found)
}

/// The seed of a test: the one that it has, or one that is to be tried again (`TEST_SEED=…`).
pub fn seed(usual: u64) -> u64 {
    std::env::var("TEST_SEED").ok().map_or(usual, |seed| seed.parse().expect("TEST_SEED is a number"))
}

/// Dice that fall the same way for the same seed (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// Whether something happens that does so many times of a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

const PLACES: [&str; 12] = [
    "Orveth",
    "Kellbruck",
    "Marnholt",
    "Sillavik",
    "Dunmere",
    "Tarrowby",
    "Ostrel",
    "Vandry",
    "Hexley",
    "Quillport",
    "Ashmoor",
    "Bellenau",
];
const PEOPLE: [&str; 12] = [
    "Marta Hollin",
    "Ivo Brandt",
    "Sena Okoro",
    "Palle Winther",
    "Rhea Castellan",
    "Tomas Vrba",
    "Lin Ahlgren",
    "Nora Feld",
    "Emil Sato",
    "Greta Ravn",
    "Oskar Diem",
    "Yara Pell",
];
const EVENTS: [(&str, &str); 8] = [
    ("dam breached after record rain", "the water rose by two metres in one night and the lower streets were cleared"),
    ("ferry runs aground in fog", "tugs pulled at the hull until the evening tide and every passenger came ashore"),
    ("council votes for a tram line", "the line is to cross the old market and will be paid for by a levy on parking"),
    ("bank closes its last branch", "customers queued before the doors and asked where their safes would be kept"),
    ("museum finds a lost portrait", "it had hung with its face to the wall in a store room since the fire"),
    ("bridge shut over cracks", "engineers heard a noise in the northern pillar and lorries must take the long way"),
    ("wolves seen near a school", "tracks were found in the snow behind the gymnasium and pupils were sent home"),
    ("orchard wins a prize for cider", "the jury praised a dry bottle made from apples that nobody else presses"),
];

/// One outlet's words for a story: a title with a number by which the entry can be told, and a text. Two outlets' words for one story
/// share what reports share.
pub fn told(story: u64, outlet: u64, number: u64) -> (String, String) {
    let mut facts = Dice(story.wrapping_mul(77));
    let (place, person, (event, detail)) = (*facts.one(&PLACES), *facts.one(&PEOPLE), *facts.one(&EVENTS));
    let people = 100 + facts.below(9_000);
    let (first, second) = if outlet.is_multiple_of(2) { (place, event) } else { (event, place) };
    let title = format!("{first}: {second}, {people} people heard, says {person} (report {number})");
    let text = format!(
        "{place}, by our own reporter. On day {story} of the season {event} at {place}: {detail}. {person} spoke to {people} people \
         there. Outlet {outlet} was told that more is to come; this is its report number {number}."
    );
    (title, text)
}
