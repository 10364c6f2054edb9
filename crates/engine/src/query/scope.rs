//! Tells which columns a name can mean at each place of a statement, from the statement alone.
//!
//! The names that existing users write (`ts`, `level`, …) and paths into JSON must give way to a column or alias of the
//! statement's own, so rewriting them needs to know what is in scope.

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias,
    TableFactor, TableWithJoins,
};

use super::session::{EVENTS, REJECTED_EVENTS};
use super::table::JSON_COLUMNS;
use crate::tail::rejected_schema;

/// The name under which existing users know `events`.
pub(super) const EVENTS_ALIAS: &str = "events_stream";

/// What is known of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// The column `data` of `events`, whose paths have observed types.
    EventData,
    /// Other JSON text.
    Json,
    Other,
}

/// Columns by name, in order.
pub(super) type Columns = Vec<(String, Holds)>;

/// Something that a FROM names.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    name: Option<String>,
    /// Nothing where the columns are not known, as of a table function.
    columns: Option<Columns>,
}

impl Relation {
    fn column(&self, name: &str) -> Option<Holds> {
        self.columns.as_ref()?.iter().find(|(known, _)| known == name).map(|(_, holds)| *holds)
    }
}

/// What names mean where the rewriting stands.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Common table expressions, innermost last.
    tables: Vec<Vec<(String, Option<Columns>)>>,
    /// Relations of each SELECT around the place, innermost last.
    frames: Vec<Vec<Relation>>,
}

/// What a name that stands alone means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A column of this kind.
    Column(Holds),
    /// No column, but the other name given is one.
    Other(Holds),
    Nothing,
}

impl Scope {
    /// Returns the scope of an expression over `events` alone.
    pub(super) fn of_events() -> Self {
        let relation = Relation { name: Some(EVENTS.to_owned()), columns: Some(events_columns()) };
        Self { tables: Vec::new(), frames: vec![vec![relation]] }
    }

    /// Enters a query: its common tables, and the relations that its ORDER BY sees.
    pub(super) fn enter_query(&mut self, query: &Query) {
        self.tables.push(Vec::new());
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = renamed(self.outputs(&table.query), &table.alias);
            if let Some(tables) = self.tables.last_mut() {
                tables.push((name_of(&table.alias.name), columns));
            }
        }
        let relations = first_select(&query.body).map(|select| self.relations(&select.from)).unwrap_or_default();
        self.frames.push(relations);
    }

    pub(super) fn leave_query(&mut self) {
        self.frames.pop();
        self.tables.pop();
    }

    pub(super) fn enter_select(&mut self, select: &Select) {
        let relations = self.relations(&select.from);
        self.frames.push(relations);
    }

    pub(super) fn leave_select(&mut self) {
        self.frames.pop();
    }

    /// Returns what `name` means, or else what `other` means, looking outwards.
    pub(super) fn find(&self, name: &str, other: &str) -> Found {
        for relations in self.frames.iter().rev() {
            if let Some(holds) = relations.iter().find_map(|relation| relation.column(name)) {
                return Found::Column(holds);
            }
            if let Some(holds) = relations.iter().find_map(|relation| relation.column(other)) {
                return Found::Other(holds);
            }
        }
        Found::Nothing
    }

    /// Returns what `name` (or else `other`) means in the relation called `relation`, if there is such a relation.
    pub(super) fn find_in(&self, relation: &str, name: &str, other: &str) -> Option<Found> {
        let named = |candidate: &&Relation| candidate.name.as_deref() == Some(relation);
        let relation = self.frames.iter().rev().find_map(|relations| relations.iter().find(named))?;
        Some(match (relation.column(name), relation.column(other)) {
            (Some(holds), _) => Found::Column(holds),
            (None, Some(holds)) => Found::Other(holds),
            (None, None) => Found::Nothing,
        })
    }

    fn relations(&self, from: &[TableWithJoins]) -> Vec<Relation> {
        let factors = from
            .iter()
            .flat_map(|item| std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)));
        factors.flat_map(|factor| self.relation(factor)).collect()
    }

    fn relation(&self, factor: &TableFactor) -> Vec<Relation> {
        let (columns, name, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                (self.table(name), name.0.last().and_then(|part| part.as_ident()).map(name_of), alias)
            }
            TableFactor::Derived { subquery, alias, .. } => (self.outputs(subquery), None, alias),
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                return self.relations(std::slice::from_ref(table_with_joins));
            }
            TableFactor::Table { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => (None, None, alias),
            _ => return Vec::new(),
        };
        vec![match alias {
            Some(alias) => Relation { name: Some(name_of(&alias.name)), columns: renamed(columns, alias) },
            None => Relation { name, columns },
        }]
    }

    fn table(&self, name: &ObjectName) -> Option<Columns> {
        let last = name.0.last()?.as_ident().map(name_of)?;
        if name.0.len() == 1 {
            let mut tables = self.tables.iter().rev().flatten();
            if let Some((_, columns)) = tables.find(|(known, _)| *known == last) {
                return columns.clone();
            }
        }
        match last.as_str() {
            EVENTS | EVENTS_ALIAS => Some(events_columns()),
            REJECTED_EVENTS => {
                Some(rejected_schema().fields().iter().map(|field| (field.name().clone(), Holds::Other)).collect())
            }
            _ => None,
        }
    }

    /// Returns whether the statement itself defines a table of this name.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.tables.iter().flatten().any(|(known, _)| known == name)
    }

    /// Returns the columns that a query gives.
    fn outputs(&self, query: &Query) -> Option<Columns> {
        // A query's own common tables are not in scope here; what reads them is known to be complete or is not rewritten.
        let mut inner = Self { tables: self.tables.clone(), frames: Vec::new() };
        inner.enter_query(query);
        let select = first_select(&query.body)?;
        let relations = inner.relations(&select.from);
        let mut columns = Columns::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => columns.push((output_name(expr), held(expr, &relations))),
                SelectItem::ExprWithAlias { expr, alias } => columns.push((name_of(alias), held(expr, &relations))),
                SelectItem::Wildcard(_) => columns.extend(all_columns(relations.iter())?),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let name = name.0.last()?.as_ident().map(name_of);
                    columns.extend(all_columns(relations.iter().filter(|relation| relation.name == name))?);
                }
                _ => return None,
            }
        }
        Some(columns)
    }
}

/// Returns the name as SQL compares it: in lower case unless quoted.
pub(super) fn name_of(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

/// Returns the SELECT that gives a query's columns their names.
pub(super) fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}

/// Returns the name that an unnamed expression's column gets.
fn output_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => name_of(ident),
        Expr::CompoundIdentifier(parts) if parts.len() == 2 && !JSON_COLUMNS.contains(&name_of(&parts[0]).as_str()) => {
            name_of(&parts[1])
        }
        other => other.to_string(),
    }
}

/// Returns what a column holds that is an expression over the relations.
fn held(expr: &Expr, relations: &[Relation]) -> Holds {
    let column = match expr {
        Expr::Identifier(ident) => ident,
        Expr::CompoundIdentifier(parts) if parts.len() == 2 => &parts[1],
        _ => return Holds::Other,
    };
    let name = name_of(column);
    relations.iter().find_map(|relation| relation.column(&name)).unwrap_or(Holds::Other)
}

fn all_columns<'a>(relations: impl Iterator<Item = &'a Relation>) -> Option<Columns> {
    let mut columns = Columns::new();
    for relation in relations {
        columns.extend(relation.columns.clone()?);
    }
    Some(columns)
}

/// Returns the columns under the names that an alias such as `t(a, b)` gives them.
fn renamed(columns: Option<Columns>, alias: &TableAlias) -> Option<Columns> {
    if alias.columns.is_empty() {
        return columns;
    }
    let mut old = columns.unwrap_or_default().into_iter();
    let mut columns: Columns = Vec::new();
    for column in &alias.columns {
        let holds = old.next().map_or(Holds::Other, |(_, holds)| holds);
        columns.push((name_of(&column.name), holds));
    }
    columns.extend(old);
    Some(columns)
}

fn events_columns() -> Columns {
    let holds = |name: &str| match name {
        "data" => Holds::EventData,
        "metadata" => Holds::Json,
        _ => Holds::Other,
    };
    streamflow_core::event::COLUMNS.iter().map(|name| ((*name).to_owned(), holds(name))).collect()
}
