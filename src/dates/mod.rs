//! Station: the text of a date to the moment it means.

mod civil;
mod fields;
mod names;
mod tokens;
mod zones;

use jiff::Timestamp;

use crate::dates::tokens::{Kind, Number, Token};

/// Bytes that the text of a date may have; longer ones are no dates.
const TEXT_BYTES_MAX: usize = 256;

/// The moment that a feed's date means; `None` where the text is no date, or could be two.
///
/// Reads RFC 822 and its successors, RFC 3339, ISO 8601, `asctime`, seconds since 1970 and what people make of them: missing
/// commas, names of months and days in 28 languages, two-digit years, 12-hour clocks, names of zones. Each text is cut into
/// numbers, words and marks (`tokens`), these are told what they are (`fields`), and what they say becomes a date of the
/// calendar and a moment (`civil`).
///
/// * What is missing is taken as little as can be: no seconds, midnight, the month's or the year's first day; UTC where no zone,
///   or none that anybody knows, is named.
/// * What cannot be (31 June, 25 o'clock, the year 0 or 10000) is no date. A wrong day of the week is overlooked.
/// * What can be two dates (`03/04/2020`) is none, unless the day of the week decides.
///
/// The text is seen to be too long, or read in time that grows with its length.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let tokens = tokens::tokens(text)?;
    since_1970(&tokens).or_else(|| civil::moment(&fields::fields(&tokens)?))
}

/// A text that is nothing but a count: 9 or 10 digits of seconds (with a fraction that is left out), 13 of milliseconds, 16 of
/// microseconds since 1970. They reach from 2001, or 1973, to 2286.
fn since_1970(tokens: &[Token]) -> Option<Timestamp> {
    let kinds: Vec<&Kind> = tokens.iter().map(|token| &token.kind).collect();
    let number = match kinds[..] {
        [Kind::Number(number)] => *number,
        [Kind::Number(number), Kind::Mark('.'), Kind::Number(_)] if number.digits < 13 => *number,
        _ => return None,
    };
    let Number { value, digits } = number;
    let value = i64::try_from(value).ok()?;
    match digits {
        9 | 10 => Timestamp::from_second(value).ok(),
        13 => Timestamp::from_millisecond(value).ok(),
        16 => Timestamp::from_microsecond(value).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::time::{Duration, Instant};

    use jiff::Timestamp;
    use jiff::tz::{Offset, TimeZone};
    use proptest::prelude::*;

    use crate::dates::read;

    fn check(text: &str, expected: &str) {
        let found = read(text).map(|moment| moment.to_string());
        assert_eq!(found.as_deref().unwrap_or("none"), expected, "{text:?}");
    }

    #[test]
    fn feeds_write_rfc_822_in_many_ways() {
        for text in [
            "Fri, 07 Mar 2025 09:05:00 GMT",
            "Fri, 7 Mar 2025 09:05 GMT",
            "Fri 07 Mar 2025 09:05:00 GMT",
            "Fri,07 Mar 2025 09:05:00 GMT",
            "Friday, 7th March, 2025 09:05:00 Z",
            "Mon, 07 Mar 2025 09:05:00 UT",
            "07-Mar-25 09:05:00 UTC",
            "07 Mar 2025 9:5:0",
            "07 Mar 2025, 09.05.00 GMT",
        ] {
            check(text, "2025-03-07T09:05:00Z");
        }
        check("7MAR2025", "2025-03-07T00:00:00Z");
        check("Fri, 07 Mar 2025 24:00:00 GMT", "2025-03-08T00:00:00Z");
        check("Tue, 31 Dec 2024 23:59:60 +0000", "2025-01-01T00:00:00Z");
        check("Fri, 07 Mar 2025 (a Friday (indeed)) 09:05 (UTC) +0000", "2025-03-07T09:05:00Z");
        check("07 Mar 49 09:05:00 GMT", "2049-03-07T09:05:00Z");
        check("07 Mar 50 09:05:00 GMT", "1950-03-07T09:05:00Z");
        check("07 Mar 125 09:05:00 GMT", "2025-03-07T09:05:00Z");
        check("Friday March 7 09:05:00 2025", "2025-03-07T09:05:00Z");
        check("Fri Mar  7 09:05:00 +0100 2025", "2025-03-07T08:05:00Z");
        check("Fri Mar 7 09:05:00 EST 2025", "2025-03-07T14:05:00Z");
        check("Fri Mar 07 2025 09:05:00 GMT+0100 (Central European Standard Time)", "2025-03-07T08:05:00Z");
        check("[07/Mar/2025:09:05:00 +0100]", "none");
        check("07/Mar/2025:09:05:00 +0100", "2025-03-07T08:05:00Z");
    }

    #[test]
    fn iso_8601_is_read_long_and_short() {
        check("2025-03-07T09:05:00.25+01:00", "2025-03-07T08:05:00.25Z");
        check("2025-03-07t09:05:00,123456789123z", "2025-03-07T09:05:00.123456789Z");
        check("2025-03-07T09:05:00-0800", "2025-03-07T17:05:00Z");
        check("2025-03-07T09:05:00-08", "2025-03-07T17:05:00Z");
        check("2025-03-07T09:05:00−08:00", "2025-03-07T17:05:00Z");
        check("2025-03-07 09:05:00 -0800", "2025-03-07T17:05:00Z");
        check("2025-03-07T09:05:00+02:00[Europe/Helsinki]", "2025-03-07T07:05:00Z");
        check("2025-03-07T9:5+05:45", "2025-03-07T03:20:00Z");
        check("2025-03-07T09", "2025-03-07T09:00:00Z");
        check("20250307T090500Z", "2025-03-07T09:05:00Z");
        check("20250307T0905", "2025-03-07T09:05:00Z");
        check("20250307090500", "2025-03-07T09:05:00Z");
        check("20250307090500.5Z", "2025-03-07T09:05:00.5Z");
        check("202503070905", "2025-03-07T09:05:00Z");
        check("20250307", "2025-03-07T00:00:00Z");
        check("2025-03-07", "2025-03-07T00:00:00Z");
        check("2025-03-07+02:00", "2025-03-06T22:00:00Z");
        check("2025-03", "2025-03-01T00:00:00Z");
        check("2025", "2025-01-01T00:00:00Z");
        check("2025-066", "2025-03-07T00:00:00Z");
        check("2025066T0905Z", "2025-03-07T09:05:00Z");
        check("2025-366", "none");
        check("2024-366", "2024-12-31T00:00:00Z");
        check("2025-W10-5T09:05:00Z", "2025-03-07T09:05:00Z");
        check("2025W105", "2025-03-07T00:00:00Z");
        check("2025-W10", "2025-03-03T00:00:00Z");
        check("2025-W53-1", "none");
        check("2025-W10-8", "none");
    }

    #[test]
    fn counts_since_1970_are_dates() {
        check("1741338300", "2025-03-07T09:05:00Z");
        check("1741338300.75", "2025-03-07T09:05:00Z");
        check("1741338300250", "2025-03-07T09:05:00.25Z");
        check("1741338300250000", "2025-03-07T09:05:00.25Z");
        check("999999999", "2001-09-09T01:46:39Z");
        check("17413383001", "none");
        check("-1741338300", "none");
        check("99999999999999999999999999", "none");
    }

    #[test]
    fn clocks_have_twelve_hours_too() {
        check("Mar 7, 2025 9:05 am", "2025-03-07T09:05:00Z");
        check("Mar 7, 2025 9:05pm", "2025-03-07T21:05:00Z");
        check("Mar 7, 2025 12:05 AM", "2025-03-07T00:05:00Z");
        check("Mar 7, 2025 12:05 PM", "2025-03-07T12:05:00Z");
        check("Mar 7, 2025 at 9:05 p.m. EST", "2025-03-08T02:05:00Z");
        check("Mar 7, 2025 9 p.m.", "2025-03-07T21:00:00Z");
        check("Fri, Mar 07 2025 09:05:00\u{202f}PM", "2025-03-07T21:05:00Z");
        check("Mar 7, 2025 21:05 PM", "2025-03-07T21:05:00Z");
        check("21:05 am 7. März 2025", "2025-03-07T21:05:00Z");
        check("9pm, 7 March 2025", "2025-03-07T21:00:00Z");
        check("2025/3/7 下午9:05", "2025-03-07T21:05:00Z");
        check("2025. 3. 7. 오후 9:05:01", "2025-03-07T21:05:01Z");
    }

    #[test]
    fn zones_have_names() {
        let check = |zone: &str, expected: &str| {
            check(&format!("Mon, 07 Jul 2025 12:00:00 {zone}"), &format!("2025-07-{expected}:00Z"))
        };
        check("EST", "07T17:00");
        check("EDT", "07T16:00");
        check("CST", "07T18:00");
        check("PDT", "07T19:00");
        check("BST", "07T11:00");
        check("CEST", "07T10:00");
        check("EEST", "07T09:00");
        check("MSK", "07T09:00");
        check("IST", "07T06:30");
        check("JST", "07T03:00");
        check("NZST", "07T00:00");
        check("PT", "07T19:00");
        check("ET", "07T16:00");
        check("Europe/London", "07T11:00");
        check("Europe/Berlin", "07T10:00");
        check("America/New_York", "07T16:00");
        check("America/Argentina/Buenos_Aires", "07T15:00");
        check("Asia/Kolkata", "07T06:30");
        check("Etc/UTC", "07T12:00");
        check("GMT+2", "07T10:00");
        check("UTC +5:30", "07T06:30");
        check("GMT-07:00", "07T19:00");
        check("+0200 CEST", "07T10:00");
        check("-05:00Z", "07T17:00");
        check("+530", "07T06:30");
        check("+1400", "06T22:00");
        // What nobody knows, or no place keeps, says as much as nothing.
        check("XYZT", "07T12:00");
        check("Middle/Earth", "07T12:00");
        check("+3000", "07T12:00");
        check("A", "07T12:00");
    }

    #[test]
    fn summer_begins_and_ends_where_it_did() {
        let check = |text: &str, expected: &str| check(text, &format!("{expected}:00Z"));
        check("2025-03-30 01:59 Europe/Paris", "2025-03-30T00:59");
        check("2025-03-30 03:00 Europe/Paris", "2025-03-30T01:00");
        check("2025-10-26 01:59 Europe/Paris", "2025-10-25T23:59");
        check("2025-10-26 03:00 Europe/Paris", "2025-10-26T02:00");
        check("2025-10-26 00:59 Europe/London", "2025-10-25T23:59");
        check("2025-10-26 02:00 Europe/London", "2025-10-26T02:00");
        check("2025-03-09 01:59 America/Chicago", "2025-03-09T07:59");
        check("2025-03-09 03:00 America/Chicago", "2025-03-09T08:00");
        check("2025-11-02 02:00 America/Chicago", "2025-11-02T08:00");
        check("2006-03-20 12:00 America/Chicago", "2006-03-20T18:00");
        check("2006-04-02 12:00 America/Chicago", "2006-04-02T17:00");
        check("2006-10-29 12:00 America/Chicago", "2006-10-29T18:00");
    }

    #[test]
    fn months_and_days_have_names_in_many_languages() {
        for text in [
            "Freitag, 7. März 2025 um 09:05 Uhr",
            "Fr., 7. Mär. 2025 09:05",
            "vendredi 7 mars 2025 à 9h05",
            "ven., 07 mars 2025 09:05:00",
            "viernes, 7 de marzo de 2025 09:05",
            "Vie, 07 Mar 2025 a las 09:05",
            "venerdì 7 marzo 2025 alle ore 09:05",
            "sexta-feira, 7 de março de 2025, 09:05",
            "Sex, 07 Mar 2025 09:05",
            "vrijdag 7 maart 2025 09:05 uur",
            "fredag 7 mars 2025 kl. 09.05",
            "fredag den 7. marts 2025 kl. 09:05",
            "perjantaina 7. maaliskuuta 2025 klo 9.05",
            "piątek, 7 marca 2025 r. 09:05",
            "pátek 7. března 2025 09:05",
            "2025. március 7., péntek 9:05",
            "7 martie 2025, vineri 09:05",
            "07 Mart 2025 Cuma 09:05",
            "07 MART 2025, CUMA 09:05",
            "пятница, 7 марта 2025 г., 09:05",
            "Пт, 07 мар 2025 09:05",
            "п’ятниця, 7 березня 2025 р. 09:05",
            "Παρ, 07 Μαρ 2025 09:05",
            "Jumat, 07 Maret 2025 09:05",
            "الجمعة، ٧ مارس ٢٠٢٥ ٠٩:٠٥",
            "शुक्रवार, ७ मार्च २०२५ ०९:०५",
            "2025年3月7日(金) 9時5分",
            "2025年03月07日星期五 09:05",
            "２０２５年３月７日　０９：０５",
            "2025년 3월 7일 금요일 9시 5분",
            "mar. 7, 2025 9h05",
        ] {
            check(text, "2025-03-07T09:05:00Z");
        }
        // March and Tuesday are one word in some languages.
        check("mar, 11 nov 2025 10:00:00 +0100", "2025-11-11T09:00:00Z");
        check("mar 4 mar 2025", "2025-03-04T00:00:00Z");
        check("4 mars 2025 mar", "2025-03-04T00:00:00Z");
        check("9h 05 mars 2025", "2025-03-05T09:00:00Z");
    }

    #[test]
    fn a_text_with_two_readings_has_none() {
        check("03/04/2025", "none");
        check("03-04-2025 10:00", "none");
        check("05/05/2025", "2025-05-05T00:00:00Z");
        check("13/04/2025", "2025-04-13T00:00:00Z");
        check("04/13/2025", "2025-04-13T00:00:00Z");
        check("03.04.2025", "2025-04-03T00:00:00Z");
        check("03.04.25 10.30", "2025-04-03T10:30:00Z");
        check("Thu, 03/04/2025 - 10:30", "2025-04-03T10:30:00Z");
        check("Tue, 03/04/2025 - 10:30", "2025-03-04T10:30:00Z");
        check("Sun, 03/04/2025 - 10:30", "none");
        check("2025/3/4 10:30:00", "2025-03-04T10:30:00Z");
        check("04/13/25", "2025-04-13T00:00:00Z");
        check("25-03-04", "none");
        check("99-12-31", "1999-12-31T00:00:00Z");
        check("250304", "none");
        check("03/2025", "2025-03-01T00:00:00Z");
        check("10:00 - 7 March 2025", "2025-03-07T10:00:00Z");
        check("10:00 2025-03-07", "2025-03-07T10:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            " ",
            ",",
            "-",
            "never",
            "yesterday",
            "3 hours ago",
            "10:00",
            "Friday",
            "March",
            "7 March",
            "7 March 10:00",
            "0",
            "12",
            "2025-02-29",
            "2025-13-01",
            "2025-00-10",
            "2025-06-31T10:00:00Z",
            "2025-03-07T25:00:00Z",
            "2025-03-07T24:00:01Z",
            "2025-03-07T10:60:00Z",
            "2025-03-07T10:00:62Z",
            "0000-00-00 00:00:00",
            "0000-01-01",
            "10000-01-01T00:00:00Z",
            "-0001-11-30T00:00:00+00:00",
            "9999-12-31T23:59:59-10:00",
            "2025-03-07T10:00:00+zz:00",
            "1:2:3:4 7 Mar 2025",
            "7 Mar 2025 10:00 11:00",
            "7 May Apr 2025",
            "1 2 3 4",
            "7 Mar 2025 13 AM",
            "2025-03-07!",
            "½ March 2025",
            "7 Mar 2025 Textra",
            "2025年3月7日8日",
            "7日2025",
            "2025 14:00",
            "March 2025 10:00",
            "2025-W10-5-5",
            "13:00 AM AM 2025-03-07 AM AM +",
            "\u{0}",
            "0001-1-1-1",
            "7 Mar 2025 10:00 +",
            "20250307T",
            "T10:00",
            "2025-03-07T10:00:00+01:00 +02:00",
        ] {
            check(text, "none");
        }
        check(&format!("7 Mar {}2025", " ".repeat(300)), "none");
        check(&format!("{}7 Mar 2025\n", " ".repeat(300)), "2025-03-07T00:00:00Z");
    }

    /// Where feedparser (Python) and we say something else about a text of the corpus: shapes of texts (every figure a 9), why, and
    /// whether it is feedparser that says what the text does not. `docs/why/dates.md` tells more.
    const DISAGREEMENTS: &[(&str, bool, &[&str])] = &[
        (
            "year first, with slashes",
            true,
            &["9999/9/99 99:99:99", "9999/99/99 99:99:99", "9999-99/99 99:99:99", "9999/99-99 99:99:99"],
        ),
        ("seconds since 1970", true, &["9999999999"]),
        (
            "twelve-hour clocks",
            true,
            &[
                "Sat, Dec 99 9999 99:99:99 PM",
                "Sat, Oct 99 9999 99:99:99 PM",
                "Mon, 99 Jan 9999 9:99 am PST",
                "Sun, 99 Apr 9999 9:99 pm CEST",
                "Sun, 99 Dec 9999 9:99 PM EST",
                "9999-99-99 오후 99:99:99",
            ],
        ),
        (
            "names of zones",
            true,
            &[
                "Fri, 99 May 9999 99:99:99 BST",
                "Wed, 99 Jun 9999 99:99:99 CET",
                "Wed, 99 Jun 9999 99:99:99 IST",
                "Wed, 99 Jun 9999 99:99:99 JST",
                "Wed, 99 Jun 9999 99:99:99 AEST",
                "Fri, 99 Mar 9999 99:99:99 America/Los_Angeles",
                "Thu, 99 Feb 9999 99:99:99 Europe/Brussels",
            ],
        ),
        ("words and marks of Hungary and Korea", true, &["9999-július-99T9:99-99:99", "9999년 99월 99일  99:99:99"]),
        ("a clock without colons", true, &["9999-99-99T999999+99:99"]),
        (
            "a zone no place keeps, a zone with a Z behind it",
            true,
            &["Fri, 99 Mar 9999 99:99:99 +9999", "9999-99-99T99:99:99-99:99Z"],
        ),
        (
            "a month, day, hour or minute that does not exist",
            true,
            &["9999-99-99T99:99:99-9999", "9999-99-99T99:99:99-99:99", "9999-99-99T99:99:99Z"],
        ),
        ("five figures", true, &["99999"]),
        ("short forms of ISO 8601 before 2000", false, &["-99-99", "-9999", "99-99-99", "999999"]),
        (
            "texts with something else inside",
            false,
            &[
                "9999-99-99-99",
                "9999-99-99T99:99:99+99:xx",
                "9999-99-99T99:xx:99Z",
                "9999-99-99T99:99:99-99:99Textra",
                "9999-xx-99",
            ],
        ),
    ];

    #[test]
    fn dates_of_the_corpus_agree_with_feedparser() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/feeds/DATES.tsv");
        let Ok(table) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return;
        };
        let (mut both, mut alike, mut misread, mut ours_alone, mut nobody) = (0, 0, 0, 0, 0);
        let mut classes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for row in table.lines().skip(1) {
            let cells: Vec<&str> = row.split('\t').collect();
            let text = cells[0].replace("\\n", "\n");
            let theirs: Option<i64> = cells[2].parse().ok();
            let ours = read(&text).map(Timestamp::as_second);
            let feed_rs: Option<i64> = cells[3].parse().ok();
            assert!(feed_rs.is_none() || feed_rs == ours, "{text:?}: {ours:?}, and feed-rs says {feed_rs:?}");
            let Some(theirs) = theirs else {
                if ours.is_some() {
                    ours_alone += 1
                } else {
                    nobody += 1
                }
                continue;
            };
            both += 1;
            if ours == Some(theirs) {
                alike += 1;
                continue;
            }
            let shape: String = text.chars().map(|one| if one.is_ascii_digit() { '9' } else { one }).collect();
            let class = DISAGREEMENTS.iter().find(|(_, _, shapes)| shapes.contains(&shape.as_str()));
            let (class, is_misread, _) = class.unwrap_or_else(|| panic!("{text:?}: {:?}, not {theirs}", read(&text)));
            misread += usize::from(*is_misread);
            let moment = |second: Option<i64>| {
                second.map_or("none".to_owned(), |second| Timestamp::from_second(second).unwrap().to_string())
            };
            classes.entry(class).or_default().push(format!(
                "{text:?}: {}, feedparser {}",
                moment(ours),
                moment(Some(theirs))
            ));
        }
        for (class, texts) in &classes {
            println!("{class}: {}\n    {}", texts.len(), texts.join("\n    "));
        }
        let rest = both - misread;
        println!(
            "{alike} of {both} that feedparser reads are alike; it misreads {misread}; {alike} of the other {rest} are alike"
        );
        println!("we read {ours_alone} of the {} that it does not", ours_alone + nobody);
        assert_eq!(classes.len(), DISAGREEMENTS.len(), "a class that holds nothing is none");
        assert!(alike * 1000 >= rest * 995, "{alike} of {rest}");
        assert!(alike * 1000 >= both * 988, "{alike} of {both}");
    }

    #[test]
    fn time_is_linear_in_hostile_text() {
        let started = Instant::now();
        for piece in ["(", "1 ", "a/", "1:", "-", "mar ", "t1", "\\", "年1", "+1:0"] {
            assert_eq!(read(&piece.repeat(256 / piece.len())), None, "{piece}");
            assert_eq!(read(&piece.repeat(4 << 20)), None, "{piece}");
        }
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }

    fn soup() -> impl Strategy<Value = String> {
        let pieces = prop_oneof![
            4 => "[0-9]{1,5}",
            3 => "[-+:/., ]",
            2 => prop::sample::select(vec![
                "T", "Z", "W", "GMT", "EST", "mar", "Jan", "lunes", "am", "pm", "p.m.", "h", "年", "月", "日", "時", "Europe/Paris", "(", ")", "\\", "th",
                "at", "٣", "９", "\u{200e}", "Ⅳ", "½",
            ]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn any_text_is_read_or_refused(text in soup()) {
            if let Some(moment) = read(&text) {
                prop_assert_eq!(read(&format!("  {text}\u{a0}")), Some(moment));
            }
        }

        /// From year 1 to 9999, in every form in which it can be written.
        #[test]
        fn what_is_written_is_read_back(second in -62_135_510_400_i64..253_402_000_000, nanosecond in 0..1_000_000_000_i32, minutes in -14 * 60..14 * 60_i32) {
            let moment = Timestamp::from_second(second).unwrap();
            let exact = Timestamp::new(second, if second < 0 { -nanosecond } else { nanosecond }).unwrap();
            let zone = TimeZone::fixed(Offset::from_seconds(minutes * 60).unwrap());
            let local = moment.to_zoned(zone.clone());
            prop_assert_eq!(read(&exact.to_string()), Some(exact));
            prop_assert_eq!(read(&exact.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()), Some(exact));
            prop_assert_eq!(read(&jiff::fmt::rfc2822::to_string(&local).unwrap()), Some(moment));
            let utc = moment.to_zoned(TimeZone::UTC);
            for format in [
                "%a %b %e %H:%M:%S %Y", "%A, %d-%b-%Y %H:%M:%S GMT", "%Y%m%dT%H%M%SZ", "%G-W%V-%u %H:%M:%S", "%Y-%jT%H:%M:%S", "%B %-d, %Y %-I:%M:%S %p",
                "%d.%m.%Y %H:%M:%S", "%Y年%m月%d日 %H時%M分%S秒",
            ] {
                let text = utc.strftime(format).to_string();
                prop_assert_eq!(read(&text), Some(moment), "{}", text);
            }
        }
    }
}
