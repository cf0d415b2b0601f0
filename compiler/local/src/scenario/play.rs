//! A scenario under way: what is sent, and what functions do then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use evc_compiler::model::{Function, Input};
use evc_compiler::plan::HandlerKind;
use evc_compiler::scenario::action::{Call, Event, Message, Request, Row, Signal, Start};
use evc_compiler::scenario::{Action, Mock, Mocks, Payload, Reference, Scenario, find_route};
use evc_compiler::source::{Span, Spanned};
use evc_compiler::spec::function::Operation;
use serde_json::{Map, Value, json};

use super::delivery::{Deliveries, End};
use super::effects::{Hand, attributes};
use super::part::difference;
use super::sample::{filled, sample};
use super::{Failure, Suite};
use crate::System;
use crate::sim::apigateway::{self, Response};
use crate::sim::lambda::{self, Ended, Order};
use crate::system::Caller;
use crate::trace::HopId;

/// How many turns a scenario has at most until nothing is left to happen: beyond it, something goes round for ever.
const MOST_TURNS: usize = 200_000;

/// A handler that ran.
#[derive(Debug, Clone)]
pub(super) struct Called {
    /// The function's name.
    pub(super) function: String,
    /// What it was given.
    pub(super) input: Value,
    /// The error that it ended with.
    pub(super) error: Option<String>,
    /// Its invocation.
    pub(super) hop: Option<HopId>,
}

/// A scenario under way.
pub(super) struct Play<'s> {
    pub(super) suite: &'s Suite<'s>,
    pub(super) scenario: &'s Scenario,
    pub(super) system: System,
    pub(super) captured: BTreeMap<String, Value>,
    pub(super) failures: Vec<Failure>,
    pub(super) calls: Vec<Called>,
    /// The routes that requests came to.
    pub(super) routes: BTreeSet<String>,
    /// How many calls each mock has taken, by its place in memory: mocks live as long as the suite.
    used: HashMap<*const Mock, u64>,
    /// The answers of idempotent functions, by function and key.
    answered: HashMap<(String, String), End>,
    /// The steps that wait with a token: execution, step, token.
    tokens: Vec<(String, String, String)>,
    /// The functions of which it was told that they have no mock.
    without_mock: BTreeSet<String>,
}

impl<'s> Play<'s> {
    pub(super) fn new(suite: &'s Suite<'s>, scenario: &'s Scenario, system: System) -> Self {
        Self {
            suite,
            scenario,
            system,
            captured: BTreeMap::new(),
            failures: Vec::new(),
            calls: Vec::new(),
            routes: BTreeSet::new(),
            used: HashMap::new(),
            answered: HashMap::new(),
            tokens: Vec::new(),
            without_mock: BTreeSet::new(),
        }
    }

    /// Does what an action says, and lets happen what it leads to.
    pub(super) fn act(&mut self, action: &'s Action) {
        match action {
            Action::Request(request) => self.request(request),
            Action::Event(event) => self.event(event),
            Action::Call(call) => self.call(call),
            Action::Start(start) => self.start(start),
            Action::Signal(signal) => self.signal(signal),
            Action::Message(message) => self.message(message),
            Action::Put(row) => self.row(row),
            Action::Wait(wait) => self.pass(wait.wait.seconds.saturating_mul(1_000)),
        }
        self.settle();
    }

    /// The value of a payload of the scenario. One that refers to what is not there is a failure.
    pub(super) fn value(&mut self, payload: Option<&Payload>) -> Value {
        let Some(payload) = payload else { return Value::Null };
        match payload.value(&|reference| self.look_up(reference)) {
            Ok(value) => value,
            Err(reference) => {
                self.fail(payload.0.span, format!("`{reference}`"), vec!["it was not captured".to_owned()], None);
                Value::Null
            }
        }
    }

    fn look_up(&self, reference: &Reference) -> Option<Value> {
        reference.follow(self.captured.get(&reference.name)?).cloned()
    }

    pub(super) fn fail(&mut self, span: Span, expected: String, observed: Vec<String>, hop: Option<HopId>) {
        self.failures.push(Failure { span, expected, observed, hop });
    }

    fn request(&mut self, request: &'s Request) {
        let model = self.suite.model;
        let text = self.with_references(&request.route);
        let Some((api, route)) = find_route(model, &text) else { return };
        self.routes.insert(route.key());
        let address = if api.declared { format!("apis.{}", api.head.name) } else { "api".to_owned() };
        let Some(id) = self.system.apis().all().find(|own| own.address == address).map(|own| own.id.clone()) else {
            let observed = vec!["APIs of this kind are not carried out".to_owned()];
            return self.fail(request.route.span, format!("{text} is answered"), observed, None);
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for (name, payload) in &request.headers {
            let value = self.value(Some(payload));
            headers.push((name.to_lowercase(), plain(&value)));
        }
        let body = match &request.body {
            Some(body) => {
                let said = self.value(Some(body));
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                said.to_string().into_bytes()
            }
            None => Vec::new(),
        };
        if let Some(caller) = &request.caller {
            let claims = match self.value(Some(caller)) {
                Value::Object(claims) => claims,
                _ => Map::new(),
            };
            if let Some(token) = self.system.make_token(claims) {
                headers.push(("authorization".to_owned(), format!("Bearer {token}")));
            }
        }
        let (method, path) = text.split_once(' ').unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let sent = apigateway::Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
            source_ip: "127.0.0.1".to_owned(),
        };
        let answered: Arc<Mutex<Option<Response>>> = Arc::default();
        let answer = answered.clone();
        let respond = Box::new(move |response| {
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
        });
        let before = self.system.trace.all().last().map_or(0, |hop| hop.id);
        self.system.request(&id, sent, respond);
        self.settle();
        let response = answered.lock().unwrap_or_else(PoisonError::into_inner).take();
        let hop = Some(before + 1);
        let Some(response) = response else {
            return self.fail(request.route.span, format!("{text} is answered"), vec!["it was not".to_owned()], hop);
        };
        self.answered_request(request, &response, hop);
    }

    fn answered_request(&mut self, request: &'s Request, response: &Response, hop: Option<HopId>) {
        let body = serde_json::from_slice(&response.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&response.body).into_owned().into());
        let said = || vec![format!("{} {body}", response.status)];
        match &request.status {
            Some(wanted) if u64::from(response.status) != wanted.value => {
                self.fail(wanted.span, format!("status {}", wanted.value), said(), hop);
            }
            None if response.status >= 400 => {
                self.fail(request.route.span, "a success".to_owned(), said(), hop);
            }
            Some(_) | None => {}
        }
        if let Some(answer) = &request.answer {
            let wanted = self.value(Some(answer));
            if let Some(found) = difference(&body, &wanted) {
                let observed = vec![found.to_string(), body.to_string()];
                self.fail(answer.0.span, format!("an answer with {wanted}"), observed, hop);
            }
        }
        let headers: Map<String, Value> =
            response.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let whole = json!({ "status": response.status, "headers": headers, "body": body });
        for (name, way) in &request.capture {
            self.capture(name, way, &whole);
        }
    }

    fn capture(&mut self, name: &str, way: &Spanned<String>, whole: &Value) {
        let found = Reference::parse(way).and_then(|way| {
            let root = whole.get(&way.name)?;
            way.follow(root).cloned()
        });
        match found {
            Some(value) => drop(self.captured.insert(name.to_owned(), value)),
            None => self.fail(way.span, format!("the answer has `{}`", way.value), vec![whole.to_string()], None),
        }
    }

    /// A text with what its references stand for.
    fn with_references(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let end = after.find(['/', '?', '&', '=', ' ']).unwrap_or(after.len());
            let (name, left) = after.split_at(end);
            match Reference::parse(name).and_then(|reference| self.look_up(&reference)) {
                Some(value) => out.push_str(&encoded(&plain(&value))),
                None => out.extend(["$", name]),
            }
            rest = left;
        }
        out.push_str(rest);
        out
    }

    fn event(&mut self, sent: &'s Event) {
        let model = self.suite.model;
        let Some(event) = model.events.values().find(|event| event.head.name == sent.event.value) else { return };
        let said = self.value(sent.detail.as_ref());
        let mut detail = filled(&mut self.system, &model.types, &event.detail, said, &[]);
        if detail.get("metadata").is_none() && detail.is_object() {
            let id = self.system.new_id().to_string();
            detail["metadata"] = json!({ "eventId": id });
        }
        let entry = self.entry(event, &detail);
        for _ in 0..sent.times.as_ref().map_or(1, |times| times.value) {
            let put = self.system.call(&Caller::default(), "AWSEvents.PutEvents", json!({ "Entries": [entry] }));
            if let Err(refusal) = put {
                self.fail(sent.event.span, "the bus takes the event".to_owned(), vec![refusal.to_string()], None);
            }
        }
    }

    fn call(&mut self, sent: &'s Call) {
        let model = self.suite.model;
        let Some(function) = model.functions.values().find(|it| it.head.name == sent.call.value) else { return };
        let said = self.value(sent.with.as_ref());
        let input = match &function.input {
            Input::Value(ty) => filled(&mut self.system, &model.types, ty, said, &[]),
            Input::Nothing | Input::Events(_) => said,
        };
        let address = format!("functions.{}", sent.call.value);
        let found = self.system.functions().all().find(|it| it.address == address).map(|it| it.name.clone());
        let Some(name) = found else { return };
        let ended: Arc<Mutex<Option<Ended>>> = Arc::default();
        let told = ended.clone();
        let before = self.system.trace.all().last().map_or(0, |hop| hop.id);
        let tell = Box::new(move |end| *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(end));
        let invoked = self.system.invoke_by_hand(&Caller::default(), &name, input.to_string(), (false, false), tell);
        if let Err(refusal) = invoked {
            self.fail(sent.call.span, "the function takes the input".to_owned(), vec![refusal.to_string()], None);
            return;
        }
        self.settle();
        let hop = Some(before + 1);
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (ended, &sent.error) {
            (Some(Ended::Answer(answer)), None) => {
                let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                if let Some(payload) = &sent.answer {
                    let wanted = self.value(Some(payload));
                    if let Some(found) = difference(&answer, &wanted) {
                        let observed = vec![found.to_string(), answer.to_string()];
                        self.fail(payload.0.span, format!("an answer with {wanted}"), observed, hop);
                    }
                }
                for (name, way) in &sent.capture {
                    let found = Reference::parse(way).and_then(|it| it.follow(answer.get(&it.name)?).cloned());
                    if let Some(value) = found {
                        self.captured.insert(name.value.clone(), value);
                    } else {
                        let expected = format!("the answer has `{}`", way.value);
                        self.fail(way.span, expected, vec![answer.to_string()], hop);
                    }
                }
            }
            (Some(Ended::Error { name, .. }), Some(wanted)) if name == wanted.value => {}
            (ended, wanted) => {
                let expected = wanted.as_ref().map_or("an answer".to_owned(), |error| format!("error {}", error.value));
                let span = wanted.as_ref().map_or(sent.call.span, |error| error.span);
                let observed = match ended {
                    Some(Ended::Answer(answer)) => format!("it answered {answer}"),
                    Some(Ended::Error { name, message }) => format!("{name}: {message}"),
                    Some(Ended::Throttled) => "it was throttled".to_owned(),
                    None => "it did not end".to_owned(),
                };
                self.fail(span, expected, vec![observed], hop);
            }
        }
    }

    fn start(&mut self, sent: &'s Start) {
        let model = self.suite.model;
        let Some(workflow) = model.workflows.values().find(|it| it.head.name == sent.start.value) else { return };
        let said = self.value(sent.with.as_ref());
        let input = filled(&mut self.system, &model.types, &workflow.input, said, &[]);
        let machine = format!("workflows.{}", sent.start.value);
        let arn =
            self.suite.stack.resources.values().find(|it| it.address == machine && it.arn.contains(":stateMachine:"));
        let Some(arn) = arn.map(|it| it.arn.clone()) else { return };
        let mut body = json!({ "stateMachineArn": arn, "input": input.to_string() });
        if let Some(name) = &sent.name {
            body["name"] = name.as_str().into();
        }
        if let Err(refusal) = self.system.call(&Caller::default(), "AWSStepFunctions.StartExecution", body) {
            self.fail(sent.start.span, "the execution starts".to_owned(), vec![refusal.to_string()], None);
        }
    }

    fn signal(&mut self, sent: &'s Signal) {
        let answer = self.value(sent.answer.as_ref());
        let of = format!("workflows.{}", sent.of.value);
        let machine =
            self.suite.stack.resources.values().find(|it| it.address == of && it.arn.contains(":stateMachine:"));
        let prefix = machine.map(|it| it.arn.replace(":stateMachine:", ":execution:")).unwrap_or_default();
        let waiting = self
            .tokens
            .iter()
            .rposition(|(execution, step, _)| *step == sent.signal.value && execution.starts_with(&prefix));
        let Some(at) = waiting else {
            let expected = format!("step `{}` waits for a signal", sent.signal.value);
            return self.fail(sent.signal.span, expected, vec!["no execution is there".to_owned()], None);
        };
        let (_, _, token) = self.tokens.remove(at);
        let (operation, body) = match &sent.error {
            Some(error) => ("SendTaskFailure", json!({ "taskToken": token, "error": error.value })),
            None => ("SendTaskSuccess", json!({ "taskToken": token, "output": answer.to_string() })),
        };
        if let Err(refusal) = self.system.call(&Caller::default(), &format!("AWSStepFunctions.{operation}"), body) {
            let expected = format!("step `{}` takes the signal", sent.signal.value);
            self.fail(sent.signal.span, expected, vec![refusal.to_string()], None);
        }
    }

    fn message(&mut self, sent: &'s Message) {
        let model = self.suite.model;
        let Some(queue) = model.queues.values().find(|it| it.head.name == sent.message.value) else { return };
        let said = self.value(sent.body.as_ref());
        let body = match &queue.message {
            Some(ty) => filled(&mut self.system, &model.types, ty, said, &[]),
            None => said,
        };
        let group = queue.group.as_ref().map(|group| group.as_str());
        if let Err(refusal) = self.send_message(&sent.message, group, &body, &Caller::default()) {
            self.fail(sent.message.span, "the queue takes the message".to_owned(), vec![refusal.to_string()], None);
        }
    }

    fn row(&mut self, sent: &'s Row) {
        let model = self.suite.model;
        let Some((id, name)) = self.table(&sent.put) else { return };
        let said = self.value(Some(&sent.item));
        let item = filled(&mut self.system, &model.types, &model.tables[id].item, said, &[]);
        let body = json!({ "TableName": name, "Item": attributes(&item) });
        if let Err(refusal) = self.system.call(&Caller::default(), "DynamoDB_20120810.PutItem", body) {
            self.fail(sent.put.span, "the table takes the row".to_owned(), vec![refusal.to_string()], None);
        }
    }

    /// Lets so much time pass, with all that is due on the way.
    fn pass(&mut self, ms: u64) {
        let until = self.system.now_ms() + ms;
        for _ in 0..MOST_TURNS {
            self.carry_out();
            match self.system.next_ms().filter(|next| *next <= until) {
                Some(next) => self.system.advance(next),
                None => break,
            }
        }
        self.system.advance(until);
    }

    /// Lets happen what is under way, until nothing is but what only time brings.
    fn settle(&mut self) {
        for _ in 0..MOST_TURNS {
            self.carry_out();
            if !self.system.is_busy() {
                return;
            }
            match self.system.next_ms() {
                Some(next) => self.system.advance(next),
                None => return,
            }
        }
        let (span, expected) = (self.scenario.send.span, "nothing is left to happen at last".to_owned());
        self.fail(span, expected, vec![format!("after {MOST_TURNS} turns there still is something")], None);
    }

    /// Carries out what is ordered, until nothing is.
    fn carry_out(&mut self) {
        loop {
            let orders = self.system.take_orders();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                let Order::Invoke { invocation, function, payload, .. } = order else { continue };
                let Some(function) = self.system.functions().find(&function).cloned() else { continue };
                let payload = serde_json::from_str(&payload).unwrap_or(Value::Null);
                let (ended, takes_ms) = self.handle(invocation, &function, &payload);
                if takes_ms == 0 {
                    self.system.invocation_ended(invocation, ended);
                } else {
                    self.system.after(takes_ms, move |system| {
                        system.invocation_ended(invocation, ended);
                    });
                }
            }
        }
    }

    /// Does what a function does: how it ends, and how long that takes.
    fn handle(&mut self, invocation: u64, function: &lambda::Function, payload: &Value) -> (Ended, u64) {
        let caller = Caller { role: Some(function.role.clone()), cause: self.system.hop_of(invocation) };
        let model = self.suite.model;
        match self.suite.stack.handlers.get(&function.binary) {
            Some(HandlerKind::Function(id)) => self.mocked(&model.functions[*id], &caller, payload),
            Some(HandlerKind::Forwarder(id)) if model.outboxes[*id].changes.is_none() => {
                (self.forward(function, &caller, payload), 0)
            }
            Some(HandlerKind::Forwarder(_) | HandlerKind::Redrive(_) | HandlerKind::Engine) | None => {
                let observed = vec![format!("{} has no mock, and is none of the spec's functions", function.address)];
                if self.without_mock.insert(function.address.clone()) {
                    let expected = "what scenarios can carry out".to_owned();
                    self.fail(self.scenario.send.span, expected, observed, caller.cause);
                }
                (Ended::Answer(Value::Null.to_string()), 0)
            }
        }
    }

    fn mocked(&mut self, function: &'s Function, caller: &Caller, payload: &Value) -> (Ended, u64) {
        let model = self.suite.model;
        let deliveries = Deliveries::read(model, function, payload);
        if let Some((execution, step, token)) = deliveries.token() {
            self.tokens.push((execution.to_owned(), step.to_owned(), token.to_owned()));
        }
        let (mut ends, mut takes_ms) = (Vec::new(), 0);
        if let Some(why) = deliveries.refused() {
            ends.push(End::Error { name: "InvalidInput".to_owned(), message: why.to_owned() });
            return (deliveries.ended(model, function, &ends), 0);
        }
        for delivery in &deliveries.all {
            let key = delivery.key.clone().filter(|_| function.idempotent.is_some());
            let key = key.map(|key| (function.head.name.clone(), key));
            if let Some(end) = key.as_ref().and_then(|key| self.answered.get(key)) {
                ends.push(end.clone());
                continue;
            }
            let mut hand = Hand {
                function,
                caller: caller.clone(),
                input: &delivery.input,
                claims: &delivery.caller,
                rows: Vec::new(),
            };
            let (end, took_ms) = self.run_mock(&mut hand);
            takes_ms = takes_ms.max(took_ms);
            let error = match &end {
                End::Error { name, .. } => Some(name.clone()),
                End::Crash => Some("Runtime.ExitError".to_owned()),
                End::Answer(_) | End::Response(..) => None,
            };
            self.calls.push(Called {
                function: function.head.name.clone(),
                input: delivery.input.clone(),
                error,
                hop: caller.cause,
            });
            if let (Some(key), End::Answer(_) | End::Response(..)) = (key, &end) {
                self.answered.insert(key, end.clone());
            }
            ends.push(end);
        }
        (deliveries.ended(model, function, &ends), takes_ms)
    }

    /// Runs the mock for an input, or what a function does that has none.
    fn run_mock(&mut self, hand: &mut Hand<'_>) -> (End, u64) {
        let model = self.suite.model;
        let Some(mock) = self.mock(&hand.function.head.name, hand) else {
            return (self.unmocked(hand), 0);
        };
        let takes_ms = mock.takes.as_ref().map_or(0, |takes| takes.seconds.saturating_mul(1_000));
        for effect in &mock.does {
            if let Err(why) = self.do_effect(effect, hand) {
                let span = effect_span(effect);
                self.fail(span, "the effect is done".to_owned(), vec![why.clone()], hand.caller.cause);
                return (End::Error { name: "Internal".to_owned(), message: why }, takes_ms);
            }
        }
        if mock.crash {
            return (End::Crash, takes_ms);
        }
        if let Some(error) = &mock.error {
            let message = mock.message.clone().unwrap_or_else(|| "as the mock says".to_owned());
            return (End::Error { name: error.value.clone(), message }, takes_ms);
        }
        let said = match self.said(mock.answer.as_ref(), hand) {
            Ok(said) => said,
            Err(why) => {
                let span = mock.answer.as_ref().map_or(self.scenario.send.span, |answer| answer.0.span);
                self.fail(span, "the answer is made".to_owned(), vec![why], hand.caller.cause);
                Value::Null
            }
        };
        let named = mock.response.as_ref().map(|name| name.as_str());
        let answer = match hand.function.answers(named) {
            Some(ty) => filled(&mut self.system, &model.types, ty, said, &hand.sources()),
            None => Value::Null,
        };
        match hand.function.response(named) {
            Some(response) => (End::Response(response.status.value, answer), takes_ms),
            None => (End::Answer(answer), takes_ms),
        }
    }

    /// The mock that takes a call: the first that fits and is not used up, those of the scenario first.
    fn mock(&mut self, name: &str, hand: &Hand<'_>) -> Option<&'s Mock> {
        let of = |mocks: &'s Mocks| mocks.get(name).into_iter().flatten();
        let all = of(&self.scenario.mocks).chain(of(&self.suite.file.mocks));
        for mock in all {
            let used = self.used.get(&std::ptr::from_ref(mock)).copied().unwrap_or(0);
            if mock.times.as_ref().is_some_and(|times| used >= times.value) {
                continue;
            }
            let given = self.said(mock.given.as_ref(), hand).unwrap_or(Value::Null);
            if mock.given.is_none() || super::part::has(hand.input, &given) {
                *self.used.entry(std::ptr::from_ref(mock)).or_default() += 1;
                return Some(mock);
            }
        }
        None
    }

    /// What a function does that has no mock: a sample, if it only reads.
    fn unmocked(&mut self, hand: &Hand<'_>) -> End {
        let function = hand.function;
        let is_read =
            |it: &Operation| matches!(it, Operation::Get | Operation::Query | Operation::Check | Operation::Read);
        let reads = function.tables.iter().flat_map(|it| &it.operations).all(is_read);
        let writes = !reads
            || !function.outbox_events.is_empty()
            || !function.publishes.is_empty()
            || !function.sends.is_empty()
            || !function.starts.is_empty()
            || !function.signals.is_empty();
        let name = &function.head.name;
        if writes {
            if self.without_mock.insert(name.clone()) {
                let expected = format!("a mock of `{name}` that takes {}", hand.input);
                let observed = vec!["none does, and a sample would leave out what it writes".to_owned()];
                self.fail(self.scenario.send.span, expected, observed, hand.caller.cause);
            }
            return End::Error { name: "Configuration".to_owned(), message: format!("there is no mock of `{name}`") };
        }
        let types = &self.suite.model.types;
        let answer = function.answers(None).map_or(Value::Null, |ty| sample(&mut self.system, types, ty, "value"));
        function.response(None).map_or(End::Answer(answer.clone()), |it| End::Response(it.status.value, answer))
    }
}

/// Where an effect is written.
fn effect_span(effect: &evc_compiler::scenario::Effect) -> Span {
    use evc_compiler::scenario::Effect;
    match effect {
        Effect::Put(it) => it.put.span,
        Effect::Update(it) => it.update.span,
        Effect::Delete(it) => it.delete.span,
        Effect::Publish(it) => it.publish.span,
        Effect::Send(it) => it.send.span,
    }
}

/// A value as text in a header or a path.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text as part of a path: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}
