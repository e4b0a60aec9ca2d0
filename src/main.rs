//! Conductor: hands the arguments to the app and its exit code to the shell.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(newsfold::app::main(std::env::args_os()))
}
