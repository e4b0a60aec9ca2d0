//! Station: what is news of a cluster to somebody who knows some of its articles.
//!
//! A story that was shown comes back only with news. There are two kinds:
//!
//! * **an article that says something new.** It is unknown to the reader, repeats nobody's text, was published after its feed was
//!   added, and its title and first sentence hold what no known article has anywhere, for [`POINTS_MIN`] points or more: a number in
//!   the title 3, and one more where the text takes it up, in the first sentence 2; a name in the title 2, in the first sentence 1; any
//!   other word of the title that is not an everyday one 1, and one more where the text takes it up. Other words count only where at
//!   least half of the title's are new and a known article is in the same language: one event retold in other words is no news. Dates
//!   never count.
//! * **voices.** So many outlets took it up in their own words that there are at least twice as many as the reader knew of, and
//!   at least [`VOICES_MORE_MIN`] more.
//!
//! Never because a copy was added, and never by backlog: neither tells a reader anything. What a newcomer said is known to those behind
//! it, so of five reports on one arrest the first is the news.

use std::collections::{BTreeMap, BTreeSet};

use crate::features::lexicon::Lexicon;
use crate::features::{self, Class, Features, Subject, Term};
use crate::model::{Article, ArticleId, Cluster, Member};
use crate::rank;

/// What an article must bring to be news.
pub const POINTS_MIN: u32 = 4;
/// How many more voices are news, if they are twice as many as well.
pub const VOICES_MORE_MIN: usize = 3;
/// Words of a known article that are looked at: a fact that stands at its end is known, too.
const KNOWN_WORDS_MAX: usize = 2_000;
/// Words of a newcomer that are looked at.
const FRESH_WORDS_MAX: usize = 120;
/// Words that are told of an article's news.
const SAYS_MAX: usize = 6;

/// How a cluster stands to a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing of it is known, and it is no backlog.
    Unheard,
    /// It is known, and there is news.
    Update(News),
    /// It is known, or backlog, and there is no news.
    Nothing,
}

impl Standing {
    /// Whether it is to be shown to somebody who wants what is new.
    pub fn is_news(&self) -> bool {
        *self != Standing::Nothing
    }
}

/// What is new of a cluster that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The articles that say something new, in the order in which they came.
    pub articles: Vec<Fresh>,
    /// How many independent voices were known and how many there are, where that alone is news.
    pub voices: Option<[usize; 2]>,
    /// All that came in words of its own, in the order in which it came.
    pub own: Vec<ArticleId>,
}

impl News {
    /// The articles to name as the news: those that say something new, else those whose number is the news.
    pub fn named(&self) -> Vec<ArticleId> {
        if self.articles.is_empty() {
            self.own.clone()
        } else {
            self.articles.iter().map(|fresh| fresh.article).collect()
        }
    }
}

/// An article that says something new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// The article.
    pub article: ArticleId,
    /// The names, numbers and words in it that were not known, weightiest first; a few of them.
    pub says: Vec<String>,
}

/// Whether what was published before its feed was added can be news.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backlog {
    /// It is none.
    #[default]
    IsNone,
    /// The reader asked for a time that reaches back behind it.
    Counts,
}

/// How a cluster stands to a reader who knows these of its articles.
pub fn standing(cluster: &Cluster, backlog: Backlog, is_known: impl Fn(&Article) -> bool) -> Standing {
    let (known, fresh): (Vec<&Member>, Vec<&Member>) =
        cluster.members.iter().partition(|member| is_known(&member.article));
    let mut fresh: Vec<&Member> =
        fresh.into_iter().filter(|member| backlog == Backlog::Counts || !member.article.backlog).collect();
    if fresh.is_empty() {
        return Standing::Nothing;
    }
    if known.is_empty() {
        return Standing::Unheard;
    }
    fresh.sort_by_key(|member| member.article.id);
    let (articles, voices) = (says_something_new(&known, &fresh), more_voices(cluster, &known, &fresh));
    if articles.is_empty() && voices.is_none() {
        return Standing::Nothing;
    }
    let own = fresh.iter().filter(|member| member.copy_of.is_none()).map(|member| member.article.id).collect();
    Standing::Update(News { articles, voices, own })
}

/// Whether a cluster is hidden by the articles of it that were dismissed: until there is news for somebody who knows those.
pub fn is_hidden(cluster: &Cluster, dismissed: &BTreeSet<ArticleId>) -> bool {
    let is_known = |article: &Article| dismissed.contains(&article.id);
    !dismissed.is_empty()
        && cluster.members.iter().any(|member| is_known(&member.article))
        && !standing(cluster, Backlog::IsNone, is_known).is_news()
}

fn says_something_new(known: &[&Member], fresh: &[&Member]) -> Vec<Fresh> {
    let mut heard = Heard::default();
    for member in known {
        heard.add(&member.article);
    }
    let mut news = Vec::new();
    for member in fresh.iter().filter(|member| member.copy_of.is_none()) {
        let says = heard.news_of(&member.article);
        if !says.is_empty() {
            news.push(Fresh { article: member.article.id, says });
        }
        heard.add(&member.article);
    }
    news
}

/// The voices that were known and those there are now; copies speak with the voice of what they copy, and add none.
fn more_voices(cluster: &Cluster, known: &[&Member], fresh: &[&Member]) -> Option<[usize; 2]> {
    // No newcomer adds more than one voice.
    if fresh.len() < VOICES_MORE_MIN {
        return None;
    }
    let voices = |members: &[&Member]| {
        let members = members.iter().copied().cloned().collect();
        rank::facts(&Cluster { members, ..cluster.clone() }, &rank::Params::default()).independent_count
    };
    let before = voices(known);
    let now = voices(&[known, fresh].concat());
    (now >= 2 * before && now >= before + VOICES_MORE_MIN).then_some([before, now])
}

/// All that the articles known so far have said.
#[derive(Debug, Default)]
struct Heard {
    terms: BTreeSet<u32>,
    languages: BTreeSet<String>,
}

impl Heard {
    fn add(&mut self, article: &Article) {
        self.terms.extend(read(article, KNOWN_WORDS_MAX).terms.iter().map(|term| term.hash));
        self.languages.insert(language(article).to_owned());
    }

    /// What an article says that is not known; empty where that is too little to be news.
    fn news_of(&self, article: &Article) -> Vec<String> {
        let read = read(article, FRESH_WORDS_MAX);
        let words_count = self.languages.contains(language(article)) && self.has_new_title(&read);
        let mut points: BTreeMap<&str, u32> = BTreeMap::new();
        let mut sum = 0;
        for term in read.terms.iter().filter(|term| !self.terms.contains(&term.hash)) {
            let worth = worth(term, words_count);
            sum += worth;
            if worth > 0 {
                *points.entry(read.word(term)).or_default() += worth;
            }
        }
        if sum < POINTS_MIN {
            return Vec::new();
        }
        let mut says: Vec<(&str, u32)> = points.into_iter().filter(|(word, _)| !word.is_empty()).collect();
        says.sort_by_key(|&(word, points)| (std::cmp::Reverse(points), word));
        says.into_iter().take(SAYS_MAX).map(|(word, _)| word.to_owned()).collect()
    }

    /// Whether at least half of what its title says is not known.
    fn has_new_title(&self, read: &Features) -> bool {
        let tells = |term: &&Term| {
            term.in_title > 0
                && matches!(term.class, Class::Word | Class::Name | Class::Number)
                && !term.rarity.is_everyday()
        };
        let all = read.terms.iter().filter(tells).count();
        let new = read.terms.iter().filter(tells).filter(|term| !self.terms.contains(&term.hash)).count();
        all > 0 && new * 2 >= all
    }
}

/// The points that an unknown term brings.
fn worth(term: &Term, words_count: bool) -> u32 {
    match term.class {
        Class::Number if term.in_title > 0 => 3 + u32::from(term.in_lead > 0),
        Class::Number if term.in_opening => 2,
        Class::Name if term.in_title > 0 => 2,
        Class::Name if term.in_opening => 1,
        Class::Word if words_count && term.in_title > 0 && !term.rarity.is_everyday() => {
            1 + u32::from(term.in_lead > 0)
        }
        _ => 0,
    }
}

fn read(article: &Article, lead_words_max: usize) -> Features {
    let subject = Subject { title: &article.title, text: &article.text, lang: article.lang.as_deref() };
    let params = features::Params { lead_words_max, ..features::Params::default() };
    features::of(&subject, Lexicon::builtin(), &params)
}

fn language(article: &Article) -> &str {
    article.lang.as_deref().unwrap_or("en")
}

#[cfg(test)]
mod tests {
    use crate::listing::samples::{Sketch, member};
    use crate::model::{ArticleId, Cluster, ClusterId, Code, How, Member};
    use crate::news::{Backlog, News, Standing, standing};

    const OUTLETS: [&str; 8] = ["Lamp", "Beacon", "Courier", "Herald", "Post", "Gazette", "Mirror", "Record"];

    /// An article of the outlet with its number.
    fn told(id: i64, title: &'static str, text: &'static str) -> Member {
        let outlet = OUTLETS[usize::try_from(id - 1).unwrap() % OUTLETS.len()];
        let how = if id == 1 { How::Founded } else { How::Joined };
        member(&Sketch { id, outlet, title, text, published: "2026-02-13T09:00:00Z", how, copy_of: None, tags: &[] })
    }

    fn copy(id: i64, of: i64, title: &'static str, text: &'static str) -> Member {
        let copy_of = Some(Code(format!("a{of:0>10}")));
        Member { copy_of, ..told(id, title, text) }
    }

    fn cluster(members: Vec<Member>) -> Cluster {
        Cluster { id: ClusterId(ArticleId(1)), code: Code("c0000000001".to_owned()), members }
    }

    fn breach() -> Member {
        told(
            1,
            "Dam at Orveth breached, 3,400 people leave their homes",
            "The dam above Orveth broke on Thursday night. Marta Hollin, the mayor, said that 3,400 people had left the valley. \
             Engineers are looking for the cause.",
        )
    }

    /// How a reader of the breach sees the cluster with these newcomers.
    fn after_breach(newcomers: Vec<Member>) -> Standing {
        let mut members = vec![breach()];
        members.extend(newcomers);
        standing(&cluster(members), Backlog::IsNone, |article| article.id.0 == 1)
    }

    fn news(standing: Standing) -> News {
        match standing {
            Standing::Update(news) => news,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_report_is_news_when_it_brings_numbers_names_or_another_turn() {
        let cases: &[(&str, &str, &[&str])] = &[
            ("Orveth dam: 15 dead", "Rescuers have found 15 bodies in the valley.", &["15"]),
            (
                "Police arrest the engineer in charge at Orveth",
                "Police arrested the engineer who was in charge of the dam.",
                &["arrest"],
            ),
            ("Orveth dam: Keller resigns", "Minister Joost Keller gave up his office over the breach.", &["keller"]),
            ("Dam at Orveth", "Joost Keller of Brenning and 90 others went back to the valley.", &["90"]),
        ];
        for (title, text, said) in cases {
            let news = news(after_breach(vec![told(2, title, text)]));
            assert_eq!(news.articles.iter().map(|fresh| fresh.article.0).collect::<Vec<_>>(), [2], "{title}");
            let says = news.articles[0].says.join(" ").to_lowercase();
            assert!(said.iter().all(|word| says.contains(word)), "{title}: {says}");
            assert_eq!(news.voices, None);
        }
    }

    #[test]
    fn one_event_retold_is_no_news() {
        let cases = [
            ("3,400 people leave their homes as dam at Orveth breaks", "The dam above Orveth is broken."),
            ("Orveth dam breached", "Mayor Marta Hollin said 3,400 people had to leave the valley."),
            ("Orveth dam breach: people leave the valley", "On Thursday, 12 February 2026, at night the dam broke."),
            ("Dam breached", ""),
        ];
        for (title, text) in cases {
            assert_eq!(after_breach(vec![told(2, title, text)]), Standing::Nothing, "{title}");
        }
    }

    #[test]
    fn words_of_another_language_are_no_news_but_its_names_and_numbers_are() {
        let german = |title, text| {
            let mut member = told(2, title, text);
            member.article.lang = Some("de".to_owned());
            after_breach(vec![member])
        };
        assert_eq!(
            german("Staudamm bei Orveth gebrochen", "Der Damm oberhalb von Orveth ist gebrochen."),
            Standing::Nothing
        );
        assert!(german("Staudamm bei Orveth gebrochen: 15 Tote", "In Orveth gibt es 15 Tote.").is_news());
    }

    #[test]
    fn a_copy_is_never_news_whatever_stands_in_it() {
        let (title, text) = ("Orveth dam: 15 dead", "Rescuers have found 15 bodies.");
        assert_eq!(after_breach(vec![copy(2, 1, title, text)]), Standing::Nothing);
        let copies = (2..9).map(|id| copy(id, 1, title, text)).collect();
        assert_eq!(after_breach(copies), Standing::Nothing, "seven copies are no voices either");
    }

    #[test]
    fn of_many_reports_of_one_turn_the_first_is_the_news() {
        let turn = |id| told(id, "Orveth dam: 15 dead", "Rescuers have found 15 bodies in the valley.");
        let news = news(after_breach(vec![turn(4), turn(2), turn(3)]));
        assert_eq!(news.articles.iter().map(|fresh| fresh.article.0).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn voices_are_news_when_they_are_twice_as_many_and_three_more() {
        let same = |id| told(id, "Dam at Orveth breached", "The dam above Orveth broke.");
        let voices = |known: i64, all: i64| {
            let members = (1..=all).map(same).collect();
            match standing(&cluster(members), Backlog::IsNone, |article| article.id.0 <= known) {
                Standing::Update(news) => news.voices,
                _ => None,
            }
        };
        assert_eq!(voices(1, 3), None, "twice as many, and two more");
        assert_eq!(voices(1, 4), Some([1, 4]));
        let named =
            news(standing(&cluster((1..=4).map(same).collect()), Backlog::IsNone, |article| article.id.0 == 1)).named();
        assert_eq!(named, [2, 3, 4].map(ArticleId), "it is their number that is the news");
        assert_eq!(voices(3, 5), None);
        assert_eq!(voices(3, 6), Some([3, 6]));
        assert_eq!(voices(4, 7), None, "three more, and not twice as many");
        assert_eq!(voices(4, 8), Some([4, 8]));
    }

    #[test]
    fn what_nobody_knows_is_unheard_unless_it_is_backlog() {
        let mut old = told(2, "Orveth dam: 15 dead", "Rescuers have found 15 bodies.");
        old.article.backlog = true;
        let nobody = |members, backlog| standing(&cluster(members), backlog, |_| false);
        assert_eq!(nobody(vec![breach()], Backlog::IsNone), Standing::Unheard);
        assert_eq!(nobody(vec![copy(2, 9, "Copy", "of what is gone")], Backlog::IsNone), Standing::Unheard);
        assert_eq!(nobody(vec![old.clone()], Backlog::IsNone), Standing::Nothing);
        assert_eq!(nobody(vec![old.clone()], Backlog::Counts), Standing::Unheard);
        assert_eq!(nobody(vec![old.clone(), breach()], Backlog::IsNone), Standing::Unheard, "something of it is new");
        assert_eq!(after_breach(vec![old]), Standing::Nothing, "backlog is no update");
        assert_eq!(after_breach(Vec::new()), Standing::Nothing);
    }
}
