//! Names the parts of an event and the limits on them. Knows nothing of how events are stored or sent.

use std::fmt;
use std::str::FromStr;

/// Event types that StreamFlow's own screens and questions know by name. Any other dotted name is as good.
pub const WELL_KNOWN_TYPES: [&str; 9] = [
    "web.click",
    "web.pageview",
    "api.request",
    "api.response",
    "user.login",
    "user.logout",
    "error",
    "metric",
    "custom",
];

/// Top-level fields that a client may send, in the order in which they are documented.
pub const FIELDS: [&str; 11] = [
    "type",
    "source",
    "timestamp",
    "severity",
    "data",
    "metadata",
    "user_id",
    "session_id",
    "correlation_id",
    "tags",
    "id",
];

/// Columns of the table `events`, in the order of `SELECT *`.
pub const COLUMNS: [&str; 21] = [
    "timestamp",
    "type",
    "source",
    "severity",
    "user_id",
    "session_id",
    "correlation_id",
    "data",
    "metadata",
    "tags",
    "id",
    "device_type",
    "os",
    "browser",
    "country",
    "region",
    "city",
    "ingested_at",
    "tenant",
    "_partition",
    "_offset",
];

/// Spellings that existing users write, and the field each of them means.
pub const FIELD_ALIASES: [(&str, &str); 2] = [("ts", "timestamp"), ("event_type", "type")];

/// The tenant of every event until tenants are configured.
pub const DEFAULT_TENANT: &str = "default";

/// Limits on one event. Each is a setting under `ingest.limits`; these are the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one event's JSON text.
    pub event_bytes: usize,
    /// Levels of objects and arrays, the event itself being the first.
    pub nesting: usize,
    /// Keys of one event, over all levels.
    pub keys: usize,
    /// Tags of one event.
    pub tags: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event_bytes: 1 << 20, nesting: 64, keys: 1_000, tags: 100 }
    }
}

/// Bytes of `type`, `user_id`, `session_id`, `correlation_id`, `id` and of one tag.
pub const NAME_BYTES_MAX: usize = 128;
/// Bytes of `source`.
pub const SOURCE_BYTES_MAX: usize = 256;

/// How much an event matters to the person on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

impl Severity {
    /// All severities, least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the name that events, SQL and answers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown severity {0:?}: one of low, medium, high, critical")]
pub struct UnknownSeverity(pub String);

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}
