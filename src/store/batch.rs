//! Door: one batch, one transaction: articles, revisions, memberships and what the feed taught us, all of it or nothing.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use crate::model::{ArticleId, ArticleKey, ClusterId, Code, Draft, FeedId, Reason};
use crate::store::{Founding, Store, StoreError, json, replay};

/// Asked for every entry of every answer.
pub(crate) const KNOWN: &str =
    "SELECT a.id, a.feed, a.title, a.text, a.revision FROM appearances p JOIN articles a ON a.id = p.article
    WHERE p.feed = ?1 AND p.key = ?2";
/// Asked for every entry that is new.
pub(crate) const KNOWN_ELSEWHERE: &str = "SELECT a.id, a.feed, a.title, a.text, a.revision FROM articles a
    WHERE a.canonical = ?1 AND a.title = ?2 AND a.feed <> ?3 ORDER BY a.id LIMIT 1";

/// A transaction under way; dropped without [`Batch::commit`], it leaves no trace.
pub struct Batch<'store> {
    pub(in crate::store) transaction: Transaction<'store>,
    last_seq: i64,
}

/// An article that a feed brought before.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: ArticleId,
    /// The feed that brought it first, and that alone may revise it.
    pub feed: FeedId,
    /// Its current title.
    pub title: String,
    /// Its current text.
    pub text: String,
    /// Its current revision's number.
    pub revision: u32,
}

/// An article about to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewArticle<'a> {
    /// The entry, cleaned and keyed.
    pub draft: &'a Draft,
    /// The feed that brought it.
    pub feed: FeedId,
    /// Its publisher's name.
    pub outlet: &'a str,
    /// Its language, declared or detected.
    pub lang: Option<&'a str>,
    /// When it was published, with doubts already settled.
    pub published: Timestamp,
    /// When it was first seen: now.
    pub seen: Timestamp,
}

/// Where an article was placed, with what `restore` needs to go on from there.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The article.
    pub article: ArticleId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Why.
    pub reason: &'a Reason,
    /// The member whose text it repeats.
    pub copy_of: Option<ArticleId>,
    /// What the clusterer remembers of it.
    pub memory: &'a [u8],
    /// When it was published.
    pub published: Timestamp,
    /// When it was first seen.
    pub seen: Timestamp,
}

/// What a feed said of itself; `None` leaves what was known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedFacts {
    /// Its title.
    pub title: Option<String>,
    /// Its site.
    pub site: Option<String>,
    /// The outlet's name made from these.
    pub outlet_found: Option<String>,
}

impl Store {
    /// Begins a batch; other writers wait until it ends.
    ///
    /// # Errors
    /// When another process keeps the file locked for longer than we wait.
    pub fn batch(&mut self) -> Result<Batch<'_>, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last_seq = transaction.query_row("SELECT value FROM meta WHERE key = 'last_seq'", [], |row| row.get(0))?;
        Ok(Batch { transaction, last_seq })
    }
}

impl Batch<'_> {
    /// The article that `feed` brought under `key`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn known(&self, feed: FeedId, key: &ArticleKey) -> Result<Option<Known>, StoreError> {
        let mut statement = self.transaction.prepare_cached(KNOWN)?;
        Ok(statement.query_row((feed.0, &key.0), known).optional()?)
    }

    /// The article of another feed with this canonical link and this very title: one article that two feeds carry. The title is
    /// asked for because some feeds give every entry one link.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn known_elsewhere(&self, feed: FeedId, canonical: &str, title: &str) -> Result<Option<Known>, StoreError> {
        let mut statement = self.transaction.prepare_cached(KNOWN_ELSEWHERE)?;
        Ok(statement.query_row((canonical, title, feed.0), known).optional()?)
    }

    /// Whether an article has this public id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_taken(&self, code: &Code) -> Result<bool, StoreError> {
        let mut statement = self.transaction.prepare_cached("SELECT 1 FROM articles WHERE code = ?1")?;
        Ok(statement.exists([&code.0])?)
    }

    /// Stores an article and gives it the next place in the log.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_article(&mut self, article: &NewArticle<'_>, code: &Code) -> Result<ArticleId, StoreError> {
        let id = ArticleId(self.next());
        let draft = article.draft;
        self.transaction
            .prepare_cached(
                "INSERT INTO articles (id, code, feed, outlet, url, canonical, title, text, author, lang, published, date_doubt,
                    seen, image, links, categories, revision, changed, revised)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 1, ?1, ?13)",
            )?
            .execute(params![
                id.0,
                code.0,
                article.feed.0,
                article.outlet,
                draft.url,
                draft.canonical,
                draft.title,
                draft.text,
                draft.author,
                article.lang,
                article.published.as_millisecond(),
                draft.date_doubt.map(doubt_word),
                article.seen.as_millisecond(),
                draft.image,
                json(&draft.links),
                json(&draft.categories),
            ])?;
        Ok(id)
    }

    /// Remembers that `feed` brought `article` under `key`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_appearance(&mut self, feed: FeedId, key: &ArticleKey, article: ArticleId) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT INTO appearances VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute((feed.0, &key.0, article.0))?;
        Ok(())
    }

    /// Gives an article new words; the old ones are kept as a revision.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn revise(&mut self, article: ArticleId, draft: &Draft, now: Timestamp) -> Result<(), StoreError> {
        let seq = self.next();
        self.transaction
            .prepare_cached(
                "INSERT INTO revisions (article, number, seq, seen, title, text)
                 SELECT id, revision, changed, revised, title, text FROM articles WHERE id = ?1",
            )?
            .execute([article.0])?;
        self.transaction
            .prepare_cached(
                "UPDATE articles SET title = ?2, text = ?3, url = coalesce(?4, url), canonical = coalesce(?5, canonical),
                    author = coalesce(?6, author), image = coalesce(?7, image), links = ?8, revision = revision + 1,
                    changed = ?9, revised = ?10 WHERE id = ?1",
            )?
            .execute(params![
                article.0,
                draft.title,
                draft.text,
                draft.url,
                draft.canonical,
                draft.author,
                draft.image,
                json(&draft.links),
                seq,
                now.as_millisecond(),
            ])?;
        Ok(())
    }

    /// Stores where an article belongs; its cluster is made by the article that founds it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn place(&mut self, placed: &Placed<'_>) -> Result<(), StoreError> {
        let (published, seen) = (placed.published.as_millisecond(), placed.seen.as_millisecond());
        self.transaction
            .prepare_cached(
                "INSERT INTO clusters (id, first_published, last_published, last_seen, article_count) VALUES (?1, ?2, ?2, ?3, 1)
                 ON CONFLICT (id) DO UPDATE SET first_published = min(first_published, excluded.first_published),
                    last_published = max(last_published, excluded.last_published),
                    last_seen = max(last_seen, excluded.last_seen), article_count = article_count + 1",
            )?
            .execute((placed.cluster.0.0, published, seen))?;
        self.transaction.prepare_cached("INSERT INTO memberships VALUES (?1, ?2, ?3, ?4)")?.execute((
            placed.article.0,
            placed.cluster.0.0,
            serde_json::to_string(placed.reason).expect("a reason is always JSON"),
            placed.copy_of.map(|article| article.0),
        ))?;
        self.transaction
            .prepare_cached("INSERT INTO memories VALUES (?1, ?2)")?
            .execute((placed.article.0, placed.memory))?;
        Ok(())
    }

    /// Up to `articles_max` articles after `after` in the log, as they were first stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn foundings(&self, after: ArticleId, articles_max: usize) -> Result<Vec<Founding>, StoreError> {
        replay::foundings(&self.transaction, after, articles_max)
    }

    /// The cluster that a stored article is in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn cluster_of(&self, article: ArticleId) -> Result<ClusterId, StoreError> {
        let mut statement = self.transaction.prepare_cached("SELECT cluster FROM memberships WHERE article = ?1")?;
        Ok(ClusterId(ArticleId(statement.query_row([article.0], |row| row.get(0))?)))
    }

    /// Every article first seen after `since`, as it was first stored, with its cluster, in log order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn window(&self, since: Timestamp) -> Result<Vec<(Founding, ClusterId)>, StoreError> {
        replay::window(&self.transaction, since)
    }

    /// Replaces what the clusterer remembers of an article.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remember(&mut self, article: ArticleId, memory: &[u8]) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO memories VALUES (?1, ?2)")?
            .execute((article.0, memory))?;
        Ok(())
    }

    /// Drops clusters, memberships and memories, so that every article can be placed anew.
    pub(crate) fn drop_derived(&mut self) -> Result<(), StoreError> {
        self.transaction.execute_batch("DELETE FROM memories; DELETE FROM memberships; DELETE FROM clusters")?;
        Ok(())
    }

    /// Makes the batch last.
    ///
    /// # Errors
    /// When the file cannot be written; then nothing of the batch is stored.
    pub fn commit(self) -> Result<(), StoreError> {
        self.transaction.execute("UPDATE meta SET value = ?1 WHERE key = 'last_seq'", [self.last_seq])?;
        self.transaction.commit()?;
        Ok(())
    }

    fn next(&mut self) -> i64 {
        self.last_seq += 1;
        self.last_seq
    }
}

fn known(row: &rusqlite::Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        id: ArticleId(row.get(0)?),
        feed: FeedId(row.get(1)?),
        title: row.get(2)?,
        text: row.get(3)?,
        revision: row.get(4)?,
    })
}

fn doubt_word(doubt: crate::model::DateDoubt) -> &'static str {
    match doubt {
        crate::model::DateDoubt::Missing => "missing",
        crate::model::DateDoubt::Future => "future",
    }
}
