//! Conductor: `clusters`, `show`, `why` and `search`: what is stored, for people and programs.

use anyhow::anyhow;

use crate::app::context::{Context, Failure};
use crate::app::seen::{self, Dismissed, Look};
use crate::cli::{Exit, Filter, ListArgs, SearchArgs, ShowArgs, Sort, WhyArgs};
use crate::listing::fragment::fragment;
use crate::listing::{self, Between, Detail, Format, Related, Rival, Search, Shown, Why};
use crate::model::{ArticleId, Cluster, ClusterId, Code, Ranked};
use crate::rank;
use crate::store::{Found, Query, Store, View};
use crate::writer;

/// How many clusters a table shows where nothing else is asked for: two screens. Every other form shows all.
const TABLE_CLUSTERS: usize = 30;
/// How many articles of a cluster another is measured against.
const COMPARED_ARTICLES_MAX: usize = 64;
/// How many matching articles a search looks at.
const SEARCH_ARTICLES_MAX: usize = 1_000;

/// Lists clusters, best first.
///
/// # Errors
/// When there is no database, or the filter makes no sense.
pub fn clusters(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    if args.new.is_some() || args.dismissed {
        return seen::clusters(context, args);
    }
    let mut found = store.clusters(&query(context, &args.filter)?)?;
    seen::sift(&store, &mut found, Dismissed::Hidden)?;
    let found = ranked(context, found, args.sort);
    let (format, shown) = limited(context, args, found.len());
    context.print(&listing::clusters(&found[..shown], format, &context.style()))?;
    more(context, found.len() - shown);
    Ok(Exit::Done)
}

/// Shows one cluster whole.
///
/// # Errors
/// When there is no such cluster.
pub fn show(context: &Context, args: &ShowArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let id = the_cluster(&store, &args.cluster)?;
    let Some(cluster) = store.cluster(id)? else { return Err(unknown("cluster", &args.cluster)) };
    let mut revisions = Vec::new();
    for member in cluster.members.iter().filter(|member| member.article.revision > 1) {
        revisions.push((member.article.id, store.revisions(member.article.id)?));
    }
    let ranked = rank::ranked(cluster, context.now, &rank::Params::default());
    let mut related = Vec::new();
    for (other, probability) in store.related(id)? {
        related.extend(rival(&store, other)?.map(|cluster| Related { cluster, probability }));
    }
    let shown = Shown { ranked, revisions, related };
    context.print(&listing::show(&shown, context.format(args.view), &context.style()))
}

/// Tells why an article is where it is, or why two are together or apart.
///
/// # Errors
/// When there is no such article.
pub fn why(context: &Context, args: &WhyArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let detail = if context.global.verbose > 0 { Detail::Full } else { Detail::Brief };
    let (format, style) = (context.format(args.view), context.style());
    let one = why_of(context, &store, &args.article)?;
    let told = match &args.other {
        None => listing::why(&one, detail, format, &style),
        Some(other) => {
            let other = why_of(context, &store, other)?;
            let between = between(context, &store, [&one, &other])?;
            listing::why_both([&one, &other], between.as_ref(), detail, format, &style)
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
    let wanted = query(context, &args.list.filter)?;
    let mut hits = store.search(&args.words, SEARCH_ARTICLES_MAX)?;
    let (look, fitting) = match &args.list.new {
        None => (None, store.cluster_ids(&wanted)?),
        Some(new) => {
            // Who looks for other words has another list.
            let view = View { command: "search", name: new.name.as_deref().unwrap_or(&args.words) };
            let (look, found) = Look::take(&store, &wanted, view)?;
            (Some(look), found.into_iter().map(|cluster| cluster.id).collect())
        }
    };
    hits.retain(|hit| fitting.binary_search(&hit.cluster.id).is_ok());
    let best_first = args.list.sort == Sort::Rank;
    let mut found: Vec<listing::Found> = Vec::with_capacity(hits.len());
    for hit in hits {
        let ranked = rank::ranked(hit.cluster, context.now, &rank::Params::default());
        let text = |id| {
            ranked.cluster.members.iter().find(|member| member.article.id == id).map(|member| &member.article.text)
        };
        let shown = |article| listing::Hit {
            article,
            snippet: text(article).map_or_else(Vec::new, |text| fragment(text, &args.words)),
        };
        let hits = hit.articles.into_iter().map(shown).collect();
        found.push(listing::Found { ranked, hits });
    }
    // The best match comes first unless another order is asked for: whoever searches knows what for.
    if !best_first {
        let clusters = found.iter().map(|found| found.ranked.cluster.clone()).collect();
        let order: Vec<ClusterId> =
            ranked(context, clusters, args.list.sort).iter().map(|ranked| ranked.cluster.id).collect();
        found.sort_by_key(|found| order.iter().position(|id| *id == found.ranked.cluster.id));
    }
    let (format, shown) = limited(context, &args.list, found.len());
    let left_out: Vec<ClusterId> = found.split_off(shown).iter().map(|found| found.ranked.cluster.id).collect();
    let search = Search { query: args.words.clone(), found };
    let whole =
        context.terminal.pour(&listing::search(&search, format, &context.style())).map_err(anyhow::Error::from)?;
    more(context, left_out.len());
    if let Some(look) = look.filter(|_| whole) {
        look.shown(context, left_out)?;
    }
    Ok(Exit::Done)
}

/// The clusters in the order asked for.
pub fn ranked(context: &Context, clusters: Vec<Cluster>, sort: Sort) -> Vec<Ranked> {
    let sort = match sort {
        Sort::Rank => rank::Sort::Rank,
        Sort::New => rank::Sort::New,
        Sort::Size => rank::Sort::Size,
        Sort::FirstSeen => rank::Sort::FirstSeen,
    };
    rank::order(clusters, sort, context.now, &rank::Params::default())
}

/// What a filter asks of the store.
///
/// # Errors
/// When its times make no sense.
pub fn query(context: &Context, filter: &Filter) -> Result<Query, Failure> {
    let moment = |when: &crate::cli::moment::When| when.timestamp(context.now, &context.global.zone);
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

/// The form of a list, and how many of its rows are shown.
pub fn limited(context: &Context, args: &ListArgs, found: usize) -> (Format, usize) {
    let format = context.list_format(args.format);
    let usual = if args.format.is_none() && format == Format::Table { TABLE_CLUSTERS } else { usize::MAX };
    (format, args.limit.unwrap_or(usual).min(found))
}

/// Tells a person how many rows are not shown.
pub fn more(context: &Context, rest: usize) {
    if rest > 0 && context.terminal.is_terminal_stdout {
        context.tell(&format!("… and {rest} more; --limit says how many are shown"));
    }
}

/// The cluster of an id, or of the unique beginning of one; an article's names its cluster.
///
/// # Errors
/// When there is none, or several.
pub fn the_cluster(store: &Store, prefix: &str) -> Result<ClusterId, Failure> {
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

fn why_of(context: &Context, store: &Store, prefix: &str) -> Result<Why, Failure> {
    let article = match store.article_of_code(prefix)? {
        Found::One(article) => article,
        Found::Many(codes) => return Err(ambiguous("article", prefix, &codes)),
        Found::None => return Err(unknown("article", prefix)),
    };
    let Some(cluster) = store.cluster_of_article(article)? else { return Err(unknown("article", prefix)) };
    let Some(member) = cluster.members.iter().find(|member| member.article.id == article).cloned() else {
        return Err(unknown("article", prefix));
    };
    let params = rank::Params::default();
    let rival = match &member.joined.runner_up {
        None => None,
        Some(runner_up) => rival(store, runner_up.cluster)?,
    };
    Ok(Why { member, ranked: rank::ranked(cluster, context.now, &params), rival })
}

/// A cluster named in passing; one that is no more goes by the name of the one it went up in.
fn rival(store: &Store, id: ClusterId) -> Result<Option<Rival>, Failure> {
    let Some(standing) = store.standing(id)? else { return Ok(None) };
    Ok(store.cluster(standing)?.map(|cluster| Rival {
        id: cluster.id,
        code: cluster.code.clone(),
        headline: rank::facts(&cluster, &rank::Params::default()).headline,
    }))
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

fn unknown(what: &str, id: &str) -> Failure {
    let hint = match what {
        _ if id.len() < 2 => "that is too short an id",
        "article" if id.starts_with('c') => "that is how the id of a cluster begins, and an article's begins with `a`",
        "article" => "`newsfold show CLUSTER --format json` and `newsfold clusters --format json` name articles",
        _ => "`newsfold clusters` lists them",
    };
    anyhow!("there is no {what} `{id}`; {hint}").into()
}

fn ambiguous(what: &str, id: &str, codes: &[Code]) -> Failure {
    let some: Vec<&str> = codes.iter().map(|code| code.0.as_str()).collect();
    Failure::misused(anyhow!("`{id}` begins the id of several {what}s: {}; write a letter more", some.join(", ")))
}
