//! Numbers in the place of texts that come again and again, so that rows are grouped by numbers.
//!
//! A scan numbers the texts of a column while it reads them ([`Coder`]), and a step above the grouping turns the numbers back
//! ([`Decode`]). Rows of a file share the texts of its dictionary, so most rows find their number by where their text lies,
//! without a look at the text.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray, StringViewBuilder, UInt32Array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, FieldRef, Schema, UInt32Type};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use hashbrown::HashMap;
use parking_lot::Mutex;

/// Memory for one text, its own bytes aside: two pointers to it, its number and its place in a table.
const TEXT_BYTES: usize = 64;

/// Texts of one column and their numbers, which all threads of a query share.
#[derive(Debug, Default)]
pub(super) struct Codes(Mutex<Numbered>);

#[derive(Debug, Default)]
struct Numbered {
    numbers: HashMap<Arc<str>, u32>,
    /// By number.
    texts: Vec<Arc<str>>,
    /// What the texts take of the memory that queries may have.
    memory: Option<MemoryReservation>,
}

impl Codes {
    /// Counts the memory of texts to come in this pool.
    pub(super) fn account(&self, pool: &Arc<dyn MemoryPool>) {
        let mut numbered = self.0.lock();
        numbered.memory.get_or_insert_with(|| MemoryConsumer::new("numbers of texts").register(pool));
    }

    /// Returns the number of a text, a new one if it was not seen before.
    fn number(&self, text: &str) -> Result<u32> {
        let mut numbered = self.0.lock();
        if let Some(number) = numbered.numbers.get(text) {
            return Ok(*number);
        }
        if let Some(memory) = &numbered.memory {
            memory.try_grow(text.len() + TEXT_BYTES)?;
        }
        let number = u32::try_from(numbered.texts.len()).map_err(|_| exec_datafusion_err!("too many texts"))?;
        let text: Arc<str> = text.into();
        numbered.texts.push(Arc::clone(&text));
        numbered.numbers.insert(text, number);
        Ok(number)
    }

    fn texts(&self, numbers: &UInt32Array) -> Result<StringViewArray> {
        let numbered = self.0.lock();
        let mut texts = StringViewBuilder::with_capacity(numbers.len());
        for number in numbers {
            let text = |number: u32| numbered.texts.get(number as usize);
            match number {
                None => texts.append_null(),
                Some(number) => {
                    texts.append_value(text(number).ok_or_else(|| exec_datafusion_err!("no text {number}"))?);
                }
            }
        }
        Ok(texts.finish())
    }
}

/// Numbers that a [`Coder`] has at hand.
const SLOTS: usize = 1 << 10;
/// No view has this length.
const NO_VIEW: u128 = u128::MAX;

/// Numbers the texts that one thread reads.
#[derive(Debug)]
pub(super) struct Coder {
    codes: Arc<Codes>,
    /// What views point into; kept, so that no other buffer can come to lie where one of them was.
    buffers: Vec<Buffer>,
    /// The last views that fell into each slot, and their numbers.
    slots: Box<[(u128, u32); SLOTS]>,
    /// Numbers of all views into these buffers.
    known: HashMap<u128, u32>,
}

impl Coder {
    pub(super) fn new(codes: Arc<Codes>) -> Self {
        Self { codes, buffers: Vec::new(), slots: Box::new([(NO_VIEW, 0); SLOTS]), known: HashMap::new() }
    }

    /// Returns the number of each text.
    ///
    /// # Errors
    /// When new texts take more memory than there is.
    pub(super) fn read(&mut self, texts: &StringViewArray) -> Result<UInt32Array> {
        self.turn_to(texts.data_buffers());
        let mut numbers = vec![0; texts.len()];
        for (row, (view, number)) in texts.views().iter().zip(&mut numbers).enumerate() {
            let slot = slot(*view);
            if self.slots[slot].0 != *view {
                if texts.is_null(row) {
                    continue;
                }
                self.slots[slot] = (*view, self.find(*view, texts.value(row))?);
            }
            *number = self.slots[slot].1;
        }
        Ok(UInt32Array::new(numbers.into(), texts.nulls().cloned()))
    }

    fn find(&mut self, view: u128, text: &str) -> Result<u32> {
        if let Some(number) = self.known.get(&view) {
            return Ok(*number);
        }
        let number = self.codes.number(text)?;
        self.known.insert(view, number);
        Ok(number)
    }

    /// Forgets views into other buffers than these.
    fn turn_to(&mut self, buffers: &[Buffer]) {
        let is_same = |(a, b): (&Buffer, &Buffer)| a.as_ptr() == b.as_ptr() && a.len() == b.len();
        if self.buffers.len() != buffers.len() || !self.buffers.iter().zip(buffers).all(is_same) {
            self.buffers = buffers.to_vec();
            self.slots.fill((NO_VIEW, 0));
            self.known.clear();
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a view are mixed, and the highest bits of that are few"
)]
fn slot(view: u128) -> usize {
    let mixed = (view as u64 ^ (view >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

/// Turns numbers back into the texts that they stand for.
#[derive(Debug)]
pub(super) struct Decode {
    codes: Arc<Codes>,
    numbers: Arc<dyn PhysicalExpr>,
    /// What the column of texts is called.
    field: FieldRef,
}

impl Decode {
    pub(super) fn new(codes: Arc<Codes>, numbers: Arc<dyn PhysicalExpr>, field: FieldRef) -> Self {
        Self { codes, numbers, field }
    }
}

impl PartialEq for Decode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.codes, &other.codes) && self.numbers.eq(&other.numbers)
    }
}

impl Eq for Decode {}

impl Hash for Decode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.codes).hash(state);
        self.numbers.hash(state);
    }
}

impl fmt::Display for Decode {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "text({})", self.numbers)
    }
}

impl PhysicalExpr for Decode {
    fn data_type(&self, _schema: &Schema) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn nullable(&self, _schema: &Schema) -> Result<bool> {
        Ok(self.field.is_nullable())
    }

    fn return_field(&self, _schema: &Schema) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let numbers = self.numbers.evaluate(batch)?.into_array(batch.num_rows())?;
        let numbers = numbers.as_primitive_opt::<UInt32Type>();
        let texts = self.codes.texts(numbers.ok_or_else(|| exec_datafusion_err!("texts have no numbers"))?)?;
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.numbers]
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        let numbers = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.numbers));
        Ok(Arc::new(Self::new(Arc::clone(&self.codes), numbers, Arc::clone(&self.field))))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.numbers.fmt_sql(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(codes: &Codes, numbers: &UInt32Array) -> Vec<Option<String>> {
        codes.texts(numbers).unwrap().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn numbers_turn_back_into_the_texts_whatever_buffers_they_came_in() {
        let codes = Arc::new(Codes::default());
        let mut coders = [Coder::new(Arc::clone(&codes)), Coder::new(Arc::clone(&codes))];
        let long = "a text that is longer than a view has room for";
        // So many that they share slots.
        let many: Vec<String> = (0..5 * SLOTS).map(|number| format!("{long} {}", number % (2 * SLOTS))).collect();
        let batches = [
            StringViewArray::from(vec![Some("short"), None, Some(""), Some(long), Some("short"), None]),
            StringViewArray::from(vec![Some(long), Some("another text that has a buffer of its own"), Some("")]),
            StringViewArray::from_iter_values(&many),
            StringViewArray::from_iter_values(many.iter().rev()).slice(7, 100),
        ];
        for batch in &batches {
            for coder in &mut coders {
                let numbers = coder.read(batch).unwrap();
                let expected: Vec<_> = batch.iter().map(|text| text.map(str::to_owned)).collect();
                assert_eq!(texts_of(&codes, &numbers), expected);
            }
        }
        // Each text has one number, whoever read it.
        assert_eq!(codes.0.lock().texts.len(), 4 + 2 * SLOTS);
    }

    #[test]
    fn texts_take_of_the_memory_that_there_is() {
        let pool: Arc<dyn MemoryPool> = Arc::new(datafusion::execution::memory_pool::GreedyMemoryPool::new(1_000));
        let codes = Arc::new(Codes::default());
        codes.account(&pool);
        let mut coder = Coder::new(Arc::clone(&codes));
        coder.read(&StringViewArray::from(vec!["few"; 100])).unwrap();
        let many = StringViewArray::from_iter_values((0..100).map(|number| number.to_string()));
        assert!(coder.read(&many).unwrap_err().to_string().contains("Resources exhausted"));
    }
}
