//! Station: light stemming, for languages that have endings and no Snowball stemmer here: cases, plurals, articles; never a change of meaning.

/// A lower-case word without the ending that its case or number gives it, by its language; as it is where none is known.
pub fn stripped<'a>(word: &'a str, lang: &str) -> &'a str {
    match lang {
        "he" | "yi" => return hebrew(word),
        "ko" => return korean(word),
        _ => {}
    }
    let Some((_, endings)) = ENDINGS.iter().find(|(langs, _)| langs.split(' ').any(|code| code == lang)) else {
        return word;
    };
    let letters = word.chars().count();
    let longest = endings
        .split_whitespace()
        .filter(|ending| word.ends_with(ending) && letters >= ending.chars().count() + STEM_LETTERS_MIN)
        .max_by_key(|ending| ending.len());
    longest.map_or(word, |ending| &word[..word.len() - ending.len()])
}

/// Letters that must be left of a word.
const STEM_LETTERS_MIN: usize = 3;

/// The endings of nouns, names and adjectives; the longest that fits is cut.
const ENDINGS: [(&str, &str); 14] = [
    (
        "pl",
        "iego iemu ego emu ymi imi iami ami ach owi owie iej iem iom ych ich ów om em ej ym im ią ie ia iu ą ę y i a e o u",
    ),
    (
        "cs sk",
        "ového ovému ovými ových ovou ého ému ými ých ích ího ímu ách iach ach ami emi ovi ové ov ová ech ům em om ím ým ou \
            iou och mi á é í ý ě ú a e i o u y ů",
    ),
    (
        "uk be",
        "ього ьому ого ому ими іми ами ями ах ях ів їв ою ею єю ом ем єм им ім ий ій їй их іх ої аў оў а я о е є и і ї у \
            ю ь й ы",
    ),
    ("bg mk", "ията ният ната ното ните овете ове ите ата ето ият ът ят то та те от а я о е и у ј"),
    (
        "sr bs sh hr sl",
        "ovima evima ijama ijom ama ima oga ega omu emu ome om em og eg oj ih im ima ami am ah ov ev u a e i o",
    ),
    (
        "lt",
        "iams iais iose uose oms ams ais iai ių ios iui yje oje ose eje ėje imis omis as is ys us os es ės ai ui ą ę į ų o e ė a \
            i u y",
    ),
    ("lv", "iem ajam ajai ajā iņš iņa ām ēm īm am im um as is us os ās ēs īs ā ē ī ū a e i o s u š"),
    ("et", "idele idest ides des dele dest sse iga st le lt ga ks"),
    (
        "hi mr ne",
        "\u{093F}य\u{094B}\u{0902} \u{093F}य\u{093E}\u{0902} \u{093E}ओ\u{0902} \u{093E}ए\u{0902} ओ\u{0902} \u{094B}\u{0902} \
            \u{0947}\u{0902} \u{0940}\u{0902} \u{093E}\u{0902} \u{0940} \u{093E} \u{0947} \u{094B} \u{093F} \u{0941} \u{0942}",
    ),
    ("fa", "هایی های ها"),
    ("uz", "larning lardan larga larni larda lari ning dagi dan lar ga da ni si"),
    ("az", "larının lərinin ların lərin lardan lərdən larda lərdə ları ləri dan dən nın nin nun nün lar lər da də"),
    (
        "kk ky",
        "лардың лердің дардың дердің тардың тердің лар лер дар дер тар тер ның нің дың дің тың тің дан ден тан тен да де та те",
    ),
    ("id ms", "nya lah kah"),
];

/// Hebrew writes "and", "the", "in" and "to" as letters in front of a word. They are taken off one by one while three letters are
/// left, whatever they are: a root that begins with one of them loses it everywhere alike. So is the ending of the plural.
fn hebrew(word: &str) -> &str {
    let mut rest = word;
    while rest.chars().count() > STEM_LETTERS_MIN {
        let Some(shorter) = ["ש\u{05D4}", "מ\u{05D4}", "כ\u{05E9}", "ו", "ה", "ב", "ל"]
            .iter()
            .find_map(|prefix| rest.strip_prefix(prefix))
            .filter(|shorter| shorter.chars().count() >= STEM_LETTERS_MIN)
        else {
            break;
        };
        rest = shorter;
    }
    ["ים", "ות"]
        .iter()
        .find_map(|ending| rest.strip_suffix(ending))
        .filter(|stem| stem.chars().count() >= STEM_LETTERS_MIN)
        .unwrap_or(rest)
}

/// Korean particles and the commonest endings of verbs, which are written to the word before them.
const KOREAN: &str = "에서는 에게서 으로부터 으로써 으로서 이라고 이라는 에서 에게 에는 에도 까지 부터 보다 처럼 으로 이나 라고 라는 과의 와의 \
    에선 하는 하고 하며 하기 한다 했다 됐다 된다 되는 했으며 했다고 한다고 이다 이며 들이 들은 들을 들의 은 는 이 가 을 를 의 에 도 로 와 과 만 씨";

fn korean(word: &str) -> &str {
    let letters = word.chars().count();
    let longest = KOREAN
        .split_whitespace()
        .filter(|ending| word.ends_with(ending) && letters >= ending.chars().count() + 2)
        .max_by_key(|ending| ending.len());
    longest.map_or(word, |ending| &word[..word.len() - ending.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_of_one_word_are_one_and_other_words_stay_others() {
        let same: [(&str, &[&str]); 13] = [
            ("pl", &["warszawa", "warszawie", "warszawy", "warszawą"]),
            ("cs", &["praha", "prahy", "prahu", "prahou"]),
            ("sk", &["bratislava", "bratislave", "bratislavy"]),
            ("uk", &["україна", "україни", "україні", "україною"]),
            ("bg", &["мост", "мостът"]),
            ("sr", &["beograd", "beogradu", "beograda", "beogradom"]),
            ("hr", &["zagreb", "zagreba", "zagrebu"]),
            ("lt", &["kaunas", "kaune", "kauno"]),
            ("lv", &["tilts", "tilta", "tiltu"]),
            ("uz", &["toshkent", "toshkentda", "toshkentdan", "toshkentning"]),
            ("he", &["ירושלים", "בירושלים", "וירושלים"]),
            ("ko", &["서울", "서울에서", "서울은", "서울의"]),
            ("hi", &["चुनाव", "चुनावों"]),
        ];
        for (lang, forms) in same {
            for form in forms {
                assert_eq!(stripped(form, lang), stripped(forms[0], lang), "{form} ({lang})");
            }
        }
        let others = [
            ("pl", "rada", "radio"),
            ("uk", "київ", "кит"),
            ("ko", "서울", "부산"),
            ("he", "חיפה", "אילת"),
            ("en", "bridges", "bridge"),
        ];
        for (lang, left, right) in others {
            assert_ne!(stripped(left, lang), stripped(right, lang), "{left} {right} ({lang})");
        }
    }
}
