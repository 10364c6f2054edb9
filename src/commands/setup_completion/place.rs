//! Knows where files go: our script below the user's data folder, the block in the shell's own configuration.

use std::path::{Path, PathBuf};

use crate::commands::Session;
use crate::printer::CommandError;
use crate::settings::Environment;
use crate::shell::Shell;

/// The files of one shell.
#[derive(Debug)]
pub(super) struct Place {
    /// Written whole by us.
    pub(super) script: PathBuf,
    /// The user's own.
    pub(super) configuration: PathBuf,
    /// The user's own, as it was before.
    pub(super) backup: PathBuf,
}

impl Place {
    /// # Errors
    /// When there is no home folder.
    pub(super) fn new(shell: Shell, named: Option<&Path>, session: &Session) -> Result<Self, CommandError> {
        let environment = session.environment();
        let data = base(environment, "XDG_DATA_HOME", ".local/share")?.join("streamflow/shell");
        let configuration = match named {
            Some(path) => session.current_dir()?.join(path),
            None => usual(shell, environment)?,
        };
        Ok(Self {
            script: data.join(format!("streamflow.{}", shell.extension())),
            configuration,
            backup: data.join(format!("{}.before", shell.name())),
        })
    }
}

/// Returns the file that the shell reads when a person opens it.
fn usual(shell: Shell, environment: &Environment) -> Result<PathBuf, CommandError> {
    let config = || base(environment, "XDG_CONFIG_HOME", ".config");
    Ok(match shell {
        Shell::Bash => home(environment)?.join(".bashrc"),
        Shell::Zsh => match environment.get("ZDOTDIR") {
            Some(dir) => PathBuf::from(dir).join(".zshrc"),
            None => home(environment)?.join(".zshrc"),
        },
        Shell::Fish => config()?.join("fish/config.fish"),
        Shell::Nushell => config()?.join("nushell/config.nu"),
        Shell::Powershell => config()?.join("powershell/Microsoft.PowerShell_profile.ps1"),
        Shell::Elvish => config()?.join("elvish/rc.elv"),
    })
}

fn base(environment: &Environment, variable: &str, below_home: &str) -> Result<PathBuf, CommandError> {
    match environment.get(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(path) => Ok(path),
        None => Ok(home(environment)?.join(below_home)),
    }
}

fn home(environment: &Environment) -> Result<PathBuf, CommandError> {
    environment.get("HOME").map(PathBuf::from).ok_or_else(|| {
        CommandError::usage("there is no home folder").with_hint("set HOME, or print the script with --print")
    })
}
