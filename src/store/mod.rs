//! Door: one SQLite file; SQL is written here and nowhere else.

mod batch;
mod bury;
mod census;
mod check;
mod copy;
mod corrections;
mod deaths;
mod disk;
mod editions;
mod feeds;
mod file;
mod half;
mod leave;
mod lock;
mod order;
mod outbox;
mod place;
mod read;
mod regroup;
mod replace;
mod replay;
mod retention;
mod schema;
mod search;
mod settled;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};
use thiserror::Error;

use crate::lookup::folded;

pub use crate::store::batch::{Batch, Elsewhere, FeedFacts, Known, Met, NewArticle, Past, Placed};
pub use crate::store::census::{Census, room, schema_version};
pub use crate::store::check::{Damage, Unsound};
pub use crate::store::copy::{BackedUp, Copied, CopyError, Force, verified};
pub use crate::store::corrections::{Moved, Moving, Wanted, standing};
pub use crate::store::disk::{Disk, Forecast};
pub use crate::store::editions::{Arrivals, LastEdition, NewEdition, Recorded, Seen, ShownBacklog, View};
pub use crate::store::file::Opened;
pub use crate::store::leave::Leave;
pub use crate::store::lock::{Holder, RoleLock, beside};
pub use crate::store::order::Place;
pub use crate::store::outbox::{Attempt, Letter, OutboxState, Waiting};
use crate::store::place::{Claim, Missing};
pub(crate) use crate::store::place::{resolved, with_ending};
pub use crate::store::read::{Found, Query, Totals};
pub use crate::store::replace::{RESTORE, Restored, restore};
pub use crate::store::replay::Founding;
pub use crate::store::retention::{Cursor, Cutoffs, Expired, Tidied};
pub use crate::store::search::Matches;

/// How long a checkpoint waits for readers before the end of a process.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(500);
/// What the write-ahead log may keep at rest, in bytes: twice what SQLite lets it gather before it moves it into the file by itself.
const LOG_BYTES_AT_REST: u64 = 8 << 20;
/// What is left of the log after a transaction that was larger, in bytes.
const LOG_BYTES_KEPT: u64 = 64 << 20;

/// Why the store could not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder that should hold the file does not exist.
    #[error("cannot open the database `{}`: the folder `{}` does not exist; create it, or name another with --db", path.display(), folder.display())]
    NoFolder {
        /// The database.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// A folder, where a file is wanted.
    #[error("`{}` is a folder; name a file in it with --db", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// There is no such file, and the command only reads.
    #[error("there is no database at `{}` yet; `newsfold fetch` makes it", path.display())]
    Missing {
        /// The database.
        path: PathBuf,
    },
    /// There is no such copy.
    #[error("there is no file `{}`", path.display())]
    NoCopy {
        /// The file.
        path: PathBuf,
    },
    /// The copy is not one file alone.
    #[error("`{}` has a log beside it, as a database in use has: `newsfold --db {} backup FILE` makes a copy of it that can be restored", path.display(), path.display())]
    NotAtRest {
        /// The file.
        path: PathBuf,
    },
    /// The file is no SQLite database.
    #[error("`{}` is not a database; name another file with --db (this one was left as it is)", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error("`{}` is a database, but not one of newsfold's; name another file with --db (this one was left as it is)", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Made by an older newsfold, and only to be read: whoever writes brings it up to date.
    #[error("`{}` was written by an older newsfold (schema {found}, this one knows {known}); `newsfold fetch` or `newsfold run`, started anew, brings it up to date", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema that is known.
        known: i64,
    },
    /// Made by a newer newsfold.
    #[error("`{}` was written by a newer newsfold (schema {found}, this one knows {known}); upgrade newsfold", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another process holds the role lock.
    #[error("`newsfold {}` (process {}) is working on `{}`; stop it first, or let it do the work", holder.command, holder.process, database.display())]
    Held {
        /// The database.
        database: PathBuf,
        /// The other process.
        holder: Holder,
    },
    /// The operating system refuses the file.
    #[error("cannot open `{}`", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A search that FTS5 cannot read.
    #[error("cannot read the query `{query}`: {why}")]
    Query {
        /// What was asked.
        query: String,
        /// What is wrong with it.
        why: String,
    },
    /// A stored value that cannot be read back.
    #[error("the database holds a damaged value in {what}: {why}; `newsfold rebuild` remakes what is derived")]
    Damaged {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Another process has been writing for longer than we wait.
    #[error("the database is busy: another process has been writing to it for {} s; try again when it is done", leave::PATIENCE.as_secs())]
    Busy,
    /// The file lost its beginning, and what the write-ahead log beside it still holds would be lost with it.
    #[error("`{}` is empty, but the log beside it, `{}-wal`, is not: something emptied the database. Restore a backup; or move both files away to begin anew", path.display(), path.display())]
    Emptied {
        /// The database.
        path: PathBuf,
    },
    /// The file ends before its own end.
    #[error("`{}` has {found} bytes and had {wanted}: something cut it short, and what is missing is lost. Restore a backup (this file was left as it is)", path.display())]
    Cut {
        /// The database.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length that its head tells.
        wanted: u64,
    },
    /// The path names another file by now, or none: what is written to the one that is open is lost with its end.
    #[error("`{}` is not the file any more that was opened: it was removed, or another one was put in its place, while newsfold was at work. What stands there is opened at the next start; nothing more was asked for", path.display())]
    Moved {
        /// The database.
        path: PathBuf,
    },
    /// The file's structure is broken.
    #[error(
        "the database is damaged ({0}); nothing was written over it. Stop newsfold, keep a copy of the file with its `-wal`, and restore a backup; without one, `sqlite3 FILE .recover` saves what can be read"
    )]
    Broken(rusqlite::Error),
    /// The disk did not do what it was asked to.
    #[error("the disk cannot be used ({}); nothing is stored by halves. Is it full (`df`)? Else it may be failing (`dmesg`)", told(.0))]
    Disk(rusqlite::Error),
    /// The file, or its folder, may not be written.
    #[error(
        "the database cannot be written ({0}): the file, its `-wal` and its folder must belong to the user that newsfold runs as, on a medium that can be written"
    )]
    ReadOnly(rusqlite::Error),
    /// Told to end while it was at work.
    #[error("given up before it was done, for newsfold was told to end; nothing of it is stored")]
    GivenUp,
    /// Anything else that SQLite says. It is no `source`, for its own sources say the same again.
    #[error("the database failed: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if let rusqlite::Error::SqlInputError { .. } = error {
            // What we ask is right for the tables that we made: these are others.
            return StoreError::broken(said(&error));
        }
        match error.sqlite_error_code() {
            // A number of the head that no SQLite writes, of which it says no more than that.
            Some(ErrorCode::Unknown) if error.to_string() == "unsupported file format" => StoreError::Broken(error),
            Some(ErrorCode::DatabaseBusy) => StoreError::Busy,
            // Which of the two a full disk is depends on where it was met.
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => StoreError::Disk(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Broken(error),
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(error),
            Some(ErrorCode::OperationInterrupted) => StoreError::GivenUp,
            _ => StoreError::Sqlite(error),
        }
    }
}

/// What SQLite says, without the statement that it says it of.
pub(crate) fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

/// What SQLite says, with the number that tells a read from a write and a sync.
fn told(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(failure) => format!("{error}, code {}", failure.extended_code),
        None => error.to_string(),
    }
}

impl StoreError {
    /// The file's structure is broken, as SQLite itself did not see it.
    fn broken(why: String) -> StoreError {
        let corrupt = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        StoreError::Broken(rusqlite::Error::SqliteFailure(corrupt, Some(why)))
    }

    /// Whether the same work may succeed later as it is: locked, full, or a disk in trouble.
    pub fn is_transient(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseLocked, FileLockingProtocolFailed};
        match self {
            StoreError::Busy | StoreError::Disk(_) => true,
            StoreError::Sqlite(error) => {
                matches!(error.sqlite_error_code(), Some(DatabaseLocked | CannotOpen | FileLockingProtocolFailed))
            }
            _ => false,
        }
    }

    /// Whether it says what is wrong with a database, and not with which.
    pub fn names_no_file(&self) -> bool {
        use StoreError::{Broken, Busy, Damaged, Disk, ReadOnly, Sqlite};
        matches!(self, Broken(_) | Busy | Damaged { .. } | Disk(_) | ReadOnly(_) | Sqlite(_))
    }

    /// Whether the user named something that cannot be used, rather than something having failed.
    pub fn is_usage(&self) -> bool {
        matches!(self, StoreError::Query { .. })
    }
}

/// One state of the file, held; `None` where an outer one holds it already.
pub struct Hold<'store>(#[expect(dead_code, reason = "it is held, not looked at")] Option<Transaction<'store>>);

/// One open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    leave: Leave,
    opened: Option<Opened>,
    /// The last to go: until then nothing but SQLite may touch the file. `None` in memory.
    #[expect(dead_code, reason = "it is held, not looked at")]
    claim: Option<Claim>,
}

impl Store {
    /// Opens the database at `path` for writing, and makes it when there is none; `salt` and `now` are only used for a new one.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong with the file; a file that is not ours is never written to.
    pub fn open(path: &Path, salt: u64, now: Timestamp) -> Result<Store, StoreError> {
        let claim = Claim::of(path, Missing::Make)?;
        let connection = Connection::open(path)?;
        if recognise(&connection, path)? == 0 {
            // Before anything is written, or never: so that what is pruned can be given back a little at a time.
            connection.pragma_update(None, "auto_vacuum", "incremental")?;
        }
        // journal_mode first: it is the one setting that is stored in the file.
        connection.pragma_update(None, "journal_mode", "wal")?;
        Store::ready(connection, Some(claim), salt, now)
    }

    /// A database that lives in memory and dies with this value.
    ///
    /// # Errors
    /// Only when SQLite itself fails.
    pub fn in_memory(salt: u64, now: Timestamp) -> Result<Store, StoreError> {
        Store::ready(Connection::open_in_memory()?, None, salt, now)
    }

    /// Opens the database at `path` for reading only; it sees one state of the file per call and never waits for a writer.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none.
    pub fn reader(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let claim = Claim::of(path, Missing::Leave)?;
        let connection = match Store::open_for_reading(path) {
            Err(StoreError::Sqlite(error) | StoreError::ReadOnly(error)) if is_unopenable(&error) => {
                Store::open_at_rest(path, error)?
            }
            found => found?,
        };
        Store::over(connection, Some(claim))
    }

    /// A read-only handle cannot make the shared-memory file that WAL needs, so the handle may write but the session may not.
    fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        // Nothing has been made of it yet: another process is about to, or it is an empty file.
        let found = recognise(&connection, path)?;
        if found == 0 {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        up_to_date(path, found)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// On a read-only medium there is no place for the shared-memory file, and no writer either; unless a write-ahead log is left,
    /// the file holds everything and may be read as it is.
    fn open_at_rest(path: &Path, refused: rusqlite::Error) -> Result<Connection, StoreError> {
        let Some(connection) = Store::immutable(path)? else { return Err(refused.into()) };
        up_to_date(path, recognise(&connection, path)?)?;
        Ok(connection)
    }

    /// The file as it is, without a lock and without a file beside it; `None` where a log is left, of which SQLite would know nothing then.
    fn immutable(path: &Path) -> Result<Option<Connection>, StoreError> {
        // A log lies beside the file itself, not beside a link to it.
        let file = resolved(path);
        let logged = ["-wal", "-journal"].iter().any(|ending| with_ending(&file, ending).exists());
        let absolute = std::path::absolute(file).ok().and_then(|path| url::Url::from_file_path(path).ok());
        let (Some(mut address), false) = (absolute, logged) else { return Ok(None) };
        address.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        Ok(Some(Connection::open_with_flags(address.as_str(), flags)?))
    }

    /// Opens a copy that nobody writes to, and makes no file beside it.
    ///
    /// # Errors
    /// [`StoreError`] says what is wrong with the file; one with a log beside it is not at rest.
    pub fn at_rest(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::NoCopy { path: path.to_owned() });
        }
        let claim = Claim::of(path, Missing::Leave)?;
        let Some(connection) = Store::immutable(path)? else {
            return Err(StoreError::NotAtRest { path: path.to_owned() });
        };
        if recognise(&connection, path)? == 0 {
            return Err(StoreError::NotOurs { path: path.to_owned() });
        }
        Store::over(connection, Some(claim))
    }

    /// One state of the file for all that is read while the value lives, whatever is written meanwhile; nobody waits for it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hold(&self) -> Result<Hold<'_>, StoreError> {
        let outermost = self.connection.is_autocommit();
        Ok(Hold(outermost.then(|| self.connection.unchecked_transaction()).transpose()?))
    }

    fn over(mut connection: Connection, claim: Option<Claim>) -> Result<Store, StoreError> {
        configure(&connection)?;
        let leave = Leave::over(&mut connection)?;
        let opened = connection.path().filter(|path| !path.is_empty()).and_then(|path| Opened::at(Path::new(path)));
        Ok(Store { connection, leave, opened, claim })
    }

    fn ready(connection: Connection, claim: Option<Claim>, salt: u64, now: Timestamp) -> Result<Store, StoreError> {
        let mut store = Store::over(connection, claim)?;
        schema::migrate(&mut store.connection)?;
        store.connection.execute(
            "INSERT INTO meta VALUES ('salt', ?1), ('created', ?2) ON CONFLICT DO NOTHING",
            (salt.cast_signed(), now.as_millisecond()),
        )?;
        Ok(store)
    }

    /// What ends from another thread whatever this store is at.
    pub fn leave(&self) -> Leave {
        self.leave.clone()
    }

    /// How long statements wait for another process to finish its transaction from now on (10 s at first); gives how long they did.
    pub fn set_patience(&self, patience: Duration) -> Duration {
        self.leave.set_patience(patience)
    }

    /// The number drawn when the database was made, from which this installation's jitter comes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn salt(&self) -> Result<u64, StoreError> {
        Ok(self.meta("salt")?.cast_unsigned())
    }

    /// Moves what the write-ahead log holds into the file and empties the log, as far as readers allow.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        // It is a courtesy: a reader that takes its time must not hold up a process that was told to end.
        let usual = self.set_patience(CHECKPOINT_PATIENCE);
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let done = emptied.and_then(|()| self.connection.execute_batch("PRAGMA optimize"));
        self.set_patience(usual);
        Ok(done?)
    }

    /// How long the write-ahead log is, in bytes; nothing for a database in memory.
    pub fn log_bytes(&self) -> u64 {
        let path = self.connection.path().filter(|path| !path.is_empty());
        path.and_then(|path| std::fs::metadata(with_ending(Path::new(path), "-wal")).ok()).map_or(0, |log| log.len())
    }

    /// Empties a write-ahead log that has outgrown what it is at rest (8 MiB), without waiting for anybody: as long as a reader holds an
    /// earlier state of the file, the log keeps what was written since. Gives how long it is then, in bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn shrink_log(&self) -> Result<u64, StoreError> {
        if self.log_bytes() > LOG_BYTES_AT_REST {
            let usual = self.set_patience(Duration::ZERO);
            let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            self.set_patience(usual);
            emptied?;
        }
        Ok(self.log_bytes())
    }

    /// Begins a transaction that outlives a power cut once it is committed: for what cannot be had again, as a feed's entries can. The
    /// connection goes on so.
    fn lasting(&mut self) -> Result<rusqlite::Transaction<'_>, StoreError> {
        self.connection.execute_batch("PRAGMA synchronous = FULL")?;
        Ok(self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?)
    }

    /// Whether its tables are those of today, which those of a copy need not be.
    fn is_of_today(&self) -> Result<bool, StoreError> {
        let version: usize = self
            .connection
            .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?
            .try_into()
            .unwrap_or(0);
        Ok(version == schema::MIGRATIONS.len())
    }

    fn meta(&self, key: &str) -> Result<i64, StoreError> {
        Ok(self.connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))?)
    }
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    // NORMAL: a killed process loses nothing; a power cut may lose the last transactions, never half of one, and the
    // validators that went with them, so the next poll brings them again.
    connection.execute_batch(&format!(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = {LOG_BYTES_KEPT};",
    ))?;
    // Else a statement about `articles`, whose index of links holds only those there are, is made anew for every value that is
    // bound to it, which took an eighth of a first pass.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    // For names as people type them. No index and no table uses it, so the file needs nothing of ours to be read.
    connection.create_collation("TYPED", |one, other| folded(one).cmp(&folded(other)))?;
    Ok(())
}

/// Says what schema the file holds (0 for a new, empty one), and refuses a file that is not ours before anything is written.
fn recognise(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    connection.busy_timeout(leave::PATIENCE)?;
    let read = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = read("application_id")?;
    let version = read("user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let known = i64::try_from(schema::MIGRATIONS.len()).expect("migrations are few");
    if application != i64::from(schema::APPLICATION_ID) && (application != 0 || version != 0 || tables != 0) {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    if version > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known });
    }
    Ok(version)
}

/// Refuses to read a file whose tables are not yet those that are read.
fn up_to_date(path: &Path, found: i64) -> Result<(), StoreError> {
    let known = i64::try_from(schema::MIGRATIONS.len()).expect("migrations are few");
    if found < known { Err(StoreError::Older { path: path.to_owned(), found, known }) } else { Ok(()) }
}

fn is_unopenable(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly))
}

/// A stored instant; values out of range cannot have been written by us.
pub(crate) fn instant(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A list stored as JSON.
pub(crate) fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_default()
}

/// A list to store as JSON.
pub(crate) fn json(list: &[String]) -> String {
    serde_json::to_string(list).expect("a list of strings is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-02-13T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn no_hot_query_walks_a_whole_table() {
        let store = Store::in_memory(0, now()).unwrap();
        let check = |sql: &str, wanted: &[&str]| {
            let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut rows = statement.raw_query();
            let mut plan = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                plan.push(row.get::<_, String>(3).unwrap());
            }
            let plan = plan.join("\n");
            assert!(!plan.contains("SCAN a") && !plan.contains("SCAN m"), "{sql}\n{plan}");
            assert!(!plan.contains("B-TREE"), "{sql}\n{plan}");
            for step in wanted {
                assert!(plan.contains(step), "{sql}\n{plan}");
            }
        };
        check(crate::store::batch::MET, &["SEARCH m USING PRIMARY KEY (feed=? AND mark=?)", "SEARCH a USING INTEGER"]);
        check(crate::store::batch::ELSEWHERE, &["articles_canonical (canonical=?)"]);
        check(crate::store::batch::RECENT, &["COVERING INDEX articles_recent (feed=? AND seen>?)"]);
        check(crate::store::feeds::TWIN, &["feeds_answered_url (answered_url=?)"]);
        check("SELECT 1 FROM articles a WHERE code = ?1", &["(code=?)"]);
        check(
            crate::store::editions::GAINED,
            &["SEARCH m USING INTEGER PRIMARY KEY (rowid>?)", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"],
        );
        check(
            crate::store::editions::TOLD,
            &["SCAN w", "SEARCH t USING PRIMARY KEY (name=? AND article=?)", "(name=? AND number=?)"],
        );
        check(
            &crate::store::order::BRIEFS.replace("ORDER BY w.key", ""),
            &["COVERING INDEX memberships_cluster (cluster=?)", "COVERING INDEX articles_brief (id=?)"],
        );
        check(
            crate::store::replay::FORGET,
            &["SEARCH memories USING INTEGER PRIMARY KEY (rowid<?)", "articles_seen (seen>?)"],
        );
        check(
            "SELECT id FROM articles a WHERE changed > ?1 ORDER BY changed LIMIT ?2",
            &["articles_changed (changed>?)"],
        );
    }

    #[test]
    fn a_hot_query_is_planned_once_whatever_is_bound_to_it() {
        let store = Store::in_memory(0, now()).unwrap();
        for sql in [crate::store::batch::MET, "SELECT a.id FROM articles a WHERE a.code = ?1 AND a.feed = ?2"] {
            let mut statement = store.connection.prepare(sql).unwrap();
            for feed in 1..4 {
                assert!(!statement.exists((feed, format!("key {feed}"))).unwrap());
            }
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "{sql}");
        }
    }

    #[test]
    fn a_file_that_is_still_empty_is_a_database_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        std::fs::write(&path, "").unwrap();
        assert!(matches!(Store::reader(&path), Err(StoreError::Missing { .. })));
        Store::open(&path, 1, now()).unwrap();
        assert_eq!(Store::reader(&path).unwrap().salt().unwrap(), 1);
        assert!(matches!(Store::reader(folder.path()), Err(StoreError::Folder { .. })));
        assert!(matches!(Store::open(folder.path(), 1, now()), Err(StoreError::Folder { .. })));
    }

    #[test]
    fn a_reader_writes_nothing_and_a_file_at_rest_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd name?#%41.db");
        drop(Store::open(&path, 9, now()).unwrap());
        let mut reader = Store::reader(&path).unwrap();
        let refused = reader.add_feed(&crate::model::FeedWish::of_url("https://a.example/"), now()).unwrap_err();
        assert!(refused.to_string().contains("readonly"), "{refused}");
        drop(reader);
        let refused =
            || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN), None);
        let connection = Store::open_at_rest(&path, refused()).unwrap();
        assert_eq!(Store::over(connection, None).unwrap().salt().unwrap(), 9);
        // What is in the log only would be overlooked, so a file with one is refused.
        std::fs::write(folder.path().join("odd name?#%41.db-wal"), "x").unwrap();
        assert!(Store::open_at_rest(&path, refused()).is_err());
    }

    #[test]
    fn a_snapshot_sees_one_state_while_another_process_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let mut writer = Store::open(&path, 1, now()).unwrap();
        let reader = Store::reader(&path).unwrap();
        let snapshot = reader.hold().unwrap();
        assert!(reader.feeds().unwrap().is_empty());
        writer.add_feed(&crate::model::FeedWish::of_url("https://a.example/"), now()).unwrap();
        assert!(reader.feeds().unwrap().is_empty());
        drop(snapshot);
        assert_eq!(reader.feeds().unwrap().len(), 1);
        writer.checkpoint().unwrap();
    }

    #[test]
    fn a_stop_is_not_held_up_by_a_reader_that_takes_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db");
        let mut writer = Store::open(&path, 1, now()).unwrap();
        let reader = Store::reader(&path).unwrap();
        let _snapshot = reader.hold().unwrap();
        reader.feeds().unwrap();
        writer.add_feed(&crate::model::FeedWish::of_url("https://a.example/"), now()).unwrap();
        let began = std::time::Instant::now();
        writer.checkpoint().unwrap();
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}
