//! Gives commands a client: of the server that the context names or, for readers, of the project's data when no server
//! runs.

use streamflow_core::error_code;

use super::{Consent, Session, Target, local, offline};
use crate::client::{Client, ClientError, Refusal, Request};
use crate::kube::{Access, Forward};
use crate::printer::{CommandError, ExitStatus};

/// Returns a client of the server. Nothing is contacted yet.
///
/// # Errors
/// When the context or the settings are wrong.
pub(super) fn server(session: &Session) -> Result<Client, CommandError> {
    connect(&session.target()?, session)
}

/// Returns a client of a target's server. Nothing is contacted yet.
///
/// # Errors
/// When the address or the token can not be used.
pub(super) fn connect(target: &Target, session: &Session) -> Result<Client, CommandError> {
    Ok(quiet(target)?.noting(session.other_version()))
}

/// Returns a client of a target's server that does not tell of another version. Nothing is contacted yet.
///
/// # Errors
/// As [`connect`].
pub(super) fn quiet(target: &Target) -> Result<Client, ClientError> {
    let token = target.token.as_ref().map(crate::settings::Secret::reveal);
    let Some(cluster) = &target.cluster else { return Client::http(&target.url, token) };
    let access = Access { kubeconfig: cluster.kubeconfig.clone(), context: cluster.context.clone() };
    let forward = Forward::new(access, cluster.namespace.clone(), cluster.service.clone(), cluster.port);
    Client::through(&target.url, token, forward)
}

/// Returns a client of the server for a command that changes something; a protected context is asked about first.
///
/// # Errors
/// As [`server`], and when consent is not given.
pub(super) fn server_for_writing(session: &Session, what: &str, consent: Consent) -> Result<Client, CommandError> {
    session.target()?.confirm_write(session, what, consent)?;
    server(session)
}

/// Returns a client for a command that only reads: of the server or, where none runs, of the project's data through the
/// same routes.
///
/// # Errors
/// As [`server`], and when the data can not be opened.
pub(super) fn reader(session: &Session) -> Result<Client, CommandError> {
    let target = session.target()?;
    let Some(data_dir) = target.data_dir.filter(|dir| dir.is_dir() && local::running(dir).is_none()) else {
        return server(session);
    };
    offline::reader(session, data_dir)
}

/// Asks a question that changes how the data is kept: of the server or, where none runs, of the project's data through the
/// same routes, with its lock taken. A protected context is asked about first.
///
/// # Errors
/// As [`server_for_writing`], when the data can not be opened, and what the answer says.
pub(super) fn ask_keeper<T: serde::de::DeserializeOwned>(
    session: &Session,
    what: &str,
    consent: Consent,
    request: Request,
) -> Result<T, CommandError> {
    let target = session.target()?;
    target.confirm_write(session, what, consent)?;
    // It takes as long as there is data.
    let request = request.without_deadline();
    let ask = |client: Client| session.block_on(async move { Ok(data(client.send(request).await?).await?) });
    let Some(data_dir) = target.data_dir.clone().filter(|dir| dir.is_dir() && local::running(dir).is_none()) else {
        return ask(connect(&target, session)?);
    };
    let opened = offline::writer(session, data_dir)?;
    let answer = ask(opened.client.clone());
    opened.close();
    answer
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        let unreachable = |message: String| Self::new("cannot_connect", message, ExitStatus::Unreachable);
        match error {
            ClientError::Unreachable { .. } => unreachable(message).with_hint(
                "start it with `streamflow start`, or see where you are pointed with `streamflow context show`",
            ),
            ClientError::Broken { .. } => {
                unreachable(message).with_hint("is it still running? `streamflow status` tells")
            }
            ClientError::Foreign { .. } => unreachable(message)
                .with_hint("is this the address? `streamflow context show` tells where you are pointed"),
            ClientError::TimedOut { .. } => Self::new("timed_out", message, ExitStatus::TimedOut)
                .with_hint("ask for less, or wait longer with --timeout where the command has it"),
            ClientError::Unusable { .. } => Self::usage(message),
            ClientError::Refused(refusal) => refused(*refusal),
        }
    }
}

/// Carries a server's error over: the code decides how the command exits.
fn refused(refusal: Refusal) -> CommandError {
    let known = error_code::find(&refusal.detail.code);
    let exit = match (known, refusal.status) {
        (Some(entry), _) => ExitStatus::from_number(entry.exit),
        (None, 401 | 403) => ExitStatus::Authentication,
        (None, 404) => ExitStatus::NotFound,
        (None, 429 | 500..) => ExitStatus::Unreachable,
        (None, _) => ExitStatus::Usage,
    };
    let hint = refusal.detail.hint.or_else(|| known.map(|entry| entry.hint.to_owned()));
    CommandError::new(refusal.detail.code, refusal.detail.message, exit).with_hint_maybe(hint)
}

/// Returns what a successful answer of the analytics routes holds.
///
/// # Errors
/// When the answer is not of this form.
pub(super) async fn data<T: serde::de::DeserializeOwned>(response: crate::client::Response) -> Result<T, ClientError> {
    Ok(response.json::<crate::api::Success<T>>().await?.data)
}
