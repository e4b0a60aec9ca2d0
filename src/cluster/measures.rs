//! Station: what is measured between an article and a candidate cluster.

use crate::cluster::conflict::{self, Conflict};
use crate::cluster::contrast::{self, Contrast, Figures};
use crate::cluster::days::{self, Days};
use crate::cluster::document::{ACTS, ALL, Document, FACETS, LEAD, NAMES, Resemblance, TITLE, is_of_another_date};
use crate::cluster::meant::{self, Meant};
use crate::cluster::params::Params;
pub use crate::cluster::subject::Subject;
use crate::cluster::window::{Group, PROPOSED_COSINE_MIN, Proposed, Window};
use crate::model::{ArticleId, ClusterId};

/// How many values are measured.
pub const COUNT: usize = MEASURES.len();

/// What a measure is about, in a reader's words: the parts of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What was so before anything was compared.
    Prior,
    /// The titles' words.
    Title,
    /// The texts' words.
    Text,
    /// Names of people, places and things.
    Names,
    /// Numbers that both sides give.
    Numbers,
    /// How far apart in time they were published.
    Time,
    /// How large the cluster is already.
    Size,
    /// Titles and first sentences, where the event stands.
    Heads,
    /// Near-equal titles and repeated sentences.
    Wording,
    /// Names and numbers that each side gives and the other lacks.
    Contradiction,
    /// How much better it fits here than into the next best cluster.
    Rivals,
}

impl Part {
    /// All parts, in the order of the list above.
    pub const ALL: [Part; 11] = [
        Part::Prior,
        Part::Title,
        Part::Text,
        Part::Names,
        Part::Numbers,
        Part::Time,
        Part::Size,
        Part::Heads,
        Part::Wording,
        Part::Contradiction,
        Part::Rivals,
    ];

    /// The name that reasons show.
    pub fn name(self) -> &'static str {
        match self {
            Part::Prior => "prior",
            Part::Title => "title",
            Part::Text => "text",
            Part::Names => "names",
            Part::Numbers => "numbers",
            Part::Time => "time",
            Part::Size => "size",
            Part::Heads => "heads",
            Part::Wording => "wording",
            Part::Contradiction => "contradiction",
            Part::Rivals => "rivals",
        }
    }

    /// The measure whose value stands for the part.
    pub const fn shown(self) -> Option<&'static str> {
        match self {
            Part::Prior => None,
            Part::Title => Some("title_best"),
            Part::Text => Some("all_best"),
            Part::Names => Some("names_best"),
            Part::Numbers => Some("numbers_shared"),
            Part::Time => Some("gap_nearest"),
            Part::Size => Some("size"),
            Part::Heads => Some("head"),
            Part::Wording => Some("letters"),
            Part::Contradiction => Some("names_apart"),
            Part::Rivals => Some("rival"),
        }
    }
}

/// What is measured, in order, and the part each belongs to; the names are those of `weights.tsv`. `docs/why/clustering.md` says
/// what each gave.
pub const MEASURES: [(&str, Part); RESEMBLANCES + CONTRASTS] = [
    ("title_sum", Part::Title),
    ("lead_sum", Part::Text),
    ("all_sum", Part::Text),
    ("names_sum", Part::Names),
    ("title_best", Part::Title),
    ("lead_best", Part::Text),
    ("all_best", Part::Text),
    ("names_best", Part::Names),
    ("all_mean", Part::Text),
    ("title_contained", Part::Title),
    ("title_told", Part::Title),
    ("letters", Part::Wording),
    ("wording", Part::Wording),
    ("numbers_shared", Part::Numbers),
    ("numbers_apart", Part::Contradiction),
    ("title_numbers_apart", Part::Contradiction),
    ("names_apart", Part::Contradiction),
    ("gap_newest", Part::Time),
    ("gap_oldest", Part::Time),
    ("gap_mean", Part::Time),
    ("gap_nearest", Part::Time),
    ("size", Part::Size),
    ("bare", Part::Prior),
    ("bare_title", Part::Title),
    ("bare_contained", Part::Title),
    ("rival", Part::Rivals),
    ("template_names", Part::Contradiction),
    ("template_numbers", Part::Contradiction),
    ("alike_apart", Part::Contradiction),
    ("acts_sum", Part::Text),
    ("acts_best", Part::Text),
    ("mass", Part::Text),
    ("crowd", Part::Rivals),
    ("series_apart", Part::Contradiction),
    ("head", Part::Heads),
    ("head_told_least", Part::Heads),
    ("head_told_most", Part::Heads),
    ("background", Part::Heads),
    ("beyond_told", Part::Heads),
    ("names_lacked", Part::Contradiction),
    ("names_lacked_share", Part::Contradiction),
    ("deeds_lacked", Part::Contradiction),
    ("deeds_lacked_share", Part::Contradiction),
    ("pairs_lacked", Part::Contradiction),
    ("front_lacked", Part::Contradiction),
    ("same_names", Part::Contradiction),
    ("same_deeds", Part::Contradiction),
    ("second", Part::Text),
    ("shared_deeds", Part::Text),
    ("shared_names", Part::Names),
    ("title_worth", Part::Title),
    ("title_alone", Part::Title),
    ("figures_agree", Part::Numbers),
    ("which_apart", Part::Contradiction),
    ("many_apart", Part::Contradiction),
    ("many_grown", Part::Numbers),
    ("days_agree", Part::Time),
    ("days_apart", Part::Contradiction),
    ("periods_apart", Part::Contradiction),
    ("copied_apart", Part::Contradiction),
    ("copied_hours", Part::Time),
    ("hours", Part::Time),
    ("bare_shared", Part::Names),
    ("bare_lacked", Part::Contradiction),
    ("size_untold", Part::Size),
    ("head_deeds", Part::Heads),
    ("head_names", Part::Heads),
    ("head_both", Part::Heads),
    ("title_exchanged", Part::Contradiction),
    ("title_empty", Part::Title),
    ("same_opening", Part::Wording),
    ("bare_told", Part::Title),
    ("kicker", Part::Title),
    ("kicker_apart", Part::Contradiction),
    ("meant", Part::Heads),
    ("meant_shared", Part::Heads),
    ("meant_told_least", Part::Heads),
    ("meant_told_most", Part::Heads),
    ("meant_lacked", Part::Contradiction),
    ("meant_lacked_share", Part::Contradiction),
    ("meant_opposed", Part::Contradiction),
    ("meant_otherwise", Part::Heads),
    ("same_names_meant", Part::Contradiction),
    ("bare_meant", Part::Title),
    ("meant_deeds", Part::Heads),
    ("meant_deeds_lacked", Part::Contradiction),
    ("meant_deeds_lacked_share", Part::Contradiction),
    ("same_names_meant_deeds", Part::Contradiction),
    ("rubric_apart", Part::Contradiction),
];

/// How many of them say what an article shares with a cluster, and how many what the nearest member tells apart.
const RESEMBLANCES: usize = 34;
const CONTRASTS: usize = 55;

/// The hours after which the closeness in time has fallen to 0.6 (a Gaussian, as in Miranda et al. 2018).
const GAP_HOURS: f64 = 72.0;
/// Titles that share less than this are not compared letter by letter.
const LETTERS_COSINE_MIN: f32 = 0.25;

/// What was measured between an article and one candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The values, in the order of `MEASURES`.
    pub values: [f64; COUNT],
    /// The member it resembles most.
    pub nearest: ArticleId,
    /// When that member was published, in seconds; `None` where one of the two has no date of its own.
    pub nearest_published: Option<i64>,
    /// The least time between its publication and a member's, in seconds, where all have a date of their own.
    pub published_gap: Option<u64>,
    /// The member of whose text it repeats most, and how much of it.
    pub wording: Option<(ArticleId, f64)>,
}

impl Measured {
    /// Whether more time lies between the article and each of the members than the window is long: what comes in at once, as a
    /// feed's backlog, may be months apart.
    pub fn is_too_far(&self, params: &Params) -> bool {
        self.published_gap.is_some_and(|gap| gap > u64::from(params.window_hours) * 3_600)
    }
}

/// Measures an article against a cluster of the window; `None` for a cluster without articles.
pub fn measure(subject: &Subject<'_>, group: &Group, window: &Window, params: &Params) -> Option<Measured> {
    let document = subject.document;
    let mut best = Resemblance::default();
    let mut nearest: Option<(&Document, [f32; FACETS])> = None;
    let [mut shared, mut shared_nearest] = subject.room();
    let mut wording: Option<(ArticleId, f64)> = None;
    let (mut all_sum, mut compared) = (0.0_f32, 0.0_f32);
    let mut gaps = Gaps::default();
    let mut series_apart = false;
    // Where all members are compared and their sum is not kept, its products come by the way.
    let sums_by_the_way = group.is_summed_up_anew() && (2..=params.exemplars_max).contains(&group.articles());
    let mut products = [0_i64; FACETS];
    for member in window.latest(group, params.exemplars_max) {
        let found = if sums_by_the_way {
            subject.compare_and_multiply(member, &mut shared, &mut products)
        } else {
            subject.compare(member, &mut shared)
        };
        for (best, cosine) in best.cosines.iter_mut().zip(found.cosines) {
            *best = best.max(cosine);
        }
        best.mass = best.mass.max(found.mass);
        best.title_contained = best.title_contained.max(found.title_contained);
        best.title_told = best.title_told.max(found.title_told);
        all_sum += found.cosines[ALL];
        compared += 1.0;
        if nearest.is_none_or(|(_, held)| found.cosines[ALL] > held[ALL]) {
            nearest = Some((member, found.cosines));
            std::mem::swap(&mut shared, &mut shared_nearest);
        }
        if let (Some(ours), Some(theirs)) = (&document.sketch, &member.sketch) {
            let contained = ours.contained(theirs);
            if wording.is_none_or(|(_, held)| contained > held) {
                wording = Some((member.article, contained));
            }
        }
        series_apart |= subject.series.is_apart(&member.title_key) || is_of_another_date(document, member);
        gaps.add(document, member);
    }
    let (nearest, cosines) = nearest?;
    let sums = window.sums(group, document, sums_by_the_way.then_some(&products)).unwrap_or(best.cosines);
    let apart = conflict::conflict(document, nearest, &shared_nearest);
    let letters = if best.cosines[TITLE] >= LETTERS_COSINE_MIN { subject.letters(nearest) } else { 0.0 };
    let published_gap = gaps.least_published(document);
    let gaps = gaps.closenesses(document, group);
    let nearest_published = (document.dated && nearest.dated).then_some(nearest.published);
    let bare = f64::from(u8::from(!document.has(LEAD) || !nearest.has(LEAD)));
    let said = Said { best, sums, apart, letters, gaps, bare, series_apart };
    let copied = wording.map_or(0.0, |(_, share)| share);
    let resemblances = said.values(group.articles(), f64::from(all_sum / compared), copied);
    let told = Told {
        contrast: contrast::contrast(document, nearest, &shared_nearest),
        figures: contrast::figures(document, nearest),
        days: days::days(document, nearest),
        meant: meant::meant(document, nearest),
        title: f64::from(cosines[TITLE]),
        bare,
        rubric_apart: document.is_rubric != nearest.is_rubric,
        same_opening: document.opening != 0 && document.opening == nearest.opening,
        copied,
        members: group.articles(),
        hours: hours_between(document, nearest),
    };
    subject.give_back([shared, shared_nearest]);
    let mut values = [0.0; COUNT];
    values[..RESEMBLANCES].copy_from_slice(&resemblances);
    values[RESEMBLANCES..].copy_from_slice(&told.values());
    Some(Measured { values, nearest: nearest.article, nearest_published, published_gap, wording })
}

/// Articles of the window from which the lack of rivals begins to say something: a young database holds few of anything.
const RIPE_ARTICLES: f64 = 200.0;
/// What the best rival and the count of rivals are taken for where nothing can be said of them.
const USUAL_RIVAL: f64 = 0.25;
const USUAL_CROWD: f64 = 1.8;

/// Compares a candidate with the others that were proposed: what resembles one story among many like it says less.
pub fn set_rivals(measured: &mut Measured, cluster: ClusterId, proposed: &[Proposed], articles: usize) {
    const RIVAL: usize = index_of("rival");
    const CROWD: usize = index_of("crowd");
    let ripeness = articles as f64 / (articles as f64 + RIPE_ARTICLES);
    let own =
        proposed.iter().find(|proposed| proposed.cluster == cluster).map_or(PROPOSED_COSINE_MIN, |own| own.nearness);
    let others = proposed.iter().filter(|proposed| proposed.cluster != cluster).map(|proposed| proposed.nearness);
    let strongest = f64::from(others.clone().fold(0.0, f32::max));
    let near = others.filter(|nearness| *nearness >= 0.6 * own).count() as f64;
    measured.values[RIVAL] = USUAL_RIVAL + ripeness * (strongest - USUAL_RIVAL);
    measured.values[CROWD] = USUAL_CROWD + ripeness * (near.ln_1p() - USUAL_CROWD);
}

/// The place of a measure by its name.
pub const fn index_of(name: &str) -> usize {
    let mut at = 0;
    while !is_same(MEASURES[at].0.as_bytes(), name.as_bytes()) {
        at += 1; // a name that is not in the list ends the build, or panics: callers name measures of the list
    }
    at
}

/// The place of the measure whose value stands for each part, in the order of `Part::ALL`.
pub const SHOWN: [Option<usize>; Part::ALL.len()] = {
    let mut shown = [None; Part::ALL.len()];
    let mut at = 0;
    while at < shown.len() {
        if let Some(name) = Part::ALL[at].shown() {
            shown[at] = Some(index_of(name));
        }
        at += 1;
    }
    shown
};

/// Whether two names are one; `==` cannot be asked while compiling.
const fn is_same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// What a date that nobody gave is taken to be off by, in seconds: near enough not to speak against a story, and too far to prove one.
const UNDATED_GAP_SECONDS: i64 = 24 * 3_600;

/// How far from a candidate's members an article is in time, as far as their dates can be believed.
#[derive(Debug, Default)]
struct Gaps {
    /// Of the members that have a date of their own.
    dated: Option<Dated>,
    undated: usize,
    /// The least distance between times of storing, in seconds.
    seen_gap: Option<i64>,
}

/// Publication times, in seconds.
#[derive(Debug)]
struct Dated {
    newest: i64,
    oldest: i64,
    /// The least distance from the article.
    nearest: u64,
    sum: f64,
    count: f64,
}

impl Gaps {
    fn add(&mut self, document: &Document, member: &Document) {
        let seen_gap = (document.seen - member.seen).abs();
        self.seen_gap = Some(self.seen_gap.map_or(seen_gap, |least| least.min(seen_gap)));
        if !member.dated {
            self.undated += 1;
            return;
        }
        let (published, gap) = (member.published, document.published.abs_diff(member.published));
        let dated = self.dated.get_or_insert(Dated {
            newest: published,
            oldest: published,
            nearest: gap,
            sum: 0.0,
            count: 0.0,
        });
        dated.newest = dated.newest.max(published);
        dated.oldest = dated.oldest.min(published);
        dated.nearest = dated.nearest.min(gap);
        dated.sum += published as f64;
        dated.count += 1.0;
    }

    /// The least distance between times of publication, in seconds, where all have one of their own.
    fn least_published(&self, document: &Document) -> Option<u64> {
        self.dated.as_ref().filter(|_| document.dated && self.undated == 0).map(|dated| dated.nearest)
    }

    /// Closeness to the newest, to the oldest, to the mean and to the nearest member.
    fn closenesses(&self, document: &Document, group: &Group) -> [f64; 4] {
        let (Some(dated), true) = (&self.dated, document.dated) else {
            return [closeness(self.seen_gap.unwrap_or(0).max(UNDATED_GAP_SECONDS) as f64); 4];
        };
        let mean = if self.undated == 0 { group.published_mean() } else { dated.sum / dated.count };
        let from = |time: i64| closeness((document.published - time) as f64);
        [
            from(dated.newest),
            from(dated.oldest),
            closeness(document.published as f64 - mean),
            closeness(dated.nearest as f64),
        ]
    }
}

/// The hours between two articles, as far as their dates can be believed.
fn hours_between(document: &Document, member: &Document) -> f64 {
    let seconds = if document.dated && member.dated {
        document.published.abs_diff(member.published)
    } else {
        document.seen.abs_diff(member.seen).max(UNDATED_GAP_SECONDS.unsigned_abs())
    };
    seconds as f64 / 3_600.0
}

fn closeness(seconds: f64) -> f64 {
    let hours = seconds / 3_600.0 / GAP_HOURS;
    (-hours * hours / 2.0).exp()
}

struct Said {
    best: Resemblance,
    sums: [f32; FACETS],
    apart: Conflict,
    letters: f64,
    gaps: [f64; 4],
    bare: f64,
    series_apart: bool,
}

impl Said {
    fn values(&self, members: usize, all_mean: f64, wording: f64) -> [f64; RESEMBLANCES] {
        let of = |value: f32| f64::from(value);
        let (best, sums) = (&self.best.cosines, &self.sums);
        let names_apart = self.apart.names;
        let numbers_apart = self.apart.title_numbers;
        [
            of(sums[TITLE]),
            of(sums[LEAD]),
            of(sums[ALL]),
            of(sums[NAMES]),
            of(best[TITLE]),
            of(best[LEAD]),
            of(best[ALL]),
            of(best[NAMES]),
            all_mean,
            of(self.best.title_contained),
            of(self.best.title_told),
            self.letters,
            wording,
            self.apart.numbers_shared,
            self.apart.numbers,
            numbers_apart,
            names_apart,
            self.gaps[0],
            self.gaps[1],
            self.gaps[2],
            self.gaps[3],
            (members as f64).ln(),
            self.bare,
            self.bare * of(best[TITLE]),
            self.bare * of(self.best.title_contained),
            0.0,
            names_apart * of(best[TITLE]),
            numbers_apart * of(best[TITLE]),
            (names_apart + numbers_apart) * of(best[ALL]),
            of(sums[ACTS]),
            of(best[ACTS]),
            f64::from(self.best.mass).ln_1p(),
            0.0,
            f64::from(u8::from(self.series_apart)),
        ]
    }
}

/// What a title's shared words tell (`Contrast::title_worth`) that is more than a format's: about one telling word.
const TITLE_WORTH: f64 = 4.0;

/// What the nearest member tells apart, and what that is measured beside.
struct Told {
    contrast: Contrast,
    figures: Figures,
    days: Days,
    meant: Meant,
    /// The cosine of the two titles.
    title: f64,
    bare: f64,
    rubric_apart: bool,
    same_opening: bool,
    copied: f64,
    members: usize,
    hours: f64,
}

impl Told {
    fn values(&self) -> [f64; CONTRASTS] {
        let of = |value: f32| f64::from(value);
        let flag = |value: bool| f64::from(u8::from(value));
        let Contrast { names_lacked, deeds_lacked, shared, .. } = self.contrast;
        let (names_apart, deeds_apart) = (of(names_lacked[1]), of(deeds_lacked[1]));
        [
            of(self.contrast.heads[0]),
            of(self.contrast.told[0]),
            of(self.contrast.told[1]),
            of(self.contrast.background),
            of(self.contrast.beyond_told),
            of(names_lacked[0]).ln_1p(),
            names_apart,
            of(deeds_lacked[0]).ln_1p(),
            deeds_apart,
            of(self.contrast.pairs_lacked),
            of(self.contrast.front_lacked),
            of(self.contrast.names_told) * deeds_apart,
            of(self.contrast.deeds_told) * names_apart,
            of(self.contrast.second),
            of(shared[0]).ln_1p(),
            of(shared[1]).ln_1p(),
            of(self.contrast.title_worth).ln_1p(),
            self.title * (1.0 - of(self.contrast.beyond_told)),
            flag(self.figures.agree),
            flag(self.figures.which_apart),
            flag(self.figures.many_apart && !self.figures.grown),
            flag(self.figures.grown),
            flag(self.days.agree),
            flag(self.days.apart),
            flag(self.days.periods_apart),
            self.copied * names_apart,
            self.copied * self.hours.ln_1p(),
            self.hours.ln_1p(),
            self.bare * of(shared[0] + shared[1]).ln_1p(),
            self.bare * names_apart,
            (self.members as f64).ln() * (1.0 - of(self.contrast.told[1])),
            of(self.contrast.heads[1]),
            of(self.contrast.heads[2]),
            of(self.contrast.in_heads[0].min(self.contrast.in_heads[1])).ln_1p(),
            self.title.powi(3) * of(self.contrast.title_lacked).ln_1p(),
            self.title * (-of(self.contrast.title_worth) / TITLE_WORTH).exp(),
            flag(self.same_opening),
            self.bare * of(self.contrast.told[0]),
            of(self.contrast.kicker),
            of(self.contrast.kicker * self.contrast.rest_lacked),
            of(self.meant.alike),
            of(self.meant.shared).ln_1p(),
            of(self.meant.told[0]),
            of(self.meant.told[1]),
            of(self.meant.lacked).ln_1p(),
            if self.meant.known { 1.0 - of(self.meant.told[1]) } else { 0.0 },
            of(self.meant.opposed),
            of(self.meant.alike) * deeds_apart,
            if self.meant.known { of(self.contrast.names_told) * (1.0 - of(self.meant.told[1])) } else { 0.0 },
            self.bare * of(self.meant.shared).ln_1p(),
            of(self.meant.deeds.shared).ln_1p(),
            of(self.meant.deeds.lacked).ln_1p(),
            of(self.meant.deeds.lacked_share),
            of(self.contrast.names_told) * of(self.meant.deeds.lacked_share),
            flag(self.rubric_apart),
        ]
    }
}
