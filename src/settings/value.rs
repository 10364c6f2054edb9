//! What a setting can hold, and how it is read from text: sizes (`16MiB`), durations (`30s`), lists, secrets.

use std::fmt;
use std::time::Duration;

use streamflow_core::suggest;

/// What a setting holds and which values it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Never shown.
    Secret,
    Number {
        min: u64,
        max: u64,
    },
    Bytes {
        min: u64,
        max: u64,
    },
    Duration {
        min: Duration,
        max: Duration,
    },
    Switch,
    Choice(&'static [&'static str]),
    /// Texts; in the environment separated by commas.
    List,
    /// Durations; in the environment separated by commas.
    Durations,
}

/// A checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Secret(Secret),
    Number(u64),
    Bytes(u64),
    Duration(Duration),
    Switch(bool),
    List(Vec<String>),
}

/// A text that no log, listing or error shows.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text itself, for the one place that sends or compares it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("••••")
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(secret) if secret.0.is_empty() => Ok(()),
            Self::Secret(_) => f.write_str("••••"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => f.write_str(&spell_bytes(*bytes)),
            Self::Duration(duration) => f.write_str(&spell_duration(*duration)),
            Self::Switch(on) => write!(f, "{on}"),
            Self::List(list) => f.write_str(&list.join(",")),
        }
    }
}

impl Kind {
    /// Reads a value from text, as it stands in the environment, a flag or a scalar of YAML.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn parse(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        match self {
            Self::Text => Ok(Value::Text(text.to_owned())),
            Self::Secret => Ok(Value::Secret(Secret::new(text.to_owned()))),
            Self::Switch => parse_switch(text).map(Value::Switch),
            Self::Number { min, max } => {
                let number = text.replace('_', "").parse().map_err(|_| "is no whole number".to_owned())?;
                within(number, min, max, |n| n.to_string()).map(Value::Number)
            }
            Self::Bytes { min, max } => within(parse_bytes(text)?, min, max, |n| spell_bytes(*n)).map(Value::Bytes),
            Self::Duration { min, max } => {
                within(parse_duration(text)?, min, max, |d| spell_duration(*d)).map(Value::Duration)
            }
            Self::Choice(choices) => parse_choice(text, choices).map(Value::Text),
            Self::List | Self::Durations => self.parse_list(text.split(',')),
        }
    }

    /// Reads a list from its items.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn parse_list<'a>(self, items: impl Iterator<Item = &'a str>) -> Result<Value, String> {
        let items: Vec<String> = items.map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
        match self {
            Self::List => Ok(Value::List(items)),
            Self::Durations => {
                items.iter().try_for_each(|item| parse_duration(item).map(drop))?;
                Ok(Value::List(items))
            }
            _ => Err("is a list, but one value is wanted".to_owned()),
        }
    }

    /// Returns what the kind accepts, in words for the reference.
    #[must_use]
    pub fn described(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "secret text".to_owned(),
            Self::Number { min, max: u64::MAX } => format!("whole number from {min}"),
            Self::Number { min, max } => format!("whole number, {min} to {max}"),
            Self::Bytes { min, max: u64::MAX } => format!("size from {}", spell_bytes(min)),
            Self::Bytes { min, max } => format!("size, {} to {}", spell_bytes(min), spell_bytes(max)),
            Self::Duration { min, max } => format!("duration, {} to {}", spell_duration(min), spell_duration(max)),
            Self::Switch => "true or false".to_owned(),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::List => "list of texts".to_owned(),
            Self::Durations => "list of durations".to_owned(),
        }
    }
}

fn within<T: PartialOrd>(value: T, min: T, max: T, spell: impl Fn(&T) -> String) -> Result<T, String> {
    if value < min {
        return Err(format!("is too small; the least is {}", spell(&min)));
    }
    if value > max {
        return Err(format!("is too large; the most is {}", spell(&max)));
    }
    Ok(value)
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err("is neither true nor false".to_owned()),
    }
}

fn parse_choice(text: &str, choices: &[&'static str]) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    if let Some(choice) = choices.iter().find(|choice| **choice == lower) {
        return Ok((*choice).to_owned());
    }
    let all = choices.join(", ");
    Err(match suggest::nearest(text, choices.iter().copied()) {
        Some(nearest) => format!("is not one of {all}; did you mean {nearest:?}?"),
        None => format!("is not one of {all}"),
    })
}

/// Units of size. `KB` and `K` are 1024 here as in most tools that take sizes of memory.
const BYTE_UNITS: [(&str, u64); 13] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kb", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1 << 20),
    ("mb", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1 << 30),
    ("gb", 1 << 30),
    ("gib", 1 << 30),
    ("tb", 1 << 40),
    ("tib", 1 << 40),
];

/// Reads a size such as `16MiB`, `2GB` or `4096`.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let split = lower.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(lower.len());
    let (digits, unit) = lower.split_at(split);
    let number: u64 = digits.replace('_', "").parse().map_err(|_| "is no size, such as 16MiB".to_owned())?;
    let unit = unit.trim();
    let (_, factor) = BYTE_UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(|| format!("has an unknown unit {unit:?}; known are KiB, MiB, GiB, TiB"))?;
    number.checked_mul(*factor).ok_or_else(|| "is too large".to_owned())
}

const DURATION_UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// Reads a duration such as `30s`, `1h30m` or `24h`; a bare number is seconds.
///
/// # Errors
/// What is wrong, as the end of a sentence.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let lower = text.trim().to_ascii_lowercase();
    if let Ok(seconds) = lower.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = lower.as_str();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse().map_err(|_| "is no duration, such as 30s or 24h".to_owned())?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = rest[..unit_end].trim();
        let (_, factor) = DURATION_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| format!("has an unknown unit {unit:?}; known are ms, s, m, h, d, w"))?;
        millis = number.checked_mul(*factor).and_then(|part| millis.checked_add(part)).ok_or("is too large")?;
        rest = &rest[unit_end..];
    }
    if lower.is_empty() {
        Err("is no duration, such as 30s or 24h".to_owned())
    } else {
        Ok(Duration::from_millis(millis))
    }
}

/// Writes a size with the largest unit that needs no fraction.
#[must_use]
pub fn spell_bytes(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fits = units.iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    fits.map_or_else(|| bytes.to_string(), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

/// Writes a size for people to read, with one decimal.
#[must_use]
pub fn spell_bytes_roughly(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let fits = units.iter().find(|(_, factor)| bytes >= *factor);
    fits.map_or_else(
        || format!("{bytes} B"),
        |(unit, factor)| {
            let tenths = u128::from(bytes) * 10 / u128::from(*factor);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        },
    )
}

/// Writes a duration with the largest unit that needs no fraction.
#[must_use]
pub fn spell_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    // Days are spelt from two on: "24h" is how people say it.
    let units = [("d", 86_400_000_u64), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let fits = units
        .iter()
        .find(|(unit, factor)| millis.is_multiple_of(*factor) && millis >= *factor * if *unit == "d" { 2 } else { 1 });
    match fits {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}
