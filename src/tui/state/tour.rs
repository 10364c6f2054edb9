//! The guided tour of the demo: what to try next, and whether it was done.

use super::State;
use super::layer::Layer;
use super::place::View;

/// Where the tour is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tour {
    pub step: usize,
    pub is_hidden: bool,
}

/// One thing to try.
pub struct Step {
    pub title: &'static str,
    pub text: &'static str,
    done: fn(&State) -> bool,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.title)
    }
}

/// All of it: from what is wrong, to whom it hits, to the events, to a statement of one's own.
pub const STEPS: [Step; 7] = [
    Step {
        title: "A small web shop, live",
        text: "Within half a minute something breaks: watch Errors and Latency. Then press 5 to see when it got slow.",
        done: |state| state.place.view == View::Heatmap || state.place.view == View::Explorer,
    },
    Step {
        title: "When it got slow",
        text: "Each cell is a time and a latency; ! marks errors. Press 3 for the Explorer: who has them?",
        done: |state| state.place.view == View::Explorer,
    },
    Step {
        title: "Who has the errors",
        text: "Move to severity with j and k, then l to its values, and press enter on high: now all views show only errors.",
        done: |state| !state.place.filter.is_empty(),
    },
    Step {
        title: "What they have in common",
        text: "Look at data.page and at os: one route, one system. l goes on to the events; enter opens one.",
        done: |state| state.layers.iter().any(|layer| matches!(layer, Layer::Detail(_))),
    },
    Step {
        title: "One event, whole",
        text: "enter on a value filters by it. esc goes back. Then press 4 to ask in SQL.",
        done: |state| state.place.view == View::Sql,
    },
    Step {
        title: "Ask anything",
        text: "i writes, tab completes, esc leaves the editor; ctrl-r runs the statement, ctrl-t draws the answer.",
        done: |state| state.sql.sheet().as_chart && state.sql.sheet().result.is_some(),
    },
    Step {
        title: "That was the tour",
        text: "? shows every key, : finds commands by name, q ends the demo and removes its events. t hides this.",
        done: |_| false,
    },
];

impl Tour {
    /// Returns what to try now; none while the tour is hidden.
    #[must_use]
    pub fn current(&self) -> Option<&'static Step> {
        STEPS.get(self.step).filter(|_| !self.is_hidden)
    }
}

impl State {
    /// Goes on with the tour when what it asked for was done. Steps that were done on the way are passed over.
    pub(super) fn advance_tour(&mut self) {
        let Some(mut tour) = self.tour else { return };
        while STEPS.get(tour.step).is_some_and(|step| (step.done)(self)) {
            tour.step += 1;
        }
        self.tour = Some(tour);
    }
}
