//! Where the user is: a view, a range of time, a filter. Places are kept to go back to.

use serde::{Deserialize, Serialize};

use crate::tui::command::{Cmd, Context};
use crate::tui::cursor::Cursor;

/// The views, in the order of their digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    Overview,
    Live,
    Explorer,
    Sql,
    Heatmap,
    Health,
}

impl View {
    pub const ALL: [Self; 6] = [Self::Overview, Self::Live, Self::Explorer, Self::Sql, Self::Heatmap, Self::Health];

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Live => "Live",
            Self::Explorer => "Explorer",
            Self::Sql => "SQL",
            Self::Heatmap => "Heatmap",
            Self::Health => "Health",
        }
    }

    /// Returns the command that goes there.
    #[must_use]
    pub const fn command(self) -> Cmd {
        match self {
            Self::Overview => Cmd::Overview,
            Self::Live => Cmd::Live,
            Self::Explorer => Cmd::Explorer,
            Self::Sql => Cmd::Sql,
            Self::Heatmap => Cmd::Heatmap,
            Self::Health => Cmd::Health,
        }
    }

    /// Returns the view that a command goes to.
    #[must_use]
    pub fn of_command(cmd: Cmd) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.command() == cmd)
    }

    /// Returns what keys mean in this view when no layer is over it and no text is typed.
    #[must_use]
    pub const fn context(self) -> Context {
        match self {
            Self::Explorer => Context::Explorer,
            Self::Heatmap => Context::Heatmap,
            Self::Sql => Context::Results,
            _ => Context::Everywhere,
        }
    }

    /// Returns the view so many steps further, around the end.
    #[must_use]
    pub fn step(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|view| *view == self).unwrap_or_default() as isize;
        Self::ALL[(at + by).rem_euclid(Self::ALL.len() as isize) as usize]
    }
}

/// A view of some events.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub view: View,
    pub cursor: Cursor,
    pub filter: String,
}
