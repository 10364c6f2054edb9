//! Decides who may ask: the Host and Origin of a request, and its token. Knows nothing of routes.

use std::net::IpAddr;

use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_LENGTH, HOST, ORIGIN, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request};
use streamflow_core::event::DEFAULT_TENANT;
use subtle::ConstantTimeEq;

use crate::server::error::ApiError;
use crate::server::options::ServerOptions;

/// Who asks, and whose data they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Principal {
    /// `local` without a token, `token` with one.
    pub(crate) name: &'static str,
    pub(crate) tenant: &'static str,
}

impl Principal {
    /// Whoever can reach a server that has no token.
    pub(crate) const LOCAL: Self = Self { name: "local", tenant: DEFAULT_TENANT };
    /// Whoever knows the server's token.
    const TOKEN: Self = Self { name: "token", tenant: DEFAULT_TENANT };
}

/// Routes that answer without a token: probes of a supervisor or load balancer.
const OPEN_PATHS: [&str; 2] = ["/health", "/ready"];

/// The rules of one server.
#[derive(Debug)]
pub(crate) struct Access {
    token: Option<String>,
    hosts: Vec<String>,
    origins: Origins,
    /// Whether other machines reach this server. Then clients name it by its addresses too; an address, unlike a name,
    /// can not be pointed here by a web page.
    addresses_allowed: bool,
}

#[derive(Debug)]
enum Origins {
    Any,
    Listed(Vec<String>),
}

impl Access {
    pub(crate) fn new(options: &ServerOptions) -> Self {
        let lowercase =
            |names: &[String]| names.iter().map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>();
        let listed = lowercase(&options.cors_origins);
        Self {
            token: options.token.clone(),
            hosts: lowercase(&options.hosts),
            origins: if listed.iter().any(|origin| origin == "*") { Origins::Any } else { Origins::Listed(listed) },
            addresses_allowed: !options.host.is_loopback(),
        }
    }

    /// Returns who asks.
    ///
    /// # Errors
    /// When the host, the origin or the token does not allow the request.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<Principal, ApiError> {
        self.check_host(request)?;
        self.check_origin(request)?;
        if OPEN_PATHS.contains(&request.uri().path()) {
            return Ok(Principal::LOCAL);
        }
        self.check_token(request.headers())
    }

    fn check_host<B>(&self, request: &Request<B>) -> Result<(), ApiError> {
        let authority = request.uri().authority().map(|authority| authority.as_str());
        // Of several hosts nobody knows which one a proxy in between has looked at: all of them count.
        let headers = || request.headers().get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let forbidden = headers().chain(authority).find(|host| !self.host_allowed(host));
        if forbidden.is_none() && headers().next().is_some() {
            return Ok(());
        }
        let named = forbidden.unwrap_or_default();
        Err(ApiError::new("forbidden_host", format!("this server does not answer to the host {named:?}"))
            .details(serde_json::json!({ "host": named })))
    }

    fn host_allowed(&self, host_and_port: &str) -> bool {
        let host = without_port(host_and_port);
        if host.eq_ignore_ascii_case("localhost") || self.hosts.iter().any(|named| host.eq_ignore_ascii_case(named)) {
            return true;
        }
        host.trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| self.addresses_allowed || is_loopback(address))
    }

    fn check_origin<B>(&self, request: &Request<B>) -> Result<(), ApiError> {
        let Some(origin) = request.headers().get(ORIGIN) else { return Ok(()) };
        if !is_write(request) || self.origin_allowed(origin) {
            return Ok(());
        }
        let named = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        Err(ApiError::new("forbidden_origin", format!("web pages of {named:?} may not write here"))
            .details(serde_json::json!({ "origin": named })))
    }

    /// Returns whether web pages of this origin may read answers and write.
    pub(crate) fn origin_allowed(&self, origin: &HeaderValue) -> bool {
        match &self.origins {
            Origins::Any => true,
            Origins::Listed(listed) => {
                origin.to_str().is_ok_and(|origin| listed.iter().any(|known| known.eq_ignore_ascii_case(origin)))
            }
        }
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<Principal, ApiError> {
        let Some(token) = &self.token else { return Ok(Principal::LOCAL) };
        let Some(sent) = headers.get(AUTHORIZATION) else {
            return Err(ApiError::new("unauthorized", "the request carries no token"));
        };
        // Lengths may differ in time; what is compared is secret, how long it is, is not.
        if bearer(sent).is_some_and(|sent| bool::from(sent.ct_eq(token.as_bytes()))) {
            return Ok(Principal::TOKEN);
        }
        Err(ApiError::new("unauthorized", "the request carries a wrong token"))
    }
}

/// Returns whether this is a browser asking what a page may do, instead of doing it.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn is_write<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    !reads
        || headers.contains_key(UPGRADE)
        || headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// Returns the host of `host:port`, `[v6]:port` or `host`.
fn without_port(host_and_port: &str) -> &str {
    let after_brackets = host_and_port.rfind(']').map_or(0, |end| end + 1);
    match host_and_port[after_brackets..].rfind(':') {
        Some(colon) => &host_and_port[..after_brackets + colon],
        None => host_and_port,
    }
}

fn is_loopback(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
    }
}

fn bearer(header: &HeaderValue) -> Option<&[u8]> {
    let bytes = header.as_bytes();
    let (scheme, token) = bytes.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
