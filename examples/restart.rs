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
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use newsfold::model::{Entry, Feed, FeedWish};
use newsfold::prepare;
use newsfold::store::Store;
use newsfold::writer::{Archived, Params, Writer};
use serde::Deserialize;

/// Articles of one transaction.
const BATCH: usize = 1_000;

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

fn archived(writer: &mut Writer, feeds: &mut BTreeMap<String, Feed>, line: Line) -> Result<Archived> {
    if !feeds.contains_key(&line.outlet) {
        let url = format!("archive:{}", feeds.len() + 1);
        let wish = FeedWish { outlet: Some(line.outlet.clone()), ..FeedWish::of_url(&url) };
        writer.store().add_feed(&wish, Timestamp::UNIX_EPOCH)?;
        let feed = writer.store().feed(&url)?.context("it was just added")?;
        feeds.insert(line.outlet.clone(), feed);
    }
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
    Ok(Archived {
        feed: feeds[&line.outlet].clone(),
        draft: prepare::draft(entry, &context),
        seen: line.published,
        ahead: None,
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
    let file = BufReader::new(std::fs::File::open(&archive).with_context(|| format!("cannot read `{archive}`"))?);
    let mut writer = Writer::new(Store::open(&path, 1, Timestamp::UNIX_EPOCH)?, Params::default())?;
    let (mut feeds, mut batch, mut articles) = (BTreeMap::new(), Vec::new(), 0);
    let mut last = None;
    let began = Instant::now();
    for line in file.lines() {
        let line: Line = serde_json::from_str(&line?).with_context(|| format!("`{archive}` line {}", articles + 1))?;
        articles += 1;
        let next = archived(&mut writer, &mut feeds, line)?;
        // The last one is kept back: it is the first after the restart.
        batch.extend(last.replace(next));
        if batch.len() >= BATCH {
            writer.archive(&batch)?;
            batch.clear();
        }
    }
    writer.archive(&batch)?;
    let stored = began.elapsed();
    while writer.index_some()? {}
    let indexed = began.elapsed();
    writer.store().checkpoint()?;
    drop(writer);

    let last = last.context("the archive is empty")?;
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
