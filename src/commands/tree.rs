//! Builds the command tree and gives every page of help one layout: what it is, examples, usage, options.

use std::fmt::Write as _;

use clap::{Command, CommandFactory};

use super::{Cli, GROUPS};
use crate::printer::paint::{ACCENT, HEADING};

const OPTIONS: &str = "{usage-heading} {usage}

{all-args}";

const MORE: &str = "

Options of every command, such as -o json: streamflow help flags";

/// Is said where a page leaves options out.
const RARER: &str = "
Rarer options of this command: --help";

/// Returns the whole tree, ready to parse.
pub(super) fn command() -> Command {
    dressed(Cli::command())
}

/// Returns the tree whose pages leave out no option of their command.
pub(super) fn command_in_full() -> Command {
    dressed(unhidden(Cli::command()).mut_subcommands(unhidden_all))
}

fn unhidden_all(command: Command) -> Command {
    unhidden(command).mut_subcommands(unhidden_all)
}

/// What every command takes is on a page of its own.
fn unhidden(command: Command) -> Command {
    command.mut_args(|arg| if arg.is_global_set() { arg } else { arg.hide_short_help(false) })
}

fn dressed(root: Command) -> Command {
    let root = arranged(root);
    let page = front_page(&root);
    root.help_template(page).styles(styles())
}

/// Examples go into the layout as they are: as a text of their own they would be wrapped, and could not be copied.
fn arranged(command: Command) -> Command {
    let examples = command.get_after_help().map(|examples| examples.ansi().to_string()).unwrap_or_default();
    let more = if command.has_subcommands() { "" } else { MORE };
    let hides = command.get_arguments().any(|arg| arg.is_hide_short_help_set() && !arg.is_global_set());
    let rarer = if hides { RARER } else { "" };
    let template = format!("{{about-with-newline}}\n{examples}\n{OPTIONS}{more}{rarer}");
    command.help_template(template).mut_subcommands(arranged)
}

fn styles() -> clap::builder::Styles {
    clap::builder::Styles::styled().header(HEADING).usage(HEADING).literal(ACCENT)
}

fn front_page(root: &Command) -> String {
    let mut page = format!(
        "{{about-with-newline}}
{HEADING}Start here:{HEADING:#}
  streamflow init shop --template web
  cd shop && streamflow start

{HEADING}Usage:{HEADING:#} streamflow [OPTIONS] COMMAND
"
    );
    // Writing to a string cannot fail.
    for (title, names) in GROUPS {
        let commands: Vec<&Command> = names.iter().filter_map(|name| root.find_subcommand(name)).collect();
        if commands.is_empty() {
            continue;
        }
        writeln!(page, "\n{HEADING}{title}:{HEADING:#}").unwrap_or_default();
        for command in commands {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            writeln!(page, "  {ACCENT}{:<16}{ACCENT:#} {about}", command.get_name()).unwrap_or_default();
        }
    }
    page + "\nOptions of every command: streamflow help flags. Topics: environment, exit-codes, formats, time, sql."
}

/// Returns the text of `after_help` that shows runnable examples.
macro_rules! examples {
    ($($line:literal),+ $(,)?) => {
        concat!("\u{1b}[1mExamples:\u{1b}[0m\n", $("  ", $line, "\n"),+)
    };
}
pub(super) use examples;
