//! How long a database takes to be ready again: stores an archive as `run` would, indexed for search, closes the file, opens it anew
//! and times the first batch, which waits until the window is read back.
//!
//! usage: cargo run --release --example restart -- ARCHIVE.jsonl FOLDER
//!
//! FOLDER gets `restart.db` (one that stands there is replaced). Prints one JSON object: articles, seconds to store and to index
//! them, seconds from opening the file to the first article placed, and how many articles the window held then.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use newsfold::features::{self, ahead::Ahead};
use newsfold::model::{Draft, Entry, Feed, FeedWish};
use newsfold::prepare;
use newsfold::store::Store;
use newsfold::writer::{Archived, Params, Writer};
use serde::Deserialize;

/// Articles of one transaction.
const BATCH: usize = 4_000;

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    outlet: String,
    url: Option<String>,
    title: String,
    #[serde(default)]
    summary: String,
    published: Timestamp,
    lang: Option<String>,
}

/// A line that is read, cleaned and has its features, as the threads that read feeds hand it to the writer.
struct Ready {
    outlet: String,
    seen: Timestamp,
    draft: Draft,
    ahead: Ahead,
}

fn ready(line: Line) -> Ready {
    let entry = Entry {
        guid: Some(line.id),
        link: line.url,
        title: Some(line.title),
        summary: Some(line.summary),
        published: Some(line.published),
        lang: line.lang,
        ..Entry::default()
    };
    let params = prepare::Params::default();
    let context = prepare::Context { base: None, site: None, now: line.published, params: &params };
    let draft = prepare::draft(entry, &context);
    let ahead = Ahead::of(std::slice::from_ref(&draft), features::Params::default());
    Ready { outlet: line.outlet, seen: line.published, draft, ahead }
}

fn archived(writer: &mut Writer, feeds: &mut BTreeMap<String, Feed>, ready: Ready) -> Result<Archived> {
    if !feeds.contains_key(&ready.outlet) {
        let url = format!("archive:{}", feeds.len() + 1);
        let wish = FeedWish { outlet: Some(ready.outlet.clone()), ..FeedWish::of_url(&url) };
        writer.store().add_feed(&wish, Timestamp::UNIX_EPOCH)?;
        let feed = writer.store().feed(&url)?.context("it was just added")?;
        feeds.insert(ready.outlet.clone(), feed);
    }
    let feed = feeds[&ready.outlet].clone();
    Ok(Archived { feed, draft: ready.draft, seen: ready.seen, ahead: Some(ready.ahead) })
}

/// Stores an archive; gives how many articles it has and the last of them, which is kept back.
fn store(archive: &str, writer: &mut Writer) -> Result<(usize, Archived)> {
    let file = BufReader::new(std::fs::File::open(archive).with_context(|| format!("cannot read `{archive}`"))?);
    let (sender, receiver) = sync_channel::<Result<Vec<Ready>>>(4);
    let (mut feeds, mut articles, mut last) = (BTreeMap::new(), 0, None);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut lines = file.lines().enumerate();
            loop {
                let some: Result<Vec<Ready>> = lines
                    .by_ref()
                    .take(BATCH)
                    .map(|(place, line)| {
                        let line = serde_json::from_str(&line?);
                        Ok(ready(line.with_context(|| format!("`{archive}` line {}", place + 1))?))
                    })
                    .collect();
                let is_last = some.as_ref().map_or(true, Vec::is_empty);
                // Nobody takes it where storing failed.
                if sender.send(some).is_err() || is_last {
                    return;
                }
            }
        });
        for some in receiver {
            let mut batch = Vec::with_capacity(BATCH);
            for ready in some? {
                articles += 1;
                batch.extend(last.replace(archived(writer, &mut feeds, ready)?));
            }
            writer.archive(&batch)?;
        }
        Ok((articles, last.context("the archive is empty")?))
    })
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (archive, folder) = arguments.next().zip(arguments.next()).context("say ARCHIVE.jsonl and FOLDER")?;
    let path = Path::new(&folder).join("restart.db");
    for ending in ["", "-wal", "-shm"] {
        let old = Path::new(&folder).join(format!("restart.db{ending}"));
        if old.exists() {
            std::fs::remove_file(old)?;
        }
    }
    let mut writer = Writer::new(Store::open(&path, 1, Timestamp::UNIX_EPOCH)?, Params::default())?;
    let began = Instant::now();
    let (articles, last) = store(&archive, &mut writer)?;
    let stored = began.elapsed();
    while writer.index_some()? {}
    let indexed = began.elapsed();
    writer.store().checkpoint()?;
    drop(writer);

    let began = Instant::now();
    let mut writer = Writer::new(Store::open(&path, 1, Timestamp::UNIX_EPOCH)?, Params::default())?;
    writer.archive(std::slice::from_ref(&last))?;
    let restarted = began.elapsed();
    ensure!(writer.window_articles() > 0, "the window is empty");
    println!(
        "{{\"articles\": {articles}, \"stored_seconds\": {:.2}, \"indexed_seconds\": {:.2}, \"restart_seconds\": {:.3}, \
         \"window_articles\": {}}}",
        stored.as_secs_f64(),
        indexed.as_secs_f64(),
        restarted.as_secs_f64(),
        writer.window_articles(),
    );
    Ok(())
}
