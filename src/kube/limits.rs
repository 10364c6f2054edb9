//! Every limit on talking to a cluster, with its reason.

use std::time::Duration;

/// An API server across the world answers a connection within a second.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// One request that is no watch. An API server gives up by itself after 60 s.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Objects of one answer, as kubectl asks for.
pub(super) const PAGE_OBJECTS: u32 = 500;
/// Objects of one listing. A cluster of 5,000 nodes has up to 150,000 pods; more would only fill memory.
pub(super) const OBJECTS_MAX: usize = 200_000;
/// One line of a watch or a log: etcd stores no object above 1.5 MiB by default, and some raise that.
pub(super) const LINE_BYTES_MAX: usize = 16 << 20;
/// A watch is ended by the server after this long, and taken up again where it was.
pub(super) const WATCH_SECONDS: u32 = 290;
/// Pause before a watch is taken up again after a fault; it doubles with each further one.
pub(super) const PAUSE_FIRST: Duration = Duration::from_millis(200);
/// A server that came back is noticed within this time.
pub(super) const PAUSE_MOST: Duration = Duration::from_secs(5);
/// Faults in a row after which a watch ends.
pub(super) const FAULTS_MAX: u32 = 8;
/// Forwarded connections that wait for a request. A command sends a few at once.
pub(super) const IDLE_MAX: usize = 4;
