//! Conductor: `clusters`, `show`, `why` and `search`: what is stored, for people and programs.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::anyhow;
use jiff::tz::TimeZone;

use crate::app::context::{Context, Failure};
use crate::app::seen::{self, Dismissals, Dismissed, List, Look, Sieve};
use crate::cli::{Exit, Filter, ListArgs, SearchArgs, ShowArgs, Sort, WhyArgs};
use crate::desk::pick::{self, PAGE_CLUSTERS};
use crate::listing::fragment::fragment;
use crate::listing::plain::count;
use crate::listing::sought::Sought;
use crate::listing::{self, Between, Detail, Format, Pages, Pair, Related, Rival, Search, Shown, Why};
use crate::model::{ArticleId, Cluster, ClusterId, Code, How, Ranked};
use crate::rank;
use crate::rank::leaders::Leaders;
use crate::store::{Found, Matches, Query, Store};
use crate::taste::Taste;
use crate::writer;

/// How many clusters a table shows where nothing else is asked for: two screens. Every other form shows all.
const TABLE_CLUSTERS: usize = 30;
/// How many articles of a cluster another is measured against.
const COMPARED_ARTICLES_MAX: usize = 64;
/// How many matching articles a search weighs; of more, so many of the newest are taken as they come.
const WEIGHED_ARTICLES_MAX: usize = 20_000;
/// How many matching articles a search shows where `--limit` does not say how many clusters.
const SEARCH_ARTICLES_MAX: usize = 1_000;
/// How many such pages are read ahead of what is told.
const PAGES_AHEAD: usize = 2;
/// How many clusters are looked at together while the best are sought, by what their rows say.
const OUTLINES: usize = 2_000;

/// Lists clusters, best first. They are read on this thread and told on another.
///
/// # Errors
/// When there is no database, or the filter makes no sense.
pub fn clusters(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    if args.new.is_some() || args.dismissed {
        return seen::clusters(context, args);
    }
    let store = context.reader()?;
    let query = query(context, &args.filter, &context.global.zone)?;
    let (format, most) = limited(context, args);
    let style = context.style();
    let (sender, receiver) = sync_channel::<Vec<Cluster>>(PAGES_AHEAD);
    let _one_state = store.hold()?;
    let listed = thread::scope(|scope| {
        let telling = scope.spawn(|| -> Result<Option<Pages<'_>>, Failure> {
            let (mut pages, params) = (Pages::new(format, &style), context.rank_params());
            for page in receiver {
                let ranked: Vec<Ranked> =
                    page.into_iter().map(|cluster| rank::ranked(cluster, context.now, &params)).collect();
                if !context.pour(&pages.page(&ranked))? {
                    return Ok(None);
                }
            }
            Ok(Some(pages))
        });
        let listed = listed(context, &store, args, (&query, most), |page| sender.send(page).is_ok());
        drop(sender);
        let told = telling.join().unwrap_or_else(|panic| resume_unwind(panic))?;
        // What could not be read to its end has none.
        let listed = listed?;
        told.map(|pages| context.pour(&pages.end())).transpose()?;
        Ok::<Listed, Failure>(listed)
    })?;
    if context.terminal.is_terminal_stdout && listed.shown == most {
        more(context, store.count(&query)?.saturating_sub(listed.shown + listed.muted + listed.dismissed));
    }
    say_muted(context, listed.muted);
    Ok(Exit::Done)
}

/// How many clusters of a list were shown, and how many left out.
#[derive(Clone, Copy, Debug, Default)]
struct Listed {
    shown: usize,
    muted: usize,
    dismissed: usize,
}

/// Reads a list page by page, for as long as `tell` says `true`.
fn listed(
    context: &Context,
    store: &Store,
    args: &ListArgs,
    (query, most): (&Query, usize),
    mut tell: impl FnMut(Vec<Cluster>) -> bool,
) -> Result<Listed, Failure> {
    let taste = taste(context, &args.filter);
    let dismissals = Dismissals::read(store)?;
    let mut listed = Listed::default();
    let (mut looked_at, mut wanted) = (0, most);
    loop {
        let order = in_order(context, store, query, args.sort, wanted)?;
        for page in order[looked_at..].chunks(PAGE_CLUSTERS) {
            let mut clusters = store.load(page)?;
            listed.muted += left_out(&taste, &mut clusters);
            listed.dismissed += dismissals.sift(&mut clusters, Dismissed::Hidden);
            clusters.truncate(most - listed.shown);
            listed.shown += clusters.len();
            if !tell(clusters) || listed.shown == most {
                return Ok(listed);
            }
        }
        if order.len() < wanted {
            return Ok(listed);
        }
        // Some of those that were wanted are muted: as many more are looked for, and a few, for some of those will be.
        looked_at = order.len();
        wanted = wanted.saturating_mul(2).saturating_add(PAGE_CLUSTERS);
    }
}

/// The numbers of the best clusters in the order asked for, `wanted` at most: what `rank::order` would put first, without reading
/// what cannot be among them.
fn in_order(
    context: &Context,
    store: &Store,
    query: &Query,
    sort: Sort,
    wanted: usize,
) -> Result<Vec<ClusterId>, Failure> {
    let params = context.rank_params();
    let mut leaders = Leaders::new(rank_sort(sort), wanted, store.priority_max()?, context.now, &params);
    // Words are looked up anew for each page, and most of what they cost is the looking up.
    let at_a_time = if query.words.is_some() { usize::MAX } else { OUTLINES };
    let mut after = None;
    loop {
        let outlines = store.outlines(query, after, at_a_time)?;
        after = outlines.last().map(|outline| (outline.last_published, outline.id));
        if outlines.first().is_none_or(|first| !leaders.may_come(first.last_published)) {
            return Ok(leaders.in_order());
        }
        // The best come soon, and what follows them need not be read: so a few are brought at first, then more at a time.
        for some in outlines.chunks(PAGE_CLUSTERS) {
            let entering: Vec<ClusterId> =
                some.iter().filter(|outline| leaders.may_enter(outline)).map(|outline| outline.id).collect();
            store.briefs(&entering)?.iter().for_each(|brief| leaders.offer(brief));
        }
        if outlines.len() < at_a_time {
            return Ok(leaders.in_order());
        }
    }
}

/// What the config mutes, unless all is asked for.
pub fn taste(context: &Context, filter: &Filter) -> Taste {
    if filter.unmuted { Taste::default() } else { context.taste() }
}

/// Takes out the clusters that the reader does not want to see; says how many.
fn left_out(taste: &Taste, clusters: &mut Vec<Cluster>) -> usize {
    let before = clusters.len();
    clusters.retain(|cluster| taste.wants(cluster));
    before - clusters.len()
}

/// Says on stderr how many clusters the config kept back.
pub fn say_muted(context: &Context, muted: usize) {
    if muted > 0 {
        let clusters = count(muted, "cluster");
        context.tell(&format!("{clusters} muted by [reading] in the config; --unmuted shows all"));
    }
}

/// Shows one cluster whole.
///
/// # Errors
/// When there is no such cluster.
pub fn show(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let _one_state = store.hold()?;
    let id = the_cluster(&store, &args.cluster)?;
    let Some(cluster) = store.cluster(id)? else { return Err(unknown("cluster", &args.cluster)) };
    let mut revisions = Vec::new();
    for member in cluster.members.iter().filter(|member| member.article.revision > 1) {
        revisions.push((member.article.id, store.revisions(member.article.id)?));
    }
    let ranked = rank::ranked(cluster, context.now, &context.rank_params());
    let mut related = Vec::new();
    for (other, probability) in store.related(id)? {
        let Some(standing) = store.standing(other)? else { continue };
        let Some(cluster) = store.cluster(standing)? else { continue };
        let first_published = rank::facts(&cluster, &context.rank_params()).first_published;
        let is_earlier = first_published < ranked.facts.first_published;
        let cluster = named(context, &cluster);
        related.push(Related { cluster, probability, first_published, is_earlier });
    }
    let broken_by = rank::broken_by(&ranked.cluster).map(|place| ranked.cluster.members[place].article.id);
    let shown = Shown { ranked, revisions, related, broken_by };
    context.print(&listing::show(&shown, context.format(args.view), &context.style()))
}

/// Tells why an article is where it is, or why two are together or apart.
///
/// # Errors
/// When there is no such article.
pub fn why(context: &Context, args: &WhyArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let _one_state = store.hold()?;
    let detail = if context.global.verbose > 0 { Detail::Full } else { Detail::Brief };
    let (format, style) = (context.format(args.view), context.style());
    let one = why_of(context, &store, &args.article)?;
    let told = match &args.other {
        None => listing::why(&one, detail, format, &style),
        Some(other) => {
            let other = why_of(context, &store, other)?;
            let between = between(context, &store, [&one, &other])?;
            let correction = store.correction_between([one.member.article.id, other.member.article.id])?;
            let pair = Pair { between: between.as_ref(), correction: correction.as_ref() };
            listing::why_both([&one, &other], pair, detail, format, &style)
        }
    };
    context.print(&told)
}

/// Finds articles by their words, grouped by cluster.
///
/// # Errors
/// When the query cannot be read.
pub fn search(context: &Context, args: &SearchArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let (wanted, params) = (query(context, &args.list.filter, &context.global.zone)?, context.rank_params());
    let taste = taste(context, &args.list.filter);
    let sought = Sought::of(&args.words);
    // Who looks for other words has another list.
    let _one_state = store.hold()?;
    let name = args.list.new.as_ref().map(|new| new.name.as_deref().unwrap_or(&args.words));
    let look = name.map(|name| {
        let (sought, unmuted) = (Some(args.words.as_str()), args.list.filter.unmuted);
        let list = List { command: "search", name, query: &wanted, sought, unmuted };
        // A search finds what is dismissed, and counts what is muted only as far as it looks.
        Look::take(&store, &list, &mut Sieve::default())
    });
    let look = look.transpose()?;
    let matches = store.matches(&args.words, WEIGHED_ARTICLES_MAX)?;
    let mut hits = grouped(&store, &matches, &wanted)?;
    if let Some((_, found)) = &look {
        hits.retain(|id, _| found.binary_search(id).is_ok());
    }
    let order = hits_in_order(context, &store, &hits, args.list.sort)?;
    let (format, most) = limited(context, &args.list);
    let articles_max = if args.list.limit.is_some() { usize::MAX } else { SEARCH_ARTICLES_MAX };
    let (mut found, mut articles, mut looked_at, mut muted) = (Vec::new(), 0, 0, 0);
    'pages: for page in order.chunks(PAGE_CLUSTERS.min(most.max(1))) {
        for cluster in store.load(page)? {
            if found.len() == most || articles >= articles_max {
                break 'pages;
            }
            looked_at += 1;
            if !taste.wants(&cluster) {
                muted += 1;
                continue;
            }
            let hits = hits.get(&cluster.id).map_or(&[][..], |(_, hits)| hits);
            articles += hits.len();
            found.push(shown_hits(rank::ranked(cluster, context.now, &params), hits, &sought));
        }
    }
    let told =
        Search { query: args.words.clone(), match_count: matches.articles.len(), newest_only: matches.is_cut, found };
    let whole = context.pour(&listing::search(&told, format, &context.style()))?;
    if let Some((look, _)) = look.filter(|_| whole) {
        look.shown(context, order[looked_at..].to_vec(), None)?;
    }
    let rest = order.len() - looked_at;
    if rest > 0 && args.list.limit.is_none() && !context.terminal.is_terminal_stdout {
        context.tell(&format!("{rest} more clusters match; --limit says how many are shown"));
    }
    more(context, rest);
    if matches.is_cut {
        context.tell(&format!("more than {WEIGHED_ARTICLES_MAX} articles match: these are the newest, newest first"));
    }
    say_muted(context, muted);
    Ok(Exit::Done)
}

/// The clusters of what matches, as far as they fit the filter, each with its place in the order of the matches and its own.
fn grouped(
    store: &Store,
    matches: &Matches,
    wanted: &Query,
) -> Result<BTreeMap<ClusterId, (usize, Vec<ArticleId>)>, Failure> {
    let mut hits: BTreeMap<ClusterId, (usize, Vec<ArticleId>)> = BTreeMap::new();
    for (place, (article, cluster)) in matches.articles.iter().enumerate() {
        hits.entry(*cluster).or_insert((place, Vec::new())).1.push(*article);
    }
    if *wanted != Query::default() {
        let among: Vec<ClusterId> = hits.keys().copied().collect();
        let fitting = store.fitting(wanted, &among)?;
        hits.retain(|cluster, _| fitting.binary_search(cluster).is_ok());
    }
    Ok(hits)
}

/// The best match comes first unless another order is asked for: whoever searches knows what for.
fn hits_in_order(
    context: &Context,
    store: &Store,
    hits: &BTreeMap<ClusterId, (usize, Vec<ArticleId>)>,
    sort: Sort,
) -> Result<Vec<ClusterId>, Failure> {
    let mut order: Vec<ClusterId> = hits.keys().copied().collect();
    if sort == Sort::Rank {
        order.sort_by_cached_key(|cluster| hits.get(cluster).map(|(place, _)| *place));
        return Ok(order);
    }
    Ok(pick::in_order(store, &order, rank_sort(sort), context.now, &context.rank_params())?)
}

/// A cluster with the fragments of its articles that match.
fn shown_hits(ranked: Ranked, hits: &[ArticleId], sought: &Sought) -> listing::Found {
    let text =
        |id| ranked.cluster.members.iter().find(|member| member.article.id == id).map(|member| &member.article.text);
    let hits = hits.iter().map(|&article| listing::Hit {
        article,
        snippet: text(article).map_or_else(Vec::new, |text| fragment(text, sought)),
    });
    let hits = hits.collect();
    listing::Found { ranked, hits }
}

/// The order of the command line as `rank` knows it.
pub fn rank_sort(sort: Sort) -> rank::Sort {
    match sort {
        Sort::Rank => rank::Sort::Rank,
        Sort::New => rank::Sort::New,
        Sort::Size => rank::Sort::Size,
        Sort::FirstSeen => rank::Sort::FirstSeen,
    }
}

/// What a filter asks of the store, its dates read in this zone.
///
/// # Errors
/// When its times make no sense.
pub fn query(context: &Context, filter: &Filter, zone: &TimeZone) -> Result<Query, Failure> {
    let moment = |when: &crate::cli::moment::When| when.timestamp(context.now, zone);
    let since = filter.since.as_ref().map(moment).transpose().map_err(Failure::misused)?;
    let until = filter.until.as_ref().map(moment).transpose().map_err(Failure::misused)?;
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(Failure::misused(anyhow!(
            "--since `{since}` is not before --until `{until}`: nothing lies between"
        )));
    }
    Ok(Query {
        since,
        until,
        articles_min: filter.articles_min,
        outlets_min: filter.outlets_min,
        outlets: filter.outlets.clone(),
        feeds: filter.feeds.clone(),
        tags: filter.tags.clone(),
        languages: filter.languages.clone(),
        words: filter.query.clone(),
    })
}

/// The form of a list, and how many of its rows are shown at most.
pub fn limited(context: &Context, args: &ListArgs) -> (Format, usize) {
    let format = context.list_format(args.format);
    let usual = if args.format.is_none() && format == Format::Table { TABLE_CLUSTERS } else { usize::MAX };
    (format, args.limit.unwrap_or(usual))
}

/// Tells a person how many rows are not shown.
pub fn more(context: &Context, rest: usize) {
    if rest > 0 && context.terminal.is_terminal_stdout {
        context.tell(&format!("… and {rest} more; --limit says how many are shown"));
    }
}

/// The cluster of an id or the beginning of one; an article's names its cluster.
///
/// # Errors
/// When there is none, or several begin so.
pub(crate) fn the_cluster(store: &Store, prefix: &str) -> Result<ClusterId, Failure> {
    match store.cluster_of_code(prefix)? {
        Found::One(id) => return Ok(id),
        Found::Many(codes) => return Err(ambiguous("cluster", prefix, &codes)),
        Found::None => {}
    }
    // An article's id names its cluster well enough.
    match store.article_of_code(prefix)? {
        Found::One(article) => match store.cluster_of_article(article)? {
            Some(cluster) => Ok(cluster.id),
            None => Err(unknown("cluster", prefix)),
        },
        Found::Many(codes) => Err(ambiguous("article", prefix, &codes)),
        Found::None => Err(unknown("cluster", prefix)),
    }
}

/// The article of an id or the beginning of one.
///
/// # Errors
/// When there is none, or several begin so.
pub(crate) fn the_article(store: &Store, id: &str) -> Result<ArticleId, Failure> {
    match store.article_of_code(id)? {
        Found::One(article) => Ok(article),
        Found::Many(codes) => Err(ambiguous("article", id, &codes)),
        Found::None => Err(unknown("article", id)),
    }
}

fn why_of(context: &Context, store: &Store, prefix: &str) -> Result<Why, Failure> {
    let article = the_article(store, prefix)?;
    let Some(cluster) = store.cluster_of_article(article)? else { return Err(unknown("article", prefix)) };
    let Some(member) = cluster.members.iter().find(|member| member.article.id == article).cloned() else {
        return Err(unknown("article", prefix));
    };
    let params = context.rank_params();
    let rival = match &member.joined.runner_up {
        None => None,
        Some(runner_up) => rival(context, store, runner_up.cluster)?,
    };
    let correction = match store.correction_naming(article)? {
        None if member.joined.how == How::Corrected => store.correction_of(article)?,
        named => named,
    };
    let feed = store.feed(&member.article.feed_url)?;
    let is_grouped = feed.is_none_or(|feed| feed.cluster);
    Ok(Why { member, ranked: rank::ranked(cluster, context.now, &params), rival, correction, is_grouped })
}

/// A cluster named in passing; one that is no more goes by the name of the one it went up in.
fn rival(context: &Context, store: &Store, id: ClusterId) -> Result<Option<Rival>, Failure> {
    let Some(standing) = store.standing(id)? else { return Ok(None) };
    Ok(store.cluster(standing)?.map(|cluster| named(context, &cluster)))
}

fn named(context: &Context, cluster: &Cluster) -> Rival {
    let headline = rank::facts(cluster, &context.rank_params()).headline;
    Rival { id: cluster.id, code: cluster.code.clone(), headline }
}

/// The later of two articles measured against the cluster of the other.
fn between(context: &Context, store: &Store, both: [&Why; 2]) -> Result<Option<Between>, Failure> {
    let [earlier, later] =
        if both[0].member.article.id <= both[1].member.article.id { both } else { [both[1], both[0]] };
    let article = later.member.article.id;
    let members = earlier.ranked.cluster.members.iter().map(|member| member.article.id);
    let mut others: Vec<ArticleId> = members.filter(|other| *other != article).collect();
    others.sort();
    // The latest are enough: no more of them are compared one by one.
    let others = store.first_stored(&others[others.len().saturating_sub(COMPARED_ARTICLES_MAX)..])?;
    let asked = store.first_stored(&[article])?.pop().expect("it was just read");
    let params = context.writer_params()?.cluster;
    let cluster = earlier.ranked.cluster.id;
    Ok(writer::between(&params, &others, &asked).map(|found| Between {
        article,
        cluster,
        reason: found.reason,
        needed: params.join_probability,
        too_far: found.too_far,
    }))
}

/// There is no such thing.
fn unknown(what: &str, id: &str) -> Failure {
    let hint = match what {
        _ if id.len() < 2 => "that is too short an id",
        "article" if id.starts_with('c') => "that is how the id of a cluster begins, and an article's begins with `a`",
        "article" => "`newsfold show CLUSTER --format json` and `newsfold clusters --format json` name articles",
        _ => "`newsfold clusters` lists them",
    };
    anyhow!("there is no {what} `{id}`; {hint}").into()
}

/// There are several.
fn ambiguous(what: &str, id: &str, codes: &[Code]) -> Failure {
    let some: Vec<&str> = codes.iter().map(|code| code.0.as_str()).collect();
    Failure::misused(anyhow!("`{id}` begins the id of several {what}s: {}; write a letter more", some.join(", ")))
}
