//! Manages contexts: names for the servers and projects that commands talk to.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::observed;
use super::target::{self, LOCAL, Protection, Target};
use super::tree::examples;
use super::{Session, session};
use crate::printer::{CommandError, ExitStatus, Field, Form, Kind, Listing, Shape};

pub(super) mod store;
mod validate;

use store::{ClusterService, Context, Contexts, Stored, StoredToken};

pub(super) const SHAPES: &[&Shape] = &[&LIST, &SHOW, &validate::SHAPE];

const LIST: Shape = Shape {
    name: "streamflow.contexts/1",
    form: Form::Listing,
    fields: &[
        Field::new("current", Kind::Bool, "whether commands use it now"),
        Field::new("name", Kind::Text, "name of the context"),
        Field::new("target", Kind::Text, "address of a server, folder of a project, or Service of a cluster"),
        Field::new("token", Kind::Text, "where its token is; never the token"),
        Field::new("protected", Kind::Bool, "whether writes ask first"),
    ],
};

const SHOW: Shape = Shape {
    name: "streamflow.context/1",
    form: Form::Record,
    fields: &[
        Field::new("name", Kind::Text, "name of the context, local when none is chosen"),
        Field::new("url", Kind::Text, "address that commands talk to"),
        Field::new("data", Kind::Text, "folder of events that is read when no server runs on it"),
        Field::new("token", Kind::Bool, "whether a token is sent"),
        Field::new("protected", Kind::Bool, "whether writes ask first"),
    ],
};

/// Choose which server or project commands talk to
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "streamflow context add prod --url https://events.example.com --token-env PROD_TOKEN --protected",
    "streamflow context use prod",
    "streamflow context use -",
    "streamflow context list",
))]
pub(super) struct ContextArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Store a context
    #[command(after_help = examples!(
        "streamflow context add prod --url https://events.example.com --token-env PROD_TOKEN",
        "streamflow context add shop --dir ~/shop",
        "streamflow context add live --kube-context prod --namespace events --service streamflow",
    ))]
    Add(AddArgs),
    /// Use a context from now on; `-` is the one before, `local` this folder's project
    #[command(after_help = examples!("streamflow context use prod", "streamflow context use -"))]
    Use {
        #[arg(add = observed::context())]
        name: String,
    },
    /// List contexts
    #[command(visible_alias = "ls", after_help = examples!("streamflow context list -o json"))]
    List,
    /// Show whom commands talk to now
    #[command(after_help = examples!("streamflow context show"))]
    Show {
        #[arg(add = observed::context())]
        name: Option<String>,
    },
    /// Remove a context
    #[command(visible_alias = "remove", after_help = examples!("streamflow context rm prod"))]
    Rm {
        #[arg(add = observed::context())]
        name: String,
    },
    /// Ask the server of a context whether it is there and takes the token
    #[command(after_help = examples!("streamflow context validate", "streamflow context validate prod"))]
    Validate {
        #[arg(add = observed::context())]
        name: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// Name of the context
    name: String,
    /// Address of a server
    #[arg(long, conflicts_with = "dir")]
    url: Option<String>,
    /// Folder of a project on this machine
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Service of a Kubernetes cluster, reached by port-forward
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "dir"])]
    service: Option<String>,
    /// Port of the Service; otherwise its first
    #[arg(long, value_name = "PORT", requires = "service")]
    port: Option<u16>,
    /// Namespace of the Service; otherwise that of the kubeconfig's context
    #[arg(long, value_name = "NAME", requires = "service")]
    namespace: Option<String>,
    /// Context of the kubeconfig, instead of its current one
    #[arg(long, value_name = "NAME", requires = "service")]
    kube_context: Option<String>,
    /// Kubeconfig file; otherwise $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "FILE", requires = "service")]
    kubeconfig: Option<PathBuf>,
    /// Environment variable that holds the token
    #[arg(long, value_name = "NAME", conflicts_with = "token_file")]
    token_env: Option<String>,
    /// File that holds the token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Ask before writes
    #[arg(long)]
    protected: bool,
    /// Replace a context of the same name
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: ContextArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    match args.action {
        Action::Add(args) => add(args, session),
        Action::Use { name } => choose(&name, session),
        Action::List => list(session),
        Action::Show { name } => show(name.as_deref(), session),
        Action::Rm { name } => remove(&name, session),
        Action::Validate { name } => validate::run(&target_of(name.as_deref(), session)?, session),
    }
}

fn add(args: AddArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    check_name(&args.name)?;
    let mut contexts = Contexts::load(session.environment())?;
    if contexts.get(&args.name).is_some() && !args.force {
        return Err(CommandError::usage(format!("context {:?} exists already", args.name))
            .with_hint("choose another name, or replace it with --force"));
    }
    let place = match (&args.url, args.dir, args.service) {
        (Some(url), ..) => Stored::Server { url: target::normal_url(url)? },
        (None, Some(dir), _) => Stored::Project { dir: project_dir(session, dir)? },
        (None, None, Some(service)) => Stored::Cluster(ClusterService {
            service,
            namespace: args.namespace,
            port: args.port,
            context: args.kube_context,
            kubeconfig: args
                .kubeconfig
                .map(|file| Ok::<_, CommandError>(session.current_dir()?.join(file)))
                .transpose()?,
        }),
        (None, None, None) => return Err(placeless(&args.name, session)),
    };
    let token = match (args.token_env, args.token_file, &session.global().token) {
        (Some(name), _, _) => Some(StoredToken::Env(name)),
        (None, Some(path), _) => Some(StoredToken::File(session.current_dir()?.join(path))),
        (None, None, Some(token)) => Some(StoredToken::Text(token.clone())),
        (None, None, None) => None,
    };
    contexts.insert(args.name.clone(), Context::new(place, token, args.protected));
    contexts.save(session.environment())?;
    let printer = session.printer();
    printer.talk(format_args!("added context {:?}; use it with: streamflow context use {}", args.name, args.name));
    Ok(ExitStatus::Ok)
}

/// Says which call was meant: `--server` says whom a command talks to, and this one talks to nobody.
fn placeless(name: &str, session: &Session) -> CommandError {
    let error = CommandError::usage("a context needs --url, --dir or --service");
    error.with_hint(match &session.global().server {
        Some(url) => format!("did you mean: streamflow context add {name} --url {url}"),
        None => format!("for example: streamflow context add {name} --url https://events.example.com"),
    })
}

fn project_dir(session: &Session, dir: PathBuf) -> Result<PathBuf, CommandError> {
    let dir = session.current_dir()?.join(dir);
    dir.canonicalize().map_err(|error| {
        CommandError::new("project_not_found", format!("cannot use {}: {error}", dir.display()), ExitStatus::Usage)
            .with_hint("make a project there with `streamflow init`")
    })
}

/// A name must be a word for a shell, and must not be one of those with a meaning.
fn check_name(name: &str) -> Result<(), CommandError> {
    let is_word =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)) && !name.starts_with('-');
    if is_word && name != LOCAL {
        return Ok(());
    }
    Err(CommandError::usage(format!("a context cannot be called {name:?}"))
        .with_hint(format!("use letters, digits, dots and dashes; {LOCAL:?} is this folder's project")))
}

fn choose(name: &str, session: &Session) -> Result<ExitStatus, CommandError> {
    let mut contexts = Contexts::load(session.environment())?;
    let chosen = match name {
        // Back from a named context to none, and from none to a named one.
        "-" if contexts.previous.is_none() && contexts.current.is_none() => {
            return Err(CommandError::usage("there is no previous context")
                .with_hint("choose one with `streamflow context use NAME`"));
        }
        "-" => contexts.previous.clone(),
        LOCAL => None,
        name if contexts.get(name).is_some() => Some(name.to_owned()),
        name => return Err(target::unknown_context(name, &contexts)),
    };
    contexts.choose(chosen);
    contexts.save(session.environment())?;
    let shown = contexts.current.as_deref().unwrap_or(LOCAL);
    session.printer().talk(format_args!("commands now talk to {shown}"));
    Ok(ExitStatus::Ok)
}

fn list(session: &Session) -> Result<ExitStatus, CommandError> {
    let contexts = Contexts::load(session.environment())?;
    let local = vec![
        json!(contexts.current.is_none()),
        json!(LOCAL),
        json!("this folder's project"),
        Value::Null,
        json!(false),
    ];
    let stored = contexts.iter().map(|(name, context)| {
        let target = match &context.place {
            Stored::Server { url } => url.clone(),
            Stored::Project { dir } => dir.display().to_string(),
            Stored::Cluster(cluster) => cluster.address(),
        };
        let token = context.stored_token().map(StoredToken::described);
        vec![
            json!(contexts.current.as_deref() == Some(name)),
            json!(name),
            json!(target),
            json!(token),
            json!(context.protected),
        ]
    });
    let listing = LIST.listing(std::iter::once(local).chain(stored).collect());
    let printer = session.printer();
    printer.listing(&if printer.wants_words() { in_words(listing) } else { listing })?;
    Ok(ExitStatus::Ok)
}

/// Marks the current context, and says in words what is no text.
fn in_words(mut listing: Listing) -> Listing {
    for row in &mut listing.rows {
        if let [current, _, _, token, protected] = row.as_mut_slice() {
            *current = json!(if *current == true { "*" } else { "" });
            *protected = json!(if *protected == true { "yes" } else { "no" });
            if token.is_null() {
                *token = json!("none");
            }
        }
    }
    listing
}

fn show(name: Option<&str>, session: &Session) -> Result<ExitStatus, CommandError> {
    let target = target_of(name, session)?;
    let data = target.data_dir.as_deref().map(session::shortened);
    let object = Map::from_iter([
        ("name".to_owned(), json!(target.name)),
        ("url".to_owned(), json!(target.url)),
        ("data".to_owned(), json!(data)),
        ("token".to_owned(), json!(target.token.is_some())),
        ("protected".to_owned(), json!(target.protection == Protection::Protected)),
    ]);
    session.printer().record(SHOW.name, &object)?;
    Ok(ExitStatus::Ok)
}

fn target_of(name: Option<&str>, session: &Session) -> Result<Target, CommandError> {
    name.map_or_else(|| session.target(), |name| target::stored(session, name))
}

fn remove(name: &str, session: &Session) -> Result<ExitStatus, CommandError> {
    let mut contexts = Contexts::load(session.environment())?;
    if contexts.remove(name).is_none() {
        return Err(target::unknown_context(name, &contexts));
    }
    contexts.save(session.environment())?;
    session.printer().talk(format_args!("removed context {name:?}"));
    Ok(ExitStatus::Ok)
}
