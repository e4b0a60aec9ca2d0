//! Door: the place of a database: where its file is, and what can be seen of it before SQLite does.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Refuses, before SQLite sees it, a place where no database of ours can be or come to be.
pub(crate) fn usable(path: &Path) -> Result<(), StoreError> {
    placeable(path)?;
    // What belongs to a file lies beside it, and not beside a link to it.
    let file = &resolved(path);
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    // SQLite takes an empty file for a new database, and a log beside a new one for rubbish that it may remove.
    if file.exists() && length(file) == 0 && length(&with_ending(file, "-wal")) > 0 {
        return Err(StoreError::Emptied { path: path.to_owned() });
    }
    let Some(head) = head_of(file) else { return Ok(()) };
    if !head.starts_with(MAGIC) {
        return Err(StoreError::NotADatabase { path: path.to_owned() });
    }
    // SQLite reads what is missing of the last page as zeros. While there is a log, what is missing may be in there.
    let (found, wanted) = (length(file), length_told(&head));
    if found < wanted && length(&with_ending(file, "-wal")) == 0 {
        return Err(StoreError::Cut { path: path.to_owned(), found, wanted });
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
    let identity = |file: Metadata| (file.dev(), file.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(file), Ok(named)) => identity(file) == identity(named),
        _ => false,
    }
}

/// How every SQLite database begins.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The first hundred bytes of a file, zeros where it has fewer; `None` where it has none, or may not be read, which SQLite tells of.
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
