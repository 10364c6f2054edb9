//! Everything that the dashboard wants done outside of its state.

use std::path::PathBuf;

use super::event::Ticket;

/// One thing to do. The state never waits for it; what comes of it is an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Ask the server; a running question of the same slot is given up.
    Ask {
        ticket: Ticket,
        question: Question,
    },
    /// Give up the running question of this slot.
    GiveUp {
        ticket: Ticket,
    },
    /// Follow the live events that pass this filter, instead of those followed before.
    Follow {
        filter: String,
    },
    /// Follow no events any more.
    Unfollow,
    /// Put text on the clipboard of the terminal.
    Copy {
        text: String,
    },
    /// Write a file, beside others of the same name.
    Export {
        name: String,
        text: String,
    },
    /// Keep a statement for later sessions.
    Remember {
        sql: String,
    },
    /// Save a panel of the project.
    SavePanel {
        path: PathBuf,
        text: String,
    },
    /// Let the user's editor change a text.
    Edit {
        text: String,
        extension: &'static str,
    },
    /// Let the mouse be seen by the dashboard, or by the terminal.
    CaptureMouse {
        on: bool,
    },
    /// Draw everything anew, whatever the terminal shows.
    Repaint,
    /// Give the terminal back and pause the process.
    Suspend,
    Quit {
        why: Ending,
    },
}

/// Why the dashboard ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The user left.
    Left,
    /// A signal or the end of the terminal.
    Interrupted,
}

/// What is asked of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    Sql {
        sql: String,
        rows_max: u64,
    },
    /// A statement of the user, whose rows are shown while they are found.
    Statement {
        sql: String,
        rows_max: u64,
    },
    /// Events, newest first.
    Events {
        since: Option<String>,
        until: Option<String>,
        filter: String,
        limit: usize,
    },
    Status,
    Health,
    Storage,
    Schema,
    Rejected {
        limit: usize,
    },
}
