//! Door: mail that waits to be sent, is under way, or was sent.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use crate::store::{Store, StoreError, instant};

/// A mail and whom it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Its identity, in angle brackets: however often it is sent, it is one.
    pub message_id: String,
    /// The address it comes from.
    pub sender: String,
    /// The addresses it goes to, each by itself, so that one that is refused holds up no other.
    pub recipients: Vec<String>,
    /// The whole message as it is sent (RFC 5322).
    pub message: Vec<u8>,
    /// Not to be sent before this moment. Who sends it at once sets the end of its own attempt.
    pub next_attempt: Timestamp,
}

/// A mail that waits, for one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Its number in the outbox.
    pub id: i64,
    /// The address it comes from.
    pub sender: String,
    /// The address it goes to.
    pub recipient: String,
    /// The whole message.
    pub message: Vec<u8>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first to be sent.
    pub since: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// The server took it.
    Sent,
    /// It did not, and it is tried again at this moment.
    Failed {
        /// When.
        again: Timestamp,
        /// What was said.
        why: String,
    },
    /// It never will, as it seems; it stays in the outbox and is not tried again.
    GivenUp {
        /// What was said.
        why: String,
    },
}

/// What the outbox holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxState {
    /// Mails that wait, one for each recipient.
    pub waiting: usize,
    /// Mails that were given up.
    pub given_up: usize,
    /// When the last of these was tried for the last time.
    pub given_up_last: Option<Timestamp>,
    /// What was last said of one that waits or was given up.
    pub trouble: Option<String>,
}

/// Puts a letter into the outbox; gives its number.
pub(crate) fn put(connection: &Connection, letter: &Letter) -> Result<i64, StoreError> {
    connection.execute(
        "INSERT INTO mails (message_id, sender, message) VALUES (?1, ?2, ?3)",
        (&letter.message_id, &letter.sender, &letter.message),
    )?;
    let mail = connection.last_insert_rowid();
    for recipient in &letter.recipients {
        connection.execute(
            "INSERT INTO outbox (mail, recipient, since, attempts, next_attempt) VALUES (?1, ?2, ?3, 0, ?3)",
            (mail, recipient, letter.next_attempt.as_millisecond()),
        )?;
    }
    Ok(mail)
}

impl Store {
    /// Puts a letter that belongs to no edition into the outbox; gives its number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn post(&mut self, letter: &Letter) -> Result<i64, StoreError> {
        let transaction = self.lasting()?;
        let mail = put(&transaction, letter)?;
        transaction.commit()?;
        Ok(mail)
    }

    /// Takes one mail that is due, and keeps everybody else from it until `until`; who dies before that leaves it to the next one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn take_mail(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<Waiting>, StoreError> {
        let due = "SELECT id FROM outbox WHERE sent IS NULL AND given_up = 0 AND next_attempt <= ?1
            ORDER BY next_attempt, id LIMIT 1";
        // Nothing is written while nothing is due, which is nearly always.
        let id: Option<i64> =
            self.connection.prepare_cached(due)?.query_row([now.as_millisecond()], |row| row.get(0)).optional()?;
        id.map_or(Ok(None), |id| self.take(id, now, until))
    }

    /// Takes the mails of a letter that was put into the outbox a moment ago by this process.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn mail_of_letter(&self, letter: i64) -> Result<Vec<Waiting>, StoreError> {
        let sql = format!("{WAITING} WHERE o.mail = ?1 AND o.sent IS NULL AND o.given_up = 0 ORDER BY o.id");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map([letter], waiting)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Goes on keeping others from a mail, from a time that was said before until another one; whether it is still ours: when that time was
    /// over, another process may have taken it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_mail(&mut self, id: i64, said: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let transaction = self.lasting()?;
        let kept = transaction.execute(
            "UPDATE outbox SET next_attempt = ?3 WHERE id = ?1 AND sent IS NULL AND given_up = 0 AND next_attempt = ?2",
            (id, said.as_millisecond(), until.as_millisecond()),
        )?;
        transaction.commit()?;
        Ok(kept > 0)
    }

    fn take(&mut self, id: i64, now: Timestamp, until: Timestamp) -> Result<Option<Waiting>, StoreError> {
        let transaction = self.lasting()?;
        let taken = transaction.execute(
            "UPDATE outbox SET next_attempt = ?3 WHERE id = ?1 AND sent IS NULL AND given_up = 0 AND next_attempt <= ?2",
            (id, now.as_millisecond(), until.as_millisecond()),
        )?;
        transaction.commit()?;
        if taken == 0 {
            return Ok(None);
        }
        let sql = format!("{WAITING} WHERE o.id = ?1");
        Ok(Some(self.connection.prepare_cached(&sql)?.query_row([id], waiting)?))
    }

    /// Writes down how an attempt ended.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn mark_mail(&mut self, id: i64, attempt: &Attempt, now: Timestamp) -> Result<(), StoreError> {
        let transaction = self.lasting()?;
        match attempt {
            Attempt::Sent => {
                let sql = "UPDATE outbox SET sent = ?2, attempts = attempts + 1, failure = NULL WHERE id = ?1";
                transaction.execute(sql, (id, now.as_millisecond()))?;
                // What everybody has needs no second copy: the edition holds its content.
                transaction.execute(
                    "UPDATE mails SET message = x'' WHERE id = (SELECT mail FROM outbox WHERE id = ?1)
                        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.mail = mails.id AND o.sent IS NULL)",
                    [id],
                )?;
            }
            Attempt::Failed { again, why } => {
                let sql = "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?2, failure = ?3 WHERE id = ?1";
                transaction.execute(sql, (id, again.as_millisecond(), why))?;
            }
            Attempt::GivenUp { why } => {
                let sql = "UPDATE outbox SET attempts = attempts + 1, given_up = 1, failure = ?2 WHERE id = ?1";
                transaction.execute(sql, (id, why))?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// When the next mail is due; `None` while none waits.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_mail(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(next_attempt) FROM outbox WHERE sent IS NULL AND given_up = 0";
        let next: Option<i64> = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(next.map(instant))
    }

    /// What the outbox holds.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn outbox(&self) -> Result<OutboxState, StoreError> {
        let count = |given_up: i64| -> Result<usize, StoreError> {
            let sql = "SELECT count(*) FROM outbox WHERE sent IS NULL AND given_up = ?1";
            let count: i64 = self.connection.query_row(sql, [given_up], |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or_default())
        };
        let sql = "SELECT failure FROM outbox WHERE sent IS NULL AND failure IS NOT NULL ORDER BY id DESC LIMIT 1";
        let trouble = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        let sql = "SELECT max(next_attempt) FROM outbox WHERE sent IS NULL AND given_up = 1";
        let given_up_last: Option<i64> = self.connection.query_row(sql, [], |row| row.get(0))?;
        Ok(OutboxState { waiting: count(0)?, given_up: count(1)?, given_up_last: given_up_last.map(instant), trouble })
    }
}

const WAITING: &str =
    "SELECT o.id, m.sender, o.recipient, m.message, o.attempts, o.since FROM outbox o JOIN mails m ON m.id = o.mail";

fn waiting(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        id: row.get(0)?,
        sender: row.get(1)?,
        recipient: row.get(2)?,
        message: row.get(3)?,
        attempts: row.get(4)?,
        since: instant(row.get(5)?),
    })
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use crate::store::{Attempt, Letter, OutboxState, Store};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn letter(recipients: &[&str]) -> Letter {
        Letter {
            message_id: "<1@example.org>".to_owned(),
            sender: "news@example.org".to_owned(),
            recipients: recipients.iter().map(|address| (*address).to_owned()).collect(),
            message: b"Subject: x\r\n\r\nx".to_vec(),
            next_attempt: at(0),
        }
    }

    #[test]
    fn each_recipient_waits_alone_and_nobody_takes_what_another_has() {
        let mut store = Store::in_memory(0, at(0)).unwrap();
        store.post(&letter(&["a@example.org", "b@example.org"])).unwrap();
        let first = store.take_mail(at(0), at(10)).unwrap().unwrap();
        let second = store.take_mail(at(0), at(10)).unwrap().unwrap();
        assert_eq!((first.recipient.as_str(), second.recipient.as_str()), ("a@example.org", "b@example.org"));
        assert_eq!(store.take_mail(at(9), at(20)).unwrap(), None, "both are under way");
        let why = "421 later".to_owned();
        store.mark_mail(first.id, &Attempt::Sent, at(1)).unwrap();
        store.mark_mail(second.id, &Attempt::Failed { again: at(5), why: why.clone() }, at(1)).unwrap();
        assert_eq!(
            store.outbox().unwrap(),
            OutboxState { waiting: 1, given_up: 0, given_up_last: None, trouble: Some(why.clone()) }
        );
        assert_eq!(store.next_mail().unwrap(), Some(at(5)));
        assert_eq!(store.take_mail(at(4), at(20)).unwrap(), None);
        let again = store.take_mail(at(5), at(20)).unwrap().unwrap();
        assert_eq!((again.id, again.attempts, again.message.is_empty()), (second.id, 1, false));
        store.mark_mail(again.id, &Attempt::GivenUp { why: why.clone() }, at(6)).unwrap();
        assert_eq!(store.take_mail(at(99), at(200)).unwrap(), None);
        assert_eq!(
            store.outbox().unwrap(),
            OutboxState { waiting: 0, given_up: 1, given_up_last: Some(at(20)), trouble: Some(why) }
        );
    }

    #[test]
    fn what_its_taker_never_marks_is_taken_again_with_the_same_identity() {
        let mut store = Store::in_memory(0, at(0)).unwrap();
        store.post(&letter(&["a@example.org"])).unwrap();
        let first = store.take_mail(at(0), at(10)).unwrap().unwrap();
        let second = store.take_mail(at(10), at(20)).unwrap().unwrap();
        assert_eq!(first, second);
        assert!(store.post(&letter(&["a@example.org"])).is_err(), "one identity is one letter");
    }

    #[test]
    fn a_message_that_everybody_has_is_kept_no_longer() {
        let mut store = Store::in_memory(0, at(0)).unwrap();
        let letter = store.post(&letter(&["a@example.org", "b@example.org"])).unwrap();
        let bytes = |store: &Store| -> i64 {
            store.connection.query_row("SELECT length(message) FROM mails", [], |row| row.get(0)).unwrap()
        };
        let ids: Vec<i64> = store.mail_of_letter(letter).unwrap().iter().map(|mail| mail.id).collect();
        store.mark_mail(ids[0], &Attempt::Sent, at(1)).unwrap();
        assert!(bytes(&store) > 0);
        store.mark_mail(ids[1], &Attempt::Sent, at(1)).unwrap();
        assert_eq!((bytes(&store), store.mail_of_letter(letter).unwrap().len()), (0, 0));
    }
}
