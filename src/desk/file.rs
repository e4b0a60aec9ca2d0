//! Conductor: the file of an edition: written beside its place, and put there whole.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::places::with_name;

/// What stands in the braces of a file's name.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The digest's name.
    pub name: &'a str,
    /// The edition's number; none for a digest that is no edition.
    pub number: Option<u32>,
    /// The end of what it covers.
    pub until: Timestamp,
    /// The zone of date and time.
    pub zone: &'a TimeZone,
}

/// A file's name with `{date}`, `{time}`, `{name}` and `{number}` filled in.
pub fn filled(out: &Path, places: &Places<'_>) -> PathBuf {
    let until = places.until.to_zoned(places.zone.clone());
    // The name last: what braces it had are none of ours.
    let filled = out.to_string_lossy();
    let filled = filled.replace("{date}", &until.strftime("%Y-%m-%d").to_string());
    let filled = filled.replace("{time}", &until.strftime("%H%M").to_string());
    let filled = match places.number {
        Some(number) => filled.replace("{number}", &number.to_string()),
        None => filled,
    };
    PathBuf::from(with_name(&filled, places.name))
}

/// A file that is complete, and stands beside the place where it is wanted.
#[derive(Debug)]
pub struct Beside {
    written: PathBuf,
    wanted: PathBuf,
    is_put: std::cell::Cell<bool>,
}

impl Beside {
    /// Writes it down to the disk, under a name that nobody knows before: in a folder where others may write, a name that can be guessed
    /// may lead to another file by the time it is written.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn write(path: &Path, content: &[u8]) -> io::Result<Beside> {
        // A link stays one: what it leads to is replaced.
        let wanted = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_plain = fs::metadata(&wanted).map_or(true, |there| there.is_file());
        let name = wanted.file_name().filter(|_| is_plain).ok_or_else(|| io::Error::other("it is no plain file"))?;
        let mut beside = std::ffi::OsString::from(".");
        beside.push(name);
        // The keys of a new hasher are random; so is its hash of nothing.
        beside.push(format!(".{:016x}.part", RandomState::new().hash_one(())));
        let beside = Beside { written: wanted.with_file_name(beside), wanted, is_put: std::cell::Cell::new(false) };
        let mut file = File::create_new(&beside.written).inspect_err(|_| beside.is_put.set(true))?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(beside)
    }

    /// Puts it where it is wanted, at once and whole.
    ///
    /// # Errors
    /// When that place is not to be had any more.
    pub fn put(&self) -> io::Result<()> {
        fs::rename(&self.written, &self.wanted)?;
        self.is_put.set(true);
        // The new name is the folder's, and on the disk once that is. A file system that cannot do this does it when it likes.
        let folder = self.wanted.parent().filter(|folder| !folder.as_os_str().is_empty());
        drop(File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()));
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.is_put.get() {
            // What cannot be removed is a file that nobody reads.
            drop(fs::remove_file(&self.written));
        }
    }
}
