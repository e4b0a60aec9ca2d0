//! Door: giving up, from another thread, what a connection is at; and how long it waits for other processes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, InterruptHandle};

use crate::store::StoreError;

/// How long a statement waits for another process to finish its transaction.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// The pauses between two looks at a file that is locked, in milliseconds, and the last one for ever: SQLite's own.
const PAUSES_MILLISECONDS: [u64; 12] = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/// Ends from another thread what one [`crate::store::Store`] is at. What it had written of a transaction is rolled back, as if it
/// had never begun. It is for a process that must end: afterwards every batch of that store is refused.
#[derive(Clone, Debug)]
pub struct Leave(Arc<Shared>);

struct Shared {
    is_wanted: AtomicBool,
    /// Milliseconds, as [`PATIENCE`].
    patience: AtomicU64,
    statement: InterruptHandle,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("is_wanted", &self.is_wanted).finish_non_exhaustive()
    }
}

impl Leave {
    /// Has the connection wait for other processes as told here, and not by a clock of its own.
    pub(crate) fn over(connection: &mut Connection) -> rusqlite::Result<Leave> {
        let shared = Shared {
            is_wanted: AtomicBool::new(false),
            patience: AtomicU64::new(milliseconds(PATIENCE)),
            statement: connection.get_interrupt_handle(),
        };
        let leave = Leave(Arc::new(shared));
        let (waiting, mut began) = (leave.clone(), Instant::now());
        connection.busy_handler(Some(move |looks: i32| {
            if looks == 0 {
                began = Instant::now();
            }
            let waits = !waiting.is_wanted() && began.elapsed() < waiting.patience();
            if waits {
                std::thread::sleep(pause(looks));
            }
            waits
        }))?;
        Ok(leave)
    }

    /// Gives up what is under way, at the next article or in the middle of a statement.
    pub fn now(&self) {
        self.0.is_wanted.store(true, Ordering::Relaxed);
        self.0.statement.interrupt();
    }

    /// Whether it is being given up.
    pub fn is_wanted(&self) -> bool {
        self.0.is_wanted.load(Ordering::Relaxed)
    }

    /// An error once it is being given up.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if self.is_wanted() { Err(StoreError::GivenUp) } else { Ok(()) }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.0.patience.load(Ordering::Relaxed))
    }

    /// How long statements wait for other processes from now on; gives how long they did.
    pub(crate) fn set_patience(&self, patience: Duration) -> Duration {
        Duration::from_millis(self.0.patience.swap(milliseconds(patience), Ordering::Relaxed))
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn pause(looks: i32) -> Duration {
    let last = PAUSES_MILLISECONDS.len() - 1;
    Duration::from_millis(PAUSES_MILLISECONDS[usize::try_from(looks).unwrap_or(last).min(last)])
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::store::{Store, StoreError};

    fn store(folder: &tempfile::TempDir) -> Store {
        Store::open(&folder.path().join("n.db"), 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_wait_for_another_process_ends_when_it_is_given_up_and_when_patience_is() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, mut other) = (store(&folder), store(&folder));
        let held = other.batch().unwrap();
        let began = Instant::now();
        store.set_patience(Duration::from_millis(50));
        assert!(matches!(store.batch(), Err(StoreError::Busy)));
        assert!(began.elapsed() >= Duration::from_millis(50) && began.elapsed() < Duration::from_secs(5));
        store.set_patience(Duration::from_secs(60));
        let leave = store.leave();
        let leaving = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            leave.now();
        });
        let began = Instant::now();
        assert!(matches!(store.batch(), Err(StoreError::GivenUp)));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        leaving.join().unwrap();
        drop(held);
        assert!(matches!(store.batch(), Err(StoreError::GivenUp)), "it is for good");
    }
}
