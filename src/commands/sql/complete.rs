//! Completes SQL at the cursor from what the server has: tables, columns, paths, functions, and values seen so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::dot;
use super::lexer::{self, Kind, Piece};
use super::word::KEYWORDS;

/// Asks the server for the values of a column.
pub(super) type AskValues = Box<dyn Fn(&str) -> Option<Vec<(String, u64)>> + Send>;

/// Suggestions that are offered at once.
const OFFERED_MAX: usize = 200;
/// Words after which a table comes.
const BEFORE_TABLES: [&str; 2] = ["FROM", "JOIN"];

/// What may be named. Filled when the shell starts, and again while it runs.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) tables: Vec<String>,
    /// Columns and paths with what they hold.
    pub(super) columns: Vec<(String, String)>,
    pub(super) functions: Vec<String>,
    /// Values of a column with how often each was seen, of columns that were asked for.
    pub(super) values: BTreeMap<String, Vec<(String, u64)>>,
}

/// The names, shared between the editor and who asks the server.
pub(super) type Shared = Arc<Mutex<Names>>;

/// A word that may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offer {
    word: String,
    about: String,
}

/// Completes at TAB.
pub(super) struct Completing {
    pub(super) names: Shared,
    pub(super) ask_values: AskValues,
}

impl Completer for Completing {
    fn complete(&mut self, line: &str, cursor: usize) -> CompletionResult {
        let text = &line[..cursor];
        if let Some(column) = lexer::open_text(text).and_then(|open| open.column)
            && !self.names.lock().values.contains_key(&column)
            && let Some(values) = (self.ask_values)(&column)
        {
            self.names.lock().values.insert(column, values);
        }
        let (start, offers) = offers(&self.names.lock(), text);
        let suggestion = |offer: Offer| Suggestion {
            value: offer.word,
            description: Some(offer.about).filter(|about| !about.is_empty()),
            span: Span::new(start, cursor),
            append_whitespace: false,
            ..Suggestion::default()
        };
        CompletionResult::fresh(offers.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

/// Returns what may stand at the end of the text, and from which byte on it replaces what stands there.
fn offers(names: &Names, text: &str) -> (usize, Vec<Offer>) {
    if text.starts_with('.') && !text.contains(char::is_whitespace) {
        let commands = dot::COMMANDS.iter().map(|command| offer(command.name, command.about));
        return (0, commands.filter(|offer| offer.word.starts_with(text)).collect());
    }
    let pieces: Vec<Piece> = lexer::pieces(text);
    let before = |index: usize| {
        let words = pieces[..index].iter().rev().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment));
        words.map(|piece| &text[piece.start..piece.end])
    };
    let Some((last, piece)) = pieces.iter().enumerate().next_back() else { return (0, any(names, "", true)) };
    match piece.kind {
        Kind::Text if !piece.closed => (piece.start, values(names, text)),
        Kind::Comment | Kind::Text | Kind::QuotedName | Kind::Parameter | Kind::Number | Kind::Semicolon => {
            (text.len(), Vec::new())
        }
        Kind::Word | Kind::Symbol if piece.kind == Kind::Word || &text[piece.start..] == "." => {
            // A path such as data.page is several pieces.
            let start = path_start(&pieces, text);
            let first = pieces.iter().position(|piece| piece.start == start).unwrap_or(last);
            let previous = before(first).next();
            let after_table = previous.is_some_and(|word| BEFORE_TABLES.contains(&&*word.to_ascii_uppercase()));
            let typed = &text[start..];
            (start, if after_table { tables(names, typed) } else { any(names, typed, previous.is_none()) })
        }
        _ => {
            let previous = before(pieces.len()).next();
            let after_table = previous.is_some_and(|word| BEFORE_TABLES.contains(&&*word.to_ascii_uppercase()));
            (text.len(), if after_table { tables(names, "") } else { any(names, "", previous.is_none()) })
        }
    }
}

/// Returns where the dotted name that ends the text begins.
fn path_start(pieces: &[Piece], text: &str) -> usize {
    let is_part = |piece: &&Piece| piece.kind == Kind::Word || &text[piece.start..piece.end] == ".";
    pieces.iter().rev().take_while(is_part).last().map_or(text.len(), |piece| piece.start)
}

/// Returns the values of the column that an open text is compared with: those that begin like it, then those that have it
/// elsewhere.
fn values(names: &Names, text: &str) -> Vec<Offer> {
    let Some(open) = lexer::open_text(text) else { return Vec::new() };
    let typed = text[open.start + 1..].replace("''", "'").to_lowercase();
    let typed = typed.trim_start_matches('%');
    let known = open.column.and_then(|column| names.values.get(&column)).into_iter().flatten();
    let has = |(value, _): &&(String, u64)| value.to_lowercase().contains(typed);
    let (first, later): (Vec<_>, Vec<_>) =
        known.filter(has).partition(|(value, _)| value.to_lowercase().starts_with(typed));
    let events = |count: u64| if count == 1 { "1 event".to_owned() } else { format!("{count} events") };
    let offered = first.into_iter().chain(later).take(OFFERED_MAX);
    offered.map(|(value, count)| offer(&format!("'{}'", value.replace('\'', "''")), &events(*count))).collect()
}

fn tables(names: &Names, typed: &str) -> Vec<Offer> {
    let tables = names.tables.iter().map(String::as_str).chain(["_"]);
    let about = |name: &str| if name == "_" { "the last result" } else { "table" };
    tables.filter(|name| name.starts_with(typed)).map(|name| offer(name, about(name))).collect()
}

/// Columns first: they are what one forgets.
fn any(names: &Names, typed: &str, at_the_beginning: bool) -> Vec<Offer> {
    let typed_lower = typed.to_lowercase();
    let keywords = KEYWORDS.iter().filter(|word| word.to_lowercase().starts_with(&typed_lower)).map(|word| {
        // As the person writes them.
        let small = typed.chars().next().is_some_and(char::is_lowercase);
        offer(&if small { word.to_lowercase() } else { (*word).to_owned() }, "")
    });
    if at_the_beginning {
        return keywords
            .filter(|offer| !typed.is_empty() || ["SELECT", "WITH", "EXPLAIN"].contains(&&*offer.word))
            .collect();
    }
    let columns = names.columns.iter().filter(|(name, _)| name.to_lowercase().starts_with(&typed_lower));
    let columns = columns.map(|(name, kind)| offer(name, kind));
    let tables = names.tables.iter().filter(|name| !typed.is_empty() && name.starts_with(&typed_lower));
    let tables = tables.map(|name| offer(name, "table"));
    let functions = names.functions.iter().filter(|name| !typed.is_empty() && name.starts_with(&typed_lower));
    let functions = functions.map(|name| offer(&format!("{name}("), "function"));
    columns.chain(tables).chain(keywords).chain(functions).take(OFFERED_MAX).collect()
}

fn offer(word: &str, about: &str) -> Offer {
    Offer { word: word.to_owned(), about: about.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Names {
            tables: named(&["events"]),
            columns: [("type", "text"), ("timestamp", "timestamp"), ("data", "json"), ("data.page", "text")]
                .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
                .into(),
            functions: named(&["count", "coalesce"]),
            values: BTreeMap::from([
                (
                    "type".to_owned(),
                    vec![("web.click".to_owned(), 7), ("web.view".to_owned(), 2), ("it's".to_owned(), 1)],
                ),
                ("os".to_owned(), vec![("iOS".to_owned(), 7)]),
                ("data.page".to_owned(), vec![("/checkout".to_owned(), 7)]),
            ]),
        }
    }

    /// What is offered at the end of the text, as the line would be.
    fn becomes(text: &str) -> Vec<String> {
        let (start, offers) = offers(&names(), text);
        offers.into_iter().map(|offer| format!("{}{}", &text[..start], offer.word)).collect()
    }

    #[test]
    fn names_are_offered_where_they_may_stand() {
        let first = |text: &str, expected: &str| {
            assert_eq!(becomes(text).first().map(String::as_str), Some(expected), "{text}")
        };
        first("sel", "select");
        first("SELECT ty", "SELECT type");
        first("SELECT data.p", "SELECT data.page");
        first("SELECT data.", "SELECT data.page");
        first("SELECT coun", "SELECT count(");
        first("SELECT 1 FROM ", "SELECT 1 FROM events");
        first("SELECT 1 FROM ev", "SELECT 1 FROM events");
        first("SELECT 1 FROM events wher", "SELECT 1 FROM events where");
        first(".ta", ".tables");
    }

    #[test]
    fn values_are_those_of_the_column_that_is_compared() {
        let first = |text: &str, expected: &str| {
            assert_eq!(becomes(text).first().map(|line| &line[text.rfind('\'').unwrap()..]), Some(expected), "{text}");
        };
        first("SELECT 1 FROM events WHERE type = '", "'web.click'");
        first("SELECT 1 FROM events WHERE type = 'web.v", "'web.view'");
        first("SELECT 1 FROM events WHERE type <> 'web.v", "'web.view'");
        first("SELECT 1 FROM events WHERE type IN ('web.click', 'web.v", "'web.view'");
        first("SELECT 1 FROM events WHERE type NOT IN ('it", "'it''s'");
        first("SELECT 1 FROM events WHERE os = 'i", "'iOS'");
        first("SELECT 1 FROM events WHERE data.page = '/ch", "'/checkout'");
        first("SELECT 1 FROM events WHERE data.page LIKE '%out", "'/checkout'");
        assert!(becomes("SELECT 1 FROM events WHERE source = 'w").is_empty());
        assert!(becomes("SELECT 'w").is_empty());
    }

    #[test]
    fn values_of_a_column_are_asked_for_once() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let ask_values: AskValues = Box::new(move |column| {
            noted.lock().push(column.to_owned());
            Some(vec![("iOS".to_owned(), 7)])
        });
        let mut completing = Completing { names: Shared::default(), ask_values };
        for line in ["WHERE os = 'i", "WHERE os IN ('", "WHERE 'i"] {
            completing.complete(line, line.len());
        }
        assert_eq!(*asked.lock(), ["os"]);
        assert_eq!(offers(&completing.names.lock(), "os = 'IO").1, [offer("'iOS'", "7 events")]);
    }

    #[test]
    fn nothing_is_offered_inside_comments_and_numbers() {
        for text in ["SELECT 1 -- ty", "SELECT /* ty", "SELECT 12", "SELECT \"ty"] {
            assert!(becomes(text).is_empty(), "{text}");
        }
    }
}
