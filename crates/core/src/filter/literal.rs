//! Values and names as SQL, quoted so that no text can end its quotes.

/// Returns text as a SQL string.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Returns a name as a quoted SQL identifier.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the pattern of LIKE that finds the text anywhere, its own `%`, `_` and `\` taken as they are.
pub(super) fn containing(value: &str) -> String {
    let mut pattern = String::with_capacity(value.len() + 4);
    pattern.push('%');
    for c in value.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    text(&pattern)
}

/// Returns a number as SQL if the text is one in JSON's form: no leading zeros, so that `007` stays text.
pub(super) fn number(value: &str) -> Option<&str> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sound = all_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(all_digits);
    // Beyond 64 bits a number would lose digits without a word.
    let fits = if fraction.is_none() { value.parse::<i64>().is_ok() } else { value.len() <= 32 };
    (sound && fits).then_some(value)
}
