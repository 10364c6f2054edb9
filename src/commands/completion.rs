//! Prints what a shell needs to complete commands. Completions come from the program itself at the first TAB, so that they
//! never grow old.

use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::Session;
use super::tree::examples;
use crate::printer::{CommandError, ExitStatus};

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
    shell: Shell,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    Elvish,
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Zsh => &Zsh,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
            Self::Elvish => &Elvish,
        }
    }

    /// Returns a script that loads the completions at the first TAB, where the shell has a way to do so; starting the
    /// program for every new shell would slow each one down.
    fn stub(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some(
                "_streamflow_load() {\n    unset -f _streamflow_load\n    complete -r streamflow 2>/dev/null\n    \
                 source <(COMPLETE=bash streamflow) && return 124\n}\ncomplete -F _streamflow_load streamflow\n",
            ),
            Self::Zsh => Some(
                "#compdef streamflow\n_streamflow_load() {\n    source <(COMPLETE=zsh streamflow)\n    \
                 (( ${+_comps[streamflow]} )) && ${_comps[streamflow]} \"$@\"\n}\nif [ \"$funcstack[1]\" = \"_streamflow\" ]; then\n    \
                 _streamflow_load \"$@\"\nelse\n    compdef _streamflow_load streamflow\nfi\n",
            ),
            // Read by fish at the first TAB when it lies in its completions folder.
            Self::Fish => Some("COMPLETE=fish streamflow | source\n"),
            Self::Powershell | Self::Elvish => None,
        }
    }
}

pub(super) fn run(args: CompletionArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let script = match args.shell.stub() {
        Some(stub) => stub.to_owned(),
        None => {
            let mut script = Vec::new();
            args.shell
                .completer()
                .write_registration(VARIABLE, NAME, NAME, NAME, &mut script)
                .map_err(|error| CommandError::bug(format!("cannot write the completion script: {error}")))?;
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    session.printer().bytes(script.as_bytes())?;
    Ok(ExitStatus::Ok)
}

/// Answers a shell that asks for completions, if one does.
pub(super) fn answer() -> Option<ExitStatus> {
    std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let current_dir = std::env::current_dir().ok();
    let completion = clap_complete::CompleteEnv::with_factory(super::tree::command).bin(NAME).var(VARIABLE);
    match completion.try_complete(std::env::args_os(), current_dir.as_deref()) {
        Ok(true) => Some(ExitStatus::Ok),
        Ok(false) => None,
        Err(_) => Some(ExitStatus::Usage),
    }
}
