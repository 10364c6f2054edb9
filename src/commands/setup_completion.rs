//! Sets a shell up: completion of this program and of kubectl, kubectl's aliases and functions. One file of ours, one block
//! in the shell's own configuration, and the way back.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::tree::examples;
use super::{Session, completion};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::shell::{self, Naming, Taken};

mod change;
mod detect;
mod file;
mod place;
mod taken;

use change::Change;

pub(super) const SHAPES: &[&Shape] = &[&CHANGES];

const CHANGES: Shape = Shape {
    name: "streamflow.setup_completion/1",
    form: Form::Listing,
    fields: &[
        Field::new("file", Kind::Text, "path of the file"),
        Field::new("purpose", Kind::Text, "script, configuration or backup"),
        Field::new("change", Kind::Text, "created, changed, removed or unchanged"),
    ],
};

/// Set up completion and kubectl's aliases in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow setup-completion",
    "streamflow setup-completion --dry-run",
    "streamflow setup-completion --shell zsh --prefix sf-",
    "streamflow setup-completion --uninstall",
))]
pub(super) struct SetupCompletionArgs {
    /// Shell to set up, instead of the one this is called from
    #[arg(long, value_enum, value_name = "SHELL", default_value_t)]
    shell: Choice,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the script instead of installing it
    #[arg(long, conflicts_with_all = ["dry_run", "uninstall"])]
    print: bool,
    /// Take everything out again
    #[arg(long)]
    uninstall: bool,
    /// Leave kubectl alone: complete this program only
    #[arg(long)]
    no_aliases: bool,
    /// Put this before each alias and function
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with = "no_aliases", value_parser = word)]
    prefix: String,
    /// Configuration file of the shell, instead of its usual one
    #[arg(long, value_name = "FILE")]
    rc: Option<PathBuf>,
    /// Replace aliases and functions that have these names already
    #[arg(long)]
    force: bool,
    /// Change the configuration file without asking
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Choice {
    #[default]
    Auto,
    Bash,
    Zsh,
    Fish,
    Nushell,
    Powershell,
    Elvish,
}

impl Choice {
    const fn named(self) -> Option<shell::Shell> {
        Some(match self {
            Self::Auto => return None,
            Self::Bash => shell::Shell::Bash,
            Self::Zsh => shell::Shell::Zsh,
            Self::Fish => shell::Shell::Fish,
            Self::Nushell => shell::Shell::Nushell,
            Self::Powershell => shell::Shell::Powershell,
            Self::Elvish => shell::Shell::Elvish,
        })
    }
}

/// A prefix becomes part of names, and of the script itself.
fn word(text: &str) -> Result<String, &'static str> {
    let is_word = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) && !text.starts_with(['-', '0']);
    if is_word { Ok(text.to_owned()) } else { Err("use letters, digits, - and _") }
}

pub(super) fn run(args: SetupCompletionArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    let shell = match args.shell.named() {
        Some(shell) => shell,
        None => {
            let (shell, reason) = detect::shell(session.environment())?;
            printer.talk(format_args!("shell: {} ({reason})", shell.name()));
            shell
        }
    };
    let naming = (!args.no_aliases)
        .then(|| Naming { prefix: args.prefix.clone(), taken: if args.force { Taken::Replaced } else { Taken::Kept } });
    let script = shell.installed(naming.as_ref(), &completion::asked_at_tab(shell)?);
    if args.print {
        printer.bytes(script.as_bytes())?;
        return Ok(ExitStatus::Ok);
    }
    let place = place::Place::new(shell, args.rc.as_deref(), session)?;
    let changes = match args.uninstall {
        true => change::removal(&place)?,
        false => change::installation(&place, shell, script)?,
    };
    if !args.dry_run {
        consent(&args, &changes, session)?;
        for change in &changes {
            change.apply()?;
        }
    }
    let rows = changes.iter().map(|change| {
        vec![json!(change.path.display().to_string()), json!(change.purpose), Value::from(change.kind())]
    });
    printer.listing(&CHANGES.listing(rows.collect()))?;
    if args.dry_run {
        printer.talk("nothing was changed (--dry-run)");
    }
    if let (Some(naming), false) = (&naming, args.uninstall) {
        taken::report(shell, naming, session)?;
    }
    if !args.dry_run && changes.iter().any(Change::is_one) {
        printer.talk(match args.uninstall {
            true => "shells that run already keep it until they end",
            false => "it works in every new shell",
        });
    }
    Ok(ExitStatus::Ok)
}

/// Asks a person at a terminal before a file of theirs is changed.
fn consent(args: &SetupCompletionArgs, changes: &[Change], session: &Session) -> Result<(), CommandError> {
    let theirs = changes.iter().find(|change| change.purpose == change::CONFIGURATION && change.is_one());
    let Some(change) = theirs.filter(|_| !args.yes && session.printer().can_ask()) else { return Ok(()) };
    let what = if args.uninstall { "take the block out of" } else { "put one block into" };
    session.printer().insist(format_args!("{what} {}? [Y/n]", change.path.display()));
    let mut answer = String::new();
    let refused = || CommandError::usage("nothing was changed").with_hint("say --yes to go on without being asked");
    std::io::stdin().read_line(&mut answer).map_err(|_| refused())?;
    match answer.trim() {
        // The end of input is no answer, an empty line is.
        "" if answer.is_empty() => Err(refused()),
        "" | "y" | "Y" | "yes" => Ok(()),
        _ => Err(refused()),
    }
}
