//! Door: a checked copy takes the place of a database, which is kept beside it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::store::copy::{Copied, CopyError, Force, is_same, verified};
use crate::store::half::{COMPANIONS, Half, synced};
use crate::store::lock::{Holder, RoleLock};
use crate::store::place::{MAGIC, folder_of, head_of, identity, length_told, resolved, with_ending};
use crate::store::{Store, StoreError};

/// The name under which a restore holds the role.
pub const RESTORE: &str = "restore";
/// How long it is waited for whoever else has the database open before it is replaced, in milliseconds.
const ALONE_WAIT_MILLISECONDS: u64 = 2_000;
/// How often, and with what pause, who writes without the role looks whether a restore is done.
const LOOKS_MAX: u32 = 40;
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Where SQLite locks a database (<https://www.sqlite.org/src/file?name=src/os.h>, `PENDING_BYTE`), and how many bytes.
const LOCKED_FROM: u64 = 0x4000_0000;
const LOCKED_BYTES: u64 = 512;

/// A copy that is in its place.
#[derive(Debug)]
pub struct Restored {
    /// What it holds.
    pub copied: Copied,
    /// What was there before, under the names it has now: the database first, then what lay beside it. Empty where nothing was there.
    pub kept: Vec<PathBuf>,
    /// Why a power cut may bring back what was there before, where it may.
    pub unsynced: Option<CopyError>,
}

/// Puts the copy at `from` in the place of the database at `database`. What was there is kept beside it under a name with `now` in it, and
/// so is a log without a database, which would be taken for the new one's. The caller holds the role as [`RESTORE`]. A crash leaves the
/// old database or the new one; of an old one that is damaged, its log may have its new name already.
///
/// # Errors
/// [`CopyError`] says what hinders; then all is what it was.
pub fn restore(
    from: &Path,
    database: &Path,
    now: Timestamp,
    told: impl FnMut(usize, usize),
) -> Result<Restored, CopyError> {
    // A link stays a link, to the file that is replaced, or that comes to be.
    let database = &resolved(database);
    if is_same(from, database) {
        return Err(CopyError::Itself { path: from.to_owned() });
    }
    verified(from)?;
    let source = Store::at_rest(from)?;
    let is_there = database.exists();
    let half = Half::of(database, if is_there { database } else { from })?;
    source.copy_pages(&half, told)?;
    let copied = verified(&half.path)?;
    let mut aside = Aside::of(database, now);
    if is_there {
        belongs_like(&half.path, database)?;
        rest(database)?;
        aside.keep_database()?;
    } else {
        belongs_like(&half.path, folder_of(database))?;
    }
    // What lies beside the database belongs to it and would be taken for the new one's.
    aside.move_companions()?;
    let unsynced = half.named(if is_there { Force::Yes } else { Force::No }).map_err(|error| match error {
        CopyError::Exists { path } => CopyError::Appeared { path },
        error => error,
    })?;
    Ok(Restored { copied, kept: aside.done(), unsynced })
}

impl Store {
    /// Opens the database for writing beside whoever holds the role, as [`Store::open`] does. While a restore is at work it waits (2 s),
    /// for what it wrote would go into the old file, and its log would be taken for the new one's.
    ///
    /// # Errors
    /// [`StoreError::Held`] while the restore goes on, and those of [`Store::open`].
    pub fn open_beside(path: &Path, salt: u64, now: Timestamp) -> Result<Store, StoreError> {
        let restoring = || RoleLock::holder(path).filter(|holder| holder.command == RESTORE);
        let mut looks = 0;
        loop {
            let (before, mut holder) = (identity(path), restoring());
            if holder.is_none() {
                let store = Store::open(path, salt, now)?;
                // One that begins from here on finds it open. One that began while it was opened may have replaced the file since.
                holder = restoring();
                let is_same = before.is_none() || before == identity(path);
                if holder.is_none() && is_same {
                    return Ok(store);
                }
            }
            looks += 1;
            if looks >= LOOKS_MAX {
                let holder = holder.unwrap_or(Holder { command: RESTORE.to_owned(), process: 0 });
                return Err(StoreError::Held { database: path.to_owned(), holder });
            }
            std::thread::sleep(LOOK_PAUSE);
        }
    }
}

/// What was there, kept under another name. All is put back when it goes away before it is `done`.
struct Aside {
    database: PathBuf,
    kept: PathBuf,
    /// Whether the database is kept, under both names as yet.
    is_kept: bool,
    /// What was moved: the endings.
    moved: Vec<&'static str>,
}

impl Aside {
    fn of(database: &Path, now: Timestamp) -> Aside {
        Aside { database: database.to_owned(), kept: free_name(database, now), is_kept: false, moved: Vec::new() }
    }

    /// Gives the database its second name, so that there always is one under its own. Where there are no hard links it is copied.
    fn keep_database(&mut self) -> Result<(), CopyError> {
        if fs::hard_link(&self.database, &self.kept).is_err() {
            self.copy_database().map_err(|source| CopyError::File {
                what: "keep",
                path: self.database.clone(),
                source,
            })?;
        }
        self.is_kept = true;
        Ok(())
    }

    fn copy_database(&self) -> io::Result<()> {
        // Its permissions go with it.
        let copied = fs::copy(&self.database, &self.kept).and_then(|_| {
            give(&self.kept, &fs::metadata(&self.database)?)?;
            synced(&self.kept)
        });
        copied.inspect_err(|_| drop(fs::remove_file(&self.kept)))
    }

    fn move_companions(&mut self) -> Result<(), CopyError> {
        for ending in COMPANIONS {
            let old = with_ending(&self.database, ending);
            match fs::rename(&old, with_ending(&self.kept, ending)) {
                Ok(()) => self.moved.push(ending),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(CopyError::File { what: "move", path: old, source }),
            }
        }
        Ok(())
    }

    /// The new one is in place; gives the names of what was there.
    fn done(mut self) -> Vec<PathBuf> {
        let database = std::mem::take(&mut self.is_kept).then_some("");
        let moved = std::mem::take(&mut self.moved);
        database.into_iter().chain(moved).map(|ending| with_ending(&self.kept, ending)).collect()
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // What cannot be put back is found under the name that it has.
        for ending in &self.moved {
            drop(fs::rename(with_ending(&self.kept, ending), with_ending(&self.database, ending)));
        }
        if self.is_kept {
            drop(fs::remove_file(&self.kept));
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
    let is_free = |path: &PathBuf| {
        let mut names = [""].iter().chain(&COMPANIONS).map(|ending| with_ending(path, ending));
        names.all(|name| fs::symlink_metadata(name).is_err())
    };
    (0..).map(name).find(is_free).unwrap_or_else(|| name(0))
}

/// Empties the log of a database into it and takes its companions away, which only works while nobody else has it open. One that is damaged
/// is left as it is: SQLite takes an empty file for a new database, and would remove a log that holds all that is left.
fn rest(database: &Path) -> Result<(), CopyError> {
    let in_use = || CopyError::InUse { path: database.to_owned() };
    let length = fs::metadata(database).map_or(0, |file| file.len());
    if !head_of(database).is_some_and(|head| head.starts_with(MAGIC) && length >= length_told(&head)) {
        return if is_locked(database) { Err(in_use()) } else { Ok(()) };
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_busy = |error: &rusqlite::Error| {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
    };
    let rested = Connection::open_with_flags(database, flags).and_then(|connection| {
        connection.busy_timeout(Duration::from_millis(ALONE_WAIT_MILLISECONDS))?;
        connection.pragma_update(None, "journal_mode", "delete")
    });
    match rested {
        Err(error) if is_busy(&error) => Err(in_use()),
        _ => Ok(()),
    }
}

/// Whether another process has the file open as a database, asked without SQLite. Whoever has read it once in WAL mode holds a lock of it.
fn is_locked(database: &Path) -> bool {
    let lock = Flock { start: LOCKED_FROM, length: LOCKED_BYTES, ..Flock::from(FlockType::WriteLock) };
    File::open(database).is_ok_and(|file| matches!(fcntl_getlk(&file, &lock), Ok(Some(_))))
}

/// Gives a file to the owner of another one, or of a folder: whoever restores may be root, and the service is not. A file's permissions go
/// with it.
fn belongs_like(path: &Path, like: &Path) -> Result<(), CopyError> {
    let failed = |source| CopyError::File { what: "give away", path: path.to_owned(), source };
    let wanted = fs::metadata(like).map_err(failed)?;
    if wanted.is_file() {
        fs::set_permissions(path, wanted.permissions()).map_err(failed)?;
    }
    give(path, &wanted).map_err(failed)
}

fn give(path: &Path, wanted: &fs::Metadata) -> io::Result<()> {
    let own = fs::metadata(path)?;
    if (own.uid(), own.gid()) == (wanted.uid(), wanted.gid()) {
        return Ok(());
    }
    match chown(path, Some(wanted.uid()), Some(wanted.gid())) {
        // Only root may, and whoever is not root is the one who can use it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use jiff::Timestamp;
    use rusqlite::Connection;

    use crate::store::copy::{CopyError, Force, verified};
    use crate::store::lock::RoleLock;
    use crate::store::place::with_ending;
    use crate::store::replace::{Aside, RESTORE, restore};
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
        assert!(restore(&old, &database, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap().kept.is_empty());
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

    /// A folder with a backup that holds nothing, and a database, with its log, of which a process that died in the middle wrote a feed.
    fn died() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let [good, made, database] = ["good.bak", "made.db", "n.db"].map(|name| folder.path().join(name));
        drop(Store::open(&made, 1, Timestamp::UNIX_EPOCH).unwrap());
        Store::reader(&made).unwrap().back_up(&made, &good, Force::No, |_, _| ()).unwrap();
        let mut writer = Store::open(&made, 1, Timestamp::UNIX_EPOCH).unwrap();
        writer.add_feed(&crate::model::FeedWish::of_url("https://a.example/"), Timestamp::UNIX_EPOCH).unwrap();
        for ending in ["", "-wal", "-shm"] {
            fs::copy(with_ending(&made, ending), with_ending(&database, ending)).unwrap();
        }
        (folder, good, database)
    }

    fn feeds(path: &Path) -> usize {
        Store::open(path, 1, Timestamp::UNIX_EPOCH).unwrap().feeds().unwrap().len()
    }

    #[test]
    fn a_log_whose_database_is_gone_or_empty_is_kept_and_read_into_no_other() {
        for is_emptied in [false, true] {
            let (_folder, good, database) = died();
            let [log, whole] = ["-wal", ""].map(|ending| fs::read(with_ending(&database, ending)).unwrap());
            if is_emptied {
                fs::write(&database, "").unwrap()
            } else {
                fs::remove_file(&database).unwrap()
            }
            fs::write(with_ending(&database, "-journal"), "another").unwrap();
            let kept = restore(&good, &database, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap().kept;
            let base = with_ending(&database, ".before-19700101T000000Z");
            let wanted: &[&str] =
                if is_emptied { &["", "-wal", "-shm", "-journal"] } else { &["-wal", "-shm", "-journal"] };
            assert_eq!(kept, wanted.iter().map(|ending| with_ending(&base, ending)).collect::<Vec<_>>());
            assert_eq!(fs::read(with_ending(&base, "-wal")).unwrap(), log);
            assert_eq!(feeds(&database), 0);
            // Nothing is lost: with the file it belongs to it says what it said.
            fs::write(&base, whole).unwrap();
            fs::remove_file(with_ending(&base, "-journal")).unwrap();
            assert_eq!(feeds(&base), 1);
        }
    }

    #[test]
    fn a_restore_that_ends_early_leaves_all_as_it_was() {
        let (folder, _good, database) = died();
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let before = names();
        let mut aside = Aside::of(&database, Timestamp::UNIX_EPOCH);
        aside.keep_database().unwrap();
        aside.move_companions().unwrap();
        assert!(!with_ending(&database, "-wal").exists() && database.exists());
        drop(aside);
        assert_eq!(names(), before);
        assert_eq!(feeds(&database), 1);

        // Where there are no hard links it is a copy.
        fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).unwrap();
        let aside = Aside::of(&database, Timestamp::UNIX_EPOCH);
        aside.copy_database().unwrap();
        assert_eq!(fs::read(&aside.kept).unwrap(), fs::read(&database).unwrap());
        assert_eq!(fs::metadata(&aside.kept).unwrap().mode() & 0o777, 0o640);
        assert_ne!(fs::metadata(&aside.kept).unwrap().ino(), fs::metadata(&database).unwrap().ino());
    }

    #[test]
    fn a_link_to_a_database_that_is_not_there_yet_leads_to_the_one_that_is_restored() {
        let (folder, good, _) = died();
        fs::create_dir(folder.path().join("state")).unwrap();
        let [link, database] = ["link.db", "state/new.db"].map(|name| folder.path().join(name));
        symlink("state/new.db", &link).unwrap();
        assert!(restore(&good, &link, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap().kept.is_empty());
        assert!(link.is_symlink() && database.is_file());
        assert_eq!(feeds(&link), 0);
        // Of two at one moment the later says so, and says nothing of an option that it has not.
        let mut came = false;
        let lost = folder.path().join("late.db");
        let refused = restore(&good, &lost, Timestamp::UNIX_EPOCH, |_, _| {
            came = came || fs::write(&lost, "somebody's").is_ok();
        });
        assert!(matches!(refused, Err(CopyError::Appeared { .. })), "{refused:?}");
        assert_eq!(fs::read(&lost).unwrap(), b"somebody's");
    }

    #[test]
    fn who_writes_beside_waits_for_a_restore_and_then_writes_into_the_new_file() {
        let (_folder, good, database) = died();
        let lock = RoleLock::take_of_any(&database, RESTORE).unwrap();
        let refused = Store::open_beside(&database, 1, Timestamp::UNIX_EPOCH);
        assert!(matches!(refused, Err(StoreError::Held { .. })), "{refused:?}");
        let waiting = std::thread::spawn({
            let database = database.clone();
            move || Store::open_beside(&database, 1, Timestamp::UNIX_EPOCH).unwrap().feeds().unwrap().len()
        });
        std::thread::sleep(Duration::from_millis(100));
        restore(&good, &database, Timestamp::UNIX_EPOCH, |_, _| ()).unwrap();
        drop(lock);
        assert_eq!(waiting.join().unwrap(), 0);
    }
}
