//! The guide's other ways to install, word for word: by hand and with Helm, by the real kubectl and helm.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::install::IMAGE;
use super::{Kubectl, Test, keys};
use crate::program::{Ended, PROGRAM, Place};
use crate::tool;
use crate::webhook::serving::Webhook;

/// Returns the calls below a heading, block by block; a call that goes on in the next line is one.
fn calls(heading: &str) -> Vec<Vec<String>> {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kubernetes.md")).unwrap();
    let section = guide.split_once(&format!("\n{heading}\n")).unwrap().1;
    let section = section.split("\n#").next().unwrap().replace("\\\n", " ");
    let mut blocks = vec![Vec::new()];
    for line in section.lines() {
        match line.strip_prefix("    ") {
            Some(call) => blocks.last_mut().unwrap().push(call.replace("IMAGE", IMAGE)),
            None if blocks.last().unwrap().is_empty() => {}
            None => blocks.push(Vec::new()),
        }
    }
    blocks.into_iter().filter(|block| !block.is_empty()).collect()
}

/// Types the calls, in a folder that has the repository's `deploy`.
#[track_caller]
fn typed(test: &Test, calls: &[String]) {
    let mut path = vec![PathBuf::from(PROGRAM).parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    for call in calls {
        let mut shell = Command::new("sh");
        shell.args(["-c", call]).current_dir(test.place.dir()).env_clear();
        shell.env("HOME", test.place.home()).env("PATH", std::env::join_paths(&path).unwrap());
        let ended = Ended::of(&shell.output().unwrap());
        assert_eq!(ended.code, 0, "{call}\n{}{}", ended.out, ended.err);
    }
}

/// Returns a webhook with the certificate of the test's folder, which is that of the Secret.
fn pods_of(test: &Test, flags: &[&str]) -> Webhook {
    let place = Place::new();
    for name in ["ca.crt", "tls.crt", "tls.key"] {
        let text = fs::read_to_string(test.place.dir().join("certs").join(name)).unwrap();
        place.write(&format!("certs/{name}"), &text);
    }
    test.server.write_kubeconfig(&place.home());
    let webhook = Webhook::serve(place, &[&["--drain-delay", "0"], flags].concat());
    test.server.serve_service("streamflow-webhook", "streamflow-webhook", webhook.address());
    webhook
}

fn start(name: &str) -> Option<Test> {
    let test = Test::start();
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy"), test.place.dir().join("deploy")).unwrap();
    Kubectl::of(&test, name)?;
    Some(test)
}

/// Whether a new Deployment gets its keys.
fn injects(test: &Test) -> bool {
    let made = test.server.create_dry_run(&crate::webhook::deployment());
    !keys(&made, "/metadata").is_empty()
}

#[test]
fn guide_by_hand_is_followed_word_for_word() {
    let Some(test) = start("guide_by_hand_is_followed_word_for_word") else { return };
    let empty = test.server.names();
    let blocks = calls("### By hand, or with GitOps");
    let [install, uninstall] = &blocks[..] else { panic!("{blocks:?}") };
    typed(&test, install);
    let _webhook = pods_of(&test, &[]);
    assert!(injects(&test), "{:?}", test.server.failed());
    test.run(&["webhook", "status"]).exits(0);
    // A second time nothing is wrong either.
    typed(&test, &install[2..3]);
    typed(&test, uninstall);
    assert_eq!(test.server.names(), empty);
}

#[test]
fn guide_with_helm_is_followed_word_for_word() {
    const TEST: &str = "guide_with_helm_is_followed_word_for_word";
    let Some(test) = start(TEST) else { return };
    if tool::find("helm", TEST).is_none() {
        return;
    }
    let blocks = calls("### With Helm");
    let [by_hand, renewing] = &blocks[..] else { panic!("{blocks:?}") };
    typed(&test, by_hand);
    let webhook = pods_of(&test, &[]);
    assert!(injects(&test), "{:?}", test.server.failed());
    typed(&test, &["helm uninstall webhook -n streamflow-webhook".to_owned()]);
    let left = ["namespaces /streamflow-webhook", "secrets streamflow-webhook/streamflow-webhook-tls"];
    assert_eq!(test.server.names(), left);
    drop(webhook);

    // Whose authority nobody named: the pods tell the API server.
    test.run(&["webhook", "uninstall"]).exits(0);
    fs::remove_dir_all(test.place.dir().join("certs")).unwrap();
    typed(&test, &["kubectl delete namespace streamflow-webhook --ignore-not-found".to_owned()]);
    typed(&test, renewing);
    let bundle = || {
        let configuration = test.server.get("mutatingwebhookconfigurations", "", "streamflow-webhook").unwrap();
        configuration["webhooks"][0]["clientConfig"]["caBundle"].clone()
    };
    assert_eq!(bundle(), json!(null));
    // Far longer than the test waits: what nobody trusts yet waits for nothing.
    let _webhook = pods_of(&test, &["--renew", "--renew-settle", "10m"]);
    test.until("an authority", || injects(&test));
    let set = bundle();
    // An upgrade leaves it.
    let upgrade = renewing.iter().find(|call| call.starts_with("helm install")).unwrap();
    typed(&test, &[upgrade.replace("helm install", "helm upgrade --set replicas=3")]);
    assert_eq!(
        test.server.get("deployments", "streamflow-webhook", "streamflow-webhook").unwrap()["spec"]["replicas"],
        3
    );
    assert_eq!(bundle(), set);
}
