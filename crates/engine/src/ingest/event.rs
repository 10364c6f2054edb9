//! Reads one event's JSON into a row: names the fields, checks them, enriches. One pass, no copy unless there are escapes.

mod data;
mod metadata;

use streamflow_core::event::{Limits, NAME_BYTES_MAX, SOURCE_BYTES_MAX, Severity};
use streamflow_core::json::{JsonError, JsonErrorKind, Number, Reader, Scalar, Text};
use streamflow_core::time::{event_timestamp_float, event_timestamp_integer, event_timestamp_text};

use super::columns::{Columns, Row, TextField};
use super::enrich::Enricher;
use super::field::{Field, FieldOrder};
use super::fingerprint::Fingerprint;
use super::schemas::SchemaSet;
use crate::clock::Micros;
use crate::tail::view::{self, BODY, SIDE};

/// Why a value is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EventError {
    /// The text is no JSON, or JSON that is not stored.
    Json(JsonError),
    /// The JSON says something that an event can't.
    Field { code: &'static str, message: String },
}

impl From<JsonError> for EventError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

#[cold]
fn invalid(message: impl Into<String>) -> EventError {
    EventError::Field { code: "invalid_field", message: message.into() }
}

#[cold]
fn too_long(field: &str, length: usize, bytes_max: usize) -> EventError {
    invalid(format!("{field:?} has {length} bytes, at most {bytes_max} are allowed"))
}

const EMPTY_OBJECT: u128 = view::inline("{}");

/// Reads events into [`Columns`].
#[derive(Debug)]
pub(crate) struct EventReader<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) columns: &'a mut Columns,
    pub(crate) enricher: &'a mut Enricher,
    pub(crate) order: &'a mut FieldOrder,
    pub(crate) fingerprint: &'a Fingerprint,
    pub(crate) rules: Rules<'a>,
    pub(crate) extent: Extent,
}

/// What an event must keep to, beside being one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) limits: Limits,
    pub(crate) schemas: &'a SchemaSet,
}

/// How far an event reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// To its closing brace; the caller looks at what follows.
    Value,
    /// To the end of the text: anything but white space after it is an error.
    Text,
}

/// The fields of the event that is being read.
#[derive(Debug, Default)]
struct Draft {
    kind: Option<u128>,
    /// Where the type and the data are in the body.
    kind_start: usize,
    data_span: Option<(usize, usize)>,
    source: Option<u128>,
    severity: Severity,
    timestamp: Option<Micros>,
    data: Option<u128>,
    metadata: Option<(usize, usize)>,
    user_agent: Option<Text>,
    ip: Option<Text>,
    /// The bits of the fields so far, so that none comes twice.
    seen: u16,
    unknown: Vec<(Text, (usize, usize))>,
}

impl EventReader<'_> {
    /// Reads the value at `start` as an event, adds its row, and returns where it ends.
    ///
    /// # Errors
    /// When the value is no event. No row was added then.
    pub(crate) fn read(&mut self, start: usize) -> Result<usize, EventError> {
        let mut reader = Reader::new(self.body, start, self.rules.limits.nesting, self.rules.limits.keys);
        match self.read_object(&mut reader) {
            Ok(draft) => self.complete(draft, start, reader.position()),
            Err(error) => Err(error),
        }
        .inspect_err(|_| self.columns.roll_back())
    }

    fn read_object(&mut self, reader: &mut Reader<'_>) -> Result<Draft, EventError> {
        let mut draft = Draft::default();
        if reader.peek() != Some(b'{') {
            reader.skip_value()?;
            return Err(EventError::Field { code: "invalid_event", message: "an event is a JSON object".to_owned() });
        }
        let mut more = reader.enter_object()?;
        let mut position = 0;
        while more {
            reader.peek();
            let start = reader.position() + 1;
            if let Some(field) = self.order.take(position, reader) {
                self.read_field(&mut draft, field, start, reader)?;
            } else {
                let key = reader.key()?;
                let name = key.unescaped(self.body);
                match Field::named(&name) {
                    Some(field) => {
                        self.order.remember(position, &name, field);
                        self.read_field(&mut draft, field, start, reader)?;
                    }
                    None => Self::read_unknown(&mut draft, key, reader)?,
                }
            }
            position += 1;
            more = reader.next_in_object()?;
        }
        if self.extent == Extent::Text {
            reader.end()?;
        }
        Ok(draft)
    }

    /// Reads the value of a field whose name began at `start`.
    #[inline]
    fn read_field(
        &mut self,
        draft: &mut Draft,
        field: Field,
        start: usize,
        reader: &mut Reader<'_>,
    ) -> Result<(), EventError> {
        if draft.seen & field.bit() != 0 {
            return Err(JsonError { kind: JsonErrorKind::DuplicateKey, position: start }.into());
        }
        draft.seen |= field.bit();
        match field {
            Field::Type => {
                reader.peek();
                draft.kind_start = reader.position();
                draft.kind = self.name(reader, "type", NAME_BYTES_MAX)?;
            }
            Field::Source => draft.source = self.name(reader, "source", SOURCE_BYTES_MAX)?,
            Field::Timestamp => draft.timestamp = self.timestamp(reader)?,
            Field::Severity => draft.severity = self.severity(reader)?,
            Field::Data => self.data(draft, reader)?,
            Field::Metadata => draft.metadata = Self::object_span(reader, "metadata")?,
            Field::UserId => self.optional(reader, "user_id", TextField::UserId)?,
            Field::SessionId => self.optional(reader, "session_id", TextField::SessionId)?,
            Field::CorrelationId => self.optional(reader, "correlation_id", TextField::CorrelationId)?,
            Field::Tags => self.tags(reader)?,
            Field::Id => self.id(reader)?,
        }
        Ok(())
    }

    fn read_unknown(draft: &mut Draft, key: Text, reader: &mut Reader<'_>) -> Result<(), EventError> {
        reader.peek();
        let start = reader.position();
        reader.skip_value()?;
        draft.unknown.push((key, (start, reader.position())));
        Ok(())
    }

    #[inline(always)]
    fn view(&mut self, text: Text) -> u128 {
        if !text.is_escaped() {
            return view::view(self.body, text.start, text.end, BODY);
        }
        self.view_unescaped(text)
    }

    #[cold]
    fn view_unescaped(&mut self, text: Text) -> u128 {
        let start = self.columns.side.len();
        streamflow_core::json::unescape(text.raw(self.body), &mut self.columns.side);
        view::view(&self.columns.side, start, self.columns.side.len(), SIDE)
    }

    /// Reads a string of 1 to `bytes_max` bytes, or null.
    #[inline]
    fn name(&mut self, reader: &mut Reader<'_>, field: &str, bytes_max: usize) -> Result<Option<u128>, EventError> {
        if reader.peek() != Some(b'"') {
            return match Self::scalar(reader)? {
                Some(Scalar::Null) => Ok(None),
                _ => Err(invalid(format!("{field:?} is not a string"))),
            };
        }
        let text = reader.string()?;
        let view = self.view(text);
        match view as u32 as usize {
            0 => Err(invalid(format!("{field:?} is empty"))),
            length if length > bytes_max => Err(too_long(field, length, bytes_max)),
            _ => Ok(Some(view)),
        }
    }

    /// Reads a scalar, or passes over an object or array and returns none.
    fn scalar(reader: &mut Reader<'_>) -> Result<Option<Scalar>, EventError> {
        if matches!(reader.peek(), Some(b'{' | b'[')) {
            reader.skip_value()?;
            return Ok(None);
        }
        Ok(Some(reader.scalar()?))
    }

    fn optional(&mut self, reader: &mut Reader<'_>, name: &str, field: TextField) -> Result<(), EventError> {
        if let Some(view) = self.name(reader, name, SOURCE_BYTES_MAX)? {
            self.columns.set_text(field, view);
        }
        Ok(())
    }

    fn id(&mut self, reader: &mut Reader<'_>) -> Result<(), EventError> {
        match Self::scalar(reader)? {
            Some(Scalar::Text(text)) => {
                let view = self.view(text);
                let length = view as u32 as usize;
                if !(1..=NAME_BYTES_MAX).contains(&length) {
                    return Err(invalid(format!("\"id\" has {length} bytes, 1 to {NAME_BYTES_MAX} are allowed")));
                }
                self.columns.set_text(TextField::Id, view);
                let row = u32::try_from(self.columns.rows()).unwrap_or(u32::MAX);
                self.columns.ids.push((row, self.fingerprint.of(&text.unescaped(self.body))));
                Ok(())
            }
            Some(Scalar::Null) => Ok(()),
            _ => Err(invalid("\"id\" is not a string")),
        }
    }

    fn timestamp(&mut self, reader: &mut Reader<'_>) -> Result<Option<Micros>, EventError> {
        let time = match Self::scalar(reader)? {
            Some(Scalar::Null) => return Ok(None),
            Some(Scalar::Text(text)) => event_timestamp_text(&text.unescaped(self.body)),
            Some(Scalar::Number(Number::Int(value))) => event_timestamp_integer(value),
            Some(Scalar::Number(Number::Float(value))) => event_timestamp_float(value),
            _ => None,
        };
        match time {
            Some(time) => Ok(Some(time)),
            None => Err(invalid("\"timestamp\" is neither RFC 3339 nor epoch seconds, ms, µs or ns")),
        }
    }

    fn severity(&mut self, reader: &mut Reader<'_>) -> Result<Severity, EventError> {
        match Self::scalar(reader)? {
            Some(Scalar::Null) => Ok(Severity::default()),
            Some(Scalar::Text(text)) => {
                let name = text.unescaped(self.body);
                let known = Severity::ALL.into_iter().find(|severity| severity.as_str().as_bytes() == &*name);
                known.ok_or_else(|| invalid("\"severity\" is none of low, medium, high, critical"))
            }
            _ => Err(invalid("\"severity\" is not a string")),
        }
    }

    fn tags(&mut self, reader: &mut Reader<'_>) -> Result<(), EventError> {
        match reader.peek() {
            Some(b'[') => {}
            Some(b'n') => return Ok(reader.scalar().map(drop)?),
            _ => {
                reader.skip_value()?;
                return Err(invalid("\"tags\" is not an array"));
            }
        }
        let mut more = reader.enter_array()?;
        let mut count = 0;
        while more {
            match self.name(reader, "tags", NAME_BYTES_MAX)? {
                Some(view) => self.columns.push_tag(view),
                None => return Err(invalid("\"tags\" has a null")),
            }
            count += 1;
            if count > self.rules.limits.tags {
                return Err(invalid(format!("\"tags\" has more than {} tags", self.rules.limits.tags)));
            }
            more = reader.next_in_array()?;
        }
        Ok(())
    }

    /// Returns where an object is, checking all of it; null is none.
    fn object_span(reader: &mut Reader<'_>, field: &str) -> Result<Option<(usize, usize)>, EventError> {
        let first = reader.peek();
        let start = reader.position();
        reader.skip_value()?;
        match first {
            Some(b'{') => Ok(Some((start, reader.position()))),
            Some(b'n') => Ok(None),
            _ => Err(invalid(format!("{field:?} is not an object"))),
        }
    }

    fn complete(&mut self, draft: Draft, start: usize, end: usize) -> Result<usize, EventError> {
        let missing =
            |field: &str| EventError::Field { code: "missing_field", message: format!("{field:?} is missing") };
        if end - start > self.rules.limits.event_bytes {
            let message =
                format!("the event has {} bytes, at most {} are allowed", end - start, self.rules.limits.event_bytes);
            return Err(EventError::Field { code: "event_too_large", message });
        }
        let kind = draft.kind.ok_or_else(|| missing("type"))?;
        let source = draft.source.ok_or_else(|| missing("source"))?;
        if !self.rules.schemas.is_empty() {
            let data = draft.data_span.map_or(&b"{}"[..], |(start, end)| &self.body[start..end]);
            self.rules.schemas.check(&self.body[draft.kind_start..], data)?;
        }
        let metadata = match (draft.metadata, draft.unknown.is_empty()) {
            (None, true) => EMPTY_OBJECT,
            (Some((start, end)), true) => view::view(self.body, start, end, BODY),
            (metadata, false) => self.merge_metadata(metadata, &draft.unknown)?,
        };
        let agent = self.enricher.user_agent(draft.user_agent.map(|text| text.unescaped(self.body)).as_deref());
        if let Some(os) = agent.os {
            self.columns.set_text(TextField::Os, os);
        }
        if let Some(browser) = agent.browser {
            self.columns.set_text(TextField::Browser, browser);
        }
        if let Some(ip) = draft.ip {
            self.set_place(ip);
        }
        self.columns.push(Row {
            kind,
            source,
            severity: draft.severity,
            device_type: agent.device_type,
            data: draft.data.unwrap_or(EMPTY_OBJECT),
            metadata,
            timestamp: draft.timestamp,
            span: (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX)),
        });
        Ok(end)
    }

    fn set_place(&mut self, ip: Text) {
        let Some(place) = self.enricher.place(&ip.unescaped(self.body)) else { return };
        let parts =
            [(TextField::Country, &place.country), (TextField::Region, &place.region), (TextField::City, &place.city)];
        for (field, text) in parts {
            if let Some(text) = text {
                self.columns.set_own_text(field, text);
            }
        }
    }
}
