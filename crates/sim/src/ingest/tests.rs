use std::panic::{AssertUnwindSafe, catch_unwind};

use super::run;

/// Seeds of an ordinary test run. `STREAMFLOW_SIM_SEEDS=5000` lives through more of them, `STREAMFLOW_SIM_SEED=7` through
/// that one alone.
const SEEDS: u64 = 200;

#[expect(clippy::disallowed_methods, reason = "a test has no other arguments")]
fn argument(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn promises_are_kept_whatever_fails() {
    let seeds = match argument("STREAMFLOW_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..argument("STREAMFLOW_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let mut broken = Vec::new();
    let mut total = super::Report::default();
    for seed in seeds.clone() {
        match catch_unwind(AssertUnwindSafe(|| run(seed))) {
            Ok(Ok(report)) => {
                total.acknowledged += report.acknowledged;
                total.refused += report.refused;
                total.crashes += report.crashes;
                total.starts += report.starts;
                total.faults += report.faults;
                total.damage_found |= report.damage_found;
            }
            Ok(Err(violation)) if seeds.end - seeds.start == 1 => broken.push(format!("{violation:#}")),
            Ok(Err(violation)) => broken.push(violation.to_string()),
            Err(_) => broken.push(format!("seed {seed}: a panic, above")),
        }
    }
    assert!(
        broken.is_empty(),
        "{} of {} seeds broke a promise:\n{}\nto see one again: STREAMFLOW_SIM_SEED=<seed> cargo test -p streamflow-sim",
        broken.len(),
        seeds.end - seeds.start,
        broken.join("\n"),
    );
    if seeds.end - seeds.start >= SEEDS {
        // A simulation in which nothing goes wrong proves nothing.
        let eventful =
            total.acknowledged > 10_000 && total.refused > 100 && total.crashes > 400 && total.faults > 1_000;
        assert!(eventful && total.damage_found, "{total:?}");
    }
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..20 {
        assert_eq!(
            run(seed).map_err(|violation| violation.to_string()),
            run(seed).map_err(|violation| violation.to_string())
        );
    }
}
