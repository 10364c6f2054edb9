//! One cluster: reads, applies and deletes its objects, as JSON.

use std::path::PathBuf;

use kube::api::{DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use serde_json::Value;

use super::error::KubeError;
use super::kinds::Kind;
use super::limits;
use super::lines::Lines;

/// By what name the fields that we apply are kept apart from those of others.
const MANAGER: &str = "streamflow";

/// Which cluster, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// None: `$KUBECONFIG`, `~/.kube/config`, or inside of a pod the cluster's own.
    pub kubeconfig: Option<PathBuf>,
    /// None: the kubeconfig's current context.
    pub context: Option<String>,
}

/// Whether a change is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persist {
    Yes,
    /// The API server does everything but keep it: it is checked, and webhooks are asked.
    DryRun,
}

/// How an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Apply {
    pub persist: Persist,
    /// Whether fields that another manager has are taken over; else the API server refuses.
    pub take_over: bool,
}

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    pub(super) client: kube::Client,
    server: String,
    namespace: String,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Reads the kubeconfig. Nothing is contacted yet, except by a plugin that the kubeconfig has for credentials.
    ///
    /// # Errors
    /// When the kubeconfig or its context cannot be used, or its plugin gives no credentials.
    pub async fn connect(access: &Access) -> Result<Self, KubeError> {
        let failed = |error: &dyn std::fmt::Display| KubeError::Config(error.to_string());
        let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
        let mut config = match (&access.kubeconfig, &access.context) {
            (Some(path), _) => {
                let kubeconfig = Kubeconfig::read_from(path).map_err(|error| failed(&error))?;
                kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| failed(&error))?
            }
            (None, Some(_)) => kube::Config::from_kubeconfig(&options).await.map_err(|error| failed(&error))?,
            (None, None) => kube::Config::infer().await.map_err(|error| failed(&error))?,
        };
        config.connect_timeout = Some(limits::CONNECT_TIMEOUT);
        if let Some(token) = config.auth_info.token_file.as_ref().and_then(token_with_blanks) {
            config.auth_info.token = Some(token.into());
        }
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let namespace = config.default_namespace.clone();
        // A plugin for credentials is run here, and may ask a person or hang; what waits for Ctrl-C must go on meanwhile.
        let client = tokio::task::spawn_blocking(move || kube::Client::try_from(config)).await;
        let client = client.map_err(|error| failed(&error))?.map_err(|error| KubeError::of(error, &server))?;
        Ok(Self { client, server, namespace })
    }

    /// Returns the address of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the namespace of the kubeconfig's context.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns an object; None when there is none of this name.
    ///
    /// # Errors
    /// When the API server cannot be reached, or refuses.
    pub async fn get(&self, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, KubeError> {
        let request = at(kind, Some(namespace)).get(name, &kube::api::GetParams::default());
        match self.ask(request).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the objects of a kind and the version of the listing, from which a watch can go on.
    ///
    /// # Errors
    /// As [`Cluster::get`], and when there are more than [`KubeError::TooMany`] says.
    pub async fn list(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<(Vec<Value>, String), KubeError> {
        let mut objects = Vec::new();
        let mut params = ListParams::default().limit(limits::PAGE_OBJECTS);
        params.label_selector = selector.map(str::to_owned);
        loop {
            let mut answer = self.ask(at(kind, namespace).list(&params)).await?;
            match answer.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => objects.extend(items),
                _ => return Err(KubeError::Answer(format!("the list of {} has no items", kind.plural))),
            }
            if objects.len() > limits::OBJECTS_MAX {
                return Err(KubeError::TooMany(limits::OBJECTS_MAX));
            }
            let of = |name: &str| answer.pointer(name).and_then(Value::as_str).unwrap_or_default();
            match of("/metadata/continue") {
                "" => return Ok((objects, of("/metadata/resourceVersion").to_owned())),
                token => params.continue_token = Some(token.to_owned()),
            }
        }
    }

    /// Makes the object be as described, by server-side apply, and returns it as it is then.
    ///
    /// # Errors
    /// As [`Cluster::get`]; status 409 when another manager has one of the fields.
    pub async fn apply(&self, object: &Value, apply: Apply) -> Result<Value, KubeError> {
        let (kind, namespace, name) = identity(object)?;
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            force: apply.take_over,
            dry_run: apply.persist == Persist::DryRun,
            ..PatchParams::default()
        };
        self.ask(at(kind, namespace).patch(name, &params, &Patch::Apply(object))).await
    }

    /// Makes a new object and returns it.
    ///
    /// # Errors
    /// As [`Cluster::get`]; status 409 when there is one of this name.
    pub async fn create(&self, object: &Value, persist: Persist) -> Result<Value, KubeError> {
        let (kind, namespace, _) = identity(object)?;
        self.ask(at(kind, namespace).create(&post(persist), bytes(object)?)).await
    }

    /// Puts an object in the place of the one of the same name and version.
    ///
    /// # Errors
    /// As [`Cluster::get`]; status 409 when it has changed since.
    pub async fn replace(&self, object: &Value) -> Result<Value, KubeError> {
        let (kind, namespace, name) = identity(object)?;
        self.ask(at(kind, namespace).replace(name, &post(Persist::Yes), bytes(object)?)).await
    }

    /// Adds to an object by a merge patch.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn merge(&self, kind: Kind, namespace: &str, name: &str, patch: &Value) -> Result<Value, KubeError> {
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        self.ask(at(kind, Some(namespace)).patch(name, &params, &Patch::Merge(patch))).await
    }

    /// Deletes an object and returns whether there was one.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn delete(&self, kind: Kind, namespace: &str, name: &str) -> Result<bool, KubeError> {
        let params = DeleteParams::background();
        match self.ask(at(kind, Some(namespace)).delete(name, &params)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the changes of a kind since a listing, a line each.
    pub(super) async fn changes(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        selector: Option<&str>,
        since: &str,
    ) -> Result<Lines, KubeError> {
        let mut params = WatchParams::default().timeout(limits::WATCH_SECONDS);
        params.label_selector = selector.map(str::to_owned);
        self.open(at(kind, namespace).watch(&params, since)).await
    }

    /// Returns the lines of a pod's log, and with `follow` those that it will write.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn logs(&self, namespace: &str, pod: &str, params: &LogParams) -> Result<Lines, KubeError> {
        self.open(at(Kind::POD, Some(namespace)).logs(pod, params)).await
    }

    async fn ask(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, KubeError> {
        let request = request.map_err(|error| KubeError::Answer(error.to_string()))?;
        let answer = tokio::time::timeout(limits::REQUEST_TIMEOUT, self.client.request::<Value>(request)).await;
        match answer {
            Ok(answer) => answer.map_err(|error| KubeError::of(error, &self.server)),
            Err(_late) => Err(self.late()),
        }
    }

    async fn open(
        &self,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Lines, KubeError> {
        let request = request.map_err(|error| KubeError::Answer(error.to_string()))?;
        let opened = tokio::time::timeout(limits::REQUEST_TIMEOUT, self.client.request_stream(request)).await;
        let stream = opened.map_err(|_late| self.late())?.map_err(|error| KubeError::of(error, &self.server))?;
        Ok(Lines::new(stream, &self.server))
    }

    fn late(&self) -> KubeError {
        KubeError::TimedOut { server: self.server.clone(), seconds: limits::REQUEST_TIMEOUT.as_secs() }
    }
}

/// Returns the token of a file that has blanks around it, such as a last line end. kubectl leaves them out, the client does not;
/// that of a pod has none, and is left to the client, which reads it anew.
fn token_with_blanks(path: &String) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    (text.trim() != text).then(|| text.trim().to_owned())
}

fn at(kind: Kind, namespace: Option<&str>) -> Request {
    Request::new(kind.path(namespace))
}

fn post(persist: Persist) -> PostParams {
    PostParams { dry_run: persist == Persist::DryRun, field_manager: Some(MANAGER.to_owned()) }
}

fn bytes(object: &Value) -> Result<Vec<u8>, KubeError> {
    serde_json::to_vec(object).map_err(|error| KubeError::Answer(error.to_string()))
}

fn identity(object: &Value) -> Result<(Kind, Option<&str>, &str), KubeError> {
    let kind = Kind::of(object).ok_or_else(|| KubeError::Answer("an object of an unknown kind".to_owned()))?;
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    Ok((kind, text("/metadata/namespace"), text("/metadata/name").unwrap_or_default()))
}
