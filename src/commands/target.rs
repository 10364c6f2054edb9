//! Decides whom a command talks to: a server by address, a stored context, or this folder's project.

use std::path::PathBuf;

use streamflow_core::suggest;

use super::context::store::{ClusterService, Contexts, Stored};
use super::local;
use super::session::Session;
use crate::printer::{CommandError, ExitStatus};
use crate::settings::Secret;

/// Whom a command talks to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Name of the context; `local` when none is stored for it.
    pub name: String,
    /// Address of the gateway, such as `http://127.0.0.1:8005`.
    pub url: String,
    pub token: Option<Secret>,
    /// The folder of events, when the target is on this machine: it can be read without a server.
    pub data_dir: Option<PathBuf>,
    pub protection: Protection,
    /// The Service of a cluster, when the target is reached through one; `url` is then no address for HTTP.
    pub(super) cluster: Option<ClusterService>,
}

/// Whether writes ask first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protection {
    #[default]
    None,
    /// Writes ask first and show the name.
    Protected,
}

/// Name of the target that needs no stored context.
pub(super) const LOCAL: &str = "local";

impl Target {
    /// Asks before a write to a protected context.
    ///
    /// # Errors
    /// When the answer is no, or nobody can be asked and no flag said yes.
    pub fn confirm_write(&self, session: &Session, what: &str, consent: Consent) -> Result<(), CommandError> {
        if self.protection == Protection::None || consent == Consent::Given {
            return Ok(());
        }
        let refused = || {
            CommandError::usage(format!("context {:?} is protected: it wants your consent to {what}", self.name))
                .with_hint("say --yes if that is what you want")
        };
        if !session.printer().can_ask() {
            return Err(refused());
        }
        session.printer().insist(format_args!("context {:?} is protected. To {what}, type its name:", self.name));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map_err(|_| refused())?;
        if answer.trim() == self.name { Ok(()) } else { Err(refused()) }
    }
}

/// Whether a flag such as `--yes` answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    Given,
    Wanted,
}

/// `--server`, then `--context`, then their environment variables, then the chosen context, then this folder's project.
pub(super) fn resolve(session: &Session) -> Result<Target, CommandError> {
    let (global, environment) = (session.global(), session.environment());
    if let Some(url) = &global.server {
        return at_address(session, url);
    }
    if let Some(name) = &global.context {
        return stored(session, name);
    }
    if let Some(url) = environment.get("STREAMFLOW_SERVER") {
        return at_address(session, url);
    }
    if let Some(name) = environment.get("STREAMFLOW_CONTEXT") {
        return stored(session, name);
    }
    match Contexts::load(environment)?.current {
        Some(name) => stored(session, &name),
        None => local_target(session),
    }
}

fn at_address(session: &Session, url: &str) -> Result<Target, CommandError> {
    Ok(Target {
        name: url.to_owned(),
        url: normal_url(url)?,
        token: session.token(),
        data_dir: None,
        protection: Protection::None,
        cluster: None,
    })
}

/// Returns the address with a scheme and without a final slash.
pub(super) fn normal_url(url: &str) -> Result<String, CommandError> {
    let url = url.trim().trim_end_matches('/');
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let parsed = url.parse::<http::Uri>().ok().filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if parsed.is_none() {
        return Err(CommandError::usage(format!("{url:?} is no address of a server"))
            .with_hint("write it like http://127.0.0.1:8005 or https://events.example.com"));
    }
    Ok(url)
}

pub(super) fn stored(session: &Session, name: &str) -> Result<Target, CommandError> {
    if name == LOCAL {
        return local_target(session);
    }
    let contexts = Contexts::load(session.environment())?;
    let context = contexts.get(name).ok_or_else(|| unknown_context(name, &contexts))?;
    let protection = if context.protected { Protection::Protected } else { Protection::None };
    let token = || session.token().map_or_else(|| context.token(session.environment()), |token| Ok(Some(token)));
    match &context.place {
        Stored::Server { url } => Ok(Target {
            name: name.to_owned(),
            url: url.clone(),
            token: token()?,
            data_dir: None,
            protection,
            cluster: None,
        }),
        Stored::Cluster(cluster) => Ok(Target {
            name: name.to_owned(),
            url: cluster.address(),
            token: token()?,
            data_dir: None,
            protection,
            cluster: Some(cluster.clone()),
        }),
        Stored::Project { dir } => {
            let settings = session.settings_of(dir)?;
            Ok(Target {
                name: name.to_owned(),
                protection,
                ..local::target(session, &settings, settings.data_dir(dir))
            })
        }
    }
}

fn local_target(session: &Session) -> Result<Target, CommandError> {
    Ok(local::target(session, session.settings()?, session.data_dir()?))
}

/// Returns what is said about a context that does not exist.
pub(super) fn unknown_context(name: &str, contexts: &Contexts) -> CommandError {
    let known = contexts.names().chain([LOCAL]);
    let hint = match suggest::nearest(name, known) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None if contexts.is_empty() => format!("add it with `streamflow context add {name} --url URL`"),
        None => format!("there are: {}, {LOCAL}", contexts.names().collect::<Vec<_>>().join(", ")),
    };
    CommandError::new("context_not_found", format!("there is no context {name:?}"), ExitStatus::Usage).with_hint(hint)
}
