//! Ctrl-C while the webhook is installed, and calls that die: what is left behind is told, the next call goes on from there.

use std::process::{Child, Stdio};

use http::Method;
use rustix::process::{Pid, Signal};

use super::Test;
use super::install::{IMAGE, complete, outcomes};
use crate::program::Ended;

/// Begins an installation, which waits for pods whose webhook nobody serves.
fn begin(test: &Test) -> Child {
    let mut call = test.place.command(&["webhook", "install", "--image", IMAGE]);
    call.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

/// Waits until everything is applied, and the API server is asked whether it asks the webhook.
fn until_applied(test: &Test) {
    test.until("the configuration", || {
        test.server.get("mutatingwebhookconfigurations", "", "streamflow-webhook").is_some()
    });
}

#[track_caller]
fn ended(child: Child) -> Ended {
    Ended::of(&child.wait_with_output().unwrap())
}

/// An installation completes, and is taken away whole.
#[track_caller]
fn goes_on_and_away(test: &Test, empty: &[String]) {
    let (_, _webhook) = complete(test);
    test.run(&["webhook", "status"]).exits(0);
    test.run(&["webhook", "uninstall"]).exits(0);
    assert_eq!(test.server.names(), empty);
}

#[test]
fn ctrl_c_takes_back_what_was_done() {
    let test = Test::start();
    let empty = test.server.names();
    let child = begin(&test);
    until_applied(&test);
    signal(&child, Signal::INT);
    ended(child).exits(130).says("taking back what was done");
    assert_eq!(test.server.names(), empty);
    goes_on_and_away(&test, &empty);
}

#[test]
fn change_that_is_under_way_at_ctrl_c_is_taken_back_too() {
    let test = Test::start();
    let empty = test.server.names();
    test.server.hold(Some(Method::PATCH));
    let child = begin(&test);
    test.until("the first change", || test.server.waiting() == 1);
    signal(&child, Signal::INT);
    test.server.hold(None);
    ended(child).exits(130);
    assert_eq!(test.server.names(), empty);
}

#[test]
fn second_ctrl_c_leaves_what_is_there_and_says_what_it_is() {
    let test = Test::start();
    let empty = test.server.names();
    let child = begin(&test);
    until_applied(&test);
    test.server.hold(Some(Method::DELETE));
    signal(&child, Signal::INT);
    test.until("the first deletion", || test.server.waiting() == 1);
    signal(&child, Signal::INT);
    let ended = ended(child).exits(130);
    ended
        .says("not everything was taken back (interrupted); left in the cluster: Namespace streamflow-webhook, Secret ")
        .says("MutatingWebhookConfiguration streamflow-webhook\n")
        .says("`streamflow webhook install` goes on from there, `streamflow webhook uninstall` takes it away");
    test.until("the deletion to be given up", || test.server.waiting() == 0);
    test.server.hold(None);
    assert_eq!(test.server.names().iter().filter(|name| name.contains("webhook")).count(), left(&test));

    // The next call finds everything as it is to be.
    let (rows, webhook) = complete(&test);
    assert!(outcomes(&rows).iter().all(|row| row.ends_with(" unchanged")), "{rows}");
    drop(webhook);
    test.run(&["webhook", "uninstall"]).exits(0);
    assert_eq!(test.server.names(), empty);
}

/// Objects of an installation that is whole: those that are applied, and what the cluster makes of the Deployment.
fn left(test: &Test) -> usize {
    let made = ["replicasets ", "pods "];
    7 + test.server.names().iter().filter(|name| made.iter().any(|kind| name.starts_with(kind))).count()
}

#[test]
fn call_that_was_killed_is_completed_by_the_next() {
    let test = Test::start();
    let empty = test.server.names();
    // Somewhere in between: the Secret is there, and nothing behind it.
    let mut child = begin(&test);
    test.until("the Secret", || test.server.get("secrets", "streamflow-webhook", "streamflow-webhook-tls").is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    goes_on_and_away(&test, &empty);

    // And what was left behind alone is taken away.
    let mut child = begin(&test);
    until_applied(&test);
    child.kill().unwrap();
    child.wait().unwrap();
    test.run(&["webhook", "uninstall"]).exits(0);
    assert_eq!(test.server.names(), empty);
}
