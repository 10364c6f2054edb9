//! Prints the mutation as a policy that an API server runs by itself, without a webhook.

use serde_json::{Value, json};
use streamflow_core::admission::{Key, Part};

use super::manifests::configuration::{NOT_CONTROLLED, NOT_DELETING, NOT_OPTED_OUT, namespaces};
use super::{InjectionArgs, manifests};
use crate::commands::Session;
use crate::commands::tree::examples;
use crate::printer::{CommandError, ExitStatus};

/// Whether the pod template stays as it is, keys of ours aside.
const SAME_TEMPLATE: &str = "request.operation == 'UPDATE' \
     && object.spec.template.spec == oldObject.spec.template.spec \
     && variables.podAnnotations.all(k, k.startsWith('streamflow.io/') \
     || (k in variables.oldPodAnnotations && variables.oldPodAnnotations[k] == variables.podAnnotations[k])) \
     && variables.oldPodAnnotations.all(k, k.startsWith('streamflow.io/') || k in variables.podAnnotations) \
     && variables.podLabels.all(k, k.startsWith('streamflow.io/') \
     || (k in variables.oldPodLabels && variables.oldPodLabels[k] == variables.podLabels[k])) \
     && variables.oldPodLabels.all(k, k.startsWith('streamflow.io/') || k in variables.podLabels)";
/// Labels by which a Deployment finds its pods are not ours to add.
const SELECTED: &str = "(has(object.spec.selector.matchLabels) && k in object.spec.selector.matchLabels) \
     || (has(object.spec.selector.matchExpressions) && object.spec.selector.matchExpressions.exists(e, e.key == k))";

/// Print the same mutation as a MutatingAdmissionPolicy
///
/// The API server runs it by itself: no pods, no certificate. A policy has no clock, so that it adds all keys but
/// streamflow.io/injected-at. Kubernetes 1.34 serves v1beta1 when the feature gate MutatingAdmissionPolicy is on.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!("streamflow webhook policy > policy.yaml", "streamflow webhook policy --api-version v1alpha1"))]
pub(super) struct PolicyArgs {
    /// Version of admissionregistration.k8s.io that the cluster serves
    #[arg(long, value_name = "VERSION", default_value = "v1beta1", value_parser = ["v1", "v1beta1", "v1alpha1"])]
    api_version: String,
    #[command(flatten)]
    injection: InjectionArgs,
}

pub(super) fn run(args: &PolicyArgs, session: &Session) -> Result<ExitStatus, CommandError> {
    let injection = args.injection.injection()?;
    let mut objects = Vec::new();
    for subject in [Subject::Deployment, Subject::Service] {
        objects.extend(subject.objects(args, injection.keys()));
    }
    session.printer().text(&manifests::yaml(&objects)?)?;
    Ok(ExitStatus::Ok)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Deployment,
    Service,
}

impl Subject {
    fn objects(self, args: &PolicyArgs, keys: &[Key]) -> [Value; 2] {
        let (group, resource) = match self {
            Self::Deployment => ("apps", "deployments"),
            Self::Service => ("", "services"),
        };
        let name = format!("streamflow-{resource}");
        let api_version = format!("admissionregistration.k8s.io/{}", args.api_version);
        let policy = json!({
            "apiVersion": api_version,
            "kind": "MutatingAdmissionPolicy",
            "metadata": { "name": name, "labels": { "app": super::NAME } },
            "spec": {
                "failurePolicy": "Ignore",
                "reinvocationPolicy": "IfNeeded",
                "matchConstraints": {
                    "matchPolicy": "Equivalent",
                    "namespaceSelector": namespaces(&args.injection.namespace),
                    "resourceRules": [{
                        "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource],
                        "operations": ["CREATE", "UPDATE"], "scope": "Namespaced",
                    }],
                },
                "matchConditions": [
                    { "name": "not-opted-out", "expression": NOT_OPTED_OUT },
                    { "name": "not-controlled", "expression": NOT_CONTROLLED },
                    { "name": "not-deleting", "expression": NOT_DELETING },
                ],
                "variables": self.variables(keys),
                "mutations": self.mutations(),
            },
        });
        let binding = json!({
            "apiVersion": api_version,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": { "name": name, "labels": { "app": super::NAME } },
            "spec": { "policyName": name },
        });
        [policy, binding]
    }

    fn variables(self, keys: &[Key]) -> Vec<Value> {
        let variable = |name: &str, expression: String| json!({ "name": name, "expression": expression });
        let mut variables = vec![
            variable("wantedAnnotations", map_of(keys, Part::Annotations)),
            variable("wantedLabels", map_of(keys, Part::Labels)),
            variable("annotations", map_at("object.metadata", "annotations")),
            variable("labels", map_at("object.metadata", "labels")),
        ];
        if self == Self::Deployment {
            for (name, root, part) in [
                ("podAnnotations", "object", "annotations"),
                ("podLabels", "object", "labels"),
                ("oldPodAnnotations", "oldObject", "annotations"),
                ("oldPodLabels", "oldObject", "labels"),
            ] {
                variables.push(variable(name, pod_map_at(root, part)));
            }
            variables.push(variable("sameTemplate", SAME_TEMPLATE.to_owned()));
        }
        variables
    }

    fn mutations(self) -> Vec<Value> {
        let mut expressions = vec![on_object("annotations", "Annotations"), on_object("labels", "Labels")];
        if self == Self::Deployment {
            expressions.push(on_pods("annotations", "Annotations"));
            expressions.push(on_pods("labels", "Labels"));
        }
        expressions
            .into_iter()
            .map(|expression| json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": expression } }))
            .collect()
    }
}

/// Returns the keys with a value of their own, as a map in CEL.
fn map_of(keys: &[Key], part: Part) -> String {
    let entry = |key: &Key| Some(format!("{}: {}", quoted(key.name), quoted(key.value.as_deref()?)));
    let entries: Vec<String> = keys.iter().filter(|key| key.part == part).filter_map(entry).collect();
    format!("{{{}}}", entries.join(", "))
}

/// A string of JSON is one of CEL.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn map_at(metadata: &str, part: &str) -> String {
    format!("has({metadata}.{part}) ? {metadata}.{part} : {{}}")
}

fn pod_map_at(root: &str, part: &str) -> String {
    let metadata = format!("{root}.spec.template.metadata");
    let there = if root == "oldObject" { "request.operation == 'UPDATE' && " } else { "" };
    format!("{there}has({metadata}) && has({metadata}.{part}) ? {metadata}.{part} : {{}}")
}

fn on_object(part: &str, wanted: &str) -> String {
    format!(
        "variables.wanted{wanted}.all(k, k in variables.{part}) ? [] : \
         (has(object.metadata.{part}) ? [] : [JSONPatch{{op: \"add\", path: \"/metadata/{part}\", value: {{}}}}]) \
         + variables.wanted{wanted}.filter(k, !(k in variables.{part}))\
         .map(k, JSONPatch{{op: \"add\", path: \"/metadata/{part}/\" + jsonpatch.escapeKey(k), \
         value: variables.wanted{wanted}[k]}})"
    )
}

/// A template always has metadata, for its labels are what its Deployment finds its pods by.
///
/// Where the template stays the same, it is given back what the old one had; else what the object has, or is about to get.
fn on_pods(part: &str, wanted: &str) -> String {
    let missing = format!(
        "(variables.sameTemplate \
         ? variables.oldPod{wanted}.filter(k, k.startsWith('streamflow.io/') && !(k in variables.pod{wanted})) \
         : variables.wanted{wanted}.filter(k, !(k in variables.pod{wanted}){}))",
        if part == "labels" { format!(" && !({SELECTED})") } else { String::new() }
    );
    let value = format!(
        "variables.sameTemplate ? variables.oldPod{wanted}[k] \
         : (k in variables.{part} ? variables.{part}[k] : variables.wanted{wanted}[k])"
    );
    format!(
        "{missing}.size() == 0 ? [] : \
         (has(object.spec.template.metadata.{part}) ? [] \
         : [JSONPatch{{op: \"add\", path: \"/spec/template/metadata/{part}\", value: {{}}}}]) \
         + {missing}.map(k, JSONPatch{{op: \"add\", \
         path: \"/spec/template/metadata/{part}/\" + jsonpatch.escapeKey(k), value: {value}}})"
    )
}
