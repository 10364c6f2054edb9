//! Decides how the events of a body are laid out, by its Content-Type.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use streamflow_engine::ingest::Framing;

use crate::server::error::ApiError;

/// Returns the layout of a body of `/events`.
///
/// # Errors
/// When the type is missing or another one: a body is not guessed at, for a web page can send any text as `text/plain`
/// without asking.
pub(crate) fn framing(headers: &HeaderMap) -> Result<Framing, ApiError> {
    let header = headers.get(CONTENT_TYPE).ok_or_else(missing)?;
    // What nearly every client sends needs no taking apart.
    if header.as_bytes() == b"application/json" {
        return Ok(Framing::Json);
    }
    let text = header.to_str().unwrap_or_default();
    match essence(text).as_str() {
        "application/json" => utf8(text, Framing::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" => {
            utf8(text, Framing::Lines)
        }
        other => Err(unsupported(other)),
    }
}

/// Checks that a body is JSON by its own word.
///
/// # Errors
/// When the type is missing or another one.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = headers.get(CONTENT_TYPE).ok_or_else(missing)?.to_str().unwrap_or_default();
    match essence(text).as_str() {
        "application/json" => Ok(()),
        other => {
            Err(ApiError::new("unsupported_media_type", format!("this route reads application/json, not {other:?}")))
        }
    }
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// JSON is UTF-8; a client that says otherwise would have its text garbled.
fn utf8(content_type: &str, framing: Framing) -> Result<Framing, ApiError> {
    let charset =
        content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(framing),
        Some(other) => Err(ApiError::new("unsupported_media_type", format!("JSON is UTF-8, not {other:?}"))),
    }
}

fn missing() -> ApiError {
    ApiError::new("unsupported_media_type", "the request names no content type")
}

fn unsupported(named: &str) -> ApiError {
    ApiError::new(
        "unsupported_media_type",
        format!("events are application/json or application/x-ndjson, not {named:?}"),
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_and_lines_of_json_are_taken() {
        let check = |content_type: &str, expected: Option<Framing>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
            assert_eq!(framing(&headers).ok(), expected, "{content_type:?}");
        };
        check("application/json", Some(Framing::Json));
        check("Application/JSON; charset=UTF-8", Some(Framing::Json));
        check("application/json;charset=\"utf-8\"", Some(Framing::Json));
        check("application/x-ndjson", Some(Framing::Lines));
        check("application/ndjson; charset=utf-8", Some(Framing::Lines));
        check("application/json; charset=latin1", None);
        check("application/x-www-form-urlencoded", None);
        check("text/plain", None);
        check("multipart/form-data; boundary=x", None);
        check("", None);
        assert_eq!(framing(&HeaderMap::new()).ok(), None);
    }
}
