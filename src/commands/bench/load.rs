//! Keeps many connections busy from one thread and measures how long each answer takes.
//!
//! The client shares the machine with the server, so it is one epoll loop: one write and one read a request, no locks,
//! no tasks. Requests do not pipeline, as no real client's do.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use super::connection::{Answer, Connection, ConnectionError, Progress};
use super::pace::Schedule;
use super::target::Target;
use super::traffic::Requests;
use crate::telemetry::process::Process;

/// What one run does.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Requests a second; none means as many as the connections carry.
    pub(super) per_second: Option<f64>,
    pub(super) warm_up: Duration,
    /// How long is measured after the warm-up.
    pub(super) duration: Duration,
    /// After so many measured requests the run ends early.
    pub(super) requests_max: Option<u64>,
    /// How long answers are awaited after the end; a server that is offered too much never catches up.
    pub(super) drain: Duration,
    /// The server, if its processor time can be read.
    pub(super) server: Option<Process>,
}

/// What one run showed.
#[derive(Debug)]
pub(super) struct Measured {
    /// Nanoseconds from the intended beginning to the whole answer, of requests meant to begin while measuring.
    pub(super) latency: Histogram<u64>,
    /// Length of the measurement.
    pub(super) elapsed: Duration,
    /// Answers of success within it, and the events that they acknowledged.
    pub(super) requests: u64,
    pub(super) events: u64,
    /// Bytes of the requests behind those.
    pub(super) bytes: u64,
    /// Answers that were no success, over the whole run, and the first of them.
    pub(super) refused: u64,
    pub(super) first_refusal: Option<String>,
    /// Requests that were due but unanswered when the run gave up waiting.
    pub(super) unanswered: u64,
    /// Events acknowledged over the whole run, warm-up included.
    pub(super) acknowledged: u64,
    pub(super) server_cpu: Option<Duration>,
    pub(super) own_cpu: Option<Duration>,
}

/// Why a run could not be measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("can't connect to {address}: {source}")]
    Connect { address: std::net::SocketAddr, source: io::Error },
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("can't wait for connections: {0}")]
    Poll(io::Error),
    #[error("the server has not answered anything for {} seconds", STALL.as_secs())]
    Stalled,
}

/// Silence after which a server with work to do is given up.
const STALL: Duration = Duration::from_secs(30);
/// Longest latency that the histogram can hold, nanoseconds: ten minutes.
const LATENCY_MAX_NS: u64 = 600_000_000_000;
/// Events taken from one poll.
const POLL_EVENTS: usize = 256;
/// Longest wait for readiness, so that the end is seen in time.
const IDLE_WAIT: Duration = Duration::from_millis(100);
/// `epoll_wait` counts in whole milliseconds; a shorter wait is slept through in steps of this.
const SHORT_WAIT: Duration = Duration::from_micros(50);

/// One run in progress.
struct Run<'a> {
    plan: &'a Plan,
    poll: Poll,
    connections: Vec<Connection>,
    /// Connections without a request, used in turn.
    idle: VecDeque<usize>,
    schedule: Schedule,
    /// Requests begun, and how many of them before the measurement.
    begun: u64,
    begun_warm_up: u64,
    ids_used: &'a mut u64,
    measuring: Option<Window>,
    warm: Instant,
    end: Instant,
    last_answer: Instant,
    measured: Measured,
}

/// The beginning of the measurement.
struct Window {
    start: Instant,
    server_cpu: Option<Duration>,
    own_cpu: Option<Duration>,
}

/// Runs `plan` against `target` over one connection for each of `requests`.
///
/// `ids_used` counts client ids over all runs of the process.
pub(super) fn run(
    target: &Target,
    plan: &Plan,
    requests: Vec<Requests>,
    ids_used: &mut u64,
) -> Result<Measured, LoadError> {
    let poll = Poll::new().map_err(LoadError::Poll)?;
    let mut connections = Vec::with_capacity(requests.len());
    for (index, requests) in requests.into_iter().enumerate() {
        let connected = Connection::open(target.address, requests);
        let mut connection = connected.map_err(|source| LoadError::Connect { address: target.address, source })?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(connection.source(), Token(index), interest).map_err(LoadError::Poll)?;
        connections.push(connection);
    }
    Run::new(plan, poll, connections, ids_used).drive()
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, poll: Poll, connections: Vec<Connection>, ids_used: &'a mut u64) -> Self {
        let now = Instant::now();
        let schedule = plan.per_second.map_or_else(Schedule::closed, |rate| Schedule::open(now, rate));
        Self {
            plan,
            poll,
            idle: (0..connections.len()).collect(),
            connections,
            schedule,
            begun: 0,
            begun_warm_up: 0,
            ids_used,
            measuring: None,
            warm: now + plan.warm_up,
            end: now + plan.warm_up + plan.duration,
            last_answer: now,
            measured: Measured::new(),
        }
    }

    fn drive(mut self) -> Result<Measured, LoadError> {
        let mut events = Events::with_capacity(POLL_EVENTS);
        loop {
            let now = Instant::now();
            if self.measuring.is_none() && now >= self.warm {
                self.measuring = Some(Window::open(self.warm, self.plan));
                self.begun_warm_up = self.begun;
            }
            let next = self.begin_due(now)?;
            if self.exhausted() && self.all_answered() {
                self.end = self.end.min(now);
            }
            if now >= self.end {
                self.measured.close(self.measuring.as_ref(), now, self.plan);
                if (self.all_answered() && next.is_none()) || now >= self.end + self.plan.drain {
                    return Ok(self.give_up(now));
                }
            }
            if !self.all_answered() && now.duration_since(self.last_answer) > STALL {
                return Err(LoadError::Stalled);
            }
            self.wait(&mut events, next, now)?;
            for event in &events {
                self.advance(event.token().0)?;
            }
        }
    }

    fn all_answered(&self) -> bool {
        self.idle.len() == self.connections.len()
    }

    /// Returns whether as many requests were begun as the plan allows.
    fn exhausted(&self) -> bool {
        let measured = self.begun - self.begun_warm_up;
        self.measuring.is_some() && self.plan.requests_max.is_some_and(|max| measured >= max)
    }

    /// Returns when the next request should begin; none when there is no next one.
    fn next_intended(&self, now: Instant) -> Option<Instant> {
        let intended = self.schedule.intended(self.begun, now);
        (intended < self.end && !self.exhausted()).then_some(intended)
    }

    /// Begins every request that is due and has a connection; returns when the next one is due.
    fn begin_due(&mut self, now: Instant) -> Result<Option<Instant>, LoadError> {
        while let Some(intended) = self.next_intended(now) {
            if intended > now || self.idle.is_empty() {
                return Ok(Some(intended));
            }
            let index = self.idle.pop_front().expect("an idle connection was seen");
            self.begin(index, intended)?;
        }
        Ok(None)
    }

    fn begin(&mut self, index: usize, intended: Instant) -> Result<(), LoadError> {
        self.begun += 1;
        Ok(self.connections[index].begin(intended, self.ids_used)?)
    }

    /// Waits for a connection to become ready, but not past the next due request or the end.
    fn wait(&mut self, events: &mut Events, next: Option<Instant>, now: Instant) -> Result<(), LoadError> {
        let mut until = now + IDLE_WAIT;
        // A request that is due but has no connection waits for an answer, not for the clock.
        until = next.filter(|_| !self.idle.is_empty()).map_or(until, |next| until.min(next));
        if now < self.end {
            until = until.min(self.end);
        }
        let mut timeout = until.saturating_duration_since(now).saturating_sub(Duration::from_millis(1));
        if timeout.is_zero() {
            std::thread::sleep(until.saturating_duration_since(now).min(SHORT_WAIT));
            timeout = Duration::ZERO;
        }
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(LoadError::Poll(error)),
            _ => Ok(()),
        }
    }

    /// Lets a connection read and write; one that was answered begins its next request at once if there is one due.
    fn advance(&mut self, index: usize) -> Result<(), LoadError> {
        let connection = &mut self.connections[index];
        let Progress::Answered(answer) = connection.advance()? else { return Ok(()) };
        let now = Instant::now();
        self.last_answer = now;
        self.measured.record(&answer, now, self.measuring.as_ref(), self.end);
        match self.next_intended(now) {
            Some(intended) if intended <= now => self.begin(index, intended),
            _ => {
                self.idle.push_back(index);
                Ok(())
            }
        }
    }

    /// Counts what is still unanswered as having taken until now, so that giving up does not flatter the percentiles.
    fn give_up(mut self, now: Instant) -> Measured {
        let start = self.measuring.as_ref().map_or(self.end, |window| window.start);
        let in_flight = self.connections.iter().filter_map(Connection::began).filter(|began| *began >= start);
        let mut waiting: Vec<Instant> = in_flight.collect();
        if let Schedule::Open { .. } = self.schedule {
            let never_sent = (self.begun..).map(|number| self.schedule.intended(number, now));
            waiting
                .extend(never_sent.take_while(|intended| *intended < self.end).filter(|intended| *intended >= start));
        }
        for began in &waiting {
            self.measured.record_latency(now - *began);
        }
        self.measured.unanswered = waiting.len() as u64;
        self.measured
    }
}

impl Window {
    fn open(start: Instant, plan: &Plan) -> Self {
        Self { start, server_cpu: plan.server.and_then(Process::cpu), own_cpu: Process::Own.cpu() }
    }
}

impl Measured {
    fn new() -> Self {
        let latency = Histogram::new_with_max(LATENCY_MAX_NS, 3).expect("ten minutes in nanoseconds fit three digits");
        Self {
            latency,
            elapsed: Duration::ZERO,
            requests: 0,
            events: 0,
            bytes: 0,
            refused: 0,
            first_refusal: None,
            unanswered: 0,
            acknowledged: 0,
            server_cpu: None,
            own_cpu: None,
        }
    }

    fn record(&mut self, answer: &Answer, now: Instant, window: Option<&Window>, end: Instant) {
        self.acknowledged += answer.acknowledged;
        if let Some(refusal) = &answer.refusal {
            self.refused += 1;
            self.first_refusal.get_or_insert_with(|| refusal.clone());
        }
        let Some(window) = window else { return };
        if answer.began >= window.start && answer.began <= end {
            self.record_latency(now - answer.began);
        }
        if now <= end && answer.refusal.is_none() {
            self.requests += 1;
            self.events += answer.acknowledged;
            self.bytes += answer.request_bytes;
        }
    }

    fn record_latency(&mut self, latency: Duration) {
        self.latency.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(LATENCY_MAX_NS));
    }

    /// Ends the measurement; later calls change nothing.
    fn close(&mut self, window: Option<&Window>, now: Instant, plan: &Plan) {
        let (Some(window), true) = (window, self.elapsed.is_zero()) else { return };
        let since = |start: Option<Duration>, process: Option<Process>| process?.cpu()?.checked_sub(start?);
        self.elapsed = now - window.start;
        self.server_cpu = since(window.server_cpu, plan.server);
        self.own_cpu = since(window.own_cpu, Some(Process::Own));
    }
}

#[cfg(test)]
mod tests;
