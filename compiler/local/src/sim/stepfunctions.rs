//! Step Functions: state machines, carried by the planner that carries workflows on Redis, which is proven to give what Step Functions gives.
//!
//! An execution's work is the agenda's: each transition puts what it orders there, and takes off what is no longer wanted.

use std::collections::HashMap;
use std::sync::Arc;

use evc_interface::limits::WORKFLOW_PAYLOAD_BYTES;
use evc_workflow::{
    Chance, Definition, Event, ExecutionId, History, Outcome as Told, Phase, Record, Slot, Snapshot, Start, Status,
    Task, Token, Transition, outcome, plan, start, waits,
};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::lambda::{Ended, Invoke, Then};
use crate::Refusal;
use crate::iam::Principal;
use crate::page::{Paging, page};
use crate::stack::Stack;
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New, Outcome};

/// What tokens of the local system begin with. The planner's own would be taken for those of workflows on Redis.
const TOKEN: &str = "local.";
/// What the planner's begin with.
const PLANNED_TOKEN: &str = "evc2.";

/// What policies call the service.
const SERVICE: &str = "states.amazonaws.com";

/// How often a starter tries to start its workflow, and the pause before it tries again.
const STARTS: u32 = 6;
const START_RETRY_MS: u64 = 1_000;

/// What an error of a step is named whose function is not there any more or cannot be told.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
const TIMEOUT: &str = "States.Timeout";

/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html>
const PAGING: Paging =
    Paging { limit: "maxResults", token: "nextToken", next: "nextToken", most: 1_000, invalid: "InvalidToken" };

/// A state machine.
#[derive(Debug)]
struct Machine {
    arn: String,
    name: String,
    address: String,
    /// The role that its work is done with.
    role: String,
    /// In Amazon States Language.
    definition: String,
    carries: Carries,
}

impl Machine {
    fn who(&self) -> Principal {
        Principal::of(SERVICE, Some(&self.role), &self.arn)
    }
}

/// How a machine is carried.
#[derive(Debug)]
enum Carries {
    /// By the planner.
    Planner(Arc<Definition>),
    /// It starts another machine, once an event: what evc makes for rules and schedules.
    Starter { machine: String, dead_letters: String },
    /// Not at all: why.
    Nothing(String),
}

/// An execution.
#[derive(Debug)]
struct Execution {
    id: ExecutionId,
    arn: String,
    machine: String,
    definition: Arc<Definition>,
    snapshot: Snapshot,
    slots: HashMap<Slot, Work>,
    timeout: u64,
    started_ms: u64,
    ended_ms: Option<u64>,
    history: Vec<(u64, History)>,
    /// The states that it has come through.
    entered: Vec<String>,
    hop: HopId,
    /// The hops of steps that are under way, by the number of their work.
    steps: HashMap<u64, HopId>,
}

/// An execution as who looks on sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: &'static str,
    /// What it was started with.
    pub input: Value,
    /// What it gave, if it succeeded.
    pub output: Option<Value>,
    /// The error's name, if it failed.
    pub error: Option<String>,
    /// The states that it has come through, in order.
    pub entered: Vec<String>,
    /// The errors that were caught: the state, and the error's name.
    pub caught: Vec<(String, String)>,
    /// Its hop.
    pub hop: HopId,
}

/// A piece of work that is under way.
#[derive(Debug)]
struct Work {
    seq: u64,
    /// What the agenda has for it.
    tasks: Vec<u64>,
}

/// The state machines of all stacks, and their executions.
#[derive(Debug, Default)]
pub struct Machines {
    by_arn: IndexMap<String, Arc<Machine>>,
    executions: IndexMap<String, Execution>,
    /// What makes the tokens of waits: see [`Chance::key`].
    key: [u8; 32],
}

impl Machines {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut machines = Self::default();
        for stack in stacks {
            for definition in &stack.machines {
                let Some(resource) = stack.resources.get(&definition.id) else { continue };
                let carries = starter(&definition.asl).unwrap_or_else(|| {
                    let text = json!({
                        "evc": 1, "workflow": execution_prefix(&resource.arn), "leases": {}, "machine": definition.asl
                    });
                    match Definition::parse(&text.to_string()) {
                        Ok(definition) => Carries::Planner(Arc::new(definition)),
                        Err(error) => Carries::Nothing(error.to_string()),
                    }
                });
                let machine = Machine {
                    arn: resource.arn.clone(),
                    name: resource.name.clone(),
                    address: resource.address.clone(),
                    role: resource.text("/Role").or_else(|| resource.text("/RoleArn")).unwrap_or_default().to_owned(),
                    definition: definition.asl.to_string(),
                    carries,
                };
                machines.by_arn.insert(machine.arn.clone(), Arc::new(machine));
            }
        }
        machines
    }

    /// Other machines: executions go on with the definitions that they have.
    pub(crate) fn become_these(&mut self, other: Self) {
        self.by_arn = other.by_arn;
    }

    fn find(&self, arn: &str) -> Result<Arc<Machine>, Refusal> {
        let gone = || Refusal::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"));
        self.by_arn.get(arn).cloned().ok_or_else(gone)
    }
}

/// What a machine starts, if it is one that starts a workflow for an event.
fn starter(asl: &Value) -> Option<Carries> {
    let at = |pointer: &str| asl.pointer(pointer).and_then(Value::as_str);
    let starts = at("/States/Start/Resource") == Some("arn:aws:states:::states:startExecution");
    let machine = at("/States/Start/Arguments/StateMachineArn").filter(|_| starts)?.to_owned();
    let dead_letters = at("/States/Keep/Arguments/QueueUrl")?.to_owned();
    Some(Carries::Starter { machine, dead_letters })
}

/// What the ids of a machine's executions begin with.
fn execution_prefix(machine: &str) -> String {
    machine.replace(":stateMachine:", ":execution:")
}

/// The ARN of an execution.
fn execution_arn(machine: &str, name: &str) -> String {
    format!("{}:{name}", execution_prefix(machine))
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Succeeded => "SUCCEEDED",
        Status::Failed => "FAILED",
        Status::TimedOut => "TIMED_OUT",
        Status::Aborted => "ABORTED",
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact for 285,000 years")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

impl System {
    /// An operation of Step Functions.
    pub(crate) fn stepfunctions(&mut self, caller: &Caller, operation: &str, body: &Value) -> Result<Value, Refusal> {
        let text = |field: &str| body.get(field).and_then(Value::as_str).unwrap_or_default();
        for field in ["input", "output"] {
            let bytes = text(field).len();
            if bytes > WORKFLOW_PAYLOAD_BYTES {
                let constraint = format!("Member must have length less than or equal to {WORKFLOW_PAYLOAD_BYTES}");
                let message = format!(
                    "1 validation error detected: Value at '{field}' failed to satisfy constraint: {constraint}"
                );
                return Err(Refusal::invalid(message));
            }
        }
        let parsed = |field: &str, otherwise: &str| {
            let text = body.get(field).and_then(Value::as_str).unwrap_or(otherwise);
            serde_json::from_str::<Value>(text)
                .map_err(|error| Refusal::new("InvalidOutput", format!("`{field}` is not JSON: {error}")))
        };
        match operation {
            "StartExecution" => {
                let input = parsed("input", "{}").map_err(|it| Refusal::new("InvalidExecutionInput", it.message))?;
                let name = body.get("name").and_then(Value::as_str).map(str::to_owned);
                let arn = self.start_machine(text("stateMachineArn"), name, input, caller.cause)?;
                let started = self.machines.executions.get(&arn).map_or(self.now_ms(), |it| it.started_ms);
                Ok(json!({ "executionArn": arn, "startDate": seconds(started) }))
            }
            "DescribeExecution" => self.describe_execution(text("executionArn")),
            "GetExecutionHistory" => {
                let mut events = self.history_of(text("executionArn"))?;
                if body.get("reverseOrder") == Some(&json!(true)) {
                    events.reverse();
                }
                page(body, PAGING, "events", events)
            }
            "ListExecutions" => {
                let (machine, status) = (text("stateMachineArn"), body.get("statusFilter").and_then(Value::as_str));
                self.machines.find(machine)?;
                let of_machine = self.machines.executions.values().rev().filter(|it| it.machine == machine);
                let of_status =
                    of_machine.filter(|it| status.is_none_or(|status| status_word(it.snapshot.status) == status));
                page(body, PAGING, "executions", of_status.map(summary).collect())
            }
            "ListStateMachines" => {
                let machines = self.machines.by_arn.values().map(
                    |it| json!({ "stateMachineArn": it.arn, "name": it.name, "type": "STANDARD", "creationDate": 0.0 }),
                );
                page(body, PAGING, "stateMachines", machines.collect())
            }
            "DescribeStateMachine" => {
                let machine = self.machines.find(text("stateMachineArn"))?;
                Ok(json!({
                    "stateMachineArn": machine.arn, "name": machine.name, "status": "ACTIVE", "type": "STANDARD",
                    "definition": machine.definition, "roleArn": machine.role, "creationDate": 0.0,
                }))
            }
            "StopExecution" => {
                let cause = body.get("cause").and_then(Value::as_str).map(str::to_owned);
                let arn = text("executionArn").to_owned();
                self.execution(&arn)?;
                self.carry_execution(&arn, None, Event::Cancelled { cause });
                Ok(json!({ "stopDate": seconds(self.now_ms()) }))
            }
            "RedriveExecution" => {
                let arn = text("executionArn").to_owned();
                let status = self.execution(&arn)?.snapshot.status;
                if matches!(status, Status::Running | Status::Succeeded) {
                    let message = format!("Execution is not redrivable: it is {}", status_word(status));
                    return Err(Refusal::new("ExecutionNotRedrivable", message));
                }
                self.carry_execution(&arn, None, Event::Retried);
                Ok(json!({ "redriveDate": seconds(self.now_ms()) }))
            }
            "SendTaskSuccess" => {
                let output = parsed("output", "null")?;
                self.answer_token(text("taskToken"), |slot| Event::Signalled { slot, output })
            }
            "SendTaskFailure" => {
                let error = body.get("error").and_then(Value::as_str).unwrap_or("States.TaskFailed").to_owned();
                let cause = body.get("cause").and_then(Value::as_str).map(str::to_owned);
                self.answer_token(text("taskToken"), |slot| Event::SignalFailed { slot, error, cause })
            }
            _ => Err(Refusal::unknown_operation("Step Functions", operation)),
        }
    }

    /// The executions of the workflow that the spec calls so, the first one first.
    pub fn executions(&self, address: &str) -> Vec<Seen> {
        let of_it = |it: &&Execution| self.machines.by_arn.get(&it.machine).is_some_and(|own| own.address == address);
        let seen = |it: &Execution| {
            let told = outcome(&it.snapshot.state).ok();
            Seen {
                status: status_word(it.snapshot.status),
                input: told.as_ref().map(|told| told.input.clone()).unwrap_or_default(),
                output: told.as_ref().and_then(|told| told.output.clone()),
                error: told.and_then(|told| told.error),
                entered: it.entered.clone(),
                caught: it.history.iter().filter_map(|(_, entry)| caught(entry)).collect(),
                hop: it.hop,
            }
        };
        self.machines.executions.values().filter(of_it).map(seen).collect()
    }

    fn execution(&self, arn: &str) -> Result<&Execution, Refusal> {
        let gone = || Refusal::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"));
        self.machines.executions.get(arn).ok_or_else(gone)
    }

    fn describe_execution(&self, arn: &str) -> Result<Value, Refusal> {
        let execution = self.execution(arn)?;
        let mut told = summary(execution);
        if let Ok(Told { input, output, error, cause, .. }) = outcome(&execution.snapshot.state) {
            told["input"] = json!(input.to_string());
            for (field, value) in [("output", output.map(|it| it.to_string())), ("error", error), ("cause", cause)] {
                if let Some(value) = value {
                    told[field] = json!(value);
                }
            }
        }
        Ok(told)
    }

    /// What happened to an execution, in the words of Step Functions, without payloads.
    /// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html>
    fn history_of(&self, arn: &str) -> Result<Vec<Value>, Refusal> {
        let execution = self.execution(arn)?;
        let mut events = Vec::new();
        for (at_ms, entry) in &execution.history {
            let (kind, field, details) = match entry {
                History::Started => ("ExecutionStarted", "executionStartedEventDetails", json!({})),
                History::Dispatched { .. } => (
                    "TaskScheduled",
                    "taskScheduledEventDetails",
                    json!({ "resource": "invoke", "resourceType": "lambda" }),
                ),
                History::Succeeded { .. } => (
                    "TaskSucceeded",
                    "taskSucceededEventDetails",
                    json!({ "resource": "invoke", "resourceType": "lambda" }),
                ),
                History::Failed { error, .. } => {
                    let kind = if error == TIMEOUT { "TaskTimedOut" } else { "TaskFailed" };
                    (
                        kind,
                        "taskFailedEventDetails",
                        json!({ "error": error, "resource": "invoke", "resourceType": "lambda" }),
                    )
                }
                History::Ended { status: Status::Succeeded, .. } => {
                    ("ExecutionSucceeded", "executionSucceededEventDetails", json!({}))
                }
                History::Ended { status: Status::Aborted, .. } => {
                    ("ExecutionAborted", "executionAbortedEventDetails", json!({}))
                }
                History::Ended { status: Status::TimedOut, .. } => {
                    ("ExecutionTimedOut", "executionTimedOutEventDetails", json!({}))
                }
                History::Ended { error, .. } => {
                    ("ExecutionFailed", "executionFailedEventDetails", json!({ "error": error }))
                }
                History::Retried => ("ExecutionRedriven", "executionRedrivenEventDetails", json!({})),
                History::Caught { .. } | History::Dropped { .. } | History::Omitted { .. } => continue,
            };
            let id = events.len() + 1;
            events.push(json!({ "id": id, "previousEventId": id - 1, "timestamp": seconds(*at_ms), "type": kind, field: details }));
        }
        Ok(events)
    }

    /// Starts a machine. Gives the execution's ARN.
    pub(crate) fn start_machine(
        &mut self,
        arn: &str,
        name: Option<String>,
        input: Value,
        cause: Option<HopId>,
    ) -> Result<String, Refusal> {
        let machine = self.machines.find(arn)?;
        match &machine.carries {
            Carries::Planner(definition) => {
                let name = name.unwrap_or_else(|| self.new_id().to_string());
                self.begin_execution(&machine, &definition.clone(), &name, input, cause)
            }
            Carries::Starter { machine: target, dead_letters } => {
                let (target, dead_letters) = (target.clone(), dead_letters.clone());
                self.start_for_event(machine.clone(), target, dead_letters, input, cause, 1);
                Ok(execution_arn(arn, &name.unwrap_or_else(|| self.new_id().to_string())))
            }
            Carries::Nothing(why) => {
                let message = format!("the local system cannot carry {}: {why}", machine.name);
                Err(Refusal::new("InvalidDefinition", message))
            }
        }
    }

    /// What the machine does that evc makes for a rule: the event's id names the execution, and a name that is taken is no error.
    fn start_for_event(
        &mut self,
        starter: Arc<Machine>,
        machine: String,
        dead_letters: String,
        event: Value,
        cause: Option<HopId>,
        tried: u32,
    ) {
        let id = event.pointer("/detail/metadata/eventId").and_then(Value::as_str);
        let id = id.or_else(|| event.get("id").and_then(Value::as_str)).unwrap_or_default();
        let name = evc_workflow::message::execution_name(id);
        let detail = event.get("detail").cloned().unwrap_or_default();
        let may = self.may_do(&starter.who(), "states:StartExecution", &machine, cause);
        match may.and_then(|()| self.start_machine(&machine, Some(name), detail, cause)) {
            Ok(_) => {}
            Err(refusal) if refusal.code == "ExecutionAlreadyExists" => {
                let text = "was started for this event before";
                let address = self.machines.find(&machine).map(|it| it.address.clone()).unwrap_or_default();
                self.note(New::done(cause, Kind::Execution, &address, text, Value::Null));
            }
            Err(_) if tried < STARTS => {
                self.after(START_RETRY_MS << tried.min(5), move |system| {
                    system.start_for_event(starter, machine, dead_letters, event, cause, tried + 1);
                });
            }
            Err(refusal) => {
                let queue = self.queue_arn(&dead_letters);
                let why = format!("{machine} was not started: {refusal}");
                self.keep_dead_letter(
                    &starter.who(),
                    &queue,
                    &event.to_string(),
                    &[("ERROR_CODE", &refusal.code)],
                    cause,
                    &why,
                );
            }
        }
    }

    fn begin_execution(
        &mut self,
        machine: &Machine,
        definition: &Arc<Definition>,
        name: &str,
        input: Value,
        cause: Option<HopId>,
    ) -> Result<String, Refusal> {
        let arn = execution_arn(&machine.arn, name);
        if let Some(before) = self.machines.executions.get(&arn) {
            // The same name and input while it runs is the same start.
            let same = outcome(&before.snapshot.state).is_ok_and(|told| told.input == input);
            if before.snapshot.status == Status::Running && same {
                return Ok(arn);
            }
            return Err(Refusal::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'")));
        }
        let id = ExecutionId::new(&execution_prefix(&machine.arn), name);
        let chance = self.chance();
        let hop = self.note(New::running(cause, Kind::Execution, &machine.address, name.to_owned(), input.clone()));
        let Start { transition, timeout_ms, .. } =
            start(definition, &id, input, self.now_ms(), chance).map_err(|error| {
                self.trace.end(hop, self.now_ms(), Outcome::Failed(error.to_string()));
                Refusal::new("InvalidExecutionInput", error.to_string())
            })?;
        let key = arn.clone();
        let late_ms = self.now_ms() + timeout_ms;
        let timeout = self.idle_until(late_ms, move |system| system.carry_execution(&key, None, Event::TimedOut));
        let snapshot = Snapshot {
            status: Status::Running,
            version: 0,
            revision: 0,
            definition: definition.id().to_owned(),
            state: Vec::new(),
            now_ms: self.now_ms(),
        };
        let execution = Execution {
            id,
            arn: arn.clone(),
            machine: machine.arn.clone(),
            definition: definition.clone(),
            snapshot,
            slots: HashMap::new(),
            timeout,
            started_ms: self.now_ms(),
            ended_ms: None,
            history: Vec::new(),
            entered: Vec::new(),
            hop,
            steps: HashMap::new(),
        };
        self.machines.executions.insert(arn.clone(), execution);
        self.apply(&arn, transition);
        Ok(arn)
    }

    fn chance(&mut self) -> Chance {
        Chance { seed: self.draw(), key: self.machines.key }
    }

    /// Carries an execution on by what happened, if that still counts.
    fn carry_execution(&mut self, arn: &str, fence: Option<(Slot, u64)>, event: Event) {
        let chance = self.chance();
        let now_ms = self.now_ms();
        let Some(execution) = self.machines.executions.get_mut(arn) else { return };
        let gone = |(slot, seq): (Slot, u64)| execution.slots.get(&slot).is_none_or(|work| work.seq != seq);
        if fence.is_some_and(gone) {
            return;
        }
        execution.snapshot.now_ms = now_ms;
        match plan(&execution.definition, &execution.id, &execution.snapshot, fence, event, chance) {
            Ok(Some(transition)) => self.apply(arn, transition),
            Ok(None) => {}
            Err(error) => {
                let hop = execution.hop;
                self.note_end(hop, Outcome::Failed(error.to_string()));
            }
        }
    }

    /// Applies a transition: the new state, and the agenda's tasks for what it orders.
    fn apply(&mut self, arn: &str, transition: Transition) {
        let now_ms = self.now_ms();
        let entries: Vec<History> = serde_json::from_slice(&transition.history).unwrap_or_default();
        for entry in &entries {
            self.note_step(arn, entry);
        }
        let Some(execution) = self.machines.executions.get_mut(arn) else { return };
        execution.history.extend(entries.into_iter().map(|entry| (now_ms, entry)));
        execution.entered.extend(transition.entered);
        execution.snapshot.version += 1;
        execution.snapshot.revision = transition.revision;
        execution.snapshot.state = transition.state;
        let mut off = Vec::new();
        let mut orders = Vec::new();
        for (slot, record) in transition.records {
            off.extend(execution.slots.remove(&slot).into_iter().flat_map(|work| work.tasks));
            if let Some(record) = record {
                execution.slots.insert(slot, Work { seq: record.seq, tasks: Vec::new() });
                orders.push((slot, record));
            }
        }
        let hop = execution.hop;
        if let Some(status) = transition.status {
            execution.snapshot.status = status;
            if status == Status::Running {
                execution.ended_ms = None;
            } else {
                execution.ended_ms = Some(now_ms);
                off.push(execution.timeout);
                let told = outcome(&execution.snapshot.state).ok();
                let error = told.as_ref().and_then(|told| told.error.clone()).unwrap_or_default();
                let cause = told.and_then(|told| told.cause).unwrap_or_default();
                let end = match status {
                    Status::Succeeded => Outcome::Done,
                    Status::TimedOut => Outcome::Failed(TIMEOUT.to_owned()),
                    Status::Failed => Outcome::Failed(format!("{error}: {cause}")),
                    Status::Aborted | Status::Running => Outcome::Failed("stopped".to_owned()),
                };
                self.note_end(hop, end);
            }
        }
        for task in off {
            self.cancel(task);
        }
        for (slot, record) in orders {
            self.order_work(arn, slot, &record);
        }
    }

    fn order_work(&mut self, arn: &str, slot: Slot, record: &Record) {
        let seq = record.seq;
        let begins_ms = record.at_ms.unwrap_or(self.now_ms() + record.delay_ms);
        let mut tasks = Vec::new();
        let key = arn.to_owned();
        match record.phase {
            Phase::Timer => {
                tasks.push(self.at(begins_ms, move |system| {
                    system.carry_execution(&key, Some((slot, seq)), Event::TimerDue { slot });
                }));
            }
            Phase::Dispatched | Phase::Claimed => {
                let record = record.clone();
                tasks.push(self.at(begins_ms, move |system| system.do_work(&key, slot, record)));
            }
            Phase::Signal => {}
        }
        if let Some(timeout_ms) = record.timeout_ms {
            let key = arn.to_owned();
            let late = Event::Failed { slot, error: TIMEOUT.to_owned(), cause: None, claimed_ms: 0 };
            let late_ms = self.now_ms() + timeout_ms;
            tasks.push(self.idle_until(late_ms, move |system| system.carry_execution(&key, Some((slot, seq)), late)));
        }
        if let Some(work) = self.machines.executions.get_mut(arn).and_then(|it| it.slots.get_mut(&slot)) {
            work.tasks = tasks;
        }
    }

    /// Does a piece of work: calls a function, or puts an event on a bus.
    fn do_work(&mut self, arn: &str, slot: Slot, record: Record) {
        let claimed_ms = self.now_ms();
        let number = evc_workflow::work_number(record.seq);
        let Some(execution) = self.machines.executions.get(arn) else { return };
        let cause = Some(execution.steps.get(&number).copied().unwrap_or(execution.hop));
        let fence = Some((slot, record.seq));
        let key = arn.to_owned();
        let machine = execution.machine.clone();
        let who = self.machines.by_arn.get(&machine).map_or(Principal::of(SERVICE, Some(""), &machine), |it| it.who());
        match serde_json::from_slice(&record.payload) {
            Ok(Task::Call(payload)) => {
                let function =
                    self.functions.find(&record.function).map_or(record.function.clone(), |it| it.arn.clone());
                if let Err(refusal) = self.may_do(&who, "lambda:InvokeFunction", &function, cause) {
                    // Retries of `Lambda.AWSLambdaException` are for this, too.
                    let (error, cause) = ("Lambda.AWSLambdaException".to_owned(), Some(refusal.message));
                    let event = Event::Failed { slot, error, cause, claimed_ms };
                    return self.carry_execution(&key, fence, event);
                }
                let payload = payload.to_string().replace(PLANNED_TOKEN, TOKEN);
                let then: Then = Box::new(move |system, ended| {
                    let event = match ended {
                        Ended::Answer(answer) => {
                            let output = serde_json::from_str(&answer).unwrap_or(Value::Null);
                            Event::Succeeded { slot, output, claimed_ms }
                        }
                        Ended::Error { name, message } => {
                            let cause = json!({ "errorType": name, "errorMessage": message }).to_string();
                            Event::Failed { slot, error: name, cause: Some(cause), claimed_ms }
                        }
                        Ended::Throttled => {
                            let error = "Lambda.TooManyRequestsException".to_owned();
                            Event::Failed { slot, error, cause: Some("Rate Exceeded.".to_owned()), claimed_ms }
                        }
                    };
                    system.carry_execution(&key, fence, event);
                });
                let function = self.functions.find(&record.function).map(|it| it.address.clone());
                if self.throttled(&function.unwrap_or_default(), cause, "it") {
                    return then(self, Ended::Throttled);
                }
                self.invoke(Invoke { function: record.function, payload, cause, waits: false, then });
            }
            Ok(Task::Publish(mut entry)) => {
                if let Some(detail) = entry.get("Detail").filter(|detail| !detail.is_string()).map(Value::to_string) {
                    entry["Detail"] = json!(detail);
                }
                let event = match self.put_event_as(&who, &entry, cause) {
                    Ok(id) => {
                        let output = json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": id }] });
                        Event::Succeeded { slot, output, claimed_ms }
                    }
                    Err(refusal) => {
                        let error = format!("EventBridge.{}", refusal.code);
                        Event::Failed { slot, error, cause: Some(refusal.message), claimed_ms }
                    }
                };
                self.carry_execution(&key, fence, event);
            }
            Err(error) => {
                let event = Event::Failed {
                    slot,
                    error: "States.Runtime".to_owned(),
                    cause: Some(error.to_string()),
                    claimed_ms,
                };
                self.carry_execution(&key, fence, event);
            }
        }
    }

    /// Lets the step go on that waits for this token.
    fn answer_token(&mut self, token: &str, event: impl FnOnce(Slot) -> Event) -> Result<Value, Refusal> {
        let invalid = || Refusal::new("InvalidToken", "Invalid Token: 'Invalid token'");
        let planned = token.strip_prefix(TOKEN).map(|rest| format!("{PLANNED_TOKEN}{rest}")).ok_or_else(invalid)?;
        let named = Token::read(&planned).ok_or_else(invalid)?;
        let arn = format!("{}:{}", named.execution.workflow(), named.execution.name());
        let running = self.machines.executions.get(&arn).filter(|it| it.snapshot.status == Status::Running);
        let waiting = running.and_then(|it| {
            let found = waits(&it.definition, &it.snapshot).ok()?;
            let found = found.into_iter().find(|wait| wait.token(&it.id) == named)?;
            Some((found.slot, found.seq))
        });
        let gone = || Refusal::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
        let (slot, seq) = waiting.ok_or_else(gone)?;
        self.carry_execution(&arn, Some((slot, seq)), event(slot));
        Ok(json!({}))
    }

    /// Notes what a transition did, for people.
    fn note_step(&mut self, arn: &str, entry: &History) {
        let Some(execution) = self.machines.executions.get(arn) else { return };
        let (hop, address) = (
            execution.hop,
            self.machines.by_arn.get(&execution.machine).map(|it| it.address.clone()).unwrap_or_default(),
        );
        match entry {
            History::Dispatched { state, seq, attempt, path, delay_ms } => {
                let place = if path.is_empty() { String::new() } else { format!(" in {path}") };
                let again = if *attempt > 0 { format!(" (attempt {})", attempt + 1) } else { String::new() };
                let later = if *delay_ms > 0 { format!(" in {delay_ms} ms") } else { String::new() };
                let text = format!("{state}{place}{again}{later}");
                let step = self.note(New::running(Some(hop), Kind::Step, &address, text, Value::Null));
                if let Some(execution) = self.machines.executions.get_mut(arn) {
                    execution.steps.insert(*seq, step);
                }
            }
            History::Succeeded { seq, .. } => self.step_ended(arn, *seq, Outcome::Done),
            History::Failed { seq, error, .. } => self.step_ended(arn, *seq, Outcome::Failed(error.clone())),
            History::Dropped { seq } => self.step_ended(arn, *seq, Outcome::Failed("no longer wanted".to_owned())),
            History::Caught { state, error, next } => {
                let text = format!("{state}: caught {error}, on with {next}");
                self.note(New::done(Some(hop), Kind::Step, &address, text, Value::Null));
            }
            History::Started | History::Retried | History::Omitted { .. } | History::Ended { .. } => {}
        }
    }

    fn step_ended(&mut self, arn: &str, seq: u64, end: Outcome) {
        let step = self.machines.executions.get_mut(arn).and_then(|it| it.steps.remove(&seq));
        if let Some(step) = step {
            self.note_end(step, end);
        }
    }

    /// The ARN of a queue that is given by its URL.
    pub(crate) fn queue_arn(&self, url: &str) -> String {
        if url.starts_with("arn:") {
            return url.to_owned();
        }
        let names = self.names();
        format!("arn:aws:sqs:{}:{}:{}", names.region, names.account, url.rsplit('/').next().unwrap_or_default())
    }
}

fn caught(entry: &History) -> Option<(String, String)> {
    match entry {
        History::Caught { state, error, .. } => Some((state.clone(), error.clone())),
        _ => None,
    }
}

/// What lists say of an execution.
fn summary(execution: &Execution) -> Value {
    let mut told = json!({
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.id.name(),
        "status": status_word(execution.snapshot.status),
        "startDate": seconds(execution.started_ms),
    });
    if let Some(ended_ms) = execution.ended_ms {
        told["stopDate"] = json!(seconds(ended_ms));
    }
    told
}
