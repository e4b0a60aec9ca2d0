//! Station: what stands of a person's corrections: whom no later decision may bring together, and whom none may part.

use std::collections::{BTreeSet, HashMap};
use std::mem::take;

use crate::cluster::change::Change;
use crate::cluster::sets::Sets;
use crate::model::{ArticleId, ClusterId, Correction, Ruling};

/// What stands of all corrections. It never contradicts itself: no two whom a ban names are held together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rulings {
    /// No article of the first side, who leave where there is need, is in a cluster with one of the second, who stay.
    apart: Vec<[BTreeSet<ArticleId>; 2]>,
    /// Who was put together; no article is in two of these.
    together: Vec<BTreeSet<ArticleId>>,
    /// Where the articles named above are; those too that have left the window.
    places: HashMap<ArticleId, ClusterId>,
}

impl Rulings {
    /// What these corrections come to, in the order of the log: see [`Rulings::add`].
    pub fn of(standing: &[Correction], places: impl IntoIterator<Item = (ArticleId, ClusterId)>) -> Rulings {
        let mut rulings = Rulings { places: places.into_iter().collect(), ..Rulings::default() };
        standing.iter().for_each(|correction| rulings.add(correction));
        rulings
    }

    /// Adds a later correction, which overrules all earlier ones where they say otherwise.
    pub fn add(&mut self, correction: &Correction) {
        let [ones, others] =
            [&correction.ones, &correction.others].map(|side| side.iter().copied().collect::<BTreeSet<_>>());
        match correction.ruling {
            Ruling::Merge => self.bring_together(ones.into_iter().chain(others).collect()),
            Ruling::Split => self.keep_apart(ones, others),
            Ruling::Apart => self.keep_apart(others, ones),
            Ruling::Undo => {}
        }
    }

    /// Whoever was put together with one of those named now is held together with all of them.
    fn bring_together(&mut self, mut all: BTreeSet<ArticleId>) {
        self.together.retain(|bond| {
            let is_apart = bond.is_disjoint(&all);
            if !is_apart {
                all.extend(bond);
            }
            is_apart
        });
        for [leaving, staying] in take(&mut self.apart) {
            if leaving.is_disjoint(&all) || staying.is_disjoint(&all) {
                self.apart.push([leaving, staying]);
                continue;
            }
            // The pairs that are left of it: those outside with the whole other side, those inside with its outside.
            let (inside, outside): (BTreeSet<_>, BTreeSet<_>) =
                leaving.into_iter().partition(|article| all.contains(article));
            let strangers = staying.difference(&all).copied().collect();
            let left = [[outside, staying], [inside, strangers]];
            self.apart.extend(left.into_iter().filter(|ban| ban.iter().all(|side| !side.is_empty())));
        }
        if all.len() > 1 {
            self.together.push(all);
        }
    }

    /// Who was put together with both sides is held with those who stay.
    fn keep_apart(&mut self, leaving: BTreeSet<ArticleId>, mut staying: BTreeSet<ArticleId>) {
        staying.retain(|article| !leaving.contains(article));
        if leaving.is_empty() || staying.is_empty() {
            return;
        }
        for bond in take(&mut self.together) {
            if bond.is_disjoint(&leaving) || bond.is_disjoint(&staying) {
                self.together.push(bond);
                continue;
            }
            let (gone, left): (BTreeSet<_>, BTreeSet<_>) =
                bond.into_iter().partition(|article| leaving.contains(article));
            self.together.extend([gone, left].into_iter().filter(|bond| bond.len() > 1));
        }
        self.apart.push([leaving, staying]);
    }

    /// These articles, and all who are held together with one of them.
    pub fn bound(&self, articles: &BTreeSet<ArticleId>) -> BTreeSet<ArticleId> {
        let bonds = self.together.iter().filter(|bond| !bond.is_disjoint(articles)).flatten();
        bonds.chain(articles).copied().collect()
    }

    /// Puts together who is held together, then takes out whom a ban keeps apart, with all who are held together with them: those who are to
    /// leave; but where these were put together just now (`fresh`), those who were to stay. Once is enough: to put one bond together parts no
    /// other, and to take out, with whole bonds, brings nobody together.
    pub fn hold(&self, sets: &mut Sets, fresh: &BTreeSet<ArticleId>) {
        for bond in &self.together {
            let mut places = bond.iter().filter_map(|article| sets.place(*article));
            if let Some(first) = places.next()
                && places.any(|place| place != first)
            {
                let home = bond.iter().map(|article| sets.around(*article)).find(|set| !set.is_empty());
                sets.take(bond.iter().copied().chain(home.unwrap_or_default()).collect());
            }
        }
        for [leaving, staying] in &self.apart {
            let is_turned = !leaving.is_disjoint(fresh);
            let (leaving, staying) = if is_turned { (staying, leaving) } else { (leaving, staying) };
            let stay: BTreeSet<ClusterId> = staying.iter().filter_map(|article| sets.place(*article)).collect();
            for place in stay {
                let here = |article: &ArticleId| sets.place(*article) == Some(place);
                let out: BTreeSet<ArticleId> = leaving.iter().copied().filter(here).collect();
                if !out.is_empty() {
                    sets.take(self.bound(&out));
                }
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
    use std::collections::BTreeSet;

    use proptest::prelude::{Strategy, prop, prop_assert, proptest};

    use crate::cluster::change::Change;
    use crate::cluster::correct::CORRECTED;
    use crate::cluster::correct::tests::{cluster, correction};
    use crate::cluster::rulings::Rulings;
    use crate::cluster::sets::{Clusters, Sets};
    use crate::model::{ArticleId, ClusterId, Correction, How, Reason, Ruling};

    fn places(sets: &[&[i64]]) -> Vec<(ArticleId, ClusterId)> {
        sets.iter().flat_map(|set| set.iter().map(|article| (ArticleId(*article), cluster(set[0])))).collect()
    }

    #[test]
    fn a_later_ruling_overrules_an_earlier_one_where_both_name_an_article() {
        let apart = correction(Ruling::Apart, &[1, 2], &[5, 6]);
        let alone = places(&[&[1], &[2], &[5], &[6], &[7]]);
        let rulings = Rulings::of(std::slice::from_ref(&apart), alone.clone());
        assert!(rulings.separate(cluster(1), cluster(6)) && rulings.separate(cluster(6), cluster(1)));
        assert!(!rulings.separate(cluster(1), cluster(2)) && !rulings.separate(cluster(1), cluster(7)));
        let merge = correction(Ruling::Merge, &[1], &[5]);
        let rulings = Rulings::of(&[apart.clone(), merge.clone()], alone.clone());
        assert!(!rulings.separate(cluster(1), cluster(5)), "brought together since");
        assert!(rulings.separate(cluster(1), cluster(6)) && rulings.separate(cluster(2), cluster(5)));
        let chain = [apart, correction(Ruling::Merge, &[1], &[7]), correction(Ruling::Merge, &[7], &[5])];
        let rulings = Rulings::of(&chain, alone.clone());
        assert!(!rulings.separate(cluster(1), cluster(5)), "brought together since, by way of another");
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
        let chain = [correction(Ruling::Merge, &[1], &[5]), correction(Ruling::Merge, &[5], &[6])];
        assert!(bound(&chain, &[1]) && bound(&chain, &[6]) && !bound(&chain, &[2]));
    }

    #[test]
    fn rulings_keep_up_with_merges_and_splits() {
        let merge = correction(Ruling::Apart, &[1], &[5]);
        let mut rulings = Rulings::of(&[merge], places(&[&[1], &[5]]));
        let reason = Reason { how: How::Merged, ..CORRECTED.clone() };
        rulings.follow(&Change::Merged { from: cluster(5), into: cluster(4), reason: reason.clone() });
        assert!(rulings.separate(cluster(1), cluster(4)) && !rulings.separate(cluster(1), cluster(5)));
        rulings.follow(&Change::Split { from: cluster(4), into: cluster(5), articles: vec![ArticleId(5)], reason });
        assert!(rulings.separate(cluster(1), cluster(5)));
    }

    /// Corrections by chance of twelve articles; sides may share some, as a list from elsewhere may.
    fn any_corrections() -> impl Strategy<Value = Vec<Correction>> {
        let side = || prop::collection::vec(1..=12_i64, 1..4);
        let one = (0..3_usize, side(), side());
        let one = one.prop_map(|(ruling, ones, others)| {
            correction([Ruling::Merge, Ruling::Split, Ruling::Apart][ruling], &ones, &others)
        });
        prop::collection::vec(one, 0..12)
    }

    proptest! {
        #[test]
        fn what_stands_never_contradicts_itself_and_is_held_at_once(
            corrections in any_corrections(),
            homes in prop::collection::vec(0..5_i64, 12),
            missing in 0..13_i64,
        ) {
            let rulings = Rulings::of(&corrections, []);
            let mut clusters = Clusters::new();
            for (number, home) in (1..).zip(homes).filter(|(number, _)| *number != missing) {
                clusters.entry(cluster(home)).or_default().insert(ArticleId(number));
            }
            let all: BTreeSet<ArticleId> = clusters.values().flatten().copied().collect();
            let fresh = match corrections.last() {
                Some(last) if last.ruling == Ruling::Merge => {
                    rulings.bound(&last.ones.iter().chain(&last.others).copied().collect())
                }
                _ => BTreeSet::new(),
            };
            let mut sets = Sets::of(&clusters);
            rulings.hold(&mut sets, &fresh);
            for (at, bond) in rulings.together.iter().enumerate() {
                prop_assert!(rulings.together[..at].iter().all(|other| other.is_disjoint(bond)));
                let places: BTreeSet<_> = bond.iter().filter_map(|article| sets.place(*article)).collect();
                prop_assert!(places.len() <= 1, "{bond:?} {sets:?}");
            }
            for [leaving, staying] in &rulings.apart {
                prop_assert!(leaving.is_disjoint(staying));
                for bond in &rulings.together {
                    prop_assert!(bond.is_disjoint(leaving) || bond.is_disjoint(staying), "{rulings:?}");
                }
                for (one, other) in leaving.iter().flat_map(|one| staying.iter().map(move |other| (*one, *other))) {
                    prop_assert!(sets.place(one).is_none() || sets.place(one) != sets.place(other), "{one:?} {other:?} {sets:?}");
                }
            }
            prop_assert!(all.iter().all(|article| sets.place(*article).is_some_and(|place| sets.around(place.0).contains(article))));
            let held: Vec<_> = all.iter().map(|article| sets.place(*article)).collect();
            rulings.hold(&mut sets, &BTreeSet::new());
            prop_assert!(held.iter().copied().eq(all.iter().map(|article| sets.place(*article))), "once is enough");
        }
    }
}
