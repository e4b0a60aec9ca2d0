//! Door: clusters, articles and counts, read for people and programs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Row;

use crate::model::{Article, ArticleId, Cluster, ClusterId, Code, DateDoubt, Draft, FeedId, Member, Reason, Revision};
use crate::store::{Store, StoreError, instant, list, order};

/// Which clusters are wanted; what is `None` or 0 does not filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The newest article was published at or after this moment.
    pub since: Option<Timestamp>,
    /// The newest article was published before this moment.
    pub until: Option<Timestamp>,
    /// At least so many articles.
    pub articles_min: usize,
    /// At least so many outlets.
    pub outlets_min: usize,
    /// An article of one of these outlets, upper and lower case alike; none means any.
    pub outlets: Vec<String>,
    /// An article that one of these feeds carried, by URL; none means any.
    pub feeds: Vec<String>,
    /// An article of a feed with one of these tags; none means any.
    pub tags: Vec<String>,
    /// An article in one of these languages; none means any.
    pub languages: Vec<String>,
    /// An article with these words, in FTS5's query language.
    pub words: Option<String>,
}

/// What an id, or the beginning of one, stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<T> {
    /// Nothing has such an id.
    None,
    /// Exactly this.
    One(T),
    /// Several begin so; some of them.
    Many(Vec<Code>),
}

/// Counts of what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Articles.
    pub articles: u64,
    /// Clusters.
    pub clusters: u64,
    /// Clusters with more than one article.
    pub clusters_shared: u64,
    /// Articles first seen since the moment asked for.
    pub articles_since: u64,
    /// Clusters that gained an article since the moment asked for.
    pub clusters_since: u64,
    /// Size of the database file in bytes, its write-ahead log not counted.
    pub file_bytes: u64,
}

/// How many ids a [`Found::Many`] names at most.
const MANY_MAX: usize = 5;

impl Store {
    /// The clusters that fit the query, oldest founder first, each with all of its articles.
    ///
    /// # Errors
    /// [`StoreError::Query`] when `words` cannot be read; others when the file cannot.
    pub fn clusters(&self, query: &Query) -> Result<Vec<Cluster>, StoreError> {
        let _one_state = self.hold()?;
        self.load(&self.cluster_ids(query)?)
    }

    /// The cluster of this id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster(&self, id: ClusterId) -> Result<Option<Cluster>, StoreError> {
        let _one_state = self.hold()?;
        Ok(self.load(&[id])?.pop())
    }

    /// The cluster whose public id is, or alone begins with, `prefix`; where none is left, the one that such a cluster went up in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster_of_code(&self, prefix: &str) -> Result<Found<ClusterId>, StoreError> {
        // A cluster's public id is its founder's with another first letter.
        let Some(rest) = prefix.strip_prefix('c').filter(|rest| !rest.is_empty()) else { return Ok(Found::None) };
        let founder = format!("a{rest}");
        let found = match self.by_code(&founder, "JOIN clusters c ON c.id = a.id")? {
            Found::None => self.former_cluster_of_code(&founder)?,
            Found::One(article) => Found::One(ClusterId(article)),
            Found::Many(codes) => Found::Many(codes),
        };
        Ok(match found {
            Found::Many(codes) => Found::Many(codes.iter().map(Code::of_cluster).collect()),
            found => found,
        })
    }

    /// The article whose public id is, or alone begins with, `prefix`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn article_of_code(&self, prefix: &str) -> Result<Found<ArticleId>, StoreError> {
        if prefix.len() < 2 || !prefix.starts_with('a') {
            return Ok(Found::None);
        }
        self.by_code(prefix, "")
    }

    /// The cluster that an article is in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster_of_article(&self, article: ArticleId) -> Result<Option<Cluster>, StoreError> {
        let _one_state = self.hold()?;
        let mut statement = self.connection.prepare_cached("SELECT cluster FROM memberships WHERE article = ?1")?;
        let ids = statement.query_map([article.0], |row| Ok(ClusterId(ArticleId(row.get(0)?))))?;
        Ok(self.load(&ids.collect::<Result<Vec<_>, _>>()?)?.pop())
    }

    /// The versions that an article showed before, first to last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn revisions(&self, article: ArticleId) -> Result<Vec<Revision>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, seen, title, text FROM revisions WHERE article = ?1 ORDER BY number")?;
        let rows = statement.query_map([article.0], |row| {
            Ok(Revision { number: row.get(0)?, seen: instant(row.get(1)?), title: row.get(2)?, text: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many of these drafts the feed has never brought, under none of their marks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count_unmet(&self, feed: FeedId, drafts: &[Draft]) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT 1 FROM marks WHERE feed = ?1 AND mark = ?2")?;
        let mut unmet = 0;
        for draft in drafts {
            let mut is_met = false;
            for mark in &draft.marks {
                is_met = is_met || statement.exists((feed.0, mark.hash))?;
            }
            unmet += usize::from(!is_met);
        }
        Ok(unmet)
    }

    /// How much is stored, and how much of it is newer than `since`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn totals(&self, since: Timestamp) -> Result<Totals, StoreError> {
        let _one_state = self.hold()?;
        let count = |sql: &str| -> Result<u64, StoreError> {
            let number: i64 = self.connection.query_row(sql, [since.as_millisecond()], |row| row.get(0))?;
            Ok(number.unsigned_abs())
        };
        Ok(Totals {
            articles: count("SELECT count(*) FROM articles WHERE ?1 = ?1")?,
            clusters: count("SELECT count(*) FROM clusters WHERE ?1 = ?1")?,
            clusters_shared: count("SELECT count(*) FROM clusters WHERE article_count > 1 AND ?1 = ?1")?,
            articles_since: count("SELECT count(*) FROM articles WHERE seen >= ?1")?,
            clusters_since: count("SELECT count(*) FROM clusters WHERE last_seen >= ?1")?,
            file_bytes: count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size WHERE ?1 = ?1")?,
        })
    }

    pub(crate) fn by_code(&self, prefix: &str, join: &str) -> Result<Found<ArticleId>, StoreError> {
        // Codes are lower-case letters and digits, so the next string after all those with this prefix is prefix + '~'.
        let sql = format!(
            "SELECT a.id, a.code FROM articles a {join} WHERE a.code >= ?1 AND a.code < ?1 || '~' ORDER BY a.code LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let limit = i64::try_from(MANY_MAX).expect("a handful");
        let rows = statement.query_map((prefix, limit), |row| Ok((ArticleId(row.get(0)?), Code(row.get(1)?))))?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(match found.len() {
            0 => Found::None,
            1 => Found::One(found.remove(0).0),
            _ => Found::Many(found.into_iter().map(|(_, code)| code).collect()),
        })
    }

    /// Reads clusters whole, in the order asked for; one that is no more is left out. Several calls see one state of the file
    /// while a [`Store::hold`] lives.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn load(&self, ids: &[ClusterId]) -> Result<Vec<Cluster>, StoreError> {
        let wanted = order::numbers(ids);
        let mut carriers = self.carriers(&wanted)?;
        let mut statement = self.connection.prepare_cached(
            "SELECT m.cluster, m.reason, o.code, a.id, a.code, a.feed, f.url, a.outlet, a.url, a.title, a.text, a.author, a.voice,
                a.lang, a.published, a.date_doubt, a.seen, a.revised, a.image, a.links, a.categories, a.enclosures, a.backlog,
                f.tags, a.revision, f.priority, f.paywalled
             FROM json_each(?1) w CROSS JOIN memberships m ON m.cluster = w.value JOIN articles a ON a.id = m.article
             JOIN feeds f ON f.id = a.feed LEFT JOIN articles o ON o.id = m.copy_of
             ORDER BY w.key, a.published, a.id",
        )?;
        let mut rows = statement.query([&wanted])?;
        let mut clusters: Vec<Cluster> = Vec::with_capacity(ids.len());
        while let Some(row) = rows.next()? {
            let id = ClusterId(ArticleId(row.get(0)?));
            let mut member = member(row)?;
            member.article.also_in = carriers.remove(&member.article.id).unwrap_or_default();
            if clusters.last().is_none_or(|cluster| cluster.id != id) {
                clusters.push(Cluster { id, code: Code(String::new()), members: Vec::new() });
            }
            let cluster = clusters.last_mut().expect("one was pushed");
            if member.article.id == id.0 {
                cluster.code = member.article.code.of_cluster();
            }
            cluster.members.push(member);
        }
        Ok(clusters)
    }

    /// For each article of these clusters the other feeds that carried it, by URL.
    fn carriers(&self, wanted: &str) -> Result<BTreeMap<ArticleId, Vec<String>>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT m.article, f.url FROM json_each(?1) w CROSS JOIN memberships m ON m.cluster = w.value
             JOIN appearances p ON p.article = m.article JOIN feeds f ON f.id = p.feed ORDER BY m.article, f.url",
        )?;
        let mut rows = statement.query([wanted])?;
        let mut carriers: BTreeMap<ArticleId, Vec<String>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            carriers.entry(ArticleId(row.get(0)?)).or_default().push(row.get(1)?);
        }
        Ok(carriers)
    }
}

/// A row of [`Store::load`], by the places of its columns: their names would be looked up for each of many thousand rows.
fn member(row: &Row<'_>) -> Result<Member, StoreError> {
    let joined: Reason = serde_json::from_str(row.get_ref(1)?.as_str().unwrap_or_default())
        .map_err(|error| StoreError::Damaged { what: "a membership's reason", why: error.to_string() })?;
    let article = Article {
        id: ArticleId(row.get(3)?),
        code: Code(row.get(4)?),
        feed: FeedId(row.get(5)?),
        feed_url: row.get(6)?,
        also_in: Vec::new(),
        outlet: row.get(7)?,
        url: row.get(8)?,
        title: row.get(9)?,
        text: row.get(10)?,
        author: row.get(11)?,
        voice: row.get(12)?,
        lang: row.get(13)?,
        published: instant(row.get(14)?),
        date_doubt: match row.get_ref(15)?.as_str_or_null().unwrap_or_default() {
            Some("future") => Some(DateDoubt::Future),
            Some(_) => Some(DateDoubt::Missing),
            None => None,
        },
        seen: instant(row.get(16)?),
        revised: instant(row.get(17)?),
        image: row.get(18)?,
        links: list(row.get_ref(19)?.as_str().unwrap_or_default()),
        categories: list(row.get_ref(20)?.as_str().unwrap_or_default()),
        enclosures: serde_json::from_str(row.get_ref(21)?.as_str().unwrap_or_default()).unwrap_or_default(),
        backlog: row.get(22)?,
        tags: list(row.get_ref(23)?.as_str().unwrap_or_default()),
        revision: row.get(24)?,
        priority: row.get(25)?,
        paywalled: row.get(26)?,
    };
    Ok(Member { article, joined, copy_of: row.get::<_, Option<String>>(2)?.map(Code) })
}
