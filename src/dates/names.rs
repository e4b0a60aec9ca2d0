//! Station: the words that dates are written with, in the languages of the news.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Weekday;

/// How one language names its months and days, in lower case, with the short forms and the cases that dates stand in.
struct Language {
    /// From January on: commas between the months, blanks between the names of one. Empty where months have numbers.
    months: &'static str,
    /// From Monday on, in the same way.
    weekdays: &'static str,
}

/// What a word may be in a date; it may be both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// The month, from 1.
    pub(crate) month: Option<i8>,
    /// The days of the week.
    pub(crate) weekdays: Weekdays,
}

/// The month and the days that a word in lower case names in any language.
///
/// An English word is one day of the week; others are as many as languages say (`so` is a Sunday to Germans and a Saturday to
/// Czechs).
pub(crate) fn named(word: &str) -> Named {
    WORDS.get(word).copied().unwrap_or_default()
}

/// All names of `LANGUAGES`; made once, because a search through all of them takes longer than all else that reads a date.
static WORDS: LazyLock<HashMap<&str, Named>> = LazyLock::new(|| {
    let mut words: HashMap<&str, Named> = HashMap::new();
    for (name, month) in LANGUAGES.iter().flat_map(|language| numbered(language.months)) {
        words.entry(name).or_default().month.get_or_insert(month + 1);
    }
    for (name, day) in LANGUAGES.iter().flat_map(|language| numbered(language.weekdays)) {
        let is_english = numbered(ENGLISH.weekdays).any(|(english, _)| english == name);
        let days = &mut words.entry(name).or_default().weekdays;
        if !is_english || days.is_empty() {
            *days = days.and(Weekdays(1 << day));
        }
    }
    words
});

/// Each name of a list with its place, from 0.
fn numbered(list: &'static str) -> impl Iterator<Item = (&'static str, i8)> {
    (0..).zip(list.split(',')).flat_map(|(at, names)| names.split_whitespace().map(move |name| (name, at)))
}

/// Days of the week that a word may mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    /// Whether it means none.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both.
    pub(crate) fn and(self, other: Weekdays) -> Weekdays {
        Weekdays(self.0 | other.0)
    }

    /// Whether it may mean `weekday`.
    pub(crate) fn contains(self, weekday: Weekday) -> bool {
        self.0 & 1 << weekday.to_monday_zero_offset() != 0
    }
}

/// A half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// From midnight on.
    Morning,
    /// From noon on.
    Afternoon,
}

/// The half of the day that a word names: `am`, `pm`, and what East Asia says.
pub(crate) fn half(word: &str) -> Option<Half> {
    match word {
        "am" | "오전" | "上午" | "午前" => Some(Half::Morning),
        "pm" | "오후" | "下午" | "午後" => Some(Half::Afternoon),
        _ => None,
    }
}

/// What a number is, by the word behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The year.
    Year,
    /// The month.
    Month,
    /// The day of the month.
    Day,
    /// The hour.
    Hour,
    /// The minute.
    Minute,
    /// The second.
    Second,
}

/// The unit that a word in lower case names.
pub(crate) fn unit(word: &str) -> Option<Unit> {
    match word {
        "年" | "년" => Some(Unit::Year),
        "月" | "월" => Some(Unit::Month),
        "日" | "일" | "号" | "號" => Some(Unit::Day),
        "時" | "时" | "點" | "点" | "시" | "h" | "uhr" | "ч" => Some(Unit::Hour),
        "分" | "분" | "min" | "m" | "мин" => Some(Unit::Minute),
        "秒" | "초" | "s" | "sec" | "сек" => Some(Unit::Second),
        _ => None,
    }
}

/// What makes `1` a first: it says nothing of its own.
pub(crate) fn is_ordinal_ending(word: &str) -> bool {
    ["st", "nd", "rd", "th", "er", "re", "e", "º", "ª", "a", "o", "го"].contains(&word)
}

/// Words that stand in dates and say nothing. (`п` is what an apostrophe parts from the Ukrainian Friday.)
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.split(' ').any(|filler| filler == word)
}

const FILLERS: &str = "the of at on de del d du den der dem am um le il el the à a ás às as las alle ore om kl klo o clock uhr uur h hr hrs \
     hours feira г год года р рік року в о п roku rok r";

/// A word that is a month in two languages must be the same month in both, which a test holds. That is why Croatian is not
/// here: its `listopad` is October, and everybody else's November.
const LANGUAGES: &[Language] = &[
    ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, CATALAN, ROMANIAN, DUTCH, SWEDISH, DANISH, NORWEGIAN,
    FINNISH, POLISH, CZECH, SLOVAK, HUNGARIAN, TURKISH, RUSSIAN, UKRAINIAN, BULGARIAN, GREEK, INDONESIAN, ARABIC,
    HINDI, JAPANESE, KOREAN, CHINESE,
];

const ENGLISH: Language = Language {
    months: "january jan, february feb febr, march mar, april apr, may, june jun, july jul, august aug, september sept \
        sep, october oct, november nov, december dec",
    weekdays: "monday mon, tuesday tues tue, wednesday weds wed, thursday thurs thur thu, friday fri, saturday sat, \
        sunday sun",
};

const GERMAN: Language = Language {
    months: "januar jänner jän, februar feber, märz maerz mär mrz, april, mai, juni, juli, august, september, oktober \
        okt, november, dezember dez",
    weekdays: "montag mo, dienstag di, mittwoch mi, donnerstag do, freitag fr, samstag sonnabend sa, sonntag so",
};

const FRENCH: Language = Language {
    months: "janvier janv, février fevrier févr fevr fév fev, mars, avril avr, mai, juin, juillet juil, août aout aoû, \
        septembre, octobre, novembre, décembre decembre déc",
    weekdays: "lundi lun, mardi mar, mercredi mer, jeudi jeu, vendredi ven, samedi sam, dimanche dim",
};

const SPANISH: Language = Language {
    months: "enero ene, febrero, marzo, abril abr, mayo, junio, julio, agosto ago, septiembre setiembre set, octubre, \
        noviembre, diciembre dic",
    weekdays: "lunes lun, martes mar, miércoles miercoles mié mie, jueves jue, viernes vie, sábado sabado sáb sab, \
        domingo dom",
};

const ITALIAN: Language = Language {
    months: "gennaio gen, febbraio febb, marzo, aprile, maggio mag, giugno giu, luglio lug, agosto, settembre sett, \
        ottobre ott, novembre, dicembre",
    weekdays: "lunedì lunedi lun, martedì martedi mar, mercoledì mercoledi mer, giovedì giovedi gio, venerdì venerdi ven, \
        sabato sab, domenica dom",
};

const PORTUGUESE: Language = Language {
    months: "janeiro, fevereiro fev, março marco, abril, maio mai, junho, julho, agosto, setembro set, outubro out, \
        novembro, dezembro dez",
    weekdays: "segunda seg, terça terca ter, quarta qua, quinta qui, sexta sex, sábado sáb sab, domingo dom",
};

const CATALAN: Language = Language {
    months: "gener, febrer, març, abril, maig, juny, juliol, agost, setembre, octubre, novembre, desembre",
    weekdays: "dilluns, dimarts, dimecres, dijous, divendres, dissabte, diumenge",
};

const ROMANIAN: Language = Language {
    months: "ianuarie ian, februarie, martie, aprilie, mai, iunie iun, iulie iul, august, septembrie, octombrie, \
        noiembrie, decembrie",
    weekdays: "luni lun, marți marţi marti mar, miercuri mie, joi, vineri vin, sâmbătă sambata sâm, duminică duminica dum",
};

const DUTCH: Language = Language {
    months: "januari, februari, maart mrt, april, mei, juni, juli, augustus, september, oktober, november, december",
    weekdays: "maandag maa ma, dinsdag din di, woensdag woe wo, donderdag don do, vrijdag vri vr, zaterdag zat za, zondag \
        zon zo",
};

const SWEDISH: Language = Language {
    months: "januari, februari, mars, april, maj, juni, juli, augusti, september, oktober, november, december",
    weekdays: "måndag mån, tisdag tis, onsdag ons, torsdag tors tor, fredag fre, lördag lör, söndag sön",
};

const DANISH: Language = Language {
    months: "januar, februar, marts, april, maj, juni, juli, august, september, oktober, november, december",
    weekdays: "mandag man, tirsdag tirs tir, onsdag ons, torsdag tors tor, fredag fre, lørdag lør, søndag søn",
};

const NORWEGIAN: Language = Language {
    months: "januar, februar, mars, april, mai, juni, juli, august, september, oktober, november, desember des",
    weekdays: "mandag man, tirsdag tirs tir, onsdag ons, torsdag tors tor, fredag fre, lørdag lør, søndag søn",
};

const FINNISH: Language = Language {
    months: "tammikuuta tammikuu tammi, helmikuuta helmikuu helmi, maaliskuuta maaliskuu maalis, huhtikuuta huhtikuu \
        huhti, toukokuuta toukokuu touko, kesäkuuta kesäkuu kesä, heinäkuuta heinäkuu heinä, elokuuta elokuu elo, \
        syyskuuta syyskuu syys, lokakuuta lokakuu loka, marraskuuta marraskuu marras, joulukuuta joulukuu joulu",
    weekdays: "maanantaina maanantai ma, tiistaina tiistai ti, keskiviikkona keskiviikko ke, torstaina torstai to, \
        perjantaina perjantai pe, lauantaina lauantai la, sunnuntaina sunnuntai su",
};

const POLISH: Language = Language {
    months: "stycznia styczeń sty, lutego luty lut, marca marzec, kwietnia kwiecień kwi, maja maj, czerwca czerwiec \
        cze, lipca lipiec lip, sierpnia sierpień sie, września wrzesień wrz, października październik paź, \
        listopada listopad lis, grudnia grudzień gru",
    weekdays: "poniedziałek pon, wtorek wto wt, środa śro śr, czwartek czw, piątek pią pt, sobota sob, niedziela niedz \
        nie",
};

const CZECH: Language = Language {
    months: "ledna leden led, února únor úno, března březen bře, dubna duben dub, května květen kvě, června červen čvn, \
        července červenec čvc, srpna srpen srp, září zář, října říjen říj, listopadu listopad lis, prosince \
        prosinec pro",
    weekdays: "pondělí po, úterý út, středa st, čtvrtek čt, pátek pá, sobota so, neděle ne",
};

const SLOVAK: Language = Language {
    months: "januára január, februára február, marca marec, apríla apríl, mája máj, júna jún, júla júl, augusta, \
        septembra, októbra október, novembra, decembra",
    weekdays: "pondelok po, utorok ut, streda st, štvrtok št, piatok pi, sobota so, nedeľa ne",
};

const HUNGARIAN: Language = Language {
    months: "január, február, március márc, április ápr, május máj, június jún, július júl, augusztus, szeptember \
        szept, október, november, december",
    weekdays: "hétfő, kedd, szerda, csütörtök, péntek, szombat, vasárnap",
};

const TURKISH: Language = Language {
    months: "ocak oca, şubat şub, mart, nisan nis, mayıs mayis, haziran haz, temmuz tem, ağustos ağu, eylül eyl, ekim \
        eki, kasım kasim kas, aralık aralik ara",
    weekdays: "pazartesi pzt, salı sal, çarşamba çar, perşembe per, cuma cum, cumartesi cmt, pazar paz",
};

const RUSSIAN: Language = Language {
    months: "января январь янв, февраля февраль февр фев, марта март мар, апреля апрель апр, мая май, июня июнь июн, \
        июля июль июл, августа август авг, сентября сентябрь сент сен, октября октябрь окт, ноября ноябрь нояб \
        ноя, декабря декабрь дек",
    weekdays: "понедельник пон пн, вторник вт, среда ср, четверг чт, пятница пт, суббота сб, воскресенье вс",
};

const UKRAINIAN: Language = Language {
    months: "січня січень січ, лютого лютий лют, березня березень бер, квітня квітень кві, травня травень тра, червня \
        червень чер, липня липень лип, серпня серпень сер, вересня вересень вер, жовтня жовтень жов, листопада \
        листопад лис, грудня грудень гру",
    weekdays: "понеділок пн, вівторок вт, середа ср, четвер чт, пятниця пʼятниця ятниця пт, субота сб, неділя нд",
};

const BULGARIAN: Language = Language {
    months: "януари яну, февруари, март, април, май, юни, юли, август, септември, октомври, ноември, декември",
    weekdays: "понеделник, вторник, сряда, четвъртък, петък, събота, неделя",
};

const GREEK: Language = Language {
    months: "ιανουαρίου ιανουάριος ιαν, φεβρουαρίου φεβρουάριος φεβρ φεβ, μαρτίου μάρτιος μάρ μαρ, απριλίου απρίλιος \
        απρ, μαΐου μάιος μαΐ μάι μαϊ μαι, ιουνίου ιούνιος ιούν ιουν, ιουλίου ιούλιος ιούλ ιουλ, αυγούστου \
        αύγουστος αύγ αυγ, σεπτεμβρίου σεπτέμβριος σεπτ σεπ, οκτωβρίου οκτώβριος οκτ, νοεμβρίου νοέμβριος νοέ νοε, \
        δεκεμβρίου δεκέμβριος δεκ",
    weekdays: "δευτέρα δευ, τρίτη τρί τρι, τετάρτη τετ, πέμπτη πέμ πεμ, παρασκευή παρ, σάββατο σάβ σαβ, κυριακή κυρ",
};

const INDONESIAN: Language = Language {
    months: "januari, februari, maret, april, mei, juni, juli, agustus agu agt, september, oktober, november, desember \
        des",
    weekdays: "senin sen, selasa sel, rabu rab, kamis kam, jumat jum, sabtu sab, minggu ahad",
};

const ARABIC: Language = Language {
    months: "يناير, فبراير, مارس, أبريل ابريل إبريل, مايو, يونيو, يوليو, أغسطس اغسطس, سبتمبر, أكتوبر اكتوبر, نوفمبر, \
        ديسمبر",
    weekdays: "الاثنين الإثنين, الثلاثاء, الأربعاء الاربعاء, الخميس, الجمعة, السبت, الأحد الاحد",
};

const HINDI: Language = Language {
    months: "जनवरी, फ़रवरी फरवरी, मार्च, अप्रैल, मई, जून, जुलाई, अगस्त, सितंबर सितम्बर, अक्टूबर अक्तूबर, नवंबर नवम्बर, \
        दिसंबर दिसम्बर",
    weekdays: "सोमवार, मंगलवार, बुधवार, गुरुवार, शुक्रवार, शनिवार, रविवार",
};

const JAPANESE: Language = Language {
    months: "",
    weekdays: "月曜日 月曜, 火曜日 火曜, 水曜日 水曜, 木曜日 木曜, 金曜日 金曜, 土曜日 土曜, 日曜日 日曜",
};

const KOREAN: Language = Language {
    months: "",
    weekdays: "월요일 월, 화요일 화, 수요일 수, 목요일 목, 금요일 금, 토요일 토, 일요일 일",
};

const CHINESE: Language = Language {
    months: "",
    weekdays: "星期一 周一 週一, 星期二 周二 週二, 星期三 周三 週三, 星期四 周四 週四, 星期五 周五 週五, 星期六 周六 週六, 星期日 星期天 周日 週日",
};

#[cfg(test)]
mod tests {
    use crate::dates::names::{LANGUAGES, half, is_filler, named, numbered, unit};
    use crate::dates::zones::abbreviation;

    /// The first language that knows a word decides, so a second one must agree.
    #[test]
    fn no_word_is_two_months() {
        let months = LANGUAGES.iter().filter(|language| !language.months.is_empty());
        assert!(months.clone().all(|language| language.months.split(',').count() == 12));
        let mut names = 0;
        for (name, month) in months.flat_map(|language| numbered(language.months)) {
            assert_eq!((named(name).month, name), (Some(month + 1), name.to_lowercase().as_str()));
            assert!(half(name).is_none() && !is_filler(name) && unit(name).is_none(), "{name}");
            assert!(abbreviation(name).is_none(), "{name} is a zone too");
            names += 1;
        }
        assert!(names > 400, "{names}");
    }

    #[test]
    fn weekdays_are_no_zones() {
        assert!(LANGUAGES.iter().all(|language| language.weekdays.split(',').count() == 7));
        for (name, _) in LANGUAGES.iter().flat_map(|language| numbered(language.weekdays)) {
            assert!(!named(name).weekdays.is_empty(), "{name}");
            // `pt` is a Friday to Poles and Pacific time to Americans: two letters are a zone in capitals behind a clock alone.
            assert!(abbreviation(name).is_none() || name.chars().count() < 3, "{name} is a zone too");
        }
    }
}
