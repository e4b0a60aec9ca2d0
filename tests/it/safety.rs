//! The safety checklist, S1 to S14: where each row is held, and the rows that are about the program as a whole.
//!
//! The rows: S1 addresses off the public internet, S2 names that change their mind, S3 schemes, S4 proxies of the environment, S5 XML
//! entities, S6 bombs, S7 payloads, S8 schemes of links, S9 control characters, S10 queries, S11 names as paths, S12 hostile
//! OPML, S13 a document that ends the process, S14 secrets in addresses.

use std::fs;
use std::path::Path;

use crate::binary::{Home, articles, text};
use crate::markup::unsafe_characters;
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, rss};

/// Each row and the tests that hold it: a file below the checkout, and a test in it.
const TABLE: &[(&str, &[(&str, &str)])] = &[
    (
        "S1",
        &[
            ("src/fetch/policy.rs", "addresses_off_the_public_internet_are_refused_in_every_spelling"),
            ("src/fetch/policy.rs", "public_addresses_and_all_names_pass"),
            ("tests/it/fetching.rs", "private_addresses_are_refused_before_anything_is_sent"),
            ("tests/it/addresses.rs", "every_form_of_a_private_address_is_refused_at_every_hop"),
            ("tests/it/bad_input.rs", "an_address_on_this_machine_is_refused_unless_the_config_allows_it"),
        ],
    ),
    ("S2", &[("src/fetch/http.rs", "a_name_that_changes_its_mind_gains_nothing")]),
    (
        "S3",
        &[
            ("src/fetch/mod.rs", "a_feed_is_a_web_address_or_a_file_and_nothing_else"),
            ("tests/it/fetching.rs", "redirects_that_end_nowhere_name_every_stop"),
            ("tests/it/addresses.rs", "no_scheme_but_http_is_followed_at_any_hop"),
        ],
    ),
    (
        "S4",
        &[
            ("tests/it/fetching.rs", "with_a_proxy_all_goes_through_it_and_addresses_are_still_judged"),
            ("tests/it/addresses.rs", "proxies_of_the_environment_are_not_asked"),
        ],
    ),
    ("S5", &[("tests/it/bombs.rs", "entities_are_neither_fetched_nor_opened_nor_expanded")]),
    (
        "S6",
        &[
            ("tests/it/bombs.rs", "one_hostile_feed_of_each_kind_keeps_no_good_one_waiting"),
            ("tests/it/hostile.rs", "huge_answers_are_bounded_and_said_to_be_so"),
            ("tests/it/fetching.rs", "a_bomb_is_stopped_at_the_limit"),
            ("tests/it/fetching.rs", "the_deadline_is_for_the_whole_answer"),
            ("tests/it/fuzz.rs", "feeds_made_hostile_by_chance_are_read_or_named"),
            ("src/clean/mod.rs", "time_is_linear_in_hostile_input"),
        ],
    ),
    (
        "S7",
        &[
            ("tests/it/renderings.rs", "no_payload_is_markup_in_the_store_or_in_any_rendering"),
            ("tests/it/fuzz.rs", "texts_made_hostile_by_chance_are_plain_after_cleaning"),
            ("tests/it/fuzz.rs", "feeds_made_hostile_by_chance_become_drafts_that_hold_no_markup"),
        ],
    ),
    ("S8", &[("tests/it/renderings.rs", "only_http_and_https_become_links_however_they_are_spelled")]),
    (
        "S9",
        &[
            ("tests/it/hostile.rs", "control_characters_markup_and_formulas_reach_no_terminal_page_or_sheet"),
            ("tests/it/renderings.rs", "no_payload_is_markup_in_the_store_or_in_any_rendering"),
            ("tests/it/renderings.rs", "errors_of_a_feed_are_one_clean_line_whatever_it_says"),
        ],
    ),
    (
        "S10",
        &[
            ("tests/it/safety.rs", "a_query_is_words_or_a_mistake_of_its_user_and_never_a_command"),
            ("tests/it/bad_input.rs", "a_broken_search_and_an_unknown_id_are_clear"),
        ],
    ),
    ("S11", &[("tests/it/safety.rs", "what_a_feed_calls_itself_is_never_a_path")]),
    (
        "S12",
        &[
            ("tests/it/safety.rs", "a_hostile_list_is_as_harmless_as_a_hostile_feed"),
            ("tests/it/fuzz.rs", "lists_configs_and_headers_made_hostile_by_chance_are_read_or_named"),
        ],
    ),
    (
        "S13",
        &[
            (
                "tests/it/quarantine.rs",
                "a_document_that_ended_the_process_again_and_again_is_not_read_until_it_changes",
            ),
            (
                "tests/it/quarantine.rs",
                "those_that_may_have_caused_a_death_are_read_alone_and_nobody_stays_accused_for_having_been_there",
            ),
            ("tests/it/quarantine.rs", "deaths_elsewhere_and_orderly_ends_never_count"),
            ("tests/it/quarantine.rs", "a_stack_that_overflows_is_such_a_death"),
        ],
    ),
    (
        "S14",
        &[
            ("src/fetch/policy.rs", "what_opens_something_is_not_shown"),
            ("tests/it/safety.rs", "no_secret_of_an_address_is_in_any_message"),
            ("tests/it/polling.rs", "headers_of_the_config_go_to_their_feed_alone_and_are_shown_to_nobody"),
            ("tests/it/fuzz.rs", "addresses_made_hostile_by_chance_keep_one_spelling_and_no_secret"),
        ],
    ),
];

#[test]
fn every_row_of_the_checklist_has_its_tests() {
    let rows: Vec<String> = (1..=14).map(|number| format!("S{number}")).collect();
    assert_eq!(TABLE.iter().map(|(row, _)| (*row).to_owned()).collect::<Vec<_>>(), rows);
    for (row, tests) in TABLE {
        assert!(!tests.is_empty(), "{row} has no test");
        for (file, test) in *tests {
            let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file is there");
            let before = text.split(&format!("fn {test}()")).next().expect("a first part");
            assert!(
                before.len() < text.len() && before.trim_end().ends_with("#[test]"),
                "{row}: no test `{test}` in {file}"
            );
        }
    }
}

#[test]
fn a_query_is_words_or_a_mistake_of_its_user_and_never_a_command() {
    let (origin, home) = (Origin::start(), Home::new());
    origin.serve("/feed", Answer::new(200, rss("The Lamp", &[DAM, BREAD])));
    home.good(&["fetch", &origin.url("/feed")]);
    // Ranks fade with time; what is stored does not.
    let stored = || home.clusters().iter().map(|cluster| cluster["articles"].clone()).collect::<Vec<_>>();
    let before = stored();
    let deep = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
    let long = "harbour ".repeat(10_000);
    let queries = [
        "'; DROP TABLE articles; --",
        "\"",
        "\"\"",
        "'",
        "*",
        "a*",
        "^dam",
        "NEAR(",
        "NEAR(dam town, 2)",
        "title:",
        "title : dam",
        "nosuch : dam",
        "rowid : 1",
        "{title text} : dam",
        "- dam",
        "dam AND",
        "AND",
        "OR OR",
        "NOT",
        "dam NOT",
        "dam + town",
        "\"dam\" \"town",
        "(",
        ")",
        "dam)",
        "%",
        "_",
        "\\",
        ";",
        "--",
        "/*",
        "search MATCH 1",
        "?1",
        ":a",
        "@b",
        "$c",
        "0x00",
        "dam\u{1b}[31m",
        "\u{202e}",
        "NULL",
        "\u{fffd}",
        "🌊",
        "dam\ntown",
        deep.as_str(),
        long.as_str(),
    ];
    for query in queries {
        let filter = ["clusters", "--query", query, "--format", "json"];
        for args in [&["search", query][..], &["search", query, "--format", "json"], &filter] {
            let ran = home.run(args);
            assert!(matches!(ran.code, Some(0 | 2)), "{query:.60}: {:?} {}", ran.code, ran.stderr);
            assert!(!ran.stderr.contains("panicked"), "{query:.60}: {}", ran.stderr);
            assert_eq!(unsafe_characters(&ran.stderr), Vec::<String>::new(), "{query:.60}");
        }
        for option in ["--outlet", "--tag", "--feed"] {
            let ran = home.run(&["clusters", option, query, "--format", "json"]);
            assert!(matches!(ran.code, Some(0 | 2)), "{option} {query:.60}: {:?} {}", ran.code, ran.stderr);
        }
    }
    for id in ["a' OR 1=1 --", "%", "c%", "../x", "a\u{1b}[31m"] {
        assert_eq!(home.run(&["show", id]).code, Some(1), "{id}");
    }
    assert_eq!(stored(), before);
    assert!(home.good(&["search", "dam"]).stdout.contains("Orveth"));
}

#[test]
fn what_a_feed_calls_itself_is_never_a_path() {
    let (origin, home) = (Origin::start(), Home::new());
    let names = [
        "../../evil",
        "/etc/evil",
        "..",
        "C:\\evil",
        "evil\u{0}.xml",
        "~/evil",
        "file:///evil",
        "evil;touch evil",
        "$(touch evil)",
        "`touch evil`",
        "|touch evil",
    ];
    for (number, name) in names.iter().enumerate() {
        let value = name.replace('\u{0}', "&#0;");
        let body = format!(
            "<rss version=\"2.0\"><channel><title>{value}</title><item><title>{value}</title><guid>{value}</guid><author>{value}</author><category>{value}</category>\
             <description>Words {number}</description><enclosure url=\"https://e.example/{value}\" type=\"{value}\" length=\"1\"/></item></channel></rss>"
        );
        origin.serve(&format!("/{number}"), Answer::new(200, body));
        home.good(&["fetch", &origin.url(&format!("/{number}"))]);
    }
    let clusters = home.clusters();
    for cluster in &clusters {
        for id in [text(cluster, "id"), text(&articles(cluster)[0], "id")] {
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        }
    }
    home.good(&["feeds", "export", "out.opml"]);
    home.good(&["digest", "--since", "2000-01-01", "--out", "out.md", "--format", "markdown"]);
    home.good(&["rebuild"]);
    let mut found: Vec<String> = fs::read_dir(home.path("."))
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.retain(|name| !name.starts_with("newsfold.db"));
    found.sort();
    assert_eq!(found, ["config.toml", "out.md", "out.opml"]);
    let above =
        fs::read_dir(home.path("..")).unwrap().filter(|file| file.as_ref().unwrap().file_name() == "evil").count();
    assert_eq!(above, 0);
}

#[test]
fn a_hostile_list_is_as_harmless_as_a_hostile_feed() {
    let (origin, home) = (Origin::start(), Home::new());
    let outside = origin.url("/outside");
    origin.serve("/outside", Answer::new(200, "<!ENTITY x \"https://from.outside.example/\">"));
    let outline = |url: &str| format!("<outline type=\"rss\" text=\"A\" xmlUrl=\"{url}\"/>");
    let many: String = (0..200_000).map(|number| outline(&format!("https://a.example/{number}"))).collect();
    let deep = format!(
        "{}{}{}",
        "<outline text=\"a\">".repeat(100_000),
        outline("https://deep.example/"),
        "</outline>".repeat(100_000)
    );
    let doctype = format!(
        "<!DOCTYPE opml [<!ENTITY x SYSTEM \"{outside}\"><!ENTITY y SYSTEM \"file:///etc/passwd\"><!ENTITY l \"lol\"><!ENTITY m \"{}\">]>",
        "&l;".repeat(1_000)
    );
    let schemes: String = [
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "ftp://a.example/",
        "&#106;avascript:x",
        "&#27;[31m",
    ]
    .iter()
    .map(|url| outline(url))
    .collect();
    let attributes: String = (0..50_000).map(|number| format!(" a{number}=\"x\"")).collect();
    let lists = [
        (doctype, outline("&x;") + &outline("&y;") + &outline("https://a.example/&m;")),
        (String::new(), schemes),
        (String::new(), many),
        (String::new(), deep),
        (String::new(), format!("<outline{attributes} xmlUrl=\"https://a.example/\"/>")),
    ];
    for (number, (doctype, body)) in lists.iter().enumerate() {
        let name = format!("{number}.opml");
        fs::write(home.path(&name), format!("{doctype}<opml version=\"2.0\"><body>{body}</body></opml>")).unwrap();
        let ran = home.run(&["feeds", "import", &name]);
        assert!(matches!(ran.code, Some(0..=3)), "{name}: {:?} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("panicked") && ran.stderr.lines().count() < 200, "{name}: {}", ran.stderr);
        assert_eq!(unsafe_characters(&ran.stderr), Vec::<String>::new(), "{name}");
    }
    assert_eq!(origin.all_requests().len(), 0);
    let listed = home.run(&["feeds", "list", "--format", "json"]).stdout;
    for word in ["javascript", "data:", "ftp:", "root:", "from.outside", "lollol"] {
        assert!(!listed.contains(word), "`{word}` is a feed now");
    }
}

/// A secret everywhere that people put one in a feed's address; the last three are no addresses of feeds.
fn secret_addresses(address: &str, secret: &str) -> Vec<String> {
    vec![
        format!("http://me:{secret}@{address}/feed"),
        format!("http://{address}/feed?token={secret}"),
        format!("http://{address}/feed?x=1&api_key={secret}"),
        format!("http://{address}/u/{secret}/feed"),
        format!("http://{address}/feed?url=https%3A%2F%2Fme%3A{secret}%40a.example%2F"),
        format!("http://{address}/moved?token={secret}"),
        format!("http://{address}/ill?token={secret}"),
        format!("http://{address}/page?token={secret}"),
        format!("http://{address}/loop?token={secret}"),
        format!("http://{address}/gone?token={secret}"),
        format!("http://{address}/gzip?token={secret}"),
        format!("http://{address}/cut?token={secret}"),
        format!("http://127.0.0.1:1/feed?token={secret}"),
        format!("http://none.invalid:1/{secret}?token={secret}"),
        format!("ftp://me:{secret}@a.example/feed"),
        format!("http://me:{secret}@[::1/feed"),
    ]
}

/// Secrets where people put them in a feed's address: none is in any line for people, at whatever loudness.
#[test]
fn no_secret_of_an_address_is_in_any_message() {
    let origin = Origin::start();
    let secret = "s3cr3t0123456789abcdefABCDEF";
    let address = origin.address().to_string();
    let urls = secret_addresses(&address, secret);
    let feed = || Answer::feed(rss("The Lamp", &[DAM]), "application/rss+xml");
    origin.serve("/feed", feed());
    origin.serve(&format!("/u/{secret}/feed"), feed());
    origin.serve("/moved", Answer::redirect(301, &format!("/feed?session={secret}")));
    origin.serve("/ill", Answer::status(500));
    origin.serve("/page", Answer::new(200, "<!DOCTYPE html><html><title>Log in</title></html>"));
    origin.serve("/loop", Answer::redirect(302, &format!("/loop?token={secret}")));
    origin.serve("/gone", Answer::status(410));
    origin.serve("/gzip", Answer::new(200, "no gzip").header("Content-Encoding", "gzip"));
    origin.serve("/cut", Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss>"));
    let feeds: String = urls[..urls.len() - 3]
        .iter()
        .map(|url| format!("[[feeds]]\nurl = \"{url}\"\nheaders = {{ X-Key = \"{secret}\" }}\n"))
        .collect();
    let home = Home::with_config(
        &format!("[fetch]\nallow_private_addresses = true\nproxy = \"\"\n{feeds}").replace("proxy = \"\"\n", ""),
    );
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["fetch", "-vv"],
        vec!["--log-format", "json", "fetch", "-vv", "--all"],
        vec!["fetch", "--dry-run", "--all"],
        vec!["feeds", "list"],
        vec!["feeds", "check"],
        vec!["feeds", "remove", &urls[0]],
        vec!["status"],
        vec!["rebuild", "-vv"],
        vec!["digest", "-vv", "--since", "2000-01-01"],
    ];
    for url in &urls {
        commands.push(vec!["fetch", "-vv", url]);
        commands.push(vec!["feeds", "add", "-vv", url]);
        commands.push(vec!["feeds", "check", "-vv", url]);
        commands.push(vec!["feeds", "discover", "-vv", url]);
        commands.push(vec!["feeds", "remove", "-vv", url]);
    }
    for args in commands {
        let ran = home.run(&args);
        assert!(ran.code.is_some(), "{args:?}");
        assert!(!ran.stderr.contains(secret), "{args:?}\n{}", ran.stderr);
        // What these print for people is read over shoulders too; `list` and `export` give the addresses as they are.
        let is_told = matches!(args[..], ["fetch", ..] | ["feeds", "check", ..] | ["status"]);
        assert!(!is_told || !ran.stdout.contains(secret), "{args:?}\n{}", ran.stdout);
    }
    fs::write(
        home.path("wrong.toml"),
        format!(
            "[fetch]\nproxy = \"ftp://me:{secret}@proxy.example/\"\n[[feeds]]\nurl = \"ftp://me:{secret}@a.example/\"\n"
        ),
    )
    .unwrap();
    let ran = home.run(&["--config", "wrong.toml", "feeds", "list"]);
    assert!(ran.code == Some(2) && !ran.stderr.contains(secret), "{}", ran.stderr);
}
