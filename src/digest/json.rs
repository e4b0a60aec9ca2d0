//! Station: a digest as JSON, schema `newsfold.digest/1`.

use serde::Serialize;

use crate::digest::{Digest, Story};
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
        counts,
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
    counts: CountsShape,
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
struct StoryShape<'a> {
    id: &'a str,
    headline: &'a str,
    url: Option<&'a str>,
    outlet: &'a str,
    summary: &'a str,
    lang: Option<&'a str>,
    tags: &'a [String],
    update_of: Option<String>,
    first_published: String,
    last_published: String,
    first_seen: String,
    updated: String,
    article_count: usize,
    outlet_count: usize,
    independent_count: usize,
    also_covered_by: Vec<AlsoShape<'a>>,
    also_more: usize,
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
    StoryShape {
        id: &story.id.0,
        headline: &story.headline,
        url: story.url.as_deref(),
        outlet: &story.outlet,
        summary: &story.summary,
        lang: story.lang.as_deref(),
        tags: &story.tags,
        update_of: story.told.map(utc),
        first_published: utc(facts.first_published),
        last_published: utc(facts.last_published),
        first_seen: utc(facts.first_seen),
        updated: utc(facts.updated),
        article_count: facts.article_count,
        outlet_count: facts.outlet_count(),
        independent_count: facts.independent_count,
        also_covered_by: also.collect(),
        also_more: story.also_more,
    }
}
