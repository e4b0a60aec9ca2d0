//! OPML: what was read can be written, and what was written is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsfold::opml::{Params, read, write};

fuzz_target!(|bytes: &[u8]| {
    let params = Params::default();
    if let Ok(list) = read(bytes, &params) {
        let again = read(write(&list.feeds).as_bytes(), &params).expect("what we write can be read");
        assert_eq!(again.feeds.len(), list.feeds.len());
    }
});
