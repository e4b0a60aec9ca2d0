//! Conductor: `digest`: clusters exported for a reader, once or edition by edition.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use jiff::Timestamp;

use crate::app::context::{Context, Failure};
use crate::app::orders;
use crate::app::seen::{Dismissed, List, Look, Sieve};
use crate::app::stored::{query, say_muted};
use crate::cli::{Covers, DigestArgs, DigestFormat, Exit, Filter, ListFormat, Place};
use crate::desk::outbox::{self, Sent};
use crate::desk::pick::{self, Picked};
use crate::desk::{self, Composed, Delivery, DeskError, Order, press, print};
use crate::digest::template::TemplateError;
use crate::digest::{self, Edition, Format};
use crate::fetch::error::one_line;
use crate::listing::editions;
use crate::listing::plain::count;
use crate::mail::Server;
use crate::model::ClusterId;
use crate::store::{Letter, Store};

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
/// template, or what was kept of an edition.
///
/// # Errors
/// When there is no database, the filter makes no sense, a template is at fault, or it cannot be written or sent; an edition that was not written or put
/// into the outbox is not recorded.
pub fn digest(context: &Context, args: &DigestArgs) -> Result<Exit, Failure> {
    if let Some(format) = args.print_template {
        return match print::format(format) {
            Some(Format::Written(form)) => {
                context.write(args.out.as_ref().unwrap_or(&Place::Standard), form.built_in())
            }
            _ => Err(Failure::misused(TemplateError::no_such_format("--print-template"))),
        };
    }
    if let Some(number) = args.edition {
        return kept(context, args, number);
    }
    let order = orders::of_args(context, args)?;
    let is_book_shown = order.format == DigestFormat::Epub && order.out.is_none() && is_printed(args, &order);
    if is_book_shown && context.terminal.is_terminal_stdout {
        return Err(a_book_for_a_terminal());
    }
    // Before anything is made that could not be sent.
    let server = order.post.as_ref().map(|_| orders::server(context)).transpose()?;
    match args.covers {
        Covers::SinceLast => edition(context, args, &order, server.as_ref()),
        Covers::Filter | Covers::New => export(context, args, order, server.as_ref()),
    }
}

/// Lists the editions that are kept.
///
/// # Errors
/// When there is no database.
pub fn editions(context: &Context, name: Option<&str>, format: Option<ListFormat>) -> Result<Exit, Failure> {
    let kept = context.reader()?.kept_editions(name)?;
    if kept.is_empty() {
        context.tell("no edition is kept; `newsfold digest --catch-up --name NAME` makes one");
    }
    context.print(&editions::editions(&kept, context.list_format(format), &context.style()))
}

/// The other end of the press: this process is the cell of a template.
///
/// # Errors
/// When nobody asks for anything, or nobody wants it.
pub fn in_cell() -> Result<Exit, Failure> {
    press::work(std::io::stdin().lock(), std::io::stdout().lock())
        .context("this command is for newsfold itself: it reads its work from stdin")?;
    Ok(Exit::Done)
}

fn a_book_for_a_terminal() -> Failure {
    Failure::misused(anyhow!("a book is nothing for a terminal: name a file with --out FILE"))
}

/// An edition as it was made.
fn kept(context: &Context, args: &DigestArgs, number: u32) -> Result<Exit, Failure> {
    let name = orders::name(args);
    let store = context.reader()?;
    let kept = store.kept_editions(Some(&name))?;
    let Some(edition) = kept.iter().find(|edition| edition.number == number) else {
        let why = match (kept.first(), store.last_edition(&name)?) {
            (_, None) => format!("there is no edition of a digest `{name}`; `newsfold editions` lists what is kept"),
            (_, Some(last)) if number > last.number => {
                format!("the last edition of `{name}` is number {}", last.number)
            }
            _ => format!(
                "number {number} of `{name}` is not kept: it told nothing, or is too old; `newsfold editions` lists what is"
            ),
        };
        return Err(anyhow!(why).into());
    };
    if edition.format == DigestFormat::Epub.word() && args.out.is_none() && context.terminal.is_terminal_stdout {
        return Err(a_book_for_a_terminal());
    }
    let content = store.edition_content(&name, number)?.unwrap_or_default();
    let place = match &args.out {
        Some(Place::File(path)) => Place::File(desk::file_of_kept(path, edition, &orders::zone(context, &name))),
        _ => Place::Standard,
    };
    context.write_bytes(&place, &content)?;
    Ok(Exit::Done)
}

/// The next edition.
fn edition(context: &Context, args: &DigestArgs, order: &Order, server: Option<&Server>) -> Result<Exit, Failure> {
    query(context, &args.filter, &order.zone)?;
    let mut composed = desk::compose(&context.reader()?, order, context.now)?;
    if args.filter.since.is_some() && composed.edition.number > 1 {
        let (number, begins) = (composed.edition.number, when(order, composed.digest.from));
        context.tell(&format!(
            "--since is for the first edition; number {number} begins where the last one ended, {begins}"
        ));
    }
    if composed.is_empty() {
        composed.edition.letter = None;
        let begun = when(order, composed.digest.from);
        context.tell(&match composed.edition.number {
            1 if args.filter.since.is_none() && order.first_since.is_none() => {
                format!("nothing new for `{}` since {begun}; --since 24h would begin it earlier, with what feeds had before they were added", order.name)
            }
            _ => format!("nothing new for `{}` since {begun}", order.name),
        });
    }
    if let Some(letter) = &mut composed.edition.letter {
        // This process sends it: nobody else is to begin meanwhile.
        letter.next_attempt = outbox::attempt_ends(context.now);
    }
    let delivery = match &order.out {
        Some(out) => match desk::file_of(out, order, &composed.edition) {
            // It would take the place of the last one that told something.
            path if composed.is_empty() && path.exists() => {
                context.tell(&format!("`{}` stays as it is", path.display()));
                Delivery::None
            }
            path => {
                // A name with the day in it looks as if it were one edition's; a second one of that day takes it all the same.
                if out.to_string_lossy().contains("{date}") && path.exists() {
                    let shown = path.display();
                    context.tell(&format!(
                        "`{shown}` was there before; `newsfold editions` lists the editions that are kept"
                    ));
                }
                Delivery::File(path)
            }
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

/// The clusters of a digest that is no edition.
struct Chosen {
    look: Option<Look>,
    picked: Picked,
    from: Timestamp,
    until: Timestamp,
}

fn chosen(context: &Context, args: &DigestArgs, order: &Order, store: &Store) -> Result<Chosen, Failure> {
    // Where the command does not say since when, the section of this name may.
    let first_since = order.first_since.filter(|_| args.covers == Covers::Filter);
    let _one_state = store.hold()?;
    let filter = Filter { since: args.filter.since.or(first_since), ..args.filter.clone() };
    let mut query = query(context, &filter, &order.zone)?;
    query.tags = order.query.tags.clone();
    query.outlets_min = order.query.outlets_min;
    let mut since = None;
    let mut sieve = Sieve::read(store, order.taste.clone(), Dismissed::Hidden)?;
    let (look, offered) = match args.covers {
        Covers::New => {
            let (name, unmuted) = (order.name.as_str(), args.filter.unmuted);
            let list = List { command: "digest", name, query: &query, sought: None, unmuted };
            let (look, offered) = Look::take(store, &list, &mut sieve)?;
            since = look.since;
            (Some(look), offered)
        }
        _ => (None, sieve.all(store, store.cluster_ids(&query)?)?),
    };
    say_muted(context, sieve.muted);
    let picked = pick::pick(store, &offered, order, context.now)?;
    let until = query.until.unwrap_or(context.now);
    // Without `--since` a digest covers everything stored, and is dated so.
    let from = query.since.or(since).or(picked.earliest).unwrap_or(until);
    Ok(Chosen { look, picked, from, until })
}

/// A digest that is no edition: it records nothing but, for `--new`, how far it came.
fn export(context: &Context, args: &DigestArgs, order: Order, server: Option<&Server>) -> Result<Exit, Failure> {
    let store = context.reader()?;
    let Chosen { look, picked, from, until } = chosen(context, args, &order, &store)?;
    let edition = Edition {
        title: order.name.clone(),
        name: order.name.clone(),
        from,
        until,
        generated: context.now,
        told: BTreeMap::new(),
        news: BTreeMap::new(),
    };
    let mut digest = digest::build(picked.clusters, &edition, &order.params);
    digest.counts.left_out += picked.left_out.len();
    let body = print::render(&store, &order, &digest, print::number_of(context.now))?;
    let mut letter = print::letter(&store, &order, &digest, print::number_of(context.now))?;
    drop(store);
    let whole = match &args.out {
        Some(Place::File(path)) => context.write_bytes(&Place::File(place_of(path, &order, until)?), &body)?,
        Some(Place::Standard) => context.print_bytes(&body)?,
        None if is_printed(args, &order) => context.print_bytes(&body)?,
        None => true,
    };
    if args.covers == Covers::New && digest.stories.is_empty() && letter.take().is_some() {
        context.tell(&format!("nothing new for `{}`: no mail is sent", order.name));
    }
    if let Some(letter) = &mut letter {
        letter.next_attempt = outbox::attempt_ends(context.now);
    }
    let letter = recorded(context, look.filter(|_| whole), picked.left_out, letter)?;
    if server.is_none() {
        return Ok(Exit::Done);
    }
    // What waited since before is sent even where there is no new mail.
    send(context, &mut context.store()?, letter, server)
}

/// A file's name with its braces filled in, which mean here what they mean in the config.
fn place_of(path: &Path, order: &Order, until: Timestamp) -> Result<std::path::PathBuf, Failure> {
    if path.to_string_lossy().contains("{number}") {
        return Err(Failure::misused(anyhow!("only editions have a {{number}}: `--catch-up` makes one")));
    }
    Ok(desk::file_of_export(path, order, until))
}

/// How far a look came, and the mail that brings what it saw: both or neither.
fn recorded(
    context: &Context,
    look: Option<Look>,
    left_out: Vec<ClusterId>,
    letter: Option<Letter>,
) -> Result<Option<i64>, Failure> {
    match (look, letter) {
        (Some(look), letter) => look.shown(context, left_out, letter.as_ref()),
        (None, Some(letter)) => Ok(Some(context.store()?.post(&letter)?)),
        (None, None) => Ok(None),
    }
}

/// Hands a letter over that this process has put into the outbox, and then what waits there since before.
fn send(context: &Context, store: &mut Store, letter: Option<i64>, server: Option<&Server>) -> Result<Exit, Failure> {
    let Some(server) = server else { return Ok(Exit::Done) };
    let mut failed = 0;
    // Says whether to go on: a server that lets nobody in is not asked again for every recipient.
    let mut report = |sent: Sent| match sent.outcome {
        Ok(()) => {
            context.tell(&format!("sent to {}", sent.recipient));
            true
        }
        Err(error) => {
            failed += 1;
            let why = one_line(&error);
            context.terminal.complain(&format!("{}: {why}; it stays in the outbox", sent.recipient));
            !error.is_of_server()
        }
    };
    let mut goes_on = true;
    let mut unasked = 0;
    if let Some(letter) = letter {
        for mail in store.mail_of_letter(letter)? {
            let now = crate::clock::now();
            if !goes_on {
                // Nobody else need wait until our time with it is over.
                store.keep_mail(mail.id, outbox::attempt_ends(context.now), outbox::soon(now))?;
                unasked += 1;
            // Those before it may have taken longer than all of them were kept for.
            } else if store.keep_mail(mail.id, outbox::attempt_ends(context.now), outbox::attempt_ends(now))? {
                goes_on = report(outbox::send(store, server, &mail, crate::clock::now)?);
            }
        }
    }
    for _ in 0..MAILS_MAX {
        let now = crate::clock::now();
        if !goes_on {
            break;
        }
        let Some(mail) = store.take_mail(now, outbox::attempt_ends(now))? else { break };
        goes_on = report(outbox::send(store, server, &mail, crate::clock::now)?);
    }
    if unasked > 0 {
        context.tell(&format!("{} for others {} in the outbox as well", count(unasked, "mail"), stay(unasked)));
    }
    if failed > 0 {
        context.tell("`newsfold run`, or the next `digest --mail`, will send it again");
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}

fn stay(count: usize) -> &'static str {
    if count == 1 { "stays" } else { "stay" }
}
