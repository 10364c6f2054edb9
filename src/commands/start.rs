//! Starts the server, in the foreground or detached.

use std::path::PathBuf;

use streamflow_engine::journal::OnDamage;

use super::tree::examples;
use super::{Session, server_options, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Shape};
use crate::server::{Echo, Role, ServerOptions};
use crate::settings::Settings;

mod allocator;
mod banner;
mod detach;
mod ready;
mod serve;

pub(super) use detach::LOG_FILE;

pub(super) const SHAPES: &[&Shape] = &[&READY];

/// Printed by `--detach` and written to `--ready-fd`.
const READY: Shape = Shape {
    name: "streamflow.start/1",
    form: Form::Record,
    fields: &[
        Field::new("pid", Kind::Number, "process of the server"),
        Field::new("data", Kind::Text, "folder of its events"),
        Field::new(
            "ingestion",
            Kind::Text,
            "address of the ingestion API; this and the others null where --role leaves them out",
        ),
        Field::new("analytics", Kind::Text, "address of the analytics API"),
        Field::new("alerting", Kind::Text, "address of the alerting API"),
        Field::new("storage", Kind::Text, "address of the storage API"),
        Field::new("gateway", Kind::Text, "address of every route; commands talk to this one"),
    ],
};

/// Start the server
///
/// Serves the project's data, or ./streamflow-data when there is no project.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow start",
    "streamflow start --detach",
    "streamflow start --port-base 9000      # 9001 to 9005",
    "streamflow start --port-base 0         # any free ports",
    "streamflow start --role ingestion,analytics",
))]
pub(super) struct StartArgs {
    /// Go on in the background once every port serves; the log goes to streamflow.log in the data folder
    #[arg(long)]
    detach: bool,
    /// Serve only these of ingestion, analytics, alerting, storage and dashboard, each on its port
    ///
    /// Commands talk to the dashboard's port, which has every route. Without it they talk to the port of the first role;
    /// name another with --server.
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    role: Vec<String>,
    /// Folder of the events
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "IP")]
    host: Option<String>,
    /// Ports N+1 to N+5; 0 takes any free ones
    #[arg(long, value_name = "N")]
    port_base: Option<u16>,
    /// Port of the ingestion API
    #[arg(long, value_name = "PORT")]
    ingestion_port: Option<u16>,
    /// Port of the analytics API
    #[arg(long, value_name = "PORT")]
    analytics_port: Option<u16>,
    /// Port of the alerting API
    #[arg(long, value_name = "PORT")]
    alerting_port: Option<u16>,
    /// Port of the storage API
    #[arg(long, value_name = "PORT")]
    storage_port: Option<u16>,
    /// Port of the gateway, which has every route
    #[arg(long, value_name = "PORT")]
    dashboard_port: Option<u16>,
    /// Listen beyond this machine without a token
    #[arg(long)]
    insecure: bool,
    /// Write a line of JSON with every address to this file descriptor once all ports serve
    #[arg(long, value_name = "FD")]
    ready_fd: Option<u32>,
    /// Go on without acknowledged events that are damaged on disk; the log says which
    #[arg(long)]
    skip_damaged: bool,
    /// Serve POST /echo, which a benchmark compares with
    #[arg(long, hide = true)]
    echo: bool,
    /// This is the background process of --detach
    #[arg(long, hide = true)]
    detached: bool,
}

/// Everything that is decided before anything is opened.
#[derive(Debug)]
struct Plan {
    settings: Settings,
    data_dir: PathBuf,
    server: ServerOptions,
    on_damage: OnDamage,
    ready_fd: Option<u32>,
    detached: bool,
}

pub(super) fn run(args: StartArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let plan = plan(&args, session)?;
    if args.detach {
        return detach::run(&args, &plan, session);
    }
    serve::run(plan, session)
}

fn plan(args: &StartArgs, session: &Session) -> Result<Plan, CommandError> {
    let mut settings = session.settings()?.clone();
    apply_flags(args, &mut settings)?;
    let data_dir = match &args.data {
        Some(dir) => session.current_dir()?.join(dir),
        None => settings.data_dir(&session.current_dir()?),
    };
    let echo = if args.echo { Echo::On } else { Echo::Off };
    let server = ServerOptions { echo, ..server_options::server_options(&settings)? };
    let on_damage = if args.skip_damaged { OnDamage::Skip } else { OnDamage::Refuse };
    Ok(Plan { settings, data_dir, server, on_damage, ready_fd: args.ready_fd, detached: args.detached })
}

fn apply_flags(args: &StartArgs, settings: &mut Settings) -> Result<(), CommandError> {
    if let Some(base) = args.port_base {
        for (role, step) in Role::ALL.into_iter().zip(1_u16..) {
            let port = if base == 0 { Some(0) } else { base.checked_add(step) };
            let port =
                port.ok_or_else(|| CommandError::usage(format!("--port-base {base} leaves no room for five ports")))?;
            settings.set_from_flag(server_options::port_key(role), &port.to_string(), "--port-base")?;
        }
    }
    let ports = [
        (Role::Ingestion, args.ingestion_port, "--ingestion-port"),
        (Role::Analytics, args.analytics_port, "--analytics-port"),
        (Role::Alerting, args.alerting_port, "--alerting-port"),
        (Role::Storage, args.storage_port, "--storage-port"),
        (Role::Gateway, args.dashboard_port, "--dashboard-port"),
    ];
    for (role, port, flag) in ports {
        if let Some(port) = port {
            settings.set_from_flag(server_options::port_key(role), &port.to_string(), flag)?;
        }
    }
    if !args.role.is_empty() {
        settings.set_from_flag("server.roles", &args.role.join(","), "--role")?;
    }
    if let Some(host) = &args.host {
        settings.set_from_flag("server.host", host, "--host")?;
    }
    if args.insecure {
        settings.set_from_flag("server.insecure", "true", "--insecure")?;
    }
    Ok(())
}

/// Returns the folder as a person would name it.
fn shown_dir(plan: &Plan) -> String {
    session::shortened(&plan.data_dir)
}
