//! The keys that are added to an object, and which values they may have.

/// What all keys of ours begin with.
pub const PREFIX: &str = "streamflow.io/";
/// The one key whose value is the time.
pub(super) const INJECTED_AT: &str = "streamflow.io/injected-at";

/// Longest path or version that is taken; annotations may be longer, but nothing of ours needs to be.
const TEXT_CHARS_MAX: usize = 253;
/// Kubernetes takes no longer value of a label.
const LABEL_CHARS_MAX: usize = 63;

/// The values that an operator may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Where the workload shows its metrics; begins with a slash.
    pub metrics_path: String,
    /// The port of the metrics.
    pub metrics_port: u16,
    /// Where the workload answers for its health; begins with a slash.
    pub health_path: String,
    /// The version of the monitoring contract.
    pub version: String,
    /// The value of the label `streamflow.io/component`.
    pub component: String,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            metrics_path: "/metrics".to_owned(),
            metrics_port: 8080,
            health_path: "/health".to_owned(),
            version: "1.0.0".to_owned(),
            component: "microservice".to_owned(),
        }
    }
}

/// A value that Kubernetes or a scraper would not take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {value:?} {fault}")]
pub struct InvalidValue {
    /// Which of [`Values`].
    pub name: &'static str,
    pub value: String,
    /// What is wrong, continuing the sentence.
    pub fault: &'static str,
}

/// Which of the two maps of an object's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Annotations,
    Labels,
}

impl Part {
    /// Returns the name of the map in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Labels => "labels",
        }
    }
}

/// One key that is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub part: Part,
    pub name: &'static str,
    /// None: the time of the first injection.
    pub value: Option<String>,
}

/// All keys that are added, in the order of the patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    keys: Vec<Key>,
    own_namespace: String,
}

impl Injection {
    /// Returns the keys for these values. Objects in `own_namespace`, the webhook's own, are left alone.
    ///
    /// # Errors
    /// When Kubernetes or a scraper would not take one of the values.
    pub fn new(values: Values, own_namespace: &str) -> Result<Self, InvalidValue> {
        path("metrics-path", &values.metrics_path)?;
        path("health-path", &values.health_path)?;
        text("version", &values.version)?;
        label("component", &values.component)?;
        if values.metrics_port == 0 {
            return Err(invalid("metrics-port", "0", "is not between 1 and 65535"));
        }
        namespace(own_namespace)?;
        let annotation = |name, value| Key { part: Part::Annotations, name, value };
        let label = |name, value| Key { part: Part::Labels, name, value: Some(value) };
        let keys = vec![
            annotation("streamflow.io/monitoring", Some("enabled".to_owned())),
            annotation("streamflow.io/metrics-path", Some(values.metrics_path)),
            annotation("streamflow.io/metrics-port", Some(values.metrics_port.to_string())),
            annotation("streamflow.io/health-path", Some(values.health_path)),
            annotation("streamflow.io/version", Some(values.version)),
            annotation(INJECTED_AT, None),
            label("streamflow.io/managed", "true".to_owned()),
            label("streamflow.io/component", values.component),
        ];
        Ok(Self { keys, own_namespace: own_namespace.to_owned() })
    }

    /// Returns the keys in the order in which a patch adds them.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns the namespace of the webhook itself.
    #[must_use]
    pub fn own_namespace(&self) -> &str {
        &self.own_namespace
    }
}

fn invalid(name: &'static str, value: &str, fault: &'static str) -> InvalidValue {
    InvalidValue { name, value: value.to_owned(), fault }
}

fn path(name: &'static str, value: &str) -> Result<(), InvalidValue> {
    if !value.starts_with('/') {
        return Err(invalid(name, value, "does not begin with a slash"));
    }
    text(name, value)
}

fn text(name: &'static str, value: &str) -> Result<(), InvalidValue> {
    if value.is_empty() {
        return Err(invalid(name, value, "is empty"));
    }
    if value.len() > TEXT_CHARS_MAX {
        return Err(invalid(name, value, "is longer than 253 bytes"));
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(name, value, "has a character that is not printable ASCII, or a space"));
    }
    Ok(())
}

fn label(name: &'static str, value: &str) -> Result<(), InvalidValue> {
    if value.is_empty() || value.len() > LABEL_CHARS_MAX {
        return Err(invalid(name, value, "is not 1 to 63 characters long"));
    }
    let inside = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let ends = |end: Option<char>| end.is_some_and(|end| end.is_ascii_alphanumeric());
    if !inside || !ends(value.chars().next()) || !ends(value.chars().last()) {
        return Err(invalid(
            name,
            value,
            "is not letters, digits, '-', '_' and '.' between a letter or digit at each end",
        ));
    }
    Ok(())
}

fn namespace(value: &str) -> Result<(), InvalidValue> {
    let inside = value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if value.is_empty() || value.len() > LABEL_CHARS_MAX || !inside || value.starts_with('-') || value.ends_with('-') {
        return Err(invalid("namespace", value, "is not a name of a namespace"));
    }
    Ok(())
}
