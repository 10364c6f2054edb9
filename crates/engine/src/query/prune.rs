//! Reads from a question's conditions which event times can answer it, so that chunks of other times are passed over.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use crate::clock::Micros;

/// Event times that can satisfy the conditions, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimeRange {
    from: Micros,
    to: Micros,
}

impl TimeRange {
    const ALL: Self = Self { from: Micros::MIN, to: Micros::MAX };

    /// Returns the times that satisfy every one of the conditions, or more.
    pub(super) fn of(conditions: &[Expr]) -> Self {
        conditions.iter().filter_map(range_of).fold(Self::ALL, Self::and)
    }

    /// Returns whether any time from `first` to `last` is in the range.
    pub(super) fn overlaps(self, first: Micros, last: Micros) -> bool {
        first <= self.to && last >= self.from
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), to: self.to.min(other.to) }
    }
}

/// Returns whether the condition says anything about the event time.
pub(super) fn limits_time(condition: &Expr) -> bool {
    range_of(condition).is_some()
}

fn range_of(condition: &Expr) -> Option<TimeRange> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => match (range_of(left), range_of(right)) {
            (Some(left), Some(right)) => Some(left.and(right)),
            (left, right) => left.or(right),
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_time(left) => compared(*op, micros(right)?),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_time(right) => compared(op.swap()?, micros(left)?),
        Expr::Between(Between { expr, negated: false, low, high }) if is_time(expr) => {
            Some(TimeRange { from: micros(low)?, to: micros(high)?.saturating_add(1) })
        }
        _ => None,
    }
}

/// Returns the range on one side of a time. Finer units were rounded down, so one microsecond is added above.
fn compared(operator: Operator, time: Micros) -> Option<TimeRange> {
    let to = time.saturating_add(1);
    match operator {
        Operator::Eq => Some(TimeRange { from: time, to }),
        Operator::Gt | Operator::GtEq => Some(TimeRange { from: time, ..TimeRange::ALL }),
        Operator::Lt | Operator::LtEq => Some(TimeRange { to, ..TimeRange::ALL }),
        _ => None,
    }
}

/// Returns whether the expression is the event time, in whatever unit.
fn is_time(expr: &Expr) -> bool {
    match expr {
        Expr::Column(column) => column.name == "timestamp",
        Expr::Cast(cast) => {
            cast.field.data_type().is_temporal() && is_timestamp(cast.field.data_type()) && is_time(&cast.expr)
        }
        _ => false,
    }
}

fn is_timestamp(kind: &arrow::datatypes::DataType) -> bool {
    matches!(kind, arrow::datatypes::DataType::Timestamp(..))
}

fn micros(expr: &Expr) -> Option<Micros> {
    let Expr::Literal(value, _) = expr else {
        return None;
    };
    match value {
        ScalarValue::TimestampSecond(time, _) => time.map(|time| time.saturating_mul(1_000_000)),
        ScalarValue::TimestampMillisecond(time, _) => time.map(|time| time.saturating_mul(1_000)),
        ScalarValue::TimestampMicrosecond(time, _) => *time,
        ScalarValue::TimestampNanosecond(time, _) => time.map(|time| time.div_euclid(1_000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    fn time(micros: Micros) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
    }

    #[test]
    fn only_conditions_on_the_event_time_narrow_the_range() {
        let check = |condition: Expr, expected: Option<(Micros, Micros)>| {
            assert_eq!(range_of(&condition), expected.map(|(from, to)| TimeRange { from, to }), "{condition}");
        };
        check(col("timestamp").gt_eq(time(5)), Some((5, Micros::MAX)));
        check(time(5).gt_eq(col("timestamp")), Some((Micros::MIN, 6)));
        check(col("timestamp").gt(time(5)).and(col("type").eq(lit("a"))), Some((5, Micros::MAX)));
        check(col("timestamp").between(time(5), time(9)), Some((5, 10)));
        check(col("timestamp").gt(time(5)).or(col("type").eq(lit("a"))), None);
        check(col("ingested_at").gt(time(5)), None);
        assert!(TimeRange { from: 5, to: 9 }.overlaps(9, 20));
        assert!(!TimeRange { from: 5, to: 9 }.overlaps(10, 20));
    }
}
