//! Captures of live feeds, as other projects' test suites hold them, served from loopback and fetched twice.

use std::fs;

use crate::binary::{Home, shared};
use crate::origin::{Answer, Origin};

#[test]
fn live_captures_fetched_twice_store_nothing_new_and_are_answered_with_304() {
    let Some(folder) = shared("feeds") else { return };
    let manifest = fs::read_to_string(folder.join("MANIFEST.tsv")).expect("the manifest can be read");
    let origin = Origin::start();
    let mut config = String::from("[fetch]\nallow_private_addresses = true\n");
    let mut served = 0;
    for row in manifest.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        // Part of the manifest's files are not beside us.
        let Ok(body) = fs::read(folder.join(cells[0])) else { continue };
        if cells[6] != "yes" {
            continue;
        }
        served += 1;
        let path = format!("/{served}/feed");
        origin.serve(&path, Answer::feed(body, "application/xml"));
        config.push_str(&format!("[[feeds]]\nurl = \"{}\"\n", origin.url(&path)));
    }
    assert!(served > 100, "{served} captures");
    let home = Home::with_config(&config);
    let first = home.run(&["fetch", "--all"]);
    let stored = count(&home);
    println!("{}", first.stderr.lines().last().unwrap_or_default());
    assert!(stored > 1_900, "{stored} articles\n{}", first.stderr);
    let read = number_before(&first.stderr, " read,");
    assert!(read >= 105, "{read} of {served} feeds were read\n{}", first.stderr);

    let second = home.run(&["fetch", "--all"]);
    println!("{}", second.stderr.lines().last().unwrap_or_default());
    assert!(second.stderr.contains("; 0 articles new"), "{}", second.stderr);
    assert!(!second.stderr.contains("revised"), "{}", second.stderr);
    assert_eq!(number_before(&second.stderr, " not modified"), read, "{}", second.stderr);
    assert_eq!(count(&home), stored);
    assert!(home.good(&["rebuild"]).stderr.contains(&format!("{stored} articles placed anew")));
}

fn count(home: &Home) -> u64 {
    home.json(&["status", "--format", "json"])["articles"].as_u64().expect("a count")
}

/// The number that stands right before these words.
fn number_before(text: &str, words: &str) -> usize {
    let before = text.split(words).next().expect("there is a beginning");
    before
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next()
        .expect("an end")
        .parse()
        .unwrap_or_else(|_| panic!("`{words}` in {text}"))
}
