//! Station: whose site a URL is, and what its outlet is called.

use url::{Host, Url};

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
    let domain = site.and_then(crate::identify::outlet::site).or_else(|| crate::identify::outlet::site(feed_url));
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
    use crate::identify::outlet::{outlet_name, site};

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
