//! The digest of the fixture day, in every format, through the shipped binary; and templates of a user's own.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binary::{Home, articles, text};
use crate::markup::{markdown_faults, page_faults, unsafe_characters, xml_faults};

/// The fixture day, fetched; one feed after the other, so that always the same article is the first.
fn sample_day() -> Home {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let path = |name: &str| folder.join(name).display().to_string();
    let names: Vec<&str> = names.iter().map(|name| name.to_str().unwrap()).collect();
    let mut config = String::new();
    for name in &names {
        let tags = match name.split('.').next().unwrap() {
            "junction" | "kumonote" | "orbitfield" => "\"tech\"",
            "touchline" => "\"sport\"",
            "bramblestreet" | "parishbell" => "",
            _ => "\"news\"",
        };
        config.push_str(&format!("[[feeds]]\nurl = {:?}\ntags = [{tags}]\n", path(name)));
    }
    let home = Home::with_config(&config);
    for name in names {
        home.good(&["fetch", &path(name)]);
    }
    home
}

/// Ids are other ones in every database, and some moments depend on when the test runs: both are told by what they are. `ids` are the
/// stories', in order.
fn steadied(text: &str, ids: &[String]) -> String {
    let mut text = text.to_owned();
    for (number, id) in ids.iter().enumerate() {
        text = text.replace(id, &format!("CLUSTER{}", number + 1));
    }
    let mut steady = String::new();
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        let moment = rest.get(..20).filter(|moment| moment.ends_with('Z') && moment[..4].parse::<u16>().is_ok());
        let taken = if moment.is_some_and(|moment| moment > "2026-02-15") { 20 } else { c.len_utf8() };
        steady.push_str(if taken == 20 { "NOW" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    let made = |line: &str| match line.split_once("<time datetime=\"NOW\">") {
        Some((before, behind)) => format!("{before}<time>NOW{}\n", &behind[behind.find('<').unwrap()..]),
        None => format!("{line}\n"),
    };
    steady.lines().map(made).collect()
}

fn check_expected(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/expected/digests").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        return fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    for (number, (old, new)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(new, old, "`{name}`, line {}; UPDATE_EXPECTED=1 accepts what is", number + 1);
    }
    assert!(expected == actual, "`{name}` is longer or shorter; UPDATE_EXPECTED=1 accepts what is");
}

/// Where a digest departs from its published schema; a key that the schema does not describe is a fault of the schema.
fn schema_faults(digest: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/newsfold.digest-1.json");
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let digest: Value = serde_json::from_str(digest).unwrap();
    let mut faults: Vec<String> =
        validator.iter_errors(&digest).map(|error| format!("{error} at {}", error.instance_path())).collect();
    let mut broken = digest.clone();
    broken["stories"][0]["also_covered_by"] = "nobody".into();
    if validator.is_valid(&broken) {
        faults.push("the schema lets anything pass".to_owned());
    }
    faults
}

/// The schema with no room for keys that it does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            keys.values_mut().for_each(close);
            if keys.contains_key("properties") && keys.get("type") == Some(&"object".into()) {
                keys.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// The files of a book, one after the other.
fn book(bytes: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    for place in 0..archive.len() {
        let mut file = archive.by_index(place).unwrap();
        text.push_str(&format!("==== {}\n", file.name().unwrap()));
        file.read_to_string(&mut text).unwrap();
        text.push('\n');
    }
    text
}

#[test]
fn the_fixture_day_in_every_format_is_as_expected() {
    let home = sample_day();
    let day = "digest --since 2026-02-12T12:00:00Z --until 2026-02-14 --tz Europe/Berlin --top 12 --section news --section tech";
    let day: Vec<&str> = day.split(' ').chain(["--name", "The sample day", "--format"]).collect();
    let told = home.json(&[&day[..], &["json"]].concat());
    let ids: Vec<String> =
        told["stories"].as_array().unwrap().iter().map(|story| text(story, "id").to_owned()).collect();
    for (format, file) in
        [("text", "day.txt"), ("markdown", "day.md"), ("html", "day.html"), ("json", "day.json"), ("atom", "day.atom")]
    {
        let shown = home.good(&[&day[..], &[format]].concat()).stdout;
        assert_eq!(unsafe_characters(&shown), Vec::<String>::new(), "{format}");
        match format {
            "markdown" => assert_eq!(markdown_faults(&shown), Vec::<String>::new()),
            "html" => assert_eq!(page_faults(&shown), Vec::<String>::new()),
            "atom" => assert_eq!(xml_faults(&shown), Vec::<String>::new()),
            "json" => assert_eq!(schema_faults(&shown), Vec::<String>::new()),
            _ => {}
        }
        check_expected(file, &steadied(&shown, &ids));
    }
    home.good(&[&day[..], &["epub", "--out", "day.epub"]].concat());
    epubcheck(&home.path("day.epub"));
    check_expected("day.epub.txt", &steadied(&book(&fs::read(home.path("day.epub")).unwrap()), &ids));
}

/// Holds a book against the W3C's own checker, where Debian's package of it is installed.
fn epubcheck(book: &Path) {
    let jar = Path::new("/usr/share/java/epubcheck.jar");
    if !jar.exists() {
        return println!("skipped: no epubcheck at `{}`", jar.display());
    }
    let output = Command::new("java").arg("-jar").arg(jar).arg("--failonwarnings").arg(book).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A feed reader (our own) makes of the Atom digest what is in it: a story an entry, its headline, its link, its moment.
#[test]
fn the_atom_digest_is_a_feed_that_can_be_subscribed_to() {
    let home = sample_day();
    let window = ["digest", "--since", "2026-02-12", "--until", "2026-02-14", "--min-outlets", "2", "--format"];
    home.good(&[&window[..], &["atom", "--out", "day.atom"]].concat());
    let digest = home.json(&[&window[..], &["json"]].concat());
    let reader = Home::new();
    reader.good(&["fetch", &home.path("day.atom").display().to_string()]);
    let read: BTreeSet<[String; 3]> = reader
        .clusters()
        .iter()
        .flat_map(articles)
        .map(|article| ["title", "url", "published"].map(|key| text(article, key).to_owned()))
        .collect();
    let stories = digest["stories"].as_array().unwrap();
    let written =
        stories.iter().map(|story| ["headline", "url", "first_published"].map(|key| text(story, key).to_owned()));
    assert_eq!(read, written.collect());
    assert!(read.len() > 5);
}

#[test]
fn a_template_of_ones_own_takes_the_place_of_the_built_in_one() {
    let home = sample_day();
    let window = ["digest", "--since", "2026-02-12", "--until", "2026-02-14", "--top", "5"];
    for format in ["text", "markdown", "html", "atom"] {
        let template = home.good(&["digest", "--print-template", format]).stdout;
        fs::write(home.path("same"), &template).unwrap();
        let built_in = home.good(&[&window[..], &["--format", format]].concat()).stdout;
        let again = home.good(&[&window[..], &["--format", format, "--template", "same"]].concat()).stdout;
        assert_eq!(
            steadied(&again, &[]),
            steadied(&built_in, &[]),
            "the built-in template, given back, changes nothing"
        );
    }
    fs::write(
        home.path("short.html"),
        "{% extends \"html\" %}\n{% block story %}<p>{{ story.headline }}</p>\n{% endblock %}",
    )
    .unwrap();
    let short = home.good(&[&window[..], &["--format", "html", "--template", "short.html"]].concat()).stdout;
    assert_eq!(
        short.matches("<p>").count() - short.matches("<header").count() * 2,
        5 + short.matches("<footer").count()
    );

    let check = |args: &[&str], expected: &str| {
        let ran = home.run(&[&window[..], args].concat());
        assert_eq!((ran.code, ran.stderr.lines().count()), (Some(2), 1), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    };
    fs::write(home.path("wrong.html"), "<p>\n{{ digest.titel }}").unwrap();
    check(
        &["--format", "html", "--template", "wrong.html"],
        "`wrong.html`, line 2: undefined value: `digest.titel` is undefined",
    );
    check(
        &["--format", "json", "--template", "short.html"],
        "only text, markdown, html and atom are written by a template",
    );
    check(&["--template", "missing.html"], "cannot read the template `missing.html`");
    fs::write(home.path("long"), "x".repeat((1 << 20) + 1)).unwrap();
    check(&["--template", "long"], "is longer than 1 MiB");
    let none = home.run(&["digest", "--print-template", "epub"]);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
}
