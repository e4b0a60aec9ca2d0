//! Station: in which languages a document's entries are written, for feeds that do not say.

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

/// How many entries of a document are looked at in full before its usual language is known; so many of them at least must agree.
const PROBED_MAX: usize = 6;
const AGREEING_MIN: usize = 2;

/// What an entry says, and the language it declares.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Its title, plain.
    pub title: &'a str,
    /// Its text, plain.
    pub text: &'a str,
    /// The language that it or its feed declares.
    pub declared: Option<&'a str>,
}

/// The languages of a document's entries (`en`, `de`, …), in their order: the declared one, else the one its words tell, else none
/// where they are too few, or fit no language that is known.
///
/// Most feeds are in one language. Where the first entries agree on it, the others are only asked whether they fit it, and looked at
/// in full where they do not; what says too little to tell is taken to be in it.
pub fn of_document(entries: &[Told<'_>]) -> Vec<Option<String>> {
    let mut found: Vec<Option<Option<&'static str>>> = vec![None; entries.len()];
    let undeclared = |entry: &Told<'_>| entry.declared.and_then(primary).is_none();
    let mut probed: Vec<&'static str> = Vec::with_capacity(PROBED_MAX);
    if entries.len() > 1 {
        for (entry, found) in entries.iter().zip(&mut found).filter(|(entry, _)| undeclared(entry)) {
            if probed.len() == PROBED_MAX {
                break;
            }
            let detected = detected(&sample(entry));
            *found = Some(detected);
            probed.extend(detected);
        }
    }
    let usual = usual(&probed);
    let settled = entries.iter().zip(found).map(|(entry, found)| {
        entry.declared.and_then(primary).or_else(|| {
            let found = found.unwrap_or_else(|| {
                let sample = sample(entry);
                usual.filter(|usual| fits(&sample, usual)).or_else(|| detected(&sample))
            });
            found.or(usual.filter(|usual| is_in_letters_of(entry, usual))).map(str::to_owned)
        })
    });
    settled.collect()
}

/// The language on which more than two thirds of the probed entries agree.
fn usual(probed: &[&'static str]) -> Option<&'static str> {
    let agreeing = |lang: &&str| probed.iter().filter(|other| *other == lang).count();
    let most = probed.iter().max_by_key(|lang| agreeing(lang))?;
    (agreeing(most) >= AGREEING_MIN && agreeing(most) * 3 > probed.len() * 2).then_some(*most)
}

/// As much of an entry as its language is told by.
fn sample(entry: &Told<'_>) -> String {
    format!("{}\n{}", entry.title, words::prefix(entry.text, WORDS_MAX))
}

/// The language a sample is in, as far as its words tell.
fn detected(sample: &str) -> Option<&'static str> {
    Some(match script(sample)? {
        Script::Latin => latin(sample)?,
        Script::Cyrillic if sample.contains(UKRAINIAN) => "uk",
        Script::Cyrillic => fitting(sample, &["ru", "bg"])?,
        Script::Arabic => fitting(sample, &["ar", "fa", "ur"])?,
        Script::Own(lang) => lang,
    })
}

/// Whether a sample can be in this language: its letters and its common words are those of it.
fn fits(sample: &str, lang: &'static str) -> bool {
    match script(sample) {
        Some(Script::Own(own)) => own == lang,
        Some(script) => {
            Some(script) == script_of(lang)
                && (lang == "uk" || !sample.contains(UKRAINIAN))
                && fitting(sample, &[lang]).is_some()
        }
        None => false,
    }
}

/// Whether an entry that says too little is at least written in the letters of a language.
fn is_in_letters_of(entry: &Told<'_>, lang: &'static str) -> bool {
    let (mut letters, mut foreign) = (0, 0);
    for letter in
        entry.title.chars().chain(entry.text.chars().take(LETTERS_MIN)).filter(|letter| letter.is_alphabetic())
    {
        letters += 1;
        foreign += usize::from((u32::from(letter) < 0x250) != (script_of(lang) == Some(Script::Latin)));
    }
    letters > 0 && foreign == 0
}

/// The letters of a language that has no script to itself.
fn script_of(lang: &str) -> Option<Script> {
    match lang {
        "ru" | "bg" | "uk" => Some(Script::Cyrillic),
        "ar" | "fa" | "ur" => Some(Script::Arabic),
        "el" | "he" | "hi" | "th" | "ko" | "ja" | "zh" => None,
        _ => Some(Script::Latin),
    }
}

/// Letters that Ukrainian has and Russian has not.
const UKRAINIAN: [char; 8] = ['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є', 'Ґ'];

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

    fn language(title: &str, text: &str, declared: Option<&str>) -> Option<String> {
        of_document(&[Told { title, text, declared }]).pop().flatten()
    }

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
    fn a_document_has_a_usual_language() {
        let german = "Der Stadtrat hat am Montag beschlossen, dass die Brücke im Sommer gesperrt wird";
        let french = "Le conseil municipal a décidé que le pont sera fermé pendant tout l’été";
        let cases: [(&[&str], &[Option<&str>]); 6] = [
            (&[german, german, "Ring Flock"], &[Some("de"), Some("de"), Some("de")]),
            (&["Ring Flock", german, german], &[Some("de"), Some("de"), Some("de")]),
            (&[german, german, german, german, french], &[Some("de"), Some("de"), Some("de"), Some("de"), Some("fr")]),
            (&[german, french, "Ring Flock"], &[Some("de"), Some("fr"), None]),
            (&[german, german, "地震"], &[Some("de"), Some("de"), None]),
            (&[german, german, "橋は夏の間閉鎖される", ""], &[Some("de"), Some("de"), Some("ja"), None]),
        ];
        for (titles, expected) in cases {
            let told: Vec<Told<'_>> = titles.iter().map(|title| Told { title, text: "", declared: None }).collect();
            let found = of_document(&told);
            assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{titles:?}");
        }
    }

    #[test]
    fn what_comes_after_the_probe_is_still_looked_at() {
        let german = "Der Stadtrat hat am Montag beschlossen, dass die Brücke im Sommer gesperrt wird";
        let ukrainian = "Міська рада вирішила, що міст буде закритий на все літо";
        let mut titles = vec![german; 20];
        titles[15] = ukrainian;
        titles[18] = "Flock";
        let told: Vec<Told<'_>> = titles.iter().map(|title| Told { title, text: "", declared: None }).collect();
        let found = of_document(&told);
        assert_eq!((found[15].as_deref(), found[18].as_deref()), (Some("uk"), Some("de")));
        assert_eq!(found.iter().filter(|lang| lang.as_deref() == Some("de")).count(), 19);
    }

    #[test]
    fn gibberish_is_no_language() {
        assert_eq!(language("xkcd qwzx vbnm plokij uhygtf rdeswa zzyyxx kkllmm", "", None), None);
    }
}
