//! The filter grammar: shorthand such as `type=error latency>100` becomes a SQL condition; a SQL condition stays as it is.
//!
//! ```text
//! filter    = shorthand | SQL condition over the columns of events
//! shorthand = word { [AND] word }              all must hold
//! word      = key op value                     no spaces, unless inside quotes
//! key       = name { "." name }                a column, else a path inside data: page means data.page
//! op        = "=" | "==" | "!=" | ">" | ">=" | "<" | "<=" | "~" (contains, ignoring case) | "!~"
//! value     = bare | "'" … "'" | '"' … '"'     a quote inside is doubled; a quoted value is always text
//! ```
//!
//! The text is shorthand when every word has this form. So `type='error' OR source='web'` is SQL, for OR is no such word,
//! and two columns are compared by writing spaces around the operator.
//!
//! A bare value is a number, `true`, `false` or `null` where it reads as one and the column may hold it; else it is text.
//! `!=` and `!~` hold for events that lack the value. `severity>=high` follows the order of severities. `tags=x` asks
//! whether x is among the tags.

mod literal;
mod word;

use word::{Word, split};

/// Bytes of a filter: a longer one was not typed by anybody, and belongs in a query.
pub const FILTER_BYTES_MAX: usize = 16 << 10;

/// A shorthand that cannot mean anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} {fault}")]
pub struct FilterError {
    /// The word at fault.
    pub word: String,
    /// What is wrong with it, to follow the word.
    pub fault: &'static str,
    /// The next step.
    pub hint: String,
}

/// Returns the filter as a SQL condition over the columns of `events`. An empty filter lets everything pass.
///
/// # Errors
/// When the text is shorthand that cannot mean anything, or too long. Faults in a SQL condition are the engine's to find.
pub fn to_sql(text: &str) -> Result<String, FilterError> {
    if text.len() > FILTER_BYTES_MAX {
        let word = text.chars().take(32).collect();
        let hint = "a filter may have 16 KiB: use a query instead".to_owned();
        return Err(FilterError { word, fault: "starts a filter that is too long", hint });
    }
    match shorthand(text) {
        Some(words) if words.is_empty() => Ok("true".to_owned()),
        Some(words) => {
            let conditions: Result<Vec<_>, _> = words.iter().map(Word::condition).collect();
            Ok(conditions?.join(" AND "))
        }
        None => Ok(text.trim().to_owned()),
    }
}

/// Returns a column or a path inside `data` as SQL, by the same rules as a key of the shorthand.
///
/// # Errors
/// When the text is no name and no path.
pub fn column_sql(key: &str) -> Result<String, FilterError> {
    word::Column::parse(key).map(|column| column.sql()).ok_or_else(|| FilterError {
        word: key.to_owned(),
        fault: "is no column and no path inside data",
        hint: "write a column such as source, or a path such as data.page".to_owned(),
    })
}

/// Returns text as a SQL string.
#[must_use]
pub fn text_sql(text: &str) -> String {
    literal::text(text)
}

/// Returns the words if all of them are shorthand.
fn shorthand(text: &str) -> Option<Vec<Word>> {
    let pieces = split(text)?;
    let joins = |piece: &str| piece.eq_ignore_ascii_case("and");
    // AND stands between two words and nowhere else.
    let dangling = pieces.first().is_some_and(|p| joins(p)) || pieces.last().is_some_and(|p| joins(p));
    if dangling || pieces.windows(2).any(|pair| joins(pair[0]) && joins(pair[1])) {
        return None;
    }
    pieces.into_iter().filter(|piece| !joins(piece)).map(Word::parse).collect()
}

#[cfg(test)]
mod tests;
