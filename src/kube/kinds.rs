//! The kinds of objects that StreamFlow deals with, and where an API server keeps them.

use serde_json::Value;

/// Whether objects of a kind are in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Cluster,
    Namespace,
}

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    /// As it stands in paths.
    pub plural: &'static str,
    pub scope: Scope,
}

const fn core(kind: &'static str, plural: &'static str, scope: Scope) -> Kind {
    Kind { group: "", version: "v1", kind, plural, scope }
}

const fn rbac(kind: &'static str, plural: &'static str, scope: Scope) -> Kind {
    Kind { group: "rbac.authorization.k8s.io", version: "v1", kind, plural, scope }
}

impl Kind {
    pub const NAMESPACE: Self = core("Namespace", "namespaces", Scope::Cluster);
    pub const SERVICE_ACCOUNT: Self = core("ServiceAccount", "serviceaccounts", Scope::Namespace);
    pub const SECRET: Self = core("Secret", "secrets", Scope::Namespace);
    pub const SERVICE: Self = core("Service", "services", Scope::Namespace);
    pub const POD: Self = core("Pod", "pods", Scope::Namespace);
    pub const EVENT: Self = core("Event", "events", Scope::Namespace);
    pub const DEPLOYMENT: Self =
        Self { group: "apps", version: "v1", kind: "Deployment", plural: "deployments", scope: Scope::Namespace };
    pub const BUDGET: Self = Self {
        group: "policy",
        version: "v1",
        kind: "PodDisruptionBudget",
        plural: "poddisruptionbudgets",
        scope: Scope::Namespace,
    };
    pub const WEBHOOK: Self = Self {
        group: "admissionregistration.k8s.io",
        version: "v1",
        kind: "MutatingWebhookConfiguration",
        plural: "mutatingwebhookconfigurations",
        scope: Scope::Cluster,
    };

    pub const LEASE: Self =
        Self { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", scope: Scope::Namespace };
    pub const ROLE: Self = rbac("Role", "roles", Scope::Namespace);
    pub const ROLE_BINDING: Self = rbac("RoleBinding", "rolebindings", Scope::Namespace);
    pub const CLUSTER_ROLE: Self = rbac("ClusterRole", "clusterroles", Scope::Cluster);
    pub const CLUSTER_ROLE_BINDING: Self = rbac("ClusterRoleBinding", "clusterrolebindings", Scope::Cluster);

    const ALL: [Self; 14] = [
        Self::NAMESPACE,
        Self::SERVICE_ACCOUNT,
        Self::SECRET,
        Self::SERVICE,
        Self::POD,
        Self::EVENT,
        Self::DEPLOYMENT,
        Self::BUDGET,
        Self::WEBHOOK,
        Self::LEASE,
        Self::ROLE,
        Self::ROLE_BINDING,
        Self::CLUSTER_ROLE,
        Self::CLUSTER_ROLE_BINDING,
    ];

    /// Returns the kind of an object; None for one that is not in the table.
    #[must_use]
    pub fn of(object: &Value) -> Option<Self> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let kind = object.get("kind")?.as_str()?;
        Self::ALL.into_iter().find(|known| known.api_version() == api_version && known.kind == kind)
    }

    /// Returns `apps/v1`, or `v1` for the core group.
    #[must_use]
    pub fn api_version(self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Returns the path of all its objects, of one namespace or of every one.
    pub(super) fn path(self, namespace: Option<&str>) -> String {
        let base = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        match (self.scope, namespace) {
            (Scope::Namespace, Some(namespace)) => format!("{base}/namespaces/{namespace}/{}", self.plural),
            (Scope::Namespace, None) | (Scope::Cluster, _) => format!("{base}/{}", self.plural),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_kept_by_group_and_namespace() {
        assert_eq!(Kind::POD.path(Some("web")), "/api/v1/namespaces/web/pods");
        assert_eq!(Kind::DEPLOYMENT.path(None), "/apis/apps/v1/deployments");
        assert_eq!(Kind::NAMESPACE.path(Some("web")), "/api/v1/namespaces");
        let deployment = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment"});
        assert_eq!(Kind::of(&deployment), Some(Kind::DEPLOYMENT));
        assert_eq!(Kind::of(&serde_json::json!({"apiVersion": "v1", "kind": "Deployment"})), None);
    }
}
