//! Reads a bare word in a filter, as in `tail web.click`, as the event type that it is.

use streamflow_core::event::COLUMNS;

use super::Session;

/// Words that mean something else in a condition.
const RESERVED: [&str; 7] = ["and", "or", "not", "true", "false", "null", "is"];

/// Returns the filter with `type=` before its one bare word, and says so; other filters stay as they are.
pub(super) fn expanded(filter: &str, session: &Session) -> String {
    let Some((word, expanded)) = with_type(filter) else { return filter.to_owned() };
    session.printer().talk(format_args!("reading {word:?} as type={word}"));
    expanded
}

/// Everything else has to be `key=value`: what is SQL is left alone.
fn with_type(filter: &str) -> Option<(&str, String)> {
    let pieces: Vec<&str> = filter.split_whitespace().collect();
    let is_pair = |piece: &str| {
        let signs = ['=', '!', '<', '>', '~'];
        !piece.contains(['\'', '"', '(']) && piece.find(signs).is_some_and(|at| at > 0) && !piece.ends_with(signs)
    };
    let mut bare = pieces.iter().filter(|piece| is_bare(piece));
    let (word, None) = (*bare.next()?, bare.next()) else { return None };
    if !pieces.iter().all(|piece| is_bare(piece) || is_pair(piece)) {
        return None;
    }
    let typed = |piece: &&str| if *piece == word { format!("type={word}") } else { (*piece).to_owned() };
    Some((word, pieces.iter().map(typed).collect::<Vec<_>>().join(" ")))
}

/// A column or a path is a condition of its own.
fn is_bare(piece: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    piece.chars().all(is_name)
        && piece.starts_with(char::is_alphabetic)
        && !RESERVED.contains(&piece.to_lowercase().as_str())
        && !COLUMNS.contains(&piece)
        && !["data.", "metadata."].iter().any(|column| piece.starts_with(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bare_word_is_a_type() {
        let check = |filter: &str, expected: Option<&str>| {
            assert_eq!(with_type(filter).map(|(_, expanded)| expanded).as_deref(), expected, "{filter}");
        };
        check("web.click", Some("type=web.click"));
        check(" error ", Some("type=error"));
        check("web.click severity=high", Some("type=web.click severity=high"));
        check("latency>5 web.click", Some("latency>5 type=web.click"));
        for other in [
            "",
            "true",
            "data.ok",
            "country",
            "type = 'a'",
            "web.click api.call",
            "NOT web.click",
            "type IN ('a')",
            "a=b",
            "1",
        ] {
            check(other, None);
        }
    }
}
