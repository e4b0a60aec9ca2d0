//! The commands for feeds: listed, checked, found, added, carried as OPML; and private networks by the feed.

use crate::binary::Home;
use crate::origin::{Answer, Origin};
use crate::samples::{DAM, DAM_TOLD_AGAIN, rss};

const RSS: &str = "application/rss+xml";

#[test]
fn private_networks_are_opened_feed_by_feed_at_redirects_too() {
    let origin = Origin::start();
    origin.serve("/lamp", Answer::feed(rss("The Lamp", &[DAM]), RSS));
    origin.serve("/moved", Answer::redirect(302, "/beacon"));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), RSS));
    let (lamp, moved, beacon) = (origin.url("/lamp"), origin.url("/moved"), origin.url("/beacon"));
    let home = Home::with_config(&format!(
        "[[feeds]]\nurl = \"{lamp}\"\nallow_private_addresses = true\n[[feeds]]\nurl = \"{beacon}\"\n"
    ));
    home.good(&["feeds", "add", &moved, "--allow-private"]);
    let feeds = home.json(&["feeds", "list", "--format", "json"]);
    let allowed = |url: &str| {
        let listed = feeds["feeds"].as_array().expect("a list").iter().find(|feed| feed["url"] == url);
        listed.expect("it is listed")["allow_private_addresses"].clone()
    };
    assert_eq!((allowed(&lamp), allowed(&moved), allowed(&beacon)), (true.into(), true.into(), false.into()));
    let asked = origin.requests("/beacon").len();

    let ran = home.run(&["fetch"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{beacon}: refused")), "{}", ran.stderr);
    assert!(ran.stderr.contains("`allow_private_addresses = true` for this feed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 feeds asked: 2 read"), "{}", ran.stderr);
    assert_eq!(origin.requests("/beacon").len(), asked + 1, "by way of the redirect alone");
}
