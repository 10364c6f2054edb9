//! Compares a column of texts with one text, by the sixteen bytes that each text has in the column: its length and its first
//! letters, or all of it.
//!
//! Most conditions on events are of this form (`type = 'error'`), and the comparison of DataFusion looks at each text in steps.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringViewArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};

/// Returns the condition with such comparisons in the place of DataFusion's; `schema` is that of its columns.
pub(super) fn faster(condition: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let rewritten = Arc::clone(condition).transform_down(|expr| {
        let equals = expr.downcast_ref::<BinaryExpr>().and_then(|binary| TextEquals::of(binary, schema));
        Ok(match equals {
            Some(equals) => Transformed::yes(Arc::new(equals) as Arc<dyn PhysicalExpr>),
            None => Transformed::no(expr),
        })
    })?;
    Ok(rewritten.data)
}

/// `column = 'text'`.
#[derive(Debug, Clone)]
struct TextEquals {
    column: Arc<dyn PhysicalExpr>,
    /// The one text.
    text: StringViewArray,
}

impl TextEquals {
    fn of(binary: &BinaryExpr, schema: &Schema) -> Option<Self> {
        let is_text = |expr: &Arc<dyn PhysicalExpr>| {
            expr.downcast_ref::<Column>().is_some_and(|column| {
                schema.fields().get(column.index()).is_some_and(|field| *field.data_type() == DataType::Utf8View)
            })
        };
        let (column, literal) = match (binary.left(), binary.right()) {
            (column, literal) if is_text(column) => (column, literal),
            (literal, column) if is_text(column) => (column, literal),
            _ => return None,
        };
        let text = literal.downcast_ref::<Literal>()?.value().try_as_str()??.to_owned();
        (*binary.op() == Operator::Eq)
            .then(|| Self { column: Arc::clone(column), text: StringViewArray::from(vec![text]) })
    }

    fn text(&self) -> &str {
        self.text.value(0)
    }

    fn compare(&self, texts: &StringViewArray) -> BooleanArray {
        let (wanted, views) = (self.text.views()[0], texts.views());
        let equal = match self.text.data_buffers() {
            // All of a short text is in its view.
            [] => BooleanBuffer::collect_bool(views.len(), |row| views[row] == wanted),
            // Of a long one its length and its first four letters are.
            _ => BooleanBuffer::collect_bool(views.len(), |row| {
                views[row] as u64 == wanted as u64 && texts.value(row) == self.text()
            }),
        };
        BooleanArray::new(equal, texts.nulls().cloned())
    }
}

impl PartialEq for TextEquals {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.text() == other.text()
    }
}

impl Eq for TextEquals {}

impl Hash for TextEquals {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.text().hash(state);
    }
}

impl fmt::Display for TextEquals {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} = {}", self.column, self.text())
    }
}

impl PhysicalExpr for TextEquals {
    fn data_type(&self, _schema: &Schema) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn nullable(&self, schema: &Schema) -> Result<bool> {
        self.column.nullable(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let texts = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        Ok(ColumnarValue::Array(Arc::new(self.compare(texts.as_string_view()))))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let column = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.column));
        Ok(Arc::new(Self { column, text: self.text.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;
    use datafusion::common::ScalarValue;
    use proptest::prelude::*;

    use super::*;

    /// Texts that are often equal, or begin alike and have the same length.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ab]{0,3}", "twelve byte[sz]", "thirteen byte[sz]", "a long text that ends with [ab]{1,2}"]
    }

    proptest! {
        #[test]
        fn the_answer_is_that_of_the_comparison_it_stands_for(
            texts in prop::collection::vec(prop::option::of(text()), 0..40),
            wanted in text(),
            swapped in any::<bool>(),
        ) {
            let array: StringViewArray = texts.iter().map(|text| text.as_deref()).collect();
            let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8View, true)]));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(array)]).unwrap();
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new("a", 0));
            let literal: Arc<dyn PhysicalExpr> = Arc::new(Literal::new(ScalarValue::Utf8View(Some(wanted))));
            let (left, right) = if swapped { (literal, column) } else { (column, literal) };
            let slow: Arc<dyn PhysicalExpr> = Arc::new(BinaryExpr::new(left, Operator::Eq, right));
            let fast = faster(&slow, &schema).unwrap();
            prop_assert!(fast.is::<TextEquals>());
            let answer = |expr: &Arc<dyn PhysicalExpr>| {
                expr.evaluate(&batch).unwrap().into_array(batch.num_rows()).unwrap().as_boolean().clone()
            };
            prop_assert_eq!(answer(&fast), answer(&slow));
        }
    }
}
