//! Reads values in Parquet's VARIANT encoding: one step into an object or array, and back to JSON text.
//!
//! A value is a byte with a basic type in its two lowest bits (0 primitive, 1 short string, 2 object, 3 array) and what
//! follows from it; names of object fields are positions in a dictionary that the row carries beside its values:
//!
//! ```text
//! dictionary  header | size | offset × (size + 1) | bytes of all names
//! object      header | count | name × count | offset × (count + 1) | values     names ascending
//! array       header | count | offset × (count + 1) | values
//! ```
//!
//! All integers are little-endian; the headers say how many bytes each takes. Bytes that are no variant give nothing.

/// A value with the dictionary of its row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant<'a> {
    names: &'a [u8],
    value: &'a [u8],
}

/// What a value is. Objects and arrays are entered by key or position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// An integer beyond 64 bits.
    Wide(i128),
    Text(&'a str),
    Object,
    Array,
}

/// Where the items of an object or array are.
struct Items<'a> {
    count: usize,
    names: &'a [u8],
    name_bytes: usize,
    offsets: &'a [u8],
    offset_bytes: usize,
    values: &'a [u8],
}

impl<'a> Variant<'a> {
    pub(crate) fn new(names: &'a [u8], value: &'a [u8]) -> Self {
        Self { names, value }
    }

    /// Returns what the value is.
    pub(crate) fn kind(self) -> Option<Kind<'a>> {
        let (header, rest) = self.value.split_first()?;
        let detail = usize::from(header >> 2);
        Some(match header & 3 {
            1 => Kind::Text(text(rest, 0, detail)?),
            2 => Kind::Object,
            3 => Kind::Array,
            _ => match detail {
                0 => Kind::Null,
                1 => Kind::Bool(true),
                2 => Kind::Bool(false),
                3 => Kind::Int(i8::from_le_bytes(fixed(rest)?).into()),
                4 => Kind::Int(i16::from_le_bytes(fixed(rest)?).into()),
                5 => Kind::Int(i32::from_le_bytes(fixed(rest)?).into()),
                6 => Kind::Int(i64::from_le_bytes(fixed(rest)?)),
                7 => Kind::Float(f64::from_le_bytes(fixed(rest)?)),
                10 if rest.first() == Some(&0) => Kind::Wide(i128::from_le_bytes(fixed(&rest[1..])?)),
                16 => Kind::Text(text(rest, 4, usize::try_from(u32::from_le_bytes(fixed(rest)?)).ok()?)?),
                _ => return None,
            },
        })
    }

    /// Returns an object's value at a key.
    pub(crate) fn key(self, key: &str) -> Option<Self> {
        let items = self.items()?;
        let at = (0..items.count).find(|at| items.name(*at).and_then(|id| name(self.names, id)) == Some(key))?;
        Some(Self { value: items.value(at)?, ..self })
    }

    /// Returns an array's item at a position.
    pub(crate) fn index(self, index: usize) -> Option<Self> {
        let items = self.items().filter(|items| items.name_bytes == 0 && index < items.count)?;
        Some(Self { value: items.value(index)?, ..self })
    }

    /// Appends the value as JSON text.
    pub(crate) fn write_json(self, out: &mut Vec<u8>) -> Option<()> {
        match self.kind()? {
            Kind::Object => {
                out.push(b'{');
                self.write_fields(out)?;
                out.push(b'}');
            }
            Kind::Array => {
                let items = self.items()?;
                out.push(b'[');
                for at in 0..items.count {
                    if at > 0 {
                        out.push(b',');
                    }
                    Self { value: items.value(at)?, ..self }.write_json(out)?;
                }
                out.push(b']');
            }
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Bool(value) => write_bool(value, out),
            Kind::Int(value) => write_int(value, out),
            Kind::Float(value) => write_float(value, out),
            Kind::Wide(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Kind::Text(value) => write_text(value, out),
        }
        Some(())
    }

    /// Appends the fields of an object, separated by commas, and one before them if the object already has some.
    pub(crate) fn write_fields(self, out: &mut Vec<u8>) -> Option<()> {
        let items = self.items()?;
        for at in 0..items.count {
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            write_text(name(self.names, items.name(at)?)?, out);
            out.push(b':');
            Self { value: items.value(at)?, ..self }.write_json(out)?;
        }
        Some(())
    }

    fn items(self) -> Option<Items<'a>> {
        let (header, rest) = self.value.split_first()?;
        let detail = header >> 2;
        let (is_large, name_bytes) = match header & 3 {
            2 => (detail & 0x10 != 0, usize::from(detail >> 2 & 3) + 1),
            3 => (detail & 0x04 != 0, 0),
            _ => return None,
        };
        let offset_bytes = usize::from(detail & 3) + 1;
        let count_bytes = if is_large { 4 } else { 1 };
        let count = integer(rest, 0, count_bytes)?;
        let (names, rest) = rest.get(count_bytes..)?.split_at_checked(count.checked_mul(name_bytes)?)?;
        let (offsets, values) = rest.split_at_checked((count + 1).checked_mul(offset_bytes)?)?;
        Some(Items { count, names, name_bytes, offsets, offset_bytes, values })
    }
}

impl<'a> Items<'a> {
    fn name(&self, at: usize) -> Option<usize> {
        if self.name_bytes == 0 { None } else { integer(self.names, at, self.name_bytes) }
    }

    fn value(&self, at: usize) -> Option<&'a [u8]> {
        self.values.get(integer(self.offsets, at, self.offset_bytes)?..)
    }
}

/// Returns the name number `id` of a dictionary.
fn name(names: &[u8], id: usize) -> Option<&str> {
    let (header, rest) = names.split_first()?;
    let width = usize::from(header >> 6) + 1;
    let count = integer(rest, 0, width)?;
    if id >= count {
        return None;
    }
    let offsets = &rest[width..];
    let (start, end) = (integer(offsets, id, width)?, integer(offsets, id + 1, width)?);
    let bytes = offsets.get((count + 1) * width..)?.get(start..end)?;
    std::str::from_utf8(bytes).ok()
}

/// Returns the integer number `at` of those that are `width` bytes wide each.
fn integer(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let bytes = bytes.get(at.checked_mul(width)?..)?.get(..width)?;
    let value = bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    usize::try_from(value).ok()
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

fn text(bytes: &[u8], start: usize, length: usize) -> Option<&str> {
    std::str::from_utf8(bytes.get(start..)?.get(..length)?).ok()
}

pub(crate) fn write_bool(value: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

pub(crate) fn write_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

/// Appends a number as it is usually written: whole ones below 10^15 without a fraction.
pub(crate) fn write_float(value: f64, out: &mut Vec<u8>) {
    const WHOLE_MAX: f64 = 1e15;
    let is_whole = value.fract() == 0.0 && value.abs() < WHOLE_MAX && !(value == 0.0 && value.is_sign_negative());
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
    if is_whole {
        write_int(value as i64, out);
    } else {
        serde_json::to_writer(out, &value).expect("a number can be written to memory");
    }
}

/// Appends text as a JSON string.
pub(crate) fn write_text(value: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("text can be written to memory");
}
