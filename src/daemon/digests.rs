//! Conductor: the digests of a running service: made when they are due and sent, beside all else that it does.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::daemon::Digests;
use crate::desk::Desk;
use crate::fetch::error::one_line;
use crate::store::{Store, StoreError};

/// How long an end waits for what is under way. A mail that is just being handed over may take longer: it is left alone then, and sent
/// again later, as the same mail.
const END_WITHIN: Duration = Duration::from_millis(500);
/// The shortest pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The work beside the service.
pub(crate) struct Working(JoinHandle<()>);

impl Working {
    /// Waits a moment for its end.
    pub(crate) async fn end(self) {
        if tokio::time::timeout(END_WITHIN, self.0).await.is_err() {
            tracing::debug!("a mail is still under way; it will be looked at again");
        }
    }
}

/// Begins; it ends when `stop` is cancelled. It looks at its orders and at the outbox every `tick`, or when the next is due.
pub(crate) fn start(wanted: Digests, tick: Duration, stop: CancellationToken) -> Working {
    Working(tokio::spawn(work(wanted, tick, stop)))
}

async fn work(wanted: Digests, tick: Duration, stop: CancellationToken) {
    let fresh = || Place { desk: Desk::new(wanted.orders.clone(), wanted.server.clone()), store: None };
    let mut place = fresh();
    loop {
        let (database, stopped) = (wanted.database.clone(), stop.clone());
        // Reading, rendering and SMTP are work that waits: none of it may hold up the loop that polls.
        let round = tokio::task::spawn_blocking(move || {
            let next = place.round(&database, &stopped);
            (place, next)
        });
        let next = match round.await {
            Ok((returned, next)) => {
                place = returned;
                next
            }
            Err(panic) => {
                tracing::error!("the making of digests failed and begins anew: {panic}");
                place = fresh();
                None
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause(next, tick)) => {}
        }
    }
}

/// A desk and its own way to the database, which stays open from round to round.
struct Place {
    desk: Desk,
    store: Option<Store>,
}

impl Place {
    fn round(&mut self, database: &std::path::Path, stop: &CancellationToken) -> Option<Timestamp> {
        let opened = match self.store.take() {
            Some(store) => Ok(store),
            None => Store::open(database, clock::salt(), clock::now()),
        };
        match opened {
            Ok(mut store) => {
                let next = self.desk.round(&mut store, clock::now, || stop.is_cancelled());
                self.store = Some(store);
                next
            }
            Err(error) => {
                warn(&error);
                None
            }
        }
    }
}

fn warn(error: &StoreError) {
    tracing::warn!("will look for due digests again: {}", one_line(error));
}

/// Until the next is due, and never longer than a tick: what another process puts into the outbox is found then.
fn pause(next: Option<Timestamp>, tick: Duration) -> Duration {
    let until = next.and_then(|next| Duration::try_from(next.duration_since(clock::now())).ok());
    until.unwrap_or(tick).clamp(PAUSE_MIN.min(tick), tick)
}
