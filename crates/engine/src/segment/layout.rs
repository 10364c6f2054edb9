//! The columns of a segment as Parquet and Arrow describe them, when it is written and when it is read.
//!
//! Columns are those of the table, with field ids. A JSON column is a VARIANT group:
//!
//! ```text
//! required group data (VARIANT)
//!   required binary metadata            names of object fields
//!   optional binary value               fields that have no column of their own
//!   required group typed_value
//!     required group page
//!       optional binary value           values that are no text
//!       optional binary typed_value (STRING)
//!     required group geo
//!       optional binary value
//!       optional group typed_value
//!         required group city …
//! ```

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use parquet::arrow::{ArrowSchemaConverter, PARQUET_FIELD_ID_META_KEY};
use parquet::basic::{LogicalType, Type as Physical};
use parquet::errors::Result;
use parquet::schema::types::{SchemaDescriptor, Type};

use super::shape::{LeafType, Shape, Typed};

/// Names that the encoding prescribes.
pub(crate) const METADATA: &str = "metadata";
pub(crate) const VALUE: &str = "value";
pub(crate) const TYPED_VALUE: &str = "typed_value";
/// Name of the items of a list.
const ELEMENT: &str = "element";

/// Returns the fields of the column that a shape describes.
pub(crate) fn variant_fields(shape: &Shape) -> Fields {
    let mut fields = vec![Field::new(METADATA, DataType::Binary, false), Field::new(VALUE, DataType::Binary, true)];
    if !shape.nodes[0].children.is_empty() {
        fields.push(Field::new(TYPED_VALUE, DataType::Struct(object_fields(shape, 0)), false));
    }
    fields.into()
}

/// Returns one field for each child of a node.
pub(crate) fn object_fields(shape: &Shape, at: usize) -> Fields {
    let children = shape.nodes[at].children.iter();
    children
        .map(|child| Field::new(&*shape.nodes[*child].name, DataType::Struct(node_fields(shape, *child)), false))
        .collect()
}

/// Returns the fields of one node.
pub(crate) fn node_fields(shape: &Shape, at: usize) -> Fields {
    let typed = match shape.nodes[at].typed {
        Typed::Leaf(leaf) => leaf.data_type(),
        Typed::Object => DataType::Struct(object_fields(shape, at)),
    };
    vec![Field::new(VALUE, DataType::Binary, true), Field::new(TYPED_VALUE, typed, true)].into()
}

/// Returns the schema of a segment of `table`, whose columns named in `shapes` are JSON.
pub(crate) fn written_schema(table: &Schema, shapes: &[(usize, Arc<Shape>)]) -> SchemaRef {
    let mut next_id = table.fields().len();
    let fields = table.fields().iter().enumerate().map(|(index, field)| {
        let shape = shapes.iter().find(|(column, _)| *column == index);
        let kind = match (shape, field.data_type()) {
            (Some((_, shape)), _) => DataType::Struct(variant_fields(shape)),
            (None, DataType::List(item)) => {
                next_id += 1;
                DataType::List(Arc::new(with_id(item.as_ref().clone().with_name(ELEMENT), next_id)))
            }
            (None, kind) => kind.clone(),
        };
        with_id(Field::new(field.name(), kind, field.is_nullable()), index + 1)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn with_id(field: Field, id: usize) -> Field {
    field.with_metadata([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())].into())
}

/// Returns the Parquet schema, in which JSON columns are marked as VARIANT.
///
/// # Errors
/// When the schema has no Parquet form.
pub(crate) fn parquet_schema(schema: &Schema, shapes: &[(usize, Arc<Shape>)]) -> Result<SchemaDescriptor> {
    let plain = ArrowSchemaConverter::new().convert(schema)?;
    let fields = plain.root_schema().get_fields().iter().enumerate().map(|(index, field)| {
        if !shapes.iter().any(|(column, _)| *column == index) {
            return Ok(Arc::clone(field));
        }
        let group = Type::group_type_builder(field.name())
            .with_repetition(field.get_basic_info().repetition())
            .with_logical_type(Some(LogicalType::variant(Some(1))))
            .with_fields(field.get_fields().to_vec())
            .with_id(Some(field.get_basic_info().id()));
        Ok(Arc::new(group.build()?))
    });
    let root = Type::group_type_builder("schema").with_fields(fields.collect::<Result<_>>()?);
    Ok(SchemaDescriptor::new(Arc::new(root.build()?)))
}

/// Returns the schema with text and bytes as views, which are not copied out of pages.
pub(crate) fn with_views(schema: &Schema) -> SchemaRef {
    let fields: Fields = schema.fields().iter().map(field_with_views).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn field_with_views(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field_with_views).collect()),
        DataType::List(item) => DataType::List(field_with_views(item)),
        other => other.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// Where the parts of a JSON column are among the leaf columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct VariantLayout {
    /// Leaf column with the names of object fields.
    pub(crate) names: usize,
    pub(crate) root: NodeLayout,
}

/// Where one path is among the leaf columns of a file.
#[derive(Debug, Clone)]
pub(crate) struct NodeLayout {
    pub(crate) name: Arc<str>,
    /// Leaf column with values that have no column of their own.
    pub(crate) value: Option<usize>,
    pub(crate) typed: TypedLayout,
}

/// The typed part of a path.
#[derive(Debug, Clone)]
pub(crate) enum TypedLayout {
    Nothing,
    Leaf(usize, LeafType),
    Object(Vec<NodeLayout>),
}

impl VariantLayout {
    /// Reads the layout of a column whose first leaf is number `first`; nothing if it is no VARIANT that we know.
    pub(crate) fn of(column: &Type, first: usize) -> Option<Self> {
        if !matches!(column.get_basic_info().logical_type_ref(), Some(LogicalType::Variant(_))) {
            return None;
        }
        let mut next = first;
        let (metadata, rest) = column.get_fields().split_first()?;
        if metadata.name() != METADATA {
            return None;
        }
        next += 1;
        Some(Self { names: first, root: NodeLayout::of("", rest, &mut next)? })
    }
}

impl NodeLayout {
    fn of(name: &str, fields: &[Arc<Type>], next: &mut usize) -> Option<Self> {
        let mut node = Self { name: name.into(), value: None, typed: TypedLayout::Nothing };
        for field in fields {
            match (field.name(), field.is_primitive()) {
                (VALUE, true) => {
                    node.value = Some(*next);
                    *next += 1;
                }
                (TYPED_VALUE, true) => {
                    node.typed = TypedLayout::Leaf(*next, leaf_type(field)?);
                    *next += 1;
                }
                (TYPED_VALUE, false) => {
                    let children = field.get_fields().iter();
                    let children = children.map(|child| Self::of(child.name(), child.get_fields(), next));
                    node.typed = TypedLayout::Object(children.collect::<Option<_>>()?);
                }
                _ => return None,
            }
        }
        Some(node)
    }

    /// Returns the fields of the object that have columns.
    pub(crate) fn children(&self) -> &[Self] {
        match &self.typed {
            TypedLayout::Object(children) => children,
            _ => &[],
        }
    }
}

fn leaf_type(field: &Type) -> Option<LeafType> {
    match field.get_physical_type() {
        Physical::BYTE_ARRAY => Some(LeafType::Text),
        Physical::INT64 => Some(LeafType::Int),
        Physical::DOUBLE => Some(LeafType::Float),
        Physical::BOOLEAN => Some(LeafType::Bool),
        _ => None,
    }
}
