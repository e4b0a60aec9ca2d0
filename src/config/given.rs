//! Door: one value as a person gave it, read as what a setting wants.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::SignedDuration;
use toml::de::{DeArray, DeTable, DeValue};

use crate::cli::moment::duration;

/// Characters of a wrong value that an error repeats.
const SHOWN_CHARS_MAX: usize = 80;

/// How things are kept that are never given up.
const FOR_EVER: &str = "forever";

/// A value of the config file or of the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Given<'a> {
    /// A TOML string.
    Text(&'a str),
    /// A TOML integer, or one beyond 64 bits as the nearest that fits.
    Integer(i64),
    /// A TOML float.
    Float(f64),
    /// A TOML boolean.
    Switch(bool),
    /// A TOML array.
    List(&'a DeArray<'a>),
    /// A TOML table, written in one line.
    Table(&'a DeTable<'a>),
    /// A TOML value of a kind that no setting has; its name.
    Other(&'static str),
    /// Text without a type, from the environment.
    Bare(&'a str),
}

impl<'a> Given<'a> {
    /// The value as TOML has it.
    pub(crate) fn of_toml(value: &'a DeValue<'_>) -> Given<'a> {
        match value {
            DeValue::String(text) => Given::Text(text),
            DeValue::Integer(integer) => {
                let beyond = if integer.as_str().starts_with('-') { i64::MIN } else { i64::MAX };
                Given::Integer(i64::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(beyond))
            }
            DeValue::Float(float) => Given::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(switch) => Given::Switch(*switch),
            DeValue::Array(list) => Given::List(list),
            DeValue::Table(table) => Given::Table(table),
            other => Given::Other(other.type_str()),
        }
    }

    /// A text; leading and trailing space is dropped.
    pub(crate) fn text(self) -> Result<&'a str, String> {
        match self {
            Given::Text(text) | Given::Bare(text) => Ok(text.trim()),
            other => Err(format!("must be text in quotation marks, not {other}")),
        }
    }

    /// A text that says something.
    pub(crate) fn words(self) -> Result<&'a str, String> {
        match self.text()? {
            "" => Err("must not be empty".to_owned()),
            words => Ok(words),
        }
    }

    /// A list of texts that say something, each once; in the environment a comma divides them.
    pub(crate) fn texts(self, most: usize) -> Result<Vec<String>, String> {
        let wanted = || format!("must be a list of at most {most} texts, such as [\"one\", \"two words\"], not {self}");
        let given: Vec<&str> = match self {
            Given::List(list) => {
                let texts = list.iter().map(|text| Given::of_toml(text.get_ref()).words());
                texts.collect::<Result<_, _>>().map_err(|_| wanted())?
            }
            Given::Bare(text) => text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect(),
            _ => return Err(wanted()),
        };
        let mut texts: Vec<String> = Vec::new();
        for text in given {
            if !texts.iter().any(|known| known == text) {
                texts.push(text.to_owned());
            }
        }
        if texts.len() <= most { Ok(texts) } else { Err(wanted()) }
    }

    /// Yes or no.
    pub(crate) fn switch(self) -> Result<bool, String> {
        match self {
            Given::Switch(switch) => Ok(switch),
            Given::Bare(text) if text.trim() == "true" => Ok(true),
            Given::Bare(text) if text.trim() == "false" => Ok(false),
            other => Err(format!("must be true or false, not {other}")),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn integer<T>(self, bounds: RangeInclusive<T>) -> Result<T, String>
    where
        T: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        let integer = match self {
            Given::Integer(integer) => Some(integer),
            Given::Bare(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = integer.and_then(|integer| T::try_from(integer).ok()).filter(|number| bounds.contains(number));
        number.ok_or_else(|| format!("must be a whole number from {} to {}, not {self}", bounds.start(), bounds.end()))
    }

    /// A number that need not be whole, within bounds.
    pub(crate) fn fraction(self, bounds: RangeInclusive<f64>) -> Result<f64, String> {
        let number = match self {
            Given::Float(float) => Some(float),
            #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 it is out of every bound")]
            Given::Integer(integer) => Some(integer as f64),
            Given::Bare(text) => text.trim().parse().ok(),
            _ => None,
        };
        let wanted = || format!("must be a number from {} to {}, not {self}", bounds.start(), bounds.end());
        number.filter(|number| bounds.contains(number)).ok_or_else(wanted)
    }

    /// A length of time with its unit, within bounds.
    pub(crate) fn duration(self, bounds: RangeInclusive<SignedDuration>) -> Result<SignedDuration, String> {
        let length = match self {
            Given::Text(text) | Given::Bare(text) => duration(text),
            _ => None,
        };
        let length = length.ok_or_else(|| {
            format!("must be a time with its unit, such as \"20s\", \"15m\" or \"1h 30m\", not {self}")
        })?;
        let wanted = || format!("must be a time from {:#} to {:#}, not {self}", bounds.start(), bounds.end());
        Some(length).filter(|length| bounds.contains(length)).ok_or_else(wanted)
    }

    /// How long something is kept: a length of time within bounds, or `None` for ever.
    pub(crate) fn term(self, bounds: RangeInclusive<SignedDuration>) -> Result<Option<SignedDuration>, String> {
        if self.text().is_ok_and(|text| text == FOR_EVER) {
            return Ok(None);
        }
        let length = match self {
            Given::Text(text) | Given::Bare(text) => duration(text),
            _ => None,
        };
        let wanted =
            || format!("must be \"{FOR_EVER}\" or a time of a day or more, such as \"90d\" or \"52w\", not {self}");
        length.filter(|length| bounds.contains(length)).map(Some).ok_or_else(wanted)
    }

    /// An amount of data with its unit, within bounds, in bytes.
    pub(crate) fn size(self, bounds: RangeInclusive<u64>) -> Result<u64, String> {
        let bytes = match self {
            Given::Text(text) | Given::Bare(text) => bytes(text),
            _ => None,
        };
        let bytes = bytes
            .ok_or_else(|| format!("must be a size with its unit, such as \"8 MiB\" or \"500 kB\", not {self}"))?;
        let wanted = || format!("must be a size from {} to {} bytes, not {self}", bounds.start(), bounds.end());
        Some(bytes).filter(|bytes| bounds.contains(bytes)).ok_or_else(wanted)
    }
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Text(text) => write!(formatter, "`\"{}\"`", shown(text)),
            Given::Integer(integer) => write!(formatter, "`{integer}`"),
            Given::Float(float) => write!(formatter, "`{float}`"),
            Given::Switch(switch) => write!(formatter, "`{switch}`"),
            Given::List(_) => formatter.write_str("a list"),
            Given::Table(_) => formatter.write_str("a table"),
            Given::Other(kind) => write!(formatter, "a {kind}"),
            Given::Bare(text) => write!(formatter, "`{}`", shown(text)),
        }
    }
}

/// A text for an error: one line, and not a page.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars().take(SHOWN_CHARS_MAX) {
        if character.is_control() { shown.extend(character.escape_default()) } else { shown.push(character) }
    }
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// `8 MiB`, `500 kB`, `1.5MB`, `512 B`. The units of IEC 80000-13 count by 1024, those of the SI by 1000; letters may be
/// of either case.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.')?;
    let (number, unit) = text.split_at(end);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    // Three decimals are enough for people, and keep the sum in whole numbers.
    let thousandths: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(factor)?.checked_add(thousandths * factor / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_repeated_on_one_line() {
        assert_eq!(Given::Text("a\nb").to_string(), "`\"a\\nb\"`");
        assert_eq!(Given::Bare(&"ü".repeat(81)).to_string(), format!("`{}…`", "ü".repeat(80)));
    }

    #[test]
    fn a_size_has_a_unit() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(bytes(text), expected, "{text}");
        check("8 MiB", Some(8 * 1024 * 1024));
        check("8MiB", Some(8 * 1024 * 1024));
        check("500 kB", Some(500_000));
        check("1.5 MB", Some(1_500_000));
        check("0.25 GiB", Some(268_435_456));
        check(" 512 b ", Some(512));
        check("8", None);
        check("8 M", None);
        check("MiB", None);
        check("-1 MiB", None);
        check("1.x MiB", None);
        check("1.2.3 MiB", None);
        check("", None);
        check("99999999999999999999 B", None);
        check("9999999999999999999 GiB", None);
    }
}
