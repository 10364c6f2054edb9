//! Says whether the server is well, in the forms that monitoring systems read. Ends with 10 when it is not.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::tree::examples;
use super::{Session, remote};
use crate::api::state::Health;
use crate::client::Request;
use crate::printer::paint::{BAD, GOOD, WARNING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape, painted};

pub(super) const SHAPES: &[&Shape] = &[&SHAPE];

const SHAPE: Shape = Shape {
    name: "streamflow.health/1",
    form: Form::Record,
    fields: &[
        Field::new("status", Kind::Text, "healthy or unhealthy"),
        Field::new("version", Kind::Text, "version of the server"),
        Field::new("uptime_seconds", Kind::Number, "time since the start"),
        Field::new("checks", Kind::Json, "what was looked at: name, status (ok, warning, failed), message"),
    ],
};

/// A health check that takes longer is a failure of its own.
const PATIENCE: Duration = Duration::from_secs(5);

/// Say whether the server is well; exit code 10 when it is not
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow health", "streamflow health --format nagios", "streamflow health --format prometheus"))]
pub(super) struct HealthArgs {
    /// Form that a monitoring system reads
    #[arg(long, value_enum)]
    format: Option<MonitorFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum MonitorFormat {
    Nagios,
    Prometheus,
    Json,
}

pub(super) fn run(args: HealthArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match asked(session) {
        Ok(health) => {
            print(&health, args.format, session)?;
            Ok(if is_well(&health) { ExitStatus::Ok } else { ExitStatus::Unhealthy })
        }
        Err(error) => {
            let printer = session.printer();
            match args.format {
                Some(MonitorFormat::Nagios) => printer.line(format_args!("STREAMFLOW CRITICAL - {}", error.message))?,
                Some(MonitorFormat::Prometheus) => printer.text("streamflow_up 0\n")?,
                Some(MonitorFormat::Json) | None => {}
            }
            Err(error)
        }
    }
}

fn asked(session: &Session) -> Result<Health, CommandError> {
    let client = remote::server(session)?;
    session.block_on(async {
        // An unhealthy server answers 503 with the same body.
        let response = client.exchange(Request::get("/health").within(PATIENCE)).await?;
        match response.status().as_u16() {
            200 | 503 => Ok(response.json::<Health>().await?),
            _ => Err(response.into_refusal().await.into()),
        }
    })
}

fn is_well(health: &Health) -> bool {
    health.status == "healthy"
}

fn print(health: &Health, format: Option<MonitorFormat>, session: &Session) -> Result<(), CommandError> {
    let printer = session.printer();
    match format {
        Some(MonitorFormat::Nagios) => printer.line(nagios(health)),
        Some(MonitorFormat::Prometheus) => printer.text(&prometheus(health)),
        Some(MonitorFormat::Json) => {
            let tag = Map::from_iter([("schema".to_owned(), json!(SHAPE.name))]);
            printer.text(&format!("{:#}\n", Value::Object(tag.into_iter().chain(object(health)).collect())))
        }
        None if printer.wants_words() => printer.text(&words(health)),
        None => printer.record(SHAPE.name, &object(health)),
    }
}

fn object(health: &Health) -> Map<String, Value> {
    Map::from_iter([
        ("status".to_owned(), json!(health.status)),
        ("version".to_owned(), json!(health.version)),
        ("uptime_seconds".to_owned(), json!(health.uptime_seconds)),
        ("checks".to_owned(), json!(health.checks)),
    ])
}

fn words(health: &Health) -> String {
    let style = if is_well(health) { GOOD } else { BAD };
    let mut text = format!("{} streamflow {}\n", painted(style, &health.status), health.version);
    for check in &health.checks {
        let style = match check.status.as_str() {
            "ok" => GOOD,
            "warning" => WARNING,
            _ => BAD,
        };
        // Writing to a string cannot fail.
        writeln!(text, "  {} {:<8} {}", painted(style, format_args!("{:<7}", check.status)), check.name, check.message)
            .unwrap_or_default();
    }
    text
}

/// One line: state, words, and after the bar numbers that can be drawn.
fn nagios(health: &Health) -> String {
    let worst = if health.checks.iter().any(|check| check.status == "warning") { "WARNING" } else { "OK" };
    let state = if is_well(health) { worst } else { "CRITICAL" };
    let said: Vec<&str> =
        health.checks.iter().filter(|check| check.status != "ok").map(|check| check.message.as_str()).collect();
    let said = if said.is_empty() { health.status.clone() } else { said.join("; ") };
    format!("STREAMFLOW {state} - {said} | uptime={}s", health.uptime_seconds)
}

fn prometheus(health: &Health) -> String {
    let mut text = String::from("# TYPE streamflow_up gauge\nstreamflow_up 1\n# TYPE streamflow_healthy gauge\n");
    writeln!(text, "streamflow_healthy {}", u8::from(is_well(health))).unwrap_or_default();
    text.push_str("# TYPE streamflow_health_check gauge\n");
    for check in &health.checks {
        let value = u8::from(check.status != "failed");
        writeln!(text, "streamflow_health_check{{name=\"{}\"}} {value}", check.name).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::state::HealthCheck;

    fn health(checks: &[(&str, &str)]) -> Health {
        let failed = checks.iter().any(|(_, status)| *status == "failed");
        let check = |(name, status): &(&str, &str)| HealthCheck {
            name: (*name).to_owned(),
            status: (*status).to_owned(),
            message: format!("{name} is {status}"),
        };
        Health {
            status: if failed { "unhealthy" } else { "healthy" }.to_owned(),
            version: "1.2.3".to_owned(),
            uptime_seconds: 9,
            checks: checks.iter().map(check).collect(),
        }
    }

    #[test]
    fn nagios_says_the_worst_state_and_why() {
        let check = |checks: &[(&str, &str)], line: &str| assert_eq!(nagios(&health(checks)), line);
        check(&[("storage", "ok"), ("memory", "ok")], "STREAMFLOW OK - healthy | uptime=9s");
        check(&[("storage", "ok"), ("memory", "warning")], "STREAMFLOW WARNING - memory is warning | uptime=9s");
        check(&[("storage", "failed")], "STREAMFLOW CRITICAL - storage is failed | uptime=9s");
    }

    #[test]
    fn prometheus_has_a_line_a_check() {
        let text = prometheus(&health(&[("storage", "failed"), ("memory", "warning")]));
        assert!(text.contains("\nstreamflow_healthy 0\n"), "{text}");
        assert!(text.contains("streamflow_health_check{name=\"storage\"} 0\n"), "{text}");
        assert!(text.contains("streamflow_health_check{name=\"memory\"} 1\n"), "{text}");
    }
}
