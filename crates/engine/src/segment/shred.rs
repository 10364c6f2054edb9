//! Takes the rows of a JSON column apart into the columns of a shape, losing nothing.
//!
//! Each node of the shape has a typed column and one for values of any other kind; a field that has no node goes to its
//! parent's. A missing field is in neither, JSON null is a value like any other.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBufferBuilder, BooleanBuilder, Float64Builder, Int64Builder,
    StringViewBuilder, StructArray,
};
use arrow::buffer::NullBuffer;
use streamflow_core::json::{JsonError, Number, Reader, Scalar};

use super::layout::node_fields;
use super::shape::{KEYS_MAX, LeafType, NESTING_MAX, Node, Shape, Typed};
use super::variant_write::{Fields, Names, write_scalar, write_value};

/// Names that the rows of one group share in one dictionary; a row with names beyond it brings its own.
const NAMES_SHARED_MAX: usize = 512;
/// Bytes of those names.
const NAMES_SHARED_BYTES_MAX: usize = 16 << 10;
/// Integers up to this size are the same number as a double.
pub(crate) const EXACT_INT_MAX: u64 = 1 << 53;

/// Takes rows apart.
#[derive(Debug)]
pub(crate) struct Shredder {
    shape: Arc<Shape>,
    columns: Vec<Columns>,
    rows: usize,
    names: Names,
    /// Whether `names` are those of one row.
    is_own: bool,
    /// Rows that have a dictionary of their own.
    own_names: Vec<(usize, Vec<u8>)>,
}

/// The columns of one node, at most as long as there are rows.
#[derive(Debug)]
struct Columns {
    typed: TypedColumn,
    value: BinaryBuilder,
    /// How many values other than null are not of the node's type.
    foreign: usize,
}

#[derive(Debug)]
enum TypedColumn {
    Text(StringViewBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    /// Which rows have the object.
    Object(BooleanBufferBuilder),
    /// As long as there are rows.
    Made(ArrayRef),
}

/// What the rows of a node had that its typed column could not hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Foreign(pub(crate) usize);

impl Shredder {
    pub(crate) fn new(shape: Arc<Shape>) -> Self {
        let columns = shape.nodes.iter().map(Columns::new).collect();
        let mut names = Names::default();
        shape.nodes.iter().skip(1).for_each(|node| _ = names.id(node.name.as_bytes()));
        Self { shape, columns, rows: 0, names, is_own: false, own_names: Vec::new() }
    }

    /// Takes one more row.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub(crate) fn push(&mut self, json: &str) -> Result<(), JsonError> {
        let text = json.as_bytes();
        let reader = || Reader::new(text, 0, NESTING_MAX, KEYS_MAX);
        let is_full = self.names.len() >= NAMES_SHARED_MAX || self.names.bytes() >= NAMES_SHARED_BYTES_MAX;
        if is_full && !knows_all(&mut reader(), text, &self.names)? {
            let shared = std::mem::take(&mut self.names);
            self.is_own = true;
            let pushed = self.object(0, &mut reader(), text);
            self.is_own = false;
            let own = std::mem::replace(&mut self.names, shared);
            pushed?;
            self.own_names.push((self.rows, own.encode()));
        } else {
            self.object(0, &mut reader(), text)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// Returns a column of `rows` rows that have nothing but these typed columns, one for each child of the root.
    pub(crate) fn of_columns(shape: Arc<Shape>, rows: usize, typed: Vec<Option<ArrayRef>>) -> StructArray {
        let mut shredder = Self::new(shape);
        shredder.rows = rows;
        for (child, typed) in shredder.shape.nodes[0].children.iter().zip(typed) {
            if let Some(typed) = typed {
                shredder.columns[*child].typed = TypedColumn::Made(typed);
            }
        }
        if let TypedColumn::Object(present) = &mut shredder.columns[0].typed {
            present.append_n(rows, true);
        }
        shredder.finish().0
    }

    /// Returns the rows taken so far as one column, and for each node of the shape what its type could not hold.
    pub(crate) fn finish(mut self) -> (StructArray, Vec<Foreign>) {
        let rows = self.rows;
        let shared = self.names.encode();
        let mut names = BinaryBuilder::new();
        let mut own = self.own_names.iter().peekable();
        for row in 0..rows {
            match own.next_if(|(of, _)| *of == row) {
                Some((_, names_of_row)) => names.append_value(names_of_row),
                None => names.append_value(&shared),
            }
        }
        let foreign = self.columns.iter().map(|columns| Foreign(columns.foreign)).collect();
        let (value, typed) = self.arrays(0, rows);
        let fields = super::layout::variant_fields(&self.shape);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(names.finish()), value];
        arrays.extend(typed);
        (StructArray::new(fields, arrays, None), foreign)
    }

    /// Returns the two columns of a node; an object without columns of its own has only the first.
    fn arrays(&mut self, at: usize, rows: usize) -> (ArrayRef, Option<ArrayRef>) {
        let columns = &mut self.columns[at];
        let missing = rows - columns.value.len();
        columns.value.append_nulls(missing);
        let value: ArrayRef = Arc::new(columns.value.finish());
        columns.typed.pad(rows);
        let typed: ArrayRef = match &mut columns.typed {
            TypedColumn::Text(column) => Arc::new(column.finish()),
            TypedColumn::Int(column) => Arc::new(column.finish()),
            TypedColumn::Float(column) => Arc::new(column.finish()),
            TypedColumn::Bool(column) => Arc::new(column.finish()),
            TypedColumn::Made(column) => Arc::clone(column),
            TypedColumn::Object(present) => {
                let nulls = (at > 0).then(|| NullBuffer::new(present.finish()));
                let children = self.shape.nodes[at].children.clone();
                if children.is_empty() {
                    return (value, None);
                }
                let arrays = children.iter().map(|child| {
                    let (value, typed) = self.arrays(*child, rows);
                    let fields = node_fields(&self.shape, *child);
                    let parts = std::iter::once(value).chain(typed).collect();
                    Arc::new(StructArray::new(fields, parts, None)) as ArrayRef
                });
                let arrays: Vec<ArrayRef> = arrays.collect();
                let fields = super::layout::object_fields(&self.shape, at);
                Arc::new(StructArray::new(fields, arrays, nulls))
            }
        };
        (value, Some(typed))
    }

    fn object(&mut self, at: usize, reader: &mut Reader<'_>, text: &[u8]) -> Result<(), JsonError> {
        let shape = Arc::clone(&self.shape);
        let children = &shape.nodes[at].children;
        let (mut rest, mut fields) = (Vec::new(), Fields::default());
        let mut expected = 0;
        let mut more = reader.enter_object()?;
        while more {
            let key = reader.key()?;
            let key = key.unescaped(text);
            let is_key = |position: &usize| shape.nodes[children[*position]].name.as_bytes() == &*key;
            let found = Some(expected)
                .filter(|position| *position < children.len() && is_key(position))
                .or_else(|| (0..children.len()).find(is_key));
            match found {
                Some(position) => {
                    expected = position + 1;
                    self.value(children[position], &key, reader, text)?;
                }
                None => {
                    fields.push(self.names.id(&key), rest.len());
                    write_value(reader, text, &mut self.names, &mut rest)?;
                }
            }
            more = reader.next_in_object()?;
        }
        let row = self.rows;
        if let TypedColumn::Object(present) = &mut self.columns[at].typed {
            present.append_n(row - present.len(), false);
            present.append(true);
        }
        // An object that has no columns at all is only there if its value is.
        if !fields.is_empty() || children.is_empty() {
            fields.finish(&self.names, 0, &mut rest);
            self.columns[at].push_value(row, &rest);
        }
        Ok(())
    }

    fn value(&mut self, at: usize, key: &[u8], reader: &mut Reader<'_>, text: &[u8]) -> Result<(), JsonError> {
        if self.is_own {
            // A dictionary names all fields of its rows, also those that have columns; the shared one does from the start.
            self.names.id(key);
        }
        let row = self.rows;
        let byte = reader.peek();
        if byte == Some(b'{') && self.shape.nodes[at].typed == Typed::Object {
            return self.object(at, reader, text);
        }
        let mut value = Vec::new();
        if matches!(byte, Some(b'{' | b'[')) {
            write_value(reader, text, &mut self.names, &mut value)?;
            self.columns[at].foreign += 1;
            self.columns[at].push_value(row, &value);
            return Ok(());
        }
        let start = reader.position();
        let scalar = reader.scalar()?;
        let columns = &mut self.columns[at];
        if !columns.typed.push(row, scalar, text) {
            columns.foreign += usize::from(scalar != Scalar::Null);
            write_scalar(scalar, text, &text[start..reader.position()], &mut value);
            columns.push_value(row, &value);
        }
        Ok(())
    }
}

impl Columns {
    fn new(node: &Node) -> Self {
        let typed = match node.typed {
            Typed::Leaf(LeafType::Text) => TypedColumn::Text(StringViewBuilder::new()),
            Typed::Leaf(LeafType::Int) => TypedColumn::Int(Int64Builder::new()),
            Typed::Leaf(LeafType::Float) => TypedColumn::Float(Float64Builder::new()),
            Typed::Leaf(LeafType::Bool) => TypedColumn::Bool(BooleanBuilder::new()),
            Typed::Object => TypedColumn::Object(BooleanBufferBuilder::new(0)),
        };
        Self { typed, value: BinaryBuilder::new(), foreign: 0 }
    }

    fn push_value(&mut self, row: usize, value: &[u8]) {
        let missing = row - self.value.len();
        self.value.append_nulls(missing);
        self.value.append_value(value);
    }
}

impl TypedColumn {
    /// Adds nulls up to `rows` rows.
    fn pad(&mut self, rows: usize) {
        match self {
            Self::Text(column) => (column.len()..rows).for_each(|_| column.append_null()),
            Self::Int(column) => column.append_nulls(rows - column.len()),
            Self::Float(column) => column.append_nulls(rows - column.len()),
            Self::Bool(column) => column.append_nulls(rows - column.len()),
            Self::Object(present) => present.append_n(rows - present.len(), false),
            Self::Made(_) => {}
        }
    }

    /// Adds the value of a row if it is of this type, and returns whether it is.
    fn push(&mut self, row: usize, scalar: Scalar, text: &[u8]) -> bool {
        match (&mut *self, scalar) {
            (Self::Text(_), Scalar::Text(value)) => {
                let value = value.unescaped(text);
                let Ok(value) = std::str::from_utf8(&value) else { return false };
                self.pad(row);
                if let Self::Text(column) = self {
                    column.append_value(value);
                }
            }
            (Self::Int(column), Scalar::Number(Number::Int(value))) => {
                column.append_nulls(row - column.len());
                column.append_value(value);
            }
            (Self::Float(column), Scalar::Number(Number::Float(value))) => {
                column.append_nulls(row - column.len());
                column.append_value(value);
            }
            #[expect(clippy::cast_precision_loss, reason = "it is exact up to this size")]
            (Self::Float(column), Scalar::Number(Number::Int(value))) if value.unsigned_abs() <= EXACT_INT_MAX => {
                column.append_nulls(row - column.len());
                column.append_value(value as f64);
            }
            (Self::Bool(column), Scalar::Bool(value)) => {
                column.append_nulls(row - column.len());
                column.append_value(value);
            }
            _ => return false,
        }
        true
    }
}

/// Returns whether the next value has only names that are known.
fn knows_all(reader: &mut Reader<'_>, text: &[u8], names: &Names) -> Result<bool, JsonError> {
    match reader.peek() {
        Some(b'{') => {
            let mut more = reader.enter_object()?;
            while more {
                let key = reader.key()?;
                if !names.contains(&key.unescaped(text)) || !knows_all(reader, text, names)? {
                    return Ok(false);
                }
                more = reader.next_in_object()?;
            }
        }
        Some(b'[') => {
            let mut more = reader.enter_array()?;
            while more {
                if !knows_all(reader, text, names)? {
                    return Ok(false);
                }
                more = reader.next_in_array()?;
            }
        }
        _ => reader.skip_value()?,
    }
    Ok(true)
}
