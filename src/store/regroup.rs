//! Door: clusters that are merged, split and related, and the ids that merged ones leave behind.

use crate::model::{ArticleId, ClusterId, Reason};
use crate::store::{Batch, Found, Store, StoreError};

/// How many related clusters are told of one.
const RELATED_MAX: i64 = 5;

/// A cluster's row counted again from its articles.
const COUNT_AGAIN: &str = "UPDATE clusters SET (first_published, last_published, last_seen, article_count) = (
    SELECT min(a.published), max(a.published), max(a.seen), count(*)
    FROM memberships m JOIN articles a ON a.id = m.article WHERE m.cluster = clusters.id) WHERE id = ?1";

impl Batch<'_> {
    /// Brings all articles of one cluster into another; its id leads there from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn merge(&mut self, from: ClusterId, into: ClusterId, reason: &Reason) -> Result<(), StoreError> {
        let (from, into) = (from.0.0, into.0.0);
        self.transaction
            .prepare_cached("UPDATE memberships SET cluster = ?2, reason = ?3 WHERE cluster = ?1")?
            .execute((from, into, told(reason)))?;
        // By hand and not by `COUNT_AGAIN`: the cluster that stays may be a large one.
        self.transaction
            .prepare_cached(
                "UPDATE clusters SET (first_published, last_published, last_seen, article_count) = (
                    SELECT min(first_published), max(last_published), max(last_seen), sum(article_count)
                    FROM clusters WHERE id IN (?1, ?2)) WHERE id = ?2",
            )?
            .execute((from, into))?;
        self.transaction.prepare_cached("DELETE FROM clusters WHERE id = ?1")?.execute([from])?;
        self.transaction
            .prepare_cached("INSERT INTO former_clusters VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([from])?;
        self.transaction
            .prepare_cached(
                "INSERT INTO relations
                    SELECT min(third, ?2), max(third, ?2), probability FROM (
                        SELECT other AS third, probability FROM relations WHERE one = ?1
                        UNION ALL SELECT one, probability FROM relations WHERE other = ?1)
                    WHERE third <> ?2
                 ON CONFLICT DO UPDATE SET probability = max(probability, excluded.probability)",
            )?
            .execute((from, into))?;
        self.transaction.prepare_cached("DELETE FROM relations WHERE one = ?1 OR other = ?1")?.execute([from])?;
        Ok(())
    }

    /// Takes articles out of a cluster into a new one, which has the number of one of them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn split(
        &mut self,
        from: ClusterId,
        into: ClusterId,
        articles: &[ArticleId],
        reason: &Reason,
    ) -> Result<(), StoreError> {
        // Its row stands before its members come: they refer to it.
        self.transaction
            .prepare_cached(
                "INSERT INTO clusters SELECT ?1, published, published, seen, 0 FROM articles WHERE id = ?1",
            )?
            .execute([into.0.0])?;
        let mut leave =
            self.transaction.prepare_cached("UPDATE memberships SET cluster = ?2, reason = ?3 WHERE article = ?1")?;
        let reason = told(reason);
        for article in articles {
            leave.execute((article.0, into.0.0, &reason))?;
        }
        drop(leave);
        for cluster in [from, into] {
            self.transaction.prepare_cached(COUNT_AGAIN)?.execute([cluster.0.0])?;
        }
        // What was merged once and leaves again is found under its own id.
        self.transaction.prepare_cached("DELETE FROM former_clusters WHERE id = ?1")?.execute([into.0.0])?;
        Ok(())
    }

    /// Relates two clusters, `one` with the smaller number; the highest probability there ever was is kept.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn relate(&mut self, one: ClusterId, other: ClusterId, probability: f64) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO relations VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET probability = max(probability, excluded.probability)",
            )?
            .execute((one.0.0, other.0.0, probability))?;
        Ok(())
    }

    /// Notes that all clusters are about to go, so that their ids go on leading to their founders.
    pub(crate) fn part_with_clusters(&mut self) -> Result<(), StoreError> {
        self.transaction
            .execute("INSERT INTO former_clusters SELECT id FROM clusters WHERE true ON CONFLICT DO NOTHING", [])?;
        Ok(())
    }

    /// Strikes out those that are there again.
    pub(crate) fn welcome_clusters(&mut self) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM former_clusters WHERE id IN (SELECT id FROM clusters)", [])?;
        Ok(())
    }
}

impl Store {
    /// The clusters that share most with this one and are apart from it, with the probability that they were one; a few at most.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn related(&self, cluster: ClusterId) -> Result<Vec<(ClusterId, f64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT third, probability FROM (
                SELECT other AS third, probability FROM relations WHERE one = ?1
                UNION ALL SELECT one, probability FROM relations WHERE other = ?1)
             ORDER BY probability DESC, third LIMIT ?2",
        )?;
        let rows = statement
            .query_map((cluster.0.0, RELATED_MAX), |row| Ok((ClusterId(ArticleId(row.get(0)?)), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cluster in which a cluster that is no more went up, found by its id or the beginning of it.
    pub(crate) fn former_cluster_of_code(&self, prefix: &str) -> Result<Found<ClusterId>, StoreError> {
        Ok(match self.by_code(prefix, "JOIN former_clusters c ON c.id = a.id")? {
            Found::One(founder) => self.standing(ClusterId(founder))?.map_or(Found::None, Found::One),
            Found::Many(codes) => Found::Many(codes),
            Found::None => Found::None,
        })
    }

    /// The cluster itself while it stands, else the one in which its founder is now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn standing(&self, cluster: ClusterId) -> Result<Option<ClusterId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT cluster FROM memberships WHERE article = ?1")?;
        let mut rows = statement.query([cluster.0.0])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(|founder| ClusterId(ArticleId(founder))))
    }

    /// Which cluster every article is in, by article.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn places(&self) -> Result<Vec<(ArticleId, ClusterId)>, StoreError> {
        let mut statement = self.connection.prepare("SELECT article, cluster FROM memberships ORDER BY article")?;
        let rows = statement.query_map([], |row| Ok((ArticleId(row.get(0)?), ClusterId(ArticleId(row.get(1)?)))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn told(reason: &Reason) -> String {
    serde_json::to_string(reason).expect("a reason is always JSON")
}
