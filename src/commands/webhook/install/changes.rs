//! Remembers what was applied to a cluster, and takes it back.

use serde_json::{Value, json};

use crate::kube::{Apply, Cluster, Kind, KubeError, Persist, Scope};

/// What was applied so far.
pub(super) struct Changes<'a> {
    cluster: &'a Cluster,
    apply: Apply,
    done: Vec<Done>,
}

struct Done {
    kind: Kind,
    namespace: Option<String>,
    name: String,
    outcome: &'static str,
    /// None: there was none.
    before: Option<Value>,
    taken_back: bool,
}

impl<'a> Changes<'a> {
    pub(super) const fn new(cluster: &'a Cluster, apply: Apply) -> Self {
        Self { cluster, apply, done: Vec::new() }
    }

    /// Applies an object.
    pub(super) async fn apply(&mut self, object: &Value) -> Result<(), KubeError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let kind = Kind::of(object).ok_or_else(|| KubeError::Answer("an object of an unknown kind".to_owned()))?;
        let (name, namespace) = (text("/metadata/name").unwrap_or_default(), text("/metadata/namespace"));
        let before = self.cluster.get(kind, namespace.as_deref().unwrap_or_default(), &name).await?;
        let place = self.done.len();
        // Noted first: when the answer is lost, the object may be there all the same.
        self.done.push(Done { kind, namespace, name, outcome: "created", before, taken_back: false });
        let applied = self.cluster.apply(object, self.apply).await;
        let done = &mut self.done[place];
        let after = match applied {
            Ok(after) => after,
            Err(error) if error.is_not_found() && self.apply.persist == Persist::DryRun => {
                done.outcome = "unchecked";
                return Ok(());
            }
            Err(error) => {
                // What the server refused was not applied; what it did not answer may have been.
                if matches!(error, KubeError::Refused { status: ..500, .. }) {
                    self.done.pop();
                }
                return Err(error);
            }
        };
        done.outcome = match &done.before {
            None => "created",
            Some(before) if version(before) == version(&after) => "unchanged",
            Some(before) if self.apply.persist == Persist::DryRun && is_like(before, &after) => "unchanged",
            Some(_) => "changed",
        };
        Ok(())
    }

    /// Returns whether there is anything to take back.
    pub(super) fn are_kept(&self) -> bool {
        self.apply.persist == Persist::Yes && self.done.iter().any(|done| done.outcome != "unchanged")
    }

    /// Takes back everything, the last first.
    pub(super) async fn undo(&mut self) -> Result<(), KubeError> {
        let mut failed = Ok(());
        for done in self.done.iter_mut().rev().filter(|done| done.outcome != "unchanged") {
            // What can be taken back is, whatever becomes of the rest.
            match done.undo(self.cluster).await {
                Ok(()) => done.taken_back = true,
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Returns what was not taken back, as `Kind namespace/name`.
    pub(super) fn left(&self) -> Vec<String> {
        let left = self.done.iter().filter(|done| done.outcome != "unchanged" && !done.taken_back);
        left.map(|done| match &done.namespace {
            Some(namespace) => format!("{} {namespace}/{}", done.kind.kind, done.name),
            None => format!("{} {}", done.kind.kind, done.name),
        })
        .collect()
    }

    pub(super) fn rows(&self) -> Vec<Vec<Value>> {
        let row = |done: &Done| {
            let namespace = done.namespace.as_ref().filter(|_| done.kind.scope == Scope::Namespace);
            vec![json!(done.kind.kind), json!(namespace), json!(done.name), json!(done.outcome)]
        };
        self.done.iter().map(row).collect()
    }
}

impl Done {
    async fn undo(&self, cluster: &Cluster) -> Result<(), KubeError> {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let Some(before) = &self.before else {
            return cluster.delete(self.kind, namespace, &self.name).await.map(|_was_there| ());
        };
        let Some(now) = cluster.get(self.kind, namespace, &self.name).await? else { return Ok(()) };
        let mut back = before.clone();
        back["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
        // Objects of a listing or an answer have no kind of their own on some servers.
        back["apiVersion"] = json!(self.kind.api_version());
        back["kind"] = json!(self.kind.kind);
        cluster.replace(&back).await.map(|_object| ())
    }
}

fn version(object: &Value) -> Option<&Value> {
    object.pointer("/metadata/resourceVersion")
}

/// A dry run may count versions on, so that contents are compared.
fn is_like(before: &Value, after: &Value) -> bool {
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for name in ["resourceVersion", "managedFields", "generation"] {
                metadata.remove(name);
            }
        }
        object
    };
    bare(before) == bare(after)
}
