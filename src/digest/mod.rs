//! Station: clusters rendered for a reader.
//!
//! There is one model, [`Digest`]; each format is one file that renders it and escapes for its own sink.

pub mod atom;
pub mod chart;
pub mod coverage;
pub mod epub;
#[cfg(test)]
mod hostile;
pub mod html;
pub mod json;
pub mod markdown;
pub mod reading;
pub mod template;
pub mod text;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::digest::coverage::Coverage;
use crate::digest::reading::Load;
use crate::digest::template::Form;
use crate::digest::view::DigestView;
use crate::listing::plain::date;
use crate::model::{Article, ArticleId, Cluster, ClusterId, Code, Facts, Member, Ranked};

/// How much a digest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// How many stories.
    pub stories_max: usize,
    /// How many stories that only one outlet has, of each outlet, so that a busy feed does not crowd out the rest.
    pub own_stories_per_outlet_max: usize,
    /// How many other outlets are named under a story; the rest is counted.
    pub also_max: usize,
    /// How many new articles are named under an update; the rest is counted.
    pub news_max: usize,
    /// The sections: tags in this order, what has none of them under "More". Where it is empty, each story's most common tag
    /// makes a section.
    pub sections: Vec<String>,
    /// How many words a reader reads in a minute.
    pub words_per_minute: NonZeroU32,
    /// How many characters of a script without spaces.
    pub characters_per_minute: NonZeroU32,
    /// The longest text that a digest carries of a story, in characters (formats that are read away from the net have it).
    pub text_chars_max: usize,
}

impl Default for Params {
    /// 238 words a minute is the mean of silent reading (Brysbaert 2019, 190 studies, English non-fiction); a little less for
    /// readers who are not at their best at seven in the morning. 500 characters is what is counted for Chinese and Japanese.
    fn default() -> Params {
        Params {
            stories_max: 50,
            own_stories_per_outlet_max: 3,
            also_max: 12,
            news_max: 5,
            sections: Vec::new(),
            words_per_minute: const { NonZeroU32::new(230).expect("it is more than none") },
            characters_per_minute: const { NonZeroU32::new(500).expect("it is more than none") },
            text_chars_max: 20_000,
        }
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
    /// The articles that are news now, of each cluster of which that is known: what an update names, and what moves the
    /// moment of a story's latest news. Of a cluster that is not here, what came since it was told is, copies excepted.
    pub news: BTreeMap<ClusterId, Vec<ArticleId>>,
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
    /// The tags of the sections that were asked for, in order; empty where stories make their own.
    pub section_tags: Vec<String>,
    /// How long its headlines and summaries take to read.
    pub reading_minutes: u32,
}

/// One story of a digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The cluster's public id.
    pub id: Code,
    /// The representative's title, never made up.
    pub headline: String,
    /// The representative's link; where it has none, that of the highest priority that has one.
    pub url: Option<String>,
    /// The outlet that `url` leads to, where it is not `outlet`.
    pub url_outlet: Option<String>,
    /// The representative's outlet.
    pub outlet: String,
    /// The representative's lead; may be empty.
    pub summary: String,
    /// The story's language: that of most of its articles.
    pub lang: Option<String>,
    /// The representative's language: that of headline, summary and text.
    pub headline_lang: Option<String>,
    /// Its tags, most common first.
    pub tags: Vec<String>,
    /// The tag whose section it stands in.
    pub section: Option<String>,
    /// What its articles come to.
    pub facts: Facts,
    /// How long the representative's text takes to read; `None` where the feed gave less than a minute of it, which is a
    /// lead and says nothing of the article.
    pub reading_minutes: Option<u32>,
    /// The representative's text, paragraph by paragraph, as far as the feed gave it and the digest may carry it.
    pub text: Vec<String>,
    /// When it was reported.
    pub coverage: Option<Coverage>,
    /// The other outlets that report it, each once, in the order in which they came to it.
    pub also: Vec<AlsoCovered>,
    /// How many more there are than `also` names.
    pub also_more: usize,
    /// When an earlier edition told it.
    pub told: Option<Timestamp>,
    /// Of an update, the articles that are news, newest first.
    pub news: Vec<News>,
    /// How many more there are than `news` names.
    pub news_more: usize,
    /// When the latest news of it was stored: a copy and a corrected comma move `facts.updated`, and not this.
    pub news_at: Timestamp,
}

/// An article that makes an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Its outlet.
    pub outlet: String,
    /// Its title.
    pub title: String,
    /// Its link.
    pub url: Option<String>,
    /// When it was published.
    pub published: Timestamp,
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
    /// The tag; `None` for what has no section of its own.
    pub tag: Option<&'a str>,
    /// Its stories, best first.
    pub stories: Vec<&'a Story>,
}

/// The room that a digest has, while stories are put into it, best first.
#[derive(Clone, Debug)]
pub struct Room<'params> {
    params: &'params Params,
    stories: usize,
    own_stories: BTreeMap<String, usize>,
}

impl Room<'_> {
    /// An empty digest's.
    pub fn of(params: &Params) -> Room<'_> {
        Room { params, stories: 0, own_stories: BTreeMap::new() }
    }

    /// Whether there is room for one more story; it is put in where there is. `sole_outlet` is the outlet that has it alone.
    pub fn takes(&mut self, sole_outlet: Option<&str>) -> bool {
        if self.stories >= self.params.stories_max {
            return false;
        }
        if let Some(outlet) = sole_outlet {
            let own = self.own_stories.entry(outlet.to_owned()).or_default();
            if *own >= self.params.own_stories_per_outlet_max {
                return false;
            }
            *own += 1;
        }
        self.stories += 1;
        true
    }
}

/// Makes a digest of clusters that are already chosen and in order.
pub fn build(clusters: Vec<Ranked>, edition: &Edition, params: &Params) -> Digest {
    let offered = clusters.len();
    let mut room = Room::of(params);
    let mut outlets: BTreeSet<String> = BTreeSet::new();
    let mut digest = Digest {
        name: edition.name.clone(),
        title: if edition.title.trim().is_empty() { edition.name.clone() } else { edition.title.clone() },
        from: edition.from,
        until: edition.until,
        generated: edition.generated,
        stories: Vec::new(),
        counts: Counts::default(),
        section_tags: params.sections.clone(),
        reading_minutes: 0,
    };
    let mut load = Load::default();
    for ranked in clusters {
        let sole_outlet = match ranked.facts.outlets.as_slice() {
            [outlet] => Some(outlet.as_str()),
            _ => None,
        };
        if !room.takes(sole_outlet) {
            continue;
        }
        digest.counts.articles += ranked.facts.article_count;
        outlets.extend(ranked.facts.outlets.iter().cloned());
        load = load.and(Load::of(&ranked.facts.headline)).and(Load::of(&ranked.facts.summary));
        digest.stories.push(story(ranked, edition, params));
    }
    digest.reading_minutes = load.minutes(params);
    digest.counts.stories = digest.stories.len();
    digest.counts.outlets = outlets.len();
    digest.counts.left_out = offered - digest.stories.len();
    digest
}

fn story(ranked: Ranked, edition: &Edition, params: &Params) -> Story {
    let speaker = &ranked.representative().article;
    let mut also = also_covered(&ranked.cluster.members, &speaker.outlet);
    let also_more = also.len().saturating_sub(params.also_max);
    also.truncate(params.also_max);
    let told = edition.told.get(&ranked.cluster.id).copied();
    let fresh = fresh(&ranked.cluster, edition);
    let mut news = if told.is_some() { news(&fresh) } else { Vec::new() };
    let news_more = news.len().saturating_sub(params.news_max);
    news.truncate(params.news_max);
    let news_at = news_at(&ranked, &fresh, told);
    let linked = linked(&ranked);
    let minutes = Load::of(&speaker.text).minutes(params);
    Story {
        headline: ranked.facts.headline.clone(),
        url: linked.and_then(|article| article.url.clone()),
        url_outlet: linked.map(|article| article.outlet.clone()).filter(|outlet| *outlet != speaker.outlet),
        outlet: speaker.outlet.clone(),
        summary: ranked.facts.summary.clone(),
        lang: ranked.facts.lang.clone(),
        headline_lang: speaker.lang.clone(),
        tags: ranked.facts.tags.clone(),
        section: section(&ranked.facts.tags, &params.sections),
        reading_minutes: (minutes > 1).then_some(minutes),
        text: paragraphs(&speaker.text, params.text_chars_max),
        coverage: Coverage::of(&ranked.cluster.members),
        also,
        also_more,
        told,
        news,
        news_more,
        news_at,
        id: ranked.cluster.code,
        facts: ranked.facts,
    }
}

/// The article that a story's link leads to: the representative, or, where that has no link, the one that a reader would have
/// in its place: of the highest priority, in words of its own, the earliest.
fn linked(ranked: &Ranked) -> Option<&Article> {
    let members = || ranked.cluster.members.iter().filter(|member| member.article.url.is_some());
    let best = || members().min_by_key(|member| (-i64::from(member.article.priority), member.copy_of.is_some()));
    let speaker = ranked.representative();
    if speaker.article.url.is_some() { Some(&speaker.article) } else { best().map(|member| &member.article) }
}

/// The articles that are news: those the edition names, else, of a story told before, what came since in words of its own.
fn fresh<'a>(cluster: &'a Cluster, edition: &Edition) -> Vec<&'a Article> {
    let (named, told) = (edition.news.get(&cluster.id), edition.told.get(&cluster.id));
    let is_fresh = |member: &&Member| match (named, told) {
        (Some(named), _) => named.contains(&member.article.id),
        (None, Some(told)) => member.copy_of.is_none() && member.article.seen > *told,
        (None, None) => false,
    };
    cluster.members.iter().filter(is_fresh).map(|member| &member.article).collect()
}

/// When the latest news was stored: that of the fresh articles; where there are none, the newest in words of its own that a reader
/// was told of.
fn news_at(ranked: &Ranked, fresh: &[&Article], told: Option<Timestamp>) -> Timestamp {
    let own = ranked.cluster.members.iter().filter(|member| member.copy_of.is_none()).map(|member| member.article.seen);
    let latest = match fresh.iter().map(|article| article.seen).max() {
        None => own.filter(|&seen| told.is_none_or(|told| seen <= told)).max(),
        latest => latest,
    };
    latest.unwrap_or(ranked.facts.first_seen)
}

fn news(fresh: &[&Article]) -> Vec<News> {
    let mut fresh: Vec<&Article> = fresh.to_vec();
    fresh.sort_by_key(|article| (std::cmp::Reverse(article.published), article.id));
    let news = |article: &Article| News {
        outlet: article.outlet.clone(),
        title: article.title.clone(),
        url: article.url.clone(),
        published: article.published,
    };
    fresh.into_iter().map(news).collect()
}

/// The first of a story's tags that has a section, or simply its first where sections are not told.
fn section(tags: &[String], sections: &[String]) -> Option<String> {
    if sections.is_empty() {
        return tags.first().cloned();
    }
    let of_tag = |tag: &String| sections.iter().find(|section| section.to_lowercase() == tag.to_lowercase());
    tags.iter().find_map(of_tag).cloned()
}

/// A text's paragraphs, whole ones only, until the next would go beyond so many characters; the first one always.
fn paragraphs(text: &str, chars_max: usize) -> Vec<String> {
    let mut chars = 0;
    let mut kept: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        chars += paragraph.chars().count();
        if chars > chars_max && !kept.is_empty() {
            break;
        }
        kept.push(paragraph.to_owned());
    }
    kept
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
    /// The stories in their sections: those asked for in the order in which they were, else the one with the best story
    /// first; what has none comes last. One section without a name where no story has one.
    pub fn sections(&self) -> Vec<Section<'_>> {
        let mut sections: Vec<Section<'_>> =
            self.section_tags.iter().map(|tag| Section { tag: Some(tag), stories: Vec::new() }).collect();
        for story in &self.stories {
            let tag = story.section.as_deref();
            match sections.iter_mut().find(|section| section.tag == tag) {
                Some(section) => section.stories.push(story),
                None => sections.push(Section { tag, stories: vec![story] }),
            }
        }
        sections.retain(|section| !section.stories.is_empty());
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

/// The formats of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What a template writes, the built-in one or a user's.
    Written(Form),
    /// JSON.
    Json,
    /// EPUB.
    Epub,
}

/// A digest in any format by its built-in template, as the bytes of its file.
pub fn render(digest: &Digest, zone: &TimeZone, format: Format) -> Vec<u8> {
    match format {
        Format::Written(form) => template::built_in(&DigestView::of(digest, zone), form).into_bytes(),
        Format::Json => json(digest).into_bytes(),
        Format::Epub => epub(digest, zone),
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

/// A digest as one HTML page that fetches nothing, fit for a browser, a mail client and a printer.
pub fn html(digest: &Digest, zone: &TimeZone) -> String {
    html::render(digest, zone)
}

/// A digest as an Atom feed (RFC 4287), one entry a story.
pub fn atom(digest: &Digest, zone: &TimeZone) -> String {
    atom::render(digest, zone)
}

/// A digest as the bytes of an EPUB 3 book.
pub fn epub(digest: &Digest, zone: &TimeZone) -> Vec<u8> {
    epub::render(digest, zone)
}

/// A digest as JSON, schema `newsfold.digest/1`.
pub fn json(digest: &Digest) -> String {
    json::render(digest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use crate::digest::{Digest, Edition, Params, atom, build, html, json, markdown, text};
    use crate::listing::plain::{is_unsafe, width};
    use crate::listing::samples::{at, check_expected, clusters, harvest, old, town, zone};
    use crate::model::ArticleId;

    fn edition() -> Edition {
        Edition {
            name: "daily".to_owned(),
            title: "Morning *paper* \u{1b}[1m".to_owned(),
            from: at("2026-02-12T06:00:00Z"),
            until: at("2026-02-13T15:00:00Z"),
            generated: at("2026-02-13T15:00:02Z"),
            told: BTreeMap::from([(old().cluster.id, at("2026-02-11T06:00:00Z"))]),
            news: BTreeMap::from([(old().cluster.id, vec![ArticleId(402)])]),
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
        check_expected("digest.html", &html(&digest(), &zone()));
        check_expected("digest.atom", &atom(&digest(), &zone()));
        let quiet = build(
            Vec::new(),
            &Edition { from: at("2026-02-13T06:00:00Z"), title: String::new(), ..edition() },
            &Params::default(),
        );
        check_expected("digest-empty.txt", &text(&quiet, &zone(), 76));
        check_expected("digest-empty.md", &markdown(&quiet, &zone()));
        check_expected("digest-empty.html", &html(&quiet, &zone()));
        check_expected("digest-empty.atom", &atom(&quiet, &zone()));
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

    #[test]
    fn sections_stand_in_the_order_asked_for_and_the_rest_comes_last() {
        let check = |sections: &[&str], expected: &[(Option<&str>, usize)]| {
            let params =
                Params { sections: sections.iter().map(|tag| (*tag).to_owned()).collect(), ..Params::default() };
            let digest = build(clusters(), &edition(), &params);
            let found: Vec<_> = digest.sections().iter().map(|section| (section.tag, section.stories.len())).collect();
            assert_eq!(found, expected, "{sections:?}");
        };
        check(&[], &[(Some("tech"), 3), (None, 1)]);
        check(&["sport"], &[(None, 4)]);
        check(&["Privacy", "Tech"], &[(Some("Tech"), 3), (None, 1)]);
        check(&["=1+1", "privacy"], &[(Some("=1+1"), 1), (Some("privacy"), 1), (None, 2)]);
    }

    #[test]
    fn an_update_names_its_news_and_a_copy_is_none() {
        let town = town();
        let id = town.cluster.id;
        let at_noon = at("2026-02-13T12:00:00Z");
        let check = |told: &[Timestamp], news: &[i64], params: &Params, expected: (&[&str], usize, &str)| {
            let edition = Edition {
                told: told.iter().map(|&at| (id, at)).collect(),
                news: BTreeMap::from([(id, news.iter().map(|&id| ArticleId(id)).collect())]),
                ..edition()
            };
            let edition = if news.is_empty() { Edition { news: BTreeMap::new(), ..edition } } else { edition };
            let story = build(vec![town.clone()], &edition, params).stories.swap_remove(0);
            let names: Vec<&str> = story.news.iter().map(|news| news.outlet.as_str()).collect();
            assert_eq!((names, story.news_more, story.news_at), (expected.0.to_vec(), expected.1, at(expected.2)));
        };
        let usual = Params::default();
        check(&[at_noon], &[104, 105], &usual, (&["The Daily Quill", "Kanal Sieben"], 0, "2026-02-13T11:57:00Z"));
        check(&[at_noon], &[104], &usual, (&["Kanal Sieben"], 0, "2026-02-13T08:22:00Z"));
        let few = Params { news_max: 1, ..Params::default() };
        let at_eight = at("2026-02-13T08:00:00Z");
        check(&[at_eight], &[], &few, (&["The Daily Quill"], 1, "2026-02-13T11:57:00Z"));
        check(&[at_noon], &[], &usual, (&[], 0, "2026-02-13T11:57:00Z"));
        check(&[at_eight], &[999], &usual, (&[], 0, "2026-02-12T22:47:00Z"));
        check(&[], &[], &usual, (&[], 0, "2026-02-13T11:57:00Z"));
        check(&[], &[104], &usual, (&[], 0, "2026-02-13T08:22:00Z"));
        // Without its last report the copy of 05:30 would be the newest but one: it moves nothing.
        let mut early = town.clone();
        early.cluster.members.truncate(3);
        let story = build(vec![early], &edition(), &usual).stories.swap_remove(0);
        assert_eq!(story.news_at, at("2026-02-12T22:47:00Z"));
    }

    #[test]
    fn a_link_leads_to_the_representative_or_else_to_whoever_is_preferred() {
        let check = |without: &[usize], expected: (Option<&str>, Option<&str>)| {
            let mut town = town();
            town.cluster.members[4].article.priority = 2;
            for &place in without {
                town.cluster.members[place].article.url = None;
            }
            let story = build(vec![town], &edition(), &Params::default()).stories.swap_remove(0);
            assert_eq!((story.url.as_deref(), story.url_outlet.as_deref()), expected, "{without:?}");
        };
        check(&[], (Some("https://lindbrookcourier.example/news/101"), None));
        check(&[0], (Some("https://thedailyquill.example/news/105"), Some("The Daily Quill")));
        check(&[0, 4], (Some("https://northernwire.example/news/102"), Some("Northern Wire")));
        check(&[0, 1, 2, 3, 4], (None, None));
    }

    #[test]
    fn how_long_it_takes_is_told_of_whole_texts_alone() {
        let check = |text: &str, expected: Option<u32>| {
            let mut town = town();
            town.cluster.members[0].article.text = text.to_owned();
            let digest = build(vec![town], &edition(), &Params::default());
            assert_eq!((digest.stories[0].reading_minutes, digest.reading_minutes), (expected, 1));
        };
        check("A lead.", None);
        check(&"word ".repeat(230), None);
        check(&"word ".repeat(900), Some(4));
        assert_eq!(build(Vec::new(), &edition(), &Params::default()).reading_minutes, 0);
    }
}
