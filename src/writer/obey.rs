//! Conductor: obeys a person's corrections: in the store, in the clusterer, and again in their places when all is remade.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use crate::cluster::Clusterer;
use crate::cluster::correct::{self, CORRECTED};
use crate::cluster::replay::{self, Member, Noted};
use crate::cluster::rulings::Rulings;
use crate::cluster::sets::{Clusters, Move};
use crate::model::{ArticleId, ClusterId, Correction};
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
    let moves = match correction.undoes {
        Some(undone) => undo(batch, correction.number, undone, standing)?,
        None => {
            standing.push(correction.clone());
            correct(batch, correction, &Rulings::of(standing, []))?
        }
    };
    if let Some(clusterer) = clusterer {
        clusterer.regroup(&moves);
    }
    Ok(())
}

fn correct(batch: &mut Batch<'_>, correction: &Correction, rulings: &Rulings) -> Result<Vec<Move>, StoreError> {
    let named = correction.ones.iter().chain(&correction.others).copied().collect();
    let moves = correct::moves(correction, &affected(batch, rulings, named)?, rulings);
    let moving = |moved: &Move| Moving { article: moved.article, to: moved.to, reason: CORRECTED.clone() };
    batch.move_articles(correction.number, &moves.iter().map(moving).collect::<Vec<_>>())?;
    Ok(moves)
}

fn undo(
    batch: &mut Batch<'_>,
    undoing: i64,
    undone: i64,
    standing: &mut Vec<Correction>,
) -> Result<Vec<Move>, StoreError> {
    let (members, corrections) = concerned(batch, undone, standing)?;
    standing.retain(|known| known.number != undone);
    let (mut moving, mut moves) = (Vec::new(), Vec::new());
    let after = replay::without(&members, &corrections, undone);
    for (was, is) in members.iter().zip(&after) {
        let (article, from, to) = (was.article, was.place, is.place);
        if from != to || was.reason != is.reason {
            moving.push(Moving { article, to, reason: is.reason.clone() });
        }
        if from != to {
            moves.push(Move { article, from, to });
        }
    }
    batch.move_articles(undoing, &moving)?;
    for (was, is) in members.iter().zip(&after) {
        // What the undone one did is still told of it.
        let known = was.moves.iter().filter(|noted| noted.correction != undone);
        if known.clone().eq(&is.moves) {
            continue;
        }
        let gone: Vec<i64> = known.map(|noted| noted.correction).collect();
        let noted = |Noted { correction, from, reason }: &Noted| {
            (*correction, Moved { article: is.article, from: *from, reason: reason.clone() })
        };
        batch.note_anew(is.article, &gone, &is.moves.iter().map(noted).collect::<Vec<_>>())?;
    }
    Ok(moves)
}

/// All whom the undoing of a correction may concern, with what moved them, and all corrections that stood and may have to do with it: who
/// shares a cluster, who is named together or was moved by one correction, and whose clusters these were.
fn concerned(
    batch: &Batch<'_>,
    undone: i64,
    standing: &[Correction],
) -> Result<(Vec<Member>, Vec<Correction>), StoreError> {
    let mut moved: BTreeMap<ArticleId, Vec<Noted>> = BTreeMap::new();
    let mut reach: Vec<BTreeSet<ArticleId>> = Vec::new();
    let mut reached_by: BTreeMap<ArticleId, Vec<usize>> = BTreeMap::new();
    for (at, known) in standing.iter().enumerate() {
        let mut all: BTreeSet<ArticleId> = known.ones.iter().chain(&known.others).copied().collect();
        for Moved { article, from, reason } in batch.moved_by(known.number)? {
            all.extend([article, from.0]);
            moved.entry(article).or_default().push(Noted { correction: known.number, from, reason });
        }
        all.iter().for_each(|article| reached_by.entry(*article).or_default().push(at));
        reach.push(all);
    }
    let Some(first) = standing.iter().position(|known| known.number == undone) else { return Ok(Default::default()) };
    let mut corrections: BTreeSet<usize> = [first].into();
    let mut members: BTreeMap<ArticleId, Member> = BTreeMap::new();
    let mut asked: Vec<ArticleId> = reach[first].iter().copied().collect();
    while let Some(article) = asked.pop() {
        if !members.contains_key(&article)
            && let Some(place) = batch.places_of(&[article])?.remove(&article)
        {
            for (article, reason) in batch.reasons_in(place)? {
                let moves = moved.remove(&article).unwrap_or_default();
                members.insert(article, Member { article, place, reason, moves });
                asked.push(article);
            }
        }
        for at in reached_by.remove(&article).unwrap_or_default() {
            if corrections.insert(at) {
                asked.extend(&reach[at]);
            }
        }
    }
    Ok((members.into_values().collect(), corrections.into_iter().map(|at| standing[at].clone()).collect()))
}

/// The clusters of these articles, and those of all who are held together with an article of them.
fn affected(batch: &Batch<'_>, rulings: &Rulings, mut named: BTreeSet<ArticleId>) -> Result<Clusters, StoreError> {
    loop {
        let articles: Vec<ArticleId> = named.iter().copied().collect();
        let clusters = batch.articles_of(&batch.places_of(&articles)?.into_values().collect())?;
        let bound = rulings.bound(&clusters.values().flatten().copied().collect());
        let known = named.len();
        named.extend(bound);
        if named.len() == known {
            return Ok(clusters);
        }
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
