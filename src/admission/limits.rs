//! Every limit of the webhook, with its reason.

use std::time::Duration;

/// Largest review. An UPDATE carries an object twice, and etcd stores none above 1.5 MiB by default; some raise that.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;
/// Bodies that are held at once, KiB. A review waits for room rather than taking the memory of the others.
pub(super) const BODIES_KIB_MAX: u32 = 256 << 10;
/// A review comes within the API server's own timeout, at most 30 s, and we promise 3.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once. An API server keeps a few; the rest is room for many of them and for strangers.
pub(super) const CONNECTIONS_MAX: usize = 2_048;
/// Probes and scrapes at once.
pub(super) const PROBES_MAX: usize = 64;
/// From the first byte of TLS to the last of its handshake.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Until the next request's head is here. Go's client, which API servers use, closes after 90 s by itself; a server that
/// closes earlier meets requests that are on their way.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// A probe comes at once.
pub(super) const PROBE_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// An HTTP/2 peer that does not answer a ping for as long is gone.
pub(super) const PING_EVERY: Duration = Duration::from_secs(30);
/// Reviews at once on one HTTP/2 connection.
pub(super) const STREAMS_MAX: u32 = 512;
/// Head of a request.
pub(super) const HEAD_BYTES_MAX: usize = 16 << 10;
/// Certificates or a key; a chain of ten is 20 KiB.
pub(super) const PEM_BYTES_MAX: u64 = 1 << 20;
/// How often the files of the certificate are looked at. A kubelet updates a mounted Secret about once a minute.
pub(super) const CERTIFICATE_CHECK_EVERY: Duration = Duration::from_secs(1);
/// Reviews that are under way have this long to end.
pub(super) const DRAIN_MAX: Duration = Duration::from_secs(20);
/// After a failed accept, usually for want of file descriptors.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Mutations that wait to be sent as events: some seconds of a busy cluster, 4 MiB.
pub(super) const MUTATIONS_MAX: usize = 4_096;
