//! Conductor: the trial: a suspect document is read in a cell first, where it can end nobody.
//!
//! A mark says in whose presence a process died, not who killed it. Whoever ends a process of its own as well, which does nothing but read
//! it, has killed; whoever does not was there by chance.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::cell::{self, CellError, Limits};
use crate::cli::READ_DOCUMENT;
use crate::features;
use crate::prepare::{self, Asked};

/// The longest documents that were ever met take a second.
const CPU_SECONDS: u64 = 60;
/// On a machine that is busy with other things.
const SECONDS: u64 = 180;
/// Of address space; and so much more for each byte of the document. What needs more is what kills a small machine.
const MEMORY_BYTES: u64 = 1 << 30;
const MEMORY_PER_BYTE: u64 = 64;

/// What goes into the cell, on one line; the document follows.
#[derive(Debug, Serialize, Deserialize)]
struct Work<'a> {
    feed_url: Cow<'a, str>,
    final_url: Cow<'a, str>,
    content_type: Option<Cow<'a, str>>,
    now: Timestamp,
    entries_max: usize,
}

/// Has `program` read the document, and forgets what it read. Blocks.
///
/// # Errors
/// When that ended the process that did it. Where none can be started nothing is proved.
pub fn hold(program: &Path, body: &[u8], asked: &Asked, now: Timestamp, entries_max: usize) -> Result<(), CellError> {
    let work = Work {
        feed_url: Cow::Borrowed(&asked.feed_url),
        final_url: Cow::Borrowed(asked.final_url.as_str()),
        content_type: asked.content_type.as_deref().map(Cow::Borrowed),
        now,
        entries_max,
    };
    let mut input = serde_json::to_vec(&work).expect("strings and numbers can be written as JSON");
    input.push(b'\n');
    input.extend_from_slice(body);
    match cell::run(program, READ_DOCUMENT, &input, &limits(input.len())) {
        // What cannot be started, or understood by another version of this program, says nothing of the document.
        Err(CellError::Died(status)) if status.code().is_some() => Ok(()),
        Ok(_) | Err(CellError::Start(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What work of so many bytes may use: both sides ask, and get one answer.
fn limits(input_bytes: usize) -> Limits {
    let memory_bytes = MEMORY_BYTES.saturating_add(MEMORY_PER_BYTE.saturating_mul(input_bytes as u64));
    Limits { cpu_seconds: CPU_SECONDS, memory_bytes, output_bytes: 0, seconds: SECONDS }
}

/// The other side, in the cell: reads the document as a service would. What comes of that is of no interest: a panic is contained
/// there too.
///
/// # Errors
/// When there is no work, or none that this version understands.
pub fn work(mut input: impl Read) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    cell::confine(&limits(bytes.len()))?;
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, body) = (&bytes[..line], bytes.get(line + 1..).unwrap_or_default());
    let work: Work<'_> = serde_json::from_slice(head)?;
    let asked = Asked {
        feed_url: work.feed_url.into_owned(),
        final_url: Url::parse(&work.final_url).map_err(io::Error::other)?,
        content_type: work.content_type.map(Cow::into_owned),
    };
    let ahead = Some(features::Params::default());
    let params = prepare::Params { entries_max: work.entries_max, ahead, ..prepare::Params::default() };
    thread::scope(|scope| {
        // On such a stack as every thread has that reads documents in a service.
        let reader = thread::Builder::new();
        let reading = reader.spawn_scoped(scope, || drop(prepare::drafts(body, &asked, work.now, &params)))?;
        drop(reading.join());
        Ok(())
    })
}
