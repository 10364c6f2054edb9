//! Finds out which shell the program is called from, and says why it is that one.

use crate::printer::CommandError;
use crate::settings::Environment;
use crate::shell::Shell;

/// Returns the shell and the reason in words: the parent process, else `$SHELL`.
///
/// # Errors
/// When neither is a shell that can be set up.
pub(super) fn shell(environment: &Environment) -> Result<(Shell, String), CommandError> {
    decide(parent_program().as_deref(), environment.get("SHELL"))
}

fn decide(parent: Option<&str>, login: Option<&str>) -> Result<(Shell, String), CommandError> {
    if let Some(shell) = parent.and_then(Shell::of_program) {
        return Ok((shell, "the parent process".to_owned()));
    }
    let called_from = parent.map(|name| format!("; the parent process is {name}")).unwrap_or_default();
    match login.map(|path| (path, Shell::of_program(path))) {
        Some((_, Some(shell))) => Ok((shell, format!("from $SHELL{called_from}"))),
        Some((path, None)) => Err(unknown(format!("$SHELL is {path}{called_from}"))),
        None => Err(unknown(format!("$SHELL is not set{called_from}"))),
    }
}

fn unknown(reason: String) -> CommandError {
    let names = Shell::ALL.map(Shell::name).join(", ");
    CommandError::usage(format!("cannot tell which shell this is: {reason}"))
        .with_hint(format!("name it with --shell: {names}"))
}

#[cfg(target_os = "linux")]
fn parent_program() -> Option<String> {
    let parent = rustix::process::getppid()?;
    let name = std::fs::read_to_string(format!("/proc/{}/comm", parent.as_raw_nonzero())).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn parent_program() -> Option<String> {
    let parent = rustix::process::getppid()?.as_raw_nonzero().to_string();
    let output = std::process::Command::new("ps").args(["-o", "comm=", "-p", &parent]).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parent_process_goes_before_the_login_shell() {
        let check = |parent: Option<&str>, login: Option<&str>, answer: &str| {
            let told = match decide(parent, login) {
                Ok((shell, reason)) => format!("{} ({reason})", shell.name()),
                Err(error) => error.message,
            };
            assert_eq!(told, answer);
        };
        check(Some("fish"), Some("/bin/bash"), "fish (the parent process)");
        check(Some("make"), Some("/bin/bash"), "bash (from $SHELL; the parent process is make)");
        check(None, Some("/usr/bin/zsh"), "zsh (from $SHELL)");
        check(Some("cron"), None, "cannot tell which shell this is: $SHELL is not set; the parent process is cron");
        check(None, Some("/bin/dash"), "cannot tell which shell this is: $SHELL is /bin/dash");
    }
}
