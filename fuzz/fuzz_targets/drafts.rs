//! Bytes of a feed to drafts: each has a title of one line and a key of its own, and links to http and https alone.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use newsfold::prepare::{Asked, Params, drafts};

fuzz_target!(init: {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !newsfold::parse::is_containing() {
            usual(panic);
        }
    }));
}, |body: &[u8]| {
    let final_url: url::Url = "https://e.example/feed".parse().expect("it is an address");
    let asked = Asked { feed_url: final_url.to_string(), final_url, content_type: None };
    let now = "2026-02-13T12:00:00Z".parse().expect("it is a moment");
    let Ok(prepared) = drafts(body, &asked, now, &Params::default()) else { return };
    let mut keys = BTreeSet::new();
    for draft in &prepared.drafts {
        assert!(keys.insert(&draft.key), "a key twice");
        assert!(!draft.title.is_empty() && !draft.title.contains('\n'));
        let mut urls = draft.url.iter().chain(&draft.image).chain(&draft.links);
        assert!(urls.all(|url| url.starts_with("http://") || url.starts_with("https://")));
    }
});
