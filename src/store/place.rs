//! Door: the place of a database: where its file is, and what can be seen of it before SQLite does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::store::StoreError;

/// Which files this process has open as databases, and how many times.
static OPEN: Mutex<BTreeMap<Identity, usize>> = Mutex::new(BTreeMap::new());

/// Device and number of a file.
pub(crate) type Identity = (u64, u64);

/// A file that is a database of ours or may come to be one, for as long as this process has it open as such.
///
/// The system lets go of all locks that a process has of a file when it closes any handle of it (POSIX, `fcntl`), so that nothing but SQLite
/// may open a file that SQLite has open. Without its locks it counts as closed: the next program that ends removes the log, and what is
/// written from then on is lost.
#[derive(Debug)]
pub(crate) struct Claim {
    identity: Option<Identity>,
}

/// What to do where no file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// An empty one is made, which SQLite takes for a new database.
    Make,
    /// It stays so.
    Leave,
}

impl Claim {
    /// Refuses, before SQLite sees it, a place where no database of ours can be or come to be.
    pub(crate) fn of(path: &Path, missing: Missing) -> Result<Claim, StoreError> {
        placeable(path)?;
        // What belongs to a file lies beside it, and not beside a link to it.
        let file = &resolved(path);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        // What is open was looked at when it was opened.
        if !identity(file).is_some_and(|identity| open.contains_key(&identity)) {
            sound(path, file)?;
        }
        if missing == Missing::Make {
            // So that it can be told from the first moment. Where it cannot be made, SQLite says why.
            drop(OpenOptions::new().write(true).create_new(true).mode(0o644).open(file));
        }
        let identity = identity(file);
        identity.into_iter().for_each(|identity| *open.entry(identity).or_default() += 1);
        Ok(Claim { identity })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = self.identity
            && let Some(times) = open.get_mut(&identity)
        {
            *times -= 1;
            if *times == 0 {
                open.remove(&identity);
            }
        }
    }
}

/// Refuses a place where no database of ours can be or come to be, for whoever opens none there.
pub(crate) fn usable(path: &Path) -> Result<(), StoreError> {
    Claim::of(path, Missing::Leave).map(drop)
}

/// Which file a path leads to, asked without opening it.
pub(crate) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|file| identity_of(&file))
}

pub(crate) fn identity_of(file: &fs::Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// The latest way of writing a database that there is: with a write-ahead log (<https://www.sqlite.org/fileformat2.html#file_format_version_numbers>).
const LATEST_WRITE_VERSION: u8 = 2;

/// Looks at a file that is not open as a database; `path` is what the user calls it.
fn sound(path: &Path, file: &Path) -> Result<(), StoreError> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    // SQLite takes an empty file for a new database, and a log beside a new one for rubbish that it may remove.
    if file.exists() && length(file) == 0 && length(&with_ending(file, "-wal")) > 0 {
        return Err(StoreError::Emptied { path: path.to_owned() });
    }
    let Some(head) = head_of(file) else { return Ok(()) };
    if !head.starts_with(MAGIC) {
        return Err(StoreError::NotADatabase { path: path.to_owned() });
    }
    // While there is a log, what is missing or wrong may be right in there.
    if length(&with_ending(file, "-wal")) > 0 {
        return Ok(());
    }
    // SQLite reads what is missing of the last page as zeros.
    let (found, wanted) = (length(file), length_told(&head));
    if found < wanted {
        return Err(StoreError::Cut { path: path.to_owned(), found, wanted });
    }
    // And opens for reading alone what a later SQLite is said to write, so that no writer could say what is wrong.
    if head[18] > LATEST_WRITE_VERSION {
        return Err(StoreError::broken(format!("its head says write version {}, which no SQLite writes", head[18])));
    }
    Ok(())
}

/// Refuses a place where no file can be, and one where something else is than a file: a pipe or a device would be waited for, or replaced.
pub(crate) fn placeable(path: &Path) -> Result<(), StoreError> {
    let file = resolved(path);
    let folder = folder_of(&file);
    if !folder.is_dir() {
        return Err(StoreError::NoFolder { path: path.to_owned(), folder: folder.to_owned() });
    }
    if file.is_dir() {
        return Err(StoreError::Folder { path: path.to_owned() });
    }
    if file.exists() && !file.is_file() {
        return Err(StoreError::NotADatabase { path: path.to_owned() });
    }
    Ok(())
}

/// How many links one after the other are followed where they lead to no file; the system itself follows 40.
const LINKS_MAX: u32 = 40;

/// The file to which a path leads, through links, whether it is there yet or not: all who are given a link mean one file, its lock and
/// its log. A path without a link at its end stays as it is where nothing is there.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if let Ok(file) = path.canonicalize() {
            return file;
        }
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    path
}

/// The folder in which a path's last name stands.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether an open file is the one that has this name now.
pub(crate) fn is_named(file: &File, path: &Path) -> bool {
    file.metadata().is_ok_and(|file| identity(path) == Some(identity_of(&file)))
}

/// How every SQLite database begins.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The first hundred bytes of a file, zeros where it has fewer; `None` where it has none, or may not be read, which SQLite tells of. Not
/// of one that this process has open as a database (see [`Claim`]).
pub(crate) fn head_of(path: &Path) -> Option<[u8; 100]> {
    let mut head = Vec::with_capacity(100);
    File::open(path).ok()?.take(100).read_to_end(&mut head).ok()?;
    let is_empty = head.is_empty();
    head.resize(100, 0);
    head.try_into().ok().filter(|_| !is_empty)
}

/// How many bytes a database has by its head (<https://www.sqlite.org/fileformat2.html#the_database_header>): its pages, where their
/// number was written by who wrote last, times the size of one.
pub(crate) fn length_told(head: &[u8; 100]) -> u64 {
    let number = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    if number(24) == number(92) { page * u64::from(number(28)) } else { 0 }
}

/// A path with something written behind its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
