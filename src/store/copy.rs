//! Door: copies of a database: made while others write to it, checked, and put in its place.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::store::check::{Damage, Unsound};
use crate::store::disk::volume_free;
use crate::store::{Store, StoreError, beside};

/// Pages copied between two looks at the progress: 8 MiB.
const PAGES_AT_ONCE: i32 = 2_048;
/// How long it is waited for whoever else has the database open before it is replaced, in milliseconds.
const ALONE_WAIT_MILLISECONDS: u64 = 2_000;

/// Why a copy could not be made or put in place.
#[derive(Debug, Error)]
pub enum CopyError {
    /// A file of this name is there.
    #[error("`{}` is already there; name another file, or replace it with --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The database itself was named as its copy, or the other way round.
    #[error("`{}` is the database itself; name another file", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// The volume has too little room.
    #[error("there is no room for `{}`: it takes {} MiB, and {} MiB are free", path.display(), needed >> 20, free >> 20)]
    NoRoom {
        /// The copy.
        path: PathBuf,
        /// Its size in bytes.
        needed: u64,
        /// What is free, in bytes.
        free: u64,
    },
    /// The file cannot be written, moved or removed.
    #[error("cannot {what} `{}`", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database cannot be read, or the copy is none.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy was read again and is not what it should be.
    #[error("`{}` is damaged: {}", path.display(), faults.iter().map(|fault| fault.what.as_str()).collect::<Vec<_>>().join("; "))]
    Unsound {
        /// The copy.
        path: PathBuf,
        /// What is wrong with it; never empty.
        faults: Vec<Unsound>,
    },
    /// The copy does not hold what was copied.
    #[error("the copy `{}` holds {found} articles and not {expected}; it was thrown away", path.display())]
    Differs {
        /// The copy.
        path: PathBuf,
        /// Articles of the copy.
        found: i64,
        /// Articles of the database.
        expected: i64,
    },
    /// Another process has the database open.
    #[error("another process has `{}` open; end it and try again", path.display())]
    InUse {
        /// The database.
        path: PathBuf,
    },
}

/// A copy that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its size in bytes.
    pub bytes: u64,
    /// Articles in it.
    pub articles: i64,
    /// When the newest was seen.
    pub last_seen: Option<Timestamp>,
}

impl Store {
    /// Copies the database at `from`, which this store has open, to `to` as it is at this moment, whoever writes to it meanwhile; nobody
    /// is held up. The copy is read again and checked before it gets its name. `told` hears how many pages of how many are copied.
    ///
    /// # Errors
    /// [`CopyError`] says what hinders; then there is no file of that name, or the one that was there before.
    pub fn back_up(
        &self,
        from: &Path,
        to: &Path,
        force: Force,
        told: impl FnMut(usize, usize),
    ) -> Result<Copied, CopyError> {
        if is_same(from, to) {
            return Err(CopyError::Itself { path: to.to_owned() });
        }
        if to.is_dir() {
            return Err(StoreError::Folder { path: to.to_owned() }.into());
        }
        if force == Force::No && to.exists() {
            return Err(CopyError::Exists { path: to.to_owned() });
        }
        let half = Half::of(to)?;
        let expected = self.copy_pages(&half.path, told)?;
        let copied = verified(&half.path)?;
        if copied.articles != expected {
            return Err(CopyError::Differs { path: half.path.clone(), found: copied.articles, expected });
        }
        half.named(to, force)?;
        Ok(copied)
    }

    /// Copies one state of the file page by page, and gives how many articles it holds.
    fn copy_pages(&self, to: &Path, mut told: impl FnMut(usize, usize)) -> Result<i64, CopyError> {
        // While it is held, what others write reaches neither this connection nor the copy.
        let _one_state = self.hold()?;
        let articles = articles(&self.connection)?;
        let bytes: i64 = self
            .connection
            .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
            .map_err(StoreError::from)?;
        let (needed, free) = (bytes.unsigned_abs(), volume_free(to));
        if let Some(free) = free.filter(|free| *free < needed) {
            return Err(CopyError::NoRoom { path: to.to_owned(), needed, free });
        }
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => {
                CopyError::NoRoom { path: to.to_owned(), needed, free: volume_free(to).unwrap_or_default() }
            }
            _ => CopyError::Store(error.into()),
        };
        let mut copy = Connection::open(to).map_err(failed)?;
        // It is made durable as a whole below, and is nothing before that.
        copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").map_err(failed)?;
        let backup = Backup::new(&self.connection, &mut copy).map_err(failed)?;
        loop {
            let step = backup.step(PAGES_AT_ONCE).map_err(failed)?;
            let progress = backup.progress();
            let pages = |count: i32| usize::try_from(count).unwrap_or_default();
            told(pages(progress.pagecount - progress.remaining), pages(progress.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(StoreError::Busy.into()),
            }
        }
        drop(backup);
        // One file alone: a copy in WAL mode would want two more beside it to be read.
        copy.pragma_update(None, "journal_mode", "delete").map_err(failed)?;
        drop(copy);
        synced(to)?;
        Ok(articles)
    }
}

/// Whether a file that is there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// It may.
    Yes,
    /// It may not.
    No,
}

/// Reads a copy and checks all of it. It may be of an older schema: whoever opens it next brings it up to date.
///
/// # Errors
/// When it is not ours, is newer than we are, or is damaged.
pub fn verified(path: &Path) -> Result<Copied, CopyError> {
    let store = Store::at_rest(path).map_err(|error| damaged(path, error))?;
    let faults = store.unsound().map_err(|error| damaged(path, error))?;
    if !faults.is_empty() {
        return Err(CopyError::Unsound { path: path.to_owned(), faults });
    }
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    Ok(Copied { bytes, articles: articles(&store.connection)?, last_seen: store.last_seen()? })
}

/// A file that is so damaged that it cannot even be asked what is wrong with it.
fn damaged(path: &Path, error: StoreError) -> CopyError {
    match error {
        StoreError::Broken(error) => {
            let faults = vec![Unsound { damage: Damage::File, what: error.to_string() }];
            CopyError::Unsound { path: path.to_owned(), faults }
        }
        error => error.into(),
    }
}

/// Puts the copy at `from` in the place of the database at `database`, which is kept under a name of its own beside it: that name is given,
/// or `None` where there was no database. The caller holds the role. A crash leaves the old database or the new one.
///
/// # Errors
/// [`CopyError`] says what hinders; then the database is what it was.
pub fn restore(
    from: &Path,
    database: &Path,
    now: Timestamp,
    told: impl FnMut(usize, usize),
) -> Result<(Copied, Option<PathBuf>), CopyError> {
    // A link stays a link, to the file that is replaced.
    let database = &database.canonicalize().unwrap_or_else(|_| database.to_owned());
    if is_same(from, database) {
        return Err(CopyError::Itself { path: from.to_owned() });
    }
    verified(from)?;
    let source = Store::at_rest(from)?;
    let half = Half::of(database)?;
    source.copy_pages(&half.path, told)?;
    let copied = verified(&half.path)?;
    if !database.exists() {
        let folder = folder_of(database);
        for path in [&half.path, &beside(database, "lock")] {
            belongs_like(path, folder)?;
        }
        half.named(database, Force::No)?;
        return Ok((copied, None));
    }
    belongs_like(&half.path, database)?;
    let kept = free_name(database, now);
    rest(database)?;
    // What lies beside the database belongs to it and would be taken for the new one's: a log that could not be emptied goes along.
    for ending in ["-wal", "-shm"] {
        let (old, new) = (with_ending(database, ending), with_ending(&kept, ending));
        if old.exists() {
            fs::rename(&old, &new).map_err(|source| CopyError::File { what: "move", path: old, source })?;
        }
    }
    // Under both names for a moment, so that there always is a database.
    if fs::hard_link(database, &kept).is_err() {
        fs::rename(database, &kept).map_err(|source| CopyError::File {
            what: "move",
            path: database.to_owned(),
            source,
        })?;
    }
    half.named(database, Force::Yes)?;
    Ok((copied, Some(kept)))
}

/// Empties the log of a database into it and takes its companions away, which only works while nobody else has it open. One that is damaged
/// is left as it is.
fn rest(database: &Path) -> Result<(), CopyError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let in_use = |error: &rusqlite::Error| {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
    };
    let rested = Connection::open_with_flags(database, flags).and_then(|connection| {
        connection.busy_timeout(Duration::from_millis(ALONE_WAIT_MILLISECONDS))?;
        connection.pragma_update(None, "journal_mode", "delete")
    });
    match rested {
        Err(error) if in_use(&error) => Err(CopyError::InUse { path: database.to_owned() }),
        _ => Ok(()),
    }
}

/// A copy that is not whole yet, under a name that says so; it goes away with this value.
struct Half {
    path: PathBuf,
}

impl Half {
    fn of(to: &Path) -> Result<Half, CopyError> {
        let path = with_ending(to, &format!(".{}.part", std::process::id()));
        // Made here, so that what hinders is said in the system's own words.
        File::create(&path).map_err(|source| CopyError::File { what: "write", path: path.clone(), source })?;
        Ok(Half { path })
    }

    /// Gives it its name, which outlives a power cut from then on.
    fn named(self, to: &Path, force: Force) -> Result<(), CopyError> {
        let failed = |source| CopyError::File { what: "write", path: to.to_owned(), source };
        match force {
            Force::Yes => fs::rename(&self.path, to).map_err(failed)?,
            // A name that was taken meanwhile is not taken from its owner.
            Force::No => match fs::hard_link(&self.path, to) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(CopyError::Exists { path: to.to_owned() });
                }
                Err(_) => fs::rename(&self.path, to).map_err(failed)?,
                Ok(()) => {}
            },
        }
        synced(folder_of(to))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            // Most of them are not there, and what cannot be removed is seen by its name.
            drop(fs::remove_file(with_ending(&self.path, ending)));
        }
    }
}

/// A name beside the database that nothing has yet, with the day and time in it.
fn free_name(database: &Path, now: Timestamp) -> PathBuf {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let name = |number: u32| match number {
        0 => with_ending(database, &format!(".before-{stamp}")),
        number => with_ending(database, &format!(".before-{stamp}-{number}")),
    };
    (0..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}

fn articles(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file to the owner of another one, or of a folder: whoever restores may be root, and the service is not. A file's permissions go
/// with it.
fn belongs_like(path: &Path, like: &Path) -> Result<(), CopyError> {
    let failed = |source| CopyError::File { what: "give away", path: path.to_owned(), source };
    if !path.exists() {
        return Ok(());
    }
    let (own, wanted) = (fs::metadata(path).map_err(failed)?, fs::metadata(like).map_err(failed)?);
    if wanted.is_file() {
        fs::set_permissions(path, wanted.permissions()).map_err(failed)?;
    }
    if (own.uid(), own.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    match chown(path, Some(wanted.uid()), Some(wanted.gid())) {
        // Only root may, and whoever is not root is the one who can use it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given.map_err(failed),
    }
}

fn synced(path: &Path) -> Result<(), CopyError> {
    let sync = File::open(path).and_then(|file| file.sync_all());
    sync.map_err(|source| CopyError::File { what: "write", path: path.to_owned(), source })
}

/// A path with something written behind its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

    use jiff::Timestamp;
    use rusqlite::Connection;

    use crate::store::copy::{Force, restore, verified, with_ending};
    use crate::store::schema::{APPLICATION_ID, MIGRATIONS};
    use crate::store::{Store, StoreError};

    #[test]
    fn a_copy_of_an_older_schema_is_put_back_and_then_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let (old, database) = (folder.path().join("old.bak"), folder.path().join("n.db"));
        let connection = Connection::open(&old).unwrap();
        MIGRATIONS[..3].iter().for_each(|step| connection.execute_batch(step).unwrap());
        connection
            .execute_batch(&format!(
                "PRAGMA user_version = 3; PRAGMA application_id = {APPLICATION_ID}; DROP TABLE keys_written_out"
            ))
            .unwrap();
        drop(connection);
        assert_eq!(verified(&old).unwrap().articles, 0);
        assert!(matches!(Store::reader(&old), Err(StoreError::Older { .. })));
        assert_eq!(restore(&old, &database, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap().1, None);
        drop(Store::open(&database, 1, Timestamp::UNIX_EPOCH).unwrap());
        assert_eq!(Store::at_rest(&database).unwrap().unsound().unwrap(), []);
        assert!(!with_ending(&old, "-wal").exists());
    }

    #[test]
    fn what_root_restores_belongs_to_whom_it_belonged() {
        let folder = tempfile::tempdir().unwrap();
        let [good, database] = ["good.bak", "n.db"].map(|name| folder.path().join(name));
        drop(Store::open(&database, 1, Timestamp::UNIX_EPOCH).unwrap());
        let store = Store::reader(&database).unwrap();
        store.back_up(&database, &good, Force::No, |_, _| ()).unwrap();
        drop(store);
        fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).unwrap();
        if chown(&database, Some(4_321), Some(4_321)).is_err() {
            println!("skipped: only root can give files away");
            return;
        }
        restore(&good, &database, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap();
        let restored = fs::metadata(&database).unwrap();
        assert_eq!((restored.uid(), restored.gid(), restored.mode() & 0o777), (4_321, 4_321, 0o640));
    }
}
