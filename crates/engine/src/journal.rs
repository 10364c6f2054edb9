//! The journal: every acknowledged event that is not sealed yet, in append-only files that survive a crash at any instant.
//!
//! # Files
//!
//! `journal/<partition>/<base-offset>-<sequence>.log`, both numbers as twenty and ten digits, so that names sort as offsets
//! do. A file begins with a header and goes on with frames, one after the other. What follows the last frame is zeros (the
//! file was filled ahead) or the end of the file.
//!
//! File header, 64 bytes, little-endian:
//!
//! ```text
//!  0  magic            8 bytes  "SFJOURNL"
//!  8  version          u32      1
//! 12  partition        u32      0 on one machine
//! 16  sequence         u32      grows by one a file; frames repeat it
//! 20  reserved         u32      0
//! 24  base_offset      u64      offset of the first event that this file may hold
//! 32  base_rejected    u64      number of the first rejected event that this file may hold
//! 40  created_at       i64      microseconds since 1970 UTC
//! 48  reserved         12 bytes 0
//! 60  crc              u32      crc32c of bytes 0..60
//! ```
//!
//! Frame, 56 bytes of header and then the payload, little-endian, no alignment:
//!
//! ```text
//!  0  header_crc       u32      crc32c of bytes 4..56
//!  4  payload_bytes    u32      stored bytes after this header
//!  8  payload_crc      u32      crc32c of the stored payload
//! 12  kind             u8       1 events · 2 rejected events · 3 request keys   (4 tombstones, 5 stream rows: to come)
//! 13  codec            u8       0 stored as is · 1 lz4 block
//! 14  left             u16      frames of the same group that follow this one
//! 16  sequence         u32      that of the file header: a frame left over from a file's earlier life has another
//! 20  group            u32      number of the commit in this file, from 1: frames of one group were written and synced together
//! 24  base_offset      u64      offset of the first event (kinds 1, 3), number of the first rejected event (kind 2)
//! 32  appended_at      i64      microseconds since 1970 UTC; never less than in the frame before
//! 40  count            u32      events, rejected events or keys
//! 44  raw_bytes        u32      bytes of the payload once decompressed
//! 48  tenant           u32      0, the default tenant
//! 52  reserved         u32      0
//! ```
//!
//! The payload of kind 1 is the events' JSON as it came in, one after the other with white space between. Columns,
//! enrichment and fingerprints are computed anew when it is replayed. Kinds 2 and 3 hold one JSON object a line.
//!
//! # Promises
//!
//! * A commit writes all frames of a group with one call, then syncs; only then are the events acknowledged.
//! * A failed write or sync ends the file: nothing of the group is acknowledged and the file is never written again. The
//!   next commit begins a new file. A file's frames count only up to the base offset of the file after it.
//! * A group counts as a whole or not at all: a request's events and its key are never there one without the other. A
//!   last group of which some frame is missing or does not check out was being written when the machine stopped, so nothing
//!   of it was acknowledged, and it is cut off.
//! * If a frame does not check out and a later group is intact, acknowledged events are damaged: opening fails and says
//!   where, unless the caller asks to go on without them.

mod file;
mod frame;
mod reader;
mod recovery;
mod writer;

pub(crate) use file::{file_start, size_on_disk};
pub use frame::{FRAME_HEADER_BYTES, Frame, FrameHeader, FrameKind, decode_frame};
pub use recovery::{Damage, Floor, OnDamage, Recovered, RecoveredFile};
pub use writer::{Commit, FrameBody, Journal, JournalError, JournalOptions, JournalStats};
