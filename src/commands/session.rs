//! What every command is given: the flags of every command, the printer, settings, and whom to talk to.

use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use streamflow_engine::clock::{Clock, Micros, SystemClock};
use tokio::runtime::Runtime;

use super::observed;
use super::target::{self, Target};
use crate::client::OtherVersion;
use crate::printer::{CommandError, ExitStatus, OutputArgs, Place, Printer};
use crate::settings::{Environment, Secret, Settings, SettingsError, Sources};
use crate::telemetry;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    #[command(flatten)]
    pub printing: OutputArgs,
    /// Talk to this stored context instead of the chosen one
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "server",
        hide_short_help = true,
        add = observed::context()
    )]
    pub context: Option<String>,
    /// Talk to the server at this address
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub server: Option<String>,
    /// Bearer token for the server
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    pub token: Option<String>,
    /// Folder of the project, instead of the nearest above with a config.yaml
    #[arg(long, global = true, value_name = "DIR", hide_short_help = true)]
    pub project: Option<PathBuf>,
    /// Log what happens to stderr; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet", hide_short_help = true)]
    pub verbose: u8,
}

/// One call of the program.
#[derive(Debug)]
pub struct Session {
    printer: Printer,
    global: GlobalArgs,
    environment: Environment,
    clock: Arc<SystemClock>,
    settings: OnceCell<Settings>,
    other_version: OtherVersion,
    /// Whether the user was told of it: once is enough, however often a command asks.
    told_version: Cell<bool>,
}

impl Session {
    pub(super) fn new(global: GlobalArgs, printer: Printer) -> Self {
        let environment = Environment::of_process();
        let clock = Arc::new(SystemClock::default());
        Self {
            printer,
            global,
            environment,
            clock,
            settings: OnceCell::new(),
            other_version: OtherVersion::default(),
            told_version: Cell::new(false),
        }
    }

    /// Returns the one writer to stdout and stderr.
    #[must_use]
    pub const fn printer(&self) -> &Printer {
        &self.printer
    }

    #[must_use]
    pub const fn global(&self) -> &GlobalArgs {
        &self.global
    }

    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns whether this runs where a line of `::error …` becomes an annotation.
    #[must_use]
    pub fn annotates(&self) -> bool {
        self.environment.get("GITHUB_ACTIONS") == Some("true")
    }

    /// Returns the machine's clock, for parts that take one.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Returns the wall-clock time.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    /// Returns where a client notes that the server has another version.
    #[must_use]
    pub const fn other_version(&self) -> &OtherVersion {
        &self.other_version
    }

    /// Returns the folder that the command was called in.
    ///
    /// # Errors
    /// When it does not exist any more.
    pub fn current_dir(&self) -> Result<PathBuf, CommandError> {
        std::env::current_dir().map_err(|error| {
            CommandError::usage(format!("cannot use the current folder: {error}")).with_hint("go to another folder")
        })
    }

    /// Returns where settings are looked for.
    ///
    /// # Errors
    /// When the project that was named does not exist.
    pub fn sources(&self) -> Result<Sources, CommandError> {
        let named =
            self.global.project.clone().or_else(|| self.environment.get("STREAMFLOW_PROJECT").map(PathBuf::from));
        let sources =
            Sources { current_dir: self.current_dir()?, project: named, environment: self.environment.clone() };
        match sources.project_dir() {
            Some(dir) if !dir.is_dir() => Err(no_project(&dir)),
            _ => Ok(sources),
        }
    }

    /// Returns the settings, read when first asked for.
    ///
    /// # Errors
    /// When a key or a value is wrong.
    pub fn settings(&self) -> Result<&Settings, CommandError> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let loaded = Settings::load(&self.sources()?)?;
        Ok(self.settings.get_or_init(|| loaded))
    }

    /// Returns the settings of another project.
    ///
    /// # Errors
    /// When the folder does not exist, or a key or a value is wrong.
    pub fn settings_of(&self, project: &Path) -> Result<Settings, CommandError> {
        if !project.is_dir() {
            return Err(no_project(project));
        }
        Ok(Settings::load(&Sources { project: Some(project.to_owned()), ..self.sources()? })?)
    }

    /// Returns the folder of this project's events, whether or not it exists.
    ///
    /// # Errors
    /// When settings are wrong.
    pub fn data_dir(&self) -> Result<PathBuf, CommandError> {
        Ok(self.settings()?.data_dir(&self.current_dir()?))
    }

    /// Returns the server or the folder that this call is about.
    ///
    /// # Errors
    /// When the context does not exist, or settings are wrong.
    pub fn target(&self) -> Result<Target, CommandError> {
        target::resolve(self)
    }

    /// Returns the token given by flag or environment.
    #[must_use]
    pub fn token(&self) -> Option<Secret> {
        let given = self.global.token.clone().or_else(|| self.environment.get("STREAMFLOW_TOKEN").map(str::to_owned));
        given.filter(|token| !token.is_empty()).map(Secret::new)
    }

    /// Returns what runs futures, for a command that runs more than one with something else between.
    ///
    /// # Errors
    /// When the system gives no resources.
    pub fn runtime(&self) -> Result<Runtime, CommandError> {
        telemetry::start_for_command(self.global.verbose);
        install_tls();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| CommandError::bug(format!("cannot start the runtime: {error}")))
    }

    /// Runs a future to its end, or until Ctrl-C.
    ///
    /// # Errors
    /// Those of the future; [`CommandError::interrupted`].
    pub fn block_on<T>(&self, future: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
        self.block_on_whole(async {
            tokio::select! {
                outcome = future => outcome,
                interrupt = interrupted() => Err(interrupt),
            }
        })
    }

    /// Runs a future to its end. What Ctrl-C does is the future's to say, with [`interrupted`].
    pub(super) fn block_on_whole<T>(
        &self,
        future: impl Future<Output = Result<T, CommandError>>,
    ) -> Result<T, CommandError> {
        let runtime = self.runtime()?;
        let outcome = runtime.block_on(future);
        // A blocking read of stdin must not keep the process from ending.
        runtime.shutdown_background();
        self.tell_of_other_version();
        outcome
    }

    /// Says that the server has another version, if it has and the user was not told yet.
    pub(super) fn tell_of_other_version(&self) {
        if let Some(version) = self.other_version.get()
            && !self.told_version.replace(true)
        {
            let own = env!("CARGO_PKG_VERSION");
            self.printer.talk(format_args!("note: the server has version {version}, this program {own}"));
        }
    }
}

/// Waits for Ctrl-C.
pub(super) async fn interrupted() -> CommandError {
    match tokio::signal::ctrl_c().await {
        Ok(()) => CommandError::interrupted(),
        Err(error) => CommandError::bug(format!("cannot wait for Ctrl-C: {error}")),
    }
}

/// Chooses the TLS implementation. A second call finds the first one's choice, which is the same.
pub(super) fn install_tls() {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
}

fn no_project(dir: &Path) -> CommandError {
    CommandError::new("project_not_found", format!("there is no folder {}", dir.display()), ExitStatus::Usage)
        .with_hint(format!("make a project there with `streamflow init {}`", dir.display()))
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        let place = error.place.map(|place| Place {
            file: shortened(&place.path),
            line: place.line,
            column: place.column,
            source: Some(place.source),
            length: place.length.max(1),
        });
        let failure = Self::new("config_invalid", error.message, ExitStatus::Usage).with_hint_maybe(error.hint);
        match place {
            Some(place) => failure.at(place),
            None => failure,
        }
    }
}

/// Returns the path relative to the current folder where that is shorter.
pub(super) fn shortened(path: &Path) -> String {
    let current = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&current).unwrap_or(path).display().to_string()
}

/// Returns the path relative to the current folder, which itself is a dot.
pub(super) fn shortened_or_dot(path: &Path) -> String {
    let short = shortened(path);
    let short = short.trim_end_matches("/.");
    if short.is_empty() { ".".to_owned() } else { short.to_owned() }
}
