//! Station: a digest as a book for e-readers, EPUB 3.3: a page of contents, and a page for each story with as much of its text as
//! the feed gave. Equal digests make equal bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use jiff::tz::TimeZone;
use minijinja::context;
use minijinja::value::{Serde, Value};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::digest::Digest;
use crate::digest::template::Pages;
use crate::digest::view::DigestView;

const CONTAINER: &str = include_str!("templates/container.xml");
const PACKAGE: &str = include_str!("templates/package.opf");
const CONTENTS: &str = include_str!("templates/contents.xhtml");
const STORY: &str = include_str!("templates/story.xhtml");
const STYLE: &str = include_str!("templates/book.css");

/// The digest as the bytes of an EPUB file.
pub fn render(digest: &Digest, zone: &TimeZone) -> Vec<u8> {
    let view = DigestView::of(digest, zone);
    let root = Value::from(Serde(&view));
    let languages = languages(&view);
    let mut book = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, text: &str, method: CompressionMethod| {
        // A fixed date, so that equal digests make equal bytes; ZIP knows none before 1980.
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        book.start_file(name, options).expect("names are short and each is used once");
        book.write_all(text.as_bytes()).expect("memory takes what is written");
    };
    // The type comes first and as it is, so that it stands at a fixed place in the file (OCF 3.3, 4.2.3).
    add("mimetype", "application/epub+zip", CompressionMethod::Stored);
    let mut add = |name: &str, text: &str| add(name, text, CompressionMethod::Deflated);
    let pages = Pages::new(&[("package", PACKAGE), ("contents", CONTENTS), ("story", STORY)]);
    add("META-INF/container.xml", CONTAINER);
    add("EPUB/package.opf", &pages.render("package", context! { digest => root.clone(), languages }));
    add("EPUB/contents.xhtml", &pages.render("contents", context! { digest => root.clone() }));
    add("EPUB/book.css", STYLE);
    for story in view.sections.iter().flat_map(|section| &section.stories) {
        let page = pages.render("story", context! { digest => root.clone(), story => Serde(story) });
        add(&format!("EPUB/story-{}.xhtml", story.place), &page);
    }
    book.finish().expect("memory takes what is written").into_inner()
}

/// The languages of the stories, the most common first: the first is the book's own.
fn languages(view: &DigestView) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for lang in view.sections.iter().flat_map(|section| &section.stories).filter_map(|story| story.lang.as_deref()) {
        *counts.entry(lang).or_default() += 1;
    }
    let mut languages: Vec<(&str, usize)> = counts.into_iter().collect();
    languages.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    let languages: Vec<String> = languages.into_iter().map(|(lang, _)| lang.to_owned()).collect();
    if languages.is_empty() { vec!["en".to_owned()] } else { languages }
}
