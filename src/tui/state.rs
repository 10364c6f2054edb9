//! What the dashboard knows, and how each event changes it. Draws nothing, waits for nothing.
//!
//! ```text
//! Event ─► State::update ─► Actions        the only way in, the only way out
//!             │
//!             └─► draw(&State)             when `take_dirty` says so
//! ```

pub mod answers;
pub mod asks;
mod closer;
pub mod completion;
pub mod detail;
pub mod editor;
pub mod explorer;
pub mod heat;
pub mod keys;
pub mod layer;
pub mod live;
pub mod nothing;
pub mod overview;
pub mod panel;
pub mod place;
pub mod refresh;
pub mod reproduce;
pub mod sql;
pub mod tour;
mod travel;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::asks::Asks;
use self::completion::Seen;
use self::explorer::Explorer;
use self::heat::Heat;
use self::layer::Layer;
use self::live::Tail;
use self::nothing::Nothing;
use self::overview::Overview;
use self::panel::Panel;
use self::place::{Place, View};
use self::sql::Sql;
use self::tour::Tour;
use super::action::{Action, Ending};
use super::cursor::{Cursor, Range};
use super::event::{Event, Live, Micros, Mouse, Signal};
use super::keymap::Keymap;
use crate::api::query::QuerySchema;
use crate::api::state::{Health, RejectedEvent, Status};
use crate::api::storage::StorageStats;

/// How long a note stays on the screen.
const NOTE_SHOWN: Micros = 4_000_000;
/// Places to go back to; who went further than this does not remember.
const BACK_MAX: usize = 50;

/// Everything that is decided before the first event.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Whose events these are: the name of the project or the context.
    pub name: String,
    /// Where the server is, in words.
    pub address: String,
    pub source: Source,
    pub opening: Opening,
    /// The version of this program, for a server that has another one.
    pub version: &'static str,
    /// Whether whose events these are should be dealt with carefully.
    pub is_protected: bool,
    pub keymap: Keymap,
    pub colours: Colours,
    pub mouse: bool,
    pub tour: bool,
    pub cursor: Cursor,
    pub panels: Vec<Panel>,
    /// Statements of earlier sessions, oldest first.
    pub history: Vec<String>,
    /// Where panels are kept; none when there is no project.
    pub dashboards: Option<std::path::PathBuf>,
    pub size: (u16, u16),
}

/// What the events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A server: events keep coming.
    Server,
    /// The files of a project whose server does not run.
    History,
}

/// How much of a history is shown at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The time up to its newest event.
    Newest,
    /// From its oldest event to its newest.
    Everything,
}

/// The palettes, by what they are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    Dark,
    Light,
    None,
}

/// Whether the server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    Connecting,
    Up,
    /// Since then, and why.
    Down {
        since: Micros,
        reason: String,
    },
    /// The filter can not be followed.
    Refused {
        reason: String,
    },
}

/// Whether and how soon the screen must be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Dirty {
    /// What is shown is what is known.
    #[default]
    Clean,
    /// With the next frame.
    Soon,
    /// The user waits for it.
    Now,
}

/// The dashboard.
#[derive(Debug, Clone)]
pub struct State {
    pub setup: Setup,
    pub now: Micros,
    pub size: (u16, u16),
    pub place: Place,
    back: Vec<Place>,
    pub layers: Vec<Layer>,
    pub link: Link,
    pub overview: Overview,
    pub tail: Tail,
    pub explorer: Explorer,
    pub sql: Sql,
    pub heat: Heat,
    pub panels: Vec<Panel>,
    pub status: Option<Status>,
    pub health: Option<Health>,
    pub storage: Option<StorageStats>,
    pub rejected: Vec<RejectedEvent>,
    /// Events a second by the server's own count, one point for each answer of its status.
    pub taken: Vec<f64>,
    taken_before: Option<(Micros, u64)>,
    /// Cores that the server kept busy between two answers of its status.
    pub processor: Option<f64>,
    /// When that was asked, of which process, and its processor time then in seconds.
    processor_before: Option<(Micros, u32, f64)>,
    /// Whether the user was told that the server has another version.
    told_version: bool,
    pub schema: Option<QuerySchema>,
    pub note: Option<Note>,
    pub colours: Colours,
    pub mouse: bool,
    pub compares: bool,
    pub tour: Option<Tour>,
    /// Whether live events are followed.
    follows: bool,
    /// Where the list of the live view ends, when it shows the past.
    listed_until: Option<Micros>,
    asks: Asks,
    seen: Seen,
    nothing: Nothing,
    /// The range that the last round asked about.
    asked: Range,
    /// When it was last asked which fields there are.
    schema_asked: Micros,
    /// When events last came.
    came: Option<Micros>,
    /// When the next round of questions is due.
    due: Option<Micros>,
    dirty: Dirty,
}

/// A line that is shown for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    until: Micros,
}

impl State {
    /// Returns the state at the start, and what to do first.
    #[must_use]
    pub fn new(setup: Setup, now: Micros) -> (Self, Vec<Action>) {
        let place = Place { view: View::Overview, cursor: setup.cursor, filter: String::new() };
        let mut state = Self {
            now,
            size: setup.size,
            place,
            back: Vec::new(),
            layers: Vec::new(),
            link: Link::Connecting,
            overview: Overview::default(),
            tail: Tail::default(),
            explorer: Explorer::default(),
            sql: Sql::with_history(setup.history.clone()),
            heat: Heat::default(),
            panels: setup.panels.clone(),
            status: None,
            health: None,
            storage: None,
            rejected: Vec::new(),
            taken: Vec::new(),
            taken_before: None,
            processor: None,
            processor_before: None,
            told_version: false,
            schema: None,
            note: None,
            colours: setup.colours,
            mouse: setup.mouse,
            compares: false,
            tour: setup.tour.then(Tour::default),
            follows: false,
            listed_until: None,
            asks: Asks::default(),
            seen: Seen::default(),
            nothing: Nothing::default(),
            asked: setup.cursor.range(now),
            schema_asked: 0,
            came: None,
            due: None,
            dirty: Dirty::Now,
            setup,
        };
        let actions = state.first_actions();
        (state, actions)
    }

    fn first_actions(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.mouse {
            actions.push(Action::CaptureMouse { on: true });
        }
        if self.setup.source == Source::History {
            // Nothing will tell that it is there: it is.
            self.connected(&mut actions);
        }
        self.follow_or_not(&mut actions);
        actions
    }

    /// Changes the state by one event that happened at `now`. Returns what is to be done.
    pub fn update(&mut self, now: Micros, event: Event) -> Vec<Action> {
        self.now = self.now.max(now);
        let mut actions = Vec::new();
        match event {
            Event::Key { key } => self.press(key, &mut actions),
            Event::Paste { text } => self.paste(&text),
            Event::Mouse { mouse } => self.mouse(mouse, &mut actions),
            Event::Resize { width, height } => {
                self.size = (width, height);
                self.touch(Dirty::Now);
            }
            Event::InputEnded => actions.push(Action::Quit { why: Ending::Interrupted }),
            Event::Signal { signal } => self.signalled(signal, &mut actions),
            Event::Wake => self.woken(&mut actions),
            Event::Live { live } => self.live(live, &mut actions),
            Event::Answered { ticket, answer } => {
                let counts =
                    if answer.is_last() { self.asks.take(ticket, self.now) } else { self.asks.is_last(ticket) };
                if counts {
                    self.answered(ticket.slot, *answer, &mut actions);
                }
            }
            Event::Done { note } => self.say(note),
            Event::Edited { text } => {
                self.sql.sheet_mut().editor = editor::Editor::of(text.trim_end());
                self.touch(Dirty::Now);
            }
        }
        self.advance_tour();
        self.follow_or_not(&mut actions);
        actions
    }

    fn signalled(&mut self, signal: Signal, actions: &mut Vec<Action>) {
        match signal {
            Signal::Terminate | Signal::Hangup | Signal::Interrupt | Signal::Quit => {
                actions.push(Action::Quit { why: Ending::Interrupted });
            }
            Signal::Stop => actions.push(Action::Suspend),
            Signal::Continue => {
                actions.push(Action::Repaint);
                self.touch(Dirty::Now);
            }
        }
    }

    fn live(&mut self, live: Live, actions: &mut Vec<Action>) {
        match live {
            Live::Up => {
                if self.takes_rows() {
                    // Nobody knows what went by meanwhile: the list begins anew rather than with a hole in it.
                    self.tail.begin_anew();
                }
                self.connected(actions);
            }
            Live::Down { reason } => {
                let since = match self.link {
                    Link::Down { since, .. } => since,
                    _ => self.now,
                };
                self.touch(if matches!(self.link, Link::Down { .. }) { Dirty::Clean } else { Dirty::Now });
                self.link = Link::Down { since, reason };
                self.due = None;
            }
            Live::Refused { failure } => {
                self.link = Link::Refused { reason: failure.message };
                self.touch(Dirty::Now);
            }
            Live::Rows { rows } => {
                if self.takes_rows() {
                    self.tail.extend(rows, self.now);
                }
                self.traffic();
            }
            Live::Gap { missed } => {
                if self.takes_rows() {
                    self.tail.missed += missed;
                }
                self.traffic();
            }
            Live::Counters { matched, sent } => {
                if self.takes_rows() {
                    (self.tail.matched, self.tail.sent) = (matched, sent);
                }
                self.traffic();
            }
        }
    }

    /// Returns whether the screen must be drawn, and forgets it.
    pub fn take_dirty(&mut self) -> Dirty {
        std::mem::take(&mut self.dirty)
    }

    /// Returns when the state wants to be woken, if ever: nothing happens by itself while nothing comes in.
    #[must_use]
    pub fn wake_at(&self) -> Option<Micros> {
        self.note.iter().map(|note| note.until).chain(self.due).min()
    }

    pub(super) fn touch(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    /// Shows a line for a while.
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.note = Some(Note { text: super::text::visible(&text.into()), until: self.now + NOTE_SHOWN });
        self.touch(Dirty::Now);
    }

    fn mouse(&mut self, mouse: Mouse, actions: &mut Vec<Action>) {
        match mouse {
            Mouse::WheelUp => self.command(super::command::Cmd::Up, actions),
            Mouse::WheelDown => self.command(super::command::Cmd::Down, actions),
            Mouse::Click { x, y } => self.click(x, y, actions),
        }
    }

    fn woken(&mut self, actions: &mut Vec<Action>) {
        if self.note.as_ref().is_some_and(|note| note.until <= self.now) {
            self.note = None;
            self.touch(Dirty::Soon);
        }
        if self.due.is_some_and(|due| due <= self.now) {
            self.round(actions);
        }
    }

    /// Returns whether what is shown may be older than what is there.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.link, Link::Down { .. })
    }
}
