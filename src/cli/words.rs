//! Door: single words of the command line, checked while they are read so that clap can say which one is wrong.

use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::cli::Place;
use crate::cli::moment::{FORMS, MomentError, When, duration};
use crate::cli::places::check;

/// A moment, for `--since` and `--until`.
pub(crate) fn when(text: &str) -> Result<When, &'static str> {
    text.parse().map_err(|_: MomentError| FORMS)
}

/// A number of things, at least one.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("write a whole number, 1 or more".to_owned()),
    }
}

/// The number of a correction.
pub(crate) fn ordinal(text: &str) -> Result<i64, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("write a correction's number")
}

/// A text that says something.
pub(crate) fn words(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// The primary subtag, lower case: a cluster of `en` holds articles of `en-GB` and `en-US`.
pub(crate) fn language(text: &str) -> Result<String, String> {
    let primary = text.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let is_language = (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    is_language.then_some(primary).ok_or_else(|| "write a language code, such as en, de or ja".to_owned())
}

/// A file, or `-` for the standard stream.
pub(crate) fn place(text: &str) -> Result<Place, String> {
    match text {
        "" => Err("it is empty".to_owned()),
        "-" => Ok(Place::Standard),
        file => Ok(Place::File(PathBuf::from(file))),
    }
}

/// A place for a digest, whose name may hold braces.
pub(crate) fn place_of_digest(text: &str) -> Result<Place, String> {
    check(text).map_err(|wrong| format!("it {wrong}"))?;
    place(text)
}

/// A length of time that is not nothing.
pub(crate) fn length(text: &str) -> Result<SignedDuration, String> {
    let length = duration(text).filter(|length| length.is_positive());
    length.ok_or_else(|| "write a time with its unit, such as 15m, 1h 30m or 2d".to_owned())
}

/// `KEY=VALUE`.
pub(crate) fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// A time zone by its name; `local` is that of this machine.
pub(crate) fn zone(text: &str) -> Result<TimeZone, String> {
    let known = TimeZone::get(text).map_err(|_| "no such time zone; write one such as UTC or Europe/Berlin".to_owned());
    if text == "local" { Ok(TimeZone::system()) } else { known }
}
