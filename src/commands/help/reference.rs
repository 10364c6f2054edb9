//! Writes the whole command line as one Markdown page: the contract, and the help of every command.

use std::fmt::Write as _;

use clap::Command;

use crate::commands::tree;
use crate::printer::ExitStatus;

const PREFACE: &str = include_str!("reference.md");

/// As wide as help is where there is no terminal.
const PAGE_COLUMNS: usize = 100;

/// Returns the page that is kept as `docs/cli.md`.
pub(super) fn markdown() -> String {
    let mut page = format!("{PREFACE}## Exit codes\n\n| code | meaning |\n|---|---|\n");
    // Writing to a string cannot fail.
    for (status, meaning) in ExitStatus::ALL {
        writeln!(page, "| {} | {meaning} |", status.number()).unwrap_or_default();
    }
    writeln!(page, "\n## Options of every command\n\n```text\n{}\n```\n\n## Commands", plain(&super::flags()))
        .unwrap_or_default();
    // Help is wrapped to the terminal, the page is not.
    let mut root = tree::command_in_full().term_width(PAGE_COLUMNS);
    root.build();
    section(&mut root, &mut page);
    page
}

fn section(command: &mut Command, page: &mut String) {
    for command in command.get_subcommands_mut() {
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
        writeln!(page, "\n### {name}\n\n```text\n{}\n```", plain(&command.render_help().to_string()))
            .unwrap_or_default();
        section(command, page);
    }
}

fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn page_of_the_command_line_is_what_the_program_says() {
        let page = include_str!("../../../docs/cli.md");
        assert!(page == super::markdown(), "write it anew: streamflow help reference > docs/cli.md");
    }
}
