//! Conductor: `digest`: clusters exported for a reader.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::stored::{query, ranked};
use crate::cli::{DigestArgs, DigestFormat, Exit};
use crate::digest::{self, Edition, Params};
use crate::model::Ranked;

/// The width of a text digest in columns: what every mail client and terminal shows unbroken.
const TEXT_COLUMNS: usize = 76;

/// Exports a digest of the clusters that fit the filter.
///
/// # Errors
/// When there is no database, the filter makes no sense, or the file cannot be written.
pub fn digest(context: &Context, args: &DigestArgs) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let query = query(context, &args.filter)?;
    let clusters = ranked(context, store.clusters(&query)?, args.sort);
    let until = query.until.unwrap_or(context.now);
    let from = query.since.unwrap_or_else(|| earliest(&clusters).unwrap_or(until));
    let name = args.name.clone().unwrap_or_else(|| "newsfold".to_owned());
    let edition = Edition {
        title: name.clone(),
        name,
        from,
        until,
        generated: context.now,
        told: BTreeMap::new(),
        news: BTreeMap::new(),
    };
    let usual = Params::default();
    let params = Params { stories_max: args.top.unwrap_or(usual.stories_max), ..usual };
    let digest = digest::build(clusters, &edition, &params);
    let zone = &context.global.zone;
    let text = match args.format {
        DigestFormat::Text => digest::text(&digest, zone, TEXT_COLUMNS),
        DigestFormat::Markdown => digest::markdown(&digest, zone),
        DigestFormat::Json => digest::json(&digest),
    };
    context.write(&args.out, &text)
}

/// Without `--since` a digest covers everything stored, and is dated so.
fn earliest(clusters: &[Ranked]) -> Option<Timestamp> {
    clusters.iter().map(|ranked| ranked.facts.last_published).min()
}
