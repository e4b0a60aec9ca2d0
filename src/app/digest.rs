//! Conductor: `digest`: clusters exported for a reader, once or edition by edition.

use std::collections::BTreeMap;

use anyhow::anyhow;
use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::orders;
use crate::app::seen::{Dismissals, Dismissed, Look};
use crate::app::stored::{query, ranked, wanted};
use crate::cli::{Covers, DigestArgs, DigestFormat, Exit, Place};
use crate::desk::{self, Composed, Delivery, DeskError, Order};
use crate::digest::template::TemplateError;
use crate::digest::{self, Edition, Format};
use crate::fetch::error::one_line;
use crate::mail::Server;
use crate::model::{Cluster, Ranked};
use crate::store::Store;

/// Mails of before that are sent along with a new one.
const MAILS_MAX: usize = 50;

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Failure {
        match error {
            DeskError::Store(error) => error.into(),
            DeskError::Moment(error) => Failure::misused(error),
            DeskError::Template(error) => Failure::misused(error),
            error => anyhow::Error::from(error).into(),
        }
    }
}

/// Exports a digest: of the clusters that fit the filter, of what is new, or the next edition of its name. Or prints a built-in
/// template.
///
/// # Errors
/// When there is no database, the filter makes no sense, a template is at fault, or it cannot be written or sent; an edition that was not written or put
/// into the outbox is not recorded.
pub fn digest(context: &Context, args: &DigestArgs) -> Result<Exit, Failure> {
    if let Some(format) = args.print_template {
        return match desk::format(format) {
            Some(Format::Written(form)) => {
                context.write(args.out.as_ref().unwrap_or(&Place::Standard), form.built_in())
            }
            _ => Err(Failure::misused(TemplateError::no_such_format("--print-template"))),
        };
    }
    let order = orders::of_args(context, args)?;
    let is_book_shown = order.format == DigestFormat::Epub && order.out.is_none() && is_printed(args, &order);
    if is_book_shown && context.terminal.is_terminal_stdout {
        return Err(Failure::misused(anyhow!("a book is nothing for a terminal: name a file with --out FILE")));
    }
    // Before anything is made that could not be sent.
    let server = order.post.as_ref().map(|_| orders::server(context)).transpose()?;
    match args.covers {
        Covers::SinceLast => edition(context, args, &order, server.as_ref()),
        Covers::Filter | Covers::New => export(context, args, order, server.as_ref()),
    }
}

/// The next edition.
fn edition(context: &Context, args: &DigestArgs, order: &Order, server: Option<&Server>) -> Result<Exit, Failure> {
    query(context, &args.filter)?;
    let mut composed = desk::compose(&context.reader()?, order, context.now)?;
    if composed.is_empty() {
        composed.edition.letter = None;
        context.tell(&format!("nothing new for `{}` since {}", order.name, when(order, composed.digest.from)));
    }
    if let Some(letter) = &mut composed.edition.letter {
        // This process sends it: nobody else is to begin meanwhile.
        letter.next_attempt = desk::attempt_ends(context.now);
    }
    let delivery = match &order.out {
        Some(out) => match desk::file_of(out, order, &composed.edition) {
            // It would take the place of the last one that told something.
            path if composed.is_empty() && path.exists() => {
                context.tell(&format!("`{}` stays as it is", path.display()));
                Delivery::None
            }
            path => Delivery::File(path),
        },
        None if is_printed(args, order) && !context.print_bytes(composed.body())? => {
            context.tell("it was not read to its end, so it does not count: the next one brings it again");
            return Ok(Exit::Done);
        }
        None => Delivery::None,
    };
    let mut store = context.store()?;
    let letter = desk::record(&mut store, &composed, &delivery)?;
    told(context, order, &composed, &delivery);
    send(context, &mut store, letter, server)
}

/// What was made, and where it went, for whoever watches.
fn told(context: &Context, order: &Order, composed: &Composed, delivery: &Delivery) {
    if let Delivery::File(path) = delivery {
        let (name, number) = (&order.name, composed.edition.number);
        let stories = match composed.edition.stories {
            1 => "1 story".to_owned(),
            number => format!("{number} stories"),
        };
        context.tell(&format!("`{name}` number {number}, {stories}: wrote `{}`", path.display()));
    }
}

/// A digest that is mailed is not printed as well, unless that is asked for.
fn is_printed(args: &DigestArgs, order: &Order) -> bool {
    order.post.is_none() || args.out == Some(Place::Standard)
}

fn when(order: &Order, moment: Timestamp) -> String {
    moment.to_zoned(order.zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// A digest that is no edition: it records nothing but, for `--new`, how far it came.
fn export(context: &Context, args: &DigestArgs, order: Order, server: Option<&Server>) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let mut query = query(context, &args.filter)?;
    query.tags = order.query.tags.clone();
    query.outlets_min = order.query.outlets_min;
    let mut since = None;
    let (look, mut clusters): (Option<Look>, Vec<Cluster>) = match args.covers {
        Covers::New => {
            let (look, clusters) = Look::take(&store, &query, "digest", &order.name)?;
            since = look.since;
            (Some(look), clusters)
        }
        _ => (None, store.clusters(&query)?),
    };
    Dismissals::read(&store)?.sift(&mut clusters, Dismissed::Hidden);
    let clusters = ranked(context, wanted(context, &args.filter, clusters), args.sort);
    let offered: Vec<_> = clusters.iter().map(|ranked| (ranked.cluster.code.clone(), ranked.cluster.id)).collect();
    let until = query.until.unwrap_or(context.now);
    let from = query.since.or(since).unwrap_or_else(|| earliest(&clusters).unwrap_or(until));
    let edition = Edition {
        title: order.name.clone(),
        name: order.name.clone(),
        from,
        until,
        generated: context.now,
        told: BTreeMap::new(),
        news: BTreeMap::new(),
    };
    let digest = digest::build(clusters, &edition, &order.params);
    let body = desk::render(&store, &order, &digest, desk::number_of(context.now))?;
    let letter = desk::letter(&store, &order, &digest, desk::number_of(context.now))?;
    drop(store);
    let whole = match &args.out {
        Some(place) => context.write_bytes(place, &body)?,
        None if is_printed(args, &order) => context.print_bytes(&body)?,
        None => true,
    };
    let letter = match letter {
        Some(mut letter) => {
            letter.next_attempt = desk::attempt_ends(context.now);
            Some(context.store()?.post(&letter)?)
        }
        None => None,
    };
    if let Some(look) = look.filter(|_| whole) {
        let is_told = |code| digest.stories.iter().any(|story| story.id == code);
        look.shown(
            context,
            offered.into_iter().filter(|(code, _)| !is_told(code.clone())).map(|(_, id)| id).collect(),
        )?;
    }
    match letter {
        Some(letter) => send(context, &mut context.store()?, Some(letter), server),
        None => Ok(Exit::Done),
    }
}

/// Without `--since` a digest covers everything stored, and is dated so.
fn earliest(clusters: &[Ranked]) -> Option<Timestamp> {
    clusters.iter().map(|ranked| ranked.facts.last_published).min()
}

/// Hands a letter over that this process has put into the outbox, and then what waits there since before.
fn send(context: &Context, store: &mut Store, letter: Option<i64>, server: Option<&Server>) -> Result<Exit, Failure> {
    let Some(server) = server else { return Ok(Exit::Done) };
    let mut failed = 0;
    // Says whether to go on: a server that cannot be reached is not asked again for every recipient.
    let mut report = |sent: desk::Sent| match sent.outcome {
        Ok(()) => {
            context.tell(&format!("sent to {}", sent.recipient));
            true
        }
        Err(error) => {
            failed += 1;
            let why = one_line(&error);
            context.terminal.complain(&format!("{}: {why}; it stays in the outbox", sent.recipient));
            error.is_permanent()
        }
    };
    let mut goes_on = true;
    if let Some(letter) = letter {
        for mail in store.mail_of_letter(letter)? {
            let now = crate::clock::now();
            // Those before it may have taken longer than all of them were kept for.
            if goes_on && store.keep_mail(mail.id, desk::attempt_ends(context.now), desk::attempt_ends(now))? {
                goes_on = report(desk::send(store, server, &mail, now)?);
            }
        }
    }
    for _ in 0..MAILS_MAX {
        let now = crate::clock::now();
        if !goes_on {
            break;
        }
        let Some(mail) = store.take_mail(now, desk::attempt_ends(now))? else { break };
        goes_on = report(desk::send(store, server, &mail, now)?);
    }
    if failed > 0 {
        context.tell("`newsfold run`, or the next `digest --mail`, will send it again");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}
