//! Typed columns for the paths inside `data`, built while the events are read.
//!
//! Objects of the same shape list their keys in the same order, so each node of the path tree remembers which key came
//! after it last time: finding a key costs one comparison as long as the shape holds. A node also remembers the last row
//! that had it, which finds duplicate keys for free.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::buffer::Buffer;
use streamflow_core::json::{ExpectedKey, Number};

use super::column::Column;
use crate::tail::{Leaf, Leaves};

/// Paths that one batch keeps as columns. Beyond it the JSON text answers, so that a flood of keys costs no memory.
const PATHS_MAX: usize = 256;
/// A tree that has grown beyond this is forgotten between batches, so that old shapes do not pile up.
const PATHS_KEPT_MAX: usize = 128;
/// Levels of objects that become columns.
pub(crate) const LEVELS_MAX: usize = 4;
/// Integers up to this size are the same number as a double.
const EXACT_INT_MAX: i64 = 1 << 53;

const NONE: u32 = u32::MAX;

/// The tree of paths and their columns.
#[derive(Debug)]
pub(crate) struct LeafTree {
    nodes: Vec<Node>,
    by_key: HashMap<(u32, Box<[u8]>), u32>,
    /// Whether a path of this batch is in no column.
    partial: bool,
    /// Whether a row of this batch has JSON null for a path.
    nulls: bool,
    /// Rows that the batch probably has.
    rows_expected: usize,
}

#[derive(Debug)]
struct Node {
    key: Box<[u8]>,
    /// The key as it is probably written.
    expected: Option<ExpectedKey>,
    /// Keys from the root on, joined by `.`.
    path: Arc<str>,
    parent: u32,
    /// The first key of this node's object last time.
    first_child: u32,
    /// The key that followed this one last time.
    next: u32,
    /// The last row that had this key, plus one.
    seen: usize,
    /// What enrichment makes of the value.
    enriching: Option<Enriching>,
    values: Values,
}

/// The values of one path so far. All but `Mixed` have at most as many rows as the batch.
#[derive(Debug, Default)]
enum Values {
    #[default]
    Nothing,
    Int(Column<i64>),
    Float(Column<f64>),
    Bool(Column<bool>),
    Text(Column<u128>),
    Mixed,
}

impl Values {
    /// Returns whether no row has a value or a null yet, so that the type is still open.
    fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Int(column) => column.len() == 0,
            Self::Float(column) => column.len() == 0,
            Self::Bool(column) => column.len() == 0,
            Self::Text(column) => column.len() == 0,
            Self::Mixed => false,
        }
    }

    /// Forgets all rows and keeps the memory of a column.
    fn clear(&mut self) {
        match self {
            Self::Nothing => {}
            Self::Int(column) => column.clear(),
            Self::Float(column) => column.clear(),
            Self::Bool(column) => column.clear(),
            Self::Text(column) => column.clear(),
            Self::Mixed => *self = Self::Nothing,
        }
    }
}

/// Where a key is in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// The object `data` itself.
    pub(crate) const ROOT: Self = Self(0);
}

/// The keys of `data` that enrichment reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enriching {
    UserAgent,
    Ip,
}

impl Enriching {
    fn of(key: &[u8]) -> Option<Self> {
        match key {
            b"user_agent" => Some(Self::UserAgent),
            b"ip" => Some(Self::Ip),
            _ => None,
        }
    }
}

/// What the tree says about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Node(NodeId),
    /// The object of this row has the key already.
    Duplicate,
    /// There is no room for it, or its name has a dot: the text of `data` has to answer.
    NoColumn,
}

impl Default for LeafTree {
    fn default() -> Self {
        let root = Node {
            key: Box::default(),
            expected: None,
            path: "".into(),
            parent: NONE,
            first_child: NONE,
            next: NONE,
            seen: 0,
            enriching: None,
            values: Values::Nothing,
        };
        Self { nodes: vec![root], by_key: HashMap::new(), partial: false, nulls: false, rows_expected: 0 }
    }
}

impl LeafTree {
    /// Returns the key that is probably next in `parent`'s object, if it is of the kind that one comparison recognises.
    #[inline]
    pub(crate) fn expected(&self, parent: NodeId, before: Option<NodeId>) -> Option<(NodeId, &ExpectedKey)> {
        let guess = self.guess(parent, before);
        let node = self.nodes.get(guess as usize).filter(|node| node.parent == parent.0)?;
        Some((NodeId(guess), node.expected.as_ref()?))
    }

    #[inline]
    fn guess(&self, parent: NodeId, before: Option<NodeId>) -> u32 {
        match before {
            Some(before) => self.nodes[before.0 as usize].next,
            None => self.nodes[parent.0 as usize].first_child,
        }
    }

    /// Returns what enrichment makes of the key's values.
    #[inline]
    pub(crate) fn enriching(&self, id: NodeId) -> Option<Enriching> {
        self.nodes[id.0 as usize].enriching
    }

    /// Notes that row `row` has the key.
    #[inline]
    pub(crate) fn visit(&mut self, id: NodeId, row: usize) -> Found {
        let node = &mut self.nodes[id.0 as usize];
        if node.seen == row + 1 {
            return Found::Duplicate;
        }
        node.seen = row + 1;
        Found::Node(id)
    }

    /// Finds a key of `parent`'s object in row `row`; `before` is the key read before it, if it has a node.
    #[inline]
    pub(crate) fn find(&mut self, parent: NodeId, before: Option<NodeId>, key: &[u8], row: usize) -> Found {
        let guess = self.guess(parent, before);
        let id = match self.nodes.get(guess as usize) {
            Some(node) if *node.key == *key && node.parent == parent.0 => guess,
            _ => match self.look_up(parent, before, key) {
                Some(id) => id,
                None => return Found::NoColumn,
            },
        };
        self.visit(NodeId(id), row)
    }

    fn look_up(&mut self, parent: NodeId, before: Option<NodeId>, key: &[u8]) -> Option<u32> {
        let id = match self.by_key.get(&(parent.0, Box::from(key))) {
            Some(id) => *id,
            None => self.add(parent, key)?,
        };
        match before {
            Some(before) => self.nodes[before.0 as usize].next = id,
            None => self.nodes[parent.0 as usize].first_child = id,
        }
        Some(id)
    }

    fn add(&mut self, parent: NodeId, key: &[u8]) -> Option<u32> {
        let name = std::str::from_utf8(key).ok().filter(|name| !name.contains('.') && !name.is_empty());
        let Some(name) = name.filter(|_| self.nodes.len() < PATHS_MAX) else {
            self.partial = true;
            return None;
        };
        let above = &self.nodes[parent.0 as usize].path;
        let path: Arc<str> = if above.is_empty() { name.into() } else { format!("{above}.{name}").into() };
        let id = u32::try_from(self.nodes.len()).ok()?;
        self.nodes.push(Node {
            key: Box::from(key),
            expected: ExpectedKey::new(key),
            path,
            parent: parent.0,
            first_child: NONE,
            next: NONE,
            seen: 0,
            enriching: (parent == NodeId::ROOT).then(|| Enriching::of(key)).flatten(),
            values: Values::Nothing,
        });
        self.by_key.insert((parent.0, Box::from(key)), id);
        Some(id)
    }

    /// Makes room for so many rows in columns that begin from here on.
    pub(crate) fn expect(&mut self, rows: usize) {
        self.rows_expected = rows;
    }

    /// Says that a part of this batch's data is in no column.
    pub(crate) fn set_partial(&mut self) {
        self.partial = true;
    }

    /// Says that a row of this batch has JSON null for a path.
    #[inline]
    pub(crate) fn set_null(&mut self) {
        self.nulls = true;
    }

    #[inline]
    pub(crate) fn set_text(&mut self, id: NodeId, row: usize, view: u128) {
        let values = &mut self.nodes[id.0 as usize].values;
        match values {
            Values::Text(column) => {
                column.pad(row);
                column.push(view);
            }
            values if values.is_empty() => *values = Values::Text(first(row, view, self.rows_expected)),
            _ => *values = Values::Mixed,
        }
    }

    #[inline]
    pub(crate) fn set_number(&mut self, id: NodeId, row: usize, number: Number) {
        let values = &mut self.nodes[id.0 as usize].values;
        match (&mut *values, number) {
            (Values::Int(column), Number::Int(value)) => {
                column.pad(row);
                column.push(value);
            }
            (Values::Float(column), Number::Float(value)) => {
                column.pad(row);
                column.push(value);
            }
            (Values::Float(column), Number::Int(value)) if exact(value).is_some() => {
                column.pad(row);
                column.push(value as f64);
            }
            (Values::Int(column), Number::Float(value)) => {
                *values = column.try_map(exact).map_or(Values::Mixed, |mut floats| {
                    floats.pad(row);
                    floats.push(value);
                    Values::Float(floats)
                });
            }
            (values, Number::Int(value)) if values.is_empty() => {
                *values = Values::Int(first(row, value, self.rows_expected));
            }
            (values, Number::Float(value)) if values.is_empty() => {
                *values = Values::Float(first(row, value, self.rows_expected));
            }
            _ => *values = Values::Mixed,
        }
    }

    #[inline]
    pub(crate) fn set_bool(&mut self, id: NodeId, row: usize, value: bool) {
        let values = &mut self.nodes[id.0 as usize].values;
        match values {
            Values::Bool(column) => {
                column.pad(row);
                column.push(value);
            }
            values if values.is_empty() => *values = Values::Bool(first(row, value, self.rows_expected)),
            _ => *values = Values::Mixed,
        }
    }

    /// Says that the value is an object or an array, whose text has to be read.
    pub(crate) fn set_nested(&mut self, id: NodeId) {
        self.nodes[id.0 as usize].values = Values::Mixed;
    }

    /// Takes back every row from `rows` on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        for node in &mut self.nodes {
            node.seen = node.seen.min(rows);
            match &mut node.values {
                Values::Int(column) => column.truncate(rows),
                Values::Float(column) => column.truncate(rows),
                Values::Bool(column) => column.truncate(rows),
                Values::Text(column) => column.truncate(rows),
                Values::Nothing | Values::Mixed => {}
            }
        }
    }

    /// Forgets all rows; keeps the shape, and the memory of the columns for rows of the same types.
    pub(crate) fn clear(&mut self) {
        (self.partial, self.nulls) = (false, false);
        if self.nodes.len() > PATHS_KEPT_MAX {
            *self = Self::default();
            return;
        }
        for node in &mut self.nodes {
            node.seen = 0;
            node.values.clear();
        }
    }

    /// Returns the columns of a batch of `rows` rows and keeps only the shape for the next one.
    pub(crate) fn finish(&mut self, rows: usize, buffers: &[Buffer]) -> Leaves {
        let mut by_path = HashMap::with_capacity(self.nodes.len());
        for node in &mut self.nodes {
            node.seen = 0;
            let leaf = match &mut node.values {
                values if values.is_empty() => continue,
                Values::Nothing | Values::Mixed => Leaf::Text,
                Values::Int(column) => {
                    column.pad(rows);
                    Leaf::Typed(Arc::new(column.finish()))
                }
                Values::Float(column) => {
                    column.pad(rows);
                    Leaf::Typed(column.finish())
                }
                Values::Bool(column) => {
                    column.pad(rows);
                    Leaf::Typed(column.finish())
                }
                Values::Text(column) => {
                    column.pad(rows);
                    Leaf::Typed(column.finish_text(buffers))
                }
            };
            node.values = Values::Nothing;
            by_path.insert(Arc::clone(&node.path), leaf);
        }
        let leaves = Leaves { by_path, partial: self.partial, nulls: self.nulls };
        (self.partial, self.nulls) = (false, false);
        if self.nodes.len() > PATHS_KEPT_MAX {
            *self = Self::default();
        }
        leaves
    }
}

fn first<T: Copy + Default>(row: usize, value: T, rows_expected: usize) -> Column<T> {
    let mut column = Column::default();
    column.expect(rows_expected);
    column.pad(row);
    column.push(value);
    column
}

/// Returns the double that is the same number.
fn exact(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= EXACT_INT_MAX.unsigned_abs()).then_some(value as f64)
}
