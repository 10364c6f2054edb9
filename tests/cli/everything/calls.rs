//! How every command is called, and what has to be there for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program::Place;
use crate::server::Server;
use crate::webhook::DEPLOYMENT;

/// How a command is called. `{n}` in its words is another number at each run, for what can be made once only.
pub(super) struct Call {
    /// What is run before each run of it.
    pub(super) before: &'static [&'static str],
    pub(super) args: &'static [&'static str],
    /// Name of the schema that its JSON follows; none for a command that prints no data.
    pub(super) schema: Option<&'static str>,
    pub(super) talks: Talks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "they are read after the name of a call")]
pub(super) enum Talks {
    ToNobody,
    ToTheServer,
    /// Reads the project's data itself when no server is there.
    ToTheServerOrTheData,
}

use Talks::{ToNobody, ToTheServer, ToTheServerOrTheData};

const fn call(args: &'static [&'static str], schema: Option<&'static str>, talks: Talks) -> Call {
    Call { before: &[], args, schema, talks }
}

impl Call {
    const fn after(self, before: &'static [&'static str]) -> Self {
        Self { before, ..self }
    }

    /// Runs what has to be run before, and returns the words of the next run.
    pub(super) fn prepare(&self, place: &Place) -> Vec<String> {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let number = RUNS.fetch_add(1, Ordering::Relaxed).to_string();
        let words = |args: &[&str]| args.iter().map(|word| word.replace("{n}", &number)).collect::<Vec<_>>();
        if !self.before.is_empty() {
            let before = words(self.before);
            place.run(&before.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
        }
        words(self.args)
    }

    /// Returns the flags that make it print JSON, if it can.
    pub(super) fn json_flags(&self) -> &'static [&'static str] {
        if self.schema == NO_JSON { &[] } else { &["-o", "json"] }
    }

    /// Tells whether a run of it may end so: `doctor` finds fault with machines.
    pub(super) fn may_end(&self, code: i32) -> bool {
        code == 0 || self.args[0] == "doctor"
    }
}

/// The schema of a command whose `-o` names the form of a file, and json is none.
pub(super) const NO_JSON: Option<&str> = Some("");

/// A schema that everything passes.
const SCHEMA: &str = "{\"type\":\"object\"}";
/// An event that is refused: its type's schema wants what it does not have.
const REFUSED: &str = "{\"type\":\"till.closed\",\"source\":\"till\",\"data\":{}}\n";

/// Starts a server whose project has what the calls need: two events, a refused one, schemas, a backup, a bundle, files.
pub(super) fn server() -> Server {
    server_with("")
}

/// Starts such a server with further settings.
pub(super) fn server_with(settings: &str) -> Server {
    let place = Place::new();
    place.write("config.yaml", &format!("storage:\n  backup_location: backups\n  backup_interval: 0s\n{settings}"));
    place.write("schema.json", SCHEMA);
    place.write("strict.json", "{\"type\":\"object\",\"required\":[\"n\"]}");
    place.write("rows.ndjson", "{\"type\":\"web.view\",\"source\":\"file\"}\n");
    place.write("refused.ndjson", REFUSED);
    place.write("deployment.yaml", DEPLOYMENT);
    Server::start_in(place, &[])
}

/// Fills the project of such a server.
pub(super) fn fill(server: &Server) {
    for event_type in ["web.view", "web.click"] {
        let words = ["send", event_type, "-d", "page=/", "--user", "u1", "--session", "s1", "--id", event_type];
        server.run(&words).exits(0);
    }
    server.run(&["schema", "put", "web.view", "schema.json"]).exits(0);
    server.run(&["schema", "put", "till.closed", "strict.json"]).exits(0);
    server.run(&["send", "-f", "refused.ndjson"]).exits(1);
    server.run(&["schema", "rm", "till.closed"]).exits(0);
    server.run(&["bundle", "export", "old.sfb"]).exits(0);
    server.run(&["backup", "create"]).exits(0);
}

#[rustfmt::skip]
pub(super) const CALLS: &[Call] = &[
    call(&["backup", "create"], Some("backup"), ToTheServerOrTheData),
    call(&["backup", "list"], Some("backups"), ToTheServerOrTheData),
    call(&["backup", "restore", "restored{n}"], Some("backup-restore"), ToNobody),
    call(&["backup", "verify"], Some("backup-verify"), ToNobody),
    call(&["bundle", "export", "bundle{n}.sfb"], Some("bundle"), ToTheServerOrTheData),
    call(&["bundle", "open", "old.sfb"], Some("bundle_opened"), ToNobody),
    call(&["completion", "bash"], None, ToNobody),
    call(&["config", "check"], None, ToNobody),
    call(&["config", "path"], Some("config_files"), ToNobody),
    call(&["config", "schema"], None, ToNobody),
    call(&["config", "view"], Some("config"), ToNobody),
    call(&["context", "add", "added{n}", "--url", "http://127.0.0.1:1"], None, ToNobody),
    call(&["context", "list"], Some("contexts"), ToNobody),
    call(&["context", "rm", "gone{n}"], None, ToNobody).after(&["context", "add", "gone{n}", "--url", "http://127.0.0.1:1"]),
    call(&["context", "show"], Some("context"), ToNobody),
    call(&["context", "use", "local"], None, ToNobody),
    call(&["context", "validate"], Some("context_validation"), ToTheServer),
    call(&["doctor"], Some("doctor"), ToNobody),
    call(&["errors"], Some("errors"), ToNobody),
    call(&["events", "get", "web.view"], None, ToTheServerOrTheData),
    call(&["events", "rejected"], Some("rejected-events"), ToTheServerOrTheData),
    call(&["events", "resend", "--all"], Some("resent-event"), ToTheServer),
    call(&["export", "export{n}.ndjson"], NO_JSON, ToTheServerOrTheData),
    call(&["funnel", "web.view,web.click"], Some("funnel"), ToTheServerOrTheData),
    call(&["health"], Some("health"), ToTheServer),
    call(&["help", "exit-codes"], None, ToNobody),
    call(&["import", "rows.ndjson"], Some("import"), ToTheServer),
    call(&["init", "project{n}"], Some("init"), ToNobody),
    call(&["man"], None, ToNobody),
    call(&["paths"], Some("paths"), ToTheServerOrTheData),
    call(&["query", "SELECT type, count(*) AS n FROM events GROUP BY type"], Some("query"), ToTheServerOrTheData),
    call(&["retention"], Some("retention"), ToTheServerOrTheData),
    call(&["schema", "check", "rows.ndjson"], Some("schema_check"), ToNobody),
    call(&["schema", "list"], Some("schemas"), ToTheServer),
    call(&["schema", "put", "put{n}", "schema.json"], None, ToTheServer),
    call(&["schema", "rm", "gone{n}"], None, ToTheServer).after(&["schema", "put", "gone{n}", "schema.json"]),
    call(&["schema", "show", "web.view"], None, ToTheServer),
    call(&["send", "web.view", "-d", "page=/"], Some("sent"), ToTheServer),
    call(&["sessions"], Some("sessions"), ToTheServerOrTheData),
    call(&["setup-completion", "--shell", "elvish", "--dry-run"], Some("setup_completion"), ToNobody),
    call(&["sql"], None, ToNobody),
    call(&["status"], Some("status"), ToTheServer),
    call(&["storage", "compact"], Some("storage-compact"), ToTheServerOrTheData),
    call(&["storage", "retention"], Some("storage-retention"), ToTheServerOrTheData),
    call(&["storage", "seal"], Some("storage-seal"), ToTheServerOrTheData),
    call(&["storage", "segments"], Some("storage-segments"), ToTheServerOrTheData),
    call(&["storage", "stats"], Some("storage-stats"), ToTheServerOrTheData),
    call(&["storage", "verify"], Some("storage-verify"), ToTheServerOrTheData),
    call(&["tail", "--last", "2", "--count", "2"], Some("event"), ToTheServer),
    call(&["top"], Some("top"), ToTheServerOrTheData),
    call(&["trends"], Some("trends"), ToTheServerOrTheData),
    call(&["version"], Some("version"), ToNobody),
    call(&["webhook", "certs", "--out", "certs{n}"], Some("webhook-certs"), ToNobody),
    call(&["webhook", "manifests", "--image", "streamflow:test"], None, ToNobody),
    call(&["webhook", "policy"], None, ToNobody),
    call(&["webhook", "test", "deployment.yaml"], Some("webhook-test"), ToNobody),
];

/// Commands that are not called here, each with the place where they are.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("backup", "a group"),
    ("bench", "a group"),
    ("bench echo", "bench.rs"),
    ("bench ingest", "bench.rs"),
    ("bench latency", "bench.rs"),
    ("bench query", "bench.rs"),
    ("bundle", "a group"),
    ("config", "a group"),
    ("context", "a group"),
    ("demo", "goes on until it is ended; demo.rs"),
    ("events", "a group"),
    ("k8s", "a group"),
    ("k8s events", "needs a cluster; cluster/"),
    ("k8s logs", "needs a cluster; cluster/"),
    ("k8s pods", "needs a cluster; cluster/"),
    ("k8s restart", "needs a cluster; cluster/"),
    ("logs", "needs a detached server; lifecycle.rs"),
    ("schema", "a group"),
    ("start", "goes on until it is ended; lifecycle.rs"),
    ("stop", "ends the server of the others; lifecycle.rs"),
    ("storage", "a group"),
    ("tui", "needs a terminal; tui.rs"),
    ("webhook", "a group"),
    ("webhook audit", "needs a cluster; cluster/"),
    ("webhook install", "needs a cluster; cluster/"),
    ("webhook serve", "goes on until it is ended; webhook.rs"),
    ("webhook status", "needs a cluster; cluster/"),
    ("webhook uninstall", "needs a cluster; cluster/"),
];
