//! Door: what is needed of clusters to choose them and put them in order, read without a word of their texts.

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::model::{ArticleId, Brief, ClusterId, Outline, Report};
use crate::store::{Query, Store, StoreError, instant, json, search};

/// The articles of a cluster `c`, from two indexes alone.
macro_rules! members {
    () => {
        "memberships m INDEXED BY memberships_cluster JOIN articles a INDEXED BY articles_brief ON a.id = m.article"
    };
}

/// What is asked of some clusters, in the order in which they are named.
pub(crate) const BRIEFS: &str = concat!(
    "SELECT m.cluster, m.article, m.copy_of, a.outlet, a.voice, a.published, a.seen, f.priority
     FROM json_each(?1) w CROSS JOIN ",
    members!(),
    " JOIN feeds f ON f.id = a.feed WHERE m.cluster = w.value ORDER BY w.key"
);

/// Where a page of outlines ended: the next begins behind it.
pub type Place = (Timestamp, ClusterId);

impl Store {
    /// A page of the clusters that fit the query, the newest article first, ties by number; it begins behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Query`] when `words` cannot be read; others when the file cannot.
    pub fn outlines(&self, query: &Query, after: Option<Place>, at_most: usize) -> Result<Vec<Outline>, StoreError> {
        let mut filter = Filter::of(query)?;
        if let Some((published, id)) = after {
            let (published, id) = (published.as_millisecond(), id.0.0);
            filter.and("c.last_published <= ?", published);
            filter.and("(c.last_published, -c.id) < (?, ?)", published);
            filter.values.push(Value::from(-id));
        }
        let columns = "c.id, c.last_published, c.last_seen, c.article_count";
        let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
        let end = format!("ORDER BY c.last_published DESC, c.id LIMIT {at_most}");
        let outline = |row: &Row<'_>| {
            Ok(Outline {
                id: ClusterId(ArticleId(row.get(0)?)),
                last_published: instant(row.get(1)?),
                last_seen: instant(row.get(2)?),
                article_count: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            })
        };
        self.filtered(filter, columns, &end, outline)
    }

    /// Those of some clusters that fit the query, smallest number first; each is looked at by itself.
    ///
    /// # Errors
    /// Those of [`Store::outlines`].
    pub fn fitting(&self, query: &Query, among: &[ClusterId]) -> Result<Vec<ClusterId>, StoreError> {
        self.fitting_so(Filter::of(query)?, among)
    }

    /// Those of some clusters that fitted the query, but for its times, when nothing but the articles up to `until` was stored;
    /// smallest number first. Articles are taken as they are now, and to be where they are now.
    ///
    /// # Errors
    /// Those of [`Store::outlines`].
    pub fn fitting_before(
        &self,
        query: &Query,
        until: ArticleId,
        among: &[ClusterId],
    ) -> Result<Vec<ClusterId>, StoreError> {
        let timeless = Query { since: None, until: None, ..query.clone() };
        self.fitting_so(Filter::among(&timeless, Some(until))?, among)
    }

    fn fitting_so(&self, mut filter: Filter, among: &[ClusterId]) -> Result<Vec<ClusterId>, StoreError> {
        filter.and("c.id IN (SELECT value FROM json_each(?))", numbers(among));
        self.filtered(filter, "c.id", "ORDER BY c.id", |row| Ok(ClusterId(ArticleId(row.get(0)?))))
    }

    /// The numbers of all clusters that fit the query, smallest first.
    ///
    /// # Errors
    /// Those of [`Store::outlines`].
    pub fn cluster_ids(&self, query: &Query) -> Result<Vec<ClusterId>, StoreError> {
        let id = |row: &Row<'_>| Ok(ClusterId(ArticleId(row.get(0)?)));
        self.filtered(Filter::of(query)?, "c.id", "ORDER BY c.id", id)
    }

    /// How many clusters fit the query.
    ///
    /// # Errors
    /// Those of [`Store::outlines`].
    pub fn count(&self, query: &Query) -> Result<usize, StoreError> {
        let count = |row: &Row<'_>| row.get::<_, i64>(0);
        let counted = self.filtered(Filter::of(query)?, "count(*)", "", count)?;
        Ok(counted.first().map_or(0, |count| usize::try_from(*count).unwrap_or(0)))
    }

    fn filtered<T>(
        &self,
        filter: Filter,
        columns: &str,
        end: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!("SELECT {columns} FROM clusters c WHERE {} {end}", filter.conditions.join(" AND "));
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(filter.values), read)?;
        rows.collect::<Result<_, _>>().map_err(|error| search::explained(error, filter.words.as_deref()))
    }

    /// What the order of these clusters asks of their articles, in the order asked for; a cluster that is no more is left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn briefs(&self, ids: &[ClusterId]) -> Result<Vec<Brief>, StoreError> {
        let mut statement = self.connection.prepare_cached(BRIEFS)?;
        let mut rows = statement.query([numbers(ids)])?;
        let mut briefs: Vec<Brief> = Vec::with_capacity(ids.len());
        while let Some(row) = rows.next()? {
            let id = ClusterId(ArticleId(row.get(0)?));
            if briefs.last().is_none_or(|brief| brief.id != id) {
                briefs.push(Brief { id, reports: Vec::new() });
            }
            briefs.last_mut().expect("one was pushed").reports.push(Report {
                article: ArticleId(row.get(1)?),
                copy_of: row.get::<_, Option<i64>>(2)?.map(ArticleId),
                outlet: row.get(3)?,
                voice: row.get(4)?,
                published: instant(row.get(5)?),
                seen: instant(row.get(6)?),
                priority: row.get(7)?,
            });
        }
        Ok(briefs)
    }

    /// The highest priority of a feed, 0 at the least.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn priority_max(&self) -> Result<i32, StoreError> {
        Ok(self.connection.query_row("SELECT max(0, coalesce(max(priority), 0)) FROM feeds", [], |row| row.get(0))?)
    }
}

/// Numbers as a statement takes them: a list in JSON.
pub(crate) fn numbers(ids: &[ClusterId]) -> String {
    let numbers: Vec<i64> = ids.iter().map(|id| id.0.0).collect();
    serde_json::to_string(&numbers).expect("numbers are always JSON")
}

/// Conditions on a cluster `c`, of which only those stand that a query asks for.
struct Filter {
    conditions: Vec<Cow<'static, str>>,
    values: Vec<Value>,
    /// The words that are searched for, as they were typed.
    words: Option<String>,
}

impl Filter {
    fn of(query: &Query) -> Result<Filter, StoreError> {
        Filter::among(query, None)
    }

    /// Conditions that look at nothing but the articles up to one, where one is given.
    fn among(query: &Query, last: Option<ArticleId>) -> Result<Filter, StoreError> {
        let mut filter = Filter { conditions: vec!["true".into()], values: Vec::new(), words: query.words.clone() };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(since) = query.since {
            filter.and("c.last_published >= ?", since.as_millisecond());
        }
        if let Some(until) = query.until {
            filter.and("c.last_published < ?", until.as_millisecond());
        }
        let members = match last {
            None => members!().to_owned(),
            Some(ArticleId(last)) => format!("{} AND m.article <= {last}", members!()),
        };
        // So many outlets need as many articles, which is sooner looked up than counted.
        let articles_min = query.articles_min.max(query.outlets_min);
        if articles_min > 1 {
            filter.and("c.article_count >= ?", count(articles_min));
        }
        if query.articles_min > 1 && last.is_some() {
            filter.and(
                format!("(SELECT count(*) FROM {members} WHERE m.cluster = c.id) >= ?"),
                count(query.articles_min),
            );
        }
        if query.outlets_min > 1 {
            let outlets = format!("(SELECT count(DISTINCT a.outlet) FROM {members} WHERE m.cluster = c.id) >= ?");
            filter.and(outlets, count(query.outlets_min));
        }
        let lists: [(&Vec<String>, &'static str); 4] = [
            (&query.outlets, "JOIN json_each(?) w WHERE m.cluster = c.id AND a.outlet = w.value COLLATE TYPED"),
            (
                &query.feeds,
                "JOIN feeds f ON f.url IN (SELECT value FROM json_each(?)) WHERE m.cluster = c.id AND (f.id = a.feed
                    OR EXISTS (SELECT 1 FROM appearances p WHERE p.article = a.id AND p.feed = f.id))",
            ),
            (
                &query.tags,
                "JOIN feeds f ON f.id = a.feed JOIN json_each(f.tags) t JOIN json_each(?) w
                    WHERE m.cluster = c.id AND t.value = w.value COLLATE TYPED",
            ),
            (&query.languages, "JOIN json_each(?) w WHERE m.cluster = c.id AND a.lang = w.value COLLATE TYPED"),
        ];
        for (list, condition) in lists.into_iter().filter(|(list, _)| !list.is_empty()) {
            filter.and(format!("EXISTS (SELECT 1 FROM {members} {condition})"), json(list));
        }
        if let Some(words) = &query.words {
            let last = last.map(|ArticleId(last)| format!(" AND s.rowid <= {last}")).unwrap_or_default();
            let found = format!(
                "c.id IN (SELECT m.cluster FROM search s
                    JOIN memberships m INDEXED BY memberships_article ON m.article = s.rowid WHERE search MATCH ?{last})"
            );
            filter.and(found, search::checked(words)?);
        }
        Ok(filter)
    }

    fn and(&mut self, condition: impl Into<Cow<'static, str>>, value: impl Into<Value>) {
        self.conditions.push(condition.into());
        self.values.push(value.into());
    }
}
