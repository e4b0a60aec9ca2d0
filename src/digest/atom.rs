//! Station: a digest as an Atom feed (RFC 4287): one entry a story, under a name that is the same in every edition.
//!
//! An entry's `updated` is the moment of the story's latest news, so that a reader shows it again when there is some, and never
//! because a copy was added.

use jiff::tz::TimeZone;

use crate::digest::Digest;
use crate::digest::template::{self, Form};
use crate::digest::view::DigestView;

/// The built-in template.
pub const TEMPLATE: &str = include_str!("templates/digest.atom");

/// The digest as a feed; moments within its words are in the zone.
pub fn render(digest: &Digest, zone: &TimeZone) -> String {
    template::built_in(&DigestView::of(digest, zone), Form::Atom)
}
