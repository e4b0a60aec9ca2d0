//! Door: what is old enough to be pruned, and the room that it leaves.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::model::{ArticleId, Correction};
use crate::store::corrections::{pending, standing_until};
use crate::store::{Batch, Store, StoreError, instant, json};

/// Up to which moment what is old is pruned; `None` keeps it for ever. Clusters go whole, by when their last article was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cutoffs {
    /// Of clusters of one article: gone when it was seen before this.
    pub articles: Option<Timestamp>,
    /// Of clusters of more than one article: gone when the last was seen before this.
    pub clusters: Option<Timestamp>,
    /// Of earlier words of articles: gone when they were seen before this.
    pub revisions: Option<Timestamp>,
    /// Of editions, mails that were sent or given up, and what they told.
    pub editions: Option<Timestamp>,
}

/// Where a search for expired clusters goes on: the last one looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    last_seen: i64,
    cluster: i64,
}

impl Cursor {
    /// Before the first.
    pub const START: Cursor = Cursor { last_seen: i64::MIN, cluster: i64::MIN };
}

/// What a prune would take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Articles.
    pub articles: u64,
    /// Clusters they are in, each whole.
    pub clusters: u64,
    /// Earlier words of articles that stay.
    pub revisions: u64,
    /// Clusters that are old enough and stay, because a correction names them.
    pub clusters_kept: u64,
    /// Editions and mails to one recipient each; without those editions whose last story goes with this prune.
    pub tidied: Tidied,
}

/// What was tidied up of what readers have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Editions.
    pub editions: usize,
    /// Mails to one recipient each.
    pub letters: usize,
}

/// What is left of an edition is old enough: nothing of it is kept and it is not the last one; ?1 is `Cutoffs::editions`.
const EDITION_IS_OLD: &str = "made < ?1 AND content IS NULL
    AND number < (SELECT max(number) FROM editions e WHERE e.name = editions.name)
    AND (name, number) NOT IN (SELECT name, number FROM told)";
/// A mail to one recipient was sent, or given up, long enough ago; ?1 is `Cutoffs::editions`.
const LETTER_IS_OLD: &str = "sent < ?1 OR (given_up = 1 AND sent IS NULL AND next_attempt < ?1)";
/// A cluster is old enough; ?1 and ?2 are `Cutoffs::articles` and `clusters`, ?3 the corrected ones, ?4 the settled place.
const IS_OLD: &str = "((c.article_count = 1 AND c.last_seen < ?1) OR (c.article_count > 1 AND c.last_seen < ?2))
    AND c.last_seen < max(?1, ?2)";
const IS_FREE: &str = "c.id NOT IN (SELECT CAST(value AS INTEGER) FROM json_each(?3))";

impl Store {
    /// What a prune would take now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn expired(&self, cutoffs: &Cutoffs) -> Result<Expired, StoreError> {
        let _one_state = self.hold()?;
        let (articles, clusters) = moments(cutoffs);
        let corrected = corrected(&self.connection)?;
        let sql =
            format!("SELECT count(*), coalesce(sum(article_count), 0) FROM clusters c WHERE {IS_OLD} AND {IS_FREE}");
        let (count, inside) = self.connection.query_row(&sql, (articles, clusters, &corrected), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
        let sql = format!("SELECT count(*) FROM clusters c WHERE {IS_OLD} AND NOT ({IS_FREE})");
        let kept: i64 = self.connection.query_row(&sql, (articles, clusters, &corrected), |row| row.get(0))?;
        let sql = format!(
            "SELECT count(*) FROM revisions r JOIN memberships m ON m.article = r.article JOIN clusters c ON c.id = m.cluster
             WHERE r.seen < ?4 AND NOT ({IS_OLD} AND {IS_FREE})"
        );
        let revisions: i64 = match cutoffs.revisions {
            None => 0,
            Some(before) => {
                let values = (articles, clusters, &corrected, before.as_millisecond());
                self.connection.query_row(&sql, values, |row| row.get(0))?
            }
        };
        Ok(Expired {
            articles: inside.unsigned_abs(),
            clusters: count.unsigned_abs(),
            revisions: revisions.unsigned_abs(),
            clusters_kept: kept.unsigned_abs(),
            tidied: self.untidy(cutoffs)?,
        })
    }

    fn untidy(&self, cutoffs: &Cutoffs) -> Result<Tidied, StoreError> {
        let Some(before) = cutoffs.editions.map(Timestamp::as_millisecond) else { return Ok(Tidied::default()) };
        let count = |table: &str, is_old: &str| -> Result<usize, StoreError> {
            let sql = format!("SELECT count(*) FROM {table} WHERE {is_old}");
            let count: i64 = self.connection.query_row(&sql, [before], |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or_default())
        };
        Ok(Tidied { editions: count("editions", EDITION_IS_OLD)?, letters: count("outbox", LETTER_IS_OLD)? })
    }

    /// When the articles were seen between which the log leaps by `leap_milliseconds` or more: the last such pair. A clock that was wrong
    /// leaves one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last_leap(&self, leap_milliseconds: i64) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let sql = "SELECT before, seen FROM (SELECT seen, lag(seen) OVER (ORDER BY seen) AS before FROM articles)
            WHERE seen - before >= ?1 ORDER BY seen DESC LIMIT 1";
        let pair = |row: &rusqlite::Row<'_>| Ok((instant(row.get(0)?), instant(row.get(1)?)));
        Ok(self.connection.query_row(sql, [leap_milliseconds], pair).optional()?)
    }

    /// Forgets what readers have seen of articles that are gone, and editions and mails that are old. The last edition of each name
    /// stays, and so does one whose content is kept or whose stories are still stored: they would be told again.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn tidy(&mut self, cutoffs: &Cutoffs) -> Result<Tidied, StoreError> {
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for table in ["told", "dismissed", "views_left_out"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE article NOT IN (SELECT id FROM articles)"), [])?;
        }
        let mut tidied = Tidied::default();
        if let Some(before) = cutoffs.editions {
            let before = before.as_millisecond();
            tidied.editions = transaction.execute(&format!("DELETE FROM editions WHERE {EDITION_IS_OLD}"), [before])?;
            tidied.letters = transaction.execute(&format!("DELETE FROM outbox WHERE {LETTER_IS_OLD}"), [before])?;
            transaction.execute("DELETE FROM mails WHERE id NOT IN (SELECT mail FROM outbox)", [])?;
        }
        transaction.commit()?;
        Ok(tidied)
    }

    /// Gives up to `pages_max` free pages back to the file system, as long as more than `share_percent` of the file is free; says how many
    /// pages went. A file that was made before it could do so gives none: [`Store::compact`] makes it able to.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn give_back(&mut self, pages_max: i64, share_percent: i64) -> Result<i64, StoreError> {
        let read = |pragma: &str| self.connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let (pages, free) = (read("page_count")?, read("freelist_count")?);
        let spare = free - pages * share_percent / 100;
        if spare <= 0 || read("auto_vacuum")? == 0 {
            return Ok(0);
        }
        let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({})", spare.min(pages_max)))?;
        // It frees one page for each step.
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        drop(statement);
        Ok(pages - self.connection.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?)
    }

    /// Writes the whole file anew without its free pages, and able to give them back from then on. Nobody else can write meanwhile, and the
    /// disk must have room for the file twice more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        // Not in memory, where other things that are temporary are.
        self.connection.execute_batch(
            "PRAGMA temp_store = FILE; PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA temp_store = MEMORY",
        )?;
        self.checkpoint()
    }
}

impl Batch<'_> {
    /// The articles of the next clusters that are old enough, each cluster whole: `articles_max` or a few more; and where to go on. Only
    /// what stood when all was settled is looked at.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_expired(
        &self,
        cutoffs: &Cutoffs,
        after: Cursor,
        articles_max: usize,
    ) -> Result<(Vec<ArticleId>, Cursor), StoreError> {
        let (articles, clusters) = moments(cutoffs);
        let corrected = corrected(&self.transaction)?;
        let settled = self.settled_until()?.unwrap_or(ArticleId(0));
        let sql = format!(
            "SELECT c.id, c.last_seen FROM clusters c WHERE (c.last_seen, c.id) > (?5, ?6) AND {IS_OLD} AND {IS_FREE}
                AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.cluster = c.id AND m.article > ?4)
             ORDER BY c.last_seen, c.id"
        );
        let mut expired = self.transaction.prepare_cached(&sql)?;
        let mut members = self.transaction.prepare_cached("SELECT article FROM memberships WHERE cluster = ?1")?;
        let mut rows = expired.query((articles, clusters, &corrected, settled.0, after.last_seen, after.cluster))?;
        let (mut found, mut cursor) = (Vec::new(), after);
        while found.len() < articles_max
            && let Some(row) = rows.next()?
        {
            cursor = Cursor { cluster: row.get(0)?, last_seen: row.get(1)? };
            let inside = members.query_map([cursor.cluster], |row| row.get(0).map(ArticleId))?;
            for article in inside {
                found.push(article?);
            }
        }
        Ok((found, cursor))
    }

    /// Drops up to `most` earlier words of articles, in no order; says how many. Only what was settled: `rebuild` needs the first
    /// words of all others.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn drop_revisions(&mut self, cutoffs: &Cutoffs, most: usize) -> Result<usize, StoreError> {
        let Some(before) = cutoffs.revisions else { return Ok(0) };
        let settled = self.settled_until()?.unwrap_or(ArticleId(0));
        let sql = "DELETE FROM revisions WHERE (article, number) IN (
            SELECT article, number FROM revisions WHERE seen < ?1 AND article <= ?2 LIMIT ?3)";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        Ok(self.transaction.execute(sql, (before.as_millisecond(), settled.0, most))?)
    }
}

fn moments(cutoffs: &Cutoffs) -> (i64, i64) {
    let moment = |cutoff: Option<Timestamp>| cutoff.map_or(i64::MIN, Timestamp::as_millisecond);
    (moment(cutoffs.articles), moment(cutoffs.clusters))
}

/// The clusters that a correction which stands, or is still to be obeyed, names or moved articles out of: they stay as they are, or it
/// could be neither kept to nor undone. As a JSON list.
fn corrected(connection: &Connection) -> Result<String, StoreError> {
    let corrections: Vec<Correction> =
        standing_until(connection, i64::MAX)?.into_iter().chain(pending(connection)?).collect();
    let mut named: BTreeSet<ArticleId> = BTreeSet::new();
    let mut left = connection.prepare_cached("SELECT article, cluster FROM correction_moves WHERE correction = ?1")?;
    for correction in &corrections {
        named.extend(correction.ones.iter().chain(&correction.others));
        let mut rows = left.query([correction.number])?;
        while let Some(row) = rows.next()? {
            named.extend([ArticleId(row.get(0)?), ArticleId(row.get(1)?)]);
        }
    }
    // A pending undoing moves back what the undone one moved; that one stands until then, so it is among them.
    let mut place = connection.prepare_cached("SELECT cluster FROM memberships WHERE article = ?1")?;
    let mut clusters = BTreeSet::new();
    for article in named {
        clusters.extend(place.query_row([article.0], |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(json(&clusters.iter().map(i64::to_string).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::model::FeedWish;
    use crate::store::Store;
    use crate::store::retention::{Cutoffs, Tidied};

    fn numbers(store: &Store, sql: &str) -> Vec<i64> {
        let mut statement = store.connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn of_what_was_sent_stays_what_keeps_a_story_from_being_told_again() {
        let now: Timestamp = "2026-06-30T12:00:00Z".parse().unwrap();
        let mut store = Store::in_memory(0, now).unwrap();
        store.add_feed(&FeedWish::of_url("https://a.example/"), now).unwrap();
        store
            .connection
            .execute_batch(
                "INSERT INTO articles (id, code, feed, outlet, title, text, published, seen, links, categories, revision, changed, revised)
                    VALUES (1, 'a1', 1, 'A', 'One', '', 0, 0, '[]', '[]', 1, 1, 0);
                 INSERT INTO dismissed VALUES (1, 0), (2, 0);
                 INSERT INTO views_left_out VALUES ('clusters', 'mine', 1), ('clusters', 'mine', 2);
                 -- Of the daily ones 1 told what is stored, 2 what is gone, 3 has its content, 4 is nothing special, 5 is the last.
                 INSERT INTO editions (name, number, covers_from, covers_until, made, place, stories, format, content)
                    VALUES ('daily', 1, 0, 0, 1000, 1, 1, 'text', NULL), ('daily', 2, 0, 0, 1000, 1, 1, 'text', NULL),
                           ('daily', 3, 0, 0, 1000, 1, 1, 'text', x'41'), ('daily', 4, 0, 0, 5000, 1, 0, 'text', NULL),
                           ('daily', 5, 0, 0, 1000, 1, 0, 'text', NULL), ('weekly', 1, 0, 0, 1000, 1, 0, 'text', NULL);
                 INSERT INTO told VALUES ('daily', 1, 1), ('daily', 2, 2);
                 INSERT INTO mails VALUES (1, 'one', 's', x''), (2, 'two', 's', x'41'), (3, 'three', 's', x'41');
                 -- Sent long ago and lately, waiting since long ago, given up long ago.
                 INSERT INTO outbox (id, mail, recipient, since, attempts, next_attempt, failure, sent, given_up)
                    VALUES (1, 1, 'a', 0, 1, 0, NULL, 1000, 0), (2, 1, 'b', 0, 1, 0, NULL, 5000, 0),
                           (3, 2, 'a', 0, 1, 1000, 'no', NULL, 0), (4, 3, 'a', 0, 9, 1000, 'no', NULL, 1);",
            )
            .unwrap();
        assert_eq!(store.tidy(&Cutoffs::default()).unwrap(), Tidied::default(), "only of articles that are gone");
        assert_eq!(numbers(&store, "SELECT article FROM told"), [1]);
        assert_eq!(numbers(&store, "SELECT article FROM dismissed"), [1]);
        assert_eq!(numbers(&store, "SELECT article FROM views_left_out"), [1]);
        let cutoffs = Cutoffs { editions: Some(Timestamp::from_millisecond(2_000).unwrap()), ..Cutoffs::default() };
        assert_eq!(store.tidy(&cutoffs).unwrap(), Tidied { editions: 1, letters: 2 });
        assert_eq!(numbers(&store, "SELECT number FROM editions ORDER BY name, number"), [1, 3, 4, 5, 1]);
        assert_eq!(numbers(&store, "SELECT id FROM outbox ORDER BY id"), [2, 3]);
        assert_eq!(numbers(&store, "SELECT id FROM mails ORDER BY id"), [1, 2]);
        assert_eq!(store.tidy(&cutoffs).unwrap(), Tidied::default());
    }
}
