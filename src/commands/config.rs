//! Shows and checks settings.

use clap::Subcommand;
use serde_json::json;

use super::tree::examples;
use super::{Session, geoip, session};
use crate::printer::paint::{GOOD, WARNING};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape, painted};
use crate::settings::{self, Audience, Origin, Settings};

pub(super) const SHAPES: &[&Shape] = &[&VIEW, &PATH];

const VIEW: Shape = Shape {
    name: "streamflow.config/1",
    form: Form::Listing,
    fields: &[
        Field::new("key", Kind::Text, "dotted key of the setting"),
        Field::new("value", Kind::Text, "value in force; dots for a secret"),
        Field::new("origin", Kind::Text, "where the value comes from"),
    ],
};

const PATH: Shape = Shape {
    name: "streamflow.config_files/1",
    form: Form::Listing,
    fields: &[
        Field::new("path", Kind::Text, "file of settings, weakest first"),
        Field::new("exists", Kind::Bool, "whether it is there"),
    ],
};

/// Show and check settings
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow config view --origin",
    "streamflow config check",
    "streamflow config schema > config.schema.json",
))]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show every setting with its value
    #[command(after_help = examples!("streamflow config view", "streamflow config view --origin -o json"))]
    View {
        /// Show where each value comes from
        #[arg(long)]
        origin: bool,
        /// Show only settings that are not at their default
        #[arg(long)]
        changed: bool,
    },
    /// Check every file and variable, and say what nothing uses yet
    #[command(after_help = examples!("streamflow config check"))]
    Check,
    /// Print the JSON Schema of config.yaml, for editors
    #[command(after_help = examples!("streamflow config schema > config.schema.json"))]
    Schema {
        /// Print the reference as Markdown instead
        #[arg(long)]
        markdown: bool,
    },
    /// Print the files that settings are read from
    #[command(after_help = examples!("streamflow config path"))]
    Path,
}

pub(super) fn run(args: ConfigArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let printer = session.printer();
    match args.action {
        Action::View { origin, changed } => {
            let listing = view(session.settings()?, if changed { Shown::Changed } else { Shown::All });
            printer.listing(&if origin { listing } else { listing.without("origin") })?;
        }
        Action::Check => check(session)?,
        Action::Schema { markdown: true } => printer.text(&settings::markdown())?,
        Action::Schema { markdown: false } => printer.text(&format!("{:#}\n", settings::json_schema()))?,
        Action::Path => {
            let files = session.sources()?.files();
            let rows = files.iter().map(|path| vec![json!(session::shortened(path)), json!(path.is_file())]);
            printer.listing(&PATH.listing(rows.collect()))?;
        }
    }
    Ok(ExitStatus::Ok)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    Changed,
}

fn view(settings: &Settings, shown: Shown) -> Listing {
    let entries = settings.entries().filter(|(_, entry)| shown == Shown::All || entry.origin != Origin::Default);
    let rows = entries.map(|(setting, entry)| {
        vec![json!(setting.key), json!(entry.value.to_string()), json!(origin_words(&entry.origin))]
    });
    let modes = settings.schema_modes().iter().map(|mode| {
        vec![json!(format!("schemas.{}", mode.event_type)), json!(mode.mode), json!(origin_words(&mode.origin))]
    });
    VIEW.listing(rows.chain(modes).collect())
}

fn origin_words(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line } => format!("{}:{line}", session::shortened(path)),
        Origin::DotEnv { path, line, variable } => format!("{}:{line} ({variable})", session::shortened(path)),
        other => other.to_string(),
    }
}

/// Faults are errors of [`Session::settings`]; what is left to say are notes.
fn check(session: &Session) -> Result<(), CommandError> {
    let settings = session.settings()?;
    let printer = session.printer();
    for note in settings.notes() {
        printer.line(format_args!("{} {note}", painted(WARNING, "note:")))?;
    }
    geoip::open(settings, &session.current_dir()?)?;
    let set = settings.entries().filter(|(_, entry)| entry.origin != Origin::Default);
    for (setting, entry) in set.clone().filter(|(setting, _)| setting.audience == Audience::Reserved) {
        let origin = origin_words(&entry.origin);
        let note = painted(WARNING, "note:");
        printer.line(format_args!("{note} {} is accepted, and nothing uses it yet ({origin})", setting.key))?;
    }
    let place = settings.project_dir().map_or_else(|| "no project".to_owned(), session::shortened);
    let place = if place.is_empty() { "." } else { &place };
    printer.line(format_args!("{} {} settings are set ({place})", painted(GOOD, "ok:"), set.count()))
}
