//! `run`, the background service, as a service manager and other processes meet it.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{Home, articles, text};
use crate::origin::{Answer, Origin};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, Entry, rss};

const PATIENCE: Duration = Duration::from_secs(30);

/// A running service; it is killed with this value.
pub struct Service<'a> {
    pub child: Child,
    home: &'a Home,
}

impl<'a> Service<'a> {
    pub fn start(home: &'a Home, args: &[&str]) -> Service<'a> {
        Service::start_with(home, args, &[])
    }

    pub fn start_with(home: &'a Home, args: &[&str], variables: &[(&str, &str)]) -> Service<'a> {
        let mut command = home.command(args);
        command.env("NOTIFY_SOCKET", home.path("notify")).envs(variables.iter().copied());
        Service::spawn(home, command)
    }

    /// A command of this home, with its output in files.
    pub fn spawn(home: &'a Home, mut command: Command) -> Service<'a> {
        let file = |name: &str| File::create(home.path(name)).expect("a file of the home can be made");
        let child = command
            .stdout(Stdio::from(file("stdout")))
            .stderr(Stdio::from(file("log")))
            .spawn()
            .expect("the binary starts");
        Service { child, home }
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A service of another program, which writes its log to where `log` looks for it.
    pub fn of(command: &mut Command, home: &'a Home) -> Service<'a> {
        Service { child: command.spawn().expect("the program starts"), home }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path("log")).expect("the log can be read")
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` starts").success());
    }

    /// Waits until something holds, and says what when it never does.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                panic!("it ended with {status} before {what}\n{}", self.log());
            }
            assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(25));
        }
    }

    /// It has not ended.
    pub fn assert_alive(&mut self, when: &str) {
        if let Some(status) = self.child.try_wait().expect("the child can be asked") {
            panic!("{when}: it ended with {status}\n{}", self.log());
        }
    }

    /// Waits for its end, at most so long.
    pub fn end(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be asked") {
                return status;
            }
            assert!(began.elapsed() < within, "it does not end within {within:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // An error says that it has ended already.
        self.child.kill().unwrap_or_default();
        self.child.wait().expect("the child can be waited for");
    }
}

pub fn feed(entries: &[Entry<'_>]) -> Answer {
    Answer::feed(rss("The Lamp", entries), "application/rss+xml")
}

pub fn config(feeds: &[(String, &str)]) -> String {
    let mut config = "[fetch]\nallow_private_addresses = true\nper_host = 16\n".to_owned();
    for (url, more) in feeds {
        config.push_str(&format!("[[feeds]]\nurl = \"{url}\"\n{more}\n"));
    }
    config
}

pub fn titles(home: &Home) -> Vec<String> {
    let ran = home.run(&["clusters", "--format", "json"]);
    let Ok(list) = serde_json::from_str::<serde_json::Value>(&ran.stdout) else { return Vec::new() };
    let clusters = list["clusters"].as_array().cloned().unwrap_or_default();
    let mut titles: Vec<String> =
        clusters.iter().flat_map(articles).map(|article| text(article, "title").to_owned()).collect();
    titles.sort();
    titles
}

/// The messages to the service manager so far.
pub fn told(socket: &UnixDatagram) -> Vec<String> {
    let mut messages = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = socket.recv(&mut buffer) {
        messages.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
    }
    messages
}

#[test]
fn it_polls_stores_clusters_and_outlives_every_trouble_while_others_ask() {
    let origin = Origin::start();
    origin.serve_in_turn("/lamp", [feed(&[BREAD]), feed(&[BREAD, DAM])]);
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    origin.serve("/late", feed(&[Entry { guid: "late", title: "A feed that came later", link: "", ..BREAD }]));
    origin.serve("/reloaded", feed(&[Entry { guid: "more", title: "A feed of the new config", link: "", ..BREAD }]));
    origin.serve("/500", Answer::status(500));
    origin.serve("/html", Answer::new(200, "<!DOCTYPE html><title>Please log in</title>"));
    origin.serve("/noise", Answer::new(200, [0xff, 0x00, 0x1b, b'<', b'<'].repeat(100)));
    origin.serve("/silence", Answer::silence());
    let often = "interval = \"1s\"";
    let mut feeds: Vec<(String, &str)> =
        ["/500", "/html", "/noise", "/silence", "/beacon"].map(|path| (origin.url(path), "")).into();
    feeds.push(("http://127.0.0.1:1/feed".to_owned(), ""));
    feeds.push((origin.url("/lamp"), often));
    let home = Home::with_config(&config(&feeds));
    let socket = UnixDatagram::bind(home.path("notify")).expect("a socket of the home can be made");
    socket.set_nonblocking(true).unwrap();
    let mut service = Service::start(&home, &["run"]);

    // The feed that hangs holds up nobody; the second poll brings what is new; another process is answered meanwhile.
    let messages = heard_until(&mut service, &socket, "three articles are stored", || titles(&home).len() == 3);
    let clusters = home.clusters();
    assert!(clusters.iter().any(|cluster| cluster["outlet_count"] == 2), "the dam is one story: {clusters:?}");
    let status = home.good(&["status"]).stdout;
    assert!(status.contains("`newsfold run` is working"), "{status}");
    let log = service.log();
    for word in ["500", "Please log in", "/noise", "127.0.0.1:1", "ready"] {
        assert!(log.contains(word), "the log does not say `{word}`:\n{log}");
    }
    assert!(!log.contains('\x1b'), "{log}");
    assert!(messages.contains(&"READY=1".to_owned()));

    // Nobody else writes: the holder is named.
    for command in ["run", "fetch", "rebuild"] {
        let ran = home.run(&[command]);
        assert_eq!(ran.code, Some(1), "{command}: {}", ran.stderr);
        let process = format!("process {}", service.child.id());
        assert!(ran.stderr.contains("`newsfold run`") && ran.stderr.contains(&process), "{}", ran.stderr);
    }

    // A feed that a command adds is asked by itself.
    let late = origin.url("/late");
    home.good(&["feeds", "add", &late]);
    let stored = |title: &str| titles(&home).iter().any(|stored| stored == title);
    heard_until(&mut service, &socket, "the added feed is stored", || stored("A feed that came later"));

    // A broken config changes nothing; a good one is taken over.
    fs::write(home.path("config.toml"), "[fetch]\nintervall = 1\n").unwrap();
    service.signal("HUP");
    service.until("the broken config is refused", || service_says(&home, "not taken over"));
    assert!(service_says(&home, "config.toml:2"), "{}", service.log());
    let before = origin.requests("/lamp").len();
    heard_until(&mut service, &socket, "the old feeds are still asked", || origin.requests("/lamp").len() > before + 1);
    told(&socket);
    feeds.push((origin.url("/reloaded"), ""));
    fs::write(home.path("config.toml"), config(&feeds)).unwrap();
    service.signal("HUP");
    let messages = heard_until(&mut service, &socket, "the new feed is stored", || stored("A feed of the new config"));
    assert!(messages.contains(&"RELOADING=1".to_owned()) && messages.contains(&"READY=1".to_owned()), "{messages:?}");

    // It ends at once though a download hangs.
    assert_eq!(titles(&home).len(), 5);
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    assert!(told(&socket).contains(&"STOPPING=1".to_owned()));
    assert_eq!(fs::read_to_string(home.path("stdout")).unwrap(), "", "data goes to stdout, and a service has none");
    assert_eq!(titles(&home).len(), 5);
    assert!(home.good(&["status"]).stdout.contains("not running"));
}

/// Waits until something holds; gives what the service manager was told meanwhile. Who reads nothing holds up whoever tells him.
fn heard_until(
    service: &mut Service<'_>,
    socket: &UnixDatagram,
    what: &str,
    mut holds: impl FnMut() -> bool,
) -> Vec<String> {
    let mut messages = Vec::new();
    service.until(what, || {
        let is_so = holds();
        messages.extend(told(socket));
        is_so
    });
    messages
}

fn service_says(home: &Home, words: &str) -> bool {
    fs::read_to_string(home.path("log")).expect("the log can be read").contains(words)
}

#[test]
fn an_interrupt_ends_it_in_the_midst_of_slow_downloads_and_its_log_can_be_json() {
    let origin = Origin::start();
    let slow = || feed(&[DAM]).drip(20, Duration::from_millis(100));
    let paths = ["/a", "/b", "/c", "/d"];
    for path in paths {
        origin.serve(path, slow());
    }
    origin.serve("/quick", feed(&[BREAD]));
    let mut feeds: Vec<(String, &str)> = paths.map(|path| (origin.url(path), "")).into();
    feeds.push((origin.url("/quick"), ""));
    let home = Home::with_config(&config(&feeds));
    let mut service = Service::start(&home, &["run", "--log-format", "json", "-v"]);
    service.until("one is stored and all are asked", || {
        titles(&home).len() == 1 && paths.iter().all(|path| origin.requests(path).len() == 1)
    });
    service.signal("INT");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    let log = service.log();
    assert!(log.lines().count() > 2);
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["level"].is_string() && entry["timestamp"].is_string(), "{line}");
    }
    assert_eq!(titles(&home), [BREAD.title]);
    // What was broken off is due still, and whole at the next pass.
    for path in paths {
        origin.serve(path, feed(&[DAM]));
    }
    home.good(&["fetch"]);
    assert_eq!(titles(&home).len(), 2, "the dam, once, and the bread");
    assert_eq!(origin.requests("/quick").len(), 1, "nobody is asked before it is due");
}

#[test]
fn killed_at_any_moment_it_loses_nothing_doubles_nothing_and_asks_nobody_early() {
    let origin = Origin::start();
    origin.serve("/calm", feed(&[DAM]));
    let growing: Vec<String> = (0..40).map(|number| format!("Notice {number} of the harbour office")).collect();
    let entries: Vec<Entry<'_>> = growing
        .iter()
        .map(|title| Entry { guid: title, link: "", title, text: "The gate is closed at night.", ..BREAD })
        .collect();
    origin.serve_in_turn("/busy", (1..=40).map(|count| feed(&entries[..count])));
    let feeds = [(origin.url("/calm"), "interval = \"6h\""), (origin.url("/busy"), "interval = \"1s\"")];
    let home = Home::with_config(&config(&feeds));
    for round in 1..=3 {
        let mut service = Service::start(&home, &["run"]);
        let before = origin.requests("/busy").len();
        service.until("it asks", || origin.requests("/busy").len() > before);
        if round == 1 {
            service.until("the calm feed is stored", || titles(&home).iter().any(|title| title == DAM.title));
        }
        service.signal("KILL");
        service.end(Duration::from_secs(5));
    }
    let mut service = Service::start(&home, &["run"]);
    let before = origin.requests("/busy").len();
    service.until("it polls on", || origin.requests("/busy").len() > before + 1);
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    assert_eq!(origin.requests("/calm").len(), 1, "a due time outlives its process");
    let titles = titles(&home);
    let mut distinct = titles.clone();
    distinct.dedup();
    assert_eq!(titles, distinct, "nothing is there twice");
    // Every answer that was whole is stored: the last poll's entries are there up to its number.
    let notices = titles.iter().filter(|title| title.starts_with("Notice")).count();
    let asked = origin.requests("/busy").len();
    assert!(notices >= asked.saturating_sub(1) && notices <= asked, "{notices} notices after {asked} answers");
    let found = home.good(&["search", "harbour office", "--format", "jsonl"]).stdout;
    assert!(found.matches("Notice").count() >= notices, "the index has caught up");
}

#[test]
fn a_database_that_is_locked_for_a_while_is_waited_for_and_the_watchdog_is_fed() {
    let origin = Origin::start();
    origin.serve("/feed", feed(&[DAM]).drip(400, Duration::from_millis(200)));
    let home = Home::with_config(&config(&[]));
    let socket = UnixDatagram::bind(home.path("notify")).expect("a socket of the home can be made");
    socket.set_nonblocking(true).unwrap();
    let mut service = Service::start_with(&home, &["run"], &[("WATCHDOG_USEC", "600000")]);
    let beats = |count: usize| {
        let (socket, mut heard) = (&socket, 0);
        move || {
            heard += told(socket).iter().filter(|message| *message == "WATCHDOG=1").count();
            heard >= count
        }
    };
    service.until("the service manager hears of it", beats(2));
    home.good(&["feeds", "add", "--no-check", &origin.url("/feed")]);
    service.until("it asks", || origin.requests("/feed").len() == 1);
    // Readers are answered; the writer waits.
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    service.until("the service manager hears on", beats(8));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(titles(&home).is_empty());
    other.execute_batch("COMMIT").unwrap();
    service.until("it is stored", || titles(&home).len() == 1);
    assert_eq!(origin.requests("/feed").len(), 1, "the answer was kept, not asked for again");
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
}

#[test]
fn a_reload_while_the_database_is_locked_feeds_the_watchdog_and_can_be_stopped() {
    let home = Home::with_config(&config(&[]));
    let socket = UnixDatagram::bind(home.path("notify")).expect("a socket of the home can be made");
    socket.set_nonblocking(true).unwrap();
    let mut service = Service::start_with(&home, &["run"], &[("WATCHDOG_USEC", "600000")]);
    service.until("it is ready", || told(&socket).contains(&"READY=1".to_owned()));
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    fs::write(home.path("config.toml"), config(&[("https://elsewhere.example/feed".to_owned(), "")])).unwrap();
    service.signal("HUP");
    service.until("the config is read", || service_says(&home, "config read again"));
    told(&socket);
    let (began, mut beats) = (Instant::now(), 0);
    service.until("the service manager hears of it", || {
        beats += told(&socket).iter().filter(|message| *message == "WATCHDOG=1").count();
        beats >= 4
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let began = Instant::now();
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    assert!(began.elapsed() < Duration::from_secs(3), "there is nothing to wait for: {:?}", began.elapsed());
}

#[test]
fn it_obeys_a_persons_corrections_while_it_waits_for_feeds() {
    let origin = Origin::start();
    origin.serve("/lamp", feed(&[BREAD, DAM]));
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    let home = Home::with_config(&config(&[(origin.url("/lamp"), ""), (origin.url("/beacon"), "")]));
    let mut service = Service::start(&home, &["run"]);
    service.until("three articles are stored", || titles(&home).len() == 3);
    let clusters = home.clusters();
    assert_eq!(clusters.len(), 2, "{clusters:?}");
    let ids: Vec<&str> = clusters.iter().map(|cluster| text(cluster, "id")).collect();
    let began = Instant::now();
    let told = home.good(&["merge", ids[0], ids[1]]).stdout;
    assert!(told.starts_with("one story from now on:"), "{told}");
    assert_eq!(home.clusters().len(), 1);
    assert!(home.good(&["undo"]).stdout.starts_with("correction 1 holds no more"));
    assert_eq!(home.clusters().len(), 2);
    assert!(began.elapsed() < Duration::from_secs(10), "nobody was kept waiting: {:?}", began.elapsed());
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    service.signal("TERM");
    assert!(service.end(PATIENCE).success());
}
