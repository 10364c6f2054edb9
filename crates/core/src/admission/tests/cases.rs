//! The carry rule: what is added, kept and given back.

use super::*;

const TEMPLATE: &str = "/spec/template/metadata";

#[test]
fn missing_maps_are_added_before_their_keys() {
    let object = deployment(json!({"name": "shop"}), Value::Null);
    let patch = created(Subject::Deployment, &object);
    assert_eq!(
        paths(&patch),
        [
            "/metadata/annotations",
            "/metadata/annotations/streamflow.io~1monitoring",
            "/metadata/annotations/streamflow.io~1metrics-path",
            "/metadata/annotations/streamflow.io~1metrics-port",
            "/metadata/annotations/streamflow.io~1health-path",
            "/metadata/annotations/streamflow.io~1version",
            "/metadata/annotations/streamflow.io~1injected-at",
            "/metadata/labels",
            "/metadata/labels/streamflow.io~1managed",
            "/metadata/labels/streamflow.io~1component",
            "/spec/template/metadata",
            "/spec/template/metadata/annotations",
            "/spec/template/metadata/annotations/streamflow.io~1monitoring",
            "/spec/template/metadata/annotations/streamflow.io~1metrics-path",
            "/spec/template/metadata/annotations/streamflow.io~1metrics-port",
            "/spec/template/metadata/annotations/streamflow.io~1health-path",
            "/spec/template/metadata/annotations/streamflow.io~1version",
            "/spec/template/metadata/annotations/streamflow.io~1injected-at",
            "/spec/template/metadata/labels",
            "/spec/template/metadata/labels/streamflow.io~1managed",
            "/spec/template/metadata/labels/streamflow.io~1component",
        ]
    );
    let after = applied(&patch, &object);
    for at in ["/metadata", TEMPLATE] {
        let metadata = after.pointer(at).unwrap();
        assert_eq!((&metadata["annotations"], &metadata["labels"]), (&annotations(), &labels()), "{at}");
    }
}

#[test]
fn null_is_as_absent() {
    let absent = deployment(json!({"name": "shop"}), json!({}));
    let null = deployment(
        json!({"name": "shop", "annotations": null, "labels": null}),
        json!({"annotations": null, "labels": null}),
    );
    assert_eq!(created(Subject::Deployment, &null), created(Subject::Deployment, &absent));
    let patch = created(Subject::Deployment, &null);
    assert_eq!(applied(&patch, &null), applied(&patch, &absent));
}

#[test]
fn keys_of_others_stay_as_they_are() {
    let metadata =
        json!({"name": "shop", "annotations": {"größe": "日本 🚀", "a/b~c": "1"}, "labels": {"app": "shop"}});
    let object = deployment(metadata.clone(), metadata.clone());
    let after = applied(&created(Subject::Deployment, &object), &object);
    for at in ["/metadata", TEMPLATE] {
        let after = after.pointer(at).unwrap();
        assert_eq!(after["annotations"]["größe"], "日本 🚀", "{at}");
        assert_eq!(after["annotations"]["a/b~c"], "1", "{at}");
        assert_eq!(after["labels"]["app"], "shop", "{at}");
    }
}

#[test]
fn value_of_the_user_is_kept_and_reaches_the_pods() {
    let object = deployment(
        json!({"annotations": {"streamflow.io/metrics-port": "9090"}, "labels": {"streamflow.io/component": "database"}}),
        json!({"annotations": {"streamflow.io/metrics-path": "/own"}}),
    );
    let after = applied(&created(Subject::Deployment, &object), &object);
    assert_eq!(after["metadata"]["annotations"]["streamflow.io/metrics-port"], "9090");
    assert_eq!(after["metadata"]["annotations"]["streamflow.io/metrics-path"], "/metrics");
    let template = after.pointer(TEMPLATE).unwrap();
    assert_eq!(template["annotations"]["streamflow.io/metrics-port"], "9090");
    assert_eq!(template["annotations"]["streamflow.io/metrics-path"], "/own");
    assert_eq!(template["labels"]["streamflow.io/component"], "database");
}

#[test]
fn whole_object_gets_nothing_and_a_partial_one_what_it_lacks() {
    assert!(created(Subject::Deployment, &injected()).is_empty());
    let mut partial = injected();
    partial["metadata"]["labels"].as_object_mut().unwrap().remove("streamflow.io/managed");
    partial
        .pointer_mut("/spec/template/metadata/annotations")
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove("streamflow.io/version");
    assert_eq!(
        paths(&created(Subject::Deployment, &partial)),
        ["/metadata/labels/streamflow.io~1managed", "/spec/template/metadata/annotations/streamflow.io~1version"]
    );
}

#[test]
fn service_gets_keys_on_itself_only() {
    let object = json!({"kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}}});
    let patch = created(Subject::Service, &object);
    assert!(paths(&patch).iter().all(|path| path.starts_with("/metadata/")));
    assert_eq!(patch.additions().len(), 10);
}

#[test]
fn update_of_the_object_alone_starts_no_pod_anew() {
    let old = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({"team": "checkout"});
    let patch = updated(&old, &new, now());
    assert!(!patch.is_empty());
    assert!(paths(&patch).iter().all(|path| path.starts_with("/metadata/")), "{:?}", paths(&patch));
}

#[test]
fn update_that_drops_our_keys_gets_the_old_ones_back() {
    let old = injected();
    let bare = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
    let after = applied(&updated(&old, &bare, later()), &bare);
    assert_eq!(after["spec"]["template"], old["spec"]["template"]);
    assert_eq!(after["metadata"]["annotations"], annotations());
}

#[test]
fn template_is_given_back_no_more_than_it_had() {
    let mut old = injected();
    old["spec"]["template"]["metadata"]["annotations"] = json!({"streamflow.io/metrics-port": "9090"});
    let bare = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
    let after = applied(&updated(&old, &bare, later()), &bare);
    assert_eq!(after["spec"]["template"], old["spec"]["template"]);
}

#[test]
fn rollout_that_comes_anyway_brings_the_keys_along() {
    let old = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
    let mut new = old.clone();
    new["spec"]["template"]["spec"]["containers"][0]["image"] = json!("shop:2");
    let after = applied(&updated(&old, &new, now()), &new);
    assert_eq!(after.pointer(TEMPLATE).unwrap()["annotations"], annotations());

    // The time of the first injection stays through later rollouts.
    let mut next = new.clone();
    next["spec"]["template"]["spec"]["containers"][0]["image"] = json!("shop:3");
    let last = applied(&updated(&after, &next, later()), &next);
    assert_eq!(last.pointer(TEMPLATE).unwrap()["annotations"], annotations());
    assert_eq!(last["metadata"]["annotations"], annotations());
}

#[test]
fn restart_is_a_change_of_the_template() {
    let old = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
    let mut new = old.clone();
    new["spec"]["template"]["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/restartedAt": "2030-01-01T00:00:00Z"});
    let after = applied(&updated(&old, &new, now()), &new);
    assert_eq!(after.pointer(TEMPLATE).unwrap()["labels"]["streamflow.io/managed"], "true");
}

#[test]
fn label_that_the_selector_names_is_never_added_to_pods() {
    let key = "streamflow.io/managed";
    for selector in [
        json!({"matchLabels": {"app": "shop", key: "no"}}),
        json!({"matchLabels": {"app": "shop"}, "matchExpressions": [{"key": key, "operator": "DoesNotExist"}]}),
    ] {
        let mut object = deployment(json!({"name": "shop"}), json!({"labels": {"app": "shop"}}));
        object["spec"]["selector"] = selector.clone();
        let after = applied(&created(Subject::Deployment, &object), &object);
        assert_eq!(after["spec"]["selector"], selector);
        let pods = &after.pointer(TEMPLATE).unwrap()["labels"];
        assert_eq!((&pods[key], &pods["streamflow.io/component"]), (&Value::Null, &json!("microservice")));
    }
}

#[test]
fn object_that_is_not_formed_as_one_is_unreadable() {
    for (at, value, message) in [
        ("/metadata", json!([]), "metadata is not a map"),
        ("/metadata/annotations", json!({"a": 1}), "metadata.annotations is not a map of texts"),
        ("/spec", Value::Null, "spec is not a map"),
        ("/spec/template", json!("x"), "spec.template is not a map"),
        ("/spec/template/metadata/labels", json!([1]), "spec.template.metadata.labels is not a map"),
    ] {
        let mut object = injected();
        *object.pointer_mut(at).unwrap() = value;
        let change = Change { subject: Subject::Deployment, object: &object, old: None };
        assert_eq!(mutate(&change, &injection(), now()).unwrap_err().to_string(), message);
    }
}

#[test]
fn values_that_kubernetes_refuses_are_refused_first() {
    let base = Values::default;
    for (values, message) in [
        (Values { metrics_path: "metrics".into(), ..base() }, "metrics-path \"metrics\" does not begin with a slash"),
        (Values { metrics_port: 0, ..base() }, "metrics-port \"0\" is not between 1 and 65535"),
        (Values { version: String::new(), ..base() }, "version \"\" is empty"),
        (Values { component: "x".repeat(64), ..base() }, "is not 1 to 63 characters long"),
        (Values { component: "-x".into(), ..base() }, "between a letter or digit at each end"),
        (Values { health_path: "/a b".into(), ..base() }, "not printable ASCII, or a space"),
    ] {
        let error = Injection::new(values, "streamflow-webhook").unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    assert!(Injection::new(base(), "Not_A_Name").is_err());
}
