//! Station: what becomes of articles when a correction is taken back: all that was said of them is told again without it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::correct::{self, CORRECTED};
use crate::cluster::rulings::Rulings;
use crate::cluster::sets::{Move, Sets};
use crate::model::{ArticleId, ClusterId, Correction, Reason};

/// An article where it is, and what corrections that stand did to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The article.
    pub article: ArticleId,
    /// Its cluster.
    pub place: ClusterId,
    /// Why it is there.
    pub reason: Reason,
    /// What moved it, in the order of the log.
    pub moves: Vec<Noted>,
}

/// That a correction moved an article.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    /// The number of the correction.
    pub correction: i64,
    /// Where the article was.
    pub from: ClusterId,
    /// Why it had been there.
    pub reason: Reason,
}

/// Where all of `members` belong when one of `corrections` is undone, and what the others moved then. `members` are in the order of
/// articles and `corrections` in that of the log; both are whole: whoever shares a cluster with a member, or is named or was moved by one
/// of the corrections, is a member, and so is the founder of the cluster that one was moved out of.
///
/// The log is told twice, with the undone one and without it. Each article comes at its place in the log to where it came by itself: into
/// the cluster it was moved out of first, and else into that where it is. With it, all must end where it is; what does not, the
/// clusterer has moved meanwhile, and without it that is done again, unless the undone one had moved the article last before.
pub fn without(members: &[Member], corrections: &[Correction], undone: i64) -> Vec<Member> {
    let mut noted: BTreeMap<i64, Vec<Sight<'_>>> = BTreeMap::new();
    for Member { article, moves, .. } in members {
        for Noted { correction, from, reason } in moves {
            let sight = Sight { article: *article, place: *from, reason };
            noted.entry(*correction).or_default().push(sight);
        }
    }
    let now =
        members.iter().map(|Member { article, place, reason, .. }| Sight { article: *article, place: *place, reason });

    let mut with = Telling::of(members);
    let mut doubts = Doubts::default();
    let mut strays = Vec::new();
    for correction in corrections {
        with.enter_until(correction.seq);
        let seen = noted.remove(&correction.number).unwrap_or_default();
        strays.push(doubts.strayed(&mut with, &seen));
        let moved = with.obey(correction);
        doubts.note(correction.number, &seen, &moved);
    }
    with.enter_until(None);
    let last = doubts.strayed(&mut with, &now.collect::<Vec<_>>());

    let again = |stray: &&Stray<'_>| stray.after != Some(undone);
    let mut without = Telling::of(members);
    for (correction, strays) in corrections.iter().zip(&strays) {
        without.enter_until(correction.seq);
        strays.iter().filter(again).for_each(|stray| without.bring(stray));
        if correction.number != undone {
            without.obey(correction);
        }
    }
    without.enter_until(None);
    last.iter().filter(again).for_each(|stray| without.bring(stray));
    without.hold(corrections.iter().map(|correction| correction.number).rfind(|number| *number != undone));
    without.members()
}

/// Where an article was seen, and why it was there.
#[derive(Clone, Copy, Debug)]
struct Sight<'a> {
    article: ArticleId,
    place: ClusterId,
    reason: &'a Reason,
}

/// An article that was elsewhere than corrections alone would have it.
#[derive(Clone, Copy, Debug)]
struct Stray<'a> {
    to: Sight<'a>,
    /// The correction that had moved it last.
    after: Option<i64>,
}

/// How what is told keeps to what was noted.
#[derive(Debug, Default)]
struct Doubts {
    /// The correction that moved an article last, as it was noted.
    lately: BTreeMap<ArticleId, i64>,
    /// Whom a correction moved as it is told, and not as it was noted: they had strayed before.
    doubted: BTreeSet<ArticleId>,
}

impl Doubts {
    /// Brings articles to where they were seen, and gives those that were elsewhere or there for another reason.
    fn strayed<'a>(&mut self, telling: &mut Telling<'a>, seen: &[Sight<'a>]) -> Vec<Stray<'a>> {
        let mut strays = Vec::new();
        let mut stray = |telling: &mut Telling<'a>, to: Sight<'a>| {
            strays.push(Stray { to, after: self.lately.get(&to.article).copied() });
            telling.bring(&strays[strays.len() - 1]);
        };
        for sight in seen {
            let Some(place) = telling.sets.place(sight.article) else { continue };
            let is_doubted = self.doubted.remove(&sight.article);
            if !is_doubted && place == sight.place && telling.reasons[&sight.article] == sight.reason {
                continue;
            }
            // There was such a cluster, so its founder was in it.
            let founder = sight.place.0;
            if founder != sight.article && telling.sets.place(founder).is_some_and(|at| at != sight.place) {
                let reason = telling.reasons[&founder];
                stray(telling, Sight { article: founder, place: sight.place, reason });
            }
            stray(telling, *sight);
        }
        strays
    }

    fn note(&mut self, correction: i64, seen: &[Sight<'_>], moved: &[Move]) {
        let seen: BTreeSet<ArticleId> = seen.iter().map(|sight| sight.article).collect();
        self.doubted.extend(moved.iter().map(|moved| moved.article).filter(|article| !seen.contains(article)));
        self.lately.extend(seen.into_iter().map(|article| (article, correction)));
    }
}

/// How things stand at a place in the log.
struct Telling<'a> {
    /// Who is still to come.
    coming: std::slice::Iter<'a, Member>,
    sets: Sets,
    reasons: BTreeMap<ArticleId, &'a Reason>,
    moves: BTreeMap<ArticleId, Vec<Noted>>,
    rulings: Rulings,
    /// Of founders that are gone, who came first to their cluster.
    first_of: BTreeMap<ArticleId, ArticleId>,
}

impl<'a> Telling<'a> {
    fn of(members: &'a [Member]) -> Telling<'a> {
        Telling {
            coming: members.iter(),
            sets: Sets::default(),
            reasons: BTreeMap::new(),
            moves: BTreeMap::new(),
            rulings: Rulings::default(),
            first_of: BTreeMap::new(),
        }
    }

    /// Lets all articles come that came before a place in the log, or all.
    fn enter_until(&mut self, seq: Option<i64>) {
        while let Some(member) =
            self.coming.as_slice().first().filter(|next| seq.is_none_or(|seq| next.article.0 < seq))
        {
            self.coming.next();
            self.enter(member);
        }
    }

    /// Whom an article came to, a correction may have brought elsewhere before: then it has brought the article there, too.
    fn enter(&mut self, member: &'a Member) {
        let (article, first) = (member.article, member.moves.first());
        let founder = first.map_or(member.place, |noted| noted.from).0;
        let is_here = founder == article || self.sets.place(founder).is_some();
        self.sets.enter(article, if is_here { founder } else { *self.first_of.entry(founder).or_insert(article) });
        let reason = first.map_or(&member.reason, |noted| &noted.reason);
        self.reasons.insert(article, reason);
        let moved = self.moves.get(&founder).and_then(|moves| moves.last());
        if let Some(correction) = moved.map(|noted| noted.correction)
            && self.sets.place(article) != Some(ClusterId(founder))
        {
            self.note(article, correction, ClusterId(founder));
        }
    }

    fn obey(&mut self, correction: &Correction) -> Vec<Move> {
        self.rulings.add(correction);
        correct::obey(correction, &mut self.sets, &self.rulings);
        self.note_moves(correction.number)
    }

    /// Holds to what stands, after all; what is moved for it, the last that stands has moved.
    fn hold(&mut self, last: Option<i64>) {
        self.rulings.hold(&mut self.sets, &BTreeSet::new());
        if let Some(last) = last {
            self.note_moves(last);
        }
    }

    fn note_moves(&mut self, correction: i64) -> Vec<Move> {
        let moves = self.sets.moves();
        moves.iter().for_each(|moved| self.note(moved.article, correction, moved.from));
        moves
    }

    fn note(&mut self, article: ArticleId, correction: i64, from: ClusterId) {
        let reason = self.reasons.insert(article, &CORRECTED).unwrap_or(&CORRECTED).clone();
        let moves = self.moves.entry(article).or_default();
        if moves.iter().all(|noted| noted.correction != correction) {
            moves.push(Noted { correction, from, reason });
        }
    }

    /// An article goes to where it was seen. If a correction had brought it there, that has moved it, too.
    fn bring(&mut self, stray: &Stray<'a>) {
        let Sight { article, place, reason } = stray.to;
        let founder = place.0;
        let Some(was) = self.sets.place(article) else { return };
        if founder != article && self.sets.place(founder).is_none() {
            return;
        }
        if was != place {
            let mut set = if founder == article { BTreeSet::new() } else { self.sets.around(founder) };
            set.insert(article);
            self.sets.take(set);
            self.sets.moves();
        }
        if let Some(correction) = stray.after.filter(|_| *reason == CORRECTED && !self.moves.contains_key(&article)) {
            self.note(article, correction, was);
        }
        self.reasons.insert(article, reason);
    }

    fn members(mut self) -> Vec<Member> {
        let member = |(article, reason): (ArticleId, &Reason)| {
            let place = self.sets.place(article)?;
            let moves = self.moves.remove(&article).unwrap_or_default();
            Some(Member { article, place, reason: reason.clone(), moves })
        };
        self.reasons.into_iter().filter_map(member).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::{Strategy, prop, proptest};

    use crate::cluster::correct::{CORRECTED, moves};
    use crate::cluster::replay::{Member, Noted, without};
    use crate::cluster::rulings::Rulings;
    use crate::cluster::sets::Clusters;
    use crate::model::{ArticleId, ClusterId, Correction, How, Reason, Ruling};

    /// A world of clusters by chance, whose articles and corrections share one count, as in a log.
    #[derive(Clone, Debug, Default)]
    struct World {
        last: i64,
        members: Vec<Member>,
        standing: Vec<Correction>,
        /// Where each would be had nobody corrected anything, and why.
        alone: BTreeMap<ArticleId, (ClusterId, Reason)>,
    }

    /// A reason that no other article has.
    fn reason(how: How, number: i64) -> Reason {
        Reason { how, hours_apart: Some(number as f64), ..CORRECTED.clone() }
    }

    impl World {
        fn clusters(&self) -> Clusters {
            let mut clusters = Clusters::new();
            for member in &self.members {
                clusters.entry(member.place).or_default().insert(member.article);
            }
            assert!(clusters.iter().all(|(place, articles)| articles.first() == Some(&place.0)), "{clusters:?}");
            clusters
        }

        /// An article that comes to the cluster of another, or founds its own.
        fn arrive(&mut self, to: Option<usize>) {
            self.last += 1;
            let article = ArticleId(self.last);
            let place = to.and_then(|to| self.members.get(to)).map_or(ClusterId(article), |member| member.place);
            let reason = reason(if place.0 == article { How::Founded } else { How::Joined }, self.last);
            let alone = self.alone.get(&place.0).map_or(place, |(alone, _)| *alone);
            self.alone.insert(article, (alone, reason.clone()));
            self.members.push(Member { article, place, reason, moves: Vec::new() });
        }

        fn correct(&mut self, ruling: Ruling, [ones, others]: [&[usize]; 2]) -> i64 {
            self.last += 1;
            let articles =
                |side: &[usize]| side.iter().map(|at| self.members[at % self.members.len()].article).collect();
            let (ones, others): (Vec<ArticleId>, Vec<ArticleId>) = (articles(ones), articles(others));
            let others = others.into_iter().filter(|other| !ones.contains(other)).collect();
            let (number, seq) = (self.last, Some(self.last));
            let correction =
                Correction { number, made: Timestamp::UNIX_EPOCH, ruling, ones, others, undoes: None, seq };
            self.standing.push(correction.clone());
            for moved in moves(&correction, &self.clusters(), &Rulings::of(&self.standing, [])) {
                let member = self.members.iter_mut().find(|member| member.article == moved.article).unwrap();
                let reason = std::mem::replace(&mut member.reason, CORRECTED.clone());
                member.moves.push(Noted { correction: number, from: moved.from, reason });
                member.place = moved.to;
            }
            number
        }

        fn undo(&mut self, number: i64) {
            self.last += 1;
            self.members = without(&self.members, &self.standing, number);
            self.standing.retain(|correction| correction.number != number);
        }

        /// The clusterer merges two, or lets articles leave one.
        fn change(&mut self, merges: bool, one: usize, other: usize) {
            let [one, other] = [one, other].map(|at| &self.members[at % self.members.len()]);
            let (from, to, how) = match merges {
                true => (one.place.max(other.place), one.place.min(other.place), How::Merged),
                false => (one.place, ClusterId(one.article), How::Split),
            };
            let first = one.article;
            let number = self.last;
            let rulings = Rulings::of(&self.standing, self.members.iter().map(|member| (member.article, member.place)));
            let part = self.members.iter().filter(|member| member.place == from && member.article >= first);
            let part: Vec<ArticleId> = part.map(|member| member.article).collect();
            if if merges { rulings.separate(from, to) } else { rulings.bind(from, &part) } {
                return;
            }
            for member in self.members.iter_mut().filter(|member| member.place == from && from != to) {
                if merges || member.article >= first {
                    member.place = to;
                    member.reason = reason(how, 1_000 + number);
                }
            }
        }

        fn seen(&self) -> Vec<(ArticleId, ClusterId, &Reason)> {
            self.members.iter().map(|member| (member.article, member.place, &member.reason)).collect()
        }

        /// What was said last holds, and all that stands where nothing later speaks against it.
        fn holds(&self) {
            let clusters = self.clusters();
            let place = |article: &ArticleId| *clusters.iter().find(|(_, set)| set.contains(article)).unwrap().0;
            let Some(Correction { ruling, ones, others, .. }) = self.standing.last() else { return };
            for (one, other) in ones.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
                assert_eq!(place(one) == place(other), *ruling == Ruling::Merge, "{one:?} {other:?}");
            }
        }
    }

    /// What happens, who to, and who else.
    fn any_steps(kinds: u8) -> impl Strategy<Value = Vec<(u8, Vec<usize>, Vec<usize>)>> {
        let side = || prop::collection::vec(0..64_usize, 1..4);
        prop::collection::vec((0..kinds, side(), side()), 1..40)
    }

    fn take(world: &mut World, (kind, ones, others): &(u8, Vec<usize>, Vec<usize>)) {
        let sides = [ones.as_slice(), others.as_slice()];
        match kind {
            _ if world.members.len() < 4 => world.arrive(Some(ones[0]).filter(|_| *kind > 2)),
            0 | 1 => world.arrive(Some(ones[0]).filter(|to| to % 8 > 0)),
            2 | 3 => drop(world.correct(Ruling::Merge, sides)),
            4 => drop(world.correct(Ruling::Split, sides)),
            5 => drop(world.correct(Ruling::Apart, sides)),
            6 | 7 => {
                if let Some(standing) = world.standing.get(ones[0] % world.standing.len().max(1)) {
                    world.undo(standing.number);
                }
            }
            _ => world.change(*kind == 8, ones[0], others[0]),
        }
    }

    proptest! {
        #[test]
        fn what_is_told_again_is_what_was_and_what_is_undone_leaves_no_trace(
            steps in any_steps(8),
            order in prop::collection::vec(0..64_usize, 40),
        ) {
            let mut world = World::default();
            for step in &steps {
                take(&mut world, step);
                assert_eq!(without(&world.members, &world.standing, -1), world.members, "told again");
                world.holds();
            }
            for at in order {
                if world.standing.is_empty() { break; }
                world.undo(world.standing[at % world.standing.len()].number);
                world.holds();
            }
            let alone: Vec<_> = world.alone.iter().map(|(article, (place, reason))| (*article, *place, reason)).collect();
            assert_eq!(world.seen(), alone);
            assert!(world.members.iter().all(|member| member.moves.is_empty()));
        }

        #[test]
        fn a_correction_that_is_undone_at_once_leaves_no_trace_whatever_the_clusterer_did_before(steps in any_steps(10)) {
            let mut world = World::default();
            for step in &steps {
                take(&mut world, step);
                world.holds();
                let again = without(&world.members, &world.standing, -1);
                assert!(again.iter().zip(&world.members).all(|(one, other)| (one.place, &one.reason) == (other.place, &other.reason)));
                for member in &world.members {
                    assert!(member.reason != CORRECTED || !member.moves.is_empty(), "{member:?}");
                }
            }
            let mut corrected = world.clone();
            let sides = [steps[0].1.as_slice(), &steps[0].2];
            for ruling in [Ruling::Merge, Ruling::Split, Ruling::Apart] {
                let number = corrected.correct(ruling, sides);
                corrected.undo(number);
                assert_eq!(corrected.seen(), world.seen(), "{ruling:?}");
            }
            while let Some(standing) = world.standing.get(steps.len() % world.standing.len().max(1)) {
                world.undo(standing.number);
            }
            assert!(world.members.iter().all(|member| member.reason != CORRECTED && member.moves.is_empty()));
        }
    }
}
