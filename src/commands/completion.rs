//! Prints what a shell needs to complete commands. Completions come from the program itself at the first TAB, so that they
//! never grow old.

use clap_complete::env::{Elvish, EnvCompleter, Powershell};

use super::tree::examples;
use super::{Session, observed};
use crate::printer::{CommandError, ExitStatus};
use crate::shell::Shell;

/// The variable by which a shell asks the program for completions.
const VARIABLE: &str = "COMPLETE";
const NAME: &str = "streamflow";

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow completion bash > ~/.local/share/bash-completion/completions/streamflow",
    "streamflow completion zsh > ~/.zfunc/_streamflow",
    "streamflow completion fish > ~/.config/fish/completions/streamflow.fish",
))]
pub(super) struct CompletionArgs {
    /// Shell to complete in
    shell: Choice,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Choice {
    Bash,
    Zsh,
    Fish,
    Nushell,
    Powershell,
    Elvish,
}

impl From<Choice> for Shell {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Bash => Self::Bash,
            Choice::Zsh => Self::Zsh,
            Choice::Fish => Self::Fish,
            Choice::Nushell => Self::Nushell,
            Choice::Powershell => Self::Powershell,
            Choice::Elvish => Self::Elvish,
        }
    }
}

pub(super) fn run(args: CompletionArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    session.printer().bytes(script(args.shell.into())?.as_bytes())?;
    Ok(ExitStatus::Ok)
}

/// Returns the script that completes this program. Starting the program for every new shell would slow each one down, so
/// it is asked at TAB.
///
/// # Errors
/// When the argument parser can not write it.
fn script(shell: Shell) -> Result<String, CommandError> {
    match shell.program_completion() {
        Some(script) => Ok(script.to_owned()),
        None => asked_at_tab(shell),
    }
}

/// Returns the argument parser's own script for shells in which it runs nothing before TAB, and nothing for the others.
///
/// # Errors
/// When the argument parser can not write it.
pub(super) fn asked_at_tab(shell: Shell) -> Result<String, CommandError> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Powershell => &Powershell,
        Shell::Elvish => &Elvish,
        Shell::Bash | Shell::Zsh | Shell::Fish | Shell::Nushell => return Ok(String::new()),
    };
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, NAME, NAME, NAME, &mut script)
        .map_err(|error| CommandError::bug(format!("cannot write the completion script: {error}")))?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Answers a shell that asks for completions, if one does.
pub(super) fn answer() -> Option<ExitStatus> {
    if observed::was_asked_unseen() {
        return Some(ExitStatus::Ok);
    }
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let current_dir = std::env::current_dir().ok();
    let completion = clap_complete::CompleteEnv::with_factory(super::tree::command).bin(NAME).var(VARIABLE);
    match completion.try_complete(std::env::args_os(), current_dir.as_deref()) {
        Ok(true) => Some(ExitStatus::Ok),
        Ok(false) => None,
        Err(_) => Some(ExitStatus::Usage),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn scripts_of_the_repository_are_what_the_program_prints() {
        for shell in Shell::ALL {
            let file = match shell {
                Shell::Zsh => "completions/_streamflow".to_owned(),
                shell => format!("completions/streamflow.{}", shell.extension()),
            };
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
            let text = script(shell).unwrap();
            if std::env::var_os("UPDATE_DOCS").is_some() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &text).unwrap();
            }
            let kept = fs::read_to_string(&path).unwrap_or_default();
            assert!(kept == text, "{file} is not what is printed: UPDATE_DOCS=1 cargo test --workspace");
        }
    }
}
