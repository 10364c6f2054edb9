//! One word of the shorthand: `key op value`.

use super::{FilterError, literal};
use crate::event::{COLUMNS, FIELD_ALIASES, Severity};
use crate::suggest;

/// How a key and a value are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    Above,
    AtLeast,
    Below,
    AtMost,
    Contains,
    ContainsNot,
}

/// Spellings, longer ones first so that `>=` is not read as `>`.
const OPS: [(&str, Op); 9] = [
    ("==", Op::Equal),
    ("!=", Op::NotEqual),
    (">=", Op::AtLeast),
    ("<=", Op::AtMost),
    ("!~", Op::ContainsNot),
    ("=", Op::Equal),
    (">", Op::Above),
    ("<", Op::Below),
    ("~", Op::Contains),
];

impl Op {
    /// Returns the operator of SQL that compares two values of one type.
    fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Contains => "ILIKE",
            Self::ContainsNot => "NOT ILIKE",
        }
    }
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// A column of `events` that holds text.
    Text(&'static str),
    /// A column of `events` that holds a whole number.
    Number(&'static str),
    Severity,
    /// `level`, the older name of severity, with names of its own for its values.
    Level,
    Tags,
    /// A path inside `data` or `metadata`.
    Path {
        column: &'static str,
        keys: Vec<String>,
    },
}

/// Names of levels, and the severities that they stand for.
const LEVELS: [(&str, Severity); 3] =
    [("info", Severity::Low), ("warning", Severity::Medium), ("error", Severity::High)];

impl Column {
    /// Returns what `key` stands for, or `None` if it has not the form of a key.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let keys: Vec<&str> = key.split('.').collect();
        if !keys.iter().all(|key| is_name(key)) {
            return None;
        }
        let owned = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
        match keys.as_slice() {
            [column @ ("data" | "metadata"), rest @ ..] if !rest.is_empty() => {
                let column = if *column == "data" { "data" } else { "metadata" };
                Some(Self::Path { column, keys: owned(rest) })
            }
            [name] => {
                let name = FIELD_ALIASES.iter().find(|(alias, _)| alias == name).map_or(*name, |(_, field)| *field);
                Some(Self::named(name).unwrap_or_else(|| Self::Path { column: "data", keys: owned(&keys) }))
            }
            keys => Some(Self::Path { column: "data", keys: owned(keys) }),
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "severity" => Some(Self::Severity),
            "level" => Some(Self::Level),
            "tags" | "tag" => Some(Self::Tags),
            "_partition" | "_offset" => COLUMNS.into_iter().find(|&column| column == name).map(Self::Number),
            _ => COLUMNS.into_iter().find(|&column| column == name).map(Self::Text),
        }
    }

    pub(super) fn sql(&self) -> String {
        match self {
            Self::Text(name) | Self::Number(name) => literal::name(name),
            Self::Severity | Self::Level => literal::name("severity"),
            Self::Tags => literal::name("tags"),
            Self::Path { column, keys } => {
                let keys: Vec<String> = keys.iter().map(|key| literal::name(key)).collect();
                format!("{column}.{}", keys.join("."))
            }
        }
    }
}

/// A word of the shorthand, split into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    text: String,
    column: Column,
    op: Op,
    value: String,
    quoted: bool,
}

impl Word {
    /// Returns the parts of a word, or `None` if it is not shorthand.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let key_end = text.find(['=', '!', '<', '>', '~'])?;
        let (key, rest) = text.split_at(key_end);
        let column = Column::parse(key)?;
        let (op, value) = OPS.iter().find_map(|&(spelling, op)| Some((op, rest.strip_prefix(spelling)?)))?;
        let (value, quoted) = match unquoted(value) {
            Some(value) => (value, true),
            None if is_bare(value) => (value.to_owned(), false),
            None => return None,
        };
        Some(Self { text: text.to_owned(), column, op, value, quoted })
    }

    /// Returns the word as a SQL condition.
    pub(super) fn condition(&self) -> Result<String, FilterError> {
        if self.value.is_empty() && matches!(self.op, Op::Contains | Op::ContainsNot) {
            return Err(self.fault("has nothing after the operator", "write a value, such as page~checkout"));
        }
        if !self.quoted && self.value.eq_ignore_ascii_case("null") {
            return self.null_condition();
        }
        match (&self.column, self.op) {
            (Column::Tags, _) => self.tags_condition(),
            (Column::Severity | Column::Level, _) => self.severity_condition(),
            (Column::Number(_), Op::Contains | Op::ContainsNot) => Ok(self.compared(&literal::containing(&self.value))),
            (Column::Number(_), _) if literal::number(&self.value).is_none() => {
                Err(self.fault("compares a whole number with text", "write a number, such as _offset>1000"))
            }
            (Column::Number(_), _) => Ok(self.compared(&self.value)),
            (_, Op::Contains | Op::ContainsNot) => Ok(self.compared(&literal::containing(&self.value))),
            (Column::Text(_), _) => Ok(self.compared(&literal::text(&self.value))),
            (Column::Path { .. }, _) => Ok(self.compared(&self.path_value())),
        }
    }

    /// Returns the comparison with a value that is SQL already.
    fn compared(&self, value: &str) -> String {
        let column = match (&self.column, self.op) {
            // LIKE takes text. A path is text until it is compared with something else.
            (Column::Number(_) | Column::Text("timestamp" | "ingested_at"), Op::Contains | Op::ContainsNot) => {
                format!("CAST({} AS VARCHAR)", self.column.sql())
            }
            _ => self.column.sql(),
        };
        let comparison = format!("{column} {} {value}", self.op.sql());
        match self.op {
            // An event without the value, or with one of another type, is different from it, too.
            Op::NotEqual | Op::ContainsNot => format!("coalesce({comparison}, true)"),
            _ => comparison,
        }
    }

    fn path_value(&self) -> String {
        let bare = (!self.quoted).then_some(self.value.as_str());
        match bare {
            Some("true" | "false") => self.value.clone(),
            Some(value) => literal::number(value).map_or_else(|| literal::text(value), str::to_owned),
            None => literal::text(&self.value),
        }
    }

    fn null_condition(&self) -> Result<String, FilterError> {
        match self.op {
            Op::Equal => Ok(format!("{} IS NULL", self.column.sql())),
            Op::NotEqual => Ok(format!("{} IS NOT NULL", self.column.sql())),
            _ => Err(self.fault("compares with null by size", "use = or !=, or quote the word: 'null'")),
        }
    }

    fn tags_condition(&self) -> Result<String, FilterError> {
        let has = format!("array_has(tags, {})", literal::text(&self.value));
        let like = format!("array_to_string(tags, ' ') ILIKE {}", literal::containing(&self.value));
        match self.op {
            Op::Equal => Ok(has),
            Op::NotEqual => Ok(format!("NOT {has}")),
            Op::Contains => Ok(like),
            Op::ContainsNot => Ok(format!("NOT ({like})")),
            _ => Err(self.fault("compares a list of tags by size", "use =, != or ~")),
        }
    }

    fn severity_condition(&self) -> Result<String, FilterError> {
        let wanted = self.severity()?;
        let holds = |severity: &Severity| match self.op {
            Op::Equal | Op::Contains => *severity == wanted,
            Op::NotEqual | Op::ContainsNot => *severity != wanted,
            Op::Above => *severity > wanted,
            Op::AtLeast => *severity >= wanted,
            Op::Below => *severity < wanted,
            Op::AtMost => *severity <= wanted,
        };
        let names: Vec<String> =
            Severity::ALL.iter().filter(|s| holds(s)).map(|severity| literal::text(severity.as_str())).collect();
        Ok(match names.as_slice() {
            [] => "false".to_owned(),
            [only] => format!("\"severity\" = {only}"),
            several => format!("\"severity\" IN ({})", several.join(", ")),
        })
    }

    fn severity(&self) -> Result<Severity, FilterError> {
        let known = if self.column == Column::Level {
            LEVELS.iter().find(|(level, _)| *level == self.value).map(|&(_, severity)| severity)
        } else {
            None
        };
        if let Some(severity) = known.or_else(|| self.value.parse().ok()) {
            return Ok(severity);
        }
        let names = Severity::ALL.into_iter().map(Severity::as_str);
        let hint = match suggest::nearest(&self.value, names) {
            Some(name) => format!("did you mean {name:?}?"),
            None => "severities are low, medium, high and critical".to_owned(),
        };
        Err(FilterError { word: self.text.clone(), fault: "names no severity", hint })
    }

    fn fault(&self, fault: &'static str, hint: &str) -> FilterError {
        FilterError { word: self.text.clone(), fault, hint: hint.to_owned() }
    }
}

/// Splits a text at spaces outside quotes, or returns `None` when a quote stays open.
pub(super) fn split(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c.is_whitespace() => words.extend(start.take().map(|from| &text[from..at])),
            None => {
                start.get_or_insert(at);
                quote = matches!(c, '\'' | '"').then_some(c);
            }
        }
    }
    words.extend(start.map(|from| &text[from..]));
    quote.is_none().then_some(words)
}

/// Returns what stands between the quotes, if the whole text is quoted once.
fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let twice = [quote, quote].iter().collect::<String>();
    let single = inner.replace(&twice, "");
    // A quote that is left over ended the value early: `'a'||'b'` is SQL.
    (!single.contains(quote)).then(|| inner.replace(&twice, &quote.to_string()))
}

/// Tells whether a value needs no quotes. Signs of SQL, such as a call or another operator, are not bare.
fn is_bare(value: &str) -> bool {
    !value.starts_with(['=', '<', '>', '~', '!']) && !value.contains(['\'', '"', '(', ')', ';', '|'])
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && !name.ends_with('-')
}
