//! Conductor: which entries of one document are stored already: asks the store what their marks name and lets `identify` decide.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use crate::identify::likeness;
use crate::identify::recognise::{self, Said};
use crate::model::{ArticleId, Draft, FeedId, Mark, Rule, Trust};
use crate::store::{Batch, Known, Met, Past, StoreError};

/// For how long after an article was first seen a new title over its text is looked for.
const RETITLED_WITHIN: SignedDuration = SignedDuration::from_hours(48);

/// What is known of an entry.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Its feed did not bring it before.
    New,
    /// It is stored.
    Known {
        /// As what.
        known: Known,
        /// Whether it came back under other keys than the one that is believed most.
        moved: bool,
        /// Whether an earlier entry of the document is that article too; then this one revises nothing, or two versions that stand
        /// side by side would take turns.
        again: bool,
    },
    /// It was stored once, and buried.
    Buried,
}

/// A document, read against what is stored.
#[derive(Debug)]
pub(crate) struct Document {
    /// What is known of each entry, in their order.
    pub(crate) verdicts: Vec<Verdict>,
    /// The articles that the document holds.
    pub(crate) present: HashSet<ArticleId>,
    /// What to believe of the feed's keys from now on.
    pub(crate) trust: Trust,
}

/// Recognises the entries of a document: by their strongest keys first, then those left by their weaker ones, then those left by
/// their text.
pub(crate) fn read(
    batch: &Batch<'_>,
    feed: FeedId,
    drafts: &[Draft],
    past: Past,
    now: Timestamp,
) -> Result<Document, StoreError> {
    if !past.is_marked {
        // The first document of a feed, where most of all articles come from: there is nothing to compare it with.
        let verdicts = drafts.iter().map(|_| Verdict::New).collect();
        return Ok(Document { verdicts, present: HashSet::new(), trust: past.trust });
    }
    let mut document = recognised(batch, feed, drafts, past.trust)?;
    find_retitled(batch, feed, drafts, &mut document, now)?;
    Ok(document)
}

/// The marks of a draft that are believed, strongest first; all of them where none is.
pub(crate) fn believed(draft: &Draft, trust: Trust) -> impl Iterator<Item = Mark> {
    let has = |rule: Rule| draft.marks.iter().any(|mark| mark.rule == rule && rule >= trust.rule);
    let (has_any, has_key) =
        (draft.marks.iter().any(|mark| mark.rule >= trust.rule), has(Rule::Guid) || has(Rule::Link));
    // What is said counts where there is no date to go with the title, or nothing stronger.
    let needs_text = !(has(Rule::Title) && has_key);
    let marks = draft.marks.iter().copied();
    marks.filter(move |mark| !has_any || (mark.rule >= trust.rule && (mark.rule < Rule::Text || needs_text)))
}

/// What an entry says, as identity compares it.
pub(crate) fn said_by(draft: &Draft) -> Said<'_> {
    Said { link: draft.canonical.as_deref(), title: &draft.title, text: &draft.text, published: draft.published }
}

/// What an article says, as identity compares it.
pub(crate) fn said_in(known: &Known) -> Said<'_> {
    Said { link: known.canonical.as_deref(), title: &known.title, text: &known.text, published: known.published }
}

/// Recognises entries by their marks.
pub(crate) fn recognised(
    batch: &Batch<'_>,
    feed: FeedId,
    drafts: &[Draft],
    trust: Trust,
) -> Result<Document, StoreError> {
    let mut present = HashSet::new();
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(drafts.len());
    let mut buried: Vec<usize> = vec![0; drafts.len()];
    for (draft, buried) in drafts.iter().zip(&mut buried) {
        let strongest = believed(draft, trust).next().expect("a draft has a mark");
        verdicts.push(match batch.met(feed, strongest)? {
            Some(Met::Article(known))
                if recognise::is_same(strongest.rule, true, &said_by(draft), &said_in(&known)) =>
            {
                Verdict::Known { again: !present.insert(known.id), known, moved: false }
            }
            Some(Met::Buried) => {
                *buried += 1;
                Verdict::New
            }
            _ => Verdict::New,
        });
    }
    let kept = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Known { .. })).count();
    let (mut moved, mut rule) = (0, Rule::Text);
    for ((draft, verdict), buried) in drafts.iter().zip(&mut verdicts).zip(buried) {
        if matches!(verdict, Verdict::New) {
            *verdict = by_weaker(batch, feed, (draft, trust), buried, &mut present)?;
            if matches!(verdict, Verdict::Known { .. }) {
                moved += 1;
                rule = rule.min(believed(draft, trust).next().map_or(Rule::Text, |mark| mark.rule));
            }
        }
    }
    let believed = Trust { rule: if moved > kept { rule.max(trust.rule) } else { trust.rule }, ..trust };
    Ok(Document { verdicts, present, trust: recognise::judged(believed, kept, moved) })
}

/// Recognises an entry by all marks but its strongest; `buried` says whether that one leads to a buried article.
///
/// An entry is buried when two of its keys say so, or all it has: a guid alone may have been given to another article since.
fn by_weaker(
    batch: &Batch<'_>,
    feed: FeedId,
    (draft, trust): (&Draft, Trust),
    mut buried: usize,
    present: &mut HashSet<ArticleId>,
) -> Result<Verdict, StoreError> {
    let marks: Vec<Mark> = believed(draft, trust).collect();
    for mark in &marks[1..] {
        match batch.met(feed, *mark)? {
            // What the document holds under its own key is another article: it shows both.
            Some(Met::Article(known))
                if !present.contains(&known.id)
                    && recognise::is_same(mark.rule, false, &said_by(draft), &said_in(&known)) =>
            {
                present.insert(known.id);
                return Ok(Verdict::Known { known, moved: true, again: false });
            }
            Some(Met::Buried) => buried += 1,
            _ => {}
        }
    }
    Ok(if buried >= marks.len().min(2) { Verdict::Buried } else { Verdict::New })
}

/// Finds among entries whose keys are all new those that are a recent article under a new title. The document must not hold that
/// article under its own key, and nothing else, in the document or in the feed's last days, may say nearly the same: then it is a
/// template that many articles share.
fn find_retitled(
    batch: &Batch<'_>,
    feed: FeedId,
    drafts: &[Draft],
    document: &mut Document,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_open = |verdict: &Verdict, draft: &Draft| matches!(verdict, Verdict::New) && draft.sketch.is_some();
    if !document.verdicts.iter().zip(drafts).any(|(verdict, draft)| is_open(verdict, draft)) {
        return Ok(());
    }
    let recent = batch.recent(feed, now - RETITLED_WITHIN)?;
    for (at, draft) in drafts.iter().enumerate() {
        let Some(sketch) = draft.sketch.filter(|_| matches!(document.verdicts[at], Verdict::New)) else { continue };
        let mut alike = Vec::new();
        for (article, _) in recent.iter().filter(|(_, other)| likeness::sketches_meet(sketch, *other)).take(ALIKE_MAX) {
            let known = batch.known(*article)?;
            if likeness::texts_equal(&draft.text, &known.text) {
                alike.push(known);
            }
        }
        let Some(known) = alike.pop().filter(|_| alike.is_empty()) else { continue };
        let is_alone = drafts.iter().enumerate().all(|(beside, other)| {
            let meets = beside != at && other.sketch.is_some_and(|other| likeness::sketches_meet(sketch, other));
            !meets || !likeness::texts_equal(&draft.text, &other.text)
        });
        let is_gone = !document.present.contains(&known.id);
        if is_gone && is_alone && recognise::is_retitled(&said_by(draft), &said_in(&known)) {
            document.present.insert(known.id);
            document.verdicts[at] = Verdict::Known { known, moved: true, again: false };
        }
    }
    Ok(())
}

/// Articles with a sketch like an entry's that are read for it.
const ALIKE_MAX: usize = 8;
