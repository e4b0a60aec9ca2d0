//! Door: a cell: work that may never end, done by a process of its own, which ends in any case.
//!
//! A thread cannot be stopped from outside, nor the memory given back that it took; a process can, whatever it does. The limits of the
//! processor's time and of memory are kept by the operating system, so they hold also when whoever asked is no more.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use thiserror::Error;

/// By this the standard library is told how much stack a thread gets.
const STACK: &str = "RUST_MIN_STACK";

/// What work in a cell may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of one processor.
    pub cpu_seconds: u64,
    /// Bytes of address space, the program's own included.
    pub memory_bytes: u64,
    /// Bytes that it may give back.
    pub output_bytes: u64,
    /// Seconds on the clock, for a process that sleeps or does not get a processor.
    pub seconds: u64,
}

/// Why there is no outcome.
#[derive(Debug, Error)]
pub enum CellError {
    /// The process cannot be started or spoken to.
    #[error("cannot start a process of our own")]
    Start(#[source] io::Error),
    /// It used up its time.
    #[error("it did not end within {0} s")]
    Time(u64),
    /// It gave back more than it may.
    #[error("it makes more than {0} bytes")]
    Output(u64),
    /// It ended as a process does that gets no more memory, or calls itself without end.
    #[error("it needs more memory than {} MiB, or calls itself without end", .0 >> 20)]
    Memory(u64),
    /// It ended otherwise.
    #[error("its process ended with {0}")]
    Died(ExitStatus),
}

/// This very program. On Linux by a name that leads to it even after another version was installed in its place.
///
/// # Errors
/// When the operating system does not say which it is.
pub fn own_program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// Limits this process for the rest of its life; called in a cell, before the work.
///
/// # Errors
/// When the operating system refuses.
pub fn confine(limits: &Limits) -> io::Result<()> {
    // At the soft limit of time it is told (and ends of it), a second later it is killed.
    limit(Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds + 1)?;
    limit(Resource::As, limits.memory_bytes, limits.memory_bytes)?;
    // What it dies of is no bug of ours that a core would help to find.
    limit(Resource::Core, 0, 0)?;
    // Where memory runs short for all, this process goes and not the one that waits for it. Only Linux knows of this.
    drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
    Ok(())
}

/// Sets a limit; one that is narrower already stays.
fn limit(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let widest = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(soft.min(widest)), maximum: Some(hard.min(widest)) };
    Ok(setrlimit(resource, limit)?)
}

/// Has `program` work on `input`, which it reads from its stdin; gives what it wrote to stdout. It has to [`confine`] itself.
///
/// # Errors
/// When it cannot be started, or ended in any other way than well; then nothing of it is left.
pub fn run(program: &Path, task: &str, input: &[u8], limits: &Limits) -> Result<Vec<u8>, CellError> {
    let mut command = Command::new(program);
    command.arg(task).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    // Nothing that we were told, by names or by secrets, is its business; but it shall break where we would.
    command.env_clear();
    command.envs(std::env::var_os(STACK).map(|bytes| (STACK, bytes)));
    let mut child = command.spawn().map_err(CellError::Start)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    thread::scope(|scope| {
        // A child that ends early does not read all; how it ended says why.
        scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(input)));
        let reading = scope.spawn(move || -> io::Result<Vec<u8>> {
            let mut output = Vec::new();
            if let Some(pipe) = stdout {
                pipe.take(limits.output_bytes + 1).read_to_end(&mut output)?;
            }
            Ok(output)
        });
        let is_over = || reading.is_finished();
        let ended = wait(&mut child, limits, is_over);
        if ended.is_err() {
            // Nothing of it is left, nor of the pipes that the others wait for.
            drop(child.kill());
            drop(child.wait());
        }
        let output = reading.join().unwrap_or_else(|_| Err(io::Error::other("the reader of its output failed")));
        let output = output.map_err(CellError::Start)?;
        if output.len() as u64 > limits.output_bytes {
            return Err(CellError::Output(limits.output_bytes));
        }
        judge(ended?, limits).map(|()| output)
    })
}

/// Waits until it ends; an error when its time is over, or nobody reads its output any more.
fn wait(child: &mut Child, limits: &Limits, is_over: impl Fn() -> bool) -> Result<ExitStatus, CellError> {
    const PAUSE_MAX: Duration = Duration::from_millis(20);
    /// A child that has closed its output is about to end.
    const LAST_MOMENT: Duration = Duration::from_secs(2);
    let begun = Instant::now();
    let (mut pause, mut over_since) = (Duration::from_millis(1), None);
    loop {
        if let Some(status) = child.try_wait().map_err(CellError::Start)? {
            return Ok(status);
        }
        let over = is_over().then(|| *over_since.get_or_insert_with(Instant::now));
        let is_late = begun.elapsed() >= Duration::from_secs(limits.seconds);
        if is_late || over.is_some_and(|since| since.elapsed() >= LAST_MOMENT) {
            return Err(CellError::Time(limits.seconds));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

fn judge(status: ExitStatus, limits: &Limits) -> Result<(), CellError> {
    match status.signal() {
        None if status.success() => Ok(()),
        Some(signal) if signal == Signal::XCPU.as_raw() => Err(CellError::Time(limits.cpu_seconds)),
        // What gets no memory aborts, what runs out of its stack faults; who is killed by neither us nor its time took too much of the machine's.
        Some(signal)
            if [Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::KILL].iter().any(|end| end.as_raw() == signal) =>
        {
            Err(CellError::Memory(limits.memory_bytes))
        }
        _ => Err(CellError::Died(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that every Unix has stand for work of all kinds; what limits itself is tested with the shipped program (`editions`).
    fn ran(program: &str, task: &str, input: &[u8], limits: Limits) -> Result<Vec<u8>, String> {
        run(Path::new(program), task, input, &limits).map_err(|error| error.to_string())
    }

    const LIMITS: Limits = Limits { cpu_seconds: 5, memory_bytes: 1 << 30, output_bytes: 1 << 24, seconds: 60 };

    #[test]
    fn what_goes_in_comes_out_however_long_it_is() {
        // Far more than pipes hold, in both directions at once.
        let input: Vec<u8> = (0..9_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        assert!(ran("/bin/cat", "-", &input, LIMITS).is_ok_and(|output| output == input));
        assert_eq!(ran("/bin/cat", "-", b"", LIMITS), Ok(Vec::new()));
        // It does not read what it is given.
        assert_eq!(ran("/bin/echo", "done", &input, LIMITS), Ok(b"done\n".to_vec()));
    }

    #[test]
    fn whatever_it_does_it_ends() {
        let begun = Instant::now();
        let few = Limits { output_bytes: 1_000, ..LIMITS };
        assert_eq!(ran("/bin/cat", "/dev/zero", b"", few), Err("it makes more than 1000 bytes".to_owned()));
        let short = Limits { seconds: 1, ..LIMITS };
        assert_eq!(ran("/bin/sleep", "60", b"", short), Err("it did not end within 1 s".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        let failed = ran("/bin/cat", "/nowhere", b"", LIMITS).unwrap_err();
        assert!(failed.starts_with("its process ended with exit status"), "{failed}");
        assert!(matches!(run(Path::new("/nowhere"), "", b"", &LIMITS), Err(CellError::Start(_))));
    }
}
