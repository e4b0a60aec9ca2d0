//! Door: the one place that asks the system for the time, the salt and the service manager.
//!
//! Everybody else is handed a `now`, so that a week passes in a test as fast as it can be computed.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use sd_notify::NotifyState;

/// The time, by the system's clock, which people and time servers may set.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The most memory this process ever held, in bytes, as Linux counts it (`VmHWM` in `/proc/self/status`); `None` elsewhere.
pub fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What a process uses of its machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Process {
    /// Memory in use, in bytes.
    pub resident_bytes: u64,
    /// Memory asked for, in bytes.
    pub virtual_bytes: u64,
    /// Time of processors used.
    pub cpu: Duration,
    /// Threads.
    pub threads: u64,
    /// Open files and sockets.
    pub open_files: Option<usize>,
    /// When it began.
    pub started: Option<Timestamp>,
}

/// In which `/proc` counts time, on every Linux that there is (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// What this process uses, as Linux counts it (`proc(5)`); `None` elsewhere.
pub fn process() -> Option<Process> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let process = of_proc(&read("/proc/self/stat")?, &read("/proc/self/status")?, &read("/proc/stat")?)?;
    let open_files = std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
    Some(Process { open_files, ..process })
}

fn of_proc(stat: &str, status: &str, machine: &str) -> Option<Process> {
    let bytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim_start_matches(':').trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    };
    // The name in brackets may hold anything; after it the third field follows.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    let field = |number: usize| fields.get(number - 3).copied();
    let ticks = |number: u64| Duration::from_millis(number * 1_000 / TICKS_PER_SECOND);
    let booted: Option<i64> = machine.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
    let started = booted.and_then(|booted| Timestamp::from_second(booted).ok()?.checked_add(ticks(field(22)?)).ok());
    Some(Process {
        resident_bytes: bytes("VmRSS")?,
        virtual_bytes: bytes("VmSize")?,
        cpu: ticks(field(14)? + field(15)?),
        threads: field(20)?,
        open_files: None,
        started,
    })
}

/// A random number, drawn once when a database is made and stored in it, so that two installations with the same feeds do
/// not ask for them in unison. It keeps nothing secret.
pub fn salt() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library seeds its hash maps from the operating system's source of randomness; hashing nothing with
    // such a seed yields a number made of the seed alone.
    RandomState::new().hash_one(())
}

/// Tells the service manager that everything is up (`READY=1`). Like all that follows, it does nothing and succeeds
/// where no service manager listens; an error is worth a warning and no more.
pub fn notify_ready() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Ready])
}

/// Tells the service manager that we are on our way out (`STOPPING=1`).
pub fn notify_stopping() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Stopping])
}

/// Tells the service manager that the config is being read again; `notify_ready` must follow. It wants the time with it,
/// to tell this reload from an earlier one (`sd_notify(3)`, `Type=notify-reload`).
pub fn notify_reloading() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?])
}

/// Tells the service manager that we are alive (`WATCHDOG=1`).
pub fn notify_alive() -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Watchdog])
}

/// Tells the service manager in one line what we are at (`STATUS=…`, which `systemctl status` shows).
pub fn notify_status(status: &str) -> io::Result<()> {
    sd_notify::notify(&[NotifyState::Status(status)])
}

/// How often `notify_alive` must be called: half of what the service manager waits before it kills us, as it advises
/// (`sd_watchdog_enabled(3)`); `None` where it does not watch.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()).map(|limit| limit / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_databases_get_two_salts() {
        assert_ne!(salt(), salt());
    }

    #[test]
    fn a_process_is_read_whatever_it_is_called() {
        let stat =
            "7 (odd ) name) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 12345 1000 10 18446744073709551615";
        let status = "Name:\tnewsfold\nVmSize:\t   2000 kB\nVmRSS:\t     30 kB\n";
        let expected = Process {
            resident_bytes: 30 * 1024,
            virtual_bytes: 2000 * 1024,
            cpu: Duration::from_secs(3),
            threads: 9,
            open_files: None,
            started: Some("2026-02-13T12:02:03.45Z".parse().unwrap()),
        };
        let booted = "2026-02-13T12:00:00Z".parse::<Timestamp>().unwrap().as_second();
        assert_eq!(of_proc(stat, status, &format!("cpu 1 2\nbtime {booted}\n")), Some(expected));
        assert_eq!(of_proc("", status, ""), None);
    }

    #[test]
    fn this_process_uses_memory_and_began_before_now() {
        let Some(process) = process() else {
            println!("skipped: this system has no /proc");
            return;
        };
        assert!(process.resident_bytes > 100_000 && process.virtual_bytes >= process.resident_bytes, "{process:?}");
        assert!(process.threads >= 1 && process.open_files.is_some_and(|open| open >= 3), "{process:?}");
        let ago = now().duration_since(process.started.unwrap());
        assert!((0..86_400).contains(&(ago.as_secs() + 2)), "{ago:?}");
    }

    #[test]
    fn without_a_service_manager_nothing_is_told_and_nothing_fails() {
        if std::env::var_os("NOTIFY_SOCKET").is_some() {
            println!("skipped: a service manager listens");
            return;
        }
        for told in [notify_ready(), notify_status("x"), notify_reloading(), notify_alive(), notify_stopping()] {
            told.unwrap();
        }
    }
}
