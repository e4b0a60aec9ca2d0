//! Conductor: `feeds add`: feeds by their own address or by that of their site.

use anyhow::anyhow;

use crate::app::context::{Context, Failure, block_on, imagined};
use crate::app::feeds::discover::{Search, nothing};
use crate::app::feeds::{known, wish_of};
use crate::clean;
use crate::cli::{Exit, FeedsAddArgs};
use crate::fetch::Fetcher;
use crate::fetch::error::one_line;
use crate::fetch::policy::redact;
use crate::listing::discovery::{Found, count_of_entries};
use crate::listing::plain::{count, headline, link};
use crate::model::{Feed, FeedWish, Health, Origin};
use crate::store::Store;
use crate::writer::Answer;

/// Adds feeds to the database; a running daemon asks them at its next tick. Each address is asked first: a feed is added, of a
/// page its feed is. What cannot be reached just now is added all the same; what is there and is no feed is not.
///
/// # Errors
/// When one is no URL, or the database cannot be written.
pub fn add(context: &Context, args: &FeedsAddArgs) -> Result<Exit, Failure> {
    let wishes = args.urls.iter().map(|url| wish_of(url)).collect::<Result<Vec<_>, _>>()?;
    let fetcher = context.fetcher()?;
    let mut adding = Adding { context, args, known: known(context)?, store: context.store()? };
    let total = wishes.len();
    let done = block_on(async {
        let mut done = 0;
        for wish in wishes {
            done += usize::from(adding.one(wish.url, &fetcher).await?);
        }
        Ok::<usize, Failure>(done)
    })??;
    Ok(match done {
        0 => Exit::Failed,
        done if done < total => Exit::Partly,
        _ => Exit::Done,
    })
}

struct Adding<'a> {
    context: &'a Context,
    args: &'a FeedsAddArgs,
    known: Vec<Feed>,
    store: Store,
}

impl Adding<'_> {
    /// Adds what is at this address; says whether that is among the feeds now.
    async fn one(&mut self, url: String, fetcher: &Fetcher) -> Result<bool, Failure> {
        let is_known = self.known.iter().any(|feed| feed.url == url);
        if is_known || !self.args.check {
            self.keep(url, "")?;
            return Ok(true);
        }
        let mut search = Search::new(self.context, fetcher);
        let page = imagined(wished(self.args, None, url.clone()), Origin::Command, self.context.now);
        let looked = search.look(&page).await;
        if let (Err(error), Answer::Failed { health, transient, .. }) = (&looked.response, &looked.answer)
            && (*transient || *health == Health::Refused)
        {
            self.context.tell(&format!("warning: {}", one_line(error)));
            self.keep(url, ", though it could not be read now; it is asked again when it is due")?;
            return Ok(true);
        }
        if let Err(failure) = search.follow(&page, looked).await {
            self.refuse(&url, &one_line(failure.error.as_ref()));
            return Ok(false);
        }
        let found = std::mem::take(&mut search.discovery.feeds);
        let named: Vec<_> = found.iter().map(|feed| (feed.url.as_str(), feed.title.as_str(), feed.kind)).collect();
        let chosen: Vec<&Found> = match clean::best_feed(&named) {
            _ if self.args.all => found.iter().collect(),
            Some(place) => vec![&found[place]],
            None => Vec::new(),
        };
        if found.is_empty() {
            self.refuse(&url, &nothing(&search.discovery));
        } else if chosen.is_empty() {
            self.offer(&url, &found);
        }
        for feed in &chosen {
            let at = if feed.url == url { String::new() } else { format!(", found at {}", redact(&url)) };
            self.keep(feed.url.clone(), &format!(" ({}){at}", about(feed)))?;
        }
        Ok(!chosen.is_empty())
    }

    /// Adds the feed, or changes what was typed of one that is there.
    fn keep(&mut self, url: String, more: &str) -> Result<(), Failure> {
        let before = self.known.iter().find(|feed| feed.url == url);
        let wish = wished(self.args, before, url);
        let said = match before {
            None if self.store.add_feed(&wish, self.context.now)? => "added",
            Some(feed) if feed.origin == Origin::Config => "already there; its settings are the config file's",
            Some(feed) if settings(feed) != wish => {
                self.store.change_feed(&wish, self.context.now)?;
                "already there; its settings were changed"
            }
            _ => "already there",
        };
        self.context.tell(&format!("{}: {said}{more}", redact(&wish.url)));
        Ok(())
    }

    fn refuse(&self, url: &str, why: &str) {
        let why = anyhow!("{}: not added: {why}; `--no-check` adds it all the same", redact(url));
        self.context.terminal.complain(&why.to_string());
    }

    /// Lists the feeds of a page to choose from, with the commands to type.
    fn offer(&self, url: &str, found: &[Found]) {
        let shown = redact(url);
        self.context
            .terminal
            .complain(&format!("{shown}: has {}; choose one, or add all with `--all`", count(found.len(), "feed")));
        for feed in found {
            self.context.tell(&format!("newsfold feeds add {}    # {}", quoted(&feed.url), about(feed)));
        }
    }
}

/// `The Lamp, RSS, 30 entries`.
fn about(feed: &Found) -> String {
    format!("{}, {}, {}", headline(&feed.title), feed.kind, count_of_entries(feed.entries))
}

/// A URL as a word of a shell. It may be a stranger's: what could end the quotation is encoded away.
fn quoted(url: &str) -> String {
    format!("'{}'", link(url).unwrap_or_else(|| url.replace('\'', "%27")))
}

/// A feed with the settings that were typed, and where nothing was typed, with those it had.
fn wished(args: &FeedsAddArgs, before: Option<&Feed>, url: String) -> FeedWish {
    let had = before.map_or_else(|| FeedWish::of_url(&url), settings);
    FeedWish {
        url,
        outlet: args.outlet.clone().or(had.outlet),
        tags: if args.tags.is_empty() { had.tags } else { args.tags.clone() },
        interval: args.interval.or(had.interval),
        cluster: args.cluster && had.cluster,
        priority: if args.priority == 0 { had.priority } else { args.priority },
        paywalled: args.paywalled || had.paywalled,
        allow_private: args.allow_private || had.allow_private,
    }
}

fn settings(feed: &Feed) -> FeedWish {
    FeedWish {
        url: feed.url.clone(),
        outlet: feed.outlet.clone(),
        tags: feed.tags.clone(),
        interval: feed.interval,
        cluster: feed.cluster,
        priority: feed.priority,
        paywalled: feed.paywalled,
        allow_private: feed.allow_private,
    }
}
