//! Everything that comes in to the dashboard, as values that can be written down and played again.

use serde::{Deserialize, Serialize};

use super::key::Key;
use super::row::Row;
use crate::api::query::{QueryAnswer, QueryFrame, QuerySchema};
use crate::api::state::{Health, RejectedEvent, Status};
use crate::api::storage::StorageStats;

/// Microseconds since 1970, UTC.
pub type Micros = i64;

/// One thing that happened outside of the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Key {
        key: Key,
    },
    /// Text that was pasted, as one piece.
    Paste {
        text: String,
    },
    Mouse {
        mouse: Mouse,
    },
    Resize {
        width: u16,
        height: u16,
    },
    /// The terminal has gone: nothing will ever be typed again.
    InputEnded,
    Signal {
        signal: Signal,
    },
    /// The time that the state asked to be woken at has come.
    Wake,
    Live {
        live: Live,
    },
    Answered {
        ticket: Ticket,
        answer: Box<Answer>,
    },
    /// Something that was asked of the terminal or the disk is done, or failed.
    Done {
        note: String,
    },
    /// The text that an editor left behind.
    Edited {
        text: String,
    },
}

/// What a mouse did, in cells from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mouse {
    Click { x: u16, y: u16 },
    WheelUp,
    WheelDown,
}

/// Signals that the dashboard answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    Terminate,
    Hangup,
    Interrupt,
    Quit,
    /// Another program asked this one to pause.
    Stop,
    /// The process goes on after it was paused.
    Continue,
}

/// News of the live subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Live {
    /// The server answers; what follows is complete from here on.
    Up,
    Down {
        reason: String,
    },
    /// The filter of the subscription was refused; nothing comes until there is another.
    Refused {
        failure: Failure,
    },
    /// Events that passed the filter, oldest first.
    Rows {
        rows: Vec<Row>,
    },
    /// Events that went by unseen, because this side was too slow.
    Gap {
        missed: u64,
    },
    /// Events of this subscription that passed the filter, and those of them that were sent.
    Counters {
        matched: u64,
        sent: u64,
    },
}

/// Where an answer belongs. A newer question for the same slot makes older answers worthless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    pub slot: Slot,
    pub number: u64,
}

/// A place for one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    Rate,
    Latency,
    /// The range that is shown, in one row.
    Totals,
    Before,
    Top(usize),
    Panel(usize),
    Status,
    Health,
    Storage,
    Schema,
    /// The newest event of a history that nothing is added to.
    Newest,
    /// Events that happened before the dashboard was opened.
    Backlog,
    Fields,
    Values,
    Events,
    Related,
    Heat,
    /// A statement of the workbench, by its number.
    Sql(usize),
    Rejected,
    /// Values of a column, for completion.
    Seen,
    /// Values of a column, to find out why nothing passes the filter.
    Why,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Table {
        table: QueryAnswer,
    },
    /// A part of an answer; more come until the one that says that it is the last.
    Part {
        frame: QueryFrame,
    },
    Events {
        rows: Vec<Row>,
    },
    Status {
        status: Status,
    },
    Health {
        health: Health,
    },
    Storage {
        storage: StorageStats,
    },
    Schema {
        schema: QuerySchema,
    },
    Rejected {
        rows: Vec<RejectedEvent>,
    },
    Failed {
        failure: Failure,
    },
}

impl Answer {
    /// Returns whether the question is answered with this.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        !matches!(self, Self::Part { frame: QueryFrame::Columns { .. } | QueryFrame::Rows { .. } })
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub message: String,
    pub hint: Option<String>,
    /// Whether the server can not be reached, which the link tells of by itself.
    pub is_transient: bool,
    /// The line and the column of the statement that it is about, from 1.
    #[serde(default)]
    pub place: Option<(u64, u64)>,
}
