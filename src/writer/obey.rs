//! Conductor: obeys a person's corrections: in the store, in the clusterer, and again in their places when all is remade.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use crate::cluster::Clusterer;
use crate::cluster::correct::{self, Rulings};
use crate::model::{ArticleId, ClusterId, Correction, How, Reason, Ruling};
use crate::store::{Batch, Moved, Moving, Store, StoreError};

/// Obeys what people have asked for since, in the order of asking; says how many there were.
pub(crate) fn pending(batch: &mut Batch<'_>, mut clusterer: Option<&mut Clusterer>) -> Result<usize, StoreError> {
    let pending = batch.pending_corrections()?;
    if pending.is_empty() {
        return Ok(0);
    }
    let mut standing = batch.standing_corrections(i64::MAX)?;
    for correction in &pending {
        let seq = batch.enter_correction(correction.number)?;
        let correction = Correction { seq: Some(seq), ..correction.clone() };
        obey(batch, clusterer.as_deref_mut(), &correction, &mut standing)?;
    }
    if let Some(clusterer) = clusterer {
        clusterer.rule(rulings_in(batch, &standing)?);
    }
    Ok(pending.len())
}

/// Obeys again, when all is remade, those whose place in the log is before `until`; `standing` are those that were obeyed already.
pub(crate) fn again(
    batch: &mut Batch<'_>,
    clusterer: &mut Clusterer,
    corrections: &mut Peekable<impl Iterator<Item = Correction>>,
    standing: &mut Vec<Correction>,
    until: i64,
) -> Result<(), StoreError> {
    let is_due = |correction: &Correction| correction.seq.is_some_and(|seq| seq < until);
    let mut obeyed = false;
    while let Some(correction) = corrections.next_if(is_due) {
        obey(batch, Some(clusterer), &correction, standing)?;
        obeyed = true;
    }
    if obeyed {
        clusterer.rule(rulings_in(batch, standing)?);
    }
    Ok(())
}

/// Obeys one correction at its place in the log.
fn obey(
    batch: &mut Batch<'_>,
    clusterer: Option<&mut Clusterer>,
    correction: &Correction,
    standing: &mut Vec<Correction>,
) -> Result<(), StoreError> {
    let taken_back = match correction.undoes {
        Some(undone) => {
            let later: Vec<i64> =
                standing.iter().map(|known| known.number).skip_while(|number| *number != undone).collect();
            standing.retain(|known| known.number != undone);
            batch.take_back(undone, later.get(1..).unwrap_or_default())?
        }
        None => {
            standing.push(correction.clone());
            Vec::new()
        }
    };
    let rulings = Rulings::of(standing, []);
    let named = correction.ones.iter().chain(&correction.others).copied();
    let named: BTreeSet<ArticleId> = named.chain(taken_back.iter().map(|moved| moved.article)).collect();
    let homes = taken_back.iter().map(|moved| moved.from).collect();
    let clusters = affected(batch, &rulings, named, homes)?;
    let back: Vec<_> = taken_back.iter().map(|moved| (moved.article, moved.from)).collect();
    let moves = correct::moves(correction, &clusters, &back, &rulings);
    let goes: BTreeMap<ArticleId, ClusterId> = moves.iter().map(|moved| (moved.article, moved.to)).collect();
    let mut moving: Vec<Moving> = Vec::new();
    for (article, to) in &goes {
        let reason = restored(&taken_back, *article, *to).unwrap_or_else(said_so);
        moving.push(Moving { article: *article, to: *to, reason });
    }
    // Whoever is back already, by a later correction, is there for the old reason again.
    for moved in taken_back.iter().filter(|moved| !goes.contains_key(&moved.article)) {
        let is_home = clusters.get(&moved.from).is_some_and(|articles| articles.contains(&moved.article));
        let is_corrected = batch.how_of(moved.article)? == Some(How::Corrected);
        if is_home && is_corrected {
            moving.push(Moving { article: moved.article, to: moved.from, reason: moved.reason.clone() });
        }
    }
    batch.move_articles(correction.number, &moving)?;
    let articles: Vec<ArticleId> = taken_back.iter().map(|moved| moved.article).collect();
    let places = batch.places_of(&articles)?;
    for moved in &taken_back {
        let is_home = places.get(&moved.article) == Some(&moved.from);
        if let Some(holder) = holder(standing, moved).filter(|_| !is_home) {
            batch.hand_over(holder.number, moved)?;
        }
    }
    if let Some(clusterer) = clusterer {
        clusterer.regroup(&moves);
    }
    Ok(())
}

/// The correction that keeps an article from going back, the last of several: one that holds it with others, or the first article of
/// where it was, so that there is no such place now; else one that keeps either apart.
fn holder<'a>(standing: &'a [Correction], moved: &Moved) -> Option<&'a Correction> {
    let naming = |article: ArticleId| {
        standing.iter().rev().filter(move |known| known.ones.contains(&article) || known.others.contains(&article))
    };
    let either = || naming(moved.article).chain(naming(moved.from.0));
    either().find(|known| known.ruling == Ruling::Merge).or_else(|| either().next())
}

/// The clusters of these articles, these clusters, and those of all whom a ruling names together with an article of them.
fn affected(
    batch: &Batch<'_>,
    rulings: &Rulings,
    mut named: BTreeSet<ArticleId>,
    mut clusters: BTreeSet<ClusterId>,
) -> Result<BTreeMap<ClusterId, BTreeSet<ArticleId>>, StoreError> {
    loop {
        let articles: Vec<ArticleId> = named.iter().copied().collect();
        clusters.extend(batch.places_of(&articles)?.into_values());
        let found = batch.articles_of(&clusters)?;
        let all: BTreeSet<ArticleId> = found.values().flatten().copied().collect();
        let tied = rulings.named_with(&all);
        if tied.is_subset(&named) {
            return Ok(found);
        }
        named.extend(tied);
    }
}

/// What a clusterer that is read back from the store must hold to.
pub(crate) fn rulings(store: &Store) -> Result<Rulings, StoreError> {
    placed(&store.standing_corrections()?, |named| store.places_of(named))
}

/// What a clusterer must hold to of these corrections, as things stand in a batch.
pub(crate) fn rulings_in(batch: &Batch<'_>, standing: &[Correction]) -> Result<Rulings, StoreError> {
    placed(standing, |named| batch.places_of(named))
}

fn placed(
    standing: &[Correction],
    places_of: impl Fn(&[ArticleId]) -> Result<BTreeMap<ArticleId, ClusterId>, StoreError>,
) -> Result<Rulings, StoreError> {
    let named: BTreeSet<ArticleId> =
        standing.iter().flat_map(|correction| correction.ones.iter().chain(&correction.others)).copied().collect();
    let named: Vec<ArticleId> = named.into_iter().collect();
    Ok(Rulings::of(standing, places_of(&named)?))
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
