//! Station: whether an entry is an article that is stored already. Keys propose, and what both say disposes.
//!
//! Where it is not sure it says no: an article stored twice is a nuisance, one that is taken for another is lost.

use jiff::{SignedDuration, Timestamp};

use crate::identify::{canonical, likeness, outlet};
use crate::model::{Rule, Trust};

/// Dates that lie no further apart may be those of one article that was edited.
const ONE_EDITION: SignedDuration = SignedDuration::from_hours(12);
/// A title of so many characters is hardly given twice.
const TITLE_CHARS_MIN: usize = 20;
/// After so many documents in a row whose entries came back under other keys, a feed's keys of that rule are no longer believed.
const STRIKES_MAX: u8 = 3;

/// What an entry or an article says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The link's compared spelling.
    pub link: Option<&'a str>,
    /// The title.
    pub title: &'a str,
    /// The text.
    pub text: &'a str,
    /// When it was published, where its feed says so.
    pub published: Option<Timestamp>,
}

/// Whether the entry is the article that its feed brought before under one of the entry's keys, which is of this rule.
/// `is_first` says that no stronger key of the entry is believed, so that this one must decide.
pub fn is_same(rule: Rule, is_first: bool, entry: &Said, article: &Said) -> bool {
    let has_same_link = entry.link.is_some() && entry.link == article.link;
    let titles_agree = || likeness::titles_agree(entry.title, article.title);
    let texts_agree = || likeness::texts_agree(entry.text, article.text);
    match rule {
        // A guid is the publisher's word, unless nothing at all agrees: then it was given to another article.
        Rule::Guid => has_same_link || is_one_moment(entry, article) || titles_agree() || texts_agree() == Some(true),
        // Without guids the link is the publisher's word. Beside a new guid it needs the words' agreement, or a live page's
        // entries would become one.
        Rule::Link => {
            let near = is_one_edition(entry, article);
            if is_first {
                return near || titles_agree() || texts_agree() == Some(true);
            }
            let retouched = || titles_agree() && !likeness::contradict(entry.title, article.title);
            if near {
                return retouched() || texts_agree() == Some(true);
            }
            retouched() && likeness::texts_equal(entry.text, article.text)
        }
        // Title and date are equal. Beside a new guid or link the words must not say otherwise.
        Rule::Title => is_first || texts_agree().unwrap_or_else(|| is_own(entry.title)),
        // Title and text are equal.
        Rule::Text => {
            let is_own = likeness::is_long(entry.text) || is_own(entry.title);
            is_first || (is_own && is_one_edition(entry, article))
        }
    }
}

/// Whether the entry is the article of another feed with the same link. `is_one_site` says that both feeds and the link belong to one
/// site: then they are one publisher's titles for one page. An aggregator's own title and words make an article of their own.
pub fn is_same_elsewhere(is_one_site: bool, entry: &Said, article: &Said) -> bool {
    let near = is_one_edition(entry, article);
    let is_front_page = entry.link.is_none_or(canonical::is_front_page);
    if entry.title == article.title {
        return near || likeness::texts_equal(entry.text, article.text);
    }
    let words_agree = || {
        likeness::titles_agree(entry.title, article.title)
            || likeness::texts_agree(entry.text, article.text) == Some(true)
    };
    !is_front_page && near && (is_one_site || words_agree())
}

/// Whether the link belongs to the site of both feeds, each given by its URL and the site that it names.
pub fn is_one_site(link: &str, feeds: [(&str, Option<&str>); 2]) -> bool {
    let site = outlet::site(link);
    let is_at_home =
        |(url, named): (&str, Option<&str>)| outlet::site(url) == site || named.and_then(outlet::site) == site;
    site.is_some() && feeds.into_iter().all(is_at_home)
}

/// Whether the entry, all of whose keys are new, is a recent article of its feed under a new title: nearly identical text, about the
/// same date, and no number, day or month that only the one and only the other has. A template that fits both would say so.
pub fn is_retitled(entry: &Said, article: &Said) -> bool {
    is_one_edition(entry, article)
        && likeness::texts_equal(entry.text, article.text)
        && !likeness::contradict(entry.title, article.title)
        && !likeness::contradict(entry.text, article.text)
}

/// What to believe of a feed's keys after a document: `kept` entries came back under the strongest key that is believed, `moved` came
/// back under another.
pub fn judged(trust: Trust, kept: usize, moved: usize) -> Trust {
    let next = match trust.rule {
        Rule::Guid => Rule::Link,
        Rule::Link => Rule::Title,
        Rule::Title | Rule::Text => Rule::Text,
    };
    match (moved > kept, kept > 0) {
        (true, _) if trust.strikes + 1 >= STRIKES_MAX => Trust { rule: next, strikes: 0 },
        (true, _) => Trust { strikes: trust.strikes + 1, ..trust },
        (false, true) => Trust { strikes: 0, ..trust },
        (false, false) => trust,
    }
}

/// Both dated, to the same moment.
fn is_one_moment(entry: &Said, article: &Said) -> bool {
    entry.published.is_some() && entry.published == article.published
}

/// Dated not far apart, or one not at all.
fn is_one_edition(entry: &Said, article: &Said) -> bool {
    let (Some(one), Some(other)) = (entry.published, article.published) else { return true };
    one.duration_since(other).abs() <= ONE_EDITION
}

fn is_own(title: &str) -> bool {
    title.chars().count() >= TITLE_CHARS_MIN
}
