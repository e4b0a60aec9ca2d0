//! Door: a person's corrections: asked for by any process, obeyed by the writer, and what each of them moved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{ArticleId, ClusterId, Code, Correction, Reason, Ruling};
use crate::store::regroup::COUNT_AGAIN;
use crate::store::{Batch, Store, StoreError, instant};

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it says.
    pub ruling: Ruling,
    /// The articles of one side; of an undoing none.
    pub ones: Vec<ArticleId>,
    /// The articles of the other side; of an undoing none.
    pub others: Vec<ArticleId>,
    /// The correction to undo.
    pub undoes: Option<i64>,
}

/// An article on its way to another cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Moving {
    /// The article.
    pub article: ArticleId,
    /// Where it goes.
    pub to: ClusterId,
    /// Why it is there.
    pub reason: Reason,
}

/// What a correction moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The article.
    pub article: ArticleId,
    /// Where it was.
    pub from: ClusterId,
    /// Why it had been there.
    pub reason: Reason,
}

const CORRECTION: &str = "SELECT number, made, ruling, ones, others, undoes, seq FROM corrections";

impl Store {
    /// Notes a correction, which the writer obeys before its next batch; any process may ask for one at any time. Gives its number, or
    /// `None` where it would undo what is undone already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_correction(&mut self, wanted: &Wanted, made: Timestamp) -> Result<Option<i64>, StoreError> {
        let transaction = self.lasting()?;
        let undone = "SELECT 1 FROM corrections WHERE undoes = ?1";
        if wanted.undoes.is_some() && transaction.prepare_cached(undone)?.exists([wanted.undoes])? {
            return Ok(None);
        }
        let number = note(&transaction, wanted, made)?;
        transaction.commit()?;
        Ok(Some(number))
    }

    /// Notes corrections that another database knew, each with the moment when it was made: all of them or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_corrections(&mut self, wanted: &[(Wanted, Timestamp)]) -> Result<(), StoreError> {
        let transaction = self.lasting()?;
        for (wanted, made) in wanted {
            note(&transaction, wanted, *made)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Every correction, in the order in which they were made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn corrections(&self) -> Result<Vec<Correction>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("{CORRECTION} ORDER BY number"))?;
        let rows = statement.query_map([], correction)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether the writer has a correction still to obey.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_correction_pending(&self) -> Result<bool, StoreError> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM corrections WHERE seq IS NULL")?.exists([])?)
    }

    /// Whom a correction moved, in the order of articles; empty while it is not obeyed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn moved_by(&self, correction: i64) -> Result<Vec<Moved>, StoreError> {
        moved_by(&self.connection, correction)
    }

    /// The last correction that stands and moved this article, if one did.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn correction_of(&self, article: ArticleId) -> Result<Option<Correction>, StoreError> {
        let sql = format!(
            "{CORRECTION} WHERE number = (SELECT c.number FROM correction_moves m JOIN corrections c ON c.number = m.correction
             WHERE m.article = ?1 AND c.undoes IS NULL
                AND NOT EXISTS (SELECT 1 FROM corrections u WHERE u.undoes = c.number AND u.seq IS NOT NULL)
             ORDER BY c.seq DESC LIMIT 1)"
        );
        Ok(self.connection.prepare_cached(&sql)?.query_row([article.0], correction).optional()?)
    }

    /// The last correction that holds two articles together or apart as they are, if one does.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn correction_between(&self, [one, other]: [ArticleId; 2]) -> Result<Option<Correction>, StoreError> {
        let places = self.places_of(&[one, other])?;
        let is_together = places.get(&one) == places.get(&other);
        let speaks = |Correction { ruling, ones, others, .. }: &Correction| {
            let sides = [one, other].map(|article| (ones.contains(&article), others.contains(&article)));
            match ruling {
                Ruling::Merge => is_together && sides.iter().all(|(is_one, is_other)| *is_one || *is_other),
                // A chain of merges may have overruled it.
                _ => !is_together && ((sides[0].0 && sides[1].1) || (sides[0].1 && sides[1].0)),
            }
        };
        Ok(self.standing_corrections()?.into_iter().rfind(speaks))
    }

    /// In which clusters these articles are; one that is not stored is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn places_of(&self, articles: &[ArticleId]) -> Result<BTreeMap<ArticleId, ClusterId>, StoreError> {
        places_of(&self.connection, articles)
    }

    /// The last correction that stands and names this article, if one does.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn correction_naming(&self, article: ArticleId) -> Result<Option<Correction>, StoreError> {
        let names = |known: &Correction| known.ones.contains(&article) || known.others.contains(&article);
        Ok(self.standing_corrections()?.into_iter().rfind(names))
    }

    /// The public ids and titles of these articles; one that is not stored is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn names_of(&self, articles: &[ArticleId]) -> Result<Vec<(Code, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT code, title FROM articles WHERE id = ?1")?;
        let mut names = Vec::with_capacity(articles.len());
        for article in articles {
            names.extend(statement.query_row([article.0], |row| Ok((Code(row.get(0)?), row.get(1)?))).optional()?);
        }
        Ok(names)
    }

    /// The articles of these public ids; one that is not stored is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn articles_of_codes(&self, codes: &[String]) -> Result<Vec<ArticleId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT id FROM articles WHERE code = ?1")?;
        let mut articles = Vec::with_capacity(codes.len());
        for code in codes {
            articles.extend(statement.query_row([code], |row| row.get(0).map(ArticleId)).optional()?);
        }
        Ok(articles)
    }

    /// What holds of all corrections that were obeyed, in the order of the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing_corrections(&self) -> Result<Vec<Correction>, StoreError> {
        Ok(standing(obeyed(&self.connection)?))
    }
}

impl Batch<'_> {
    /// What people asked for and nobody obeyed yet, in the order of asking.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn pending_corrections(&self) -> Result<Vec<Correction>, StoreError> {
        pending(&self.transaction)
    }

    /// What was obeyed, in the order of the log, of which a rebuild obeys each in its place.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn obeyed_corrections(&self) -> Result<Vec<Correction>, StoreError> {
        obeyed(&self.transaction)
    }

    /// What holds of the corrections up to a place in the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing_corrections(&self, until: i64) -> Result<Vec<Correction>, StoreError> {
        standing_until(&self.transaction, until)
    }

    /// Gives a correction its place in the log.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn enter_correction(&mut self, number: i64) -> Result<i64, StoreError> {
        let seq = self.next();
        self.transaction.prepare_cached("UPDATE corrections SET seq = ?2 WHERE number = ?1")?.execute((number, seq))?;
        Ok(seq)
    }

    /// Whom a correction moved, in the order of articles.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn moved_by(&self, correction: i64) -> Result<Vec<Moved>, StoreError> {
        moved_by(&self.transaction, correction)
    }

    /// Writes anew what corrections did to an article: these did nothing to it after all, but those did, each from where it moved it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn note_anew(&mut self, article: ArticleId, gone: &[i64], moved: &[(i64, Moved)]) -> Result<(), StoreError> {
        let strike = "DELETE FROM correction_moves WHERE correction = ?1 AND article = ?2";
        for correction in gone {
            self.transaction.prepare_cached(strike)?.execute((correction, article.0))?;
        }
        for (correction, Moved { article, from, reason }) in moved {
            let note = "INSERT INTO correction_moves VALUES (?1, ?2, ?3, ?4)";
            self.transaction.prepare_cached(note)?.execute((correction, article.0, from.0.0, written(reason)))?;
        }
        Ok(())
    }

    /// The articles of a cluster, each with why it is there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn reasons_in(&self, cluster: ClusterId) -> Result<Vec<(ArticleId, Reason)>, StoreError> {
        let mut statement =
            self.transaction.prepare_cached("SELECT article, reason FROM memberships WHERE cluster = ?1")?;
        let rows = statement.query_map([cluster.0.0], |row| Ok((ArticleId(row.get(0)?), read(row, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// In which clusters these articles are; one that is not stored is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn places_of(&self, articles: &[ArticleId]) -> Result<BTreeMap<ArticleId, ClusterId>, StoreError> {
        places_of(&self.transaction, articles)
    }

    /// The articles of these clusters; of one that is no more, none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn articles_of(
        &self,
        clusters: &BTreeSet<ClusterId>,
    ) -> Result<BTreeMap<ClusterId, BTreeSet<ArticleId>>, StoreError> {
        let mut statement = self.transaction.prepare_cached("SELECT article FROM memberships WHERE cluster = ?1")?;
        let mut found = BTreeMap::new();
        for cluster in clusters {
            let articles = statement.query_map([cluster.0.0], |row| row.get(0).map(ArticleId))?;
            let articles: BTreeSet<ArticleId> = articles.collect::<Result<_, _>>()?;
            if !articles.is_empty() {
                found.insert(*cluster, articles);
            }
        }
        Ok(found)
    }

    /// Brings articles into other clusters because of a correction, and notes where they were and why; one that stays where it is gets
    /// another reason alone. A cluster that is left empty is no more, and its id leads to where its first article is; one that takes its
    /// first article stands from then on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn move_articles(&mut self, correction: i64, moving: &[Moving]) -> Result<(), StoreError> {
        let articles: Vec<ArticleId> = moving.iter().map(|moving| moving.article).collect();
        let left: BTreeSet<ClusterId> = self.places_of(&articles)?.into_values().collect();
        let entered: BTreeSet<ClusterId> = moving.iter().map(|moving| moving.to).collect();
        // Rows of clusters stand before their members come: they refer to them.
        for cluster in &entered {
            let found = "INSERT INTO clusters SELECT id, published, published, seen, 0 FROM articles WHERE id = ?1
                ON CONFLICT DO NOTHING";
            self.transaction.prepare_cached(found)?.execute([cluster.0.0])?;
        }
        for Moving { article, to, reason } in moving {
            let note = "INSERT INTO correction_moves SELECT ?1, article, cluster, reason FROM memberships WHERE article = ?2 AND cluster <> ?3";
            self.transaction.prepare_cached(note)?.execute((correction, article.0, to.0.0))?;
            let bring = "UPDATE memberships SET cluster = ?2, reason = ?3 WHERE article = ?1";
            self.transaction.prepare_cached(bring)?.execute((article.0, to.0.0, written(reason)))?;
        }
        for cluster in left.union(&entered) {
            let is_there = "SELECT 1 FROM memberships WHERE cluster = ?1";
            if self.transaction.prepare_cached(is_there)?.exists([cluster.0.0])? {
                self.transaction.prepare_cached(COUNT_AGAIN)?.execute([cluster.0.0])?;
                let former = "DELETE FROM former_clusters WHERE id = ?1";
                self.transaction.prepare_cached(former)?.execute([cluster.0.0])?;
                continue;
            }
            self.transaction.prepare_cached("DELETE FROM clusters WHERE id = ?1")?.execute([cluster.0.0])?;
            let former = "INSERT INTO former_clusters VALUES (?1) ON CONFLICT DO NOTHING";
            self.transaction.prepare_cached(former)?.execute([cluster.0.0])?;
        }
        Ok(())
    }
}

fn note(transaction: &rusqlite::Transaction<'_>, wanted: &Wanted, made: Timestamp) -> Result<i64, StoreError> {
    transaction
        .prepare_cached("INSERT INTO corrections (made, ruling, ones, others, undoes) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            made.as_millisecond(),
            written(&wanted.ruling),
            written(&wanted.ones),
            written(&wanted.others),
            wanted.undoes
        ])?;
    Ok(transaction.last_insert_rowid())
}

/// Those that no other one of them has undone, in the order given; undoings are none.
pub fn standing(mut corrections: Vec<Correction>) -> Vec<Correction> {
    let undone: BTreeSet<i64> = corrections.iter().filter_map(|correction| correction.undoes).collect();
    corrections.retain(|correction| correction.ruling != Ruling::Undo && !undone.contains(&correction.number));
    corrections
}

/// What nobody obeyed yet, in the order of asking.
pub(crate) fn pending(connection: &rusqlite::Connection) -> Result<Vec<Correction>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{CORRECTION} WHERE seq IS NULL ORDER BY number"))?;
    let rows = statement.query_map([], correction)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What holds of the corrections up to a place in the log.
pub(crate) fn standing_until(connection: &rusqlite::Connection, until: i64) -> Result<Vec<Correction>, StoreError> {
    let mut obeyed = obeyed(connection)?;
    obeyed.retain(|correction| correction.seq.is_some_and(|seq| seq <= until));
    Ok(standing(obeyed))
}

fn obeyed(connection: &rusqlite::Connection) -> Result<Vec<Correction>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{CORRECTION} WHERE seq IS NOT NULL ORDER BY seq"))?;
    let rows = statement.query_map([], correction)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn moved_by(connection: &rusqlite::Connection, correction: i64) -> Result<Vec<Moved>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT article, cluster, reason FROM correction_moves WHERE correction = ?1 ORDER BY article",
    )?;
    let rows = statement.query_map([correction], |row| {
        Ok(Moved { article: ArticleId(row.get(0)?), from: ClusterId(ArticleId(row.get(1)?)), reason: read(row, 2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn places_of(
    connection: &rusqlite::Connection,
    articles: &[ArticleId],
) -> Result<BTreeMap<ArticleId, ClusterId>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT cluster FROM memberships WHERE article = ?1")?;
    let mut places = BTreeMap::new();
    for article in articles {
        let place = statement.query_row([article.0], |row| row.get(0)).optional()?;
        places.extend(place.map(|founder| (*article, ClusterId(ArticleId(founder)))));
    }
    Ok(places)
}

fn correction(row: &Row<'_>) -> rusqlite::Result<Correction> {
    Ok(Correction {
        number: row.get(0)?,
        made: instant(row.get(1)?),
        ruling: read(row, 2)?,
        ones: read(row, 3)?,
        others: read(row, 4)?,
        undoes: row.get(5)?,
        seq: row.get(6)?,
    })
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("words and numbers are always JSON")
}

fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::model::{ArticleId, Ruling};
    use crate::store::Store;
    use crate::store::corrections::Wanted;

    #[test]
    fn a_correction_is_undone_once_and_holds_from_its_place_in_the_log_until_that_of_its_undoing() {
        let mut store = Store::in_memory(0, Timestamp::UNIX_EPOCH).unwrap();
        let wanted = |undoes: Option<i64>| Wanted {
            ruling: if undoes.is_none() { Ruling::Apart } else { Ruling::Undo },
            ones: vec![ArticleId(1)],
            others: vec![ArticleId(2)],
            undoes,
        };
        let mut add = |undoes| store.add_correction(&wanted(undoes), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!([add(None), add(None), add(Some(1)), add(Some(1))], [Some(1), Some(2), Some(3), None]);
        assert!(store.is_correction_pending().unwrap() && store.standing_corrections().unwrap().is_empty());
        let mut batch = store.batch().unwrap();
        let pending: Vec<i64> = batch.pending_corrections().unwrap().iter().map(|pending| pending.number).collect();
        assert_eq!(pending, [1, 2, 3]);
        let places: Vec<i64> = pending.iter().map(|number| batch.enter_correction(*number).unwrap()).collect();
        let standing = |batch: &crate::store::Batch<'_>, until| {
            batch.standing_corrections(until).unwrap().iter().map(|standing| standing.number).collect::<Vec<_>>()
        };
        let held: Vec<_> = places.iter().map(|place| standing(&batch, *place)).collect();
        assert_eq!(held, [vec![1], vec![1, 2], vec![2]]);
        batch.commit().unwrap();
        assert!(!store.is_correction_pending().unwrap());
        assert_eq!(store.standing_corrections().unwrap().len(), 1);
    }
}
