//! Follows the live events, and goes on where it was when the server went and came back.

use std::time::Duration;

use tokio::time::Instant;

use super::history::{History, Past};
use super::screen::Screen;
use crate::api::Success;
use crate::api::state::Status;
use crate::client::{Client, ClientError, Request, SseEvents};
use crate::commands::{Session, local, remote};
use crate::printer::CommandError;

/// Pause before the second attempt to reach the server; it doubles with each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// A server that came back is noticed within this time.
const PAUSE_MOST: Duration = Duration::from_secs(2);
/// How long a server may take to say what it holds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which live events, and how long to look for a server that went.
pub(super) struct Wanted<'a> {
    pub(super) session: &'a Session,
    pub(super) filter: Option<String>,
    pub(super) max_rate: Option<u64>,
    pub(super) retry_for: Duration,
}

/// A live stream that is open.
pub(super) struct Stream {
    pub(super) frames: SseEvents,
    client: Client,
    /// Events with this offset and later ones are on the stream.
    next_offset: u64,
}

impl Wanted<'_> {
    /// Opens the stream of a server that is there.
    pub(super) async fn open(&self, client: Client) -> Result<Stream, ClientError> {
        // Asked before the stream is open, so that no event is on neither side.
        let status = client.send(Request::get("/api/v1/status").within(PATIENCE)).await?;
        let next_offset = status.json::<Success<Status>>().await?.data.events.stored;
        let request = Request::get("/api/v1/events/live")
            .query_opt("filter", self.filter.as_deref())
            .query_opt("max_rate", self.max_rate.map(|rate| rate.to_string()).as_deref())
            .without_deadline();
        let frames = client.send(request).await?.sse_events();
        Ok(Stream { frames, client, next_offset })
    }

    /// Waits for the server to come back and returns its stream, with the events that it took meanwhile and that were not
    /// shown yet.
    pub(super) async fn resume(
        &self,
        before: &Stream,
        lost: ClientError,
        screen: &mut Screen<'_>,
    ) -> Result<(Stream, History), CommandError> {
        if self.retry_for.is_zero() {
            return Err(lost.into());
        }
        let printer = self.session.printer();
        printer.talk(format_args!("… {lost}; looking for the server for {:?}", self.retry_for));
        let stream = self.reopen(lost).await?;
        let wanted = screen.next_offset().max(before.next_offset);
        let from = if stream.next_offset < wanted {
            // Another folder, or one that was emptied: what was seen says nothing about what is there.
            printer.insist("… the server is back with other events than before");
            screen.forget();
            stream.next_offset
        } else {
            printer.talk(format_args!("… the server is back; going on with event 0:{wanted}"));
            wanted
        };
        let history = History::new(stream.client.clone(), Past::From { offset: from }, self.filter.clone());
        Ok((stream, history))
    }

    async fn reopen(&self, mut lost: ClientError) -> Result<Stream, CommandError> {
        let deadline = Instant::now() + self.retry_for;
        let mut pause = PAUSE_FIRST;
        while Instant::now() < deadline {
            tokio::time::sleep_until(deadline.min(Instant::now() + pause)).await;
            pause = (pause * 2).min(PAUSE_MOST);
            let Some(client) = self.client_again()? else { continue };
            match self.open(client).await {
                Ok(stream) => return Ok(stream),
                Err(error) if error.is_transient() => lost = error,
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.into())
    }

    /// Returns a client of the server, which may have another port than before; none while this folder has no server, since
    /// whatever listens on its usual port then serves another one.
    fn client_again(&self) -> Result<Option<Client>, CommandError> {
        let target = self.session.target()?;
        let is_there = |server: &streamflow_engine::LockHolder| !server.address.is_empty();
        if target.data_dir.as_deref().is_some_and(|dir| !local::running(dir).as_ref().is_some_and(is_there)) {
            return Ok(None);
        }
        remote::connect(&target, self.session).map(Some)
    }
}
