//! Conductor: the outbox: mails that wait are handed over, again and again, until a server has taken them.

use jiff::{SignedDuration, Timestamp};

use crate::fetch::error::one_line;
use crate::mail::{self, MailError, Server};
use crate::store::{Attempt, Store, StoreError, Waiting};

/// How long an attempt to hand over a mail keeps others from it: longer than a server can make it last (`mail::send`).
const ATTEMPT: SignedDuration = SignedDuration::from_mins(15);
/// The pause after a failed attempt doubles from the first to the longest.
const PAUSE_FIRST: SignedDuration = SignedDuration::from_mins(1);
const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A server that lets nobody in is asked again after so long at most, by one mail of those that wait.
const SERVER_PAUSE_MAX: SignedDuration = SignedDuration::from_mins(15);
/// A mail that the server refuses for good is given up after so long: mailboxes are full and settings wrong for days (RFC 5321,
/// 4.5.4.1).
const REFUSED_MAX: SignedDuration = SignedDuration::from_hours(5 * 24);
/// Mails sent in one round, so that a stop is heard in between.
const MAILS_A_ROUND: usize = 50;

/// What a mail's attempt came to.
#[derive(Debug)]
pub struct Sent {
    /// Whom it was for.
    pub recipient: String,
    /// Whether the server took it.
    pub outcome: Result<(), MailError>,
}

/// Hands one mail over that was taken from the outbox, and writes down how that ended.
///
/// # Errors
/// When that cannot be written down: then it is sent again later, as the same mail.
pub fn send(
    store: &mut Store,
    server: &Server,
    mail: &Waiting,
    now: impl Fn() -> Timestamp,
) -> Result<Sent, StoreError> {
    let outcome = mail::send(server, &mail.sender, &mail.recipient, &mail.message);
    // It may have taken minutes.
    let now = now();
    store.mark_mail(mail.id, &attempt(mail, &outcome, now), now)?;
    Ok(Sent { recipient: mail.recipient.clone(), outcome })
}

/// What follows from an attempt: pauses double from a minute to six hours; what is refused for good is given up after five days.
pub fn attempt(mail: &Waiting, outcome: &Result<(), MailError>, now: Timestamp) -> Attempt {
    let Err(error) = outcome else { return Attempt::Sent };
    let why = one_line(error);
    if error.is_permanent() && now.duration_since(mail.since) >= REFUSED_MAX {
        return Attempt::GivenUp { why };
    }
    Attempt::Failed { again: after(now, pause(mail.attempts, PAUSE_MAX)), why }
}

/// Until when somebody who takes a mail keeps others from it.
pub fn attempt_ends(now: Timestamp) -> Timestamp {
    after(now, ATTEMPT)
}

/// When a mail may be tried that nobody has tried, because the server let nobody in.
pub fn soon(now: Timestamp) -> Timestamp {
    after(now, PAUSE_FIRST)
}

/// A minute, two, four …
pub(crate) fn pause(failures: u32, longest: SignedDuration) -> SignedDuration {
    let doubled = 2_i32.saturating_pow(failures.min(20));
    PAUSE_FIRST.checked_mul(doubled).map_or(longest, |pause| pause.min(longest))
}

pub(crate) fn after(now: Timestamp, pause: SignedDuration) -> Timestamp {
    now.checked_add(pause).unwrap_or(now)
}

/// Who empties the outbox of a service.
#[derive(Debug)]
pub struct Postman {
    server: Server,
    /// How often in a row the server let nobody in, and until when it is left alone.
    trouble: Option<(u32, Timestamp)>,
}

impl Postman {
    /// One who goes to this server.
    pub fn new(server: Server) -> Postman {
        Postman { server, trouble: None }
    }

    /// Sends what is due; says when to come again, as far as that is known. A server that lets nobody in ends the round and is left alone
    /// for a while: it would keep all mails waiting, one after the other.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn round(
        &mut self,
        store: &mut Store,
        now: impl Fn() -> Timestamp,
        stopped: impl Fn() -> bool,
    ) -> Result<Option<Timestamp>, StoreError> {
        if let Some((_, until)) = self.trouble.filter(|(_, until)| *until > now()) {
            return Ok(store.next_mail()?.map(|next| next.max(until)));
        }
        for _ in 0..MAILS_A_ROUND {
            if stopped() {
                break;
            }
            let Some(mail) = store.take_mail(now(), attempt_ends(now()))? else { break };
            let sent = send(store, &self.server, &mail, &now)?;
            let error = match sent.outcome {
                Ok(()) => {
                    self.trouble = None;
                    tracing::info!(to = sent.recipient, "sent a digest");
                    continue;
                }
                Err(error) => error,
            };
            tracing::warn!(to = sent.recipient, attempts = mail.attempts + 1, "{}", one_line(&error));
            if error.is_of_server() {
                let failures = self.trouble.map_or(0, |(failures, _)| failures);
                let until = after(now(), pause(failures, SERVER_PAUSE_MAX));
                self.trouble = Some((failures + 1, until));
                return Ok(store.next_mail()?.map(|next| next.max(until)));
            }
            self.trouble = None;
        }
        store.next_mail()
    }
}
