//! Reads a table as it was: `FROM events AS OF '2026-11-23T10:00:00Z'`.
//!
//! Events are only ever added, so a table at a time is its rows that had arrived by then, wherever they are stored now.
//! `events AS OF t` becomes a subquery over `events` with that condition; the grammar knows `TIMESTAMP AS OF`, and the
//! first word is put in where it is left out.

use std::convert::Infallible;
use std::ops::ControlFlow;

use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, SetExpr, Statement, TableAlias, TableFactor, TableVersion, Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use jiff::Timestamp;

use super::QueryError;
use super::dialect::StreamFlowDialect;
use super::rewrite::each;
use super::scope::{EVENTS_ALIAS, name_of};
use super::session::{EVENTS, REJECTED_EVENTS};
use crate::clock::Micros;

/// Puts `TIMESTAMP` before every `AS OF` that stands without it.
pub(super) fn complete(tokens: &mut Vec<TokenWithSpan>) {
    let word = |token: &TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
        _ => None,
    };
    let is_space = |token: &TokenWithSpan| matches!(token.token, Token::Whitespace(_));
    let mut at = 0;
    let mut before = None;
    while at < tokens.len() {
        if is_space(&tokens[at]) {
            at += 1;
            continue;
        }
        let found = word(&tokens[at]);
        let next = tokens[at + 1..].iter().find(|token| !is_space(token)).and_then(word);
        let is_bare = !matches!(before, Some(Keyword::TIMESTAMP | Keyword::VERSION | Keyword::SYSTEM_TIME));
        if found == Some(Keyword::AS) && next == Some(Keyword::OF) && is_bare {
            let span = tokens[at].span;
            tokens.insert(at, TokenWithSpan { token: Token::make_keyword("TIMESTAMP"), span });
            at += 1;
        }
        before = found;
        at += 1;
    }
}

/// Lets every table of a statement be read as of a time that names no other.
pub(super) fn everywhere(statement: &mut DfStatement, time: Micros) {
    match statement {
        DfStatement::Statement(statement) => {
            let mut defined = Defined::default();
            each(statement.visit(&mut defined));
            let time = Timestamp::from_microsecond(time).unwrap_or(Timestamp::MAX).to_string();
            each(statement.visit(&mut Everywhere { defined: defined.0, time }));
        }
        DfStatement::Explain(explain) => everywhere(&mut explain.statement, time),
        _ => {}
    }
}

/// The names of tables that a statement itself defines.
#[derive(Default)]
struct Defined(Vec<String>);

impl VisitorMut for Defined {
    type Break = Infallible;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.0.extend(tables.map(|table| name_of(&table.alias.name)));
        ControlFlow::Continue(())
    }
}

struct Everywhere {
    defined: Vec<String>,
    time: String,
}

impl VisitorMut for Everywhere {
    type Break = Infallible;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Infallible> {
        if let TableFactor::Table { name, version: version @ None, args: None, .. } = factor
            && let Some(table) = name.0.last().and_then(|part| part.as_ident()).map(name_of)
            && [EVENTS, EVENTS_ALIAS, REJECTED_EVENTS].contains(&table.as_str())
            && (name.0.len() > 1 || !self.defined.contains(&table))
        {
            let time = Value::SingleQuotedString(self.time.clone());
            *version = Some(TableVersion::TimestampAsOf(Expr::value(time)));
        }
        ControlFlow::Continue(())
    }
}

/// Turns a table at a time into the rows that had arrived by then. `defined` says whether the statement itself defines a
/// table of a name.
pub(super) fn resolve(factor: &mut TableFactor, defined: impl Fn(&str) -> bool) -> Result<(), QueryError> {
    let TableFactor::Table { name, alias, version: version @ Some(_), .. } = factor else {
        return Ok(());
    };
    let refuse = |message: &str| Err(QueryError::new("sql_invalid", message).hint("write FROM events AS OF '<time>'"));
    let Some(TableVersion::TimestampAsOf(time) | TableVersion::ForSystemTimeAsOf(time)) = version.take() else {
        return refuse("a table is read as of a time, and in no other version");
    };
    let written = name.0.last().and_then(|part| part.as_ident()).cloned();
    let table = written.as_ref().map(name_of).filter(|table| name.0.len() > 1 || !defined(table));
    let (table, arrival) = match table.as_deref() {
        Some(EVENTS | EVENTS_ALIAS) => (EVENTS, "ingested_at"),
        Some(REJECTED_EVENTS) => (REJECTED_EVENTS, "received_at"),
        _ => return refuse("only events and rejected_events can be read as of a time"),
    };
    let Some(subquery) = arrived_by(table, arrival, time) else {
        return refuse("the time of AS OF can not be read");
    };
    let alias = alias.take().or_else(|| {
        let name = written.unwrap_or_else(|| Ident::new(table));
        Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None })
    });
    *factor = TableFactor::Derived { lateral: false, subquery: Box::new(subquery), alias, sample: None };
    Ok(())
}

fn arrived_by(table: &str, arrival: &str, time: Expr) -> Option<Query> {
    let template = format!("SELECT * FROM {table} WHERE {arrival} <= NULL");
    let statement = Parser::parse_sql(&StreamFlowDialect, &template).ok()?.pop()?;
    let Statement::Query(mut query) = statement else { return None };
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let Some(Expr::BinaryOp { right, .. }) = &mut select.selection else { return None };
    **right = time;
    Some(*query)
}
