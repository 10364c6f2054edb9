//! What the settings say about the server, which knows nothing of settings.

use std::net::IpAddr;

use streamflow_core::suggest;

use crate::api::schema::SchemaMode;
use crate::printer::{CommandError, ExitStatus};
use crate::server::{Exposure, HttpLimits, RateLimit, Role, ServerOptions, StartError};
use crate::settings::{Origin, Secret, Settings};

/// Folder of a project that holds the schemas of event types.
pub(super) const SCHEMAS_DIR: &str = "schemas";

/// Returns what the server needs to know.
pub(super) fn server_options(settings: &Settings) -> Result<ServerOptions, CommandError> {
    let insecure = settings.is_on("server.insecure");
    Ok(ServerOptions {
        host: host(settings)?,
        ports: roles(settings)?.into_iter().map(|role| (role, settings.port(port_key(role)))).collect(),
        exposure: if insecure { Exposure::Insecure } else { Exposure::Guarded },
        token: settings.secret("server.token").map(Secret::reveal).map(str::to_owned),
        hosts: settings.list("server.hosts").to_vec(),
        cors_origins: settings.list("server.cors_origins").to_vec(),
        limits: http_limits(settings),
        schemas_dir: settings.project_dir().map(|dir| dir.join(SCHEMAS_DIR)),
        schema_modes: schema_modes(settings),
        ..ServerOptions::default()
    })
}

/// Returns the roles of this process, in the order of their ports.
fn roles(settings: &Settings) -> Result<Vec<Role>, CommandError> {
    let names = settings.list("server.roles");
    if let Some(unknown) = names.iter().find(|name| Role::ALL.iter().all(|role| role.setting() != name.as_str())) {
        return Err(unknown_role(unknown, &settings.entry("server.roles").origin));
    }
    let is_wanted = |role: &Role| names.is_empty() || names.iter().any(|name| name == role.setting());
    Ok(Role::ALL.into_iter().filter(is_wanted).collect())
}

fn unknown_role(name: &str, origin: &Origin) -> CommandError {
    let known = Role::ALL.map(Role::setting);
    let hint = match suggest::nearest(name, known) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("there are: {}", known.join(", ")),
    };
    CommandError::new(
        "config_invalid",
        format!("server.roles: there is no role {name:?} ({origin})"),
        ExitStatus::Usage,
    )
    .with_hint(hint)
}

fn schema_modes(settings: &Settings) -> Vec<(String, SchemaMode)> {
    let mode = |word: &str| match word {
        "off" => SchemaMode::Off,
        "warn" => SchemaMode::Warn,
        _ => SchemaMode::Reject,
    };
    settings.schema_modes().iter().map(|schema| (schema.event_type.clone(), mode(&schema.mode))).collect()
}

fn host(settings: &Settings) -> Result<IpAddr, CommandError> {
    let text = settings.text("server.host").unwrap_or("127.0.0.1");
    // The one name that every machine resolves to itself.
    let text = if text == "localhost" { "127.0.0.1" } else { text };
    text.parse().map_err(|_| {
        let origin = &settings.entry("server.host").origin;
        CommandError::new(
            "config_invalid",
            format!("server.host: {text:?} is no IP address ({origin})"),
            ExitStatus::Usage,
        )
        .with_hint("write 127.0.0.1 for this machine alone, 0.0.0.0 for all addresses")
    })
}

/// Returns the setting that holds a role's port; existing users know the gateway as the dashboard.
pub(super) const fn port_key(role: Role) -> &'static str {
    match role {
        Role::Ingestion => "server.ports.ingestion",
        Role::Analytics => "server.ports.analytics",
        Role::Alerting => "server.ports.alerting",
        Role::Storage => "server.ports.storage",
        Role::Gateway => "server.ports.dashboard",
    }
}

fn http_limits(settings: &Settings) -> HttpLimits {
    let rate = u32::try_from(settings.number("server.limits.rate")).unwrap_or(u32::MAX);
    let burst = u32::try_from(settings.number("server.limits.rate_burst")).unwrap_or(u32::MAX);
    HttpLimits {
        body_bytes: settings.bytes_in_memory("server.limits.body"),
        decompressed_bytes: settings.bytes_in_memory("server.limits.decompressed"),
        header_bytes: settings.bytes_in_memory("server.limits.headers"),
        uri_bytes: settings.bytes_in_memory("server.limits.uri"),
        connections: settings.count("server.limits.connections"),
        subscribers: settings.count("server.limits.subscribers"),
        header_timeout: settings.duration("server.limits.header_timeout"),
        body_timeout: settings.duration("server.limits.body_timeout"),
        idle_timeout: settings.duration("server.limits.idle_timeout"),
        drain_timeout: settings.duration("server.limits.drain_timeout"),
        rate: (rate > 0).then_some(RateLimit { requests_per_second: rate, burst }),
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let failure = Self::new("config_invalid", message, ExitStatus::Usage);
        match error {
            StartError::Bind { role, .. } => failure.with_hint(format!(
                "another program may have the port; set {} or start with --port-base 9000",
                port_key(role)
            )),
            StartError::Exposed { .. } => {
                failure.with_hint("set server.token, or say --insecure if that is what you want")
            }
            StartError::Schemas { .. } => failure.with_hint("correct the file, or move it out of the folder"),
        }
    }
}
