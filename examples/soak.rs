//! What days of service cost: a thousand feeds that publish, each in its own rhythm, polled, read, stored, clustered and indexed as `run` does
//! it, by one engine that is never restarted. Idle time is skipped and working time is real: the clock jumps to the next due time
//! and runs on while anything is under way, so a lag is what it would be on this machine. Only the network is missing.
//!
//! usage: cargo run --release --example soak -- FOLDER [--feeds N] [--days N]
//!
//! FOLDER gets `soak.db` (one that stands there is replaced). Prints a line for every half day: articles stored and in the window, memory
//! (resident), the file and the longest its log ever was since the last line, answers stored, how long after they were asked for
//! (median, 99 of 100, worst), and CPU time used. Due feeds are looked for once a minute and asked all together, which a service does
//! four times a second: the lags here are those of a crowd.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use newsfold::fetch::error::FetchError;
use newsfold::fetch::{Answer, Fetch, Request, Response};
use newsfold::ingest::{self, Ingest};
use newsfold::model::{FeedWish, Validators};
use newsfold::schedule;
use newsfold::store::Store;
use newsfold::writer::{Params, Writer};
use tokio_util::sync::CancellationToken;

const ENTRIES: u64 = 20;
/// Between two looks at what is due; a service looks four times a second. Lags are counted from the look.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
const STEP: SignedDuration = SignedDuration::from_hours(12);
const SYLLABLES: [&str; 24] = [
    "ba", "do", "ki", "lu", "me", "na", "po", "ra", "si", "tu", "ve", "zo", "gra", "len", "mor", "tis", "vel", "kan",
    "dor", "phi", "sha", "bru", "cle", "fen",
];

/// SplitMix64's finaliser (Steele et al. 2014): well-mixed bits of a number.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn made_up(bits: u64) -> String {
    (0..2 + bits % 3).map(|place| SYLLABLES[(bits >> (8 + 6 * place)) as usize % SYLLABLES.len()]).collect()
}

/// A clock that runs, and can be moved.
#[derive(Clone)]
struct Clock(Arc<Mutex<(Timestamp, Instant)>>);

impl Clock {
    fn now(&self) -> Timestamp {
        let (base, since) = *self.0.lock().expect("nobody panics with it");
        base + SignedDuration::try_from(since.elapsed()).unwrap_or_default()
    }

    fn jump(&self, to: Timestamp) {
        *self.0.lock().expect("nobody panics with it") = (to, Instant::now());
    }
}

/// A thousand publishers; every document is a function of its feed and the time.
#[derive(Clone)]
struct Publishers {
    began: Timestamp,
}

impl Publishers {
    /// How long a feed takes from one article to the next: from half an hour to two days, most of them some hours.
    fn rhythm(feed: u64) -> i64 {
        let share = (mixed(feed ^ 0xFEED) % 1_000) as f64 / 1_000.0;
        (1_800.0 * 96_f64.powf(share)) as i64
    }

    fn published(&self, feed: u64, now: Timestamp) -> u64 {
        // Each has some days behind it.
        let seconds = now.duration_since(self.began).as_secs() + 5 * 86_400 + (mixed(feed) % 86_400).cast_signed();
        (seconds / Publishers::rhythm(feed)).max(0).cast_unsigned()
    }

    fn document(&self, feed: u64, last: u64, now: Timestamp) -> String {
        let mut items = String::new();
        for number in (last.saturating_sub(ENTRIES)..=last).rev() {
            let back = (last - number).cast_signed() * Publishers::rhythm(feed);
            let at = now - SignedDuration::from_secs(back);
            // Of three articles one is about what others write about as well, in the same hours.
            let day = at.as_second().cast_unsigned() / 28_800;
            let draw = mixed((feed << 32) ^ number);
            let story = if draw.is_multiple_of(3) { mixed((day << 8) | (draw % 40)) } else { draw };
            let word = |place: u64| match mixed(draw ^ place) % 3 {
                0 => made_up(mixed(story ^ (place % 17))),
                _ => made_up(mixed(mixed(draw ^ (place << 7)) % 30_000)),
            };
            let title: Vec<String> = (0..8).map(|place| made_up(mixed(story ^ (place + draw % 3)))).collect();
            let text: Vec<String> = (0..120).map(word).collect();
            let date = jiff::fmt::rfc2822::to_string(&at.to_zoned(jiff::tz::TimeZone::UTC)).unwrap_or_default();
            items.push_str(&format!(
                "<item><title>{}</title><link>https://outlet{feed}.example/{number}</link><guid>{feed}-{number}</guid>\
                 <pubDate>{date}</pubDate><description>{}.</description></item>\n",
                title.join(" "),
                text.join(" ")
            ));
        }
        format!("<rss version=\"2.0\"><channel><title>Outlet {feed}</title>\n{items}</channel></rss>")
    }
}

impl Fetch for Publishers {
    async fn fetch(&self, request: &Request, now: Timestamp) -> Result<Response, FetchError> {
        let feed = request.url.trim_start_matches("https://outlet").split('.').next();
        let feed: u64 = feed.and_then(|number| number.parse().ok()).unwrap_or_default();
        let last = self.published(feed, now);
        let etag = Some(format!("\"{last}\""));
        let final_url =
            url::Url::parse(&request.url).map_err(|source| FetchError::Url { url: request.url.clone(), source })?;
        let is_known = request.validators.etag == etag;
        let answer = Answer {
            validators: Validators { etag, last_modified: None },
            final_url,
            moved_permanently_to: None,
            fresh_for: None,
            status: if is_known { 304 } else { 200 },
            elapsed: Duration::ZERO,
            redirects: Vec::new(),
        };
        if is_known {
            return Ok(Response::NotModified(answer));
        }
        let body = self.document(feed, last, now).into();
        Ok(Response::Fetched { answer, body, content_type: Some("application/rss+xml".to_owned()) })
    }
}

/// A number of `/proc/self/status`, in KiB.
fn status_kib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim_start_matches(':').trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or_default()
}

/// Seconds of CPU time that this process has used, in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

struct Wanted {
    folder: String,
    feeds: u64,
    days: i64,
}

fn wanted() -> Result<Wanted> {
    let mut wanted = Wanted { folder: String::new(), feeds: 1_000, days: 14 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().context("a number is missing")?.parse().context("it is no number");
        match word.as_str() {
            "--feeds" => wanted.feeds = number()?,
            "--days" => wanted.days = number()?.try_into()?,
            folder => wanted.folder = folder.to_owned(),
        }
    }
    if wanted.folder.is_empty() {
        bail!("usage: soak FOLDER [--feeds N] [--days N]");
    }
    Ok(wanted)
}

/// What was measured since the last line.
#[derive(Default)]
struct Period {
    lags: Vec<f64>,
    log_bytes: u64,
}

impl Period {
    fn tell(&mut self, hours: i64, path: &Path) -> Result<()> {
        self.lags.sort_by(f64::total_cmp);
        let lag = |share: f64| {
            self.lags.get((self.lags.len() as f64 * share) as usize).or(self.lags.last()).copied().unwrap_or(0.0)
        };
        let totals = Store::reader(path)?.totals(Timestamp::MIN)?;
        println!(
            "{hours:>5} h  {:>7} articles  {:>4} MiB resident  {:>5} MiB file  {:>4} MiB log  {:>6} answers  lag {:.2} / {:.2} / {:.2} s  {:.0} s CPU",
            totals.articles,
            status_kib("VmRSS") >> 10,
            std::fs::metadata(path)?.len() >> 20,
            self.log_bytes >> 20,
            self.lags.len(),
            lag(0.5),
            lag(0.99),
            lag(1.0),
            cpu_seconds(),
        );
        *self = Period::default();
        Ok(())
    }
}

async fn soak(wanted: &Wanted) -> Result<()> {
    let path = Path::new(&wanted.folder).join("soak.db");
    for ending in ["", "-wal", "-shm"] {
        // Where none stands there is none to remove.
        drop(std::fs::remove_file(format!("{}{ending}", path.display())));
    }
    let began: Timestamp = "2026-02-13T12:00:00Z".parse()?;
    let clock = Clock(Arc::new(Mutex::new((began, Instant::now()))));
    let mut store = Store::open(&path, 7, began)?;
    for feed in 0..wanted.feeds {
        store.add_feed(&FeedWish::of_url(format!("https://outlet{feed}.example/feed")), began)?;
    }
    let writer = Writer::new(store, Params::default())?;
    let (publishers, ticking, params) = (Publishers { began }, clock.clone(), schedule::Params::default());
    let stop = CancellationToken::new();
    let mut ingest = Ingest::start(writer, publishers, ingest::Params::default(), move || ticking.now(), stop);
    let feeds = Store::reader(&path)?;
    let end = began + SignedDuration::from_hours(24 * wanted.days);
    let (mut period, mut next_line) = (Period::default(), began + STEP);
    let mut known = feeds.feeds()?;
    while clock.now() < end {
        let now = clock.now();
        let due = schedule::due(&known, now, &params);
        for id in &due {
            let feed = known.iter().find(|feed| feed.id == *id).context("it is one of them")?;
            ingest.ask(feed.clone());
        }
        for _ in &due {
            ingest.report().await.context("the writer stopped")?;
            period.lags.push(clock.now().duration_since(now).as_secs_f64());
        }
        period.log_bytes = period.log_bytes.max(feeds.log_bytes());
        known = feeds.feeds()?;
        let wake = schedule::next_wake(&known, clock.now(), &params).unwrap_or(end);
        // What falls due meanwhile is asked together, or a week would take a working day.
        clock.jump(wake.max(clock.now() + PAUSE));
        if clock.now() >= next_line {
            period.tell(next_line.duration_since(began).as_hours(), &path)?;
            next_line += STEP;
        }
    }
    let mut writer = ingest.finish(drop).await.whole()?;
    println!(
        "the window holds {} articles; most ever resident: {} MiB",
        writer.window_articles(),
        status_kib("VmHWM") >> 10
    );
    writer.store().checkpoint()?;
    Ok(())
}

fn main() -> Result<()> {
    let wanted = wanted()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(soak(&wanted))
}
