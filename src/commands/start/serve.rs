//! Opens the engine, serves every port, and stops in order when a signal says so.

use std::net::SocketAddr;

use streamflow_engine::{Engine, EngineOptions};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Plan, allocator, banner, ready};
use crate::commands::engine_options::engine_options;
use crate::commands::{Session, session};
use crate::printer::{CommandError, ExitStatus};
use crate::server::{Role, RunningServer, Server};
use crate::telemetry::{self, LogFormat};

pub(super) fn run(plan: Plan, session: &Session) -> Result<ExitStatus, CommandError> {
    start_log(&plan);
    allocator::keep_memory();
    session::install_tls();
    // A session of its own: the terminal that started it may close.
    if plan.detached
        && let Err(error) = rustix::process::setsid()
    {
        tracing::warn!(%error, "the server stays in the session of its terminal");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("io")
        .enable_all()
        .build()
        .map_err(|error| CommandError::bug(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(serve(&plan, session));
    runtime.shutdown_background();
    outcome
}

fn start_log(plan: &Plan) {
    let level =
        if plan.settings.is_on("debug") { "debug" } else { plan.settings.text("logging.level").unwrap_or("info") };
    let format = match plan.settings.text("logging.format") {
        Some("json") => LogFormat::Json,
        _ => LogFormat::Text,
    };
    telemetry::start(level, format);
    for note in plan.settings.notes() {
        tracing::warn!("{note}");
    }
}

async fn serve(plan: &Plan, session: &Session) -> Result<ExitStatus, CommandError> {
    let mut signals = Signals::new()?;
    let options = engine_options(&plan.settings, plan.data_dir.clone(), &session.current_dir()?)?;
    let options = EngineOptions { on_damage: plan.on_damage, ..options };
    let clock = session.clock();
    let engine = blocking(move || Engine::open(options, clock)).await??;
    let server = match start(plan, &engine, session).await {
        Ok(server) => server,
        Err(error) => {
            close(engine).await?;
            return Err(error);
        }
    };
    signals.wait().await;
    if !plan.detached {
        session.printer().talk("stopping; once more to stop at once");
    }
    tracing::info!("stopping");
    tokio::select! {
        () = server.shutdown() => close(engine).await?,
        () = signals.wait() => give_up(),
    }
    tracing::info!("stopped");
    Ok(ExitStatus::Ok)
}

async fn start(plan: &Plan, engine: &Engine, session: &Session) -> Result<RunningServer, CommandError> {
    let server = Server::start(engine.clone(), plan.server.clone()).await?;
    let (entrance, address) = entrance(&server);
    engine.set_address(&format!("http://{address}")).map_err(|error| {
        CommandError::new("storage_unavailable", format!("cannot write LOCK: {error}"), ExitStatus::Usage)
    })?;
    let object = ready::object(std::process::id(), &plan.data_dir, &server.addresses);
    let environment = plan.settings.text("environment").unwrap_or_default();
    tracing::info!(data = %plan.data_dir.display(), %address, events = engine.stats().next_offset, environment, "serving");
    // A detached server has only its log to speak to.
    if !plan.detached {
        banner::show(session.printer(), plan, &server.addresses, entrance, engine.stats().next_offset);
    }
    if let Some(fd) = plan.ready_fd {
        ready::announce(fd, &object)?;
    }
    Ok(server)
}

/// Returns the port that commands talk to: the gateway has every route, the others only their own.
fn entrance(server: &RunningServer) -> (Role, SocketAddr) {
    let gateway = server.addresses.iter().find(|(role, _)| *role == Role::Gateway);
    *gateway.or(server.addresses.first()).expect("a server has at least one role")
}

async fn close(engine: Engine) -> Result<(), CommandError> {
    blocking(move || engine.close()).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CommandError::bug(format!("a task broke: {error}")))
}

/// The signals that stop a server. SIGHUP is taken and ignored: a closed terminal stops a foreground server by SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    _hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self, CommandError> {
        let listen =
            |kind| signal(kind).map_err(|error| CommandError::bug(format!("cannot wait for signals: {error}")));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            _hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Everything acknowledged is on disk, so that ending at once loses nothing.
#[expect(clippy::disallowed_methods, clippy::exit, reason = "a second signal means now, whatever still runs")]
fn give_up() {
    tracing::warn!("stopped at once by a second signal");
    std::process::exit(i32::from(ExitStatus::Interrupted.number()));
}
