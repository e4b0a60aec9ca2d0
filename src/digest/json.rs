//! Station: a digest as JSON, schema `newsfold.digest/1`.

use serde::Serialize;

use crate::digest::coverage::Coverage;
use crate::digest::{Digest, Section, Story};
use crate::listing::json::{Layout, document};
use crate::listing::plain::utc;

/// The digest as one document.
pub fn render(digest: &Digest) -> String {
    let counts = CountsShape {
        stories: digest.counts.stories,
        articles: digest.counts.articles,
        outlets: digest.counts.outlets,
        left_out: digest.counts.left_out,
    };
    let shape = DigestShape {
        schema: "newsfold.digest/1",
        name: &digest.name,
        title: &digest.title,
        from: utc(digest.from),
        until: utc(digest.until),
        generated: utc(digest.generated),
        reading_minutes: digest.reading_minutes,
        counts,
        sections: digest.sections().iter().map(section).collect(),
        stories: digest.stories.iter().map(story).collect(),
    };
    document(&shape, Layout::Indented)
}

#[derive(Serialize)]
struct DigestShape<'a> {
    schema: &'static str,
    name: &'a str,
    title: &'a str,
    from: String,
    until: String,
    generated: String,
    reading_minutes: u32,
    counts: CountsShape,
    sections: Vec<SectionShape<'a>>,
    stories: Vec<StoryShape<'a>>,
}

#[derive(Serialize)]
struct CountsShape {
    stories: usize,
    articles: usize,
    outlets: usize,
    left_out: usize,
}

#[derive(Serialize)]
struct SectionShape<'a> {
    tag: Option<&'a str>,
    stories: Vec<&'a str>,
}

#[derive(Serialize)]
struct CoverageShape {
    from: String,
    step_seconds: i64,
    own: Vec<u32>,
    copies: Vec<u32>,
}

#[derive(Serialize)]
struct NewsShape<'a> {
    outlet: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    published: String,
}

#[derive(Serialize)]
struct StoryShape<'a> {
    id: &'a str,
    headline: &'a str,
    url: Option<&'a str>,
    url_outlet: Option<&'a str>,
    outlet: &'a str,
    summary: &'a str,
    lang: Option<&'a str>,
    headline_lang: Option<&'a str>,
    tags: &'a [String],
    section: Option<&'a str>,
    reading_minutes: Option<u32>,
    update_of: Option<String>,
    news: Vec<NewsShape<'a>>,
    news_more: usize,
    news_at: String,
    first_published: String,
    last_published: String,
    first_seen: String,
    updated: String,
    article_count: usize,
    outlet_count: usize,
    independent_count: usize,
    also_covered_by: Vec<AlsoShape<'a>>,
    also_more: usize,
    coverage: Option<CoverageShape>,
}

#[derive(Serialize)]
struct AlsoShape<'a> {
    outlet: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    copy: bool,
}

fn story(story: &Story) -> StoryShape<'_> {
    let facts = &story.facts;
    let also = story.also.iter().map(|other| AlsoShape {
        outlet: &other.outlet,
        title: &other.title,
        url: other.url.as_deref(),
        copy: other.copy,
    });
    let news = story.news.iter().map(|news| NewsShape {
        outlet: &news.outlet,
        title: &news.title,
        url: news.url.as_deref(),
        published: utc(news.published),
    });
    StoryShape {
        id: &story.id.0,
        headline: &story.headline,
        url: story.url.as_deref(),
        url_outlet: story.url.as_ref().map(|_| story.url_outlet.as_deref().unwrap_or(&story.outlet)),
        outlet: &story.outlet,
        summary: &story.summary,
        lang: story.lang.as_deref(),
        headline_lang: story.headline_lang.as_deref(),
        tags: &story.tags,
        section: story.section.as_deref(),
        reading_minutes: story.reading_minutes,
        update_of: story.told.map(utc),
        news: news.collect(),
        news_more: story.news_more,
        news_at: utc(story.news_at),
        first_published: utc(facts.first_published),
        last_published: utc(facts.last_published),
        first_seen: utc(facts.first_seen),
        updated: utc(facts.updated),
        article_count: facts.article_count,
        outlet_count: facts.outlet_count(),
        independent_count: facts.independent_count,
        also_covered_by: also.collect(),
        also_more: story.also_more,
        coverage: story.coverage.as_ref().map(coverage),
    }
}

fn section<'a>(section: &Section<'a>) -> SectionShape<'a> {
    SectionShape { tag: section.tag, stories: section.stories.iter().map(|story| story.id.0.as_str()).collect() }
}

fn coverage(coverage: &Coverage) -> CoverageShape {
    CoverageShape {
        from: utc(coverage.from),
        step_seconds: coverage.step_seconds,
        own: coverage.bars.iter().map(|bar| bar.own).collect(),
        copies: coverage.bars.iter().map(|bar| bar.copies).collect(),
    }
}
