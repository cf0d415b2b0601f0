//! What runs: a clock, an agenda, the services, and what is to be done outside.
//!
//! Whoever carries a system on does three things: it [advances](System::advance) the clock, hands [orders](System::take_orders) to those who
//! carry them out (processes of handlers, or mocks), and tells what came of them ([`System::invocation_ended`]). Calls of services and
//! requests of APIs come in between. Nothing else happens, so that the same calls at the same times with the same seed give the same.

use std::sync::Arc;

use evc_values::{Timestamp, Uuid, hash};
use serde_json::{Value, json};

use crate::agenda::{Agenda, Task};
use crate::faults::Faults;
use crate::iam::{self, Asked, Authority, Principal};
use crate::jwt::Issuers;
use crate::sim::{
    apigateway, dynamodb, eventbridge, lambda, logs, pipes, secretsmanager, sns, sqs, ssm, stepfunctions, streams,
};
use crate::trace::{HopId, Kind, New, Outcome, Trace};
use crate::{Refusal, Stack};

/// A system of one stack or several, which share an account.
#[derive(Debug)]
pub struct System {
    /// The stacks.
    pub stacks: Vec<Arc<Stack>>,
    /// What happened.
    pub trace: Trace,
    now_ms: u64,
    agenda: Agenda,
    drawn: u64,
    seed: u64,
    pub(crate) authority: Authority,
    pub(crate) apis: apigateway::Apis,
    pub(crate) archives: eventbridge::Archives,
    pub(crate) buses: eventbridge::Buses,
    pub(crate) faults: Faults,
    pub(crate) functions: lambda::Functions,
    pub(crate) issuers: Issuers,
    pub(crate) logs: logs::Logs,
    pub(crate) machines: stepfunctions::Machines,
    pub(crate) parameters: ssm::Parameters,
    pub(crate) pipes: pipes::Pipes,
    pub(crate) queues: sqs::Queues,
    pub(crate) readers: streams::Readers,
    pub(crate) secrets: secretsmanager::Secrets,
    pub(crate) tables: dynamodb::Tables,
    pub(crate) topics: sns::Topics,
    orders: Vec<lambda::Order>,
}

/// Who calls a service.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The ARN of the role; none for who is outside of the stack (a command line, an SDK), who may do everything.
    pub role: Option<String>,
    /// What the call is because of.
    pub cause: Option<HopId>,
}

impl System {
    /// A system in which nothing has happened, at this time, milliseconds since 1970. What chance decides follows from the seed.
    ///
    /// # Errors
    ///
    /// When what a stack holds cannot be made: a table that DynamoDB refuses.
    pub fn new(stacks: Vec<Arc<Stack>>, store: dynamodb::Kept, now_ms: u64, seed: u64) -> Result<Self, String> {
        let mut system = Self {
            trace: Trace::default(),
            now_ms,
            agenda: Agenda::default(),
            drawn: 0,
            seed,
            authority: Authority::of(&stacks),
            apis: apigateway::Apis::of(&stacks)?,
            archives: eventbridge::Archives::of(&stacks)?,
            buses: eventbridge::Buses::of(&stacks)?,
            faults: Faults::default(),
            functions: lambda::Functions::of(&stacks),
            issuers: Issuers::new(&hash::fnv128(&[&seed.to_string(), &now_ms.to_string()]).to_be_bytes()),
            logs: logs::Logs::default(),
            machines: stepfunctions::Machines::of(&stacks),
            parameters: ssm::Parameters::of(&stacks),
            pipes: pipes::Pipes::of(&stacks)?,
            queues: sqs::Queues::of(&stacks),
            readers: streams::Readers::of(&stacks)?,
            secrets: secretsmanager::Secrets::default(),
            tables: dynamodb::Tables::open(&stacks, store)?,
            topics: sns::Topics::of(&stacks),
            orders: Vec::new(),
            stacks,
        };
        system.make_secrets();
        system.start_schedules();
        system.start_expiry();
        system.catch_up();
        Ok(system)
    }

    /// Goes on as other stacks say. What is under way stays: items, messages, executions with the definition that they began with. Gives what
    /// there is to say of it.
    ///
    /// # Errors
    ///
    /// When what a stack holds cannot be made; then nothing has changed.
    pub fn reconfigure(&mut self, stacks: Vec<Arc<Stack>>) -> Result<Vec<String>, String> {
        let buses = eventbridge::Buses::of(&stacks)?;
        let pipes = pipes::Pipes::of(&stacks)?;
        let readers = streams::Readers::of(&stacks)?;
        let apis = apigateway::Apis::of(&stacks)?;
        let archives = eventbridge::Archives::of(&stacks)?;
        let notes = self.tables.reconfigure(&stacks)?;
        self.authority = Authority::of(&stacks);
        self.apis.become_these(apis);
        self.archives.become_these(archives);
        self.topics = sns::Topics::of(&stacks);
        self.buses = buses;
        self.pipes.become_these(pipes);
        self.readers.become_these(readers);
        self.functions.become_these(lambda::Functions::of(&stacks));
        self.machines.become_these(stepfunctions::Machines::of(&stacks));
        self.parameters.become_these(ssm::Parameters::of(&stacks));
        self.change_queues(sqs::Queues::of(&stacks));
        let before = std::mem::replace(&mut self.stacks, stacks);
        self.make_secrets();
        self.start_schedules_beside(&before);
        Ok(notes)
    }

    /// The time, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// The time as text: `2026-01-01T00:00:00.000Z`.
    pub(crate) fn now(&self) -> String {
        timestamp(self.now_ms)
    }

    /// The next number of the system's chance.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        hash::mix(self.seed ^ hash::mix(self.drawn))
    }

    /// An id that no other thing of the system has.
    pub(crate) fn new_id(&mut self) -> Uuid {
        let (high, low) = (u128::from(self.draw()), u128::from(self.draw()));
        hash::random_id(high << 64 | low)
    }

    /// Does a task when the clock has come to this time.
    pub(crate) fn at(&mut self, at_ms: u64, task: impl FnOnce(&mut Self) + Send + 'static) -> u64 {
        let task: Task = Box::new(task);
        self.agenda.put(at_ms.max(self.now_ms), task)
    }

    /// Does a task after so many milliseconds.
    pub(crate) fn after(&mut self, delay_ms: u64, task: impl FnOnce(&mut Self) + Send + 'static) -> u64 {
        self.at(self.now_ms.saturating_add(delay_ms), task)
    }

    /// Does a task when the clock has come to this time; until then, nothing is under way because of it.
    pub(crate) fn idle_until(&mut self, at_ms: u64, task: impl FnOnce(&mut Self) + Send + 'static) -> u64 {
        self.agenda.put_idle(at_ms.max(self.now_ms), Box::new(task))
    }

    /// Whether something is under way that is not only brought by time, as schedules and the time-outs of what waits are.
    pub fn is_busy(&self) -> bool {
        self.agenda.is_busy() || !self.orders.is_empty()
    }

    /// A task that is no longer wanted.
    pub(crate) fn cancel(&mut self, number: u64) {
        self.agenda.cancel(number);
    }

    /// When something is due next.
    pub fn next_ms(&mut self) -> Option<u64> {
        self.agenda.next_ms()
    }

    /// Sets the clock forward, and does what is due on the way, each at its time. A clock never goes back.
    pub fn advance(&mut self, to_ms: u64) {
        while let Some((at_ms, task)) = self.agenda.take(to_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            task(self);
        }
        self.now_ms = self.now_ms.max(to_ms);
    }

    /// What is to be done outside, in its order.
    pub fn take_orders(&mut self) -> Vec<lambda::Order> {
        std::mem::take(&mut self.orders)
    }

    pub(crate) fn order(&mut self, order: lambda::Order) {
        self.orders.push(order);
    }

    /// Notes a hop.
    pub(crate) fn note(&mut self, new: New) -> HopId {
        self.trace.add(self.now_ms, new)
    }

    /// Notes how a hop ended.
    pub(crate) fn note_end(&mut self, hop: HopId, outcome: Outcome) {
        self.trace.end(hop, self.now_ms, outcome);
    }

    /// Calls a service, as an SDK does: the target names service and operation (`DynamoDB_20120810.PutItem`).
    ///
    /// # Errors
    ///
    /// What the service refuses with.
    pub fn call(&mut self, caller: &Caller, target: &str, body: Value) -> Result<Value, Refusal> {
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        self.authorize(caller, service, operation, &body)?;
        self.throttle(caller, service, operation)?;
        self.carry_out(caller, service, operation, body)
    }

    /// Calls a service as one that takes a role on: an API, whose methods lead straight to other services.
    pub(crate) fn call_as(
        &mut self,
        who: &Principal,
        cause: Option<HopId>,
        target: &str,
        body: Value,
    ) -> Result<Value, Refusal> {
        let (service, operation) = target.split_once('.').unwrap_or((target, ""));
        let asked = iam::asked(service, operation, &body, &self.names());
        self.may(who, &asked, cause)?;
        let role = who.role().map(str::to_owned);
        let caller = Caller { role, cause };
        self.throttle(&caller, service, operation)?;
        self.carry_out(&caller, service, operation, body)
    }

    fn carry_out(&mut self, caller: &Caller, service: &str, operation: &str, body: Value) -> Result<Value, Refusal> {
        match service {
            "DynamoDB_20120810" => self.dynamodb(caller, operation, body),
            "DynamoDBStreams_20120810" => self.dynamodb_streams(operation, body),
            "AWSEvents" => self.eventbridge(caller, operation, &body),
            "AmazonSQS" => self.sqs(caller, operation, &body),
            "AWSStepFunctions" => self.stepfunctions(caller, operation, &body),
            "secretsmanager" => self.secretsmanager(operation, &body),
            "AmazonSSM" => self.ssm(operation, &body),
            "Logs_20140328" => self.logs(operation, &body),
            "SNS" => self.sns(caller, operation, &body),
            "IAM" => self.iam(operation, &body),
            "STS" => self.sts(caller, operation),
            "Lambda" => self.lambda(operation, &body),
            _ => Err(Refusal::unknown_operation(service, operation)),
        }
    }

    /// Whether the caller's role allows the call. What it does not is noted.
    fn authorize(&mut self, caller: &Caller, service: &str, operation: &str, body: &Value) -> Result<(), Refusal> {
        let Some(role) = &caller.role else { return Ok(()) };
        let asked = iam::asked(service, operation, body, &self.names());
        self.may(&Principal::Role(role.clone()), &asked, caller.cause)
    }

    /// Whether somebody may do all this. What is not allowed is noted below its cause, with what would allow it.
    pub(crate) fn may(&mut self, who: &Principal, asked: &[Asked], cause: Option<HopId>) -> Result<(), Refusal> {
        let decide = |asked: &Asked| Some((asked.clone(), self.authority.decide(who, asked).err()?));
        let Some((missing, denied)) = asked.iter().find_map(decide) else { return Ok(()) };
        let thing = self.authority.who(who).to_owned();
        let text = format!("{} on {} is not allowed", missing.action, missing.resource);
        self.note(New::done(cause, Kind::Call, &thing, text, Value::Null).with(Outcome::Denied(denied.to_string())));
        Err(Refusal::denied(&denied))
    }

    /// The same of one thing.
    pub(crate) fn may_do(
        &mut self,
        who: &Principal,
        action: &str,
        on: &str,
        cause: Option<HopId>,
    ) -> Result<(), Refusal> {
        let asked = self.names().ask(action, on.to_owned());
        self.may(who, &[asked], cause)
    }

    /// Refuses a call of a function as one too many, if that is a fault of this moment. Those from outside are not refused.
    fn throttle(&mut self, caller: &Caller, service: &str, operation: &str) -> Result<(), Refusal> {
        let Some(role) = &caller.role else { return Ok(()) };
        let thing = self.authority.roles.owner(role).to_owned();
        if !self.throttled(&thing, caller.cause, operation) {
            return Ok(());
        }
        // Codes that SDKs know as throttling:
        // https://docs.aws.amazon.com/general/latest/gr/api-retries.html
        let code = match service {
            "AmazonSQS" => "RequestThrottled",
            "SNS" => "ThrottledException",
            _ => "ThrottlingException",
        };
        Err(Refusal::new(code, "Rate exceeded"))
    }

    /// Takes all rights from a role, or gives them back; whether there is such a role.
    pub fn set_without_rights(&mut self, role: &str, without: bool) -> bool {
        self.authority.roles.set_without_policies(role, without)
    }

    /// What there is, for people and tools: stacks, their APIs, functions, and the clock.
    pub fn told(&self) -> Value {
        let stacks = self.stacks.iter().map(|stack| {
            let things = stack.resources.iter().map(|(id, it)| {
                json!({ "id": id, "type": it.type_, "thing": it.address, "place": it.place, "name": it.name, "arn": it.arn, "ref": it.reference })
            });
            json!({ "service": stack.service, "environment": stack.environment, "resources": things.collect::<Vec<_>>(), "outputs": stack.outputs })
        });
        json!({ "now": self.now(), "nowMs": self.now_ms, "stacks": stacks.collect::<Vec<_>>() })
    }

    /// What turns the names of requests into ARNs.
    pub(crate) fn names(&self) -> iam::Names<'_> {
        let place = self.stacks.first().map(|stack| &stack.place);
        iam::Names {
            account: place.map_or("000000000000", |place| place.account.as_str()),
            region: place.map_or("us-east-1", |place| place.region.as_str()),
        }
    }
}

/// A time as text, with milliseconds.
pub(crate) fn timestamp(ms: u64) -> String {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millis(ms).ok()).map(|at| at.to_string()).unwrap_or_default()
}
