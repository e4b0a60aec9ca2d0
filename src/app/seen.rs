//! Conductor: what a reader has seen: `--new`, and `dismiss`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::stored::{limited, more, query, ranked, the_cluster, wanted};
use crate::cli::{DismissArgs, Exit, ListArgs};
use crate::listing;
use crate::listing::plain::count;
use crate::model::{Article, ArticleId, Cluster, ClusterId};
use crate::news::{self, Backlog};
use crate::store::{Letter, Query, Seen, Store, View};

/// A list of what is new, and what is remembered once it was shown.
#[derive(Debug)]
pub struct Look {
    /// When it was last shown.
    pub since: Option<Timestamp>,
    command: &'static str,
    name: String,
    place: ArticleId,
}

impl Look {
    /// Reads what is new in a command's list of this name since it was last shown: the clusters that fit the query and have news,
    /// and those that fit it only now. Another filter is another list, so that nothing counts as shown that a filter hid.
    ///
    /// # Errors
    /// When the query or the database cannot be read.
    pub fn take(
        store: &Store,
        query: &Query,
        command: &'static str,
        name: &str,
    ) -> Result<(Look, Vec<Cluster>), Failure> {
        let _one_state = store.hold()?;
        let name = filtered_name(name, query);
        let seen = store.seen(View { command, name: &name })?;
        // Who says since when, and looks for the first time, wants the backlog too.
        let backlog = if query.since.is_some() && seen.place.0 == 0 { Backlog::Counts } else { Backlog::IsNone };
        let mut arrivals = store.arrivals(query, seen.place, &seen.left_out)?;
        if command == "search" || query.words.is_some() {
            // What the index does not hold yet cannot have been found.
            arrivals.place = arrivals.place.min(store.indexed_until()?).max(seen.place);
        }
        let ids: Vec<ClusterId> = arrivals.clusters.iter().map(|cluster| cluster.id).collect();
        let fitted = store.fitting_before(query, seen.place, &ids)?;
        let left_out: BTreeSet<ArticleId> = seen.left_out.iter().map(|cluster| cluster.0).collect();
        // Backlog was never shown as news, so nothing of it is known.
        let is_known = |article: &Article| article.id <= seen.place && !article.backlog;
        arrivals.clusters.retain(|cluster| {
            let has = |fits: &dyn Fn(&Article) -> bool| cluster.members.iter().any(|member| fits(&member.article));
            has(&|article| left_out.contains(&article.id))
                || news::standing(cluster, backlog, is_known).is_news()
                // A story that goes on, and was none of this list's before.
                || (fitted.binary_search(&cluster.id).is_err() && has(&is_known))
        });
        Ok((Look { since: seen.at, command, name, place: arrivals.place }, arrivals.clusters))
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
        let seen = Seen { place: self.place, at: None, left_out };
        let view = View { command: self.command, name: &self.name };
        Ok(context.store()?.set_seen(view, &seen, letter, context.now)?)
    }
}

/// The name of a list with what its filter asks for, times left aside: `morning --tag tech --lang en`. Order and case of what was
/// typed make no other list.
fn filtered_name(name: &str, query: &Query) -> String {
    let mut parts = vec![name.to_owned()];
    let lists =
        [("--outlet", &query.outlets), ("--feed", &query.feeds), ("--tag", &query.tags), ("--lang", &query.languages)];
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
    parts.join(" ")
}

/// Lists what is new since the list was last shown, or what is dismissed.
///
/// # Errors
/// When there is no database, or the filter makes no sense.
pub fn clusters(context: &Context, args: &ListArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let query = query(context, &args.filter)?;
    let dismissals = Dismissals::read(&store)?;
    let (look, mut found) = match &args.new {
        None => (None, store.clusters(&query)?),
        Some(new) => {
            let (look, found) = Look::take(&store, &query, "clusters", new.name.as_deref().unwrap_or("clusters"))?;
            (Some(look), found)
        }
    };
    drop(store);
    dismissals.sift(&mut found, if args.dismissed { Dismissed::Only } else { Dismissed::Hidden });
    let found = ranked(context, wanted(context, &args.filter, found), args.sort);
    let (format, most) = limited(context, args);
    let shown = most.min(found.len());
    let whole = context.pour(&listing::clusters(&found[..shown], format, &context.style()))?;
    more(context, found.len() - shown);
    // What was cut on its way was not shown.
    if let Some(look) = look.filter(|_| whole) {
        look.shown(context, found[shown..].iter().map(|ranked| ranked.cluster.id).collect(), None)?;
    }
    Ok(Exit::Done)
}

/// Whether dismissed clusters are left out, or are all that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissed {
    /// They are left out.
    Hidden,
    /// Nothing else is wanted.
    Only,
}

/// What was dismissed.
#[derive(Debug)]
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
        clusters.retain(|cluster| news::is_hidden(cluster, &self.0) == (wanted == Dismissed::Only));
        before - clusters.len()
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
