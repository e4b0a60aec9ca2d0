//! Station: names of time zones, and how far each is from UTC at a given moment.

use jiff::civil::{Date, DateTime, Weekday, time};
use jiff::tz::Offset;

/// What a date says of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// So many seconds east of UTC.
    Fixed(i32),
    /// So many minutes east of UTC in winter, and an hour more in summer.
    Seasonal(i32, Summer),
}

/// When summer time is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Summer {
    /// As in the European Union since 1996: last Sunday of March to last Sunday of October, at one o'clock UTC.
    Europe,
    /// As in the United States: since 2007 second Sunday of March to first Sunday of November, before that first Sunday of
    /// April to last Sunday of October, at two o'clock.
    America,
}

/// UTC, which also stands for a zone that nobody knows: that is wrong by half a day at most, and the day is right or next to
/// it.
pub(crate) const UTC: Zone = Zone::Fixed(0);

impl Zone {
    /// The distance from UTC at a local time; `None` where it is more than jiff can hold.
    pub(crate) fn offset_at(self, local: DateTime) -> Option<Offset> {
        let seconds = match self {
            Zone::Fixed(seconds) => seconds,
            Zone::Seasonal(minutes, summer) => {
                let is_summer = summer.contains(local, minutes).unwrap_or(false);
                minutes * 60 + if is_summer { 3600 } else { 0 }
            }
        };
        Offset::from_seconds(seconds).ok()
    }
}

impl Summer {
    /// The hour that comes twice in autumn counts as summer.
    fn contains(self, local: DateTime, winter_minutes: i32) -> Option<bool> {
        let sunday = |month: i8, nth: i8| {
            Date::new(local.year(), month, 1).and_then(|first| first.nth_weekday_of_month(nth, Weekday::Sunday)).ok()
        };
        let (from, until) = match self {
            Summer::Europe => {
                let hour = i8::try_from(winter_minutes / 60).ok()?;
                (
                    sunday(3, -1)?.to_datetime(time(1 + hour, 0, 0, 0)),
                    sunday(10, -1)?.to_datetime(time(2 + hour, 0, 0, 0)),
                )
            }
            Summer::America => {
                let (from, until) = if local.year() >= 2007 {
                    (sunday(3, 2)?, sunday(11, 1)?)
                } else {
                    (sunday(4, 1)?, sunday(10, -1)?)
                };
                (from.to_datetime(time(2, 0, 0, 0)), until.to_datetime(time(2, 0, 0, 0)))
            }
        };
        Some(from <= local && local < until)
    }
}

/// The zone of an abbreviation in lower case.
///
/// Where several places share one, the place with the most feeds has it: `ist` is India's (not Ireland's, not Israel's), `cst`,
/// `est` and `mst` are North America's as in RFC 822 (not China's or Australia's), `bst` is Britain's, `ast` is Atlantic time,
/// `gst` is the Gulf's. `msk` is what it has been since October 2014.
pub(crate) fn abbreviation(name: &str) -> Option<Zone> {
    // Letters are zones at sea and in the air. RFC 822 has their signs the wrong way round, some followed it and some did not, so
    // RFC 5322, 4.3, lets them say nothing.
    if let [b'a'..=b'z'] = name.as_bytes() {
        return Some(UTC);
    }
    let fixed = || ABBREVIATIONS.iter().find(|(_, names)| names.split(' ').any(|one| one == name));
    let seasonal = || AMERICAN.iter().find(|(one, _)| *one == name);
    fixed()
        .map(|(minutes, _)| Zone::Fixed(minutes * 60))
        .or_else(|| seasonal().map(|(_, minutes)| Zone::Seasonal(*minutes, Summer::America)))
}

/// Minutes east of UTC, and the abbreviations that say so.
const ABBREVIATIONS: &[(i32, &str)] = &[
    (-600, "hst"),
    (-540, "akst"),
    (-480, "pst akdt"),
    (-420, "mst pdt"),
    (-360, "cst mdt"),
    (-300, "est cdt cot pet"),
    (-240, "ast edt clt vet"),
    (-210, "nst"),
    (-180, "adt art brt clst uyt"),
    (-150, "ndt"),
    (-120, "brst"),
    (0, "utc ut uct gmt wet zulu"),
    (60, "bst cet met mez west wat"),
    (120, "cest mest mesz eet cat sast"),
    (180, "eest msk trt eat idt"),
    (210, "irst"),
    (240, "gst msd"),
    (300, "pkt uzt"),
    (330, "ist"),
    (345, "npt"),
    (420, "ict wib"),
    (480, "hkt sgt pht myt awst wita"),
    (540, "jst kst wit"),
    (570, "acst"),
    (600, "aest"),
    (630, "acdt"),
    (660, "aedt"),
    (720, "nzst"),
    (780, "nzdt"),
];

/// Times of North America that do not say whether it is summer, and their minutes in winter.
const AMERICAN: &[(&str, i32)] = &[("at", -240), ("et", -300), ("ct", -360), ("mt", -420), ("pt", -480)];

/// The zone of a name such as `europe/brussels`, in lower case; `None` where the name is not known.
///
/// These are the places that feeds name, not all of the time zone database: reading that would need the disk.
pub(crate) fn place(path: &str) -> Option<Zone> {
    let (area, city) = path.split_once('/')?;
    let has = |cities: &str| cities.split(' ').any(|one| one == city);
    let in_area = |(places, _): &&(&str, _)| *places == area;
    let row = PLACES.iter().filter(in_area).find_map(|(_, rows)| rows.iter().find(|(_, _, cities)| has(cities)));
    row.map(|(minutes, summer, _)| match summer {
        Some(summer) => Zone::Seasonal(*minutes, *summer),
        None => Zone::Fixed(minutes * 60),
    })
}

/// Minutes east of UTC in winter, when it is summer, and the cities.
type Cities = (i32, Option<Summer>, &'static str);

const PLACES: &[(&str, &[Cities])] = &[
    (
        "africa",
        &[
            (0, None, "accra dakar abidjan"),
            (60, None, "lagos algiers tunis kinshasa"),
            (120, None, "johannesburg harare maputo"),
            (180, None, "nairobi addis_ababa kampala"),
        ],
    ),
    (
        "america",
        &[
            (-540, Some(Summer::America), "anchorage"),
            (-480, Some(Summer::America), "los_angeles vancouver tijuana"),
            (-420, None, "phoenix"),
            (-420, Some(Summer::America), "denver edmonton boise"),
            (-360, None, "regina costa_rica guatemala"),
            (-360, Some(Summer::America), "chicago winnipeg"),
            (-300, None, "bogota lima panama jamaica"),
            (-300, Some(Summer::America), "new_york toronto montreal detroit"),
            (-240, None, "puerto_rico la_paz caracas"),
            (-240, Some(Summer::America), "halifax"),
            (-210, Some(Summer::America), "st_johns"),
            (-180, None, "argentina/buenos_aires buenos_aires montevideo"),
        ],
    ),
    (
        "asia",
        &[
            (240, None, "dubai baku tbilisi"),
            (300, None, "karachi tashkent"),
            (330, None, "kolkata calcutta colombo"),
            (345, None, "kathmandu katmandu"),
            (360, None, "dhaka"),
            (420, None, "bangkok jakarta ho_chi_minh saigon"),
            (480, None, "shanghai hong_kong singapore manila taipei kuala_lumpur"),
            (540, None, "tokyo seoul"),
        ],
    ),
    ("australia", &[(480, None, "perth"), (600, None, "brisbane"), (570, None, "darwin")]),
    (
        "europe",
        &[
            (0, Some(Summer::Europe), "london dublin lisbon belfast"),
            (
                60,
                Some(Summer::Europe),
                "amsterdam andorra belgrade berlin bratislava brussels budapest copenhagen ljubljana luxembourg madrid malta \
                 monaco oslo paris podgorica prague rome san_marino sarajevo skopje stockholm tirane vaduz vatican vienna \
                 warsaw zagreb zurich",
            ),
            (120, Some(Summer::Europe), "athens bucharest helsinki kiev kyiv riga sofia tallinn vilnius"),
            (180, None, "istanbul minsk moscow"),
        ],
    ),
    ("etc", &[(0, None, "gmt utc uct universal zulu greenwich")]),
    ("pacific", &[(-600, None, "honolulu")]),
    (
        "us",
        &[
            (-600, None, "hawaii"),
            (-540, Some(Summer::America), "alaska"),
            (-480, Some(Summer::America), "pacific"),
            (-420, None, "arizona"),
            (-420, Some(Summer::America), "mountain"),
            (-360, Some(Summer::America), "central"),
            (-300, Some(Summer::America), "eastern"),
        ],
    ),
];
