//! A config file: settings, or faults that name it.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = newsfold::config::parse(text, Path::new("c.toml"), Path::new("/")) {
        assert!(error.to_string().contains("c.toml"));
    }
});
