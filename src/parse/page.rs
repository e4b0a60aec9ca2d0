//! Station: a page for people in place of a feed: what kind of page it is, and the feeds it names.

use url::Url;

use crate::clean;

/// What kind of page came in place of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// It asks for a password, or to subscribe.
    Login,
    /// It asks for a consent, to cookies mostly.
    Consent,
    /// It asks whether one is a person.
    BotCheck,
    /// It says that there is nothing, or that something is broken.
    Fault,
    /// Any other page.
    Plain,
}

impl PageKind {
    /// What it is, in words that follow "this is".
    pub fn words(self) -> &'static str {
        match self {
            PageKind::Login => "an HTML page that asks to log in",
            PageKind::Consent => "an HTML page that asks for a consent",
            PageKind::BotCheck => "an HTML page that checks for robots",
            PageKind::Fault => "an HTML page that tells of an error",
            PageKind::Plain => "an HTML page",
        }
    }
}

/// A page for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub title: String,
    pub kind: PageKind,
    /// The feeds that its head names.
    pub feeds: Vec<Url>,
}

/// Feeds of a page that are offered.
const FEEDS_MAX: usize = 5;

/// Characters at the front of a page in which its marks are looked for: those that tell stand in the head.
const FRONT_BYTES_MAX: usize = 128 * 1024;

/// What is known of a page; its links are relative to `base`.
pub(crate) fn read(html: &str, base: Option<&Url>) -> Page {
    let limits = clean::Limits::default();
    let mut end = html.len().min(FRONT_BYTES_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let front = html[..end].to_ascii_lowercase();
    let title = title(&html[..end], &front, &limits);
    let kind = kind(&title.to_lowercase(), &front);
    // Without an address of its own, a page's links are whole or none.
    let nowhere = Url::parse("about:blank").ok();
    let mut feeds: Vec<Url> = base.or(nowhere.as_ref()).map_or_else(Vec::new, |base| {
        clean::feed_links(html, base, &limits).into_iter().map(|feed| feed.url).collect()
    });
    feeds.retain(|feed| Some(feed) != base);
    feeds.truncate(FEEDS_MAX);
    Page { title, kind, feeds }
}

fn title(html: &str, lower: &str, limits: &clean::Limits) -> String {
    let title = lower.find("<title").and_then(|open| {
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(clean::title(&html[start..end], limits))
    });
    title.filter(|title| !title.is_empty()).unwrap_or_else(|| "untitled".to_owned())
}

/// Words of titles, and marks in the page, by which a kind of page is known. The first that fits counts: a check for
/// robots may stand before a login, and a consent page may offer one.
const KINDS: &[(PageKind, &[&str], &[&str])] = &[
    (
        PageKind::BotCheck,
        &[
            "just a moment",
            "attention required",
            "are you a robot",
            "are you human",
            "captcha",
            "access denied",
            "bot check",
            "security check",
            "checking your browser",
            "verify you are human",
            "pardon our interruption",
            "ddos",
        ],
        &[
            "/cdn-cgi/challenge-platform",
            "cf-chl-",
            "cf_chl_",
            "g-recaptcha",
            "h-captcha",
            "hcaptcha.com",
            "captcha-delivery.com",
            "px-captcha",
            "_incapsula_resource",
            "awswafintegration",
            "/.well-known/sgcaptcha",
        ],
    ),
    (
        PageKind::Consent,
        &["consent", "cookie", "before you continue", "privacy settings", "datenschutz-einstellungen", "your privacy"],
        &["consent.google.", "consent.yahoo.", "guce.", "consent.youtube."],
    ),
    (
        PageKind::Login,
        &[
            "log in",
            "login",
            "sign in",
            "signin",
            "anmelden",
            "anmeldung",
            "einloggen",
            "connexion",
            "se connecter",
            "iniciar sesi",
            "accedi",
            "inloggen",
            "subscribe to read",
            "subscription required",
        ],
        &["type=\"password\"", "type='password'", "type=password"],
    ),
    (
        PageKind::Fault,
        &[
            "404",
            "not found",
            "forbidden",
            "error 5",
            "internal server error",
            "bad gateway",
            "gateway time",
            "service unavailable",
            "maintenance",
            "nicht gefunden",
            "introuvable",
            "no encontrada",
            "suspended",
            "domain for sale",
            "is for sale",
            "parked",
        ],
        &[],
    ),
];

fn kind(title: &str, front: &str) -> PageKind {
    let fits = |(_, words, marks): &&(PageKind, &[&str], &[&str])| {
        words.iter().any(|word| title.contains(word)) || marks.iter().any(|mark| front.contains(mark))
    };
    KINDS.iter().find(fits).map_or(PageKind::Plain, |(kind, ..)| *kind)
}

/// An address as a message may show it: without names, passwords and queries, which may hold keys.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // A URL that takes no password has none.
    let has_query = url.query().is_some();
    url.set_query(None);
    url.set_fragment(None);
    let mut shown = url.to_string();
    if !url.username().is_empty() || url.password().is_some() {
        shown = format!("{}://***@{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    }
    if has_query {
        shown.push_str("?…");
    }
    shown
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::parse::page::{PageKind, read, shown};

    #[test]
    fn a_page_is_named_for_what_it_asks() {
        let check = |html: &str, title: &str, kind: PageKind| {
            let page = read(html, None);
            assert_eq!((page.title.as_str(), page.kind), (title, kind), "{html}");
        };
        check("<html><head><title>Log &amp; in</title>", "Log & in", PageKind::Plain);
        check("<title>Sign in — The Harbour Post</title>", "Sign in — The Harbour Post", PageKind::Login);
        check("<title>Members</title><form><input name=p type=\"password\"></form>", "Members", PageKind::Login);
        check("<title>Just a moment...</title><form><input type=password>", "Just a moment...", PageKind::BotCheck);
        check("<p>x</p><script src='/cdn-cgi/challenge-platform/h/b/x.js'></script>", "untitled", PageKind::BotCheck);
        check("<title>Before you continue</title>", "Before you continue", PageKind::Consent);
        check("<title>404 Not Found</title>", "404 Not Found", PageKind::Fault);
        check("<title>Harbour news of the day</title>", "Harbour news of the day", PageKind::Plain);
    }

    #[test]
    fn a_page_offers_its_feeds() {
        let links: String =
            (0..7).map(|at| format!("<link rel=alternate type='application/rss+xml' href='/{at}.xml'>")).collect();
        let base = Url::parse("https://www.harbour.example/0.xml").unwrap();
        let page = read(&format!("<head>{links}</head>"), Some(&base));
        assert_eq!(page.feeds.len(), 5);
        assert_eq!(page.feeds[0].as_str(), "https://www.harbour.example/1.xml", "it does not offer itself");
        assert!(read(&links, None).feeds.is_empty());
    }

    #[test]
    fn an_offered_address_keeps_its_secrets() {
        let check = |url: &str, expected: &str| assert_eq!(shown(&Url::parse(url).unwrap()), expected);
        check("https://e.org/feed?token=1", "https://e.org/feed?…");
        check("https://me:secret@e.org/feed", "https://***@e.org/feed");
        check("https://e.org/feed", "https://e.org/feed");
    }
}
