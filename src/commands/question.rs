//! What the common questions share: the time flags, a filter, a listing with a chart below, and a reason when it is empty.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::chart::Canvas;
use super::emptiness::{self, Words};
use super::range::{Range, RangeArgs};
use super::{Session, bare_word, observed, remote};
use crate::api::TRUNCATED_HEADER;
use crate::client::{Client, Request};
use crate::printer::{CommandError, ExitStatus, Listing};

pub(super) const DAY: Duration = Duration::from_secs(24 * 3_600);
pub(super) const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);
pub(super) const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Which events are asked about.
#[derive(Debug, clap::Args)]
pub(super) struct ScopeArgs {
    /// Only these events: a SQL condition, or words such as type=web.click
    #[arg(long, value_name = "CONDITION", add = observed::filter())]
    filter: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
}

/// A question with its scope, ready to be asked.
pub(super) struct Question<'a> {
    session: &'a Session,
    client: Client,
    range: Range,
    filter: Option<String>,
    /// Names that the person wrote, for the case that they are misspelt.
    words: Words,
}

/// An answer in the forms in which it is shown.
pub(super) struct Shown {
    pub(super) listing: Listing,
    /// Makes of the listing what a table shows, where that is not the same.
    pub(super) table: fn(&Listing) -> Listing,
    /// Drawn below the listing on a terminal.
    pub(super) chart: fn(&Listing, Canvas) -> String,
    /// Whether there is nothing in it, for rows that are always there.
    pub(super) is_empty: bool,
}

impl<'a> Question<'a> {
    /// Resolves the scope and finds out whom to ask. Without time flags it reaches `span` back.
    ///
    /// # Errors
    /// When a flag is wrong.
    pub(super) fn new(scope: &'a ScopeArgs, span: Duration, session: &'a Session) -> Result<Self, CommandError> {
        let client = remote::reader(session)?;
        let range = scope.range.resolve(span, session)?;
        let filter = scope.filter.as_deref().map(|filter| bare_word::expanded(filter, session));
        let words = Words::of_filter(filter.as_deref().unwrap_or_default());
        Ok(Self { session, client, range, filter, words })
    }

    /// Says which event types the person named.
    #[must_use]
    pub(super) fn naming(mut self, types: &[String]) -> Self {
        self.words.add_types(types);
        self
    }

    /// Says which column the person wants to group by.
    #[must_use]
    pub(super) fn grouped_by(mut self, column: &str) -> Self {
        self.words.add_column(column);
        self
    }

    /// Asks, and prints what `show` makes of the answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) fn ask<T: DeserializeOwned>(
        self,
        request: Request,
        show: impl FnOnce(T) -> Shown,
    ) -> Result<ExitStatus, CommandError> {
        let request = self.range.ask(request).query_opt("filter", self.filter.as_deref());
        let printer = self.session.printer();
        self.session.block_on(async {
            let response = self.client.send(request).await?;
            let truncated = response.header(TRUNCATED_HEADER) == Some("true");
            let mut shown = show(remote::data(response).await?);
            shown.listing.truncated |= truncated;
            match printer.wants_words() {
                true => printer.listing(&(shown.table)(&shown.listing))?,
                false => printer.listing(&shown.listing)?,
            }
            if truncated && printer.limit().is_none() {
                printer.talk("ask for more with --limit");
            }
            if shown.is_empty || shown.listing.rows.is_empty() {
                emptiness::explain(&self.client, &self.words, Some(&self.range), printer).await;
            } else if let Some(canvas) = Canvas::of(self.session) {
                printer.text(&(shown.chart)(&shown.listing, canvas))?;
            }
            Ok(ExitStatus::Ok)
        })
    }
}

/// Shows a listing as it is, for those that have plain values only.
pub(super) fn as_it_is(listing: &Listing) -> Listing {
    listing.clone()
}

/// Draws nothing, for listings that say it all.
pub(super) fn no_chart(_: &Listing, _: Canvas) -> String {
    String::new()
}
