//! Writes small databases in MaxMind's format, for tests.
//!
//! A search tree of 24-bit records over the bits of an address, sixteen zero bytes, the records, and behind a marker the
//! metadata. Record values below the number of nodes are nodes, that number is "nothing", larger ones point to data.

use serde_json::{Value, json};

const RECORD_BITS: u16 = 24;
const SEPARATOR_BYTES: usize = 16;
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// One side of a node.
#[derive(Clone, Copy)]
enum Side {
    Nothing,
    Node(usize),
    Data(usize),
}

/// Returns a database of IPv4 networks, each given by its first address, its length in bits and its record.
pub(crate) fn database(kind: &str, networks: &[([u8; 4], u8, Value)]) -> Vec<u8> {
    let mut nodes = vec![[Side::Nothing; 2]];
    let mut data = Vec::new();
    for (address, bits, record) in networks {
        let offset = data.len();
        write(record, &mut data);
        let address = u32::from_be_bytes(*address);
        let mut node = 0;
        for bit in 0..*bits {
            let side = usize::from(address >> (31 - bit) & 1 == 1);
            if bit + 1 == *bits {
                nodes[node][side] = Side::Data(offset);
            } else if let Side::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Side::Nothing; 2]);
                nodes[node][side] = Side::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    let mut file = Vec::new();
    for side in nodes.iter().flatten() {
        let value = match side {
            Side::Nothing => nodes.len(),
            Side::Node(node) => *node,
            Side::Data(offset) => nodes.len() + SEPARATOR_BYTES + offset,
        };
        file.extend_from_slice(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; SEPARATOR_BYTES]);
    file.extend_from_slice(&data);
    file.extend_from_slice(MARKER);
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_767_225_600,
        "database_type": kind, "description": {"en": "a test"}, "ip_version": 4, "languages": ["en"],
        "node_count": nodes.len(), "record_size": RECORD_BITS,
    });
    write(&metadata, &mut file);
    file
}

/// Returns the record of a place as MaxMind writes it.
pub(crate) fn place(country: &str, region: &str, city: &str) -> Value {
    json!({
        "country": {"iso_code": country, "names": {"en": format!("name of {country}"), "fr": "en français"}},
        "subdivisions": [{"iso_code": "XX", "names": {"en": region}}],
        "city": {"geoname_id": 1, "names": {"en": city}},
    })
}

/// Writes a value: a control byte with type and size, then the contents.
fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Object(map) => {
            head(7, map.len(), out);
            for (key, value) in map {
                write(&json!(key), out);
                match value.as_u64() {
                    Some(number) => write_number(key, number, out),
                    None => write(value, out),
                }
            }
        }
        Value::Array(items) => {
            head(11, items.len(), out);
            items.iter().for_each(|item| write(item, out));
        }
        other => panic!("tests write no {other}"),
    }
}

/// Writes a number of the type that the format gives to the key: 16 bits (5), 32 bits (6) or 64 bits (9).
fn write_number(key: &str, number: u64, out: &mut Vec<u8>) {
    let kind = match key {
        "build_epoch" => 9,
        "node_count" | "geoname_id" | "autonomous_system_number" => 6,
        _ => 5,
    };
    let bytes = number.to_be_bytes();
    let kept = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    head(kind, kept.len(), out);
    out.extend_from_slice(kept);
}

fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    // Sizes from 29 on have a byte of their own, which is enough here.
    let short = u8::try_from(size.min(29)).unwrap();
    if kind <= 7 {
        out.push(kind << 5 | short);
    } else {
        out.extend_from_slice(&[short, kind - 7]);
    }
    if size >= 29 {
        out.push(u8::try_from(size - 29).unwrap());
    }
}
