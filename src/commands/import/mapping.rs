//! Decides where a column of somebody else's data goes in an event, and builds the event as JSON text.
//!
//! Values are carried over as they were written, so that no digit of a number is lost. A column with the name of an
//! event's field is that field; any other is a key of `data`.

use std::collections::HashMap;

use streamflow_core::event::{COLUMNS, FIELD_ALIASES, FIELDS};
use streamflow_core::json::{Reader, Scalar, unescape};
use streamflow_core::suggest;

/// Levels of a value: beyond what a server takes, and still within a thread's stack.
pub(super) const NESTING_MAX: usize = 500;
/// Fields whose value is text, so that a number in its place is taken for its digits.
const TEXT_FIELDS: [&str; 7] = ["type", "source", "severity", "user_id", "session_id", "correlation_id", "id"];

/// One column of one row: its name and its value as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub(super) name: &'a str,
    pub(super) json: &'a [u8],
}

/// What a dot in the name of a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dots {
    /// One level down: tables have no other way to say it.
    Nest,
    /// Nothing: the key of a JSON object may have one.
    Keep,
}

/// Where a value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Field(&'static str),
    Data(Vec<String>),
    Metadata(Vec<String>),
    Nowhere,
}

/// Turns rows into events.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    renamed: Vec<(String, Place)>,
    event_type: Option<String>,
    source: String,
    /// Places by name of column, as they turned out.
    known: HashMap<String, Place>,
}

impl Mapping {
    /// Reads `COLUMN=FIELD` arguments: a field of an event, a path such as `data.page`, or nothing to leave a column out.
    ///
    /// # Errors
    /// When an argument is none, or two name the same column.
    pub(super) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut mapping = Self::default();
        for argument in arguments {
            let (column, target) = argument
                .rsplit_once('=')
                .filter(|(column, _)| !column.is_empty())
                .ok_or_else(|| format!("{argument:?} is not COLUMN=FIELD"))?;
            if mapping.renamed.iter().any(|(known, _)| known == column) {
                return Err(format!("column {column:?} is mapped twice"));
            }
            let place = if target.is_empty() { Place::Nowhere } else { place_of(target, Dots::Nest) };
            if matches!(&place, Place::Data(_)) && !target.starts_with("data.") {
                return Err(match suggest::nearest(target, FIELDS) {
                    Some(near) => {
                        format!("{target:?} is no field of an event; did you mean {near:?}, or data.{target}?")
                    }
                    None => format!("{target:?} is no field of an event; write data.{target}"),
                });
            }
            if matches!(&place, Place::Data(path) | Place::Metadata(path) if path.iter().any(String::is_empty)) {
                return Err(format!("{target:?} has an empty step"));
            }
            mapping.renamed.push((column.to_owned(), place));
        }
        Ok(mapping)
    }

    /// Gives rows without a type or a source these.
    pub(super) fn with_defaults(self, event_type: Option<String>, source: String) -> Self {
        Self { event_type, source, ..self }
    }

    /// Appends the event of one row.
    ///
    /// # Errors
    /// When the row has no place in an event, in words that follow the row's place.
    pub(super) fn event(&mut self, cells: &[Cell<'_>], dots: Dots, out: &mut Vec<u8>) -> Result<(), String> {
        let ours = ["_partition", "_offset"].iter().all(|name| cells.iter().any(|cell| cell.name == *name));
        let mut event = Event::default();
        for cell in cells {
            // What a server of ours added to an event, another one adds again.
            if ours && COLUMNS.contains(&cell.name) && !FIELDS.contains(&cell.name) {
                continue;
            }
            match self.place(cell.name, dots) {
                Place::Field(field) => event.set(field, cell.json)?,
                Place::Data(path) => event.data.push((path.clone(), cell.json)),
                Place::Metadata(path) => event.metadata.push((path.clone(), cell.json)),
                Place::Nowhere => {}
            }
        }
        if let Some(event_type) = &self.event_type {
            event.fill("type", event_type);
        }
        event.fill("source", &self.source);
        event.write(out);
        Ok(())
    }

    fn place(&mut self, name: &str, dots: Dots) -> &Place {
        if !self.known.contains_key(name) {
            let renamed = self.renamed.iter().find(|(column, _)| column == name);
            let place = renamed.map_or_else(|| place_of(name, dots), |(_, place)| place.clone());
            self.known.insert(name.to_owned(), place);
        }
        &self.known[name]
    }
}

fn place_of(name: &str, dots: Dots) -> Place {
    let field = FIELD_ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, field)| field);
    if let Some(field) = FIELDS.iter().find(|known| **known == field) {
        return Place::Field(field);
    }
    let steps = |path: &str| path.split('.').map(str::to_owned).collect();
    match (name.strip_prefix("data."), name.strip_prefix("metadata."), dots) {
        (Some(path), _, _) => Place::Data(steps(path)),
        (_, Some(path), _) => Place::Metadata(steps(path)),
        (None, None, Dots::Nest) => Place::Data(steps(name)),
        (None, None, Dots::Keep) => Place::Data(vec![name.to_owned()]),
    }
}

type Members<'a> = Vec<(Vec<String>, &'a [u8])>;

/// An event under way.
#[derive(Debug, Default)]
struct Event<'a> {
    fields: Vec<(&'static str, Vec<u8>)>,
    /// Inside of the objects that columns of these names had.
    data_whole: Vec<u8>,
    metadata_whole: Vec<u8>,
    data: Members<'a>,
    metadata: Members<'a>,
}

impl<'a> Event<'a> {
    fn set(&mut self, field: &'static str, json: &'a [u8]) -> Result<(), String> {
        if json == b"null" {
            return Ok(());
        }
        let value = match field {
            "data" => return inside(field, json).map(|inside| self.data_whole = inside),
            "metadata" => return inside(field, json).map(|inside| self.metadata_whole = inside),
            "tags" => tags(json),
            field if TEXT_FIELDS.contains(&field) && !json.starts_with(b"\"") => quoted(json),
            _ => json.to_vec(),
        };
        if self.has(field) {
            return Err(format!("two columns are {field:?}"));
        }
        self.fields.push((field, value));
        Ok(())
    }

    fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|(known, _)| *known == field)
    }

    fn fill(&mut self, field: &'static str, text: &str) {
        if !self.has(field) {
            self.fields.push((field, quoted(text.as_bytes())));
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        for (index, (name, value)) in self.fields.iter().enumerate() {
            begin(index, name, out);
            out.extend_from_slice(value);
        }
        let objects = [("data", &self.data_whole, &self.data), ("metadata", &self.metadata_whole, &self.metadata)];
        for (name, whole, members) in objects {
            if whole.is_empty() && members.is_empty() {
                continue;
            }
            begin(self.fields.len(), name, out);
            out.push(b'{');
            out.extend_from_slice(whole);
            let borrowed: Vec<(&[String], &[u8])> =
                members.iter().map(|(path, json)| (path.as_slice(), *json)).collect();
            write_members(usize::from(!whole.is_empty()), &borrowed, out);
            out.push(b'}');
        }
        out.push(b'}');
    }
}

/// Appends a comma where one is due, and `"name":`.
fn begin(before: usize, name: &str, out: &mut Vec<u8>) {
    if before > 0 {
        out.push(b',');
    }
    out.extend_from_slice(&quoted(name.as_bytes()));
    out.push(b':');
}

/// Appends members, those with a common first step as one object.
fn write_members(before: usize, members: &[(&[String], &[u8])], out: &mut Vec<u8>) {
    let mut done = before;
    for (index, (path, json)) in members.iter().enumerate() {
        let Some((step, rest)) = path.split_first() else { continue };
        if rest.is_empty() {
            begin(done, step, out);
            out.extend_from_slice(json);
            done += 1;
            continue;
        }
        let same = |other: &[String]| other.len() > 1 && other[0] == *step;
        if members[..index].iter().any(|(other, _)| same(other)) {
            continue;
        }
        begin(done, step, out);
        done += 1;
        let within: Vec<(&[String], &[u8])> =
            members.iter().filter(|(other, _)| same(other)).map(|(other, json)| (&other[1..], *json)).collect();
        out.push(b'{');
        write_members(0, &within, out);
        out.push(b'}');
    }
}

/// Returns what is between the braces of an object, which may also be the text of one.
fn inside(field: &str, json: &[u8]) -> Result<Vec<u8>, String> {
    let text = if json.starts_with(b"\"") { unquoted(json) } else { json.to_vec() };
    let text = text.trim_ascii();
    if text.is_empty() || text == b"null" {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(text, 0, NESTING_MAX, usize::MAX);
    let whole = text.starts_with(b"{") && std::str::from_utf8(text).is_ok() && reader.skip_value().is_ok();
    if !whole || reader.end().is_err() {
        return Err(format!("{field:?} is no JSON object"));
    }
    // A line's end between values would end the event's line.
    let text: Vec<u8> = text.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect();
    Ok(text[1..text.len() - 1].trim_ascii().to_vec())
}

/// Returns a list of tags: a JSON list as it is, a text cut at commas and semicolons.
fn tags(json: &[u8]) -> Vec<u8> {
    if !json.starts_with(b"\"") {
        return json.to_vec();
    }
    let text = String::from_utf8(unquoted(json)).unwrap_or_default();
    if text.trim_start().starts_with('[') && is_one_value(text.as_bytes()) {
        return text.trim().as_bytes().to_vec();
    }
    let mut list = vec![b'['];
    for tag in text.split([',', ';']).map(str::trim).filter(|tag| !tag.is_empty()) {
        if list.len() > 1 {
            list.push(b',');
        }
        list.extend_from_slice(&quoted(tag.as_bytes()));
    }
    list.push(b']');
    list
}

fn is_one_value(text: &[u8]) -> bool {
    let mut reader = Reader::new(text, 0, NESTING_MAX, usize::MAX);
    reader.skip_value().is_ok() && reader.end().is_ok()
}

/// Returns text as a JSON string.
pub(super) fn quoted(text: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&String::from_utf8_lossy(text)).expect("memory takes every write")
}

/// Returns the text of a JSON string that was checked before.
fn unquoted(json: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(json.len());
    unescape(json.get(1..json.len().saturating_sub(1)).unwrap_or_default(), &mut text);
    text
}

/// Returns the JSON that a text of a table stands for: a number, true and false where it is one, else text. Digits that
/// no number holds stay text, and so do leading zeros.
pub(super) fn inferred(text: &str) -> Vec<u8> {
    let mut reader = Reader::new(text.as_bytes(), 0, 1, 1);
    let is_value = match reader.scalar() {
        Ok(Scalar::Bool(_)) => true,
        Ok(Scalar::Number(number)) => !matches!(number, streamflow_core::json::Number::BigInt(_)),
        _ => false,
    };
    let starts_at_once = !text.starts_with(|c: char| c.is_ascii_whitespace());
    if is_value && starts_at_once && reader.position() == text.len() {
        return text.as_bytes().to_vec();
    }
    quoted(text.as_bytes())
}

#[cfg(test)]
mod tests;
