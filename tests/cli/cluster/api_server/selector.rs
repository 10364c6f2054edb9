//! Which objects a selector means: by labels as a query or an object has them, or by fields.

use serde_json::{Map, Value};

/// Returns whether labels meet a selector such as `app=shop,tier!=web,!old,zone in (a,b)`.
pub(super) fn meets(labels: Option<&Map<String, Value>>, selector: &str) -> bool {
    let of = |key: &str| labels.and_then(|labels| labels.get(key.trim())).and_then(Value::as_str);
    parts(selector).iter().all(|part| {
        if let Some((key, values)) = part.split_once(" notin ") {
            !of(key).is_some_and(|value| among(values, value))
        } else if let Some((key, values)) = part.split_once(" in ") {
            of(key).is_some_and(|value| among(values, value))
        } else if let Some((key, value)) = part.split_once("!=") {
            of(key) != Some(value.trim())
        } else if let Some((key, value)) = part.split_once('=') {
            of(key) == Some(value.trim_start_matches('=').trim())
        } else if let Some(key) = part.strip_prefix('!') {
            of(key).is_none()
        } else {
            of(part).is_some()
        }
    })
}

fn among(values: &str, value: &str) -> bool {
    values.trim().trim_matches(['(', ')']).split(',').any(|known| known.trim() == value)
}

/// Splits at commas outside of parentheses.
fn parts(selector: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_i32);
    for c in selector.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Returns whether an object has the values that a selector such as `metadata.name=shop` names.
pub(super) fn has_fields(object: &Value, selector: &str) -> bool {
    selector.split(',').filter(|part| !part.is_empty()).all(|part| {
        let (path, wanted) = part.split_once('=').unwrap_or((part, ""));
        let (path, negated) = path.strip_suffix('!').map_or((path, false), |path| (path, true));
        let value = object.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str).unwrap_or_default();
        (value == wanted.trim_start_matches('=')) != negated
    })
}

/// Returns whether labels meet a selector as objects have it: `matchLabels` and `matchExpressions`.
pub(super) fn matches(labels: Option<&Map<String, Value>>, selector: &Value) -> bool {
    let of = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let by_labels = selector["matchLabels"]
        .as_object()
        .is_none_or(|wanted| wanted.iter().all(|(key, value)| of(key) == value.as_str()));
    let by_expressions = selector["matchExpressions"].as_array().is_none_or(|expressions| {
        expressions.iter().all(|expression| {
            let value = of(expression["key"].as_str().unwrap());
            let is_in = || {
                let values = expression["values"].as_array().unwrap();
                value.is_some_and(|value| values.iter().any(|known| known == value))
            };
            match expression["operator"].as_str().unwrap() {
                "In" => is_in(),
                "NotIn" => !is_in(),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                other => panic!("no such operator: {other}"),
            }
        })
    });
    by_labels && by_expressions
}
