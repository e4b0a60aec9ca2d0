//! Conductor: the digests of a running service: made when they are due and sent, beside all else that it does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::daemon::Digests;
use crate::desk::Desk;
use crate::desk::outbox::Postman;
use crate::fetch::error::one_line;
use crate::store::{Store, StoreError};

/// How long an end waits for what is under way. A mail that is just being handed over may take longer: it is left alone then, and sent
/// again later, as the same mail.
const END_WITHIN: Duration = Duration::from_millis(500);
/// The shortest pause between two rounds.
const PAUSE_MIN: Duration = Duration::from_millis(250);

/// The work beside the service: one task makes digests, another sends mail, and neither waits for the other.
pub(crate) struct Working(Vec<JoinHandle<()>>);

impl Working {
    /// Waits a moment for its end.
    pub(crate) async fn end(self) {
        let all = async {
            for task in self.0 {
                // One that failed has said so.
                drop(task.await);
            }
        };
        if tokio::time::timeout(END_WITHIN, all).await.is_err() {
            tracing::debug!("a digest or a mail is still under way; it will be looked at again");
        }
    }
}

/// Begins; it ends when `stop` is cancelled. It looks at its orders and at the outbox every `tick`, or when the next is due.
pub(crate) fn start(wanted: Digests, tick: Duration, stop: CancellationToken) -> Working {
    let Digests { database, orders, server } = wanted;
    let pace = Pace { database, tick, stop };
    let making = tokio::spawn(work(pace.clone(), move || {
        let mut desk = Desk::new(orders.clone());
        move |store: &mut Store, stop: &CancellationToken| Ok(desk.round(store, clock::now, || stop.is_cancelled()))
    }));
    let sending = server.map(|server| {
        tokio::spawn(work(pace, move || {
            let mut postman = Postman::new(server.clone());
            move |store: &mut Store, stop: &CancellationToken| postman.round(store, clock::now, || stop.is_cancelled())
        }))
    });
    Working([Some(making), sending].into_iter().flatten().collect())
}

#[derive(Clone)]
struct Pace {
    database: PathBuf,
    tick: Duration,
    stop: CancellationToken,
}

/// Goes round after round. Each kind of work has its own way to the database, which stays open; after a panic it begins anew.
async fn work<W>(pace: Pace, begin: impl Fn() -> W)
where
    W: FnMut(&mut Store, &CancellationToken) -> Result<Option<Timestamp>, StoreError> + Send + 'static,
{
    let mut worker = (begin(), None);
    loop {
        let (database, stop) = (pace.database.clone(), pace.stop.clone());
        // Reading, rendering and SMTP are work that waits: none of it may hold up the loop that polls.
        let round = tokio::task::spawn_blocking(move || {
            let next = round(&mut worker, &database, &stop);
            (worker, next)
        });
        let next = match round.await {
            Ok((returned, next)) => {
                worker = returned;
                next
            }
            Err(panic) => {
                tracing::error!("the making or sending of digests failed and begins anew: {panic}");
                worker = (begin(), None);
                None
            }
        };
        tokio::select! {
            () = pace.stop.cancelled() => return,
            () = tokio::time::sleep(pause(next, pace.tick)) => {}
        }
    }
}

fn round<W>((work, store): &mut (W, Option<Store>), database: &Path, stop: &CancellationToken) -> Option<Timestamp>
where
    W: FnMut(&mut Store, &CancellationToken) -> Result<Option<Timestamp>, StoreError>,
{
    let opened = match store.take() {
        Some(store) => Ok(store),
        None => Store::open(database, clock::salt(), clock::now()),
    };
    let outcome = opened.and_then(|mut opened| {
        let next = work(&mut opened, stop);
        *store = Some(opened);
        next
    });
    outcome.unwrap_or_else(|error| {
        tracing::warn!("will look for due digests and mails again: {}", one_line(&error));
        None
    })
}

/// Until the next is due, and never longer than a tick: what another process puts into the outbox is found then.
fn pause(next: Option<Timestamp>, tick: Duration) -> Duration {
    let until = next.and_then(|next| Duration::try_from(next.duration_since(clock::now())).ok());
    until.unwrap_or(tick).clamp(PAUSE_MIN.min(tick), tick)
}
