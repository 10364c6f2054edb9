//! Reads the terminal on a thread of its own and turns what comes into events.

mod decoder;

use std::io;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tokio::sync::mpsc::Sender;

use self::decoder::Decoder;
use super::event::Event;

/// How often it is looked whether the dashboard still wants to know, while nothing is typed.
const LOOK_UP: Duration = Duration::from_secs(3_600);
/// What follows an escape within this time belongs to it; a key that is pressed by hand comes later.
const ESCAPE_PATIENCE: Duration = Duration::from_millis(30);
const READ_BYTES: usize = 16 << 10;

/// Whose keys are read: the dashboard's, or those of a program that the terminal is lent to.
#[derive(Debug, Default)]
pub(super) struct Keyboard {
    is_lent: Mutex<bool>,
    given_back: Condvar,
}

impl Keyboard {
    /// Leaves all keys to somebody else.
    pub(super) fn lend(&self) {
        *self.is_lent.lock() = true;
    }

    /// Reads keys again.
    pub(super) fn take_back(&self) {
        *self.is_lent.lock() = false;
        self.given_back.notify_all();
    }

    /// Reads what is there, unless somebody else has the keyboard. Then it waits until it is given back, and nothing is read.
    fn read(&self, buffer: &mut [u8]) -> io::Result<Read> {
        let mut is_lent = self.is_lent.lock();
        if *is_lent {
            self.given_back.wait_while(&mut is_lent, |is_lent| *is_lent);
            return Ok(Read::Nothing);
        }
        match rustix::io::read(rustix::stdio::stdin(), buffer) {
            Ok(0) => Ok(Read::End),
            Ok(length) => Ok(Read::Bytes(length)),
            Err(Errno::INTR | Errno::AGAIN) => Ok(Read::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}

enum Read {
    Bytes(usize),
    Nothing,
    End,
}

/// Sends events until the terminal or the other side has gone.
pub(super) fn read(keyboard: &Keyboard, events: &Sender<Event>) {
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let patience = if decoder.is_waiting() { ESCAPE_PATIENCE } else { LOOK_UP };
        let read = match wait(patience) {
            Ok(Ready::Something) => keyboard.read(&mut buffer),
            Ok(Ready::Nothing) => Ok(Read::Nothing),
            Ok(Ready::Late) => {
                decoder.give_up();
                Ok(Read::Nothing)
            }
            Ok(Ready::End) => Ok(Read::End),
            Err(error) => Err(error),
        };
        match read {
            Ok(Read::Bytes(length)) => decoder.feed(&buffer[..length]),
            Ok(Read::Nothing) => {}
            // The terminal is gone: nobody will ever press q.
            Ok(Read::End) | Err(_) => {
                events.blocking_send(Event::InputEnded).unwrap_or_default();
                return;
            }
        }
        while let Some(event) = decoder.next() {
            if events.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

enum Ready {
    Something,
    Nothing,
    /// Nothing came in time.
    Late,
    End,
}

/// Waits for input without spinning when the other end of the terminal hangs up.
fn wait(patience: Duration) -> io::Result<Ready> {
    let stdin = rustix::stdio::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(patience.subsec_nanos()),
    };
    match poll(&mut fds, Some(&patience)) {
        Ok(0) => return Ok(Ready::Late),
        Err(Errno::INTR) => return Ok(Ready::Nothing),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let happened = fds[0].revents();
    if happened.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Ok(Ready::End);
    }
    Ok(Ready::Something)
}
