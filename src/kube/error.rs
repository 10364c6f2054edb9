//! Why a cluster did not do what it was asked.

use std::error::Error as _;

use kube::client::AuthError;

/// Why a cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KubeError {
    /// The kubeconfig is missing or wrong.
    #[error("cannot use the kubeconfig: {0}")]
    Config(String),
    /// The plugin that the kubeconfig names has none, or its files do not.
    #[error("the kubeconfig's credentials cannot be had: {0}")]
    Credentials(String),
    #[error("the API server at {server} cannot be reached: {reason}")]
    Unreachable { server: String, reason: String },
    #[error("the API server at {server} did not answer within {seconds} s")]
    TimedOut { server: String, seconds: u64 },
    /// The API server said no.
    #[error("the API server refused: {message}")]
    Refused { status: u16, reason: String, message: String },
    #[error("the API server's answer was not understood: {0}")]
    Answer(String),
    #[error("the objects of the cluster are more than {0}")]
    TooMany(usize),
}

impl KubeError {
    /// Returns whether the object, or the kind of object, does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Returns whether another try may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Refused { status: 429 | 500.., .. })
    }

    /// Returns whether a watch has to begin anew, since the server forgot what it was about.
    #[must_use]
    pub const fn is_expired(&self) -> bool {
        matches!(self, Self::Refused { status: 410, .. })
    }

    pub(super) fn of(error: kube::Error, server: &str) -> Self {
        match error {
            kube::Error::Api(status) => {
                Self::Refused { status: status.code, reason: status.reason.clone(), message: status.message.clone() }
            }
            kube::Error::SerdeError(error) => Self::Answer(error.to_string()),
            kube::Error::InferConfig(error) => Self::Config(error.to_string()),
            kube::Error::Auth(error) => Self::Credentials(credentials(&error)),
            kube::Error::Service(error) if error.is::<AuthError>() => {
                Self::Credentials(error.downcast_ref().map(credentials).unwrap_or_default())
            }
            other => Self::Unreachable { server: server.to_owned(), reason: innermost(&other) },
        }
    }
}

/// What a plugin wrote to its stderr is in its result only when it may not ask a person; else it is on the screen already.
fn credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            match said.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
                Some(line) => format!("its plugin failed ({}): {line}", out.status),
                None => format!("its plugin failed ({})", out.status),
            }
        }
        AuthError::AuthExecStart(error) => format!("its plugin cannot be run: {error}"),
        other => other.to_string(),
    }
}

/// Returns the last cause, which is the one that tells a person something.
fn innermost(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
