//! Door: what stood when articles were last pruned, from which `rebuild` goes on: what was placed by then had neighbours that are gone.

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use crate::model::{ArticleId, Remembered};
use crate::store::replay;
use crate::store::{Batch, Store, StoreError};

const SETTLED_SEQ: &str = "SELECT value FROM meta WHERE key = 'settled_seq'";

/// All that is kept of how things stood.
const FORGET: &str =
    "DELETE FROM meta WHERE key IN ('settled_seq', 'settled_window'); DELETE FROM settled_memories; DELETE FROM settled_memberships;
    DELETE FROM settled_relations; DELETE FROM settled_moves";

/// Puts back what was noted. Clusters are counted again from their members, which is what they were; a relation with a cluster that was
/// pruned since stays away.
const GO_BACK: &str = "
    DELETE FROM memories;
    DELETE FROM memberships WHERE article > ?1;
    UPDATE memberships SET (cluster, reason) = (SELECT s.cluster, s.reason FROM settled_memberships s WHERE s.article = memberships.article)
        WHERE article IN (SELECT article FROM settled_memberships);
    DELETE FROM clusters;
    INSERT INTO clusters SELECT m.cluster, min(a.published), max(a.published), max(a.seen), count(*)
        FROM memberships m JOIN articles a ON a.id = m.article GROUP BY m.cluster;
    INSERT INTO memories SELECT article, memory FROM settled_memories WHERE article IN (SELECT article FROM memberships);
    DELETE FROM relations WHERE other > ?1 OR (one, other) IN (SELECT one, other FROM settled_relations);
    INSERT INTO relations SELECT one, other, probability FROM settled_relations
        WHERE probability IS NOT NULL AND one IN (SELECT id FROM articles) AND other IN (SELECT id FROM articles);
    DELETE FROM correction_moves WHERE correction IN (SELECT number FROM corrections WHERE seq > ?1);
    DELETE FROM correction_moves WHERE (correction, article) IN (SELECT correction, article FROM settled_moves);
    INSERT INTO correction_moves SELECT correction, article, cluster, reason FROM settled_moves WHERE cluster IS NOT NULL;
    DELETE FROM meta WHERE key = 'window_begun';
    INSERT INTO meta SELECT 'window_begun', value FROM meta WHERE key = 'settled_window';
    DELETE FROM settled_memberships; DELETE FROM settled_relations; DELETE FROM settled_moves";

impl Store {
    /// The place in the log up to which all stands as it is, because articles were pruned; `None` while none ever was.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn settled_until(&self) -> Result<Option<ArticleId>, StoreError> {
        Ok(self.connection.query_row(SETTLED_SEQ, [], |row| row.get(0).map(ArticleId)).optional()?)
    }
}

impl Batch<'_> {
    /// See [`Store::settled_until`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn settled_until(&self) -> Result<Option<ArticleId>, StoreError> {
        Ok(self.transaction.query_row(SETTLED_SEQ, [], |row| row.get(0).map(ArticleId)).optional()?)
    }

    /// From here on all that stands now stands for good, as far as no later article or correction changes it: `rebuild` begins here.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        self.unsettle()?;
        self.transaction.execute_batch(
            "INSERT INTO settled_memories SELECT article, memory FROM memories;
             INSERT INTO meta SELECT 'settled_window', value FROM meta WHERE key = 'window_begun'",
        )?;
        self.transaction.execute("INSERT INTO meta VALUES ('settled_seq', ?1)", [self.place_in_log()])?;
        Ok(())
    }

    /// Gives up what was settled: `rebuild` places all that is left anew.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn unsettle(&mut self) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch(FORGET)?)
    }

    /// Brings everything derived but the index back to how it stood at the settled place, which it gives; `None` where nothing is settled,
    /// and then nothing is changed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn go_back(&mut self) -> Result<Option<ArticleId>, StoreError> {
        let Some(border) = self.settled_until()? else { return Ok(None) };
        // Clusters refer to members and members to clusters; and what goes back is not to be noted again.
        self.transaction.execute_batch("PRAGMA defer_foreign_keys = ON; DELETE FROM meta WHERE key = 'settled_seq'")?;
        for step in GO_BACK.split(';') {
            let mut statement = self.transaction.prepare(step)?;
            match statement.parameter_count() {
                0 => statement.execute([])?,
                _ => statement.execute([border.0])?,
            };
        }
        self.transaction.execute("INSERT INTO meta VALUES ('settled_seq', ?1)", [border.0])?;
        Ok(Some(border))
    }

    /// See [`Store::latest_seen`]; of the articles up to this place in the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn latest_seen_until(&self, place: ArticleId) -> Result<Option<Timestamp>, StoreError> {
        replay::latest_seen(&self.transaction, place)
    }

    /// See [`Store::behind_since`]; of the articles up to this place in the log.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn behind_since_until(&self, start: Timestamp, place: ArticleId) -> Result<Option<Timestamp>, StoreError> {
        replay::behind_since(&self.transaction, start, place)
    }

    /// See [`Store::memories`].
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn memories(&self, since: Timestamp, take: impl FnMut(Remembered) -> bool) -> Result<(), StoreError> {
        replay::memories(&self.transaction, since, take)
    }
}
