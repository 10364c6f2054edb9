//! One event looked at closely: its JSON as a tree, with branches that open and close.

use std::collections::BTreeSet;

use serde_json::Value;

use super::overview::shown;
use crate::tui::row::Row;

/// Lines of one event that are shown; an event may have a thousand keys.
const LINES_MAX: usize = 2_000;

/// An event as a tree.
#[derive(Debug, Clone)]
pub struct Detail {
    pub row: Row,
    value: Value,
    closed: BTreeSet<String>,
    pub selected: usize,
    /// Which of the ties to other events is looked at.
    tie: usize,
    /// Events that have to do with this one, newest first, and why.
    pub related: Option<(String, Vec<Row>)>,
}

/// One line of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub depth: usize,
    pub key: String,
    /// What stands behind the key.
    pub text: String,
    /// As SQL and filters name it; none for what they can not reach.
    pub path: Option<String>,
    pub value: Value,
    pub branch: Branch,
}

/// Whether a line has others below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    Leaf,
    Open,
    Closed,
}

impl Detail {
    #[must_use]
    pub fn of(row: Row) -> Self {
        let value = row.value();
        Self { row, value, closed: BTreeSet::new(), selected: 0, tie: 0, related: None }
    }

    /// Returns the column and value that ties this event to others: the closest one, until that turns out to tie it to none.
    #[must_use]
    pub fn tie(&self) -> Option<(&'static str, String)> {
        self.ties().nth(self.tie)
    }

    /// Goes on to a tie that is less close. Returns whether there is one.
    pub fn loosen(&mut self) -> bool {
        let has_more = self.ties().nth(self.tie + 1).is_some();
        self.tie += usize::from(has_more);
        has_more
    }

    /// The columns that tie events to each other, the closest first, as far as this event has them.
    fn ties(&self) -> impl Iterator<Item = (&'static str, String)> {
        ["correlation_id", "session_id", "user_id"].into_iter().filter_map(|name| {
            let value = self.value.get(name)?.as_str()?;
            (!value.is_empty()).then(|| (name, value.to_owned()))
        })
    }

    /// Returns the lines of the tree as they are now.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.append(&self.value, 0, None, &mut lines);
        lines
    }

    fn append(&self, value: &Value, depth: usize, parent: Option<&str>, lines: &mut Vec<Line>) {
        let children: Vec<(String, &Value)> = match value {
            // What the event does not have says nothing.
            Value::Object(map) => map
                .iter()
                .filter(|(_, value)| depth > 0 || !is_nothing(value))
                .map(|(key, value)| (key.clone(), value))
                .collect(),
            Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
            _ => Vec::new(),
        };
        for (key, child) in children {
            if lines.len() >= LINES_MAX {
                return;
            }
            let path = path(value, parent, &key);
            let id = path.clone().unwrap_or_else(|| format!("{depth}/{key}"));
            let branch = match child {
                Value::Object(map) if !map.is_empty() => self.branch(&id),
                Value::Array(items) if !items.is_empty() => self.branch(&id),
                _ => Branch::Leaf,
            };
            let text = match branch {
                Branch::Leaf => shown(child),
                _ => summary(child),
            };
            lines.push(Line {
                depth,
                key: shown(&Value::String(key)),
                text,
                path: path.clone(),
                value: child.clone(),
                branch,
            });
            if branch == Branch::Open {
                self.append(child, depth + 1, path.as_deref(), lines);
            }
        }
    }

    fn branch(&self, id: &str) -> Branch {
        if self.closed.contains(id) { Branch::Closed } else { Branch::Open }
    }

    pub fn step(&mut self, by: i64) {
        let last = self.lines().len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(isize::try_from(by).unwrap_or_default()).min(last);
    }

    /// Opens or closes the branch that is selected.
    pub fn set_open(&mut self, open: bool) {
        let lines = self.lines();
        let Some(path) =
            lines.get(self.selected).filter(|line| line.branch != Branch::Leaf).and_then(|line| line.path.clone())
        else {
            return;
        };
        if open {
            self.closed.remove(&path);
        } else {
            self.closed.insert(path);
        }
    }

    /// Returns the line that is selected.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        self.lines().into_iter().nth(self.selected)
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn summary(value: &Value) -> String {
    match value {
        Value::Object(map) => format!("{{{}}}", map.len()),
        Value::Array(items) => format!("[{}]", items.len()),
        other => shown(other),
    }
}

/// Returns how SQL names a key; items of lists and odd keys have no such name.
fn path(parent: &Value, above: Option<&str>, key: &str) -> Option<String> {
    let plain = |key: &str| {
        key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let Value::Object(_) = parent else { return above.map(|above| format!("{above}#{key}")) };
    match above {
        None => Some(key.to_owned()),
        Some(above) if plain(key) => Some(format!("{above}.{key}")),
        Some(above) => Some(format!("{above}.\"{}\"", key.replace('"', "\"\""))),
    }
}

impl Line {
    /// Returns whether a filter can ask for this value.
    #[must_use]
    pub fn can_filter(&self) -> bool {
        self.branch == Branch::Leaf && self.path.as_ref().is_some_and(|path| !path.contains(['#', '"']))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail() -> Detail {
        let event = json!({"type": "x", "user_id": "u1", "session_id": null, "data": {"page": "/", "Odd Key": 1, "cart": {"total": 7}},
            "tags": ["a"], "metadata": {}});
        Detail::of(Row::of(event.as_object().unwrap()))
    }

    #[test]
    fn the_tree_names_each_value_as_sql_does() {
        let lines = detail().lines();
        let named: Vec<_> =
            lines.iter().map(|line| (line.depth, line.path.clone().unwrap(), line.can_filter())).collect();
        let expected = [
            (0, "type", true),
            (0, "user_id", true),
            (0, "data", false),
            (1, "data.page", true),
            (1, "data.\"Odd Key\"", false),
            (1, "data.cart", false),
            (2, "data.cart.total", true),
            (0, "tags", false),
            (1, "tags#0", false),
        ];
        assert_eq!(named, expected.map(|(depth, path, can)| (depth, path.to_owned(), can)));
    }

    #[test]
    fn branches_close_and_open() {
        let mut detail = detail();
        detail.step(2);
        detail.set_open(false);
        assert_eq!((detail.lines().len(), detail.line().unwrap().branch), (5, Branch::Closed));
        detail.set_open(true);
        assert_eq!(detail.lines().len(), 9);
        detail.step(100);
        assert_eq!(detail.selected, 8);
        assert_eq!(detail.tie(), Some(("user_id", "u1".to_owned())));
        assert!(!detail.loosen());
        let event = json!({"correlation_id": "c1", "session_id": "", "user_id": "u1"});
        let mut detail = Detail::of(Row::of(event.as_object().unwrap()));
        assert_eq!(detail.tie(), Some(("correlation_id", "c1".to_owned())));
        assert!(detail.loosen() && !detail.loosen());
        assert_eq!(detail.tie(), Some(("user_id", "u1".to_owned())));
    }
}
