//! Conductor: what a reader has seen: `--new`, and `dismiss`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::stored::{limited, more, query, rank_sort, say_muted, taste, the_cluster};
use crate::cli::{DismissArgs, Exit, ListArgs};
use crate::desk::pick::{PAGE_CLUSTERS, in_order};
use crate::listing::plain::count;
use crate::listing::{Format, Pages};
use crate::model::{Article, ArticleId, Cluster, ClusterId};
use crate::news::{self, Backlog};
use crate::rank;
use crate::store::{Letter, Query, Seen, ShownBacklog, Store, View};
use crate::taste::Taste;

/// A list that is looked at again and again. Another filter is another list, so that nothing counts as shown that a filter hid.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// The command that shows it.
    pub command: &'static str,
    /// The name that its reader gave it, or the usual one.
    pub name: &'a str,
    /// Its filter.
    pub query: &'a Query,
    /// What is searched for, beside the filter.
    pub sought: Option<&'a str>,
    /// Whether it shows what the config mutes.
    pub unmuted: bool,
}

impl List<'_> {
    /// Its name with what its filter asks for, times left aside: `morning --tag tech --lang en`. Order and case of what was typed make no
    /// other list.
    fn filtered_name(&self) -> String {
        let query = self.query;
        let mut parts = vec![self.name.to_owned()];
        let lists = [
            ("--outlet", &query.outlets),
            ("--feed", &query.feeds),
            ("--tag", &query.tags),
            ("--lang", &query.languages),
        ];
        for (flag, values) in lists {
            let values: BTreeSet<String> = values.iter().map(|value| value.to_lowercase()).collect();
            parts.extend(values.iter().map(|value| format!("{flag} {value}")));
        }
        for (flag, least) in [("--min-articles", query.articles_min), ("--min-outlets", query.outlets_min)] {
            if least > 1 {
                parts.push(format!("{flag} {least}"));
            }
        }
        parts.extend(query.words.as_ref().map(|words| format!("--query {words}")));
        if self.unmuted {
            parts.push("--unmuted".to_owned());
        }
        parts.join(" ")
    }

    /// Those of some clusters that were in the list when nothing but the articles up to `place` was stored.
    fn before(&self, store: &Store, place: ArticleId, among: &[ClusterId]) -> Result<Vec<ClusterId>, Failure> {
        let mut before = store.fitting_before(self.query, place, among)?;
        if let Some(sought) = self.sought {
            let matching = Query { words: Some(sought.to_owned()), ..Query::default() };
            before = store.fitting_before(&matching, place, &before)?;
        }
        Ok(before)
    }
}

/// A list of what is new, and what is remembered once it was shown.
#[derive(Debug)]
pub struct Look {
    /// When it was last shown.
    pub since: Option<Timestamp>,
    command: &'static str,
    name: String,
    place: ArticleId,
    backlog: Option<ShownBacklog>,
}

impl Look {
    /// Reads what is new in a list since it was last shown, as far as the sieve lets it through: the clusters that are in it and have
    /// news, and those that are in it only now; smallest number first. No more than a page of them is in memory.
    ///
    /// # Errors
    /// When the query or the database cannot be read.
    pub fn take(store: &Store, list: &List<'_>, sieve: &mut Sieve) -> Result<(Look, Vec<ClusterId>), Failure> {
        let _one_state = store.hold()?;
        let name = list.filtered_name();
        let seen = store.seen(View { command: list.command, name: &name })?;
        // Who says since when, and looks for the first time, wants the backlog too.
        let reaches_back = list.query.since.filter(|_| seen.place.0 == 0);
        // And wants it still, where the index was behind when it was looked for.
        let is_behind = seen.backlog.is_some_and(|backlog| backlog.until > seen.place);
        let backlog = if reaches_back.is_some() || is_behind { Backlog::Counts } else { Backlog::IsNone };
        let mut arrivals = store.arrivals(list.query, seen.place, &seen.left_out)?;
        let shown = reaches_back.map(|since| ShownBacklog { until: arrivals.place, since });
        if list.sought.is_some() || list.query.words.is_some() {
            // What the index does not hold yet cannot have been found.
            arrivals.place = arrivals.place.min(store.indexed_until()?).max(seen.place);
        }
        let fitted = list.before(store, seen.place, &arrivals.clusters)?;
        let left_out: BTreeSet<ArticleId> = seen.left_out.iter().map(|cluster| cluster.0).collect();
        // Backlog is known only where it was asked for, else it was never shown.
        let was_shown = |article: &Article| seen.backlog.is_some_and(|backlog| backlog.holds(article));
        let is_known = |article: &Article| article.id <= seen.place && (!article.backlog || was_shown(article));
        let is_new = |cluster: &Cluster| {
            let has = |fits: &dyn Fn(&Article) -> bool| cluster.members.iter().any(|member| fits(&member.article));
            has(&|article| left_out.contains(&article.id))
                || news::standing(cluster, backlog, is_known).is_news()
                // A story that goes on, and was none of this list's before.
                || (fitted.binary_search(&cluster.id).is_err() && has(&is_known))
        };
        let found = wanted(store, &arrivals.clusters, |cluster| is_new(cluster) && sieve.passes(cluster))?;
        let (command, place) = (list.command, arrivals.place);
        Ok((Look { since: seen.at, command, name, place, backlog: shown.or(seen.backlog) }, found))
    }

    /// Remembers that all of it was shown but what the limit left out, which comes next time; where it is shown by mail, with the mail or
    /// not at all. Gives the mail's number.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn shown(
        self,
        context: &Context,
        left_out: Vec<ClusterId>,
        letter: Option<&Letter>,
    ) -> Result<Option<i64>, Failure> {
        let seen = Seen { place: self.place, at: None, left_out, backlog: self.backlog };
        let view = View { command: self.command, name: &self.name };
        Ok(context.store()?.set_seen(view, &seen, letter, context.now)?)
    }
}

/// Those of some clusters that are wanted, in their order; read whole a page at a time.
fn wanted(
    store: &Store,
    among: &[ClusterId],
    mut wants: impl FnMut(&Cluster) -> bool,
) -> Result<Vec<ClusterId>, Failure> {
    let mut wanted = Vec::new();
    for page in among.chunks(PAGE_CLUSTERS) {
        wanted.extend(store.load(page)?.iter().filter(|cluster| wants(cluster)).map(|cluster| cluster.id));
    }
    Ok(wanted)
}

/// Lists what is new since the list was last shown, or what is dismissed.
///
/// # Errors
/// When there is no database, or the filter makes no sense.
pub fn clusters(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let query = query(context, &args.filter, &context.global.zone)?;
    let one_state = store.hold()?;
    let hidden = if args.dismissed { Dismissed::Only } else { Dismissed::Hidden };
    let mut sieve = Sieve::read(&store, taste(context, &args.filter), hidden)?;
    let (look, found) = match &args.new {
        None => (None, sieve.all(&store, store.cluster_ids(&query)?)?),
        Some(new) => {
            let name = new.name.as_deref().unwrap_or("clusters");
            let unmuted = args.filter.unmuted;
            let list = List { command: "clusters", name, query: &query, sought: None, unmuted };
            let (look, found) = Look::take(&store, &list, &mut sieve)?;
            (Some(look), found)
        }
    };
    say_muted(context, sieve.muted);
    let order = in_order(&store, &found, rank_sort(args.sort), context.now, &context.rank_params())?;
    let (format, most) = limited(context, args);
    let (shown, left_out) = order.split_at(most.min(order.len()));
    let whole = poured(context, &store, shown, format)?;
    drop(one_state);
    more(context, left_out.len());
    // What was cut on its way was not shown.
    if let Some(look) = look.filter(|_| whole) {
        look.shown(context, left_out.to_vec(), None)?;
    }
    Ok(Exit::Done)
}

/// Prints clusters in this order, page by page; says whether all of it was taken.
fn poured(context: &Context, store: &Store, order: &[ClusterId], format: Format) -> Result<bool, Failure> {
    let (style, params) = (context.style(), context.rank_params());
    let mut pages = Pages::new(format, &style);
    for page in order.chunks(PAGE_CLUSTERS) {
        let clusters = store.load(page)?.into_iter();
        let ranked: Vec<_> = clusters.map(|cluster| rank::ranked(cluster, context.now, &params)).collect();
        if !context.pour(&pages.page(&ranked))? {
            return Ok(false);
        }
    }
    context.pour(&pages.end())
}

/// What keeps clusters from a reader: that they are dismissed (or are not, where those are asked for), and that the config mutes them.
#[derive(Debug, Default)]
pub struct Sieve {
    /// Clusters that were muted so far.
    pub muted: usize,
    dismissals: Dismissals,
    hidden: Dismissed,
    taste: Taste,
}

impl Sieve {
    /// A sieve of what is dismissed by now, and of this taste.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(store: &Store, taste: Taste, hidden: Dismissed) -> Result<Sieve, Failure> {
        Ok(Sieve { muted: 0, dismissals: Dismissals::read(store)?, hidden, taste })
    }

    /// Whether a cluster is to be seen; one that is muted is counted.
    pub fn passes(&mut self, cluster: &Cluster) -> bool {
        if !self.dismissals.lets_through(cluster, self.hidden) {
            return false;
        }
        let wants = self.taste.wants(cluster);
        self.muted += usize::from(!wants);
        wants
    }

    /// All clusters of these that are to be seen, in their order; none is read where none can be kept back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn all(&mut self, store: &Store, clusters: Vec<ClusterId>) -> Result<Vec<ClusterId>, Failure> {
        match (self.dismissals.0.is_empty(), self.hidden) {
            (true, Dismissed::Only) => Ok(Vec::new()),
            (true, Dismissed::Hidden) if self.taste.wants_all() => Ok(clusters),
            _ => wanted(store, &clusters, |cluster| self.passes(cluster)),
        }
    }
}

/// Whether dismissed clusters are left out, or are all that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dismissed {
    /// They are left out.
    #[default]
    Hidden,
    /// Nothing else is wanted.
    Only,
}

/// What was dismissed.
#[derive(Debug, Default)]
pub struct Dismissals(BTreeSet<ArticleId>);

impl Dismissals {
    /// Reads what was dismissed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(store: &Store) -> Result<Dismissals, Failure> {
        Ok(Dismissals(store.dismissed()?))
    }

    /// Takes out the clusters that are dismissed and have no news since, or all others; says how many.
    pub fn sift(&self, clusters: &mut Vec<Cluster>, wanted: Dismissed) -> usize {
        let before = clusters.len();
        clusters.retain(|cluster| self.lets_through(cluster, wanted));
        before - clusters.len()
    }

    fn lets_through(&self, cluster: &Cluster, wanted: Dismissed) -> bool {
        news::is_hidden(cluster, &self.0) == (wanted == Dismissed::Only)
    }
}

/// Hides clusters until they have news, or shows them again. It may run beside a daemon.
///
/// # Errors
/// When there is no such cluster, or the database cannot be written.
pub fn dismiss(context: &Context, args: &DismissArgs) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let mut clusters: Vec<ClusterId> = Vec::new();
    for cluster in &args.clusters {
        clusters.push(the_cluster(&reader, cluster)?);
    }
    clusters.sort_unstable();
    clusters.dedup();
    drop(reader);
    let mut store = context.store()?;
    let articles = if args.undo { store.undismiss(&clusters)? } else { store.dismiss(&clusters, context.now)? };
    let what = count(clusters.len(), "cluster");
    context.tell(&match (args.undo, articles) {
        (true, 0) => format!("{what}: not dismissed"),
        (true, _) => format!("{what} shown again"),
        (false, _) => format!("{what} dismissed until there is news; --undo shows {}", them(clusters.len())),
    });
    Ok(Exit::Done)
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it again" } else { "them again" }
}
