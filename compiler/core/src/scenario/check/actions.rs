//! What is sent.

use super::Checker;
use super::fit::Extent;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::workflow::{StepKind, Wait};
use crate::model::{Function, Input, Integration, Model, Workflow};
use crate::scenario::Action;
use crate::scenario::action::{Call, Event, Message, Request, Row, Signal, Start};
use crate::scenario::payload::{Payload, Reference};
use crate::source::Spanned;
use crate::types::Type;

pub(super) fn check(action: &Action, checker: &mut Checker<'_>) {
    match action {
        Action::Request(request) => checker.request(request),
        Action::Event(event) => checker.sent_event(event),
        Action::Call(call) => checker.sent_call(call),
        Action::Start(start) => checker.start(start),
        Action::Signal(signal) => checker.signal(signal),
        Action::Message(message) => checker.sent_message(message),
        Action::Put(row) => checker.row_there(row),
        Action::Wait(_) => {}
    }
}

/// What a function is given, where that is a value of one type.
pub(super) fn input(function: &Function) -> Option<&Type> {
    match &function.input {
        Input::Value(ty) => Some(ty),
        Input::Nothing | Input::Events(_) => None,
    }
}

impl Checker<'_> {
    fn request(&mut self, request: &Request) {
        self.references_in(&request.route);
        for payload in request.headers.values().chain(&request.caller) {
            self.refers(payload);
        }
        // References in a path stand for one part of it.
        let Some((_, route)) = super::find_route(self.model, &request.route) else {
            let routes: Vec<String> =
                self.model.apis.values().flat_map(|api| &api.routes).map(crate::model::Route::key).collect();
            let message = format!("no route takes `{}`", request.route.value);
            let diagnostic = Diagnostic::new(Code::EVC0101, request.route.span, message);
            self.diagnostics.push(diagnostic.suggest(&request.route, routes.iter().map(String::as_str)));
            return;
        };
        let body = match &route.integration {
            Integration::Function(id) => input(&self.model.functions[*id]),
            Integration::Workflow(id) => Some(&self.model.workflows[*id].input),
            Integration::Table(_) => None,
        };
        // Who expects a refusal sends what is refused.
        let refused = request.status.as_ref().is_some_and(|status| status.value >= 400);
        match (&request.body, body) {
            (Some(payload), Some(ty)) if !refused => self.fits(payload, ty, Extent::Part),
            (Some(payload), _) => self.refers(payload),
            (None, _) => {}
        }
        if let Some(answer) = &request.answer {
            let output = route.function().and_then(|id| self.model.functions[id].output.as_ref());
            match output {
                Some(ty) if !refused => self.fits(answer, ty, Extent::Part),
                _ => self.refers(answer),
            }
        }
        for way in request.capture.values() {
            self.is_way(way, Some(&["status", "headers", "body"]));
        }
    }

    fn references_in(&mut self, text: &Spanned<String>) {
        for part in text.split(['/', '?', '&', '=', ' ']).filter_map(|part| part.strip_prefix('$')) {
            if let Some(reference) = Reference::parse(part) {
                self.refers_to(&Spanned::new(reference, text.span));
            } else {
                let message = format!("`${part}` is no reference");
                self.diagnostics.push(Diagnostic::new(Code::EVC1303, text.span, message));
            }
        }
    }

    /// A way into an answer that begins with one of these names.
    fn is_way(&mut self, way: &Spanned<String>, begins: Option<&[&str]>) {
        let parsed = Reference::parse(way);
        let fits = parsed.as_ref().is_some_and(|it| begins.is_none_or(|begins| begins.contains(&it.name.as_str())));
        if !fits {
            let message = format!("`{}` is no way into the answer", way.value);
            let help = match begins {
                Some(_) => "it begins with `status`, `headers` or `body`: `body.orderId`",
                None => "it is the names of fields: `orderId`, `items.0.price`",
            };
            self.diagnostics.push(Diagnostic::new(Code::EVC0105, way.span, message).help(help));
        }
    }

    fn sent_event(&mut self, event: &Event) {
        let model = self.model;
        let Some(id) = self.find("event", &event.event, &model.events, |it| &it.head) else { return };
        if let Some(detail) = &event.detail {
            self.fits(detail, &model.events[id].detail, Extent::Part);
        }
    }

    fn sent_call(&mut self, call: &Call) {
        let model = self.model;
        let Some(id) = self.find("function", &call.call, &model.functions, |it| &it.head) else { return };
        let function = &model.functions[id];
        self.may_fit(call.with.as_ref(), input(function));
        self.may_fit(call.answer.as_ref(), function.output.as_ref());
        if let Some(error) = &call.error {
            self.error_of(function, error);
        }
        for way in call.capture.values() {
            self.is_way(way, None);
        }
    }

    fn start(&mut self, start: &Start) {
        let model = self.model;
        let Some(id) = self.find("workflow", &start.start, &model.workflows, |it| &it.head) else { return };
        self.may_fit(start.with.as_ref(), Some(&model.workflows[id].input));
    }

    fn signal(&mut self, signal: &Signal) {
        let model = self.model;
        let Some(id) = self.find("workflow", &signal.of, &model.workflows, |it| &it.head) else { return };
        let waits = waits(&model.workflows[id]);
        let names: Vec<&str> = waits.iter().map(|(name, _)| *name).collect();
        if !self.named("step that waits for a signal", &signal.signal, &names) {
            return;
        }
        let answer = waits.iter().find(|(name, _)| *name == signal.signal.as_str()).map(|(_, answer)| *answer);
        self.may_fit(signal.answer.as_ref(), answer);
    }

    fn sent_message(&mut self, message: &Message) {
        let model = self.model;
        let Some(id) = self.find("queue", &message.message, &model.queues, |it| &it.head) else { return };
        self.may_fit(message.body.as_ref(), model.queues[id].message.as_ref());
    }

    fn row_there(&mut self, row: &Row) {
        let model = self.model;
        let Some(id) = self.find("table", &row.put, &model.tables, |it| &it.head) else { return };
        self.fits(&row.item, &model.tables[id].item, Extent::Part);
    }

    /// A part of a value whose type may be known.
    pub(super) fn may_fit(&mut self, payload: Option<&Payload>, ty: Option<&Type>) {
        match (payload, ty) {
            (Some(payload), Some(ty)) => self.fits(payload, ty, Extent::Part),
            (Some(payload), None) => self.refers(payload),
            (None, _) => {}
        }
    }

    /// An error that a function may end with.
    pub(super) fn error_of(&mut self, function: &Function, error: &crate::spec::scalar::Name) {
        let own = function.errors.iter().map(|error| error.name.as_str());
        let mut known: Vec<&str> = own.collect();
        known.extend(evc_interface::Kind::ALL.iter().map(|kind| kind.name()));
        let message = format!("function `{}` has no error `{}`", function.head.name, error.value);
        if !known.contains(&error.as_str()) {
            let diagnostic = Diagnostic::new(Code::EVC0101, error.span, message).suggest(error, known.iter().copied());
            self.diagnostics.push(diagnostic.secondary(function.head.name_span, "the function is declared here"));
        }
    }
}

/// The steps of a workflow that wait for an answer, with its type.
pub(super) fn waits(workflow: &Workflow) -> Vec<(&str, &Type)> {
    let mut found = Vec::new();
    workflow.body.walk(&mut |step| {
        if let StepKind::Wait(Wait::Signal { answer, .. }) = &step.kind {
            found.push((step.name.as_str(), answer));
        }
    });
    found
}

/// The names of all steps of a workflow.
pub(super) fn steps<'m>(_: &'m Model, workflow: &'m Workflow) -> Vec<&'m str> {
    let mut found = Vec::new();
    workflow.body.walk(&mut |step| found.push(step.name.as_str()));
    found
}
