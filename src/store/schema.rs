//! Door: the tables, as migrations that only grow; a released one is never edited.

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use xxhash_rust::xxh3::xxh3_64;

use crate::store::{StoreError, said};

/// Marks a file as ours (`PRAGMA application_id`): "nfld" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x6e66_6c64;

/// One step each, in order; `PRAGMA user_version` counts those done. All times are UTC milliseconds since 1970.
///
/// Ground: `meta`, `feeds`, `deaths`, `host_pauses`, `articles`, `revisions`, `marks`, `appearances`, `former_clusters` (ids that were
/// shown must lead somewhere), `corrections`, and what readers have seen: `views`, `views_left_out`, `dismissed`, `editions`, `told`,
/// `timetables`, `mails`, `outbox`; and `settled_…`, what stood when articles were last pruned. Derived, and remade by `rebuild` from
/// there on: `clusters`, `memberships`, `memories`, `relations`, `correction_moves`, `search`.
pub(crate) const MIGRATIONS: &[&str] = &[
    "
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
",
    "
-- The document of a feed during whose reading the process ended, and how often in a row.
CREATE TABLE deaths (
  feed INTEGER PRIMARY KEY REFERENCES feeds(id),
  body_hash INTEGER NOT NULL,
  count INTEGER NOT NULL,
  last INTEGER NOT NULL
) STRICT;
",
    "
-- Every key under which a feed ever brought an article, as a number: what is left of an article that was buried, so that it never
-- comes back as new. It references nothing, for it outlives what it names.
CREATE TABLE marks (
  feed INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  article INTEGER,
  PRIMARY KEY (feed, mark)
) STRICT, WITHOUT ROWID;

-- The keys as they were written out until now; `marks_from_keys` makes marks of them and drops the table.
DROP INDEX appearances_article;
ALTER TABLE appearances RENAME TO keys_written_out;

-- The other feeds that carried an article, beside the one that brought it.
CREATE TABLE appearances (
  article INTEGER NOT NULL REFERENCES articles(id),
  feed INTEGER NOT NULL REFERENCES feeds(id),
  PRIMARY KEY (article, feed)
) STRICT, WITHOUT ROWID;
INSERT INTO appearances
  SELECT DISTINCT k.article, k.feed FROM keys_written_out k JOIN articles a ON a.id = k.article AND a.feed <> k.feed;

ALTER TABLE articles ADD COLUMN enclosures TEXT NOT NULL DEFAULT '[]';
ALTER TABLE articles ADD COLUMN sketch INTEGER;
-- Published before its feed was added.
ALTER TABLE articles ADD COLUMN backlog INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET backlog = published < (SELECT added FROM feeds WHERE id = feed);

-- Which of a feed's keys are believed: 0 guid, 1 link, 2 title and date, 3 title and text.
ALTER TABLE feeds ADD COLUMN trusted_rule INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN strikes INTEGER NOT NULL DEFAULT 0;

DROP INDEX articles_canonical;
CREATE INDEX articles_canonical ON articles(canonical) WHERE canonical IS NOT NULL;
-- All that the search for a retitled article reads of those that are not it.
CREATE INDEX articles_recent ON articles(feed, seen, sketch) WHERE sketch IS NOT NULL;
",
    "
-- What politeness has to know: of each feed (ground), and of hosts that asked for a pause.
ALTER TABLE feeds ADD COLUMN pause_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN fresh_until INTEGER;
ALTER TABLE feeds ADD COLUMN turnover_seconds INTEGER;
ALTER TABLE feeds ADD COLUMN pace TEXT;
ALTER TABLE feeds ADD COLUMN rung TEXT NOT NULL DEFAULT 'plain';
ALTER TABLE feeds ADD COLUMN answered_url TEXT;
ALTER TABLE feeds ADD COLUMN body_hash TEXT;
ALTER TABLE feeds ADD COLUMN whole_at INTEGER;
ALTER TABLE feeds ADD COLUMN moving TEXT;
ALTER TABLE feeds ADD COLUMN moved_to TEXT;
ALTER TABLE feeds ADD COLUMN same_as INTEGER REFERENCES feeds(id);
ALTER TABLE feeds ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN answers_with_news INTEGER NOT NULL DEFAULT 0;
CREATE INDEX feeds_answered_url ON feeds(answered_url) WHERE answered_url IS NOT NULL;
CREATE INDEX feeds_same_as ON feeds(same_as) WHERE same_as IS NOT NULL;

CREATE TABLE host_pauses (
  host TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  wished INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
",
    // Feeds that may lead into private networks: the user says so, feed by feed.
    "ALTER TABLE feeds ADD COLUMN allow_private INTEGER NOT NULL DEFAULT 0;",
    "
-- A page of the index fits into its buffer (bytes) and is written once, and fewer of them are merged at a time: a fifth less work
-- for an index that is at its best after a few more pages.
INSERT INTO search (search, rank) VALUES ('hashsize', 16777216), ('automerge', 8);
",
    "
-- Whose voice an article speaks with; what was stored before has its outlet's.
ALTER TABLE articles ADD COLUMN voice TEXT;
-- The sentences of its first text that its feed repeats: no feature was made of them. 32 bits each, the lowest byte first.
ALTER TABLE articles ADD COLUMN repeated BLOB;
",
    "
-- Ids of clusters that are no more: each leads to the cluster in which its founder is now.
CREATE TABLE former_clusters (id INTEGER PRIMARY KEY REFERENCES articles(id)) STRICT;

-- Clusters that share much and are apart, the older first.
CREATE TABLE relations (
  one INTEGER NOT NULL,
  other INTEGER NOT NULL,
  probability REAL NOT NULL,
  PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX relations_other ON relations(other);
",
    "
-- What people corrected: ground. Articles by their numbers, as JSON; seq is its place in the log, once the writer has obeyed it.
CREATE TABLE corrections (
  number INTEGER PRIMARY KEY,
  made INTEGER NOT NULL,
  ruling TEXT NOT NULL,
  ones TEXT NOT NULL,
  others TEXT NOT NULL,
  undoes INTEGER UNIQUE REFERENCES corrections(number),
  seq INTEGER UNIQUE
) STRICT;
CREATE INDEX corrections_pending ON corrections(number) WHERE seq IS NULL;

-- Derived: whom each of them moved, from which cluster, and why it had been there.
CREATE TABLE correction_moves (
  correction INTEGER NOT NULL REFERENCES corrections(number),
  article INTEGER NOT NULL,
  cluster INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (correction, article)
) STRICT, WITHOUT ROWID;
",
    "
-- The index anew: marks are part of their word (vowels of Indic and Thai script are marks), and scripts without spaces are written
-- letter by letter (`lookup::indexed`). It is filled from the beginning.
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5(
  title, text, content='', contentless_delete=1, tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co M*'\"
);
INSERT INTO search (search, rank) VALUES ('hashsize', 16777216), ('automerge', 8);
UPDATE meta SET value = 0 WHERE key = 'indexed_seq';

-- All that the order of clusters asks of an article: its text, which stands before most of this, need not be read for it.
CREATE INDEX articles_brief ON articles(id, feed, outlet, voice, lang, published, seen);
DROP INDEX memberships_cluster;
CREATE INDEX memberships_cluster ON memberships(cluster, copy_of);
-- Where an article is, without the reason why: what a search asks of each of many thousands.
CREATE INDEX memberships_article ON memberships(article, cluster);

-- Whether its articles can be read by subscribers alone.
ALTER TABLE feeds ADD COLUMN paywalled INTEGER NOT NULL DEFAULT 0;
",
    "
-- What readers have seen. None of it references articles: it outlives those that are buried.
-- How far a list has come that shows only what is new, by the command that shows it and the reader's name for it.
CREATE TABLE views (
  command TEXT NOT NULL,
  name TEXT NOT NULL,
  place INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (command, name)
) STRICT, WITHOUT ROWID;
-- What was new up to there and did not fit: it comes next time. A cluster is named by an article in it.
CREATE TABLE views_left_out (
  command TEXT NOT NULL,
  name TEXT NOT NULL,
  article INTEGER NOT NULL,
  PRIMARY KEY (command, name, article)
) STRICT, WITHOUT ROWID;

-- The articles of clusters that a reader does not want to see before they have news.
CREATE TABLE dismissed (article INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;

-- Digests that were made: what each covers (place is how far in the log), and what was rendered, for the last of each name.
CREATE TABLE editions (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  covers_from INTEGER NOT NULL,
  covers_until INTEGER NOT NULL,
  made INTEGER NOT NULL,
  place INTEGER NOT NULL,
  stories INTEGER NOT NULL,
  format TEXT NOT NULL,
  content BLOB,
  UNIQUE (name, number)
) STRICT;
-- The articles of the stories that editions told, each with the last one that did.
CREATE TABLE told (
  name TEXT NOT NULL,
  article INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (name, article)
) STRICT, WITHOUT ROWID;
-- Since when a digest is known to have a schedule.
CREATE TABLE timetables (name TEXT PRIMARY KEY, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Mail: a message once, and the state of its way to each recipient.
CREATE TABLE mails (
  id INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL UNIQUE,
  sender TEXT NOT NULL,
  message BLOB NOT NULL
) STRICT;
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  mail INTEGER NOT NULL REFERENCES mails(id),
  recipient TEXT NOT NULL,
  since INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt INTEGER NOT NULL,
  failure TEXT,
  sent INTEGER,
  given_up INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_mail ON outbox(mail);
CREATE INDEX outbox_waiting ON outbox(next_attempt) WHERE sent IS NULL AND given_up = 0;
",
    // Wide Latin letters are indexed as narrow ones: the index is made anew.
    "
INSERT INTO search (search) VALUES ('delete-all');
UPDATE meta SET value = 0 WHERE key = 'indexed_seq';
",
    "
-- What stood when articles were last pruned, as far as it has changed since: ground. What was placed by then cannot be placed anew, for
-- its neighbours are gone; `rebuild` goes back to this and begins there. `meta.settled_seq` is that place in the log. Triggers note
-- what is about to change, each row once, whoever changes it.
CREATE TABLE settled_memories (article INTEGER PRIMARY KEY, memory BLOB NOT NULL) STRICT;
CREATE TABLE settled_memberships (article INTEGER PRIMARY KEY, cluster INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE settled_relations (
  one INTEGER NOT NULL,
  other INTEGER NOT NULL,
  probability REAL, -- NULL where there was none
  PRIMARY KEY (one, other)
) STRICT, WITHOUT ROWID;
CREATE TABLE settled_moves (
  correction INTEGER NOT NULL,
  article INTEGER NOT NULL,
  cluster INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (correction, article)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER settled_membership BEFORE UPDATE OF cluster, reason ON memberships
WHEN OLD.article <= (SELECT value FROM meta WHERE key = 'settled_seq')
BEGIN
  INSERT INTO settled_memberships SELECT OLD.article, OLD.cluster, OLD.reason
    WHERE NOT EXISTS (SELECT 1 FROM settled_memberships WHERE article = OLD.article);
END;
CREATE TRIGGER settled_relation_new BEFORE INSERT ON relations
WHEN NEW.other <= (SELECT value FROM meta WHERE key = 'settled_seq')
BEGIN
  INSERT INTO settled_relations
    SELECT NEW.one, NEW.other, (SELECT probability FROM relations WHERE one = NEW.one AND other = NEW.other)
    WHERE NOT EXISTS (SELECT 1 FROM settled_relations WHERE one = NEW.one AND other = NEW.other);
END;
CREATE TRIGGER settled_relation_changed BEFORE UPDATE ON relations
WHEN OLD.other <= (SELECT value FROM meta WHERE key = 'settled_seq')
BEGIN
  INSERT INTO settled_relations SELECT OLD.one, OLD.other, OLD.probability
    WHERE NOT EXISTS (SELECT 1 FROM settled_relations WHERE one = OLD.one AND other = OLD.other);
END;
CREATE TRIGGER settled_move BEFORE UPDATE ON correction_moves
WHEN OLD.correction IN (SELECT number FROM corrections WHERE seq <= (SELECT value FROM meta WHERE key = 'settled_seq'))
BEGIN
  INSERT INTO settled_moves SELECT OLD.correction, OLD.article, OLD.cluster, OLD.reason
    WHERE NOT EXISTS (SELECT 1 FROM settled_moves WHERE correction = OLD.correction AND article = OLD.article);
END;
-- Else every article that goes would be looked for among all memberships.
CREATE INDEX memberships_copies ON memberships(copy_of) WHERE copy_of IS NOT NULL;
",
    "
-- The backlog that a view has shown: up to which place its first look counted it, and since which publication. NULL where it counted none.
ALTER TABLE views ADD COLUMN backlog_until INTEGER;
ALTER TABLE views ADD COLUMN backlog_since INTEGER;
",
    "
-- An undoing writes anew what corrections before it moved: rows come and go, and none changes.
DROP TRIGGER settled_move;
ALTER TABLE settled_moves RENAME TO settled_moves_before;
CREATE TABLE settled_moves (
  correction INTEGER NOT NULL,
  article INTEGER NOT NULL,
  cluster INTEGER, -- NULL where there was none
  reason TEXT,
  PRIMARY KEY (correction, article)
) STRICT, WITHOUT ROWID;
INSERT INTO settled_moves SELECT correction, article, cluster, reason FROM settled_moves_before;
DROP TABLE settled_moves_before;
CREATE TRIGGER settled_move_new BEFORE INSERT ON correction_moves
WHEN NEW.correction IN (SELECT number FROM corrections WHERE seq <= (SELECT value FROM meta WHERE key = 'settled_seq'))
BEGIN
  INSERT INTO settled_moves SELECT NEW.correction, NEW.article, NULL, NULL
    WHERE NOT EXISTS (SELECT 1 FROM settled_moves WHERE correction = NEW.correction AND article = NEW.article);
END;
CREATE TRIGGER settled_move_gone BEFORE DELETE ON correction_moves
WHEN OLD.correction IN (SELECT number FROM corrections WHERE seq <= (SELECT value FROM meta WHERE key = 'settled_seq'))
BEGIN
  INSERT INTO settled_moves SELECT OLD.correction, OLD.article, OLD.cluster, OLD.reason
    WHERE NOT EXISTS (SELECT 1 FROM settled_moves WHERE correction = OLD.correction AND article = OLD.article);
END;
",
];

/// Brings the file to the newest schema, or leaves it as it is.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    // One immediate transaction: a second process that starts at the same moment waits, then finds it done. And all steps in one: a
    // head that tells a wrong number makes the steps fail sooner or later, and then none may stand.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(0).min(MIGRATIONS.len());
    for step in &MIGRATIONS[done..] {
        transaction.execute_batch(step).map_err(|error| of_other_tables(version, error))?;
    }
    if done < MIGRATIONS.len() {
        let known = i64::try_from(MIGRATIONS.len()).expect("migrations are few");
        transaction.pragma_update(None, "user_version", known)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    marks_from_keys(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// A step that cannot be taken from where the file says that it stands was taken before, or one before it never was.
fn of_other_tables(version: i64, error: rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() != Some(ErrorCode::Unknown) {
        return error.into();
    }
    StoreError::broken(format!("its head says schema {version}, but its tables are of another one: {}", said(&error)))
}

/// Makes marks of the keys that an earlier version wrote out, which SQL alone cannot hash; without them every entry would come again
/// as new.
fn marks_from_keys(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    if !transaction.table_exists(None, "keys_written_out")? {
        return Ok(());
    }
    let mut keys = transaction.prepare("SELECT feed, key, article FROM keys_written_out")?;
    let mut mark = transaction.prepare("INSERT INTO marks VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    let mut rows = keys.query([])?;
    while let Some(row) = rows.next()? {
        let (feed, key, article) = (row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
        // As `identify::keys` hashes them.
        mark.execute((feed, xxh3_64(key.as_bytes()).cast_signed(), article))?;
    }
    drop(rows);
    transaction.execute_batch("DROP TABLE keys_written_out")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use rusqlite::Connection;
    use rusqlite::fallible_iterator::FallibleIterator as _;

    use crate::model::{FeedId, Mark, Rule};
    use crate::store::batch::Met;
    use crate::store::schema::MIGRATIONS;
    use crate::store::{Query, Store, StoreError};

    #[test]
    fn an_index_that_took_a_sentence_for_a_word_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let old = Connection::open(&path).unwrap();
        let before = MIGRATIONS.iter().position(|step| step.contains("DROP TABLE search")).unwrap();
        MIGRATIONS[..before].iter().for_each(|step| old.execute_batch(step).unwrap());
        old.execute_batch(&format!(
            "PRAGMA user_version = {before}; PRAGMA application_id = 0x6e666c64; DROP TABLE keys_written_out;
             INSERT INTO feeds (id, url, tags, cluster, priority, origin, active, added, health, failures, interval_seconds)
                VALUES (1, 'https://a.example/', '[]', 1, 0, 'command', 1, 5000, 'ok', 0, 0);
             INSERT INTO articles (id, code, feed, outlet, title, text, published, seen, links, categories, revision, changed, revised)
                VALUES (1, 'a0', 1, 'A', '東京で地震', 'हिन्दी', 4000, 6000, '[]', '[]', 1, 1, 6000);
             INSERT INTO search (rowid, title, text) VALUES (1, '東京で地震', 'हिन्दी');
             UPDATE meta SET value = 1 WHERE key IN ('last_seq', 'indexed_seq');
             INSERT INTO clusters VALUES (1, 4000, 4000, 6000, 1);
             INSERT INTO memberships VALUES (1, 1, '{{}}', NULL);"
        ))
        .unwrap();
        drop(old);
        let mut store = Store::open(&path, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
        let found = |store: &Store, words: &str| store.matches(words, 9).unwrap().articles.len();
        assert_eq!(found(&store, "地震"), 0);
        assert_eq!((store.index(9).unwrap(), store.index(9).unwrap()), (1, 0));
        assert_eq!(["地震", "हिन्दी", "京都", "हिन्दू"].map(|words| found(&store, words)), [1, 1, 0, 0]);
    }

    /// A copy of a database, as a process that is killed this moment leaves it.
    fn image(path: &Path) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for ending in ["", "-wal"] {
            let name = PathBuf::from(format!("{}{ending}", path.display()));
            if name.exists() {
                std::fs::copy(&name, folder.path().join(format!("n.db{ending}"))).unwrap();
            }
        }
        let path = folder.path().join("n.db");
        (folder, path)
    }

    #[test]
    fn a_migration_that_is_killed_at_any_statement_leaves_the_old_schema_and_is_done_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let mut old = Connection::open(&path).unwrap();
        old.execute_batch("PRAGMA journal_mode = wal; PRAGMA application_id = 0x6e666c64").unwrap();
        let mut statements = 0;
        for (done, step) in MIGRATIONS.iter().enumerate() {
            // So small a cache that much of what is not committed stands in the log already.
            old.execute_batch("PRAGMA cache_size = 1").unwrap();
            let transaction = old.transaction().unwrap();
            let mut killed = |transaction: &Connection| {
                statements += 1;
                let (_folder, left) = image(&path);
                let version: i64 = Connection::open(&left)
                    .unwrap()
                    .pragma_query_value(None, "user_version", |row| row.get(0))
                    .unwrap();
                assert_eq!(version, i64::try_from(done).unwrap(), "nothing of step {done} stands");
                let store = Store::open(&left, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
                let (articles, known): (i64, i64) = store
                    .connection
                    .query_row("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM marks)", [], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .unwrap();
                let expected = if done == 0 { 0 } else { 60 };
                assert_eq!((articles, known), (expected, expected), "step {done}, statement {statements}");
                assert!(!transaction.is_autocommit());
            };
            let mut pieces = rusqlite::Batch::new(&transaction, step);
            while let Some(mut statement) = pieces.next().unwrap() {
                let mut rows = statement.raw_query();
                while rows.next().unwrap().is_some() {}
                drop(rows);
                drop(statement);
                killed(&transaction);
            }
            transaction.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap()).unwrap();
            transaction.commit().unwrap();
            if done == 0 {
                fill(&old);
            }
        }
        assert!(statements > 60, "{statements} statements");
        // The keys that were written out become marks when all steps are done.
        drop(old);
        Store::open(&path, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
    }

    /// Articles under the first schema, with texts of some pages.
    fn fill(first: &Connection) {
        first
            .execute_batch(
                "INSERT INTO feeds (id, url, tags, cluster, priority, origin, active, added, health, failures, interval_seconds)
                    VALUES (1, 'https://a.example/', '[]', 1, 0, 'command', 1, 5000, 'ok', 0, 0);
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
                 INSERT INTO articles SELECT i, 'a' || i, 1, 'A', NULL, NULL, 'Title ' || i, hex(zeroblob(1500)), NULL, 'en', 4000,
                    NULL, 6000, NULL, '[]', '[]', 1, i, 6000 FROM n;
                 INSERT INTO appearances SELECT 1, 'g:' || id, id FROM articles;
                 INSERT INTO clusters SELECT id, 4000, 4000, 6000, 1 FROM articles;
                 INSERT INTO memberships SELECT id, id, '{}', NULL FROM articles;
                 UPDATE meta SET value = 60 WHERE key = 'last_seq'",
            )
            .unwrap();
    }

    #[test]
    fn a_database_of_the_first_schema_keeps_its_articles_and_what_they_are_known_by() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "PRAGMA user_version = 1; PRAGMA application_id = 0x6e666c64;
             INSERT INTO feeds (id, url, tags, cluster, priority, origin, active, added, health, failures, interval_seconds)
                VALUES (1, 'https://a.example/', '[]', 1, 0, 'command', 1, 5000, 'ok', 0, 0),
                       (2, 'https://b.example/', '[]', 1, 0, 'command', 1, 5000, 'ok', 0, 0);
             INSERT INTO articles VALUES (1, 'a0', 1, 'A', NULL, NULL, 'Title', 'Text', NULL, 'en', 4000, NULL, 6000, NULL, '[]',
                '[]', 1, 1, 6000);
             INSERT INTO appearances VALUES (1, 'g:id-1', 1), (2, 'u:a.example/1', 1);
             INSERT INTO clusters VALUES (1, 4000, 4000, 6000, 1);
             INSERT INTO memberships VALUES (1, 1, '{\"how\":\"founded\",\"probability\":1.0,\"because\":[],\"nearest\":null,
                \"hours_apart\":null,\"runner_up\":null}', NULL);",
        )
        .unwrap();
        drop(old);
        assert!(matches!(Store::reader(&path), Err(StoreError::Older { found: 1, .. })), "only a writer makes it new");
        for _ in 0..2 {
            let mut store = Store::open(&path, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
            let article = store.clusters(&Query::default()).unwrap().remove(0).members.remove(0).article;
            assert_eq!(
                (article.also_in.as_slice(), article.backlog),
                (["https://b.example/".to_owned()].as_slice(), true)
            );
            let batch = store.batch().unwrap();
            let hash = |key: &str| xxhash_rust::xxh3::xxh3_64(key.as_bytes()).cast_signed();
            for (feed, rule, key) in [(1, Rule::Guid, "g:id-1"), (2, Rule::Link, "u:a.example/1")] {
                let met = batch.met(FeedId(feed), Mark { rule, hash: hash(key) }).unwrap();
                assert!(matches!(met, Some(Met::Article(known)) if known.id.0 == 1), "{key}");
            }
        }
    }
}
