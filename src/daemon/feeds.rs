//! Conductor: what the loop reads of the database, on threads that may wait, so that the loop itself hears every signal at once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::daemon::DaemonError;
use crate::fetch::error::one_line;
use crate::ingest::IngestError;
use crate::model::Feed;
use crate::store::{Opened, Store, StoreError};

/// A way to the database beside the writer's. A database that does not answer holds up two threads at most: each look waits for
/// the one before it.
#[derive(Clone, Debug)]
pub struct Feeds(Arc<Mutex<Store>>);

impl Feeds {
    /// A way by this store, which only reads.
    pub fn new(store: Store) -> Feeds {
        Feeds(Arc::new(Mutex::new(store)))
    }

    /// The feeds as they stand; `None` while the file cannot be read for a reason that passes.
    ///
    /// # Errors
    /// When it cannot be read for good, or is not the file any more that was opened.
    pub(crate) async fn known(&self) -> Result<Option<Vec<Feed>>, DaemonError> {
        let look = |store: &Store| {
            store.opened().map_or(Ok(()), Opened::in_place)?;
            store.feeds()
        };
        match self.look(look).await {
            Err(DaemonError::Store(error)) if error.is_transient() => {
                tracing::warn!("will look for due feeds again: {}", one_line(&error));
                Ok(None)
            }
            feeds => Ok(Some(feeds?)),
        }
    }

    /// Whether a person has asked for a correction. What hinders us is told where the feeds are read, which is soon.
    pub(crate) async fn is_correction_pending(&self) -> bool {
        self.look(Store::is_correction_pending).await.unwrap_or(false)
    }

    async fn look<T: Send + 'static>(
        &self,
        at: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, DaemonError> {
        let store = Arc::clone(&self.0);
        let looking = tokio::task::spawn_blocking(move || at(&store.lock().unwrap_or_else(PoisonError::into_inner)));
        Ok(looking.await.map_err(IngestError::Fault)??)
    }
}
