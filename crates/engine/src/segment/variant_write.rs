//! Writes JSON text in Parquet's VARIANT encoding, whose bytes `variant` draws.

use std::collections::HashMap;

use streamflow_core::json::{JsonError, Number, Reader, Scalar};

/// Strings up to this many bytes have their length in the header.
const SHORT_TEXT_MAX: usize = 63;
/// Objects and arrays with more items than this count them in four bytes.
const SMALL_COUNT_MAX: usize = 255;
/// The value `null`.
pub(crate) const NULL: &[u8] = &[0];

/// The names of object fields, each known by its position.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: HashMap<Box<[u8]>, u32>,
    names: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Names {
    /// Returns the position of a name, which is added if it is new.
    pub(crate) fn id(&mut self, name: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.ids.insert(name.into(), id);
        self.names.push(name.into());
        self.bytes += name.len();
        id
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.ids.contains_key(name)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns the bytes of all names.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the dictionary.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let width = width_of(self.bytes.max(self.names.len()));
        let mut out = Vec::with_capacity(1 + (self.names.len() + 2) * width + self.bytes);
        out.push(1 | width_bits(width) << 6);
        push_integer(&mut out, self.names.len(), width);
        let mut end = 0;
        push_integer(&mut out, end, width);
        for name in &self.names {
            end += name.len();
            push_integer(&mut out, end, width);
        }
        self.names.iter().for_each(|name| out.extend_from_slice(name));
        out
    }
}

/// Fields of an object whose values are written one after the other.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(u32, usize)>);

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, name: u32, offset: usize) {
        self.0.push((name, offset));
    }

    /// Turns the values from `start` on into an object, and forgets its fields.
    pub(crate) fn finish(&mut self, names: &Names, start: usize, out: &mut Vec<u8>) {
        self.0.sort_unstable_by(|(a, _), (b, _)| names.names[*a as usize].cmp(&names.names[*b as usize]));
        let (count, length) = (self.0.len(), out.len() - start);
        let largest = self.0.iter().map(|(name, _)| *name as usize).max().unwrap_or(0);
        let (name_width, offset_width) = (width_of(largest), width_of(length));
        let is_large = u8::from(count > SMALL_COUNT_MAX);
        let mut header = Vec::with_capacity(5 + count * (name_width + offset_width) + offset_width);
        header.push((is_large << 4 | width_bits(name_width) << 2 | width_bits(offset_width)) << 2 | 2);
        push_integer(&mut header, count, if count > SMALL_COUNT_MAX { 4 } else { 1 });
        self.0.iter().for_each(|(name, _)| push_integer(&mut header, *name as usize, name_width));
        self.0.iter().for_each(|(_, offset)| push_integer(&mut header, *offset, offset_width));
        push_integer(&mut header, length, offset_width);
        insert(out, start, &header);
        self.0.clear();
    }
}

/// Appends the next value of `reader`, which reads `text`.
///
/// # Errors
/// When the text is not JSON.
pub(crate) fn write_value(
    reader: &mut Reader<'_>,
    text: &[u8],
    names: &mut Names,
    out: &mut Vec<u8>,
) -> Result<(), JsonError> {
    let start = out.len();
    match reader.peek() {
        Some(b'{') => {
            let mut fields = Fields::default();
            let mut more = reader.enter_object()?;
            while more {
                let key = reader.key()?;
                fields.push(names.id(&key.unescaped(text)), out.len() - start);
                write_value(reader, text, names, out)?;
                more = reader.next_in_object()?;
            }
            fields.finish(names, start, out);
        }
        Some(b'[') => {
            let mut offsets = Vec::new();
            let mut more = reader.enter_array()?;
            while more {
                offsets.push(out.len() - start);
                write_value(reader, text, names, out)?;
                more = reader.next_in_array()?;
            }
            finish_array(&offsets, start, out);
        }
        _ => {
            let start = reader.position();
            let scalar = reader.scalar()?;
            write_scalar(scalar, text, &text[start..reader.position()], out);
        }
    }
    Ok(())
}

fn finish_array(offsets: &[usize], start: usize, out: &mut Vec<u8>) {
    let (count, length) = (offsets.len(), out.len() - start);
    let width = width_of(length);
    let is_large = count > SMALL_COUNT_MAX;
    let mut header = Vec::with_capacity(5 + (count + 1) * width);
    header.push((u8::from(is_large) << 2 | width_bits(width)) << 2 | 3);
    push_integer(&mut header, count, if is_large { 4 } else { 1 });
    offsets.iter().for_each(|offset| push_integer(&mut header, *offset, width));
    push_integer(&mut header, length, width);
    insert(out, start, &header);
}

/// Appends a scalar that is spelled `written`.
pub(crate) fn write_scalar(scalar: Scalar, text: &[u8], written: &[u8], out: &mut Vec<u8>) {
    match scalar {
        Scalar::Null => out.extend_from_slice(NULL),
        Scalar::Bool(value) => out.push(if value { 1 } else { 2 } << 2),
        Scalar::Number(Number::Int(value)) => write_int(value, out),
        Scalar::Number(Number::Float(value)) => write_float(value, out),
        Scalar::Number(Number::BigInt(nearest)) => match exact(written) {
            Some(value) => {
                out.extend_from_slice(&[10 << 2, 0]);
                out.extend_from_slice(&value.to_le_bytes());
            }
            None => write_float(nearest, out),
        },
        Scalar::Text(value) => {
            let value = value.unescaped(text);
            match u8::try_from(value.len()) {
                Ok(length) if value.len() <= SHORT_TEXT_MAX => out.push(length << 2 | 1),
                _ => {
                    out.push(16 << 2);
                    push_integer(out, value.len(), 4);
                }
            }
            out.extend_from_slice(&value);
        }
    }
}

fn write_int(value: i64, out: &mut Vec<u8>) {
    if let Ok(value) = i8::try_from(value) {
        out.push(3 << 2);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        out.push(4 << 2);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(5 << 2);
        out.extend_from_slice(&value.to_le_bytes());
    } else {
        out.push(6 << 2);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

fn write_float(value: f64, out: &mut Vec<u8>) {
    out.push(7 << 2);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Returns an integer of up to 38 digits, which is what a decimal holds.
fn exact(written: &[u8]) -> Option<i128> {
    const LIMIT: u128 = 10_u128.pow(38);
    let value: i128 = std::str::from_utf8(written).ok()?.trim().parse().ok()?;
    (value.unsigned_abs() < LIMIT).then_some(value)
}

/// Returns how many bytes integers up to `largest` take.
fn width_of(largest: usize) -> usize {
    match largest {
        0..=0xFF => 1,
        0x100..=0xFFFF => 2,
        0x1_0000..=0xFF_FFFF => 3,
        _ => 4,
    }
}

fn width_bits(width: usize) -> u8 {
    u8::try_from(width - 1).unwrap_or(3)
}

fn push_integer(out: &mut Vec<u8>, value: usize, width: usize) {
    out.extend_from_slice(&value.to_le_bytes()[..width]);
}

/// Puts `header` before what was written from `start` on.
fn insert(out: &mut Vec<u8>, start: usize, header: &[u8]) {
    let length = out.len();
    out.resize(length + header.len(), 0);
    out.copy_within(start..length, start + header.len());
    out[start..start + header.len()].copy_from_slice(header);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::variant::Variant;
    use super::*;

    /// Returns what a JSON text becomes on its way through the encoding.
    fn there_and_back(json: &str) -> String {
        let (mut names, mut out) = (Names::default(), Vec::new());
        write_value(&mut Reader::new(json.as_bytes(), 0, 64, 1000), json.as_bytes(), &mut names, &mut out).unwrap();
        let (names, mut text) = (names.encode(), Vec::new());
        Variant::new(&names, &out).write_json(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn values_come_back_as_they_went_in() {
        for json in [
            "null",
            "true",
            "false",
            "0",
            "-128",
            "32767",
            "-2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "-99999999999999999999999999999999999999",
            "1.5",
            "1e+300",
            "-0.0",
            "[]",
            "{}",
            "\"\"",
            r#"{"a":[1,"two",{"b":null}],"z":{}}"#,
            r#""a \"quoted\" é\n""#,
        ] {
            assert_eq!(there_and_back(json), json);
        }
        let long = format!("\"{}\"", "x".repeat(100_000));
        assert_eq!(there_and_back(&long), long);
        let many = serde_json::Value::from((0..300).collect::<Vec<_>>()).to_string();
        assert_eq!(there_and_back(&many), many);
    }

    #[test]
    fn key_order_and_the_spelling_of_numbers_are_not_kept() {
        assert_eq!(there_and_back(r#"{"b": 2.0, "a": 1e2}"#), r#"{"a":100,"b":2}"#);
        assert_eq!(there_and_back("-0"), "0");
    }

    #[test]
    fn values_are_found_by_key_and_position() {
        let json = br#"{"b":[1,{"c":"x"}],"a":2}"#;
        let (mut names, mut out) = (Names::default(), Vec::new());
        write_value(&mut Reader::new(json, 0, 64, 1000), json, &mut names, &mut out).unwrap();
        let names = names.encode();
        let value = Variant::new(&names, &out);
        let at = |value: Option<Variant<'_>>| {
            let mut out = Vec::new();
            value.and_then(|value| value.write_json(&mut out))?;
            String::from_utf8(out).ok()
        };
        assert_eq!(at(value.key("a")).as_deref(), Some("2"));
        assert_eq!(at(value.key("b").and_then(|b| b.index(1)?.key("c"))).as_deref(), Some("\"x\""));
        assert_eq!(at(value.key("b").and_then(|b| b.index(2))), None);
        assert_eq!(at(value.index(0)), None);
        assert_eq!(at(value.key("nothing")), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(names in proptest::collection::vec(any::<u8>(), 0..24), value in proptest::collection::vec(any::<u8>(), 0..48)) {
            let value = Variant::new(&names, &value);
            let _kind = value.kind();
            let _found = value.key("a").and_then(|value| value.index(0)?.kind());
        }
    }
}
