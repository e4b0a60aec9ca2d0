//! Station: what a reader does not want to see, and what in any case: saved mutes and keeps, applied when reading.

use crate::lookup::{folded, words};
use crate::model::{Article, Cluster};

/// Marks by which articles are told; what is empty tells none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Words or phrases in the title or the text: whole words, whatever their case and accents.
    pub words: Vec<String>,
    /// Outlets by name, upper and lower case alike.
    pub outlets: Vec<String>,
    /// Tags of the article's feed, upper and lower case alike.
    pub tags: Vec<String>,
    /// Languages; what stands behind the first subtag (`en-GB`) counts for nothing.
    pub languages: Vec<String>,
}

/// Mutes and keeps, ready to be asked. A keep beats a mute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taste {
    mute: Told,
    keep: Told,
}

/// Marks as they are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Told {
    /// Each a row of folded words.
    phrases: Vec<Vec<String>>,
    outlets: Vec<String>,
    tags: Vec<String>,
    languages: Vec<String>,
}

impl Taste {
    /// Of these mutes and keeps.
    pub fn new(mute: &Marks, keep: &Marks) -> Taste {
        Taste { mute: Told::of(mute), keep: Told::of(keep) }
    }

    /// Whether there is nothing to leave out.
    pub fn wants_all(&self) -> bool {
        self.mute == Told::default()
    }

    /// Whether a cluster is to be seen: some article of it is kept, or is not muted. A story is never torn apart: it is left out
    /// whole or shown whole.
    pub fn wants(&self, cluster: &Cluster) -> bool {
        self.wants_all()
            || cluster
                .members
                .iter()
                .any(|member| !self.mute.tells(&member.article) || self.keep.tells(&member.article))
    }
}

impl Told {
    fn of(marks: &Marks) -> Told {
        let all_folded = |names: &[String]| names.iter().map(|name| folded(name.trim())).collect();
        let phrases = marks.words.iter().map(|phrase| spelt(phrase)).filter(|phrase| !phrase.is_empty());
        Told {
            phrases: phrases.collect(),
            outlets: all_folded(&marks.outlets),
            tags: all_folded(&marks.tags),
            languages: marks.languages.iter().map(|language| folded(primary(language.trim()))).collect(),
        }
    }

    fn tells(&self, article: &Article) -> bool {
        let names = |list: &[String], name: &str| !list.is_empty() && list.contains(&folded(name));
        names(&self.outlets, &article.outlet)
            || article.tags.iter().any(|tag| names(&self.tags, tag))
            || article.lang.as_deref().is_some_and(|lang| names(&self.languages, primary(lang)))
            || (!self.phrases.is_empty() && (self.stands_in(&article.title) || self.stands_in(&article.text)))
    }

    fn stands_in(&self, text: &str) -> bool {
        let text = spelt(text);
        self.phrases.iter().any(|phrase| text.windows(phrase.len()).any(|part| part == &phrase[..]))
    }
}

/// `en` of `en-GB`: who mutes a language mutes it wherever it is spoken.
fn primary(language: &str) -> &str {
    language.split(['-', '_']).next().unwrap_or(language)
}

/// The words of a text as they are compared.
fn spelt(text: &str) -> Vec<String> {
    words(text).map(|(begin, end)| folded(&text[begin..end])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArticleId, ClusterId, Code, FeedId, How, Member, Reason};
    use jiff::Timestamp;

    fn member(outlet: &str, lang: &str, tag: &str, title: &str, text: &str) -> Member {
        Member {
            article: Article {
                id: ArticleId(1),
                code: Code("a1".to_owned()),
                feed: FeedId(1),
                feed_url: String::new(),
                also_in: Vec::new(),
                outlet: outlet.to_owned(),
                url: None,
                title: title.to_owned(),
                text: text.to_owned(),
                author: None,
                voice: None,
                lang: Some(lang.to_owned()),
                published: Timestamp::UNIX_EPOCH,
                date_doubt: None,
                seen: Timestamp::UNIX_EPOCH,
                revised: Timestamp::UNIX_EPOCH,
                image: None,
                links: Vec::new(),
                categories: Vec::new(),
                enclosures: Vec::new(),
                backlog: false,
                tags: vec![tag.to_owned()],
                revision: 1,
                priority: 0,
                paywalled: false,
            },
            joined: Reason {
                how: How::Founded,
                probability: 1.0,
                because: Vec::new(),
                nearest: None,
                hours_apart: None,
                runner_up: None,
            },
            copy_of: None,
        }
    }

    fn marks(words: &[&str], outlets: &[&str], tags: &[&str], languages: &[&str]) -> Marks {
        let list = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
        Marks { words: list(words), outlets: list(outlets), tags: list(tags), languages: list(languages) }
    }

    #[test]
    fn a_story_is_left_out_when_all_of_it_is_muted_and_nothing_kept() {
        let ferry = || member("The Lamp", "en", "coast", "Ferry burns at Élan quay", "Nobody was hurt.");
        let match_day = || member("Sportblatt", "de", "sport", "Das Spiel", "地震のニュース。 Am Ende: 2:1.");
        let check = |members: Vec<Member>, mute: &Marks, keep: &Marks, expected: bool| {
            let cluster = Cluster { id: ClusterId(ArticleId(1)), code: Code("c1".to_owned()), members };
            assert_eq!(Taste::new(mute, keep).wants(&cluster), expected, "{mute:?} {keep:?}");
        };
        let none = Marks::default();
        check(vec![ferry()], &none, &none, true);
        for mute in [
            marks(&["FERRY"], &[], &[], &[]),
            marks(&["nothing", "elan QUAY"], &[], &[], &[]),
            marks(&["was hurt"], &[], &[], &[]),
            marks(&[], &["the lamp"], &[], &[]),
            marks(&[], &[], &["Coast"], &[]),
            marks(&[], &[], &[], &["en"]),
            marks(&[], &[], &[], &["EN-gb"]),
        ] {
            check(vec![ferry()], &mute, &none, false);
            check(vec![ferry(), match_day()], &mute, &none, true);
            check(vec![match_day()], &mute, &none, true);
            check(vec![ferry()], &mute, &marks(&["quay"], &[], &[], &[]), true);
        }
        check(vec![ferry()], &marks(&["ferr", "quay nobody", "…"], &[], &[], &[]), &none, true);
        check(vec![match_day()], &marks(&["地震"], &[], &[], &[]), &none, false);
        check(vec![match_day()], &marks(&["震地"], &[], &[], &[]), &none, true);
        check(vec![ferry()], &none, &marks(&["quay"], &[], &[], &[]), true);
        let british = || member("The Lamp", "en-GB", "coast", "Ferry burns", "");
        check(vec![british()], &marks(&[], &[], &[], &["en"]), &none, false);
        check(vec![british()], &marks(&[], &[], &[], &["de-AT"]), &none, true);
    }
}
