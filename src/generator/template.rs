//! Reads the user's own event template and fills it in.
//!
//! `{"type":"order.paid","source":"till","data":{"amount":{{int 5 500}},"page":"{{page}}"}}`

use super::chance::Chance;
use super::people::{PAGES, People};
use super::{Place, write_decimal, write_time};

/// A template in pieces, ready to be copied.
#[derive(Debug, Clone, PartialEq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Sequence,
    Id,
    Time,
    User,
    UserAgent,
    Ip,
    Page,
    Int { from: i64, width: u32 },
    Pick(Vec<String>),
}

/// The words that may stand between `{{` and `}}`.
pub const PLACEHOLDERS: [&str; 9] =
    ["seq", "id", "time", "user", "user_agent", "ip", "page", "int FROM TO", "pick WORD WORD…"];

/// Why a template can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("unknown placeholder {{{{{0}}}}} in the template")]
    Unknown(String),
    #[error("{{{{ without }}}} in the template at byte {0}")]
    Open(usize),
    #[error("{{{{{0}}}}} needs {1}")]
    Arguments(String, &'static str),
    #[error("the filled-in template is not a JSON object: {0}")]
    NotAnEvent(String),
}

impl Template {
    /// Parses a template and fills it in once, so that a mistake shows before anything is sent.
    ///
    /// # Errors
    /// When a placeholder is unknown or the result is no JSON object.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        // An event is one line of NDJSON.
        let text = &text.replace(['\n', '\r'], " ");
        let mut rest = text.as_str();
        // No JSON has two opening braces side by side outside of a string, so that the first ones open a placeholder;
        // `{"a":{{int 1 2}}}` ends in three, of which it takes the first two.
        while let Some(start) = rest.find("{{") {
            let end = rest[start..].find("}}").ok_or(TemplateError::Open(text.len() - rest.len() + start))?;
            pieces.push(Piece::Text(rest[..start].to_owned()));
            pieces.push(Piece::parse(rest[start + 2..start + end].trim())?);
            rest = &rest[start + end + 2..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = Self(pieces);
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), TemplateError> {
        let mut chance = Chance::new(0, 0);
        let people = People::draw(&mut chance);
        let options = super::Options::default();
        let place = Place { options: &options, stream: 0, sequence: 0, time_micros: None };
        let mut out = Vec::new();
        self.write(&mut chance, &people, &place, &mut out);
        match serde_json::from_slice(&out) {
            Ok(serde_json::Value::Object(_)) => Ok(()),
            Ok(other) => Err(TemplateError::NotAnEvent(other.to_string())),
            Err(error) => Err(TemplateError::NotAnEvent(error.to_string())),
        }
    }

    pub(super) fn write(&self, chance: &mut Chance, people: &People, place: &Place<'_>, out: &mut Vec<u8>) {
        let person = &people.people[people.skew.draw(chance)];
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Sequence => write_decimal(place.sequence, out),
                Piece::Id => place.write_id(out),
                Piece::Time => write_time(place.time_micros.unwrap_or_default(), out),
                Piece::User => out.extend_from_slice(person.id.as_bytes()),
                Piece::UserAgent => out.extend_from_slice(person.user_agent.as_bytes()),
                Piece::Ip => out.extend_from_slice(person.ip.as_bytes()),
                Piece::Page => out.extend_from_slice(PAGES[people.page_skew.draw(chance)].as_bytes()),
                Piece::Int { from, width } => {
                    out.extend_from_slice((from + i64::from(chance.below(*width))).to_string().as_bytes());
                }
                Piece::Pick(words) => out.extend_from_slice(words[chance.index(words.len())].as_bytes()),
            }
        }
    }

    /// Tells whether an event's time is part of the template, so that the run must know times.
    #[must_use]
    pub fn tells_time(&self) -> bool {
        self.0.contains(&Piece::Time)
    }
}

impl Piece {
    fn parse(inside: &str) -> Result<Self, TemplateError> {
        let mut words = inside.split_whitespace();
        let name = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        match (name, rest.as_slice()) {
            ("seq", []) => Ok(Self::Sequence),
            ("id", []) => Ok(Self::Id),
            ("time", []) => Ok(Self::Time),
            ("user", []) => Ok(Self::User),
            ("user_agent", []) => Ok(Self::UserAgent),
            ("ip", []) => Ok(Self::Ip),
            ("page", []) => Ok(Self::Page),
            ("int", [from, to]) => {
                Self::int(from, to).ok_or_else(|| needs(inside, "two whole numbers, the lower first"))
            }
            ("int", _) => Err(needs(inside, "two whole numbers, the lower first")),
            ("pick", []) => Err(needs(inside, "words to pick from")),
            ("pick", words) => Ok(Self::Pick(words.iter().map(|word| (*word).to_owned()).collect())),
            _ => Err(TemplateError::Unknown(inside.to_owned())),
        }
    }

    /// Returns the whole numbers from `from` to `to`, both included.
    fn int(from: &str, to: &str) -> Option<Self> {
        let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
        let width = u32::try_from(to.checked_sub(from)?.checked_add(1)?).ok().filter(|width| *width > 0)?;
        Some(Self::Int { from, width })
    }
}

fn needs(inside: &str, what: &'static str) -> TemplateError {
    TemplateError::Arguments(inside.to_owned(), what)
}
