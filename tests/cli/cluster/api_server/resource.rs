//! The kinds of objects that the server knows, and how a path names one.

use serde_json::Value;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    pub(super) plural: &'static str,
    pub(super) short: &'static [&'static str],
    pub(super) namespaced: bool,
}

const fn core(kind: &'static str, plural: &'static str, short: &'static [&'static str]) -> Resource {
    Resource { group: "", version: "v1", kind, plural, short, namespaced: true }
}

const fn apps(kind: &'static str, plural: &'static str, short: &'static [&'static str]) -> Resource {
    Resource { group: "apps", version: "v1", kind, plural, short, namespaced: true }
}

pub(super) static NAMESPACE: Resource =
    Resource { group: "", version: "v1", kind: "Namespace", plural: "namespaces", short: &["ns"], namespaced: false };
pub(super) static DEPLOYMENT: Resource = apps("Deployment", "deployments", &["deploy"]);
pub(super) static REPLICA_SET: Resource = apps("ReplicaSet", "replicasets", &["rs"]);
pub(super) static POD: Resource = core("Pod", "pods", &["po"]);
pub(super) static WEBHOOK: Resource = Resource {
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind: "MutatingWebhookConfiguration",
    plural: "mutatingwebhookconfigurations",
    short: &[],
    namespaced: false,
};
static SERVICE: Resource = core("Service", "services", &["svc"]);
static SERVICE_ACCOUNT: Resource = core("ServiceAccount", "serviceaccounts", &["sa"]);
static SECRET: Resource = core("Secret", "secrets", &[]);
static EVENT: Resource = core("Event", "events", &["ev"]);
static BUDGET: Resource = Resource {
    group: "policy",
    version: "v1",
    kind: "PodDisruptionBudget",
    plural: "poddisruptionbudgets",
    short: &["pdb"],
    namespaced: true,
};

static LEASE: Resource = Resource {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    short: &[],
    namespaced: true,
};
static ROLE: Resource = rbac("Role", "roles", true);
static ROLE_BINDING: Resource = rbac("RoleBinding", "rolebindings", true);
static CLUSTER_ROLE: Resource = rbac("ClusterRole", "clusterroles", false);
static CLUSTER_ROLE_BINDING: Resource = rbac("ClusterRoleBinding", "clusterrolebindings", false);

const fn rbac(kind: &'static str, plural: &'static str, namespaced: bool) -> Resource {
    Resource { group: "rbac.authorization.k8s.io", version: "v1", kind, plural, short: &[], namespaced }
}

pub(super) static ALL: [&Resource; 15] = [
    &LEASE,
    &ROLE,
    &ROLE_BINDING,
    &CLUSTER_ROLE,
    &CLUSTER_ROLE_BINDING,
    &NAMESPACE,
    &SERVICE,
    &SERVICE_ACCOUNT,
    &SECRET,
    &EVENT,
    &POD,
    &DEPLOYMENT,
    &REPLICA_SET,
    &BUDGET,
    &WEBHOOK,
];

impl Resource {
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

pub(super) fn of_object(object: &Value) -> Option<&'static Resource> {
    let (version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
    ALL.into_iter().find(|resource| resource.api_version() == version && resource.kind == kind)
}

/// What a path names. Without a name it is all objects of the kind, without a namespace those of every namespace.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) resource: &'static Resource,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) subresource: String,
}

impl Path {
    pub(super) fn parse(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && rest != ["status"] => (*namespace, rest),
            rest => ("", rest),
        };
        let (plural, rest) = rest.split_first()?;
        let known =
            |resource: &&&Resource| (resource.group, resource.version, resource.plural) == (group, version, *plural);
        let resource = *ALL.iter().find(known)?;
        let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
        Some(Self { resource, namespace: namespace.to_owned(), name: part(0), subresource: part(1) })
    }
}
