//! Answers one reading from the columns of a segment: which leaf columns it takes, and what becomes of them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch,
    StringViewBuilder, StructArray, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::{Result, exec_datafusion_err};

use super::accessor::{Request, float, whole};
use super::json_text::{Number, Step};
use super::leaf::Reading;
use crate::segment::layout::{NodeLayout, TYPED_VALUE, TypedLayout};
use crate::segment::read::{absent, named};
use crate::segment::rebuild::{NodeArrays, TypedArrays, names_of};
use crate::segment::shape::LeafType;
use crate::segment::variant::{Kind, Variant, write_bool, write_float, write_int, write_text};
use crate::segment::{ColumnLayout, Segment};

/// How a reading is answered from one group of a segment.
#[derive(Debug, Clone)]
pub(super) enum Take {
    /// A column as it is, by name.
    Column(Field),
    /// A JSON column as text.
    Whole(Arc<str>),
    /// The file is older than the column.
    Absent(Field),
    /// No row of the group has it.
    Nothing(DataType),
    Path {
        column: Arc<str>,
        /// Keys of the node that has the answer.
        node: Vec<Arc<str>>,
        /// Steps from there on, into values that have no columns.
        rest: Vec<Step>,
        request: Request,
    },
}

impl Take {
    /// Decides how to answer `reading` from a group, and adds the leaf columns that it takes.
    pub(super) fn plan(
        reading: &Reading,
        segment: &Segment,
        group: usize,
        table: &SchemaRef,
        leaves: &mut Vec<usize>,
    ) -> Self {
        match reading {
            Reading::Column(index) => {
                let field = table.field(*index);
                match segment.column(*index) {
                    ColumnLayout::Plain(leaf) => {
                        leaves.push(*leaf);
                        Self::Column(field.clone())
                    }
                    ColumnLayout::Json(layout) => {
                        leaves.push(layout.names);
                        subtree(&layout.root, segment, group, leaves);
                        Self::Whole(field.name().as_str().into())
                    }
                    ColumnLayout::Missing => Self::Absent(field.clone()),
                }
            }
            Reading::Path { column, path, request } => {
                let ColumnLayout::Json(layout) = segment.column(*column) else {
                    return Self::Nothing(request.data_type());
                };
                let (node, keys) = descend(&layout.root, path);
                let rest = &path[keys.len()..];
                let before = leaves.len();
                let is_text = matches!(request, Request::Any | Request::Text | Request::Json);
                let value = node.value.filter(|leaf| !segment.is_empty(group, *leaf));
                match &node.typed {
                    _ if !rest.is_empty() => leaves.extend(value),
                    TypedLayout::Leaf(leaf, _) => {
                        leaves.extend(Some(*leaf).filter(|leaf| !segment.is_empty(group, *leaf)));
                        leaves.extend(value);
                    }
                    TypedLayout::Object(_) if is_text => subtree(node, segment, group, leaves),
                    TypedLayout::Object(_) | TypedLayout::Nothing => leaves.extend(value),
                }
                if leaves.len() == before {
                    return Self::Nothing(request.data_type());
                }
                let needs_names = value.is_some() || matches!(node.typed, TypedLayout::Object(_));
                leaves.extend(needs_names.then_some(layout.names));
                Self::Path {
                    column: table.field(*column).name().as_str().into(),
                    node: keys,
                    rest: rest.to_vec(),
                    request: *request,
                }
            }
        }
    }

    /// Returns the answer for a batch with the leaf columns.
    pub(super) fn read(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let rows = batch.num_rows();
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| exec_datafusion_err!("the segment has no column {name}"))
        };
        match self {
            Self::Nothing(kind) => Ok(new_null_array(kind, rows)),
            Self::Absent(field) => absent(field, rows).map_err(|error| exec_datafusion_err!("{error}")),
            Self::Column(field) => Ok(named(column(field.name())?, field)),
            Self::Whole(name) => {
                let json = as_group(column(name)?, name)?;
                let texts = NodeArrays::of(json).whole(names_of(json), rows).ok_or_else(|| damaged(name))?;
                Ok(Arc::new(texts))
            }
            Self::Path { column: name, node: keys, rest, request } => {
                let json = as_group(column(name)?, name)?;
                match find(json, keys) {
                    None => Ok(new_null_array(&request.data_type(), rows)),
                    Some(node) => answer(node, names_of(json), rest, *request, rows).ok_or_else(|| damaged(name)),
                }
            }
        }
    }
}

/// A dictionary lists few texts if it takes a byte for so many rows or less.
const SMALL_DICTIONARY_ROWS: i64 = 8;

/// Returns whether a group has few texts in a column, as far as its footer tells: a small dictionary, or none at all.
pub(super) fn lists_few_texts(reading: &Reading, segment: &Segment, group: usize) -> bool {
    let leaf = match reading {
        Reading::Column(index) => match segment.column(*index) {
            ColumnLayout::Plain(leaf) => *leaf,
            ColumnLayout::Json(_) => return false,
            ColumnLayout::Missing => return true,
        },
        Reading::Path { column, path, request } => {
            let ColumnLayout::Json(layout) = segment.column(*column) else { return true };
            let (node, keys) = descend(&layout.root, path);
            let is_typed = node.value.is_none_or(|value| segment.is_empty(group, value));
            match node.typed {
                TypedLayout::Leaf(leaf, LeafType::Text)
                    if is_typed && keys.len() == path.len() && matches!(request, Request::Any | Request::Text) =>
                {
                    leaf
                }
                _ => return false,
            }
        }
    };
    let group_metadata = segment.metadata().metadata().row_group(group);
    let chunk = group_metadata.column(leaf);
    let dictionary = chunk.dictionary_page_offset().map(|start| chunk.data_page_offset() - start);
    let is_small = |bytes: i64| bytes.saturating_mul(SMALL_DICTIONARY_ROWS) <= group_metadata.num_rows();
    dictionary.is_some_and(is_small) || segment.is_empty(group, leaf)
}

fn damaged(column: &str) -> datafusion::common::DataFusionError {
    exec_datafusion_err!("column {column} of a segment is damaged")
}

fn as_group<'a>(column: &'a ArrayRef, name: &str) -> Result<&'a StructArray> {
    column.as_struct_opt().ok_or_else(|| exec_datafusion_err!("column {name} of a segment is no group"))
}

/// Goes down as far as the path has nodes; returns the last one and the keys that lead to it.
pub(super) fn descend<'a>(root: &'a NodeLayout, path: &[Step]) -> (&'a NodeLayout, Vec<Arc<str>>) {
    let (mut node, mut keys) = (root, Vec::new());
    for step in path {
        let Step::Key(key) = step else { break };
        let Some(child) = node.children().iter().find(|child| *child.name == **key) else { break };
        node = child;
        keys.push(Arc::clone(key));
    }
    (node, keys)
}

/// Adds all leaf columns of a node and below, but for those that only hold values where there are none.
fn subtree(node: &NodeLayout, segment: &Segment, group: usize, leaves: &mut Vec<usize>) {
    leaves.extend(node.value.filter(|leaf| !segment.is_empty(group, *leaf)));
    if let TypedLayout::Leaf(leaf, _) = node.typed {
        leaves.push(leaf);
    }
    node.children().iter().for_each(|child| subtree(child, segment, group, leaves));
}

fn find<'a>(json: &'a StructArray, keys: &[Arc<str>]) -> Option<&'a StructArray> {
    keys.iter().try_fold(json, |node, key| {
        node.column_by_name(TYPED_VALUE)?.as_struct_opt()?.column_by_name(key)?.as_struct_opt()
    })
}

/// What a row has at a path.
enum Cell<'a> {
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// An object that has columns.
    Object,
    Value(Variant<'a>),
}

/// Answers a request from a node; nothing if its bytes make no sense.
fn answer(
    node: &StructArray,
    names: Option<&BinaryViewArray>,
    rest: &[Step],
    request: Request,
    rows: usize,
) -> Option<ArrayRef> {
    let arrays = NodeArrays::of(node);
    if rest.is_empty() && arrays.value.is_none() {
        let typed = node.column_by_name(TYPED_VALUE)?;
        if let Some(answer) = from_typed(typed, request) {
            return Some(answer);
        }
    }
    let cell = |row: usize| cell(&arrays, names, rest, row);
    Some(match request {
        Request::Any | Request::Text | Request::Json => {
            let mut answers = StringViewBuilder::with_capacity(rows);
            let mut text = Vec::new();
            for row in 0..rows {
                text.clear();
                let has_text = match cell(row) {
                    None => false,
                    Some(Cell::Object) => arrays.write_json(names, row, &mut text)?,
                    Some(cell) => cell.write(request, &mut text)?,
                };
                answers.append_option(if has_text { Some(std::str::from_utf8(&text).ok()?) } else { None });
            }
            Arc::new(answers.finish())
        }
        Request::Int => {
            let mut answers = Int64Builder::with_capacity(rows);
            (0..rows).for_each(|row| answers.append_option(cell(row).and_then(|cell| whole(cell.number()?))));
            Arc::new(answers.finish())
        }
        Request::Float => {
            let mut answers = Float64Builder::with_capacity(rows);
            (0..rows).for_each(|row| answers.append_option(cell(row).and_then(|cell| cell.number()).map(float)));
            Arc::new(answers.finish())
        }
        Request::Bool => {
            let mut answers = BooleanBuilder::with_capacity(rows);
            (0..rows).for_each(|row| answers.append_option(cell(row).and_then(|cell| cell.truth())));
            Arc::new(answers.finish())
        }
    })
}

fn cell<'a>(
    arrays: &NodeArrays<'a>,
    names: Option<&'a BinaryViewArray>,
    rest: &[Step],
    row: usize,
) -> Option<Cell<'a>> {
    if rest.is_empty() {
        match &arrays.typed {
            TypedArrays::Text(typed) if typed.is_valid(row) => return Some(Cell::Text(typed.value(row))),
            TypedArrays::Int(typed) if typed.is_valid(row) => return Some(Cell::Int(typed.value(row))),
            TypedArrays::Float(typed) if typed.is_valid(row) => return Some(Cell::Float(typed.value(row))),
            TypedArrays::Bool(typed) if typed.is_valid(row) => return Some(Cell::Bool(typed.value(row))),
            TypedArrays::Object(_, object) if object.is_valid(row) => return Some(Cell::Object),
            _ => {}
        }
    }
    let value = arrays.value.filter(|value| value.is_valid(row))?;
    let value = Variant::new(names.map_or(&[], |names| names.value(row)), value.value(row));
    let found = rest.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.key(key),
        Step::Index(index) => value.index(*index),
    })?;
    // JSON null counts as no value.
    (found.kind()? != Kind::Null).then_some(Cell::Value(found))
}

impl Cell<'_> {
    /// Appends the text asked for, and returns whether there is any.
    fn write(&self, request: Request, out: &mut Vec<u8>) -> Option<bool> {
        match self {
            Self::Text(text) if request == Request::Json => write_text(text, out),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Int(value) => write_int(*value, out),
            Self::Float(value) => write_float(*value, out),
            Self::Bool(value) => write_bool(*value, out),
            Self::Object => return Some(false),
            Self::Value(value) => match value.kind()? {
                Kind::Text(text) if request != Request::Json => out.extend_from_slice(text.as_bytes()),
                _ => value.write_json(out)?,
            },
        }
        Some(true)
    }

    fn number(&self) -> Option<Number> {
        match self {
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Float(value) => Some(Number::Float(*value)),
            Self::Value(value) => match value.kind()? {
                Kind::Int(value) => Some(Number::Int(value)),
                Kind::Float(value) => Some(Number::Float(value)),
                #[expect(clippy::cast_precision_loss, reason = "a wide integer is answered as the nearest double")]
                Kind::Wide(value) => Some(Number::Float(value as f64)),
                _ => None,
            },
            Self::Text(_) | Self::Bool(_) | Self::Object => None,
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Value(value) => match value.kind()? {
                Kind::Bool(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }
}

/// Returns a typed column in the form asked for, where that is a matter of whole columns.
fn from_typed(typed: &ArrayRef, request: Request) -> Option<ArrayRef> {
    match (typed.data_type(), request) {
        (DataType::Utf8View, Request::Any | Request::Text)
        | (DataType::Int64, Request::Int)
        | (DataType::Float64, Request::Float)
        | (DataType::Boolean, Request::Bool) => Some(Arc::clone(typed)),
        (DataType::Int64, Request::Float)
        | (DataType::Int64 | DataType::Boolean, Request::Any | Request::Text | Request::Json) => {
            cast(typed, &request.data_type()).ok()
        }
        (DataType::Utf8View | DataType::Boolean, Request::Int | Request::Float)
        | (DataType::Utf8View | DataType::Int64 | DataType::Float64, Request::Bool) => {
            Some(new_null_array(&request.data_type(), typed.len()))
        }
        _ => None,
    }
}
