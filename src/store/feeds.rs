//! Door: feeds and what polling has taught us of them.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Row, TransactionBehavior};

use crate::model::{Feed, FeedId, FeedState, FeedWish, Health, Origin, Validators};
use crate::store::{Store, StoreError, instant, json, list};

const COLUMNS: &str = "id, url, outlet, outlet_found, tags, interval_fixed_seconds, cluster, priority, origin, active, added,
    title, site, etag, last_modified, health, detail, next_due, not_before, last_attempt, last_success, last_new, failures,
    interval_seconds";

impl Store {
    /// Every feed, active or not, by number.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn feeds(&self) -> Result<Vec<Feed>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds ORDER BY id"))?;
        let feeds = statement.query_map([], feed)?.collect::<Result<_, _>>()?;
        Ok(feeds)
    }

    /// The feed of this URL.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn feed(&self, url: &str) -> Result<Option<Feed>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM feeds WHERE url = ?1"))?;
        Ok(statement.query_row([url], feed).optional()?)
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
        transaction.commit()?;
        Ok(())
    }

    /// Adds a feed by command, or wakes one that was removed. Says whether anything changed: `false` for a feed already active.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_feed(&mut self, wish: &FeedWish, now: Timestamp) -> Result<bool, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let active: Option<bool> = transaction
            .query_row("SELECT active FROM feeds WHERE url = ?1", [&wish.url], |row| row.get(0))
            .optional()?;
        if active == Some(true) {
            return Ok(false);
        }
        upsert(&transaction, wish, Origin::Command, now)?;
        transaction.commit()?;
        Ok(true)
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
        Ok(self.connection.execute("UPDATE feeds SET active = 0 WHERE url = ?1 AND active = 1", [url])? > 0)
    }
}

fn upsert(
    connection: &rusqlite::Connection,
    wish: &FeedWish,
    origin: Origin,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Whoever adds a feed anew wants its document read once more, whatever that did.
    connection
        .prepare_cached("DELETE FROM deaths WHERE feed IN (SELECT id FROM feeds WHERE url = ?1 AND active = 0)")?
        .execute([&wish.url])?;
    connection
        .prepare_cached(
            "INSERT INTO feeds (url, outlet, tags, interval_fixed_seconds, cluster, priority, origin, active, added, health,
                failures, interval_seconds)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, 'new', 0, 0)
             ON CONFLICT (url) DO UPDATE SET outlet = excluded.outlet, tags = excluded.tags,
                interval_fixed_seconds = excluded.interval_fixed_seconds, cluster = excluded.cluster,
                priority = excluded.priority, origin = excluded.origin, active = 1,
                -- What was published while it was away is backlog, too.
                added = CASE WHEN active THEN added ELSE excluded.added END,
                -- A feed that comes back is asked anew, even one that said it was gone; what its server forbade stays forbidden.
                health = CASE WHEN active THEN health ELSE 'new' END,
                detail = CASE WHEN active THEN detail END,
                next_due = CASE WHEN active THEN next_due END,
                failures = CASE WHEN active THEN failures ELSE 0 END",
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
        ))?;
    Ok(())
}

fn feed(row: &Row<'_>) -> rusqlite::Result<Feed> {
    let time = |column: &str| row.get::<_, Option<i64>>(column).map(|value| value.map(instant));
    Ok(Feed {
        id: FeedId(row.get("id")?),
        url: row.get("url")?,
        outlet: row.get("outlet")?,
        outlet_found: row.get("outlet_found")?,
        tags: list(&row.get::<_, String>("tags")?),
        interval: row.get::<_, Option<i64>>("interval_fixed_seconds")?.map(SignedDuration::from_secs),
        cluster: row.get("cluster")?,
        priority: row.get("priority")?,
        origin: if row.get::<_, String>("origin")? == "config" { Origin::Config } else { Origin::Command },
        active: row.get("active")?,
        added: instant(row.get("added")?),
        title: row.get("title")?,
        site: row.get("site")?,
        state: FeedState {
            validators: Validators { etag: row.get("etag")?, last_modified: row.get("last_modified")? },
            health: health(&row.get::<_, String>("health")?),
            detail: row.get("detail")?,
            next_due: time("next_due")?,
            not_before: time("not_before")?,
            last_attempt: time("last_attempt")?,
            last_success: time("last_success")?,
            last_new: time("last_new")?,
            failures: row.get::<_, i64>("failures")?.try_into().unwrap_or(u32::MAX),
            interval_seconds: row.get::<_, i64>("interval_seconds")?.try_into().unwrap_or(0),
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
