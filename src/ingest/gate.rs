//! Conductor: the order at the doors of hosts: how many at once, how soon after one another, and not while a host keeps a pause.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use crate::fetch::{self, is_loopback};
use crate::ingest::{Now, Params};
use crate::model::{HostPause, host_of};

/// The doors of all hosts, and the room for downloads as a whole.
pub(crate) struct Doors {
    slots: Arc<Semaphore>,
    per_host: usize,
    spacing: Duration,
    spaces_loopback: bool,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
    now: Now,
}

/// The courtesy that one host is shown.
struct Host {
    slots: Arc<Semaphore>,
    /// `None` where no time is kept between two starts.
    next_start: Option<tokio::sync::Mutex<Instant>>,
    pause: Mutex<Option<Timestamp>>,
}

/// One feed's way through the doors. Its room in the whole is kept until this is dropped, so that what has come and waits for
/// the writer is bounded like what is still to come.
pub(crate) struct Visit<'a> {
    doors: &'a Doors,
    room: Mutex<Option<OwnedSemaphorePermit>>,
    /// When it had its first turn.
    began: OnceLock<Instant>,
}

impl Doors {
    /// Doors with these bounds, closed where a host already keeps a pause.
    pub(crate) fn new(params: &Params, pauses: &BTreeMap<String, HostPause>, now: Now) -> Doors {
        let doors = Doors {
            slots: Arc::new(Semaphore::new(params.downloads_max.max(1))),
            per_host: params.downloads_per_host_max.max(1),
            spacing: params.host_spacing,
            spaces_loopback: params.spaces_loopback,
            hosts: Mutex::default(),
            now,
        };
        let longest = (doors.now)().saturating_add(params.retry_after_max).unwrap_or(Timestamp::MAX);
        // Where the server named no time, the schedule minds it, for who asks by name may set that aside. And a pause from
        // under a clock that was since set back is none.
        for (name, pause) in pauses.iter().filter(|(_, pause)| pause.wished && pause.until <= longest) {
            doors.pause(name, pause.until);
        }
        doors
    }

    /// Closes a host's door, for those that already wait at it too.
    pub(crate) fn pause(&self, name: &str, until: Timestamp) {
        let is_loopback = Url::parse(&format!("http://{name}/")).is_ok_and(|url| is_loopback(&url));
        let host = self.host(name, is_loopback);
        let mut pause = host.pause.lock().unwrap_or_else(PoisonError::into_inner);
        *pause = (*pause).max(Some(until));
    }

    fn host(&self, name: &str, is_loopback: bool) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return Arc::clone(host);
        }
        // Loopback is the user's own machine: a test or a local generator, which no waiting protects from anything.
        let next_start = (self.spaces_loopback || !is_loopback).then(Instant::now);
        let host = Arc::new(Host {
            slots: Arc::new(Semaphore::new(self.per_host)),
            next_start: next_start.map(tokio::sync::Mutex::new),
            pause: Mutex::default(),
        });
        hosts.insert(name.to_owned(), Arc::clone(&host));
        host
    }

    /// For a feed that is about to be asked.
    pub(crate) fn visit(&self) -> Visit<'_> {
        Visit { doors: self, room: Mutex::default(), began: OnceLock::new() }
    }
}

impl Visit<'_> {
    /// When its first turn began; `None` where it never had one.
    pub(crate) fn began(&self) -> Option<Instant> {
        self.began.get().copied()
    }

    /// Takes its room in the whole.
    async fn take_room(&self) {
        let room = Arc::clone(&self.doors.slots).acquire_owned().await.expect("these semaphores are never closed");
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = Some(room);
    }
}

impl fetch::Gate for Visit<'_> {
    /// A turn at a host, where there is one.
    type Turn = Option<OwnedSemaphorePermit>;

    async fn enter(&self, url: &Url) -> Result<Self::Turn, Timestamp> {
        // On the way from one host to the next it holds nothing: whoever waits with room in hand could wait for one who waits for room.
        self.room.lock().unwrap_or_else(PoisonError::into_inner).take();
        let doors = self.doors;
        let Some(name) = host_of(url) else {
            self.take_room().await;
            self.began.get_or_init(Instant::now);
            return Ok(None);
        };
        let host = doors.host(&name, is_loopback(url));
        // Looked at before the wait and after it, for another feed may have learned of a pause meanwhile.
        host.open(&doors.now)?;
        let permit = Arc::clone(&host.slots).acquire_owned().await.expect("these semaphores are never closed");
        host.open(&doors.now)?;
        // The whole's room after the host's, so that feeds which wait for one slow host do not fill the slots of all others.
        match &host.next_start {
            None => self.take_room().await,
            Some(next_start) => {
                // Held until the start is certain: who waited for room meanwhile must not start together with the next.
                let mut next = next_start.lock().await;
                tokio::time::sleep_until(*next).await;
                self.take_room().await;
                *next = Instant::now() + doors.spacing;
            }
        }
        host.open(&doors.now)?;
        self.began.get_or_init(Instant::now);
        Ok(Some(permit))
    }
}

impl Host {
    /// Whether this host may be asked; else the end of its pause.
    fn open(&self, now: &Now) -> Result<(), Timestamp> {
        let pause = *self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        pause.filter(|until| *until > now()).map_or(Ok(()), Err)
    }
}
