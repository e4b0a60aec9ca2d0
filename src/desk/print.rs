//! Conductor: a digest in the form that was ordered, as bytes or as a letter.

use jiff::Timestamp;

use crate::cli::DigestFormat;
use crate::desk::{DeskError, Order, Post, press};
use crate::digest::template::{Form, TemplateError};
use crate::digest::view::DigestView;
use crate::digest::{self, Digest, Format};
use crate::mail::{self, Address, Parts};
use crate::store::{Letter, Store};

/// The width of a text digest in columns: what every mail client and terminal shows unbroken.
const TEXT_COLUMNS: usize = 76;

/// The number of a mail that is no edition's: the millisecond in which it was made.
pub fn number_of(now: Timestamp) -> u64 {
    now.as_millisecond().try_into().unwrap_or_default()
}

/// What a format that was asked for means; `None` for a mail, which is made of two.
pub fn format(asked: DigestFormat) -> Option<Format> {
    Some(match asked {
        DigestFormat::Text => Format::Written(Form::Text { columns: TEXT_COLUMNS }),
        DigestFormat::Markdown => Format::Written(Form::Markdown),
        DigestFormat::Html => Format::Written(Form::Html),
        DigestFormat::Atom => Format::Written(Form::Atom),
        DigestFormat::Json => Format::Json,
        DigestFormat::Epub => Format::Epub,
        DigestFormat::Email => return None,
    })
}

/// The digest in the order's form.
///
/// # Errors
/// When the template is at fault, or it makes no mail.
pub fn render(store: &Store, order: &Order, digest: &Digest, number: u64) -> Result<Vec<u8>, DeskError> {
    match (format(order.format), &order.template) {
        (Some(Format::Written(form)), Some(own)) => {
            Ok(press::rendered(&DigestView::of(digest, &order.zone), form, own)?.into_bytes())
        }
        (_, Some(own)) => Err(TemplateError::no_such_format(&own.name).into()),
        (Some(format), None) => Ok(digest::render(digest, &order.zone, format)),
        (None, None) => {
            let nobody = Post { from: Address::parse(mail::NOBODY)?, to: Vec::new() };
            let post = order.post.as_ref().or(order.letterhead.as_ref()).unwrap_or(&nobody);
            let identity = mail::identity(&order.name, number, store.salt()?, &post.from);
            message(order, digest, &identity, &post.from, &post.to)
        }
    }
}

/// The digest as a letter to whom the order mails it; `None` where it mails it to nobody.
///
/// # Errors
/// When it makes no mail.
pub fn letter(store: &Store, order: &Order, digest: &Digest, number: u64) -> Result<Option<Letter>, DeskError> {
    let Some(post) = &order.post else { return Ok(None) };
    let identity = mail::identity(&order.name, number, store.salt()?, &post.from);
    Ok(Some(Letter {
        message: message(order, digest, &identity, &post.from, &post.to)?,
        message_id: identity,
        sender: post.from.email(),
        recipients: post.to.iter().map(Address::email).collect(),
        next_attempt: digest.generated,
    }))
}

/// The digest as a mail.
fn message(
    order: &Order,
    digest: &Digest,
    identity: &str,
    from: &Address,
    to: &[Address],
) -> Result<Vec<u8>, DeskError> {
    let day = digest.until.to_zoned(order.zone.clone()).strftime("%-d %B %Y");
    let stories = match digest.stories.len() {
        0 => "nothing new".to_owned(),
        1 => "1 story".to_owned(),
        count => format!("{count} stories"),
    };
    let subject = format!("{}, {day}: {stories}", digest.title);
    let own = match &order.template {
        Some(own) => match format(order.format) {
            Some(Format::Written(form)) => {
                let written = press::rendered(&DigestView::of(digest, &order.zone), form, own)?;
                Some((order.format, written))
            }
            _ => None,
        },
        None => None,
    };
    // A template of the formats that a mail has makes that part of it.
    let written =
        |wanted: DigestFormat| own.as_ref().filter(|(format, _)| *format == wanted).map(|(_, text)| text.clone());
    let text = written(DigestFormat::Text).unwrap_or_else(|| digest::text(digest, &order.zone, TEXT_COLUMNS));
    let html = written(DigestFormat::Html).unwrap_or_else(|| digest::html(digest, &order.zone));
    let parts = Parts { from, to, subject: &subject, date: digest.generated, identity, text: &text, html: Some(&html) };
    Ok(mail::compose(&parts)?)
}
