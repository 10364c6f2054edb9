//! Renews the certificate of a webhook inside of a cluster at two thirds of its life, so that no review fails by it.
//!
//! One pod at a time does it, by a Lease. The API server first trusts the old and the new authority, then the Secret is
//! replaced, which every pod takes over by itself, and then the old authority goes. A pod that dies in between leaves a state
//! in which every pod is trusted; the next look goes on from it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::commands::webhook::check::{self, Found};
use crate::commands::webhook::{NAME, install, issue};
use crate::kube::{Access, Cluster, Kind, KubeError, Persist};
use crate::printer::CommandError;

/// How often the certificate is looked at; it is renewed a month before it ends.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// After a look that failed.
const RETRY_EVERY: Duration = Duration::from_secs(5);

/// Renews a certificate.
pub(super) struct Renewal {
    cluster: Cluster,
    namespace: String,
    /// How this pod is told apart from the others.
    holder: String,
    /// How long API servers and pods may take to learn of a change.
    settle: Duration,
}

/// What a look finds to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Two thirds of the certificate's life are over.
    Renewal,
    /// The API server trusts more, or others, than the authority of the Secret.
    OldAuthority,
    /// The API server trusts nobody yet, so that no review can fail by haste.
    NoAuthority,
}

impl Renewal {
    /// Returns the renewal of the certificate in a namespace's Secret.
    pub(super) async fn new(namespace: &str, settle: Duration, now: Timestamp) -> Result<Self, CommandError> {
        let cluster = Cluster::connect(&Access::default()).await?;
        let pod = std::env::var("HOSTNAME").unwrap_or_default();
        let holder = format!("{pod}-{}-{}", std::process::id(), now.as_microsecond());
        Ok(Self { cluster, namespace: namespace.to_owned(), holder, settle })
    }

    /// Looks again and again. What fails is tried again at the next look.
    pub(super) async fn run(self) {
        loop {
            let pause = match self.look().await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "the certificate was not renewed; it is tried again");
                    RETRY_EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn look(&self) -> Result<(), KubeError> {
        let (secret, configuration) = self.state().await?;
        if due(&install::found(&secret), &bundle(&configuration), Timestamp::now()) == Due::Nothing {
            return Ok(());
        }
        if !self.take_lease().await? {
            return Ok(());
        }
        let outcome = self.act().await;
        self.give_lease_back().await?;
        outcome
    }

    /// Does what is due, now that no other pod does.
    async fn act(&self) -> Result<(), KubeError> {
        let (secret, mut configuration) = self.state().await?;
        let found = install::found(&secret);
        let authority = match due(&found, &bundle(&configuration), Timestamp::now()) {
            Due::Nothing => return Ok(()),
            Due::NoAuthority => return self.trust(configuration, &found.authority).await,
            Due::OldAuthority => found.authority,
            Due::Renewal => {
                let old = if found.authority.is_empty() { bundle(&configuration) } else { found.authority };
                self.renew(secret, configuration, old).await?
            }
        };
        tokio::time::sleep(self.settle).await;
        configuration = self.state().await?.1;
        self.trust(configuration, &authority).await?;
        tracing::info!("the API server trusts the certificate's authority alone");
        Ok(())
    }

    /// Returns the new authority.
    async fn renew(&self, mut secret: Value, configuration: Value, old: Vec<u8>) -> Result<Vec<u8>, KubeError> {
        let seconds = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        let issued = issue::issue(&issue::names(&self.namespace, &[]), Duration::from_secs(seconds))
            .map_err(|error| KubeError::Answer(format!("cannot make a certificate: {error}")))?;
        let authority = issued.authority.clone().into_bytes();
        self.trust(configuration, &[old, authority.clone()].concat()).await?;
        tokio::time::sleep(self.settle).await;
        for (name, text) in [("ca.crt", &issued.authority), ("tls.crt", &issued.leaf), ("tls.key", &issued.key)] {
            secret["data"][name] = json!(STANDARD.encode(text));
        }
        self.cluster.replace(&secret).await?;
        tracing::info!("the certificate was made anew");
        Ok(authority)
    }

    async fn trust(&self, mut configuration: Value, authorities: &[u8]) -> Result<(), KubeError> {
        for webhook in configuration["webhooks"].as_array_mut().into_iter().flatten() {
            webhook["clientConfig"]["caBundle"] = json!(STANDARD.encode(authorities));
        }
        self.cluster.replace(&configuration).await.map(|_object| ())
    }

    async fn state(&self) -> Result<(Value, Value), KubeError> {
        let missing = |what: &str| KubeError::Answer(format!("there is no {what}"));
        let secret = self.cluster.get(Kind::SECRET, &self.namespace, &format!("{NAME}-tls")).await?;
        let configuration = self.cluster.get(Kind::WEBHOOK, "", NAME).await?;
        Ok((
            secret.ok_or_else(|| missing("Secret streamflow-webhook-tls"))?,
            configuration.ok_or_else(|| missing("MutatingWebhookConfiguration streamflow-webhook"))?,
        ))
    }

    /// Returns whether this pod may act.
    async fn take_lease(&self) -> Result<bool, KubeError> {
        let now = Timestamp::now();
        let found = self.cluster.get(Kind::LEASE, &self.namespace, NAME).await?;
        if found.as_ref().is_some_and(|lease| is_held(lease, &self.holder, now)) {
            return Ok(false);
        }
        // Long enough for both waits and the requests between.
        let seconds = (self.settle * 3).as_secs() + 60;
        let time = now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let spec = json!({
            "holderIdentity": self.holder, "leaseDurationSeconds": seconds, "acquireTime": time, "renewTime": time,
        });
        let taken = match found {
            Some(mut lease) => {
                lease["spec"] = spec;
                self.cluster.replace(&lease).await
            }
            None => {
                let metadata = json!({ "name": NAME, "namespace": self.namespace, "labels": { "app": NAME } });
                let (api_version, kind) = (Kind::LEASE.api_version(), Kind::LEASE.kind);
                let lease = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec });
                self.cluster.create(&lease, Persist::Yes).await
            }
        };
        match taken {
            Ok(_) => Ok(true),
            // Another pod was faster.
            Err(KubeError::Refused { status: 409, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn give_lease_back(&self) -> Result<(), KubeError> {
        let Some(mut lease) = self.cluster.get(Kind::LEASE, &self.namespace, NAME).await? else { return Ok(()) };
        if lease["spec"]["holderIdentity"] != self.holder {
            return Ok(());
        }
        lease["spec"]["holderIdentity"] = json!("");
        self.cluster.replace(&lease).await.map(|_object| ())
    }
}

fn bundle(configuration: &Value) -> Vec<u8> {
    let text = configuration.pointer("/webhooks/0/clientConfig/caBundle").and_then(Value::as_str);
    STANDARD.decode(text.unwrap_or_default()).unwrap_or_default()
}

fn due(secret: &Found, bundle: &[u8], now: Timestamp) -> Due {
    let Ok(facts) = check::facts(&secret.chain) else { return Due::Renewal };
    let life = facts.until.as_second() - facts.from.as_second();
    if now.as_second() >= facts.from.as_second() + life / 3 * 2 {
        return Due::Renewal;
    }
    match (secret.authority.is_empty(), bundle.is_empty()) {
        (true, _) => Due::Nothing,
        (false, true) => Due::NoAuthority,
        (false, false) if secret.authority != bundle => Due::OldAuthority,
        (false, false) => Due::Nothing,
    }
}

/// Returns whether somebody else has the lease, and has not overrun it.
fn is_held(lease: &Value, holder: &str, now: Timestamp) -> bool {
    let by = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    if by.is_empty() || by == holder {
        return false;
    }
    let since = lease["spec"]["renewTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    let seconds = lease["spec"]["leaseDurationSeconds"].as_i64().unwrap_or_default();
    since.is_some_and(|since| now.duration_since(since) < SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + day * 24 * 60 * 60).expect("a time")
    }

    #[test]
    fn certificate_is_renewed_at_two_thirds_of_its_life() {
        let issued =
            issue::issue(&issue::names("web", &[]), Duration::from_secs(1_700_000_000)).expect("a certificate");
        let authority = issued.authority.into_bytes();
        let found = Found { authority: authority.clone(), chain: issued.leaf.into_bytes(), key: Vec::new() };
        for (day, expected) in [(0, Due::Nothing), (59, Due::Nothing), (60, Due::Renewal), (100, Due::Renewal)] {
            assert_eq!(due(&found, &authority, at(day)), expected, "{day}");
        }
        let both = [authority.clone(), authority].concat();
        assert_eq!(due(&found, &both, at(1)), Due::OldAuthority);
        assert_eq!(due(&found, &[], at(1)), Due::NoAuthority);
        assert_eq!(due(&Found::default(), &both, at(1)), Due::Renewal);
    }

    #[test]
    fn lease_of_another_pod_holds_until_it_is_over() {
        let lease = json!({"spec": {
            "holderIdentity": "a", "leaseDurationSeconds": 60, "renewTime": "2026-11-25T08:00:00.000000Z",
        }});
        let now = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert!(is_held(&lease, "b", now("2026-11-25T08:00:59Z")));
        assert!(!is_held(&lease, "b", now("2026-11-25T08:01:01Z")));
        assert!(!is_held(&lease, "a", now("2026-11-25T08:00:59Z")));
        assert!(!is_held(&json!({"spec": {"holderIdentity": ""}}), "b", now("2026-11-25T08:00:00Z")));
    }
}
