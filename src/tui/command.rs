//! Every command of the dashboard: its name, what it does, where it works, and the keys it has unless the user says otherwise.

use serde::{Deserialize, Serialize};

/// What a key or the palette can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cmd {
    Quit,
    Help,
    Palette,
    Filter,
    DropCondition,
    ClearFilter,
    NextView,
    PreviousView,
    Overview,
    Live,
    Explorer,
    Sql,
    Heatmap,
    Health,
    PanBack,
    PanForward,
    ZoomIn,
    ZoomOut,
    GoLive,
    Pause,
    Compare,
    Copy,
    Export,
    EditOutside,
    Theme,
    Mouse,
    Repaint,
    Suspend,
    Tour,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Back,
    Exclude,
    Events,
    Run,
    Write,
    Chart,
    NewSheet,
    CloseSheet,
    NextSheet,
    PreviousSheet,
    Pin,
    Complete,
    Older,
    Newer,
    NewLine,
    Leave,
    Accept,
}

/// Where keys mean what they mean. Text is typed in the last three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// All views and lists, unless text is being typed.
    Everywhere,
    Explorer,
    Heatmap,
    /// The rows below the editor of SQL.
    Results,
    /// The editor of SQL.
    Editor,
    /// One line of text: a filter, a name.
    Prompt,
    /// The list of commands.
    Palette,
}

impl Context {
    /// Returns the name that help gives it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Explorer => "Explorer",
            Self::Heatmap => "Heatmap",
            Self::Results => "SQL results",
            Self::Editor => "SQL editor",
            Self::Prompt => "Filter",
            Self::Palette => "Commands",
        }
    }

    /// Returns whether a plain character is typed here.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Editor | Self::Prompt | Self::Palette)
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub cmd: Cmd,
    /// As the palette and the settings name it.
    pub name: &'static str,
    pub about: &'static str,
    pub context: Context,
    pub keys: &'static [&'static str],
}

const fn entry(
    cmd: Cmd,
    name: &'static str,
    context: Context,
    keys: &'static [&'static str],
    about: &'static str,
) -> Entry {
    Entry { cmd, name, about, context, keys }
}

use Context::{Editor, Everywhere, Explorer, Heatmap, Palette, Prompt, Results};

/// All commands, in the order of the page of help.
#[rustfmt::skip]
pub const ALL: &[Entry] = &[
    entry(Cmd::Overview, "overview", Everywhere, &["1"], "rates, errors, latency, who and where"),
    entry(Cmd::Live, "live", Everywhere, &["2"], "events as they come in"),
    entry(Cmd::Explorer, "explorer", Everywhere, &["3"], "fields and their values, to filter by"),
    entry(Cmd::Sql, "sql", Everywhere, &["4"], "ask in SQL"),
    entry(Cmd::Heatmap, "heatmap", Everywhere, &["5"], "latency by time, as density"),
    entry(Cmd::Health, "health", Everywhere, &["6"], "how the server is"),
    entry(Cmd::NextView, "next-view", Everywhere, &["tab"], "go to the next view"),
    entry(Cmd::PreviousView, "previous-view", Everywhere, &["shift-tab"], "go to the view before"),
    entry(Cmd::Filter, "filter", Everywhere, &["/"], "show only events that match, in all views"),
    entry(Cmd::DropCondition, "drop-condition", Everywhere, &["backspace"], "take the last condition off the filter"),
    entry(Cmd::ClearFilter, "clear-filter", Everywhere, &["ctrl-u"], "take the whole filter off"),
    entry(Cmd::PanBack, "pan-back", Everywhere, &["["], "go back half of the time shown"),
    entry(Cmd::PanForward, "pan-forward", Everywhere, &["]"], "go forward half of the time shown"),
    entry(Cmd::ZoomIn, "zoom-in", Everywhere, &["+", "="], "show less time"),
    entry(Cmd::ZoomOut, "zoom-out", Everywhere, &["-"], "show more time"),
    entry(Cmd::GoLive, "go-live", Everywhere, &["L"], "follow the present"),
    entry(Cmd::Pause, "pause", Everywhere, &["space"], "stand still, or go on"),
    entry(Cmd::Compare, "compare", Everywhere, &["c"], "set against the period before"),
    entry(Cmd::Up, "up", Everywhere, &["k", "up"], "move up"),
    entry(Cmd::Down, "down", Everywhere, &["j", "down"], "move down"),
    entry(Cmd::Left, "left", Everywhere, &["h", "left"], "move left"),
    entry(Cmd::Right, "right", Everywhere, &["l", "right"], "move right"),
    entry(Cmd::PageUp, "page-up", Everywhere, &["pgup", "ctrl-b"], "move up a page"),
    entry(Cmd::PageDown, "page-down", Everywhere, &["pgdn", "ctrl-f"], "move down a page"),
    entry(Cmd::First, "first", Everywhere, &["g", "home"], "go to the first"),
    entry(Cmd::Last, "last", Everywhere, &["G", "end"], "go to the last"),
    entry(Cmd::Enter, "enter", Everywhere, &["enter"], "look closer"),
    entry(Cmd::Back, "back", Everywhere, &["esc"], "close, or go back to where you came from"),
    entry(Cmd::Copy, "copy-command", Everywhere, &["y"], "copy the command that shows the same"),
    entry(Cmd::Export, "export", Everywhere, &["o"], "write what is shown to a file"),
    entry(Cmd::EditOutside, "edit", Everywhere, &["e", "ctrl-e"], "open in $EDITOR"),
    entry(Cmd::Palette, "commands", Everywhere, &[":"], "find a command by its name"),
    entry(Cmd::Help, "help", Everywhere, &["?"], "show all keys"),
    entry(Cmd::Theme, "theme", Everywhere, &["T"], "change colours: dark, light, none"),
    entry(Cmd::Mouse, "mouse", Everywhere, &["M"], "let the mouse work here, or in the terminal"),
    entry(Cmd::Tour, "tour", Everywhere, &["t"], "show or hide the guided tour"),
    entry(Cmd::Repaint, "repaint", Everywhere, &["ctrl-l"], "draw everything anew"),
    entry(Cmd::Suspend, "suspend", Everywhere, &["ctrl-z"], "back to the shell; fg comes back here"),
    entry(Cmd::Quit, "quit", Everywhere, &["q", "ctrl-c"], "leave"),
    entry(Cmd::Exclude, "exclude", Explorer, &["x"], "show only events without this value"),
    entry(Cmd::Events, "heat-events", Heatmap, &["v"], "show the events of this cell"),
    entry(Cmd::Run, "run", Results, &["ctrl-r", "r", "f5"], "run the statement"),
    entry(Cmd::Write, "write", Results, &["i"], "write in the editor; enter does it, too"),
    entry(Cmd::Chart, "chart", Results, &["v", "ctrl-t"], "show the result as a chart, or as rows"),
    entry(Cmd::Pin, "pin", Results, &["p"], "pin the result to the overview"),
    entry(Cmd::Older, "older-statement", Results, &["ctrl-p"], "statement before this one"),
    entry(Cmd::Newer, "newer-statement", Results, &["ctrl-n"], "statement after this one"),
    entry(Cmd::NewSheet, "new-statement", Results, &["n"], "begin another statement, and keep this one"),
    entry(Cmd::NextSheet, "next-statement", Results, &["."], "go to the next of your statements"),
    entry(Cmd::PreviousSheet, "previous-statement", Results, &[","], "go to the one before"),
    entry(Cmd::CloseSheet, "close-statement", Results, &["w"], "close this statement and its result"),
    entry(Cmd::Run, "run-statement", Editor, &["ctrl-r", "f5", "alt-enter"], "run the statement"),
    entry(Cmd::Complete, "complete", Editor, &["tab"], "complete the word, or offer words"),
    entry(Cmd::Older, "older", Editor, &["ctrl-p"], "statement before this one"),
    entry(Cmd::Newer, "newer", Editor, &["ctrl-n"], "statement after this one"),
    entry(Cmd::Chart, "chart-result", Editor, &["ctrl-t"], "show the result as a chart, or as rows"),
    entry(Cmd::NewSheet, "new-statement-editor", Editor, &["alt-n"], "begin another statement, and keep this one"),
    entry(Cmd::NextSheet, "next-statement-editor", Editor, &["pgdn"], "go to the next of your statements"),
    entry(Cmd::PreviousSheet, "previous-statement-editor", Editor, &["pgup"], "go to the one before"),
    entry(Cmd::CloseSheet, "close-statement-editor", Editor, &["alt-w"], "close this statement and its result"),
    entry(Cmd::NewLine, "new-line", Editor, &["enter"], "begin a line, or take the offered word"),
    entry(Cmd::EditOutside, "edit-statement", Editor, &["ctrl-e"], "open the statement in $EDITOR"),
    entry(Cmd::Leave, "leave-editor", Editor, &["esc", "ctrl-c"], "leave the editor; a running statement is cancelled"),
    entry(Cmd::Suspend, "suspend-editor", Editor, &["ctrl-z"], "back to the shell; fg comes back here"),
    entry(Cmd::Accept, "accept-filter", Prompt, &["enter"], "filter, or take the offered word"),
    entry(Cmd::Complete, "complete-filter", Prompt, &["tab"], "complete a field or a value, or offer some"),
    entry(Cmd::Leave, "leave-filter", Prompt, &["esc", "ctrl-c"], "leave things as they were"),
    entry(Cmd::Accept, "accept-command", Palette, &["enter"], "do it"),
    entry(Cmd::Up, "command-up", Palette, &["up", "ctrl-p"], "the one above"),
    entry(Cmd::Down, "command-down", Palette, &["down", "ctrl-n"], "the one below"),
    entry(Cmd::Leave, "leave-commands", Palette, &["esc", "ctrl-c"], "do nothing"),
];
