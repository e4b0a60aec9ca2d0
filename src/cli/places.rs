//! Door: what people write in braces in the name of a digest's file.

/// What may stand there.
pub const PLACES: [&str; 4] = ["date", "time", "name", "number"];

/// Says what is wrong with a file's name, if braces in it hold anything else.
///
/// # Errors
/// In words that go behind the name of what was written.
pub fn check(text: &str) -> Result<(), String> {
    let wrong = || format!("may hold {{{}}} in braces and nothing else", PLACES.join("}, {"));
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let place = rest[at..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((_, behind)) = place.filter(|(place, _)| PLACES.contains(place)) else { return Err(wrong()) };
        rest = behind;
    }
    Ok(())
}

/// A file's name with `{name}` filled in. A digest's name may hold whatever a file's name may not.
pub fn with_name(text: &str, name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
    text.replace("{name}", &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_hold_what_is_known_and_nothing_else() {
        for good in ["", "a.html", "{name}/{date}-{time}-{number}.html", "{date}{date}"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["{", "}", "{}", "a{day}", "{date", "{{date}}", "date}", "{Date}", "{date}}"] {
            let error = check(bad).expect_err(bad);
            assert!(error.contains("{date}, {time}, {name}, {number}"), "{bad}: {error}");
        }
        assert_eq!(with_name("{name}/x", "ü /x"), "ü__x/x");
    }
}
