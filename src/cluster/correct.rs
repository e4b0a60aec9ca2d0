//! Station: a person's corrections: where articles go because of one, and what no later decision may do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::cluster::change::Change;
use crate::model::{ArticleId, ClusterId, Correction, Ruling};

/// Clusters by number, each with its articles. A cluster's number is its first article's.
pub type Clusters = BTreeMap<ClusterId, BTreeSet<ArticleId>>;

/// An article that changes its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The article.
    pub article: ArticleId,
    /// Where it was.
    pub from: ClusterId,
    /// Where it goes.
    pub to: ClusterId,
}

/// Who goes where when a correction is obeyed, in the order of articles. `clusters` are those of every article that it names, whole, and of
/// all whom `rulings` tie to these; `moved` is what an undoing takes back, each with the cluster it came from, whose present articles
/// `clusters` hold too. `rulings` are all that stand from now on: what a correction does by the way goes against none of them.
pub fn moves(
    correction: &Correction,
    clusters: &Clusters,
    moved: &[(ArticleId, ClusterId)],
    rulings: &Rulings,
) -> Vec<Move> {
    let mut sets: Vec<BTreeSet<ArticleId>> = clusters.values().cloned().collect();
    match correction.ruling {
        Ruling::Merge => united(&mut sets, &correction.ones, &correction.others),
        Ruling::Split => divided(&mut sets, &correction.ones, &correction.others),
        Ruling::Apart => divided(&mut sets, &correction.others, &correction.ones),
        Ruling::Undo => gone_back(&mut sets, moved),
    }
    rulings.hold(&mut sets);
    let mut moves = Vec::new();
    for set in &sets {
        let Some(first) = set.first() else { continue };
        let to = ClusterId(*first);
        let is_new = |article: &&ArticleId| !clusters.get(&to).is_some_and(|known| known.contains(article));
        for article in set.iter().filter(is_new) {
            let from = clusters.iter().find(|(_, articles)| articles.contains(article));
            moves.extend(from.map(|(from, _)| Move { article: *article, from: *from, to }));
        }
    }
    moves.sort_by_key(|moved| moved.article);
    moves
}

/// The clusters of the first article of each side become one; whoever else is named comes too, wherever it is.
fn united(sets: &mut Vec<BTreeSet<ArticleId>>, ones: &[ArticleId], others: &[ArticleId]) {
    let cluster_of_first =
        |named: &[ArticleId]| named.iter().find_map(|article| sets.iter().find(|set| set.contains(article))).cloned();
    let (Some(one), Some(other)) = (cluster_of_first(ones), cluster_of_first(others)) else { return };
    let named = ones.iter().chain(others).filter(|article| sets.iter().any(|set| set.contains(article)));
    let taken: BTreeSet<ArticleId> = one.into_iter().chain(other).chain(named.copied()).collect();
    take(sets, taken);
}

/// Wherever some of those who leave are with some of those who stay, they leave it, together.
fn divided(sets: &mut Vec<BTreeSet<ArticleId>>, leave: &[ArticleId], stay: &[ArticleId]) {
    for at in 0..sets.len() {
        let leaving: BTreeSet<ArticleId> = leave.iter().copied().filter(|article| sets[at].contains(article)).collect();
        let stays = |article: &ArticleId| sets[at].contains(article) && !leaving.contains(article);
        if !leaving.is_empty() && stay.iter().any(stays) {
            take(sets, leaving);
        }
    }
}

/// Everyone goes back to where it came from. Where the first article of a cluster goes, all of it goes: those that came since came for
/// its sake.
fn gone_back(sets: &mut Vec<BTreeSet<ArticleId>>, moved: &[(ArticleId, ClusterId)]) {
    let mut homes: BTreeMap<ClusterId, BTreeSet<ArticleId>> = BTreeMap::new();
    for (article, home) in moved {
        homes.entry(*home).or_default().insert(*article);
    }
    for (home, back) in homes {
        let stands = |set: &BTreeSet<ArticleId>| set.first() == Some(&home.0);
        let mut whole: BTreeSet<ArticleId> = sets.iter().filter(|set| stands(set)).flatten().copied().collect();
        for set in sets.iter().filter(|set| !stands(set)) {
            let all = set.first().is_some_and(|first| back.contains(first));
            whole.extend(set.iter().filter(|article| all || back.contains(article)));
        }
        take(sets, whole);
    }
}

fn take(sets: &mut Vec<BTreeSet<ArticleId>>, taken: BTreeSet<ArticleId>) {
    for set in sets.iter_mut() {
        set.retain(|article| !taken.contains(article));
    }
    sets.push(taken);
}

/// So often at most it is looked again whether all rulings hold: what is put together may bring together whom another keeps apart.
const HOLD_ROUNDS_MAX: usize = 4;

/// What stands of all corrections: whom no later decision may bring together, and whom none may part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulings {
    /// No article of the first side is in a cluster with one of the second.
    apart: Vec<[BTreeSet<ArticleId>; 2]>,
    /// Who was put together.
    together: Vec<BTreeSet<ArticleId>>,
    /// Where the articles named above are; those too that have left the window.
    places: HashMap<ArticleId, ClusterId>,
}

impl Rulings {
    /// What these corrections come to, in the order of the log: a later one overrules an earlier one on the articles that both name.
    pub fn of(standing: &[Correction], places: impl IntoIterator<Item = (ArticleId, ClusterId)>) -> Rulings {
        let mut rulings = Rulings { places: places.into_iter().collect(), ..Rulings::default() };
        for Correction { ruling, ones, others, .. } in standing {
            let sides = [ones, others].map(|side| side.iter().copied().collect::<BTreeSet<_>>());
            match ruling {
                Ruling::Merge => rulings.bring_together(sides),
                Ruling::Split => rulings.keep_apart(&sides[0], &sides[1], sides.clone()),
                Ruling::Apart => rulings.keep_apart(&sides[1], &sides[0], sides.clone()),
                Ruling::Undo => {}
            }
        }
        rulings
    }

    fn bring_together(&mut self, [ones, others]: [BTreeSet<ArticleId>; 2]) {
        let all: BTreeSet<ArticleId> = ones.into_iter().chain(others).collect();
        // Of a ban what is left is whoever was not named now, on either side.
        let left = self.apart.drain(..).flat_map(|[one, other]| {
            let (inside, outside): (BTreeSet<_>, BTreeSet<_>) =
                one.into_iter().partition(|article| all.contains(article));
            let stranger = other.difference(&all).copied().collect();
            [[outside, other], [inside, stranger]]
        });
        self.apart = left.filter(|ban| ban.iter().all(|side| !side.is_empty())).collect();
        self.together.push(all);
    }

    fn keep_apart(
        &mut self,
        leaving: &BTreeSet<ArticleId>,
        staying: &BTreeSet<ArticleId>,
        sides: [BTreeSet<ArticleId>; 2],
    ) {
        let parted = self.together.drain(..).flat_map(|bond| {
            if bond.is_disjoint(leaving) || bond.is_disjoint(staying) {
                return vec![bond];
            }
            let (gone, left) = bond.into_iter().partition(|article| leaving.contains(article));
            vec![gone, left]
        });
        self.together = parted.filter(|bond| bond.len() > 1).collect();
        self.apart.push(sides);
    }

    /// The articles that some ruling names together with one of these.
    pub fn named_with(&self, articles: &BTreeSet<ArticleId>) -> BTreeSet<ArticleId> {
        let bonds = self.together.iter().filter(|bond| !bond.is_disjoint(articles)).flatten();
        let bans = self.apart.iter().filter(|ban| ban.iter().any(|side| !side.is_disjoint(articles)));
        bonds.chain(bans.flatten().flatten()).copied().collect()
    }

    /// Puts together whom a ruling holds together, and takes out whom one keeps apart, with those who belong to them.
    fn hold(&self, sets: &mut Vec<BTreeSet<ArticleId>>) {
        for _ in 0..HOLD_ROUNDS_MAX {
            let before = sets.clone();
            for bond in &self.together {
                let there: BTreeSet<ArticleId> =
                    bond.iter().copied().filter(|article| sets.iter().any(|set| set.contains(article))).collect();
                let Some(first) = there.first() else { continue };
                if sets.iter().any(|set| there.is_subset(set)) {
                    continue;
                }
                let home = sets.iter().find(|set| set.contains(first)).cloned().unwrap_or_default();
                take(sets, home.into_iter().chain(there).collect());
            }
            for [stay, leave] in &self.apart {
                for at in 0..sets.len() {
                    if sets[at].is_disjoint(stay) || sets[at].is_disjoint(leave) {
                        continue;
                    }
                    let bound = self.together.iter().filter(|bond| !bond.is_disjoint(leave)).flatten();
                    let leaving: BTreeSet<ArticleId> = leave.iter().chain(bound).copied().collect();
                    let leaving =
                        leaving.intersection(&sets[at]).copied().filter(|article| !stay.contains(article)).collect();
                    take(sets, leaving);
                }
            }
            if *sets == before {
                return;
            }
        }
    }

    /// Whether these two clusters may not be one.
    pub fn separate(&self, one: ClusterId, other: ClusterId) -> bool {
        let is_in =
            |side: &BTreeSet<ArticleId>, cluster| side.iter().any(|named| self.places.get(named) == Some(&cluster));
        self.apart.iter().any(|[first, second]| {
            (is_in(first, one) && is_in(second, other)) || (is_in(first, other) && is_in(second, one))
        })
    }

    /// Whether these articles may not leave their cluster without others of it.
    pub fn bind(&self, cluster: ClusterId, leaving: &[ArticleId]) -> bool {
        let stays = |named: &ArticleId| self.places.get(named) == Some(&cluster) && !leaving.contains(named);
        self.together.iter().any(|bond| leaving.iter().any(|article| bond.contains(article)) && bond.iter().any(stays))
    }

    /// Keeps up with what the clusterer itself changed.
    pub fn follow(&mut self, change: &Change) {
        match change {
            Change::Merged { from, into, .. } => {
                self.places.values_mut().filter(|place| *place == from).for_each(|place| *place = *into);
            }
            Change::Split { into, articles, .. } => {
                for article in articles {
                    if let Some(place) = self.places.get_mut(article) {
                        *place = *into;
                    }
                }
            }
            Change::Related { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use proptest::prelude::{Strategy, prop, prop_assert_eq, proptest};

    use crate::cluster::change::Change;
    use crate::cluster::correct::{Clusters, Move, Rulings, moves};
    use crate::model::{ArticleId, ClusterId, Correction, How, Reason, Ruling};

    fn correction(ruling: Ruling, ones: &[i64], others: &[i64]) -> Correction {
        let articles = |numbers: &[i64]| numbers.iter().copied().map(ArticleId).collect();
        let (ones, others) = (articles(ones), articles(others));
        Correction { number: 1, made: Timestamp::UNIX_EPOCH, ruling, ones, others, undoes: None, seq: None }
    }

    fn clusters(sets: &[&[i64]]) -> Clusters {
        sets.iter().map(|set| (cluster(set[0]), set.iter().copied().map(ArticleId).collect())).collect()
    }

    fn cluster(number: i64) -> ClusterId {
        ClusterId(ArticleId(number))
    }

    /// The clusters after a correction.
    fn after(correction: &Correction, before: &[&[i64]], moved: &[(i64, i64)]) -> Vec<Vec<i64>> {
        let sets = clusters(before);
        let moved: Vec<_> = moved.iter().map(|(article, home)| (ArticleId(*article), cluster(*home))).collect();
        let sets = follow(&sets, &moves(correction, &sets, &moved, &Rulings::default()));
        sets.values().map(|set| set.iter().map(|article| article.0).collect()).collect()
    }

    #[test]
    fn a_merge_makes_one_of_two_under_the_older_number() {
        let check = |ones: &[i64], others: &[i64], before: &[&[i64]], expected: &[&[i64]]| {
            assert_eq!(after(&correction(Ruling::Merge, ones, others), before, &[]), expected, "{ones:?} {others:?}");
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
            assert_eq!(
                after(&correction(ruling, ones, others), before, &[]),
                expected,
                "{ruling:?} {ones:?} {others:?}"
            );
        };
        check(Ruling::Split, &[3, 5], &[2, 4], &[&[2, 3, 4, 5, 9]], &[&[2, 4, 9], &[3, 5]]);
        check(Ruling::Split, &[2, 5], &[3, 4], &[&[2, 3, 4, 5, 9]], &[&[2, 5], &[3, 4, 9]]);
        check(Ruling::Split, &[3], &[8], &[&[2, 3], &[8]], &[&[2, 3], &[8]]);
        check(Ruling::Apart, &[3], &[8], &[&[2, 3, 8, 9]], &[&[2, 3, 9], &[8]]);
        check(Ruling::Apart, &[3], &[8], &[&[2, 3], &[8]], &[&[2, 3], &[8]]);
        check(Ruling::Apart, &[3, 4], &[8, 10], &[&[3, 8], &[4, 10, 11], &[12]], &[&[3], &[4, 11], &[8], &[10], &[12]]);
    }

    #[test]
    fn an_undoing_brings_back_what_was_moved_and_what_came_for_its_sake() {
        let check = |moved: &[(i64, i64)], before: &[&[i64]], expected: &[&[i64]]| {
            assert_eq!(after(&correction(Ruling::Undo, &[], &[]), before, moved), expected, "{moved:?}");
        };
        // A merge; 9 came later and stays with the older.
        check(&[(5, 5), (6, 5)], &[&[2, 3, 5, 6, 9]], &[&[2, 3, 9], &[5, 6]]);
        // A split; 9 came to the part that had left.
        check(&[(5, 2), (6, 2)], &[&[2, 3], &[5, 6, 9]], &[&[2, 3, 5, 6, 9]]);
        // Nothing had been moved.
        check(&[], &[&[2, 3]], &[&[2, 3]]);
    }

    #[test]
    fn a_later_ruling_overrules_an_earlier_one_where_both_name_an_article() {
        let places = |sets: &[&[i64]]| {
            let clusters = clusters(sets);
            clusters
                .into_iter()
                .flat_map(|(id, set)| set.into_iter().map(move |article| (article, id)))
                .collect::<Vec<_>>()
        };
        let apart = correction(Ruling::Apart, &[1, 2], &[5, 6]);
        let alone = places(&[&[1], &[2], &[5], &[6], &[7]]);
        let rulings = Rulings::of(std::slice::from_ref(&apart), alone.clone());
        assert!(rulings.separate(cluster(1), cluster(6)) && rulings.separate(cluster(6), cluster(1)));
        assert!(!rulings.separate(cluster(1), cluster(2)) && !rulings.separate(cluster(1), cluster(7)));
        let merge = correction(Ruling::Merge, &[1], &[5]);
        let rulings = Rulings::of(&[apart.clone(), merge.clone()], alone.clone());
        assert!(!rulings.separate(cluster(1), cluster(5)), "brought together since");
        assert!(rulings.separate(cluster(1), cluster(6)) && rulings.separate(cluster(2), cluster(5)));

        let one = places(&[&[1, 2, 5, 6]]);
        let bound = |standing: &[Correction], leaving: &[i64]| {
            let leaving: Vec<_> = leaving.iter().copied().map(ArticleId).collect();
            Rulings::of(standing, one.clone()).bind(cluster(1), &leaving)
        };
        let merge = correction(Ruling::Merge, &[1, 2], &[5, 6]);
        assert!(bound(std::slice::from_ref(&merge), &[6]) && !bound(std::slice::from_ref(&merge), &[9]));
        let split = correction(Ruling::Split, &[6], &[5]);
        assert!(!bound(&[merge.clone(), split.clone()], &[6]) && bound(&[merge, split], &[5]));
    }

    #[test]
    fn rulings_keep_up_with_merges_and_splits() {
        let merge = correction(Ruling::Apart, &[1], &[5]);
        let places = [(1, 1), (5, 5)].map(|(article, place)| (ArticleId(article), cluster(place)));
        let mut rulings = Rulings::of(&[merge], places);
        let reason = Reason {
            how: How::Merged,
            probability: 1.0,
            because: vec![],
            nearest: None,
            hours_apart: None,
            runner_up: None,
        };
        rulings.follow(&Change::Merged { from: cluster(5), into: cluster(4), reason: reason.clone() });
        assert!(rulings.separate(cluster(1), cluster(4)) && !rulings.separate(cluster(1), cluster(5)));
        rulings.follow(&Change::Split { from: cluster(4), into: cluster(5), articles: vec![ArticleId(5)], reason });
        assert!(rulings.separate(cluster(1), cluster(5)));
    }

    /// Twelve articles in clusters by chance, and the sides of a correction.
    fn any_case() -> impl Strategy<Value = (Vec<usize>, u8, Vec<i64>, Vec<i64>)> {
        let side = || prop::collection::vec(1..=12_i64, 1..4);
        (prop::collection::vec(0..5_usize, 12), 0..3_u8, side(), side())
    }

    proptest! {
        #[test]
        fn every_correction_holds_and_its_undoing_leaves_no_trace((homes, ruling, ones, others) in any_case()) {
            let others: Vec<i64> = others.into_iter().filter(|other| !ones.contains(other)).collect();
            let mut sets: BTreeMap<usize, BTreeSet<ArticleId>> = BTreeMap::new();
            for (article, home) in (1..).zip(&homes) {
                sets.entry(*home).or_default().insert(ArticleId(article));
            }
            let before: Clusters = sets.into_values().map(|set| (ClusterId(*set.first().unwrap()), set)).collect();
            let ruling = [Ruling::Merge, Ruling::Split, Ruling::Apart][usize::from(ruling)];
            let correction = correction(ruling, &ones, &others);
            let moved = moves(&correction, &before, &[], &Rulings::default());
            let after = follow(&before, &moved);
            let place = |article: i64| after.iter().find(|(_, set)| set.contains(&ArticleId(article))).unwrap().0;
            for (one, other) in ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other))) {
                prop_assert_eq!(place(one) == place(other), ruling == Ruling::Merge, "{} {}: {:?}", one, other, after);
            }
            let noted: Vec<_> = moved.iter().map(|moved| (moved.article, moved.from)).collect();
            let back = moves(&self::correction(Ruling::Undo, &[], &[]), &after, &noted, &Rulings::default());
            prop_assert_eq!(follow(&after, &back), before);
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
