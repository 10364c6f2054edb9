//! API servers over TLS, and how the kubeconfig says who asks: a certificate, a token, or a plugin that has one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use super::story::install;
use super::workloads::{Following, deployment};
use super::{ApiServer, Kubectl, Test, keys};
use crate::program::Ended;
use crate::server::Server;
use crate::webhook::serving::Webhook;

const PODS: [&str; 4] = ["k8s", "pods", "-o", "json"];

/// A plugin: notes its words and a variable, and tells the token of a file, which is over at once.
const PLUGIN: &str = r#"#!/bin/sh
echo "$* $PLUGIN_SAYS $(echo "$KUBERNETES_EXEC_INFO" | grep -o '"kind":"[A-Za-z]*"')" >>"$HOME/plugin.log"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":'
printf '{"token":"%s","expirationTimestamp":"2026-01-01T00:00:00Z"}}' "$(cat "$HOME/token")"
"#;

/// A cluster with a monitored Deployment that is asked over TLS.
fn with_shop() -> Test {
    let test = Test::start_tls();
    test.server.deploy(deployment("shop", true));
    test
}

impl Test {
    /// Lets the kubeconfig say who asks.
    fn as_user(&self, user: &Value) {
        self.server.write_kubeconfig_of(&self.place.home(), Some(&self.server.access().authority()), user);
    }

    fn with_certificate(&self) {
        let [certificate, key] = self.server.access().user().map(|pem| STANDARD.encode(pem));
        self.as_user(&json!({"client-certificate-data": certificate, "client-key-data": key}));
    }

    /// Makes the kubeconfig name a plugin, and returns the user of it.
    fn with_plugin(&self, script: &str) {
        let plugin = self.place.home().join("plugin");
        fs::write(&plugin, script).unwrap();
        fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
        self.as_user(&json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "args": ["token", "for me"],
            "env": [{"name": "PLUGIN_SAYS", "value": "hello"}], "interactiveMode": "Never",
        }}));
    }

    #[track_caller]
    fn shows_the_pod(&self) {
        assert_eq!(self.run(&PODS).exits(0).json()["rows"][0]["name"], "shop-1-0");
    }
}

#[test]
fn certificate_of_the_kubeconfig_is_shown() {
    let test = with_shop();
    test.run(&PODS).exits(4).says("the API server refused: Unauthorized").says("kubectl auth can-i");
    test.with_certificate();
    test.shows_the_pod();

    // As files, named from the kubeconfig's own folder.
    let [certificate, key] = test.server.access().user();
    fs::write(test.place.home().join(".kube/user.crt"), certificate).unwrap();
    fs::write(test.place.home().join(".kube/user.key"), key).unwrap();
    test.as_user(&json!({"client-certificate": "user.crt", "client-key": "user.key"}));
    test.shows_the_pod();
    if let Some(kubectl) = Kubectl::of(&test, "certificate_of_the_kubeconfig_is_shown") {
        assert_eq!(kubectl.run(&["get", "pods", "-o", "name"]).exits(0).out, "pod/shop-1-0\n");
    }

    // One that another cluster has signed.
    let [certificate, key] = ApiServer::start_tls().access().user().map(|pem| STANDARD.encode(pem));
    test.as_user(&json!({"client-certificate-data": certificate, "client-key-data": key}));
    test.run(&PODS).exits(3).says("cannot be reached");
}

#[test]
fn server_that_another_authority_signed_is_told_nothing() {
    let test = with_shop();
    test.server.access().admit("secret-token");
    let other = ApiServer::start_tls();
    let user = json!({"token": "secret-token"});
    for authority in [Some(other.access().authority()), None] {
        test.server.write_kubeconfig_of(&test.place.home(), authority.as_deref(), &user);
        test.run(&PODS).exits(3).says("cannot be reached").says("invalid peer certificate");
    }
    assert_eq!(test.server.asked(), [""; 0]);
}

#[test]
fn token_of_the_kubeconfig_lets_in_and_is_never_shown() {
    let test = with_shop();
    test.server.access().admit("secret-token");
    test.as_user(&json!({"token": "secret-token"}));
    test.shows_the_pod();
    fs::write(test.place.home().join("token"), "secret-token\n").unwrap();
    test.as_user(&json!({"tokenFile": test.place.home().join("token")}));
    test.shows_the_pod();
    test.as_user(&json!({"token": "wrong-secret"}));
    let refused = test.run(&["k8s", "pods", "-vv"]).exits(4).says("the API server refused: Unauthorized");
    assert!(!refused.err.contains("wrong-secret"), "{}", refused.err);
}

#[test]
fn plugin_is_asked_for_a_token_and_again_when_that_is_over() {
    let test = with_shop();
    test.server.access().admit("of-the-plugin");
    fs::write(test.place.home().join("token"), "of-the-plugin").unwrap();
    test.with_plugin(PLUGIN);
    test.shows_the_pod();
    let asked = || fs::read_to_string(test.place.home().join("plugin.log")).unwrap().lines().count();
    let log = fs::read_to_string(test.place.home().join("plugin.log")).unwrap();
    assert_eq!(log.lines().next(), Some("token for me hello \"kind\":\"ExecCredential\""));
    if let Some(kubectl) = Kubectl::of(&test, "plugin_is_asked_for_a_token_and_again_when_that_is_over") {
        assert_eq!(kubectl.run(&["get", "pods", "-o", "name"]).exits(0).out, "pod/shop-1-0\n");
    }

    // Its token is over while a watch goes on, and the next request has another.
    let mut following = Following::start(&test, &["k8s", "logs", "--follow", "-o", "ndjson"]);
    test.server.log("default", "shop-1-0", "one");
    assert_eq!(following.next()["line"], "one");
    let before = asked();
    test.server.access().admit("its-next-one");
    fs::write(test.place.home().join("token"), "its-next-one").unwrap();
    test.server.deploy(deployment("cart", true));
    test.server.log("default", "cart-1-0", "hello");
    assert_eq!(following.next()["line"], "hello");
    assert!(asked() > before, "{before}");
}

#[test]
fn plugin_that_fails_is_told_with_its_own_words() {
    let test = with_shop();
    test.with_plugin("#!/bin/sh\necho noise >&2\necho 'no session: log in first' >&2\nexit 7\n");
    test.run(&PODS).exits(4).says(
        "the kubeconfig's credentials cannot be had: its plugin failed (exit status: 7): no session: log in first",
    );
    test.with_plugin("#!/bin/sh\necho nonsense\n");
    test.run(&PODS).exits(4).says("the kubeconfig's credentials cannot be had");
    fs::remove_file(test.place.home().join("plugin")).unwrap();
    test.run(&PODS).exits(4).says("its plugin cannot be run: No such file or directory");
}

#[test]
fn plugin_that_hangs_does_not_hold_up_ctrl_c() {
    let test = with_shop();
    test.with_plugin("#!/bin/sh\necho $$ >\"$HOME/pid.new\"\nmv \"$HOME/pid.new\" \"$HOME/pid\"\nexec sleep 600\n");
    let mut call = test.place.command(&PODS);
    let child = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let process = |id: i32| Pid::from_raw(id).unwrap();
    test.until("the plugin", || test.place.home().join("pid").is_file());
    rustix::process::kill_process(process(i32::try_from(child.id()).unwrap()), Signal::INT).unwrap();
    Ended::of(&child.wait_with_output().unwrap()).exits(130);
    // On a terminal it would have had the signal, too.
    let plugin = fs::read_to_string(test.place.home().join("pid")).unwrap();
    rustix::process::kill_process(process(plugin.trim().parse().unwrap()), Signal::KILL).unwrap();
}

#[test]
fn everything_works_over_tls_as_it_does_without() {
    const TEST: &str = "everything_works_over_tls_as_it_does_without";
    let test = with_shop();
    test.with_certificate();
    let webhook = Webhook::start();
    install(&test, &webhook);
    if let Some(kubectl) = Kubectl::of(&test, TEST) {
        kubectl.run(&["create", "deployment", "test-app", "--image=nginx"]).exits(0);
        assert_eq!(keys(&kubectl.get("deployment/test-app"), "/metadata").len(), 8);
    }
    test.run(&["webhook", "status"]).exits(0);
    let mut following = Following::start(&test, &["k8s", "pods", "--watch", "-o", "ndjson"]);
    assert_eq!(following.next()["name"], "shop-1-0");

    // A connection that is upgraded has the certificate, too.
    let server = Server::start();
    test.server.put(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "streamflow", "namespace": "default"},
        "spec": {"selector": {"app": "streamflow"}, "ports": [{"port": 8005}]},
    }));
    test.server.put(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "streamflow-0", "namespace": "default", "labels": {"app": "streamflow"}},
        "spec": {"containers": []},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }));
    test.server.serve_pod("default", "streamflow-0", 8005, server.address("gateway"));
    test.run(&["context", "add", "live", "--service", "streamflow", "--namespace", "default"]).exits(0);
    let one = test.run(&["query", "SELECT 1 AS n", "--context", "live", "--jq", ".rows[0].n"]).exits(0).out;
    assert_eq!(one, "1\n");
    test.run(&["webhook", "uninstall"]).exits(0);
}

/// curl is what looks at the server from outside of both kubectl and the program.
#[test]
fn server_of_these_tests_lets_in_nobody_else() {
    let Some(curl) = crate::tool::find("curl", "server_of_these_tests_lets_in_nobody_else") else { return };
    let test = with_shop();
    test.place.write("ca.crt", &test.server.access().authority());
    let url = format!("{}/api/v1/pods", test.server.url());
    let ask = |flags: &[&str]| {
        let mut call = Command::new(&curl);
        call.args(["-s", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "ca.crt", &url]);
        String::from_utf8(call.args(flags).current_dir(test.place.dir()).output().unwrap().stdout).unwrap()
    };
    test.server.access().admit("known");
    // One that says nothing keeps nobody else waiting.
    let _silent = std::net::TcpStream::connect(test.server.url().trim_start_matches("https://")).unwrap();
    assert_eq!(ask(&[]), "401");
    assert_eq!(ask(&["-H", "authorization: Bearer unknown"]), "401");
    assert_eq!(ask(&["-H", "authorization: Bearer known"]), "200");
}
