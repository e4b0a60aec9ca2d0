//! Conductor: `feeds`: which feeds there are, and adding and removing them.

pub mod add;
pub mod check;
pub mod discover;
pub mod exchange;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::time::Instant;
use url::Url;

use crate::app::context::{Context, Failure};
use crate::cli::{Exit, FeedsListArgs};
use crate::config;
use crate::fetch::is_loopback;
use crate::fetch::policy::redact;
use crate::listing::{self, Format};
use crate::model::{Feed, FeedWish, Origin, host_of};

/// A feed as it is typed: a URL or a path.
///
/// # Errors
/// When it is neither.
pub fn wish_of(text: &str) -> Result<FeedWish, Failure> {
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    Ok(FeedWish::of_url(config::feed_url(text, &folder).map_err(Failure::misused)?))
}

/// Lists every feed that is asked, and how it is doing. What people look at hides what opens something; programs get each
/// address as it was configured, for by it the feed is named.
///
/// # Errors
/// When the database cannot be read.
pub fn list(context: &Context, args: &FeedsListArgs) -> Result<Exit, Failure> {
    let mut feeds = known(context)?;
    feeds.retain(|feed| !args.trouble || feed.state.health.is_trouble());
    let format = context.list_format(args.format);
    if matches!(format, Format::Table | Format::Markdown) {
        for feed in &mut feeds {
            feed.url = redact(&feed.url);
            feed.state.moved_to = feed.state.moved_to.as_deref().map(redact);
            if let Some(moving) = &mut feed.state.moving {
                moving.to = redact(&moving.to);
            }
        }
    }
    context.print(&listing::feeds(&feeds, format, &context.style()))
}

/// Stops asking feeds; their articles stay. A feed of the config file belongs to it.
///
/// # Errors
/// When one is not there, or is the config's.
pub fn remove(context: &Context, urls: &[String]) -> Result<Exit, Failure> {
    let known = known(context)?;
    for text in urls {
        let url = wish_of(text)?.url;
        // By its address, or by what tables show of it where that is one feed's alone.
        let shown: Vec<&Feed> = known.iter().filter(|feed| redact(&feed.url) == url).collect();
        let found = known.iter().find(|feed| feed.url == url).or(if let [one] = shown[..] { Some(one) } else { None });
        match found {
            None => return Err(anyhow!("there is no feed `{}`; `newsfold feeds list` lists them", redact(&url)).into()),
            Some(feed) if feed.origin == Origin::Config => {
                let path =
                    context.config_path.as_ref().map_or_else(String::new, |path| format!(" `{}`", path.display()));
                return Err(anyhow!("`{}` belongs to the config file{path}; take it out there", redact(&url)).into());
            }
            Some(feed) => {
                context.store()?.remove_feed(&feed.url)?;
                context.tell(&format!("{}: removed; its articles stay", redact(&url)));
            }
        }
    }
    Ok(Exit::Done)
}

/// The feeds that are asked.
fn known(context: &Context) -> Result<Vec<Feed>, Failure> {
    let mut feeds = context.known_feeds()?;
    feeds.retain(|feed| feed.active);
    Ok(feeds)
}

/// The pause that every host is owed between two requests of one command.
pub struct Courtesy {
    spacing: Duration,
    /// When each host was last asked.
    asked: BTreeMap<String, Instant>,
}

impl Courtesy {
    /// The pause of the config.
    pub fn of(context: &Context) -> Courtesy {
        Courtesy { spacing: context.ingest_params().host_spacing, asked: BTreeMap::new() }
    }

    /// Waits until the host of this URL may be asked; this machine and its files always may.
    pub async fn wait(&mut self, url: &str) {
        let url = Url::parse(url).ok().filter(|url| !is_loopback(url));
        let Some(host) = url.as_ref().and_then(host_of) else { return };
        if let Some(last) = self.asked.get(&host) {
            tokio::time::sleep_until(*last + self.spacing).await;
        }
        self.asked.insert(host, Instant::now());
    }
}
