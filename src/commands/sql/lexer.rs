//! Cuts SQL into pieces while it is typed: half a text and an open comment are pieces, too. Knows no grammar.

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Space,
    Comment,
    /// `'text'`
    Text,
    /// `"name"`
    QuotedName,
    /// A name or a keyword.
    Word,
    Number,
    /// `$name`
    Parameter,
    Semicolon,
    Symbol,
}

/// A piece: bytes from `start` to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// False for a text, a name or a comment whose end is not written yet.
    pub(super) closed: bool,
}

/// Returns all pieces; together they are the whole text.
pub(super) fn pieces(sql: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let (kind, length, closed) = first(&sql[at..]);
        pieces.push(Piece { kind, start: at, end: at + length, closed });
        at += length;
    }
    pieces
}

/// Returns the kind of the first piece of a text that is not empty, its bytes, and whether it is closed.
fn first(text: &str) -> (Kind, usize, bool) {
    let mut chars = text.chars();
    let Some(c) = chars.next() else { return (Kind::Space, 0, true) };
    let rest = chars.as_str();
    let while_matching = |wanted: fn(char) -> bool| text.find(|c| !wanted(c)).unwrap_or(text.len());
    match c {
        c if c.is_whitespace() => (Kind::Space, while_matching(char::is_whitespace), true),
        '-' if rest.starts_with('-') => (Kind::Comment, text.find('\n').unwrap_or(text.len()), true),
        '/' if rest.starts_with('*') => block_comment(text),
        '\'' => quoted(Kind::Text, text, '\''),
        '"' => quoted(Kind::QuotedName, text, '"'),
        ';' => (Kind::Semicolon, 1, true),
        '$' if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
            (Kind::Parameter, 1 + rest.find(|c| !is_word(c)).unwrap_or(rest.len()), true)
        }
        c if c.is_ascii_digit() => (Kind::Number, while_matching(|c| c.is_ascii_alphanumeric() || c == '.'), true),
        c if is_word(c) => (Kind::Word, while_matching(is_word), true),
        c => (Kind::Symbol, c.len_utf8(), true),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A quote inside is written twice.
fn quoted(kind: Kind, text: &str, quote: char) -> (Kind, usize, bool) {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return (kind, at + 1, true);
        }
    }
    (kind, text.len(), false)
}

fn block_comment(text: &str) -> (Kind, usize, bool) {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return (Kind::Comment, at, true);
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    (Kind::Comment, text.len(), false)
}

/// Cuts a text at semicolons. The last part is what follows the last one, when there is more in it than blanks and
/// comments.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut has_words) = (0, false);
    for piece in pieces(text) {
        match piece.kind {
            Kind::Semicolon => {
                if has_words {
                    found.push(text[start..piece.start].trim());
                }
                (start, has_words) = (piece.end, false);
            }
            Kind::Space | Kind::Comment => {}
            _ => has_words = true,
        }
    }
    if has_words {
        found.push(text[start..].trim());
    }
    found
}

/// Tells whether the text ends with a whole statement: a semicolon with nothing but blanks and comments behind it.
pub(super) fn is_whole(text: &str) -> bool {
    let pieces = pieces(text);
    let last = pieces.iter().rev().find(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment));
    let open = pieces.iter().any(|piece| !piece.closed);
    !open && last.is_none_or(|piece| piece.kind == Kind::Semicolon)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn semicolons_inside_texts_names_and_comments_end_nothing() {
        let check = |text: &str, expected: &[&str]| assert_eq!(statements(text), expected, "{text}");
        check("SELECT 1; SELECT 2", &["SELECT 1", "SELECT 2"]);
        check("SELECT ';', \"a;b\" -- ;\n, 1;", &["SELECT ';', \"a;b\" -- ;\n, 1"]);
        check("SELECT 'it''s; fine'; ;; ", &["SELECT 'it''s; fine'"]);
        check("/* a; /* b; */ c; */ SELECT 1;", &["/* a; /* b; */ c; */ SELECT 1"]);
        check("-- nothing\n;", &[]);
        check("", &[]);
    }

    #[test]
    fn statement_is_whole_with_its_semicolon() {
        for text in ["SELECT 1;", "SELECT 1; -- done", "SELECT 1;\n\n", "", "  "] {
            assert!(is_whole(text), "{text}");
        }
        for text in ["SELECT 1", "SELECT ';", "SELECT 1; SELECT 2", "SELECT 1 /* ;", "SELECT \";", "SELECT 1; 'a"] {
            assert!(!is_whole(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole_text(text in "[a-z'\"/*;$ \n0-9ä-]{0,40}") {
            let pieces = pieces(&text);
            let joined: String = pieces.iter().map(|piece| &text[piece.start..piece.end]).collect();
            prop_assert_eq!(joined, text);
            prop_assert!(pieces.iter().all(|piece| piece.start < piece.end));
        }
    }
}
