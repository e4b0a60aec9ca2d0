//! What programs read: every JSON answer against its published schema, every CSV against its published columns.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::binary::{Home, articles, shared, text};
use crate::origin::{Answer, Origin};
use crate::samples::{DAM, Entry, rss};
use crate::stories::serve_fixtures;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema")
}

/// The schema of this name, such as `newsfold.clusters/1`.
fn schema(name: &str) -> Value {
    let path = folder().join(format!("{}.json", name.replace('/', "-")));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name} has no schema: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn validator(name: &str) -> Validator {
    jsonschema::validator_for(&schema(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Holds lines against one of a schema's definitions.
fn line_validator(name: &str, definition: &str) -> Validator {
    let whole = schema(name);
    let one = json!({"$schema": whole["$schema"], "$ref": format!("#/$defs/{definition}"), "$defs": whole["$defs"]});
    jsonschema::validator_for(&one).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn holds(validator: &Validator, document: &Value, what: &str) {
    let faults: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(faults.is_empty(), "{what}: {faults:#?}");
}

/// A document against the schema that it names.
fn keeps(document: &Value, what: &str) {
    holds(&validator(text(document, "schema")), document, what);
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("a file of it").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
}

#[test]
fn schemas_are_strict_and_say_what_each_key_means() {
    fn walk(at: &Value, path: &str, faults: &mut Vec<String>) {
        match at {
            Value::Object(object) => {
                if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                    if object.get("additionalProperties") != Some(&Value::Bool(false)) {
                        faults.push(format!("{path}: other keys are allowed"));
                    }
                    let listed = |key: &str| object.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
                    let tied = object.get("dependentRequired").and_then(Value::as_object).cloned().unwrap_or_default();
                    for (key, value) in properties {
                        if !listed("required").contains(&json!(key)) && !tied.contains_key(key) {
                            faults.push(format!("{path}/{key}: may be missing"));
                        }
                        let is_told = ["description", "$ref", "const"].iter().any(|word| value.get(word).is_some());
                        if !is_told {
                            faults.push(format!("{path}/{key}: is not described"));
                        }
                    }
                }
                object.iter().for_each(|(key, value)| walk(value, &format!("{path}/{key}"), faults));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, path, faults)),
            _ => {}
        }
    }
    let mut faults = Vec::new();
    let files = json_files(&folder());
    assert!(files.len() >= 9, "{files:?}");
    for path in files {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name").to_owned();
        let document: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a file")).expect("JSON");
        assert!(jsonschema::meta::is_valid(&document), "{name} is a schema");
        assert_eq!(text(&document, "title").replace('/', "-"), name);
        walk(&document, &name, &mut faults);
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn what_every_command_prints_keeps_its_schema() {
    let origin = Origin::start();
    let home = Home::new();
    let urls = serve_fixtures(&origin);
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    origin.serve("/gone", Answer::new(410, ""));
    let lamp = origin.url("/lamp");
    home.good(&[&["fetch", &lamp], &urls.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    let revised = Entry { title: "Orveth dam broken, 3,400 people safe", text: "Other words. All are safe.", ..DAM };
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[revised]), "application/rss+xml"));
    home.good(&["fetch", &lamp]);
    home.run(&["fetch", &origin.url("/gone")]);

    let list = home.json(&["clusters", "--format", "json"]);
    keeps(&list, "clusters");
    keeps(&home.json(&["clusters", "--since", "2200-01-01", "--format", "json"]), "clusters, none");
    let line = line_validator("newsfold.clusters/1", "cluster");
    let lines = home.good(&["clusters", "--format", "jsonl"]).stdout;
    assert!(lines.lines().count() > 20);
    for cluster in lines.lines() {
        holds(&line, &serde_json::from_str(cluster).expect("an object a line"), "clusters by line");
    }
    for cluster in list["clusters"].as_array().expect("a list") {
        keeps(&home.json(&["show", text(cluster, "id"), "--format", "json"]), "show");
    }
    let dam = home.json(&["search", "dam", "--format", "json"]);
    let shown = home.json(&["show", text(&dam["clusters"][0], "id"), "--format", "json"]);
    let revision = &shown["revisions"][0];
    assert_eq!((text(revision, "title"), text(revision, "title_after")), (DAM.title, revised.title));
    assert_eq!(shown["broken_by"], articles(&shown)[0]["id"]);
    assert!(home.good(&["show", text(&shown, "id")]).code == Some(0));

    keeps(&dam, "search");
    let line = line_validator("newsfold.search/1", "found");
    for found in home.good(&["search", "the", "--format", "jsonl"]).stdout.lines() {
        holds(&line, &serde_json::from_str(found).expect("an object a line"), "search by line");
    }
    let members: Vec<&str> = list["clusters"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(articles)
        .map(|article| text(article, "id"))
        .collect();
    for pair in members.windows(2).step_by(9) {
        keeps(&home.json(&["why", pair[0], "--format", "json"]), "why");
        keeps(&home.json(&["why", pair[0], pair[1], "--format", "json"]), "why, of two");
    }
    keep_corrections(&home, &list);
    keeps(&home.json(&["feeds", "list", "--format", "json"]), "feeds list");
    let line = line_validator("newsfold.feeds/1", "feed");
    for feed in home.good(&["feeds", "list", "--format", "jsonl"]).stdout.lines() {
        holds(&line, &serde_json::from_str(feed).expect("an object a line"), "feeds by line");
    }
    for url in [&lamp, &origin.url("/gone"), &origin.url("/nowhere")] {
        let checked = home.run(&["feeds", "check", url, "--format", "json"]).stdout;
        keeps(&serde_json::from_str(checked.trim()).expect("JSON"), "feeds check");
    }
    keeps(&home.json(&["feeds", "discover", &lamp, "--format", "json"]), "feeds discover");
    keeps(&home.json(&["status", "--format", "json"]), "status");
    // A feed of this home is gone, which is a fault.
    let ran = home.run(&["doctor", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    keeps(&serde_json::from_str(&ran.stdout).expect("JSON"), "doctor");
    keeps(&home.json(&["digest", "--format", "json"]), "digest");
    home.good(&["digest", "--catch-up", "--since", "2026-01-01"]);
    let editions = home.json(&["editions", "--format", "json"]);
    assert_eq!(editions["editions"].as_array().map(Vec::len), Some(1));
    keeps(&editions, "editions");
    let line = line_validator("newsfold.editions/1", "edition");
    let edition = home.good(&["editions", "--format", "jsonl"]).stdout;
    holds(&line, &serde_json::from_str(edition.trim()).expect("one object"), "editions by line");
    keeps(&home.json(&["demo", "--format", "json"]), "demo");
}

fn keep_corrections(home: &Home, list: &Value) {
    let ids: Vec<&str> =
        list["clusters"].as_array().expect("a list").iter().take(2).map(|cluster| text(cluster, "id")).collect();
    keeps(&home.json(&["apart", ids[0], ids[1], "--format", "json"]), "apart");
    let merged = home.json(&["merge", ids[0], ids[1], "--format", "json"]);
    keeps(&merged, "merge");
    let corrected = home.json(&["why", merged["moved"][0].as_str().expect("an id"), "--format", "json"]);
    keeps(&corrected, "why, of a correction");
    assert_eq!(corrected["correction"]["number"], 2);
    keeps(&home.json(&["undo", "--format", "json"]), "undo");
    keeps(&home.json(&["corrections", "--format", "json"]), "corrections");
    let line = line_validator("newsfold.corrections/1", "correction");
    for correction in home.good(&["corrections", "export"]).stdout.lines() {
        holds(&line, &serde_json::from_str(correction).expect("an object a line"), "corrections by line");
    }
}

#[test]
fn what_eval_prints_keeps_its_schema() {
    let home = Home::bare();
    let article = |id: &str, story: &str| {
        let told = json!({"id": id, "outlet": id, "title": "Orveth dam breached", "summary": "It broke.",
            "published": "2026-02-13T10:00:00Z", "lang": "en"});
        let mut told = told.as_object().expect("an object").clone();
        if !story.is_empty() {
            told.insert("story".to_owned(), json!(story));
        }
        Value::Object(told).to_string()
    };
    let keeps = validator("newsfold.eval/1");
    for story in ["", "dam"] {
        fs::write(home.path("archive.jsonl"), [article("a", story), article("b", story)].join("\n")).expect("a file");
        let figures = home.json(&["eval", "archive.jsonl", "--json"]);
        holds(&keeps, &figures, "eval");
        assert_eq!(figures.get("nmi").is_some(), !story.is_empty());
        let mut torn = figures.as_object().expect("an object").clone();
        torn.remove("nmi");
        torn.insert("ari".to_owned(), json!(1.0));
        assert!(!keeps.is_valid(&Value::Object(torn)), "all scores or none");
    }
    if let Some(archive) = shared("data/stories-dev.jsonl") {
        let some: Vec<String> =
            fs::read_to_string(archive).expect("text").lines().take(50).map(str::to_owned).collect();
        fs::write(home.path("some.jsonl"), some.join("\n")).expect("a file");
        holds(&keeps, &home.json(&["eval", "some.jsonl", "--json"]), "eval of an archive");
    }
}

/// The expected files hold what no feed of the news day says: hostile titles, corrections, moves.
#[test]
fn every_expected_answer_keeps_its_schema_and_no_other_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/expected/reading");
    let mut names = BTreeSet::new();
    for path in json_files(&folder) {
        let document: Value = serde_json::from_str(&fs::read_to_string(&path).expect("a file")).expect("JSON");
        // Names and values have none.
        let Some(name) = document["schema"].as_str() else { continue };
        names.insert(name.to_owned());
        let validator = validator(name);
        holds(&validator, &document, &path.display().to_string());
        for key in document.as_object().expect("an object").keys() {
            let mut less = document.clone();
            less.as_object_mut().expect("an object").remove(key);
            assert!(!validator.is_valid(&less), "{name} without `{key}`");
        }
        let mut more = document.clone();
        more.as_object_mut().expect("an object").insert("other".to_owned(), Value::Null);
        assert!(!validator.is_valid(&more), "{name} with another key");
    }
    assert!(names.len() >= 7, "{names:?}");
}

/// `docs/formats.md` lists the columns of every CSV, in their order.
#[test]
fn the_columns_of_every_csv_are_published() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md")).expect("the page");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/expected/reading");
    for (file, command) in [
        ("clusters", "clusters"),
        ("search", "search"),
        ("show", "show"),
        ("why", "why"),
        ("feeds", "feeds list"),
        ("discovery", "feeds discover"),
        ("editions", "editions"),
    ] {
        let sheet = fs::read_to_string(folder.join(format!("{file}.csv"))).expect("an expected file");
        let columns: Vec<&str> = sheet.lines().next().expect("a header").trim_end().split(',').collect();
        let (_, section) = page.split_once(&format!("\n### `{command}`")).unwrap_or_else(|| panic!("no `{command}`"));
        let section = section.split("\n###").next().unwrap_or_default();
        let told: Vec<&str> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(column, _)| column)
            .collect();
        assert_eq!(told, columns, "{command}");
    }
}
