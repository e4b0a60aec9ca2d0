//! Door: the terminal: what it can show, and how lines, errors and progress reach it.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorMode {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` says no; elsewhere only with `CLICOLOR_FORCE`.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What the two output streams can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Whether a person reads stdout.
    pub is_terminal_stdout: bool,
    /// Whether a person reads stderr.
    pub is_terminal_stderr: bool,
    /// Columns of the terminal that stdout is; `None` when it is none.
    pub width: Option<u16>,
    /// Whether stdout is coloured.
    pub color: bool,
    /// Whether stderr is coloured.
    pub color_stderr: bool,
    /// Whether stderr goes straight to the systemd journal.
    pub is_journal_stderr: bool,
}

/// `JOURNAL_STREAM` names the socket that was stderr when the service began (`systemd.exec(5)`); it is inherited by those whose stderr
/// is another by now, so the two are compared.
fn is_journal_stderr() -> bool {
    use std::os::unix::fs::MetadataExt;
    let Some((Ok(stream), Ok(stderr))) =
        std::env::var_os("JOURNAL_STREAM").map(|stream| (stream.into_string(), std::fs::metadata("/dev/stderr")))
    else {
        return false;
    };
    stream == format!("{}:{}", stderr.dev(), stderr.ino())
}

impl Terminal {
    /// Looks at the streams of this process and at `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM`.
    pub fn detect(color: ColorMode) -> Terminal {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let colored = |automatic: ColorChoice| match color {
            ColorMode::Auto => automatic != ColorChoice::Never,
            ColorMode::Always => true,
            ColorMode::Never => false,
        };
        Terminal {
            is_terminal_stdout: stdout.is_terminal(),
            is_terminal_stderr: stderr.is_terminal(),
            width: terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0),
            color: colored(AutoStream::choice(&stdout)),
            color_stderr: colored(AutoStream::choice(&stderr)),
            is_journal_stderr: is_journal_stderr(),
        }
    }

    /// Writes data to stdout, colour codes stripped where they are not wanted. A reader that has gone (`| head`) is no error.
    ///
    /// # Errors
    /// When stdout cannot be written: a full disk, a bad descriptor.
    pub fn print(&self, text: &str) -> io::Result<()> {
        self.pour(text).map(|_| ())
    }

    /// Writes a part of the data to stdout as [`Terminal::print`] does; says whether anybody is there to read the next.
    ///
    /// # Errors
    /// Those of [`Terminal::print`].
    pub fn pour(&self, text: &str) -> io::Result<bool> {
        // Data without colours passes byte for byte: to strip is also to drop every other control character.
        let is_plain = !text.contains('\x1b');
        let mut stream = AutoStream::new(io::stdout().lock(), choice(self.color || is_plain));
        let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }

    /// Writes bytes to stdout as they are; says whether all of them were taken. What a pipe still holds when its reader goes counts as
    /// taken.
    ///
    /// # Errors
    /// Those of [`Terminal::print`].
    pub fn print_bytes(&self, bytes: &[u8]) -> io::Result<bool> {
        let mut stream = io::stdout().lock();
        match stream.write_all(bytes).and_then(|()| stream.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }

    /// Writes to stderr as it is, colour codes stripped where they are not wanted.
    pub fn tell(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), choice(self.color_stderr));
        // When stderr is gone, nobody is left to be told so.
        drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    }

    /// Writes an error to stderr: `newsfold: …`, the name in red where it may be.
    pub fn complain(&self, message: &str) {
        self.tell(&complaint(message));
    }

    /// A progress bar on stderr that is hidden where nobody watches.
    pub fn progress(&self, total: u64, what: &str) -> Progress {
        let target = if self.is_terminal_stderr { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{msg}  {bar:32}  {pos}/{len}  {elapsed}")
            .expect("the template is a constant, and tests draw it")
            .progress_chars("━╸┄");
        let bar = ProgressBar::with_draw_target(Some(total), target).with_style(style).with_message(what.to_owned());
        Progress { bar, terminal: *self }
    }
}

/// Long work as a person sees it. Clones share one bar.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    terminal: Terminal,
}

impl Progress {
    /// A bar that nobody sees, for `--quiet`; what is said is still said.
    pub fn hidden(terminal: Terminal) -> Progress {
        Progress { bar: ProgressBar::hidden(), terminal }
    }

    /// One more is done.
    pub fn tick(&self) {
        self.bar.inc(1);
    }

    /// So many more are done.
    pub fn advance(&self, done: usize) {
        self.bar.inc(u64::try_from(done).unwrap_or(u64::MAX));
    }

    /// Prints a line to stderr, above the bar where there is one.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| self.terminal.tell(&format!("{line}\n")));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn choice(color: bool) -> ColorChoice {
    if color { ColorChoice::Always } else { ColorChoice::Never }
}

/// The message behind our name. What a server or a file said may be part of it, so control characters are spelled out:
/// an error must not move the cursor.
fn complaint(message: &str) -> String {
    let mut text = String::from("\x1b[1;31mnewsfold:\x1b[0m ");
    for character in message.trim_end().chars() {
        match character {
            '\n' | '\t' => text.push(character),
            unseen if unseen.is_control() || is_format(unseen) => text.extend(unseen.escape_default()),
            visible => text.push(visible),
        }
    }
    text.push('\n');
    text
}

/// Whether a character turns the direction of a line, or is seen by nobody: words of others stand in our complaints.
fn is_format(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_behind_our_name_and_cannot_move_the_cursor() {
        let check = |message: &str, expected: &str| {
            let shown = anstream::adapter::strip_str(&complaint(message)).to_string();
            assert_eq!(shown, expected);
        };
        check("cannot open `news.db`", "newsfold: cannot open `news.db`\n");
        check("ends with a newline\n", "newsfold: ends with a newline\n");
        check("it said `\x1b[2Jgone\r`", "newsfold: it said `\\u{1b}[2Jgone\\r`\n");
    }

    #[test]
    fn a_bar_is_hidden_off_a_terminal() {
        let terminal = Terminal {
            is_terminal_stdout: false,
            is_terminal_stderr: false,
            width: None,
            color: false,
            color_stderr: false,
            is_journal_stderr: false,
        };
        let progress = terminal.progress(2, "feeds");
        progress.tick();
        progress.tick();
        assert!(progress.bar.is_hidden());
        assert_eq!(progress.bar.position(), 2);
        progress.finish();
    }
}
