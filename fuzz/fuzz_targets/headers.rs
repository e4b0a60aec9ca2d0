//! `Cache-Control`, `Expires`, `Age`, `Date` and `Retry-After`, a line each: no time beyond what HTTP can say.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use newsfold::fetch::law::{TimeHeaders, fresh_for, http_date, pause, retry_after};

fuzz_target!(|text: &str| {
    let mut lines = text.split('\n').map(str::to_owned);
    let headers = TimeHeaders {
        cache_control: lines.next(),
        expires: lines.next(),
        date: lines.next(),
        age: lines.next(),
        retry_after: lines.next(),
    };
    let now = "2026-02-13T12:00:00Z".parse().expect("it is a moment");
    let most = Duration::from_secs(10_000 * 366 * 86_400);
    for time in
        [fresh_for(&headers, now), retry_after(&headers, now), pause(429, &headers, now), pause(503, &headers, now)]
    {
        assert!(time.is_none_or(|time| time <= most), "{time:?}");
    }
    http_date(text, now);
});
