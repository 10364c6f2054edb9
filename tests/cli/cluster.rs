//! The webhook and the commands for clusters against an API server, with the real kubectl where it is installed.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Ended, Place};
use crate::tool;

mod access;
mod api_server;
mod by_guide;
mod certificates;
mod install;
mod interrupt;
mod renewal;
mod story;
mod workloads;

use api_server::ApiServer;

const PATIENCE: Duration = Duration::from_secs(90);

/// A cluster with a home whose kubeconfig names it.
struct Test {
    server: ApiServer,
    place: Place,
}

impl Test {
    fn start() -> Self {
        Self::with(ApiServer::start())
    }

    /// Starts one that is asked over TLS, with a kubeconfig that trusts it and has no credentials yet.
    fn start_tls() -> Self {
        Self::with(ApiServer::start_tls())
    }

    fn with(server: ApiServer) -> Self {
        let place = Place::new();
        server.write_kubeconfig(&place.home());
        Self { server, place }
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.place.run(args)
    }

    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds() {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The real kubectl, talking to the cluster of a test.
struct Kubectl<'a> {
    program: PathBuf,
    test: &'a Test,
}

impl<'a> Kubectl<'a> {
    fn of(test: &'a Test, name: &str) -> Option<Self> {
        tool::find("kubectl", name).map(|program| Self { program, test })
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ended {
        let output = Command::new(&self.program)
            .args(args)
            .current_dir(self.test.place.dir())
            .env_clear()
            .env("HOME", self.test.place.home())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .unwrap();
        Ended::of(&output)
    }

    #[track_caller]
    fn get(&self, what: &str) -> Value {
        self.run(&["get", what, "-o", "json"]).exits(0).json()
    }
}

/// Returns the keys of ours at a place of an object, with their values.
fn keys(object: &Value, at: &str) -> Vec<(String, String)> {
    let metadata = object.pointer(at).unwrap();
    let all = ["annotations", "labels"].into_iter().filter_map(|part| metadata[part].as_object()).flatten();
    let ours = all.filter(|(key, _)| key.starts_with("streamflow.io/"));
    ours.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect()
}
