//! Door: the full-text index, which follows the articles in transactions of its own.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Row, TransactionBehavior};

use crate::model::{ArticleId, Cluster};
use crate::store::{Store, StoreError};

/// One match of a search: a cluster and those of its articles that match, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The cluster, whole.
    pub cluster: Cluster,
    /// The matching articles.
    pub articles: Vec<ArticleId>,
}

impl Store {
    /// Indexes up to `articles_max` articles that are new or revised since the last call; says how many it did.
    ///
    /// # Errors
    /// When the file cannot be written; the next call goes on where the last good one ended.
    pub fn index(&mut self, articles_max: usize) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let from: i64 =
            transaction.query_row("SELECT value FROM meta WHERE key = 'indexed_seq'", [], |row| row.get(0))?;
        let mut done = 0;
        let mut reached = from;
        {
            let mut pending = transaction.prepare_cached(
                "SELECT id, changed, title, text FROM articles WHERE changed > ?1 ORDER BY changed LIMIT ?2",
            )?;
            let mut insert =
                transaction.prepare_cached("INSERT OR REPLACE INTO search (rowid, title, text) VALUES (?1, ?2, ?3)")?;
            let mut rows = pending.query((from, i64::try_from(articles_max).unwrap_or(i64::MAX)))?;
            while let Some(row) = rows.next()? {
                insert.execute((row.get::<_, i64>(0)?, borrowed(row, 2)?, borrowed(row, 3)?))?;
                reached = row.get(1)?;
                done += 1;
            }
        }
        transaction.execute("UPDATE meta SET value = ?1 WHERE key = 'indexed_seq'", [reached])?;
        transaction.commit()?;
        Ok(done)
    }

    /// Empties the index, so that [`Store::index`] begins anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_index(&mut self) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(
            "INSERT INTO search (search) VALUES ('delete-all'); UPDATE meta SET value = 0 WHERE key = 'indexed_seq'",
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// The articles that match `words`, grouped by cluster, best match first, at most `articles_max` articles. A match in the
    /// title counts four times one in the text.
    ///
    /// # Errors
    /// [`StoreError::Query`] when the words cannot be read.
    pub fn search(&self, words: &str, articles_max: usize) -> Result<Vec<Hit>, StoreError> {
        let words = checked(words)?;
        let _one_state = self.snapshot()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY bm25(search, 4.0, 1.0), rowid LIMIT ?2",
        )?;
        let limit = i64::try_from(articles_max).unwrap_or(i64::MAX);
        let matches = statement
            .query_map((&words, limit), |row| row.get(0).map(ArticleId))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| explained(error, Some(&words)))?;
        let clusters = self.clusters_of(&matches)?;
        let hits = clusters.into_iter().map(|cluster| {
            let is_member = |id: &ArticleId| cluster.members.iter().any(|member| member.article.id == *id);
            let articles = matches.iter().copied().filter(is_member).collect();
            Hit { cluster, articles }
        });
        Ok(hits.collect())
    }
}

/// A text of a row, bound to the next statement without a copy.
fn borrowed<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<ToSqlOutput<'row>> {
    row.get_ref(column).map(ToSqlOutput::Borrowed)
}

/// Words as FTS5 takes them: one that stands for nothing is refused here, in our words.
pub(crate) fn checked(words: &str) -> Result<String, StoreError> {
    if words.chars().any(char::is_alphanumeric) && !words.contains('\0') {
        return Ok(words.to_owned());
    }
    Err(StoreError::Query { query: words.to_owned(), why: "it holds no word".to_owned() })
}

/// Tells a user's broken query from a broken database.
pub(crate) fn explained(error: rusqlite::Error, words: Option<&str>) -> StoreError {
    match (&error, words) {
        (rusqlite::Error::SqliteFailure(failure, Some(message)), Some(words))
            if failure.code == rusqlite::ErrorCode::Unknown =>
        {
            let why = message.strip_prefix("fts5: ").unwrap_or(message);
            let why = if why == "syntax error near \"\"" { "something is missing at its end" } else { why };
            let why = format!("{why}; quote what is meant as it stands: '\"{}\"'", words.replace('"', " ").trim());
            StoreError::Query { query: words.to_owned(), why }
        }
        _ => StoreError::from(error),
    }
}
