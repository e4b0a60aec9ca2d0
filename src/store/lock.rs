//! Door: the role lock. One process at a time writes clusters; the lock dies with its holder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::store::{StoreError, usable};

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
    /// As [`RoleLock::take`], but for those about the file itself.
    pub fn take_of_any(database: &Path, command: &str) -> Result<RoleLock, StoreError> {
        let path = beside(database, "lock");
        let cannot = |source| StoreError::Open { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(cannot)?;
        let mut attempts = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // Whoever asks for the holder holds the lock, with others, for a blink of an eye.
                Err(TryLockError::WouldBlock) if attempts < ATTEMPTS_MAX => {
                    attempts += 1;
                    std::thread::sleep(ATTEMPT_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Held { database: database.to_owned(), holder: read(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(cannot(source)),
            }
        }
        // Who holds it is written after the lock is ours, so a reader never sees a name without a lock behind it for long.
        file.set_len(0).and_then(|()| file.rewind()).map_err(cannot)?;
        writeln!(file, "{command} {}", std::process::id()).map_err(cannot)?;
        Ok(RoleLock { _file: file })
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

/// The file `DATABASE.ending`, beside the database itself, so that a link to it leads to the same one.
pub fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
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
}
