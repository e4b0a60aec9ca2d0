//! Conductor: digests as they are ordered, by the command line and by the config.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::tz::TimeZone;

use crate::app::context::{Context, Failure};
use crate::app::stored::{query, rank_sort};
use crate::cell;
use crate::cli::{Covers, DigestArgs, DigestFormat, Place};
use crate::config::DigestSection;
use crate::desk::{Order, OwnTemplate, Post};
use crate::digest::Params;
use crate::fetch::error::one_line;
use crate::mail::{Address, Server};
use crate::rank::Sort;
use crate::schedule::timetable::Timetable;
use crate::store::Query;
use crate::taste::Taste;

/// No template is longer.
const TEMPLATE_BYTES_MAX: u64 = 1 << 20;

/// What the command line asks for, with the settings of the digest of that name where the config has one.
///
/// # Errors
/// When they make no sense.
pub fn of_args(context: &Context, args: &DigestArgs) -> Result<Order, Failure> {
    let name = name(args);
    let section = context.config.digests.iter().find(|section| section.name == name);
    // Where it goes is for its editions; who names another place wants it there.
    let is_own_place = args.covers == Covers::SinceLast && args.out.is_none() && !args.mail;
    let posting = if is_own_place { Posting::Wanted } else { Posting::Unwanted };
    let mut order = match section {
        Some(section) => of_section(context, section, posting)?,
        None => usual(context, name),
    };
    let asked = query(context, &args.filter, &order.zone)?;
    order.query = Query {
        since: None,
        until: None,
        tags: if asked.tags.is_empty() { order.query.tags } else { asked.tags },
        outlets_min: asked.outlets_min.max(order.query.outlets_min),
        ..asked
    };
    if args.filter.unmuted {
        order.taste = Taste::default();
    }
    order.first_since = args.filter.since.or(order.first_since);
    order.sort = rank_sort(args.sort);
    order.params.stories_max = args.top.unwrap_or(order.params.stories_max);
    order.format = args.format.unwrap_or(order.format);
    if !args.sections.is_empty() {
        order.params.sections.clone_from(&args.sections);
    }
    if let Some(path) = &args.template {
        order.template = Some(template(path)?);
    }
    if !is_own_place {
        order.out = match &args.out {
            Some(Place::File(path)) => Some(path.clone()),
            _ => None,
        };
        order.post = match args.mail {
            true => Some(post(context, section.map(|section| section.mail.as_slice()).unwrap_or_default())?),
            false => None,
        };
    }
    Ok(order)
}

/// The zone of a digest's times: its section's, else the usual one.
pub fn zone(context: &Context, name: &str) -> TimeZone {
    let section = context.config.digests.iter().find(|section| section.name == name);
    section.and_then(|section| section.zone.clone()).unwrap_or_else(|| context.global.zone.clone())
}

/// The digest's name that is typed, or the usual one.
pub fn name(args: &DigestArgs) -> String {
    args.name.clone().unwrap_or_else(|| "newsfold".to_owned())
}

/// The digests of the config that have a schedule, in the order of their names. One that cannot be made as the config stands is told in the
/// log and holds up no other.
pub fn scheduled(context: &Context) -> Vec<Order> {
    let sections = context.config.digests.iter().filter(|section| section.schedule.is_some());
    let order = |section: &DigestSection| match of_section(context, section, Posting::Wanted) {
        Ok(order) => Some(order),
        Err(failure) => {
            let why = one_line(failure.error.as_ref());
            tracing::error!(digest = section.name, "it is not made until the config is mended: {why}");
            None
        }
    };
    sections.filter_map(order).collect()
}

/// Whether a digest is to be mailed, as its section says, or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Posting {
    Wanted,
    Unwanted,
}

/// The server that takes mail.
///
/// # Errors
/// When the config names none, or its password cannot be read.
pub fn server(context: &Context) -> Result<Server, Failure> {
    let mail = &context.config.mail;
    let Some(server) = &mail.smtp else {
        return Err(Failure::misused(anyhow!(
            "there is no mail server: `[mail] smtp` names one, such as \"smtps://me@mail.example.org\""
        )));
    };
    let password = mail.password().map_err(Failure::misused)?;
    match (server.user(), &password) {
        (Some(user), None) => {
            let hint = "`[mail] password_file` names a file that holds it";
            return Err(Failure::misused(anyhow!(
                "`[mail] smtp` names the user `{user}` and there is no password; {hint}"
            )));
        }
        (None, Some(_)) => {
            let hint = "write it as smtps://me@mail.example.org";
            return Err(Failure::misused(anyhow!(
                "there is a password for mail and `[mail] smtp` names no user; {hint}"
            )));
        }
        _ => {}
    }
    Ok(server.clone().with_password(password.map(|password| password.reveal().to_owned())))
}

fn of_section(context: &Context, section: &DigestSection, posting: Posting) -> Result<Order, Failure> {
    let zone = zone(context, &section.name);
    let usual = usual(context, section.name.clone());
    let timetable = section.schedule.as_ref().map(|text| Timetable::parse(text, zone.clone())).transpose();
    Ok(Order {
        query: Query { tags: section.tags.clone(), outlets_min: section.min_outlets, ..Query::default() },
        first_since: section.since,
        params: Params {
            stories_max: section.top.unwrap_or(usual.params.stories_max),
            sections: section.sections.clone(),
            ..usual.params
        },
        template: section.template.as_deref().map(template).transpose()?,
        format: section.format,
        out: section.out.clone(),
        post: match posting {
            Posting::Wanted if !section.mail.is_empty() => Some(post(context, &section.mail)?),
            _ => None,
        },
        timetable: timetable.map_err(Failure::misused)?,
        zone,
        ..usual
    })
}

fn usual(context: &Context, name: String) -> Order {
    let zone: TimeZone = context.global.zone.clone();
    Order {
        name,
        query: Query::default(),
        taste: context.taste(),
        rank: context.rank_params(),
        first_since: None,
        sort: Sort::Rank,
        params: Params::default(),
        format: DigestFormat::Text,
        zone,
        template: None,
        out: None,
        post: None,
        letterhead: context.config.mail.from.clone().map(|from| Post { from, to: context.config.mail.to.clone() }),
        timetable: None,
    }
}

fn template(path: &Path) -> Result<OwnTemplate, Failure> {
    let mut source = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(TEMPLATE_BYTES_MAX + 1).read_to_string(&mut source));
    read.with_context(|| format!("cannot read the template `{}`", path.display())).map_err(Failure::misused)?;
    if source.len() as u64 > TEMPLATE_BYTES_MAX {
        return Err(Failure::misused(anyhow!("the template `{}` is longer than 1 MiB", path.display())));
    }
    let program = cell::own_program().context("cannot find out which program this is").map_err(Failure::misused)?;
    Ok(OwnTemplate { name: path.display().to_string(), source, program })
}

/// From whom and to whom: those that are named, else those of `[mail]`.
fn post(context: &Context, to: &[Address]) -> Result<Post, Failure> {
    let mail = &context.config.mail;
    let to = if to.is_empty() { &mail.to } else { to };
    match &mail.from {
        Some(from) if !to.is_empty() => Ok(Post { from: from.clone(), to: to.to_vec() }),
        _ => Err(Failure::misused(anyhow!(
            "whom is the mail from and to? `[mail]` needs `from`, such as \"news@example.org\", and `to`"
        ))),
    }
}
