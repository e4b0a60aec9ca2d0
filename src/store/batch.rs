//! Door: one batch, one transaction: articles, revisions, memberships and what the feed taught us, all of it or nothing.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::model::{ArticleId, ClusterId, Code, Draft, Enclosure, FeedId, Mark, Reason, Rule, Trust};
use crate::store::{Founding, Leave, Store, StoreError, instant, json, replay};

/// The columns of a [`Known`].
macro_rules! known_columns {
    () => {
        "a.id, a.feed, a.title, a.text, a.url, a.canonical, CASE WHEN a.date_doubt IS NULL THEN a.published END"
    };
}

/// Asked for every entry of every answer.
pub(crate) const MET: &str = concat!(
    "SELECT ",
    known_columns!(),
    " FROM marks m LEFT JOIN articles a ON a.id = m.article WHERE m.feed = ?1 AND m.mark = ?2"
);
/// Asked for every entry that is new. The newest, because a page that is linked every day is today's.
pub(crate) const ELSEWHERE: &str = concat!(
    "SELECT ",
    known_columns!(),
    ", f.url, f.site FROM articles a JOIN feeds f ON f.id = a.feed
    WHERE a.canonical = ?1 AND a.feed <> ?2 ORDER BY a.id DESC LIMIT 16"
);
/// Asked for every answer with something new.
pub(crate) const RECENT: &str =
    "SELECT a.id, a.sketch FROM articles a WHERE a.feed = ?1 AND a.seen > ?2 AND a.sketch IS NOT NULL
    ORDER BY a.seen DESC LIMIT 500";

/// A transaction under way; dropped without [`Batch::commit`], it leaves no trace.
pub struct Batch<'store> {
    pub(crate) transaction: Transaction<'store>,
    last_seq: i64,
    leave: Leave,
}

/// An article that is stored, as far as identity asks.
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
    /// Its link for readers.
    pub url: Option<String>,
    /// Its link's compared spelling.
    pub canonical: Option<String>,
    /// When it was published, where its feed said so.
    pub published: Option<Timestamp>,
}

/// What a mark leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Met {
    /// An article.
    Article(Known),
    /// One that was stored and is buried.
    Buried,
}

/// What a feed brought so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// How far its keys are believed.
    pub trust: Trust,
    /// Whether it brought anything at all.
    pub is_marked: bool,
}

/// An article of another feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    /// The article.
    pub known: Known,
    /// The URL of its feed.
    pub feed_url: String,
    /// The site that its feed names.
    pub feed_site: Option<String>,
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
    /// Whether it was published before its feed was added.
    pub backlog: bool,
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
        let leave = self.leave.clone();
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        // Whoever gave up waiting for another process does not care for how long it was.
        leave.check()?;
        let transaction = begun?;
        let last_seq = transaction.query_row("SELECT value FROM meta WHERE key = 'last_seq'", [], |row| row.get(0))?;
        Ok(Batch { transaction, last_seq, leave })
    }
}

impl Batch<'_> {
    /// What `feed` brought under this mark.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn met(&self, feed: FeedId, mark: Mark) -> Result<Option<Met>, StoreError> {
        self.leave.check()?;
        let mut statement = self.transaction.prepare_cached(MET)?;
        let met = |row: &Row<'_>| {
            let is_buried = row.get_ref(0)? == ValueRef::Null;
            if is_buried { Ok(Met::Buried) } else { known(row).map(Met::Article) }
        };
        Ok(statement.query_row((feed.0, mark.hash), met).optional()?)
    }

    /// The newest articles of other feeds with this canonical link, newest first, a few at most.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn elsewhere(&self, feed: FeedId, canonical: &str) -> Result<Vec<Elsewhere>, StoreError> {
        let mut statement = self.transaction.prepare_cached(ELSEWHERE)?;
        let rows = statement.query_map((canonical, feed.0), |row| {
            Ok(Elsewhere { known: known(row)?, feed_url: row.get(7)?, feed_site: row.get(8)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The sketches of the newest articles that `feed` brought after `since`, newest first, a few hundred at most.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn recent(&self, feed: FeedId, since: Timestamp) -> Result<Vec<(ArticleId, i64)>, StoreError> {
        let mut statement = self.transaction.prepare_cached(RECENT)?;
        let rows =
            statement.query_map((feed.0, since.as_millisecond()), |row| Ok((ArticleId(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A stored article, as far as identity asks.
    ///
    /// # Errors
    /// When the file cannot be read, or there is no such article.
    pub fn known(&self, article: ArticleId) -> Result<Known, StoreError> {
        let mut statement = self.transaction.prepare_cached(concat!(
            "SELECT ",
            known_columns!(),
            " FROM articles a WHERE a.id = ?1"
        ))?;
        Ok(statement.query_row([article.0], known)?)
    }

    /// What `feed` brought so far, as far as its next document is read against it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn past(&self, feed: FeedId) -> Result<Past, StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT trusted_rule, strikes, EXISTS (SELECT 1 FROM marks WHERE feed = ?1) FROM feeds WHERE id = ?1",
        )?;
        Ok(statement.query_row([feed.0], |row| {
            let rule = match row.get(0)? {
                0 => Rule::Guid,
                1 => Rule::Link,
                2 => Rule::Title,
                _ => Rule::Text,
            };
            Ok(Past { trust: Trust { rule, strikes: row.get(1)? }, is_marked: row.get(2)? })
        })?)
    }

    /// Stores how far the keys of `feed` are believed from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_trust(&mut self, feed: FeedId, trust: Trust) -> Result<(), StoreError> {
        let rule = match trust.rule {
            Rule::Guid => 0,
            Rule::Link => 1,
            Rule::Title => 2,
            Rule::Text => 3,
        };
        self.transaction
            .prepare_cached("UPDATE feeds SET trusted_rule = ?2, strikes = ?3 WHERE id = ?1")?
            .execute((feed.0, rule, trust.strikes))?;
        Ok(())
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
                    seen, image, links, categories, enclosures, sketch, backlog, voice, repeated, revision, changed, revised)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, 1, ?1, ?13)",
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
                enclosures_json(&draft.enclosures),
                draft.sketch,
                article.backlog,
                draft.voice,
                replay::packed(&draft.repeated),
            ])?;
        Ok(id)
    }

    /// Remembers that `feed` brought `article` under this mark, whatever it meant before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_mark(&mut self, feed: FeedId, mark: Mark, article: ArticleId) -> Result<(), StoreError> {
        let set = "INSERT INTO marks VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET article = excluded.article";
        self.transaction.prepare_cached(set)?.execute((feed.0, mark.hash, article.0))?;
        Ok(())
    }

    /// Remembers that `feed` brought `article` under this mark too, unless the mark means another.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_mark(&mut self, feed: FeedId, mark: Mark, article: ArticleId) -> Result<(), StoreError> {
        let add = "INSERT INTO marks VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.transaction.prepare_cached(add)?.execute((feed.0, mark.hash, article.0))?;
        Ok(())
    }

    /// Remembers that `feed` carries an article that another one brought.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_appearance(&mut self, feed: FeedId, article: ArticleId) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("INSERT INTO appearances VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
            .execute((article.0, feed.0))?;
        Ok(())
    }

    /// Gives an article a new link under the same words.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn relink(&mut self, article: ArticleId, draft: &Draft) -> Result<(), StoreError> {
        self.transaction.prepare_cached("UPDATE articles SET url = ?2, canonical = ?3 WHERE id = ?1")?.execute((
            article.0,
            &draft.url,
            &draft.canonical,
        ))?;
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
                    changed = ?9, revised = ?10, sketch = ?11, enclosures = CASE ?12 WHEN '[]' THEN enclosures ELSE ?12 END
                 WHERE id = ?1",
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
                draft.sketch,
                enclosures_json(&draft.enclosures),
            ])?;
        Ok(())
    }

    /// Stores where an article belongs; its cluster is made by the article that founds it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn place(&mut self, placed: &Placed<'_>) -> Result<(), StoreError> {
        self.leave.check()?;
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

    /// Clears a feed of suspicion: it answered with another document, or with one that was read to its end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget_deaths(&mut self, feed: FeedId) -> Result<(), StoreError> {
        self.transaction.prepare_cached("DELETE FROM deaths WHERE feed = ?1")?.execute([feed.0])?;
        Ok(())
    }

    /// Up to `articles_max` articles after `after` in the log, as they were first stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn foundings(&self, after: ArticleId, articles_max: usize) -> Result<Vec<Founding>, StoreError> {
        replay::foundings(&self.transaction, after, articles_max)
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
        self.leave.check()?;
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO memories VALUES (?1, ?2)")?
            .execute((article.0, memory))?;
        Ok(())
    }

    /// Notes that the clusterer's window began anew with this article; it is derived, and part of what a restart reads back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn begin_window(&mut self, article: ArticleId) -> Result<(), StoreError> {
        self.transaction.execute("INSERT OR REPLACE INTO meta VALUES ('window_begun', ?1)", [article.0])?;
        Ok(())
    }

    /// Drops clusters, memberships, relations, memories and what corrections moved, so that every article can be placed anew.
    pub(crate) fn drop_derived(&mut self) -> Result<(), StoreError> {
        self.transaction.execute_batch(
            "DELETE FROM memories; DELETE FROM memberships; DELETE FROM clusters; DELETE FROM relations;
             DELETE FROM correction_moves; DELETE FROM meta WHERE key = 'window_begun'",
        )?;
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

    /// The last place in the log.
    pub(crate) fn place_in_log(&self) -> i64 {
        self.last_seq
    }

    /// The next place in the log.
    pub(crate) fn next(&mut self) -> i64 {
        self.last_seq += 1;
        self.last_seq
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    Ok(Known {
        id: ArticleId(row.get(0)?),
        feed: FeedId(row.get(1)?),
        title: row.get(2)?,
        text: row.get(3)?,
        url: row.get(4)?,
        canonical: row.get(5)?,
        published: row.get::<_, Option<i64>>(6)?.map(instant),
    })
}

fn enclosures_json(enclosures: &[Enclosure]) -> String {
    serde_json::to_string(enclosures).expect("texts and numbers are always JSON")
}

fn doubt_word(doubt: crate::model::DateDoubt) -> &'static str {
    match doubt {
        crate::model::DateDoubt::Missing => "missing",
        crate::model::DateDoubt::Future => "future",
    }
}
