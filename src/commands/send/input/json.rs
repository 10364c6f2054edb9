//! Cuts a JSON array, or JSON objects that span lines, into events of one line each.
//!
//! Only quotes and brackets are looked at: whether an element is a good event is the server's to say.

use std::io::BufRead;

use super::super::batch::{Batcher, Stopped};
use super::{EVENT_BYTES_MAX, Input, InputError};

pub(super) fn read(mut input: Input, batcher: &mut Batcher) -> Result<Result<(), Stopped>, InputError> {
    let mut cutter = Cutter::default();
    loop {
        let piece = match input.reader.fill_buf() {
            Ok(piece) => piece,
            Err(reason) => return Err(input.unreadable(reason)),
        };
        if piece.is_empty() {
            break;
        }
        let length = piece.len();
        let cut = piece.iter().try_for_each(|byte| cutter.take(*byte, batcher));
        if cut.is_err() {
            return Ok(Err(Stopped));
        }
        input.reader.consume(length);
        if cutter.element.len() > EVENT_BYTES_MAX {
            return Err(InputError::TooLong { name: input.name, line: cutter.begun });
        }
        if input.is_drained()
            && let Err(stopped) = batcher.flush()
        {
            return Ok(Err(stopped));
        }
    }
    if cutter.is_inside() {
        let reason = "the input ends in the middle of an event".to_owned();
        return Err(InputError::Malformed { name: input.name, line: cutter.begun, reason });
    }
    Ok(cutter.close(batcher))
}

/// Tells whether `text` ends inside of a JSON value.
pub(super) fn is_cut_off(text: &[u8]) -> bool {
    let mut nesting = Nesting::default();
    text.iter().for_each(|byte| nesting.pass(*byte));
    nesting.depth > 0 || nesting.string != InString::No
}

/// How deep a byte stands, and whether it is text.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    string: InString,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum InString {
    #[default]
    No,
    Yes,
    /// After a backslash, which takes the next byte's meaning away.
    Escaped,
}

impl Nesting {
    fn pass(&mut self, byte: u8) {
        self.string = match (self.string, byte) {
            (InString::Escaped, _) => InString::Yes,
            (InString::Yes, b'\\') => InString::Escaped,
            (InString::Yes, b'"') => InString::No,
            (InString::Yes, _) => InString::Yes,
            (InString::No, b'"') => InString::Yes,
            (InString::No, b'{' | b'[') => {
                self.depth += 1;
                InString::No
            }
            (InString::No, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                InString::No
            }
            (InString::No, _) => InString::No,
        };
    }

    fn is_outside(&self) -> bool {
        self.depth == 0 && self.string == InString::No
    }
}

/// Collects the bytes of one element after the other.
#[derive(Debug)]
struct Cutter {
    element: Vec<u8>,
    nesting: Nesting,
    array: Array,
    line: u64,
    /// Line on which the current element begins.
    begun: u64,
}

/// Whether the elements stand in an array.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Array {
    /// Nothing but spaces has come.
    #[default]
    Unknown,
    Open,
    /// There is none, or it is over.
    None,
}

impl Default for Cutter {
    fn default() -> Self {
        Self { element: Vec::new(), nesting: Nesting::default(), array: Array::default(), line: 1, begun: 1 }
    }
}

impl Cutter {
    fn take(&mut self, byte: u8, batcher: &mut Batcher) -> Result<(), Stopped> {
        let line = self.line;
        self.line += u64::from(byte == b'\n');
        if self.element.is_empty() {
            self.begin(byte, line);
            return Ok(());
        }
        if self.nesting.is_outside() && matches!(byte, b',' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
            self.close(batcher)?;
            self.begin(byte, line);
            return Ok(());
        }
        self.nesting.pass(byte);
        // An event is one line: a line's end between values is a space, and inside of a text it is an error that stays
        // one.
        self.element.push(if byte == b'\n' || byte == b'\r' { b' ' } else { byte });
        if self.nesting.is_outside() && matches!(byte, b'}' | b']') {
            self.close(batcher)?;
        }
        Ok(())
    }

    fn begin(&mut self, byte: u8, line: u64) {
        match (byte, self.array) {
            (b' ' | b'\n' | b'\r' | b'\t', _) => {}
            (b'[', Array::Unknown) => self.array = Array::Open,
            (b']', Array::Open) => self.array = Array::None,
            (b',', Array::Open) => {}
            _ => {
                if self.array == Array::Unknown {
                    self.array = Array::None;
                }
                self.begun = line;
                self.nesting.pass(byte);
                self.element.push(byte);
            }
        }
    }

    fn close(&mut self, batcher: &mut Batcher) -> Result<(), Stopped> {
        if self.element.is_empty() {
            return Ok(());
        }
        let element = std::mem::take(&mut self.element);
        batcher.write(self.begun, |out| out.extend_from_slice(&element))
    }

    fn is_inside(&self) -> bool {
        !self.nesting.is_outside()
    }
}
