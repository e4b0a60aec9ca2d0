//! Station: a link in the spelling for readers and in the one that is compared.
//!
//! Folding may cost no article: what is dropped from the compared spelling says how a reader came (campaigns, sessions), in which
//! dress the page is sent (AMP, mobile, `www.`, http or https), or nothing at all (default ports, a slash at the end, `index.html`).
//! Where the same word could also be part of an address (`amp`, `m.`), the rest must tell the article by itself.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use url::{Host, Url};

/// A link in the spelling for readers and in the one that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// For readers: resolved, http or https as it came, out of redirects that name their target, without tracking parameters or user
    /// information.
    pub url: String,
    /// For comparison: one spelling for all addresses that lead to the same page. `https://` in front makes it a link again, whose
    /// key is the same.
    pub key: String,
}

impl Canonical {
    /// Whether the link is a site's front page, which tells no article from another.
    pub fn is_front_page(&self) -> bool {
        is_front_page(&self.key)
    }
}

/// Whether a compared spelling is a site's front page: nothing but a host.
pub fn is_front_page(key: &str) -> bool {
    !key.contains(['/', '?', '#'])
}

/// The link in its two spellings; `None` for what is no http(s) address.
pub fn canonical(link: &str, base: Option<&Url>) -> Option<Canonical> {
    let (mut url, key) = unwrapped(resolve(link, base)?)?;
    let kept: Vec<&str> = pairs(&url).filter(|pair| !tracks(&normalised(pair))).collect();
    let kept = kept.join("&");
    url.set_query(Some(kept.as_str()).filter(|kept| !kept.is_empty()));
    // The key must be a link again, with its scheme in front.
    Some(Canonical { url: url.into(), key }).filter(|it| it.key.len() + "https://".len() <= URL_BYTES_MAX)
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
    // Encoding makes some characters twelve.
    if url.as_str().len() > URL_BYTES_MAX {
        return None;
    }
    let has_host = url.host_str().is_some_and(|host| !host.trim_end_matches('.').is_empty());
    if !matches!(url.scheme(), "http" | "https") || !has_host {
        return None;
    }
    // Setting them fails for addresses without a host only, and this one has a host.
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return None;
    }
    // Spelled out in per cent it may be many times as long.
    (url.as_str().len() <= URL_BYTES_MAX).then_some(url)
}

/// Whether the link leads to its article only through a feed's proxy, and does not say where: FeedBurner (`/~r/`), FeedBlitz (`/~/`),
/// feedsportal, Google News. Such a link says nothing that lasts, so an address in the guid is better.
pub fn is_proxy(link: &Url) -> bool {
    let host = link.host_str().unwrap_or_default();
    let path = link.path();
    matches!(host, "feedproxy.google.com" | "feedsproxy.google.com")
        || host.ends_with(".feedsportal.com")
        || path.contains("/~r/")
        || path.starts_with("/~/")
        || (host == "news.google.com" && path.contains("/articles/"))
}

/// Bytes that an address may have. Browsers and servers give up at 8 kB and before.
const URL_BYTES_MAX: usize = 8192;
/// Redirects inside of redirects that are opened.
const WRAPPINGS_MAX: usize = 4;

/// The address inside of redirects and caches that spell it out, and its compared spelling. A redirect may show only when its own
/// host is folded (`m.google.com`).
fn unwrapped(mut url: Url) -> Option<(Url, String)> {
    let mut key = key(&url)?;
    for _ in 0..WRAPPINGS_MAX {
        let folded = || Url::parse(&format!("https://{key}")).ok().and_then(|folded| target(&folded));
        let Some(inner) = target(&url).or_else(folded) else { break };
        key = self::key(&inner)?;
        url = inner;
    }
    Some((url, key))
}

/// Redirects by host, beginning of the path, and the parameter that holds the target. `google` stands for all of Google's hosts.
const REDIRECTS: &[(&str, &str, &str)] = &[
    ("google", "/url", "url"), // Alerts, News
    ("google", "/url", "q"),
    ("google", "/news/url", "url"),
    ("bing.com", "/news/apiclick.aspx", "url"), // the RSS of Bing News, under a new address at every poll
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("out.reddit.com", "/", "url"),
    ("t.umblr.com", "/redirect", "z"),
    ("duckduckgo.com", "/l/", "uddg"),
    ("youtube.com", "/redirect", "q"),
    ("away.vk.com", "/away.php", "to"),
];

/// Where a redirect or cache leads, when its own address says so.
fn target(url: &Url) -> Option<Url> {
    let host = url.host_str()?.trim_start_matches("www.");
    let (path, google) = (url.path(), is_google(host));
    for (at, beginning, name) in REDIRECTS {
        if (*at == host || (*at == "google" && google)) && path.starts_with(beginning) {
            let value = url.query_pairs().find(|(found, value)| found == name && value.contains("://"));
            if let Some(target) = value.and_then(|(_, value)| resolve(&value, None)) {
                return Some(target);
            }
        }
    }
    // http://rd.yahoo.com/SIG=…/*http%3A//example.com/a
    if host.ends_with(".yahoo.com")
        && let Some((_, behind)) = path.split_once("/*")
    {
        return resolve(&normalised(behind), None).or_else(|| resolve(&percent_decoded(behind), None));
    }
    // https://example-com.cdn.ampproject.org/c/s/example.com/a, https://www.google.com/amp/s/example.com/a; `s` is for https.
    let cached = if host.ends_with(".cdn.ampproject.org") || host == "cdn.ampproject.org" {
        ["/c/", "/v/", "/wp/s/", "/wp/"].iter().find_map(|beginning| path.strip_prefix(beginning))
    } else if google {
        path.strip_prefix("/amp/")
    } else if host == "go.theregister.com" {
        path.strip_prefix("/feed/")
    } else {
        None
    }?;
    let (scheme, rest) = match cached.strip_prefix("s/") {
        Some(rest) => ("https", rest),
        None => ("http", cached),
    };
    let is_host = rest.split('/').next().is_some_and(|host| host.contains('.'));
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    resolve(&format!("{scheme}://{rest}{query}"), None).filter(|_| is_host)
}

fn is_google(host: &str) -> bool {
    let domain = psl::domain_str(host).unwrap_or_default();
    domain.split('.').next() == Some("google") && matches!(&host[..host.len() - domain.len()], "" | "news.")
}

/// The compared spelling.
fn key(url: &Url) -> Option<String> {
    let mut query: Vec<String> =
        pairs(url).map(normalised).filter(|pair| !tracks(pair) && !asks_for_amp(pair)).map(Cow::into_owned).collect();
    // The order of named parameters means nothing to a server, and feeds of one outlet differ in it. Equal names keep theirs, and
    // so do all where one has no value: then the query may be a path (`?/story/7`).
    if query.iter().all(|pair| pair.contains('=')) {
        query.sort_by(|one, other| name(one).cmp(name(other)));
    }
    let query = query.join("&");
    let path = path(url.path(), &query);
    let host = match url.host()? {
        Host::Domain(domain) => host(domain, is_telling(&path, &query)),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => format!("[{address}]"),
    };
    // Both default ports, because http and https are one here.
    let port = url.port().filter(|port| ![80, 443].contains(port)).map_or_else(String::new, |port| format!(":{port}"));
    let mark = if query.is_empty() { "" } else { "?" };
    // A fragment is a place in a page, but `#!` was how whole sites named their pages.
    let fragment =
        url.fragment().filter(|fragment| fragment.starts_with('!')).map_or_else(String::new, |it| format!("#{it}"));
    Some(format!("{host}{port}{path}{mark}{query}{fragment}")).filter(|_| !host.is_empty())
}

/// The parameters of a query as they stand.
fn pairs(url: &Url) -> impl Iterator<Item = &str> {
    url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty())
}

/// What stands before the `=` of a parameter.
fn name(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

/// The path without doubled slashes, sessions, the name of a folder's own page, and what asks for the AMP dress of the page.
fn path(path: &str, query: &str) -> String {
    let path = normalised(path);
    let without_session = |part: &str| match part.to_ascii_lowercase().find(";jsessionid=") {
        Some(at) => part[..at].to_owned(),
        None => part.to_owned(),
    };
    let mut parts: Vec<String> = path.split('/').map(without_session).filter(|part| !part.is_empty()).collect();
    while parts.last().is_some_and(|last| is_index(last)) {
        parts.pop();
    }
    while let Some(plain) = without_amp(&parts).filter(|plain| is_telling(&plain.join("/"), query)) {
        parts = plain;
    }
    parts.iter().map(|part| format!("/{part}")).collect()
}

/// A folder's own page, by the names that servers give it.
fn is_index(part: &str) -> bool {
    let Some((stem, kind)) = part.split_once('.') else { return false };
    matches!(stem, "index" | "default" | "Default")
        && matches!(kind, "html" | "htm" | "php" | "asp" | "aspx" | "jsp" | "shtml")
}

/// The path of the plain page, where this is the AMP page's: `/a/amp`, `/amp/a`, `/a.amp`, `/a.amp.html`.
fn without_amp(parts: &[String]) -> Option<Vec<String>> {
    let mut plain = parts.to_vec();
    if let Some(at) = parts.iter().rposition(|part| part == "amp") {
        plain.remove(at);
        return Some(plain);
    }
    let last = plain.last_mut()?;
    let stem = last.strip_suffix(".amp.html").map(|stem| format!("{stem}.html"));
    *last = stem.or_else(|| last.strip_suffix(".amp").map(str::to_owned))?;
    Some(plain)
}

/// Whether a path and a query name an article by themselves, on whichever host: by a slug, or by a number that is no page's or day's.
fn is_telling(path: &str, query: &str) -> bool {
    let is_slug = path.rsplit('/').next().is_some_and(|last| last.len() >= SLUG_BYTES_MIN);
    let digits = |text: &str| text.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    is_slug || digits(path) >= NUMBER_DIGITS_MIN || digits(query) >= NUMBER_DIGITS_MIN
}

/// A part of a path as long as this was made for one article.
const SLUG_BYTES_MIN: usize = 12;
/// A number as long as this counts articles, not pages, days or years.
const NUMBER_DIGITS_MIN: usize = 5;

/// The host without `www.`, and, where the rest of the address tells the article by itself, without the name of a mobile edition.
fn host(domain: &str, is_telling: bool) -> String {
    let mut host = domain.trim_end_matches('.').to_owned();
    loop {
        let Some(registrable) = psl::domain_str(&host) else { return host };
        let above = host[..host.len() - registrable.len()].trim_end_matches('.');
        let shorter = match above {
            "" => return host,
            "www" => registrable.to_owned(),
            "m" | "mobile" | "touch" | "amp" if is_telling => registrable.to_owned(),
            _ => match above.strip_prefix("www.").or(above.strip_suffix(".m").filter(|_| is_telling)) {
                Some(above) => format!("{above}.{registrable}"),
                None => return host,
            },
        };
        host = shorter;
    }
}

/// Whether a parameter asks for the page in its AMP dress.
fn asks_for_amp(pair: &str) -> bool {
    matches!(
        pair.to_ascii_lowercase().as_str(),
        "amp" | "amp=" | "amp=1" | "amp=true" | "_amp=1" | "_amp=true" | "outputtype=amp" | "output=amp" | "view=amp"
    )
}

/// One spelling of percent-encoding (RFC 3986, 6.2.2): letters, digits and `-._~` plain, all else in upper case.
fn normalised(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        match encoded(rest) {
            Some(byte) => {
                match char::from(byte) {
                    letter if letter.is_ascii_alphanumeric() || "-._~".contains(letter) => plain.push(letter),
                    _ => plain.push_str(&format!("%{byte:02X}")),
                }
                rest = &rest[3..];
            }
            None => {
                plain.push('%');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The byte that the first three characters of a text stand for.
fn encoded(text: &str) -> Option<u8> {
    let digits = text.as_bytes().get(1..3).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The text with every percent-encoded byte decoded; what is no UTF-8 then becomes U+FFFD.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let byte = encoded(&rest[at..]);
        bytes.push(byte.unwrap_or(b'%'));
        rest = &rest[at + if byte.is_some() { 3 } else { 1 }..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How a parameter is known to track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// By its name.
    Name,
    /// By its name's beginning.
    Prefix,
    /// By its name, with a word for the feed as its value.
    Feed,
}

/// The list of `tracking.tsv`: names and names that need a feed's word, and the beginnings of names.
struct Tracking {
    names: HashMap<&'static str, Kind>,
    prefixes: Vec<&'static str>,
}

static TRACKING: LazyLock<Tracking> = LazyLock::new(|| {
    let rows = || rows(include_str!("tracking.tsv"));
    Tracking {
        names: rows().filter(|(_, kind)| *kind != Kind::Prefix).collect(),
        prefixes: rows().filter(|(_, kind)| *kind == Kind::Prefix).map(|(name, _)| name).collect(),
    }
});

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, Kind)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.split('\t');
        let name = cells.next()?;
        let kind = match cells.next()? {
            "name" => Kind::Name,
            "prefix" => Kind::Prefix,
            "feed" => Kind::Feed,
            _ => return None,
        };
        Some((name, kind))
    })
}

/// Whether a `name=value` of a query only says how the reader came.
fn tracks(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    match TRACKING.names.get(name.as_str()) {
        Some(Kind::Feed) => is_feed_word(value) || (name == "rss" && matches!(value, "" | "1" | "true" | "yes")),
        Some(_) => true,
        None => TRACKING.prefixes.iter().any(|prefix| name.starts_with(prefix)),
    }
}

/// Values by which `ref=`, `source=` and such say "came from the feed".
fn is_feed_word(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["rss", "feed", "atom", "rss_feed", "rssfeed", "feeds"].contains(&value.as_str())
        || ["rss", "feed"].iter().any(|word| value.strip_prefix(word).is_some_and(|rest| rest.starts_with(['-', '_'])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use url::Url;

    use crate::identify::canonical::{Kind, canonical, is_proxy, resolve, rows};

    fn key(link: &str) -> String {
        canonical(link, None).unwrap_or_else(|| panic!("{link} is a link")).key
    }

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
        check("http://example.com:443/a", "example.com/a");
        check("https://example.com:443/", "example.com");
        check("https://example.com:8443/a", "example.com:8443/a");
        check("https://user:secret@example.com/a", "example.com/a");
        check("/story?p=1&v=2&story=3", "news.example.org/story?p=1&story=3&v=2");
        check("//example.net/x", "example.net/x");
        check("https://example.com/a?ref=rss", "example.com/a");
        check("https://example.com/a?ref=homepage-7", "example.com/a?ref=homepage-7");
        check("https://example.com/a?at_medium=RSS&at_campaign=KARANGA", "example.com/a");
        check("https://example.com/a?utm%5Fsource=x&b=1", "example.com/a?b=1");
        check("https://example.com/a?b&a=1&&b=2", "example.com/a?b&a=1&b=2");
        check("https://example.com/?/story/7", "example.com?/story/7");
        check("https://example.com/a?tag=x&id=2&tag=a", "example.com/a?id=2&tag=x&tag=a");
        check(" https://bücher.example/ä ", "xn--bcher-kva.example/%C3%A4");
        check("https://example.com/%7Ejane/%c3%a4%2fb", "example.com/~jane/%C3%A4%2Fb");
        check("https://example.com/a/../b/./c//d", "example.com/b/c/d");
        check("https://example.com/news/index.html", "example.com/news");
        check("https://example.com/index.php?id=7", "example.com?id=7");
        check("https://example.com/a;jsessionid=8F2?x=1", "example.com/a?x=1");
        check("https://example.com./a", "example.com/a");
        check("https://127.0.0.1:8080/a", "127.0.0.1:8080/a");
        check("https://[::1]/a", "[::1]/a");
        check("https://example.com/#!/story/7", "example.com#!/story/7");
    }

    #[test]
    fn amp_and_mobile_pages_are_the_article() {
        let check = |link: &str| assert_eq!(key(link), "example.com/news/ferry-sinks-off-harbour", "{link}");
        check("https://www.example.com/news/ferry-sinks-off-harbour");
        check("https://example.com/news/ferry-sinks-off-harbour/amp");
        check("https://example.com/news/ferry-sinks-off-harbour/amp/?utm_source=x");
        check("https://example.com/amp/news/ferry-sinks-off-harbour");
        check("https://example.com/news/amp/ferry-sinks-off-harbour");
        check("https://example.com/news/ferry-sinks-off-harbour.amp");
        check("https://example.com/news/ferry-sinks-off-harbour?amp=1");
        check("https://example.com/news/ferry-sinks-off-harbour?outputType=amp");
        check("https://amp.example.com/news/ferry-sinks-off-harbour");
        check("https://m.example.com/news/ferry-sinks-off-harbour");
        check("https://www.m.example.com/news/ferry-sinks-off-harbour");
        check("https://mobile.example.com/news/ferry-sinks-off-harbour");
        check("https://example-com.cdn.ampproject.org/c/s/www.example.com/news/ferry-sinks-off-harbour/amp");
        check("https://example-com.cdn.ampproject.org/v/s/example.com/news/ferry-sinks-off-harbour?amp=1");
        check("https://www.google.de/amp/s/amp.example.com/news/ferry-sinks-off-harbour");
        assert_eq!(key("https://en.m.wikipedia.org/wiki/Harbour_ferry"), "en.wikipedia.org/wiki/Harbour_ferry");
        assert_eq!(key("https://m.example.com/view.php?id=20260213007"), "example.com/view.php?id=20260213007");
    }

    #[test]
    fn redirects_that_spell_out_their_target_are_opened_for_readers_too() {
        let check = |link: &str, url: &str| {
            assert_eq!(canonical(link, None).map(|canonical| canonical.url).as_deref(), Some(url), "{link}");
        };
        let ferry = "https://example.com/ferry?id=7";
        check("https://www.google.com/url?rct=j&sa=t&url=https://example.com/ferry%3Fid%3D7&ct=ga&usg=A", ferry);
        check("https://news.google.com/news/url?sa=t&usg=B&url=https%3A%2F%2Fexample.com%2Fferry%3Fid%3D7", ferry);
        check(
            "http://www.bing.com/news/apiclick.aspx?ref=FexRss&tid=1&url=https%3a%2f%2fexample.com%2fferry%3fid%3d7&c=9",
            ferry,
        );
        check("https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.com%2Fferry%3Fid%3D7%26fbclid%3DI&h=A", ferry);
        check("http://us.rd.yahoo.com/finance/SIG=1/*https%3A//example.com/ferry%3Fid=7", ferry);
        check(
            "https://go.theregister.com/feed/www.theregister.com/2026/02/13/ferry/",
            "http://www.theregister.com/2026/02/13/ferry/",
        );
        // What leads elsewhere than to a page stays what it is.
        check(
            "https://www.google.com/url?url=javascript:alert(1)",
            "https://www.google.com/url?url=javascript:alert(1)",
        );
        check(
            "https://www.google.com/search?q=https://example.com/",
            "https://www.google.com/search?q=https://example.com/",
        );
        check(
            "https://google.evil.example/url?url=https://example.com/",
            "https://google.evil.example/url?url=https://example.com/",
        );
    }

    #[test]
    fn readers_get_the_link_as_it_came() {
        let check = |link: &str, url: &str| assert_eq!(canonical(link, None).unwrap().url, url);
        check(
            "http://m.example.com/News/Ferry-sinks-off-harbour/?b=2&a=1&utm_medium=x#c4",
            "http://m.example.com/News/Ferry-sinks-off-harbour/?b=2&a=1#c4",
        );
        check("http://www.example.com:80/a/amp/?gclid=1", "http://www.example.com/a/amp/");
    }

    #[test]
    fn two_articles_never_get_one_spelling() {
        let pairs = [
            ("https://example.com/?id=1", "https://example.com/?id=2"),
            ("https://example.com/?p=1", "https://example.com/"),
            ("https://example.com/a", "https://example.com/A"),
            ("https://example.com/a?page=2", "https://example.com/a"),
            ("https://example.com/a?ref=rss-7&x=1", "https://example.com/a?ref=8&x=1"),
            ("https://example.com/a?tag=x&tag=y", "https://example.com/a?tag=y&tag=x"),
            // Pages about AMP, mobiles and the letter M, and short addresses that any host may have.
            ("https://example.com/topics/amp", "https://example.com/topics"),
            ("https://example.com/amp/", "https://example.com/"),
            ("https://mobile.example.com/7", "https://example.com/7"),
            ("https://m.example.com/", "https://example.com/"),
            ("https://m.media/some-long-story-slug", "https://media/some-long-story-slug"),
            ("https://shop.example.com/some-long-story-slug", "https://example.com/some-long-story-slug"),
            ("https://jane.github.io/some-long-story-slug", "https://tom.github.io/some-long-story-slug"),
            ("https://www.co.uk/some-long-story-slug", "https://co.uk/some-long-story-slug"),
            ("https://example.com/a%2Fb", "https://example.com/a/b"),
            ("https://example.com/index.html.bak", "https://example.com/"),
            ("https://example.com/#!/a", "https://example.com/#!/b"),
            ("https://example.com:8080/a", "https://example.com/a"),
            (
                "https://www.google.com/url?url=https://a.example/1",
                "https://www.google.com/url?url=https://a.example/2",
            ),
            ("https://feedproxy.google.com/~r/Name/~3/AbC/", "https://feedproxy.google.com/~r/Name/~3/AbD/"),
        ];
        for (one, other) in pairs {
            assert_ne!(key(one), key(other), "{one} and {other}");
        }
    }

    #[test]
    fn proxies_that_hide_their_target_are_known() {
        let check = |link: &str, expected: bool| assert_eq!(is_proxy(&Url::parse(link).unwrap()), expected, "{link}");
        check("http://feedproxy.google.com/~r/Name/~3/AbC/", true);
        check("https://feeds.example.com/~r/Name/~3/AbC/", true);
        check("https://rssfeeds.example.com/~/8123/name~Title", true);
        check("http://rss.example.feedsportal.com/c/1/f/2/s/3/l/story01.htm", true);
        check("https://news.google.com/rss/articles/CBMiAb?oc=5", true);
        check("https://example.com/~jane/story", false);
        check("https://example.com/articles/7", false);
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
            "https://./",
        ] {
            assert_eq!(canonical(link, None), None, "{link}");
        }
        assert_eq!(resolve("story/1", None), None);
        let of_bytes =
            |bytes: usize, scheme: &str| format!("{scheme}://e.org/{}", "a".repeat(bytes - scheme.len() - 9));
        assert!(
            canonical(&of_bytes(8192, "https"), None).is_some() && canonical(&of_bytes(8193, "https"), None).is_none()
        );
        assert_eq!(canonical(&of_bytes(8192, "http"), None), None, "its key would be a byte too long to be a link");
        assert_eq!(
            canonical(&format!("https://e.org/{}", "👨".repeat(1000)), None),
            None,
            "too long once it is encoded"
        );
    }

    #[test]
    fn every_tracking_parameter_says_whose_it_is() {
        let table = include_str!("tracking.tsv");
        let lines: Vec<Vec<&str>> =
            table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
        for cells in &lines {
            let [name, _, whose] = cells.as_slice() else { panic!("{cells:?}") };
            assert!(!whose.is_empty() && *name == name.to_ascii_lowercase(), "{cells:?}");
        }
        let read: Vec<(&str, Kind)> = rows(table).collect();
        assert_eq!(read.len(), lines.len(), "a kind is misspelt");
        let order = [Kind::Name, Kind::Prefix, Kind::Feed];
        let place = |kind: Kind| order.iter().position(|one| *one == kind);
        for pair in read.windows(2) {
            assert!(
                (place(pair[0].1), pair[0].0) < (place(pair[1].1), pair[1].0),
                "{pair:?} are out of order, or twice"
            );
        }
    }

    proptest! {
        #[test]
        fn the_spelling_that_is_compared_is_its_own(
            scheme in "https?",
            host in "(www\\.|m\\.|amp\\.|mobile\\.|touch\\.|en\\.m\\.|www\\.m\\.){0,3}(example\\.(com|co\\.uk|media)|media|google\\.de|a\\.cdn\\.ampproject\\.org|127\\.0\\.0\\.1|us\\.yahoo\\.com)\\.?",
            port in prop::option::of(prop::sample::select(vec![80u16, 443, 8443])),
            path in prop::collection::vec("(amp|c|s|url|index\\.(html|php)|[a-zA-Z0-9%.;=*~!-]{0,14}|[a-z-]{12,20}(\\.amp(\\.html)?)?|%[0-9a-fA-F]{2}|ä|;jsessionid=[A-F0-9]{1,4})", 0..6),
            query in prop::option::of("((amp|id|p|utm_source|url|q|ref|b|u%74m_x)(=(1|rss|amp|https?://[a-z]{1,3}\\.example/[a-z]{0,3}|[a-z%0-9]{0,6}))?&?){0,4}"),
            fragment in prop::option::of("!?[a-z/]{0,5}"),
        ) {
            let port = port.map_or(String::new(), |port| format!(":{port}"));
            let query = query.map_or(String::new(), |query| format!("?{query}"));
            let fragment = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
            let link = format!("{scheme}://{host}{port}/{}{query}{fragment}", path.join("/"));
            if let Some(first) = canonical(&link, None) {
                let again = canonical(&format!("https://{}", first.key), None);
                prop_assert_eq!(again.map(|canonical| canonical.key), Some(first.key.clone()), "{}", link);
                let of_url = canonical(&first.url, None);
                prop_assert_eq!(of_url.as_ref().map(|canonical| &canonical.key), Some(&first.key), "{}", link);
                prop_assert!(of_url.is_some_and(|canonical| canonical.url == first.url), "{}", link);
            }
        }

        #[test]
        fn any_text_is_a_link_or_none(link in ".{0,60}") {
            if let Some(first) = canonical(&format!("https://example.com/{link}"), None) {
                let again = canonical(&format!("https://{}", first.key), None).map(|canonical| canonical.key);
                prop_assert_eq!(again, Some(first.key));
            }
        }
    }
}
