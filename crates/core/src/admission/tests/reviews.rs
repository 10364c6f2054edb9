//! Reviews as an API server sends them, and the answers that it reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn request() -> Value {
    json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "name": "shop", "namespace": "web", "operation": "CREATE", "dryRun": false,
        "object": deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}})),
        "oldObject": null,
    })
}

fn sent(version: &str, request: &Value) -> Result<Reviewed, Refusal> {
    let body = json!({"apiVersion": version, "kind": "AdmissionReview", "request": request});
    review(body.to_string().as_bytes(), &injection(), now())
}

fn answered(request: &Value) -> (Reviewed, Value) {
    let reviewed = sent("admission.k8s.io/v1", request).unwrap();
    let answer: Value = serde_json::from_slice(&reviewed.answer).unwrap();
    (reviewed, answer)
}

/// Fails unless the object is let through as it is.
#[track_caller]
fn passes(request: &Value, outcome: &Outcome) -> Value {
    let (reviewed, answer) = answered(request);
    assert_eq!(&reviewed.outcome, outcome);
    assert_eq!(answer["response"]["allowed"], true);
    assert!(answer["response"].get("patch").is_none() && answer["response"].get("patchType").is_none());
    answer
}

#[test]
fn patch_is_text_in_base64_and_the_uid_comes_back() {
    for version in ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"] {
        let reviewed = sent(version, &request()).unwrap();
        let answer: Value = serde_json::from_slice(&reviewed.answer).unwrap();
        assert_eq!((&answer["apiVersion"], &answer["kind"]), (&json!(version), &json!("AdmissionReview")));
        let response = &answer["response"];
        assert_eq!((&response["uid"], &response["allowed"]), (&request()["uid"], &json!(true)));
        assert_eq!(response["patchType"], "JSONPatch");
        let patch: Value =
            serde_json::from_slice(&STANDARD.decode(response["patch"].as_str().unwrap()).unwrap()).unwrap();
        let Outcome::Patched(expected) = &reviewed.outcome else { panic!("{:?}", reviewed.outcome) };
        assert_eq!(patch, expected.to_json());
        assert!(patch.as_array().unwrap().iter().all(|operation| operation["op"] == "add"));
        assert_eq!(
            response["auditAnnotations"],
            json!({"outcome": "patched", "additions": patch.as_array().unwrap().len().to_string()})
        );
    }
}

#[test]
fn what_is_not_ours_passes_as_it_is() {
    let changes: &[(&str, Value, Skip)] = &[
        ("/kind/kind", json!("StatefulSet"), Skip::OtherKind),
        ("/kind/kind", json!("ReplicaSet"), Skip::OtherKind),
        ("/kind", json!({"group": "", "version": "v1", "kind": "Pod"}), Skip::OtherKind),
        ("/kind/group", json!("serving.knative.dev"), Skip::OtherKind),
        ("/kind", json!({"group": "serving.knative.dev", "version": "v1", "kind": "Service"}), Skip::OtherKind),
        ("/subResource", json!("scale"), Skip::Subresource),
        ("/operation", json!("DELETE"), Skip::Operation),
        ("/operation", json!("CONNECT"), Skip::Operation),
        ("/namespace", json!("kube-system"), Skip::Namespace),
        ("/namespace", json!("kube-public"), Skip::Namespace),
        ("/namespace", json!("kube-node-lease"), Skip::Namespace),
        ("/namespace", json!("streamflow-webhook"), Skip::Namespace),
        ("/object", Value::Null, Skip::NoObject),
        ("/object/metadata/annotations", json!({"streamflow.io/inject": "false"}), Skip::OptedOut),
        ("/object/metadata/deletionTimestamp", json!("2030-01-01T00:00:00Z"), Skip::Deleting),
        ("/object/metadata/ownerReferences", json!([{"controller": true, "kind": "Rollout"}]), Skip::Controlled),
    ];
    for (at, value, skip) in changes {
        let mut request = request();
        let (map, key) = at.rsplit_once('/').unwrap();
        request.pointer_mut(map).unwrap()[key] = value.clone();
        let answer = passes(&request, &Outcome::Skipped(*skip));
        assert_eq!(answer["response"]["auditAnnotations"]["reason"], skip.name());
    }
    for (key, value) in
        [("ownerReferences", json!([{"kind": "App"}])), ("annotations", json!({"streamflow.io/inject": "true"}))]
    {
        let mut request = request();
        request["object"]["metadata"][key] = value;
        assert!(matches!(answered(&request).0.outcome, Outcome::Patched(_)), "{key}");
    }
}

#[test]
fn whole_object_passes_as_it_is() {
    let mut request = request();
    request["object"] = injected();
    passes(&request, &Outcome::Complete);
}

#[test]
fn dry_run_gets_the_same_patch_and_is_told_apart() {
    let mut dry = request();
    dry["dryRun"] = json!(true);
    let (dry, wet) = (answered(&dry), answered(&request()));
    assert_eq!(dry.1, wet.1);
    assert_eq!((dry.0.summary.dry_run, wet.0.summary.dry_run), (true, false));
}

#[test]
fn object_that_is_not_understood_passes_with_a_warning() {
    let mut broken = request();
    broken["object"]["metadata"]["labels"] = json!(["x"]);
    let fault = "metadata.labels is not a map";
    let answer = passes(&broken, &Outcome::Unreadable(fault.to_owned()));
    assert_eq!(answer["response"]["warnings"], json!([format!("streamflow added no monitoring: {fault}")]));

    let mut no_old = request();
    no_old["operation"] = json!("UPDATE");
    passes(&no_old, &Outcome::Unreadable("oldObject is not a map".to_owned()));
}

#[test]
fn body_that_is_no_review_is_refused() {
    let refused = |body: &str| review(body.as_bytes(), &injection(), now()).unwrap_err();
    assert!(matches!(refused("{"), Refusal::NotJson(_)));
    assert!(matches!(refused(&"[".repeat(100_000)), Refusal::NotJson(_)));
    assert_eq!(refused("[]"), Refusal::NotReview);
    assert_eq!(refused(r#"{"kind":"Pod"}"#), Refusal::NotReview);
    let v1 = r#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1""#;
    assert_eq!(refused(&format!("{v1}}}")), Refusal::NoRequest);
    assert_eq!(refused(&format!("{v1},\"request\":{{}}}}")), Refusal::NoUid);
    assert_eq!(
        sent("admission.k8s.io/v2", &request()).unwrap_err(),
        Refusal::UnknownVersion("admission.k8s.io/v2".into())
    );
}

#[test]
fn name_that_is_yet_to_be_made_up_is_shown_by_its_prefix() {
    let mut request = request();
    request["name"] = json!("");
    request["object"]["metadata"] = json!({"generateName": "shop-"});
    assert_eq!(answered(&request).0.summary.name, "shop-*");
}
