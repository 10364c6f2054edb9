//! What holds for any object: patching twice is patching once, and a patch only adds.

use proptest::prelude::*;

use super::*;

const KEYS: [&str; 9] = [
    "app",
    "größe",
    "a/b~c",
    "streamflow.io/own",
    "streamflow.io/monitoring",
    "streamflow.io/metrics-port",
    "streamflow.io/injected-at",
    "streamflow.io/managed",
    "streamflow.io/component",
];

fn texts() -> impl Strategy<Value = Value> {
    let map = prop::collection::btree_map(prop::sample::select(&KEYS[..]), "[a-z0-9]{1,4}", 0..6);
    prop_oneof![Just(Value::Null), map.prop_map(|map| json!(map))]
}

fn metadata() -> impl Strategy<Value = Value> {
    let whole = (texts(), texts(), any::<bool>()).prop_map(|(annotations, labels, named)| {
        let mut metadata = json!({"annotations": annotations, "labels": labels});
        if named {
            metadata["name"] = json!("shop");
        }
        metadata
    });
    prop_oneof![1 => Just(Value::Null), 9 => whole]
}

fn object() -> impl Strategy<Value = Value> {
    (metadata(), metadata(), 1..3u8, prop::option::of(prop::sample::select(&KEYS[..]))).prop_map(
        |(own, template, image, selected)| {
            let mut object = deployment(own, template);
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image.to_string());
            if let Some(key) = selected {
                object["spec"]["selector"]["matchLabels"] = json!({key: "x"});
            }
            object
        },
    )
}

/// Returns whether all that `before` has is in `after`, where `null` may have become a map.
fn kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Null, _) => true,
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| after.get(key).is_some_and(|after| kept(value, after)))
        }
        _ => before == after,
    }
}

fn without_ours(template: &Value) -> Value {
    let mut template = template.clone();
    for part in ["annotations", "labels"] {
        if let Some(map) = template.pointer_mut(&format!("/metadata/{part}")).and_then(Value::as_object_mut) {
            map.retain(|key, _| !key.starts_with(PREFIX));
        }
    }
    template
}

proptest! {
    #[test]
    fn patching_twice_is_patching_once(new in object(), old in prop::option::of(object())) {
        let once = Change { subject: Subject::Deployment, object: &new, old: old.as_ref() };
        let patch = mutate(&once, &injection(), now()).unwrap();
        let after = applied(&patch, &new);
        let twice = Change { object: &after, ..once };
        let again = mutate(&twice, &injection(), later()).unwrap();
        prop_assert!(again.is_empty(), "{:?}", again);
    }

    #[test]
    fn patch_only_adds_and_both_ways_to_apply_it_agree(new in object(), old in prop::option::of(object())) {
        let change = Change { subject: Subject::Deployment, object: &new, old: old.as_ref() };
        let patch = mutate(&change, &injection(), now()).unwrap();
        let after = applied(&patch, &new);
        prop_assert!(kept(&new, &after));
        prop_assert_eq!(&after["spec"]["selector"], &new["spec"]["selector"]);
        let mut own = new.clone();
        patch.apply(&mut own).unwrap();
        prop_assert_eq!(own, after);
        prop_assert_eq!(mutate(&change, &injection(), now()).unwrap(), patch);
    }

    #[test]
    fn template_that_stays_is_stored_as_it_was(old in object(), labels in texts()) {
        let mut new = old.clone();
        if new["metadata"].is_object() {
            new["metadata"]["labels"] = labels;
        }
        let after = applied(&updated(&old, &new, later()), &new);
        prop_assert_eq!(&after["spec"]["template"], &old["spec"]["template"]);

        // A sync that knows nothing of our keys.
        new["spec"]["template"] = without_ours(&old["spec"]["template"]);
        let after = applied(&updated(&old, &new, later()), &new);
        for part in ["annotations", "labels"] {
            for key in injection().keys().iter().filter(|key| key.part.name() == part) {
                let at = |object: &Value| object["spec"]["template"]["metadata"][part][key.name].clone();
                let selected = old["spec"]["selector"]["matchLabels"].get(key.name).is_some() && part == "labels";
                prop_assert!(selected || at(&after) == at(&old), "{} {}", part, key.name);
            }
        }
    }

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(review(&body, &injection(), now()).is_err());
    }
}
