//! A scripted origin on loopback: an HTTP/1.1 server written by hand, so that it can lie, dawdle and break off.
//!
//! ```ignore
//! let origin = Origin::start();
//! origin.serve("/feed.xml", Answer::feed(bytes, "application/rss+xml"));
//! // … fetch origin.url("/feed.xml"), in this process or another …
//! assert_eq!(origin.requests("/feed.xml")[1].header("if-none-match"), Some("…"));
//! ```
//!
//! It runs on a thread of its own until it is dropped. A path that nobody scripted answers 404. Every request is recorded
//! before it is answered.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The server, and what it has seen.
pub struct Origin {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET`.
    pub method: String,
    /// The path, with its query.
    pub path: String,
    /// Names and values as they came, in order.
    pub headers: Vec<(String, String)>,
    /// When.
    pub at: Instant,
}

impl Seen {
    /// The first value of the header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One answer: what is sent, how fast, and how it ends.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_conditional: bool,
    is_stuck: bool,
    says_length: bool,
    raw: Option<Vec<u8>>,
    pace: Pace,
    ending: Ending,
}

/// How fast an answer goes out.
#[derive(Clone, Copy, Debug)]
enum Pace {
    AtOnce,
    Drip { bytes: usize, pause: Duration },
}

/// How the connection goes on after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    KeepOpen,
    Close,
    Reset,
    Hang,
}

impl Answer {
    /// An answer with a body.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
            is_conditional: false,
            is_stuck: false,
            says_length: true,
            raw: None,
            pace: Pace::AtOnce,
            ending: Ending::KeepOpen,
        }
    }

    /// A feed as a good server serves it: with an `ETag` made from the body, and 304 to who sends it back.
    pub fn feed(body: impl Into<Vec<u8>>, content_type: &str) -> Answer {
        let body = body.into();
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let etag = format!("\"{:x}\"", hasher.finish());
        Answer::new(200, body).header("Content-Type", content_type).header("ETag", &etag).conditional()
    }

    /// A status without a body.
    pub fn status(status: u16) -> Answer {
        Answer::new(status, "")
    }

    /// A redirect.
    pub fn redirect(status: u16, location: &str) -> Answer {
        Answer::status(status).header("Location", location)
    }

    /// These bytes and nothing else, then the connection is closed.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
        Answer { raw: Some(bytes.into()), ending: Ending::Close, ..Answer::status(0) }
    }

    /// The connection stays open and nothing ever comes.
    pub fn silence() -> Answer {
        Answer { raw: Some(Vec::new()), ending: Ending::Hang, ..Answer::status(0) }
    }

    /// With one more header. One called `Content-Length` replaces the true one.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.says_length &= !name.eq_ignore_ascii_case("content-length");
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// 304 without a body to a request whose `If-None-Match` is this answer's `ETag`, or, in the absence of that,
    /// whose `If-Modified-Since` is its `Last-Modified` (RFC 9110, 13.2.2).
    pub fn conditional(mut self) -> Answer {
        self.is_conditional = true;
        self
    }

    /// 304 to whatever condition: a broken cache, which gives what is new only to those who ask for the whole.
    pub fn conditional_on_anything(mut self) -> Answer {
        self.is_stuck = true;
        self
    }

    /// Head and body go out so many bytes at a time.
    pub fn drip(mut self, bytes: usize, pause: Duration) -> Answer {
        self.pace = Pace::Drip { bytes, pause };
        self
    }

    /// The connection is closed after it, in order.
    pub fn then_close(mut self) -> Answer {
        self.ending = Ending::Close;
        self
    }

    /// The connection is reset (RST) after it.
    pub fn then_reset(mut self) -> Answer {
        self.ending = Ending::Reset;
        self
    }

    /// The connection stays open after it, and no further request is read.
    pub fn then_hang(mut self) -> Answer {
        self.ending = Ending::Hang;
        self
    }

    /// The value of the header of this name.
    pub fn own(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client has this already.
    fn is_known_to(&self, seen: &Seen) -> bool {
        let own = |name: &str| self.own(name);
        if self.is_stuck && (seen.header("if-none-match").is_some() || seen.header("if-modified-since").is_some()) {
            return true;
        }
        if !self.is_conditional {
            return false;
        }
        match seen.header("if-none-match") {
            Some(sent) => own("ETag").is_some_and(|etag| weak(sent) == weak(etag)),
            None => own("Last-Modified").is_some_and(|date| seen.header("if-modified-since") == Some(date)),
        }
    }

    /// The bytes of the answer to this request.
    fn bytes(&self, seen: &Seen) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let is_known = self.is_known_to(seen);
        let status = if is_known { 304 } else { self.status };
        let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has_body = !is_known && !matches!(status, 204 | 304);
        if has_body && self.says_length {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if has_body {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// An entity tag without its weakness.
fn weak(etag: &str) -> &str {
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// What the origin will say, and what was said to it.
#[derive(Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<Answer>>,
    seen: Vec<Seen>,
}

impl Script {
    /// Records the request and takes the next answer of its path; the last one stays.
    fn answer(&mut self, seen: &Seen) -> Answer {
        self.seen.push(seen.clone());
        let path = seen.path.split('?').next().unwrap_or_default();
        let queue = self.answers.get_mut(&seen.path).map_or_else(|| path.to_owned(), |_| seen.path.clone());
        match self.answers.get_mut(&queue) {
            Some(answers) if answers.len() > 1 => answers.pop_front().expect("there is more than one"),
            Some(answers) => answers.front().cloned().unwrap_or_else(|| Answer::status(404)),
            None => Answer::status(404),
        }
    }
}

impl Origin {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> Origin {
        Origin::start_at("127.0.0.1:0")
    }

    /// Starts on this address of loopback, to be another host than one on another.
    pub fn start_at(wanted: &'static str) -> Origin {
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind(wanted).await.expect("loopback can be listened on");
                told.send(listener.local_addr().expect("it listens")).expect("the test waits for it");
                tokio::select! {
                    () = accept(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        let address = address.recv().expect("the origin starts");
        Origin { address, script, stop: Some(stop), thread: Some(thread) }
    }

    /// From now on the path gives this answer, every time. A path with a query is served apart from the one without.
    pub fn serve(&self, path: &str, answer: Answer) {
        self.serve_in_turn(path, [answer]);
    }

    /// From now on the path gives these answers in turn, and the last for ever.
    pub fn serve_in_turn(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.script().answers.insert(path.to_owned(), answers.into_iter().collect());
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests for a path so far, in order, whatever their queries.
    pub fn requests(&self, path: &str) -> Vec<Seen> {
        let is_asked = |seen: &&Seen| seen.path == path || seen.path.split('?').next() == Some(path);
        self.script().seen.iter().filter(is_asked).cloned().collect()
    }

    /// All requests so far, in order.
    pub fn all_requests(&self) -> Vec<Seen> {
        self.script().seen.clone()
    }

    /// A test that failed while it held the lock has its own message; the script is as good as it was.
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // An error says that it has stopped already.
            stop.send(()).unwrap_or_default();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|_| println!("the scripted origin had panicked"));
        }
    }
}

/// Serves every connection in a task of its own.
async fn accept(listener: TcpListener, script: Arc<Mutex<Script>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let script = Arc::clone(&script);
        tokio::spawn(async move {
            // A client that goes away in the middle is part of many tests.
            converse(stream, script).await.unwrap_or_default();
        });
    }
}

/// Reads requests and answers them, until the connection ends.
async fn converse(stream: TcpStream, script: Arc<Mutex<Script>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(seen) = read_request(&mut stream).await? {
        let answer = script.lock().unwrap_or_else(PoisonError::into_inner).answer(&seen);
        send(&mut stream, &answer.bytes(&seen), answer.pace).await?;
        match answer.ending {
            Ending::KeepOpen => {}
            Ending::Close => return stream.shutdown().await,
            Ending::Reset => return stream.get_ref().set_zero_linger(),
            Ending::Hang => std::future::pending().await,
        }
    }
    Ok(())
}

/// One request without a body; `None` once the client has closed.
async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let at = Instant::now();
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap_or_default().to_owned();
    let (method, path) = (next(), next());
    let mut headers = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        let line = String::from_utf8_lossy(&line);
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => return Ok(Some(Seen { method, path, headers, at })),
        }
    }
}

/// Sends the bytes at this pace.
async fn send(stream: &mut BufReader<TcpStream>, bytes: &[u8], pace: Pace) -> io::Result<()> {
    match pace {
        Pace::AtOnce => stream.write_all(bytes).await?,
        Pace::Drip { bytes: step, pause } => {
            for piece in bytes.chunks(step) {
                stream.write_all(piece).await?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    stream.flush().await
}
