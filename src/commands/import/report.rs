//! Says what became of an import.

use std::time::Duration;

use serde_json::{Map, json};

use super::reading::Read;
use crate::commands::send::flow::Totals;
use crate::printer::{CommandError, Field, Form, Kind, Printer, Shape};

const fn count(name: &'static str, doc: &'static str) -> Field {
    Field::new(name, Kind::Number, doc)
}

pub(super) const TOTALS: Shape = Shape {
    name: "streamflow.import/1",
    form: Form::Record,
    fields: &[
        Field::new("dry_run", Kind::Bool, "true when rows were only checked"),
        count("rows", "rows that were read"),
        count("accepted", "events that are stored; of a dry run, that a server would take"),
        count("replayed", "of these, events that an earlier run of the same import had stored"),
        count("duplicates", "events whose id was stored before"),
        count("rejected", "events that the server did not take; `events rejected` shows them"),
        count("unreadable", "rows that are no events and were not sent"),
        count("unanswered", "events under way when the call ended early; they may be stored or not"),
        count("requests", "requests that were answered"),
        count("retries", "requests sent again because the server was busy or gone"),
        count("bytes", "bytes of events before compression"),
        count("seconds", "time from the first row to the last answer"),
        count("events_per_second", "answered events by that time"),
    ],
};

/// What became of an import.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) totals: Totals,
    pub(super) read: Read,
    pub(super) elapsed: Duration,
    pub(super) is_dry: bool,
}

impl Outcome {
    /// Returns how many rows are not stored, and were not before.
    pub(super) fn refused(&self) -> u64 {
        self.totals.rejected + self.read.unreadable
    }

    /// Prints the counts, and names the first rows that were not taken. `is_cut_short` by a failure or by Ctrl-C.
    pub(super) fn report(&self, is_cut_short: bool, printer: &Printer) -> Result<(), CommandError> {
        let totals = &self.totals;
        // A call that never reached anybody has its error to tell, and nothing else.
        if is_cut_short && totals.requests == 0 && self.read.unreadable == 0 {
            return Ok(());
        }
        self.complain(printer);
        if is_cut_short {
            printer.insist("it ended early: run it again, and what is stored already is not stored twice");
        }
        let seconds = self.elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { (totals.answered() as f64 / seconds).round() } else { 0.0 };
        let object = Map::from_iter(
            [
                ("dry_run", json!(self.is_dry)),
                ("rows", json!(self.read.rows)),
                ("accepted", json!(totals.accepted)),
                ("replayed", json!(totals.replayed)),
                ("duplicates", json!(totals.duplicates)),
                ("rejected", json!(totals.rejected)),
                ("unreadable", json!(self.read.unreadable)),
                ("unanswered", json!(totals.unanswered())),
                ("requests", json!(totals.requests)),
                ("retries", json!(totals.retries)),
                ("bytes", json!(totals.bytes)),
                ("seconds", json!((seconds * 1_000.0).round() / 1_000.0)),
                ("events_per_second", json!(rate as u64)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        printer.record(TOTALS.name, &object)
    }

    fn complain(&self, printer: &Printer) {
        let totals = &self.totals;
        self.read.complaints.iter().for_each(|complaint| printer.insist(complaint));
        for rejection in &totals.rejections {
            printer.insist(format_args!("{}: {} ({})", rejection.place, rejection.message, rejection.code));
        }
        let shown = (self.read.complaints.len() + totals.rejections.len()) as u64;
        let unseen = self.refused().saturating_sub(shown);
        if unseen > 0 {
            printer.insist(format_args!("and {unseen} more were not taken"));
        }
        if totals.rejected > 0 && !self.is_dry {
            printer.talk("the server keeps what it rejected: streamflow events rejected");
        }
        if totals.replayed > 0 {
            printer.talk(format_args!("{} events were stored by an earlier run already", totals.replayed));
        }
    }
}
