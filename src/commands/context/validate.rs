//! Asks the server of a context whether it is there and takes the token.

use std::time::Duration;

use serde_json::{Map, json};

use crate::api::Success;
use crate::api::state::Status;
use crate::client::Request;
use crate::commands::{Session, Target, remote};
use crate::printer::paint::GOOD;
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};

pub(super) const SHAPE: Shape = Shape {
    name: "streamflow.context_validation/1",
    form: Form::Record,
    fields: &[
        Field::new("name", Kind::Text, "name of the context"),
        Field::new("url", Kind::Text, "address that was asked"),
        Field::new("version", Kind::Text, "version of the server that answered"),
        Field::new("status", Kind::Text, "healthy or unhealthy"),
    ],
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(target: &Target, session: &Session) -> Result<ExitStatus, CommandError> {
    let client = remote::quiet(target)?;
    let status = session.block_on(async {
        // A route that asks for the token, unlike the probes.
        let response = client.send(Request::get("/api/v1/status").within(PATIENCE)).await?;
        Ok(response.json::<Success<Status>>().await?.data)
    })?;
    let printer = session.printer();
    if printer.wants_words() {
        let tick = painted(GOOD, "ok:");
        printer.line(format_args!("{tick} {} answers at {} (version {})", target.name, target.url, status.version))?;
        return Ok(ExitStatus::Ok);
    }
    let object = Map::from_iter([
        ("name".to_owned(), json!(target.name)),
        ("url".to_owned(), json!(target.url)),
        ("version".to_owned(), json!(status.version)),
        ("status".to_owned(), json!(status.status)),
    ]);
    printer.record(SHAPE.name, &object)?;
    Ok(ExitStatus::Ok)
}
