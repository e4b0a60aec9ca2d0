//! Door: copies of a database: made while others write to it, checked, and put in its place.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::store::check::{Damage, Unsound};
use crate::store::disk::volume_free;
use crate::store::half::{Half, synced};
use crate::store::lock::{Holder, RoleLock};
use crate::store::place::{MAGIC, head_of, resolved, with_ending};
use crate::store::schema::APPLICATION_ID;
use crate::store::{Store, StoreError};

/// Pages copied between two looks at the progress: 8 MiB.
const PAGES_AT_ONCE: i32 = 2_048;
/// What stands behind a database's name in the names of the files that belong to it.
const BELONGINGS: [&str; 6] = ["-wal", "-shm", "-journal", ".lock", ".reading", ".part"];

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
    /// The name is that of a file which belongs to a database.
    #[error("`{}` is a file of the database `{}`, be it there or not; name another file", path.display(), database.display())]
    Belongs {
        /// The file.
        path: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// What is there is nothing that a copy may replace.
    #[error("`{}` holds something else than a database of newsfold's and is never replaced; move it away, or name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file that should be replaced is a database at work, or was one when its process died.
    #[error("`{}` lies there: `{}` is a database in use, or was when its process died, and is never replaced by a backup; name another file", log.display(), path.display())]
    Logged {
        /// The file.
        path: PathBuf,
        /// Its log.
        log: PathBuf,
    },
    /// The file that should be replaced is the database of a process that is at work.
    #[error("`newsfold {}` (process {}) is working on `{}`, which is never replaced by a backup; name another file", holder.command, holder.process, path.display())]
    AtWork {
        /// The file.
        path: PathBuf,
        /// Who works on it.
        holder: Holder,
    },
    /// Another process is making a copy of the same name.
    #[error("another backup or restore is writing `{}`; try again when it is done", path.display())]
    Taken {
        /// The copy as far as it is.
        path: PathBuf,
    },
    /// A database came to be where there was none.
    #[error("a database came to be at `{}` while the copy was checked; nothing was replaced: try again", path.display())]
    Appeared {
        /// The database.
        path: PathBuf,
    },
    /// The file is in place, and the folder in which its name stands could not be synced.
    #[error("`{}` is in place, but its folder cannot be synced: a power cut may bring back what was there before", path.display())]
    Unsynced {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The volume has too little room.
    #[error("there is no room for `{}`: it takes {}, and {} are free", path.display(), amount(*needed), amount(*free))]
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
    /// The database does not hold what was restored.
    #[error("`{}` holds {found} articles after the restore and not the {expected} of the copy; restore it again, and look for who else writes to it", path.display())]
    Unlike {
        /// The database.
        path: PathBuf,
        /// Articles of the database.
        found: i64,
        /// Articles of the copy.
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

/// A copy that has its name.
#[derive(Debug)]
pub struct BackedUp {
    /// What it holds.
    pub copied: Copied,
    /// Why a power cut may bring back what was there before, where it may.
    pub unsynced: Option<CopyError>,
}

impl CopyError {
    /// Whether the user named a file that cannot be meant, rather than something having failed.
    pub fn is_usage(&self) -> bool {
        use CopyError::{AtWork, Belongs, Exists, Foreign, Itself, Logged};
        matches!(self, AtWork { .. } | Belongs { .. } | Exists { .. } | Foreign { .. } | Itself { .. } | Logged { .. })
    }
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
    ) -> Result<BackedUp, CopyError> {
        // A link stays a link, to the file that is replaced, or that comes to be.
        let to = &resolved(to);
        replaceable(from, to, force)?;
        let half = Half::of(to, from)?;
        let expected = self.copy_pages(&half, told)?;
        let copied = verified(&half.path)?;
        if copied.articles != expected {
            return Err(CopyError::Differs { path: to.clone(), found: copied.articles, expected });
        }
        // The copying takes its time, and somebody may have begun to work there.
        replaceable(from, to, force)?;
        Ok(BackedUp { copied, unsynced: half.named(force)? })
    }

    /// How many articles are stored.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn articles(&self) -> Result<i64, StoreError> {
        articles(&self.connection)
    }

    /// Copies one state of the file page by page, and gives how many articles it holds.
    pub(crate) fn copy_pages(&self, half: &Half, mut told: impl FnMut(usize, usize)) -> Result<i64, CopyError> {
        let (to, path) = (&half.to, &half.path);
        // While it is held, what others write reaches neither this connection nor the copy.
        let _one_state = self.hold()?;
        let articles = articles(&self.connection)?;
        let bytes: i64 = self
            .connection
            .query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))
            .map_err(StoreError::from)?;
        let (needed, free) = (bytes.unsigned_abs(), volume_free(to));
        if let Some(free) = free.filter(|free| *free < needed) {
            return Err(CopyError::NoRoom { path: to.clone(), needed, free });
        }
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => {
                CopyError::NoRoom { path: to.clone(), needed, free: volume_free(to).unwrap_or_default() }
            }
            _ => CopyError::Store(error.into()),
        };
        // Without SQLite's locks: ours is on the file already, and some systems take the one for the other.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut copy = Connection::open_with_flags_and_vfs(path, flags, c"unix-none").map_err(failed)?;
        // It is made durable as a whole below, and is nothing before that.
        copy.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            .map_err(failed)?;
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
        synced(path).map_err(|source| CopyError::File { what: "write", path: to.clone(), source })?;
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

/// Refuses a name whose file a copy must not take: one of a database that is or was at work, or of anything else than a copy.
fn replaceable(from: &Path, to: &Path, force: Force) -> Result<(), CopyError> {
    if is_same(from, to) {
        return Err(CopyError::Itself { path: to.to_owned() });
    }
    if to.is_dir() {
        return Err(StoreError::Folder { path: to.to_owned() }.into());
    }
    if let Some(database) = belongs_to(to) {
        return Err(CopyError::Belongs { path: to.to_owned(), database });
    }
    if force == Force::No && to.exists() {
        return Err(CopyError::Exists { path: to.to_owned() });
    }
    if to.exists() && !is_ours_or_empty(to)? {
        return Err(CopyError::Foreign { path: to.to_owned() });
    }
    // Also where there is no such file: what a log says would be read into the copy.
    if let Some(log) = ["-wal", "-journal"].map(|ending| with_ending(to, ending)).into_iter().find(|log| log.exists()) {
        return Err(CopyError::Logged { path: to.to_owned(), log });
    }
    match RoleLock::holder(to) {
        Some(holder) => Err(CopyError::AtWork { path: to.to_owned(), holder }),
        None => Ok(()),
    }
}

/// The file to which one of this name belongs, whether it is there at the moment or not.
fn belongs_to(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.as_bytes();
    let bases = BELONGINGS.iter().filter_map(|ending| name.strip_suffix(ending.as_bytes()));
    bases.map(|base| path.with_file_name(OsStr::from_bytes(base))).find(|base| base.is_file())
}

/// Whether a file may have been made by us as a copy, or holds nothing.
fn is_ours_or_empty(path: &Path) -> Result<bool, CopyError> {
    let failed = |source| CopyError::File { what: "read", path: path.to_owned(), source };
    let file = fs::metadata(path).map_err(failed)?;
    if !file.is_file() {
        return Ok(false);
    }
    fs::File::open(path).map_err(failed)?;
    let is_ours = |head: [u8; 100]| head.starts_with(MAGIC) && head[68..72] == APPLICATION_ID.to_be_bytes();
    Ok(file.len() == 0 || head_of(path).is_some_and(is_ours))
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

/// Whether both lead to one file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn articles(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM articles", [], |row| row.get(0))?)
}

/// An amount of data, for errors: `512 B`, `432.0 KiB`, `4.0 MiB`.
fn amount(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    match UNITS.iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => {
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use jiff::Timestamp;
    use rusqlite::Connection;

    use crate::store::copy::{CopyError, Force};
    use crate::store::lock::RoleLock;
    use crate::store::place::with_ending;
    use crate::store::{Store, StoreError};

    /// A database of ours, closed, with the store that reads it.
    fn made(path: &Path) -> Store {
        drop(Store::open(path, 1, Timestamp::UNIX_EPOCH).unwrap());
        Store::reader(path).unwrap()
    }

    #[test]
    fn a_backup_replaces_an_earlier_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let database = path("n.db");
        let store = made(&database);
        let refused = |name: &str, force: Force, said: &str| {
            let before = fs::read(path(name)).ok();
            let error = store.back_up(&database, &path(name), force, |_, _| ()).unwrap_err();
            assert!(error.to_string().contains(said) && error.is_usage(), "{name}: {error}");
            assert_eq!(fs::read(path(name)).ok(), before, "{name}");
            assert!(!path(&format!("{name}.part")).exists(), "{name}");
        };
        fs::write(path("text"), "dear diary").unwrap();
        Connection::open(path("other")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let _socket = UnixListener::bind(path("socket")).unwrap();
        for name in ["text", "other"] {
            refused(name, Force::No, "is already there");
            refused(name, Force::Yes, "something else than a database of newsfold's");
        }
        refused("socket", Force::Yes, "something else than a database of newsfold's");
        for name in ["n.db-wal", "n.db-shm", "n.db-journal", "n.db.lock", "n.db.reading"] {
            refused(name, Force::Yes, "is a file of the database");
            refused(name, Force::No, "is a file of the database");
        }
        // At work, without the role; after its process died; with its log alone.
        let other = made(&path("live.db"));
        refused("live.db", Force::Yes, "live.db-wal` lies there");
        drop(other);
        for (name, log) in [("died.db", "died.db-wal"), ("hot.db", "hot.db-journal")] {
            fs::write(path(log), "a log").unwrap();
            for force in [Force::No, Force::Yes] {
                refused(name, force, "a database in use, or was when its process died");
            }
            fs::copy(path("live.db"), path(name)).unwrap();
            refused(name, Force::Yes, "a database in use, or was when its process died");
        }
        let lock = RoleLock::take(&path("live.db"), "run").unwrap();
        refused("live.db", Force::Yes, "`newsfold run` (process");
        drop(lock);

        fs::write(path("empty"), "").unwrap();
        for name in ["empty", "empty", "live.db"] {
            assert_eq!(store.back_up(&database, &path(name), Force::Yes, |_, _| ()).unwrap().copied.articles, 0);
        }
        // A link stays a link, also one to a file that is not there yet.
        symlink("there.bak", path("link.bak")).unwrap();
        store.back_up(&database, &path("link.bak"), Force::No, |_, _| ()).unwrap();
        assert!(path("link.bak").is_symlink() && path("there.bak").is_file());
        assert!(fs::read_dir(folder.path()).unwrap().all(|file| !file.unwrap().path().ends_with(".part")));
    }

    #[test]
    fn who_may_not_read_the_database_may_not_read_its_copy() {
        let folder = tempfile::tempdir().unwrap();
        let [database, copy] = ["n.db", "n.bak"].map(|name| folder.path().join(name));
        let store = made(&database);
        fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
        store
            .back_up(&database, &copy, Force::No, |_, _| {
                let half = fs::metadata(with_ending(&copy, ".part")).unwrap();
                assert_eq!(half.permissions().mode() & 0o777, 0o600);
            })
            .unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        // And it wants no log beside it to be read (byte 18 and 19 of the head: 2 in WAL mode).
        assert_eq!(
            (&fs::read(&database).unwrap()[18..20], &fs::read(&copy).unwrap()[18..20]),
            (&[2, 2][..], &[1, 1][..])
        );
    }

    #[test]
    fn a_link_to_a_file_with_a_log_is_not_at_rest() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        let [database, link] = ["state/n.db", "link.db"].map(|name| folder.path().join(name));
        symlink(&database, &link).unwrap();
        let reader = made(&database);
        assert!(matches!(Store::at_rest(&link), Err(StoreError::NotAtRest { .. })));
        drop(reader);
        assert_eq!(Store::at_rest(&link).unwrap().articles().unwrap(), 0);
        fs::write(with_ending(&database, "-journal"), "a log").unwrap();
        assert!(matches!(Store::at_rest(&link), Err(StoreError::NotAtRest { .. })));
        fs::remove_file(with_ending(&database, "-journal")).unwrap();
        fs::write(with_ending(&database, "-wal"), "a log").unwrap();
        fs::write(&database, "").unwrap();
        for path in [&database, &link] {
            assert!(matches!(Store::open(path, 1, Timestamp::UNIX_EPOCH), Err(StoreError::Emptied { .. })));
        }
        assert!(with_ending(&database, "-wal").exists());
    }

    #[test]
    fn what_has_no_room_is_told_in_the_users_words() {
        let told = |needed, free| CopyError::NoRoom { path: "n.bak".into(), needed, free }.to_string();
        let wanted = "there is no room for `n.bak`: it takes 4.0 MiB, and 432.0 KiB are free";
        assert_eq!(told(4 << 20, 432 << 10), wanted);
        assert!(told(5 << 30, 1_023).ends_with("it takes 5.0 GiB, and 1023 B are free"));
    }
}
