//! Addresses: one spelling, which is its own; http and https alone; no secret in what is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsfold::fetch::{place, policy};
use newsfold::identify::canonical;

fuzz_target!(|text: &str| {
    let base: url::Url = "https://me:hidden@e.example/feed".parse().expect("it is an address");
    if let Some(once) = canonical(text, Some(&base)) {
        assert!(once.url.starts_with("http"));
        // Spelled out, an address may be too long to be read again.
        if let Some(again) = canonical(&once.url, None) {
            assert_eq!((again.url, again.key), (once.url, once.key));
        }
    }
    if let Ok(target) = policy::redirect_target(&base, text) {
        assert_eq!(
            target.password() == Some("hidden"),
            policy::same_origin(&base, &target) && target.password().is_some()
        );
        let shown = policy::redact(target.as_str());
        assert!(target.password().is_none() || !shown.contains("hidden@"), "{shown}");
    }
    policy::redact(text);
    let _place = place(text);
});
