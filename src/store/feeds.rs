//! Door: feeds and what polling has taught us of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use crate::model::{Feed, FeedId, FeedState, FeedWish, Health, HostPause, Origin, Pace, Rung, Validators};
use crate::store::{Batch, FeedFacts, Store, StoreError, instant, json, list};

const COLUMNS: &str = "id, url, outlet, outlet_found, tags, interval_fixed_seconds, cluster, priority, paywalled, allow_private,
    origin, active, added, title, site, etag, last_modified, health, detail, next_due, not_before, last_attempt, last_success, last_new, failures,
    interval_seconds, pause_seconds, fresh_until, turnover_seconds, pace, rung, answered_url, body_hash, whole_at, moving, moved_to,
    same_as, answers, answers_with_news";
/// Asked for every answer that was read.
pub(crate) const TWIN: &str =
    "SELECT id FROM feeds WHERE answered_url = ?1 AND id <> ?2 AND active = 1 AND same_as IS NULL AND health <> 'gone'
    ORDER BY id LIMIT 1";
/// A feed that stood back for one that is not asked any more is a feed of its own again, and due.
const RELEASE: &str = "UPDATE feeds SET same_as = NULL, next_due = NULL, detail = NULL
    WHERE same_as IN (SELECT id FROM feeds WHERE active = 0 OR health = 'gone')";

impl Store {
    /// Every feed, active or not, by number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds ORDER BY id"))?;
        let mut feeds: Vec<Feed> = statement.query_map([], feed)?.collect::<Result<_, _>>()?;
        let pauses = self.host_pauses()?;
        // There are none on most days.
        if !pauses.is_empty() {
            for feed in &mut feeds {
                feed.state.host_pause = feed.host().and_then(|host| pauses.get(&host).copied());
            }
        }
        Ok(feeds)
    }

    /// The hosts that asked for a pause, by name as courtesy counts hosts; some may be over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn host_pauses(&self) -> Result<BTreeMap<String, HostPause>, StoreError> {
        pauses(&self.connection)
    }

    /// The feed of this URL.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn feed(&self, url: &str) -> Result<Option<Feed>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE url = ?1"))?;
        let mut found = statement.query_row([url], feed).optional()?;
        if let Some(feed) = &mut found {
            let pauses = self.host_pauses()?;
            feed.state.host_pause = feed.host().and_then(|host| pauses.get(&host).copied());
        }
        Ok(found)
    }

    /// Makes the feeds of the config file be those of the database: new ones are added, known ones take over its settings, and
    /// those it no longer names stop being asked (their articles stay). Feeds added by command are left alone.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn sync_feeds(&mut self, wishes: &[FeedWish], now: Timestamp) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let named: Vec<String> = wishes.iter().map(|wish| wish.url.clone()).collect();
        transaction.execute(
            "UPDATE feeds SET active = 0 WHERE origin = 'config' AND active = 1 AND url NOT IN (SELECT value FROM json_each(?1))",
            [json(&named)],
        )?;
        for wish in wishes {
            upsert(&transaction, wish, Origin::Config, now)?;
        }
        transaction.execute(RELEASE, [])?;
        transaction.commit()?;
        Ok(())
    }

    /// Adds a feed by command, or wakes one that was removed. Says whether anything changed: `false` for a feed already active.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_feed(&mut self, wish: &FeedWish, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.add_feeds(std::slice::from_ref(wish), now)? > 0)
    }

    /// Adds feeds by command, or wakes those that were removed, all or none. Says how many; the others were active already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_feeds(&mut self, wishes: &[FeedWish], now: Timestamp) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut added = 0;
        for wish in wishes {
            let active: Option<bool> = transaction
                .prepare_cached("SELECT active FROM feeds WHERE url = ?1")?
                .query_row([&wish.url], |row| row.get(0))
                .optional()?;
            if active != Some(true) {
                upsert(&transaction, wish, Origin::Command, now)?;
                added += 1;
            }
        }
        transaction.commit()?;
        Ok(added)
    }

    /// Gives a feed that was added by command other settings; its state stays.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn change_feed(&mut self, wish: &FeedWish, now: Timestamp) -> Result<(), StoreError> {
        upsert(&self.connection, wish, Origin::Command, now)
    }

    /// Stops asking a feed; its articles stay. `false` where no such feed is active.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn remove_feed(&mut self, url: &str) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let removed = transaction.execute("UPDATE feeds SET active = 0 WHERE url = ?1 AND active = 1", [url])? > 0;
        transaction.execute(RELEASE, [])?;
        transaction.commit()?;
        Ok(removed)
    }
}

impl Batch<'_> {
    /// Stores what this answer taught us of its feed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_feed(&mut self, feed: FeedId, state: &FeedState, facts: &FeedFacts) -> Result<(), StoreError> {
        let time = |moment: Option<Timestamp>| moment.map(Timestamp::as_millisecond);
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.transaction
            .prepare_cached(
                "UPDATE feeds SET etag = ?2, last_modified = ?3, health = ?4, detail = ?5, next_due = ?6, not_before = ?7,
                    last_attempt = ?8, last_success = ?9, last_new = ?10, failures = ?11, interval_seconds = ?12,
                    title = coalesce(?13, title), site = coalesce(?14, site), outlet_found = coalesce(?15, outlet_found),
                    pause_seconds = ?16, fresh_until = ?17, turnover_seconds = ?18, pace = ?19, rung = ?20, answered_url = ?21,
                    body_hash = ?22, whole_at = ?23, moving = ?24, moved_to = ?25, same_as = ?26, answers = ?27,
                    answers_with_news = ?28
                 WHERE id = ?1",
            )?
            .execute(params![
                feed.0,
                state.validators.etag,
                state.validators.last_modified,
                state.health.word(),
                state.detail,
                time(state.next_due),
                time(state.not_before),
                time(state.last_attempt),
                time(state.last_success),
                time(state.last_new),
                state.failures,
                count(state.interval_seconds),
                facts.title,
                facts.site,
                facts.outlet_found,
                count(state.pause_seconds),
                time(state.fresh_until),
                state.turnover_seconds.map(count),
                (state.pace != Pace::default()).then(|| value(&state.pace)),
                state.rung.word(),
                state.answered_url,
                state.body_hash,
                time(state.whole_at),
                state.moving.as_ref().map(value),
                state.moved_to,
                state.same_as.map(|feed| feed.0),
                count(state.answers),
                count(state.answers_with_news),
            ])?;
        if state.health == Health::Gone {
            self.transaction.execute(RELEASE, [])?;
        }
        Ok(())
    }

    /// Another feed that is asked, and that this URL answered too.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn twin(&self, feed: FeedId, answered_url: &str) -> Result<Option<Feed>, StoreError> {
        let twin: Option<i64> =
            self.transaction.prepare_cached(TWIN)?.query_row((answered_url, feed.0), |row| row.get(0)).optional()?;
        let Some(twin) = twin else { return Ok(None) };
        let mut statement = self.transaction.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE id = ?1"))?;
        Ok(statement.query_row([twin], self::feed).optional()?)
    }

    /// Remembers that a host wants a pause, until the later moment where it already keeps one; those that are over are forgotten.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn pause_host(&mut self, host: &str, pause: HostPause, now: Timestamp) -> Result<(), StoreError> {
        // So are those that were stored under a clock which has since been set back.
        let absurd = now.saturating_add(SignedDuration::from_hours(24 * 366)).unwrap_or(Timestamp::MAX);
        self.transaction.execute(
            "DELETE FROM host_pauses WHERE until <= ?1 OR until > ?2",
            [now.as_millisecond(), absurd.as_millisecond()],
        )?;
        self.transaction
            .prepare_cached(
                "INSERT INTO host_pauses (host, until, wished) VALUES (?1, ?2, ?3)
                 ON CONFLICT (host) DO UPDATE SET until = excluded.until, wished = excluded.wished
                 WHERE excluded.until > until",
            )?
            .execute((host, pause.until.as_millisecond(), pause.wished))?;
        Ok(())
    }
}

fn pauses(connection: &Connection) -> Result<BTreeMap<String, HostPause>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT host, until, wished FROM host_pauses")?;
    let pause =
        |row: &Row<'_>| Ok((row.get::<_, String>(0)?, HostPause { until: instant(row.get(1)?), wished: row.get(2)? }));
    Ok(statement.query_map([], pause)?.collect::<Result<_, _>>()?)
}

/// A value to store as JSON.
fn value<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers, texts and times are always JSON")
}

fn upsert(connection: &Connection, wish: &FeedWish, origin: Origin, now: Timestamp) -> Result<(), StoreError> {
    // Whoever adds a feed anew wants its document read once more, whatever that did.
    connection
        .prepare_cached("DELETE FROM deaths WHERE feed IN (SELECT id FROM feeds WHERE url = ?1 AND active = 0)")?
        .execute([&wish.url])?;
    connection
        .prepare_cached(
            "INSERT INTO feeds (url, outlet, tags, interval_fixed_seconds, cluster, priority, origin, active, added, allow_private, paywalled,
                health, failures, interval_seconds)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9, ?10, 'new', 0, 0)
             ON CONFLICT (url) DO UPDATE SET outlet = excluded.outlet, tags = excluded.tags,
                interval_fixed_seconds = excluded.interval_fixed_seconds, cluster = excluded.cluster,
                priority = excluded.priority, paywalled = excluded.paywalled, allow_private = excluded.allow_private, origin = excluded.origin, active = 1,
                -- What was published while it was away is backlog, too.
                added = CASE WHEN active THEN added ELSE excluded.added END,
                -- A feed that comes back is asked anew, even one that said it was gone; what its server forbade stays forbidden.
                health = CASE WHEN active THEN health ELSE 'new' END,
                detail = CASE WHEN active THEN detail END,
                next_due = CASE WHEN active THEN next_due END,
                failures = CASE WHEN active THEN failures ELSE 0 END,
                body_hash = CASE WHEN active THEN body_hash END,
                moving = CASE WHEN active THEN moving END,
                moved_to = CASE WHEN active THEN moved_to END,
                same_as = CASE WHEN active THEN same_as END",
        )?
        .execute((
            &wish.url,
            &wish.outlet,
            json(&wish.tags),
            wish.interval.map(|interval| interval.as_secs()),
            wish.cluster,
            wish.priority,
            match origin {
                Origin::Config => "config",
                Origin::Command => "command",
            },
            now.as_millisecond(),
            wish.allow_private,
            wish.paywalled,
        ))?;
    Ok(())
}

/// A row's values, one after the other: to find each by its name took most of the time of reading a thousand feeds.
struct Values<'a> {
    row: &'a Row<'a>,
    place: usize,
}

impl Values<'_> {
    fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.place += 1;
        self.row.get(self.place - 1)
    }

    fn time(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.next::<Option<i64>>()?.map(instant))
    }

    fn text(&mut self) -> rusqlite::Result<Option<String>> {
        self.next()
    }

    fn number(&mut self) -> rusqlite::Result<u64> {
        Ok(u64::try_from(self.next::<i64>()?).unwrap_or(0))
    }
}

/// Reads the values in the order of [`COLUMNS`].
fn feed(row: &Row<'_>) -> rusqlite::Result<Feed> {
    let mut values = Values { row, place: 0 };
    Ok(Feed {
        id: FeedId(values.next()?),
        url: values.next()?,
        outlet: values.next()?,
        outlet_found: values.next()?,
        tags: list(&values.next::<String>()?),
        interval: values.next::<Option<i64>>()?.map(SignedDuration::from_secs),
        cluster: values.next()?,
        priority: values.next()?,
        paywalled: values.next()?,
        allow_private: values.next()?,
        origin: if values.next::<String>()? == "config" { Origin::Config } else { Origin::Command },
        active: values.next()?,
        added: instant(values.next()?),
        title: values.next()?,
        site: values.next()?,
        state: FeedState {
            validators: Validators { etag: values.next()?, last_modified: values.next()? },
            health: health(&values.next::<String>()?),
            detail: values.next()?,
            next_due: values.time()?,
            not_before: values.time()?,
            last_attempt: values.time()?,
            last_success: values.time()?,
            last_new: values.time()?,
            failures: values.next::<i64>()?.try_into().unwrap_or(u32::MAX),
            interval_seconds: values.number()?,
            pause_seconds: values.number()?,
            fresh_until: values.time()?,
            turnover_seconds: values.next::<Option<i64>>()?.and_then(|seconds| seconds.try_into().ok()),
            pace: values.text()?.and_then(|pace| serde_json::from_str(&pace).ok()).unwrap_or_default(),
            rung: rung(&values.next::<String>()?),
            answered_url: values.text()?,
            body_hash: values.text()?,
            whole_at: values.time()?,
            moving: values.text()?.and_then(|moving| serde_json::from_str(&moving).ok()),
            moved_to: values.text()?,
            same_as: values.next::<Option<i64>>()?.map(FeedId),
            answers: values.number()?,
            answers_with_news: values.number()?,
            host_pause: None,
        },
    })
}

fn health(word: &str) -> Health {
    use Health::{
        Empty, Gone, New, NotModified, Ok, Quarantined, Refused, Throttled, Undated, Unreachable, Unreadable,
    };
    let all = [New, Ok, NotModified, Empty, Undated, Unreachable, Throttled, Unreadable, Refused, Gone, Quarantined];
    all.into_iter().find(|health| health.word() == word).unwrap_or_default()
}

fn rung(word: &str) -> Rung {
    use Rung::{Lenient, Mended, Plain, Salvaged, Transcoded};
    let all = [Plain, Transcoded, Mended, Salvaged, Lenient];
    all.into_iter().find(|rung| rung.word() == word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Moving;
    use crate::store::schema;

    fn now() -> Timestamp {
        "2026-02-13T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn all_that_polling_taught_comes_back_as_it_was() {
        let mut store = Store::in_memory(0, now()).unwrap();
        for url in ["https://news.example:8080/a", "https://news.example/b"] {
            store.add_feed(&FeedWish::of_url(url), now()).unwrap();
        }
        let [first, second] = store.feeds().unwrap().try_into().unwrap();
        let at = |hours: i64| now().checked_add(SignedDuration::from_hours(hours)).ok();
        let state = FeedState {
            validators: Validators { etag: Some("W/\"é\"".into()), last_modified: Some("then".into()) },
            health: Health::Undated,
            detail: Some("none has a date".into()),
            next_due: at(1),
            not_before: at(2),
            last_attempt: at(-1),
            last_success: at(-2),
            last_new: at(-3),
            failures: 4,
            interval_seconds: 5,
            pause_seconds: 6,
            fresh_until: at(7),
            turnover_seconds: Some(8),
            pace: Pace { ttl_seconds: Some(9), period_seconds: Some(10), skip_hours: 11, skip_days: 12 },
            rung: Rung::Salvaged,
            answered_url: Some("https://news.example/final".into()),
            body_hash: Some("0f".into()),
            whole_at: at(-13),
            moving: Some(Moving { to: "https://new.example/".into(), since: now(), times: 14 }),
            moved_to: Some("https://moved.example/".into()),
            same_as: Some(second.id),
            answers: 15,
            answers_with_news: 16,
            host_pause: None,
        };
        let pause = HostPause { until: at(1).unwrap(), wished: true };
        let mut batch = store.batch().unwrap();
        batch.set_feed(first.id, &state, &FeedFacts::default()).unwrap();
        batch.pause_host("moved.example", pause, now()).unwrap();
        // A shorter one does not shorten it, and one that is over is forgotten.
        batch.pause_host("moved.example", HostPause { until: now(), wished: false }, now()).unwrap();
        batch.pause_host("old.example", HostPause { until: at(-1).unwrap(), wished: true }, at(-2).unwrap()).unwrap();
        batch.pause_host("news.example", pause, now()).unwrap();
        batch.commit().unwrap();
        let expected = FeedState { host_pause: Some(pause), ..state.clone() };
        assert_eq!(store.feed(&first.url).unwrap().unwrap().state, expected, "its host is the one that is asked");
        let feeds = store.feeds().unwrap();
        assert_eq!((&feeds[0].state, feeds[1].state.host_pause), (&expected, Some(pause)));
        assert_eq!(store.host_pauses().unwrap().len(), 2);

        // Removed and added anew, it is asked anew and at its own URL; what its server gave stays.
        store.remove_feed(&first.url).unwrap();
        store.add_feed(&FeedWish::of_url(&first.url), now()).unwrap();
        let anew = store.feed(&first.url).unwrap().unwrap().state;
        assert_eq!((anew.moved_to, anew.moving, anew.same_as, anew.body_hash), (None, None, None, None));
        assert_eq!((anew.health, anew.validators), (Health::New, state.validators));
    }

    #[test]
    fn a_database_of_before_is_taken_over_with_its_feeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(schema::MIGRATIONS[0]).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA user_version = 1; PRAGMA application_id = {};
                 INSERT INTO feeds (url, tags, cluster, priority, origin, active, added, etag, health, failures, interval_seconds)
                 VALUES ('https://news.example/', '[]', 1, 0, 'command', 1, 0, '\"1\"', 'ok', 0, 3600)",
                schema::APPLICATION_ID
            ))
            .unwrap();
        drop(connection);
        let store = Store::open(&path, 1, now()).unwrap();
        let feed = store.feed("https://news.example/").unwrap().unwrap();
        assert_eq!((feed.state.validators.etag.as_deref(), feed.state.interval_seconds), (Some("\"1\""), 3600));
        assert_eq!(
            (feed.state.rung, feed.state.pace, feed.asked_url()),
            (Rung::Plain, Pace::default(), feed.url.as_str())
        );
    }
}
