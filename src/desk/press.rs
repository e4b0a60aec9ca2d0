//! Conductor: the press: a user's template, rendered in a cell, where it costs at most one edition.
//!
//! The language of templates counts its own steps (`digest::template`), and that count can be got round: what prints, compares or measures a
//! list is one step, and a list may be a sum of sums as long as the universe lasts; lists in lists overflow the stack of whoever lets go
//! of them. So the work is done by a process of its own with limits that the operating system keeps.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::cell::{self, CellError, Limits};
use crate::cli::RENDER_TEMPLATE;
use crate::desk::{DeskError, OwnTemplate};
use crate::digest::template::{self, Form, Template, TemplateError};
use crate::digest::view::DigestView;

/// A digest of a thousand stories, the most there can be, takes 0.8 s of the processor by the built-in template, and 3.9 s where all of
/// their texts (20 MB) are printed: without the compiler's optimisation, which makes it a fraction.
const CPU_SECONDS: u64 = 5;
/// On a machine that is busy with other things, and before a template can have been meant so.
const SECONDS: u64 = 60;
/// Of address space; and so much more for each byte of the digest, which is there several times over. Those 20 MB took 120 MB in all.
const MEMORY_BYTES: u64 = 512 << 20;
const MEMORY_PER_BYTE: u64 = 16;
/// No mail server takes half as much.
const OUTPUT_BYTES: u64 = 32 << 20;

/// What goes into the cell.
#[derive(Debug, Serialize, Deserialize)]
struct Work<'a> {
    form: Form,
    name: String,
    source: String,
    view: Cow<'a, DigestView>,
}

/// The digest by a user's template.
///
/// # Errors
/// When the template is at fault, which includes that it does not end; or no process can be started.
pub fn rendered(view: &DigestView, form: Form, own: &OwnTemplate) -> Result<String, DeskError> {
    let work = Work { form, name: own.name.clone(), source: own.source.clone(), view: Cow::Borrowed(view) };
    let input = serde_json::to_vec(&work).expect("strings and numbers can be written as JSON");
    let limits = limits(input.len());
    let output = cell::run(&own.program, RENDER_TEMPLATE, &input, &limits).map_err(|error| told(error, &own.name))?;
    let made: Result<String, TemplateError> =
        serde_json::from_slice(&output).map_err(|error| DeskError::Cell(CellError::Start(error.into())))?;
    Ok(made?)
}

/// What work of so many bytes may use: both sides ask, and get one answer.
fn limits(input_bytes: usize) -> Limits {
    let memory_bytes = MEMORY_BYTES.saturating_add(MEMORY_PER_BYTE.saturating_mul(input_bytes as u64));
    Limits { cpu_seconds: CPU_SECONDS, memory_bytes, output_bytes: OUTPUT_BYTES, seconds: SECONDS }
}

/// What a template does to its process is the template's fault.
fn told(error: CellError, name: &str) -> DeskError {
    match error {
        CellError::Start(_) => DeskError::Cell(error),
        error => TemplateError::beyond(name, &error.to_string()).into(),
    }
}

/// The other side, in the cell: reads the work, does it, and writes what came of it.
///
/// # Errors
/// When there is no work, or nobody wants what came of it.
pub fn work(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let work: Work<'_> = serde_json::from_slice(&bytes)?;
    cell::confine(&limits(bytes.len()))?;
    let template = Template { name: &work.name, source: &work.source };
    let made = template::of_user(&work.view, work.form, template);
    serde_json::to_writer(&mut output, &made)?;
    output.flush()
}
