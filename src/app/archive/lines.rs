//! Conductor: an archive's lines: found once, then read again in the order of time by several threads, in pieces.
//!
//! What is held of a line is where it stands, its time and its label: an archive may be many times larger than memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::app::context::Failure;

/// Lines that a thread reads before it hands them over.
const PIECE_LINES: usize = 128;
/// Pieces of each thread that may wait.
const WAITING_PIECES: usize = 2;

/// One line of an archive.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: serde_json::Value,
    #[serde(default)]
    pub(crate) outlet: Option<String>,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) title: Option<String>,
    #[serde(default)]
    pub(crate) summary: Option<String>,
    #[serde(default)]
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) published: Option<Timestamp>,
    #[serde(default)]
    pub(crate) lang: Option<String>,
}

/// What is looked at when a line is found.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "id")]
    _id: IgnoredAny,
    #[serde(default)]
    published: Option<Timestamp>,
    /// The gold label; the pipeline never sees it.
    #[serde(default)]
    story: Option<serde_json::Value>,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
struct Found {
    offset: u64,
    /// Its number in the file, from 1; blank lines count.
    number: u32,
    published: Option<Timestamp>,
    /// Its label's number; 0 for none.
    story: u32,
}

/// An archive that has been read through once.
#[derive(Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    lines: Vec<Found>,
}

impl Archive {
    /// Finds the lines of a file.
    ///
    /// # Errors
    /// When it cannot be read, holds nothing, or a line of it is not an article.
    pub(crate) fn open(path: &Path) -> Result<Archive, Failure> {
        let mut archive = Archive { path: path.to_owned(), lines: Vec::new() };
        let mut file = archive.reader()?;
        let mut stories: HashMap<String, u32> = HashMap::new();
        let (mut text, mut offset, mut number) = (String::new(), 0, 0);
        loop {
            text.clear();
            let bytes = file.read_line(&mut text).with_context(|| archive.cannot())?;
            if bytes == 0 {
                break;
            }
            number += 1;
            if !text.trim().is_empty() {
                let head: Head = archive.parse(&text, number)?;
                let next = u32::try_from(stories.len() + 1).context("an archive of so many stories")?;
                let story = head.story.as_ref().and_then(label);
                let story = story.map_or(0, |story| *stories.entry(story).or_insert(next));
                archive.lines.push(Found { offset, number, published: head.published, story });
            }
            offset += bytes as u64;
        }
        if archive.lines.is_empty() {
            return Err(anyhow!("`{}` holds no articles: one JSON object a line is wanted", path.display()).into());
        }
        Ok(archive)
    }

    /// How many lines it has.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The number of a line's label, if it has one.
    pub(crate) fn story(&self, place: usize) -> Option<u32> {
        Some(self.lines[place].story).filter(|story| *story > 0)
    }

    /// The lines in the order of time, each with the moment it is seen at: its own, or that of the line before.
    pub(crate) fn by_time(&self) -> Vec<(u32, Timestamp)> {
        let mut order: Vec<u32> = (0..self.lines.len() as u32).collect();
        order.sort_by_key(|place| self.lines[*place as usize].published);
        let mut seen = Timestamp::UNIX_EPOCH;
        let seen_at = |place: u32| {
            seen = self.lines[place as usize].published.unwrap_or(seen);
            (place, seen)
        };
        order.into_iter().map(seen_at).collect()
    }

    /// Reads lines again, in the order given. `make` works on each on one of several threads, `take` gets what came of it here, in
    /// order, a piece at a time; `take` that falls behind holds the others up.
    ///
    /// # Errors
    /// When a line cannot be read, or `take` fails.
    pub(crate) fn each<T: Send>(
        &self,
        order: &[(u32, Timestamp)],
        make: impl Fn(Line, Timestamp) -> T + Sync,
        mut take: impl FnMut(&[(u32, Timestamp)], Vec<T>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let pieces: Vec<&[(u32, Timestamp)]> = order.chunks(PIECE_LINES).collect();
        thread::scope(|scope| {
            let mut made = Vec::new();
            for first in 0..threads {
                let (sender, receiver) = sync_channel(WAITING_PIECES);
                let (pieces, make) = (&pieces, &make);
                scope.spawn(move || {
                    let mut file = self.reader();
                    for piece in pieces.iter().skip(first).step_by(threads) {
                        let read = file.as_mut().map_err(|failure| anyhow!("{:#}", failure.error).into());
                        let piece = read.and_then(|file| self.piece(file, piece, make));
                        let failed = piece.is_err();
                        // Nobody listens any more once the other side has failed.
                        if sender.send(piece).is_err() || failed {
                            return;
                        }
                    }
                });
                made.push(receiver);
            }
            for (number, piece) in pieces.iter().enumerate() {
                let made = made[number % threads].recv().context("a thread that reads lines has ended early")??;
                take(piece, made)?;
            }
            Ok(())
        })
    }

    fn piece<T>(
        &self,
        file: &mut BufReader<File>,
        piece: &[(u32, Timestamp)],
        make: impl Fn(Line, Timestamp) -> T,
    ) -> Result<Vec<T>, Failure> {
        let mut made = Vec::with_capacity(piece.len());
        let mut text = String::new();
        for (place, seen) in piece {
            let found = &self.lines[*place as usize];
            self.go_to(file, found.offset)?;
            text.clear();
            file.read_line(&mut text).with_context(|| self.cannot())?;
            made.push(make(self.parse(&text, found.number)?, *seen));
        }
        Ok(made)
    }

    /// The next line mostly stands where the last one ended, or not far behind: what is buffered then stays.
    fn go_to(&self, file: &mut BufReader<File>, offset: u64) -> Result<(), Failure> {
        let at = file.stream_position().with_context(|| self.cannot())?;
        match i64::try_from(offset.abs_diff(at)) {
            Ok(0) => Ok(()),
            Ok(ahead) if offset > at => Ok(file.seek_relative(ahead).with_context(|| self.cannot())?),
            _ => file.seek(SeekFrom::Start(offset)).map(|_| ()).with_context(|| self.cannot()).map_err(Failure::from),
        }
    }

    fn reader(&self) -> Result<BufReader<File>, Failure> {
        Ok(BufReader::with_capacity(1 << 18, File::open(&self.path).with_context(|| self.cannot())?))
    }

    fn parse<T: DeserializeOwned>(&self, text: &str, number: u32) -> Result<T, Failure> {
        let parsed = serde_json::from_str(text);
        Ok(parsed.with_context(|| format!("`{}` line {number}: not an article of an archive", self.path.display()))?)
    }

    fn cannot(&self) -> String {
        format!("cannot read `{}`", self.path.display())
    }
}

fn label(story: &serde_json::Value) -> Option<String> {
    match story {
        serde_json::Value::Null => None,
        value => Some(plain(value)).filter(|label| !label.is_empty()),
    }
}

/// A name that may be a number.
pub(crate) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
