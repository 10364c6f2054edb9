//! Asks the shell which of the names it has already, and says so.

use std::process::Stdio;
use std::time::Duration;

use crate::commands::Session;
use crate::printer::CommandError;
use crate::shell::{Naming, PROBE_VARIABLE, Shell, Taken};

/// The shell reads the user's configuration for this; one that asks a question must not hold us up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Begins the lines that are answers: a configuration may print lines of its own.
const MARK: &str = "streamflow-name";

/// Says which names exist already and what becomes of them.
///
/// # Errors
/// On Ctrl-C.
pub(super) fn report(shell: Shell, naming: &Naming, session: &Session) -> Result<(), CommandError> {
    let printer = session.printer();
    let Some((program, script)) = question(shell, &naming.all_names()) else {
        return Ok(());
    };
    let mut command = tokio::process::Command::new(program);
    command
        .args(["-ic", &script])
        .env(PROBE_VARIABLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let answered = session
        .block_on(async { Ok(tokio::time::timeout(PATIENCE, command.output()).await.ok().and_then(Result::ok)) })?;
    match answered {
        Some(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(MARK)).map(str::trim).collect();
            if !names.is_empty() {
                let what = match naming.taken {
                    Taken::Kept => "kept as they are (--force replaces them)",
                    Taken::Replaced => "replaced",
                };
                printer.talk(format_args!("names that exist already are {what}: {}", names.join(", ")));
            }
        }
        None => printer.talk(format_args!("{program} did not say which names it has already; those stay as they are")),
    }
    Ok(())
}

/// Returns the program and what it is asked; none for shells that are not asked.
fn question(shell: Shell, names: &[String]) -> Option<(&'static str, String)> {
    let names = names.join(" ");
    let script = match shell {
        Shell::Bash => format!("for n in {names}; do type \"$n\" >/dev/null 2>&1 && echo \"{MARK} $n\"; done"),
        Shell::Zsh => format!("for n in {names}; do whence -- $n >/dev/null && print -r -- \"{MARK} $n\"; done"),
        Shell::Fish => format!("for n in {names}; type -q $n; and echo \"{MARK} $n\"; end"),
        Shell::Nushell | Shell::Powershell | Shell::Elvish => return None,
    };
    Some((shell.name(), script))
}
