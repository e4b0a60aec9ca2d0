//! Station: what a word or number says of a calendar: the names of days and months are neither names nor news.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A date, or a part of one, as a text gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Date {
    /// A day of the week: Monday is 0, Sunday 6.
    Weekday(u8),
    /// A month alone, 1 to 12.
    Month(u8),
    /// A day of a month, 1 to 31; the month is 0 where the text does not name it.
    Day {
        /// The month, 1 to 12, or 0.
        month: u8,
        /// The day, 1 to 31.
        day: u8,
    },
    /// A year from 1900 to 2099.
    Year(u16),
}

/// Where the hashes of dates begin. They are made and read back without a table, so that a stored term still says which date it is.
const HASH_BASE: u32 = 0xDA7E_0000;

impl Date {
    /// Where the hashes of all dates lie: together, so that an article's dates stand side by side among its terms.
    pub const HASHES: std::ops::Range<u32> = HASH_BASE..HASH_BASE + 0x1_0000;

    /// The hash of the date's term.
    pub fn hash(self) -> u32 {
        let value = match self {
            Date::Weekday(day) => u32::from(day),
            Date::Month(month) => 0x100 + u32::from(month),
            Date::Day { month, day } => 0x200 + 32 * u32::from(month) + u32::from(day),
            Date::Year(year) => 0x1000 + u32::from(year),
        };
        HASH_BASE + value
    }

    /// The date of a term of class `Class::Date`; `None` for a hash that no date has.
    pub fn of_hash(hash: u32) -> Option<Date> {
        let value = hash.checked_sub(HASH_BASE).and_then(|value| u16::try_from(value).ok())?;
        let low = (value & 0xFF) as u8;
        match value {
            0..=6 => Some(Date::Weekday(low)),
            0x101..=0x10C => Some(Date::Month(low)),
            0x200..=0x39F => {
                let (month, day) = (((value - 0x200) / 32) as u8, (value % 32) as u8);
                (day > 0).then_some(Date::Day { month, day })
            }
            _ => value.checked_sub(0x1000).filter(|year| YEARS.contains(year)).map(Date::Year),
        }
    }
}

/// Numbers of four digits that are taken for a year.
const YEARS: std::ops::RangeInclusive<u16> = 1_900..=2_099;

/// What a single word says of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// Nothing.
    None,
    /// A date.
    Date(Date),
    /// A date where its neighbours agree: "May" beside a number, "segunda" before "feira".
    Maybe(Date),
    /// A number that may be a day of a month.
    DayNumber(u8),
    /// A number that is written as a word.
    Number,
}

/// What a plain word says, as it is written and in lower case.
pub fn of_word(word: &str, lower: &str, lang: &str) -> Sense {
    let lang = if word.chars().next().is_some_and(|first| first >= '\u{0E00}') { EAST } else { lang };
    let Some(known) = KNOWN.get(lang) else { return Sense::None };
    if known.capital && !word.starts_with(char::is_uppercase) {
        return Sense::None;
    }
    known.senses.get(lower).copied().unwrap_or(Sense::None)
}

/// The names of one language by their forms.
struct Known {
    capital: bool,
    senses: HashMap<&'static str, Sense>,
}

/// `LANGUAGES` by language and form. Every word that is met for the first time asks.
static KNOWN: LazyLock<HashMap<&str, Known>> = LazyLock::new(|| {
    let mut known = HashMap::new();
    for names in &LANGUAGES {
        for lang in names.langs.split(' ') {
            known.entry(lang).or_insert_with(|| Known { capital: names.capital, senses: senses(names) });
        }
    }
    known
});

fn senses(names: &Names) -> HashMap<&'static str, Sense> {
    let mut senses = HashMap::new();
    // Of a form that is both, the weekday goes first.
    add(&mut senses, names.weekdays, Date::Weekday);
    add(&mut senses, names.months, |place| Date::Month(place + 1));
    senses
}

fn add(senses: &mut HashMap<&'static str, Sense>, list: &'static str, date: impl Fn(u8) -> Date) {
    for (place, forms) in (0_u8..).zip(list.split(',')) {
        for form in forms.split_whitespace() {
            match form.strip_suffix('?') {
                Some(unsure) => senses.entry(unsure).or_insert(Sense::Maybe(date(place))),
                None => senses.entry(form).or_insert(Sense::Date(date(place))),
            };
        }
    }
}

/// What a number says, in Western digits, with the unit that East Asia writes behind it ("5月", "12일").
pub fn of_number(number: &str) -> Sense {
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let Ok(value) = number[..digits].parse::<u16>() else { return Sense::None };
    let small = value as u8;
    match (&number[digits..], value) {
        ("月" | "월", 1..=12) => Sense::Date(Date::Month(small)),
        ("日" | "号" | "일", 1..=31) => Sense::Date(Date::Day { month: 0, day: small }),
        ("" | "年" | "년", value) if digits == 4 && YEARS.contains(&value) => Sense::Date(Date::Year(value)),
        ("", 1..=31) if digits <= 2 => Sense::DayNumber(small),
        _ => Sense::None,
    }
}

/// The units that are written behind a number without a space.
pub fn is_unit(letter: char) -> bool {
    matches!(letter, '月' | '日' | '号' | '年')
}

/// Whether a word may stand between a day and its month ("12 de mayo").
pub fn joins_day_and_month(lower: &str) -> bool {
    matches!(lower, "de" | "of" | "di" | "d" | "do" | "del")
}

/// Whether a word before "May" or "março" makes it a month: "since", "in".
pub fn leads_to_a_date(word: &str) -> bool {
    const LEADING: [&str; 27] = [
        "in", "since", "until", "till", "by", "last", "next", "this", "early", "mid", "late", "from", "through",
        "between", "on", "during", "before", "after", "of", "em", "desde", "nesta", "desta", "neste", "deste",
        "última", "próxima",
    ];
    LEADING.iter().any(|leading| leading.eq_ignore_ascii_case(word))
}

/// How the languages name months and days in running text, in lower case and in the cases they stand in.
struct Names {
    /// The codes of the languages.
    langs: &'static str,
    /// Whether they are always written with a capital.
    capital: bool,
    /// From January on: commas between the months, blanks between the forms; with `?` where the word alone is not enough.
    months: &'static str,
    /// From Monday on, in the same way.
    weekdays: &'static str,
}

/// The code under which the scripts without spaces have their names; numbers serve them as months.
const EAST: &str = "east";

const fn names(langs: &'static str, capital: bool, months: &'static str, weekdays: &'static str) -> Names {
    Names { langs, capital, months, weekdays }
}

static LANGUAGES: [Names; 29] = [
    names(
        "en",
        true,
        "january jan?, february feb?, march? mar?, april apr?, may?, june jun?, july jul?, august? aug?, \
            september sept sep?, october oct?, november nov?, december dec?",
        "monday mon?, tuesday tue? tues?, wednesday wed?, thursday thu? thurs?, friday fri?, saturday sat?, sunday sun?",
    ),
    names(
        "de",
        true,
        "januar jänner, februar feber, märz maerz, april, mai, juni, juli, august?, september, oktober, november, dezember",
        "montag montags, dienstag dienstags, mittwoch mittwochs, donnerstag donnerstags, freitag freitags, \
            samstag samstags sonnabend, sonntag sonntags",
    ),
    names(
        "fr",
        false,
        "janvier, février fevrier, mars, avril, mai, juin, juillet, août aout, septembre, octobre, novembre, \
            décembre decembre",
        "lundi, mardi, mercredi, jeudi, vendredi, samedi, dimanche",
    ),
    names(
        "es",
        false,
        "enero, febrero, marzo, abril, mayo, junio, julio, agosto, septiembre setiembre, octubre, noviembre, diciembre",
        "lunes, martes, miércoles miercoles, jueves, viernes, sábado sabado, domingo",
    ),
    names(
        "it",
        false,
        "gennaio, febbraio, marzo, aprile, maggio, giugno, luglio, agosto, settembre, ottobre, novembre, dicembre",
        "lunedì lunedi, martedì martedi, mercoledì mercoledi, giovedì giovedi, venerdì venerdi, sabato, domenica",
    ),
    names(
        "pt gl",
        false,
        "janeiro xaneiro, fevereiro febreiro, março? marco? marzo, abril, maio, junho xuño, julho xullo, agosto, \
            setembro, outubro, novembro, dezembro decembro",
        "segunda? luns, terça? martes, quarta? mércores, quinta? xoves, sexta? venres, sábado sabado, domingo",
    ),
    names(
        "ca",
        false,
        "gener, febrer, març, abril, maig, juny, juliol, agost, setembre, octubre, novembre, desembre",
        "dilluns, dimarts, dimecres, dijous, divendres, dissabte, diumenge",
    ),
    names(
        "ro",
        false,
        "ianuarie, februarie, martie, aprilie, mai?, iunie, iulie, august, septembrie, octombrie, noiembrie, decembrie",
        "luni, marți marţi marti, miercuri, joi, vineri, sâmbătă sambata, duminică duminica",
    ),
    names(
        "nl",
        false,
        "januari, februari, maart, april, mei, juni, juli, augustus, september, oktober, november, december",
        "maandag, dinsdag, woensdag, donderdag, vrijdag, zaterdag, zondag",
    ),
    names(
        "sv da no nb nn",
        false,
        "januari januar, februari februar, mars marts, april, maj mai, juni, juli, augusti august, september, oktober, \
            november, december desember",
        "måndag måndagen mandag mandagen, tisdag tisdagen tirsdag tirsdagen, onsdag onsdagen, torsdag torsdagen, \
            fredag fredagen, lördag lördagen lørdag lørdagen, söndag söndagen søndag søndagen",
    ),
    names(
        "fi",
        false,
        "tammikuuta tammikuu tammikuussa, helmikuuta helmikuu helmikuussa, maaliskuuta maaliskuu maaliskuussa, \
            huhtikuuta huhtikuu huhtikuussa, toukokuuta toukokuu toukokuussa, kesäkuuta kesäkuu kesäkuussa, \
            heinäkuuta heinäkuu heinäkuussa, elokuuta elokuu elokuussa, syyskuuta syyskuu syyskuussa, \
            lokakuuta lokakuu lokakuussa, marraskuuta marraskuu marraskuussa, joulukuuta joulukuu joulukuussa",
        "maanantaina maanantai, tiistaina tiistai, keskiviikkona keskiviikko, torstaina torstai, perjantaina perjantai, \
            lauantaina lauantai, sunnuntaina sunnuntai",
    ),
    names(
        "pl",
        false,
        "stycznia styczeń styczniu, lutego luty lutym, marca marzec marcu, kwietnia kwiecień kwietniu, maja maj maju, \
            czerwca czerwiec czerwcu, lipca lipiec lipcu, sierpnia sierpień sierpniu, września wrzesień wrześniu, \
            października październik październiku, listopada listopad listopadzie, grudnia grudzień grudniu",
        "poniedziałek poniedziałku, wtorek wtorku, środa środę środy, czwartek czwartku, piątek piątku, \
            sobota sobotę soboty, niedziela niedzielę niedzieli",
    ),
    names(
        "cs",
        false,
        "ledna leden lednu, února únor únoru, března březen březnu, dubna duben dubnu, května květen květnu, \
            června červen červnu, července červenec červenci, srpna srpen srpnu, září, října říjen říjnu, \
            listopadu listopad, prosince prosinec prosinci",
        "pondělí, úterý, středa středu středy, čtvrtek čtvrtka, pátek pátku, sobota sobotu soboty, neděle neděli",
    ),
    names(
        "sk",
        false,
        "januára január januári, februára február februári, marca marec marci, apríla apríl apríli, mája máj máji, \
            júna jún júni, júla júl júli, augusta august auguste, septembra september septembri, \
            októbra október októbri, novembra november novembri, decembra december decembri",
        "pondelok pondelka, utorok utorka, streda stredu stredy, štvrtok štvrtka, piatok piatka, sobota sobotu soboty, \
            nedeľa nedeľu nedele",
    ),
    names(
        "sl",
        false,
        "januar januarja januarju, februar februarja februarju, marec marca marcu, april aprila aprilu, maj maja maju, \
            junij junija juniju, julij julija juliju, avgust avgusta avgustu, september septembra septembru, \
            oktober oktobra oktobru, november novembra novembru, december decembra decembru",
        "ponedeljek ponedeljka, torek torka, sreda sredo srede, četrtek četrtka, petek petka, sobota soboto sobote, \
            nedelja nedeljo nedelje",
    ),
    names(
        "sr bs sh",
        false,
        "januar januara januaru, februar februara februaru, mart marta martu, april aprila aprilu, maj maja maju, \
            juni jun juna junu, juli jul jula julu, avgust avgusta avgustu august augusta, \
            septembar septembra septembru, oktobar oktobra oktobru, novembar novembra novembru, \
            decembar decembra decembru",
        "ponedeljak ponedeljka ponedjeljak ponedjeljka, utorak utorka, sreda sredu srede srijeda srijedu, \
            četvrtak četvrtka, petak petka, subota subotu subote, nedelja nedelju nedelje nedjelja nedjelju",
    ),
    names(
        "hr",
        false,
        "siječanj siječnja siječnju, veljača veljače veljači, ožujak ožujka ožujku, travanj travnja travnju, \
            svibanj svibnja svibnju, lipanj lipnja lipnju, srpanj srpnja srpnju, kolovoz kolovoza kolovozu, \
            rujan rujna rujnu, listopad listopada listopadu, studeni studenog studenoga studenom, \
            prosinac prosinca prosincu",
        "ponedjeljak ponedjeljka, utorak utorka, srijeda srijedu srijede, četvrtak četvrtka, petak petka, \
            subota subotu subote, nedjelja nedjelju nedjelje",
    ),
    names(
        "hu",
        false,
        "január januárban, február februárban, március márciusban, április áprilisban, május májusban, június júniusban, \
            július júliusban, augusztus augusztusban, szeptember szeptemberben, október októberben, \
            november novemberben, december decemberben",
        "hétfő hétfőn, kedd kedden, szerda szerdán, csütörtök csütörtökön, péntek pénteken, szombat szombaton, \
            vasárnap",
    ),
    names(
        "tr az",
        false,
        "ocak? ocakta ocak'ta yanvar, şubat şubatta şubat'ta fevral, mart martta mart'ta, nisan nisanda nisan'da aprel, \
            mayıs mayısta mayıs'ta may, haziran haziranda haziran'da iyun, temmuz temmuzda temmuz'da iyul, \
            ağustos ağustosta ağustos'ta avqust, eylül eylülde eylül'de sentyabr, ekim? ekimde ekim'de oktyabr, \
            kasım kasımda kasım'da noyabr, aralık? aralıkta aralık'ta dekabr",
        "pazartesi, salı, çarşamba, perşembe, cuma, cumartesi, pazar?",
    ),
    names(
        "ru",
        false,
        "января январь январе, февраля февраль феврале, марта март марте, апреля апрель апреле, мая май мае, \
            июня июнь июне, июля июль июле, августа август августе, сентября сентябрь сентябре, \
            октября октябрь октябре, ноября ноябрь ноябре, декабря декабрь декабре",
        "понедельник понедельника, вторник вторника, среду среда? среды?, четверг четверга, пятница пятницу пятницы, \
            суббота субботу субботы, воскресенье воскресенья",
    ),
    names(
        "uk",
        false,
        "січня січень січні, лютого лютий лютому, березня березень березні, квітня квітень квітні, травня травень травні, \
            червня червень червні, липня липень липні, серпня серпень серпні, вересня вересень вересні, \
            жовтня жовтень жовтні, листопада листопад листопаді, грудня грудень грудні",
        "понеділок понеділка, вівторок вівторка, середа середу середи, четвер четверга, \
            п'ятниця п'ятницю п'ятниці пʼятниця пʼятницю, субота суботу суботи, неділя неділю неділі",
    ),
    names(
        "bg mk",
        false,
        "януари јануари, февруари февруари, март, април, май мај, юни јуни, юли јули, август, септември, октомври, \
            ноември, декември",
        "понеделник, вторник, сряда среда, четвъртък четврток, петък петок, събота сабота, неделя недела",
    ),
    names(
        "el",
        false,
        "ιανουαρίου ιανουάριος ιανουάριο, φεβρουαρίου φεβρουάριος φεβρουάριο, μαρτίου μάρτιος μάρτιο, \
            απριλίου απρίλιος απρίλιο, μαΐου μάιος μάιο, ιουνίου ιούνιος ιούνιο, ιουλίου ιούλιος ιούλιο, \
            αυγούστου αύγουστος αύγουστο, σεπτεμβρίου σεπτέμβριος σεπτέμβριο, οκτωβρίου οκτώβριος οκτώβριο, \
            νοεμβρίου νοέμβριος νοέμβριο, δεκεμβρίου δεκέμβριος δεκέμβριο",
        "δευτέρα δευτέρας, τρίτη? τρίτης?, τετάρτη? τετάρτης?, πέμπτη? πέμπτης?, παρασκευή παρασκευής, \
            σάββατο σαββάτου, κυριακή κυριακής",
    ),
    names(
        "id ms",
        false,
        "januari, februari, maret mac, april, mei, juni jun, juli julai, agustus ogos, september, oktober, november, \
            desember disember",
        "senin isnin, selasa, rabu, kamis khamis, jumat jumaat, sabtu, minggu? ahad",
    ),
    names(
        "ar",
        false,
        "يناير, فبراير, مارس, أبريل ابريل إبريل, مايو, يونيو, يوليو, أغسطس اغسطس, سبتمبر, أكتوبر اكتوبر, نوفمبر, ديسمبر",
        "الاثنين الإثنين, الثلاثاء, الأربعاء الاربعاء, الخميس, الجمعة, السبت, الأحد الاحد",
    ),
    names(
        "he",
        false,
        "ינואר בינואר, פברואר בפברואר, מרץ מרס במרץ במרס, אפריל באפריל, מאי? במאי?, יוני ביוני, יולי ביולי, אוגוסט באוגוסט, \
            ספטמבר בספטמבר, אוקטובר באוקטובר, נובמבר בנובמבר, דצמבר בדצמבר",
        "שני?, שלישי?, רביעי?, חמישי?, שישי?, שבת?, ראשון?",
    ),
    names(
        "fa",
        false,
        "ژانویه, فوریه, مارس, آوریل, مه?, ژوئن, ژوئیه, اوت, سپتامبر, اکتبر, نوامبر, دسامبر",
        "دوشنبه, سه‌شنبه سهشنبه, چهارشنبه, پنجشنبه پنج‌شنبه, جمعه, شنبه, یکشنبه یک‌شنبه",
    ),
    names(
        "hi mr ne",
        false,
        "जनवरी, फ़रवरी फरवरी, मार्च, अप्रैल, मई, जून, जुलाई, अगस्त, सितंबर सितम्बर, अक्टूबर अक्तूबर, नवंबर नवम्बर, \
            दिसंबर दिसम्बर",
        "सोमवार, मंगलवार, बुधवार, गुरुवार, शुक्रवार, शनिवार, रविवार",
    ),
    names(
        EAST,
        false,
        "มกราคม, กุมภาพันธ์, มีนาคม, เมษายน, พฤษภาคม, มิถุนายน, กรกฎาคม, สิงหาคม, กันยายน, ตุลาคม, พฤศจิกายน, ธันวาคม",
        "星期一 周一 週一 礼拜一 月曜 월요일 วันจันทร์, 星期二 周二 週二 礼拜二 火曜 화요일 วันอังคาร, \
            星期三 周三 週三 礼拜三 水曜 수요일 วันพุธ, 星期四 周四 週四 礼拜四 木曜 목요일 วันพฤหัสบดี, \
            星期五 周五 週五 礼拜五 金曜 금요일 วันศุกร์, 星期六 周六 週六 礼拜六 土曜 토요일 วันเสาร์, \
            星期日 星期天 周日 週日 礼拜天 日曜 일요일 วันอาทิตย์",
    ),
];

/// The name of a day or month that a text in a script without spaces begins with: its length in bytes.
pub fn prefix_in_the_east(text: &str) -> Option<usize> {
    let east = LANGUAGES.iter().find(|names| names.langs == EAST)?;
    let forms = east.weekdays.split([',', ' ']).chain(east.months.split([',', ' ']));
    forms.filter(|form| !form.is_empty() && text.starts_with(form)).map(str::len).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_say_which_date_they_are() {
        let months = (1..=12).map(Date::Month);
        let weekdays = (0..=6).map(Date::Weekday);
        let years = YEARS.map(Date::Year);
        let days = (0..=12).flat_map(|month| (1..=31).map(move |day| Date::Day { month, day }));
        let mut all: Vec<u32> = Vec::new();
        for date in months.chain(weekdays).chain(years).chain(days) {
            assert_eq!(Date::of_hash(date.hash()), Some(date));
            all.push(date.hash());
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for other in [0, HASH_BASE - 1, HASH_BASE + 7, HASH_BASE + 0x100, HASH_BASE + 0x10D, u32::MAX] {
            assert_eq!(Date::of_hash(other), None, "{other:x}");
        }
    }

    #[test]
    fn every_language_has_twelve_months_and_seven_days() {
        for names in &LANGUAGES {
            assert_eq!(names.months.split(',').count(), 12, "{}", names.langs);
            assert_eq!(names.weekdays.split(',').count(), 7, "{}", names.langs);
            for form in names.months.split([',', ' ']).chain(names.weekdays.split([',', ' '])) {
                assert_eq!(form, form.to_lowercase(), "{}", names.langs);
            }
        }
    }

    #[test]
    fn words_of_dates() {
        let (sure, maybe) = (Sense::Date, Sense::Maybe);
        let cases = [
            ("Tuesday", "en", sure(Date::Weekday(1))),
            ("tuesday", "en", Sense::None),
            ("May", "en", maybe(Date::Month(5))),
            ("may", "en", Sense::None),
            ("Mayor", "en", Sense::None),
            ("März", "de", sure(Date::Month(3))),
            ("mercredi", "fr", sure(Date::Weekday(2))),
            ("пятницу", "ru", sure(Date::Weekday(4))),
            ("środę", "pl", sure(Date::Weekday(2))),
            ("mart", "tr", sure(Date::Month(3))),
            ("الخميس", "ar", sure(Date::Weekday(3))),
            ("बुधवार", "hi", sure(Date::Weekday(2))),
            ("星期三", "zh", sure(Date::Weekday(2))),
            ("水曜", "ja", sure(Date::Weekday(2))),
            ("수요일", "ko", sure(Date::Weekday(2))),
            ("bridge", "en", Sense::None),
            ("Monday", "xx", Sense::None),
        ];
        for (word, lang, expected) in cases {
            assert_eq!(of_word(word, &word.to_lowercase(), lang), expected, "{word} ({lang})");
        }
    }

    #[test]
    fn numbers_of_dates() {
        let cases = [
            ("2026", Sense::Date(Date::Year(2026))),
            ("2026年", Sense::Date(Date::Year(2026))),
            ("1250", Sense::None),
            ("12", Sense::DayNumber(12)),
            ("32", Sense::None),
            ("0", Sense::None),
            ("5月", Sense::Date(Date::Month(5))),
            ("13月", Sense::None),
            ("12일", Sense::Date(Date::Day { month: 0, day: 12 })),
            ("12.5", Sense::None),
            ("99999999999", Sense::None),
        ];
        for (number, expected) in cases {
            assert_eq!(of_number(number), expected, "{number}");
        }
    }
}
