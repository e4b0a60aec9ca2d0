//! Conductor: one function per command.

mod archive;
mod context;
mod corrections;
mod demo;
mod digest;
mod doctor;
mod feeds;
mod fetch;
mod keep;
mod log;
mod orders;
mod run;
mod seen;
mod stored;
mod upkeep;

use std::ffi::OsString;

use crate::app::context::{Context, Failure};
use crate::cli::terminal::Terminal;
use crate::cli::{self, Command, Exit, FeedsCommand, Invocation};
use crate::config::ConfigError;
use crate::fetch::error::one_line;

/// Runs what the arguments ask for; gives the exit code: 0 done, 1 could not do it, 2 wrong usage or config, 3 done in part.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    quiet_contained_panics();
    let invocation = match cli::parse(args) {
        Ok(invocation) => invocation,
        Err(stop) => return if stop.show().is_ok() { stop.exit.code() } else { Exit::Failed.code() },
    };
    let terminal = Terminal::detect(invocation.global.color);
    match run(invocation, terminal) {
        Ok(exit) => exit.code(),
        Err(failure) => {
            match failure.error.downcast_ref() {
                // Each fault of a config has a place of its own to go to.
                Some(ConfigError::Wrong(faults)) => {
                    faults.iter().for_each(|fault| terminal.complain(&fault.to_string()));
                }
                _ => terminal.complain(&one_line(failure.error.as_ref())),
            }
            failure.exit.code()
        }
    }
}

/// A panic that reading a feed is expected to raise, and contains, becomes that feed's trouble and is told there: printed as well,
/// it would look like our own end. All others are printed as ever.
fn quiet_contained_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !crate::parse::is_containing() {
            usual(panic);
        }
    }));
}

fn run(invocation: Invocation, terminal: Terminal) -> Result<Exit, Failure> {
    let Invocation { global, command } = invocation;
    // These need neither a config nor a database, and must work where both are broken.
    match &command {
        Command::Completions(shell) => return context::print(&terminal, &cli::completions(*shell)),
        Command::Man => return context::print(&terminal, &cli::manual()),
        Command::Init(args) => return upkeep::init(args, &global, &terminal),
        Command::Demo(view) => return demo::demo(*view, &global, terminal),
        Command::RenderTemplate => return digest::in_cell(),
        Command::ReadDocument => return fetch::in_cell(),
        _ => {}
    }
    let context = match (Context::load(global, terminal), &command) {
        (Err(failure), Command::Doctor(view)) => return doctor::of_broken_config(&failure, terminal, *view),
        (context, _) => context?,
    };
    let database = context.config.database.clone();
    obey(command, context).map_err(|failure| failure.of_database(&database))
}

fn obey(command: Command, context: Context) -> Result<Exit, Failure> {
    match command {
        Command::Run => run::run(context),
        Command::Fetch(args) => fetch::fetch(&context, &args),
        Command::Status(view) => upkeep::status(&context, view),
        Command::Clusters(args) => stored::clusters(&context, &args),
        Command::Show(args) => stored::show(&context, &args),
        Command::Why(args) => stored::why(&context, &args),
        Command::Search(args) => stored::search(&context, &args),
        Command::Merge { ids, view } => corrections::merge(&context, &ids, view),
        Command::Split { articles, view } => corrections::split(&context, &articles, view),
        Command::Apart { one, other, view } => corrections::apart(&context, [&one, &other], view),
        Command::Undo { number, view } => corrections::undo(&context, number, view),
        Command::Corrections(command) => corrections::corrections(&context, &command),
        Command::Dismiss(args) => seen::dismiss(&context, &args),
        Command::Digest(args) => digest::digest(&context, &args),
        Command::Editions { name, format } => digest::editions(&context, name.as_deref(), format),
        Command::Feeds(command) => match command {
            FeedsCommand::List(args) => feeds::list(&context, &args),
            FeedsCommand::Add(args) => feeds::add::add(&context, &args),
            FeedsCommand::Remove { urls } => feeds::remove(&context, &urls),
            FeedsCommand::Check { urls, how, view } => feeds::check::check(&context, &urls, how, view),
            FeedsCommand::Discover { url, allow_private, format } => {
                feeds::discover::discover(&context, &url, allow_private, format)
            }
            FeedsCommand::Import { from, files } => feeds::exchange::import(&context, &from, files),
            FeedsCommand::Export { to } => feeds::exchange::export(&context, &to),
        },
        Command::Eval(args) => archive::eval(&context, &args),
        Command::Rebuild { all } => upkeep::rebuild(&context, all),
        Command::Prune(args) => keep::prune(&context, args),
        Command::Backup { to, force } => keep::backup(&context, &to, force),
        Command::Restore { from } => keep::restore(&context, &from),
        Command::Doctor(view) => doctor::doctor(&context, view),
        Command::Completions(_)
        | Command::Man
        | Command::Init(_)
        | Command::Demo(_)
        | Command::RenderTemplate
        | Command::ReadDocument => Ok(Exit::Done),
    }
}

#[cfg(test)]
mod tests {
    use crate::app::quiet_contained_panics;
    use crate::parse::contained;

    /// What a process prints is seen from outside of it, so this test runs itself a second time.
    #[test]
    fn a_contained_panic_is_not_printed_and_any_other_is() {
        const CHILD: &str = "NEWSFOLD_TEST_PANICS";
        if std::env::var_os(CHILD).is_some() {
            quiet_contained_panics();
            assert!(contained(|| panic!("kept to itself")).is_err());
            assert!(std::thread::spawn(|| panic!("for all to hear")).join().is_err());
            return;
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "app::tests::a_contained_panic_is_not_printed_and_any_other_is"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(child.status.success() && out.contains("1 passed"), "{out}{err}");
        assert!(err.contains("for all to hear") && !err.contains("kept to itself"), "{err}");
    }
}
