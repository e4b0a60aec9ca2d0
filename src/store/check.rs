//! Door: whether a database is sound: SQLite's own word, and what must hold between our tables.

use rusqlite::Connection;

use crate::store::{Store, StoreError};

/// How many faults SQLite is asked to name.
const NAMED_MAX: usize = 5;

/// What is wrong with a database, and how badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file itself is damaged: only a backup, or a rescue, brings back what is lost.
    File,
    /// What cannot be made again is contradictory.
    Ground,
    /// What is derived is wrong: `rebuild` of all remakes it.
    Derived,
    /// The full-text index is wrong: any `rebuild` fills it anew.
    Index,
}

/// One kind of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// What it concerns.
    pub damage: Damage,
    /// What is wrong, with how many.
    pub what: String,
}

/// What must find nothing: whom it concerns, what is counted, and the search, which gives one number.
const RULES: &[(Damage, &str, &str)] = &[
    (
        Damage::Derived,
        "articles in no cluster",
        "SELECT count(*) FROM articles WHERE id NOT IN (SELECT article FROM memberships)",
    ),
    (
        Damage::Derived,
        "clusters that do not count what they hold",
        "SELECT count(*) FROM clusters c LEFT JOIN (
            SELECT m.cluster, count(*) AS n, min(a.published) AS first, max(a.published) AS last, max(a.seen) AS seen
            FROM memberships m JOIN articles a ON a.id = m.article GROUP BY m.cluster) t ON t.cluster = c.id
         WHERE t.n IS NOT c.article_count OR t.first IS NOT c.first_published OR t.last IS NOT c.last_published
            OR t.seen IS NOT c.last_seen",
    ),
    (
        Damage::Derived,
        "clusters that do not begin with the article whose number they have",
        "SELECT count(*) FROM clusters c WHERE c.id IS NOT (SELECT min(article) FROM memberships WHERE cluster = c.id)",
    ),
    (
        Damage::Ground,
        "ids of former clusters that lead nowhere",
        "SELECT count(*) FROM former_clusters f WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.article = f.id)",
    ),
    (
        Damage::Derived,
        "relations with founders that are not there",
        "SELECT count(*) FROM relations WHERE one NOT IN (SELECT id FROM articles) OR other NOT IN (SELECT id FROM articles)",
    ),
    (
        Damage::Index,
        "articles missing from the full-text index",
        "SELECT count(*) FROM articles WHERE changed <= (SELECT value FROM meta WHERE key = 'indexed_seq')
            AND id NOT IN (SELECT id FROM search_docsize)",
    ),
    (
        Damage::Index,
        "articles in the full-text index that are not stored",
        "SELECT count(*) FROM search_docsize WHERE id NOT IN (SELECT id FROM articles)",
    ),
    (
        Damage::Ground,
        "articles with a place in the log that was not given out yet",
        "SELECT count(*) FROM articles WHERE max(id, changed) > (SELECT value FROM meta WHERE key = 'last_seq')",
    ),
    (
        Damage::Ground,
        "earlier versions of articles with a number that they cannot have",
        "SELECT count(*) FROM revisions r JOIN articles a ON a.id = r.article WHERE r.number >= a.revision",
    ),
    (
        Damage::Ground,
        "mails that wait and have no text",
        "SELECT count(*) FROM outbox o JOIN mails m ON m.id = o.mail WHERE o.sent IS NULL AND o.given_up = 0 AND length(m.message) = 0",
    ),
];

impl Store {
    /// Everything that is wrong with the database; nothing where it is sound. It reads the whole file, one state of it, and holds nobody
    /// up.
    ///
    /// # Errors
    /// When the file cannot be read at all; a page that cannot be read is a fault that is told.
    pub fn unsound(&self) -> Result<Vec<Unsound>, StoreError> {
        let _one_state = self.hold()?;
        let faults = damaged_pages(&self.connection)?;
        if !faults.is_empty() {
            // What is asked of damaged pages would only say the same again, or nonsense.
            return Ok(faults);
        }
        let mut faults = dangling(&self.connection)?;
        // An older one has other tables, and is brought up to date when it is opened.
        let rules = if self.is_of_today()? { RULES } else { &[] };
        for (damage, told, sql) in rules {
            let count: i64 = self.connection.query_row(sql, [], |row| row.get(0))?;
            if count > 0 {
                faults.push(Unsound { damage: *damage, what: format!("{told}: {count}") });
            }
        }
        Ok(faults)
    }
}

/// SQLite's own check of every page, index and constraint. (It covers the full-text index as well, whose check is part of it.)
fn damaged_pages(connection: &Connection) -> Result<Vec<Unsound>, StoreError> {
    let mut statement = connection.prepare(&format!("PRAGMA integrity_check({NAMED_MAX})"))?;
    let mut rows = statement.query([])?;
    let mut faults = Vec::new();
    loop {
        let line = match rows.next() {
            Ok(None) => return Ok(faults),
            Ok(Some(row)) => row.get::<_, String>(0)?,
            Err(error) => {
                faults.push(Unsound { damage: Damage::File, what: error.to_string() });
                return Ok(faults);
            }
        };
        let is_index = line.contains("fts5") || line.contains("inverted index");
        if line != "ok" {
            let what = line.split_whitespace().collect::<Vec<_>>().join(" ");
            faults.push(Unsound { damage: if is_index { Damage::Index } else { Damage::File }, what });
        }
    }
}

/// Rows that refer to rows that are not there, counted by table.
fn dangling(connection: &Connection) -> Result<Vec<Unsound>, StoreError> {
    let mut statement = connection
        .prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2")?;
    let mut rows = statement.query([])?;
    let mut faults = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, parent, count) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
        let is_derived = ["clusters", "memberships", "memories", "correction_moves"].contains(&table.as_str());
        let damage = if is_derived { Damage::Derived } else { Damage::Ground };
        faults.push(Unsound {
            damage,
            what: format!("rows of `{table}` that refer to rows of `{parent}` that are not there: {count}"),
        });
    }
    Ok(faults)
}
