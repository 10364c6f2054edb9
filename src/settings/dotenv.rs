//! Reads `.env` files: `NAME=value` lines, `export` allowed, quotes removed, `#` starts a comment.

/// A variable of the file and its line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) number: u64,
}

/// Returns the variables of the file. Lines that are no assignment are left out: other programs read the file too.
pub(super) fn lines(text: &str) -> Vec<Line> {
    text.lines().zip(1..).filter_map(|(line, number)| parsed(line, number)).collect()
}

fn parsed(line: &str, number: u64) -> Option<Line> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| Line { name: name.to_owned(), value: unquoted(value.trim()), number })
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote)
            && let Some((inner, _)) = rest.split_once(quote)
        {
            return inner.to_owned();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_as_shells_write_them() {
        let check = |text: &str, expected: &[(&str, &str, u64)]| {
            let read: Vec<_> = lines(text).into_iter().map(|l| (l.name, l.value, l.number)).collect();
            let expected: Vec<_> = expected.iter().map(|(n, v, l)| ((*n).to_owned(), (*v).to_owned(), *l)).collect();
            assert_eq!(read, expected, "{text:?}");
        };
        check("A=1\n\n# B=2\nexport C='x # y'\n", &[("A", "1", 1), ("C", "x # y", 4)]);
        check(
            "D=\"two words\" # why\nE=bare # why\nF=a#b",
            &[("D", "two words", 1), ("E", "bare", 2), ("F", "a#b", 3)],
        );
        check("no assignment\n=x\nG =y", &[("G", "y", 3)]);
    }
}
