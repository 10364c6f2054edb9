//! Writes what visitors of a web shop do: they log in, look, click, fill carts, order, and leave.

use std::sync::Arc;

use super::chance::Chance;
use super::people::{PAGES, People, Person};
use super::{Place, write_decimal};

const BUTTONS: [&str; 12] = [
    "analytics-tab",
    "add-to-cart",
    "search-submit",
    "nav-products",
    "filter-price",
    "sort-rating",
    "newsletter-signup",
    "open-menu",
    "video-play",
    "share-link",
    "load-more",
    "close-banner",
];
const REFERRERS: [&str; 6] = [
    "https://www.google.com/",
    "https://shop.example.com/",
    "https://www.bing.com/search",
    "https://news.example.org/coffee",
    "https://social.example.net/feed",
    "https://mail.example.com/",
];
const PRODUCTS: [&str; 5] = ["espresso-machine", "kettle-gooseneck", "grinder-conical", "filter-papers", "scale-timer"];
const FAULTS: [&str; 4] = [
    "TypeError: undefined is not a function",
    "NetworkError when attempting to fetch resource",
    "ChunkLoadError: loading chunk 12 failed",
    "TimeoutError: the request took too long",
];

/// A visitor stays for about this many events.
const EVENTS_PER_VISIT: u32 = 14;

/// Visitors who are there at the same time, so that few events still make whole visits.
const PRESENT: usize = 24;

/// Visitors and where each of them is.
#[derive(Debug, Clone)]
pub(super) struct Web {
    people: Arc<People>,
    visits: Vec<Visit>,
    /// Who is there at the moment; of people who only click, everybody is.
    present: Vec<usize>,
}

/// One visitor's current session.
#[derive(Debug, Clone, Copy, Default)]
struct Visit {
    number: u32,
    events: u16,
    page: u8,
    carts: u8,
}

/// What a visitor does next.
enum Act {
    Login,
    View,
    Click,
    Cart,
    Order,
    Fault,
    Logout,
}

impl Web {
    /// Returns visitors who do everything that visitors do.
    pub(super) fn visits(people: Arc<People>, chance: &mut Chance) -> Self {
        let present = (0..PRESENT).map(|_| people.skew.draw(chance)).collect();
        Self { present, ..Self::clicks(people) }
    }

    /// Returns visitors who only click.
    pub(super) fn clicks(people: Arc<People>) -> Self {
        let visits = vec![Visit::default(); people.people.len()];
        Self { people, visits, present: Vec::new() }
    }

    pub(super) fn write(&mut self, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        if self.present.is_empty() {
            let rank = self.people.skew.draw(chance);
            self.visits[rank].click(chance);
            return self.write_act(&Act::Click, rank, chance, place, out);
        }
        let seat = chance.index(self.present.len());
        let rank = self.present[seat];
        let act = self.visits[rank].next(chance);
        if matches!(act, Act::View) {
            self.visits[rank].page = self.people.page_skew.draw(chance) as u8;
        }
        self.write_act(&act, rank, chance, place, out);
        // One goes after a logout, or without a word; another comes.
        if matches!(act, Act::Logout) || chance.one_in(EVENTS_PER_VISIT) {
            self.visits[rank] = Visit { number: self.visits[rank].number + 1, ..Visit::default() };
            self.present[seat] = self.people.skew.draw(chance);
        }
    }

    fn write_act(&self, act: &Act, rank: usize, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
        let scene = Scene { person: &self.people.people[rank], visit: self.visits[rank], stream: place.stream };
        write_act(act, &scene, chance, place, out);
    }
}

impl Visit {
    fn click(&mut self, chance: &mut Chance) {
        if chance.one_in(EVENTS_PER_VISIT) {
            *self = Self { number: self.number + 1, page: chance.index(PAGES.len()) as u8, ..Self::default() };
        }
        self.events = self.events.saturating_add(1);
    }

    // A visit opens with a login or a page view; orders need a cart; a logout ends it.
    fn next(&mut self, chance: &mut Chance) -> Act {
        self.events = self.events.saturating_add(1);
        if self.events == 1 {
            return if chance.one_in(2) { Act::Login } else { Act::View };
        }
        match chance.below(100) {
            0..36 => Act::View,
            36..84 => Act::Click,
            84..90 => {
                self.carts += u8::from(self.carts < u8::MAX);
                Act::Cart
            }
            90..93 if self.carts > 0 => {
                self.carts = 0;
                Act::Order
            }
            90..92 => Act::Fault,
            92..93 => Act::View,
            _ => Act::Logout,
        }
    }
}

/// Who acts, and where.
struct Scene<'a> {
    person: &'a Person,
    visit: Visit,
    stream: u64,
}

fn write_act(act: &Act, scene: &Scene<'_>, chance: &mut Chance, place: &Place<'_>, out: &mut Vec<u8>) {
    match act {
        Act::Click => {
            scene.open("web.click", "web-app", place, out);
            write_text(b",\"button_id\":\"", chance.pick(&BUTTONS), out);
            write_text(b",\"referrer\":\"", chance.pick(&REFERRERS), out);
            write_number(b",\"latency_ms\":", chance.latency_ms(80), out);
            write_number(b",\"x\":", chance.below(1_920), out);
            write_number(b",\"y\":", chance.below(4_000), out);
        }
        Act::View => {
            scene.open("web.pageview", "web-app", place, out);
            write_text(b",\"referrer\":\"", chance.pick(&REFERRERS), out);
            write_number(b",\"load_ms\":", chance.latency_ms(400), out);
        }
        Act::Login => {
            scene.open("user.login", "auth-service", place, out);
            write_text(b",\"method\":\"", chance.pick(&["password", "passkey", "single-sign-on"]), out);
        }
        Act::Logout => scene.open("user.logout", "auth-service", place, out),
        Act::Cart => {
            scene.open("cart.add", "shop", place, out);
            write_text(b",\"product\":\"", chance.pick(&PRODUCTS), out);
            write_number(b",\"quantity\":", 1 + chance.below(3), out);
        }
        Act::Order => {
            scene.open("order.paid", "shop", place, out);
            write_number(b",\"items\":", 1 + chance.below(4), out);
            write_number(b",\"amount\":", 5 + chance.below(400), out);
            out.extend_from_slice(b".5,\"currency\":\"EUR\"");
        }
        Act::Fault => {
            scene.open_severe("error", "web-app", place, out);
            write_text(b",\"message\":\"", chance.pick(&FAULTS), out);
        }
    }
    out.extend_from_slice(scene.person.client.as_bytes());
    out.extend_from_slice(b"}}");
}

impl Scene<'_> {
    /// Appends everything up to and with `"data":{"page":"…"`.
    fn open(&self, kind: &str, source: &str, place: &Place<'_>, out: &mut Vec<u8>) {
        write_text(b"{\"type\":\"", kind, out);
        write_text(b",\"source\":\"", source, out);
        self.open_data(place, out);
    }

    fn open_severe(&self, kind: &str, source: &str, place: &Place<'_>, out: &mut Vec<u8>) {
        write_text(b"{\"type\":\"", kind, out);
        write_text(b",\"source\":\"", source, out);
        out.extend_from_slice(b",\"severity\":\"high\"");
        self.open_data(place, out);
    }

    fn open_data(&self, place: &Place<'_>, out: &mut Vec<u8>) {
        place.write_identity(out);
        write_text(b",\"user_id\":\"", &self.person.id, out);
        out.extend_from_slice(b",\"session_id\":\"s");
        write_decimal(self.stream, out);
        out.push(b'-');
        out.extend_from_slice(&self.person.id.as_bytes()["user_".len()..]);
        out.push(b'-');
        write_decimal(u64::from(self.visit.number), out);
        out.push(b'"');
        write_text(b",\"data\":{\"page\":\"", PAGES[usize::from(self.visit.page)], out);
    }
}

/// Appends `before`, the text and a closing quote. The texts of generated traffic need no escapes.
pub(super) fn write_text(before: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

pub(super) fn write_number(before: &[u8], number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(before);
    write_decimal(u64::from(number), out);
}
