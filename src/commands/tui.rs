//! Opens the dashboard on a server, or on a project's history where none runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::tree::examples;
use super::{Protection, Session, Target, bundle, local, offline, remote, sql};
use crate::client::{Client, ClientError};
use crate::printer::{CommandError, ExitStatus};
use crate::settings::{Secret, Settings, parse_duration};
use crate::tui::cursor::Cursor;
use crate::tui::event::Failure;
use crate::tui::keymap::Keymap;
use crate::tui::probe::{self, Told};
use crate::tui::state::panel::{File, PANELS_MAX, Panel};
use crate::tui::state::{Colours, Opening, Setup, Source};
use crate::tui::theme::{Ability, Dots, Glyphs};
use crate::tui::{Connect, Ending, Options, terminal};

/// Threads for questions and live events; the dashboard itself has the main one.
const THREADS: usize = 1;

/// Show what happens now, and why
///
/// A dashboard in the terminal: rates, errors, latency, the events themselves, SQL. `?` in it shows every key. Without a
/// running server it opens the project's history, and of a bundle all that is in it.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow tui",
    "streamflow tui --last 6h",
    "streamflow tui incident.sfb",
    "streamflow tui --server http://127.0.0.1:8005",
))]
pub(super) struct TuiArgs {
    /// Bundle to look into, instead of a server or a project
    bundle: Option<PathBuf>,
    /// Begin with the last so much time: 5m, 6h, 7d
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = parse_duration)]
    last: Duration,
    #[command(flatten)]
    pub(super) look: Look,
}

/// How the dashboard looks.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Look {
    /// Colours: by the terminal's background, dark, light, none
    #[arg(long, value_name = "COLOURS", value_parser = ["auto", "dark", "light", "none"])]
    theme: Option<String>,
    /// Characters: what the terminal can show, octants, sextants, braille, blocks, ascii
    #[arg(
        long,
        value_name = "KIND",
        value_parser = ["auto", "octants", "sextants", "braille", "blocks", "ascii"],
        hide_short_help = true
    )]
    glyphs: Option<String>,
    /// Let the mouse work in the dashboard
    #[arg(long)]
    mouse: bool,
    /// Give a command another key, such as filter=ctrl-g; may be repeated
    #[arg(long = "key", value_name = "COMMAND=KEY", hide_short_help = true)]
    keys: Vec<String>,
    /// Write every event of the session into a file
    #[arg(long, value_name = "FILE", hide = true)]
    record: Option<PathBuf>,
}

pub(super) fn run(args: TuiArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    require_terminal(session, "streamflow top", "streamflow tail")?;
    let place = match &args.bundle {
        Some(file) => Place::of_bundle(file, session)?,
        None => Place::find(session)?,
    };
    let span = i64::try_from(args.last.as_micros()).unwrap_or(i64::MAX);
    show(place, Cursor::last(span), &args.look, Tour::Without, session)
}

/// Whether the guided tour is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tour {
    With,
    Without,
}

/// Refuses to draw into a file or a pipe, or on a terminal that can not put the cursor anywhere.
pub(super) fn require_terminal(session: &Session, instead: &str, or: &str) -> Result<(), CommandError> {
    if terminal::is_terminal() {
        if session.environment().get("TERM") != Some("dumb") {
            return Ok(());
        }
        return Err(CommandError::usage("the dashboard needs a terminal that can do more than TERM=dumb says")
            .with_hint(format!("set TERM to what your terminal is, or use `{instead}` or `{or}`")));
    }
    Err(CommandError::usage("the dashboard needs a terminal, and this is none")
        .with_hint(format!("for a pipe use `{instead}` or `{or}`, each with -o json")))
}

/// Whose events are shown, and how they are reached.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) source: Source,
    /// How much of a history is shown at first.
    pub(super) opening: Opening,
    pub(super) protection: Protection,
    pub(super) client: Client,
    pub(super) connect: Connect,
    pub(super) project: Option<PathBuf>,
}

impl Place {
    fn find(session: &Session) -> Result<Self, CommandError> {
        let target = session.target()?;
        let project = session.settings()?.project_dir().map(Path::to_owned);
        let is_here = target.data_dir.is_some();
        let named = project.as_deref().and_then(Path::file_name).filter(|_| is_here);
        let name = named.map_or_else(|| target.name.clone(), |name| name.to_string_lossy().into_owned());
        let runs = target.data_dir.as_deref().is_none_or(|dir| local::running(dir).is_some());
        if !runs && let Some(dir) = target.data_dir.clone().filter(|dir| dir.is_dir()) {
            let client = offline::reader(session, dir)?;
            let connect = same(&client);
            let address = "no server runs".to_owned();
            let (source, opening, protection) = (Source::History, Opening::Newest, target.protection);
            return Ok(Self { name, address, source, opening, protection, client, connect, project });
        }
        if !runs {
            return Err(nothing_here(project.is_some()));
        }
        let client = remote::connect(&target, session)?;
        let address = client.address().trim_start_matches("http://").to_owned();
        let (source, opening, protection) = (Source::Server, Opening::Newest, target.protection);
        let connect = finder(target, client.clone());
        Ok(Self { name, address, source, opening, protection, client, connect, project })
    }

    /// Unpacks a bundle, unless that was done before, and shows all that is in it.
    fn of_bundle(file: &Path, session: &Session) -> Result<Self, CommandError> {
        let client = bundle::reader(file, session)?;
        Ok(Self {
            name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            address: "a bundle".to_owned(),
            source: Source::History,
            opening: Opening::Everything,
            protection: Protection::None,
            connect: same(&client),
            client,
            // It lies in a cache: panels are not kept there.
            project: None,
        })
    }
}

/// Finds what does not move.
pub(super) fn same(client: &Client) -> Connect {
    let client = client.clone();
    Arc::new(move || Ok(client.clone()))
}

/// Finds the server of a folder by its lock each time, for a server that was started again may have other ports.
fn finder(target: Target, client: Client) -> Connect {
    Arc::new(move || {
        let Some(dir) = &target.data_dir else { return Ok(client.clone()) };
        match local::running(dir).map(|server| server.address).filter(|address| !address.is_empty()) {
            Some(address) if address == client.address() => Ok(client.clone()),
            Some(address) => Client::http(&address, target.token.as_ref().map(Secret::reveal)),
            None => Err(ClientError::Unreachable {
                url: target.url.clone(),
                reason: "no server runs; start it with `streamflow start`".to_owned(),
            }),
        }
    })
}

fn nothing_here(is_project: bool) -> CommandError {
    let message = "there is no running server and no history here";
    let hint = if is_project {
        "start the server with `streamflow start`, or see everything at work with `streamflow demo`"
    } else {
        "see everything at work with `streamflow demo`, or make a project with `streamflow init shop`"
    };
    CommandError::new("cannot_connect", message, ExitStatus::Unreachable).with_hint(hint)
}

/// Runs the dashboard until the user leaves.
pub(super) fn show(
    place: Place,
    cursor: Cursor,
    look: &Look,
    tour: Tour,
    session: &Session,
) -> Result<ExitStatus, CommandError> {
    let settings = session.settings()?;
    let keymap = keymap(look, settings)?;
    let variable = |name: &str| session.environment().get(name);
    let chosen = |flag: &Option<String>, setting| {
        flag.as_deref().or_else(|| settings.text(setting)).unwrap_or("auto").to_owned()
    };
    let (theme, glyphs) = (chosen(&look.theme, "tui.theme"), chosen(&look.glyphs, "tui.glyphs"));
    // Terminals that can do nothing may print a question instead of answering it.
    let can_be_asked = !matches!(variable("TERM"), None | Some("linux"));
    let told = if can_be_asked && (theme == "auto" || glyphs == "auto") { probe::ask() } else { Told::default() };
    let ability = Ability::of_variables(variable).of_terminal(told.name.as_deref().unwrap_or_default());
    let ability = match glyphs.as_str() {
        "ascii" => Ability { glyphs: Glyphs::Ascii, ..ability },
        "octants" => ability.of_dots(Dots::Octants),
        "sextants" => ability.of_dots(Dots::Sextants),
        "braille" => ability.of_dots(Dots::Braille),
        "blocks" => ability.of_dots(Dots::Quadrants),
        _ => ability,
    };
    let dashboards = place.project.as_ref().map(|dir| dir.join("dashboards"));
    let panels = dashboards.as_deref().map(panels).unwrap_or_default();
    super::session::install_tls();
    let colours = match theme.as_str() {
        "dark" => Colours::Dark,
        "light" => Colours::Light,
        "none" => Colours::None,
        _ if variable("NO_COLOR").is_some() => Colours::None,
        _ => told.colours(variable("COLORFGBG")),
    };
    let setup = Setup {
        name: place.name,
        address: place.address,
        source: place.source,
        opening: place.opening,
        version: env!("CARGO_PKG_VERSION"),
        is_protected: place.protection == Protection::Protected,
        keymap,
        colours,
        mouse: look.mouse || settings.is_on("tui.mouse"),
        tour: tour == Tour::With,
        cursor,
        panels,
        history: Vec::new(),
        dashboards,
        size: (0, 0),
    };
    let options = Options {
        setup,
        client: place.client,
        connect: place.connect,
        ability,
        now: || jiff::Timestamp::now().as_microsecond(),
        editor: variable("VISUAL").or_else(|| variable("EDITOR")).map(str::to_owned),
        folder: session.current_dir()?,
        history: sql::history_file(session.environment()),
        record: look.record.clone(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("dashboard")
        .enable_all()
        .build()
        .map_err(|error| CommandError::bug(format!("cannot start the runtime: {error}")))?;
    let ended = crate::tui::run(options, &runtime);
    runtime.shutdown_background();
    match ended {
        Ok(Ending::Left) => Ok(ExitStatus::Ok),
        Ok(Ending::Interrupted) => Ok(ExitStatus::Interrupted),
        Err(error) => Err(CommandError::new("usage", format!("the terminal went: {error}"), ExitStatus::Interrupted)),
    }
}

fn keymap(look: &Look, settings: &Settings) -> Result<Keymap, CommandError> {
    let keys: Vec<String> = settings.list("tui.keys").iter().chain(&look.keys).cloned().collect();
    Keymap::with_overrides(&keys).map_err(|error| {
        CommandError::new("config_invalid", format!("tui.keys: {error}"), ExitStatus::Usage).with_hint(error.hint())
    })
}

/// Reads the panels of `dashboards/*.yaml`, file by file in the order of their names. In the place of a file that can not be read
/// stands why: the others are shown all the same.
fn panels(dir: &Path) -> Vec<Panel> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    files.sort();
    let mut panels: Vec<Panel> = files.iter().flat_map(|path| panels_of(path)).collect();
    panels.truncate(PANELS_MAX);
    panels
}

fn panels_of(path: &Path) -> Vec<Panel> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![broken(path, error.to_string(), None)],
    };
    match serde_saphyr::from_str::<File>(&text) {
        Ok(file) => file.panels.into_iter().map(Panel::new).collect(),
        Err(error) => {
            let place = error.location().map(|at| (at.line(), at.column()));
            // The library says the place, too, and draws it.
            let words = error.without_snippet().to_string();
            let words = words.split(" at line ").next().unwrap_or(&words);
            let words =
                words.strip_prefix("line ").and_then(|rest| rest.split_once(": ")).map_or(words, |(_, rest)| rest);
            vec![broken(path, words.to_owned(), place)]
        }
    }
}

fn broken(path: &Path, reason: String, place: Option<(u64, u64)>) -> Panel {
    let message = match place {
        Some((line, column)) => format!("line {line}, column {column}: {reason}"),
        None => reason,
    };
    let hint = "a file has `panels:`, a list with title, sql and, if you like, chart: auto, table or number";
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Panel::broken(name, Failure { message, hint: Some(hint.to_owned()), is_transient: false, place })
}
