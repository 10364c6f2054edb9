//! The Kubernetes admission webhook: serves it, makes its certificates, puts it into a cluster, tries its mutation on files.

use clap::Subcommand;
use streamflow_core::admission::{Injection, InvalidValue, Values};

use super::Session;
use super::tree::examples;
use crate::printer::{CommandError, ExitStatus, Shape};

mod audit;
mod certs;
mod check;
mod document;
mod install;
mod issue;
mod manifests;
mod policy;
mod serve;
mod status;
mod test;
mod uninstall;

pub(super) const SHAPES: &[&Shape] =
    &[&serve::SHAPE, &certs::SHAPE, &check::SHAPE, &install::SHAPE, &status::SHAPE, &audit::SHAPE, &test::SHAPE];

/// Name of the webhook's Service and namespace.
const NAME: &str = "streamflow-webhook";

/// Give Kubernetes workloads monitoring annotations at admission
///
/// Deployments and Services get annotations and labels by which StreamFlow finds them. Nothing that is there is changed,
/// and no pod starts anew by it.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow webhook test deployment.yaml",
    "streamflow webhook certs --out certs",
    "streamflow webhook install --image registry.example.com/streamflow:0.1.0",
    "streamflow webhook status",
))]
pub(super) struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    Serve(serve::ServeArgs),
    Certs(certs::CertsArgs),
    Manifests(manifests::ManifestsArgs),
    Install(install::InstallArgs),
    Uninstall(uninstall::UninstallArgs),
    Status(status::StatusArgs),
    Audit(audit::AuditArgs),
    Policy(policy::PolicyArgs),
    Test(test::TestArgs),
}

pub(super) fn run(args: WebhookArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.command {
        WebhookCommand::Serve(args) => serve::run(&args, session),
        WebhookCommand::Certs(args) => certs::run(&args, session),
        WebhookCommand::Manifests(args) => manifests::run(&args, session),
        WebhookCommand::Install(args) => install::run(&args, session),
        WebhookCommand::Uninstall(args) => uninstall::run(&args, session),
        WebhookCommand::Status(args) => status::run(&args, session),
        WebhookCommand::Audit(args) => audit::run(&args, session),
        WebhookCommand::Policy(args) => policy::run(&args, session),
        WebhookCommand::Test(args) => test::run(&args, session),
    }
}

/// What is added, and where not.
#[derive(Debug, clap::Args)]
struct InjectionArgs {
    /// Path of a workload's metrics
    #[arg(long, value_name = "PATH", default_value = "/metrics")]
    metrics_path: String,
    /// Port of a workload's metrics
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    metrics_port: u16,
    /// Path of a workload's health
    #[arg(long, value_name = "PATH", default_value = "/health")]
    health_path: String,
    /// Value of the annotation streamflow.io/version
    #[arg(long, value_name = "TEXT", default_value = "1.0.0")]
    monitoring_version: String,
    /// Value of the label streamflow.io/component
    #[arg(long, value_name = "TEXT", default_value = "microservice")]
    component: String,
    /// The webhook's own namespace, which is left alone
    #[arg(long, value_name = "NAME", default_value = NAME)]
    namespace: String,
}

impl InjectionArgs {
    fn injection(&self) -> Result<Injection, CommandError> {
        let values = Values {
            metrics_path: self.metrics_path.clone(),
            metrics_port: self.metrics_port,
            health_path: self.health_path.clone(),
            version: self.monitoring_version.clone(),
            component: self.component.clone(),
        };
        Ok(Injection::new(values, &self.namespace)?)
    }
}

impl From<InvalidValue> for CommandError {
    fn from(error: InvalidValue) -> Self {
        let flag = if error.name == "version" { "monitoring-version" } else { error.name };
        Self::usage(error.to_string()).with_hint(format!("give another one with --{flag}"))
    }
}
