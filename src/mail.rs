//! Door: mail: a digest as a message (RFC 5322), and SMTP to hand it over.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use thiserror::Error;
use url::{Host, Url};
use xxhash_rust::xxh3::xxh3_64;

/// How long one of the server's addresses may take to be connected to.
const CONNECTED_WITHIN: Duration = Duration::from_secs(20);
/// How long it is waited for the last word of a server that has the mail.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);
/// The longest subject, in characters: more is not shown by any reader.
const SUBJECT_CHARS_MAX: usize = 150;
/// Port of `smtps://` (RFC 8314) and of `smtp://` (RFC 6409).
const PORT_TLS: u16 = 465;
const PORT_SUBMISSION: u16 = 587;

/// The sender of a message that is only printed, where the config names none.
pub const NOBODY: &str = "newsfold <newsfold@localhost>";

/// Why no mail can be made or handed over.
#[derive(Debug, Error)]
pub enum MailError {
    /// A text that is no server.
    #[error(
        "that is no mail server: write smtps://user@host:465, smtp://user@host:587 or, for this machine alone, smtp://localhost:25"
    )]
    Server,
    /// A password where everybody may read it.
    #[error("a password does not belong into `smtp`: write `password`, `password_file` or NEWSFOLD_MAIL_PASSWORD_FILE")]
    PasswordInUrl,
    /// A text that is no address.
    #[error("`{0}` is no mail address: write a@example.org or Name <a@example.org>")]
    Address(String),
    /// An address that only a few servers take.
    #[error(
        "`{0}` has letters before the `@` that mail servers do not take (they know a to z, digits and . _ - +): \
         write another address of that mailbox"
    )]
    LocalPart(String),
    /// What was to be sent makes no message.
    #[error("cannot make the message: {0}")]
    Message(String),
    /// The server said no, or something came in its way.
    #[error("`{server}` did not take the mail ({step}): {why}")]
    Refused {
        /// The server, without user and password.
        server: String,
        /// What it said, or what came in its way.
        why: String,
        /// How far we had come.
        step: Step,
        /// Whether it says that it will never take it (a reply of 5xx).
        is_permanent: bool,
        /// Whether it is nothing about this mail, so that no other would get through either.
        is_of_server: bool,
    },
    /// It was not done in time.
    #[error("`{server}` did not take the mail ({step}): gave up after {} s", .after.as_secs_f32())]
    Late {
        /// The server, without user and password.
        server: String,
        /// How far we had come.
        step: Step,
        /// After how long it was given up.
        after: Duration,
    },
    /// The operating system gives us no means to speak to anybody.
    #[error("cannot speak to a mail server")]
    Speechless(#[source] io::Error),
}

impl MailError {
    /// Whether trying again is of no use, as the server sees it.
    pub fn is_permanent(&self) -> bool {
        matches!(self, MailError::Refused { is_permanent: true, .. })
    }

    /// Whether no other mail would get through now: the server cannot be reached, does not answer, or does not let us in.
    pub fn is_of_server(&self) -> bool {
        match self {
            MailError::Refused { is_of_server, .. } => *is_of_server,
            MailError::Late { .. } | MailError::Speechless(_) => true,
            _ => false,
        }
    }
}

/// The steps of handing a mail over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its name is looked up, it is connected to (with `smtps://` by TLS), and says who it is.
    Connecting,
    /// The way is made private, after STARTTLS.
    Tls,
    /// It is told user and password.
    SigningIn,
    /// It has sender, recipient and message.
    Sending,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Step::Connecting => "connecting",
            Step::Tls => "starting TLS",
            Step::SigningIn => "signing in",
            Step::Sending => "handing it over",
        })
    }
}

/// How long an attempt may last, whatever the server does meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Patience {
    /// Until it has let us in.
    reach: Duration,
    /// All in all.
    whole: Duration,
}

/// RFC 5321 (4.5.3.2) would have us wait for ten minutes; a mail is this process's alone for fifteen.
const PATIENCE: Patience = Patience { reach: Duration::from_secs(60), whole: Duration::from_secs(300) };

/// How the way to the server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS; without it nothing is sent.
    StartTls,
    /// None: the server is this machine.
    Loopback,
}

/// A mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    host: String,
    port: u16,
    privacy: Privacy,
    user: Option<String>,
    password: Option<String>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Server({self})")
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

impl Server {
    /// Reads `smtps://user@host:465` (TLS) or `smtp://user@host:587` (STARTTLS, but for this machine itself).
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn parse(text: &str) -> Result<Server, MailError> {
        // It may hold a password, so it is not repeated.
        let wrong = || MailError::Server;
        let url = Url::parse(text).map_err(|_| wrong())?;
        if url.password().is_some() {
            return Err(MailError::PasswordInUrl);
        }
        let is_loopback = match url.host().ok_or_else(wrong)? {
            Host::Domain(name) => {
                name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        let (privacy, port) = match url.scheme() {
            "smtps" => (Privacy::Tls, PORT_TLS),
            "smtp" if is_loopback => (Privacy::Loopback, PORT_SUBMISSION),
            "smtp" => (Privacy::StartTls, PORT_SUBMISSION),
            _ => return Err(wrong()),
        };
        let has_more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        if has_more {
            return Err(wrong());
        }
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(percent_decoded);
        let host = percent_decoded(url.host_str().unwrap_or_default().trim_matches(['[', ']']));
        let host = if host.is_ascii() { host } else { Host::parse(&host).map_err(|_| wrong())?.to_string() };
        Ok(Server { host, port: url.port().unwrap_or(port), privacy, user, password: None })
    }

    /// The same server with the user's password.
    pub fn with_password(self, password: Option<String>) -> Server {
        Server { password, ..self }
    }

    /// Whom it knows us as.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// How the way to it is kept private.
    pub fn privacy(&self) -> Privacy {
        self.privacy
    }
}

/// `me%40example.org` is how a user's name with an at sign stands in a URL.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A mail address, perhaps with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Mailbox);

impl Address {
    /// Reads `a@example.org` or `Name <a@example.org>`.
    ///
    /// # Errors
    /// When it is neither, or more than one line, or no server would take it.
    pub fn parse(text: &str) -> Result<Address, MailError> {
        let wrong = || MailError::Address(line(text));
        if text.chars().any(char::is_control) {
            return Err(wrong());
        }
        let mut mailbox: Mailbox = text.trim().parse().map_err(|_| wrong())?;
        let (user, domain) = (mailbox.email.user(), mailbox.email.domain());
        if !user.is_ascii() {
            return Err(MailError::LocalPart(line(text)));
        }
        if !domain.is_ascii() {
            // Servers know such a domain by its other name (IDNA).
            let domain = Host::parse(domain).map_err(|_| wrong())?.to_string();
            mailbox.email = lettre::Address::new(user, domain).map_err(|_| wrong())?;
        }
        Ok(Address(mailbox))
    }

    /// Whether two lead to one mailbox, as far as that can be known: the name beside it says nothing, and no server in use tells upper
    /// from lower case.
    pub fn is_same_mailbox(&self, other: &Address) -> bool {
        self.email().eq_ignore_ascii_case(&other.email())
    }

    /// The address alone.
    pub fn email(&self) -> String {
        self.0.email.to_string()
    }

    fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

/// What a message is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts<'a> {
    /// Whom it is from.
    pub from: &'a Address,
    /// Whom it is for; may be empty.
    pub to: &'a [Address],
    /// Its subject; what would break a line or hide is left out.
    pub subject: &'a str,
    /// When it was made.
    pub date: Timestamp,
    /// Its identity: see [`identity`].
    pub identity: &'a str,
    /// The digest as plain text.
    pub text: &'a str,
    /// The digest as one HTML page, for readers that show it.
    pub html: Option<&'a str>,
}

/// The identity (Message-ID) of an edition's mail: the same however often it is made, and another for every other edition, digest and
/// database.
pub fn identity(name: &str, number: u64, salt: u64, from: &Address) -> String {
    let whose = xxh3_64(format!("{salt:016x} {name}").as_bytes());
    format!("<newsfold.{whose:016x}.{number}@{}>", from.domain())
}

/// Says that no person has written this, so that no machine answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<AutoSubmitted, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(AutoSubmitted::name(), "auto-generated".to_owned())
    }
}

/// The message as it is sent: equal parts give equal bytes, all of them ASCII.
///
/// # Errors
/// When the parts make no message.
pub fn compose(parts: &Parts<'_>) -> Result<Vec<u8>, MailError> {
    let subject: String = line(parts.subject).chars().take(SUBJECT_CHARS_MAX).collect();
    let mut builder = Message::builder()
        .from(parts.from.0.clone())
        .subject(subject)
        .date(std::time::SystemTime::from(parts.date))
        .message_id(Some(parts.identity.to_owned()))
        .header(AutoSubmitted);
    for to in parts.to {
        builder = builder.to(to.0.clone());
    }
    // Without a recipient in its head, a message still has an envelope, which is not part of it.
    let envelope = Envelope::new(Some(parts.from.0.email.clone()), vec![parts.from.0.email.clone()]);
    let builder = builder.envelope(envelope.map_err(|error| MailError::Message(error.to_string()))?);
    let text = SinglePart::plain(parts.text.to_owned());
    let message = match parts.html {
        None => builder.singlepart(text),
        Some(html) => {
            // Random boundaries would make every copy another; no text holds a hash of itself.
            let boundary = xxh3_64(format!("{}\0{html}", parts.text).as_bytes());
            let both = MultiPart::alternative().boundary(format!("newsfold-{boundary:016x}"));
            builder.multipart(both.singlepart(text).singlepart(SinglePart::html(html.to_owned())))
        }
    };
    Ok(message.map_err(|error| MailError::Message(error.to_string()))?.formatted())
}

/// Hands a message over for one recipient; blocks, for five minutes at most. Once the server has taken it, nothing is an error any
/// more.
///
/// # Errors
/// When the server cannot be reached, does not keep the way private, says no, or is not done in time.
pub fn send(server: &Server, sender: &str, recipient: &str, message: &[u8]) -> Result<(), MailError> {
    let tls = match server.privacy {
        Privacy::Loopback => None,
        Privacy::Tls | Privacy::StartTls => Some(TlsParameters::new(server.host.clone())),
    };
    let tls = tls.transpose().map_err(|error| refused(server, Step::Connecting, &error))?;
    attempt(server, tls.as_ref(), [sender, recipient], message, PATIENCE)
}

/// One attempt: whatever it waits for, a drop of it ends it.
fn attempt(
    server: &Server,
    tls: Option<&TlsParameters>,
    [sender, recipient]: [&str; 2],
    message: &[u8],
    patience: Patience,
) -> Result<(), MailError> {
    let address = |text: &str| text.parse().map_err(|_| MailError::Address(line(text)));
    let envelope = Envelope::new(Some(address(sender)?), vec![address(recipient)?])
        .map_err(|error| MailError::Message(error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(MailError::Speechless)?;
    let step = Cell::new(Step::Connecting);
    let late = |after| MailError::Late { server: server.to_string(), step: step.get(), after };
    let outcome = runtime.block_on(async {
        let all = async {
            let reached = tokio::time::timeout(patience.reach, reach(server, tls, &step)).await;
            let mut connection = reached.map_err(|_| late(patience.reach))??;
            step.set(Step::Sending);
            connection.send(&envelope, message).await.map_err(|error| refused(server, step.get(), &error))?;
            Ok(connection)
        };
        let mut connection = tokio::time::timeout(patience.whole, all).await.map_err(|_| late(patience.whole))??;
        // It has the mail: whether it also says goodbye changes nothing.
        drop(tokio::time::timeout(FAREWELL_WITHIN, connection.quit()).await);
        Ok(())
    });
    // A name that is still being looked up is left to itself.
    runtime.shutdown_background();
    outcome
}

/// Until the server has let us in.
async fn reach(
    server: &Server,
    tls: Option<&TlsParameters>,
    step: &Cell<Step>,
) -> Result<AsyncSmtpConnection, MailError> {
    let failed = |error| refused(server, step.get(), &error);
    let hello = ClientId::default();
    let wrapper = tls.filter(|_| server.privacy == Privacy::Tls).cloned();
    let place = (server.host.as_str(), server.port);
    let connected = AsyncSmtpConnection::connect_tokio1(place, Some(CONNECTED_WITHIN), &hello, wrapper, None).await;
    let mut connection = connected.map_err(failed)?;
    if let Some(tls) = tls.filter(|_| server.privacy == Privacy::StartTls) {
        step.set(Step::Tls);
        // Fails where the server has no STARTTLS: what reads the mail on its way could have taken the offer out.
        connection.starttls(tls.clone(), &hello).await.map_err(failed)?;
    }
    if let (Some(user), Some(password)) = (&server.user, &server.password) {
        step.set(Step::SigningIn);
        let credentials = Credentials::new(user.clone(), password.clone());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(failed)?;
    }
    Ok(connection)
}

/// What the server or the way to it said, and what that means for other mails.
fn refused(server: &Server, step: Step, error: &lettre::transport::smtp::Error) -> MailError {
    /// "Closing": it will hear no more of us now, whatever that is (RFC 5321, 4.2.3).
    const CLOSING: u16 = 421;
    let answer = error.status().map(u16::from);
    let is_of_mail = step == Step::Sending && answer.is_some_and(|code| code != CLOSING);
    MailError::Refused {
        server: server.to_string(),
        why: why(error),
        step,
        is_permanent: error.is_permanent(),
        is_of_server: !is_of_mail,
    }
}

/// One line: white space of every kind becomes a space, and what steers, turns or hides is left out.
fn line(text: &str) -> String {
    let seen = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            && !matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let words = text.split(char::is_whitespace).map(|word| word.chars().filter(|c| seen(*c)).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What a server said, or what came in the way, on one line and without the layers between.
fn why(error: &lettre::transport::smtp::Error) -> String {
    let own: &dyn std::error::Error = error;
    // An answer says more with its number; of all else the cause is what a reader needs.
    let first = if error.status().is_some() { own } else { own.source().unwrap_or(own) };
    let mut words = first.to_string();
    let mut source = first.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    match TLS_TROUBLES.iter().find(|(sign, _)| words.contains(sign)) {
        Some((_, plain)) => format!("{plain} ({})", line(&words)),
        None => line(&words),
    }
}

/// What rustls says where somebody else than a programmer has to act, and what it means.
const TLS_TROUBLES: [(&str, &str); 5] = [
    ("UnknownIssuer", "nobody whom this machine trusts has signed its certificate"),
    ("NotValidForName", "its certificate is another host's"),
    ("certificate not valid for name", "its certificate is another host's"),
    ("xpired", "its certificate has expired"),
    ("InvalidContentType", "it does not speak TLS at this port; `smtp://` begins without and goes on with STARTTLS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn message(subject: &str, text: &str, html: Option<&str>) -> String {
        let (from, to) =
            (address("Die Zeitung für alle <news@example.org>"), [address("a@example.org"), address("b@example.org")]);
        let identity = identity("morning", 3, 7, &from);
        let date = "2026-02-13T06:00:00Z".parse().unwrap();
        let parts = Parts { from: &from, to: &to, subject, date, identity: &identity, text, html };
        assert_eq!(compose(&parts).unwrap(), compose(&parts).unwrap(), "equal parts give equal bytes");
        String::from_utf8(compose(&parts).unwrap()).unwrap()
    }

    fn head(message: &str) -> Vec<&str> {
        message.split("\r\n\r\n").next().unwrap().split("\r\n").collect()
    }

    #[test]
    fn a_server_is_a_url_and_only_this_machine_is_spoken_to_in_the_open() {
        let check = |text: &str, place: &str, privacy: Privacy, user: Option<&str>| {
            let server = Server::parse(text).unwrap();
            assert_eq!(
                (server.to_string(), server.privacy(), server.user.as_deref()),
                (place.to_owned(), privacy, user)
            );
        };
        check("smtps://me@mail.example.org", "mail.example.org:465", Privacy::Tls, Some("me"));
        check(
            "smtps://me%40example.org@mail.example.org:466/",
            "mail.example.org:466",
            Privacy::Tls,
            Some("me@example.org"),
        );
        check("smtp://mail.example.org", "mail.example.org:587", Privacy::StartTls, None);
        check("smtp://127.0.0.1:2525", "127.0.0.1:2525", Privacy::Loopback, None);
        check("smtp://LOCALHOST:25", "LOCALHOST:25", Privacy::Loopback, None);
        check("smtp://[::1]:25", "::1:25", Privacy::Loopback, None);
        check("smtp://127.0.0.1.example.org", "127.0.0.1.example.org:587", Privacy::StartTls, None);
        check("smtps://mail.zürich.example", "mail.xn--zrich-kva.example:465", Privacy::Tls, None);
        for text in
            ["mail.example.org", "http://mail.example.org", "smtp://", "smtps://host/path", "smtps://host?tls=no"]
        {
            assert!(matches!(Server::parse(text), Err(MailError::Server)), "{text}");
        }
        let error = Server::parse("smtps://me:hush@mail.example.org").unwrap_err().to_string();
        assert!(error.contains("password_file") && !error.contains("hush"), "{error}");
        let server = Server::parse("smtps://me@h.example").unwrap().with_password(Some("hush".to_owned()));
        assert!(!format!("{server:?}").contains("hush"));
    }

    #[test]
    fn an_address_is_one_line() {
        assert_eq!(address("Me <me@example.org>").email(), "me@example.org");
        for text in
            ["", "me", "me@", "a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "a b@example.org"]
        {
            assert!(Address::parse(text).is_err(), "{text:?}");
        }
        // No server need know letters beyond ASCII: a domain has another name, what stands before it has none.
        assert_eq!(address("Jörg <post@Zeitung-für-alle.example>").email(), "post@xn--zeitung-fr-alle-7vb.example");
        let error = Address::parse("jörg@example.org").unwrap_err().to_string();
        assert!(error.starts_with("`jörg@example.org` has letters before the `@`"), "{error}");
        assert!(address("Me <ME@Example.org>").is_same_mailbox(&address("me@example.ORG")));
        assert!(!address("me@example.org").is_same_mailbox(&address("you@example.org")));
    }

    #[test]
    fn a_message_is_text_and_html_in_plain_ascii() {
        let message = message("Morgen · 12 Geschichten", "Größe\n.\n-- \nFrom here\n", Some("<p>Größe</p>"));
        assert!(message.is_ascii());
        assert!(message.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])), "{message}");
        let head = head(&message).join("\n");
        for expected in [
            "From: =?utf-8?b?",
            "<news@example.org>",
            "To: a@example.org, b@example.org",
            "Subject: Morgen =?utf-8?b?",
            "Date: Fri, 13 Feb 2026 06:00:00 +0000",
            ".3@example.org>",
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative",
            "MIME-Version: 1.0",
        ] {
            assert!(head.contains(expected), "{expected} in\n{head}");
        }
        let (plain, html) = (message.find("text/plain").unwrap(), message.find("text/html").unwrap());
        assert!(plain < html, "the last part is the one that readers prefer");
    }

    #[test]
    fn no_title_and_no_name_makes_a_header_of_its_own() {
        let hostile = [
            "Dam breached\r\nBcc: all@example.org",
            "Dam\nX-Evil: 1",
            "Dam\rX-Evil: 1\r\n\r\n<script>",
            "Dam\u{0}\u{b}\u{85}\u{2028}X-Evil: 1",
            "=?utf-8?q?Dam=0D=0AX-Evil:_1?=",
            "Größe\r\n X-Evil: folded",
            &"long ".repeat(500),
            "\u{202e}desrever",
        ];
        let names = |message: &str| -> Vec<String> {
            let fields = head(message).into_iter().filter(|line| !line.starts_with([' ', '\t']));
            fields.map(|line| line.split(':').next().unwrap().to_owned()).collect()
        };
        let harmless = names(&message("Dam", "text", None));
        for subject in hostile {
            let message = message(subject, "text", None);
            assert_eq!(names(&message), harmless, "{message}");
            assert!(!message.contains("X-Evil: 1\r\n") || message.contains("Subject: Dam"), "{message}");
            assert!(head(&message).iter().all(|line| line.len() <= 998));
        }
    }

    /// A server that answers every line in the same way, and all that it was told.
    fn server_that_says(greeting: &'static str, answer: &'static str) -> (u16, std::sync::mpsc::Receiver<String>) {
        use std::io::{BufRead, BufReader, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(greeting.as_bytes()).unwrap();
            for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                told.send(line).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (port, heard)
    }

    fn server(port: u16, privacy: Privacy) -> Server {
        let (user, password) = (Some("me".to_owned()), Some("hush".to_owned()));
        Server { host: "localhost".to_owned(), port, privacy, user, password }
    }

    /// Trusts the authority of `fixtures/tls`, or what this machine trusts.
    fn tls(is_known: bool) -> TlsParameters {
        let builder = TlsParameters::builder("localhost".to_owned());
        let authority = include_bytes!("../fixtures/tls/authority.pem");
        let authority = lettre::transport::smtp::client::Certificate::from_pem(authority).unwrap();
        let builder = if is_known { builder.add_root_certificate(authority) } else { builder };
        builder.build().unwrap()
    }

    fn attempted(server: &Server, is_known: bool, patience: Patience) -> Result<(), MailError> {
        let tls = (server.privacy != Privacy::Loopback).then(|| tls(is_known));
        attempt(server, tls.as_ref(), ["a@example.org", "b@example.org"], b"Subject: x\r\n\r\nx", patience)
    }

    #[test]
    fn without_tls_nothing_is_said_to_a_server_elsewhere() {
        let (port, heard) = server_that_says("220 ready\r\n", "250 ok\r\n");
        let error = attempted(&server(port, Privacy::StartTls), true, PATIENCE).unwrap_err();
        let start = format!("`localhost:{port}` did not take the mail (starting TLS): ");
        assert!(!error.is_permanent() && error.is_of_server() && error.to_string().starts_with(&start), "{error}");
        assert!(
            error.to_string().contains("STARTTLS is not supported") && !error.to_string().contains("hush"),
            "{error}"
        );
        let heard: Vec<String> = heard.try_iter().collect();
        assert!(heard.iter().all(|line| ["EHLO", "QUIT"].contains(&&line[..4])), "{heard:?}");
        // One that knows no TLS where it has to begin with it.
        let (port, heard) = server_that_says("220 ready\r\n", "250 ok\r\n");
        let error = attempted(&server(port, Privacy::Tls), true, PATIENCE).unwrap_err();
        assert!(error.is_of_server() && error.to_string().contains("(connecting): it does not speak TLS"), "{error}");
        let heard: String = heard.try_iter().collect();
        assert!(!heard.contains("EHLO") && !heard.contains("hush"), "{heard:?}");
    }

    /// A server that speaks TLS after STARTTLS, with the certificate of `fixtures/tls`; what it was told, before and after.
    fn server_with_starttls() -> (u16, std::sync::mpsc::Receiver<String>) {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        use std::io::{BufRead, BufReader, Read, Write};
        let certificate = CertificateDer::from_pem_slice(include_bytes!("../fixtures/tls/localhost.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../fixtures/tls/localhost.key")).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        fn talk(stream: impl Read + Write, offer: &str, told: &std::sync::mpsc::Sender<String>) {
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while matches!(reader.read_line(&mut line), Ok(1..)) {
                let verb = line[..4.min(line.len())].to_owned();
                told.send(line.trim_end().to_owned()).unwrap();
                line.clear();
                let answer = match verb.as_str() {
                    "EHLO" => format!("250-mail.example\r\n250 {offer}\r\n"),
                    "STAR" => "220 go on\r\n".to_owned(),
                    "AUTH" => "235 welcome\r\n".to_owned(),
                    "DATA" => "354 go on\r\n".to_owned(),
                    "Subj" | "\r\n" | "x\r\n" => continue,
                    _ => "250 ok\r\n".to_owned(),
                };
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
                if verb == "STAR" {
                    return;
                }
            }
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (told, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"220 ready\r\n").unwrap();
            talk(&stream, "STARTTLS", &told);
            told.send("TLS".to_owned()).unwrap();
            let connection = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
            // A client that does not trust us goes here.
            talk(rustls::StreamOwned::new(connection, stream), "AUTH PLAIN", &told);
        });
        (port, heard)
    }

    #[test]
    fn after_starttls_everything_is_said_in_private_and_only_to_whom_it_is_for() {
        let (port, heard) = server_with_starttls();
        attempted(&server(port, Privacy::StartTls), true, PATIENCE).unwrap();
        let heard: Vec<String> = heard.iter().collect();
        let verbs: Vec<&str> = heard.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
        let expected =
            ["EHLO", "STARTTLS", "TLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "Subject", "", "x", ".", "QUIT"];
        assert_eq!(verbs, expected, "{heard:?}");

        let (port, heard) = server_with_starttls();
        let error = attempted(&server(port, Privacy::StartTls), false, PATIENCE).unwrap_err();
        assert!(error.is_of_server() && !error.is_permanent(), "{error}");
        let said = error.to_string();
        assert!(
            said.contains("(starting TLS): nobody whom this machine trusts has signed its certificate ("),
            "{said}"
        );
        assert!(!heard.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
    }

    #[test]
    fn a_server_that_drips_or_is_silent_is_given_up_as_a_whole() {
        use std::io::{Read, Write};
        let patience = Patience { reach: Duration::from_millis(300), whole: Duration::from_millis(600) };
        let check = |drips_after: &'static str, step: Step| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                drop(stream.write_all(drips_after.as_bytes()));
                let mut heard = [0; 512];
                // What it answers comes byte by byte, and never to an end; each byte on its own comes soon enough.
                stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                while stream.write_all(b"2").is_ok() {
                    drop(stream.read(&mut heard));
                }
            });
            let server = Server { user: None, password: None, ..server(port, Privacy::Loopback) };
            let begun = std::time::Instant::now();
            let error = attempted(&server, true, patience).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            assert!(error.is_of_server() && matches!(error, MailError::Late { step: at, .. } if at == step), "{error}");
            let said = error.to_string();
            assert!(said.starts_with(&format!("`localhost:{port}` did not take the mail")), "{said}");
            assert!(said.contains("gave up after 0."), "{said}");
        };
        check("", Step::Connecting);
        check("220 ready\r\n", Step::Connecting);
        check("220 ready\r\n250 ok\r\n", Step::Sending);
    }

    #[test]
    fn a_user_is_named_to_a_server_that_asks() {
        let (port, heard) = server_that_says("220 ready\r\n", "250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n");
        let url = format!("smtp://me%40example.org@127.0.0.1:{port}");
        let server = Server::parse(&url).unwrap().with_password(Some("hush".to_owned()));
        // It takes everything, even the name, with the answer that says nothing against it.
        drop(send(&server, "a@example.org", "b@example.org", b"x"));
        let heard: Vec<String> = heard.iter().collect();
        // "\0me@example.org\0hush" in base64.
        assert!(heard.iter().any(|line| line == "AUTH PLAIN AG1lQGV4YW1wbGUub3JnAGh1c2g="), "{heard:?}");
    }

    #[test]
    fn an_identity_is_of_one_edition_of_one_digest_of_one_database() {
        let from = address("news@example.org");
        let one = identity("morning", 1, 7, &from);
        assert_eq!(one, identity("morning", 1, 7, &from));
        for other in
            [identity("morning", 2, 7, &from), identity("evening", 1, 7, &from), identity("morning", 1, 8, &from)]
        {
            assert_ne!(one, other);
        }
        assert!(identity("böse\r\n>", 1, 7, &from).chars().all(|c| c.is_ascii_graphic()));
    }
}
