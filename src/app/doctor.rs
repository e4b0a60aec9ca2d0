//! Conductor: `doctor`: looks at everything and says what needs a person.

use jiff::Timestamp;
use serde::Serialize;

use crate::app::context::{Context, Failure, print};
use crate::app::orders;
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, View};
use crate::clock;
use crate::diagnosis::{self, Finding, Weight};
use crate::fetch::error::one_line;
use crate::fetch::policy::redact;
use crate::listing::json::{Layout, document};
use crate::listing::plain;
use crate::store::{Disk, Forecast, RoleLock, Store, StoreError};

/// What `doctor` knows.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    generated: Timestamp,
    /// Whether nothing needs a person.
    is_well: bool,
    findings: Vec<Finding>,
    /// The file; `None` where there is none that can be read.
    database: Option<File>,
}

#[derive(Debug, Serialize)]
struct File {
    path: String,
    articles: u64,
    file_bytes: u64,
    spare_bytes: u64,
    log_bytes: u64,
    volume_free_bytes: Option<u64>,
    tables: Vec<Table>,
    forecast: Option<Outlook>,
}

#[derive(Debug, Serialize)]
struct Table {
    name: String,
    bytes: u64,
}

/// What becomes of the file, in whole numbers.
#[derive(Debug, Serialize)]
pub struct Outlook {
    /// Growth in a day.
    pub bytes_per_day: u64,
    /// In how many days the volume is full.
    pub full_in_days: Option<u64>,
    /// The size that it stays at.
    pub levels_off_bytes: Option<u64>,
}

impl Outlook {
    /// Of a forecast.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates that are never negative")]
    pub fn of(forecast: &Forecast) -> Outlook {
        Outlook {
            bytes_per_day: forecast.bytes_per_day as u64,
            full_in_days: forecast.full_in_days.map(|days| days as u64),
            levels_off_bytes: forecast.levels_off_bytes,
        }
    }
}

/// Looks at config, database, feeds, mail and disk.
///
/// # Errors
/// Only when its answer cannot be printed; what is wrong is the answer.
pub fn doctor(context: &Context, view: View) -> Result<Exit, Failure> {
    let mut findings = of_config(context);
    let database = match context.reader() {
        Ok(store) => match of_store(context, &store, &mut findings) {
            Ok(file) => Some(file),
            Err(error) => {
                findings.push(unreadable(&error));
                None
            }
        },
        Err(StoreError::Missing { path }) => {
            let what = format!("there is no database at `{}` yet", path.display());
            findings.push(Finding::note("database", what, "`newsfold fetch` or `newsfold run` makes it"));
            None
        }
        Err(error) => {
            findings.push(unreadable(&error));
            None
        }
    };
    tell(&context.terminal, context.now, findings, database, view)
}

/// The answer where the config cannot even be read; all else needs it.
///
/// # Errors
/// When the answer cannot be printed.
pub fn of_broken_config(failure: &Failure, terminal: Terminal, view: View) -> Result<Exit, Failure> {
    // Each fault of a config has a line of its own.
    let finding = |line: &str| Finding::fault("config", line.trim().to_owned(), "nothing runs until it is put right");
    let findings = failure.error.to_string().lines().filter(|line| !line.trim().is_empty()).map(finding).collect();
    tell(&terminal, clock::now(), findings, None, view)
}

fn unreadable(error: &StoreError) -> Finding {
    let advice = match error {
        StoreError::Newer { .. } | StoreError::Older { .. } | StoreError::Busy => "nothing is lost",
        StoreError::NotADatabase { .. } | StoreError::NotOurs { .. } | StoreError::Folder { .. } => {
            "name the right file in the config, or `newsfold restore` a backup into its place"
        }
        _ => "keep a copy of the file and its -wal, then `newsfold restore` the last good backup; check the disk",
    };
    Finding::fault("database", one_line(error), advice)
}

/// What a run would stumble over.
fn of_config(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut refused = |failure: Failure| {
        findings.push(Finding::fault("config", one_line(failure.error.as_ref()), "put it right in the config"));
    };
    drop(context.fetcher().map_err(&mut refused));
    drop(context.writer_params().map_err(&mut refused));
    drop(context.config.serve.token().map_err(|error| refused(Failure::misused(error))));
    if context.config.mail.smtp.is_some() {
        drop(orders::server(context).map_err(&mut refused));
    }
    if context.config.fetch.contact.is_none() && context.config.fetch.user_agent.is_none() {
        let what = "publishers cannot tell whom to ask about these requests".to_owned();
        findings.push(Finding::note("config", what, "set `contact` in [fetch]"));
    }
    if context.config_path.is_none() {
        let what = "there is no config file, so the defaults hold".to_owned();
        findings.push(Finding::note("config", what, "`newsfold init` writes one"));
    }
    findings
}

fn of_store(context: &Context, store: &Store, findings: &mut Vec<Finding>) -> Result<File, StoreError> {
    let unsound = store.unsound()?;
    findings.extend(diagnosis::of_database(&unsound));
    let database = &context.config.database;
    let feeds = context.known_feeds()?;
    findings.extend(diagnosis::of_feeds(&feeds, context.now, redact));
    let is_running = RoleLock::holder(database).is_some();
    findings.extend(diagnosis::of_service(&feeds, is_running, context.now));
    findings.extend(diagnosis::of_mail(&store.outbox()?, context.config.mail.smtp.is_some(), context.now));
    let disk = store.disk(database, context.now, context.kept_days())?;
    let forecast = disk.forecast(context.kept_days());
    let is_pruned = context.kept_days().is_some();
    findings.extend(diagnosis::of_disk(&disk, forecast.as_ref(), is_pruned));
    let tables = store.tables()?.into_iter().map(|(name, bytes)| Table { name, bytes }).collect();
    Ok(file(database.display().to_string(), &disk, forecast, tables))
}

fn file(path: String, disk: &Disk, forecast: Option<Forecast>, tables: Vec<Table>) -> File {
    File {
        path,
        articles: disk.articles,
        file_bytes: disk.file_bytes,
        spare_bytes: disk.spare_bytes,
        log_bytes: disk.log_bytes,
        volume_free_bytes: disk.volume_free_bytes,
        tables,
        forecast: forecast.as_ref().map(Outlook::of),
    }
}

fn tell(
    terminal: &Terminal,
    now: Timestamp,
    mut findings: Vec<Finding>,
    database: Option<File>,
    view: View,
) -> Result<Exit, Failure> {
    findings.sort_by_key(|finding| finding.weight);
    let is_well = findings.iter().all(|finding| finding.weight == Weight::Note);
    let report = Report { schema: "newsfold.doctor/1", generated: now, is_well, findings, database };
    let answer = match view {
        View::Json => document(&report, Layout::Indented),
        View::Text => lines(&report),
    };
    print(terminal, &answer)?;
    Ok(if is_well { Exit::Done } else { Exit::Failed })
}

/// One line each, what is worst first, then the file.
fn lines(report: &Report) -> String {
    let mut lines = Vec::new();
    for Finding { weight, area, subject, what, advice } in &report.findings {
        let weight = if *weight == Weight::Fault { "FAULT" } else { "note " };
        let subject = subject.as_ref().map(|subject| format!("`{subject}` ")).unwrap_or_default();
        lines.push(plain::line(&format!("{weight} {area}: {subject}{what} - {advice}")));
    }
    if let Some(file) = &report.database {
        let mut sizes: Vec<String> =
            file.tables.iter().take(4).map(|table| format!("{} {}", table.name, plain::bytes(table.bytes))).collect();
        sizes.push(format!("log {}", plain::bytes(file.log_bytes)));
        lines.push(plain::line(&format!("disk: {}: {}", plain::bytes(file.file_bytes), sizes.join(", "))));
        lines.push(plain::line(&format!("disk: {}", outlook(file))));
    }
    lines.push(if report.is_well { "nothing needs you" } else { "something needs you" }.to_owned());
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn outlook(file: &File) -> String {
    let free = file.volume_free_bytes.map(|free| format!("{} free; ", plain::bytes(free))).unwrap_or_default();
    let Some(forecast) = &file.forecast else { return format!("{free}too early to tell how it grows") };
    let grows = format!("{free}grows by {} a day", plain::bytes(forecast.bytes_per_day));
    match (forecast.full_in_days, forecast.levels_off_bytes) {
        (Some(days), _) => format!("{grows}, full in {days} days"),
        (None, Some(level)) => format!("{grows}, levels off at {}", plain::bytes(level)),
        (None, None) => grows,
    }
}
