//! Station: a person's correction: where articles go because of it.

use std::collections::BTreeSet;

use crate::cluster::rulings::Rulings;
use crate::cluster::sets::{Clusters, Move, Sets};
use crate::model::{ArticleId, Correction, How, Reason, Ruling};

/// Why whoever a correction moved is where it is.
pub static CORRECTED: Reason = Reason {
    how: How::Corrected,
    probability: 1.0,
    because: Vec::new(),
    nearest: None,
    hours_apart: None,
    runner_up: None,
};

/// Who goes where when a correction is obeyed, in the order of articles. `clusters` are those of every article that it names, whole, and of
/// all who are held together with an article of these; `rulings` are all that stand from now on, the correction itself among them: what it
/// does by the way goes against none of them. What an undoing moves, [`crate::cluster::replay`] says.
pub fn moves(correction: &Correction, clusters: &Clusters, rulings: &Rulings) -> Vec<Move> {
    let mut sets = Sets::of(clusters);
    obey(correction, &mut sets, rulings);
    sets.moves()
}

/// See [`moves`].
pub(crate) fn obey(correction: &Correction, sets: &mut Sets, rulings: &Rulings) {
    let Correction { ones, others, .. } = correction;
    let mut fresh = BTreeSet::new();
    match correction.ruling {
        Ruling::Merge => {
            fresh = rulings.bound(&ones.iter().chain(others).copied().collect());
            united(sets, ones, others, &fresh);
        }
        Ruling::Split => divided(sets, ones, others, rulings),
        Ruling::Apart => divided(sets, others, ones, rulings),
        Ruling::Undo => {}
    }
    rulings.hold(sets, &fresh);
}

/// The clusters of the first article of each side become one; whoever else is named comes too, wherever it is, and who is held together
/// with one of them.
fn united(sets: &mut Sets, ones: &[ArticleId], others: &[ArticleId], all: &BTreeSet<ArticleId>) {
    let [one, other] = [ones, others]
        .map(|side| side.iter().map(|article| sets.around(*article)).find(|set| !set.is_empty()).unwrap_or_default());
    if !one.is_empty() && !other.is_empty() {
        sets.take(one.into_iter().chain(other).chain(all.iter().copied()).collect());
    }
}

/// Wherever some of those who leave are with some of those who stay, they leave it, together, with those who are held together with them.
fn divided(sets: &mut Sets, leave: &[ArticleId], stay: &[ArticleId], rulings: &Rulings) {
    let stay = stay.iter().filter(|article| !leave.contains(article));
    let places: BTreeSet<_> = stay.filter_map(|article| sets.place(*article)).collect();
    for place in places {
        let here = |article: &ArticleId| sets.place(*article) == Some(place);
        let leaving: BTreeSet<ArticleId> = leave.iter().copied().filter(here).collect();
        if !leaving.is_empty() {
            sets.take(rulings.bound(&leaving));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use proptest::prelude::{Strategy, prop, prop_assert_eq, proptest};

    use crate::cluster::correct::moves;
    use crate::cluster::rulings::Rulings;
    use crate::cluster::sets::{Clusters, Move};
    use crate::model::{ArticleId, ClusterId, Correction, Ruling};

    pub(crate) fn correction(ruling: Ruling, ones: &[i64], others: &[i64]) -> Correction {
        let articles = |numbers: &[i64]| numbers.iter().copied().map(ArticleId).collect();
        let (ones, others) = (articles(ones), articles(others));
        Correction { number: 1, made: Timestamp::UNIX_EPOCH, ruling, ones, others, undoes: None, seq: None }
    }

    fn clusters(sets: &[&[i64]]) -> Clusters {
        sets.iter().map(|set| (cluster(set[0]), set.iter().copied().map(ArticleId).collect())).collect()
    }

    pub(crate) fn cluster(number: i64) -> ClusterId {
        ClusterId(ArticleId(number))
    }

    /// The clusters after a correction.
    fn after(correction: &Correction, before: &[&[i64]]) -> Vec<Vec<i64>> {
        let sets = clusters(before);
        let rulings = Rulings::of(std::slice::from_ref(correction), []);
        let sets = follow(&sets, &moves(correction, &sets, &rulings));
        sets.values().map(|set| set.iter().map(|article| article.0).collect()).collect()
    }

    #[test]
    fn a_merge_makes_one_of_two_under_the_older_number() {
        let check = |ones: &[i64], others: &[i64], before: &[&[i64]], expected: &[&[i64]]| {
            assert_eq!(after(&correction(Ruling::Merge, ones, others), before), expected, "{ones:?} {others:?}");
        };
        check(&[5, 6], &[2, 3], &[&[2, 3], &[5, 6, 8]], &[&[2, 3, 5, 6, 8]]);
        check(&[2], &[3], &[&[2, 3]], &[&[2, 3]]);
        // Clustered otherwise than when it was made: whoever is named comes, and its neighbours stay.
        check(&[2, 3], &[5, 9], &[&[1, 3, 4], &[2], &[5, 6], &[7, 9]], &[&[1, 4], &[2, 3, 5, 6, 9], &[7]]);
        check(&[2], &[40], &[&[2, 3]], &[&[2, 3]]);
    }

    #[test]
    fn a_split_takes_its_articles_out_together_and_the_first_article_keeps_the_number() {
        let check = |ruling, ones: &[i64], others: &[i64], before: &[&[i64]], expected: &[&[i64]]| {
            assert_eq!(after(&correction(ruling, ones, others), before), expected, "{ruling:?} {ones:?} {others:?}");
        };
        check(Ruling::Split, &[3, 5], &[2, 4], &[&[2, 3, 4, 5, 9]], &[&[2, 4, 9], &[3, 5]]);
        check(Ruling::Split, &[2, 5], &[3, 4], &[&[2, 3, 4, 5, 9]], &[&[2, 5], &[3, 4, 9]]);
        check(Ruling::Split, &[3], &[8], &[&[2, 3], &[8]], &[&[2, 3], &[8]]);
        check(Ruling::Apart, &[3], &[8], &[&[2, 3, 8, 9]], &[&[2, 3, 9], &[8]]);
        check(Ruling::Apart, &[3], &[8], &[&[2, 3], &[8]], &[&[2, 3], &[8]]);
        check(Ruling::Apart, &[3, 4], &[8, 10], &[&[3, 8], &[4, 10, 11], &[12]], &[&[3], &[4, 11], &[8], &[10], &[12]]);
    }

    /// Twelve articles in clusters by chance, and the sides of a correction.
    fn any_case() -> impl Strategy<Value = (Vec<usize>, u8, Vec<i64>, Vec<i64>)> {
        let side = || prop::collection::vec(1..=12_i64, 1..4);
        (prop::collection::vec(0..5_usize, 12), 0..3_u8, side(), side())
    }

    proptest! {
        #[test]
        fn every_correction_holds((homes, ruling, ones, others) in any_case()) {
            let others: Vec<i64> = others.into_iter().filter(|other| !ones.contains(other)).collect();
            let mut sets: BTreeMap<usize, BTreeSet<ArticleId>> = BTreeMap::new();
            for (article, home) in (1..).zip(&homes) {
                sets.entry(*home).or_default().insert(ArticleId(article));
            }
            let before: Clusters = sets.into_values().map(|set| (ClusterId(*set.first().unwrap()), set)).collect();
            let ruling = [Ruling::Merge, Ruling::Split, Ruling::Apart][usize::from(ruling)];
            let correction = correction(ruling, &ones, &others);
            let moved = moves(&correction, &before, &Rulings::of(std::slice::from_ref(&correction), []));
            let after = follow(&before, &moved);
            let place = |article: i64| after.iter().find(|(_, set)| set.contains(&ArticleId(article))).unwrap().0;
            for (one, other) in ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other))) {
                prop_assert_eq!(place(one) == place(other), ruling == Ruling::Merge, "{} {}: {:?}", one, other, after);
            }
        }
    }

    /// The clusters after some moves; each has its first article's number.
    fn follow(before: &Clusters, moved: &[Move]) -> Clusters {
        let mut after = before.clone();
        for Move { article, from, to } in moved {
            assert!(after.get_mut(from).unwrap().remove(article));
            after.entry(*to).or_default().insert(*article);
        }
        after.retain(|id, set| {
            assert!(set.is_empty() || set.first() == Some(&id.0), "{id:?}: {set:?}");
            !set.is_empty()
        });
        after
    }
}
