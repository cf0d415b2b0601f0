//! Lambda: functions, their concurrency and time-outs, and asynchronous invocations with their retries.
//!
//! Who runs a handler is outside: an [`Order`] says what is to be run, [`System::invocation_ended`] what came of it.

mod api;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::Refusal;
use crate::faults::Death;
use crate::iam::Principal;
use crate::stack::Stack;
use crate::system::{Caller, System};
use crate::trace::{HopId, Kind, New, Outcome};

/// Environments that a function without a reserved concurrency has at most: a laptop is no account.
const MOST_ENVIRONMENTS: u64 = 10;

/// How long an event waits before it is tried again, by the number of the retry: one minute, then two.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const ASYNC_RETRY_MS: [u64; 2] = [60_000, 120_000];

/// How often an asynchronous event is tried again unless the function says otherwise.
const ASYNC_RETRIES: u64 = 2;

/// How long Lambda keeps an asynchronous event at most, seconds.
const ASYNC_AGE_SECONDS: u64 = 21_600;

/// The longest payload of an asynchronous invocation, and of a synchronous one, bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const ASYNC_PAYLOAD_BYTES: usize = 1_048_576;
/// See [`ASYNC_PAYLOAD_BYTES`].
pub const SYNC_PAYLOAD_BYTES: usize = 6_291_556;

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name in the account.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What the spec calls it: `functions.create-order`.
    pub address: String,
    /// The name of its binary.
    pub binary: String,
    /// The ARN of its role.
    pub role: String,
    /// Its environment variables.
    pub environment: IndexMap<String, String>,
    /// The log group that its lines go to.
    pub log_group: String,
    /// How long an invocation may take.
    pub timeout_ms: u64,
    /// Its memory, MB: shown, not enforced.
    pub memory_mb: u64,
    /// How many of its invocations run at once at most.
    pub concurrency: u64,
    /// Whether that is its reserved concurrency: what is above it is throttled, and does not wait.
    pub reserved: bool,
    retries: u64,
    max_age_ms: u64,
    on_failure: Option<String>,
}

/// What somebody outside is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Run a handler.
    Invoke {
        /// The invocation's number: [`System::invocation_ended`] takes it.
        invocation: u64,
        /// The ARN of the function.
        function: String,
        /// The event, JSON.
        payload: String,
        /// When it has taken too long, milliseconds since 1970.
        deadline_ms: u64,
        /// The id of the request, which logs have.
        request_id: String,
    },
    /// Let no further work be done by processes that run: their environment is another one now.
    Restart {
        /// The ARN of the function.
        function: String,
    },
    /// Give up a handler: its invocation has timed out.
    Kill {
        /// The invocation's number.
        invocation: u64,
    },
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With this answer, JSON.
    Answer(String),
    /// With an error.
    Error {
        /// Its name: `errorType`.
        name: String,
        /// For people.
        message: String,
    },
    /// It did not begin: too many run already.
    Throttled,
}

/// What is done when an invocation has ended.
pub(crate) type Then = Box<dyn FnOnce(&mut System, Ended) + Send>;

/// An invocation that is wanted.
pub(crate) struct Invoke {
    /// The ARN of the function.
    pub(crate) function: String,
    /// The event, JSON.
    pub(crate) payload: String,
    /// What it is because of.
    pub(crate) cause: Option<HopId>,
    /// Whether it waits for an environment instead of being throttled.
    pub(crate) waits: bool,
    /// What follows.
    pub(crate) then: Then,
}

struct Running {
    function: String,
    hop: HopId,
    timer: u64,
    then: Then,
    request_id: String,
    /// Its handler dies before it has told that it is done.
    doomed: bool,
}

/// The functions of all stacks.
#[derive(Default)]
pub struct Functions {
    by_arn: IndexMap<String, Arc<Function>>,
    busy: HashMap<String, u64>,
    waiting: HashMap<String, VecDeque<Invoke>>,
    running: HashMap<u64, Running>,
    /// Those that die, because somebody wants to see what happens then.
    crashing: HashSet<String>,
    last: u64,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Functions").field("by_arn", &self.by_arn).finish_non_exhaustive()
    }
}

impl Functions {
    /// Those of the stacks.
    pub(crate) fn of(stacks: &[Arc<Stack>]) -> Self {
        let mut by_arn = IndexMap::new();
        for stack in stacks {
            for (_, it) in stack.of_type(&["AWS::Serverless::Function", "AWS::Lambda::Function"]) {
                let reserved = it.number("/ReservedConcurrentExecutions");
                let variables = it.at("/Environment/Variables").and_then(Value::as_object);
                let invoke = stack.of_type(&["AWS::Lambda::EventInvokeConfig"]).map(|(_, config)| config);
                let invoke = invoke.into_iter().find(|config| config.text("/FunctionName") == Some(it.name.as_str()));
                let function = Function {
                    name: it.name.clone(),
                    arn: it.arn.clone(),
                    address: it.address.clone(),
                    binary: it.binary.clone().unwrap_or_default(),
                    role: it.text("/Role").unwrap_or_default().to_owned(),
                    environment: variables
                        .into_iter()
                        .flatten()
                        .map(|(name, value)| (name.clone(), plain(value)))
                        .collect(),
                    log_group: it
                        .text("/LoggingConfig/LogGroup")
                        .map_or_else(|| format!("/aws/lambda/{}", it.name), str::to_owned),
                    timeout_ms: it.number("/Timeout").unwrap_or(3) * 1_000,
                    memory_mb: it.number("/MemorySize").unwrap_or(128),
                    concurrency: reserved.unwrap_or(MOST_ENVIRONMENTS),
                    reserved: reserved.is_some(),
                    retries: invoke.and_then(|it| it.number("/MaximumRetryAttempts")).unwrap_or(ASYNC_RETRIES),
                    max_age_ms: invoke
                        .and_then(|it| it.number("/MaximumEventAgeInSeconds"))
                        .unwrap_or(ASYNC_AGE_SECONDS)
                        * 1_000,
                    on_failure: invoke
                        .and_then(|it| it.text("/DestinationConfig/OnFailure/Destination"))
                        .map(str::to_owned),
                };
                by_arn.insert(function.arn.clone(), Arc::new(function));
            }
        }
        Self { by_arn, ..Self::default() }
    }

    /// Other functions: what runs and waits goes on.
    pub(crate) fn become_these(&mut self, other: Self) {
        self.by_arn = other.by_arn;
    }

    /// A function by its ARN, also one with a qualifier, or by its name.
    pub fn find(&self, name: &str) -> Option<&Arc<Function>> {
        let by_name = || {
            self.by_arn
                .values()
                .find(|it| it.name == name || name.strip_prefix(&it.arn).is_some_and(|rest| rest.starts_with(':')))
        };
        self.by_arn.get(name).or_else(by_name)
    }

    /// The names of those that die, in their order.
    pub(crate) fn crashing(&self) -> impl Iterator<Item = &str> {
        self.by_arn.values().filter(|it| self.crashing.contains(&it.arn)).map(|it| it.name.as_str())
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.by_arn.values()
    }
}

/// What an answer is that is longer than Lambda takes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
fn too_long() -> Ended {
    let name = "Function.ResponseSizeTooLarge".to_owned();
    let message = format!("Response payload size exceeded maximum allowed payload size ({SYNC_PAYLOAD_BYTES} bytes).");
    Ended::Error { name, message }
}

/// What Lambda says of a handler whose process has ended.
fn exited(request_id: &str, how: &str) -> Ended {
    let message = format!("RequestId: {request_id} Error: Runtime exited with error: {how}");
    Ended::Error { name: "Runtime.ExitError".to_owned(), message }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl System {
    /// The functions of all stacks.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The hop of an invocation that runs: what its calls are because of.
    pub fn hop_of(&self, invocation: u64) -> Option<HopId> {
        self.functions.running.get(&invocation).map(|it| it.hop)
    }

    /// Runs a function, at once or when an environment is free.
    pub(crate) fn invoke(&mut self, invoke: Invoke) {
        let Some(function) = self.functions.find(&invoke.function).cloned() else {
            let message = format!("Function not found: {}", invoke.function);
            let ended = Ended::Error { name: "Lambda.ResourceNotFoundException".to_owned(), message };
            return (invoke.then)(self, ended);
        };
        let busy = self.functions.busy.entry(function.arn.clone()).or_default();
        if *busy < function.concurrency {
            *busy += 1;
            self.begin(&function, invoke);
        } else if invoke.waits || !function.reserved {
            self.functions.waiting.entry(function.arn.clone()).or_default().push_back(invoke);
        } else {
            (invoke.then)(self, Ended::Throttled);
        }
    }

    fn begin(&mut self, function: &Arc<Function>, invoke: Invoke) {
        let Invoke { payload, cause, then, .. } = invoke;
        self.functions.last += 1;
        let invocation = self.functions.last;
        let data = serde_json::from_str(&payload).unwrap_or(Value::Null);
        let request_id = self.new_id().to_string();
        let running = New::running(cause, Kind::Invocation, &function.address, "runs", data);
        let hop = self.note(running.known_as(&request_id));
        let deadline_ms = self.now_ms() + function.timeout_ms;
        let timer = self.at(deadline_ms, move |system| system.timed_out(invocation));
        let death = self.death(&function.address, hop);
        let running = Running {
            function: function.arn.clone(),
            hop,
            timer,
            then,
            request_id: request_id.clone(),
            doomed: death == Some(Death::After),
        };
        self.functions.running.insert(invocation, running);
        let started = format!("START RequestId: {request_id} Version: $LATEST");
        self.log_line(&function.log_group, "local", &started);
        let crashes = self.functions.crashing.contains(&function.arn);
        if crashes {
            self.note(New::done(Some(hop), Kind::Fault, &function.address, "dies, as asked for", Value::Null));
        }
        if crashes || death == Some(Death::Before) {
            self.after(0, move |system| system.finish(invocation, exited(&request_id, "exit status 1")));
            return;
        }
        if let Some(Death::Midst(ms)) = death {
            self.after(ms, move |system| system.kill(invocation));
        }
        self.order(Order::Invoke { invocation, function: function.arn.clone(), payload, deadline_ms, request_id });
    }

    fn timed_out(&mut self, invocation: u64) {
        let Some(running) = self.functions.running.get(&invocation) else { return };
        let seconds = self.functions.find(&running.function).map_or(0, |it| it.timeout_ms / 1_000);
        self.order(Order::Kill { invocation });
        let message = format!("Task timed out after {seconds}.00 seconds");
        self.finish(invocation, Ended::Error { name: "Sandbox.Timedout".to_owned(), message });
    }

    /// Lets the handler of an invocation die that is under way.
    fn kill(&mut self, invocation: u64) {
        let Some(running) = self.functions.running.get(&invocation) else { return };
        let ended = exited(&running.request_id, "signal: killed");
        self.order(Order::Kill { invocation });
        self.finish(invocation, ended);
    }

    /// Tells how an invocation ended. One that has ended already (a handler that answers after its time-out) is ignored: false.
    pub fn invocation_ended(&mut self, invocation: u64, ended: Ended) -> bool {
        let Some(running) = self.functions.running.get(&invocation) else { return false };
        if running.doomed {
            self.kill(invocation);
            return true;
        }
        let ended = match ended {
            Ended::Answer(answer) if answer.len() > SYNC_PAYLOAD_BYTES => too_long(),
            ended => ended,
        };
        self.finish(invocation, ended);
        true
    }

    fn finish(&mut self, invocation: u64, ended: Ended) {
        let Some(running) = self.functions.running.remove(&invocation) else { return };
        self.cancel(running.timer);
        let outcome = match &ended {
            Ended::Answer(_) => Outcome::Done,
            Ended::Error { name, message } => Outcome::Failed(format!("{name}: {message}")),
            Ended::Throttled => Outcome::Failed("throttled".to_owned()),
        };
        self.note_end(running.hop, outcome);
        (running.then)(self, ended);
        let next = self.functions.waiting.get_mut(&running.function).and_then(VecDeque::pop_front);
        match (next, self.functions.find(&running.function).cloned()) {
            (Some(next), Some(function)) => self.begin(&function, next),
            _ => *self.functions.busy.entry(running.function).or_insert(1) -= 1,
        }
    }

    /// Other environment variables for a function, as `UpdateFunctionConfiguration` sets them; whether there is such a function.
    pub fn set_environment(&mut self, name: &str, environment: IndexMap<String, String>) -> bool {
        let Some(arn) = self.functions.find(name).map(|it| it.arn.clone()) else { return false };
        let Some(function) = self.functions.by_arn.get_mut(&arn) else { return false };
        *function = Arc::new(Function { environment, ..(**function).clone() });
        self.order(Order::Restart { function: arn });
        true
    }

    /// Lets a function's invocations fail as those of a program that dies at once, or work again; whether there is such a function.
    pub fn set_crashing(&mut self, name: &str, crashes: bool) -> bool {
        let Some(arn) = self.functions.find(name).map(|it| it.arn.clone()) else { return false };
        if crashes {
            self.functions.crashing.insert(arn);
        } else {
            self.functions.crashing.remove(&arn);
        }
        true
    }

    /// Invokes a function as an SDK does: to wait for what it answers, `later` (an event), or only to see whether it could be (`dry`).
    ///
    /// # Errors
    ///
    /// There is no such function, the caller's role does not allow it, or the payload is too long.
    pub fn invoke_by_hand(
        &mut self,
        caller: &Caller,
        name: &str,
        payload: String,
        (later, dry): (bool, bool),
        told: Box<dyn FnOnce(Ended) + Send>,
    ) -> Result<(), Refusal> {
        let function = self.functions.find(name).map(|it| it.arn.clone());
        let function = function.ok_or_else(|| api::missing(format!("Function not found: {name}")))?;
        if let Some(role) = &caller.role {
            let who = Principal::Role(role.clone());
            let denied = self.may_do(&who, "lambda:InvokeFunction", &function, caller.cause);
            denied.map_err(|refusal| Refusal { status: 403, ..refusal })?;
        }
        let most = if later { ASYNC_PAYLOAD_BYTES } else { SYNC_PAYLOAD_BYTES };
        if payload.len() > most {
            let message =
                format!("{} byte payload is too large for the invocation (limit {most} bytes)", payload.len());
            return Err(Refusal { status: 413, ..Refusal::new("RequestTooLargeException", message) });
        }
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&payload) {
            let message = format!("Could not parse request body into json: {error}");
            return Err(Refusal::new("InvalidRequestContentException", message));
        }
        if dry {
            return Ok(());
        }
        if later {
            self.invoke_later(&function, payload, caller.cause);
            return Ok(());
        }
        let then: Then = Box::new(move |_, ended| told(ended));
        self.invoke(Invoke { function, payload, cause: caller.cause, waits: false, then });
        Ok(())
    }

    /// Takes a line of a handler's log.
    pub fn logged(&mut self, function: &Function, invocation: Option<u64>, line: &str) {
        self.log_line(&function.log_group, "local", line);
        let json: Option<Value> = serde_json::from_str(line).ok().filter(Value::is_object);
        // Lines of the embedded metric format are measurements: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
        if json.as_ref().is_some_and(|json| json.get("_aws").is_some()) {
            return;
        }
        let text =
            json.as_ref().and_then(|json| json.get("message").and_then(Value::as_str)).unwrap_or(line).to_owned();
        let cause = invocation.and_then(|invocation| self.hop_of(invocation));
        self.note(New::done(cause, Kind::Log, &function.address, text, json.unwrap_or(Value::Null)));
    }

    /// Puts an event into a function's queue of asynchronous invocations: it is tried again after errors, and kept where the function says.
    pub(crate) fn invoke_later(&mut self, function: &str, payload: String, cause: Option<HopId>) {
        let Some(own) = self.functions.find(function).cloned() else { return };
        // The queue of a function is not in order, and gives an event to it at least once.
        // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        let late_ms = self.lateness(&own.address, cause, false);
        if let Some(again_ms) = self.again(&own.address, cause) {
            self.put_event_of(function, payload.clone(), cause, late_ms + again_ms);
        }
        self.put_event_of(function, payload, cause, late_ms);
    }

    fn put_event_of(&mut self, function: &str, payload: String, cause: Option<HopId>, late_ms: u64) {
        let (function, since) = (function.to_owned(), self.now_ms());
        if late_ms == 0 {
            self.try_event(function, payload, cause, since, 0);
        } else {
            self.after(late_ms, move |system| system.try_event(function, payload, cause, since, 0));
        }
    }

    fn try_event(&mut self, function: String, payload: String, cause: Option<HopId>, since_ms: u64, retry: u64) {
        let (own, event) = (function.clone(), payload.clone());
        let then: Then = Box::new(move |system, ended| {
            let Some(function) = system.functions.find(&own).cloned() else { return };
            let Ended::Error { name, message } = ended else { return };
            let delay =
                ASYNC_RETRY_MS.get(usize::try_from(retry).unwrap_or(usize::MAX)).copied().unwrap_or(ASYNC_RETRY_MS[1]);
            let late = system.now_ms() + delay > since_ms + function.max_age_ms;
            if retry < function.retries && !late {
                system.after(delay, move |system| system.try_event(own, event, cause, since_ms, retry + 1));
            } else {
                let condition = if late && retry < function.retries { "EventAgeExceeded" } else { "RetriesExhausted" };
                system.event_failed(&function, &event, cause, retry + 1, (condition, &name, &message));
            }
        });
        self.invoke(Invoke { function, payload, cause, waits: true, then });
    }

    /// What a destination on failure is given.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    fn event_failed(
        &mut self,
        function: &Function,
        event: &str,
        cause: Option<HopId>,
        count: u64,
        why: (&str, &str, &str),
    ) {
        let Some(destination) = &function.on_failure else { return };
        let (condition, name, message) = why;
        let payload: Value = serde_json::from_str(event).unwrap_or(Value::Null);
        let record = json!({
            "version": "1.0",
            "timestamp": self.now(),
            "requestContext": {
                "requestId": self.new_id().to_string(),
                "functionArn": format!("{}:$LATEST", function.arn),
                "condition": condition,
                "approximateInvokeCount": count,
            },
            "requestPayload": payload,
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "responsePayload": { "errorType": name, "errorMessage": message },
        });
        let text = format!("{} after {count} attempts: {name}", function.address);
        self.keep_dead_letter(
            &Principal::Role(function.role.clone()),
            destination,
            &record.to_string(),
            &[],
            cause,
            &text,
        );
    }
}
