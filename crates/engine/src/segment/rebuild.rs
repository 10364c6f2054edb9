//! Puts JSON text together again from the columns of a VARIANT, as many of them as were read.

use std::sync::Arc;

use arrow::array::{
    Array, AsArray, BinaryViewArray, BooleanArray, Float64Array, Int64Array, StringViewArray, StringViewBuilder,
    StructArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::layout::{METADATA, TYPED_VALUE, VALUE};
use super::variant::{Variant, write_bool, write_float, write_int, write_text};
use crate::tail::{Leaf, Leaves};

/// The columns of one path that were read.
#[derive(Debug)]
pub(crate) struct NodeArrays<'a> {
    /// Values that have no typed column.
    pub(crate) value: Option<&'a BinaryViewArray>,
    pub(crate) typed: TypedArrays<'a>,
}

/// The typed columns of one path.
#[derive(Debug)]
pub(crate) enum TypedArrays<'a> {
    Nothing,
    Text(&'a StringViewArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Bool(&'a BooleanArray),
    /// The fields with the start of their text (`"name":`), and which rows have the object.
    Object(Vec<(Vec<u8>, NodeArrays<'a>)>, &'a StructArray),
}

/// Returns the column with the names of object fields, if it was read.
pub(crate) fn names_of(column: &StructArray) -> Option<&BinaryViewArray> {
    column.column_by_name(METADATA)?.as_binary_view_opt()
}

impl<'a> NodeArrays<'a> {
    /// Returns the columns of a node, which is the VARIANT itself or one of its paths.
    pub(crate) fn of(node: &'a StructArray) -> Self {
        let value = node.column_by_name(VALUE).and_then(|value| value.as_binary_view_opt());
        let value = value.filter(|value| value.null_count() < value.len());
        let Some(typed) = node.column_by_name(TYPED_VALUE) else {
            return Self { value, typed: TypedArrays::Nothing };
        };
        let typed = match typed.data_type() {
            DataType::Utf8View => TypedArrays::Text(typed.as_string_view()),
            DataType::Int64 => TypedArrays::Int(typed.as_primitive::<Int64Type>()),
            DataType::Float64 => TypedArrays::Float(typed.as_primitive::<Float64Type>()),
            DataType::Boolean => TypedArrays::Bool(typed.as_boolean()),
            DataType::Struct(fields) => {
                let object = typed.as_struct();
                let children = fields.iter().zip(object.columns()).filter_map(|(field, child)| {
                    let mut start = Vec::new();
                    write_text(field.name(), &mut start);
                    start.push(b':');
                    Some((start, NodeArrays::of(child.as_struct_opt()?)))
                });
                TypedArrays::Object(children.collect(), object)
            }
            _ => TypedArrays::Nothing,
        };
        Self { value, typed }
    }

    /// Appends the JSON text of a row's value and returns true, or returns false if the row does not have the path.
    /// Bytes that are no variant give nothing.
    pub(crate) fn write_json(&self, names: Option<&BinaryViewArray>, row: usize, out: &mut Vec<u8>) -> Option<bool> {
        let rest = self.value.filter(|value| value.is_valid(row));
        let rest = rest.map(|value| Variant::new(names.map_or(&[], |names| names.value(row)), value.value(row)));
        match &self.typed {
            TypedArrays::Text(typed) if typed.is_valid(row) => write_text(typed.value(row), out),
            TypedArrays::Int(typed) if typed.is_valid(row) => write_int(typed.value(row), out),
            TypedArrays::Float(typed) if typed.is_valid(row) => write_float(typed.value(row), out),
            TypedArrays::Bool(typed) if typed.is_valid(row) => write_bool(typed.value(row), out),
            TypedArrays::Object(children, object) if object.is_valid(row) => {
                out.push(b'{');
                let mut is_first = true;
                for (start, child) in children {
                    let before = out.len();
                    if !is_first {
                        out.push(b',');
                    }
                    out.extend_from_slice(start);
                    if child.write_json(names, row, out)? {
                        is_first = false;
                    } else {
                        out.truncate(before);
                    }
                }
                if let Some(rest) = rest {
                    rest.write_fields(out)?;
                }
                out.push(b'}');
            }
            _ => match rest {
                Some(value) => value.write_json(out)?,
                None => return Some(false),
            },
        }
        Some(true)
    }

    /// Returns the typed columns of an object's fields as leaves, if they stand for all of every row: no value beside them, and no
    /// object in an object.
    pub(crate) fn leaves(object: &StructArray) -> Option<Leaves> {
        let has_values = |node: &StructArray| match node.column_by_name(VALUE) {
            Some(value) => value.null_count() < value.len(),
            None => false,
        };
        let fields = object.column_by_name(TYPED_VALUE)?.as_struct_opt()?;
        if has_values(object) || fields.null_count() > 0 {
            return None;
        }
        let mut leaves = Leaves::default();
        for (field, child) in fields.fields().iter().zip(fields.columns()) {
            let child = child.as_struct_opt()?;
            let typed = child.column_by_name(TYPED_VALUE)?;
            if has_values(child) || typed.data_type().is_nested() {
                return None;
            }
            leaves.by_path.insert(field.name().as_str().into(), Leaf::Typed(Arc::clone(typed)));
        }
        Some(leaves)
    }

    /// Returns the JSON text of all rows of a whole column; a row without anything is the empty object.
    pub(crate) fn whole(&self, names: Option<&BinaryViewArray>, rows: usize) -> Option<StringViewArray> {
        let mut texts = StringViewBuilder::with_capacity(rows);
        let mut text = Vec::new();
        for row in 0..rows {
            text.clear();
            let is_there = self.write_json(names, row, &mut text)?;
            texts.append_value(if is_there { std::str::from_utf8(&text).ok()? } else { "{}" });
        }
        Some(texts.finish())
    }
}
