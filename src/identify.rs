//! Station: canonical URLs, article keys, and whose site a URL is.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use url::{Host, Url};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::model::{ArticleKey, Code};

/// A link in the spelling for readers and in the one that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// For readers: resolved, http or https, without tracking parameters or user information.
    pub url: String,
    /// For comparison: one spelling for `http` and `https`, with and without `www.`, slash at the end and fragment.
    pub key: String,
}

/// The link in its two spellings; `None` for what is no http(s) address.
///
/// Parameters that only say how a reader came are dropped; all others stay, in their order, because `id`, `p`, `v` or
/// `story` may be what tells two articles apart.
pub fn canonical(link: &str, base: Option<&Url>) -> Option<Canonical> {
    let mut url = resolve(link, base)?;
    let kept: Vec<String> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !tracks(pair))
        .map(str::to_owned)
        .collect();
    url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    let host = url.host_str()?.trim_end_matches('.').to_owned();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    let path = url.path().trim_end_matches('/');
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    // A fragment is a place in a page, but `#!` was how whole sites named their pages.
    let fragment = url
        .fragment()
        .filter(|fragment| fragment.starts_with('!'))
        .map_or_else(String::new, |fragment| format!("#{fragment}"));
    let key = format!("{host}{port}{path}{query}{fragment}");
    Some(Canonical { url: url.into(), key })
}

/// The http(s) address of `link`, resolved against `base`, without user information; `None` for all others
/// (`javascript:`, `data:`, `file:`, …).
pub fn resolve(link: &str, base: Option<&Url>) -> Option<Url> {
    let link = link.trim();
    if link.is_empty() || link.len() > URL_BYTES_MAX {
        return None;
    }
    let mut url = match Url::parse(link) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => base?.join(link).ok()?,
        Err(_) => return None,
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    // Setting them fails for addresses without a host only, and this one has a host.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return None;
    }
    Some(url)
}

/// Bytes that an address may have. Browsers and servers give up at 8 kB and before.
const URL_BYTES_MAX: usize = 8192;

/// Whether a `name=value` of a query only says how the reader came.
fn tracks(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    TRACKING_NAMES.contains(&name.as_str())
        || TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || (TRACKING_IF_FEED.contains(&name.as_str()) && is_feed_word(value))
}

/// Values by which `ref=`, `source=` and such say "came from the feed".
fn is_feed_word(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["rss", "feed", "atom", "rss_feed", "rssfeed", "feeds"].contains(&value.as_str())
        || ["rss", "feed"]
            .iter()
            .any(|word| value.starts_with(&format!("{word}-")) || value.starts_with(&format!("{word}_")))
}

/// Families of parameters: Google Analytics and its followers (`utm_`), Vero, Oracle Eloqua, Piano, Matomo, HubSpot.
const TRACKING_PREFIXES: &[&str] = &[
    "utm_",
    "vero_",
    "oly_",
    "at_campaign",
    "at_medium",
    "at_custom",
    "at_link",
    "at_ptr",
    "at_format",
    "at_bbc",
    "mtm_",
    "pk_",
    "hsa_",
    "_hs",
];

/// Parameters by which ad networks, mail senders and publishers follow readers, from their own documentation: Google
/// (gclid, gclsrc, dclid, gbraid, wbraid), Meta (fbclid, igshid), Microsoft (msclkid, ocid, cvid), Yandex (yclid, ysclid), X (twclid), TikTok
/// (ttclid), Mailchimp (mc_*), Marketo (mkt_tok), LinkedIn (li_fat_id, trk), BBC and Fox (cmpid, ns_*), Yahoo (guc*, ncid), New York Times (smid,
/// smtyp, partner), Mashable and Ziff Davis (mbid, zd).
const TRACKING_NAMES: &[&str] = &[
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "ysclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "li_fat_id",
    "trk",
    "cmpid",
    "cmp",
    "ncid",
    "mbid",
    "smid",
    "smtyp",
    "ocid",
    "cvid",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "ns_mchannel",
    "ns_source",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
    "icid",
    "int_cid",
    "wt_mc",
    "wt_zmc",
    "xtor",
    "s_cid",
    "_ga",
    "_gl",
    "campaign_id",
    "taid",
    "sref",
    "feedtype",
    "feedname",
    "maca",
];

/// Parameters that say so only with a word for the feed as their value.
const TRACKING_IF_FEED: &[&str] =
    &["ref", "source", "src", "from", "cid", "partner", "via", "output", "amp", "rss", "origin", "medium"];

/// What an entry is known by, before its key is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keyed<'a> {
    /// The publisher's id.
    pub guid: Option<&'a str>,
    /// The link's compared spelling (`Canonical::key`).
    pub link: Option<&'a str>,
    /// The cleaned title.
    pub title: &'a str,
    /// When the feed says it was published.
    pub published: Option<Timestamp>,
    /// The cleaned text.
    pub text: &'a str,
}

/// A key for every entry of one document: by guid (`g:`), else link (`u:`), else title and date (`t:`), else everything it
/// says (`h:`).
///
/// A guid that several entries share while they differ in link or title ("N/A" for every entry has been seen) tells
/// nothing, and a link that entries with other titles share ("the front page" for every entry) no more: then the next rule
/// down counts. Entries that agree in all that is theirs share a key, and the later is a duplicate. A key depends on the
/// entries beside it only where they collide.
pub fn keys(entries: &[Keyed]) -> Vec<ArticleKey> {
    let rules: [fn(&Keyed) -> Option<String>; 4] = [by_guid, by_link, by_title, |entry| Some(by_text(entry))];
    let mut keys: Vec<Option<ArticleKey>> = vec![None; entries.len()];
    for rule in rules {
        let candidates: Vec<Option<String>> =
            entries.iter().zip(&keys).map(|(entry, key)| if key.is_none() { rule(entry) } else { None }).collect();
        let ambiguous = ambiguous(entries, &candidates);
        for (key, candidate) in keys.iter_mut().zip(candidates) {
            if let Some(candidate) = candidate.filter(|candidate| !ambiguous.contains(candidate)) {
                *key = Some(ArticleKey(candidate));
            }
        }
    }
    let fallback = |entry: &Keyed| ArticleKey(by_text(entry));
    keys.into_iter().zip(entries).map(|(key, entry)| key.unwrap_or_else(|| fallback(entry))).collect()
}

/// The candidates that entries share which are not the same article.
fn ambiguous(entries: &[Keyed], candidates: &[Option<String>]) -> HashSet<String> {
    let mut first: HashMap<&str, &Keyed> = HashMap::new();
    let mut ambiguous = HashSet::new();
    for (entry, candidate) in entries.iter().zip(candidates) {
        let Some(candidate) = candidate else { continue };
        let met = first.entry(candidate).or_insert(entry);
        // Without id and link, a title and a date are the same for two short notices of one minute.
        let says_else = candidate.starts_with("t:") && met.text != entry.text;
        if met.link != entry.link || met.title != entry.title || says_else {
            ambiguous.insert(candidate.clone());
        }
    }
    ambiguous
}

fn by_guid(entry: &Keyed) -> Option<String> {
    let guid = entry.guid.map(str::trim).filter(|guid| !guid.is_empty())?;
    Some(bounded("g:", guid))
}

fn by_link(entry: &Keyed) -> Option<String> {
    entry.link.map(|link| bounded("u:", link))
}

fn by_title(entry: &Keyed) -> Option<String> {
    let published = entry.published.filter(|_| !entry.title.is_empty())?;
    Some(bounded("t:", &format!("{published} {}", entry.title)))
}

fn by_text(entry: &Keyed) -> String {
    let published = entry.published.map(|published| published.to_string()).unwrap_or_default();
    let said = [entry.title, entry.text, entry.link.unwrap_or_default(), entry.guid.unwrap_or_default(), &published]
        .join("\u{1f}");
    format!("h:{:032x}", xxh3_128(said.as_bytes()))
}

/// Bytes of a key; a longer one is cut and told apart by its hash.
const KEY_BYTES_MAX: usize = 200;

fn bounded(prefix: &str, value: &str) -> String {
    if value.len() <= KEY_BYTES_MAX {
        return format!("{prefix}{value}");
    }
    let head = &value[..value.floor_char_boundary(KEY_BYTES_MAX - 40)];
    format!("{prefix}{head}~{:032x}", xxh3_128(value.as_bytes()))
}

/// Crockford's base 32: no letter that is taken for a digit (i, l, o) or makes a word of it (u).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The public id of the article with this key in this feed: `a` and ten letters or digits, the same in every database.
///
/// `attempt` is 0; where another article has that id already (one in 10^15 / articles), the store asks with 1, and so on.
pub fn code(feed_url: &str, key: &ArticleKey, attempt: u32) -> Code {
    let hash = xxh3_64(format!("{feed_url}\u{1f}{}\u{1f}{attempt}", key.0).as_bytes());
    let letters = (0..10u32).map(|place| char::from(ALPHABET[(hash >> (place * 5) & 31) as usize]));
    Code(std::iter::once('a').chain(letters).collect())
}

/// The registrable domain of a URL's host (`news.example.co.uk` is `example.co.uk`); an IP address or a host that is itself
/// a public suffix as it is.
pub fn site(url: &str) -> Option<String> {
    let url = Url::parse(url.trim()).ok()?;
    match url.host()? {
        Host::Domain(domain) => {
            let domain = domain.trim_end_matches('.').to_ascii_lowercase();
            Some(psl::domain_str(&domain).unwrap_or(&domain).to_owned()).filter(|domain| !domain.is_empty())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// The outlet's name made of its feed's title and site: "World news | The Guardian" of theguardian.com is "The Guardian".
///
/// The part of the title that resembles the site's domain is taken, else the first that is more than a section's or a
/// feed's name; without a title the domain, without a domain the feed's URL.
pub fn outlet_name(title: Option<&str>, site: Option<&str>, feed_url: &str) -> String {
    let domain = site.and_then(self::site).or_else(|| self::site(feed_url));
    let label = domain.as_deref().and_then(|domain| domain.split('.').next()).map(squashed).unwrap_or_default();
    let parts = title.map(title_parts).unwrap_or_default();
    let resembling =
        parts.iter().max_by_key(|part| resemblance(part, &label)).filter(|part| resemblance(part, &label) > 0);
    let telling = || parts.iter().find(|part| !is_generic(part));
    match resembling.or_else(telling) {
        Some(part) => part.clone(),
        None => domain.unwrap_or_else(|| feed_url.to_owned()),
    }
}

/// What stands between a site's name and a section's.
const DIVIDERS: &[&str] = &[" - ", " | ", " – ", " — ", " » ", " « ", " :: ", ": ", " / ", " · ", " • ", " > "];

/// The parts of a title, tidied, none empty.
fn title_parts(title: &str) -> Vec<String> {
    let mut parts = vec![title];
    for divider in DIVIDERS {
        parts = parts.iter().flat_map(|part| part.split(divider)).collect();
    }
    parts.into_iter().map(tidied).filter(|part| !part.is_empty()).collect()
}

/// Words around a name that belong to the feed.
const FEED_WORDS: &[&str] = &[
    "rss feed",
    "rss feeds",
    "atom feed",
    "news feed",
    "rss 2.0",
    "rss2",
    "rss",
    "atom",
    "feed",
    "feeds",
    "latest news",
    "latest",
    "all posts",
    "newsfeed",
];

fn tidied(part: &str) -> String {
    let marks: &[char] = &[' ', '"', '\'', '“', '”', '„', '«', '»', '-', '|', ',', ';', '(', ')', '[', ']'];
    let mut name = part.trim_matches(marks).split_whitespace().collect::<Vec<_>>().join(" ");
    while let Some(shorter) = without_feed_word(&name) {
        name = shorter.trim_matches(marks).to_owned();
    }
    name
}

/// The name without a feed's word at either end, as long as something is left.
fn without_feed_word(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    FEED_WORDS.iter().find_map(|word| {
        let after =
            lower.strip_suffix(word).filter(|rest| rest.ends_with(' ')).map(|rest| name[..rest.len()].to_owned());
        // In front only the format's name is the feed's: "Latest from Harbour" and "Feed the World" are names.
        let before = || {
            lower
                .strip_prefix(word)
                .filter(|rest| rest.starts_with(' ') && (word.starts_with("rss") || *word == "atom feed"))
        };
        after.or_else(|| before().map(|_| name[word.len()..].to_owned()))
    })
}

/// Names of sections and feeds, squashed.
const GENERIC: &[&str] = &[
    "rss",
    "feed",
    "feeds",
    "rssfeed",
    "atom",
    "atomfeed",
    "news",
    "newsfeed",
    "latest",
    "latestnews",
    "home",
    "homepage",
    "frontpage",
    "allposts",
    "posts",
    "topstories",
    "topnews",
    "stories",
    "headlines",
    "allnews",
    "blog",
    "articles",
    "allarticles",
    "index",
    "world",
    "worldnews",
    "international",
    "politics",
    "business",
    "technology",
    "tech",
    "sport",
    "sports",
    "science",
    "health",
    "culture",
    "opinion",
    "us",
    "uk",
    "europe",
    "breakingnews",
    "updates",
    "main",
    "nachrichten",
    "schlagzeilen",
    "startseite",
    "aktuell",
    "topmeldungen",
    "alleartikel",
    "actualites",
    "actualite",
    "alaune",
    "une",
    "accueil",
    "noticias",
    "portada",
    "ultimasnoticias",
    "ultimahora",
    "inicio",
    "notizie",
    "ultimenotizie",
    "primapagina",
    "ultimasnoticias",
    "nieuws",
    "wiadomosci",
    "nyheter",
    "новости",
    "главное",
    "ニュース",
    "新着記事",
    "untitled",
];

fn is_generic(part: &str) -> bool {
    GENERIC.contains(&squashed(part).as_str())
}

/// Letters and digits alone, lower case, the commonest accents off.
fn squashed(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).filter(|character| character.is_alphanumeric());
    letters
        .map(|character| match character {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ñ' => 'n',
            'ç' => 'c',
            'ś' => 's',
            _ => character,
        })
        .collect()
}

/// How far a part of a title is the site's name: 3 the same, 2 one begins with the other, 1 its initials or contained.
fn resemblance(part: &str, label: &str) -> u8 {
    let name = squashed(part);
    let bare = name.strip_prefix("the").filter(|rest| !rest.is_empty()).unwrap_or(&name);
    if name.is_empty() || label.is_empty() || is_generic(part) {
        return 0;
    }
    if name == label || bare == label {
        return 3;
    }
    let is_long = bare.len() >= 3 && label.len() >= 3;
    if is_long
        && (label.starts_with(bare) || label.starts_with(&name) || name.starts_with(label) || bare.starts_with(label))
    {
        return 2;
    }
    let initials: String =
        part.split_whitespace().filter_map(|word| word.chars().next()).flat_map(char::to_lowercase).collect();
    u8::from((initials.len() >= 3 && initials == label) || (is_long && (label.contains(bare) || name.contains(label))))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::identify::{Keyed, canonical, code, keys, outlet_name, resolve, site};
    use crate::model::ArticleKey;

    #[test]
    fn one_article_has_one_spelling() {
        let base = Url::parse("https://news.example.org/feeds/all.xml").unwrap();
        let check = |link: &str, key: &str| {
            let found = canonical(link, Some(&base)).map(|canonical| canonical.key);
            assert_eq!(found.as_deref(), Some(key), "{link}");
            let again = canonical(&format!("https://{key}"), None).map(|canonical| canonical.key);
            assert_eq!(again.as_deref(), Some(key), "canonical twice: {link}");
        };
        check("https://www.example.com/a/?utm_source=rss&id=7&fbclid=x#top", "example.com/a?id=7");
        check("http://EXAMPLE.com:80/a", "example.com/a");
        check("https://example.com:443/", "example.com");
        check("https://example.com:8443/a", "example.com:8443/a");
        check("https://user:secret@example.com/a", "example.com/a");
        check("/story?p=1&v=2&story=3", "news.example.org/story?p=1&v=2&story=3");
        check("//example.net/x", "example.net/x");
        check("https://example.com/a?ref=rss", "example.com/a");
        check("https://example.com/a?ref=homepage-7", "example.com/a?ref=homepage-7");
        check("https://example.com/a?at_medium=RSS&at_campaign=KARANGA", "example.com/a");
        check("https://example.com/a?b&a=1&&b=2", "example.com/a?b&a=1&b=2");
        check(" https://bücher.example/ä ", "xn--bcher-kva.example/%C3%A4");
    }

    #[test]
    fn only_http_is_a_link() {
        for link in [
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "mailto:a@b.c",
            "",
            "https://",
        ] {
            assert_eq!(canonical(link, None), None, "{link}");
        }
        assert_eq!(resolve("story/1", None), None);
    }

    #[test]
    fn an_entry_is_known_by_the_first_rule_that_tells() {
        let date = Some("2026-02-12T23:00:00Z".parse().unwrap());
        let full = Keyed { guid: Some("id-1"), link: Some("e.org/1"), title: "One", published: date, text: "text" };
        let check = |entry: Keyed, prefix: &str| {
            let key = keys(&[entry]).remove(0).0;
            assert!(key.starts_with(prefix), "{key} does not begin with {prefix}");
        };
        check(full, "g:id-1");
        check(Keyed { guid: None, ..full }, "u:e.org/1");
        check(Keyed { guid: Some(" "), link: None, ..full }, "t:2026-02-12T23:00:00Z One");
        check(Keyed { guid: None, link: None, published: None, ..full }, "h:");
        check(Keyed::default(), "h:");
        let long = "x".repeat(10_000);
        assert!(keys(&[Keyed { guid: Some(&long), ..full }])[0].0.len() < 256);
    }

    #[test]
    fn a_guid_or_link_that_is_the_same_for_all_tells_nothing() {
        let one = Keyed { guid: Some("N/A"), link: Some("e.org/1"), title: "One", ..Keyed::default() };
        let two = Keyed { link: Some("e.org/2"), title: "Two", ..one };
        assert_eq!(
            keys(&[one, two, one]),
            ["u:e.org/1", "u:e.org/2", "u:e.org/1"].map(|key| ArticleKey(key.to_owned()))
        );
        let front = Keyed { guid: None, link: Some("e.org"), title: "One", ..Keyed::default() };
        let other = Keyed { title: "Two", ..front };
        let found = keys(&[front, other]);
        assert!(found[0] != found[1] && found.iter().all(|key| key.0.starts_with("h:")), "{found:?}");
    }

    #[test]
    fn ids_are_short_and_the_same_everywhere() {
        let key = ArticleKey("g:1".to_owned());
        let first = code("https://e.org/feed", &key, 0);
        assert_eq!(first, code("https://e.org/feed", &key, 0));
        assert_ne!(first, code("https://e.org/feed", &key, 1));
        assert!(
            first.0.len() == 11
                && first.0.starts_with('a')
                && first.0.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        );
    }

    #[test]
    fn a_site_is_its_registrable_domain() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(site(url).as_deref(), expected, "{url}");
        check("https://rss.news.example.co.uk/x", Some("example.co.uk"));
        check("http://127.0.0.1:8000/x", Some("127.0.0.1"));
        check("http://[::1]/", Some("::1"));
        check("http://localhost/", Some("localhost"));
        check("file:///srv/feed.xml", None);
        check("no url", None);
    }

    #[test]
    fn outlets_are_named_as_people_name_them() {
        let check = |title: &str, site: &str, expected: &str| {
            let title = Some(title).filter(|title| !title.is_empty());
            assert_eq!(
                outlet_name(title, Some(site), "https://feeds.example.org/rss"),
                expected,
                "{title:?} of {site}"
            );
        };
        check("The Verge - All Posts", "https://www.theverge.com", "The Verge");
        check("World news | The Guardian", "https://www.theguardian.com/world", "The Guardian");
        check("Technology | The Guardian", "https://www.theguardian.com/technology", "The Guardian");
        check("BBC News - World", "https://www.bbc.co.uk/news", "BBC News");
        check("BBC News", "https://www.bbc.co.uk/", "BBC News");
        check("NYT > Top Stories", "https://www.nytimes.com", "NYT");
        check("GIGAZINE", "https://gigazine.net/", "GIGAZINE");
        check("\"Harbour Post\" RSS Feed", "https://elsewhere.example", "Harbour Post");
        check("Latest news", "https://harbour.example", "harbour.example");
        check("News: Latest from Harbour", "https://harbour.example", "Latest from Harbour");
        check("", "https://www.harbour.example/x", "harbour.example");
        check("RSS", "", "example.org");
    }
}
