//! Draws the visitors of a run: who they are, what they look through, where they come from.

use super::chance::{Chance, Skew};
use super::user_agent;

/// Visitors of a run.
pub(super) const PEOPLE: u16 = 10_000;

/// Pages from the most to the least visited.
pub(super) const PAGES: [&str; 24] = [
    "/",
    "/dashboard",
    "/products",
    "/search",
    "/cart",
    "/checkout",
    "/products/espresso-machine",
    "/products/kettle-gooseneck",
    "/account",
    "/account/orders",
    "/pricing",
    "/products/grinder-conical",
    "/blog",
    "/help",
    "/products/filter-papers",
    "/contact",
    "/blog/brewing-at-altitude",
    "/products/scale-timer",
    "/help/returns",
    "/careers",
    "/account/settings",
    "/blog/water-hardness",
    "/legal/privacy",
    "/legal/imprint",
];

const VIEWPORTS: [&str; 8] =
    ["1920x1080", "390x844", "1536x864", "412x915", "1440x900", "820x1180", "1366x768", "2560x1440"];
const LANGUAGES: [&str; 8] = ["en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-BR", "ja-JP", "nl-NL"];

/// What all streams of a run share.
#[derive(Debug)]
pub(super) struct People {
    pub(super) skew: Skew,
    pub(super) page_skew: Skew,
    pub(super) people: Vec<Person>,
}

/// One visitor, in pieces of JSON that are copied into events.
#[derive(Debug)]
pub(super) struct Person {
    /// `user_00042`
    pub(super) id: String,
    pub(super) user_agent: String,
    pub(super) ip: String,
    /// `,"user_agent":"…","ip":"…","viewport":"…","language":"…"`
    pub(super) client: String,
}

impl People {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let user_agents = user_agent::all();
        let agent_skew = Skew::over(u16::try_from(user_agents.len()).expect("there are about a thousand"));
        // Every user agent appears, and the popular ones in proportion.
        let people = (0..usize::from(PEOPLE))
            .map(|number| {
                let agent = if number < user_agents.len() { number } else { agent_skew.draw(chance) };
                Person::draw(chance, number, &user_agents[agent])
            })
            .collect();
        Self { skew: Skew::over(PEOPLE), page_skew: Skew::over(PAGES.len() as u16), people }
    }
}

impl Person {
    fn draw(chance: &mut Chance, number: usize, user_agent: &str) -> Self {
        // 198.18.0.0/15 is set aside for benchmarks, so that no address here is somebody's.
        let ip = format!("198.{}.{}.{}", 18 + chance.below(2), chance.below(256), 1 + chance.below(254));
        let viewport = chance.pick(&VIEWPORTS);
        let language = chance.pick(&LANGUAGES);
        let client =
            format!(r#","user_agent":"{user_agent}","ip":"{ip}","viewport":"{viewport}","language":"{language}""#);
        Self { id: format!("user_{number:05}"), user_agent: user_agent.to_owned(), ip, client }
    }
}
