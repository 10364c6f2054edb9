//! Names requests: the client's own name if it sent a sound one, else one made here.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::api::REQUEST_ID_HEADER;

/// Longest name that is taken from a client, bytes: it goes into logs.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// The header's name, ready for maps.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID_HEADER);
/// The spelling that many proxies use.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request. Always visible ASCII.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Returns the name that the client sent, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        headers
            .get(REQUEST_ID)
            .or_else(|| headers.get(X_REQUEST_ID))
            .filter(|value| is_sound(value))
            .map_or_else(Self::generate, |value| Self(value.clone()))
    }

    /// Returns a name that this process has not used before: eight digits for the process, then a count.
    pub(crate) fn generate() -> Self {
        static PROCESS: LazyLock<u32> = LazyLock::new(process_number);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut text = String::with_capacity(24);
        // Writing to a String can not fail.
        let _infallible = write!(text, "{:08x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed));
        let value = HeaderValue::from_maybe_shared(Bytes::from(text));
        Self(value.expect("hexadecimal digits and a dash are a header value"))
    }

    /// Returns the name as text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Returns the name as an answer's header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Returns a number that differs from process to process: the seed of the standard library's hash maps.
fn process_number() -> u32 {
    let seed = RandomState::new().build_hasher().finish();
    u32::try_from(seed >> 32).unwrap_or_default()
}

fn is_sound(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_name_is_echoed_and_any_other_replaced() {
        let check = |sent: &str, echoed: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(sent.as_bytes()).unwrap());
            assert_eq!(RequestId::of(&headers).as_str() == sent, echoed, "{sent:?}");
        };
        check("abc-1", true);
        check("", false);
        check("two words", false);
        check("naïve", false);
        check(&"x".repeat(REQUEST_ID_BYTES_MAX), true);
        check(&"x".repeat(REQUEST_ID_BYTES_MAX + 1), false);
    }

    #[test]
    fn made_names_differ() {
        assert_ne!(RequestId::generate().as_str(), RequestId::generate().as_str());
    }
}
