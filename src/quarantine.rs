//! Door: which documents are being read, told to a file that outlives the process; what ends processes is not read any more.
//!
//! What hostile bytes do to a reader is a value or a panic, and contained. A stack that overflows, memory that is not to be had
//! or the system's own killer end the process, and whoever starts it again starts it into the same document. So each document is
//! marked while it is read. A process that ends in order leaves no mark; one that finds marks knows which documents were in
//! hand when the one before it died. Each of these is given a trial before it is read, and is read alone, so that the next death names
//! one of them, and not its neighbours.
//!
//! The marks are written and not synced: they must outlive the process and not the machine. A file of another boot says nothing.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Document, FeedId, Suspect};

/// Deaths in a row after which a document is not read any more though no trial proved anything. Nothing tells a process that its
/// document killed from one that was killed at that moment by somebody; but to be killed so often in a row in the few milliseconds
/// that it takes to read one document, which is read alone after the first time, takes the document. (With two, one of some
/// forty kills at random moments of a busy first second quarantined an innocent feed: `tests/it/kill.rs`.)
pub const DEATHS_MAX: u32 = 8;

const ADVICE: &str = "it is not read again until the feed brings another one. Please report the feed's address; `newsfold feeds \
     remove` and then `feeds add` (of a feed of the config: taking it out, a reload, and putting it back) have it read once more";

/// Why a document is not read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Quarantined {
    /// It was there whenever a process ended.
    #[error("reading this document ended newsfold {DEATHS_MAX} times in a row: {ADVICE}")]
    Deaths,
    /// It was there when a process ended, and it ended the one that did nothing but read it.
    #[error("newsfold ended while it read this document, and so did a process that was to try it ({0}): {ADVICE}")]
    Trial(String),
}

/// Bytes of a mark, line end included; the first such piece of the file names the boot of the machine.
const MARK_BYTES: usize = 64;
/// Marks for which the file has room from the start, so that a full disk does not keep any from being made.
const MARKS_READY: usize = 63;

/// Watches over the reading of documents. One for a process; the default one suspects nobody and makes no marks.
#[derive(Debug, Default)]
pub struct Watch {
    suspects: Mutex<BTreeMap<FeedId, Suspect>>,
    marks: Option<Marks>,
    /// Held shared by whoever reads, and alone by whoever reads a suspect.
    turn: RwLock<()>,
}

/// The file of marks and which of its places are taken.
#[derive(Debug)]
struct Marks {
    file: File,
    /// Whether it says of which boot it is. Without that no mark of it says anything.
    is_headed: AtomicBool,
    taken: Mutex<Vec<bool>>,
}

/// The process that holds the role keeps this until its end: an orderly end leaves no mark.
#[derive(Debug)]
pub struct Vigil {
    watch: Arc<Watch>,
    path: PathBuf,
}

/// The hash by which a body is recognised.
pub fn hash(body: &[u8]) -> u64 {
    xxh3_64(body)
}

/// The documents that an earlier process was reading when it died. The marks are gone after that.
///
/// # Errors
/// When the file is there and cannot be read or removed.
pub fn left_behind(path: &Path) -> io::Result<Vec<Document>> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    std::fs::remove_file(path)?;
    let mut lines = text.lines();
    if lines.next().is_none_or(|boot| boot.trim_end() != this_boot()) {
        return Ok(Vec::new());
    }
    let mut documents: Vec<Document> = lines.filter_map(document).collect();
    documents.sort_unstable();
    documents.dedup();
    Ok(documents)
}

/// One line of the file. What is no mark was never finished, and its document never begun.
fn document(line: &str) -> Option<Document> {
    let (feed, hash) = line.trim().split_once(' ')?;
    Some(Document { feed: FeedId(feed.parse().ok()?), body_hash: u64::from_str_radix(hash, 16).ok()? })
}

/// What the system calls the time since it was started; empty where it has no name for it.
fn this_boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn padded(text: &str) -> String {
    format!("{text:<width$}\n", width = MARK_BYTES - 1)
}

impl Vigil {
    /// Begins to keep marks in the file at `path`, which [`left_behind`] has read and removed. Where no file can be made it goes on
    /// without, and says why: what is read is worth more than what would be known if its reading ended the process.
    pub fn begin(path: &Path, suspects: &[Suspect]) -> (Vigil, Option<io::Error>) {
        let (marks, error) = match Marks::make(path) {
            Ok(marks) => (Some(marks), None),
            Err(error) => (None, Some(error)),
        };
        (Vigil { watch: Arc::new(Watch { marks, ..Watch::over(suspects) }), path: path.to_owned() }, error)
    }

    /// For whoever reads.
    pub fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        // Whatever is still being read is being given up in order. A file that cannot be removed accuses the innocent once, which
        // has them read alone and is forgotten then.
        if std::fs::remove_file(&self.path).is_err() {
            drop(std::fs::write(&self.path, ""));
        }
    }
}

impl Watch {
    /// A watch that knows suspects and makes no marks: for who only looks.
    pub fn over(suspects: &[Suspect]) -> Watch {
        let suspects = suspects.iter().map(|suspect| (suspect.document.feed, *suspect)).collect();
        Watch { suspects: Mutex::new(suspects), ..Watch::default() }
    }

    /// Does the work of reading a document under its mark; one that is suspect waits until nothing else is read, is tried first, and
    /// nothing else begins before it is done. A trial says how the document ended the process that tried it. Blocks.
    ///
    /// # Errors
    /// When it is not to be read.
    pub fn read<T>(
        &self,
        document: Document,
        trial: impl FnOnce() -> Result<(), String>,
        work: impl FnOnce() -> T,
    ) -> Result<T, Quarantined> {
        let known = self.suspects().get(&document.feed).filter(|known| known.document == document).copied();
        let deaths = known.map_or(0, |known| known.deaths);
        if deaths >= DEATHS_MAX {
            return Err(Quarantined::Deaths);
        }
        // A panic of somebody's work has been told to him; the turn itself holds nothing that could be half done.
        let (_beside, _alone) = match deaths {
            0 => (Some(self.turn.read().unwrap_or_else(PoisonError::into_inner)), None),
            _ => (None, Some(self.turn.write().unwrap_or_else(PoisonError::into_inner))),
        };
        if deaths > 0 {
            trial().map_err(Quarantined::Trial)?;
        }
        let _mark = Mark::make(self, document);
        Ok(work())
    }

    /// Whether this feed's last document is not to be read.
    pub fn is_quarantined(&self, feed: FeedId) -> bool {
        self.suspects().get(&feed).is_some_and(|known| known.deaths >= DEATHS_MAX)
    }

    /// Clears a feed: it brought another document, or its user wants it read.
    pub fn forget(&self, feed: FeedId) {
        self.suspects().remove(&feed);
    }

    fn suspects(&self) -> MutexGuard<'_, BTreeMap<FeedId, Suspect>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marks {
    /// A file with room for many, if there is any: what cannot be written now is tried again with every mark.
    fn make(path: &Path) -> io::Result<Marks> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let head = padded(&this_boot()) + &padded("").repeat(MARKS_READY);
        let is_headed = AtomicBool::new(file.write_all_at(head.as_bytes(), 0).is_ok());
        Ok(Marks { file, is_headed, taken: Mutex::default() })
    }

    /// The first free place.
    fn take(&self) -> usize {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let free = taken.iter().position(|taken| !taken).unwrap_or(taken.len());
        if free == taken.len() {
            taken.push(true);
        }
        taken[free] = true;
        free
    }

    /// Writes into a place. A mark that cannot be written is no reason not to read: the feed would be lost for certain.
    fn write(&self, place: usize, text: &str) {
        let is_headed = self.is_headed.load(Ordering::Relaxed)
            || self.file.write_all_at(padded(&this_boot()).as_bytes(), 0).is_ok();
        self.is_headed.store(is_headed, Ordering::Relaxed);
        let offset = u64::try_from((place + 1) * MARK_BYTES).unwrap_or(u64::MAX);
        self.file.write_all_at(padded(text).as_bytes(), offset).unwrap_or_default();
    }
}

/// A document being read. Whether that ends well or in a panic, the process lived on: the document is no suspect any more.
struct Mark<'a> {
    watch: &'a Watch,
    feed: FeedId,
    place: Option<usize>,
}

impl<'a> Mark<'a> {
    fn make(watch: &'a Watch, document: Document) -> Mark<'a> {
        let place = watch.marks.as_ref().map(|marks| {
            let place = marks.take();
            marks.write(place, &format!("{} {:016x}", document.feed.0, document.body_hash));
            place
        });
        Mark { watch, feed: document.feed, place }
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        if let (Some(marks), Some(place)) = (&self.watch.marks, self.place) {
            marks.write(place, "");
            marks.taken.lock().unwrap_or_else(PoisonError::into_inner)[place] = false;
        }
        self.watch.forget(self.feed);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn document(feed: i64) -> Document {
        Document { feed: FeedId(feed), body_hash: hash(b"<rss/>") }
    }

    fn suspect(feed: i64, deaths: u32) -> Suspect {
        Suspect { document: document(feed), deaths }
    }

    fn untried() -> Result<(), String> {
        Ok(())
    }

    /// What a process that died this very moment would leave.
    fn marked(path: &Path) -> Vec<Document> {
        let copy = path.with_extension("copy");
        std::fs::copy(path, &copy).unwrap();
        left_behind(&copy).unwrap()
    }

    #[test]
    fn a_document_is_marked_while_it_is_read_and_never_longer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db.reading");
        assert_eq!(left_behind(&path).unwrap(), []);
        let (vigil, _) = Vigil::begin(&path, &[]);
        let watch = vigil.watch();
        let inside = watch.read(document(1), untried, || {
            let both = watch.read(document(-2), untried, || marked(&path)).unwrap();
            (both, marked(&path))
        });
        let both = vec![document(-2), document(1)];
        assert_eq!(inside, Ok((both, vec![document(1)])));
        assert_eq!(marked(&path), []);
        let panicked = catch_unwind(AssertUnwindSafe(|| watch.read(document(1), untried, || panic!("as a test does"))));
        assert!(panicked.is_err());
        assert_eq!(marked(&path), []);
        // More at once than there is room ready for.
        fn nested(watch: &Watch, depth: i64, path: &Path) -> usize {
            if depth == 0 {
                marked(path).len()
            } else {
                watch.read(document(depth), untried, || nested(watch, depth - 1, path)).unwrap()
            }
        }
        assert_eq!(nested(&watch, 80, &path), 80);
        drop(vigil);
        assert!(!path.exists(), "an orderly end leaves nothing");
    }

    #[test]
    fn without_room_for_marks_documents_are_read_and_marked_as_soon_as_there_is_some() {
        let folder = tempfile::tempdir().unwrap();
        let (nowhere, error) = Vigil::begin(&folder.path().join("nowhere/n.db.reading"), &[]);
        assert!(error.is_some());
        assert_eq!(nowhere.watch().read(document(1), untried, || 7), Ok(7));
        let path = folder.path().join("n.db.reading");
        let full =
            Marks { file: File::create(&path).unwrap(), is_headed: AtomicBool::new(false), taken: Mutex::default() };
        let watch = Watch { marks: Some(full), ..Watch::default() };
        assert_eq!(watch.read(document(1), untried, || marked(&path)), Ok(vec![document(1)]));
    }

    #[test]
    fn an_orderly_end_accuses_nobody_though_something_is_still_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db.reading");
        let (vigil, _) = Vigil::begin(&path, &[]);
        let watch = vigil.watch();
        watch.read(document(1), untried, || drop(vigil)).unwrap();
        assert_eq!(left_behind(&path).unwrap(), []);
    }

    #[test]
    fn marks_of_another_boot_and_marks_cut_short_say_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db.reading");
        let check = |boot: &str, text: &str, expected: &[Document]| {
            std::fs::write(&path, format!("{boot}\n{text}")).unwrap();
            assert_eq!(left_behind(&path).unwrap(), expected, "{boot}{text}");
            assert!(!path.exists());
        };
        let (here, known) = (this_boot(), Document { feed: FeedId(7), body_hash: 255 });
        check(&here, "7 00000000000000ff   \n      \n", &[known]);
        check(&here, "7 00000000000000ff\n7 00000000000000ff\n", &[known]);
        check(&here, "7\n7 \nseven ff\n7 xyz\n\u{0}\u{0}\n", &[]);
        check("another-boot", "7 00000000000000ff\n", &[]);
        std::fs::write(&path, "").unwrap();
        assert_eq!(left_behind(&path).unwrap(), []);
    }

    #[test]
    fn what_ended_the_process_too_often_is_not_read_until_it_changes() {
        let watch = Watch::over(&[suspect(1, DEATHS_MAX), suspect(2, DEATHS_MAX - 1)]);
        assert_eq!(watch.read(document(1), untried, || ()), Err(Quarantined::Deaths));
        assert_eq!(watch.read(document(1), untried, || ()), Err(Quarantined::Deaths), "asking does not clear it");
        assert_eq!(watch.read(document(2), untried, || ()), Ok(()), "once is not enough");
        let other = Document { body_hash: 1, ..document(1) };
        assert_eq!(watch.read(other, untried, || ()), Ok(()));
        assert_eq!(watch.read(document(1), untried, || ()), Ok(()), "another document was read in between");
    }

    #[test]
    fn a_suspect_is_tried_first_and_nobody_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n.db.reading");
        let (vigil, _) = Vigil::begin(&path, &[suspect(1, 1)]);
        let watch = vigil.watch();
        assert_eq!(watch.read(document(2), || panic!("no suspect"), || ()), Ok(()));
        let dies = || {
            // Whoever dies during a trial is no witness against the document.
            assert_eq!(marked(&path), []);
            Err("it died".to_owned())
        };
        let refused = watch.read(document(1), dies, || panic!("it kills")).map(|()| 0);
        assert_eq!(refused, Err(Quarantined::Trial("it died".to_owned())));
        assert!(!watch.is_quarantined(FeedId(1)), "another day, another trial");
        assert_eq!(watch.read(document(1), untried, || 7), Ok(7));
        assert_eq!(watch.read(document(1), || panic!("no suspect any more"), || 7), Ok(7));
    }

    #[test]
    fn a_suspect_is_read_alone() {
        let watch = Arc::new(Watch::over(&[suspect(1, 1)]));
        let (told, heard) = mpsc::channel();
        let reader = |feed: i64| {
            let (watch, told) = (Arc::clone(&watch), told.clone());
            std::thread::spawn(move || watch.read(document(feed), untried, || told.send(feed).unwrap()).unwrap())
        };
        let (suspect, neighbour) = watch
            .read(document(9), untried, || {
                let suspect = reader(1);
                // It waits for us, and we for it: it would have told in this time.
                assert!(heard.recv_timeout(Duration::from_millis(50)).is_err());
                (suspect, reader(2))
            })
            .unwrap();
        suspect.join().unwrap();
        neighbour.join().unwrap();
        let mut order: Vec<i64> = heard.try_iter().collect();
        order.sort_unstable();
        assert_eq!(order, [1, 2]);
        assert!(reader(1).join().is_ok(), "it did no harm, so it is no suspect any more");
        assert!(watch.suspects().is_empty());
    }
}
