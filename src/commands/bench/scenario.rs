//! Runs steps in turn, round after round, so that what is compared ran in the same minutes on the same machine.

use super::load::{self, LoadError, Measured, Plan};
use super::pace::Pace;
use super::report::{Place, Row, requests_per_second};
use super::target::Target;
use super::traffic::Shape;

/// One kind of request at one pace.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) connections: usize,
    pub(super) pace: Pace,
    /// The pace as the user wrote it.
    pub(super) rate: String,
}

/// Steps that run in this order in every round.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) steps: Vec<Step>,
    pub(super) rounds: usize,
    /// Of every run; its rate is the step's.
    pub(super) plan: Plan,
    /// Measured events after which a run ends.
    pub(super) events_max: Option<u64>,
}

/// What all rounds showed.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) rows: Vec<Row>,
    /// Events that the server acknowledged, warm-ups included and echoes not.
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    pub(super) first_refusal: Option<String>,
}

/// The step whose rate others relate to.
pub(super) const ECHO: &str = "echo";

impl Scenario {
    /// Runs everything; `tell` hears of each run as it ends.
    pub(super) fn run(&self, target: &Target, mut tell: impl FnMut(&str)) -> Result<Outcome, LoadError> {
        let mut outcome = Outcome::default();
        let mut ids_used = 0;
        for round in 1..=self.rounds {
            let mut echo = None;
            for step in &self.steps {
                let offered = step.pace.resolve(echo);
                let measured = self.run_step(step, offered, target, &mut ids_used)?;
                if step.name == ECHO && step.pace == Pace::Max {
                    echo = requests_per_second(&measured);
                }
                let row = Row::of_run(&Place { step: step.name, rate: &step.rate, round, offered, echo }, &measured);
                tell(&format!("round {round} of {}: {} at {}", self.rounds, step.name, step.summary(&measured)));
                outcome.take(step, row, measured);
            }
        }
        outcome.append_medians(&self.steps);
        Ok(outcome)
    }

    fn run_step(
        &self,
        step: &Step,
        offered: Option<f64>,
        target: &Target,
        ids_used: &mut u64,
    ) -> Result<Measured, LoadError> {
        let requests_max = self.events_max.map(|events| events.div_ceil(step.shape.events_per_request()));
        let plan = Plan { per_second: offered, requests_max, ..self.plan.clone() };
        load::run(target, &plan, step.shape.requests(target, step.connections), ids_used)
    }
}

impl Step {
    fn summary(&self, measured: &Measured) -> String {
        let p99_ms = measured.latency.value_at_quantile(0.99) as f64 / 1e6;
        let requests = requests_per_second(measured).unwrap_or_default();
        format!("{}: {requests:.0} requests/s, p99 {p99_ms:.2} ms", self.rate)
    }
}

impl Outcome {
    fn take(&mut self, step: &Step, row: Row, measured: Measured) {
        self.rows.push(row);
        self.refused += measured.refused;
        self.first_refusal = self.first_refusal.take().or(measured.first_refusal);
        if step.name != ECHO {
            self.acknowledged += measured.acknowledged;
        }
    }

    fn append_medians(&mut self, steps: &[Step]) {
        let of_step = |step: &Step| {
            let rounds: Vec<&Row> =
                self.rows.iter().filter(|row| row.step == step.name && row.rate == step.rate).collect();
            if rounds.len() > 1 { Row::median(&rounds) } else { None }
        };
        let medians: Vec<Row> = steps.iter().filter_map(of_step).collect();
        self.rows.extend(medians);
    }
}
