//! Asks the server what the dashboard wants to know, follows its live events, and sends what comes back as events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::action::Question;
use super::event::{Answer, Event, Failure, Live, Slot, Ticket};
use super::row::Row;
use super::state::sql::ROWS_BYTES_MAX;
use crate::api::live::LiveFrame;
use crate::api::query::{QueryAnswer, QueryFrame, QueryRequest, QuerySchema, QueryStats};
use crate::api::state::{Health, RejectedEvent, Status};
use crate::api::storage::StorageStats;
use crate::api::{Page, Success};
use crate::client::{Client, ClientError, Request, SseEvents};

/// Events a second that the server sends; it counts the others.
const RATE_MAX: &str = "200";
/// Events go to the dashboard together, so often at most: a frame each.
const GATHER: Duration = Duration::from_millis(66);
/// Events that are gathered at most.
const GATHER_MAX: usize = 200;
/// Pause before the server is looked for again; it doubles with each attempt.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MOST: Duration = Duration::from_secs(2);
/// A server that does not say in time whether a live stream is open is looked for again.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// While events come the server counts them each second; while none come it may say nothing for much longer, and is asked.
const PATIENCE: Patience = Patience { silence: Duration::from_secs(3), answer: Duration::from_secs(2) };

/// Finds the server anew: one that was started again may have another address.
pub type Connect = Arc<dyn Fn() -> Result<Client, ClientError> + Send + Sync>;

/// Runs questions and the live subscription. Dropping it ends them.
pub(super) struct Worker {
    connect: Connect,
    client: Client,
    events: Sender<Event>,
    asked: HashMap<Slot, JoinHandle<()>>,
    following: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn new(client: Client, connect: Connect, events: Sender<Event>) -> Self {
        Self { connect, client, events, asked: HashMap::new(), following: None }
    }

    /// Asks; a running question of the same slot is given up, which the server notices.
    pub(super) fn ask(&mut self, ticket: Ticket, question: Question) {
        self.give_up(ticket.slot);
        let client = (self.connect)().unwrap_or_else(|_| self.client.clone());
        let events = self.events.clone();
        // A statement of the user may take as long as the user wants, and the subscription sees by itself whether the server
        // is there.
        let is_watched = self.following.is_none() && !matches!(question, Question::Statement { .. });
        let asking = async move {
            let parts = Parts { ticket, events: events.clone() };
            let answering = answer(&client, question, &parts);
            let answer = if is_watched { while_alive(&client, PATIENCE, answering).await } else { answering.await };
            let answer = answer.unwrap_or_else(|error| Answer::Failed { failure: failure(&error) });
            events.send(Event::Answered { ticket, answer: Box::new(answer) }).await.unwrap_or_default();
        };
        self.asked.insert(ticket.slot, crate::telemetry::task::spawn("ask", asking));
    }

    pub(super) fn give_up(&mut self, slot: Slot) {
        if let Some(task) = self.asked.remove(&slot) {
            task.abort();
        }
    }

    /// Follows the events that pass the filter, until told otherwise.
    pub(super) fn follow(&mut self, filter: String) {
        self.unfollow();
        let following = follow(Arc::clone(&self.connect), filter, self.events.clone());
        self.following = Some(crate::telemetry::task::spawn("follow", following));
    }

    /// Takes no live events any more; the server notices that the connection is gone.
    pub(super) fn unfollow(&mut self) {
        if let Some(task) = self.following.take() {
            task.abort();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.asked.values().chain(&self.following).for_each(JoinHandle::abort);
    }
}

fn failure(error: &ClientError) -> Failure {
    let hint = match error {
        ClientError::Refused(refusal) => refusal.detail.hint.clone(),
        _ => None,
    };
    let place = match error {
        ClientError::Refused(refusal) => place(refusal.detail.details.as_ref()),
        _ => None,
    };
    let is_transient = matches!(error, ClientError::Unreachable { .. } | ClientError::Broken { .. });
    Failure { message: error.to_string(), hint, is_transient, place }
}

/// Returns the line and the column of a statement that an error is about.
fn place(details: Option<&Value>) -> Option<(u64, u64)> {
    let number = |name: &str| details?.get(name)?.as_u64();
    Some((number("line")?, number("column")?))
}

/// How long a server is thought to be there without a sign of it.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// After so long a silence it is asked whether it is there.
    silence: Duration,
    /// One that is there answers that in this time, however busy it is.
    answer: Duration,
}

/// Waits for an answer as long as the server gives signs of life.
async fn while_alive<T>(
    client: &Client,
    patience: Patience,
    answering: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    tokio::select! {
        answer = answering => answer,
        dead = death(client, patience) => Err(dead),
    }
}

/// Asks the server now and then whether it is there, and returns when it is not.
async fn death(client: &Client, patience: Patience) -> ClientError {
    loop {
        sleep(patience.silence).await;
        let asked = tokio::time::timeout(patience.answer, client.exchange(Request::get("/ready"))).await;
        let reason = match asked {
            // Whatever it says, it says something.
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => return error,
            Err(_) => format!("no sign of life for {} s", (patience.silence + patience.answer).as_secs()),
        };
        return ClientError::Broken { url: client.address().to_owned(), reason };
    }
}

/// Where parts of an answer go before its last one.
struct Parts {
    ticket: Ticket,
    events: Sender<Event>,
}

impl Parts {
    async fn send(&self, frame: QueryFrame) {
        let answer = Box::new(Answer::Part { frame });
        // A dashboard that has gone needs none.
        self.events.send(Event::Answered { ticket: self.ticket, answer }).await.unwrap_or_default();
    }
}

/// Returns the answer, or the last part of one.
async fn answer(client: &Client, question: Question, parts: &Parts) -> Result<Answer, ClientError> {
    match question {
        Question::Statement { sql, rows_max } => statement(client, sql, rows_max, parts).await,
        Question::Sql { sql, rows_max } => {
            let body = QueryRequest { sql, max_rows: Some(rows_max), ..QueryRequest::default() };
            let table = client.send(Request::post("/api/v1/query").json(&body)).await?.json::<QueryAnswer>().await?;
            Ok(Answer::Table { table })
        }
        Question::Events { since, until, filter, limit } => {
            let request = Request::get("/api/v1/events")
                .query("limit", &limit.to_string())
                .query_opt("since", since.as_deref())
                .query_opt("until", until.as_deref())
                .query_opt("filter", Some(filter.as_str()).filter(|filter| !filter.is_empty()));
            let page = client.send(request).await?.json::<Page<Value>>().await?;
            Ok(Answer::Events { rows: page.data.iter().filter_map(Value::as_object).map(Row::of).collect() })
        }
        Question::Status => {
            let status = client.send(Request::get("/api/v1/status")).await?.json::<Success<Status>>().await?.data;
            Ok(Answer::Status { status })
        }
        Question::Health => {
            // An unhealthy server says so with another status code, and with the same body.
            let health = client.exchange(Request::get("/health")).await?.json::<Health>().await?;
            Ok(Answer::Health { health })
        }
        Question::Storage => {
            let request = Request::get("/api/v1/storage/stats");
            let storage = client.send(request).await?.json::<Success<StorageStats>>().await?.data;
            Ok(Answer::Storage { storage })
        }
        Question::Schema => {
            let request = Request::get("/api/v1/query/schema");
            let schema = client.send(request).await?.json::<Success<QuerySchema>>().await?.data;
            Ok(Answer::Schema { schema })
        }
        Question::Rejected { limit } => {
            let request = Request::get("/api/v1/rejected").query("limit", &limit.to_string());
            let page = client.send(request).await?.json::<Page<RejectedEvent>>().await?;
            Ok(Answer::Rejected { rows: page.data })
        }
    }
}

/// Runs a statement and sends on what is found, a frame's worth at a time, until the end, which is returned.
async fn statement(client: &Client, sql: String, rows_max: u64, parts: &Parts) -> Result<Answer, ClientError> {
    let body = QueryRequest { sql, max_rows: Some(rows_max), ..QueryRequest::default() };
    // The server has a limit of its own, which may be longer than the patience of this side.
    let request = Request::post("/api/v1/query").accept("text/event-stream").json(&body).without_deadline();
    let mut frames = client.send(request).await?.sse_events();
    let (mut found, mut bytes) = (Vec::new(), 0);
    // The first rows are not held up.
    let mut due = Instant::now();
    loop {
        if !found.is_empty() && Instant::now() >= due {
            parts.send(QueryFrame::Rows { rows: std::mem::take(&mut found) }).await;
            due = Instant::now() + GATHER;
        }
        let data = if found.is_empty() {
            frames.next().await?
        } else {
            let Ok(data) = timeout_at(due, frames.next()).await else { continue };
            data?
        };
        let data = data.ok_or_else(|| ended(client))?;
        let frame = serde_json::from_slice::<QueryFrame>(&data)
            .map_err(|error| ClientError::Foreign { url: client.address().to_owned(), reason: error.to_string() })?;
        let last = match frame {
            QueryFrame::Columns { .. } => {
                parts.send(frame).await;
                continue;
            }
            QueryFrame::Rows { rows } => {
                found.extend(rows);
                bytes += data.len();
                if bytes <= ROWS_BYTES_MAX {
                    continue;
                }
                Answer::Part { frame: QueryFrame::End { truncated: true, stats: QueryStats::default() } }
            }
            QueryFrame::End { .. } => Answer::Part { frame },
            QueryFrame::Error { error } => {
                let place = place(error.details.as_ref());
                let failure = Failure { message: error.message, hint: error.hint, is_transient: false, place };
                Answer::Failed { failure }
            }
        };
        if !found.is_empty() {
            parts.send(QueryFrame::Rows { rows: found }).await;
        }
        return Ok(last);
    }
}

fn ended(client: &Client) -> ClientError {
    ClientError::Broken { url: client.address().to_owned(), reason: "it ended the stream".to_owned() }
}

/// Follows the server over its restarts.
async fn follow(connect: Connect, filter: String, events: Sender<Event>) {
    let mut pause = PAUSE_FIRST;
    loop {
        let lost = match open(&connect, &filter).await {
            Ok((client, mut frames)) => {
                pause = PAUSE_FIRST;
                if events.send(Event::Live { live: Live::Up }).await.is_err() {
                    return;
                }
                match watch(&client, &mut frames, &events).await {
                    Some(lost) => lost,
                    None => return,
                }
            }
            Err(error) => error,
        };
        let live = match &lost {
            ClientError::Refused(refusal) if !lost.is_transient() && refusal.status == 400 => {
                Live::Refused { failure: failure(&lost) }
            }
            _ => Live::Down { reason: lost.to_string() },
        };
        let is_refused = matches!(live, Live::Refused { .. });
        if events.send(Event::Live { live }).await.is_err() || is_refused {
            return;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MOST);
    }
}

async fn open(connect: &Connect, filter: &str) -> Result<(Client, SseEvents), ClientError> {
    let client = connect()?;
    let request = Request::get("/api/v1/events/live")
        .query_opt("filter", Some(filter).filter(|filter| !filter.is_empty()))
        .query("max_rate", RATE_MAX)
        .without_deadline();
    let opened = tokio::time::timeout(OPEN_WITHIN, client.send(request)).await;
    let response =
        opened.map_err(|_| ClientError::TimedOut { url: client.address().to_owned(), patience: OPEN_WITHIN })??;
    Ok((client, response.sse_events()))
}

/// Sends on what comes, a few events at a time, until the stream breaks. Returns nothing when nobody listens any more.
async fn watch(client: &Client, frames: &mut SseEvents, events: &Sender<Event>) -> Option<ClientError> {
    loop {
        let first = match while_alive(client, PATIENCE, next(frames)).await {
            Ok(frame) => frame,
            Err(error) => return Some(error),
        };
        // The first one is not held up; those that follow within a frame go together.
        let mut gathered = Gathered::default();
        gathered.take(first);
        let deadline = Instant::now() + GATHER;
        let mut broken = None;
        while gathered.rows.len() < GATHER_MAX {
            match timeout_at(deadline, next(frames)).await {
                Ok(Ok(frame)) => gathered.take(frame),
                Ok(Err(error)) => {
                    broken = Some(error);
                    break;
                }
                Err(_) => break,
            }
        }
        for live in gathered.into_news() {
            events.send(Event::Live { live }).await.ok()?;
        }
        if broken.is_some() {
            return broken;
        }
    }
}

/// One frame of the subscription.
enum Frame {
    Event(Box<Row>),
    Other(LiveFrame),
}

async fn next(frames: &mut SseEvents) -> Result<Frame, ClientError> {
    let ended = || ClientError::Broken { url: "the server".to_owned(), reason: "it ended the stream".to_owned() };
    let frame = frames.next().await?.ok_or_else(ended)?;
    if let Some(row) = event_in(&frame).and_then(Row::read) {
        return Ok(Frame::Event(Box::new(row)));
    }
    let frame = serde_json::from_slice(&frame)
        .map_err(|error| ClientError::Foreign { url: "the server".to_owned(), reason: error.to_string() })?;
    Ok(Frame::Other(frame))
}

/// Returns the text of the event in a frame that is written as the server writes it: it need not be read twice.
fn event_in(frame: &[u8]) -> Option<&str> {
    let event = frame.strip_prefix(b"{\"type\":\"event\",\"event\":")?.strip_suffix(b"}")?;
    std::str::from_utf8(event).ok()
}

#[derive(Default)]
struct Gathered {
    rows: Vec<Row>,
    missed: u64,
    counters: Option<(u64, u64)>,
}

impl Gathered {
    fn take(&mut self, frame: Frame) {
        match frame {
            Frame::Event(row) => self.rows.push(*row),
            Frame::Other(LiveFrame::Event { event }) => self.rows.extend(event.as_object().map(Row::of)),
            Frame::Other(LiveFrame::Gap { missed }) => self.missed += missed,
            Frame::Other(LiveFrame::Counters { matched, sent }) => self.counters = Some((matched, sent)),
        }
    }

    fn into_news(self) -> Vec<Live> {
        let mut news = Vec::new();
        if !self.rows.is_empty() {
            news.push(Live::Rows { rows: self.rows });
        }
        if self.missed > 0 {
            news.push(Live::Gap { missed: self.missed });
        }
        news.extend(self.counters.map(|(matched, sent)| Live::Counters { matched, sent }));
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes connections and answers what comes on them with `answer`, or never.
    async fn server(answer: Option<&'static str>) -> Client {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        crate::telemetry::task::spawn("server", async move {
            let mut held = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if let Some(answer) = answer {
                    let mut asked = [0; 1_024];
                    drop(connection.read(&mut asked).await);
                    drop(connection.write_all(answer.as_bytes()).await);
                }
                held.push(connection);
            }
        });
        Client::http(&format!("http://{address}"), None).unwrap()
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_down_and_one_that_answers_is_waited_for() {
        let patience = Patience { silence: Duration::from_millis(50), answer: Duration::from_secs(2) };
        let hung = server(None).await;
        let lost = while_alive(&hung, patience, std::future::pending::<Result<(), ClientError>>()).await.unwrap_err();
        assert!(lost.to_string().ends_with("no sign of life for 2 s") && failure(&lost).is_transient, "{lost}");
        let alive =
            server(Some("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
        let late = async {
            sleep(patience.silence * 10).await;
            Ok(7)
        };
        assert_eq!(while_alive(&alive, patience, late).await.unwrap(), 7);
    }

    #[test]
    fn an_error_says_where_it_is() {
        let details = serde_json::json!({"line": 2, "column": 5});
        assert_eq!([place(Some(&details)), place(None), place(Some(&Value::Null))], [Some((2, 5)), None, None]);
    }

    #[test]
    fn an_event_is_found_in_its_frame_without_reading_the_frame() {
        assert_eq!(event_in(b"{\"type\":\"event\",\"event\":{\"a\":{}}}"), Some("{\"a\":{}}"));
        assert_eq!(event_in(b"{\"type\":\"gap\",\"missed\":3}"), None);
        assert_eq!(event_in(b"{\"event\":{},\"type\":\"event\"}"), None);
    }
}
