//! Conductor: obeys a person's corrections: in the store, in the clusterer, and again in their places when all is remade.

use std::collections::BTreeSet;
use std::iter::Peekable;

use crate::cluster::Clusterer;
use crate::cluster::correct::{self, Rulings};
use crate::model::{ArticleId, ClusterId, Correction, How, Reason};
use crate::store::{Batch, Moved, Moving, Store, StoreError};

/// Obeys what people have asked for since, in the order of asking; says how many there were.
pub(crate) fn pending(batch: &mut Batch<'_>, mut clusterer: Option<&mut Clusterer>) -> Result<usize, StoreError> {
    let pending = batch.pending_corrections()?;
    for correction in &pending {
        let seq = batch.enter_correction(correction.number)?;
        obey(batch, clusterer.as_deref_mut(), correction, seq)?;
    }
    Ok(pending.len())
}

/// Obeys again, when all is remade, those whose place in the log is before `until`.
pub(crate) fn again(
    batch: &mut Batch<'_>,
    clusterer: &mut Clusterer,
    corrections: &mut Peekable<impl Iterator<Item = Correction>>,
    until: i64,
) -> Result<(), StoreError> {
    let is_due = |correction: &Correction| correction.seq.is_some_and(|seq| seq < until);
    while let Some(correction) = corrections.next_if(is_due) {
        obey(batch, Some(clusterer), &correction, correction.seq.unwrap_or(until))?;
    }
    Ok(())
}

/// Obeys one correction at its place in the log.
fn obey(
    batch: &mut Batch<'_>,
    clusterer: Option<&mut Clusterer>,
    correction: &Correction,
    seq: i64,
) -> Result<(), StoreError> {
    let taken_back = match correction.undoes {
        Some(undone) => batch.moved_by(undone)?,
        None => Vec::new(),
    };
    let named: Vec<ArticleId> = correction
        .ones
        .iter()
        .chain(&correction.others)
        .copied()
        .chain(taken_back.iter().map(|moved| moved.article))
        .collect();
    let homes = taken_back.iter().map(|moved| moved.from);
    let affected: BTreeSet<ClusterId> = batch.places_of(&named)?.into_values().chain(homes).collect();
    let clusters = batch.articles_of(&affected)?;
    let moved: Vec<_> = taken_back.iter().map(|moved| (moved.article, moved.from)).collect();
    let moves = correct::moves(correction, &clusters, &moved);
    let moving: Vec<Moving> = moves
        .iter()
        .map(|moved| Moving {
            article: moved.article,
            to: moved.to,
            reason: restored(&taken_back, moved.article, moved.to).unwrap_or_else(said_so),
        })
        .collect();
    batch.move_articles(correction.number, &moving)?;
    if let Some(clusterer) = clusterer {
        let standing = batch.standing_corrections(seq)?;
        let places = batch.places_of(&named_by(&standing))?;
        clusterer.correct(&moves, Rulings::of(&standing, places));
    }
    Ok(())
}

/// What a clusterer that is read back from the store must hold to.
pub(crate) fn rulings(store: &Store) -> Result<Rulings, StoreError> {
    let standing = store.standing_corrections()?;
    let places = store.places_of(&named_by(&standing))?;
    Ok(Rulings::of(&standing, places))
}

fn named_by(corrections: &[Correction]) -> Vec<ArticleId> {
    let named: BTreeSet<ArticleId> =
        corrections.iter().flat_map(|correction| correction.ones.iter().chain(&correction.others)).copied().collect();
    named.into_iter().collect()
}

/// Whoever goes back to where it was is there again for the old reason.
fn restored(taken_back: &[Moved], article: ArticleId, to: ClusterId) -> Option<Reason> {
    taken_back.iter().find(|moved| moved.article == article && moved.from == to).map(|moved| moved.reason.clone())
}

fn said_so() -> Reason {
    Reason {
        how: How::Corrected,
        probability: 1.0,
        because: Vec::new(),
        nearest: None,
        hours_apart: None,
        runner_up: None,
    }
}
