//! Station: the JSON shapes, a contract with every program that reads them; keys are added, never renamed.

use jiff::Timestamp;
use serde::Serialize;

use crate::listing::fragment::marked;
use crate::listing::layout::append;
use crate::listing::plain::utc;
use crate::listing::reasons::together_since;
use crate::listing::sheet::{how, interval_seconds, origin, rounded};
use crate::listing::sought::Sought;
use crate::listing::{Found, Pair, Piece, Search, Shown, Why};
use crate::model::{
    Article, Cluster, Code, Correction, Enclosure, Evidence, Feed, Member, Pace, Ranked, Reason, Ruling, WordList,
};

pub use crate::listing::layout::{Layout, document};

/// How `newsfold.clusters/1` begins: its clusters follow page by page, then the ends of their list and of the document.
pub fn clusters_begin(now: Timestamp) -> String {
    format!("{{\n  \"schema\": \"newsfold.clusters/1\",\n  \"generated\": \"{}\",\n  \"clusters\": [", utc(now))
}

/// Clusters of that list, a comma before each but the first, and `before` that one.
pub fn clusters_page(clusters: &[Ranked], before: &str) -> String {
    let mut out = String::new();
    for (place, ranked) in clusters.iter().enumerate() {
        out.push_str(if place == 0 { before } else { "," });
        out.push_str("\n    ");
        append(&mut out, &ClusterShape::of(ranked), Layout::Indented, 2);
    }
    out
}

/// One cluster object a line.
pub fn clusters_by_line(clusters: &[Ranked]) -> String {
    let mut out = String::new();
    for ranked in clusters {
        append(&mut out, &ClusterShape::of(ranked), Layout::OneLine, 0);
        out.push('\n');
    }
    out
}

/// `newsfold.cluster/1`: the cluster's own keys beside the schema's, and the earlier revisions of its articles.
pub fn show(shown: &Shown, now: Timestamp, layout: Layout) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        #[serde(flatten)]
        cluster: ClusterShape<'a>,
        broken_by: Option<&'a str>,
        revisions: Vec<RevisionShape<'a>>,
        related: Vec<RelatedShape<'a>>,
    }
    let revisions = shown.revisions.iter().flat_map(|(article, revisions)| {
        let of = shown.ranked.cluster.members.iter().find(|member| member.article.id == *article);
        let change = move |member| revisions.iter().zip(shown.changes(member)).map(move |change| (member, change));
        of.into_iter().flat_map(change)
    });
    let revisions = revisions.map(|(member, (revision, change))| RevisionShape {
        article: &member.article.code.0,
        number: revision.number,
        seen: utc(revision.seen),
        replaced: utc(change.at),
        title: &revision.title,
        title_after: change.after,
        text: &revision.text,
    });
    let related = shown.related.iter().map(|related| RelatedShape {
        id: &related.cluster.code.0,
        headline: &related.cluster.headline,
        probability: rounded(related.probability),
        first_published: utc(related.first_published),
        when: related.when(),
    });
    let members = &shown.ranked.cluster.members;
    let broken_by = members.iter().find(|member| Some(member.article.id) == shown.broken_by);
    let broken_by = broken_by.map(|member| member.article.code.0.as_str());
    let cluster = ClusterShape::of(&shown.ranked);
    let (revisions, related) = (revisions.collect(), related.collect());
    let (schema, generated) = ("newsfold.cluster/1", utc(now));
    document(&Document { schema, generated, cluster, broken_by, revisions, related }, layout)
}

/// `newsfold.why/1` of one article.
pub fn why(why: &Why, now: Timestamp, layout: Layout) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        #[serde(flatten)]
        why: WhyShape<'a>,
    }
    document(&Document { schema: "newsfold.why/1", generated: utc(now), why: WhyShape::of(why) }, layout)
}

/// `newsfold.why/1` of two articles: whether they are together, since when, the reason of each, and what measuring the later
/// against the other's cluster alone gives.
pub fn why_both(both: [&Why; 2], pair: Pair<'_>, now: Timestamp, layout: Layout) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        together: bool,
        since: Option<String>,
        articles: [WhyShape<'a>; 2],
        correction: Option<CorrectionShape>,
        between: Option<BetweenShape<'a>>,
    }
    let together = both[0].ranked.cluster.id == both[1].ranked.cluster.id;
    let since = together_since(both).filter(|_| together).map(utc);
    let articles = both.map(WhyShape::of);
    let between = pair.between.and_then(|between| {
        let article = both.into_iter().find(|why| why.member.article.id == between.article)?;
        let cluster = both.into_iter().find(|why| why.ranked.cluster.id == between.cluster)?;
        Some(BetweenShape {
            article: &article.member.article.code.0,
            cluster: &cluster.ranked.cluster.code.0,
            probability: rounded(between.reason.probability),
            needed: rounded(between.needed),
            too_far_seconds: between.too_far,
            because: EvidenceShape::all(&between.reason.because),
        })
    });
    let correction = pair.correction.map(CorrectionShape::of);
    let (schema, generated) = ("newsfold.why/1", utc(now));
    document(&Document { schema, generated, together, since, articles, correction, between }, layout)
}

/// `newsfold.search/1`: clusters without their articles, each with its hits.
pub fn search(search: &Search, now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        query: &'a str,
        match_count: usize,
        newest_only: bool,
        clusters: Vec<FoundShape<'a>>,
    }
    let sought = Sought::of(&search.query);
    let told = Document {
        schema: "newsfold.search/1",
        generated: utc(now),
        query: &search.query,
        match_count: search.match_count,
        newest_only: search.newest_only,
        clusters: search.found.iter().map(|found| FoundShape::of(found, &sought)).collect(),
    };
    document(&told, Layout::Indented)
}

/// One cluster with its hits a line.
pub fn search_by_line(search: &Search) -> String {
    let sought = Sought::of(&search.query);
    search.found.iter().map(|found| document(&FoundShape::of(found, &sought), Layout::OneLine)).collect()
}

/// `newsfold.feeds/1`.
pub fn feeds(feeds: &[Feed], now: Timestamp) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        generated: String,
        feeds: Vec<FeedShape<'a>>,
    }
    let feeds = feeds.iter().map(|feed| FeedShape::of(feed, feeds, now)).collect();
    document(&Document { schema: "newsfold.feeds/1", generated: utc(now), feeds }, Layout::Indented)
}

/// One feed object a line.
pub fn feeds_by_line(feeds: &[Feed], now: Timestamp) -> String {
    feeds.iter().map(|feed| document(&FeedShape::of(feed, feeds, now), Layout::OneLine)).collect()
}

/// One object of the given names and values, in their order.
pub fn pairs(pairs: &[(&str, String)], layout: Layout) -> String {
    struct Pairs<'a>(&'a [(&'a str, String)]);
    impl Serialize for Pairs<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
        }
    }
    document(&Pairs(pairs), layout)
}

/// What every cluster says of itself.
#[derive(Serialize)]
struct HeadShape<'a> {
    id: &'a str,
    headline: &'a str,
    summary: &'a str,
    lang: Option<&'a str>,
    rank: f64,
    first_published: String,
    last_published: String,
    first_seen: String,
    updated: String,
    article_count: usize,
    outlet_count: usize,
    independent_count: usize,
    tags: &'a [String],
    representative: &'a str,
}

impl<'a> HeadShape<'a> {
    fn of(ranked: &'a Ranked) -> HeadShape<'a> {
        let facts = &ranked.facts;
        HeadShape {
            id: &ranked.cluster.code.0,
            headline: &facts.headline,
            summary: &facts.summary,
            lang: facts.lang.as_deref(),
            rank: rounded(ranked.rank),
            first_published: utc(facts.first_published),
            last_published: utc(facts.last_published),
            first_seen: utc(facts.first_seen),
            updated: utc(facts.updated),
            article_count: facts.article_count,
            outlet_count: facts.outlet_count(),
            independent_count: facts.independent_count,
            tags: &facts.tags,
            representative: &ranked.representative().article.code.0,
        }
    }
}

#[derive(Serialize)]
struct ClusterShape<'a> {
    #[serde(flatten)]
    head: HeadShape<'a>,
    articles: Vec<ArticleShape<'a>>,
}

impl<'a> ClusterShape<'a> {
    fn of(ranked: &'a Ranked) -> ClusterShape<'a> {
        let cluster = &ranked.cluster;
        ClusterShape {
            head: HeadShape::of(ranked),
            articles: cluster.members.iter().map(|member| ArticleShape::of(member, cluster)).collect(),
        }
    }
}

#[derive(Serialize)]
struct ArticleShape<'a> {
    id: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    outlet: &'a str,
    feed: &'a str,
    also_in: &'a [String],
    author: Option<&'a str>,
    published: String,
    seen: String,
    revised: String,
    lang: Option<&'a str>,
    text: &'a str,
    image: Option<&'a str>,
    links: &'a [String],
    categories: &'a [String],
    enclosures: &'a [Enclosure],
    tags: &'a [String],
    backlog: bool,
    date_doubt: Option<crate::model::DateDoubt>,
    revision: u32,
    copy_of: Option<&'a Code>,
    joined: JoinedShape<'a>,
}

impl<'a> ArticleShape<'a> {
    fn of(member: &'a Member, cluster: &'a Cluster) -> ArticleShape<'a> {
        let article = &member.article;
        ArticleShape {
            id: &article.code.0,
            title: &article.title,
            url: article.url.as_deref(),
            outlet: &article.outlet,
            feed: &article.feed_url,
            also_in: &article.also_in,
            author: article.author.as_deref(),
            published: utc(article.published),
            seen: utc(article.seen),
            revised: utc(article.revised),
            lang: article.lang.as_deref(),
            text: &article.text,
            image: article.image.as_deref(),
            links: &article.links,
            categories: &article.categories,
            enclosures: &article.enclosures,
            tags: &article.tags,
            backlog: article.backlog,
            date_doubt: article.date_doubt,
            revision: article.revision,
            copy_of: member.copy_of.as_ref(),
            joined: JoinedShape::of(&member.joined, cluster),
        }
    }
}

/// Why an article is in its cluster; the runner-up is `why`'s to tell.
#[derive(Serialize)]
struct JoinedShape<'a> {
    how: &'static str,
    probability: f64,
    because: Vec<EvidenceShape<'a>>,
    nearest: Option<&'a str>,
    hours_apart: Option<f64>,
}

impl<'a> JoinedShape<'a> {
    fn of(reason: &'a Reason, cluster: &'a Cluster) -> JoinedShape<'a> {
        let member = |id| cluster.members.iter().find(|member| member.article.id == id);
        JoinedShape {
            how: how(reason.how),
            probability: rounded(reason.probability),
            because: EvidenceShape::all(&reason.because),
            nearest: reason.nearest.and_then(member).map(|member| member.article.code.0.as_str()),
            hours_apart: reason.hours_apart.map(rounded),
        }
    }
}

#[derive(Serialize)]
struct EvidenceShape<'a> {
    what: &'a str,
    value: f64,
    weight: f64,
    shared: &'a WordList,
}

impl<'a> EvidenceShape<'a> {
    fn all(because: &'a [Evidence]) -> Vec<EvidenceShape<'a>> {
        let shape = |part: &'a Evidence| EvidenceShape {
            what: &part.what,
            value: rounded(part.value),
            weight: rounded(part.weight),
            shared: &part.shared,
        };
        because.iter().map(shape).collect()
    }
}

#[derive(Serialize)]
struct RevisionShape<'a> {
    article: &'a str,
    number: u32,
    seen: String,
    replaced: String,
    title: &'a str,
    title_after: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct RelatedShape<'a> {
    id: &'a str,
    headline: &'a str,
    probability: f64,
    first_published: String,
    when: &'static str,
}

#[derive(Serialize)]
struct BetweenShape<'a> {
    article: &'a str,
    cluster: &'a str,
    probability: f64,
    needed: f64,
    too_far_seconds: Option<u64>,
    because: Vec<EvidenceShape<'a>>,
}

#[derive(Serialize)]
struct WhyShape<'a> {
    article: BriefShape<'a>,
    cluster: HeadShape<'a>,
    joined: JoinedShape<'a>,
    correction: Option<CorrectionShape>,
    runner_up: Option<RunnerUpShape<'a>>,
}

/// A correction named in passing.
#[derive(Serialize)]
struct CorrectionShape {
    number: i64,
    ruling: Ruling,
    made: String,
}

impl CorrectionShape {
    fn of(correction: &Correction) -> CorrectionShape {
        CorrectionShape { number: correction.number, ruling: correction.ruling, made: utc(correction.made) }
    }
}

impl<'a> WhyShape<'a> {
    fn of(why: &'a Why) -> WhyShape<'a> {
        let rival = why.rival.as_ref();
        let runner_up = why.member.joined.runner_up.as_ref().map(|runner_up| RunnerUpShape {
            cluster: rival.map(|rival| &rival.code.0[..]),
            headline: rival.map(|rival| &rival.headline[..]),
            probability: rounded(runner_up.probability),
            because: EvidenceShape::all(&runner_up.because),
        });
        WhyShape {
            article: BriefShape::of(&why.member.article),
            cluster: HeadShape::of(&why.ranked),
            joined: JoinedShape::of(&why.member.joined, &why.ranked.cluster),
            correction: why.correction.as_ref().map(CorrectionShape::of),
            runner_up,
        }
    }
}

/// An article named in passing.
#[derive(Serialize)]
struct BriefShape<'a> {
    id: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    outlet: &'a str,
    published: String,
    seen: String,
}

impl<'a> BriefShape<'a> {
    fn of(article: &'a Article) -> BriefShape<'a> {
        BriefShape {
            id: &article.code.0,
            title: &article.title,
            url: article.url.as_deref(),
            outlet: &article.outlet,
            published: utc(article.published),
            seen: utc(article.seen),
        }
    }
}

#[derive(Serialize)]
struct RunnerUpShape<'a> {
    cluster: Option<&'a str>,
    headline: Option<&'a str>,
    probability: f64,
    because: Vec<EvidenceShape<'a>>,
}

#[derive(Serialize)]
struct FoundShape<'a> {
    #[serde(flatten)]
    head: HeadShape<'a>,
    hits: Vec<HitShape<'a>>,
}

impl<'a> FoundShape<'a> {
    fn of(found: &'a Found, sought: &Sought) -> FoundShape<'a> {
        let hits = found.articles().map(|(hit, member)| HitShape {
            article: BriefShape::of(&member.article),
            snippet: hit.snippet.iter().map(Piece::text).collect(),
            matches: hit.snippet.iter().filter_map(Piece::matched).collect(),
            title_matches: marked(&member.article.title, sought)
                .iter()
                .filter_map(Piece::matched)
                .map(str::to_owned)
                .collect(),
        });
        FoundShape { head: HeadShape::of(&found.ranked), hits: hits.collect() }
    }
}

#[derive(Serialize)]
struct HitShape<'a> {
    #[serde(flatten)]
    article: BriefShape<'a>,
    snippet: String,
    matches: Vec<&'a str>,
    title_matches: Vec<String>,
}

#[derive(Serialize)]
struct FeedShape<'a> {
    url: &'a str,
    outlet: &'a str,
    title: Option<&'a str>,
    site: Option<&'a str>,
    health: &'static str,
    /// The health for people, with what it does not tell: a pause, a redirect, how the feed was read.
    state: String,
    trouble: bool,
    detail: Option<&'a str>,
    rung: &'static str,
    failures: u32,
    last_attempt: Option<String>,
    last_success: Option<String>,
    last_new: Option<String>,
    next_due: Option<String>,
    not_before: Option<String>,
    host_pause_until: Option<String>,
    fresh_until: Option<String>,
    interval_seconds: u64,
    interval_fixed_seconds: Option<i64>,
    pace: Pace,
    answers: u64,
    answers_with_news: u64,
    etag: Option<&'a str>,
    last_modified: Option<&'a str>,
    moving: Option<MovingShape<'a>>,
    moved_to: Option<&'a str>,
    same_as: Option<&'a str>,
    tags: &'a [String],
    priority: i32,
    paywalled: bool,
    cluster: bool,
    allow_private_addresses: bool,
    origin: &'static str,
    active: bool,
    added: String,
}

/// A feed's word, not yet believed, that it lives elsewhere.
#[derive(Serialize)]
struct MovingShape<'a> {
    to: &'a str,
    since: String,
    times: u32,
}

impl<'a> FeedShape<'a> {
    /// The shape of a feed; `all` are those among which the one is that it stands back for.
    fn of(feed: &'a Feed, all: &'a [Feed], now: Timestamp) -> FeedShape<'a> {
        let state = &feed.state;
        let twin = |id| all.iter().find(|other| other.id == id).map(|other| other.url.as_str());
        FeedShape {
            url: &feed.url,
            outlet: feed.outlet_name(),
            title: feed.title.as_deref(),
            site: feed.site.as_deref(),
            health: state.health.word(),
            state: crate::listing::feeds::state(feed, now),
            trouble: state.health.is_trouble(),
            detail: state.detail.as_deref(),
            rung: state.rung.word(),
            failures: state.failures,
            last_attempt: state.last_attempt.map(utc),
            last_success: state.last_success.map(utc),
            last_new: state.last_new.map(utc),
            next_due: state.next_due.map(utc),
            not_before: state.not_before.map(utc),
            host_pause_until: state.host_pause.map(|pause| utc(pause.until)),
            fresh_until: state.fresh_until.map(utc),
            interval_seconds: interval_seconds(feed),
            interval_fixed_seconds: feed.interval.map(|interval| interval.as_secs()),
            pace: state.pace,
            answers: state.answers,
            answers_with_news: state.answers_with_news,
            etag: state.validators.etag.as_deref(),
            last_modified: state.validators.last_modified.as_deref(),
            moving: state.moving.as_ref().map(|moving| MovingShape {
                to: &moving.to,
                since: utc(moving.since),
                times: moving.times,
            }),
            moved_to: state.moved_to.as_deref(),
            same_as: state.same_as.and_then(twin),
            tags: &feed.tags,
            priority: feed.priority,
            paywalled: feed.paywalled,
            cluster: feed.cluster,
            allow_private_addresses: feed.allow_private,
            origin: origin(feed.origin),
            active: feed.active,
            added: utc(feed.added),
        }
    }
}
