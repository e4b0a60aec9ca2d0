//! Door: the manual page: what the help says, all commands on one page.

use std::io::{self, Write};

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

/// Writes the page of a definition that has been built (`Command::build`).
pub(crate) fn write(definition: &Command, page: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(definition.clone()).manual("User Commands").date("");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for command in definition.get_subcommands() {
        describe(&mut roff, command, command.get_name());
    }
    if let Some(epilogue) = definition.get_after_help() {
        roff.control("SH", ["NOTES"]);
        verbatim(&mut roff, &epilogue.to_string());
    }
    roff.to_writer(page)
}

/// One command with its own arguments; those that every command takes stand at the head of the page.
fn describe(roff: &mut Roff, command: &Command, name: &str) {
    roff.control("SS", [usage(command, name).as_str()]);
    roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    let own = |arg: &&Arg| !arg.is_global_set() && arg.get_id() != "help" && !arg.is_hide_set();
    for arg in command.get_arguments().filter(own) {
        roff.control("TP", []);
        let mut words = Vec::new();
        if let Some(long) = arg.get_long() {
            words.push(bold(format!("--{long}")));
        }
        for value in values(arg) {
            words.push(roman(if words.is_empty() { "" } else { " " }));
            words.push(italic(value));
        }
        roff.text(words);
        roff.text([roman(help(arg))]);
    }
    if let Some(note) = command.get_after_help() {
        roff.control("PP", []);
        roff.text([roman(note.to_string())]);
    }
    for sub in command.get_subcommands() {
        describe(roff, sub, &format!("{name} {}", sub.get_name()));
    }
}

/// The command with the arguments that have no name of their own.
fn usage(command: &Command, name: &str) -> String {
    let mut usage = name.to_owned();
    for arg in command.get_positionals() {
        let value = values(arg).join(" ");
        let more = if arg.get_num_args().is_some_and(|range| range.max_values() > 1) { "…" } else { "" };
        usage.push_str(&if arg.is_required_set() { format!(" {value}{more}") } else { format!(" [{value}{more}]") });
    }
    usage
}

fn values(arg: &Arg) -> Vec<String> {
    let takes_value = arg.get_num_args().is_some_and(|range| range.takes_values());
    let names = arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string);
    if takes_value { names.collect() } else { Vec::new() }
}

/// The help line with the values and the default that `--help` adds to it.
fn help(arg: &Arg) -> String {
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && !arg.is_hide_default_value_set() && !values(arg).is_empty() {
        help.push_str(&format!(" [default: {}]", defaults.join(" ")));
    }
    let possible: Vec<_> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    if !possible.is_empty() && !arg.is_hide_possible_values_set() && !values(arg).is_empty() {
        help.push_str(&format!(" [possible values: {}]", possible.join(", ")));
    }
    help
}

/// Lines that stay as they are.
fn verbatim(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
