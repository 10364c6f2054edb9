//! Reads SQL text into one statement that only reads, with its parameters filled in.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    self, Query as AstQuery, Select, Statement as SqlStatement, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::QueryError;
use super::dialect::StreamFlowDialect;
use super::{as_of, failure};

/// Bytes of a statement. People write none as long; programs that do mean to send data.
const STATEMENT_BYTES_MAX: usize = 1 << 20;
/// How deep parentheses and subqueries may go.
const NESTING_MAX: usize = 50;
/// Operators in one statement. Each may be a level of the tree, and planning a tree takes time with the square of its
/// depth.
const OPERATORS_MAX: usize = 1_000;

/// Values for the placeholders of a statement, by name.
pub(super) type Params = [(String, serde_json::Value)];

/// Returns the one statement of the text.
pub(super) fn parse(sql: &str, params: &Params) -> Result<Statement, QueryError> {
    let mut statements = DFParserBuilder::new(tokens_of(sql)?)
        .with_dialect(&StreamFlowDialect)
        .with_recursion_limit(NESTING_MAX)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| failure::of_syntax(&error, sql))?;
    for statement in &mut statements {
        check_statement(statement, params)?;
    }
    let mut statements = statements.into_iter();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Ok(statement),
        (None, _) => {
            Err(QueryError::new("sql_syntax", "the statement is empty").hint("try SELECT * FROM events LIMIT 10"))
        }
        (Some(_), Some(_)) => {
            let error = QueryError::new("several_statements", "more than one statement");
            Err(QueryError { place: second_statement(sql), ..error.hint("send one statement at a time") })
        }
    }
}

/// Returns the one expression of the text.
pub(super) fn parse_expression(text: &str) -> Result<ast::Expr, QueryError> {
    let mut parser = DFParserBuilder::new(tokens_of(text)?)
        .with_dialect(&StreamFlowDialect)
        .with_recursion_limit(NESTING_MAX)
        .build()
        .map_err(|error| failure::of_syntax(&error, text))?;
    let mut parsed = parser.parse_into_expr().map_err(|error| failure::of_syntax(&error, text))?;
    if parsed.alias.is_some() {
        return Err(QueryError::new("sql_syntax", "a filter has no AS"));
    }
    match parsed.expr.visit(&mut Checks { params: &[], depth: 1 }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(parsed.expr),
    }
}

/// Returns the line and column at which a name first stands in the text.
pub(super) fn place_of(sql: &str, name: &str) -> Option<(u64, u64)> {
    let tokens = Tokenizer::new(&StreamFlowDialect, sql).tokenize_with_location().ok()?;
    let token = tokens.iter().find(|token| match &token.token {
        Token::Word(word) => word.value.eq_ignore_ascii_case(name),
        Token::Placeholder(placeholder) => placeholder == name,
        _ => false,
    })?;
    Some((token.span.start.line, token.span.start.column))
}

/// Returns where the second statement of the text begins.
fn second_statement(sql: &str) -> Option<(u64, u64)> {
    let tokens = Tokenizer::new(&StreamFlowDialect, sql).tokenize_with_location().ok()?;
    let words = tokens.iter().skip_while(|token| is_between(token)).skip_while(|token| token.token != Token::SemiColon);
    words.skip_while(|token| is_between(token)).map(|token| (token.span.start.line, token.span.start.column)).next()
}

/// Returns whether the token stands between statements.
fn is_between(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_) | Token::SemiColon)
}

fn tokens_of(sql: &str) -> Result<Vec<TokenWithSpan>, QueryError> {
    if sql.len() > STATEMENT_BYTES_MAX {
        return Err(QueryError::new("sql_syntax", "the statement is longer than 1 MiB"));
    }
    let mut tokens =
        Tokenizer::new(&StreamFlowDialect, sql).tokenize_with_location().map_err(|error| failure::of_token(&error))?;
    if tokens.iter().filter(|token| is_operator(&token.token)).count() > OPERATORS_MAX {
        let error = QueryError::new("sql_syntax", format!("the statement has more than {OPERATORS_MAX} operators"));
        return Err(error.hint("a long list of alternatives can be written with IN (…)"));
    }
    as_of::complete(&mut tokens);
    Ok(tokens)
}

/// Returns whether the token can make the tree of the statement one level deeper.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::BETWEEN
                | Keyword::JOIN
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::AT
        ),
        Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::RParen
        | Token::LParen
        | Token::Placeholder(_)
        | Token::EOF => false,
        _ => true,
    }
}

fn check_statement(statement: &mut Statement, params: &Params) -> Result<(), QueryError> {
    let mut checks = Checks { params, depth: 0 };
    match statement {
        Statement::Statement(statement) => match statement.visit(&mut checks) {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(()),
        },
        Statement::Explain(explain) => check_statement(&mut explain.statement, params),
        _ => Err(only_reads()),
    }
}

fn only_reads() -> QueryError {
    QueryError::new("sql_read_only", "the statement does more than read")
        .hint("only SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE are possible")
}

/// Refuses what writes and fills in parameters.
struct Checks<'a> {
    params: &'a Params,
    /// Statements around the one being looked at.
    depth: usize,
}

impl VisitorMut for Checks<'_> {
    type Break = QueryError;

    fn pre_visit_statement(&mut self, statement: &mut SqlStatement) -> ControlFlow<QueryError> {
        self.depth += 1;
        let reads = match statement {
            SqlStatement::Query(_) => true,
            SqlStatement::ShowTables { .. }
            | SqlStatement::ShowColumns { .. }
            | SqlStatement::ShowFunctions { .. }
            | SqlStatement::ShowVariable { .. }
            | SqlStatement::ExplainTable { .. } => self.depth == 1,
            _ => false,
        };
        if reads { ControlFlow::Continue(()) } else { ControlFlow::Break(only_reads()) }
    }

    fn pre_visit_query(&mut self, query: &mut AstQuery) -> ControlFlow<QueryError> {
        if query.locks.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(only_reads()) }
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<QueryError> {
        if select.into.is_none() { ControlFlow::Continue(()) } else { ControlFlow::Break(only_reads()) }
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<QueryError> {
        let Value::Placeholder(placeholder) = &value.value else {
            return ControlFlow::Continue(());
        };
        let name = placeholder.trim_start_matches('$');
        let place = Some((value.span.start.line, value.span.start.column));
        let Some((_, given)) = self.params.iter().find(|(known, _)| known == name) else {
            let error = QueryError::new("missing_param", format!("no value for the parameter {placeholder}"));
            return ControlFlow::Break(QueryError {
                place,
                ..error.hint(format!("give a value under the name {name:?}"))
            });
        };
        match literal(given) {
            Some(literal) => {
                value.value = literal;
                ControlFlow::Continue(())
            }
            None => {
                let error =
                    QueryError::new("sql_invalid", format!("the parameter {placeholder} is a list or an object"));
                ControlFlow::Break(QueryError {
                    place,
                    ..error.hint("parameters are texts, numbers, true, false or null")
                })
            }
        }
    }
}

fn literal(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::Bool(value) => Some(Value::Boolean(*value)),
        serde_json::Value::Number(number) => Some(Value::Number(number.to_string(), false)),
        serde_json::Value::String(text) => Some(Value::SingleQuotedString(text.clone())),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}
