//! Keeps contexts in the user's `contexts.yaml`, readable by the user alone, for it may hold tokens.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::printer::{CommandError, ExitStatus, Place};
use crate::settings::{Environment, Secret};

const FILE: &str = "contexts.yaml";
/// Only the owner may read or write.
const FILE_MODE: u32 = 0o600;

/// Everything in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// What `use -` goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous: Option<String>,
    #[serde(default)]
    contexts: BTreeMap<String, Context>,
}

/// One stored context.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Context {
    pub(crate) place: Stored,
    token: Option<StoredToken>,
    pub(crate) protected: bool,
}

/// Where the context leads.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    Server {
        url: String,
    },
    Project {
        dir: PathBuf,
    },
    /// A Service of a Kubernetes cluster, reached by port-forward.
    Cluster(ClusterService),
}

/// A Service of a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterService {
    pub(crate) service: String,
    /// None: that of the kubeconfig's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// None: the Service's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// None: the kubeconfig's current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kubeconfig: Option<PathBuf>,
}

impl ClusterService {
    /// Returns what stands for its address: `k8s://CONTEXT/NAMESPACE/SERVICE:PORT`.
    pub(crate) fn address(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let or_current = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
        format!("k8s://{}/{}/{}{port}", or_current(&self.context), or_current(&self.namespace), self.service)
    }
}

/// A context as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dir: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterService>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<StoredToken>,
    #[serde(default)]
    protected: bool,
}

impl TryFrom<Written> for Context {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let place = match (written.url, written.dir, written.cluster) {
            (Some(url), None, None) => Stored::Server { url },
            (None, Some(dir), None) => Stored::Project { dir },
            (None, None, Some(cluster)) => Stored::Cluster(cluster),
            _ => return Err("a context has one of url, dir and cluster"),
        };
        Ok(Self { place, token: written.token, protected: written.protected })
    }
}

impl From<Context> for Written {
    fn from(context: Context) -> Self {
        let (url, dir, cluster) = match context.place {
            Stored::Server { url } => (Some(url), None, None),
            Stored::Project { dir } => (None, Some(dir), None),
            Stored::Cluster(cluster) => (None, None, Some(cluster)),
        };
        Self { url, dir, cluster, token: context.token, protected: context.protected }
    }
}

/// Where its token is.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoredToken {
    Text(String),
    Env(String),
    File(PathBuf),
}

impl std::fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.described())
    }
}

impl StoredToken {
    /// Returns where the token is, never the token.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Text(_) => "••••".to_owned(),
            Self::Env(name) => format!("${name}"),
            Self::File(path) => path.display().to_string(),
        }
    }
}

impl Context {
    pub(crate) const fn new(place: Stored, token: Option<StoredToken>, protected: bool) -> Self {
        Self { place, token, protected }
    }

    pub(crate) const fn stored_token(&self) -> Option<&StoredToken> {
        self.token.as_ref()
    }

    /// Returns the token itself.
    pub(crate) fn token(&self, environment: &Environment) -> Result<Option<Secret>, CommandError> {
        match &self.token {
            None => Ok(None),
            Some(StoredToken::Text(text)) => Ok(Some(Secret::new(text.clone()))),
            Some(StoredToken::Env(name)) => match environment.get(name) {
                Some(token) => Ok(Some(Secret::new(token.to_owned()))),
                None => Err(CommandError::usage(format!("the context's token is in {name}, which is not set"))),
            },
            Some(StoredToken::File(path)) => fs::read_to_string(path)
                .map(|text| Some(Secret::new(text.trim().to_owned())))
                .map_err(|error| CommandError::usage(format!("cannot read the token in {}: {error}", path.display()))),
        }
    }
}

impl Contexts {
    /// Reads the file; without one there are no contexts.
    pub(crate) fn load(environment: &Environment) -> Result<Self, CommandError> {
        let Some(path) = path(environment) else { return Ok(Self::default()) };
        let text = match fs::read_to_string(&path) {
            Ok(text) if text.trim().is_empty() => return Ok(Self::default()),
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unusable(&path, &error)),
        };
        serde_saphyr::from_str(&text).map_err(|error| broken(&path, &text, &error))
    }

    /// Writes the file as a whole, so that a crash leaves the old one or the new one.
    pub(crate) fn save(&self, environment: &Environment) -> Result<(), CommandError> {
        let path = path(environment).ok_or_else(|| {
            CommandError::usage("there is no folder for the user's configuration")
                .with_hint("set HOME or XDG_CONFIG_HOME")
        })?;
        let text =
            serde_saphyr::to_string(self).map_err(|error| CommandError::bug(format!("cannot write yaml: {error}")))?;
        write_private(&path, &text).map_err(|error| unusable(&path, &error))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Context> {
        self.contexts.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.contexts.keys().map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Context)> {
        self.contexts.iter().map(|(name, context)| (name.as_str(), context))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.contexts.is_empty()
    }

    pub(crate) fn insert(&mut self, name: String, context: Context) -> Option<Context> {
        self.contexts.insert(name, context)
    }

    /// Removes a context; if it was the chosen one, this folder's project is chosen again.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Context> {
        let removed = self.contexts.remove(name)?;
        self.current.take_if(|current| current == name);
        self.previous.take_if(|previous| previous == name);
        Some(removed)
    }

    /// Chooses a context, or this folder's project for `None`, and remembers the one before.
    pub(crate) fn choose(&mut self, name: Option<String>) {
        if self.current != name {
            self.previous = std::mem::replace(&mut self.current, name);
        }
    }
}

/// Returns where contexts are kept.
pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
    environment.config_dir().map(|dir| dir.join(FILE))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let draft = path.with_extension(format!("yaml.{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn unusable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::new("config_invalid", format!("cannot use {}: {error}", path.display()), ExitStatus::Usage)
}

fn broken(path: &Path, text: &str, error: &serde_saphyr::Error) -> CommandError {
    let message = "the file of contexts cannot be understood";
    let failure = CommandError::new("config_invalid", message, ExitStatus::Usage)
        .with_hint("mend it, or remove it and add the contexts anew with `streamflow context add`");
    match error.location() {
        Some(at) => failure.at(Place::in_text(path.display().to_string(), text, at.line(), at.column())),
        None => failure,
    }
}
