//! Tells whoever started the server that every port serves, in one line of JSON.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::READY;
use crate::printer::CommandError;
use crate::server::Role;

/// Returns the addresses and the process, as [`READY`] promises.
pub(super) fn object(pid: u32, data_dir: &Path, addresses: &[(Role, SocketAddr)]) -> Map<String, Value> {
    let head = [("pid".to_owned(), json!(pid)), ("data".to_owned(), json!(data_dir.display().to_string()))];
    let ports = addresses.iter().map(|(role, address)| (role.as_str().to_owned(), json!(format!("http://{address}"))));
    // Roles that are not served have no address.
    let mut object: Map<String, Value> =
        READY.fields.iter().map(|field| (field.name.to_owned(), Value::Null)).collect();
    object.extend(head.into_iter().chain(ports));
    object
}

/// Writes the line to a file descriptor that this process was given.
pub(super) fn announce(fd: u32, object: &Map<String, Value>) -> Result<(), CommandError> {
    let line = format!("{}\n", Value::Object(object.clone()));
    let written = match fd {
        1 => io::stdout().write_all(line.as_bytes()).and_then(|()| io::stdout().flush()),
        // Opening it by name needs no trust that the number is ours to close.
        fd => OpenOptions::new()
            .write(true)
            .open(format!("/dev/fd/{fd}"))
            .and_then(|mut pipe| pipe.write_all(line.as_bytes())),
    };
    match written {
        // Who asked to be told has left; the server serves all the same.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(CommandError::usage(format!("--ready-fd {fd}: cannot write to it: {error}"))
            .with_hint("give a descriptor that is open for writing, as the shell's 3>&1 makes one")),
        Ok(()) => Ok(()),
    }
}
