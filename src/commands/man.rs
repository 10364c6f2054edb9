//! Writes manual pages: one for the program, one for each command. They are made from the same command tree as `--help`.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;

use super::tree::{self, examples};
use super::{Session, help};
use crate::printer::{CommandError, ExitStatus};

/// Section of the manual for programs.
const SECTION: &str = "1";

/// Print or write manual pages
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow man | man -l -",
    "streamflow man context add | man -l -",
    "streamflow man --dir ~/.local/share/man/man1",
))]
pub(super) struct ManArgs {
    /// A command with its subcommand; without one the page of the program
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    words: Vec<String>,
    /// Write all pages into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: ManArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let mut root = tree::command();
    root.build();
    let Some(dir) = args.dir else {
        let page = page(find(&root, &args.words)?, &args.words)?;
        session.printer().bytes(page.as_bytes())?;
        return Ok(ExitStatus::Ok);
    };
    let failed = |error: io::Error| {
        CommandError::usage(format!("cannot write to {}: {error}", dir.display()))
            .with_hint("name a folder that you may write to")
    };
    fs::create_dir_all(&dir).map_err(failed)?;
    let pages = pages(&root, &[])?;
    for (name, page) in &pages {
        fs::write(dir.join(format!("{name}.{SECTION}")), page).map_err(failed)?;
    }
    session.printer().talk(format_args!("wrote {} pages to {}", pages.len(), dir.display()));
    Ok(ExitStatus::Ok)
}

fn find<'a>(root: &'a Command, words: &[String]) -> Result<&'a Command, CommandError> {
    words.iter().try_fold(root, |command, word| {
        command.find_subcommand(word).ok_or_else(|| {
            CommandError::new("not_found", format!("there is no command {:?}", words.join(" ")), ExitStatus::NotFound)
                .with_hint("see `streamflow --help`")
        })
    })
}

/// Returns every page with its name, parents first.
fn pages(command: &Command, words: &[String]) -> Result<Vec<(String, String)>, CommandError> {
    let mut found = vec![(name(words), page(command, words)?)];
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        let words = [words, &[below.get_name().to_owned()]].concat();
        found.extend(pages(below, &words)?);
    }
    Ok(found)
}

fn name(words: &[String]) -> String {
    std::iter::once("streamflow").chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join("-")
}

fn page(command: &Command, words: &[String]) -> Result<String, CommandError> {
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.clone().after_help("").display_name(name(words)))
        .section(SECTION)
        .source(format!("streamflow {}", env!("CARGO_PKG_VERSION")))
        .manual("StreamFlow");
    let mut page = Vec::new();
    let rendered = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page));
    rendered.map_err(|error| unwritten(&error))?;
    let lines = examples.lines().skip(1).map(str::trim).filter(|line| !line.is_empty());
    page.extend_from_slice(verbatim("EXAMPLES", lines).as_bytes());
    man.render_options_section(&mut page).map_err(|error| unwritten(&error))?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page).map_err(|error| unwritten(&error))?;
    }
    if words.is_empty() {
        for (title, topic) in [("EXIT STATUS", "exit-codes"), ("ENVIRONMENT", "environment")] {
            let text = help::topic(topic).unwrap_or_default();
            let text = anstream::adapter::strip_str(&text).to_string();
            page.extend_from_slice(verbatim(title, text.trim_end().lines()).as_bytes());
        }
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

fn unwritten(error: &io::Error) -> CommandError {
    CommandError::bug(format!("cannot write a manual page: {error}"))
}

/// Returns a section whose lines stay as they are.
fn verbatim<'a>(title: &str, lines: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines {
        let line = line.replace('\\', r"\e").replace('-', r"\-").replace('\'', r"\(aq");
        // A dot at the beginning of a line is a request.
        let dot = if line.starts_with('.') { r"\&" } else { "" };
        // Writing to a string cannot fail.
        writeln!(text, "{dot}{line}").unwrap_or_default();
    }
    if text.is_empty() { text } else { format!(".SH {title}\n.nf\n{text}.fi\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_name_and_examples() {
        let mut root = tree::command();
        root.build();
        let pages = pages(&root, &[]).unwrap();
        assert!(pages.len() > 50, "{}", pages.len());
        for (name, page) in &pages {
            assert!(page.contains(&format!("{} \\-", name.replace('-', "\\-"))), "{name}: {page}");
            assert!(!page.contains('\u{1b}'), "{name} has colour");
        }
        let add = &pages.iter().find(|(name, _)| name == "streamflow-context-add").unwrap().1;
        assert!(add.contains(".SH EXAMPLES\n.nf\nstreamflow context add prod \\-\\-url"), "{add}");
        assert!(pages[0].1.contains("EXIT STATUS"));
    }

    #[test]
    fn lines_stay_as_they_are() {
        assert_eq!(verbatim("X", [".a '\\-"].into_iter()), ".SH X\n.nf\n\\&.a \\(aq\\e\\-\n.fi\n");
    }
}
