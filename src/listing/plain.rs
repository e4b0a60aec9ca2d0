//! Station: words made safe for a line of text, measured in terminal columns, and the phrases every table shares.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use url::Url;

use crate::model::Facts;

/// One safe line: white space of every kind becomes one space, and whatever could steer a terminal, turn the direction of
/// writing or hide (control characters, bidirectional overrides, invisible characters) is left out. The joiners that Indic
/// scripts, Persian and emoji need stay.
pub fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !safe.is_empty() && !safe.ends_with(' ') {
                safe.push(' ');
            }
        } else if !is_unsafe(c) {
            safe.push(c);
        }
    }
    safe.truncate(safe.trim_end().len());
    safe
}

/// Whether a character has no business in a line of text: Unicode's `Cc`, the bidirectional controls (UAX #9), zero-width
/// and deprecated format characters, the tag block, and non-characters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || matches!(u32::from(c) & 0xfffe, 0xfffe)
}

/// How many columns a safe line takes. Of a lam and the alef behind it, which printing draws as one sign, terminals set each in a column
/// of its own.
pub fn width(text: &str) -> usize {
    let mut begin = 0;
    let mut columns = 0;
    for (alef, _) in text.match_indices(ALEFS) {
        columns += UnicodeWidthStr::width(&text[begin..alef]);
        begin = alef;
    }
    columns + UnicodeWidthStr::width(&text[begin..])
}

/// The letters with which a lam may become one sign (`Joining_Group=Alef` in Unicode's `ArabicShaping.txt`).
const ALEFS: [char; 10] =
    ['\u{622}', '\u{623}', '\u{625}', '\u{627}', '\u{671}', '\u{672}', '\u{673}', '\u{675}', '\u{773}', '\u{774}'];

/// A safe line of at most so many columns, its end replaced by an ellipsis where it is longer.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = head(text, columns.saturating_sub(1)).trim_end().to_owned();
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The longest beginning that takes no more than so many columns; never half of a combined character or a joined emoji.
fn head(text: &str, columns: usize) -> &str {
    let mut end = 0;
    let mut used = 0;
    for (start, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        end = start + c.len_utf8();
    }
    // A selector can widen the character before it, and a cut behind a joiner would leave it joining the ellipsis.
    while width(&text[..end]) > columns || text[..end].ends_with(['\u{200d}', '\u{200c}']) {
        end = text[..end].char_indices().next_back().map_or(0, |(start, _)| start);
    }
    &text[..end]
}

/// Filled up with spaces to so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Broken into lines of at most so many columns: at spaces where there are any, inside a word only where it alone is too
/// long, and never inside a link.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.split_whitespace() {
        let gap = usize::from(!current.is_empty());
        if width(&current) + gap + width(word) <= columns {
            if gap == 1 {
                current.push(' ');
            }
            current.push_str(word);
            continue;
        }
        let mut rest = word;
        if !is_unspaced(word) && !current.is_empty() {
            lines.push(std::mem::take(&mut current));
        } else if gap == 1 {
            current.push(' ');
        }
        while !word.starts_with("http") && width(&current) + width(rest) > columns {
            let mut taken = head(rest, columns.saturating_sub(width(&current))).len();
            if taken == 0 && current.is_empty() {
                taken = rest.chars().next().map_or(rest.len(), char::len_utf8);
            }
            taken = without_dangling(rest, taken);
            current.push_str(&rest[..taken]);
            rest = &rest[taken..];
            lines.push(std::mem::take(&mut current).trim_end().to_owned());
        }
        current.push_str(rest);
    }
    if !current.is_empty() {
        lines.push(current);
    }
    lines
}

/// Parts set one after the other, a mark between them, each kept whole on its line where it fits.
pub fn pack(parts: &[String], columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(last) if width(last) + 3 + width(part) <= columns => last.push_str(&format!(" · {part}")),
            _ => lines.extend(wrap(part, columns)),
        }
    }
    lines
}

/// Whether a word is a run of a script that sets no spaces, where a line may break between any two characters.
fn is_unspaced(word: &str) -> bool {
    word.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'))
}

/// A little less, so that the next line does not begin with the punctuation that belongs to this one (Japanese *kinsoku*).
fn without_dangling(text: &str, taken: usize) -> usize {
    let closes = |c: char| "、。，．！？」』）】〉》ーっゃゅょッャュョ".contains(c);
    if !text[taken..].starts_with(closes) {
        return taken;
    }
    let shorter = text[..taken].char_indices().next_back().map_or(taken, |(start, _)| start);
    if shorter == 0 { taken } else { shorter }
}

/// An http or https link in its one safe spelling (hosts in ASCII, spaces and controls encoded); `None` for any other.
pub fn link(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let mut safe = String::with_capacity(url.len());
    for c in parsed.as_str().chars() {
        match c {
            '<' | '>' | '"' | '\'' | '`' | '\\' | '^' | '{' | '|' | '}' | ' ' => {
                safe.push_str(&format!("%{:02X}", u32::from(c)))
            }
            c if is_unsafe(c) => {}
            c => safe.push(c),
        }
    }
    Some(safe)
}

/// `7 articles`, `1 article`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `7 articles, 5 outlets, 2 independent`; the independent voices only where they are not the outlets.
pub fn coverage(facts: &Facts) -> String {
    format!("{}, {}", count(facts.article_count, "article"), voices(facts))
}

/// `7 outlets, 2 independent`; the independent voices only where they are not the outlets.
pub fn voices(facts: &Facts) -> String {
    let mut words = count(facts.outlet_count(), "outlet");
    if facts.independent_count != facts.outlet_count() {
        words.push_str(&format!(", {} independent", facts.independent_count));
    }
    words
}

/// A probability for people: `97 %`. It says neither 0 nor 100 of what is not certain.
pub fn percent(probability: f64) -> String {
    let percent = probability.clamp(0.0, 1.0) * 100.0;
    match percent.round() as u8 {
        0 if percent > 0.0 => "under 1 %".to_owned(),
        100 if percent < 100.0 => "over 99 %".to_owned(),
        whole => format!("{whole} %"),
    }
}

/// How long before `now` (or after it) something is: `just now`, `5 min ago`, `3 h ago`, `2 d ago`, `in 20 min`; a date where
/// more than four weeks lie between.
pub fn ago(at: Timestamp, style: &crate::listing::Style) -> String {
    let seconds = style.now.as_second().saturating_sub(at.as_second());
    match (seconds.unsigned_abs(), seconds >= 0) {
        (0..60, true) => "just now".to_owned(),
        (0..60, false) => "any moment".to_owned(),
        (apart, _) if apart >= 28 * 86_400 => date(at, &style.zone),
        (apart, true) => format!("{} ago", span(apart)),
        (apart, false) => format!("in {}", span(apart)),
    }
}

/// A length of time in its largest fitting unit, rounded: `45 s`, `5 min`, `14 h`, `3 d`. Hours go up to two days.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_570 => format!("{} min", (seconds + 30) / 60),
        3_570..171_000 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", seconds.saturating_add(43_200) / 86_400),
    }
}

/// An amount of data: `512 B`, `1.5 KiB`, `12.3 MiB`, `2.0 GiB`.
pub fn bytes(amount: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if amount < 1_024 {
        return format!("{amount} B");
    }
    // From 1,023.95 on it would be written as 1024.0.
    let place = (0..3).find(|place| amount < (1_048_525_u64 << (10 * place))).unwrap_or(3);
    let tenths = ((u128::from(amount) * 10) + (1 << (10 * place + 9))) >> (10 * (place + 1));
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[place])
}

/// UTC, RFC 3339, whole seconds: `2026-02-13T15:00:00Z`.
pub fn utc(at: Timestamp) -> String {
    let seconds = at.as_second();
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// The date so many days after 1970 began, by arithmetic alone (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"):
/// a long list writes thousands of them, and a formatter that reads its pattern each time took half of the list's time.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Years begin with March here, so that the leap day is their last.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// Local date and time: `2026-02-13 15:00`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Local time of day: `15:00`.
pub fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// Local date: `2026-02-13`.
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

/// The name of a thing, or what stands in for it where it has none.
pub fn headline(title: &str) -> String {
    let title = line(title);
    if title.is_empty() { "(no title)".to_owned() } else { title }
}

/// As many names as fit into so many columns: `The Verge, GIGAZINE and 3 more`; at least one.
pub fn names(names: &[String], columns: usize) -> String {
    let names: Vec<String> = names.iter().map(|name| line(name)).collect();
    let listed = |shown: usize| match names.len() - shown {
        0 => names.join(", "),
        hidden => format!("{} and {hidden} more", names[..shown].join(", ")),
    };
    let shown = (1..=names.len().min(columns / 2)).rev().find(|&shown| width(&listed(shown)) <= columns);
    fit(&listed(shown.unwrap_or(names.len().min(1))), columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use crate::listing::plain::{ago, bytes, fit, is_unsafe, line, link, names, pack, percent, span, utc, width, wrap};
    use crate::listing::samples::{at, style};

    #[test]
    fn an_amount_has_one_decimal_of_its_largest_fitting_unit() {
        let check = |amount: u64, expected: &str| assert_eq!(bytes(amount), expected, "{amount}");
        check(0, "0 B");
        check(1_023, "1023 B");
        check(1_024, "1.0 KiB");
        check(1_536, "1.5 KiB");
        check(1_048_524, "1023.9 KiB");
        check(1_048_525, "1.0 MiB");
        check(12 << 20, "12.0 MiB");
        check((1 << 30) - 1, "1.0 GiB");
        check(5 << 40, "5.0 TiB");
        check(u64::MAX, "16777216.0 TiB");
    }

    #[test]
    fn a_line_is_one_line_and_harmless() {
        let check = |text: &str, expected: &str| assert_eq!(line(text), expected, "{text:?}");
        check("  two\twords\r\n and\u{2028}more\u{a0}\u{3000}", "two words and more");
        check("\u{1b}[2Jclear\u{7}\u{9b}31m\u{7f}", "[2Jclear31m");
        check("invoice\u{202e}fdp.exe\u{2066}\u{2069}\u{200f}", "invoicefdp.exe");
        check("zero\u{200b}width\u{feff}\u{e0041}\u{ad}", "zerowidth");
        check("👩\u{200d}🌾 می\u{200c}خواهم ❤\u{fe0f}", "👩\u{200d}🌾 می\u{200c}خواهم ❤\u{fe0f}");
        check("\u{1b}\u{202e}", "");
    }

    #[test]
    fn fitting_counts_columns_and_never_halves_a_character() {
        let check = |text: &str, columns: usize, expected: &str| {
            assert_eq!(fit(text, columns), expected, "{text:?} in {columns}")
        };
        check("bridge", 6, "bridge");
        check("bridge", 5, "brid…");
        check("a bridge", 3, "a…");
        check("bridge", 1, "…");
        check("bridge", 0, "");
        check("橋が閉鎖", 8, "橋が閉鎖");
        check("橋が閉鎖", 7, "橋が閉…");
        check("橋が閉鎖", 6, "橋が…");
        check("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…");
        check("👩\u{200d}🌾👩\u{200d}🌾", 3, "👩…");
        // Lam and alef are one sign in print and two columns in a terminal, whatever marks stand between them.
        assert_eq!(["لا", "سلام", "ل\u{64e}أ", "ڸآ", "بلا"].map(width), [2, 4, 2, 2, 3]);
        check("لا لا لا", 5, "لا ل…");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_inside_only_what_is_too_long() {
        let check = |text: &str, columns: usize, expected: &[&str]| {
            assert_eq!(wrap(text, columns), expected, "{text:?} in {columns}")
        };
        check("", 10, &[]);
        check("the bridge is shut", 10, &["the bridge", "is shut"]);
        check("a Donaudampfschiff b", 8, &["a", "Donaudam", "pfschiff", "b"]);
        check("see https://example.org/a/long/path now", 12, &["see", "https://example.org/a/long/path", "now"]);
        check("橋は閉鎖された。再開は未定。", 16, &["橋は閉鎖された。", "再開は未定。"]);
        check("橋は閉鎖された。再開は未定。", 14, &["橋は閉鎖され", "た。再開は未", "定。"]);
        check("JR 東日本は月曜日", 10, &["JR 東日本", "は月曜日"]);
        check("لا إلا لا", 6, &["لا إلا", "لا"]);
        check("لا إلا لا", 5, &["لا", "إلا", "لا"]);
    }

    #[test]
    fn parts_stay_whole_where_they_fit() {
        let parts = ["The Verge".to_owned(), "3 outlets".to_owned(), "2026-02-13 10:05".to_owned()];
        assert_eq!(pack(&parts, 24), ["The Verge · 3 outlets", "2026-02-13 10:05"]);
        assert_eq!(pack(&parts, 10), ["The Verge", "3 outlets", "2026-02-13", "10:05"]);
    }

    #[test]
    fn as_many_names_as_fit_are_told_and_the_rest_is_counted() {
        let outlets: Vec<String> = ["Courier", "Quill", "Wire", "Lantern"].map(str::to_owned).to_vec();
        let check = |columns: usize, expected: &str| assert_eq!(names(&outlets, columns), expected, "{columns}");
        check(40, "Courier, Quill, Wire, Lantern");
        check(28, "Courier, Quill and 2 more");
        check(20, "Courier and 3 more");
        check(12, "Courier and…");
        assert_eq!(names(&[], 20), "");
    }

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let check = |then: &str, expected: &str| assert_eq!(ago(at(then), &style(80)), expected, "{then}");
        check("2026-02-13T14:59:30Z", "just now");
        check("2026-02-13T14:55:00Z", "5 min ago");
        check("2026-02-13T14:00:20Z", "1 h ago");
        check("2026-02-12T15:00:00Z", "24 h ago");
        check("2026-02-11T15:00:00Z", "2 d ago");
        check("2026-01-16T14:00:00Z", "2026-01-16");
        check("2026-02-13T15:00:30Z", "any moment");
        check("2026-02-13T15:25:00Z", "in 25 min");
        check("-009999-02-02T00:00:00Z", "-9999-02-02");
        check("9999-12-30T00:00:00Z", "9999-12-30");
        assert_eq!(
            (span(59), span(3_569), span(3_570), span(171_000)),
            ("59 s".into(), "59 min".into(), "1 h".into(), "2 d".into())
        );
        assert_eq!(utc(at("2026-02-13T15:00:00.123456789Z")), "2026-02-13T15:00:00Z");
    }

    #[test]
    fn only_the_certain_is_told_as_certain() {
        let check = |probability: f64, expected: &str| assert_eq!(percent(probability), expected, "{probability}");
        check(0.968, "97 %");
        check(1.0, "100 %");
        check(0.9999, "over 99 %");
        check(0.0, "0 %");
        check(0.0001, "under 1 %");
        check(f64::NAN, "0 %");
        check(7.0, "100 %");
    }

    #[test]
    fn only_http_and_https_are_links() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(link(url).as_deref(), expected, "{url:?}");
        check("https://example.org/a?b=c#d", Some("https://example.org/a?b=c#d"));
        check("HTTP://Example.org", Some("http://example.org/"));
        check("java\nscript:alert(1)", None);
        check("javascript:alert(1)//http://x", None);
        check("data:text/html,x", None);
        check("/relative", None);
        check("https://example.org/\u{1b}[2J\u{202e}<b>'\"", Some("https://example.org/%1B[2J%E2%80%AE%3Cb%3E%27%22"));
        check("https://bücher.example/", Some("https://xn--bcher-kva.example/"));
    }

    proptest! {
        #[test]
        fn a_moment_is_written_as_the_calendar_has_it(second in -62_135_596_800_i64..=253_402_207_200) {
            let at = jiff::Timestamp::from_second(second).unwrap();
            prop_assert_eq!(utc(at), at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }

        #[test]
        fn any_text_becomes_a_safe_line_that_fits(text in any::<String>(), columns in 2..60_usize) {
            let safe = line(&text);
            prop_assert!(!safe.chars().any(is_unsafe), "{:?}", safe);
            prop_assert_eq!(&line(&safe), &safe);
            prop_assert!(width(&fit(&safe, columns)) <= columns);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let lines = wrap(&safe, columns);
            prop_assert_eq!(bare(&lines.concat()), bare(&safe));
            prop_assert!(lines.iter().all(|words| width(words) <= columns || words.contains("http")), "{:?}", lines);
        }
    }
}
