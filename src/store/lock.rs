//! Door: the role lock. One process at a time writes clusters; the lock dies with its holder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::StoreError;
use crate::store::place::{folder_of, is_named, placeable, resolved, usable};

/// How often it is tried to take the lock, and with what pause between.
const ATTEMPTS_MAX: u32 = 10;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);

/// Held for as long as this value lives; the operating system lets go of it even when the process is killed.
#[derive(Debug)]
pub struct RoleLock {
    _file: File,
}

/// Who holds a role lock: what the holder wrote about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The command, `run` or `fetch`.
    pub command: String,
    /// Its process id.
    pub process: u32,
}

impl RoleLock {
    /// Takes the lock that stands beside the database at `database` for `command`.
    ///
    /// # Errors
    /// [`StoreError::Held`] names the holder when there is one; others say why the lock file cannot be made, or that no database of ours
    /// can be there.
    pub fn take(database: &Path, command: &str) -> Result<RoleLock, StoreError> {
        usable(database)?;
        RoleLock::take_of_any(database, command)
    }

    /// Takes the lock of a file that is to be replaced, whatever is wrong with it.
    ///
    /// # Errors
    /// As [`RoleLock::take`], but for those about what the file holds.
    pub fn take_of_any(database: &Path, command: &str) -> Result<RoleLock, StoreError> {
        placeable(database)?;
        let path = beside(database, "lock");
        let cannot = |source| StoreError::Open { path: path.clone(), source };
        for _ in 0..ATTEMPTS_MAX {
            let Some((mut file, access)) = opened(&path, database).map_err(cannot)? else { continue };
            if !locked(&file).map_err(cannot)? {
                return Err(StoreError::Held { database: database.to_owned(), holder: read(&mut file) });
            }
            // Else it was replaced while we waited, and what is locked is a file that nobody asks any more.
            if !is_named(&file, &path) {
                continue;
            }
            match access {
                // Who holds it is written after the lock is ours, so a reader never sees a name without a lock behind it for long.
                Access::Full => {
                    file.set_len(0).and_then(|()| file.rewind()).map_err(cannot)?;
                    writeln!(file, "{command} {}", std::process::id()).map_err(cannot)?;
                    return Ok(RoleLock { _file: file });
                }
                // One that somebody else left behind, in a folder of ours: nobody holds it, for we do.
                Access::Reading => fs::remove_file(&path).map_err(cannot)?,
            }
        }
        Err(cannot(io::Error::other("it is made and removed all the time")))
    }

    /// Who holds the lock of the database at `database` right now, if anyone.
    pub fn holder(database: &Path) -> Option<Holder> {
        let mut file = OpenOptions::new().read(true).open(beside(database, "lock")).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read(&mut file)),
            _ => None,
        }
    }
}

/// The file `DATABASE.ending`, beside the database itself, so that a link to it leads to the same one, be it there yet or not.
pub fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = resolved(database).into_os_string();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// What may be done with a lock file.
enum Access {
    /// It can be written.
    Full,
    /// It is another user's, who made it before there was a database, say, or by hand.
    Reading,
}

/// The lock file, made where there is none; `None` where it came or went between two looks.
fn opened(path: &Path, database: &Path) -> io::Result<Option<(File, Access)>> {
    use io::ErrorKind::{AlreadyExists, NotFound, PermissionDenied};
    let mut writing = OpenOptions::new();
    writing.read(true).write(true);
    match writing.open(path) {
        Ok(file) => return Ok(Some((file, Access::Full))),
        Err(error) if error.kind() == PermissionDenied => {
            return File::open(path).map(|file| Some((file, Access::Reading)));
        }
        Err(error) if error.kind() == NotFound => {}
        Err(error) => return Err(error),
    }
    match writing.create_new(true).open(path) {
        Ok(file) => {
            give_to_owner(&file, database)?;
            Ok(Some((file, Access::Full)))
        }
        Err(error) if error.kind() == AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives a new lock file to whom the database belongs, or its folder where there is none yet: whoever makes it may be root, and the
/// service is not.
fn give_to_owner(file: &File, database: &Path) -> io::Result<()> {
    let database = resolved(database);
    let owner = fs::metadata(&database).or_else(|_| fs::metadata(folder_of(&database)))?;
    match fchown(file, Some(owner.uid()), Some(owner.gid())) {
        // Only root may, and whoever is not root is the one who can use it.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        given => given,
    }
}

/// Whether the lock could be had.
fn locked(file: &File) -> io::Result<bool> {
    let mut attempts = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            // Whoever asks for the holder holds the lock, with others, for a blink of an eye.
            Err(TryLockError::WouldBlock) if attempts < ATTEMPTS_MAX => {
                attempts += 1;
                std::thread::sleep(ATTEMPT_PAUSE);
            }
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn read(file: &mut File) -> Holder {
    let mut words = String::new();
    let length_max = 200;
    let told = file.take(length_max).read_to_string(&mut words).is_ok();
    let mut parts = words.split_whitespace();
    let command = parts.next().filter(|_| told).unwrap_or("another newsfold").to_owned();
    Holder { command, process: parts.next().and_then(|number| number.parse().ok()).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("n.db");
        assert_eq!(RoleLock::holder(&database), None);
        let held = RoleLock::take(&database, "run").unwrap();
        let holder = Holder { command: "run".into(), process: std::process::id() };
        assert_eq!(RoleLock::holder(&database), Some(holder));
        let message = RoleLock::take(&database, "fetch").unwrap_err().to_string();
        assert!(message.contains("`newsfold run`") && message.contains(&std::process::id().to_string()), "{message}");
        drop(held);
        assert!(RoleLock::take(&database, "fetch").is_ok());
    }

    #[test]
    fn a_link_leads_to_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (database, link) = (folder.path().join("n.db"), folder.path().join("link.db"));
        std::fs::write(&database, "").unwrap();
        std::os::unix::fs::symlink(&database, &link).unwrap();
        let _held = RoleLock::take(&database, "run").unwrap();
        assert!(matches!(RoleLock::take(&link, "fetch"), Err(StoreError::Held { .. })));
        assert!(RoleLock::holder(&link).is_some());
    }

    #[test]
    fn whoever_asks_for_the_holder_keeps_nobody_from_taking_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("n.db");
        drop(RoleLock::take(&database, "run").unwrap());
        let asking = OpenOptions::new().read(true).open(beside(&database, "lock")).unwrap();
        asking.try_lock_shared().unwrap();
        let taking = std::thread::spawn(move || RoleLock::take(&database, "run").map(drop));
        std::thread::sleep(ATTEMPT_PAUSE * 2);
        drop(asking);
        taking.join().unwrap().unwrap();
    }

    #[test]
    fn a_link_leads_to_the_same_lock_before_there_is_a_database_and_after() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        let [database, link, other] = ["state/n.db", "link.db", "other.db"].map(|name| folder.path().join(name));
        std::os::unix::fs::symlink("state/n.db", &link).unwrap();
        std::os::unix::fs::symlink("link.db", &other).unwrap();
        let _held = RoleLock::take(&other, "run").unwrap();
        for path in [&database, &link, &other] {
            assert!(matches!(RoleLock::take(path, "fetch"), Err(StoreError::Held { .. })), "{}", path.display());
            assert_eq!(RoleLock::holder(path).unwrap().command, "run");
        }
        std::fs::write(&database, "").unwrap();
        assert!(matches!(RoleLock::take(&link, "fetch"), Err(StoreError::Held { .. })));
    }

    #[test]
    fn the_lock_of_a_database_belongs_to_its_owner_whoever_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let [first, database] = ["first.db", "n.db"].map(|name| folder.path().join(name));
        std::fs::write(&database, "").unwrap();
        let given = std::os::unix::fs::chown(&database, Some(4_321), Some(4_322));
        if given.and_then(|()| std::os::unix::fs::chown(folder.path(), Some(4_323), Some(4_324))).is_err() {
            println!("skipped: only root can give files away");
            return;
        }
        for (database, owner) in [(&database, (4_321, 4_322)), (&first, (4_323, 4_324))] {
            drop(RoleLock::take(database, "rebuild").unwrap());
            let lock = std::fs::metadata(beside(database, "lock")).unwrap();
            assert_eq!((lock.uid(), lock.gid()), owner);
        }
    }
}
