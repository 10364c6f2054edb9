//! Builds a request that either transport can carry.

use std::time::Duration;

use ::http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use ::http::{HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use reqwest::Url;
use serde::Serialize;

use super::PATIENCE;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    /// Path and query on a host that stands for any.
    target: Url,
    headers: HeaderMap,
    body: Bytes,
    patience: Option<Duration>,
}

impl Request {
    /// Asks for what is at `path`, which is written in the code and begins with `/`.
    #[must_use]
    pub fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path)
    }

    #[must_use]
    pub fn post(path: &'static str) -> Self {
        Self::new(Method::POST, path)
    }

    #[must_use]
    pub fn put(path: &'static str) -> Self {
        Self::new(Method::PUT, path)
    }

    #[must_use]
    pub fn delete(path: &'static str) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: &'static str) -> Self {
        let target =
            Url::parse("http://localhost").expect("a URL").join(path).expect("paths in the code are well formed");
        Self { method, target, headers: HeaderMap::new(), body: Bytes::new(), patience: Some(PATIENCE) }
    }

    /// Appends one segment to the path, whatever characters it has.
    #[must_use]
    pub fn segment(mut self, segment: &str) -> Self {
        self.target.path_segments_mut().expect("an HTTP URL has a path").pop_if_empty().push(segment);
        self
    }

    /// Appends one parameter to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Appends a parameter if it has a value.
    #[must_use]
    pub fn query_opt(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Says which form of answer is wanted.
    #[must_use]
    pub fn accept(mut self, media_type: &'static str) -> Self {
        self.headers.insert(ACCEPT, HeaderValue::from_static(media_type));
        self
    }

    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Bytes) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body;
        self
    }

    /// Sends `value` as JSON.
    #[must_use]
    pub fn json<T: Serialize>(self, value: &T) -> Self {
        let body = serde_json::to_vec(value).expect("wire types are representable in JSON");
        self.body("application/json", body.into())
    }

    /// Changes how long the whole exchange may take.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Waits as long as the connection lives: for an answer that goes on.
    #[must_use]
    pub fn without_deadline(mut self) -> Self {
        self.patience = None;
        self
    }

    pub(super) fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Returns method, path with query, headers and body.
    pub(super) fn into_parts(self) -> (Method, String, HeaderMap, Bytes) {
        let mut target = self.target.path().to_owned();
        if let Some(query) = self.target.query() {
            target.push('?');
            target.push_str(query);
        }
        (self.method, target, self.headers, self.body)
    }
}
