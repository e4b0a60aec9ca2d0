//! Conductor: `feeds discover`: the feeds of a page, each asked for and read before anybody is told of it.

use std::collections::BTreeSet;

use anyhow::anyhow;
use url::Url;

use crate::app::context::{Context, Failure, block_on, imagined};
use crate::app::feeds::{Courtesy, wish_of};
use crate::cli::{Exit, ListFormat};
use crate::fetch::error::{FetchError, one_line};
use crate::fetch::policy::redact;
use crate::fetch::{Fetcher, Response};
use crate::ingest::{self, Looked};
use crate::listing::discovery::{By, Discovery, Found, Tried};
use crate::listing::{self, Format};
use crate::model::{Feed, FeedWish, Health, Origin};
use crate::parse::dialect;
use crate::writer::Answer;
use crate::{clean, clock};

/// Requests of one search, the page's own among them.
const REQUESTS_MAX: usize = 32;

/// Feeds that a page names in its head and that are asked for.
const LINKS_MAX: usize = 20;

/// Links of a page's body that look like feeds and are asked for.
const ANCHORS_MAX: usize = 8;

/// Finds the feeds of a page, or says that it is one itself.
///
/// # Errors
/// When the page cannot be had or has none.
pub fn discover(
    context: &Context,
    url: &str,
    allow_private: bool,
    format: Option<ListFormat>,
) -> Result<Exit, Failure> {
    let wish = FeedWish { allow_private, ..wish_of(url)? };
    let fetcher = context.fetcher()?;
    let mut search = Search::new(context, &fetcher);
    let page = imagined(wish, Origin::Command, context.now);
    block_on(async {
        let looked = search.look(&page).await;
        search.follow(&page, looked).await
    })??;
    let discovery = search.discovery;
    let format = context.list_format(format);
    if discovery.feeds.is_empty() {
        if format == Format::Json {
            context.print(&listing::discovery(&discovery, format, &context.style()))?;
        }
        return Err(anyhow!("{}", nothing(&discovery)).into());
    }
    context.print(&listing::discovery(&discovery, format, &context.style()))
}

/// That there is no feed, and what was done to find one.
pub fn nothing(discovery: &Discovery) -> String {
    let page = redact(&discovery.page);
    match discovery.tried.len() {
        0 => format!("`{page}` is no feed and names none"),
        1 => format!("`{page}` is no feed, and neither is the one address that it led to"),
        tried => format!("`{page}` is no feed, and neither are the {tried} addresses that were tried"),
    }
}

/// A search for the feeds of one page. It asks one address after the other, keeps the pause that each host is owed, and stops
/// asking a host that does not answer or asks for quiet.
pub struct Search<'a> {
    /// What it came to so far.
    pub discovery: Discovery,
    fetcher: &'a Fetcher,
    params: ingest::Params,
    courtesy: Courtesy,
    requests_left: usize,
    /// Addresses asked for, and those that answered in the end.
    met: BTreeSet<String>,
    closed: BTreeSet<String>,
}

impl<'a> Search<'a> {
    /// A search that has asked nothing yet.
    pub fn new(context: &Context, fetcher: &'a Fetcher) -> Search<'a> {
        Search {
            discovery: Discovery::default(),
            fetcher,
            params: context.ingest_params(),
            courtesy: Courtesy::of(context),
            requests_left: REQUESTS_MAX,
            met: BTreeSet::new(),
            closed: BTreeSet::new(),
        }
    }

    /// Asks for a page, or what may be a feed.
    pub async fn look(&mut self, feed: &Feed) -> Looked {
        self.requests_left = self.requests_left.saturating_sub(1);
        self.courtesy.wait(&feed.url).await;
        ingest::look(self.fetcher, feed, &self.params, clock::now()).await
    }

    /// Goes on from the answer to a page: it is a feed itself, or names some, or links to some, or has them where feeds usually
    /// are. Each step is taken only if those before it found nothing.
    ///
    /// # Errors
    /// When there is no answer to go on from.
    pub async fn follow(&mut self, page: &Feed, looked: Looked) -> Result<(), Failure> {
        self.discovery.page = page.url.clone();
        self.met.insert(spelling(&page.url));
        if self.keep(&page.url, By::Itself, "", &looked) {
            return Ok(());
        }
        let (base, html) = match looked.response {
            Ok(Response::Fetched { answer, body, .. }) => {
                (answer.final_url, String::from_utf8_lossy(&body).into_owned())
            }
            Ok(Response::NotModified(_)) => return Ok(()),
            Err(error) => match (&error, Url::parse(&page.url)) {
                // The host answers, only this page does not exist: its feeds may.
                (FetchError::Status { status: 404 | 406 | 410, retry_after: None, .. }, Ok(url)) => {
                    (url, String::new())
                }
                _ => return Err(anyhow::Error::from(error).into()),
            },
        };
        self.met.insert(spelling(base.as_str()));
        let limits = clean::Limits::default();
        for url in clean::feeds_by_rule(&base) {
            self.verify(page, &url, By::Rule, "").await;
        }
        for link in clean::feed_links(&html, &base, &limits).into_iter().take(LINKS_MAX) {
            self.verify(page, &link.url, By::Link, &link.title).await;
        }
        if self.discovery.feeds.is_empty() {
            for link in clean::feed_anchors(&html, &base, &limits).into_iter().take(ANCHORS_MAX) {
                self.verify(page, &link.url, By::Anchor, &link.title).await;
            }
        }
        if self.discovery.feeds.is_empty() && matches!(base.scheme(), "http" | "https") {
            for url in clean::feeds_by_custom(&base) {
                self.verify(page, &url, By::Path, "").await;
                // The customs are many names for one feed.
                if !self.discovery.feeds.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Asks whether an address is a feed, unless it was asked before or its host is better left alone.
    async fn verify(&mut self, page: &Feed, url: &Url, by: By, title: &str) {
        let host = url.host_str().unwrap_or_default().to_owned();
        if self.requests_left == 0 || self.closed.contains(&host) || !self.met.insert(spelling(url.as_str())) {
            return;
        }
        let wish = FeedWish { allow_private: page.allow_private, ..FeedWish::of_url(url.as_str()) };
        let looked = self.look(&imagined(wish, Origin::Command, clock::now())).await;
        if self.keep(url.as_str(), by, title, &looked) {
            return;
        }
        let why = match (&looked.response, &looked.answer) {
            (Err(error), _) => one_line(error),
            (_, Answer::Failed { detail, .. }) => detail.clone(),
            // It has answered under another name.
            _ => return,
        };
        if let (Err(error), Answer::Failed { health, transient, .. }) = (&looked.response, &looked.answer)
            && (*health == Health::Throttled || (*transient && !matches!(error, FetchError::Empty { .. })))
        {
            self.closed.insert(host);
        }
        self.discovery.tried.push(Tried { url: url.to_string(), by, why });
    }

    /// Keeps what was read as a feed; says whether it was one that is not kept yet.
    fn keep(&mut self, url: &str, by: By, title: &str, looked: &Looked) -> bool {
        let (Answer::Read { prepared, .. }, Ok(Response::Fetched { answer, body, .. })) =
            (&looked.answer, &looked.response)
        else {
            return false;
        };
        let last = spelling(answer.final_url.as_str());
        if last != spelling(url) && !self.met.insert(last) {
            return false;
        }
        self.discovery.feeds.push(Found {
            url: answer.moved_permanently_to.as_ref().map_or_else(|| url.to_owned(), Url::to_string),
            title: prepared.title.clone().unwrap_or_else(|| title.to_owned()),
            kind: dialect::of(body).map_or("feed", dialect::Dialect::word),
            entries: prepared.entries,
            newest: prepared.drafts.iter().filter_map(|draft| draft.published).max(),
            by,
        });
        true
    }
}

/// An address without what seldom makes another one: scheme, `www.`, a slash at the end, a fragment.
fn spelling(url: &str) -> String {
    let (plain, _) = url.split_once('#').unwrap_or((url, ""));
    let plain = plain.strip_prefix("https://").or_else(|| plain.strip_prefix("http://")).unwrap_or(plain);
    plain.strip_prefix("www.").unwrap_or(plain).trim_end_matches('/').to_owned()
}
