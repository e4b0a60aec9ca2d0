//! A strict reader of the Prometheus text format, and of HTTP answers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One metric.
#[derive(Debug)]
pub struct Metric {
    pub kind: String,
    /// Name, labels and value of each line.
    pub lines: Vec<(String, BTreeMap<String, String>, f64)>,
}

/// All metrics of a text.
#[derive(Debug)]
pub struct Metrics(pub BTreeMap<String, Metric>);

impl Metrics {
    /// Reads a text, and panics where it departs from the format or from the rules of naming (prometheus.io/docs/practices/naming).
    pub fn read(text: &str) -> Metrics {
        assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("\n\n"), "{text}");
        let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
        let mut current = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(is_name(name) && help.len() > 4 && help.ends_with('.'), "{line}");
                let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")));
                let kind = kind.unwrap_or_else(|| panic!("no type after {line}")).to_owned();
                assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{kind}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
                assert!(!["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end)), "{name}");
                current = name.to_owned();
                assert!(metrics.insert(current.clone(), Metric { kind, lines: Vec::new() }).is_none(), "twice: {name}");
            } else {
                let (name, labels, value) = sample(line);
                let metric = metrics.get_mut(&current).unwrap_or_else(|| panic!("no head before {line}"));
                let family = match metric.kind.as_str() {
                    "histogram" => ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)),
                    _ => Some(name.as_str()),
                };
                assert_eq!(family, Some(current.as_str()), "{line}");
                assert!(metric.kind == "gauge" || value >= 0.0, "{line}");
                metric.lines.push((name, labels, value));
            }
        }
        for (name, metric) in &metrics {
            let distinct: BTreeSet<_> = metric.lines.iter().map(|(name, labels, _)| (name, labels)).collect();
            assert_eq!(distinct.len(), metric.lines.len(), "{name} says something twice");
            assert!(!metric.lines.is_empty(), "{name} says nothing");
            if metric.kind == "histogram" {
                is_whole(name, metric);
            }
        }
        Metrics(metrics)
    }

    /// The number of that name, with this label where it has one.
    pub fn get(&self, name: &str, label: Option<(&str, &str)>) -> f64 {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let metric = self.0.get(name).or_else(|| self.0.get(family?)).unwrap_or_else(|| panic!("no `{name}`"));
        let wanted: BTreeMap<String, String> =
            label.into_iter().map(|(label, word)| (label.to_owned(), word.to_owned())).collect();
        let found = metric.lines.iter().find(|(known, labels, _)| known == name && *labels == wanted);
        found.unwrap_or_else(|| panic!("no `{name}` with {wanted:?} in {metric:?}")).2
    }
}

/// The buckets of a histogram grow, and the last one is for all.
fn is_whole(name: &str, metric: &Metric) {
    let buckets: Vec<(f64, f64)> = metric
        .lines
        .iter()
        .filter(|(line, _, _)| line.ends_with("_bucket"))
        .map(|(_, labels, value)| (number(&labels["le"]), *value))
        .collect();
    assert!(buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{name}: {buckets:?}");
    let last = buckets.last().unwrap();
    let count = metric.lines.iter().find(|(line, _, _)| line.ends_with("_count")).unwrap().2;
    assert!(last.0.is_infinite() && last.1.to_bits() == count.to_bits(), "{name}: {last:?}, {count}");
    assert!(metric.lines.iter().any(|(line, _, _)| line.ends_with("_sum")), "{name}");
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let (head, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = head.split_once('{').unwrap_or((head, "}"));
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    while rest != "}" {
        let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(label) && !label.contains(':'), "{line}");
        let (mut word, mut letters) = (String::new(), after.char_indices());
        let end = loop {
            match letters.next().unwrap_or_else(|| panic!("{line}")) {
                (at, '"') => break at,
                (_, '\\') => match letters.next().unwrap().1 {
                    'n' => word.push('\n'),
                    letter @ ('\\' | '"') => word.push(letter),
                    other => panic!("`\\{other}` in {line}"),
                },
                (_, letter) => word.push(letter),
            }
        };
        assert!(labels.insert(label.to_owned(), word).is_none(), "{line}");
        rest = after[end + 1..].strip_prefix(',').unwrap_or(&after[end + 1..]);
    }
    (name.to_owned(), labels, number(value))
}

fn number(text: &str) -> f64 {
    if text == "+Inf" { f64::INFINITY } else { text.parse().unwrap_or_else(|_| panic!("`{text}` is no number")) }
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_lowercase() || letter == '_')
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// An answer.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Sends these bytes and reads until the other side ends.
pub fn send(address: SocketAddr, request: &str) -> Said {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    read(&mut stream)
}

pub fn read(stream: &mut TcpStream) -> Said {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer of text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Said { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Asks as a client on this machine does.
pub fn get(address: SocketAddr, path: &str) -> Said {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// The metrics of a service.
pub fn metrics(address: SocketAddr) -> Metrics {
    let said = get(address, "/metrics");
    assert_eq!(said.status, 200, "{said:?}");
    Metrics::read(&said.body)
}
