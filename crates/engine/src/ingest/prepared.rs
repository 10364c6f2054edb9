//! A request between decoding and the journal: what it will store, made ready on the connection's own thread.

use bytes::Bytes;

use super::decoder::{Decoded, Decoder, Rejected};
use super::draft::Draft;
use super::request::Rejection;
use crate::journal::{FrameBody, FrameKind};

/// A request that was decoded, validated and enriched, and waits to be appended.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) content: Content,
    pub(crate) rejected: Vec<Rejected>,
    /// Memory that the tail will need for it, roughly.
    pub(crate) bytes: usize,
}

/// The good events of a request.
#[derive(Debug)]
pub(crate) enum Content {
    Nothing,
    /// One event; the journal thread joins all that wait into one frame and one chunk.
    One(One),
    /// A list of events, with its frame.
    Many(Box<Many>),
}

/// One event.
#[derive(Debug)]
pub(crate) struct One {
    pub(crate) raw: Bytes,
    /// The client's id, if it sent one, and its fingerprint.
    pub(crate) id: Option<(String, u128)>,
    pub(crate) unknown_keys: u64,
}

/// A list of events.
#[derive(Debug)]
pub(crate) struct Many {
    pub(crate) draft: Draft,
    pub(crate) frame: FrameBody,
    /// Position in the request of each row, when that is not the row itself.
    pub(crate) indexes: Option<Vec<u32>>,
}

impl Prepared {
    /// Takes what a decoder has read from `body`.
    pub(crate) fn new(decoder: &mut Decoder, decoded: Decoded, body: Bytes) -> Self {
        let rejected = decoded.rejected;
        let content = match decoder.columns.rows() {
            0 => {
                decoder.columns.clear();
                Content::Nothing
            }
            1 if decoded.single => Content::One(one(decoder, &body)),
            _ => Content::Many(Box::new(many(decoder, body, decoded.indexes))),
        };
        let bytes = match &content {
            Content::Nothing => 0,
            // The columns of one row take about as much as a short event's text.
            Content::One(one) => one.raw.len() + 512,
            Content::Many(many) => many.draft.bytes(),
        };
        Self { content, rejected, bytes }
    }

    /// Returns the events of the request that will not be stored, and why.
    pub fn rejections(&self) -> impl Iterator<Item = &Rejection> {
        self.rejected.iter().map(|rejected| &rejected.rejection)
    }

    /// Returns how many events will be stored if none of them is a duplicate.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.content {
            Content::Nothing => 0,
            Content::One(_) => 1,
            Content::Many(many) => many.draft.rows,
        }
    }
}

fn one(decoder: &mut Decoder, body: &Bytes) -> One {
    let columns = &mut decoder.columns;
    let (start, end) = columns.spans[0];
    let id = columns.single_id(body);
    let one = One { raw: body.slice(start as usize..end as usize), id, unknown_keys: columns.unknown_keys };
    columns.clear();
    one
}

/// Bodies up to this size are copied, so that the tail does not hold on to a connection's read buffer for a few lines.
const COPIED_BYTES_MAX: usize = 32 << 10;

fn many(decoder: &mut Decoder, body: Bytes, indexes: Option<Vec<u32>>) -> Many {
    let body = if body.len() <= COPIED_BYTES_MAX { Bytes::copy_from_slice(&body) } else { body };
    let whole = body.clone();
    let draft = decoder.columns.finish(body);
    let frame = match &indexes {
        None if is_bare(&whole, &draft.spans) => FrameBody::new(FrameKind::Events, &whole, draft.rows),
        _ => FrameBody::new(FrameKind::Events, &draft.raw(|_| true), draft.rows),
    };
    Many { draft, frame, indexes }
}

/// Returns whether the body is nothing but its events and white space, as a frame keeps them.
fn is_bare(body: &[u8], spans: &[(u32, u32)]) -> bool {
    body.first() == Some(&b'{')
        && spans
            .first()
            .is_some_and(|(start, end)| *start == 0 && body.get(*end as usize).is_none_or(u8::is_ascii_whitespace))
}
