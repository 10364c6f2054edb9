//! Turns the bytes of a request into columns: finds the events in a body, keeps the good ones, names the bad ones.

use std::sync::Arc;

use bytes::Bytes;
use streamflow_core::event::Limits;
use streamflow_core::json::{JsonError, JsonErrorKind, Reader, line_and_column};

use super::columns::Columns;
use super::enrich::Enricher;
use super::event::{EventError, EventReader, Extent, Rules};
use super::field::FieldOrder;
use super::fingerprint::Fingerprint;
use super::request::{BodyError, Framing, Rejection};
use super::schemas::SchemaSet;
use crate::geoip::GeoDatabase;

/// Bytes of a rejected event that are kept.
pub(crate) const REJECTED_RAW_BYTES_MAX: usize = 64 << 10;

/// A decoder and the memory it uses again and again. One thread uses it at a time.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    pub(crate) columns: Columns,
    enricher: Enricher,
    order: FieldOrder,
}

/// What was wrong with one event, and the event as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) rejection: Rejection,
    pub(crate) raw: Bytes,
}

/// What a body turned out to hold, beside the rows in the decoder's columns.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    /// Position in the request of each row, when some events were rejected; else rows are positions.
    pub(crate) indexes: Option<Vec<u32>>,
    pub(crate) rejected: Vec<Rejected>,
    /// Whether the body was one event and not a list.
    pub(crate) single: bool,
}

/// Reads one body.
struct BodyReader<'a> {
    body: &'a Bytes,
    decoder: &'a mut Decoder,
    fingerprint: &'a Fingerprint,
    rules: Rules<'a>,
    decoded: Decoded,
    /// Events met so far, good or bad.
    count: usize,
}

impl Decoder {
    /// Makes a decoder that enriches events by where their addresses are, if anybody said.
    pub(crate) fn of(geo: Option<Arc<GeoDatabase>>) -> Self {
        Self { columns: Columns::default(), enricher: Enricher::new(geo), order: FieldOrder::default() }
    }

    /// Reads a body into this decoder's columns, which must be empty.
    ///
    /// # Errors
    /// When the body as a whole is no list of events.
    pub(crate) fn decode(
        &mut self,
        body: &Bytes,
        framing: Framing,
        fingerprint: &Fingerprint,
        limits: Limits,
        schemas: &SchemaSet,
    ) -> Result<Decoded, BodyError> {
        debug_assert_eq!(self.columns.rows(), 0, "the columns of the batch before were taken");
        self.columns.expect(body.len());
        let utf8 = simdutf8::basic::from_utf8(body).is_ok();
        let rules = Rules { limits, schemas };
        let mut reader = BodyReader { body, decoder: self, fingerprint, rules, decoded: Decoded::default(), count: 0 };
        let read = match framing {
            Framing::Lines if utf8 => reader.read_lines(|_| true),
            Framing::Lines => reader.read_lines(|line| simdutf8::basic::from_utf8(line).is_ok()),
            _ if !utf8 => Err(invalid_utf8(body)),
            Framing::Json => reader.read_json(),
            Framing::Batch => reader.read_batch(),
        };
        let decoded = reader.decoded;
        match read {
            Ok(()) => Ok(decoded),
            Err(error) => {
                self.columns.clear();
                Err(error)
            }
        }
    }

    /// Reads events that follow each other with nothing but white space between, as the journal keeps them.
    ///
    /// # Errors
    /// When one of them is no event, which a checksummed frame can't hold.
    pub(crate) fn decode_stored(&mut self, body: &Bytes, fingerprint: &Fingerprint) -> Result<(), EventError> {
        let limits = Limits { event_bytes: usize::MAX, nesting: usize::MAX, keys: usize::MAX, tags: usize::MAX };
        // What is stored was checked when it came in.
        let rules = Rules { limits, schemas: &SchemaSet::default() };
        self.columns.expect(body.len());
        let mut at = 0;
        loop {
            at += body[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if at == body.len() {
                return Ok(());
            }
            at = self.reader(body, fingerprint, rules, Extent::Value).read(at)?;
        }
    }

    fn reader<'a>(
        &'a mut self,
        body: &'a [u8],
        fingerprint: &'a Fingerprint,
        rules: Rules<'a>,
        extent: Extent,
    ) -> EventReader<'a> {
        let Self { columns, enricher, order } = self;
        EventReader { body, columns, enricher, order, fingerprint, rules, extent }
    }
}

impl<'a> BodyReader<'a> {
    fn read_json(&mut self) -> Result<(), BodyError> {
        let mut reader = self.outside(0);
        let end = match reader.peek() {
            Some(b'[') => self.read_array(reader.position())?,
            Some(_) => {
                self.decoded.single = true;
                self.read_element(reader.position())?
            }
            None => return Err(self.broken(reader.error(JsonErrorKind::UnexpectedEnd))),
        };
        self.outside(end).end().map_err(|error| self.broken(error))
    }

    /// Reads `{"events":[…]}`; other keys are passed over. A bare array or event is taken as `read_json` takes it.
    fn read_batch(&mut self) -> Result<(), BodyError> {
        let mut reader = self.outside(0);
        if reader.peek() != Some(b'{') {
            return self.read_json();
        }
        let mut found = false;
        let mut more = reader.enter_object().map_err(|error| self.broken(error))?;
        while more {
            let key = reader.key().map_err(|error| self.broken(error))?;
            let value = reader.peek();
            if !found && value == Some(b'[') && &*key.unescaped(self.body) == b"events" {
                found = true;
                reader.go_to(self.read_array(reader.position())?);
            } else {
                reader.skip_loosely().map_err(|error| self.broken(error))?;
            }
            more = reader.next_in_object().map_err(|error| self.broken(error))?;
        }
        reader.end().map_err(|error| self.broken(error))?;
        if found {
            return Ok(());
        }
        self.decoder.columns.clear();
        Err(BodyError { code: "invalid_event", message: "the body has no array \"events\"".to_owned() })
    }

    fn read_array(&mut self, start: usize) -> Result<usize, BodyError> {
        let mut reader = self.outside(start);
        let mut more = reader.enter_array().map_err(|error| self.broken(error))?;
        while more {
            reader.peek();
            reader.go_to(self.read_element(reader.position())?);
            more = reader.next_in_array().map_err(|error| self.broken(error))?;
        }
        Ok(reader.position())
    }

    /// Reads an event inside a JSON document and returns its end: a bad event is put aside, broken JSON ends it all.
    fn read_element(&mut self, start: usize) -> Result<usize, BodyError> {
        let read = self.decoder.reader(self.body, self.fingerprint, self.rules, Extent::Value).read(start);
        match read {
            Ok(end) => {
                self.took();
                Ok(end)
            }
            Err(EventError::Json(error)) if !error.kind.is_json() => Err(self.broken(error)),
            Err(error) => {
                let mut reader = self.outside(start);
                reader.skip_loosely().map_err(|error| self.broken(error))?;
                self.reject(error, start, reader.position());
                Ok(reader.position())
            }
        }
    }

    fn read_lines(&mut self, is_utf8: impl Fn(&[u8]) -> bool) -> Result<(), BodyError> {
        let body = self.body;
        let mut start = 0;
        while start < body.len() {
            let end = memchr::memchr(b'\n', &body[start..]).map_or(body.len(), |newline| start + newline);
            let line = body[start..end].trim_ascii_end();
            let from = start + line.len() - line.trim_ascii_start().len();
            let to = start + line.len();
            start = end + 1;
            if from >= to {
                continue;
            }
            if is_utf8(&body[from..to]) {
                self.read_line(from, to);
            } else {
                self.reject(
                    EventError::Field { code: "invalid_utf8", message: "the line is not UTF-8".into() },
                    from,
                    to,
                );
            }
        }
        Ok(())
    }

    #[inline]
    fn read_line(&mut self, start: usize, end: usize) {
        let text = &self.body[..end];
        match self.decoder.reader(text, self.fingerprint, self.rules, Extent::Text).read(start) {
            Ok(_) => self.took(),
            Err(error) => self.reject(error, start, end),
        }
    }

    #[inline]
    fn took(&mut self) {
        if let Some(indexes) = &mut self.decoded.indexes {
            indexes.push(u32::try_from(self.count).unwrap_or(u32::MAX));
        }
        self.count += 1;
    }

    fn reject(&mut self, error: EventError, start: usize, end: usize) {
        let index = self.count;
        self.count += 1;
        let rows = u32::try_from(self.decoder.columns.rows()).unwrap_or(u32::MAX);
        self.decoded.indexes.get_or_insert_with(|| (0..rows).collect());
        let (code, message) = match error {
            EventError::Field { code, message } => (code, message),
            EventError::Json(error) => {
                let error = body_error(self.body, error);
                (error.code, error.message)
            }
        };
        let raw = self.body.slice(start..end.min(start + REJECTED_RAW_BYTES_MAX));
        self.decoded.rejected.push(Rejected { rejection: Rejection { index, code, message }, raw });
    }

    /// Returns a reader of what surrounds the events, which has no limits of its own.
    fn outside(&self, start: usize) -> Reader<'a> {
        Reader::new(self.body, start, usize::MAX, usize::MAX)
    }

    fn broken(&self, error: JsonError) -> BodyError {
        body_error(self.body, error)
    }
}

fn body_error(body: &[u8], error: JsonError) -> BodyError {
    let (line, column) = line_and_column(body, error.position);
    let message = format!("line {line}, column {column}: {}", error.kind.message());
    BodyError { code: code(error.kind), message }
}

fn invalid_utf8(body: &[u8]) -> BodyError {
    let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
    let (line, column) = line_and_column(body, valid);
    BodyError { code: "invalid_utf8", message: format!("line {line}, column {column}: the body is not UTF-8") }
}

fn code(kind: JsonErrorKind) -> &'static str {
    match kind {
        JsonErrorKind::DuplicateKey => "duplicate_key",
        JsonErrorKind::Nul => "nul_byte",
        JsonErrorKind::TooDeep => "too_deep",
        JsonErrorKind::TooManyKeys => "too_many_keys",
        JsonErrorKind::NumberOutOfRange => "number_out_of_range",
        _ => "invalid_json",
    }
}
