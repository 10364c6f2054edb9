//! Writes what a user's shell is given: aliases and functions of kubectl, and completion. Text only; where it goes is for
//! `setup-completion` to know.

mod bash;
pub mod block;
mod elvish;
mod fish;
pub mod names;
mod nushell;
mod powershell;
mod quote;
mod zsh;

use names::{Alias, Function};

/// A shell that a script can be written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Nushell,
    Powershell,
    Elvish,
}

/// What becomes of a name that the user's shell has already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Taken {
    /// The user's own stays.
    #[default]
    Kept,
    /// It is replaced.
    Replaced,
}

/// Set when a shell is asked which names it has without ours.
pub const PROBE_VARIABLE: &str = "_STREAMFLOW_PROBE";

/// How the names are written.
#[derive(Debug, Clone, Default)]
pub struct Naming {
    /// Put before each name.
    pub prefix: String,
    pub taken: Taken,
}

impl Shell {
    pub const ALL: [Self; 6] = [Self::Bash, Self::Zsh, Self::Fish, Self::Nushell, Self::Powershell, Self::Elvish];

    /// Returns the name that people write.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Nushell => "nushell",
            Self::Powershell => "powershell",
            Self::Elvish => "elvish",
        }
    }

    /// Returns the ending of its files, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Nushell => "nu",
            Self::Powershell => "ps1",
            Self::Elvish => "elv",
        }
    }

    /// Returns the shell that a program of this name is, such as `-zsh` of a login.
    #[must_use]
    pub fn of_program(name: &str) -> Option<Self> {
        let name = name.trim_start_matches('-').rsplit('/').next().unwrap_or_default();
        Some(match name.trim_end_matches(".exe") {
            "bash" => Self::Bash,
            "zsh" => Self::Zsh,
            "fish" => Self::Fish,
            "nu" | "nushell" => Self::Nushell,
            "pwsh" | "powershell" => Self::Powershell,
            "elvish" => Self::Elvish,
            _ => return None,
        })
    }

    /// Returns the script of aliases, functions and their completion.
    #[must_use]
    pub fn kubectl(self, naming: &Naming) -> String {
        match self {
            Self::Bash => bash::kubectl(naming),
            Self::Zsh => zsh::kubectl(naming),
            Self::Fish => fish::kubectl(naming),
            Self::Nushell => nushell::kubectl(naming),
            Self::Powershell => powershell::kubectl(naming),
            Self::Elvish => elvish::kubectl(naming),
        }
    }

    /// Returns a script that completes this program and asks it at the first TAB, never before; none where the argument
    /// parser's own script does that.
    #[must_use]
    pub const fn program_completion(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some(bash::PROGRAM),
            Self::Zsh => Some(zsh::PROGRAM),
            Self::Fish => Some(fish::PROGRAM),
            Self::Nushell => Some(nushell::PROGRAM),
            Self::Powershell | Self::Elvish => None,
        }
    }

    /// Returns the whole script that is read at the start of the shell. `rest` is the argument parser's own script, for
    /// shells where that one is asked at TAB only.
    #[must_use]
    pub fn installed(self, naming: Option<&Naming>, rest: &str) -> String {
        match self {
            Self::Bash => bash::installed(naming),
            Self::Zsh => zsh::installed(naming),
            Self::Fish => fish::installed(naming),
            Self::Nushell => nushell::installed(naming),
            Self::Powershell | Self::Elvish => naming.map(|naming| self.kubectl(naming)).unwrap_or_default() + rest,
        }
    }

    /// Returns how the lines of a block in the shell's configuration end.
    #[must_use]
    pub const fn line_end(self) -> block::LineEnd {
        match self {
            Self::Bash | Self::Zsh | Self::Fish => block::LineEnd::Lf,
            Self::Nushell | Self::Powershell | Self::Elvish => block::LineEnd::AsThere,
        }
    }

    /// Returns the line of the shell's own configuration that reads the script at `path`.
    #[must_use]
    pub fn reading_line(self, path: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => {
                let path = quote::posix(path);
                format!("if [ -z \"${{{PROBE_VARIABLE}-}}\" ] && [ -r {path} ]; then . {path}; fi")
            }
            Self::Fish => {
                let path = quote::fish(path);
                format!("if test -z \"${PROBE_VARIABLE}\" -a -r {path}; source {path}; end")
            }
            Self::Nushell => format!("source {}", quote::nushell(path)),
            Self::Powershell => {
                let path = quote::doubled(path);
                format!("if (Test-Path -LiteralPath {path}) {{ . {path} }}")
            }
            Self::Elvish => format!("eval (slurp < {})", quote::doubled(path)),
        }
    }
}

/// The first lines of every script.
const HEADER: &str = "\
# Aliases and functions for kubectl. Written by streamflow from one table; changes here are lost.
# Nothing is run when this is read: kubectl is asked at TAB only, for 2 seconds at most.
";

/// Puts the names of functions into a script that has them as `@kns@`.
fn named(script: &str, naming: &Naming) -> String {
    names::FUNCTIONS.iter().fold(script.to_owned(), |text, function| {
        text.replace(&format!("@{}@", function.name), &naming.name(function.name))
    })
}

impl Naming {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Returns every name that is given.
    #[must_use]
    pub fn all_names(&self) -> Vec<String> {
        self.completed().map(|(name, _)| name).collect()
    }

    /// Returns every alias with the name it has here.
    fn aliases(&self) -> impl Iterator<Item = (String, &'static Alias)> {
        names::ALIASES.iter().map(|alias| (self.name(alias.name), alias))
    }

    /// Returns every function with the name it has here.
    fn functions(&self) -> impl Iterator<Item = (String, &'static Function)> {
        names::FUNCTIONS.iter().map(|function| (self.name(function.name), function))
    }

    /// Returns every name with the words of kubectl that it stands for when it is completed.
    fn completed(&self) -> impl Iterator<Item = (String, &'static [&'static str])> {
        let aliases = self.aliases().map(|(name, alias)| (name, alias.words));
        aliases.chain(self.functions().map(|(name, function)| (name, function.completes_as)))
    }
}

#[cfg(test)]
mod tests;
