//! Station: which schemes and addresses may be asked, and what a redirect may carry along.
//!
//! A feed's URL, and every URL a server redirects to, is somebody else's input. Whoever can name an address can otherwise
//! make this machine ask its own network: routers, cloud metadata, databases without a password.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// An address that is not on the public internet, and what kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublic {
    /// The address.
    pub address: IpAddr,
    /// Its kind, with an article: `a loopback address`.
    pub kind: &'static str,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is {}", self.address, self.kind)
    }
}

impl std::error::Error for NotPublic {}

/// Whether the host of a URL is an address off the public internet. Names but `localhost` pass: the addresses they stand for are judged
/// when they are looked up, for they may change in between. The URL parser has already brought `127.1`, `2130706433` and
/// `0x7f.0.0.1` into one form.
pub fn host(url: &Url) -> Result<(), NotPublic> {
    match url.host() {
        Some(Host::Ipv4(address)) => self::address(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => self::address(IpAddr::V6(address)),
        // These stand for this very machine wherever they are looked up (RFC 6761, 6.3), be it by a proxy.
        Some(Host::Domain(name)) if is_localhost(name) => self::address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is off the public internet, by IANA's registries of special-purpose addresses (RFC 6890). IPv6
/// addresses that carry an IPv4 address are judged by it where that is how they are reached, else refused.
pub fn address(address: IpAddr) -> Result<(), NotPublic> {
    let kind = match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => kind_of_v6(v6),
    };
    kind.map_or(Ok(()), |kind| Err(NotPublic { address, kind }))
}

/// Whether two URLs are of one origin: scheme, host and port (RFC 6454, 4). Credentials and a user's own headers never
/// leave it.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Where a redirect leads: `location` resolved against the URL that was asked. Credentials of the user stay with their
/// origin, credentials a server writes into a URL are not used (RFC 9110, 4.2.4), a fragment is of no use to a server.
pub fn redirect_target(from: &Url, location: &str) -> Result<Url, url::ParseError> {
    let mut target = from.join(location)?;
    target.set_fragment(None);
    let (username, password) = if same_origin(from, &target) { (from.username(), from.password()) } else { ("", None) };
    // Both setters refuse only URLs that cannot have credentials: `file:`, `mailto:` and their like, which hold none.
    let cleaned = target.set_username(username).and_then(|()| target.set_password(password));
    debug_assert!(cleaned.is_ok() || target.username().is_empty(), "a URL that cannot have credentials has some");
    Ok(target)
}

/// The same URL without credentials and fragment: the base for the links of what was fetched.
pub fn without_credentials(url: &Url) -> Url {
    let mut plain = url.clone();
    plain.set_fragment(None);
    let cleaned = plain.set_username("").and_then(|()| plain.set_password(None));
    debug_assert!(cleaned.is_ok() || plain.username().is_empty(), "a URL that cannot have credentials has some");
    plain
}

/// A URL for people's eyes, logs and error messages: credentials, and values and path segments that look like keys,
/// become `***`. Text that is no URL comes back as it is, but for what looks like credentials.
pub fn redact(text: &str) -> String {
    redact_within(text, 0)
}

/// Addresses inside of addresses that are looked into; what lies deeper is hidden as it is.
const NESTED_MAX: usize = 3;

fn redact_within(text: &str, depth: usize) -> String {
    let (before_fragment, _) = text.split_once('#').unwrap_or((text, ""));
    let (address, query) = match before_fragment.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (before_fragment, None),
    };
    let mut shown = redact_address(address);
    if let Some(query) = query {
        shown.push('?');
        let pairs: Vec<String> = query.split('&').map(|pair| redact_pair(pair, depth)).collect();
        shown.push_str(&pairs.join("&"));
    }
    shown
}

/// Scheme, authority and path, without userinfo and without path segments that look like keys.
fn redact_address(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("//") else {
        // `me:password@example.com`, the scheme forgotten.
        return match address.rsplit_once('@') {
            Some((credentials, host)) if credentials.contains(':') => format!("***@{host}"),
            _ => address.to_owned(),
        };
    };
    let mut segments = rest.split('/');
    let authority = segments.next().unwrap_or_default();
    let mut shown = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}//***@{host}"),
        None => format!("{scheme}//{authority}"),
    };
    for segment in segments {
        shown.push('/');
        match segment.rsplit_once('@') {
            // An address in the path of another, as archives and proxies have it.
            Some((credentials, host)) if credentials.contains(':') => shown.push_str(&format!("***@{host}")),
            _ if is_web(scheme) && looks_like_a_key(segment) => shown.push_str("***"),
            _ => shown.push_str(segment),
        }
    }
    shown
}

/// `name=value`, the value hidden where the name or the value itself says that it opens something. A value may be an address
/// with credentials of its own, as it is or in per cent.
fn redact_pair(pair: &str, depth: usize) -> String {
    const SECRET_WORDS: [&str; 11] =
        ["auth", "credential", "jwt", "key", "pass", "pwd", "secret", "session", "sid", "sig", "token"];
    let Some((name, value)) = pair.split_once('=') else {
        return if looks_like_a_key(pair) || is_address_to_hide(pair) { "***".to_owned() } else { pair.to_owned() };
    };
    if is_address_to_hide(name) {
        return "***".to_owned(); // an address whose own query begins here
    }
    let lower = name.to_ascii_lowercase();
    let says_so = SECRET_WORDS.iter().any(|word| lower.contains(word));
    // Ids of channels and playlists are long and random too, and a person needs them to know the feed.
    let looks_so = looks_like_a_key(value) && !lower.ends_with("id");
    if says_so || looks_so || hides_more(value, depth) { format!("{name}=***") } else { pair.to_owned() }
}

/// Whether a text, as it is or decoded, is an address of which something would be hidden.
fn is_address_to_hide(text: &str) -> bool {
    let decoded: String =
        url::form_urlencoded::parse(text.as_bytes()).flat_map(|(name, value)| [name, value]).collect();
    let hides = |text: &str| redact_address(text) != text;
    // Piece by piece too: before the slashes there may be another address that has lost its own.
    [text, decoded.as_str()].into_iter().any(|text| hides(text) || text.split("//").any(hides))
}

/// Whether a value, decoded, is an address or a query of which something would be hidden.
fn hides_more(value: &str, depth: usize) -> bool {
    let decoded =
        url::form_urlencoded::parse(format!("v={value}").as_bytes()).map(|(_, value)| value).collect::<String>();
    let is_compound = |text: &str| text.contains(['=', '@', '?']) || text.contains("//");
    // The bare value too, because decoding it once may have taken a blank for a plus, and a part after `&` was never in it.
    [value, decoded.as_str()].into_iter().filter(|text| is_compound(text)).any(|text| {
        let (address, _) = text.split_once('#').unwrap_or((text, ""));
        let as_query = if address.contains('?') { address.to_owned() } else { format!("{address}?{address}") };
        depth >= NESTED_MAX || redact_within(&as_query, depth + 1) != as_query
    })
}

/// Whether the scheme, colon included, is of the web: a file's path is not secret from who reads its error.
fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http:") || scheme.eq_ignore_ascii_case("https:")
}

/// 24 or more letters and digits in one piece, both among them: words and dates are broken by hyphens before that.
fn looks_like_a_key(text: &str) -> bool {
    const KEY_CHARACTERS_MIN: usize = 24;
    text.len() >= KEY_CHARACTERS_MIN
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What kind of special address it is; `None` for a public one.
fn kind_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let kind = match address.octets() {
        [0, ..] => "an address of this network",          // 0.0.0.0/8, RFC 791
        [10, ..] | [192, 168, ..] => "a private address", // RFC 1918
        [172, second, ..] if second & 0xf0 == 16 => "a private address", // 172.16.0.0/12, RFC 1918
        [100, second, ..] if second & 0xc0 == 64 => "a carrier's private address", // 100.64.0.0/10, RFC 6598
        [127, ..] => "a loopback address",                // RFC 1122
        [169, 254, ..] => "a link-local address",         // RFC 3927; cloud metadata live here
        [192, 0, 0, _] => "a protocol's own address",     // 192.0.0.0/24, RFC 6890
        [192, 88, 99, _] => "a 6to4 relay's address",     // RFC 7526
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation", // RFC 5737
        [198, 18 | 19, ..] => "an address for benchmarks", // RFC 2544
        [first, ..] if first & 0xf0 == 224 => "a multicast address", // 224.0.0.0/4, RFC 5771
        [first, ..] if first & 0xf0 == 240 => "a reserved address", // 240.0.0.0/4, RFC 1112; broadcast
        _ => return None,
    };
    Some(kind)
}

/// What kind of special address it is; `None` for a public one. All that is public lies in 2000::/3 (RFC 3587, 3),
/// but for the two prefixes through which IPv4 is reached.
fn kind_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    let embedded = Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7]));
    let kind = match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => "the unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0, 0, 0, 0, 0, 0xffff, ..] => return kind_of_v4(embedded), // ::ffff:0:0/96, mapped, RFC 4291, 2.5.5.2
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return kind_of_v4(embedded), // 64:ff9b::/96, NAT64, RFC 6052
        [0x64, 0xff9b, ..] => "a translator's private address",     // 64:ff9b:1::/48, RFC 8215
        [0, 0, 0, 0, 0, 0, ..] => "an IPv4-compatible address",     // ::/96, deprecated, RFC 4291, 2.5.5.1
        [first, ..] if first & 0xfe00 == 0xfc00 => "a private address", // fc00::/7, RFC 4193
        [first, ..] if first & 0xffc0 == 0xfe80 => "a link-local address", // fe80::/10, RFC 4291
        [first, ..] if first & 0xff00 == 0xff00 => "a multicast address", // ff00::/8, RFC 4291
        [first, ..] if first & 0xe000 != 0x2000 => "a reserved address",
        [0x2001, 0, ..] => "a Teredo address", // 2001::/32, RFC 4380
        [0x2001, second, ..] if second < 0x200 => "a protocol's own address", // 2001::/23, RFC 2928
        [0x2001, 0xdb8, ..] => "an address for documentation", // RFC 3849
        [0x3fff, second, ..] if second < 0x1000 => "an address for documentation", // 3fff::/20, RFC 9637
        [0x2002, ..] => "a 6to4 address",      // 2002::/16, RFC 7526
        _ => return None,
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_off_the_public_internet_are_refused_in_every_spelling() {
        let refused = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7F.0.0.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "127。0。0。1",
            "１２７.０.０.１",
            "①②⑦.0.0.1",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "ｌocalhost",
            "%6cocalhost",
            "0.0.0.0",
            "0",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::7f00:1]",
            "[::8.8.8.8]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a00:1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b:1::808:808]",
            "[100::1]",
            "[2001::1]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "[2001:2::1]",
            "[2001:20::1]",
            "[2001:db8::1]",
            "[2002:a00:1::]",
            "[2002:808:808::1]",
            "[3fff::1]",
            "[4000::1]",
            "[5f00::1]",
            "[fc00::1]",
            "[fd12:3456:789a::1]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[ff02::1]",
        ];
        for text in refused {
            let url = Url::parse(&format!("http://{text}:8080/feed")).unwrap();
            assert!(host(&url).is_err(), "{text} passed as {url}");
        }
    }

    #[test]
    fn public_addresses_and_all_names_pass() {
        let passing = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[2001:200::1]",
            "[2003::1]",
            "[3ffe::1]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::808:808]",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
        ];
        for text in passing {
            let url = Url::parse(&format!("http://{text}/feed")).unwrap();
            assert_eq!(host(&url), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_redirect_carries_credentials_only_within_their_origin() {
        let from = "https://me:pw@example.com/a/feed.xml#top";
        let cases = [
            ("/b", "https://me:pw@example.com/b"),
            ("b?x=1#y", "https://me:pw@example.com/a/b?x=1"),
            ("https://example.com/b", "https://me:pw@example.com/b"),
            ("https://you:no@example.com/b", "https://me:pw@example.com/b"),
            ("//example.com:443/b", "https://me:pw@example.com/b"),
            ("https://example.com:8443/b", "https://example.com:8443/b"),
            ("http://example.com/b", "http://example.com/b"),
            ("https://you:no@example.org/b", "https://example.org/b"),
            ("file:///etc/passwd", "file:///etc/passwd"),
            ("mailto:a@example.com", "mailto:a@example.com"),
        ];
        for (location, expected) in cases {
            let target = redirect_target(&Url::parse(from).unwrap(), location).unwrap();
            assert_eq!(target.as_str(), expected, "{location}");
        }
        assert_eq!(without_credentials(&Url::parse(from).unwrap()).as_str(), "https://example.com/a/feed.xml");
    }

    proptest::proptest! {
        #[test]
        fn no_location_takes_credentials_away_or_brings_its_own(location in "\\PC{0,40}", at in "[@:/.a-z]{0,12}") {
            let from = Url::parse("https://me:hidden@example.com/feed").unwrap();
            for location in [location, format!("//you:foreign{at}"), format!("https://you:foreign@{at}")] {
                let Ok(target) = redirect_target(&from, &location) else { continue };
                assert!(target.username() != "you" && target.password() != Some("foreign"), "{location}: {target}");
                assert_eq!(target.password() == Some("hidden"), same_origin(&from, &target), "{location}: {target}");
                assert!(!redact(target.as_str()).contains("hidden"));
            }
        }
    }

    #[test]
    fn what_opens_something_is_not_shown() {
        let cases = [
            ("https://example.com/feed?page=2&lang=en", "https://example.com/feed?page=2&lang=en"),
            ("https://me:pw@example.com/feed", "https://***@example.com/feed"),
            ("https://me@home:pw@example.com/feed", "https://***@example.com/feed"),
            ("https://example.com/feed?token=abc&x=1", "https://example.com/feed?token=***&x=1"),
            ("https://example.com/feed?API_KEY=abc", "https://example.com/feed?API_KEY=***"),
            ("https://example.com/feed?a=0123456789abcdef01234567", "https://example.com/feed?a=***"),
            ("https://example.com/feed?0123456789abcdef01234567", "https://example.com/feed?***"),
            ("https://example.com/get?url=http://me:pw@example.org/", "https://example.com/get?url=***"),
            (
                "https://example.com/get?url=http%3A%2F%2Fme%3Apw%40example.org%2F&x=1",
                "https://example.com/get?url=***&x=1",
            ),
            ("https://example.com/get?url=http://example.org/?token=abc", "https://example.com/get?url=***"),
            (
                "https://example.com/get?url=http%3A%2F%2Fexample.org%2F%3Fa%3D1%26token%3Dabc",
                "https://example.com/get?url=***",
            ),
            (
                "https://example.com/get/http://me:pw@example.org/feed",
                "https://example.com/get/http://***@example.org/feed",
            ),
            ("https://example.com/@me:example.org/feed", "https://example.com/@me:example.org/feed"),
            ("https://example.com/get?q=token%3Dabc", "https://example.com/get?q=***"),
            ("https://example.com/get?a=?a=?a=?a=?a=b", "https://example.com/get?a=***"),
            (
                "https://example.com/get?url=https://example.org/feed?page=2",
                "https://example.com/get?url=https://example.org/feed?page=2",
            ),
            ("https://example.com/get?http://me:pw@example.org/feed", "https://example.com/get?***"),
            ("https://example.com/get?http://me:pw@example.org/feed?page=2", "https://example.com/get?***"),
            ("https://example.com/get?http%3A%2F%2Fme:pw@example.org&a=b", "https://example.com/get?***&a=b"),
            ("https://example.com/get?a/me:pw@example.org/b://example.net/", "https://example.com/get?***"),
            ("https://example.com/get?https://example.org/feed", "https://example.com/get?https://example.org/feed"),
            ("https://example.com/search?q=ferry+at=noon", "https://example.com/search?q=ferry+at=noon"),
            (
                "https://example.com/xml?channel_id=UC0123456789abcdefABCDEF",
                "https://example.com/xml?channel_id=UC0123456789abcdefABCDEF",
            ),
            ("https://example.com/u/0123456789abcdef01234567/rss", "https://example.com/u/***/rss"),
            (
                "https://example.com/2026/02/13/a-long-story-told-in-words-17",
                "https://example.com/2026/02/13/a-long-story-told-in-words-17",
            ),
            ("https://example.com/feed#token=abc", "https://example.com/feed"),
            ("file:///home/me/feed.xml", "file:///home/me/feed.xml"),
            ("feeds/a.xml", "feeds/a.xml"),
            ("feeds/a@b.xml", "feeds/a@b.xml"),
            ("me:pw@example.com/feed", "***@example.com/feed"),
            ("", ""),
        ];
        for (url, expected) in cases {
            assert_eq!(redact(url), expected);
        }
    }
}
