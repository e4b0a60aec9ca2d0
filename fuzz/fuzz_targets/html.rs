//! HTML to text: no `<` that opens a tag, no character that a terminal obeys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsfold::clean::{Limits, feed_links, text, title};

fuzz_target!(|html: &str| {
    let limits = Limits::default();
    let title = title(html, &limits);
    assert!(!title.contains('\n'));
    for text in [text(html, &limits).text, title] {
        let opens = |rest: &str| rest.starts_with(|first: char| first.is_ascii_alphabetic() || "/!?".contains(first));
        assert!(!text.split('<').skip(1).any(opens), "{text:?}");
        assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
    }
    let base = "https://e.example/".parse().expect("it is an address");
    feed_links(html, &base, &limits);
});
