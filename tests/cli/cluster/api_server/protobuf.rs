//! Reads the objects that newer kubectl sends as protobuf: the fields that `kubectl create` sets. Others are left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What such a body begins with; a message of type and bytes follows.
const MAGIC: &[u8] = b"k8s\0";

/// A field of a message: its number, its name in JSON, and what it holds.
type Field = (u64, &'static str, Holds);

#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    Map,
    /// As a map; the values are bytes, which JSON has in base64.
    BytesMap,
    Message(&'static [Field]),
    List(&'static [Field]),
    /// Either a number or a text, told by the first field.
    NumberOrText,
}

use Holds::{List, Message, Number, NumberOrText, Text};

static TYPE: [Field; 2] = [(1, "apiVersion", Text), (2, "kind", Text)];
static METADATA: [Field; 5] = [
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (11, "labels", Holds::Map),
    (12, "annotations", Holds::Map),
];
static CONTAINER: [Field; 2] = [(1, "name", Text), (2, "image", Text)];
static POD_SPEC: [Field; 1] = [(2, "containers", List(&CONTAINER))];
static TEMPLATE: [Field; 2] = [(1, "metadata", Message(&METADATA)), (2, "spec", Message(&POD_SPEC))];
static SELECTOR: [Field; 1] = [(1, "matchLabels", Holds::Map)];
static DEPLOYMENT_SPEC: [Field; 3] =
    [(1, "replicas", Number), (2, "selector", Message(&SELECTOR)), (3, "template", Message(&TEMPLATE))];
static DEPLOYMENT: [Field; 2] = [(1, "metadata", Message(&METADATA)), (2, "spec", Message(&DEPLOYMENT_SPEC))];
static PORT: [Field; 4] =
    [(1, "name", Text), (2, "protocol", Text), (3, "port", Number), (4, "targetPort", NumberOrText)];
static SERVICE_SPEC: [Field; 3] = [(1, "ports", List(&PORT)), (2, "selector", Holds::Map), (4, "type", Text)];
static SERVICE: [Field; 2] = [(1, "metadata", Message(&METADATA)), (2, "spec", Message(&SERVICE_SPEC))];
static NAMESPACE: [Field; 1] = [(1, "metadata", Message(&METADATA))];
static SECRET: [Field; 3] = [(1, "metadata", Message(&METADATA)), (2, "data", Holds::BytesMap), (3, "type", Text)];

/// Returns the object of a body; None when it is no protobuf.
pub(super) fn object(body: &[u8]) -> Option<Value> {
    let envelope = fields(body.strip_prefix(MAGIC)?);
    let part = |wanted: u64| envelope.iter().find(|(number, ..)| *number == wanted).map(|(.., bytes)| *bytes);
    let mut object = message(part(1).unwrap_or_default(), &TYPE);
    let known: &[Field] = match object["kind"].as_str().unwrap_or_default() {
        "Deployment" => &DEPLOYMENT,
        "Service" => &SERVICE,
        "Namespace" => &NAMESPACE,
        "Secret" => &SECRET,
        other => panic!("a {other} came as protobuf"),
    };
    object.extend(message(part(2).unwrap_or_default(), known));
    Some(Value::Object(object))
}

fn message(bytes: &[u8], known: &[Field]) -> Map<String, Value> {
    let mut object = Map::new();
    for (number, value, bytes) in fields(bytes) {
        let Some((_, name, holds)) = known.iter().find(|(known, ..)| *known == number) else { continue };
        let value = match holds {
            // What is not set stands as the empty text.
            Text if bytes.is_empty() => continue,
            Text => json!(text(bytes)),
            Number => json!(value),
            Message(fields) => Value::Object(message(bytes, fields)),
            List(fields) => {
                let list = object.entry(*name).or_insert_with(|| json!([]));
                list.as_array_mut().unwrap().push(Value::Object(message(bytes, fields)));
                continue;
            }
            Holds::Map | Holds::BytesMap => {
                let entry = self::fields(bytes);
                let part = |wanted: u64| {
                    entry.iter().find(|(number, ..)| *number == wanted).map_or(&[][..], |(.., bytes)| *bytes)
                };
                let value = match holds {
                    Holds::BytesMap => STANDARD.encode(part(2)),
                    _ => text(part(2)).to_owned(),
                };
                object.entry(*name).or_insert_with(|| json!({}))[text(part(1))] = json!(value);
                continue;
            }
            NumberOrText => {
                let parts = self::fields(bytes);
                let part = |wanted: u64| parts.iter().find(|(number, ..)| *number == wanted);
                match part(1).map_or(0, |(_, value, _)| *value) {
                    0 => json!(part(2).map_or(0, |(_, value, _)| *value)),
                    _ => json!(part(3).map_or("", |(.., bytes)| text(bytes))),
                }
            }
        };
        object.insert((*name).to_owned(), value);
    }
    object
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Returns the fields of a message: number, and a number or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let (mut value, mut held): (u64, &[u8]) = (0, &[]);
        match tag & 7 {
            0 => value = varint(&mut bytes),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                (held, bytes) = bytes.split_at(length);
            }
            other => panic!("no such type on the wire: {other}"),
        }
        fields.push((tag >> 3, value, held));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        shift += 7;
        if first & 0x80 == 0 {
            return value;
        }
    }
}
