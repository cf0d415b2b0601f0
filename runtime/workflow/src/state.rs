//! What an execution has come to: the planner's state, and its bytes.
//!
//! `MessagePack` with a byte in front that names the format: about two thirds of JSON's size and a third of its time, see
//! docs/decisions/0026-planner.md. Structs are arrays in it, so that a field is only ever added at the end, with a default.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::protocol::{COUNTED, Slot, Status};
use super::token::Secret;
use crate::limits::WORKFLOW_STATE_BYTES;
use crate::{Error, Kind};

/// The format's name: `MessagePack` of [`State`].
const FORMAT: u8 = 1;

/// The integers that a reader of JSON who takes numbers for doubles reads exactly.
const EXACT: u64 = (1 << 53) - 1;

/// An execution's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// When the execution started, milliseconds since 1970.
    pub(super) started_ms: u64,
    /// When a state was last entered: no two are entered at the same time, so that the time tells visits apart.
    pub(super) entered_ms: u64,
    /// How many pieces of work it has ordered, in the bits that a fencing token counts in; those above tell its runs apart: see
    /// [`State::run`].
    pub(super) seq: u64,
    /// Which slots are taken.
    pub(super) slots: Vec<bool>,
    /// What it was started with, once it has ended well; until then, a variable of `root` has it.
    pub(super) input: Value,
    /// Where it is. What is there when it has failed is kept for a retry.
    pub(super) root: Option<Scope>,
    /// How it ended.
    pub(super) ended: Option<Ended>,
}

/// Where one scope of states is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scope {
    /// The variables that it has assigned.
    pub(super) variables: Map<String, Value>,
    /// The number of the state that it is at.
    pub(super) state: usize,
    /// What the state was given; nothing if it does not look at it.
    pub(super) input: Value,
    /// How often the state was tried again, by retrier.
    pub(super) attempts: Vec<u32>,
    /// When the state was entered, milliseconds since 1970.
    pub(super) entered_ms: u64,
    /// What the state waits for.
    pub(super) wait: Wait,
}

/// What a state waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Wait {
    /// For nothing: it has just been entered.
    Nothing,
    /// For a piece of work or a time; or for a signal, if a runtime without secrets ordered it.
    Slot { slot: Slot, seq: u64, deadline_ms: Option<u64> },
    /// For branches.
    Branches(Vec<Branch>),
    /// For iterations: those under way by their index, and the results so far.
    Items { items: Vec<Value>, next: usize, running: Vec<(usize, Scope)>, results: Vec<Option<Value>> },
    /// For who has the token with this secret.
    Signal {
        slot: Slot,
        seq: u64,
        deadline_ms: Option<u64>,
        secret: Secret,
        /// Whether the function that asks has handed its token on, so that nothing that becomes of its work matters any more.
        #[serde(default)]
        asked: bool,
    },
}

/// A branch of a Parallel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Branch {
    Running(Scope),
    Done(Value),
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) status: Status,
    pub(super) output: Value,
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
}

impl Scope {
    /// A scope that is about to enter its first state.
    pub(super) fn new(start: usize, input: Value) -> Self {
        Self { variables: Map::new(), state: start, input, attempts: Vec::new(), entered_ms: 0, wait: Wait::Nothing }
    }

    /// Visits every slot that it, or a scope in it, waits for.
    pub(super) fn slots(&self, visit: &mut impl FnMut(Slot, u64)) {
        match &self.wait {
            Wait::Nothing => {}
            Wait::Slot { slot, seq, .. } | Wait::Signal { slot, seq, .. } => visit(*slot, *seq),
            Wait::Branches(branches) => {
                for branch in branches {
                    if let Branch::Running(scope) = branch {
                        scope.slots(visit);
                    }
                }
            }
            Wait::Items { running, .. } => {
                for (_, scope) in running {
                    scope.slots(visit);
                }
            }
        }
    }
}

impl State {
    /// Tells this run of the execution from all others: when it was started, and a number that the start and each retry draw. Neither
    /// is a count: two histories of an execution after the loss of a node may have as many retries, and two starts the same time.
    ///
    /// The number stands in `seq`, where a runtime before this one has a mere count, so that such a runtime can read and go on with what
    /// this one wrote. It has 37 bits, since fencing tokens of such a runtime are `seq` itself, and its messages have them as numbers.
    pub(super) fn run(&self) -> (u64, u64) {
        (self.started_ms, self.seq & !COUNTED)
    }

    /// Makes this another run, with what chance gives it.
    pub(super) fn begin_run(&mut self, chance: u64) {
        self.seq = (chance & EXACT & !COUNTED) | (self.seq & COUNTED);
    }

    /// Counts one more piece of work: what its fencing token is made of.
    pub(super) fn count(&mut self) -> u64 {
        self.seq = (self.seq & !COUNTED) | (self.seq.wrapping_add(1) & COUNTED);
        self.seq
    }

    /// The bytes that the store keeps. [`Kind::TooLarge`] beyond what an execution may have.
    pub(super) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![FORMAT];
        rmp_serde::encode::write(&mut bytes, self).map_err(Error::other)?;
        if bytes.len() > WORKFLOW_STATE_BYTES {
            return Err(Error::new(
                Kind::TooLarge,
                format!("the execution has {} bytes of variables; the limit is {WORKFLOW_STATE_BYTES}", bytes.len()),
            ));
        }
        Ok(bytes)
    }

    /// Reads those bytes. [`Kind::Configuration`] if a later version of the runtime wrote them.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => rmp_serde::from_slice(rest).map_err(Error::other),
            _ => Err(Error::new(Kind::Configuration, "an execution was written by another version of the runtime")),
        }
    }
}

/// How an execution stands, for people and for who started it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// How it stands.
    pub status: Status,
    /// What it was started with.
    pub input: Value,
    /// What it ended with, if it ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The error's name, if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// How an execution stands, from its stored state.
pub fn outcome(state: &[u8]) -> Result<Outcome, Error> {
    let mut state = State::decode(state)?;
    if let Some(input) = state.root.as_mut().and_then(|root| root.variables.get_mut("input")) {
        state.input = input.take();
    }
    let Some(ended) = state.ended else {
        return Ok(Outcome { status: Status::Running, input: state.input, output: None, error: None, cause: None });
    };
    let output = (ended.status == Status::Succeeded).then_some(ended.output);
    Ok(Outcome { status: ended.status, input: state.input, output, error: ended.error, cause: ended.cause })
}
