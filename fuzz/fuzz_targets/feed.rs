//! Bytes of a feed: entries, or an error that says something; what feed-rs panics over is contained.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsfold::parse::{Hints, feed};

fuzz_target!(init: {
    // The fuzzer ends at every panic that reaches its hook; a contained one must not.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !newsfold::parse::is_containing() {
            usual(panic);
        }
    }));
}, |body: &[u8]| {
    let hints = Hints { base: url::Url::parse("https://e.example/feed").ok(), ..Hints::default() };
    match feed(body, &hints) {
        Ok(feed) => assert!(feed.entries.len() <= hints.entries_max),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
