//! Reads the query string of a request, and names what is wrong with it: unknown, twice, not a number, out of range.

use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use streamflow_core::suggest;
use utoipa::IntoParams;

use crate::server::error::ApiError;

/// The parameters of a route as text. Their names are those that `openapi.json` documents; any other is an error.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

/// The one variable part of a route's path.
#[derive(Debug)]
pub(crate) struct Segment(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(segment) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::new("invalid_parameter", "the path is not percent-encoded UTF-8"))?;
        Ok(Self(segment))
    }
}

impl<S: Sync, T: DeserializeOwned + IntoParams> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| ApiError::new("invalid_parameter", "the query string is not percent-encoded UTF-8"))?;
        let known: Vec<String> = T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
        let mut fields = Map::new();
        for (name, value) in pairs {
            if !known.contains(&name) {
                return Err(unknown(&name, &value, &known));
            }
            if let Some(before) = fields.insert(name.clone(), Value::String(value)) {
                return Err(ApiError::parameter(&name, before.as_str().unwrap_or_default(), "given more than once"));
            }
        }
        let parameters = serde_json::from_value(Value::Object(fields))
            .map_err(|error| ApiError::internal("parameters do not fit their own type", &error))?;
        Ok(Self(parameters))
    }
}

fn unknown(name: &str, value: &str, known: &[String]) -> ApiError {
    let error = ApiError::parameter(name, value, "no such parameter");
    match suggest::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error.hint(format!("the parameters are {}", known.join(", "))),
    }
}

/// Reads a whole number.
///
/// # Errors
/// When the text is none, or it is out of range.
pub(crate) fn number(
    name: &str,
    text: Option<&str>,
    default: u64,
    range: RangeInclusive<u64>,
) -> Result<u64, ApiError> {
    let Some(text) = text else { return Ok(default) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        ApiError::parameter(name, text, &format!("not a whole number from {} to {}", range.start(), range.end()))
    })
}

/// Reads one word of a few.
///
/// # Errors
/// When the text is another word.
pub(crate) fn choice<'a>(name: &str, text: Option<&'a str>, words: &[&'a str]) -> Result<&'a str, ApiError> {
    let Some(text) = text else { return Ok(words[0]) };
    if words.contains(&text) {
        return Ok(text);
    }
    let error = ApiError::parameter(name, text, &format!("one of {}", words.join(", ")));
    Err(match suggest::nearest(text, words.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near:?}?")),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::analytics::TopParams;

    async fn read(query: &str) -> Result<TopParams, ApiError> {
        let request = http::Request::get(format!("/x?{query}")).body(()).unwrap();
        Parameters::from_request_parts(&mut request.into_parts().0, &()).await.map(|Parameters(parameters)| parameters)
    }

    #[tokio::test]
    async fn parameters_are_decoded() {
        let read = read("limit=5&tz=Europe%2FOslo").await.unwrap();
        assert_eq!((read.limit.as_deref(), read.tz.as_deref(), read.hours), (Some("5"), Some("Europe/Oslo"), None));
    }

    #[tokio::test]
    async fn wrong_parameter_is_named_with_the_nearest_right_one() {
        let body = read("hour=24").await.unwrap_err().body("r").error;
        assert_eq!((body.code.as_str(), body.hint.as_deref()), ("invalid_parameter", Some("did you mean \"hours\"?")));
        assert_eq!(body.message, "hour=\"24\": no such parameter");
        assert_eq!(read("limit=1&limit=2").await.unwrap_err().code(), "invalid_parameter");
    }

    #[test]
    fn number_is_within_its_range() {
        let check = |text: Option<&str>, expected: Option<u64>| assert_eq!(number("n", text, 7, 1..=10).ok(), expected);
        check(None, Some(7));
        check(Some("10"), Some(10));
        check(Some("11"), None);
        check(Some("0"), None);
        check(Some("-1"), None);
        check(Some("ten"), None);
        check(Some(""), None);
    }
}
