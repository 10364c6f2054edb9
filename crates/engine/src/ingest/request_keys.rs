//! Remembers `Idempotency-Key`s: which requests were answered, and with what.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use super::request::{Appended, Duplicate, Identity, Rejection};
use crate::clock::Micros;

/// Requests remembered. A client repeats a request within seconds or minutes, not after a million others.
const KEYS_MAX: usize = 1 << 20;

/// Answers by request key, oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct RequestKeys {
    answers: HashMap<String, Appended>,
    order: VecDeque<String>,
    /// Keys that only the journal holds so far.
    fresh: Vec<String>,
}

impl RequestKeys {
    /// Returns the answer that the first request with this key got.
    pub(crate) fn find(&self, key: &str) -> Option<Appended> {
        self.answers.get(key).map(|answer| Appended { replayed: true, ..answer.clone() })
    }

    pub(crate) fn insert(&mut self, key: String, answer: Appended) {
        if self.answers.insert(key.clone(), answer).is_some() {
            return;
        }
        self.fresh.push(key.clone());
        self.order.push_back(key);
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

/// A key, its answer as the journal writes it, and when it was given.
pub(crate) type KeptKey = (String, Vec<u8>, Micros);

impl RequestKeys {
    /// Adds a key that is kept elsewhere, too.
    pub(crate) fn restore(&mut self, key: String, answer: Appended) {
        let fresh = self.fresh.len();
        self.insert(key, answer);
        self.fresh.truncate(fresh);
    }

    /// Returns the keys that only the journal holds, for somebody who keeps them from now on.
    pub(crate) fn take_fresh(&mut self) -> Vec<KeptKey> {
        let fresh = std::mem::take(&mut self.fresh);
        let kept = |key: String| {
            let answer = self.answers.get(&key)?;
            Some((key.clone(), encode(&key, answer), answer.ingested_at))
        };
        fresh.into_iter().filter_map(kept).collect()
    }

    /// Takes keys back that nobody could keep.
    pub(crate) fn give_back(&mut self, keys: Vec<KeptKey>) {
        self.fresh.extend(keys.into_iter().map(|(key, ..)| key));
    }
}

/// Returns the journal's form of an answer: one JSON object on a line.
pub(crate) fn encode(key: &str, answer: &Appended) -> Vec<u8> {
    let rejections: Vec<Value> =
        answer.rejections.iter().map(|r| json!({"index": r.index, "code": r.code, "message": r.message})).collect();
    let duplicates: Vec<Value> = answer.duplicates.iter().map(|d| json!([d.index, d.first.offset])).collect();
    let line = json!({
        "key": key,
        "accepted": answer.accepted,
        "first_offset": answer.first_offset,
        "client_id": answer.client_id,
        "rejections": rejections,
        "duplicates": duplicates,
    });
    format!("{line}\n").into_bytes()
}

/// Reads the journal's form back.
pub(crate) fn decode(line: &[u8], ingested_at: Micros) -> Option<(String, Appended)> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let rejections = value["rejections"].as_array()?.iter().map(rejection).collect::<Option<_>>()?;
    let duplicates = value["duplicates"].as_array()?.iter().map(duplicate).collect::<Option<_>>()?;
    let answer = Appended {
        first_offset: value["first_offset"].as_u64(),
        accepted: usize::try_from(value["accepted"].as_u64()?).ok()?,
        duplicates,
        rejections,
        client_id: value["client_id"].as_str().map(str::to_owned),
        ingested_at,
        replayed: false,
    };
    Some((value["key"].as_str()?.to_owned(), answer))
}

fn rejection(value: &Value) -> Option<Rejection> {
    let code = streamflow_core::error_code::find(value["code"].as_str()?)?.code;
    let index = usize::try_from(value["index"].as_u64()?).ok()?;
    Some(Rejection { index, code, message: value["message"].as_str()?.to_owned() })
}

fn duplicate(value: &Value) -> Option<Duplicate> {
    let index = usize::try_from(value[0].as_u64()?).ok()?;
    Some(Duplicate { index, first: Identity { partition: 0, offset: value[1].as_u64()? } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_back_from_the_journal() {
        let answer = Appended {
            first_offset: Some(9),
            accepted: 2,
            duplicates: vec![Duplicate { index: 1, first: Identity { partition: 0, offset: 3 } }],
            rejections: vec![Rejection { index: 0, code: "missing_field", message: "\"type\" is missing".to_owned() }],
            client_id: Some("a\"b".to_owned()),
            ingested_at: 77,
            replayed: false,
        };
        let line = encode("the key", &answer);
        assert_eq!(decode(&line, 77), Some(("the key".to_owned(), answer.clone())));
        let mut keys = RequestKeys::default();
        keys.insert("the key".to_owned(), answer.clone());
        assert_eq!(keys.find("the key"), Some(Appended { replayed: true, ..answer }));
        assert_eq!(keys.find("another"), None);
    }
}
