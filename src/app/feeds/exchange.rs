//! Conductor: `feeds import` and `feeds export`: lists of feeds as OPML.

use std::collections::BTreeSet;
use std::io::Read;

use anyhow::{Context as _, anyhow};

use crate::app::context::{Context, Failure};
use crate::app::feeds::{known, wish_of};
use crate::cli::{Exit, Place};
use crate::fetch::error::one_line;
use crate::listing::plain::count;
use crate::model::{Feed, FeedWish};
use crate::opml::{self, Outline, Outlines, Own};

/// Adds the feeds of an OPML list; those that are known stay as they are. Nothing is asked: the list may be somebody else's,
/// and each feed is asked when it is due.
///
/// # Errors
/// When it cannot be read, holds no list, or nothing in it can be fetched.
pub fn import(context: &Context, from: &Place, files: bool) -> Result<Exit, Failure> {
    let params = opml::Params { files, ..opml::Params::default() };
    let list = opml::read(&read(from, params.bytes_max)?, &params).map_err(anyhow::Error::from)?;
    let known: BTreeSet<String> = known(context)?.into_iter().map(|feed| feed.url).collect();
    let mut wishes = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    for outline in &list.feeds {
        match wish(outline) {
            Ok(wish) => wishes.push(wish),
            Err(failure) => refused.push(format!("left out: {}", one_line(failure.error.as_ref()))),
        }
    }
    let found = wishes.len();
    wishes.retain(|wish| !known.contains(&wish.url));
    let added = if wishes.is_empty() { 0 } else { context.store()?.add_feeds(&wishes, context.now)? };
    let left_out = list.left_out + refused.len();
    for warning in list.warnings.iter().chain(refused.iter().take(params.warnings_max)) {
        context.tell(warning);
    }
    if found == 0 && left_out > 0 {
        return Err(anyhow!("nothing in this list can be fetched: {} left out", count(left_out, "feed")).into());
    }
    context.tell(&summary(&list, added, found - added, left_out));
    Ok(Exit::Done)
}

/// `3 feeds added, 2 already there; 1 stood in the list twice; 4 were left out`.
fn summary(list: &Outlines, added: usize, known: usize, left_out: usize) -> String {
    let mut summary = format!("{} added, {known} already there", count(added, "feed"));
    if list.duplicates > 0 {
        summary.push_str(&format!("; {} more of the list named one of these again", list.duplicates));
    }
    if left_out > 0 {
        summary.push_str(&format!("; {left_out} left out"));
    }
    summary
}

/// The feed of an outline, in the spelling of `feeds add`, or one feed would be there twice.
fn wish(outline: &Outline) -> Result<FeedWish, Failure> {
    let own = &outline.own;
    let bare = wish_of(&outline.url)?;
    Ok(FeedWish {
        outlet: own.outlet.clone(),
        tags: outline.tags.clone(),
        interval: own.interval,
        cluster: own.cluster.unwrap_or(bare.cluster),
        priority: own.priority.unwrap_or(bare.priority),
        paywalled: own.paywalled.unwrap_or(bare.paywalled),
        ..bare
    })
}

/// Writes all feeds as OPML, their settings among them; not what opens private networks, nor a feed's headers.
///
/// # Errors
/// When the database cannot be read or the file not be written.
pub fn export(context: &Context, to: &Place) -> Result<Exit, Failure> {
    let outlines: Vec<Outline> = known(context)?.into_iter().map(outline).collect();
    context.write(to, &opml::write(&outlines))
}

fn outline(feed: Feed) -> Outline {
    Outline {
        title: feed.outlet.clone().or(feed.title),
        url: feed.url,
        tags: feed.tags,
        site: feed.site,
        own: Own {
            outlet: feed.outlet,
            interval: feed.interval,
            cluster: (!feed.cluster).then_some(false),
            priority: (feed.priority != 0).then_some(feed.priority),
            paywalled: feed.paywalled.then_some(true),
        },
    }
}

/// Reads a list, and one byte more than it may have, so that a longer one is refused and not cut.
fn read(from: &Place, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    match from {
        Place::Standard => {
            std::io::stdin().take(bytes_max).read_to_end(&mut bytes).context("cannot read standard input")?;
        }
        Place::File(path) => {
            let cannot = || format!("cannot read `{}`", path.display());
            let file = std::fs::File::open(path).with_context(cannot)?;
            file.take(bytes_max).read_to_end(&mut bytes).with_context(cannot)?;
        }
    }
    Ok(bytes)
}
