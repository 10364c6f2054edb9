//! Plans what only types can decide about paths into JSON: the arrows, and which form of a value its surroundings want.

use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::accessor::{Accessor, Request};

/// Aggregates that only numbers make sense for.
const NUMERIC_AGGREGATES: [&str; 16] = [
    "sum",
    "avg",
    "mean",
    "median",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "var",
    "var_pop",
    "var_samp",
    "corr",
    "covar_samp",
    "covar_pop",
    "approx_percentile_cont",
    "percentile_cont",
    "approx_median",
];

#[derive(Debug)]
pub(super) struct PathPlanner;

impl ExprPlanner for PathPlanner {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        match raw.op {
            BinaryOperator::Arrow => return Ok(step_into(raw, Request::Json)),
            BinaryOperator::LongArrow => return Ok(step_into(raw, Request::Text)),
            _ => {}
        }
        if !is_undecided(&raw.left) && !is_undecided(&raw.right) {
            return Ok(PlannerResult::Original(raw));
        }
        let (left, right) = (wanted_beside(&raw.right, &raw.op, schema), wanted_beside(&raw.left, &raw.op, schema));
        Ok(PlannerResult::Original(RawBinaryExpr {
            op: raw.op,
            left: decide(raw.left, left),
            right: decide(raw.right, right),
        }))
    }

    fn plan_aggregate(&self, mut raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        if NUMERIC_AGGREGATES.contains(&raw.func.name()) {
            raw.args = raw.args.into_iter().map(|argument| decide(argument, Some(Request::Float))).collect();
            for order in &mut raw.order_by {
                order.expr = decide(order.expr.clone(), Some(Request::Float));
            }
        }
        Ok(PlannerResult::Original(raw))
    }
}

/// Plans `json -> key` and `json ->> key`; a step behind another one becomes one longer path.
fn step_into(raw: RawBinaryExpr, request: Request) -> PlannerResult<RawBinaryExpr> {
    if !matches!(raw.right, Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Utf8View(_) | ScalarValue::Int64(_), _)) {
        return PlannerResult::Original(raw);
    }
    let mut arguments = match raw.left {
        Expr::ScalarFunction(call) if call.func.inner().is::<Accessor>() => call.args,
        json => vec![json],
    };
    arguments.push(raw.right);
    PlannerResult::Planned(call(request, arguments))
}

/// Returns the form that an operator wants of a path when this stands on its other side.
fn wanted_beside(other: &Expr, operator: &BinaryOperator, schema: &DFSchema) -> Option<Request> {
    match operator {
        BinaryOperator::And | BinaryOperator::Or => return Some(Request::Bool),
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo => return Some(Request::Float),
        BinaryOperator::StringConcat => return None,
        _ => {}
    }
    match other.get_type(schema).ok()? {
        kind if kind.is_numeric() => Some(Request::Float),
        arrow::datatypes::DataType::Boolean => Some(Request::Bool),
        _ => None,
    }
}

/// Returns whether the expression is a path whose form is left to its surroundings.
fn is_undecided(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(call) => {
            call.func.inner().downcast_ref::<Accessor>().is_some_and(|accessor| accessor.request == Request::Any)
        }
        _ => false,
    }
}

fn decide(expr: Expr, request: Option<Request>) -> Expr {
    match (expr, request) {
        (Expr::ScalarFunction(path), Some(request)) if is_undecided(&Expr::ScalarFunction(path.clone())) => {
            call(request, path.args)
        }
        (expr, _) => expr,
    }
}

fn call(request: Request, arguments: Vec<Expr>) -> Expr {
    let function: std::sync::Arc<ScalarUDF> = super::session::accessor(request);
    Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments))
}
