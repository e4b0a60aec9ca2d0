//! Door: a copy that is not whole yet: one file `TO.part`, which one process at a time writes, until it gets its name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::store::copy::{CopyError, Force};
use crate::store::place::{MAGIC, folder_of, head_of, is_named, with_ending};

/// What SQLite makes beside a database.
pub(crate) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// It goes away with this value, unless it got its name. Where the process is killed it stays, and the next one for the same name takes it
/// away: the lock that says whose it is dies with its holder.
pub(crate) struct Half {
    /// Where it is written.
    pub path: PathBuf,
    /// The name that it is to have.
    pub to: PathBuf,
    is_renamed: bool,
    /// Locked for as long as it is open.
    _file: File,
}

impl Half {
    /// Begins one for the file `to`, which nobody may read who may not read `like`.
    pub(crate) fn of(to: &Path, like: &Path) -> Result<Half, CopyError> {
        let cannot = |source| CopyError::File { what: "write", path: to.to_owned(), source };
        let path = with_ending(to, ".part");
        let taken = || CopyError::Taken { path: path.clone() };
        let mode = fs::metadata(like).map_err(cannot)?.mode() & 0o777 | 0o600;
        let new = || OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        let file = match new() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                clear(&path)?;
                new()
            }
            made => made,
        };
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => taken(),
            _ => cannot(error),
        })?;
        // Between these two lines another process may have taken it for one that was left behind.
        match file.try_lock() {
            Ok(()) if is_named(&file, &path) => Ok(Half { path, to: to.to_owned(), is_renamed: false, _file: file }),
            Ok(()) | Err(TryLockError::WouldBlock) => Err(taken()),
            Err(TryLockError::Error(error)) => Err(cannot(error)),
        }
    }

    /// Gives it its name, once it is whole and synced. What comes back says why the name may not outlive a power cut, where that is so: the
    /// file is there all the same.
    pub(crate) fn named(mut self, force: Force) -> Result<Option<CopyError>, CopyError> {
        let failed = |path: &Path, source| CopyError::File { what: "write", path: path.to_owned(), source };
        let taken = |to: &Path| CopyError::Exists { path: to.to_owned() };
        // A name that was taken meanwhile is not taken from its owner; where there are no hard links it is looked for a moment before.
        let is_linked = match force {
            Force::Yes => false,
            Force::No => match fs::hard_link(&self.path, &self.to) {
                Ok(()) => true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(taken(&self.to)),
                Err(_) if fs::symlink_metadata(&self.to).is_ok() => return Err(taken(&self.to)),
                Err(_) => false,
            },
        };
        if !is_linked {
            fs::rename(&self.path, &self.to).map_err(|source| failed(&self.to, source))?;
            self.is_renamed = true;
        }
        let unsynced = synced(folder_of(&self.to)).err();
        Ok(unsynced.map(|source| CopyError::Unsynced { path: self.to.clone(), source }))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // What is not there need not go, and what cannot be removed is seen by its name.
        for ending in COMPANIONS {
            drop(fs::remove_file(with_ending(&self.path, ending)));
        }
        // Under that name there may be another process's by now.
        if !self.is_renamed {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Takes away what a killed process left of a copy, and nothing else.
fn clear(path: &Path) -> Result<(), CopyError> {
    let cannot = |source| CopyError::File { what: "remove", path: path.to_owned(), source };
    let foreign = || CopyError::Foreign { path: path.to_owned() };
    if !fs::symlink_metadata(path).map_err(cannot)?.is_file() {
        return Err(foreign());
    }
    let left = File::open(path).map_err(cannot)?;
    match left.try_lock() {
        Ok(()) if is_named(&left, path) => {}
        Ok(()) | Err(TryLockError::WouldBlock) => return Err(CopyError::Taken { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(cannot(error)),
    }
    // Pages are written in no order: the first may be missing yet.
    if head_of(path).is_some_and(|head| !head.starts_with(MAGIC) && head != [0; 100]) {
        return Err(foreign());
    }
    for ending in COMPANIONS {
        drop(fs::remove_file(with_ending(path, ending)));
    }
    fs::remove_file(path).map_err(cannot)
}

/// Waits until the disk has it.
pub(crate) fn synced(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::store::copy::{CopyError, Force};
    use crate::store::half::Half;

    #[test]
    fn one_at_a_time_makes_a_copy_and_what_a_killed_one_left_goes_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let [to, part, like] = ["n.bak", "n.bak.part", "n.db"].map(|name| folder.path().join(name));
        fs::write(&like, "").unwrap();
        let half = Half::of(&to, &like).unwrap();
        assert!(matches!(Half::of(&to, &like), Err(CopyError::Taken { .. })));
        fs::write(&half.path, "whole").unwrap();
        assert!(half.named(Force::No).unwrap().is_none());
        assert!(!part.exists());

        for left in ["".as_bytes(), &[0; 9_000], b"SQLite format 3\0 and so on"] {
            fs::write(&part, left).unwrap();
            fs::write(folder.path().join("n.bak.part-journal"), "left").unwrap();
            let half = Half::of(&to, &like).unwrap();
            assert_eq!(fs::read(&part).unwrap(), b"");
            assert!(matches!(half.named(Force::No), Err(CopyError::Exists { .. })));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
        let half = Half::of(&to, &like).unwrap();
        half.named(Force::Yes).unwrap();
        assert_eq!((fs::read(&to).unwrap(), part.exists()), (Vec::new(), false));

        // Another program's half.
        fs::write(&part, "GIF89a").unwrap();
        assert!(matches!(Half::of(&to, &like), Err(CopyError::Foreign { .. })));
        assert_eq!(fs::read(&part).unwrap(), b"GIF89a");
        assert!(matches!(Half::of(Path::new("/nowhere/n.bak"), &like), Err(CopyError::File { .. })));
    }
}
