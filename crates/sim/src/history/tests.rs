use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use streamflow_engine::task::each;

use super::run;

/// Seeds of an ordinary test run. `STREAMFLOW_SIM_SEEDS=5000` lives through more of them, `STREAMFLOW_SIM_SEED=7` through
/// that one alone.
const SEEDS: u64 = 200;

#[expect(clippy::disallowed_methods, reason = "a test has no other arguments")]
fn argument(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn history_keeps_its_promises_whatever_fails() {
    let seeds = match argument("STREAMFLOW_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..argument("STREAMFLOW_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let mut broken = Vec::new();
    let mut total = super::Report::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let lived = each("sim", threads, seeds.clone().collect(), |seed| {
        Ok::<_, Infallible>((seed, catch_unwind(AssertUnwindSafe(|| run(seed)))))
    });
    for (seed, life) in lived.unwrap() {
        match life {
            Ok(Ok(report)) => {
                total.acknowledged += report.acknowledged;
                total.seals += report.seals;
                total.seals_recovering += report.seals_recovering;
                total.merges += report.merges;
                total.backups += report.backups;
                total.expired += report.expired;
                total.deleted_files += report.deleted_files;
                total.crashes += report.crashes;
                total.failures += report.failures;
                total.catalog.begin += report.catalog.begin;
                total.catalog.commit += report.catalog.commit;
                total.catalog.committed += report.catalog.committed;
                total.catalog.full += report.catalog.full;
            }
            Ok(Err(violation)) if seeds.end - seeds.start == 1 => broken.push(violation),
            Ok(Err(violation)) => broken.push(violation.lines().next().unwrap_or_default().to_owned()),
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
        // A simulation in which nothing happens proves nothing.
        let catalog = total.catalog;
        let eventful = total.acknowledged > 40_000
            && total.seals > 1_000
            && total.seals_recovering > 100
            && total.merges > 200
            && total.backups > 200
            && total.expired > 2_000
            && total.deleted_files > 100
            && total.crashes > 800
            && total.failures > 200
            && [catalog.begin, catalog.commit, catalog.committed, catalog.full].iter().all(|count| *count > 10);
        assert!(eventful, "{total:?}");
    }
}
