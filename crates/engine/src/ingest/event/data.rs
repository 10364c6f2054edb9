//! Reads `data`: each value goes into the column of its path, in the pass that checks it.

use streamflow_core::json::{JsonError, JsonErrorKind, Reader, Scalar, SeenKeys, Text};

use super::{Draft, EventError, EventReader};
use crate::ingest::leaf::{Enriching, Found, LEVELS_MAX, NodeId};
use crate::tail::view::{self, BODY};

impl EventReader<'_> {
    /// Reads an object as the event's `data`; null is none.
    pub(super) fn data(&mut self, draft: &mut Draft, reader: &mut Reader<'_>) -> Result<(), EventError> {
        if reader.peek() != Some(b'{') {
            Self::object_span(reader, "data")?;
            return Ok(());
        }
        let start = reader.position();
        self.data_object(draft, reader, NodeId::ROOT, 1)?;
        draft.data = Some(view::view(self.body, start, reader.position(), BODY));
        draft.data_span = Some((start, reader.position()));
        Ok(())
    }

    fn data_object(
        &mut self,
        draft: &mut Draft,
        reader: &mut Reader<'_>,
        object: NodeId,
        level: usize,
    ) -> Result<(), EventError> {
        let row = self.columns.rows();
        let mut before = None;
        // Keys without a column have no node that would notice their return.
        let mut columnless = SeenKeys::default();
        let mut more = reader.enter_object()?;
        while more {
            let (key, found) = self.data_key(reader, object, before, row)?;
            match found {
                Found::Duplicate => {
                    return Err(JsonError { kind: JsonErrorKind::DuplicateKey, position: key.start }.into());
                }
                Found::NoColumn if !columnless.insert(self.body, key) => {
                    return Err(JsonError { kind: JsonErrorKind::DuplicateKey, position: key.start }.into());
                }
                Found::NoColumn => reader.skip_value()?,
                Found::Node(node) => {
                    before = Some(node);
                    let text = self.data_value(draft, reader, node, level)?;
                    match self.columns.leaves.enriching(node) {
                        None => {}
                        Some(Enriching::UserAgent) => draft.user_agent = text,
                        Some(Enriching::Ip) => draft.ip = text,
                    }
                }
            }
            more = reader.next_in_object()?;
        }
        Ok(())
    }

    /// Reads the next key of an object inside `data` and finds its column.
    #[inline]
    fn data_key(
        &mut self,
        reader: &mut Reader<'_>,
        object: NodeId,
        before: Option<NodeId>,
        row: usize,
    ) -> Result<(Text, Found), JsonError> {
        let leaves = &mut self.columns.leaves;
        if let Some((node, expected)) = leaves.expected(object, before)
            && reader.take_expected(expected)
        {
            // The quote and the colon are behind the key.
            let end = reader.position() - 2;
            let key = Text::plain(end - expected.key_bytes(), end);
            return Ok((key, leaves.visit(node, row)));
        }
        let key = reader.key()?;
        let found = match key.is_escaped() {
            true => leaves.find(object, before, &key.unescaped(self.body), row),
            false => leaves.find(object, before, key.raw(self.body), row),
        };
        Ok((key, found))
    }

    /// Reads the value of a key that has a column; returns it if it is a string.
    fn data_value(
        &mut self,
        draft: &mut Draft,
        reader: &mut Reader<'_>,
        node: NodeId,
        level: usize,
    ) -> Result<Option<Text>, EventError> {
        let row = self.columns.rows();
        match reader.peek() {
            Some(b'"') => {
                let text = reader.string()?;
                return Ok(Some(self.text_leaf(node, text)));
            }
            Some(b'{') if level < LEVELS_MAX => {
                self.columns.leaves.set_nested(node);
                self.data_object(draft, reader, node, level + 1)?;
            }
            Some(b'{') => {
                self.columns.leaves.set_nested(node);
                self.columns.leaves.set_partial();
                reader.skip_value()?;
            }
            Some(b'[') => {
                self.columns.leaves.set_nested(node);
                reader.skip_value()?;
            }
            _ => match reader.scalar()? {
                Scalar::Null => self.columns.leaves.set_null(),
                Scalar::Bool(value) => self.columns.leaves.set_bool(node, row, value),
                Scalar::Number(number) => self.columns.leaves.set_number(node, row, number),
                Scalar::Text(text) => return Ok(Some(self.text_leaf(node, text))),
            },
        }
        Ok(None)
    }

    #[inline(always)]
    fn text_leaf(&mut self, node: NodeId, text: Text) -> Text {
        let view = self.view(text);
        let row = self.columns.rows();
        self.columns.leaves.set_text(node, row, view);
        text
    }
}
