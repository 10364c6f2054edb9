//! The journal's frame decoder takes any bytes; what it accepts is encoded to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use streamflow_engine::journal::{FRAME_HEADER_BYTES, FrameHeader, FrameKind, decode_frame};

const SEQUENCE: u32 = 7;
/// Longer ones teach nothing new about decompression.
const PAYLOAD_BYTES_MAX: usize = 64 << 10;

fuzz_target!(|data: &[u8]| {
    if let Some(frame) = decode_frame(data, SEQUENCE) {
        assert_eq!(frame.header.encode(), data[..FRAME_HEADER_BYTES]);
        assert!(frame.len() <= data.len());
    }
    with_right_checksum(data);
});

/// Takes the data as a payload whose checksum is right: decompression must not trust it either.
fn with_right_checksum(payload: &[u8]) {
    let payload = &payload[..payload.len().min(PAYLOAD_BYTES_MAX)];
    let raw_bytes = payload.first().map_or(0, |byte| u32::from(*byte) * 16);
    for compressed in [false, true] {
        let header = FrameHeader {
            kind: FrameKind::Events,
            compressed,
            left: 0,
            sequence: SEQUENCE,
            group: 1,
            base_offset: 0,
            appended_at: 0,
            count: 1,
            raw_bytes,
            payload_bytes: u32::try_from(payload.len()).expect("at most PAYLOAD_BYTES_MAX"),
            payload_crc: crc32c::crc32c(payload),
        };
        let bytes = [&header.encode()[..], payload].concat();
        let frame = decode_frame(&bytes, SEQUENCE).expect("both checksums are right");
        assert_eq!((frame.header, frame.payload), (header, payload));
        assert!(decode_frame(&bytes, SEQUENCE + 1).is_none());
        let raw = frame.raw();
        assert!(!compressed || raw.is_none_or(|raw| raw.len() == raw_bytes as usize));
    }
}
