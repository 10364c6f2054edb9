//! Turns what people write into what DataFusion plans: known other names into columns, paths into accessors, and every
//! unnamed column gets the text that was written as its name.

use std::convert::Infallible;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Ident, ObjectName, ObjectNamePart, OrderByKind, Query, Select, SelectItem,
    TableAlias, TableFactor, UnaryOperator, VisitMut, VisitorMut, visit_expressions_mut,
};

use super::QueryError;
use super::accessor::Request;
use super::as_of;
use super::path::{self, Path};
use super::scope::{EVENTS_ALIAS, Found, Holds, Scope, first_select, name_of};
use super::session::EVENTS;
use super::severity;
use crate::tail::PathTypes;

/// Other names that existing users write for columns.
const COLUMN_ALIASES: [(&str, &str); 4] =
    [("ts", "timestamp"), ("event_type", "type"), (severity::LEVEL, "severity"), ("user_agent", "data")];

/// Rewrites a statement and returns the paths in it that no event has.
pub(super) fn statement(statement: &mut Statement, paths: &PathTypes) -> Result<Vec<String>, QueryError> {
    let mut rewriter = Rewriter { scope: Scope::default(), paths, unseen: Vec::new() };
    match statement {
        Statement::Statement(statement) => done(statement.visit(&mut rewriter))?,
        Statement::Explain(explain) => return self::statement(&mut explain.statement, paths),
        _ => {}
    }
    Ok(rewriter.unseen)
}

/// Rewrites an expression over the columns of `events`.
pub(super) fn expression(expr: &mut Expr, paths: &PathTypes) -> Result<(), QueryError> {
    let mut rewriter = Rewriter { scope: Scope::of_events(), paths, unseen: Vec::new() };
    rewriter.want(expr, Request::Bool);
    done(expr.visit(&mut rewriter))
}

fn done(flow: ControlFlow<QueryError>) -> Result<(), QueryError> {
    match flow {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rewriter<'a> {
    scope: Scope,
    paths: &'a PathTypes,
    /// Paths that no event has, each once.
    unseen: Vec<String>,
}

/// What a dotted name means that is not simply a column.
enum Meaning {
    Column(Vec<Ident>),
    Path(Box<Path>),
}

impl VisitorMut for Rewriter<'_> {
    type Break = QueryError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<QueryError> {
        self.scope.enter_query(query);
        self.order_by_outputs(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<QueryError> {
        self.scope.leave_query();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        self.scope.enter_select(select);
        keep_own_aliases(select);
        if let Some(condition) = &mut select.selection {
            self.want(condition, Request::Bool);
        }
        for item in &mut select.projection {
            self.name(item);
        }
        tell_apart(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _select: &mut Select) -> ControlFlow<QueryError> {
        self.scope.leave_select();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<QueryError> {
        if let Err(error) = as_of::resolve(factor, |name| self.scope.defines(name)) {
            return ControlFlow::Break(error);
        }
        // The name that was written stays the one that columns are qualified with.
        if let TableFactor::Table { name, alias: alias @ None, .. } = factor
            && let [ObjectNamePart::Identifier(ident)] = name.0.as_slice()
            && name_of(ident) == EVENTS_ALIAS
        {
            *alias = Some(TableAlias { explicit: true, name: ident.clone(), columns: Vec::new(), at: None });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<QueryError> {
        if let [ObjectNamePart::Identifier(ident)] = relation.0.as_mut_slice()
            && name_of(ident) == EVENTS_ALIAS
            && !self.scope.defines(EVENTS_ALIAS)
        {
            EVENTS.clone_into(&mut ident.value);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QueryError> {
        let flow = self.severity_words(expr);
        if flow.is_break() {
            return flow;
        }
        self.want_by_literals(expr);
        match self.meaning(expr) {
            Some(Meaning::Column(parts)) => *expr = column(parts),
            Some(Meaning::Path(path)) => {
                self.unseen.extend(path.unseen(self.paths).filter(|name| !self.unseen.contains(name)));
                *expr = path.natural(self.paths);
            }
            None => path::decide_call(expr, |json| self.holds(json), self.paths),
        }
        ControlFlow::Continue(())
    }
}

impl Rewriter<'_> {
    /// Returns what an identifier means when it is another name of a column, or a path.
    fn meaning(&self, expr: &Expr) -> Option<Meaning> {
        match expr {
            Expr::Identifier(ident) => {
                let (name, target) = alias_of(ident)?;
                let found = self.scope.find(name, target);
                matches!(found, Found::Other(_)).then(|| replaced(Vec::new(), ident, target, found))
            }
            Expr::CompoundIdentifier(parts) => self.dotted(parts),
            _ => None,
        }
    }

    fn dotted(&self, parts: &[Ident]) -> Option<Meaning> {
        let [first, second, rest @ ..] = parts else {
            return None;
        };
        let alias = alias_of(second);
        let other = alias.map_or("", |(_, target)| target);
        if let Some(found) = self.scope.find_in(&name_of(first), &name_of(second), other) {
            return match (found, rest) {
                (Found::Column(Holds::EventData | Holds::Json), [_, ..]) => {
                    Some(Meaning::Path(Box::new(Path::new(&parts[..2], rest, holds_of(found)))))
                }
                (Found::Other(_), []) => Some(replaced(vec![first.clone()], second, other, found)),
                _ => None,
            };
        }
        let found = self.scope.find(&name_of(first), "");
        match found {
            Found::Column(Holds::EventData | Holds::Json) => {
                Some(Meaning::Path(Box::new(Path::new(&parts[..1], &parts[1..], holds_of(found)))))
            }
            // JSON text that an expression made is still called `data`.
            Found::Column(Holds::Other) if super::table::JSON_COLUMNS.contains(&name_of(first).as_str()) => {
                Some(Meaning::Path(Box::new(Path::new(&parts[..1], &parts[1..], Holds::Json))))
            }
            _ => None,
        }
    }

    /// Returns what a column holds that stands where a JSON function reads it.
    fn holds(&self, json: &Expr) -> Holds {
        let found = match json {
            Expr::Identifier(ident) => self.scope.find(&name_of(ident), ""),
            Expr::CompoundIdentifier(parts) if parts.len() == 2 => {
                self.scope.find_in(&name_of(&parts[0]), &name_of(&parts[1]), "").unwrap_or(Found::Nothing)
            }
            _ => Found::Nothing,
        };
        holds_of(found)
    }

    /// Replaces a path by the form of it that its surroundings want.
    fn want(&self, expr: &mut Expr, request: Request) {
        if let Expr::Nested(inner) = expr {
            return self.want(inner, request);
        }
        if let Some(Meaning::Path(path)) = self.meaning(expr) {
            // Where the type is known, the comparison is between types as everywhere.
            if request == Request::Text || path.request(self.paths) == Request::Any {
                *expr = path.call(request);
            }
        }
    }

    /// Asks for paths in the form of the literals that they are compared with, and as text where a pattern is matched.
    fn want_by_literals(&self, expr: &mut Expr) {
        match expr {
            Expr::Like { expr, .. }
            | Expr::ILike { expr, .. }
            | Expr::SimilarTo { expr, .. }
            | Expr::RLike { expr, .. } => {
                self.want(expr, Request::Text);
            }
            Expr::BinaryOp {
                left,
                op:
                    BinaryOperator::PGRegexMatch
                    | BinaryOperator::PGRegexIMatch
                    | BinaryOperator::PGRegexNotMatch
                    | BinaryOperator::PGRegexNotIMatch,
                ..
            } => self.want(left, Request::Text),
            Expr::InList { expr, list, .. } => {
                if let Some(request) = list.first().and_then(path::wanted_by) {
                    self.want(expr, request);
                }
            }
            Expr::Between { expr, low, .. } => {
                if let Some(request) = path::wanted_by(low) {
                    self.want(expr, request);
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr }
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr) => self.want(expr, Request::Bool),
            Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => self.want(expr, Request::Float),
            _ => {}
        }
    }

    /// Turns words of `level` into severities where they are compared with it.
    fn severity_words(&self, expr: &mut Expr) -> ControlFlow<QueryError> {
        let is_level = |expr: &Expr| match expr {
            Expr::Identifier(ident) => name_of(ident) == severity::LEVEL && self.meaning(expr).is_some(),
            Expr::CompoundIdentifier(parts) => {
                parts.last().is_some_and(|last| name_of(last) == severity::LEVEL)
                    && matches!(self.meaning(expr), Some(Meaning::Column(_)))
            }
            _ => false,
        };
        let result = match expr {
            Expr::BinaryOp { left, right, .. } if is_level(left) => severity::translate(right),
            Expr::BinaryOp { left, right, .. } if is_level(right) => severity::translate(left),
            Expr::InList { expr, list, .. } if is_level(expr) => list.iter_mut().try_for_each(severity::translate),
            Expr::Between { expr, low, high, .. } if is_level(expr) => {
                severity::translate(low).and_then(|()| severity::translate(high))
            }
            Expr::Case { operand: Some(operand), conditions, .. } if is_level(operand) => {
                conditions.iter_mut().try_for_each(|branch| severity::translate(&mut branch.condition))
            }
            _ => Ok(()),
        };
        result.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }

    /// Names a column that has no name by what was written.
    fn name(&self, item: &mut SelectItem) {
        let SelectItem::UnnamedExpr(expr) = item else {
            return;
        };
        let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
        if is_column && self.meaning(expr).is_none() {
            return;
        }
        let alias = Ident::with_quote('"', expr.to_string());
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }

    /// Lets ORDER BY mean a column of the answer where it repeats what that column is made of.
    fn order_by_outputs(&self, query: &mut Query) {
        let Some(select) = first_select(&query.body) else {
            return;
        };
        let outputs: Vec<(String, Ident)> = select.projection.iter().filter_map(|item| self.output(item)).collect();
        let Some(order_by) = &mut query.order_by else {
            return;
        };
        if let OrderByKind::Expressions(items) = &mut order_by.kind {
            for item in items {
                let written = item.expr.to_string();
                if let Some((_, output)) = outputs.iter().find(|(text, _)| *text == written) {
                    item.expr = Expr::Identifier(output.clone());
                }
            }
        }
    }

    /// Returns how ORDER BY may refer to a column of the answer, and its name.
    fn output(&self, item: &SelectItem) -> Option<(String, Ident)> {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => Some((alias.to_string(), quoted(alias))),
            SelectItem::UnnamedExpr(expr) => {
                let is_column = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
                let is_renamed = !is_column || self.meaning(expr).is_some();
                is_renamed.then(|| (expr.to_string(), Ident::with_quote('"', expr.to_string())))
            }
            _ => None,
        }
    }
}

fn holds_of(found: Found) -> Holds {
    match found {
        Found::Column(holds) | Found::Other(holds) => holds,
        Found::Nothing => Holds::Other,
    }
}

/// Returns the other name and the column that it means.
fn alias_of(ident: &Ident) -> Option<(&'static str, &'static str)> {
    if ident.quote_style.is_some() {
        return None;
    }
    COLUMN_ALIASES.into_iter().find(|(name, _)| ident.value.eq_ignore_ascii_case(name))
}

/// Returns what stands for an other name: the column, or for one that is a path that path.
fn replaced(mut qualifier: Vec<Ident>, written: &Ident, target: &str, found: Found) -> Meaning {
    qualifier.push(Ident { value: target.to_owned(), quote_style: Some('"'), span: written.span });
    if target == "data" {
        return Meaning::Path(Box::new(Path::new(&qualifier, &[Ident::new("user_agent")], holds_of(found))));
    }
    Meaning::Column(qualifier)
}

fn column(mut parts: Vec<Ident>) -> Expr {
    match parts.len() {
        1 => Expr::Identifier(parts.remove(0)),
        _ => Expr::CompoundIdentifier(parts),
    }
}

fn quoted(ident: &Ident) -> Ident {
    Ident { value: name_of(ident), quote_style: Some('"'), span: ident.span }
}

/// Quotes a SELECT's own aliases where GROUP BY, HAVING and QUALIFY use them, so that they are no other names of columns.
fn keep_own_aliases(select: &mut Select) {
    let own: Vec<String> = select
        .projection
        .iter()
        .filter_map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } if alias_of(alias).is_some() => Some(name_of(alias)),
            _ => None,
        })
        .collect();
    if own.is_empty() {
        return;
    }
    let keep = |expr: &mut Expr| {
        if let Expr::Identifier(ident) = expr
            && own.contains(&name_of(ident))
        {
            *ident = quoted(ident);
        }
        ControlFlow::<Infallible>::Continue(())
    };
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        each(visit_expressions_mut(keys, keep));
    }
    each(visit_expressions_mut(&mut select.having, keep));
    each(visit_expressions_mut(&mut select.qualify, keep));
}

/// Notes that a visit that can not stop has not stopped.
pub(super) fn each(flow: ControlFlow<Infallible>) {
    match flow {
        ControlFlow::Continue(()) => {}
        ControlFlow::Break(never) => match never {},
    }
}

/// Numbers columns that would have the same name because the same text stands twice.
fn tell_apart(items: &mut [SelectItem]) {
    let mut seen: Vec<String> = Vec::new();
    for item in items {
        let SelectItem::ExprWithAlias { alias, .. } = item else {
            continue;
        };
        let name = alias.value.clone();
        let before = seen.iter().filter(|known| **known == name).count();
        if before > 0 {
            alias.value = format!("{name}:{before}");
        }
        seen.push(name);
    }
}
