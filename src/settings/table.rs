//! The one table of settings. Documentation, the JSON Schema of `config.yaml` and the loader all come from it.

use std::time::Duration;

use super::value::Kind;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Dotted path in `config.yaml`.
    pub key: &'static str,
    pub kind: Kind,
    /// As it would be written in `config.yaml`.
    pub default: &'static str,
    /// Names of environment variables that existing users know, beside `STREAMFLOW_…`.
    pub env: &'static [&'static str],
    /// One sentence.
    pub doc: &'static str,
    pub audience: Audience,
}

/// Whether anything reads the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The program acts on it.
    Used,
    /// Accepted so that existing files keep working; nothing acts on it yet.
    Reserved,
}

impl Setting {
    /// Returns every environment variable that is read, weakest first: what is written for this program alone wins.
    pub(super) fn variables(&self) -> impl Iterator<Item = String> {
        let old = self.env.iter().map(|name| (*name).to_owned());
        let twins = self.env.iter().map(|name| format!("STREAMFLOW_{name}"));
        old.chain(twins).chain([self.variable()])
    }

    /// Returns the environment variable that is made from the key.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("STREAMFLOW_{}", self.key.to_ascii_uppercase().replace('.', "_"))
    }
}

/// Returns the setting with that key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key)
}

const fn used(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    env: &'static [&'static str],
    doc: &'static str,
) -> Setting {
    Setting { key, kind, default, env, doc, audience: Audience::Used }
}

const fn reserved(
    key: &'static str,
    kind: Kind,
    default: &'static str,
    env: &'static [&'static str],
    doc: &'static str,
) -> Setting {
    Setting { key, kind, default, env, doc, audience: Audience::Reserved }
}

const PORT: Kind = Kind::Number { min: 0, max: 65_535 };
const COUNT: Kind = Kind::Number { min: 1, max: u64::MAX };
const COUNT_OR_OFF: Kind = Kind::Number { min: 0, max: u64::MAX };
/// A limit below a kilobyte would refuse the smallest event.
const SIZE: Kind = Kind::Bytes { min: 1 << 10, max: 1 << 40 };
const SIZE_OR_OFF: Kind = Kind::Bytes { min: 0, max: 1 << 50 };
const SHORT: Kind = Kind::Duration { min: Duration::from_millis(1), max: Duration::from_secs(86_400) };
const LONG: Kind = Kind::Duration { min: Duration::ZERO, max: Duration::from_secs(10 * 365 * 86_400) };
/// Deeper nesting would need more stack than a task has.
const NESTING: Kind = Kind::Number { min: 1, max: 512 };
const THREADS: Kind = Kind::Number { min: 0, max: 1_024 };

const LEVELS: Kind = Kind::Choice(&["error", "warn", "info", "debug", "trace"]);
const LOG_FORMATS: Kind = Kind::Choice(&["text", "json"]);
const THEMES: Kind = Kind::Choice(&["auto", "dark", "light", "none"]);
const GLYPHS: Kind = Kind::Choice(&["auto", "octants", "sextants", "braille", "blocks", "ascii"]);
const COMPRESSIONS: Kind = Kind::Choice(&["zstd", "snappy", "gzip", "lz4", "none"]);

/// Every setting, in the order of the reference.
#[rustfmt::skip]
pub const ALL: &[Setting] = &[
    used("server.host", Kind::Text, "127.0.0.1", &[], "address to listen on; another than loopback needs server.token or server.insecure"),
    used("server.token", Kind::Secret, "", &[], "bearer token that every request must carry; none is needed while this is empty"),
    used("server.insecure", Kind::Switch, "false", &[], "listen beyond this machine without a token"),
    used("server.hosts", Kind::List, "", &[], "names, beside loopback, by which clients may address this server"),
    used("server.cors_origins", Kind::List, "", &["CORS_ORIGINS"], "origins of web pages that may write and open WebSockets; * is any"),
    used("server.roles", Kind::List, "", &[], "what this process serves, of ingestion, analytics, alerting, storage and dashboard; all of it while this is empty"),
    used("server.ports.ingestion", PORT, "8001", &["INGESTION_PORT"], "port of the ingestion API; 0 takes any free one"),
    used("server.ports.analytics", PORT, "8002", &["ANALYTICS_PORT"], "port of the analytics API; 0 takes any free one"),
    used("server.ports.alerting", PORT, "8003", &["ALERTING_PORT"], "port of the alerting API; 0 takes any free one"),
    used("server.ports.storage", PORT, "8004", &["STORAGE_PORT"], "port of the storage API; 0 takes any free one"),
    used("server.ports.dashboard", PORT, "8005", &["DASHBOARD_PORT"], "port of the gateway, which serves every route and the dashboard; 0 takes any free one"),
    used("server.limits.body", SIZE, "16MiB", &[], "largest body of a request as sent"),
    used("server.limits.decompressed", SIZE, "64MiB", &[], "largest body of a request after decompression"),
    used("server.limits.headers", SIZE, "32KiB", &[], "largest request line with its headers"),
    used("server.limits.uri", SIZE, "8KiB", &[], "largest path and query of a request"),
    used("server.limits.connections", COUNT, "10000", &[], "open connections over all ports"),
    used("server.limits.subscribers", COUNT, "256", &[], "live subscribers over all ports"),
    used("server.limits.header_timeout", SHORT, "10s", &[], "time from the first byte of a request to the end of its headers"),
    used("server.limits.body_timeout", SHORT, "30s", &[], "time from the headers of a request to the end of its body"),
    used("server.limits.idle_timeout", SHORT, "75s", &[], "silence after which a connection is closed"),
    used("server.limits.drain_timeout", SHORT, "10s", &[], "time that running requests get after the signal to stop"),
    used("server.limits.rate", Kind::Number { min: 0, max: 4_000_000_000 }, "0", &[], "ingestion requests a second that one client may make; 0 is no limit"),
    used("server.limits.rate_burst", Kind::Number { min: 1, max: 4_000_000_000 }, "100", &[], "requests that may come at once after a pause, when server.limits.rate is set"),
    used("ingest.limits.event", SIZE, "1MiB", &[], "largest event, as JSON text"),
    used("ingest.limits.nesting", NESTING, "64", &[], "levels of objects and arrays in an event"),
    used("ingest.limits.keys", COUNT, "1000", &[], "keys of an event, over all levels"),
    used("ingest.limits.tags", COUNT, "100", &[], "tags of an event"),
    used("ingest.dedup_window", LONG, "24h", &[], "how long the id of an event is remembered to recognise a duplicate"),
    used("ingest.dedup_ids_max", COUNT_OR_OFF, "10000000", &[], "how many ids are remembered at most"),
    used("ingest.rejected_budget", SIZE_OR_OFF, "64MiB", &[], "space for rejected events; the oldest are dropped beyond it"),
    used("enrichment.geoip_database", Kind::Text, "", &[], "MaxMind database (.mmdb), relative to the project, that gives events country, region and city by data.ip"),
    used("query.timeout", SHORT, "30s", &[], "longest time that a query may run"),
    used("query.export_timeout", SHORT, "1h", &[], "longest time that an export may run"),
    used("query.max_rows", COUNT, "100000", &[], "rows of an answer that asks for no number"),
    used("query.rows_cap", COUNT, "10000000", &[], "most rows that a query may ask for"),
    used("query.memory", SIZE, "1GiB", &[], "memory for all running queries"),
    used("query.threads", THREADS, "0", &[], "threads that run queries; 0 is one a processor"),
    reserved("query.concurrent", COUNT, "64", &[], "queries that may run or wait at the same time"),
    used("analytics.max_memory", SIZE, "2GB", &[], "memory for events that are not sealed; beyond it ingestion answers 429"),
    reserved("analytics.window_sizes", Kind::Durations, "1m,5m,1h", &[], "windows of the live metrics"),
    reserved("analytics.batch_size", COUNT, "1000", &[], "events that are worked on at once"),
    reserved("alerting.check_interval", SHORT, "30s", &[], "how often alert rules are evaluated"),
    reserved("alerting.max_concurrent_alerts", COUNT, "100", &[], "alerts that may be open at the same time"),
    reserved("alerting.notification_timeout", SHORT, "10s", &[], "time that a notification may take"),
    used("storage.path", Kind::Text, "data", &[], "folder of the events, relative to the project"),
    used("storage.min_free", SIZE_OR_OFF, "256MiB", &[], "free disk space below which no event is taken"),
    used("storage.seal_interval", SHORT, "60s", &[], "longest time until an event is in a file of history, where other engines see it"),
    used("storage.retention_days", Kind::Number { min: 0, max: 36_500 }, "90", &[], "days since their arrival after which events are removed; 0 keeps them"),
    used("storage.retention_by_type", Kind::List, "", &[], "other ages for events of a type, such as web.click=7d"),
    used("storage.retention_size", SIZE_OR_OFF, "0B", &[], "size of all files of history beyond which the oldest are removed; 0B is no limit"),
    used("storage.replaced_grace", LONG, "1h", &[], "how long a file of history stays after it was merged or removed, for other engines that read it"),
    used("storage.compression", COMPRESSIONS, "zstd", &[], "compression of files of history that are written from now on"),
    used("storage.zstd_level", Kind::Number { min: 1, max: 22 }, "3", &[], "how hard zstd tries, for storage.compression: zstd"),
    used("storage.location", Kind::Text, "", &[], "where files of history are: s3://bucket/prefix is an S3-compatible store; they are in storage.path while this is empty"),
    used("storage.cache_size", SIZE_OR_OFF, "4GiB", &[], "largest size of what is held in storage.path of a store's files; 0B holds nothing"),
    used("storage.s3.endpoint", Kind::Text, "", &["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"], "address of the S3-compatible store, for history and backups; Amazon's own while this is empty"),
    used("storage.s3.region", Kind::Text, "us-east-1", &["AWS_DEFAULT_REGION", "AWS_REGION"], "region of the store"),
    used("storage.s3.access_key_id", Kind::Text, "", &["AWS_ACCESS_KEY_ID"], "id of the key by which the store knows this server; the machine's own role while this is empty"),
    used("storage.s3.secret_access_key", Kind::Secret, "", &["AWS_SECRET_ACCESS_KEY"], "the key itself"),
    used("storage.s3.session_token", Kind::Secret, "", &["AWS_SESSION_TOKEN"], "token of a key that is valid for a while"),
    used("storage.s3.web_identity_token_file", Kind::Text, "", &["AWS_WEB_IDENTITY_TOKEN_FILE"], "file with the token that a cluster gives, for storage.s3.role_arn"),
    used("storage.s3.role_arn", Kind::Text, "", &["AWS_ROLE_ARN"], "role that is taken on with that token"),
    used("storage.s3.virtual_hosted", Kind::Switch, "false", &[], "write the bucket into the name of the host instead of the path"),
    used("storage.s3.timeout", SHORT, "30s", &[], "longest time that a request to the store may take"),
    used("storage.backup_location", Kind::Text, "", &[], "folder of backups, relative to the project, or s3://bucket/prefix; none are made while this is empty"),
    used("storage.backup_interval", LONG, "24h", &[], "how often a backup is made; 0s makes none by itself"),
    used("storage.backup_keep", COUNT, "7", &[], "how many backups are kept"),
    used("tui.theme", THEMES, "auto", &[], "colours of the dashboard; auto follows the terminal's background"),
    used("tui.glyphs", GLYPHS, "auto", &[], "characters of the dashboard; auto takes what the terminal can show"),
    used("tui.mouse", Kind::Switch, "false", &[], "let the mouse work in the dashboard instead of in the terminal"),
    used("tui.keys", Kind::List, "", &[], "keys of the dashboard's commands that are not the usual ones, such as filter=ctrl-g"),
    used("logging.level", LEVELS, "info", &["LOG_LEVEL"], "least severe messages that are logged"),
    used("logging.format", LOG_FORMATS, "text", &[], "form of the log"),
    used("environment", Kind::Text, "development", &["ENVIRONMENT"], "where this server runs, as logs tell it"),
    used("debug", Kind::Switch, "false", &["DEBUG"], "log at level debug, whatever logging.level says"),
    reserved("jwt_secret_key", Kind::Secret, "", &["JWT_SECRET_KEY"], "key that signs sessions"),
    reserved("database.host", Kind::Text, "localhost", &["DB_HOST"], "host of PostgreSQL"),
    reserved("database.port", PORT, "5432", &["DB_PORT"], "port of PostgreSQL"),
    reserved("database.name", Kind::Text, "streamflow", &["DB_NAME"], "name of the database"),
    reserved("database.user", Kind::Text, "streamflow", &["DB_USER"], "user of the database"),
    reserved("database.password", Kind::Secret, "", &["DB_PASSWORD"], "password of the database"),
    reserved("redis.host", Kind::Text, "localhost", &["REDIS_HOST"], "host of Redis"),
    reserved("redis.port", PORT, "6379", &["REDIS_PORT"], "port of Redis"),
    reserved("redis.password", Kind::Secret, "", &["REDIS_PASSWORD"], "password of Redis"),
    reserved("rabbitmq.host", Kind::Text, "localhost", &["RABBITMQ_HOST"], "host of RabbitMQ"),
    reserved("rabbitmq.port", PORT, "5672", &["RABBITMQ_PORT"], "port of RabbitMQ"),
    reserved("rabbitmq.user", Kind::Text, "guest", &["RABBITMQ_USER"], "user of RabbitMQ"),
    reserved("rabbitmq.password", Kind::Secret, "", &["RABBITMQ_PASSWORD"], "password of RabbitMQ"),
];
