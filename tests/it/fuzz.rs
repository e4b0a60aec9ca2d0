//! Inputs made hostile by chance, the same ones every time: nothing panics, dies, takes long or breaks its promise.
//!
//! `SLOW_TESTS=1` makes 250 times as many; `NEWSFOLD_FUZZ_SEED=NUMBER` makes others. What a dead process was at lies in
//! `target/tmp/fuzz-*`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::Duration;

use jiff::Timestamp;
use newsfold::cluster::{self, Clusterer};
use newsfold::fetch::law::{self, DELTA_SECONDS_MAX, TimeHeaders};
use newsfold::fetch::{self, policy};
use newsfold::model::{ArticleId, Draft};
use newsfold::prepare::{self, Asked};
use newsfold::{clean, config, dates, features, identify, opml, parse};
use url::Url;

use crate::binary::is_slow_wanted;
use crate::markup::{tags, unsafe_characters};
use crate::mutate::{BODY_BYTES_MAX, Dice, document, seeds};
use crate::payloads::{documents, html5lib, lists};
use crate::samples::{BREAD, Entry, rss};

/// CPU time that reading one document of at most 256 KB may take.
const CPU_MAX: Duration = Duration::from_millis(250);

fn now() -> Timestamp {
    "2026-02-13T12:00:00Z".parse().unwrap()
}

fn asked() -> Asked {
    let final_url = Url::parse("https://www.harbour.example/feeds/all.xml").unwrap();
    Asked { feed_url: final_url.to_string(), final_url, content_type: None }
}

fn hints() -> parse::Hints {
    parse::Hints { base: Some(asked().final_url), ..parse::Hints::default() }
}

/// How many inputs of those that a quick run makes.
fn runs(quick: u64) -> u64 {
    if is_slow_wanted() { quick * 250 } else { quick }
}

fn seed() -> u64 {
    std::env::var("NEWSFOLD_FUZZ_SEED").ok().and_then(|number| number.parse().ok()).unwrap_or(20_260_213)
}

/// CPU time of this thread so far, as the system counts it; `None` where it does not.
pub fn cpu_time() -> Option<Duration> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// What went wrong, so that all of it can be told at the end.
#[derive(Default)]
struct Faults {
    told: Mutex<Vec<String>>,
    slowest: AtomicU64,
}

impl Faults {
    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }

    fn assert_none(&self, what: &str) {
        let told = self.told.lock().unwrap();
        println!("{what}, seed {}: slowest {} ms of CPU time", seed(), self.slowest.load(Ordering::Relaxed) / 1_000);
        assert!(told.is_empty(), "{} faults, seed {}:\n{}", told.len(), seed(), told[..told.len().min(20)].join("\n"));
    }

    /// Runs it, and notes a panic or too much time. A thread of tokio's has a stack of 2 MiB, as these have.
    fn watch(&self, name: &str, body: &[u8], work: impl Fn(&[u8])) {
        let mut least = u64::MAX;
        // A clock that counts in ticks can count a neighbour's; what is slow is slow again.
        for _ in 0..6 {
            let began = cpu_time();
            if catch_unwind(AssertUnwindSafe(|| work(body))).is_err() {
                return self.tell(format!("{name} panicked: {}", kept(name, body).display()));
            }
            let took = began.and_then(|began| cpu_time()?.checked_sub(began)).unwrap_or_default();
            least = least.min(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            if took <= CPU_MAX / 2 {
                break;
            }
        }
        self.slowest.fetch_max(least, Ordering::Relaxed);
        if Duration::from_micros(least) > CPU_MAX {
            self.tell(format!("{name} took {} ms: {}", least / 1_000, kept(name, body).display()));
        }
    }
}

/// Keeps an input for whoever looks into it.
fn kept(name: &str, body: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", name.replace(['/', ' '], "-")));
    fs::write(&path, body).unwrap();
    path
}

/// As the binary has it: what is contained is not printed. For the whole test process, which contains nothing else.
fn quiet_contained_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !parse::is_containing() {
                usual(panic)
            }
        }));
    });
}

/// Does the work for every number below `runs` on all cores, each with its own dice.
fn in_parallel(name: &str, runs: u64, work: impl Fn(u64, &mut Dice, &Path) + Sync) {
    quiet_contained_panics();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    std::thread::scope(|scope| {
        for core in 0..cores {
            let work = &work;
            let at_work = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}-{core}"));
            let thread = std::thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, move || {
                for number in (core..runs).step_by(cores as usize) {
                    work(number, &mut Dice::of(seed(), number), &at_work);
                }
                fs::remove_file(&at_work).unwrap_or_default();
            });
            thread.expect("a thread starts");
        }
    });
}

#[test]
fn feeds_made_hostile_by_chance_are_read_or_named() {
    let (seeds, faults) = (seeds(), Faults::default());
    let (read, contained, bytes) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let runs = runs(8_000);
    in_parallel("feeds", runs, |number, dice, at_work| {
        let body = document(&seeds, dice);
        assert!(body.len() <= BODY_BYTES_MAX);
        fs::write(at_work, &body).unwrap();
        bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        faults.watch(&format!("feed {number}"), &body, |body| match parse::feed(body, &hints()) {
            Ok(feed) => {
                read.fetch_add(u64::from(!feed.entries.is_empty()), Ordering::Relaxed);
            }
            Err(parse::ParseError::Panicked { message }) => {
                println!("feed {number}: contained `{message}`");
                contained.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        });
    });
    println!(
        "{runs} documents of {} B on average, {read:?} with entries, {contained:?} panics contained",
        bytes.into_inner() / runs
    );
    faults.assert_none("reading");
}

#[test]
fn feeds_made_hostile_by_chance_become_drafts_that_hold_no_markup() {
    let (seeds, faults) = (seeds(), Faults::default());
    in_parallel("drafts", runs(1_600), |number, dice, at_work| {
        let body = document(&seeds, dice);
        fs::write(at_work, &body).unwrap();
        let name = format!("drafts {number}");
        faults.watch(&name, &body, |body| drop(prepare::drafts(body, &asked(), now(), &prepare::Params::default())));
        let Ok(prepared) = prepare::drafts(&body, &asked(), now(), &prepare::Params::default()) else { return };
        for draft in &prepared.drafts {
            if let Some(fault) = draft_fault(draft) {
                faults.tell(format!("{name}: {fault}: {}", kept(&name, &body).display()));
            }
        }
    });
    faults.assert_none("preparing");
}

/// What is wrong with a draft, whatever document it came from.
fn draft_fault(draft: &Draft) -> Option<String> {
    let words =
        [Some(&draft.title), Some(&draft.text), draft.author.as_ref(), draft.source.as_ref(), draft.lang.as_ref()];
    for text in words.into_iter().flatten().chain(&draft.categories) {
        if !tags(text).is_empty() || !unsafe_characters(text).is_empty() {
            return Some(format!("{:?} {:?} in `{text}`", tags(text), unsafe_characters(text)));
        }
    }
    let urls = [&draft.url, &draft.image].into_iter().flatten().chain(&draft.links);
    let foreign = urls.into_iter().find(|url| !url.starts_with("http://") && !url.starts_with("https://"));
    let empty = draft.title.is_empty() || draft.title.contains('\n') || draft.key.0.is_empty();
    foreign.map(|url| format!("a link to `{url}`")).or_else(|| empty.then(|| format!("title or key: {draft:?}")))
}

#[test]
fn every_document_of_the_security_lists_is_harmless_as_a_feed_and_as_a_text() {
    let faults = Faults::default();
    quiet_contained_panics();
    for (number, body) in documents().iter().enumerate() {
        faults.watch(&format!("list {number}"), body, |body| {
            drop(prepare::drafts(body, &asked(), now(), &prepare::Params::default()));
        });
        let entry = Entry { title: &String::from_utf8_lossy(body), text: &String::from_utf8_lossy(body), ..BREAD };
        let wrapped = rss("Lists", &[entry]);
        // One entry of a megabyte is more than the bound speaks of.
        let prepared = prepare::drafts(wrapped.as_bytes(), &asked(), now(), &prepare::Params::default());
        for draft in prepared.iter().flat_map(|prepared| &prepared.drafts) {
            assert_eq!(draft_fault(draft), None, "list {number}");
        }
    }
    faults.assert_none("the lists");
}

#[test]
fn texts_made_hostile_by_chance_are_plain_after_cleaning() {
    let mut seeds: Vec<Vec<u8>> = lists().into_iter().chain(html5lib()).map(String::into_bytes).collect();
    seeds.retain(|seed| !seed.is_empty());
    println!("{} payloads", seeds.len());
    let (faults, limits) = (Faults::default(), clean::Limits::default());
    let whole = u64::try_from(seeds.len()).unwrap();
    in_parallel("texts", whole + runs(1_000), |number, dice, at_work| {
        // Each as it is, then mutations.
        let body =
            if number < whole { seeds[usize::try_from(number).unwrap()].clone() } else { document(&seeds, dice) };
        fs::write(at_work, &body).unwrap();
        let html = String::from_utf8_lossy(&body).into_owned();
        let name = format!("text {number}");
        faults.watch(&name, &body, |_| drop(clean::title(&html, &limits)));
        let cleaned = RefCell::new(String::new());
        faults.watch(&name, &body, |_| *cleaned.borrow_mut() = clean::text(&html, &limits).text);
        for text in [cleaned.take(), clean::title(&html, &limits)] {
            if !tags(&text).is_empty() || !unsafe_characters(&text).is_empty() {
                faults.tell(format!("{name} leaves {:?}: {}", tags(&text), kept(&name, &body).display()));
            }
        }
        if number % 4 == 0 && html.len() < 64 * 1024 {
            let base = asked().final_url;
            faults.watch(&format!("page {number}"), &body, |_| drop(clean::feed_links(&html, &base, &limits)));
        }
    });
    faults.assert_none("cleaning");
}

#[test]
fn addresses_made_hostile_by_chance_keep_one_spelling_and_no_secret() {
    let seeds = [
        "https://www.harbour.example/a/b.html?utm_source=x&id=7#top",
        "http://me:hidden@[::ffff:127.0.0.1]:8080/?token=hidden&a=b",
        "https://example.com//amp/../x/%2e%2e/%00?&&=&a&b=%zz",
        "//m.example.com:443/x;jsessionid=1",
        "javascript:alert(1)",
        "https://0x7f.1/",
        "https://xn--nxasmq6b/é?ü=ö",
        "file:///etc/passwd",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let (faults, base) = (Faults::default(), asked().final_url);
    in_parallel("addresses", runs(10_000), |number, dice, _| {
        let bytes = document(&seeds, dice);
        // Spelled out in per cent it is up to twelve times as long, and what is too long is no address.
        let text: String = String::from_utf8_lossy(&bytes).chars().take(600).collect();
        faults.watch(&format!("address {number}"), &bytes, |_| {
            if let Some(once) = identify::canonical(&text, Some(&base)) {
                let again = identify::canonical(&once.url, Some(&base))
                    .unwrap_or_else(|| panic!("{} is an address no longer", once.url));
                assert_eq!((&again.url, &again.key), (&once.url, &once.key), "{text:?}");
                assert!(once.url.starts_with("http"), "{text:?}");
                if let Some(by_key) = identify::canonical(&once.key, None) {
                    assert_eq!(by_key.key, once.key, "{text:?}");
                }
            }
            if let Ok(url) = Url::parse(&text) {
                assert!(policy::host(&url).is_ok() || url.host().is_some());
                let shown = policy::redact(url.as_str());
                assert!(
                    url.password().is_none_or(|secret| secret.len() < 4 || !shown.contains(&format!(":{secret}@"))),
                    "{shown}"
                );
            }
            if let Ok(target) = policy::redirect_target(&base, &text) {
                assert!(target.username().is_empty() && target.password().is_none(), "{text:?}");
            }
            assert!(
                fetch::place(&text).is_ok()
                    || !text.starts_with("https://www.harbour.example/a/b.html?utm_source=x&id=7#top")
            );
        });
    });
    faults.assert_none("addresses");
}

#[test]
fn lists_configs_and_headers_made_hostile_by_chance_are_read_or_named() {
    let faults = Faults::default();
    let lists: Vec<Vec<u8>> = [
        "<opml version=\"2.0\"><head/><body><outline text=\"News\"><outline type=\"rss\" text=\"A\" xmlUrl=\"https://a.example/feed\"/></outline></body></opml>",
        "<!DOCTYPE opml [<!ENTITY a \"b\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]><opml><body><outline xmlUrl=\"&a;&c;javascript:x\"/></body></opml>",
    ]
    .iter()
    .map(|list| list.as_bytes().to_vec())
    .collect();
    let config =
        [include_str!("../../config.toml"), "[fetch]\ntimeout = \"5s\"\n[[feeds]]\nurl = \"https://a.example/\"\n"];
    let config: Vec<Vec<u8>> = config.iter().map(|text| text.as_bytes().to_vec()).collect();
    let headers = [
        "max-age=7200",
        "no-cache, max-age=\"60\", x=y",
        "Fri, 13 Feb 2026 12:00:00 GMT",
        "Friday, 13-Feb-26 12:00:00 GMT",
        "-1",
        "120",
        "Fri Feb 13 12:00:00 2026",
        "99999999999999999999",
    ];
    let headers: Vec<Vec<u8>> = headers.iter().map(|text| text.as_bytes().to_vec()).collect();
    in_parallel("lists", runs(1_000), |number, dice, _| {
        let list = document(&lists, dice);
        faults.watch(&format!("opml {number}"), &list, |list| {
            if let Ok(read) = opml::read(list, &opml::Params::default()) {
                // What was read is written so that it is read again.
                let written = opml::write(&read.feeds);
                let again =
                    opml::read(written.as_bytes(), &opml::Params::default()).expect("what we write can be read");
                assert_eq!(again.feeds.len(), read.feeds.len());
            }
        });
        let text = String::from_utf8_lossy(&document(&config, dice)).into_owned();
        faults.watch(&format!("config {number}"), text.as_bytes(), |_| {
            if let Err(error) = config::parse(&text, Path::new("c.toml"), Path::new("/")) {
                assert!(error.to_string().contains("c.toml"));
            }
        });
        let mut header = || Some(String::from_utf8_lossy(&document(&headers, dice)).into_owned());
        let times = TimeHeaders {
            cache_control: header(),
            expires: header(),
            date: header(),
            age: header(),
            retry_after: header(),
        };
        faults.watch(&format!("headers {number}"), format!("{times:?}").as_bytes(), |_| {
            let longest = Duration::from_secs(DELTA_SECONDS_MAX);
            assert!(law::fresh_for(&times, now()).is_none_or(|fresh| fresh <= longest * 200));
            assert!(law::retry_after(&times, now()).is_none_or(|pause| pause <= longest * 200));
            std::hint::black_box(law::pause(503, &times, now()));
        });
    });
    faults.assert_none("lists, configs and headers");
}

/// Dates, mended and broken: never a panic, and what is read reads back the same.
#[test]
fn dates_made_hostile_by_chance_are_moments_or_none() {
    let seeds = [
        "Tue, 10 Jun 2003 04:00:00 GMT",
        "2026-02-13T12:00:00.123+01:00",
        "2026-W07-5",
        "20260213T120000Z",
        "1770984000",
        "Sat, Dec 16 2023 02:02:33 PM",
        "vendredi 13 février 2026, 12 h 05",
        "13.02.2026 24:00",
        "Fri, 13 Feb 26 (comment (inside)) 23:59:60 -0000",
        "2026년 2월 13일 오후 3:05:00",
    ];
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let faults = Faults::default();
    in_parallel("dates", runs(10_000), |number, dice, _| {
        let bytes = document(&seeds, dice);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        faults.watch(&format!("date {number}"), &bytes, |_| {
            if let Some(moment) = dates::read(&text) {
                assert_eq!(dates::read(&moment.to_string()), Some(moment), "{text:?}");
            }
        });
    });
    faults.assert_none("dates");
}

/// Any texts in any order: each is in one cluster, which an earlier one of them founded.
#[test]
fn texts_made_hostile_by_chance_are_each_in_one_cluster() {
    let seeds: Vec<Vec<u8>> = lists().into_iter().map(String::into_bytes).filter(|seed| !seed.is_empty()).collect();
    let lexicon = features::lexicon::Lexicon::builtin();
    let mut clusterer = Clusterer::new(cluster::params::Params::default(), cluster::weights::Weights::builtin());
    let mut founders = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    for number in 0..runs(500) {
        let mut dice = Dice::of(seed(), number);
        let words = |dice: &mut Dice, chars_max: usize| -> String {
            String::from_utf8_lossy(&document(&seeds, dice)).chars().take(chars_max).collect()
        };
        // As long as cleaning lets them be, or longer than anything looks at.
        let (title, text) = (words(&mut dice, clean::Limits::default().title_chars_max), words(&mut dice, 20_000));
        let began = cpu_time();
        let told = features::language::Told { title: &title, text: &text, declared: None };
        let lang = features::language::of_document(&[told, told, told]).pop().flatten();
        let subject = features::Subject { title: &title, text: &text, lang: lang.as_deref() };
        let made = features::of(&subject, lexicon, &features::Params::default());
        let id = ArticleId(i64::try_from(number).unwrap() + 1);
        let assigned = clusterer.assign(cluster::Arrival {
            id,
            published: now(),
            dated: number % 2 == 0,
            seen: now(),
            outlet: ["a", "b", "c"][dice.below(3)],
            alone: number % 7 == 0,
            features: Cow::Owned(made),
        });
        let took = began.and_then(|began| cpu_time()?.checked_sub(began)).unwrap_or_default();
        slowest = slowest.max(took);
        if assigned.cluster.0 == id {
            founders.insert(id);
        }
        for change in &assigned.changes {
            if let cluster::change::Change::Split { into, .. } = change {
                founders.insert(into.0);
            }
        }
        assert!(founders.contains(&assigned.cluster.0), "text {number} is in a cluster that nobody founded");
        assert!((0.0..=1.0).contains(&assigned.reason.probability), "text {number}: {:?}", assigned.reason);
    }
    println!("{} clusters, slowest {slowest:?} of CPU time", founders.len());
    assert!(slowest <= CPU_MAX, "{slowest:?}");
}
