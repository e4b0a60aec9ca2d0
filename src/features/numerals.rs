//! Station: numbers that are written as words: "twelve", "third", "zweite", "третий", "II".

use std::collections::HashMap;
use std::sync::LazyLock;

/// The number that a word stands for, in Western digits. Neither "one" nor "first" is among them: they mostly count nothing.
///
/// `word` is as written, `lower` in lower case.
pub fn of_word(word: &str, lower: &str, lang: &str) -> Option<&'static str> {
    if let Some(place) = ROMAN.iter().position(|roman| *roman == word) {
        return Some(DIGITS[place]);
    }
    KNOWN.get(lang)?.get(lower).copied()
}

/// `WORDS` by language and form. Every word that is met for the first time asks.
static KNOWN: LazyLock<HashMap<&str, HashMap<&str, &str>>> = LazyLock::new(|| {
    let mut known: HashMap<&str, HashMap<&str, &str>> = HashMap::new();
    for (langs, cardinals, ordinals) in WORDS {
        for lang in langs.split(' ') {
            let of_lang = known.entry(lang).or_default();
            for list in [cardinals, ordinals] {
                for (forms, digits) in list.split(',').zip(DIGITS) {
                    for form in forms.split_whitespace() {
                        of_lang.entry(form).or_insert(digits);
                    }
                }
            }
        }
    }
    known
});

const DIGITS: [&str; 19] =
    ["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"];

/// Two capitals or more: a single one is a letter.
const ROMAN: [&str; 19] = [
    "II", "III", "IV", "\u{0}", "VI", "VII", "VIII", "IX", "\u{0}", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII",
    "XVIII", "XIX", "XX",
];

/// By language, from two on: the numbers and the places in a row, commas between numbers, blanks between the forms of one.
const WORDS: [(&str, &str, &str); 14] = [
    (
        "en",
        "two, three, four, five, six, seven, eight, nine, ten, eleven, twelve",
        ", third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth",
    ),
    (
        "de",
        "zwei, drei, vier, fünf fuenf, sechs, sieben, acht, neun, zehn, elf, zwölf zwoelf",
        "zweite zweiten zweiter zweites, dritte dritten dritter drittes, vierte vierten vierter, fünfte fünften fünfter, \
            sechste sechsten, siebte siebten, achte achten, neunte neunten, zehnte zehnten, elfte elften, zwölfte zwölften",
    ),
    (
        "fr",
        "deux, trois, quatre, cinq, six, sept, huit, neuf, dix, onze, douze",
        "deuxième, troisième, quatrième, cinquième, sixième, septième, huitième, neuvième, dixième, onzième, douzième",
    ),
    (
        "es",
        "dos, tres, cuatro, cinco, seis, siete, ocho, nueve, diez, once, doce",
        "segunda segundo, tercera tercer tercero, cuarta cuarto, quinta quinto, sexta sexto, séptima séptimo, octava octavo, \
            novena noveno, décima décimo",
    ),
    (
        "it",
        "due, tre, quattro, cinque, , sette, otto, nove, dieci, undici, dodici",
        "seconda, terza terzo, quarta quarto, quinta quinto, sesta sesto, settima settimo, ottava ottavo, nona nono, \
            decima decimo",
    ),
    (
        "pt gl",
        "dois duas, três, quatro, cinco, seis, sete, oito, nove, dez, onze, doze",
        ", terceira terceiro, , , , sétima sétimo, oitava oitavo, nona nono, décima décimo",
    ),
    (
        "nl",
        "twee, drie, vier, vijf, zes, zeven, acht, negen, tien, elf, twaalf",
        "tweede, derde, vierde, vijfde, zesde, zevende, achtste, negende, tiende, elfde, twaalfde",
    ),
    (
        "sv da no nb nn",
        "två, tre, fyra fire, fem, sex seks, sju syv, åtta otte åtte, nio ni, tio, elva elleve, tolv",
        ", tredje, fjärde fjerde, femte, sjätte sjette, sjunde syvende sjuende, åttonde ottende åttende, nionde niende, \
            tionde tiende",
    ),
    (
        "ru",
        "два две двух двое, три трех трое, четыре четырех четверо, пять пяти пятеро, шесть шести, семь семи, восемь восьми, \
            девять девяти, десять десяти, одиннадцать, двенадцать",
        "второй вторая второго второе, третий третья третьего третье, четвертый четвертая четвертого, пятый пятая пятого, \
            шестой шестая шестого, седьмой седьмая седьмого, восьмой восьмая восьмого, девятый девятая, десятый десятая",
    ),
    (
        "uk",
        "два дві двох двоє, три трьох троє, чотири чотирьох, п'ять п'яти, шість шести, сім семи, вісім восьми, дев'ять, десять, \
            одинадцять, дванадцять",
        "другий друга другого, третій третя третього, четвертий четверта, п'ятий п'ята, шостий шоста, сьомий сьома, \
            восьмий восьма, дев'ятий, десятий",
    ),
    (
        "pl",
        "dwa dwie dwóch dwoje, trzy trzech troje, cztery czterech, pięć pięciu, sześć sześciu, siedem siedmiu, osiem ośmiu, \
            dziewięć, dziesięć, jedenaście, dwanaście",
        "druga drugiego drugie, trzeci trzecia trzeciego trzecie, czwarty czwarta, piąty piąta, szósty szósta, siódmy \
            siódma, ósmy ósma, dziewiąty, dziesiąty",
    ),
    (
        "tr",
        "iki, üç, dört, beş, altı, yedi, sekiz, dokuz, on, onbir, oniki",
        "ikinci, üçüncü, dördüncü, beşinci, altıncı, yedinci, sekizinci, dokuzuncu, onuncu",
    ),
    (
        "el",
        "δύο δυο, τρεις τρία, τέσσερις τέσσερα, πέντε, έξι, επτά εφτά, οκτώ οχτώ, εννέα εννιά, δέκα, έντεκα, δώδεκα",
        "δεύτερη δεύτερο δεύτερος, τρίτο τρίτος, τέταρτο τέταρτος, πέμπτο πέμπτος, έκτη έκτο, έβδομη έβδομο, όγδοη όγδοο, \
            ένατη ένατο, δέκατη δέκατο",
    ),
    (
        "ar",
        "اثنان اثنين, ثلاثة ثلاث, أربعة أربع, خمسة خمس, ستة ست, سبعة سبع, ثمانية ثماني, تسعة تسع, عشرة عشر",
        "الثاني الثانية, الثالث الثالثة, الرابع الرابعة, الخامس الخامسة, السادس السادسة, السابع السابعة, الثامن الثامنة, التاسع \
            التاسعة, العاشر العاشرة",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_numbers() {
        let cases = [
            ("Twelve", "en", Some("12")),
            ("third", "en", Some("3")),
            ("one", "en", None),
            ("first", "en", None),
            ("second", "en", None),
            ("zweite", "de", Some("2")),
            ("третий", "ru", Some("3")),
            ("tres", "es", Some("3")),
            ("üçüncü", "tr", Some("3")),
            ("II", "xx", Some("2")),
            ("XIV", "fr", Some("14")),
            ("V", "en", None),
            ("X", "en", None),
            ("tres", "en", None),
            ("", "en", None),
        ];
        for (word, lang, expected) in cases {
            assert_eq!(of_word(word, &word.to_lowercase(), lang), expected, "{word} ({lang})");
        }
    }
}
