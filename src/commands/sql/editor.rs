//! Reads statements from a person at a terminal.

use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use reedline::{
    ColumnarMenu, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode,
    PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal, default_emacs_keybindings,
};

use super::complete::Completing;
use super::highlight::{Ending, Painter};
use super::menu::Quiet;
use super::{Next, Shell, Statement, lexer, names};
use crate::printer::{CommandError, ExitStatus};
use crate::settings::Environment;

/// Statements that are remembered.
const HISTORY_MAX: usize = 5_000;
/// Statements may hold what is nobody else's business.
const HISTORY_MODE: u32 = 0o600;
const MENU: &str = "names";

/// Reads and executes until `.quit` or Ctrl-D.
///
/// # Errors
/// When the terminal goes away. A statement that fails is told, and the shell goes on.
pub(super) fn run(shell: &mut Shell<'_>) -> Result<ExitStatus, CommandError> {
    shell.pages = true;
    shell.timing = true;
    let target = shell.session.target()?;
    shell.printer.talk(format_args!("{}; .help shows the commands, Ctrl-D leaves", shell.client.address()));
    shell.refresh_names();
    let mut editor = editor(shell)?;
    let prompt = Name(target.name);
    loop {
        let text = match editor.read_line(&prompt).map_err(|error| gone(&error))? {
            Signal::Success(text) => text,
            Signal::CtrlD => return Ok(ExitStatus::Ok),
            // What was being written is given up.
            _ => continue,
        };
        if execute(shell, &text)? == Next::Leave {
            return Ok(ExitStatus::Ok);
        }
        shell.refresh_names();
    }
}

/// Executes the statements of one entry, up to the first that fails.
fn execute(shell: &mut Shell<'_>, text: &str) -> Result<Next, CommandError> {
    let text = text.trim();
    let parts = if text.starts_with('.') { vec![text] } else { lexer::statements(text) };
    for part in parts {
        let statement = Statement { name: "<sql>".to_owned(), text: part.to_owned() };
        match shell.execute(&statement) {
            Ok(Next::GoOn) => {}
            Ok(Next::Leave) => return Ok(Next::Leave),
            Err(error) if error.exit == ExitStatus::Interrupted => {
                shell.printer.insist("cancelled");
                break;
            }
            Err(error) if error.exit == ExitStatus::Ok => return Err(error),
            Err(error) => {
                shell.printer.fail(&error);
                break;
            }
        }
    }
    Ok(Next::GoOn)
}

fn editor(shell: &Shell<'_>) -> Result<Reedline, CommandError> {
    let mut keys = default_emacs_keybindings();
    let complete = vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext];
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(complete));
    let (client, runtime) = (shell.client.clone(), Arc::clone(&shell.runtime));
    let ask_values = Box::new(move |column: &str| runtime.block_on(names::values(&client, column)));
    let menu = ColumnarMenu::default().with_name(MENU).with_word_chars("_.");
    let editor = Reedline::create()
        .with_ansi_colors(shell.printer.paints_talk())
        .with_highlighter(Box::new(Painter))
        .with_validator(Box::new(Ending))
        .with_completer(Box::new(Completing { names: Arc::clone(&shell.names), ask_values }))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(Quiet(menu))))
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .use_bracketed_paste(true);
    let Some(path) = history_file(shell.session.environment()) else { return Ok(editor) };
    let opened = private(&path).and_then(|()| {
        FileBackedHistory::with_file(HISTORY_MAX, path.clone()).map_err(|error| io::Error::other(error.to_string()))
    });
    match opened {
        Ok(history) => Ok(editor.with_history(Box::new(history))),
        Err(error) => {
            shell.printer.talk(format_args!("note: nothing is remembered: cannot use {}: {error}", path.display()));
            Ok(editor)
        }
    }
}

/// Returns `$XDG_STATE_HOME/streamflow/sql_history`.
pub(in crate::commands) fn history_file(environment: &Environment) -> Option<PathBuf> {
    let base = environment.get("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| environment.get("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(base.join("streamflow/sql_history"))
}

/// Makes the file, readable by its owner alone, where there is none.
fn private(path: &std::path::Path) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    OpenOptions::new().append(true).create(true).mode(HISTORY_MODE).open(path).map(drop)
}

fn gone(error: &io::Error) -> CommandError {
    CommandError::new("output_failed", format!("the terminal went: {error}"), ExitStatus::Interrupted)
}

/// The prompt: whom statements go to.
struct Name(String);

impl Prompt for Name {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{}· ", " ".repeat(self.0.chars().count())))
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!("(earlier: {}) ", search.term))
    }
}
