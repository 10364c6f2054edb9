//! Keeps functions that make much out of little (`repeat('x', 1000000000)`) from taking more memory than a query may have.
//! The memory of operators is counted where they ask for it; that of a function's answer would not be.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalUnit};
use datafusion::common::{Result, ScalarValue, resources_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::wrapped::{Call, wrapped};

/// Bytes that one call may make out of one batch of rows.
const ANSWER_BYTES_MAX: u64 = 128 << 20;
/// Bytes of an item of a list, or of a padding letter, at most.
const ITEM_BYTES: u64 = 16;

/// How the size of an answer follows from the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// The second argument times the length of the first.
    Times,
    /// As many items as the second argument says.
    Items,
    /// One item for each step from the first argument to the second.
    Steps,
}

/// Returns the function with a limit on its answers, if it is one that needs it.
pub(super) fn limited(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let growth = match function.name() {
        "repeat" => Growth::Times,
        "lpad" | "rpad" | "array_repeat" | "array_resize" => Growth::Items,
        "range" | "generate_series" => Growth::Steps,
        _ => return function,
    };
    wrapped(function, growth)
}

impl Call for Growth {
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Constants are looked at once, and make one answer.
        let rows =
            if args.args.iter().any(|value| matches!(value, ColumnarValue::Array(_))) { args.number_rows } else { 1 };
        let arrays: Vec<ArrayRef> = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<_>>()?;
        let bytes = (0..rows).map(|row| self.bytes(&arrays, row)).fold(0, u64::saturating_add);
        if bytes > ANSWER_BYTES_MAX {
            return resources_err!("{} would make {bytes} bytes", function.name());
        }
        function.invoke_with_args(args)
    }
}

impl Growth {
    fn bytes(self, arguments: &[ArrayRef], row: usize) -> u64 {
        let number = |index: usize| arguments.get(index).and_then(|argument| number_at(argument, row));
        match self {
            Self::Times => {
                let text = arguments.first().and_then(|text| text_bytes(text, row)).unwrap_or(0);
                count(number(1)).saturating_mul(text)
            }
            Self::Items => count(number(1)).saturating_mul(ITEM_BYTES),
            Self::Steps => {
                // With one argument it is the end, and the start is 0.
                let (from, to) = if arguments.len() == 1 { (Some(0), number(0)) } else { (number(0), number(1)) };
                let step = number(2).unwrap_or(1).unsigned_abs().max(1);
                let span = from.zip(to).map_or(0, |(from, to)| from.abs_diff(to));
                (span / step).saturating_mul(ITEM_BYTES)
            }
        }
    }
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

fn text_bytes(text: &ArrayRef, row: usize) -> Option<u64> {
    let text = cast(&text.slice(row, 1), &DataType::Utf8View).ok()?;
    Some(text.as_string_view().value(0).len() as u64)
}

/// Returns a number, or a time or an interval in nanoseconds.
fn number_at(argument: &ArrayRef, row: usize) -> Option<i64> {
    const DAY: i64 = 86_400_000_000_000;
    match argument.data_type() {
        DataType::Interval(IntervalUnit::MonthDayNano) => match ScalarValue::try_from_array(argument, row).ok()? {
            ScalarValue::IntervalMonthDayNano(Some(step)) => {
                let days = i64::from(step.months).saturating_mul(28).saturating_add(i64::from(step.days));
                Some(days.saturating_mul(DAY).saturating_add(step.nanoseconds))
            }
            _ => None,
        },
        kind if kind.is_temporal() => {
            let time =
                cast(&argument.slice(row, 1), &DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None))
                    .ok()?;
            integer(&time)
        }
        _ => integer(&argument.slice(row, 1)),
    }
}

fn integer(value: &ArrayRef) -> Option<i64> {
    let value = cast(value, &DataType::Int64).ok()?;
    value.is_valid(0).then(|| value.as_primitive::<Int64Type>().value(0))
}
