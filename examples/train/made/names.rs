//! What slots are filled with: names that are common, names that nobody bears, figures.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::chance::Chance;
use crate::made::grammar::{Affair, Kind};

/// What fills a slot, in its usual spelling and in another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    pub usual: String,
    pub other: String,
    /// What a second mention says: a person's last name.
    pub last: [String; 2],
}

impl Value {
    fn plain(text: String) -> Value {
        Value { other: text.clone(), last: [text.clone(), text.clone()], usual: text }
    }

    pub fn number(&self) -> Option<u32> {
        self.usual.parse().ok()
    }

    pub fn of_number(number: u32) -> Value {
        Value::plain(number.to_string())
    }
}

/// Names by language and kind.
#[derive(Debug)]
pub struct Names(BTreeMap<(String, String), Vec<[String; 2]>>);

/// Of a hundred names, how many nobody bears.
const INVENTED_PERCENT: usize = 40;

/// Beginnings and ends of places that nobody knows, for languages in scripts of their own, whose other names are never made of our syllables.
const PLACES: &[(&str, &[&str], &[&str])] = &[
    (
        "ar",
        &["وادي ", "تل ", "عين ", "رأس ", "دير ", "برج "],
        &["الزهور", "الصفا", "النخيل", "الغزلان", "المرجان", "الحجر"],
    ),
    ("el", &["Νέα ", "Άνω ", "Παλιά ", "Κάτω "], &["Μελισσιά", "Καστανιά", "Πέτρα", "Βρύση", "Ροδιά", "Αχλάδα"]),
    ("he", &["כפר ", "מצפה ", "עין ", "רמת ", "מעלה ", "בית "], &["ארז", "רימון", "שקד", "סלעים", "עופר", "תמרה"]),
    ("hi", &["राम", "सूरज", "चंदन", "नील", "किशन", "मोती"], &["पुरा", "खेड़ा", "वाड़ी", "कोट", "टोला", "घाट"]),
    ("ja", &["桜", "黒", "朝", "霧", "白", "柏", "鹿", "浅"], &["ヶ浜", "根沢", "見原", "崎浦", "淵町", "森台"]),
    ("ko", &["솔", "은", "해", "달", "가", "누", "새", "별"], &["림", "내천", "봉산", "진포", "미원", "재동"]),
    (
        "ru",
        &["Бело", "Красно", "Старо", "Верхне", "Ново", "Ямо"],
        &["камск", "реченск", "лужье", "горье", "туринск", "озёрск"],
    ),
    ("th", &["บ้าน", "หนอง", "ดอน", "โคก", "เขา", "บึง"], &["มะขาม", "นกยูง", "ศิลา", "ตะวัน", "ใบบัว", "เงิน"]),
    ("zh", &["云", "青", "石", "龙", "鹤", "枫", "月", "芦"], &["岭", "浦", "湾", "塘", "桥", "坝", "泽", "陵"]),
];

const HEADS: &[&str] = &[
    "Bra", "Cor", "Dal", "El", "Fen", "Gor", "Hal", "Il", "Jor", "Kes", "Lun", "Mar", "Nor", "Os", "Pel", "Quor",
    "Ras", "Sel", "Tor", "Ul", "Ver", "Wex", "Yar", "Zan", "Bel", "Dun", "Har", "Lor", "Mil", "Tam",
];
const MIDDLES: &[&str] = &["", "", "a", "en", "o", "i", "ber", "den", "lo", "ri", "sta", "va"];
const PERSON_ENDS: &[&str] =
    &["ski", "sen", "well", "ez", "ari", "off", "man", "etti", "quist", "court", "dal", "ova", "by"];
const PLACE_ENDS: &[&str] =
    &["ford", "burg", "ville", "stad", "mouth", "grad", "aro", "ton", "holm", "bury", "ena", "wick"];
const FIRM_ENDS: &[&str] = &["tec", "ex", "ora", "ico", "nova", "lux", "on", "ium", "is", "gen"];
const ADJECTIVES: &[&str] = &[
    "Silent", "Broken", "Golden", "Last", "Crooked", "Northern", "Paper", "Glass", "Hollow", "Crimson", "Distant",
    "Salt", "Second", "Restless", "Blue",
];
const NOUNS: &[&str] = &[
    "Orchard", "Harbour", "Winter", "Mirror", "Lantern", "Garden", "Signal", "Bridge", "Tide", "Letters", "Ladder",
    "Comet", "Parade", "Anchor", "Sparrow",
];
const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const QUARTERS: &[&str] = &["first quarter", "second quarter", "third quarter", "fourth quarter"];

impl Names {
    /// Reads `names.txt`.
    pub fn read(text: &str) -> Result<Names> {
        let mut names = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut parts = line.splitn(3, ' ');
            let (Some(lang), Some(kind), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(anyhow::anyhow!("`{line}` is not a language, a kind and names"));
            };
            let held: Vec<[String; 2]> = rest
                .split(" | ")
                .map(|name| {
                    let (usual, other) = name.split_once('=').unwrap_or((name, name));
                    [usual.to_owned(), other.to_owned()]
                })
                .collect();
            names.insert((lang.to_owned(), kind.to_owned()), held);
        }
        Ok(Names(names))
    }

    /// Draws what fills a slot of an affair.
    pub fn draw(&self, affair: &Affair, slot: &str, chance: &mut Chance) -> Result<Value> {
        let kind = affair.kind(slot).with_context(|| format!("`{}` has no slot `{slot}`", affair.name))?;
        Ok(self.draw_kind(&affair.lang, kind, chance))
    }

    /// Draws what is of a kind.
    pub fn draw_kind(&self, lang: &str, kind: &Kind, chance: &mut Chance) -> Value {
        let text = match kind {
            Kind::Person => return self.person(lang, chance),
            Kind::First => return self.name(lang, "first", PERSON_ENDS, chance),
            Kind::Place => return self.name(lang, "place", PLACE_ENDS, chance),
            Kind::Country => return self.name(lang, "country", PLACE_ENDS, chance),
            Kind::Firm => return self.name(lang, "firm", FIRM_ENDS, chance),
            Kind::Club => return self.club(lang, chance),
            Kind::School => return self.name(lang, "school", PLACE_ENDS, chance),
            Kind::Title => format!("{} {}", one(ADJECTIVES, chance), one(NOUNS, chance)),
            Kind::Code => {
                let letter = char::from(b'A' + chance.below(26) as u8);
                format!("{letter}{}", chance.between(2, 990))
            }
            Kind::Month => one(MONTHS, chance).to_owned(),
            Kind::Quarter => one(QUARTERS, chance).to_owned(),
            Kind::Number(least, most) | Kind::Grow(least, most) | Kind::Serial(least, most) => {
                chance.between(*least, *most).to_string()
            }
            Kind::Decimal(least, most) => format!("{}.{}", chance.between(*least, *most), chance.below(10)),
            Kind::Pick(among) => chance.pick(among).cloned().unwrap_or_default(),
        };
        Value::plain(text)
    }

    fn person(&self, lang: &str, chance: &mut Chance) -> Value {
        let (first, last) =
            (self.name(lang, "first", PERSON_ENDS, chance), self.name(lang, "last", PERSON_ENDS, chance));
        let whole = |first: &str, last: &str| match lang {
            "ja" | "zh" | "ko" => format!("{last}{first}"),
            _ => format!("{first} {last}"),
        };
        Value {
            usual: whole(&first.usual, &last.usual),
            other: whole(&first.other, &last.other),
            last: [last.usual, last.other],
        }
    }

    /// A club is called by its town and a name, as clubs are.
    fn club(&self, lang: &str, chance: &mut Chance) -> Value {
        let (place, club) = (self.name(lang, "place", PLACE_ENDS, chance), self.name(lang, "club", FIRM_ENDS, chance));
        let whole = match lang {
            "en" | "ko" => format!("{} {}", place.usual, club.usual),
            "zh" => format!("{}{}", place.usual, club.usual),
            "ja" => format!("{}{}", club.usual, place.usual),
            _ => format!("{} {}", club.usual, place.usual),
        };
        if chance.below(3) == 0 { club } else { Value::plain(whole) }
    }

    fn name(&self, lang: &str, kind: &str, ends: &[&str], chance: &mut Chance) -> Value {
        let known = self.0.get(&(lang.to_owned(), kind.to_owned()));
        let own_script = PLACES.iter().find(|(of, ..)| *of == lang);
        let can_invent =
            if own_script.is_some() { kind == "place" } else { !matches!(kind, "first" | "country" | "school") };
        match (known, own_script.filter(|_| kind == "place")) {
            (Some(known), _) if !(can_invent && chance.percent(INVENTED_PERCENT)) => {
                let [usual, other] = &known[chance.below(known.len())];
                Value { usual: usual.clone(), other: other.clone(), last: [usual.clone(), other.clone()] }
            }
            (_, Some((_, heads, ends))) => Value::plain(format!("{}{}", one(heads, chance), one(ends, chance))),
            _ => Value::plain(format!("{}{}{}", one(HEADS, chance), one(MIDDLES, chance), one(ends, chance))),
        }
    }
}

fn one<'a>(among: &[&'a str], chance: &mut Chance) -> &'a str {
    among[chance.below(among.len())]
}
