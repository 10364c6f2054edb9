//! The command line: which commands there are, and how one is run. The composition root: commands may use every module.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgAction, FromArgMatches, Parser, Subcommand};

use crate::printer::{CommandError, ExitStatus, Printer, Shape};

mod backup;
mod bare_word;
mod bench;
mod bundle;
mod chart;
mod cluster;
mod completion;
mod config;
mod context;
mod demo;
mod doctor;
mod emptiness;
mod engine_options;
mod errors;
mod events;
mod export;
mod field;
mod funnel;
mod geoip;
mod health;
mod help;
mod import;
mod init;
mod k8s;
mod local;
mod logs;
mod man;
mod observed;
mod offline;
mod paths;
mod query;
mod question;
mod range;
mod remote;
mod retention;
mod schema;
mod send;
mod server_options;
mod session;
mod sessions;
mod setup_completion;
mod sql;
mod start;
mod status;
mod stop;
mod storage;
mod tail;
mod target;
mod top;
mod tree;
mod trends;
mod tui;
mod usage;
mod version;
mod webhook;

pub use session::{GlobalArgs, Session};
pub use target::{Consent, Protection, Target};

/// Real-time event analytics that lives in the terminal
#[derive(Debug, Parser)]
#[command(name = "streamflow", disable_help_subcommand = true, disable_help_flag = true, disable_version_flag = true)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort, help_heading = None::<&'static str>)]
    help: Option<bool>,
    #[command(subcommand)]
    command: Command,
}

/// One line a command: its name, its arguments. What it does is in the module of that name.
#[derive(Debug, Subcommand)]
enum Command {
    Backup(backup::BackupArgs),
    Bench(bench::BenchArgs),
    Bundle(bundle::BundleArgs),
    Completion(completion::CompletionArgs),
    Config(config::ConfigArgs),
    Context(context::ContextArgs),
    Demo(demo::DemoArgs),
    Doctor(doctor::DoctorArgs),
    Errors(errors::ErrorsArgs),
    Events(events::EventsArgs),
    Export(export::ExportArgs),
    Funnel(funnel::FunnelArgs),
    Health(health::HealthArgs),
    Help(help::HelpArgs),
    Import(import::ImportArgs),
    Init(init::InitArgs),
    K8s(k8s::K8sArgs),
    Logs(logs::LogsArgs),
    Man(man::ManArgs),
    Paths(paths::PathsArgs),
    Query(query::QueryArgs),
    Retention(retention::RetentionArgs),
    Schema(schema::SchemaArgs),
    Send(send::SendArgs),
    Sessions(sessions::SessionsArgs),
    SetupCompletion(setup_completion::SetupCompletionArgs),
    Sql(sql::SqlArgs),
    Start(start::StartArgs),
    Status(status::StatusArgs),
    Stop(stop::StopArgs),
    Storage(storage::StorageArgs),
    Tail(tail::TailArgs),
    Top(top::TopArgs),
    Trends(trends::TrendsArgs),
    Tui(tui::TuiArgs),
    Version(version::VersionArgs),
    Webhook(webhook::WebhookArgs),
}

impl Command {
    fn run(self, session: &Session) -> Result<ExitStatus, CommandError> {
        match self {
            Self::Backup(args) => backup::run(args, session),
            Self::Bench(args) => bench::run(args, session),
            Self::Bundle(args) => bundle::run(args, session),
            Self::Completion(args) => completion::run(args, session),
            Self::Config(args) => config::run(args, session),
            Self::Context(args) => context::run(args, session),
            Self::Demo(args) => demo::run(args, session),
            Self::Doctor(args) => doctor::run(args, session),
            Self::Errors(args) => errors::run(args, session),
            Self::Events(args) => events::run(args, session),
            Self::Export(args) => export::run(args, session),
            Self::Funnel(args) => funnel::run(args, session),
            Self::Health(args) => health::run(args, session),
            Self::Help(args) => help::run(args, session),
            Self::Import(args) => import::run(args, session),
            Self::Init(args) => init::run(args, session),
            Self::K8s(args) => k8s::run(args, session),
            Self::Logs(args) => logs::run(args, session),
            Self::Man(args) => man::run(args, session),
            Self::Paths(args) => paths::run(args, session),
            Self::Query(args) => query::run(args, session),
            Self::Retention(args) => retention::run(args, session),
            Self::Schema(args) => schema::run(args, session),
            Self::Send(args) => send::run(args, session),
            Self::Sessions(args) => sessions::run(args, session),
            Self::SetupCompletion(args) => setup_completion::run(args, session),
            Self::Sql(args) => sql::run(args, session),
            Self::Start(args) => start::run(args, session),
            Self::Status(args) => status::run(args, session),
            Self::Stop(args) => stop::run(args, session),
            Self::Storage(args) => storage::run(args, session),
            Self::Tail(args) => tail::run(args, session),
            Self::Top(args) => top::run(args, session),
            Self::Trends(args) => trends::run(args, session),
            Self::Tui(args) => tui::run(args, session),
            Self::Version(args) => version::run(args, session),
            Self::Webhook(args) => webhook::run(args, session),
        }
    }
}

/// The shapes of all data that commands print, for `streamflow help schema` and its golden test. One line a command.
#[rustfmt::skip]
const SHAPES: &[&[&Shape]] = &[
    backup::SHAPES,
    bench::SHAPES,
    bundle::SHAPES,
    config::SHAPES,
    context::SHAPES,
    demo::SHAPES,
    doctor::SHAPES,
    errors::SHAPES,
    events::SHAPES,
    funnel::SHAPES,
    health::SHAPES,
    import::SHAPES,
    init::SHAPES,
    k8s::SHAPES,
    paths::SHAPES,
    query::SHAPES,
    retention::SHAPES,
    schema::SHAPES,
    send::SHAPES,
    sessions::SHAPES,
    setup_completion::SHAPES,
    start::SHAPES,
    status::SHAPES,
    stop::SHAPES,
    storage::SHAPES,
    tail::SHAPES,
    top::SHAPES,
    trends::SHAPES,
    version::SHAPES,
    webhook::SHAPES,
];

/// The commands by what they are for, as the first page of help shows them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Run", &["init", "start", "stop", "status", "health", "logs", "doctor"]),
    ("Events in", &["send", "import", "schema", "events"]),
    ("Look", &["tui", "demo"]),
    (
        "Answers out",
        &["query", "sql", "tail", "top", "trends", "funnel", "retention", "sessions", "paths", "export", "bundle"],
    ),
    ("Look after", &["storage", "backup"]),
    ("Set up", &["context", "config", "setup-completion", "completion", "webhook", "k8s"]),
    ("Know more", &["help", "man", "errors", "version", "bench"]),
];

/// Runs the command that the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if version::is_all_that_is_asked(&words) {
        return version::answer_at_once();
    }
    completion::answer().unwrap_or_else(|| run(words)).into()
}

fn run(words: Vec<OsString>) -> ExitStatus {
    let parsed = tree::command().try_get_matches_from(&words).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage::answer(error, &words),
    };
    let printer = Printer::new(cli.global.printing.clone());
    let session = Session::new(cli.global, printer);
    let outcome = cli.command.run(&session);
    match outcome {
        Ok(status) => status,
        Err(error) => {
            session.printer().fail(&error);
            // What trying again may mend is no verdict on what was checked.
            let is_verdict = matches!(error.exit, ExitStatus::Negative | ExitStatus::Usage | ExitStatus::Unhealthy);
            if is_verdict && session.annotates() {
                session.printer().annotate_failure(&error);
            }
            error.exit
        }
    }
}

#[cfg(test)]
mod tests;
