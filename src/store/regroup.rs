//! Door: clusters that are merged, split and related, and the ids that merged ones leave behind.

use crate::model::{ArticleId, ClusterId, Reason};
use crate::store::{Batch, Found, Store, StoreError};

/// How many related clusters are told of one.
const RELATED_MAX: i64 = 5;

/// A cluster's row counted again from its articles.
pub(crate) const COUNT_AGAIN: &str =
    "UPDATE clusters SET (first_published, last_published, last_seen, article_count) = (
    SELECT min(a.published), max(a.published), max(a.seen), count(*)
    FROM memberships m JOIN articles a ON a.id = m.article WHERE m.cluster = clusters.id) WHERE id = ?1";

impl Batch<'_> {
    /// Brings all articles of one cluster into another; its id leads there from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn merge(&mut self, from: ClusterId, into: ClusterId, reason: &Reason) -> Result<(), StoreError> {
        let numbers = (from.0.0, into.0.0);
        self.transaction
            .prepare_cached("UPDATE memberships SET cluster = ?2, reason = ?3 WHERE cluster = ?1")?
            .execute((numbers.0, numbers.1, told(reason)))?;
        // By hand and not by `COUNT_AGAIN`: the cluster that stays may be a large one.
        self.transaction
            .prepare_cached(
                "UPDATE clusters SET (first_published, last_published, last_seen, article_count) = (
                    SELECT min(first_published), max(last_published), max(last_seen), sum(article_count)
                    FROM clusters WHERE id IN (?1, ?2)) WHERE id = ?2",
            )?
            .execute(numbers)?;
        self.transaction.prepare_cached("DELETE FROM clusters WHERE id = ?1")?.execute([from.0.0])?;
        self.transaction
            .prepare_cached("INSERT INTO former_clusters VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([from.0.0])?;
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

    /// Relates two clusters, `one` with the smaller number; the highest probability there ever was is kept. What is written down are
    /// their founders, so that a relation goes wherever these go.
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
            "SELECT third, max(probability) FROM (
                SELECT o.cluster AS third, r.probability FROM memberships m
                    JOIN relations r ON r.one = m.article JOIN memberships o ON o.article = r.other WHERE m.cluster = ?1
                UNION ALL
                SELECT o.cluster, r.probability FROM memberships m
                    JOIN relations r ON r.other = m.article JOIN memberships o ON o.article = r.one WHERE m.cluster = ?1)
             WHERE third <> ?1 GROUP BY third ORDER BY 2 DESC, third LIMIT ?2",
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::model::{ArticleId, Cluster, ClusterId, FeedWish, How, Reason};
    use crate::store::{Found, Placed, Query, Store};

    fn cluster(number: i64) -> ClusterId {
        ClusterId(ArticleId(number))
    }

    fn reason(how: How) -> Reason {
        Reason { how, probability: 0.75, because: Vec::new(), nearest: None, hours_apart: None, runner_up: None }
    }

    /// Articles 1 to 5, published at their number in seconds, in the clusters 1, 1, 3, 3 and 5.
    fn store() -> Store {
        let now: Timestamp = "2026-02-13T12:00:00Z".parse().unwrap();
        let mut store = Store::in_memory(0, now).unwrap();
        store.add_feed(&FeedWish::of_url("https://a.example/"), now).unwrap();
        let mut batch = store.batch().unwrap();
        for (number, place) in (1..).zip([1, 1, 3, 3, 5]) {
            let insert = "INSERT INTO articles (id, code, feed, outlet, title, text, published, seen, links, categories, revision,
                changed, revised) VALUES (?1, 'a' || ?1 || '000', 1, 'A', 'Title ' || ?1, '', ?1 * 1000, ?1 * 1000, '[]', '[]', 1, ?1, 0)";
            batch.transaction.execute(insert, [number]).unwrap();
            let at = Timestamp::from_second(number).unwrap();
            let how = if number == place { How::Founded } else { How::Joined };
            batch
                .place(&Placed {
                    article: ArticleId(number),
                    cluster: cluster(place),
                    reason: &reason(how),
                    copy_of: None,
                    memory: b"",
                    published: at,
                    seen: at,
                })
                .unwrap();
        }
        batch.commit().unwrap();
        store
    }

    fn rows(store: &Store) -> Vec<[i64; 5]> {
        let mut statement = store.connection.prepare("SELECT * FROM clusters ORDER BY id").unwrap();
        let rows = statement.query_map([], |row| Ok([0, 1, 2, 3, 4].map(|column| row.get(column).unwrap())));
        rows.unwrap().map(Result::unwrap).collect()
    }

    fn how(cluster: &Cluster) -> Vec<(i64, How)> {
        cluster.members.iter().map(|member| (member.article.id.0, member.joined.how)).collect()
    }

    #[test]
    fn a_merged_cluster_is_found_under_both_ids_and_a_part_leaves_with_its_own() {
        let mut store = store();
        let mut batch = store.batch().unwrap();
        batch.relate(cluster(1), cluster(5), 0.2).unwrap();
        batch.relate(cluster(3), cluster(5), 0.4).unwrap();
        batch.relate(cluster(1), cluster(3), 0.5).unwrap();
        batch.merge(cluster(3), cluster(1), &reason(How::Merged)).unwrap();
        batch.commit().unwrap();
        assert_eq!(rows(&store), [[1, 1_000, 4_000, 4_000, 4], [5, 5_000, 5_000, 5_000, 1]]);
        for prefix in ["c1", "c3", "c3000"] {
            assert_eq!(store.cluster_of_code(prefix).unwrap(), Found::One(cluster(1)), "{prefix}");
        }
        assert_eq!(store.cluster_of_code("c2").unwrap(), Found::None, "it never was a cluster's");
        assert_eq!(store.standing(cluster(3)).unwrap(), Some(cluster(1)));
        assert_eq!(store.related(cluster(1)).unwrap(), [(cluster(5), 0.4)], "both are told of the other");
        assert_eq!(store.related(cluster(5)).unwrap(), [(cluster(1), 0.4)]);
        let merged = store.cluster(cluster(1)).unwrap().unwrap();
        let expected = [(1, How::Founded), (2, How::Joined), (3, How::Merged), (4, How::Merged)];
        assert_eq!(how(&merged), expected);
        assert!(store.dump(Timestamp::MAX).unwrap().ends_with("\nformer\ta3000\ta1000\n"));

        let mut batch = store.batch().unwrap();
        batch.split(cluster(1), cluster(2), &[ArticleId(2), ArticleId(4)], &reason(How::Split)).unwrap();
        batch.split(cluster(1), cluster(3), &[ArticleId(3)], &reason(How::Split)).unwrap();
        batch.commit().unwrap();
        let expected = [
            [1, 1_000, 1_000, 1_000, 1],
            [2, 2_000, 4_000, 4_000, 2],
            [3, 3_000, 3_000, 3_000, 1],
            [5, 5_000, 5_000, 5_000, 1],
        ];
        assert_eq!(rows(&store), expected);
        assert_eq!(store.cluster_of_code("c3").unwrap(), Found::One(cluster(3)), "it stands again");
        let found: Vec<_> = store.clusters(&Query::default()).unwrap().iter().map(how).collect();
        assert_eq!(found[1..3], [vec![(2, How::Split), (4, How::Split)], vec![(3, How::Split)]]);
        assert!(!store.dump(Timestamp::MAX).unwrap().contains("former"));
        // Whom it was related with before it was merged, it is again.
        assert_eq!(store.related(cluster(3)).unwrap(), [(cluster(1), 0.5), (cluster(5), 0.4)]);
        assert_eq!(store.related(cluster(1)).unwrap(), [(cluster(3), 0.5), (cluster(5), 0.2)]);
        assert_eq!(store.related(cluster(5)).unwrap(), [(cluster(3), 0.4), (cluster(1), 0.2)]);
    }

    #[test]
    fn ids_lead_somewhere_after_a_rebuild_that_clusters_otherwise_and_as_long_as_their_founder_is_needed() {
        let mut store = store();
        let mut batch = store.batch().unwrap();
        batch.merge(cluster(3), cluster(1), &reason(How::Merged)).unwrap();
        assert_eq!(batch.bury(&[ArticleId(3)]).unwrap(), 0, "c3 leads to it");
        batch.commit().unwrap();
        let place = |batch: &mut crate::store::Batch<'_>, number, into| {
            let at = Timestamp::from_second(number).unwrap();
            let (article, reason) = (ArticleId(number), &reason(How::Joined));
            let placed =
                Placed { article, cluster: cluster(into), reason, copy_of: None, memory: b"", published: at, seen: at };
            batch.place(&placed)
        };
        store
            .remake(|batch, _| {
                [(1, 1), (2, 1), (3, 3), (4, 3), (5, 3)].into_iter().try_for_each(|(n, c)| place(batch, n, c))
            })
            .unwrap();
        for (code, leads) in [("c1", 1), ("c3", 3), ("c5", 3)] {
            assert_eq!(store.cluster_of_code(code).unwrap(), Found::One(cluster(leads)), "{code}");
        }
        let mut batch = store.batch().unwrap();
        assert_eq!(batch.bury(&[ArticleId(3), ArticleId(4), ArticleId(5)]).unwrap(), 3, "nothing needs them");
        batch.commit().unwrap();
        assert_eq!(store.cluster_of_code("c5").unwrap(), Found::None);
    }
}
