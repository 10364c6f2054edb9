//! What the server needs to know before it listens. Plain data: the composition root fills it from settings.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::api::schema::SchemaMode;

/// A set of routes with a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Ingestion,
    Analytics,
    Alerting,
    Storage,
    /// Every route of the other roles, and the API's description.
    Gateway,
}

impl Role {
    /// All roles, in the order of their ports.
    pub const ALL: [Self; 5] = [Self::Ingestion, Self::Analytics, Self::Alerting, Self::Storage, Self::Gateway];

    /// Returns the role's name in logs and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingestion => "ingestion",
            Self::Analytics => "analytics",
            Self::Alerting => "alerting",
            Self::Storage => "storage",
            Self::Gateway => "gateway",
        }
    }

    /// Returns the role's name in settings and flags; existing users know the gateway as the dashboard.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Gateway => "dashboard",
            other => other.as_str(),
        }
    }

    /// Returns the port that existing users know.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Ingestion => 8001,
            Self::Analytics => 8002,
            Self::Alerting => 8003,
            Self::Storage => 8004,
            Self::Gateway => 8005,
        }
    }
}

/// Whether the server may listen beyond this machine without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposure {
    /// Without a token only loopback addresses are bound.
    #[default]
    Guarded,
    /// `--insecure`: any address, whoever may reach it.
    Insecure,
}

/// Everything the server needs to know.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Address to bind (`server.host`).
    pub host: IpAddr,
    /// Roles to serve and the port of each; port 0 takes any free one.
    pub ports: Vec<(Role, u16)>,
    pub exposure: Exposure,
    /// The static bearer token (`server.token`).
    pub token: Option<String>,
    /// Names, beside loopback, by which clients may address this server (`server.hosts`).
    pub hosts: Vec<String>,
    /// Origins of web pages that may write and open WebSockets (`CORS_ORIGINS`); `*` is any.
    pub cors_origins: Vec<String>,
    pub limits: HttpLimits,
    /// Folder of `<type>.json` schema files; without one, schemas can not be changed over HTTP.
    pub schemas_dir: Option<PathBuf>,
    /// What happens to events that break their type's schema, where the settings say so.
    pub schema_modes: Vec<(String, SchemaMode)>,
    /// `POST /echo` for the benchmark.
    pub echo: Echo,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            ports: Role::ALL.map(|role| (role, role.default_port())).to_vec(),
            exposure: Exposure::Guarded,
            token: None,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            limits: HttpLimits::default(),
            schemas_dir: None,
            schema_modes: Vec::new(),
            echo: Echo::Off,
        }
    }
}

/// Whether the benchmark's echo route exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Echo {
    #[default]
    Off,
    On,
}

/// Limits on connections and requests. Each is a setting under `server.limits`; these are the defaults.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Bytes of a body as sent.
    pub body_bytes: usize,
    /// Bytes of a body after decompression.
    pub decompressed_bytes: usize,
    /// Bytes of a request line with its headers.
    pub header_bytes: usize,
    /// Bytes of a request's path and query.
    pub uri_bytes: usize,
    /// Open connections over all ports.
    pub connections: usize,
    /// Live subscribers (SSE and WebSocket) over all ports.
    pub subscribers: usize,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// From the headers to the end of the body.
    pub body_timeout: Duration,
    /// Silence after which a connection without a request is closed; also a peer that takes no bytes for so long.
    pub idle_timeout: Duration,
    /// What running requests get after the signal to stop.
    pub drain_timeout: Duration,
    /// Ingestion requests a second that one principal may make; none when `None`.
    pub rate: Option<RateLimit>,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            decompressed_bytes: 64 << 20,
            header_bytes: 32 << 10,
            uri_bytes: 8 << 10,
            connections: 10_000,
            subscribers: 256,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            drain_timeout: Duration::from_secs(10),
            rate: None,
        }
    }
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub requests_per_second: u32,
    /// Requests that may come at once after a pause.
    pub burst: u32,
}
