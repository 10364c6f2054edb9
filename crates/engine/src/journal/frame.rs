//! One frame: its bytes, and the checks that tell a frame from anything else. The layout is drawn in `journal`.

use lz4_flex::block;

use crate::clock::Micros;

/// Bytes before the payload.
pub const FRAME_HEADER_BYTES: usize = 56;

/// The largest payload, stored or decompressed. A request's body limit is far below it.
pub(super) const PAYLOAD_BYTES_MAX: usize = 512 << 20;

/// What a frame's payload holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    Events,
    Rejected,
    RequestKeys,
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            Self::Events => 1,
            Self::Rejected => 2,
            Self::RequestKeys => 3,
        }
    }

    const fn of(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Events),
            2 => Some(Self::Rejected),
            3 => Some(Self::RequestKeys),
            _ => None,
        }
    }
}

/// Everything about a frame but its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    pub kind: FrameKind,
    pub compressed: bool,
    /// Frames of the same group that follow this one.
    pub left: u16,
    pub sequence: u32,
    pub group: u32,
    pub base_offset: u64,
    pub appended_at: Micros,
    pub count: u32,
    pub raw_bytes: u32,
    pub payload_bytes: u32,
    pub payload_crc: u32,
}

/// A frame whose checksums are right.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub header: FrameHeader,
    /// As stored.
    pub payload: &'a [u8],
}

impl FrameHeader {
    /// Returns the header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut bytes = [0; FRAME_HEADER_BYTES];
        bytes[4..8].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[12] = self.kind.code();
        bytes[13] = u8::from(self.compressed);
        bytes[14..16].copy_from_slice(&self.left.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.group.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.base_offset.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.appended_at.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.count.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.raw_bytes.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Returns the header if its checksum is right and it is one that this version can read.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; FRAME_HEADER_BYTES] = bytes.get(..FRAME_HEADER_BYTES)?.try_into().ok()?;
        let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if u32_at(0) != crc32c::crc32c(&bytes[4..]) {
            return None;
        }
        let header = Self {
            kind: FrameKind::of(bytes[12])?,
            compressed: match bytes[13] {
                0 => false,
                1 => true,
                _ => return None,
            },
            left: u16::from_le_bytes([bytes[14], bytes[15]]),
            sequence: u32_at(16),
            group: u32_at(20),
            base_offset: u64_at(24),
            appended_at: u64_at(32).cast_signed(),
            count: u32_at(40),
            raw_bytes: u32_at(44),
            payload_bytes: u32_at(4),
            payload_crc: u32_at(8),
        };
        let sizes = [header.payload_bytes, header.raw_bytes];
        sizes.iter().all(|size| *size as usize <= PAYLOAD_BYTES_MAX).then_some(header)
    }
}

impl Frame<'_> {
    /// Returns the payload decompressed, or none if it is not what the header says.
    #[must_use]
    pub fn raw(&self) -> Option<Vec<u8>> {
        if !self.header.compressed {
            return Some(self.payload.to_vec());
        }
        let mut raw = vec![0; self.header.raw_bytes as usize];
        let length = block::decompress_into(self.payload, &mut raw).ok()?;
        (length == raw.len()).then_some(raw)
    }

    /// Returns how many bytes of the file the frame takes.
    #[must_use]
    pub fn len(&self) -> usize {
        FRAME_HEADER_BYTES + self.payload.len()
    }

    /// A frame always has its header.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// Returns the frame at the start of `bytes`, if its checksums are right and it belongs to the file `sequence`.
#[must_use]
pub fn decode_frame(bytes: &[u8], sequence: u32) -> Option<Frame<'_>> {
    let header = FrameHeader::decode(bytes)?;
    let payload = bytes.get(FRAME_HEADER_BYTES..)?.get(..header.payload_bytes as usize)?;
    let good = header.sequence == sequence && crc32c::crc32c(payload) == header.payload_crc;
    good.then_some(Frame { header, payload })
}

/// A payload made ready on the caller's thread: compressed if that helps, and checksummed.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) bytes: Vec<u8>,
    pub(crate) compressed: bool,
    pub(crate) raw_bytes: u32,
    pub(crate) crc: u32,
}

/// Shorter payloads are stored as they are: lz4 would hardly shrink them.
const COMPRESSED_BYTES_MIN: usize = 128;

impl Payload {
    /// Compresses and checksums `raw`.
    pub(crate) fn new(raw: &[u8]) -> Self {
        let raw_bytes = u32::try_from(raw.len()).expect("a payload is within PAYLOAD_BYTES_MAX");
        let compressed = (raw.len() >= COMPRESSED_BYTES_MIN).then(|| block::compress(raw));
        let (bytes, compressed) = match compressed.filter(|bytes| bytes.len() < raw.len()) {
            Some(bytes) => (bytes, true),
            None => (raw.to_vec(), false),
        };
        let crc = crc32c::crc32c(&bytes);
        Self { bytes, compressed, raw_bytes, crc }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(raw: &[u8], group: u32) -> Vec<u8> {
        let payload = Payload::new(raw);
        let header = FrameHeader {
            kind: FrameKind::Events,
            compressed: payload.compressed,
            left: 2,
            sequence: 7,
            group,
            base_offset: 1 << 40,
            appended_at: -5,
            count: 3,
            raw_bytes: payload.raw_bytes,
            payload_bytes: u32::try_from(payload.bytes.len()).unwrap(),
            payload_crc: payload.crc,
        };
        let mut bytes = header.encode().to_vec();
        bytes.extend_from_slice(&payload.bytes);
        bytes
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_what_was_written(raw in prop::collection::vec(0_u8..4, 0..2_000), group: u32) {
            let bytes = frame(&raw, group);
            let read = decode_frame(&bytes, 7).unwrap();
            prop_assert_eq!((read.header.group, read.header.left), (group, 2));
            prop_assert_eq!((read.header.base_offset, read.header.appended_at, read.header.count), (1 << 40, -5, 3));
            prop_assert_eq!(read.raw().unwrap(), raw);
            prop_assert!(decode_frame(&bytes, 8).is_none(), "a frame of another file is no frame");
        }

        #[test]
        fn any_flipped_bit_is_found(raw in prop::collection::vec(any::<u8>(), 1..300), at: prop::sample::Index, bit in 0_u32..8) {
            let mut bytes = frame(&raw, 1);
            let at = at.index(bytes.len());
            bytes[at] ^= 1_u8 << bit;
            prop_assert!(decode_frame(&bytes, 7).is_none());
        }

        #[test]
        fn any_bytes_are_decoded_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode_frame(&bytes, 0).is_none());
        }

        #[test]
        fn a_cut_frame_is_no_frame(cut: prop::sample::Index) {
            let bytes = frame(b"{\"type\":\"a\",\"source\":\"b\"}", 1);
            prop_assert!(decode_frame(&bytes[..cut.index(bytes.len())], 7).is_none());
        }
    }
}
