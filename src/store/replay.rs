//! Door: the ground log read again: to restore the clusterer's window, and to remake everything derived.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use crate::model::{ArticleId, ClusterId, Remembered};
use crate::store::{Batch, Store, StoreError, instant};

/// An article as it was first stored, which is all that decides where it belongs.
#[derive(Clone, Debug, PartialEq)]
pub struct Founding {
    /// The article.
    pub id: ArticleId,
    /// Its first title.
    pub title: String,
    /// Its first text.
    pub text: String,
    /// Its language.
    pub lang: Option<String>,
    /// Its publisher.
    pub outlet: String,
    /// When it was published.
    pub published: Timestamp,
    /// When it was first seen.
    pub seen: Timestamp,
    /// Whether its feed's articles may be grouped.
    pub may_group: bool,
    /// Whether `published` is its feed's word.
    pub dated: bool,
    /// The sentences of its first text that its feed repeats: see [`crate::model::Draft::repeated`].
    pub repeated: Vec<u32>,
}

impl Store {
    /// When the last article of the log was seen, where there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last_seen(&self) -> Result<Option<Timestamp>, StoreError> {
        let last = "SELECT seen FROM articles ORDER BY id DESC LIMIT 1";
        Ok(self.connection.query_row(last, [], |row| row.get(0)).optional()?.map(instant))
    }

    /// The latest moment at which an article was seen since the window last began anew, where there is one: by a clock that was set back,
    /// not the last article's.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn latest_seen(&self) -> Result<Option<Timestamp>, StoreError> {
        latest_seen(&self.connection, LAST)
    }

    /// When the first of those last articles was seen that are all from before the window that starts there; `None` where the last one is
    /// not.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn behind_since(&self, start: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        behind_since(&self.connection, start, LAST)
    }

    /// Hands over what the clusterer remembers of every article first seen after `since` and after the window last began anew, in log order,
    /// for as long as `take` says `true`. One whose memory was dropped, when the window was smaller, has an empty one, which says that it must be made again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn memories(&self, since: Timestamp, take: impl FnMut(Remembered) -> bool) -> Result<(), StoreError> {
        memories(&self.connection, since, take)
    }

    /// These articles as they were first stored, each with what the clusterer remembers of it (empty where that is gone), in log
    /// order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn first_stored(&self, articles: &[ArticleId]) -> Result<Vec<(Founding, Vec<u8>)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{FOUNDINGS} WHERE a.id = ?1"))?;
        let mut memory = self.connection.prepare_cached("SELECT memory FROM memories WHERE article = ?1")?;
        let mut sorted = articles.to_vec();
        sorted.sort();
        let mut found = Vec::with_capacity(sorted.len());
        for article in sorted {
            let founding = statement.query_row([article.0], founding)?;
            found.push((founding, memory.query_row([article.0], |row| row.get(0)).optional()?.unwrap_or_default()));
        }
        Ok(found)
    }

    /// Drops what the clusterer remembered of articles that were stored before every article seen after `before`; it is of no
    /// more use, and would grow without end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn drop_memories(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        Ok(self.connection.execute(FORGET, [before.as_millisecond()])?)
    }

    /// Goes back to where articles were last pruned, or drops everything derived, and lets `remake` place every article behind that place
    /// (`None`: every one) anew, in one transaction: readers see the old clusters until the new ones stand, and a failure leaves
    /// the old ones.
    ///
    /// # Errors
    /// Those of `remake`, and when the file cannot be written.
    pub fn remake<F>(&mut self, remake: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Batch<'_>, Option<ArticleId>) -> Result<(), StoreError>,
    {
        let mut batch = self.batch()?;
        batch.part_with_clusters()?;
        let border = batch.go_back()?;
        if border.is_none() {
            batch.drop_derived()?;
        }
        remake(&mut batch, border)?;
        batch.welcome_clusters()?;
        batch.commit()
    }

    /// Everything derived as text, one line a membership, then one each relation, each former cluster and each article that a correction moved,
    /// in a canonical order: two
    /// databases that agree on it agree on all.
    /// Memories are shown of articles seen after `memories_since`: those of older ones may have been dropped already or not.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dump(&self, memories_since: Timestamp) -> Result<String, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT a.code, f.code, m.reason, coalesce(o.code, '-'),
                CASE WHEN a.seen > ?1 AND a.id >= (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun') THEN hex(coalesce(r.memory, x'')) ELSE '-' END,
                c.first_published, c.last_published, c.last_seen, c.article_count
             FROM memberships m JOIN articles a ON a.id = m.article JOIN articles f ON f.id = m.cluster
             JOIN clusters c ON c.id = m.cluster LEFT JOIN articles o ON o.id = m.copy_of
             LEFT JOIN memories r ON r.article = m.article ORDER BY a.code",
        )?;
        let mut dump = String::new();
        tell(&mut dump, statement.query([memories_since.as_millisecond()])?)?;
        let mut relations = self.connection.prepare(
            "SELECT 'related', a.code, b.code, r.probability FROM relations r
             JOIN articles a ON a.id = r.one JOIN articles b ON b.id = r.other ORDER BY a.code, b.code",
        )?;
        tell(&mut dump, relations.query([])?)?;
        let mut former = self.connection.prepare(
            "SELECT 'former', a.code, b.code FROM former_clusters f JOIN articles a ON a.id = f.id
             JOIN memberships m ON m.article = f.id JOIN articles b ON b.id = m.cluster ORDER BY a.code",
        )?;
        tell(&mut dump, former.query([])?)?;
        let mut moves = self.connection.prepare(
            "SELECT 'moved', c.seq, a.code, b.code, v.reason FROM correction_moves v JOIN corrections c ON c.number = v.correction
             JOIN articles a ON a.id = v.article JOIN articles b ON b.id = v.cluster ORDER BY c.seq, a.code",
        )?;
        tell(&mut dump, moves.query([])?)?;
        Ok(dump)
    }
}

/// Writes rows as lines, cells divided by tabs.
fn tell(dump: &mut String, mut rows: Rows<'_>) -> Result<(), StoreError> {
    while let Some(row) = rows.next()? {
        let columns = row.as_ref().column_count();
        for column in 0..columns {
            let cell = match row.get_ref(column)? {
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Real(number) => number.to_string(),
                text => text.as_str().map_err(rusqlite::Error::from)?.to_owned(),
            };
            dump.push_str(&cell);
            dump.push(if column + 1 == columns { '\n' } else { '\t' });
        }
    }
    Ok(())
}

/// By place in the log, so that only what is dropped is visited, and not every article there ever was; left alone, SQLite would
/// look for the smallest id from the first article on.
pub(crate) const FORGET: &str = "DELETE FROM memories WHERE article <
    (SELECT min(id) FROM articles INDEXED BY articles_seen WHERE seen > ?1
        AND id >= (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun'))";

/// Articles as first stored, joined so that revision 1 stands in for the current words where there is one.
const FOUNDINGS: &str =
    "SELECT a.id, coalesce(r.title, a.title), coalesce(r.text, a.text), a.lang, a.outlet, a.published, a.seen,
    f.cluster, m.cluster, a.date_doubt IS NULL, a.repeated
    FROM articles a JOIN feeds f ON f.id = a.feed LEFT JOIN revisions r ON r.article = a.id AND r.number = 1
    LEFT JOIN memberships m ON m.article = a.id";

/// The place in the log behind every article.
const LAST: ArticleId = ArticleId(i64::MAX);

/// See [`Store::latest_seen`]; of the articles up to a place in the log.
pub(crate) fn latest_seen(connection: &Connection, until: ArticleId) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seen FROM articles INDEXED BY articles_seen
         WHERE id <= ?1 AND id >= (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun')
         ORDER BY seen DESC LIMIT 1",
    )?;
    Ok(statement.query_row([until.0], |row| row.get(0)).optional()?.map(instant))
}

/// When the first of those articles was seen that all, up to this place in the log, are from before the window that starts there; `None`
/// where the last one is not.
pub(crate) fn behind_since(
    connection: &Connection,
    start: Timestamp,
    until: ArticleId,
) -> Result<Option<Timestamp>, StoreError> {
    // Backwards from the end, so that no more is visited than came from there.
    let mut statement = connection.prepare_cached(
        "SELECT seen FROM articles NOT INDEXED WHERE id <= ?2 AND id >
            coalesce((SELECT id FROM articles NOT INDEXED WHERE id <= ?2 AND seen >= ?1 ORDER BY id DESC LIMIT 1), ?2)
         ORDER BY id LIMIT 1",
    )?;
    // The window is counted in whole seconds.
    let start = start.as_second().saturating_mul(1_000);
    Ok(statement.query_row([start, until.0], |row| row.get(0)).optional()?.map(instant))
}

/// See [`Store::memories`].
pub(crate) fn memories(
    connection: &Connection,
    since: Timestamp,
    mut take: impl FnMut(Remembered) -> bool,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.id, m.cluster, a.published, a.seen, coalesce(r.memory, x'')
         FROM articles a JOIN memberships m ON m.article = a.id LEFT JOIN memories r ON r.article = a.id
         WHERE a.seen > ?1 AND a.id >= (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun') ORDER BY a.id",
    )?;
    let mut rows = statement.query([since.as_millisecond()])?;
    while let Some(row) = rows.next()? {
        let remembered = Remembered {
            article: ArticleId(row.get(0)?),
            cluster: ClusterId(ArticleId(row.get(1)?)),
            published: instant(row.get(2)?),
            seen: instant(row.get(3)?),
            memory: row.get(4)?,
        };
        if !take(remembered) {
            break;
        }
    }
    Ok(())
}

/// Up to `articles_max` articles after `after` in the log, as they were first stored.
pub(crate) fn foundings(
    connection: &Connection,
    after: ArticleId,
    articles_max: usize,
) -> Result<Vec<Founding>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{FOUNDINGS} WHERE a.id > ?1 ORDER BY a.id LIMIT ?2"))?;
    let rows = statement.query_map((after.0, i64::try_from(articles_max).unwrap_or(i64::MAX)), founding)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every placed article first seen after `since`, as it was first stored, with its cluster, in log order.
pub(crate) fn window(connection: &Connection, since: Timestamp) -> Result<Vec<(Founding, ClusterId)>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "{FOUNDINGS} WHERE a.seen > ?1 AND m.cluster IS NOT NULL
            AND a.id >= (SELECT coalesce(max(value), 0) FROM meta WHERE key = 'window_begun') ORDER BY a.id"
    ))?;
    let rows =
        statement.query_map([since.as_millisecond()], |row| Ok((founding(row)?, ClusterId(ArticleId(row.get(8)?)))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn founding(row: &Row<'_>) -> rusqlite::Result<Founding> {
    Ok(Founding {
        id: ArticleId(row.get(0)?),
        title: row.get(1)?,
        text: row.get(2)?,
        lang: row.get(3)?,
        outlet: row.get(4)?,
        published: instant(row.get(5)?),
        seen: instant(row.get(6)?),
        may_group: row.get(7)?,
        dated: row.get(9)?,
        repeated: row.get_ref(10)?.as_blob_or_null()?.map(unpacked).unwrap_or_default(),
    })
}

/// Marks of sentences as they are stored; nothing for none, as most articles have.
pub(crate) fn packed(marks: &[u32]) -> Option<Vec<u8>> {
    (!marks.is_empty()).then(|| marks.iter().flat_map(|mark| mark.to_le_bytes()).collect())
}

fn unpacked(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|mark| u32::from_le_bytes(*mark)).collect()
}
