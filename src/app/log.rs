//! Conductor: the log on stderr: for people, for programs, for the journal.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::LogFormat;
use crate::cli::terminal::Terminal;

/// Starts the log.
pub(crate) fn start(level: LevelFilter, format: LogFormat, terminal: &Terminal) {
    // What the libraries say is for their authors; only their troubles may be ours too.
    let filter = Targets::new().with_target("newsfold", level).with_default(LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(terminal.color_stderr);
    let registry = tracing_subscriber::registry();
    match format {
        LogFormat::Text if terminal.is_journal_stderr => {
            registry.with(lines.with_ansi(false).event_format(Journal::new()).with_filter(filter)).init();
        }
        LogFormat::Text => registry.with(lines.with_filter(filter)).init(),
        LogFormat::Json => registry.with(lines.json().with_filter(filter)).init(),
        LogFormat::Journald => {
            registry.with(lines.with_ansi(false).event_format(Journal::new()).with_filter(filter)).init();
        }
    }
}

/// Lines as the journal reads them from stderr (`sd-daemon(3)`): the priority before the line, by which `journalctl -p warning`
/// chooses and which it colours; no time, for the journal notes its own.
struct Journal(Format<Full, ()>);

impl Journal {
    fn new() -> Journal {
        Journal(Format::default().without_time().with_level(false).with_target(false))
    }
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// What syslog calls it.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
