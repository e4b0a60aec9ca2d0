//! Station: in which language an article is written, for feeds that do not say.

use whichlang::{Lang, detect_language};

use crate::features::lexicon::Lexicon;
use crate::features::stem::Asked;
use crate::features::words::{self, Kind};

/// Letters below which nobody can tell, of an alphabet that many languages share.
const LETTERS_MIN: usize = 24;
/// Letters below which nobody can tell, of a script that one language has to itself.
const OWN_LETTERS_MIN: usize = 4;
/// Words that are looked at.
const WORDS_MAX: usize = 80;
/// A text in a language is made of its commonest words to at least this share.
const COMMON_SHARE_MIN: f64 = 0.2;

/// Languages in Latin letters that the detector does not know and would take for their neighbours.
const NEIGHBOURS: [&str; 14] = ["ca", "cs", "da", "et", "eu", "fi", "gl", "hr", "hu", "id", "lt", "no", "pl", "ro"];

/// The language of an article (`en`, `de`, …): the declared one, else the detected one, else none where the words are too few, or
/// fit no language that is known.
pub fn language(title: &str, text: &str, declared: Option<&str>) -> Option<String> {
    if let Some(declared) = declared.and_then(primary) {
        return Some(declared);
    }
    let sample = format!("{title}\n{}", words::prefix(text, WORDS_MAX));
    let detected = match script(&sample)? {
        Script::Latin => latin(&sample)?,
        Script::Cyrillic if sample.contains(['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є']) => "uk",
        Script::Cyrillic => fitting(&sample, &["ru", "bg"])?,
        Script::Arabic => fitting(&sample, &["ar", "fa", "ur"])?,
        Script::Own(lang) => lang,
    };
    Some(detected.to_owned())
}

/// `pt-BR` is `pt`; what is no language tag at all is nothing.
fn primary(declared: &str) -> Option<String> {
    let primary = declared.trim().split(['-', '_']).next()?.to_ascii_lowercase();
    ((2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_lowercase())).then_some(primary)
}

/// The letters an article is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Arabic,
    /// A script that one language has to itself, or nearly.
    Own(&'static str),
}

/// The script of most letters, if there are enough of them. Japanese is told from Chinese by its syllables.
fn script(sample: &str) -> Option<Script> {
    let (mut latin, mut cyrillic, mut arabic, mut han, mut kana) = (0, 0, 0, 0, 0);
    let mut own = [("el", 0), ("he", 0), ("hi", 0), ("th", 0), ("ko", 0)];
    for letter in sample.chars().filter(|letter| letter.is_alphabetic()) {
        match letter as u32 {
            0x0000..=0x024F | 0x1E00..=0x1EFF => latin += 1,
            0x0370..=0x03FF | 0x1F00..=0x1FFF => own[0].1 += 1,
            0x0400..=0x052F => cyrillic += 1,
            0x0590..=0x05FF => own[1].1 += 1,
            0x0600..=0x06FF | 0x0750..=0x077F => arabic += 1,
            0x0900..=0x097F => own[2].1 += 1,
            0x0E00..=0x0E7F => own[3].1 += 1,
            0x1100..=0x11FF | 0xAC00..=0xD7AF => own[4].1 += 1,
            0x3040..=0x30FF => kana += 1,
            0x3400..=0x9FFF => han += 1,
            _ => {}
        }
    }
    let eastern = if kana > 0 { ("ja", han + kana) } else { ("zh", han) };
    let (lang, own) = own.into_iter().chain([eastern]).max_by_key(|(_, letters)| *letters)?;
    let most = latin.max(cyrillic).max(arabic).max(own);
    match most {
        _ if own == most && own >= OWN_LETTERS_MIN => Some(Script::Own(lang)),
        _ if most < LETTERS_MIN => None,
        _ if latin == most => Some(Script::Latin),
        _ if cyrillic == most => Some(Script::Cyrillic),
        _ => Some(Script::Arabic),
    }
}

/// The detector always answers, so its answer must hold against the language's common words, and against its neighbours'.
fn latin(sample: &str) -> Option<&'static str> {
    let guess = match detect_language(sample) {
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Fra => "fr",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Por => "pt",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
        Lang::Ara | Lang::Cmn | Lang::Hin | Lang::Jpn | Lang::Kor | Lang::Rus => return fitting(sample, &NEIGHBOURS),
    };
    let words = plain_words(sample);
    let too_few = too_few(&words);
    let guessed = common(&words, guess, too_few);
    let neighbour = most_common(&words, &NEIGHBOURS, guessed.unwrap_or(too_few));
    neighbour.or(guessed.map(|_| guess))
}

/// The language of a list whose common words make up most of the sample; the first of equals.
fn fitting(sample: &str, langs: &[&'static str]) -> Option<&'static str> {
    let words = plain_words(sample);
    most_common(&words, langs, too_few(&words))
}

/// The first words of a sample, without numbers.
fn plain_words(sample: &str) -> Vec<Asked<'_>> {
    let mut plain = Vec::with_capacity(WORDS_MAX);
    words::read(sample, WORDS_MAX, |word| {
        if word.kind == Kind::Plain {
            plain.push(Asked::of(word.text));
        }
    });
    plain
}

/// The greatest number of common words that is too small a share.
fn too_few(words: &[Asked<'_>]) -> usize {
    let is_too_few = |common: &usize| (*common as f64 / words.len() as f64) < COMMON_SHARE_MIN;
    (0..=words.len()).take_while(is_too_few).last().unwrap_or(0)
}

/// The language with the most common words, if they are more than `than`; the first of equals.
fn most_common(words: &[Asked<'_>], langs: &[&'static str], than: usize) -> Option<&'static str> {
    let (mut most, mut best) = (than, None);
    for lang in langs {
        if let Some(more) = common(words, lang, most) {
            (most, best) = (more, Some(*lang));
        }
    }
    best
}

/// How many of the words are among the commonest of a language, if they are more than `than`; else most languages are out after
/// a few words.
fn common(words: &[Asked<'_>], lang: &str, than: usize) -> Option<usize> {
    let (mut common, mut left) = (0, words.len());
    for word in words {
        if common + left <= than {
            return None;
        }
        left -= 1;
        common += usize::from(word.is_everyday(lang, Lexicon::builtin()));
    }
    (common > than).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_is_believed() {
        let cases =
            [("pt-BR", Some("pt")), ("EN_us", Some("en")), ("de", Some("de")), ("", None), ("x", None), ("-", None)];
        for (declared, expected) in cases {
            assert_eq!(language("", "", Some(declared)).as_deref(), expected, "{declared}");
        }
    }

    #[test]
    fn what_is_not_declared_is_detected() {
        let cases = [
            ("The council said that the bridge would be closed for the whole of the summer", Some("en")),
            ("Der Stadtrat hat am Montag beschlossen, dass die Brücke im Sommer gesperrt wird", Some("de")),
            ("Le conseil municipal a décidé que le pont sera fermé pendant tout l’été", Some("fr")),
            ("El ayuntamiento dijo que el puente estará cerrado durante todo el verano", Some("es")),
            ("Il comune ha deciso che il ponte sarà chiuso per tutta l’estate", Some("it")),
            ("Rada miasta zdecydowała, że most będzie zamknięty przez całe lato i nie ma na to rady", Some("pl")),
            ("Городской совет решил, что мост будет закрыт на все лето", Some("ru")),
            ("Міська рада вирішила, що міст буде закритий на все літо", Some("uk")),
            ("Το δημοτικό συμβούλιο αποφάσισε να κλείσει τη γέφυρα", Some("el")),
            ("قال المجلس البلدي إن الجسر سيغلق في الصيف على أن يعاد فتحه في الخريف", Some("ar")),
            ("橋は夏の間閉鎖される", Some("ja")),
            ("大桥将在夏季关闭", Some("zh")),
            ("다리는 여름 내내 폐쇄된다", Some("ko")),
            ("Ring Flock", None),
            ("12 345", None),
            ("", None),
        ];
        for (title, expected) in cases {
            assert_eq!(language(title, "", None).as_deref(), expected, "{title}");
        }
    }

    #[test]
    fn gibberish_is_no_language() {
        assert_eq!(language("xkcd qwzx vbnm plokij uhygtf rdeswa zzyyxx kkllmm", "", None), None);
    }
}
