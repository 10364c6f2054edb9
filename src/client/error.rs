//! Says why a request has no good answer.

use std::time::Duration;

use crate::api::error::ErrorDetail;

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens there. Nothing was sent.
    #[error("cannot connect to {url}: {reason}")]
    Unreachable { url: String, reason: String },
    /// The connection ended in the middle; whether the server did what was asked is not known.
    #[error("the connection to {url} broke: {reason}")]
    Broken { url: String, reason: String },
    /// No whole answer in time; whether the server did what was asked is not known.
    #[error("{url} did not answer within {}", seconds(*patience))]
    TimedOut { url: String, patience: Duration },
    /// The server answered with an error.
    #[error("{}", .0.detail.message)]
    Refused(Box<Refusal>),
    /// Something answered, but not as this version of StreamFlow does.
    #[error("{url} does not answer like a streamflow server: {reason}")]
    Foreign { url: String, reason: String },
    /// The address or the token can not be used.
    #[error("cannot use {what}: {reason}")]
    Unusable { what: String, reason: String },
}

/// An error that the server answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub status: u16,
    pub detail: ErrorDetail,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl ClientError {
    /// Tells whether the same request may succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::TimedOut { .. } => true,
            Self::Refused(refusal) => ::http::StatusCode::from_u16(refusal.status).is_ok_and(super::is_worth_retrying),
            Self::Foreign { .. } | Self::Unusable { .. } => false,
        }
    }

    /// Returns when the server wants to be asked again, if it said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
