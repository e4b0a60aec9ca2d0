//! Conductor: one draft into the store, and its article into a cluster.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::cluster::change::Change;
use crate::cluster::{Arrival, Clusterer};
use crate::features::ahead::Ahead;
use crate::features::lexicon::Lexicon;
use crate::features::{self, Subject, boilerplate};
use crate::identify::{self, recognise};
use crate::meter::Meter;
use crate::model::{ArticleId, ClusterId, Draft, Feed, How, Rule, Trust};
use crate::store::{Batch, Founding, Known, NewArticle, Placed, StoreError};
use crate::writer::document::{Verdict, believed, said_by, said_in};

/// What became of a draft.
pub(crate) enum Stored {
    New { article: ArticleId, cluster: ClusterId, backlog: bool },
    Revised(ArticleId),
    Known(ArticleId),
    Buried,
}

/// The feed that brings drafts.
#[derive(Clone, Copy)]
pub(crate) struct Bringer<'a> {
    pub(crate) feed: &'a Feed,
    /// Its outlet's name.
    pub(crate) outlet: &'a str,
    /// What is believed of its keys.
    pub(crate) trust: Trust,
}

/// The clusterer at work, with a watch beside it where somebody wants to know how fast it is.
pub(crate) struct Desk<'a> {
    /// Where the work places articles.
    pub(crate) clusterer: Option<&'a mut Clusterer>,
    /// Features of the document at hand that were made before.
    pub(crate) ahead: Option<&'a Ahead>,
    pub(crate) assign_times: Option<&'a mut Vec<Duration>>,
    /// Where it is counted how long it takes.
    pub(crate) meter: &'a Meter,
    /// What it decided, which counts once it is stored.
    pub(crate) tally: &'a mut Tally,
}

/// What the clusterer decided in one batch.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    founded: usize,
    joined: usize,
    merged: usize,
    split: usize,
    related: usize,
}

impl Tally {
    /// Counts it.
    pub(crate) fn count(&self, meter: &Meter) {
        meter.memberships.add("founded", self.founded);
        meter.memberships.add("joined", self.joined);
        meter.changes.add("merged", self.merged);
        meter.changes.add("split", self.split);
        meter.changes.add("related", self.related);
    }
}

impl Desk<'_> {
    /// The same desk with other features at hand.
    pub(crate) fn with<'a>(&'a mut self, ahead: Option<&'a Ahead>) -> Desk<'a> {
        Desk {
            clusterer: self.clusterer.as_deref_mut(),
            ahead,
            assign_times: self.assign_times.as_deref_mut(),
            meter: self.meter,
            tally: &mut *self.tally,
        }
    }
}

/// Stores one draft: as a new article in its cluster, as a revision, or not at all when nothing about it is new. `present` are the
/// articles that its document holds.
pub(crate) fn store(
    batch: &mut Batch<'_>,
    desk: &mut Desk<'_>,
    bringer: Bringer<'_>,
    (draft, verdict, seen): (&Draft, Verdict, Timestamp),
    present: &mut HashSet<ArticleId>,
) -> Result<Stored, StoreError> {
    match verdict {
        Verdict::Buried => Ok(Stored::Buried),
        Verdict::Known { known, again: true, .. } => Ok(Stored::Known(known.id)),
        Verdict::Known { known, moved, again: false } => renew(batch, bringer, draft, (&known, moved), seen),
        Verdict::New => match elsewhere(batch, bringer.feed, draft, present)? {
            Some(article) => {
                present.insert(article);
                batch.add_appearance(bringer.feed.id, article)?;
                for mark in believed(draft, bringer.trust) {
                    batch.set_mark(bringer.feed.id, mark, article)?;
                }
                Ok(Stored::Known(article))
            }
            None => add(batch, desk, bringer, draft, seen),
        },
    }
}

/// Stores what is new about an article that is known: words, link, keys.
fn renew(
    batch: &mut Batch<'_>,
    bringer: Bringer<'_>,
    draft: &Draft,
    (known, moved): (&Known, bool),
    seen: Timestamp,
) -> Result<Stored, StoreError> {
    let is_revised = is_revision(bringer.feed, draft, known);
    // A link that changes at every poll would be written at every poll.
    let is_relinked = draft.canonical.is_some() && draft.url != known.url && bringer.trust.rule <= Rule::Link;
    if is_revised {
        batch.revise(known.id, draft, seen)?;
    } else if is_relinked && known.feed == bringer.feed.id {
        batch.relink(known.id, draft)?;
    }
    if moved || is_revised {
        for mark in believed(draft, bringer.trust) {
            batch.add_mark(bringer.feed.id, mark, known.id)?;
        }
    }
    Ok(if is_revised { Stored::Revised(known.id) } else { Stored::Known(known.id) })
}

/// The article of another feed that the draft is, unless the document holds it already.
fn elsewhere(
    batch: &Batch<'_>,
    feed: &Feed,
    draft: &Draft,
    present: &HashSet<ArticleId>,
) -> Result<Option<ArticleId>, StoreError> {
    let Some(canonical) = &draft.canonical else { return Ok(None) };
    for other in batch.elsewhere(feed.id, canonical)? {
        let homes = [(feed.url.as_str(), feed.site.as_deref()), (other.feed_url.as_str(), other.feed_site.as_deref())];
        let is_one_site = recognise::is_one_site(draft.url.as_deref().unwrap_or_default(), homes);
        let is_same = recognise::is_same_elsewhere(is_one_site, &said_by(draft), &said_in(&other.known));
        if is_same && !present.contains(&other.known.id) {
            return Ok(Some(other.known.id));
        }
    }
    Ok(None)
}

/// Stores a draft as a new article and asks where it belongs.
fn add(
    batch: &mut Batch<'_>,
    desk: &mut Desk<'_>,
    Bringer { feed, outlet, trust }: Bringer<'_>,
    draft: &Draft,
    seen: Timestamp,
) -> Result<Stored, StoreError> {
    let mut attempt = 0;
    let mut code = identify::code(&feed.url, &draft.key, attempt);
    while batch.is_taken(&code)? {
        attempt += 1;
        code = identify::code(&feed.url, &draft.key, attempt);
    }
    let outlet = draft.source.as_deref().unwrap_or(outlet);
    let published = draft.published.unwrap_or(seen);
    // Of what has no date only the first reading of its feed can say that it was there before.
    let backlog = draft.published.map_or(feed.state.last_success.is_none(), |published| published < feed.added);
    let article = NewArticle { draft, feed: feed.id, outlet, lang: draft.lang.as_deref(), published, seen, backlog };
    let id = batch.add_article(&article, &code)?;
    for mark in believed(draft, trust) {
        batch.set_mark(feed.id, mark, id)?;
    }
    let founding = Founding {
        id,
        title: draft.title.clone(),
        text: draft.text.clone(),
        outlet: outlet.to_owned(),
        lang: draft.lang.clone(),
        published,
        seen,
        may_group: feed.cluster,
        dated: draft.date_doubt.is_none(),
        repeated: draft.repeated.clone(),
    };
    let cluster = assign(batch, desk, &founding)?;
    Ok(Stored::New { article: id, cluster, backlog })
}

/// Only the feed that brought an article may change it, or two feeds that cut one text at different lengths would change it back
/// and forth at every poll; and an entry that lost its text says nothing new.
fn is_revision(feed: &Feed, draft: &Draft, known: &Known) -> bool {
    let changed = draft.title != known.title || draft.text != known.text;
    changed && known.feed == feed.id && (known.text.is_empty() || !draft.text.is_empty())
}

/// Asks the clusterer where an article belongs, and stores what it says.
pub(crate) fn assign(batch: &mut Batch<'_>, desk: &mut Desk<'_>, founding: &Founding) -> Result<ClusterId, StoreError> {
    let clusterer = desk.clusterer.as_deref_mut().expect("work that places articles has said so");
    let arrival = arrival(founding, &clusterer.params().features, desk.ahead);
    let (began, window) = (Instant::now(), clusterer.begun());
    desk.meter.writer.beat(began);
    let assignment = clusterer.assign(arrival);
    let (took, begun) = (began.elapsed(), clusterer.begun());
    desk.meter.assign_seconds.observe(took);
    if let Some(times) = &mut desk.assign_times {
        times.push(took);
    }
    match assignment.reason.how {
        How::Founded => desk.tally.founded += 1,
        _ => desk.tally.joined += 1,
    }
    if begun != window {
        batch.begin_window(begun)?;
    }
    batch.place(&Placed {
        article: assignment.article,
        cluster: assignment.cluster,
        reason: &assignment.reason,
        copy_of: assignment.copy_of,
        memory: &assignment.memory,
        published: founding.published,
        seen: founding.seen,
    })?;
    for change in &assignment.changes {
        match change {
            Change::Merged { from, into, reason } => {
                batch.merge(*from, *into, reason)?;
                desk.tally.merged += 1;
            }
            Change::Split { from, into, articles, reason } => {
                batch.split(*from, *into, articles, reason)?;
                desk.tally.split += 1;
            }
            Change::Related { one, other, probability } => {
                batch.relate(*one, *other, *probability)?;
                desk.tally.related += 1;
            }
        }
    }
    Ok(assignment.cluster)
}

/// An article as the clusterer is given it.
pub(crate) fn arrival<'a>(founding: &'a Founding, params: &features::Params, ahead: Option<&'a Ahead>) -> Arrival<'a> {
    let text = boilerplate::without(&founding.text, &founding.repeated);
    let subject = Subject { title: &founding.title, text: &text, lang: founding.lang.as_deref() };
    Arrival {
        id: founding.id,
        published: founding.published,
        seen: founding.seen,
        outlet: &founding.outlet,
        dated: founding.dated,
        alone: !founding.may_group,
        features: ahead
            .and_then(|ahead| ahead.features(&subject, params))
            .map_or_else(|| Cow::Owned(features::of(&subject, Lexicon::builtin(), params)), Cow::Borrowed),
    }
}
