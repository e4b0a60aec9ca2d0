//! Station: text that was encoded twice, told from text that only looks so, and decoded again.

use std::borrow::Cow;

/// What speaks for and against a text having been encoded twice: UTF-8 that somebody read as windows-1252 (or as ISO 8859-1) and
/// wrote as UTF-8 again, so that `é` is `Ã©` and `’` is `â€™`.
///
/// One such pair proves little: a French `publié »` holds the very bytes of a Chinese character, and a Swedish `PÅ”` those of a
/// Slovak letter. But whoever writes those writes many an `é` and `Å` that are the bytes of nothing. So pairs are weighed against
/// all else that is not ASCII, over as much text as was encoded together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// How much of the text would decode: for each character one less than its bytes, and one more where a control character is
    /// among them, which nobody types, or `Â` begins it, with which no word ends.
    pub broken: usize,
    /// How many characters would not, and therefore are what they seem.
    pub sound: usize,
}

impl Evidence {
    /// The evidence of texts together.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Evidence {
        let mut evidence = Evidence::default();
        for piece in texts.into_iter().filter(|text| !text.is_ascii()).flat_map(Pieces::of) {
            match piece {
                Piece::Broken { weight, .. } => evidence.broken += weight,
                Piece::Sound(_) => evidence.sound += 1,
                Piece::Plain(_) | Piece::Crippled { .. } => {}
            }
        }
        evidence
    }

    /// Both together.
    pub fn and(self, other: Evidence) -> Evidence {
        Evidence { broken: self.broken + other.broken, sound: self.sound + other.sound }
    }

    /// Whether a whole document was encoded twice. A single `â€™` is enough where nothing speaks against it; some sound characters
    /// are overlooked, since references (`&#8217;`) go through any encoding unharmed.
    pub fn is_sure_of_document(self) -> bool {
        self.broken >= 2 && self.sound * 3 <= self.broken
    }

    /// Whether one entry was, in a document that was not: that takes more than one short character.
    pub fn is_sure_of_entry(self) -> bool {
        self.broken >= 3 && self.sound * 3 <= self.broken
    }
}

/// The text decoded once more, where that gives characters; call it only with evidence.
///
/// Characters that lost their last byte on the way are mended too: `Â` before a blank was a no-break space, `Ã` before one was
/// `à`, `â€` before anything was `”`.
pub fn repaired(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for piece in Pieces::of(text) {
        match piece {
            Piece::Plain(text) => out.push_str(text),
            Piece::Sound(character) | Piece::Broken { character, .. } => out.push(character),
            Piece::Crippled { left } => out.push_str(left),
        }
    }
    Cow::Owned(out)
}

/// A part of a text.
enum Piece<'a> {
    /// ASCII.
    Plain(&'a str),
    /// A character that is what it seems.
    Sound(char),
    /// Characters that are the bytes of this one.
    Broken { character: char, weight: usize },
    /// Characters that were the bytes of one, of which the last is lost, and what can still be said of it.
    Crippled { left: &'static str },
}

/// Walks over a text, once.
struct Pieces<'a> {
    rest: &'a str,
}

impl Pieces<'_> {
    fn of(text: &str) -> Pieces<'_> {
        Pieces { rest: text }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        if first.is_ascii() {
            let end = self.rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(self.rest.len());
            let (plain, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(Piece::Plain(plain));
        }
        let (piece, length) =
            broken(self.rest).or_else(|| crippled(self.rest)).unwrap_or((Piece::Sound(first), first.len_utf8()));
        self.rest = &self.rest[length..];
        Some(piece)
    }
}

/// The character whose bytes the text begins with, as characters, and how long they are.
fn broken(text: &str) -> Option<(Piece<'static>, usize)> {
    let mut characters = text.chars();
    let lead = byte(characters.next()?)?;
    let count = match lead {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [lead, 0, 0, 0];
    let mut has_control = false;
    for place in &mut bytes[1..count] {
        let character = characters.next()?;
        *place = byte(character)?;
        has_control |= character.is_control();
    }
    let character = std::str::from_utf8(&bytes[..count]).ok()?.chars().next()?;
    let length = text.len() - characters.as_str().len();
    let weight = count - 1 + usize::from(has_control) + usize::from(lead == 0xc2);
    is_of_news(character).then_some((Piece::Broken { character, weight }, length))
}

/// What is left of a character that lost its last byte, a no-break space or a byte that windows-1252 has no character for.
fn crippled(text: &str) -> Option<(Piece<'static>, usize)> {
    let is_at_end =
        |rest: &str| rest.chars().next().is_none_or(|next| next.is_ascii_whitespace() || next == '<' || next == '&');
    if let Some(rest) = text.strip_prefix("â€") {
        let length = text.len() - rest.len();
        return Some((Piece::Crippled { left: "”" }, length));
    }
    let (letter, left) = [('Â', ""), ('Ã', "à")].into_iter().find(|(letter, _)| text.starts_with(*letter))?;
    is_at_end(&text[letter.len_utf8()..]).then_some((Piece::Crippled { left }, letter.len_utf8()))
}

/// The byte that was read as this character, by either encoding.
fn byte(character: char) -> Option<u8> {
    let code = u32::from(character);
    if (0x80..=0xff).contains(&code) {
        return u8::try_from(code).ok();
    }
    let at = WINDOWS_1252.iter().position(|one| *one == character && code > 0xff)?;
    u8::try_from(at + 0x80).ok()
}

/// What windows-1252 has at 0x80 to 0x9f; the five it leaves open stand for themselves, as in the WHATWG's Encoding Standard.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Whether news is written with a character: those that are not are what good text looks like when it is decoded by mistake
/// (`BEYONCÉ’S`, `Spaß“` and `voilà »` would hold phonetic, N'Ko and Samaritan letters).
fn is_of_news(character: char) -> bool {
    matches!(
        character,
        // Latin. Controls, and three marks of windows-1252, are characters of a text that was encoded three times.
        '\u{80}'..='\u{17f}' | 'ƒ' | 'ˆ' | '˜' | 'Ə' | 'ə' | 'Ơ' | 'ơ' | 'Ư' | 'ư' | '\u{218}'..='\u{21b}' | 'ʼ'
        // Accents that stand apart, but for the one that `COSÌ…` would decode to.
        | '\u{300}'..='\u{304}' | '\u{306}'..='\u{30c}' | '\u{327}' | '\u{328}'
        // Greek, Cyrillic, Armenian, Hebrew, Arabic.
        | '\u{386}'..='\u{3ce}' | '\u{400}'..='\u{4ff}' | '\u{531}'..='\u{587}' | '\u{5b0}'..='\u{5ea}' | '\u{60c}'..='\u{6ff}'
        // Everything from the scripts of India on, but surrogates and private letters.
        | '\u{900}'..='\u{d7ff}' | '\u{f900}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use crate::clean::encoding::{Evidence, WINDOWS_1252, repaired};

    /// What the mistake makes of a text: read as windows-1252, or as ISO 8859-1.
    fn encoded_twice(text: &str, is_windows: bool) -> String {
        let read = |byte: u8| match byte {
            0x80..=0x9f if is_windows => WINDOWS_1252[usize::from(byte) - 0x80],
            _ => char::from(byte),
        };
        text.bytes().map(read).collect()
    }

    const SENTENCES: [&str; 12] = [
        "Zwölf Brücken über die Spree: „Das war Spaß“, sagt Jörg – für 3 € je Meter…",
        "« À la rentrée, l’œuvre sera déplacée », a-t-il publié\u{a0}: voilà\u{a0}» Été…",
        "NÃO É SÓ ISSO: A AVELÃ” CUSTA R$ 5, diz João",
        "Thủ tướng nói rằng “giá điện” sẽ tăng 5% từ tháng sau, NGÃ” ba Đồng Lộc",
        "MÄNNISKOR STÅR PÅ”, säger hon på ön – ”så är det”",
        "Ο πρωθυπουργός δήλωσε ότι «δεν υπάρχει» άλλη λύση",
        "Правительство одобрило проект бюджета — «впервые за годы»",
        "首相は「来年度の予算案」を承認した。",
        "총리는 내년 예산안을 승인했다",
        "وافق رئيس الوزراء على مشروع الميزانية",
        "प्रधानमंत्री ने बजट को मंज़ूरी दी",
        "Beyoncé’s “Halo” 🎶 tops the charts — again, at the café",
    ];

    #[test]
    fn what_was_encoded_twice_comes_back() {
        for sentence in SENTENCES {
            for is_windows in [true, false] {
                let broken = encoded_twice(sentence, is_windows);
                assert!(Evidence::of([broken.as_str()]).is_sure_of_entry(), "{broken}");
                assert_eq!(repaired(&broken), sentence);
                let thrice = encoded_twice(&broken, is_windows);
                assert!(Evidence::of([thrice.as_str()]).is_sure_of_entry(), "{thrice}");
                assert_eq!(repaired(&repaired(&thrice)), sentence);
            }
        }
    }

    #[test]
    fn good_text_is_left_alone() {
        for sentence in SENTENCES {
            let evidence = Evidence::of([sentence]);
            assert!(!evidence.is_sure_of_document(), "{evidence:?} {sentence}");
        }
        for text in [
            "",
            "plain",
            "NÃO",
            "AVELÃ",
            "Ã",
            "Â",
            "“",
            "BEYONCÉ’S BEST",
            "das macht Spaß“",
            "ET VOILÀ\u{a0}»",
            "voilà\u{a0}»",
            "CAFÉ™",
            "5 £",
            "© 2026",
            "MENÜ“",
            "Ångström…",
            "à\u{a0}…",
            "Ö”",
        ] {
            let evidence = Evidence::of([text, text]);
            assert!(!evidence.is_sure_of_document() || text == "CAFÉ™", "{evidence:?} {text}");
        }
    }

    #[test]
    fn evidence_is_weighed() {
        let check = |text: &str, document: bool, entry: bool| {
            let evidence = Evidence::of([text]);
            let found = (evidence.is_sure_of_document(), evidence.is_sure_of_entry());
            assert_eq!(found, (document, entry), "{evidence:?} {text}");
        };
        check("itâ€™s", true, false);
        check("itâ€™s cafÃ©", true, true);
        check("itâ\u{80}\u{99}s", true, true);
        check("itâ\u{80}\u{99}s…", true, true);
        check("itâ€™s…", false, false);
        check("cafÃ©", false, false);
        check("How cafÃ© becomes café, and why “itâ€™s” is it’s", false, false);
    }

    #[test]
    fn lost_bytes_are_made_good() {
        assert_eq!(repaired("right?Â  Today, Ã la carte, â€œnoâ€ and Â"), "right?  Today, à la carte, “no” and ");
        assert_eq!(repaired("<b>InterviewsÂ</b> cafÃ©"), "<b>Interviews</b> café");
    }

    /// One document of the corpora was encoded twice. When the others are, they come back.
    #[test]
    fn documents_of_the_corpora_are_told_apart() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let Ok(manifest) = std::fs::read_to_string(shared.join("feeds/MANIFEST.tsv")) else {
            println!("skipped: {} is not there", shared.display());
            return;
        };
        let (mut documents, mut unnoticed, mut changed, mut taken) = (0, 0, Vec::new(), Vec::new());
        for name in manifest.lines().skip(1).filter_map(|row| row.split('\t').next()) {
            let Ok(text) = std::fs::read_to_string(shared.join("feeds").join(name)) else { continue };
            if text.is_ascii() {
                continue;
            }
            if Evidence::of([text.as_str()]).is_sure_of_document() {
                taken.push(name.to_owned());
                continue;
            }
            for broken in [true, false].map(|is_windows| encoded_twice(&text, is_windows)) {
                documents += 1;
                let evidence = Evidence::of([broken.as_str()]);
                if !evidence.is_sure_of_document() {
                    assert_eq!(
                        evidence,
                        Evidence { broken: 1, sound: 0 },
                        "{name}: only one short character is too little"
                    );
                    unnoticed += 1;
                }
                if repaired(&broken) != text {
                    changed.push(name.to_owned());
                }
            }
        }
        println!("{} of {documents} documents encoded twice are noticed", documents - unnoticed);
        assert!(documents > 100, "{documents}");
        assert_eq!(changed, [""; 0], "decoded, but not as they were");
        assert_eq!(
            taken,
            ["simplepie/tests/data/feed_rss-2.0_for_file_mock.xml"],
            "the only one that was encoded twice as it is"
        );
    }

    const QUOTES: [(&str, &str); 8] =
        [("“", "”"), ("«\u{a0}", "\u{a0}»"), ("«", "»"), ("„", "“"), ("”", "”"), ("‘", "’"), ("»", "«"), ("‹", "›…")];

    proptest! {
        /// Words that end in what may be the first byte of a character, before marks that may be its others.
        #[test]
        fn quoted_words_are_no_evidence(words in prop::collection::vec((0..QUOTES.len(), "[A-Za-zà-öø-ÿ]{0,5}[À-ÖØ-öø-ÿ]"), 1..30)) {
            let quoted = |(quote, word): &(usize, String)| format!("{}{word}{}", QUOTES[*quote].0, QUOTES[*quote].1);
            let text = words.iter().map(quoted).collect::<Vec<_>>().join(" ");
            let evidence = Evidence::of([text.as_str()]);
            prop_assert!(!evidence.is_sure_of_document(), "{evidence:?} {text}");
        }

        #[test]
        fn what_is_encoded_twice_is_decoded(text in any::<String>(), is_windows in any::<bool>()) {
            let odd = |character: char| !character.is_ascii() && !crate::clean::encoding::is_of_news(character);
            prop_assume!(!text.contains(odd));
            let broken = encoded_twice(&text, is_windows);
            prop_assert_eq!(repaired(&broken), text);
        }

        #[test]
        fn any_text_is_walked_over(text in any::<String>()) {
            let evidence = Evidence::of([text.as_str()]);
            prop_assert!(evidence.sound <= text.chars().count());
            prop_assert!(repaired(&text).len() <= text.len());
        }
    }
}
