//! Any body is prepared and appended without a panic; of lines, each that has content is accepted, a duplicate or rejected.
#![no_main]

#[path = "body/forgetful_disk.rs"]
mod forgetful_disk;

use std::sync::Arc;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use streamflow_core::error_code;
use streamflow_core::event::Limits;
use streamflow_engine::clock::SystemClock;
use streamflow_engine::ingest::{
    Ack, Appended, Body, BodyError, Framing, Request, Store, StoreOptions, Writer, prepare,
};
use streamflow_engine::journal::{Floor, JournalOptions, OnDamage};

use forgetful_disk::ForgetfulDisk;

fuzz_target!(|data: &[u8]| {
    for framing in [Framing::Json, Framing::Batch] {
        if let Err(error) = append(data, framing) {
            assert!(error_code::find(error.code).is_some(), "{} is not documented", error.code);
        }
    }
    let answer = append(data, Framing::Lines).expect("lines are refused one by one, never as a whole");
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    assert_eq!(answer.accepted + answer.duplicates.len() + answer.rejections.len(), lines);
});

/// Takes a body as a new server would.
fn append(data: &[u8], framing: Framing) -> Result<Appended, BodyError> {
    let store = Arc::new(Store::new(StoreOptions::default()));
    let body = Body { bytes: Bytes::copy_from_slice(data), framing };
    let prepared = prepare(body, &store, Limits::default())?;
    let rows = prepared.rows();
    let journal = JournalOptions {
        dir: "journal/0".into(),
        file_bytes_target: 1 << 20,
        min_free_bytes: 0,
        on_damage: OnDamage::Refuse, floor: Floor::default(),
    };
    let opened = Writer::open(Arc::new(ForgetfulDisk), Arc::new(SystemClock::default()), journal, store);
    let (mut writer, _) = opened.expect("an empty disk has nothing to recover");
    let mut appended = None;
    writer.commit(vec![Request { prepared, ack: Ack::Disk, key: None }], &mut |_, answer| appended = Some(answer));
    let answer = appended.expect("every request is answered").expect("this disk takes everything");
    assert_eq!(answer.accepted + answer.duplicates.len(), rows);
    for rejection in &answer.rejections {
        assert!(error_code::find(rejection.code).is_some(), "{} is not documented", rejection.code);
    }
    Ok(answer)
}
