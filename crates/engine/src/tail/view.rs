//! Arrow string views over a request's own bytes: text is not copied, escapes excepted.
//!
//! All views of one batch share two buffers: 0 is the body as it came in, 1 is the side buffer with everything that had to
//! be written anew. The layout of a view (length, then twelve bytes inline, or four bytes of prefix, buffer and offset) is
//! Arrow's.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::buffer::{Buffer, NullBuffer, ScalarBuffer};

/// Strings up to this length live in the view itself.
pub(crate) const INLINE_BYTES_MAX: usize = 12;

/// Number of the buffer with the body.
pub(crate) const BODY: u32 = 0;
/// Number of the buffer with text that is not in the body as such.
pub(crate) const SIDE: u32 = 1;

/// Returns the view of `buffer[start..end]`, where `buffer` has the number `index`.
#[inline]
pub(crate) fn view(buffer: &[u8], start: usize, end: usize, index: u32) -> u128 {
    let length = end - start;
    if length <= INLINE_BYTES_MAX {
        // Sixteen bytes are there nearly always; reading them whole and masking beats a copy of unknown length.
        let bytes = match buffer.get(start..start + 16) {
            Some(bytes) => u128::from_le_bytes(bytes.try_into().expect("the slice has 16 bytes")),
            None => padded(&buffer[start..end]),
        };
        let kept = bytes & ((1 << (length * 8)) - 1);
        return kept << 32 | length as u128;
    }
    let prefix = u32::from_le_bytes(buffer[start..start + 4].try_into().expect("the slice has 4 bytes"));
    (start as u128) << 96 | u128::from(index) << 64 | u128::from(prefix) << 32 | length as u128
}

fn padded(text: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text);
    u128::from_le_bytes(bytes)
}

/// Returns the view of a string of at most twelve bytes.
pub(crate) const fn inline(text: &str) -> u128 {
    let bytes = text.as_bytes();
    assert!(bytes.len() <= INLINE_BYTES_MAX, "the string fits a view");
    let mut value = 0;
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        value = value << 8 | bytes[at] as u128;
    }
    value << 32 | bytes.len() as u128
}

/// Returns the same view into the buffer number `index`, `shift` bytes further on.
#[inline]
pub(crate) const fn moved(view: u128, index: u32, shift: u32) -> u128 {
    if view as u32 as usize <= INLINE_BYTES_MAX {
        return view;
    }
    let offset = (view >> 96) as u32 + shift;
    (offset as u128) << 96 | (index as u128) << 64 | view & 0xFFFF_FFFF_FFFF_FFFF
}

/// Returns which buffer a view points into, or none if it carries its text itself.
#[inline]
pub(crate) const fn buffer_of(view: u128) -> Option<u32> {
    if view as u32 as usize <= INLINE_BYTES_MAX { None } else { Some((view >> 64) as u32) }
}

/// Returns the bytes that a view stands for.
pub(crate) fn bytes(view: u128, buffers: &[&[u8]]) -> Vec<u8> {
    let length = view as u32 as usize;
    if length <= INLINE_BYTES_MAX {
        return (view >> 32).to_le_bytes()[..length].to_vec();
    }
    let start = (view >> 96) as u32 as usize;
    buffers[(view >> 64) as u32 as usize][start..start + length].to_vec()
}

/// Makes an array of views into `buffers`.
#[expect(unsafe_code, reason = "checking each string again would cost more than decoding it did")]
pub(crate) fn array(views: Vec<u128>, buffers: &[Buffer], nulls: Option<NullBuffer>) -> ArrayRef {
    // SAFETY: every view was made by `view`, `inline` or `moved` from positions inside the buffers it names, at borders of
    // JSON strings or values; the body was checked to be UTF-8 as a whole and the side buffer only takes whole strings.
    let array = unsafe { StringViewArray::new_unchecked(ScalarBuffer::from(views), buffers.to_vec(), nulls) };
    Arc::new(array)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;

    #[test]
    fn views_read_back_the_text_they_were_made_of() {
        let body = b"0123456789abcdefghijklmnop-tail";
        let cases = [(0, 0), (0, 1), (3, 15), (3, 16), (0, 31), (29, 31), (19, 31), (18, 31)];
        let views = cases.iter().map(|(start, end)| view(body, *start, *end, BODY)).collect();
        let array = array(views, &[Buffer::from(body.as_slice())], None);
        array.to_data().validate_full().unwrap();
        for (row, (start, end)) in cases.into_iter().enumerate() {
            assert_eq!(array.as_string_view().value(row).as_bytes(), &body[start..end]);
            assert_eq!(bytes(view(body, start, end, BODY), &[body, b""]), &body[start..end]);
        }
    }

    #[test]
    fn inline_views_equal_views_of_a_buffer() {
        for text in ["", "a", "medium", "twelve-bytes"] {
            assert_eq!(inline(text), view(text.as_bytes(), 0, text.len(), BODY), "{text}");
            assert_eq!(buffer_of(inline(text)), None);
        }
    }

    #[test]
    fn a_moved_view_reads_the_same_text_from_another_place() {
        let body = b"....a string that is not inline";
        let moved = moved(view(&body[4..], 0, 27, BODY), SIDE, 4);
        let array = array(vec![moved], &[Buffer::from(b"".as_slice()), Buffer::from(body.as_slice())], None);
        assert_eq!(array.as_string_view().value(0).as_bytes(), &body[4..]);
    }
}
