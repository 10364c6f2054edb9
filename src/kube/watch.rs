//! Follows the objects of a kind: first those that are there, then every change, over broken connections.

use std::time::Duration;

use serde_json::Value;

use super::cluster::Cluster;
use super::error::KubeError;
use super::kinds::Kind;
use super::limits;
use super::lines::Lines;

/// What became of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there, new or changed.
    Applied(Value),
    Deleted(Value),
}

/// The changes of a kind, one after the other.
#[derive(Debug)]
pub struct Watch {
    cluster: Cluster,
    kind: Kind,
    namespace: Option<String>,
    selector: Option<String>,
    /// Where to go on.
    version: String,
    lines: Option<Lines>,
    faults: u32,
}

impl Watch {
    /// Returns the objects that are there and a watch of what comes after.
    ///
    /// # Errors
    /// As [`Cluster::list`].
    pub async fn begin(
        cluster: &Cluster,
        kind: Kind,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Result<(Vec<Value>, Self), KubeError> {
        let (objects, version) = cluster.list(kind, namespace, selector).await?;
        let watch = Self {
            cluster: cluster.clone(),
            kind,
            namespace: namespace.map(str::to_owned),
            selector: selector.map(str::to_owned),
            version,
            lines: None,
            faults: 0,
        };
        Ok((objects, watch))
    }

    /// Returns the next changes. After a gap that the server cannot tell about, every object comes again; what was deleted in
    /// the gap is not told.
    ///
    /// # Errors
    /// When the server is gone for longer than a few tries, or refuses.
    pub async fn next(&mut self) -> Result<Vec<Change>, KubeError> {
        loop {
            match self.step().await {
                Ok(Some(change)) => {
                    self.faults = 0;
                    return Ok(vec![change]);
                }
                // A server that ends every watch at once is not asked without a pause.
                Ok(None) if self.lines.is_none() => tokio::time::sleep(limits::PAUSE_FIRST).await,
                Ok(None) => {}
                Err(error) if error.is_expired() => {
                    self.lines = None;
                    let (selector, namespace) = (self.selector.as_deref(), self.namespace.as_deref());
                    let (objects, version) = self.cluster.list(self.kind, namespace, selector).await?;
                    self.version = version;
                    return Ok(objects.into_iter().map(Change::Applied).collect());
                }
                Err(error) if error.is_transient() && self.faults < limits::FAULTS_MAX => {
                    self.lines = None;
                    tokio::time::sleep(pause(self.faults)).await;
                    self.faults += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the change of one line; None when the line tells of none, or the server ended the watch in its time.
    async fn step(&mut self) -> Result<Option<Change>, KubeError> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            none => {
                let (namespace, selector) = (self.namespace.as_deref(), self.selector.as_deref());
                none.insert(self.cluster.changes(self.kind, namespace, selector, &self.version).await?)
            }
        };
        let Some(line) = lines.next().await? else {
            self.lines = None;
            return Ok(None);
        };
        let told = told(&line)?;
        if let Some(version) = told.version {
            self.version = version;
        }
        Ok(told.change)
    }
}

struct Told {
    version: Option<String>,
    change: Option<Change>,
}

fn told(line: &str) -> Result<Told, KubeError> {
    let mut event: Value = serde_json::from_str(line).map_err(|error| KubeError::Answer(error.to_string()))?;
    let object = event.get_mut("object").map(Value::take).unwrap_or_default();
    let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
    let change = match event.get("type").and_then(Value::as_str) {
        Some("ADDED" | "MODIFIED") => Some(Change::Applied(object)),
        Some("DELETED") => Some(Change::Deleted(object)),
        Some("ERROR") => return Err(refused(&object)),
        // A bookmark tells how far we are; what a later Kubernetes may bring is no change of an object.
        _ => None,
    };
    Ok(Told { version, change })
}

fn refused(status: &Value) -> KubeError {
    let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let code = status.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    KubeError::Refused { status: code.unwrap_or(500), reason: text("reason"), message: text("message") }
}

fn pause(faults: u32) -> Duration {
    limits::PAUSE_FIRST.saturating_mul(1 << faults.min(10)).min(limits::PAUSE_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_forgot_is_told_from_one_that_refuses() {
        let gone = r#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"#;
        assert!(told(gone).err().is_some_and(|error| error.is_expired()));
        let bookmark = r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#;
        let told = told(bookmark).expect("a bookmark is understood");
        assert_eq!((told.version.as_deref(), told.change), (Some("7"), None));
    }
}
