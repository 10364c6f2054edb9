//! Truncates times of the zone UTC without looking the zone up for each of them: there, each hour and each day is as long
//! as any other, and DataFusion's short way for times without a zone gives the same answer.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::wrapped::{Call, wrapped};

/// Returns `date_trunc` with the short way, and any other function as it is.
pub(super) fn truncated(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    match function.name() {
        "date_trunc" => wrapped(function, WithoutZone),
        _ => function,
    }
}

/// Hands times of UTC over as times without a zone.
#[derive(Debug, PartialEq, Eq, Hash)]
struct WithoutZone;

impl Call for WithoutZone {
    fn call(&self, function: &ScalarUDF, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(zone) = args.args.get(1).and_then(utc) else {
            return function.invoke_with_args(args);
        };
        let field = |field: &FieldRef, zone| {
            Arc::new(field.as_ref().clone().with_data_type(DataType::Timestamp(TimeUnit::Microsecond, zone)))
        };
        if let ColumnarValue::Array(times) = &args.args[1] {
            args.args[1] = ColumnarValue::Array(in_zone(times, None));
        }
        args.arg_fields[1] = field(&args.arg_fields[1], None);
        args.return_field = field(&args.return_field, None);
        match function.invoke_with_args(args)? {
            ColumnarValue::Array(times) => Ok(ColumnarValue::Array(in_zone(&times, Some(zone)))),
            constant => Ok(constant),
        }
    }
}

/// Returns the zone of a column of times that are kept in UTC, as it is spelt.
fn utc(times: &ColumnarValue) -> Option<Arc<str>> {
    match times {
        ColumnarValue::Array(times) => match times.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if matches!(zone.as_ref(), "UTC" | "+00:00") => {
                Some(Arc::clone(zone))
            }
            _ => None,
        },
        ColumnarValue::Scalar(_) => None,
    }
}

/// Returns the same moments under another zone; values are not copied.
fn in_zone(times: &ArrayRef, zone: Option<Arc<str>>) -> ArrayRef {
    Arc::new(times.as_primitive::<TimestampMicrosecondType>().clone().with_timezone_opt(zone))
}

#[cfg(test)]
mod tests {
    use arrow::array::TimestampMicrosecondArray;
    use arrow::datatypes::Field;
    use datafusion::common::ScalarValue;
    use datafusion::config::ConfigOptions;
    use datafusion::functions::datetime::date_trunc;
    use proptest::prelude::*;

    use super::*;

    fn call(function: &ScalarUDF, unit: &str, times: &ArrayRef) -> ArrayRef {
        let field = Arc::new(Field::new("time", times.data_type().clone(), true));
        let unit = ScalarValue::from(unit);
        let args = ScalarFunctionArgs {
            arg_fields: vec![Arc::new(Field::new("unit", unit.data_type(), false)), Arc::clone(&field)],
            args: vec![ColumnarValue::Scalar(unit), ColumnarValue::Array(Arc::clone(times))],
            number_rows: times.len(),
            return_field: field,
            config_options: Arc::new(ConfigOptions::default()),
        };
        function.invoke_with_args(args).unwrap().into_array(times.len()).unwrap()
    }

    proptest! {
        /// From the year 1700 to 2250, which nanoseconds of 64 bits hold.
        #[test]
        fn the_short_way_truncates_as_the_long_one(
            micros in prop::collection::vec(prop::option::of(-8_520_336_000_000_000_i64..8_836_000_000_000_000), 1..20),
        ) {
            let times = TimestampMicrosecondArray::from(micros);
            for unit in ["year", "quarter", "month", "week", "day", "HOUR", "minute", "second", "millisecond", "microsecond"] {
                for zone in ["UTC", "+00:00", "Europe/Oslo"] {
                    let times: ArrayRef = Arc::new(times.clone().with_timezone(zone));
                    let long = call(&date_trunc(), unit, &times);
                    let short = call(&truncated(date_trunc()), unit, &times);
                    prop_assert_eq!(short.data_type(), times.data_type());
                    prop_assert_eq!(&short, &long, "{} in {}", unit, zone);
                }
            }
        }
    }
}
