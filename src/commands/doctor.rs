//! Looks at everything that a server and its commands need, and says what to do about what is wrong.

use serde_json::json;

use super::Session;
use super::tree::examples;
use crate::printer::paint::{BAD, FAINT, GOOD, WARNING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};

mod machine;
mod network;
mod project;

pub(super) const SHAPES: &[&Shape] = &[&SHAPE];

const SHAPE: Shape = Shape {
    name: "streamflow.doctor/1",
    form: Form::Listing,
    fields: &[
        Field::new("check", Kind::Text, "what was looked at"),
        Field::new("result", Kind::Text, "ok, warning or failed"),
        Field::new("message", Kind::Text, "what was found"),
        Field::new("hint", Kind::Text, "what to do about it"),
    ],
};

/// Check settings, folder, ports, limits and server; exit code 10 when something fails
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow doctor", "streamflow doctor -o json --jq '.rows[] | select(.result != \"ok\")'"))]
pub(super) struct DoctorArgs {}

/// What one look found.
#[derive(Debug)]
struct Finding {
    check: &'static str,
    result: Outcome,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Ok,
    Warning,
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, result: Outcome::Ok, message: message.into(), hint: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, result: Outcome::Warning, message: message.into(), hint: Some(hint.into()) }
    }

    fn failed(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, result: Outcome::Failed, message: message.into(), hint: Some(hint.into()) }
    }
}

pub(super) fn run(DoctorArgs {}: DoctorArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let findings = findings(session);
    let printer = session.printer();
    if printer.wants_words() {
        for finding in &findings {
            printer.text(&words(finding))?;
        }
    } else {
        let row = |finding: &Finding| {
            vec![json!(finding.check), json!(finding.result.as_str()), json!(finding.message), json!(finding.hint)]
        };
        printer.listing(&SHAPE.listing(findings.iter().map(row).collect()))?;
    }
    if session.annotates() {
        for finding in findings.iter().filter(|finding| finding.result == Outcome::Failed) {
            printer.annotate(&format!("streamflow doctor: {}", finding.check), None, &finding.message);
        }
    }
    let failed = findings.iter().any(|finding| finding.result == Outcome::Failed);
    Ok(if failed { ExitStatus::Unhealthy } else { ExitStatus::Ok })
}

fn findings(session: &Session) -> Vec<Finding> {
    let mut findings = vec![machine::version(), project::settings(session)];
    findings.extend(project::notes(session));
    // Without settings nobody knows which folder and which ports are meant.
    if let (Ok(settings), Ok(data_dir)) = (session.settings(), session.data_dir()) {
        findings.extend([project::folder(&data_dir), project::space(settings, &data_dir)]);
        findings.extend(project::geoip(settings, session));
        findings.extend(network::ports(settings, &data_dir));
    }
    findings.extend([machine::clock(session), machine::open_files(), machine::terminal(session)]);
    // Wrong settings were told already; whom to ask may not depend on them.
    if session.settings().is_ok() || session.target().is_ok() {
        findings.push(network::server(session));
    }
    findings
}

fn words(finding: &Finding) -> String {
    let (style, mark) = match finding.result {
        Outcome::Ok => (GOOD, "ok     "),
        Outcome::Warning => (WARNING, "warning"),
        Outcome::Failed => (BAD, "failed "),
    };
    let line = format!("{} {:<9} {}\n", painted(style, mark), finding.check, finding.message);
    match &finding.hint {
        Some(hint) => format!("{line}                  {} {hint}\n", painted(FAINT, "hint:")),
        None => line,
    }
}
