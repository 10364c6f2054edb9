//! Settings as a user meets them: places of faults, origins, secrets.

use crate::program::Place;

#[test]
fn unknown_key_names_file_line_caret_and_the_right_key() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  ports:\n    ingestoin: 9001\n");
    let ended = place.run(&["config", "check"]).exits(2);
    let expected = "error: unknown setting \"server.ports.ingestoin\"\n  --> config.yaml:3:5\n   |\n 3 |     ingestoin: 9001\n   |     \
                    ^^^^^^^^^\nhint:  did you mean \"server.ports.ingestion\"?\n";
    assert_eq!(ended.err, expected);
}

#[test]
fn wrong_value_names_its_place_and_the_server_does_not_start() {
    let place = Place::new();
    place.write("config.yaml", "query:\n  timeout: soon\n");
    for args in [&["config", "check"] as &[&str], &["start"]] {
        place.run(args).exits(2).says("config.yaml:2:12").says("\"soon\" is no duration");
    }
}

#[test]
fn project_is_found_from_a_folder_below() {
    let place = Place::new();
    place.write("config.yaml", "query:\n  timeout: 7s\n");
    place.write("deep/down/note.txt", "");
    let mut command = place.command(&["config", "view", "--changed", "--jq", ".rows[].value"]);
    let ended = crate::program::Ended::of(&command.current_dir(place.dir().join("deep/down")).output().unwrap());
    assert_eq!(ended.exits(0).out, "7s\n");
}

#[test]
fn later_sources_win_and_are_named() {
    let place = Place::new();
    place.write("config.yaml", "logging:\n  level: warn\n");
    place.write(".env", "ANALYTICS_PORT=9002\n");
    let args = ["config", "view", "--origin", "--changed", "-o", "csv", "--no-header"];
    let ended = place.run_with(&[("LOG_LEVEL", "debug"), ("INGESTION_PORT", "9001")], &args).exits(0);
    assert_eq!(
        ended.out,
        "server.ports.ingestion,9001,environment (INGESTION_PORT)\nserver.ports.analytics,9002,.env:1 (ANALYTICS_PORT)\n\
         logging.level,debug,environment (LOG_LEVEL)\n"
    );
}

#[test]
fn secrets_are_never_printed() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  token: hunter2\ndatabase:\n  password: hunter2\n");
    for args in [
        &["config", "view", "--origin"] as &[&str],
        &["config", "view", "-o", "json"],
        &["config", "check"],
        &["doctor"],
    ] {
        let ended = place.run(args);
        assert!(!ended.out.contains("hunter2") && !ended.err.contains("hunter2"), "{args:?}: {ended:?}");
    }
}

#[test]
fn settings_that_nothing_uses_are_noted() {
    let place = Place::new();
    place.write("config.yaml", "query:\n  concurrent: 64\n");
    let ended = place.run(&["config", "check"]).exits(0);
    assert!(
        ended.out.contains("query.concurrent is accepted, and nothing uses it yet (config.yaml:2)"),
        "{}",
        ended.out
    );
}

#[test]
fn schema_of_the_file_is_json() {
    let schema = Place::new().run(&["config", "schema"]).exits(0).json();
    assert_eq!(schema["properties"]["server"]["properties"]["ports"]["properties"]["ingestion"]["default"], "8001");
}

#[test]
fn a_mistake_is_told_once_with_its_place() {
    let place = Place::new();
    place.write("config.yaml", "server:\n  prots: 1\n");
    let told = place.run(&["doctor"]).exits(10).out;
    assert_eq!(told.matches("unknown setting").count(), 1, "{told}");
    assert!(told.contains("config.yaml:2:3"), "{told}");
    place.write("config.yaml", "");
    place.write(".env", "STREAMFLOW_QUERY_TIMEOUT=soon\n");
    let told = place.run(&["config", "check"]).exits(2).err;
    assert_eq!(told.matches("is no duration").count(), 1, "{told}");
    assert!(told.contains("--> .env:1:1"), "{told}");
    place.write(".env", "");
    place.write("schemas/a.json", "{\"type\": \"object\"\n");
    let told = place.run(&["schema", "check"]).exits(2).err;
    place.write("schemas/a.json", "{\n  \"type\": \"objct\"\n}\n");
    let fault = place.run(&["schema", "check"]).exits(2).err;
    assert!(fault.contains("--> schemas/a.json:2:3") && fault.contains("   |   ^^^^^^\n"), "{fault}");
    assert!(told.contains("this is no JSON") && told.contains("--> schemas/a.json:1:18"), "{told}");
}
