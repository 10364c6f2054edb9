//! The reasons to leave an object alone.

use serde_json::Value;

use super::injection::Injection;
use super::review::Operation;

/// The annotation by which an object opts out, with the value `"false"`.
const INJECT: &str = "streamflow.io/inject";
/// Namespaces of Kubernetes itself.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// Why an object is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Neither a Deployment nor a Service.
    OtherKind,
    /// A part of an object, such as `scale` or `status`.
    Subresource,
    /// Neither created nor updated.
    Operation,
    /// In a namespace of Kubernetes, or in our own.
    Namespace,
    /// The review carries no object.
    NoObject,
    /// It says `streamflow.io/inject: "false"`.
    OptedOut,
    /// It is being deleted.
    Deleting,
    /// Another object owns and manages it.
    Controlled,
}

impl Skip {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::OtherKind,
        Self::Subresource,
        Self::Operation,
        Self::Namespace,
        Self::NoObject,
        Self::OptedOut,
        Self::Deleting,
        Self::Controlled,
    ];

    /// Returns the reason as a label of a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherKind => "other_kind",
            Self::Subresource => "subresource",
            Self::Operation => "operation",
            Self::Namespace => "namespace",
            Self::NoObject => "no_object",
            Self::OptedOut => "opted_out",
            Self::Deleting => "deleting",
            Self::Controlled => "controlled",
        }
    }
}

/// Returns whether Kubernetes keeps this namespace for itself.
#[must_use]
pub fn is_system_namespace(namespace: &str) -> bool {
    SYSTEM.contains(&namespace)
}

/// Returns why a request is left alone, whatever its object says.
pub(super) fn of_request(
    operation: Operation,
    subresource: &str,
    namespace: &str,
    injection: &Injection,
) -> Option<Skip> {
    if !subresource.is_empty() {
        return Some(Skip::Subresource);
    }
    if operation == Operation::Other {
        return Some(Skip::Operation);
    }
    if is_system_namespace(namespace) || namespace == injection.own_namespace() {
        return Some(Skip::Namespace);
    }
    None
}

/// Returns why an object is left alone.
pub(super) fn of_object(object: &Value) -> Option<Skip> {
    let metadata = object.get("metadata")?;
    if metadata.get("annotations").and_then(|annotations| annotations.get(INJECT)).and_then(Value::as_str)
        == Some("false")
    {
        return Some(Skip::OptedOut);
    }
    if metadata.get("deletionTimestamp").is_some_and(|time| !time.is_null()) {
        return Some(Skip::Deleting);
    }
    let owners = metadata.get("ownerReferences").and_then(Value::as_array);
    let controls = |owner: &Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    owners.is_some_and(|owners| owners.iter().any(controls)).then_some(Skip::Controlled)
}
