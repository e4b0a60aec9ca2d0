//! Every command, flag and form of the interface, over our own news day.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{Home, Ran, articles, shared, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, rss};
use crate::stories::serve_fixtures;

/// The news day, fetched.
fn day() -> (Origin, Home) {
    let origin = Origin::start();
    let mut config = "[fetch]\nallow_private_addresses = true\nper_host = 16\n".to_owned();
    for url in serve_fixtures(&origin) {
        let tag = if url.ends_with("json") { "machines" } else { "papers" };
        config.push_str(&format!("[[feeds]]\nurl = \"{url}\"\ntags = [\"{tag}\"]\n"));
    }
    let home = Home::with_config(&config);
    home.good(&["fetch"]);
    (origin, home)
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap_or_else(|| panic!("an object: {value}")).keys().map(String::as_str).collect()
}

/// At least these keys are there.
fn holds(value: &Value, wanted: &str) {
    let keys = keys(value);
    for key in wanted.split(' ') {
        assert!(keys.contains(key), "`{key}` is missing: {keys:?}");
    }
}

fn list(home: &Home, args: &[&str]) -> Vec<Value> {
    let args = [&["clusters", "--format", "json"], args].concat();
    home.json(&args)["clusters"].as_array().expect("a list").clone()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("`{key}` is no number: {value}"))
}

#[test]
fn clusters_keep_the_contract() {
    let (_origin, home) = day();
    let document = home.json(&["clusters", "--format", "json"]);
    assert_eq!(document["schema"], "newsfold.clusters/1");
    holds(&document, "schema generated clusters");
    let all = document["clusters"].as_array().expect("a list").clone();
    for cluster in &all {
        holds(
            cluster,
            "id headline summary lang rank first_published last_published first_seen updated article_count outlet_count \
             independent_count tags representative articles",
        );
        assert_eq!(number(cluster, "article_count"), articles(cluster).len() as u64, "every article is listed");
        let mut times = Vec::new();
        for article in articles(cluster) {
            holds(
                article,
                "id title url outlet feed also_in author published seen lang text image links date_doubt revision copy_of joined",
            );
            holds(&article["joined"], "how probability because");
            for evidence in article["joined"]["because"].as_array().expect("a list") {
                holds(evidence, "what weight shared");
            }
            assert!(text(article, "published").ends_with('Z'));
            times.push(text(article, "published").to_owned());
            assert!(text(article, "id").starts_with('a') && text(article, "feed").starts_with("http"));
        }
        assert!(times.is_sorted());
        assert!(articles(cluster).iter().any(|article| article["id"] == cluster["representative"]));
        assert!(text(cluster, "id").starts_with('c'));
    }
}

#[test]
fn clusters_come_in_every_order_and_form_and_under_every_filter() {
    let (origin, home) = day();
    let all = list(&home, &[]);
    // Orders.
    let is_falling = |clusters: &[Value], key: fn(&Value) -> f64| clusters.is_sorted_by(|a, b| key(a) >= key(b));
    assert!(is_falling(&all, |cluster| cluster["rank"].as_f64().expect("a number")), "best first");
    assert!(is_falling(&list(&home, &["--sort", "size"]), |cluster| number(cluster, "article_count") as f64));
    let moments = |args: &[&str], key: &str| -> Vec<String> {
        list(&home, args).iter().map(|cluster| text(cluster, key).to_owned()).collect()
    };
    assert!(moments(&["--sort", "new"], "last_published").is_sorted_by(|a, b| a >= b));
    assert!(moments(&["--sort", "first-seen"], "first_seen").is_sorted_by(|a, b| a >= b), "the newest story first");
    assert_eq!(list(&home, &["--limit", "3"]), all[..3].to_vec());

    // Filters: each gives what the whole list says, no more and no less.
    let fits = |args: &[&str], fits: &dyn Fn(&Value) -> bool| {
        let ids = |clusters: Vec<Value>| -> BTreeSet<String> {
            clusters.iter().map(|cluster| text(cluster, "id").to_owned()).collect()
        };
        let wanted = ids(all.iter().filter(|cluster| fits(cluster)).cloned().collect());
        assert!(!wanted.is_empty() && wanted.len() < all.len(), "{args:?} divides the list: {}", wanted.len());
        assert_eq!(ids(list(&home, args)), wanted, "{args:?}");
    };
    fits(&["--min-outlets", "3"], &|cluster| number(cluster, "outlet_count") >= 3);
    fits(&["--min-articles", "2"], &|cluster| number(cluster, "article_count") >= 2);
    fits(&["--since", "2026-02-13"], &|cluster| text(cluster, "last_published") >= "2026-02-13T00:00:00Z");
    fits(&["--until", "2026-02-12T12:00:00Z"], &|cluster| text(cluster, "last_published") < "2026-02-12T12:00:00Z");
    fits(&["--outlet", "the harbour post"], &|cluster| {
        articles(cluster).iter().any(|article| text(article, "outlet") == "The Harbour Post")
    });
    let feed = origin.url("/kumonote.rdf");
    fits(&["--feed", &feed], &|cluster| articles(cluster).iter().any(|article| text(article, "feed") == feed));
    fits(&["--tag", "machines"], &|cluster| cluster["tags"].as_array().expect("a list").contains(&"machines".into()));
    fits(&["--lang", "de"], &|cluster| articles(cluster).iter().any(|article| article["lang"] == "de"));
    fits(&["--query", "ferry OR Fähre"], &|cluster| {
        articles(cluster).iter().any(|article| {
            let words = format!("{} {}", text(article, "title"), text(article, "text")).to_lowercase();
            words
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|word| ["ferry", "fähre", "fahre"].contains(&word))
        })
    });
    assert!(home.good(&["clusters", "--since", "1h", "--until", "30m"]).stdout.is_empty());
    assert_eq!(home.run(&["clusters", "--since", "1h", "--until", "2h"]).code, Some(2), "nothing lies between");

    // Forms.
    let lines = home.good(&["clusters", "--format", "jsonl"]).stdout;
    let parsed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(parsed.len(), all.len());
    assert_eq!(keys(&parsed[0]), keys(&all[0]));
    let sheet = home.good(&["clusters", "--format", "csv", "--limit", "2"]).stdout;
    assert!(sheet.starts_with("id,headline,") && sheet.lines().count() >= 3, "{sheet}");
    assert!(home.good(&["clusters", "--format", "markdown"]).stdout.contains("**["));
    let table = home.good(&["clusters", "--format", "table", "--limit", "2"]).stdout;
    assert!(table.contains(text(&all[0], "id")) && !table.contains('\x1b'), "{table}");
    assert!(home.good(&["clusters", "--format", "table", "--color", "always"]).stdout.contains('\x1b'));
    let plain = home.good(&["clusters"]).stdout;
    assert_eq!(plain.lines().count(), all.len(), "plain lines without a terminal");
    assert_eq!(home.good(&["-q", "clusters"]).stdout, plain, "quiet keeps the data");
}

#[test]
fn a_search_takes_words_phrases_operators_and_columns() {
    let (_origin, home) = day();

    // Search: words, a phrase, a beginning, operators, a column, accents; grouped by cluster.
    let search = |words: &str| -> Vec<String> {
        let found = home.json(&["search", words, "--format", "json"]);
        found["clusters"].as_array().expect("a list").iter().map(|cluster| text(cluster, "id").to_owned()).collect()
    };
    let ferry = search("ferry");
    assert!(!ferry.is_empty());
    assert!(search("\"Lady Maren\"").iter().all(|id| search("lady maren").contains(id)));
    assert!(search("\"Maren Lady\"").is_empty() && !search("lady maren").is_empty());
    assert!(search("ferr*").len() >= ferry.len());
    assert!(search("ferry NOT maren").len() < ferry.len());
    assert!(search("ferry OR earthquake").len() > ferry.len());
    assert_eq!(search("ferry AND zebra").len(), 0);
    assert!(search("title:ferry").iter().all(|id| ferry.contains(id)));
    assert_eq!(search("fahre"), search("Fähre"), "accents are folded");
    assert!(home.good(&["search", "ferry", "--lang", "ja"]).stdout.is_empty());
    assert_eq!(search("xyzzyx").len(), 0);
    for format in ["table", "json", "jsonl", "csv", "markdown"] {
        assert!(
            home.good(&["search", "ferry", "--format", format, "--limit", "1"]).stdout.contains(&ferry[0]),
            "{format}"
        );
    }
}

#[test]
fn show_why_and_digest_answer_for_people_and_programs() {
    let (_origin, home) = day();
    let all = list(&home, &["--sort", "size"]);
    let first = &all[0];
    let id = text(first, "id");

    // Show: by id, by the beginning of one, by an article's.
    let shown = home.json(&["show", id, "--format", "json"]);
    assert_eq!(shown["articles"], first["articles"]);
    let prefix = (2..id.len())
        .map(|end| &id[..end])
        .find(|prefix| all.iter().filter(|cluster| text(cluster, "id").starts_with(prefix)).count() == 1);
    let prefix = prefix.expect("ids differ before their end");
    assert_eq!(home.json(&["show", prefix, "--format", "json"])["id"], first["id"]);
    let member = text(&articles(first)[1], "id");
    assert_eq!(home.json(&["show", member, "--format", "json"])["id"], first["id"]);
    assert_eq!(home.good(&["show", id]).stdout.lines().count(), articles(first).len());
    let shared = (1..id.len())
        .map(|end| &id[..end])
        .rev()
        .find(|prefix| all.iter().filter(|cluster| text(cluster, "id").starts_with(prefix)).count() > 1);
    if let Some(shared) = shared.filter(|shared| shared.len() > 1) {
        let ran = home.run(&["show", shared]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains("several clusters") && ran.stderr.contains(id), "{}", ran.stderr);
    }

    // Why: one, two together, two apart.
    let joined_in = |cluster| articles(cluster).iter().find(|article| article["joined"]["how"] == "joined");
    let (of, joined) = all.iter().find_map(|cluster| Some((cluster, joined_in(cluster)?))).expect("one joined");
    let joined_id = text(joined, "id");
    let why = home.json(&["why", joined_id, "--format", "json"]);
    assert!(why.to_string().contains("\"because\""), "{why}");
    for args in [&["why", joined_id][..], &["why", joined_id, "-v"]] {
        assert!(!home.good(args).stdout.trim().is_empty());
    }
    for member in articles(of) {
        let together = home.json(&["why", joined_id, text(member, "id"), "--format", "json"]);
        assert_eq!(together["together"], true);
    }
    let other = all.iter().find(|cluster| cluster["id"] != of["id"]).expect("another cluster");
    let stranger = text(&articles(other)[0], "id");
    let apart = home.json(&["why", joined_id, stranger, "--format", "json"]);
    assert_eq!(apart["together"], false);
    assert!(home.good(&["why", joined_id, stranger]).stdout.contains(text(other, "id")));

    // Digest: three forms, to stdout and to a file, of a window, with a name and a limit.
    let digest = home.json(&["digest", "--format", "json", "--min-outlets", "2", "--top", "2", "--name", "Morning"]);
    assert_eq!((&digest["schema"], &digest["name"]), (&Value::from("newsfold.digest/1"), &Value::from("Morning")));
    assert_eq!(digest["stories"].as_array().expect("a list").len(), 2);
    let plain = home.good(&["digest", "--top", "2", "--since", "2026-02-12", "--until", "2026-02-14"]).stdout;
    assert!(plain.contains("2026") && plain.lines().all(|line| line.chars().count() <= 100), "{plain}");
    let bounded = home.json(&["digest", "--format", "json", "--since", "2026-02-12", "--until", "2026-02-13"]);
    assert_eq!((text(&bounded, "from"), text(&bounded, "until")), ("2026-02-12T00:00:00Z", "2026-02-13T00:00:00Z"));
    let markdown = home.good(&["digest", "--format", "markdown", "--out", "digest.md"]);
    assert_eq!(markdown.stdout, "");
    let written = fs::read_to_string(home.path("digest.md")).expect("it was written");
    assert!(written.starts_with('#') && !written.contains('<'), "{written}");
    assert_eq!(home.run(&["digest", "--out", "no/such/folder/d.md"]).code, Some(1));
}

#[test]
fn feeds_are_added_listed_checked_found_moved_and_removed() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    let (lamp, beacon) = (origin.url("/lamp"), origin.url("/beacon"));
    let home = Home::with_config(&format!("[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{lamp}\"\n"));

    // Looking makes no file.
    assert!(home.good(&["feeds", "list"]).stdout.contains(&lamp));
    assert!(!home.path("newsfold.db").exists());
    home.good(&[
        "feeds",
        "add",
        &beacon,
        "--outlet",
        "Beacon",
        "--tag",
        "coast",
        "--interval",
        "30m",
        "--priority",
        "2",
    ]);
    assert!(home.good(&["feeds", "add", &beacon, &lamp]).stderr.matches("already there").count() == 2);
    let feeds = home.json(&["feeds", "list", "--format", "json"]);
    let listed = feeds["feeds"].as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    let of = |url: &str| listed.iter().find(|feed| feed["url"] == url).expect("it is listed");
    assert_eq!((&of(&beacon)["origin"], &of(&lamp)["origin"]), (&"command".into(), &"config".into()));
    assert_eq!((&of(&beacon)["outlet"], &of(&beacon)["tags"]), (&"Beacon".into(), &Value::from(vec!["coast"])));
    home.good(&["fetch"]);

    // Removing: its articles stay; the config's is the config's.
    home.good(&["feeds", "remove", &beacon]);
    assert!(!home.good(&["feeds", "list"]).stdout.contains(&beacon));
    assert!(home.good(&["clusters"]).stdout.contains("Orveth"));
    let ran = home.run(&["feeds", "remove", &lamp]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("config.toml"), "{}", ran.stderr);
    assert_eq!(home.run(&["feeds", "remove", "https://nobody.example/"]).code, Some(1));
}

#[test]
fn feeds_are_left_alone_by_who_only_looks_and_travel_as_opml() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    let (lamp, beacon) = (origin.url("/lamp"), origin.url("/beacon"));
    let home = Home::with_config(&format!("[fetch]\nallow_private_addresses = true\n[[feeds]]\nurl = \"{lamp}\"\n"));
    home.good(&["feeds", "add", &beacon, "--tag", "coast"]);

    // A look from a folder with no config leaves the config's feeds to their config.
    home.good(&["fetch"]);
    let elsewhere = Home::bare();
    let database = home.path("newsfold.db").display().to_string();
    for args in [
        &["feeds", "list"][..],
        &["feeds", "export", "-"],
        &["fetch", "--dry-run"],
        &["feeds", "add", "http://127.0.0.1:1/x"],
    ] {
        elsewhere.good(&[&["--db", &database], args].concat());
    }
    let ran = home.good(&["feeds", "remove", "http://127.0.0.1:1/x"]);
    assert!(ran.stderr.contains("removed"), "{}", ran.stderr);
    assert!(home.good(&["fetch", "--all"]).stderr.contains("2 not modified"), "both are asked still");

    // Out and in again, through pipes.
    let opml = home.good(&["feeds", "export", "-"]).stdout;
    let fresh = Home::new();
    let mut import =
        fresh.command(&["feeds", "import", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    import.stdin.take().expect("a pipe").write_all(opml.as_bytes()).unwrap();
    assert!(import.wait_with_output().unwrap().status.success());
    let urls = |home: &Home| -> BTreeSet<(String, String)> {
        let feeds = home.json(&["feeds", "list", "--format", "json"]);
        feeds["feeds"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|feed| (text(feed, "url").to_owned(), feed["tags"].to_string()))
            .collect()
    };
    assert_eq!(urls(&fresh), urls(&home));
    fresh.good(&["feeds", "export", "list.opml"]);
    assert!(fresh.good(&["feeds", "import", "list.opml"]).stderr.contains("0 feeds added, 2 already there"));
}

#[test]
fn feeds_are_checked_and_found_and_nothing_is_stored() {
    let origin = Origin::start();
    let home = Home::new();
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    origin.serve(
        "/page",
        Answer::new(
            200,
            "<html><head><link rel=alternate type=application/rss+xml title='All news' href=/beacon></head></html>",
        ),
    );
    let beacon = origin.url("/beacon");
    let checked = home.good(&["feeds", "check", &beacon]).stdout;
    assert!(
        ["The Beacon", "200 OK", "if-none-match", "Asked", "Next"].iter().all(|word| checked.contains(word)),
        "{checked}"
    );
    let object: Value =
        serde_json::from_str(home.good(&["feeds", "check", &beacon, "--format", "json"]).stdout.trim()).unwrap();
    assert_eq!((&object["schema"], &object["read"]["entries"]), (&"newsfold.feed-check/1".into(), &1.into()));
    assert_eq!(home.run(&["feeds", "check", &origin.url("/nowhere")]).code, Some(1));
    assert_eq!(home.run(&["feeds", "check", &beacon, &origin.url("/page")]).code, Some(1));
    let found = home.good(&["feeds", "discover", &origin.url("/page")]).stdout;
    assert_eq!(found, format!("{beacon}\tThe Beacon\tRSS\t1\t2025-02-13T11:30:00Z\tlink\n"));
    assert_eq!(home.run(&["feeds", "discover", &origin.url("/nowhere")]).code, Some(1));

    assert!(!home.path("newsfold.db").exists());
}

#[test]
fn ids_are_the_same_in_two_databases_fed_alike() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM, BREAD]), "application/rss+xml"));
    let ids = || {
        let home = Home::new();
        home.good(&["fetch", &origin.url("/lamp")]);
        let clusters = home.clusters();
        let mut ids: Vec<String> = clusters.iter().map(|cluster| text(cluster, "id").to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(), ids());
}

#[test]
fn settings_come_from_the_environment_the_option_and_the_file_in_that_order_of_weight() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml"));
    let url = origin.url("/lamp");
    let home = Home::with_config("database = \"file.db\"\n");
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = home.command(args);
        let output = command.envs(variables.iter().copied()).output().expect("it starts");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    };
    let allow = ("NEWSFOLD_FETCH_ALLOW_PRIVATE_ADDRESSES", "true");
    let database = ("NEWSFOLD_DATABASE", "environment.db");
    assert_eq!(run(&["fetch", &url], &[]).code, Some(1), "refused without the variable");
    assert_eq!(run(&["fetch", &url], &[allow]).code, Some(0));
    assert!(home.path("file.db").exists());
    assert_eq!(run(&["fetch", &url], &[allow, database]).code, Some(0));
    assert!(home.path("environment.db").exists());
    assert_eq!(run(&["fetch", &url, "--db", "option.db"], &[allow, database]).code, Some(0));
    assert!(home.path("option.db").exists());
    fs::write(home.path("other.toml"), "database = \"other.db\"\n").unwrap();
    assert_eq!(run(&["fetch", &url], &[allow, ("NEWSFOLD_CONFIG", "other.toml")]).code, Some(0));
    assert!(home.path("other.db").exists());
    let wrong = run(&["clusters"], &[("NEWSFOLD_FETCH_TIMEOUT", "soon")]);
    assert!(wrong.code == Some(2) && wrong.stderr.contains("NEWSFOLD_FETCH_TIMEOUT"), "{}", wrong.stderr);
    let quiet = run(&["-q", "fetch", "--all"], &[allow, database]);
    assert_eq!((quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(0), "", ""));
    let loud = run(&["-v", "fetch", "--all"], &[allow, database]);
    assert!(loud.stderr.contains("not-modified"), "{}", loud.stderr);
}

#[test]
fn a_closed_pipe_is_success_and_nothing_is_said() {
    let (_origin, home) = day();
    for args in [&["clusters", "--format", "json"][..], &["man"], &["--help"], &["completions", "bash"], &["digest"]] {
        let mut child = home.spawn(args);
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().expect("a pipe")).read_line(&mut line).unwrap();
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).unwrap();
        assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""), "{args:?}");
        assert!(!line.is_empty());
    }
}

#[test]
fn help_version_manual_completions_and_the_starter_config_need_nothing() {
    let home = Home::with_config("this is no config");
    let version = home.good(&["--version"]).stdout;
    assert_eq!(version, format!("newsfold {}\n", env!("CARGO_PKG_VERSION")));
    let help = home.good(&["--help"]).stdout;
    assert!(help.contains("Exit codes") && help.contains("feeds") && help.contains("NEWSFOLD_"), "{help}");
    assert!(home.good(&["man"]).stdout.starts_with(".") || home.good(&["man"]).stdout.contains(".TH"));
    for (shell, interpreter) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        let script = home.good(&["completions", shell]).stdout;
        assert!(
            script.contains("clusters") && script.contains("--min-outlets") || script.contains("min-outlets"),
            "{shell}"
        );
        fs::write(home.path(shell), &script).unwrap();
        match Command::new(interpreter).arg("-n").arg(home.path(shell)).output() {
            Ok(read) => assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr)),
            Err(_) => println!("skipped: no {interpreter} here to read its script"),
        }
    }

    let starter = home.good(&["init", "-"]).stdout;
    assert_eq!(starter, fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml")).unwrap());
    let ran = home.run(&["init"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("config.toml") && ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(home.path("config.toml")).unwrap(), "this is no config");
    home.good(&["init", "--force"]);
    assert_eq!(fs::read_to_string(home.path("config.toml")).unwrap(), starter);
    home.good(&["init", "mine.toml"]);
    let feeds = home.json(&["--config", "mine.toml", "feeds", "list", "--format", "json"]);
    assert!(feeds["feeds"].as_array().expect("a list").len() >= 40);
    let plan = home.good(&["--config", "mine.toml", "fetch", "--dry-run"]).stdout;
    assert!(plan.lines().count() >= 40 && plan.lines().all(|line| line.contains("never asked before")), "{plan}");
}

#[test]
fn the_demo_shows_stories_of_several_outlets_without_a_network() {
    let home = Home::bare();
    let demo = home.json(&["demo", "--format", "json"]);
    let clusters = demo["clusters"].as_array().expect("a list");
    assert!(clusters.iter().any(|cluster| number(cluster, "outlet_count") >= 3));
    let ran = home.good(&["demo"]);
    assert!(ran.stdout.contains("newsfold clusters") && ran.stdout.contains("newsfold digest"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\x1b'));
    assert_eq!(fs::read_dir(home.path(".")).unwrap().count(), 0, "it leaves nothing behind");

    let script = format!("ip link set lo up && exec {} demo --format json", env!("CARGO_BIN_EXE_newsfold"));
    let alone = Command::new("unshare").args(["-n", "sh", "-c", &script]).stdin(Stdio::null()).output();
    match alone {
        Ok(ran) if ran.status.success() => {
            let told: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
            let told = told["clusters"].as_array().expect("a list");
            assert!(told.iter().any(|cluster| number(cluster, "outlet_count") >= 3));
        }
        _ => println!("skipped: no network can be taken away here"),
    }
}

#[test]
fn a_terminal_gets_a_coloured_table_and_a_bar_and_no_color_is_obeyed() {
    let (_origin, home) = day();
    let on_terminal = |args: &str, variable: &str| -> Option<String> {
        let line = format!("{variable} {} {args}", env!("CARGO_BIN_EXE_newsfold"));
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(home.path(".")).env("TERM", "xterm-256color");
        let output = script.env_remove("NO_COLOR").stdin(Stdio::null()).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(table) = on_terminal("clusters", "LANG=C.UTF-8") else {
        return println!("skipped: no terminal can be had here");
    };
    assert!(table.contains("\x1b[") && table.contains("articles,"), "{table}");
    assert!(table.contains("more; --limit says how many"), "two screens, and a word about the rest: {table}");
    assert!(!on_terminal("clusters", "NO_COLOR=1").expect("a terminal").contains("\x1b["));
    let bar = on_terminal("fetch --all", "LANG=C.UTF-8").expect("a terminal");
    assert!(bar.contains("17 feeds asked") && bar.contains("feeds"), "{bar}");
    assert!(bar.contains("/17"), "a bar counts: {bar:?}");
    assert!(!on_terminal("-q fetch --all", "LANG=C.UTF-8").expect("a terminal").contains("/17"));
}

#[test]
fn status_counts_what_is_there() {
    let (_origin, home) = day();
    let status = home.json(&["status", "--format", "json"]);
    holds(&status, "schema daemon database file_bytes feeds feeds_by_health articles clusters");
    assert_eq!(status["daemon"], Value::Null);
    assert_eq!(status["feeds"], 17);
    let stored: usize = home.clusters().iter().map(|cluster| articles(cluster).len()).sum();
    assert_eq!(status["articles"], stored);
    assert!(home.good(&["status"]).stdout.contains("not running"));
    assert!(home.good(&["rebuild"]).stderr.contains(&format!("{stored} articles placed anew")));
    assert_eq!(home.run(&["--db", ".", "status"]).code, Some(1));
    assert!(home.run(&["--db", ".", "status"]).stderr.contains("is a folder"));
}

#[test]
fn an_archive_is_scored_as_the_reference_does_and_its_labels_decide_nothing() {
    let Some(archive) = shared("data/stories-dev.jsonl") else { return };
    let whole = fs::read_to_string(archive).expect("it can be read");
    let home = Home::bare();
    let sample: Vec<&str> = whole.lines().take(300).collect();
    fs::write(home.path("labelled.jsonl"), sample.join("\n")).unwrap();
    let stripped: Vec<String> = sample
        .iter()
        .map(|line| {
            let mut object: Value = serde_json::from_str(line).expect("an object a line");
            object.as_object_mut().expect("an object").remove("story");
            object.to_string()
        })
        .collect();
    fs::write(home.path("plain.jsonl"), stripped.join("\n")).unwrap();
    let labelled = home.json(&["eval", "labelled.jsonl", "--json", "--assignments", "labelled.tsv"]);
    let plain = home.json(&["eval", "plain.jsonl", "--json", "--assignments", "plain.tsv"]);
    let assignments = fs::read_to_string(home.path("labelled.tsv")).unwrap();
    assert_eq!(assignments, fs::read_to_string(home.path("plain.tsv")).unwrap(), "labels are never seen");
    holds(&labelled, "articles clusters seconds articles_per_second assign_us peak_rss_mb bcubed pairwise nmi ari");
    holds(&labelled["assign_us"], "p50 p99");
    holds(&labelled["bcubed"], "p r f1");
    holds(&labelled["pairwise"], "p r f1");
    assert!(!keys(&plain).contains("bcubed") && !keys(&plain).contains("nmi"));
    let ids: Vec<String> = assignments.lines().map(|line| line.split('\t').next().expect("an id").to_owned()).collect();
    let wanted: Vec<String> = sample
        .iter()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("an object")["id"].to_string().trim_matches('"').to_owned()
        })
        .collect();
    assert_eq!(ids, wanted, "every line, in input order");
    assert!(home.good(&["eval", "labelled.jsonl"]).stdout.contains("BCubed"));
    assert_eq!(home.run(&["eval", "labelled.jsonl", "--set", "no_such=1"]).code, Some(2));
    let strict = home.json(&["eval", "labelled.jsonl", "--json", "--set", "join_probability=0.99"]);
    assert!(number(&strict, "clusters") > number(&labelled, "clusters"));

    let reference = shared("data/score.py").expect("it lies beside the archive");
    let output =
        Command::new("python3").arg(reference).arg(home.path("labelled.jsonl")).arg(home.path("labelled.tsv")).output();
    let Ok(output) = output else { return println!("skipped: no python3 here") };
    let said: Value = serde_json::from_slice(&output.stdout).expect("the reference prints JSON");
    let close = |ours: &Value, theirs: &Value| {
        let (ours, theirs) = (ours.as_f64().expect("a number"), theirs.as_f64().unwrap_or_else(|| panic!("{said}")));
        assert!((ours - theirs).abs() <= 0.001, "{ours} and {theirs}");
    };
    for (ours, prefix) in [("bcubed", "bcubed"), ("pairwise", "pair")] {
        for part in ["p", "r", "f1"] {
            close(&labelled[ours][part], &said[format!("{prefix}_{part}")]);
        }
    }
    close(&labelled["nmi"], &said["nmi"]);
    close(&labelled["ari"], &said["ari"]);
}
