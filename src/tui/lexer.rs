//! Cuts SQL into pieces while it is typed: half a text and an open comment are pieces, too. Knows no grammar.

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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
pub struct Piece {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    /// False for a text, a name or a comment whose end is not written yet.
    pub closed: bool,
}

/// A text whose end is not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenText {
    /// The byte of its quote.
    pub start: usize,
    /// The column that it is compared with, as in `type = '`, `data.page LIKE '`, `os IN ('iOS', '`.
    pub column: Option<String>,
}

/// Returns all pieces; together they are the whole text.
#[must_use]
pub fn pieces(sql: &str) -> Vec<Piece> {
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

/// Returns the words of a statement: names with their dots, texts with their quotes, numbers, and each other character by itself.
#[must_use]
pub fn words(sql: &str) -> Vec<&str> {
    let mut ends: Vec<(usize, usize)> = Vec::new();
    for piece in pieces(sql).into_iter().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment)) {
        let is_name = matches!(piece.kind, Kind::Word | Kind::QuotedName);
        match ends.last_mut() {
            // A path such as data.page is several pieces.
            Some((start, end))
                if *end == piece.start
                    && (&sql[piece.start..piece.end] == "." && begins_name(&sql[*start..*end])
                        || is_name && sql[*start..*end].ends_with('.') && begins_name(&sql[*start..*end])) =>
            {
                *end = piece.end;
            }
            _ => ends.push((piece.start, piece.end)),
        }
    }
    ends.into_iter().map(|(start, end)| &sql[start..end]).collect()
}

/// Tells whether a word is a name, of a column or of anything else.
#[must_use]
pub fn begins_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '"'))
}

/// Returns the text that is open at the end of a statement, if there is one.
#[must_use]
pub fn open_text(sql: &str) -> Option<OpenText> {
    let last = pieces(sql).pop().filter(|piece| piece.kind == Kind::Text && !piece.closed)?;
    Some(OpenText { start: last.start, column: compared(&words(&sql[..last.start])) })
}

/// Returns the column that what follows these words is compared with.
fn compared(words: &[&str]) -> Option<String> {
    let is = |word: &&str, others: &[&str]| others.iter().any(|other| other.eq_ignore_ascii_case(word));
    let without = |words: &mut &[&str], unwanted: &dyn Fn(&&str) -> bool| {
        let kept = words.iter().rposition(|word| !unwanted(word)).map_or(0, |at| at + 1);
        let left_out = words.len() - kept;
        *words = &words[..kept];
        left_out
    };
    let mut words = words;
    let in_list = |word: &&str| is(word, &["(", ","]) || word.starts_with('\'');
    if words.last().is_some_and(|word| is(word, &["(", ","])) {
        without(&mut words, &in_list);
        let (last, rest) = words.split_last()?;
        words = is(last, &["in"]).then_some(rest)?;
    } else if words.last().is_some_and(|word| is(word, &["like", "ilike"])) {
        words = &words[..words.len() - 1];
    } else if without(&mut words, &|word| is(word, &["=", "<", ">", "!", "~"])) == 0 {
        return None;
    }
    if words.last().is_some_and(|word| is(word, &["not"])) {
        words = &words[..words.len() - 1];
    }
    let column = words.last().filter(|word| begins_name(word))?;
    Some(if column.contains('"') { (*column).to_owned() } else { column.to_lowercase() })
}

/// Cuts a text at semicolons. The last part is what follows the last one, when there is more in it than blanks and
/// comments.
#[must_use]
pub fn statements(text: &str) -> Vec<&str> {
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
#[must_use]
pub fn is_whole(text: &str) -> bool {
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

    #[test]
    fn an_open_text_knows_what_it_is_compared_with() {
        let column = |sql: &str| open_text(sql).map(|open| open.column);
        let check = |sql: &str, expected: &str| assert_eq!(column(sql), Some(Some(expected.to_owned())), "{sql}");
        check("WHERE os = 'i", "os");
        check("WHERE OS='", "os");
        check("WHERE data.page <> '/ch", "data.page");
        check("WHERE data.\"Odd Key\" != '", "data.\"Odd Key\"");
        check("WHERE type IN ('a', 'it''s', 'w", "type");
        check("WHERE a = 1 AND type NOT IN ('", "type");
        check("WHERE data.page NOT LIKE '%c", "data.page");
        for sql in ["SELECT 'w", "WHERE lower(os) = 'i", "f('", "SELECT a, '"] {
            assert_eq!(column(sql), Some(None), "{sql}");
        }
        for sql in ["WHERE os = 'iOS'", "WHERE os = ", "-- os = 'i", ""] {
            assert_eq!(column(sql), None, "{sql}");
        }
        assert_eq!(words("data.page='/a' AND x>1.5"), ["data.page", "=", "'/a'", "AND", "x", ">", "1.5"]);
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
