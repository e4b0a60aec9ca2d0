//! Door: what readers have seen: views and how far they came, dismissed stories, editions and what they told.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::model::{Article, ArticleId, ClusterId, KeptEdition};
use crate::store::outbox::{self, Letter};
use crate::store::{Query, Store, StoreError, instant, json};

/// Editions of a name whose content is kept, empty ones not counted; of older ones the window stays.
const CONTENTS_MAX: i64 = 30;

/// Which of some articles a digest told, and when. The articles come first: a name may have told a hundred thousand, and the planner
/// knows nothing of how few are asked for.
pub(crate) const TOLD: &str = "SELECT t.article, e.made FROM json_each(?2) w
     CROSS JOIN told t ON t.name = ?1 AND t.article = CAST(w.value AS INTEGER)
     CROSS JOIN editions e ON e.name = t.name AND e.number = t.number";

/// The clusters of what came behind a place, and of some articles, each as often as it has one of them. Asked for in their order, SQLite
/// would walk through all memberships in that order, however few came.
pub(crate) const GAINED: &str = "SELECT m.cluster FROM memberships m NOT INDEXED WHERE m.article > ?1
     UNION ALL
     SELECT m.cluster FROM memberships m WHERE m.article IN (SELECT CAST(value AS INTEGER) FROM json_each(?2))";

/// A list that somebody looks at again and again: which command shows it, and under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    /// The command.
    pub command: &'a str,
    /// The name that the reader gave it.
    pub name: &'a str,
}

/// How far a view has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The place in the log up to which it has shown what there is.
    pub place: ArticleId,
    /// When that was; `None` for a view that was never shown.
    pub at: Option<Timestamp>,
    /// Clusters with news up to that place that its limit left out, each by an article in it.
    pub left_out: Vec<ClusterId>,
    /// The backlog that it has shown; `None` for a view that never showed any.
    pub backlog: Option<ShownBacklog>,
}

/// The backlog that a view has shown as far as it has come: what its first look asked for where it said since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownBacklog {
    /// The last place in the log at that moment.
    pub until: ArticleId,
    /// Nothing was shown that was published before this moment.
    pub since: Timestamp,
}

impl ShownBacklog {
    /// Whether an article that is backlog was shown.
    pub fn holds(&self, article: &Article) -> bool {
        article.id <= self.until && article.published >= self.since
    }
}

/// Clusters that gained an article, as they stood at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// The last place in the log at that moment: the next look begins behind it.
    pub place: ArticleId,
    /// The clusters, smallest number first: they may be a whole library, which nobody holds in memory.
    pub clusters: Vec<ClusterId>,
}

/// The last edition of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastEdition {
    /// Its number; the first of a name has 1.
    pub number: u32,
    /// The beginning of the time that it covers.
    pub from: Timestamp,
    /// The end of it.
    pub until: Timestamp,
    /// The place in the log up to which it covers what there is.
    pub place: ArticleId,
}

/// An edition to be recorded, with all that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEdition {
    /// The digest's name.
    pub name: String,
    /// One more than that of the last edition of this name.
    pub number: u32,
    /// Covers what came after this moment …
    pub from: Timestamp,
    /// … up to this one.
    pub until: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// The place in the log up to which it covers what there is.
    pub place: ArticleId,
    /// How many stories it tells.
    pub stories: usize,
    /// All articles of the stories that it tells.
    pub told: Vec<ArticleId>,
    /// The name of its format.
    pub format: String,
    /// What was rendered.
    pub content: Vec<u8>,
    /// The mail that brings it to readers.
    pub letter: Option<Letter>,
}

/// What came of recording an edition.
#[derive(Debug)]
pub enum Recorded {
    /// It is recorded; the number of its letter, where it has one.
    Done(Option<i64>),
    /// Nothing was recorded: another process made an edition of this name meanwhile.
    Overtaken,
    /// Nothing was recorded, for it could not be handed over.
    NotHandedOver(io::Error),
}

impl Store {
    /// How far a view has come; a view that was never shown knows nothing.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn seen(&self, view: View<'_>) -> Result<Seen, StoreError> {
        let _one_state = self.hold()?;
        let row = self
            .connection
            .prepare_cached(
                "SELECT place, at, backlog_until, backlog_since FROM views WHERE command = ?1 AND name = ?2",
            )?
            .query_row((view.command, view.name), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?, row.get::<_, Option<i64>>(3)?))
            })
            .optional()?;
        let Some((place, at, backlog_until, backlog_since)) = row else { return Ok(Seen::default()) };
        let backlog = backlog_until.zip(backlog_since);
        let backlog = backlog.map(|(until, since)| ShownBacklog { until: ArticleId(until), since: instant(since) });
        let mut statement = self
            .connection
            .prepare_cached("SELECT article FROM views_left_out WHERE command = ?1 AND name = ?2 ORDER BY article")?;
        let rows =
            statement.query_map((view.command, view.name), |row| row.get(0).map(|id| ClusterId(ArticleId(id))))?;
        let left_out = rows.collect::<Result<_, _>>()?;
        Ok(Seen { place: ArticleId(place), at: Some(instant(at)), left_out, backlog })
    }

    /// Remembers how far a view has come, and puts the letter that brings what it shows into the outbox: both or neither. Any process may do
    /// so at any time.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_seen(
        &mut self,
        view: View<'_>,
        seen: &Seen,
        letter: Option<&Letter>,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let transaction = self.lasting()?;
        transaction.execute(
            "INSERT INTO views (command, name, place, at, backlog_until, backlog_since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET place = excluded.place, at = excluded.at, backlog_until = excluded.backlog_until,
                backlog_since = excluded.backlog_since",
            (
                view.command,
                view.name,
                seen.place.0,
                now.as_millisecond(),
                seen.backlog.map(|backlog| backlog.until.0),
                seen.backlog.map(|backlog| backlog.since.as_millisecond()),
            ),
        )?;
        transaction
            .execute("DELETE FROM views_left_out WHERE command = ?1 AND name = ?2", (view.command, view.name))?;
        for cluster in &seen.left_out {
            transaction
                .prepare_cached("INSERT INTO views_left_out VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
                .execute((view.command, view.name, cluster.0.0))?;
        }
        let letter = letter.map(|letter| outbox::put(&transaction, letter)).transpose()?;
        transaction.commit()?;
        Ok(letter)
    }

    /// The clusters that fit the query and gained an article behind `after`, or hold one of `also`.
    ///
    /// # Errors
    /// Those of [`Store::clusters`].
    pub fn arrivals(&self, query: &Query, after: ArticleId, also: &[ClusterId]) -> Result<Arrivals, StoreError> {
        let _one_state = self.hold()?;
        let place = ArticleId(self.meta("last_seq")?);
        let mut statement = self.connection.prepare_cached(GAINED)?;
        let also: Vec<String> = also.iter().map(|cluster| cluster.0.0.to_string()).collect();
        let gained =
            statement.query_map((after.0, json(&also)), |row| row.get(0).map(|id| ClusterId(ArticleId(id))))?;
        let mut gained = gained.collect::<Result<Vec<ClusterId>, _>>()?;
        gained.sort_unstable();
        gained.dedup();
        let fitting = if *query == Query::default() { gained } else { self.fitting(query, &gained)? };
        Ok(Arrivals { place, clusters: fitting })
    }

    /// The place in the log up to which the full-text index has come.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn indexed_until(&self) -> Result<ArticleId, StoreError> {
        Ok(ArticleId(self.meta("indexed_seq")?))
    }

    /// Hides these clusters, as they are now, from lists and digests; says how many articles were not hidden before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn dismiss(&mut self, clusters: &[ClusterId], now: Timestamp) -> Result<usize, StoreError> {
        let transaction = self.lasting()?;
        let mut dismissed = 0;
        for cluster in clusters {
            dismissed += transaction.execute(
                "INSERT INTO dismissed SELECT article, ?2 FROM memberships WHERE cluster = ?1 ON CONFLICT DO NOTHING",
                (cluster.0.0, now.as_millisecond()),
            )?;
        }
        transaction.commit()?;
        Ok(dismissed)
    }

    /// Shows these clusters again; says how many articles had been hidden.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn undismiss(&mut self, clusters: &[ClusterId]) -> Result<usize, StoreError> {
        let transaction = self.lasting()?;
        let mut shown = 0;
        for cluster in clusters {
            shown += transaction.execute(
                "DELETE FROM dismissed WHERE article IN (SELECT article FROM memberships WHERE cluster = ?1)",
                [cluster.0.0],
            )?;
        }
        transaction.commit()?;
        Ok(shown)
    }

    /// The articles of dismissed clusters as they were when they were dismissed, in whichever clusters they are now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn dismissed(&self) -> Result<BTreeSet<ArticleId>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT article FROM dismissed")?;
        let rows = statement.query_map([], |row| row.get(0).map(ArticleId))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the database was made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn created(&self) -> Result<Timestamp, StoreError> {
        Ok(instant(self.meta("created")?))
    }

    /// The last edition of a digest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last_edition(&self, name: &str) -> Result<Option<LastEdition>, StoreError> {
        last_edition(&self.connection, name)
    }

    /// Which of these articles earlier editions of a digest told, and when each was last told.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn told(
        &self,
        name: &str,
        articles: impl IntoIterator<Item = ArticleId>,
    ) -> Result<BTreeMap<ArticleId, Timestamp>, StoreError> {
        let articles: Vec<String> = articles.into_iter().map(|article| article.0.to_string()).collect();
        let mut statement = self.connection.prepare_cached(TOLD)?;
        let rows =
            statement.query_map((name, json(&articles)), |row| Ok((ArticleId(row.get(0)?), instant(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records an edition: its content, the end of its window, what it told and its letter, all or none. `hand_over` is called when all
    /// of it is written and before it is committed, so that what fails there leaves no trace; it must be quick, for others wait.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(
        &mut self,
        edition: &NewEdition,
        hand_over: impl FnOnce() -> io::Result<()>,
    ) -> Result<Recorded, StoreError> {
        let transaction = self.lasting()?;
        let last = last_edition(&transaction, &edition.name)?;
        if last.map_or(0, |last| last.number) + 1 != edition.number {
            return Ok(Recorded::Overtaken);
        }
        transaction.execute(
            "INSERT INTO editions (name, number, covers_from, covers_until, made, place, stories, format, content)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (
                &edition.name,
                edition.number,
                edition.from.as_millisecond(),
                edition.until.as_millisecond(),
                edition.made.as_millisecond(),
                edition.place.0,
                i64::try_from(edition.stories).unwrap_or(i64::MAX),
                &edition.format,
                // What says nothing is not kept, and drives out nothing that is.
                Some(&edition.content).filter(|_| edition.stories > 0),
            ),
        )?;
        transaction.execute(
            "UPDATE editions SET content = NULL WHERE name = ?1 AND content IS NOT NULL AND number <= (
                SELECT number FROM editions WHERE name = ?1 AND stories > 0 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            (&edition.name, CONTENTS_MAX),
        )?;
        for article in &edition.told {
            transaction
                .prepare_cached(
                    "INSERT INTO told VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET number = excluded.number",
                )?
                .execute((&edition.name, article.0, edition.number))?;
        }
        let letter = edition.letter.as_ref().map(|letter| outbox::put(&transaction, letter)).transpose()?;
        if let Err(error) = hand_over() {
            return Ok(Recorded::NotHandedOver(error));
        }
        transaction.commit()?;
        Ok(Recorded::Done(letter))
    }

    /// The place in the log before the first article that was stored after this moment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn place_at(&self, moment: Timestamp) -> Result<ArticleId, StoreError> {
        let sql = "SELECT min(id) - 1 FROM articles WHERE seen > ?1";
        let place: Option<i64> =
            self.connection.prepare_cached(sql)?.query_row([moment.as_millisecond()], |row| row.get(0))?;
        Ok(ArticleId(place.map_or_else(|| self.meta("last_seq"), Ok)?))
    }

    /// The editions of a name whose content is kept, or of all names, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn kept_editions(&self, name: Option<&str>) -> Result<Vec<KeptEdition>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT name, number, covers_from, covers_until, stories, format, length(content) FROM editions
             WHERE content IS NOT NULL AND (?1 IS NULL OR name = ?1) ORDER BY name, number DESC",
        )?;
        let rows = statement.query_map([name], |row| {
            let count = |place: usize| row.get(place).map(|count: i64| usize::try_from(count).unwrap_or_default());
            Ok(KeptEdition {
                name: row.get(0)?,
                number: row.get(1)?,
                from: instant(row.get(2)?),
                until: instant(row.get(3)?),
                stories: count(4)?,
                format: row.get(5)?,
                bytes: count(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was rendered for an edition; `None` where there is none, or it is too old.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn edition_content(&self, name: &str, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT content FROM editions WHERE name = ?1 AND number = ?2";
        let content = self.connection.query_row(sql, (name, number), |row| row.get(0)).optional()?;
        Ok(content.flatten())
    }

    /// Since when a digest of this name is known to have a schedule: since `now` if it was not known before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn scheduled_since(&mut self, name: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let read = |connection: &Connection| {
            let sql = "SELECT since FROM timetables WHERE name = ?1";
            connection.query_row(sql, [name], |row| row.get(0)).optional()
        };
        if let Some(since) = read(&self.connection)? {
            return Ok(instant(since));
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "INSERT INTO timetables VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        transaction.execute(sql, (name, now.as_millisecond()))?;
        let since = read(&transaction)?.map_or(now, instant);
        transaction.commit()?;
        Ok(since)
    }
}

fn last_edition(connection: &Connection, name: &str) -> Result<Option<LastEdition>, StoreError> {
    let sql =
        "SELECT number, covers_from, covers_until, place FROM editions WHERE name = ?1 ORDER BY number DESC LIMIT 1";
    let last = connection.prepare_cached(sql)?.query_row([name], |row| {
        Ok(LastEdition {
            number: row.get(0)?,
            from: instant(row.get(1)?),
            until: instant(row.get(2)?),
            place: ArticleId(row.get(3)?),
        })
    });
    Ok(last.optional()?)
}

#[cfg(test)]
mod tests {
    use std::io;

    use jiff::Timestamp;

    use crate::model::{ArticleId, ClusterId};
    use crate::store::{Letter, NewEdition, Recorded, Seen, ShownBacklog, Store, View};

    fn now() -> Timestamp {
        "2026-02-13T12:00:00Z".parse().unwrap()
    }

    fn edition(name: &str, number: u32) -> NewEdition {
        NewEdition {
            name: name.to_owned(),
            number,
            from: now(),
            until: now(),
            made: now(),
            place: ArticleId(7),
            stories: 1,
            told: vec![ArticleId(3), ArticleId(5)],
            format: "text".to_owned(),
            content: format!("edition {number}").into_bytes(),
            letter: Some(Letter {
                message_id: format!("<{name}.{number}@example.org>"),
                sender: "news@example.org".to_owned(),
                recipients: vec!["a@example.org".to_owned()],
                message: b"Subject: x\r\n\r\nx".to_vec(),
                next_attempt: now(),
            }),
        }
    }

    fn count(store: &Store, table: &str) -> i64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_view_remembers_how_far_it_came_and_what_its_limit_left_out() {
        let mut store = Store::in_memory(0, now()).unwrap();
        let (mine, other) = (View { command: "clusters", name: "me" }, View { command: "search", name: "me" });
        assert_eq!(store.seen(mine).unwrap(), Seen::default());
        let seen = |place, left_out: &[i64]| Seen {
            place: ArticleId(place),
            at: Some(now()),
            left_out: left_out.iter().map(|id| ClusterId(ArticleId(*id))).collect(),
            backlog: Some(ShownBacklog { until: ArticleId(place - 1), since: now() }),
        };
        store.set_seen(mine, &seen(5, &[2, 4]), None, now()).unwrap();
        store.set_seen(other, &seen(9, &[2]), None, now()).unwrap();
        assert_eq!(store.seen(mine).unwrap(), seen(5, &[2, 4]));
        store.set_seen(mine, &seen(8, &[4]), None, now()).unwrap();
        assert_eq!((store.seen(mine).unwrap(), store.seen(other).unwrap()), (seen(8, &[4]), seen(9, &[2])));
    }

    #[test]
    fn an_edition_is_recorded_whole_or_not_at_all() {
        let mut store = Store::in_memory(0, now()).unwrap();
        let refused = store.record(&edition("a", 1), || Err(io::Error::other("no room"))).unwrap();
        assert!(matches!(refused, Recorded::NotHandedOver(_)));
        for table in ["editions", "told", "mails", "outbox"] {
            assert_eq!(count(&store, table), 0, "{table}");
        }
        assert!(matches!(store.record(&edition("a", 1), || Ok(())).unwrap(), Recorded::Done(Some(_))));
        // The second of two processes that made the same one.
        let handed_over = || panic!("what is overtaken is not handed over");
        assert!(matches!(store.record(&edition("a", 1), handed_over).unwrap(), Recorded::Overtaken));
        assert!(matches!(store.record(&edition("a", 3), handed_over).unwrap(), Recorded::Overtaken));
        assert!(matches!(store.record(&edition("b", 1), || Ok(())).unwrap(), Recorded::Done(_)));
        assert_eq!([count(&store, "editions"), count(&store, "outbox"), count(&store, "told")], [2, 2, 4]);
        let last = store.last_edition("a").unwrap().unwrap();
        assert_eq!((last.number, last.until, last.place), (1, now(), ArticleId(7)));
        let told = store.told("a", [3, 4, 5].map(ArticleId)).unwrap();
        assert_eq!(told.into_keys().collect::<Vec<_>>(), [3, 5].map(ArticleId));
        assert!(store.told("c", [ArticleId(3)]).unwrap().is_empty());
    }

    #[test]
    fn the_content_of_old_editions_goes_and_their_windows_stay() {
        let mut store = Store::in_memory(0, now()).unwrap();
        for number in 1..=32 {
            store.record(&edition("a", number), || Ok(())).unwrap();
        }
        assert_eq!(store.edition_content("a", 2).unwrap(), None);
        assert_eq!(store.edition_content("a", 3).unwrap().as_deref(), Some(b"edition 3".as_slice()));
        assert_eq!((count(&store, "editions"), count(&store, "told")), (32, 2));
    }

    #[test]
    fn a_schedule_is_known_since_it_was_first_met() {
        let mut store = Store::in_memory(0, now()).unwrap();
        let later = now() + jiff::SignedDuration::from_hours(5);
        assert_eq!(store.scheduled_since("morning", now()).unwrap(), now());
        assert_eq!(store.scheduled_since("morning", later).unwrap(), now());
        assert_eq!(store.scheduled_since("evening", later).unwrap(), later);
    }
}
