//! Certificates: made, kept apart, renewed under load.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::client::Client;
use super::{Webhook, deployment, review};
use crate::program::Place;

#[test]
fn files_that_are_there_are_kept_and_the_key_is_its_owners_only() {
    let place = Place::new();
    let rows = place.run(&["webhook", "certs", "--out", "certs", "-o", "json"]).exits(0).json()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    let key = place.dir().join("certs/tls.key");
    let before = fs::read(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    place.run(&["webhook", "certs", "--out", "certs"]).exits(2).says("--force");
    assert_eq!(fs::read(&key).unwrap(), before);
    place.run(&["webhook", "certs", "--out", "certs", "--force"]).exits(0);
    assert_ne!(fs::read(&key).unwrap(), before);
    place.run(&["webhook", "certs", "--out", "third", "--san", "größe"]).exits(2).says("cannot make the certificates");
}

#[test]
fn renewed_certificate_is_taken_over_without_one_failed_review() {
    let webhook = Webhook::start();
    let first = webhook.place.dir().join("first.crt");
    fs::copy(webhook.place.dir().join("certs/ca.crt"), &first).unwrap();
    let mut kept = webhook.client();
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let request = review(&deployment(), None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(webhook.address(), &first);
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(client.review(&request).0, 200);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        webhook.place.run(&["webhook", "certs", "--out", "certs", "--force"]).exits(0);
        webhook.wait_for("streamflow_admission_certificate_taken_total");
        stop.store(true, Ordering::Relaxed);
    });
    assert!(served.load(Ordering::Relaxed) > 0);
    // Whoever connects now is shown the new one; a connection from before goes on.
    assert_eq!(webhook.client().review(&request).0, 200);
    assert_eq!(kept.review(&request).0, 200);
}

#[test]
fn certificate_that_cannot_be_used_leaves_the_one_before() {
    let webhook = Webhook::start();
    webhook.place.write("certs/tls.key", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n");
    webhook.wait_for("streamflow_admission_certificate_refused_total");
    assert_eq!(webhook.client().review(&review(&deployment(), None)).0, 200);
    assert_eq!(webhook.probe("/readyz").0, 200);
}
