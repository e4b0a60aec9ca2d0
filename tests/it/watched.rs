//! The service as those who watch it meet it: metrics, health, logs, the service manager, clocks that jump.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use newsfold::clock;
use newsfold::daemon::{Feeds, Params as DaemonParams, Signals};
use newsfold::fetch::error::FetchError;
use newsfold::fetch::{Answer as FetchAnswer, Fetch, Request, Response};
use newsfold::meter::Meter;
use newsfold::model::{FeedWish, Validators};
use newsfold::serve::{Bound, Params as DoorParams, Watched};
use newsfold::store::Store;
use newsfold::writer::{Params as WriterParams, Writer};

use crate::binary::{Home, is_slow_wanted};
use crate::daemon::{Service, config, feed, titles, told};
use crate::exposition::{Metrics, get, metrics, read, send};
use crate::origin::{Answer, Origin};
use crate::rig::{Rig, days, hours, minutes};
use crate::samples::{BREAD, DAM, DAM_TOLD_AGAIN, Entry, rss};

const LISTEN: &str = "[serve]\nlisten = \"127.0.0.1:0\"\n";

/// Where the service listens, by the last line of its log that says so.
fn address(service: &mut Service<'_>, home: &Home) -> SocketAddr {
    let told = || {
        let log = fs::read_to_string(home.path("log")).unwrap();
        let line = log.lines().rfind(|line| line.contains("listening"))?.to_owned();
        line.split("http://").nth(1)?.trim_matches(|letter: char| !letter.is_ascii_digit()).parse().ok()
    };
    service.until("it says where it listens", || told().is_some());
    told().unwrap()
}

fn ready(service: &mut Service<'_>, home: &Home) -> SocketAddr {
    let address = address(service, home);
    service.until("it is ready", || get(address, "/readyz").status == 200);
    address
}

fn stop(mut service: Service<'_>) -> String {
    service.signal("TERM");
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(0), "{}", service.log());
    service.log()
}

#[test]
fn what_the_metrics_say_is_what_the_database_says() {
    let origin = Origin::start();
    origin.serve("/lamp", feed(&[BREAD, DAM]).conditional());
    origin.serve("/beacon", Answer::feed(rss("The Beacon", &[DAM_TOLD_AGAIN]), "application/rss+xml"));
    origin.serve("/500", Answer::status(500));
    let feeds = [
        (origin.url("/lamp"), "interval = \"1s\""),
        (origin.url("/beacon"), "headers = { Authorization = \"Bearer s3cret\" }"),
        (origin.url("/500"), ""),
    ];
    let home = Home::with_config(&(config(&feeds) + LISTEN));
    let mut service = Service::start(&home, &["run"]);
    let address = ready(&mut service, &home);
    service.until("all is stored, and one was asked again", || {
        titles(&home).len() == 3 && origin.requests("/lamp").len() > 2
    });
    service.until("the queue is empty", || metrics(address).get("newsfold_writer_queue_answers", None) == 0.0);
    let said = get(address, "/metrics");
    assert!(said.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{}", said.head);
    let told = Metrics::read(&said.body);
    // The database's own numbers.
    let status = home.json(&["status", "--format", "json"]);
    for (metric, key) in [
        ("newsfold_articles", "articles"),
        ("newsfold_clusters", "clusters"),
        ("newsfold_clusters_shared", "clusters_shared"),
    ] {
        assert_eq!(Some(told.get(metric, None)), status[key].as_f64(), "{key}");
    }
    for (state, count) in status["feeds_by_health"].as_object().unwrap() {
        assert_eq!(Some(told.get("newsfold_feeds", Some(("state", state)))), count.as_f64(), "{state}");
    }
    assert_eq!(told.get("newsfold_feeds", Some(("state", "gone"))), 0.0);
    let database = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = database.query_row(size, [], |row| row.get(0)).unwrap();
    assert_eq!(told.get("newsfold_database_bytes", None), bytes as f64);
    assert!(told.get("newsfold_wal_bytes", None) > 0.0);
    assert!(status["next_pass"].is_string(), "{status}");
    // What was counted on the way agrees with it.
    let entries = |became| told.get("newsfold_entries_total", Some(("became", became)));
    assert_eq!([entries("new"), entries("revised"), entries("known")], [3.0, 0.0, 0.0]);
    let how = |how| told.get("newsfold_memberships_total", Some(("how", how)));
    assert_eq!([how("founded"), how("joined")], [2.0, 1.0]);
    assert_eq!(told.get("newsfold_assign_duration_seconds_count", None), 3.0);
    assert_eq!(told.get("newsfold_window_articles", None), 3.0);
    let fetched = |outcome| told.get("newsfold_fetches_total", Some(("outcome", outcome)));
    assert_eq!([fetched("read"), fetched("unreachable"), fetched("gone")], [2.0, 1.0, 0.0]);
    assert!(fetched("not-modified") >= 1.0);
    let all = fetched("read") + fetched("unreachable") + fetched("not-modified");
    assert_eq!(told.get("newsfold_fetch_duration_seconds_count", None), all);
    assert_eq!(told.get("newsfold_poll_lag_seconds_count", None), fetched("not-modified"), "a first time is not late");
    let bodies = rss("The Lamp", &[BREAD, DAM]).len() + rss("The Beacon", &[DAM_TOLD_AGAIN]).len();
    assert_eq!(told.get("newsfold_fetch_body_bytes_total", None), bodies as f64);
    assert_eq!([told.get("newsfold_up", None), told.get("newsfold_ready", None)], [1.0, 1.0]);
    let age = clock::now().as_millisecond() as f64 / 1e3 - told.get("newsfold_last_success_timestamp_seconds", None);
    assert!((-1.0..30.0).contains(&age), "{age}");
    assert!(told.get("process_resident_memory_bytes", None) > 1e6);
    // No URL and no secret: a label's values are known beforehand.
    for word in ["s3cret", "http:", "127.0.0.1", "/lamp", "Beacon"] {
        assert!(!said.body.contains(word), "{word}");
    }
    promtool(&said.body);
    assert!(stop(service).lines().any(|line| line.contains("500")));
}

/// Prometheus's own judgement, where it is at hand.
fn promtool(text: &str) {
    let child =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: promtool is not here");
        return;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_door_answers_what_it_knows_and_refuses_the_rest_plainly() {
    let home = Home::with_config(&(config(&[]) + LISTEN));
    let mut service = Service::start(&home, &["run"]);
    let address = ready(&mut service, &home);
    for path in ["/healthz", "/readyz"] {
        let said = get(address, path);
        assert_eq!((said.status, said.body.as_str()), (200, "ok\n"), "{path}");
        assert!(said.head.contains("cache-control: no-store") && said.head.contains("nosniff"), "{}", said.head);
    }
    let ask = |method: &str, path: &str, host: &str| {
        send(address, &format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    };
    let said = ask("HEAD", "/metrics", "localhost");
    assert_eq!((said.status, said.body.as_str()), (200, ""));
    assert!(said.head.contains("text/plain; version=0.0.4"), "{}", said.head);
    assert_eq!(ask("GET", "/nowhere", "localhost").status, 404);
    let said = ask("POST", "/metrics", "localhost");
    assert_eq!(said.status, 405);
    assert!(said.head.contains("allow: get,head"), "{}", said.head);
    // A name that somebody else may have resolved to this machine.
    let said = ask("GET", "/metrics", "rebound.example");
    assert_eq!(said.status, 421);
    assert!(!said.body.contains("newsfold_"), "{}", said.body);
    assert_eq!(send(address, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").status, 400);
    assert_eq!(send(address, "GET /healthz HTTP/1.0\r\n\r\n").status, 200);
    assert_eq!(send(address, "nonsense\r\n\r\n").status, 400);
    stop(service);
}

#[test]
fn a_port_that_is_taken_is_told_before_anybody_is_asked() {
    let origin = Origin::start();
    origin.serve("/lamp", feed(&[BREAD]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let home = Home::with_config(&format!("{}[serve]\nlisten = \"{address}\"\n", config(&[(origin.url("/lamp"), "")])));
    let ran = home.run(&["run"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let said = ran.stderr.trim_end();
    assert!(said.contains(&format!("`{address}`")) && said.contains("choose another port"), "{said}");
    assert_eq!(origin.all_requests().len(), 0);
    fs::write(home.path("config.toml"), "[serve]\nlisten = \"0.0.0.0:0\"\ntoken_file = \"token\"\n").unwrap();
    let ran = home.run(&["run"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("`token_file` in [serve]: cannot read"), "{}", ran.stderr);
}

#[test]
fn a_reload_moves_the_door_and_a_broken_config_moves_nothing() {
    let home = Home::with_config(&(config(&[]) + LISTEN));
    let mut service = Service::start(&home, &["run"]);
    let first = ready(&mut service, &home);
    let says = |words: &str| fs::read_to_string(home.path("log")).unwrap().contains(words);
    let reload = |service: &Service<'_>, more: &str| {
        fs::write(home.path("config.toml"), config(&[]) + more).unwrap();
        service.signal("HUP");
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    reload(&service, &format!("[serve]\nlisten = \"{}\"\n", taken.local_addr().unwrap()));
    service.until("the taken port is refused", || says("not taken over: cannot listen on"));
    reload(&service, "[serve]\nlisten = \"here\"\n");
    service.until("the broken config is refused", || says("config.toml:5"));
    service.until("it is ready again", || get(first, "/readyz").status == 200);
    assert_eq!(metrics(first).get("newsfold_config_reloads_total", Some(("result", "refused"))), 2.0);

    // On all addresses with a token: whoever has none learns that it lives, and nothing else.
    fs::write(home.path("token"), "correct-horse-battery\n").unwrap();
    reload(&service, "[serve]\nlisten = \"0.0.0.0:0\"\ntoken_file = \"token\"\n");
    service.until("it listens elsewhere", || says("listening address=http://0.0.0.0:"));
    let second = SocketAddr::from(([127, 0, 0, 1], address(&mut service, &home).port()));
    service.until("it is ready there", || get(second, "/readyz").status == 200);
    service.until("the first address is closed", || TcpStream::connect(first).is_err());
    let with = |token: &str| {
        let head = format!("Host: news.example\r\nAuthorization: Bearer {token}\r\nConnection: close");
        send(second, &format!("GET /metrics HTTP/1.1\r\n{head}\r\n\r\n")).status
    };
    assert_eq!(get(second, "/metrics").status, 401);
    assert_eq!((with("correct-horse-battery"), with("correct-horse-batterz")), (200, 401));
    // Another token, with the next reload.
    fs::write(home.path("token"), "incorrect-horse-battery\n").unwrap();
    service.signal("HUP");
    service.until("it asks for the new token", || with("incorrect-horse-battery") == 200);
    assert_eq!(with("correct-horse-battery"), 401);
    // Without a token it is told what that means; without a listener it listens no more.
    reload(&service, "[serve]\nlisten = \"0.0.0.0:0\"\n");
    service.until("it warns", || says("whoever reaches `0.0.0.0:"));
    reload(&service, "");
    service.until("it listens nowhere", || TcpStream::connect(second).is_err());
    let log = stop(service);
    assert!(!log.contains("horse"), "{log}");
}

#[test]
fn a_reload_moves_the_door_to_all_addresses_of_its_own_port_and_back_where_that_is_taken() {
    let home = Home::with_config(&(config(&[]) + LISTEN));
    let mut service = Service::start(&home, &["run"]);
    let first = ready(&mut service, &home);
    let everywhere = format!("[serve]\nlisten = \"0.0.0.0:{}\"\n", first.port());
    let says = |words: &str| service_log(&home).contains(words);
    fs::write(home.path("config.toml"), config(&[]) + &everywhere).unwrap();
    // Somebody else has the port at another address of this machine.
    let other = TcpListener::bind(("127.0.0.2", first.port())).unwrap();
    service.signal("HUP");
    service.until("it is refused", || says("not taken over: cannot listen on"));
    service.until("it answers where it was", || get(first, "/readyz").status == 200);
    drop(other);
    service.signal("HUP");
    service.until("it listens everywhere", || says("listening address=http://0.0.0.0:"));
    let second = SocketAddr::from(([127, 0, 0, 2], first.port()));
    service.until("it is ready there", || TcpStream::connect(second).is_ok() && get(second, "/readyz").status == 200);
    stop(service);
}

#[test]
fn while_the_database_is_locked_at_the_start_a_probe_is_answered() {
    let home = Home::with_config(&(config(&[]) + LISTEN));
    drop(Store::open(&home.path("newsfold.db"), 1, clock::now()).unwrap());
    let other = rusqlite::Connection::open(home.path("newsfold.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut service = Service::start(&home, &["run"]);
    let address = address(&mut service, &home);
    let said = get(address, "/readyz");
    assert_eq!((said.status, said.body.as_str()), (503, "the window is still being read\n"));
    other.execute_batch("COMMIT").unwrap();
    service.until("it is ready", || get(address, "/readyz").status == 200);
    stop(service);
}

#[test]
fn a_database_that_is_removed_under_a_running_service_ends_it_with_an_error() {
    let home = Home::with_config(&config(&[]));
    let mut service = Service::start_with(&home, &["run"], &[("WATCHDOG_USEC", "600000")]);
    service.until("it is ready", || service_log(&home).contains("ready"));
    fs::remove_file(home.path("newsfold.db")).unwrap();
    assert_eq!(service.end(Duration::from_secs(5)).code(), Some(1), "{}", service.log());
    assert_eq!(service.log().matches("is not the file any more").count(), 1, "{}", service.log());
}

/// Holds every lock that a reader of the database needs, as a process does that hangs while it makes the index of its log anew; `None`,
/// and a line that says so, where no Python is at hand to do it.
fn held_from_readers(database: &Path) -> Option<std::process::Child> {
    let hold = "import fcntl, sys, time\nindex = open(sys.argv[1], 'r+b')\nfcntl.lockf(index, fcntl.LOCK_EX, 8, 120)\n\
                print('held', flush=True)\ntime.sleep(60)";
    let index = format!("{}-shm", database.display());
    let child = Command::new("python3").args(["-c", hold, &index]).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: python3 is not here");
        return None;
    };
    let mut told = [0; 5];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut told).unwrap();
    Some(child)
}

#[test]
fn a_database_that_answers_nobody_holds_up_neither_probes_nor_a_stop() {
    let home = Home::with_config(&(config(&[]) + LISTEN));
    let mut service = Service::start(&home, &["run"]);
    let address = ready(&mut service, &home);
    let Some(mut holder) = held_from_readers(&home.path("newsfold.db")) else { return };
    let threads = || {
        let status = fs::read_to_string(format!("/proc/{}/status", service.process())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
        line.trim().parse::<usize>().unwrap()
    };
    let before = threads();
    // Whoever asks goes away before he is answered.
    for _ in 0..30 {
        let mut probe = TcpStream::connect(address).unwrap();
        probe.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    let after = threads();
    let began = Instant::now();
    service.signal("TERM");
    let code = service.end(Duration::from_secs(20)).code();
    let took = began.elapsed();
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(after <= before + 5, "{before} threads, and then {after}");
    assert!(code == Some(0) && took < Duration::from_secs(5), "{code:?} after {took:?}\n{}", service.log());
}

/// A door over a database, with these bounds.
struct Gate {
    _folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    door: newsfold::serve::Door,
    meter: Arc<Meter>,
    database: std::path::PathBuf,
}

fn door(params: DoorParams) -> Gate {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("n.db");
    drop(Store::open(&database, 1, "2026-02-13T12:00:00Z".parse().unwrap()).unwrap());
    let meter = Arc::new(Meter::default());
    let watched = Arc::new(Watched::new(Arc::clone(&meter), database.clone(), Duration::from_secs(60)));
    watched.set_digests(["morning \"news\"".to_owned()]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let door = runtime
        .block_on(async { Bound::to("127.0.0.1:0".parse().unwrap()).await.unwrap().open(watched, None, params) });
    Gate { _folder: folder, runtime, door, meter, database }
}

#[test]
fn who_dawdles_gives_his_place_back_and_who_babbles_is_cut_short() {
    let quick = Duration::from_millis(300);
    let gate =
        door(DoorParams { connections_max: 2, head_within: quick, head_bytes_max: 8192, ..DoorParams::default() });
    let address = gate.door.address();
    // Two that hold every place: one says nothing, one drips.
    let mut silent = TcpStream::connect(address).unwrap();
    let mut dripping = TcpStream::connect(address).unwrap();
    dripping.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    let began = Instant::now();
    let mut drip = dripping.try_clone().unwrap();
    let dripper = std::thread::spawn(move || {
        while drip.write_all(b"x").is_ok() && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(get(address, "/healthz").status, 200, "the third waits for a place and is answered");
    assert!(began.elapsed() >= quick / 2 && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_ne!(read(&mut silent).status, 200);
    dripper.join().unwrap();
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(20_000));
    let mut stream = TcpStream::connect(address).unwrap();
    // It may be cut off in the middle.
    drop(stream.write_all(long.as_bytes()));
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut answer = Vec::new();
    drop(std::io::Read::read_to_end(&mut stream, &mut answer));
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(get(address, "/healthz").status, 200);
    let began = Instant::now();
    let _open = TcpStream::connect(address).unwrap();
    gate.runtime.block_on(gate.door.close());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn health_is_that_the_writer_gets_on_and_the_database_answers() {
    let gate = door(DoorParams::default());
    let address = gate.door.address();
    let said = |path: &str| {
        let said = get(address, path);
        (said.status, said.body)
    };
    assert_eq!(said("/healthz").0, 200);
    assert_eq!(said("/readyz"), (503, "the window is still being read\n".to_owned()));
    gate.meter.set_ready();
    assert_eq!(said("/readyz").0, 200);
    // A writer that has been at one step for an hour.
    let hour = Duration::from_secs(3600);
    gate.meter.writer.beat(Instant::now().checked_sub(hour).expect("the machine runs for an hour"));
    assert_eq!(said("/healthz"), (503, "the writer has been at one step for 3600 s\n".to_owned()));
    assert_eq!(said("/readyz").0, 503);
    assert_eq!(metrics(address).get("newsfold_up", None), 0.0);
    gate.meter.writer.rest();
    assert_eq!(said("/healthz").0, 200);
    // A file that is gone, or another under its name, is not the one that the service works on.
    let (aside, pause) = (gate.database.with_extension("aside"), Duration::from_millis(1_050));
    fs::rename(&gate.database, &aside).unwrap();
    std::thread::sleep(pause);
    let (status, body) = said("/healthz");
    assert!(status == 503 && body.contains("is not the file any more"), "{status} {body}");
    assert_eq!(metrics(address).get("newsfold_up", None), 0.0);
    fs::rename(&aside, &gate.database).unwrap();
    std::thread::sleep(pause);
    assert_eq!(said("/healthz").0, 200);
    gate.runtime.block_on(gate.door.close());

    // A database that nobody can read: whoever asks is told within the bound, however many ask.
    let gate = door(DoorParams::default());
    let address = gate.door.address();
    let other = rusqlite::Connection::open(&gate.database).unwrap();
    let alone = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE meta SET value = value;";
    other.execute_batch(alone).unwrap();
    let began = Instant::now();
    let asking: Vec<_> = (0..8).map(|_| std::thread::spawn(move || get(address, "/healthz"))).collect();
    for asking in asking {
        let said = asking.join().unwrap();
        assert_eq!((said.status, said.body.as_str()), (503, "the database has not answered within 2 s\n"));
    }
    let told = metrics(address);
    assert!(told.get("newsfold_up", None) == 0.0 && !told.0.contains_key("newsfold_articles"), "{told:?}");
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    drop(other);
    while get(address, "/healthz").status != 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "it recovers by itself");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_service_that_is_well_says_nothing_after_its_first_lines() {
    let origin = Origin::start();
    let growing: Vec<String> = (0..60).map(|number| format!("Notice {number} of the harbour office")).collect();
    let entries: Vec<Entry<'_>> = growing
        .iter()
        .map(|title| Entry { guid: title, link: "", title, text: "The gate is closed at night.", ..BREAD })
        .collect();
    origin.serve_in_turn("/busy", (1..=60).map(|count| feed(&entries[..count])));
    origin.serve("/calm", feed(&[DAM]).conditional());
    origin.serve_in_turn(
        "/ill",
        [Answer::status(500), Answer::status(502), Answer::status(500), feed(&[DAM_TOLD_AGAIN])],
    );
    let often = "interval = \"1s\"";
    let feeds = [(origin.url("/busy"), often), (origin.url("/calm"), often), (origin.url("/ill"), often)];
    let quick = "[fetch]\ncontact = \"https://news.example/bot\"\ninterval_min = \"1s\"\ninterval_max = \"2s\"\n";
    let home = Home::with_config(&config(&feeds).replace("[fetch]\n", quick));
    let socket = UnixDatagram::bind(home.path("notify")).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut service = Service::start(&home, &["run"]);
    service.until("it polls on and the ill one is well", || {
        told(&socket);
        origin.requests("/busy").len() >= 5 && titles(&home).iter().any(|title| title == DAM_TOLD_AGAIN.title)
    });
    service.until("its recovery is told", || service_log(&home).contains("is well again"));
    let log = stop(service);
    let kinds = ["starting", "ready", "500 Internal", "is well again", "stopped"];
    let fits = log.lines().zip(kinds).all(|(line, kind)| line.contains(kind));
    assert!(fits && log.lines().count() == kinds.len(), "one line for each change, and none for what goes on:\n{log}");
}

fn service_log(home: &Home) -> String {
    fs::read_to_string(home.path("log")).unwrap()
}

#[test]
fn the_journal_is_told_how_much_each_line_matters() {
    let origin = Origin::start();
    origin.serve("/500", Answer::status(500));
    let home = Home::with_config(&config(&[(origin.url("/500"), "")]));
    let check = |args: &[&str], variables: &[(&str, &str)]| {
        let mut service = Service::start_with(&home, args, variables);
        service
            .until("it has asked", || service_log(&home).contains("stopped") || service_log(&home).contains("ready"));
        stop(service)
    };
    let log = check(&["run", "--log-format", "journald", "--color", "always", "-v"], &[]);
    for line in log.lines() {
        let priority = line.get(..3).unwrap_or_default();
        assert!(["<3>", "<4>", "<6>", "<7>"].contains(&priority) && !line.contains('\x1b'), "{line}");
        let year = clock::now().to_string()[..5].to_owned();
        assert!(!line.contains(&year), "the journal notes the time: {line}");
    }
    assert!(log.contains("<6>ready"), "{log}");
    // A variable that was inherited names another stream.
    let log = check(&["run"], &[("JOURNAL_STREAM", "1:1")]);
    assert!(!log.contains("<6>"), "{log}");
}

/// What changes signals or variables of a process needs one of its own: the test runs itself a second time, where this says yes.
fn is_alone(name: &str, variables: &[(&str, &Path)]) -> bool {
    const CHILD: &str = "NEWSFOLD_TEST_ALONE";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("watched::{name}")])
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && out.contains("1 passed"), "{out}{err}");
    false
}

struct OnEnd(Arc<AtomicBool>);

impl Drop for OnEnd {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A press that always has a new issue, and notes when it was asked.
#[derive(Clone, Default)]
struct Press(Arc<Mutex<Vec<(String, Timestamp)>>>);

impl Fetch for Press {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        self.0.lock().unwrap().push((request.url.clone(), now));
        let title = format!("Notice of {now} at {}", request.url);
        let entry = Entry { guid: &title, title: &title, ..BREAD };
        Ok(Response::Fetched {
            answer: FetchAnswer {
                validators: Validators::default(),
                final_url: request.url.parse().unwrap(),
                moved_permanently_to: None,
                fresh_for: None,
                status: 200,
                elapsed: Duration::ZERO,
                redirects: Vec::new(),
            },
            body: rss("The Press", &[entry]).into(),
            content_type: None,
        })
    }
}

/// A database with feeds that are asked so often, each of a host of its own.
fn house(folder: &Path, feeds: usize, interval: SignedDuration, now: Timestamp) -> (Writer, Feeds) {
    let database = folder.join("n.db");
    let mut store = Store::open(&database, 7, now).unwrap();
    let wish = |number: usize| FeedWish {
        interval: Some(interval),
        ..FeedWish::of_url(format!("http://press{number}.example/feed"))
    };
    store.add_feeds(&(0..feeds).map(wish).collect::<Vec<_>>(), now).unwrap();
    let reader = Feeds::new(Store::reader(&database).unwrap());
    (Writer::new(store, WriterParams::default()).unwrap(), reader)
}

#[test]
fn a_writer_that_hangs_starves_the_watchdog_until_it_gets_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    if !is_alone("a_writer_that_hangs_starves_the_watchdog_until_it_gets_on", &[("NOTIFY_SOCKET", &path)]) {
        return;
    }
    // Who listens to nobody holds up whoever tells him, so a thread of its own does.
    let socket = UnixDatagram::bind(std::env::var_os("NOTIFY_SOCKET").unwrap()).unwrap();
    let messages: Arc<Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&messages);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length) = socket.recv(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            hearing.lock().unwrap().extend(message.lines().map(str::to_owned));
        }
    });
    // The loop lives on this thread; who else asks for the time is the writer.
    let (home, hangs, caught) = (std::thread::current().id(), AtomicBool::new(false), AtomicBool::new(false));
    let (hangs, caught) = (Arc::new(hangs), Arc::new(caught));
    let (hanging, catching) = (Arc::clone(&hangs), Arc::clone(&caught));
    let now = move || {
        while std::thread::current().id() != home && hanging.load(Ordering::Relaxed) {
            catching.store(true, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
        clock::now()
    };
    let params = DaemonParams {
        tick: Duration::from_millis(20),
        now: Arc::new(now),
        writer_silence_max: Duration::from_millis(400),
        ..DaemonParams::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // A writer that hangs on would keep a failure from being told.
    let _freed = OnEnd(Arc::clone(&hangs));
    runtime.block_on(async {
        let (writer, feeds) = house(folder.path(), 2, SignedDuration::from_secs(1), clock::now());
        let mut signals = Signals::listen().unwrap();
        let pause = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
        let taken = || std::mem::take(&mut *messages.lock().unwrap());
        let beats = || taken().iter().filter(|message| *message == "WATCHDOG=1").count();
        let script = async {
            let mut heard = Vec::new();
            while !heard.contains(&"READY=1".to_owned()) {
                pause(20).await;
                heard.extend(taken());
            }
            assert!(heard.iter().any(|message| message.starts_with("STATUS=2 feeds, 0 of them")), "{heard:?}");
            assert!(params.meter.is_ready());
            pause(300).await;
            assert!(beats() >= 3, "it is fed while all is well");
            hangs.store(true, Ordering::Relaxed);
            while !caught.load(Ordering::Relaxed) {
                pause(10).await;
            }
            pause(700).await;
            beats();
            pause(700).await;
            assert_eq!(beats(), 0, "the writer hangs, and the loop turns: nobody is told that all is well");
            assert!(params.meter.writer.silence(Instant::now()) > Duration::from_secs(1));
            hangs.store(false, Ordering::Relaxed);
            beats();
            pause(700).await;
            assert!(beats() >= 3, "it got on");
        };
        let script = tokio::time::timeout(Duration::from_secs(30), script);
        tokio::select! {
            ended = newsfold::daemon::run(writer, &feeds, Press::default(), &params, &mut signals) => panic!("{ended:?}"),
            done = script => done.expect("half a minute is enough"),
        }
    });
    // The writer's thread has nothing left to wait for.
    runtime.shutdown_background();
}

#[test]
fn the_loop_turns_on_whatever_the_clock_does() {
    if !is_alone("the_loop_turns_on_whatever_the_clock_does", &[]) {
        return;
    }
    // An hour passes in a second.
    let began = Instant::now();
    let start: Timestamp = "2026-02-13T12:00:00Z".parse().unwrap();
    let jumped = Arc::new(AtomicI64::new(0));
    let jumps = Arc::clone(&jumped);
    let now = move || {
        let seconds = began.elapsed().as_secs_f64() * 3600.0;
        start + SignedDuration::from_secs_f64(seconds) + SignedDuration::from_secs(jumps.load(Ordering::Relaxed))
    };
    let clock = now.clone();
    let params = DaemonParams { tick: Duration::from_millis(10), now: Arc::new(now), ..DaemonParams::default() };
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let press = Press::default();
        let asked = Arc::clone(&press.0);
        let (writer, feeds) = house(folder.path(), 12, SignedDuration::from_hours(1), start);
        let mut signals = Signals::listen().unwrap();
        let script = async {
            // A day ahead, as after a sleep; back; into the year 2038 and past the end of 32 bits; back; past a leap day.
            let day = 24 * 3600;
            let leap = "2028-02-28T23:30:00Z".parse::<Timestamp>().unwrap().duration_since(clock()).as_secs();
            let wrap = "2038-01-19T02:30:00Z".parse::<Timestamp>().unwrap().duration_since(clock()).as_secs();
            tokio::time::sleep(Duration::from_millis(600)).await;
            assert_eq!(asked.lock().unwrap().len(), 12, "each once, and none before its hour is over");
            for jump in [day, -day, wrap, -wrap, leap] {
                asked.lock().unwrap().clear();
                jumped.fetch_add(jump, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(1_300)).await;
                let seen = asked.lock().unwrap().clone();
                for number in 0..12 {
                    let url = format!("http://press{number}.example/feed");
                    let times = seen.iter().filter(|(asked, _)| *asked == url).count();
                    assert!((1..=3).contains(&times), "{times} times in 78 minutes after a jump by {jump} s");
                }
            }
        };
        tokio::select! {
            ended = newsfold::daemon::run(writer, &feeds, press, &params, &mut signals) => panic!("{ended:?}"),
            () = script => {}
        }
    });
    runtime.shutdown_background();
}

#[test]
fn a_machine_whose_clock_jumps_asks_each_feed_as_often_as_ever() {
    let mut rig = Rig::new();
    let paths: Vec<String> = (0..30).map(|number| format!("/{number}")).collect();
    let start = rig.now();
    for path in &paths {
        rig.origin.serve(path, feed(&[BREAD]).conditional());
        let wish = FeedWish { interval: Some(hours(1)), ..FeedWish::of_url(rig.origin.url(path)) };
        assert!(rig.store().add_feed(&wish, start).unwrap());
        // One after another, as people add them.
        rig.pass();
        rig.wait(minutes(2));
    }
    rig.live(hours(3));
    for jump in [days(1), days(-1), hours(-3), minutes(-90), days(4_360), days(-4_360), days(745), days(-745)] {
        let before: Vec<usize> = paths.iter().map(|path| rig.asked(path).len()).collect();
        rig.wait(jump);
        if jump.is_negative() {
            let at_once = rig.pass().len();
            assert!(at_once <= 12, "{at_once} of 30 at once after {jump:?}");
        }
        rig.live(minutes(70));
        for (path, before) in paths.iter().zip(before) {
            let times = rig.asked(path).len() - before;
            assert!((1..=2).contains(&times), "{path}: {times} times in 70 minutes after {jump:?}");
        }
    }
    // All times are stored as they were by the clock, in UTC.
    assert!(rig.feeds().iter().all(|feed| feed.state.last_attempt.is_some_and(|asked| asked <= rig.now())));
}

/// A file of the repository.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every word of a text that can only be a metric of ours, or of the process.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let ours = words.filter(|word| word.starts_with("newsfold_") || word.starts_with("process_"));
    // A package's file name begins so, too.
    let ours = ours.filter(|word| !word.ends_with('_'));
    ours.map(str::to_owned).collect()
}

#[test]
fn what_the_dashboard_the_alerts_and_the_manual_name_is_what_there_is() {
    let gate = door(DoorParams::default());
    gate.meter.turned.set("2026-02-13T12:00:00Z".parse().unwrap());
    rusqlite::Connection::open(&gate.database)
        .unwrap()
        .execute_batch(
            "INSERT INTO feeds (url, tags, cluster, priority, origin, active, added, health, failures, interval_seconds,
                last_attempt, last_success) VALUES ('https://a.example/', '[]', 1, 0, 'command', 1, 5, 'ok', 0, 0, 7, 7);
             INSERT INTO editions (name, number, covers_from, covers_until, made, place, stories, format)
                VALUES ('morning \"news\"', 1, 1, 2, 3, 0, 1, 'text');",
        )
        .unwrap();
    let told = metrics(gate.door.address());
    assert_eq!(told.get("newsfold_editions", Some(("digest", "morning \"news\""))), 1.0, "labels are escaped");
    assert_eq!(told.0["newsfold_editions"].lines.len(), 1, "only the digests of the config: others may be any number");
    let mut known: BTreeSet<String> = told.0.keys().cloned().collect();
    let manual = named(&file("docs/operations.md"));
    let missing: Vec<_> = known.difference(&manual).collect();
    assert!(missing.is_empty(), "docs/operations.md does not say what these are: {missing:?}");
    for (name, metric) in &told.0 {
        if metric.kind == "histogram" {
            known.extend(["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")));
        }
    }
    for name in ["packaging/grafana.json", "packaging/alerts.yml", "docs/operations.md"] {
        let unknown: Vec<_> = named(&file(name)).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{name} names what is not there: {unknown:?}");
    }
    promtool(&get(gate.door.address(), "/metrics").body);
}

#[test]
fn the_dashboard_is_one_that_loads() {
    let dashboard: serde_json::Value = serde_json::from_str(&file("packaging/grafana.json")).unwrap();
    assert_eq!((&dashboard["uid"], &dashboard["id"]), (&"newsfold".into(), &serde_json::Value::Null));
    let variables: Vec<&str> =
        dashboard["templating"]["list"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(variables, ["datasource", "instance"]);
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "ids are distinct");
    let mut cells = BTreeSet::new();
    for panel in panels {
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_i64().unwrap());
        assert!(x + w <= 24);
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(cells.insert(cell), "{} lies over another", panel["title"]);
        }
        if panel["type"] != "row" {
            let targets = panel["targets"].as_array().unwrap();
            let says = |target: &serde_json::Value| {
                let expression = target["expr"].as_str().unwrap();
                expression.contains("instance=\"$instance\"") && target["datasource"]["uid"] == "${datasource}"
            };
            assert!(!targets.is_empty() && targets.iter().all(says), "{}", panel["title"]);
        }
    }
}

/// Runs a program of others over a file; `None`, and a line that says so, where it is not at hand.
fn judged(program: &str, args: &[&str]) -> Option<(bool, String)> {
    let Ok(output) = Command::new(program).args(args).output() else {
        println!("skipped: {program} is not here");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[test]
fn the_alert_rules_are_what_prometheus_reads() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/alerts.yml");
    if let Some((good, said)) = judged("promtool", &["check", "rules", rules.to_str().unwrap()]) {
        assert!(good, "{said}");
    }
}

#[test]
fn the_unit_is_what_systemd_reads_and_gives_away_little() {
    let unit = file("packaging/newsfold.service");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newsfold.service");
    // Where the test's own binary lies is beside the matter, but systemd looks whether it is there.
    fs::write(&path, unit.replace("/usr/bin/newsfold", env!("CARGO_BIN_EXE_newsfold"))).unwrap();
    let path = path.to_str().unwrap();
    let Some((good, said)) = judged("systemd-analyze", &["verify", "--man=no", path]) else { return };
    assert!(good && said.trim().is_empty(), "{said}");
    let (_, said) = judged("systemd-analyze", &["security", "--offline=yes", path]).unwrap();
    let Some(exposure) = said.rsplit(": ").next().and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok()) else {
        println!("skipped: this systemd-analyze does not judge a file ({})", said.trim());
        return;
    };
    assert!(exposure <= 1.2, "{said}");
    assert!(file("docs/operations.md").contains(&format!("exposure level {exposure}")), "{exposure}");
}

#[test]
fn the_command_line_of_the_unit_starts_a_service_that_reads_its_secrets_from_where_systemd_puts_them() {
    let unit = file("packaging/newsfold.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/newsfold ")).expect("it starts");
    let home = Home::with_config(&(config(&[]) + "[serve]\nlisten = \"0.0.0.0:0\"\n"));
    fs::create_dir_all(home.path("state")).unwrap();
    fs::create_dir_all(home.path("credentials")).unwrap();
    fs::write(home.path("credentials/token"), "a-token-of-systemd\n").unwrap();
    let state = home.path("state");
    let line = line.replace("${STATE_DIRECTORY}", state.to_str().unwrap());
    let line = line.replace("/etc/newsfold/config.toml", home.path("config.toml").to_str().unwrap());
    let args: Vec<&str> = line.split(' ').collect();
    let variable = unit.lines().find_map(|line| line.strip_prefix("#Environment=NEWSFOLD_SERVE_TOKEN_FILE=%d/"));
    assert_eq!(variable, Some("token"));
    let token = home.path("credentials/token");
    let variables = [("NEWSFOLD_SERVE_TOKEN_FILE", token.to_str().unwrap()), ("MALLOC_ARENA_MAX", "2")];
    let mut service = Service::start_with(&home, &args, &variables);
    let port = address(&mut service, &home).port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    service.until("it is ready", || get(address, "/readyz").status == 200);
    assert_eq!(get(address, "/metrics").status, 401);
    let head = "Host: news.example\r\nAuthorization: Bearer a-token-of-systemd\r\nConnection: close";
    assert_eq!(send(address, &format!("GET /metrics HTTP/1.1\r\n{head}\r\n\r\n")).status, 200);
    assert!(home.path("state/newsfold.db").exists());
    stop(service);
}

#[test]
fn a_machine_that_believed_in_2038_goes_on_when_its_clock_is_put_right() {
    let origin = Origin::start();
    origin.serve("/lamp", feed(&[BREAD, DAM]));
    let home = Home::with_config(&config(&[(origin.url("/lamp"), "interval = \"1s\"")]));
    let command = home.command(&["fetch"]);
    let mut late = Command::new("faketime");
    late.args(["-f", "@2038-01-19 03:14:00"]).arg(command.get_program()).args(command.get_args());
    late.current_dir(home.path(""))
        .env("TZ", "UTC")
        .env("HOME", home.path(""))
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let Ok(output) = late.output() else {
        println!("skipped: faketime is not here");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = home.clusters()[0]["first_seen"].as_str().unwrap().to_owned();
    assert!(seen.starts_with("2038-01-19T03:14:") && seen.ends_with('Z'), "{seen}");
    // Twelve years earlier.
    let mut service = Service::start(&home, &["run"]);
    service.until("it asks on", || origin.requests("/lamp").len() >= 3);
    assert_eq!(titles(&home).len(), 2, "nothing is new by the clock alone");
    stop(service);
}

/// The shipped build, as `cargo build --release` leaves it.
fn shipped() -> Option<std::path::PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/newsfold");
    if !path.exists() {
        println!("skipped: {} is not there; `cargo build --release` makes it", path.display());
        return None;
    }
    Some(path)
}

/// 500 feeds, each on a path of its own and none with an entry, and a service that has asked each once: what it costs to wait.
#[test]
fn a_service_with_nothing_to_do_costs_next_to_nothing() {
    if !is_slow_wanted() {
        println!("skipped: SLOW_TESTS=1 runs it");
        return;
    }
    let Some(program) = shipped() else { return };
    let origin = Origin::start();
    let mut feeds = Vec::new();
    for number in 0..500 {
        let path = format!("/{number}");
        origin.serve(&path, feed(&[]).conditional());
        feeds.push((origin.url(&path), ""));
    }
    let home = Home::with_config(&(config(&feeds) + LISTEN));
    let log = fs::File::create(home.path("log")).unwrap();
    let mut command = Command::new(program);
    command.args(["run"]).current_dir(home.path("")).env_clear().env("MALLOC_ARENA_MAX", "2").stdin(Stdio::null());
    let mut service = Service::of(command.stderr(log), &home);
    let address = ready(&mut service, &home);
    let empty = || metrics(address).get("newsfold_feeds", Some(("state", "empty")));
    service.until("all feeds were asked", || empty() == 500.0);
    // Threads that had work end after ten seconds without.
    std::thread::sleep(Duration::from_secs(15));
    let (began, before) = (Instant::now(), metrics(address));
    std::thread::sleep(Duration::from_secs(60));
    let (took, after) = (began.elapsed().as_secs_f64(), metrics(address));
    let cpu = |told: &Metrics| told.get("process_cpu_seconds_total", None);
    let (share, megabytes) =
        ((cpu(&after) - cpu(&before)) / took, after.get("process_resident_memory_bytes", None) / 1e6);
    println!(
        "500 feeds, an empty window: {megabytes:.1} MB resident, {:.2} % of a core, {} threads",
        share * 100.0,
        after.get("process_threads", None)
    );
    assert!(megabytes <= 40.0 && share <= 0.01);
    stop(service);
}
