//! Door: the full-text index, which follows the articles in transactions of its own.

use std::borrow::Cow;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Row, TransactionBehavior};

use crate::lookup;
use crate::model::{ArticleId, ClusterId};
use crate::store::{Store, StoreError};

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The matching articles with their clusters: best first, or newest first where there are more than are weighed.
    pub articles: Vec<(ArticleId, ClusterId)>,
    /// Whether more match than are told: then these are the newest.
    pub is_cut: bool,
}

/// A match in the title counts four times one in the text.
const BEST: &str = "SELECT s.rowid, m.cluster FROM search s
    JOIN memberships m INDEXED BY memberships_article ON m.article = s.rowid
    WHERE search MATCH ?1 ORDER BY bm25(search, 4.0, 1.0), s.rowid";
/// The index is read backwards, and no further than is asked.
const NEWEST: &str = "SELECT s.rowid, m.cluster FROM search s
    JOIN memberships m INDEXED BY memberships_article ON m.article = s.rowid
    WHERE search MATCH ?1 ORDER BY s.rowid DESC LIMIT ?2";
const MORE_THAN: &str = "SELECT count(*) FROM (SELECT rowid FROM search WHERE search MATCH ?1 LIMIT ?2)";

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
                insert.execute((row.get::<_, i64>(0)?, indexed(row, 2)?, indexed(row, 3)?))?;
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

    /// The articles that match `words`: all of them, best first, where there are no more than `weighed_max`; else so many of the
    /// newest, newest first, so that a word that stands everywhere costs no more than another.
    ///
    /// # Errors
    /// [`StoreError::Query`] when the words cannot be read.
    pub fn matches(&self, words: &str, weighed_max: usize) -> Result<Matches, StoreError> {
        let query = checked(words)?;
        let told = |error| explained(error, Some(words));
        let most = i64::try_from(weighed_max).unwrap_or(i64::MAX - 1);
        let count: i64 =
            self.connection.prepare_cached(MORE_THAN)?.query_row((&query, most + 1), |row| row.get(0)).map_err(told)?;
        let place = |row: &Row<'_>| Ok((ArticleId(row.get(0)?), ClusterId(ArticleId(row.get(1)?))));
        let is_cut = count > most;
        let articles = if is_cut {
            let mut newest = self.connection.prepare_cached(NEWEST)?;
            newest.query_map((&query, most), place)?.collect::<Result<Vec<_>, _>>()
        } else {
            let mut best = self.connection.prepare_cached(BEST)?;
            best.query_map([&query], place)?.collect::<Result<Vec<_>, _>>()
        };
        Ok(Matches { articles: articles.map_err(told)?, is_cut })
    }
}

/// A text of a row as the index takes it, in most cases bound to the next statement without a copy.
fn indexed<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<ToSqlOutput<'row>> {
    let stored = row.get_ref(column)?;
    Ok(match stored.as_str().map(lookup::indexed) {
        Ok(Cow::Owned(spelt)) => ToSqlOutput::from(spelt),
        _ => ToSqlOutput::Borrowed(stored),
    })
}

/// Words as FTS5 takes them: those that stand for nothing are refused here, in our words.
pub(crate) fn checked(words: &str) -> Result<String, StoreError> {
    if words.chars().any(char::is_alphanumeric) && !words.contains('\0') {
        return Ok(lookup::query(words));
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
            let why = match why.strip_prefix("no such column: ") {
                Some(column) => format!("there is no field `{column}`, only `title` and `text`"),
                None => why.to_owned(),
            };
            let why = format!("{why}; quote what is meant as it stands: '\"{}\"'", words.replace('"', " ").trim());
            StoreError::Query { query: words.to_owned(), why }
        }
        _ => StoreError::from(error),
    }
}
