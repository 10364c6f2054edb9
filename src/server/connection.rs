//! One TCP connection under hyper: keeps the clocks that hyper does not, and gives hyper's own refusals a body.
//!
//! hyper has one timer for "waiting for a request" and "waiting for the rest of its head", sets it anew for each request,
//! and closes without a word. Here silence and a slow head have limits of their own, one lazy timer serves both, and a
//! client that is refused below the routes gets the same error body as everybody else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::server::error::ApiError;
use crate::server::options::HttpLimits;

/// How a client of HTTP/2 begins.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// Between requests. Bytes → Head.
    Idle = 0,
    /// Some bytes of a request's head are here. The head is whole → Busy; too slow → closed with 408.
    Head = 1,
    /// A request is being answered; its own limits hold. The answer's body is gone → Idle.
    Busy = 2,
    /// A WebSocket; its own limits hold for good.
    Upgraded = 3,
}

/// The phase of one connection, shared by its socket and its requests.
#[derive(Debug)]
pub(crate) struct Watch(AtomicU8);

impl Watch {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU8::new(Phase::Idle as u8)))
    }

    fn phase(&self) -> Phase {
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Upgraded,
        }
    }

    fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Release);
    }

    /// Notes that a request's head is whole. The connection is busy until what is returned is dropped.
    pub(crate) fn request_began(self: Arc<Self>) -> InFlight {
        self.set(Phase::Busy);
        InFlight(self)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Watch>);

impl InFlight {
    /// Notes that the connection is a WebSocket from now on.
    pub(crate) fn upgraded(&self) {
        self.0.set(Phase::Upgraded);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.phase() == Phase::Busy {
            self.0.set(Phase::Idle);
        }
    }
}

/// A socket with limits on how long it may keep us waiting.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    watch: Arc<Watch>,
    header_timeout: Duration,
    idle_timeout: Duration,
    /// Requests begun, so that a timer set for an earlier one is known to be stale.
    turn: u64,
    patience: Pin<Box<Sleep>>,
    /// What `patience` was set for.
    armed: Option<(Phase, u64)>,
    /// Runs while the peer takes no bytes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, watch: Arc<Watch>, limits: &HttpLimits) -> Self {
        Self {
            stream,
            watch,
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            turn: 0,
            patience: Box::pin(sleep(limits.idle_timeout)),
            armed: None,
            stalled: None,
        }
    }

    fn bytes_came(&mut self) {
        if self.watch.phase() == Phase::Idle {
            self.turn += 1;
            self.watch.set(Phase::Head);
        }
    }

    /// Waits for bytes within the limit of the phase; at its end reports the end of the stream, on which hyper closes.
    ///
    /// The timer is not set anew for each request: when one set for an earlier request ends, it starts again. Silence may
    /// so last up to twice its limit; a head may not.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.watch.phase();
        let limit = match phase {
            Phase::Idle => self.idle_timeout,
            Phase::Head => self.header_timeout,
            Phase::Busy | Phase::Upgraded => return Poll::Pending,
        };
        let now_for = Some((phase, self.turn));
        if self.armed.is_none() || (phase == Phase::Head && self.armed != now_for) {
            self.arm(phase, limit);
        }
        ready!(self.patience.as_mut().poll(cx));
        if self.armed != now_for {
            self.arm(phase, limit);
            ready!(self.patience.as_mut().poll(cx));
        }
        if phase == Phase::Head {
            self.refuse(&ApiError::plain("header_timeout"));
        }
        Poll::Ready(Ok(()))
    }

    fn arm(&mut self, phase: Phase, limit: Duration) {
        self.patience.as_mut().reset(Instant::now() + limit);
        self.armed = Some((phase, self.turn));
    }

    /// Sends a last answer. Nothing else is on its way, so that it fits the socket's buffer; if not, the peer is gone.
    fn refuse(&self, error: &ApiError) {
        if let Err(error) = self.stream.try_write(&error.raw_answer()) {
            tracing::debug!(%error, "a refusal could not be sent");
        }
    }

    /// Sends an error body in place of hyper's empty refusal, if that is what `bytes` are.
    fn refused_instead(&self, bytes: &[u8]) -> bool {
        let before_request = matches!(self.watch.phase(), Phase::Idle | Phase::Head);
        if !before_request || !bytes.starts_with(b"HTTP/1.1 4") || !contains(bytes, b"content-length: 0\r\n") {
            return false;
        }
        let error = match &bytes[9..12] {
            b"431" => ApiError::plain("headers_too_large"),
            b"414" => ApiError::plain("uri_too_long"),
            _ => spoken_wrongly(),
        };
        self.refuse(&error);
        true
    }

    /// Passes on the outcome of a write, giving up on a peer that takes nothing for the idle timeout.
    fn poll_stalled<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let idle_timeout = self.idle_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(idle_timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

fn spoken_wrongly() -> ApiError {
    ApiError::new("invalid_parameter", "the request line or a header is not HTTP/1.1")
        .hint("speak plain HTTP/1.1 to this port; it takes neither TLS nor HTTP/2")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let Poll::Ready(outcome) = Pin::new(&mut this.stream).poll_read(cx, buffer) else {
            return this.poll_patience(cx);
        };
        if buffer.filled().len() > before {
            this.bytes_came();
            if this.turn == 1 && buffer.filled()[before..].starts_with(HTTP2_PREFACE) {
                // hyper would close without a word. What was read is taken back, so that it finds nothing to answer.
                this.refuse(&spoken_wrongly());
                buffer.set_filled(before);
            }
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.refused_instead(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.poll_stalled(cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(first) = slices.first()
            && this.refused_instead(first)
        {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.poll_stalled(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
