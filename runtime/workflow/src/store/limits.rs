//! How large an execution may be. The planner refuses first: a payload with an error of its state, all variables together with an end of
//! the execution, which nothing catches. The store makes sure.

use crate::limits::{
    WORKFLOW_HISTORY_BYTES, WORKFLOW_HISTORY_TRANSITIONS, WORKFLOW_PAYLOAD_BYTES, WORKFLOW_STATE_BYTES,
};
use crate::protocol::{Status, Transition};
use crate::{Error, Kind};

/// The most pieces of work that one transition orders: what Lua can hand to one command, with room to spare.
pub const MAX_RECORDS: usize = 1000;
/// The most states that one transition enters. A machine that goes round without any work to wait for would go on for ever; Step
/// Functions ends one after 25,000 events.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html#service-limits-state-machine-executions>
pub const MAX_STATES: usize = 10_000;
/// The longest history entry.
const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// How much history of an execution is kept, beside that of its first transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HistoryBounds {
    /// Of so many transitions, the last ones.
    pub transitions: u64,
    /// So many bytes.
    pub bytes: usize,
}

impl Default for HistoryBounds {
    fn default() -> Self {
        Self { transitions: WORKFLOW_HISTORY_TRANSITIONS, bytes: WORKFLOW_HISTORY_BYTES }
    }
}

/// Refuses what is too large, and what no planner may order.
pub(crate) fn check(transition: &Transition) -> Result<(), Error> {
    let too_large = |what: &str, bytes: usize, limit: usize| {
        let message = format!("{what} of a workflow has {bytes} bytes; the limit is {limit}");
        Err(Error::new(Kind::TooLarge, message))
    };
    if transition.state.len() > WORKFLOW_STATE_BYTES {
        return too_large("the state", transition.state.len(), WORKFLOW_STATE_BYTES);
    }
    if transition.history.len() > MAX_HISTORY_BYTES {
        return too_large("a history entry", transition.history.len(), MAX_HISTORY_BYTES);
    }
    let opened = transition.records.iter().filter(|(_, record)| record.is_some()).count();
    if opened > MAX_RECORDS {
        let message = format!("a transition of a workflow orders {opened} pieces of work; the limit is {MAX_RECORDS}");
        return Err(Error::new(Kind::TooLarge, message));
    }
    if opened > 0 && transition.status.is_some_and(|status| status != Status::Running) {
        return Err(Error::new(Kind::Internal, "a transition ends an execution and orders work"));
    }
    for record in transition.records.iter().filter_map(|(_, record)| record.as_ref()) {
        if record.payload.len() > WORKFLOW_PAYLOAD_BYTES {
            return too_large("a payload", record.payload.len(), WORKFLOW_PAYLOAD_BYTES);
        }
    }
    let listed = |slot| transition.records.iter().any(|(other, _)| *other == slot);
    if transition.fence.is_some_and(|(slot, _)| !listed(slot)) {
        // Applied, it could be applied again.
        return Err(Error::new(Kind::Internal, "a transition keeps the work that brought it about"));
    }
    Ok(())
}
