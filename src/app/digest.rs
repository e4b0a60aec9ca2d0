//! Conductor: `digest`: clusters exported for a reader.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::stored::{query, ranked, wanted};
use crate::cli::{DigestArgs, DigestFormat, Exit, Place};
use crate::digest::template::{Form, Template, TemplateError};
use crate::digest::{self, Edition, Format, Params};
use crate::model::Ranked;

/// The width of a text digest in columns: what every mail client and terminal shows unbroken.
const TEXT_COLUMNS: usize = 76;
/// No template is longer.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;

/// Exports a digest of the clusters that fit the filter, or prints a built-in template.
///
/// # Errors
/// When there is no database, the filter makes no sense, a template is at fault, or the file cannot be written.
pub fn digest(context: &Context, args: &DigestArgs) -> Result<Exit, Failure> {
    if let Some(format) = args.print_template {
        return match self::format(format) {
            Format::Written(form) => context.write(&args.out, form.built_in()),
            _ => Err(Failure::misused(TemplateError::no_such_format("--print-template"))),
        };
    }
    let format = format(args.format);
    if format == Format::Epub && args.out == Place::Standard && context.terminal.is_terminal_stdout {
        return Err(Failure::misused(anyhow!("a book is nothing for a terminal: name a file with --out FILE")));
    }
    let source = args.template.as_deref().map(template).transpose()?;
    let name = args.template.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
    let template = source.as_deref().map(|source| Template { name: &name, source });

    let store = context.reader()?;
    let query = query(context, &args.filter)?;
    let clusters = ranked(context, wanted(context, &args.filter, store.clusters(&query)?), args.sort);
    let until = query.until.unwrap_or(context.now);
    let from = query.since.unwrap_or_else(|| earliest(&clusters).unwrap_or(until));
    let name = args.name.clone().unwrap_or_else(|| "newsfold".to_owned());
    let (told, news) = (BTreeMap::new(), BTreeMap::new());
    let edition = Edition { title: name.clone(), name, from, until, generated: context.now, told, news };
    let usual = Params::default();
    let params =
        Params { stories_max: args.top.unwrap_or(usual.stories_max), sections: args.sections.clone(), ..usual };
    let digest = digest::build(clusters, &edition, &params);
    let bytes = digest::render(&digest, &context.global.zone, format, template).map_err(Failure::misused)?;
    context.write_bytes(&args.out, &bytes)
}

/// What the format typed means.
fn format(typed: DigestFormat) -> Format {
    match typed {
        DigestFormat::Text => Format::Written(Form::Text { columns: TEXT_COLUMNS }),
        DigestFormat::Markdown => Format::Written(Form::Markdown),
        DigestFormat::Html => Format::Written(Form::Html),
        DigestFormat::Atom => Format::Written(Form::Atom),
        DigestFormat::Json => Format::Json,
        DigestFormat::Epub => Format::Epub,
    }
}

fn template(path: &Path) -> Result<String, Failure> {
    let mut source = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(TEMPLATE_BYTES_MAX + 1).read_to_string(&mut source));
    read.with_context(|| format!("cannot read the template `{}`", path.display())).map_err(Failure::misused)?;
    if source.len() as u64 > TEMPLATE_BYTES_MAX {
        return Err(Failure::misused(anyhow!("the template `{}` is longer than 1 MiB", path.display())));
    }
    Ok(source)
}

/// Without `--since` a digest covers everything stored, and is dated so.
fn earliest(clusters: &[Ranked]) -> Option<Timestamp> {
    clusters.iter().map(|ranked| ranked.facts.last_published).min()
}
