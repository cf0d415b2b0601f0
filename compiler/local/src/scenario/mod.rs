//! Scenarios, carried out on virtual time: what `evc test` runs.
//!
//! | file | does |
//! | --- | --- |
//! | `play.rs` | carries out what is sent, until nothing is under way, with mocks in the place of functions |
//! | `delivery.rs` | from what a function is invoked with to its inputs, and from their ends to its answer |
//! | `effects.rs` | what a mock does: rows, events, messages, by calls that its function's role must allow |
//! | `forwarder.rs` | the functions that evc makes itself: the forwarder of an outbox |
//! | `sample.rs` | what nobody says: values by name, and samples of types |
//! | `observe.rs` | whether what was expected was observed |
//! | `part.rs` | whether a value has a part, and the first difference |
//! | `mutants.rs` | small changes of a spec that scenarios are to notice |
//! | `coverage.rs` | which rules, steps, catches, errors and routes came up |

mod coverage;
mod delivery;
mod effects;
mod forwarder;
mod mutants;
mod observe;
mod part;
mod play;
mod sample;

use std::sync::Arc;

use evc_compiler::model::Model;
use evc_compiler::scenario::{DEFAULT_CLOCK, File, Scenario};
use evc_compiler::source::Span;
use evc_values::Timestamp;

pub use coverage::{Coverage, Covered};
pub use mutants::{Mutant, mutants};

use crate::sim::dynamodb::Kept;
use crate::trace::{Hop, HopId};
use crate::{Stack, System};

/// A system with scenarios.
#[derive(Debug)]
pub struct Suite<'s> {
    /// The system, without errors.
    pub model: &'s Model,
    /// The scenarios, without errors.
    pub file: &'s File,
    /// What is deployed.
    pub stack: Arc<Stack>,
}

/// Something that was not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The place in the file of scenarios.
    pub span: Span,
    /// What was expected.
    pub expected: String,
    /// What was observed, a line each.
    pub observed: Vec<String>,
    /// The hop that shows it, if one does.
    pub hop: Option<HopId>,
}

/// What came of a scenario.
#[derive(Debug)]
pub struct Report {
    /// What was not as expected; nothing if it passed.
    pub failures: Vec<Failure>,
    /// All hops.
    pub hops: Vec<Hop>,
    /// When it began by its own clock, milliseconds since 1970.
    pub began_ms: u64,
    /// How long it took by its own clock.
    pub took_ms: u64,
    /// What came up.
    pub coverage: Coverage,
}

impl Suite<'_> {
    /// Carries out a scenario. The same seed gives the same.
    ///
    /// # Errors
    ///
    /// When the system cannot be made: a table that DynamoDB refuses.
    pub fn run(&self, scenario: &Scenario, seed: u64) -> Result<Report, String> {
        let clock = scenario.clock.as_ref().map_or(DEFAULT_CLOCK, |clock| clock.as_str());
        let clock: Timestamp = clock.parse().map_err(|_| format!("`{clock}` is no time"))?;
        let began_ms = u64::try_from(clock.millis()).unwrap_or(0);
        let system = System::new(vec![self.stack.clone()], Kept::Memory, began_ms, seed)?;
        let mut play = play::Play::new(self, scenario, system);
        for action in &scenario.send.value {
            play.act(action);
        }
        let mut failures = std::mem::take(&mut play.failures);
        failures.extend(observe::observe(&mut play));
        let coverage = Coverage::of(&play);
        let took_ms = play.system.now_ms() - began_ms;
        let hops = play.system.trace.all().cloned().collect();
        Ok(Report { failures, hops, began_ms, took_ms, coverage })
    }
}
