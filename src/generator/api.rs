//! Writes what services tell when they call each other: a request, its response, now and then an error.

use super::chance::{Chance, Skew};
use super::web::{write_number, write_text};
use super::{Place, write_decimal};

const SERVICES: [&str; 6] = ["gateway", "orders", "payments", "inventory", "users", "search"];
const ROUTES: [(&str, &str); 16] = [
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{id}"),
    ("GET", "/v1/search"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders/{id}"),
    ("GET", "/v1/users/{id}"),
    ("POST", "/v1/payments"),
    ("GET", "/v1/stock/{id}"),
    ("PUT", "/v1/cart"),
    ("DELETE", "/v1/cart/{id}"),
    ("POST", "/v1/sessions"),
    ("GET", "/v1/prices"),
    ("PATCH", "/v1/users/{id}"),
    ("GET", "/v1/recommendations"),
    ("POST", "/v1/reviews"),
    ("GET", "/healthz"),
];
const HOSTS: u32 = 12;

/// Services, and the request whose response comes next.
#[derive(Debug, Clone)]
pub(super) struct Api {
    routes: Skew,
    users: Skew,
    /// Distinguishes runs in correlation ids.
    run: u32,
    open: Option<Call>,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    number: u64,
    service: &'static str,
    route: usize,
    user: usize,
}

impl Api {
    pub(super) fn new(chance: &mut Chance) -> Self {
        Self {
            routes: Skew::over(ROUTES.len() as u16),
            users: Skew::over(5_000),
            run: chance.below(u32::MAX),
            open: None,
        }
    }

    pub(super) fn write(&mut self, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        match self.open.take() {
            Some(call) => self.write_response(&call, chance, place, out),
            None => self.write_request(chance, place, out),
        }
    }

    fn write_request(&mut self, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        let call = Call {
            number: place.sequence,
            service: chance.pick(&SERVICES),
            route: self.routes.draw(chance),
            user: self.users.draw(chance),
        };
        self.write_head("api.request", "", &call, place, out);
        write_number(b",\"request_bytes\":", 120 + chance.below(4_000), out);
        write_number(b",\"host\":\"node-", chance.below(HOSTS), out);
        out.extend_from_slice(b"\"}}");
        self.open = Some(call);
    }

    fn write_response(&self, call: &Call, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        let status = match chance.below(1_000) {
            0..6 => 500,
            6..10 => 503,
            10..30 => 404,
            30..40 => 401,
            40..55 => 422,
            _ if ROUTES[call.route].0 == "POST" => 201,
            _ => 200,
        };
        let severity = match status {
            500.. => ",\"severity\":\"high\"",
            400.. => ",\"severity\":\"medium\"",
            _ => ",\"severity\":\"low\"",
        };
        self.write_head("api.response", severity, call, place, out);
        write_number(b",\"status\":", status, out);
        write_number(b",\"latency_ms\":", chance.latency_ms(35), out);
        write_number(b",\"response_bytes\":", 200 + chance.below(40_000), out);
        out.extend_from_slice(b"}}");
    }

    /// Appends everything up to and with the route.
    fn write_head(&self, kind: &str, severity: &str, call: &Call, place: &Place<'_>, out: &mut Vec<u8>) {
        write_text(b"{\"type\":\"", kind, out);
        write_text(b",\"source\":\"", call.service, out);
        out.extend_from_slice(severity.as_bytes());
        place.write_identity(out);
        write_number(b",\"user_id\":\"user_", u32::try_from(call.user).expect("users are few"), out);
        write_number(b"\",\"correlation_id\":\"c", self.run, out);
        out.push(b'-');
        write_decimal(place.stream, out);
        out.push(b'-');
        write_decimal(call.number, out);
        let (method, path) = ROUTES[call.route];
        write_text(b"\",\"data\":{\"method\":\"", method, out);
        write_text(b",\"path\":\"", path, out);
    }
}
