//! A certificate at two thirds of its life is renewed by the pods themselves, and no review fails meanwhile.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::Test;
use crate::program::Place;
use crate::webhook::serving::Webhook;

const NAME: &str = "streamflow-webhook";
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Returns an authority, a certificate and its key, PEM: made 61 days ago, for 90 days.
fn old_certificate() -> [String; 3] {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let days = |days: u64| std::time::Duration::from_secs(days * DAY_SECONDS);
    let dated = |mut params: CertificateParams| {
        params.not_before = date_time_ymd(1970, 1, 1) + (now - days(61));
        params.not_after = date_time_ymd(1970, 1, 1) + (now + days(29));
        params
    };
    let mut authority = dated(CertificateParams::default());
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec![format!("{NAME}.{NAME}.svc"), "127.0.0.1".to_owned()];
    let leaf = dated(CertificateParams::new(names).unwrap()).signed_by(&key, &authority).unwrap();
    [authority.pem(), leaf.pem(), key.serialize_pem()]
}

fn secret(test: &Test) -> Value {
    test.server.get("secrets", NAME, &format!("{NAME}-tls")).unwrap()
}

fn bundle(test: &Test) -> Value {
    let configuration = test.server.get("mutatingwebhookconfigurations", "", NAME).unwrap();
    configuration["webhooks"][0]["clientConfig"]["caBundle"].clone()
}

/// Writes the Secret to the pod's folder, as a kubelet does.
fn mount(secret: &Value, place: &Place) {
    for name in ["ca.crt", "tls.crt", "tls.key"] {
        let text = STANDARD.decode(secret["data"][name].as_str().unwrap()).unwrap();
        place.write(&format!("certs/{name}.new"), &String::from_utf8(text).unwrap());
        fs::rename(place.dir().join(format!("certs/{name}.new")), place.dir().join(format!("certs/{name}"))).unwrap();
    }
}

#[test]
fn old_certificate_is_renewed_and_no_review_fails() {
    let test = Test::start();
    let [authority, leaf, key] = old_certificate().map(|text| STANDARD.encode(text));
    let labels = json!({"app": NAME});
    test.server.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME, "labels": labels}}));
    test.server.put(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": format!("{NAME}-tls"), "namespace": NAME, "labels": labels},
        "data": {"ca.crt": authority, "tls.crt": leaf, "tls.key": key},
    }));
    let place = Place::new();
    test.server.write_kubeconfig(&place.home());
    mount(&secret(&test), &place);
    let flags = ["--drain-delay", "0", "--renew", "--renew-settle", "4s"];
    // The configuration is there before the webhook first looks.
    let printed = test.run(&["webhook", "manifests", "--image", "streamflow"]).exits(0).out;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&printed).unwrap();
    let mut configuration = objects.last().unwrap().clone();
    configuration["webhooks"][0]["clientConfig"]["caBundle"] = json!(authority);
    test.server.put(configuration);
    let webhook = Webhook::serve(place, &flags);
    test.server.serve_service(NAME, NAME, webhook.address());

    let (mut mounted, mut reviews, mut trusted_both) = (leaf.clone(), 0, false);
    test.until("the new certificate alone to be trusted", || {
        let now = secret(&test);
        if now["data"]["tls.crt"] != json!(mounted) {
            mount(&now, &webhook.place);
            mounted = now["data"]["tls.crt"].as_str().unwrap().to_owned();
        }
        let made = test.server.create_dry_run(&crate::webhook::deployment());
        assert_eq!(made["metadata"]["labels"]["streamflow.io/managed"], "true", "{:?}", test.server.failed());
        reviews += 1;
        trusted_both |= bundle(&test) != json!(authority) && now["data"]["tls.crt"] == json!(leaf);
        bundle(&test) == now["data"]["ca.crt"] && mounted != leaf
    });
    assert!(trusted_both && reviews > 10, "{reviews} reviews");
    assert_eq!(test.server.failed(), Vec::<String>::new());
    let status = test.run(&["webhook", "status", "--try-in", "default", "-o", "json"]).exits(0).json();
    assert!(status["certificate_days_left"].as_i64().unwrap() >= 89, "{status}");
    assert_eq!(status["certificate_fault"], Value::Null);
    test.until("the lease to be given back", || {
        test.server.get("leases", NAME, NAME).unwrap()["spec"]["holderIdentity"] == ""
    });
}
