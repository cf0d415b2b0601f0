//! Goes on with an execution where something happened.

use evc_interface::error::states;
use serde_json::{Map, Value};

use super::errors::Failure;
use super::inner::inside;
use super::run::Flow;
use super::scope::Frames;
use super::{Event, Planner};
use crate::definition::{Machine, Resource, State, Task, Work};
use crate::protocol::{History, Phase, Record, Slot, work_number};
use crate::state::{Branch, Scope, Wait};

impl Planner<'_> {
    /// Goes on where an event happened: `None` if nothing of the scope waits for it.
    pub(super) fn resume(
        &mut self,
        machine: &Machine,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
        at: (Slot, u64),
        event: &mut Option<Event>,
    ) -> Option<Flow> {
        let state = machine.states.get(scope.state)?;
        let is_awaited = awaited(state, &scope.wait, event.as_ref()?);
        let flow = match &mut scope.wait {
            Wait::Nothing => return None,
            Wait::Slot { slot, seq, deadline_ms } | Wait::Signal { slot, seq, deadline_ms, .. } => {
                if (*slot, *seq) != at || !is_awaited {
                    return None;
                }
                let deadline_ms = *deadline_ms;
                self.happened(machine, state, scope, outer, path, (at, deadline_ms), event.take()?)
            }
            Wait::Branches(branches) => {
                let Work::Parallel(machines) = &state.work else { return None };
                let frames = Frames { variables: &scope.variables, outer };
                let (index, flow) =
                    branches.iter_mut().zip(machines).enumerate().find_map(|(index, (branch, machine))| {
                        let Branch::Running(inner) = branch else { return None };
                        let path = inside(path, state, index);
                        Some((index, self.resume(machine, inner, Some(&frames), &path, at, event)?))
                    })?;
                match flow {
                    Flow::Done(output) => {
                        branches[index] = Branch::Done(output);
                        self.join_branches(machine, state, scope, outer)
                    }
                    flow => flow,
                }
            }
            Wait::Items { running, results, .. } => {
                let Work::Map { processor, .. } = &state.work else { return None };
                let frames = Frames { variables: &scope.variables, outer };
                let (place, flow) = running.iter_mut().enumerate().find_map(|(place, (index, inner))| {
                    let path = inside(path, state, *index);
                    Some((place, self.resume(processor, inner, Some(&frames), &path, at, event)?))
                })?;
                match flow {
                    Flow::Done(output) => {
                        let (index, _) = running.remove(place);
                        results[index] = Some(output);
                        let flow = self.run_items(machine, state, scope, outer, path);
                        return Some(self.go_on(machine, scope, outer, path, flow));
                    }
                    flow => flow,
                }
            }
        };
        let flow = match flow {
            Flow::Failed(_) if matches!(scope.wait, Wait::Branches(_) | Wait::Items { .. }) => {
                self.drop_all(scope);
                self.caught(machine, state, scope, outer, path, flow)
            }
            flow => flow,
        };
        Some(self.go_on(machine, scope, outer, path, flow))
    }

    /// What a state does about the event that it waited for.
    #[expect(clippy::too_many_arguments, reason = "the scope's four, and what happened")]
    fn happened(
        &mut self,
        machine: &Machine,
        state: &State,
        scope: &mut Scope,
        outer: Option<&Frames<'_>>,
        path: &str,
        ((slot, seq), deadline_ms): ((Slot, u64), Option<u64>),
        event: Event,
    ) -> Flow {
        let name = || state.name.clone();
        if let (Work::Task(Task { resource: Resource::CallForSignal, .. }), Event::Succeeded { .. }) =
            (&state.work, &event)
        {
            // The function has handed its token on; the slot stays, and waits for who has it.
            let record = Record {
                seq,
                phase: Phase::Signal,
                function: String::new(),
                payload: Vec::new(),
                delay_ms: 0,
                at_ms: None,
                lease_ms: 0,
                timeout_ms: deadline_ms.map(|deadline| deadline.saturating_sub(self.now_ms)),
            };
            self.records.insert(slot, Some(record));
            if let Wait::Signal { asked, .. } = &mut scope.wait {
                *asked = true;
            }
            return Flow::Blocked;
        }
        self.free_slot(slot);
        scope.wait = Wait::Nothing;
        let flow = match event {
            Event::Succeeded { output, claimed_ms, .. } => {
                self.history.push(History::Succeeded { state: name(), seq: work_number(seq), claimed_ms });
                let result = match &state.work {
                    Work::Task(Task { resource: Resource::Call, .. }) => Value::Object(Map::from_iter([
                        ("Payload".to_owned(), output),
                        ("StatusCode".to_owned(), 200.into()),
                    ])),
                    _ => output,
                };
                self.complete(machine, state, scope, outer, Some(result))
            }
            Event::Signalled { output, .. } => {
                self.history.push(History::Succeeded { state: name(), seq: work_number(seq), claimed_ms: 0 });
                self.complete(machine, state, scope, outer, Some(output))
            }
            Event::SignalFailed { error, cause, .. } => {
                self.history.push(History::Failed {
                    state: name(),
                    seq: work_number(seq),
                    claimed_ms: 0,
                    error: error.clone(),
                });
                Flow::Failed(Failure::new(error, cause))
            }
            Event::Failed { error, cause, claimed_ms, .. } => {
                self.history.push(History::Failed {
                    state: name(),
                    seq: work_number(seq),
                    claimed_ms,
                    error: error.clone(),
                });
                Flow::Failed(Failure::new(error, cause))
            }
            Event::TimerDue { .. } => match &state.work {
                // The time before another attempt of a Parallel or Map.
                Work::Parallel(_) | Work::Map { .. } => return self.enter(machine, state, scope, outer, path),
                _ => {
                    self.history.push(History::Succeeded { state: name(), seq: work_number(seq), claimed_ms: 0 });
                    self.complete(machine, state, scope, outer, None)
                }
            },
            Event::TimedOut | Event::Cancelled { .. } | Event::Retried => Flow::Blocked,
        };
        self.caught(machine, state, scope, outer, path, flow)
    }
}

/// Whether such a thing can happen to what the state waits for. A token that somebody made up ends nobody's work, and no timer. Once a
/// function has handed its token on, its work is over: a worker of a lost history, or a sweep that was shown the lease before, may
/// still tell of it under the same fencing token, and only the deadline ends the wait then.
fn awaited(state: &State, wait: &Wait, event: &Event) -> bool {
    let is_task = matches!(state.work, Work::Task(_));
    let asked = matches!(wait, Wait::Signal { asked: true, .. });
    match event {
        Event::Signalled { .. } | Event::SignalFailed { .. } => {
            matches!(&state.work, Work::Task(task) if task.resource == Resource::CallForSignal)
        }
        Event::Succeeded { .. } => is_task && !asked,
        Event::Failed { error, .. } => is_task && (!asked || error == states::TIMEOUT),
        Event::TimerDue { .. } => !is_task,
        Event::TimedOut | Event::Cancelled { .. } | Event::Retried => false,
    }
}
