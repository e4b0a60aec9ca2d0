//! Door: the room that the database takes, and how long there is room for more.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::store::place::{folder_of, resolved, with_ending};
use crate::store::{Store, StoreError};

/// Growth is told from the last four weeks …
const GROWTH_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 28);
/// … without the first days of a database, whose feeds brought all that they held …
const GROWTH_AFTER: SignedDuration = SignedDuration::from_hours(24 * 2);
/// … and not from less than a day.
const GROWTH_DAYS_MIN: f64 = 1.0;

/// The room that a database takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disk {
    /// Size of the file in bytes.
    pub file_bytes: u64,
    /// Of these, what is free and used next.
    pub spare_bytes: u64,
    /// Size of the write-ahead log in bytes.
    pub log_bytes: u64,
    /// What is left of the volume in bytes, for who runs this; `None` where the system does not say.
    pub volume_free_bytes: Option<u64>,
    /// Articles stored.
    pub articles: u64,
    /// Articles seen in a day, of late; `None` while it is too early to tell.
    pub articles_per_day: Option<f64>,
}

/// What becomes of it when nothing changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Growth in a day, in bytes.
    pub bytes_per_day: f64,
    /// In how many days the volume is full.
    pub full_in_days: Option<f64>,
    /// The size that it stays at, where all that is old is pruned, in bytes.
    pub levels_off_bytes: Option<u64>,
}

impl Disk {
    /// When the volume is full, if all goes on as it did of late; `kept_days` is for how long articles are kept, where they are not kept
    /// for ever. `None` while it is too early to tell.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, of sizes far below 2^53"
    )]
    pub fn forecast(&self, kept_days: Option<f64>) -> Option<Forecast> {
        let used = self.file_bytes.saturating_sub(self.spare_bytes) as f64;
        let bytes_per_day = used / (self.articles.max(1) as f64) * self.articles_per_day?;
        let levels_off_bytes =
            kept_days.map(|days| (bytes_per_day * days) as u64).map(|level| level.max(self.file_bytes));
        let room = self.volume_free_bytes.map(|free| (free + self.spare_bytes) as f64);
        let full_in_days = room.filter(|_| bytes_per_day >= 1.0).map(|room| room / bytes_per_day);
        // What levels off before the volume is full never fills it.
        let fits = |room: f64| levels_off_bytes.is_some_and(|level| (level as f64) < used + room);
        let full_in_days = full_in_days.filter(|_| !room.is_some_and(fits));
        Some(Forecast { bytes_per_day, full_in_days, levels_off_bytes })
    }
}

impl Store {
    /// The room that the database at `path` takes; this is its store. `kept_days` as for [`Disk::forecast`]: what is pruned already cannot
    /// be counted.
    ///
    /// # Errors
    /// When the file cannot be read.
    #[expect(clippy::cast_precision_loss, reason = "numbers of articles are far below 2^53")]
    pub fn disk(&self, path: &Path, now: Timestamp, kept_days: Option<f64>) -> Result<Disk, StoreError> {
        let _one_state = self.hold()?;
        let number = |sql: &str, since: i64| -> Result<u64, StoreError> {
            let number: i64 = self.connection.query_row(sql, [since], |row| row.get(0))?;
            Ok(number.unsigned_abs())
        };
        let page = number("SELECT page_size FROM pragma_page_size WHERE ?1 = ?1", 0)?;
        let kept = kept_days.and_then(|days| SignedDuration::try_from_secs_f64(days * 86_400.0).ok());
        let window = kept.map_or(GROWTH_WINDOW, |kept| kept.min(GROWTH_WINDOW));
        let from = now.saturating_sub(window).unwrap_or(now);
        let from = from.max(self.created()?.saturating_add(GROWTH_AFTER).unwrap_or(now));
        let days = now.duration_since(from).as_secs_f64() / 86_400.0;
        let lately = number("SELECT count(*) FROM articles WHERE seen >= ?1", from.as_millisecond())?;
        // Beside the file itself, wherever a link to it stands.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let log = std::fs::metadata(with_ending(&resolved(path), "-wal")).map_or(0, |log| log.len());
        Ok(Disk {
            file_bytes: number("SELECT page_count FROM pragma_page_count WHERE ?1 = ?1", 0)? * page,
            spare_bytes: number("SELECT freelist_count FROM pragma_freelist_count WHERE ?1 = ?1", 0)? * page,
            log_bytes: log,
            volume_free_bytes: volume_free(path),
            articles: number("SELECT count(*) FROM articles WHERE ?1 = ?1", 0)?,
            articles_per_day: (days >= GROWTH_DAYS_MIN).then(|| lately as f64 / days),
        })
    }

    /// The room that each table takes with its indexes, in bytes, the largest first. It reads the whole file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn tables(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT coalesce(CASE WHEN t.tbl_name LIKE 'search\\_%' ESCAPE '\\' THEN 'search' ELSE t.tbl_name END, d.name), sum(d.pgsize)
             FROM dbstat d LEFT JOIN sqlite_schema t ON t.name = d.name WHERE d.aggregate = TRUE GROUP BY 1 ORDER BY 2 DESC, 1",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// What is left for us of the volume on which this path lies.
pub(crate) fn volume_free(path: &Path) -> Option<u64> {
    let volume = rustix::fs::statvfs(folder_of(&resolved(path))).ok()?;
    volume.f_bavail.checked_mul(volume.f_frsize)
}

#[cfg(test)]
mod tests {
    use crate::store::disk::Disk;

    #[test]
    fn a_forecast_says_when_the_volume_is_full_or_where_it_levels_off() {
        let disk = Disk {
            file_bytes: 1_200,
            spare_bytes: 200,
            log_bytes: 0,
            volume_free_bytes: Some(8_800),
            articles: 100,
            articles_per_day: Some(5.0),
        };
        let forecast = disk.forecast(None).unwrap();
        assert_eq!(
            (forecast.bytes_per_day, forecast.full_in_days, forecast.levels_off_bytes),
            (50.0, Some(180.0), None)
        );
        // A hundred days of it are 5,000 bytes, which fit; 300 days are 15,000, which do not.
        assert_eq!(disk.forecast(Some(100.0)).unwrap().full_in_days, None);
        assert_eq!(disk.forecast(Some(100.0)).unwrap().levels_off_bytes, Some(5_000));
        assert_eq!(disk.forecast(Some(300.0)).unwrap().full_in_days, Some(180.0));
        // It never shrinks by itself.
        assert_eq!(disk.forecast(Some(1.0)).unwrap().levels_off_bytes, Some(1_200));
        assert_eq!(Disk { articles_per_day: None, ..disk.clone() }.forecast(None), None, "too early to tell");
        assert_eq!(Disk { articles_per_day: Some(0.0), ..disk }.forecast(None).unwrap().full_in_days, None);
    }
}
