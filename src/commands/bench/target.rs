//! Names the server under load, and refuses one on another machine unless that is really meant.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use http::Uri;

/// Where requests go and what every one of them carries.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    host: String,
    token: Option<String>,
}

/// Why a server is not put under load.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    #[error("{0:?} is no address of a server")]
    Malformed(String),
    #[error("the bench speaks plain HTTP, not {0}")]
    Scheme(String),
    #[error("{0} has no address")]
    Unknown(String),
    #[error("{0} is not on this machine")]
    Remote(String),
}

/// Whether another machine may be put under load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Loopback,
    Anywhere,
}

impl Target {
    /// Returns the server that `url` names.
    pub(super) fn parse(url: &str, token: Option<String>, reach: Reach) -> Result<Self, TargetError> {
        let malformed = || TargetError::Malformed(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        if let Some(scheme) = uri.scheme_str().filter(|scheme| *scheme != "http") {
            return Err(TargetError::Scheme(scheme.to_owned()));
        }
        let authority = uri.authority().ok_or_else(malformed)?;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(80);
        let mut addresses = (name, port).to_socket_addrs().map_err(|_| TargetError::Unknown(name.to_owned()))?;
        let address = addresses.next().ok_or_else(|| TargetError::Unknown(name.to_owned()))?;
        if reach == Reach::Loopback && !is_loopback(address.ip()) {
            return Err(TargetError::Remote(authority.to_string()));
        }
        Ok(Self { address, host: authority.to_string(), token })
    }

    /// Returns the server at `address` on this machine.
    #[cfg(test)]
    pub(super) fn local(address: SocketAddr) -> Self {
        Self { address, host: address.to_string(), token: None }
    }

    /// Appends a whole request.
    pub(super) fn write_post(&self, path: &str, content_type: &str, body: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("POST {path} HTTP/1.1\r\nhost: {}\r\n", self.host).as_bytes());
        out.extend_from_slice(format!("content-type: {content_type}\r\n").as_bytes());
        if let Some(token) = &self.token {
            out.extend_from_slice(format!("authorization: Bearer {token}\r\n").as_bytes());
        }
        out.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        out.extend_from_slice(body);
    }
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_put_under_load_unless_asked() {
        let check = |url: &str, reach, ok: bool| {
            let found = Target::parse(url, None, reach);
            assert_eq!(found.is_ok(), ok, "{url}: {found:?}");
        };
        check("http://127.0.0.1:8005", Reach::Loopback, true);
        check("http://localhost:8005/", Reach::Loopback, true);
        check("http://[::1]:8005", Reach::Loopback, true);
        check("http://192.0.2.1:8005", Reach::Loopback, false);
        check("http://192.0.2.1:8005", Reach::Anywhere, true);
        check("https://127.0.0.1:8005", Reach::Anywhere, false);
        check("not a url", Reach::Anywhere, false);
        check("/events", Reach::Anywhere, false);
    }

    #[test]
    fn a_request_is_complete() {
        let target = Target::parse("http://127.0.0.1:9", Some("demo".into()), Reach::Loopback).unwrap();
        let mut out = Vec::new();
        target.write_post("/events", "application/json", b"{}", &mut out);
        let expected = "POST /events HTTP/1.1\r\nhost: 127.0.0.1:9\r\ncontent-type: application/json\r\n\
            authorization: Bearer demo\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
