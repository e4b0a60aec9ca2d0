//! Station: whose voice an article speaks with: the wire's whose report it prints, else its site's. A hundred papers that print one
//! report of a wire are one voice, however much each of them cuts it.

use std::collections::HashMap;
use std::sync::LazyLock;

use url::Url;

use crate::identify::outlet;

/// Where an article says whose report it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credits<'a> {
    /// Who wrote it, as the feed or the byline has it, the desk included ("Jane Doe, CNN").
    pub authors: &'a [String],
    /// The byline at the head of its text.
    pub byline: Option<&'a str>,
    /// Its text, plain.
    pub text: &'a str,
    /// Its link for readers.
    pub url: Option<&'a str>,
}

/// The wires by the key of their voice: how they are credited, and their sites. Names of up to five letters are told by their
/// case too ("AA", "TT"), and no name is taken that is a word.
const WIRES: &[(&str, &[&str], &[&str])] = &[
    ("aap", &["AAP", "Australian Associated Press"], &["aap.com.au"]),
    ("afp", &["AFP", "Agence France-Presse", "Agence France Presse", "AFP news agency"], &["afp.com"]),
    ("anadolu", &["AA", "Anadolu", "Anadolu Agency", "Anadolu Ajansı"], &["aa.com.tr"]),
    ("ani", &["ANI", "Asian News International"], &["aninews.in"]),
    ("anp", &["ANP"], &["anp.nl"]),
    ("ansa", &["ANSA"], &["ansa.it"]),
    ("ap", &["AP", "Associated Press", "The Associated Press"], &["apnews.com", "ap.org"]),
    ("apa", &["APA", "Austria Presse Agentur"], &["apa.at"]),
    ("belga", &["Belga", "BELGA"], &["belga.be", "belganewsagency.eu"]),
    ("bloomberg", &["Bloomberg", "Bloomberg News"], &["bloomberg.com"]),
    ("cnn", &["CNN", "CNN Wire", "CNN Newsource"], &["cnn.com"]),
    ("cp", &["The Canadian Press", "Canadian Press", "La Presse canadienne"], &["thecanadianpress.com"]),
    ("ctk", &["ČTK", "CTK"], &["ctk.cz", "ctk.eu"]),
    ("dpa", &["dpa", "DPA", "Deutsche Presse-Agentur"], &["dpa.com", "dpa-international.com"]),
    ("efe", &["EFE", "Agencia EFE"], &["efe.com"]),
    ("europapress", &["Europa Press", "EUROPA PRESS"], &["europapress.es"]),
    ("ians", &["IANS"], &["ians.in"]),
    ("interfax", &["Interfax", "Интерфакс"], &["interfax.ru", "interfax.com"]),
    ("jiji", &["Jiji", "Jiji Press", "時事", "時事通信"], &["jiji.com"]),
    ("kyodo", &["Kyodo", "Kyodo News", "共同", "共同通信"], &["kyodonews.net", "kyodonews.jp", "nordot.app"]),
    ("lusa", &["Lusa", "Agência Lusa", "LUSA"], &["lusa.pt"]),
    ("mti", &["MTI"], &["mti.hu"]),
    ("ntb", &["NTB", "©NTB"], &["ntb.no"]),
    ("pa", &["PA Media", "Press Association"], &["pa.media"]),
    ("pap", &["PAP"], &["pap.pl"]),
    ("pti", &["PTI", "Press Trust of India"], &["ptinews.com"]),
    ("reuters", &["Reuters", "REUTERS", "Thomson Reuters"], &["reuters.com"]),
    ("ria", &["РИА Новости", "RIA Novosti"], &["ria.ru"]),
    ("ritzau", &["Ritzau", "/ritzau/"], &["ritzau.dk"]),
    ("sda", &["sda", "SDA", "ATS", "Keystone-SDA", "Keystone-ATS"], &["keystone-sda.ch"]),
    ("stt", &["STT"], &["stt.fi"]),
    ("tass", &["TASS", "ТАСС"], &["tass.ru", "tass.com"]),
    ("tt", &["TT", "TT Nyhetsbyrån"], &["tt.se"]),
    ("upi", &["UPI", "United Press International"], &["upi.com"]),
    ("xinhua", &["Xinhua", "新华社", "新華社"], &["xinhuanet.com", "news.cn"]),
    ("yonhap", &["Yonhap", "Yonhap News Agency", "연합뉴스"], &["yna.co.kr", "yonhapnews.co.kr"]),
];

/// Credits in forms of their own, looked for near the beginning of a text.
const HEADS: &[(&str, &str)] = &[
    ("/ТАСС/", "tass"),
    ("- РИА Новости", "ria"),
    ("=연합뉴스)", "yonhap"),
    ("共同】", "kyodo"),
    ("時事】", "jiji"),
    ("新华社", "xinhua"),
];

/// Sites on which many outlets publish: there the outlet's name tells, and not the address.
const PLATFORMS: &[&str] = &[
    "archive.org",
    "facebook.com",
    "feedburner.com",
    "google.com",
    "medium.com",
    "msn.com",
    "reddit.com",
    "substack.com",
    "t.me",
    "telegram.org",
    "tumblr.com",
    "twitter.com",
    "x.com",
    "yahoo.com",
    "youtube.com",
];

/// How far into a text its dateline reaches, in bytes.
const DATELINE_BYTES_MAX: usize = 120;
/// The longest credit in parentheses, in bytes.
const CREDIT_BYTES_MAX: usize = 24;

/// The voice: `wire:ap`, `site:example.org`, or `None` where neither is known, so that the outlet's name has to do.
pub fn voice(credits: &Credits<'_>) -> Option<String> {
    let site = credits.url.and_then(outlet::site);
    let of_site = || WIRES.iter().find(|(_, _, sites)| site.as_deref().is_some_and(|site| sites.contains(&site)));
    let named = credits.authors.iter().map(String::as_str).chain(credits.byline).find_map(in_author);
    let wire = named.or_else(|| of_site().map(|wire| wire.0)).map(str::to_owned);
    if let Some(wire) = wire.or_else(|| at_head(credits.text)).or_else(|| at_end(credits.text).map(str::to_owned)) {
        return Some(format!("wire:{wire}"));
    }
    let is_address = |url: &Url| !matches!(url.host(), Some(url::Host::Domain(_)));
    let site = site.filter(|site| !PLATFORMS.contains(&site.as_str()));
    site.filter(|_| !credits.url.is_some_and(|url| Url::parse(url).is_ok_and(|url| is_address(&url))))
        .map(|site| format!("site:{site}"))
}

/// The wire of this name.
fn wire(name: &str) -> Option<&'static str> {
    let name = name.trim_matches(|letter: char| letter.is_whitespace() || ".:©".contains(letter));
    NAMES.exact.get(name).or_else(|| NAMES.lower.get(&name.to_lowercase())).copied()
}

/// The names of `WIRES`: as they are written, and in lower case those that are too long to be a word in capitals.
struct Names {
    exact: HashMap<&'static str, &'static str>,
    lower: HashMap<String, &'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let (mut exact, mut lower) = (HashMap::new(), HashMap::new());
    for (wire, names, _) in WIRES {
        for name in *names {
            exact.entry(*name).or_insert(*wire);
            if name.len() > 5 {
                lower.entry(name.to_lowercase()).or_insert(*wire);
            }
        }
    }
    Names { exact, lower }
});

/// "Jane Doe, CNN", "Reuters", "John Roe | AP", "dpa/lno".
fn in_author(author: &str) -> Option<&'static str> {
    let author = author.strip_prefix("By ").unwrap_or(author);
    wire(author).or_else(|| author.split([',', '|', '/', '(', ')', ';', '–', '—', '•']).find_map(wire))
}

/// "SEATTLE (AP) — ", "(CNN) — ", "LONDON, Feb 13 (Reuters) - ", "Berlin (dpa/lno) - ", "Reuters — ". What stands in that place is a
/// wire's name even where nobody knows the wire.
fn at_head(text: &str) -> Option<String> {
    let head = &text[..text.floor_char_boundary(DATELINE_BYTES_MAX)];
    if let Some((_, wire)) = HEADS.iter().find(|(mark, _)| head.contains(mark)) {
        return Some((*wire).to_owned());
    }
    if let Some((first, _)) = head.split_once([' ', '\n'])
        && let Some(found) = wire(first)
        && begins_with_dash(&head[first.len()..])
    {
        return Some(found.to_owned());
    }
    let (place, rest) = head.split_once('(')?;
    let (credit, rest) = rest.split_once(')')?;
    let is_dateline = place.chars().next().is_none_or(|first| first.is_uppercase() || !first.is_ascii())
        && !place.contains(['?', '!', '"', '“', '\n'])
        && !place.contains(". ");
    let is_name = credit.len() <= CREDIT_BYTES_MAX && credit.chars().any(char::is_alphabetic);
    if !is_dateline || !is_name || credit.contains(|letter: char| letter.is_numeric()) || !begins_with_dash(rest) {
        return None;
    }
    let known = wire(credit).or_else(|| credit.split('/').find_map(wire));
    Some(known.map_or_else(|| credit.to_lowercase(), str::to_owned))
}

fn begins_with_dash(rest: &str) -> bool {
    rest.trim_start().starts_with(['—', '–', '-', '―'])
}

/// "… said. (dpa)"
fn at_end(text: &str) -> Option<&'static str> {
    let (_, credit) = text.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    wire(credit).or_else(|| credit.split('/').find_map(wire))
}

#[cfg(test)]
mod tests {
    use crate::identify::voice::{Credits, voice};

    #[test]
    fn a_wires_report_has_the_wires_voice_wherever_it_is_printed() {
        let check = |author: &str, text: &str, url: &str, expected: Option<&str>| {
            let authors: Vec<String> = [author].iter().filter(|it| !it.is_empty()).map(|&it| it.to_owned()).collect();
            let credits = Credits { authors: &authors, byline: None, text, url: Some(url).filter(|it| !it.is_empty()) };
            assert_eq!(voice(&credits).as_deref(), expected, "{author} {text} {url}");
        };
        let own = "https://www.harbour.example/a";
        let site = Some("site:harbour.example");
        check("", "SEATTLE (AP) — The ferry sank.", own, Some("wire:ap"));
        check("", "(CNN) — It sank.", own, Some("wire:cnn"));
        check("", "LONDON, Feb 13 (Reuters) - It sank.", own, Some("wire:reuters"));
        check("", "Berlin (dpa/lno) – Die Fähre sank.", own, Some("wire:dpa"));
        check("", "ESBJERG, Denmark (MW) — Storm Ottilie tore across.", own, Some("wire:mw"));
        check("", "Reuters — It sank.", own, Some("wire:reuters"));
        check("", "新华社北京2月13日电 渡轮沉没", own, Some("wire:xinhua"));
        check("", "(서울=연합뉴스) 여객선이 침몰했다", own, Some("wire:yonhap"));
        check("", "【ニューヨーク共同】フェリーが沈没した", own, Some("wire:kyodo"));
        check("", "Die Fähre sank am Morgen. (dpa)", own, Some("wire:dpa"));
        check("Dana P. Fields, CNN", "It sank.", own, Some("wire:cnn"));
        check("The Associated Press", "It sank.", own, Some("wire:ap"));
        check("By Jane Roe | AP", "It sank.", own, Some("wire:ap"));
        check("", "It sank.", "https://apnews.com/article/1", Some("wire:ap"));
        // What only looks like one.
        check("Jane Roe", "It sank.", own, site);
        check("", "The ferry (built in 1998) - the oldest of them - sank.", own, site);
        check("", "The minister (SPD) said that it sank.", own, site);
        check("", "It sank. The owner (Reuters) - a firm - was silent.", own, site);
        check("Anita Aap", "tt said so", own, site);
        check("", "", "https://www.youtube.com/watch?v=1", None);
        check("", "", "http://127.0.0.1:8000/a", None);
        check("", "", "", None);
    }

    #[test]
    fn a_family_of_outlets_is_one_voice() {
        let of = |url| voice(&Credits { url: Some(url), ..Credits::default() });
        assert_eq!(of("https://news.harbour.example/a"), of("https://www.harbour.example/sport/b"));
        assert_ne!(of("https://one.blogspot.com/a"), of("https://two.blogspot.com/a"));
    }
}
