//! Door: the tables, as migrations that only grow; a released one is never edited.

use rusqlite::{Connection, TransactionBehavior};

use crate::store::StoreError;

/// Marks a file as ours (`PRAGMA application_id`): "nfld" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6e66_6c64;

/// One step each, in order; `PRAGMA user_version` counts those done. All times are UTC milliseconds since 1970.
///
/// Ground: `meta`, `feeds`, `articles`, `revisions`, `appearances`. Derived, and remade by `rebuild`: `clusters`,
/// `memberships`, `memories`, `search`.
pub(crate) const MIGRATIONS: &[&str] = &["
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE feeds (
  id INTEGER PRIMARY KEY,
  url TEXT NOT NULL UNIQUE,
  outlet TEXT,
  outlet_found TEXT,
  tags TEXT NOT NULL,
  interval_fixed_seconds INTEGER,
  cluster INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  origin TEXT NOT NULL,
  active INTEGER NOT NULL,
  added INTEGER NOT NULL,
  title TEXT,
  site TEXT,
  etag TEXT,
  last_modified TEXT,
  health TEXT NOT NULL,
  detail TEXT,
  next_due INTEGER,
  not_before INTEGER,
  last_attempt INTEGER,
  last_success INTEGER,
  last_new INTEGER,
  failures INTEGER NOT NULL,
  interval_seconds INTEGER NOT NULL
) STRICT;

-- id is the place in the ground log; changed is the place of the current revision.
CREATE TABLE articles (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  feed INTEGER NOT NULL REFERENCES feeds(id),
  outlet TEXT NOT NULL,
  url TEXT,
  canonical TEXT,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  author TEXT,
  lang TEXT,
  published INTEGER NOT NULL,
  date_doubt TEXT,
  seen INTEGER NOT NULL,
  image TEXT,
  links TEXT NOT NULL,
  categories TEXT NOT NULL,
  revision INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  revised INTEGER NOT NULL
) STRICT;
-- With the title, because some feeds give every entry one link.
CREATE INDEX articles_canonical ON articles(canonical, title) WHERE canonical IS NOT NULL;
CREATE INDEX articles_changed ON articles(changed);
CREATE INDEX articles_seen ON articles(seen);

-- The versions that an article no longer shows; its current one stands in articles.
CREATE TABLE revisions (
  article INTEGER NOT NULL REFERENCES articles(id),
  number INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (article, number)
) STRICT, WITHOUT ROWID;

-- Every key under which a feed ever brought an article.
CREATE TABLE appearances (
  feed INTEGER NOT NULL REFERENCES feeds(id),
  key TEXT NOT NULL,
  article INTEGER NOT NULL REFERENCES articles(id),
  PRIMARY KEY (feed, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX appearances_article ON appearances(article);

-- id is the founding article's.
CREATE TABLE clusters (
  id INTEGER PRIMARY KEY REFERENCES articles(id),
  first_published INTEGER NOT NULL,
  last_published INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  article_count INTEGER NOT NULL
) STRICT;
CREATE INDEX clusters_last_published ON clusters(last_published);
CREATE INDEX clusters_last_seen ON clusters(last_seen);

CREATE TABLE memberships (
  article INTEGER PRIMARY KEY REFERENCES articles(id),
  cluster INTEGER NOT NULL REFERENCES clusters(id),
  reason TEXT NOT NULL,
  copy_of INTEGER REFERENCES articles(id)
) STRICT;
CREATE INDEX memberships_cluster ON memberships(cluster);

-- What the clusterer remembers of each article while it may still gather others.
CREATE TABLE memories (
  article INTEGER PRIMARY KEY REFERENCES memberships(article),
  memory BLOB NOT NULL
) STRICT;

CREATE VIRTUAL TABLE search USING fts5(
  title, text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);

INSERT INTO meta VALUES ('last_seq', 0), ('indexed_seq', 0);
", "
-- A page of the index fits into its buffer (bytes) and is written once, and fewer of them are merged at a time: a fifth less work
-- for an index that is at its best after a few more pages.
INSERT INTO search (search, rank) VALUES ('hashsize', 16777216), ('automerge', 8);
"];

/// Brings the file to the newest schema, each step whole or not at all.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    loop {
        // One immediate transaction a step: a second process that starts at the same moment waits, then finds it done.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done: usize =
            transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?.try_into().unwrap_or(0);
        if done >= known {
            return Ok(());
        }
        transaction.execute_batch(MIGRATIONS[done])?;
        transaction.pragma_update(None, "user_version", i64::try_from(done + 1).expect("migrations are few"))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()?;
    }
}
