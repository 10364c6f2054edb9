//! The server over real sockets and a real engine: what each promise of the API looks like on the wire.

mod access;
mod analytics;
mod connections;
mod harness;
mod ingestion;
mod live;
mod query;
mod routes;
mod schemas;
