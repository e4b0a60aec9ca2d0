//! Door: which file it is that was opened, whatever its path names by now.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::store::place::{Identity, identity, identity_of};
use crate::store::{Store, StoreError};

/// A file that was opened under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    path: PathBuf,
    file: Identity,
}

impl Opened {
    /// The file that the path names just now; `None` where it names none, as for a database in memory.
    pub(crate) fn at(path: &Path) -> Option<Opened> {
        Some(Opened { path: path.to_owned(), file: identity(path)? })
    }

    /// Sees to it that the path still names that file.
    ///
    /// # Errors
    /// [`StoreError::Moved`] when it names another one, or none.
    pub fn in_place(&self) -> Result<(), StoreError> {
        let is_there = match std::fs::metadata(&self.path) {
            Ok(found) => identity_of(&found) == self.file,
            // That a folder cannot be looked into just now says nothing of the file.
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if is_there { Ok(()) } else { Err(StoreError::Moved { path: self.path.clone() }) }
    }
}

impl Store {
    /// The file that it was opened on; `None` for one in memory.
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_gone_or_another_under_its_name_is_told_and_one_that_comes_back_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("n.db"), folder.path().join("aside.db"));
        let store = Store::open(&path, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap();
        let opened = store.opened().expect("it is on a disk");
        opened.in_place().unwrap();
        std::fs::rename(&path, &aside).unwrap();
        assert!(matches!(opened.in_place(), Err(StoreError::Moved { .. })), "there is none");
        std::fs::copy(&aside, &path).unwrap();
        assert!(matches!(opened.in_place(), Err(StoreError::Moved { .. })), "a copy is another file");
        std::fs::rename(&aside, &path).unwrap();
        opened.in_place().unwrap();
        assert_eq!(Store::in_memory(1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap().opened(), None);
    }
}
