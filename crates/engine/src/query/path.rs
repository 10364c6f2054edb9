//! Paths into JSON as they stand in a statement, and the accessor call that each becomes.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    UnaryOperator, Value,
};

use super::accessor::Request;
use super::scope::Holds;
use crate::tail::{PathType, PathTypes};

/// A column that holds JSON, and the keys that lead to a value in it.
#[derive(Debug, Clone)]
pub(super) struct Path {
    column: Expr,
    keys: Vec<String>,
    holds: Holds,
}

impl Path {
    pub(super) fn new(column: &[Ident], keys: &[Ident], holds: Holds) -> Self {
        let column = match column {
            [one] => Expr::Identifier(one.clone()),
            parts => Expr::CompoundIdentifier(parts.to_vec()),
        };
        Self { column, keys: keys.iter().map(|key| key.value.clone()).collect(), holds }
    }

    /// Returns the form that the type seen at this path calls for.
    pub(super) fn request(&self, paths: &PathTypes) -> Request {
        self.observed(paths).map_or(Request::Any, |(_, kind)| request_of(kind))
    }

    /// Returns the call for a path written as `data.page`.
    pub(super) fn natural(mut self, paths: &PathTypes) -> Expr {
        let request = self.request(paths);
        if let Some((keys, _)) = self.observed(paths) {
            self.keys = keys;
        }
        self.call(request)
    }

    /// Returns the path as it is written, if it is known that no event has it.
    pub(super) fn unseen(&self, paths: &PathTypes) -> Option<String> {
        let known = self.holds == Holds::EventData && !paths.partial;
        let name = self.keys.join(".");
        // An object on the way to a leaf has a type of its own, so that only a wrong name is missing.
        (known && self.observed(paths).is_none()).then(|| format!("data.{name}"))
    }

    /// Returns the call for the path in the given form.
    pub(super) fn call(self, request: Request) -> Expr {
        let keys = self.keys.into_iter().map(|key| Expr::value(Value::SingleQuotedString(key)));
        call(request, std::iter::once(self.column).chain(keys))
    }

    /// Returns the keys and the type of what was seen at this path. Keys are taken as written; where none is spelled
    /// so, the only one that differs in upper and lower case is meant, as with column names.
    fn observed(&self, paths: &PathTypes) -> Option<(Vec<String>, PathType)> {
        if self.holds != Holds::EventData || self.keys.iter().any(|key| key.contains('.')) {
            return None;
        }
        let name = self.keys.join(".");
        if let Some(kind) = paths.by_path.get(name.as_str()) {
            return Some((self.keys.clone(), *kind));
        }
        let mut alike = paths.by_path.iter().filter(|(known, _)| known.eq_ignore_ascii_case(&name));
        match (alike.next(), alike.next()) {
            (Some((known, kind)), None) => Some((known.split('.').map(str::to_owned).collect(), *kind)),
            _ => None,
        }
    }
}

/// Gives a call of `json_get` the form that the type seen at its path calls for.
pub(super) fn decide_call(expr: &mut Expr, holds: impl Fn(&Expr) -> Holds, paths: &PathTypes) {
    let Expr::Function(function) = expr else {
        return;
    };
    if !function.name.to_string().eq_ignore_ascii_case(Request::Any.function()) {
        return;
    }
    let FunctionArguments::List(list) = &function.args else {
        return;
    };
    let arguments: Option<Vec<&Expr>> = list.args.iter().map(argument).collect();
    let Some((column, keys)) = arguments.as_deref().and_then(<[_]>::split_first) else {
        return;
    };
    let keys: Option<Vec<String>> = keys.iter().map(|key| text_of(key)).collect();
    let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
        return;
    };
    let path = Path { column: (*column).clone(), keys, holds: holds(column) };
    if path.request(paths) != Request::Any {
        *expr = path.natural(paths);
    }
}

/// Returns the form of a path that a literal on the other side wants.
pub(super) fn wanted_by(literal: &Expr) -> Option<Request> {
    match literal {
        Expr::Value(value) => match value.value {
            Value::Number(..) => Some(Request::Float),
            Value::Boolean(_) => Some(Request::Bool),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } | Expr::Nested(expr) => wanted_by(expr),
        _ => None,
    }
}

fn request_of(kind: PathType) -> Request {
    match kind {
        PathType::Text => Request::Text,
        PathType::Int => Request::Int,
        PathType::Float => Request::Float,
        PathType::Bool => Request::Bool,
        PathType::Mixed => Request::Any,
    }
}

fn argument(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => value.value.clone().into_string(),
        _ => None,
    }
}

fn call(request: Request, arguments: impl Iterator<Item = Expr>) -> Expr {
    let args = arguments.map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(request.function())]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
