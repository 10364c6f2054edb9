//! Layers, places of faults, and the documents made from the table.

use super::*;

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

fn load(dir: &Path, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut environment: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.push(("HOME".to_owned(), dir.join("home").display().to_string()));
    let environment = Environment::from_iter(environment);
    Settings::load(&Sources { current_dir: dir.to_owned(), project: None, environment })
}

#[test]
fn later_layers_win_and_say_where_they_are_from() {
    let dir = project(&[
        ("home/.config/streamflow/config.yaml", "query:\n  timeout: 1s\n  max_rows: 7\n"),
        ("config.yaml", "# mine\nquery:\n  timeout: 2s\n  memory: 2GB\nserver:\n  ports:\n    ingestion: 9001\n"),
        (".env", "STREAMFLOW_QUERY_MEMORY=3GB\nLOG_LEVEL=warn\n"),
    ]);
    let mut settings = load(dir.path(), &[("LOG_LEVEL", "debug"), ("ANALYTICS_PORT", "9002")]).unwrap();
    settings.set_from_flag("server.ports.storage", "0", "--storage-port").unwrap();
    let check = |key: &str, value: &str, origin: &str| {
        let entry = settings.entry(key);
        let shown = entry.origin.to_string().replace(&format!("{}/", dir.path().display()), "");
        assert_eq!((entry.value.to_string().as_str(), shown.as_str()), (value, origin), "{key}");
    };
    check("query.max_rows", "7", "home/.config/streamflow/config.yaml:3");
    check("query.timeout", "2s", "config.yaml:3");
    check("query.memory", "3GiB", ".env:1 (STREAMFLOW_QUERY_MEMORY)");
    check("logging.level", "debug", "environment (LOG_LEVEL)");
    check("server.ports.analytics", "9002", "environment (ANALYTICS_PORT)");
    check("server.ports.ingestion", "9001", "config.yaml:7");
    check("server.ports.storage", "0", "flag (--storage-port)");
    check("server.ports.alerting", "8003", "default");
}

#[test]
fn faults_in_a_file_name_line_and_column() {
    let check = |text: &str, message: &str, at: (u64, u64), hint: Option<&str>| {
        let dir = project(&[("config.yaml", text)]);
        let error = load(dir.path(), &[]).unwrap_err();
        let place = error.place.as_ref().map(|place| (place.line, place.column));
        assert!(error.message.contains(message), "{text:?}: {}", error.message);
        assert_eq!((place, error.hint.as_deref()), (Some(at), hint), "{text:?}");
    };
    check(
        "server:\n  prots:\n    ingestion: 1\n",
        "unknown setting \"server.prots.ingestion\"",
        (3, 5),
        Some("did you mean \"server.ports.ingestion\"?"),
    );
    check("server:\n  prots: 1\n", "unknown setting \"server.prots\"", (2, 3), Some("did you mean \"server.ports\"?"));
    check(
        "qurey:\n  timeout: 1s\n",
        "unknown setting \"qurey.timeout\"",
        (2, 3),
        Some("did you mean \"query.timeout\"?"),
    );
    check("query:\n  timeout: soon\n", "query.timeout: \"soon\" is no duration", (2, 12), None);
    check("server:\n  limits: {body: 3 parsecs}\n", "has an unknown unit \"parsecs\"", (2, 18), None);
    check("server:\n  ports:\n    ingestion: 70000\n", "is too large; the most is 65535", (3, 16), None);
    check("logging:\n  level: verbos\n", "is not one of error, warn, info, debug, trace", (2, 10), None);
    check(
        "schemas:\n  web.click: maybe\n",
        "schemas.web.click: \"maybe\" is not one of off, warn, reject",
        (2, 14),
        None,
    );
}

#[test]
fn faults_in_a_dotenv_name_their_line_and_no_secret() {
    let dir = project(&[("config.yaml", ""), (".env", "# mine\nSTREAMFLOW_QUERY_TIMEOUT=soon\n")]);
    let error = load(dir.path(), &[]).unwrap_err();
    let place = error.place.unwrap();
    assert_eq!((place.line, place.column, place.source.as_str()), (2, 1, "STREAMFLOW_QUERY_TIMEOUT=soon"));
    assert!(place.path.ends_with(".env"));
}

#[test]
fn broken_yaml_names_its_place() {
    let dir = project(&[("config.yaml", "server:\n  host: [1\nquery: 2\n")]);
    let error = load(dir.path(), &[]).unwrap_err();
    assert!(error.message.starts_with("the file is no valid YAML: "), "{}", error.message);
    assert!(error.place.is_some_and(|place| place.line >= 2));
}

#[test]
fn secrets_are_shown_nowhere() {
    let dir = project(&[("config.yaml", "server:\n  token: hunter2\n")]);
    let settings = load(dir.path(), &[("DB_PASSWORD", "hunter2")]).unwrap();
    assert_eq!(settings.secret("server.token").unwrap().reveal(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
    let shown: String = settings.entries().map(|(_, entry)| entry.value.to_string()).collect();
    assert!(!shown.contains("hunter2"));
}

#[test]
fn variables_of_other_programs_do_no_harm() {
    let dir = project(&[]);
    let settings = load(dir.path(), &[("DEBUG", "express:*"), ("STREAMFLOW_QURY_TIMEOUT", "1s")]).unwrap();
    assert!(!settings.is_on("debug"));
    assert_eq!(settings.notes().len(), 2);
    assert!(settings.notes()[1].contains("did you mean STREAMFLOW_QUERY_TIMEOUT?"), "{:?}", settings.notes());
    let error = load(dir.path(), &[("INGESTION_PORT", "abc")]).unwrap_err();
    assert_eq!(error.message, "environment variable INGESTION_PORT: \"abc\" is no whole number");
}

#[test]
fn data_goes_to_the_project_or_beside_the_user() {
    let dir = project(&[]);
    assert_eq!(load(dir.path(), &[]).unwrap().data_dir(dir.path()), dir.path().join("streamflow-data"));
    let dir = project(&[("config.yaml", "")]);
    assert_eq!(load(dir.path(), &[]).unwrap().data_dir(Path::new("/elsewhere")), dir.path().join("data"));
}

#[test]
fn values_are_spelt_as_they_are_read() {
    let sizes = [("16MiB", 16 << 20), ("2GB", 2 << 30), ("4096", 4096), ("1_000", 1000), ("64 kib", 64 << 10)];
    for (text, bytes) in sizes {
        assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        assert_eq!(parse_bytes(&spell_bytes(bytes)), Ok(bytes), "{text}");
    }
    let durations = [("30s", 30_000), ("1h30m", 5_400_000), ("24h", 86_400_000), ("250ms", 250), ("15", 15_000)];
    for (text, millis) in durations {
        let duration = Duration::from_millis(millis);
        assert_eq!(parse_duration(text), Ok(duration), "{text}");
        assert_eq!(parse_duration(&spell_duration(duration)), Ok(duration), "{text}");
    }
    for wrong in ["", "s", "3x", "1.5h", "18446744073709551615d"] {
        assert!(parse_duration(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn configuration_page_is_the_table() {
    let page = include_str!("../../docs/configuration.md");
    assert_eq!(page, markdown(), "write it anew: streamflow config schema --markdown > docs/configuration.md");
}

#[test]
fn commented_file_holds_the_defaults() {
    let uncommented: String =
        commented_yaml().lines().map(|line| line.strip_prefix("# ").unwrap_or(line).to_owned() + "\n").collect();
    let dir = project(&[("config.yaml", &uncommented)]);
    let from_file = load(dir.path(), &[]).unwrap();
    let empty = project(&[]);
    let defaults = load(empty.path(), &[]).unwrap();
    for (setting, entry) in from_file.entries() {
        assert_eq!(entry.value, defaults.entry(setting.key).value, "{}", setting.key);
    }
}

/// Returns the words of a text that look like keys of settings: two or more parts, the first of them a section.
fn keys_in(text: &str) -> impl Iterator<Item = &str> {
    let is_part_of_key = |c: char| c.is_ascii_lowercase() || c == '_' || c == '.';
    let words = text.split(move |c: char| !is_part_of_key(c)).map(|word| word.trim_matches('.'));
    words.filter(|word| {
        let section = word.split_once('.').map(|(section, _)| section);
        section.is_some_and(|section| ALL.iter().any(|setting| setting.key.starts_with(&format!("{section}."))))
    })
}

#[test]
fn settings_that_errors_name_exist() {
    let mut named = 0;
    for entry in streamflow_core::error_code::ALL {
        for key in keys_in(entry.hint).chain(keys_in(entry.explanation)) {
            named += 1;
            assert!(ALL.iter().any(|setting| setting.key == key), "{}: there is no setting {key}", entry.code);
        }
    }
    assert!(named > 5, "{named} settings are named");
}

/// Hints in the sources say "raise KEY", "set KEY" or "choose another KEY".
#[test]
fn settings_that_hints_in_the_sources_name_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("crates")];
    let mut named = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&entry).unwrap();
                for verb in ["raise ", "set ", "choose another ", "below "] {
                    for after in text.split(verb).skip(1) {
                        let word = after.trim_start_matches('`').split(['`', ' ', ',', '"', ')', '(']).next().unwrap();
                        let Some(key) = keys_in(word).next().filter(|key| *key == word) else { continue };
                        named += 1;
                        assert!(ALL.iter().any(|s| s.key == key), "{}: there is no setting {key}", entry.display());
                    }
                }
            }
        }
    }
    assert!(named > 5, "{named} settings are named");
}
