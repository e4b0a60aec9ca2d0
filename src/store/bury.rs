//! Door: articles that are given up: what they said goes, what they were known by stays.

use crate::model::ArticleId;
use crate::store::{Batch, StoreError, json};

impl Batch<'_> {
    /// Removes articles with all that belongs to them but their marks, so that an entry that comes back later is known and not stored
    /// again. Says how many: a cluster has its founder's number, so a founder stays as long as the cluster has another member, and
    /// so does the founder of one that went up in it, to which its old id leads.
    ///
    /// Its marks keep its number, which no other article ever gets: that it names nothing is what says that it is buried.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn bury(&mut self, articles: &[ArticleId]) -> Result<usize, StoreError> {
        let ids = |articles: &[ArticleId]| json(&articles.iter().map(|id| id.0.to_string()).collect::<Vec<_>>());
        let needed: Vec<ArticleId> = self.ids(
            "SELECT f.article FROM memberships f WHERE f.article IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))
                AND (f.article = f.cluster OR f.article IN (SELECT id FROM former_clusters)) AND EXISTS (
                SELECT 1 FROM memberships m WHERE m.cluster = f.cluster
                AND m.article NOT IN (SELECT CAST(value AS INTEGER) FROM json_each(?1)))",
            &ids(articles),
        )?;
        let leaving: Vec<ArticleId> = articles.iter().copied().filter(|id| !needed.contains(id)).collect();
        let leaving = ids(&leaving);
        let shrinking = self.ids(
            "SELECT DISTINCT m.cluster FROM memberships m WHERE m.article IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))",
            &leaving,
        )?;
        for part in [
            "UPDATE memberships SET copy_of = NULL WHERE copy_of",
            "DELETE FROM settled_memories WHERE article",
            "DELETE FROM settled_memberships WHERE article",
            "DELETE FROM memories WHERE article",
            "DELETE FROM memberships WHERE article",
            // What goes of these is noted as settled, and goes there, too.
            "DELETE FROM correction_moves WHERE article",
            "DELETE FROM settled_moves WHERE article",
            "DELETE FROM relations WHERE one",
            "DELETE FROM relations WHERE other",
            "DELETE FROM clusters WHERE id",
            "DELETE FROM former_clusters WHERE id",
            "DELETE FROM appearances WHERE article",
            "DELETE FROM revisions WHERE article",
            "DELETE FROM search WHERE rowid",
        ] {
            self.given_up(part, &leaving)?;
        }
        let buried = self.given_up("DELETE FROM articles WHERE id", &leaving)?;
        self.transaction.execute(
            "UPDATE clusters SET (first_published, last_published, last_seen, article_count) = (
                SELECT min(a.published), max(a.published), max(a.seen), count(*)
                FROM memberships m JOIN articles a ON a.id = m.article WHERE m.cluster = clusters.id)
             WHERE id IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))",
            [ids(&shrinking)],
        )?;
        Ok(buried)
    }

    fn given_up(&self, part: &str, ids: &str) -> Result<usize, StoreError> {
        let sql = format!("{part} IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))");
        Ok(self.transaction.execute(&sql, [ids])?)
    }

    fn ids(&self, sql: &str, given: &str) -> Result<Vec<ArticleId>, StoreError> {
        let mut statement = self.transaction.prepare(sql)?;
        let rows = statement.query_map([given], |row| row.get(0).map(ArticleId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
