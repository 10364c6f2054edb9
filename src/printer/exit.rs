//! What the program's exit codes mean.

use std::process::ExitCode;

/// How a command ended. The numbers are a promise to scripts: `streamflow help exit-codes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    Ok = 0,
    Negative = 1,
    Usage = 2,
    Unreachable = 3,
    Authentication = 4,
    NotFound = 5,
    Unhealthy = 10,
    Bug = 70,
    TimedOut = 124,
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status with its meaning, as help and documentation print it.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Ok, "it worked"),
        (Self::Negative, "a negative answer: an assertion failed, something fires, some events were rejected"),
        (Self::Usage, "wrong usage or configuration, or the output cannot be written; trying again changes nothing"),
        (Self::Unreachable, "the server cannot be reached; trying again may help"),
        (Self::Authentication, "the server wants a token, or another one"),
        (Self::NotFound, "what was asked for does not exist"),
        (Self::Unhealthy, "the server or this machine is unhealthy"),
        (Self::Bug, "a fault of streamflow itself; please report it"),
        (Self::TimedOut, "the time given was over before the answer"),
        (Self::Interrupted, "interrupted (Ctrl-C)"),
    ];

    /// Returns the number that the shell sees.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the status with that number; an unknown number is a fault of ours.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.iter().map(|(status, _)| *status).find(|status| status.number() == number).unwrap_or(Self::Bug)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}
