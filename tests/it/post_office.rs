//! A mail server on loopback, as plain as RFC 5321 allows: it takes mail, keeps it, and fails where it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Where a connection goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nowhere.
    None,
    /// It is closed before a word is said.
    NoGreeting,
    /// The server is too busy to talk.
    Busy,
    /// It does not take the sender, for now.
    Sender,
    /// It knows no such recipient, for good.
    Recipient,
    /// It does not want the message, for now.
    Data,
    /// It reads half of the message and goes.
    HalfOfMessage,
    /// It has read the message and does not want it, for now.
    Message,
    /// It has taken the message, and goes before it says so.
    TakenInSilence,
    /// It has taken the message, and goes before the client's farewell.
    NoFarewell,
}

/// A mail that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub sender: String,
    pub recipients: Vec<String>,
    /// The message, without the dots of the way.
    pub message: String,
}

/// The server; it listens as long as the test runs.
pub struct PostOffice {
    pub address: String,
    taken: Arc<Mutex<Vec<Mail>>>,
    faults: Arc<Mutex<VecDeque<Fault>>>,
}

impl PostOffice {
    pub fn open() -> PostOffice {
        PostOffice::open_with(None)
    }

    /// One that speaks TLS from the first byte, as `localhost` of `fixtures/tls`.
    pub fn open_with_tls() -> PostOffice {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
        let certificate = CertificateDer::from_pem_file(folder.join("localhost.pem")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key")).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("the usual versions").with_no_client_auth().with_single_cert(vec![certificate], key);
        PostOffice::open_with(Some(Arc::new(config.expect("they belong together"))))
    }

    fn open_with(tls: Option<Arc<ServerConfig>>) -> PostOffice {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
        let address = listener.local_addr().expect("it has one").to_string();
        let office = PostOffice { address, taken: Arc::default(), faults: Arc::default() };
        let (taken, faults) = (Arc::clone(&office.taken), Arc::clone(&office.faults));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fault = faults.lock().unwrap().pop_front().unwrap_or(Fault::None);
                // A client that goes is no error of ours.
                match &tls {
                    None => drop(serve(stream, fault, &taken)),
                    Some(tls) => {
                        let connection = ServerConnection::new(Arc::clone(tls)).expect("the config is whole");
                        drop(serve(StreamOwned::new(connection, stream), fault, &taken));
                    }
                }
            }
        });
        office
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().expect("it has one")
    }

    /// The next connections go wrong like this, one after the other; those behind them do not.
    pub fn fail(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// All that was taken so far.
    pub fn taken(&self) -> Vec<Mail> {
        self.taken.lock().unwrap().clone()
    }
}

fn serve(stream: impl Read + Write, fault: Fault, taken: &Mutex<Vec<Mail>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    match fault {
        Fault::NoGreeting => return Ok(()),
        Fault::Busy => return say(&mut reader, "421 mail.example too busy"),
        _ => say(&mut reader, "220 mail.example ready")?,
    }
    let mut mail = Mail { sender: String::new(), recipients: Vec::new(), message: String::new() };
    let mut line = String::new();
    while next(&mut reader, &mut line)? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match verb.as_str() {
            "EHLO" | "HELO" => say(&mut reader, "250-mail.example\r\n250-8BITMIME\r\n250 SMTPUTF8")?,
            "MAIL" if fault == Fault::Sender => say(&mut reader, "451 try again later")?,
            "MAIL" => {
                mail.sender = address();
                say(&mut reader, "250 ok")?;
            }
            "RCPT" if fault == Fault::Recipient => say(&mut reader, "550 no such mailbox")?,
            "RCPT" => {
                mail.recipients.push(address());
                say(&mut reader, "250 ok")?;
            }
            "DATA" if fault == Fault::Data => say(&mut reader, "452 no room now")?,
            "DATA" => {
                say(&mut reader, "354 go on")?;
                while next(&mut reader, &mut line)? && line != "." {
                    if fault == Fault::HalfOfMessage && mail.message.len() > 200 {
                        return Ok(());
                    }
                    mail.message.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.message.push_str("\r\n");
                }
                if fault == Fault::Message {
                    say(&mut reader, "451 cannot store it now")?;
                    continue;
                }
                taken.lock().unwrap().push(mail.clone());
                if fault == Fault::TakenInSilence {
                    return Ok(());
                }
                say(&mut reader, "250 taken")?;
                if fault == Fault::NoFarewell {
                    return Ok(());
                }
            }
            "QUIT" => return say(&mut reader, "221 bye"),
            _ => say(&mut reader, "250 ok")?,
        }
    }
    Ok(())
}

fn say(reader: &mut BufReader<impl Read + Write>, words: &str) -> std::io::Result<()> {
    reader.get_mut().write_all(format!("{words}\r\n").as_bytes())?;
    reader.get_mut().flush()
}

fn next(reader: &mut impl BufRead, line: &mut String) -> std::io::Result<bool> {
    line.clear();
    let read = reader.read_line(line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(read > 0)
}

/// A message as a mail program reads it.
#[derive(Clone, Debug)]
pub struct Letter {
    pub headers: Vec<(String, String)>,
    /// Media type and text of each part; of a message with one part, that.
    pub parts: Vec<(String, String)>,
}

impl Letter {
    pub fn read(message: &str) -> Letter {
        let (headers, body) = head_and_body(message);
        let kind = value(&headers, "Content-Type").to_owned();
        let parts = match kind.split_once("boundary=\"").and_then(|(_, rest)| rest.split_once('"')) {
            Some((boundary, _)) => {
                let marked = format!("--{boundary}");
                let inside = body.split(&marked).skip(1).take_while(|part| !part.starts_with("--"));
                inside.map(|part| part_of(part.trim_start_matches("\r\n"))).collect()
            }
            None => vec![part_of(message)],
        };
        Letter { headers, parts }
    }

    pub fn header(&self, name: &str) -> &str {
        value(&self.headers, name)
    }

    pub fn part(&self, kind: &str) -> &str {
        let part = self.parts.iter().find(|(of, _)| of.starts_with(kind));
        part.map_or("", |(_, text)| text.as_str())
    }
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value.as_str())
}

fn head_and_body(message: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = message.split_once("\r\n\r\n").expect("a message has a head and a body");
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => value.push_str(line),
            _ => {
                let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
                headers.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    (headers, body)
}

fn part_of(part: &str) -> (String, String) {
    let (headers, body) = head_and_body(part);
    let bytes = match value(&headers, "Content-Transfer-Encoding") {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    (value(&headers, "Content-Type").to_owned(), String::from_utf8(bytes).expect("our parts are UTF-8"))
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'=' {
            decoded.push(u8::from_str_radix(&text[at + 1..at + 3], 16).expect("two digits behind ="));
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    decoded
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte))
        .map(|place| u32::try_from(place).expect("64 of them"))
        .collect();
    let mut decoded = Vec::new();
    for four in digits.chunks(4) {
        let bits = four.iter().enumerate().fold(0, |bits, (place, digit)| bits | digit << (18 - 6 * place));
        decoded.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    decoded
}
