//! The digest of the fixture day, in every format, through the shipped binary; and templates of a user's own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use crate::binary::Home;
use crate::markup::{markdown_faults, page_faults, unsafe_characters};

/// The fixture day, fetched; one feed after the other, so that always the same article is the first.
fn sample_day() -> Home {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut config = "[fetch]\nconcurrency = 1\n".to_owned();
    for name in names.iter().map(|name| name.to_str().unwrap()) {
        let tags = match name.split('.').next().unwrap() {
            "junction" | "kumonote" | "orbitfield" => "\"tech\"",
            "touchline" => "\"sport\"",
            "bramblestreet" | "parishbell" => "",
            _ => "\"news\"",
        };
        let url = folder.join(name).display().to_string();
        config.push_str(&format!("[[feeds]]\nurl = {url:?}\ntags = [{tags}]\n"));
    }
    let home = Home::with_config(&config);
    home.good(&["fetch"]);
    home
}

/// Ids depend on where the checkout lies and some moments on when the test runs: both are told by their place.
fn steadied(text: &str) -> String {
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let mut steady = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind_word = steady.ends_with(|c: char| c.is_alphanumeric());
        let word: String = rest.chars().take_while(|&c| is_id(c)).collect();
        let moment = rest.get(..20).filter(|moment| moment.ends_with('Z') && moment[..4].parse::<u16>().is_ok());
        if !behind_word && word.len() == 11 && word.starts_with('c') && word.contains(|c: char| c.is_ascii_digit()) {
            let next = ids.len() + 1;
            steady.push_str(&format!("CLUSTER{}", *ids.entry(word).or_insert(next)));
            rest = &rest[11..];
        } else if moment.is_some_and(|moment| moment > "2026-02-15") {
            steady.push_str("NOW");
            rest = &rest[20..];
        } else {
            steady.push(c);
            rest = &rest[c.len_utf8()..];
        }
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
    for (format, file) in
        [("text", "day.txt"), ("markdown", "day.md"), ("html", "day.html"), ("json", "day.json"), ("atom", "day.atom")]
    {
        let shown = home.good(&[&day[..], &[format]].concat()).stdout;
        assert_eq!(unsafe_characters(&shown), Vec::<String>::new(), "{format}");
        match format {
            "markdown" => assert_eq!(markdown_faults(&shown), Vec::<String>::new()),
            "html" => assert_eq!(page_faults(&shown), Vec::<String>::new()),
            _ => {}
        }
        check_expected(file, &steadied(&shown));
    }
    home.good(&[&day[..], &["epub", "--out", "day.epub"]].concat());
    check_expected("day.epub.txt", &steadied(&book(&fs::read(home.path("day.epub")).unwrap())));
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
        assert_eq!(steadied(&again), steadied(&built_in), "the built-in template, given back, changes nothing");
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
