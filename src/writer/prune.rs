//! Conductor: gives up what is older than it is to be kept, a little at a time.

use jiff::{SignedDuration, Timestamp};

use crate::cluster::params::Params as ClusterParams;
use crate::store::{Cursor, Cutoffs, Store, StoreError};
use crate::writer::Writer;

/// Articles that go in one transaction: others wait for as long as it takes. One article of a million takes half a millisecond of CPU
/// time (measured), so that is some hundredths of a second.
const ARTICLES_AT_ONCE: usize = 100;
/// Earlier words that go in one transaction.
const REVISIONS_AT_ONCE: usize = 2_000;
/// Pages given back in one transaction: 2 MiB.
const PAGES_AT_ONCE: i64 = 512;
/// Free pages up to this share of the file stay for what comes next, so that it need not be grown again.
const FREE_PERCENT: i64 = 10;
/// What is kept for this many times less than it is kept at all may stay for so much longer: a service prunes in steps, for each of them
/// writes down how the window stands.
const STEPS: i32 = 20;
/// A service does not trust a clock that leapt so far …
const LEAP: SignedDuration = SignedDuration::from_hours(24 * 30);
/// … until it has gone on from there for so long.
const BELIEVED_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How long things are kept, counted from when they were seen; `None` is for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Articles that are alone in their cluster.
    pub articles: Option<SignedDuration>,
    /// Clusters of more than one article, with all of it, from the last one on.
    pub clusters: Option<SignedDuration>,
    /// Earlier words of articles.
    pub revisions: Option<SignedDuration>,
    /// What is left of editions and mails that were sent.
    pub editions: Option<SignedDuration>,
}

impl Retention {
    /// Up to which moments things go. They are counted back from the newest article, or from now if that is earlier, so that a clock that
    /// is ahead of all that was stored takes nothing; and never into the window, which the clusterer still needs.
    pub fn cutoffs(&self, cluster: &ClusterParams, last_seen: Option<Timestamp>, now: Timestamp) -> Cutoffs {
        let before = |from: Timestamp, kept: SignedDuration| from.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        let editions = self.editions.map(|kept| before(now, kept));
        let Some(last_seen) = last_seen else { return Cutoffs { editions, ..Cutoffs::default() } };
        let cutoff = |kept| before(last_seen.min(now), kept).min(cluster.window_start(last_seen));
        Cutoffs {
            articles: self.articles.map(cutoff),
            clusters: self.clusters.map(cutoff),
            revisions: self.revisions.map(cutoff),
            editions,
        }
    }

    /// With a twentieth more of everything, and a day at least: what a service waits for before it prunes.
    fn with_slack(self) -> Retention {
        let more = |kept: Option<SignedDuration>| {
            kept.map(|kept| kept.saturating_add((kept / STEPS).max(SignedDuration::from_hours(24))))
        };
        Retention {
            articles: more(self.articles),
            clusters: more(self.clusters),
            revisions: more(self.revisions),
            editions: more(self.editions),
        }
    }
}

/// What a prune took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Articles.
    pub articles: usize,
    /// Earlier words of articles that stay.
    pub revisions: usize,
    /// Editions.
    pub editions: usize,
    /// Mails to one recipient each.
    pub letters: usize,
    /// Pages given back to the file system.
    pub pages: i64,
}

/// A prune under way. Between two of its steps other batches may be written; dropped, it leaves what is not done to the next one.
#[derive(Clone, Debug)]
pub struct Prune {
    cutoffs: Cutoffs,
    stage: Stage,
    /// What it took so far.
    pub pruned: Pruned,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Settle,
    Articles(Cursor),
    Revisions,
    Tidy,
    GiveBack,
    Done,
}

/// What comes of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// That was all.
    Done,
}

/// Whether the clock leapt far and so lately that it may be wrong; then between which articles.
///
/// # Errors
/// When the store cannot be read.
pub fn doubtful_leap(store: &Store) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let last_seen = store.last_seen()?;
    let leap = store.last_leap(i64::try_from(LEAP.as_millis()).unwrap_or(i64::MAX))?;
    // One that was set back since is no trouble: time is counted from the last article that was stored.
    let goes_on = |after: Timestamp| last_seen.map(|last| last.duration_since(after)).filter(|on| !on.is_negative());
    Ok(leap.filter(|(_, after)| goes_on(*after).is_some_and(|on| on < BELIEVED_AFTER)))
}

impl Writer {
    /// Begins to prune, if anything is old enough.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn prune(&mut self, retention: &Retention, now: Timestamp) -> Result<Prune, StoreError> {
        let cutoffs = retention.cutoffs(&self.params.cluster, self.store.last_seen()?, now);
        let expired = self.store.expired(&cutoffs)?;
        // What is settled cannot be placed anew, so it is settled only if something goes.
        let stage = if expired.articles + expired.revisions > 0 { Stage::Settle } else { Stage::Tidy };
        Ok(Prune { cutoffs, stage, pruned: Pruned::default() })
    }

    /// Begins to prune as a service does, by itself: in steps, so only if something is a twentieth older than it is to be kept; and not
    /// while the clock may be wrong.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn prune_when_due(&mut self, retention: &Retention, now: Timestamp) -> Result<Option<Prune>, StoreError> {
        if *retention == Retention::default() {
            return Ok(None);
        }
        let last_seen = self.store.last_seen()?;
        let expired = self.store.expired(&retention.with_slack().cutoffs(&self.params.cluster, last_seen, now))?;
        if expired.articles + expired.revisions == 0 {
            let cutoffs = retention.cutoffs(&self.params.cluster, last_seen, now);
            return Ok(Some(Prune { cutoffs, stage: Stage::Tidy, pruned: Pruned::default() }));
        }
        if let Some((before, after)) = doubtful_leap(&self.store)? {
            tracing::warn!(
                %before, %after,
                "nothing is pruned: the clock leapt between two articles and may be wrong; if it is right, `newsfold prune --force` does it"
            );
            return Ok(None);
        }
        self.prune(retention, now).map(Some)
    }

    /// Goes on with a prune by one short transaction.
    ///
    /// # Errors
    /// When the file cannot be written; the same step can be tried again.
    pub fn prune_some(&mut self, prune: &mut Prune) -> Result<Step, StoreError> {
        let cutoffs = prune.cutoffs;
        match prune.stage {
            Stage::Settle => {
                // What people asked for is obeyed first: what it names stays.
                self.in_one_batch(false, |batch, _| batch.settle())?;
                prune.stage = Stage::Articles(Cursor::START);
            }
            Stage::Articles(after) => {
                let (_, (buried, cursor)) = self.in_one_batch(false, |batch, _| {
                    let (expired, cursor) = batch.next_expired(&cutoffs, after, ARTICLES_AT_ONCE)?;
                    Ok((batch.bury(&expired)?, cursor))
                })?;
                prune.pruned.articles += buried;
                prune.stage = if cursor == after { Stage::Revisions } else { Stage::Articles(cursor) };
            }
            Stage::Revisions => {
                let (_, dropped) =
                    self.in_one_batch(false, |batch, _| batch.drop_revisions(&cutoffs, REVISIONS_AT_ONCE))?;
                prune.pruned.revisions += dropped;
                if dropped < REVISIONS_AT_ONCE {
                    prune.stage = Stage::Tidy;
                }
            }
            Stage::Tidy => {
                let tidied = self.store.tidy(&cutoffs)?;
                prune.pruned.editions += tidied.editions;
                prune.pruned.letters += tidied.letters;
                prune.stage = Stage::GiveBack;
            }
            Stage::GiveBack => {
                let pages = self.store.give_back(PAGES_AT_ONCE, FREE_PERCENT)?;
                prune.pruned.pages += pages;
                if pages == 0 {
                    prune.stage = Stage::Done;
                }
            }
            Stage::Done => {}
        }
        Ok(if matches!(prune.stage, Stage::Done) { Step::Done } else { Step::More })
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use crate::cluster::params::Params;
    use crate::writer::prune::Retention;

    #[test]
    fn what_is_kept_is_counted_from_the_newest_article_and_never_into_the_window() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let days = |days: i64| Some(SignedDuration::from_hours(24 * days));
        let check = |kept, last_seen: &str, now: &str, expected: Option<&str>| {
            let retention = Retention { articles: kept, ..Retention::default() };
            let cutoffs = retention.cutoffs(&Params::default(), Some(at(last_seen)), at(now));
            assert_eq!(cutoffs.articles, expected.map(at), "{kept:?} {last_seen} {now}");
        };
        check(None, "2026-06-30T12:00:00Z", "2026-06-30T12:00:00Z", None);
        check(days(30), "2026-06-30T12:00:00Z", "2026-06-30T12:00:00Z", Some("2026-05-31T12:00:00Z"));
        check(days(30), "2026-06-30T12:00:00Z", "2036-06-30T12:00:00Z", Some("2026-05-31T12:00:00Z"));
        check(days(30), "2036-06-30T12:00:00Z", "2026-06-30T12:00:00Z", Some("2026-05-31T12:00:00Z"));
        // The window is a week.
        check(days(2), "2026-06-30T12:00:00Z", "2026-06-30T12:00:00Z", Some("2026-06-23T12:00:00Z"));
        let empty = Retention { articles: days(1), ..Retention::default() };
        assert_eq!(empty.cutoffs(&Params::default(), None, at("2026-06-30T12:00:00Z")).articles, None);
    }
}
