//! Dates: whatever is read is a moment that reads back the same in the forms that feeds use.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsfold::dates::read;

fuzz_target!(|text: &str| {
    if let Some(moment) = read(text) {
        assert_eq!(read(&moment.to_string()), Some(moment));
    }
});
