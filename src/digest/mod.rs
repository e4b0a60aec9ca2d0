//! Station: clusters rendered for a reader.
//!
//! There is one model, [`Digest`]; each format is one file that renders it and escapes for its own sink.

pub mod json;
pub mod markdown;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::listing::plain::date;
use crate::model::{ClusterId, Code, Facts, Member, Ranked};

/// How much a digest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How many stories.
    pub stories_max: usize,
    /// How many stories that only one outlet has, of each outlet, so that a busy feed does not crowd out the rest.
    pub own_stories_per_outlet_max: usize,
    /// How many other outlets are named under a story; the rest is counted.
    pub also_max: usize,
}

impl Default for Params {
    fn default() -> Params {
        Params { stories_max: 50, own_stories_per_outlet_max: 3, also_max: 12 }
    }
}

/// Which digest this is, and what its reader was told before.
#[derive(Clone, Debug, PartialEq)]
pub struct Edition {
    /// The digest's name, which its cursor goes by.
    pub name: String,
    /// What stands on top; the name where it is empty.
    pub title: String,
    /// Covers what came after this moment …
    pub from: Timestamp,
    /// … up to this one.
    pub until: Timestamp,
    /// When it was made.
    pub generated: Timestamp,
    /// Stories an earlier edition brought, and when; they come back marked "Update".
    pub told: BTreeMap<ClusterId, Timestamp>,
}

/// A digest, ready to be rendered in any format.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    /// Its name.
    pub name: String,
    /// What stands on top.
    pub title: String,
    /// The window it covers: after this …
    pub from: Timestamp,
    /// … up to this.
    pub until: Timestamp,
    /// When it was made.
    pub generated: Timestamp,
    /// The stories, best first.
    pub stories: Vec<Story>,
    /// What the window held.
    pub counts: Counts,
}

/// One story of a digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The cluster's public id.
    pub id: Code,
    /// The representative's title, never made up.
    pub headline: String,
    /// The representative's link.
    pub url: Option<String>,
    /// The representative's outlet.
    pub outlet: String,
    /// The representative's lead; may be empty.
    pub summary: String,
    /// The story's language.
    pub lang: Option<String>,
    /// Its tags, most common first.
    pub tags: Vec<String>,
    /// What its articles come to.
    pub facts: Facts,
    /// The other outlets that report it, each once, in the order in which they came to it.
    pub also: Vec<AlsoCovered>,
    /// How many more there are than `also` names.
    pub also_more: usize,
    /// When an earlier edition told it.
    pub told: Option<Timestamp>,
}

/// Another outlet's report of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlsoCovered {
    /// The outlet.
    pub outlet: String,
    /// Its title.
    pub title: String,
    /// Its link.
    pub url: Option<String>,
    /// Whether it repeats another's text.
    pub copy: bool,
}

/// What a digest's window held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Stories in the digest.
    pub stories: usize,
    /// Their articles.
    pub articles: usize,
    /// Their outlets, each once.
    pub outlets: usize,
    /// Stories of the window that the limits left out.
    pub left_out: usize,
}

/// The stories under one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'a> {
    /// The tag; `None` for stories without one.
    pub tag: Option<&'a str>,
    /// Its stories, best first.
    pub stories: Vec<&'a Story>,
}

/// Makes a digest of clusters that are already chosen and in order.
pub fn build(clusters: Vec<Ranked>, edition: &Edition, params: &Params) -> Digest {
    let offered = clusters.len();
    let mut own_stories: BTreeMap<String, usize> = BTreeMap::new();
    let mut outlets: BTreeSet<String> = BTreeSet::new();
    let mut digest = Digest {
        name: edition.name.clone(),
        title: if edition.title.trim().is_empty() { edition.name.clone() } else { edition.title.clone() },
        from: edition.from,
        until: edition.until,
        generated: edition.generated,
        stories: Vec::new(),
        counts: Counts::default(),
    };
    for ranked in clusters {
        if digest.stories.len() == params.stories_max {
            break;
        }
        if let [outlet] = ranked.facts.outlets.as_slice() {
            let own = own_stories.entry(outlet.clone()).or_default();
            if *own == params.own_stories_per_outlet_max {
                continue;
            }
            *own += 1;
        }
        digest.counts.articles += ranked.facts.article_count;
        outlets.extend(ranked.facts.outlets.iter().cloned());
        digest.stories.push(story(ranked, edition, params));
    }
    digest.counts.stories = digest.stories.len();
    digest.counts.outlets = outlets.len();
    digest.counts.left_out = offered - digest.stories.len();
    digest
}

fn story(ranked: Ranked, edition: &Edition, params: &Params) -> Story {
    let speaker = ranked.representative().article.clone();
    let mut also = also_covered(&ranked.cluster.members, &speaker.outlet);
    let also_more = also.len().saturating_sub(params.also_max);
    also.truncate(params.also_max);
    Story {
        id: ranked.cluster.code,
        headline: ranked.facts.headline.clone(),
        url: speaker.url,
        outlet: speaker.outlet,
        summary: ranked.facts.summary.clone(),
        lang: ranked.facts.lang.clone(),
        tags: ranked.facts.tags.clone(),
        facts: ranked.facts,
        also,
        also_more,
        told: edition.told.get(&ranked.cluster.id).copied(),
    }
}

/// The outlets beside the one that speaks, each with its first report in its own words, or with its copy where it has no other.
fn also_covered(members: &[Member], speaker: &str) -> Vec<AlsoCovered> {
    let mut also: Vec<AlsoCovered> = Vec::new();
    for Member { article, copy_of, .. } in members.iter().filter(|member| member.article.outlet != speaker) {
        let report = AlsoCovered {
            outlet: article.outlet.clone(),
            title: article.title.clone(),
            url: article.url.clone(),
            copy: copy_of.is_some(),
        };
        match also.iter_mut().find(|known| known.outlet == report.outlet) {
            Some(known) if known.copy && !report.copy => *known = report,
            Some(_) => {}
            None => also.push(report),
        }
    }
    also
}

impl Digest {
    /// The stories by their first tag, the section with the best story first, those without a tag last. One section without
    /// a name where no story has a tag.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> = Vec::new();
        for story in &self.stories {
            let tag = story.tags.first().map(String::as_str);
            match sections.iter_mut().find(|section| section.tag == tag) {
                Some(section) => section.stories.push(story),
                None => sections.push(Section { tag, stories: vec![story] }),
            }
        }
        sections.sort_by_key(|section| section.tag.is_none());
        sections
    }

    /// The window in words: `Friday, 13 February 2026, 06:00 to 18:00 CET`, or both dates where it spans days.
    pub fn window(&self, zone: &TimeZone) -> String {
        let [from, until] = [self.from, self.until].map(|at| at.to_zoned(zone.clone()));
        let same_day = date(self.from, zone) == date(self.until, zone);
        let until = until.strftime(if same_day { "%H:%M %Z" } else { "%A, %-d %B %Y, %H:%M %Z" });
        format!("{} to {until}", from.strftime("%A, %-d %B %Y, %H:%M"))
    }
}

/// A digest as plain text for a mail or a terminal, `columns` wide at most (76 suits mail).
pub fn text(digest: &Digest, zone: &TimeZone, columns: usize) -> String {
    text::render(digest, zone, columns)
}

/// A digest as Markdown without raw HTML.
pub fn markdown(digest: &Digest, zone: &TimeZone) -> String {
    markdown::render(digest, zone)
}

/// A digest as JSON, schema `newsfold.digest/1`.
pub fn json(digest: &Digest) -> String {
    json::render(digest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::digest::{Digest, Edition, Params, build, json, markdown, text};
    use crate::listing::plain::{is_unsafe, width};
    use crate::listing::samples::{at, check_expected, clusters, harvest, old, zone};

    fn edition() -> Edition {
        Edition {
            name: "daily".to_owned(),
            title: "Morning *paper* \u{1b}[1m".to_owned(),
            from: at("2026-02-12T06:00:00Z"),
            until: at("2026-02-13T15:00:00Z"),
            generated: at("2026-02-13T15:00:02Z"),
            told: BTreeMap::from([(old().cluster.id, at("2026-02-11T06:00:00Z"))]),
        }
    }

    fn digest() -> Digest {
        build(clusters(), &edition(), &Params::default())
    }

    #[test]
    fn the_digest_in_every_format_is_as_expected() {
        check_expected("digest.txt", &text(&digest(), &zone(), 76));
        check_expected("digest-40.txt", &text(&digest(), &zone(), 40));
        check_expected("digest.md", &markdown(&digest(), &zone()));
        check_expected("digest.json", &json(&digest()));
        let quiet = build(
            Vec::new(),
            &Edition { from: at("2026-02-13T06:00:00Z"), title: String::new(), ..edition() },
            &Params::default(),
        );
        check_expected("digest-empty.txt", &text(&quiet, &zone(), 76));
        check_expected("digest-empty.md", &markdown(&quiet, &zone()));
    }

    #[test]
    fn text_is_narrow_and_holds_no_control_character_but_newlines() {
        for columns in [24, 40, 76, 120] {
            for line in text(&digest(), &zone(), columns).lines() {
                assert!(
                    width(line) <= columns || line.trim_start().starts_with("http"),
                    "{} columns in {line:?}",
                    width(line)
                );
                assert!(!line.chars().any(is_unsafe), "{line:?}");
            }
        }
    }

    #[test]
    fn markdown_holds_no_tag_no_live_scheme_and_no_control_character() {
        let markdown = markdown(&digest(), &zone());
        assert!(!markdown.contains(['<', '>']), "{markdown}");
        assert!(!markdown.contains("](javascript:"), "{markdown}");
        assert!(!markdown.chars().any(|c| c != '\n' && is_unsafe(c)), "{markdown}");
    }

    #[test]
    fn json_reads_back() {
        let digest: serde_json::Value = serde_json::from_str(&json(&digest())).unwrap();
        assert_eq!(digest["schema"], "newsfold.digest/1");
        assert_eq!(digest["counts"]["stories"], 4);
        assert_eq!(digest["stories"][3]["update_of"], "2026-02-11T06:00:00Z");
    }

    #[test]
    fn limits_leave_out_the_least_and_say_so() {
        let check = |params: Params, expected: &[&str], left_out: usize| {
            let again = |id| {
                let mut one = harvest();
                one.cluster.id.0.0 = id;
                one
            };
            let offered = vec![again(1), again(2), old(), again(3)];
            let digest = build(offered, &edition(), &params);
            let outlets: Vec<&str> = digest.stories.iter().map(|story| story.outlet.as_str()).collect();
            assert_eq!((outlets, digest.counts.left_out), (expected.to_vec(), left_out));
        };
        let (own, shared) = ("みなと新聞", "Lindbrook Courier");
        check(Params::default(), &[own, own, shared, own], 0);
        check(Params { own_stories_per_outlet_max: 1, ..Params::default() }, &[own, shared], 2);
        check(Params { stories_max: 2, ..Params::default() }, &[own, own], 2);
        check(Params { stories_max: 0, ..Params::default() }, &[], 4);
        let few = build(clusters(), &edition(), &Params { also_max: 1, ..Params::default() });
        assert_eq!((few.stories[0].also.len(), few.stories[0].also_more), (1, 2));
    }
}
