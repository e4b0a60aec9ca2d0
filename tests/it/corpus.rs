//! Feeds of other projects' test suites, nobody's of our own: whether their entries are found, and whether they are read right.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::{fs, str};

use newsfold::clean;
use newsfold::model::{Entry, ParsedFeed, Rung};
use newsfold::parse::{self, Hints, ParseError};
use url::Url;

use crate::binary::shared;
use crate::python::{Expected, Value};

/// A row of the corpus's manifest whose file is beside us.
struct Row {
    path: String,
    is_live: bool,
    is_news: bool,
    feedparser: usize,
    /// The most that any of four readers found.
    most: usize,
    body: Vec<u8>,
}

fn corpus() -> Option<Vec<Row>> {
    let folder = shared("feeds")?;
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).expect("the manifest can be read");
    let rows = manifest.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let count = |column: usize| cells[column].parse::<usize>().unwrap_or(0);
        Some(Row {
            path: cells[0].to_owned(),
            is_live: cells[6] == "yes",
            is_news: cells[6] == "yes" && cells[7] == "yes",
            feedparser: count(9),
            most: count(9).max(count(10)).max(count(11)).max(count(12)),
            // Part of the manifest's files are not beside us.
            body: inflated(fs::read(folder.join(cells[0])).ok()?),
        })
    });
    Some(rows.collect())
}

/// Bodies of two files are gzip, which `fetch` inflates.
fn inflated(body: Vec<u8>) -> Vec<u8> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return body;
    }
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut inflated).expect("it is gzip");
    inflated
}

fn read(body: &[u8], headers: &[(String, String)]) -> Result<ParsedFeed, ParseError> {
    let header =
        |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let document = Url::parse("http://127.0.0.1:8097/").expect("a URL");
    let base = header("Content-Location").and_then(|at| document.join(at).ok()).unwrap_or(document);
    parse::feed(
        body,
        &Hints { content_type: header("Content-Type").map(str::to_owned), base: Some(base), ..Hints::default() },
    )
}

#[test]
fn the_entries_of_the_corpus_are_found() {
    let Some(rows) = corpus() else { return };
    let mut rungs: BTreeMap<Rung, usize> = BTreeMap::new();
    let (mut files, mut with_entries) = (0, 0);
    let (mut live, mut live_with, mut live_enough) = (0, 0, 0);
    let (mut news, mut news_with, mut news_entries, mut news_expected) = (0, 0, 0, 0);
    let mut silent = Vec::new();
    let beyond: Vec<_> = rows
        .iter()
        .filter(|row| row.most == 0)
        .filter_map(|row| Some((&row.path, read(&row.body, &headers(&row.body)).ok()?.entries.len())))
        .filter(|(_, found)| *found > 0)
        .collect();
    println!("entries where no other reader finds any: {beyond:?}");
    for row in rows.iter().filter(|row| row.most > 0) {
        let feed = read(&row.body, &headers(&row.body));
        let found = feed.as_ref().map_or(0, |feed| feed.entries.len());
        files += 1;
        with_entries += usize::from(found > 0);
        match &feed {
            Ok(feed) => *rungs.entry(feed.rung).or_default() += 1,
            Err(error) => println!("not read: {}: {error}", row.path),
        }
        if found == 0 && feed.is_ok() {
            silent.push(row.path.as_str());
        }
        if row.is_live {
            live += 1;
            live_with += usize::from(found > 0);
            live_enough += usize::from(found >= row.feedparser);
        }
        if found < row.most && found > 0 {
            println!("fewer: {}: {found} of {}", row.path, row.most);
        }
        if row.is_news {
            news += 1;
            news_with += usize::from(found > 0);
            news_entries += found;
            news_expected += row.feedparser;
        }
    }
    println!("files with entries: {with_entries} of {files}; by rung: {rungs:?}");
    println!("live captures with entries: {live_with} of {live}; with at least feedparser's count: {live_enough}");
    println!("news captures with entries: {news_with} of {news}; entries {news_entries} of {news_expected}");
    println!("silent empties: {silent:?}");
    assert!(silent.is_empty());
    assert_eq!(live_with, live);
    assert_eq!(news_with, news);
    assert!(live_enough * 1000 >= live * 995, "{live_enough} of {live}");
    assert!(with_entries * 100 >= files * 98, "{with_entries} of {files}");
}

/// The HTTP headers that a case of feedparser's assumes.
fn headers(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("Header:"));
    lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Agrees,
    Differs,
}

#[test]
fn feedparsers_expectations_of_entries_are_met() {
    let Some(folder) = shared("feeds/feedparser/tests") else { return };
    let mut files = Vec::new();
    xml_files(&folder, &mut files);
    files.sort();
    let mut outcomes: BTreeMap<(bool, Outcome), usize> = BTreeMap::new();
    for file in &files {
        let body = fs::read(file).expect("a file of the corpus can be read");
        let Some(expected) = expected(&body) else { continue };
        let name = file.strip_prefix(&folder).unwrap_or(file).display().to_string();
        // What feedparser expects there is HTML of its own sanitiser, which we have no part of: both are compared as the
        // plain text that we make of them.
        let is_sanitised = name.starts_with("wellformed/sanitize");
        let feed = read(&body, &headers(&body));
        let entries = feed.map(|feed| feed.entries).unwrap_or_default();
        let agrees = expected.fields.iter().all(|(at, field)| {
            entries.get(*at).is_some_and(|entry| is_met(entry, field, &expected.value, is_sanitised))
        });
        let outcome = if agrees { Outcome::Agrees } else { Outcome::Differs };
        *outcomes.entry((is_sanitised, outcome)).or_default() += 1;
        if !agrees {
            let (at, field) = &expected.fields[0];
            println!(
                "differs: {name}: {field} is {:?}, expected {:?}",
                entries.get(*at).map(|entry| told(entry, field)),
                expected.value
            );
        }
    }
    let count = |is_sanitised: bool, outcome: Outcome| outcomes.get(&(is_sanitised, outcome)).copied().unwrap_or(0);
    let (plain, plain_not) = (count(false, Outcome::Agrees), count(false, Outcome::Differs));
    let (sanitised, sanitised_not) = (count(true, Outcome::Agrees), count(true, Outcome::Differs));
    println!("plain: {plain} of {} agree; sanitised: {sanitised} of {}", plain + plain_not, sanitised + sanitised_not);
    assert!(plain + plain_not > 90, "the cases were found");
    assert!(plain * 100 >= (plain + plain_not) * 95);
    assert!(sanitised_not <= 1);
}

fn xml_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the corpus can be read") {
        let path = entry.expect("an entry of it too").path();
        if path.is_dir() {
            xml_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
}

/// The expectation at the head of a case, if it is an equality on an entry's title, link, id or date.
fn expected(body: &[u8]) -> Option<Expected> {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Expect:"))?.trim().to_owned();
    let expected = Expected::parse(line.strip_prefix("not bozo and ").unwrap_or(&line))?;
    let fields = [
        "title",
        "link",
        "id",
        "guid",
        "published",
        "updated",
        "created",
        "published_parsed",
        "updated_parsed",
        "created_parsed",
    ];
    expected.fields.iter().all(|(_, field)| fields.contains(&field.as_str())).then_some(expected)
}

fn is_met(entry: &Entry, field: &str, expected: &Value, is_sanitised: bool) -> bool {
    let plain = |html: &str| clean::title(html, &clean::Limits::default());
    match (field, expected) {
        ("title", Value::Text(expected)) if is_sanitised => entry.title.as_deref().map(plain) == Some(plain(expected)),
        ("title" | "link" | "id" | "guid", Value::Text(expected)) => told(entry, field).as_ref() == Some(expected),
        // Dates as the file wrote them: the same moment must come of both.
        (_, Value::Text(expected)) => {
            let with_date =
                format!("<rss version='2.0'><channel><item><pubDate>{expected}</pubDate></item></channel></rss>");
            let moment = read(with_date.as_bytes(), &[]).expect("a feed").entries[0].published;
            moment.is_some() && told(entry, field) == moment.map(|moment| moment.to_string())
        }
        (_, Value::Moment(moment)) => told(entry, field).as_ref() == Some(moment),
    }
}

/// A field of an entry as the expectations speak of it.
fn told(entry: &Entry, field: &str) -> Option<String> {
    match field {
        "title" => entry.title.clone(),
        "link" => entry.link.clone(),
        "id" | "guid" => entry.guid.clone(),
        // feedparser takes `dc:date` for the date of change, where we take it for that of publication.
        _ if field.starts_with("updated") => entry.updated.or(entry.published).map(|moment| moment.to_string()),
        _ => entry.published.map(|moment| moment.to_string()),
    }
}
