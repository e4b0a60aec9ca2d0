//! Door: what a person says of reading: who speaks for a cluster, what is muted and what is kept.

use crate::config::given::{Given, shown};
use crate::config::settings::nearest;
use crate::rank::Preference;
use crate::taste::Marks;

/// Words, outlets, tags or languages of one list.
const MARKS_MAX: usize = 1_000;

/// The preferences of a list, each once.
pub(crate) fn representative(given: Given<'_>) -> Result<Vec<Preference>, String> {
    let known = || Preference::ALL.map(Preference::word).join("\", \"");
    let wanted = || format!("must be a list of \"{}\" in the order of their weight", known());
    let words = given.texts(Preference::ALL.len()).map_err(|_| wanted())?;
    let mut preferences = Vec::with_capacity(words.len());
    for word in &words {
        match Preference::ALL.into_iter().find(|known| known.word() == word) {
            Some(preference) => preferences.push(preference),
            None => {
                let meant = nearest(word, Preference::ALL.map(Preference::word));
                let hint = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
                return Err(format!("{}, not \"{}\"{hint}", wanted(), shown(word)));
            }
        }
    }
    Ok(preferences)
}

/// A table of marks.
pub(crate) fn marks(given: Given<'_>) -> Result<Marks, String> {
    let Given::Table(table) = given else {
        return Err(format!("must be a table in the config file, such as {{ words = [\"lotto\"] }}, not {given}"));
    };
    let mut marks = Marks::default();
    for (key, value) in table {
        let list = Given::of_toml(value.get_ref()).texts(MARKS_MAX);
        let place = match key.get_ref().as_ref() {
            "words" => &mut marks.words,
            "outlets" => &mut marks.outlets,
            "tags" => &mut marks.tags,
            "languages" => &mut marks.languages,
            other => return Err(unknown(other)),
        };
        *place = list.map_err(|why| format!("has `{}`, which {why}", key.get_ref()))?;
    }
    for language in &mut marks.languages {
        language.make_ascii_lowercase();
    }
    // A mark without a letter would mute nothing, silently.
    match marks.words.iter().find(|words| !words.contains(char::is_alphanumeric)) {
        Some(empty) => Err(format!("has `words`, and \"{}\" holds no word", shown(empty))),
        None => Ok(marks),
    }
}

fn unknown(key: &str) -> String {
    const KEYS: [&str; 4] = ["words", "outlets", "tags", "languages"];
    match nearest(key, KEYS) {
        Some(meant) => format!("has no key `{}`; did you mean `{meant}`?", shown(key)),
        None => format!("has no key `{}`; there are {}", shown(key), KEYS.join(", ")),
    }
}
