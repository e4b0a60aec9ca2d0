//! Station: where a site may keep its feeds, when its page does not say.
//!
//! All of these are guesses: each is asked for and read before anybody is told of it.

use url::Url;

/// Where feeds lie by custom: WordPress, static site generators, Blogger, Ghost and their like.
const COMMON: &[&str] =
    &["feed", "rss.xml", "feed.xml", "atom.xml", "index.xml", "rss", "feed.json", "feeds/posts/default", "index.rdf"];

/// How many of them are tried in the folder of a page, before the root of its site.
const COMMON_IN_FOLDER_MAX: usize = 5;

/// Where the feeds of a page may lie by custom: in its own folder first (`/blog` has `/blog/feed`), then at the root of its
/// site. Each once, likeliest first.
pub(crate) fn common(page: &Url) -> Vec<Url> {
    let mut found: Vec<Url> = Vec::new();
    let mut folder = page.clone();
    folder.set_query(None);
    folder.set_fragment(None);
    let path = page.path();
    // A last name without an extension is a folder that was written without its slash.
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    if !path.ends_with('/') && !is_file {
        folder.set_path(&format!("{path}/"));
    }
    let is_root = folder.path() == "/" || folder.join(".").is_ok_and(|parent| parent.path() == "/");
    let near = if is_root { 0 } else { COMMON_IN_FOLDER_MAX };
    let in_folder = COMMON[..near].iter().filter_map(|name| folder.join(name).ok());
    let at_root = COMMON.iter().filter_map(|name| page.join(&format!("/{name}")).ok());
    for url in in_folder.chain(at_root) {
        if !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

/// The feeds of pages whose sites keep them by a rule that has stood for years; nothing for all other sites.
pub(crate) fn by_rule(page: &Url) -> Vec<Url> {
    let host = page.host_str().unwrap_or_default();
    let host = host.strip_prefix("www.").or_else(|| host.strip_prefix("m.")).unwrap_or(host);
    let parts: Vec<&str> =
        page.path_segments().map(|parts| parts.filter(|part| !part.is_empty()).collect()).unwrap_or_default();
    let paths: Vec<String> = match (host, &parts[..]) {
        ("youtube.com", ["channel", id, ..]) => vec![format!("/feeds/videos.xml?channel_id={id}")],
        ("youtube.com", ["playlist"]) => {
            query(page, "list").map(|id| format!("/feeds/videos.xml?playlist_id={id}")).into_iter().collect()
        }
        ("reddit.com" | "old.reddit.com", [kind @ ("r" | "u" | "user"), name, ..]) => {
            vec![format!("/{kind}/{name}/.rss")]
        }
        ("github.com", [owner, repository, rest @ ..]) if !["orgs", "topics", "search"].contains(owner) => match rest {
            ["tags", ..] => vec![format!("/{owner}/{repository}/tags.atom")],
            ["commits", branch, ..] => vec![format!("/{owner}/{repository}/commits/{branch}.atom")],
            _ => vec![format!("/{owner}/{repository}/releases.atom"), format!("/{owner}/{repository}/commits.atom")],
        },
        ("gitlab.com", [owner, repository, ..]) => vec![format!("/{owner}/{repository}/-/tags?format=atom")],
        ("medium.com", [author, ..]) if *author != "feed" => vec![format!("/feed/{author}")],
        ("stackoverflow.com" | "superuser.com" | "serverfault.com", ["questions", "tagged", tag, ..]) => {
            vec![format!("/feeds/tag/{tag}")]
        }
        // Mastodon and its kin, wherever they are.
        (_, [name]) if name.len() > 1 && name.starts_with('@') && host != "youtube.com" => vec![format!("/{name}.rss")],
        _ => Vec::new(),
    };
    paths.iter().filter_map(|path| page.join(path).ok()).collect()
}

/// Words by which the feed of a page's comments gives itself away, in the languages of the web's larger part.
const COMMENT_WORDS: &[&str] = &["comment", "kommentar", "comentari", "comentário", "komentar", "reacties"];

/// Which of a page's feeds is meant by it, where that is clear: its only one, comments aside, or the first of several that
/// are one feed in several dialects. Each is given by its URL, title and dialect.
pub(crate) fn best(feeds: &[(&str, &str, &str)]) -> Option<usize> {
    let is_of_comments = |url: &str, title: &str| {
        let said = format!("{url} {title}").to_lowercase();
        COMMENT_WORDS.iter().any(|word| said.contains(word))
    };
    let all: Vec<usize> = (0..feeds.len()).collect();
    let news: Vec<usize> =
        all.iter().copied().filter(|&place| !is_of_comments(feeds[place].0, feeds[place].1)).collect();
    let left = if news.is_empty() { all } else { news };
    let (first, others) = left.split_first()?;
    let title = |place: usize| feeds[place].1.to_lowercase();
    let mut kinds: Vec<&str> = left.iter().map(|&place| feeds[place].2).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let is_one = kinds.len() == left.len() && others.iter().all(|&other| title(other) == title(*first));
    is_one.then_some(*first)
}

/// A value of the query, as long as it needs no quoting.
fn query(page: &Url, name: &str) -> Option<String> {
    let value = page.query_pairs().find(|(key, _)| key == name)?.1.into_owned();
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).then_some(value)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use crate::clean::guess::{best, by_rule, common};

    fn spelled(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn customs_are_tried_in_the_folder_of_the_page_and_at_the_root() {
        let paths = |page: &str| -> Vec<String> {
            common(&Url::parse(page).unwrap()).iter().map(|url| url.path().to_owned()).collect()
        };
        let root = paths("https://a.example/?utm=1#top");
        assert_eq!(root[..3], ["/feed", "/rss.xml", "/feed.xml"]);
        assert_eq!(root.len(), 9);
        assert_eq!(paths("https://a.example/index.html"), root);
        for page in ["https://a.example/blog", "https://a.example/blog/", "https://a.example/blog/index.php?p=3"] {
            let found = paths(page);
            assert_eq!((found[0].as_str(), found[5].as_str(), found.len()), ("/blog/feed", "/feed", 14), "{page}");
        }
        assert!(common(&Url::parse("https://a.example/blog?x=1").unwrap()).iter().all(|url| url.query().is_none()));
        assert_eq!(
            common(&Url::parse("https://me:pw@a.example/").unwrap())[0].as_str(),
            "https://me:pw@a.example/feed"
        );
    }

    #[test]
    fn the_feed_that_is_meant_is_taken_only_where_that_is_clear() {
        let check =
            |feeds: &[(&str, &str, &str)], expected: Option<usize>| assert_eq!(best(feeds), expected, "{feeds:?}");
        check(&[], None);
        check(&[("/a", "A", "RSS")], Some(0));
        check(&[("/comments/feed", "Comments for A", "RSS")], Some(0));
        check(&[("/comments/feed", "A", "RSS"), ("/feed", "A", "RSS")], Some(1));
        check(&[("/k", "A: Kommentare", "RSS"), ("/feed", "A", "RSS")], Some(1));
        check(&[("/rss", "A", "RSS"), ("/atom", "a", "Atom"), ("/json", "A", "JSON Feed")], Some(0));
        check(&[("/world", "A", "RSS"), ("/sport", "A", "RSS")], None);
        check(&[("/world", "World", "RSS"), ("/sport", "Sport", "Atom")], None);
    }

    #[test]
    fn rules_hold_for_the_sites_that_keep_them() {
        let check = |page: &str, expected: &[&str]| {
            assert_eq!(spelled(by_rule(&Url::parse(page).unwrap())), expected, "{page}");
        };
        let video = "https://www.youtube.com/feeds/videos.xml";
        check("https://www.youtube.com/channel/UCabc-_1/videos", &[&format!("{video}?channel_id=UCabc-_1")]);
        check("https://www.youtube.com/playlist?list=PLx-1&index=2", &[&format!("{video}?playlist_id=PLx-1")]);
        check("https://www.youtube.com/playlist?list=%26evil", &[]);
        check("https://www.youtube.com/@somebody", &[]);
        check("https://www.reddit.com/r/rust/top?t=day", &["https://www.reddit.com/r/rust/.rss"]);
        check(
            "https://github.com/o/r/issues",
            &["https://github.com/o/r/releases.atom", "https://github.com/o/r/commits.atom"],
        );
        check("https://github.com/o/r/commits/main", &["https://github.com/o/r/commits/main.atom"]);
        check("https://github.com/o", &[]);
        check("https://gitlab.com/o/r", &["https://gitlab.com/o/r/-/tags?format=atom"]);
        check("https://medium.com/@a/a-story", &["https://medium.com/feed/@a"]);
        check("https://stackoverflow.com/questions/tagged/rust", &["https://stackoverflow.com/feeds/tag/rust"]);
        check("https://social.example/@me", &["https://social.example/@me.rss"]);
        check("https://a.example/news", &[]);
    }
}
