//! Corrections that tangle, in worlds made from a seed: merges, splits and bans of the same few articles again and again, undone in any
//! order, while late articles come to what was corrected, the process is restarted, and what is old is pruned. A world that fails names
//! its seed, and `TEST_SEED=…` makes it again.
//!
//! 100 worlds; 2,000 with `SLOW_TESTS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use newsfold::clock;
use newsfold::model::{ArticleId, ClusterId, Ruling};
use newsfold::store::Wanted;
use newsfold::writer::{Retention, Step};
use rusqlite::Connection;

use crate::binary::is_slow_wanted;
use crate::corrections::{RESTLESS, Stream};
use crate::sound::{Dice, Image, all, faults, seed, told};

const TOWNS: [&str; 10] =
    ["Ardley", "Penmarsh", "Kelmscott", "Orveth", "Skarholm", "Tarnmouth", "Varde", "Lomond", "Esk", "Inver"];

/// What a world is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Corrections alone: nothing comes after the first articles.
    Still,
    /// Articles come, and the clusterer moves none but the one that comes.
    Quiet,
    /// Articles come, and the clusterer merges and splits whatever it may.
    Restless,
}

/// What a person said.
#[derive(Clone, Debug)]
struct Said {
    number: i64,
    ruling: Ruling,
    sides: [Vec<ArticleId>; 2],
}

impl Said {
    fn named(&self) -> BTreeSet<ArticleId> {
        self.sides.iter().flatten().copied().collect()
    }
}

/// Where each article is and why, by the ids that people see.
type State = BTreeMap<String, (String, String)>;

struct World {
    seed: u64,
    kind: Kind,
    path: PathBuf,
    stream: Stream,
    dice: Dice,
    told: Vec<ArticleId>,
    standing: Vec<Said>,
    /// Where each would be, and why, had nobody corrected anything: where it began, and who came later where the founder is of whom it
    /// came to.
    alone: State,
    is_pruned: bool,
    tested: Tested,
}

/// How often it happened what a world is there for.
#[derive(Clone, Copy, Debug, Default)]
struct Tested {
    /// An article came to a cluster that holds one which a person brought there.
    came_to_corrected: usize,
    /// The clusterer had moved whom a standing correction had moved.
    strayed: usize,
    /// What an earlier correction had moved before a prune was written anew: gone, and come.
    settled: [usize; 2],
}

impl World {
    fn of(seed: u64, folder: &Path) -> World {
        let kind = [Kind::Still, Kind::Quiet, Kind::Restless][usize::try_from(seed % 3).expect("small")];
        let path = folder.join(format!("{seed}.db"));
        let stream = Stream::open_with(&path, settings(kind));
        let (told, standing, alone) = (Vec::new(), Vec::new(), State::new());
        let mut world = World {
            seed,
            kind,
            path,
            stream,
            dice: Dice(seed),
            told,
            standing,
            alone,
            is_pruned: kind == Kind::Still,
            tested: Tested::default(),
        };
        // It is pruned one day.
        world.stream.tell(
            "Tallow bakery wins the Penmarsh bread prize",
            "A rye loaf of Tallow's bakery won the prize.",
            1,
        );
        world.stream.next += 24 * 20;
        let stories = if kind == Kind::Still { 10 } else { 5 };
        for at in 0..20 {
            world.tell(at % stories);
        }
        world.alone = world.state();
        world
    }

    /// Another report of a story. What the restless one merges and splits are many reports of one event.
    fn tell(&mut self, story: usize) -> ArticleId {
        let (town, at) = (TOWNS[story], self.told.len());
        let (title, text) = match self.kind {
            Kind::Restless => told(story as u64 % 3, at as u64 % 7, at as u64),
            _ => (format!("{town} ferry burns"), format!("A ferry burnt at {town}.")),
        };
        let told = self.stream.tell(&title, &text, 1);
        self.told.push(told);
        told
    }

    fn state(&self) -> State {
        let dump = self.stream.writer.dump().expect("a dump");
        let articles = dump.lines().filter(|line| line.starts_with('a'));
        let state = |line: &str| {
            let mut cells = line.split('\t').map(str::to_owned);
            let mut cell = || cells.next().expect("a cell");
            (cell(), (cell(), cell()))
        };
        articles.map(state).collect()
    }

    fn places(&mut self) -> BTreeMap<ArticleId, ClusterId> {
        self.stream.writer.store().places_of(&self.told).expect("places are read")
    }

    fn step(&mut self) {
        if self.kind == Kind::Restless && self.dice.happens(60) {
            self.come();
        }
        match self.dice.below(16) {
            0..3 if !self.standing.is_empty() => self.undo_any(),
            3..6 if self.kind != Kind::Still => self.come(),
            6 => {
                let next = self.stream.next;
                self.stream = Stream::open_with(&self.path, settings(self.kind));
                self.stream.next = next;
            }
            7 if !self.is_pruned => self.prune(),
            8 => {
                let before = self.state();
                if let Some(said) = self.correct() {
                    self.undo(said.number);
                }
                assert_eq!(self.state(), before, "seed {}: undone at once", self.seed);
            }
            _ => {
                let said = self.correct();
                self.standing.extend(said);
            }
        }
    }

    /// Another report of an old story comes.
    fn come(&mut self) {
        let story = usize::try_from(self.dice.below(5)).expect("small");
        let article = self.tell(story);
        let name = self.stream.writer.store().names_of(&[article]).expect("names are read").remove(0).0.0;
        let (founder, reason) = self.state().remove(&name).expect("it is in a cluster");
        let home = self.alone.get(&founder).map_or_else(|| founder.clone(), |(home, _)| home.clone());
        self.alone.insert(name, (home, reason));
        let mates =
            "FROM memberships o JOIN memberships m ON m.cluster = o.cluster AND m.reason LIKE '%\"corrected\"%'";
        self.tested.came_to_corrected +=
            self.count(&format!("SELECT DISTINCT 1 {mates} WHERE o.article = {}", article.0));
        let standing = "c.undoes IS NULL AND c.number NOT IN (SELECT undoes FROM corrections WHERE undoes IS NOT NULL)";
        self.tested.strayed += self.count(&format!(
            "SELECT 1 FROM memberships m WHERE m.reason NOT LIKE '%\"corrected\"%' AND EXISTS (SELECT 1 FROM correction_moves v
             JOIN corrections c ON c.number = v.correction WHERE v.article = m.article AND {standing})"
        ));
    }

    fn count(&self, sql: &str) -> usize {
        all(&Connection::open(&self.path).expect("a second connection"), sql).expect("it can be asked").len()
    }

    fn prune(&mut self) {
        let day = SignedDuration::from_hours(24);
        let retention = Retention { articles: Some(day * 9), ..Retention::default() };
        let mut prune = self.stream.writer.prune(&retention, Timestamp::MAX).expect("it begins");
        while self.stream.writer.prune_some(&mut prune).expect("it goes on") == Step::More {}
        assert_eq!(prune.pruned.articles, 1, "seed {}: the bakery", self.seed);
        let there = self.state();
        self.alone.retain(|code, _| there.contains_key(code));
        self.is_pruned = true;
    }

    /// One side of a correction: an article, some of a cluster, or all of it.
    fn side(&mut self) -> Vec<ArticleId> {
        let article = *self.dice.one(&self.told);
        let places = self.places();
        let mates: Vec<ArticleId> = self.told.iter().copied().filter(|mate| places[mate] == places[&article]).collect();
        match self.dice.below(6) {
            0 => mates,
            1 => mates.into_iter().filter(|mate| *mate == article || self.dice.happens(50)).collect(),
            _ => vec![article],
        }
    }

    /// What can be asked for at a command line, by chance.
    fn correct(&mut self) -> Option<Said> {
        let (ones, others) = (self.side(), self.side());
        let mut ruling = *self.dice.one(&[Ruling::Merge, Ruling::Merge, Ruling::Apart, Ruling::Split]);
        let mut others: Vec<ArticleId> = others.into_iter().filter(|other| !ones.contains(other)).collect();
        if ruling == Ruling::Split {
            let places = self.places();
            let stays = |other: &ArticleId| places[other] == places[&ones[0]] && !ones.contains(other);
            others = self.told.iter().copied().filter(stays).collect();
            ruling = if ones.iter().all(|one| places[one] == places[&ones[0]]) { ruling } else { Ruling::Apart };
        }
        if others.is_empty() {
            return None;
        }
        let number = self.stream.correct(ruling, &ones, &others);
        self.stream.writer.obey().expect("it is obeyed");
        Some(Said { number, ruling, sides: [ones, others] })
    }

    fn undo_any(&mut self) {
        let at = self.dice.below(self.standing.len() as u64);
        let said = self.standing.remove(usize::try_from(at).expect("small"));
        self.undo(said.number);
    }

    fn undo(&mut self, number: i64) {
        let wanted = Wanted { ruling: Ruling::Undo, ones: vec![], others: vec![], undoes: Some(number) };
        self.stream.writer.store().add_correction(&wanted, clock::now()).expect("it is noted").expect("it is new");
        self.stream.writer.obey().expect("it is obeyed");
    }

    /// The last word holds, and every other one as long as nothing later speaks of whom it names, or of whom is named with these, and so
    /// on; and a merge as long as only merges came after it: a chain of them may bind two that an older word keeps apart.
    fn assert_said(&mut self) {
        let places = self.places();
        for (at, said) in self.standing.iter().enumerate() {
            let later = &self.standing[at + 1..];
            let only_merges = said.ruling == Ruling::Merge && later.iter().all(|later| later.ruling == Ruling::Merge);
            let tied = self.tied(said.named());
            if !only_merges && later.iter().any(|later| !tied.is_disjoint(&later.named())) {
                continue;
            }
            for (one, other) in said.sides[0].iter().flat_map(|one| said.sides[1].iter().map(move |other| (one, other)))
            {
                let is_together = places[one] == places[other];
                assert_eq!(is_together, said.ruling == Ruling::Merge, "seed {}, correction {}", self.seed, said.number);
            }
        }
    }

    /// All whom a chain of words ties to these.
    fn tied(&self, mut named: BTreeSet<ArticleId>) -> BTreeSet<ArticleId> {
        loop {
            let known = named.len();
            for said in
                self.standing.iter().map(Said::named).filter(|other| !other.is_disjoint(&named)).collect::<Vec<_>>()
            {
                named.extend(said);
            }
            if named.len() == known {
                return named;
            }
        }
    }

    fn assert_rebuilt(&mut self, when: &str) {
        let online = self.stream.writer.dump().expect("a dump");
        self.stream.writer.rebuild(|_| {}).expect("it is rebuilt");
        let rebuilt = self.stream.writer.dump().expect("a dump");
        let differs = online.lines().zip(rebuilt.lines()).find(|(one, other)| one != other);
        assert_eq!((differs, online.len()), (None, rebuilt.len()), "seed {}: {when}", self.seed);
    }

    fn live(mut self) -> Tested {
        let begun = self.stream.writer.dump().expect("a dump");
        for _ in 0..16 {
            self.step();
            self.assert_said();
        }
        self.assert_rebuilt("corrected");
        while !self.standing.is_empty() {
            self.undo_any();
            self.assert_said();
        }
        let state = self.state();
        match self.kind {
            Kind::Still => {
                let dump = self.stream.writer.dump().expect("a dump");
                // What corrections moved meanwhile, and the ids they left behind, may be told.
                let articles = |dump: &str| {
                    dump.lines().filter(|line| line.starts_with('a')).map(str::to_owned).collect::<Vec<_>>()
                };
                assert_eq!(articles(&dump), articles(&begun), "seed {}", self.seed);
            }
            Kind::Quiet => assert_eq!(state, self.alone, "seed {}", self.seed),
            // What it would have decided otherwise, nobody knows; but nothing is where it is because of a person.
            Kind::Restless => assert_eq!(state.len(), self.alone.len(), "seed {}", self.seed),
        }
        assert!(state.values().all(|(_, reason)| !reason.contains("\"corrected\"")), "seed {}: {state:#?}", self.seed);
        let settled = ["IS NOT NULL", "IS NULL"].map(|is| format!("SELECT 1 FROM settled_moves WHERE cluster {is}"));
        self.tested.settled = settled.map(|sql| self.count(&sql));
        self.assert_rebuilt("undone");
        let faults = faults(&Image::of(&self.path).connection());
        assert!(faults.is_empty(), "seed {}: {faults:#?}", self.seed);
        self.tested
    }
}

fn settings(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Still => &RESTLESS,
        Kind::Quiet => &[("second_look_members", "0")],
        // It is slow to put together, so that much is left for the second look.
        Kind::Restless => &[
            ("join_probability", "0.6"),
            ("second_look_probability", "0.02"),
            ("merge_probability", "0.1"),
            ("split_probability", "0.97"),
        ],
    }
}

#[test]
fn whatever_is_corrected_and_undone_the_last_word_holds_and_none_leaves_no_trace() {
    let worlds = if is_slow_wanted() { 2_000 } else { 100 };
    let first = seed(0);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut tested = [0; 4];
    for seed in first..first + worlds {
        let Tested { came_to_corrected, strayed, settled } = World::of(seed, folder.path()).live();
        tested = std::array::from_fn(|at| tested[at] + [came_to_corrected, strayed, settled[0], settled[1]][at]);
        std::fs::remove_file(folder.path().join(format!("{seed}.db"))).expect("it is not needed any more");
    }
    assert!(tested.iter().all(|times| *times > 0), "{tested:?}");
    println!("came to corrected clusters, strayed, settled and gone, settled and come: {tested:?}");
}
