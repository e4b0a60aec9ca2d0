//! Station: answers for a terminal: they fit its width, and have colour where it is wanted.

use std::cmp::Ordering;

use anstyle::Style as Ink;

use crate::listing::fragment::marked;
use crate::listing::page::{BAD, BOLD, DIM, GOOD, MATCH, PLAIN, Page};
use crate::listing::plain::{
    ago, count, coverage, date, fit, headline, line, link, moment, names, pad, percent, span, time_of_day, voices,
    width, wrap,
};
use crate::listing::reasons::Account;
use crate::listing::sought::Sought;
use crate::listing::{Piece, Search, Shown, Style};
use crate::model::{How, Member, Ranked};

/// Below this, ids stand under the headlines instead of beside them.
const ROOMY_COLUMNS: usize = 72;

/// Running text is not set wider than this, however wide the terminal.
const TEXT_COLUMNS_MAX: usize = 96;

/// A list of clusters: headline, and under it how many report it, when, and who.
pub fn clusters(clusters: &[Ranked], style: &Style) -> String {
    let mut page = Page::of(style);
    let ids = clusters.iter().map(|ranked| width(&ranked.cluster.code.0)).max().unwrap_or(0);
    for ranked in clusters {
        page.head(ranked, ids, style);
    }
    page.out
}

/// One cluster: headline, summary, then its articles in time order.
pub fn show(shown: &Shown, style: &Style) -> String {
    let (ranked, facts) = (&shown.ranked, &shown.ranked.facts);
    let mut page = Page::of(style);
    for words in wrap(&headline(&facts.headline), page.columns) {
        page.line(&[(BOLD, &words)]);
    }
    let mut about = vec![ranked.cluster.code.to_string(), coverage(facts)];
    let lasted = facts.last_published.as_second() - facts.first_published.as_second();
    if lasted >= 60 {
        about.push(format!("within {}", span(lasted.unsigned_abs())));
    }
    about.extend(facts.lang.iter().chain(&facts.tags).map(|word| line(word)));
    page.line(&[(DIM, &fit(&about.join(" · "), page.columns))]);
    page.out.push('\n');
    let summary = wrap(&line(&facts.summary), page.columns.min(TEXT_COLUMNS_MAX));
    for words in &summary {
        page.line(&[(PLAIN, words)]);
    }
    if !summary.is_empty() {
        page.out.push('\n');
    }
    let mut day = String::new();
    for member in &ranked.cluster.members {
        let today = date(member.article.published, &style.zone);
        if day != today {
            page.line(&[(DIM, &today)]);
            day = today;
        }
        page.article(member, shown, style);
    }
    for (place, related) in shown.related.iter().enumerate() {
        if place == 0 {
            page.section("Related");
        }
        let told =
            format!("{:<7}  {}  {}", related.when(), date(related.first_published, &style.zone), related.cluster.code);
        let room = page.columns.saturating_sub(width(&told) + 4);
        page.line(&[
            (PLAIN, "  "),
            (DIM, &told),
            (PLAIN, "  "),
            (PLAIN, &fit(&headline(&related.cluster.headline), room)),
        ]);
    }
    page.out
}

/// What a search found: clusters, and under each the articles that match.
pub fn search(search: &Search, style: &Style) -> String {
    if search.found.is_empty() {
        return "Nothing found.\n".to_owned();
    }
    let mut page = Page::of(style);
    let sought = Sought::of(&search.query);
    let ids = search.found.iter().map(|found| width(&found.ranked.cluster.code.0)).max().unwrap_or(0);
    for found in &search.found {
        page.head(&found.ranked, ids, style);
        let indent = page.indent(ids);
        for (hit, member) in found.articles() {
            let outlet = fit(&line(&member.article.outlet), (page.columns - indent) / 3);
            let room = page.columns.saturating_sub(indent + width(&outlet) + 2);
            let title = marked(&fit(&headline(&member.article.title), room), &sought);
            let (indented, outlet) = (" ".repeat(indent), format!("{outlet}: "));
            let inked = title.iter().map(|piece| (if piece.matched().is_some() { MATCH } else { PLAIN }, piece.text()));
            let words: Vec<(Ink, &str)> =
                [(PLAIN, indented.as_str()), (DIM, &outlet)].into_iter().chain(inked).collect();
            page.line(&words);
            page.fragment(&hit.snippet, indent + 2);
        }
    }
    page.out
}

/// Reasons in sentences, and every piece of evidence where all is to be told.
pub fn reasons(account: &Account, style: &Style) -> String {
    let mut page = Page::of(style);
    for sentence in &account.sentences {
        for words in wrap(sentence, page.columns) {
            page.line(&[(PLAIN, &words)]);
        }
    }
    for balance in &account.balances {
        page.out.push('\n');
        page.line(&[(BOLD, &fit(&balance.title, page.columns))]);
        let names =
            balance.parts.iter().map(|part| width(&part.what)).max().unwrap_or(0).clamp(4, page.columns / 3 - 1);
        page.line(&[(DIM, &format!("{:>8}  {}  {:>8}  shared", "weight", pad("what", names), "value"))]);
        for part in &balance.parts {
            let room = page.columns.saturating_sub(names + 22);
            let rest =
                format!("  {}  {:>8}  {}", pad(&fit(&part.what, names), names), part.value, fit(&part.shared, room));
            let ink = match part.leaning {
                Ordering::Greater => GOOD,
                Ordering::Less => BAD,
                Ordering::Equal => DIM,
            };
            page.line(&[(ink, &format!("{:>8}", part.weight)), (PLAIN, rest.trim_end())]);
        }
    }
    page.out
}

/// Names and values in two columns.
pub fn pairs(pairs: &[(&str, String)], style: &Style) -> String {
    let mut page = Page::of(style);
    let names = pairs.iter().map(|(name, _)| width(&line(name))).max().unwrap_or(0);
    for (name, value) in pairs {
        let values = wrap(&line(value), page.columns.saturating_sub(names + 2).max(20));
        for (place, words) in values.iter().enumerate() {
            let name = if place == 0 { line(name) } else { String::new() };
            page.line(&[(DIM, &pad(&name, names)), (PLAIN, "  "), (PLAIN, words)]);
        }
    }
    page.out
}

/// Where an article's words stand under its time of day.
const INDENT: &str = "         ";

impl Page {
    /// Where words stand that belong to a cluster.
    fn indent(&self, ids: usize) -> usize {
        if self.columns >= ROOMY_COLUMNS { ids + 2 } else { 2 }
    }

    /// A cluster's two lines.
    fn head(&mut self, ranked: &Ranked, ids: usize, style: &Style) {
        let facts = &ranked.facts;
        let indent = self.indent(ids);
        let title = headline(&facts.headline);
        let mut about = ago(facts.last_published, style);
        // One article of one outlet says no more than that outlet's name; and where each outlet has one, articles are outlets.
        match (facts.article_count, facts.outlet_count()) {
            (1, _) => {}
            (articles, outlets) if articles == outlets => about.push_str(&format!(" · {}", voices(facts))),
            _ => about.push_str(&format!(" · {}", coverage(facts))),
        }
        if self.columns >= ROOMY_COLUMNS {
            let id = pad(&ranked.cluster.code.0, indent);
            self.line(&[(DIM, &id), (BOLD, &fit(&title, self.columns - indent))]);
        } else {
            self.line(&[(BOLD, &fit(&title, self.columns))]);
            about = format!("{} · {about}", ranked.cluster.code);
        }
        let room = self.columns.saturating_sub(indent + width(&about) + 3);
        if room >= 10 {
            about.push_str(&format!(" · {}", names(&facts.outlets, room)));
        }
        self.line(&[(PLAIN, &" ".repeat(indent)), (DIM, &fit(&about, self.columns - indent))]);
    }

    /// An article on the line of time: when, who, and how long after the story broke; what it says, and how that changed.
    fn article(&mut self, member: &Member, shown: &Shown, style: &Style) {
        let article = &member.article;
        let room = self.columns - INDENT.len();
        let after = article.published.as_second() - shown.ranked.facts.first_published.as_second();
        let part = match (shown.broken_by == Some(article.id), shown.copied(member)) {
            (true, _) => "broke it".to_owned(),
            (_, Some(outlet)) => format!("repeats {}", line(outlet)),
            _ if after >= 60 => format!("{} later", span(after.unsigned_abs())),
            _ => String::new(),
        };
        let part = fit(&part, room / 2);
        let outlet = fit(&line(&article.outlet), room.saturating_sub(width(&part) + 2));
        let time = format!("  {}  ", time_of_day(article.published, &style.zone));
        self.line(&[(DIM, &time), (BOLD, &outlet), (PLAIN, "  "), (DIM, &part)]);
        for words in wrap(&headline(&article.title), room) {
            self.line(&[(PLAIN, INDENT), (PLAIN, &words)]);
        }
        if let Some(url) = article.url.as_deref().and_then(link) {
            self.line(&[(PLAIN, INDENT), (DIM, &url)]);
        }
        self.line(&[(PLAIN, INDENT), (DIM, &fit(&standing(member), room))]);
        for change in shown.changes(member) {
            let when = moment(change.at, &style.zone);
            let told = match change.before == change.after {
                true => format!("{when}: other words under the same title"),
                false => format!("{when}: “{}” → “{}”", headline(change.before), headline(change.after)),
            };
            for words in wrap(&told, room) {
                self.line(&[(PLAIN, INDENT), (DIM, &words)]);
            }
        }
    }

    /// A fragment of a text, with what was looked for in ink.
    fn fragment(&mut self, pieces: &[Piece], indent: usize) {
        let mut room = self.columns.saturating_sub(indent);
        let spaces = " ".repeat(indent);
        let mut words: Vec<(Ink, String)> = vec![(PLAIN, spaces)];
        for piece in pieces {
            // A mark on either side keeps the spaces where two pieces meet, which a safe line alone would trim.
            let framed = line(&format!("|{}|", piece.text()));
            let text = framed.strip_prefix('|').and_then(|text| text.strip_suffix('|')).unwrap_or_default();
            let kept = fit(text, room);
            room = room.saturating_sub(width(&kept));
            words.push((if piece.matched().is_some() { MATCH } else { DIM }, kept));
        }
        if !pieces.is_empty() {
            self.line(&words.iter().map(|(ink, words)| (*ink, words.as_str())).collect::<Vec<_>>());
        }
    }
}

/// `a7f3k2m9qd · joined, 97 % sure · copy of a123 · revision 2`.
fn standing(member: &Member) -> String {
    let (article, joined) = (&member.article, &member.joined);
    let mut words = vec![article.code.to_string()];
    words.push(match joined.how {
        How::Founded => "first of its story".to_owned(),
        How::Corrected => "put here by a person".to_owned(),
        How::Joined => format!("joined, {} sure", percent(joined.probability)),
        How::Merged => format!("merged, {} sure", percent(joined.probability)),
        How::Split => format!("split off, {} sure", percent(joined.probability)),
    });
    words.extend(member.copy_of.as_ref().map(|original| format!("copy of {original}")));
    if article.revision > 1 {
        words.push(format!("revision {}", article.revision));
    }
    if !article.also_in.is_empty() {
        words.push(format!("also in {}", count(article.also_in.len(), "feed")));
    }
    words.join(" · ")
}
