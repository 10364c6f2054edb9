//! Finds the names in a statement or a filter that a person may have misspelt.

use streamflow_core::event::{COLUMNS, FIELD_ALIASES};

/// Returns the texts between single quotes.
pub(super) fn texts(sql: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = sql;
    while let Some(start) = rest.find('\'') {
        let inside = &rest[start + 1..];
        let Some(end) = inside.find('\'') else { break };
        texts.push(inside[..end].to_owned());
        rest = &inside[end + 1..];
    }
    texts
}

/// Returns the values of `k=v` words.
pub(super) fn values(filter: &str) -> Vec<String> {
    let words = filter.split_whitespace().filter_map(|word| word.split_once('='));
    words.map(|(_, value)| value.trim_matches(['\'', '"']).to_owned()).filter(|value| !value.is_empty()).collect()
}

/// Returns the paths below `data`, as in `data.page`; those in quotes are texts, no paths.
pub(super) fn paths(sql: &str) -> Vec<String> {
    let outside = sql.split('\'').step_by(2);
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    outside
        .flat_map(|text| text.split(|c: char| !is_name(c)))
        .filter(|word| word.strip_prefix("data.").is_some_and(|path| !path.is_empty()))
        .map(str::to_owned)
        .collect()
}

/// Returns the keys of `k=v` words that are no columns: they are paths below `data`.
pub(super) fn keys(filter: &str) -> Vec<String> {
    let key = |word: &str| word.split_once(['=', '!', '<', '>', '~']).map(|(key, _)| key.to_owned());
    let keys = filter.split_whitespace().filter_map(key);
    keys.filter(|key| !key.is_empty() && !key.contains(['\'', '"', '(', '.']) && !is_column(key))
        .map(|key| format!("data.{key}"))
        .collect()
}

/// Tells whether a name is a column of `events`, as it is or as existing users write it.
pub(super) fn is_column(name: &str) -> bool {
    COLUMNS.contains(&name)
        || FIELD_ALIASES.iter().any(|(alias, _)| *alias == name)
        || ["level", "user_agent"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_a_person_writes_them() {
        let sql =
            "SELECT data.page, sum(data.cart.total) FROM events WHERE type='web.clik' AND data.x = 'data.y' OR a = ''";
        assert_eq!(texts(sql), ["web.clik", "data.y", ""]);
        assert_eq!(paths(sql), ["data.page", "data.cart.total", "data.x"]);
        assert_eq!(values("type=web.click source='api' x="), ["web.click", "api"]);
        assert_eq!(keys("type=x typo=1 latency>5 data.page=/ severity!=low"), ["data.typo", "data.latency"]);
        assert_eq!(texts("it's"), Vec::<String>::new());
        assert_eq!(paths("metadata.x data."), Vec::<String>::new());
    }
}
