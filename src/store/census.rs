//! Door: how much is stored and how it stands, for whoever watches a running service. One short look.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::Row;

use crate::model::Health;
use crate::store::disk::volume_free;
use crate::store::place::with_ending;
use crate::store::{Store, StoreError, instant, schema};

/// What the database says of itself, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// How many feeds that are asked are in which state; every state is named.
    pub feeds: BTreeMap<&'static str, u64>,
    /// Feeds that are not asked any more.
    pub feeds_inactive: u64,
    /// When a feed last answered well.
    pub last_success: Option<Timestamp>,
    /// When a feed was last asked.
    pub last_attempt: Option<Timestamp>,
    /// Articles.
    pub articles: u64,
    /// Clusters.
    pub clusters: u64,
    /// Clusters of more than one article.
    pub clusters_shared: u64,
    /// Articles that are new or revised and that the full-text index does not know as they are.
    pub index_behind: u64,
    /// Corrections that nobody has obeyed yet.
    pub corrections_waiting: u64,
    /// Documents during whose reading the process died, and which have not been read to their end since.
    pub suspects: u64,
    /// Mail that waits, each recipient's by itself.
    pub mail_waiting: u64,
    /// Mail that was given up.
    pub mail_given_up: u64,
    /// The digests that made editions, with the number of these and when the last one was made.
    pub editions: BTreeMap<String, (u64, Timestamp)>,
    /// Size of the database file in bytes, the write-ahead log not counted.
    pub file_bytes: u64,
    /// Of these, bytes that hold nothing and will be used again.
    pub free_bytes: u64,
}

/// The states that a feed can be in.
const STATES: [Health; 11] = [
    Health::New,
    Health::Ok,
    Health::NotModified,
    Health::Empty,
    Health::Undated,
    Health::Unreachable,
    Health::Throttled,
    Health::Unreadable,
    Health::Refused,
    Health::Gone,
    Health::Quarantined,
];

/// The number of the schema that this newsfold writes.
pub fn schema_version() -> usize {
    schema::MIGRATIONS.len()
}

/// Bytes of the write-ahead log beside the database at `path`, 0 where there is none, and what is left for us of its volume, where the
/// system tells.
pub fn room(path: &Path) -> (u64, Option<u64>) {
    // Beside the file itself, wherever a link to it stands.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    (std::fs::metadata(with_ending(path, "-wal")).map_or(0, |log| log.len()), volume_free(path))
}

impl Store {
    /// Counts what there is, from narrow indexes and the short rows of `clusters`: a million articles take some ten milliseconds.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn census(&self) -> Result<Census, StoreError> {
        let _one_state = self.hold()?;
        let count = |sql: &str| -> Result<u64, StoreError> {
            let number: i64 = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(number.unsigned_abs())
        };
        let moment = |sql: &str| -> Result<Option<Timestamp>, StoreError> {
            let moment: Option<i64> = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            Ok(moment.map(instant))
        };
        let page = count("SELECT page_size FROM pragma_page_size")?;
        Ok(Census {
            feeds: self.feeds_by_state()?,
            feeds_inactive: count("SELECT count(*) FROM feeds WHERE active = 0")?,
            last_success: moment("SELECT max(last_success) FROM feeds WHERE active = 1")?,
            last_attempt: moment("SELECT max(last_attempt) FROM feeds WHERE active = 1")?,
            articles: count("SELECT count(*) FROM articles")?,
            clusters: count("SELECT count(*) FROM clusters")?,
            clusters_shared: count("SELECT count(*) FROM clusters WHERE article_count > 1")?,
            index_behind: count(
                "SELECT count(*) FROM articles WHERE changed > (SELECT value FROM meta WHERE key = 'indexed_seq')",
            )?,
            corrections_waiting: count("SELECT count(*) FROM corrections WHERE seq IS NULL")?,
            suspects: count("SELECT count(*) FROM deaths")?,
            mail_waiting: count("SELECT count(*) FROM outbox WHERE sent IS NULL AND given_up = 0")?,
            mail_given_up: count("SELECT count(*) FROM outbox WHERE sent IS NULL AND given_up = 1")?,
            editions: self.editions_made()?,
            file_bytes: page * count("SELECT page_count FROM pragma_page_count")?,
            free_bytes: page * count("SELECT freelist_count FROM pragma_freelist_count")?,
        })
    }

    fn feeds_by_state(&self) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        let mut feeds: BTreeMap<&'static str, u64> = STATES.iter().map(|state| (state.word(), 0)).collect();
        let sql = "SELECT health, count(*) FROM feeds WHERE active = 1 GROUP BY health";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (word, number) = (row.get_ref(0)?.as_str().unwrap_or_default(), row.get::<_, i64>(1)?);
            if let Some(count) = feeds.get_mut(word) {
                *count = number.unsigned_abs();
            }
        }
        Ok(feeds)
    }

    fn editions_made(&self) -> Result<BTreeMap<String, (u64, Timestamp)>, StoreError> {
        let sql = "SELECT name, count(*), max(made) FROM editions GROUP BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let made =
            |row: &Row<'_>| Ok((row.get(0)?, (row.get::<_, i64>(1)?.unsigned_abs(), instant(row.get::<_, i64>(2)?))));
        Ok(statement.query_map([], made)?.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::FeedWish;

    #[test]
    fn every_state_is_named_and_a_feed_that_is_not_asked_is_in_none_of_them() {
        let now: Timestamp = "2026-02-13T12:00:00Z".parse().unwrap();
        let mut store = Store::in_memory(0, now).unwrap();
        let states: Vec<&str> = STATES.iter().map(|state| state.word()).collect();
        let mut sorted = states.clone();
        sorted.sort_unstable();
        assert_eq!(store.census().unwrap().feeds.into_keys().collect::<Vec<_>>(), sorted);
        for name in ["a", "b", "c"] {
            store.add_feed(&FeedWish::of_url(format!("https://{name}.example/")), now).unwrap();
        }
        store.remove_feed("https://b.example/").unwrap();
        for (number, state) in STATES.iter().enumerate() {
            let sql =
                "UPDATE feeds SET health = ?1, last_success = ?2, last_attempt = ?2 + 1 WHERE url LIKE '%a.example%'";
            store.connection.execute(sql, (state.word(), i64::try_from(number).unwrap())).unwrap();
            let census = store.census().unwrap();
            let expected = if *state == Health::New { 2 } else { 1 };
            assert_eq!((census.feeds[state.word()], census.feeds.values().sum::<u64>()), (expected, 2));
            assert_eq!(census.feeds_inactive, 1);
            assert_eq!(census.last_success.map(Timestamp::as_millisecond), Some(number as i64));
            assert_eq!(census.last_attempt.map(Timestamp::as_millisecond), Some(number as i64 + 1));
        }
        assert!(store.census().unwrap().file_bytes > 0);
    }
}
