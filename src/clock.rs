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
    fn without_a_service_manager_nothing_is_told_and_nothing_fails() {
        if std::env::var_os("NOTIFY_SOCKET").is_some() {
            println!("skipped: a service manager listens");
            return;
        }
        for told in [notify_ready(), notify_reloading(), notify_alive(), notify_stopping()] {
            told.unwrap();
        }
    }
}
